# ---
# slug: networks-as-functions
# title: {en: A network is a function, zh: 网络即函数}
# section: "4.1.1"
# minutes: 90
# needs: [layers]
# introduces: [mean squared error, weight decay]
# data: []
# extras: []
# gpu: false  # too small for one: full is the same as workshop
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   theta: all parameters
#   J: loss
#   W: weights of a layer
#   b: bias of a layer
#   z: pre-activation
#   a: activation
#   sigma: activation function
#   n: number of examples
#   D: number of layers
#   u: direction of length 1
# says:
#   en: What fits into a network, when two are the same, how straight, how steep.
#   zh: 什么能放进网络，两个网络何时相同，由哪些直线段拼成，最陡有多陡。
# ---

# %% [markdown]
# Sixty-four grey values of a handwritten digit go in, ten numbers come out. Leave out
# the talk of neurons and brains, and that is all a network is: a function with numbers
# in it that can be set. So one can ask what one asks of any function. What may go in?
# What can come out? When are two of them the same? How steep can it get? Each answer
# here is a formula, and each formula is run.

# %% [markdown] lang="zh" of="7aa6f05f"
# 一个手写数字的六十四个灰度值进去，十个数出来。撇开神经元和大脑的说法，
# 网络不过是一个函数，里面有一些可以调节的数。这样看，就能像对待任何函数那样发问：
# 什么可以进去？什么能出来？两个函数何时相同？最陡能有多陡？
# 这一课的每个回答都是公式，每个公式都要跑一遍。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import copy
import math
import re
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_diabetes, load_digits, make_moons
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start(
    "networks-as-functions", profile=profile, device=device, seed=seed, lang=lang
)
torch.set_default_dtype(torch.float64)  # we compare formulas: rounding must be small
torch.set_num_threads(1)  # the networks are small: more threads only wait

# %% [raw] lang="zh"
# we compare formulas: rounding must be small → 要比较公式，舍入误差必须很小
# the networks are small: more threads only wait → 网络很小，多开线程只会互相等待

# %% [markdown]
# ## One shape, many functions
#
# All these curves come from networks of one shape: a number goes in, two layers of
# twenty tanh follow, a number comes out. Only the numbers inside them differ. We call
# all of these together the parameters $\theta$. A shape is a family of functions,
# $\theta$ picks one, and training is a search for a good $\theta$.

# %% [markdown] lang="zh" of="3a1935a4"
# ## 同一个形状，许多函数
#
# 下面的曲线都来自同一种形状的网络：一个数进去，经过两层各二十个 tanh，一个数出来。
# 不同的只是里面的数，我们把它们合称为参数 $\theta$。一种形状是一族函数，
# $\theta$ 从中挑出一个，训练就是寻找一个好的 $\theta$。

# %% fold
line = torch.linspace(-3, 3, 200)[:, None]
fig, ax = plt.subplots()
for number in range(6):
    torch.manual_seed(number)
    model = bm.models.MLP([1, 20, 20, 1], torch.tanh)
    for layer in model.layers:
        nn.init.normal_(layer.weight, 0, 2 / math.sqrt(layer.in_features))
    ax.plot(line, model(line).detach())
ax.set(xlabel="input x", ylabel="prediction ŷ")
alt = "Six smooth curves, no two of the same shape."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# input x → 输入 x
# prediction ŷ → 预测 ŷ
# Six smooth curves, no two of the same shape. → 六条光滑的曲线，形状各不相同。

# %% [markdown]
# ## The document's formula
#
# The document writes a network in §4.1.1 as
#
# $$y = \sigma(W_1 x + b_1), \quad z = \sigma(W_2\, y + b_2), \quad
# \hat y = \sigma(W_3\, z + b_3)$$
#
# The skeleton is right. We change two things. The letters $y$ and $z$ will be needed
# for targets and pre-activations, so we write $a_l$ for the output of layer $l$, with
# $a_0 = x$, and $D$ for the number of layers:
#
# $$z_l = W_l\, a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = \phi(z_D)$$
#
# A map $W x + b$ is called **affine**: linear, plus a shift. The second change is
# $\phi$: the last layer need not use the $\sigma$ of the others, and we shall see on
# data why. First, what may go in.
#
# ## Rows and columns
#
# The formula has one example, as a column. Programs have $n$ of them, and stack them as
# the rows of $X$. A row is a transposed column, so the product is transposed, too:
#
# $$Z_{ij} = (XW^\top + b)_{ij} = \sum_k W_{jk}\, X_{ik} + b_j \label{rows}$$
#
# The same $b$ is added to each row. PyTorch stores $W$ as (out, in), as in the formula;
# Keras stores its transpose.

# %% [markdown] lang="zh" of="c92fcdab"
# ## 原文的公式
#
# 原文 §4.1.1 把网络写成
#
# $$y = \sigma(W_1 x + b_1), \quad z = \sigma(W_2\, y + b_2), \quad
# \hat y = \sigma(W_3\, z + b_3)$$
#
# 骨架是对的。我们改两处。字母 $y$ 和 $z$ 要留给目标和预激活，
# 所以第 $l$ 层的输出写作 $a_l$，其中 $a_0 = x$，层数写作 $D$：
#
# $$z_l = W_l\, a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = \phi(z_D)$$
#
# 形如 $W x + b$ 的映射称为**仿射**映射：线性映射再加一个平移。第二处是 $\phi$：
# 最后一层不必和其他层用同一个 $\sigma$，原因稍后用数据来看。先看什么可以进去。
#
# ## 行与列
#
# 公式里只有一个样本，写成列。程序里有 $n$ 个，叠起来作为 $X$ 的各行。
# 行是列的转置，所以乘积也要转置：
#
# $$Z_{ij} = (XW^\top + b)_{ij} = \sum_k W_{jk}\, X_{ik} + b_j \label{rows}$$
#
# 每一行都加上同一个 $b$。PyTorch 把 $W$ 存为 (out, in)，与公式一致；
# Keras 存的是它的转置。

# %% equation="rows" of="003b6d9f"
X, W, b = torch.randn(5, 3), torch.randn(4, 3), torch.randn(4)
slow = torch.empty(5, 4)
for i in range(5):
    for j in range(4):
        slow[i, j] = sum(W[j, k] * X[i, k] for k in range(3)) + b[j]
bm.equation("rows", X @ W.T + b, slow, atol=1e-12)

# %% [markdown]
# When one writes a first network, most errors are errors of shape. They can be foreseen
# on paper: follow the batch through the layers. Write the program that does so.

# %% [markdown] lang="zh" of="390c3abd"
# 初写网络时，错误多半出在形状上。其实在纸上就能预见：跟着这批数据一层层走下去。
# 请写出做这件事的程序。


# %% exercise="shapes_through" points=2 minutes=8 level=2
def shapes_through(n, d, weights):
    """The shapes that a batch takes on its way through a network.

    n: examples, as rows. d: features of each. weights: the shape (out, in) of each W;
    there may be none.
    Returns a list of tuples: the input's shape, then each layer's output's.
    Raises ValueError that names the first layer that does not fit, counting from 1.
    """
    ### BEGIN SOLUTION
    shapes = [(n, d)]
    for number, (after, before) in enumerate(weights, 1):
        if before != shapes[-1][1]:
            raise ValueError(f"layer {number} takes {before} numbers")
        shapes.append((n, after))
    return shapes
    ### END SOLUTION


# %% [raw] lang="zh"
# The shapes that a batch takes on its way through a network.
# → 一批数据穿过网络时依次的形状。
# n: examples, as rows. d: features of each. weights: the shape (out, in) of each W;
# there may be none.
# Returns a list of tuples: the input's shape, then each layer's output's.
# Raises ValueError that names the first layer that does not fit, counting from 1.
# → n：样本数，每行一个。d：每个样本的特征数。
#   weights：每个 W 的形状 (out, in)，可以为空。
#   返回元组的列表：先是输入的形状，再是每层输出的形状。
#   若有哪层接不上，引发 ValueError，并说出第一个接不上的是第几层（从 1 数起）。
# layer {number} takes {before} numbers → 第 {number} 层需要 {before} 个数


# %% check="shapes_through"
def pairs(shapes, count, advice):
    """The shapes as tuples, so that a list of lists is as right."""
    shapes = bm.expect.several(shapes, count, advice)
    pair = "each shape is a pair: (n, features)"
    return [bm.expect.several(shape, 2, pair) for shape in shapes]


def refusal(d, weights):
    """The message of the ValueError; empty when it is not raised."""
    try:
        shapes_through(50, d, weights)
    except Exception as error:
        return (str(error) or "-") if isinstance(error, ValueError) else ""
    return ""


advice = "begin with the shape of the input: one layer, two shapes"
got = pairs(shapes_through(5, 3, [(3, 3)]), 2, advice)
advice = "examples are rows: each shape is (n, features)"
bm.expect.equal(got[1], (5, 3), advice)
try:
    got = shapes_through(5, 3, [(4, 3), (2, 4)])
except ValueError:
    got = None
