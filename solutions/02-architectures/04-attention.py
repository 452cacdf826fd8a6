# ---
# jupyter:
#   kernelspec:
#     name: python3
#     display_name: Python 3 (ipykernel)
#   bmkit:
#     slug: attention
#     title: {en: Attention, zh: 注意力}
#     section: "2.1, 3.1.1"
#     minutes: 60
#     needs: []
#     data: []
#     extras: []
#     says:
#       en: Scaled dot-product and multi-head attention from tensors up; heat maps.
#       zh: 从张量写出缩放点积注意力与多头注意力，以及掩码与热图。
# ---

# %% [markdown]
# Read this: *"The trophy did not fit in the suitcase because **it** was too big."* To
# know
# what "it" is, you look back at "trophy", not at "suitcase". Attention is a way for a
# network to look back: every position asks a question, and every other position
# answers in proportion to how well it fits. It is the one part that all large language
# models share, and it takes four lines.

# %% [markdown] lang="zh" of="61c526fc"
# 读一读这句话：“奖杯放不进箱子，因为**它**太大了。”要知道“它”指什么，
# 你会回头去看“奖杯”，而不是“箱子”。
# 注意力就是让网络回头看的办法：每个位置提出一个问题，其他位置按各自对得上的程度作答。
# 它是所有大语言模型共有的部件，而写出来只要四行。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start("attention", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## A dictionary that answers in shares
#
# A Python dictionary gives the value whose key *equals* the query. Suppose keys and
# queries are vectors instead, and a dot product says how well they match. Softmax turns
# the matches into shares that add up to one, and the answer is the values mixed in
# those
# shares. Here one query meets four keys.

# %% [markdown] lang="zh" of="b86fd5ca"
# ## 按份额作答的字典
#
# Python 的字典给出键与查询*相等*的那个值。现在设键和查询都是向量，
# 用点积衡量它们有多匹配；
# softmax 把匹配程度变成总和为一的份额，答案就是各个值按份额混合的结果。
# 下面让一个查询遇上四个键。

# %%
names = ["trophy", "suitcase", "because", "big"]
keys = torch.tensor([[2.0, 1.0], [1.0, -1.0], [-1.0, 0.0], [0.5, 1.5]])  # (4, d)
query = torch.tensor([1.0, 1.0])  # (d,)
matches = keys @ query  # (4,)
shares = matches.softmax(0)

fig, ax = plt.subplots(figsize=(6, 2.6))
ax.barh(names[::-1], shares.flip(0), color="#1b3a6b")
ax.set_xlabel("share of attention")
bm.show.figure(fig, alt="Four bars: the query gives most of its attention to trophy.")

# %% lang="zh" of="0ca34588"
names = ["奖杯", "箱子", "因为", "大"]
keys = torch.tensor([[2.0, 1.0], [1.0, -1.0], [-1.0, 0.0], [0.5, 1.5]])  # (4, d)
query = torch.tensor([1.0, 1.0])  # (d,)
matches = keys @ query  # (4,)
shares = matches.softmax(0)

fig, ax = plt.subplots(figsize=(6, 2.6))
ax.barh(names[::-1], shares.flip(0), color="#1b3a6b")
ax.set_xlabel("注意力份额")
bm.show.figure(fig, alt="四根横条：查询把大部分注意力给了“奖杯”。")

# %% [markdown]
# With many queries at once, stacked as the rows of $Q$, this is one line. The $\sqrt d$
# is explained in a moment.
#
# $$\operatorname{attention}(Q, K, V)
# = \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt d}\right) V \label{attention}$$
#
# Row $i$ of the product is what query $i$ takes away: a weighted mean of the values. We
# compute it query by query, with Python's loops, and all at once, with matrices.

# %% [markdown] lang="zh" of="6076b5e4"
# 把许多查询作为 $Q$ 的各行叠在一起，就是一行公式。$\sqrt d$ 的来由稍后说明。
#
# $$\operatorname{attention}(Q, K, V)
# = \operatorname{softmax}\!\left(\frac{QK^\top}{\sqrt d}\right) V \label{attention}$$
#
# 乘积的第 $i$ 行是第 $i$ 个查询得到的东西：各个值的加权平均。
# 我们用 Python 循环逐个查询地算一遍，再用矩阵一次算完。

# %% equation="attention"
generator = torch.Generator().manual_seed(seed)
q, k, v = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
rows = []
for i in range(5):
    e = torch.stack([torch.exp(q[i] @ k[j] / 4**0.5) for j in range(5)])
    rows.append(sum(e[j] / e.sum() * v[j] for j in range(5)))
bm.equation("attention", torch.stack(rows), (q @ k.T / 2).softmax(-1) @ v, atol=1e-12)

# %% [markdown]
# ## Why divide by $\sqrt d$
#
# If the entries of $q$ and $k$ are independent with mean 0 and variance 1, each product
# $q_i k_i$ has variance 1, and $d$ of them add up:
#
# $$\operatorname{Var}(q \cdot k) = d \label{variance}$$
#
# We draw many pairs. The estimate of a variance from $N$ draws strays by about
# $\sqrt{(\kappa - 1)/N}$ of itself, where the kurtosis $\kappa$ is 3 plus a little
# here; five
# such strays is the bound that we allow.

# %% [markdown] lang="zh" of="c9180bce"
# ## 为什么要除以 $\sqrt d$
#
# 若 $q$ 与 $k$ 的各分量独立、均值为 0、方差为 1，则每个乘积 $q_i k_i$ 的方差为 1，
# $d$ 个加在一起：
#
# $$\operatorname{Var}(q \cdot k) = d \label{variance}$$
#
# 我们抽取许多对来验证。由 $N$ 次抽样估计方差，相对误差约为 $\sqrt{(\kappa - 1)/N}$，
# 其中峰度 $\kappa$ 在这里略大于 3；
# 我们允许五倍这样的误差。

