# ---
# slug: gradient-descent
# title: {en: "Gradient descent, derived", zh: 梯度下降的推导}
# section: "4.2.1"
# minutes: 70
# needs: []
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
#   d: direction or number of features
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
# but you can feel the slope under your feet. Every large model is trained in this way:
# feel the slope, take a small step down, repeat. This lesson derives that step, finds
# out how large it may be, and tests it on 442 real patients.

# %% [markdown] lang="zh" of="55243484"
# 大雾天，你站在山坡上，想走到谷底。谷底看不见，但脚下的坡度感觉得到。
# 再大的模型也是这样训练的：
# 感受坡度，向下迈一小步，如此反复。这一课要推出这一步的公式，弄清步子最大能迈多大，
# 再拿 442 位真实病人的数据检验。

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
# ## 感受坡度
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
# how $J$ changes along a direction $d$:
#
# $$\lim_{h\to0}\frac{J(\theta+hd)-J(\theta)}{h}=\nabla J(\theta)\cdot d
# \label{first-order}$$

# %% [markdown] lang="zh" of="9e92d1f2"
# 近处，直尺与曲线几乎重合；远处就分道扬镳了。所以坡度可以信，但只能信一小步。
#
# ## 哪个方向最陡？
#
# 参数一多，直尺就成了平面。一阶泰勒展开告诉我们，沿方向 $d$ 走时 $J$ 怎样变化：
#
# $$\lim_{h\to0}\frac{J(\theta+hd)-J(\theta)}{h}=\nabla J(\theta)\cdot d
# \label{first-order}$$


# %% equation="first-order" of="52055190"
def hill(p):
    return torch.sin(p[0]) + 0.5 * p[0] * p[1] + p[1] ** 2


theta = torch.tensor([0.7, -0.4], requires_grad=True)
(slope,) = torch.autograd.grad(hill(theta), theta)
d, h = torch.tensor([0.6, 0.8]), 1e-6
with torch.no_grad():
    bm.equation(
        "first-order", (hill(theta + h * d) - hill(theta)) / h, slope @ d, atol=1e-5
    )

# %% [markdown]
# Among all directions of length 1, which one goes down fastest? By the Cauchy–Schwarz
# inequality $\nabla J\cdot d \ge -\lVert\nabla J\rVert$, with equality exactly when $d$
# points against the gradient:
#
# $$\min_{\lVert d\rVert=1}\nabla J\cdot d=-\lVert\nabla J\rVert \label{steepest}$$
#
# Let us try ten thousand directions.

# %% [markdown] lang="zh" of="fb525914"
# 在所有长度为 1 的方向里，哪个下降最快？由柯西–施瓦茨不等式，
# $\nabla J\cdot d \ge -\lVert\nabla J\rVert$，当且仅当 $d$ 与梯度反向时取等号：
#
# $$\min_{\lVert d\rVert=1}\nabla J\cdot d=-\lVert\nabla J\rVert \label{steepest}$$
#
# 试它一万个方向。

# %% equation="steepest" of="766f4e4b"
angle = torch.linspace(0, 2 * math.pi, 10_000)
directions = torch.stack([angle.cos(), angle.sin()], dim=1)  # (10000, 2)
bm.equation("steepest", (directions @ slope).min(), -slope.norm(), atol=1e-6)

# %% [markdown]
# That is the whole idea. Step against the gradient, with a learning rate `lr` (the
# document's $\alpha$) for the length:
#
# $$\theta\leftarrow\theta-\mathrm{lr}\,\nabla J(\theta)$$
#
# ## A printed formula, put to the test
#
# For $J=\frac12(y-\hat y)^2$ the document prints:

# %% [markdown] lang="zh" of="6725035f"
# 要点就这么多：逆着梯度走，步子的大小由学习率 `lr`（原文的 $\alpha$）决定：
#
# $$\theta\leftarrow\theta-\mathrm{lr}\,\nabla J(\theta)$$
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
# differentiates the left side, autograd too, and finite differences need no calculus.

