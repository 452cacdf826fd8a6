# ---
# slug: networks-as-functions
# title: {en: A network is a function, zh: 网络即函数}
# section: "4.1.1"
# minutes: 120
# needs: []
# data: []
# extras: []
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
#   d: direction or number of features
# says:
#   en: Shapes, symmetries, straight pieces, slopes, and drawing any curve by hand.
#   zh: 形状、对称、直线段、斜率，以及亲手画出任意曲线。
# ---

# %% [markdown]
# Thirty measurements of a tumour go in, one number comes out. Take away the talk of
# neurons and brains, and that is all a network is: a function, with knobs. Seen so, one
# can ask what one asks of any function. What fits into it? When are two of them the
# same? How steep can it get? What can it draw, and what will training find? Each answer
# here is a formula, and each formula is run.

# %% [markdown] lang="zh" of="6689c905"
# 三十项肿瘤测量值进去，一个数出来。撇开神经元和大脑的说法，网络不过如此：
# 一个带旋钮的函数。这样看，就能像对待任何函数那样发问：什么能放进去？
# 两个函数何时相同？最陡能有多陡？它能画出什么，训练又能找到什么？
# 这一课的每个回答都是公式，每个公式都要跑一遍。

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
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_moons
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start(
    "networks-as-functions", profile=profile, device=device, seed=seed, lang=lang
)
torch.set_default_dtype(torch.float64)  # we compare formulas: rounding must be small

# %% [raw] lang="zh"
# we compare formulas: rounding must be small → 要比较公式，舍入误差必须很小

# %% [markdown]
# ## One shape, many functions
#
# All these curves come from networks of one shape: a number goes in, two layers of
# twenty tanh follow, a number comes out. Only the numbers inside them differ. We call
# them all together $\theta$. A shape is a family of functions, $\theta$ picks one, and
# training is a search for a good $\theta$.

# %% [markdown] lang="zh" of="daff99af"
# ## 同一个形状，许多函数
#
# 下面的曲线都来自同一种形状的网络：一个数进去，经过两层各二十个 tanh，一个数出来。
# 不同的只是里面的数，我们把它们合称为 $\theta$。一种形状是一族函数，
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
alt = "Six smooth curves, each with its own hills and valleys."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# input x → 输入 x
# prediction ŷ → 预测 ŷ
# Six smooth curves, each with its own hills and valleys.
# → 六条光滑的曲线，各有各的起伏。

# %% [markdown]
# ## The document's formula
#
# The document writes a network in §4.1.1 as
#
# $$y = \sigma(W_1 x + b_1), \quad z = \sigma(W_2\, y + b_2), \quad
# \hat y = \sigma(W_3\, z + b_3)$$
#
# That is the right skeleton. We change two things. The letters $y$ and $z$ will be
# needed for targets and pre-activations, so we write $a_l$ for what layer $l$ gives,
# with $a_0 = x$, and $D$ for the number of layers:
#
# $$z_l = W_l\, a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = \phi(z_D)$$
#
# The second change is $\phi$. The last layer must not use the same $\sigma$, and we
# shall see on data why. First, what fits.
#
# ## Rows and columns
#
# The formula has one example, as a column. Programs have $n$ of them, and stack them as
# the rows of $X$. A row is a column lying down, so everything is transposed:
#
# $$Z_{ij} = (XW^\top + b)_{ij} = \sum_k W_{jk}\, X_{ik} + b_j \label{rows}$$
#
# The same $b$ is added to each row. $W$ is (out, in) in both ways of writing; PyTorch
# keeps it so, Keras keeps its transpose.

# %% [markdown] lang="zh" of="fcb02256"
# ## 原文的公式
#
# 原文 §4.1.1 把网络写成
#
# $$y = \sigma(W_1 x + b_1), \quad z = \sigma(W_2\, y + b_2), \quad
# \hat y = \sigma(W_3\, z + b_3)$$
#
# 骨架是对的。我们改两处。字母 $y$ 和 $z$ 要留给目标和预激活，
# 所以第 $l$ 层的结果写作 $a_l$，其中 $a_0 = x$，层数写作 $D$：
#
# $$z_l = W_l\, a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = \phi(z_D)$$
#
# 第二处是 $\phi$。最后一层不该用同一个 $\sigma$，原因等会儿用数据来看。
# 先看什么放得进去。
#
# ## 行与列
#
# 公式里只有一个样本，写成列。程序里有 $n$ 个，叠起来作为 $X$ 的各行。
# 行是躺倒的列，所以一切都要转置：
#
# $$Z_{ij} = (XW^\top + b)_{ij} = \sum_k W_{jk}\, X_{ik} + b_j \label{rows}$$
#
# 每一行都加上同一个 $b$。两种写法里 $W$ 都是 (out, in)；PyTorch 就这样存，
# Keras 存的是它的转置。

# %% equation="rows" of="003b6d9f"
X, W, b = torch.randn(5, 3), torch.randn(4, 3), torch.randn(4)
slow = torch.empty(5, 4)
for i in range(5):
    for j in range(4):
        slow[i, j] = sum(W[j, k] * X[i, k] for k in range(3)) + b[j]
bm.equation("rows", X @ W.T + b, slow, atol=1e-12)

# %% [markdown]
# Most errors in a network's first hour are errors of shape. They are easy to foresee on
# paper: follow the batch through the layers. Write the program that does so.

# %% [markdown] lang="zh" of="cc89c2db"
# 写网络的头一个小时，错误多半出在形状上。其实在纸上就能预见：跟着这批数据一层层走下去。
# 请写出做这件事的程序。


# %% exercise="shapes_through" points=2 minutes=8 level=2
def shapes_through(n, d, weights):
    """The shapes that a batch takes on its way through a network.

    n: examples, as rows. d: features of each. weights: the shape (out, in) of each W.
    Returns a list of tuples: the input's shape, then each layer's output's.
    Raises ValueError that names the first layer that does not fit, counting from 1.
    """
    ### BEGIN SOLUTION
    shapes = [(n, d)]
    for number, (after, before) in enumerate(weights, 1):
        if before != shapes[-1][1]:
            raise ValueError(f"layer {number} takes {before}, gets {shapes[-1][1]}")
        shapes.append((n, after))
    return shapes
    ### END SOLUTION


# %% [raw] lang="zh"
# The shapes that a batch takes on its way through a network.
# → 一批数据穿过网络时依次的形状。
# n: examples, as rows. d: features of each. weights: the shape (out, in) of each W.
# Returns a list of tuples: the input's shape, then each layer's output's.
# Raises ValueError that names the first layer that does not fit, counting from 1.
# → n：样本数，每行一个。d：每个样本的特征数。weights：每个 W 的形状 (out, in)。
#   返回元组的列表：先是输入的形状，再是每层输出的形状。
#   若有哪层接不上，引发 ValueError，并说出是第几层（从 1 数起）。
# layer {number} takes {before}, gets {shapes[-1][1]}
# → 第 {number} 层需要 {before}，得到 {shapes[-1][1]}

# %% check="shapes_through"
got = shapes_through(5, 3, [(3, 3)])
advice = "begin with the shape of the input: one layer, two shapes"
bm.expect.true(len(got) == 2, advice)
advice = "examples are rows: each shape is (n, features)"
bm.expect.true(tuple(got[1]) == (5, 3), advice)
try:
    got = shapes_through(5, 3, [(4, 3), (2, 4)])
except ValueError:
    got = None
advice = "W is (out, in): a (4, 3) takes 3 numbers and gives 4"
bm.expect.true(got is not None, advice)
bm.expect.equal([tuple(s) for s in got], [(5, 3), (5, 4), (5, 2)], advice)
said = ""
try:
    shapes_through(5, 3, [(4, 3), (2, 5), (1, 2)])
except ValueError as error:
    said = str(error) or "-"