# %% equation="variance"
d, draws = 64, 100_000
q, k = torch.randn(2, draws, d, generator=generator)
kurtosis = 3 + 6 / d  # of a sum of d products of two normals
bound = 5 * d * ((kurtosis - 1) / draws) ** 0.5
bm.equation("variance", (q * k).sum(1).var(), float(d), atol=bound)

# %% [markdown]
# So scores grow like $\sqrt d$. Softmax of large scores is all or nothing: one key
# takes
# everything, and since a saturated softmax is flat, hardly any gradient gets back to
# the
# scores. Dividing by (\ref{variance})'s root keeps the scores' spread at one, whatever
# the width.

# %% [markdown] lang="zh" of="0cf2289c"
# 可见得分像 $\sqrt d$ 一样增长。得分一大，softmax 就变成全有或全无：一个键独占一切；
# 而饱和的 softmax 是平的，
# 几乎没有梯度能回到得分上。除以 (\ref{variance}) 的平方根，无论宽度多大，
# 得分的散布都保持在一左右。


# %%
def strongest_and_gradient(d, scaled):
    """Mean largest share, and mean size of the gradient that reaches the scores."""
    q = torch.randn(2000, d, generator=generator)
    k = torch.randn(2000, 16, d, generator=generator)
    scores = (k @ q[:, :, None])[:, :, 0] / (d**0.5 if scaled else 1)
    share = scores.softmax(-1)
    slope = share * (1 - share)  # the diagonal of softmax's Jacobian
    return share.max(-1).values.mean().item(), slope.mean().item()


widths = [4, 16, 64, 256]
unscaled = [strongest_and_gradient(d, False) for d in widths]
scaled = [strongest_and_gradient(d, True) for d in widths]

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3))
for ax, column, label in zip(axes, (0, 1), ("largest share", "gradient"), strict=True):
    ax.plot(widths, [row[column] for row in unscaled], marker="o", label="unscaled")
    ax.plot(widths, [row[column] for row in scaled], marker="s", label="scaled")
    ax.set_xscale("log", base=2)
    ax.set_xlabel("width d")
    ax.set_ylabel(label)
axes[0].legend()
fig.tight_layout()
bm.show.figure(
    fig,
    alt="Without scaling the largest share rises towards one and the gradient falls "
    "towards zero as the width grows; with scaling both stay level.",
)

# %% lang="zh" of="957e6002"
fig, axes = plt.subplots(1, 2, figsize=(8, 3))
for ax, column, label in zip(axes, (0, 1), ("最大份额", "梯度大小"), strict=True):
    ax.plot(widths, [row[column] for row in unscaled], marker="o", label="不缩放")
    ax.plot(widths, [row[column] for row in scaled], marker="s", label="缩放")
    ax.set_xscale("log", base=2)
    ax.set_xlabel("宽度 d")
    ax.set_ylabel(label)
axes[0].legend()
fig.tight_layout()
bm.show.figure(
    fig,
    alt="不缩放时，随着宽度增加，最大份额趋近于一，梯度趋近于零；缩放后两者都保持平稳。",
)

# %% [markdown]
# ## Write it
#
# Now equation (\ref{attention}) in tensors, with one thing more: a **mask**. Where the
# mask is
# `False`, a query may not look. The score there becomes $-\infty$ *before* the
# softmax, so its
# share is exactly zero and the others still add up to one.

# %% [markdown] lang="zh" of="500c873d"
# ## 动手写
#
# 现在用张量写出 (\ref{attention})，再加一样东西：**掩码**。掩码为 `False` 处，
# 查询不许看。
# 那里的得分在 softmax *之前*变成 $-\infty$，于是份额恰为零，其余份额之和仍为一。


# %% exercise="scaled_dot_product" points=3 minutes=10 level=2
def scaled_dot_product(q, k, v, mask=None):
    """Attend from every query to every key.

    q: (..., n, d), k: (..., m, d), v: (..., m, e)
    mask: True where a query may look, broadcastable to (..., n, m), or None.
    Returns (output, weights): (..., n, e) and (..., n, m).
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-1)
    return weights @ v, weights
    ### END SOLUTION


# %% lang="zh" of="26a44721"
def scaled_dot_product(q, k, v, mask=None):
    """让每个查询注意每个键。

    q：(..., n, d)，k：(..., m, d)，v：(..., m, e)
    mask：允许看的地方为 True，可广播到 (..., n, m)；也可以是 None。
    返回 (输出, 权重)：(..., n, e) 与 (..., n, m)。
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-1)
    return weights @ v, weights
    ### END SOLUTION


# %% check="scaled_dot_product"
_g = torch.Generator().manual_seed(1)
_q, _k = torch.randn(2, 5, 16, generator=_g), torch.randn(2, 7, 16, generator=_g)
_v = torch.randn(2, 7, 3, generator=_g)
_out, _weights = scaled_dot_product(_q, _k, _v)
bm.expect.shape(
    _weights, (2, 5, 7), "one share for each query and key: is k transposed?"
)
bm.expect.close(
    _weights.sum(-1),
    torch.ones(2, 5),
    "a query's shares add up to 1: which axis is softmax over?",
)
bm.expect.close(
    _out,
    F.scaled_dot_product_attention(_q, _k, _v),
    "do you divide by the square root of d?",
)
### BEGIN HIDDEN TESTS
_mask = torch.ones(5, 7, dtype=torch.bool).tril()
_out, _weights = scaled_dot_product(_q, _k, _v, _mask)
bm.expect.close(
    _weights.sum(-1),
    torch.ones(2, 5),
    "masked shares must still add up to 1: mask before the softmax",
)
bm.expect.close(
    _out,
    F.scaled_dot_product_attention(_q, _k, _v, attn_mask=_mask),
    "the mask is True where a query MAY look",
)
### END HIDDEN TESTS