# %% [markdown] lang="zh" of="4a0fed08"
# 左图中，原文的一步在往上走：符号反了。只把符号改过来，左边好了，右边却不行，
# 因为还少了点东西。
# （原文的规则在右边能下降，不过是两处疏漏恰好抵消。）$\hat y$ 随 $\theta$ 变化，
# 所以链式法则还要留下一个因子：
#
# $$\nabla_\theta\tfrac12(y-\hat y)^2=(\hat y-y)\,\frac{\partial\hat y}{\partial\theta}
# \label{chain-rule}$$
#
# 换一个弯曲的模型 $\hat y=b\tanh(ax)$，用三种互不相干的办法核对：SymPy 对左边求导，
# 自动微分也求一遍，有限差分则根本不用微积分。

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
printed, sign_only = walk("printed", 2.0), walk("sign only", -2.0)
both = [walk("chain rule", x)[-1] for x in (2.0, -2.0)]
bm.claim(
    "The step as printed climbs the loss",
    printed[-1] > printed[0],
    before=printed[0],
    after=printed[-1],
)
bm.claim(
    "The right sign without ∂ŷ/∂θ climbs too, when x is negative",
    sign_only[-1] > sign_only[0],
    before=sign_only[0],
    after=sign_only[-1],
)
bm.claim(
    "With sign and factor right, the loss falls for either sign of x",
    all(walk("chain rule", x)[-1] < walk("chain rule", x)[0] for x in (2.0, -2.0)),
    after=both,
)

# %% [raw] lang="zh"
# printed → 原文
# sign only → 只改符号
# chain rule → 链式法则
# The step as printed climbs the loss → 照原文走，损失上升
# The right sign without ∂ŷ/∂θ climbs too, when x is negative
# → 符号对了却少了 ∂ŷ/∂θ，x 为负时损失照样上升
# With sign and factor right, the loss falls for either sign of x
# → 符号与因子都对，x 不论正负损失都下降

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
_x, _y = torch.randn(7, 4, generator=_g), torch.randn(7, generator=_g)
_theta = torch.randn(4, generator=_g, requires_grad=True)
(_want,) = torch.autograd.grad(0.5 * ((_y - _x @ _theta) ** 2).mean(), _theta)
_got = squared_error_gradient(_theta.detach(), _x, _y)
bm.expect.close(_got, _want, "seven examples, four features: compare with autograd")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one entry a parameter: where is the factor ∂ŷ/∂θ = x?
# → 每个参数对应一个分量：因子 ∂ŷ/∂θ = x 在哪里？
# a small step against your gradient goes uphill: ŷ − y or y − ŷ?
# → 逆着你的梯度走一小步，损失反而上升：是 ŷ − y 还是 y − ŷ？
# is it the gradient of the mean of ½(y−ŷ)², not of the sum?
# → 求的是 ½(y−ŷ)² 的均值的梯度吗？不是总和
# seven examples, four features: compare with autograd
# → 七个样本、四个特征：与自动微分比一比

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


# %% variant="squared_error_gradient"
def squared_error_gradient(theta, x, y):
    residual = torch.einsum("nd,d->n", x, theta) - y
    return (residual[:, None] * x).mean(dim=0)


# %% [markdown]
# ## Your turn: a check that needs no calculus
#
# A central difference measures a slope by stepping a little to both sides. It catches
# the two slips above at once, in any formula you will ever derive.

# %% [markdown] lang="zh" of="e896b3a4"
# ## 轮到你了：不用微积分的检查
#
# 中心差分向两边各挪一点点，直接量出坡度。上面两处疏漏，它一下就能查出来；
# 以后无论推导什么公式，都可以用它核对。


