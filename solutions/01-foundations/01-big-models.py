# ---
# slug: big-models
# title: {en: What makes a model big, zh: 什么是大模型}
# section: "1, 2, 9-Q1"
# minutes: 120
# needs: []
# data: [plays]
# extras: []
# introduces: [activations, activation, scaling law, bootstrap]
# symbols:
#   N: number of parameters
#   D: number of training tokens or examples
#   C: training compute in FLOPs
#   x: input
#   d: numbers that stand for one place
#   n: length of the sequence
#   L: number of layers
#   J: loss
#   alpha: exponent of the power law
#   A: loss that the power law gives a model of one parameter
#   E: loss that no size removes
# says:
#   en: Count a model's parameters, compute and memory; forecast a larger one.
#   zh: 数清模型的参数、算力和内存，再预测更大的模型。
# ---

# %% [markdown]
# Big models are in the news for their size: so many billion parameters, so many
# thousand GPUs, so many days. All three numbers can be worked out on the back of an
# envelope, from a page of configuration. In this lesson you build that envelope. Then
# you train a family of very small models and ask how far they tell the fortune of a
# larger one.

# %% [markdown] lang="zh" of="42502912"
# 大模型上新闻，靠的往往是个头：多少亿参数，多少张 GPU，训练了多少天。其实这三个数，
# 凭一页配置、一个信封背面就能算出来。这一课就来做这个“信封”。
# 然后我们训练一族很小的模型，看看它们能在多大程度上预言更大的模型。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
import time

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.ticker import LogFormatter
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

lab = bm.start("big-models", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## How big is big?
#
# The document that this course follows calls a model big when it has billions of
# parameters, and among its examples are BERT, ResNet and Inception. Here are the sizes
# that the papers give, with the year of each.

# %% [markdown] lang="zh" of="52268a9f"
# ## 多大才算大？
#
# 本课程所依据的文档说，大模型是有数十亿乃至千亿参数的模型；它举的例子里有 BERT、ResNet
# 和 Inception。下面是各篇论文给出的大小和年份。

# %%
papers = {
    "AlexNet": (2012, 60e6),
    "VGG-16": (2014, 138e6),
    "Inception-v3": (2015, 25e6),  # "less than 25 million"
    "ResNet-50": (2015.3, 25.6e6),
    "BERT-base": (2018, 110e6),
    "BERT-large": (2018.3, 340e6),
    "GPT-2 XL": (2019, 1.5e9),
    "GPT-3": (2020, 175e9),
    "PaLM": (2022, 540e9),
    "Llama 3.1": (2024, 405e9),
}

# %% [raw] lang="zh"
# "less than 25 million" → “不到 2500 万”

# %% fold
fig, ax = plt.subplots(figsize=(7.5, 4.2))
for name, (year, size) in papers.items():
    named = name in ("BERT-base", "ResNet-50", "Inception-v3")
    ax.plot(year, size, "D" if named else "o", color="#c2410c" if named else "#1b3a6b")
    low = name in ("Inception-v3", "BERT-base", "Llama 3.1")
    shift = (0, -15) if low else (0, 8)
    ax.annotate(name, (year, size), shift, textcoords="offset points", ha="center")
ax.axhline(1e9, ls="--", color="black")
ax.text(2011.2, 1.25e9, "a billion: “big”, says the document")
ax.set(yscale="log", ylim=(6e6, 4e12), xlim=(2011, 2025.2))
ax.set(xlabel="year", ylabel="parameters")
alt = (
    "Parameters against year on a logarithmic axis, from tens of millions in 2012 to "
    "hundreds of billions. BERT-base, ResNet-50 and Inception-v3, drawn as diamonds, "
    "lie far below the line at a billion."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# a billion: “big”, says the document → 十亿：文档所说的“大”
# year → 年份
# parameters → 参数个数
# Parameters against year on a logarithmic axis, from tens of millions in 2012 to
# hundreds of billions. BERT-base, ResNet-50 and Inception-v3, drawn as diamonds, lie
# far below the line at a billion.
# → 参数个数随年份的变化，纵轴为对数：从 2012 年的几千万到数千亿。
#   画成菱形的 BERT-base、ResNet-50 和 Inception-v3 都远在十亿那条线之下。

# %% [markdown]
# The diamonds are the document's own examples, and all three lie well below its line.
# The models became famous for what they could do; their size is ordinary today. So we
# shall trust no label and count for ourselves.
#
# ## Shapes without numbers
#
# A parameter is a number that training may change. To count them we need only shapes,
# and PyTorch has a device for just this. A tensor on the **meta** device knows its
# shape and holds nothing, so a layer of ten billion weights is there at once.

# %% [markdown] lang="zh" of="37c13ded"
# 菱形就是文档自己举的例子，三个都远在它自己画的线之下。这几个模型出名，靠的是本事；
# 论个头，今天看来很平常。所以别管叫什么，自己数一遍再说。
#
# ## 只有形状，没有数
#
# 参数就是训练时可以改动的数。要数有多少个，知道形状就够了，PyTorch 正好有这样一种设备。
# **meta** 设备上的张量只知道自己的形状，里面什么也没有，
# 所以一百亿个权重的层，眨眼就能建好。


# %%
def count(model):
    return sum(p.numel() for p in model.parameters())


with torch.device("meta"):
    huge = nn.Linear(100_000, 100_000)
print(f"{count(huge):,} parameters on {huge.weight.device}")

# %% [raw] lang="zh"
# {count(huge):,} parameters on {huge.weight.device}
# → {count(huge):,} 个参数，在 {huge.weight.device} 上

# %% [markdown]
# A dense layer from $a$ numbers to $b$ has a matrix and one bias for each output:
# $ab + b$. A convolution has such a matrix for each cell of its window: with a square
# window of side $s$ it has $a\,b\,s^2$ weights, however large the picture is. Batch
# normalisation adds a scale and a shift for each channel. Its running mean and variance
# are stored too, but no gradient ever changes them: they are *buffers*, not parameters.

# %% [markdown] lang="zh" of="93115115"
# 从 $a$ 个数到 $b$ 个数的全连接层，有一个矩阵，外加每个输出一个偏置：$ab + b$。
# 卷积在窗口的每一格上都有这样一个矩阵：窗口边长为 $s$ 时，权重有 $a\,b\,s^2$ 个，
# 与图片多大无关。批归一化给每个通道一个缩放和一个平移。
# 它也存着滑动均值和方差，但从没有梯度去改它们：那是*缓冲区*，不是参数。

# %%
with torch.device("meta"):
    conv, norm = nn.Conv2d(64, 128, 3, bias=False), nn.BatchNorm2d(128)
print(count(conv), "=", 64 * 128 * 3**2)
print(count(norm), "parameters,", sum(b.numel() for b in norm.buffers()), "buffers")

# %% [raw] lang="zh"
# parameters, → 个参数，
# buffers → 个缓冲数

# %% [markdown]
# ## ResNet, from its plan
#
# A bottleneck block of ResNet squeezes its channels to `width` by a 1×1 convolution,
# works on them by a 3×3, and widens them to `4 * width` by another 1×1. A path around
# it, the skip, is added at the end. Where the number of channels changes, the skip
# needs a 1×1 convolution of its own. Every convolution has no bias, and a batch
# normalisation after it.

# %% [markdown] lang="zh" of="904c6219"
# ## 照着图纸数 ResNet
#
# ResNet 的瓶颈块先用 1×1 卷积把通道压到 `width`，再做 3×3 卷积，
# 最后用另一个 1×1 卷积扩到 `4 * width`。旁边还有一条近路，末了与主路相加；
# 通道数有变化时，近路上也要有一个 1×1 卷积。
# 所有卷积都没有偏置，后面都跟着批归一化。


# %%
def conv(inputs, outputs, size, stride=1):
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.squeeze = conv(inputs, width, 1)
        self.work = conv(width, width, 3, stride)
        self.widen = conv(width, 4 * width, 1)
        same = inputs == 4 * width
        self.skip = nn.Identity() if same else conv(inputs, 4 * width, 1, stride)

    def forward(self, x):
        h = self.work(self.squeeze(x).relu()).relu()
        return (self.widen(h) + self.skip(x)).relu()


# %% [markdown]
# Before the blocks comes a *stem*, one 7×7 convolution from 3 colours to 64 channels.
# Stage after stage the width doubles: 64, 128, 256, 512. ResNet-50 has 3, 4, 6 and 3
# blocks in its stages. After the last, a mean over the picture and a dense layer name
# one of 1,000 classes.

# %% [markdown] lang="zh" of="f0e5828a"
# 瓶颈块之前有一个“茎干”：一个 7×7 卷积，把 3 种颜色变成 64 个通道。
# 每进一个阶段，宽度翻一番：64、128、256、512。ResNet-50 的四个阶段分别有
# 3、4、6、3 个块。最后对整幅图取平均，再由一个全连接层说出 1,000 类中的一类。


# %%
class ResNet(nn.Module):
    def __init__(self, blocks, classes=1000):
        super().__init__()
        layers, inputs = [conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
        for stage, number in enumerate(blocks):
            for block in range(number):
                stride = 2 if stage and not block else 1
                layers.append(Bottleneck(inputs, 64 * 2**stage, stride))
                inputs = 4 * 64 * 2**stage
        self.body, self.head = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):  # (batch, 3, height, width)
        return self.head(self.body(x).mean((-2, -1)))


# %% [markdown]
# Now count it without building it. Only arithmetic; no model, no tensor.

# %% [markdown] lang="zh" of="d4f47eb5"
# 现在不搭模型，直接数。只做算术，不用模型，也不用张量。


# %% exercise="resnet_parameters" points=4 minutes=12 level=2
def resnet_parameters(blocks: tuple[int, ...], classes: int = 1000) -> int:
    """Parameters of a ResNet of bottleneck blocks.

    blocks: how many blocks each stage has, as (3, 4, 6, 3); stage s has width 64·2^s.
    classes: outputs of the dense layer at the end, which has a bias.
    """

    ### BEGIN SOLUTION
    def normed(inputs, outputs, size):  # a convolution and its batch normalisation
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs = normed(3, 64, 7), 64
    for stage, number in enumerate(blocks):
        width = 64 * 2**stage
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1)
            if inputs != 4 * width:
                total += normed(inputs, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters of a ResNet of bottleneck blocks. → 由瓶颈块组成的 ResNet 有多少参数。
# blocks: how many blocks each stage has, as (3, 4, 6, 3); stage s has width 64·2^s.
# classes: outputs of the dense layer at the end, which has a bias.
# → blocks：每个阶段有几个块，如 (3, 4, 6, 3)；第 s 阶段的宽度为 64·2^s。
#   classes：最后那个全连接层的输出个数，该层有偏置。
# a convolution and its batch normalisation → 一个卷积和它的批归一化

# %% check="resnet_parameters"
stem, block, skip = 9_408 + 128, 69_632 - 12_288 + 768, 16_384 + 512
want = stem + block + skip + 2_570  # one block, ten classes
got = resnet_parameters((1,), classes=10)
advice = "a running mean and variance are buffers: a norm has 2 parameters a channel"
bm.expect.true(got != want + 2 * (64 + 64 + 64 + 256 + 256), advice)
advice = "64 channels go in and 256 come out: the skip needs its 1×1 convolution"
bm.expect.true(got not in (want - skip, want - skip + 512), advice)
advice = "a convolution before a norm has no bias: the norm's shift does its work"
bm.expect.true(got != want + 64 + 64 + 64 + 256 + 256, advice)
advice = "a scale and a shift for each channel: where are the norms' parameters?"
bm.expect.true(got != want - 2 * (64 + 64 + 64 + 256 + 256), advice)
bm.expect.equal(got, want, "one block: stem, three convolutions, skip, dense layer")
more = resnet_parameters((2,), classes=10) - got
advice = "the second block has 256 channels in and out: its skip costs nothing"
bm.expect.true(more != 70_400 + 65_536 + 512, advice)
bm.expect.equal(more, 70_400, "a second block takes 256 channels in, not 64")
### BEGIN HIDDEN TESTS
got = resnet_parameters((3, 4, 6, 3))
bm.expect.equal(got, 25_557_032, "ResNet-50: does the width double at each stage?")
got = resnet_parameters((3, 4, 23, 3))
bm.expect.equal(got, 44_549_160, "ResNet-101: use the numbers of blocks as given")
advice = "use the number of classes as given"
more = resnet_parameters((3, 4, 6, 3), classes=1001) - resnet_parameters((3, 4, 6, 3))
bm.expect.equal(more, 2049, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one block, ten classes → 一个块，十个类
# a running mean and variance are buffers: a norm has 2 parameters a channel
# → 滑动均值和方差是缓冲区：归一化层每个通道只有 2 个参数
# 64 channels go in and 256 come out: the skip needs its 1×1 convolution
# → 进来 64 个通道，出去 256 个：近路上要有 1×1 卷积
# a convolution before a norm has no bias: the norm's shift does its work
# → 后面跟着归一化的卷积没有偏置：归一化的平移已经起了这个作用
# a scale and a shift for each channel: where are the norms' parameters?
# → 每个通道一个缩放和一个平移：归一化层的参数到哪里去了？
# one block: stem, three convolutions, skip, dense layer
# → 一个块：茎干、三个卷积、近路、全连接层
# the second block has 256 channels in and out: its skip costs nothing
# → 第二个块进出都是 256 个通道：它的近路不花参数
# a second block takes 256 channels in, not 64 → 第二个块的输入是 256 个通道，不是 64 个
# ResNet-50: does the width double at each stage? → ResNet-50：每个阶段的宽度翻倍了吗？
# ResNet-101: use the numbers of blocks as given → ResNet-101：请使用给定的块数
# use the number of classes as given → 请使用给定的类别数

# %% [markdown] hint="resnet_parameters"
# Write a small helper for one convolution with its norm:
# `inputs * outputs * size**2 + 2 * outputs`. The stem is `helper(3, 64, 7)`.

# %% [markdown] lang="zh" of="5e1d868a"
# 先写一个小函数，算一个卷积连同它的归一化：`inputs * outputs * size**2 + 2 * outputs`。
# 茎干就是这个函数取 `(3, 64, 7)`。

# %% [markdown] hint="resnet_parameters"
# Carry the number of channels along: it starts at 64, and after each block it is
# `4 * width`. The skip costs something only if the two differ.

# %% [markdown] lang="zh" of="f0a67cd4"
# 一路记着通道数：开始是 64，每过一个块就变成 `4 * width`。两者不等时，近路才有参数。

# %% [markdown] hint="resnet_parameters"
# Inside the two loops: `total += helper(inputs, width, 1) + helper(width, width, 3) +
# helper(width, 4 * width, 1)`, then the skip, then `inputs = 4 * width`. At the end add
# `inputs * classes + classes`.

# %% [markdown] lang="zh" of="05daebd8"
# 两重循环里写：`total += helper(inputs, width, 1) + helper(width, width, 3) +
# helper(width, 4 * width, 1)`，然后是近路，再令 `inputs = 4 * width`。
# 最后加上 `inputs * classes + classes`。


# %% mistake="resnet_parameters" says="buffers"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 4 * outputs

    total, inputs = normed(3, 64, 7), 64
    for stage, number in enumerate(blocks):
        width = 64 * 2**stage
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1)
            if inputs != 4 * width:
                total += normed(inputs, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes


# %% mistake="resnet_parameters" says="the skip needs its"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs = normed(3, 64, 7), 64
    for stage, number in enumerate(blocks):
        width = 64 * 2**stage
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes


# %% mistake="resnet_parameters" says="its skip costs nothing"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs = normed(3, 64, 7), 64
    for stage, number in enumerate(blocks):
        width = 64 * 2**stage
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1) + normed(inputs, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes


# %% mistake="resnet_parameters" says="has no bias"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 3 * outputs

    total, inputs = normed(3, 64, 7), 64
    for stage, number in enumerate(blocks):
        width = 64 * 2**stage
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1)
            if inputs != 4 * width:
                total += normed(inputs, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes


# %% variant="resnet_parameters"
def resnet_parameters(blocks, classes=1000):
    total, inputs = 3 * 64 * 49 + 128, 64
    for stage, number in enumerate(blocks):
        w = 64 * 2**stage
        total += 4 * w * inputs + 8 * w  # the stage's only skip
        total += number * (9 * w * w + 4 * w * w + 12 * w)
        total += inputs * w + (number - 1) * 4 * w * w
        inputs = 4 * w
    return total + (inputs + 1) * classes


# %% [markdown]
# On the meta device the whole network is built in a moment. Do the two agree?

# %% [markdown] lang="zh" of="e04d204a"
# 在 meta 设备上，整个网络一下子就搭好了。两边对得上吗？

# %%
with torch.device("meta"):
    resnet = ResNet((3, 4, 6, 3))
print(f"counted {resnet_parameters((3, 4, 6, 3)):,}, built {count(resnet):,}")

# %% [raw] lang="zh"
# counted {resnet_parameters((3, 4, 6, 3)):,}, built {count(resnet):,}
# → 数出 {resnet_parameters((3, 4, 6, 3)):,}，搭出 {count(resnet):,}

# %% [markdown]
# ## The Transformer's twelve squares
#
# A Transformer gives every word, or piece of a word, $d$ numbers. Its block has an
# attention part with four $d \times d$ matrices (queries, keys, values, output), and a
# feed-forward part that goes up to $4d$ numbers and down again: eight more squares.
# Each of these layers has biases. Two layer normalisations add a scale and a shift
# each. In all
#
# $$N_{\text{block}} = 12d^2 + 13d \label{block}$$

# %% [markdown] lang="zh" of="ca8b8e5e"
# ## Transformer 的十二个方阵
#
# Transformer 用 $d$ 个数表示每个词（或词的片段）。它的一个块里有注意力部分，含四个
# $d \times d$ 矩阵（查询、键、值、输出）；还有前馈部分，先升到 $4d$ 个数再降回来，
# 又是八个方阵。这些层都带偏置。两个层归一化各有一个缩放和一个平移。合起来，
#
# $$N_{\text{block}} = 12d^2 + 13d \label{block}$$


# %%
class Block(nn.Module):
    def __init__(self, d, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc, self.proj = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):  # (batch, n, d)
        if self.causal:  # GPT: normalise before each part
            x = x + self.attend(self.norm1(x))
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x))  # BERT: after it
        return self.norm2(x + self.feed(x))

    def feed(self, x):
        return self.proj(F.gelu(self.fc(x)))

    def attend(self, x):
        cut = self.qkv(x).unflatten(-1, (3, self.heads, -1))  # (batch, n, 3, heads, .)
        q, k, v = cut.permute(2, 0, 3, 1, 4)  # (batch, heads, n, d/heads) each
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if self.causal:
            future = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(future, -math.inf)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


# %% [raw] lang="zh"
# GPT: normalise before each part → GPT：每个部分之前归一化
# BERT: after it → BERT：之后归一化
# (batch, heads, n, d/heads) each → 各为 (batch, heads, n, d/heads)

# %% equation="block" of="4fa5df9b"
with torch.device("meta"):
    widths = [8, 96, 768]
    built = [float(count(Block(d, 4, causal=True))) for d in widths]
bm.equation("block", np.array(built), np.array([12.0 * d**2 + 13 * d for d in widths]))

# %% [markdown]
# The number of heads is not in the formula: heads share the same matrices.
#
# Around the blocks stand tables. One has $d$ numbers for each word of the vocabulary,
# one has $d$ for each place in the text. One more layer normalisation stands after the
# blocks (GPT) or before them (BERT). To say the next word, GPT compares its last
# numbers with every row of the word table, the same table again: **tied** weights. BERT
# also marks which of two sentences a word is in, by a table of 2 rows, and has a
# *pooler*, a dense layer from $d$ to $d$.

# %% [markdown] lang="zh" of="6dae4a28"
# 公式里没有头的个数：各个头分的是同样的矩阵。
#
# 块的外面还有几张表：一张为词表里的每个词存 $d$ 个数，一张为文本的每个位置存 $d$ 个数。
# 还有一个层归一化，GPT 放在所有块之后，BERT 放在所有块之前。要说出下一个词时，
# GPT 拿最后得到的数与词表的每一行比较，用的还是同一张表：权重是**共享**的。
# BERT 另有一张 2 行的表，标明词属于两句中的哪一句，还有一个 *pooler*，
# 也就是从 $d$ 到 $d$ 的全连接层。


# %%
class Transformer(nn.Module):
    def __init__(self, vocabulary, places, d, layers, heads, segments=0, pooler=False):
        super().__init__()
        self.word, self.place = nn.Embedding(vocabulary, d), nn.Embedding(places, d)
        self.segment = nn.Embedding(segments, d) if segments else None  # BERT
        self.blocks = nn.Sequential(
            *(Block(d, heads, causal=not segments) for _ in range(layers))
        )
        self.norm = nn.LayerNorm(d)
        self.pooler = nn.Linear(d, d) if pooler else None
        for table in (self.word, self.place):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, x):  # (batch, n)
        h = self.word(x) + self.place.weight[: x.shape[-1]]
        if self.segment is None:
            return self.norm(self.blocks(h)) @ self.word.weight.T
        h = self.blocks(self.norm(h + self.segment.weight[0]))
        return h if self.pooler is None else self.pooler(h[:, 0]).tanh()


