# ---
# slug: scaling-laws
# title: {en: "Compute, memory, scaling laws", zh: 算力、内存与缩放定律}
# section: "1, 2, 9-Q1"
# minutes: 90
# needs: [transformer, big-models]
# data: [plays]
# extras: []
# introduces:
#   - scaling law
#   - mixed precision
#   - nested models
#   - checkpoint
#   - cross-entropy
# symbols:
#   N: number of parameters
#   D: number of training tokens
#   C: training compute in FLOPs
#   d: numbers that stand for one place
#   n: length of the sequence
#   L: number of layers
#   V: tokens in the vocabulary
#   H: number of heads
#   m: attention weights that are kept for a query
#   P: places of a picture
#   J: loss
#   alpha: exponent of the power law
#   A: loss that the power law gives a model of one parameter
#   E: loss that no size removes
# says:
#   en: Reckon what a training run costs, and forecast a model before you train it.
#   zh: 算出训练要花多少算力和内存，并在训练之前预测模型的损失。
# ---

# %% [markdown]
# Your group may use a cluster for a week. Which model should you train, on how much
# text? Will it fit into the GPUs' memory? How good will it be? You cannot try it out:
# there is one week. In this lesson you answer the first questions by counting and the
# last by a **scaling law**, fitted to small models that you train here. Then you train
# a larger one and see how far off the forecast was.

# %% [markdown] lang="zh" of="03320724"
# 你们小组可以用一周的计算集群。该训练多大的模型，用多少文本？显卡的内存放得下吗？
# 训练出来有多好？没法先试一遍，因为只有一周。这一课，前几个问题靠数数来回答，
# 最后一个靠**缩放定律**：用你在这里训练的几个小模型拟合出来。
# 然后再训练一个大一些的，看看预测差了多少。

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
from bmkit.models.gpt import CausalSelfAttention
from matplotlib.ticker import LogFormatter, LogLocator, NullFormatter
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

lab = bm.start("scaling-laws", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## What training costs
#
# A **FLOP** is one multiplication or one addition of two numbers. Take one dense layer
# with $N$ weights, and count what they cost for each token.
#
# - Forward, each weight is multiplied by an input and the product is added to a sum: 2
#   FLOPs.
# - Backward, each weight is used again to pass the gradient on to the layer before: 2
#   more.
# - And the gradient of each weight itself is a sum over the tokens of products of an
#   input and an output's gradient: 2 more.
#
# For $D$ tokens that makes
#
# $$C = 6ND \label{flops}$$
#
# PyTorch can count the FLOPs of the matrix products that a computation really makes.

# %% [markdown] lang="zh" of="d86f811a"
# ## 训练要花多少算力
#
# 一次乘法或一次加法算一个 **FLOP**（浮点运算）。取一个有 $N$ 个权重的全连接层，
# 数一数每个词元要花多少。
#
# - 前向：每个权重与一个输入相乘，乘积加到和里，2 个 FLOP。
# - 反向：每个权重再用一次，把梯度传给前一层，又是 2 个。
# - 每个权重自己的梯度，是对词元求和，每项是输入乘以输出的梯度：又是 2 个。
#
# $D$ 个词元合起来就是
#
# $$C = 6ND \label{flops}$$
#
# PyTorch 能数出一次计算里的矩阵乘法真正做了多少 FLOP。


# %%
def flops_of(run):
    """FLOPs of the matrix products in run() and in the backward pass after it."""
    with FlopCounterMode(display=False) as counter:
        run().sum().backward()
    return float(counter.get_total_flops())


# %% [raw] lang="zh"
# FLOPs of the matrix products in run() and in the backward pass after it.
# → run() 和随后的反向传播中，矩阵乘法共有多少 FLOP。

# %% equation="flops" of="257d7357"
layer, x = nn.Linear(48, 80, bias=False), torch.randn(32, 48, requires_grad=True)
N, D = 48 * 80, 32
bm.equation("flops", flops_of(lambda: layer(x)), 6.0 * N * D)

# %% [markdown]
# Two things in a Transformer are not matrices of weights. The embedding is only looked
# up, which takes no multiplication; but the same table, $V$ tokens by $d$, is
# multiplied at the end, where each token gets its score. And in attention each query
# meets each key, and the weights so found meet the values. Each is $2 n^2 d$ FLOPs,
# together $4 n^2 d$ forward for a sequence of $n$ tokens, in each layer. (We count the
# plain form, which also computes the pairs that the causal mask hides.) Biases, norms
# and softmax are left out: they are small beside the products.

# %% [markdown] lang="zh" of="8580b786"
# Transformer 里有两处不是权重矩阵。一是嵌入：它只是查表，不用乘法；
# 不过同一张 $V \times d$ 的表在最后要乘一遍，给每个词元打分。
# 二是注意力：每个查询与每个键相乘，得到的注意力权重再与值相乘，
# 各要 $2 n^2 d$ 个 FLOP；长为 $n$ 的序列，每层前向合计 $4 n^2 d$ 个。
# （这里按朴素的算法数，因果掩码挡住的那些对也算在内。）偏置、归一化和 softmax
# 与矩阵乘法相比很小，略去不计。


# %% exercise="training_flops" points=3 minutes=10 level=3
def training_flops(vocabulary: int, n: int, d: int, layers: int, D: float) -> float:
    """FLOPs to train a GPT on D tokens, cut into sequences of n tokens.

    Counts the blocks' matrices (12 d² weights in each block), the output over the
    vocabulary, and the attention between positions; each forward and backward.
    """
    ### BEGIN SOLUTION
    weights = layers * 12 * d**2 + vocabulary * d
    forward = 2 * weights + 4 * layers * n * d  # of one token, among n
    return 3 * forward * D
    ### END SOLUTION


# %% [raw] lang="zh"
# FLOPs to train a GPT on D tokens, cut into sequences of n tokens.
# → 用 D 个词元训练一个 GPT 要多少 FLOP；词元切成长为 n 的序列。
# Counts the blocks' matrices (12 d² weights in each block), the output over the
# vocabulary, and the attention between positions; each forward and backward.
# → 要算的有：块里的矩阵（每块 12 d² 个权重）、对词表的输出、位置之间的注意力；
#   前向和反向都算。
# of one token, among n → n 个词元中的一个

# %% check="training_flops"
got = training_flops(50, 16, 24, 3, 64)  # four sequences of 16
want, attention, scores = 9_308_160, 884_736, 460_800
advice = "that is the forward pass alone: backward takes twice as much again"
bm.expect.true(not math.isclose(got, want / 3), advice)
advice = "backward takes two products for each matrix, one for each of its two sides"
bm.expect.true(not math.isclose(got, want * 2 / 3), advice)
advice = "where is the attention between positions?"
bm.expect.true(not math.isclose(got, want - attention), advice)
advice = "4 n² d is for a whole sequence of n tokens: what is one token's share?"
bm.expect.true(not math.isclose(got, want + 15 * attention), advice)
advice = "a look-up takes no multiplication: the table is multiplied once, at the end"
bm.expect.true(not math.isclose(got, want + scores), advice)
advice = "the output over the vocabulary is a matrix too"
bm.expect.true(not math.isclose(got, want - scores), advice)
advice = "matrices, output and attention of one token; forward and backward; D tokens"
bm.expect.close(got, float(want), advice)
### BEGIN HIDDEN TESTS
got = training_flops(50_257, 2048, 12_288, 96, 3e11)
bm.expect.close(got / 1e23, 3.229120, "GPT-3 on its 300 billion tokens", rtol=1e-4)
got = training_flops(70, 40, 8, 5, 120)
bm.expect.close(got, 5_472_000.0, "sequences longer than d: use n, d and D as given")
advice = "D need not be a multiple of n: one token has its share of a sequence"
bm.expect.close(training_flops(70, 40, 8, 5, 1), 45_600.0, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# four sequences of 16 → 四条长为 16 的序列
# that is the forward pass alone: backward takes twice as much again
# → 这只是前向的：反向还要两倍那么多
# backward takes two products for each matrix, one for each of its two sides
# → 反向时每个矩阵要做两次乘积：一次求输入的梯度，一次求权重的梯度
# where is the attention between positions? → 位置之间的注意力呢？
# 4 n² d is for a whole sequence of n tokens: what is one token's share?
# → 4 n² d 是整条 n 个词元的序列的：摊到一个词元是多少？
# a look-up takes no multiplication: the table is multiplied once, at the end
# → 查表不用乘法：这张表只在最后乘一次
# the output over the vocabulary is a matrix too → 对词表的输出也是一个矩阵
# matrices, output and attention of one token; forward and backward; D tokens
# → 一个词元的矩阵、输出和注意力；前向加反向；共 D 个词元
# GPT-3 on its 300 billion tokens → GPT-3 和它的三千亿词元
# sequences longer than d: use n, d and D as given
# → 序列比 d 长：请使用给定的 n、d 和 D
# D need not be a multiple of n: one token has its share of a sequence
# → D 不必是 n 的倍数：一个词元只摊到一条序列的一份

# %% [markdown] hint="training_flops"
# Think of one token, and of the forward pass. How many weights does it meet in the
# blocks, and how many at the output? Each is 2 FLOPs.

# %% [markdown] lang="zh" of="7d0e25d0"
# 先想一个词元、只想前向：它在块里碰到多少个权重？在输出处又碰到多少个？
# 每个权重 2 个 FLOP。

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


# %% mistake="training_flops" says="attention between positions"
def training_flops(vocabulary, n, d, layers, D):
    return 6 * (layers * 12 * d**2 + vocabulary * d) * D


# %% mistake="training_flops" says="one token's share"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + vocabulary * d
    return 3 * (2 * weights + 4 * layers * n**2 * d) * D


# %% mistake="training_flops" says="look-up takes no multiplication"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + 2 * vocabulary * d
    return 3 * (2 * weights + 4 * layers * n * d) * D


# %% mistake="training_flops" says="multiple of n"
def training_flops(vocabulary, n, d, layers, D):
    weights = layers * 12 * d**2 + vocabulary * d
    sequence = n * (2 * weights + 4 * layers * n * d)
    return 3.0 * sequence * (D // n)


# %% variant="training_flops"
def training_flops(vocabulary, n, d, layers, D):
    sequence = 2 * n * vocabulary * d
    for _ in range(layers):
        sequence += 2 * n * (4 * d * d + 8 * d * d)  # matrices
        sequence += 2 * n * n * d + 2 * n * n * d  # queries with keys, then values
    return 3.0 * sequence * D / n


# %% [markdown]
# Written out and divided by the number of tokens, your count is
#
# $$\frac{C}{D} = 6\,(12 L d^2 + V d) + 12 L n d \label{transformer-flops}$$
#
# To compare it with a real training step we need attention in its plain form, as you
# wrote it in [Attention](lesson:attention). `bm.models.GPT` calls PyTorch's fused
# kernel instead, of which more below.

# %% [markdown] lang="zh" of="6e6f5b10"
# 写成公式，再除以词元数，你的算法就是
#
# $$\frac{C}{D} = 6\,(12 L d^2 + V d) + 12 L n d \label{transformer-flops}$$
#
# 要与真正的一步训练比较，需要朴素形式的注意力，就像你在[注意力](lesson:attention)
# 一课里写的那样。`bm.models.GPT` 调用的是 PyTorch 的融合内核，下文再讲。


# %%
class PlainAttention(CausalSelfAttention):
    def forward(self, x):  # (batch, n, d)
        q, k, v = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, -1)
        )  # (batch, heads, n, d / heads) each
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (batch, heads, n, n)
        future = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, -math.inf).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