# %% exercise="finite_difference" points=3 minutes=8 level=3
def finite_difference(f, theta: torch.Tensor, h: float = 1e-5) -> torch.Tensor:
    """Gradient of f at theta by central differences.

    Args:
        f: takes a tensor like theta, returns a number.
        theta: parameters of any shape; left unchanged.
        h: how far to step to each side.

    Returns:
        A tensor of theta's shape.
    """
    ### BEGIN SOLUTION
    slopes = torch.zeros(theta.shape)
    for i in np.ndindex(*theta.shape):
        step = torch.zeros(theta.shape)
        step[i] = h
        slopes[i] = (f(theta + step) - f(theta - step)) / (2 * h)
    return slopes
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradient of f at theta by central differences. → 用中心差分求 f 在 theta 处的梯度。
# Args:
#     f: takes a tensor like theta, returns a number.
#     theta: parameters of any shape; left unchanged.
#     h: how far to step to each side.
# → Args:
#       f: 接受与 theta 同形的张量，返回一个数。
#       theta: 任意形状的参数，不得改动。
#       h: 向每一边挪多远。
# Returns:
#     A tensor of theta's shape.
# → Returns:
#       与 theta 同形的张量。

# %% check="finite_difference"
_got = finite_difference(lambda t: 3 * t[0], torch.tensor([2.0]))
bm.expect.close(
    _got, torch.tensor([3.0]), "divide by the distance of the two points, 2h"
)
_got = finite_difference(lambda t: t[0] - 2 * t[1], torch.tensor([1.0, 5.0]))
bm.expect.close(_got, torch.tensor([1.0, -2.0]), "move one entry at a time")
_got = finite_difference(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0]), h=1e-3)
bm.expect.close(
    _got, torch.tensor([3.0, 12.0]), "step to both sides, θ+h and θ−h", atol=1e-5
)
### BEGIN HIDDEN TESTS
_theta = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])
_before = _theta.clone()
_got = finite_difference(lambda t: t[0] @ t[1] + t[0, 0] ** 2, _theta)
bm.expect.close(_theta, _before, "theta itself must not change")
_want = torch.tensor([[2.0, 3.0, 1.0], [1.0, -2.0, 0.5]])
bm.expect.close(_got, _want, "theta may have rows and columns")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# divide by the distance of the two points, 2h → 要除以两点间的距离 2h
# move one entry at a time → 每次只挪一个分量
# step to both sides, θ+h and θ−h → 两边都要挪：θ+h 和 θ−h
# theta itself must not change → theta 本身不能变
# theta may have rows and columns → theta 可以有行有列

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


# %% variant="finite_difference"
def finite_difference(f, theta, h=1e-5):
    basis = h * torch.eye(theta.numel()).reshape(-1, *theta.shape)
    pairs = [(float(f(theta + e)), float(f(theta - e))) for e in basis]
    slopes = [(up - down) / (2 * h) for up, down in pairs]
    return torch.tensor(slopes).reshape(theta.shape)


# %% [markdown]
# ## Your turn: the loop
#
# Four lines train every network. Keep the whole path, so that we can draw it.

# %% [markdown] lang="zh" of="5aca039b"
# ## 轮到你了：循环
#
# 再大的网络，训练起来也就是这四行。把整条路径留下来，好画图。


