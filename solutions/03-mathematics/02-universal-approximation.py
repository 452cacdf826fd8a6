# ---
# slug: universal-approximation
# title: {en: Any curve from straight pieces, zh: 用直线段画任意曲线}
# section: "4.1.1"
# minutes: 75
# needs: [networks-as-functions]
# introduces: [universal approximation]
# data: []
# extras: []
# gpu: false  # too small for one: full is the same as workshop
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   J: loss
#   W: weights of a layer
#   b: bias of a layer
#   k: number of hinges
#   f: the curve to be drawn
#   s: slope of a piece
# says:
#   en: Draw any curve by hand, know the price beforehand, and race against training.
#   zh: 亲手画出任意曲线，事先知道代价，再与训练比一比。
# ---

# %% [markdown]
# A pump must follow a curve that an engineer has drawn, and the chip that steers it has
# room for a network of 32 hidden units. Can so small a network draw the curve? How
# close will it come? And will training find the weights? The first two questions you
# can answer on paper, before anything is trained. The third one has to be measured.

# %% [markdown] lang="zh" of="aa0528e7"
# 一台水泵要按工程师画好的曲线运转，而控制它的芯片只放得下一个有 32 个隐藏单元的网络。
# 这么小的网络画得出这条曲线吗？能画到多准？训练又能不能找到那些权重？
# 前两个问题不用训练，在纸上就能回答；第三个只能靠测量。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import sympy
import torch
from torch.nn import functional as F

import bmkit as bm

lab = bm.start(
    "universal-approximation", profile=profile, device=device, seed=seed, lang=lang
)
torch.set_default_dtype(torch.float64)  # we compare formulas: rounding must be small
torch.set_num_threads(1)  # the networks are small: more threads only wait

# %% [raw] lang="zh"
# we compare formulas: rounding must be small → 要比较公式，舍入误差必须很小
# the networks are small: more threads only wait → 网络很小，多开线程只会互相等待

# %% [markdown]
# ## One hinge, one change of slope
#
# A unit $\mathrm{relu}(x - x_0)$ is a **hinge**: flat up to $x_0$, then rising with
# slope 1. A sum of hinges therefore changes its slope at each hinge, by that hinge's
# weight, and nowhere else. To join points on a curve by straight lines, put a hinge on
# each point and give it as its weight the change of slope there.

# %% [markdown] lang="zh" of="fd86819c"
# ## 一个铰链，改变一次斜率
#
# 单元 $\mathrm{relu}(x - x_0)$ 是一个**铰链函数**（hinge）：到 $x_0$ 为止是平的，
# 之后以斜率 1 上升。所以若干铰链之和只在每个铰链处改变斜率，
# 改变量就是该铰链的权重，别处都不变。要把曲线上的点用直线连起来，
# 就在每个点上放一个铰链，权重取该处斜率的变化量。

# %% fold
spots, heights = torch.tensor([0.0, 1.0, 2.5, 4.0]), torch.tensor([1.0, 2.0, 0.5, 1.5])
rises = heights.diff() / spots.diff()
weights = torch.cat([rises[:1], rises.diff()])
t = torch.linspace(0, 4, 200)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for spot, weight, style in zip(spots, weights, ("-", "--", ":"), strict=False):
    left.plot(t, weight * torch.relu(t - spot), style, label=f"{weight:+.2f} · hinge")
