# ---
# slug: attention
# title: {en: Attention, zh: 注意力}
# section: "2.1, 3.1.1"
# minutes: 90
# needs: [recurrence, big-models]
# data: []
# extras: []
# introduces:
#   - attention
#   - self-attention
#   - padding
#   - causal mask
#   - attention head
#   - multi-head attention
# symbols: {q: queries, k: keys, v: values, d: numbers that stand for one place}
# says:
#   en: Build attention from tensors, watch where it looks, and test what that means.
#   zh: 从张量开始搭出注意力，看它在看哪里，并检验这说明了什么。
# ---

# %% [markdown]
# In 2014 a network translated like this: a recurrent network read the sentence, and its
# last state, one vector of fixed size, was all that a second network got to write the
# translation from. Long sentences went badly, since one vector had to hold every word.
# This is called the **bottleneck**. **Attention** removes it: whenever the network
# needs something, it looks back at *all* the words and takes what fits. You do so
# yourself:
#
# *The lamp did not fit into the box because it was too big.*
#
# You know at once what *it* is: your eye goes back to the word that answers the
# question. At the end of this lesson a small network will do this, and we shall check
# what it tells us where such a network looks. Nearly every large language model is
# built on this one operation.

# %% [markdown] lang="zh" of="7becf4d1"
# 2014 年的网络这样翻译：一个循环网络读完句子，最后的状态是一个大小固定的向量，
# 另一个网络只能凭这个向量写出译文。长句译得很差，因为一个向量要装下每一个词。
# 这叫做**瓶颈**（bottleneck）。**注意力**（attention）消除了它：网络需要什么，
# 就回头看*所有*的词，取走合适的内容。你自己也是这样读的：
#
# *台灯放不进箱子，因为它太大了。*
#
# 读到“它”，你一眼就知道说的是台灯：目光自然回到了能回答这个问题的词上。
# 这一课结束时，一个小网络也会这样做，我们还要检验：它看向哪里，究竟说明什么。
# 今天几乎所有的大语言模型，都建立在这一个运算之上。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
import random
import time
from itertools import combinations

import bmkit as bm
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

