# ---
# slug: gradient-descent
# title: {en: "Gradient descent, derived", zh: 梯度下降的推导}
# section: "4.2.1"
# minutes: 80
# needs: [layers]
# introduces: [gradient descent, step size]
# data: []
# extras: []
# gpu: false  # too small for one: full is the same as workshop
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   theta: all parameters
#   J: loss
#   lr: learning rate
#   n: number of examples
#   u: direction of length 1
#   L: largest curvature
#   mu: smallest curvature
#   kappa: condition number
#   H: Hessian
# says:
#   en: Which way is down, how far to step, and why to run a printed formula.
#   zh: 哪边是下坡，一步走多远，以及为什么印出来的公式也要跑一遍。
# ---

# %% [markdown]
# You are on a hillside in thick fog and want to reach the valley. You cannot see it,
# but you can feel the slope under your feet. So you feel the slope, take a small step
# down, and repeat: this is **gradient descent**. Large models are trained by
# refinements of it. This lesson derives the step, finds out how large it may be, and
# tests it on 442 real patients.

# %% [markdown] lang="zh" of="020ae809"
# 大雾天，你站在山坡上，想走到谷底。谷底看不见，但脚下的斜率感觉得到。
# 于是感受斜率，向下迈一小步，如此反复，这就是**梯度下降**。
# 大模型用的是它的各种改进。这一课要推出这一步的公式，
# 弄清步子最大能迈多大，再拿 442 位真实病人的数据检验。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import sympy
import torch
from sklearn.datasets import load_diabetes

import bmkit as bm

lab = bm.start("gradient-descent", profile=profile, device=device, seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)  # we compare formulas, so rounding must be small

# %% [raw] lang="zh"
# we compare formulas, so rounding must be small → 要比较公式，所以舍入误差必须很小

# %% [markdown]
# ## Feel the slope
#
# One parameter, one example: $\hat y = \theta x$ and $J(\theta)=\frac12(y-\hat y)^2$.
# We stand at $\theta = 0.2$ and lay a ruler along the curve.

# %% [markdown] lang="zh" of="25c012a2"
# ## 感受斜率
#
# 一个参数，一个样本：$\hat y = \theta x$，$J(\theta)=\frac12(y-\hat y)^2$。
# 我们站在 $\theta = 0.2$ 处，沿着曲线搁一把直尺。


# %% fold
def loss(theta, x, y):
    return 0.5 * (y - theta * x) ** 2


t = np.linspace(-0.6, 3.6, 200)
slope = (loss(0.2 + 1e-6, 2, 3) - loss(0.2 - 1e-6, 2, 3)) / 2e-6
fig, ax = plt.subplots()
ax.plot(t, loss(t, 2, 3), "-", label="loss J")
ax.plot(t[:90], loss(0.2, 2, 3) + slope * (t[:90] - 0.2), "--", label="tangent")
ax.plot(0.2, loss(0.2, 2, 3), "o", ms=9, label="we are here")
ax.set_xlabel("parameter θ")
ax.set_ylabel("loss J(θ)")
ax.legend()
bm.show.figure(fig, alt="A bowl-shaped loss; its tangent at 0.2 falls to the right.")

# %% [raw] lang="zh"
# loss J → 损失 J
# tangent → 切线
# we are here → 我们在这里
# parameter θ → 参数 θ
# loss J(θ) → 损失 J(θ)
# A bowl-shaped loss; its tangent at 0.2 falls to the right.
# → 碗形的损失曲线，在 0.2 处的切线向右下方倾斜。

# %% [markdown]
# Near us the ruler and the curve agree; far away they part. So trust the slope, but
# only for a small step.
#
# ## Which way is steepest?
#
# With many parameters the ruler becomes a plane. Taylor's first-order expansion says
# how $J$ changes along a direction $u$:
#
# $$\lim_{h\to0}\frac{J(\theta+hu)-J(\theta)}{h}=\nabla J(\theta)\cdot u
# \label{first-order}$$

# %% [markdown] lang="zh" of="209cfe16"
# 近处，直尺与曲线几乎重合；远处就分道扬镳了。所以斜率可以信，但只能信一小步。
#
# ## 哪个方向最陡？
#
# 参数一多，直尺就成了平面。一阶泰勒展开告诉我们，沿方向 $u$ 走时 $J$ 怎样变化：
#
# $$\lim_{h\to0}\frac{J(\theta+hu)-J(\theta)}{h}=\nabla J(\theta)\cdot u
# \label{first-order}$$


# %% equation="first-order" of="90d2b274"
def hill(p):
    return torch.sin(p[0]) + 0.5 * p[0] * p[1] + p[1] ** 2


theta = torch.tensor([0.7, -0.4], requires_grad=True)
(slope,) = torch.autograd.grad(hill(theta), theta)
u, h = torch.tensor([0.6, 0.8]), 1e-6
with torch.no_grad():
    bm.equation(
        "first-order", (hill(theta + h * u) - hill(theta)) / h, slope @ u, atol=1e-5
    )

# %% [markdown]
# Among all directions of length 1, which one goes down fastest? By the Cauchy–Schwarz
# inequality $\nabla J\cdot u \ge -\lVert\nabla J\rVert$, with equality exactly when $u$
# points against the gradient:
#
# $$\min_{\lVert u\rVert=1}\nabla J\cdot u=-\lVert\nabla J\rVert \label{steepest}$$
#
# Let us try ten thousand directions.

# %% [markdown] lang="zh" of="76144069"
# 在所有长度为 1 的方向里，哪个下降最快？由柯西–施瓦茨不等式，
# $\nabla J\cdot u \ge -\lVert\nabla J\rVert$，当且仅当 $u$ 与梯度反向时取等号：
#
# $$\min_{\lVert u\rVert=1}\nabla J\cdot u=-\lVert\nabla J\rVert \label{steepest}$$
#
# 试它一万个方向。

# %% equation="steepest" of="f711c2d0"
angle = torch.linspace(0, 2 * math.pi, 10_000)
directions = torch.stack([angle.cos(), angle.sin()], dim=1)  # (10000, 2)
bm.equation("steepest", (directions @ slope).min(), -slope.norm(), atol=1e-6)

# %% [markdown]
# That is the whole idea. Step against the gradient, multiplied by the learning rate
# `lr` (the document's $\alpha$), also called the **step size**:
#
# $$\theta\leftarrow\theta-\mathrm{lr}\,\nabla J(\theta)$$
#
# The step is $\mathrm{lr}\,\lVert\nabla J\rVert$ long: long where it is steep, and
# shorter and shorter towards the bottom.
#
# ## A printed formula, put to the test
#
# For $J=\frac12(y-\hat y)^2$ the document prints:

# %% [markdown] lang="zh" of="b5768d71"
# 要点就这么多：逆着梯度走，梯度要乘上学习率 `lr`（原文的 $\alpha$），也叫**步长**：
#
# $$\theta\leftarrow\theta-\mathrm{lr}\,\nabla J(\theta)$$
#
# 这一步的长度是 $\mathrm{lr}\,\lVert\nabla J\rVert$：陡处步子大，越近谷底步子越小。
#
# ## 印出来的公式，也跑一遍
#
# 对 $J=\frac12(y-\hat y)^2$，原文是这样写的：

# %% [markdown] quote="§4.2.1"
# Compute the gradient of the loss with respect to the model's parameters $\theta$:
#
# $$ \nabla_\theta J(\theta) = \frac{\partial}{\partial \theta} \frac{1}{2}
# (y - \hat{y})^2 = y - \hat{y} $$
#
# Update the parameters, by the rule of gradient descent:
#
# $$ \theta = \theta - \alpha \cdot \nabla_\theta J(\theta)
# = \theta - \alpha (y - \hat{y}) $$

# %% [markdown] lang="zh" of="0ad81e01"
# 计算损失函数关于模型参数 $\theta$ 的梯度：
#
# $$ \nabla_\theta J(\theta) = \frac{\partial}{\partial \theta} \frac{1}{2}
# (y - \hat{y})^2 = y - \hat{y} $$
#
# ……根据梯度下降法更新公式，更新模型参数：
#
# $$ \theta = \theta - \alpha \cdot \nabla_\theta J(\theta)
# = \theta - \alpha (y - \hat{y}) $$

# %% [markdown]
# Such lines look right to tired eyes; all of us have written one. So make it a habit:
# **run it**. Five steps tell whether the loss goes down.

# %% [markdown] lang="zh" of="9c5749b0"
# 人一累，这样的式子怎么看都是对的，谁都写错过。所以要养成习惯：**跑一遍**。
# 走五步，就知道损失是不是在下降。

# %%
RULES = {
    "printed": lambda y, y_hat, x: y - y_hat,
    "sign only": lambda y, y_hat, x: y_hat - y,
    "chain rule": lambda y, y_hat, x: (y_hat - y) * x,
}


def walk(rule, x, y=3.0, theta=1.0, lr=0.1, steps=5):
    losses = [loss(theta, x, y)]
    for _ in range(steps):
        theta = theta - lr * RULES[rule](y, theta * x, x)
        losses.append(loss(theta, x, y))
    return losses


# %% [raw] lang="zh"
# printed → 原文
# sign only → 只改符号
# chain rule → 链式法则

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
for ax, x in zip(axes, (2.0, -2.0), strict=True):
    for rule, style in zip(RULES, ("s--", "^:", "o-"), strict=True):
        ax.semilogy(walk(rule, x), style, label=rule)
    ax.set_title(f"x = {x:g}")
    ax.set_xlabel("step")
    ax.set_ylabel("loss")
