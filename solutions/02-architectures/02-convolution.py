# ---
# slug: convolution
# title: {en: Convolutional networks, zh: 卷积网络}
# section: "2.1, 3.1.1, 3.3.1"
# minutes: 90
# needs: [layers]
# data: []
# extras: []
# introduces:
#   - convolution
#   - depthwise convolution
#   - dilation
#   - equivariant
#   - feature map
#   - inductive bias
#   - kernel size
#   - logistic regression
#   - padding
#   - patch embedding
#   - pooling
#   - receptive field
#   - stride
# symbols:
#   x: input
#   y: target
#   W: weights
#   b: bias
#   z: pre-activation
#   L: number of layers
#   delta: dJ/dz of a layer
#   f: kernel size
#   s: stride
#   p: padding
# says:
#   en: Slide one small filter over a picture, learn it, and see how far it sees.
#   zh: 让一个小滤波器滑过整幅图，把它学出来，再看它能看多远。
# ---

# %% [markdown]
# A picture of a cat is still a cat when the cat sits a little further left. In a dense
# layer each output has a weight of its own for each pixel, so it does not know this,
# and must learn the cat again at each place. A **convolution** looks at a small window
# and uses the same few weights at every place. So it learns once what an edge, a
# whisker or an ear looks like.

# %% [markdown] lang="zh" of="bee51ca9"
# 一张猫的照片，猫往左挪一点，还是猫。全连接层却不懂这一点：它的每个输出对每个像素各有一
# 个权重，猫换个位置就得从头再学。**卷积**（convolution）只看一个小窗口，在每个位置都用
# 同样的几个权重，所以边缘、胡须、耳朵长什么样，学一次就够了。

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
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional as F

lab = bm.start("convolution", profile=profile, device=device, seed=seed, lang=lang)
torch.set_num_threads(1)  # such small layers are slower on two
threadpool_limits(1)  # NumPy and scikit-learn, likewise

# %% [raw] lang="zh"
# such small layers are slower on two → 这么小的层，用两个线程反而慢
# NumPy and scikit-learn, likewise → NumPy 和 scikit-learn 也一样

# %% [markdown]
# ## A window slides over a photograph
#
# Here is a photograph, and beside it a **filter**, also called a **kernel**: a small
# square of numbers. Lay the filter on the picture, multiply the numbers that lie on top
# of each other, add up the products, write down the sum, and go one pixel on. The sums
# are the filter's responses. Together they are a new picture, its **feature map**. Turn
# the filter and see which edges respond.

# %% [markdown] lang="zh" of="743ad808"
# ## 窗口滑过照片
#
# 下面是一张照片，旁边是一个**滤波器**（filter），也叫**卷积核**（kernel）：一小块方形的
# 数。把滤波器盖在图上，上下对应的数相乘，把乘积全部加起来，记下这个和，再挪一个像素。
# 这些和就是滤波器的响应，合起来是一幅新的图，叫作它的**特征图**。
# 转一转滤波器，看看哪些边缘有响应。


# %% fold
def grey(name):
    """One of scikit-learn's two photographs, (180, 270), from black, 0, to white, 1."""
    picture = torch.tensor(load_sample_image(name), dtype=torch.float32)
    return picture.mean(-1)[40:400:2, 60:600:2] / 255


def draw_filter(kind, angle, width, reach=7):
    """A bump of this width (blur), its slope (edge) or its curvature (line)."""
    turn, axis = np.deg2rad(angle), torch.arange(-reach, reach + 1.0)
    across = axis[None] * np.cos(turn) + axis[:, None] * np.sin(turn)
    bump = torch.exp(-(axis[None] ** 2 + axis[:, None] ** 2) / (2 * width**2))
    line = (1 - (across / width) ** 2) * bump
    W = {"blur": bump, "edge": across * bump, "line": line - line.mean()}[kind]
    return W / W.abs().sum()  # (2 reach + 1, 2 reach + 1)


photo = grey("china.jpg")

# %% [raw] lang="zh"
# One of scikit-learn's two photographs, (180, 270), from black, 0, to white, 1.
# → scikit-learn 自带的两张照片之一，(180, 270)，从黑（0）到白（1）。
# blur → 模糊
# edge → 边缘
# line → 线条
# A bump of this width (blur), its slope (edge) or its curvature (line).
# → 这一宽度的鼓包（模糊）、它的斜率（边缘）或它的曲率（线条）。
# (2 reach + 1, 2 reach + 1) → =


# %% fold
def slide(kind, angle, width):
    W = draw_filter(kind, angle, width)
    z = F.conv2d(photo[None, None], W[None, None])[0, 0]
    fig, axes = plt.subplots(
        1, 3, figsize=(10, 2.9), width_ratios=[5, 2.2, 5], layout="constrained"
    )
    top = [1.0, W.abs().max(), z.abs().max()]
    names = ["photograph", "filter", "feature map"]
    for ax, picture, most, name in zip(axes, (photo, W, z), top, names, strict=True):
        low = 0.0 if picture is photo else -most
        ax.imshow(picture, cmap="gray", vmin=low, vmax=most)
        ax.set(title=name, xlabel="column", ylabel="row")
        ax.grid(False)
    return fig


alt = (
    "A Chinese pavilion in grey, a filter of 15 by 15 numbers, and its feature map, in "
    "which the places that look like the filter are bright and the opposite ones dark."
)
controls = {"kind": ["edge", "line", "blur"], "angle": (0, 180, 15, 90)}
bm.show.explore(slide, alt=alt, **controls, width=(0.6, 4.0, 0.2, 1.0))


# %% [raw] lang="zh"
# photograph → 照片
# filter → 滤波器
# feature map → 特征图
# column → 列
# row → 行
# A Chinese pavilion in grey, a filter of 15 by 15 numbers, and its feature map, in
# which the places that look like the filter are bright and the opposite ones dark.
# → 灰度的中式楼阁；一个 15 × 15 的滤波器；它的特征图，图中与滤波器相像的地方亮，
#   相反的地方暗。
# edge → 边缘
# line → 线条
# blur → 模糊

# %% [markdown]
# Grey is a response of zero, white a positive and black a negative one. An edge filter
# at 90° finds the roofs, at 0° the columns. For decades people drew such filters by
# hand. A convolutional network keeps the sliding and **learns the numbers**.
#
# ## How many places are there?
#
# Before we slide, let us count. A picture has $n$ pixels along a side, the window has
# $f$: the **kernel size**. We may put $p$ rows of zeros around the picture, its
# **padding**, so that the window can also be centred on the border. It moves by $s$
# pixels at a time: the **stride**.

# %% [markdown] lang="zh" of="3487f211"
# 灰色表示响应为零，白色为正，黑色为负。边缘滤波器转到 90° 找到屋檐，转到 0° 找到柱子。
# 几十年里，这样的滤波器都是人手工设计的。卷积网络保留了“滑动”，而把这些数**学出来**。
#
# ## 一共有多少个位置？
#
# 滑动之前先数一数。图的一边有 $n$ 个像素，窗口有 $f$ 个，$f$ 叫作**核大小**
# （kernel size）。可以在图的四周补 $p$ 圈零，这叫作**填充**（padding），
# 好让窗口的中心也能落在边缘上；窗口每次挪 $s$ 个像素，$s$ 叫作**步幅**（stride）。


# %% exercise="output_size" points=1 minutes=4 level=1
def output_size(n, kernel_size, stride=1, padding=0):
    """How many places a window has along one side.

    n: pixels along the side; kernel_size: pixels of the window; stride: pixels from one
    place to the next; padding: zeros added at each end. The window fits at least once.
    Returns an int: 3, not 3.0.
    """
    ### BEGIN SOLUTION
    return (n + 2 * padding - kernel_size) // stride + 1
    ### END SOLUTION


# %% [raw] lang="zh"
# How many places a window has along one side. → 窗口沿一边有多少个位置。
# n: pixels along the side; kernel_size: pixels of the window; stride: pixels from one
# place to the next; padding: zeros added at each end. The window fits at least once.
# Returns an int: 3, not 3.0.
# → n：一边的像素数；kernel_size：窗口的像素数；stride：相邻两个位置相隔几个像素；
#   padding：每一端补几个零。窗口至少放得下一次。
#   返回 int：是 3，不是 3.0。

