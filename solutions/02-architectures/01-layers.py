# ---
# slug: layers
# title: {en: Layers and activations, zh: 层与激活}
# section: "2.1, 3.1.2, 3.2.1"
# minutes: 90
# needs: []
# data: []
# extras: []
# introduces:
#   - activation
#   - activation function
#   - dying relu
#   - hidden layer
#   - initialisation
#   - multilayer perceptron
#   - neuron
#   - normalisation
#   - pre-activation
#   - relu
#   - residual connection
#   - sigmoid
# symbols:
#   x: input
#   y: target
#   y_hat: prediction
#   W: weights
#   b: bias
#   h: hidden activation or state
#   z: pre-activation
#   L: number of layers
#   sigma: activation function
# says:
#   en: Build a network from tensors, fold with it, and see when deep ones can learn.
#   zh: 从张量搭出网络，用它做折叠，再看深层网络何时学得会。
# ---

# %% [markdown]
# Give a computer 64 grey values and ask which digit they show. No single rule will do:
# a 7 is a 7 whether it is thin, slanted or crossed. A neural network repeats two steps:
# a linear map mixes the numbers, and a nonlinear function is applied to each result.
# This lesson builds both steps from tensors, shows why neither is enough without the
# other, and what goes wrong when there are thirty layers.

# %% [markdown] lang="zh" of="5f0a4f8a"
# 给计算机 64 个灰度值，问它这是哪个数字。没有哪一条规则够用：
# 7 写得细、写得斜、中间加一横，都还是 7。神经网络反复做两步：
# 先用线性映射把数混合起来，再对每个结果施加一个非线性函数。这一课用张量搭出这两步，
# 说明为什么缺了其中一步，另一步就不够用，再看叠到三十层会出什么问题。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits, make_circles
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start("layers", profile=profile, device=device, seed=seed, lang=lang)

# %%
images, labels = load_digits(return_X_y=True)  # 8 by 8 pixels, from 0 to 16
images = torch.tensor(images / 16, dtype=torch.float32)
x, x_test, y, y_test = train_test_split(
    images, torch.tensor(labels), test_size=0.25, random_state=0, stratify=labels
)
print("training pictures:", x.shape, "test pictures:", x_test.shape)

# %% [raw] lang="zh"
# 8 by 8 pixels, from 0 to 16 → 8 × 8 像素，取值 0 到 16
# training pictures: → 训练图片：
# test pictures: → 测试图片：

# %% fold
fig, axes = plt.subplots(2, 8, figsize=(8, 2.3), layout="constrained")
for ax, image, digit in zip(axes.flat, x, y, strict=False):
    ax.imshow(image.view(8, 8), cmap="gray_r")
    ax.set_title(str(digit.item()), fontsize=9)
    ax.set_axis_off()
alt = "Sixteen small grey pictures of handwritten digits, with the digit above each."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# Sixteen small grey pictures of handwritten digits, with the digit above each.
# → 十六幅手写数字的灰度小图，每幅上方标着数字。

# %% [markdown]
# These are real: thirteen people wrote them, on paper forms. We keep a quarter for
# testing.
#
# ## A function with a kink
#
# The simplest nonlinear function in use is the rectified linear unit, **ReLU**:
# $\mathrm{relu}(z) = \max(0, z)$. It is flat up to its kink, and then rises. Here are
# three, with kinks at $-1$, at `kink` and at $1$. Each is multiplied by a number of
# yours, and the thick line is their sum. Can you draw a hat, zero on both sides and
# pointed in the middle?

# %% [markdown] lang="zh" of="01f7e745"
# 这些都是真的手写数字，由 13 个人写在表格上。我们留四分之一作测试。
#
# ## 有折点的函数
#
# 常用的非线性函数里，最简单的是修正线性单元 **ReLU**：
# $\mathrm{relu}(z) = \max(0, z)$。在折点之前它是平的，过了折点就上升。
# 下面有三个，折点分别在 $-1$、`kink` 和 $1$。每个乘上一个由你选定的数，粗线是三者之和。
# 你能画出一顶尖帽子吗？要求两边为零，中间是个尖。


# %% fold
def kinked(left, middle, right, kink):
    t = torch.linspace(-3, 3, 241)
    parts = [
        scale * torch.relu(t - place)
        for scale, place in ((left, -1), (middle, kink), (right, 1))
    ]
    fig, ax = plt.subplots()
    for part, name in zip(parts, ("left", "middle", "right"), strict=True):
        ax.plot(t, part, lw=1.2, label=name)
    ax.plot(t, sum(parts), "-", color="black", lw=3, label="sum")
    ax.set(ylim=(-4, 4), xlabel="input x", ylabel="output")
    ax.legend()
    return fig


alt = "Three thin lines, flat and then straight up or down, and their thick sum."
size = (-4.0, 4.0, 0.5, 1.0)
kink = (-0.9, 0.9, 0.1, 0.2)
bm.show.explore(kinked, alt=alt, left=size, middle=size, right=size, kink=kink)


# %% [raw] lang="zh"
# sum → 和
# input x → 输入 x
# output → 输出
# Three thin lines, flat and then straight up or down, and their thick sum.
# → 三条细线先平后直，或升或降；粗线是它们的和。

# %% [markdown]
# With `left` 1, `middle` −2, `right` 1 and `kink` 0 it is a hat. A sum of enough ReLUs
# follows any continuous curve on an interval as closely as you like; and where the
# kinks lie, and how steep each piece is, can be learned.
#
# ## A layer
#
# Now with many inputs. A layer has weights $W$, one row for each of its outputs, and
# biases $b$. It mixes its inputs to **pre-activations** $z$ and applies the same
# **activation function** $\sigma$ to each. The results are its **activations** $h$:
#
# $$h_j = \sigma\Bigl(\sum_i W_{ji}\,x_i + b_j\Bigr) \label{layer}$$
#
# The unit that computes one $h_j$ is called a **neuron**. For a batch, with one example
# a row, all neurons together are $h = \sigma(xW^\top + b)$. A **multilayer
# perceptron**, MLP for short, is such layers one after another. All but the last are
# **hidden layers**. The last has no activation function: its outputs must be free to
# take any value.

# %% [markdown] lang="zh" of="01715c3c"
# `left` 取 1，`middle` 取 −2，`right` 取 1，`kink` 取 0，就是一顶帽子。
# ReLU 足够多，它们的和就能在一个区间上任意逼近一条连续曲线；
# 折点放在哪里、每段多陡，都可以学出来。
#
# ## 一层
#
# 现在换成许多输入。一层有权重 $W$（每个输出占一行）和偏置 $b$。
# 它把输入混合成**预激活** $z$，再对每个数施加同一个**激活函数** $\sigma$。
# 结果叫作它的**激活** $h$：
#
# $$h_j = \sigma\Bigl(\sum_i W_{ji}\,x_i + b_j\Bigr) \label{layer}$$
#
# 计算一个 $h_j$ 的单元叫作一个**神经元**。对一批样本，每行一个，所有神经元一起写就是
# $h = \sigma(xW^\top + b)$。**多层感知机**（MLP）就是这样一层接一层。
# 除最后一层外，都是**隐藏层**。最后一层没有激活函数：它的输出要能取任何值。


# %% exercise="forward" points=3 minutes=6 level=2
def forward(x, layers, sigma):
    """Send x through a multilayer perceptron.

    x: (..., inputs). layers: a list of pairs (W, b), with W (out, in) and b (out,).
    sigma: the activation function; it follows every layer but the last.
    Returns the outputs of the last layer, (..., out).
    """
    ### BEGIN SOLUTION
    *hidden, (W, b) = layers
    for V, c in hidden:
        x = sigma(x @ V.T + c)  # (..., out)
    return x @ W.T + b
    ### END SOLUTION


# %% [raw] lang="zh"
# Send x through a multilayer perceptron. → 让 x 通过一个多层感知机。
# x: (..., inputs). layers: a list of pairs (W, b), with W (out, in) and b (out,).
# sigma: the activation function; it follows every layer but the last.
# Returns the outputs of the last layer, (..., out).
# → x：(..., 输入数)。layers：若干对 (W, b)，W 为 (out, in)，b 为 (out,)。
#   sigma：激活函数；除最后一层外，每层之后都有。
#   返回最后一层的输出，(..., out)。

# %% check="forward"
swap = torch.tensor([[0.0, 1.0], [0.0, 0.0]])  # output 0 is input 1
none, some = torch.zeros(2), torch.tensor([1.0, 2.0])
x_in = torch.tensor([[3.0, 5.0]])
got = forward(x_in, [(swap, none)], torch.relu)
advice = "W is (out, in), and its row j makes output j: x @ W.T"
bm.expect.close(got, torch.tensor([[5.0, 0.0]]), advice)
got = forward(x_in, [(swap, some)], torch.relu)
bm.expect.close(got, torch.tensor([[6.0, 2.0]]), "where is the bias b?")
got = forward(torch.tensor([[5.0, -3.0]]), [(swap, none)], torch.relu)
advice = (
    "a single layer is the last one: sigma must not touch what goes in or comes out"
)
bm.expect.close(got, torch.tensor([[-3.0, 0.0]]), advice)
pair = [(-torch.eye(2), none), (torch.eye(2), none)]
got = forward(x_in, pair, torch.relu)
advice = "after every layer but the last, the numbers go through sigma"
bm.expect.close(got, torch.zeros(1, 2), advice)
### BEGIN HIDDEN TESTS
exact = {"generator": torch.Generator().manual_seed(3), "dtype": torch.float64}
sizes = [4, 6, 5, 3, 7, 2]
made = [
    (torch.randn(b, a, **exact), torch.randn(b, **exact)) for a, b in pairwise(sizes)
]
x_in = torch.randn(3, 7, 4, **exact)
want = x_in
for number, (W, b) in enumerate(made):
    want = F.linear(want, W, b)
    want = torch.tanh(want) if number < 4 else want
got = forward(x_in, made, torch.tanh)
advice = "five layers with tanh, in float64 as given"
bm.expect.close(got, want, advice, rtol=1e-9, atol=1e-12)
single = forward(x_in[0, 0], made, torch.tanh)
advice = "one example, without a batch"
bm.expect.close(single, want[0, 0], advice, rtol=1e-9, atol=1e-12)
loose = [(W.clone().requires_grad_(), b.clone().requires_grad_()) for W, b in made]
got = forward(x_in, loose, torch.tanh)
flat = [tensor for pair in loose for tensor in pair]
bm.expect.gradient(got, flat, "the gradient must reach every W and b")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# output 0 is input 1 → 输出 0 就是输入 1
# W is (out, in), and its row j makes output j: x @ W.T
# → W 的形状是 (out, in)，第 j 行产生输出 j：x @ W.T
# where is the bias b? → 偏置 b 到哪里去了？
# a single layer is the last one: sigma must not touch what goes in or comes out
# → 只有一层，它就是最后一层：进来的和出去的数都不该经过 sigma
# after every layer but the last, the numbers go through sigma
# → 除最后一层外，每层之后都要经过 sigma
# five layers with tanh, in float64 as given
# → 五层，激活函数为 tanh，与传入的一样用 float64
# one example, without a batch → 单个样本，没有批次那一维
# the gradient must reach every W and b → 梯度要传到每个 W 和 b

# %% [markdown] hint="forward"
# One layer is `x @ W.T + b`. What must happen between two layers, and after which one
# must it not?

# %% [markdown] lang="zh" of="185db3de"
# 一层就是 `x @ W.T + b`。两层之间要发生什么？哪一层之后不能发生？

# %% [markdown] hint="forward"
# Loop over `layers[:-1]` and replace `x` each time. Treat `layers[-1]` after the loop.

# %% [markdown] lang="zh" of="b45a7a11"
# 对 `layers[:-1]` 循环，每次更新 `x`。循环之后再单独处理 `layers[-1]`。


# %% mistake="forward" says="(out, in)"
def forward(x, layers, sigma):
    for W, b in layers[:-1]:
        x = sigma(x @ W + b)
    W, b = layers[-1]
    return x @ W + b


# %% mistake="forward" says="bias"
def forward(x, layers, sigma):
    for W, _ in layers[:-1]:
        x = sigma(x @ W.T)
    return x @ layers[-1][0].T


