# ---
# slug: optimizers
# title: {en: Optimizers, zh: 优化算法}
# section: "2.2, 3.1.3"
# minutes: 90
# needs: [gradient-descent, big-models, layers]
# data: [plays]
# extras: []
# gpu: false  # tiny steps, bound by launches: full is the same as workshop
# introduces:
#   [momentum, effective learning rate, bias correction, weight decay, decoupled]
# says:
#   en: SGD, momentum, RMSprop, Adam and AdamW from scratch, then a fair race.
#   zh: 从零写出 SGD、动量、RMSprop、Adam 和 AdamW，再来一场公平的比赛。
# ---

# %% [markdown]
# A loss surface is often a narrow valley: steep across, nearly flat along. Gradient
# descent then jumps from wall to wall and hardly moves along the floor. Two ideas help.
# Sum the past gradients: what alternates cancels. Divide by the usual size of each
# gradient: steep directions get shorter steps. Every optimizer of this lesson is made
# of these two, and so is nearly every optimizer that trains a big model.

# %% [markdown] lang="zh" of="508c6acf"
# 损失曲面常常像一条狭长的山谷：横向很陡，纵向几乎是平的。梯度下降于是在两壁之间来回跳，
# 沿谷底却几乎不前进。有两个办法。一是把过去的梯度加起来：来回交替的部分会互相抵消。
# 二是除以每个梯度平时的大小：陡的方向步子就短。本课的每一种优化算法都由这两个想法组成，
# 训练大模型所用的也几乎都是如此。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
from statistics import fmean

import bmkit as bm
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

lab = bm.start("optimizers", profile=profile, device=device, seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)

# %% [markdown]
# ## A valley
#
# Here is a valley, a bowl that curves 25 times as much across as along. We walk 30
# steps down it, first by plain gradient descent, then with **momentum**: a sum of past
# gradients in which old ones fade.

# %% [markdown] lang="zh" of="faccef01"
# ## 一条山谷
#
# 这是一条山谷，也就是一只碗，横向的曲率是纵向的 25 倍。我们往下走 30 步：
# 先用普通的梯度下降，再用**动量**，即过去梯度之和，其中旧的梯度逐渐衰减。


# %%
def valley(x, y):
    return 0.5 * (x**2 + 25 * y**2)


def walk(momentum, lr=0.07, steps=30):
    p, u = torch.tensor([-4.0, 1.0]), torch.zeros(2)
    path = [p]
    for _ in range(steps):
        u = momentum * u + torch.tensor([1.0, 25.0]) * p  # the gradient, by hand
        p = p - lr * u
        path.append(p)
    return torch.stack(path)  # (steps + 1, 2)


# %% [raw] lang="zh"
# the gradient, by hand → 手算的梯度


# %% fold
def contours(ax, surface, x_range, y_range):
    x = torch.linspace(*x_range, 120)
    y = torch.linspace(*y_range, 100)
    z = surface(x[None, :], y[:, None])
    ax.contour(x, y, z - z.min(), levels=14, cmap="Greys", linewidths=0.7)
    ax.set(xlabel="$x$", ylabel="$y$", xlim=x_range, ylim=y_range)


fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
for ax, momentum in zip(axes, (0.0, 0.5), strict=True):
    contours(ax, valley, (-4.5, 1.5), (-1.5, 1.5))
    ax.plot(*walk(momentum).T, "o-", ms=3)
    ax.set_title(f"momentum {momentum}")
alt = (
    "Two paths in a narrow valley: a zigzag from wall to wall without momentum, "
    "a path that soon keeps to the floor with it."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# momentum {momentum} → 动量 {momentum}
# Two paths in a narrow valley: a zigzag from wall to wall without momentum, a path that
# soon keeps to the floor with it.
# → 狭谷中的两条路径：没有动量时在两壁间曲折前进，
#   有动量时很快沿着谷底走。

# %% [markdown]
# The start and `lr` are the same. Is it the momentum, or just a longer step? Momentum
# 0.5 makes a steady slope count twice, as we shall see, so the control is plain
# gradient descent with twice the `lr`.

# %% [markdown] lang="zh" of="81989a5c"
# 起点和 `lr` 都相同。这是动量的功劳，还是步子变长了而已？下面会看到，动量为 0.5 时，
# 方向不变的斜率会被算两次，所以对照是 `lr` 加倍的普通梯度下降。

# %%
plain, with_momentum, doubled = (
    valley(*path[-1]).item() for path in (walk(0.0), walk(0.5), walk(0.0, lr=2 * 0.07))
)
bm.claim(
    "In this valley momentum 0.5 ends a hundred times lower after 30 steps",
    lambda loss, plain: loss < plain / 100,
    {"loss": with_momentum, "plain": plain},
    control={"loss": doubled, "plain": plain},
    against="twice the lr instead: it diverges",
)

# %% [raw] lang="zh"
# In this valley momentum 0.5 ends a hundred times lower after 30 steps
# → 在这条山谷里走 30 步，动量 0.5 让终点的损失低到百分之一以下
# twice the lr instead: it diverges → 改为把 lr 加倍：发散

# %% [markdown]
# ## Momentum: sum the past
#
# Keep a velocity $u$, to which each gradient $g_t$ is added while the old velocity
# fades by a factor $\mu$: $u_t = \mu u_{t-1} + g_t$, and
# $\theta \leftarrow \theta - \mathrm{lr}\, u_t$. Unrolled from $u_0 = 0$, it is an
# exponentially weighted sum:
#
# $$u_t = \sum_{i=1}^{t} \mu^{\,t-i} g_i \label{momentum-average}$$
#
# Gradients whose signs alternate cancel. Gradients that stay the same add up.

# %% [markdown] lang="zh" of="1fc17512"
# ## 动量：把过去加起来
#
# 记住一个速度 $u$：每来一个梯度 $g_t$ 就加进去，旧的速度则按 $\mu$ 衰减，
# 即 $u_t = \mu u_{t-1} + g_t$，再令 $\theta \leftarrow \theta - \mathrm{lr}\, u_t$。从
# $u_0 = 0$ 展开，得到指数加权和：
#
# $$u_t = \sum_{i=1}^{t} \mu^{\,t-i} g_i \label{momentum-average}$$
#
# 正负交替的梯度互相抵消，方向不变的梯度不断累积。

# %% equation="momentum-average" of="4bf8c02a"
gs, mu = torch.randn(20), 0.9
u = torch.tensor(0.0)
for g in gs:
    u = mu * u + g
weights = mu ** torch.arange(19, -1, -1)
bm.equation("momentum-average", u, (weights * gs).sum())

# %% [markdown]
# In (\ref{momentum-average}) the newest gradient counts in full. Some books write
# $(1-\mu) g_t$ instead; `torch.optim.SGD` does not. It can also pull every weight
# towards 0, by adding `weight_decay * p` to the gradient first: the gradient of a
# penalty on the squares of the weights, called **L2**. (Why one wants that comes with
# AdamW.) Now write it yourself.

# %% [markdown] lang="zh" of="b7ec50a8"
# 在 (\ref{momentum-average}) 中，最新的梯度按全额计入。有些书写成 $(1-\mu) g_t$，
# `torch.optim.SGD` 并不这样。它还可以把每个权重往 0 拉：先把 `weight_decay * p`
# 加到梯度上，这正是对权重平方的惩罚（叫作 **L2**）的梯度。（为什么要这样，讲到 AdamW
# 时再说。）现在轮到你了。


# %% exercise="momentum_step" points=2 minutes=6 level=1
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    """One step of SGD with momentum; changes none of its arguments.

    p, g, u: parameter, its gradient and its velocity, tensors of one shape.
    weight_decay: strength of L2; weight_decay * p is added to the gradient first.
    Returns (new p, new u).
    """
    ### BEGIN SOLUTION
    g = g + weight_decay * p
    u = momentum * u + g
    return p - lr * u, u
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of SGD with momentum; changes none of its arguments.
# → 带动量的 SGD 走一步；不就地修改传入的张量。
# p, g, u: parameter, its gradient and its velocity, tensors of one shape.
# weight_decay: strength of L2; weight_decay * p is added to the gradient first.
# Returns (new p, new u).
# → p, g, u：参数、它的梯度、它的速度，形状相同的张量。
#   weight_decay：L2 的强度；先把 weight_decay * p 加到梯度上。
#   返回（新的 p，新的 u）。

# %% check="momentum_step"
p, g = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])
p1, u1 = momentum_step(p, g, torch.zeros(2), 0.1, 0.9)
bm.expect.close(u1, g, "the first velocity is the whole gradient, without 1 - momentum")
p2, u2 = momentum_step(p1, -g, u1, 0.1, 0.9)
bm.expect.close(u2, -0.1 * g, "the old velocity fades, the new gradient is added")
bm.expect.close(p2, p1 - 0.1 * u2, "move along the new velocity, against its sign")
### BEGIN HIDDEN TESTS
q = torch.tensor([[3.0, -2.0, 0.5]], requires_grad=True)
theirs = torch.optim.SGD([q], lr=0.2, momentum=0.7, weight_decay=0.5)
mine, u = q.detach().clone(), torch.zeros(1, 3)
for k in range(5):
    q.grad = torch.tensor([[1.0, k, -2.0]])
    mine, u = momentum_step(mine, q.grad, u, 0.2, 0.7, weight_decay=0.5)
    theirs.step()