left.set(xlabel="input x", ylabel="one hinge, weighted")
left.legend(fontsize=8)
total = heights[0] + (torch.relu(t[:, None] - spots[:3]) * weights).sum(1)
right.plot(t, total, "-")
right.plot(spots, heights, "o", color="black")
right.set(xlabel="input x", ylabel="their sum")
alt = (
    "Left: three weighted hinges that begin at 0, 1 and 2.5. Right: their sum, a line "
    "with two bends that joins four points."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# {weight:+.2f} · hinge → {weight:+.2f} · 铰链
# input x → 输入 x
# one hinge, weighted → 加权后的单个铰链
# their sum → 它们的和
# Left: three weighted hinges that begin at 0, 1 and 2.5. Right: their sum, a line with
# two bends that joins four points.
# → 左：三个加权的铰链，分别从 0、1、2.5 处开始。右：它们的和，
#   一条有两个折点、连起四个点的折线。


# %% exercise="interpolator" points=3 minutes=12 level=3
def interpolator(knots, values):
    """One hidden layer of ReLUs that joins points by straight lines.

    knots: (k + 1,), increasing, at any distances, k at least 1. values: (k + 1,).
    Returns [(W1, b1), (W2, b2)] with shapes (k, 1), (k,), (1, k), (1,). From the first
    knot to the last the network goes through every point, and straight in between.
    """
    ### BEGIN SOLUTION
    slopes = values.diff() / knots.diff()  # (k,)
    changes = torch.cat([slopes[:1], slopes.diff()])  # (k,)
    W1 = torch.ones_like(slopes)[:, None]
    return [(W1, -knots[:-1]), (changes[None], values[:1])]
    ### END SOLUTION


# %% [raw] lang="zh"
# One hidden layer of ReLUs that joins points by straight lines.
# → 用一个 ReLU 隐藏层把若干点用直线连起来。
# knots: (k + 1,), increasing, at any distances, k at least 1. values: (k + 1,).
# Returns [(W1, b1), (W2, b2)] with shapes (k, 1), (k,), (1, k), (1,). From the first
# knot to the last the network goes through every point, and straight in between.
# → knots：(k + 1,)，递增，间距任意，k 至少为 1。values：(k + 1,)。
#   返回 [(W1, b1), (W2, b2)]，形状为 (k, 1)、(k,)、(1, k)、(1,)。
#   从第一个节点到最后一个节点，网络经过每个点，相邻两点之间是直线。


# %% check="interpolator"
def pieces(made):
    """The four tensors of a network."""
    wanted = "return [(W1, b1), (W2, b2)]"
    layers = bm.expect.several(made, 2, wanted)
    found = [v for layer in layers for v in bm.expect.several(layer, 2, wanted)]
    bm.expect.true(all(isinstance(v, torch.Tensor) for v in found), "return tensors")
    return found


def run(t, made):
    W1, b1, W2, b2 = pieces(made)
    return (torch.relu(t[:, None] @ W1.T + b1) @ W2.T + b2)[:, 0]


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


spot = tensor(1.0, 2.0, 3.0)
made = interpolator(spot, tensor(0.0, 1.0, 2.0))
for v, shape in zip(pieces(made), ((2, 1), (2,), (1, 2), (1,)), strict=True):
    bm.expect.shape(v, shape, "three points, two hinges: (2, 1), (2,), (1, 2), (1,)")
advice = (
    "on a straight line of slope 1 from (1, 0): a hinge relu(x - knot) has bias -knot"
)
bm.expect.close(run(tensor(1.0), made), tensor(0.0), advice)
advice = "each hinge adds to the slope before: its weight is the CHANGE of slope"
bm.expect.close(run(spot, made), tensor(0.0, 1.0, 2.0), advice)
made = interpolator(spot, tensor(4.0, 4.0, 4.0))
advice = "at the first knot no hinge has begun: the output's bias is the first value"
bm.expect.close(run(spot, made), tensor(4.0, 4.0, 4.0), advice)
spot, height = tensor(0.0, 0.5, 2.0, 2.25), tensor(1.0, -1.0, 3.0, 0.0)
advice = "knots need not be evenly spaced: a slope is a rise divided by its run"
bm.expect.close(run(spot, interpolator(spot, height)), height, advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(6)
for points, low in ((30, 0.0), (2, 5.0), (7, -9.0)):
    spot = low + torch.rand(points, generator=draws, dtype=torch.float64).sort().values
    height = 50 * torch.randn(points, generator=draws, dtype=torch.float64)
    t = torch.linspace(float(spot[0]), float(spot[-1]), 500, dtype=torch.float64)
    want = torch.from_numpy(np.interp(t.numpy(), spot.numpy(), height.numpy()))
    got = interpolator(spot, height)
    shapes = [tuple(v.shape) for v in pieces(got)]
    k = points - 1
    advice = f"{points} points, {k} hinges"
    bm.expect.equal(shapes, [(k, 1), (k,), (1, k), (1,)], advice)
    advice = f"{points} points from {low} on, and straight between"
    bm.expect.close(run(t, got), want, advice, atol=1e-6)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# The four tensors of a network. → 网络的四个张量。
# return [(W1, b1), (W2, b2)] → 请返回 [(W1, b1), (W2, b2)]
# return tensors → 请返回张量
# three points, two hinges: (2, 1), (2,), (1, 2), (1,)
# → 三个点，两个铰链：(2, 1)、(2,)、(1, 2)、(1,)
# on a straight line of slope 1 from (1, 0): a hinge relu(x - knot) has bias -knot
# → 从 (1, 0) 起斜率为 1 的直线：铰链 relu(x - knot) 的偏置是 -knot
# each hinge adds to the slope before: its weight is the CHANGE of slope
# → 每个铰链都加在之前的斜率上：权重是斜率的变化量
# at the first knot no hinge has begun: the output's bias is the first value
# → 在第一个节点处，铰链都还没开始：输出层的偏置就是第一个值
# knots need not be evenly spaced: a slope is a rise divided by its run
# → 节点间距不一定相等：斜率是升高除以走过的距离
# {points} points, {k} hinges → {points} 个点，{k} 个铰链
# {points} points from {low} on, and straight between
# → 从 {low} 起的 {points} 个点，点与点之间是直线

# %% [markdown] hint="interpolator"
# First the slopes between neighbours: `values.diff() / knots.diff()`. The first hinge
# starts at the first knot. What weight must it have, and the second?

# %% [markdown] lang="zh" of="8856415d"
# 先求相邻点之间的斜率：`values.diff() / knots.diff()`。
# 第一个铰链从第一个节点开始。它的权重应是多少？第二个呢？

# %% [markdown] hint="interpolator"
# The weights are the first slope, then the differences of slopes. `W1` is all ones,
# `b1` is `-knots[:-1]`, and `b2` lifts everything to the first value.

# %% [markdown] lang="zh" of="16b888f8"
# 权重是第一个斜率，然后是各斜率之差。`W1` 全为 1，`b1` 是 `-knots[:-1]`，
# `b2` 把整条线抬到第一个值。


# %% mistake="interpolator" says="CHANGE of slope"
def interpolator(knots, values):
    slopes = values.diff() / knots.diff()
    first = (torch.ones(len(slopes), 1, dtype=knots.dtype), -knots[:-1])
    return [first, (slopes[None], values[:1])]


# %% mistake="interpolator" says="bias -knot"
def interpolator(knots, values):
    slopes = values.diff() / knots.diff()
    changes = torch.cat([slopes[:1], slopes.diff()])
    first = (torch.ones(len(slopes), 1, dtype=knots.dtype), knots[:-1])
    return [first, (changes[None], values[:1])]


# %% mistake="interpolator" says="the first value"
def interpolator(knots, values):
    slopes = values.diff() / knots.diff()
    changes = torch.cat([slopes[:1], slopes.diff()])
    first = (torch.ones(len(slopes), 1, dtype=knots.dtype), -knots[:-1])
    return [first, (changes[None], torch.zeros(1, dtype=knots.dtype))]


# %% mistake="interpolator" says="divided by its run"
def interpolator(knots, values):
    slopes = values.diff()
    changes = torch.cat([slopes[:1], slopes.diff()])
    first = (torch.ones(len(slopes), 1, dtype=knots.dtype), -knots[:-1])
    return [first, (changes[None], values[:1])]


# %% variant="interpolator"
def interpolator(knots, values):
    hinges = torch.relu(knots[:, None] - knots[:-1])  # (k + 1, k)
    rise = (values - values[0])[1:]
    weights = torch.linalg.solve(hinges[1:], rise)
    first = (torch.ones_like(weights)[:, None], -knots[:-1])
    return [first, (weights[None], values[:1])]


# %% [raw] excuse="interpolator"
# the result is detached: knots and values are data; no gradient need flow


# %% [markdown]
# In a formula, with $y_i$ the value at knot $x_i$ and $s_i$ the slope from it to the
# next one, your network is
#
# $$y_0 + s_0\,\mathrm{relu}(x - x_0)
# + \sum_{i=1}^{k-1} (s_i - s_{i-1})\,\mathrm{relu}(x - x_i)
# = \text{the line through the points} \label{interpolation}$$

# %% [markdown] lang="zh" of="bfa0286e"
# 写成公式，设 $y_i$ 为节点 $x_i$ 处的值，$s_i$ 为从它到下一个节点的斜率，你的网络就是
#
# $$y_0 + s_0\,\mathrm{relu}(x - x_0)
# + \sum_{i=1}^{k-1} (s_i - s_{i-1})\,\mathrm{relu}(x - x_i)
# = \text{穿过各点的折线} \label{interpolation}$$

# %% equation="interpolation" of="3ee567a1"
knots, values = np.sort(np.random.rand(9)), np.random.randn(9)
x = np.linspace(knots[0], knots[-1], 300)
slope = np.diff(values) / np.diff(knots)
line = values[0] + slope[0] * np.maximum(0, x - knots[0])
for i in range(1, 8):
    line = line + (slope[i] - slope[i - 1]) * np.maximum(0, x - knots[i])
bm.equation("interpolation", line, np.interp(x, knots, values), atol=1e-8)

# %% [markdown]
# On a closed interval a continuous curve changes little between two knots that are
# close enough, and so does the straight piece that joins them. So you have proved, for
# one input, the best-known theorem about networks, the **universal approximation**
# theorem: one hidden layer, if it is wide enough, comes as close as you like to any
# continuous function on a closed and bounded region (Cybenko 1989 and Hornik,
# Stinchcombe and White 1989, for sigmoids). Choose a curve and a width. `corner` has
# two kinks that evenly spaced knots do not hit, `root` is infinitely steep at 0.

# %% [markdown] lang="zh" of="ec4c7d36"
# 在闭区间上，只要两个节点足够近，连续曲线在它们之间就变化很小，连接它们的线段也是如此。
# 这样，在一个输入的情形下，你就证明了关于网络最有名的定理，即**万能逼近**定理：
# 只要足够宽，一个隐藏层就能任意接近有界闭区域上的任何连续函数
# （Cybenko 1989，以及 Hornik、Stinchcombe 和 White 1989，都针对 sigmoid）。
# 选一条曲线和一个宽度。
# `corner` 有两个折角，等距的节点碰不到；`root` 在 0 处无限陡。

# %%
curves = {
    "smooth": lambda x: torch.sin(2 * math.pi * x) + 0.5 * torch.sin(5 * math.pi * x),
    "corner": lambda x: (3 * (x - 1 / math.pi).abs() - 1).abs(),
    "root": lambda x: x.sqrt(),
}


def network(x, layers):
    """A ReLU network with one hidden layer: rows x (n, d) to (n,)."""
    (W1, b1), (W2, b2) = layers
    return (torch.relu(x @ W1.T + b1) @ W2.T + b2)[:, 0]


def evenly(k):
    return torch.linspace(0, 1, k + 1)


# %% [raw] lang="zh"
# A ReLU network with one hidden layer: rows x (n, d) to (n,).
# → 有一个隐藏层的 ReLU 网络：x 按行排列 (n, d)，得到 (n,)。

# %% fold
fine = torch.linspace(0, 1, 8001)


def largest_error(f, knots):
    """How far the network through f at the knots is from f, at worst."""
    drawn = network(fine[:, None], interpolator(knots, f(knots)))
    return (drawn - f(fine)).abs().max().item()


def approximate(curve, width):
    f, knots = curves[curve], evenly(width)
    fig, ax = plt.subplots()
    ax.plot(fine, f(fine), "-", color="gray", lw=3, label="curve")
    drawn = network(fine[:, None], interpolator(knots, f(knots)))
    ax.plot(fine, drawn, "-", lw=1.5, label="network")
    ax.plot(knots, f(knots), ".", color="black")
    error = largest_error(f, knots)
    ax.set(xlabel="input x", ylabel="output", title=f"largest error {error:.2g}")
    ax.legend()
    return fig


alt = (
    "A grey curve and the network, a line of straight pieces that touches the curve at "
    "its knots."
)
bm.show.explore(approximate, alt=alt, curve=list(curves), width=(2, 60, 1, 8))

# %% [raw] lang="zh"
# How far the network through f at the knots is from f, at worst.
# → 在各节点处穿过 f 的网络与 f 相差最多多少。
# curve → 曲线
# network → 网络
# input x → 输入 x
# output → 输出
# largest error {error:.2g} → 最大误差 {error:.2g}
# A grey curve and the network, a line of straight pieces that touches the curve at its
# knots.
# → 一条灰色曲线，和由直线段组成、在各节点处与曲线相接的网络。

# %% [markdown]
# ## The price of a small error
#
# How fast does the error fall? Between two knots at distance $h$ a smooth curve looks
# like a parabola, and its gap to the chord is $\tfrac12 |f''|\, t(h - t)$ at the
# distance $t$ from the left knot: largest in the middle, $\tfrac18 |f''|\, h^2$. So
# with $k$ evenly spaced hinges on $[0, 1]$, $h = 1/k$, where $f_k$ is your network,
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)| = \tfrac18 \max_x |f''(x)|
# \label{rate}$$

# %% [markdown] lang="zh" of="64932781"
# ## 误差小的代价
#
# 误差下降得多快？在间距为 $h$ 的两个节点之间，光滑曲线近似于抛物线，
# 距左边节点 $t$ 处，它与弦的差距是 $\tfrac12 |f''|\, t(h - t)$：
# 正中间最大，为 $\tfrac18 |f''|\, h^2$。
# 所以在 $[0, 1]$ 上用 $k$ 个等距的铰链，$h = 1/k$，设 $f_k$ 为你的网络，
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)| = \tfrac18 \max_x |f''(x)|
# \label{rate}$$