# %% check="output_size"
advice = "a window of 3 on 5 pixels can start at 0, 1 and 2: is one place missing?"
bm.expect.equal(output_size(5, 3), 3, advice)
advice = "the zeros are added at both ends"
bm.expect.equal(output_size(5, 3, padding=1), 5, advice)
advice = "starts 0 and 2; at 4 it would look past the edge: round down"
bm.expect.equal(output_size(6, 3, stride=2), 2, advice)
advice = "3, not 3.0: `range` and the shape of a tensor ask for an int"
bm.expect.true(hasattr(output_size(5, 3), "__index__"), advice)
### BEGIN HIDDEN TESTS
for n, size, stride, padding in [(9, 2, 3, 1), (28, 5, 1, 2), (7, 7, 4, 0)]:
    starts = range(-padding, n + padding - size + 1, stride)
    advice = (
        f"n={n}, kernel_size={size}, stride={stride}, padding={padding}: count starts"
    )
    bm.expect.equal(output_size(n, size, stride, padding), len(starts), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a window of 3 on 5 pixels can start at 0, 1 and 2: is one place missing?
# → 5 个像素上宽 3 的窗口可以从 0、1、2 开始：是不是少数了一个位置？
# the zeros are added at both ends → 两端都要补零
# starts 0 and 2; at 4 it would look past the edge: round down
# → 从 0 和 2 开始；从 4 开始就出界了：要向下取整
# 3, not 3.0: `range` and the shape of a tensor ask for an int
# → 应是 3，不是 3.0：`range` 和张量的形状都要求 int
# n={n}, kernel_size={size}, stride={stride}, padding={padding}: count starts
# → n={n}，kernel_size={size}，stride={stride}，padding={padding}：数一数起点

# %% [markdown] hint="output_size"
# Where can the window start at first, and where at last? With stride 1, count the
# pixels from the first start to the last, both included.

# %% [markdown] lang="zh" of="9fcc98fc"
# 窗口最早从哪里开始，最晚从哪里开始？步幅为 1 时，数一数从头到尾有几个起点，
# 两头都算。

# %% [markdown] hint="output_size"
# The last start is `n + 2 * padding - kernel_size` steps after the first. Only every
# `stride`-th of these counts: `//`.

# %% [markdown] lang="zh" of="3ac71aa5"
# 最后一个起点比第一个晚 `n + 2 * padding - kernel_size` 步。其中每隔 `stride` 步才算
# 一个：用 `//`。


# %% mistake="output_size" says="one place missing"
def output_size(n, kernel_size, stride=1, padding=0):
    return (n + 2 * padding - kernel_size) // stride


# %% mistake="output_size" says="both ends"
def output_size(n, kernel_size, stride=1, padding=0):
    return (n + padding - kernel_size) // stride + 1


# %% mistake="output_size" says="round down"
def output_size(n, kernel_size, stride=1, padding=0):
    return (n + 2 * padding - kernel_size) / stride + 1


# %% mistake="output_size" says="not 3.0"
def output_size(n, kernel_size, stride=1, padding=0):
    return np.floor((n + 2 * padding - kernel_size) / stride) + 1


# %% variant="output_size"
def output_size(n, kernel_size, stride=1, padding=0):
    return len(range(0, n + 2 * padding - kernel_size + 1, stride))


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
# hundreds: its **channels**, index $c$. A filter has a weight for each pixel of its
# window and each channel, and there are several filters, index $o$. So $W$ has four
# axes, and
#
# $$z_{o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{c,\,si+u-p,\,sj+v-p}
# \label{convolution}$$
#
# where $x$ is 0 outside of the picture. Mathematicians would call this a correlation;
# their convolution flips the filter first. A filter that is learned comes out flipped
# or not as needed, so nobody in deep learning flips it. PyTorch's `F.conv2d` does all
# of this in one call, and the check would take that call for an answer. Write the loops
# over rows and columns once yourself.

# %% [markdown] lang="zh" of="93a8fd42"
# ## 把滑动写成公式
#
# 彩色图的一个像素有三个数，网络内部的一个像素可能有几百个数：这就是**通道**
# （channel），用下标 $c$ 表示。滤波器对窗口里的每个像素、每个通道各有一个权重，
# 而且滤波器不止一个，用下标 $o$ 表示。所以 $W$ 有四个轴，
#
# $$z_{o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}\; x_{c,\,si+u-p,\,sj+v-p}
# \label{convolution}$$
#
# 其中 $x$ 在图外为 0。数学家把这叫做互相关，他们的卷积要先把滤波器翻转过来。
# 既然滤波器是学出来的，翻不翻转都学得到，所以深度学习里不翻转。
# PyTorch 的 `F.conv2d` 一次调用就能算完，检查也会放它过关；
# 但请亲手把走遍各行各列的循环写一次。


# %% exercise="convolve" points=3 minutes=10 level=2
def convolve(x, W, b, stride=1, padding=0):
    """Slide every filter over one picture.

    x: (channels, height, width); W: (filters, channels, f, f); b: (filters,).
    Returns z: (filters, rows, columns), as many rows and columns as output_size says,
    in the kind of number of x. Gradients flow back to x, W and b.
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
# Slide every filter over one picture. → 让每个滤波器滑过一幅图。
# x: (channels, height, width); W: (filters, channels, f, f); b: (filters,).
# Returns z: (filters, rows, columns), as many rows and columns as output_size says,
# in the kind of number of x. Gradients flow back to x, W and b.
# → x：(channels, height, width)；W：(filters, channels, f, f)；b：(filters,)。
#   返回 z：(filters, rows, columns)，行数和列数由 output_size 给出，数值类型与 x 相同。
#   梯度能传回 x、W 和 b。
# zeros at left, right, top, bottom → 左、右、上、下各补零

# %% check="convolve"
draws = torch.Generator().manual_seed(1)
x = torch.randn(2, 5, 6, generator=draws, dtype=torch.float64)
W = torch.randn(3, 2, 2, 2, generator=draws, dtype=torch.float64)
b, none = torch.tensor([1.0, -2.0, 3.0]).double(), torch.zeros(3).double()
z = convolve(x, W, b)
bm.expect.shape(z, (3, 4, 5), "(filters, rows, columns), sized by output_size")
grey_z = convolve(x[:1], W[:, :1], none)
advice = "lay each filter on the window as it is, without flipping it"
bm.expect.close(grey_z, F.conv2d(x[:1], W[:, :1]), advice)
bm.expect.close(convolve(x, W, none), F.conv2d(x, W), "add up over all channels")
bm.expect.close(z, F.conv2d(x, W, b), "each filter adds its own bias b")
far = convolve(x, W, b, stride=2)
advice = "with stride 2 window (i, j) starts at row 2i and column 2j"
bm.expect.close(far, F.conv2d(x, W, b, stride=2), advice)
advice = "padding puts zeros around the picture, on all four sides"
bm.expect.close(convolve(x, W, b, padding=1), F.conv2d(x, W, b, padding=1), advice)
### BEGIN HIDDEN TESTS
single = convolve(x.float(), W.float(), b.float())
for got, given in [(z, x), (single, x.float())]:
    advice = "keep x's kind of number: x.new_zeros(...)"
    bm.expect.true(got.dtype == given.dtype, advice)
W = torch.randn(4, 2, 3, 3, generator=draws, dtype=torch.float64)
x, W = x.requires_grad_(), W.requires_grad_()
b = torch.tensor([0.7, -1.3, 2.0, 0.4]).double().requires_grad_()
z = convolve(x, W, b, stride=3, padding=2)
right = F.conv2d(x, W, b, stride=3, padding=2)
bm.expect.close(z, right, "stride 3 and padding 2 together")
advice = "keep the graph: a network learns by the gradients of x, W and b"
bm.expect.gradient(z, [x, W, b], advice)
leaves = x, W, b
mine, want = (torch.autograd.grad(k.square().sum(), leaves) for k in (z, right))
for got, gradient in zip(mine, want, strict=True):
    bm.expect.close(got, gradient, advice)
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
# keep the graph: a network learns by the gradients of x, W and b
# → 保留计算图：网络靠 x、W、b 的梯度来学习

# %% [markdown] hint="convolve"
# First surround `x` with zeros, then forget that there is padding. Two loops, over rows
# and columns of `z`; all filters can be done at once.

# %% [markdown] lang="zh" of="99d8b4c3"
# 先给 `x` 四周补零，之后就不用再想填充的事。两层循环，走遍 `z` 的行和列；
# 所有滤波器可以一次算完。

# %% [markdown] hint="convolve"
# The window of place (i, j) has the rows `rows = slice(i * stride, i * stride + f)`,
# and the columns likewise: `x[:, rows, columns]`. What must be summed in `W * window`,
# of shape (filters, channels, f, f)?

# %% [markdown] lang="zh" of="6df48f9f"
# 位置 (i, j) 的窗口，行是 `rows = slice(i * stride, i * stride + f)`，列也一样：
# `x[:, rows, columns]`。`W * window` 的形状是 (filters, channels, f, f)，该对哪些轴求
# 和？

# %% [markdown] hint="convolve"
# `z[:, i, j] = (W * window).sum((1, 2, 3)) + b`, with
# `z = x.new_zeros(len(W), rows, columns)` before the loops and
# `x = F.pad(x, [padding] * 4)` before that.

# %% [markdown] lang="zh" of="67997ece"
# `z[:, i, j] = (W * window).sum((1, 2, 3)) + b`；循环之前先写
# `z = x.new_zeros(len(W), rows, columns)`，再之前是 `x = F.pad(x, [padding] * 4)`。


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


# %% mistake="convolve" says="kind of number"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(x.double(), W.double(), b.double(), stride, padding)


# %% mistake="convolve" says="keep the graph"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(x, W.data, b, stride, padding)


# %% variant="convolve"
def convolve(x, W, b, stride=1, padding=0):
    f, x = W.shape[-1], F.pad(x, [padding] * 4)
    windows = x.unfold(1, f, stride).unfold(2, f, stride)  # (c, rows, columns, f, f)
    return torch.einsum("cijuv,ocuv->oij", windows, W) + b[:, None, None]


# %% variant="convolve"
def convolve(x, W, b, stride=1, padding=0):
    return F.conv2d(x[None], W, b, stride, padding)[0]


# %% [raw] excuse="convolve"
# W.shape[-1] → W.shape[-2]: filters are square
# len(W) → len(b): there is one bias for each filter

# %% [markdown]
# Equation (\ref{convolution}), index by index, with a stride of 3 and a padding of 2:
# PyTorch's `F.conv2d` computes exactly this.

# %% [markdown] lang="zh" of="f681b412"
# 逐个下标地执行公式 (\ref{convolution})，步幅为 3，填充为 2：
# PyTorch 的 `F.conv2d` 算的正是它。

# %% equation="convolution" of="5dc29765"
x, W = torch.randn(2, 7, 7).double(), torch.randn(5, 2, 4, 4).double()
b, s, p = torch.randn(5).double(), 3, 2
z = torch.zeros(5, 3, 3).double()
for o, i, j in np.ndindex(5, 3, 3):
    z[o, i, j] = b[o]
    for c, u, v in np.ndindex(2, 4, 4):
        row, column = s * i + u - p, s * j + v - p
        if 0 <= row < 7 and 0 <= column < 7:  # outside, x is 0
            z[o, i, j] = z[o, i, j] + W[o, c, u, v] * x[c, row, column]
bm.equation("convolution", F.conv2d(x, W, b, s, p), z, atol=1e-12)

# %% [raw] lang="zh"
# outside, x is 0 → 图外 x 为 0

# %% [markdown]
# ## A dense layer with two rules
#
# Every $z_{o,i,j}$ is a weighted sum of pixels, so a convolution **is** a dense layer.
# With picture and feature maps written as long vectors there is a matrix $T$ with
#
# $$\operatorname{vec}(z) = T\,\operatorname{vec}(x) \label{as-matrix}$$
#
# when the bias is 0. To find $T$, convolve pictures that have one white pixel: each
# gives one column. We check it on another picture, and look at $T$.

# %% [markdown] lang="zh" of="cde18e6d"
# ## 守两条规矩的全连接层
#
# 每个 $z_{o,i,j}$ 都是像素的加权和，所以卷积**就是**一种全连接层。
# 把图和特征图都拉成长长的向量，偏置为 0 时，存在一个矩阵 $T$ 使得
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
# Two rules turn the upper matrix into the lower one. **Look nearby**: most weights are
# zero. **Be the same everywhere**: what is left repeats along diagonals. What a network
# assumes before it has seen any data is its **inductive bias**; these two rules are
# that of a convolution. With $d$ channels in and $m$ filters, it has
#
# $$\mathrm{parameters} = m\,(d f^2 + 1) \label{parameters}$$
#
# however large the picture. A dense layer has one for each pair of numbers.

# %% [markdown] lang="zh" of="6ac74636"
# 两条规矩，把上面的矩阵变成下面的：**只看附近**，所以多数权重为零；
# **处处一样**，所以剩下的沿斜线重复。网络在见到任何数据之前就作出的假定，
# 叫作它的**归纳偏置**（inductive bias）；这两条规矩就是卷积的归纳偏置。
# 输入有 $d$ 个通道，滤波器有 $m$ 个，卷积的参数个数是
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


# %% fold
def parameters(side, channels=3, filters=64):
    """Of a convolution with 3 × 3 windows, and of a dense layer as large."""
    dense = (side**2 * channels + 1) * side**2 * filters
    return {"convolution": filters * (channels * 3**2 + 1), "dense": dense}


bm.claim(
    "For colour photographs of 224 × 224 pixels a dense layer needs more than a "
    "million times the parameters of a convolution with as many outputs",
    lambda convolution, dense: dense > 1e6 * convolution,
    parameters(224),
    control=parameters(8),
    against="pictures of 8 × 8 pixels",
)

# %% [raw] lang="zh"
# Of a convolution with 3 × 3 windows, and of a dense layer as large.
# → 窗口为 3 × 3 的卷积的参数个数，以及输入输出同样多的全连接层的参数个数。
# For colour photographs of 224 × 224 pixels a dense layer needs more than a million
# times the parameters of a convolution with as many outputs
# → 处理 224 × 224 像素的彩色照片，输出同样多时，全连接层的参数是卷积的一百万倍以上
# pictures of 8 × 8 pixels → 8 × 8 像素的图

# %% [markdown]
# The second rule has a consequence. Let $S_a$ shift a picture by $a$ pixels down and to
# the right. Away from the borders, a convolution of stride 1 is **equivariant** to
# shifts: shift the picture, and its feature maps shift along.
#
# $$(S_a x) * W = S_a\,(x * W) \label{equivariance}$$
#
# To have no borders we let the picture go round: what leaves on the right comes back on
# the left.

# %% [markdown] lang="zh" of="d6ae5147"
# 第二条规矩有个结果。设 $S_a$ 把图向下、向右各移 $a$ 个像素。在远离边缘的地方，
# 步幅为 1 的卷积对平移是**等变**（equivariant）的：图移动，特征图跟着移动。
#
# $$(S_a x) * W = S_a\,(x * W) \label{equivariance}$$
#
# 为了不受边缘干扰，我们让图首尾相接：从右边出去的，从左边回来。


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
# The loops are right, and slow. Processors are fast at large matrix products. So put
# every window into a column: it holds as many numbers as a filter has weights. With the
# filters of $W$ as rows, one product computes all places and all filters.

# %% [markdown] lang="zh" of="d58c154b"
# 记住“步幅为 1”这个条件：步幅更大的代价，我们后面会遇到。
#
# ## 一次算完所有窗口
#
# 循环是对的，但是慢。处理器擅长大的矩阵乘法，所以把每个窗口摆成一列：
# 一个窗口里的数与一个滤波器的权重一样多。再把 $W$ 的滤波器摆成行，
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

# %% [markdown]
# `F.unfold` makes these columns. We time the product against our own loops, on a
# picture with many windows and on one with a single window.

# %% [markdown] lang="zh" of="696fea28"
# `F.unfold` 就能摆出这些列。我们把矩阵乘法与自己写的循环比一比时间：
# 一次用窗口很多的图，一次用只有一个窗口的图。


# %%
def convolve_all(x, W, b, stride=1, padding=0):
    """Convolution of a batch, (batch, channels, height, width), by one product."""
    f = W.shape[-1]
    rows = output_size(x.shape[2], f, stride, padding)
    columns = F.unfold(x, f, padding=padding, stride=stride)  # (batch, c f f, places)
    z = W.flatten(1) @ columns + b[:, None]  # (batch, filters, places)
    return z.unflatten(-1, (rows, -1))


# %% [raw] lang="zh"
# Convolution of a batch, (batch, channels, height, width), by one product.
# → 用一次乘法对一批图 (batch, channels, height, width) 做卷积。


# %% fold
def by_loops(x, W, b):
    """The same without stride and padding, place by place."""
    f = W.shape[-1]
    z = x.new_zeros(len(x), len(W), x.shape[2] - f + 1, x.shape[3] - f + 1)
    for i, j in np.ndindex(*z.shape[2:]):
        window = x[:, None, :, i : i + f, j : j + f]  # (batch, 1, c, f, f)
        z[:, :, i, j] = (W * window).sum((2, 3, 4)) + b
    return z


def fastest(function, *inputs):
    """Seconds of the fastest of five runs."""
    runs = []
    for _ in range(5):
        began = time.perf_counter()
        function(*inputs)
        runs.append(time.perf_counter() - began)
    return min(runs)


def seconds(side):
    x, W, b = torch.randn(1, 3, side, side), torch.randn(16, 3, 5, 5), torch.randn(16)
    for z in (by_loops(x, W, b), convolve(x[0], W, b)[None], F.conv2d(x, W, b)):
        torch.testing.assert_close(convolve_all(x, W, b), z, rtol=1e-4, atol=1e-4)
    ways = {"loops": by_loops, "product": convolve_all}
    return {name: fastest(way, x, W, b) for name, way in ways.items()}


bm.claim(
    "On 40 × 40 pixels one matrix product is at least five times as fast as loops",
    lambda loops, product: loops > 5 * product,
    seconds(40),
    control=seconds(5),
    against="a picture that holds a single window",
)

# %% [raw] lang="zh"
# The same without stride and padding, place by place.
# → 同样的运算，没有步幅和填充，逐个位置地算。
# Seconds of the fastest of five runs. → 五次运行中最快一次的秒数。
# On 40 × 40 pixels one matrix product is at least five times as fast as loops
# → 在 40 × 40 像素上，一次矩阵乘法至少比循环快五倍
# a picture that holds a single window → 只放得下一个窗口的图
# loops → =
# product → =

# %% [markdown]
# Both gave the numbers of your `convolve` and of `F.conv2d`.
#
# ## Learning a filter
#
# Somebody gives us a photograph and its *edge map*, made with a filter that we do not
# see. Can the filter be learned from such pairs? Start with random weights and compute
# $z$. The loss $J$ says how far $z$ is from the edge map; let
# $\delta_{o,i,j} = \partial J/\partial z_{o,i,j}$ be its gradient there. With stride 1
# and no padding, (\ref{convolution}) multiplies the weight $W_{o,c,u,v}$ by the pixel
# $x_{c,i+u,j+v}$, at *every* place $(i, j)$. By the chain rule, all places add up:
#
# $$\frac{\partial J}{\partial W_{o,c,u,v}} = \sum_{i,j} \delta_{o,i,j}\;
# x_{c,\,i+u,\,j+v} \label{weight-gradient}$$
#
# That is all that shared weights change about learning. How a gradient goes through
# many layers is a lesson of its own,
# [Backpropagation, derived](lesson:backpropagation).

# %% [markdown] lang="zh" of="59cf264f"
# 两者算出的数都与你的 `convolve` 和 `F.conv2d` 相同。
#
# ## 学一个滤波器
#
# 有人给我们一张照片和它的*边缘图*，边缘图是用某个滤波器算出来的，但不让我们看那个滤波
# 器。能从这样的数据里把滤波器学出来吗？从随机的权重出发，算出 $z$。损失 $J$ 说的是 $z$
# 离边缘图有多远；设 $\delta_{o,i,j} = \partial J/\partial z_{o,i,j}$ 是它在那里的梯度。
# 步幅为 1、没有填充时，按 (\ref{convolution})，权重 $W_{o,c,u,v}$ 在*每个*位置 $(i, j)$
# 都乘上一个像素 $x_{c,i+u,j+v}$。由链式法则，所有位置的贡献要加起来：
#
# $$\frac{\partial J}{\partial W_{o,c,u,v}} = \sum_{i,j} \delta_{o,i,j}\;
# x_{c,\,i+u,\,j+v} \label{weight-gradient}$$
#
# 权重共享给学习带来的改变，仅此而已。梯度怎样穿过许多层，另有一课专门讲：
# [反向传播的推导](lesson:backpropagation)。


# %% exercise="weight_gradient" points=3 minutes=8 level=3
def weight_gradient(delta, x):
    """Gradient of the loss with respect to the filters; stride 1, no padding.

    delta: dJ/dz, (filters, rows, columns); x: the picture, (channels, height, width).
    Returns dJ/dW: (filters, channels, f, f), where f is what makes z that large, in the
    kind of number of x.
    """
    ### BEGIN SOLUTION
    filters, rows, columns = delta.shape
    f = x.shape[1] - rows + 1
    dW = x.new_zeros(filters, len(x), f, f)
    for u in range(f):
        for v in range(f):
            seen = x[:, u : u + rows, v : v + columns]  # by weight (u, v)
            dW[:, :, u, v] = torch.einsum("oij,cij->oc", delta, seen)
    return dW
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradient of the loss with respect to the filters; stride 1, no padding.
# → 损失对滤波器的梯度；步幅为 1，没有填充。
# delta: dJ/dz, (filters, rows, columns); x: the picture, (channels, height, width).
# Returns dJ/dW: (filters, channels, f, f), where f is what makes z that large, in the
# kind of number of x.
# → delta：dJ/dz，(filters, rows, columns)；x：图，(channels, height, width)。
#   返回 dJ/dW：(filters, channels, f, f)，其中 f 由 z 的大小推出；数值类型与 x 相同。
# by weight (u, v) → 权重 (u, v) 所见的像素

# %% check="weight_gradient"
draws = torch.Generator().manual_seed(3)
x = torch.randn(2, 6, 9, generator=draws, dtype=torch.float64)
delta = torch.zeros(5, 4, 7, dtype=torch.float64)
delta[1, 0, 2] = 1.0  # the loss depends on one response alone
got = weight_gradient(delta, x)
advice = "(filters, channels, f, f); a window of f on 6 rows has 4 places: f is 3"
bm.expect.shape(got, (5, 2, 3, 3), advice)
advice = "a weight of filter 1 was multiplied, at place (0, 2), by one pixel: which?"
bm.expect.close(got[1], x[:, 0:3, 2:5], advice)
bm.expect.close(got[0], torch.zeros(2, 3, 3).double(), "filter 0 made none of it")
delta[1, 3, 6] = 2.0
got = weight_gradient(delta, x)[1]
advice = "a weight works at every place: add up delta times pixel, without a mean"
bm.expect.close(got, x[:, 0:3, 2:5] + 2 * x[:, 3:6, 6:9], advice)
### BEGIN HIDDEN TESTS
advice = "keep x's kind of number: x.new_zeros(...)"
bm.expect.true(got.dtype == x.dtype, advice)
x = torch.randn(4, 8, 5, generator=draws)
bm.expect.true(weight_gradient(x, x).dtype == x.dtype, advice)
for f in (1, 2, 4):
    W = torch.randn(3, 4, f, f, generator=draws).requires_grad_()
    z = F.conv2d(x, W)
    delta = torch.randn(z.shape, generator=draws)
    (right,) = torch.autograd.grad(z, W, delta)
    advice = f"three filters of {f} × {f} on four channels"
    bm.expect.close(weight_gradient(delta, x), right, advice, rtol=1e-4, atol=1e-4)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# the loss depends on one response alone → 损失只依赖一个响应
# (filters, channels, f, f); a window of f on 6 rows has 4 places: f is 3
# → (filters, channels, f, f)；宽 f 的窗口在 6 行上有 4 个位置：f 是 3
# a weight of filter 1 was multiplied, at place (0, 2), by one pixel: which?
# → 滤波器 1 的一个权重在位置 (0, 2) 只乘了一个像素：是哪一个？
# filter 0 made none of it → 它与滤波器 0 无关
# a weight works at every place: add up delta times pixel, without a mean
# → 一个权重在每个位置都起作用：把 delta 乘像素全部加起来，不求平均
# keep x's kind of number: x.new_zeros(...) → 保持 x 的数值类型：x.new_zeros(...)
# three filters of {f} × {f} on four channels → 四个通道上的三个 {f} × {f} 滤波器

# %% [markdown] hint="weight_gradient"
# Take one weight, (u, v). While the window slides over all places, which pixels lie
# under this weight? They form a rectangle of `x`, as large as `delta`.

# %% [markdown] lang="zh" of="06a02eca"
# 盯住一个权重 (u, v)。窗口走遍所有位置时，哪些像素从它下面经过？
# 它们是 `x` 中的一个矩形，与 `delta` 一样大。

# %% [markdown] hint="weight_gradient"
# The rectangle is `x[:, u : u + rows, v : v + columns]`. Multiply it by `delta` and sum
# over the places, for each filter and each channel.

# %% [markdown] lang="zh" of="db8f74b4"
# 这个矩形是 `x[:, u : u + rows, v : v + columns]`。把它与 `delta` 相乘，对所有位置求
# 和，每个滤波器、每个通道各算一次。

# %% [markdown] hint="weight_gradient"
# `torch.einsum("oij,cij->oc", delta, seen)` is the sum for all filters and channels. It
# belongs in `dW[:, :, u, v]`.

# %% [markdown] lang="zh" of="29bf410f"
# `torch.einsum("oij,cij->oc", delta, seen)` 就是所有滤波器、所有通道的和，
# 放进 `dW[:, :, u, v]`。


# %% mistake="weight_gradient" says="without a mean"
def weight_gradient(delta, x):
    f = x.shape[1] - delta.shape[1] + 1
    windows = x.unfold(1, f, 1).unfold(2, f, 1)
    used = (delta != 0).sum()
    return torch.einsum("oij,cijuv->ocuv", delta, windows) / used


# %% mistake="weight_gradient" says="by one pixel"
def weight_gradient(delta, x):
    dW = F.conv2d(x[:, None], delta[:, None]).transpose(0, 1)
    return dW.flip(-1, -2)


# %% mistake="weight_gradient" says="f is 3"
def weight_gradient(delta, x):
    return F.conv2d(x[:, None], delta[:, None])


# %% mistake="weight_gradient" says="made none of it"
def weight_gradient(delta, x):
    dW = F.conv2d(x[:, None], delta.sum(0, keepdim=True)[:, None]).transpose(0, 1)
    return dW.expand(len(delta), -1, -1, -1)


# %% mistake="weight_gradient" says="kind of number"
def weight_gradient(delta, x):
    x, delta = x.double(), delta.double()
    return F.conv2d(x[:, None], delta[:, None]).transpose(0, 1)


# %% mistake="weight_gradient" says="kind of number"
def weight_gradient(delta, x):
    x, delta = x.float(), delta.float()
    return F.conv2d(x[:, None], delta[:, None]).transpose(0, 1)


# %% variant="weight_gradient"
def weight_gradient(delta, x):
    return F.conv2d(x[:, None], delta[:, None]).transpose(0, 1)


# %% variant="weight_gradient"
def weight_gradient(delta, x):
    f = x.shape[1] - delta.shape[1] + 1
    W = torch.zeros(len(delta), len(x), f, f, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(F.conv2d(x, W), W, delta)[0]


# %% [raw] excuse="weight_gradient"
# the result is detached: nothing is differentiated further

# %% [markdown]
# Check (\ref{weight-gradient}) for $J = \frac12\sum(z-y)^2$, where $\delta = z - y$.
# The left side is a finite difference: it moves one weight a little and looks at $J$.

# %% [markdown] lang="zh" of="0c9e312c"
# 拿 $J = \frac12\sum(z-y)^2$ 检验 (\ref{weight-gradient})，这时 $\delta = z - y$。
# 左边用有限差分：把一个权重挪动一点点，看 $J$ 变多少。

# %% equation="weight-gradient" of="289bf725"
x, y = torch.randn(2, 6, 7).double(), torch.randn(5, 4, 5).double()
W = torch.randn(5, 2, 3, 3).double()
slope, right = torch.zeros(2, *W.shape).double()
delta = F.conv2d(x, W) - y
for o, c, u, v in np.ndindex(5, 2, 3, 3):
    moved = torch.zeros_like(W)
    moved[o, c, u, v] = 0.3
    above, below = ((F.conv2d(x, V) - y).square().sum() for V in (W + moved, W - moved))
    slope[o, c, u, v] = (above - below) / (4 * 0.3)
    for i, j in np.ndindex(4, 5):
        right[o, c, u, v] += delta[o, i, j] * x[c, i + u, j + v]
bm.equation("weight-gradient", slope, right, atol=1e-10)

# %% [markdown]
# (The loss is quadratic, so even a large step gives the exact slope.) Now learn: at
# each step cut a piece of 24 × 24 pixels out of the photograph, compute the gradient
# with your function, and move the weights a little against it.

# %% [markdown] lang="zh" of="5d8aa4da"
# （损失是二次的，所以步子大也能得到准确的斜率。）现在来学：每一步从照片里剪下 24 × 24
# 像素的一块，用你的函数算出梯度，把权重沿它的反方向挪动一点。

# %%
hidden = draw_filter("edge", 60, 1.0, reach=2)[None, None]  # (1, 1, 5, 5)
centred, no_bias = photo - photo.mean(), torch.zeros(1)  # uncentred, 0.2 diverges


def learn_filter(steps, draws):
    W = start = 0.1 * torch.randn(1, 1, 5, 5, generator=draws)
    for _ in range(steps):
        i, j = (torch.randint(n - 23, (1,), generator=draws) for n in photo.shape)
        x = centred[None, i : i + 24, j : j + 24]
        z, y = (convolve_all(x[None], V, no_bias)[0] for V in (W, hidden))
        W = W - 0.2 * weight_gradient(2 * (z - y) / z.numel(), x)
    return start, W


start, learned = learn_filter(1000, torch.Generator().manual_seed(lab.seed))

# %% [raw] lang="zh"
# edge → 边缘
# uncentred, 0.2 diverges → 不减去均值，学习率 0.2 会发散

# %% fold
fig, axes = plt.subplots(1, 3, figsize=(8, 2.7), layout="constrained")
shown = {"random start": start, "learned": learned, "hidden filter": hidden}
for ax, (name, W) in zip(axes, shown.items(), strict=True):
    most = W.abs().max()
    ax.imshow(W[0, 0], cmap="gray", vmin=-most, vmax=most)
    ax.set(title=name, xlabel="column", ylabel="row")
    ax.grid(False)
alt = (
    "Three squares of 5 by 5 numbers: noise, and twice the same edge filter, dark at "
    "the top and bright at the bottom right."
)
bm.show.figure(fig, alt=alt)


def error(W):
    """Squared error on another photograph, as a share of the edge map's square."""
    x = grey("flower.jpg")[None, None] - photo.mean()
    z, y = F.conv2d(x, W), F.conv2d(x, hidden)
    return {"error": (z - y).square().mean() / y.square().mean()}


bm.claim(
    "Learned on one photograph, the filter makes the edge map of another: the squared "
    "error is less than 5 % of the map's mean square",
    lambda error: error < 0.05,
    error(learned),
    control=error(start),
    against="the random start",
)

# %% [raw] lang="zh"
# random start → 随机的起点
# learned → 学到的
# hidden filter → 藏起来的滤波器
# column → 列
# row → 行
# Three squares of 5 by 5 numbers: noise, and twice the same edge filter, dark at the
# top and bright at the bottom right.
# → 三个 5 × 5 的方块：第一个是噪声，后两个是同一个边缘滤波器，上方暗，右下方亮。
# Squared error on another photograph, as a share of the edge map's square.
# → 在另一张照片上的平方误差，除以边缘图的平方。
# Learned on one photograph, the filter makes the edge map of another: the squared error
# is less than 5 % of the map's mean square
# → 在一张照片上学到的滤波器，给另一张照片作边缘图：平方误差不到边缘图均方值的 5%
# the random start → 随机的起点

# %% [markdown]
# Here the data determine the filter, and it is found. Whether a network that is asked
# for something else, such as the class of a digit, learns such filters is another
# question. We come back to it.
#
# ## Pooling: the largest response of a window
#
# "There is a whisker about here" is often enough. Max **pooling** keeps the largest
# response of each window, here of 2 × 2, so a quarter of the numbers goes on. There is
# nothing to learn in it.

# %% [markdown] lang="zh" of="31891d25"
# 在这里，数据决定了滤波器，也就找到了它。如果要网络做的是别的事，例如认出数字，
# 它会不会学出这样的滤波器，是另一个问题，后面再谈。
#
# ## 池化：窗口里最大的响应
#
# “这附近有根胡须”，往往知道这些就够了。最大**池化**（max pooling）在每个窗口（这里是
# 2 × 2）里只留下最大的响应，往后传的数只剩四分之一。这里没有什么要学的。


# %%
def max_pool(x, size=2):
    """The largest number of each window; height and width are multiples of size."""
    windows = x.unflatten(-1, (-1, size)).unflatten(-3, (-1, size))
    return windows.amax((-3, -1))  # (..., height / size, width / size)


x = torch.randn(1, 3, 4, 6)
torch.testing.assert_close(max_pool(x), F.max_pool2d(x, 2))


# %% [raw] lang="zh"
# The largest number of each window; height and width are multiples of size.
# → 每个窗口里最大的数；高和宽是 size 的倍数。

# %% [markdown]
# **Global max pooling** takes the maximum over the *whole* map. By (\ref{equivariance})
# a shifted picture has shifted feature maps, and their maximum is the same wherever it
# stands. What was equivariant becomes **invariant**:
#
# $$\max_{i,j}\,\bigl((S_a x) * W\bigr)_{o,i,j} = \max_{i,j}\,(x * W)_{o,i,j}
# \label{invariance}$$

# %% [markdown] lang="zh" of="55e4821d"
# **全局最大池化**（global max pooling）对整张特征图取最大值。由
# (\ref{equivariance})，图移动，特征图跟着移动，而最大值不管在哪里都一样大。
# 等变就成了**不变**（invariant）：
#
# $$\max_{i,j}\,\bigl((S_a x) * W\bigr)_{o,i,j} = \max_{i,j}\,(x * W)_{o,i,j}
# \label{invariance}$$

# %% equation="invariance" of="637b7d13"
x, W = torch.randn(2, 8, 8).double(), torch.randn(5, 2, 3, 3).double()
moved = ring(torch.roll(x, (3, 5), (1, 2)), W)
bm.equation("invariance", moved.amax((1, 2)), ring(x, W).amax((1, 2)), atol=1e-12)

# %% [raw] excuse="invariance"
# 3 → 6: it holds for every shift
# 5 → 10: it holds for every shift
# 1 → 2 (3): it holds for every shift, also along one axis alone

# %% [markdown]
# Now judge whole networks. One person says "convolutional networks do not care where a
# thing stands", another "only with global pooling". Strides and dense layers matter,
# too. Predict for each network and each shift whether its output must stay the same;
# then we measure.

# %% [markdown] lang="zh" of="240c2c4d"
# 现在来判断整个网络。有人说“卷积网络不在乎东西在哪里”，有人说“有全局池化才行”。
# 步幅和全连接层也有影响。对每个网络、每种平移，先预测输出是否必定不变，然后我们来量。


# %% exercise="unmoved" points=3 minutes=8 level=3
def unmoved(layers, shift):
    """Must the output stay the same when the picture goes round by `shift` pixels?

    layers: pairs (kind, stride), in order; kind is "convolution", "pooling" (the
    largest of each window, stride × stride), "maximum" (over the whole map) or "dense";
    the stride of the last two kinds is 1. Pictures go
    round, and all sides are multiples of the strides, so there are no borders.
    shift: pixels down and to the right, from 0 to less than a side.
    Returns True if the output is the same for all weights and pictures, else False.
    """
    ### BEGIN SOLUTION
    step = period = 1  # step: pixels of the picture from one place to the next
    for kind, stride in layers:
        if kind == "maximum":
            return shift % period == 0
        if kind == "dense":
            break
        step *= stride
        if kind == "convolution":  # a maximum of maxima is blind to the windows
            period = step
    return shift == 0
    ### END SOLUTION


# %% [raw] lang="zh"
# Must the output stay the same when the picture goes round by `shift` pixels?
# → 图首尾相接地移动 `shift` 个像素，输出是否必定不变？
# layers: pairs (kind, stride), in order; kind is "convolution", "pooling" (the
# largest of each window, stride × stride), "maximum" (over the whole map) or "dense";
# the stride of the last two kinds is 1. Pictures go
# round, and all sides are multiples of the strides, so there are no borders.
# shift: pixels down and to the right, from 0 to less than a side.
# Returns True if the output is the same for all weights and pictures, else False.
# → layers：按次序的若干对 (kind, stride)；kind 是 "convolution"（卷积）、
#   "pooling"（池化，取每个 stride × stride 窗口里最大的）、"maximum"（对整张特征图取
#   最大值）或 "dense"（全连接）；后两种的步幅为 1。
#   图首尾相接，各边都是步幅的倍数，所以没有边缘。
#   shift：向下、向右移动的像素数，从 0 起，小于边长。
#   如果对任何权重、任何图，输出都不变，返回 True，否则返回 False。
# step: pixels of the picture from one place to the next
# → step：相邻两个位置相隔原图的几个像素
# a maximum of maxima is blind to the windows → 最大值的最大值与怎样分窗口无关

# %% check="unmoved"
plain = [("convolution", 1), ("convolution", 1)]
ends = [("maximum", 1), ("dense", 1)]
advice = "global pooling after convolutions of stride 1: see the equation above"
bm.expect.equal(unmoved([*plain, *ends], 5), True, advice)
advice = "the feature maps move along with the picture: equivariant, not invariant"
bm.expect.equal(unmoved(plain, 5), False, advice)
advice = "a dense layer has a weight of its own for each place of the map"
bm.expect.equal(unmoved([*plain, ("dense", 1)], 5), False, advice)
pooled = [("convolution", 1), ("pooling", 2), ("convolution", 1)]
advice = "after a stride of 2 the windows of a picture moved by 1 see other pixels"
bm.expect.equal(unmoved([*pooled, *ends], 1), False, advice)
advice = "moved by 2 pixels, the same windows come up one place later"
bm.expect.equal(unmoved([*pooled, *ends], 2), True, advice)
advice = "a pooling right before the maximum: what is the maximum of maxima?"
bm.expect.equal(unmoved([*plain, ("pooling", 2), *ends], 1), True, advice)
### BEGIN HIDDEN TESTS
strided = [("convolution", 3), ("pooling", 2), ("convolution", 1), *ends]
for shift in range(12):
    advice = f"strides 3 and 2, then the maximum, moved by {shift}"
    bm.expect.equal(unmoved(strided, shift), shift in (0, 6), advice)
for layers in ([], plain, [*pooled, ("dense", 1), ("dense", 1)]):
    bm.expect.equal(unmoved(layers, 0), True, "a shift of 0 moves nothing")
    advice = "no maximum over the whole map: the output moves"
    bm.expect.equal(unmoved(layers, 2), False, advice)
bm.expect.equal(unmoved([("maximum", 1)], 7), True, "the maximum of the picture itself")
pooling = [("pooling", 5), ("pooling", 3)]
late = [("pooling", 2), ("pooling", 3), ("convolution", 2), *pooling, *ends]
for shift in (6, 12, 24, 60):
    advice = f"strides 2, 3, 2 up to the last convolution, moved by {shift}"
    bm.expect.equal(unmoved(late, shift), shift % 12 == 0, advice)
mixed = [("convolution", 1), ("dense", 1), ("maximum", 1)]
bm.expect.equal(unmoved(mixed, 2), False, "a maximum after a dense layer is too late")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# global pooling after convolutions of stride 1: see the equation above
# → 步幅为 1 的卷积之后做全局池化：看上面的公式
# the feature maps move along with the picture: equivariant, not invariant
# → 特征图跟着图一起移动：是等变，不是不变
# a dense layer has a weight of its own for each place of the map
# → 全连接层对特征图的每个位置各有一个权重
# after a stride of 2 the windows of a picture moved by 1 see other pixels
# → 步幅为 2 之后，图移动 1 个像素，窗口看到的像素就不同了
# moved by 2 pixels, the same windows come up one place later
# → 移动 2 个像素，同样的窗口只是晚一个位置出现
# strides 3 and 2, then the maximum, moved by {shift}
# → 步幅 3 和 2，然后取最大值，移动 {shift}
# a shift of 0 moves nothing → 移动 0 就是没有移动
# no maximum over the whole map: the output moves → 没有对整张图取最大值：输出会移动
# a pooling right before the maximum: what is the maximum of maxima?
# → 最大值之前紧挨着一次池化：最大值的最大值是什么？
# the maximum of the picture itself → 图本身的最大值
# strides 2, 3, 2 up to the last convolution, moved by {shift}
# → 到最后一个卷积为止步幅为 2、3、2，移动 {shift}
# a maximum after a dense layer is too late → 全连接层之后再取最大值，为时已晚

# %% [markdown] hint="unmoved"
# Follow the shift through the layers. By how many pixels of the *picture* are two
# neighbouring places of the present map apart?

# %% [markdown] lang="zh" of="8eef92af"
# 跟着平移一层层走下去。当前特征图上相邻的两个位置，相隔*原图*的几个像素？

# %% [markdown] hint="unmoved"
# Strides multiply. A shift by a whole number of steps moves the map, and the maximum
# does not see that. Any other shift gives a different map. A dense layer sees every
# shift but 0. And poolings that no convolution follows only take maxima of maxima: do
# their strides count?

# %% [markdown] lang="zh" of="a31e64e7"
# 步幅是相乘的。移动整数步，特征图只是跟着移动，最大值看不出来；移动别的距离，
# 特征图就不同了。全连接层除了 0 以外的移动都看得出来。而后面不再有卷积的池化，
# 只是取最大值的最大值：它们的步幅算不算？


# %% mistake="unmoved" says="not invariant"
def unmoved(layers, shift):
    return all(kind != "dense" for kind, _ in layers[:-1])


# %% mistake="unmoved" says="see other pixels"
def unmoved(layers, shift):
    return any(kind == "maximum" for kind, _ in layers) or shift == 0


# %% mistake="unmoved" says="equation above"
def unmoved(layers, shift):
    return shift == 0 or all(kind != "dense" for kind, _ in layers)


# %% mistake="unmoved" says="maximum of maxima"
def unmoved(layers, shift):
    if not any(kind == "maximum" for kind, _ in layers):
        return shift == 0
    return shift % max(stride for _, stride in layers) == 0


# %% mistake="unmoved" says="maximum of maxima"
def unmoved(layers, shift):
    step = 1
    for kind, stride in layers:
        if kind in ("maximum", "dense"):
            return (shift % step == 0 and kind == "maximum") or shift == 0
        step *= stride
    return shift == 0


# %% mistake="unmoved" says="up to the last convolution"
def unmoved(layers, shift):
    step, last = 1, ("", 1)
    for kind, stride in layers:
        if kind == "maximum":
            step = step // last[1] if last[0] == "pooling" else step
            return shift % step == 0
        if kind == "dense":
            break
        step, last = step * stride, (kind, stride)
    return shift == 0


# %% mistake="unmoved" says="strides 3 and 2"
def unmoved(layers, shift):
    kinds = [kind for kind, _ in layers]
    if "maximum" not in kinds:
        return shift == 0
    while kinds[kinds.index("maximum") - 1] == "pooling":
        layers = [*layers[: kinds.index("maximum") - 1], ("maximum", 1)]
        kinds = [kind for kind, _ in layers]
    return shift % max(stride for _, stride in layers) == 0


# %% mistake="unmoved" says="weight of its own"
def unmoved(layers, shift):
    step = 1
    for _, stride in layers:
        step *= stride
    return layers[-1][0] in ("maximum", "dense") and shift % step == 0


# %% variant="unmoved"
def unmoved(layers, shift):
    kinds = [kind for kind, _ in layers]
    end = kinds.index("maximum") if "maximum" in kinds else 0
    if shift == 0 or not ({"maximum"} & set(kinds)) or "dense" in kinds[:end]:
        return not shift
    while end and kinds[end - 1] == "pooling":
        end -= 1
    return shift % int(np.prod([stride for _, stride in layers[:end]])) == 0


# %% fold
def output(layers, x):
    """What a network with random weights makes of x, which goes round."""
    torch.manual_seed(lab.seed)
    for kind, stride in layers:
        if kind == "convolution":
            around = F.pad(x, [1] * 4, mode="circular")
            W = torch.randn(4, x.shape[1], 3, 3, dtype=x.dtype)
            x = F.conv2d(around, W, stride=stride).relu()
        elif kind == "pooling":
            x = max_pool(x, stride)
        elif kind == "maximum":
            x = x.amax((2, 3))
        else:
            flat = x.flatten(1)
            x = flat @ torch.randn(flat.shape[1], 3, dtype=x.dtype)
    return x


C, P, S = ("convolution", 1), ("pooling", 2), ("convolution", 2)
candidates = {
    "convolutions, global maximum, dense": [C, C, ("maximum", 1), ("dense", 1)],
    "LeNet: pooling twice, dense": [C, P, C, P, ("dense", 1)],
    "pooling twice, global maximum": [C, P, C, P, ("maximum", 1)],
    "stride 2, global maximum, dense": [S, C, ("maximum", 1), ("dense", 1)],
    "convolutions alone": [C, C],
}
x, shifts = torch.randn(1, 1, 24, 24, dtype=torch.float64), range(1, 9)
same = np.empty((5, 8), bool)  # (networks, shifts)
for row, layers in enumerate(candidates.values()):
    still = output(layers, x)
    moved = [output(layers, x.roll((a, a), (2, 3))) for a in shifts]
    same[row] = [torch.allclose(z, still) for z in moved]

# %% [raw] lang="zh"
# What a network with random weights makes of x, which goes round.
# → 权重随机的网络对首尾相接的 x 给出的输出。
# convolutions, global maximum, dense → 卷积，全局最大值，全连接
# LeNet: pooling twice, dense → LeNet：两次池化，全连接
# pooling twice, global maximum → 两次池化，全局最大值
# stride 2, global maximum, dense → 步幅 2，全局最大值，全连接
# convolutions alone → 只有卷积
# (networks, shifts) → （网络，平移）
# maximum → =
# dense → =


# %% fold
def foresee(networks):
    return np.array([[unmoved(layers, a) for a in shifts] for layers in networks])


like_strides = [
    [(C[0] if kind == P[0] else kind, stride) for kind, stride in layers]
    for layers in candidates.values()
]
fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
ax.imshow(same, cmap="Greys", vmin=0, vmax=2, aspect="auto")
for (row, column), stays in np.ndenumerate(same):
    ax.text(column, row, "same" if stays else "–", ha="center", va="center")
ax.set_xticks(range(8), shifts)
ax.set_yticks(range(len(candidates)), candidates)
ax.set(xlabel="shift of the picture, in pixels", ylabel="network")
ax.grid(False)
alt = (
    "Five networks by shifts of 1 to 8 pixels: the output stays the same always, "
    "never, at even shifts, at even shifts, and never."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "Strides, pooling and dense layers decide for which shifts an output stays the "
    "same: the rule is right for five networks and eight shifts",
    lambda wrong: wrong == 0,
    {"wrong": (foresee(candidates.values()) != same).sum()},
    control={"wrong": (foresee(like_strides) != same).sum()},
    against="the rule with each pooling taken for a convolution with a stride",
)

# %% [raw] lang="zh"
# same → 不变
# shift of the picture, in pixels → 图移动的像素数
# network → 网络
# Five networks by shifts of 1 to 8 pixels: the output stays the same always, never, at
# even shifts, at even shifts, and never.
# → 五个网络，平移 1 到 8 个像素：输出不变的情形依次是总是、从不、偶数、偶数、从不。
# Strides, pooling and dense layers decide for which shifts an output stays the same:
# the rule is right for five networks and eight shifts
# → 步幅、池化和全连接层决定了输出对哪些平移不变：这条规则对五个网络、八种平移都对
# the rule with each pooling taken for a convolution with a stride
# → 把每次池化都当作有步幅的卷积的规则

# %% [markdown]
# A stride costs invariance; a pooling right before the maximum does not. Our own first
# rule counted every stride: this measurement showed us that the third row was wrong.
# Keep the second row in mind: it is LeNet's.
#
# ## How far does it see?
#
# One layer with $f = 3$ sees 3 pixels in a row. A second one sees 3 responses of the
# first, which together saw 5 pixels. The pixels that a response depends on are its
# **receptive field**. A layer with a stride makes all later steps longer: one step of
# layer $l$ is $s_1 s_2 \cdots s_{l-1}$ pixels of the picture.

# %% [markdown] lang="zh" of="1dedd199"
# 步幅会损失不变性，紧挨在最大值之前的池化却不会。我们自己最初的规则把每个步幅都算进去，
# 是这次测量告诉我们第三行错了。记住第二行：那是 LeNet。
#
# ## 它能看多远？
#
# $f = 3$ 的一层在一行里看到 3 个像素。第二层看到第一层的 3 个响应，它们合起来看到了 5
# 个像素。一个响应所依赖的像素，就是它的**感受野**（receptive field）。某一层有步幅，后
# 面各层的每一步就都变长：第 $l$ 层的一步，相当于原图的 $s_1 s_2 \cdots s_{l-1}$ 个像
# 素。


# %% exercise="receptive_field" points=2 minutes=8 level=2
def receptive_field(layers):
    """How many pixels in a row one response of the last layer spans.

    Counted from the first pixel on which it depends to the last, both included, and
    with gaps between them, if there are any.
    layers: pairs (kernel_size, stride), the one next to the picture first; pooling
    counts as a layer too. No layer at all sees 1 pixel.
    """
    ### BEGIN SOLUTION
    field, step = 1, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * step
        step *= stride
    return field
    ### END SOLUTION


# %% [raw] lang="zh"
# How many pixels in a row one response of the last layer spans.
# → 最后一层的一个响应，在一行里跨越多少个像素。
# Counted from the first pixel on which it depends to the last, both included, and with
# gaps between them, if there are any.
# layers: pairs (kernel_size, stride), the one next to the picture first; pooling counts
# as a layer too. No layer at all sees 1 pixel.
# → 从它依赖的第一个像素数到最后一个，两头都算，中间若有空隙也算。
#   layers：若干对 (kernel_size, stride)，离图最近的在最前；池化也算一层。
#   一层也没有时，看到 1 个像素。

# %% check="receptive_field"
bm.expect.equal(receptive_field([(5, 1)]), 5, "one layer sees its own window")
advice = "neighbouring windows overlap: a second window of 3 adds only 2 pixels"
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
bm.expect.equal(receptive_field([(2, 2), (3, 3), (2, 1)]), 12, advice)
advice = "a stride of 4 with windows of 2 leaves gaps: from the first pixel to the last"
bm.expect.equal(receptive_field([(2, 4), (3, 1)]), 10, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one layer sees its own window → 一层看到的就是自己的窗口
# neighbouring windows overlap: a second window of 3 adds only 2 pixels
# → 相邻窗口互相重叠：第二个宽 3 的窗口只增加 2 个像素
# after a stride of 2, one step of the next layer is 2 pixels of the picture
# → 经过步幅 2 之后，下一层的一步是原图的 2 个像素
# a layer's own stride counts for later layers only, not for itself
# → 一层的步幅只影响后面的层，不影响它自己
# LeNet-5: 5, pool 2, 5, pool 2 → LeNet-5：5、池化 2、5、池化 2
# no layer: the pixel itself → 没有层：就是像素自己
# strides multiply: 2 and then 3 makes 6 → 步幅是相乘的：先 2 后 3，就是 6
# a stride of 4 with windows of 2 leaves gaps: from the first pixel to the last
# → 步幅 4 配宽 2 的窗口，中间有空隙：要从第一个像素数到最后一个

# %% [markdown] hint="receptive_field"
# Keep two numbers: how many pixels are seen so far, and how many pixels of the picture
# one step of the coming layer is.

# %% [markdown] lang="zh" of="ce330a8e"
# 记住两个数：到目前为止看到多少个像素；接下来这一层的一步是原图的几个像素。

# %% [markdown] hint="receptive_field"
# A window reaches `kernel_size - 1` steps beyond its first pixel. First add these
# steps, then multiply the step by the stride.

# %% [markdown] lang="zh" of="5576d8fc"
# 窗口从它的第一个像素起，还要再走 `kernel_size - 1` 步。先把这些步加上，
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


# %% mistake="receptive_field" says="was changed"
def receptive_field(layers):
    field = 1
    layers.reverse()
    for kernel, stride in layers:
        field = (field - 1) * stride + kernel
    return field


# %% mistake="receptive_field" says="leaves gaps"
def receptive_field(layers):
    seen = {0}
    for kernel, stride in reversed(layers):
        seen = {place * stride + u for place in seen for u in range(kernel)}
    return len(seen)


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
# And now without any formula: ask PyTorch for the gradient of one response. The pixels
# on which it depends are those whose gradient is not 0.

# %% [markdown] lang="zh" of="f18410af"
# 写成一行：$L$ 层，窗口为 $f_l$，步幅为 $s_l$，则
#
# $$\mathrm{field} = 1 + \sum_{l=1}^{L} (f_l - 1) \prod_{m<l} s_m
# \label{receptive-field}$$
#
# 再来一次，不用任何公式：让 PyTorch 算出一个响应的梯度。梯度不为 0 的像素，
# 就是它所依赖的像素。


# %% fold
def pixels_seen(layers, side=101):
    """Pixels in a row with a gradient, for a response in the middle."""
    x = torch.zeros(1, 1, side, dtype=torch.float64, requires_grad=True)
    h = x
    for kernel_size, stride in layers:
        h = F.conv1d(h, torch.ones(1, 1, kernel_size).double(), stride=stride)
    (slope,) = torch.autograd.grad(h[0, 0, h.shape[-1] // 2], x)
    return int((slope != 0).sum())


networks = {
    "3": [(3, 1)],
    "3, 3, 3, 3": [(3, 1)] * 4,
    "3, 3 / 2, 3, 3 / 2": [(3, 1), (3, 2), (3, 1), (3, 2)],
    "LeNet-5": [(5, 1), (2, 2), (5, 1), (2, 2)],
}
print("kernel sizes / strides: by the formula, by the gradient")
for name, layers in networks.items():
    print(f"{name:>20}: {receptive_field(layers):3}, {pixels_seen(layers)}")


# %% [raw] lang="zh"
# Pixels in a row with a gradient, for a response in the middle.
# → 正中的一个响应，在一行里对多少个像素有梯度。
# kernel sizes / strides: by the formula, by the gradient
# → 核大小 / 步幅：由公式，由梯度

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
# With windows of 3 and no strides, each layer adds only 2 pixels. And the field is not
# seen evenly: there are many ways from the middle of the field to the response, and
# only one from a corner. Stack ten layers with random weights, as before training, many
# times over, and look at the average size of the gradient. (One channel and no
# activations are enough to see it.)

# %% [markdown] lang="zh" of="413ba688"
# 窗口宽 3、步幅为 1 时，每加一层，感受野只增加 2 个像素。而且它看得并不均匀：
# 从感受野中央通往响应的路有许多条，从角落出发的却只有一条。
# 把权重随机（也就是训练之前）的十层叠起来，重复许多次，看梯度平均有多大。
# （只用一个通道、不加激活函数，就足以看出来。）

# %% fold
tries = lab.pick(ci=100, workshop=300, full=300)


def look(depth, kernel_size):
    """Average share of each pixel in the squared gradient, (side, side)."""
    side = receptive_field([(kernel_size, 1)] * depth)
    x = torch.zeros(1, tries, side, side, requires_grad=True)  # a channel, a network
    h = x
    for _ in range(depth):
        h = F.conv2d(h, torch.randn(tries, 1, kernel_size, kernel_size), groups=tries)
    (slope,) = torch.autograd.grad(h.sum(), x)
    return (slope**2 / (slope**2).sum((2, 3), keepdim=True)).mean((0, 1))


def needed(energy):
    """Share of the field's pixels that hold 90 % of it."""
    ordered = energy.flatten().sort(descending=True).values.cumsum(0)
    return {"share_of_field": (1 + (ordered < 0.9).sum()) / energy.numel()}


deep, shallow = look(10, 3), look(1, 21)  # both see 21 pixels in a row
fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for ax, energy, name in zip(axes, (deep, shallow), ("10 × 3", "1 × 21"), strict=True):
    edges = [-10.5, 10.5, 10.5, -10.5]
    shown = ax.imshow((energy / energy.max()).sqrt(), extent=edges, vmin=0, vmax=1)
    ax.set(title=f"layers × kernel size: {name}", xlabel="pixels from the middle")
    ax.grid(False)
axes[0].set_ylabel("pixels from the middle")
fig.colorbar(shown, ax=axes, label="size of the gradient, largest = 1", shrink=0.8)
alt = (
    "Two fields of 21 by 21 pixels. Ten layers: bright in the middle, dark long before "
    "the border. One layer: bright all over."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "With random weights, ten layers look mostly at the middle: nine tenths of the "
    "squared gradient come from less than half of the receptive field",
    lambda share_of_field: share_of_field < 0.5,
    needed(deep),
    control=needed(shallow),
    against="one layer with the same receptive field",
)

# %% [raw] lang="zh"
# Average share of each pixel in the squared gradient, (side, side).
# → 每个像素在梯度平方中平均所占的份额，(side, side)。
# a channel, a network → 一个通道就是一个网络
# Share of the field's pixels that hold 90 % of it.
# → 占到 90% 所需的像素，在感受野中的比例。
# both see 21 pixels in a row → 两者在一行里都看到 21 个像素
# layers × kernel size: {name} → 层数 × 核大小：{name}
# pixels from the middle → 离中央的像素数
# size of the gradient, largest = 1 → 梯度大小（最大为 1）
# Two fields of 21 by 21 pixels. Ten layers: bright in the middle, dark long before the
# border. One layer: bright all over.
# → 两个 21 × 21 像素的感受野。十层：中央很亮，远没到边界就已变暗。一层：处处都亮。
# With random weights, ten layers look mostly at the middle: nine tenths of the squared
# gradient come from less than half of the receptive field
# → 权重随机时，十层主要看中央：梯度平方的十分之九，来自不到一半的感受野
# one layer with the same receptive field → 感受野相同的一层

# %% [markdown]
# ## Far away
#
# The document says in §3.3.1 that convolutional networks have difficulty with
# long-range dependencies in a picture. Now we can say what that means. Take a row of
# random pixels, black or white. Each place must say: what colour is the pixel `gap`
# places to my left? A network of four layers with $f = 3$ reaches 4 places to each
# side, however long we train it.
#
# There is a way out that costs no parameters. Spread the window: with a **dilation** of
# 4 it looks at the pixels −4, 0 and 4. Give the four layers dilations of 1, 2, 4, 8.

# %% [markdown] lang="zh" of="cf5c08a3"
# ## 远处
#
# 原文 §3.3.1 说，卷积网络难以处理图像中的长距离依赖关系。现在我们能说清楚这是什么意思。
# 取一行随机的像素，非黑即白。每个位置要回答：我左边第 `gap` 个像素是什么颜色？
# 四层 $f = 3$ 的网络，向每一边只够得着 4 个位置，训练再久也没用。
#
# 有个办法不增加参数：把窗口撑开。**膨胀**（dilation）为 4 时，它看的是 −4、0、4
# 这三个像素。让四层的膨胀依次为 1、2、4、8。


# %% fold
def row_network(dilations, width=16):
    channels, parts = [1, *[width] * len(dilations)], []
    for before, after, r in zip(channels, channels[1:], dilations, strict=False):
        parts += [nn.Conv1d(before, after, 3, padding=r, dilation=r), nn.ReLU()]
    return nn.Sequential(*parts, nn.Conv1d(width, 1, 1))


def draw_rows(count, gap, places=48):
    white = torch.randint(0, 2, (count, 1, places)).float()
    return 2 * white - 1, white.roll(gap, -1)  # pixels, colour gap to the left


# %% [raw] lang="zh"
# pixels, colour gap to the left → 像素，左边第 gap 个的颜色


# %% fold
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


torch.manual_seed(lab.seed)
gaps = lab.pick(
    ci=[1, 4, 5, 12, 18], workshop=[1, 2, 4, 5, 8, 12, 15, 16, 18], full=[*range(1, 20)]
)
kinds = {"1, 1, 1, 1": (1, 1, 1, 1), "1, 2, 4, 8": (1, 2, 4, 8)}
right = {
    name: {gap: answer_right(dilations, gap) for gap in bm.show.progress(gaps, name)}
    for name, dilations in kinds.items()
}
fig, ax = plt.subplots()
for (name, shares), mark in zip(right.items(), "os", strict=True):
    field = receptive_field([(2 * r + 1, 1) for r in kinds[name]])
    ax.plot(gaps, shares.values(), marker=mark, label=f"{name}: sees {field}")
ax.axhline(0.5, color="grey", lw=1)
ax.set(xlabel="gap, in pixels", ylabel="right answers", ylim=(0.4, 1.05))
ax.set_xticks(gaps)
ax.legend(title="dilations")
alt = (
    "Both networks are right up to their reach and guess beyond it: 4 pixels for the "
    "plain one, 15 for the one with dilations."
)
bm.show.figure(fig, alt=alt)
size = {
    name: sum(w.numel() for w in row_network(r).parameters())
    for name, r in kinds.items()
}
print("parameters:", size)

# %% [raw] lang="zh"
# Share of right answers after training, where there is a pixel to the left.
# → 训练后答对的比例，只算左边有像素的位置。
# {name}: sees {field} → {name}：看到 {field} 个
# gap, in pixels → 相隔的像素数 gap
# right answers → 答对的比例
# dilations → 膨胀
# Both networks are right up to their reach and guess beyond it: 4 pixels for the plain
# one, 15 for the one with dilations.
# → 两个网络在够得着的范围内全对，超出就只能猜：普通的够到 4 个像素，膨胀的够到 15
#   个。
# parameters: → 参数个数：

# %% fold
plain, spread = right.values()
bm.claim(
    "At a gap of 12 pixels, four plain layers can only guess",
    lambda right: right < 0.6,
    {"right": plain[12]},
    control={"right": spread[12]},
    against="dilations of 1, 2, 4, 8",
)
bm.claim(
    "With dilations of 1, 2, 4, 8 as many parameters answer at a gap of 12",
    lambda right, parameters: right > 0.9 and parameters == size["1, 1, 1, 1"],
    {"right": spread[12], "parameters": size["1, 2, 4, 8"]},
    control={"right": spread[18], "parameters": size["1, 2, 4, 8"]},
    against="a gap of 18, beyond their reach",
)

# %% [raw] lang="zh"
# At a gap of 12 pixels, four plain layers can only guess
# → 相隔 12 个像素时，四层普通卷积只能猜
# dilations of 1, 2, 4, 8 → 膨胀为 1、2、4、8
# With dilations of 1, 2, 4, 8 as many parameters answer at a gap of 12
# → 膨胀为 1、2、4、8 时，同样多的参数在相隔 12 个像素时也答得出
# a gap of 18, beyond their reach → 相隔 18 个像素，够不着

# %% [markdown]
# So the document is right about a few plain layers, and the limit can be computed
# before any training. Depth, strides and dilation push it out. A dense layer or
# [attention](lesson:attention) on top removes it.
#
# ## LeNet, from its parts
#
# Two stages of convolution, activation and pooling, then dense layers: this is the
# shape of LeNet-5, with which LeCun and colleagues read handwritten cheques in 1998. In
# the kit it is `bm.models.CNN`, with ReLU and max pooling, as is usual today. Here are
# its weights in the functions of this lesson.

# %% [markdown] lang="zh" of="2cbdce77"
# 所以，对少数几层普通卷积来说，原文说得对；而且这个限度在训练之前就能算出来。
# 加深、步幅、膨胀能把它推远；在上面加全连接层或[注意力](lesson:attention)，
# 就能去掉它。
#
# ## 用零件搭 LeNet
#
# 两段“卷积、激活、池化”，再接全连接层：这就是 LeNet-5 的模样。1998 年，
# LeCun 和同事们用它识别支票上的手写数字。课程工具包里的 `bm.models.CNN` 就是它，
# 只是像今天通常那样用 ReLU 和最大池化。我们把它的权重放进这一课的函数里。

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
print("LeNet's parameters:", sum(w.numel() for w in model.parameters()))

# %% [raw] lang="zh"
# LeNet's parameters: → LeNet 的参数个数：

# %% [markdown]
# ## Real digits, and digits that moved
#
# scikit-learn has 1,797 real digits of 8 × 8 pixels. We give each a margin of 2 pixels,
# so that it can be moved without being cut. All train on centred digits, 60 % of them;
# the other 40 % are for the test: first centred, then moved by 1 or 2 pixels in all
# eight directions. We compare:
#
# - the **nearest neighbour**: the label of the most similar training picture;
# - **logistic regression**: one linear layer on 144 pixels, then a softmax;
# - **LeNet**, as above;
# - **global pooling**: the same two convolutions as LeNet, but no pooling between them
#   and no hidden dense layer after; only the largest response of each map, as in
#   (\ref{invariance});
# - **shuffled**: global pooling again, on pictures whose pixels were shuffled, all
#   pictures in the same way. No pixel is lost, only who is whose neighbour.

# %% [markdown] lang="zh" of="4fa81161"
# ## 真实的数字，以及挪动过的数字
#
# scikit-learn 自带 1,797 个真实的手写数字，每个 8 × 8 像素。我们给每个数字留 2 个像素的
# 边，这样挪动时不会切掉。训练只用居中的数字，占 60%；其余 40% 用来测试：先测居中的，
# 再测向八个方向挪 1 或 2 个像素的。我们比较：
#
# - **最近邻**：取训练集中最像的那幅图的标签；
# - **逻辑回归**（logistic regression）：144 个像素上的一个线性层，再接 softmax；
# - **LeNet**：如上；
# - **全局池化**：与 LeNet 相同的两层卷积，但中间不做池化，后面也没有全连接的隐藏层，
#   只取每张特征图上最大的响应，如 (\ref{invariance})；
# - **打乱**：还是全局池化，但图的像素被打乱，每幅图的打乱方式相同。
#   一个像素也没丢，只是谁挨着谁全变了。


# %%
class GlobalPooling(nn.Module):
    """Two convolutions, then the largest response of each map, wherever it is."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 5, padding=2)
        self.second = nn.Conv2d(8, 32, 5, padding=2)
        self.output = nn.Linear(32, 10)

    def forward(self, x):
        h = F.relu(self.second(F.relu(self.first(x))))  # (batch, 32, 12, 12)
        return self.output(h.amax((2, 3)))


# %% [raw] lang="zh"
# Two convolutions, then the largest response of each map, wherever it is.
# → 两层卷积，然后取每张特征图上最大的响应，不管在哪里。

# %% fold
digits = load_digits()
pictures = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
pictures, labels = F.pad(pictures, [2] * 4), torch.tensor(digits.target)  # 12 × 12
moves = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
far = np.array([max(abs(a), abs(b)) for a, b in moves])  # how far: 0, 1 or 2


def shuffle(x):
    order = torch.randperm(144, generator=torch.Generator().manual_seed(5))
    return x.flatten(1)[:, order].reshape(x.shape)


def begin(make, seed):
    """A new model; the same seed gives the same random weights."""
    torch.manual_seed(seed)
    return make()


def train(model, x, y, seed):
    batches = bm.train.Batches(x, y, 32, seed=seed)
    free = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(free, lr=0.005)
    epochs = lab.pick(ci=6, workshop=15, full=15)
    bm.train.fit(
        model.to(lab.device), batches, F.cross_entropy, optimizer, epochs=epochs
    )
    return lambda x: bm.train.predict(model, x).argmax(-1)


# %% [raw] lang="zh"
# how far: 0, 1 or 2 → 挪了多远：0、1 或 2
# A new model; the same seed gives the same random weights.
# → 一个新模型；种子相同，随机的权重就相同。


# %% fold
def frozen(layers, seed):
    """A network whose first layers keep the weights that they were drawn with."""
    model = begin(GlobalPooling, seed)
    for layer in (model.first, model.second)[:layers]:
        layer.requires_grad_(False)
    return model


def compete(seed):
    """Share of right answers in each of 25 moves, and the models, for one split."""
    x, x_test, y, y_test = train_test_split(
        pictures, labels, test_size=0.4, stratify=labels, random_state=seed
    )
    known = x.flatten(1)
    line = LogisticRegression(max_iter=2000).fit(known, y)
    lenet = begin(lambda: bm.models.CNN(12, 10, **SIZES), seed)
    pooled, without_neighbours = (begin(GlobalPooling, seed) for _ in range(2))
    blind = train(without_neighbours, shuffle(x), y, seed)
    says = {
        "nearest neighbour": lambda q: y[torch.cdist(q.flatten(1), known).argmin(1)],
        "logistic regression": lambda x: torch.tensor(line.predict(x.flatten(1))),
        "LeNet": train(lenet, x, y, seed),
        "global pooling": train(pooled, x, y, seed),
        "shuffled": lambda x: blind(shuffle(x)),
    }
    right = {  # the margin is empty: rolling cuts nothing off
        name: [(say(x_test.roll(m, (2, 3))) == y_test).float().mean() for m in moves]
        for name, say in says.items()
    }
    for count, name in enumerate(("first frozen", "both frozen"), 1):
        say = train(frozen(count, seed), x, y, seed)
        share = (say(x_test) == y_test).float().mean()
        right[name] = np.where(far == 0, share, np.nan)  # on centred digits alone
    models = (line, lenet.cpu(), pooled.cpu(), x_test)
    return {name: np.array(row) for name, row in right.items()}, models


# %% [raw] lang="zh"
# A network whose first layers keep the weights that they were drawn with.
# → 前几层保持最初随机权重的网络。
# Share of right answers in each of 25 moves, and the models, for one split.
# → 一次划分下 25 种挪动各自答对的比例，以及各模型。
# nearest neighbour → 最近邻
# logistic regression → 逻辑回归
# global pooling → 全局池化
# shuffled → 打乱
# the margin is empty: rolling cuts nothing off → 边上是空的：滚动不会切掉什么
# on centred digits alone → 只在居中的数字上测
# first frozen → 冻结第一层
# both frozen → 冻结两层

# %%
seeds = range(lab.seed, lab.seed + lab.pick(ci=3, workshop=5, full=10))
runs = [compete(s) for s in bm.show.progress(seeds, "splits")]
scores = {
    name: np.array([[run[name][far == k].mean() for k in range(3)] for run, _ in runs])
    for name in runs[0][0]
}  # {name: (seeds, 3)}


def interval(values):
    """Mean and half width of the 95 % interval (Student's t)."""
    n = len(values)
    half = stats.t.ppf(0.975, n - 1) * values.std(0, ddof=1) / np.sqrt(n)
    return values.mean(0), half


names = [*scores][:5]
for name in names:
    shares = zip(*interval(scores[name]), strict=True)
    print(name, "right, by shift:", *(f"{m:.3f} ± {h:.3f}" for m, h in shares))

# %% [raw] lang="zh"
# splits → 划分
# Mean and half width of the 95 % interval (Student's t).
# → 均值与 95% 区间的半宽（t 分布）。
# right, by shift: → 答对的比例（按挪动的距离）：

# %% fold
fig, ax = plt.subplots()
for name, mark in zip(names, "vo^sD", strict=True):
    mean, half = interval(scores[name])
    ax.errorbar(range(3), mean, half, marker=mark, capsize=4, label=name)
ax.axhline(0.1, color="grey", lw=1)
ax.set(xticks=range(3), xlabel="moved by, in pixels", ylabel="right answers")
ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
alt = (
    "Centred, all five are right on more than nine of ten digits, the nearest "
    "neighbour on about 98 of 100. Moved by one pixel, only global pooling stays "
    "there; nearest neighbour and LeNet fall to about a half, the others lower. By two "
    "pixels LeNet is right on about a fifth, and the other three guess."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# moved by, in pixels → 挪动的像素数
# right answers → 答对的比例
# Centred, all five are right on more than nine of ten digits, the nearest neighbour on
# about 98 of 100. Moved by one pixel, only global pooling stays there; nearest
# neighbour and LeNet fall to about a half, the others lower. By two pixels LeNet is
# right on about a fifth, and the other three guess.
# → 居中时，五者都答对十分之九以上，最近邻约 98%。挪 1 个像素，只有全局池化守得住，
#   最近邻和 LeNet 跌到一半左右，其余更低。挪 2 个像素，LeNet 约答对五分之一，
#   另外三个等于瞎猜。

# %% [markdown]
# Look twice at this picture. Centred, the nearest neighbour, which learns nothing, is
# about as good as the best network and better than LeNet: digits of 8 × 8 pixels, all
# centred alike, are an easy task. One pixel aside it loses half of them, and **so does
# LeNet**. Its convolutions are equivariant, but its dense layers have a weight for each
# place. That was the second row above. Similar filters with a maximum over the whole
# map hardly notice. And when the pixels are shuffled, the same network loses this: what
# helps is not how many layers or weights it has, but that neighbours are still
# neighbours.
#
# The intervals are over splits, whose tests share digits; so take them as a little too
# narrow.

# %% [markdown] lang="zh" of="2cf1b22f"
# 这幅图值得多看一眼。居中时，什么也不学的最近邻与最好的网络不相上下，还胜过 LeNet：8 ×
# 8 的数字，个个摆得端正，这个任务很容易。挪开一个像素，它就丢掉一半，**LeNet 也一样**。
# 它的卷积是等变的，但它的全连接层对每个位置各有一个权重，这就是前面那幅图的第二行。相似
# 的滤波器，改成对整张特征图取最大值，就几乎不受影响。再把像素打乱，同一个网络就没有这个
# 本领了：起作用的不是层数或权重的多少，而是相邻的像素仍然相邻。
#
# 区间是对不同划分算的，各次测试有重复的数字，所以请把它们看成略窄了一点。

# %% fold
mean = {name: score.mean(0) for name, score in scores.items()}  # centred, 1, 2 pixels
best = [max(mean["LeNet"][k], mean["global pooling"][k]) for k in range(2)]
bm.claim(
    "On centred digits neither network beats the nearest neighbour by a point",
    lambda network, nearest: network < nearest + 0.01,
    {"network": best[0], "nearest": mean["nearest neighbour"][0]},
    control={"network": best[1], "nearest": mean["nearest neighbour"][1]},
    against="digits moved by one pixel",
)
lost = {name: {"lost": row[0] - row[1]} for name, row in mean.items()}
bm.claim(
    "One pixel costs LeNet, trained on centred digits, at least a fifth of all digits",
    lambda lost: lost > 0.2,
    lost["LeNet"],
    control=lost["global pooling"],
    against="global pooling in place of dense layers",
)
bm.claim(
    "With global pooling one pixel costs less than a tenth of all digits",
    lambda lost: lost < 0.1,
    lost["global pooling"],
    control=lost["shuffled"],
    against="the same network on shuffled pixels",
)

# %% [raw] lang="zh"
# centred, 1, 2 pixels → 居中、1、2 个像素
# shuffled → 打乱
# On centred digits neither network beats the nearest neighbour by a point
# → 在居中的数字上，两个网络都没有比最近邻高出一个百分点
# digits moved by one pixel → 挪动一个像素的数字
# One pixel costs LeNet, trained on centred digits, at least a fifth of all digits
# → 用居中的数字训练的 LeNet，挪一个像素，至少多答错全部数字的五分之一
# global pooling in place of dense layers → 用全局池化代替全连接层
# With global pooling one pixel costs less than a tenth of all digits
# → 用全局池化，挪一个像素，多答错的不到全部数字的十分之一
# the same network on shuffled pixels → 同一个网络，像素被打乱
# global pooling → 全局池化
# nearest neighbour → 最近邻

# %% [markdown]
# Try it yourself: take a test digit, move it, and see what each of them believes.

# %% [markdown] lang="zh" of="ae2cbac4"
# 亲手试试：选一个测试数字，挪动它，看看它们各自相信什么。

# %% fold
line, lenet, pooled, x_test = runs[0][1]


def believe(digit, down, right):
    x = x_test[digit : digit + 1].roll((down, right), (2, 3))
    p = [torch.tensor(line.predict_proba(x.flatten(1))[0])]
    p += [bm.train.predict(m, x)[0].softmax(-1) for m in (lenet, pooled)]
    fig, axes = plt.subplots(1, 4, figsize=(10, 2.5), layout="constrained")
    axes[0].imshow(x[0, 0], cmap="gray")
    axes[0].set(xlabel="column", ylabel="row", title="digit")
    axes[0].grid(False)
    for ax, name, belief in zip(axes[1:], names[1:], p, strict=False):
        ax.bar(range(10), belief, color="#1b3a6b")
        ax.set(ylim=(0, 1), xticks=range(10), title=name, xlabel="class")
    axes[1].set_ylabel("probability")
    return fig


alt = (
    "A digit, moved or not, and three bar charts of probabilities: logistic "
    "regression, LeNet, and the network with global pooling."
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
# A digit, moved or not, and three bar charts of probabilities: logistic regression,
# LeNet, and the network with global pooling.
# → 一个可挪动的数字，以及三幅概率柱状图：逻辑回归、LeNet、全局池化的网络。

# %% [markdown]
# ## What has it learned?
#
# It is tempting to look at the eight filters of the first layer and to see edges in
# them. Look at the same filters before training, too.

# %% [markdown] lang="zh" of="b7d39dad"
# ## 它学到了什么？
#
# 看着第一层的八个滤波器，很容易觉得里面有边缘。请同时看看训练之前的它们。

# %% fold
before = begin(GlobalPooling, lab.seed).first.weight.detach()  # (8, 1, 5, 5)
others = begin(GlobalPooling, lab.seed + 1).first.weight.detach()
after = pooled.first.weight.detach()
fig, axes = plt.subplots(2, 8, figsize=(10, 2.7), layout="constrained")
rows = {"before training": before, "after training": after}
for row, (name, filters) in zip(axes, rows.items(), strict=True):
    most = filters.abs().max()
    for ax, W in zip(row, filters, strict=True):
        ax.imshow(W[0], cmap="gray", vmin=-most, vmax=most)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
alt = (
    "Eight filters of 5 by 5 before and after training: in each column the two look "
    "much alike."
)
bm.show.figure(fig, alt=alt)


def alike(one, two):
    """Mean cosine between the filters of two layers."""
    return {"cosine": F.cosine_similarity(one.flatten(1), two.flatten(1)).mean()}


bm.claim(
    "After training, the first filters still resemble the random ones that they were",
    lambda cosine: cosine > 0.5,
    alike(after, before),
    control=alike(after, others),
    against="the random filters of another seed",
)

# %% [raw] lang="zh"
# before training → 训练之前
# after training → 训练之后
# Eight filters of 5 by 5 before and after training: in each column the two look much
# alike.
# → 训练前后的八个 5 × 5 滤波器：每一列中的两个都很相像。
# Mean cosine between the filters of two layers. → 两层滤波器之间余弦的平均值。
# After training, the first filters still resemble the random ones that they were
# → 训练之后，第一层的滤波器仍然像它们原来随机的样子
# the random filters of another seed → 另一个种子的随机滤波器

# %% [markdown]
# So how much does the network owe to learning them? Freeze the first layer at its
# random weights and train the rest; then freeze both convolutions and train only the
# linear layer.

# %% [markdown] lang="zh" of="187f7bb1"
# 那么，学习这些滤波器给网络带来了多少好处？把第一层冻结在随机的权重上，只训练其余的层；
# 再把两层卷积都冻结，只训练线性层。

# %%
cost = {
    name: scores["global pooling"][:, 0] - scores[name][:, 0]
    for name in ("first frozen", "both frozen")
}
for name, values in cost.items():
    middle, half = interval(values)
    print(f"{name}: {middle:.3f} ± {half:.3f} of all digits lost, {len(values)} seeds")
bm.claim(
    "On average a first layer frozen at random costs less than 5 % of the centred "
    "digits",
    lambda lost: lost < 0.05,
    {"lost": cost["first frozen"].mean()},
    control={"lost": cost["both frozen"].mean()},
    against="both convolutions frozen at random",
)

# %% [raw] lang="zh"
# {name}: {middle:.3f} ± {half:.3f} of all digits lost, {len(values)} seeds
# → {name}：多答错 {middle:.3f} ± {half:.3f} 的数字，{len(values)} 个种子
# first frozen → 冻结第一层
# both frozen → 冻结两层
# On average a first layer frozen at random costs less than 5 % of the centred digits
# → 第一层冻结在随机的权重上，居中的数字平均多答错不到 5%
# both convolutions frozen at random → 两层卷积都冻结在随机的权重上
# global pooling → 全局池化

# %% [markdown]
# Here eight random filters are nearly enough: the second layer learns to use what they
# give. The learned edge filters that textbooks like to show come from networks trained
# on a million photographs (Krizhevsky et al. 2012). Before you explain a filter, show
# what it looked like at the start, and what the network does without learning it.
#
# ## What models use today
#
# *Vision Transformers* begin by cutting a picture into patches of, say, 16 × 16 pixels
# and turning each into a vector, its **patch embedding**. This is a linear layer on
# patches, and a convolution whose stride equals its kernel size.

# %% [markdown] lang="zh" of="04e47142"
# 在这里，八个随机的滤波器几乎就够了：第二层学会了利用它们给出的东西。教科书里常见的“学
# 出来的”边缘滤波器，来自用上百万张照片训练的网络（Krizhevsky et al. 2012）。解释一个滤
# 波器之前，先拿出它在训练之前的样子，再看不学它时网络怎样。
#
# ## 今天的模型用什么
#
# *Vision Transformer* 先把图切成小块，例如 16 × 16 像素，再把每块变成一个向量，
# 叫作**图块嵌入**（patch embedding）。这是作用在图块上的一个线性层，
# 也是步幅等于核大小的卷积。

# %%
embed = nn.Conv2d(3, 768, 16, stride=16)  # as ViT-B/16 begins
x = torch.randn(1, 3, 224, 224)
cut = x.reshape(3, 14, 16, 14, 16)  # (channel, row, in patch, column, in patch)
W, tokens = embed.weight.flatten(1), embed(x).flatten(2)[0].T  # (196, 768)
patches = cut.permute(1, 3, 0, 2, 4).reshape(196, 768)
turned = cut.permute(1, 3, 0, 4, 2).reshape(196, 768)  # rows and columns swapped
differences = [(p @ W.T + embed.bias - tokens).abs().max() for p in (patches, turned)]
bm.claim(
    "A patch embedding is a linear layer on the pixels of each patch",
    lambda difference: difference < 1e-4,
    {"difference": differences[0]},
    control={"difference": differences[1]},
    against="the pixels of each patch in another order",
)

# %% [raw] lang="zh"
# as ViT-B/16 begins → ViT-B/16 就这样开始
# (channel, row, in patch, column, in patch) → （通道，行，块内，列，块内）
# rows and columns swapped → 行列互换
# A patch embedding is a linear layer on the pixels of each patch
# → 图块嵌入就是作用在每块像素上的线性层
# the pixels of each patch in another order → 每块的像素换一种次序

# %% [markdown]
# Gemma 3 and Qwen2.5-VL (2025) read pictures in this way. *ConvNeXt* (2022)
# stays with convolutions. Its block has a **depthwise convolution**, in which each
# channel has one filter of its own and channels are not mixed; two linear layers at
# each place mix them. A residual connection goes around all.

# %% [markdown] lang="zh" of="81fbc8d0"
# Gemma 3 和 Qwen2.5-VL（2025）都这样读图。*ConvNeXt*（2022）则一直用卷积。
# 它的块里有**逐通道卷积**（depthwise convolution）：每个通道只有自己的一个滤波器，
# 通道之间不混合；混合由各个位置上的两个线性层来做。整个块外面有残差连接。


# %%
class ConvNeXtBlock(nn.Module):
    def __init__(self, d, groups, f=7):
        super().__init__()
        self.around = nn.Conv2d(d, d, f, padding=f // 2, groups=groups)
        self.norm = nn.LayerNorm(d)
        self.mix = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.scale = nn.Parameter(torch.full((d,), 1e-6))

    def forward(self, x):  # (batch, d, height, width)
        h = self.norm(self.around(x).movedim(1, -1))  # channels last
        return x + (self.scale * self.mix(h)).movedim(-1, 1)


# %% [raw] lang="zh"
# (batch, d, height, width) → =
# channels last → 通道放到最后


# %% fold
def inspect(block):
    """Pixels in a row that the middle sees, parameters, and the convolution's share."""
    x = torch.randn(1, 96, 15, 15, requires_grad=True)
    (slope,) = torch.autograd.grad(block(x)[0, :, 7, 7].sum(), x)
    count = sum(w.numel() for w in block.parameters())
    share = sum(w.numel() for w in block.around.parameters()) / count
    seen = (slope != 0).any(1).any(1).sum()
    return {"seen": seen, "parameters": count, "share": share}


bm.claim(
    "In ConvNeXt's block for 96 channels less than a tenth of the parameters does all "
    "the looking around, 7 × 7 pixels",
    lambda seen, parameters, share: seen == 7 and share < 0.1,
    inspect(ConvNeXtBlock(96, groups=96)),
    control=inspect(ConvNeXtBlock(96, groups=1)),
    against="an ordinary convolution, which mixes channels",
)

# %% [raw] lang="zh"
# Pixels in a row that the middle sees, parameters, and the convolution's share.
# → 正中在一行里看到的像素数、参数个数、卷积所占的比例。
# In ConvNeXt's block for 96 channels less than a tenth of the parameters does all the
# looking around, 7 × 7 pixels
# → 96 个通道的 ConvNeXt 块里，负责看四周 7 × 7 像素的参数不到十分之一
# an ordinary convolution, which mixes channels → 普通卷积，会混合通道

# %% [markdown]
# ConvNeXt-T has 18 such blocks and 29 million parameters. *DINOv3* (2025) comes in both
# kinds. And text: a **state-space model** keeps a state, in its simplest form
# $h_t = a\,h_{t-1} + x_t$ for each channel. With a fixed factor $a$ that is a depthwise
# convolution over the past, with the filter $1, a, a^2, \dots$

# %% [markdown] lang="zh" of="4986b37a"
# ConvNeXt-T 有 18 个这样的块，2900 万个参数。*DINOv3*（2025）两种都有。文本也用得上：
# **状态空间模型**（state-space model）为每个通道保持一个状态，最简单的形式是
# $h_t = a\,h_{t-1} + x_t$。如果因子 $a$ 固定，这就是对过去的逐通道卷积，滤波器是
# $1, a, a^2, \dots$


# %%
def recur(x, factor):
    h, states = torch.zeros_like(x[0]), []
    for x_t, a_t in zip(x, factor, strict=True):
        h = a_t * h + x_t
        states.append(h)
    return torch.stack(states)  # (n, d)


x, a = torch.randn(40, 6).double(), torch.linspace(0.1, 0.9, 6).double()
powers = a[:, None] ** torch.arange(39, -1, -1)  # (d, n), the present last
past = F.pad(x.T[None], (39, 0))  # nothing comes before the first place
by_filter = F.conv1d(past, powers[:, None], groups=6)[0].T
bm.claim(
    "A linear recurrence with fixed factors is a depthwise convolution over the past",
    lambda difference: difference < 1e-9,
    {"difference": (recur(x, a.expand(40, 6)) - by_filter).abs().max()},
    control={"difference": (recur(x, a * x.sigmoid()) - by_filter).abs().max()},
    against="factors that depend on the input",
)

# %% [raw] lang="zh"
# (d, n), the present last → (d, n)，现在放在最后
# nothing comes before the first place → 第一个位置之前什么也没有
# A linear recurrence with fixed factors is a depthwise convolution over the past
# → 因子固定的线性递推，就是对过去的逐通道卷积
# factors that depend on the input → 因子取决于输入

# %% [markdown]
# *Mamba* (2023) makes the factors depend on the input, so it is no convolution any
# more; but in front of the recurrence each block has a depthwise convolution over the
# last 4 places.
#
# ## What we learned
#
# - A convolution is a dense layer with two rules: look nearby, be the same everywhere.
#   It has few parameters, and its feature maps move along with the picture.
# - It is one matrix product of unfolded windows. The gradient of a shared weight is the
#   sum over all places.
# - Equivariant is not invariant. Strides, pooling and dense layers decide what a shift
#   does to the output, and you can tell before training.
# - What a response can see is its receptive field. With random weights it looks mostly
#   at the middle.
# - Compare with a baseline: on centred digits the nearest neighbour was about as good.
#   And compare learned filters with random ones before you explain them.
#
# The document lists feature extraction as the strength and adapting to other kinds of
# pictures as a weakness of convolutional networks. The two rules throw light on both:
# they suit pictures in which neighbours matter and places do not. Where the neighbours
# were shuffled, the same network lost its advantage.
#
# ## Where next
#
# Train LeNet on moved digits (`x.roll` in each batch): how much of the loss comes back?
# Take the mean over the map in place of the maximum. Let `learn_filter` see responses
# after a ReLU. Then go on to [Recurrent networks](lesson:recurrence), which share
# weights over time, and to [Which architecture when](lesson:comparison), which measures
# convolution against the others.
#
# ## Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), *Gradient-Based Learning
#   Applied to Document Recognition*, Proceedings of the IEEE 86(11).
# - A. Saxe et al. (2011), *On Random Weights and Unsupervised Feature Learning*, ICML.
# - A. Krizhevsky, I. Sutskever and G. E. Hinton (2012), *ImageNet Classification with
#   Deep Convolutional Neural Networks*, NeurIPS.
# - V. Dumoulin and F. Visin (2016), *A Guide to Convolution Arithmetic for Deep
#   Learning*, arXiv.
# - W. Luo, Y. Li, R. Urtasun and R. Zemel (2016), *Understanding the Effective
#   Receptive Field in Deep Convolutional Neural Networks*, NeurIPS.
# - R. Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*, ICML.
# - Z. Liu et al. (2022), *A ConvNet for the 2020s*, CVPR.

# %% [markdown] lang="zh" of="ec182901"
# *Mamba*（2023）让因子取决于输入，于是不再是卷积；但在递推之前，每个块里都有一个逐通道
# 卷积，看最近的 4 个位置。
#
# ## 我们学到了什么
#
# - 卷积是守两条规矩的全连接层：只看附近，处处一样。它的参数很少，特征图随图一起移动。
# - 它是展开的窗口的一次矩阵乘法。共享权重的梯度，是所有位置之和。
# - 等变不等于不变。平移对输出有什么影响，由步幅、池化和全连接层决定，训练之前就能判断。
# - 一个响应能看到的是它的感受野。权重随机时，它主要看中央。
# - 与基线比一比：在居中的数字上，最近邻差不多一样好。解释学到的滤波器之前，
#   先与随机的滤波器比一比。
#
# 原文把“特征提取”列为卷积神经网络的优点，把“对不同类型的图像适应性不足”列为缺点。
# 两者都可以从那两条规矩来理解：它们适合邻居要紧、位置不要紧的图；
# 邻居一打乱，同一个网络就失去了优势。
#
# ## 下一步
#
# 用挪动过的数字训练 LeNet（每个批次用 `x.roll`）：能挽回多少？
# 把对整张图取最大值换成取平均值试试。让 `learn_filter` 看经过 ReLU 的响应试试。
# 然后去学[循环网络](lesson:recurrence)，它沿时间共享权重；
# [架构之比较](lesson:comparison)则把卷积与其他架构放在一起测量。
#
# ## 延伸阅读
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-Based Learning Applied
#   to Document Recognition*, Proceedings of the IEEE 86(11).
# - A. Saxe et al. (2011), *On Random Weights and Unsupervised Feature Learning*, ICML.
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012), *ImageNet Classification with Deep
#   Convolutional Neural Networks*, NeurIPS.
# - V. Dumoulin, F. Visin (2016), *A Guide to Convolution Arithmetic for Deep Learning*,
#   arXiv.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel (2016), *Understanding the Effective Receptive
#   Field in Deep Convolutional Neural Networks*, NeurIPS.
# - R. Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*, ICML.
# - Z. Liu et al. (2022), *A ConvNet for the 2020s*, CVPR.