advice = "here layer 2 takes 5 numbers but gets 4: raise a ValueError"
bm.expect.true(said, advice)
bm.expect.true("2" in said, "say in the message which layer it is, counting from 1")
### BEGIN HIDDEN TESTS
got = shapes_through(7, 64, [(32, 64), (16, 32), (10, 16)])
bm.expect.equal(
    [tuple(s) for s in got], [(7, 64), (7, 32), (7, 16), (7, 10)], "three layers"
)
said = ""
try:
    shapes_through(7, 9, [(32, 64), (16, 32)])
except ValueError as error:
    said = str(error)
bm.expect.true("1" in said, "the first layer may be the one that does not fit")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# begin with the shape of the input: one layer, two shapes
# → 从输入的形状开始：一层有两个形状
# examples are rows: each shape is (n, features) → 样本是行：每个形状都是 (n, 特征数)
# W is (out, in): a (4, 3) takes 3 numbers and gives 4
# → W 是 (out, in)：(4, 3) 收 3 个数，给 4 个数
# here layer 2 takes 5 numbers but gets 4: raise a ValueError
# → 这里第 2 层要 5 个数，却只来了 4 个：请引发 ValueError
# say in the message which layer it is, counting from 1
# → 在消息里说明是第几层，从 1 数起
# three layers → 三层
# the first layer may be the one that does not fit → 接不上的也可能是第一层

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


# %% variant="shapes_through"
def shapes_through(n, d, weights):
    sizes = [d, *(after for after, _ in weights)]
    for number, (given, (_, wanted)) in enumerate(zip(sizes, weights, strict=False), 1):
        if given != wanted:
            raise ValueError(f"layer {number} takes {wanted} numbers and gets {given}")
    return [(n, size) for size in sizes]


# %% [markdown]
# The shapes tell the number of parameters, too. With $d_l$ numbers after layer $l$,
#
# $$|\theta| = \sum_{l=1}^{D} (d_{l-1} + 1)\, d_l \label{parameter-count}$$

# %% [markdown] lang="zh" of="8cf19268"
# 形状也决定了参数的个数。设第 $l$ 层之后有 $d_l$ 个数，则
#
# $$|\theta| = \sum_{l=1}^{D} (d_{l-1} + 1)\, d_l \label{parameter-count}$$

# %% equation="parameter-count" of="795cc18d"
sizes = [64, 32, 16, 10]
counted = sum(p.numel() for p in bm.models.MLP(sizes).parameters())
formula = sum((before + 1) * after for before, after in pairwise(sizes))
bm.equation("parameter-count", torch.tensor(counted), torch.tensor(formula), atol=0.0)

# %% [markdown]
# ## The last layer is different
#
# Put the document's formula to the test. The data: 442 patients, ten measurements each,
# and how far their diabetes had advanced a year later, as a deviation from the mean, in
# standard deviations. The sigmoid gives numbers between 0 and 1, tanh between $-1$ and
# 1, ReLU nothing negative. A network that ends in one of these cannot say what lies
# outside. So there is an error below which it cannot get, whatever its weights: that of
# the best prediction inside. We let four networks learn the patients by heart, and
# compare.

# %% [markdown] lang="zh" of="70aafce9"
# ## 最后一层与众不同
#
# 来检验原文的公式。数据：442 位病人，每人十项测量，以及一年后糖尿病的进展，
# 用与均值的偏差表示，以标准差为单位。
# sigmoid 给出 0 到 1 之间的数，tanh 给出 $-1$ 到 1 之间的数，
# ReLU 给不出负数。以它们收尾的网络，说不出这个范围之外的话。
# 所以无论权重怎样，误差都有一个下限：范围之内最好的预测所留下的误差。
# 我们让四个网络把病人的数据背下来，比一比。

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
    name: (progress - progress.clamp(low, high)).square().mean().item()
    for name, (_, low, high) in ends.items()
}

# %% [raw] lang="zh"
# identity → 恒等


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


said = {
    name: by_heart(phi) for name, (phi, *_) in bm.show.progress(ends.items(), "outputs")
}
errors = {
    name: (y_hat - progress).square().mean().item() for name, y_hat in said.items()
}


# %% [raw] lang="zh"
# outputs → 输出

# %% fold
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharey=True, layout="constrained")
for ax, (name, y_hat) in zip(axes, said.items(), strict=True):
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
free, *bound = errors
bm.claim(
    (
        "For regression the last layer must be free: no weights let sigmoid, "
        "tanh or ReLU follow"
    ),
    errors[free] < min(floors[name] for name in bound)
    and all(errors[name] >= floors[name] for name in bound),
    identity=errors[free],
    floors=[floors[name] for name in bound],
    reached=[errors[name] for name in bound],
)

# %% [raw] lang="zh"
# For regression the last layer must be free: no weights let sigmoid, tanh or ReLU
# follow
# → 回归时最后一层必须自由：sigmoid、tanh、ReLU 无论权重如何都跟不上

# %% [markdown]
# One could squeeze the targets into the range, and then the sigmoid would do. The rule
# behind it: **the last layer must be able to say what there is to say**. Any real
# number: identity. One probability: sigmoid. Probabilities of several classes, which
# sum to 1: softmax. These last two are one thing, by the way, because for two classes
#
# $$\mathrm{softmax}(z)_1 = \frac{1}{1 + e^{-(z_1 - z_2)}} \label{softmax-sigmoid}$$

# %% [markdown] lang="zh" of="4190ca6d"
# 当然也可以把目标压进这个范围，那样 sigmoid 就够用了。背后的规则是：
# **最后一层要说得出该说的话**。任意实数：恒等。一个概率：sigmoid。
# 几个类别的概率，和为 1：softmax。后两者其实是一回事，因为两个类别时
#
# $$\mathrm{softmax}(z)_1 = \frac{1}{1 + e^{-(z_1 - z_2)}} \label{softmax-sigmoid}$$

# %% equation="softmax-sigmoid" of="caabbbf3"
z = torch.randn(50, 2)
powers = [(math.exp(first), math.exp(second)) for first, second in z.tolist()]
left = torch.tensor([first / (first + second) for first, second in powers])
bm.equation(
    "softmax-sigmoid", left, 1 / (1 + torch.exp(-(z[:, 0] - z[:, 1]))), atol=1e-12
)

# %% [markdown]
# With more classes they part. Ten sigmoids for ten digits know nothing of each other.
# We train the same network with either end, sigmoids on squared error as the formula
# has it, and add up what each says about a picture.

# %% [markdown] lang="zh" of="a12ffc29"
# 类别一多，两者就不同了。十个数字用十个 sigmoid，它们互不相干。
# 同一个网络分别用两种收尾来训练（sigmoid 按原文的公式，配平方误差），
# 再把它们对每张图片给出的十个数加起来。

# %%
images, digits = load_digits(return_X_y=True)
images, digits = torch.tensor(images / 16), torch.tensor(digits)
goal = F.one_hot(digits).double()
sums, right = {}, {}
for name in ("softmax", "sigmoid"):
    torch.manual_seed(lab.seed)
    model = bm.models.MLP([64, 32, 10])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    soft = name == "softmax"
    for _ in range(150):
        z = model(images[:1200])
        if soft:
            J = F.cross_entropy(z, digits[:1200])
        else:
            J = F.mse_loss(z.sigmoid(), goal[:1200])
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
    z = model(images[1200:]).detach()
    sums[name] = (z.softmax(-1) if soft else z.sigmoid()).sum(-1)
    right[name] = bm.train.accuracy(z, digits[1200:]).item()
print(right)

# %%
bm.claim(
    ("Softmax shares out one certainty; ten sigmoids promise too much or too little"),
    (sums["softmax"] - 1).abs().max() < 1e-9
    and sums["sigmoid"].min() < 0.8
    and sums["sigmoid"].max() > 1.2,
    softmax=[sums["softmax"].min(), sums["softmax"].max()],
    sigmoid=[sums["sigmoid"].min(), sums["sigmoid"].max()],
)