# %% equation="rate" of="c7ba9ebf"
gap = largest_error(curves["smooth"], evenly(400))
curved = torch.func.grad(torch.func.grad(curves["smooth"]))  # f''
bend = torch.func.vmap(curved)(fine)
bm.equation("rate", 400**2 * gap, bend.abs().max() / 8, atol=0.05)

# %% [raw] excuse="rate"
# torch.func.vmap(curved)(fine) → torch.func.vmap(curved)(2 * fine): f has period 2
# torch.func.vmap(curved)(fine) → torch.func.vmap(curved)(fine ** 2): the same interval

# %% [markdown]
# Twice the width, a quarter of the error. This is a forecast that one can use: how many
# hinges does a wanted error take?

# %% [markdown] lang="zh" of="d976483d"
# 宽度加倍，误差减到四分之一。这个预测可以直接拿来用：要达到想要的误差，需要多少个铰链？


# %% exercise="width_needed" points=2 minutes=5 level=2
def width_needed(bend, tolerance):
    """The fewest evenly spaced hinges on [0, 1] whose error is at most tolerance.

    bend: the largest |f''|, 0 or more. tolerance: above 0. The error is taken to be
    bend / (8 k²), as for many hinges.
    Returns k, a whole number, 1 or more.
    """
    ### BEGIN SOLUTION
    return max(1, math.ceil(math.sqrt(bend / (8 * tolerance))))
    ### END SOLUTION


# %% [raw] lang="zh"
# The fewest evenly spaced hinges on [0, 1] whose error is at most tolerance.
# → 要使误差不超过 tolerance，[0, 1] 上最少需要多少个等距的铰链。
# bend: the largest |f''|, 0 or more. tolerance: above 0. The error is taken to be
# bend / (8 k²), as for many hinges.
# Returns k, a whole number, 1 or more.
# → bend：|f''| 的最大值，不小于 0。tolerance：大于 0。
#   误差按铰链很多时的 bend / (8 k²) 计算。
#   返回 k：整数，至少为 1。

# %% check="width_needed"
got = width_needed(16.0, 0.4)
advice = "16 / (8 k²) is 0.5 at k = 2 and 0.22 at k = 3"
bm.expect.equal(got, 3, advice)
advice = "a whole number, so that it can count knots: 3, not 3.0"
bm.expect.true(not isinstance(got, float), advice)
advice = "at k = 2 the error is 0.5 exactly, and that is allowed"
bm.expect.equal(width_needed(16.0, 0.5), 2, advice)
### BEGIN HIDDEN TESTS
bm.expect.equal(width_needed(160.0, 0.001), 142, "a curve with waves, and 0.001")
bm.expect.equal(width_needed(5e6, 0.0011), 23837, "however many it takes")
bm.expect.equal(width_needed(0.0, 0.01), 1, "a straight line takes one hinge")
bm.expect.equal(width_needed(1.0, 5.0), 1, "a loose tolerance takes one hinge")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# 16 / (8 k²) is 0.5 at k = 2 and 0.22 at k = 3
# → 16 / (8 k²) 在 k = 2 时为 0.5，在 k = 3 时为 0.22
# a whole number, so that it can count knots: 3, not 3.0
# → 要返回整数，好用来数节点：3，而不是 3.0
# at k = 2 the error is 0.5 exactly, and that is allowed
# → k = 2 时误差恰好是 0.5，这是允许的
# a curve with waves, and 0.001 → 起伏的曲线，误差 0.001
# however many it takes → 需要多少就是多少
# a straight line takes one hinge → 直线只要一个铰链
# a loose tolerance takes one hinge → 允许的误差大时一个铰链就够

# %% [markdown] hint="width_needed"
# Solve $\text{bend} / (8k^2) \le \text{tolerance}$ for $k$. Which way do you round?

# %% [markdown] lang="zh" of="39015c01"
# 从 $\text{bend} / (8k^2) \le \text{tolerance}$ 中解出 $k$。该往哪边取整？

# %% [markdown] hint="width_needed"
# `math.ceil` rounds up and leaves whole numbers. `max(1, ...)` is for straight lines.

# %% [markdown] lang="zh" of="b9bed08b"
# `math.ceil` 向上取整，整数不变。`max(1, ...)` 是为直线准备的。


# %% mistake="width_needed" says="k = 3"
def width_needed(bend, tolerance):
    return max(1, round(math.sqrt(bend / (8 * tolerance))))


# %% mistake="width_needed" says="k = 3"
def width_needed(bend, tolerance):
    return max(1, math.ceil(bend / (8 * tolerance)))  # no root


# %% mistake="width_needed" says="that is allowed"
def width_needed(bend, tolerance):
    return int(math.sqrt(bend / (8 * tolerance))) + 1


# %% mistake="width_needed" says="straight line"
def width_needed(bend, tolerance):
    return math.ceil(math.sqrt(bend / (8 * tolerance)))


# %% mistake="width_needed" says="whole number"
def width_needed(bend, tolerance):
    return max(1.0, np.ceil(np.sqrt(bend / (8 * tolerance))))


# %% variant="width_needed"
def width_needed(bend, tolerance):
    k = 1
    while bend / (8 * k * k) > tolerance:
        k += 1
    return k


# %% [markdown]
# Predict, then measure: the engineer wants the smooth curve to within 0.01.

# %% [markdown] lang="zh" of="0ff6f905"
# 先预测，再测量：工程师要光滑的那条曲线误差不超过 0.01。

# %%
k = width_needed(bend.abs().max().item(), 0.01)
print(f"predicted: {k} hinges")
print(f"32 hinges: error {largest_error(curves['smooth'], evenly(32)):.3f}")
bm.claim(
    "As many evenly spaced hinges as the formula says draw the smooth curve to 0.01",
    lambda hinges, error: error <= 0.01,
    {"hinges": k, "error": largest_error(curves["smooth"], evenly(k))},
    control={"hinges": k - 2, "error": largest_error(curves["smooth"], evenly(k - 2))},
    against="two hinges fewer",
)

# %% [raw] lang="zh"
# predicted: {k} hinges → 预测：{k} 个铰链
# 32 hinges: error {largest_error(curves['smooth'], evenly(32)):.3f}
# → 32 个铰链：误差 {largest_error(curves['smooth'], evenly(32)):.3f}
# As many evenly spaced hinges as the formula says draw the smooth curve to 0.01
# → 用公式给出的那么多等距铰链，就能把光滑曲线画到误差不超过 0.01
# two hinges fewer → 少两个铰链

# %% [markdown]
# So the chip's 32 hinges, evenly spaced, are too few: the answer came before any
# training. Could they do better at other places?
#
# ## Knots where the curve bends
#
# On `root` the same even knots do badly: in the first piece alone the error is
# $\tfrac14\sqrt h$, so twice the width buys only a factor of 1.4, the power
# $-\tfrac12$. Is that the price of this curve? No: of these knots. The curve bends at
# 0, and nearly all of the hinges stand where it is almost straight.
#
# A piece of length $h$ has an error of $\tfrac18 |f''| h^2$. Give every piece the same
# one: $h$ must be as $1/\sqrt{|f''|}$, so that between any two neighbouring knots lies
# the same part, $1/k$, of $\int_0^1 \sqrt{|f''|}\,dx$. Then $\sqrt{|f''|}\,h$ is this
# integral divided by $k$, and with these knots
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)|
# = \tfrac18 \Bigl(\int_0^1 \sqrt{|f''(x)|}\,dx\Bigr)^2 \label{graded}$$
#
# For $f = \sqrt x$ the integral up to $x$ is $2 x^{1/4}$. So the knots are $(i/k)^4$,
# called **graded**, and the right side is $\tfrac12$: the power is $-2$, as for a
# smooth curve. For $f = e^{3x}$ the integral up to $x$ grows as $e^{1.5 x} - 1$. We
# run both.