axes[0].legend()
bm.show.figure(
    fig,
    alt="Loss over five steps for three rules. For x = 2 the printed rule climbs; "
    "for x = -2 the rule with only its sign put right climbs; "
    "the chain rule goes down in both.",
)

# %% [raw] lang="zh"
# step → 步
# loss → 损失
# Loss over five steps for three rules. For x = 2 the printed rule climbs; for x = -2
# the rule with only its sign put right climbs; the chain rule goes down in both.
# → 三种规则走五步的损失。x = 2 时原文的规则上升；
#   x = -2 时只改符号的规则上升；
#   用链式法则的规则两边都下降。

# %% [markdown]
# On the left the printed step walks uphill: its sign is turned round. Turning the sign
# alone helps on the left and fails on the right, because something else is missing.
# (The printed step goes down on the right only because two slips happen to cancel
# there.) $\hat y$ depends on $\theta$, so the chain rule leaves a factor:
#
# $$\nabla_\theta\tfrac12(y-\hat y)^2=(\hat y-y)\,\frac{\partial\hat y}{\partial\theta}
# \label{chain-rule}$$
#
# We check it in three independent ways on a curved model, $\hat y=b\tanh(ax)$: SymPy
# differentiates the left side, so does PyTorch, and finite differences need no
# calculus.

# %% [markdown] lang="zh" of="674ca2db"
# 左图中，原文的一步在往上走：符号反了。只把符号改过来，左边好了，右边却不行，
# 因为还少了点东西。
# （原文的规则在右边能下降，不过是两处疏漏恰好抵消。）$\hat y$ 随 $\theta$ 变化，
# 所以链式法则还要留下一个因子：
#
# $$\nabla_\theta\tfrac12(y-\hat y)^2=(\hat y-y)\,\frac{\partial\hat y}{\partial\theta}
# \label{chain-rule}$$
#
# 换一个弯曲的模型 $\hat y=b\tanh(ax)$，用三种互不相干的办法核对：SymPy 对左边求导，
# PyTorch 也求一遍，有限差分则根本不用微积分。

# %% equation="chain-rule" of="194c7d1f"
a, b, x, y = 0.8, -1.5, 1.2, 2.0
y_hat = b * math.tanh(a * x)
dy_hat = np.array([b * x * (1 - math.tanh(a * x) ** 2), math.tanh(a * x)])
right = (y_hat - y) * dy_hat  # by hand

A, B = sympy.symbols("a b")
J = (y - B * sympy.tanh(A * x)) ** 2 / 2
symbolic = [float(J.diff(v).subs({A: a, B: b})) for v in (A, B)]
p = torch.tensor([a, b], requires_grad=True)
(auto,) = torch.autograd.grad(0.5 * (y - p[1] * torch.tanh(p[0] * x)) ** 2, p)


def at(a, b):
    return 0.5 * (y - b * math.tanh(a * x)) ** 2


e = 1e-6
finite = [at(a + e, b) - at(a - e, b), at(a, b + e) - at(a, b - e)]
bm.equation(
    "chain-rule",
    np.array([symbolic, auto.tolist(), np.divide(finite, 2 * e)]),
    np.tile(right, (3, 1)),
    atol=1e-8,
)

# %% [raw] lang="zh"
# by hand → 手工计算


# %%
def kept(rule, *xs):
    """The part of the loss that five steps leave, a number for each x."""
    walks = [walk(rule, x) for x in xs]
    return {"left": [losses[-1] / losses[0] for losses in walks]}


bm.claim(
    "At x = 2 the step as printed makes the loss grow",
    lambda left: min(left) > 1,
    kept("printed", 2.0),
    control=kept("chain rule", 2.0),
    against="the chain rule",
)
bm.claim(
    "At x = -2 the right sign without ∂ŷ/∂θ makes it grow, too",
    lambda left: min(left) > 1,
    kept("sign only", -2.0),
    control=kept("chain rule", -2.0),
    against="the chain rule",
)
bm.claim(
    "With sign and factor right the loss falls for both",
    lambda left: max(left) < 1,
    kept("chain rule", 2.0, -2.0),
    control=kept("sign only", 2.0, -2.0),
    against="the sign alone put right",
)

# %% [raw] lang="zh"
# printed → 原文
# sign only → 只改符号
# chain rule → 链式法则
# The part of the loss that five steps leave, a number for each x.
# → 五步之后剩下的损失占原来的比例，每个 x 一个数。
# At x = 2 the step as printed makes the loss grow → x = 2 时，照原文走，损失变大
# At x = -2 the right sign without ∂ŷ/∂θ makes it grow, too
# → x = -2 时，符号对了却少了 ∂ŷ/∂θ，损失也变大
# With sign and factor right the loss falls for both
# → 符号与因子都对，两种情形损失都下降
# the chain rule → 链式法则
# the sign alone put right → 只改符号

# %% [markdown]
# ## Your turn: the gradient
#
# Now $n$ examples and $d$ features, $\hat y = X\theta$, and
# $J(\theta)=\frac1n\sum_i\frac12(y_i-\hat y_i)^2$. Write its gradient.

# %% [markdown] lang="zh" of="0ed3cf53"
# ## 轮到你了：梯度
#
# 现在有 $n$ 个样本、$d$ 个特征，$\hat y = X\theta$，
# $J(\theta)=\frac1n\sum_i\frac12(y_i-\hat y_i)^2$。请写出它的梯度。


# %% exercise="squared_error_gradient" points=3 minutes=6 level=2
def squared_error_gradient(
    theta: torch.Tensor, x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    """Gradient of the mean of ½(y − ŷ)² with ŷ = x @ theta.

    Args:
        theta: parameters (d,).
        x: features (n, d).
        y: targets (n,).

    Returns:
        The gradient (d,).
    """
    ### BEGIN SOLUTION
    y_hat = x @ theta  # (n,)
    return x.T @ (y_hat - y) / len(y)
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradient of the mean of ½(y − ŷ)² with ŷ = x @ theta.
# → 求 ½(y − ŷ)² 的均值的梯度，其中 ŷ = x @ theta。
# Args:
#     theta: parameters (d,).
#     x: features (n, d).
#     y: targets (n,).
# → Args:
#       theta: 参数 (d,)。
#       x: 特征 (n, d)。
#       y: 目标值 (n,)。
# Returns:
#     The gradient (d,).
# → Returns:
#       梯度 (d,)。

# %% check="squared_error_gradient"
_x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
_y, _theta = torch.tensor([1.0, -2.0, 0.0]), torch.tensor([0.3, 0.1])
_got = squared_error_gradient(_theta, _x, _y)
bm.expect.shape(_got, (2,), "one entry a parameter: where is the factor ∂ŷ/∂θ = x?")
_residual, _moved = _y - _x @ _theta, _y - _x @ (_theta - 1e-3 * _got)
_down = (_moved**2).sum() < (_residual**2).sum()
bm.expect.true(_down, "a small step against your gradient goes uphill: ŷ − y or y − ŷ?")
_want = torch.tensor([2.725, -1.6 / 3])
bm.expect.close(
    _got, _want, "is it the gradient of the mean of ½(y−ŷ)², not of the sum?"
)
### BEGIN HIDDEN TESTS
_g = torch.Generator().manual_seed(5)
for _n, _d in ((7, 4), (2, 5), (1, 3), (6, 1)):
    _x, _y = torch.randn(_n, _d, generator=_g), 900 * torch.randn(_n, generator=_g)
    _theta = torch.randn(_d, generator=_g, requires_grad=True)
    (_want,) = torch.autograd.grad(0.5 * ((_y - _x @ _theta) ** 2).mean(), _theta)
    _got = squared_error_gradient(_theta.detach(), _x, _y)
    _advice = f"{_n} examples, {_d} features: compare with PyTorch"
    bm.expect.close(_got, _want, _advice, rtol=1e-10)  # in double precision
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one entry a parameter: where is the factor ∂ŷ/∂θ = x?
# → 每个参数对应一个分量：因子 ∂ŷ/∂θ = x 在哪里？
# a small step against your gradient goes uphill: ŷ − y or y − ŷ?
# → 逆着你的梯度走一小步，损失反而上升：是 ŷ − y 还是 y − ŷ？
# is it the gradient of the mean of ½(y−ŷ)², not of the sum?
# → 求的是 ½(y−ŷ)² 的均值的梯度吗？不是总和
# in double precision → 双精度
# {_n} examples, {_d} features: compare with PyTorch
# → {_n} 个样本、{_d} 个特征：与 PyTorch 比一比

# %% [markdown] hint="squared_error_gradient"
# Start with one example: (\ref{chain-rule}) gives $(\hat y_i-y_i)\,x_i$. Then average.

# %% [markdown] lang="zh" of="17090b62"
# 先看一个样本：由 (\ref{chain-rule}) 得 $(\hat y_i-y_i)\,x_i$，再对样本取平均。

# %% [markdown] hint="squared_error_gradient"
# $\sum_i (\hat y_i-y_i)x_i$ is one matrix product: `x.T @ (y_hat - y)`. Divide by $n$.

# %% [markdown] lang="zh" of="eb452d0f"
# $\sum_i (\hat y_i-y_i)x_i$ 就是一次矩阵乘法：`x.T @ (y_hat - y)`。再除以 $n$。


# %% mistake="squared_error_gradient" says="uphill"
def squared_error_gradient(theta, x, y):
    return x.T @ (y - x @ theta) / len(y)


# %% mistake="squared_error_gradient" says="factor"
def squared_error_gradient(theta, x, y):
    return (x @ theta - y).mean()


# %% mistake="squared_error_gradient" says="not of the sum"
def squared_error_gradient(theta, x, y):
    return x.T @ (x @ theta - y)


# %% mistake="squared_error_gradient" says="was changed"
def squared_error_gradient(theta, x, y):
    y -= x @ theta
    return -x.T @ y / len(y)


# %% variant="squared_error_gradient"
def squared_error_gradient(theta, x, y):
    residual = torch.einsum("nd,d->n", x, theta) - y
    return (residual[:, None] * x).mean(dim=0)


# %% [raw] excuse="squared_error_gradient"
# len(y) → len(x): both are n
# the result is detached: a gradient is asked for, not a gradient of it


# %% [markdown]
# ## Your turn: a check that needs no calculus
#
# A central difference measures a slope by stepping a little to both sides. It catches
# the two slips above at once, and can be held against any gradient that you derive.

# %% [markdown] lang="zh" of="22a6d20e"
# ## 轮到你了：不用微积分的检查
#
# 中心差分向两边各挪一点点，直接量出斜率。上面两处疏漏，它一下就能查出来；
# 以后推导出的任何梯度，都可以用它核对。


# %% exercise="finite_difference" points=3 minutes=8 level=3
def finite_difference(f, theta: torch.Tensor, h: float = 1e-5) -> torch.Tensor:
    """Gradient of f at theta by central differences.

    Args:
        f: takes a tensor like theta, returns a number, perhaps a plain one that
            PyTorch cannot differentiate.
        theta: parameters of any shape.
        h: how far to step to each side.

    Returns:
        A tensor of theta's shape.
    """
    ### BEGIN SOLUTION
    slopes = torch.empty(theta.shape)
    for i in np.ndindex(*theta.shape):
        step = torch.zeros(theta.shape)
        step[i] = h
        slopes[i] = (f(theta + step) - f(theta - step)) / (2 * h)
    return slopes
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradient of f at theta by central differences. → 用中心差分求 f 在 theta 处的梯度。
# Args:
#     f: takes a tensor like theta, returns a number, perhaps a plain one that
#         PyTorch cannot differentiate.
#     theta: parameters of any shape.
#     h: how far to step to each side.
# → Args:
#       f: 接受与 theta 同形的张量，返回一个数，也许是 PyTorch 无法求导的普通数。
#       theta: 任意形状的参数。
#       h: 向每一边挪多远。
# Returns:
#     A tensor of theta's shape.
# → Returns:
#       与 theta 同形的张量。

# %% check="finite_difference"
try:
    _got = finite_difference(lambda t: 3 * t.tolist()[0], torch.tensor([2.0]))
except NotImplementedError:
    raise  # not written yet: the words for that are not ours
except (AttributeError, TypeError, RuntimeError):
    _got = None
bm.expect.true(_got is not None, "f may return a plain number: call it, nothing more")
bm.expect.shape(_got, (1,), "a tensor like theta: one slope for each entry")
bm.expect.close(
    _got, torch.tensor([3.0]), "divide by the distance of the two points, 2h"
)
_got = finite_difference(lambda t: t[0] - 2 * t[1], torch.tensor([1.0, 5.0]))
bm.expect.close(_got, torch.tensor([1.0, -2.0]), "move one entry at a time")
_got = finite_difference(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0]), h=1e-3)
bm.expect.close(
    _got, torch.tensor([3.0, 12.0]), "step to both sides, θ+h and θ−h", atol=1e-5
)
_got = finite_difference(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0]), h=0.5)
bm.expect.close(_got, torch.tensor([3.25, 12.25]), "step as far as h says")
### BEGIN HIDDEN TESTS
_theta, _shapes = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]), set()