# %% [raw] lang="zh"
# Softmax shares out one certainty; ten sigmoids promise too much or too little
# → softmax 分配的是同一份把握；十个 sigmoid 加起来时多时少

# %% [markdown]
# Both name the right digit nearly as often; the printed numbers say it. What they say
# about *how sure* they are is another matter, and a doctor or a bank needs that.
#
# ## When are two networks the same?
#
# Number the hidden units in another order. Nothing changes but the names. With a
# permutation matrix $P$, for any $\sigma$ that works number by number,
#
# $$W_2 P^\top\, \sigma(P W_1 x + P b_1) + b_2 = W_2\,\sigma(W_1 x + b_1) + b_2
# \label{permutation-symmetry}$$
#
# And ReLU has a symmetry of its own, since $\mathrm{relu}(cz) = c\,\mathrm{relu}(z)$
# for $c > 0$. Give every hidden unit its own $c_j > 0$, and with $C$ the diagonal
# matrix of them
#
# $$W_2 C^{-1}\, \mathrm{relu}(C W_1 x + C b_1) + b_2
# = W_2\,\mathrm{relu}(W_1 x + b_1) + b_2
# \label{scaling-symmetry}$$

# %% [markdown] lang="zh" of="70ed26db"
# 两者答对的次数相差无几，上面打印的数就是证明。可是它们对自己*有多大把握*的说法不一样，
# 而医生和银行要的正是这个。
#
# ## 两个网络何时相同？
#
# 给隐藏单元换一种编号顺序，除了名字什么也不变。设 $P$ 为排列矩阵，
# 对任何逐个数计算的 $\sigma$，
#
# $$W_2 P^\top\, \sigma(P W_1 x + P b_1) + b_2 = W_2\,\sigma(W_1 x + b_1) + b_2
# \label{permutation-symmetry}$$
#
# ReLU 还有自己独有的对称，因为 $c > 0$ 时 $\mathrm{relu}(cz) = c\,\mathrm{relu}(z)$。
# 给每个隐藏单元一个自己的 $c_j > 0$，它们组成对角矩阵 $C$，那么
#
# $$W_2 C^{-1}\, \mathrm{relu}(C W_1 x + C b_1) + b_2
# = W_2\,\mathrm{relu}(W_1 x + b_1) + b_2
# \label{scaling-symmetry}$$

# %%
W1, b1, x = torch.randn(6, 4), torch.randn(6), torch.randn(4)
W2, b2 = torch.randn(3, 6), torch.randn(3)

# %% equation="permutation-symmetry" of="e552c8b0"
P = torch.eye(6)[torch.randperm(6)]
left = W2 @ P.T @ torch.tanh(P @ W1 @ x + P @ b1) + b2
bm.equation("permutation-symmetry", left, W2 @ torch.tanh(W1 @ x + b1) + b2, atol=1e-12)

# %% equation="scaling-symmetry" of="27900089"
C = torch.diag(0.1 + 5 * torch.rand(6))
left = W2 @ torch.linalg.inv(C) @ torch.relu(C @ W1 @ x + C @ b1) + b2
bm.equation("scaling-symmetry", left, W2 @ torch.relu(W1 @ x + b1) + b2, atol=1e-12)

# %% [markdown]
# So $\theta$ is no fingerprint. A layer of 16 hidden units alone has $16!$ orders, some
# twenty million millions, each of them the same function at another point of parameter
# space. Does that matter in practice? Train a network on breast cancer data (569
# tumours, 30 measurements of each, benign or malignant), renumber its hidden units, and
# walk straight from one $\theta$ to the other. Both ends are the same function. And the
# middle?

# %% [markdown] lang="zh" of="be06b0f9"
# 所以 $\theta$ 不是指纹。仅 16 个隐藏单元的一层就有 $16!$ 种顺序，约二十万亿种，
# 每种都是参数空间里的另一个点，却是同一个函数。这在实践中要紧吗？
# 用乳腺癌数据（569 个肿瘤，各 30 项测量，良性或恶性）训练一个网络，
# 给隐藏单元重新编号，再从一个 $\theta$ 笔直走到另一个。两端是同一个函数，中间呢？

# %%
cells, kind = load_breast_cancer(return_X_y=True)
cells, kind = torch.tensor((cells - cells.mean(0)) / cells.std(0)), torch.tensor(kind)


def diagnose(seed):
    torch.manual_seed(seed)
    model = bm.models.MLP([30, 16, 2])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(model(cells), kind).backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]  # W1, b1, W2, b2


def loss(theta):
    W1, b1, W2, b2 = theta
    return F.cross_entropy(torch.relu(cells @ W1.T + b1) @ W2.T + b2, kind).item()


# %%
way = torch.linspace(0, 1, 21)
walks = []
for number in range(lab.pick(ci=3, workshop=5, full=10)):
    one = diagnose(lab.seed + number)
    order = torch.randperm(16)
    two = [one[0][order], one[1][order], one[2][:, order], one[3]]
    mixed = [[(1 - t) * p + t * q for p, q in zip(one, two, strict=True)] for t in way]
    walks.append([loss(theta) for theta in mixed])
walks = torch.tensor(walks)  # (networks, 21)

# %% fold
fig, ax = plt.subplots()
for walk in walks:
    ax.plot(way, walk)
ax.set(xlabel="from θ (0) to θ renumbered (1)", ylabel="loss J", ylim=(0, None))
alt = (
    "Loss along straight ways between two names of the same function: "
    "equal and low at both ends, a hill in between."
)
bm.show.figure(fig, alt=alt)
ends_apart = (walks[:, 0] - walks[:, -1]).abs().max()
bm.claim(
    (
        "Renumbered, a network is the same function; but the mean of the two "
        "is another, worse one"
    ),
    ends_apart < 1e-9 and (walks[:, 10] > 2 * walks[:, 0]).all(),
    ends_apart=ends_apart,
    end=walks[:, 0].mean(),
    middle=walks[:, 10].mean(),
)

# %% [raw] lang="zh"
# from θ (0) to θ renumbered (1) → 从 θ（0）到重新编号的 θ（1）
# loss J → 损失 J
# Loss along straight ways between two names of the same function: equal and low at both
# ends, a hill in between.
# → 在同一个函数的两种编号之间直走，损失的变化：两端一样低，中间隆起一座山。
# Renumbered, a network is the same function; but the mean of the two is another, worse
# one
# → 重新编号，还是同一个函数；两者取平均，却成了另一个更差的函数

# %% [markdown]
# Remember this hill when you average networks, or wonder whether two trainings found
# "the same" solution.
#
# The scaling symmetry can be put to use. Among all networks that compute one function,
# which has the smallest weights? Unit $j$ has incoming numbers, row $j$ of $W_1$ with
# $b_{1,j}$, and outgoing ones, column $j$ of $W_2$. Let $\alpha$ and $\beta$ be their
# sums of squares. Scaling turns them into $c^2\alpha$ and $\beta/c^2$, and
#
# $$\min_{c > 0}\Bigl(c^2\alpha + \frac{\beta}{c^2}\Bigr) = 2\sqrt{\alpha\beta}
# \label{balance}$$
#
# reached where both parts are equal, at $c^2 = \sqrt{\beta/\alpha}$. Such a network is
# called balanced.

# %% [markdown] lang="zh" of="d03a6bd5"
# 以后要对网络取平均，或想知道两次训练是否找到了“同一个”解时，请记得这座山。
#
# 缩放对称还有用处。计算同一个函数的所有网络里，哪个的权重最小？
# 单元 $j$ 有进来的数，即 $W_1$ 的第 $j$ 行和 $b_{1,j}$；
# 也有出去的数，即 $W_2$ 的第 $j$ 列。
# 设两者的平方和分别为 $\alpha$ 和 $\beta$。
# 缩放把它们变成 $c^2\alpha$ 和 $\beta/c^2$，而
#
# $$\min_{c > 0}\Bigl(c^2\alpha + \frac{\beta}{c^2}\Bigr) = 2\sqrt{\alpha\beta}
# \label{balance}$$
#
# 在两部分相等处取到，即 $c^2 = \sqrt{\beta/\alpha}$。这样的网络叫作平衡的。

