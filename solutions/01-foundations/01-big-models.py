# ---
# slug: big-models
# title: {en: What makes a model big, zh: 什么是大模型}
# section: "1, 2, 9-Q1"
# minutes: 80
# needs: []
# data: []
# extras: []
# gpu: false
# introduces:
#   - language model
#   - large language model
#   - convolution
#   - batch normalisation
#   - residual connection
#   - transformer
#   - token
#   - vocabulary
#   - attention
#   - feed-forward
#   - layer norm
#   - embedding
# symbols:
#   N: number of parameters
#   u: numbers that go into a layer, or channels
#   v: numbers that come out of a layer, or channels
#   s: side of a convolution's window
#   d: numbers that stand for one place
#   L: number of layers
# says:
#   en: Count any model's parameters from its plan, and say whether it fits.
#   zh: 照着配置数出任何模型的参数，并判断它放不放得下。
# ---

# %% [markdown]
# A web page offers a **large language model** for download: 8 billion parameters, free.
# (A **language model** predicts how a text goes on.) Will it run on a laptop with 16 GB
# of memory? You can know before you download anything. A model's size follows from its
# plan, a handful of numbers in a configuration file. In this lesson you count models
# from their plans, first famous ones (ResNet-50, BERT, GPT-2, GPT-3), then models of
# today, and at the end you answer the question. All you need is multiplication.

# %% [markdown] lang="zh" of="8a160f38"
# 网页上有一个**大语言模型**可以免费下载，写着“80 亿参数”。（**语言模型**预测一段文字
# 接下来怎么写。）手头的笔记本电脑有 16 GB 内存，跑得动吗？不用下载就能知道：
# 模型有多大，由它的配置决定，而配置不过是文件里的几个数。这一课就照着配置来数参数，
# 先数几个著名的模型（ResNet-50、BERT、GPT-2、GPT-3），再数今天的模型，
# 最后回答开头的问题。要用的只有乘法。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

lab = bm.start("big-models", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## How big is big?
#
# A **parameter** is a number that training may change. The document that this course
# follows calls a model big when it has billions of them. Among its examples are BERT,
# ResNet and Inception. Here are some sizes, with the year of each, as the papers state
# them. The paper on ResNet states none; its number is that of the published weights.

# %% [markdown] lang="zh" of="8643c33d"
# ## 多大才算大？
#
# **参数**就是训练时可以改动的数。本课程所依据的文档说，大模型有数十亿乃至千亿个参数；
# 它举的例子里有 BERT、ResNet 和 Inception。下面列出一些模型的大小和年份，
# 数字取自各自的论文。ResNet 的论文没有给出，这里用的是公布的权重里的个数。

# %%
stated = {
    "AlexNet": (2012, 60e6),
    "VGG-16": (2014, 138e6),
    "Inception-v3": (2015, 25e6),  # "less than 25 million"
    "ResNet-50": (2015.3, 25.6e6),  # the published weights
    "BERT-base": (2018, 110e6),
    "BERT-large": (2018.3, 340e6),
    "GPT-2 XL": (2019, 1.542e9),
    "GPT-3": (2020, 175e9),
    "PaLM": (2022, 540e9),
    "Llama 3.1": (2024, 405e9),
    "DeepSeek-V3": (2024.9, 671e9),
}

# %% [raw] lang="zh"
# "less than 25 million" → “不到 2500 万”
# the published weights → 公布的权重

# %% fold
fig, ax = plt.subplots(figsize=(7.5, 4.2))
for name, (year, size) in stated.items():
    named = name in ("BERT-base", "ResNet-50", "Inception-v3")
    ax.plot(year, size, "D" if named else "o", color="#c2410c" if named else "#1b3a6b")
    low = name in ("Inception-v3", "BERT-base", "Llama 3.1")
    shift = (0, -15) if low else (0, 8)
    ax.annotate(name, (year, size), shift, textcoords="offset points", ha="center")
ax.axhline(1e9, ls="--", color="black")
ax.text(2011.2, 1.25e9, "a billion: “big”, says the document")
ax.set(yscale="log", ylim=(6e6, 4e12), xlim=(2011, 2026))
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
# The diamonds are the document's own examples. All three lie well below its line. They
# became famous for what they could do, not for their size, and today they count as
# small. So we trust no label and count.
#
# ## Only shapes
#
# To count parameters we need only the shapes of the arrays that hold them, and PyTorch
# can give us just those. A **tensor** is an array of numbers; one on the
# **meta** device knows its shape and holds no numbers. So a layer of ten billion
# parameters is there at once and takes no memory.

# %% [markdown] lang="zh" of="47e06f61"
# 菱形就是文档自己举的例子，三个都远在它自己画的线之下。它们出名靠的是效果，不是规模，
# 按今天的标准都算小模型。所以不要只看名头，要自己数。
#
# ## 只看形状
#
# 要数参数，知道存放参数的数组是什么形状就够了，而 PyTorch 正好可以只要形状。
# **张量**就是由数组成的数组；**meta** 设备上的张量只有形状，没有数。
# 所以一百亿个参数的层瞬间就能建好，也不占内存。


# %%
def count(model):
    return sum(p.numel() for p in model.parameters())


with torch.device("meta"):
    huge = nn.Linear(100_000, 100_000)
print(f"{count(huge):,} parameters on the device {huge.weight.device}")

# %% [raw] lang="zh"
# {count(huge):,} parameters on the device {huge.weight.device}
# → {count(huge):,} 个参数，在 {huge.weight.device} 设备上

# %% [markdown]
# A **dense layer** turns $u$ numbers into $v$. Each output is a weighted sum of all
# inputs plus one more number, its **bias**: $uv$ weights and $v$ biases. A
# **convolution** does the same on a picture, seen through a small window of side $s$
# that slides over it. A picture has $u$ numbers at each place, its **channels** (red,
# green and blue at first); the window covers $s^2$ places, so each of the $v$ outputs
# has $u\,s^2$ weights. The same weights are used at every place, so the size of the
# picture does not matter:
#
# $$N = u\,v\,s^2 + v \label{convolution}$$
#
# With $s = 1$ this is the dense layer.

# %% [markdown] lang="zh" of="1ff4105b"
# **全连接层**把 $u$ 个数变成 $v$ 个数。每个输出都是全部输入的加权和，再加上一个数，
# 叫**偏置**：共有 $uv$ 个权重、$v$ 个偏置。**卷积**在图片上做同样的事，
# 只是透过一个边长为 $s$ 的小窗口来看，窗口在图片上滑动。图片的每个位置有 $u$ 个数，
# 叫**通道**（最初是红、绿、蓝三个）；窗口盖住 $s^2$ 个位置，于是 $v$ 个输出中的每一个
# 都有 $u\,s^2$ 个权重。每个位置用的都是同一组权重，所以参数个数与图片大小无关：
#
# $$N = u\,v\,s^2 + v \label{convolution}$$
#
# 取 $s = 1$，就是全连接层。

# %% equation="convolution" of="ea9dfaab"
u, v, s = 5, 7, 3
bm.equation("convolution", float(count(nn.Conv2d(u, v, s))), float(u * v * s**2 + v))

# %% [markdown]
# One more part is needed. **Batch normalisation** brings the numbers of a channel to
# mean 0 and standard deviation 1: it subtracts their mean and divides by their standard
# deviation, both taken over a batch of examples. Then it multiplies each channel by a
# learned scale and adds a learned shift: 2 parameters a channel. For later use it also
# stores a running mean and variance. No gradient changes those: they are **buffers**,
# not parameters.

# %% [markdown] lang="zh" of="84ef422f"
# 还需要一种层。**批归一化**让每个通道的数均值为 0、标准差为 1：减去均值，除以标准差，
# 两者都在一批样本上计算。然后每个通道乘上一个学来的缩放，加上一个学来的平移：
# 每个通道 2 个参数。它还存着滑动均值和滑动方差，留待以后使用；没有梯度去改它们，
# 所以那是**缓冲区**，不是参数。

# %%
with torch.device("meta"):
    norm = nn.BatchNorm2d(128)
stored = sum(b.numel() for b in norm.buffers())
print(f"{count(norm)} parameters, and {stored} numbers in buffers")

# %% [raw] lang="zh"
# {count(norm)} parameters, and {stored} numbers in buffers
# → {count(norm)} 个参数，缓冲区里另有 {stored} 个数

# %% [markdown]
# The buffers are 128 means, 128 variances and one count of the batches seen.
#
# ## ResNet, from its plan
#
# ResNet-50 is built of **bottleneck** blocks. A block squeezes its channels to `width`
# by a 1×1 convolution, works on them by a 3×3, and widens them to `4 * width` by
# another 1×1. The few channels in the middle make the costly 3×3 cheap. At the end the
# block's input is added to its result: a **residual connection**, also called a skip.
# Where the number of channels changes, the skip has a 1×1 convolution of its own. Each
# convolution is followed by batch normalisation and has no bias, since the norm's shift
# does that work.

# %% [markdown] lang="zh" of="654fb90e"
# 缓冲区里有 128 个均值、128 个方差，还有一个数记着见过多少批。
#
# ## 照着配置数 ResNet
#
# ResNet-50 由**瓶颈块**（bottleneck）搭成。一个块先用 1×1 卷积把通道压到 `width` 个，
# 再做 3×3 卷积，最后用另一个 1×1 卷积扩到 `4 * width` 个。中间通道少，
# 最贵的 3×3 卷积就便宜了。最后，块的输入与结果相加：这叫**残差连接**，也叫跳跃连接。
# 通道数有变化时，跳跃连接上另有一个 1×1 卷积。每个卷积后面都跟着批归一化，
# 卷积自己没有偏置，因为归一化的平移起的就是这个作用。


# %%
def normed_conv(inputs, outputs, size, stride=1):
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.squeeze = normed_conv(inputs, width, 1)
        self.work = normed_conv(width, width, 3, stride)
        self.widen = normed_conv(width, 4 * width, 1)
        self.skip = nn.Identity()
        if inputs != 4 * width:
            self.skip = normed_conv(inputs, 4 * width, 1, stride)

    def forward(self, x):  # (batch, inputs, height, width)
        h = self.work(self.squeeze(x).relu()).relu()
        return (self.widen(h) + self.skip(x)).relu()


# %% [markdown]
# Before the blocks comes the **stem**, one 7×7 convolution from 3 colours to 64
# channels, with its norm. Then come stages of blocks. From stage to stage the
# width doubles: 64, 128, 256, 512. ResNet-50 has 3, 4, 6 and 3 blocks in its four
# stages. After the last, a mean over the picture and a dense layer give a score to each
# of 1,000 classes.

# %% [markdown] lang="zh" of="38afb397"
# 瓶颈块之前是**起始层**（stem）：一个 7×7 卷积连同它的归一化，
# 把 3 种颜色变成 64 个通道。然后是几个阶段，每个阶段有若干个块；
# 每进一个阶段，宽度翻一番：64、128、256、512。
# ResNet-50 的四个阶段分别有 3、4、6、3 个块。最后对整幅图取平均，
# 再由一个全连接层给 1,000 个类别各打一个分。


# %%
class ResNet(nn.Module):
    def __init__(self, blocks, classes=1000):
        super().__init__()
        layers, inputs = [normed_conv(3, 64, 7, 2), nn.ReLU()], 64
        layers.append(nn.MaxPool2d(3, 2, 1))
        for stage, number in enumerate(blocks):
            for block in range(number):
                stride = 2 if stage and not block else 1  # halves the picture
                layers.append(Bottleneck(inputs, 64 * 2**stage, stride))
                inputs = 4 * 64 * 2**stage
        self.body, self.head = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):  # (batch, 3, height, width)
        return self.head(self.body(x).mean((-2, -1)))