def _product(t):
    _shapes.add(tuple(t.shape))
    one, two = t.reshape(2, 3)
    return one @ two + one[0] ** 2


_got = finite_difference(_product, _theta)
bm.expect.true(_shapes == {(2, 3)}, "f takes a tensor of the same shape as theta")
_want = torch.tensor([[2.0, 3.0, 1.0], [1.0, -2.0, 0.5]])
bm.expect.close(_got, _want, "theta may have rows and columns")
_got = finite_difference(lambda t: t**2, torch.tensor(-1.5))
bm.expect.close(_got, torch.tensor(-3.0), "theta may be a single number")
_got = finite_difference(lambda t: (t**3).sum(), torch.tensor([2.0, -4.0]), h=2.0)
bm.expect.close(_got, torch.tensor([16.0, 52.0]), "a large h")
_got = finite_difference(lambda t: (t**2).sum(), torch.tensor([3.0]), 0.25)
bm.expect.close(_got, torch.tensor([6.0]), "h may come without its name")
_got = finite_difference(lambda t: (1e6 * t**3).sum(), torch.tensor([0.0]))
bm.expect.close(_got, torch.tensor([1e-4]), "without an h it is 1e-5")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# not written yet: the words for that are not ours → 还没有写：这种情形不由我们来说
# f may return a plain number: call it, nothing more
# → f 可能返回一个普通的数：调用它就行，别的都不要做
# a tensor like theta: one slope for each entry → 与 theta 同形的张量：每个分量一个斜率
# divide by the distance of the two points, 2h → 要除以两点间的距离 2h
# move one entry at a time → 每次只挪一个分量
# step to both sides, θ+h and θ−h → 两边都要挪：θ+h 和 θ−h
# step as far as h says → h 是多少就挪多远
# theta may have rows and columns → theta 可以有行有列
# theta may be a single number → theta 可以只是一个数
# a large h → 很大的 h
# h may come without its name → h 可以不写名字直接传入
# f takes a tensor of the same shape as theta → f 接受的张量与 theta 同形
# without an h it is 1e-5 → 不给 h 时，h 为 1e-5

# %% [markdown] hint="finite_difference"
# For entry $i$: $\bigl(f(\theta+h e_i)-f(\theta-h e_i)\bigr)/2h$, where $e_i$ is 1 at
# $i$ and 0 elsewhere.

# %% [markdown] lang="zh" of="dde2d910"
# 对第 $i$ 个分量：$\bigl(f(\theta+h e_i)-f(\theta-h e_i)\bigr)/2h$，
# 其中 $e_i$ 在 $i$ 处为 1，其余为 0。

# %% [markdown] hint="finite_difference"
# `np.ndindex(*theta.shape)` walks over all entries of any shape. Make a fresh `step` of
# zeros for each.

# %% [markdown] lang="zh" of="95151b96"
# `np.ndindex(*theta.shape)` 能走遍任意形状的所有分量。每次都新建一个全零的 `step`。


# %% mistake="finite_difference" says="2h"
def finite_difference(f, theta, h=1e-5):
    slopes = torch.zeros(theta.shape)
    for i in np.ndindex(*theta.shape):
        step = torch.zeros(theta.shape)
        step[i] = h
        slopes[i] = (f(theta + step) - f(theta - step)) / h
    return slopes


# %% mistake="finite_difference" says="one entry at a time"
def finite_difference(f, theta, h=1e-5):
    return torch.full_like(theta, (f(theta + h) - f(theta - h)) / (2 * h))


# %% mistake="finite_difference" says="both sides"
def finite_difference(f, theta, h=1e-5):
    slopes = torch.zeros(theta.shape)
    for i in np.ndindex(*theta.shape):
        step = torch.zeros(theta.shape)
        step[i] = h
        slopes[i] = (f(theta + step) - f(theta)) / h
    return slopes


# %% mistake="finite_difference" says="plain number"
def finite_difference(f, theta, h=1e-5):
    theta = theta.clone().requires_grad_()
    return torch.autograd.grad(f(theta), theta)[0]


# %% mistake="finite_difference" says="as far as h says"
def finite_difference(f, theta, h=1e-5):
    slopes = torch.zeros(theta.shape)
    for i in np.ndindex(*theta.shape):
        step = torch.zeros(theta.shape)
        step[i] = 1e-5
        slopes[i] = (f(theta + step) - f(theta - step)) / 2e-5
    return slopes


# %% variant="finite_difference"
def finite_difference(f, theta, h=1e-5):
    basis = h * torch.eye(theta.numel()).reshape(-1, *theta.shape)
    pairs = [(float(f(theta + e)), float(f(theta - e))) for e in basis]
    slopes = [(up - down) / (2 * h) for up, down in pairs]
    return torch.tensor(slopes).reshape(theta.shape)


# %% [markdown]
# How small should $h$ be? The smaller, the less the curve bends between the two points:
# this error shrinks as $h^2$. But the two values become nearly equal, and their
# difference keeps only the digits in which they differ: rounding leaves an error that
# grows as $1/h$.

# %% [markdown] lang="zh" of="3e320529"
# $h$ 该取多小？越小，曲线在两点之间弯得越少：这部分误差按 $h^2$ 缩小。
# 可是两个值也越来越接近，相减之后只剩下不相同的那几位数字：
# 舍入带来的误差按 $1/h$ 增大。

# %%
spot = torch.tensor([0.7, -0.4])
exact = torch.tensor([math.cos(0.7) + 0.5 * -0.4, 0.5 * 0.7 + 2 * -0.4])  # of hill
distances = [10.0**-n for n in range(1, 14)]
off = [(finite_difference(hill, spot, h) - exact).abs().max().item() for h in distances]

# %% [raw] lang="zh"
# of hill → hill 的梯度