# %% equation="balance" of="086b0b09"
alpha, beta = 7.3, 0.4
c = torch.linspace(0.05, 3, 200_000)
squares = c**2 * alpha + beta / c**2
least = torch.tensor(2 * math.sqrt(alpha * beta))
bm.equation("balance", squares.min(), least, atol=1e-6)


# %% exercise="balance" points=3 minutes=12 level=3
def balance(W1, b1, W2):
    """The balanced ReLU network that computes the same function.

    W1: (hidden, in), b1: (hidden,), W2: (out, hidden). No hidden unit is all zeros on
    either side. Leave the arguments as they are.
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
# either side. Leave the arguments as they are.
# Returns new (W1, b1, W2): for each hidden unit the squares of its row of W1 and of
# its entry of b1 sum to as much as those of its column of W2.
# → W1：(hidden, in)，b1：(hidden,)，W2：(out, hidden)。
#   没有哪个隐藏单元的某一边全为零。不要改动参数本身。
#   返回新的 (W1, b1, W2)：对每个隐藏单元，W1 的那一行与 b1 的那一项的平方和，
#   等于 W2 的那一列的平方和。

# %% check="balance"
draws = torch.Generator().manual_seed(3)


def draw(*shape):
    return torch.randn(*shape, generator=draws, dtype=torch.float64)


A, s, B = 5 * draw(4, 4), draw(4), draw(4, 4)
kept = [v.clone() for v in (A, s, B)]
U, r, V = balance(A, s, B)
untouched = all(torch.equal(v, w) for v, w in zip((A, s, B), kept, strict=True))
bm.expect.true(untouched, "do not change the arguments: make new tensors")
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
A, s, B, x_in = draw(7, 3), draw(7), 3 * draw(2, 7), draw(9, 3)
U, r, V = balance(A, s, B)
want = torch.relu(x_in @ A.T + s) @ B.T
bm.expect.close(torch.relu(x_in @ U.T + r) @ V.T, want, "the function must not change")
incoming, outgoing = U.square().sum(1) + r**2, V.square().sum(0)
bm.expect.close(incoming, outgoing, "7 hidden units")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# do not change the arguments: make new tensors → 不要改动参数：请新建张量
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
# the function must not change → 函数不能变
# 7 hidden units → 7 个隐藏单元

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


# %% mistake="balance" says="was changed"
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


# %%
W1, b1, W2, b2 = diagnose(lab.seed)
before = sum(p.square().sum().item() for p in (W1, b1, W2))
V1, c1, V2 = balance(W1, b1, W2)
after = sum(p.square().sum().item() for p in (V1, c1, V2))
one, two = (
    torch.relu(cells @ first.T + bias) @ last.T
    for first, bias, last in ((W1, b1, W2), (V1, c1, V2))
)
moved = (one - two).abs().max()
bm.claim(
    ("The same function with smaller weights: balancing changes θ and nothing else"),
    moved < 1e-9 and after < 0.99 * before,
    outputs_moved=moved,
    squares_before=before,
    squares_after=after,
)

# %% [raw] lang="zh"
# The same function with smaller weights: balancing changes θ and nothing else
# → 同一个函数，更小的权重：平衡只改变 θ，别的什么都不变

# %% [markdown]
# So "the size of the weights" says nothing about a function until one says which of its
# networks is meant. Weight decay, which pushes the sum of squares down, also pushes
# every unit towards balance.
#
# ## Straight pieces
#
# A ReLU either passes its input or gives zero. As long as none of them changes its
# mind, the network is a product of matrices. Let $M_l$ be the diagonal matrix with 1
# where layer $l$'s units are on at $x$ and 0 where they are off. Then for every step
# $e$ small enough
#
# $$f(x + e) = f(x) + W_D\, M_{D-1} W_{D-1} \cdots M_1 W_1\, e \label{local-affine}$$
#
# Not nearly: exactly.

# %% [markdown] lang="zh" of="a5cca138"
# 可见在说清是哪一个网络之前，“权重的大小”说明不了函数的任何性质。
# 权重衰减压低平方和，同时也把每个单元推向平衡。
#
# ## 一段一段的直线
#
# ReLU 要么放行，要么给零。只要没有哪个改变主意，整个网络就是若干矩阵的乘积。
# 设 $M_l$ 为对角矩阵，第 $l$ 层在 $x$ 处开着的单元为 1，关着的为 0。
# 那么对每个足够小的位移 $e$，
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


def random_layers(sizes, draws):
    return [
        (
            torch.randn(after, before, generator=draws) * math.sqrt(2 / before),
            0.3 * torch.randn(after, generator=draws),
        )
        for before, after in pairwise(sizes)
    ]


# %% [raw] lang="zh"
# A ReLU network without φ: rows x (n, d), layers a list of (W, b).
# → 不带 φ 的 ReLU 网络：x 按行排列 (n, d)，layers 为若干 (W, b)。

# %% equation="local-affine" of="597fd6e8"
(W1, b1), (W2, b2), (W3, b3) = random_layers(
    [4, 8, 8, 2], torch.Generator().manual_seed(1)
)
x, e = torch.tensor([0.5, -1.0, 0.3, 2.0]), 1e-4 * torch.tensor([1.0, 2.0, -1.0, 0.5])
M1 = torch.diag((W1 @ x + b1 > 0).double())
M2 = torch.diag((W2 @ M1 @ (W1 @ x + b1) + b2 > 0).double())
layers = [(W1, b1), (W2, b2), (W3, b3)]
left = (network((x + e)[None], layers) - network(x[None], layers))[0] / 1e-4
bm.equation("local-affine", left, W3 @ M2 @ W2 @ M1 @ W1 @ e / 1e-4, atol=1e-9)

# %% [markdown]
# Now you: find the affine function that a ReLU network is, around a given $x$.

# %% [markdown] lang="zh" of="ad846276"
# 轮到你了：求出 ReLU 网络在给定的 $x$ 附近就是哪个仿射函数。


# %% exercise="affine_at" points=3 minutes=12 level=3
def affine_at(x, layers):
    """The affine function that a ReLU network is around x.

    x: one input, (d,). layers: a list of (W, b); ReLU after each but the last.
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
# x: one input, (d,). layers: a list of (W, b); ReLU after each but the last.
# Returns (A, c), A (out, d) and c (out,), such that the network is A @ v + c for
# every v near x.
# → x：一个输入，(d,)。layers：若干 (W, b)，除最后一层外每层之后都有 ReLU。
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
answer = affine_at(ones, one)
bm.expect.true(
    isinstance(answer, tuple | list) and len(answer) == 2, "return two things: A and c"
)
advice = "a single layer is affine already: no unit of the last layer is ever off"
bm.expect.close(answer[0], one[0][0], advice)
made = [(draw(5, 3), draw(5)), (draw(4, 5), draw(4)), (draw(2, 4), draw(2))]
here = draw(3)
A, c = affine_at(here, made)
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
for number in range(4):
    here, step = draw(3), 1e-6 * draw(3)
    A, c = affine_at(here, made)
    advice = f"point {number}: the same A and c hold at a neighbour"
    bm.expect.close(
        A @ (here + step) + c, run(here + step, made), advice, rtol=0, atol=1e-9
    )
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


# %% variant="affine_at"
def affine_at(x, layers):
    def run(v):
        for W, b in layers[:-1]:
            v = torch.relu(W @ v + b)
        return layers[-1][0] @ v + layers[-1][1]

    A = torch.autograd.functional.jacobian(run, x)
    return A, run(x) - A @ x


# %% [markdown]
# Let us see the pieces. We train a network with two inputs on two interlocking moons,
# and colour the plane by which units are on. Within each patch the network is one
# affine function.