# %% [raw] lang="zh"
# halves the picture → 图片的边长减半

# %% [markdown]
# Now count its parameters by arithmetic, from the numbers of blocks alone.

# %% [markdown] lang="zh" of="4f0456aa"
# 现在只凭各阶段的块数，用算术数出它的参数。


# %% exercise="resnet_parameters" points=4 minutes=12 level=2
def resnet_parameters(blocks: tuple[int, ...], classes: int = 1000) -> int:
    """Parameters of a ResNet of bottleneck blocks.

    blocks: how many blocks each stage has, as (3, 4, 6, 3), at least one in each; the
    first stage has width 64, each further stage twice the width of the one before.
    classes: outputs of the dense layer at the end, which has biases.
    """

    ### BEGIN SOLUTION
    def normed(inputs, outputs, size):  # a convolution and its batch normalisation
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs, width = normed(3, 64, 7), 64, 64
    for number in blocks:
        inner = normed(width, width, 3) + normed(width, 4 * width, 1)
        first = normed(inputs, width, 1) + inner + normed(inputs, 4 * width, 1)
        later = normed(4 * width, width, 1) + inner  # its skip costs nothing
        total += first + (number - 1) * later
        inputs, width = 4 * width, 2 * width
    return total + inputs * classes + classes
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters of a ResNet of bottleneck blocks. → 由瓶颈块组成的 ResNet 有多少参数。
# blocks: how many blocks each stage has, as (3, 4, 6, 3), at least one in each; the
# first stage has width 64, each further stage twice the width of the one before.
# classes: outputs of the dense layer at the end, which has biases.
# → blocks：每个阶段有几个块，如 (3, 4, 6, 3)，每个阶段至少一个；
#   第一个阶段的宽度是 64，以后每个阶段都是前一个的两倍。
#   classes：最后那个全连接层的输出个数，该层有偏置。
# a convolution and its batch normalisation → 一个卷积和它的批归一化
# its skip costs nothing → 它的跳跃连接不花参数