# %% fold
fig, ax = plt.subplots()
ax.loglog(distances, off, "o-")
ax.set_xlabel("h")
ax.set_ylabel("error of the slope")
bm.show.figure(
    fig,
    alt="Error against h, both logarithmic: a V. From right to left it falls until h "
    "is about 1e-5 and then rises again.",
)
bm.claim(
    "In double precision h = 1e-5 gives the slope of this hill to eight decimals",
    lambda error: error < 1e-8,
    {"error": off[4]},
    control={"error": off[10]},
    against="h = 1e-11",
)

# %% [raw] lang="zh"
# error of the slope → 斜率的误差
# Error against h, both logarithmic: a V. From right to left it falls until h is about
# 1e-5 and then rises again.
# → 误差随 h 变化，双对数坐标：呈 V 形。从右往左先下降，到 h 约为 1e-5 时又升高。
# In double precision h = 1e-5 gives the slope of this hill to eight decimals
# → 用双精度，h = 1e-5 时，这座山的斜率准确到八位小数
# h = 1e-11 → =

# %% [markdown]
# ## Your turn: the loop
#
# The loop that trains a large network is this one, with refinements. Keep the whole
# path, so that we can draw it.

# %% [markdown] lang="zh" of="cd5a6850"
# ## 轮到你了：循环
#
# 训练大网络的循环就是这几行，再加些改进。把整条路径留下来，好画图。


# %% exercise="descend" points=3 minutes=6 level=2
def descend(grad, theta: torch.Tensor, lr: float, steps: int) -> torch.Tensor:
    """Walk downhill and remember the way.

    Args:
        grad: takes theta (d,), returns the gradient (d,).
        theta: where to start (d,).
        lr: learning rate.
        steps: how many steps to take.

    Returns:
        The path (steps + 1, d); its first row is the start.
    """
    ### BEGIN SOLUTION
    path = [theta]
    for _ in range(steps):
        theta = theta - lr * grad(theta)
        path.append(theta)
    return torch.stack(path)
    ### END SOLUTION


# %% [raw] lang="zh"
# Walk downhill and remember the way. → 往下坡走，并记下走过的路。
# Args:
#     grad: takes theta (d,), returns the gradient (d,).
#     theta: where to start (d,).
#     lr: learning rate.
#     steps: how many steps to take.
# → Args:
#       grad: 接受 theta (d,)，返回梯度 (d,)。
#       theta: 起点 (d,)。
#       lr: 学习率。
#       steps: 走多少步。
# Returns:
#     The path (steps + 1, d); its first row is the start.
# → Returns:
#       路径 (steps + 1, d)，第一行是起点。

