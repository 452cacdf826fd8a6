# ---
# slug: convolution
# title: {en: Convolutional networks, zh: 卷积网络}
# section: "2.1, 3.1.1, 3.3.1"
# minutes: 110
# needs: []
# data: []
# extras: []
# introduces: [logistic regression]
# symbols:
#   x: input
#   y: target
#   W: weights
#   b: bias
#   z: pre-activation
#   L: number of layers
#   delta: dJ/dz of a layer
#   f: pixels along a filter's side
#   s: stride
#   p: padding
# says:
#   en: Slide one small filter over a picture, learn it, and see how far it sees.
#   zh: 让一个小滤波器滑过整幅图，把它学出来，再看它能看多远。
# ---

# %% [markdown]
# A picture of a cat is still a cat when the cat sits a little further left. A dense
# layer does not know this: it has a weight of its own for each pixel, and must learn
# the cat again at each place. A convolution looks at a small window, uses the same few
# weights everywhere, and so learns once what an edge, a whisker or an ear is.

# %% [markdown] lang="zh" of="499d5eaa"
# 一张猫的照片，猫往左挪一点，还是猫。全连接层却不懂这一点：它给每个像素一个单独的权重，
# 猫换个位置就得从头再学。卷积只看一个小窗口，处处用同样的几个权重，
# 所以边缘、胡须、耳朵，学一次就够了。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import time

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import stats
from sklearn.datasets import load_digits, load_sample_image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

lab = bm.start("convolution", profile=profile, device=device, seed=seed, lang=lang)
torch.set_num_threads(1)  # such small layers are slower on two

# %% [raw] lang="zh"
# such small layers are slower on two → 这么小的层，用两个线程反而慢

# %% [markdown]
# ## A window slides over a photograph
#
# Here is a photograph, and beside it a filter: a small square of numbers. Lay the
# filter on the picture, multiply what lies on top of each other, add it all up, write
# the sum down, go one pixel on. Turn the filter and see which roofs answer.

# %% [markdown] lang="zh" of="24120c8c"
# ## 窗口滑过照片
#
# 下面是一张照片，旁边是一个滤波器：一小块方形的数。把滤波器盖在图上，
# 上下对应的数相乘，全部加起来，把和记下来，再挪一个像素。
# 转一转滤波器，看看哪些屋檐会回应。

# %%
photo = torch.tensor(load_sample_image("china.jpg"), dtype=torch.float32)
photo = photo.mean(-1)[40:400:2, 60:600:2] / 255  # grey, (180, 270)


def draw_filter(kind, angle, width):
    """A bump of this width (blur), its slope (edge) or its curvature (line)."""
    turn, axis = np.deg2rad(angle), torch.arange(-7.0, 8.0)
    across = axis[None] * np.cos(turn) + axis[:, None] * np.sin(turn)  # (15, 15)
    bump = torch.exp(-(axis[None] ** 2 + axis[:, None] ** 2) / (2 * width**2))
    line = (1 - (across / width) ** 2) * bump
    W = {"blur": bump, "edge": across * bump, "line": line - line.mean()}[kind]
    return W / W.abs().sum()


# %% [raw] lang="zh"
# blur → 模糊
# edge → 边缘
# line → 线条
# A bump of this width (blur), its slope (edge) or its curvature (line).
# → 这一宽度的鼓包（模糊）、它的斜率（边缘）或它的曲率（线条）。
# grey, (180, 270) → 灰度图，(180, 270)


# %% fold
def slide(kind, angle, width):
    W = draw_filter(kind, angle, width)
    z = F.conv2d(photo[None, None], W[None, None])[0, 0]
    fig, axes = plt.subplots(
        1, 3, figsize=(10, 2.9), width_ratios=[5, 2.2, 5], layout="constrained"
    )
    top = [1.0, W.abs().max(), z.abs().max()]
    names = ["photograph", "filter", "answer"]
    for ax, picture, most, name in zip(axes, (photo, W, z), top, names, strict=True):
        low = 0.0 if picture is photo else -most
        ax.imshow(picture, cmap="gray", vmin=low, vmax=most)
        ax.set(title=name, xlabel="column", ylabel="row")
        ax.grid(False)
    return fig


alt = (
    "A Chinese pavilion in grey, a filter that is dark on one side and bright on the "
    "other, and its answer: edges across the filter's direction shine out of even grey."
)
controls = {"kind": ["edge", "line", "blur"], "angle": (0, 180, 15, 90)}
bm.show.explore(slide, alt=alt, **controls, width=(0.6, 4.0, 0.2, 1.0))


# %% [raw] lang="zh"
# photograph → 照片
# filter → 滤波器
# answer → 回应
# column → 列
# row → 行
# A Chinese pavilion in grey, a filter that is dark on one side and bright on the other,
# and its answer: edges across the filter's direction shine out of even grey.
# → 灰度的中式楼阁；一个一边暗、一边亮的滤波器；它的回应：一片灰色中，只有与其方向相
#   应的边缘显现出来。
# edge → 边缘
# line → 线条
# blur → 模糊

# %% [markdown]
# Grey is an answer of zero, white a strong yes, black a strong no. An edge filter at
# 90° finds the roofs, at 0° the columns. People drew such filters by hand for decades.
# A convolutional network keeps the sliding and **learns the numbers**.
#
# ## How many places are there?
#
# Before we slide, let us count. A picture has $n$ pixels along a side, the window has
# $f$. We may put $p$ rows of zeros around the picture (*padding*), so that the window
# can look at the edge too, and go on by $s$ pixels at a time (the *stride*).

# %% [markdown] lang="zh" of="2d71af65"
# 灰色表示回应为零，白色是“很像”，黑色是“正相反”。边缘滤波器转到 90° 找到屋檐，
# 转到 0° 找到柱子。几十年里，这样的滤波器都是人手工设计的。
# 卷积网络保留了“滑动”，而把这些数**学出来**。
#
# ## 一共有多少个位置？
#
# 滑动之前先数一数。图的一边有 $n$ 个像素，窗口有 $f$ 个。可以在图的四周补 $p$ 圈零
# （*填充*），好让窗口也能看到边缘；每次可以挪 $s$ 个像素（*步幅*）。


# %% exercise="output_size" points=1 minutes=4 level=1
def output_size(n, kernel, stride=1, padding=0):
    """How many places a window has along one side.

    n: pixels along the side; kernel: pixels of the window; stride: pixels from one
    place to the next; padding: zeros added at each end. Returns a whole number.
    """
    ### BEGIN SOLUTION
    return (n + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %% [raw] lang="zh"
# How many places a window has along one side. → 窗口沿一边有多少个位置。
# n: pixels along the side; kernel: pixels of the window; stride: pixels from one
# place to the next; padding: zeros added at each end. Returns a whole number.
# → n：一边的像素数；kernel：窗口的像素数；stride：相邻两个位置相隔几个像素；
#   padding：每一端补几个零。返回整数。

# %% check="output_size"
advice = "a window of 3 on 5 pixels can start at 0, 1 and 2: is one place missing?"
bm.expect.equal(output_size(5, 3), 3, advice)
advice = "the zeros are added at both ends"
bm.expect.equal(output_size(5, 3, padding=1), 5, advice)
advice = "starts 0 and 2; at 4 it would look past the edge: round down"
bm.expect.equal(output_size(6, 3, stride=2), 2, advice)
### BEGIN HIDDEN TESTS
for n, kernel, stride, padding in [(9, 2, 3, 1), (28, 5, 1, 2), (7, 7, 4, 0)]:
    starts = range(-padding, n + padding - kernel + 1, stride)
    advice = f"n={n}, kernel={kernel}, stride={stride}, padding={padding}: count starts"
    bm.expect.equal(output_size(n, kernel, stride, padding), len(starts), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a window of 3 on 5 pixels can start at 0, 1 and 2: is one place missing?
# → 5 个像素上宽 3 的窗口可以从 0、1、2 开始：是不是少数了一个位置？
# the zeros are added at both ends → 两端都要补零
# starts 0 and 2; at 4 it would look past the edge: round down
# → 从 0 和 2 开始；从 4 开始就出界了：要向下取整
# n={n}, kernel={kernel}, stride={stride}, padding={padding}: count starts
# → n={n}，kernel={kernel}，stride={stride}，padding={padding}：数一数起点

# %% [markdown] hint="output_size"
# Where can the window start at first, and where at last? With stride 1, count the
# pixels from the first start to the last, both included.

# %% [markdown] lang="zh" of="9fcc98fc"
# 窗口最早从哪里开始，最晚从哪里开始？步幅为 1 时，数一数从头到尾有几个起点，
# 两头都算。

# %% [markdown] hint="output_size"
# The last start is `n + 2 * padding - kernel` steps after the first. Only every
# `stride`-th of these counts: `//`.

# %% [markdown] lang="zh" of="69a4a39a"
# 最后一个起点比第一个晚 `n + 2 * padding - kernel` 步。其中每隔 `stride` 步才算一个：
# 用 `//`。


# %% mistake="output_size" says="one place missing"
def output_size(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) // stride


# %% mistake="output_size" says="both ends"
def output_size(n, kernel, stride=1, padding=0):
    return (n + padding - kernel) // stride + 1


# %% mistake="output_size" says="round down"
def output_size(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) / stride + 1


# %% variant="output_size"
def output_size(n, kernel, stride=1, padding=0):
    return len(range(0, n + 2 * padding - kernel + 1, stride))


# %% [markdown]
# So on each side, if $\lfloor\cdot\rfloor$ rounds down,
#
# $$\mathrm{places} = \left\lfloor\frac{n + 2p - f}{s}\right\rfloor + 1
# \label{output-size}$$
#
# We try it on 240 combinations against what PyTorch's own convolution returns.

# %% [markdown] lang="zh" of="6a14d228"
# 所以每一边上（$\lfloor\cdot\rfloor$ 表示向下取整），
#
# $$\mathrm{places} = \left\lfloor\frac{n + 2p - f}{s}\right\rfloor + 1
# \label{output-size}$$
#
# 我们拿 240 种组合，与 PyTorch 自己的卷积所返回的大小对照。

# %% equation="output-size" of="bece0c5a"
sizes, formula = [], []
for n in range(5, 15):
    for f in (1, 2, 3, 5):
        for s in (1, 2, 3):
            for p in (0, 2):
                out = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, f), None, s, p)
                sizes.append(out.shape[-1])
                formula.append(int((n + 2 * p - f) / s) + 1)
bm.equation("output-size", np.array(sizes), np.array(formula))