# %% lang="zh" of="6c0d95bf"
_g = torch.Generator().manual_seed(1)
_q, _k = torch.randn(2, 5, 16, generator=_g), torch.randn(2, 7, 16, generator=_g)
_v = torch.randn(2, 7, 3, generator=_g)
_out, _weights = scaled_dot_product(_q, _k, _v)
bm.expect.shape(_weights, (2, 5, 7), "每对查询与键一个份额：k 转置了吗？")
bm.expect.close(
    _weights.sum(-1), torch.ones(2, 5), "一个查询的份额之和为 1：softmax 沿着哪个轴？"
)
bm.expect.close(
    _out, F.scaled_dot_product_attention(_q, _k, _v), "除以 d 的平方根了吗？"
)
### BEGIN HIDDEN TESTS
_mask = torch.ones(5, 7, dtype=torch.bool).tril()
_out, _weights = scaled_dot_product(_q, _k, _v, _mask)
bm.expect.close(
    _weights.sum(-1),
    torch.ones(2, 5),
    "加掩码后份额之和仍应为 1：要在 softmax 之前加掩码",
)
bm.expect.close(
    _out,
    F.scaled_dot_product_attention(_q, _k, _v, attn_mask=_mask),
    "掩码为 True 的地方是查询可以看的地方",
)
### END HIDDEN TESTS

# %% [markdown] hint="scaled_dot_product"
# Which two axes must meet so that `(n, d)` and `(m, d)` give `(n, m)`?

# %% [markdown] lang="zh" of="88a8ab69"
# 让 `(n, d)` 与 `(m, d)` 得到 `(n, m)`，应当是哪两个轴相乘？

# %% [markdown] hint="scaled_dot_product"
# `k.transpose(-2, -1)` works for any number of leading axes.
# `scores.masked_fill(~mask, …)`
# writes where the mask is `False`; softmax goes over the keys, the last axis.

# %% [markdown] lang="zh" of="c4cbfad0"
# `k.transpose(-2, -1)` 对任意多个前置轴都适用。
# `scores.masked_fill(~mask, …)` 写入掩码为 `False` 的位置；
# softmax 沿着键，也就是最后一个轴。


# %% mistake="scaled_dot_product" says="square root of d"
def scaled_dot_product(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-1)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="which axis"
def scaled_dot_product(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-2)
    return weights @ v, weights


# %% mistake="scaled_dot_product" says="mask before the softmax"
def scaled_dot_product(q, k, v, mask=None):
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    if mask is not None:
        weights = weights * mask
    return weights @ v, weights


# %% variant="scaled_dot_product"
def scaled_dot_product(q, k, v, mask=None):
    scores = torch.einsum("...nd,...md->...nm", q, k) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(float("-inf")))
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    weights = e / e.sum(-1, keepdim=True)
    return torch.einsum("...nm,...me->...ne", weights, v), weights


# %% [markdown]
# ## No looking ahead
#
# A model that writes text one word at a time must not see the words to come. The
# **causal
# mask** lets position $i$ look at positions $0 \ldots i$, itself included.

# %% [markdown] lang="zh" of="e064dbf6"
# ## 不许偷看后文
#
# 逐词写作的模型不能看见后面的词。**因果掩码**让位置 $i$ 只能看 $0 \ldots i$，
# 包括它自己。


# %% exercise="causal_mask" points=1 minutes=4 level=1
def causal_mask(n):
    """Return an (n, n) tensor of bools: True where row i may look at column j."""
    ### BEGIN SOLUTION
    return torch.ones(n, n, dtype=torch.bool).tril()
    ### END SOLUTION


# %% lang="zh" of="76722115"
def causal_mask(n):
    """返回 (n, n) 的布尔张量：第 i 行可以看第 j 列处为 True。"""
    ### BEGIN SOLUTION
    return torch.ones(n, n, dtype=torch.bool).tril()
    ### END SOLUTION


# %% check="causal_mask"
_mask = causal_mask(3)
bm.expect.shape(_mask, (3, 3))
bm.expect.true(
    _mask.dtype == torch.bool, f"the mask must be of bools, not {_mask.dtype}"
)
bm.expect.true(
    _mask.diagonal().all(), "a position may look at itself: is the diagonal True?"
)
bm.expect.true(
    _mask[2, 0], "the last position may look at the first: rows are the ones who look"
)
bm.expect.true(not _mask[0, 2], "the first position must not see the last")
### BEGIN HIDDEN TESTS
bm.expect.equal(
    causal_mask(6).sum(1).tolist(), [1, 2, 3, 4, 5, 6], "row i sees i + 1 positions"
)
### END HIDDEN TESTS

# %% lang="zh" of="c92cbbd1"
_mask = causal_mask(3)
bm.expect.shape(_mask, (3, 3))
bm.expect.true(_mask.dtype == torch.bool, f"掩码应为布尔型，而不是 {_mask.dtype}")
bm.expect.true(_mask.diagonal().all(), "位置可以看它自己：对角线是 True 吗？")
bm.expect.true(_mask[2, 0], "最后一个位置可以看第一个：行是看的一方")
bm.expect.true(not _mask[0, 2], "第一个位置不能看最后一个")
### BEGIN HIDDEN TESTS
bm.expect.equal(
    causal_mask(6).sum(1).tolist(), [1, 2, 3, 4, 5, 6], "第 i 行能看 i + 1 个位置"
)
### END HIDDEN TESTS