# %% [markdown] lang="zh" of="28dd0a04"
# 来看看这些片。我们用两弯交错的月牙训练一个两输入的网络，
# 再按哪些单元开着给平面上色。每一片之内，网络就是一个仿射函数。

# %%
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
with torch.no_grad():
    on = torch.cat([h > 0 for h in model.hidden(plane)], 1)  # (160000, 32)
    margin = model(plane).diff(dim=1).view(400, 400)
code = (on.long() * 2 ** torch.arange(32)).sum(1)
names, patch = code.unique(return_inverse=True)
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
# first input → 第一个输入
# second input → 第二个输入
# 32 units, {len(names)} affine patches → 32 个单元，{len(names)} 个仿射片
# The plane cut by straight and kinked lines into many patches; a black border made of
# straight pieces winds between two moons of dots and crosses.
# → 平面被直线和折线切成许多片；一条由直线段组成的黑色边界，蜿蜒在圆点和叉
#   号组成的两弯月牙之间。

# %%
lines = [affine_at(v, layers) for v in spots]
by_patch = torch.stack([A @ v + c for (A, c), v in zip(lines, spots, strict=True)])
bm.claim(
    "A ReLU network is a patchwork of affine functions, exactly",
    (by_patch - network(spots, layers)).abs().max() < 1e-9 and len(names) > 40,
    largest_gap=(by_patch - network(spots, layers)).abs().max(),
    patches=len(names),
)

# %% [raw] lang="zh"
# A ReLU network is a patchwork of affine functions, exactly
# → ReLU 网络就是仿射函数的拼布，分毫不差

# %% [markdown]
# ## How steep can it get?
#
# If two inputs are close, are the outputs close? The answer is the steepest slope,
# called the Lipschitz constant. For one layer without its bend it is a well-known
# number, the largest singular value:
#
# $$\max_{\lVert d\rVert = 1} \lVert W d\rVert = \lVert W\rVert
# = \text{largest singular value of } W \label{spectral-norm}$$
#
# ReLU and tanh have slopes of at most 1 and make nothing steeper. And in a composition
# the steepest slopes multiply, at worst:
#
# $$\max_{x \ne x'} \frac{\lVert f(x) - f(x')\rVert}{\lVert x - x'\rVert}
# \le \prod_{l=1}^{D} \lVert W_l\rVert \label{lipschitz}$$

# %% [markdown] lang="zh" of="e365df34"
# ## 最陡能有多陡？
#
# 两个输入很近，输出也近吗？答案是最陡的斜率，叫作 Lipschitz 常数。
# 不折弯的一层，它是个熟悉的数，即最大奇异值：
#
# $$\max_{\lVert d\rVert = 1} \lVert W d\rVert = \lVert W\rVert
# = \text{$W$ 的最大奇异值} \label{spectral-norm}$$
#
# ReLU 和 tanh 的斜率不超过 1，不会让什么变得更陡。复合时，最陡的斜率至多相乘：
#
# $$\max_{x \ne x'} \frac{\lVert f(x) - f(x')\rVert}{\lVert x - x'\rVert}
# \le \prod_{l=1}^{D} \lVert W_l\rVert \label{lipschitz}$$

# %% equation="spectral-norm" of="23abe82a"
W = torch.randn(3, 2)
angle = torch.linspace(0, 2 * math.pi, 50_000)
directions = torch.stack([angle.cos(), angle.sin()], 1)  # (50000, 2)
steepest = (directions @ W.T).norm(dim=1).max()
bm.equation("spectral-norm", steepest, torch.linalg.svdvals(W)[0], atol=1e-6)


# %% exercise="lipschitz_bound" points=2 minutes=6 level=2
def lipschitz_bound(layers):
    """An upper bound of a ReLU network's steepest slope, from its weights alone.

    layers: a list of (W, b). Returns a number, a float or a tensor of no dimension.
    """
    ### BEGIN SOLUTION
    return math.prod(torch.linalg.matrix_norm(W, 2).item() for W, _ in layers)
    ### END SOLUTION


# %% [raw] lang="zh"
# An upper bound of a ReLU network's steepest slope, from its weights alone.
# → 仅由权重得出的 ReLU 网络最陡斜率的上界。
# layers: a list of (W, b). Returns a number, a float or a tensor of no dimension.
# → layers：若干 (W, b)。返回一个数：float 或零维张量。