advice = "W is (out, in): a (4, 3) takes 3 numbers and gives 4"
bm.expect.true(got is not None, advice)
bm.expect.equal(pairs(got, 3, advice), [(5, 3), (5, 4), (5, 2)], advice)
said = refusal(30, [(40, 30), (20, 60), (10, 20)])
advice = "here layer 2 takes 60 numbers but gets 40: raise a ValueError"
bm.expect.true(said, advice)
advice = "say in the message which layer it is, counting from 1"
bm.expect.true("2" in re.findall(r"\d+", said), advice)
### BEGIN HIDDEN TESTS
got = pairs(shapes_through(7, 64, [(32, 64), (16, 32), (10, 16)]), 4, "three layers")
bm.expect.equal(got, [(7, 64), (7, 32), (7, 16), (7, 10)], "three layers")
advice = "no layer: the input's shape alone"
bm.expect.equal(pairs(shapes_through(6, 9, []), 1, advice), [(6, 9)], advice)
first = "the first layer may be the one that does not fit"
last = "the last layer may be the one that does not fit"
for d, weights, number, advice in (
    (90, [(32, 64), (16, 32), (10, 16)], 1, first),
    (32, [(64, 90)], 1, first),
    (64, [(32, 64), (16, 32), (10, 90)], 3, last),
    (90, [(32, 90), (16, 32), (90, 10)], 3, last),
    (
        64,
        [(64, 64), (80, 64), (70, 64), (60, 60), (50, 60)],
        3,
        "name the FIRST misfit",
    ),
):
    named = re.findall(r"\d+", refusal(d, weights))
    between = map(str, range(number + 1, len(weights)))  # "3 of 5" is right
    bm.expect.true(str(number) in named and not {*between} & {*named}, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# The shapes as tuples, so that a list of lists is as right.
# → 把各形状变成元组，这样列表的列表也算对。
# each shape is a pair: (n, features) → 每个形状是一对数：(n, 特征数)
# The message of the ValueError; empty when it is not raised.
# → ValueError 的消息；没有引发时为空。
# begin with the shape of the input: one layer, two shapes
# → 从输入的形状开始：一层有两个形状
# examples are rows: each shape is (n, features) → 样本是行：每个形状都是 (n, 特征数)
# W is (out, in): a (4, 3) takes 3 numbers and gives 4
# → W 是 (out, in)：(4, 3) 收 3 个数，给 4 个数
# here layer 2 takes 60 numbers but gets 40: raise a ValueError
# → 这里第 2 层要 60 个数，却只来了 40 个：请引发 ValueError
# say in the message which layer it is, counting from 1
# → 在消息里说明是第几层，从 1 数起
# three layers → 三层
# no layer: the input's shape alone → 没有层：只有输入的形状
# the first layer may be the one that does not fit → 接不上的也可能是第一层
# the last layer may be the one that does not fit → 接不上的也可能是最后一层
# name the FIRST misfit → 要说出第一个接不上的层
# "3 of 5" is right → “5 层中的第 3 层”也对

# %% [markdown] hint="shapes_through"
# Keep a list that begins with `(n, d)`. What does a layer of shape (out, in) append to
# it?

# %% [markdown] lang="zh" of="7d3aaade"
# 用一个以 `(n, d)` 开头的列表。形状为 (out, in) 的层会往后面添上什么？

# %% [markdown] hint="shapes_through"
# `for number, (after, before) in enumerate(weights, 1):` Compare `before` with the last
# shape's second number, then append `(n, after)`.

# %% [markdown] lang="zh" of="d3a8e8c5"
# `for number, (after, before) in enumerate(weights, 1):`
# 先把 `before` 与最后一个形状的第二个数比较，再添上 `(n, after)`。


# %% mistake="shapes_through" says="(out, in)"
def shapes_through(n, d, weights):
    shapes = [(n, d)]
    for number, (before, after) in enumerate(weights, 1):
        if before != shapes[-1][1]:
            raise ValueError(f"layer {number}")
        shapes.append((n, after))
    return shapes


# %% mistake="shapes_through" says="raise a ValueError"
def shapes_through(n, d, weights):
    return [(n, d), *((n, after) for after, _ in weights)]


# %% mistake="shapes_through" says="shape of the input"
def shapes_through(n, d, weights):
    return [(n, after) for after, _ in weights]


# %% mistake="shapes_through" says="examples are rows"
def shapes_through(n, d, weights):
    return [(d, n), *((after, n) for after, _ in weights)]


# %% mistake="shapes_through" says="which layer"
def shapes_through(n, d, weights):
    shapes = [(n, d)]
    for after, before in weights:
        if before != shapes[-1][1]:
            raise ValueError("the shapes do not fit")
        shapes.append((n, after))
    return shapes


# %% mistake="shapes_through" says="FIRST"
def shapes_through(n, d, weights):
    sizes, misfit = [d, *(after for after, _ in weights)], 0
    for number, (_, before) in enumerate(weights, 1):
        misfit = number if before != sizes[number - 1] else misfit
    if misfit:
        raise ValueError(f"layer {misfit} does not fit")
    return [(n, size) for size in sizes]


# %% mistake="shapes_through" says="the last layer may"
def shapes_through(n, d, weights):
    sizes = [d, *(after for after, _ in weights)]
    for number, (_, before) in enumerate(weights[:-1], 1):  # the last is forgotten
        if sizes[number - 1] != before:
            raise ValueError(f"layer {number}")
    if len(weights) == 1 and d != weights[0][1]:
        raise ValueError("layer 1")
    return [(n, size) for size in sizes]


# %% variant="shapes_through"
def shapes_through(n, d, weights):
    if not weights:
        return [(n, d)]
    *before, (after, wanted) = weights
    shapes = shapes_through(n, d, before)
    if shapes[-1][1] != wanted:
        number = len(weights)
        raise ValueError(f"layer {number} takes {wanted}, layer {number - 1} differs")
    return [*shapes, [n, after]]


# %% variant="shapes_through"
def shapes_through(n, d, weights):
    sizes = [d, *(after for after, _ in weights)]
    for number, (given, (_, wanted)) in enumerate(zip(sizes, weights, strict=False), 1):
        if given != wanted:
            raise ValueError(f"layer {number} takes {wanted} numbers and gets {given}")
    return [(n, size) for size in sizes]


# %% [markdown]
# ## What can come out?
#
# Put the document's last $\sigma$ to the test. The data: 442 patients, ten measurements
# each, and how far their diabetes had advanced a year later, given as the deviation
# from the mean in standard deviations. The sigmoid gives numbers between 0 and 1, tanh
# between $-1$ and 1, ReLU nothing negative. A network that ends in one of these cannot
# predict what lies outside. So you can say, before anything is trained, which **mean
# squared error**, the mean of $(y - \hat y)^2$, it can never get below. Predict it.

# %% [markdown] lang="zh" of="89ad5cf5"
# ## 什么能出来？
#
# 来检验原文的最后一个 $\sigma$。数据：442 位病人，每人十项测量，
# 以及一年后糖尿病的进展，用与均值的偏差表示，以标准差为单位。
# sigmoid 给出 0 到 1 之间的数，
# tanh 给出 $-1$ 到 1 之间的数，ReLU 给不出负数。
# 以它们结尾的网络，预测不出这个范围之外的值。所以不用训练就能说出，
# **均方误差**（$(y - \hat y)^2$ 的平均）无论如何也降不到哪个值以下。请先预测它。


# %% exercise="least_error" points=2 minutes=6 level=2
def least_error(y, low, high):
    """The smallest mean squared error that predictions between two limits can have.

    y: targets, (n,). low, high: numbers, low < high; either may be infinite.
    Returns a number: the mean over the targets of (y - ŷ)² for the best ŷ, each from
    low to high.
    """
    ### BEGIN SOLUTION
    return (y - y.clamp(low, high)).square().mean().item()
    ### END SOLUTION


# %% [raw] lang="zh"
# The smallest mean squared error that predictions between two limits can have.
# → 预测值限于两个界限之间时，可能的最小均方误差。
# y: targets, (n,). low, high: numbers, low < high; either may be infinite.
# Returns a number: the mean over the targets of (y - ŷ)² for the best ŷ, each from
# low to high.
# → y：目标值，(n,)。low、high：两个数，low < high，可以是无穷。
#   返回一个数：取最好的 ŷ（每个都在 low 与 high 之间）时，(y - ŷ)² 对所有目标的均值。

# %% check="least_error"
y = torch.tensor([0.25, 0.5, 0.9])
advice = "each target lies inside the limits and has its own prediction: no error"
bm.expect.close(least_error(y, 0.0, 1.0), 0.0, advice)
y = torch.tensor([0.25, 3.0, 0.5, 2.0])
advice = "the best prediction for 3 is the limit 1: square the distance, take the mean"
bm.expect.close(least_error(y, 0.0, 1.0), 1.25, advice)
y = torch.tensor([-2.0, 0.5])
advice = "below the lower limit there is an error, too"
bm.expect.close(least_error(y, 0.0, 1.0), 2.0, advice)
### BEGIN HIDDEN TESTS
y = torch.tensor([-7.0, 0.5, 40.0, 2.0, -3.0])
bm.expect.close(least_error(y, -4.87, 30.13), 20.39076, "limits other than 0 and 1")
bm.expect.close(least_error(y, 0.0, math.inf), 11.6, "no upper limit")
bm.expect.close(least_error(y, -math.inf, -4.0), 398.65, "no lower limit")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# each target lies inside the limits and has its own prediction: no error
# → 每个目标都在界限之内，各有各的预测：误差为零
# the best prediction for 3 is the limit 1: square the distance, take the mean
# → 对 3 最好的预测是上限 1：距离取平方，再求均值
# below the lower limit there is an error, too → 低于下限的目标同样有误差
# limits other than 0 and 1 → 界限不是 0 和 1
# no upper limit → 没有上限
# no lower limit → 没有下限

# %% [markdown] hint="least_error"
# The network may be as good as it likes. Which prediction would you give for a target
# of 3 if nothing above 1 can be said? And for a target of 0.5?

# %% [markdown] lang="zh" of="532a850f"
# 网络要多好有多好。若说不出大于 1 的数，目标为 3 时你会给出什么预测？目标为 0.5 时呢？

# %% [markdown] hint="least_error"
# `y.clamp(low, high)` moves each number to the nearest one between the limits.

# %% [markdown] lang="zh" of="9b01f37e"
# `y.clamp(low, high)` 把每个数移到界限之间离它最近的数。


# %% mistake="least_error" says="its own prediction"
def least_error(y, low, high):
    best = y.mean().clamp(low, high)  # one prediction for all
    return (y - best).square().mean()


# %% mistake="least_error" says="take the mean"
def least_error(y, low, high):
    return (y - y.clamp(low, high)).square().sum()


# %% mistake="least_error" says="square the distance"
def least_error(y, low, high):
    return (y - y.clamp(low, high)).abs().mean()


# %% mistake="least_error" says="below the lower limit"
def least_error(y, low, high):
    return (y - y.clamp(max=high)).square().mean()


# %% variant="least_error"
def least_error(y, low, high):
    outside = torch.relu(y - high) + torch.relu(low - y)
    return float(outside @ outside) / len(y)


# %%
patients, progress = load_diabetes(return_X_y=True)
patients = torch.tensor(patients / patients.std(0))  # (442, 10)
progress = torch.tensor((progress - progress.mean()) / progress.std())  # (442,)
ends = {
    "identity": (lambda z: z, -math.inf, math.inf),
    "sigmoid": (torch.sigmoid, 0.0, 1.0),
    "tanh": (torch.tanh, -1.0, 1.0),
    "ReLU": (torch.relu, 0.0, math.inf),
}
floors = {
    name: least_error(progress, low, high) for name, (_, low, high) in ends.items()
}
for name, floor in floors.items():
    print(f"{name:9} predicted floor {floor:.3f}")

# %% [raw] lang="zh"
# identity → 恒等
# {name:9} predicted floor {floor:.3f} → {name:9} 预测的下限 {floor:.3f}

# %% [markdown]
# Now train four networks that differ in the last layer alone, on all the patients, for
# so long that they learn them by heart. (Adam is a rule for training that
# [Adam and AdamW, derived](lesson:adaptive-methods) takes apart.)

# %% [markdown] lang="zh" of="7d319cc2"
# 现在训练四个网络，只有最后一层不同；用全部病人训练，久到能把他们背下来。
# （Adam 是一种训练规则，
# [自适应方法的推导](lesson:adaptive-methods)一课会把它拆开来讲。）


# %%
def by_heart(phi, steps=600):
    torch.manual_seed(lab.seed)
    model = bm.models.MLP([10, 64, 1], torch.tanh)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(steps):
        J = (phi(model(patients)[:, 0]) - progress).square().mean()
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
    return phi(model(patients)[:, 0]).detach()


learned = {
    name: by_heart(phi) for name, (phi, *_) in bm.show.progress(ends.items(), "outputs")
}
errors = {
    name: (y_hat - progress).square().mean().item() for name, y_hat in learned.items()
}


# %% [raw] lang="zh"
# outputs → 输出

# %% fold
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharey=True, layout="constrained")
for ax, (name, y_hat) in zip(axes, learned.items(), strict=True):
    ax.plot([-2, 3], [-2, 3], "-", lw=1, color="gray")
    ax.plot(progress, y_hat, ".", ms=4)
    ax.set(title=f"{name}: error {errors[name]:.2f}", xlabel="target y")