# %% [raw] lang="zh"
# (batch, heads, n, d / heads) each → 各为 (batch, heads, n, d / heads)


# %%
def small_gpt(V, n, d, H, L, plain):
    torch.manual_seed(lab.seed)
    model = bm.models.GPT(V, n, d_model=d, n_heads=H, n_layers=L)
    for block in model.blocks if plain else ():
        fused, block.attention = block.attention, PlainAttention(d, H)
        block.attention.load_state_dict(fused.state_dict())
    return model


V, n, d, H, L, batch = 65, 24, 32, 4, 3, 5
ids = torch.arange(batch * n).reshape(batch, n) % V
plain, fused = (small_gpt(V, n, d, H, L, plain=plain) for plain in (True, False))
gap = (plain(ids) - fused(ids)).abs().max().item()
print(f"plain and fused attention: scores differ by at most {gap:.1e}")

# %% [raw] lang="zh"
# plain and fused attention: scores differ by at most {gap:.1e}
# → 朴素与融合的注意力：得分最多相差 {gap:.1e}

# %% equation="transformer-flops" of="2e1dd181"
left = flops_of(lambda: plain(ids)) / (batch * n)
bm.equation("transformer-flops", left, 6 * (12 * L * d**2 + V * d) + 12.0 * L * n * d)

# %% [markdown]
# How good is the short rule $6ND$? Beside the matrices' $72 L d^2$ attention has
# $12 L n d$, a part of $n/6d$. So the rule is good where the model is wide and the
# texts are not too long. Here is GPT-3, which read sequences of 2,048 tokens, and
# GPT-2, whose blocks are much narrower, as if it read 32,768 at once.

# %% [markdown] lang="zh" of="e7b69ccb"
# 简短的规则 $6ND$ 有多准？矩阵要 $72 L d^2$，注意力另要 $12 L n d$，占其 $n/6d$。
# 所以模型宽、文本又不太长时，规则就准。下面看 GPT-3，它每条序列读 2,048 个词元；
# 再看窄得多的 GPT-2，假设它一次读 32,768 个。


# %%
def parameters(V, n, d, L):  # of a GPT, as counted in “What makes a model big”
    return (V + n) * d + L * (12 * d**2 + 13 * d) + 2 * d


def more_than_rule(V, n, d, L):
    return training_flops(V, n, d, L, 1) / (6 * parameters(V, n, d, L))


gpt3 = (50_257, 2048, 12_288, 96)
bm.claim(
    "For GPT-3, wide beside its texts, 6ND is within 5 % of the exact count",
    lambda real_by_rule: 0.95 < real_by_rule < 1.05,
    {"real_by_rule": more_than_rule(*gpt3)},
    control={"real_by_rule": more_than_rule(50_257, 32_768, 768, 12)},
    against="GPT-2, as if it read 32,768 tokens at once",
)

# %% [raw] lang="zh"
# of a GPT, as counted in “What makes a model big” → GPT 的参数，见“什么是大模型”一课
# For GPT-3, wide beside its texts, 6ND is within 5 % of the exact count
# → GPT-3 相对于文本长度很宽，6ND 与精确计数相差不到 5%
# GPT-2, as if it read 32,768 tokens at once → GPT-2，假设它一次读 32,768 个词元

# %% [markdown]
# The rule counts each weight once a token. A convolution slides over the picture and
# uses its weights at each of $P$ places, so forward alone it takes
#
# $$C = 2 N P \label{convolution-flops}$$
#
# FLOPs a picture. A network with few parameters may be expensive to run. (Beware: many
# papers on vision count a multiplication with its addition as one.)

# %% [markdown] lang="zh" of="728cb4ec"
# 这条规则假定每个权重对每个词元只用一次。卷积却在图片上滑动，
# 在 $P$ 个位置上各用一遍权重，所以光是前向，一张图片就要
#
# $$C = 2 N P \label{convolution-flops}$$
#
# 个 FLOP。参数少的网络，运行起来可能很贵。（当心：许多视觉论文把一乘一加合算作一个。）

# %% equation="convolution-flops" of="89796c77"
conv = nn.Conv2d(5, 7, 3, bias=False)
with FlopCounterMode(display=False) as counter:
    maps = conv(torch.zeros(1, 5, 20, 11))  # (1, 7, 18, 9)
N, P = 5 * 7 * 3**2, 18 * 9
bm.equation("convolution-flops", float(counter.get_total_flops()), 2.0 * N * P)

# %% [markdown]
# ## What must be in memory
#
# While a model trains, its memory holds the weights, their gradients, and what the
# optimizer keeps. Adam keeps two running means for each weight. In ordinary numbers of
# 32 bits, 4 bytes each:

# %% [markdown] lang="zh" of="d744fa85"
# ## 内存里要放什么
#
# 训练时，内存里放着权重、它们的梯度，以及优化器要记的东西。
# Adam 为每个权重记两个滑动平均。用普通的 32 位数，每个 4 字节：


# %%
def bytes_a_parameter(model, optimizer):
    optimizer.step()  # its state is made at the first step
    state = [t for kept in optimizer.state.values() for t in kept.values()]
    kept = [*model.parameters(), *(p.grad for p in model.parameters()), *state]
    size = sum(t.nbytes for t in kept if t.dim())  # scalars only count the steps
    return size / sum(p.numel() for p in model.parameters())


plain(ids).logsumexp(-1).sum().backward()
with_sgd = bytes_a_parameter(plain, torch.optim.SGD(plain.parameters(), lr=0.0))
with_adam = bytes_a_parameter(plain, torch.optim.AdamW(plain.parameters(), lr=0.0))

# %% [raw] lang="zh"
# its state is made at the first step → 第一步时才建立状态
# scalars only count the steps → 标量只记步数

# %%
bm.claim(
    "With Adam a parameter takes 16 bytes: weight, gradient and two means",
    lambda bytes_each: bytes_each == 16,
    {"bytes_each": with_adam},
    control={"bytes_each": with_sgd},
    against="plain SGD",
)

# %% [raw] lang="zh"
# With Adam a parameter takes 16 bytes: weight, gradient and two means
# → 用 Adam 时每个参数 16 字节：权重、梯度和两个平均
# plain SGD → 普通的 SGD

# %% [markdown]
# GPUs multiply numbers of 16 bits several times faster. **Mixed precision**, in the
# form that is usual for large models, computes with weights and gradients of 16 bits.
# But these have few digits, and a small step is rounded away:

# %% [markdown] lang="zh" of="322aa0cf"
# GPU 计算 16 位数的乘法要快好几倍。**混合精度**在大模型上的通常做法，
# 就是用 16 位的权重和梯度来计算。但 16 位数的有效数字很少，小的一步会被舍入掉：

# %%
weight = torch.tensor(1.0, dtype=torch.bfloat16)
print(f"in 16 bits, 1 + 0.001 = {(weight + 0.001).item()}")

# %% [raw] lang="zh"
# in 16 bits, 1 + 0.001 = {(weight + 0.001).item()}
# → 用 16 位数，1 + 0.001 = {(weight + 0.001).item()}

# %% [markdown]
# So the optimizer keeps a master copy of the weights in 32 bits. That makes 2 bytes for
# the weight, 2 for the gradient, and 3 × 4 for master copy and means: 16 again. Mixed
# precision saves time, and it saves on what comes now.
#
# The backward pass needs numbers of the forward pass, the **activations**. In each
# block and for each position they are $16 d$: what goes into the two norms and out of
# them ($4d$), queries, keys and values ($3d$), what goes into the output matrix ($d$),
# and the $4d$ numbers before and after the nonlinearity ($8d$). Attention's weights
# must be kept, too: in each of $H$ heads, $m$ for each query. In the plain form
# $m = n$. PyTorch's fused attention (**FlashAttention**) computes the weights anew in
# the backward pass and keeps one number instead, $m = 1$. Before the output stand the
# last norm's input and output ($2d$), and for each position there are $V$ **logits**,
# the scores of the tokens. One sequence of $n$ tokens keeps
#
# $$a = n\,\bigl(L\,(16 d + H m) + 2d + V\bigr) \label{activations}$$
#
# numbers, with the norms' few statistics left out. PyTorch tells of each tensor that it
# keeps.

# %% [markdown] lang="zh" of="f867d3dd"
# 所以优化器另存一份 32 位的主权重。于是权重 2 字节，梯度 2 字节，
# 主权重和两个平均 3 × 4 字节：还是 16。混合精度省的是时间，也省下面要说的这一项。
#
# 反向传播要用到前向时的一些数，即**激活**。每个块、每个位置有 $16 d$ 个：
# 两个归一化的输入和输出（$4d$），查询、键和值（$3d$），输出矩阵的输入（$d$），
# 非线性前后各 $4d$ 个（$8d$）。注意力权重也要留下：$H$ 个头里，每个头为每个查询留
# $m$ 个。朴素算法 $m = n$；PyTorch 的融合注意力（**FlashAttention**）
# 在反向时重新计算这些权重，只留一个数，$m = 1$。输出之前，
# 还有最后一个归一化的输入和输出（$2d$）；每个位置又有 $V$ 个 **logits**，
# 即各个词元的得分。一条 $n$ 个词元的序列共留下
#
# $$a = n\,\bigl(L\,(16 d + H m) + 2d + V\bigr) \label{activations}$$
#
# 个数，归一化的几个统计量不计。PyTorch 会把它留下的每个张量都告诉我们。


# %% fold
def kept_numbers(model, n):
    """Numbers that a pass of n tokens, with its loss, keeps for the backward pass."""
    ids = torch.zeros(1, n, dtype=torch.long)
    kept, own = {}, {p.untyped_storage().data_ptr() for p in model.parameters()}

    def save(t):
        store = t.untyped_storage()  # counts once, however many tensors share it
        statistic = not t.dim() or t.shape[-1] == 1  # a norm's mean, say
        if store.data_ptr() not in own and t.is_floating_point() and not statistic:
            kept[store.data_ptr()] = t, store.nbytes() // t.itemsize
        return t

    with torch.autograd.graph.saved_tensors_hooks(save, lambda t: t):
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
    del loss  # alive until here, or its storages would be used again
    return float(sum(numbers for _, numbers in kept.values()))