bm.expect.close(mine, q, "did you add the weight decay to the gradient?")
p1, u1 = momentum_step(p, g, torch.tensor([5.0, 7.0]), 0.1, 0.0, weight_decay=0.5)
advice = "momentum 0: the velocity is the gradient, weight decay included"
bm.expect.close(u1, g + 0.5 * p, advice)
bm.expect.close(p1, p - 0.1 * (g + 0.5 * p), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# the first velocity is the whole gradient, without 1 - momentum
# → 第一步的速度就是整个梯度，不乘 1 - momentum
# the old velocity fades, the new gradient is added → 旧速度衰减，再加上新梯度
# move along the new velocity, against its sign → 沿新速度的反方向移动
# did you add the weight decay to the gradient? → 权重衰减加到梯度上了吗？
# momentum 0: the velocity is the gradient, weight decay included
# → 动量为 0：速度就是梯度，包括权重衰减

# %% [markdown] hint="momentum_step"
# Three lines: the gradient of loss plus L2, the velocity, the move.

# %% [markdown] lang="zh" of="e6b7dc20"
# 三行：损失加 L2 的梯度、速度、移动。

# %% [markdown] hint="momentum_step"
# `g = g + weight_decay * p`, then `u = momentum * u + g`. Assign, do not use `+=`: the
# caller's tensors stay as they are.

# %% [markdown] lang="zh" of="34481975"
# 先 `g = g + weight_decay * p`，再 `u = momentum * u + g`。用赋值，别用 `+=`：
# 调用者的张量应保持原样。


# %% mistake="momentum_step" says="whole gradient"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    u = momentum * u + (1 - momentum) * (g + weight_decay * p)
    return p - lr * u, u


# %% mistake="momentum_step" says="along the new velocity"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    u = momentum * u + g + weight_decay * p
    return p - lr * g, u


# %% mistake="momentum_step" says="weight decay"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    u = momentum * u + g
    return p - lr * u, u


# %% mistake="momentum_step" says="was changed"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    u *= momentum
    u += g + weight_decay * p
    return p - lr * u, u


# %% mistake="momentum_step" says="momentum 0"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    if momentum == 0:
        return p - lr * g, g
    u = momentum * u + g + weight_decay * p
    return p - lr * u, u


# %% variant="momentum_step"
def momentum_step(p, g, u, lr, momentum, weight_decay=0.0):
    new = u.clone().mul_(momentum).add_(g).add_(p, alpha=weight_decay)
    return torch.sub(p, new, alpha=lr), new


# %% [raw] excuse="momentum_step"
# the result is detached: an optimizer's step needs no graph

# %% [markdown]
# How far does a steady slope carry us? If all gradients are $g$, the weights in
# (\ref{momentum-average}) add up to $1 + \mu + \mu^2 + \dots = 1/(1-\mu)$, and a step
# becomes
#
# $$\theta_t - \theta_{t-1} \to -\frac{\mathrm{lr}}{1-\mu}\, g
# \label{effective-rate}$$
#
# The factor $\mathrm{lr}/(1-\mu)$ is the **effective learning rate**. It explains why
# `lr` and momentum must be tuned together: with $\mu = 0.9$, `lr` 0.1 moves as far as
# 1.0 without momentum. Raise $\mu$ from 0.9 to 0.99, and `lr` should fall by ten.

# %% [markdown] lang="zh" of="d4d0703d"
# 方向不变的斜率会带我们走多远？若所有梯度都是 $g$，(\ref{momentum-average}) 中的权重之
# 和为 $1 + \mu + \mu^2 + \dots = 1/(1-\mu)$，于是每一步趋于
#
# $$\theta_t - \theta_{t-1} \to -\frac{\mathrm{lr}}{1-\mu}\, g
# \label{effective-rate}$$
#
# 因子 $\mathrm{lr}/(1-\mu)$ 叫作**有效学习率**。它说明 `lr` 与动量为什么要一起调：
# $\mu = 0.9$ 时，`lr` 取 0.1 与不用动量时取 1.0 走得一样远。把 $\mu$ 从 0.9 提高到
# 0.99，`lr` 就该降到十分之一。

# %% equation="effective-rate" of="d4d18653"
g, lr, mu = torch.tensor([3.0, -0.4]), 0.07, 0.8
p, u = torch.zeros(2), torch.zeros(2)
for _ in range(200):
    before = p
    p, u = momentum_step(p, g, u, lr, mu)
bm.equation("effective-rate", p - before, -lr / (1 - mu) * g)

# %% [markdown]
# ## RMSprop: even steps
#
# One `lr` for all directions is too big for the steep ones and too small for the flat
# ones. RMSprop keeps a running mean of the squared gradient, one number for each
# parameter, and divides by its root: $v \leftarrow \alpha v + (1-\alpha) g^2$,
# $\theta \leftarrow \theta - \mathrm{lr}\; g / (\sqrt{v} + \epsilon)$. Scale the loss
# by 1000, and the steps stay the same (but for $\epsilon$). Here $\mathrm{lr}/\sqrt v$
# is the effective learning rate, one for each parameter.

# %% [markdown] lang="zh" of="9ca94521"
# ## RMSprop：步子匀称
#
# 所有方向共用一个 `lr`，陡的方向嫌大，平的方向嫌小。RMSprop 为每个参数记一个梯度平方的
# 滑动平均，再除以它的平方根： $v \leftarrow \alpha v + (1-\alpha) g^2$，
# $\theta \leftarrow \theta - \mathrm{lr}\; g / (\sqrt{v} + \epsilon)$。即使把损失放大
# 1000 倍，步长也不变（$\epsilon$ 的影响除外）。这里 $\mathrm{lr}/\sqrt v$ 就是有效学习
# 率，每个参数各有一个。


# %% exercise="rmsprop_step" points=2 minutes=6 level=2
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    """One step of RMSprop; changes none of its arguments.

    p, g, v: parameter, gradient, running mean of squares, tensors of one shape.
    Returns (new p, new v).
    """
    ### BEGIN SOLUTION
    v = alpha * v + (1 - alpha) * g**2
    return p - lr * g / (v.sqrt() + eps), v
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of RMSprop; changes none of its arguments.
# → RMSprop 走一步；不就地修改传入的张量。
# p, g, v: parameter, gradient, running mean of squares, tensors of one shape.
# Returns (new p, new v).
# → p, g, v：参数、梯度、平方的滑动平均，形状相同的张量。
#   返回（新的 p，新的 v）。

# %% check="rmsprop_step"
p, g, v = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -0.5]), torch.tensor([4.0, 1.0])
p1, v1 = rmsprop_step(p, g, v, 0.1, alpha=0.9)
bm.expect.close(v1, 0.9 * v + 0.1 * g * g, "v averages squares: did you square g?")
bm.expect.close(p1, p - 0.1 * g / v1**0.5, "divide by the root of the new v")
### BEGIN HIDDEN TESTS
tiny, zero = torch.tensor([1e-3]), torch.zeros(1)
p1, v1 = rmsprop_step(zero, tiny, zero, 1.0, 0.99, 0.1)
bm.expect.close(p1, torch.tensor([-1e-3 / 0.1001]), "eps stands outside the root")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# v averages squares: did you square g? → v 是平方的平均：g 平方了吗？
# divide by the root of the new v → 要除以新的 v 的平方根
# eps stands outside the root → eps 在根号外面

# %% [markdown] hint="rmsprop_step"
# Everything is element by element: no sum, no norm of the whole vector.

# %% [markdown] lang="zh" of="aef936a1"
# 一切都逐元素进行：不求和，也不取整个向量的范数。

# %% [markdown] hint="rmsprop_step"
# Update `v` first, then divide by `v.sqrt() + eps`.

# %% [markdown] lang="zh" of="d063fd9b"
# 先更新 `v`，再除以 `v.sqrt() + eps`。


# %% mistake="rmsprop_step" says="square g"
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    v = alpha * v + (1 - alpha) * g
    return p - lr * g / (v.abs().sqrt() + eps), v


# %% mistake="rmsprop_step" says="outside the root"
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    v = alpha * v + (1 - alpha) * g**2
    return p - lr * g / (v + eps).sqrt(), v


# %% mistake="rmsprop_step" says="was changed"
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    v.mul_(alpha).add_((1 - alpha) * g**2)
    return p - lr * g / (v.sqrt() + eps), v


# %% mistake="rmsprop_step" says="divide by the root"
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    v = alpha * v + (1 - alpha) * g**2
    return p - lr * g / (v + eps), v


# %% variant="rmsprop_step"
def rmsprop_step(p, g, v, lr, alpha=0.99, eps=1e-8):
    new = torch.lerp(g.square(), v, alpha)
    return torch.addcdiv(p, g, new.sqrt() + eps, value=-lr), new


# %% [raw] excuse="rmsprop_step"
# the result is detached: an optimizer's step needs no graph

# %% [markdown]
# ## Adam: both, corrected at the start
#
# Adam averages the gradient and its square: $m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t$,
# $v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2$. Both start at 0, so both begin too small.
# Unroll $m_t$ and take expectations (gradients of one mean $\mathbb E[g]$): the
# weights $(1-\beta_1)\beta_1^{t-i}$ sum to $1-\beta_1^t$, a geometric series. So
#
# $$\mathbb E[m_t] = (1-\beta_1^t)\,\mathbb E[g] \label{adam-bias-correction}$$
#
# and dividing by $1-\beta_1^t$ (by $1-\beta_2^t$ for $v_t$) makes them right. This is
# the **bias correction**:
#
# $$\theta_t = \theta_{t-1} -
# \mathrm{lr}\,\frac{m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)}+\epsilon}
# \label{adam-update}$$