axes[0].set_ylabel("prediction ŷ")
alt = (
    "Predictions against targets for four last layers. With the identity "
    "the points lie along the diagonal; with sigmoid, tanh and ReLU they "
    "are cut off where the function ends."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# {name}: error {errors[name]:.2f} → {name}：误差 {errors[name]:.2f}
# target y → 目标 y
# prediction ŷ → 预测 ŷ
# Predictions against targets for four last layers. With the identity the points lie
# along the diagonal; with sigmoid, tanh and ReLU they are cut off where the function
# ends.
# → 四种最后一层的预测与目标。用恒等函数时，点沿对角线分布；用 sigmoid、
#   tanh 和 ReLU 时，点在函数值域的边界处被截断。

# %%
free, *bounded = errors
best = min(bounded, key=errors.get)
bm.claim(
    "With the identity as last layer the error falls below what a network that ends "
    "in sigmoid, tanh or ReLU can reach on these targets",
    lambda error, floor: error < floor,
    {"error": errors[free], "floor": min(floors[name] for name in bounded)},
    control={"error": errors[best], "floor": floors[best]},
    against="the best of the three",
)

# %% [raw] lang="zh"
# With the identity as last layer the error falls below what a network that ends in
# sigmoid, tanh or ReLU can reach on these targets
# → 最后一层为恒等函数时，误差低于以 sigmoid、tanh 或 ReLU 结尾的网络
#   在这些目标上所能达到的值
# the best of the three → 三者中最好的

# %% [markdown]
# One could scale the targets into the range, and then the sigmoid would do. The rule
# behind it: **the range of the last layer must contain the targets**. Any real number:
# identity. One probability: sigmoid. Probabilities of several classes, which sum to 1:
# softmax. [Metrics and likelihood](lesson:metrics) says which loss belongs to which.

# %% [markdown] lang="zh" of="1ac81da7"
# 当然也可以把目标缩放到这个范围里，那样 sigmoid 就够用了。背后的规则是：
# **最后一层的值域必须包含目标**。任意实数：恒等函数。一个概率：sigmoid。
# 几个类别的概率，和为 1：softmax。
# 哪一种配哪个损失，见[指标与似然](lesson:metrics)。

# %% [markdown]
# ## When are two networks the same?
#
# Number the hidden units in another order. Nothing changes but the names. With a
# permutation matrix $P$, for any $\sigma$ that works number by number,
#
# $$W_2 P^\top\, \sigma(P W_1 x + P b_1) + b_2 = W_2\,\sigma(W_1 x + b_1) + b_2
# \label{permutation-symmetry}$$
#
# because $\sigma(Pz) = P\sigma(z)$ and $P^\top P = I$. This is the **permutation
# symmetry**. ReLU has one of its own, since $\mathrm{relu}(cz) = c\,\mathrm{relu}(z)$
# for $c > 0$: the **scaling symmetry**. Give every hidden unit its own $c_j > 0$, and
# with $C$ the diagonal matrix of them
#
# $$W_2 C^{-1}\, \mathrm{relu}(C W_1 x + C b_1) + b_2
# = W_2\,\mathrm{relu}(W_1 x + b_1) + b_2
# \label{scaling-symmetry}$$

# %% [markdown] lang="zh" of="0339723c"
# ## 两个网络何时相同？
#
# 给隐藏单元换一种编号顺序，除了名字什么也不变。设 $P$ 为排列矩阵，
# 对任何逐个数计算的 $\sigma$，
#
# $$W_2 P^\top\, \sigma(P W_1 x + P b_1) + b_2 = W_2\,\sigma(W_1 x + b_1) + b_2
# \label{permutation-symmetry}$$
#
# 因为 $\sigma(Pz) = P\sigma(z)$，且 $P^\top P = I$。这叫**置换对称性**。
# ReLU 还有自己独有的**缩放对称性**，因为 $c > 0$ 时
# $\mathrm{relu}(cz) = c\,\mathrm{relu}(z)$。
# 给每个隐藏单元一个自己的 $c_j > 0$，它们组成对角矩阵 $C$，那么
#
# $$W_2 C^{-1}\, \mathrm{relu}(C W_1 x + C b_1) + b_2
# = W_2\,\mathrm{relu}(W_1 x + b_1) + b_2
# \label{scaling-symmetry}$$

# %% fold
W1, b1, x = torch.randn(6, 4), torch.randn(6), torch.randn(4)
W2, b2 = torch.randn(3, 6), torch.randn(3)

# %% equation="permutation-symmetry" of="e552c8b0"
P = torch.eye(6)[torch.tensor([2, 0, 1, 5, 3, 4])]  # P and its transpose differ
left = W2 @ P.T @ torch.tanh(P @ W1 @ x + P @ b1) + b2
bm.equation("permutation-symmetry", left, W2 @ torch.tanh(W1 @ x + b1) + b2, atol=1e-12)

# %% [raw] lang="zh"
# P and its transpose differ → P 与它的转置不同

# %% equation="scaling-symmetry" of="27900089"
C = torch.diag(0.1 + 5 * torch.rand(6))
left = W2 @ torch.linalg.inv(C) @ torch.relu(C @ W1 @ x + C @ b1) + b2
bm.equation("scaling-symmetry", left, W2 @ torch.relu(W1 @ x + b1) + b2, atol=1e-12)

# %% [markdown]
# So one function has many $\theta$. A layer of 16 hidden units alone has $16!$ orders,
# some twenty million million, each of them the same function at another point of
# parameter space. Does that matter in practice? Those who merge models take means of
# parameters. So train a network on 1200 digits, renumber its 16 hidden units, and walk
# straight from one $\theta$ to the other. Both ends are the same function. And the
# middle? For comparison, walk between two networks that were the same until each was
# trained further on its own half of the digits.

# %% [markdown] lang="zh" of="ee6d9f20"
# 所以一个函数有许多个 $\theta$。仅 16 个隐藏单元的一层就有 $16!$ 种顺序，约二十万亿种，
# 每种都是参数空间里的另一个点，却是同一个函数。这在实践中要紧吗？
# 合并模型的人会对参数取平均。那就用 1200 个数字训练一个网络，
# 给它的 16 个隐藏单元重新编号，再从一个 $\theta$ 笔直走到另一个。
# 两端是同一个函数，中间呢？作为对照，再走一条路：
# 两个网络本来相同，后来各用一半数字继续训练，从一个走到另一个。

# %%
images, digits = load_digits(return_X_y=True)
shuffle = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))
images, digits = torch.tensor(images / 16)[shuffle], torch.tensor(digits)[shuffle]