# %% exercise="descend" points=3 minutes=6 level=2
def descend(grad, theta: torch.Tensor, lr: float, steps: int) -> torch.Tensor:
    """Walk downhill and remember the way.

    Args:
        grad: takes theta (d,), returns the gradient (d,).
        theta: where to start (d,); left unchanged.
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
#     theta: where to start (d,); left unchanged.
#     lr: learning rate.
#     steps: how many steps to take.
# → Args:
#       grad: 接受 theta (d,)，返回梯度 (d,)。
#       theta: 起点 (d,)，不得改动。
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
bm.expect.close(_got[-1], torch.ones(3), "lr = 1 reaches this bowl's bottom at once")
bm.expect.close(_start, torch.tensor([2.0, -1.0, 4.0]), "theta itself must not change")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# two steps make three points: the start is the first row → 走两步有三个点：第一行是起点
# the start has changed: keep a copy of each point → 起点变了：每个点都要另存一份
# go downhill: subtract lr times the gradient at the new point
# → 往下坡走：减去 lr 乘以新位置的梯度
# no step: only the start → 一步不走：只有起点
# lr = 1 reaches this bowl's bottom at once → lr = 1 时一步就到这只碗的碗底
# theta itself must not change → theta 本身不能变

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


# %% mistake="descend" says="copy"
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


# %% variant="descend"
def descend(grad, theta, lr, steps):
    path = torch.empty(steps + 1, len(theta))
    path[0] = theta
    for k in range(steps):
        path[k + 1] = path[k] - lr * grad(path[k])
    return path


# %% [markdown]
# ## How far may one step?
#
# Take a bowl $J(\theta)=\frac12\theta^\top H\theta$ whose curvatures, the eigenvalues
# of $H$, lie between $\mu$ (flattest) and $L$ (steepest). Move the slider: too small
# crawls, too large zigzags, and a little more flies out.

# %% [markdown] lang="zh" of="3aff19bc"
# ## 一步能迈多远？
#
# 取一只碗 $J(\theta)=\frac12\theta^\top H\theta$，它的曲率，也就是 $H$ 的特征值，
# 介于 $\mu$（最平）与 $L$（最陡）之间。拖动滑块看看：太小像蜗牛，太大走之字，
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
# What did we see? Each step multiplies the error $e=\theta-\theta^*$ by a matrix, and
# in the eigenvectors' axes $Q$ each part simply shrinks by its own factor:
#
# $$e_t=Q\,(I-\mathrm{lr}\,\Lambda)^t\,Q^\top e_0 \label{error-path}$$

# %% [markdown] lang="zh" of="4f3398e9"
# 刚才看到了什么？每走一步，误差 $e=\theta-\theta^*$ 就乘上一个矩阵；
# 换到特征向量的坐标系 $Q$ 里，
# 每个分量只按自己的因子缩小：
#
# $$e_t=Q\,(I-\mathrm{lr}\,\Lambda)^t\,Q^\top e_0 \label{error-path}$$

# %% equation="error-path" of="84625b25"
generator = torch.Generator().manual_seed(lab.seed)
M = torch.randn(5, 5, generator=generator)
K = M @ M.T + 0.5 * torch.eye(5)  # any symmetric bowl
curvature, Q = torch.linalg.eigh(K)
mu, L = curvature[0], curvature[-1]
e0, lr = torch.ones(5), 1 / L
by_steps = descend(lambda p: K @ p, e0, lr, 20)[-1]
bm.equation("error-path", by_steps, Q @ ((1 - lr * curvature) ** 20 * (Q.T @ e0)))

# %% [raw] lang="zh"
# any symmetric bowl → 任意对称的碗形函数

# %% [markdown]
# So the worst factor sets the pace. One step shrinks an error at least by
#
# $$\rho(\mathrm{lr})=\lVert I-\mathrm{lr}\,H\rVert_2=\max_i|1-\mathrm{lr}\,\lambda_i|
# \label{rate}$$
#
# It is below 1 exactly when $0<\mathrm{lr}<2/L$: **the steepest direction sets the
# limit, the flattest one sets the patience**.

# %% [markdown] lang="zh" of="c9117890"
# 于是最差的那个因子决定快慢。一步之后，误差至多剩下
#
# $$\rho(\mathrm{lr})=\lVert I-\mathrm{lr}\,H\rVert_2=\max_i|1-\mathrm{lr}\,\lambda_i|
# \label{rate}$$
#
# 倍。当且仅当 $0<\mathrm{lr}<2/L$ 时它小于 1：**最陡的方向定上限，最平的方向磨耐心**。

# %% equation="rate" of="65f34091"
rates = torch.linspace(0.05, 2.4, 30) / L
left = torch.stack([torch.linalg.matrix_norm(torch.eye(5) - r * K, 2) for r in rates])
right = (1 - rates[:, None] * curvature).abs().amax(dim=1)
bm.equation("rate", left, right, atol=1e-12)

# %% [markdown]
# The best `lr` makes the two ends equally slow, $1-\mathrm{lr}\,\mu=\mathrm{lr}\,L-1$.
# With the condition number $\kappa=L/\mu$:
#
# $$\Bigl(\arg\min_{\mathrm{lr}}\rho,\ \min_{\mathrm{lr}}\rho\Bigr)
# =\Bigl(\frac{2}{L+\mu},\ \frac{\kappa-1}{\kappa+1}\Bigr) \label{best-lr}$$

# %% [markdown] lang="zh" of="6e72cad0"
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
# The best step lies close to the cliff, so in practice one stays a little below it. For
# losses that are no bowls, the same $L$ (the largest curvature anywhere) still gives a
# promise, the descent lemma:
#
# $$J(\theta-\mathrm{lr}\,\nabla J)\le J(\theta)
# -\mathrm{lr}\Bigl(1-\frac{L\,\mathrm{lr}}2\Bigr)\lVert\nabla J\rVert^2
# \label{descent}$$
#
# We test it on $J(\theta)=\sum\ln\cosh\theta_i$, whose curvature is never above 1: the
# amount by which it is broken must be 0 in a thousand places.

# %% [markdown] lang="zh" of="aad57c92"
# 最好的步长离悬崖很近，所以实践中总要留点余量。损失不是碗形时，同一个 $L$
# （各处曲率的最大值）仍能给出保证，这就是下降引理：
#
# $$J(\theta-\mathrm{lr}\,\nabla J)\le J(\theta)
# -\mathrm{lr}\Bigl(1-\frac{L\,\mathrm{lr}}2\Bigr)\lVert\nabla J\rVert^2
# \label{descent}$$
#
# 拿 $J(\theta)=\sum\ln\cosh\theta_i$ 来试，它的曲率不超过 1：
# 随机取一千个点，不等式被违反的量应当处处为 0。

# %% equation="descent" of="4c607444"
points = 3 * torch.randn(1000, 4, generator=generator)
lr = 2 * torch.rand(1000, generator=generator)  # anywhere between 0 and 2/L
grads = points.tanh()
after = (points - lr[:, None] * grads).cosh().log().sum(dim=1)
promised = points.cosh().log().sum(dim=1) - lr * (1 - lr / 2) * (grads**2).sum(dim=1)
bm.equation("descent", (after - promised).clamp(min=0), torch.zeros(1000), atol=1e-12)

# %% [raw] lang="zh"
# anywhere between 0 and 2/L → 0 与 2/L 之间的任意值

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


for x in (X_raw, X):
    c = curvatures(x)
    print(f"mu {c[0]:.3g}   L {c[-1]:.5g}   kappa {c[-1] / c[0]:.3g}")

# %% [raw] lang="zh"
# (442, 10), in years, mmHg, mg/dl, ... → (442, 10)，单位为岁、mmHg、mg/dl 等
# mu {c[0]:.3g} L {c[-1]:.5g} kappa {c[-1] / c[0]:.3g} → =

# %% [markdown]
# The first row is the data as the clinic wrote it, the second after standardising each
# column. Years and mg/dl in one table make a canyon; standardising makes a valley.
#
# ## Your turn: the limit, from data

# %% [markdown] lang="zh" of="7bd23d52"
# 第一行是诊所记下的原始数据，第二行是每列标准化之后。年龄的“岁”和血脂的 mg/dl
# 混在一张表里，地形就成了峡谷；标准化之后才是山谷。
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
### END HIDDEN TESTS

# %% [raw] lang="zh"
# four equal rows curve like one: divide XᵀX by the n rows
# → 四行相同，曲率与一行无异：XᵀX 要除以行数 n
# the steepest direction, the largest eigenvalue, sets the limit
# → 上限由最陡的方向、也就是最大特征值决定
# the steepest direction may lie between axes → 最陡的方向未必沿着坐标轴

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


# %% variant="largest_stable_lr"
def largest_stable_lr(x):
    return 2 * len(x) / torch.linalg.matrix_norm(x, 2).item() ** 2


# %%
theta_star = torch.linalg.lstsq(X, y).solution  # the exact answer, to compare with


def error_after(factor, steps=2000):
    lr = factor * largest_stable_lr(X)
    start = torch.zeros(11)
    path = descend(lambda p: squared_error_gradient(p, X, y), start, lr, steps)
    return float((path[-1] - theta_star).norm() / theta_star.norm())


under, over = error_after(0.99), error_after(1.01)
bm.claim(
    "1% below 2/L the error shrinks, 1% above it explodes",
    under < 1 < over,
    below=under,
    above=over,
)

# %% [raw] lang="zh"
# the exact answer, to compare with → 精确答案，用来对照
# 1% below 2/L the error shrinks, 1% above it explodes
# → 比 2/L 小 1%，误差缩小；大 1%，误差爆炸

# %% [markdown]
# ## Your turn: how long will it take?
#
# With the best `lr`, $t$ steps leave at most $\rho^t$ of the error, where $\rho$ is in
# (\ref{best-lr}). How many steps until that is at most `tolerance`?

# %% [markdown] lang="zh" of="5bb09469"
# ## 轮到你了：要走多久？
#
# 用最好的 `lr`，走 $t$ 步后误差至多剩 $\rho^t$，$\rho$ 见 (\ref{best-lr})。
# 要让它不超过 `tolerance`，需要多少步？


# %% exercise="steps_needed" points=2 minutes=6 level=3
def steps_needed(kappa: float, tolerance: float) -> int:
    """The fewest steps t with ρ^t ≤ tolerance, at the best learning rate.

    Args:
        kappa: condition number, at least 1.
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
#     kappa: condition number, at least 1.
#     tolerance: part of the error that may be left, between 0 and 1.
# → Args:
#       kappa: 条件数，不小于 1。
#       tolerance: 允许剩下的误差比例，介于 0 和 1 之间。
# Returns:
#     A whole number; 1 for a round bowl (kappa = 1).
# → Returns:
#       一个整数；正圆的碗（kappa = 1）为 1。
# rho is 0: one step lands at the bottom → rho 为 0：一步到碗底