# %% check="lipschitz_bound"
none = torch.zeros(2, dtype=torch.float64)
stretch = torch.diag(torch.tensor([3.0, 2.0], dtype=torch.float64))
got = float(lipschitz_bound([(stretch, none)]))
advice = (
    "a stretch by 3 one way and 2 the other is at most 3 steep: the "
    "largest singular value, not the root of the sum of squares"
)
bm.expect.close(got, 3.0, advice)
bias = torch.tensor([5.0, -9.0], dtype=torch.float64)
got = float(lipschitz_bound([(-stretch, bias)]))
advice = "neither a sign nor the bias changes a slope's size"
bm.expect.close(got, 3.0, advice)
got = float(lipschitz_bound([(stretch, none), (stretch, none), (stretch, none)]))
advice = "slopes of a composition multiply: 3 after 3 after 3 is 27"
bm.expect.close(got, 27.0, advice)
flip = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
got = float(lipschitz_bound([(stretch, none), (flip @ stretch @ flip, none)]))
advice = (
    "bound each layer by itself: a ReLU stands between the matrices, so do "
    "not multiply them"
)
bm.expect.close(got, 9.0, advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(2)
made = [
    (torch.randn(a, b, generator=draws, dtype=torch.float64), none)
    for a, b in ((5, 3), (4, 5), (2, 4))
]
want = math.prod(float(torch.linalg.svdvals(W)[0]) for W, _ in made)
bm.expect.close(float(lipschitz_bound(made)), want, "matrices that are not square")
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
# An inequality holds if the smaller of its two sides is the left one. Ten thousand
# pairs of points, close together so that slopes do not average out:

# %% [markdown] lang="zh" of="a37060a3"
# 不等式成立，等于说两边较小的是左边。取一万对点，每对靠得很近，免得斜率互相抵消：

# %% equation="lipschitz" of="15adaccf"
layers = random_layers([5, 30, 30, 2], torch.Generator().manual_seed(3))
x = torch.randn(10_000, 5)
other = x + 1e-3 * torch.randn(10_000, 5)
moved = (network(x, layers) - network(other, layers)).norm(dim=1)
steepest = (moved / (x - other).norm(dim=1)).max()
bound = torch.tensor(float(lipschitz_bound(layers)))
bm.equation("lipschitz", torch.minimum(steepest, bound), steepest, atol=1e-12)

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
bm.claim(
    ("The product of norms is never beaten, and in deep networks says far too much"),
    all(f <= p * (1 + 1e-9) for f, p in zip(found, promised, strict=True))
    and promised[-1] > 20 * found[-1]
    and math.isclose(found[0], promised[0]),
    one_layer=[found[0], promised[0]],
    eight_layers=[found[-1], promised[-1]],
)

# %% [raw] lang="zh"
# bound: product of norms → 上界：范数之积
# steepest slope found → 找到的最陡斜率
# layers D → 层数 D
# slope → 斜率
# On a logarithmic axis the bound climbs straight with depth, the steepest slope found
# much more slowly.
# → 对数坐标下，上界随深度直线上升，找到的最陡斜率慢得多。
# The product of norms is never beaten, and in deep networks says far too much
# → 范数之积从未被超过，但在深层网络里大得离谱

# %% [markdown]
# The bound would be reached only if each layer stretched most exactly where the one
# before had just stretched. That is why a proof that a network is safe against small
# changes is hard, and a proof from norms alone is usually too pessimistic to use.
#
# ## Drawing any curve
#
# Now the most famous theorem about networks: one hidden layer, if it is wide enough,
# comes as close as you like to any continuous function on a bounded region (Cybenko
# 1989; Hornik, Stinchcombe and White 1989). Theorems of this kind sound like magic. On
# a line one can do it by hand. Join points on the curve by straight lines. At each
# point the slope changes, and a hinge $\mathrm{relu}(x - x_i)$ changes the slope by 1
# from $x_i$ on. So each hinge needs as its weight the change of slope. That is all.

# %% [markdown] lang="zh" of="1a1cf7ce"
# 只有当每一层都恰好在前一层刚拉长的方向上拉得最长，上界才会取到。
# 所以要证明网络经得起微小的扰动很难，而仅凭范数的证明往往悲观得无法使用。
#
# ## 画出任意曲线
#
# 现在来看关于网络最有名的定理：只要足够宽，一个隐藏层就能以任意精度逼近有界区域上的
# 任何连续函数（Cybenko 1989；Hornik、Stinchcombe 和 White 1989）。
# 这类定理听起来像魔法。在一条线上，却可以亲手做到：把曲线上的点用直线连起来。
# 每到一个点斜率就变，而折线 $\mathrm{relu}(x - x_i)$ 从 $x_i$ 起使斜率增加 1。
# 所以每条折线的权重取斜率的变化量就行了。仅此而已。


# %% exercise="interpolator" points=3 minutes=12 level=3
def interpolator(knots, values):
    """One hidden layer of ReLUs that joins points by straight lines.

    knots: (k + 1,), increasing, not evenly spaced. values: (k + 1,).
    Returns [(W1, b1), (W2, b2)] with shapes (k, 1), (k,), (1, k), (1,). From the first
    knot to the last the network goes through every point, and straight in between.
    """
    ### BEGIN SOLUTION
    slopes = values.diff() / knots.diff()  # (k,)
    changes = torch.cat([slopes[:1], slopes.diff()])  # (k,)
    k = len(slopes)
    first = (torch.ones(k, 1, dtype=knots.dtype), -knots[:-1])
    return [first, (changes[None], values[:1])]
    ### END SOLUTION


# %% [raw] lang="zh"
# One hidden layer of ReLUs that joins points by straight lines.
# → 用一个 ReLU 隐藏层把若干点用直线连起来。
# knots: (k + 1,), increasing, not evenly spaced. values: (k + 1,).
# Returns [(W1, b1), (W2, b2)] with shapes (k, 1), (k,), (1, k), (1,). From the first
# knot to the last the network goes through every point, and straight in between.
# → knots：(k + 1,)，递增，间距不一定相等。values：(k + 1,)。
#   返回 [(W1, b1), (W2, b2)]，形状为 (k, 1)、(k,)、(1, k)、(1,)。
#   从第一个节点到最后一个节点，网络经过每个点，相邻两点之间是直线。


# %% check="interpolator"
def run(t, layers):
    (W1, b1), (W2, b2) = layers
    return (torch.relu(t[:, None] @ W1.T + b1) @ W2.T + b2)[:, 0]


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


spot = tensor(1.0, 2.0, 3.0)
made = interpolator(spot, tensor(0.0, 1.0, 2.0))
shapes = [tuple(v.shape) for pair in made for v in pair]
advice = "three points, two hinges: shapes (2, 1), (2,), (1, 2), (1,)"
bm.expect.equal(shapes, [(2, 1), (2,), (1, 2), (1,)], advice)
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
spot = torch.rand(30, generator=draws, dtype=torch.float64).sort().values
height = torch.randn(30, generator=draws, dtype=torch.float64)
t = torch.linspace(float(spot[0]), float(spot[-1]), 500, dtype=torch.float64)
want = torch.from_numpy(np.interp(t.numpy(), spot.numpy(), height.numpy()))
bm.expect.close(
    run(t, interpolator(spot, height)),
    want,
    "30 points, and straight between",
    atol=1e-6,
)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# three points, two hinges: shapes (2, 1), (2,), (1, 2), (1,)
# → 三个点，两条折线：形状为 (2, 1)、(2,)、(1, 2)、(1,)
# on a straight line of slope 1 from (1, 0): a hinge relu(x - knot) has bias -knot
# → 从 (1, 0) 起斜率为 1 的直线：折线 relu(x - knot) 的偏置是 -knot
# each hinge adds to the slope before: its weight is the CHANGE of slope
# → 每条折线都加在之前的斜率上：权重是斜率的变化量
# at the first knot no hinge has begun: the output's bias is the first value
# → 在第一个节点处，折线都还没开始：输出层的偏置就是第一个值
# knots need not be evenly spaced: a slope is a rise divided by its run
# → 节点间距不一定相等：斜率是升高除以走过的距离
# 30 points, and straight between → 30 个点，点与点之间是直线

# %% [markdown] hint="interpolator"
# First the slopes between neighbours: `values.diff() / knots.diff()`. The first hinge
# starts at the first knot. What weight must it have, and the second?

# %% [markdown] lang="zh" of="8856415d"
# 先求相邻点之间的斜率：`values.diff() / knots.diff()`。
# 第一条折线从第一个节点开始。它的权重应是多少？第二条呢？

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


# %% [markdown]
# In a formula, with $s_i$ the slope from point $i$ to the next one, your network is
#
# $$y_0 + s_0\,\mathrm{relu}(x - x_0)
# + \sum_{i=1}^{k-1} (s_i - s_{i-1})\,\mathrm{relu}(x - x_i)
# = \text{the line through the points} \label{interpolation}$$

# %% [markdown] lang="zh" of="7dccd0ab"
# 写成公式，设 $s_i$ 为第 $i$ 个点到下一个点的斜率，你的网络就是
#
# $$y_0 + s_0\,\mathrm{relu}(x - x_0)
# + \sum_{i=1}^{k-1} (s_i - s_{i-1})\,\mathrm{relu}(x - x_i)
# = \text{穿过各点的折线} \label{interpolation}$$

# %% equation="interpolation" of="3ee567a1"
knots = np.sort(np.random.rand(9))
values, x = np.random.randn(9), np.linspace(knots[0], knots[-1], 300)
slope = np.diff(values) / np.diff(knots)
line = values[0] + slope[0] * np.maximum(0, x - knots[0])
for i in range(1, 8):
    line = line + (slope[i] - slope[i - 1]) * np.maximum(0, x - knots[i])
bm.equation("interpolation", line, np.interp(x, knots, values), atol=1e-8)

# %% [markdown]
# No training at all. Choose a curve and a width. `corner` has two kinks that no knot
# hits, `root` is infinitely steep at 0.

# %% [markdown] lang="zh" of="48fa1914"
# 完全不用训练。选一条曲线和一个宽度。`corner` 有两个节点碰不到的折角，
# `root` 在 0 处无限陡。

# %%
curves = {
    "smooth": lambda x: torch.sin(2 * math.pi * x) + 0.5 * torch.sin(5 * math.pi * x),
    "corner": lambda x: (3 * (x - 1 / math.pi).abs() - 1).abs(),
    "root": lambda x: x.sqrt(),
}
fine = torch.linspace(0, 1, 20_001)


def by_hand(curve, k):
    knots = torch.linspace(0, 1, k + 1)
    return interpolator(knots, curves[curve](knots))


def approximate(curve, width):
    layers, target = by_hand(curve, width), curves[curve](fine)
    drawn = network(fine[:, None], layers)[:, 0]
    fig, ax = plt.subplots()
    ax.plot(fine, target, "-", color="gray", lw=3, label="curve")
    ax.plot(fine, drawn, "-", lw=1.5, label="network")
    knots = torch.linspace(0, 1, width + 1)
    ax.plot(knots, curves[curve](knots), ".", color="black")
    error = (drawn - target).abs().max().item()
    ax.set(xlabel="input x", ylabel="output", title=f"largest error {error:.2g}")
    ax.legend()
    return fig


alt = (
    "A wavy grey curve and a network of eight straight pieces that touches "
    "it at nine points."
)
bm.show.explore(approximate, alt=alt, curve=list(curves), width=(2, 60, 1, 8))

# %% [raw] lang="zh"
# curve → 曲线
# network → 网络
# input x → 输入 x
# output → 输出
# largest error {error:.2g} → 最大误差 {error:.2g}
# A wavy grey curve and a network of eight straight pieces that touches it at nine
# points.
# → 一条起伏的灰色曲线，和一个由八段直线组成、在九个点上与它重合的网络。

# %% [markdown]
# How fast does the error fall? Between two knots a smooth curve bends away from its
# chord by an eighth of the curvature times the distance squared. So with $k$ evenly
# spaced hinges on $[0, 1]$, where $f_k$ is your network,
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)| = \tfrac18 \max_x |f''(x)|
# \label{rate}$$