# %% mistake="forward" says="single layer is the last"
def forward(x, layers, sigma):
    for W, b in layers:
        x = sigma(x @ W.T + b)
    return x


# %% mistake="forward" says="single layer is the last"
def forward(x, layers, sigma):
    for W, b in layers:
        x = sigma(x) @ W.T + b
    return x


# %% mistake="forward" says="every layer but the last"
def forward(x, layers, sigma):
    for W, b in layers:
        x = x @ W.T + b
    return x


# %% mistake="forward" says="was changed"
def forward(x, layers, sigma):
    W, b = layers.pop()
    for V, c in layers:
        x = sigma(x @ V.T + c)
    return x @ W.T + b


# %% variant="forward"
def forward(x, layers, sigma):
    W, b = layers[0]
    z = F.linear(x, W, b)
    return z if len(layers) == 1 else forward(sigma(z), layers[1:], sigma)


# %% [markdown]
# Equation (\ref{layer}) neuron by neuron, against your matrices.

# %% [markdown] lang="zh" of="f455c07c"
# 一个神经元一个神经元地执行公式 (\ref{layer})，对照你的矩阵运算。

# %% equation="layer" of="49ef4f61"
W, b = torch.randn(3, 4, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
one = torch.randn(4, dtype=torch.float64)
slow = [
    math.tanh(sum(W[j, i].item() * one[i].item() for i in range(4)) + b[j].item())
    for j in range(3)
]
same = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
bm.equation(
    "layer", torch.tensor(slow), forward(one, [(W, b), same], torch.tanh), atol=1e-6
)

# %% [markdown]
# Nobody writes this twice. PyTorch has `nn.Linear` for a layer's two tensors and
# `nn.Sequential` for the chain; later lessons use `bm.models.MLP`. Put the same weights
# into all three. They must agree, in the outputs and in the gradient of every weight.

# %% [markdown] lang="zh" of="ee2aca0a"
# 没有人会把它写两遍。PyTorch 用 `nn.Linear` 装一层的两个张量，用 `nn.Sequential`
# 把各层串起来；以后的课都用 `bm.models.MLP`。把同样的权重放进三者，
# 输出应当一致，每个权重的梯度也应当一致。

# %% fold
theirs = nn.Sequential(
    nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
)
model = bm.models.MLP([64, 32, 32, 10])
weights = list(theirs.parameters())
with torch.no_grad():
    for mine, given in zip(model.parameters(), weights, strict=True):
        mine.copy_(given)
bare = [p.detach().clone().requires_grad_() for p in weights]
layers = list(zip(bare[::2], bare[1::2], strict=True))


# %% fold
def gradients(outputs, parameters):
    return torch.autograd.grad(F.cross_entropy(outputs, y[:50]), list(parameters))


ways = {
    "yours": (forward(x[:50], layers, torch.relu), bare),
    "yours, tanh": (forward(x[:50], layers, torch.tanh), bare),
    "Sequential": (theirs(x[:50]), weights),
    "MLP": (model(x[:50]), model.parameters()),
}
slopes = {name: gradients(*way) for name, way in ways.items()}


def gaps(name):
    """The largest difference from Sequential, in the outputs and in any gradient."""
    pairs = zip(slopes[name], slopes["Sequential"], strict=True)
    outputs = (ways[name][0] - ways["Sequential"][0]).abs().max()
    return {"outputs": outputs, "gradients": max((a - b).abs().max() for a, b in pairs)}


for name in ("yours", "MLP"):
    bm.claim(
        f"Sequential's outputs and gradients are those of this network, too: {name}",
        lambda outputs, gradients: max(outputs, gradients) < 1e-5,
        gaps(name),
        control=gaps("yours, tanh"),
        against="your network with tanh in place of ReLU",
    )


# %% [raw] lang="zh"
# The largest difference from Sequential, in the outputs and in any gradient.
# → 与 Sequential 的最大差别：输出的，以及任一梯度的。
# Sequential's outputs and gradients are those of this network, too: {name}
# → Sequential 的输出和梯度与这个网络的相同：{name}
# your network with tanh in place of ReLU → 你的网络，但把 ReLU 换成 tanh
# yours, tanh → =

# %% [markdown]
# ## Which activation function?
#
# Any function that is not linear could serve. Four are common. ReLU you know. The
# **sigmoid** $1/(1+e^{-z})$ takes every number to one between 0 and 1, **tanh** to one
# between $-1$ and 1. **GELU**, the activation function of BERT and GPT-2, is a ReLU
# without the corner: $z\,\Phi(z)$, where $\Phi(z)$ is the share of a normal
# distribution that lies below $z$.

# %% [markdown] lang="zh" of="0e94a8b7"
# ## 用哪个激活函数？
#
# 只要不是线性函数，都可以用。常见的有四种。ReLU 已经见过。
# **sigmoid** $1/(1+e^{-z})$ 把每个数变到 0 与 1 之间，**tanh** 变到 $-1$ 与 1 之间。
# **GELU** 是 BERT 和 GPT-2 的激活函数，像是磨圆了折角的 ReLU：$z\,\Phi(z)$，
# 其中 $\Phi(z)$ 是正态分布中小于 $z$ 的部分所占的比例。

# %% fold
curves = {
    "ReLU": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "GELU": F.gelu,
}
z = torch.linspace(-4, 4, 401, requires_grad=True)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, curve in curves.items():
    value = curve(z)
    (steep,) = torch.autograd.grad(value.sum(), z)
    axes[0].plot(z.detach(), value.detach(), label=name)
    axes[1].plot(z.detach(), steep)
axes[0].set(xlabel="pre-activation z", ylabel="activation σ(z)", ylim=(-1.2, 3))
axes[1].set(xlabel="pre-activation z", ylabel="slope σ′(z)")
axes[0].legend()
alt = (
    "Left: ReLU and GELU rise without end, sigmoid and tanh level off. "
    "Right: the slopes of ReLU and GELU stay near 1 on the right; tanh's "
    "is a bell of height 1; sigmoid's is a low bell of a quarter."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# pre-activation z → 预激活 z
# activation σ(z) → 激活 σ(z)
# slope σ′(z) → 斜率 σ′(z)
# Left: ReLU and GELU rise without end, sigmoid and tanh level off. Right: the slopes of
# ReLU and GELU stay near 1 on the right; tanh's is a bell of height 1; sigmoid's is a
# low bell of a quarter.
# → 左：ReLU 和 GELU 一路上升，sigmoid 和 tanh 趋于水平。右：ReLU 与 GELU
#   的斜率在右侧接近 1；tanh 的是高为 1 的钟形；sigmoid 的是高仅四分之一的
#   矮钟形。

# %% [markdown]
# Learning sends a gradient backwards through every activation function, and each time
# it is multiplied by the slope there. So the right picture decides the second half of
# this lesson. Two of the slopes have short formulas:
#
# $$\mathrm{sigmoid}'(z) = \mathrm{sigmoid}(z)\,(1 - \mathrm{sigmoid}(z))
# \label{sigmoid-slope}$$
#
# $$\tanh'(z) = 1 - \tanh^2(z) \label{tanh-slope}$$
#
# For the left sides we take finite differences, which know no formula.

# %% [markdown] lang="zh" of="2ee6ec57"
# 学习时，梯度要反向穿过每一处激活函数，每次都乘上那里的斜率。
# 所以这一课的后半由右图决定。其中两个斜率的公式很短：
#
# $$\mathrm{sigmoid}'(z) = \mathrm{sigmoid}(z)\,(1 - \mathrm{sigmoid}(z))
# \label{sigmoid-slope}$$
#
# $$\tanh'(z) = 1 - \tanh^2(z) \label{tanh-slope}$$
#
# 左边用有限差分来算，它不依赖任何公式。

# %%
z = torch.linspace(-4, 4, 101, dtype=torch.float64)


def finite(function, z, step=1e-5):
    return (function(z + step) - function(z - step)) / (2 * step)


# %% equation="sigmoid-slope" of="125158ec"
s = 1 / (1 + torch.exp(-z))
bm.equation("sigmoid-slope", finite(torch.sigmoid, z), s * (1 - s), atol=1e-8)

# %% [raw] excuse="sigmoid-slope"
# torch.exp(-z) → torch.exp(z): the slope is the same at z and at -z

# %% equation="tanh-slope" of="07b40773"
bm.equation("tanh-slope", finite(torch.tanh, z), 1 - torch.tanh(z) ** 2, atol=1e-8)

# %% [markdown]
# ## Without a nonlinearity, depth adds nothing
#
# Leave the activation function out, and two layers do this to an input (as a column):
#
# $$W_2(W_1x + b_1) + b_2 = (W_2W_1)\,x + (W_2b_1 + b_2) \label{collapse}$$
#
# The right side is one layer. So a hundred linear layers compute no more than one, at a
# hundred times the cost.

# %% [markdown] lang="zh" of="676a6cb6"
# ## 没有非线性，再深也只等于一层
#
# 去掉激活函数，两层对一个输入（写成列）做的是：
#
# $$W_2(W_1x + b_1) + b_2 = (W_2W_1)\,x + (W_2b_1 + b_2) \label{collapse}$$
#
# 右边就是一层。所以一百个线性层算出的东西，一层也能算，代价却是一百倍。

# %% equation="collapse" of="f7827d44"
W1, W2 = torch.randn(5, 4, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
b1, b2 = torch.randn(5, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
two = W2 @ (W1 @ one + b1) + b2
bm.equation("collapse", two, (W2 @ W1) @ one + (W2 @ b1 + b2), atol=1e-12)


# %% exercise="collapse" points=2 minutes=6 level=2
def collapse(layers):
    """Merge layers that have no activation function between them into one.

    layers: a list of pairs (W, b), the first layer first; W (out, in), b (out,).
    Returns one pair (W, b) that computes the same.
    """
    ### BEGIN SOLUTION
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = V @ W, V @ b + c
    return W, b
    ### END SOLUTION


# %% [raw] lang="zh"
# Merge layers that have no activation function between them into one.
# → 把之间没有激活函数的若干层合并成一层。
# layers: a list of pairs (W, b), the first layer first; W (out, in), b (out,).
# Returns one pair (W, b) that computes the same.
# → layers：若干对 (W, b)，第一层在最前；W 为 (out, in)，b 为 (out,)。
#   返回一对 (W, b)，算出的结果相同。

# %% check="collapse"
draws = torch.Generator().manual_seed(1)
made = [
    (torch.randn(2, 2, generator=draws), torch.randn(2, generator=draws))
    for _ in range(2)
]
(W1, b1), (W2, b2) = made
W, b = bm.expect.several(collapse(made), 2, "return two things: W and b")
advice = "the later layer stands on the left: W2 @ W1"
bm.expect.close(W, W2 @ W1, advice, atol=1e-5)
advice = "the first bias passes through the second layer: W2 @ b1 + b2"
bm.expect.close(b, W2 @ b1 + b2, advice, atol=1e-5)
### BEGIN HIDDEN TESTS
sizes = [3, 7, 2, 5, 4]
made = [
    (torch.randn(b, a, generator=draws), torch.randn(b, generator=draws))
    for a, b in pairwise(sizes)
]
x_in = torch.randn(6, 3, generator=draws)
W, b = bm.expect.several(collapse(made), 2, "return two things: W and b")
bm.expect.shape(W, (4, 3), "from the first input to the last output")
bm.expect.shape(b, (4,), "one bias for each of the last layer's outputs")
want = x_in
for V, c in made:
    want = want @ V.T + c
bm.expect.close(x_in @ W.T + b, want, "four layers in one", rtol=1e-4, atol=1e-4)
W, b = bm.expect.several(collapse(made[:1]), 2, "return two things: W and b")
bm.expect.close(W, made[0][0], "a single layer stays as it is")
bm.expect.close(b, made[0][1], "a single layer stays as it is")
loose = [(V.clone().requires_grad_(), c.clone().requires_grad_()) for V, c in made]
merged = bm.expect.several(collapse(loose), 2, "return two things: W and b")
advice = "the gradient must reach every layer's W and b"
bm.expect.gradient(merged, [tensor for pair in loose for tensor in pair], advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two things: W and b → 请返回两样东西：W 和 b
# the later layer stands on the left: W2 @ W1 → 后面的层写在左边：W2 @ W1
# the first bias passes through the second layer: W2 @ b1 + b2
# → 第一层的偏置要经过第二层：W2 @ b1 + b2
# from the first input to the last output → 从最初的输入到最后的输出
# four layers in one → 四层合成一层
# one bias for each of the last layer's outputs → 最后一层的每个输出各有一个偏置
# a single layer stays as it is → 只有一层时保持原样
# the gradient must reach every layer's W and b → 梯度要传到每一层的 W 和 b

# %% [markdown] hint="collapse"
# Begin with the first layer and merge the next into it, one at a time. Equation
# (\ref{collapse}) says what two become.

# %% [markdown] lang="zh" of="c745713f"
# 从第一层开始，每次并入下一层。公式 (\ref{collapse}) 说明了两层会变成什么。

# %% [markdown] hint="collapse"
# If `W, b` is what you have and `V, c` comes next: `V @ W` and `V @ b + c`.

# %% [markdown] lang="zh" of="628ddc0f"
# 若手头是 `W, b`，下一层是 `V, c`：新的一对是 `V @ W` 和 `V @ b + c`。


# %% mistake="collapse" says="on the left"
def collapse(layers):
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = W @ V, V @ b + c
    return W, b


# %% mistake="collapse" says="passes through"
def collapse(layers):
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = V @ W, b + c
    return W, b


# %% mistake="collapse" says="passes through"
def collapse(layers):
    W, b = layers[0]
    for V, c in layers[1:]:
        W, b = V @ W, c
    return W, b


# %% variant="collapse"
def collapse(layers):
    def run(x):
        for V, c in layers:
            x = x @ V.T + c
        return x

    width = layers[0][0].shape[1]
    b = run(torch.zeros(1, width))[0]
    return (run(torch.eye(width)) - b).T, b


# %% [markdown]
# One class of points lies in a ring around the other. We train a single layer, six
# linear layers, and the same six with ReLU between them.

# %% [markdown] lang="zh" of="0cf8e42b"
# 一类点围成一圈，把另一类围在中间。我们训练三个网络：单独一层；六个线性层；
# 同样六层，中间加上 ReLU。

# %% fold
ring, side = make_circles(600, noise=0.08, factor=0.4, random_state=0)
ring, side = torch.tensor(ring, dtype=torch.float32), torch.tensor(side)


def linear(z):
    return z


def separate(sizes, sigma):
    torch.manual_seed(lab.seed)
    model = bm.models.MLP(sizes, sigma).to(lab.device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    batches = bm.train.Batches(ring, side, 100, seed=lab.seed)
    bm.train.fit(model, batches, F.cross_entropy, optimizer, epochs=40)
    right = bm.train.evaluate(model, batches, right=bm.train.accuracy)["right"]
    return model, right


# %%
deep = [2, 16, 16, 16, 16, 16, 2]
kinds = {"1 layer": ([2, 2], linear), "6 layers, linear": (deep, linear)}
kinds["6 layers, ReLU"] = (deep, torch.relu)
rings = {name: separate(*kind) for name, kind in kinds.items()}

# %% [raw] lang="zh"
# 1 layer → 1 层
# 6 layers, linear → 6 层，线性
# 6 layers, ReLU → 6 层，ReLU

# %% fold
line = torch.linspace(-1.6, 1.6, 120)
grid = torch.cartesian_prod(line, line)  # (14400, 2)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.3), layout="constrained", sharey=True)
for ax, (name, (model, right)) in zip(axes, rings.items(), strict=True):
    inside = bm.train.predict(model, grid).softmax(-1)[:, 1].view(120, 120)
    ax.contourf(line, line, inside.T, levels=[0, 0.5, 1], cmap="cividis", alpha=0.4)
    for digit, mark in ((0, "."), (1, "x")):
        ax.plot(*ring[side == digit].T, mark, color="black", ms=3)
    ax.set(title=f"{name}: {right:.0%} right", xlabel="first input", aspect="equal")
    ax.grid(False)
axes[0].set_ylabel("second input")
alt = (
    "Dots in a ring around crosses, three times. One layer and six "
    "linear layers divide the plane by a straight line or not at all; "
    "with ReLU the border closes around the crosses."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# {name}: {right:.0%} right → {name}：答对 {right:.0%}
# first input → 第一个输入
# second input → 第二个输入
# Dots in a ring around crosses, three times. One layer and six linear layers divide
# the plane by a straight line or not at all; with ReLU the border closes around the
# crosses.
# → 同样的图画了三遍：一圈圆点围着叉号。一层和六个线性层只能用一条直线
#   划分平面，或者根本不分；加上 ReLU，边界闭合起来围住叉号。


# %%
def as_one_layer(model):
    """How far a network is from its layers merged into one, on the ring."""
    model = model.cpu()
    W, b = collapse([(layer.weight, layer.bias) for layer in model.layers])
    return (ring @ W.T + b - model(ring)).abs().max()


_, (long, straight_right), (bent, bent_right) = rings.values()
bm.claim(
    "Six layers with no activation function between them are one layer",
    lambda gap: gap < 1e-4,
    {"gap": as_one_layer(long)},
    control={"gap": as_one_layer(bent)},
    against="six layers with ReLU",
)
bm.claim(
    "With ReLU between them, six layers tell the ring from what is inside it",
    lambda right: right > 0.95,
    {"right": bent_right},
    control={"right": straight_right},
    against="the same six layers without ReLU",
)

# %% [raw] lang="zh"
# How far a network is from its layers merged into one, on the ring.
# → 把一个网络的各层合并成一层之后，在这些点上与原来相差多少。
# Six layers with no activation function between them are one layer
# → 六层之间没有激活函数，就等于一层
# six layers with ReLU → 带 ReLU 的六层
# With ReLU between them, six layers tell the ring from what is inside it
# → 中间加上 ReLU，六层就分得清圈和圈里的点
# the same six layers without ReLU → 同样的六层，不用 ReLU

# %% [markdown]
# ## With a nonlinearity: folding
#
# Why many layers then, and not one wide one? Fold a strip of paper in the middle, fold
# it again, and again: one cut with the scissors now cuts it in many places. Each fold
# doubles what is done afterwards. Two ReLUs fold the interval from 0 to 1:
#
# $$\mathrm{tent}(x) = 2\,\mathrm{relu}(x) - 4\,\mathrm{relu}(x - \tfrac12)$$
#
# It goes up from 0 to 1 and down again, so it takes every value below 1 twice. Now
# apply it to its own result. The output layer of one tent and the first layer of the
# next have no activation function between them: merge them, as you have just learned.
# What do two tents look like when you draw them? Think before you write.

# %% [markdown] lang="zh" of="bc9cc054"
# ## 有了非线性：折叠
#
# 那为什么要许多层，而不是一个很宽的层？拿一条纸带对折，再对折，再对折：
# 这时一剪刀下去，会剪开许多处。每折一次，后面做的事都翻一倍。
# 两个 ReLU 就能对折从 0 到 1 的区间：
#
# $$\mathrm{tent}(x) = 2\,\mathrm{relu}(x) - 4\,\mathrm{relu}(x - \tfrac12)$$
#
# 它从 0 升到 1 再降回来，所以小于 1 的每个值都取到两次。现在把它用在自己的结果上。
# 一个帐篷的输出层与下一个的第一层之间没有激活函数：照你刚学过的办法合并它们。
# 两个帐篷套起来画出来是什么样子？先想一想再动手。


# %% exercise="zigzag" points=3 minutes=12 level=3
def zigzag(L):
    """The tent applied L times to a number from 0 to 1, as one ReLU network.

    Returns a list of L + 1 pairs (W, b): L hidden layers of two neurons each, then the
    output layer with one. W is (out, in), b is (out,), both tensors of float32.
    """
    ### BEGIN SOLUTION
    b = torch.tensor([0.0, -0.5])
    tent = torch.tensor([[2.0, -4.0]])  # (1, 2)
    first = (torch.ones(2, 1), b)
    again = (tent.repeat(2, 1), b)  # both neurons get the tent below
    return [first] + [again] * (L - 1) + [(tent, torch.zeros(1))]
    ### END SOLUTION


# %% [raw] lang="zh"
# The tent applied L times to a number from 0 to 1, as one ReLU network.
# → 把帐篷函数在 0 到 1 的数上连用 L 次，写成一个 ReLU 网络。
# Returns a list of L + 1 pairs (W, b): L hidden layers of two neurons each, then the
# output layer with one. W is (out, in), b is (out,), both tensors of float32.
# → 返回 L + 1 对 (W, b)：L 个隐藏层，每层两个神经元；最后是只有一个神经元的输出层。
#   W 为 (out, in)，b 为 (out,)，都是 float32 张量。
# both neurons get the tent below → 两个神经元都接收下层的帐篷函数


# %% check="zigzag"
def tents(t, L):
    for _ in range(L):
        t = 1 - (2 * t - 1).abs()
    return t


def run(t, layers):
    for W, b in layers[:-1]:
        t = torch.relu(t @ W.T + b)
    W, b = layers[-1]
    return t @ W.T + b


made = zigzag(1)
bm.expect.true(len(made) == 2, "for L = 1: one hidden layer and the output layer")
parts = [part for pair in made for part in pair]
kinds = [part.dtype for part in parts if torch.is_tensor(part)]
advice = "W and b are tensors of float32: torch.tensor of numbers with a decimal point"
bm.expect.true(kinds == [torch.float32] * len(parts), advice)
bm.expect.shape(made[0][0], (2, 1), "the first layer takes one number to two neurons")
t = torch.tensor([[0.0], [0.25], [0.5], [0.75], [1.0]])
advice = "one tent: up to 1 at x = 1/2, and down again: 2 relu(x) - 4 relu(x - 1/2)"
bm.expect.close(run(t, made), tents(t, 1), advice)
made = zigzag(2)
advice = "L hidden layers of two neurons, and no layer of one neuron in between"
bm.expect.true([len(b) for _, b in made] == [2, 2, 1], advice)
t = torch.tensor([[0.25]])
advice = "in every hidden layer, not only the first, the second kink is at 1/2"
bm.expect.close(run(t, made), torch.ones(1, 1), advice)
t = torch.linspace(0, 1, 9)[:, None]
advice = "both neurons of layer 2 take the tent of layer 1, not one of its neurons"
bm.expect.close(run(t, made), tents(t, 2), advice)
### BEGIN HIDDEN TESTS
t = torch.linspace(0, 1, 1025)[:, None]
for L in (3, 6):
    made = zigzag(L)
    bm.expect.equal(len(made), L + 1, f"L = {L}")
    shapes = [(2, 1)] + [(2, 2)] * (L - 1) + [(1, 2)]
    for (W, b), wanted in zip(made, shapes, strict=True):
        bm.expect.shape(W, wanted, "W is (out, in)")
        bm.expect.shape(b, wanted[:1], "b is (out,)")
    bm.expect.close(run(t, made), tents(t, L), f"{L} tents, each of the one before")
### END HIDDEN TESTS


# %% [raw] lang="zh"
# for L = 1: one hidden layer and the output layer → L = 1 时：一个隐藏层加一个输出层
# W and b are tensors of float32: torch.tensor of numbers with a decimal point
# → W 和 b 都是 float32 张量：用带小数点的数建 torch.tensor
# the first layer takes one number to two neurons → 第一层把一个数送到两个神经元
# one tent: up to 1 at x = 1/2, and down again: 2 relu(x) - 4 relu(x - 1/2)
# → 一个帐篷：在 x = 1/2 处升到 1，再降回来：2 relu(x) - 4 relu(x - 1/2)
# L hidden layers of two neurons, and no layer of one neuron in between
# → L 个隐藏层，每层两个神经元，中间没有单神经元的层
# in every hidden layer, not only the first, the second kink is at 1/2
# → 不只第一层，每个隐藏层的第二个折点都在 1/2 处
# both neurons of layer 2 take the tent of layer 1, not one of its neurons
# → 第二层的两个神经元都以第一层的整个帐篷为输入，而不是其中一个神经元
# L = {L} → L = {L} 层
# W is (out, in) → W 的形状是 (out, in)
# b is (out,) → b 的形状是 (out,)
# {L} tents, each of the one before → {L} 个帐篷，一个套一个

# %% [markdown] hint="zigzag"
# Three kinds of layers: the first, $1 \to 2$, makes relu's inputs $x$ and
# $x - \frac12$; the ones between, $2 \to 2$; the last, $2 \to 1$, adds up with 2 and
# $-4$.

# %% [markdown] lang="zh" of="1f7a1763"
# 有三种层：第一层 $1 \to 2$，做出 relu 的输入 $x$ 和 $x - \frac12$；
# 中间的 $2 \to 2$；最后一层 $2 \to 1$，用 2 和 $-4$ 相加。

# %% [markdown] hint="zigzag"
# A middle layer must compute $t$ and $t - \frac12$, where $t = 2h_1 - 4h_2$ is the tent
# before. So which two rows has its $W$, and what is its $b$?

# %% [markdown] lang="zh" of="c3ff0c45"
# 中间的层要算 $t$ 和 $t - \frac12$，其中 $t = 2h_1 - 4h_2$ 是前一个帐篷。
# 那么它的 $W$ 有哪两行？$b$ 是什么？

# %% [markdown] hint="zigzag"
# `W = torch.tensor([[2.0, -4.0], [2.0, -4.0]])` and `b = torch.tensor([0.0, -0.5])`.

# %% [markdown] lang="zh" of="6fde430e"
# `W = torch.tensor([[2.0, -4.0], [2.0, -4.0]])`，`b = torch.tensor([0.0, -0.5])`。


# %% mistake="zigzag" says="down again"
def zigzag(L):
    b, flat = torch.tensor([0.0, -0.5]), torch.tensor([[2.0, -2.0]])
    middle = [(flat.repeat(2, 1), b)] * (L - 1)
    return [(torch.ones(2, 1), b), *middle, (flat, torch.zeros(1))]


# %% mistake="zigzag" says="tensors of float32"
def zigzag(L):
    b, tent = torch.tensor([0, -0.5]), torch.tensor([[2, -4]])
    middle = [(tent.repeat(2, 1), b)] * (L - 1)
    return [(torch.ones(2, 1), b), *middle, (tent, torch.zeros(1))]


# %% mistake="zigzag" says="no layer of one neuron"
def zigzag(L):
    up = (torch.ones(2, 1), torch.tensor([0.0, -0.5]))
    return [up, (torch.tensor([[2.0, -4.0]]), torch.zeros(1))] * L


# %% mistake="zigzag" says="not only the first"
def zigzag(L):
    b, tent = torch.tensor([0.0, -0.5]), torch.tensor([[2.0, -4.0]])
    middle = [(tent.repeat(2, 1), torch.zeros(2))] * (L - 1)
    return [(torch.ones(2, 1), b), *middle, (tent, torch.zeros(1))]


# %% mistake="zigzag" says="not one of its neurons"
def zigzag(L):
    b, tent = torch.tensor([0.0, -0.5]), torch.tensor([[2.0, -4.0]])
    middle = [(tent.repeat(2, 1).T, b)] * (L - 1)
    return [(torch.ones(2, 1), b), *middle, (tent, torch.zeros(1))]


# %% variant="zigzag"
def zigzag(L):
    up, bend = torch.ones(2, 1), torch.tensor([0.0, -0.5])
    down, layers = torch.tensor([[2.0, -4.0]]), []
    W = up
    for _ in range(L):
        layers.append((W, bend))
        W = up @ down  # the tent below, given to both
    return [*layers, (down, torch.zeros(1))]


# %% [markdown]
# A ReLU network draws straight pieces. Where one ends, some neuron passes its kink. So
# count the pieces by walking along the line and noting which neurons are above 0. $L$
# tents should have $2^L$. (Between two points of our fine grid, two changes count as
# one.)

# %% [markdown] lang="zh" of="92ff241e"
# ReLU 网络画出来的是一段段直线。一段结束，必有某个神经元越过自己的折点。
# 所以沿着线走，记下哪些神经元大于 0，就能数出段数。$L$ 个帐篷应有 $2^L$ 段。
# （我们的网格很细；两个格点之间的两次变化算作一次。）


# %%
def pieces(layers, t):
    """How many straight pieces a ReLU network has along the points t, (points, 1)."""
    on = []
    for W, b in layers[:-1]:
        z = t @ W.T + b
        on.append(z > 0)
        t = torch.relu(z)
    on = torch.cat(on, 1)  # (points, neurons)
    return 1 + (on[1:] != on[:-1]).any(1).sum().item()


middles = ((torch.arange(4096) + 0.5) / 4096)[:, None]
print("pieces of 1, 2, … 8 tents:", [pieces(zigzag(L), middles) for L in range(1, 9)])

# %% [raw] lang="zh"
# How many straight pieces a ReLU network has along the points t, (points, 1).
# → 一个 ReLU 网络在点 t（形状 (points, 1)）上有多少段直线。
# pieces of 1, 2, … 8 tents: → 1、2、……、8 个帐篷的段数：

# %% [markdown]
# And one wide layer? Each of its neurons has one kink, so $m$ neurons make at most
# $m + 1$ pieces. We give it its best case, with kinks spread evenly, and compare
# networks of as many parameters.

# %% [markdown] lang="zh" of="e1487d02"
# 换成一个很宽的层呢？每个神经元只有一个折点，$m$ 个神经元最多 $m + 1$ 段。
# 我们给它最好的情形，把折点均匀分开，再比较参数个数相同的网络。


# %% fold
def row(m):
    """One hidden layer of m neurons whose kinks share the interval out evenly."""
    kinks = (torch.arange(m) + 0.5) / m
    return [(torch.ones(m, 1), -kinks), (torch.ones(1, m), torch.zeros(1))]


# %% [raw] lang="zh"
# One hidden layer of m neurons whose kinks share the interval out evenly.
# → 只有一个隐藏层，m 个神经元，折点把区间均匀分开。

# %% fold
depths = list(range(1, 11))
size = [sum(W.numel() + b.numel() for W, b in zigzag(L)) for L in depths]
folded = [pieces(zigzag(L), middles) for L in depths]
wide = [pieces(row(count // 3), middles) for count in size]  # 3 m + 1 parameters
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for L, style in ((1, ":"), (2, "--"), (4, "-")):
    left.plot(middles, forward(middles, zigzag(L), torch.relu), style, label=f"L = {L}")
left.set(xlabel="input x", ylabel="output", ylim=(-0.05, 1.25))
left.legend(loc="upper center", ncols=3)
right.semilogy(size, folded, "o-", label="deep: two neurons a layer")
right.semilogy(size, wide, "s--", label="wide: one hidden layer")
right.set(xlabel="parameters", ylabel="straight pieces")
right.legend()
alt = (
    "Left: a tent, two teeth, eight teeth. Right, logarithmic: the deep "
    "network's pieces double with every six parameters, the wide one's "
    "hardly climb."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# input x → 输入 x
# output → 输出
# deep: two neurons a layer → 深：每层两个神经元
# wide: one hidden layer → 宽：一个隐藏层
# parameters → 参数个数
# straight pieces → 直线段数
# Left: a tent, two teeth, eight teeth. Right, logarithmic: the deep network's pieces
# double with every six parameters, the wide one's hardly climb.
# → 左：一个帐篷、两个齿、八个齿。右为对数坐标：深网络每多六个参数，段数翻
#   一倍；宽网络几乎不涨。
# 3 m + 1 parameters → 3 m + 1 个参数


# %% fold
def crumpled(neurons, L, draws):
    """A random ReLU network from one number to one, neurons shared among L layers."""
    sizes = [1] + [neurons // L] * L + [1]
    return [
        (
            torch.randn(b, a, generator=draws) * math.sqrt(2 / a),
            0.3 * torch.randn(b, generator=draws),
        )
        for a, b in pairwise(sizes)
    ]


draws = torch.Generator().manual_seed(lab.seed)
bm.claim(
    "Ten layers that fold draw over forty times the pieces of one layer as large",
    lambda deep, wide: deep > 40 * wide,
    {"deep": folded[-1], "wide": wide[-1]},
    control={"deep": pieces(crumpled(20, 10, draws), middles), "wide": wide[-1]},
    against="ten layers of two neurons with random weights",
)


# %% [raw] lang="zh"
# A random ReLU network from one number to one, neurons shared among L layers.
# → 从一个数到一个数的随机 ReLU 网络，神经元平分给 L 个层。
# Ten layers that fold draw over forty times the pieces of one layer as large
# → 会折叠的十层，画出的段数是参数同样多的一层的四十倍以上
# ten layers of two neurons with random weights → 权重随机的十层，每层两个神经元

# %% [markdown]
# So depth *can* do what width cannot. Does it, by itself? These weights were chosen by
# hand. Take random weights instead, as training does at its start, and share 64 neurons
# among 1, 2, 4 or 8 layers.

# %% [markdown] lang="zh" of="d0e34f45"
# 所以深度*可以*做到宽度做不到的事。它自己会做吗？刚才的权重是我们亲手选的。
# 现在改用随机权重（训练开始时就是这样），把 64 个神经元分给 1、2、4 或 8 层。


# %%
t = torch.linspace(-1, 1, 4001)[:, None]
counts = {
    L: [
        pieces(crumpled(64, L, draws), t)
        for _ in range(lab.pick(ci=20, workshop=40, full=200))
    ]
    for L in (1, 2, 4, 8)
}
means = {L: sum(many) / len(many) for L, many in counts.items()}
for L, mean in means.items():
    print(f"{L} random layers, 64 neurons in all: {mean:.1f} pieces on average")

# %% [raw] lang="zh"
# {L} random layers, 64 neurons in all: {mean:.1f} pieces on average
# → {L} 个随机层，共 64 个神经元：平均 {mean:.1f} 段

# %%
bm.claim(
    "With random weights, 64 neurons in eight layers draw no more pieces than in one",
    lambda deep, shallow: deep < 1.2 * shallow,
    {"deep": means[8], "shallow": means[1]},
    control={"deep": pieces(zigzag(8), middles), "shallow": means[1]},
    against="eight layers that fold",
)

# %% [raw] lang="zh"
# With random weights, 64 neurons in eight layers draw no more pieces than in one
# → 权重随机时，64 个神经元分成八层，画出的段数并不比放在一层里多
# eight layers that fold → 会折叠的八层

# %% [markdown]
# This surprised researchers too (Hanin and Rolnick, 2019): with random weights the
# pieces grow with the number of neurons, not with depth. What training does with depth
# is another question.
#
# ## Features of features
#
# The document says (§3.1.2) that layers extract features hierarchically, each from
# those below. If so, pictures of the same digit should move together, layer by layer,
# and those of different digits apart. We measure how far the ten digits' means lie from
# the mean of all, divided by how far the pictures lie from their digit's mean (mean
# squares both). We look at test pictures, in a network before and after training. The
# maps show them along the two directions in which the digits' means differ most.

# %% [markdown] lang="zh" of="4b3d0788"
# 这个结果当年也让研究者吃惊（Hanin 和 Rolnick，2019）：权重随机时，
# 段数随神经元的总数增长，与深度无关。训练怎样利用深度，则是另一个问题。
#
# ## 特征的特征
#
# 原文（§3.1.2）说，各层以层次化的方式提取特征，每层都建立在下面一层之上。
# 若真如此，同一个数字的图片应当一层层聚拢，不同数字的图片应当一层层分开。
# 我们量的是：十个数字各自的均值离总均值有多远，除以图片离自己那个数字的均值有多远
# （都取平方的平均）。我们看测试图片，比较训练前和训练后的网络。
# 图上画的是各数字的均值相差最大的两个方向。


# %% fold
def separation(h, digits):
    """Mean squared distance between classes over that within them."""
    means = torch.stack([h[digits == c].mean(0) for c in range(10)])  # (10, width)
    within = (h - means[digits]).square().sum(1).mean()
    between = (means[digits] - h.mean(0)).square().sum(1).mean()
    return (between / within).item()


def stages(model):
    with torch.no_grad():
        return [x_test, *model.hidden(x_test)]


def learn(seed):
    torch.manual_seed(seed)
    model = bm.models.MLP([64, 32, 32, 32, 10])
    before = [separation(h, y_test) for h in stages(model)]
    batches = bm.train.Batches(x, y, 64, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    bm.train.fit(model, batches, F.cross_entropy, optimizer, epochs=25)
    return model, before, [separation(h, y_test) for h in stages(model)]


# %% [raw] lang="zh"
# Mean squared distance between classes over that within them.
# → 类间距离平方的均值除以类内距离平方的均值。


# %%
runs = [learn(lab.seed + s) for s in range(lab.pick(ci=3, workshop=5, full=10))]
model = runs[0][0]
before, after = (torch.tensor([run[i] for run in runs]) for i in (1, 2))  # (runs, 4)
with torch.no_grad():
    right = bm.train.accuracy(model(x_test), y_test)
print(f"right answers on the test pictures, after training: {right:.1%}")

# %% [raw] lang="zh"
# right answers on the test pictures, after training: {right:.1%}
# → 训练后，测试图片答对的比例：{right:.1%}

# %% fold
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for number, (ax, h) in enumerate(zip(axes, stages(model), strict=True)):
    means = torch.stack([h[y_test == c].mean(0) for c in range(10)])  # (10, width)
    _, _, directions = torch.linalg.svd(means - means.mean(0), full_matrices=False)
    flat = (h - means.mean(0)) @ directions[:2].T  # (pictures, 2)
    for digit in range(10):
        spot = flat[y_test == digit]
        ax.scatter(*spot.T, s=3, color=plt.get_cmap("tab10")(digit), alpha=0.5)
        ax.text(*spot.mean(0).tolist(), str(digit), fontsize=12, weight="bold")
    ax.set(title=f"layer {number}" if number else "pixels", xticks=[], yticks=[])
    ax.set(xlabel="first direction", ylabel="second direction")
    ax.label_outer()
alt = (
    "Four maps of the test pictures, flattened to two directions. In the "
    "pixels the ten digits overlap; in the third layer some form clouds of "
    "their own, and others still overlap."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# layer {number} → 第 {number} 层
# pixels → 像素
# first direction → 第一方向
# second direction → 第二方向
# Four maps of the test pictures, flattened to two directions. In the pixels the ten
# digits overlap; in the third layer some form clouds of their own, and others still
# overlap.
# → 测试图片压到两个方向上的四幅图。在像素中十个数字互相重叠；到第三层，
#   有些各自成团，另一些仍有重叠。

# %% fold
fig, ax = plt.subplots()
for values, style, name in (
    (after, "o-", "after training"),
    (before, "s--", "before training"),
):
    ax.plot(range(4), values.mean(0), style, label=name)
    ax.fill_between(range(4), values.amin(0), values.amax(0), alpha=0.2)
ax.set_xticks(range(4), ["pixels", "layer 1", "layer 2", "layer 3"])
ax.set(ylabel="between classes / within", ylim=(0, None), xlabel="where")
ax.legend()
alt = (
    "After training the digits draw apart from layer to layer; before "
    "training they run together."
)
bm.show.figure(fig, alt=alt)


def climbs(ratios):
    """The smallest step from one layer to the next, of the means over the runs."""
    return {"smallest_step": ratios.mean(0).diff().min()}


bm.claim(
    "In these trained networks each layer has, on average over the runs, the digits "
    "further apart than the one below",
    lambda smallest_step: smallest_step > 0.1,
    climbs(after),
    control=climbs(before),
    against="the same networks before training",
)

# %% [raw] lang="zh"
# after training → 训练后
# before training → 训练前
# pixels → 像素
# layer 1 → 第 1 层
# layer 2 → 第 2 层
# layer 3 → 第 3 层
# between classes / within → 类间 / 类内
# where → 位置
# After training the digits draw apart from layer to layer; before training they run
# together.
# → 训练后，各数字一层比一层分得开；训练前，却一层比一层混得紧。
# The smallest step from one layer to the next, of the means over the runs.
# → 从一层到下一层的最小增量，取各次运行的平均。
# In these trained networks each layer has, on average over the runs, the digits further
# apart than the one below
# → 在这些训练好的网络里，取各次运行的平均，每一层都比下面一层把各数字分得更开
# the same networks before training → 同样的网络，训练之前

# %% [markdown]
# In two directions of 32, some digits still overlap; the ratio counts all 32. Untrained
# layers do the opposite and bring the digits together. So the hierarchy comes from
# training, and everything depends on whether training works. In deep networks, for a
# long time, it did not.
#
# ## When the gradient vanishes
#
# Here is one number that passes through many layers of one neuron each, always with the
# same weight. Choose an activation function and add layers. Watch the slope: the
# gradient is multiplied by it on its way back to the input.

# %% [markdown] lang="zh" of="6a5cb5b6"
# 这里只画了 32 个方向中的两个，有几个数字仍重叠在一起；上面的比值则算进了全部 32 个。
# 没训练的层恰恰相反，把各数字混到一起。可见层次来自训练，一切取决于训练能不能成功。
# 而在深层网络里，很长一段时间都不成功。
#
# ## 梯度消失
#
# 下面让一个数穿过许多层，每层一个神经元，权重都一样。选一个激活函数，再增加层数。
# 注意斜率：梯度往回走到输入，要乘上的正是它。


# %% fold
def stack(sigma, layers, weight):
    t = torch.linspace(-3, 3, 301, requires_grad=True)
    value = t
    for _ in range(layers):
        value = curves[sigma](weight * value)
    (steep,) = torch.autograd.grad(value.sum(), t)
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    axes[0].plot(t.detach(), value.detach())
    axes[1].semilogy(t.detach(), steep.abs().clamp(min=1e-20))
    axes[0].set(xlabel="input", ylabel="output", ylim=(-1.5, 3))
    axes[1].set(xlabel="input", ylabel="size of the slope", ylim=(1e-20, 1e5))
    return fig


alt = (
    "Left: five sigmoids of one another give an almost flat line. Right, "
    "logarithmic: its slope is below a thousandth everywhere."
)
choices = {"sigma": ["sigmoid", "tanh", "ReLU", "GELU"], "layers": (1, 30, 1, 5)}
bm.show.explore(stack, alt=alt, **choices, weight=(0.5, 6.0, 0.5, 1.0))


# %% [raw] lang="zh"
# input → 输入
# output → 输出
# size of the slope → 斜率的大小
# Left: five sigmoids of one another give an almost flat line. Right, logarithmic: its
# slope is below a thousandth everywhere.
# → 左：五个 sigmoid 套在一起，几乎成了一条水平线。右为对数坐标：斜率处处不到千分之一。

# %% [markdown]
# Each sigmoid passes on at most a quarter of the gradient. A larger weight makes up for
# it in the middle, and makes it worse at the sides, where the curve is level. ReLU
# passes on all or nothing, and with a weight other than 1 the gradient grows or shrinks
# by this factor in each layer. With many neurons in a layer the weight is no longer one
# number, and there is a rule.
#
# ## How large should weights be?
#
# How the weights are drawn before training is called the **initialisation**. Let a
# layer have $m$ inputs $h_i$, and draw its weights independently, with mean 0. The
# terms of $z_j = \sum_i W_{ji}h_i$ are then independent, and their variances add up:
# the $i$-th is $\operatorname{Var}(W)\,h_i^2$. So over the draws each pre-activation
# has variance
#
# $$\operatorname{Var}(z_j) = m\,\operatorname{Var}(W)\,\overline{h^2}
# \label{variance}$$
#
# where $\overline{h^2}$ is the mean of the squares of the inputs. We draw many layers
# and allow five standard errors.

# %% [markdown] lang="zh" of="dbc38166"
# 每个 sigmoid 最多让四分之一的梯度通过。权重大一些，中间能补回来，
# 两侧曲线已平，反而更糟。ReLU 要么全通过，要么全拦下；
# 权重只要不是 1，梯度每过一层就按这个倍数增大或缩小。
# 每层有许多神经元时，权重不再是一个数，这时有规则可循。
#
# ## 权重该多大？
#
# 训练之前怎样抽取权重，叫作**初始化**。设一层有 $m$ 个输入 $h_i$，
# 权重独立抽取，均值为 0。于是 $z_j = \sum_i W_{ji}h_i$ 的各项相互独立，方差相加：
# 第 $i$ 项的方差是 $\operatorname{Var}(W)\,h_i^2$。所以对抽取而言，每个预激活的方差为
#
# $$\operatorname{Var}(z_j) = m\,\operatorname{Var}(W)\,\overline{h^2}
# \label{variance}$$
#
# 其中 $\overline{h^2}$ 是输入平方的平均。我们抽许多层来看，允许五个标准误的偏差。

# %% equation="variance" of="8b8914dc"
m, many, spread = 50, 20_000, 0.3
h = torch.rand(m, dtype=torch.float64)  # inputs that are not even centred
z = spread * torch.randn(many, m, dtype=torch.float64) @ h  # one neuron of each layer
want = m * spread**2 * (h**2).mean()
bm.equation("variance", z.var(), want, atol=5 * math.sqrt(2 / many) * want.item())

# %% [raw] lang="zh"
# inputs that are not even centred → 连中心化都没有做的输入
# one neuron of each layer → 每层取一个神经元

# %% [markdown]
# Then comes the activation function. ReLU sets the negative numbers to 0. If $z$ is
# distributed symmetrically around 0, half of the squares is lost:
#
# $$\mathrm{E}\bigl[\mathrm{relu}(z)^2\bigr] = \tfrac12\operatorname{Var}(z)
# \label{relu-half}$$

# %% [markdown] lang="zh" of="a6e15dc7"
# 接着是激活函数。ReLU 把负数变为 0。若 $z$ 对称地分布在 0 的两边，平方和就丢掉一半：
#
# $$\mathrm{E}\bigl[\mathrm{relu}(z)^2\bigr] = \tfrac12\operatorname{Var}(z)
# \label{relu-half}$$

# %% equation="relu-half" of="0134a507"
spread = 1.7
z = torch.linspace(-20, 20, 40_001, dtype=torch.float64)
bell = torch.exp(-(z**2) / (2 * spread**2)) / math.sqrt(2 * math.pi * spread**2)
mean_square = torch.trapezoid(torch.relu(z) ** 2 * bell, z)
bm.equation("relu-half", mean_square, torch.tensor(spread**2 / 2), atol=1e-6)

# %% [markdown]
# Put the two together: through one ReLU layer, the mean square is multiplied by
# $\frac12 m\operatorname{Var}(W)$. It stays the same exactly if
# $\operatorname{Var}(W) = 2/m$: the initialisation of He et al. (2015). For tanh, whose
# slope near 0 is 1, it is about $1/m$ as long as $z$ stays small.
#
# The gradient goes the other way: by the chain rule it is
# $\partial J/\partial h_i = \sum_j W_{ji}\,\partial J/\partial z_j$, a sum over the
# $m'$ outputs. By the same reasoning
#
# $$\operatorname{Var}\Bigl(\frac{\partial J}{\partial h_i}\Bigr) =
# m'\,\operatorname{Var}(W)\,\overline{\Bigl(\frac{\partial J}{\partial z}\Bigr)^2}
# \label{backward}$$
#
# so it wants $1/m'$. Glorot and Bengio (2010) took the middle,
# $\operatorname{Var}(W) = 2/(m + m')$. PyTorch computes the gradients for us:

# %% [markdown] lang="zh" of="5bd2d6d2"
# 合起来看：穿过一个 ReLU 层，平方的平均要乘上 $\frac12 m\operatorname{Var}(W)$。
# 要它保持不变，就得 $\operatorname{Var}(W) = 2/m$：这就是 He 等人（2015）的初始化。
# tanh 在 0 附近斜率为 1，只要 $z$ 不大，就应取约 $1/m$。
#
# 梯度走的是反方向：由链式法则，
# $\partial J/\partial h_i = \sum_j W_{ji}\,\partial J/\partial z_j$，对 $m'$ 个输出求
# 和。同理可得
#
# $$\operatorname{Var}\Bigl(\frac{\partial J}{\partial h_i}\Bigr) =
# m'\,\operatorname{Var}(W)\,\overline{\Bigl(\frac{\partial J}{\partial z}\Bigr)^2}
# \label{backward}$$
#
# 所以它希望的是 $1/m'$。Glorot 和 Bengio（2010）取了折中：
# $\operatorname{Var}(W) = 2/(m + m')$。梯度由 PyTorch 替我们算：

# %% equation="backward" of="3d123f5a"
outputs, many, spread = 30, 20_000, 0.3
W = spread * torch.randn(many, outputs, 4, dtype=torch.float64)
g = torch.rand(outputs, dtype=torch.float64)  # dJ/dz
h = torch.ones(many, 4, dtype=torch.float64, requires_grad=True)
J = (torch.einsum("kji,ki->kj", W, h) @ g).sum()
(slopes,) = torch.autograd.grad(J, h)  # (many, 4)
want = outputs * spread**2 * (g**2).mean().repeat(4)
error = 5 * math.sqrt(2 / many) * want[0].item()
bm.equation("backward", slopes.var(0), want, atol=error)

# %% [raw] lang="zh"
# dJ/dz → =


# %% exercise="initialise" points=3 minutes=10 level=3
def initialise(sizes, kind, generator):
    """Fresh layers for an MLP: normal weights of mean 0, biases of 0.

    sizes: numbers in, in each hidden layer, and out. kind: "he" or "glorot".
    generator: a torch.Generator that all random numbers come from.
    Returns a list of pairs (W, b), W (out, in), b (out,), all tensors of float32.
    """
    ### BEGIN SOLUTION
    layers = []
    for inputs, outputs in pairwise(sizes):
        variance = 2 / inputs if kind == "he" else 2 / (inputs + outputs)
        W = torch.randn(outputs, inputs, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(outputs)))
    return layers
    ### END SOLUTION


# %% [raw] lang="zh"
# Fresh layers for an MLP: normal weights of mean 0, biases of 0.
# → 为 MLP 准备崭新的各层：权重取均值为 0 的正态分布，偏置为 0。
# sizes: numbers in, in each hidden layer, and out. kind: "he" or "glorot".
# generator: a torch.Generator that all random numbers come from.
# Returns a list of pairs (W, b), W (out, in), b (out,), all tensors of float32.
# → sizes：输入、各隐藏层、输出的个数。kind："he" 或 "glorot"。
#   generator：所有随机数都来自这个 torch.Generator。
#   返回若干对 (W, b)，W 为 (out, in)，b 为 (out,)，都是 float32 张量。

# %% check="initialise"
made = initialise([400, 100, 300], "he", torch.Generator().manual_seed(4))
bm.expect.true(len(made) == 2, "three sizes make two layers")
(W, b), (V, _) = made
bm.expect.shape(W, (100, 400), "W is (out, in)")
bm.expect.close(b, torch.zeros(100), "biases start at zero", atol=0.0)
kinds = [part.dtype for part in (W, b, V) if torch.is_tensor(part)]
bm.expect.true(kinds == [torch.float32] * 3, "W and b are tensors of float32")
advice = "weights have mean 0, as many below as above: randn, not rand"
bm.expect.close(W.mean(), torch.tensor(0.0), advice, atol=0.01)
advice = "2/m is the variance; randn must be multiplied by its square root"
bm.expect.true(W.std() > 0.02, advice)
advice = "He: the variance is 2 over the numbers that come in, here 400"
bm.expect.close(W.std(), torch.tensor(math.sqrt(2 / 400)), advice, rtol=0.04)
bm.expect.close(V.std(), torch.tensor(math.sqrt(2 / 100)), advice, rtol=0.04)
made = initialise([400, 100], "glorot", torch.Generator().manual_seed(4))
advice = "Glorot: the variance is 2/(in + out)"
bm.expect.close(made[0][0].std(), torch.tensor(math.sqrt(2 / 500)), advice, rtol=0.04)
### BEGIN HIDDEN TESTS
twice = [
    initialise([5, 6, 6, 6], "he", torch.Generator().manual_seed(7)) for _ in range(2)
]
advice = "the same generator gives the same weights: hand it to randn"
bm.expect.close(twice[0][0][0], twice[1][0][0], advice)
advice = "every layer has weights of its own"
bm.expect.true(not torch.allclose(twice[0][1][0], twice[0][2][0]), advice)
draws = torch.Generator().manual_seed(7)
first, second = (initialise([5, 6], "glorot", draws)[0][0] for _ in range(2))
advice = "a second call goes on with the generator, and gives other weights"
bm.expect.true(not torch.allclose(first, second), advice)
sizes = [50, 800, 300, 900, 40]
for kind, share in (("he", lambda a, b: 2 / a), ("glorot", lambda a, b: 2 / (a + b))):
    wide = initialise(sizes, kind, torch.Generator().manual_seed(2))
    for (W, b), (a, c) in zip(wide, pairwise(sizes), strict=True):
        bm.expect.shape(W, (c, a), "W is (out, in)")
        bm.expect.close(b, torch.zeros(c), "biases start at zero", atol=0.0)
        want = torch.tensor(math.sqrt(share(a, c)))
        advice = f"{kind}: each layer has the variance of its own sizes"
        bm.expect.close(W.std(), want, advice, rtol=0.02)
        advice = "weights have mean 0"
        bm.expect.close(W.mean(), torch.tensor(0.0), advice, atol=0.05 * want.item())
        far = (W.abs() > 2 * W.std()).float().mean()
        advice = "weights are normal: one in twenty is beyond two standard deviations"
        bm.expect.close(far, torch.tensor(0.0455), advice, atol=0.005)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# three sizes make two layers → 三个大小，两层
# W is (out, in) → W 的形状是 (out, in)
# biases start at zero → 偏置从零开始
# W and b are tensors of float32 → W 和 b 都是 float32 张量
# weights have mean 0, as many below as above: randn, not rand
# → 权重的均值为 0，正负各半：用 randn，不用 rand
# 2/m is the variance; randn must be multiplied by its square root
# → 2/m 是方差；randn 要乘的是它的平方根
# He: the variance is 2 over the numbers that come in, here 400
# → He：方差是 2 除以进来的个数，这里是 400
# Glorot: the variance is 2/(in + out) → Glorot：方差是 2/(in + out)
# the same generator gives the same weights: hand it to randn
# → 同样的 generator 应给出同样的权重：把它交给 randn
# every layer has weights of its own → 每一层都有自己的权重
# a second call goes on with the generator, and gives other weights
# → 再调用一次，generator 接着往下抽，给出的权重不同
# {kind}: each layer has the variance of its own sizes
# → {kind}：每一层的方差由这一层自己的大小决定
# weights have mean 0 → 权重的均值为 0
# weights are normal: one in twenty is beyond two standard deviations
# → 权重服从正态分布：约有二十分之一在两个标准差之外

# %% [markdown] hint="initialise"
# One pair for each two neighbours in `sizes`. `torch.randn` has variance 1; times $s$
# it has variance $s^2$.

# %% [markdown] lang="zh" of="2add0abe"
# `sizes` 里每两个相邻的数对应一对。`torch.randn` 的方差为 1；乘以 $s$，方差就是 $s^2$。

# %% [markdown] hint="initialise"
# `torch.randn(outputs, inputs, generator=generator) * math.sqrt(2 / inputs)` for
# `"he"`.

# %% [markdown] lang="zh" of="7bd2b825"
# `"he"` 时用
# `torch.randn(outputs, inputs, generator=generator) * math.sqrt(2 / inputs)`。


# %% mistake="initialise" says="square root"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (a + b)
        W = torch.randn(b, a, generator=generator) * variance
        layers.append((W, torch.zeros(b)))
    return layers


# %% mistake="initialise" says="tensors of float32"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (a + b)
        W = torch.randn(b, a, generator=generator, dtype=torch.float64)
        layers.append((W * math.sqrt(variance), torch.zeros(b)))
    return layers


# %% mistake="initialise" says="numbers that come in"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / b if kind == "he" else 2 / (a + b)
        W = torch.randn(b, a, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(b)))
    return layers


# %% mistake="initialise" says="randn, not rand"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (a + b)
        W = torch.rand(b, a, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(b)))
    return layers


# %% mistake="initialise" says="Glorot"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 1 / (a + b)
        W = torch.randn(b, a, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(b)))
    return layers


# %% mistake="initialise" says="same generator"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (a + b)
        layers.append((torch.randn(b, a) * math.sqrt(variance), torch.zeros(b)))
    return layers


# %% mistake="initialise" says="sizes"
def initialise(sizes, kind, generator):
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (sizes[0] + sizes[1])
        W = torch.randn(b, a, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(b)))
    return layers


# %% mistake="initialise" says="a second call"
def initialise(sizes, kind, generator):
    generator.manual_seed(0)
    layers = []
    for a, b in pairwise(sizes):
        variance = 2 / a if kind == "he" else 2 / (a + b)
        W = torch.randn(b, a, generator=generator) * math.sqrt(variance)
        layers.append((W, torch.zeros(b)))
    return layers


# %% variant="initialise"
def initialise(sizes, kind, generator):
    fill = nn.init.kaiming_normal_ if kind == "he" else nn.init.xavier_normal_
    more = {"nonlinearity": "relu"} if kind == "he" else {}
    return [
        (fill(torch.empty(b, a), generator=generator, **more), torch.zeros(b))
        for a, b in pairwise(sizes)
    ]


# %% [markdown]
# Now predict, before you measure. Some layers have weights of any variance, and a
# ReLU each. What does their signal, its root mean square, get multiplied by? The two
# equations (\ref{variance}) and (\ref{relu-half}) are enough.

# %% [markdown] lang="zh" of="e5b3c437"
# 现在先预测，再测量。若干层，权重的方差各为任意值，每层之后都有 ReLU。
# 信号的大小（均方根）会被乘上多少？公式 (\ref{variance}) 和 (\ref{relu-half}) 就够了。


# %% exercise="remains" points=2 minutes=5 level=2
def remains(sizes, variances):
    """What ReLU layers without biases multiply a signal's root mean square by.

    sizes: numbers in, and in each layer. variances: of each layer's weights, whose mean
    is 0, so one number fewer than sizes.
    Returns the factor that the rule predicts, a number.
    """
    ### BEGIN SOLUTION
    factors = [m * variance / 2 for m, variance in zip(sizes, variances, strict=False)]
    return math.sqrt(math.prod(factors))
    ### END SOLUTION


# %% [raw] lang="zh"
# What ReLU layers without biases multiply a signal's root mean square by.
# → 若干个没有偏置的 ReLU 层，使信号的均方根乘上多少。
# sizes: numbers in, and in each layer. variances: of each layer's weights, whose mean
# is 0, so one number fewer than sizes.
# Returns the factor that the rule predicts, a number.
# → sizes：输入的个数和每一层的个数。variances：每一层权重的方差（权重均值为 0），
#   所以比 sizes 少一个。
#   返回规则所预测的倍数，一个数。

# %% check="remains"
advice = "one layer with He's variance, 2 over the numbers that come in, keeps the size"
bm.expect.close(remains([50, 80], [2 / 50]), 1.0, advice)
advice = "the rule is about mean squares: a root mean square is the root of one"
bm.expect.close(remains([50, 80], [2 / 50 * 9]), 3.0, advice)
advice = "each layer multiplies what the one below left"
bm.expect.close(remains([50, 80, 30], [2 / 50 * 9, 2 / 80 * 4]), 6.0, advice)
### BEGIN HIDDEN TESTS
got = remains([64, 100, 20, 300], [0.01, 0.003, 0.25])
want = math.sqrt(64 * 0.01 * 100 * 0.003 * 20 * 0.25 / 8)
bm.expect.close(got, want, "three layers, no two of one size")
got = remains([100] * 31, [1 / 300] * 30)
bm.expect.close(got, 6**-15.0, "thirty layers as nn.Linear starts them", atol=1e-16)
bm.expect.close(remains([7], []), 1.0, "no layer changes nothing")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one layer with He's variance, 2 over the numbers that come in, keeps the size
# → 一层若用 He 的方差（2 除以进来的个数），大小保持不变
# the rule is about mean squares: a root mean square is the root of one
# → 规则说的是平方的平均；均方根还要再开方
# each layer multiplies what the one below left → 每一层都在下一层剩下的基础上再乘
# three layers, no two of one size → 三层，大小各不相同
# thirty layers as nn.Linear starts them → 三十层，按 nn.Linear 的方式初始化
# no layer changes nothing → 一层也没有，就什么也不变

# %% [markdown] hint="remains"
# Through one layer: what happens to the mean square in the mixing, and what in the
# ReLU?

# %% [markdown] lang="zh" of="758f0582"
# 先看一层：线性混合使平方的平均乘上多少？ReLU 又乘上多少？

# %% [markdown] hint="remains"
# Multiply $\frac12 m\operatorname{Var}(W)$ of all layers, $m$ being the numbers that
# come in. `math.prod` does it for a list. Then take the root.

# %% [markdown] lang="zh" of="41e91950"
# 把各层的 $\frac12 m\operatorname{Var}(W)$ 相乘，$m$ 是进来的个数。
# `math.prod` 可以求一个列表的积。最后开方。


# %% mistake="remains" says="keeps the size"
def remains(sizes, variances):
    factors = [m * v for m, v in zip(sizes, variances, strict=False)]
    return math.sqrt(math.prod(factors))


# %% mistake="remains" says="keeps the size"
def remains(sizes, variances):
    factors = [m * v / 2 for m, v in zip(sizes[1:], variances, strict=True)]
    return math.sqrt(math.prod(factors))


# %% mistake="remains" says="the root of one"
def remains(sizes, variances):
    return math.prod(m * v / 2 for m, v in zip(sizes, variances, strict=False))


# %% mistake="remains" says="each layer multiplies"
def remains(sizes, variances):
    return math.sqrt(sum(m * v / 2 for m, v in zip(sizes, variances, strict=False)))


# %% variant="remains"
def remains(sizes, variances):
    left = torch.tensor(1.0, dtype=torch.float64)
    for layer, variance in enumerate(variances):
        left = left * (sizes[layer] * variance / 2) ** 0.5
    return left


# %% [markdown]
# PyTorch calls He's and Glorot's weights `kaiming_normal_` and `xavier_normal_`, after
# the authors' first names. (What `nn.Linear` does by itself is a third thing: uniform,
# with variance $1/(3m)$. Keep it in mind.) Now measure. Thirty layers of 100 neurons,
# real digits at the bottom: the size of the activations on the way up, and of each
# layer's gradient on the way down.

# %% [markdown] lang="zh" of="671289f1"
# PyTorch 把 He 和 Glorot 的初始化叫作 `kaiming_normal_` 和 `xavier_normal_`，取自作者的
# 名字。（`nn.Linear` 自带的是第三种：均匀分布，方差 $1/(3m)$。请记住这一点。）现在来
# 量。三十层，每层 100 个神经元，最下面是真实的数字图片：向上走时量激活的大小，向下走时
# 量每一层梯度的大小。

# %% fold
centre, width = x.mean(0), x.std(0) + 0.1  # +0.1: some pixels are always white
x_even, x_even_test = (x - centre) / width, (x_test - centre) / width


def plain(sizes, generator):
    """As nn.Linear starts: uniform, variance 1/(3 in). Biases left out."""
    return [
        ((2 * torch.rand(b, a, generator=generator) - 1) / math.sqrt(a), torch.zeros(b))
        for a, b in pairwise(sizes)
    ]


def sound(layers, sigma):
    """Root mean square of each hidden layer, and norm of each hidden W's gradient."""
    weights = [W.clone().requires_grad_() for W, _ in layers]
    h, sizes = x_even[:200], []
    for W, (_, b) in zip(weights[:-1], layers, strict=False):
        h = sigma(h @ W.T + b)
        sizes.append(h.square().mean().sqrt().item())
    J = F.cross_entropy(h @ weights[-1].T + layers[-1][1], y[:200])
    slopes = torch.autograd.grad(J, weights)
    return sizes, [g.norm().item() for g in slopes[1:-1]]


# %% [raw] lang="zh"
# +0.1: some pixels are always white → +0.1：有些像素总是白的
# As nn.Linear starts: uniform, variance 1/(3 in). Biases left out.
# → 与 nn.Linear 的初始化相同：均匀分布，方差 1/(3 in)。不计偏置。
# Root mean square of each hidden layer, and norm of each hidden W's gradient.
# → 每个隐藏层的均方根，以及每个隐藏层 W 的梯度范数。


# %%
sizes = [64] + [100] * 30 + [10]
draws = torch.Generator().manual_seed(lab.seed)
tries = {
    "sigmoid, Glorot": (initialise(sizes, "glorot", draws), torch.sigmoid),
    "tanh, Glorot": (initialise(sizes, "glorot", draws), torch.tanh),
    "ReLU, nn.Linear": (plain(sizes, draws), torch.relu),
    "ReLU, Glorot": (initialise(sizes, "glorot", draws), torch.relu),
    "ReLU, He": (initialise(sizes, "he", draws), torch.relu),
}
heard = {name: sound(*each) for name, each in tries.items()}

# %% [raw] lang="zh"
# ReLU, nn.Linear → ReLU，nn.Linear

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for (name, (up, down)), mark in zip(heard.items(), "osv^D", strict=True):
    axes[0].semilogy(range(1, 31), up, marker=mark, markevery=6, label=name)
    axes[1].semilogy(range(2, 31), down, marker=mark, markevery=6)
axes[0].set(xlabel="layer", ylabel="size of activations")
axes[1].set(xlabel="layer", ylabel="gradient of its weights (norm)")
axes[0].legend(fontsize=8)
alt = (
    "Left: over thirty layers ReLU's activations stay level with He's "
    "weights, sink with Glorot's and plunge with nn.Linear's; sigmoid's "
    "stay at one half. Right: from layer 30 down to layer 2 the sigmoid's "
    "gradient falls by more than fifteen powers of ten; with He's ReLU and "
    "with tanh it stays level."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# layer → 层
# size of activations → 激活的大小
# gradient of its weights (norm) → 该层权重的梯度（范数）
# Left: over thirty layers ReLU's activations stay level with He's weights, sink with
# Glorot's and plunge with nn.Linear's; sigmoid's stay at one half. Right: from layer 30
# down to layer 2 the sigmoid's gradient falls by more than fifteen powers of ten; with
# He's ReLU and with tanh it stays level.
# → 左：三十层中，ReLU 配 He 权重时激活保持水平，配 Glorot 时下沉，配
#   nn.Linear 时骤降；sigmoid 停在二分之一。右：从第 30 层到第 2 层，
#   sigmoid 的梯度下降十五个数量级以上；ReLU 配 He 以及 tanh 则保持水平。

# %% [markdown]
# The left picture alone would deceive us: the sigmoid's activations look healthy. Only
# the gradient shows that its lower layers can learn next to nothing. With ReLU and
# small weights the trouble is another one: there the gradient is equally small in every
# layer, because so little of the digit is left at the top.

# %% [markdown] lang="zh" of="acb17e15"
# 只看左图就会上当：sigmoid 的激活看上去很正常。只有梯度才告诉我们，
# 它下面的层几乎什么也学不到。ReLU 配上过小的权重则是另一种问题：
# 每一层的梯度都同样微弱，因为到了最上层，数字的信息已所剩无几。


# %%
def fall(name):
    down = heard[name][1]
    return down[0] / down[-1]  # layer 2 against layer 30


bm.claim(
    "With Glorot's weights, thirty sigmoid layers pass on next to no gradient",
    lambda passed: passed < 1e-10,
    {"passed": fall("sigmoid, Glorot")},
    control={"passed": fall("ReLU, He")},
    against="ReLU with He's weights",
)
kept = {name: up[-1] / up[0] for name, (up, _) in heard.items()}
bm.claim(
    "He's weights keep ReLU's signal, within a factor of 20, through thirty layers",
    lambda kept: 1 / 20 < kept < 20,
    {"kept": kept["ReLU, He"]},
    control={"kept": kept["ReLU, Glorot"]},
    against="Glorot's weights, of half the variance",
)


# %% [raw] lang="zh"
# With Glorot's weights, thirty sigmoid layers pass on next to no gradient
# → 用 Glorot 的权重，三十层 sigmoid 几乎不让梯度通过
# ReLU with He's weights → ReLU 配 He 的权重
# He's weights keep ReLU's signal, within a factor of 20, through thirty layers
# → He 的权重使 ReLU 的信号经过三十层仍在 20 倍以内
# Glorot's weights, of half the variance → Glorot 的权重，方差是它的一半
# layer 2 against layer 30 → 第 2 层比第 30 层

# %% [markdown]
# Your rule predicts the ruin, too. Here are the 29 steps from the first hidden layer to
# the last, with the variances of the three ways to begin.

# %% [markdown] lang="zh" of="6cd27a3c"
# 你的规则连信号怎样衰减也预测得出。从第一个隐藏层到最后一个共 29 步，
# 三种初始化的方差各不相同。

# %%
variances = {"ReLU, He": 2 / 100, "ReLU, Glorot": 1 / 100, "ReLU, nn.Linear": 1 / 300}
worst = {"worst": 1.0, "without_relu": 1.0}
for name, variance in variances.items():
    predicted = remains([100] * 30, [variance] * 29)
    linear = remains([100] * 30, [2 * variance] * 29)  # as if relu threw nothing away
    print(f"{name}: {predicted:.1e} predicted, {kept[name]:.1e} measured")
    for key, guess in (("worst", predicted), ("without_relu", linear)):
        ratio = guess / kept[name]
        worst[key] = max(worst[key], ratio, 1 / ratio)
bm.claim(
    "The rule predicts within a factor of 10 what 29 ReLU layers leave of a signal",
    lambda worst: worst < 10,
    {"worst": worst["worst"]},
    control={"worst": worst["without_relu"]},
    against="the rule without ReLU's half",
)

# %% [raw] lang="zh"
# ReLU, nn.Linear → ReLU，nn.Linear
# as if relu threw nothing away → 就当 relu 什么也不丢
# {name}: {predicted:.1e} predicted, {kept[name]:.1e} measured
# → {name}：预测 {predicted:.1e}，实测 {kept[name]:.1e}
# The rule predicts within a factor of 10 what 29 ReLU layers leave of a signal
# → 29 个 ReLU 层之后信号还剩多少，这条规则预测的误差不超过 10 倍
# the rule without ReLU's half → 不计 ReLU 那一半的规则

# %% [markdown]
# ## Does it matter? And what else helps
#
# Train twenty layers on the digits, with a few passes over the data. Besides suitable
# weights there are two other remedies, and large models use both. **Normalisation**
# rescales each example's pre-activations in a layer to mean 0 and variance 1. A
# **residual connection** adds a layer's input to its output, $h + \sigma(Wh + b)$, so
# the gradient has a way back on which no slope reduces it. Later lessons build them;
# here is one look.

# %% [markdown] lang="zh" of="efa5cdbd"
# ## 要紧吗？还有什么办法
#
# 用数字图片训练二十层的网络，把数据过几遍。除了合适的权重，还有两种办法，
# 大模型两种都用。**归一化**把每个样本在一层中的预激活重新缩放成均值 0、方差 1。
# **残差连接**把一层的输入加到输出上，$h + \sigma(Wh + b)$，
# 梯度往回走时就有一条不受斜率削弱的路。后面的课会细讲，这里先看一眼。


# %% fold
class Deep(nn.Module):
    """Twenty layers of 64, with or without the two remedies."""

    def __init__(self, sigma, start="nn.Linear", residual=False, norm=False):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(64, 64) for _ in range(20))
        self.last = nn.Linear(64, 10)
        self.sigma, self.residual, self.norm = sigma, residual, norm
        if start != "nn.Linear":
            draws = torch.Generator().manual_seed(torch.randint(9999, (1,)).item())
            fresh = initialise([64] * 21, start, draws)
            for layer, (W, b) in zip(self.layers, fresh, strict=True):
                layer.weight.data, layer.bias.data = W, b

    def forward(self, h):
        for layer in self.layers:
            z = layer(h)
            z = F.layer_norm(z, (64,)) if self.norm else z
            h = self.sigma(z) + (h if self.residual else 0)
        return self.last(h)


# %% [raw] lang="zh"
# Twenty layers of 64, with or without the two remedies.
# → 二十层，每层 64 个神经元，两种办法可用可不用。

# %% fold
epochs = lab.pick(ci=8, workshop=12, full=20)


def train(seed, **how):
    torch.manual_seed(seed)
    model = Deep(**how).to(lab.device)
    batches = bm.train.Batches(x_even, y, 64, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    bm.train.fit(model, batches, F.cross_entropy, optimizer, epochs=epochs)
    return bm.train.accuracy(bm.train.predict(model, x_even_test), y_test).item()


recipes = {
    "sigmoid, Glorot": {"sigma": torch.sigmoid, "start": "glorot"},
    "sigmoid + residual": {"sigma": torch.sigmoid, "start": "glorot", "residual": True},
    "ReLU, nn.Linear": {"sigma": torch.relu},
    "ReLU + normalisation": {"sigma": torch.relu, "norm": True},
    "ReLU, He": {"sigma": torch.relu, "start": "he"},
}
seeds = [lab.seed + s for s in range(lab.pick(ci=2, workshop=4, full=10))]
scores = {
    name: [train(s, **how) for s in seeds]
    for name, how in bm.show.progress(recipes.items(), "recipes")
}

# %% [raw] lang="zh"
# sigmoid + residual → sigmoid + 残差
# ReLU + normalisation → ReLU + 归一化
# recipes → 配方
# ReLU, nn.Linear → ReLU，nn.Linear

# %% fold
fig, ax = plt.subplots(figsize=(7, 3))
for place, each in enumerate(scores.values()):
    ax.barh(place, sum(each) / len(each), color="#b8c4d6")
    ax.plot(each, [place] * len(each), "o", color="#1b3a6b")
ax.axvline(0.1, ls=":", color="black")
ax.set_yticks(range(len(scores)), scores)
ax.set(xlabel="right answers on the test pictures", ylabel="recipe", xlim=(0, 1))
ax.invert_yaxis()
alt = (
    "Bars: plain sigmoid and ReLU with nn.Linear's weights stay at one in "
    "ten, which is guessing; with a residual connection, with "
    "normalisation, or with He's weights the same depth learns most digits."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# right answers on the test pictures → 测试图片答对的比例
# recipe → 配方
# Bars: plain sigmoid and ReLU with nn.Linear's weights stay at one in ten, which is
# guessing; with a residual connection, with normalisation, or with He's weights the
# same depth learns most digits.
# → 条形图：单用 sigmoid，或 ReLU 配 nn.Linear 的权重，都停在十分之一，等
#   于瞎猜；加上残差连接、归一化，或换成 He 的权重，同样的深度就学会了大部
#   分数字。

# %%
cures = {
    "A residual connection": ("sigmoid + residual", "sigmoid, Glorot"),
    "Normalisation": ("ReLU + normalisation", "ReLU, nn.Linear"),
    "He's initialisation": ("ReLU, He", "ReLU, nn.Linear"),
}
for cure, (cured, sick) in cures.items():
    bm.claim(
        f"{cure} makes twenty layers learn most digits at a learning rate of 0.001, in "
        "as many passes as leave them guessing without it",
        lambda worst: worst > 0.5,
        {"worst": min(scores[cured])},
        control={"worst": max(scores[sick])},
        against=f"the same without it, {sick}, at its best",
    )

# %% [raw] lang="zh"
# A residual connection → 残差连接
# Normalisation → 归一化
# He's initialisation → He 初始化
# sigmoid + residual → sigmoid + 残差
# ReLU + normalisation → ReLU + 归一化
# ReLU, nn.Linear → ReLU，nn.Linear
# {cure} makes twenty layers learn most digits at a learning rate of 0.001, in as many
# passes as leave them guessing without it
# → 学习率 0.001 时，{cure}使二十层学会大部分数字；不用它，过同样多遍数据还只会猜
# the same without it, {sick}, at its best → 不用它，其余相同，取最好的一次：{sick}

# %% [markdown]
# Depth, data, optimizer, learning rate and number of steps were the same, and the
# picture holds for these. With many more passes, or at ten times the learning rate, the
# ReLUs with `nn.Linear`'s weights began to learn in some of our runs; the plain sigmoid
# never did. Normalisation did about as well as He's weights here, and failed at three
# times the learning rate; large models combine it with residual connections.
#
# ## Neurons that stop learning
#
# ReLU has a weakness of its own. If a neuron's pre-activation is negative for every
# example, its output is 0, its slope is 0, and no gradient reaches its weights. This is
# the **dying ReLU** problem. A learning rate that is too large causes it.

# %% [markdown] lang="zh" of="23e4fb89"
# 深度、数据、优化器、学习率和步数都相同，这幅图也只在这些条件下成立。
# 把数据多过许多遍，或者把学习率调到十倍，`nn.Linear` 权重的 ReLU
# 在我们的一些运行中也开始学了；单用 sigmoid 则始终不行。
# 归一化在这里与 He 的权重大致相当，学习率调到三倍就失败了；大模型把它与残差连接合用。
#
# ## 不再学习的神经元
#
# ReLU 有自己的弱点。一个神经元如果对每个样本预激活都是负的，输出就是 0，斜率也是 0，
# 梯度到不了它的权重。这叫作 **ReLU 死亡**问题。学习率太大就会造成它。


# %%
def dead(lr, sigma=torch.relu):
    """Train with this learning rate; the share of dead first neurons, and accuracy."""
    torch.manual_seed(lab.seed)
    model = bm.models.MLP([64, 64, 64, 10], sigma)
    batches = bm.train.Batches(x, y, 64, seed=lab.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    bm.train.fit(model, batches, F.cross_entropy, optimizer, epochs=10)
    with torch.no_grad():
        silent = (model.hidden(x)[0] <= 0).all(0).float().mean()
        return silent, bm.train.accuracy(model(x_test), y_test)


rates = {lr: dead(lr) for lr in (0.003, 0.03, 0.1)}
for lr, (share, right) in rates.items():
    print(f"learning rate {lr}: {share:.0%} dead, {right:.0%} right on the test")
bm.claim(
    "With Adam at a learning rate of 0.1 most ReLUs of the first layer die",
    lambda dead: dead > 0.7,
    {"dead": rates[0.1][0]},
    control={"dead": rates[0.003][0]},
    against="a learning rate of 0.003",
)

# %% [raw] lang="zh"
# Train with this learning rate; the share of dead first neurons, and accuracy.
# → 用这个学习率训练；返回第一层中死亡神经元的比例，以及准确率。
# learning rate {lr}: {share:.0%} dead, {right:.0%} right on the test
# → 学习率 {lr}：{share:.0%} 死亡，测试答对 {right:.0%}
# With Adam at a learning rate of 0.1 most ReLUs of the first layer die
# → 用 Adam、学习率 0.1 时，第一层的大多数 ReLU 死亡
# a learning rate of 0.003 → 学习率 0.003

# %% [markdown]
# A leaky ReLU, with a small slope on the left, or a GELU keeps a gradient there.
#
# ## What models use today
#
# Models that write text, from 2024 to 2026, still repeat linear maps and activation
# functions. Llama 3, Qwen 2.5 and SmolLM2 have SwiGLU: one linear map of the input goes
# through $z\,\mathrm{sigmoid}(z)$, known as SiLU or Swish, and multiplies another. It
# needs three matrices where two plain layers have two, so its hidden layer is made
# narrower. Here are the sizes of SmolLM2 with 135 million parameters. Around each such
# part stand a normalisation and a residual connection.

# %% [markdown] lang="zh" of="356d1d0f"
# 带泄漏的 ReLU（左边有一个小斜率）或 GELU 在那里还留有梯度。
#
# ## 今天的模型用什么
#
# 2024 至 2026 年写文本的模型仍是线性映射与激活函数的反复。Llama 3、Qwen 2.5 和 SmolLM2
# 用的是 SwiGLU：输入的一个线性映射经过 $z\,\mathrm{sigmoid}(z)$（叫作 SiLU 或 Swish），
# 再与另一个线性映射相乘。普通的两层有两个矩阵，它要三个，所以隐藏层取得窄一些。
# 下面是 1.35 亿参数的 SmolLM2 的大小。每个这样的部分都配有归一化和残差连接。


# %%
def swiglu(x, gate, up, down):
    return (F.silu(x @ gate.T) * (x @ up.T)) @ down.T


gate, up = torch.randn(2, 1536, 576) / 24  # (out, in), each
down = torch.randn(576, 1536) / 39
mixed = swiglu(torch.randn(5, 576), gate, up, down)
gated, plain_pair = 3 * 576 * 1536, 2 * 576 * (4 * 576)
print(f"in and out: {tuple(mixed.shape)}; {gated:,} weights")
print(f"two matrices with a hidden layer of 4 × 576: {plain_pair:,} weights")

# %% [raw] lang="zh"
# (out, in), each → 每个都是 (out, in)
# in and out: {tuple(mixed.shape)}; {gated:,} weights
# → 输入与输出：{tuple(mixed.shape)}；{gated:,} 个权重
# two matrices with a hidden layer of 4 × 576: {plain_pair:,} weights
# → 两个矩阵、隐藏层为 4 × 576：{plain_pair:,} 个权重

# %% [markdown]
# The two cost the same.
#
# ## What we learned
#
# - A layer computes $\sigma(xW^\top + b)$; the last layer has no activation function.
# - Linear layers without a nonlinearity between them are one layer. You merged them
#   yourself.
# - Weights chosen by hand can fold, and double the pieces with each layer. Random
#   weights of eight layers draw no more pieces than those of one.
# - Each trained layer had the digits further apart than the one below. Before training
#   it was not so.
# - A signal keeps its size through ReLU layers when $m\operatorname{Var}(W) = 2$ (He).
#   Sigmoid layers with Glorot's weights lose the gradient all the same.
# - A residual connection, normalisation or He's weights let twenty layers learn within
#   passes that left them guessing without. A learning rate that is too large kills
#   ReLUs.
#
# ## Where next
#
# Give `stack` another activation function. Try `"he"` with tanh in `tries`, and sigmoid
# with weights four times as large: how much of the gradient arrives?
# Then go on to [Convolutional networks](lesson:convolution), where neighbouring pixels
# share weights.
#
# ## Further reading
#
# - X. Glorot and Y. Bengio (2010), *Understanding the Difficulty of Training Deep
#   Feedforward Neural Networks*, AISTATS.
# - K. He, X. Zhang, S. Ren and J. Sun (2015), *Delving Deep into Rectifiers: Surpassing
#   Human-Level Performance on ImageNet Classification*, ICCV.
# - M. Telgarsky (2016), *Benefits of Depth in Neural Networks*, COLT.
# - B. Hanin and D. Rolnick (2019), *Complexity of Linear Regions in Deep Networks*,
#   ICML.
# - D. Hendrycks and K. Gimpel (2016), *Gaussian Error Linear Units (GELUs)*,
#   arXiv:1606.08415.
# - N. Shazeer (2020), *GLU Variants Improve Transformer*, arXiv:2002.05202.

# %% [markdown] lang="zh" of="5537b5a1"
# 两者的代价相同。
#
# ## 我们学到了什么
#
# - 一层计算 $\sigma(xW^\top + b)$；最后一层没有激活函数。
# - 线性层之间若没有非线性，就等于一层。你亲手合并过。
# - 亲手选的权重能折叠，每加一层段数翻倍。权重随机时，八层画出的段数并不比一层多。
# - 在训练好的网络里，每一层都比下面一层把各数字分得更开；训练之前不是这样。
# - $m\operatorname{Var}(W) = 2$（He）时，信号穿过 ReLU 层大小不变。
#   sigmoid 层用 Glorot 的权重，梯度照样会丢失。
# - 二十层在不多的几遍里原本只会猜，加上残差连接、归一化或 He 的权重就学得会。
#   学习率太大，ReLU 会死亡。
#
# ## 下一步
#
# 给 `stack` 换上别的激活函数。在 `tries` 里试试 tanh 配 `"he"`，
# 再试试 sigmoid 配四倍的权重：有多少梯度能到达？
# 然后去学[卷积网络](lesson:convolution)，看相邻的像素怎样共享权重。
#
# ## 延伸阅读
#
# - X. Glorot, Y. Bengio (2010), *Understanding the Difficulty of Training Deep
#   Feedforward Neural Networks*, AISTATS.
# - K. He, X. Zhang, S. Ren, J. Sun (2015), *Delving Deep into Rectifiers: Surpassing
#   Human-Level Performance on ImageNet Classification*, ICCV.
# - M. Telgarsky (2016), *Benefits of Depth in Neural Networks*, COLT.
# - B. Hanin, D. Rolnick (2019), *Complexity of Linear Regions in Deep Networks*, ICML.
# - D. Hendrycks, K. Gimpel (2016), *Gaussian Error Linear Units (GELUs)*,
#   arXiv:1606.08415.
# - N. Shazeer (2020), *GLU Variants Improve Transformer*, arXiv:2002.05202.