# %% [raw] lang="zh"
# BERT → =


# %% exercise="transformer_parameters" points=4 minutes=10 level=2
def transformer_parameters(
    vocabulary: int,
    places: int,
    d: int,
    layers: int,
    segments: int = 0,
    pooler: bool = False,
) -> int:
    """Parameters of a GPT, or of a BERT where there are segments.

    vocabulary, places, segments: rows of the three tables, each row d numbers.
    layers: how many blocks. pooler: whether there is a dense layer from d to d.
    The output layer is tied to the word table; one layer normalisation stands outside
    the blocks.
    """
    ### BEGIN SOLUTION
    tables = (vocabulary + places + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters of a GPT, or of a BERT where there are segments.
# → GPT 的参数个数；有 segments 时则为 BERT 的参数个数。
# vocabulary, places, segments: rows of the three tables, each row d numbers.
# layers: how many blocks. pooler: whether there is a dense layer from d to d.
# The output layer is tied to the word table; one layer normalisation stands outside
# the blocks.
# → vocabulary、places、segments：三张表的行数，每行 d 个数。
#   layers：有几个块。pooler：有没有从 d 到 d 的全连接层。
#   输出层与词的表共享权重；块的外面有一个层归一化。

# %% check="transformer_parameters"
got = transformer_parameters(100, 20, 8, 1)
more = transformer_parameters(101, 20, 8, 1) - got
advice = "one more word is one row of d: the output is tied, do not count it again"
bm.expect.equal(more, 8, advice)
advice = "one more place is one row of d"
bm.expect.equal(transformer_parameters(100, 21, 8, 1) - got, 8, advice)
more = transformer_parameters(100, 20, 8, 2) - got
advice = "a block has biases too: 3d, d, 4d and d of them"
bm.expect.true(more != 12 * 64 + 4 * 8, advice)
advice = "a block has two layer normalisations, each with a scale and a shift"
bm.expect.true(more not in (12 * 64 + 9 * 8, 12 * 64 + 11 * 8), advice)
bm.expect.equal(more, 872, "one more block adds 12 d² + 13 d")
advice = "one layer normalisation stands outside the blocks: 2 d"
bm.expect.equal(got, 120 * 8 + 872 + 16, advice)
more = transformer_parameters(100, 20, 8, 1, segments=2) - got
bm.expect.equal(more, 16, "each segment is a row of d as well")
more = transformer_parameters(100, 20, 8, 1, pooler=True) - got
bm.expect.equal(more, 72, "the pooler is a dense layer from d to d, with its biases")
### BEGIN HIDDEN TESTS
bert = transformer_parameters(30_522, 512, 768, 12, segments=2, pooler=True)
bm.expect.equal(bert, 109_482_240, "BERT-base")
bm.expect.equal(transformer_parameters(50_257, 1024, 768, 12), 124_439_808, "GPT-2")
large = transformer_parameters(50_257, 1024, 1600, 48)
bm.expect.equal(large, 1_557_611_200, "GPT-2 XL: use d and layers as given")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one more word is one row of d: the output is tied, do not count it again
# → 多一个词就多一行 d 个数：输出层共享权重，不要再数一遍
# one more place is one row of d → 多一个位置就多一行 d 个数
# a block has biases too: 3d, d, 4d and d of them → 块里还有偏置：3d、d、4d 和 d 个
# a block has two layer normalisations, each with a scale and a shift
# → 一个块有两个层归一化，各有一个缩放和一个平移
# one more block adds 12 d² + 13 d → 多一个块，就多 12 d² + 13 d 个
# one layer normalisation stands outside the blocks: 2 d
# → 块的外面还有一个层归一化：2 d 个
# each segment is a row of d as well → 每个 segment 也是一行 d 个数
# the pooler is a dense layer from d to d, with its biases
# → pooler 是从 d 到 d 的全连接层，带偏置
# GPT-2 XL: use d and layers as given → GPT-2 XL：请使用给定的 d 和 layers
# BERT-base → =
# GPT-2 → =

# %% [markdown] hint="transformer_parameters"
# Four terms: the tables, the blocks, one norm, and perhaps the pooler. Equation
# (\ref{block}) has the second.

# %% [markdown] lang="zh" of="4fdf0fdc"
# 一共四项：几张表、所有的块、一个归一化，也许还有 pooler。第二项见公式 (\ref{block})。

# %% [markdown] hint="transformer_parameters"
# The tables have `(vocabulary + places + segments) * d` numbers, the blocks
# `layers * (12 * d**2 + 13 * d)`, the norm `2 * d`, the pooler `d**2 + d`.

# %% [markdown] lang="zh" of="5697c17b"
# 几张表共有 `(vocabulary + places + segments) * d` 个数，块有
# `layers * (12 * d**2 + 13 * d)` 个，归一化有 `2 * d` 个，pooler 有 `d**2 + d` 个。


# %% mistake="transformer_parameters" says="tied"
def transformer_parameters(vocabulary, places, d, layers, segments=0, pooler=False):
    tables = (2 * vocabulary + places + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)


# %% mistake="transformer_parameters" says="biases too"
def transformer_parameters(vocabulary, places, d, layers, segments=0, pooler=False):
    tables = (vocabulary + places + segments) * d
    blocks = layers * (12 * d**2 + 4 * d)
    return tables + blocks + 2 * d + (d**2 if pooler else 0)


# %% mistake="transformer_parameters" says="two layer normalisations"
def transformer_parameters(vocabulary, places, d, layers, segments=0, pooler=False):
    tables = (vocabulary + places + segments) * d
    blocks = layers * (12 * d**2 + 9 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)


# %% mistake="transformer_parameters" says="outside the blocks"
def transformer_parameters(vocabulary, places, d, layers, segments=0, pooler=False):
    tables = (vocabulary + places + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + (d**2 + d if pooler else 0)


# %% variant="transformer_parameters"
def transformer_parameters(vocabulary, places, d, layers, segments=0, pooler=False):
    def dense(a, b):
        return a * b + b

    block = dense(d, 3 * d) + dense(d, d) + dense(d, 4 * d) + dense(4 * d, d) + 4 * d
    rows = vocabulary + places + segments
    return rows * d + layers * block + 2 * d + int(pooler) * dense(d, d)


# %% [markdown]
# ## The published sizes, recomputed
#
# These are all that one needs to know of five famous models. Each is counted by your
# function and then built on the meta device, GPT-3 with its 96 blocks as well.

# %% [markdown] lang="zh" of="47540f74"
# ## 重算公布的大小
#
# 五个著名模型，要知道的全在下面。每个都先用你的函数数一遍，再在 meta 设备上搭出来，
# 连 96 个块的 GPT-3 也不例外。

# %%
bert = {"vocabulary": 30_522, "places": 512, "segments": 2, "pooler": True}
gpt2 = {"vocabulary": 50_257, "places": 1024}
plans = {
    "BERT-base": {**bert, "d": 768, "layers": 12},
    "BERT-large": {**bert, "d": 1024, "layers": 24},
    "GPT-2": {**gpt2, "d": 768, "layers": 12},
    "GPT-2 XL": {**gpt2, "d": 1600, "layers": 48},
    "GPT-3": {"vocabulary": 50_257, "places": 2048, "d": 12_288, "layers": 96},
}
heads = {"BERT-base": 12, "BERT-large": 16, "GPT-2": 12, "GPT-2 XL": 25, "GPT-3": 96}

# %%
counted = {name: transformer_parameters(**plan) for name, plan in plans.items()}
with torch.device("meta"):
    built = {
        name: count(Transformer(**plan, heads=heads[name]))
        for name, plan in plans.items()
    }
counted["ResNet-50"] = resnet_parameters((3, 4, 6, 3))
built["ResNet-50"] = count(resnet)
published = {name: size for name, (_, size) in papers.items()} | {"GPT-2": 117e6}

# %%
columns = ["counted", "built", "published", "off by"]
print(" " * 11, *(f"{column:>16}" for column in columns))
for name, N in counted.items():
    off = N / published[name] - 1
    print(f"{name:12}{N:16,} {built[name]:16,} {published[name]:16.4g} {off:16.1%}")

# %% [raw] lang="zh"
# counted → 自己数
# built → 搭出来
# published → 公布
# off by → 相差

# %%
exact = {  # what the published weights hold, number for number
    "ResNet-50": 25_557_032,
    "BERT-base": 109_482_240,
    "GPT-2": 124_439_808,
    "GPT-2 XL": 1_557_611_200,
}
bm.claim(
    "Counting from the plan gives the built model's size, to the last parameter",
    counted == built and all(counted[name] == N for name, N in exact.items()),
    models=list(counted),
    parameters=list(counted.values()),
)
bm.claim(
    "BERT-base and ResNet-50, the document's examples, have far fewer than a billion",
    max(counted["BERT-base"], counted["ResNet-50"]) < 1e9 / 5,
    bert_base=counted["BERT-base"],
    resnet_50=counted["ResNet-50"],
)

# %% [raw] lang="zh"
# what the published weights hold, number for number → 公布的权重文件里，一个不差的个数
# Counting from the plan gives the built model's size, to the last parameter
# → 照着图纸数出来的，与搭出来的模型一个参数都不差
# BERT-base and ResNet-50, the document's examples, have far fewer than a billion
# → 文档举例的 BERT-base 和 ResNet-50，参数远不到十亿

# %% [markdown]
# Most published numbers are ours, rounded. One is not. The GPT-2 paper gave its
# smallest model 117 million, and so did everybody who copied it. Later its authors
# wrote beside their code that the counts had been wrong: it is the 124 million that you
# just found. Count for yourself.
#
# Where do the parameters sit?

# %% [markdown] lang="zh" of="8b89b72d"
# 公布的数字大多就是我们的数取个整，只有一个不是。GPT-2 论文说最小的模型有 1.17 亿参数，
# 大家也就跟着抄。后来作者在代码旁边注明，当初数错了：正是你刚刚数出的 1.24 亿。
# 所以要自己数。
#
# 这些参数都在哪里？

# %%
chosen = ["BERT-base", "GPT-2", "GPT-2 XL", "GPT-3"]
parts = {"tables": [], "attention": [], "feed-forward": []}
for name in chosen:
    plan, N = plans[name], counted[name]
    squares = plan["layers"] * plan["d"] ** 2
    rows = plan["vocabulary"] + plan["places"] + plan.get("segments", 0)
    for part, size in zip(parts, (rows * plan["d"], 4 * squares, 8 * squares)):  # noqa: B905
        parts[part].append(100 * size / N)
fig, ax = plt.subplots(figsize=(7, 3))
left = np.zeros(len(chosen))
for (part, share), hatch in zip(parts.items(), ("///", "", "..."), strict=True):
    bars = ax.barh(chosen, share, left=left, label=part, hatch=hatch, edgecolor="white")
    labels = [f" {size:.0f} " if size > 3 else "" for size in share]
    for text in ax.bar_label(bars, labels, label_type="center"):
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    left += share
ax.invert_yaxis()
ax.grid(False)
ax.set(xlabel="% of the parameters", xlim=(0, 100))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
alt = "Shares: tables shrink from a third in GPT-2 to nearly nothing in GPT-3."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# tables → 表
# attention → 注意力
# feed-forward → 前馈
# % of the parameters → 占参数的百分比
# Shares: tables shrink from a third in GPT-2 to nearly nothing in GPT-3.
# → 各部分的份额：表在 GPT-2 里约占三分之一，到 GPT-3 里几乎可以忽略。

# %% [markdown]
# A big Transformer is its blocks, and blocks grow with $L d^2$: $L$ layers, twelve
# squares each. Twice as wide is four times as big.
#
# ## What training costs
#
# A FLOP is one multiplication or one addition of two numbers. Going forward, each
# weight of a matrix is used once for every token: one multiplication, one addition, 2
# FLOPs. Going backward the same matrix is needed twice, once to pass the gradient on to
# the layer before, once to find the gradient of the weights: 4 more. With $N$ weights
# and $D$ tokens, training takes
#
# $$C = 6ND \label{flops}$$
#
# PyTorch can count the FLOPs that a computation really makes. One layer first.

# %% [markdown] lang="zh" of="5ca1015f"
# 大的 Transformer，大就大在块上；块随 $L d^2$ 增长：$L$ 层，每层十二个方阵。
# 宽度加倍，个头就是四倍。
#
# ## 训练要花多少算力
#
# 一次乘法或一次加法算一个 FLOP。前向时，矩阵的每个权重对每个词元用一次：
# 一乘一加，2 个 FLOP。反向时同一个矩阵要用两次，一次把梯度传给前一层，
# 一次求权重自己的梯度：又是 4 个。有 $N$ 个权重、$D$ 个词元，训练就要
#
# $$C = 6ND \label{flops}$$
#
# PyTorch 能数出一次计算真正做了多少 FLOP。先看一层。

# %% equation="flops" of="257d7357"
layer, x = nn.Linear(48, 80, bias=False), torch.randn(32, 48, requires_grad=True)
with FlopCounterMode(display=False) as counter:
    layer(x).sum().backward()
N, D = 48 * 80, 32
bm.equation("flops", float(counter.get_total_flops()), 6.0 * N * D)

# %% [markdown]
# In a whole Transformer two things differ. The tables for words and places are only
# looked up, which takes no multiplication, but the word table is multiplied at the end,
# where the next word is chosen. And attention multiplies numbers that are no weights:
# in each layer, every place's query meets every place's key ($d$ multiplications and
# additions for each pair), and the weights so found meet the values (the same again).
# With $n$ places that is $4 n^2 d$ FLOPs forward, in each layer and sequence. Biases,
# norms and softmax are small change and left out.

# %% [markdown] lang="zh" of="5fe739e6"
# 整个 Transformer 里有两点不同。词和位置的表只是查一查，不用乘法；
# 不过最后选下一个词时，要与词的表相乘。另外，注意力所乘的并不都是权重：每一层里，
# 每个位置的查询要与每个位置的键相遇（每一对做 $d$ 次乘法和加法），
# 由此得到的注意力权重再与值相乘（又是同样多）。$n$ 个位置，
# 每层、每条序列前向就是 $4 n^2 d$ 个 FLOP。偏置、归一化和 softmax 是零头，略去不计。


# %% exercise="training_flops" points=3 minutes=10 level=3
def training_flops(vocabulary: int, n: int, d: int, layers: int, D: float) -> float:
    """FLOPs to train a GPT on D tokens, cut into sequences of n tokens.

    Counts the blocks' matrices (12 d² weights each), the output over the vocabulary
    and the attention between places, forward and backward.
    """
    ### BEGIN SOLUTION
    weights = layers * 12 * d**2 + vocabulary * d
    forward = 2 * weights + 4 * layers * n * d  # of one token, among n
    return 3 * forward * D
    ### END SOLUTION


# %% [raw] lang="zh"
# FLOPs to train a GPT on D tokens, cut into sequences of n tokens.
# → 用 D 个词元训练一个 GPT 要多少 FLOP；词元切成长为 n 的序列。
# Counts the blocks' matrices (12 d² weights each), the output over the vocabulary
# and the attention between places, forward and backward.
# → 要算的有：块里的矩阵（每块 12 d² 个权重）、对词表的输出、位置之间的注意力，
#   前向和反向都算。
# of one token, among n → n 个词元中的一个

# %% check="training_flops"
got = training_flops(50, 16, 32, 2, 64)  # four sequences of 16
want = 10_838_016
advice = "that is the forward pass alone: backward takes twice as much again"
bm.expect.true(not math.isclose(got, want / 3), advice)
advice = "backward takes two products for each matrix, so three times forward in all"
bm.expect.true(not math.isclose(got, want * 2 / 3), advice)
advice = "where is the attention between places? 4 n² d a layer for a sequence of n"
bm.expect.true(not math.isclose(got, want - 786_432), advice)
advice = "4 n² d is for a whole sequence of n tokens: for one token it is 4 n d"
bm.expect.true(not math.isclose(got, want + 15 * 786_432), advice)
advice = "a look-up takes no multiplication: count vocabulary × d once, at the end"
bm.expect.true(not math.isclose(got, want + 6 * 64 * 50 * 32), advice)
advice = "the output over the vocabulary is a matrix too: vocabulary × d"
bm.expect.true(not math.isclose(got, want - 6 * 64 * 50 * 32), advice)
bm.expect.close(got, want, "3 · (2 · weights + 4 · layers · n · d) for each token")
### BEGIN HIDDEN TESTS
got = training_flops(50_257, 2048, 12_288, 96, 3e11)
bm.expect.close(got / 1e23, 3.229120, "GPT-3 on its 300 billion tokens", rtol=1e-4)
twice = training_flops(50, 16, 32, 2, 128)
bm.expect.close(twice, 2 * want, "twice the tokens take twice the FLOPs")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# four sequences of 16 → 四条长为 16 的序列
# that is the forward pass alone: backward takes twice as much again
# → 这只是前向的：反向还要两倍那么多
# backward takes two products for each matrix, so three times forward in all
# → 反向时每个矩阵要做两次乘积，所以总共是前向的三倍
# where is the attention between places? 4 n² d a layer for a sequence of n
# → 位置之间的注意力呢？长为 n 的序列，每层 4 n² d
# 4 n² d is for a whole sequence of n tokens: for one token it is 4 n d
# → 4 n² d 是整条 n 个词元的序列的：摊到一个词元是 4 n d
# a look-up takes no multiplication: count vocabulary × d once, at the end
# → 查表不用乘法：词表大小 × d 只在最后算一次
# the output over the vocabulary is a matrix too: vocabulary × d
# → 对词表的输出也是一个矩阵：词表大小 × d
# 3 · (2 · weights + 4 · layers · n · d) for each token
# → 每个词元 3 ·（2 · 权重数 + 4 · layers · n · d）
# GPT-3 on its 300 billion tokens → GPT-3 和它的三千亿词元
# twice the tokens take twice the FLOPs → 词元加倍，FLOP 也加倍

# %% [markdown] hint="training_flops"
# Think of one token, and of the forward pass. How many weights does it meet in the
# blocks, and how many at the output? Each is 2 FLOPs.

# %% [markdown] lang="zh" of="7d0e25d0"
# 先想一个词元、只想前向：它在块里碰到多少个权重？在输出处又碰到多少个？每个 2 个 FLOP。

# %% [markdown] hint="training_flops"
# A sequence of $n$ tokens spends $4n^2d$ a layer on attention, so one token spends
# $4nd$. Add it, multiply by 3 for forward and backward, and by `D`.

# %% [markdown] lang="zh" of="58bd9825"
# 一条 $n$ 个词元的序列，每层的注意力要 $4n^2d$，摊到一个词元就是 $4nd$。加上它，
# 乘以 3（前向加反向），再乘以 `D`。

# %% [markdown] hint="training_flops"
# `forward = 2 * (12 * layers * d**2 + vocabulary * d) + 4 * layers * n * d`, then
# `return 3 * forward * D`.

# %% [markdown] lang="zh" of="70212a8e"
# `forward = 2 * (12 * layers * d**2 + vocabulary * d) + 4 * layers * n * d`，然后
# `return 3 * forward * D`。


# %% mistake="training_flops" says="forward pass alone"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + vocabulary * d
    return (2 * weights + 4 * layers * n * d) * D


# %% mistake="training_flops" says="two products for each matrix"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + vocabulary * d
    return 2 * (2 * weights + 4 * layers * n * d) * D


# %% mistake="training_flops" says="attention between places"
def training_flops(vocabulary, n, d, layers, D):
    return 6 * (layers * 12 * d**2 + vocabulary * d) * D


# %% mistake="training_flops" says="for one token it is"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + vocabulary * d
    return 3 * (2 * weights + 4 * layers * n**2 * d) * D


# %% mistake="training_flops" says="look-up takes no multiplication"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + 2 * vocabulary * d
    return 3 * (2 * weights + 4 * layers * n * d) * D


# %% variant="training_flops"
def training_flops(vocabulary, n, d, layers, D):
    sequence = 2 * n * vocabulary * d
    for _ in range(layers):
        sequence += 2 * n * (4 * d * d + 8 * d * d)  # matrices
        sequence += 2 * n * n * d + 2 * n * n * d  # queries with keys, then values
    return 3.0 * sequence * D / n


# %% [markdown]
# Written out, and divided by the number of tokens, your count is
#
# $$\frac{C}{D} = 6\,(12 L d^2 + V d) + 12 L n d \label{transformer-flops}$$
#
# with $V$ words in the vocabulary. PyTorch's counter watches a real training step of a
# small GPT.

# %% [markdown] lang="zh" of="7eee65c0"
# 写成公式，再除以词元数，你的算法就是
#
# $$\frac{C}{D} = 6\,(12 L d^2 + V d) + 12 L n d \label{transformer-flops}$$
#
# 其中 $V$ 是词表里的词数。让 PyTorch 的计数器盯着一个小 GPT，真的训练一步。


# %% equation="transformer-flops" of="2e1dd181"
def step_flops(model, x):
    with FlopCounterMode(display=False) as counter:
        model(x).logsumexp(-1).sum().backward()
    return counter.get_total_flops()


V, n, d, L, batch = 65, 24, 32, 3, 4
small = Transformer(V, n, d, L, heads=4)
measured = step_flops(small, torch.zeros(batch, n, dtype=torch.long)) / (batch * n)
right = 6 * (12 * L * d**2 + V * d) + 12.0 * L * n * d
bm.equation("transformer-flops", measured, right)

# %% [markdown]
# ## From small to GPT-3
#
# GPT-3 saw 300 billion tokens, in sequences of 2,048. Its paper states the compute too,
# $3.14\times 10^{23}$ FLOPs. Which count comes near, the simple one or the exact one?

# %% [markdown] lang="zh" of="9e6b46bc"
# ## 从小模型到 GPT-3
#
# GPT-3 看过三千亿个词元，每条序列 2,048 个。论文也给出了算力：
# $3.14\times 10^{23}$ FLOP。简单的算法和精确的算法，哪个更接近？

# %%
D = 300e9
simple = 6 * counted["GPT-3"] * D
full = training_flops(50_257, 2048, 12_288, 96, D)
print(f"paper 3.14e23, 6ND {simple:.4g}, with attention {full:.4g}")
bm.claim(
    "The rule 6ND gives GPT-3's published compute, and attention adds little to it",
    abs(simple / 3.14e23 - 1) < 0.02 and 1 < full / simple < 1.1,
    simple=simple,
    with_attention=full,
)

# %% [raw] lang="zh"
# paper 3.14e23, 6ND {simple:.4g}, with attention {full:.4g}
# → 论文 3.14e23，6ND {simple:.4g}，加上注意力 {full:.4g}
# The rule 6ND gives GPT-3's published compute, and attention adds little to it
# → 6ND 这条规则给出的正是 GPT-3 公布的算力，注意力只多出一点点

# %% [markdown]
# The paper used the simple rule. It is good because GPT-3 is wide: attention's part,
# next to the matrices', is about $n/6d$.
#
# Is 6ND true of every network? It rests on each weight being used once a token. A
# convolution slides over the picture and uses the same weight at each place. The meta
# device has shapes, and shapes are all that the counter needs.

# %% [markdown] lang="zh" of="073fbd8c"
# 论文用的就是简单规则。规则之所以够好，是因为 GPT-3 很宽：
# 注意力与矩阵相比，大约只占 $n/6d$。
#
# 那么 6ND 对所有网络都成立吗？它的前提是每个权重对每个词元只用一次。
# 卷积却在图片上滑动，同一个权重在每个位置都用一遍。meta 设备上有形状，
# 而计数器要的也只是形状。

# %%
picture = torch.empty(1, 3, 224, 224, device="meta")
with FlopCounterMode(display=False) as counter:
    resnet.eval()(picture)
forward = counter.get_total_flops()
bm.claim(
    "A convolution uses its weights over and over: for ResNet-50, 2N is far too few",
    forward / (2 * counted["ResNet-50"]) > 50,
    gigaflops_forward=forward / 1e9,
    uses_of_a_weight=forward / (2 * counted["ResNet-50"]),
)

# %% [raw] lang="zh"
# A convolution uses its weights over and over: for ResNet-50, 2N is far too few
# → 卷积的权重反复使用：对 ResNet-50 来说，2N 远远不够

# %% [markdown]
# So a model with few parameters may be dear to run, and two models cannot be compared
# by size alone. (Beware of papers that count a multiplication with its addition as one
# FLOP: their ResNet-50 has half of ours.)
#
# ## What must be in memory
#
# While training, four things are in memory at once. The weights. Their gradients, as
# many. Adam's two running means for each weight. And the **activations**, all numbers
# of the forward pass that the backward pass will need. Let us look at the first three,
# in ordinary 32-bit numbers (4 bytes).

# %% [markdown] lang="zh" of="6dfcc5f0"
# 所以参数少的模型，运行起来可能很贵；光看大小，两个模型没法比。
# （当心：有的论文把一乘一加合算作一个 FLOP，它们的 ResNet-50 只有我们的一半。）
#
# ## 内存里要放什么
#
# 训练时，内存里同时有四样东西：权重；同样多的梯度；Adam 为每个权重存的两个滑动平均；
# 还有**激活**，也就是前向得到、反向还要用到的所有数。
# 先看前三样，用普通的 32 位数（4 字节）。


# %%
def tensor_bytes(tensors):
    return sum(t.nbytes for t in tensors if t.dim())  # scalars count the steps


adam = torch.optim.AdamW(small.parameters())
adam.step()  # the gradients are still there from counting FLOPs
state = [t for kept in adam.state.values() for t in kept.values()]
weights = list(small.parameters())
for name, tensors in {
    "weights": weights,
    "gradients": [p.grad for p in weights],
    "Adam": state,
}.items():
    print(f"{name:10}{tensor_bytes(tensors) / count(small):6.1f} bytes a parameter")


# %% [raw] lang="zh"
# scalars count the steps → 标量只记步数
# the gradients are still there from counting FLOPs → 数 FLOP 时得到的梯度还在
# weights → 权重
# gradients → 梯度
# {name:10}{tensor_bytes(tensors) / count(small):6.1f} bytes a parameter
# → {name:10}{tensor_bytes(tensors) / count(small):6.1f} 字节/参数

# %% [markdown]
# GPUs multiply 16-bit numbers several times faster. **Mixed precision** computes with
# 16-bit weights and gradients (2 bytes each), but a small step added to a 16-bit weight
# may be rounded away, so a 32-bit master copy of the weights is kept for the optimizer,
# beside its two means. Here is one such step, by hand.

# %% [markdown] lang="zh" of="6cc83cc6"
# GPU 算 16 位数的乘法要快好几倍。**混合精度**用 16 位的权重和梯度来计算（各 2 字节）；
# 但往 16 位权重上加一小步，可能四舍五入就没了，所以优化器另存一份 32 位的主权重，
# 再加上它的两个平均。下面亲手走这样一步。

# %%
half = Transformer(V, n, d, L, heads=4).to(torch.bfloat16)
master = [p.detach().float().requires_grad_() for p in half.parameters()]
adam = torch.optim.AdamW(master)
half(torch.zeros(1, n, dtype=torch.long)).float().logsumexp(-1).sum().backward()
for wide, narrow in zip(master, half.parameters(), strict=True):
    wide.grad = narrow.grad.float()
adam.step()
for wide, narrow in zip(master, half.parameters(), strict=True):
    narrow.data.copy_(wide)  # rounds to 16 bits
    wide.grad = None  # was there only for the step

# %% [raw] lang="zh"
# rounds to 16 bits → 舍入到 16 位
# was there only for the step → 只在这一步用

# %%
means = [t for kept in adam.state.values() for t in kept.values()]
grads = [p.grad for p in half.parameters()]
narrow = tensor_bytes([*half.parameters(), *grads]) / count(half)
mixed = narrow + tensor_bytes([*master, *means]) / count(half)
single = tensor_bytes([*weights, *(p.grad for p in weights), *state]) / count(small)
bm.claim(
    "Weights, gradients and Adam: 16 bytes a parameter, in 32 bits and mixed alike",
    math.isclose(mixed, 16) and math.isclose(single, 16),
    mixed=mixed,
    single=single,
)

# %% [raw] lang="zh"
# Weights, gradients and Adam: 16 bytes a parameter, in 32 bits and mixed alike
# → 权重、梯度加 Adam：每个参数 16 字节，32 位和混合精度都一样

# %% [markdown]
# A surprise to many: mixed precision saves nothing here. It saves time, and it halves
# the activations. How many are those? In one block, each place keeps its numbers before
# and after both norms ($4d$), query, key and value ($3d$), the mean of the values that
# goes into the output matrix ($d$), and $4d$ before and after the nonlinearity ($8d$).
# And each of $h$ heads keeps a weight for every pair of places. For one sequence of $n$
# places, with the norms' few extra numbers left out, one layer keeps
#
# $$a = n\,(16 d + h n) \label{activations}$$
#
# numbers. PyTorch tells us of every tensor that it saves for the backward pass.

# %% [markdown] lang="zh" of="b722379d"
# 很多人会吃一惊：混合精度在这里一点没省。它省的是时间，还把激活减半。
# 激活又有多少？在一个块里，每个位置要留下两个归一化前后的数（$4d$），
# 查询、键和值（$3d$），送进输出矩阵的那个值的平均（$d$），以及非线性前后各 $4d$
# 个数（$8d$）。另外，$h$ 个头各为每一对位置留一个权重。对一条 $n$ 个位置的序列，
# 归一化的那点零头不计，一层留下
#
# $$a = n\,(16 d + h n) \label{activations}$$
#
# 个数。PyTorch 会把为反向传播保存的每个张量都告诉我们。


# %% equation="activations" of="ae06cdbd"
def kept_numbers(block, x):
    """Numbers that one pass through a block saves for the backward pass."""
    kept, own = {}, {p.untyped_storage().data_ptr() for p in block.parameters()}

    def save(t):
        store = t.untyped_storage()  # a storage counts once
        if store.data_ptr() not in own and t.is_floating_point() and t.shape[-1] > 1:
            kept[store.data_ptr()] = t, store.nbytes() // t.itemsize
        return t

    with torch.autograd.graph.saved_tensors_hooks(save, lambda t: t):
        y = block(x)  # alive, or its storages would be used again
    del y
    return sum(numbers for _, numbers in kept.values())


n, d, h = 24, 32, 4
x = torch.randn(1, n, d, requires_grad=True)
measured = float(kept_numbers(Block(d, h, causal=True), x))
bm.equation("activations", measured, float(n * (16 * d + h * n)))


# %% [raw] lang="zh"
# Numbers that one pass through a block saves for the backward pass.
# → 一次经过一个块，为反向传播保存了多少个数。
# a storage counts once → 同一块存储只算一次
# alive, or its storages would be used again → 留着它，否则存储会被再次使用


# %% exercise="training_memory" points=3 minutes=8 level=2
def training_memory(
    N: int, d: int, layers: int, heads: int, n: int, batch: int
) -> dict[str, float]:
    """Bytes to train a Transformer with Adam in mixed precision, part by part.

    N: parameters. batch: sequences of n places that are worked on at once.
    Weights, gradients and activations have 2 bytes a number; the optimizer's numbers
    (master copy and two means) have 4.
    Returns {"weights": …, "gradients": …, "optimizer": …, "activations": …}.
    """
    ### BEGIN SOLUTION
    activations = 2 * batch * layers * n * (16 * d + heads * n)
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    return {**parts, "activations": activations}
    ### END SOLUTION


# %% [raw] lang="zh"
# Bytes to train a Transformer with Adam in mixed precision, part by part.
# → 用 Adam 和混合精度训练一个 Transformer，各部分要多少字节。
# N: parameters. batch: sequences of n places that are worked on at once.
# Weights, gradients and activations have 2 bytes a number; the optimizer's numbers
# (master copy and two means) have 4.
# Returns {"weights": …, "gradients": …, "optimizer": …, "activations": …}.
# → N：参数个数。batch：同时处理几条序列，每条 n 个位置。
#   权重、梯度和激活每个数 2 字节；优化器的数（主权重和两个平均）每个 4 字节。
#   返回 {"weights": …, "gradients": …, "optimizer": …, "activations": …}。

# %% check="training_memory"
got = training_memory(1000, 8, 3, 2, 5, 7)
names = {"weights", "gradients", "optimizer", "activations"}
advice = 'return a dict with "weights", "gradients", "optimizer", "activations"'
bm.expect.true(isinstance(got, dict) and set(got) == names, advice)
bm.expect.equal(got["weights"], 2000, "16 bits are 2 bytes")
bm.expect.equal(got["gradients"], 2000, "a gradient for each weight, 2 bytes")
advice = "the optimizer keeps a 32-bit master copy of the weights, beside its two means"
bm.expect.true(got["optimizer"] != 8000, advice)
bm.expect.equal(got["optimizer"], 12_000, "three numbers of 4 bytes a parameter")
kept, want = got["activations"], 2 * 7 * 3 * 5 * (128 + 10)
advice = "activations are kept for each sequence of the batch"
bm.expect.true(kept != want / 7, advice)
advice = "activations are kept in every layer until the backward pass comes"
bm.expect.true(kept != want / 3, advice)
advice = "16 bits: an activation has 2 bytes"
bm.expect.true(kept not in (2 * want, want / 2), advice)
advice = "each head keeps a weight for every pair of places: n² of them"
bm.expect.true(kept not in (2 * 7 * 3 * 5 * 128, 2 * 7 * 3 * 5 * (128 + 2)), advice)
bm.expect.equal(kept, want, "2 bytes · batch · layers · n · (16 d + heads · n)")
### BEGIN HIDDEN TESTS
got = training_memory(124_439_808, 768, 12, 12, 1024, 8)
bm.expect.equal(got["activations"], 4_831_838_208, "GPT-2, eight sequences at once")
states = got["weights"] + got["gradients"] + got["optimizer"]
bm.expect.equal(states, 16 * 124_439_808, "16 bytes a parameter without activations")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return a dict with "weights", "gradients", "optimizer", "activations"
# → 请返回一个字典，含权重、梯度、优化器和激活四项，键名见说明
# 16 bits are 2 bytes → 16 位是 2 字节
# a gradient for each weight, 2 bytes → 每个权重一个梯度，2 字节
# the optimizer keeps a 32-bit master copy of the weights, beside its two means
# → 除了两个平均，优化器还存着一份 32 位的主权重
# three numbers of 4 bytes a parameter → 每个参数三个数，每个 4 字节
# activations are kept for each sequence of the batch → 批次里的每条序列都要留下激活
# activations are kept in every layer until the backward pass comes
# → 每一层的激活都要留着，直到反向传播到来
# 16 bits: an activation has 2 bytes → 16 位：一个激活 2 字节
# each head keeps a weight for every pair of places: n² of them
# → 每个头为每一对位置留一个权重：共 n² 个
# 2 bytes · batch · layers · n · (16 d + heads · n)
# → 2 字节 · batch · layers · n ·（16 d + heads · n）
# GPT-2, eight sequences at once → GPT-2，一次八条序列
# 16 bytes a parameter without activations → 不算激活，每个参数 16 字节

# %% [markdown] hint="training_memory"
# Three of the four depend on `N` alone. The optimizer keeps three numbers for each
# parameter; how many bytes has each?

# %% [markdown] lang="zh" of="fed50d7d"
# 四样里有三样只与 `N` 有关。优化器为每个参数存三个数，每个数几字节？

# %% [markdown] hint="training_memory"
# Equation (\ref{activations}) counts numbers, for one layer and one sequence. Multiply
# by `layers`, by `batch` and by 2 bytes.

# %% [markdown] lang="zh" of="668b64dd"
# 公式 (\ref{activations}) 数的是个数，而且只是一层、一条序列的。
# 要乘以 `layers`、`batch` 和 2 字节。


# %% mistake="training_memory" says="master copy"
def training_memory(N, d, layers, heads, n, batch):
    activations = 2 * batch * layers * n * (16 * d + heads * n)
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 8 * N}
    return {**parts, "activations": activations}


# %% mistake="training_memory" says="each sequence of the batch"
def training_memory(N, d, layers, heads, n, batch):
    activations = 2 * layers * n * (16 * d + heads * n)
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    return {**parts, "activations": activations}


# %% mistake="training_memory" says="every pair of places"
def training_memory(N, d, layers, heads, n, batch):
    activations = 2 * batch * layers * n * 16 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    return {**parts, "activations": activations}


# %% mistake="training_memory" says="in every layer"
def training_memory(N, d, layers, heads, n, batch):
    activations = 2 * batch * n * (16 * d + heads * n)
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    return {**parts, "activations": activations}


# %% variant="training_memory"
def training_memory(N, d, layers, heads, n, batch):
    numbers = 16 * n * d + heads * n**2
    memory = {"weights": N * 2, "gradients": N * 2, "optimizer": N * (4 + 4 + 4)}
    memory["activations"] = sum(numbers for _ in range(layers)) * batch * 2
    return memory


# %% [markdown]
# Three models, eight sequences at once, beside a large card of today with 80 gigabytes.

# %% [markdown] lang="zh" of="91377a8f"
# 三个模型，每次八条序列，与今天一张 80 GB 的大显卡比一比。


# %% fold
def memory_of(name, batch=8):
    plan = plans[name]
    shape = (plan["d"], plan["layers"], heads[name], plan["places"], batch)
    return training_memory(counted[name], *shape)


shown = ["GPT-2", "GPT-2 XL", "GPT-3"]
parts = ["weights", "gradients", "optimizer", "activations"]
fig, axes = plt.subplots(1, 3, figsize=(9, 2.8), sharey=True, layout="constrained")
for ax, name in zip(axes, shown, strict=True):
    sizes = [part / 1e9 for part in memory_of(name).values()]
    bars = ax.barh(parts, sizes, color=["#1b3a6b"] * 3 + ["#d19a00"])
    ax.bar_label(bars, fmt=" {:,.1f}")
    ax.axvline(80, ls="--", color="black")
    ax.set(xscale="log", xlim=(0.1, 1e6), title=name, xlabel="gigabytes")
axes[0].invert_yaxis()
alt = (
    "Memory by part on logarithmic axes for GPT-2, GPT-2 XL and GPT-3; a dashed line "
    "marks 80 gigabytes. Of GPT-3 every single part is far beyond it."
)
bm.show.figure(fig, alt=alt)


# %% [raw] lang="zh"
# weights → 权重
# gradients → 梯度
# optimizer → 优化器
# activations → 激活
# gigabytes → 内存（GB）
# Memory by part on logarithmic axes for GPT-2, GPT-2 XL and GPT-3; a dashed line marks
# 80 gigabytes. Of GPT-3 every single part is far beyond it.
# → GPT-2、GPT-2 XL 和 GPT-3 各部分所占的内存，横轴为对数；虚线标出 80 GB。
#   GPT-3 的每一部分都远远超出。

# %% [markdown]
# The last bar grows with the batch, the others do not. It is also the one that can be
# traded: **recomputation** forgets most activations and computes them again on the way
# back, which takes one more forward pass, $8ND$ instead of $6ND$. And PyTorch's fast
# attention never keeps the pairs of places.
#
# ## A family of small models
#
# Why would anybody pay for such a machine? Because larger models have been better, and
# in a manner so regular that one can plan with it: a **scaling law**. We grow a family
# of our own. They read plays letter by letter and guess the next; they have two blocks
# each and differ in width alone. Every one sees the same number of letters, and each
# width is trained from several seeds. The widest is **held out**: nobody may look at it
# until a forecast has been made.

# %% [markdown] lang="zh" of="56123bdf"
# 最后那一条随批次变长，其余的不变。也只有它可以拿别的来换：**重计算**会丢掉大部分激活，
# 反向时再算一遍，多花一次前向，$6ND$ 变成 $8ND$。
# 另外，PyTorch 的快速注意力根本不留位置之间的那些权重。
#
# ## 一族小模型
#
# 为什么有人肯花钱买这样的机器？因为更大的模型一直更好，而且好得很有规律，
# 可以拿来做计划：这就是**缩放定律**。我们自己也养一族模型。
# 它们一个字母一个字母地读剧本，猜下一个；每个都有两个块，只有宽度不同。
# 大家看的字母一样多，每种宽度用几个种子各训练一次。最宽的那个**留着不看**：
# 先作出预测，才准揭晓。

# %%
text = bm.data.load("plays", lab).text
letters = sorted(set(text))
number = {letter: i for i, letter in enumerate(letters)}
ids = torch.tensor([number[letter] for letter in text], device=lab.device)
cut = 9 * len(ids) // 10
train, test = ids[:cut], ids[cut:]
print(f"{len(train):,} letters to train, {len(test):,} to test, {len(letters)} kinds")

# %% [raw] lang="zh"
# {len(train):,} letters to train, {len(test):,} to test, {len(letters)} kinds
# → 训练 {len(train):,} 个字母，测试 {len(test):,} 个，共 {len(letters)} 种

# %%
n = lab.pick(ci=32, workshop=64, full=128)
steps, lr = lab.pick(ci=200, workshop=500, full=4000), 0.01
widths = lab.pick(
    ci=[4, 6, 8, 12, 16, 32],
    workshop=[4, 6, 8, 12, 16, 24, 48],
    full=[8, 12, 16, 24, 32, 48, 64, 192],
)
seeds = range(lab.seed, lab.seed + lab.pick(ci=3, workshop=3, full=5))


def windows(source, starts):  # (batch,) to inputs and targets, (batch, n) each
    rows = source[starts[:, None] + torch.arange(n + 1, device=source.device)]
    return rows[:, :-1], rows[:, 1:]


def loss_of(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


# %% [raw] lang="zh"
# (batch,) to inputs and targets, (batch, n) each
# → (batch,) 变成输入和目标，各为 (batch, n)


# %%
def grow(d, seed):
    """Train one model; its non-embedding parameters and its loss on unseen text."""
    torch.manual_seed(seed)
    model = Transformer(len(letters), n, d, 2, heads=2).to(lab.device)
    adam = torch.optim.AdamW(model.parameters(), weight_decay=0.0, fused=True)
    for step in range(steps):
        warm = min(1, 10 * (step + 1) / steps)
        cool = (1 + math.cos(math.pi * step / steps)) / 2
        adam.param_groups[0]["lr"] = lr * warm * cool
        starts = torch.randint(len(train) - n, (16,)).to(lab.device)
        loss = loss_of(model, *windows(train, starts))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
    starts = torch.arange(0, len(test) - n, n, device=lab.device)[:400]
    with torch.no_grad():
        return count(model.blocks), loss_of(model, *windows(test, starts)).item()


# %% [raw] lang="zh"
# Train one model; its non-embedding parameters and its loss on unseen text.
# → 训练一个模型；返回嵌入之外的参数个数，以及它在未见文本上的损失。

# %%
began = time.perf_counter()
family = [[grow(d, s) for s in seeds] for d in bm.show.progress(widths, "widths")]
seconds = time.perf_counter() - began
sizes = np.array([row[0][0] for row in family], dtype=float)  # (widths,)
losses = np.array([[loss for _, loss in row] for row in family])  # (widths, seeds)
D = steps * 16 * n
for d, N, row in zip(widths[:-1], sizes, losses, strict=False):
    print(f"d {d:3}, N {N:7,.0f}, {D:,} letters: loss", row.round(3))

# %% [raw] lang="zh"
# widths → 宽度
# d {d:3}, N {N:7,.0f}, {D:,} letters: loss → d {d:3}，N {N:7,.0f}，{D:,} 个字母：损失

# %% [markdown]
# The loss is the cross-entropy in nats a letter: 0 would be clairvoyance. Following
# J. Kaplan and colleagues we count **non-embedding** parameters, those of the blocks.
# Their law for the loss $J$ is a power of the size, with $A$ and $\alpha$ to be found
# from data:
#
# $$J(N) = A\,N^{-\alpha}, \qquad\text{so}\qquad \log J = \log A - \alpha \log N$$
#
# In logarithms it is a straight line, and a straight line is fitted by least squares.

# %% [markdown] lang="zh" of="da9405cf"
# 损失是每个字母的交叉熵，以奈特为单位：0 就是未卜先知。照 J. Kaplan 等人的做法，
# 我们只数**嵌入之外**的参数，也就是块里的参数。他们给损失 $J$ 的定律是大小的幂，
# $A$ 和 $\alpha$ 由数据求出：
#
# $$J(N) = A\,N^{-\alpha},\qquad\text{即}\qquad \log J = \log A - \alpha \log N$$
#
# 取了对数就是一条直线，而直线用最小二乘来拟合。


# %% exercise="power_law" points=3 minutes=8 level=2
def power_law(N: np.ndarray, loss: np.ndarray) -> tuple[float, float]:
    """Fit loss = A · N^(-alpha) by least squares in the logarithms of both.

    N, loss: positive numbers, one for each model, (models,). Returns (A, alpha).
    """
    ### BEGIN SOLUTION
    u, w = np.log(N), np.log(loss)
    alpha = -((u - u.mean()) * (w - w.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(np.exp(w.mean() + alpha * u.mean())), float(alpha)
    ### END SOLUTION


# %% [raw] lang="zh"
# Fit loss = A · N^(-alpha) by least squares in the logarithms of both.
# → 用两者的对数做最小二乘，拟合 loss = A · N^(-alpha)。
# N, loss: positive numbers, one for each model, (models,). Returns (A, alpha).
# → N、loss：每个模型一个正数，(models,)。返回 (A, alpha)。

# %% check="power_law"
N = np.array([10.0, 100.0, 1000.0, 10_000.0])
got = power_law(N, 7.0 * N**-0.25)
pair = isinstance(got, tuple) and len(got) == 2
bm.expect.true(pair, "return two numbers: A and alpha")
advice = "the loss falls, so alpha is positive: it is the slope with its sign changed"
bm.expect.true(not math.isclose(float(got[1]), -0.25, rel_tol=1e-4), advice)
bm.expect.close(got[1], 0.25, "alpha is minus the slope of log loss against log N")
advice = "the line's height at log N = 0 is log A: undo the logarithm"
bm.expect.true(not math.isclose(float(got[0]), math.log(7), rel_tol=1e-4), advice)
advice = "the same logarithm both ways: np.exp undoes np.log, 10** undoes np.log10"
bm.expect.close(got[0], 7.0, advice)
noisy = np.array([4.0, 2.0, 1.0, 0.9])
advice = "least squares of the logarithms, over all points: no fit of the bare losses"
bm.expect.close(power_law(N, noisy)[1], 0.224448, advice, atol=1e-5)
### BEGIN HIDDEN TESTS
N = np.array([3.0, 5.0, 80.0])
loss = np.array([2.0, 3.0, 0.7])
slope, height = np.polyfit(np.log(N), np.log(loss), 1)
got = power_law(N, loss)
bm.expect.close(got[1], -slope, "three models: compare with a straight line in logs")
bm.expect.close(got[0], math.exp(height), "A, for three models that lie on no line")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two numbers: A and alpha → 请返回两个数：A 和 alpha
# the loss falls, so alpha is positive: it is the slope with its sign changed
# → 损失在下降，所以 alpha 为正：它是斜率变号
# alpha is minus the slope of log loss against log N
# → alpha 是 log loss 对 log N 的斜率的相反数
# the line's height at log N = 0 is log A: undo the logarithm
# → 直线在 log N = 0 处的高度是 log A：要把对数还原
# the same logarithm both ways: np.exp undoes np.log, 10** undoes np.log10
# → 来回要用同一种对数：np.exp 还原 np.log，10** 还原 np.log10
# least squares of the logarithms, over all points: no fit of the bare losses
# → 对所有点的对数做最小二乘，而不是拟合损失本身
# three models: compare with a straight line in logs → 三个模型：与对数坐标下的直线比较
# A, for three models that lie on no line → 三个不在一条直线上的模型，求 A

# %% [markdown] hint="power_law"
# Take `np.log` of both. The slope of the best line is the sum of products of the two
# deviations from the mean, divided by the sum of squares of the first.

# %% [markdown] lang="zh" of="96ca3391"
# 两者都取 `np.log`。最佳直线的斜率，是两个离差乘积之和，除以前一个离差的平方和。

# %% [markdown] hint="power_law"
# `np.polyfit(np.log(N), np.log(loss), 1)` returns slope and height of the line. Which
# of the two changes its sign, and which needs `np.exp`?

# %% [markdown] lang="zh" of="11efc338"
# `np.polyfit(np.log(N), np.log(loss), 1)` 返回直线的斜率和高度。
# 哪个要变号，哪个要取 `np.exp`？


# %% mistake="power_law" says="alpha is positive"
def power_law(N, loss):
    slope, height = np.polyfit(np.log(N), np.log(loss), 1)
    return float(np.exp(height)), float(slope)


# %% mistake="power_law" says="undo the logarithm"
def power_law(N, loss):
    slope, height = np.polyfit(np.log(N), np.log(loss), 1)
    return float(height), float(-slope)


# %% mistake="power_law" says="the same logarithm"
def power_law(N, loss):
    slope, height = np.polyfit(np.log10(N), np.log10(loss), 1)
    return float(np.exp(height)), float(-slope)


# %% mistake="power_law" says="over all points"
def power_law(N, loss):
    alpha = -np.log(loss[-1] / loss[0]) / np.log(N[-1] / N[0])
    return float(loss[0] * N[0] ** alpha), float(alpha)


# %% variant="power_law"
def power_law(N, loss):
    lines = np.stack([np.ones(len(N)), np.log(N)], 1)  # (models, 2)
    height, slope = np.linalg.lstsq(lines, np.log(loss), rcond=None)[0]
    return math.exp(height), -float(slope)


# %% [markdown]
# With $u = \log N$ and $w = \log J$, bars for means, the least-squares slope gives
#
# $$\alpha = -\frac{\sum_i (u_i - \bar u)(w_i - \bar w)}{\sum_i (u_i - \bar u)^2}
# \label{least-squares}$$
#
# Your fit of our family, against this formula.

# %% [markdown] lang="zh" of="8d81594b"
# 记 $u = \log N$，$w = \log J$，上横线表示平均，最小二乘的斜率给出
#
# $$\alpha = -\frac{\sum_i (u_i - \bar u)(w_i - \bar w)}{\sum_i (u_i - \bar u)^2}
# \label{least-squares}$$
#
# 用你的函数拟合我们这一族，与公式对照。

# %% equation="least-squares" of="8202398e"
seen, mean = sizes[:-1], losses[:-1].mean(1)
u, w = np.log(seen), np.log(mean)
A, alpha = power_law(seen, mean)
du, dw = u - u.mean(), w - w.mean()
bm.equation("least-squares", alpha, -sum(du * dw) / sum(du**2), atol=1e-8)

# %% [markdown]
# ## Two laws and their uncertainty
#
# A pure power falls towards zero, but text can never be foreseen completely. The other
# common law has a floor $E$: $J(N) = E + A N^{-\alpha}$. For a given floor it is the
# same fit, of $J - E$. So we try many floors and take the best.

# %% [markdown] lang="zh" of="8bf26629"
# ## 两条定律和它们的不确定度
#
# 纯粹的幂会一直降到零，可文字绝不可能完全预知。另一条常用的定律有一个下限 $E$：
# $J(N) = E + A N^{-\alpha}$。下限给定之后，还是同样的拟合，只是对象换成 $J - E$。
# 于是试许多下限，取最好的。


# %%
def without_floor(N, loss):
    return (0.0, *power_law(N, loss))


def with_floor(N, loss):
    tries = []
    for E in np.linspace(0, 0.99 * loss.min(), 60):
        A, alpha = power_law(N, loss - E)
        tries.append((np.square(E + A * N**-alpha - loss).mean(), E, A, alpha))
    return min(tries)[1:]


def law(fit, N):
    E, A, alpha = fit
    return E + A * N**-alpha


# %% [markdown]
# How sure are we? Another choice of seeds would have given other losses. The
# **bootstrap** imitates this: from the seeds of each width draw as many again, with
# repetition, fit anew, forecast anew, some hundred times over. The middle 95 % of these
# forecasts is an interval.

# %% [markdown] lang="zh" of="ad6e7662"
# 我们有多大把握？换一批种子，损失就会不同。**自助法**模仿的正是这一点：
# 在每种宽度的种子里，有放回地抽出同样多个，重新拟合，重新预测，如此几百遍。
# 这些预测居中的 95% 就是一个区间。


# %%
def bootstrap(fitter, where, times=200):
    """Forecasts at the sizes `where`, (times, sizes), and the fitted laws."""
    draws, fits = np.random.default_rng(lab.seed), []
    for _ in range(times):
        pick = draws.integers(losses.shape[1], size=losses[:-1].shape)
        fits.append(fitter(seen, np.take_along_axis(losses[:-1], pick, 1).mean(1)))
    return np.array([law(fit, where) for fit in fits]), np.array(fits)


def middle(values):
    return np.percentile(values, [2.5, 97.5], axis=0)


# %% [raw] lang="zh"
# Forecasts at the sizes `where`, (times, sizes), and the fitted laws.
# → 在 `where` 各个大小处的预测，(times, sizes)，以及拟合出的定律。

# %%
grid = np.append(np.geomspace(sizes[0], 1e12, 60), sizes[-1])  # the last: held out
laws = {"power": without_floor, "power + floor": with_floor}
fits = {name: fitter(seen, mean) for name, fitter in laws.items()}
drawn = {name: bootstrap(fitter, grid) for name, fitter in laws.items()}
truth = losses[-1].mean()
for name, fit in fits.items():
    low, high = middle(drawn[name][0][:, -1])
    misfit = np.sqrt(np.square(law(fit, seen) - mean).mean())
    print(f"{name:14} E {fit[0]:.3f}, alpha {fit[2]:.3f}, misfit {misfit:.4f}")
    print(f"   held out: {law(fit, sizes[-1]):.3f}, from {low:.3f} to {high:.3f}")
print(f"the held-out model's own loss: {truth:.3f}, seeds", losses[-1].round(3))

# %% [raw] lang="zh"
# the last: held out → 最后一个：留着不看的
# power → 幂律
# power + floor → 幂律加下限
# {name:14} E {fit[0]:.3f}, alpha {fit[2]:.3f}, misfit {misfit:.4f}
# → {name:14} E {fit[0]:.3f}，alpha {fit[2]:.3f}，拟合误差 {misfit:.4f}
# held out: {law(fit, sizes[-1]):.3f}, from {low:.3f} to {high:.3f}
# → 留出的模型：{law(fit, sizes[-1]):.3f}，从 {low:.3f} 到 {high:.3f}
# the held-out model's own loss: {truth:.3f}, seeds
# → 留出的模型的真实损失：{truth:.3f}，各个种子


# %%
def picture(ax, last):
    for (name, (forecasts, _)), hatch in zip(drawn.items(), ("", "///"), strict=True):
        use = grid[:-1] <= last
        low, high = middle(forecasts[:, :-1][:, use])
        (line,) = ax.plot(grid[:-1][use], law(fits[name], grid[:-1][use]), label=name)
        ax.fill_between(
            grid[:-1][use], low, high, alpha=0.25, color=line.get_color(), hatch=hatch
        )
    ax.errorbar(seen, mean, losses[:-1].std(1, ddof=1), fmt="ko", label="trained")
    ax.plot(sizes[-1], truth, "k*", ms=14, mfc="white", label="held out")
    ax.set(xscale="log", yscale="log", xlabel="non-embedding parameters N")


fig, (near, far) = plt.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
picture(near, 3 * sizes[-1])
picture(far, 1e12)
near.set(ylabel="loss, nats a letter", title="a few times larger")
far.set(title="as far as GPT-3 and beyond")
near.legend()
for ax in (near, far):
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.4)))
alt = (
    "Loss against size, both logarithmic, with two laws and their bands. Near the "
    "trained models they are close together; carried on to a million million "
    "parameters they open like a fan."
)
bm.show.figure(fig, alt=alt)


# %% [raw] lang="zh"
# trained → 训练过的
# held out → 留出的
# non-embedding parameters N → 嵌入之外的参数个数 N
# loss, nats a letter → 损失（奈特/字母）
# a few times larger → 大上几倍
# as far as GPT-3 and beyond → 一直到 GPT-3 以远
# Loss against size, both logarithmic, with two laws and their bands. Near the trained
# models they are close together; carried on to a million million parameters they open
# like a fan.
# → 损失随大小的变化，两轴都是对数，画有两条定律和各自的区间。在训练过的模型附近，
#   两者很接近；一直延长到一万亿参数，就像扇子一样张开。

# %%
pure, floored = fits.values()
exponents = middle(next(iter(drawn.values()))[1][:, 2])
no_change = abs(mean[-1] - truth)
near_error = abs(law(pure, sizes[-1]) - truth)
bm.claim(
    "The loss falls with size, and the exponent's interval lies above zero",
    exponents[0] > 0 and truth < mean[0],
    interval=exponents,
    trained_on=seen,
)
bm.claim(
    "The power law forecasts the held-out model better than “as the largest seen” does",
    near_error < no_change,
    forecast_off_by=near_error,
    truth=truth,
    as_the_largest_seen_off_by=no_change,
    size_ratio=sizes[-1] / seen[-1],
)

# %% [raw] lang="zh"
# The loss falls with size, and the exponent's interval lies above zero
# → 损失随大小下降，指数的区间在零以上
# The power law forecasts the held-out model better than “as the largest seen” does
# → 预测留出的模型，幂律比“与见过的最大者一样”更准

# %% [markdown]
# And how far may one go? Take all bootstrap forecasts of both laws together and compare
# how wide they lie (the ratio of the interval's ends, in logarithms) at the held-out
# model and at a million million parameters.

# %% [markdown] lang="zh" of="5c92067b"
# 那么最远能推到哪里？把两条定律的自助预测全部放在一起，比较它们有多分散
# （区间两端之比，取对数）：在留出的模型处，以及在一万亿参数处。

# %%
together = np.concatenate([forecasts for forecasts, _ in drawn.values()])
ends = middle(together)  # (2, sizes)
spread = np.log(ends[1] / ends[0])
errors = [np.square(law(fit, seen) - mean).mean() for fit in fits.values()]
bm.claim(
    "Carried on to 10¹² parameters, the same data say next to nothing",
    spread[-2] > 3 * spread[-1],
    spread_near=spread[-1],
    spread_far=spread[-2],
    interval_far=ends[:, -2],
)
bm.claim(
    "The law with a floor fits the seen models no worse: fit alone cannot choose",
    errors[1] <= errors[0] + 1e-6,
    misfit_squared=errors,
    held_out_off_by=[abs(law(fit, sizes[-1]) - truth) for fit in fits.values()],
)

# %% [raw] lang="zh"
# Carried on to 10¹² parameters, the same data say next to nothing
# → 延长到 10¹² 个参数，同样的数据几乎什么也没说
# The law with a floor fits the seen models no worse: fit alone cannot choose
# → 对见过的模型，加下限的定律从不拟合得更差：光看拟合，选不出定律

# %% [markdown]
# Compare the two numbers `held_out_off_by` with the two misfits. When this lesson was
# written, on Shakespeare's plays, the law that fitted the small models better forecast
# the large one worse: it took the slowing down of a few small models for a floor. And
# the truth lay outside **both** intervals. The bootstrap knows of seeds only. It does
# not know whether the law is right, or that a few seeds show too little of the noise,
# or that a larger model would want more letters than $D$.
#
# Nor does it know whether every model was trained well. Our first try had a larger
# learning rate, a short warm-up and no clipping of gradients. The small models did not
# mind; two of three seeds of the widest got stuck, and the power law's forecast was
# worse than saying "as the largest seen". Those who plan real runs tune the training at
# each size, keep the forecast to a few powers of ten, and let $D$ grow with $N$; about
# twenty tokens a parameter, as J. Hoffmann and colleagues found.
#
# ## What hardware, and how long?
#
# The document asks in its appendix, Q1, what hardware a big model needs, and answers:
# powerful GPUs or TPUs, much storage, a fast network. True; now with numbers. A card
# has a peak speed in FLOPs a second, and real training reaches a part of it, the
# *utilisation*; 40 % is good work.
#
# $$\text{days} = \frac{C}{\text{cards}\times\text{peak}\times\text{utilisation}
# \times 86400}$$

# %% [markdown] lang="zh" of="630cd7cf"
# 把 `held_out_off_by` 的两个数与两个拟合误差比一比。写这一课的时候，
# 在莎士比亚的剧本上，对小模型拟合得更好的那条定律，反而把大模型预测得更差：
# 它把几个小模型的放缓错认成了下限。而且真实的损失落在**两个**区间之外。
# 自助法只知道种子不同会怎样。它不知道定律本身对不对，
# 不知道区区几个种子远不足以显出噪声的大小，
# 也不知道更大的模型会想看比 $D$ 更多的字母。
#
# 它也不知道每个模型是不是都训练好了。我们第一次试的时候，学习率更大，预热很短，
# 也没有裁剪梯度。小模型不在乎；最宽的模型却有三分之二的种子卡住了，
# 幂律的预测还不如说一句“与见过的最大者一样”。真正规划训练的人，
# 每种大小都单独调好训练，只外推几个数量级，并让 $D$ 随 $N$ 一同增长：
# 大约每个参数二十个词元，这是 J. Hoffmann 等人的发现。
#
# ## 要什么硬件，要多久？
#
# 文档的附录 Q1 问，训练大模型要哪些硬件，回答是：高性能的 GPU 或 TPU，大规模存储，
# 高速网络。说得对，现在补上数字。一张卡有一个峰值速度，即每秒多少 FLOP；
# 真实训练只能达到其中一部分，叫*利用率*，有 40% 就算不错了。
#
# $$\text{天数} = \frac{C}{\text{卡数}\times\text{峰值}\times\text{利用率}
# \times 86400}$$

# %%
cards = {  # memory in gigabytes, peak FLOPs a second with 16-bit numbers
    "A100": (80, 312e12),
    "H100": (80, 989e12),
}


def days(C, number, card="H100", utilisation=0.4):
    return C / (number * cards[card][1] * utilisation * 86_400)


def states(N):  # bytes of weights, gradients and optimizer
    return 16 * N


# %% [raw] lang="zh"
# memory in gigabytes, peak FLOPs a second with 16-bit numbers
# → 内存（GB），16 位数的峰值（每秒 FLOP）
# bytes of weights, gradients and optimizer → 权重、梯度和优化器的字节数

# %% [markdown]
# Twenty tokens a parameter for all but GPT-3, which had its 300 billion. *Least cards*
# is how many H100 hold the states alone. The last column is this machine, at the speed
# that it just reached with our small models.

# %% [markdown] lang="zh" of="42b1a150"
# 除了 GPT-3 用它自己的三千亿词元，其余都按每个参数二十个词元计。
# “最少卡数”指光是放下权重、梯度和优化器要几张 H100。最后一列是这台机器，
# 按它刚才训练小模型时达到的速度计算。

# %%
spent = sum(training_flops(len(letters), n, d, 2, D) for d in widths) * len(seeds)
speed = spent / seconds  # FLOPs a second, here
print(f"this machine: {speed:.3g} FLOPs a second\n")
columns = ["FLOPs", "states GB", "least cards", "days, 1", "days, 1024", "years here"]
print(" " * 9, *(f"{column:>12}" for column in columns))
need = {}
for name in ("BERT-base", "GPT-2", "GPT-2 XL", "GPT-3"):
    N = counted[name]
    C = 6 * N * (300e9 if name == "GPT-3" else 20 * N)
    need[name] = (C, states(N) / 1e9, math.ceil(states(N) / (1e9 * cards["H100"][0])))
    row = [C, *need[name][1:], days(C, 1), days(C, 1024), C / speed / 86_400 / 365]
    print(f"{name:9}", *(f"{value:12.3g}" for value in row))

# %% [raw] lang="zh"
# FLOPs a second, here → 这里每秒的 FLOP
# this machine: {speed:.3g} FLOPs a second\n → 这台机器：每秒 {speed:.3g} FLOP\n
# FLOPs → 算力
# states GB → 内存（GB）
# least cards → 最少卡数
# days, 1 → 天，1 张
# days, 1024 → 天，1024 张
# years here → 年，这里

# %%
bm.claim(
    "BERT-base trains on one ordinary card; GPT-3 does not fit on thirty large ones",
    need["BERT-base"][1] < 8 and need["GPT-3"][2] > 30,
    bert_gigabytes=need["BERT-base"][1],
    gpt3_gigabytes=need["GPT-3"][1],
    gpt3_least_cards=need["GPT-3"][2],
    gpt3_days_on_1024=days(need["GPT-3"][0], 1024),
)

# %% [raw] lang="zh"
# BERT-base trains on one ordinary card; GPT-3 does not fit on thirty large ones
# → BERT-base 用一张普通的卡就能训练；GPT-3 三十张大卡也放不下

# %% [markdown]
# Storage and network have numbers too. A checkpoint from which training can go on holds
# the master weights and Adam's means, 12 bytes a parameter. And if every card had the
# whole model and its own share of a batch, all would have to add up their gradients at
# each step; in a ring of cards each one sends about twice their size. GPT-3 took
# batches of 3.2 million tokens.

# %% [markdown] lang="zh" of="362840b2"
# 存储和网络也有数可算。一个能接着训练的检查点，要存主权重和 Adam 的两个平均，
# 每个参数 12 字节。再设每张卡都有整个模型，各算批次的一份，
# 那么每一步大家都要把梯度加起来；排成一圈来加，每张卡要发出的大约是梯度大小的两倍。
# GPT-3 每个批次有 320 万个词元。

# %%
N = counted["GPT-3"]
seconds_a_step = 86_400 * days(6 * N * 3.2e6, 1024)
sent = 2 * training_memory(N, 12_288, 96, 96, 2048, 1)["gradients"] / 1e9
print(f"checkpoint: {12 * N / 1e12:.2f} terabytes")
print(f"a step: {seconds_a_step:.1f} s, in which each card sends {sent:,.0f} gigabytes")
print(f"so its network must carry {sent / seconds_a_step:.0f} gigabytes a second")

# %% [raw] lang="zh"
# checkpoint: {12 * N / 1e12:.2f} terabytes → 检查点：{12 * N / 1e12:.2f} TB
# a step: {seconds_a_step:.1f} s, in which each card sends {sent:,.0f} gigabytes
# → 一步：{seconds_a_step:.1f} 秒，其间每张卡发出 {sent:,.0f} GB
# so its network must carry {sent / seconds_a_step:.0f} gigabytes a second
# → 所以网络每秒要送 {sent / seconds_a_step:.0f} GB

# %% [markdown]
# No usual network carries that, and no card holds the model. So real runs cut the model
# itself into pieces, place the pieces that talk most on cards wired together in one
# machine, and send while they compute.
#
# A check against the world. D. Narayanan and colleagues report 140 teraFLOPs a second
# on each of 1,024 A100 cards for a model of GPT-3's size, with recomputation ($8ND$),
# and estimate 34 days.

# %% [markdown] lang="zh" of="dda91cb5"
# 普通的网络送不了这么多，一张卡也放不下这个模型。所以真正训练时要把模型本身切成几块，
# 说话最多的几块放在同一台机器里直接相连的卡上，并且边算边送。
#
# 与现实对一对。D. Narayanan 等人报告，在 1,024 张 A100 上训练 GPT-3 大小的模型，
# 每张卡达到每秒 140 万亿 FLOP，用了重计算（$8ND$），估计要 34 天。

# %%
took = days(8 * 175e9 * 300e9, 1024, "A100", utilisation=140 / 312)
print(f"{took:.1f} days")

# %% [raw] lang="zh"
# {took:.1f} days → {took:.1f} 天

# %% [markdown]
# ## The envelope
#
# Here is the whole lesson as a calculator, for a GPT with a vocabulary of 50,257 that
# reads 2,048 tokens at a time, one sequence on each card, heads of 128. Find the
# largest model that your own budget allows. Then double `d` and see what each number
# does.

# %% [markdown] lang="zh" of="6f0ee1d8"
# ## 信封背面
#
# 整节课化成一个计算器：一个 GPT，词表有 50,257 个词，一次读 2,048 个词元，
# 每张卡处理一条序列，每个头 128 个数。找出你的预算允许的最大模型，
# 再把 `d` 加倍，看看各个数怎样变化。


# %% fold
def envelope(layers, d, tokens_per_parameter, cards_used):
    N = transformer_parameters(50_257, 2048, d, layers)
    D = tokens_per_parameter * N
    C = training_flops(50_257, 2048, d, layers, D)
    memory = training_memory(N, d, layers, d // 128, 2048, cards_used)
    share = {part: size / 1e9 / cards_used for part, size in memory.items()}
    fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
    left, names = 0.0, ["weights", "gradients", "optimizer", "activations"]
    for name, size, hatch in zip(names, share.values(), ("", "//", "..", "xx")):  # noqa: B905
        ax.barh([0], [size], left=left, label=name, hatch=hatch, edgecolor="white")
        left += size
    ax.axvline(80, ls="--", color="black")
    fits = "fits" if left <= 80 else "does not fit"
    ax.set(xlabel="gigabytes on each card, states shared evenly (dashed: 80)")
    ax.set(yticks=[], xlim=(0, max(100, 1.1 * left)))
    ax.set_title(
        f"N = {N:.3g}, D = {D:.3g}, C = {C:.3g} FLOPs\n"
        f"{days(C, cards_used):,.3g} days on {cards_used} H100 at 40 %; {fits}"
    )
    ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.35))
    return fig