# %% [markdown] lang="zh" of="912fde38"
# 误差下降得多快？两个节点之间，光滑曲线偏离弦的距离是曲率乘间距平方的八分之一。
# 所以在 $[0, 1]$ 上用 $k$ 条均匀分布的折线，设 $f_k$ 为你的网络，
#
# $$\lim_{k\to\infty} k^2 \max_x |f(x) - f_k(x)| = \tfrac18 \max_x |f''(x)|
# \label{rate}$$

# %% equation="rate" of="c7ba9ebf"
k = 1000
x = torch.linspace(0, 1, 20 * k + 1)
gap = (
    (curves["smooth"](x) - network(x[:, None], by_hand("smooth", k))[:, 0]).abs().max()
)
slow, fast = 4 * math.pi**2, 12.5 * math.pi**2
bend = -slow * torch.sin(2 * math.pi * x) - fast * torch.sin(5 * math.pi * x)
bm.equation("rate", k**2 * gap, bend.abs().max() / 8, atol=0.01)

# %% [markdown]
# Twice the width, a quarter of the error. That is for smooth curves. And with sigmoids
# instead of hinges? A steep sigmoid is a step, two of them make a bump, and many a
# staircase. Here are the errors of all these against width.

# %% [markdown] lang="zh" of="7ffc9466"
# 宽度加倍，误差减到四分之一。这是对光滑曲线而言。不用折线而用 sigmoid 呢？
# 很陡的 sigmoid 就是一级台阶，两个合成一个凸块，许多个连成楼梯。
# 下面是各种情形的误差随宽度的变化。


# %%
def staircase(curve, k):
    """k steep sigmoids: a step up or down at the middle of every two heights."""
    heights = curves[curve](torch.linspace(0, 1, k + 1))  # (k + 1,)
    places = (torch.arange(k) + 0.5) / k
    steps = torch.sigmoid(200 * k * (fine[:, None] - places))  # (points, k)
    return heights[0] + steps @ heights.diff()


def largest_error(curve, k):
    drawn = network(fine[:, None], by_hand(curve, k))[:, 0]
    return (drawn - curves[curve](fine)).abs().max().item()


widths = [8, 16, 32, 64, 128]
lines = {
    "hinges, smooth curve": [largest_error("smooth", k) for k in widths],
    "hinges, root": [largest_error("root", k) for k in widths],
    "steps, smooth curve": [
        (staircase("smooth", k) - curves["smooth"](fine)).abs().max().item()
        for k in widths
    ],
}
powers = [
    np.polyfit(np.log(widths[1:]), np.log(line[1:]), 1)[0] for line in lines.values()
]


# %% [raw] lang="zh"
# hinges, smooth curve → 折线，光滑曲线
# hinges, root → 折线，平方根
# steps, smooth curve → 台阶，光滑曲线
# k steep sigmoids: a step up or down at the middle of every two heights.
# → k 个陡峭的 sigmoid：在每两个高度的正中间上一级或下一级台阶。

# %% fold
fig, ax = plt.subplots()
for (name, errors), power, mark in zip(lines.items(), powers, "os^", strict=True):
    ax.loglog(widths, errors, marker=mark, label=f"{name}: {power:.2f}")
ax.set_xticks(widths, widths)
ax.minorticks_off()
ax.set(xlabel="hidden units k", ylabel="largest error")
ax.legend(fontsize=8, title="power of the width")
alt = (
    "Errors against width, both logarithmic: three straight falling lines. "
    "Hinges on a smooth curve fall steepest, steps half as steep, the "
    "square root at 0 a quarter as steep."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "Width buys a smaller error at a price set by the curve: −2, −1 or only −1/2",
    all(abs(a - b) < 0.2 for a, b in zip(powers, (-2, -0.5, -1), strict=True)),
    hinges=powers[0],
    steps=powers[2],
    root=powers[1],
)

# %% [raw] lang="zh"
# hidden units k → 隐藏单元数 k
# largest error → 最大误差
# power of the width → 宽度的几次方
# Errors against width, both logarithmic: three straight falling lines. Hinges on a
# smooth curve fall steepest, steps half as steep, the square root at 0 a quarter as
# steep.
# → 误差随宽度变化，双对数坐标：三条下降的直线。折线逼近光滑曲线降得最陡，
#   台阶的斜率是它的一半，平方根的是四分之一。
# Width buys a smaller error at a price set by the curve: −2, −1 or only −1/2
# → 宽度换来更小的误差，价钱由曲线定：−2 次、−1 次，或只有 −1/2 次

# %% [markdown]
# That is for one input. With $d$ inputs, a grid of knots as fine as ours needs $k^d$ of
# them: for the 64 pixels of a tiny digit and only two knots each, $2^{64}$. The theorem
# is true and useless there; what saves us is that real data do not fill their space.
#
# Not every bend can do it, by the way. With $\sigma(z) = z^2$ each unit is a parabola,
# and so is any sum of them, at any width. (Among continuous bends the polynomials are
# the only ones that fail: Leshno and others, 1993.)

# %% [markdown] lang="zh" of="c447a417"
# 这是一个输入的情形。有 $d$ 个输入时，同样细的网格需要 $k^d$ 个节点：
# 一幅小小的 64 像素的数字，哪怕每个像素只取两个节点，也要 $2^{64}$ 个。
# 定理在那里依然成立，却没有用处；我们之所以得救，是因为真实数据并不填满整个空间。
#
# 顺便说，并不是什么弯法都行。若 $\sigma(z) = z^2$，每个单元都是抛物线，
# 再宽，它们的和还是抛物线。（在连续的弯法里，只有多项式不行：Leshno 等，1993。）

# %%
draws = torch.Generator().manual_seed(lab.seed)
W, b = torch.randn(200, 1, generator=draws), torch.randn(200, generator=draws)
z = fine[::20, None] @ W.T + b  # (1001, 200)
ranks = {
    "z squared": torch.linalg.matrix_rank(z**2).item(),
    "relu": torch.linalg.matrix_rank(torch.relu(z)).item(),
}
bm.claim(
    ("Two hundred squares span only three functions; two hundred hinges span dozens"),
    ranks["z squared"] == 3 and ranks["relu"] > 24,
    square=ranks["z squared"],
    relu=ranks["relu"],
)

# %% [raw] lang="zh"
# Two hundred squares span only three functions; two hundred hinges span dozens
# → 两百个平方只张成三个函数；两百条折线张成几十个

# %% [markdown]
# ## What training finds
#
# The theorem says that good weights exist. It does not say that you will find them. So
# give Adam the smooth curve and the same widths, with PyTorch's usual start, and
# compare with the network by hand. As a third way, keep the hinges where you put them
# and solve for the last layer alone: that is linear least squares, with one exact
# answer.

# %% [markdown] lang="zh" of="6d7451ec"
# ## 训练能找到什么
#
# 定理说好的权重存在，没说你找得到。那就把光滑曲线和同样的宽度交给 Adam，
# 用 PyTorch 通常的起点，再与手工的网络比一比。还有第三条路：折线的位置照你放的不动，
# 只求最后一层。这是线性最小二乘，有唯一的精确解。

# %%
x = torch.linspace(0, 1, 401)[:, None]
target = curves["smooth"](x)


def rms(y_hat):
    return (y_hat - target).square().mean().sqrt().item()


steps = lab.pick(ci=800, workshop=2000, full=4000)