# %% check="resnet_parameters"
stem, block, skip = 9_408 + 128, 69_632 - 12_288 + 768, 16_384 + 512
want = stem + block + skip + 2_570  # one block, ten classes
got = resnet_parameters((1,), classes=10)
bm.expect.true(not isinstance(got, float), "a number of parameters is a whole number")
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
more = resnet_parameters((1, 1), classes=10) - got
advice = "a second stage: 256 channels in, width 128, and 512 in at the dense layer"
bm.expect.equal(more, 379_392 + 2_560, advice)
### BEGIN HIDDEN TESTS
got = resnet_parameters((3, 4, 6, 3))
bm.expect.equal(got, 25_557_032, "ResNet-50: does the width double at each stage?")
got = resnet_parameters((3, 4, 23, 3))
bm.expect.equal(got, 44_549_160, "ResNet-101: use the numbers of blocks as given")
advice = "use the number of classes as given"
more = resnet_parameters((3, 4, 6, 3), classes=1001) - resnet_parameters((3, 4, 6, 3))
bm.expect.equal(more, 2049, advice)
got = resnet_parameters([2, 1, 1], classes=3)
bm.expect.equal(got, 2_049_859, "three stages: how many channels come out of the last?")
advice = "a fifth stage: the width doubles again, from 512 to 1024"
bm.expect.equal(resnet_parameters((1, 1, 1, 1, 1), classes=3), 32_165_955, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one block, ten classes → 一个块，十个类
# a number of parameters is a whole number → 参数个数是整数
# a fifth stage: the width doubles again, from 512 to 1024
# → 第五个阶段：宽度又翻一番，从 512 到 1024
# a running mean and variance are buffers: a norm has 2 parameters a channel
# → 滑动均值和方差是缓冲区：归一化层每个通道只有 2 个参数
# 64 channels go in and 256 come out: the skip needs its 1×1 convolution
# → 进来 64 个通道，出去 256 个：跳跃连接上要有 1×1 卷积
# a convolution before a norm has no bias: the norm's shift does its work
# → 后面跟着归一化的卷积没有偏置：归一化的平移已经起了这个作用
# a scale and a shift for each channel: where are the norms' parameters?
# → 每个通道一个缩放和一个平移：归一化层的参数到哪里去了？
# one block: stem, three convolutions, skip, dense layer
# → 一个块：起始层、三个卷积、跳跃连接、全连接层
# the second block has 256 channels in and out: its skip costs nothing
# → 第二个块进出都是 256 个通道：它的跳跃连接不花参数
# a second block takes 256 channels in, not 64 → 第二个块的输入是 256 个通道，不是 64 个
# a second stage: 256 channels in, width 128, and 512 in at the dense layer
# → 第二个阶段：输入 256 个通道，宽度 128，全连接层的输入是 512
# ResNet-50: does the width double at each stage? → ResNet-50：每个阶段的宽度翻倍了吗？
# ResNet-101: use the numbers of blocks as given → ResNet-101：请使用给定的块数
# use the number of classes as given → 请使用给定的类别数
# three stages: how many channels come out of the last?
# → 三个阶段：最后一个阶段输出几个通道？

# %% [markdown] hint="resnet_parameters"
# Write a small helper for one convolution with its norm. By (\ref{convolution}),
# without the biases, it has `inputs * outputs * size**2` weights; then the norm's
# share.

# %% [markdown] lang="zh" of="d755b0c0"
# 先写一个小函数，算一个卷积连同它的归一化。由 (\ref{convolution})，去掉偏置，
# 有 `inputs * outputs * size**2` 个权重；再加上归一化的那一份。

# %% [markdown] hint="resnet_parameters"
# Carry the number of channels along: it starts at 64, and after each block it is
# `4 * width`. The skip costs something only if the two differ.

# %% [markdown] lang="zh" of="f0a67cd4"
# 一路记着通道数：开始是 64，每过一个块就变成 `4 * width`。两者不等时，
# 跳跃连接才有参数。

# %% [markdown] hint="resnet_parameters"
# With `helper(inputs, outputs, size)`, each block adds `helper(inputs, width, 1) +
# helper(width, width, 3) + helper(width, 4 * width, 1)`, and a stage's first block also
# `helper(inputs, 4 * width, 1)`. At the end add `inputs * classes + classes`.

# %% [markdown] lang="zh" of="835e2b31"
# 有了 `helper(inputs, outputs, size)`，每个块加上 `helper(inputs, width, 1) +
# helper(width, width, 3) + helper(width, 4 * width, 1)`，每个阶段的第一个块再加
# `helper(inputs, 4 * width, 1)`。最后加上 `inputs * classes + classes`。


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


# %% mistake="resnet_parameters" says="a fifth stage"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs = normed(3, 64, 7), 64
    for width, number in zip((64, 128, 256, 512, 512), blocks, strict=False):
        for _ in range(number):
            total += normed(inputs, width, 1) + normed(width, width, 3)
            total += normed(width, 4 * width, 1)
            if inputs != 4 * width:
                total += normed(inputs, 4 * width, 1)
            inputs = 4 * width
    return total + inputs * classes + classes


# %% mistake="resnet_parameters" says="a second stage"
def resnet_parameters(blocks, classes=1000):
    def normed(inputs, outputs, size):
        return inputs * outputs * size**2 + 2 * outputs

    total, inputs = normed(3, 64, 7), 64
    for number in blocks:
        for _ in range(number):
            total += normed(inputs, 64, 1) + normed(64, 64, 3) + normed(64, 256, 1)
            if inputs != 256:
                total += normed(inputs, 256, 1)
            inputs = 256
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


# %% variant="resnet_parameters"
def resnet_parameters(blocks, classes=1000):
    with torch.device("meta"):
        return count(ResNet(tuple(blocks), classes))


# %% [markdown]
# Build the whole network on the meta device, and let a picture without numbers run
# through it. Do the two counts agree?

# %% [markdown] lang="zh" of="a0dfb572"
# 在 meta 设备上把整个网络搭出来，再让一张没有数的图片从中走一遍。两种数法对得上吗？

# %%
with torch.device("meta"):
    resnet, picture = ResNet((3, 4, 6, 3)), torch.empty(2, 3, 224, 224)
print(f"counted {resnet_parameters((3, 4, 6, 3)):,}, built {count(resnet):,}")
print("scores of two pictures:", tuple(resnet(picture).shape))

# %% [raw] lang="zh"
# counted {resnet_parameters((3, 4, 6, 3)):,}, built {count(resnet):,}
# → 数出 {resnet_parameters((3, 4, 6, 3)):,}，搭出 {count(resnet):,}
# scores of two pictures: → 两张图片的得分：

# %% [markdown]
# ## The Transformer's twelve squares
#
# Nearly all language models of today are **Transformers**, networks of a kind published
# in 2017. Such a model cuts a text into **tokens**, words or pieces of words. The list
# of all tokens it knows is its **vocabulary**. Each token becomes a vector of $d$
# numbers, and the vectors pass through $L$ equal **blocks**, the layers of a
# Transformer. A block has two parts. **Attention** lets every position of the text read
# from others; it has four $d \times d$ matrices (queries, keys, values, output). The
# **feed-forward** part works on each position alone, from $d$ numbers up to $4d$ and
# down again: as much as eight more squares. All these layers have biases,
# $3d + d + 4d + d$. And before or after each part stands a **layer normalisation**,
# which rescales the $d$ numbers of one position and has a scale and a shift for each.
# In all
#
# $$N_{\text{block}} = 12d^2 + 13d \label{block}$$
#
# How the parts work is told in [Attention](lesson:attention) and
# [The Transformer](lesson:transformer). To count, their shapes are enough.

# %% [markdown] lang="zh" of="5894751c"
# ## Transformer 的十二个方阵
#
# 今天的语言模型几乎都是 **Transformer**，一种 2017 年发表的网络。
# 它先把文本切成**词元**，也就是词或词的片段。它认得的全部词元列成一张表，叫**词表**。
# 每个词元变成一个 $d$ 个数的向量，向量依次通过 $L$ 个一样的**块**，
# 也就是 Transformer 的层。一个块分两部分。**注意力**让文本的每个位置读取其他位置，
# 含四个 $d \times d$ 矩阵（查询、键、值、输出）。**前馈**部分单独处理每个位置，
# 从 $d$ 个数升到 $4d$ 个再降回来，相当于又有八个方阵。这些层都有偏置，
# 共 $3d + d + 4d + d$ 个。每个部分之前或之后还有一个**层归一化**，
# 它调整一个位置的 $d$ 个数，每个数有一个缩放和一个平移。合起来，
#
# $$N_{\text{block}} = 12d^2 + 13d \label{block}$$
#
# 各部分怎样工作，见[注意力](lesson:attention)和 [Transformer](lesson:transformer)两课。
# 要数参数，知道形状就够了。


# %%
def block(d):
    attention = [nn.Linear(d, 3 * d), nn.Linear(d, d)]  # q, k and v in one; output
    feed_forward = [nn.Linear(d, 4 * d), nn.Linear(4 * d, d)]
    norms = [nn.LayerNorm(d), nn.LayerNorm(d)]
    return nn.ModuleList([*attention, *feed_forward, *norms])


# %% [raw] lang="zh"
# q, k and v in one; output → q、k、v 合在一起；输出

# %% equation="block" of="4fa5df9b"
widths = [8, 96, 768]
with torch.device("meta"):
    built = np.array([float(count(block(d))) for d in widths])
bm.equation("block", built, np.array([12.0 * d**2 + 13 * d for d in widths]))

# %% [markdown]
# Attention is usually cut into **heads**, several small attentions side by side. They
# share out the same four matrices, so their number is not in the formula. PyTorch's own
# block shows it.

# %% [markdown] lang="zh" of="e2d946d9"
# 注意力通常分成若干个**头**，即几个并排的小注意力。它们分用同样的四个矩阵，
# 所以公式里没有头的个数。看看 PyTorch 自带的块就知道。

# %%
formula = 12 * 64**2 + 13 * 64
for heads in (1, 4, 16):
    layer = nn.TransformerEncoderLayer(64, heads, dim_feedforward=256)
    print(f"{heads:2} heads: {count(layer):,} parameters, formula {formula:,}")

# %% [raw] lang="zh"
# {heads:2} heads: {count(layer):,} parameters, formula {formula:,}
# → {heads:2} 个头：{count(layer):,} 个参数，公式给出 {formula:,}

# %% [markdown]
# Around the blocks stand tables. The **embedding** has $d$ numbers for each token of
# the vocabulary, and a second table has $d$ for each position in the text. One more
# layer normalisation stands after the blocks (GPT) or before them (BERT). To score the
# next token, GPT multiplies its last vector by the embedding table once more: the two
# have **tied weights**, which count once. BERT also marks which of two sentences a
# token is in, by a table of 2 rows (`segments`), and has a dense layer from $d$ to $d$
# at the end, called the *pooler*.

# %% [markdown] lang="zh" of="57595f13"
# 块的外面还有几张表。**嵌入**表为词表里的每个词元存 $d$ 个数，
# 另一张表为文本的每个位置存 $d$ 个数。还有一个层归一化，GPT 放在所有块之后，
# BERT 放在所有块之前。要给下一个词元打分时，GPT 把最后的向量再与嵌入表相乘：
# 两处**共享权重**，只算一次。BERT 另有一张 2 行的表（`segments`），
# 标明词元属于两句中的哪一句；末尾还有一个从 $d$ 到 $d$ 的全连接层，叫 *pooler*。


# %% exercise="transformer_parameters" points=4 minutes=10 level=2
def transformer_parameters(
    vocabulary: int,
    positions: int,
    d: int,
    layers: int,
    segments: int = 0,
    pooler: bool = False,
) -> int:
    """Parameters of a GPT, or of a BERT where there are segments.

    vocabulary, positions, segments: rows of the three tables, each row d numbers.
    layers: how many blocks. pooler: whether there is a dense layer from d to d.
    The output is tied to the embedding; one layer normalisation stands outside the
    blocks.
    """
    ### BEGIN SOLUTION
    tables = (vocabulary + positions + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters of a GPT, or of a BERT where there are segments.
# → GPT 的参数个数；有 segments 时则为 BERT 的参数个数。
# vocabulary, positions, segments: rows of the three tables, each row d numbers.
# layers: how many blocks. pooler: whether there is a dense layer from d to d.
# The output is tied to the embedding; one layer normalisation stands outside the
# blocks.
# → vocabulary、positions、segments：三张表的行数，每行 d 个数。
#   layers：有几个块。pooler：有没有从 d 到 d 的全连接层。
#   输出与嵌入共享权重；块的外面有一个层归一化。

# %% check="transformer_parameters"
got = transformer_parameters(100, 20, 8, 1)
bm.expect.true(not isinstance(got, float), "a number of parameters is a whole number")
more = transformer_parameters(101, 20, 8, 1) - got
advice = "one more token is one row of d: the output is tied, do not count it again"
bm.expect.equal(more, 8, advice)
advice = "one more position is one row of d"
bm.expect.equal(transformer_parameters(100, 21, 8, 1) - got, 8, advice)
more = transformer_parameters(100, 20, 8, 2) - got
advice = "a block has biases too: 3d, d, 4d and d of them"
bm.expect.true(more != 12 * 64 + 4 * 8, advice)
advice = "a block has two layer normalisations, each with a scale and a shift"
bm.expect.true(more not in (12 * 64 + 9 * 8, 12 * 64 + 11 * 8), advice)
bm.expect.equal(more, 872, "one more block: see the equation above")
advice = "one layer normalisation stands outside the blocks, with scale and shift"
bm.expect.equal(got, 120 * 8 + 872 + 16, advice)
more = transformer_parameters(100, 20, 8, 1, segments=3) - got
bm.expect.equal(more, 24, "each segment is a row of d as well")
more = transformer_parameters(100, 20, 8, 1, pooler=True) - got
bm.expect.equal(more, 72, "the pooler is a dense layer from d to d, with its biases")
### BEGIN HIDDEN TESTS
bert = transformer_parameters(30_522, 512, 768, 12, segments=2, pooler=True)
bm.expect.equal(bert, 109_482_240, "BERT-base")
bm.expect.equal(transformer_parameters(50_257, 1024, 768, 12), 124_439_808, "GPT-2")
large = transformer_parameters(50_257, 1024, 1600, 48)
bm.expect.equal(large, 1_557_611_200, "GPT-2 XL: use d and layers as given")
large = transformer_parameters(50_257, 2048, 12_288, 96)
bm.expect.equal(large, 174_604_259_328, "GPT-3: use positions as given")
bm.expect.equal(transformer_parameters(7, 3, 4, 0), 48, "no blocks: tables and a norm")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one more token is one row of d: the output is tied, do not count it again
# → 多一个词元就多一行 d 个数：输出共享权重，不要再数一遍
# one more position is one row of d → 多一个位置就多一行 d 个数
# a block has biases too: 3d, d, 4d and d of them → 块里还有偏置：3d、d、4d 和 d 个
# a block has two layer normalisations, each with a scale and a shift
# → 一个块有两个层归一化，各有一个缩放和一个平移
# one more block: see the equation above → 多一个块：见上面的公式
# one layer normalisation stands outside the blocks, with scale and shift
# → 块的外面还有一个层归一化，也有缩放和平移
# each segment is a row of d as well → 每个 segment 也是一行 d 个数
# the pooler is a dense layer from d to d, with its biases
# → pooler 是从 d 到 d 的全连接层，带偏置
# GPT-2 XL: use d and layers as given → GPT-2 XL：请使用给定的 d 和 layers
# GPT-3: use positions as given → GPT-3：请使用给定的 positions
# no blocks: tables and a norm → 没有块：只有几张表和一个归一化
# a number of parameters is a whole number → 参数个数是整数
# BERT-base → =
# GPT-2 → =

# %% [markdown] hint="transformer_parameters"
# Four terms: the tables, the blocks, one norm, and perhaps the pooler. Equation
# (\ref{block}) has the second.

# %% [markdown] lang="zh" of="4fdf0fdc"
# 一共四项：几张表、所有的块、一个归一化，也许还有 pooler。第二项见公式 (\ref{block})。

# %% [markdown] hint="transformer_parameters"
# The tables have `(vocabulary + positions + segments) * d` numbers, the blocks
# `layers * (12 * d**2 + 13 * d)`, the norm `2 * d`, the pooler `d**2 + d`.

# %% [markdown] lang="zh" of="bb4cac03"
# 几张表共有 `(vocabulary + positions + segments) * d` 个数，块有
# `layers * (12 * d**2 + 13 * d)` 个，归一化有 `2 * d` 个，pooler 有 `d**2 + d` 个。


# %% mistake="transformer_parameters" says="tied"
def transformer_parameters(vocabulary, positions, d, layers, segments=0, pooler=False):
    tables = (2 * vocabulary + positions + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)


# %% mistake="transformer_parameters" says="biases too"
def transformer_parameters(vocabulary, positions, d, layers, segments=0, pooler=False):
    tables = (vocabulary + positions + segments) * d
    blocks = layers * (12 * d**2 + 4 * d)
    return tables + blocks + 2 * d + (d**2 if pooler else 0)


# %% mistake="transformer_parameters" says="two layer normalisations"
def transformer_parameters(vocabulary, positions, d, layers, segments=0, pooler=False):
    tables = (vocabulary + positions + segments) * d
    blocks = layers * (12 * d**2 + 9 * d)
    return tables + blocks + 2 * d + (d**2 + d if pooler else 0)


# %% mistake="transformer_parameters" says="outside the blocks"
def transformer_parameters(vocabulary, positions, d, layers, segments=0, pooler=False):
    tables = (vocabulary + positions + segments) * d
    blocks = layers * (12 * d**2 + 13 * d)
    return tables + blocks + (d**2 + d if pooler else 0)


# %% variant="transformer_parameters"
def transformer_parameters(vocabulary, positions, d, layers, segments=0, pooler=False):
    def dense(a, b):
        return a * b + b

    block = dense(d, 3 * d) + dense(d, d) + dense(d, 4 * d) + dense(4 * d, d) + 4 * d
    rows = vocabulary + positions + segments
    return rows * d + layers * block + 2 * d + int(pooler) * dense(d, d)


# %% [markdown]
# ## The published sizes, recomputed
#
# Here is all that one needs to know of five famous models. Your function counts each,
# and each is built on the meta device from PyTorch's own layers, GPT-3 with its 96
# blocks as well.

# %% [markdown] lang="zh" of="1d209797"
# ## 重算公布的大小
#
# 五个著名模型，需要知道的都在下面。每个都先用你的函数数一遍，
# 再用 PyTorch 自带的层在 meta 设备上搭出来，连 96 个块的 GPT-3 也不例外。

# %%
bert = {"vocabulary": 30_522, "positions": 512, "segments": 2, "pooler": True}
gpt2 = {"vocabulary": 50_257, "positions": 1024}
plans = {
    "BERT-base": {**bert, "d": 768, "layers": 12},
    "BERT-large": {**bert, "d": 1024, "layers": 24},
    "GPT-2": {**gpt2, "d": 768, "layers": 12},
    "GPT-2 XL": {**gpt2, "d": 1600, "layers": 48},
    "GPT-3": {"vocabulary": 50_257, "positions": 2048, "d": 12_288, "layers": 96},
}


# %%
def build(vocabulary, positions, d, layers, segments=0, pooler=False):
    with torch.device("meta"):
        rows = [vocabulary, positions, *([segments] if segments else [])]
        parts = [nn.Embedding(number, d) for number in rows]
        parts += [nn.TransformerEncoderLayer(d, 8, 4 * d) for _ in range(layers)]
        parts += [nn.LayerNorm(d), *([nn.Linear(d, d)] if pooler else [])]
    return nn.ModuleList(parts)


# %%
counted = {name: transformer_parameters(**plan) for name, plan in plans.items()}
sizes = {name: count(build(**plan)) for name, plan in plans.items()}
counted["ResNet-50"] = resnet_parameters((3, 4, 6, 3))
sizes["ResNet-50"] = count(resnet)
papers = {name: size for name, (_, size) in stated.items()} | {"GPT-2": 117e6}

# %% fold
columns = ["counted", "built", "stated", "off by"]
print(" " * 11, *(f"{column:>16}" for column in columns))
for name, N in counted.items():
    off = N / papers[name] - 1
    print(f"{name:12}{N:16,} {sizes[name]:16,} {papers[name]:16.4g} {off:16.1%}")

# %% [raw] lang="zh"
# counted → 自己数
# built → 搭出来
# stated → 论文所说
# off by → 相差

# %%
weights = {  # how many numbers the published files hold
    "BERT-base": 109_482_240,
    "GPT-2": 124_439_808,
    "GPT-2 XL": 1_557_611_200,
    "ResNet-50": 25_557_032,
}
bm.claim(
    "Counting from the plan gives the published weights, to the last parameter",
    lambda size, published: size == published,
    {"size": [counted[name] for name in weights], "published": list(weights.values())},
    control={
        "size": [papers[name] for name in weights],
        "published": list(weights.values()),
    },
    against="the sizes that the papers state",
)
bm.claim(
    "BERT-base and ResNet-50 have fewer than a billion parameters",
    lambda largest: largest < 1e9,
    {"largest": max(counted["BERT-base"], counted["ResNet-50"])},
    control={"largest": counted["GPT-3"]},
    against="GPT-3",
)

# %% [raw] lang="zh"
# how many numbers the published files hold → 公布的文件里有多少个数
# Counting from the plan gives the published weights, to the last parameter
# → 照着配置数出来的，与公布的权重一个参数都不差
# the sizes that the papers state → 论文里写的大小
# BERT-base and ResNet-50 have fewer than a billion parameters
# → BERT-base 和 ResNet-50 的参数不到十亿
# GPT-3 → =

# %% [markdown]
# The papers' numbers are ours, rounded, some of them generously, except for those of
# GPT-2. Its paper gave the smallest model 117 million and the largest 1,542, and many
# copied them. Later the authors wrote beside their code that the counts had been wrong:
# it is the 124 and 1,558 million that you just found.
#
# Where do the parameters sit?

# %% [markdown] lang="zh" of="5e55b662"
# 论文里的数字就是我们的数取整（有的取得很粗），只有 GPT-2 例外。GPT-2 论文说最小的模型
# 有 1.17 亿参数，最大的有 15.42 亿，许多人照抄。后来作者在代码旁边注明，当初数错了：
# 应当是你刚刚数出的 1.24 亿和 15.58 亿。
#
# 这些参数都在哪里？

# %% fold
chosen = ["BERT-base", "GPT-2", "GPT-2 XL", "GPT-3"]
parts = {"tables": [], "attention": [], "feed-forward": []}
for name in chosen:
    plan, N = plans[name], counted[name]
    squares = plan["layers"] * plan["d"] ** 2
    rows = plan["vocabulary"] + plan["positions"] + plan.get("segments", 0)
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


# %%
def squares_share(name):  # of the parameters, those in the 12 L d² of the blocks
    plan = plans[name]
    return 12 * plan["layers"] * plan["d"] ** 2 / counted[name]


bm.claim(
    "Of GPT-3 more than 99 % is in its blocks: N is about 12 L d²",
    lambda share: share > 0.99,
    {"share": squares_share("GPT-3")},
    control={"share": squares_share("GPT-2")},
    against="GPT-2, a small one",
)

# %% [raw] lang="zh"
# of the parameters, those in the 12 L d² of the blocks
# → 块里的 12 L d² 占全部参数的份额
# Of GPT-3 more than 99 % is in its blocks: N is about 12 L d²
# → GPT-3 的参数 99 % 以上在块里：N 约为 12 L d²
# GPT-2, a small one → 小的 GPT-2

# %% [markdown]
# So in a large Transformer twice as many layers are about twice the parameters, and
# twice the width is about four times.
#
# ## One model, four sizes
#
# For the smallest GPT-2 one finds four sizes in papers, documentation and books: 117,
# 124, 163 and 85 million. Are three of them wrong? Not necessarily. Some leave out the
# tables and give the blocks alone, since it is the blocks that work. Some count the
# output as a matrix of its own, because some programs store it untied. Before you can
# compare two models you must know what was counted. Find out.

# %% [markdown] lang="zh" of="a8ec6378"
# 所以在大的 Transformer 里，层数加倍，参数大约也加倍；宽度加倍，参数大约是四倍。
#
# ## 一个模型，四种大小
#
# 最小的 GPT-2 有多大？在论文、文档和书里能找到四个数：1.17 亿、1.24 亿、1.63 亿、
# 0.85 亿。难道错了三个？不一定。有的不算表，只算块，因为真正干活的是块。
# 有的把输出另算一个矩阵，因为有些程序不共享权重，分开存放。
# 要比较两个模型，先得弄清各自数的是什么。请你来查明。


# %% exercise="what_was_counted" points=3 minutes=10 level=3
def what_was_counted(
    stated: float, vocabulary: int, positions: int, d: int, layers: int
) -> str:
    """Say which way of counting a GPT gives the size that somebody stated.

    "all": every parameter, the output tied to the embedding.
    "untied": as before, and the output as a matrix of its own, vocabulary × d.
    "blocks": the parameters of the blocks alone.
    "none": none of the three comes within 1 % of the stated size.
    Where several come within 1 %, the nearest.
    """
    ### BEGIN SOLUTION
    tied = transformer_parameters(vocabulary, positions, d, layers)
    ways = {
        "all": tied,
        "untied": tied + vocabulary * d,
        "blocks": layers * (12 * d**2 + 13 * d),
    }
    nearest = min(ways, key=lambda way: abs(ways[way] - stated))
    return nearest if math.isclose(ways[nearest], stated, rel_tol=0.01) else "none"
    ### END SOLUTION


# %% [raw] lang="zh"
# Say which way of counting a GPT gives the size that somebody stated.
# → 判断某人给出的大小，是用哪种方法数一个 GPT 得到的。
# "all": every parameter, the output tied to the embedding.
# "untied": as before, and the output as a matrix of its own, vocabulary × d.
# "blocks": the parameters of the blocks alone.
# "none": none of the three comes within 1 % of the stated size.
# Where several come within 1 %, the nearest.
# → "all"：全部参数，输出与嵌入共享权重。
#   "untied"：同上，但输出另算一个矩阵，vocabulary × d。
#   "blocks"：只算块的参数。
#   "none"：三种数法与给出的大小都相差 1% 以上。
#   如有几种都在 1% 以内，取最接近的。
# all → =
# untied → =
# blocks → =
# none → =

# %% check="what_was_counted"
small = {"vocabulary": 1000, "positions": 50, "d": 16, "layers": 2}
got = what_was_counted(23_400, **small)
bm.expect.equal(got, "all", "two tables, two blocks, one norm: 23,392 parameters")
got = what_was_counted(39_400, **small)
bm.expect.equal(got, "untied", "16,000 more than with tied weights")
got = what_was_counted(6_560, **small)
bm.expect.equal(got, "blocks", "two blocks, and nothing of the tables or the last norm")
advice = "1 % is not exact: papers round, up and down"
bm.expect.equal(what_was_counted(23_185, **small), "all", advice)
bm.expect.equal(what_was_counted(23_600, **small), "all", advice)
advice = "the nearest is more than 1 % away: that is none of the three"
bm.expect.equal(what_was_counted(23_660, **small), "none", advice)
bm.expect.equal(what_was_counted(23_130, **small), "none", advice)
### BEGIN HIDDEN TESTS
wide = {"vocabulary": 2000, "positions": 90, "d": 4096, "layers": 7}
advice = "all three come within 1 % here, and the nearest counts"
bm.expect.equal(what_was_counted(1.4182e9, **wide), "all", advice)
bm.expect.equal(what_was_counted(1.4265e9, **wide), "untied", advice)
bm.expect.equal(what_was_counted(1.4100e9, **wide), "blocks", advice)
tiny = {"vocabulary": 30, "positions": 400, "d": 2, "layers": 5}
bm.expect.equal(what_was_counted(1234, **tiny), "all", "many positions, few tokens")
bm.expect.equal(what_was_counted(370, **tiny), "blocks", "blocks with their biases")
gpt = {"vocabulary": 50_257, "positions": 1024, "d": 768, "layers": 12}
bm.expect.equal(what_was_counted(163e6, **gpt), "untied", "GPT-2, 163 million")
bm.expect.equal(what_was_counted(117e6, **gpt), "none", "GPT-2, 117 million")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# two tables, two blocks, one norm: 23,392 parameters
# → 两张表、两个块、一个归一化：23,392 个参数
# 16,000 more than with tied weights → 比共享权重时多 16,000 个
# two blocks, and nothing of the tables or the last norm
# → 两个块，不算表，也不算最后的归一化
# 1 % is not exact: papers round, up and down → 1% 以内都算：论文会取整，有进有舍
# the nearest is more than 1 % away: that is none of the three
# → 最接近的也差 1% 以上：三种都不是
# all three come within 1 % here, and the nearest counts
# → 这里三种都在 1% 以内，取最接近的
# many positions, few tokens → 位置多，词元少
# blocks with their biases → 带偏置的块
# GPT-2, 163 million → GPT-2，1.63 亿
# GPT-2, 117 million → GPT-2，1.17 亿
# all → =
# untied → =
# blocks → =
# none → =

# %% [markdown] hint="what_was_counted"
# Compute all three sizes. The first is your `transformer_parameters`; how do the other
# two differ from it?

# %% [markdown] lang="zh" of="85a8b5be"
# 三种大小都算出来。第一种就是你的 `transformer_parameters`；另外两种与它差在哪里？

# %% [markdown] hint="what_was_counted"
# Put the three into a dict from name to size. `min(ways, key=lambda way:
# abs(ways[way] - stated))` is the name of the nearest. Then ask whether it is near
# enough.

# %% [markdown] lang="zh" of="f38aad46"
# 把三种放进一个从名字到大小的字典。
# `min(ways, key=lambda way: abs(ways[way] - stated))` 就是最接近的名字。
# 然后再看它够不够接近。


# %% mistake="what_was_counted" says="16,000 more"
def what_was_counted(stated, vocabulary, positions, d, layers):
    ways = {
        "all": transformer_parameters(vocabulary, positions, d, layers),
        "untied": transformer_parameters(2 * vocabulary, 2 * positions, d, layers),
        "blocks": layers * (12 * d**2 + 13 * d),
    }
    nearest = min(ways, key=lambda way: abs(ways[way] - stated))
    return nearest if abs(ways[nearest] / stated - 1) < 0.01 else "none"


# %% mistake="what_was_counted" says="papers round"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tied = transformer_parameters(vocabulary, positions, d, layers)
    blocks = layers * (12 * d**2 + 13 * d)
    ways = {"all": tied, "untied": tied + vocabulary * d, "blocks": blocks}
    for way, size in ways.items():
        if 0 <= stated / size - 1 < 0.01:
            return way
    return "none"


# %% mistake="what_was_counted" says="the nearest counts"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tied = transformer_parameters(vocabulary, positions, d, layers)
    blocks = layers * (12 * d**2 + 13 * d)
    ways = {"all": tied, "untied": tied + vocabulary * d, "blocks": blocks}
    for way, size in ways.items():
        if abs(stated / size - 1) < 0.01:
            return way
    return "none"


# %% mistake="what_was_counted" says="none of the three"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tied = transformer_parameters(vocabulary, positions, d, layers)
    blocks = layers * (12 * d**2 + 13 * d)
    ways = {"all": tied, "untied": tied + vocabulary * d, "blocks": blocks}
    return min(ways, key=lambda way: abs(ways[way] - stated))


# %% mistake="what_was_counted" says="nothing of the tables"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tied = transformer_parameters(vocabulary, positions, d, layers)
    ways = {"all": tied, "untied": tied + vocabulary * d}
    ways["blocks"] = tied - vocabulary * d
    nearest = min(ways, key=lambda way: abs(ways[way] - stated))
    return nearest if abs(ways[nearest] / stated - 1) < 0.01 else "none"


# %% mistake="what_was_counted" says="none of the three"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tied = transformer_parameters(vocabulary, positions, d, layers)
    blocks = layers * (12 * d**2 + 13 * d)
    ways = {"all": tied, "untied": tied + vocabulary * d, "blocks": blocks}
    nearest = min(ways, key=lambda way: abs(ways[way] - stated))
    return nearest if round(100 * abs(ways[nearest] / stated - 1)) <= 1 else "none"


# %% variant="what_was_counted"
def what_was_counted(stated, vocabulary, positions, d, layers):
    tables, output = (vocabulary + positions) * d, vocabulary * d
    blocks = layers * (12 * d * d + 13 * d)
    sizes = [tables + blocks + 2 * d, tables + blocks + 2 * d + output, blocks]
    off = np.abs(np.array(sizes) / stated - 1)
    return ["all", "untied", "blocks"][off.argmin()] if off.min() <= 0.01 else "none"


# %%
for size in (117_000_000, 124_000_000, 163_000_000, 85_000_000):
    way = what_was_counted(size, **plans["GPT-2"])
    print(f"{size:11,} parameters: {way}")

# %% [raw] lang="zh"
# {size:11,} parameters: {way} → {size:11,} 个参数：{way}

# %% [markdown]
# Only 117 million fits no way of counting. The others are right, each of something
# else.
#
# ## What models use today
#
# The plan of a typical language model of 2024 to 2026 differs from GPT-2's in a few
# ways, all to be seen in its configuration file. There are no biases, and the norms
# have a scale but no shift (**RMSNorm**). The feed-forward part has three matrices
# $d \times f$ instead of two (**SwiGLU**). Several heads share their keys and values
# (**grouped-query attention**), so these two matrices are only $d \times k$ with
# $k < d$. There is no table of positions. The output is tied mostly in small models.
# And many large ones are a **mixture of experts**: each block has several feed-forward
# parts, the experts, and for each token a small matrix $d \times \text{experts}$, the
# router, chooses which few of them work.

# %% [markdown] lang="zh" of="8d718fd8"
# 只有 1.17 亿用哪种数法都得不到。其余几个都对，只是数的东西不同。
#
# ## 今天的模型用什么
#
# 2024 到 2026 年的语言模型，典型的配置与 GPT-2 有几处不同，在配置文件里都看得到。没有偏
# 置，归一化只有缩放、没有平移（**RMSNorm**）。前馈部分不是两个而是三个 $d \times f$ 矩
# 阵（**SwiGLU**）。几个头合用一组键和值（**分组查询注意力**），所以这两个矩阵只有
# $d \times k$，其中 $k < d$。没有位置表。输出共享权重的多半是小模型。
# 许多大模型还是**混合专家**：每个块有好几个前馈部分，叫专家；对每个词元，
# 由一个 $d \times \text{专家数}$ 的小矩阵（路由器）选出其中几个来干活。


# %% exercise="modern_parameters" points=4 minutes=12 level=3
def modern_parameters(
    vocabulary: int,
    d: int,
    f: int,
    layers: int,
    k: int,
    tied: bool = False,
    experts: int = 1,
    active: int = 1,
) -> tuple[int, int]:
    """Parameters of a language model of today: all, and those that one token uses.

    A block has two matrices d × d (queries, output), two of d × k (keys, values),
    experts of three matrices d × f each, a router of d × experts if there is more than
    one expert, and two norms of d. Outside are the embedding, vocabulary × d, an output
    matrix of the same size unless it is tied, and one norm of d. There are no biases.
    One token uses all of it, except that in each block only `active` experts work.
    Returns (all, used).
    """
    ### BEGIN SOLUTION
    outside = vocabulary * d * (1 if tied else 2) + d
    router = d * experts if experts > 1 else 0
    shared = 2 * d * d + 2 * d * k + router + 2 * d
    every, used = (
        outside + layers * (shared + number * 3 * d * f) for number in (experts, active)
    )
    return every, used
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters of a language model of today: all, and those that one token uses.
# → 今天的语言模型的参数个数：全部的，以及一个词元用到的。
# A block has two matrices d × d (queries, output), two of d × k (keys, values),
# experts of three matrices d × f each, a router of d × experts if there is more than
# one expert, and two norms of d. Outside are the embedding, vocabulary × d, an output
# matrix of the same size unless it is tied, and one norm of d. There are no biases.
# One token uses all of it, except that in each block only `active` experts work.
# Returns (all, used).
# → 一个块有两个 d × d 矩阵（查询、输出）、两个 d × k 矩阵（键、值）；
#   若干专家，每个有三个 d × f 矩阵；专家多于一个时有一个 d × experts 的路由器；
#   两个归一化，各 d 个数。块外有嵌入 vocabulary × d；不共享权重时，
#   还有同样大小的输出矩阵；以及一个 d 个数的归一化。没有偏置。
#   一个词元用到全部参数，只是每个块里只有 active 个专家干活。
#   返回 (全部, 用到的)。

# %% check="modern_parameters"
advice = "return two numbers: all parameters, and those that one token uses"
got = bm.expect.several(modern_parameters(100, 8, 20, 1, 4), 2, advice)
whole = not any(isinstance(number, float) for number in got)
bm.expect.true(whole, "a number of parameters is a whole number")
advice = "attention: two matrices d × d, and two of d × k"
bm.expect.true(got[0] not in (2296 + 64, 2296 - 32), advice)
bm.expect.true(got[0] != 2296 - 160, "an expert has three matrices d × f")
bm.expect.true(got[0] != 2296 + 24, "these norms have a scale and no shift")
bm.expect.true(got[0] != 2296 + 8, "a single expert needs no router")
bm.expect.equal(got, (2296, 2296), "one block with one expert, untied")
got = tuple(modern_parameters(100, 8, 20, 1, 4, tied=True))
bm.expect.equal(got, (1496, 1496), "tied: the output is the embedding once more")
got = tuple(modern_parameters(100, 8, 20, 2, 4))
bm.expect.equal(got, (2984, 2984), "one more block, the same tables")
every, used = modern_parameters(100, 8, 20, 1, 4, experts=4, active=2)
bm.expect.true(every != 2296 + 32, "every expert has parameters of its own")
bm.expect.equal(every, 3768, "four experts and their router are stored")
bm.expect.true(used != 3768, "one token uses `active` of the experts, not all")
bm.expect.equal(used, 2808, "a token uses two experts and the whole router")
### BEGIN HIDDEN TESTS
got = tuple(modern_parameters(128_256, 4096, 14_336, 32, 1024))
bm.expect.equal(got, (8_030_261_248, 8_030_261_248), "Llama 3.1 8B")
got = tuple(modern_parameters(49_152, 576, 1536, 30, 192, tied=True))
bm.expect.equal(got, (134_515_008, 134_515_008), "SmolLM2-135M")
got = tuple(modern_parameters(32_000, 4096, 14_336, 32, 1024, experts=8, active=2))
bm.expect.equal(got, (46_702_792_704, 12_879_925_248), "Mixtral 8x7B")
got = tuple(modern_parameters(10, 4, 5, 3, 2, experts=2))
bm.expect.equal(got, (636, 456), "two experts need a router; one of them works")
got = tuple(modern_parameters(10, 4, 5, 3, 2, tied=True, experts=5, active=3))
bm.expect.equal(got, (1172, 812), "five experts, three of them work, tied output")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two numbers: all parameters, and those that one token uses
# → 请返回两个数：全部参数，以及一个词元用到的参数
# attention: two matrices d × d, and two of d × k
# → 注意力：两个 d × d 矩阵，两个 d × k 矩阵
# an expert has three matrices d × f → 一个专家有三个 d × f 矩阵
# these norms have a scale and no shift → 这里的归一化只有缩放，没有平移
# a single expert needs no router → 只有一个专家时不需要路由器
# one block with one expert, untied → 一个块，一个专家，不共享权重
# tied: the output is the embedding once more → 共享权重：输出就是嵌入，不另算
# one more block, the same tables → 多一个块，表不变
# every expert has parameters of its own → 每个专家都有自己的参数
# four experts and their router are stored → 存着四个专家和它们的路由器
# one token uses `active` of the experts, not all → 一个词元只用 active 个专家，不是全部
# a token uses two experts and the whole router → 一个词元用两个专家和整个路由器
# Llama 3.1 8B → =
# SmolLM2-135M → =
# Mixtral 8x7B → =
# two experts need a router; one of them works → 两个专家需要路由器；其中一个干活
# five experts, three of them work, tied output → 五个专家，三个干活，输出共享权重
# a number of parameters is a whole number → 参数个数是整数

# %% [markdown] hint="modern_parameters"
# Write down the block without its experts: four matrices of attention, perhaps the
# router, two norms. One expert is `3 * d * f`.

# %% [markdown] lang="zh" of="953ca891"
# 先写出块里除专家以外的部分：注意力的四个矩阵、也许有的路由器、两个归一化。
# 一个专家是 `3 * d * f`。

# %% [markdown] hint="modern_parameters"
# Both results are `outside + layers * (shared + number * 3 * d * f)`, once with
# `number = experts`, once with `number = active`. `outside` is
# `2 * vocabulary * d + d`, or `vocabulary * d + d` if tied.

# %% [markdown] lang="zh" of="c6817ff2"
# 两个结果都是 `outside + layers * (shared + number * 3 * d * f)`，
# 一次取 `number = experts`，一次取 `number = active`。`outside` 是
# `2 * vocabulary * d + d`，共享权重时是 `vocabulary * d + d`。


# %% mistake="modern_parameters" says="two matrices d × d, and two"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    shared = 4 * d * d + (d * experts if experts > 1 else 0) + 2 * d
    sizes = [outside + layers * (shared + n * 3 * d * f) for n in (experts, active)]
    return tuple(sizes)


# %% mistake="modern_parameters" says="three matrices"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    shared = 2 * d * d + 2 * d * k + (d * experts if experts > 1 else 0) + 2 * d
    sizes = [outside + layers * (shared + n * 2 * d * f) for n in (experts, active)]
    return tuple(sizes)


# %% mistake="modern_parameters" says="no router"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    shared = 2 * d * d + 2 * d * k + d * experts + 2 * d
    sizes = [outside + layers * (shared + n * 3 * d * f) for n in (experts, active)]
    return tuple(sizes)


# %% mistake="modern_parameters" says="not all"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    shared = 2 * d * d + 2 * d * k + (d * experts if experts > 1 else 0) + 2 * d
    every = outside + layers * (shared + experts * 3 * d * f)
    return every, every


# %% mistake="modern_parameters" says="the whole router"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    sizes = []
    for n in (experts, active):
        router = d * n if experts > 1 else 0
        block = 2 * d * d + 2 * d * k + router + 2 * d + n * 3 * d * f
        sizes.append(outside + layers * block)
    return tuple(sizes)


# %% mistake="modern_parameters" says="a whole number"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    outside = vocabulary * d * (1 if tied else 2) + d
    shared = 2 * d * d + 2 * d * k + (d * experts if experts > 1 else 0) + 2 * d
    every = outside + layers * (shared + experts * 3 * d * f)
    return every, every - layers * 3 * d * f * experts * (1 - active / experts)


# %% variant="modern_parameters"
def modern_parameters(vocabulary, d, f, layers, k, tied=False, experts=1, active=1):
    expert = d * f + d * f + f * d
    block = d * d + d * k + d * k + d * d + d + d
    if experts > 1:
        block += d * experts
    total = vocabulary * d + layers * (block + experts * expert) + d
    if not tied:
        total += d * vocabulary
    return [total, total - layers * (experts - active) * expert]


# %% [markdown]
# Four open models, from their configuration files. Two bytes hold a number of 16 bits,
# the form in which most are published.

# %% [markdown] lang="zh" of="d0353066"
# 四个公开的模型，数字取自各自的配置文件。大多数模型以 16 位数公布，每个数 2 字节。

# %%
today = {
    "SmolLM2-135M": (49_152, 576, 1536, 30, 192, True),
    "Llama 3.1 8B": (128_256, 4096, 14_336, 32, 1024),
    "Mixtral 8x7B": (32_000, 4096, 14_336, 32, 1024, False, 8, 2),
    "Llama 3.1 405B": (128_256, 16_384, 53_248, 126, 1024),
}
modern = {name: tuple(modern_parameters(*plan)) for name, plan in today.items()}
for name, (every, used) in modern.items():
    print(f"{name:14} all {every:15,}  a token uses {used:15,}")

# %% [raw] lang="zh"
# {name:14} all {every:15,}  a token uses {used:15,}
# → {name:14} 全部 {every:15,}  一个词元用到 {used:15,}

# %%
bm.claim(
    "Mixtral, a mixture of experts, stores over three times what one token uses",
    lambda every, used: every > 3 * used,
    dict(zip(("every", "used"), modern["Mixtral 8x7B"], strict=True)),
    control=dict(zip(("every", "used"), modern["Llama 3.1 8B"], strict=True)),
    against="Llama 3.1 8B, without experts",
)

# %% [raw] lang="zh"
# Mixtral, a mixture of experts, stores over three times what one token uses
# → 混合专家模型 Mixtral 存着的参数，是一个词元用到的三倍以上
# Llama 3.1 8B, without experts → 没有专家的 Llama 3.1 8B

# %% [markdown]
# “8x7B” is a name, not a count: eight experts share everything else, so there are 47
# billion parameters and not 56, and a token uses 13. Memory follows the first number
# and speed the second.
#
# ## Does it fit?
#
# A model that only answers must hold its weights: $N$ numbers. (What it keeps for the
# text that it works on comes on top: of a short text it is little.) Published with 16
# bits each, they may be rounded to 8 or 4 (**quantisation**; a few more bits go into
# the scales). Of a laptop's 16 GB let 12 be free.

# %% [markdown] lang="zh" of="a327e470"
# “8x7B” 是名字，不是个数：八个专家合用其余部分，所以参数是 470 亿，不是 560 亿，
# 一个词元用到的是 130 亿。占多少内存看前一个数，跑得多快看后一个数。
#
# ## 放得下吗？
#
# 模型如果只用来回答，内存里必须放下它的权重：$N$ 个数。（处理文本时还要另存一些数，
# 文本短，这一项就小。）公布时每个数 16 位，
# 可以舍入成 8 位或 4 位（**量化**；缩放系数还要多占一点）。
# 设笔记本电脑的 16 GB 里有 12 GB 空闲。


# %%
def gigabytes(name, bits):
    return modern[name][0] * bits / 8 / 1e9


for name in modern:
    row = [f"{bits:2} bits {gigabytes(name, bits):7.2f} GB" for bits in (16, 8, 4)]
    print(f"{name:14}", *row, sep="  ")
bm.claim(
    "The weights of Llama 3.1 8B fit into 12 GB with 4 bits a parameter",
    lambda needed: needed < 12,
    {"needed": gigabytes("Llama 3.1 8B", 4)},
    control={"needed": gigabytes("Llama 3.1 8B", 16)},
    against="16 bits, as it is published",
)

# %% [raw] lang="zh"
# {bits:2} bits {gigabytes(name, bits):7.2f} GB
# → {bits:2} 位 {gigabytes(name, bits):7.2f} GB
# The weights of Llama 3.1 8B fit into 12 GB with 4 bits a parameter
# → 每个参数用 4 位时，Llama 3.1 8B 的权重放得进 12 GB
# 16 bits, as it is published → 公布时的 16 位

# %% [markdown]
# So the answer to the question at the beginning is: not as published, but rounded to 8
# or 4 bits. What rounding costs in quality has to be measured, and training takes far
# more memory than answering.
#
# ## What we learned
#
# - A model's size follows from its plan, to the last parameter. BERT and ResNet,
#   famous as they are, have no billions.
# - A Transformer is mostly its blocks: $12 L d^2$, and a little more.
# - One model has several honest sizes: ask what was counted.
# - A mixture of experts has two sizes, one to store and one to compute with.
# - Weights take $N$ times the bytes of a number.
#
# ## Where next
#
# Find the configuration file of a model that you use and count it. Do you arrive at the
# number in its name? What the sizes cost in compute, and what they bring, is the matter
# of [Compute, memory, scaling laws](lesson:scaling-laws), once you know
# [The Transformer](lesson:transformer). Next in this chapter,
# [From problem to feedback](lesson:workflow) goes once through a whole project with
# a small model.
#
# ## Further reading
#
# - K. He, X. Zhang, S. Ren and J. Sun (2016), *Deep Residual Learning for Image
#   Recognition*, CVPR.
# - J. Devlin, M.-W. Chang, K. Lee and K. Toutanova (2019), *BERT: Pre-training of Deep
#   Bidirectional Transformers for Language Understanding*, NAACL.
# - A. Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*,
#   OpenAI.
# - T. Brown et al. (2020), *Language Models are Few-Shot Learners*, NeurIPS.
# - A. Jiang et al. (2024), *Mixtral of Experts*, arXiv.
# - A. Grattafiori et al. (2024), *The Llama 3 Herd of Models*, arXiv.

# %% [markdown] lang="zh" of="319b4cce"
# 所以开头问题的答案是：照公布的样子放不下，舍入到 8 位或 4 位就放得下。
# 舍入会损失多少质量，需要测量；而训练所占的内存，比回答多得多。
#
# ## 我们学到了什么
#
# - 模型有多大，照着配置就能数出来，一个参数都不差。BERT 和 ResNet 虽然有名，
#   却不到十亿。
# - Transformer 的参数大多在块里：$12 L d^2$，外加一点零头。
# - 同一个模型可以有几种都不算错的大小：要问清数的是什么。
# - 混合专家模型有两个大小：一个决定存储，一个决定计算。
# - 权重占的内存，是 $N$ 乘以每个数的字节数。
#
# ## 下一步
#
# 找一个你在用的模型，打开它的配置文件数一数：得到的是名字里的那个数吗？
# 这样的规模要花多少算力、又能带来什么，等学过 [Transformer](lesson:transformer)，
# 在[算力、内存与缩放定律](lesson:scaling-laws)一课里讲。本章的下一课
# [从问题到反馈](lesson:workflow)用一个小模型走完整个项目。
#
# ## 延伸阅读
#
# - K. He, X. Zhang, S. Ren, J. Sun (2016), *Deep Residual Learning for Image
#   Recognition*, CVPR.
# - J. Devlin, M.-W. Chang, K. Lee, K. Toutanova (2019), *BERT: Pre-training of Deep
#   Bidirectional Transformers for Language Understanding*, NAACL.
# - A. Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*,
#   OpenAI.
# - T. Brown et al. (2020), *Language Models are Few-Shot Learners*, NeurIPS.
# - A. Jiang et al. (2024), *Mixtral of Experts*, arXiv.
# - A. Grattafiori et al. (2024), *The Llama 3 Herd of Models*, arXiv.