# %% [raw] lang="zh"
# Numbers that a pass of n tokens, with its loss, keeps for the backward pass.
# → n 个词元的一次前向连同损失，为反向传播留下多少个数。
# counts once, however many tensors share it → 不管几个张量共用，只算一次
# a norm's mean, say → 例如归一化的均值
# alive until here, or its storages would be used again → 留到这里，否则存储会被再次使用

# %% equation="activations" of="2a7e4fb0"
left = np.array([kept_numbers(model, n) for model in (plain, fused)])
m = np.array([n, 1])
bm.equation("activations", left, n * (L * (16.0 * d + H * m) + 2 * d + V))


# %% exercise="training_memory" points=3 minutes=10 level=2
def training_memory(
    N: int,
    d: int,
    layers: int,
    heads: int,
    n: int,
    batch: int,
    vocabulary: int,
    fused: bool = True,
) -> dict[str, float]:
    """Bytes to train a GPT with Adam in mixed precision, part by part.

    N: parameters. batch: sequences of n tokens that are worked on at once.
    fused: whether attention keeps one number a head and query, instead of n.
    Weights, gradients and activations have 2 bytes a number; the optimizer's numbers
    (master copy and two means) and the logits have 4.
    Returns {"weights": …, "gradients": …, "optimizer": …, "activations": …,
    "logits": …}; the logits are not counted among the activations.
    """
    ### BEGIN SOLUTION
    position = layers * (16 * d + heads * (1 if fused else n)) + 2 * d
    tokens = batch * n
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts |= {"activations": 2 * tokens * position, "logits": 4 * tokens * vocabulary}
    return parts
    ### END SOLUTION


# %% [raw] lang="zh"
# Bytes to train a GPT with Adam in mixed precision, part by part.
# → 用 Adam 和混合精度训练一个 GPT，各部分要多少字节。
# N: parameters. batch: sequences of n tokens that are worked on at once.
# fused: whether attention keeps one number a head and query, instead of n.
# Weights, gradients and activations have 2 bytes a number; the optimizer's numbers
# (master copy and two means) and the logits have 4.
# Returns {"weights": …, "gradients": …, "optimizer": …, "activations": …,
# "logits": …}; the logits are not counted among the activations.
# → N：参数个数。batch：同时处理几条序列，每条 n 个词元。
#   fused：注意力是否为每个头、每个查询只留一个数，而不是 n 个。
#   权重、梯度和激活每个数 2 字节；优化器的数（主权重和两个平均）
#   以及 logits 每个数 4 字节。
#   返回 {"weights": …, "gradients": …, "optimizer": …, "activations": …,
#   "logits": …}；logits 不计在激活里。

# %% check="training_memory"
got = training_memory(1000, 8, 3, 2, 5, 7, 11)
names = {"weights", "gradients", "optimizer", "activations", "logits"}
advice = (
    'return a dict with "weights", "gradients", "optimizer", "activations", "logits"'
)
bm.expect.true(isinstance(got, dict) and set(got) == names, advice)
bm.expect.equal(got["weights"], 2000, "16 bits are 2 bytes")
bm.expect.equal(got["gradients"], 2000, "a gradient for each weight, 2 bytes")
advice = "the optimizer keeps a 32-bit master copy of the weights, beside its two means"
bm.expect.true(got["optimizer"] != 8000, advice)
bm.expect.equal(got["optimizer"], 12_000, "three numbers of 4 bytes a parameter")
kept, want = got["activations"], 28_420
advice = "activations are kept for each sequence of the batch"
bm.expect.true(kept != want / 7, advice)
advice = "activations are kept in every layer; the last norm stands there once"
bm.expect.true(kept not in (10_220, 30_660, 27_300), advice)
advice = "fused attention keeps one number for each head and query"
bm.expect.true(kept not in (30_100, 28_000), advice)
bm.expect.equal(kept, want, "16 d and the heads' numbers in each layer, then 2 d")
advice = "the logits have 4 bytes, for each token of the batch"
bm.expect.equal(got["logits"], 1540, advice)
kept = training_memory(1000, 8, 3, 2, 5, 7, 11, fused=False)["activations"]
advice = "plain attention keeps n weights for each head and query"
bm.expect.equal(kept, 30_100, advice)
### BEGIN HIDDEN TESTS
got = training_memory(124_439_808, 768, 12, 12, 1024, 8, 50_257)
bm.expect.equal(got["activations"], 2_443_444_224, "GPT-2, eight sequences at once")
bm.expect.equal(got["logits"], 1_646_821_376, "GPT-2's logits")
states = got["weights"] + got["gradients"] + got["optimizer"]
bm.expect.equal(states, 16 * 124_439_808, "16 bytes a parameter without activations")
got = training_memory(9_000, 32, 4, 3, 6, 2, 50, fused=False)["activations"]
bm.expect.equal(got, 52_416, "plain attention: use heads, n and layers as given")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return a dict with "weights", "gradients", "optimizer", "activations", "logits"
# → 请返回一个字典，含权重、梯度、优化器、激活和 logits 五项，键名见说明
# 16 bits are 2 bytes → 16 位是 2 字节
# a gradient for each weight, 2 bytes → 每个权重一个梯度，2 字节
# the optimizer keeps a 32-bit master copy of the weights, beside its two means
# → 除了两个平均，优化器还存着一份 32 位的主权重
# three numbers of 4 bytes a parameter → 每个参数三个数，每个 4 字节
# activations are kept for each sequence of the batch → 批次里的每条序列都要留下激活
# activations are kept in every layer; the last norm stands there once
# → 每一层都要留激活；最后的归一化只有一个
# fused attention keeps one number for each head and query
# → 融合注意力为每个头、每个查询只留一个数
# 16 d and the heads' numbers in each layer, then 2 d
# → 每层有 16 d 个，加上各个头的；最后再加 2 d
# the logits have 4 bytes, for each token of the batch
# → logits 每个 4 字节，批次里的每个词元都有
# plain attention keeps n weights for each head and query
# → 朴素注意力为每个头、每个查询留 n 个权重
# GPT-2, eight sequences at once → GPT-2，一次八条序列
# GPT-2's logits → GPT-2 的 logits
# 16 bytes a parameter without activations → 不算激活，每个参数 16 字节
# plain attention: use heads, n and layers as given
# → 朴素注意力：请使用给定的 heads、n 和 layers

# %% [markdown] hint="training_memory"
# Three of the five depend on `N` alone. The optimizer keeps three numbers for each
# parameter; how many bytes has each?

# %% [markdown] lang="zh" of="6b80cf40"
# 五项里有三项只与 `N` 有关。优化器为每个参数存三个数，每个数几字节？

# %% [markdown] hint="training_memory"
# Equation (\ref{activations}) counts numbers, for one sequence. Take its $V$ out for
# the logits. The rest is multiplied by `batch` and by 2 bytes.

# %% [markdown] lang="zh" of="6c7d8081"
# 公式 (\ref{activations}) 数的是个数，而且是一条序列的。把其中的 $V$ 拿出来算 logits，
# 其余的乘以 `batch` 和 2 字节。


# %% mistake="training_memory" says="master copy"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = layers * (16 * d + heads * (1 if fused else n)) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 8 * N}
    parts["activations"] = 2 * batch * n * position
    return {**parts, "logits": 4 * batch * n * vocabulary}


# %% mistake="training_memory" says="each sequence of the batch"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = layers * (16 * d + heads * (1 if fused else n)) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts["activations"] = 2 * n * position
    return {**parts, "logits": 4 * n * vocabulary}


# %% mistake="training_memory" says="one number for each head"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = layers * (16 * d + heads * n) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts["activations"] = 2 * batch * n * position
    return {**parts, "logits": 4 * batch * n * vocabulary}


# %% mistake="training_memory" says="plain attention keeps n"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = layers * (16 * d + heads) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts["activations"] = 2 * batch * n * position
    return {**parts, "logits": 4 * batch * n * vocabulary}


# %% mistake="training_memory" says="in every layer"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = 16 * d + heads * (1 if fused else n) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts["activations"] = 2 * batch * n * position
    return {**parts, "logits": 4 * batch * n * vocabulary}


# %% mistake="training_memory" says="logits have 4 bytes"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    position = layers * (16 * d + heads * (1 if fused else n)) + 2 * d
    parts = {"weights": 2 * N, "gradients": 2 * N, "optimizer": 12 * N}
    parts["activations"] = 2 * batch * n * position
    return {**parts, "logits": 2 * batch * n * vocabulary}


# %% variant="training_memory"
def training_memory(N, d, layers, heads, n, batch, vocabulary, fused=True):
    kept = heads * n if fused else heads * n**2
    numbers = sum(16 * n * d + kept for _ in range(layers)) + n * d + n * d
    memory = {"logits": batch * n * vocabulary * 4, "activations": batch * 2 * numbers}
    memory |= {"weights": N * 2, "gradients": N * 2, "optimizer": N * (4 + 4 + 4)}
    return memory


# %% [markdown]
# Three models, eight sequences at once, with fused attention, beside a large GPU of
# today with 80 gigabytes.

# %% [markdown] lang="zh" of="0221b6cc"
# 三个模型，每次八条序列，用融合注意力，与今天一张 80 GB 的大显卡比一比。


# %%
models = {  # tokens in the vocabulary, positions, d, layers, heads
    "GPT-2": (50_257, 1024, 768, 12, 12),
    "GPT-2 XL": (50_257, 1024, 1600, 48, 25),
    "GPT-3": (50_257, 2048, 12_288, 96, 96),
}


parts = ("weights", "gradients", "optimizer", "activations", "logits")


def memory_of(name, batch=8):
    V, n, d, L, H = models[name]
    return training_memory(parameters(V, n, d, L), d, L, H, n, batch, V)


# %% [raw] lang="zh"
# tokens in the vocabulary, positions, d, layers, heads
# → 词表的词元数、位置数、d、层数、头数

# %% fold
labels = ["weights", "gradients", "optimizer", "activations", "logits"]
fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
for ax, name in zip(axes, models, strict=True):
    sizes = [memory_of(name)[part] / 1e9 for part in parts]
    bars = ax.barh(labels, sizes, color=["#1b3a6b"] * 3 + ["#d19a00"] * 2)
    ax.axvline(80, ls="--", color="black", zorder=0)
    for text in ax.bar_label(bars, fmt=" {:,.1f}"):
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0})
    ax.set(xscale="log", xlim=(0.1, 1e6), title=name, xlabel="gigabytes")