# %% [markdown] lang="zh" of="90b4ca7e"
# ## Adam：两者兼得，开头也要修正
#
# Adam 既平均梯度，也平均梯度的平方：$m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t$，
# $v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2$。两者都从 0 开始，所以起初都偏小。展开
# $m_t$ 并取期望（设各步梯度的均值都是 $\mathbb E[g]$）：权重 $(1-\beta_1)\beta_1^{t-i}$
# 是等比数列，和为 $1-\beta_1^t$。于是
#
# $$\mathbb E[m_t] = (1-\beta_1^t)\,\mathbb E[g] \label{adam-bias-correction}$$
#
# 除以 $1-\beta_1^t$（对 $v_t$ 则除以 $1-\beta_2^t$），偏差便消除了。
# 这就是**偏差修正**：
#
# $$\theta_t = \theta_{t-1} -
# \mathrm{lr}\,\frac{m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)}+\epsilon}
# \label{adam-update}$$

# %% equation="adam-bias-correction" of="bcec8a79"
beta1, t, mean = 0.9, 7, 1.5
g = torch.randn(t, 1000)  # (steps, runs)
g = g - g.mean(1, keepdim=True) + mean  # every step's mean over the runs is exact
m = torch.zeros(1000)
for row in g:
    m = beta1 * m + (1 - beta1) * row
bm.equation("adam-bias-correction", m.mean(), (1 - beta1**t) * mean)

# %% [raw] lang="zh"
# (steps, runs) → （步数，次数）
# every step's mean over the runs is exact → 每一步在各次运行上的均值恰为 mean

# %%
m, means = 0.0, []
for t in range(1, 41):
    m = 0.9 * m + 0.1 * 1.0  # the gradient is always 1
    means.append((m, m / (1 - 0.9**t)))
fig, ax = plt.subplots()
ax.plot(range(1, 41), means, label=["$m_t$", "$m_t / (1 - 0.9^t)$"])
ax.set(xlabel="step", ylabel="estimate of a gradient of 1")
ax.legend()
alt = "The raw average climbs slowly from 0.1 to 1; the corrected one is 1 throughout."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# the gradient is always 1 → 梯度恒为 1
# step → 步数
# estimate of a gradient of 1 → 对恒为 1 的梯度的估计
# The raw average climbs slowly from 0.1 to 1; the corrected one is 1 throughout.
# → 未修正的平均从 0.1 慢慢升到 1；修正后的始终为 1。

# %% [markdown]
# On a steady slope the corrected mean is right from its first step.

# %% [markdown] lang="zh" of="b919597e"
# 斜率不变时，修正后的平均从第一步起就是对的。


# %% exercise="adam_step" points=4 minutes=12 level=3
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    """One step of Adam; changes none of its arguments.

    p, g, m, v: parameter, gradient, mean, mean of squares, tensors of one shape.
    t: the number of this step, from 1.
    Returns (new p, new m, new v); m and v are returned uncorrected.
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return p - lr * m_hat / (v_hat.sqrt() + eps), m, v
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of Adam; changes none of its arguments.
# → Adam 走一步；不就地修改传入的张量。
# p, g, m, v: parameter, gradient, mean, mean of squares, tensors of one shape.
# t: the number of this step, from 1.
# Returns (new p, new m, new v); m and v are returned uncorrected.
# → p, g, m, v：参数、梯度、平均、平方的平均，形状相同的张量。
#   t：这是第几步，从 1 数起。
#   返回（新的 p，新的 m，新的 v）；返回的 m 和 v 未经修正。

# %% check="adam_step"
p, g, zero = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -0.5]), torch.zeros(2)
p1, m1, v1 = adam_step(p, g, zero, zero, 1, 0.01)
bm.expect.close(m1, 0.1 * g, "return m itself, uncorrected")
bm.expect.close(v1, 0.001 * g * g, "v averages squares; return it uncorrected")
advice = "the first step is lr long everywhere: is the bias corrected, with t from 1?"
bm.expect.close(p1, p - 0.01 * g.sign(), advice)
### BEGIN HIDDEN TESTS
q = torch.tensor([[3.0, -2.0, 0.5]], requires_grad=True)
theirs = torch.optim.Adam([q], lr=0.2, betas=(0.6, 0.8), eps=0.3)
mine, m, v = q.detach().clone(), torch.zeros(1, 3), torch.zeros(1, 3)
for t in range(1, 6):
    q.grad = torch.tensor([[1.0, t, -3.0 / t**2]])
    mine, m, v = adam_step(mine, q.grad, m, v, t, 0.2, (0.6, 0.8), 0.3)
    theirs.step()
advice = "as PyTorch's: betas as given, eps outside the root, v may also fall"
bm.expect.close(mine, q, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return m itself, uncorrected → 请返回 m 本身，不要修正
# v averages squares; return it uncorrected → v 是平方的平均；返回时不要修正
# the first step is lr long everywhere: is the bias corrected, with t from 1?
# → 第一步在每个方向上都长 lr：偏差修正了吗？t 从 1 数起吗？
# as PyTorch's: betas as given, eps outside the root, v may also fall
# → 与 PyTorch 相同：使用给定的 betas，eps 放在根号外，v 也可以变小

# %% [markdown] hint="adam_step"
# Update `m` and `v`, make two new names for the corrected ones, then move.

# %% [markdown] lang="zh" of="3d94017c"
# 更新 `m` 和 `v`，把修正后的存到两个新名字里，再移动。

# %% [markdown] hint="adam_step"
# `m_hat = m / (1 - beta1**t)`: at `t = 1` this gives back `g` itself. The same for
# `v_hat` with `beta2`.

# %% [markdown] lang="zh" of="23eec552"
# `m_hat = m / (1 - beta1**t)`：`t = 1` 时正好还原出 `g`。`v_hat` 同理，用 `beta2`。


# %% mistake="adam_step" says="bias"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return p - lr * m / (v.sqrt() + eps), m, v


# %% mistake="adam_step" says="from 1"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    t = t + 1
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m_hat / (v_hat.sqrt() + eps), m, v


# %% mistake="adam_step" says="m itself"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m / (v.sqrt() + eps), m, v


# %% mistake="adam_step" says="outside the root"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m_hat / (v_hat + eps).sqrt(), m, v


# %% mistake="adam_step" says="was changed"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m.mul_(beta1).add_((1 - beta1) * g)
    v.mul_(beta2).add_((1 - beta2) * g**2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m_hat / (v_hat.sqrt() + eps), m, v


# %% mistake="adam_step" says="may also fall"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = torch.maximum(v, beta2 * v + (1 - beta2) * g**2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return p - lr * m_hat / (v_hat.sqrt() + eps), m, v


# %% variant="adam_step"
def adam_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8):
    m, v = torch.lerp(g, m, betas[0]), torch.lerp(g.square(), v, betas[1])
    root = (v / (1 - betas[1] ** t)).sqrt().add(eps)
    return torch.addcdiv(p, m, root, value=-lr / (1 - betas[0] ** t)), m, v


# %% [raw] excuse="adam_step"
# the result is detached: an optimizer's step needs no graph

# %% [markdown]
# Equation (\ref{adam-update}), executed: a hundred of your steps beside a hundred of
# `torch.optim.Adam`'s.

# %% [markdown] lang="zh" of="bb9130b8"
# 执行公式 (\ref{adam-update})：你的一百步，与 `torch.optim.Adam` 的一百步并排走。


# %%
def side_by_side(step, optimizer, states, **options):
    """Paths of a rule of ours and of PyTorch's, on one loss."""
    q = torch.linspace(-2, 2, 6).requires_grad_()
    theirs, p = optimizer([q], **options), q.detach().clone()
    state, paths = [torch.zeros(6) for _ in range(states)], ([], [])
    for t in range(1, 101):
        theirs.zero_grad()
        ((q - 1).sin() ** 2 * torch.arange(1.0, 7)).sum().backward()
        theirs.step()
        g = (2 * (p - 1)).sin() * torch.arange(1.0, 7)
        p, *state = step(p, g, *state, t)
        paths[0].append(p)
        paths[1].append(q.detach().clone())
    return torch.stack(paths[0]), torch.stack(paths[1])  # (100, 6) each


# %% [raw] lang="zh"
# Paths of a rule of ours and of PyTorch's, on one loss.
# → 在同一个损失上，我们的规则与 PyTorch 的规则各走的路径。
# (100, 6) each → 各为 (100, 6)

# %% equation="adam-update" of="d71432be"
ours, theirs = side_by_side(
    lambda p, g, m, v, t: adam_step(p, g, m, v, t, 0.05), torch.optim.Adam, 2, lr=0.05
)
bm.equation("adam-update", ours, theirs, atol=1e-10)