# %% check="steps_needed"
_got = steps_needed(3.0, 0.2)
bm.expect.true(0.5**_got <= 0.2, f"{_got} steps are not enough for kappa = 3: round up")
bm.expect.equal(_got, 3, "more than needed: is your rate the best one, (κ−1)/(κ+1)?")
### BEGIN HIDDEN TESTS
bm.expect.equal(
    steps_needed(99.0, 1e-3), 342, "kappa = 99 keeps 0.98 of the error a step"
)
bm.expect.equal(steps_needed(1.0, 1e-9), 1, "a round bowl needs one step")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# {_got} steps are not enough for kappa = 3: round up
# → kappa = 3 时 {_got} 步还不够：要向上取整
# more than needed: is your rate the best one, (κ−1)/(κ+1)?
# → 多了：用的是最好的收敛率 (κ−1)/(κ+1) 吗？
# kappa = 99 keeps 0.98 of the error a step → kappa = 99 时每步剩 0.98 的误差
# a round bowl needs one step → 正圆的碗只要一步

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


# %% variant="steps_needed"
def steps_needed(kappa, tolerance):
    rho, steps = (kappa - 1) / (kappa + 1), 1
    while rho**steps > tolerance:
        steps += 1
    return steps


# %%
kappas, forecast = {}, {}
for name, x in (("raw", X_raw), ("standardised", X)):
    c = curvatures(x)
    kappas[name] = float(c[-1] / c[0])
    forecast[name] = steps_needed(kappas[name], 1e-6)
    print(f"{name:13}{forecast[name]:>13,} steps")