alt = (
    "A bar of the memory on each card, in four parts, and a dashed line at 80 "
    "gigabytes; the title gives parameters, tokens, FLOPs and days."
)
choices = {
    "layers": (2, 120, 2, 32),
    "d": (128, 16_384, 128, 4096),
    "tokens_per_parameter": (1, 200, 1, 20),
    "cards_used": [64, 1, 8, 512, 4096],
}
bm.show.explore(envelope, alt=alt, **choices)


# %% [raw] lang="zh"
# weights → 权重
# gradients → 梯度
# optimizer → 优化器
# activations → 激活
# fits → 放得下
# does not fit → 放不下
# gigabytes on each card, states shared evenly (dashed: 80)
# → 每张卡的内存（GB），权重等平均分摊（虚线：80）
# N = {N:.3g}, D = {D:.3g}, C = {C:.3g} FLOPs\n{days(C, cards_used):,.3g} days on
# {cards_used} H100 at 40 %; {fits}
# → N = {N:.3g}，D = {D:.3g}，C = {C:.3g} FLOP\n
#   {cards_used} 张 H100，利用率 40%：{days(C, cards_used):,.3g} 天；{fits}
# A bar of the memory on each card, in four parts, and a dashed line at 80 gigabytes;
# the title gives parameters, tokens, FLOPs and days.
# → 一根长条表示每张卡的内存，分成四部分，虚线在 80 GB 处；
#   标题给出参数、词元、FLOP 和天数。