def train(model, rows, steps):
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(images[rows]), digits[rows]).backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]  # W1, b1, W2, b2


def misread(theta):
    """The share of the 597 unseen digits that are read wrongly."""
    W1, b1, W2, b2 = theta
    scores = torch.relu(images[1200:] @ W1.T + b1) @ W2.T + b2
    return (scores.argmax(1) != digits[1200:]).double().mean().item()


# %% [raw] lang="zh"
# The share of the 597 unseen digits that are read wrongly.
# → 597 个没见过的数字中读错的比例。


# %%
way = torch.linspace(0, 1, 11)


def walk(one, two):
    """Errors on the straight way between two parameter vectors, at 11 points."""
    pairs = list(zip(one, two, strict=True))
    return [misread([(1 - t) * p + t * q for p, q in pairs]) for t in way]


renumbered, parted = [], []
for number in range(lab.pick(ci=2, workshop=5, full=5)):
    torch.manual_seed(lab.seed + number)
    model = bm.models.MLP([64, 16, 10])
    W1, b1, W2, b2 = train(model, slice(0, 1200), 300)
    order = torch.randperm(16)
    renumbered.append(walk([W1, b1, W2, b2], [W1[order], b1[order], W2[:, order], b2]))
    halves = (slice(0, 600), slice(600, 1200))
    parted.append(walk(*(train(copy.deepcopy(model), half, 100) for half in halves)))

# %% [raw] lang="zh"
# Errors on the straight way between two parameter vectors, at 11 points.
# → 在两组参数之间笔直走过去，沿途 11 个点上的错误率。

# %% fold
fig, ax = plt.subplots()
for walks, style, label in (
    (renumbered, "o-", "to the same network, renumbered"),
    (parted, "s--", "between two trained on from one"),
):
    for number, errors_on_way in enumerate(walks):
        ax.plot(
            way,
            errors_on_way,
            style,
            ms=3,
            lw=1,
            color="#c2410c" if style == "o-" else "#1b3a6b",
            label=None if number else label,
        )