axes[0].invert_yaxis()
alt = (
    "Memory by part on logarithmic axes for GPT-2, GPT-2 XL and GPT-3; a dashed line "
    "marks 80 gigabytes. Weights, gradients, optimizer and activations of GPT-3 are "
    "each far beyond it."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# weights → 权重
# gradients → 梯度
# optimizer → 优化器
# activations → 激活
# logits → =
# gigabytes → 内存（GB）
# Memory by part on logarithmic axes for GPT-2, GPT-2 XL and GPT-3; a dashed line
# marks 80 gigabytes. Weights, gradients, optimizer and activations of GPT-3 are each
# far beyond it.
# → GPT-2、GPT-2 XL 和 GPT-3 各部分所占的内存，横轴为对数；虚线标出 80 GB。
#   GPT-3 的权重、梯度、优化器和激活，每一项都远远超出。

# %%
share = {
    name: memory_of(name)["logits"] / memory_of(name)["activations"] for name in models
}
bm.claim(
    "In GPT-2 the logits take more than half as much memory as the activations",
    lambda logits_by_activations: logits_by_activations > 0.5,
    {"logits_by_activations": share["GPT-2"]},
    control={"logits_by_activations": share["GPT-3"]},
    against="GPT-3, a wide model",
)

# %% [raw] lang="zh"
# In GPT-2 the logits take more than half as much memory as the activations
# → GPT-2 的 logits 所占的内存，超过激活的一半
# GPT-3, a wide model → 宽的 GPT-3

# %% [markdown]
# The last two parts grow with the batch, the others do not. Activations can be traded
# for time: **activation checkpointing** forgets most of them and computes them again on
# the way back. That takes one more forward pass, $8ND$ instead of $6ND$.

# %% [markdown] lang="zh" of="912a1171"
# 最后两项随批次变大，其余的不变。激活可以拿时间来换：
# **激活检查点**（重计算）丢掉大部分激活，反向时再算一遍。
# 这要多一次前向，$6ND$ 变成 $8ND$。

# %% [markdown]
# ## A family of small models
#
# Compute and memory say what a model costs. Is it worth it? Larger language models have
# been better, and so regularly that one can plan with this. To see how, train a family:
# small GPTs of two blocks that read plays letter by letter and predict the next letter.
# They differ in width alone, and all see the same number of letters $D$.

# %% [markdown] lang="zh" of="292e0a53"
# ## 一系列小模型
#
# 算力和内存说的是模型要花多少。值不值呢？更大的语言模型一直更好，而且好得很有规律，
# 可以拿来做计划。要看清这一点，就训练一系列大小不同的模型：两个块的小 GPT，
# 一个字母一个字母地读剧本，预测下一个字母。它们只有宽度不同，看的字母数 $D$ 都一样。

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
n, batch = lab.pick(ci=32, workshop=64, full=128), 16
steps = lab.pick(ci=400, workshop=500, full=1000)
few, many = [4, 6, 8, 12, 16, 24], [8, 12, 16, 24, 32, 48, 64]
small = lab.pick(ci=few, workshop=few, full=many)
wide = lab.pick(ci=40, workshop=40, full=128)  # not to be trained before its forecast
seeds = range(lab.seed, lab.seed + lab.pick(ci=2, workshop=3, full=3))
D = steps * batch * n
print(f"D = {D:,} letters for each model")

# %% [raw] lang="zh"
# not to be trained before its forecast → 作出预测之前不训练
# D = {D:,} letters for each model → 每个模型看 D = {D:,} 个字母


# %% fold
def loss_at(model, source, starts):
    """Mean loss of the n predictions that begin at each of starts, in nats a letter."""
    rows = source[starts[:, None] + torch.arange(n + 1, device=source.device)]
    return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


@torch.no_grad()
def test_loss(model):
    starts = torch.arange(0, len(test) - n, n, device=lab.device)[:400]
    return loss_at(model, test, starts).item()


def trained(d, seed):
    """Train a GPT of width d; its loss on the test text, before and after."""
    torch.manual_seed(seed)
    model = bm.models.GPT(len(letters), n, d_model=d, n_heads=2, n_layers=2)
    adam = torch.optim.AdamW(model.to(lab.device).parameters(), weight_decay=0.0)
    before = test_loss(model)
    for step in range(steps):
        warm = min(1, 10 * (step + 1) / steps)
        cosine = (1 + math.cos(math.pi * step / steps)) / 2
        adam.param_groups[0]["lr"] = 0.24 / d * warm * cosine
        starts = torch.randint(len(train) - n, (batch,)).to(lab.device)
        loss = loss_at(model, train, starts)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
    return before, test_loss(model)


# %% [raw] lang="zh"
# Mean loss of the n predictions that begin at each of starts, in nats a letter.
# → 从各个起点开始的 n 次预测的平均损失，单位为奈特/字母。
# Train a GPT of width d; its loss on the test text, before and after.
# → 训练宽度为 d 的 GPT；返回训练前后它在测试文本上的损失。

# %% [markdown]
# The folded cell trains one model: AdamW, warm-up, a cosine schedule, clipped
# gradients. Its learning rate is $0.24/d$: the best rate of Adam falls about as one
# over the width (G. Yang et al. 2022), and 0.03, good for width 8, left width 24 stuck
# with one of the two seeds that we tried. All of this was chosen by looking at the
# small widths only. The wide model must not influence its own forecast.

# %% [markdown] lang="zh" of="c1a403d2"
# 折叠的单元训练一个模型：AdamW、预热、余弦调度、梯度裁剪。学习率取 $0.24/d$：
# Adam 的最佳学习率大致与宽度成反比（G. Yang 等，2022）；0.03 对宽度 8 合适，
# 用在宽度 24 上，我们试的两个种子里有一个卡住了。所有这些都只看小的宽度来选定，
# 宽模型不能影响对它自己的预测。

# %%
began = time.perf_counter()
runs = [[trained(d, s) for s in seeds] for d in bm.show.progress(small, "widths")]
seconds = time.perf_counter() - began
before, losses = np.array(runs).transpose(2, 0, 1)  # (widths, seeds) each
loss = losses.mean(1)


def blocks(d):  # parameters of the two blocks
    return 2.0 * (12 * d**2 + 13 * d)


N = np.array([blocks(d) for d in small])
for d, size, row in zip(small, N, losses, strict=True):
    print(f"width {d:3}, N {size:7,.0f}: test losses", row.round(3))

# %% [raw] lang="zh"
# (widths, seeds) each → 各为 (widths, seeds)
# widths → 宽度
# parameters of the two blocks → 两个块的参数个数
# width {d:3}, N {size:7,.0f}: test losses → 宽度 {d:3}，N {size:7,.0f}：测试损失

# %%
bm.claim(
    "At equal data, each wider model of the family has a lower test loss",
    lambda losses: bool((np.diff(losses) < 0).all()),
    {"losses": loss},
    control={"losses": before.mean(1)},
    against="before training",
)

# %% [raw] lang="zh"
# At equal data, each wider model of the family has a lower test loss
# → 数据同样多时，更宽的模型测试损失都更低
# before training → 训练之前

# %% [markdown]
# The loss is the **cross-entropy**, the mean of $-\log p$, where $p$ is the probability
# that the model gave to the letter that came, in nats a letter; 0 would mean to know
# each next letter for sure. Following J. Kaplan and colleagues we take for $N$ the
# parameters of the blocks. Their law for the loss $J$ is a power of the size:
#
# $$J(N) = A\,N^{-\alpha}, \qquad\text{so}\qquad \log J = \log A - \alpha \log N$$
#
# In logarithms this is a straight line, and a straight line is fitted by least squares.

# %% [markdown] lang="zh" of="bc2cbc33"
# 损失是**交叉熵**，即 $-\log p$ 的平均，$p$ 是模型给真正出现的那个字母的概率，
# 单位是奈特/字母；损失为 0，意味着每次都确知下一个字母。照 J. Kaplan 等人的做法，
# $N$ 取块里的参数个数。他们给损失 $J$ 的定律是大小的幂：
#
# $$J(N) = A\,N^{-\alpha},\qquad\text{即}\qquad \log J = \log A - \alpha \log N$$
#
# 取了对数就是一条直线，而直线用最小二乘来拟合。


# %% exercise="power_law" points=3 minutes=8 level=2
def power_law(N: np.ndarray, loss: np.ndarray) -> tuple[float, float]:
    """Fit loss = A · N^(-alpha) by least squares in the logarithms of both.

    N, loss: positive numbers, one for each model, (models,), in any order.
    Returns (A, alpha); alpha is negative where the loss grows with N.
    """
    ### BEGIN SOLUTION
    slope, height = np.polyfit(np.log(N), np.log(loss), 1)
    return math.exp(height), -slope
    ### END SOLUTION


# %% [raw] lang="zh"
# Fit loss = A · N^(-alpha) by least squares in the logarithms of both.
# → 用两者的对数做最小二乘，拟合 loss = A · N^(-alpha)。
# N, loss: positive numbers, one for each model, (models,), in any order.
# Returns (A, alpha); alpha is negative where the loss grows with N.
# → N、loss：每个模型一个正数，(models,)，次序任意。
#   返回 (A, alpha)；损失随 N 增大时，alpha 为负。

# %% check="power_law"
N = np.array([10.0, 100.0, 1000.0, 10_000.0])
advice = "return two numbers: A and alpha"
A, alpha = bm.expect.several(power_law(N, 7.0 * N**-0.25), 2, advice)
advice = "the loss falls, so alpha is positive: it is the slope with its sign changed"
bm.expect.true(not math.isclose(float(alpha), -0.25, rel_tol=1e-4), advice)
bm.expect.close(alpha, 0.25, "alpha is minus the slope of log loss against log N")
advice = "the line's height at log N = 0 is log A: undo the logarithm"
bm.expect.true(not math.isclose(float(A), math.log(7), rel_tol=1e-4), advice)
advice = "the same logarithm both ways: np.exp undoes np.log, 10** undoes np.log10"
bm.expect.close(A, 7.0, advice)
noisy = np.array([4.0, 2.0, 1.0, 0.9])
advice = "least squares of the logarithms, over all points: no fit of the bare losses"
A, alpha = bm.expect.several(power_law(N, noisy), 2, advice)
bm.expect.close(alpha, 0.224448, advice, atol=1e-5)
### BEGIN HIDDEN TESTS
N = np.array([80.0, 3.0, 5.0])
loss = np.array([0.7, 2.0, 3.0])
slope, height = np.polyfit(np.log(N), np.log(loss), 1)
A, alpha = bm.expect.several(power_law(N, loss), 2, "A and alpha")
bm.expect.close(alpha, -slope, "three models: compare with a straight line in logs")
bm.expect.close(A, math.exp(height), "A, for three models that lie on no line")
A, alpha = bm.expect.several(power_law(N, 0.2 * N**0.3), 2, "A and alpha")
bm.expect.close(alpha, -0.3, "a loss that grows with N has a negative alpha")
bm.expect.close(A, 0.2, "A, where the loss grows")
A, alpha = bm.expect.several(power_law(N[:2], 5.0 * N[:2] ** -0.5), 2, "A and alpha")
bm.expect.close(alpha, 0.5, "two models: the line goes through both")
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
# A and alpha → A 和 alpha
# a loss that grows with N has a negative alpha → 损失随 N 增大时，alpha 为负
# A, where the loss grows → 损失增大时的 A
# two models: the line goes through both → 两个模型：直线通过这两点

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


# %% mistake="power_law" says="negative alpha"
def power_law(N, loss):
    slope, height = np.polyfit(np.log(N), np.log(loss), 1)
    return float(np.exp(height)), abs(float(slope))


# %% variant="power_law"
def power_law(N, loss):
    u, w = np.log(N), np.log(loss)
    alpha = -((u - u.mean()) * (w - w.mean())).sum() / ((u - u.mean()) ** 2).sum()
    return float(np.exp(w.mean() + alpha * u.mean())), float(alpha)


# %% variant="power_law"
def power_law(N, loss):
    lines = np.stack([np.ones(len(N)), np.log(N)], 1)  # (models, 2)
    height, slope = np.linalg.lstsq(lines, np.log(loss), rcond=None)[0]
    return [math.exp(height), -float(slope)]


# %% [markdown]
# How does one check a fit? With $u = \log N$ and $w = \log J$, least squares makes
# $\sum_i (w_i - \log A + \alpha u_i)^2$ as small as possible. So its derivatives must
# vanish. That with respect to $\alpha$ is $2 \sum_i u_i (w_i - \log A + \alpha u_i)$,
# and so
#
# $$\sum_i u_i w_i = \log A \sum_i u_i - \alpha \sum_i u_i^2 \label{least-squares}$$
#
# Here is your fit of our family.

# %% [markdown] lang="zh" of="64b1ccdd"
# 怎样检验一次拟合？记 $u = \log N$，$w = \log J$，最小二乘让
# $\sum_i (w_i - \log A + \alpha u_i)^2$ 尽可能小，所以它的导数都必须为零。
# 对 $\alpha$ 的导数是 $2 \sum_i u_i (w_i - \log A + \alpha u_i)$，于是
#
# $$\sum_i u_i w_i = \log A \sum_i u_i - \alpha \sum_i u_i^2 \label{least-squares}$$
#
# 下面检验你对这一系列模型的拟合。

# %% equation="least-squares" of="8a1ceaf1"
u, w = np.log(N), np.log(loss)
A, alpha = power_law(N, loss)
right = math.log(A) * u.sum() - alpha * (u**2).sum()
bm.equation("least-squares", (u * w).sum(), right)

# %% [markdown]
# ## Which law?
#
# A pure power falls towards zero, but no model can foresee a text completely. The other
# common law has a floor $E$ that no size removes: $J(N) = E + A N^{-\alpha}$. For a
# given floor it is the same fit, of $J - E$; so we try many floors and take the best.
# The two are **nested models**: with $E = 0$ the second *is* the first, so it can only
# fit better, and a better fit says nothing. And there is a third forecast, so simple
# that every law must beat it: “as the largest model so far”.

# %% [markdown] lang="zh" of="1c3ef59c"
# ## 选哪条定律？
#
# 纯粹的幂会一直降到零，可是没有模型能完全预知一段文字。另一条常用的定律有一个下限 $E$，
# 模型再大也降不下去：$J(N) = E + A N^{-\alpha}$。下限给定之后，还是同样的拟合，
# 只是对象换成 $J - E$；于是试许多下限，取最好的。这两条是**嵌套模型**：
# 取 $E = 0$，第二条就是第一条，所以它只会拟合得更好，而拟合得更好说明不了什么。
# 还有第三种预测，简单到每条定律都必须胜过它：“与目前最大的模型一样”。


# %%
def unchanged(N, loss, at):
    return loss[N.argmax()] + 0 * at


def power(N, loss, at):
    A, alpha = power_law(N, loss)
    return A * at**-alpha


def with_floor(N, loss, at):
    def misfit(E):
        return np.square(E + power(N, loss - E, N) - loss).mean()

    E = min(np.linspace(0, 0.99 * loss.min(), 100), key=misfit)
    return E + power(N, loss - E, at)


laws = {"unchanged": unchanged, "power": power, "power + floor": with_floor}

# %% [raw] lang="zh"
# unchanged → 不变
# power → 幂律
# power + floor → 幂律加下限

# %% [markdown]
# Each function takes the sizes and losses of some models and forecasts the loss `at`
# another size. Which one should we believe? A fit to the seen models cannot tell. But
# we can rehearse: hide the largest of the seen models, forecast it from the others, and
# see which law comes nearest. This is validation on **held-out** data, here on a model.

# %% [markdown] lang="zh" of="b31d493d"
# 每个函数都接受一些模型的大小和损失，预测大小为 `at` 的模型的损失。该相信哪一个？
# 光看对已知模型的拟合，看不出来。不过可以先演习一遍：把已知模型里最大的藏起来，
# 用其余的去预测它，看哪条定律最接近。这就是用**留出**的数据做验证，
# 这里留出的是一个模型。


# %% exercise="choose_law" points=3 minutes=10 level=3
def choose_law(N: np.ndarray, loss: np.ndarray, laws: dict) -> str:
    """Name of the law that best forecasts the largest model from all the others.

    N, loss: sizes and losses, (models,), in any order; no two sizes are equal.
    laws: functions by name; law(N, loss, at) fits the models that it is given and
    returns its forecast of the loss at size `at`.
    Best is the smallest absolute error. The law may not see the largest model.
    """
    ### BEGIN SOLUTION
    largest = N.argmax()
    others, losses = np.delete(N, largest), np.delete(loss, largest)

    def error(name):
        return abs(laws[name](others, losses, N[largest]) - loss[largest])

    return min(laws, key=error)
    ### END SOLUTION


# %% [raw] lang="zh"
# Name of the law that best forecasts the largest model from all the others.
# → 用其余模型预测最大的模型，返回预测最准的定律的名字。
# N, loss: sizes and losses, (models,), in any order; no two sizes are equal.
# laws: functions by name; law(N, loss, at) fits the models that it is given and
# returns its forecast of the loss at size `at`.
# Best is the smallest absolute error. The law may not see the largest model.
# → N、loss：大小和损失，(models,)，次序任意，没有两个大小相同。
#   laws：名字到函数的字典；law(N, loss, at) 拟合交给它的模型，
#   返回它对大小为 at 的模型的损失的预测。
#   绝对误差最小的为最好。定律不能看到最大的那个模型。


# %% check="choose_law"
seen = []


def watched(N, loss, at):  # remembers what it is given
    seen.append((sorted(N), sorted(loss), float(at)))
    return 0.0


def flat(N, loss, at):
    return float(loss[N.argmax()])


def straight(N, loss, at):  # a straight line in logarithms
    slope, height = np.polyfit(np.log(N), np.log(loss), 1)
    return float(np.exp(height + slope * np.log(at)))


shuffled = np.array([1000.0, 10_000.0, 10.0, 100.0])
got = choose_law(shuffled, np.array([2.0, 1.1, 8.0, 4.0]), {"watched": watched})
bm.expect.equal(got, "watched", "return a name, one of the keys of laws")
bm.expect.true(seen, "call each law: it forecasts the loss of the largest model")
advice = "forecast the largest model, which need not come last"
bm.expect.true(all(at == 10_000 for _, _, at in seen), advice)
advice = "hide the largest model, its size and its loss, from the laws"
bm.expect.true(not any(10_000 in sizes for sizes, _, _ in seen), advice)
bm.expect.true(not any(1.1 in losses for _, losses, _ in seen), advice)
advice = "the laws may see all the other models"
bm.expect.true(all(sizes == [10, 100, 1000] for sizes, _, _ in seen), advice)
N = np.array([10.0, 100.0, 1000.0, 10_000.0])
both = {"flat": flat, "straight": straight}
got = choose_law(N, np.array([8.0, 4.0, 2.0, 1.1]), both)
bm.expect.equal(got, "straight", "the largest is forecast as 2 or as 1; it has 1.1")
got = choose_law(N, np.array([8.0, 4.0, 2.0, 1.9]), both)
bm.expect.equal(got, "flat", "here it has 1.9: the error counts without its sign")
### BEGIN HIDDEN TESTS
got = choose_law(N, np.array([8.0, 4.0, 2.0, 0.5]), {"b": straight, "a": flat})
bm.expect.equal(got, "b", "0.5 is nearer to 1 than to 2")
got = choose_law(N[:3], np.array([3.0, 2.9, 2.95]), {"line": straight, "same": flat})
bm.expect.equal(got, "same", "three models")
three = {
    "half": lambda N, loss, at: 0.5,
    "more": lambda N, loss, at: 1.75,
    "near": lambda N, loss, at: 1.25,
}
few, bumpy = np.array([10.0, 1000.0, 100.0]), np.array([3.0, 1.2, 0.5])
got = choose_law(few, bumpy, three)
bm.expect.equal(got, "near", "the largest model need not have the lowest loss")
del three["near"]
got = choose_law(few, np.array([3.0, 1.1, 2.0]), three)
bm.expect.equal(got, "half", "0.5 is off by 0.6, 1.75 by 0.65: no error in percent")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# remembers what it is given → 记住交给它的东西
# a straight line in logarithms → 对数坐标下的直线
# return a name, one of the keys of laws → 请返回一个名字，即 laws 的一个键
# call each law: it forecasts the loss of the largest model
# → 调用每条定律：让它预测最大的模型的损失
# forecast the largest model, which need not come last
# → 预测最大的模型，它不一定排在最后
# hide the largest model, its size and its loss, from the laws
# → 别让定律看到最大的模型，大小和损失都不行
# the laws may see all the other models → 其余的模型，定律都可以看
# the largest is forecast as 2 or as 1; it has 1.1
# → 对最大的模型，预测一个是 2，一个是 1；真实值是 1.1
# here it has 1.9: the error counts without its sign → 这里是 1.9：误差不计正负号
# 0.5 is nearer to 1 than to 2 → 0.5 离 1 比离 2 近
# three models → 三个模型
# the largest model need not have the lowest loss → 最大的模型，损失不一定最低
# 0.5 is off by 0.6, 1.75 by 0.65: no error in percent
# → 0.5 差 0.6，1.75 差 0.65：误差不按百分比算
# watched → =
# flat → =
# straight → =
# same → =
# line → =
# half → =
# more → =
# near → =

# %% [markdown] hint="choose_law"
# `N.argmax()` is the place of the largest model. `np.delete(N, place)` is the array
# without it.

# %% [markdown] lang="zh" of="acb7e827"
# `N.argmax()` 是最大的模型所在的位置。`np.delete(N, place)` 是去掉它之后的数组。

# %% [markdown] hint="choose_law"
# For each name compute `abs(law(N_others, loss_others, N_largest) - loss_largest)` and
# keep the name with the smallest.

# %% [markdown] lang="zh" of="8f401bca"
# 对每个名字计算 `abs(law(N_others, loss_others, N_largest) - loss_largest)`，
# 留下最小的那个的名字。


# %% mistake="choose_law" says="hide the largest"
def choose_law(N, loss, laws):
    largest = N.argmax()
    errors = {
        name: abs(law(N, loss, N[largest]) - loss[largest])
        for name, law in laws.items()
    }
    return min(errors, key=errors.get)


# %% mistake="choose_law" says="need not come last"
def choose_law(N, loss, laws):
    errors = {
        name: abs(law(N[:-1], loss[:-1], N[-1]) - loss[-1])
        for name, law in laws.items()
    }
    return min(errors, key=errors.get)


# %% mistake="choose_law" says="without its sign"
def choose_law(N, loss, laws):
    largest = N.argmax()
    few, less = np.delete(N, largest), np.delete(loss, largest)
    errors = {
        name: law(few, less, N[largest]) - loss[largest] for name, law in laws.items()
    }
    return min(errors, key=errors.get)


# %% mistake="choose_law" says="forecast as 2 or as 1"
def choose_law(N, loss, laws):
    largest = N.argmax()
    few, less = np.delete(N, largest), np.delete(loss, largest)
    errors = {
        name: abs(law(few, less, N[largest]) - loss[largest])
        for name, law in laws.items()
    }
    return max(errors, key=errors.get)


# %% mistake="choose_law" says="need not have the lowest loss"
def choose_law(N, loss, laws):
    best = loss.argmin()
    few, less = np.delete(N, best), np.delete(loss, best)
    errors = {
        name: abs(law(few, less, N[best]) - loss[best]) for name, law in laws.items()
    }
    return min(errors, key=errors.get)


# %% mistake="choose_law" says="no error in percent"
def choose_law(N, loss, laws):
    largest = N.argmax()
    few, less = np.delete(N, largest), np.delete(loss, largest)

    def error(name):
        forecast = max(laws[name](few, less, N[largest]), 1e-9)
        return abs(math.log(forecast / loss[largest]))

    return min(laws, key=error)


# %% variant="choose_law"
def choose_law(N, loss, laws):
    order = N.argsort()
    N, loss = N[order], loss[order]
    best, chosen = math.inf, ""
    for name, law in laws.items():
        error = (law(N[:-1], loss[:-1], N[-1]) - loss[-1]) ** 2
        if error < best:
            best, chosen = error, name
    return chosen


# %%
rivals = {name: law for name, law in laws.items() if name != "unchanged"}
chosen = choose_law(N, loss, rivals)
rehearsed = {
    name: abs(law(N[:-1], loss[:-1], N[-1]) - loss[-1]) for name, law in laws.items()
}
forecasts = {name: float(law(N, loss, blocks(wide))) for name, law in laws.items()}
for name in laws:
    print(f"{name:14} rehearsal off by {rehearsed[name]:.3f}")
print(f"so our forecast for width {wide}, by {chosen!r}: {forecasts[chosen]:.3f}")

# %% [raw] lang="zh"
# {name:14} rehearsal off by {rehearsed[name]:.3f}
# → {name:14} 演习时差 {rehearsed[name]:.3f}
# so our forecast for width {wide}, by {chosen!r}: {forecasts[chosen]:.3f}
# → 于是按 {chosen!r}，对宽度 {wide} 的预测是 {forecasts[chosen]:.3f}
# unchanged → 不变

# %% [markdown]
# The forecast stands. Only now is a model of that width trained.

# %% [markdown] lang="zh" of="ba4c0ab6"
# 预测已经定下。到这时才训练这个宽度的模型。

# %%
result = np.array([trained(wide, s)[1] for s in seeds])
truth = result.mean()
print(f"width {wide}: test losses {result.round(3)}, mean {truth:.3f}")
for name, forecast in forecasts.items():
    print(f"{name:14} {forecast:.3f}, off by {forecast - truth:+.3f}")

# %% [raw] lang="zh"
# width {wide}: test losses {result.round(3)}, mean {truth:.3f}
# → 宽度 {wide}：测试损失 {result.round(3)}，平均 {truth:.3f}
# {name:14} {forecast:.3f}, off by {forecast - truth:+.3f}
# → {name:14} {forecast:.3f}，差 {forecast - truth:+.3f}

# %%
bm.claim(
    "The law chosen in rehearsal beats “as the largest so far” for the new width",
    lambda off_by, unchanged_off_by: off_by < unchanged_off_by,
    {
        "off_by": abs(forecasts[chosen] - truth),
        "unchanged_off_by": abs(forecasts["unchanged"] - truth),
    },
    control={
        "off_by": abs(laws[chosen](N, before.mean(1), blocks(wide)) - truth),
        "unchanged_off_by": abs(forecasts["unchanged"] - truth),
    },
    against="the same law fitted to the losses before training",
)

# %% [raw] lang="zh"
# The law chosen in rehearsal beats “as the largest so far” for the new width
# → 对新的宽度，演习中选出的定律，比“与目前最大的一样”更准
# the same law fitted to the losses before training → 同一条定律，改用训练之前的损失拟合
# unchanged → 不变

# %% [markdown]
# When this lesson was written, the widths up to 24 were trained on Shakespeare's plays,
# the forecast for width 40 was put down, and only then was a model of that width
# trained, for the first time. The law with a floor had won the rehearsal. Its forecast
# was 2.33, the mean of three seeds 2.32. The pure power law said 2.24, further off than
# no change at all, 2.38. So it went on a GPU with `full`, too, for width 128: 1.95 by
# the law with a floor, found 1.92, power law 1.88, no change 2.03. But with half the
# learning rate the floor came out too high: forecast 2.45, found 2.38, no change 2.46.
# On the made-up plays that stand in, the best floor was zero with seed 0, so the two
# laws were one. A rehearsal is a noisy measurement: there, with the seeds 3 and 4 at
# `ci`, no change won it, and was off by 0.31 for the new width, the power law by 0.06.
# So only the two laws compete.
#
# How far may one go? Leave out one of the small widths at a time, fit both laws again,
# and see how far apart the forecasts lie, for the new width and for a model of a
# trillion parameters.

# %% [markdown] lang="zh" of="4fdacbaf"
# 写这一课时，先在莎士比亚的剧本上训练了 24 以内的各个宽度，写下对宽度 40 的预测，
# 然后才第一次训练这个宽度的模型。演习中胜出的是带下限的定律：它预测 2.33，
# 三个种子的平均是 2.32。纯幂律预测 2.24，比“不变”的 2.38 差得还多。
# 在 GPU 上用 `full` 配置预测宽度 128，结果也一样：带下限的定律预测 1.95，实际 1.92，
# 纯幂律是 1.88，“不变”是 2.03。但学习率减半，下限就偏高了：预测 2.45，实际 2.38，
# “不变”是 2.46。
# 在自编的替代剧本上，种子为 0 时最好的下限是零，两条定律就成了一条。
# 演习也是有噪声的测量：同样的剧本，`ci` 配置、种子 3 和 4，演习中胜出的是“不变”；
# 到了新的宽度，它却差了 0.31，幂律只差 0.06。所以只让两条定律竞争。
#
# 最远能推到哪里？每次去掉一个小的宽度，重新拟合两条定律，
# 看各个预测相差多少：对新的宽度，以及对一万亿参数的模型。


# %%
def left_out(law, at):
    """Forecasts of a law, each made without one of the small widths."""
    kept = ~np.eye(len(N), dtype=bool)  # a row for each width that is left out
    return [law(N[row], loss[row], at) for row in kept]


near, far = (
    np.array([left_out(law, at) for law in (power, with_floor)])
    for at in (blocks(wide), 1e12)
)
bm.claim(
    "Near the data the forecasts agree within a factor of 1.5, whatever is left out",
    lambda lowest, highest: highest < 1.5 * lowest,
    {"lowest": near.min(), "highest": near.max()},
    control={"lowest": far.min(), "highest": far.max()},
    against="a trillion parameters",
)

# %% [raw] lang="zh"
# Forecasts of a law, each made without one of the small widths.
# → 一条定律的各个预测，每个都去掉一个小的宽度。
# a row for each width that is left out → 每去掉一个宽度占一行
# Near the data the forecasts agree within a factor of 1.5, whatever is left out
# → 离数据近时，无论去掉哪个宽度，各个预测相差不到 1.5 倍
# a trillion parameters → 一万亿参数

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
for ax, last in ((left, 3 * blocks(wide)), (right, 1e12)):
    at = np.geomspace(N[0], last, 60)
    for name, style in (("power", "-"), ("power + floor", "--")):
        (line,) = ax.plot(at, laws[name](N, loss, at), style, label=name)
        others = left_out(laws[name], at)
        low, high = np.min(others, 0), np.max(others, 0)
        ax.fill_between(at, low, high, alpha=0.2, color=line.get_color())
    ax.plot(N, loss, "ko", label="trained first")
    ax.plot(blocks(wide), truth, "k*", ms=14, mfc="white", label="trained after")
    ax.set(xscale="log", yscale="log", xlabel="parameters N of the blocks")
    ax.yaxis.set_major_formatter("{x:g}")
left.set(ylabel="loss, nats a letter", title="a few times larger")
right.set(title="as far as GPT-3 and beyond")
left.legend()
left.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.4)))
right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
right.yaxis.set_minor_formatter(NullFormatter())
alt = (
    "Loss against size, both logarithmic, with two laws; bands show how they move when "
    "one width is left out. Near the trained models they stay close; carried on to a "
    "trillion parameters they open like a fan."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# power → 幂律
# power + floor → 幂律加下限
# trained first → 先训练的
# trained after → 后训练的
# parameters N of the blocks → 块的参数个数 N
# loss, nats a letter → 损失（奈特/字母）
# a few times larger → 大上几倍
# as far as GPT-3 and beyond → 一直到 GPT-3 乃至更远
# Loss against size, both logarithmic, with two laws; bands show how they move when
# one width is left out. Near the trained models they stay close; carried on to a
# trillion parameters they open like a fan.
# → 损失随大小的变化，两轴都是对数，画有两条定律；色带表示去掉一个宽度时它们怎样移动。
#   在训练过的模型附近，两者很接近；一直延长到一万亿参数，就像扇子一样张开。

# %% [markdown]
# So a forecast is for a few times the size, not for a million times. It also holds only
# for what was kept the same: here the text, its amount $D$ and the training. Whoever
# plans a real run tunes the learning rate at each size and lets $D$ grow with $N$.
#
# ## How large for a given budget?
#
# With a fixed compute $C$ a larger model sees less text. J. Hoffmann and colleagues
# trained some 400 models and found that the loss is lowest when tokens and parameters
# grow together, about 20 tokens a parameter: they are **compute-optimal**.

# %% [markdown] lang="zh" of="bce85fc4"
# 所以预测只管到几倍大，管不到百万倍。它也只在其余都不变时成立：这里是同样的文本、
# 同样多的 $D$、同样的训练方法。真正规划训练的人，每种大小都单独调学习率，
# 并让 $D$ 随 $N$ 一同增长。
#
# ## 预算一定，模型该多大？
#
# 算力 $C$ 一定，模型越大，看的文本就越少。J. Hoffmann 等人训练了大约 400 个模型，
# 发现词元数与参数数同步增长时损失最低，大约每个参数 20 个词元：
# 这样的训练叫**算力最优**。


# %% exercise="compute_optimal" points=2 minutes=5 level=2
def compute_optimal(
    C: float, tokens_per_parameter: float = 20.0
) -> tuple[float, float]:
    """Parameters and tokens that spend C FLOPs at a fixed number of tokens a parameter.

    Take training to cost 6 FLOPs a parameter and token. Returns (N, D), not rounded.
    """
    ### BEGIN SOLUTION
    N = math.sqrt(C / (6 * tokens_per_parameter))
    return N, tokens_per_parameter * N
    ### END SOLUTION


# %% [raw] lang="zh"
# Parameters and tokens that spend C FLOPs at a fixed number of tokens a parameter.
# → 每个参数的词元数一定时，花完 C 个 FLOP 的参数个数和词元数。
# Take training to cost 6 FLOPs a parameter and token. Returns (N, D), not rounded.
# → 训练的代价按每个参数、每个词元 6 个 FLOP 计。返回 (N, D)，不取整。

# %% check="compute_optimal"
advice = "return two numbers: parameters, then tokens"
N, D = bm.expect.several(compute_optimal(1.2e20), 2, advice)
advice = "6 N D, with D in terms of N: solve for N"
bm.expect.close(N / 1e9, 1.0, advice)
bm.expect.close(D / 1e9, 20.0, "20 tokens for each parameter")
N, D = bm.expect.several(compute_optimal(3e13, tokens_per_parameter=5.0), 2, advice)
bm.expect.close(N / 1e6, 1.0, "use the number of tokens a parameter that is given")
bm.expect.close(D / 1e6, 5.0, "use the number of tokens a parameter that is given")
### BEGIN HIDDEN TESTS
N, D = bm.expect.several(compute_optimal(3.14e23), 2, advice)
bm.expect.close(N / 1e9, 51.153364, "GPT-3's compute, spent at 20 tokens a parameter")
N, D = bm.expect.several(compute_optimal(1000.0, 2.5), 2, advice)
bm.expect.close(6 * N * D / 1000, 1.0, "the whole compute is spent")
bm.expect.close(D / N, 2.5, "2.5 tokens a parameter: it need not be a whole number")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two numbers: parameters, then tokens → 请返回两个数：先参数，后词元
# 6 N D, with D in terms of N: solve for N → 把 D 用 N 表示，代入 6 N D，解出 N
# 20 tokens for each parameter → 每个参数 20 个词元
# use the number of tokens a parameter that is given → 请使用给定的每个参数的词元数
# GPT-3's compute, spent at 20 tokens a parameter → GPT-3 的算力，按每个参数 20 个词元花
# the whole compute is spent → 算力要正好花完
# 2.5 tokens a parameter: it need not be a whole number
# → 每个参数 2.5 个词元：不必是整数

# %% [markdown] hint="compute_optimal"
# Put $D = rN$ into $C = 6ND$, with $r$ tokens a parameter. Which power of $N$ stands
# there?

# %% [markdown] lang="zh" of="71056306"
# 设每个参数 $r$ 个词元，把 $D = rN$ 代入 $C = 6ND$。式子里是 $N$ 的几次方？

# %% [markdown] hint="compute_optimal"
# $C = 6 r N^2$, so `N = math.sqrt(C / (6 * tokens_per_parameter))`.

# %% [markdown] lang="zh" of="e44d8e78"
# $C = 6 r N^2$，所以 `N = math.sqrt(C / (6 * tokens_per_parameter))`。


# %% mistake="compute_optimal" says="solve for N"
def compute_optimal(C, tokens_per_parameter=20.0):
    N = C / (6 * tokens_per_parameter)
    return N, tokens_per_parameter * N


# %% mistake="compute_optimal" says="solve for N"
def compute_optimal(C, tokens_per_parameter=20.0):
    N = math.sqrt(C / tokens_per_parameter)
    return N, tokens_per_parameter * N


# %% mistake="compute_optimal" says="that is given"
def compute_optimal(C, tokens_per_parameter=20.0):
    N = math.sqrt(C / 120)
    return N, 20 * N


# %% variant="compute_optimal"
def compute_optimal(C, tokens_per_parameter=20.0):
    D = (C * tokens_per_parameter / 6) ** 0.5
    return [D / tokens_per_parameter, D]


# %% [markdown]
# ## What models use today
#
# Here are five models with the tokens that they saw, from their reports. Of a mixture
# of experts only the parameters that a token uses count for compute.

# %% [markdown] lang="zh" of="70bdec3e"
# ## 今天的模型用什么
#
# 下面五个模型和它们看过的词元数，取自各自的报告。混合专家模型算算力时，
# 只计一个词元用到的参数。

# %%
today = {  # parameters that a token uses, tokens
    "GPT-3 (2020)": (175e9, 300e9),
    "Chinchilla (2022)": (70e9, 1.4e12),
    "Llama 3.1 405B (2024)": (405e9, 15.6e12),
    "DeepSeek-V3 (2024)": (37e9, 14.8e12),
    "Llama 3.1 8B (2024)": (8e9, 15e12),
}
for name, (N_used, D_seen) in today.items():
    C = 6 * N_used * D_seen
    row = f"{C:.2e} FLOPs, {D_seen / N_used:6,.0f} tokens a parameter"
    print(f"{name:22} {row}; optimal N {compute_optimal(C)[0]:.2e}")

# %% [raw] lang="zh"
# parameters that a token uses, tokens → 一个词元用到的参数，词元数
# {C:.2e} FLOPs, {D_seen / N_used:6,.0f} tokens a parameter
# → {C:.2e} FLOP，每个参数 {D_seen / N_used:6,.0f} 个词元
# {name:22} {row}; optimal N {compute_optimal(C)[0]:.2e}
# → {name:22} {row}；最优的 N 为 {compute_optimal(C)[0]:.2e}

# %% [markdown]
# The report on Llama 3.1 405B states $3.8\times 10^{25}$ FLOPs, as the rule does. By 20
# tokens a parameter GPT-3 was larger than optimal for its compute, and the models of
# 2024 are smaller. (The number 20 belongs to its data: on theirs, the authors of Llama
# 3.1 405B found about the size that they trained.) The small ones saw hundreds to
# thousands of tokens a parameter: a small model is cheaper each time that somebody uses
# it, and that is worth more training.
#
# ## What hardware, and how long?
#
# The document asks in its appendix, Q1, what hardware a big model needs, and answers:
# powerful GPUs or TPUs, much storage, a fast network. True; here are the numbers. A
# GPU has a peak speed, and real training reaches a part of it, the **utilisation**;
# 40 % is good work.
#
# $$\text{days} = \frac{C}{\text{GPUs}\times\text{peak}\times\text{utilisation}
# \times 86400}$$

# %% [markdown] lang="zh" of="5085ab41"
# Llama 3.1 405B 的报告写的是 $3.8\times 10^{25}$ FLOP，与这条规则一致。
# 按每个参数 20 个词元算，GPT-3 比最优的大，2024 年的模型却比最优的小。
# （20 这个数只对得到它的数据成立：Llama 3.1 405B 的作者在自己的数据上求出的最优大小，
# 与他们训练的差不多。）其中小的每个参数看了几百到几千个词元：模型小，
# 以后每次使用都便宜，多训练一些也值得。
#
# ## 要什么硬件，要多久？
#
# 文档的附录 Q1 问，训练大模型要哪些硬件，回答是：高性能的 GPU 或 TPU，大规模存储，
# 高速网络。说得对，这里补上数字。一张卡有一个峰值速度；真实训练只能达到其中一部分，
# 叫**利用率**，有 40% 就算不错了。
#
# $$\text{天数} = \frac{C}{\text{卡数}\times\text{峰值}\times\text{利用率}
# \times 86400}$$

# %%
peak = {"A100": 312e12, "H100": 989e12}  # FLOPs a second with 16-bit numbers


def days(C, gpus, kind="H100", utilisation=0.4):
    return C / (gpus * peak[kind] * utilisation * 86_400)


# %% [raw] lang="zh"
# FLOPs a second with 16-bit numbers → 16 位数的峰值，每秒 FLOP

# %% [markdown]
# Two checks against published runs. D. Narayanan and colleagues report 140 teraFLOPs a
# second on each of 1,024 A100 for a model of GPT-3's size, with activation
# checkpointing ($8ND$), and estimate 34 days. And DeepSeek's report gives 2.664 million
# GPU hours for the pre-training of its V3 on H800, which compute as fast as H100: what
# utilisation was that? (V3 computed most of its products with numbers of 8 bits, whose
# peak is twice as high.)

# %% [markdown] lang="zh" of="dc121a9a"
# 用公布的训练来核对一下。D. Narayanan 等人报告，在 1,024 张 A100 上训练 GPT-3
# 大小的模型，每张卡达到每秒 140 万亿 FLOP，用了激活检查点（$8ND$），估计要 34 天。
# DeepSeek 的报告说，V3 的预训练用了 266.4 万卡时，用的是 H800，
# 算得与 H100 一样快：利用率是多少？（V3 的矩阵乘法大多用 8 位数计算，其峰值高一倍。）

# %%
took = days(8 * 175e9 * 300e9, 1024, "A100", utilisation=140 / 312)
print(f"GPT-3's size on 1,024 A100: {took:.1f} days")
N_used, D_seen = today["DeepSeek-V3 (2024)"]
speed = 6 * N_used * D_seen / (2.664e6 * 3600)  # FLOPs a second on each GPU
print(f"DeepSeek-V3: {speed / peak['H100']:.0%} of the peak with 16-bit numbers")

# %% [raw] lang="zh"
# GPT-3's size on 1,024 A100: {took:.1f} days
# → GPT-3 的大小，1,024 张 A100：{took:.1f} 天
# FLOPs a second on each GPU → 每张卡每秒的 FLOP
# DeepSeek-V3: {speed / peak['H100']:.0%} of the peak with 16-bit numbers
# → DeepSeek-V3：达到 16 位数峰值的 {speed / peak['H100']:.0%}

# %% [markdown]
# Now three models at 20 tokens a parameter. *GPUs at least* is how many H100 of 80 GB
# hold weights, gradients and optimizer alone, 16 bytes a parameter. The last column is
# this machine, at the speed that it reached with our small models.

# %% [markdown] lang="zh" of="f0fecf75"
# 再看三个模型，每个参数都按二十个词元计。“最少卡数”指光是放下权重、梯度和优化器
# （每个参数 16 字节），要几张 80 GB 的 H100。最后一列是这台机器，
# 按它刚才训练小模型时达到的速度计算。

# %%
V = len(letters)
spent = sum(training_flops(V, n, d, 2, D) for d in small) * len(seeds)
here = spent / seconds  # FLOPs a second
print(f"this machine: {here:.2g} FLOPs a second\n")
columns = ["N", "FLOPs", "GPUs at least", "days, 1 H100", "days, 1,024", "years, here"]
print(" " * 9, *(f"{column:>14}" for column in columns))
for name, (vocabulary, positions, d, L, _) in models.items():
    size = parameters(vocabulary, positions, d, L)
    C = 6 * size * 20 * size
    row = [size, C, math.ceil(16 * size / 80e9), days(C, 1), days(C, 1024)]
    print(f"{name:9}", *(f"{value:14.3g}" for value in [*row, C / here / 31_536_000]))

# %% [raw] lang="zh"
# FLOPs a second → 每秒 FLOP
# this machine: {here:.2g} FLOPs a second\n → 这台机器：每秒 {here:.2g} FLOP\n
# N → =
# FLOPs → 算力
# GPUs at least → 最少卡数
# days, 1 H100 → 天，1 张 H100
# days, 1,024 → 天，1,024 张
# years, here → 年，这里

# %% [markdown]
# Storage: a **checkpoint**, a file from which training can go on, holds master weights
# and two means, 12 bytes a parameter, 2.1 terabytes for GPT-3. Network: if each GPU had
# the whole model and a part of the batch, all would have to add up their gradients at
# each step, some 350 gigabytes for GPT-3. No usual network is so fast, and no GPU holds
# the model. So real runs cut the model into pieces, and place the pieces that exchange
# most data on GPUs of one machine.
#
# ## Your own budget
#
# Here is the lesson as a calculator, for a GPT with a vocabulary of 50,257, sequences
# of 2,048 tokens, one on each GPU at a time, and heads of 128 numbers. First predict:
# if `d` doubles at 20 tokens a parameter, how do parameters, compute and days grow?
# Then try.

# %% [markdown] lang="zh" of="23c12d0d"
# 存储：**检查点**是可以接着训练的文件，要存主权重和两个平均，每个参数 12 字节，
# GPT-3 就是 2.1 TB。网络：假如每张卡都有整个模型，各算批次的一份，
# 那么每一步所有卡都要把梯度加起来，对 GPT-3 约为 350 GB。普通的网络没有这么快，
# 一张卡也放不下这个模型。所以真正训练时要把模型切成几块，
# 通信最多的几块放在同一台机器的卡上。
#
# ## 你自己的预算
#
# 整节课化成一个计算器：一个 GPT，词表有 50,257 个词元，每条序列 2,048 个词元，
# 每张卡一次处理一条，每个头 128 个数。先预测：每个参数 20 个词元不变，`d` 加倍，
# 参数、算力和天数各变成几倍？然后动手试。


# %% fold
def budget(layers, d, tokens_per_parameter, gpus):
    size = parameters(50_257, 2048, d, layers)
    C = training_flops(50_257, 2048, d, layers, tokens_per_parameter * size)
    memory = training_memory(size, d, layers, d // 128, 2048, 1, 50_257)
    each = [memory[part] / 1e9 for part in parts]
    each[:3] = [amount / gpus for amount in each[:3]]  # states are shared
    fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
    left, labels = 0.0, ["weights", "gradients", "optimizer", "activations", "logits"]
    hatches = ("", "//", "..", "xx", "--")
    for label, amount, hatch in zip(labels, each, hatches, strict=True):
        ax.barh([0], [amount], left=left, label=label, hatch=hatch, edgecolor="white")
        left += amount
    ax.axvline(80, ls="--", color="black")
    fits = "fits" if left <= 80 else "does not fit"
    ax.set(xlabel="gigabytes on each GPU, 80 at most (dashed)")
    ax.set(yticks=[], xlim=(0, max(100, 1.1 * left)))
    ax.set_title(
        f"N = {size:.3g}, C = {C:.3g} FLOPs\n"
        f"{days(C, gpus):,.3g} days on {gpus} H100 at 40 %; {fits}"
    )
    ax.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.35))
    return fig