# %% [markdown]
# Twice as wide is about four times the parameters. At a fixed number of tokens a
# parameter it is sixteen times the compute, since $D$ grows along.
#
# ## What we learned
#
# - A model's size can be read from its plan, to the last parameter. BERT and ResNet,
#   famous as they are, are no billions.
# - A Transformer is its blocks: $12 L d^2$, and a little more.
# - Training takes $6ND$ FLOPs where each weight is used once a token. Convolutions use
#   theirs more often.
# - 16 bytes a parameter for weights, gradients and Adam; activations come on top and
#   grow with the batch.
# - Loss falls as a small power of the size. Near the data, a fitted law is a useful
#   forecast; far away it is a wish. Seeds tell of noise, not whether the law is true.
#
# ## Where next
#
# Train the family on twice as many letters: does the exponent change, or the floor?
# Change `profile` to `"full"`. Then take a model card of today, put its numbers into
# the envelope, and see whether its stated compute fits.
#
# ## Further reading
#
# - J. Kaplan et al. (2020), *Scaling Laws for Neural Language Models*, arXiv.
# - J. Hoffmann et al. (2022), *Training Compute-Optimal Large Language Models*,
#   NeurIPS.
# - T. Brown et al. (2020), *Language Models are Few-Shot Learners*, NeurIPS.
# - K. He, X. Zhang, S. Ren and J. Sun (2016), *Deep Residual Learning for Image
#   Recognition*, CVPR.
# - D. Narayanan et al. (2021), *Efficient Large-Scale Language Model Training on GPU
#   Clusters Using Megatron-LM*, SC.