# %% [raw] lang="zh"
# raw → 原始
# standardised → 标准化
# {name:13}{forecast[name]:>13,} steps → {name:13}{forecast[name]:>13,} 步

# %% [markdown]
# A forecast is worth a test. We walk both, each with its own best `lr`, and watch how
# far the loss still is above the least-squares minimum.

# %% [markdown] lang="zh" of="7739327a"
# 预测准不准，试了才知道。两边各用自己最好的 `lr` 走，看损失离最小二乘的最小值还有多远。


# %%
def mean_loss(path, x):
    return 0.5 * ((y - path @ x.T) ** 2).mean(dim=1)  # (steps + 1,)


paths, gaps = {}, {}
for name, x in (("raw", X_raw), ("standardised", X)):
    c, exact = curvatures(x), torch.linalg.lstsq(x, y).solution
    start, lr = torch.zeros(11), float(2 / (c[0] + c[-1]))
    paths[name] = descend(
        lambda p, x=x: squared_error_gradient(p, x, y),
        start,
        lr,
        forecast["standardised"],
    )
    gaps[name] = mean_loss(paths[name], x) - mean_loss(exact[None], x)

# %% [raw] lang="zh"
# raw → 原始
# standardised → 标准化

# %% fold
fig, ax = plt.subplots()
for (name, gap), style in zip(gaps.items(), ("--", "-"), strict=True):
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
errors = (paths["standardised"] - theta_star).norm(dim=1) / theta_star.norm()
measured = int((errors <= 1e-6).nonzero()[0])
bm.claim(
    "The forecast holds: no more steps than steps_needed says",
    measured <= forecast["standardised"],
    measured=measured,
    forecast=forecast["standardised"],
)
bm.claim(
    "From zero, descent reaches the least-squares solution to one part in a million",
    errors[-1] <= 1e-6,
    relative_error=errors[-1],
)
bm.claim(
    "Standardising cuts the condition number more than a thousandfold",
    kappas["raw"] > 1000 * kappas["standardised"],
    raw=kappas["raw"],
    standardised=kappas["standardised"],
)