alt = (
    "A bar of the memory on each GPU, in five parts, and a dashed line at 80 "
    "gigabytes; the title gives parameters, FLOPs and days."
)
choices = {
    "layers": (2, 120, 2, 32),
    "d": (128, 16_384, 128, 4096),
    "tokens_per_parameter": (1, 200, 1, 20),
    "gpus": [64, 1, 8, 512, 4096],
}
bm.show.explore(budget, alt=alt, **choices)


# %% [raw] lang="zh"
# states are shared → 权重、梯度和优化器分摊
# weights → 权重
# gradients → 梯度
# optimizer → 优化器
# activations → 激活
# logits → =
# fits → 放得下
# does not fit → 放不下
# gigabytes on each GPU, 80 at most (dashed) → 每张卡的内存（GB），至多 80（虚线）
# N = {size:.3g}, C = {C:.3g} FLOPs\n{days(C, gpus):,.3g} days on {gpus} H100 at 40 %;
# {fits}
# → N = {size:.3g}，C = {C:.3g} FLOP\n
#   {gpus} 张 H100，利用率 40%：{days(C, gpus):,.3g} 天；{fits}
# A bar of the memory on each GPU, in five parts, and a dashed line at 80 gigabytes;
# the title gives parameters, FLOPs and days.
# → 一根长条表示每张卡的内存，分成五部分，虚线在 80 GB 处；
#   标题给出参数、FLOP 和天数。