# %% check="descend"
_scale = torch.tensor([1.0, 2.0])
_got = descend(lambda t: _scale * t, torch.tensor([1.0, 1.0]), 0.25, 2)
bm.expect.shape(_got, (3, 2), "two steps make three points: the start is the first row")
bm.expect.close(
    _got[0], torch.ones(2), "the start has changed: keep a copy of each point"
)
_want = torch.tensor([[1.0, 1.0], [0.75, 0.5], [0.5625, 0.25]])
bm.expect.close(
    _got, _want, "go downhill: subtract lr times the gradient at the new point"
)
### BEGIN HIDDEN TESTS
_start = torch.tensor([2.0, -1.0, 4.0])
bm.expect.shape(descend(lambda t: t, _start, 0.1, 0), (1, 3), "no step: only the start")
_got = descend(lambda t: t - 1, _start, 1.0, 3)
_want = torch.tensor(
    [[2.0, -1.0, 4.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
)
bm.expect.close(_got, _want, "at the bottom at once, and three steps all the same")
_got = descend(lambda t: 4 * t, torch.tensor([30.0, -50.0]), 0.4, 12)
_want = torch.tensor([30.0, -50.0]) * (-0.6) ** torch.arange(13)[:, None]
bm.expect.close(_got, _want, "twelve steps, and long ones at first")
_got = descend(lambda t: t**3, torch.tensor([0.5, -1.0]), 0.2, 4)
_point, _want = torch.tensor([0.5, -1.0]), [torch.tensor([0.5, -1.0])]
for _ in range(4):
    _point = _point - 0.2 * _point**3
    _want.append(_point)
_advice = "four steps on a curve that is no bowl, in double precision"
bm.expect.close(_got, torch.stack(_want), _advice, rtol=1e-10, atol=1e-10)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# two steps make three points: the start is the first row → 走两步有三个点：第一行是起点
# the start has changed: keep a copy of each point → 起点变了：每个点都要另存一份
# go downhill: subtract lr times the gradient at the new point
# → 往下坡走：减去 lr 乘以新位置的梯度
# no step: only the start → 一步不走：只有起点
# at the bottom at once, and three steps all the same → 一步就到碗底，但仍要走三步
# twelve steps, and long ones at first → 走十二步，开头的步子很大
# four steps on a curve that is no bowl, in double precision
# → 在一条不是碗形的曲线上走四步，用双精度

# %% [markdown] hint="descend"
# Begin with `path = [theta]`, append after each step, and `torch.stack(path)` at the
# end.

# %% [markdown] lang="zh" of="d9fd926d"
# 先写 `path = [theta]`，每走一步追加一个点，最后 `torch.stack(path)`。

# %% [markdown] hint="descend"
# Write `theta = theta - lr * grad(theta)`. With `-=` the tensor changes in place, and
# every entry of the list is that same tensor.

# %% [markdown] lang="zh" of="e22c6f53"
# 写成 `theta = theta - lr * grad(theta)`。若用 `-=`，张量会就地改变，
# 而列表里存的全是同一个张量。


# %% mistake="descend" says="downhill"
def descend(grad, theta, lr, steps):
    path = [theta]
    for _ in range(steps):
        theta = theta + lr * grad(theta)
        path.append(theta)
    return torch.stack(path)


# %% mistake="descend" says="was changed"
def descend(grad, theta, lr, steps):
    path = [theta]
    for _ in range(steps):
        theta -= lr * grad(theta)
        path.append(theta)
    return torch.stack(path)


# %% mistake="descend" says="first row"
def descend(grad, theta, lr, steps):
    path = []
    for _ in range(steps):
        theta = theta - lr * grad(theta)
        path.append(theta)
    return torch.stack(path)


# %% mistake="descend" says="three steps all the same"
def descend(grad, theta, lr, steps):
    path = [theta]
    for _ in range(steps):
        slope = grad(theta)
        if slope.norm() < 1e-9:  # stops early: too few rows
            break
        theta = theta - lr * slope
        path.append(theta)
    return torch.stack(path)


# %% variant="descend"
def descend(grad, theta, lr, steps):
    path = torch.empty(steps + 1, len(theta))
    path[0] = theta
    for k in range(steps):
        path[k + 1] = path[k] - lr * grad(path[k])
    return path


# %% [raw] excuse="descend"
# the result is detached: points are data; no gradient need flow through them


# %% [markdown]
# ## How far may one step?
#
# Take a bowl $J(\theta)=\frac12\theta^\top H\theta$ whose curvatures, the eigenvalues
# of $H$, lie between $\mu > 0$ (flattest) and $L$ (steepest). Move the slider: too
# small crawls, too large zigzags, and a little more flies out.

# %% [markdown] lang="zh" of="c8495e0a"
# ## 一步能迈多远？
#
# 取一只碗 $J(\theta)=\frac12\theta^\top H\theta$，它的曲率，也就是 $H$ 的特征值，
# 介于 $\mu > 0$（最平）与 $L$（最陡）之间。拖动滑块看看：太小像蜗牛，太大走之字，
# 再大一点就飞出去了。

# %% fold
H = torch.diag(torch.tensor([1.0, 8.0]))  # mu = 1, L = 8, so the limit is 2/L = 0.25
grid = np.meshgrid(np.linspace(-3.5, 3.5, 120), np.linspace(-2.5, 2.5, 120))


def draw(lr):
    path = descend(lambda p: H @ p, torch.tensor([3.0, 1.0]), lr, 25).numpy()
    fig, ax = plt.subplots(figsize=(6, 4))
    ax.contour(*grid, 0.5 * grid[0] ** 2 + 4 * grid[1] ** 2, 12, cmap="Greys")
    ax.plot(path[:, 0], path[:, 1], "o-", ms=4, lw=1.2)
    ax.plot(0, 0, "k*", ms=12)
    ax.set(xlim=(-3.5, 3.5), ylim=(-2.5, 2.5))
    ax.set_xlabel("θ₁ (curvature 1)")
    ax.set_ylabel("θ₂ (curvature 8)")
    ax.set_title(f"lr = {lr:.3f}")
    return fig


bm.show.explore(
    draw,
    alt="Contours of a long bowl and the path of 25 steps: it zigzags across the steep "
    "direction while it moves along the flat one towards the star at the bottom.",
    lr=(0.005, 0.27, 0.005, 0.225),
)

# %% [raw] lang="zh"
# θ₁ (curvature 1) → θ₁（曲率 1）
# θ₂ (curvature 8) → θ₂（曲率 8）
# Contours of a long bowl and the path of 25 steps: it zigzags across the steep
# direction while it moves along the flat one towards the star at the bottom.
# → 长碗的等高线与 25 步的路径：在陡的方向上来回折返，
#   同时沿平缓的方向走向碗底的星号。
# lr = {lr:.3f} → =
# mu = 1, L = 8, so the limit is 2/L = 0.25 → mu = 1，L = 8，因此上限为 2/L = 0.25

# %% [markdown]
# What did we see? A bowl with its bottom at $\theta^*$ has the gradient
# $H(\theta-\theta^*)$. So a step turns the error $e=\theta-\theta^*$ into
# $e-\mathrm{lr}\,He=(I-\mathrm{lr}\,H)\,e$: every step multiplies it by the same
# matrix. In the axes of the eigenvectors, $H=Q\Lambda Q^\top$ with $Q^\top Q=I$, the
# matrix is diagonal, and each part of the error has a factor of its own:
#
# $$e_t=Q\,(I-\mathrm{lr}\,\Lambda)^t\,Q^\top e_0 \label{error-path}$$

# %% [markdown] lang="zh" of="dc5f8870"
# 刚才看到了什么？碗底在 $\theta^*$ 的碗，梯度是 $H(\theta-\theta^*)$。
# 所以走一步，误差 $e=\theta-\theta^*$ 就变成
# $e-\mathrm{lr}\,He=(I-\mathrm{lr}\,H)\,e$：每一步都乘上同一个矩阵。
# 换到特征向量的坐标系里，$H=Q\Lambda Q^\top$，$Q^\top Q=I$，这个矩阵是对角的，
# 误差的每个分量各有自己的因子：
#
# $$e_t=Q\,(I-\mathrm{lr}\,\Lambda)^t\,Q^\top e_0 \label{error-path}$$

# %% equation="error-path" of="84625b25"
generator = torch.Generator().manual_seed(lab.seed)
M = torch.randn(5, 5, generator=generator)
K = M @ M.T + 0.5 * torch.eye(5)  # any symmetric bowl
curvature, Q = torch.linalg.eigh(K)
mu, L = curvature[0], curvature[-1]
bottom, start = torch.randn(2, 5, generator=generator)
lr, t = 1.7 / L, 7
by_steps = descend(lambda p: K @ (p - bottom), start, lr, t)[-1] - bottom
factors = torch.diag((1 - lr * curvature) ** t)
bm.equation("error-path", by_steps, Q @ factors @ Q.T @ (start - bottom))

# %% [raw] lang="zh"
# any symmetric bowl → 任意对称的碗形函数

# %% [markdown]
# So the worst factor sets the pace. After one step the error is at most
#
# $$\rho(\mathrm{lr})=\lVert I-\mathrm{lr}\,H\rVert_2=\max_i|1-\mathrm{lr}\,\lambda_i|
# \label{rate}$$
#
# times as long as before. This is below 1 exactly when $0<\mathrm{lr}<2/L$: **the
# steepest direction sets the limit, the flattest one the number of steps**.

# %% [markdown] lang="zh" of="a0ff1b69"
# 于是最差的那个因子决定快慢。走一步之后，误差的长度至多变为原来的
#
# $$\rho(\mathrm{lr})=\lVert I-\mathrm{lr}\,H\rVert_2=\max_i|1-\mathrm{lr}\,\lambda_i|
# \label{rate}$$
#
# 倍。当且仅当 $0<\mathrm{lr}<2/L$ 时它小于 1：**最陡的方向定上限，最平的方向定步数**。

# %% equation="rate" of="65f34091"
rates = torch.linspace(0.05, 2.4, 30) / L
left = torch.stack([torch.linalg.matrix_norm(torch.eye(5) - r * K, 2) for r in rates])
right = (1 - rates[:, None] * curvature).abs().amax(dim=1)
bm.equation("rate", left, right, atol=1e-12)

# %% [markdown]
# Which `lr` is best? A larger one helps the flattest direction, whose factor is
# $1-\mathrm{lr}\,\mu$, and hurts the steepest one, once its factor $1-\mathrm{lr}\,L$
# is negative. The best is where both are equally slow,
# $1-\mathrm{lr}\,\mu=\mathrm{lr}\,L-1$. With the condition number $\kappa=L/\mu$:
#
# $$\Bigl(\arg\min_{\mathrm{lr}}\rho,\ \min_{\mathrm{lr}}\rho\Bigr)
# =\Bigl(\frac{2}{L+\mu},\ \frac{\kappa-1}{\kappa+1}\Bigr) \label{best-lr}$$

# %% [markdown] lang="zh" of="c18942d3"
# 哪个 `lr` 最好？`lr` 越大，最平的方向越快，它的因子是 $1-\mathrm{lr}\,\mu$；
# 可是最陡的方向，其因子 $1-\mathrm{lr}\,L$ 一旦为负，就越来越慢。
# 最好的 `lr` 让两头一样慢：$1-\mathrm{lr}\,\mu=\mathrm{lr}\,L-1$。
# 记条件数 $\kappa=L/\mu$，则
#
# $$\Bigl(\arg\min_{\mathrm{lr}}\rho,\ \min_{\mathrm{lr}}\rho\Bigr)
# =\Bigl(\frac{2}{L+\mu},\ \frac{\kappa-1}{\kappa+1}\Bigr) \label{best-lr}$$

# %% equation="best-lr" of="ad77b0e3"
rates = torch.linspace(0, 2, 200_001) / L  # find the minimum by looking everywhere
rho = torch.maximum((1 - rates * mu).abs(), (1 - rates * L).abs())
best, kappa = rho.argmin(), L / mu
found = torch.stack([rates[best], rho[best]])
bm.equation(
    "best-lr", found, torch.stack([2 / (L + mu), (kappa - 1) / (kappa + 1)]), atol=1e-4
)

# %% [raw] lang="zh"
# find the minimum by looking everywhere → 逐点查看，找出最小值

# %% fold
s = np.linspace(0, 0.28, 300)
fig, ax = plt.subplots()
ax.plot(s, abs(1 - s), ":", label="flat, λ = 1")
ax.plot(s, abs(1 - 8 * s), "--", label="steep, λ = 8")
ax.plot(s, np.maximum(abs(1 - s), abs(1 - 8 * s)), "-", lw=1, label="worst: ρ")
ax.plot(2 / 9, 7 / 9, "o", label="best lr")
ax.axvline(2 / 8, color="0.5", lw=1)
ax.set_xlabel("lr (the upright line is 2/L)")
ax.set_ylabel("error kept after a step")
ax.legend()
bm.show.figure(
    fig, alt="Two V shapes; the larger of them is lowest at 2/9, and 1 at 2/L."
)

# %% [raw] lang="zh"
# flat, λ = 1 → 平，λ = 1
# steep, λ = 8 → 陡，λ = 8
# worst: ρ → 最差：ρ
# best lr → 最好的 lr
# lr (the upright line is 2/L) → lr（竖线为 2/L）
# error kept after a step → 一步后剩下的误差比例
# Two V shapes; the larger of them is lowest at 2/9, and 1 at 2/L.
# → 两条 V 形线；取较大者，在 2/9 处最低，在 2/L 处为 1。

# %% [markdown]
# The best `lr` lies close to the limit, so in practice one takes a little less. For
# losses that are no bowls, let $L$ be the largest curvature anywhere. Walk along the
# step, $\varphi(s)=J(\theta-s\,\nabla J)$. At the start its slope is
# $-\lVert\nabla J\rVert^2$, and its curvature is never above $L\lVert\nabla J\rVert^2$.
# Integrate twice, from 0 to lr: this is the **descent lemma**,
#
# $$J(\theta-\mathrm{lr}\,\nabla J)\le J(\theta)
# -\mathrm{lr}\Bigl(1-\frac{L\,\mathrm{lr}}2\Bigr)\lVert\nabla J\rVert^2
# \label{descent}$$
#
# Below $2/L$ the loss falls with every step. We test it on
# $J(\theta)=\sum\ln\cosh(1.7\,\theta_i)$, whose curvature is at most $1.7^2$, in a
# thousand places. On a bowl that is equally steep on all sides both sides are equal.

# %% [markdown] lang="zh" of="b22f0cb3"
# 最好的 `lr` 离上限很近，所以实践中总要取小一点。损失不是碗形时，
# 设 $L$ 为各处曲率的最大值。沿着这一步走，记 $\varphi(s)=J(\theta-s\,\nabla J)$。
# 起点处它的斜率是 $-\lVert\nabla J\rVert^2$，曲率处处不超过 $L\lVert\nabla J\rVert^2$。
# 从 0 到 lr 积分两次，就得到**下降引理**：
#
# $$J(\theta-\mathrm{lr}\,\nabla J)\le J(\theta)
# -\mathrm{lr}\Bigl(1-\frac{L\,\mathrm{lr}}2\Bigr)\lVert\nabla J\rVert^2
# \label{descent}$$
#
# `lr` 小于 $2/L$ 时，每一步损失都下降。
# 拿 $J(\theta)=\sum\ln\cosh(1.7\,\theta_i)$ 来试，它的曲率不超过 $1.7^2$，
# 随机取一千个点。在各个方向一样陡的碗上，两边相等。

# %% equation="descent" of="4c607444"
points = 3 * torch.randn(1000, 4, generator=generator)
some_lr = 0.9 * torch.rand(1000, 1, generator=generator)  # beyond 2/L, too


def slope_of(J, p):
    return torch.func.grad(lambda q: J(q).sum())(p)


bm.inequality(
    "descent",
    lambda J, p, lr, L: J(p - lr * slope_of(J, p)),
    lambda J, p, lr, L: J(p) - (lr * (1 - L * lr / 2) * slope_of(J, p).square()).sum(1),
    at={
        "J": lambda p: (1.7 * p).cosh().log().sum(1),
        "p": points,
        "lr": some_lr,
        "L": 1.7**2,
    },
    equal_at={
        "J": lambda p: 0.65 * p.square().sum(1),
        "p": points,
        "lr": some_lr,
        "L": 1.3,
    },
)

# %% [raw] lang="zh"
# beyond 2/L, too → 也有超过 2/L 的

# %% [markdown]
# ## Real data: 442 patients
#
# scikit-learn ships ten measurements of 442 diabetes patients (Efron et al., 2004) and
# how the disease progressed in a year. We add a column of ones for the intercept. The
# curvature of our loss is $H=X^\top X/n$: it depends on the features, not on the
# targets.

# %% [markdown] lang="zh" of="b84cf03f"
# ## 真实数据：442 位病人
#
# scikit-learn 自带 442 位糖尿病患者的十项测量值（Efron 等，2004），
# 以及一年后病情的进展。
# 我们再加一列 1 作截距。损失的曲率是 $H=X^\top X/n$：只取决于特征，与目标值无关。

# %%
patients = load_diabetes(scaled=False)
raw = torch.tensor(patients.data)  # (442, 10), in years, mmHg, mg/dl, ...
y = torch.tensor(patients.target)
standard = (raw - raw.mean(dim=0)) / raw.std(dim=0, correction=0)
ones = torch.ones(len(y), 1)
X_raw = torch.cat([ones, raw], dim=1)  # (442, 11)
X = torch.cat([ones, standard], dim=1)


def curvatures(x):
    return torch.linalg.eigvalsh(x.T @ x / len(x))


centred = torch.cat([ones, raw - raw.mean(dim=0)], dim=1)
tables = {"raw": X_raw, "centred": centred, "standardised": X}
kappas = {}
for name, x in tables.items():
    c = curvatures(x)
    kappas[name] = float(c[-1] / c[0])
    print(f"{name:13}mu {c[0]:.3g}   L {c[-1]:.5g}   kappa {kappas[name]:.3g}")

# %% [raw] lang="zh"
# (442, 10), in years, mmHg, mg/dl, ... → (442, 10)，单位为岁、mmHg、mg/dl 等
# raw → 原始
# centred → 中心化
# standardised → 标准化
# {name:13}mu {c[0]:.3g} L {c[-1]:.5g} kappa {kappas[name]:.3g} → =

# %% [markdown]
# The rows are the data as the clinic wrote it, with each column's mean subtracted, and
# standardised: divided by its standard deviation as well. Years and mg/dl in one table
# make a canyon; standardising makes it a valley.
#
# ## Your turn: the limit, from data

# %% [markdown] lang="zh" of="500f1b25"
# 三行分别是：诊所记下的原始数据；每列减去均值（中心化）；再除以标准差（标准化）。
# 年龄的“岁”和血脂的 mg/dl 混在一张表里，地形就成了峡谷；标准化之后才是山谷。
#
# ## 轮到你了：由数据求上限


# %% exercise="largest_stable_lr" points=2 minutes=6 level=3
def largest_stable_lr(x: torch.Tensor) -> float:
    """The limit 2/L for the mean of ½(y − x @ theta)².

    Args:
        x: features (n, d).

    Returns:
        The learning rate above which descent diverges.
    """
    ### BEGIN SOLUTION
    return 2 / float(torch.linalg.eigvalsh(x.T @ x / len(x))[-1])
    ### END SOLUTION


# %% [raw] lang="zh"
# The limit 2/L for the mean of ½(y − x @ theta)².
# → 对 ½(y − x @ theta)² 的均值，求上限 2/L。
# Args:
#     x: features (n, d).
# → Args:
#       x: 特征 (n, d)。
# Returns:
#     The learning rate above which descent diverges.
# → Returns:
#       超过它，下降就会发散的学习率。

# %% check="largest_stable_lr"
_got = largest_stable_lr(torch.ones(4, 1))
bm.expect.close(_got, 2.0, "four equal rows curve like one: divide XᵀX by the n rows")
_got = largest_stable_lr(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
bm.expect.close(
    _got, 1.0, "the steepest direction, the largest eigenvalue, sets the limit"
)
### BEGIN HIDDEN TESTS
_x = torch.tensor([[3.0, 1.0], [1.0, 3.0], [0.0, 0.0], [0.0, 0.0]])
bm.expect.close(
    largest_stable_lr(_x), 0.5, "the steepest direction may lie between axes"
)
_x = torch.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, 0.0]])
_want = 12 / (15 + math.sqrt(41))
bm.expect.close(largest_stable_lr(_x), _want, "the sum of a row is no eigenvalue")
_x = torch.tensor([[1.0, -2.0, 0.0, 4.0], [3.0, 1.0, -5.0, 2.0]])
_want = 8 / (60 + math.sqrt(18**2 + 4 * 9**2))
bm.expect.close(largest_stable_lr(_x), _want, "more features than examples")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# four equal rows curve like one: divide XᵀX by the n rows
# → 四行相同，曲率与一行无异：XᵀX 要除以行数 n
# the steepest direction, the largest eigenvalue, sets the limit
# → 上限由最陡的方向、也就是最大特征值决定
# the steepest direction may lie between axes → 最陡的方向未必沿着坐标轴
# the sum of a row is no eigenvalue → 一行之和不是特征值
# more features than examples → 特征比样本多