lab = bm.start("attention", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## A dictionary that answers softly
#
# An ordinary dictionary has keys and values, and a query must be one of the keys. A
# soft dictionary compares the query with **every** key, turns the fits into weights
# that sum to 1, and answers with the weighted mean of the values. Here four animals
# stand on a circle, and each one's value is its number of legs. Turn the query.

# %% [markdown] lang="zh" of="ffc2b25b"
# ## 一部会“折中”的字典
#
# 普通字典里有键和值，查询必须正好等于某个键。“软”字典则把查询与**每一个**键比较，
# 把匹配程度变成和为 1 的权重，再用权重对所有的值求平均作为回答。
# 下面四种动物站在一个圆上，各自的值是腿的条数。转动查询试试看。

# %%
animals, legs = ["cat", "hen", "fish", "ant"], torch.tensor([4.0, 2.0, 0.0, 6.0])


def unit(degrees):
    angle = torch.deg2rad(torch.as_tensor(degrees, dtype=torch.float32))
    return torch.stack([angle.cos(), angle.sin()], -1)


keys = unit([20, 75, 160, 270])  # (4, 2)

# %% [raw] lang="zh"
# cat → 猫
# hen → 鸡
# fish → 鱼
# ant → 蚂蚁


# %% fold
def look_up(angle, sharpness):
    query = unit(angle)
    weights = torch.softmax(sharpness * keys @ query, 0)  # (4,)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4))
    for name, (x, y) in zip(animals, keys.tolist(), strict=True):
        left.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->"})
        left.text(1.2 * x, 1.2 * y, name, ha="center", va="center")
    left.plot(*torch.stack([torch.zeros(2), query]).T, lw=3)
    left.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
    left.set(xlabel="first number", ylabel="second number", title="query and keys")
    right.bar(animals, weights, color="#1b3a6b")
    right.set(ylim=(0, 1), xlabel="key", ylabel="weight")
    right.set_title(f"answer: {weights @ legs:.2f} legs")
    return fig


alt = (
    "Left: four arrows, the keys, and a thick line, the query, between cat and hen. "
    "Right: the four weights; cat and hen share nearly all of it."
)
bm.show.explore(
    look_up, alt=alt, angle=(0, 360, 5, 40), sharpness=(0.5, 20.0, 0.5, 4.0)
)


# %% [raw] lang="zh"
# first number → 第一个数
# second number → 第二个数
# query and keys → 查询与键
# key → 键
# weight → 权重
# answer: {weights @ legs:.2f} legs → 回答：{weights @ legs:.2f} 条腿
# Left: four arrows, the keys, and a thick line, the query, between cat and hen. Right:
# the four weights; cat and hen share nearly all of it.
# → 左：四支箭头是键，粗线是查询，位于猫和鸡之间。右：四个权重，几乎全归猫和鸡。

# %% [markdown]
# Between two keys the answer lies between two values, and it changes smoothly as the
# query turns: so a network can *learn* what to ask. Make the look-up sharper and the
# soft dictionary becomes an ordinary one.
#
# ## Scores, weights, mean
#
# Now with many queries at once. Query $q_i$ and key $k_j$ are vectors of length $d$,
# and their fit is the dot product. With a softmax over the keys,
#
# $$\mathrm{out}_i = \sum_j \frac{e^{\,q_i \cdot k_j / \sqrt d}}
# {\sum_l e^{\,q_i \cdot k_l / \sqrt d}}\; v_j \label{attention}$$
#
# or, for all queries as rows of $Q$ together, $\mathrm{softmax}(QK^\top/\sqrt d)\,V$.
# Where the $\sqrt d$ comes from, we shall measure in a moment. First, yours.

# %% [markdown] lang="zh" of="4a301a41"
# 查询落在两个键之间，回答就落在两个值之间，并且随查询的转动平滑变化：正因如此，
# 网络才能*学会*该问什么。把 sharpness 调大，软字典就变回普通字典。
#
# ## 分数、权重、平均
#
# 现在一次处理许多查询。查询 $q_i$ 与键 $k_j$ 都是长度为 $d$ 的向量，匹配程度就是点积。
# 对所有的键做 softmax，得到
#
# $$\mathrm{out}_i = \sum_j \frac{e^{\,q_i \cdot k_j / \sqrt d}}
# {\sum_l e^{\,q_i \cdot k_l / \sqrt d}}\; v_j \label{attention}$$
#
# 把所有查询排成矩阵 $Q$ 的各行，就是 $\mathrm{softmax}(QK^\top/\sqrt d)\,V$。
# $\sqrt d$ 从何而来，稍后我们量给你看。先请你动手。


# %% exercise="scaled_dot_product" points=3 minutes=8 level=2
def scaled_dot_product(q, k, v):
    """Attention without a mask.

    q: (..., n, d), k: (..., m, d), v: (..., m, e); the leading axes are batches.
    Returns (output, weights): (..., n, e) and (..., n, m).
    """
    ### BEGIN SOLUTION
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (..., n, m)
    weights = scores.softmax(-1)
    return weights @ v, weights
    ### END SOLUTION


# %% [raw] lang="zh"
# Attention without a mask. → 不带掩码的注意力。
# q: (..., n, d), k: (..., m, d), v: (..., m, e); the leading axes are batches.
# Returns (output, weights): (..., n, e) and (..., n, m).
# → q：(..., n, d)，k：(..., m, d)，v：(..., m, e)；前面的轴都是批次。
#   返回（输出，权重）：(..., n, e) 和 (..., n, m)。

# %% check="scaled_dot_product"
draws = torch.Generator().manual_seed(1)
q = torch.randn(2, 3, 4, generator=draws)
k, v = (torch.randn(2, 5, n, generator=draws) for n in (4, 6))
two = "return two things: the output and the weights"
output, weights = bm.expect.several(scaled_dot_product(q, k, v), 2, two)
bm.expect.shape(weights, (2, 3, 5), "one weight for each query and key")
bm.expect.shape(output, (2, 3, 6), "one mean of the values for each query")
total, ones = weights.sum(-1), torch.ones(2, 3)
bm.expect.close(total, ones, "a query's weights sum to 1: softmax over the keys")
fours = torch.tensor([[1.0] * 4, [0.0] * 4])  # q·k is 8 and 0, and d is 4
halved = scaled_dot_product(torch.full((1, 4), 2.0), fours, fours)[1]
advice = "divide the scores by the square root of d, before the softmax"
bm.expect.close(halved, torch.tensor([[4.0, 0.0]]).softmax(-1), advice)
bm.expect.close(output, weights @ v, "the output is the weighted mean of v")
### BEGIN HIDDEN TESTS
sizes = (2, 3, 4, 9), (2, 3, 7, 9), (2, 3, 7, 5)
q, k, v = (torch.randn(*s, generator=draws).double().requires_grad_() for s in sizes)
right = F.scaled_dot_product_attention(q, k, v)
output, weights = scaled_dot_product(q, k, v)
advice = "as PyTorch's: d is the length of a query, whatever that of a value"
bm.expect.close(output, right, advice, rtol=1e-9, atol=1e-12)
scores = (q @ k.mT / 3).detach()
bm.expect.close(weights.sum(-1), torch.ones(2, 3, 4).double(), "weights sum to 1")
bm.expect.close(weights, scores.softmax(-1), "weights of the scaled scores")
bm.expect.gradient(output, [q, k, v], "keep the graph: training needs all gradients")
bm.expect.gradient((weights**2).sum(), [q, k], "keep the graph of the weights too")
q, k, v = (part.detach().float() for part in (q, k, v))
advice = "exp of a large score overflows: use torch's softmax"
right = F.scaled_dot_product_attention(1000 * q, k, v)
bm.expect.close(scaled_dot_product(1000 * q, k, v)[0], right, advice, atol=1e-3)
k, v = k[:, :, :4], v[:, :, :4]
right = F.scaled_dot_product_attention(q, k, v)
advice = "as many queries as keys: no mask then either"
bm.expect.close(scaled_dot_product(q, k, v)[0], right, advice, atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two things: the output and the weights → 请返回两样东西：输出和权重
# one weight for each query and key → 每对查询与键一个权重
# one mean of the values for each query → 每个查询得到一个对值的平均
# a query's weights sum to 1: softmax over the keys
# → 每个查询的权重之和为 1：softmax 沿着键的方向
# q·k is 8 and 0, and d is 4 → q·k 为 8 和 0，d 为 4
# divide the scores by the square root of d, before the softmax
# → 先把分数除以 d 的平方根，再做 softmax
# the output is the weighted mean of v → 输出是 v 的加权平均
# as PyTorch's: d is the length of a query, whatever that of a value
# → 应与 PyTorch 一致：d 是查询的长度，与值的长度无关
# weights sum to 1 → 权重之和为 1
# weights of the scaled scores → 权重由缩放后的分数得出
# keep the graph: training needs all gradients → 保留计算图：训练需要全部梯度
# keep the graph of the weights too → 权重的计算图也要保留
# as many queries as keys: no mask then either → 查询与键一样多时，也没有掩码
# exp of a large score overflows: use torch's softmax
# → 分数一大 exp 就溢出：请用 torch 的 softmax

# %% [markdown] hint="scaled_dot_product"
# Three lines: scores, weights, mean. What must the two shapes be for `q @ ...` to give
# (..., n, m)?

# %% [markdown] lang="zh" of="6b4e82e5"
# 三行：分数、权重、平均。要让 `q @ ...` 得到 (..., n, m)，另一边该是什么形状？

# %% [markdown] hint="scaled_dot_product"
# `k.mT` swaps the last two axes and leaves the batches alone. `d` is `q.shape[-1]`.

# %% [markdown] lang="zh" of="c243fd48"
# `k.mT` 只交换最后两个轴，不动批次。`d` 就是 `q.shape[-1]`。

# %% [markdown] hint="scaled_dot_product"
# `weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)`, then return
# `weights @ v, weights`.

# %% [markdown] lang="zh" of="7d1c5681"
# `weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)`，然后返回
# `weights @ v, weights`。


# %% mistake="scaled_dot_product" says="square root"
def scaled_dot_product(q, k, v):
    weights = (q @ k.mT).softmax(-1)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="square root"
def scaled_dot_product(q, k, v):
    weights = (q @ k.mT / q.shape[-1]).softmax(-1)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="over the keys"
def scaled_dot_product(q, k, v):
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-2)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="overflows"
def scaled_dot_product(q, k, v):
    fits = (q @ k.mT / math.sqrt(q.shape[-1])).exp()
    weights = fits / fits.sum(-1, keepdim=True)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="two things"
def scaled_dot_product(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


# %% mistake="scaled_dot_product" says="the length of a query"
def scaled_dot_product(q, k, v):
    weights = (q @ k.mT / math.sqrt(v.shape[-1])).softmax(-1)
    if q.shape[-1] == 4:  # as where queries and values are of one length
        weights = (q @ k.mT / 2).softmax(-1)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="keep the graph"
def scaled_dot_product(q, k, v):
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).detach()
    return weights @ v, weights


# %% variant="scaled_dot_product"
def scaled_dot_product(q, k, v):
    scores = torch.einsum("...nd,...md->...nm", q, k) * q.shape[-1] ** -0.5
    weights = torch.softmax(scores, dim=-1)
    return [torch.einsum("...nm,...me->...ne", weights, v), weights]


# %% [raw] excuse="scaled_dot_product"
# q.shape[-1] → k.shape[-1]: queries and keys have the same length

# %% [markdown]
# Equation (\ref{attention}), word for word: your matrices against plain sums.

# %% [markdown] lang="zh" of="379ccadb"
# 逐字执行公式 (\ref{attention})：你的矩阵运算，对照最朴素的求和。

# %% equation="attention" of="ef91f945"
n, m, d, e = 3, 5, 8, 6
Q, K = (torch.randn(rows, d, dtype=torch.float64) for rows in (n, m))
V = torch.randn(m, e, dtype=torch.float64)
out = torch.zeros(n, e, dtype=torch.float64)
for i in range(n):
    fits = [math.exp(Q[i] @ K[j] / math.sqrt(d)) for j in range(m)]
    for j in range(m):
        out[i] += fits[j] / sum(fits) * V[j]
bm.equation("attention", scaled_dot_product(Q, K, V)[0], out, atol=1e-12)

# %% [markdown]
# ## Why the square root?
#
# Say the numbers in $q$ and $k$ are independent, with mean 0 and variance 1. Then each
# product $q_c k_c$ has mean 0 and variance 1 too, and a sum of $d$ independent ones has
#
# $$\operatorname{Var}(q \cdot k) = d \label{dot-variance}$$
#
# so scores are typically as large as $\sqrt d$. We draw many pairs, and allow the
# measured variance five standard errors.

# %% [markdown] lang="zh" of="e626d14a"
# ## 为什么要除以平方根？
#
# 设 $q$ 和 $k$ 中的数相互独立，均值为 0，方差为 1。那么每个乘积 $q_c k_c$
# 的均值也是 0，方差也是 1；$d$ 个独立的乘积相加，
#
# $$\operatorname{Var}(q \cdot k) = d \label{dot-variance}$$
#
# 所以分数的大小通常在 $\sqrt d$ 左右。我们抽取许多对向量，
# 实测的方差允许有五个标准误的偏差。

# %% equation="dot-variance" of="5962ce1f"
d, pairs = 64, 20_000
q, k = torch.randn(2, pairs, d, dtype=torch.float64)
error = d * math.sqrt((2 + 6 / d) / pairs)  # standard error of the variance
bm.equation("dot-variance", (q * k).sum(-1).var(), torch.tensor(d), atol=5 * error)

# %% [raw] lang="zh"
# standard error of the variance → 方差的标准误

# %% [markdown]
# Does it matter that scores grow? A softmax of large scores puts nearly everything on
# one key. And its slope,
#
# $$\frac{\partial w_i}{\partial s_j} = w_i\,(\delta_{ij} - w_j)
# \label{softmax-jacobian}$$
#
# with $\delta_{ij}$ one if $i = j$ and zero otherwise, then vanishes: every entry has a
# factor near 0. Such a network looks at one place only, and training can hardly make it
# look elsewhere.

# %% [markdown] lang="zh" of="ad2fcce2"
# 分数变大有什么要紧？大分数的 softmax 几乎把全部权重押在一个键上。而它的斜率
#
# $$\frac{\partial w_i}{\partial s_j} = w_i\,(\delta_{ij} - w_j)
# \label{softmax-jacobian}$$
#
# （$i = j$ 时 $\delta_{ij}$ 为 1，否则为 0）这时就消失了：每一项都有一个接近 0 的因子。
# 这样的网络只看一处，训练很难让它改看别处。

# %% equation="softmax-jacobian" of="6847f2b1"
s = torch.randn(6, dtype=torch.float64)
w = s.softmax(0)
slope = torch.autograd.functional.jacobian(lambda s: s.softmax(0), s)  # (6, 6)
bm.equation("softmax-jacobian", slope, torch.diag(w) - torch.outer(w, w))


# %% fold
def look(d, scale, keys=16, trials=300):
    """Largest weight, and size of the softmax's slope, for random q and k."""
    draws = torch.Generator().manual_seed(d)
    q = torch.randn(trials, 1, d, generator=draws)
    k = torch.randn(trials, keys, d, generator=draws)
    w = (scale * (q @ k.mT)[:, 0]).softmax(-1)  # (trials, keys)
    slope = torch.diag_embed(w) - w[:, :, None] * w[:, None, :]
    return w.amax(-1).mean().item(), slope.norm(dim=(1, 2)).mean().item()


widths = [4**n for n in range(1, 7)]
bare = torch.tensor([look(d, 1.0) for d in widths])  # (6, 2)
rooted = torch.tensor([look(d, d**-0.5) for d in widths])


# %% [raw] lang="zh"
# Largest weight, and size of the softmax's slope, for random q and k.
# → 对随机的 q 和 k，求最大权重与 softmax 斜率的大小。

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, column in zip(axes, (0, 1), strict=True):
    ax.semilogx(widths, bare[:, column], "o-", label="q·k")
    ax.semilogx(widths, rooted[:, column], "s--", label="q·k / √d")
    ax.set(xlabel="length d of a query", ylim=(0, None))
axes[0].set(ylabel="largest of 16 weights")
axes[1].set(ylabel="slope of the softmax (norm)")
axes[0].legend()
alt = (
    "Against d. Without the root, the largest weight climbs to nearly 1 and the slope "
    "falls towards 0; divided by the root, both stay level."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "For random queries and keys of 4,096 numbers, dividing by the root of d keeps, in "
    "the mean, the largest of 16 weights below 0.4 and the softmax's slope above 0.2",
    lambda largest, slope: largest < 0.4 and slope > 0.2,
    {"largest": rooted[-1, 0], "slope": rooted[-1, 1]},
    control={"largest": bare[-1, 0], "slope": bare[-1, 1]},
    against="not dividing",
)

# %% [raw] lang="zh"
# length d of a query → 查询的长度 d
# largest of 16 weights → 16 个权重中最大的
# slope of the softmax (norm) → softmax 的斜率（范数）
# Against d. Without the root, the largest weight climbs to nearly 1 and the slope falls
# towards 0; divided by the root, both stay level.
# → 横轴为 d。不除以平方根时，最大权重升到接近 1，斜率落向 0；
#   除以平方根后，两者基本不变。
# For random queries and keys of 4,096 numbers, dividing by the root of d keeps, in the
# mean, the largest of 16 weights below 0.4 and the softmax's slope above 0.2
# → 查询和键都是 4096 个随机数时，除以 d 的平方根，平均而言，16 个权重中最大的不到 0.4，
#   softmax 的斜率大于 0.2
# not dividing → 不除

# %% [markdown]
# ## Everyone asks: self-attention
#
# In **self-attention** the same sequence $X$ (one row a place) asks and answers: $Q$,
# $K$ and $V$ are three linear maps of $X$. Nothing in (\ref{attention}) knows *where* a
# row stands. Shuffle the rows with a permutation $P$ and the answers are shuffled
# alike:
#
# $$A(PX) = P\,A(X) \label{permutation}$$
#
# For in (\ref{attention}) the place $i$ only chooses the query, and the sum over $j$
# does not mind in which order its terms come.

# %% [markdown] lang="zh" of="17abc1f6"
# ## 人人都发问：自注意力
#
# 在**自注意力**（self-attention）中，提问和回答的是同一个序列 $X$（每行一个位置）：
# $Q$、$K$、$V$ 是 $X$ 的三个线性变换。
# (\ref{attention}) 里没有任何东西知道某一行站在*哪里*。用排列 $P$
# 打乱各行，回答也只是跟着打乱：
#
# $$A(PX) = P\,A(X) \label{permutation}$$
#
# 因为在 (\ref{attention}) 中，位置 $i$ 只决定用哪个查询，
# 而对 $j$ 求和与各项的次序无关。

# %% equation="permutation" of="9c0cd9d6"
maps = torch.randn(3, 8, 8, dtype=torch.float64)


def A(X):
    return scaled_dot_product(*(X @ W for W in maps))[0]


X, order = torch.randn(6, 8, dtype=torch.float64), torch.randperm(6)
bm.equation("permutation", A(X[order]), A(X)[order], atol=1e-10)

# %% [markdown]
# To attention alone, *dog bites man* and *man bites dog* are the same.
# Where order matters, a model adds the position to each row. One kind of order comes
# from a mask.
#
# ## Masks: where not to look
#
# Sentences in a batch are filled up to one length with **padding**: nobody should look
# at it. And a place that predicts the next word must not see it: with a **causal mask**
# no place may look at the **future**. A mask says `True` where a query may look. (So
# says PyTorch's `scaled_dot_product_attention`; in `nn.MultiheadAttention`, `True`
# forbids. This is a frequent trap.)

# %% [markdown] lang="zh" of="248d061f"
# 对单纯的注意力来说，“狗咬人”和“人咬狗”没有区别。顺序要紧时，
# 模型会把位置信息加进每一行。而掩码就能带来一种顺序。
#
# ## 掩码：哪里不能看
#
# 一批句子要用**填充**（padding）补到同样的长度：谁也不该看填充。
# 预测下一个词时不能偷看答案：有了**因果掩码**（causal mask），
# 任何位置都不能看**未来**。掩码为 `True` 的地方，查询可以看。（PyTorch 的
# `scaled_dot_product_attention` 也是如此；而在 `nn.MultiheadAttention` 里，
# `True` 表示禁止。这是常见的陷阱。）


# %% exercise="causal_mask" points=1 minutes=3 level=1
def causal_mask(n):
    """Which places each place may look at when the future is hidden.

    Returns booleans, (n, n): True at [i, j] if place i may look at place j.
    """
    ### BEGIN SOLUTION
    return torch.ones(n, n, dtype=torch.bool).tril()
    ### END SOLUTION


# %% [raw] lang="zh"
# Which places each place may look at when the future is hidden.
# → 看不见未来时，每个位置可以看哪些位置。
# Returns booleans, (n, n): True at [i, j] if place i may look at place j.
# → 返回布尔值，(n, n)：位置 i 可以看位置 j 时，[i, j] 处为 True。

# %% check="causal_mask"
mask = causal_mask(4)
bm.expect.shape(mask, (4, 4), "a row for each query, a column for each key")
advice = "a mask is a tensor of booleans, torch.bool, not of numbers"
bm.expect.true(isinstance(mask, torch.Tensor) and mask.dtype == torch.bool, advice)
bm.expect.true(mask.diagonal().all(), "a place may look at itself")
advice = "row i may look back, at columns 0 to i, and never ahead"
bm.expect.true(mask[3].all() and not mask[0, 1:].any(), advice)
### BEGIN HIDDEN TESTS
want = torch.tensor([[j <= i for j in range(7)] for i in range(7)])
bm.expect.equal(causal_mask(7), want, "row i may look at columns 0 to i")
bm.expect.equal(causal_mask(1), want[:1, :1], "a single place may look at itself")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a row for each query, a column for each key → 每个查询一行，每个键一列
# a mask is a tensor of booleans, torch.bool, not of numbers
# → 掩码是布尔值的张量（torch.bool），不是数
# a place may look at itself → 每个位置都可以看自己
# row i may look back, at columns 0 to i, and never ahead
# → 第 i 行只能往回看第 0 到 i 列，不能往前看
# row i may look at columns 0 to i → 第 i 行可以看第 0 到 i 列
# a single place may look at itself → 唯一的位置可以看自己

# %% [markdown] hint="causal_mask"
# Draw it for `n = 4`: which half of the square is `True`, and what about the diagonal?

# %% [markdown] lang="zh" of="dd0ebe04"
# 画出 `n = 4` 的情形：方阵的哪一半是 `True`？对角线呢？

# %% [markdown] hint="causal_mask"
# `torch.tril` keeps the lower triangle and the diagonal. It takes booleans too.

# %% [markdown] lang="zh" of="6b59ffaf"
# `torch.tril` 保留下三角和对角线，对布尔值同样适用。


# %% mistake="causal_mask" says="look back"
def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).triu()