# %% [markdown] hint="causal_mask"
# Draw the 3 by 3 table on paper, a row for who looks, a column for what is looked at.
# Which
# triangle is it?

# %% [markdown] lang="zh" of="4514c861"
# 在纸上画出 3×3 的表：行是谁在看，列是看什么。是哪一个三角形？

# %% [markdown] hint="causal_mask"
# `torch.tril` keeps the lower triangle, diagonal included.

# %% [markdown] lang="zh" of="1a71690a"
# `torch.tril` 保留下三角，包括对角线。


# %% mistake="causal_mask" says="is the diagonal True"
def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).tril(-1)


# %% mistake="causal_mask" says="rows are the ones who look"
def causal_mask(n):
    return torch.ones(n, n, dtype=torch.bool).triu()


# %% mistake="causal_mask" says="must be of bools"
def causal_mask(n):
    return torch.ones(n, n).tril()


# %% variant="causal_mask"
def causal_mask(n):
    i = torch.arange(n)
    return i[:, None] >= i[None, :]


# %% [markdown]
# Touch it. A higher temperature flattens the shares, a lower one sharpens them; the
# mask
# empties the upper triangle, and what is left in each row still adds up to one.

# %% [markdown] lang="zh" of="272c29c4"
# 动手试试。温度越高，份额越平均；越低，越集中。掩码清空上三角，
# 而每行余下的份额之和仍为一。

# %%
x = torch.randn(8, 16, generator=generator)


def heat_map(temperature, mask):
    allowed = causal_mask(8) if mask == "causal" else None
    _, weights = scaled_dot_product(x / temperature, x, x, allowed)
    fig, ax = plt.subplots(figsize=(4.2, 3.4))
    ax.grid(False)
    image = ax.imshow(weights, vmin=0, vmax=1)
    ax.set_xlabel("key position")
    ax.set_ylabel("query position")
    fig.colorbar(image, label="share")
    return fig


bm.show.explore(
    heat_map,
    alt="A heat map of shares, one row a query; the causal mask empties the upper "
    "triangle.",
    mask=["causal", "none"],
    temperature=(0.5, 4.0, 0.25, 1.0),
)

# %% lang="zh" of="73b7d0f4"
x = torch.randn(8, 16, generator=generator)


def heat_map(temperature, mask):
    allowed = causal_mask(8) if mask == "causal" else None
    _, weights = scaled_dot_product(x / temperature, x, x, allowed)
    fig, ax = plt.subplots(figsize=(4.2, 3.4))
    ax.grid(False)
    image = ax.imshow(weights, vmin=0, vmax=1)
    ax.set_xlabel("键的位置")
    ax.set_ylabel("查询的位置")
    fig.colorbar(image, label="份额")
    return fig


bm.show.explore(
    heat_map,
    alt="份额的热图，每行一个查询；因果掩码清空了上三角。",
    mask=["causal", "none"],
    temperature=(0.5, 4.0, 0.25, 1.0),
)

# %% [markdown]
# ## Several heads
#
# One softmax makes one choice. To look for a subject *and* for a date, use several
# attentions side by side: cut the width into `heads` shares of `d`, let each attend on
# its
# own, and put the results back together. The cutting is where most bugs live, since a
# wrong reshape has the right shape and the wrong numbers.

# %% [markdown] lang="zh" of="3a241410"
# ## 多个头
#
# 一个 softmax 只做一种选择。要*同时*找主语和日期，就并排用几个注意力：
# 把宽度切成 `heads` 份，每份 `d`，
# 各自去注意，再拼回来。切分处最容易出错，因为错误的 reshape 形状是对的，数却是错的。


# %% exercise="split_heads" points=2 minutes=8 level=3
def split_heads(x, heads):
    """Cut the width into heads: (batch, n, heads * d) -> (batch, heads, n, d)."""
    ### BEGIN SOLUTION
    batch, n, width = x.shape
    return x.view(batch, n, heads, width // heads).transpose(1, 2)
    ### END SOLUTION


# %% lang="zh" of="3630b857"
def split_heads(x, heads):
    """把宽度切成各个头：(batch, n, heads * d) -> (batch, heads, n, d)。"""
    ### BEGIN SOLUTION
    batch, n, width = x.shape
    return x.view(batch, n, heads, width // heads).transpose(1, 2)
    ### END SOLUTION


# %% check="split_heads"
_x = torch.arange(2 * 4 * 6.0).view(2, 4, 6)
_got = split_heads(_x, 3)
bm.expect.shape(_got, (2, 3, 4, 2), "heads come before positions: did you transpose?")
bm.expect.close(
    _got[0, :, 0],
    _x[0, 0].view(3, 2),
    "position 0 must keep its own numbers: view first, then transpose",
)
### BEGIN HIDDEN TESTS
_x = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(2))
bm.expect.close(
    split_heads(_x, 4)[:, 1], _x[..., 2:4], "head 1 owns the second share of the width"
)
bm.expect.close(
    split_heads(_x, 1)[:, 0], _x, "with one head nothing changes but the shape"
)
### END HIDDEN TESTS

# %% lang="zh" of="234c8a9f"
_x = torch.arange(2 * 4 * 6.0).view(2, 4, 6)
_got = split_heads(_x, 3)
bm.expect.shape(_got, (2, 3, 4, 2), "头在位置之前：转置了吗？")
bm.expect.close(
    _got[0, :, 0],
    _x[0, 0].view(3, 2),
    "位置 0 的数应原样留在位置 0：先 view，再转置",
)
### BEGIN HIDDEN TESTS
_x = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(2))
bm.expect.close(split_heads(_x, 4)[:, 1], _x[..., 2:4], "第 1 个头拥有宽度的第二份")
bm.expect.close(split_heads(_x, 1)[:, 0], _x, "只有一个头时，除形状外什么都不变")
### END HIDDEN TESTS