# %% [markdown] hint="largest_stable_lr"
# Differentiate the gradient $X^\top(X\theta-y)/n$ once more: what matrix is left?

# %% [markdown] lang="zh" of="4336b161"
# 把梯度 $X^\top(X\theta-y)/n$ 再求一次导，剩下的是哪个矩阵？

# %% [markdown] hint="largest_stable_lr"
# `torch.linalg.eigvalsh(H)` gives eigenvalues in rising order; $L$ is the last.

# %% [markdown] lang="zh" of="9af12eaa"
# `torch.linalg.eigvalsh(H)` 从小到大给出特征值，最后一个就是 $L$。


# %% mistake="largest_stable_lr" says="n rows"
def largest_stable_lr(x):
    return 2 / float(torch.linalg.eigvalsh(x.T @ x)[-1])


# %% mistake="largest_stable_lr" says="largest eigenvalue"
def largest_stable_lr(x):
    return 2 / float(torch.linalg.eigvalsh(x.T @ x / len(x))[0])


# %% mistake="largest_stable_lr" says="sum of a row"
def largest_stable_lr(x):
    return 2 / float(torch.linalg.matrix_norm(x.T @ x / len(x), math.inf))


# %% variant="largest_stable_lr"
def largest_stable_lr(x):
    return 2 * len(x) / torch.linalg.matrix_norm(x, 2).item() ** 2


# %% [raw] excuse="largest_stable_lr"
# x.T @ x → x @ x.T: both have the same largest eigenvalue


# %%
theta_star = torch.linalg.lstsq(X, y).solution  # the exact answer, to compare with


def error_after(factor, steps=2000):
    lr = factor * largest_stable_lr(X)
    start = torch.zeros(11)
    path = descend(lambda p: squared_error_gradient(p, X, y), start, lr, steps)
    return {"left": float((path[-1] - theta_star).norm() / theta_star.norm())}


bm.claim(
    "1% below 2/L the error shrinks; 1% above it explodes",
    lambda left: left < 1,
    error_after(0.99),
    control=error_after(1.01),
    against="1% above",
)

# %% [raw] lang="zh"
# the exact answer, to compare with → 精确答案，用来对照
# 1% below 2/L the error shrinks; 1% above it explodes
# → 比 2/L 小 1%，误差缩小；大 1%，误差爆炸
# 1% above → 大 1%

# %% [markdown]
# ## Your turn: how long will it take?
#
# With the best `lr`, $t$ steps leave at most $\rho^t$ of the error, where $\rho$ is in
# (\ref{best-lr}). How many steps until that is at most `tolerance`? Forecast first; we
# walk afterwards.

# %% [markdown] lang="zh" of="b078edc1"
# ## 轮到你了：要走多久？
#
# 用最好的 `lr`，走 $t$ 步后误差至多变为原来的 $\rho^t$ 倍，$\rho$ 见 (\ref{best-lr})。
# 要让它不超过 `tolerance`，需要多少步？先预测，再去走。


# %% exercise="steps_needed" points=2 minutes=6 level=3
def steps_needed(kappa: float, tolerance: float) -> int:
    """The fewest steps t with ρ^t ≤ tolerance, at the best learning rate.

    Args:
        kappa: condition number, at least 1, perhaps many millions: compute the steps
            instead of counting them.
        tolerance: part of the error that may be left, between 0 and 1.

    Returns:
        A whole number; 1 for a round bowl (kappa = 1).
    """
    ### BEGIN SOLUTION
    if kappa == 1:
        return 1  # rho is 0: one step lands at the bottom
    return math.ceil(math.log(tolerance) / math.log((kappa - 1) / (kappa + 1)))
    ### END SOLUTION


# %% [raw] lang="zh"
# The fewest steps t with ρ^t ≤ tolerance, at the best learning rate.
# → 学习率最好时，使 ρ^t ≤ tolerance 的最少步数 t。
# Args:
#     kappa: condition number, at least 1, perhaps many millions: compute the steps
#         instead of counting them.
#     tolerance: part of the error that may be left, between 0 and 1.
# → Args:
#       kappa: 条件数，不小于 1，可能是好几千万：步数要算，不要一步步数。
#       tolerance: 允许剩下的误差比例，介于 0 和 1 之间。
# Returns:
#     A whole number; 1 for a round bowl (kappa = 1).
# → Returns:
#       一个整数；正圆的碗（kappa = 1）为 1。
# rho is 0: one step lands at the bottom → rho 为 0：一步到碗底