# %% [markdown]
# ## The sliding, written down
#
# A pixel of a colour picture has three numbers, one of an inner layer may have
# hundreds: its *channels*, index $c$. A filter has a weight for each pixel of its
# window and each channel, and there are several filters, index $o$. So $W$ has four
# axes, and
#
# $$z_{o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{c,\,si+u-p,\,sj+v-p}
# \label{convolution}$$
#
# where $x$ is 0 outside of the picture. Mathematicians would call this a correlation;
# their convolution flips the filter first. A filter that is learned comes out flipped
# or not as needed, so nobody in deep learning bothers. Now write the loops.

# %% [markdown] lang="zh" of="40b76b22"
# ## 把滑动写成公式
#
# 彩色图的一个像素有三个数，网络内部的一个像素可能有几百个数：这就是*通道*，用下标 $c$
# 表示。滤波器对窗口里的每个像素、每个通道各有一个权重，而且滤波器不止一个，用下标 $o$
# 表示。所以 $W$ 有四个轴，
#
# $$z_{o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{c,\,si+u-p,\,sj+v-p}
# \label{convolution}$$
#
# 其中 $x$ 在图外为 0。数学家把这叫做互相关，他们的卷积要先把滤波器翻转过来。
# 既然滤波器是学出来的，翻不翻转都学得到，所以深度学习里没人计较。现在请你写出循环。


# %% exercise="convolve" points=3 minutes=10 level=2
def convolve(x, W, b, stride=1, padding=0):
    """Slide every filter over one picture, by loops.

    x: (channels, height, width); W: (filters, channels, f, f); b: (filters,).
    Returns z: (filters, rows, columns), as many rows and columns as output_size says.
    """
    ### BEGIN SOLUTION
    f = W.shape[-1]
    rows, columns = (output_size(n, f, stride, padding) for n in x.shape[1:])
    x = F.pad(x, [padding] * 4)  # zeros at left, right, top, bottom
    z = x.new_zeros(len(W), rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = x[:, top : top + f, left : left + f]  # (channels, f, f)
            z[:, i, j] = (W * window).sum((1, 2, 3)) + b
    return z
    ### END SOLUTION


# %% [raw] lang="zh"
# Slide every filter over one picture, by loops. → 用循环让每个滤波器滑过一幅图。
# x: (channels, height, width); W: (filters, channels, f, f); b: (filters,).
# Returns z: (filters, rows, columns), as many rows and columns as output_size says.
# → x：(channels, height, width)；W：(filters, channels, f, f)；b：(filters,)。
#   返回 z：(filters, rows, columns)，行数和列数由 output_size 给出。
# zeros at left, right, top, bottom → 左、右、上、下各补零

# %% check="convolve"
draws = torch.Generator().manual_seed(1)
x = torch.randn(2, 5, 6, generator=draws, dtype=torch.float64)
W = torch.randn(3, 2, 2, 2, generator=draws, dtype=torch.float64)
b, none = torch.tensor([1.0, -2.0, 3.0]).double(), torch.zeros(3).double()
z = convolve(x, W, b)
bm.expect.shape(z, (3, 4, 5), "(filters, rows, columns), sized by output_size")
grey = convolve(x[:1], W[:, :1], none)
advice = "lay each filter on the window as it is, without flipping it"
bm.expect.close(grey, F.conv2d(x[:1], W[:, :1]), advice)
bm.expect.close(convolve(x, W, none), F.conv2d(x, W), "add up over all channels")
bm.expect.close(z, F.conv2d(x, W, b), "each filter adds its own bias b")
far = convolve(x, W, b, stride=2)
advice = "with stride 2 window (i, j) starts at row 2i and column 2j"
bm.expect.close(far, F.conv2d(x, W, b, stride=2), advice)
advice = "padding puts zeros around the picture, on all four sides"
bm.expect.close(convolve(x, W, b, padding=1), F.conv2d(x, W, b, padding=1), advice)
### BEGIN HIDDEN TESTS
bm.expect.true(z.dtype == x.dtype, "keep x's kind of number: x.new_zeros(...)")
W = torch.randn(4, 2, 3, 3, generator=draws, dtype=torch.float64)
right = F.conv2d(x, W, torch.ones(4).double(), stride=3, padding=2)
z = convolve(x, W, torch.ones(4).double(), stride=3, padding=2)
bm.expect.close(z, right, "stride 3 and padding 2 together")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# (filters, rows, columns), sized by output_size
# → (filters, rows, columns)，大小由 output_size 给出
# lay each filter on the window as it is, without flipping it
# → 把滤波器原样盖在窗口上，不要翻转
# add up over all channels → 要对所有通道求和
# each filter adds its own bias b → 每个滤波器要加上自己的偏置 b
# with stride 2 window (i, j) starts at row 2i and column 2j
# → 步幅为 2 时，窗口 (i, j) 从第 2i 行、第 2j 列开始
# padding puts zeros around the picture, on all four sides → 填充是在图的四边都补零
# keep x's kind of number: x.new_zeros(...) → 保持 x 的数值类型：x.new_zeros(...)
# stride 3 and padding 2 together → 步幅 3 与填充 2 同时使用

# %% [markdown] hint="convolve"
# First surround `x` with zeros, then forget that there is padding. Two loops, over rows
# and columns of `z`; all filters can be done at once.

# %% [markdown] lang="zh" of="99d8b4c3"
# 先给 `x` 四周补零，之后就不用再想填充的事。两层循环，走遍 `z` 的行和列；
# 所有滤波器可以一次算完。

# %% [markdown] hint="convolve"
# The window of place (i, j) is `x[:, i * stride : i * stride + f, j * stride : j *
# stride + f]`. What must be summed in `W * window`, of shape (filters, channels, f, f)?

# %% [markdown] lang="zh" of="6cd9a192"
# 位置 (i, j) 的窗口是
# `x[:, i * stride : i * stride + f, j * stride : j * stride + f]`。
# `W * window` 的形状是 (filters, channels, f, f)，该对哪些轴求和？

# %% [markdown] hint="convolve"
# `z[:, i, j] = (W * window).sum((1, 2, 3)) + b`, with `z = x.new_zeros(len(W), rows,
# columns)` before the loops and `F.pad(x, [padding] * 4)` before that.

# %% [markdown] lang="zh" of="730c1e35"
# `z[:, i, j] = (W * window).sum((1, 2, 3)) + b`；循环之前先写
# `z = x.new_zeros(len(W), rows, columns)`，再之前是 `F.pad(x, [padding] * 4)`。


# %% mistake="convolve" says="without flipping"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(x, W.flip(-1, -2), b, stride, padding)


# %% mistake="convolve" says="over all channels"
def convolve(x, W, b, stride=1, padding=0):
    f, x = W.shape[-1], F.pad(x, [padding] * 4)
    windows = x.unfold(1, f, stride).unfold(2, f, stride)
    return torch.einsum("ijuv,ouv->oij", windows[0], W[:, 0]) + b[:, None, None]


# %% mistake="convolve" says="its own bias"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(x, W, None, stride, padding)


# %% mistake="convolve" says="starts at row 2i"
def convolve(x, W, b, stride=1, padding=0):
    f = W.shape[-1]
    rows, columns = (output_size(n, f, stride, padding) for n in x.shape[1:])
    x = F.pad(x, [padding] * 4)
    z = x.new_zeros(len(W), rows, columns)
    for i in range(rows):
        for j in range(columns):
            z[:, i, j] = (W * x[:, i : i + f, j : j + f]).sum((1, 2, 3)) + b
    return z


# %% mistake="convolve" says="on all four sides"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(F.pad(x, [0, 2 * padding, 0, 2 * padding]), W, b, stride)


# %% variant="convolve"
def convolve(x, W, b, stride=1, padding=0):
    f, x = W.shape[-1], F.pad(x, [padding] * 4)
    windows = x.unfold(1, f, stride).unfold(2, f, stride)  # (c, rows, columns, f, f)
    return torch.einsum("cijuv,ocuv->oij", windows, W) + b[:, None, None]


# %% [markdown]
# Equation (\ref{convolution}), word for word, index by index, with a stride of 2 and a
# padding of 1: PyTorch's `F.conv2d` computes exactly this.

# %% [markdown] lang="zh" of="51d6c13b"
# 逐字逐下标地执行公式 (\ref{convolution})，步幅为 2，填充为 1：
# PyTorch 的 `F.conv2d` 算的正是它。

# %% equation="convolution" of="5dc29765"
x, W = torch.randn(2, 6, 6).double(), torch.randn(3, 2, 3, 3).double()
b, s, p = torch.randn(3).double(), 2, 1
z = torch.zeros(3, 3, 3).double()
for o, i, j in np.ndindex(3, 3, 3):
    z[o, i, j] = b[o]
    for c, u, v in np.ndindex(2, 3, 3):
        row, column = s * i + u - p, s * j + v - p
        if 0 <= row < 6 and 0 <= column < 6:  # outside, x is 0
            z[o, i, j] = z[o, i, j] + W[o, c, u, v] * x[c, row, column]
bm.equation("convolution", F.conv2d(x, W, b, s, p), z, atol=1e-12)

# %% [raw] lang="zh"
# outside, x is 0 → 图外 x 为 0

# %% [markdown]
# ## A dense layer with two rules
#
# Every $z_{o,i,j}$ is a weighted sum of pixels, so a convolution **is** a dense layer.
# With picture and answer written as long vectors there is a matrix $T$ with
#
# $$\operatorname{vec}(z) = T\,\operatorname{vec}(x) \label{as-matrix}$$
#
# when the bias is 0. To find $T$, convolve pictures that have one white pixel: each
# gives one column. We check it on another picture, and look at $T$.

# %% [markdown] lang="zh" of="ac612e66"
# ## 守两条规矩的全连接层
#
# 每个 $z_{o,i,j}$ 都是像素的加权和，所以卷积**就是**一种全连接层。
# 把图和回应都拉成长长的向量，偏置为 0 时，存在一个矩阵 $T$ 使得
#
# $$\operatorname{vec}(z) = T\,\operatorname{vec}(x) \label{as-matrix}$$
#
# 怎样求 $T$？拿只有一个白点的图去做卷积，每幅图给出 $T$ 的一列。
# 我们换一幅图来验证，再看看 $T$ 长什么样。

# %% equation="as-matrix" of="96c0b441"
W = torch.randn(1, 1, 3, 3).double()
points = torch.eye(36).double().reshape(36, 1, 6, 6)  # one white pixel each
T = F.conv2d(points, W).flatten(1).T  # (16, 36)
x = torch.randn(1, 6, 6).double()
z = convolve(x, W, torch.zeros(1).double())
bm.equation("as-matrix", z.flatten(), T @ x.flatten(), atol=1e-12)

# %% [raw] lang="zh"
# one white pixel each → 每幅只有一个白点

# %% fold
kinds = {"dense layer": torch.randn(16, 36), "convolution": T}
fig, axes = plt.subplots(2, 1, figsize=(7.2, 5.2), layout="constrained")
for ax, (name, matrix) in zip(axes, kinds.items(), strict=True):
    shown = ax.imshow(matrix, cmap="gray", vmin=-2, vmax=2)
    different = len(np.unique(matrix[matrix != 0].numpy().round(9)))
    ax.set_title(f"{name}: {different} different weights")
    ax.set(xlabel="pixel of x", ylabel="pixel of z")
    ax.grid(False)
fig.colorbar(shown, ax=axes, label="weight", shrink=0.6)
alt = (
    "Two matrices of 16 by 36 weights. The dense one is noise all over; that of the "
    "convolution is zero but for a few diagonals, along which one weight repeats."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# dense layer → 全连接层
# convolution → 卷积
# {name}: {different} different weights → {name}：{different} 个不同的权重
# pixel of x → x 的像素
# pixel of z → z 的像素
# weight → 权重
# Two matrices of 16 by 36 weights. The dense one is noise all over; that of the
# convolution is zero but for a few diagonals, along which one weight repeats.
# → 两个 16 × 36 的权重矩阵。全连接层的处处是噪声；卷积的除了几条斜线外全为零，每条
#   斜线上重复同一个权重。

# %% [markdown]
# Two rules make the lower matrix out of the upper one. **Look nearby**: most weights
# are zero. **Be the same everywhere**: what is left repeats along diagonals. With $d$
# channels in and $m$ filters, a convolution has
#
# $$\mathrm{parameters} = m\,(d f^2 + 1) \label{parameters}$$
#
# however large the picture. A dense layer has one for each pair of numbers.

# %% [markdown] lang="zh" of="565a4120"
# 两条规矩，把上面的矩阵变成下面的：**只看附近**，所以多数权重为零；
# **处处一样**，所以剩下的沿斜线重复。输入有 $d$ 个通道，滤波器有 $m$ 个，
# 卷积的参数个数是
#
# $$\mathrm{parameters} = m\,(d f^2 + 1) \label{parameters}$$
#
# 图再大也不变。而全连接层，每一对数就要一个参数。

# %% equation="parameters" of="04587ef5"
counted = [
    sum(w.numel() for w in nn.Conv2d(d, m, f).parameters())
    for d, m, f in [(1, 6, 5), (3, 64, 3), (16, 8, 1)]
]
formula = [m * (d * f**2 + 1) for d, m, f in [(1, 6, 5), (3, 64, 3), (16, 8, 1)]]
bm.equation("parameters", np.array(counted), np.array(formula))

# %%
side, channels, filters = 224, 3, 64  # a photograph as networks usually get it
convolution = filters * (channels * 3**2 + 1)
dense = (side**2 * channels + 1) * side**2 * filters
bm.claim(
    "For one photograph, a dense layer needs a million times as many parameters",
    dense > 1e6 * convolution,
    convolution=convolution,
    dense=dense,
)

# %% [raw] lang="zh"
# a photograph as networks usually get it → 网络通常收到的照片大小
# For one photograph, a dense layer needs a million times as many parameters
# → 处理一张照片，全连接层的参数是卷积的百万倍以上

# %% [markdown]
# The second rule has a name. Let $S_a$ shift a picture by $a$ pixels down and to the
# right. Then, away from the borders, a convolution of stride 1 is *equivariant*:
#
# $$(S_a x) * W = S_a\,(x * W) \label{equivariance}$$
#
# Shift the cat, and what the filters say about the cat shifts along. To have no borders
# we let the picture go round: what leaves on the right comes back on the left.

# %% [markdown] lang="zh" of="39568e0f"
# 第二条规矩有个名字。设 $S_a$ 把图向下、向右各移 $a$ 个像素。那么在远离边缘的地方，
# 步幅为 1 的卷积是*等变*的：
#
# $$(S_a x) * W = S_a\,(x * W) \label{equivariance}$$
#
# 猫移到哪里，滤波器对猫的回应也跟到哪里。为了不受边缘干扰，
# 我们让图首尾相接：从右边出去的，从左边回来。


# %% equation="equivariance" of="3ebe4253"
def ring(x, W):
    """Convolution of a picture that goes round, as large as x."""
    around = F.pad(x[None], [0, 2, 0, 2], mode="circular")[0]
    return convolve(around, W, torch.zeros(len(W)).double())


x, W, a = torch.randn(2, 8, 8).double(), torch.randn(3, 2, 3, 3).double(), 3
left = ring(torch.roll(x, (a, a), (1, 2)), W)
bm.equation("equivariance", left, torch.roll(ring(x, W), (a, a), (1, 2)), atol=1e-12)


# %% [raw] lang="zh"
# Convolution of a picture that goes round, as large as x.
# → 首尾相接的图的卷积，与 x 一样大。

# %% [markdown]
# Remember *stride 1*: we shall meet the price of a larger one.
#
# ## All windows at once
#
# The loops are right, and slow. Processors love large matrix products; so put every
# window into a column. The numbers of a window are as many as the weights of a filter,
# so with $W$'s filters as rows, one product does all places and all filters.

# %% [markdown] lang="zh" of="ea86aa6a"
# 记住“步幅为 1”这个条件：步幅更大的代价，我们后面会遇到。
#
# ## 一次算完所有窗口
#
# 循环是对的，但是慢。处理器最喜欢大的矩阵乘法，所以把每个窗口摆成一列。
# 一个窗口里的数与一个滤波器的权重一样多；再把 $W$ 的滤波器摆成行，
# 一次乘法就算完所有位置、所有滤波器。

# %% fold
x = torch.arange(16).reshape(4, 4)
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), width_ratios=[4, 9])
marks = {0: ("#1b3a6b", "-"), 1: ("#c2410c", "--"), 3: ("#0f8b8d", ":")}
columns = torch.stack([x[i : i + 2, j : j + 2].flatten() for i, j in np.ndindex(3, 3)])
for ax, numbers in zip(axes, (x, columns.T), strict=True):
    ax.imshow(torch.zeros_like(numbers), cmap="Greys", vmin=0, vmax=1)
    for (i, j), number in np.ndenumerate(numbers.numpy()):
        ax.text(j, i, number, ha="center", va="center")
    ax.grid(False)