# %% [markdown] hint="split_heads"
# Cut the last axis in two first, `heads` and `d`. Only then move axes.

# %% [markdown] lang="zh" of="e4679898"
# 先把最后一个轴切成 `heads` 和 `d` 两个轴，然后才移动轴。

# %% [markdown] hint="split_heads"
# `x.view(batch, n, heads, d)` gives heads after positions; `transpose(1, 2)` swaps
# them.

# %% [markdown] lang="zh" of="3ec27476"
# `x.view(batch, n, heads, d)` 得到的头在位置之后；`transpose(1, 2)` 交换两者。


# %% mistake="split_heads" says="view first, then transpose"
def split_heads(x, heads):
    batch, n, width = x.shape
    return x.view(batch, heads, n, width // heads)


# %% mistake="split_heads" says="did you transpose"
def split_heads(x, heads):
    batch, n, width = x.shape
    return x.view(batch, n, heads, width // heads)


# %% mistake="split_heads" says="view first, then transpose"
def split_heads(x, heads):
    batch, n, width = x.shape
    return x.view(batch, n, width // heads, heads).permute(0, 3, 1, 2)


# %% variant="split_heads"
def split_heads(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


# %% [markdown]
# Now the whole: project, split, attend, merge, project. `layers` holds the four linear
# layers of one attention.

# %% [markdown] lang="zh" of="a1ecf0f0"
# 现在写整体：投影、切分、注意、合并、再投影。`layers` 是一个注意力的四个线性层。


# %% exercise="multi_head" points=4 minutes=15 level=4
def multi_head(x, layers, heads, mask=None):
    """Attend within x with several heads.

    x: (batch, n, width); layers: a dict of nn.Linear(width, width) under the names
    "query", "key", "value" and "output"; mask: as for scaled_dot_product, or None.
    Returns (batch, n, width).
    """
    ### BEGIN SOLUTION
    q, k, v = (
        split_heads(layers[name](x), heads) for name in ("query", "key", "value")
    )
    mixed, _ = scaled_dot_product(q, k, v, mask)  # (batch, heads, n, d)
    return layers["output"](mixed.transpose(1, 2).flatten(2))
    ### END SOLUTION


# %% lang="zh" of="21386c6f"
def multi_head(x, layers, heads, mask=None):
    """用几个头在 x 内部做注意力。

    x：(batch, n, width)；layers：由 nn.Linear(width, width) 组成的字典，键为
    "query"、"key"、"value" 和 "output"；mask：同 scaled_dot_product，也可以是 None。
    返回 (batch, n, width)。
    """
    ### BEGIN SOLUTION
    q, k, v = (
        split_heads(layers[name](x), heads) for name in ("query", "key", "value")
    )
    mixed, _ = scaled_dot_product(q, k, v, mask)  # (batch, heads, n, d)
    return layers["output"](mixed.transpose(1, 2).flatten(2))
    ### END SOLUTION


# %% check="multi_head"
with torch.random.fork_rng(devices=[]):
    torch.manual_seed(3)
    _theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    _x = torch.randn(2, 5, 12)
_layers = {name: nn.Linear(12, 12) for name in ("query", "key", "value")}
for _i, _layer in enumerate(_layers.values()):
    _layer.weight.data = _theirs.in_proj_weight.data[12 * _i : 12 * (_i + 1)]
    _layer.bias.data = _theirs.in_proj_bias.data[12 * _i : 12 * (_i + 1)]
_layers["output"] = _theirs.out_proj
_got = multi_head(_x, _layers, 3)
bm.expect.shape(_got, (2, 5, 12), "merge the heads back into the width")
bm.expect.close(
    _got,
    _theirs(_x, _x, _x)[0],
    "do you put positions before heads again when you merge, and use the output layer?",
    atol=1e-5,
)
### BEGIN HIDDEN TESTS
_mask = torch.ones(5, 5, dtype=torch.bool).tril()
bm.expect.close(
    multi_head(_x, _layers, 3, _mask),
    _theirs(_x, _x, _x, attn_mask=~_mask)[0],  # PyTorch's layer masks where True
    "does the mask reach scaled_dot_product?",
    atol=1e-5,
)
### END HIDDEN TESTS

# %% lang="zh" of="7b7b6356"
with torch.random.fork_rng(devices=[]):
    torch.manual_seed(3)
    _theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    _x = torch.randn(2, 5, 12)
_layers = {name: nn.Linear(12, 12) for name in ("query", "key", "value")}
for _i, _layer in enumerate(_layers.values()):
    _layer.weight.data = _theirs.in_proj_weight.data[12 * _i : 12 * (_i + 1)]
    _layer.bias.data = _theirs.in_proj_bias.data[12 * _i : 12 * (_i + 1)]
_layers["output"] = _theirs.out_proj
_got = multi_head(_x, _layers, 3)
bm.expect.shape(_got, (2, 5, 12), "把各个头合并回宽度")
bm.expect.close(
    _got,
    _theirs(_x, _x, _x)[0],
    "合并时把位置放回头之前了吗？用了 output 层吗？",
    atol=1e-5,
)
### BEGIN HIDDEN TESTS
_mask = torch.ones(5, 5, dtype=torch.bool).tril()
bm.expect.close(
    multi_head(_x, _layers, 3, _mask),
    _theirs(_x, _x, _x, attn_mask=~_mask)[0],  # PyTorch 的层在 True 处遮住
    "掩码传到 scaled_dot_product 了吗？",
    atol=1e-5,
)
### END HIDDEN TESTS

# %% [markdown] hint="multi_head"
# Three projections of the same `x`, each split into heads. Your `scaled_dot_product`
# works on
# `(batch, heads, n, d)` as it is.

# %% [markdown] lang="zh" of="64e30d93"
# 对同一个 `x` 做三次投影，各自切分成头。
# 你的 `scaled_dot_product` 直接就能用于 `(batch, heads, n, d)`。

# %% [markdown] hint="multi_head"
# Merging undoes splitting: `transpose(1, 2)` first, then `flatten(2)`. The output
# layer comes last.

# %% [markdown] lang="zh" of="401154ea"
# 合并是切分的逆过程：先 `transpose(1, 2)`，再 `flatten(2)`。最后是 output 层。


# %% mistake="multi_head" says="positions before heads"
def multi_head(x, layers, heads, mask=None):
    q, k, v = (
        split_heads(layers[name](x), heads) for name in ("query", "key", "value")
    )
    mixed, _ = scaled_dot_product(q, k, v, mask)
    return layers["output"](mixed.reshape(x.shape))


# %% mistake="multi_head" says="use the output layer"
def multi_head(x, layers, heads, mask=None):
    q, k, v = (
        split_heads(layers[name](x), heads) for name in ("query", "key", "value")
    )
    mixed, _ = scaled_dot_product(q, k, v, mask)
    return mixed.transpose(1, 2).flatten(2)


# %% mistake="multi_head" says="does the mask reach"
def multi_head(x, layers, heads, mask=None):
    q, k, v = (
        split_heads(layers[name](x), heads) for name in ("query", "key", "value")
    )
    mixed, _ = scaled_dot_product(q, k, v)
    return layers["output"](mixed.transpose(1, 2).flatten(2))


# %% variant="multi_head"
def multi_head(x, layers, heads, mask=None):
    parts = [layers[name](x).chunk(heads, -1) for name in ("query", "key", "value")]
    triples = zip(*parts, strict=True)
    each = [scaled_dot_product(q, k, v, mask)[0] for q, k, v in triples]
    return layers["output"](torch.cat(each, -1))


# %% [markdown]
# ## The library's
#
# `bm.models.MultiHeadAttention` is what later lessons import; `nn.MultiheadAttention`
# is
# PyTorch's. On the same weights, yours, ours and theirs must agree, and so must the
# gradients that flow back to the input.

# %% [markdown] lang="zh" of="74bcf015"
# ## 库里的版本
#
# 后面的课用 `bm.models.MultiHeadAttention`；`nn.MultiheadAttention` 是 PyTorch 的。
# 在同样的权重上，你的、我们的和它的必须一致，流回输入的梯度也必须一致。

# %%
ours = bm.models.MultiHeadAttention(32, 4)
layers = {name: getattr(ours, name) for name in ("query", "key", "value", "output")}
theirs = nn.MultiheadAttention(32, 4, batch_first=True)
with torch.no_grad():
    parts = [layers[name] for name in ("query", "key", "value")]
    theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
    theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())

# %%
x = torch.randn(2, 10, 32, generator=generator)
results = []
for attend in (
    lambda x: multi_head(x, layers, 4),
    ours,
    lambda x: theirs(x, x, x)[0],
):
    start = x.clone().requires_grad_()
    out = attend(start)
    out.square().sum().backward()
    results.append((out.detach(), start.grad))
outputs, gradients = zip(*results, strict=True)

# %%
output_gap = max((o - outputs[2]).abs().max() for o in outputs)
gradient_gap = max((g - gradients[2]).abs().max() for g in gradients)
bm.claim(
    "Your attention, bmkit's and PyTorch's are the same function, gradients included",
    output_gap < 1e-5 and gradient_gap < 1e-4,
    output_gap=output_gap,
    gradient_gap=gradient_gap,
)

# %% lang="zh" of="c53061ae"
output_gap = max((o - outputs[2]).abs().max() for o in outputs)
gradient_gap = max((g - gradients[2]).abs().max() for g in gradients)
bm.claim(
    "你的注意力、bmkit 的和 PyTorch 的是同一个函数，梯度也相同",
    output_gap < 1e-5 and gradient_gap < 1e-4,
    output_gap=output_gap,
    gradient_gap=gradient_gap,
)

# %% [markdown]
# ## A task that needs it
#
# Each sequence holds six pairs, a key and a value, in random order. Then one key is
# asked
# for: which value stood beside it? A network that averages the pairs cannot know which
# value belongs to which key. A network that attends can look it up.

# %% [markdown] lang="zh" of="7c92a544"
# ## 非它不可的任务
#
# 每个序列有六对键和值，次序随机。然后问其中一个键：它旁边的值是什么？
# 把各对求平均的网络无从知道哪个值属于哪个键；会注意的网络可以查出来。

# %%
symbols, pairs = 16, 6


def draw(size):
    """Keys, values (size, pairs), the key asked for, its value, and its place."""
    keys = torch.rand(size, symbols, generator=generator).argsort(1)[:, :pairs]
    values = torch.randint(symbols, (size, pairs), generator=generator)
    place = torch.randint(pairs, (size,), generator=generator)
    rows = torch.arange(size)
    return [
        t.to(lab.device)
        for t in (keys, values, keys[rows, place], values[rows, place], place)
    ]


# %%
class LookUp(nn.Module):
    """Find the value that stands beside the key asked for."""

    def __init__(self, width=32, attends=True):
        super().__init__()
        self.attends = attends
        self.key, self.value, self.asked = (
            nn.Embedding(symbols, width) for _ in range(3)
        )
        self.attention = bm.models.MultiHeadAttention(width, heads=1)
        self.output = nn.Linear(width, symbols)

    def forward(self, keys, values, asked):
        pairs = self.key(keys) + self.value(values)  # (batch, pairs, width)
        question = self.asked(asked)[:, None]  # (batch, 1, width)
        if not self.attends:  # the same layers, every pair with the same share
            inner = self.attention
            mixed = inner.value(pairs).mean(1, keepdim=True) + inner.query(question)
            return self.output(inner.output(mixed)[:, 0]), None
        weights = self.attention.weights(question, pairs)  # (batch, 1, 1, pairs)
        mixed = self.attention(question, pairs)
        return self.output(mixed[:, 0]), weights[:, 0, 0]


# %% [markdown]
# Both networks have the same layers. One weighs the pairs by attention, the other
# equally.

# %% [markdown] lang="zh" of="026c50f6"
# 两个网络的层完全相同：一个用注意力给各对加权，另一个一视同仁。


# %%
def train(attends, steps):
    """Train on fresh sequences; return the network and its accuracy as it learns."""
    torch.manual_seed(seed)
    net = LookUp(attends=attends).to(lab.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    curve = []
    for _ in bm.show.progress(range(steps)):
        keys, values, asked, answer, _ = draw(128)
        scores, _ = net(keys, values, asked)
        optimizer.zero_grad()
        F.cross_entropy(scores, answer).backward()
        optimizer.step()
        curve.append((scores.argmax(1) == answer).float().mean().item())
    return net, curve


steps = lab.pick(ci=300, workshop=1000, full=3000)
looker, looks = train(True, steps)
averager, averages = train(False, steps)

# %%
fig, ax = plt.subplots()
for curve, label in ((looks, "attends"), (averages, "averages")):
    smooth = torch.tensor(curve).unfold(0, 10, 10).mean(1)
    ax.plot(torch.arange(len(smooth)) * 10 + 10, smooth, label=label)
ax.axhline(1 / symbols, color="gray", lw=1)
ax.set_xlabel("step")
ax.set_ylabel("accuracy on fresh sequences")
ax.legend()
bm.show.figure(
    fig,
    alt="The network that attends soon answers everything; the one that averages stays "
    "far below, though above guessing.",
)

# %% lang="zh" of="a43f3d14"
fig, ax = plt.subplots()
for curve, label in ((looks, "注意"), (averages, "求平均")):
    smooth = torch.tensor(curve).unfold(0, 10, 10).mean(1)
    ax.plot(torch.arange(len(smooth)) * 10 + 10, smooth, label=label)
ax.axhline(1 / symbols, color="gray", lw=1)
ax.set_xlabel("步数")
ax.set_ylabel("新序列上的准确率")
ax.legend()
bm.show.figure(
    fig,
    alt="会注意的网络很快全部答对；求平均的网络始终低得多，但高于乱猜。",
)

# %% [markdown]
# Where does it look? Choose a sequence. The bar that it looks at should stand where the
# key asked for stands; nobody told it so, only answers were right or wrong.

# %% [markdown] lang="zh" of="07e0e3f0"
# 它在看哪里？选一个序列。它看的那根柱子，应当正是被问的键所在的位置；没有人这样教它，
# 它只知道答案对或错。

# %%
keys, values, asked, answer, place = draw(1000)
with torch.no_grad():
    found, weights = looker(keys, values, asked)
    plain, _ = averager(keys, values, asked)


def glance(sequence):
    fig, ax = plt.subplots(figsize=(6, 2.8))
    bars = ax.bar(range(pairs), weights[sequence].cpu(), color="#c9d3e0", ec="#1b3a6b")
    bars[int(place[sequence])].set_hatch("///")
    shown = zip(keys[sequence].tolist(), values[sequence].tolist(), strict=True)
    ax.set_xticks(range(pairs), [f"{k}: {v}" for k, v in shown])
    ax.set_xlabel(f"pairs, key: value; asked for key {int(asked[sequence])} (hatched)")
    ax.set_ylabel("share")
    return fig


bm.show.explore(
    glance,
    alt="Six bars, one a pair: nearly all of the attention is on the hatched pair, "
    "which holds the key asked for.",
    sequence=(0, 99, 1),
)

# %% lang="zh" of="2236d880"
keys, values, asked, answer, place = draw(1000)
with torch.no_grad():
    found, weights = looker(keys, values, asked)
    plain, _ = averager(keys, values, asked)


def glance(sequence):
    fig, ax = plt.subplots(figsize=(6, 2.8))
    bars = ax.bar(range(pairs), weights[sequence].cpu(), color="#c9d3e0", ec="#1b3a6b")
    bars[int(place[sequence])].set_hatch("///")
    shown = zip(keys[sequence].tolist(), values[sequence].tolist(), strict=True)
    ax.set_xticks(range(pairs), [f"{k}: {v}" for k, v in shown])
    ax.set_xlabel(f"各对（键: 值）；被问的键是 {int(asked[sequence])}（斜线）")
    ax.set_ylabel("份额")
    return fig


bm.show.explore(
    glance,
    alt="六根柱子，每对一根：几乎全部注意力都在画斜线的那一对上，它正是被问的键。",
    sequence=(0, 99, 1),
)

# %% [markdown]
# ## What it costs
#
# Every query meets every key: $n$ positions make $n^2$ shares. We measure the time of
# attention and of a linear layer, which meets each position once, as the sequence
# grows.

# %% [markdown] lang="zh" of="10faafcf"
# ## 代价
#
# 每个查询都要遇上每个键：$n$ 个位置有 $n^2$ 个份额。我们测量序列变长时注意力的用时，
# 并与每个位置只处理一次的线性层对照。


# %%
def seconds(work, repeats=5):
    """The quickest of several runs, which noise disturbs least."""
    took = []
    for _ in range(repeats + 1):  # the first warms up
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took[1:])


longest = lab.pick(ci=2048, workshop=4096, full=8192)
lengths = [n for n in (256, 512, 1024, 2048, 4096, 8192) if n <= longest]
linear = nn.Linear(64, 64)
times, shares = {"attention": [], "linear": []}, []
with torch.no_grad():
    for n in lengths:
        x = torch.randn(n, 64, generator=generator)
        times["attention"].append(seconds(lambda x=x: scaled_dot_product(x, x, x)))
        times["linear"].append(seconds(lambda x=x: linear(x)))
        shares.append(scaled_dot_product(x, x, x)[1].nbytes)

# %%
fig, ax = plt.subplots()
ax.plot(lengths, times["attention"], marker="o", label="attention")
ax.plot(lengths, times["linear"], marker="s", label="linear layer")
ax.set_xscale("log", base=2)
ax.set_yscale("log")
ax.set_xlabel("sequence length n")
ax.set_ylabel("seconds on the CPU")
ax.legend()
bm.show.figure(
    fig,
    alt="On log axes the time of attention rises more steeply than a linear layer's.",
)

# %% lang="zh" of="5ff75dd3"
fig, ax = plt.subplots()
ax.plot(lengths, times["attention"], marker="o", label="注意力")
ax.plot(lengths, times["linear"], marker="s", label="线性层")
ax.set_xscale("log", base=2)
ax.set_yscale("log")
ax.set_xlabel("序列长度 n")
ax.set_ylabel("CPU 用时（秒）")
ax.legend()
bm.show.figure(fig, alt="在对数坐标上，注意力的用时比线性层上升得更陡。")

# %% [markdown]
# ## What we learned

# %% [markdown] lang="zh" of="de28bc05"
# ## 学到了什么

# %%
bm.claim(
    "Unscaled, softmax saturates as the width grows; scaled, it does not",
    unscaled[-1][0] > 0.9 > 0.5 > scaled[-1][0],
    unscaled=unscaled[-1][0],
    scaled=scaled[-1][0],
)
right = (found.argmax(1) == answer).float().mean()
blind = (plain.argmax(1) == answer).float().mean()
bm.claim(
    "Attention looks up what a plain average cannot",
    right > 0.95 and blind < 0.5,
    attends=right,
    averages=blind,
    guessing=1 / symbols,
)
looked = weights[torch.arange(1000), place].mean()
bm.claim(
    "It looks at the right place, though it was never told where",
    looked > 0.8,
    share_on_the_right_pair=looked,
    even_share=1 / pairs,
)
bm.claim(
    "Twice the length, four times the shares to hold in memory",
    all(b == 4 * a for a, b in pairwise(shares)),
    longest=lengths[-1],
    mebibytes=shares[-1] / 2**20,
)

# %% lang="zh" of="94baa5be"
bm.claim(
    "不缩放时，宽度一大 softmax 就饱和；缩放后不会",
    unscaled[-1][0] > 0.9 > 0.5 > scaled[-1][0],
    unscaled=unscaled[-1][0],
    scaled=scaled[-1][0],
)
right = (found.argmax(1) == answer).float().mean()
blind = (plain.argmax(1) == answer).float().mean()
bm.claim(
    "注意力能查到求平均查不到的东西",
    right > 0.95 and blind < 0.5,
    attends=right,
    averages=blind,
    guessing=1 / symbols,
)
looked = weights[torch.arange(1000), place].mean()
bm.claim(
    "它看对了地方，虽然从没有人告诉它该看哪里",
    looked > 0.8,
    share_on_the_right_pair=looked,
    even_share=1 / pairs,
)
bm.claim(
    "长度加倍，要存的份额变为四倍",
    all(b == 4 * a for a, b in pairwise(shares)),
    longest=lengths[-1],
    mebibytes=shares[-1] / 2**20,
)

# %% [markdown]
# ## Where next
#
# Attention by itself does not know order: shuffle the keys with their values and
# nothing
# changes. The Transformer adds positions, and blocks of attention stacked with small
# networks between them.
#
# Read on: Bahdanau, Cho and Bengio (2015), *Neural Machine Translation by Jointly
# Learning
# to Align and Translate*, ICLR, where attention for translation began; Vaswani et al.
# (2017), *Attention Is All You Need*, NeurIPS, section 3.2.

# %% [markdown] lang="zh" of="059bae63"
# ## 下一步
#
# 注意力本身不知道次序：把键连同它们的值一起打乱，结果不变。Transformer 加入了位置信息，
# 并把注意力与小型网络交替堆叠成块。
#
# 延伸阅读：Bahdanau、Cho 与 Bengio（2015），
# *Neural Machine Translation by Jointly Learning to Align and Translate*，ICLR，
# 注意力用于翻译由此开始；Vaswani 等（2017），*Attention Is All You Need*，NeurIPS，
# 第 3.2 节。