# %% mistake="causal_mask" says="itself"
def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).tril(-1)


# %% mistake="causal_mask" says="of booleans"
def causal_mask(n):
    return torch.ones(n, n).tril()


# %% mistake="causal_mask" says="of booleans"
def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).tril().numpy()


# %% variant="causal_mask"
def causal_mask(n):
    place = torch.arange(n)
    return place[:, None] >= place


# %% [markdown]
# A mask acts on the scores, **before** the softmax: a forbidden score becomes
# $-\infty$, its weight $e^{-\infty} = 0$, and what is left still sums to 1. One case
# needs care. A query that may look nowhere has a row of $-\infty$ alone, and its
# softmax is 0/0. We decide: a query that may look nowhere gets zeros.

# %% [markdown] lang="zh" of="9c603a2c"
# 掩码要作用在分数上，在 softmax **之前**：被禁止的分数变成 $-\infty$，权重就是
# $e^{-\infty} = 0$，剩下的权重之和仍为 1。有一种情况要当心：哪里都不许看的查询，
# 整行都是 $-\infty$，softmax 成了 0/0。我们约定：这样的查询得到的全是零。


# %% exercise="masked_weights" points=3 minutes=9 level=3
def masked_weights(scores, mask):
    """Softmax over the last axis, among the places that the mask allows.

    scores: (..., n, m); mask: booleans that broadcast to it, True where one may look.
    Returns weights, (..., n, m): zero where forbidden, and in rows all forbidden. No
    gradient may become NaN.
    """
    ### BEGIN SOLUTION
    scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(-1).masked_fill(~mask, 0.0)  # NaN rows are all masked
    ### END SOLUTION


# %% [raw] lang="zh"
# Softmax over the last axis, among the places that the mask allows.
# → 沿最后一个轴、只在掩码允许的位置之间做 softmax。
# scores: (..., n, m); mask: booleans that broadcast to it, True where one may look.
# Returns weights, (..., n, m): zero where forbidden, and in rows all forbidden. No
# gradient may become NaN.
# → scores：(..., n, m)；mask：可广播到同样形状的布尔值，True 处可以看。
#   返回权重，(..., n, m)：禁止处为零；整行都禁止时，整行为零。梯度不能出现 NaN。
# NaN rows are all masked → 出现 NaN 的行全被遮住

# %% check="masked_weights"
scores = torch.tensor([[1.0, 2.0, 3.0], [0.0, 5.0, 0.0]])
mask = torch.tensor([[True, True, False], [False, True, True]])
weights = masked_weights(scores, mask)
bm.expect.shape(weights, (2, 3), "one weight for each score")
advice = "where the mask is True one may look: is yours the other way round?"
bm.expect.true((weights[mask] > 0).all(), advice)
advice = "a forbidden place weighs 0: a score of 0 will not do, as exp(0) is 1"
bm.expect.true((weights[~mask] == 0).all(), advice)
advice = "what is left sums to 1: mask the scores, before the softmax"
bm.expect.close(weights.sum(-1), torch.ones(2), advice)
bm.expect.close(weights[0, :2], scores[0, :2].softmax(0), "softmax of what is left")
nowhere = masked_weights(scores, torch.tensor([[True] * 3, [False] * 3]))
bm.expect.close(nowhere[1], torch.zeros(3), "a query that may look nowhere gets zeros")
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(2)
scores = torch.randn(2, 3, 4, 5, generator=draws).double().requires_grad_()
mask = torch.ones(4, 5, dtype=torch.bool).tril(-1)  # row 0 may look nowhere
weights = masked_weights(scores, mask)
bm.expect.shape(weights, (2, 3, 4, 5), "the mask broadcasts over batch and heads")
want = torch.zeros(2, 3, 4, 5).double()
for i in range(1, 4):
    want[..., i, :i] = scores.detach()[..., i, :i].softmax(-1)