# %% [markdown]
# Weights, gradients and optimizer are taken as shared evenly among the GPUs. Twice the
# width is about four times the parameters, and at a fixed number of tokens a parameter
# about sixteen times the compute, since $D$ grows along.
#
# ## What we learned
#
# - Training takes about $6ND$ FLOPs, as long as each weight is used once a token and
#   the model is wide. A convolution uses its weights more often.
# - Weights, gradients and Adam take 16 bytes a parameter. Activations and
#   logits come on top and grow with the batch.
# - The loss falls with size, so regularly that a law fitted to small models forecasts a
#   model a few times larger. Far away, laws that fit alike disagree.
# - Which law to trust is found by rehearsal: forecast a model that you have hidden. A
#   better fit of a nested model says nothing.
# - About 20 tokens a parameter spend training compute best. Models that many people use
#   are smaller and are trained longer.
#
# ## Where next
#
# Count all parameters instead of the blocks alone: does the rehearsal get better? Train
# the family on twice as many letters: is it the exponent that changes, or the floor?
# [Which architecture when](lesson:comparison) compares the Transformer with its rivals,
# and [Optimizers](lesson:optimizers) explains what Adam's two means are for. How models
# are counted stands in [What makes a model big](lesson:big-models).
#
# ## Further reading
#
# - J. Kaplan et al. (2020), *Scaling Laws for Neural Language Models*, arXiv.
# - J. Hoffmann et al. (2022), *Training Compute-Optimal Large Language Models*,
#   NeurIPS.
# - G. Yang et al. (2022), *Tensor Programs V: Tuning Large Neural Networks via
#   Zero-Shot Hyperparameter Transfer*, arXiv.
# - D. Narayanan et al. (2021), *Efficient Large-Scale Language Model Training on GPU
#   Clusters Using Megatron-LM*, SC.
# - DeepSeek-AI (2024), *DeepSeek-V3 Technical Report*, arXiv.
# - A. Grattafiori et al. (2024), *The Llama 3 Herd of Models*, arXiv.