# %% [markdown] lang="zh" of="0dada49f"
# 所以芯片上的 32 个铰链若等距放置就不够：还没训练，就有了答案。
# 放在别的地方会不会好一些？
#
# ## 把节点放在曲线弯曲的地方
#
# 在 `root` 上，同样的等距节点效果很差：仅第一段的误差就是 $\tfrac14\sqrt h$，
# 宽度加倍，误差只缩小到原来的 1/1.4，即 $-\tfrac12$ 次。这是这条曲线的代价吗？
# 不，是这些节点的代价。曲线在 0 附近弯曲，而铰链几乎都放在它差不多是直线的地方。
#
# 长为 $h$ 的一段，误差是 $\tfrac18 |f''| h^2$。让每段的误差都一样：
# $h$ 必须与 $1/\sqrt{|f''|}$ 成正比，于是任何两个相邻节点之间
# 都占 $\int_0^1 \sqrt{|f''|}\,dx$ 的同样一份，即 $1/k$。
# 这时 $\sqrt{|f''|}\,h$ 等于这个积分除以 $k$，所以用这样的节点
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)|
# = \tfrac18 \Bigl(\int_0^1 \sqrt{|f''(x)|}\,dx\Bigr)^2 \label{graded}$$
#
# 对 $f = \sqrt x$，积到 $x$ 为止是 $2 x^{1/4}$。
# 所以节点取 $(i/k)^4$，称为**渐变**节点，右边等于 $\tfrac12$：
# 与光滑曲线一样是 $-2$ 次。
# 对 $f = e^{3x}$，积到 $x$ 为止的值按 $e^{1.5 x} - 1$ 增长。两个都跑一遍。

# %% equation="graded" of="424af809"
k, X = 400, sympy.symbols("x", positive=True)
parts = evenly(k)  # i / k
growth = math.exp(1.5) - 1
cases = [  # a curve, its formula, its knots
    (torch.sqrt, sympy.sqrt(X), parts**4),
    (lambda x: (3 * x).exp(), sympy.exp(3 * X), torch.log(1 + growth * parts) / 1.5),
]
left = [k**2 * largest_error(f, knots) for f, _, knots in cases]
bends = [sympy.sqrt(sympy.Abs(curve.diff(X, 2))) for _, curve, _ in cases]
right = [float(sympy.integrate(bend, (X, 0, 1))) ** 2 / 8 for bend in bends]
bm.equation("graded", np.array(left), np.array(right), atol=0.05)

# %% [raw] lang="zh"
# a curve, its formula, its knots → 曲线、它的公式、它的节点

# %% [markdown]
# To place knots so, one must know $f''$. Your next program does without: it looks where
# the pieces miss the curve most, and halves there. This is called adaptive refinement.

# %% [markdown] lang="zh" of="51df72ec"
# 这样放节点，先得知道 $f''$。你的下一个程序不用知道：它看哪一段离曲线最远，
# 就把那一段对半分开。这叫作自适应加密。


# %% exercise="adaptive_knots" points=3 minutes=12 level=3
def adaptive_knots(f, k):
    """Knots on [0, 1], placed by halving where the straight pieces miss f most.

    f: takes a tensor of numbers, returns its values there. k: pieces, 1 or more.
    Begin with one piece, from 0 to 1. Until there are k, halve the one whose chord is
    farthest from f in its middle, the leftmost where several are equally far.
    Returns the knots, (k + 1,), increasing, in double precision (the default here).
    """
    ### BEGIN SOLUTION
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        middles = (knots[:-1] + knots[1:]) / 2
        missed = (f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2).abs()
        knots = torch.cat([knots, middles[missed.argmax()][None]]).sort().values
    return knots
    ### END SOLUTION


# %% [raw] lang="zh"
# Knots on [0, 1], placed by halving where the straight pieces miss f most.
# → [0, 1] 上的节点：哪一段直线离 f 最远，就把哪一段对半分开。
# f: takes a tensor of numbers, returns its values there. k: pieces, 1 or more.
# Begin with one piece, from 0 to 1. Until there are k, halve the one whose chord is
# farthest from f in its middle, the leftmost where several are equally far.
# Returns the knots, (k + 1,), increasing, in double precision (the default here).
# → f：接受一个张量，返回各处的值。k：段数，至少为 1。
#   从 0 到 1 的一段开始。在分成 k 段之前，每次把正中间的弦离 f 最远的那段对半分开；
#   一样远的取最左边的。
#   返回节点，(k + 1,)，递增，双精度（这里的默认类型）。


# %% check="adaptive_knots"
def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