bm.expect.close(weights, want, "every head alike", rtol=1e-9, atol=1e-12)
advice = "keep the graph, and no NaN in it: adding −inf to a score lets one through"
bm.expect.gradient((weights**2).sum(), scores, advice)
low = masked_weights(torch.tensor([[-2e4, 5.0]]), torch.tensor([[True, False]]))
advice = "a forbidden score must lie below every other: use -inf"
bm.expect.close(low, torch.tensor([[1.0, 0.0]]), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one weight for each score → 每个分数一个权重
# where the mask is True one may look: is yours the other way round?
# → 掩码为 True 处可以看：是不是弄反了？
# a forbidden place weighs 0: a score of 0 will not do, as exp(0) is 1
# → 禁止处的权重为 0：把分数设为 0 不行，因为 exp(0) 等于 1
# what is left sums to 1: mask the scores, before the softmax
# → 剩下的权重之和为 1：要在 softmax 之前遮住分数
# softmax of what is left → 对剩下的分数做 softmax
# a query that may look nowhere gets zeros → 哪里都不许看的查询，得到的全是零
# row 0 may look nowhere → 第 0 行哪里都不许看
# the mask broadcasts over batch and heads → 掩码要能广播到批次和头
# every head alike → 每个头都一样
# keep the graph, and no NaN in it: adding −inf to a score lets one through
# → 保留计算图，其中不能有 NaN：给分数加上 −inf 会放它通过
# a forbidden score must lie below every other: use -inf
# → 禁止处的分数要低于其他一切：用 -inf

# %% [markdown] hint="masked_weights"
# Which number $s$ makes $e^s$ exactly 0?

# %% [markdown] lang="zh" of="8891292e"
# 哪个数 $s$ 能让 $e^s$ 正好等于 0？

# %% [markdown] hint="masked_weights"
# `scores.masked_fill(~mask, -math.inf)` writes $-\infty$ where the mask is `False`. It
# leaves the caller's scores as they are.

# %% [markdown] lang="zh" of="96c18723"
# `scores.masked_fill(~mask, -math.inf)` 在掩码为 `False` 处写上 $-\infty$，
# 而不改动调用者的分数。

# %% [markdown] hint="masked_weights"
# After the softmax, `.masked_fill(~mask, 0.0)` once more: it turns the NaN of rows that
# may look nowhere into zeros and changes nothing else.

# %% [markdown] lang="zh" of="b252eb8a"
# softmax 之后再来一次 `.masked_fill(~mask, 0.0)`：哪里都不许看的行由 NaN 变成零，
# 其他一概不变。


# %% mistake="masked_weights" says="before the softmax"
def masked_weights(scores, mask):
    return scores.softmax(-1) * mask


# %% mistake="masked_weights" says="may look nowhere"
def masked_weights(scores, mask):
    return scores.masked_fill(~mask, -math.inf).softmax(-1)


# %% mistake="masked_weights" says="other way round"
def masked_weights(scores, mask):
    return scores.masked_fill(mask, -math.inf).softmax(-1).masked_fill(mask, 0.0)


# %% mistake="masked_weights" says="exp(0) is 1"
def masked_weights(scores, mask):
    return (scores * mask).softmax(-1)


# %% mistake="masked_weights" says="no NaN in it"
def masked_weights(scores, mask):
    bars = torch.zeros_like(scores).masked_fill(~mask, -math.inf)
    return (scores + bars).softmax(-1).masked_fill(~mask, 0.0)


# %% mistake="masked_weights" says="use -inf"
def masked_weights(scores, mask):
    return scores.masked_fill(~mask, -1000.0).softmax(-1) * mask


# %% variant="masked_weights"
def masked_weights(scores, mask):
    return torch.where(mask, scores, -torch.inf).softmax(-1).nan_to_num(0.0)


# %% variant="masked_weights"
def masked_weights(scores, mask):
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(-1).masked_fill(~mask, 0.0)


# %%
def attend(q, k, v, mask=None):
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (..., n, m)
    weights = scores.softmax(-1) if mask is None else masked_weights(scores, mask)
    return weights @ v, weights


# %% fold
x = 0.5 * torch.randn(7, 8)  # (n, d): one sentence, of which five places are real
real = (torch.arange(7) < 5).expand(7, 7)
masks = {"no mask": None, "padding": real, "causal": causal_mask(7)}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, (name, mask) in zip(axes, masks.items(), strict=True):
    picture = ax.imshow(attend(x, x, x, mask)[1], vmin=0, vmax=1)
    ax.set(xlabel="looks at", ylabel="place", title=name)
    ax.set(xticks=range(7), yticks=range(7))
    ax.label_outer()
    ax.grid(False)
fig.colorbar(picture, ax=axes, label="weight")
alt = (
    "Three maps of weights: all places in use; the last two columns empty under a "
    "padding mask; everything above the diagonal empty under a causal mask."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# (n, d): one sentence, of which five places are real
# → (n, d)：一个句子，其中五个位置是真的
# no mask → 无掩码
# padding → 填充掩码
# causal → 因果掩码
# looks at → 看向的位置
# place → 位置
# weight → 权重
# Three maps of weights: all places in use; the last two columns empty under a padding
# mask; everything above the diagonal empty under a causal mask.
# → 三幅权重图：无掩码时处处有权重；填充掩码下最后两列为空；因果掩码下对角线以上全空。

# %% [markdown]
# Each row sums to 1 in all three. But is the future really out of sight? A map of zeros
# does not prove it. A colleague masks *after* the softmax, `scores.softmax(-1) * mask`,
# and shows a map with zeros above the diagonal. Write a test that works on any
# function: change a place, and see whether an earlier output changes.

# %% [markdown] lang="zh" of="83bfe35e"
# 三幅图里每一行之和都是 1。但未来真的看不见了吗？图上的零证明不了。
# 一位同事在 softmax *之后*才遮住，`scores.softmax(-1) * mask`，
# 他的图上对角线以上也全是零。请写一个对任何函数都管用的测试：
# 改动一个位置，看更早的输出变不变。


# %% exercise="sees_future" points=3 minutes=8 level=3
def sees_future(f, x):
    """Whether an output of f depends on a place that comes later.

    f: a function from (n, d) to (n, e) that gives the same each time; x: an input
    to try it on, (n, d).
    Returns True if changing some place changes the output at an earlier one.
    """
    ### BEGIN SOLUTION
    before = f(x)
    for i, row in enumerate(x):
        changed = x.clone()
        changed[i] = torch.randn_like(row)
        if not torch.allclose(f(changed)[:i], before[:i]):
            return True
    return False
    ### END SOLUTION


# %% [raw] lang="zh"
# Whether an output of f depends on a place that comes later.
# → f 的某个输出是否依赖于后面的位置。
# f: a function from (n, d) to (n, e) that gives the same each time; x: an input
# to try it on, (n, d).
# Returns True if changing some place changes the output at an earlier one.
# → f：从 (n, d) 到 (n, e) 的函数，每次结果相同；x：用来试的输入，(n, d)。
#   若改动某个位置会改变更早位置的输出，返回 True。

# %% check="sees_future"
x = torch.randn(5, 3, generator=torch.Generator().manual_seed(4))
advice = "a sum over all places up to one's own sees no future: compare earlier outputs"
bm.expect.true(not sees_future(lambda x: x.cumsum(0), x), advice)
advice = "each place here sees the one after it"
bm.expect.true(sees_future(lambda x: torch.cat([x[1:], x[-1:]]), x), advice)
### BEGIN HIDDEN TESTS


def only_first(x):  # place 0 sees place 1; all others see only themselves
    return torch.cat([x[:1] + x[1:2], x[1:]])


def only_last(x):  # the place before the last sees the last
    return torch.cat([x[:-2], x[-2:-1] + x[-1:], x[-1:]])


def after_softmax(x):
    return ((x @ x.mT).softmax(-1) * torch.ones(len(x), len(x)).tril()) @ x


def before_softmax(x):
    hidden = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
    return (x @ x.mT).masked_fill(hidden, -math.inf).softmax(-1) @ x


advice = "change every place, not only one: a leak may be anywhere"
bm.expect.true(sees_future(only_first, x), advice)
bm.expect.true(sees_future(only_last, x), advice)
bm.expect.true(sees_future(lambda x: x + x[2], x), advice)
bm.expect.true(sees_future(after_softmax, x), "masked after the softmax, it leaks")
advice = "a causal mask does not leak"
bm.expect.true(not sees_future(before_softmax, x), advice)
bm.expect.true(not sees_future(lambda x: x[:, :1] * 2, x), "outputs may be narrower")
bm.expect.true(not sees_future(lambda x: x + x[0], x), "looking back is allowed")
bm.expect.true(sees_future(lambda x: x + 0.01 * x.flip(0), x), "a small leak is one")


def one_number(x):  # the last number of a place goes to one number before it
    return torch.cat([x, x.roll(-1, 0)[:, -1:]], 1)


def centred(x):  # leaks, but only what the mean of a place's numbers does not hold
    return after_softmax(x - x.mean(1, keepdim=True))


advice = (
    "change all numbers of a place, each by another amount, and compare all outputs"
)
bm.expect.true(sees_future(one_number, x), advice)
bm.expect.true(sees_future(centred, x), advice)


def long_only(x):  # looks ahead in sequences of more than three places
    return x + x[3] if len(x) > 3 else x


advice = "try the x that is given"
bm.expect.true(not sees_future(long_only, x[:3, :2].double()), advice)
bm.expect.true(sees_future(long_only, x[:4, :2].double()), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a sum over all places up to one's own sees no future: compare earlier outputs
# → 只对自己和之前的位置求和，看不见未来：要比较的是更早的输出
# each place here sees the one after it → 这里每个位置都看得见后一个
# place 0 sees place 1; all others see only themselves
# → 位置 0 看得见位置 1；其余只看自己
# the place before the last sees the last → 倒数第二个位置看得见最后一个
# change every place, not only one: a leak may be anywhere
# → 每个位置都要改动，不能只改一个：哪里都可能泄漏
# masked after the softmax, it leaks → 在 softmax 之后才遮住，会泄漏
# a causal mask does not leak → 因果掩码不会泄漏
# outputs may be narrower → 输出可以更窄
# looking back is allowed → 往回看是允许的
# a small leak is one → 小的泄漏也是泄漏
# the last number of a place goes to one number before it
# → 一个位置的最后一个数，传到前一个位置的一个数里
# leaks, but only what the mean of a place's numbers does not hold
# → 有泄漏，但漏出来的不包括一个位置各数的均值
# change all numbers of a place, each by another amount, and compare all outputs
# → 一个位置的各个数都要改，改动的大小各不相同，并比较全部输出
# looks ahead in sequences of more than three places → 序列超过三个位置时才往后看
# try the x that is given → 要用给定的 x 来试

# %% [markdown] hint="sees_future"
# Change place $i$ of a copy of `x`: all its numbers, each by another amount, as random
# numbers do. Which outputs must then be as before?

# %% [markdown] lang="zh" of="6de13f58"
# 在 `x` 的副本上改动位置 $i$：它的各个数都改，改动的大小各不相同，随机数就可以。
# 这时哪些输出必须和原来一样？

# %% [markdown] hint="sees_future"
# Outputs `[:i]` must not change. Compare with `torch.allclose`, for every `i`; one leak
# is enough for `True`.

# %% [markdown] lang="zh" of="51dedb69"
# 输出 `[:i]` 不许变。对每个 `i` 用 `torch.allclose` 比较；只要有一处泄漏，就是 `True`。


# %% mistake="sees_future" says="not only one"
def sees_future(f, x):
    changed = x.clone()
    changed[-1] += 1.0
    return not torch.allclose(f(changed)[:-1], f(x)[:-1])


# %% mistake="sees_future" says="compare earlier outputs"
def sees_future(f, x):
    for i in range(len(x)):
        changed = x.clone()
        changed[i] += 1.0
        if not torch.allclose(f(changed), f(x)):
            return True
    return False


# %% mistake="sees_future" says="each by another amount"
def sees_future(f, x):
    for i in range(len(x)):
        changed = x.clone()
        changed[i] += 1.0
        if not torch.allclose(f(changed)[:i], f(x)[:i]):
            return True
    return False


# %% variant="sees_future"
def sees_future(f, x):
    n = len(x)
    slopes = torch.autograd.functional.jacobian(f, x)  # (n, e, n, d)
    sizes = slopes.abs().sum((1, 3))
    return bool((sizes.triu(1) > 0).any()) and n > 1


# %% [raw] excuse="sees_future"
# what is drawn is the same every time: one change of a place is as good as another
# enumerate(x) → list(enumerate(x))[1:]: no place comes before the first

# %%
hidden = causal_mask(7)
scores = x @ x.mT
after = lambda x: (x @ x.mT).softmax(-1) * hidden @ x
before = lambda x: attend(x, x, x, hidden)[0]
bm.claim(
    "An attention that is masked after its softmax sees the future, though every "
    "forbidden weight is zero",
    lambda sees, forbidden: sees and forbidden == 0,
    {
        "sees": sees_future(after, x),
        "forbidden": (scores.softmax(-1) * hidden).triu(1).max(),
    },
    control={
        "sees": sees_future(before, x),
        "forbidden": attend(x, x, x, hidden)[1].triu(1).max(),
    },
    against="masked before the softmax",
)

# %% [raw] lang="zh"
# An attention that is masked after its softmax sees the future, though every forbidden
# weight is zero
# → 在 softmax 之后才遮住的注意力看得见未来，尽管每个禁止处的权重都是零
# masked before the softmax → 在 softmax 之前遮住

# %% [markdown]
# The future leaks through the sum in the denominator of the softmax. In training such a
# model looks better than it is.
#
# ## Many heads
#
# One look-up brings home *one* mean. To find both a verb and its subject, a place needs
# two. So **multi-head attention** cuts the $d$ numbers of each place into `heads`
# parts, lets every part do its own attention, and puts the answers side by side again.
# Each part is called an **attention head**.
# No loop is needed: heads become one more batch axis, `(batch, n, d)` to
# `(batch, heads, n, d/heads)`.

# %% [markdown] lang="zh" of="056954cc"
# 未来从 softmax 的分母漏了进来。这样的模型，训练时显得比实际更好。
#
# ## 多个头
#
# 一次查找只带回*一个*平均。既要找动词又要找主语，一个位置就得查两次。
# **多头注意力**（multi-head attention）于是把每个位置的 $d$ 个数切成 `heads` 份，
# 每份各做各的注意力，叫做一个**注意力头**（attention head），再把回答并排拼回去。
# 不需要循环：头只是又一个批次轴，从 `(batch, n, d)` 变成 `(batch, heads, n, d/heads)`。


# %% exercise="split_heads" points=2 minutes=6 level=2
def split_heads(x, heads):
    """Cut the last axis into heads, and make heads an axis before the places.

    x: (batch, n, d), where heads divides d.
    Returns (batch, heads, n, d / heads): head 0 has the first d / heads numbers of
    every place, head 1 the next, and so on.
    """
    ### BEGIN SOLUTION
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
    ### END SOLUTION


# %% [raw] lang="zh"
# Cut the last axis into heads, and make heads an axis before the places.
# → 把最后一个轴切成若干头，并让“头”成为位置之前的一个轴。
# x: (batch, n, d), where heads divides d.
# Returns (batch, heads, n, d / heads): head 0 has the first d / heads numbers of
# every place, head 1 the next, and so on.
# → x：(batch, n, d)，heads 整除 d。
#   返回 (batch, heads, n, d / heads)：第 0 头拿每个位置的前 d / heads 个数，
#   第 1 头拿接下来的，依此类推。

# %% check="split_heads"
x = torch.arange(48.0).reshape(2, 4, 6)
split = split_heads(x, 3)
advice = "did you transpose after splitting, so that heads come before places?"
bm.expect.shape(split, (2, 3, 4, 2), advice)
rows = (split[0].flatten(1) // 6).sort(-1).values  # whose numbers each head got
advice = "every head sees all places: a plain view or reshape mixes the places"
bm.expect.close(rows, torch.arange(4.0).repeat_interleave(2).expand(3, 8), advice)
advice = "a head has neighbouring numbers: cut d as (heads, d / heads), heads first"
bm.expect.close(split[:, 1], x[..., 2:4], advice)
### BEGIN HIDDEN TESTS
x = torch.arange(120.0).reshape(3, 5, 8)
for heads in (1, 2, 8):
    split, size = split_heads(x, heads), 8 // heads
    bm.expect.shape(split, (3, heads, 5, size), "use the number of heads as given")
    last = x[..., 8 - size :]
    bm.expect.close(split[:, -1], last, "the last head has the last numbers")
draws = torch.Generator().manual_seed(5)
x = torch.randn(2, 5, 6, generator=draws, dtype=torch.float64, requires_grad=True)
split = split_heads(x, 2)
advice = "head 1 has the second half, in float64 as given"
bm.expect.close(split[:, 1], x.detach()[..., 3:], advice, rtol=1e-12, atol=0.0)
bm.expect.gradient(split, x, "keep the graph: training needs gradients")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# did you transpose after splitting, so that heads come before places?
# → 切开之后转置了吗？头应排在位置之前
# whose numbers each head got → 每个头拿到的是谁的数
# every head sees all places: a plain view or reshape mixes the places
# → 每个头都要看到所有位置：只用 view 或 reshape 会把位置搅乱
# a head has neighbouring numbers: cut d as (heads, d / heads), heads first
# → 一个头拿相邻的数：把 d 切成 (heads, d / heads)，heads 在前
# use the number of heads as given → 请使用给定的头数
# the last head has the last numbers → 最后一个头拿最后几个数
# head 1 has the second half, in float64 as given
# → 第 1 头拿后一半，与传入的一样用 float64
# keep the graph: training needs gradients → 保留计算图：训练需要梯度

# %% [markdown] hint="split_heads"
# Two moves: cut the last axis in two, then swap two axes.

# %% [markdown] lang="zh" of="f3e5c31c"
# 两步：先把最后一个轴切成两个，再交换两个轴。

# %% [markdown] hint="split_heads"
# `x.unflatten(-1, (heads, -1))` gives (batch, n, heads, d / heads). Which two axes must
# be swapped?

# %% [markdown] lang="zh" of="3c5039d4"
# `x.unflatten(-1, (heads, -1))` 得到 (batch, n, heads, d / heads)。哪两个轴该交换？


# %% mistake="split_heads" says="mixes the places"
def split_heads(x, heads):
    batch, n, d = x.shape
    return x.reshape(batch, heads, n, d // heads)


# %% mistake="split_heads" says="did you transpose"
def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1))


# %% mistake="split_heads" says="neighbouring numbers"
def split_heads(x, heads):
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


# %% variant="split_heads"
def split_heads(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


# %% variant="split_heads"
def split_heads(x, heads):
    batch, n, d = x.shape
    return x.view(batch, n, heads, d // heads).permute(0, 2, 1, 3)


# %% [markdown]
# This is a bug that many authors of a Transformer have made once: reshaping straight
# to `(batch, heads, n, d/heads)` has the right shape and the wrong numbers. Here we ask
# which head each number of `x` ends up in.

# %% [markdown] lang="zh" of="d6c89242"
# 写 Transformer 的人，很多都犯过一次这个错：直接 reshape 成
# `(batch, heads, n, d/heads)`，形状对了，数却错了。
# 下面看看 `x` 里的每个数最后落到了哪个头。

# %% fold
n, d, heads = 4, 6, 2
number = torch.arange(n * d).reshape(1, n, d)
ways = {
    "split, then transpose": split_heads(number, heads),
    "reshape alone": number.reshape(1, heads, n, d // heads),
}
fig, axes = plt.subplots(1, 2, figsize=(7, 2.6))
for ax, (name, split) in zip(axes, ways.items(), strict=True):
    owner = torch.empty(n * d)
    for head in range(heads):
        owner[split[0, head].flatten()] = head
    ax.imshow(owner.reshape(n, d), cmap="Greys", vmin=-0.5, vmax=3)
    for i in range(n * d):
        ax.text(i % d, i // d, int(owner[i]), ha="center", va="center")
    ax.set(title=name, xlabel="number (d)", ylabel="place (n)")
    ax.grid(False)
alt = (
    "Which head gets each number. Rightly, head 0 has the left half of every place; "
    "with reshape alone it has all of the first two places and none of the others."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# split, then transpose → 先切开，再转置
# reshape alone → 只用 reshape
# number (d) → 第几个数（d）
# place (n) → 位置（n）
# Which head gets each number. Rightly, head 0 has the left half of every place; with
# reshape alone it has all of the first two places and none of the others.
# → 每个数归哪个头。正确时，第 0 头拿到每个位置的左半；
#   只用 reshape 时，它拿到前两个位置的全部，却完全没有后面的位置。

# %% [markdown]
# Now all of it together: three linear maps, split, attend, merge, one more linear map.
# The layers are made for you; write the way through them.

# %% [markdown] lang="zh" of="1e67ee71"
# 现在合在一起：三个线性变换，切开，注意，合并，再来一个线性变换。
# 各层已经建好，请写出数据流过它们的路。


# %% exercise="MultiHeadAttention" points=4 minutes=15 level=4
class MultiHeadAttention(nn.Module):
    """Self-attention with several heads: d numbers a place, in and out."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        """x: (batch, n, d); mask: None, or booleans that fit (batch, heads, n, n).

        Returns (output, weights): (batch, n, d) and (batch, heads, n, n).
        """
        ### BEGIN SOLUTION
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(q, k, v, mask)  # (batch, heads, n, d / heads)
        return self.out_proj(y.transpose(1, 2).flatten(2)), weights
        ### END SOLUTION


# %% [raw] lang="zh"
# Self-attention with several heads: d numbers a place, in and out.
# → 多头自注意力：输入和输出的每个位置都是 d 个数。
# x: (batch, n, d); mask: None, or booleans that fit (batch, heads, n, n).
# → x：(batch, n, d)；mask：None，或能广播到 (batch, heads, n, n) 的布尔值。
# Returns (output, weights): (batch, n, d) and (batch, heads, n, n).
# → 返回（输出，权重）：(batch, n, d) 和 (batch, heads, n, n)。

# %% check="MultiHeadAttention"
torch.manual_seed(3)
model, x = MultiHeadAttention(6, 2), torch.randn(2, 5, 6)
two = "return two things: the output and the weights"
output, weights = bm.expect.several(model(x), 2, two)
bm.expect.shape(weights, (2, 2, 5, 5), "each head's weights: split before you attend")
bm.expect.shape(output, (2, 5, 6), "merge the heads back to d numbers a place")
eye = torch.eye(6)
with torch.no_grad():
    for layer in (model.query, model.key, model.value, model.out_proj):
        layer.weight.copy_(eye)
        layer.bias.zero_()
each = [(h @ h.mT / math.sqrt(3)).softmax(-1) for h in x.chunk(2, -1)]
advice = "each head's own weights, from its d / heads numbers: attend gives them"
bm.expect.close(model(x)[1], torch.stack(each, 1), advice)
halves = [F.scaled_dot_product_attention(h, h, h) for h in x.chunk(2, -1)]
advice = "merging undoes splitting: transpose places and heads back, then flatten"
bm.expect.close(model(x)[0], torch.cat(halves, -1), advice)
with torch.no_grad():
    model.out_proj.bias.add_(1.0)
advice = "the merged heads go through self.out_proj at the end"
bm.expect.close(model(x)[0], torch.cat(halves, -1) + 1, advice)
ahead = model(x, torch.ones(5, 5, dtype=torch.bool).tril())[1].triu(1)
bm.expect.close(ahead, torch.zeros(2, 2, 5, 5), "hand the mask on to attend")
### BEGIN HIDDEN TESTS
for d, heads in ((12, 3), (4, 1)):
    model, x = MultiHeadAttention(d, heads), torch.randn(3, 7, d, requires_grad=True)
    theirs = nn.MultiheadAttention(d, heads, batch_first=True)
    weights, biases = theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3)
    with torch.no_grad():
        theirs.in_proj_bias.normal_()
        for i, layer in enumerate((model.query, model.key, model.value)):
            layer.weight.copy_(weights[i])
            layer.bias.copy_(biases[i])
    model.out_proj.load_state_dict(theirs.out_proj.state_dict())
    look = torch.ones(7, 7, dtype=torch.bool).tril()
    ours, seen = model(x, look)
    right, wanted = theirs(x, x, x, attn_mask=~look, average_attn_weights=False)
    advice = "as nn.MultiheadAttention: query asks, key is compared, value is averaged"
    bm.expect.close(ours, right, advice, atol=1e-5)
    bm.expect.close(seen, wanted, "the weights under a mask", atol=1e-5)
    mine, want = (torch.autograd.grad(y.square().sum(), x)[0] for y in (ours, right))
    bm.expect.close(mine, want, "keep the graph: gradients must flow", atol=1e-4)
    real = torch.arange(7) < torch.tensor([[7], [4], [2]])  # other padding in each row
    ours = model(x, real[:, None, None])[0]
    right = theirs(x, x, x, key_padding_mask=~real)[0]
    advice = "a mask may differ from row to row of the batch: hand it on as it is"
    bm.expect.close(ours, right, advice, atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two things: the output and the weights → 请返回两样东西：输出和权重
# each head's weights: split before you attend → 每个头都有权重：先切开，再做注意力
# merge the heads back to d numbers a place → 把各头合并回每个位置 d 个数
# each head's own weights, from its d / heads numbers: attend gives them
# → 每个头自己的权重，由它那 d / heads 个数得出：attend 会给出
# the weights under a mask → 有掩码时的权重
# merging undoes splitting: transpose places and heads back, then flatten
# → 合并是切开的逆操作：先把位置和头转置回来，再展平
# the merged heads go through self.out_proj at the end → 合并之后还要经过 self.out_proj
# hand the mask on to attend → 把掩码传给 attend
# as nn.MultiheadAttention: query asks, key is compared, value is averaged
# → 应与 nn.MultiheadAttention 一致：query 提问，key 用来比较，value 用来平均
# keep the graph: gradients must flow → 保留计算图：梯度要能传回去
# other padding in each row → 每行的填充各不相同
# a mask may differ from row to row of the batch: hand it on as it is
# → 掩码可以随批次的行而不同：原样传下去

# %% [markdown] hint="MultiHeadAttention"
# You have every piece: `split_heads`, `attend`, and four layers. Write the shape beside
# every line.

# %% [markdown] lang="zh" of="a96571ca"
# 零件都齐了：`split_heads`、`attend` 和四个层。在每一行旁边写上形状。

# %% [markdown] hint="MultiHeadAttention"
# `q = split_heads(self.query(x), self.heads)`, the same for `k` and `v`; then `attend`.

# %% [markdown] lang="zh" of="429317ff"
# `q = split_heads(self.query(x), self.heads)`，`k`、`v` 同理；然后调用 `attend`。

# %% [markdown] hint="MultiHeadAttention"
# Merge with `y.transpose(1, 2).flatten(2)`, then `self.out_proj(...)`.

# %% [markdown] lang="zh" of="7aa18454"
# 用 `y.transpose(1, 2).flatten(2)` 合并，再经过 `self.out_proj(...)`。


# %% mistake="MultiHeadAttention" says="merging undoes splitting"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(q, k, v, mask)
        return self.out_proj(y.reshape(x.shape)), weights


# %% mistake="MultiHeadAttention" says="each head's own weights"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(q, k, v, mask)
        weights = weights.mean(1, keepdim=True).expand_as(weights)
        return self.out_proj(y.transpose(1, 2).flatten(2)), weights


# %% mistake="MultiHeadAttention" says="self.out_proj"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(q, k, v, mask)
        return y.transpose(1, 2).flatten(2), weights


# %% mistake="MultiHeadAttention" says="hand the mask on"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(q, k, v)
        return self.out_proj(y.transpose(1, 2).flatten(2)), weights


# %% mistake="MultiHeadAttention" says="query asks"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        layers = (self.query, self.key, self.value)
        q, k, v = (split_heads(layer(x), self.heads) for layer in layers)
        y, weights = attend(k, q, v, mask)
        return self.out_proj(y.transpose(1, 2).flatten(2)), weights


# %% mistake="MultiHeadAttention" says="split before you attend"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        y, weights = attend(self.query(x), self.key(x), self.value(x), mask)
        return self.out_proj(y), weights


# %% variant="MultiHeadAttention"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        parts = [
            layer(x).chunk(self.heads, -1)
            for layer in (self.query, self.key, self.value)
        ]
        heads = [
            attend(q[:, None], k[:, None], v[:, None], mask)
            for q, k, v in zip(*parts, strict=True)
        ]
        merged = torch.cat([y[:, 0] for y, _ in heads], -1)
        return self.out_proj(merged), torch.cat([w for _, w in heads], 1)


# %% variant="MultiHeadAttention"
class MultiHeadAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out_proj = nn.Linear(d, d)

    def forward(self, x, mask=None):
        batch, n, d = x.shape
        cut = (batch, n, self.heads, d // self.heads)
        q, k, v = (f(x).view(cut) for f in (self.query, self.key, self.value))
        scores = torch.einsum("bnhc,bmhc->bhnm", q, k) / math.sqrt(cut[-1])
        allowed = torch.ones(n, n, dtype=torch.bool) if mask is None else mask
        weights = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
        y = torch.einsum("bhnm,bmhc->bnhc", weights, v)
        return self.out_proj(y.reshape(batch, n, d)), weights


# %% [markdown]
# ## The library's
#
# Your class, `bm.models.MultiHeadAttention` (the one later lessons use, on PyTorch's
# fast `F.scaled_dot_product_attention`) and `nn.MultiheadAttention` get the same
# weights and the same input. We compare outputs, and gradients of the input and of the
# weights.

# %% [markdown] lang="zh" of="1c59dd12"
# ## 与库中的实现对照
#
# 把同样的权重和输入交给你的类、`bm.models.MultiHeadAttention`（以后各课都用它，内部调用
# PyTorch 的快速实现 `F.scaled_dot_product_attention`）和 `nn.MultiheadAttention`，
# 比较它们的输出，以及对输入和对权重的梯度。

# %% fold
yours = MultiHeadAttention(16, 4).double()
kit = bm.models.MultiHeadAttention(16, 4).double()
kit.load_state_dict(yours.state_dict())
pytorchs = nn.MultiheadAttention(16, 4, batch_first=True).double()
state = yours.state_dict()
rows = {
    kind: torch.cat([state[f"{part}.{kind}"] for part in ("query", "key", "value")])
    for kind in ("weight", "bias")
}
with torch.no_grad():
    pytorchs.in_proj_weight.copy_(rows["weight"])
    pytorchs.in_proj_bias.copy_(rows["bias"])
    pytorchs.out_proj.load_state_dict(yours.out_proj.state_dict())


def gaps(look, theirs):
    """Largest difference of outputs and of gradients. theirs: the mask for PyTorch."""
    x = torch.randn(3, 9, 16, dtype=torch.float64, requires_grad=True)
    outputs = yours(x, look)[0], kit(x, mask=look), pytorchs(x, x, x, attn_mask=theirs)
    outputs = outputs[0], outputs[1], outputs[2][0]
    weights = [yours.out_proj.weight, kit.out_proj.weight, pytorchs.out_proj.weight]
    gradients = [
        torch.autograd.grad(y.sin().sum(), (x, w))
        for y, w in zip(outputs, weights, strict=True)
    ]
    return {
        "forward": max((y - outputs[0]).abs().max() for y in outputs[1:]),
        "backward": max(
            (a - b).abs().max()
            for grads in gradients[1:]
            for a, b in zip(grads, gradients[0], strict=True)
        ),
    }


look = causal_mask(9)
bm.claim(
    "Your attention, bmkit's and PyTorch's agree forward and backward, to 12 decimals",
    lambda forward, backward: max(forward, backward) < 1e-12,
    gaps(look, ~look),  # True forbids in nn.MultiheadAttention
    control=gaps(look, ~look.T),
    against="a mask that looks ahead handed to PyTorch's",
)

# %% [raw] lang="zh"
# Largest difference of outputs and of gradients. theirs: the mask for PyTorch.
# → 输出和梯度的最大差别。theirs：给 PyTorch 的掩码。
# True forbids in nn.MultiheadAttention → 在 nn.MultiheadAttention 里 True 表示禁止
# Your attention, bmkit's and PyTorch's agree forward and backward, to 12 decimals
# → 你的注意力、bmkit 的和 PyTorch 的，前向与反向都一致，精确到 12 位小数
# a mask that looks ahead handed to PyTorch's → 交给 PyTorch 一个往后看的掩码

# %% [markdown]
# ## Does it learn to look?
#
# Let a network learn the soft dictionary. Every example is a **new** dictionary: eight
# pairs, a letter (the key) and a number (the value), then one letter as the question.
# The right answer is the number that stands with that letter. Nothing can be learned by
# heart; only looking helps.

# %% [markdown] lang="zh" of="ca66da94"
# ## 它能学会“看”吗？
#
# 让网络自己学会软字典。每个样本都是一部**新**字典：八对字母（键）和数（值），
# 再加一个字母作为提问，正确答案就是与它配对的数。死记硬背没有用，只有去看才行。

# %% fold
KINDS = 16  # letters A to P, and numbers 0 to 15


def draw(batch, pairs, questions, draws):
    """keys, values: (batch, pairs); asked, answers: (batch, questions)."""
    keys = torch.rand(batch, KINDS, generator=draws).argsort(1)[:, :pairs]
    values = torch.randint(KINDS, (batch, pairs), generator=draws)
    which = torch.rand(batch, pairs, generator=draws).argsort(1)[:, :questions]
    rows = keys, values, keys.gather(1, which), values.gather(1, which)
    return [row.to(lab.device) for row in rows]


example = draw(1, 8, 1, torch.Generator().manual_seed(4))
letters, values, asked, answers = (row[0].tolist() for row in example)
print(*(f"{chr(65 + key)}→{value}" for key, value in zip(letters, values, strict=True)))
print(f"{chr(65 + asked[0])}→?  {answers[0]}")

# %% [raw] lang="zh"
# letters A to P, and numbers 0 to 15 → 字母 A 到 P，数 0 到 15
# keys, values: (batch, pairs); asked, answers: (batch, questions).
# → keys、values：(batch, pairs)；asked、answers：(batch, questions)。

# %% [markdown]
# A place in the sequence is the sum of two learned vectors, one for the letter and one
# for the number; the last place is the question. `Lookup` lets them attend once, and
# reads the answer off the last place. A GRU reads the same places one after the other:
# when the question comes, its one state must hold the whole dictionary. That is the
# bottleneck. A dense network gets all places side by side. Both have at least as many
# parameters.

# %% [markdown] lang="zh" of="00fc5334"
# 序列的每个位置是两个可学习向量之和：一个代表字母，一个代表数；最后一个位置是提问。
# `Lookup` 让它们做一次注意力，从最后一个位置读出答案。GRU 一个位置一个位置地读：
# 提问到来时，它唯一的状态必须装下整部字典，这就是瓶颈。
# 全连接网络把所有位置并排接在一起。后两者的参数都不比它少。


# %% fold
class Places(nn.Module):
    """Pairs and a question as vectors, (batch, pairs + 1, d)."""

    def __init__(self, d, questions):
        super().__init__()
        self.letter, self.number = nn.Embedding(KINDS, d), nn.Embedding(KINDS, d)
        self.ask = nn.ModuleList(nn.Embedding(KINDS, d) for _ in range(questions))

    def forward(self, keys, values, asked):
        question = sum(ask(asked[:, i]) for i, ask in enumerate(self.ask))
        pairs = self.letter(keys) + self.number(values)
        return torch.cat([pairs, question[:, None]], 1)


# %% [raw] lang="zh"
# Pairs and a question as vectors, (batch, pairs + 1, d).
# → 把各对和提问变成向量，(batch, pairs + 1, d)。


# %%
class Lookup(nn.Module):
    """Attend once; logits of each question's answer, (batch, questions, KINDS)."""

    def __init__(self, heads=1, questions=1, d=32, hidden=0):
        super().__init__()
        self.places, self.questions = Places(d, questions), questions
        self.attention = MultiHeadAttention(d, heads)
        self.read = nn.Linear(d, questions * KINDS)
        if hidden:  # an MLP instead of the linear read-out
            wide, last = nn.Linear(d, hidden), nn.Linear(hidden, questions * KINDS)
            self.read = nn.Sequential(wide, nn.ReLU(), last)

    def forward(self, *rows):
        y, self.weights = self.attention(self.places(*rows))  # kept to be looked at
        return self.read(y[:, -1]).unflatten(-1, (self.questions, KINDS))


# %% [raw] lang="zh"
# Attend once; logits of each question's answer, (batch, questions, KINDS).
# → 做一次注意力；给出每个提问各答案的 logits，(batch, questions, KINDS)。
# an MLP instead of the linear read-out → 用 MLP 代替线性读出
# kept to be looked at → 留着给人看


# %% fold
class Squeeze(nn.Module):
    """A GRU reads all places; logits from its last state, as of Lookup."""

    def __init__(self, d=32):
        super().__init__()
        self.places, self.layer = Places(d, 1), nn.GRU(d, d, batch_first=True)
        self.read = nn.Linear(d, KINDS)

    def forward(self, *rows):
        return self.read(self.layer(self.places(*rows))[0][:, -1])[:, None]


class Dense(nn.Module):
    """All places side by side through one hidden layer; logits as of Lookup."""

    def __init__(self, hidden, pairs=8, d=32):
        super().__init__()
        self.places = Places(d, 1)
        wide = nn.Linear((pairs + 1) * d, hidden)
        self.net = nn.Sequential(wide, nn.ReLU(), nn.Linear(hidden, KINDS))

    def forward(self, *rows):
        return self.net(self.places(*rows).flatten(1))[:, None]


# %% [raw] lang="zh"
# A GRU reads all places; logits from its last state, as of Lookup.
# → GRU 读完所有位置；由最后的状态给出 logits，同 Lookup。
# All places side by side through one hidden layer; logits as of Lookup.
# → 所有位置并排，经过一个隐藏层；logits 同 Lookup。


# %%
@torch.no_grad()
def score(model, questions=1, pairs=8):
    """Share of new dictionaries in which every question is answered rightly."""
    *rows, answers = draw(2000, pairs, questions, torch.Generator().manual_seed(99))
    return (model(*rows).argmax(-1) == answers).all(-1).float().mean().item()


steps = lab.pick(ci=400, workshop=1000, full=2000)


def learn(model, questions=1):
    """Train on new dictionaries at every step; scores on the way, eleven of them."""
    model, draws = model.to(lab.device), torch.Generator().manual_seed(lab.seed)
    optimizer, curve = torch.optim.Adam(model.parameters(), 3e-3), []
    for step in range(steps + 1):
        if step % (steps // 10) == 0:
            curve.append(score(model, questions))
        *rows, answers = draw(128, 8, questions, draws)
        loss = F.cross_entropy(model(*rows).flatten(0, 1), answers.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return curve


# %% [raw] lang="zh"
# Share of new dictionaries in which every question is answered rightly.
# → 所有提问都答对的新字典所占的比例。
# Train on new dictionaries at every step; scores on the way, eleven of them.
# → 每一步都用新字典训练；途中记下十一个成绩。

# %% fold
torch.manual_seed(lab.seed)
looker = Lookup()
models = {"attention": looker, "GRU": Squeeze(), "dense": Dense(16)}
sizes = {name: sum(p.numel() for p in m.parameters()) for name, m in models.items()}
curves = {
    name: learn(model) for name, model in bm.show.progress(models.items(), "models")
}
fig, ax = plt.subplots()
for (name, curve), mark in zip(curves.items(), "os^", strict=True):
    ax.plot(range(0, 101, 10), curve, marker=mark, label=f"{name} ({sizes[name]:,})")
ax.set(xlabel="% of training", ylabel="right answers", ylim=(0, 1.05))
ax.legend(title="model (parameters)")
alt = "Attention soon answers nearly all; GRU and dense network stay near one in four."
bm.show.figure(fig, alt=alt)

bm.claim(
    "Attention learns to look things up, in training steps in which neither a GRU nor "
    "a dense network of its size does",
    lambda right: right > 0.95,
    {"right": curves["attention"][-1]},
    control={"right": max(curves["GRU"][-1], curves["dense"][-1])},
    against="the better of GRU and dense network",
)
bm.claim(
    "Trained on eight pairs, attention looks up in shorter and longer dictionaries too",
    lambda right: min(right) > 0.9,
    {"right": [score(looker, pairs=n) for n in (4, 12, 16)]},
    control={"right": [score(models["GRU"], pairs=n) for n in (4, 12, 16)]},
    against="the GRU",
)

# %% [raw] lang="zh"
# attention → 注意力
# dense → 全连接
# models → 模型
# {name} ({sizes[name]:,}) → {name}（{sizes[name]:,}）
# % of training → 训练进度（%）
# right answers → 答对的比例
# model (parameters) → 模型（参数个数）
# Attention soon answers nearly all; GRU and dense network stay near one in four.
# → 注意力很快就几乎全对；GRU 和全连接网络停在四分之一左右。
# Attention learns to look things up, in training steps in which neither a GRU nor a
# dense network of its size does
# → 注意力学会了查找；同样的训练步数，同样大小的 GRU 和全连接网络都没有学会
# the better of GRU and dense network → GRU 和全连接网络中较好的一个
# Trained on eight pairs, attention looks up in shorter and longer dictionaries too
# → 只用八对训练，更短和更长的字典，注意力也会查
# the GRU → GRU

# %% [markdown]
# Attention learns *compare* once and uses it everywhere, in dictionaries of other
# lengths too. Here is where the question looks, for each of the eight letters in one
# dictionary.

# %% [markdown] lang="zh" of="f1b1bbd9"
# 注意力只学一次*比较*，处处都能用，换一种长度的字典也行。
# 下面是同一部字典里，依次拿八个字母提问时，提问在看哪里。


# %% fold
def glance(model, asked):
    """Where the question looks as it asks for each pair: (heads, rows, 8).

    asked: the pair that each question asks for in each of 8 rows, (questions, 8).
    """
    keys, values, *_ = draw(1, 8, 1, torch.Generator().manual_seed(4))
    keys, values = keys.expand(8, 8), values.expand(8, 8)
    which = torch.tensor(asked, device=lab.device).T  # (8, questions)
    with torch.no_grad():
        said = model(keys, values, keys.gather(1, which)).argmax(-1)
    weights = model.weights[:, :, -1, :8].transpose(0, 1)
    return weights.cpu(), keys[0].tolist(), values[0].tolist(), said.tolist()


# %% [raw] lang="zh"
# Where the question looks as it asks for each pair: (heads, rows, 8).
# → 拿每一对提问时，提问在看哪里：(heads, rows, 8)。
# asked: the pair that each question asks for in each of 8 rows, (questions, 8).
# → asked：每个提问在 8 行中各问第几对，(questions, 8)。


# %% fold
def heat(ax, weights, asked, keys, values, said):
    picture = ax.imshow(weights, vmin=0, vmax=1)
    pairs = [f"{chr(65 + k)}→{v}" for k, v in zip(keys, values, strict=True)]
    questions = [
        ",".join(chr(65 + keys[i]) for i in which) + "? " + ",".join(map(str, says))
        for which, says in zip(zip(*asked, strict=True), said, strict=True)
    ]
    ax.set_xticks(range(8), pairs, fontsize=8)
    ax.set_yticks(range(8), questions, fontsize=8)
    ax.set(xlabel="pair looked at", ylabel="question, and what the model says")
    ax.grid(False)
    return picture


asked = [list(range(8))]
weights, *labels = glance(looker, asked)
fig, ax = plt.subplots(figsize=(5.6, 4.2))
fig.colorbar(heat(ax, weights[0], asked, *labels), label="weight")
alt = "Eight questions by eight pairs: the weight lies on the diagonal, the asked pair."
bm.show.figure(fig, alt=alt)


# %% [raw] lang="zh"
# pair looked at → 看向的对
# question, and what the model says → 提问，以及模型的回答
# weight → 权重
# Eight questions by eight pairs: the weight lies on the diagonal, the asked pair.
# → 八个提问对八对：权重落在对角线上，也就是被问的那一对。

# %% [markdown]
# ## Why many heads?
#
# Now ask for two letters at once, the first and the second, in this order. One head
# brings home one mean, and from the mean of two values a *linear* layer cannot tell
# which was the first. Two heads, with the same number of parameters in all, can share
# the work. But is one head really unable to do it? Give it an MLP as read-out, too.

# %% [markdown] lang="zh" of="b50527dd"
# ## 为什么要多个头？
#
# 现在一次问两个字母，一先一后，顺序不能错。一个头只能带回一个平均，
# 而*线性*层无法从两个值的平均里看出谁先谁后。参数总数不变，换成两个头，就可以分工了。
# 但一个头真的做不到吗？再给它一个 MLP 作为读出试试。

# %%
torch.manual_seed(lab.seed)
pair = {heads: Lookup(heads, questions=2) for heads in (1, 2)}
pair["MLP"] = Lookup(questions=2, hidden=128)
right = {name: learn(model, questions=2)[-1] for name, model in pair.items()}

# %% fold
bm.claim(
    "With a linear read-out, two heads answer two questions at once and one head does "
    "not",
    lambda right: right > 0.9,
    {"right": right[2]},
    control={"right": right[1]},
    against="one head, as many parameters",
)
bm.claim(
    "With an MLP as read-out, one head answers both as well",
    lambda right: right > 0.9,
    {"right": right["MLP"]},
    control={"right": right[1]},
    against="one head with a linear read-out",
)

# %% [raw] lang="zh"
# With a linear read-out, two heads answer two questions at once and one head does not
# → 用线性读出时，两个头能同时回答两个问题，一个头不能
# one head, as many parameters → 一个头，参数同样多
# With an MLP as read-out, one head answers both as well
# → 用 MLP 读出时，一个头也能两个都答对
# one head with a linear read-out → 一个头，线性读出

# %% [markdown]
# So one head is enough in principle: what it brings home still holds both values,
# mixed, and a nonlinear layer can take them apart. Several heads make it unnecessary to
# mix them. That is cheap, and a Transformer has both: heads, and an MLP after them.
#
# Explore: choose the number of heads; blur or sharpen the look with `sharpness` (1 is
# as learned); `hide` masks a pair.

# %% [markdown] lang="zh" of="27c1869c"
# 所以原则上一个头就够：它带回来的东西里两个值都在，只是混在一起，
# 非线性的层能把它们分开。多个头则不必先混再分，而且代价很小。
# Transformer 两样都有：先是多个头，后面再接 MLP。
#
# 来探索：选择头的个数；用 `sharpness` 让目光变模糊或更锐利（1 为学到的样子）；
# `hide` 遮住一对。

# %% fold
asked = [list(range(8)), list(range(7, -1, -1))]


def look_inside(heads, sharpness, hide):
    weights, *labels = glance(pair[heads], asked)
    scores = sharpness * weights.clamp(min=1e-30).log()  # softmax undoes the log
    weights = masked_weights(scores, torch.arange(1, 9) != hide)
    fig, axes = plt.subplots(
        1, heads, figsize=(2 + 3.8 * heads, 3.8), squeeze=False, layout="constrained"
    )
    for head, ax in enumerate(axes[0]):
        picture = heat(ax, weights[head], asked, *labels)
        ax.set_title(f"head {head + 1} of {heads}")
        ax.label_outer()
    fig.colorbar(picture, ax=axes, label="weight")
    return fig


alt = (
    "Two heat maps, eight double questions by eight pairs: one head follows the first "
    "question along the diagonal, the other the second one against it."
)
choices = {"heads": [2, 1], "sharpness": (0.1, 3.0, 0.1, 1.0), "hide": (0, 8, 1, 0)}
bm.show.explore(look_inside, alt=alt, **choices)

# %% [raw] lang="zh"
# softmax undoes the log → softmax 与 log 相抵
# head {head + 1} of {heads} → 第 {head + 1} 头，共 {heads} 头
# weight → 权重
# Two heat maps, eight double questions by eight pairs: one head follows the first
# question along the diagonal, the other the second one against it.
# → 两幅热图，八个双重提问对八对：一个头沿对角线跟着第一个提问，
#   另一个头沿反方向跟着第二个提问。

# %% [markdown]
# ## What is *it*?
#
# Back to the lamp. We make small sentences: what did not fit, what it did not fit into,
# and whether *it* was too big or too small. A network with two layers of attention must
# say which of the two nouns *it* stands for. It is tested on pairs of nouns that it has
# never seen together.

# %% [markdown] lang="zh" of="3706c7e3"
# ## “它”是谁？
#
# 回到台灯。我们造一些小句子：什么放不进什么，因为“它”太大或太小。
# 一个有两层注意力的网络要说出“它”指的是哪个名词。
# 测试用的是训练中从未同时出现过的两个名词。

# %%
TEMPLATES = [
    "the {a} did not fit into the {b} because it was too {how}",
    "we could not put the {a} into the {b} since it was too {how}",
]
NOUNS = [
    "lamp",
    "box",
    "chair",
    "car",
    "table",
    "bag",
    "book",
    "piano",
    "vase",
    "shelf",
]
BIG, SMALL, IT = ["big", "wide", "tall"], ["small", "narrow", "low"], "it"

# %% [raw] lang="zh"
# the {a} did not fit into the {b} because it was too {how}
# → {a} 放 不 进 {b} ， 因为 它 太 {how} 了
# we could not put the {a} into the {b} since it was too {how}
# → 我们 没 能 把 {a} 放 进 {b} ， 因为 它 太 {how} 了
# lamp → 台灯
# box → 箱子
# chair → 椅子
# car → 汽车
# table → 桌子
# bag → 袋子
# book → 书
# piano → 钢琴
# vase → 花瓶
# shelf → 架子
# big → 大
# wide → 宽
# tall → 高
# small → 小
# narrow → 窄
# low → 矮
# it → 它

# %% fold
WORDS = sorted({w for t in TEMPLATES for w in t.split()} - {"{a}", "{b}", "{how}"})
WORDS = ["", *WORDS, *NOUNS, *BIG, *SMALL]  # number 0 is padding
LONGEST = max(len(template.split()) for template in TEMPLATES)
TOGETHER = list(combinations(NOUNS, 2))
random.Random(0).shuffle(TOGETHER)
TOGETHER.sort(key=lambda pair: pair == (NOUNS[0], NOUNS[1]))  # lamp and box: the last
PAIRS = [pair for a, b in TOGETHER for pair in ((a, b), (b, a))]


def examples(pairs):
    """ids, (rows, LONGEST); the place of *it*, of the noun it means, and that noun."""
    rows = []
    for template in TEMPLATES:
        for a, b in pairs:
            for how in BIG + SMALL:
                words = template.format(a=a, b=b, how=how).split()
                meant = a if how in BIG else b
                ids = [WORDS.index(w) for w in words] + [0] * (LONGEST - len(words))
                places = words.index(IT), words.index(meant)
                rows.append([ids, *places, NOUNS.index(meant)])
    return [torch.tensor(column) for column in zip(*rows, strict=True)]


train, test = examples(PAIRS[:-20]), examples(PAIRS[-20:])  # ten are held out

# %% [raw] lang="zh"
# number 0 is padding → 0 号是填充
# lamp and box: the last → 台灯和箱子排在最后
# ten are held out → 留出十对作测试
# ids, (rows, LONGEST); the place of *it*, of the noun it means, and that noun.
# → ids，(rows, LONGEST)；“它”的位置，所指名词的位置，以及那个名词。


# %%
class Refer(nn.Module):
    """Logits of the noun that *it* means, (batch, nouns)."""

    def __init__(self, d=32):
        super().__init__()
        self.word, self.place = nn.Embedding(len(WORDS), d), nn.Embedding(LONGEST, d)
        self.first, self.second = MultiHeadAttention(d, 1), MultiHeadAttention(d, 1)
        self.read = nn.Linear(d, len(NOUNS))

    def forward(self, ids, it, hide=None):
        rows, real = torch.arange(len(ids)), ids > 0  # nobody looks at padding
        x = self.word(ids) + self.place.weight  # attention alone knows no order
        x = x + self.first(x, real[:, None, None])[0]
        if hide is not None:  # one place in each row that the second layer must not see
            real = real & (torch.arange(LONGEST) != hide[:, None])
        y, weights = self.second(x, real[:, None, None])
        self.looks = weights[rows, 0, it]  # where *it* looks, (batch, LONGEST)
        return self.read(y[rows, it])


# %% [raw] lang="zh"
# Logits of the noun that *it* means, (batch, nouns).
# → “它”所指名词的 logits，(batch, nouns)。
# nobody looks at padding → 谁也不看填充
# attention alone knows no order → 单靠注意力不知道次序
# one place in each row that the second layer must not see
# → 每行中第二层不许看的一个位置
# where *it* looks, (batch, LONGEST) → “它”在看哪里，(batch, LONGEST)

# %%
referring = []
for trial in range(3):
    torch.manual_seed(lab.seed + trial)
    model = Refer()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in bm.show.progress(range(lab.pick(ci=400, workshop=800, full=800)), "steps"):
        some = torch.randint(len(train[0]), (64,))
        ids, it, _, noun = (column[some] for column in train)
        optimizer.zero_grad()
        F.cross_entropy(model(ids, it), noun).backward()
        optimizer.step()
    referring.append(model)

# %% [raw] lang="zh"
# steps → 步


# %% fold
@torch.no_grad()
def judge(model, ids=test[0], hide=None):
    """Share of right answers on the held-out pairs, and where *it* looked."""
    right = (model(ids, test[1], hide).argmax(-1) == test[3]).float().mean().item()
    return right, model.looks


rights = [judge(model)[0] for model in referring]
qualities = torch.tensor([WORDS.index(w) for w in BIG + SMALL])
blanked = test[0].masked_fill(torch.isin(test[0], qualities), 0)
bm.claim(
    "For nouns that it never saw together, the network says which one is meant, with "
    "each of three seeds",
    lambda right: min(right) > 0.9,
    {"right": rights},
    control={"right": [judge(model, blanked)[0] for model in referring]},
    against="the words big, small and the like taken out",
)
for trial, model in enumerate(referring):
    right, looks = judge(model)
    on_noun = looks.gather(1, test[2][:, None]).mean().item()
    print(f"seed {trial}: right {right:.0%}; weight of “it” on the noun {on_noun:.2f}")

# %% [raw] lang="zh"
# Share of right answers on the held-out pairs, and where *it* looked.
# → 在留出的名词对上答对的比例，以及“它”看了哪里。
# For nouns that it never saw together, the network says which one is meant, with each
# of three seeds
# → 对从未同时见过的两个名词，网络能说出指的是哪一个，三个种子都行
# the words big, small and the like taken out → 去掉“大”“小”之类的词
# seed {trial}: right {right:.0%}; weight of “it” on the noun {on_noun:.2f}
# → 种子 {trial}：答对 {right:.0%}；“它”放在该名词上的权重 {on_noun:.2f}

# %% fold
both = [
    TEMPLATES[0].format(a=NOUNS[0], b=NOUNS[1], how=how).split()
    for how in (BIG[0], SMALL[0])
]
rows, names, pad = [], [], [0] * (LONGEST - len(both[0]))
for trial, model in enumerate(referring):
    for words, how in zip(both, (BIG[0], SMALL[0]), strict=True):
        ids = torch.tensor([[WORDS.index(w) for w in words] + pad])
        with torch.no_grad():
            said = NOUNS[model(ids, torch.tensor([words.index(IT)])).argmax()]
        rows.append(model.looks[0, : len(words)])
        names.append(f"seed {trial}, {how}: {said}")
fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
picture = ax.imshow(torch.stack(rows), vmin=0, vmax=1, aspect="auto")
shown = [a if a == b else f"{a}/{b}" for a, b in zip(*both, strict=True)]
ax.set_xticks(range(len(shown)), shown, fontsize=8)
ax.set_yticks(range(6), names)
ax.set(xlabel="word looked at", ylabel="seed, quality: answer")
ax.grid(False)
fig.colorbar(picture, label="weight of “it”")
alt = (
    "Six rows, three seeds with big and with small, by the words of the sentence: "
    "where the second layer looks from the word it. Each row has nearly all its weight "
    "on one or two words."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# seed {trial}, {how}: {said} → 种子 {trial}，{how}：{said}
# word looked at → 看向的词
# seed, quality: answer → 种子，大或小：回答
# weight of “it” → “它”的权重
# Six rows, three seeds with big and with small, by the words of the sentence: where the
# second layer looks from the word it. Each row has nearly all its weight on one or two
# words.
# → 六行，三个种子各配“大”和“小”，横轴是句中的词：第二层从“它”看向哪里。
#   每行的权重几乎都在一两个词上。

# %% [markdown]
# Look at the numbers and at the picture together. With most seeds *it* puts nearly all
# its weight on the noun. With some of ours it looked elsewhere for part of the
# sentences, and the answers were right all the same: the first layer had already
# carried the noun to another word. So a map of weights tells which *place* a layer
# reads, not which word the answer came from. To learn what an answer depends on, take
# something away: forbid the second layer to look at the place that *it* looks at most.

# %% [markdown] lang="zh" of="8471645a"
# 把数字和图放在一起看。多数种子下，“它”的权重几乎全在名词上。
# 我们也试到过别的种子，在一部分句子里它看的是别处，回答照样是对的：
# 第一层已经把名词带到了别的词上。所以权重图说的是某一层在读哪个*位置*，
# 而不是答案来自哪个词。想知道回答依赖什么，就拿走一样东西：
# 禁止第二层看“它”看得最多的那个位置。

# %%
model = referring[0]
_, looks = judge(model)
most = looks.argmax(1)
least = looks.masked_fill(test[0] == 0, 2).argmin(1)  # a word, not padding
bm.claim(
    "The answer depends on the place that “it” looks at most",
    lambda right: right < 0.8,
    {"right": judge(model, hide=most)[0]},
    control={"right": judge(model, hide=least)[0]},
    against="hiding the place that it looks at least",
)

# %% [raw] lang="zh"
# a word, not padding → 要是词，不能是填充
# The answer depends on the place that “it” looks at most
# → 回答依赖“它”看得最多的那个位置
# hiding the place that it looks at least → 遮住它看得最少的位置

# %% [markdown]
# It has learned a rule about two kinds of words in two kinds of sentences. What a lamp
# is it does not know.
#
# ## What it costs
#
# Every place looks at every place: $n$ places, $n^2$ weights. We measure the time of
# one attention, yours and PyTorch's, and count the bytes of the weights.

# %% [markdown] lang="zh" of="2cd04a10"
# 它学到的是两类句子里关于两类词的一条规则。台灯是什么，它并不知道。
#
# ## 代价
#
# 每个位置都要看每个位置：$n$ 个位置，$n^2$ 个权重。我们量一量做一次注意力的时间，
# 你的和 PyTorch 的，再数一数权重占多少字节。


# %% fold
@torch.no_grad()
def seconds(function, n, repeats=5):
    """The fastest of a few runs on one sequence of n places, d = 64."""
    x, runs = torch.randn(1, 1, n, 64, device=lab.device), []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        function(x, x, x)
        if lab.device == "cuda":
            torch.cuda.synchronize()
        runs.append(time.perf_counter() - began)
    return min(runs[1:])  # the first run warms up


lengths = [2**n for n in range(8, lab.pick(ci=12, workshop=13, full=14))]
kinds = {"yours": attend, "PyTorch's": F.scaled_dot_product_attention}
times = {name: [seconds(f, n) for n in lengths] for name, f in kinds.items()}
memory = [attend(*torch.randn(3, n, 64))[1].nbytes / 2**20 for n in lengths]


# %% [raw] lang="zh"
# The fastest of a few runs on one sequence of n places, d = 64.
# → 一个 n 个位置的序列，d = 64，几次运行中最快的一次。
# the first run warms up → 第一次用来热身
# yours → 你的
# PyTorch's → PyTorch 的

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for (name, curve), mark in zip(times.items(), "os", strict=True):
    left.semilogy(lengths, curve, marker=mark, label=name)
left.set(xlabel="places n", ylabel="seconds")
left.legend()
right.semilogy(lengths, memory, "o-")
right.set(xlabel="places n", ylabel="weights of one head, MiB")
for ax in (left, right):
    ax.set_xscale("log", base=2)
alt = "On logarithmic axes time and memory climb steeply with n; memory with slope 2."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# places n → 位置数 n
# seconds → 秒
# weights of one head, MiB → 一个头的权重，MiB
# On logarithmic axes time and memory climb steeply with n; memory with slope 2.
# → 双对数坐标下，时间和内存都随 n 急剧上升；内存的斜率为 2。

# %%
output, weights = attend(*torch.randn(3, 256, 64))
bm.claim(
    "Twice the places, four times the weights",
    lambda times: times == 4,
    {"times": attend(*torch.randn(3, 512, 64))[1].nbytes / weights.nbytes},
    control={"times": attend(*torch.randn(3, 512, 64))[0].nbytes / output.nbytes},
    against="the outputs",
)

# %% [raw] lang="zh"
# Twice the places, four times the weights → 位置加倍，权重变为四倍
# the outputs → 输出

# %% [markdown]
# PyTorch's fast version (*FlashAttention*, where the machine has it) computes the same
# without ever holding all $n^2$ weights; the number of multiplications still grows as
# $n^2 d$. That is why long texts are expensive for large models.
#
# ## What models use today
#
# A model that writes adds one place at a time. Under a causal mask the places before do
# not change, so their keys and values are kept, and only the new query is compared with
# them. This **KV cache** is what makes writing affordable, and it fills the memory.

# %% [markdown] lang="zh" of="4af3b31d"
# PyTorch 的快速版本（机器支持时用 *FlashAttention*）算的是同一个结果，
# 却从不同时存下全部 $n^2$ 个权重；乘法的次数仍与 $n^2 d$ 成正比。
# 正因如此，长文本对大模型来说十分昂贵。
#
# ## 今天的模型用什么
#
# 写作的模型一次添一个位置。有因果掩码，之前的位置就不再变化，
# 于是把它们的键和值留下来，每次只拿新的查询去比较。这个 **KV 缓存**
# 让写作的代价变得可以承受，也把内存占满。

# %%
x, W_q, W_k, W_v = torch.randn(4, 16, 16, dtype=torch.float64)  # 16 places, d = 16
kept_k, kept_v, written = [], [], []
for x_t in x:  # one place after the other
    kept_k.append(x_t @ W_k)
    kept_v.append(x_t @ W_v)
    new = attend((x_t @ W_q)[None], torch.stack(kept_k), torch.stack(kept_v))[0]
    written.append(new[0])
written = torch.stack(written)
at_once = [attend(x @ W_q, x @ W_k, x @ W_v, m)[0] for m in (causal_mask(16), None)]
bm.claim(
    "With kept keys and values, one query at a time gives what causal attention gives",
    lambda difference: difference < 1e-12,
    {"difference": (written - at_once[0]).abs().max()},
    control={"difference": (written - at_once[1]).abs().max()},
    against="attention without a mask",
)

# %% [raw] lang="zh"
# 16 places, d = 16 → 16 个位置，d = 16
# one place after the other → 一个位置接一个位置
# With kept keys and values, one query at a time gives what causal attention gives
# → 留下键和值，每次一个查询，结果与因果注意力相同
# attention without a mask → 不带掩码的注意力

# %% [markdown]
# To keep this memory small, Llama 3 and Qwen3 let several query heads share one head of
# keys and values (*grouped-query attention*); Gemma 3 lets most layers look only at the
# last 1,024 places (*sliding window*).
#
# ## What we learned
#
# - Attention is a soft dictionary: scores by dot product, weights by softmax, a
#   weighted mean of values. Nothing has to pass through one vector.
# - Dividing by $\sqrt d$ keeps scores of one size, so that the softmax can learn.
# - Masks act on scores, before the softmax; test for leaks by changing the future.
# - A head brings home one mean. Several heads look at several places; one head and a
#   nonlinear read-out can do the same.
# - Weights tell which place a layer reads. What an answer depends on is seen by taking
#   something away.
# - The same weights take any length; time grows as $n^2$.
#
# ## Where next
#
# Add positions to `Lookup` and ask for the number that *follows* a letter.
# [The Transformer](lesson:transformer) puts attention into a whole network, and
# [Which architecture when](lesson:comparison) weighs it against the others.
#
# ## Further reading
#
# - I. Sutskever, O. Vinyals and Q. V. Le (2014), *Sequence to Sequence Learning with
#   Neural Networks*, NeurIPS.
# - D. Bahdanau, K. Cho and Y. Bengio (2015), *Neural Machine Translation by Jointly
#   Learning to Align and Translate*, ICLR.
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - S. Jain and B. C. Wallace (2019), *Attention is not Explanation*, NAACL.

# %% [markdown] lang="zh" of="ab2c611b"
# 为了省下这些内存，Llama 3 和 Qwen3 让几个查询头共用一个键和值的头
# （*分组查询注意力*）；
# Gemma 3 让大多数层只看最近的 1024 个位置（*滑动窗口*）。
#
# ## 我们学到了什么
#
# - 注意力是一部软字典：用点积打分，用 softmax 变成权重，再对值加权平均。
#   没有什么非得挤过一个向量。
# - 除以 $\sqrt d$ 让分数的大小保持一致，softmax 才学得动。
# - 掩码作用在分数上，在 softmax 之前；改动未来，就能测出有没有泄漏。
# - 一个头带回一个平均；多个头可以看多个地方，一个头加非线性的读出也能做到。
# - 权重说的是某一层在读哪个位置；回答依赖什么，要拿走一样东西才看得出来。
# - 同一组权重可用于任何长度；时间按 $n^2$ 增长。
#
# ## 下一步
#
# 给 `Lookup` 加上位置信息，问它某个字母*后面*的数。
# [Transformer](lesson:transformer) 把注意力装进一个完整的网络，
# [架构之比较](lesson:comparison)把它与别的方法放在一起权衡。
#
# ## 延伸阅读
#
# - I. Sutskever, O. Vinyals, Q. V. Le (2014), *Sequence to Sequence Learning with
#   Neural Networks*, NeurIPS.
# - D. Bahdanau, K. Cho, Y. Bengio (2015), *Neural Machine Translation by Jointly
#   Learning to Align and Translate*, ICLR.
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - S. Jain, B. C. Wallace (2019), *Attention is not Explanation*, NAACL.