# %% [markdown] lang="zh" of="a1450346"
# 宽度加倍，参数约为四倍。每个参数的词元数不变时，算力是十六倍，因为 $D$ 也跟着增长。
#
# ## 我们学到了什么
#
# - 模型的大小从图纸上就能读出来，一个参数都不差。BERT 和 ResNet 虽然有名，
#   却远不到十亿。
# - Transformer 就是它的块：$12 L d^2$，外加一点零头。
# - 每个权重对每个词元只用一次时，训练要 $6ND$ 个 FLOP。卷积的权重用得更勤。
# - 权重、梯度加 Adam，每个参数 16 字节；激活另算，随批次增长。
# - 损失按大小的一个小幂次下降。离数据近，拟合出的定律是有用的预测；离得远，
#   那只是愿望。种子告诉我们噪声有多大，却不告诉我们定律对不对。
#
# ## 下一步
#
# 让这一族模型看多一倍的字母：变的是指数，还是下限？把 `profile` 改成 `"full"`。
# 再找一张今天的模型说明，把它的数填进信封，看看它声称的算力对不对得上。
#
# ## 延伸阅读
#
# - J. Kaplan et al. (2020), *Scaling Laws for Neural Language Models*, arXiv.
# - J. Hoffmann et al. (2022), *Training Compute-Optimal Large Language Models*,
#   NeurIPS.
# - T. Brown et al. (2020), *Language Models are Few-Shot Learners*, NeurIPS.
# - K. He, X. Zhang, S. Ren, J. Sun (2016), *Deep Residual Learning for Image
#   Recognition*, CVPR.
# - D. Narayanan et al. (2021), *Efficient Large-Scale Language Model Training on GPU
#   Clusters Using Megatron-LM*, SC.