def train(k, seed):
    torch.manual_seed(seed)
    model = bm.models.MLP([1, k, 1])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x) - target).square().mean().backward()
        optimizer.step()
        slower.step()
    return model


def least_squares(k):
    (W1, b1), _ = by_hand("smooth", k)
    hidden = torch.cat([torch.relu(x @ W1.T + b1), torch.ones(len(x), 1)], 1)
    return hidden @ torch.linalg.lstsq(hidden, target).solution


# %%
widths, seeds = (
    [8, 32, 128],
    range(lab.seed, lab.seed + lab.pick(ci=2, workshop=4, full=10)),
)
hand = [rms(network(x, by_hand("smooth", k))) for k in widths]
solved = [rms(least_squares(k)) for k in widths]
trained = {k: [train(k, s) for s in seeds] for k in bm.show.progress(widths, "widths")}
missed = {
    k: [rms(model(x).detach()) for model in models] for k, models in trained.items()
}

# %% [raw] lang="zh"
# widths → 宽度

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.5), layout="constrained")
left.plot(x, target, "-", color="gray", lw=3, label="curve")
left.plot(x, network(x, by_hand("smooth", 32)), "-", lw=1.2, label="32 by hand")
for model, style in zip(trained[32][:2], ("--", ":"), strict=True):
    left.plot(x, model(x).detach(), style, color="#c2410c", label="32 trained")
left.set(xlabel="input x", ylabel="output")
left.legend(fontsize=8)
right.loglog(widths, hand, "o-", label="by hand")
right.loglog(widths, solved, "^-.", label="same hinges, last layer solved")
for k, errors in missed.items():
    right.plot(
        [k] * len(errors),
        errors,
        "x",
        color="#c2410c",
        label="trained by Adam" if k == 8 else None,
    )
right.set_xticks(widths, widths)
right.minorticks_off()
right.set(xlabel="hidden units k", ylabel="error (root mean square)")
right.legend(fontsize=8)
alt = (
    "Left: the network by hand lies on the curve; trained ones of the same "
    "width miss some of its waves. Right: by hand the error falls straight "
    "with width; Adam's stays near its level at every width."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# curve → 曲线
# 32 by hand → 手工，32 个
# 32 trained → 训练，32 个
# input x → 输入 x
# output → 输出
# by hand → 手工
# same hinges, last layer solved → 同样的折线，解出最后一层
# trained by Adam → 用 Adam 训练
# hidden units k → 隐藏单元数 k
# error (root mean square) → 误差（均方根）
# Left: the network by hand lies on the curve; trained ones of the same width miss some
# of its waves. Right: by hand the error falls straight with width; Adam's stays near
# its level at every width.
# → 左：手工网络与曲线重合；同样宽度的训练网络漏掉了一些起伏。右：手工的误
#   差随宽度直线下降；Adam 的误差无论多宽都停在原来的水平。

# %%
bm.claim(
    (
        "That weights exist does not mean that training finds them: by hand is "
        "ten times closer"
    ),
    min(missed[128]) > 10 * hand[-1] and solved[-1] <= hand[-1],
    by_hand=hand[-1],
    solved=solved[-1],
    trained=missed[128],
)

# %% [raw] lang="zh"
# That weights exist does not mean that training finds them: by hand is ten times closer
# → 权重存在，不等于训练找得到：手工的误差不到十分之一

# %% [markdown]
# Where does the trained network lose? A hinge is of use only if it bends inside the
# picture. Unit $j$ bends where $W_{1,j}\,x + b_{1,j} = 0$. Count how many of the 128 do
# so between 0 and 1.

# %% [markdown] lang="zh" of="191b5194"
# 训练的网络输在哪里？折线只有在画面之内弯折才有用。单元 $j$ 在
# $W_{1,j}\,x + b_{1,j} = 0$ 处弯折。数一数 128 个里有多少个弯在 0 与 1 之间。


# %%
def bends_inside(model):
    place = -model.layers[0].bias / model.layers[0].weight[:, 0]
    return ((place > 0) & (place < 1)).sum().item()


inside = [bends_inside(model) for model in trained[128]]
bm.claim(
    (
        "Training leaves most of its hinges where there is nothing to draw; by "
        "hand all are in use"
    ),
    max(inside) < 128 / 2,
    inside=inside,
    of=128,
)


# %% [raw] lang="zh"
# Training leaves most of its hinges where there is nothing to draw; by hand all are in
# use
# → 训练把大多数折线留在没什么可画的地方；手工的每条都派上了用场

# %% [markdown]
# A real network has millions of such units, and gets along with waste. But keep the two
# questions apart: what a shape *can* compute, and what a training run *will* find. The
# first is this lesson. The second is the rest of this chapter.
#
# ## What we learned
#
# - A network is a composition of affine maps and bends. Follow the shapes and most
#   errors are gone; as rows it is $XW^\top + b$.
# - The last layer must be able to say what there is to say: identity, sigmoid or
#   softmax.
# - $\theta$ is no fingerprint. Renumber or rescale, and the function is the same; take
#   the mean, and it is not.
# - A ReLU network is affine, exactly, on each of many patches. Its steepest slope is at
#   most the product of the layers' norms, and usually far less.
# - One wide layer can draw any curve. You did it, with the rate. Training did not.
#
# ## Where next
#
# Start `train` with the hinges of `by_hand` and see how far Adam gets then. Put a knot
# on each kink of `corner`. Then *Gradient descent, derived* asks which way is down, and
# *Backpropagation, derived* how a network learns its slopes.
#
# ## Further reading
#
# - G. Cybenko (1989), *Approximation by Superpositions of a Sigmoidal Function*,
#   Mathematics of Control, Signals and Systems 2.
# - K. Hornik, M. Stinchcombe and H. White (1989), *Multilayer Feedforward Networks Are
#   Universal Approximators*, Neural Networks 2.
# - M. Leshno, V. Lin, A. Pinkus and S. Schocken (1993), *Multilayer Feedforward
#   Networks with a Nonpolynomial Activation Function Can Approximate Any Function*,
#   Neural Networks 6.
# - I. Goodfellow, Y. Bengio and A. Courville (2016), *Deep Learning*, chapter 6, MIT
#   Press.

# %% [markdown] lang="zh" of="52ee9fcd"
# 真正的网络有千百万个这样的单元，浪费一些也过得去。但请把两个问题分开：
# 一种形状*能*算什么，一次训练*会*找到什么。前一个是这一课，后一个是本章其余的课。
#
# ## 我们学到了什么
#
# - 神经网络是仿射变换与折弯的复合。跟着形状走，大部分错误就没了；
#   按行写是 $XW^\top + b$。
# - 最后一层要说得出该说的话：恒等、sigmoid 或 softmax。
# - $\theta$ 不是指纹。重新编号或缩放，函数不变；取平均，函数就变了。
# - ReLU 网络在许多片上各是一个仿射函数，分毫不差。
#   最陡的斜率不超过各层范数之积，通常小得多。
# - 一个宽层能画出任意曲线。你画出来了，还知道速度；训练却没画出来。
#
# ## 下一步
#
# 让 `train` 从 `by_hand` 的折线出发，看 Adam 能走多远。
# 在 `corner` 的每个折角上放一个节点。
# 然后，《梯度下降的推导》问哪边是下坡，《反向传播的推导》讲网络怎样求得自己的斜率。
#
# ## 延伸阅读
#
# - G. Cybenko (1989), *Approximation by Superpositions of a Sigmoidal Function*,
#   Mathematics of Control, Signals and Systems 2.
# - K. Hornik, M. Stinchcombe, H. White (1989), *Multilayer Feedforward Networks Are
#   Universal Approximators*, Neural Networks 2.
# - M. Leshno, V. Lin, A. Pinkus, S. Schocken (1993), *Multilayer Feedforward Networks
#   with a Nonpolynomial Activation Function Can Approximate Any Function*, Neural
#   Networks 6.
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, chapter 6,
#   MIT Press.