got = adaptive_knots(lambda x: x.sqrt(), 1)
bm.expect.shape(got, (2,), "one piece, two knots: 0 and 1")
advice = "return a tensor of double precision, as torch.tensor([0.0, 1.0]) is here"
bm.expect.true(getattr(got, "dtype", None) == torch.float64, advice)
got = adaptive_knots(lambda x: x.sqrt(), 3)
bm.expect.shape(got, (4,), "three pieces have four knots")
bm.expect.true(bool((got.diff() > 0).all()), "the knots must be increasing: sort them")
advice = "the root bends at 0: after 1/2 comes 1/4, the middle of the worst piece"
bm.expect.close(got, tensor(0, 0.25, 0.5, 1), advice)
got = adaptive_knots(lambda x: -x.sqrt(), 3)
advice = "a chord may lie above the curve or below: take the size of the gap"
bm.expect.close(got, tensor(0, 0.25, 0.5, 1), advice)
got = adaptive_knots(lambda x: x * x, 3)
advice = "on x² both halves are equally far off: take the leftmost"
bm.expect.close(got, tensor(0, 0.25, 0.5, 1), advice)
### BEGIN HIDDEN TESTS
got = adaptive_knots(lambda x: (1 - x).sqrt(), 4)
advice = "a curve that bends at 1"
bm.expect.close(got, tensor(0, 0.5, 0.75, 0.875, 1), advice)
got = adaptive_knots(lambda x: 3 + (x - 0.6).abs() - 5 * x, 5)
advice = "a kink at 0.6: halve towards it from both sides"
bm.expect.close(got, tensor(0, 0.5, 0.5625, 0.625, 0.75, 1), advice)
got = adaptive_knots(lambda x: torch.exp(-40 * x), 6)
advice = "a curve that falls steeply and is flat after"
want = tensor(0, 0.03125, 0.0625, 0.125, 0.25, 0.5, 1)
bm.expect.close(got, want, advice)
got = adaptive_knots(lambda x: x.sqrt() + 3 * x * x, 8)
advice = "the size of the gap in the middle counts, not the piece's length"
want = tensor(0, 0.0625, 0.125, 0.25, 0.5, 0.625, 0.75, 0.875, 1)
bm.expect.close(got, want, advice)
got = adaptive_knots(lambda x: 2 * x, 4)
advice = "on a straight line no piece misses, and k pieces are wanted all the same"
bm.expect.close(got, tensor(0, 0.125, 0.25, 0.5, 1), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one piece, two knots: 0 and 1 → 一段有两个节点：0 和 1
# three pieces have four knots → 三段有四个节点
# the knots must be increasing: sort them → 节点必须递增：请排序
# the root bends at 0: after 1/2 comes 1/4, the middle of the worst piece
# → 平方根在 0 处弯曲：1/2 之后是 1/4，即最差那段的中点
# a chord may lie above the curve or below: take the size of the gap
# → 弦可能在曲线上方，也可能在下方：差距要取绝对值
# on x² both halves are equally far off: take the leftmost
# → 对 x²，左右两半一样远：取最左边的
# a curve that bends at 1 → 在 1 处弯曲的曲线
# a kink at 0.6: halve towards it from both sides → 0.6 处有折角：从两边向它对半逼近
# a curve that falls steeply and is flat after → 先陡降、后平坦的曲线
# return a tensor of double precision, as torch.tensor([0.0, 1.0]) is here
# → 请返回双精度张量，这里 torch.tensor([0.0, 1.0]) 就是
# the size of the gap in the middle counts, not the piece's length
# → 要看正中间差距的大小，不看段的长短
# on a straight line no piece misses, and k pieces are wanted all the same
# → 直线上哪一段都没有误差，但仍然要分成 k 段

# %% [markdown] hint="adaptive_knots"
# In a loop: the middles of all pieces, `(knots[:-1] + knots[1:]) / 2`, and how far `f`
# is there from the mean of its values at the two ends.

# %% [markdown] lang="zh" of="1a349130"
# 循环里先求所有段的中点 `(knots[:-1] + knots[1:]) / 2`，
# 再求 `f` 在那里的值与两端值的平均相差多少。

# %% [markdown] hint="adaptive_knots"
# `missed.argmax()` finds the leftmost of the largest. Append that middle with
# `torch.cat`, then `.sort().values`.

# %% [markdown] lang="zh" of="ece52c7d"
# `missed.argmax()` 给出最大者中最左边的一个。用 `torch.cat` 把那个中点添进去，
# 再 `.sort().values`。


# %% mistake="adaptive_knots" says="two knots"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    for _ in range(k):
        middles = (knots[:-1] + knots[1:]) / 2
        missed = (f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2).abs()
        knots = torch.cat([knots, middles[missed.argmax()][None]]).sort().values
    return knots


# %% mistake="adaptive_knots" says="increasing"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        ends = knots.sort().values
        middles = (ends[:-1] + ends[1:]) / 2
        missed = (f(middles) - (f(ends[:-1]) + f(ends[1:])) / 2).abs()
        knots = torch.cat([knots, middles[missed.argmax()][None]])
    return knots


# %% mistake="adaptive_knots" says="worst piece"
def adaptive_knots(f, k):
    return torch.linspace(0, 1, k + 1)


# %% mistake="adaptive_knots" says="size of the gap"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        middles = (knots[:-1] + knots[1:]) / 2
        missed = f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2
        knots = torch.cat([knots, middles[missed.argmax()][None]]).sort().values
    return knots


# %% mistake="adaptive_knots" says="leftmost"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        middles = (knots[:-1] + knots[1:]) / 2
        missed = (f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2).abs()
        worst = len(missed) - 1 - missed.flip(0).argmax()
        knots = torch.cat([knots, middles[worst][None]]).sort().values
    return knots


# %% mistake="adaptive_knots" says="worst piece"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:  # the longest rise, not the largest gap
        rise = f(knots).diff().abs()
        rise[0] = 0 if len(rise) > 1 else rise[0]
        worst = rise.argmax()
        new = (knots[worst] + knots[worst + 1]) / 2
        knots = torch.cat([knots, new[None]]).sort().values
    return knots


# %% mistake="adaptive_knots" says="the piece's length"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        middles = (knots[:-1] + knots[1:]) / 2
        missed = (f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2).abs() / knots.diff()
        knots = torch.cat([knots, middles[missed.argmax()][None]]).sort().values
    return knots


# %% mistake="adaptive_knots" says="all the same"
def adaptive_knots(f, k):
    knots = torch.tensor([0.0, 1.0])
    while len(knots) <= k:
        middles = (knots[:-1] + knots[1:]) / 2
        missed = (f(middles) - (f(knots[:-1]) + f(knots[1:])) / 2).abs()
        if missed.max() == 0:
            break
        knots = torch.cat([knots, middles[missed.argmax()][None]]).sort().values
    return knots


# %% variant="adaptive_knots"
def adaptive_knots(f, k):
    knots = [0.0, 1.0]

    def gap(a, b):
        a, m, b = f(torch.tensor([a, (a + b) / 2, b])).tolist()
        return abs(m - (a + b) / 2)

    while len(knots) < k + 1:
        gaps = [gap(a, b) for a, b in pairwise(knots)]
        worst = gaps.index(max(gaps))
        knots.insert(worst + 1, (knots[worst] + knots[worst + 1]) / 2)
    return torch.tensor(knots)


# %% [markdown]
# Now all of them on the root. For comparison we add the sigmoid, so steep that it
# is a step: a staircase that climbs at each knot to the next height. Its graded knots
# are those at which the root has risen by equal parts, $(i/k)^2$.

# %% [markdown] lang="zh" of="c588c636"
# 现在把它们都用到平方根上。作为比较，再加上 sigmoid，陡到成为台阶：
# 这样的楼梯在每个节点处登上下一级高度。
# 它的渐变节点，是平方根升高了相等份额的那些地方，即 $(i/k)^2$。


# %%
def stairs_error(f, knots):
    """The same with steps, which hold each knot's height up to the next knot."""
    stair = (torch.searchsorted(knots, fine, right=True) - 1).clamp(max=len(knots) - 2)
    return (f(knots)[stair] - f(fine)).abs().max().item()


widths, root = [16, 32, 64, 128, 256], curves["root"]
lines = {
    "hinges, even": [largest_error(root, evenly(k)) for k in widths],
    "hinges, graded": [largest_error(root, evenly(k) ** 4) for k in widths],
    "hinges, adaptive": [largest_error(root, adaptive_knots(root, k)) for k in widths],
    "steps, even": [stairs_error(root, evenly(k)) for k in widths],
    "steps, graded": [stairs_error(root, evenly(k) ** 2) for k in widths],
}
powers = {
    name: np.polyfit(np.log(widths), np.log(line), 1)[0] for name, line in lines.items()
}

# %% [raw] lang="zh"
# The same with steps, which hold each knot's height up to the next knot.
# → 换成台阶再算：从每个节点到下一个节点，高度保持不变。
# hinges, even → 铰链，等距
# hinges, graded → 铰链，渐变
# hinges, adaptive → 铰链，自适应
# steps, even → 台阶，等距
# steps, graded → 台阶，渐变

# %% fold
fig, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
for (name, line), mark in zip(
    lines.items(), ("o-", "s-", "d--", "^:", "v-"), strict=True
):
    ax.loglog(widths, line, mark, ms=5, label=f"{name}: {powers[name]:.2f}")
ax.set_xticks(widths, widths)
ax.minorticks_off()
ax.set(xlabel="hidden units k", ylabel="largest error on the root")
ax.legend(
    fontsize=8, title="power of the width", loc="center left", bbox_to_anchor=(1, 0.5)
)
alt = (
    "Errors on the square root against width, both logarithmic: straight falling "
    "lines. Even knots fall slowest, with hinges and with steps alike; graded steps "
    "twice as steeply; graded and adaptive hinges four times as steeply."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# hidden units k → 隐藏单元数 k
# largest error on the root → 平方根上的最大误差
# power of the width → 宽度的几次方
# Errors on the square root against width, both logarithmic: straight falling lines.
# Even knots fall slowest, with hinges and with steps alike; graded steps twice as
# steeply; graded and adaptive hinges four times as steeply.
# → 平方根上的误差随宽度变化，双对数坐标：几条下降的直线。等距节点降得最慢，
#   铰链和台阶都一样；渐变的台阶陡到它的两倍；渐变和自适应的铰链陡到四倍。
# {name}: {powers[name]:.2f} → {name}：{powers[name]:.2f}

# %%
bm.claim(
    "With graded knots the power is that of the activation, −2 for hinges and −1 for "
    "steps, on the square root, too",
    lambda hinges, steps: abs(hinges + 2) < 0.1 and abs(steps + 1) < 0.1,
    {"hinges": powers["hinges, graded"], "steps": powers["steps, graded"]},
    control={"hinges": powers["hinges, even"], "steps": powers["steps, even"]},
    against="even knots",
)
bm.claim(
    "Halving where the error is largest finds the power −2 without knowing f''",
    lambda power: abs(power + 2) < 0.1,
    {"power": powers["hinges, adaptive"]},
    control={"power": powers["hinges, even"]},
    against="even knots",
)

# %% [raw] lang="zh"
# hinges, graded → 铰链，渐变
# steps, graded → 台阶，渐变
# hinges, even → 铰链，等距
# steps, even → 台阶，等距
# hinges, adaptive → 铰链，自适应
# With graded knots the power is that of the activation, −2 for hinges and −1 for steps,
# on the square root, too
# → 用渐变节点时，次数由激活函数决定：铰链为 −2，台阶为 −1，在平方根上也是如此
# even knots → 等距节点
# Halving where the error is largest finds the power −2 without knowing f''
# → 哪里误差最大就在哪里对半分，不必知道 f''，也能达到 −2 次

# %% [markdown]
# So, as long as the integral in (\ref{graded}) is finite, it is not the curve that sets
# the power. The activation sets it, if the knots may stand where the curve bends; the
# curve sets the factor in front. Moving its knots to the right places is what training
# has to do.
#
# ## Many inputs
#
# That was one input. With $d$ inputs a grid of knots as fine as ours needs $k^d$ of
# them: for the 64 pixels of a tiny digit and two knots each, $2^{64}$. This is called
# the curse of dimensionality. But a hinge $\mathrm{relu}(w\cdot x + b)$ need not stand
# on a grid. It can be turned, and then it spends nothing on directions in which nothing
# happens. Take the smooth curve along one direction of a space of 64.

# %% [markdown] lang="zh" of="5697a8aa"
# 可见只要 (\ref{graded}) 中的积分有限，决定次数的就不是曲线，
# 而是激活函数，前提是节点可以放在曲线弯曲的地方；曲线决定的是前面的系数。
# 把节点移到合适的位置，正是训练要做的事。
#
# ## 多个输入
#
# 这是一个输入的情形。有 $d$ 个输入时，同样细的网格需要 $k^d$ 个节点：
# 一幅小小的 64 像素的数字，哪怕每个像素只取两个节点，也要 $2^{64}$ 个。
# 这叫作维数灾难。但是铰链 $\mathrm{relu}(w\cdot x + b)$ 不必放在网格上。
# 它可以转向，于是在没有变化的方向上什么也不浪费。
# 我们在 64 维空间里，沿一个方向放上那条光滑曲线。

# %%
draws = torch.Generator().manual_seed(lab.seed)
direction = F.normalize(torch.randn(64, generator=draws), dim=0)


def points(n):
    """n points of 64 numbers; along the direction they lie between 0 and 1."""
    x = torch.randn(n, 64, generator=draws)
    along = torch.rand(n, generator=draws) - x @ direction
    return x + along[:, None] * direction


x, x_new = points(3000), points(2000)
y, y_new = (curves["smooth"](some @ direction) for some in (x, x_new))

# %% [raw] lang="zh"
# n points of 64 numbers; along the direction they lie between 0 and 1.
# → n 个点，各 64 个数；沿该方向都在 0 与 1 之间。

# %%
(W1, b1), last = interpolator(evenly(32), curves["smooth"](evenly(32)))
turned = network(x_new, [(W1 @ direction[None], b1), last])
W = F.normalize(torch.randn(32, 64, generator=draws), dim=1)
b = torch.randn(32, generator=draws)
hidden, hidden_new = (
    F.pad(torch.relu(v @ W.T + b), (0, 1), value=1) for v in (x, x_new)
)
anywhere = hidden_new @ torch.linalg.lstsq(hidden, y).solution


def share_missed(y_hat):
    return ((y_hat - y_new).square().mean() / y_new.var()).item()


bm.claim(
    "Thirty-two hinges turned the right way draw the curve in 64 dimensions, and leave "
    "less than a thousandth of its variance",
    lambda missed: missed < 1e-3,
    {"missed": share_missed(turned)},
    control={"missed": share_missed(anywhere)},
    against="32 hinges turned at random, last layer solved",
)

# %% [raw] lang="zh"
# Thirty-two hinges turned the right way draw the curve in 64 dimensions, and leave less
# than a thousandth of its variance
# → 转到正确方向的 32 个铰链能在 64 维里画出这条曲线，剩下的方差不到千分之一
# 32 hinges turned at random, last layer solved → 32 个随机朝向的铰链，解出最后一层

# %% [markdown]
# Barron (1993) made a theorem of this. If the function's Fourier transform is such that
# a certain constant $C$ is finite (frequency times amplitude, summed over all
# frequencies), then some network of $k$ sigmoids has a mean squared error of at most
# $(2rC)^2/k$ on a ball of radius $r$: the power of $k$ does not depend on $d$. For
# units that are fixed beforehand, whatever they are, he proved that the worst of these
# functions cannot be done better than by about $k^{-2/d}$. Units that adapt to the
# function are what escapes the curse. ($C$ itself may grow with $d$; the theorem is no
# free lunch.)
#
# Not every activation can do it, by the way. With $\sigma(z) = z^2$ each unit is a
# parabola, and so is any sum of them, at any width. (Of all continuous activations only
# the polynomials fail: Leshno and others, 1993.)

# %% [markdown] lang="zh" of="4536f73f"
# Barron（1993）把这一点证成了定理。如果函数的傅里叶变换使某个常数 $C$ 有限
# （频率乘以振幅，对所有频率求和），那么在半径为 $r$ 的球上，
# 存在 $k$ 个 sigmoid 的网络，均方误差不超过 $(2rC)^2/k$：$k$ 的次数与 $d$ 无关。
# 而对事先固定的单元，不论是什么单元，他证明这类函数中最坏的一个，
# 误差最好也只能按 $k^{-2/d}$ 左右下降。能随函数而变的单元，才逃得出维数灾难。
# （$C$ 本身可能随 $d$ 增大，天下没有免费的午餐。）
#
# 顺便说，并不是什么激活函数都行。若 $\sigma(z) = z^2$，每个单元都是抛物线，
# 再宽，它们的和还是抛物线。（在连续的激活函数里，只有多项式不行：Leshno 等，1993。）

# %%
W, b = torch.randn(200, 1, generator=draws), torch.randn(200, generator=draws)
z = fine[::8, None] @ W.T + b  # (1001, 200)
bm.claim(
    "Two hundred units with the activation z² span a space of only three dimensions",
    lambda dimensions: dimensions == 3,
    {"dimensions": torch.linalg.matrix_rank(z**2).item()},
    control={"dimensions": torch.linalg.matrix_rank(torch.relu(z)).item()},
    against="the same units with ReLU",
)

# %% [raw] lang="zh"
# Two hundred units with the activation z² span a space of only three dimensions
# → 两百个激活函数为 z² 的单元，只张成一个三维空间
# the same units with ReLU → 同样的单元，换成 ReLU

# %% [markdown]
# ## What training finds
#
# That good weights exist does not say that you will find them. Give the smooth curve,
# 128 hidden units and PyTorch's usual start to Adam, a rule for training (taken apart
# in [Adam and AdamW, derived](lesson:adaptive-methods)). First, where do the hinges of
# such a start stand? Unit $j$ bends where $W_{1,j}\,x + b_{1,j} = 0$, and only a bend
# between 0 and 1 is of use here. To compare, we want a start whose hinges all stand
# inside.

# %% [markdown] lang="zh" of="f8f3ad27"
# ## 训练能找到什么
#
# 好的权重存在，不等于你找得到。把光滑曲线、128 个隐藏单元和 PyTorch 通常的初始化交给
# Adam（一种训练规则，[自适应方法的推导](lesson:adaptive-methods)会把它拆开来讲）。
# 首先，这样初始化的铰链站在哪里？单元 $j$ 在 $W_{1,j}\,x + b_{1,j} = 0$ 处弯折，
# 而这里只有弯在 0 与 1 之间才有用。为了比较，我们还要一种铰链全在里面的初始化。


# %% exercise="hinges_at" points=2 minutes=5 level=2
def hinges_at(W1, places):
    """The biases with which each hidden unit bends at its place.

    W1: (k, 1), positive or negative, none 0. places: (k,), unit j's in entry j.
    Returns b1, (k,).
    """
    ### BEGIN SOLUTION
    return -W1.flatten() * places
    ### END SOLUTION


# %% [raw] lang="zh"
# The biases with which each hidden unit bends at its place.
# → 使每个隐藏单元在指定位置弯折的偏置。
# W1: (k, 1), positive or negative, none 0. places: (k,), unit j's in entry j.
# Returns b1, (k,).
# → W1：(k, 1)，可正可负，没有 0。places：(k,)，第 j 项是单元 j 的位置。
#   返回 b1，(k,)。

# %% check="hinges_at"
W1 = torch.tensor([[2.0], [-4.0], [0.5]], dtype=torch.float64)
places = torch.tensor([0.25, 0.5, 3.0], dtype=torch.float64)
got = hinges_at(W1, places)
bm.expect.shape(got, (3,), "one bias for each hidden unit")
advice = "at its place the unit's W1 * x + b1 must be 0: solve for b1"
bm.expect.close(W1[:, 0] * places + got, torch.zeros(3, dtype=torch.float64), advice)
### BEGIN HIDDEN TESTS
W1 = torch.tensor([[-0.1], [30.0], [1.5], [-7.0], [1.0]], dtype=torch.float64)
places = torch.tensor([-20.0, 0.0, 0.7183, -0.3, 11.0], dtype=torch.float64)
want = torch.tensor([-2.0, 0.0, -1.07745, -2.1, -11.0], dtype=torch.float64)
bm.expect.close(hinges_at(W1, places), want, "negative places and weights")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one bias for each hidden unit → 每个隐藏单元一个偏置
# at its place the unit's W1 * x + b1 must be 0: solve for b1
# → 在它的位置上，单元的 W1 * x + b1 必须为 0：请解出 b1
# negative places and weights → 位置和权重为负

# %% [markdown] hint="hinges_at"
# One equation a unit: $W_{1,j}\,x + b_{1,j} = 0$ at $x = \text{places}_j$.

# %% [markdown] lang="zh" of="8f718fe3"
# 每个单元一个方程：在 $x = \text{places}_j$ 处 $W_{1,j}\,x + b_{1,j} = 0$。

# %% [markdown] hint="hinges_at"
# `W1[:, 0]` has the shape (k,) of `places`; `W1 * places` would be (k, k).

# %% [markdown] lang="zh" of="b570f17c"
# `W1[:, 0]` 的形状是 (k,)，与 `places` 相同；而 `W1 * places` 会变成 (k, k)。


# %% mistake="hinges_at" says="must be 0"
def hinges_at(W1, places):
    return -places


# %% mistake="hinges_at" says="must be 0"
def hinges_at(W1, places):
    return W1[:, 0] * places


# %% mistake="hinges_at" says="one bias"
def hinges_at(W1, places):
    return -W1 * places


# %% mistake="hinges_at" says="must be 0"
def hinges_at(W1, places):
    return -W1[:, 0].abs() * places


# %% variant="hinges_at"
def hinges_at(W1, places):
    return -(W1 @ places.diag().sum(0)[None]).diagonal()


# %% [raw] excuse="hinges_at"
# the result is detached: a start is data; no gradient need flow through it


# %%
seeds = range(lab.seed, lab.seed + 8)
steps = lab.pick(ci=1000, workshop=3000, full=3000)
rates = lab.pick(ci=[0.03], workshop=[0.01, 0.03], full=[0.01, 0.03])
x = torch.linspace(0, 1, 201)[:, None]
target = curves["smooth"](x)[:, 0]


def starts(inside):
    """A start a seed: W1, b1, W2 (networks, 128) and b2 (networks, 1)."""
    networks = []
    for number in seeds:
        torch.manual_seed(number)
        model = bm.models.MLP([1, 128, 1])  # starts as PyTorch's nn.Linear
        W1, b1, W2, b2 = (p.detach() for p in model.parameters())
        if inside:
            b1 = hinges_at(W1, torch.rand(128))
        networks.append((W1[:, 0], b1, W2[0], b2))
    return [torch.stack(parts) for parts in zip(*networks, strict=True)]


def predict(W1, b1, W2, b2):
    hidden = torch.relu(x * W1[:, None] + b1[:, None])  # (networks, 201, 128)
    return (hidden @ W2[:, :, None])[:, :, 0] + b2


# %% [raw] lang="zh"
# A start a seed: W1, b1, W2 (networks, 128) and b2 (networks, 1).
# → 每个种子一个初始化：W1、b1、W2 (networks, 128) 和 b2 (networks, 1)。
# starts as PyTorch's nn.Linear → 初始化与 PyTorch 的 nn.Linear 相同


# %%
def train(start, lr):
    """Train the networks side by side; each has its own loss, so its own gradient."""
    parameters = [p.clone().requires_grad_() for p in start]
    optimizer = torch.optim.Adam(parameters, lr)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        J = (predict(*parameters) - target).square().mean(1)  # (networks,)
        optimizer.zero_grad()
        J.sum().backward()
        optimizer.step()
        slower.step()
    return [p.detach() for p in parameters]


def rms(y_hat):
    return (y_hat - target).square().mean(-1).sqrt()


begun = {"usual start": starts(False), "hinges inside": starts(True)}
runs = [(name, lr) for name in begun for lr in rates]
ended = {
    run: train(begun[run[0]], run[1]) for run in bm.show.progress(runs, "trainings")
}
missed = {run: rms(predict(*parameters)) for run, parameters in ended.items()}

# %% [raw] lang="zh"
# Train the networks side by side; each has its own loss, so its own gradient.
# → 并排训练多个网络；各有各的损失，所以各有各的梯度。
# usual start → 通常的初始化
# hinges inside → 铰链在内
# trainings → 训练

# %% [markdown]
# The fairest comparison by hand is the network of 128 even hinges. As a second one,
# keep these hinges and solve for the last layer alone: that is linear least squares,
# with one exact answer.

# %% [markdown] lang="zh" of="035e5aac"
# 手工的一方，最公平的对手是有 128 个等距铰链的网络。
# 第二个对手：铰链不动，只求最后一层。这是线性最小二乘，有唯一的精确解。

# %%
by_hand = interpolator(evenly(128), curves["smooth"](evenly(128)))
hand = rms(network(x, by_hand))
(W1, b1), _ = by_hand
hidden = F.pad(torch.relu(x @ W1.T + b1), (0, 1), value=1)  # (201, 129)
solved = rms(hidden @ torch.linalg.lstsq(hidden, target).solution)

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.5), layout="constrained")
left.plot(x, target, "-", color="gray", lw=3, label="curve")
left.plot(x, network(x, by_hand), "-", lw=1.2, label="by hand")
usual = predict(*ended["usual start", rates[0]])[0]
left.plot(x, usual, "--", color="#c2410c", label=f"usual start, lr {rates[0]}")
left.set(xlabel="input x", ylabel="output")
left.legend(fontsize=8)
for place, errors in enumerate(missed.values()):
    right.plot([place] * len(errors), errors, "x", color="#c2410c")