# %% [raw] lang="zh"
# standardised → 标准化
# The forecast holds: no more steps than steps_needed says
# → 预测成立：步数不超过 steps_needed 给出的数
# From zero, descent reaches the least-squares solution to one part in a million
# → 从零出发，梯度下降走到最小二乘解，相对误差不超过百万分之一
# Standardising cuts the condition number more than a thousandfold
# → 标准化使条件数降到不足千分之一
# raw → 原始

# %% [markdown]
# ## As professionals write it
#
# `torch.optim.SGD` with autograd's gradients takes the very same steps.

# %% [markdown] lang="zh" of="ac8c325c"
# ## 行家的写法
#
# `torch.optim.SGD` 配上自动微分求出的梯度，走的正是同样的每一步。

# %%
theta = torch.zeros(11, requires_grad=True)
optimizer = torch.optim.SGD([theta], lr=lr)  # the lr of the standardised run
library = [theta.detach().clone()]
for _ in range(200):
    optimizer.zero_grad()
    (0.5 * ((y - X @ theta) ** 2).mean()).backward()
    optimizer.step()
    library.append(theta.detach().clone())
gap = (torch.stack(library) - paths["standardised"][:201]).abs().max()
bm.claim(
    "Our loop and torch.optim.SGD agree at every one of 200 steps",
    gap < 1e-9,
    gap=gap,
)

# %% [raw] lang="zh"
# the lr of the standardised run → 标准化那一次的 lr
# standardised → 标准化
# Our loop and torch.optim.SGD agree at every one of 200 steps
# → 我们的循环与 torch.optim.SGD 在 200 步中步步一致

# %% [markdown]
# ## When the valley is not the only one
#
# A network's loss is no single bowl. Here are two valleys and, between them, a saddle:
# a pass that is flat underfoot but is no minimum,
# $J=\frac14(\theta_1^2-1)^2+\frac12\theta_2^2$.

# %% [markdown] lang="zh" of="c9dc49bd"
# ## 不止一个山谷
#
# 神经网络的损失不是一只碗。这里有两个山谷，中间夹着一个鞍点：脚下是平的，却不是极小值。
# $J=\frac14(\theta_1^2-1)^2+\frac12\theta_2^2$。


# %% fold
def pass_gradient(p):
    return torch.stack([p[0] * (p[0] ** 2 - 1), p[1]])


starts = ([0.0, 1.3], [1e-3, 1.3], [-0.4, 1.3])
trips = [descend(pass_gradient, torch.tensor(s), 0.1, 150) for s in starts]
gx, gy = np.meshgrid(np.linspace(-1.6, 1.6, 120), np.linspace(-0.6, 1.5, 120))
fig, ax = plt.subplots(figsize=(6, 4))
ax.contour(gx, gy, (gx**2 - 1) ** 2 / 4 + gy**2 / 2, 16, cmap="Greys")
for trip, style in zip(trips, ("s:", "o-", "^--"), strict=True):
    ax.plot(trip[:, 0], trip[:, 1], style, ms=3, lw=1, label=f"θ₁ = {trip[0, 0]:g}")