# %% [markdown]
# ## Adam as the document prints it
#
# The document that this course follows prints, in §4.1.2,
# $m_t = \beta_1 m_{t-1} + (1-\beta_1)[g_t - \mu_t]$ and
# $v_t = \beta_2 v_{t-1} + (1-\beta_2)[g_t^2 - \mu_t^2]$, then uses $m_t$ and $v_t$ as
# they are. It does not say what $\mu_t$ is. Try two natural readings: $\mu_t$ is the
# mean gradient, or it is 0. Each takes its first step on a slope of 1, with `lr` 0.05.

# %% [markdown] lang="zh" of="c684a6a2"
# ## 原文印出的 Adam
#
# 本课程所依据的文档在 §4.1.2 写道：$m_t = \beta_1 m_{t-1} + (1-\beta_1)[g_t - \mu_t]$，
# $v_t = \beta_2 v_{t-1} + (1-\beta_2)[g_t^2 - \mu_t^2]$，随后直接使用 $m_t$、$v_t$。文
# 中没有说明 $\mu_t$ 是什么。试试两种自然的读法：$\mu_t$ 是平均梯度，或者 $\mu_t = 0$。
# 让它们在斜率为 1 处各走第一步，`lr` 为 0.05。


# %%
def printed_adam(p, g, m, v, t, mu, lr=0.05, eps=1e-8):
    m = 0.9 * m + 0.1 * (g - mu)
    v = 0.999 * v + 0.001 * (g**2 - mu**2)
    return p - lr * m / (v.sqrt() + eps), m, v


one, zero = torch.ones(1), torch.zeros(1)
stuck = printed_adam(zero, one, zero, zero, 1, mu=one)[0]  # a slope of 1, mean 1
first = printed_adam(zero, one, zero, zero, 1, mu=0.0)[0]
library = torch.zeros(1, requires_grad=True)
library.grad = one
torch.optim.Adam([library], lr=0.05).step()
moves = {"mu = mean": stuck, "mu = 0": first, "torch.optim.Adam": library}
for name, p in moves.items():
    print(f"first step, {name}: {p.item():.4f}")

# %% [raw] lang="zh"
# a slope of 1, mean 1 → 斜率为 1，均值为 1
# mu = mean → mu 为均值
# mu = 0 → mu 为零
# first step, {name}: {p.item():.4f} → 第一步，{name}：{p.item():.4f}
# torch.optim.Adam → =

# %% [markdown]
# With the mean, a steady slope gives no step at all. With $\mu = 0$ the rule is Adam
# without its bias correction, and its first step is $(1-\beta_1)/\sqrt{1-\beta_2}$
# times too long, since $v$ starts even smaller than $m$.

# %% [markdown] lang="zh" of="c2097ea1"
# 若 $\mu$ 是均值，在斜率不变的地方就一步也不动。若 $\mu = 0$，它与 Adam 只差偏差修正，
# 第一步的长度是应有的 $(1-\beta_1)/\sqrt{1-\beta_2}$ 倍，因为 $v$ 起初比 $m$ 还要偏小。

# %%
printed, theirs = side_by_side(
    lambda *state: printed_adam(*state, mu=0.0), torch.optim.Adam, 2, lr=0.05
)
fig, ax = plt.subplots()
ax.semilogy((printed - theirs).abs().amax(1), label="printed, μ = 0")
rounding = (ours - theirs).abs().amax(1).clamp(min=1e-17)  # a log axis has no 0
ax.semilogy(rounding, label="with correction")
ax.set(xlabel="step", ylabel="distance from torch.optim.Adam")
ax.legend()
alt = "The printed rule is far from torch.optim.Adam; ours stays within rounding error."
bm.show.figure(fig, alt=alt)
corrected = adam_step(zero, one, zero, zero, 1, 0.05)[0]
bm.claim(
    "With the default betas and no bias correction Adam's first step is 3.16 times lr",
    lambda in_lr: abs(in_lr - 3.16) < 0.01,
    {"in_lr": -first.item() / 0.05},
    control={"in_lr": -corrected.item() / 0.05},
    against="with bias correction",
)

# %% [raw] lang="zh"
# printed, μ = 0 → 原文，μ = 0
# a log axis has no 0 → 对数轴上没有 0
# with correction → 有偏差修正
# step → 步数
# distance from torch.optim.Adam → 与 torch.optim.Adam 的距离
# The printed rule is far from torch.optim.Adam; ours stays within rounding error.
# → 原文的规则远离 torch.optim.Adam；我们的只差舍入误差。
# With the default betas and no bias correction Adam's first step is 3.16 times lr
# → 用默认的 betas 而不作偏差修正，Adam 的第一步长 3.16 倍 lr
# with bias correction → 有偏差修正

# %% [markdown]
# ## AdamW: decay beside the gradient
#
# **Weight decay** pulls each weight towards 0, so that none grows without need. L2
# does it by adding $\lambda\theta$ to the gradient. In Adam that term is then divided
# by $\sqrt{v}$ as well: weights whose gradients are large hardly decay. AdamW takes
# the decay out of the gradient; its decay is **decoupled**. With Adam's corrected means
# $\hat m_t = m_t/(1-\beta_1^t)$ and $\hat v_t = v_t/(1-\beta_2^t)$:
#
# $$\theta_t = (1-\mathrm{lr}\,\lambda)\,\theta_{t-1} -
# \mathrm{lr}\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}
# \label{adamw-update}$$

# %% [markdown] lang="zh" of="051a1405"
# ## AdamW：衰减放在梯度之外
#
# **权重衰减**把每个权重拉向 0，使它们不会无谓地变大。L2 的做法是把 $\lambda\theta$
# 加进梯度。在 Adam 里，这一项也要除以 $\sqrt{v}$：梯度大的权重几乎不衰减。AdamW
# 把衰减从梯度中取出来，这叫作**解耦**的衰减。记 Adam 修正后的平均为
# $\hat m_t = m_t/(1-\beta_1^t)$ 和 $\hat v_t = v_t/(1-\beta_2^t)$：
#
# $$\theta_t = (1-\mathrm{lr}\,\lambda)\,\theta_{t-1} -
# \mathrm{lr}\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}
# \label{adamw-update}$$