# %% check="steps_needed"
_got = steps_needed(3.0, 0.2)
bm.expect.true(
    not isinstance(_got, float), "a whole number, to count steps: 3, not 3.0"
)
bm.expect.true(0.5**_got <= 0.2, f"{_got} steps are not enough for kappa = 3: round up")
bm.expect.equal(_got, 3, "more than needed: is your rate the best one, (κ−1)/(κ+1)?")
_got = steps_needed(3.0, 0.25)
bm.expect.equal(_got, 2, "two steps leave exactly a quarter, and that is allowed")
bm.expect.equal(steps_needed(1.0, 1e-9), 1, "a round bowl needs one step")
### BEGIN HIDDEN TESTS
bm.expect.equal(
    steps_needed(99.0, 1e-3), 342, "kappa = 99 keeps 0.98 of the error a step"
)
bm.expect.equal(steps_needed(3.0, 0.9), 1, "a loose tolerance")
bm.expect.equal(steps_needed(1.5, 1e-3), 5, "kappa may lie close to 1")
bm.expect.equal(steps_needed(5000.0, 1e-6), 34539, "a long valley takes many steps")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# {_got} steps are not enough for kappa = 3: round up
# → kappa = 3 时 {_got} 步还不够：要向上取整
# more than needed: is your rate the best one, (κ−1)/(κ+1)?
# → 多了：用的是最好的收敛率 (κ−1)/(κ+1) 吗？
# kappa = 99 keeps 0.98 of the error a step → kappa = 99 时每步剩 0.98 的误差
# a round bowl needs one step → 正圆的碗只要一步
# two steps leave exactly a quarter, and that is allowed
# → 两步恰好剩下四分之一，这是允许的
# a loose tolerance → 允许剩下的误差很大
# a whole number, to count steps: 3, not 3.0 → 要返回整数，好用来数步数：3，而不是 3.0
# kappa may lie close to 1 → kappa 可能接近 1
# a long valley takes many steps → 狭长的山谷要走很多步

# %% [markdown] hint="steps_needed"
# Take logarithms of $\rho^t\le\text{tolerance}$. Mind that $\ln\rho$ is negative.

# %% [markdown] lang="zh" of="63ac8a85"
# 对 $\rho^t\le\text{tolerance}$ 两边取对数。注意 $\ln\rho$ 是负的。

# %% [markdown] hint="steps_needed"
# $t\ge\ln\text{tolerance}/\ln\rho$, so use `math.ceil`. For $\kappa=1$, $\rho=0$ has no
# logarithm: answer 1 at once.

# %% [markdown] lang="zh" of="4cda8f03"
# $t\ge\ln\text{tolerance}/\ln\rho$，所以用 `math.ceil`。$\kappa=1$ 时 $\rho=0$，
# 取不了对数，直接返回 1。


# %% mistake="steps_needed" says="round up"
def steps_needed(kappa, tolerance):
    return int(math.log(tolerance) / math.log((kappa - 1) / (kappa + 1)))


# %% mistake="steps_needed" says="more than needed"
def steps_needed(kappa, tolerance):
    return math.ceil(math.log(tolerance) / math.log(1 - 1 / kappa))


# %% mistake="steps_needed" says="exactly a quarter"
def steps_needed(kappa, tolerance):
    if kappa == 1:
        return 1
    return int(math.log(tolerance) / math.log((kappa - 1) / (kappa + 1))) + 1


# %% mistake="steps_needed" says="whole number"
def steps_needed(kappa, tolerance):
    rho = (kappa - 1) / (kappa + 1)
    return np.ceil(np.log(tolerance) / np.log(rho)) if rho else 1.0


# %% variant="steps_needed"
def steps_needed(kappa, tolerance):
    rho, low, high = (kappa - 1) / (kappa + 1), 0, 1
    while rho**high > tolerance:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rho**middle > tolerance else (low, middle)
    return high


# %%
forecast = {name: steps_needed(kappas[name], 1e-6) for name in tables}
for name, steps in forecast.items():
    print(f"{name:13}{steps:>13,} steps")

# %% [raw] lang="zh"
# {name:13}{steps:>13,} steps → {name:13}{steps:>13,} 步

# %% [markdown]
# Now the test. We walk on the raw and on the standardised data, each with its own best
# `lr`, as many steps as were forecast for the standardised, and watch how far the loss
# still is above the least-squares minimum.

# %% [markdown] lang="zh" of="cfec6ed7"
# 现在来检验。原始数据和标准化数据各用自己最好的 `lr`，都走标准化数据预测的那么多步，
# 看损失离最小二乘的最小值还有多远。


# %%
def mean_loss(path, x):
    return 0.5 * ((y - path @ x.T) ** 2).mean(dim=1)  # (steps + 1,)


def walk_on(x, part=1.0):
    """Gaps of the loss and relative errors on the way; lr is part of the best one."""
    c, exact = curvatures(x), torch.linalg.lstsq(x, y).solution
    lr, steps = part * float(2 / (c[0] + c[-1])), forecast["standardised"]
    path = descend(
        lambda p: squared_error_gradient(p, x, y), torch.zeros(11), lr, steps
    )
    errors = (path - exact).norm(dim=1) / exact.norm()
    return path, mean_loss(path, x) - mean_loss(exact[None], x), errors


walks = {name: walk_on(tables[name]) for name in ("raw", "standardised")}

# %% [raw] lang="zh"
# Gaps of the loss and relative errors on the way; lr is part of the best one.
# → 沿途的损失差距和相对误差；lr 是最好的学习率的 part 倍。
# raw → 原始
# standardised → 标准化

# %% fold
fig, ax = plt.subplots()
for (name, (_, gap, _)), style in zip(walks.items(), ("--", "-"), strict=True):
    ax.loglog(np.arange(1, len(gap) + 1), gap.clamp(min=1e-12), style, label=name)
ax.set_xlabel("step + 1")
ax.set_ylabel("loss above its minimum")
ax.legend()
bm.show.figure(
    fig, alt="With raw features the loss stalls; standardised, it falls to nearly 0."
)

# %% [raw] lang="zh"
# step + 1 → 步数 + 1
# loss above its minimum → 损失高出最小值多少
# With raw features the loss stalls; standardised, it falls to nearly 0.
# → 用原始特征，损失停在高处；标准化后，损失降到极小。


# %%
def first_below(errors, tolerance=1e-6):
    """The first step with so small an error; the number of all if there is none."""
    return int((errors > tolerance).sum())


bm.claim(
    "Standardised, descent with the best lr is within a millionth of the least-squares "
    "solution no later than steps_needed says",
    lambda steps, forecast: steps <= forecast,
    {
        "steps": first_below(walks["standardised"][2]),
        "forecast": forecast["standardised"],
    },
    control={
        "steps": first_below(walk_on(X, part=0.5)[2]),
        "forecast": forecast["standardised"],
    },
    against="half that lr",
)
bm.claim(
    "Standardising cuts the condition number more than a thousandfold",
    lambda before, after: before > 1000 * after,
    {"before": kappas["raw"], "after": kappas["standardised"]},
    control={"before": kappas["raw"], "after": kappas["centred"]},
    against="subtracting the means alone",
)

# %% [raw] lang="zh"
# The first step with so small an error; the number of all if there is none.
# → 误差小到这个程度的第一步；若没有，就是全部点数。
# Standardised, descent with the best lr is within a millionth of the least-squares
# solution no later than steps_needed says
# → 标准化之后，梯度下降用最好的 lr，到达最小二乘解的百万分之一以内，
#   不晚于 steps_needed 给出的步数
# half that lr → lr 减半
# Standardising cuts the condition number more than a thousandfold
# → 标准化使条件数降到不足千分之一
# subtracting the means alone → 只减去均值
# standardised → 标准化
# raw → 原始
# centred → 中心化

# %% [markdown]
# ## With PyTorch
#
# `torch.optim.SGD` with the gradients of `.backward()` takes the very same steps.

# %% [markdown] lang="zh" of="c27243a9"
# ## 用 PyTorch
#
# `torch.optim.SGD` 配上 `.backward()` 求出的梯度，走的正是同样的每一步。


# %%
def library(momentum=0.0, steps=200):
    theta = torch.zeros(11, requires_grad=True)
    lr = float(2 / (curvatures(X)[0] + curvatures(X)[-1]))
    optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum)
    path = [theta.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * ((y - X @ theta) ** 2).mean()).backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return {"gap": (torch.stack(path) - walks["standardised"][0][:201]).abs().max()}


bm.claim(
    "Our loop and torch.optim.SGD agree at every one of 200 steps",
    lambda gap: gap < 1e-9,
    library(),
    control=library(momentum=0.1),
    against="SGD with momentum 0.1",
)

# %% [raw] lang="zh"
# standardised → 标准化
# Our loop and torch.optim.SGD agree at every one of 200 steps
# → 我们的循环与 torch.optim.SGD 在 200 步中步步一致
# SGD with momentum 0.1 → 动量为 0.1 的 SGD

# %% [markdown]
# ## When the valley is not the only one
#
# A network's loss is no single bowl. Here are two valleys and, between them, a **saddle
# point**, a pass where the gradient is 0 though it is no minimum:
# $J=\frac14(\theta_1^2-1)^2+\frac12\theta_2^2$.