ax.set_xlabel("θ₁")
ax.set_ylabel("θ₂")
ax.legend(title="start")
bm.show.figure(
    fig,
    alt="Two valleys and a saddle. A start on the ridge ends at the saddle; one "
    "a thousandth to the right ends in the right valley, one to the left in the left.",
)
bm.claim(
    "A start on the ridge stays at the saddle; a push of 0.001 ends in a valley",
    trips[0][-1].norm() < 1e-3 and abs(trips[1][-1, 0] - 1) < 1e-3,
    ridge=trips[0][-1],
    pushed=trips[1][-1],
)

# %% [raw] lang="zh"
# θ₁ → 参数 θ₁
# θ₂ → 参数 θ₂
# start → 起点
# Two valleys and a saddle. A start on the ridge ends at the saddle; one a thousandth to
# the right ends in the right valley, one to the left in the left.
# → 两个山谷和一个鞍点。正好从山脊上出发，停在鞍点；
#   偏右千分之一，落入右谷；偏左出发，落入左谷。
# A start on the ridge stays at the saddle; a push of 0.001 ends in a valley
# → 从山脊出发会停在鞍点；推一下 0.001，就落入山谷

# %% [markdown]
# Where you start decides where you end, and a little noise helps you off a saddle. The
# random batches of stochastic gradient descent bring such noise for nothing.
#
# ## What we learned
#
# - Against the gradient is the steepest way down (\ref{steepest}); the gradient of a
#   squared error is $(\hat y-y)\,\partial\hat y/\partial\theta$ (\ref{chain-rule}).
# - A formula is finished when it has run: check sign and factor by a few steps or by
#   finite differences.
# - The limit $2/L$ comes from the steepest direction, the number of steps from
# $\kappa$.   Standardise first.
# - The library does nothing else: our loop and `torch.optim.SGD` agree.
#
# **Try next:** draw a batch of 32 patients at each step and watch the path tremble; add
# momentum and count the steps again. The next idea, back-propagation (§4.2.2), is how
# to obtain $\partial\hat y/\partial\theta$ through many layers.
#
# **Further reading.** A. Cauchy, *Méthode générale pour la résolution des systèmes
# d'équations simultanées*, 1847, where it all began. S. Boyd and L. Vandenberghe,
# *Convex Optimization*, 2004, §9.3. Y. Nesterov, *Introductory Lectures on Convex
# Optimization*, 2004. I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, 2016,
# §4.3. Data: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, *Least Angle
# Regression*, 2004.

# %% [markdown] lang="zh" of="fa01a23a"
# 从哪里出发，决定在哪里停下；一点点噪声就能帮你离开鞍点。
# 随机梯度下降每次随机取一批数据，
# 白送的正是这种噪声。
#
# ## 学到了什么
#
# - 逆着梯度下降最快 (\ref{steepest})；平方误差的梯度是
#   $(\hat y-y)\,\partial\hat y/\partial\theta$ (\ref{chain-rule})。
# - 公式跑过才算完：走几步，或用有限差分，查一查符号和因子。
# - 上限 $2/L$ 由最陡的方向定，步数由 $\kappa$ 定。先标准化。
# - 库里做的也就是这些：我们的循环与 `torch.optim.SGD` 步步一致。
#
# **接着试试：** 每步随机抽 32 位病人，看路径怎样抖动；加上动量，再数一数步数。
# 接下来是反向传播（§4.2.2）：网络有许多层时，$\partial\hat y/\partial\theta$ 怎么求。
#
# **延伸阅读。** A. Cauchy，*Méthode générale pour la résolution des
# systèmes d'équations
# simultanées*，1847，一切从这里开始。S. Boyd、L. Vandenberghe，*Convex Optimization*，
# 2004，§9.3。Y. Nesterov，*Introductory Lectures on Convex Optimization*，2004。
# I. Goodfellow、Y. Bengio、A. Courville，*Deep Learning*，2016，§4.3。数据：B. Efron、
# T. Hastie、I. Johnstone、R. Tibshirani，*Least Angle Regression*，2004。