for place, (colour, dash) in marks.items():
    i, j = divmod(place, 3)
    look = {"fill": False, "ec": colour, "ls": dash, "lw": 2.5, "clip_on": False}
    low, side = 0.06 * place - 0.5, 2 - 0.12 * place
    axes[0].add_patch(plt.Rectangle((j + low, i + low), side, side, **look))
    axes[1].add_patch(plt.Rectangle((place - 0.5, -0.5), 1, 4, **look))
axes[0].set(title="picture and three windows", xlabel="column", ylabel="row")
axes[1].set(
    title="unfolded", xlabel="place of the window", ylabel="number in the window"
)
alt = (
    "A picture of 4 by 4 numbers with three windows of 2 by 2 marked; beside it nine "
    "columns of four numbers, with the columns of these windows marked alike."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# picture and three windows → 图与三个窗口
# column → 列
# row → 行
# unfolded → 展开之后
# place of the window → 窗口的位置
# number in the window → 窗口里的第几个数
# A picture of 4 by 4 numbers with three windows of 2 by 2 marked; beside it nine
# columns of four numbers, with the columns of these windows marked alike.
# → 4 × 4 个数的图，标出三个 2 × 2 的窗口；旁边是九列、每列四个数，相应的三列也同样
#   标出。


# %% exercise="unfold_patches" points=3 minutes=10 level=3
def unfold_patches(x, f, stride=1, padding=0):
    """Put every window of f × f into a column (without F.unfold).

    x: (batch, channels, height, width).
    Returns (batch, channels * f * f, places). A column has its window's numbers in the
    order of W[o].flatten(): channel, row, column. Places go row by row.
    """
    ### BEGIN SOLUTION
    x = F.pad(x, [padding] * 4)
    windows = x.unfold(2, f, stride).unfold(3, f, stride)  # (batch, c, i, j, u, v)
    columns = windows.permute(0, 1, 4, 5, 2, 3)  # (batch, c, u, v, i, j)
    return columns.flatten(1, 3).flatten(2)
    ### END SOLUTION


# %% [raw] lang="zh"
# Put every window of f × f into a column (without F.unfold).
# → 把每个 f × f 的窗口摆成一列（不用 F.unfold）。
# x: (batch, channels, height, width).
# Returns (batch, channels * f * f, places). A column has its window's numbers in the
# order of W[o].flatten(): channel, row, column. Places go row by row.
# → x：(batch, channels, height, width)。
#   返回 (batch, channels * f * f, places)。一列中的数按 W[o].flatten() 的顺序排：
#   通道、行、列。位置逐行排列。

# %% check="unfold_patches"
x = torch.arange(80.0).reshape(2, 2, 4, 5)
columns = unfold_patches(x, 2)
advice = "each window is a column: channels * f * f numbers, 12 places"
bm.expect.shape(columns, (2, 8, 12), advice)
first, second = x[0, :, 0:2, 0:2], x[0, :, 0:2, 1:3]
advice = "a column must hold one window: permute the axes before you flatten"
bm.expect.close(columns[0, :, 0].sort().values, first.flatten().sort().values, advice)
advice = "places go row by row: the second window is one pixel to the right"
bm.expect.close(columns[0, :, 1].sort().values, second.flatten().sort().values, advice)
advice = "within a column: all of channel 0 first, row by row, then channel 1"
bm.expect.close(columns[0, :, 0], first.flatten(), advice)
advice = "padding and stride as in convolve"
right = F.unfold(x, 3, stride=2, padding=1)
bm.expect.close(unfold_patches(x, 3, stride=2, padding=1), right, advice)
### BEGIN HIDDEN TESTS
x = torch.randn(3, 4, 7, 6, generator=torch.Generator().manual_seed(2))
right = F.unfold(x, 3, stride=3, padding=2)
advice = "three pictures, four channels, stride 3"
bm.expect.close(unfold_patches(x, 3, stride=3, padding=2), right, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# each window is a column: channels * f * f numbers, 12 places
# → 每个窗口一列：channels * f * f 个数，12 个位置
# a column must hold one window: permute the axes before you flatten
# → 一列应当恰好是一个窗口：展平之前先调换轴的次序
# places go row by row: the second window is one pixel to the right
# → 位置逐行排列：第二个窗口在右边一个像素
# within a column: all of channel 0 first, row by row, then channel 1
# → 一列之内：先是通道 0 的全部，逐行排，再是通道 1
# padding and stride as in convolve → 填充与步幅同 convolve 一样
# three pictures, four channels, stride 3 → 三幅图、四个通道、步幅 3

# %% [markdown] hint="unfold_patches"
# `x.unfold(2, f, stride)` cuts axis 2 into windows of `f` and puts what is inside of a
# window into a new last axis. Do it for axis 3 too. Which shape do you have then?

# %% [markdown] lang="zh" of="23179b02"
# `x.unfold(2, f, stride)` 把第 2 轴切成长为 `f` 的窗口，窗口内的数放进新的最后一轴。
# 对第 3 轴也做一次。这时形状是什么？

# %% [markdown] hint="unfold_patches"
# You have (batch, c, i, j, u, v) and need (batch, c, u, v, i, j): `permute`. Then
# flatten the three in the middle, and the last two.

# %% [markdown] lang="zh" of="8e9b8ed5"
# 现在是 (batch, c, i, j, u, v)，要的是 (batch, c, u, v, i, j)：用 `permute`。
# 然后展平中间三个轴，再展平最后两个轴。


# %% mistake="unfold_patches" says="permute the axes"
def unfold_patches(x, f, stride=1, padding=0):
    x = F.pad(x, [padding] * 4)
    windows = x.unfold(2, f, stride).unfold(3, f, stride)
    return windows.reshape(len(x), x.shape[1] * f * f, -1)


# %% mistake="unfold_patches" says="each window is a column"
def unfold_patches(x, f, stride=1, padding=0):
    x = F.pad(x, [padding] * 4)
    windows = x.unfold(2, f, stride).unfold(3, f, stride)
    return windows.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


# %% mistake="unfold_patches" says="all of channel 0 first"
def unfold_patches(x, f, stride=1, padding=0):
    x = F.pad(x, [padding] * 4)
    windows = x.unfold(2, f, stride).unfold(3, f, stride)
    return windows.permute(0, 4, 5, 1, 2, 3).flatten(1, 3).flatten(2)


# %% mistake="unfold_patches" says="row by row"
def unfold_patches(x, f, stride=1, padding=0):
    x = F.pad(x, [padding] * 4)
    windows = x.unfold(2, f, stride).unfold(3, f, stride)
    return windows.permute(0, 1, 4, 5, 3, 2).flatten(1, 3).flatten(2)


# %% variant="unfold_patches"
def unfold_patches(x, f, stride=1, padding=0):
    x = F.pad(x, [padding] * 4)
    tall, wide = (range(0, n - f + 1, stride) for n in x.shape[2:])
    windows = [x[:, :, i : i + f, j : j + f].flatten(1) for i in tall for j in wide]
    return torch.stack(windows, -1)


# %%
def convolve_all(x, W, b, stride=1, padding=0):
    """Convolution of a batch, (batch, channels, height, width), by one product."""
    f = W.shape[-1]
    rows, _ = (output_size(n, f, stride, padding) for n in x.shape[2:])
    columns = unfold_patches(x, f, stride, padding)  # (batch, c f f, places)
    z = W.flatten(1) @ columns + b[:, None]  # (batch, filters, places)
    return z.unflatten(-1, (rows, -1))


def seconds(function):
    """The fastest of three runs."""
    runs = []
    for _ in range(3):
        began = time.perf_counter()
        z = function()
        runs.append(time.perf_counter() - began)
    return min(runs), z


# %% [raw] lang="zh"
# Convolution of a batch, (batch, channels, height, width), by one product.
# → 用一次乘法对一批图 (batch, channels, height, width) 做卷积。
# The fastest of three runs. → 三次运行中最快的一次。

# %%
x, W, b = torch.randn(1, 3, 40, 40), torch.randn(16, 3, 5, 5), torch.randn(16)
loops, slow = seconds(lambda: convolve(x[0], W, b, padding=2))
product, quick = seconds(lambda: convolve_all(x, W, b, padding=2))
torch.testing.assert_close(quick[0], slow, rtol=1e-4, atol=1e-4)
torch.testing.assert_close(quick, F.conv2d(x, W, b, padding=2), rtol=1e-4, atol=1e-4)
bm.claim(
    "One matrix product gives what the loops give, at least five times as fast",
    loops > 5 * product,
    seconds_loops=loops,
    seconds_product=product,
    largest_difference=(quick[0] - slow).abs().max(),
)

# %% [raw] lang="zh"
# One matrix product gives what the loops give, at least five times as fast
# → 一次矩阵乘法与循环结果相同，而且至少快五倍

# %% [markdown]
# ## Backward, by hand
#
# To learn $W$ we need the slope of the loss $J$. Say the layers above have told us
# $\delta_{o,i,j} = \partial J/\partial z_{o,i,j}$. A weight takes part at *every*
# place, each time multiplied with another pixel. So its slope adds up over places:
#
# $$\frac{\partial J}{\partial W_{o,c,u,v}} = \sum_{i,j} \delta_{o,i,j}\;
# x_{c,\,si+u-p,\,sj+v-p} \label{weight-gradient}$$
#
# For a pixel, (\ref{as-matrix}) helps. What $T$ carries forward, its transpose carries
# back, to each pixel from all windows that saw it:
#
# $$\frac{\partial J}{\partial\operatorname{vec}(x)} = T^\top\operatorname{vec}(\delta)
# \label{input-gradient}$$
#
# Autograd shall be the judge of both.

# %% [markdown] lang="zh" of="c7a0476e"
# ## 亲手反向
#
# 要学出 $W$，就需要损失 $J$ 的坡度。设上面的层已经告诉我们
# $\delta_{o,i,j} = \partial J/\partial z_{o,i,j}$。一个权重在*每个*位置都参与，
# 每次乘的像素不同，所以它的坡度要对所有位置累加：
#
# $$\frac{\partial J}{\partial W_{o,c,u,v}} = \sum_{i,j} \delta_{o,i,j}\;
# x_{c,\,si+u-p,\,sj+v-p} \label{weight-gradient}$$
#
# 对像素，(\ref{as-matrix}) 帮得上忙：$T$ 向前送的，它的转置就往回送，
# 把所有看到过这个像素的窗口的消息都送回来：
#
# $$\frac{\partial J}{\partial\operatorname{vec}(x)} = T^\top\operatorname{vec}(\delta)
# \label{input-gradient}$$
#
# 两个公式都请自动求导（autograd）来裁判。

# %% equation="weight-gradient" of="33ac26ce"
x, s, p = torch.randn(2, 6, 6).double(), 2, 1
W = torch.randn(3, 2, 3, 3).double().requires_grad_()
z = F.conv2d(x, W, None, s, p)
delta = torch.randn_like(z)
(right,) = torch.autograd.grad(z, W, delta)
slope = torch.zeros(3, 2, 3, 3).double()
for o, c, u, v in np.ndindex(3, 2, 3, 3):
    for i, j in np.ndindex(3, 3):
        row, column = s * i + u - p, s * j + v - p
        if 0 <= row < 6 and 0 <= column < 6:
            slope[o, c, u, v] += delta[o, i, j] * x[c, row, column]
bm.equation("weight-gradient", right, slope, atol=1e-12)

# %% equation="input-gradient" of="d6d3a145"
x = torch.randn(1, 1, 6, 6).double().requires_grad_()
W = torch.randn(1, 1, 3, 3).double()
z = F.conv2d(x, W)
T = F.conv2d(torch.eye(36).double().reshape(36, 1, 6, 6), W).flatten(1).T
delta = torch.randn_like(z)
(right,) = torch.autograd.grad(z, x, delta)
bm.equation("input-gradient", right.flatten(), T.T @ delta.flatten(), atol=1e-12)

# %% [markdown]
# Nobody builds $T$ for this: it is nearly all zeros. Walk over the places as before,
# and at each one send $\delta$ back to the window that it came from.

# %% [markdown] lang="zh" of="63df58d7"
# 实际计算时没人会造出 $T$，它几乎全是零。像前面那样走遍所有位置，
# 在每个位置把 $\delta$ 送回它所来自的窗口就行了。


# %% exercise="convolve_backward" points=4 minutes=15 level=4
def convolve_backward(delta, x, W, stride=1, padding=0):
    """What a convolution sends back, without autograd.

    delta: dJ/dz, (batch, filters, rows, columns); x: (batch, channels, height, width);
    W: (filters, channels, f, f).
    Returns (dx, dW, db): dJ/dx, dJ/dW and dJ/db, shaped as x, W and b = (filters,).
    """
    ### BEGIN SOLUTION
    f, (height, width) = W.shape[-1], x.shape[2:]
    x = F.pad(x, [padding] * 4)
    dx, dW = torch.zeros_like(x), torch.zeros_like(W)
    for i, j in np.ndindex(*delta.shape[2:]):
        rows = slice(i * stride, i * stride + f)
        columns = slice(j * stride, j * stride + f)
        here = delta[:, :, i, j]  # (batch, filters)
        dW += torch.einsum("no,ncuv->ocuv", here, x[:, :, rows, columns])
        dx[:, :, rows, columns] += torch.einsum("no,ocuv->ncuv", here, W)
    dx = dx[:, :, padding : padding + height, padding : padding + width]
    return dx, dW, delta.sum((0, 2, 3))
    ### END SOLUTION


# %% [raw] lang="zh"
# What a convolution sends back, without autograd. → 卷积向回传的量，不用 autograd。
# delta: dJ/dz, (batch, filters, rows, columns); x: (batch, channels, height, width);
# W: (filters, channels, f, f).
# Returns (dx, dW, db): dJ/dx, dJ/dW and dJ/db, shaped as x, W and b = (filters,).
# → delta：dJ/dz，(batch, filters, rows, columns)；x：(batch, channels, height, width)；
#   W：(filters, channels, f, f)。
#   返回 (dx, dW, db)：dJ/dx、dJ/dW、dJ/db，形状分别同 x、W 和 b = (filters,)。


# %% check="convolve_backward"
def judge(advice, stride, padding, batch=1):
    """Compare with autograd; advice: for dx, dW and db."""
    draws = torch.Generator().manual_seed(3)
    x = torch.randn(batch, 2, 5, 6, generator=draws, dtype=torch.float64)
    W = torch.randn(3, 2, 3, 3, generator=draws, dtype=torch.float64)
    leaves = [leaf.requires_grad_() for leaf in (x, W, torch.zeros(3).double())]
    z = F.conv2d(*leaves, stride, padding)
    delta = torch.randn(z.shape, generator=draws, dtype=torch.float64)
    right = torch.autograd.grad(z, leaves, delta)
    answer = convolve_backward(delta, x.detach(), W.detach(), stride, padding)
    three = isinstance(answer, tuple) and len(answer) == 3
    bm.expect.true(three, "return three things: dx, dW, db")
    for got, want, words in zip(answer, right, advice, strict=True):
        bm.expect.close(got, want, words)


dx = "a pixel lies in windows that overlap: add up what they send back"
dW = "dW at (u, v) adds delta times the pixel that W[.., u, v] saw there"
db = "b adds to every place: db is the sum of delta over places"
judge((dx, dW, db), 1, 0)
far = "with stride 2, place (i, j) sends back to rows from 2i and columns from 2j"
judge((far, far, db), 2, 0)
cut = "work on the padded picture, and cut the padding off dx at the end"
judge((cut, cut, db), 1, 1)
add = "J has all pictures in it: add up over the batch, no mean"
judge((add, add, add), 1, 0, batch=4)
### BEGIN HIDDEN TESTS
all_of_it = "stride 3, padding 2, two pictures"
judge((all_of_it, all_of_it, all_of_it), 3, 2, batch=2)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# Compare with autograd; advice: for dx, dW and db.
# → 与 autograd 对照；advice：给 dx、dW、db 的建议。
# return three things: dx, dW, db → 请返回三样东西：dx、dW、db
# a pixel lies in windows that overlap: add up what they send back
# → 一个像素落在几个互相重叠的窗口里：它们传回的要累加
# dW at (u, v) adds delta times the pixel that W[.., u, v] saw there
# → dW 在 (u, v) 处累加的是 delta 乘以 W[.., u, v] 当时看到的像素
# b adds to every place: db is the sum of delta over places
# → b 加在每个位置上：db 是 delta 对所有位置的和
# with stride 2, place (i, j) sends back to rows from 2i and columns from 2j
# → 步幅为 2 时，位置 (i, j) 传回给从 2i 起的行、从 2j 起的列
# work on the padded picture, and cut the padding off dx at the end
# → 在补过零的图上计算，最后从 dx 上裁掉填充
# J has all pictures in it: add up over the batch, no mean
# → J 里有所有的图：对批次求和，不是求平均
# stride 3, padding 2, two pictures → 步幅 3、填充 2、两幅图

# %% [markdown] hint="convolve_backward"
# Take your loops of `convolve` and ask at each place: `z[:, :, i, j]` was made of one
# window and all of `W`. By which pixel was `W[o, c, u, v]` multiplied? By which weight
# was the window's pixel multiplied?

# %% [markdown] lang="zh" of="04dc5b90"
# 拿出 `convolve` 的循环，在每个位置问：`z[:, :, i, j]` 由一个窗口和整个 `W` 算出。
# `W[o, c, u, v]` 乘的是哪个像素？窗口里的这个像素又乘的是哪个权重？

# %% [markdown] hint="convolve_backward"
# Start `dx` (as large as the padded picture) and `dW` with zeros, and use `+=` at each
# place. With `here = delta[:, :, i, j]`, of shape (batch, filters), what goes to `dW`
# is `torch.einsum("no,ncuv->ocuv", here, window)`.

# %% [markdown] lang="zh" of="05ac807a"
# `dx`（与补零后的图一样大）和 `dW` 从零开始，在每个位置用 `+=`。记
# `here = delta[:, :, i, j]`，形状为 (batch, filters)，加到 `dW` 上的就是
# `torch.einsum("no,ncuv->ocuv", here, window)`。

# %% [markdown] hint="convolve_backward"
# To the window of `dx` goes `torch.einsum("no,ocuv->ncuv", here, W)`. At the end cut:
# `dx[:, :, padding : padding + height, padding : padding + width]`. And `db` is
# `delta.sum((0, 2, 3))`.

# %% [markdown] lang="zh" of="7c0e61a7"
# 加到 `dx` 的窗口上的是 `torch.einsum("no,ocuv->ncuv", here, W)`。最后裁剪：
# `dx[:, :, padding : padding + height, padding : padding + width]`。
# 而 `db` 是 `delta.sum((0, 2, 3))`。


# %% mistake="convolve_backward" says="windows that overlap"
def convolve_backward(delta, x, W, stride=1, padding=0):
    f, (height, width) = W.shape[-1], x.shape[2:]
    x = F.pad(x, [padding] * 4)
    dx, dW = torch.zeros_like(x), torch.zeros_like(W)
    for i, j in np.ndindex(*delta.shape[2:]):
        rows = slice(i * stride, i * stride + f)
        columns = slice(j * stride, j * stride + f)
        here = delta[:, :, i, j]
        dW += torch.einsum("no,ncuv->ocuv", here, x[:, :, rows, columns])
        dx[:, :, rows, columns] = torch.einsum("no,ocuv->ncuv", here, W)
    dx = dx[:, :, padding : padding + height, padding : padding + width]
    return dx, dW, delta.sum((0, 2, 3))


# %% mistake="convolve_backward" says="cut the padding off"
def convolve_backward(delta, x, W, stride=1, padding=0):
    f, x = W.shape[-1], F.pad(x, [padding] * 4)
    dx, dW = torch.zeros_like(x), torch.zeros_like(W)
    for i, j in np.ndindex(*delta.shape[2:]):
        rows = slice(i * stride, i * stride + f)
        columns = slice(j * stride, j * stride + f)
        here = delta[:, :, i, j]
        dW += torch.einsum("no,ncuv->ocuv", here, x[:, :, rows, columns])
        dx[:, :, rows, columns] += torch.einsum("no,ocuv->ncuv", here, W)
    return dx, dW, delta.sum((0, 2, 3))


# %% mistake="convolve_backward" says="no mean"
def convolve_backward(delta, x, W, stride=1, padding=0):
    dW = torch.nn.grad.conv2d_weight(x, W.shape, delta, stride, padding) / len(x)
    dx = torch.nn.grad.conv2d_input(x.shape, W, delta, stride, padding)
    return dx, dW, delta.sum((2, 3)).mean(0)


# %% mistake="convolve_backward" says="rows from 2i"
def convolve_backward(delta, x, W, stride=1, padding=0):
    f, (height, width) = W.shape[-1], x.shape[2:]
    x = F.pad(x, [padding] * 4)
    dx, dW = torch.zeros_like(x), torch.zeros_like(W)
    for i, j in np.ndindex(*delta.shape[2:]):
        rows, columns = slice(i, i + f), slice(j, j + f)
        here = delta[:, :, i, j]
        dW += torch.einsum("no,ncuv->ocuv", here, x[:, :, rows, columns])
        dx[:, :, rows, columns] += torch.einsum("no,ocuv->ncuv", here, W)
    dx = dx[:, :, padding : padding + height, padding : padding + width]
    return dx, dW, delta.sum((0, 2, 3))


# %% mistake="convolve_backward" says="sum of delta over places"
def convolve_backward(delta, x, W, stride=1, padding=0):
    dW = torch.nn.grad.conv2d_weight(x, W.shape, delta, stride, padding)
    dx = torch.nn.grad.conv2d_input(x.shape, W, delta, stride, padding)
    return dx, dW, delta.mean((0, 2, 3))


# %% variant="convolve_backward"
def convolve_backward(delta, x, W, stride=1, padding=0):
    f, places = W.shape[-1], delta.flatten(2)  # (batch, filters, places)
    columns = F.unfold(x, f, padding=padding, stride=stride)  # (batch, c f f, places)
    dW = torch.einsum("nop,ncp->oc", places, columns).reshape(W.shape)
    back = W.flatten(1).T @ places  # the columns' slopes, to be folded up again
    dx = F.fold(back, x.shape[2:], f, padding=padding, stride=stride)
    return dx, dW, places.sum((0, 2))


# %% [raw] lang="zh"
# the columns' slopes, to be folded up again → 各列的坡度，再折叠回去

# %% [markdown]
# You have just written what every deep-learning library has at its heart.
#
# ## Pooling: the largest answer of a window
#
# "There is a whisker about here" is often enough. *Pooling* keeps the largest answer of
# each window of 2 × 2 and lets go of the rest: a quarter of the numbers goes on. There
# is nothing to learn in it. Backward, all of the slope goes to the pixel that won.

# %% [markdown] lang="zh" of="59ed85d2"
# 你刚刚写出的，正是每个深度学习库的核心部分。
#
# ## 池化：窗口里最大的回应
#
# “这附近有根胡须”，往往知道这些就够了。*池化*在每个 2 × 2 的窗口里只留下最大的回应，
# 其余的丢掉，往后传的数只剩四分之一。这里没有什么要学的。反向时，
# 坡度全部归那个胜出的像素。


# %%
def max_pool(x, size=2):
    """The largest number of each window; height and width are multiples of size."""
    windows = x.unflatten(-1, (-1, size)).unflatten(-3, (-1, size))
    return windows.amax((-3, -1))  # (..., height / size, width / size)


x = torch.randn(1, 1, 4, 4, requires_grad=True)
torch.testing.assert_close(max_pool(x), F.max_pool2d(x, 2))
(mine,) = torch.autograd.grad(max_pool(x).sum(), x)
(theirs,) = torch.autograd.grad(F.max_pool2d(x, 2).sum(), x)
torch.testing.assert_close(mine, theirs)
print("one winner in each window:", mine[0, 0].int().tolist())


# %% [raw] lang="zh"
# The largest number of each window; height and width are multiples of size.
# → 每个窗口里最大的数；高和宽是 size 的倍数。
# one winner in each window: → 每个窗口一个胜者：

# %% [markdown]
# Take the maximum over the *whole* map and something remarkable happens. By
# (\ref{equivariance}) a shifted picture has shifted answers, and the largest of them
# does not care where it stands. What was equivariant becomes *invariant*:
#
# $$\max_{i,j}\,\bigl((S_a x) * W\bigr)_{o,i,j} = \max_{i,j}\,(x * W)_{o,i,j}
# \label{invariance}$$

# %% [markdown] lang="zh" of="d687bc28"
# 如果对*整张*特征图取最大值，奇妙的事就发生了。由 (\ref{equivariance})，图移动，
# 回应跟着移动，而其中最大的那个并不在乎自己站在哪里。等变就成了*不变*：
#
# $$\max_{i,j}\,\bigl((S_a x) * W\bigr)_{o,i,j} = \max_{i,j}\,(x * W)_{o,i,j}
# \label{invariance}$$

# %% equation="invariance" of="637b7d13"
x, W = torch.randn(2, 8, 8).double(), torch.randn(5, 2, 3, 3).double()
moved = ring(torch.roll(x, (3, 5), (1, 2)), W)
bm.equation("invariance", moved.amax((1, 2)), ring(x, W).amax((1, 2)), atol=1e-12)

# %% [markdown]
# Keep this in mind: we shall put it to work on real digits.
#
# ## How far does it see?
#
# One layer with $f = 3$ sees 3 pixels in a row. A second one sees 3 answers of the
# first, which together saw 5 pixels. The pixels that an answer depends on are its
# *receptive field*. A layer with a stride makes all later steps longer: one step of
# layer $l$ is $s_1 s_2 \cdots s_{l-1}$ pixels of the picture.

# %% [markdown] lang="zh" of="26a41284"
# 记住这一点，后面要在真实的手写数字上用它。
#
# ## 它能看多远？
#
# $f = 3$ 的一层在一行里看到 3 个像素。第二层看到第一层的 3 个回应，它们合起来看到了
# 5 个像素。一个回应所依赖的像素，就是它的*感受野*。某一层有步幅，后面各层的每一步
# 就都变长：第 $l$ 层的一步，相当于原图的 $s_1 s_2 \cdots s_{l-1}$ 个像素。


# %% exercise="receptive_field" points=2 minutes=8 level=2
def receptive_field(layers):
    """How many pixels in a row one answer of the last layer depends on.

    layers: pairs (kernel, stride), the one next to the picture first; pooling counts
    as a layer too. No layer at all sees 1 pixel.
    """
    ### BEGIN SOLUTION
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field
    ### END SOLUTION


# %% [raw] lang="zh"
# How many pixels in a row one answer of the last layer depends on.
# → 最后一层的一个回应，在一行里依赖多少个像素。
# layers: pairs (kernel, stride), the one next to the picture first; pooling counts
# as a layer too. No layer at all sees 1 pixel.
# → layers：若干对 (kernel, stride)，离图最近的在最前；池化也算一层。
#   一层也没有时，看到 1 个像素。

# %% check="receptive_field"
bm.expect.equal(receptive_field([(5, 1)]), 5, "one layer sees its own kernel")
advice = "neighbouring windows overlap: a second kernel of 3 adds only 2 pixels"
bm.expect.equal(receptive_field([(3, 1), (3, 1)]), 5, advice)
advice = "after a stride of 2, one step of the next layer is 2 pixels of the picture"
bm.expect.true(receptive_field([(3, 2), (3, 1)]) != 5, advice)
advice = "a layer's own stride counts for later layers only, not for itself"
bm.expect.equal(receptive_field([(3, 2), (3, 1)]), 7, advice)
### BEGIN HIDDEN TESTS
advice = "LeNet-5: 5, pool 2, 5, pool 2"
bm.expect.equal(receptive_field([(5, 1), (2, 2), (5, 1), (2, 2)]), 16, advice)
bm.expect.equal(receptive_field([]), 1, "no layer: the pixel itself")
advice = "strides multiply: 2 and then 3 makes 6"
bm.expect.equal(receptive_field([(1, 2), (1, 3), (2, 1)]), 7, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one layer sees its own kernel → 一层看到的就是自己的核
# neighbouring windows overlap: a second kernel of 3 adds only 2 pixels
# → 相邻窗口互相重叠：第二个大小为 3 的核只增加 2 个像素
# after a stride of 2, one step of the next layer is 2 pixels of the picture
# → 经过步幅 2 之后，下一层的一步是原图的 2 个像素
# a layer's own stride counts for later layers only, not for itself
# → 一层的步幅只影响后面的层，不影响它自己
# LeNet-5: 5, pool 2, 5, pool 2 → LeNet-5：5、池化 2、5、池化 2
# no layer: the pixel itself → 没有层：就是像素自己
# strides multiply: 2 and then 3 makes 6 → 步幅是相乘的：先 2 后 3，就是 6

# %% [markdown] hint="receptive_field"
# Keep two numbers: how many pixels are seen so far, and how many pixels of the picture
# one step of the coming layer is.

# %% [markdown] lang="zh" of="ce330a8e"
# 记住两个数：到目前为止看到多少个像素；接下来这一层的一步是原图的几个像素。

# %% [markdown] hint="receptive_field"
# A kernel reaches `kernel - 1` steps beyond its first pixel. First add these steps,
# then multiply the step by the stride.

# %% [markdown] lang="zh" of="7366a2b7"
# 一个核从它的第一个像素起，还要再走 `kernel - 1` 步。先把这些步加上，
# 再把步长乘以步幅。


# %% mistake="receptive_field" says="windows overlap"
def receptive_field(layers):
    field, step = 0, 1
    for kernel, stride in layers:
        field += kernel * step
        step *= stride
    return max(field, 1)


# %% mistake="receptive_field" says="one step of the next layer"
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


# %% mistake="receptive_field" says="not for itself"
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


# %% variant="receptive_field"
def receptive_field(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


# %% [markdown]
# In one line, for $L$ layers with windows $f_l$ and strides $s_l$:
#
# $$\mathrm{field} = 1 + \sum_{l=1}^{L} (f_l - 1) \prod_{m<l} s_m
# \label{receptive-field}$$
#
# And now without any formula: ask autograd which pixels an answer depends on. They are
# those whose slope is not 0.

# %% [markdown] lang="zh" of="8bd776e1"
# 写成一行：$L$ 层，窗口为 $f_l$，步幅为 $s_l$，则
#
# $$\mathrm{field} = 1 + \sum_{l=1}^{L} (f_l - 1) \prod_{m<l} s_m
# \label{receptive-field}$$
#
# 再来一次，不用任何公式：直接问自动求导（autograd），一个回应依赖哪些像素。
# 坡度不为 0 的就是。


# %%
def pixels_seen(layers, side=101):
    """Pixels in a row with a slope, for an answer in the middle."""
    x = torch.zeros(1, 1, side, dtype=torch.float64, requires_grad=True)
    h = x
    for kernel, stride in layers:
        h = F.conv1d(h, torch.ones(1, 1, kernel).double(), stride=stride)
    (slope,) = torch.autograd.grad(h[0, 0, h.shape[-1] // 2], x)
    return int((slope != 0).sum())


networks = {
    "3": [(3, 1)],
    "3, 3, 3, 3": [(3, 1)] * 4,
    "3, 3 / 2, 3, 3 / 2": [(3, 1), (3, 2), (3, 1), (3, 2)],
    "LeNet-5": [(5, 1), (2, 2), (5, 1), (2, 2)],
}
for name, layers in networks.items():
    print(f"{name:>20}: {receptive_field(layers):3} = {pixels_seen(layers)}")


# %% [raw] lang="zh"
# Pixels in a row with a slope, for an answer in the middle.
# → 正中的一个回应，在一行里对多少个像素有坡度。

# %% equation="receptive-field" of="e1a6bde9"
stacks = [*networks.values(), [(7, 3), (4, 2), (3, 1)]]
formula = []
for layers in stacks:
    reach = [
        (f - 1) * np.prod([s for _, s in layers[:below]])
        for below, (f, _) in enumerate(layers)
    ]
    formula.append(1 + sum(reach))
seen = np.array([pixels_seen(layers) for layers in stacks])
bm.equation("receptive-field", seen, np.array(formula))

# %% [markdown]
# The field grows by only 2 pixels a layer, unless there are strides. And it is not seen
# evenly: there are many ways from the middle of the field to the answer, and only one
# from a corner. Let us stack ten layers with random weights, many times over, and look
# at the average size of the slope.

# %% [markdown] lang="zh" of="5e2db2ee"
# 没有步幅的话，每加一层，感受野只增加 2 个像素。而且它看得并不均匀：
# 从感受野中央通往回应的路有许多条，从角落出发的却只有一条。
# 我们把随机权重的十层叠起来，重复许多次，看坡度平均有多大。

# %%
depth, tries = 10, lab.pick(ci=100, workshop=300, full=1000)
side = receptive_field([(3, 1)] * depth)  # 21
x = torch.zeros(1, tries, side, side, requires_grad=True)  # one channel, one network
h = x
for _ in range(depth):
    h = F.conv2d(h, torch.randn(tries, 1, 3, 3), groups=tries)
(slope,) = torch.autograd.grad(h.sum(), x)
energy = (slope**2 / (slope**2).sum((2, 3), keepdim=True)).mean((0, 1))  # (21, 21)
ordered = energy.flatten().sort(descending=True).values.cumsum(0)
needed = int((ordered < 0.9).sum()) + 1  # pixels that hold 90 % of it

# %% [raw] lang="zh"
# one channel, one network → 一个通道就是一个网络
# pixels that hold 90 % of it → 占到 90% 所需的像素

# %% fold
fig, ax = plt.subplots(figsize=(4.6, 3.8))
shown = ax.imshow((energy / energy.max()).sqrt(), extent=[-10.5, 10.5, 10.5, -10.5])
fig.colorbar(shown, label="size of the slope, largest = 1")
ax.set(xlabel="pixels from the middle", ylabel="pixels from the middle")
ax.grid(False)
alt = "A field of 21 by 21 pixels: bright in the middle, dark long before the border."
bm.show.figure(fig, alt=alt)
bm.claim(
    "Nine tenths of what it sees come from less than half of its receptive field",
    needed < 0.5 * side**2,
    pixels_needed=needed,
    pixels_in_field=side**2,
)

# %% [raw] lang="zh"
# size of the slope, largest = 1 → 坡度大小（最大为 1）
# pixels from the middle → 离中央的像素数
# A field of 21 by 21 pixels: bright in the middle, dark long before the border.
# → 21 × 21 个像素的感受野：中央很亮，远没到边界就已变暗。
# Nine tenths of what it sees come from less than half of its receptive field
# → 它所看到的十分之九，来自不到一半的感受野

# %% [markdown]
# ## Far away
#
# The document says in §3.3.1 that convolutional networks have difficulty with long
# distances in a picture. Now we can say precisely what that means. Take one row of
# random pixels, black or white. Each place must say: what colour is the pixel `gap`
# places to my left? A network of four layers with $f = 3$ reaches 4 places to each
# side, however long we train it.
#
# There is a way out at no cost. Spread the window: with a *dilation* of 4 it looks at
# the pixels −4, 0 and 4. Dilations of 1, 2, 4 and 8 have the same number of weights.

# %% [markdown] lang="zh" of="49bdae5d"
# ## 远处
#
# 原文 §3.3.1 说，卷积网络难以处理图像中的长距离依赖关系。
# 现在我们能说清楚这到底是什么意思。
# 取一行随机的像素，非黑即白。每个位置要回答：我左边第 `gap` 个像素是什么颜色？
# 四层 $f = 3$ 的网络，向每一边只够得着 4 个位置，训练再久也没用。
#
# 有个不花钱的办法：把窗口撑开。*膨胀率*为 4 时，它看的是 −4、0、4 这三个像素。
# 膨胀率取 1、2、4、8，权重的个数一个也不多。


# %%
def row_network(dilations, width=16):
    channels, parts = [1, *[width] * len(dilations)], []
    for before, after, r in zip(channels, channels[1:], dilations, strict=False):
        parts += [nn.Conv1d(before, after, 3, padding=r, dilation=r), nn.ReLU()]
    return nn.Sequential(*parts, nn.Conv1d(width, 1, 1))


def draw_rows(count, gap, places=48):
    white = torch.randint(0, 2, (count, 1, places)).float()
    return 2 * white - 1, white.roll(gap, -1)  # pixels, colour gap to the left


def answer_right(dilations, gap, steps=100):
    """Share of right answers after training, where there is a pixel to the left."""
    model = row_network(dilations)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        x, y = draw_rows(16, gap)
        loss = F.binary_cross_entropy_with_logits(model(x)[..., gap:], y[..., gap:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = draw_rows(200, gap)
    with torch.no_grad():
        return ((model(x) > 0) == (y > 0.5))[..., gap:].float().mean().item()


# %% [raw] lang="zh"
# pixels, colour gap to the left → 像素，左边第 gap 个的颜色
# Share of right answers after training, where there is a pixel to the left.
# → 训练后答对的比例，只算左边有像素的位置。

# %%
torch.manual_seed(lab.seed)
gaps = lab.pick(
    ci=[1, 4, 5, 12, 18], workshop=[1, 2, 4, 5, 8, 12, 15, 16, 18], full=[*range(1, 20)]
)
kinds = {"1, 1, 1, 1": (1, 1, 1, 1), "1, 2, 4, 8": (1, 2, 4, 8)}
right = {
    name: [answer_right(dilations, gap) for gap in bm.show.progress(gaps, name)]
    for name, dilations in kinds.items()
}
fig, ax = plt.subplots()
for (name, shares), mark in zip(right.items(), "os", strict=True):
    field = receptive_field([(2 * r + 1, 1) for r in kinds[name]])
    ax.plot(gaps, shares, marker=mark, label=f"{name}: sees {field}")
ax.axhline(0.5, color="grey", lw=1)
ax.set(xlabel="gap, in pixels", ylabel="right answers", ylim=(0.4, 1.05))
ax.legend(title="dilations")
alt = (
    "Both networks are right up to their reach and guess beyond it: 4 pixels for the "
    "plain one, 15 for the one with dilations."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# {name}: sees {field} → {name}：看到 {field} 个
# gap, in pixels → 相隔的像素数 gap
# right answers → 答对的比例
# dilations → 膨胀率
# Both networks are right up to their reach and guess beyond it: 4 pixels for the plain
# one, 15 for the one with dilations.
# → 两个网络在够得着的范围内全对，超出就只能猜：普通的够到 4 个像素，膨胀的够到 15
#   个。

# %%
plain, spread = (dict(zip(gaps, shares, strict=True)) for shares in right.values())
sizes = [sum(w.numel() for w in row_network(r).parameters()) for r in kinds.values()]
bm.claim(
    (
        "Beyond its receptive field a network can only guess; with the window "
        "spread, the same number of parameters reaches further"
    ),
    plain[4] > 0.9 > 0.6 > plain[12]
    and spread[12] > 0.9 > 0.6 > spread[18]
    and sizes[0] == sizes[1],
    plain=[plain[gap] for gap in (4, 5, 12)],
    dilated=[spread[gap] for gap in (4, 12, 18)],
    parameters=sizes,
)

# %% [raw] lang="zh"
# Beyond its receptive field a network can only guess; with the window spread, the same
# number of parameters reaches further
# → 超出感受野，网络只能猜；把窗口撑开，同样多的参数够得更远

# %% [markdown]
# So the document is right about a few plain layers, and the limit can be computed
# before any training. Depth, strides and dilation push it out. A dense layer or
# attention on top removes it.
#
# ## LeNet, from the parts you built
#
# Two stages of convolution, ReLU and pooling, then dense layers: this is the shape of
# LeNet-5, with which LeCun and colleagues read handwritten cheques in 1998. The kit's
# version is `bm.models.CNN`. Here are its weights in your functions.

# %% [markdown] lang="zh" of="c03ef361"
# 所以，对少数几层普通卷积来说，原文说得对；而且这个限度在训练之前就能算出来。
# 加深、步幅、膨胀能把它推远；在上面加全连接层或注意力，就能去掉它。
#
# ## 用你造的零件搭 LeNet
#
# 两段“卷积、ReLU、池化”，再接全连接层：这就是 LeNet-5 的模样。1998 年，
# LeCun 和同事们用它识别支票上的手写数字。课程工具包里的版本是 `bm.models.CNN`。
# 我们把它的权重放进你写的函数里。

# %%
SIZES = {"filters": (8, 32), "kernel_size": 5, "padding": 2, "hidden": (32,)}


def lenet_forward(x, model):
    h = x
    for layer in model.convolutions:
        h = max_pool(F.relu(convolve_all(h, layer.weight, layer.bias, padding=2)))
    h = h.flatten(1)
    for layer in model.dense[:-1]:
        h = F.relu(h @ layer.weight.T + layer.bias)
    return h @ model.dense[-1].weight.T + model.dense[-1].bias


model = bm.models.CNN(12, 10, **SIZES).double()
x = torch.randn(4, 1, 12, 12).double()
torch.testing.assert_close(lenet_forward(x, model), model(x))
print("parameters:", sum(w.numel() for w in model.parameters()))

# %% [raw] lang="zh"
# parameters: → 参数个数：

# %% [markdown]
# ## Real digits, and digits that moved
#
# scikit-learn has 1,797 real digits of 8 × 8 pixels. We give each a margin of 2 pixels,
# so that it can be moved without being cut. All train on digits in the middle, 60 % of
# them; the other 40 % are for the test: first in the middle, then moved by 1 or 2
# pixels in all eight directions. The contestants:
#
# - **logistic regression**, one linear layer on 144 pixels;
# - **LeNet**, as above;
# - **everywhere**: the same two convolutions as LeNet, but no pooling between them and
#   no dense layer after: only the largest answer of each map, as in (\ref{invariance});
# - **shuffled**: *everywhere* again, on pictures whose pixels were all shuffled, each
#   picture in the same way. No pixel is lost, only who is whose neighbour.

# %% [markdown] lang="zh" of="0f1b3856"
# ## 真实的数字，以及挪动过的数字
#
# scikit-learn 自带 1,797 个真实的手写数字，每个 8 × 8 像素。
# 我们给每个数字留 2 个像素的边，
# 这样挪动时不会切掉。训练只用居中的数字，占 60%；其余 40% 用来测试：先测居中的，
# 再测向八个方向挪 1 或 2 个像素的。参赛者有：
#
# - **逻辑回归**：144 个像素上的一个线性层；
# - **LeNet**：如上；
# - **处处找**：与 LeNet 相同的两层卷积，但中间不做池化，后面也没有全连接层，
#   只取每张特征图上最大的回应，如 (\ref{invariance})；
# - **打乱**：还是“处处找”，但图的像素被打乱，每幅图的打乱方式相同。
#   一个像素也没丢，只是谁挨着谁全变了。


# %%
class Everywhere(nn.Module):
    """Two convolutions, then the largest answer of each map, wherever it is."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 5, padding=2)
        self.second = nn.Conv2d(8, 32, 5, padding=2)
        self.output = nn.Linear(32, 10)

    def maps(self, x):
        return F.relu(self.second(F.relu(self.first(x))))  # (batch, 32, 12, 12)

    def forward(self, x):
        return self.output(self.maps(x).amax((2, 3)))


# %% [raw] lang="zh"
# Two convolutions, then the largest answer of each map, wherever it is.
# → 两层卷积，然后取每张特征图上最大的回应，不管在哪里。

# %%
digits = load_digits()
pictures = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
pictures, labels = F.pad(pictures, [2] * 4), torch.tensor(digits.target)  # 12 × 12
moves = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
far = np.array([max(abs(a), abs(b)) for a, b in moves])  # how far: 0, 1 or 2


def shuffle(x):
    order = torch.randperm(144, generator=torch.Generator().manual_seed(5))
    return x.flatten(1)[:, order].reshape(x.shape)


def train(model, x, y, seed):
    torch.manual_seed(seed)
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    batches = bm.train.Batches(x, y, 32, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    epochs = lab.pick(ci=6, workshop=15, full=40)
    bm.train.fit(
        model.to(lab.device), batches, F.cross_entropy, optimizer, epochs=epochs
    )
    return lambda x: bm.train.predict(model, x).argmax(-1)


# %% [raw] lang="zh"
# how far: 0, 1 or 2 → 挪了多远：0、1 或 2


# %%
def compete(seed):
    """Share of right answers in each of 25 moves, and the models, for one split."""
    x, x_test, y, y_test = train_test_split(
        pictures, labels, test_size=0.4, stratify=labels, random_state=seed
    )
    line = LogisticRegression(max_iter=2000).fit(x.flatten(1), y)
    lenet, everywhere = bm.models.CNN(12, 10, **SIZES), Everywhere()
    lenet_says, everywhere_says = (
        train(lenet, x, y, seed),
        train(everywhere, x, y, seed),
    )
    shuffled_says = train(Everywhere(), shuffle(x), y, seed)
    says = {
        "logistic regression": lambda x: torch.tensor(line.predict(x.flatten(1))),
        "LeNet": lenet_says,
        "everywhere": everywhere_says,
        "shuffled": lambda x: shuffled_says(shuffle(x)),
    }
    right = {  # the margin is empty: rolling cuts nothing off
        name: [(say(x_test.roll(m, (2, 3))) == y_test).float().mean() for m in moves]
        for name, say in says.items()
    }
    models = (line, lenet, everywhere, x_test)
    return {name: np.array(row) for name, row in right.items()}, models


# %% [raw] lang="zh"
# Share of right answers in each of 25 moves, and the models, for one split.
# → 一次划分下 25 种挪动各自答对的比例，以及各模型。
# logistic regression → 逻辑回归
# everywhere → 处处找
# shuffled → 打乱
# the margin is empty: rolling cuts nothing off → 边上是空的：滚动不会切掉什么

# %%
seeds = range(lab.seed, lab.seed + lab.pick(ci=3, workshop=5, full=10))
runs = [compete(s) for s in bm.show.progress(seeds, "splits")]
names = list(runs[0][0])
scores = {
    name: np.array([[run[name][far == k].mean() for k in range(3)] for run, _ in runs])
    for name in names
}  # {name: (seeds, 3)}


def interval(values):
    """Mean and half width of the 95 % interval (Student's t)."""
    n = len(values)
    half = stats.t.ppf(0.975, n - 1) * values.std(0, ddof=1) / np.sqrt(n)
    return values.mean(0), half


for name in names:
    mean, half = interval(scores[name])
    print(name, *(f"{m:.3f} ± {h:.3f}" for m, h in zip(mean, half, strict=True)))

# %% [raw] lang="zh"
# splits → 划分
# Mean and half width of the 95 % interval (Student's t).
# → 均值与 95% 区间的半宽（t 分布）。

# %% fold
fig, ax = plt.subplots()
for name, mark in zip(names, "o^sD", strict=True):
    mean, half = interval(scores[name])
    ax.errorbar(range(3), mean, half, marker=mark, capsize=4, label=name)
ax.axhline(0.1, color="grey", lw=1)
ax.set(xticks=range(3), xlabel="moved by, in pixels", ylabel="right answers")
ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
alt = (
    "In the middle all four are right on about 96 of 100 digits. Moved by one pixel, "
    "only the network that looks everywhere stays there; LeNet falls to about a half, "
    "the others lower, and by two pixels they come near to guessing."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# moved by, in pixels → 挪动的像素数
# right answers → 答对的比例
# In the middle all four are right on about 96 of 100 digits. Moved by one pixel, only
# the network that looks everywhere stays there; LeNet falls to about a half, the others
# lower, and by two pixels they come near to guessing.
# → 居中时四者都大约答对 96%。挪 1 个像素，只有“处处找”守得住，LeNet 跌到一半左右，
#   其余更低；挪 2 个像素就接近瞎猜了。

# %% [markdown]
# Look twice at this picture. In the middle a linear model is as good as LeNet: digits
# of 8 × 8 pixels, all centred alike, hold little that a dense layer cannot find. One
# pixel aside the linear model is lost, and **LeNet is half lost too**. Its convolutions
# are equivariant, but pooling with a stride of 2 is so for even moves only, and its
# dense layers have a weight for each place, just like any dense layer. The same filters
# with a maximum over the whole map hardly notice. And when the neighbours are shuffled,
# this power is gone: it never was in the number of layers.
#
# The intervals are over splits, whose tests share digits; so take them as a little too
# narrow.

# %% [markdown] lang="zh" of="7390a544"
# 这幅图值得多看一眼。居中时，线性模型与 LeNet 不相上下：8 × 8 的数字，个个摆得端正，
# 全连接层找不到的东西不多。挪开一个像素，线性模型就认不出了，**LeNet 也丢了一半**。
# 它的卷积是等变的，但步幅为 2 的池化只对挪偶数个像素等变，
# 而它的全连接层对每个位置各有一个权重，与普通的全连接层没有两样。
# 同样的滤波器，改成对整张特征图取最大值，就几乎不受影响。
# 再把邻居打乱，这本领就没了：它从来不是靠层数得来的。
#
# 区间是对不同划分算的，各次测试有重复的数字，所以请把它们看成略窄了一点。

# %%
line, lenet, everywhere, shuffled = (scores[name].mean(0) for name in names)
gap, half = interval(scores["LeNet"][:, 0] - scores[names[0]][:, 0])
bm.claim(
    "On centred digits LeNet and logistic regression are within 5 % of each other",
    abs(gap) < 0.05,
    lenet_minus_logistic=float(gap),
    half_width=float(half),
)
bm.claim(
    (
        "Convolutions do not make LeNet blind to shifts: one pixel costs it a fifth "
        "or more"
    ),
    lenet[0] - lenet[1] > 0.2,
    middle=lenet[0],
    one_pixel=lenet[1],
)
bm.claim(
    "The maximum over the whole map does: its loss is less than a tenth",
    everywhere[0] - everywhere[1] < 0.1 and everywhere[1] > lenet[1] + 0.2,
    middle=everywhere[0],
    one_pixel=everywhere[1],
)
bm.claim(
    "Shuffle the pixels, and the same network knows moved digits no more",
    shuffled[0] > 0.8 and shuffled[1] < everywhere[1] - 0.3,
    middle=shuffled[0],
    one_pixel=shuffled[1],
)

# %% [raw] lang="zh"
# On centred digits LeNet and logistic regression are within 5 % of each other
# → 居中的数字上，LeNet 与逻辑回归相差不到 5%
# Convolutions do not make LeNet blind to shifts: one pixel costs it a fifth or more
# → 有卷积并不等于不怕平移：挪一个像素，LeNet 就丢掉五分之一以上
# The maximum over the whole map does: its loss is less than a tenth
# → 对整张特征图取最大值就不怕了：同样的滤波器丢掉不到十分之一
# Shuffle the pixels, and the same network knows moved digits no more
# → 把像素打乱，同一个网络就不再认得挪动过的数字

# %% [markdown]
# Try it yourself: take a test digit, move it, and see what each of them believes.

# %% [markdown] lang="zh" of="ae2cbac4"
# 亲手试试：选一个测试数字，挪动它，看看它们各自相信什么。

# %% fold
line, lenet, everywhere, x_test = runs[0][1]


def believe(digit, down, right):
    x = x_test[digit : digit + 1].roll((down, right), (2, 3))
    p = [torch.tensor(line.predict_proba(x.flatten(1))[0])]
    p += [bm.train.predict(m, x)[0].softmax(-1) for m in (lenet, everywhere)]
    fig, axes = plt.subplots(1, 4, figsize=(10, 2.5), layout="constrained")
    axes[0].imshow(x[0, 0], cmap="gray")
    axes[0].set(xlabel="column", ylabel="row", title="digit")
    axes[0].grid(False)
    for ax, name, belief in zip(axes[1:], names, p, strict=False):
        ax.bar(range(10), belief, color="#1b3a6b")
        ax.set(ylim=(0, 1), xticks=range(10), title=name, xlabel="class")
    axes[1].set_ylabel("probability")
    return fig


alt = (
    "A digit moved to the right, and three bar charts of probabilities: logistic "
    "regression, LeNet, and the network that looks everywhere."
)
bm.show.explore(
    believe, alt=alt, digit=(0, 99, 1, 7), down=(-2, 2, 1, 0), right=(-2, 2, 1, 1)
)

# %% [raw] lang="zh"
# column → 列
# row → 行
# digit → 数字
# class → 类别
# probability → 概率
# A digit moved to the right, and three bar charts of probabilities: logistic
# regression, LeNet, and the network that looks everywhere.
# → 一个向右挪动的数字，以及三幅概率柱状图：逻辑回归、LeNet、“处处找”的网络。

# %% [markdown]
# ## What it has learned
#
# Nobody drew these filters. LeNet's first layer was noise before training; here are its
# eight filters, and what each of them answers to one digit.

# %% [markdown] lang="zh" of="71c074b6"
# ## 它学到了什么
#
# 这些滤波器没有人画过。训练之前，LeNet 的第一层只是一团噪声；这是训练后的八个滤波器，
# 以及它们各自对一个数字的回应。

# %% fold
lenet.cpu()
digit = x_test[7:8]
with torch.no_grad():
    answers = lenet.feature_maps(digit)[0][0]  # (8, 12, 12)
filters = lenet.convolutions[0].weight.detach()[:, 0]  # (8, 5, 5)
fig, axes = plt.subplots(2, 9, figsize=(10, 2.7), layout="constrained")
most = filters.abs().max()
for ax, W, h in zip(axes[:, 1:].T, filters, answers, strict=True):
    ax[0].imshow(W, cmap="gray", vmin=-most, vmax=most)
    ax[1].imshow(h, cmap="gray", vmin=0, vmax=answers.max())
axes[1, 0].imshow(digit[0, 0], cmap="gray")
axes[1, 0].set_xlabel("digit")
axes[0, 1].set_ylabel("filter")
axes[1, 1].set_ylabel("feature map")
axes[0, 0].axis("off")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
alt = (
    "Eight filters of 5 by 5, some of them bright on one side and dark on the other; "
    "below, eight feature maps of one digit, in which different strokes shine."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# digit → 数字
# filter → 滤波器
# feature map → 特征图
# Eight filters of 5 by 5, some of them bright on one side and dark on the other; below,
# eight feature maps of one digit, in which different strokes shine.
# → 八个 5 × 5 的滤波器，有几个一边亮一边暗；下面是同一个数字的八张特征图，亮起来的
#   笔画各不相同。

# %% [markdown]
# Some have found by themselves what we drew at the beginning: a bright side and a dark
# side, an edge in some direction. Others answer to a stroke or to empty paper. With so
# small a picture and so short a training not every filter is pretty.
#
# ## What we learned
#
# - A convolution is a dense layer with two rules: look nearby, be the same everywhere.
#   It needs few parameters, and its answers move along with the picture.
# - Forward it is a matrix product of unfolded windows. Backward it adds up over places
#   for the weights, and over windows for the pixels.
# - What it can see is its receptive field, computed before training; it looks mostly at
#   the middle of it.
# - Moving along is not the same as not minding. LeNet's dense layers mind; a maximum
#   over the whole map does not.
# - Ask a simple baseline first. On centred digits it was as good.
#
# The document lists "feature extraction" as the strength and "adapting to other kinds
# of pictures" as a weakness of convolutional networks. Both come from the two rules:
# they are right for pictures in which neighbours matter and places do not, and wrong
# otherwise.
#
# ## Where next
#
# Train LeNet on moved digits (`x.roll` in each batch): how much of the loss comes back?
# Give `Everywhere` the average instead of the maximum. Then go on to `attention`, which
# looks at all places at once.
#
# ## Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), *Gradient-Based Learning
#   Applied to Document Recognition*, Proceedings of the IEEE 86(11).
# - V. Dumoulin and F. Visin (2016), *A Guide to Convolution Arithmetic for Deep
#   Learning*, arXiv.
# - W. Luo, Y. Li, R. Urtasun and R. Zemel (2016), *Understanding the Effective
#   Receptive Field in Deep Convolutional Neural Networks*, NeurIPS.
# - R. Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*, ICML.

# %% [markdown] lang="zh" of="3b44af54"
# 有几个滤波器自己找到了我们开头画的东西：一边亮一边暗，也就是某个方向的边缘。
# 另一些对笔画或空白有反应。图这么小，训练这么短，并不是每个滤波器都好看。
#
# ## 我们学到了什么
#
# - 卷积是守两条规矩的全连接层：只看附近，处处一样。它的参数很少，回应随图一起移动。
# - 正向，它是展开的窗口的一次矩阵乘法。反向，对权重要累加所有位置，
#   对像素要累加所有窗口。
# - 它能看到的是感受野，训练之前就能算出来；而且主要看中央。
# - 跟着移动不等于不受影响。LeNet 的全连接层会受影响，对整张特征图取最大值就不会。
# - 先问问简单的基线。在居中的数字上，它一样好。
#
# 原文把“特征提取”列为卷积神经网络的优点，把“对不同类型的图像适应性不足”列为缺点。
# 两者都来自那两条规矩：邻居要紧、位置不要紧的图，它们是对的；否则就不对。
#
# ## 下一步
#
# 用挪动过的数字训练 LeNet（每个批次用 `x.roll`）：能挽回多少？
# 把 `Everywhere` 的最大值换成平均值试试。然后去学 `attention`，它一眼看遍所有位置。
#
# ## 延伸阅读
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-Based Learning Applied
#   to Document Recognition*, Proceedings of the IEEE 86(11).
# - V. Dumoulin, F. Visin (2016), *A Guide to Convolution Arithmetic for Deep Learning*,
#   arXiv.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel (2016), *Understanding the Effective Receptive
#   Field in Deep Convolutional Neural Networks*, NeurIPS.
# - R. Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*, ICML.