# %% [markdown] lang="zh" of="2fd3c6d6"
# ## 不止一个山谷
#
# 神经网络的损失不是一只碗。这里有两个山谷，中间夹着一个**鞍点**：
# 它像山口，梯度为 0，却不是极小点。
# $J=\frac14(\theta_1^2-1)^2+\frac12\theta_2^2$。


# %% fold
def pass_gradient(p):
    return torch.stack([p[0] * (p[0] ** 2 - 1), p[1]])


starts = ([0.0, 1.3], [1e-3, 1.3], [-0.4, 1.3])
trips = [descend(pass_gradient, torch.tensor(s), 0.1, 150) for s in starts]
gx, gy = np.meshgrid(np.linspace(-1.6, 1.6, 120), np.linspace(-0.6, 1.5, 120))
fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
ax.contour(gx, gy, (gx**2 - 1) ** 2 / 4 + gy**2 / 2, 16, cmap="Greys")
for trip, style in zip(trips, ("s:", "o-", "^--"), strict=True):
    ax.plot(trip[:, 0], trip[:, 1], style, ms=3, lw=1, label=f"θ₁ = {trip[0, 0]:g}")
ax.set_xlabel("θ₁")
ax.set_ylabel("θ₂")
ax.legend(title="start", loc="center left", bbox_to_anchor=(1, 0.5))
bm.show.figure(
    fig,
    alt="Two valleys and a saddle. A start on the ridge ends at the saddle; one "
    "a thousandth to the right ends in the right valley, one to the left in the left.",
)
bm.claim(
    "A start 0.001 beside the ridge ends in a valley",
    lambda end: abs(abs(end) - 1) < 1e-3,
    {"end": trips[1][-1, 0]},
    control={"end": trips[0][-1, 0]},
    against="a start on the ridge",
)

# %% [raw] lang="zh"
# θ₁ → 参数 θ₁
# θ₂ → 参数 θ₂
# start → 起点
# Two valleys and a saddle. A start on the ridge ends at the saddle; one a thousandth to
# the right ends in the right valley, one to the left in the left.
# → 两个山谷和一个鞍点。正好从山脊上出发，停在鞍点；
#   偏右千分之一，落入右谷；偏左出发，落入左谷。
# A start 0.001 beside the ridge ends in a valley → 偏离山脊 0.001 出发，就落入山谷
# a start on the ridge → 正好从山脊上出发

# %% [markdown]
# Where you start decides where you end, and a little noise helps you off a saddle. The
# random batches of [stochastic gradients](lesson:stochastic-gradients) bring such noise
# along.
#
# ## What models use today
#
# Large models are trained by [AdamW](lesson:adaptive-methods) on random batches, not by
# plain descent on all the data. They meet a limit of the same kind, and one that moves:
# a network's $L$ changes with $\theta$. Train a small network by our loop and watch the
# largest eigenvalue of the Hessian.

# %% [markdown] lang="zh" of="b99f16ab"
# 从哪里出发，决定在哪里停下；一点点噪声就能帮你离开鞍点。
# [随机梯度](lesson:stochastic-gradients)每次随机取一批数据，正好带来这种噪声。
#
# ## 今天的模型用什么
#
# 大模型用 [AdamW](lesson:adaptive-methods) 在随机抽取的批上训练，
# 而不是用全部数据做单纯的梯度下降。
# 它们也有同一类上限，而且这个上限会动：$\theta$ 一变，网络的 $L$ 就变。
# 用我们的循环训练一个小网络，看黑塞矩阵的最大特征值怎样变化。


# %%
def network_loss(theta):
    """Half the mean squared error of a network of 8 tanh units, its 97 numbers flat."""
    W, b, w, c = theta[:80].view(8, 10), theta[80:88], theta[88:96], theta[96]
    target = (y - y.mean()) / y.std()
    return 0.5 * ((torch.tanh(standard @ W.T + b) @ w + c - target) ** 2).mean()


sharpness, rates = {}, (0.5, 0.7)
generator = torch.Generator().manual_seed(lab.seed)
start = torch.randn(97, generator=generator) / 5
for lr in rates:
    path = descend(torch.func.grad(network_loss), start, lr, 1500)
    hessians = [torch.func.hessian(network_loss)(p) for p in path[::100]]
    sharpness[lr] = [torch.linalg.eigvalsh(H)[-1].item() for H in hessians]

# %% [raw] lang="zh"
# Half the mean squared error of a network of 8 tanh units, its 97 numbers flat.
# → 有 8 个 tanh 单元的网络的均方误差之半，97 个数排成一列。

# %% fold
fig, ax = plt.subplots()
for (lr, values), style in zip(sharpness.items(), ("o-", "s--"), strict=True):
    ax.plot(range(0, 1501, 100), values, style, ms=4, label=f"lr = {lr}")
    ax.axhline(2 / lr, color="0.5", lw=1)
    ax.annotate(f"2/{lr}", (1520, 2 / lr), va="bottom", fontsize=9)
ax.set_xlabel("step")
ax.set_ylabel("largest curvature L")
ax.legend()
bm.show.figure(
    fig,
    alt="Largest curvature over 1500 steps at two learning rates: each rises to its "
    "own line at 2/lr and stays near it.",
)
bm.claim(
    "The largest curvature of a network ends within a tenth of 2/lr, at both rates",
    lambda curvature_over_limit: all(0.9 < r < 1.1 for r in curvature_over_limit),
    {"curvature_over_limit": [sharpness[lr][-1] * lr / 2 for lr in rates]},
    control={"curvature_over_limit": [sharpness[lr][0] * lr / 2 for lr in rates]},
    against="before training",
)

# %% [raw] lang="zh"
# lr = {lr} → =
# 2/{lr} → =
# step → 步
# largest curvature L → 最大曲率 L
# Largest curvature over 1500 steps at two learning rates: each rises to its own line at
# 2/lr and stays near it.
# → 两个学习率下 1500 步中的最大曲率：各自升到自己的 2/lr 线，然后停在附近。
# The largest curvature of a network ends within a tenth of 2/lr, at both rates
# → 在两个学习率下，网络的最大曲率最终都与 2/lr 相差不到十分之一
# before training → 训练之前

# %% [markdown]
# This is called the **edge of stability** (Cohen and others, 2021): training walks into
# steeper and steeper terrain until its own step size forbids more. (With a smaller rate
# it may not get as far as the line: try 0.2.) It is held to be one reason why the
# learning rates of large models are raised slowly at the start.
#
# ## What we learned
#
# - Against the gradient is the steepest way down (\ref{steepest}); the gradient of a
#   squared error is $(\hat y-y)\,\partial\hat y/\partial\theta$ (\ref{chain-rule}).
# - A formula is finished when it has run: check sign and factor by a few steps or by
#   finite differences, with an $h$ that is not too small.
# - The limit $2/L$ comes from the steepest direction, the number of steps from
#   $\kappa$. Standardise first.
# - The library does nothing else: our loop and `torch.optim.SGD` agree.
#
# ## Where next
#
# Draw a batch of 32 patients at each step and watch the path tremble; or add
# [momentum](lesson:optimizers) and count the steps again.
# [Backpropagation, derived](lesson:backpropagation) obtains
# $\partial\hat y/\partial\theta$ through many layers.
#
# ## Further reading
#
# - A. Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations
#   simultanées*: where it all began.
# - S. Boyd and L. Vandenberghe (2004), *Convex Optimization*, §9.3.
# - L. Bottou, F. Curtis and J. Nocedal (2018), *Optimization Methods for Large-Scale
#   Machine Learning*, SIAM Review 60(2).
# - J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar (2021), *Gradient Descent on
#   Neural Networks Typically Occurs at the Edge of Stability*, ICLR.
# - B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004), *Least Angle
#   Regression*: the data.

# %% [markdown] lang="zh" of="d3771b7e"
# 这叫作**稳定性边缘**（Cohen 等，2021）：训练会走进越来越陡的地带，
# 直到自己的步长不允许再陡为止。（学习率更小时，曲率可能到不了这条线：试试 0.2。）
# 训练大模型时，学习率要慢慢升高，人们认为这也是原因之一。
#
# ## 学到了什么
#
# - 逆着梯度下降最快 (\ref{steepest})；平方误差的梯度是
#   $(\hat y-y)\,\partial\hat y/\partial\theta$ (\ref{chain-rule})。
# - 公式跑过才算完：走几步，或用有限差分，查一查符号和因子；$h$ 不要取得太小。
# - 上限 $2/L$ 由最陡的方向定，步数由 $\kappa$ 定。先标准化。
# - 库里做的也就是这些：我们的循环与 `torch.optim.SGD` 步步一致。
#
# ## 下一步
#
# 每步随机抽 32 位病人，看路径怎样抖动；
# 或者加上[动量](lesson:optimizers)，再数一数步数。
# [反向传播的推导](lesson:backpropagation)讲神经网络有许多层时，
# $\partial\hat y/\partial\theta$ 怎么求。
#
# ## 延伸阅读
#
# - A. Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations
#   simultanées*：一切从这里开始。
# - S. Boyd, L. Vandenberghe (2004), *Convex Optimization*, §9.3.
# - L. Bottou, F. Curtis, J. Nocedal (2018), *Optimization Methods for Large-Scale
#   Machine Learning*, SIAM Review 60(2).
# - J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar (2021), *Gradient Descent on
#   Neural Networks Typically Occurs at the Edge of Stability*, ICLR.
# - B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), *Least Angle Regression*：
#   数据出处。