# %% [markdown] lang="zh" of="10f1d843"
# 这里设权重、梯度和优化器由各张卡平均分摊。宽度加倍，参数约为四倍；
# 每个参数的词元数不变时，算力约为十六倍，因为 $D$ 也跟着增长。
#
# ## 我们学到了什么
#
# - 只要每个权重对每个词元只用一次，模型又宽，训练大约要 $6ND$ 个 FLOP。
#   卷积的权重用得更勤。
# - 权重、梯度加 Adam，每个参数 16 字节。激活和 logits 另算，随批次增长。
# - 损失随大小下降，而且很有规律：用小模型拟合出的定律，能预测大几倍的模型。
#   离得太远，拟合得同样好的定律就各说各话。
# - 该信哪条定律，要靠演习：藏起一个模型来预测它。嵌套模型拟合得更好，说明不了什么。
# - 每个参数大约 20 个词元，训练算力花得最值。用的人多的模型更小，训练得也更久。
#
# ## 下一步
#
# 不只数块，改数全部参数：演习的结果会更好吗？让这一系列模型看多一倍的字母：
# 变的是指数，还是下限？[架构之比较](lesson:comparison)把 Transformer 与对手放在一起比，
# [优化算法](lesson:optimizers)讲 Adam 的两个平均有什么用。模型的参数怎样数，
# 见[什么是大模型](lesson:big-models)。
#
# ## 延伸阅读
#
# - J. Kaplan et al. (2020), *Scaling Laws for Neural Language Models*, arXiv.
# - J. Hoffmann et al. (2022), *Training Compute-Optimal Large Language Models*,
#   NeurIPS.
# - G. Yang et al. (2022), *Tensor Programs V: Tuning Large Neural Networks via
#   Zero-Shot Hyperparameter Transfer*, arXiv.
# - D. Narayanan et al. (2021), *Efficient Large-Scale Language Model Training on GPU
#   Clusters Using Megatron-LM*, SC.
# - DeepSeek-AI (2024), *DeepSeek-V3 Technical Report*, arXiv.
# - A. Grattafiori et al. (2024), *The Llama 3 Herd of Models*, arXiv.