labels = [f"{name}\nlr {lr}" for name, lr in missed]
right.set_xticks(range(len(labels)), labels, fontsize=8)
right.axhline(hand, ls="-", lw=1, label="by hand")
right.axhline(solved, ls="-.", lw=1, label="same hinges, last layer solved")
right.set(yscale="log", ylabel="error (root mean square)")
right.legend(fontsize=8)
alt = (
    "Left: the network by hand lies on the curve, a trained one misses some of its "
    "waves. Right: errors of trained networks as crosses, eight for each start and "
    "rate; all lie far above the two lines of the networks made by hand."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# curve → 曲线
# usual start → 通常的初始化
# by hand → 手工
# usual start, lr {rates[0]} → 通常的初始化，lr {rates[0]}
# input x → 输入 x
# output → 输出
# {name}\nlr {lr} → =
# same hinges, last layer solved → 同样的铰链，解出最后一层
# error (root mean square) → 误差（均方根）
# Left: the network by hand lies on the curve, a trained one misses some of its waves.
# Right: errors of trained networks as crosses, eight for each start and rate; all lie
# far above the two lines of the networks made by hand.
# → 左：手工网络与曲线重合；训练出的网络漏掉了一些起伏。右：叉号是各次训练的误差，
#   每种初始化和学习率各八个；都远在代表手工网络的两条线之上。

# %%
closest = min(errors.min().item() for errors in missed.values())
bm.claim(
    "In these steps Adam stays at least five times as far from the curve as the same "
    "width by hand",
    lambda found, by_hand: found > 5 * by_hand,
    {"found": closest, "by_hand": hand},
    control={"found": solved, "by_hand": hand},
    against="the hinges by hand, last layer solved",
)

# %% [raw] lang="zh"
# In these steps Adam stays at least five times as far from the curve as the same width
# by hand
# → 在这些步数内，Adam 离曲线的距离始终是同样宽度的手工网络的五倍以上
# the hinges by hand, last layer solved → 手工的铰链，解出最后一层

# %% [markdown]
# Is training to blame for the hinges that stand outside? Do not believe it before you
# have counted them at the start.

# %% [markdown] lang="zh" of="11578b36"
# 铰链站在外面，该怪训练吗？先数一数初始化时的情形，再作判断。


# %%
def inside(parameters):
    """How many of the 128 hinges bend between 0 and 1, a number for each network."""
    W1, b1, *_ = parameters
    place = -b1 / W1
    return ((place > 0) & (place < 1)).sum(1).tolist()


def counted(name):
    return {"before": inside(begun[name]), "after": inside(ended[name, 0.03])}


bm.claim(
    "With PyTorch's start fewer than half of the 128 hinges stand inside, after "
    "training and before it",
    lambda before, after: max(before) < 64 and max(after) < 64,
    counted("usual start"),
    control=counted("hinges inside"),
    against="all hinges inside at the start",
)

# %% [raw] lang="zh"
# How many of the 128 hinges bend between 0 and 1, a number for each network.
# → 128 个铰链中有多少个弯在 0 与 1 之间，每个网络一个数。
# With PyTorch's start fewer than half of the 128 hinges stand inside, after training
# and before it
# → 用 PyTorch 的初始化，128 个铰链中站在里面的不到一半，训练之后如此，训练之前也如此
# all hinges inside at the start → 初始化时铰链全在里面
# usual start → 通常的初始化
# hinges inside → 铰链在内

# %% [markdown]
# So the start put them there, and training left most of them. A better start helps; how
# much depends on the learning rate, so each start is given its best one.

# %% [markdown] lang="zh" of="29b54762"
# 可见是初始化把它们放在外面的，训练只是让大多数留在了原处。好的初始化有帮助；
# 帮助多大，取决于学习率，所以每种初始化都用各自最合适的学习率。


# %%
def at_best(name):
    """Each network's error at its best learning rate."""
    return torch.stack([missed[name, lr] for lr in rates]).amin(0)


def clearly_smaller(error, compared_with):
    gain = compared_with - error
    return gain.mean() > 2 * gain.std() / math.sqrt(len(gain))


usual, placed = at_best("usual start"), at_best("hinges inside")
bm.claim(
    "With all hinges inside at the start the error after the same steps is smaller, on "
    "average over eight seeds by more than two standard errors",
    clearly_smaller,
    {"error": placed, "compared_with": usual},
    control={"error": usual[:4], "compared_with": usual[4:]},
    against="the usual start, four seeds against the other four",
)

# %% [raw] lang="zh"
# Each network's error at its best learning rate.
# → 每个网络在最合适的学习率之下的误差。
# usual start → 通常的初始化
# hinges inside → 铰链在内
# With all hinges inside at the start the error after the same steps is smaller, on
# average over eight seeds by more than two standard errors
# → 初始化时铰链全在里面，同样的步数之后误差更小：八个种子平均，差距超过两个标准误
# the usual start, four seeds against the other four
# → 通常的初始化，四个种子与另外四个相比

# %% [markdown]
# Keep the two questions apart: what a shape *can* compute, and what a training run
# *will* find. The first is this lesson; the second is the rest of this chapter.
#
# ## What models use today
#
# Today's [language models](lesson:big-models) do not use ReLU but rounded hinges: GELU
# (GPT-2, BERT) and SiLU, within the gated unit SwiGLU (Llama, Qwen). The theorem holds
# for them, because $\mathrm{gelu}(cz)/c$ is a hinge with a rounded corner, as narrow as
# you like for large $c$. The rounding is even of use, if it is as wide as a piece
# ($c = 2k$); twice as wide does harm. Put it on your hinges, and look at the middle of
# the picture. (Near the two ends a rounded corner reaches over the edge.)

# %% [markdown] lang="zh" of="934eba32"
# 请把两个问题分开：一种形状*能*算什么，一次训练*会*找到什么。
# 前一个是这一课，后一个是本章其余的课。
#
# ## 今天的模型用什么
#
# 今天的[语言模型](lesson:big-models)不用 ReLU，而用圆角的铰链：GELU（GPT-2、BERT），
# 以及门控单元 SwiGLU 里的 SiLU（Llama、Qwen）。定理对它们同样成立，
# 因为 $\mathrm{gelu}(cz)/c$ 就是带圆角的铰链，$c$ 越大圆角越窄，要多窄有多窄。
# 圆角甚至还有好处，只要它与一段差不多宽（$c = 2k$）；再宽一倍就有害了。
# 把它用在你的铰链上，再看图的中部。（靠近两端时，圆角会伸出边界。）


# %%
def middle_errors(f, c, k=64):
    """Largest errors between 0.1 and 0.9: with GELU rounded by c, with ReLU."""
    (W1, b1), (W2, b2) = interpolator(evenly(k), f(evenly(k)))
    x = fine[(fine > 0.1) & (fine < 0.9)][:, None]
    z = x @ W1.T + b1
    hidden = {"rounded": F.gelu(c * z) / c, "sharp": torch.relu(z)}
    gaps = {name: ((h @ W2.T + b2)[:, 0] - f(x[:, 0])) for name, h in hidden.items()}
    return {name: gap.abs().max().item() for name, gap in gaps.items()}


bm.claim(
    "Hinges rounded over one piece draw the middle of the smooth curve twice as "
    "closely as sharp ones",
    lambda rounded, sharp: rounded < sharp / 2,
    middle_errors(curves["smooth"], c=128),
    control=middle_errors(curves["smooth"], c=64),
    against="rounded over two pieces",
)

# %% [raw] lang="zh"
# Largest errors between 0.1 and 0.9: with GELU rounded by c, with ReLU.
# → 0.1 与 0.9 之间的最大误差：用圆角由 c 决定的 GELU，以及用 ReLU。
# Hinges rounded over one piece draw the middle of the smooth curve twice as closely as
# sharp ones
# → 圆角与一段同宽的铰链画光滑曲线的中部，误差不到尖角铰链的一半
# rounded over two pieces → 圆角宽达两段

# %% [markdown]
# Putting knots where the detail is has come back, too. Gaussian splatting (2023) draws
# a scene with soft blobs, and splits them where they still fit badly.
# Kolmogorov–Arnold networks (2024) learn each activation as a curve between knots.
#
# ## What we learned
#
# - One wide hidden layer can draw any continuous curve over a closed interval: a hinge
#   at each knot, weighted by the change of slope.
# - The error falls as $k^{-2}$ with hinges and $k^{-1}$ with steps, if the knots stand
#   where the curve bends; even knots can spoil this.
# - With many inputs a grid is hopeless. Hinges that turn are not a grid.
# - Weights that exist need not be found. Look at the start before you blame training.
#
# ## Where next
#
# Put a knot on each kink of `corner`. Start `train` with the hinges of `by_hand` and
# see how far Adam gets then. Give it three times the steps: does the usual start catch
# up? [Gradient descent, derived](lesson:gradient-descent) asks which way is down.
#
# ## Further reading
#
# - G. Cybenko (1989), *Approximation by Superpositions of a Sigmoidal Function*,
#   Mathematics of Control, Signals and Systems 2.
# - K. Hornik, M. Stinchcombe and H. White (1989), *Multilayer Feedforward Networks Are
#   Universal Approximators*, Neural Networks 2.
# - A. R. Barron (1993), *Universal Approximation Bounds for Superpositions of a
#   Sigmoidal Function*, IEEE Transactions on Information Theory 39(3).
# - M. Leshno, V. Lin, A. Pinkus and S. Schocken (1993), *Multilayer Feedforward
#   Networks with a Nonpolynomial Activation Function Can Approximate Any Function*,
#   Neural Networks 6.

# %% [markdown] lang="zh" of="dc037072"
# 把节点放在细节多的地方，这个想法也重新流行起来。
# 高斯泼溅（2023）用许多柔和的斑点画出场景，哪里还不够像，就把那里的斑点一分为二；
# Kolmogorov–Arnold 网络（2024）这种神经网络，则把每个激活函数都学成节点之间的曲线。
#
# ## 我们学到了什么
#
# - 一个宽的隐藏层能画出闭区间上的任意连续曲线：
#   每个节点一个铰链，权重是斜率的变化量。
# - 只要节点放在曲线弯曲的地方，误差用铰链按 $k^{-2}$ 下降，用台阶按 $k^{-1}$ 下降；
#   等距节点可能达不到。
# - 输入多时，网格毫无希望。会转向的铰链不是网格。
# - 存在的权重未必找得到。怪训练之前，先看看初始化。
#
# ## 下一步
#
# 在 `corner` 的每个折角上放一个节点。让 `train` 从 `by_hand` 的铰链出发，
# 看 Adam 能走多远。把步数增至三倍：通常的初始化能赶上吗？
# [梯度下降的推导](lesson:gradient-descent)问哪边是下坡。
#
# ## 延伸阅读
#
# - G. Cybenko (1989), *Approximation by Superpositions of a Sigmoidal Function*,
#   Mathematics of Control, Signals and Systems 2.
# - K. Hornik, M. Stinchcombe, H. White (1989), *Multilayer Feedforward Networks Are
#   Universal Approximators*, Neural Networks 2.
# - A. R. Barron (1993), *Universal Approximation Bounds for Superpositions of a
#   Sigmoidal Function*, IEEE Transactions on Information Theory 39(3).
# - M. Leshno, V. Lin, A. Pinkus, S. Schocken (1993), *Multilayer Feedforward Networks
#   with a Nonpolynomial Activation Function Can Approximate Any Function*, Neural
#   Networks 6.