# %% exercise="adamw_step" points=2 minutes=6 level=3
def adamw_step(p, g, m, v, t, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    """One step of AdamW; changes none of its arguments. You may call adam_step.

    p, g, m, v, t: as for adam_step; weight_decay: strength of the decoupled decay.
    Returns (new p, new m, new v).
    """
    ### BEGIN SOLUTION
    return adam_step(p * (1 - lr * weight_decay), g, m, v, t, lr, betas, eps)
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of AdamW; changes none of its arguments. You may call adam_step.
# → AdamW 走一步；不就地修改传入的张量。可以调用 adam_step。
# p, g, m, v, t: as for adam_step; weight_decay: strength of the decoupled decay.
# Returns (new p, new m, new v).
# → p, g, m, v, t：同 adam_step；weight_decay：解耦衰减的强度。
#   返回（新的 p，新的 m，新的 v）。

# %% check="adamw_step"
p, zero = torch.tensor([4.0, -2.0]), torch.zeros(2)
p1, m1, v1 = adamw_step(p, zero, zero, zero, 1, 0.1, 0.5)
bm.expect.close(m1, zero, "the decay stands beside the gradient, not in m")
bm.expect.close(p1, p * 0.95, "with gradient 0, p shrinks by lr times weight_decay")
### BEGIN HIDDEN TESTS
q = torch.tensor([[3.0, -2.0, 0.5]], requires_grad=True)
theirs = torch.optim.AdamW([q], lr=0.2, weight_decay=0.9, betas=(0.6, 0.8), eps=0.3)
mine, m, v = q.detach().clone(), torch.zeros(1, 3), torch.zeros(1, 3)
for t in range(1, 6):
    q.grad = torch.tensor([[1.0, t, -3.0 / t**2]])
    mine, m, v = adamw_step(mine, q.grad, m, v, t, 0.2, 0.9, (0.6, 0.8), 0.3)
    theirs.step()
bm.expect.close(mine, q, "shrink the old p, then take Adam's whole step")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# the decay stands beside the gradient, not in m → 衰减在梯度之外，不进入 m
# with gradient 0, p shrinks by lr times weight_decay
# → 梯度为 0 时，p 按 lr 乘 weight_decay 缩小
# shrink the old p, then take Adam's whole step → 先缩小旧的 p，再走完整的一步 Adam

# %% [markdown] hint="adamw_step"
# What would happen with a gradient of 0? Only the decay is left.

# %% [markdown] lang="zh" of="dd894c77"
# 梯度为 0 时会怎样？只剩下衰减。

# %% [markdown] hint="adamw_step"
# Give `adam_step` the parameter already multiplied by `1 - lr * weight_decay`, and the
# bare gradient.

# %% [markdown] lang="zh" of="925107f4"
# 把已乘以 `1 - lr * weight_decay` 的参数和原本的梯度交给 `adam_step`。


# %% mistake="adamw_step" says="beside the gradient"
def adamw_step(p, g, m, v, t, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    return adam_step(p, g + weight_decay * p, m, v, t, lr, betas, eps)


# %% mistake="adamw_step" says="lr times weight_decay"
def adamw_step(p, g, m, v, t, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    return adam_step(p * (1 - weight_decay), g, m, v, t, lr, betas, eps)


# %% mistake="adamw_step" says="shrink the old p"
def adamw_step(p, g, m, v, t, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    p, m, v = adam_step(p, g, m, v, t, lr, betas, eps)
    return p * (1 - lr * weight_decay), m, v


# %% variant="adamw_step"
def adamw_step(p, g, m, v, t, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    move = m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    return p - lr * (weight_decay * p + move), m, v


# %% [raw] excuse="adamw_step"
# the result is detached: an optimizer's step needs no graph

# %% equation="adamw-update" of="711f6992"
ours, theirs = side_by_side(
    lambda *state: adamw_step(*state, 0.05, 0.3),
    torch.optim.AdamW,
    2,
    lr=0.05,
    weight_decay=0.3,
)
bm.equation("adamw-update", ours, theirs, atol=1e-10)

# %% [markdown]
# Equal again. Now two weights that both start at 2, with gradients that are pure noise.
# The noise of the second is 100 times that of the first. On average only the decay
# moves them.

# %% [markdown] lang="zh" of="c66fb0d7"
# 又相等了。再看两个权重，都从 2 出发，梯度纯属噪声，第二个的噪声是第一个的 100 倍。
# 平均来说，只有衰减在推动它们。

# %%
noise = torch.randn(400, 2, 50) * torch.tensor([[0.1], [10.0]])  # (t, weight, runs)
start, zero = torch.full((2, 50), 2.0), torch.zeros(2, 50)
l2, aw = (start, zero, zero), (start, zero, zero)
kept = []
for t, g in enumerate(noise, 1):
    l2 = adam_step(l2[0], g + 0.2 * l2[0], *l2[1:], t, 0.01)
    aw = adamw_step(aw[0], g, *aw[1:], t, 0.01, 0.2)
    kept.append(torch.cat([l2[0].mean(1), aw[0].mean(1)]))
kept = torch.stack(kept)  # (t, 4)

# %% [raw] lang="zh"
# (t, weight, runs) → （t，权重，次数）

# %% fold
fig, ax = plt.subplots()
names = ["L2, small noise", "L2, large noise"]
names += ["AdamW, small noise", "AdamW, large noise"]
ax.plot(kept, label=names)
ax.set(xlabel="step", ylabel="mean weight")
ax.legend()
alt = "L2 in Adam shrinks one weight fast, the other hardly; AdamW shrinks both alike."
bm.show.figure(fig, alt=alt)
last = kept[-1].tolist()
l2, aw = ({"small": last[i], "large": last[i + 1]} for i in (0, 2))
bm.claim(
    "AdamW shrinks both weights alike, though the noise of their gradients differs",
    lambda small, large: max(small, large) < 1.1 * min(small, large),
    aw,
    control=l2,
    against="L2 inside Adam",
)

# %% [raw] lang="zh"
# L2, small noise → L2，小噪声
# L2, large noise → L2，大噪声
# AdamW, small noise → AdamW，小噪声
# AdamW, large noise → AdamW，大噪声
# step → 步数
# mean weight → 权重的均值
# L2 in Adam shrinks one weight fast, the other hardly; AdamW shrinks both alike.
# → Adam 中的 L2 让一个权重很快缩小，另一个几乎不动；AdamW 让两者同样缩小。
# AdamW shrinks both weights alike, though the noise of their gradients differs
# → 梯度的噪声不同，AdamW 仍让两个权重缩小得一样多
# L2 inside Adam → Adam 里的 L2

# %% [markdown]
# ## The same, packed
#
# `bm.train` holds these rules as small classes with `step` and `zero_grad`, and the
# same arguments as `torch.optim`. How many numbers does each keep for a parameter?

# %% [markdown] lang="zh" of="3767cc39"
# ## 打包成类
#
# `bm.train` 里有同样的规则，写成带 `step` 和 `zero_grad` 的小类，参数与 `torch.optim`
# 一致。对每个参数，它们各要多记几个数？


# %%
def copies(make, steps):
    p = torch.zeros(1000, requires_grad=True)
    optimizer = make([p])
    for _ in range(steps):
        p.sum().backward()
        optimizer.step()
    return sum(x.numel() for x in optimizer.state[0].values()) / p.numel()


kinds = {
    "SGD": lambda params, lr=0.001: bm.train.SGD(params, lr),
    "momentum": lambda params, lr=0.001: bm.train.SGD(params, lr, momentum=0.9),
    "RMSprop": lambda params, lr=0.001: bm.train.RMSprop(params, lr),
    "Adam": lambda params, lr=0.001: bm.train.Adam(params, lr),
    "AdamW": lambda params, lr=0.001: bm.train.AdamW(params, lr),
}
unused, used = ({name: copies(kinds[name], n) for name in kinds} for n in (0, 1))
bm.claim(
    "Adam and AdamW keep two numbers a parameter, momentum and RMSprop one, SGD none",
    lambda **kept: list(kept.values()) == [0, 1, 1, 2, 2],
    used,
    control=unused,
    against="before the first step",
)

# %% [raw] lang="zh"
# Adam and AdamW keep two numbers a parameter, momentum and RMSprop one, SGD none
# → 每个参数：Adam 与 AdamW 多记两个数，动量与 RMSprop 一个，SGD 不记
# before the first step → 第一步之前

# %% [markdown]
# ## Races on three surfaces
#
# Choose the surface, the optimizer and `lr`. In the valley, watch the zigzag; in
# Rosenbrock's curved valley, the bend; on the saddle, which path leaves it. Momentum is
# 0.9, so its effective learning rate is ten times `lr`: where it overshoots, lower it.

# %% [markdown] lang="zh" of="bd6fd89a"
# ## 三种地形上的赛跑
#
# 选择地形、优化算法和 `lr`。在山谷里看曲折，在 Rosenbrock 弯谷里看转弯，在鞍点上看哪条
# 路径能离开。动量取 0.9，有效学习率是 `lr` 的十倍：它冲过头时，把 `lr` 调小。

# %%
surfaces = {
    "valley": (valley, (-4.0, 1.0), (-4.5, 1.5), (-2.0, 2.0)),
    "Rosenbrock": (
        lambda x, y: ((1 - x) ** 2 + 20 * (y - x**2) ** 2) / 10,
        (-1.2, 1.0),
        (-2.0, 2.0),
        (-1.0, 3.0),
    ),
    "saddle": (
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        (-2.0, 0.001),
        (-2.5, 2.5),
        (-1.5, 1.5),
    ),
}


# %%
def run_path(surface, start, make, lr, steps=100):
    p = torch.tensor(start, requires_grad=True)
    optimizer, path = make([p], lr), [start]
    for _ in range(steps):
        optimizer.zero_grad()
        surface(*p).backward()
        optimizer.step()
        path.append(tuple(p.tolist()))
    return torch.tensor(path)  # (steps + 1, 2)


def draw(surface, optimizer, log_lr):
    function, start, x_range, y_range = surfaces[surface]
    names = list(kinds) if optimizer == "all" else [optimizer]
    fig, ax = plt.subplots(figsize=(6.4, 4.2))
    contours(ax, function, x_range, y_range)
    for name, mark in zip(names, "os^Dv", strict=False):
        path = run_path(function, start, kinds[name], 10**log_lr)
        ax.plot(*path.T, marker=mark, ms=3, markevery=5, label=name)
    ax.set_title(f"{surface}, lr = {10**log_lr:.3g}, 100 steps")
    ax.legend()
    return fig


# %% [raw] lang="zh"
# {surface}, lr = {10**log_lr:.3g}, 100 steps → {surface}，lr = {10**log_lr:.3g}，100 步

# %% fold
bm.show.explore(
    draw,
    alt="Contours of the chosen surface and the optimizers' paths of 100 steps.",
    surface=list(surfaces),
    optimizer=["all", *kinds],
    log_lr=(-3.0, 0.0, 0.1, -2.0),
)

# %% [raw] lang="zh"
# Contours of the chosen surface and the optimizers' paths of 100 steps.
# → 所选地形的等高线，以及各优化算法 100 步的路径。

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8, 3.2))
for ax, where in zip(axes, ["Rosenbrock", "saddle"], strict=True):
    function, start, x_range, y_range = surfaces[where]
    contours(ax, function, x_range, y_range)
    for name, mark in zip(kinds, "os^Dv", strict=True):
        path = run_path(function, start, kinds[name], 0.03)
        ax.plot(*path.T, marker=mark, ms=3, markevery=10, label=name)
    ax.set_title(where)
axes[0].legend(fontsize=7)
alt = "Five paths in Rosenbrock's curved valley and on a saddle, all with lr 0.03."
bm.show.figure(fig, alt=alt)
saddle, start = surfaces["saddle"][:2]
heights = {
    lr: {
        name: saddle(*run_path(saddle, start, kinds[name], lr)[-1]).item()
        for name in ("Adam", "SGD")
    }
    for lr in (0.03, 0.3)
}
bm.claim(
    "With lr 0.03, Adam leaves this saddle within 100 steps, and SGD does not",
    lambda Adam, SGD: Adam < -0.2 and SGD > -0.05,
    heights[0.03],
    control=heights[0.3],
    against="lr 0.3: SGD leaves too",
)

# %% [raw] lang="zh"
# Five paths in Rosenbrock's curved valley and on a saddle, all with lr 0.03.
# → Rosenbrock 弯谷和鞍点上的五条路径，lr 都是 0.03。
# With lr 0.03, Adam leaves this saddle within 100 steps, and SGD does not
# → lr 为 0.03 时，Adam 在 100 步之内离开这个鞍点，SGD 则没有
# lr 0.3: SGD leaves too → lr 为 0.3：SGD 也离开了

# %% [markdown]
# This is not yet a fair race: the same `lr` means other steps for each rule.
#
# ## A fair race
#
# The task: read 16 characters of a play and guess the next. A rate that is too small
# makes any rule look bad, so each rule gets four rates to try, the customary one among
# them: about 0.1 for SGD and momentum, 0.001 for the others. The rate is chosen on one
# piece of text, by the mean over seeds. (To save time our sweep has one seed; a serious
# one has several.) The result is measured on another piece, with new seeds.
#
# You write the choice. If the best rate lies at the edge of those tried, a better one
# may lie outside, so say that as well.

# %% [markdown] lang="zh" of="59def7e9"
# 这还算不上公平：同一个 `lr`，对不同规则意味着不同的步子。
#
# ## 一场公平的比赛
#
# 任务：读剧本里的 16 个字符，猜下一个。学习率太小，哪种规则都显得差，
# 所以每种规则各试四个学习率，惯用的值也在其中：SGD 与动量约为 0.1，其余约为 0.001。
# 先在一段文字上按各种子的均值选学习率（为了省时间，我们的扫描只用一个种子；
# 认真做时应多用几个），再换新的种子，在另一段文字上测结果。
#
# 怎么选，由你来写。如果最好的学习率落在所试范围的边上，范围之外也许还有更好的，
# 这一点也要说出来。


# %% exercise="fair_choice" points=2 minutes=10 level=2
def fair_choice(results):
    """The learning rate with the lowest mean loss, and whether to try more rates.

    results: {lr: [loss for each seed]}, two rates or more in any order, perhaps not
    all with the same number of seeds; a run that diverged has loss nan or inf.
    A rate with a diverged run is out. If all rates are out, raise ValueError.
    Returns (lr, at_edge); at_edge: lr is the smallest or the largest rate of results.
    """
    ### BEGIN SOLUTION
    means = {lr: fmean(losses) for lr, losses in results.items()}
    finite = {lr: mean for lr, mean in means.items() if math.isfinite(mean)}
    if not finite:
        raise ValueError("every learning rate diverged")
    best = min(finite, key=finite.get)
    return best, best in (min(results), max(results))
    ### END SOLUTION


# %% [raw] lang="zh"
# The learning rate with the lowest mean loss, and whether to try more rates.
# → 平均损失最低的学习率，以及是否该再试别的学习率。
# results: {lr: [loss for each seed]}, two rates or more in any order, perhaps not all
# with the same number of seeds; a run that diverged has loss nan or inf.
# A rate with a diverged run is out. If all rates are out, raise ValueError.
# Returns (lr, at_edge); at_edge: lr is the smallest or the largest rate of results.
# → results：{lr: [每个种子的损失]}，至少两个学习率，次序不定，种子数也可能不同；
#   发散的一次，损失为 nan 或 inf。
#   只要有一次发散，该学习率就出局；若全部出局，抛出 ValueError。
#   返回 (lr, at_edge)；at_edge：lr 是 results 中最小或最大的学习率。
# every learning rate diverged → 每个学习率都发散了

# %% check="fair_choice"
nan, inf = float("nan"), float("inf")
both = "return two things: the rate, and whether it lies at the edge"
given = {0.03: [1.5, 1.7], 0.01: [2.5, 2.5], 0.1: [1.0, 3.0]}
lr, edge = bm.expect.several(fair_choice(given), 2, both)
bm.expect.equal(lr, 0.03, "take the lowest mean over seeds, not the luckiest run")
bm.expect.equal(bool(edge), False, "0.03 has rates on both sides: not at the edge")
lr, edge = bm.expect.several(fair_choice({1.0: [2.0], 0.1: [3.0]}), 2, both)
bm.expect.equal((lr, bool(edge)), (1.0, True), "the largest rate tried is at the edge")
### BEGIN HIDDEN TESTS
lr, _ = fair_choice({1.0: [1.0, 1.0, 4.0], 3.0: [2.0, 2.0, 2.5], 9.0: [5.0] * 3})
bm.expect.equal(lr, 1.0, "the mean over seeds, not the worst or the last run")
lr, _ = fair_choice({1.0: [1.0, 1.0, 4.6], 3.0: [2.0, 2.5, 2.0]})
bm.expect.equal(lr, 3.0, "the mean over seeds, not the median or the first run")
lr, _ = fair_choice({0.1: [1.0, 1.2, 1.1, 1.3], 0.01: [1.2, 1.4]})
bm.expect.equal(lr, 0.1, "a mean, not a sum: the numbers of seeds differ")
lr, _ = fair_choice({0.1: [1.0, 1.2, 4.0], 0.01: [1.2, 1.4]})
bm.expect.equal(lr, 0.01, "every seed counts, also where another rate has fewer")
lr, edge = fair_choice({0.1: [9.0], 1.0: [2.0, 14.0], 0.01: [30.0]})
bm.expect.equal(lr, 1.0, "only nan and inf mean diverged: 14 is a bad loss, no more")
bm.expect.equal(bool(edge), True, "the largest of three rates is at the edge too")
given = {1.0: [nan, 0.1], 0.1: [2.0, 2.2], 0.01: [3.0, 3.0], 9.0: [0.1, inf]}
lr, edge = fair_choice(given)
bm.expect.equal(lr, 0.1, "a rate with a diverged run is out, whatever its other runs")
lr, edge = fair_choice({0.3: [2.0], 0.1: [3.0], 1.0: [nan]})
advice = "a larger rate was tried, though it diverged: 0.3 is not at the edge"
bm.expect.equal((lr, bool(edge)), (0.3, False), advice)
lr, edge = fair_choice({0.3: [2.2], 0.1: [2.0], 1.0: [3.0]})
bm.expect.equal((lr, bool(edge)), (0.1, True), "the smallest rate is at the edge too")
try:
    fair_choice({1.0: [nan], 2.0: [inf]})
    raised = False
except ValueError:
    raised = True
bm.expect.true(raised, "when every rate diverged, raise ValueError")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two things: the rate, and whether it lies at the edge
# → 返回两样：学习率，以及它是否在边上
# take the lowest mean over seeds, not the luckiest run
# → 取各种子的均值最低者，而不是运气最好的那一次
# 0.03 has rates on both sides: not at the edge → 0.03 两侧都有学习率：不在边上
# the largest rate tried is at the edge → 试过的最大的学习率就在边上
# the mean over seeds, not the worst or the last run
# → 对各种子求均值，而不是最差的或最后的一次
# the mean over seeds, not the median or the first run
# → 对各种子求均值，而不是中位数或第一次
# a mean, not a sum: the numbers of seeds differ → 是均值，不是总和：种子数不同
# every seed counts, also where another rate has fewer
# → 每个种子都要算，哪怕别的学习率种子更少
# only nan and inf mean diverged: 14 is a bad loss, no more
# → 只有 nan 和 inf 才算发散：14 只是损失大而已
# the largest of three rates is at the edge too → 三个之中最大的学习率也在边上
# a rate with a diverged run is out, whatever its other runs
# → 有一次发散的学习率就出局，不管其他几次如何
# a larger rate was tried, though it diverged: 0.3 is not at the edge
# → 更大的学习率试过了，尽管发散了：0.3 不在边上
# the smallest rate is at the edge too → 最小的学习率也在边上
# when every rate diverged, raise ValueError → 全部发散时要抛出 ValueError

# %% [markdown] hint="fair_choice"
# A mean that holds a nan is nan, and `nan < x` is always False: `min` cannot be trusted
# with it.

# %% [markdown] lang="zh" of="a66b7902"
# 含 nan 的均值还是 nan，而 `nan < x` 永远为 False：有 nan 时不能相信 `min`。

# %% [markdown] hint="fair_choice"
# Compute all means, keep those for which `math.isfinite` holds, then
# `min(means, key=means.get)`. The edge is that of all rates tried.

# %% [markdown] lang="zh" of="21a94d83"
# 先算出所有均值，留下 `math.isfinite` 为真的，再 `min(means, key=means.get)`。
# “边上”指的是所有试过的学习率的边。


# %% mistake="fair_choice" says="luckiest"
def fair_choice(results):
    best = min(results, key=lambda lr: min(results[lr]))
    return best, best in (min(results), max(results))


# %% mistake="fair_choice" says="worst or the last"
def fair_choice(results):
    best = min(results, key=lambda lr: max(results[lr]))
    return best, best in (min(results), max(results))


# %% mistake="fair_choice" says="median"
def fair_choice(results):
    best = min(results, key=lambda lr: sorted(results[lr])[(len(results[lr]) - 1) // 2])
    if len(results[best]) == 2:
        best = min(results, key=lambda lr: sum(results[lr]) / len(results[lr]))
    return best, best in (min(results), max(results))


# %% mistake="fair_choice" says="diverged run is out"
def fair_choice(results):
    means = {lr: sum(losses) / len(losses) for lr, losses in results.items()}
    best = min(means, key=means.get)
    return best, best in (min(results), max(results))


# %% mistake="fair_choice" says="bad loss"
def fair_choice(results):
    kept = {lr: losses for lr, losses in results.items() if max(losses) < 10}
    if not kept:
        raise ValueError("every rate diverged")
    best = min(kept, key=lambda lr: fmean(kept[lr]))
    return best, best in (min(results), max(results))


# %% mistake="fair_choice" says="two things"
def fair_choice(results):
    means = {lr: sum(losses) / len(losses) for lr, losses in results.items()}
    return min((lr for lr in means if math.isfinite(means[lr])), key=means.get)


# %% mistake="fair_choice" says="though it diverged"
def fair_choice(results):
    means = {lr: sum(losses) / len(losses) for lr, losses in results.items()}
    means = {lr: mean for lr, mean in means.items() if math.isfinite(mean)}
    if not means:
        raise ValueError("every rate diverged")
    best = min(means, key=means.get)
    return best, best in (min(means), max(means))


# %% mistake="fair_choice" says="was changed"
def fair_choice(results):
    edges = min(results), max(results)
    for lr in list(results):
        if not all(map(math.isfinite, results[lr])):
            del results[lr]
        else:
            results[lr] = sum(results[lr]) / len(results[lr])
    best = min(results, key=results.get)
    return best, best in edges


# %% variant="fair_choice"
def fair_choice(results):
    kept = [lr for lr, losses in results.items() if all(map(math.isfinite, losses))]
    if not kept:
        raise ValueError("nothing converged")
    best = sorted(kept, key=lambda lr: math.fsum(results[lr]) / len(results[lr]))[0]
    return [best, sorted(results).index(best) in (0, len(results) - 1)]


# %% [raw] excuse="fair_choice"
# if not finite → never: `min` of nothing raises ValueError too, in other words


# %% [markdown]
# First the text, and a baseline that needs no network: count how often each character
# follows each other one, and guess by these shares. The loss is the mean of $-\ln$ of
# the probability that was given to the character that came, in nats: a guess among $k$
# equally likely characters costs $\ln k$. A race that ends above this table of pairs
# says nothing about networks.

# %% [markdown] lang="zh" of="d61d4112"
# 先看文字，以及一个不用网络的基线：数一数每个字符后面各接哪个字符多少次，按这些比例来
# 猜。损失是这样的平均：取实际出现的那个字符所分到的概率，求 $-\ln$，单位是奈特；在
# $k$ 个等可能的字符里猜，损失为 $\ln k$。如果一场比赛结束时还比不过这张字符对的表，
# 它就说明不了任何关于网络的事。

# %%
torch.set_default_dtype(torch.float32)
text = bm.data.load("plays", lab).text[:250_000]
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
cuts = int(0.8 * len(ids)), int(0.9 * len(ids))
parts = ids[: cuts[0]], ids[cuts[0] : cuts[1]], ids[cuts[1] :]
train, tune, test = (part.unfold(0, 17, 1).to(lab.device) for part in parts)
tune, test = tune[::11][:1000], test[::11][:1000]  # (1000, 17): 16 and the next

pairs = torch.full((len(chars), len(chars)), 0.1, device=lab.device)
seen = train[:, -2], train[:, -1]
pairs.index_put_(seen, torch.ones_like(seen[0], dtype=pairs.dtype), accumulate=True)
pairs = pairs / pairs.sum(1, keepdim=True)  # row: this character, column: the next
pair_loss = F.nll_loss(pairs.log()[test[:, -2]], test[:, -1]).item()
print(f"the table of pairs: {pair_loss:.3f} nats a character of the test text")

# %% [raw] lang="zh"
# (1000, 17): 16 and the next → (1000, 17)：16 个字符和下一个
# row: this character, column: the next → 行：当前字符；列：下一个字符
# the table of pairs: {pair_loss:.3f} nats a character of the test text
# → 字符对的表：测试文字上每个字符 {pair_loss:.3f} 奈特

# %% [markdown]
# Two networks run in the race: a multilayer perceptron (MLP) with one hidden layer,
# which guesses the 17th character alone, and the kit's small Transformer, which learns
# from a guess after each of the 16. Both are judged by their guess of the 17th.

# %% [markdown] lang="zh" of="6882eec9"
# 参赛的网络有两个：一个是只有一层隐藏层的多层感知机（MLP），只猜第 17 个字符；另一个是
# 工具包里的小 Transformer，训练时 16 个字符之后各猜一次。评判时，两者都只看对第 17 个字
# 符的猜测。


# %%
def network(kind, seed):
    torch.manual_seed(seed)
    if kind == "Transformer":
        net = bm.models.GPT(len(chars), 16, d_model=32, n_heads=2, n_layers=2)
    else:
        net = torch.nn.Sequential(
            torch.nn.Embedding(len(chars), 16),
            torch.nn.Flatten(),
            torch.nn.Linear(16 * 16, 128),
            torch.nn.Tanh(),
            torch.nn.Linear(128, len(chars)),
            torch.nn.Unflatten(1, (1, -1)),
        )
    return net.to(lab.device)


def losses(net, rows):
    scores = net(rows[:, :-1])  # (rows, guesses, characters): 1 guess or 16
    wanted = rows[:, -scores.shape[1] :]
    return F.cross_entropy(scores.transpose(1, 2), wanted, reduction="none")


# %% [raw] lang="zh"
# (rows, guesses, characters): 1 guess or 16 → （行，猜测，字符）：1 次或 16 次猜测


# %%
def race(kind, make, lr, seed, steps, held_out):
    """Losses of the last guess on held-out text, at the start and at 5 later steps."""
    net, draws = network(kind, seed), torch.Generator().manual_seed(seed)
    optimizer, curve = make(net.parameters(), lr), []
    for step in range(steps + 1):
        if step % (steps // 5) == 0:
            with torch.no_grad():
                curve.append(losses(net, held_out)[:, -1].mean().item())
        batch = torch.randint(len(train), (BATCH[kind],), generator=draws)
        optimizer.zero_grad()
        losses(net, train[batch.to(lab.device)]).mean().backward()
        optimizer.step()
    return curve  # 6 numbers


BATCH = {"MLP": 64, "Transformer": 16}
STEPS = {
    "MLP": lab.pick(ci=300, workshop=1500, full=1500),
    "Transformer": lab.pick(ci=500, workshop=1200, full=1200),
}
one_rate = {
    name: race("MLP", kinds[name], 0.001, 100, STEPS["MLP"], test)
    for name in ("momentum", "Adam")
}

# %% [raw] lang="zh"
# Losses of the last guess on held-out text, at the start and at 5 later steps.
# → 留出文字上最后一次猜测的损失：开始时一次，之后五次。
# 6 numbers → 6 个数

# %% [markdown]
# `one_rate` is the race that one often sees: all rules with the same `lr`. Now each
# with its own. The Transformer is slower, so only momentum and Adam run on it.

# %% [markdown] lang="zh" of="571df624"
# `one_rate` 是常见的那种比赛：所有规则用同一个 `lr`。现在让它们各用各的。Transformer
# 较慢，所以只让动量和 Adam 上场。

# %%
large, small = (0.01, 0.03, 0.1, 0.3), (0.001, 0.003, 0.01, 0.03)
rates = {"SGD": (0.1, 0.3, 1.0, 3.0), "momentum": large}
rates |= dict.fromkeys(("RMSprop", "Adam", "AdamW"), small)
tried = {("MLP", name): rates[name] for name in kinds}
tried["Transformer", "momentum"] = (0.03, 0.1, 0.3, 1.0)  # here 0.3 was at the edge
tried["Transformer", "Adam"] = small
seeds = range(lab.pick(ci=1, workshop=1, full=1))
sweep = {
    (kind, name): {
        lr: [race(kind, kinds[name], lr, s, STEPS[kind], tune)[-1] for s in seeds]
        for lr in tried[kind, name]
    }
    for kind, name in bm.show.progress(tried, "sweep")
}
chosen = {run: fair_choice(results) for run, results in sweep.items()}
for (kind, name), (lr, at_edge) in chosen.items():
    print(f"{kind}, {name}: lr {lr}, at the edge: {at_edge}")

# %% [raw] lang="zh"
# here 0.3 was at the edge → 在这里 0.3 曾在边上
# sweep → 扫描
# {kind}, {name}: lr {lr}, at the edge: {at_edge}
# → {kind}，{name}：lr {lr}，在边上：{at_edge}

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
for (kind, name), results in sweep.items():
    ax, mark = axes[int(kind == "Transformer")], "os^Dv"[list(kinds).index(name)]
    means = [fmean(found) for found in results.values()]
    color = f"C{list(kinds).index(name)}"
    ax.semilogx(list(results), means, marker=mark, color=color, label=name)
for ax in axes:
    ax.axhline(pair_loss, color="black", ls=":", label="table of pairs")
    ax.set(xlabel="lr", ylim=(0, 5))
axes[0].set_title("MLP")
axes[1].set_title("Transformer")
axes[0].set_ylabel("loss on the tuning text")
axes[0].legend(fontsize=8)
alt = "Loss against learning rate, a curve an optimizer: each has its own best range."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# MLP → =
# Transformer → =
# table of pairs → 字符对的表
# loss on the tuning text → 调参文字上的损失
# Loss against learning rate, a curve an optimizer: each has its own best range.
# → 损失随学习率的变化，每种优化算法一条曲线：各有各的合适范围。
# lr → =

# %% [markdown]
# Each rule has its own good range. Momentum wants a smaller rate than plain SGD, as
# (\ref{effective-rate}) says, and the adaptive rules want still smaller ones. Where the
# choice lies at the edge, a better rate may lie outside: the result below is then the
# best of four, not the best there is. Now the race at the chosen rates, with new seeds
# and new text.

# %% [markdown] lang="zh" of="bfa09d95"
# 每种规则都有自己的合适范围。动量所需的学习率比普通 SGD 小，正如
# (\ref{effective-rate}) 所说；自适应的几种还要更小。
# 选中的值若在边上，范围之外也许还有更好的：下面的结果只是四个之中最好的，
# 未必是真正最好的。现在用选出的学习率正式比赛：新的种子，新的文字。

# %%
fresh = range(100, 100 + lab.pick(ci=2, workshop=2, full=2))
curves = {
    (kind, name): torch.tensor(
        [race(kind, kinds[name], lr, s, STEPS[kind], test) for s in fresh]
    )
    for (kind, name), (lr, _) in bm.show.progress(chosen.items(), "race")
}  # (seeds, 6) each
begin, end = (
    {run: curve[:, i].mean().item() for run, curve in curves.items()} for i in (0, -1)
)

# %% [raw] lang="zh"
# (seeds, 6) each → 各为（种子数，6）
# race → 比赛

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True, layout="constrained")
for (kind, name), curve in curves.items():
    ax, i = axes[int(kind == "Transformer")], list(kinds).index(name)
    at = torch.arange(6) * (STEPS[kind] // 5)
    ax.plot(at, curve.mean(0), marker="os^Dv"[i], ms=4, color=f"C{i}", label=name)
    ax.fill_between(at, curve.amin(0), curve.amax(0), color=f"C{i}", alpha=0.15)
for ax in axes:
    ax.axhline(pair_loss, color="black", ls=":", label="table of pairs")
    ax.set(xlabel="step")
axes[0].set_title("MLP")
axes[1].set_title("Transformer")
axes[0].set_ylabel("loss on the test text")
axes[0].legend(fontsize=8)
alt = (
    "Test loss against steps at tuned rates: mean over seeds, band best to worst. All "
    "fall below the dotted line of the table of pairs."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# MLP → =
# Transformer → =
# table of pairs → 字符对的表
# step → 步数
# loss on the test text → 测试文字上的损失
# Test loss against steps at tuned rates: mean over seeds, band best to worst. All fall
# below the dotted line of the table of pairs.
# → 调好学习率后测试损失随步数的变化：线为各种子的均值，带为最好到最坏。
#   最后都低于字符对的表那条虚线。

# %% [markdown]
# The bands reach from the best seed to the worst. Where bands overlap, this race names
# no winner. Two seeds are few: of two equally good rules, the bands of two independent
# seeds each part by chance one time in three. So trust only a gap much wider than the
# bands, and only for this task, this network and this number of steps.
#
# ## What we learned

# %% [markdown] lang="zh" of="1222c536"
# 色带从最好的种子延伸到最坏的种子。色带重叠之处，这场比赛分不出胜负。两个种子太少：
# 两种规则即使一样好，若各有两个独立的种子，色带也有三分之一的机会碰巧分开。
# 所以，只有远大于色带宽度的差距才可信，而且只对这个任务、这个网络、这个步数成立。
#
# ## 我们学到了什么

# %%
bm.claim(
    "At its chosen rate every rule ends below the table of character pairs",
    lambda worst, table: worst < table,
    {"worst": max(end.values()), "table": pair_loss},
    control={"worst": max(begin.values()), "table": pair_loss},
    against="before training",
)


def lead(losses, kind="MLP"):
    return losses[kind, "momentum"] - losses[kind, "Adam"]


shared = {("MLP", name): curve[-1] for name, curve in one_rate.items()}
bm.claim(
    "On one hidden layer with lr 0.001 for both, Adam leads momentum by 0.3 nats",
    lambda lead: lead > 0.3,
    {"lead": lead(shared)},
    control={"lead": lead(end)},
    against="each at its own rate",
)
bm.claim(
    "On the small Transformer Adam still leads with the best of four rates each, "
    "at this number of steps",
    lambda lead: lead > 0.05,
    {"lead": lead(end, "Transformer")},
    control={"lead": lead(begin, "Transformer")},
    against="before training: both start alike",
)

# %% [raw] lang="zh"
# At its chosen rate every rule ends below the table of character pairs
# → 用选出的学习率，每种规则最后都低于字符对的表
# before training → 训练之前
# On one hidden layer with lr 0.001 for both, Adam leads momentum by 0.3 nats
# → 在一层隐藏层的网络上，两者的 lr 都取 0.001 时，Adam 领先动量 0.3 奈特以上
# each at its own rate → 各用各的学习率
# On the small Transformer Adam still leads with the best of four rates each, at this
# number of steps
# → 在小 Transformer 上，各取四个学习率中最好的，就这个步数而言，Adam 仍领先
# before training: both start alike → 训练之前：两者起点相同

# %% [markdown]
# Momentum sums past gradients; RMSprop divides by their usual size; Adam does both and
# corrects its start; AdamW decays all weights at one rate. A comparison without equal
# tuning compares the tuning. How far Adam leads after tuning depends on the network and
# on the number of steps. In longer runs the lead on the Transformer shrinks: try it.
#
# ## What models use today
#
# Most language models are trained with AdamW, often with $\beta_2 = 0.95$ instead of
# 0.999, and weight decay 0.1 on the matrices alone, not on biases and norms. Image
# models that are not Transformers are still often trained with momentum 0.9. Adam's two
# numbers a parameter cost memory: in 32 bits, 8 bytes, twice the weights themselves.
# So there are rules that keep less: **Adafactor** keeps row and column sums of $v$,
# and 8-bit Adam keeps $m$ and $v$ in 8 bits each. **Muon** (2024), used for several
# models of 2025, keeps one number: momentum, whose matrix is then made nearly
# orthogonal. The cell counts for a model of 7 billion parameters.

# %% [markdown] lang="zh" of="45040abc"
# 动量把过去的梯度加起来；RMSprop 除以梯度平时的大小；Adam 两者兼有，还修正了开头；
# AdamW 以同一速率衰减所有权重。不给同等的调参机会，比的就是调参本身。调好之后 Adam
# 领先多少，取决于网络和步数。训练更久，它在 Transformer 上的领先会缩小：可以试试。
#
# ## 如今的模型用什么
#
# 语言模型大多用 AdamW 训练，$\beta_2$ 常取 0.95 而不是 0.999，权重衰减取 0.1，只用在矩
# 阵上，不用在偏置和归一化上。不是 Transformer 的图像模型仍常用动量 0.9 训练。Adam 为每
# 个参数多记两个数，要占内存：用 32 位时是 8 字节，为权重本身的两倍。于是有了记得更少的
# 规则：**Adafactor** 只记 $v$ 的行和与列和，8 位的 Adam 用 8 位来记 $m$ 和 $v$。
# **Muon**（2024）用于 2025 年的若干模型，只记一个数：动量，再把它的矩阵变得接近正交。下
# 面的单元格为一个 70 亿参数的模型算一算。

# %%
for name, kept in used.items():
    print(f"{name} keeps {7e9 * kept * 4 / 2**30:.0f} GiB beside 26 GiB of weights")

# %% [raw] lang="zh"
# {name} keeps {7e9 * kept * 4 / 2**30:.0f} GiB beside 26 GiB of weights
# → 除 26 GiB 的权重外，{name} 还要记 {7e9 * kept * 4 / 2**30:.0f} GiB

# %% [markdown]
# ## Where next
#
# [Adam and AdamW, derived](lesson:adaptive-methods) asks why each letter of Adam is
# there, and where it fails. [Stochastic gradients](lesson:stochastic-gradients) asks
# what the noise of small batches costs. Raise `STEPS`, give
# `seeds` and `fresh` more seeds, or put more rates into `rates`, and see which bands
# part.
#
# ## Further reading
#
# - B. T. Polyak (1964), *Some methods of speeding up
#   the convergence of iteration methods*.
# - T. Tieleman and G. Hinton (2012), *Lecture 6.5: RMSprop*, Coursera,
#   Neural Networks for Machine Learning.
# - D. P. Kingma and J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - I. Loshchilov and F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - F. Kunstner et al. (2024), *Heavy-Tailed Class Imbalance and Why Adam Outperforms
#   Gradient Descent on Language Models*, NeurIPS.

# %% [markdown] lang="zh" of="e2dda9e8"
# ## 下一步
#
# [自适应方法的推导](lesson:adaptive-methods)追问 Adam 的每个字母为何在那里，
# 又会在哪里失灵。[随机梯度](lesson:stochastic-gradients)追问小批量的噪声要付多少代价。
# 把 `STEPS` 调大，给 `seeds` 和 `fresh` 多加几个种子，或在 `rates` 里多放几个学习率，
# 看看哪些色带会分开。
#
# ## 延伸阅读
#
# - B. T. Polyak (1964), *Some methods of speeding up
#   the convergence of iteration methods*.
# - T. Tieleman, G. Hinton (2012), *Lecture 6.5: RMSprop*, Coursera,
#   Neural Networks for Machine Learning.
# - D. P. Kingma, J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - I. Loshchilov, F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - F. Kunstner et al. (2024), *Heavy-Tailed Class Imbalance and Why Adam Outperforms
#   Gradient Descent on Language Models*, NeurIPS.