ax.set(xlabel="from one θ (0) to the other (1)", ylabel="unseen digits read wrongly")
ax.set_ylim(0, 1.4 * max(map(max, renumbered)))  # room for the legend
ax.legend(loc="upper left")
alt = (
    "Error rates on straight ways between two networks. To a renumbered copy: low and "
    "equal at both ends, with a hill in between. Between two networks trained on from "
    "one: flat."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# room for the legend → 给图例留出位置
# to the same network, renumbered → 走到重新编号的同一个网络
# between two trained on from one → 在同源继续训练的两个网络之间
# from one θ (0) to the other (1) → 从一个 θ（0）到另一个 θ（1）
# unseen digits read wrongly → 读错的未见数字比例
# Error rates on straight ways between two networks. To a renumbered copy: low and equal
# at both ends, with a hill in between. Between two networks trained on from one: flat.
# → 在两个网络之间笔直走过去，沿途的错误率。走到重新编号的副本：两端一样低，
#   中间隆起一座山。在同源继续训练的两个网络之间：平坦。

# %%
bm.claim(
    "The mean of a digit reader and its renumbered copy, the same function, misreads "
    "more than twice as many unseen digits as either",
    lambda end, middle: middle > 2 * end,
    {
        "end": max(max(line[0], line[-1]) for line in renumbered),
        "middle": min(line[5] for line in renumbered),
    },
    control={
        "end": max(max(line[0], line[-1]) for line in parted),
        "middle": min(line[5] for line in parted),
    },
    against="two networks trained on from one",
)

# %% [raw] lang="zh"
# The mean of a digit reader and its renumbered copy, the same function, misreads more
# than twice as many unseen digits as either
# → 数字识别网络与它重新编号的副本是同一个函数，两者参数的平均
#   读错的未见数字却是两者各自的两倍以上
# two networks trained on from one → 同源继续训练的两个网络

# %% [markdown]
# So equal functions do not make a mean that makes sense; here a common starting point
# does. That is how models are merged today: parameters of fine-tunings of one model are
# averaged (*model soups*), and whoever merges models of different starts first has to
# renumber the units of one of them.
#
# The scaling symmetry can be put to use. Among all networks that compute one function,
# which has the smallest weights? Unit $j$ has incoming numbers, row $j$ of $W_1$ with
# $b_{1,j}$, and outgoing ones, column $j$ of $W_2$. Let $\alpha$ and $\beta$ be their
# sums of squares. Scaling turns them into $c^2\alpha$ and $\beta/c^2$. The derivative
# of the sum, $2c\alpha - 2\beta/c^3$, is zero at $c^2 = \sqrt{\beta/\alpha}$, where
# both parts are equal:
#
# $$\Bigl(\min_{c > 0}\bigl(c^2\alpha + \beta/c^2\bigr),\ \text{its } c^2\Bigr)
# = \bigl(2\sqrt{\alpha\beta},\ \sqrt{\beta/\alpha}\bigr) \label{balance}$$
#
# A network in which all units are so is called **balanced**.

# %% [markdown] lang="zh" of="f369a5cf"
# 可见函数相同，并不保证参数的平均有意义；在这里，起点相同才行。
# 今天合并模型就是这样做的：
# 把同一个模型的若干微调版本的参数取平均（称为 model soups）；
# 若要合并起点不同的模型，就得先给其中一个的单元重新编号。
#
# 缩放对称性还有用处。计算同一个函数的所有网络里，哪个的权重最小？
# 单元 $j$ 有进来的数，即 $W_1$ 的第 $j$ 行和 $b_{1,j}$；
# 也有出去的数，即 $W_2$ 的第 $j$ 列。设两者的平方和分别为 $\alpha$ 和 $\beta$。
# 缩放把它们变成 $c^2\alpha$ 和 $\beta/c^2$。两者之和的导数 $2c\alpha - 2\beta/c^3$
# 在 $c^2 = \sqrt{\beta/\alpha}$ 处为零，这时两部分相等：
#
# $$\Bigl(\min_{c > 0}\bigl(c^2\alpha + \beta/c^2\bigr),\ \text{此时的 } c^2\Bigr)
# = \bigl(2\sqrt{\alpha\beta},\ \sqrt{\beta/\alpha}\bigr) \label{balance}$$
#
# 所有单元都如此的网络，叫作**平衡**的网络。

# %% equation="balance" of="c5dc3f26"
alpha, beta = 7.3, 0.4
c = torch.linspace(0.05, 3, 200_000)  # look everywhere
squares = c**2 * alpha + beta / c**2
lowest, where = squares.min(0)
found = torch.stack([lowest, c[where] ** 2])
said = torch.tensor([2 * math.sqrt(alpha * beta), math.sqrt(beta / alpha)])
bm.equation("balance", found, said, atol=1e-4)

# %% [raw] lang="zh"
# look everywhere → 逐点查看


# %% exercise="balance" points=3 minutes=12 level=3
def balance(W1, b1, W2):
    """The balanced ReLU network that computes the same function.

    W1: (hidden, in), b1: (hidden,), W2: (out, hidden). No hidden unit is all zeros on
    either side.
    Returns new (W1, b1, W2): for each hidden unit the squares of its row of W1 and of
    its entry of b1 sum to as much as those of its column of W2.
    """
    ### BEGIN SOLUTION
    incoming = W1.square().sum(1) + b1**2  # (hidden,)
    outgoing = W2.square().sum(0)  # (hidden,)
    c = (outgoing / incoming) ** 0.25
    return c[:, None] * W1, c * b1, W2 / c
    ### END SOLUTION


# %% [raw] lang="zh"
# The balanced ReLU network that computes the same function.
# → 计算同一个函数的平衡 ReLU 网络。
# W1: (hidden, in), b1: (hidden,), W2: (out, hidden). No hidden unit is all zeros on
# either side.
# Returns new (W1, b1, W2): for each hidden unit the squares of its row of W1 and of
# its entry of b1 sum to as much as those of its column of W2.
# → W1：(hidden, in)，b1：(hidden,)，W2：(out, hidden)。
#   没有哪个隐藏单元的某一边全为零。
#   返回新的 (W1, b1, W2)：对每个隐藏单元，W1 的那一行与 b1 的那一项的平方和，
#   等于 W2 的那一列的平方和。

# %% check="balance"
draws = torch.Generator().manual_seed(3)


def draw(*shape):
    return torch.randn(*shape, generator=draws, dtype=torch.float64)


A, s, B = 5 * draw(4, 4), draw(4), draw(4, 4)
U, r, V = bm.expect.several(balance(A, s, B), 3, "return W1, b1 and W2")
bm.expect.shape(U, (4, 4), "W1 keeps its shape: one factor for each row")
bm.expect.shape(V, (4, 4), "W2 keeps its shape: one factor for each column")
c = U[:, 0] / A[:, 0]
advice = "one factor for each hidden unit, that is for each ROW of W1"
bm.expect.close(U, c[:, None] * A, advice)
advice = "the bias belongs to the incoming side: scale b1 as the rows of W1"
bm.expect.close(r, c * s, advice)
advice = (
    "what the unit gains on one side it must lose on the other: divide the "
    "columns of W2"
)
bm.expect.close(V, B / c, advice)
incoming, outgoing = U.square().sum(1) + r**2, V.square().sum(0)
advice = (
    "both sides' sums of squares must be equal, b1 included: c to the "
    "fourth power is their ratio"
)
bm.expect.close(incoming, outgoing, advice)
### BEGIN HIDDEN TESTS
for hidden, before, after in ((7, 3, 2), (2, 5, 6), (1, 4, 1)):
    A, s, B = draw(hidden, before), draw(hidden), 30 * draw(after, hidden)
    x_in = draw(9, before)
    U, r, V = bm.expect.several(balance(A, s, B), 3, "return W1, b1 and W2")
    want = torch.relu(x_in @ A.T + s) @ B.T
    advice = "the function must not change: each factor is positive"
    bm.expect.close(torch.relu(x_in @ U.T + r) @ V.T, want, advice)
    incoming, outgoing = U.square().sum(1) + r**2, V.square().sum(0)
    bm.expect.close(incoming, outgoing, "hidden units, inputs and outputs differ")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return W1, b1 and W2 → 请返回 W1、b1 和 W2
# W1 keeps its shape: one factor for each row → W1 的形状不变：每行一个因子
# W2 keeps its shape: one factor for each column → W2 的形状不变：每列一个因子
# one factor for each hidden unit, that is for each ROW of W1
# → 每个隐藏单元一个因子，也就是 W1 的每一行一个
# the bias belongs to the incoming side: scale b1 as the rows of W1
# → 偏置属于进来的一边：b1 要和 W1 的行一起缩放
# what the unit gains on one side it must lose on the other: divide the columns of W2
# → 一边放大多少，另一边就要缩小多少：W2 的列要除以因子
# both sides' sums of squares must be equal, b1 included: c to the fourth power is their
# ratio
# → 两边的平方和要相等，b1 也算在内：c 的四次方等于两者之比
# the function must not change: each factor is positive → 函数不能变：每个因子都是正数
# hidden units, inputs and outputs differ → 隐藏单元、输入和输出的个数各不相同

# %% [markdown] hint="balance"
# Two sums of squares for each hidden unit, both of shape (hidden,). Over which axis of
# `W1` do you sum, and over which of `W2`?

# %% [markdown] lang="zh" of="a9b04505"
# 每个隐藏单元有两个平方和，形状都是 (hidden,)。`W1` 沿哪个轴求和？`W2` 呢？

# %% [markdown] hint="balance"
# Equation (\ref{balance}) gives $c^2$; $c$ is the fourth root of `outgoing / incoming`.

# %% [markdown] lang="zh" of="3eb1a34d"
# 公式 (\ref{balance}) 给出的是 $c^2$；$c$ 是 `outgoing / incoming` 的四次方根。

# %% [markdown] hint="balance"
# `return c[:, None] * W1, c * b1, W2 / c`: the first scales rows, the last columns.

# %% [markdown] lang="zh" of="27c16235"
# `return c[:, None] * W1, c * b1, W2 / c`：前者缩放行，后者缩放列。


# %% mistake="balance" says="scale b1"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.25
    return c[:, None] * W1, b1, W2 / c


# %% mistake="balance" says="fourth power"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.5
    return c[:, None] * W1, c * b1, W2 / c


# %% mistake="balance" says="fourth power"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / W1.square().sum(1)) ** 0.25
    return c[:, None] * W1, c * b1, W2 / c


# %% mistake="balance" says="must lose on the other"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.25
    return c[:, None] * W1, c * b1, W2 * c


# %% mistake="balance" says="ROW"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.25
    return c * W1, c * b1, W2 / c


# %% mistake="balance" says="each factor is positive"
def balance(W1, b1, W2):
    c = -((W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.25)
    return c[:, None] * W1, c * b1, W2 / c


# %% mistake="balance" says="changed"
def balance(W1, b1, W2):
    c = (W2.square().sum(0) / (W1.square().sum(1) + b1**2)) ** 0.25
    W1 *= c[:, None]
    return W1, c * b1, W2 / c


# %% variant="balance"
def balance(W1, b1, W2):
    rows = torch.cat([W1, b1[:, None]], 1)
    size_in, size_out = rows.norm(dim=1), W2.norm(dim=0)
    rows = rows / size_in[:, None] * (size_in * size_out).sqrt()[:, None]
    return rows[:, :-1], rows[:, -1], W2 / size_out * (size_in * size_out).sqrt()


# %% [raw] excuse="balance"
# the result is detached: weights are data; no gradient need flow through them


# %% fold
def scores(W1, b1, W2):
    return torch.relu(images @ W1.T + b1) @ W2.T


def compared(old):
    """How far balancing moves the outputs, and the squares before and after."""
    new = balance(*old)
    before, after = (sum(p.square().sum().item() for p in some) for some in (old, new))
    moved = (scores(*new) - scores(*old)).abs().max().item()
    return {"outputs_moved": moved, "squares_before": before, "squares_after": after}


# %% [raw] lang="zh"
# How far balancing moves the outputs, and the squares before and after.
# → 平衡使输出移动了多少，以及前后的平方和。

# %%
trained = (W1, b1, W2)  # the last digit reader
bm.claim(
    "Balancing a trained digit reader makes the sum of its squared weights smaller and "
    "leaves its outputs as they were",
    lambda outputs_moved, squares_before, squares_after: (
        outputs_moved < 1e-9 and squares_after < 0.99 * squares_before
    ),
    compared(trained),
    control=compared(balance(*trained)),
    against="the balanced network, balanced again",
)

# %% [raw] lang="zh"
# the last digit reader → 最后一个数字识别网络
# Balancing a trained digit reader makes the sum of its squared weights smaller and
# leaves its outputs as they were
# → 把训练好的数字识别网络平衡一下，权重的平方和变小，输出不变
# the balanced network, balanced again → 把已平衡的网络再平衡一次

# %% [markdown]
# So "the size of the weights" says nothing about a function until one says which of its
# networks is meant. **Weight decay** adds to the loss a multiple of the sum of all
# squared parameters, and so chooses for us: at a minimum every unit is balanced. If one
# were not, scaling it would lower this penalty and leave the rest of the loss as it is.

# %% [markdown] lang="zh" of="06001c95"
# 可见在说清是哪一个网络之前，“权重的大小”说明不了函数的任何性质。
# **权重衰减**把所有参数的平方和乘以一个系数加到损失里，等于替我们作了选择：
# 在极小点处每个单元都是平衡的。若有一个不平衡，只要缩放它，
# 就能降低这个惩罚项，而损失的其余部分不变。

# %% [markdown]
# ## Straight pieces
#
# A ReLU either passes its input or gives zero. As long as no unit switches, each layer
# is affine, and a change of the input goes through a product of matrices. Let $M_l$ be
# the diagonal matrix with 1 where layer $l$'s units are on at $x$ and 0 where they are
# off. If no pre-activation is exactly 0 at $x$, then for every small enough step $e$
#
# $$f(x + e) = f(x) + W_D\, M_{D-1} W_{D-1} \cdots M_1 W_1\, e \label{local-affine}$$
#
# Not nearly: exactly.

# %% [markdown] lang="zh" of="15e55128"
# ## 一段一段的直线
#
# ReLU 要么放行，要么给零。只要没有单元切换，每一层就是仿射的，输入的变化只是依次乘上若
# 干矩阵。设 $M_l$ 为对角矩阵，第 $l$ 层在 $x$ 处开着的单元为 1，关着的为 0。如果在 $x$
# 处没有哪个预激活恰好为 0，那么对每个足够小的位移 $e$，
#
# $$f(x + e) = f(x) + W_D\, M_{D-1} W_{D-1} \cdots M_1 W_1\, e \label{local-affine}$$
#
# 不是近似，而是精确成立。


# %%
def network(x, layers):
    """A ReLU network without φ: rows x (n, d), layers a list of (W, b)."""
    for W, b in layers[:-1]:
        x = torch.relu(x @ W.T + b)
    W, b = layers[-1]
    return x @ W.T + b


# %% [raw] lang="zh"
# A ReLU network without φ: rows x (n, d), layers a list of (W, b).
# → 不带 φ 的 ReLU 网络：x 按行排列 (n, d)，layers 为若干 (W, b)。


# %% fold
def random_layers(sizes, draws):
    return [
        (
            torch.randn(after, before, generator=draws) * math.sqrt(2 / before),
            0.3 * torch.randn(after, generator=draws),
        )
        for before, after in pairwise(sizes)
    ]


# %% equation="local-affine" of="597fd6e8"
layers = random_layers([4, 8, 7, 2], torch.Generator().manual_seed(272))
layers = [(W, 4 * b) for W, b in layers]  # biases that decide which units are on
(W1, b1), (W2, b2), (W3, b3) = layers
x, e = torch.tensor([0.5, -1.0, 0.3, 2.0]), 1e-4 * torch.tensor([1.0, 2.0, -1.0, 0.5])
M1 = torch.diag((W1 @ x + b1 > 0).double())
M2 = torch.diag((W2 @ M1 @ (W1 @ x + b1) + b2 > 0).double())
left = (network((x + e)[None], layers) - network(x[None], layers))[0] / 1e-4
bm.equation("local-affine", left, W3 @ M2 @ W2 @ M1 @ W1 @ e / 1e-4, atol=1e-9)

# %% [raw] lang="zh"
# biases that decide which units are on → 偏置大到足以决定哪些单元开着

# %% [markdown]
# Now you: find the affine function that a ReLU network is, around a given $x$.

# %% [markdown] lang="zh" of="ad846276"
# 轮到你了：求出 ReLU 网络在给定的 $x$ 附近等于哪个仿射函数。


# %% exercise="affine_at" points=3 minutes=12 level=3
def affine_at(x, layers):
    """The affine function that a ReLU network is around x.

    x: one input, (d,); no pre-activation is 0 there.
    layers: a list of (W, b), one or more; ReLU after each but the last.
    Returns (A, c), A (out, d) and c (out,), such that the network is A @ v + c for
    every v near x.
    """
    ### BEGIN SOLUTION
    A, c = layers[0]
    for W, b in layers[1:]:
        on = (A @ x + c > 0).to(A.dtype)  # (hidden,)
        A, c = W @ (on[:, None] * A), W @ (on * c) + b
    return A, c
    ### END SOLUTION


# %% [raw] lang="zh"
# The affine function that a ReLU network is around x.
# → ReLU 网络在 x 附近等于的那个仿射函数。
# x: one input, (d,); no pre-activation is 0 there.
# layers: a list of (W, b), one or more; ReLU after each but the last.
# Returns (A, c), A (out, d) and c (out,), such that the network is A @ v + c for
# every v near x.
# → x：一个输入，(d,)，该处没有为 0 的预激活。
#   layers：若干 (W, b)，至少一层；除最后一层外每层之后都有 ReLU。
#   返回 (A, c)，A 为 (out, d)，c 为 (out,)，使得对 x 附近的每个 v，网络都是 A @ v + c。

# %% check="affine_at"
draws = torch.Generator().manual_seed(8)


def draw(*shape):
    return torch.randn(*shape, generator=draws, dtype=torch.float64)


def run(v, layers):
    for W, b in layers[:-1]:
        v = torch.relu(W @ v + b)
    return layers[-1][0] @ v + layers[-1][1]


ones = torch.ones(3, dtype=torch.float64)
one = [(draw(2, 3) - 9, draw(2))]  # both outputs are negative at ones
answer = bm.expect.several(affine_at(ones, one), 2, "return two things: A and c")
advice = "a single layer is affine already: no unit of the last layer is ever off"
bm.expect.close(answer[0], one[0][0], advice)
made = [(draw(5, 3), draw(5)), (draw(4, 5), draw(4)), (draw(2, 4), draw(2))]
here = draw(3)
A, c = bm.expect.several(affine_at(here, made), 2, "return two things: A and c")
bm.expect.shape(A, (2, 3), "from the input to the output: (out, d)")
want = torch.autograd.functional.jacobian(lambda v: run(v, made), here)
advice = (
    "A is the product of all W, with the rows of units that are off at x set to zero"
)
bm.expect.close(A, want, advice)
bm.expect.shape(c, (2,), "c has one number for each output")
advice = (
    "at x itself A @ x + c must be the network's output: carry the biases "
    "along through on-units and W"
)
bm.expect.close(A @ here + c, run(here, made), advice)
### BEGIN HIDDEN TESTS
for sizes in ((3, 6, 2), (3, 5, 4, 2), (2, 7, 6, 5, 4), (4, 1, 3, 2, 6, 5)):
    made = [(draw(after, before), draw(after)) for before, after in pairwise(sizes)]
    for number in range(4):
        here, step = 3 * draw(sizes[0]), 1e-6 * draw(sizes[0])
        A, c = bm.expect.several(affine_at(here, made), 2, "return two things: A and c")
        want = torch.autograd.functional.jacobian(lambda v, m=made: run(v, m), here)
        advice = f"{len(made)} layers, point {number}: A is the slope at x"
        bm.expect.close(A, want, advice)
        advice = f"point {number}: the same A and c hold at a neighbour"
        want = run(here + step, made)
        bm.expect.close(A @ (here + step) + c, want, advice, rtol=0, atol=1e-9)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# both outputs are negative at ones → 在 ones 处两个输出都为负
# return two things: A and c → 请返回两样东西：A 和 c
# a single layer is affine already: no unit of the last layer is ever off
# → 只有一层时本来就是仿射的：最后一层没有单元会关掉
# from the input to the output: (out, d) → 从输入到输出：(out, d)
# A is the product of all W, with the rows of units that are off at x set to zero
# → A 是所有 W 的乘积，其中在 x 处关着的单元对应的行置零
# c has one number for each output → c 对每个输出有一个数
# at x itself A @ x + c must be the network's output: carry the biases along through
# on-units and W
# → 在 x 处 A @ x + c 必须等于网络的输出：偏置也要一路穿过开着的单元和 W
# {len(made)} layers, point {number}: A is the slope at x
# → {len(made)} 层，第 {number} 个点：A 是 x 处的斜率
# point {number}: the same A and c hold at a neighbour
# → 第 {number} 个点：同样的 A 和 c 在邻近处也成立

# %% [markdown] hint="affine_at"
# Keep a pair `A, c` for the layers so far, and begin with the first layer's. Which
# units are on at `x`? What does the ReLU do to the rows of the others?

# %% [markdown] lang="zh" of="4404b755"
# 用一对 `A, c` 表示目前为止的各层，从第一层的开始。在 `x` 处哪些单元开着？
# ReLU 对其余单元的行做了什么？

# %% [markdown] hint="affine_at"
# `on = (A @ x + c > 0).to(A.dtype)`. The rows of `A` and the entries of `c` are both
# multiplied by it; then comes the next `W`, to both.

# %% [markdown] lang="zh" of="c7eed044"
# `on = (A @ x + c > 0).to(A.dtype)`。`A` 的各行和 `c` 的各项都要乘上它；
# 接着两者都要经过下一个 `W`。

# %% [markdown] hint="affine_at"
# `A, c = W @ (on[:, None] * A), W @ (on * c) + b`

# %% [markdown] lang="zh" of="085d074f"
# `A, c = W @ (on[:, None] * A), W @ (on * c) + b`


# %% mistake="affine_at" says="carry the biases"
def affine_at(x, layers):
    A, c = layers[0]
    for W, _ in layers[1:]:
        on = (A @ x + c > 0).to(A.dtype)
        A, c = W @ (on[:, None] * A), W @ (on * c)
    return A, c


# %% mistake="affine_at" says="are off at x"
def affine_at(x, layers):
    A, c = layers[0]
    for W, b in layers[1:]:  # every unit taken for on
        A, c = W @ A, W @ c + b
    return A, c


# %% mistake="affine_at" says="no unit of the last layer"
def affine_at(x, layers):
    A, c = torch.eye(len(x)), torch.zeros(len(x))
    for W, b in layers:
        A, c = W @ A, W @ c + b
        on = (A @ x + c > 0).to(A.dtype)
        A, c = on[:, None] * A, on * c
    return A, c


# %% mistake="affine_at" says="carry the biases"
def affine_at(x, layers):
    A, c = layers[0]
    for W, b in layers[1:]:
        on = (A @ x + c > 0).to(A.dtype)
        A, c = W @ (on[:, None] * A), W @ c + b
    return A, c


# %% mistake="affine_at" says="layers"
def affine_at(x, layers):
    A, c = layers[0]
    for W, b in layers[1:3]:  # three layers at most
        on = (A @ x + c > 0).to(A.dtype)
        A, c = W @ (on[:, None] * A), W @ (on * c) + b
    return A, c


# %% variant="affine_at"
def affine_at(x, layers):
    def run(v):
        for W, b in layers[:-1]:
            v = torch.relu(W @ v + b)
        return layers[-1][0] @ v + layers[-1][1]

    A = torch.autograd.functional.jacobian(run, x)
    return A, run(x) - A @ x


# %% [raw] excuse="affine_at"
# A @ x + c > 0 → A @ x + c >= 0: no pre-activation is 0 at x
# the result is detached: a slope at x is asked for, not its gradient


# %% [markdown]
# Let us see the pieces. We train a network with two inputs on two interlocking moons,
# and colour the plane by which units are on. Within each patch the network is one
# affine function.

# %% [markdown] lang="zh" of="28dd0a04"
# 来看看这些片。我们用两弯交错的月牙训练一个两输入的网络，
# 再按哪些单元开着给平面上色。每一片之内，网络就是一个仿射函数。

# %% fold
spots, moon = make_moons(400, noise=0.15, random_state=0)
spots, moon = torch.tensor(spots), torch.tensor(moon)
torch.manual_seed(lab.seed)
model = bm.models.MLP([2, 16, 16, 2])
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
for _ in range(500):
    optimizer.zero_grad()
    F.cross_entropy(model(spots), moon).backward()
    optimizer.step()
layers = [(layer.weight.detach(), layer.bias.detach()) for layer in model.layers]

# %% fold
side = torch.linspace(-2, 3, 400)
plane = torch.cartesian_prod(side, side)  # (160000, 2)


def switches(v):
    """A number for each point, the same for points at which the same units are on."""
    with torch.no_grad():
        on = torch.cat([h > 0 for h in model.hidden(v)], 1)  # (n, 32)
    return (on.long() * 2 ** torch.arange(32)).sum(1)


with torch.no_grad():
    margin = model(plane).diff(dim=1).view(400, 400)
names, patch = switches(plane).unique(return_inverse=True)
shade = torch.rand(len(names), generator=torch.Generator().manual_seed(5))
fig, ax = plt.subplots(figsize=(5.4, 4.8))
ax.pcolormesh(side, side, shade[patch].view(400, 400).T, cmap="YlGnBu", vmax=2.5)
ax.contour(side, side, margin.T, levels=[0], colors="black", linewidths=2.5)
for name, mark in ((0, "o"), (1, "x")):
    ax.plot(*spots[moon == name].T, mark, ms=3, color="#1b3a6b")
ax.set(xlabel="first input", ylabel="second input", aspect="equal")
ax.set_title(f"32 units, {len(names)} affine patches")
ax.grid(False)
alt = (
    "The plane cut by straight and kinked lines into many patches; a black "
    "border made of straight pieces winds between two moons of dots and "
    "crosses."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# A number for each point, the same for points at which the same units are on.
# → 每个点一个编号，开着同样一些单元的点编号相同。
# first input → 第一个输入
# second input → 第二个输入
# 32 units, {len(names)} affine patches → 32 个单元，{len(names)} 个仿射片
# The plane cut by straight and kinked lines into many patches; a black border made of
# straight pieces winds between two moons of dots and crosses.
# → 平面被直线和折线切成许多片；一条由直线段组成的黑色边界，蜿蜒在圆点和叉
#   号组成的两弯月牙之间。

# %% [markdown]
# Is that so? Take the $A$ and $c$ of one point and use them at another one.

# %% [markdown] lang="zh" of="99456e27"
# 果真如此吗？取一个点的 $A$ 和 $c$，用到另一个点上。

# %%
pieces = [affine_at(v, layers) for v in spots]
borrowed = torch.stack([spots @ A.T + c for A, c in pieces])  # (point, used at, 2)
gap = (borrowed - network(spots, layers)).abs().amax(2)  # (400, 400)
code = switches(spots)
same_patch = code[:, None] == code[None, :]
bm.claim(
    "Within a patch a ReLU network is one affine function, up to rounding",
    lambda largest_gap: largest_gap < 1e-9,
    {"largest_gap": gap[same_patch].max()},
    control={"largest_gap": gap[~same_patch].max()},
    against="points of different patches",
)

# %% [raw] lang="zh"
# (point, used at, 2) → (点, 用于, 2)
# Within a patch a ReLU network is one affine function, up to rounding
# → 在一片之内，ReLU 网络就是一个仿射函数，只差舍入误差
# points of different patches → 不在同一片的点

# %% [markdown]
# ## How steep can it get?
#
# If two inputs are close, are the outputs close? The answer is the steepest slope,
# called the **Lipschitz constant**. For one layer, without its activation, it is the
# largest **singular value** of $W$, also called its spectral norm $\lVert W\rVert$.
# With directions $u$ of length 1:
#
# $$\max_{\lVert u\rVert = 1} \lVert W u\rVert = \text{largest singular value of } W
# \label{spectral-norm}$$
#
# ReLU and tanh have slopes of at most 1 and make nothing steeper. In a composition the
# steepest slopes multiply at worst, since $\lVert W_2 W_1 u\rVert \le \lVert
# W_2\rVert\,\lVert W_1 u\rVert$:
#
# $$\max_{x \ne x'} \frac{\lVert f(x) - f(x')\rVert}{\lVert x - x'\rVert}
# \le \prod_{l=1}^{D} \lVert W_l\rVert \label{lipschitz}$$

# %% [markdown] lang="zh" of="c25d29fb"
# ## 最陡能有多陡？
#
# 两个输入很近，输出也近吗？答案是最陡的斜率，叫作 **Lipschitz 常数**。
# 不计激活函数，一层的最陡斜率就是 $W$ 的最大**奇异值**，
# 也叫谱范数，记作 $\lVert W\rVert$。设 $u$ 是长度为 1 的方向：
#
# $$\max_{\lVert u\rVert = 1} \lVert W u\rVert = \text{$W$ 的最大奇异值}
# \label{spectral-norm}$$
#
# ReLU 和 tanh 的斜率不超过 1，不会使函数更陡。复合时，最陡的斜率至多相乘，因为
# $\lVert W_2 W_1 u\rVert \le \lVert W_2\rVert\,\lVert W_1 u\rVert$：
#
# $$\max_{x \ne x'} \frac{\lVert f(x) - f(x')\rVert}{\lVert x - x'\rVert}
# \le \prod_{l=1}^{D} \lVert W_l\rVert \label{lipschitz}$$

# %% equation="spectral-norm" of="a9a05384"
W = torch.randn(3, 2)
angle = torch.linspace(0, 2 * math.pi, 50_000)
directions = torch.stack([angle.cos(), angle.sin()], 1)  # (50000, 2)
steepest = (directions @ W.T).norm(dim=1).max()
bm.equation("spectral-norm", steepest, torch.linalg.svdvals(W)[0], atol=1e-6)


# %% exercise="lipschitz_bound" points=2 minutes=6 level=2
def lipschitz_bound(layers):
    """The bound on a ReLU network's steepest slope: the product of its layers' norms.

    layers: a list of (W, b), one or more. Returns a number.
    """
    ### BEGIN SOLUTION
    return math.prod(torch.linalg.matrix_norm(W, 2).item() for W, _ in layers)
    ### END SOLUTION


# %% [raw] lang="zh"
# The bound on a ReLU network's steepest slope: the product of its layers' norms.
# → ReLU 网络最陡斜率的上界：各层范数之积。
# layers: a list of (W, b), one or more. Returns a number.
# → layers：若干 (W, b)，至少一层。返回一个数。

# %% check="lipschitz_bound"
none = torch.zeros(2, dtype=torch.float64)
stretch = torch.diag(torch.tensor([3.0, 2.0], dtype=torch.float64))
got = lipschitz_bound([(stretch, none)])
advice = (
    "a stretch by 3 one way and 2 the other is at most 3 steep: the "
    "largest singular value, not the root of the sum of squares"
)
bm.expect.close(got, 3.0, advice)
bias = torch.tensor([5.0, -9.0], dtype=torch.float64)
got = lipschitz_bound([(-stretch, bias)])
advice = "neither a sign nor the bias changes a slope's size"
bm.expect.close(got, 3.0, advice)
got = lipschitz_bound([(stretch, none), (stretch, none), (stretch, none)])
advice = "slopes of a composition multiply: 3 after 3 after 3 is 27"
bm.expect.close(got, 27.0, advice)
flip = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
got = lipschitz_bound([(stretch, none), (flip @ stretch @ flip, none)])
advice = (
    "bound each layer by itself: a ReLU stands between the matrices, so do "
    "not multiply them"
)
bm.expect.close(got, 9.0, advice)
### BEGIN HIDDEN TESTS
shear = torch.tensor([[3.0, 4.0], [0.0, 5.0]], dtype=torch.float64)
advice = "rows and columns sum to other numbers than the largest singular value"
bm.expect.close(lipschitz_bound([(shear, none)]), math.sqrt(45), advice)
draws = torch.Generator().manual_seed(2)
made = [
    (torch.randn(a, b, generator=draws, dtype=torch.float64), none)
    for a, b in ((5, 3), (4, 5), (2, 4))
]
want = math.prod(float(torch.linalg.svdvals(W)[0]) for W, _ in made)
bm.expect.close(lipschitz_bound(made), want, "matrices that are not square")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a stretch by 3 one way and 2 the other is at most 3 steep: the largest singular value,
# not the root of the sum of squares
# → 一个方向拉长 3 倍，另一个 2 倍，最陡是 3：取最大奇异值，不是平方和的根
# neither a sign nor the bias changes a slope's size → 正负号和偏置都不改变斜率的大小
# slopes of a composition multiply: 3 after 3 after 3 is 27
# → 复合时斜率相乘：3 之后 3 之后再 3，是 27
# bound each layer by itself: a ReLU stands between the matrices, so do not multiply
# them
# → 每层分别求界：矩阵之间隔着 ReLU，不能先把它们乘起来
# rows and columns sum to other numbers than the largest singular value
# → 各行、各列之和都不等于最大奇异值
# matrices that are not square → 不是方阵的矩阵

# %% [markdown] hint="lipschitz_bound"
# One number for each `W`, and the numbers multiplied. Biases move a function, they do
# not tilt it.

# %% [markdown] lang="zh" of="0cd51904"
# 每个 `W` 一个数，再把这些数相乘。偏置只平移函数，不改变倾斜。

# %% [markdown] hint="lipschitz_bound"
# `torch.linalg.matrix_norm(W, 2)` is the largest singular value. Without the 2 it is
# the root of the sum of squares, which is another norm.

# %% [markdown] lang="zh" of="37d686a4"
# `torch.linalg.matrix_norm(W, 2)` 是最大奇异值。不写 2 就是平方和的根，那是另一种范数。


# %% mistake="lipschitz_bound" says="largest singular value"
def lipschitz_bound(layers):
    return math.prod(torch.linalg.matrix_norm(W).item() for W, _ in layers)


# %% mistake="lipschitz_bound" says="rows and columns"
def lipschitz_bound(layers):
    return math.prod(torch.linalg.matrix_norm(W, math.inf).item() for W, _ in layers)


# %% mistake="lipschitz_bound" says="multiply: 3 after 3"
def lipschitz_bound(layers):
    return sum(torch.linalg.matrix_norm(W, 2).item() for W, _ in layers)


# %% mistake="lipschitz_bound" says="do not multiply them"
def lipschitz_bound(layers):
    product = layers[0][0]
    for W, _ in layers[1:]:
        product = W @ product
    return torch.linalg.matrix_norm(product, 2).item()


# %% mistake="lipschitz_bound" says="neither a sign"
def lipschitz_bound(layers):
    return math.prod(W.max().item() for W, _ in layers)


# %% variant="lipschitz_bound"
def lipschitz_bound(layers):
    bound = torch.ones(())
    for W, _ in layers:
        bound = bound * torch.linalg.eigvalsh(W.T @ W)[-1].sqrt()
    return bound


# %% [markdown]
# Now (\ref{lipschitz}) itself. The first network is $6\,|x|$ in disguise: it climbs on
# both sides, though the product of its two matrices is 0. In the second one the second
# layer stretches most just where the first has stretched, and both units are on from
# $v$ to $u$: the bound is reached.

# %% [markdown] lang="zh" of="633bda7a"
# 现在来试 (\ref{lipschitz}) 本身。第一个网络其实就是 $6\,|x|$：两边都上升，
# 虽然它的两个矩阵之积为 0。在第二个网络里，第二层拉伸得最多的方向，
# 正是第一层刚刚拉伸的方向，
# 从 $v$ 到 $u$ 两个单元又都开着：上界正好取到。


# %% equation="lipschitz" of="15adaccf"
bm.inequality(
    "lipschitz",
    lambda W1, W2, b, u, v: (
        (W2 @ (torch.relu(W1 @ u + b) - torch.relu(W1 @ v + b))).norm() / (u - v).norm()
    ),
    lambda W1, W2, b, u, v: (
        torch.linalg.matrix_norm(W1, 2) * torch.linalg.matrix_norm(W2, 2)
    ),
    at={
        "W1": torch.tensor([[2.0], [-2.0]]),
        "W2": torch.tensor([[3.0, 3.0]]),
        "b": torch.zeros(2),
        "u": torch.tensor([5.0]),
        "v": torch.tensor([0.5]),
    },
    equal_at={
        "W1": torch.tensor([[0.6, 3.2], [-0.8, 2.4]]),
        "W2": torch.tensor([[4.0, 3.0]]),
        "b": torch.tensor([-1.2, 0.5]),
        "u": torch.tensor([1.48, 2.0475]),
        "v": torch.tensor([1.48, 0.3475]),
    },
)

# %% [markdown]
# How good is the bound? You have a tool to find the true local slope: the norm of $A$
# in `affine_at`. Search 300 points for the steepest, in random networks of growing
# depth.

# %% [markdown] lang="zh" of="f13f66a3"
# 这个上界好不好？真正的局部斜率你已经会求：`affine_at` 给出的 $A$ 的范数。
# 在越来越深的随机网络里，各从 300 个点中找最陡的。

# %%
depths = list(range(1, 9))
draws = torch.Generator().manual_seed(lab.seed)
found, promised = [], []
for D in depths:
    layers = random_layers([10] + [30] * (D - 1) + [10], draws)
    points = torch.randn(300, 10, generator=draws)
    slopes = torch.stack([affine_at(v, layers)[0] for v in points])  # (300, 10, 10)
    found.append(torch.linalg.matrix_norm(slopes, 2).max().item())
    promised.append(float(lipschitz_bound(layers)))

# %% fold
fig, ax = plt.subplots()
ax.semilogy(depths, promised, "s--", label="bound: product of norms")
ax.semilogy(depths, found, "o-", label="steepest slope found")
ax.set(xlabel="layers D", ylabel="slope")
ax.legend()
alt = (
    "On a logarithmic axis the bound climbs straight with depth, the "
    "steepest slope found much more slowly."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# bound: product of norms → 上界：范数之积
# steepest slope found → 找到的最陡斜率
# layers D → 层数 D
# slope → 斜率
# On a logarithmic axis the bound climbs straight with depth, the steepest slope found
# much more slowly.
# → 对数坐标下，上界随深度直线上升，找到的最陡斜率慢得多。

# %%
bm.claim(
    "In a random ReLU network of eight layers the product of norms is more than "
    "50 times the steepest slope found",
    lambda bound, steepest: bound > 50 * steepest,
    {"bound": promised[-1], "steepest": found[-1]},
    control={"bound": promised[0], "steepest": found[0]},
    against="one layer, where the bound is reached",
)

# %% [raw] lang="zh"
# In a random ReLU network of eight layers the product of norms is more than 50 times
# the steepest slope found
# → 在八层的随机 ReLU 网络里，范数之积是找到的最陡斜率的 50 倍以上
# one layer, where the bound is reached → 只有一层，上界正好取到

# %% [markdown]
# The bound is reached only if each layer stretches most exactly where the one before
# has just stretched. Matrices drawn at random do not do so. That is why a proof from
# norms alone, that a deep network is safe against small changes, is usually too
# pessimistic to use.
#
# ## What models use today
#
# [Language models](lesson:big-models) end in the identity: scores, called logits, on
# which the softmax works. Norms have come into training itself. The optimizer Muon
# (2024; the model Kimi K2 was trained with a form of it in 2025) takes the
# [momentum](lesson:optimizers) of a layer, a matrix, and brings its singular values
# close to 1 before the step, so that hardly any direction is stretched more than
# another. (One that is 0 stays 0.) Five rounds of matrix products do it, without
# computing a singular value. Try it on the gradient of a digit reader's first layer.

# %% [markdown] lang="zh" of="2adf41b4"
# 只有当每一层都恰好在前一层刚拉长的方向上拉得最长，上界才会取到。
# 随机抽取的矩阵并不如此。
# 所以仅凭范数来证明深层网络经得起微小的扰动，往往悲观得无法使用。
#
# ## 今天的模型用什么
#
# [语言模型](lesson:big-models)以恒等函数结尾：输出的分数叫作 logit，
# softmax 作用在它们上面。
# 范数也进入了训练本身。优化器 Muon（2024 年；2025 年的模型 Kimi K2 用它的一种变体训练）
# 取一层的[动量](lesson:optimizers)（一个矩阵），在迈步之前把它的奇异值调到接近 1，
# 免得某个方向比别的方向拉伸得多。（等于 0 的仍是 0。）
# 五轮矩阵乘法就能做到，连奇异值都不用计算。
# 拿数字识别网络第一层的梯度来试一试。


# %%
def orthogonalise(G, rounds=5):
    """Singular values of G pushed towards 1, as Muon does it."""
    X = G / G.norm()
    for _ in range(rounds):
        S = X @ X.T
        X = 3.4445 * X + (-4.7750 * S + 2.0315 * S @ S) @ X
    return X


torch.manual_seed(lab.seed)
model = bm.models.MLP([64, 16, 10])
F.cross_entropy(model(images[:1200]), digits[:1200]).backward()
G = model.layers[0].weight.grad  # (16, 64)
raw = torch.linalg.svdvals(G)
pushed = torch.linalg.svdvals(orthogonalise(G))

# %% [raw] lang="zh"
# Singular values of G pushed towards 1, as Muon does it.
# → 像 Muon 那样，把 G 的奇异值推向 1。

# %%
bm.claim(
    "Five rounds lift the middle singular value of a gradient to more than half of the "
    "largest",
    lambda middle, largest: middle > largest / 2,
    {"middle": pushed[8], "largest": pushed[0]},
    control={"middle": raw[8], "largest": raw[0]},
    against="the gradient itself",
)

# %% [raw] lang="zh"
# Five rounds lift the middle singular value of a gradient to more than half of the
# largest
# → 五轮之后，梯度居中的奇异值升到最大值的一半以上
# the gradient itself → 梯度本身

# %% [markdown]
# ## What we learned
#
# - A network is a composition of affine maps and activation functions. Follow the
#   shapes and most first errors are gone; as rows it is $XW^\top + b$.
# - The range of the last layer must contain the targets. What it cannot reach is an
#   error that you can compute before training.
# - One function has many $\theta$. Renumber or rescale, and the function is the same;
#   take the mean with a renumbered copy, and it is not.
# - A ReLU network is affine, exactly, on each of many patches. Its steepest slope is at
#   most the product of the layers' norms, and in deep random networks far less.
#
# ## Where next
#
# What can straight pieces draw? [Any curve](lesson:universal-approximation) gives the
# weights by hand, and the price. [Gradient descent](lesson:gradient-descent) asks which
# way is down, and [backpropagation](lesson:backpropagation) how a network finds its
# slopes.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio and A. Courville (2016), *Deep Learning*, chapter 6, MIT
#   Press.
# - G. Montúfar, R. Pascanu, K. Cho and Y. Bengio (2014), *On the Number of Linear
#   Regions of Deep Neural Networks*, NeurIPS.
# - S. Ainsworth, J. Hayase and S. Srinivasa (2023), *Git Re-Basin: Merging Models
#   modulo Permutation Symmetries*, ICLR.
# - M. Wortsman and others (2022), *Model Soups: Averaging Weights of Multiple
#   Fine-tuned Models Improves Accuracy without Increasing Inference Time*, ICML.

# %% [markdown] lang="zh" of="ebbf6206"
# ## 我们学到了什么
#
# - 神经网络是仿射映射与激活函数的复合。跟着形状走，初学时的大部分错误就没了；
#   按行写是 $XW^\top + b$。
# - 最后一层的值域必须包含目标。达不到的部分是多大的误差，训练之前就能算出来。
# - 一个函数有许多个 $\theta$。重新编号或缩放，函数不变；
#   与重新编号的副本取平均，函数就变了。
# - ReLU 网络在许多片上各是一个仿射函数，分毫不差。
#   最陡的斜率不超过各层范数之积，在深层的随机网络里小得多。
#
# ## 下一步
#
# 直线段能画出什么？
# [用直线段画任意曲线](lesson:universal-approximation)亲手给出权重和代价。
# [梯度下降](lesson:gradient-descent)问哪边是下坡，
# [反向传播](lesson:backpropagation)讲网络怎样求得自己的斜率。
#
# ## 延伸阅读
#
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, chapter 6,
#   MIT Press.
# - G. Montúfar, R. Pascanu, K. Cho, Y. Bengio (2014), *On the Number of Linear Regions
#   of Deep Neural Networks*, NeurIPS.
# - S. Ainsworth, J. Hayase, S. Srinivasa (2023), *Git Re-Basin: Merging Models modulo
#   Permutation Symmetries*, ICLR.
# - M. Wortsman 等 (2022), *Model Soups: Averaging Weights of Multiple Fine-tuned Models
#   Improves Accuracy without Increasing Inference Time*, ICML.
