# ---
# slug: transformer
# title: {en: The Transformer, zh: Transformer}
# section: "2.1, 3.1.1, 3.3.3"
# minutes: 90
# needs: [attention, workflow]
# data: []
# extras: []
# introduces:
#   - positional encoding
#   - position embedding
#   - feed-forward
#   - residual stream
#   - pre-norm
#   - post-norm
#   - layer norm
#   - encoder
#   - warm-up
#   - decoder
#   - teacher forcing
#   - cross-attention
#   - greedy decoding
#   - exact match
# symbols:
#   x: input
#   y: target
#   b: bias
#   h: hidden activation or state
#   q: queries
#   k: keys
#   v: values
#   d: numbers that stand for one place
#   n: length of the sequence
#   t: position or time step
#   L: number of layers
#   u: position as a vector
#   r: shift between two positions
#   omega: "frequency: radians a place"
#   gamma: gain of a layer norm
# says:
#   en: Stack attention into encoder and decoder, and watch them spell backwards.
#   zh: 把注意力叠成编码器和解码器，看它们把单词倒着拼出来。
# ---

# %% [markdown]
# *Dog bites man* is no news, *man bites dog* is. Attention alone cannot tell the two
# apart, since it does not know in which order the words stand. And one look at the
# other words rarely solves a problem. The Transformer gives attention two things:
# positions, and a small network that works on what was seen before the next look. You
# build one, part by part, teach it to spell words backwards, and then see, letter by
# letter, how it does that.

# %% [markdown] lang="zh" of="a9bcf564"
# “狗咬人”不是新闻，“人咬狗”才是。单靠注意力分不清这两句话，因为它不知道词的先后顺序；
# 而且只看一眼，也很少能解决问题。Transformer 给注意力添了两样东西：位置，
# 以及两次“看”之间处理所见的一个小网络。这一课你要一个部件一个部件地搭出它，
# 教它把单词倒着拼，再一个字母一个字母地看清它是怎么做到的。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start("transformer", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## Positions
#
# How would you tell a network that a word is the seventh? The number 7 itself has no
# bound: it grows with the length of the text. A clock has a better way. Its hands turn
# at different speeds: the fast one separates neighbours, the slow one tells morning
# from evening, and no hand ever leaves its circle. So give a position $d/2$ hands and
# write each as the sine and cosine of its angle: a **positional encoding**. At position
# $t$, hand $i$ has turned by $\omega_i t$; $\omega_i$ is its **frequency**:
#
# $$u_t = (\sin\omega_0 t, \cos\omega_0 t, \sin\omega_1 t, \cos\omega_1 t, \dots),
# \qquad \omega_i = 10000^{-2i/d}$$
#
# with $i = 0, 1, \dots, d/2 - 1$. The first hand turns one radian a position. The last
# is slower by a factor of $10000^{1 - 2/d}$, which is near ten thousand where $d$ is
# large. (GPT-2 learns these vectors instead, a **position embedding**.)

# %% [markdown] lang="zh" of="e215d355"
# ## 位置
#
# 怎样告诉网络“这是第七个词”？直接给它数字 7 不好：文本越长，这个数就越大，没有上限。
# 钟表的办法更妙。几根指针快慢不同：快的分得清左右邻居，慢的分得清早晚，
# 而哪根指针都不会跑出表盘。所以给每个位置 $d/2$ 根指针，每根用角度的正弦和余弦来表示，
# 这就是**位置编码**。在位置 $t$，第 $i$ 根指针转过了 $\omega_i t$；$\omega_i$ 是它的
# **频率**：
#
# $$u_t = (\sin\omega_0 t, \cos\omega_0 t, \sin\omega_1 t, \cos\omega_1 t, \dots),
# \qquad \omega_i = 10000^{-2i/d}$$
#
# 其中 $i = 0, 1, \dots, d/2 - 1$。第一根指针每走一个位置转一弧度，
# 最后一根慢 $10000^{1 - 2/d}$ 倍，$d$ 较大时接近一万倍。
# （GPT-2 则让模型学习这些向量，称为**位置嵌入**。）


# %% exercise="sinusoidal_positions" points=3 minutes=8 level=2
def sinusoidal_positions(n, d, base=10_000.0):
    """One vector for each of the positions 0 to n - 1, as hands of clocks.

    d is even. Numbers 2i and 2i + 1 of position t are the sine and the cosine of the
    angle t * base ** (-2 * i / d), in radians.
    Returns (n, d), floating-point.
    """
    ### BEGIN SOLUTION
    position, pair = torch.arange(n), torch.arange(0, d, 2)
    angle = position[:, None] * base ** (-pair / d)  # (n, d/2)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)  # (n, d)
    ### END SOLUTION


# %% [raw] lang="zh"
# One vector for each of the positions 0 to n - 1, as hands of clocks.
# → 位置 0 到 n - 1 各用一个向量表示，就像钟表的指针。
# d is even. Numbers 2i and 2i + 1 of position t are the sine and the cosine of the
# angle t * base ** (-2 * i / d), in radians.
# Returns (n, d), floating-point.
# → d 为偶数。位置 t 的第 2i 和第 2i + 1 个数，分别是角度
#   t * base ** (-2 * i / d)（弧度）的正弦和余弦。
#   返回 (n, d)，浮点数。

# %% check="sinusoidal_positions"
p = sinusoidal_positions(6, 8)
bm.expect.shape(p, (6, 8), "a row for each position, d numbers in it")
zero = torch.tensor([0.0, 1.0] * 4)
advice = "position 0 has turned no hand: sine 0 and cosine 1 take turns along the row"
bm.expect.close(p[0], zero, advice)
advice = "the first hand turns one radian a position, counted from position 0"
bm.expect.close(p[:, 0], torch.arange(6.0).sin(), advice, atol=1e-5)
slow = 1 / 10  # 10000 ** (-2 / 8)
advice = "the next hand turns 10000 ** (-2 / d) a position: mind the 2 in the exponent"
bm.expect.close(p[:, 2], (slow * torch.arange(6.0)).sin(), advice, atol=1e-5)
bm.expect.close(p[:, 3], (slow * torch.arange(6.0)).cos(), advice, atol=1e-5)
### BEGIN HIDDEN TESTS
p = sinusoidal_positions(40, 12)
last = 10_000 ** (-10 / 12) * torch.arange(40.0)
advice = "the last hand turns base ** (-(d - 2) / d) a position"
bm.expect.close(p[:, -2], last.sin(), advice, atol=1e-5)
p = sinusoidal_positions(5, 4, base=100.0)
right = (0.1 * torch.arange(5.0)).cos()
bm.expect.close(p[:, 3], right, "use the base that is given", atol=1e-5)
for n, d, base in ((3, 2, 10_000.0), (16, 16, 500.0), (64, 18, 100.0)):
    hand = torch.arange(d) // 2
    angle = torch.arange(n)[:, None] * base ** (-2.0 * hand / d)
    want = torch.where(torch.arange(d) % 2 == 0, angle.sin(), angle.cos())
    advice = "all positions, all hands, for any n, d and base"
    bm.expect.close(sinusoidal_positions(n, d, base), want, advice, atol=1e-4)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a row for each position, d numbers in it → 每个位置一行，每行 d 个数
# position 0 has turned no hand: sine 0 and cosine 1 take turns along the row
# → 位置 0 上所有指针都没转：一行里正弦 0 与余弦 1 交替出现
# the first hand turns one radian a position, counted from position 0
# → 第一根指针每个位置转一弧度，从位置 0 数起
# the next hand turns 10000 ** (-2 / d) a position: mind the 2 in the exponent
# → 下一根指针每个位置转 10000 ** (-2 / d)：别漏了指数里的 2
# the last hand turns base ** (-(d - 2) / d) a position
# → 最后一根指针每个位置转 base ** (-(d - 2) / d)
# use the base that is given → 请使用给定的 base
# all positions, all hands, for any n, d and base
# → 所有位置、所有指针都要对，n、d、base 是多少都行

# %% [markdown] hint="sinusoidal_positions"
# First make all angles as a table, `(n, d/2)`: a column of positions times a row of
# speeds. Broadcasting does it.

# %% [markdown] lang="zh" of="19f51740"
# 先把所有角度做成一张表，`(n, d/2)`：一列位置乘一行转速，靠广播就行。

# %% [markdown] hint="sinusoidal_positions"
# `torch.arange(0, d, 2)` is 0, 2, 4, …: that is $2i$ already. To let sine and cosine
# take turns, stack them on a new last axis, then flatten.

# %% [markdown] lang="zh" of="5945afb1"
# `torch.arange(0, d, 2)` 就是 0、2、4……，也就是 $2i$。要让正弦和余弦交替出现，
# 先在新的最后一个轴上堆叠，再展平。

# %% [markdown] hint="sinusoidal_positions"
# `angle = torch.arange(n)[:, None] * base ** (-torch.arange(0, d, 2) / d)`, then
# `torch.stack([angle.sin(), angle.cos()], -1).flatten(1)`.

# %% [markdown] lang="zh" of="9de5b302"
# `angle = torch.arange(n)[:, None] * base ** (-torch.arange(0, d, 2) / d)`，然后
# `torch.stack([angle.sin(), angle.cos()], -1).flatten(1)`。


# %% mistake="sinusoidal_positions" says="take turns"
def sinusoidal_positions(n, d, base=10_000.0):
    angle = torch.arange(n)[:, None] * base ** (-torch.arange(0, d, 2) / d)
    return torch.cat([angle.sin(), angle.cos()], -1)


# %% mistake="sinusoidal_positions" says="mind the 2"
def sinusoidal_positions(n, d, base=10_000.0):
    angle = torch.arange(n)[:, None] * base ** (-torch.arange(d // 2) / d)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


# %% mistake="sinusoidal_positions" says="no hand"
def sinusoidal_positions(n, d, base=10_000.0):
    position = torch.arange(1, n + 1)
    angle = position[:, None] * base ** (-torch.arange(0, d, 2) / d)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


# %% mistake="sinusoidal_positions" says="mind the 2"
def sinusoidal_positions(n, d, base=10_000.0):
    angle = torch.arange(n)[:, None] * base ** (-torch.arange(d) / d)
    wave = angle.sin()
    wave[:, 1::2] = angle[:, 1::2].cos()
    wave[:, 2::2] = angle[:, 1:-1:2].sin()
    return wave


# %% variant="sinusoidal_positions"
def sinusoidal_positions(n, d, base=10_000.0):
    waves = torch.empty(n, d)
    for t in range(n):
        for i in range(d // 2):
            angle = t * base ** (-2 * i / d)
            waves[t, 2 * i], waves[t, 2 * i + 1] = math.sin(angle), math.cos(angle)
    return waves


# %% variant="sinusoidal_positions"
def sinusoidal_positions(n, d, base=10_000.0):
    speed = torch.exp(-math.log(base) * torch.arange(0, d, 2) / d)
    hand = torch.polar(torch.ones(n, d // 2), torch.outer(torch.arange(n), speed))
    return torch.view_as_real(hand).flip(-1).flatten(1)


# %% [markdown]
# Explore: on the left each row is a position. On the right you see how well a chosen
# position fits every other one, by dot product. Move `position`, then try other numbers
# of hands and a smaller `base`.

# %% [markdown] lang="zh" of="1c3d16a3"
# 来探索：左图每一行是一个位置；右图是选定的位置与其他各个位置的匹配程度（点积）。
# 移动 `position`，再换换指针的数目，把 `base` 调小试试。


# %% fold
def clocks(position, d, base):
    p = sinusoidal_positions(64, d, base)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    picture = left.imshow(p, aspect="auto", cmap="cividis")
    left.axhline(position, color="white", lw=1)
    left.set(xlabel="number (d)", ylabel="position t", title="positions")
    left.grid(False)
    fig.colorbar(picture, ax=left)
    right.plot(p @ p[position] / (d / 2))
    right.axvline(position, color="grey", lw=1, ls=":")
    right.set(xlabel="other position", ylabel="fit with the chosen one", ylim=(-1, 1.1))
    return fig


alt = (
    "Left: stripes, fine on the left and broad on the right, as hands get slower. "
    "Right: the fit peaks at the chosen position and falls off alike on both sides."
)
bm.show.explore(
    clocks, alt=alt, position=(0, 63, 1, 20), d=[64, 16, 256], base=[10_000.0, 100.0]
)


# %% [raw] lang="zh"
# number (d) → 第几个数（d）
# position t → 位置 t
# positions → 位置编码
# other position → 另一个位置
# fit with the chosen one → 与选定位置的匹配
# Left: stripes, fine on the left and broad on the right, as hands get slower. Right:
# the fit peaks at the chosen position and falls off alike on both sides.
# → 左：条纹左边细、右边宽，因为指针越来越慢。
#   右：匹配程度在选定的位置处最高，向两侧同样下降。

# %% [markdown]
# The peak moves with the position and keeps its shape. Here is why. To go $r$ positions
# further is to turn hand $i$ by the angle $\omega_i r$, wherever one stands, and the
# angle-sum formulas, $\sin(a + b) = \sin a \cos b + \cos a \sin b$ and
# $\cos(a + b) = \cos a \cos b - \sin a \sin b$, write a turn as a matrix. With one such
# rotation for each hand along the diagonal of $R_r$,
#
# $$u_{t+r} = R_r\,u_t, \qquad R_r = \operatorname{diag}_i
# \begin{pmatrix} \cos\omega_i r & \sin\omega_i r \\
# -\sin\omega_i r & \cos\omega_i r \end{pmatrix} \label{rotation}$$
#
# So "three to the left" is the same linear map at every position, and linear maps are
# what $q$ and $k$ are made with.

# %% [markdown] lang="zh" of="080c775b"
# 峰随位置移动，形状不变，原因如下。往后走 $r$ 个位置，就是把第 $i$ 根指针转过
# $\omega_i r$，不管当前在哪里；而两角和的公式
# $\sin(a + b) = \sin a \cos b + \cos a \sin b$ 与
# $\cos(a + b) = \cos a \cos b - \sin a \sin b$ 把一次转动写成一个矩阵。
# 沿 $R_r$ 的对角线为每根指针放一个这样的旋转，就有
#
# $$u_{t+r} = R_r\,u_t, \qquad R_r = \operatorname{diag}_i
# \begin{pmatrix} \cos\omega_i r & \sin\omega_i r \\
# -\sin\omega_i r & \cos\omega_i r \end{pmatrix} \label{rotation}$$
#
# 所以“往左三个”在每个位置上都是同一个线性变换，而 $q$ 和 $k$ 正是由线性变换得来的。

# %% equation="rotation" of="cc2bb499"
t, r, d = 9, 5, 16
p = sinusoidal_positions(64, d)
omega = 10_000.0 ** (-torch.arange(0, d, 2) / d)  # (d/2,)


def rotation(shift):
    """R of a shift, (d, d)."""
    angles = omega * shift
    turns = [torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]]) for a in angles]
    return torch.block_diag(*turns)


bm.equation("rotation", p[t + r], rotation(r) @ p[t], atol=1e-5)

# %% [raw] lang="zh"
# R of a shift, (d, d). → 平移对应的矩阵 R，(d, d)。

# %% [markdown]
# And as $\cos a \cos b + \sin a \sin b = \cos(a - b)$, the fit of two positions depends
# on their distance alone:
#
# $$u_t \cdot u_{t+r} = \sum_i \cos \omega_i r \label{distance}$$

# %% [markdown] lang="zh" of="1f9ff03a"
# 又因为 $\cos a \cos b + \sin a \sin b = \cos(a - b)$，
# 两个位置的匹配程度只取决于它们的距离：
#
# $$u_t \cdot u_{t+r} = \sum_i \cos \omega_i r \label{distance}$$

# %% equation="distance" of="e45ccdd1"
fits = (p[:-r] * p[r:]).sum(1)  # for every t
bm.equation("distance", fits, torch.full_like(fits, (omega * r).cos().sum()), atol=1e-4)

# %% [raw] lang="zh"
# for every t → 对每个 t

# %% [markdown]
# Positions are simply **added** to what stands at a position. Without them attention
# sees a **bag of words**: mix the words, and the answers are only mixed in the same
# way. Does adding positions cure that?

# %% [markdown] lang="zh" of="76d006e1"
# 位置编码直接**加**到该位置的内容上。没有它，注意力看到的只是**词袋**：打乱词，
# 回答也只是跟着打乱。加上位置编码，能治好这个毛病吗？

# %%
attention, words = bm.models.MultiHeadAttention(16, 2), torch.randn(1, 6, 16)
order = torch.tensor([2, 0, 5, 1, 4, 3])


@torch.no_grad()
def notices(where):
    """How much the answers change, beyond being shuffled."""
    plain, mixed = attention(words + where), attention(words[:, order] + where)
    return (mixed - plain[:, order]).abs().max().item()


where = sinusoidal_positions(6, 16)
unplaced = notices(torch.zeros(6, 16))
bm.claim(
    "Attention alone does not notice the order; with positions added it does",
    lambda alone, with_positions: alone < 1e-5 and with_positions > 1e-2,
    {"alone": unplaced, "with_positions": notices(where)},
    control={"alone": unplaced, "with_positions": notices(where[:1].expand(6, -1))},
    against="the same position for all six words",
)

# %% [raw] lang="zh"
# How much the answers change, beyond being shuffled. → 除了跟着打乱之外，回答变了多少。
# Attention alone does not notice the order; with positions added it does
# → 单靠注意力察觉不到顺序；加上位置编码就察觉得到
# the same position for all six words → 六个词用同一个位置

# %% [markdown]
# ### Rotary positions: what most language models do
#
# A sum mixes what a word is with where it stands. Since LLaMA (2023) most open language
# models add nothing to the words. They rotate the queries and the keys themselves, at
# position $t$ by $R_t$: **rotary position embedding**, RoPE for short (Su et al.,
# 2021). Where two rotations meet in a dot product, only their difference remains,
# $R_t^\top R_{t+r} = R_r$. So a score depends on the two words and on the shift, and
# not on where in the text they stand:
#
# $$(R_t\,q) \cdot (R_{t+r}\,k) = q \cdot (R_r\,k) \label{rope}$$

# %% [markdown] lang="zh" of="0a9edf34"
# ### 旋转位置编码：多数语言模型的做法
#
# 相加会把“是什么词”和“在哪里”混在一起。自 LLaMA（2023）以来，
# 多数开放的语言模型不再往词上加什么，而是旋转查询和键本身：在位置 $t$ 用 $R_t$ 旋转。
# 这叫**旋转位置编码**（rotary position embedding，简称 RoPE；Su 等，2021）。
# 两个旋转在点积中相遇，只剩下它们之差：$R_t^\top R_{t+r} = R_r$。
# 所以一个分数只取决于两个词以及它们的相对位移，与它们在文中的位置无关：
#
# $$(R_t\,q) \cdot (R_{t+r}\,k) = q \cdot (R_r\,k) \label{rope}$$

# %% equation="rope" of="ad52bc4a"
q, k = torch.randn(2, d)
rotated = (rotation(t) @ q) @ (rotation(t + r) @ k)
bm.equation("rope", rotated, q @ (rotation(r) @ k), atol=1e-4)

# %% [markdown]
# ## One block
#
# A block has two parts. In the first, attention, each position looks at the others and
# takes over what it needs. The second is a small **feed-forward** network that works on
# each position alone.
# Neither *replaces* the vector of a position. Each is **added** to it, a **residual
# connection**, so a part has to compute only what is new. The vector that runs through
# all blocks and collects the sums is called the **residual stream**. A **layer norm**
# keeps its numbers at one scale, and there are two customs where to put it: after each
# sum, **post-norm**, or at the entrance of each part, **pre-norm**.

# %% [markdown] lang="zh" of="5d869ec4"
# ## 一个块
#
# 一个块有两个部件。第一个是注意力：每个位置看一看其他位置，取来自己需要的东西。
# 第二个是小小的**前馈**网络，对每个位置单独计算。
# 两者都不*取代*一个位置的向量，而是**加**上去，即**残差连接**，
# 这样每个部件只需算出新东西。
# 穿过所有块、不断累加的这个向量叫做**残差流**。
# **层归一化**让其中的数保持同样的尺度；把它放在哪里，有两种习惯：
# 放在每次相加之后，叫**后归一化**；放在每个部件的入口，叫**前归一化**。


# %% fold
def sketch(ax, title, norm_first):
    ax.annotate("", (0, 6.4), (0, -0.5), arrowprops={"arrowstyle": "->", "lw": 2})
    for low, part in ((0, "attention"), (3, "feed-forward")):
        ax.plot([0, 2, 2], [low, low, low + 2.2], color="grey", ls="-")
        ax.annotate(
            "", (0.12, low + 2.2), (2, low + 2.2), arrowprops={"arrowstyle": "->"}
        )
        boxes = [(2, low + 1.4, part)]
        boxes += [(2, low + 0.6, "norm")] if norm_first else [(0, low + 2.7, "norm")]
        for x, y, name in boxes:
            style = {
                "boxstyle": "round",
                "fc": "white" if name == part else "lightgrey",
            }
            ax.text(x, y, name, ha="center", va="center", bbox=style)
        ax.text(
            0,
            low + 2.2,
            "+",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle", "fc": "white"},
        )
    ax.set(title=title, xlim=(-1, 4), ylim=(-0.6, 6.6))
    ax.axis("off")


fig, axes = plt.subplots(1, 2, figsize=(8, 4.2), layout="constrained")
sketch(axes[0], "post-norm (2017)", False)
sketch(axes[1], "pre-norm", True)
alt = (
    "Two sketches of a stream that runs upwards and two parts beside it. In post-norm "
    "a norm sits on the stream after each sum; in pre-norm at the parts' entrance."
)
bm.show.figure(fig, alt=alt)


# %% [raw] lang="zh"
# attention → 注意力
# feed-forward → 前馈
# norm → 归一化
# post-norm (2017) → 后归一化（2017）
# pre-norm → 前归一化
# Two sketches of a stream that runs upwards and two parts beside it. In post-norm a
# norm sits on the stream after each sum; in pre-norm at the parts' entrance.
# → 两幅草图：残差流自下而上，旁边有两个部件。后归一化里，
#   归一化位于每次相加之后的残差流上；前归一化里，它位于部件的入口。

# %% [markdown]
# On the right no norm stands in the residual stream. Later we measure what that
# changes.
#
# ## Layer norm
#
# A layer norm takes the $d$ numbers of **one position**, shifts them to mean 0 and
# scales them to variance 1. A learned gain $\gamma$ and bias $b$ then set the scale
# that suits:
#
# $$\operatorname{norm}(x) = \gamma \odot \frac{x - \operatorname{mean}(x)}
# {\sqrt{\operatorname{var}(x) + \epsilon}} + b$$
#
# The variance divides by $d$. The small $\epsilon$ keeps the division safe where all
# $d$ numbers are alike.

# %% [markdown] lang="zh" of="abb2f461"
# 右图中，残差流上没有归一化。这会带来什么不同，后面来测量。
#
# ## 层归一化
#
# 层归一化取**一个位置**的 $d$ 个数，把它们平移到均值 0，缩放到方差 1，
# 再由可学习的增益 $\gamma$ 和偏置 $b$ 定下合适的尺度：
#
# $$\operatorname{norm}(x) = \gamma \odot \frac{x - \operatorname{mean}(x)}
# {\sqrt{\operatorname{var}(x) + \epsilon}} + b$$
#
# 方差除以 $d$。一个位置的数全都相同时，小小的 $\epsilon$ 使除法仍然有意义。


# %% exercise="layer_norm" points=2 minutes=6 level=2
def layer_norm(x, gain, bias, eps=1e-5):
    """Bring the d numbers of every position to mean 0 and variance 1, then scale.

    x: (..., d); gain and bias: (d,).
    Returns (..., d). The variance divides by d, and eps is added to it.
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return gain * centred / (variance + eps).sqrt() + bias
    ### END SOLUTION


# %% [raw] lang="zh"
# Bring the d numbers of every position to mean 0 and variance 1, then scale.
# → 把每个位置的 d 个数变成均值 0、方差 1，再缩放。
# x: (..., d); gain and bias: (d,).
# Returns (..., d). The variance divides by d, and eps is added to it.
# → x：(..., d)；gain 和 bias：(d,)。
#   返回 (..., d)。方差除以 d，并在其上加 eps。

# %% check="layer_norm"
draws = torch.Generator().manual_seed(1)
x = 3 + 2 * torch.randn(2, 5, 4, generator=draws)
one, zero = torch.ones(4), torch.zeros(4)
h = layer_norm(x, one, zero)
bm.expect.shape(h, (2, 5, 4), "as many numbers as came in: keepdim=True helps")
advice = "each position by itself has mean 0: average over the last axis, d"
bm.expect.close(h.mean(-1), torch.zeros(2, 5), advice, atol=1e-5)
size = h.square().mean(-1)
advice = "the variance divides by d, and one divides by its square root"
bm.expect.close(size, torch.ones(2, 5), advice, atol=1e-3)
gain, bias = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.0, 0.0, 5.0, 0.0])
advice = "multiply by gain, then add bias, number by number"
bm.expect.close(layer_norm(x, gain, bias), h * gain + bias, advice, atol=1e-5)
flat = layer_norm(torch.full((1, 4), 7.0), one, zero)
bm.expect.close(flat, torch.zeros(1, 4), "numbers all alike: add eps before dividing")
### BEGIN HIDDEN TESTS
x = 1e-3 * torch.randn(3, 6, generator=draws)
right = F.layer_norm(x, (6,))
advice = "eps is added to the variance, inside the root"
bm.expect.close(layer_norm(x, torch.ones(6), torch.zeros(6)), right, advice, atol=1e-5)
right = F.layer_norm(x, (6,), eps=1e-2)
bm.expect.close(layer_norm(x, torch.ones(6), torch.zeros(6), 1e-2), right, advice)
for shape in ((5,), (4, 6), (2, 3, 4, 5)):
    x = torch.randn(shape, generator=draws, dtype=torch.float64)
    gain, bias = torch.randn(2, shape[-1], generator=draws, dtype=torch.float64)
    right = F.layer_norm(x, gain.shape, gain, bias)
    advice = "any number of axes before the last, and float64 stays float64"
    bm.expect.close(layer_norm(x, gain, bias), right, advice, rtol=1e-9, atol=1e-12)
x = 2000 + torch.randn(3, 8, generator=draws)
right = F.layer_norm(x.double(), (8,)).float()
advice = "far from 0 the mean of squares loses all digits: subtract the mean first"
far = layer_norm(x, torch.ones(8), torch.zeros(8))
bm.expect.close(far, right, advice, atol=1e-3)
x = (50 - 8 * torch.randn(2, 3, 7, generator=draws)).double().requires_grad_()
gain, bias = torch.randn(2, 7, generator=draws, dtype=torch.float64).requires_grad_()
advice = (
    "keep the graph: mean and variance depend on x, and gradients flow through them"
)
mine, right = layer_norm(x, gain, bias), F.layer_norm(x, (7,), gain, bias)
bm.expect.close(mine, right, "as many axes as you like, and gain and bias")
got, want = (torch.autograd.grad(h.sin().sum(), (x, gain, bias)) for h in (mine, right))
for slope, true_slope in zip(got, want, strict=True):
    bm.expect.close(slope, true_slope, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# as many numbers as came in: keepdim=True helps
# → 进来多少数，出去就多少：keepdim=True 有用
# each position by itself has mean 0: average over the last axis, d
# → 每个位置各自的均值为 0：沿最后一个轴 d 求平均
# the variance divides by d, and one divides by its square root
# → 方差除以 d，再除以它的平方根
# multiply by gain, then add bias, number by number → 逐个数乘 gain，再加 bias
# numbers all alike: add eps before dividing → 数全都相同时：除之前先加 eps
# eps is added to the variance, inside the root → eps 加在方差上，在根号里面
# keep the graph: mean and variance depend on x, and gradients flow through them
# → 保留计算图：均值和方差都取决于 x，梯度要从它们流过
# any number of axes before the last, and float64 stays float64
# → 最后一个轴之前有几个轴都行，float64 的结果仍是 float64 的精度
# far from 0 the mean of squares loses all digits: subtract the mean first
# → 离 0 很远时，平方的平均会丢光有效数字：先减去均值
# as many axes as you like, and gain and bias → 有几个轴都行，还有 gain 和 bias

# %% [markdown] hint="layer_norm"
# Mean and variance of each position: over which axis? What must their shape be, so that
# you can subtract them from `x`?

# %% [markdown] lang="zh" of="b851f5d8"
# 每个位置的均值和方差：沿哪个轴求？要能从 `x` 中减去，它们的形状应该是什么？

# %% [markdown] hint="layer_norm"
# `x.mean(-1, keepdim=True)` is `(..., 1)` and broadcasts. The variance is the mean of
# the squares of what is left; `x.var()` divides by $d - 1$ unless you say
# `correction=0`.

# %% [markdown] lang="zh" of="5910973f"
# `x.mean(-1, keepdim=True)` 的形状是 `(..., 1)`，可以广播。方差是剩余部分平方的平均；
# `x.var()` 默认除以 $d - 1$，要写 `correction=0` 才除以 $d$。


# %% mistake="layer_norm" says="divides by d"
def layer_norm(x, gain, bias, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    return gain * centred / (x.var(-1, keepdim=True) + eps).sqrt() + bias


# %% mistake="layer_norm" says="over the last axis"
def layer_norm(x, gain, bias, eps=1e-5):
    centred = x - x.mean(0, keepdim=True)
    variance = x.var(0, keepdim=True, correction=0)
    return gain * centred / (variance + eps).sqrt() + bias


# %% mistake="layer_norm" says="then add bias"
def layer_norm(x, gain, bias, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (x.var(-1, keepdim=True, correction=0) + eps).sqrt()


# %% mistake="layer_norm" says="inside the root"
def layer_norm(x, gain, bias, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    return gain * centred / (x.std(-1, keepdim=True, correction=0) + eps) + bias


# %% mistake="layer_norm" says="square root"
def layer_norm(x, gain, bias, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    return gain * centred / (x.var(-1, keepdim=True, correction=0) + eps) + bias


# %% mistake="layer_norm" says="was changed"
def layer_norm(x, gain, bias, eps=1e-5):
    with torch.no_grad():
        x -= x.mean(-1, keepdim=True)
    return gain * x / (x.square().mean(-1, keepdim=True) + eps).sqrt() + bias


# %% mistake="layer_norm" says="keep the graph"
def layer_norm(x, gain, bias, eps=1e-5):
    variance, mean = torch.var_mean(x.detach(), -1, correction=0, keepdim=True)
    return gain * (x - mean) / (variance + eps).sqrt() + bias


# %% mistake="layer_norm" says="subtract the mean first"
def layer_norm(x, gain, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    variance = x.square().mean(-1, keepdim=True) - mean.square()
    return gain * (x - mean) / (variance + eps).sqrt() + bias


# %% mistake="layer_norm" says="float64 stays float64"
def layer_norm(x, gain, bias, eps=1e-5):
    return F.layer_norm(x.float(), gain.shape, gain.float(), bias.float(), eps).to(x)


# %% variant="layer_norm"
def layer_norm(x, gain, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return torch.addcmul(bias, gain, (x - mean) * torch.rsqrt(variance + eps))


# %% [markdown]
# PyTorch has this layer, `nn.LayerNorm`. Yours must agree, and its gradients, too.

# %% [markdown] lang="zh" of="2642f36e"
# PyTorch 也有这个层，即 `nn.LayerNorm`。你的应该与它一致，梯度也一样。

# %% fold
x = torch.randn(4, 5, 8, dtype=torch.float64, requires_grad=True)
pytorchs = nn.LayerNorm(8, dtype=torch.float64)
nn.init.normal_(pytorchs.weight)
nn.init.normal_(pytorchs.bias)


def apart(*outputs):
    """Largest gap of two outputs, and of the gradients of x through them."""
    slopes = [torch.autograd.grad(h.sin().sum(), x)[0] for h in outputs]
    forward, backward = ((a - b).abs().max().item() for a, b in (outputs, slopes))
    return {"forward": forward, "backward": backward}


narrower = layer_norm(x, pytorchs.weight, pytorchs.bias, eps=1e-6)
bm.claim(
    "Your layer norm is PyTorch's, forward and backward, to rounding",
    lambda forward, backward: max(forward, backward) < 1e-12,
    apart(layer_norm(x, pytorchs.weight, pytorchs.bias), pytorchs(x)),
    control=apart(narrower, pytorchs(x)),
    against="another eps",
)

# %% [raw] lang="zh"
# Largest gap of two outputs, and of the gradients of x through them.
# → 两个输出之间的最大差，以及 x 经由它们的梯度之间的最大差。
# Your layer norm is PyTorch's, forward and backward, to rounding
# → 你的层归一化与 PyTorch 的一致，前向和反向只差舍入误差
# another eps → eps 取另一个值

# %% [markdown]
# ## Put together
#
# The feed-forward network widens the vector of a position to $4d$ numbers, sets the
# negative ones to 0, and narrows it again. It sees one position at a time.

# %% [markdown] lang="zh" of="0dfaffb4"
# ## 合在一起
#
# 前馈网络把一个位置的向量拓宽到 $4d$ 个数，负的置零，再收窄回来。
# 它每次只看一个位置。


# %%
class FeedForward(nn.Module):
    """Two linear layers with a ReLU between, for each position alone."""

    def __init__(self, d, hidden):
        super().__init__()
        self.fc, self.proj = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x):
        return self.proj(F.relu(self.fc(x)))  # (..., d)


# %% [raw] lang="zh"
# Two linear layers with a ReLU between, for each position alone.
# → 两个线性层，中间一个 ReLU，每个位置各算各的。

# %% [markdown]
# Now the block. Its parts are made for you; write the two ways through them, as in the
# sketch: first attention, then the feed-forward network.

# %% [markdown] lang="zh" of="45bda46a"
# 现在来搭块。部件已经备好，请照草图写出两条路：先注意力，再前馈网络。


# %% exercise="Block" points=4 minutes=10 level=3
class Block(nn.Module):
    """Attention, then feed-forward; each adds to the residual stream."""

    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        """x: (batch, n, d); mask goes to self.attention(..., mask=mask).

        Pre-norm if self.norm_first, otherwise post-norm. Returns (batch, n, d).
        """
        ### BEGIN SOLUTION
        if self.norm_first:
            x = x + self.attention(self.norm1(x), mask=mask)
            return x + self.feed_forward(self.norm2(x))
        x = self.norm1(x + self.attention(x, mask=mask))
        return self.norm2(x + self.feed_forward(x))
        ### END SOLUTION


# %% [raw] lang="zh"
# Attention, then feed-forward; each adds to the residual stream.
# → 先注意力，后前馈；两者都加到残差流上。
# x: (batch, n, d); mask goes to self.attention(..., mask=mask).
# → x：(batch, n, d)；mask 交给注意力：self.attention(..., mask=mask)。
# Pre-norm if self.norm_first, otherwise post-norm. Returns (batch, n, d).
# → self.norm_first 为真时用前归一化，否则用后归一化。返回 (batch, n, d)。

# %% check="Block"
torch.manual_seed(3)
x = torch.randn(2, 5, 8)
for norm_first in (True, False):
    block = Block(8, 2, norm_first)
    bm.expect.shape(
        block(x), (2, 5, 8), "a block gives what it got: d numbers a position"
    )
    with torch.no_grad():
        for part in (block.attention.out_proj, block.feed_forward.proj):
            part.weight.zero_()
            part.bias.zero_()
    right = x if norm_first else F.layer_norm(x, (8,))
    advice = "with both parts at zero, pre-norm returns x as it was"
    if not norm_first:
        advice = "with both parts at zero, post-norm still norms x"
    bm.expect.close(block(x), right, advice, atol=1e-4)
block = Block(8, 2)
attention, feed_forward = bm.models.MultiHeadAttention(8, 2), FeedForward(8, 32)
block.attention.load_state_dict(attention.state_dict())
block.feed_forward.load_state_dict(feed_forward.state_dict())
with torch.no_grad():
    block.norm1.weight.fill_(0.5)
    h = x + attention(0.5 * F.layer_norm(x, (8,)))
    right = h + feed_forward(F.layer_norm(h, (8,)))
advice = "feed_forward reads the residual stream after attention was added"
bm.expect.close(block(x), right, advice, atol=1e-5)
look = torch.ones(5, 5, dtype=torch.bool).tril()
changed = torch.cat([x[:, :-1], x[:, -1:].flip(-1)], 1)
same = block(changed, look)[:, :-1]
bm.expect.close(
    same, block(x, look)[:, :-1], "hand the mask on to the attention", atol=1e-5
)
### BEGIN HIDDEN TESTS
from bmkit.models.transformer_layers import EncoderLayer

for norm_first in (True, False):
    kit = EncoderLayer(12, 3, norm_first=norm_first)
    with torch.no_grad():
        for i, weight in enumerate(kit.parameters()):
            weight.add_(0.01 * (i + 1))  # norms that differ
    block = Block(12, 3, norm_first)
    block.load_state_dict(kit.state_dict())
    x = torch.randn(2, 6, 12, requires_grad=True)
    look = torch.ones(6, 6, dtype=torch.bool).tril()
    ours, right = block(x, look), kit(x, look)
    bm.expect.close(ours, right, "each part has a norm of its own", atol=1e-4)
    advice = "hand on the mask that is given, and none where none is"
    real = torch.tensor([[True] * 6, [True] * 3 + [False] * 3])[:, None, None, :]
    for given in (None, real):
        bm.expect.close(block(x, given), kit(x, given), advice, atol=1e-4)
    mine, want = (torch.autograd.grad(h.square().sum(), x)[0] for h in (ours, right))
    bm.expect.close(
        mine, want, "keep the graph: gradients must flow", rtol=1e-3, atol=1e-3
    )
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a block gives what it got: d numbers a position → 块进出的形状相同：每个位置 d 个数
# with both parts at zero, pre-norm returns x as it was
# → 两个部件都为零时，前归一化应原样返回 x
# with both parts at zero, post-norm still norms x
# → 两个部件都为零时，后归一化仍要对 x 归一化
# feed_forward reads the residual stream after attention was added
# → feed_forward 读的是加上注意力之后的残差流
# hand the mask on to the attention → 把掩码交给注意力
# each part has a norm of its own → 每个部件有自己的归一化
# hand on the mask that is given, and none where none is
# → 把给定的掩码交下去；没有给，就不用
# keep the graph: gradients must flow → 保留计算图：梯度要能传回去
# norms that differ → 各不相同的归一化参数

# %% [markdown] hint="Block"
# Follow the arrows in the sketch with a finger. Every arrow that joins the stream is a
# `+`.

# %% [markdown] lang="zh" of="3746fbbd"
# 用手指沿着草图里的箭头走。每一支汇入残差流的箭头都是一个 `+`。

# %% [markdown] hint="Block"
# Pre-norm: `x = x + part(norm(x))`. Post-norm: `x = norm(x + part(x))`. Twice each,
# with another part and another norm.

# %% [markdown] lang="zh" of="7512c29b"
# 前归一化：`x = x + part(norm(x))`。后归一化：`x = norm(x + part(x))`。
# 各做两次，部件不同，归一化也不同。

# %% [markdown] hint="Block"
# Pre-norm: `x = x + self.attention(self.norm1(x), mask=mask)`, then the same
# with `self.feed_forward`.

# %% [markdown] lang="zh" of="ca5b5794"
# 前归一化：`x = x + self.attention(self.norm1(x), mask=mask)`，
# 然后对 `self.feed_forward` 照做一遍。


# %% mistake="Block" says="returns x as it was"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        if self.norm_first:
            x = self.attention(self.norm1(x), mask=mask)
            return self.feed_forward(self.norm2(x))
        x = self.norm1(self.attention(x, mask=mask))
        return self.norm2(self.feed_forward(x))


# %% mistake="Block" says="returns x as it was"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        if self.norm_first:
            x = self.norm1(x)
            x = x + self.attention(x, mask=mask)
            x = self.norm2(x)
            return x + self.feed_forward(x)
        x = self.norm1(x + self.attention(x, mask=mask))
        return self.norm2(x + self.feed_forward(x))


# %% mistake="Block" says="still norms x"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        if self.norm_first:
            x = x + self.attention(self.norm1(x), mask=mask)
            return x + self.feed_forward(self.norm2(x))
        x = x + self.norm1(self.attention(x, mask=mask))
        return x + self.norm2(self.feed_forward(x))


# %% mistake="Block" says="after attention was added"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        if self.norm_first:
            look = self.attention(self.norm1(x), mask=mask)
            return x + look + self.feed_forward(self.norm2(x))
        x = self.norm1(x + self.attention(x, mask=mask))
        return self.norm2(x + self.feed_forward(x))


# %% mistake="Block" says="hand the mask on"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        if self.norm_first:
            x = x + self.attention(self.norm1(x))
            return x + self.feed_forward(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.feed_forward(x))


# %% variant="Block"
class Block(nn.Module):
    def __init__(self, d, heads, norm_first=True):
        super().__init__()
        self.norm_first = norm_first
        self.attention = bm.models.MultiHeadAttention(d, heads)
        self.norm1 = nn.LayerNorm(d)
        self.feed_forward = FeedForward(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)

    def forward(self, x, mask=None):
        parts = [
            (self.norm1, lambda h: self.attention(h, mask=mask)),
            (self.norm2, self.feed_forward),
        ]
        for norm, part in parts:
            said = part(norm(x) if self.norm_first else x)
            x = x + said if self.norm_first else norm(x + said)
        return x


# %% [raw] excuse="Block"
# forward: x itself is returned: with both parts at zero the result is x


# %% [markdown]
# The same weights go into your block and into `nn.TransformerEncoderLayer`, in both
# orders. We compare the outputs and the gradients of the input.

# %% [markdown] lang="zh" of="2fbeb54d"
# 把同样的权重放进你的块和 `nn.TransformerEncoderLayer`，两种次序都试，
# 比较输出和对输入的梯度。


# %% fold
def pytorchs_twin(block):
    """nn.TransformerEncoderLayer with the weights of a block."""
    d, heads = block.attention.query.in_features, block.attention.n_heads
    order = {"norm_first": block.norm_first, "batch_first": True}
    theirs = nn.TransformerEncoderLayer(d, heads, 4 * d, dropout=0.0, **order).double()
    asks = [block.attention.query, block.attention.key, block.attention.value]
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.cat([f.weight for f in asks]))
        theirs.self_attn.in_proj_bias.copy_(torch.cat([f.bias for f in asks]))
    theirs.self_attn.out_proj = block.attention.out_proj
    theirs.norm1, theirs.norm2 = block.norm1, block.norm2
    theirs.linear1, theirs.linear2 = block.feed_forward.fc, block.feed_forward.proj
    return theirs


# %% [raw] lang="zh"
# nn.TransformerEncoderLayer with the weights of a block.
# → 与块权重相同的 nn.TransformerEncoderLayer。


# %% fold
def block_gaps(other=False):
    """Your block against PyTorch's with the same weights; the worse of both orders."""
    look, found = torch.ones(5, 5, dtype=torch.bool).tril(), []
    for norm_first in (False, True):
        block = Block(8, 4, norm_first).double()
        theirs = pytorchs_twin(block)
        theirs.norm_first = norm_first != other
        found.append(apart(block(x, look), theirs(x, src_mask=~look)))
    return {name: max(gap[name] for gap in found) for name in ("forward", "backward")}


bm.claim(
    "Your block is PyTorch's encoder layer, in both orders, forward and backward",
    lambda forward, backward: max(forward, backward) < 1e-12,
    block_gaps(),
    control=block_gaps(other=True),
    against="PyTorch's layer in the other order",
)

# %% [raw] lang="zh"
# Your block against PyTorch's with the same weights; the worse of both orders.
# → 你的块与权重相同的 PyTorch 层相比；取两种次序中较差的一个。
# Your block is PyTorch's encoder layer, in both orders, forward and backward
# → 你的块就是 PyTorch 的编码器层：两种次序，前向反向，都一致
# PyTorch's layer in the other order → PyTorch 的层取另一种次序

# %% [markdown]
# Stack $L$ blocks and you have an **encoder**. Pre-norm blocks never norm the stream
# itself, so one norm follows the last of them.

# %% [markdown] lang="zh" of="1b969ec6"
# 把 $L$ 个块叠起来，就是**编码器**。前归一化的块从不对残差流本身归一化，
# 所以最后一块之后再加一个归一化。


# %%
class Encoder(nn.Module):
    """L blocks; every position sees every other."""

    def __init__(self, d, heads, L, norm_first=True):
        super().__init__()
        self.layers = nn.ModuleList(Block(d, heads, norm_first) for _ in range(L))
        self.norm = nn.LayerNorm(d) if norm_first else nn.Identity()

    def forward(self, x, mask=None):
        for block in self.layers:
            x = block(x, mask)
        return self.norm(x)


# %% [raw] lang="zh"
# L blocks; every position sees every other. → L 个块；每个位置都看得见其他位置。

# %% [markdown]
# In a pre-norm stack, write out the sums. If attention in block $l$ adds $a_l$ and its
# feed-forward network $f_l$, then what leaves the last block is
#
# $$x_L = x_0 + \sum_{l=1}^{L} (a_l + f_l) \label{stream}$$
#
# Every part reads from the residual stream and writes to it, and the gradient runs back
# along the same $+$ signs to every part directly. Hooks note down what each part adds.

# %% [markdown] lang="zh" of="a906a25e"
# 把前归一化的各块逐项写开。设第 $l$ 块的注意力加上 $a_l$，前馈网络加上 $f_l$，
# 那么离开最后一块的就是
#
# $$x_L = x_0 + \sum_{l=1}^{L} (a_l + f_l) \label{stream}$$
#
# 每个部件都从残差流中读，又写回残差流；梯度沿着同样的加号往回走，直接到达每个部件。
# 我们用钩子记下每个部件加了什么。

# %% equation="stream" of="ad3b08e0"
blocks = [Block(16, 4).double() for _ in range(5)]
said, x0 = [], torch.randn(2, 7, 16, dtype=torch.float64)
for block in blocks:
    for part in (block.attention, block.feed_forward):
        part.register_forward_hook(lambda module, inputs, output: said.append(output))
x = x0
for block in blocks:
    x = block(x)
bm.equation("stream", x, x0 + torch.stack(said).sum(0), atol=1e-12)

# %% [raw] excuse="stream"
# range(5) → range(10): set-up, both sides go through the same blocks

# %% [markdown]
# ## Pre-norm or post-norm?
#
# The paper of 2017 put the norms into the residual stream, and had to begin training
# with tiny steps, the **warm-up**. In 2020 Xiong and others explained why. When
# training begins, the gradient in the *last* block is large under post-norm, however
# deep the stack is. Under pre-norm the bound that they prove falls like $1/\sqrt{L}$.
# How our small stacks behave, we measure. Change the depth and look.

# %% [markdown] lang="zh" of="81155c41"
# ## 前归一化还是后归一化？
#
# 2017 年的论文把归一化放在残差流上，训练开头不得不先走很小的步子，称为**预热**。
# 2020 年 Xiong 等人解释了原因。训练刚开始时，后归一化下*最后*一块的梯度很大，
# 与叠多深无关；前归一化下，他们证明的上界按 $1/\sqrt{L}$ 下降。
# 我们的小网络究竟如何，量了才知道。改变深度，看一看。


# %% fold
class Mirror(nn.Module):
    """At each position, scores of the letter at the mirrored position."""

    def __init__(self, L, norm_first, letters=10, d=32):
        super().__init__()
        self.embedding, self.read = nn.Embedding(letters, d), nn.Linear(d, letters)
        self.encoder = Encoder(d, 2, L, norm_first)
        for weight in [*self.encoder.parameters(), *self.read.parameters()]:
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)  # as the papers do

    def forward(self, x):
        h = self.embedding(x)  # (batch, n, d)
        return self.read(self.encoder(h + sinusoidal_positions(*h.shape[1:]).to(h)))


def mirror_loss(model, x):
    scores = model(x)
    return F.cross_entropy(scores.flatten(0, 1), x.flip(1).flatten()), scores


# %% [raw] lang="zh"
# At each position, scores of the letter at the mirrored position.
# → 在每个位置，给对称位置上的字母打分。
# as the papers do → 与论文的做法相同


# %% fold
def gradients(L, norm_first, seeds=3):
    """Size of the gradient of each block's last matrix, before training: (L,)."""
    sizes = []
    for s in range(seeds):
        torch.manual_seed(lab.seed + s)
        model, x = Mirror(L, norm_first), torch.randint(10, (128, 6))
        mirror_loss(model, x)[0].backward()
        layers = model.encoder.layers
        sizes.append([block.feed_forward.proj.weight.grad.norm() for block in layers])
    return torch.tensor(sizes).mean(0)


def by_depth(L):
    fig, ax = plt.subplots()
    ax.plot(range(1, L + 1), gradients(L, False), "o-", label="post-norm")
    ax.plot(range(1, L + 1), gradients(L, True), "s--", label="pre-norm")
    ax.set(
        xlabel="block, from the input up", ylabel="size of the gradient", ylim=(0, None)
    )
    ax.legend()
    return fig


alt = "Gradient by block. Post-norm climbs towards the output, pre-norm falls below it."
bm.show.explore(by_depth, alt=alt, L=(2, 24, 2, 12))


# %% [raw] lang="zh"
# Size of the gradient of each block's last matrix, before training: (L,).
# → 训练之前，每一块最后一个矩阵的梯度大小：(L,)。
# post-norm → 后归一化
# pre-norm → 前归一化
# block, from the input up → 第几块（从输入往上）
# size of the gradient → 梯度的大小
# Gradient by block. Post-norm climbs towards the output, pre-norm falls below it.
# → 各块的梯度：后归一化越靠近输出越大，前归一化则逐渐变小。

# %% fold
depths = [2, 6, 12, 24]
post, pre = (
    torch.tensor([gradients(L, order, seeds=6)[-1] for L in depths])
    for order in (False, True)
)
bm.claim(
    "From 2 to 24 blocks, before training, the last block's gradient falls (pre-norm)",
    lambda at_2_blocks, at_24_blocks: at_24_blocks < 0.75 * at_2_blocks,
    {"at_2_blocks": pre[0], "at_24_blocks": pre[-1]},
    control={"at_2_blocks": post[0], "at_24_blocks": post[-1]},
    against="post-norm",
)

# %% [raw] lang="zh"
# From 2 to 24 blocks, before training, the last block's gradient falls (pre-norm)
# → 训练之前，从 2 块到 24 块，最后一块的梯度变小（前归一化）
# post-norm → 后归一化

# %% [markdown]
# Does it matter? We train stacks of six blocks to mirror six letters, with the learning
# rate 0.01 from the first step; then with a warm-up of 50 steps; then post-norm with a
# tenth of that rate. Every step draws new letters, so the score is one on unseen
# examples. Guess first: which of the five get beyond chance, 0.1?

# %% [markdown] lang="zh" of="a90a2699"
# 这要紧吗？我们训练六个块的网络，把六个字母左右对调。先是第一步起学习率就是 0.01；
# 再加 50 步预热；最后是后归一化，学习率只有十分之一。
# 每一步都抽新的字母，所以成绩都是在没见过的样本上得到的。
# 先猜一猜：这五种中哪些能超过瞎猜的 0.1？

# %% fold
steps, warm = lab.pick(ci=110, workshop=300, full=300), 50


def mirror_course(norm_first, lr, warm_up, seed):
    """Share of letters right at each step of a training, (steps,)."""
    torch.manual_seed(seed)
    model = Mirror(6, norm_first).to(lab.device)
    optimizer, right = torch.optim.Adam(model.parameters(), lr), []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * min(1, (step + 1) / (warm_up or 1))
        x = torch.randint(10, (32, 6)).to(lab.device)
        loss, scores = mirror_loss(model, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right.append((scores.argmax(-1) == x.flip(1)).float().mean().item())
    return right


# %% [raw] lang="zh"
# Share of letters right at each step of a training, (steps,).
# → 训练每一步答对字母的比例，(steps,)。

# %% fold
arms = {
    "pre-norm": (True, 1e-2, 0),
    "post-norm, warm-up": (False, 1e-2, warm),
    "post-norm, a tenth of the rate": (False, 1e-3, 0),
    "post-norm": (False, 1e-2, 0),
    "pre-norm, warm-up": (True, 1e-2, warm),
}
seeds = range(lab.seed, lab.seed + lab.pick(ci=3, workshop=3, full=7))
courses = {
    name: torch.tensor([mirror_course(*arm, seed) for seed in seeds])
    for name, arm in bm.show.progress(arms.items(), "stacks")
}  # (seeds, steps) each

# %% [raw] lang="zh"
# pre-norm → 前归一化
# post-norm, warm-up → 后归一化，预热
# post-norm, a tenth of the rate → 后归一化，学习率为十分之一
# post-norm → 后归一化
# pre-norm, warm-up → 前归一化，预热
# stacks → 网络
# (seeds, steps) each → 每个都是 (seeds, steps)

# %% fold
fig, ax = plt.subplots()
for (name, course), mark in zip(courses.items(), "os^vD", strict=True):
    smooth = course.unfold(1, 10, 10).mean(-1)  # (seeds, steps/10)
    at = torch.arange(10, steps + 1, 10)
    ax.plot(at, smooth.mean(0), marker=mark, markevery=2, label=name)
    ax.fill_between(at, smooth.amin(0), smooth.amax(0), alpha=0.15)
ax.axhline(0.1, color="grey", lw=1, ls=":")
ax.set(xlabel="step", ylabel="letters right", ylim=(0, 1.05))
ax.legend()
alt = (
    "Letters right during training, mean and range over seeds. Pre-norm climbs to "
    "nearly all; post-norm stays near chance; with warm-up or a small rate it climbs "
    "later."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# step → 步数
# letters right → 答对的字母
# Letters right during training, mean and range over seeds. Pre-norm climbs to nearly
# all; post-norm stays near chance; with warm-up or a small rate it climbs later.
# → 训练中答对字母的比例，各种子的平均和范围。前归一化升到几乎全对；
#   后归一化停在瞎猜附近；加上预热或用小学习率，则升得晚一些。

# %%
pre, warmed, _, post, both = (course[:, -10:].mean(1) for course in courses.values())
bm.claim(
    "At the rate 0.01, without warm-up, six pre-norm blocks learn, post-norm do not",
    lambda right: right > 0.7,
    {"right": pre.min()},
    control={"right": post.max()},
    against="post-norm, the best of its seeds",
)
bm.claim(
    "Warm-up helps post-norm: every seed with it beats every seed without",
    lambda worst_with, best_without: worst_with > best_without + 0.05,
    {"worst_with": warmed.min(), "best_without": post.max()},
    control={"worst_with": both.min(), "best_without": pre.max()},
    against="pre-norm, which needs none",
)

# %% [raw] lang="zh"
# At the rate 0.01, without warm-up, six pre-norm blocks learn, post-norm do not
# → 学习率 0.01、不预热时，六个前归一化的块学得会，后归一化的学不会
# post-norm, the best of its seeds → 后归一化，取最好的种子
# Warm-up helps post-norm: every seed with it beats every seed without
# → 预热对后归一化有用：预热过的每个种子都胜过没预热的每个种子
# pre-norm, which needs none → 不需要预热的前归一化

# %% [markdown]
# With warm-up or a smaller rate post-norm learns as well, only later. The paper's own
# translations were made with post-norm and a schedule of learning rates. But most large
# models since GPT-2 put the norm first, and so do we from here on.
#
# ## The decoder
#
# Reading is half of the work. A **decoder** writes, one piece after another, and each
# piece may depend on those before. Our task: read a word of three to eight letters,
# write it backwards. The pieces, or **tokens**, are letters and three signs: `START`,
# `STOP` (shown as `>`), and `PAD` (shown as `·`), which fills the short words of a
# batch.

# %% [markdown] lang="zh" of="6407e68e"
# 加上预热或用较小的学习率，后归一化也学得会，只是晚一些。
# 原论文的翻译就是用后归一化加学习率调度做出来的。
# 不过从 GPT-2 起，多数大模型都把归一化放在前面，我们从这里起也这样做。
#
# ## 解码器
#
# 读只是一半的工作。**解码器**负责写，一个接一个，后写的可以依据先写的。
# 我们的任务是：读一个三到八个字母的单词，把它倒着写出来。
# 写的单位叫**词元**，这里是字母和三个符号：`START` 表示开始，
# `STOP`（显示为 `>`）表示结束，`PAD`（显示为 `·`）用来填满一批中较短的单词。

# %% fold
LETTERS = "abcdefghijklmnopqrstuvwxyz"
START, STOP, PAD, TOKENS = 26, 27, 28, 29


def draw(batch, shortest, longest, draws):
    """Random words and the same backwards, each ended by STOP.

    Returns x: (batch, longest) and y: (batch, longest + 1).
    """
    n = torch.randint(shortest, longest + 1, (batch, 1), generator=draws)
    letters = torch.randint(26, (batch, longest), generator=draws)
    position = torch.arange(longest)
    backwards = letters.gather(1, (n - 1 - position).clamp(min=0))
    y = F.pad(backwards.masked_fill(position >= n, STOP), (0, 1), value=STOP)
    return letters.masked_fill(position >= n, PAD), y


def spell(tokens):
    signs = LETTERS + "<>·"
    return "".join(signs[token] for token in tokens)


for x, y in zip(*draw(3, 3, 8, torch.Generator().manual_seed(1)), strict=True):
    print(spell(x), "→", spell(y))

# %% [raw] lang="zh"
# Random words and the same backwards, each ended by STOP.
# → 随机单词及其倒写，倒写以 STOP 结尾。
# Returns x: (batch, longest) and y: (batch, longest + 1).
# → 返回 x：(batch, longest) 和 y：(batch, longest + 1)。

# %% [markdown]
# In training the decoder gives scores of the *next* token at every position, all
# positions at once. So what it reads is the target shifted one to the right, with
# `START` in front: at position $t$ it has seen the tokens before the one that is due.
# And no position may look at a later one, or it could copy the answer. To feed it the
# right tokens, and not its own, is called **teacher forcing**.

# %% [markdown] lang="zh" of="5ee289f0"
# 训练时，解码器要在每个位置说出*下一个*词元，所有位置同时进行。
# 所以在位置 $t$，它应该读到前面的内容：把目标右移一格，最前面放上 `START`。
# 而且任何位置都不许看后面，否则照抄答案就行了。
# 用正确的词元、而不是它自己写的词元来喂它，叫做**教师强制**。


# %% exercise="decoder_inputs" points=2 minutes=6 level=2
def decoder_inputs(y, start):
    """What a decoder reads while it learns to write y, and who may look where.

    y: the tokens to write, (batch, n), integers; start: the number of START.
    Returns two tensors: the tokens, (batch, n), y shifted one to the right behind
    start; and the mask, booleans, (n, n), True at [i, j] if position i may look at
    position j.
    """
    ### BEGIN SOLUTION
    first = torch.full_like(y[:, :1], start)
    tokens = torch.cat([first, y[:, :-1]], 1)
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool).tril()
    ### END SOLUTION


# %% [raw] lang="zh"
# What a decoder reads while it learns to write y, and who may look where.
# → 解码器学着写 y 时读的东西，以及谁可以看哪里。
# y: the tokens to write, (batch, n), integers; start: the number of START.
# Returns two tensors: the tokens, (batch, n), y shifted one to the right behind
# start; and the mask, booleans, (n, n), True at [i, j] if position i may look at
# position j.
# → y：要写的词元，(batch, n)，整数；start：START 的编号。
#   返回两个张量：一是词元，(batch, n)，start 之后是右移一格的 y；
#   二是掩码，布尔值，(n, n)，位置 i 可以看位置 j 时 [i, j] 处为 True。

# %% check="decoder_inputs"
y = torch.tensor([[5, 6, 7, 8], [1, 2, 9, 9]])
answer = decoder_inputs(y, 0)
tokens, mask = bm.expect.several(answer, 2, "return the tokens and the mask")
bm.expect.shape(tokens, (2, 4), "as many as y has: START comes, the last token goes")
bm.expect.true((tokens[:, 0] == 0).all(), "the first position reads START")
advice = "tokens are whole numbers, as in y: an embedding looks them up"
bm.expect.true(tokens.dtype == y.dtype, advice)
advice = "position t reads the token before: shift y to the right, not to the left"
bm.expect.equal(tokens[:, 1:], y[:, :-1], advice)
bm.expect.shape(mask, (4, 4), "a row for each position that looks")
advice = "the mask is a tensor of booleans, not of numbers"
bm.expect.true(getattr(mask, "dtype", None) == torch.bool, advice)
advice = "no position may look ahead: row i stops at column i"
bm.expect.true(not mask.triu(1).any(), advice)
advice = "a position may look at itself: after the shift, what stands there is known"
bm.expect.true(mask.diagonal().all(), advice)
bm.expect.true(mask[3].all(), "the last position may look at all before it")
### BEGIN HIDDEN TESTS
tokens, mask = decoder_inputs(torch.arange(12).reshape(2, 6), 99)
right = torch.tensor([[99, 0, 1, 2, 3, 4], [99, 6, 7, 8, 9, 10]])
bm.expect.equal(tokens, right, "START as it is given, then y without its last")
for n in (6, 1, 20):
    y = torch.arange(3 * n).reshape(3, n)
    tokens, mask = decoder_inputs(y, 77)
    right = torch.tensor([[77, *row[:-1]] for row in y.tolist()])
    bm.expect.equal(tokens, right, "any length, also a single token")
    want = torch.tensor([[j <= i for j in range(n)] for i in range(n)])
    bm.expect.equal(mask, want, "row i may look at columns 0 to i")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return the tokens and the mask → 请返回词元和掩码
# as many as y has: START comes, the last token goes
# → 和 y 一样多：来了 START，就走了最后一个词元
# the first position reads START → 第一个位置读 START
# position t reads the token before: shift y to the right, not to the left
# → 位置 t 读前一个词元：y 要向右移，不是向左
# tokens are whole numbers, as in y: an embedding looks them up
# → 词元是整数，与 y 一样：嵌入要用它们来查表
# a row for each position that looks → 每个要看的位置一行
# the mask is a tensor of booleans, not of numbers → 掩码是布尔值张量，不是数的张量
# no position may look ahead: row i stops at column i
# → 任何位置都不许往前看：第 i 行到第 i 列为止
# a position may look at itself: after the shift, what stands there is known
# → 位置可以看自己：右移之后，那里的词元已经写出来了
# the last position may look at all before it → 最后一个位置可以看前面的一切
# START as it is given, then y without its last → 先是给定的 START，再是去掉末尾的 y
# any length, also a single token → 任何长度都行，只有一个词元也行
# row i may look at columns 0 to i → 第 i 行可以看第 0 到 i 列

# %% [markdown] hint="decoder_inputs"
# Write it down for `y = [[5, 6, 7, 8]]`: what has been written when 5 is due? When 6 is
# due?

# %% [markdown] lang="zh" of="e54e5088"
# 拿 `y = [[5, 6, 7, 8]]` 写写看：该写 5 的时候，已经写出了什么？该写 6 的时候呢？

# %% [markdown] hint="decoder_inputs"
# `torch.full_like(y[:, :1], start)` is a column of STARTs. Put it before `y[:, :-1]`
# with `torch.cat`. You know the mask from the attention lesson.

# %% [markdown] lang="zh" of="c93c1606"
# `torch.full_like(y[:, :1], start)` 是一列 START，用 `torch.cat` 把它接到 `y[:, :-1]`
# 前面。掩码在注意力那一课见过。


# %% mistake="decoder_inputs" says="to the right"
def decoder_inputs(y, start):
    tokens = torch.cat([torch.full_like(y[:, :1], start), y[:, 1:]], 1)
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool).tril()


# %% mistake="decoder_inputs" says="the last token goes"
def decoder_inputs(y, start):
    tokens = torch.cat([torch.full_like(y[:, :1], start), y], 1)
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool).tril()


# %% mistake="decoder_inputs" says="reads START"
def decoder_inputs(y, start):
    n = y.shape[1]
    return y, torch.ones(n, n, dtype=torch.bool).tril()


# %% mistake="decoder_inputs" says="look at itself"
def decoder_inputs(y, start):
    tokens = torch.cat([torch.full_like(y[:, :1], start), y[:, :-1]], 1)
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool).tril(-1)


# %% mistake="decoder_inputs" says="look ahead"
def decoder_inputs(y, start):
    tokens = torch.cat([torch.full_like(y[:, :1], start), y[:, :-1]], 1)
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool)


# %% mistake="decoder_inputs" says="was changed"
def decoder_inputs(y, start):
    tokens = y.roll(1, 1)
    tokens[:, 0] = start
    y[:, -1] = start
    n = y.shape[1]
    return tokens, torch.ones(n, n, dtype=torch.bool).tril()


# %% mistake="decoder_inputs" says="whole numbers"
def decoder_inputs(y, start):
    n = y.shape[1]
    tokens = torch.cat([torch.full((len(y), 1), float(start)), y[:, :-1]], 1)
    return tokens, torch.ones(n, n, dtype=torch.bool).tril()


# %% variant="decoder_inputs"
def decoder_inputs(y, start):
    tokens = y.roll(1, dims=1)  # a copy
    tokens[:, 0] = start
    position = torch.arange(y.shape[1])
    return tokens, position[:, None] >= position


# %% [markdown]
# A decoder's block does one thing more than an encoder's. Between attention and
# feed-forward it looks at what the encoder made of the word: **cross-attention**. The
# queries come from what is written, the keys and values from what was read.

# %% [markdown] lang="zh" of="4604da3f"
# 解码器的块比编码器的多做一件事：在注意力和前馈之间，再看一眼编码器读出来的东西，
# 这就是**交叉注意力**。查询来自已写的部分，键和值来自读到的部分。


# %%
class DecoderBlock(Block):
    """Attention to what is written, to what was read, then feed-forward."""

    def __init__(self, d, heads):
        super().__init__(d, heads)
        self.cross_attention = bm.models.MultiHeadAttention(d, heads)
        self.norm3 = nn.LayerNorm(d)

    def forward(self, x, context, mask, context_mask):
        x = x + self.attention(self.norm1(x), mask=mask)
        x = x + self.cross_attention(self.norm2(x), context, mask=context_mask)
        return x + self.feed_forward(self.norm3(x))


class Decoder(nn.Module):
    """L decoder blocks and a norm."""

    def __init__(self, d, heads, L):
        super().__init__()
        self.layers = nn.ModuleList(DecoderBlock(d, heads) for _ in range(L))
        self.norm = nn.LayerNorm(d)

    def forward(self, x, context, mask, context_mask):
        for block in self.layers:
            x = block(x, context, mask, context_mask)
        return self.norm(x)


# %% [raw] lang="zh"
# Attention to what is written, to what was read, then feed-forward.
# → 先对已写的做注意力，再对读到的做注意力，然后前馈。
# L decoder blocks and a norm. → L 个解码器块，再加一个归一化。

# %% [markdown]
# Encoder and decoder together are the Transformer of 2017. The score of a next token is
# the dot product with its embedding in the decoder. So embeddings start small, and are
# scaled up where they come in. The switch `places` lets us leave the positions out.

# %% [markdown] lang="zh" of="54d32c4c"
# 编码器加解码器，就是 2017 年的 Transformer。下一个词元的分数，
# 是解码器的输出与该词元嵌入的点积；所以嵌入的初值取得小，进入网络时再放大。
# 开关 `places` 可以去掉位置编码。


# %%
class Transformer(nn.Module):
    """Reads one sequence, writes another."""

    def __init__(self, d=32, heads=2, L=1, places=True):
        super().__init__()
        self.places = places
        self.source_embedding = nn.Embedding(TOKENS, d)
        self.target_embedding = nn.Embedding(TOKENS, d)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=d**-0.5)
        self.encoder, self.decoder = Encoder(d, heads, L), Decoder(d, heads, L)

    def put(self, embedding, tokens):
        h = math.sqrt(embedding.embedding_dim) * embedding(tokens)  # (batch, n, d)
        if self.places:
            h = h + sinusoidal_positions(*h.shape[1:]).to(h)
        return h

    def forward(self, x, tokens, mask):
        """Scores of the token after each position of tokens, (batch, n, TOKENS)."""
        real = (x != PAD)[:, None, None, :]  # (batch, 1, 1, m)
        context = self.encoder(self.put(self.source_embedding, x), real)
        h = self.decoder(self.put(self.target_embedding, tokens), context, mask, real)
        return h @ self.target_embedding.weight.T


# %% [raw] lang="zh"
# Reads one sequence, writes another. → 读一个序列，写另一个序列。
# Scores of the token after each position of tokens, (batch, n, TOKENS).
# → tokens 各位置之后那个词元的分数，(batch, n, TOKENS)。

# %% [markdown]
# `bm.models.Transformer`, which later lessons use, must give the same scores with the
# same weights.

# %% [markdown] lang="zh" of="e3cf2649"
# 后面各课用的是 `bm.models.Transformer`。权重相同，给出的分数也应该相同。

# %% fold
yours = Transformer(d=16, heads=4, L=3).double()
kit = bm.models.Transformer(
    TOKENS, TOKENS, d_model=16, n_heads=4, n_layers=3, dropout=0.0
)
kit.double().load_state_dict(yours.state_dict())
x, y = draw(64, 3, 8, torch.Generator().manual_seed(2))
tokens, mask = decoder_inputs(y, START)
with torch.no_grad():
    ours = yours(x, tokens, mask)
    difference, unmasked = (
        (ours - kit(x, tokens, real)).abs().max()
        for real in (x != PAD, torch.ones_like(x, dtype=torch.bool))
    )
bm.claim(
    "Your Transformer and bmkit's agree on a padded batch, but for float32 positions",
    lambda difference: difference < 1e-4,
    {"difference": difference},
    control={"difference": unmasked},
    against="bmkit's, not told which letters are padding",
)

# %% [raw] lang="zh"
# Your Transformer and bmkit's agree on a padded batch, but for float32 positions
# → 在带填充的批次上，你的 Transformer 与 bmkit 的一致，只差 float32 的位置编码
# bmkit's, not told which letters are padding → 不告诉 bmkit 的模型哪些是填充

# %% [markdown]
# ### Is the future hidden?
#
# A wrong mask gives no error message. In training the decoder copies the answer, its
# loss falls to nearly nothing, and only when it writes on its own does it fail. So do
# not believe a mask: test the model. Design the test.

# %% [markdown] lang="zh" of="df775e19"
# ### 未来真的被挡住了吗？
#
# 掩码错了不会报错。训练时解码器照抄答案，损失降到几乎为零；到它自己写的时候才露馅。
# 所以别轻信掩码，要检验模型。请设计这个检验。


# %% exercise="sees_future" points=3 minutes=6 level=3
def sees_future(scores_after, tokens, other):
    """Whether any score depends on a token that comes later.

    scores_after: a function; from tokens, (batch, n), it gives scores of the token
    after each position, (batch, n, vocabulary).
    tokens, other: two batches, (batch, n), that differ at every position.
    Returns a bool. Changes of scores up to 1e-4 are rounding.
    """
    ### BEGIN SOLUTION
    scores = scores_after(tokens)
    for t in range(1, tokens.shape[1]):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)  # another future
        if (scores_after(mixed) - scores)[:, :t].abs().max() > 1e-4:
            return True
    return False
    ### END SOLUTION


# %% [raw] lang="zh"
# Whether any score depends on a token that comes later.
# → 是否有分数取决于后面的词元。
# scores_after: a function; from tokens, (batch, n), it gives scores of the token
# after each position, (batch, n, vocabulary).
# tokens, other: two batches, (batch, n), that differ at every position.
# Returns a bool. Changes of scores up to 1e-4 are rounding.
# → scores_after：一个函数；给它词元 (batch, n)，它返回各位置之后那个词元的分数，
#   (batch, n, vocabulary)。
#   tokens、other：两批词元 (batch, n)，每个位置都不同。
#   返回 bool。分数的变化不超过 1e-4 时算作舍入误差。
# another future → 换一个未来

# %% check="sees_future"
one = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 5, 3, 5], [0, 1, 0, 7, 2]])
two = (one + 3) % 8
table = torch.randn(8, 6, generator=torch.Generator().manual_seed(4))


def decoder(weights):
    """Scores that mix the tokens of a row by weights, (n, n)."""
    return lambda tokens: weights @ table[tokens]


past = torch.ones(5, 5).tril()
got = sees_future(decoder(past), one, two)
bm.expect.true(isinstance(got, bool), "return True or False")
advice = "a position may depend on itself and on all before it: this decoder is right"
bm.expect.true(not got, advice)
every = sees_future(decoder(torch.ones(5, 5)), one, two)
bm.expect.true(every, "here each position sees all: change what comes later, compare")
slip = sees_future(decoder(past + torch.eye(5).roll(1, 1).triu()), one, two)
bm.expect.true(slip, "here each position sees the next: that is later, too")
### BEGIN HIDDEN TESTS
advice = "one position that sees one later token is enough: try them all"
for i, j in ((0, 1), (0, 4), (1, 2), (2, 4), (3, 4)):
    leak = past.clone()
    leak[i, j] = 0.5
    bm.expect.true(sees_future(decoder(leak), one, two), advice)
three = (one + 5) % 8
advice = "a change counts in either direction, and from 1e-4 on"
for size, right in ((0.7e-4, False), (1.3e-4, True), (-1.3e-4, True)):
    rise = lambda tokens, size=size: (
        decoder(past)(tokens)
        + size * (tokens[1, 4] == three[1, 4]) * F.one_hot(torch.tensor(1), 5)[:, None]
    )
    bm.expect.true(sees_future(rise, one.clone(), three.clone()) == right, advice)
advice = "every row of the batch counts"
for row in range(3):
    at = torch.zeros(3, 5, 1).index_fill(0, torch.tensor([row]), 1.0)
    leak = lambda tokens, at=at: (
        decoder(past)(tokens) + at * table[tokens].flip(1)  # one row sees ahead
    )
    bm.expect.true(sees_future(leak, one, two), advice)
advice = "scores may be large: a change of more than 1e-4 is none of rounding"
large = lambda tokens: 1000 + 0.001 * table.double()[tokens].flip(1)
bm.expect.true(sees_future(large, one, two), advice)
advice = "a row of one token has no future"
bm.expect.true(not sees_future(decoder(past[:1, :1]), one[:, :1], two[:, :1]), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# Scores that mix the tokens of a row by weights, (n, n).
# → 把一行中的词元按权重 (n, n) 混合而得的分数。
# return True or False → 请返回 True 或 False
# a position may depend on itself and on all before it: this decoder is right
# → 一个位置可以取决于自己和前面的一切：这个解码器没有问题
# here each position sees all: change what comes later, compare
# → 这里每个位置都看得见一切：改动后面的词元，再比较
# here each position sees the next: that is later, too
# → 这里每个位置都看得见下一个：那也是后面
# one position that sees one later token is enough: try them all
# → 只要有一个位置看得见一个后面的词元就够了：每个位置都要试
# a change counts in either direction, and from 1e-4 on
# → 变大变小都算，超过 1e-4 就算
# every row of the batch counts → 批次里的每一行都算
# one row sees ahead → 有一行看得见后面
# scores may be large: a change of more than 1e-4 is none of rounding
# → 分数可以很大：变化超过 1e-4 就不是舍入误差
# a row of one token has no future → 只有一个词元的行没有未来

# %% [markdown] hint="sees_future"
# Keep the tokens up to a position and exchange what comes after. Which scores must then
# stay as they were?

# %% [markdown] lang="zh" of="ed498ab5"
# 保留某个位置之前的词元，换掉后面的。这时哪些分数应当保持不变？

# %% [markdown] hint="sees_future"
# For every `t` from 1 on: `mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)`. The
# scores at positions 0 to `t - 1`, `[:, :t]`, must not move, neither up nor down.

# %% [markdown] lang="zh" of="4ef57000"
# 对从 1 开始的每个 `t`：`mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)`。
# 位置 0 到 `t - 1` 的分数，即 `[:, :t]`，既不能变大也不能变小。


# %% mistake="sees_future" says="this decoder is right"
def sees_future(scores_after, tokens, other):
    return (scores_after(tokens) - scores_after(other)).abs().max().item() > 1e-4


# %% mistake="sees_future" says="this decoder is right"
def sees_future(scores_after, tokens, other):
    scores, n = scores_after(tokens), tokens.shape[1]
    for t in range(1, n):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)
        if (scores_after(mixed) - scores)[:, : t + 1].abs().max() > 1e-4:
            return True
    return False


# %% mistake="sees_future" says="try them all"
def sees_future(scores_after, tokens, other):
    mixed = torch.cat([tokens[:, :-1], other[:, -1:]], 1)
    gap = scores_after(mixed) - scores_after(tokens)
    return gap[:, :-1].abs().max().item() > 1e-4 if tokens.shape[1] > 1 else False


# %% mistake="sees_future" says="either direction"
def sees_future(scores_after, tokens, other):
    scores = scores_after(tokens)
    for t in range(1, tokens.shape[1]):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)
        if (scores_after(mixed) - scores)[:, :t].max() > 1e-4:
            return True
    return False


# %% mistake="sees_future" says="either direction"
def sees_future(scores_after, tokens, other):
    scores = scores_after(tokens)
    for t in range(1, tokens.shape[1]):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)
        if not torch.equal(scores_after(mixed)[:, :t], scores[:, :t]):
            return True
    return False


# %% mistake="sees_future" says="every row"
def sees_future(scores_after, tokens, other):
    scores = scores_after(tokens)
    for t in range(1, tokens.shape[1]):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)
        if (scores_after(mixed) - scores)[0, :t].abs().max() > 1e-4:
            return True
    return False


# %% mistake="sees_future" says="scores may be large"
def sees_future(scores_after, tokens, other):
    scores = scores_after(tokens)
    for t in range(1, tokens.shape[1]):
        mixed = torch.cat([tokens[:, :t], other[:, t:]], 1)
        if not torch.allclose(scores_after(mixed)[:, :t], scores[:, :t], atol=1e-4):
            return True
    return False


# %% variant="sees_future"
def sees_future(scores_after, tokens, other):
    scores, n, gaps = scores_after(tokens), tokens.shape[1], [0.0]
    for t in range(1, n):
        changed = tokens.clone()
        changed[:, t] = other[:, t]
        gap = (scores_after(changed) - scores).abs()[:, :t]
        gaps.append(float(gap.max()))
    return max(gaps) > 1e-4


# %% [raw] excuse="sees_future"
# tokens.shape[1] → other.shape[1]: both batches have the same shape
# ….abs().max() > 0.0001 → ….abs().max() >= 0.0001: a change of exactly 1e-4 is rounding


# %% fold
def leaks(mask):
    """Whether your Transformer sees the future under this mask."""
    with torch.no_grad():
        return sees_future(lambda some: yours(x, some, mask), tokens, 25 - tokens % 26)


bm.claim(
    "With one diagonal too many in the mask, the decoder sees the token it must write",
    lambda sees: sees,
    {"sees": leaks(mask.roll(1, 1) | mask)},
    control={"sees": leaks(mask)},
    against="the mask of decoder_inputs",
)

# %% [raw] lang="zh"
# Whether your Transformer sees the future under this mask.
# → 你的 Transformer 在这个掩码下是否看得见未来。
# With one diagonal too many in the mask, the decoder sees the token it must write
# → 掩码多了一条对角线，解码器就看得见它该写的词元
# the mask of decoder_inputs → decoder_inputs 的掩码

# %% [markdown]
# Why may all positions be trained at once? By the chain rule of probability, what a
# decoder says about a whole answer is the product of what it says about each token,
# given those before. In logarithms,
#
# $$\log P(y \mid x) = \sum_{t=1}^{n} \log P(y_t \mid y_{<t}, x) \label{chain}$$
#
# On the left we write step by step: $n$ calls, each of which sees only the beginning,
# and multiply. On the right one call with teacher forcing does it all. They agree
# because the mask hides the future.

# %% [markdown] lang="zh" of="f1cb7e72"
# 为什么所有位置可以同时训练？按照概率的链式法则，解码器对整个答案给出的概率，
# 等于它在已知前文时对每个词元给出的概率之积。取对数，
#
# $$\log P(y \mid x) = \sum_{t=1}^{n} \log P(y_t \mid y_{<t}, x) \label{chain}$$
#
# 左边一步一步写：调用 $n$ 次，每次只看得见开头，再把概率乘起来。
# 右边用教师强制，一次调用全部算完。因为掩码挡住了未来，两者相等。

# %% equation="chain" of="1ca5b0d8"
x, y = draw(1, 6, 6, torch.Generator().manual_seed(3))
tokens, mask = decoder_inputs(y, START)
probability = 1.0
for t in range(y.shape[1]):
    prefix = slice(0, t + 1)
    scores = yours(x, tokens[:, prefix], mask[prefix, prefix])
    probability = probability * scores[0, -1].softmax(-1)[y[0, t]]
at_once = yours(x, tokens, mask)[0].log_softmax(-1)  # (n, TOKENS)
bm.equation("chain", probability.log(), at_once[range(7), y[0]].sum(), atol=1e-5)

# %% [markdown]
# This is what §3.3.3 means by "easy to train in parallel". A recurrent network has to
# walk through the word; here each position is a row of the same matrix products.
#
# ## It learns to spell backwards
#
# We train two of them on random letters, one with positions and one without. Words that
# came up in training are noted down, so that the test has only words that are new.

# %% [markdown] lang="zh" of="880b46a2"
# 这正是 §3.3.3 所说的“易于并行训练”的含义。循环网络必须一步步走过单词；
# 在这里，每个位置只是同一批矩阵乘法中的一行。
#
# ## 学会倒着拼
#
# 我们用随机字母训练两个 Transformer，一个有位置编码，一个没有。
# 训练时出现过的单词都记下来，这样测试只用新的单词。

# %%
steps, longest = lab.pick(ci=500, workshop=1500, full=3000), 8
seen = set()


def learn(places):
    """Train one; returns it, and the share of tokens right up to STOP, at each step."""
    torch.manual_seed(lab.seed)
    model, right = Transformer(places=places).to(lab.device), []
    optimizer = torch.optim.Adam(model.parameters())
    draws = torch.Generator().manual_seed(lab.seed)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)  # down to 0
        x, y = draw(64, 3, longest, draws)
        seen.update(spell(word).rstrip("·") for word in x)
        tokens, mask = decoder_inputs(y, START)
        x, y, tokens, mask = (a.to(lab.device) for a in (x, y, tokens, mask))
        scores = model(x, tokens, mask)
        loss = F.cross_entropy(scores.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right.append((scores.argmax(-1) == y)[tokens != STOP].float().mean().item())
    return model.eval(), right


speller, curve = learn(places=True)
placeless, flat_curve = learn(places=False)

# %% [raw] lang="zh"
# Train one; returns it, and the share of tokens right up to STOP, at each step.
# → 训练一个 Transformer；返回它，以及每一步到 STOP 为止答对词元的比例。
# down to 0 → 降到 0

# %% fold
fig, ax = plt.subplots()
for name, right, style in (
    ("with positions", curve, "-"),
    ("without", flat_curve, "--"),
):
    smooth = torch.tensor(right).unfold(0, 20, 20).mean(-1)
    ax.plot(torch.arange(20, steps + 1, 20), smooth, style, label=name)
ax.set(xlabel="step", ylabel="tokens right", ylim=(0, 1.05))
ax.legend()
alt = "Tokens right during training: with positions all of them, without only part."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# with positions → 有位置编码
# without → 没有
# step → 步数
# tokens right → 答对的词元
# Tokens right during training: with positions all of them, without only part.
# → 训练中答对词元的比例：有位置编码的几乎全对，没有的只对一部分。

# %% [markdown]
# These scores come from teacher forcing. When the decoder writes on its own, it reads
# its own tokens. **Greedy decoding** takes the token with the best score, appends it,
# asks again, and ends at `STOP`. Some words of a batch stop before others: they go on
# with `STOP` until all are done.

# %% [markdown] lang="zh" of="a767d871"
# 这些成绩是教师强制下得到的。真正自己写的时候，解码器只有自己写出的词元可以依靠。
# **贪心解码**每次取分数最高的词元，接上去，再问一次，直到 `STOP`。
# 一批单词中有的先停，就一直写 `STOP`，等全部写完。


# %% exercise="greedy" points=3 minutes=10 level=3
def greedy(scores_after, rows, start, stop, limit):
    """Write token by token, always the one with the best score.

    scores_after: a function; from the tokens so far, (rows, t), which begin with
    start, it gives scores of the token after each position, (rows, t, tokens).
    Returns (rows, w) without the start. A row has only stop after its first stop, and
    writing ends when every row has stopped or w = limit.
    """
    ### BEGIN SOLUTION
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    while tokens.shape[1] <= limit and not done.all():
        best = scores_after(tokens)[:, -1].argmax(-1)  # (rows,)
        best = best.masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
    return tokens[:, 1:]
    ### END SOLUTION


# %% [raw] lang="zh"
# Write token by token, always the one with the best score.
# → 一个词元接一个词元地写，每次取分数最高的。
# scores_after: a function; from the tokens so far, (rows, t), which begin with
# start, it gives scores of the token after each position, (rows, t, tokens).
# Returns (rows, w) without the start. A row has only stop after its first stop, and
# writing ends when every row has stopped or w = limit.
# → scores_after：一个函数；给它目前的词元 (rows, t)，以 start 开头，
#   它返回各位置之后那个词元的分数，(rows, t, tokens)。
#   返回 (rows, w)，不含 start。一行遇到第一个 stop 之后全是 stop；
#   每一行都停了，或 w = limit，就结束。

# %% check="greedy"
script = torch.tensor([[3, 1, 9, 4, 4, 4], [2, 5, 6, 1, 9, 4], [9, 4, 4, 4, 4, 4]])
asked = []


def scores_after(tokens):
    """A decoder that knows its script by heart, and goes on talking after the end."""
    asked.append(tokens.clone())
    if len(asked) > 20:
        raise RuntimeError("you ask again and again: when does writing end?")
    return F.one_hot(script[: len(tokens), : tokens.shape[1]], 10) - 0.5


y = greedy(scores_after, 3, 0, 9, 6)
first = asked[0]
bm.expect.equal(first, torch.zeros(3, 1).long(), "begin with one start for each row")
bm.expect.true((y[:, 0] != 0).all(), "the answer comes without the start")
advice = "the next token is scored at the last position, not the first"
bm.expect.equal(y[1, :4], script[1, :4], advice)
advice = "a row that has stopped has only stop after it, whatever the scores say"
bm.expect.true((y[0, 2:] == 9).all() and (y[2] == 9).all(), advice)
bm.expect.shape(y, (3, 5), "end as soon as every row has stopped")
again = torch.cat([torch.zeros(3, 1).long(), y[:, :-1]], 1)
advice = "hand over all tokens so far, start and your own"
bm.expect.equal(asked[-1], again, advice)
### BEGIN HIDDEN TESTS
asked.clear()
y = greedy(scores_after, 2, 0, 9, 2)
bm.expect.equal(y, script[:2, :2], "write at most limit tokens")
asked.clear()
y = greedy(lambda tokens: F.one_hot((tokens + 1) % 7, 7).float(), 4, 2, 6, 9)
right = torch.tensor([[3, 4, 5, 6]] * 4)
bm.expect.equal(y, right, "each token depends on your last one")


def reads(script):
    """A decoder that follows a script, its best score ahead by a little."""
    return lambda tokens: 1e-3 * F.one_hot(script[:, : tokens.shape[1]], 10).float()


y = greedy(reads(torch.tensor([[4, 0, 0, 7, 9, 1]])), 1, 0, 9, 6)
advice = "one row, a start in its middle, scores close together: all the same to you"
bm.expect.equal(y, torch.tensor([[4, 0, 0, 7, 9]]), advice)
late = torch.tensor([[9, 1, 1, 1], [2, 9, 1, 1], [3, 3, 3, 9]])
y = greedy(reads(late), 3, 9, 9, 4)
right = torch.tensor([[9, 9, 9, 9], [2, 9, 9, 9], [3, 3, 3, 9]])
advice = "start and stop may be the same token, as in GPT-2; the last row ends last"
bm.expect.equal(y, right, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# A decoder that knows its script by heart, and goes on talking after the end.
# → 一个把台词背熟的解码器，结束了还会往下说。
# you ask again and again: when does writing end? → 你一直在问：什么时候结束？
# begin with one start for each row → 每行先放一个 start
# the answer comes without the start → 答案里不含 start
# the next token is scored at the last position, not the first
# → 下一个词元的分数在最后一个位置，不在第一个
# a row that has stopped has only stop after it, whatever the scores say
# → 停下来的行之后全是 stop，不管分数怎么说
# end as soon as every row has stopped → 所有行都停了就马上结束
# hand over all tokens so far, start and your own
# → 把目前全部词元交过去：start 和自己写的
# write at most limit tokens → 最多写 limit 个词元
# each token depends on your last one → 每个词元取决于你写的上一个
# A decoder that follows a script, its best score ahead by a little.
# → 一个照台词说的解码器，最高分只领先一点点。
# one row, a start in its middle, scores close together: all the same to you
# → 只有一行、中间出现 start、分数相差很小：都照样处理
# start and stop may be the same token, as in GPT-2; the last row ends last
# → start 和 stop 可以是同一个词元，GPT-2 就是这样；最后一行最后结束

# %% [markdown] hint="greedy"
# Keep two things: the tokens so far, and which rows are done. What changes in one turn?

# %% [markdown] lang="zh" of="1d69b1df"
# 记住两样东西：目前的词元，以及哪些行已经写完。每一轮它们怎么变？

# %% [markdown] hint="greedy"
# One turn: `best = scores_after(tokens)[:, -1].argmax(-1)`; rows that are done get
# `stop` instead (`masked_fill`); append with `torch.cat([tokens, best[:, None]], 1)`.

# %% [markdown] lang="zh" of="8781424c"
# 一轮：`best = scores_after(tokens)[:, -1].argmax(-1)`；写完的行改成 `stop`
# （用 `masked_fill`）；用 `torch.cat([tokens, best[:, None]], 1)` 接上。

# %% [markdown] hint="greedy"
# After appending: `done = done | (best == stop)`, and `break` if `done.all()`. At the
# end return `tokens[:, 1:]`.

# %% [markdown] lang="zh" of="4b1c67b6"
# 接上之后：`done = done | (best == stop)`，若 `done.all()` 就 `break`。最后返回
# `tokens[:, 1:]`。


# %% mistake="greedy" says="at the last position"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    for _ in range(limit):
        best = scores_after(tokens)[:, 0].argmax(-1).masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
        if done.all():
            break
    return tokens[:, 1:]


# %% mistake="greedy" says="whatever the scores say"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    for _ in range(limit):
        best = scores_after(tokens)[:, -1].argmax(-1)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
        if done.all():
            break
    return tokens[:, 1:]


# %% mistake="greedy" says="without the start"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    for _ in range(limit):
        best = scores_after(tokens)[:, -1].argmax(-1).masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
        if done.all():
            break
    return tokens


# %% mistake="greedy" says="as soon as every row"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    for _ in range(limit):
        best = scores_after(tokens)[:, -1].argmax(-1).masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
    return tokens[:, 1:]


# %% mistake="greedy" says="may be the same token"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    while tokens.shape[1] <= limit and not (tokens == stop).any(1).all():
        done = (tokens == stop).any(1)
        best = scores_after(tokens)[:, -1].argmax(-1).masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
    return tokens[:, 1:]


# %% mistake="greedy" says="scores close together"
def greedy(scores_after, rows, start, stop, limit):
    tokens = torch.full((rows, 1), start)
    done = torch.zeros(rows, dtype=torch.bool)
    while tokens.shape[1] <= limit and not done.all():
        best = scores_after(tokens)[:, -1].argmax(-1).masked_fill(done, stop)
        tokens = torch.cat([tokens, best[:, None]], 1)
        done = done | (best == stop)
    return tokens[tokens != start].reshape(rows, -1)


# %% variant="greedy"
def greedy(scores_after, rows, start, stop, limit):
    written, running = [torch.full((rows,), start)], torch.ones(rows, dtype=torch.bool)
    for _ in range(limit):
        scores = scores_after(torch.stack(written, 1))[:, -1]
        best = torch.where(running, scores.argmax(-1), torch.tensor(stop))
        written.append(best)
        running &= best != stop
        if not running.any():
            break
    return torch.stack(written[1:], 1)


# %% [markdown]
# Your loop around the trained network, one step a line: what is written so far, and the
# three most probable next tokens.

# %% [markdown] lang="zh" of="0eb57e10"
# 把你的循环套在训练好的网络上，一步一行：目前写出了什么，
# 下一个词元最可能的三个是哪些。


# %% fold
def read(words):
    """Token numbers of words, padded: (words, longest)."""
    width = max(map(len, words))
    rows = [
        [LETTERS.index(c) for c in word] + [PAD] * (width - len(word)) for word in words
    ]
    return torch.tensor(rows)


@torch.no_grad()
def backwards(model, x, show=False):
    """What the model writes on its own after reading x."""

    def scores_after(tokens):
        mask = decoder_inputs(tokens, START)[1]
        scores = model(*(a.to(lab.device) for a in (x, tokens, mask))).cpu()
        if show:
            best = scores[0, -1].softmax(-1).topk(3)
            said = (f"{spell([i])} {p:.3f}" for p, i in zip(*best, strict=True))
            print(f"{spell(tokens[0]):<10}", *said, sep="   ")
        return scores

    return greedy(scores_after, len(x), START, STOP, limit=x.shape[1] + 4)


print(spell(backwards(speller, read(["stressed"]), show=True)[0]))


# %% [raw] lang="zh"
# Token numbers of words, padded: (words, longest).
# → 单词的词元编号，已填充：(words, longest)。
# What the model writes on its own after reading x. → 模型读了 x 之后自己写出的东西。

# %% [markdown]
# It was trained on random letters; it needs no dictionary. Now a fair test: a thousand
# words that never came up in training, written greedily, and a word counts only if
# every letter is right. The share of those is called **exact match**.

# %% [markdown] lang="zh" of="131775ab"
# 它是用随机字母训练的，用不着词典。现在来一次公平的测试：
# 一千个训练中从未出现的单词，贪心解码写出来，每个字母都对才算对。
# 这样的比例叫**完全匹配率**。


# %% fold
def exact_match(model, shortest=3, longest=8, words=1000):
    """Share of unseen words that the model spells backwards, all letters right."""
    draws = torch.Generator().manual_seed(lab.seed + 1000)
    x, y = draw(2 * words, shortest, longest, draws)
    new = torch.tensor([spell(word).rstrip("·") not in seen for word in x])
    x, y = x[new][:words], y[new][:words]
    said = F.pad(backwards(model, x), (0, 20), value=STOP)[:, : y.shape[1] + 4]
    y = F.pad(y, (0, 4), value=STOP)
    return (said == y).all(1).float().mean().item()


spelled = exact_match(speller)
torch.manual_seed(lab.seed)
bm.claim(
    "One block to read and one to write spell unseen words of 3 to 8 letters backwards",
    lambda exact_match: exact_match > 0.95,
    {"exact_match": spelled},
    control={"exact_match": exact_match(Transformer().to(lab.device).eval())},
    against="before training",
)


# %% [raw] lang="zh"
# Share of unseen words that the model spells backwards, all letters right.
# → 没见过的单词中，每个字母都倒着写对的比例。
# One block to read and one to write spell unseen words of 3 to 8 letters backwards
# → 一个块读、一个块写，就能把没见过的 3 到 8 个字母的单词倒着拼出来
# before training → 训练之前

# %% [markdown]
# ## Where it looks
#
# While it writes, where does the decoder look in the word? A hook on the
# cross-attention takes down its inputs, and its weights say where each head looks.
# Choose a `word` and a `head`. First guess: what should the picture look like?

# %% [markdown] lang="zh" of="e5b1f38f"
# ## 它在看哪里
#
# 写的时候，解码器在看单词的哪里？在交叉注意力上挂一个钩子记下它的输入，
# 由权重就知道每个头看哪里。选一选 `word` 和 `head`。先猜一猜：图会是什么样子？


# %% fold
@torch.no_grad()
def glances(model, x):
    """Where writing looks in what was read, (batch, heads, n, m)."""
    caught = []
    hook = model.decoder.layers[-1].cross_attention.register_forward_hook(
        lambda module, args, named, out: caught.append(module.weights(*args, **named)),
        with_kwargs=True,
    )
    y = F.pad(backwards(model, x), (0, 1), value=STOP)
    model(
        *(a.to(lab.device) for a in (x, *decoder_inputs(y[:, : x.shape[1] + 1], START)))
    )
    hook.remove()
    return caught[-1].cpu()


# %% [raw] lang="zh"
# Where writing looks in what was read, (batch, heads, n, m).
# → 写的时候看读到的哪里，(batch, heads, n, m)。


# %% fold
def look_inside(word, head):
    weights = glances(speller, read([word]))[0]  # (heads, n, m)
    weights = weights.mean(0) if head == "mean" else weights[int(head)]
    said = spell(backwards(speller, read([word]))[0])
    fig, ax = plt.subplots(figsize=(4.6, 4.2))
    picture = ax.imshow(weights, vmin=0, vmax=1)
    ax.set_xticks(range(len(word)), word)
    ax.set_yticks(range(len(weights)), said.ljust(len(weights), ">")[: len(weights)])
    ax.set(xlabel="letter read", ylabel="token being written")
    ax.grid(False)
    fig.colorbar(picture, label="weight")
    return fig


alt = (
    "Weights of the cross-attention: the first token written looks at the last letter "
    "read, the next at the one before, and so on from the top right to the bottom left."
)
words = ["stressed", "drawer", "live", "animal", "aaabbb"]
bm.show.explore(look_inside, alt=alt, word=words, head=["mean", "0", "1"])


# %% [raw] lang="zh"
# mean → 平均
# letter read → 读到的字母
# token being written → 正在写的词元
# weight → 权重
# Weights of the cross-attention: the first token written looks at the last letter read,
# the next at the one before, and so on from the top right to the bottom left.
# → 交叉注意力的权重：写第一个词元时看最后一个字母，
#   写下一个时看前一个字母，依此从右上走到左下。

# %% fold
x, y = draw(500, 3, 8, torch.Generator().manual_seed(lab.seed + 2000))
mirrored = (x != PAD).sum(1, keepdim=True) - 1 - torch.arange(9)  # < 0 after the word


def share_mirrored(model):
    """How often the position it looks at most is the mirrored one, over all letters."""
    looks = glances(model, x).mean(1).argmax(-1)  # (500, 9)
    return (looks == mirrored)[mirrored >= 0].float().mean()


bm.claim(
    "To write letter t it looks most at letter n - 1 - t: backwards along the diagonal",
    lambda share_of_letters: share_of_letters > 0.8,
    {"share_of_letters": share_mirrored(speller)},
    control={"share_of_letters": share_mirrored(placeless)},
    against="the twin without positions",
)

# %% [raw] lang="zh"
# To write letter t it looks most at letter n - 1 - t: backwards along the diagonal
# → 写第 t 个字母时，它最看重第 n - 1 - t 个：沿对角线倒着走
# the twin without positions → 没有位置编码的双胞胎
# < 0 after the word → 单词结束之后小于 0
# How often the position it looks at most is the mirrored one, over all letters.
# → 在所有字母中，它最看重的位置恰是对称位置的比例。

# %% [markdown]
# It was never told where to look. And it starts at the *last real* letter of words of
# every length, so the encoder must have told each position how far it is from the end.
# Choose `aaabbb` and judge: does it look for a letter or for a position?
#
# ## Without positions
#
# The twin without positions had the same training. What it reads is a bag of letters:
# it cannot tell a word from its anagrams, and must write the same for all of them.

# %% [markdown] lang="zh" of="a8cd99fc"
# 没有人告诉它该看哪里。而且不管单词多长，它都从*真正的*最后一个字母看起：
# 可见编码器已经让每个位置知道自己离末尾多远。选 `aaabbb` 看一看：
# 它找的是字母，还是位置？
#
# ## 没有位置编码
#
# 没有位置编码的双胞胎，训练过程一模一样。它读到的只是一袋字母：
# 分不清一个词和它的易位词，给它们写的也只能相同。

# %% fold
anagrams = read(["stressed", "desserts", "sdetesrs"])
for name, model in (("with positions", speller), ("without", placeless)):
    print(name, *(spell(word).split(">")[0] for word in backwards(model, anagrams)))


def on_anagrams(model):
    """Exact match, and how far the scores of three anagrams are from each other."""
    here = anagrams.to(lab.device)
    scores = model(here, here[:1].expand(3, -1), None)
    apart = (scores - scores[:1]).abs().max().item()
    return {"exact_match": exact_match(model), "anagrams_apart": apart}


bm.claim(
    "Without positions anagrams look alike, and few words are spelled backwards",
    lambda exact_match, anagrams_apart: exact_match < 0.2 and anagrams_apart < 1e-3,
    on_anagrams(placeless),
    control=on_anagrams(speller),
    against="the twin with positions",
)

# %% [raw] lang="zh"
# with positions → 有位置编码
# without → 没有
# Exact match, and how far the scores of three anagrams are from each other.
# → 完全匹配率，以及三个易位词的分数彼此相差多少。
# Without positions anagrams look alike, and few words are spelled backwards
# → 没有位置编码，易位词看起来全都一样，倒得过来的词寥寥无几
# the twin with positions → 有位置编码的双胞胎

# %% [markdown]
# ## Longer than it has seen
#
# It was trained on words of up to eight letters. A person who can write *stressed*
# backwards can do it with *refrigerator*. Can it? Guess before you run the cell.

# %% [markdown] lang="zh" of="ba25e62f"
# ## 比见过的更长
#
# 它训练时见过的词不超过八个字母。会倒着写 *stressed* 的人，也会倒着写
# *refrigerator*。它呢？先猜一猜，再运行单元格。

# %% fold
lengths = list(range(3, 13))
reach = [exact_match(speller, m, m, words=200) for m in lengths]
fig, ax = plt.subplots()
ax.bar(lengths, reach, color=["#1b3a6b" if m <= 8 else "#c9c9c9" for m in lengths])
ax.axvline(8.5, color="black", ls=":")
ax.set(xlabel="letters in the word", ylabel="exact match", ylim=(0, 1.05))
alt = "Exact match by length: nearly 1 up to eight letters, then it breaks down."
bm.show.figure(fig, alt=alt)
bm.claim(
    "Trained on up to 8 letters, it fails at half or more of the words of 10 to 12",
    lambda best_length: best_length < 0.5,
    {"best_length": max(reach[7:])},
    control={"best_length": max(reach[:6])},
    against="words of three to eight letters",
)

# %% [raw] lang="zh"
# letters in the word → 单词的字母数
# exact match → 完全匹配
# Exact match by length: nearly 1 up to eight letters, then it breaks down.
# → 各长度的完全匹配：八个字母以内接近 1，再长就垮了。
# Trained on up to 8 letters, it fails at half or more of the words of 10 to 12
# → 训练时不超过八个字母，到了十至十二个字母，至少一半的词写错
# words of three to eight letters → 三到八个字母的词

# %% [markdown]
# So what it has learned works at the positions that it knows. It is no rule for all of
# them. In [Attention](lesson:attention) a look-up worked at any length, because nothing
# there depended on the position. How to go beyond the trained length is an open
# question for large models, too.
#
# ## How many parameters, and what it costs
#
# "Many parameters, high cost", §3.3.3 says of Transformers. Let us count. Attention has
# four maps of $d \times d$ and their biases, the feed-forward network two of
# $d \times 4d$, and there are two norms. In all, one block has
#
# $$N = 12 d^2 + 13 d \label{block-size}$$

# %% [markdown] lang="zh" of="51ca458e"
# 可见它学到的是在熟悉的位置上该怎么做，而不是适用于一切位置的规则。
# 在[注意力](lesson:attention)一课里，查找对任何长度都有效，因为那里没有什么取决于位置。
# 怎样超出训练过的长度，对大模型来说也还没有定论。
#
# ## 参数多少，代价几何
#
# §3.3.3 说 Transformer“模型参数较多，计算成本较高”。我们来数一数。
# 注意力有四个 $d \times d$ 的变换及其偏置，前馈网络有两个 $d \times 4d$ 的，
# 还有两个归一化。合起来，一个块有
#
# $$N = 12 d^2 + 13 d \label{block-size}$$


# %% equation="block-size" of="d06595f4"
def count(model):
    return sum(weight.numel() for weight in model.parameters())


sizes = torch.tensor([8, 64, 512])
blocks = torch.tensor([count(Block(d, 4)) for d in sizes.tolist()])
bm.equation("block-size", blocks, 12 * sizes**2 + 13 * sizes, atol=0)

# %% [markdown]
# The length $n$ does not occur: the same weights serve every length. (A single dense
# layer from all positions to all would need $(nd)^2$.) What grows with the length is
# the work, because every position weighs every other. Here are the multiplications of
# one layer of width 512 on texts of growing length.

# %% [markdown] lang="zh" of="26db6154"
# 长度 $n$ 没有出现：同一组权重适用于任何长度。（把所有位置连到所有位置的一层全连接，
# 要 $(nd)^2$ 个参数。）随长度增长的是计算量，因为每个位置都要掂量其他每个位置。
# 下面是宽 512 的一层，文本越来越长时所需的乘法次数。

# %% fold
d, n = 512, 2.0 ** torch.arange(4, 17)
work = {
    "LSTM layer": 8 * n * d**2,
    "block: its matrices": 12 * n * d**2,
    "block: its attention weights": 2 * n**2 * d,
}
fig, ax = plt.subplots()
for (name, number), mark in zip(work.items(), "os^", strict=True):
    ax.loglog(n, number, marker=mark, label=name)
ax.set(xlabel="positions n", ylabel="multiplications")
ax.legend()
alt = (
    "Work by length: two parallel straight lines, and a steeper one that crosses them."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# LSTM layer → LSTM 层
# block: its matrices → 块：矩阵部分
# block: its attention weights → 块：注意力权重部分
# positions n → 位置数 n
# multiplications → 乘法次数
# Work by length: two parallel straight lines, and a steeper one that crosses them.
# → 计算量随长度变化：两条平行直线，一条更陡的直线与它们相交。

# %% fold
with torch.device("meta"):  # shapes without memory
    base = bm.models.Transformer(37_000, 37_000, d_model=512, n_heads=8, n_layers=6)
shared = count(base) - count(base.source_embedding)  # the paper has one table for both
bm.claim(
    "The paper's base model, counted, is within 5 % of the 65 million that it states",
    lambda counted: abs(counted / 65e6 - 1) < 0.05,
    {"counted": shared},
    control={"counted": count(base)},
    against="a table of embeddings for each language",
)

# %% [raw] lang="zh"
# The paper's base model, counted, is within 5 % of the 65 million that it states
# → 论文的基础模型，数出来与它说的 6500 万相差不到 5 %
# a table of embeddings for each language → 每种语言各有一张嵌入表
# shapes without memory → 只有形状，不占内存
# the paper has one table for both → 论文中两者共用一张表

# %% [markdown]
# So a Transformer need not be large. It *can* be large, because it trains in parallel.
# The attention weights cost $2n^2 d$ multiplications. From $n = 6d$ on that is more
# than the $12nd^2$ of the matrices. The document also says that Transformers handle
# images poorly: [Which architecture when](lesson:comparison) tests that.
#
# ## What models use today
#
# Your block is still the plan of the language models of 2025. Four parts have changed
# in most of the open ones, such as Llama 3, Qwen 3 and SmolLM2:
#
# - Positions are not added: RoPE, as above, so scores depend on the shift.
# - Layer norm became **RMSNorm**, which subtracts no mean and has no bias: cheaper, and
#   about as good.
# - The ReLU of the feed-forward network became **SwiGLU**: a second linear map $g$ of
#   the input opens and closes the first, $\operatorname{silu}(g) \odot f$. In
#   Shazeer's comparison (2020) its loss was lower at equal size.
# - Several heads share one set of keys and values, **grouped-query attention**: less to
#   keep in memory while writing.
#
# For generating text the encoder is gone: one decoder stack reads and writes. Encoder
# and decoder together live on in translation and speech recognition. Of the four,
# RMSNorm is the smallest change. It keeps the mean in:

# %% [markdown] lang="zh" of="4760227a"
# 所以 Transformer 不必很大，只是它*可以*很大，因为它能并行训练。
# 注意力权重要做 $2n^2 d$ 次乘法，$n$ 超过 $6d$ 以后，就比矩阵部分的 $12nd^2$ 次更多。
# 文档还说 Transformer 对图像的处理能力较弱，
# [架构之比较](lesson:comparison)一课会来检验。
#
# ## 今天的模型用什么
#
# 2025 年的语言模型，骨架仍是你搭的这个块。多数开放模型
# （如 Llama 3、Qwen 3 和 SmolLM2）换掉了四个部件：
#
# - 位置编码不再加上去，而用 RoPE（见上文），分数因此取决于相对位移。
# - 层归一化换成 **RMSNorm**：不减均值，没有偏置，更省，效果相当。
# - 前馈网络中的 ReLU 换成 **SwiGLU**：输入的第二个线性变换 $g$ 充当第一个的门，
#   $\operatorname{silu}(g) \odot f$。
#   在 Shazeer（2020）的比较中，大小相同时它的损失更低。
# - 几个头共用一组键和值，即**分组查询注意力**：生成时要存的更少。
#
# 生成文本时不再有编码器：一叠解码器块既读又写。编码器加解码器的结构仍用于翻译和语音识
# 别。四个部件中，RMSNorm 改动最小，它保留均值：

# %%
x = 3 + torch.randn(2, 5, 8)
gain, bias = 1 + torch.rand(8), torch.zeros(8)
centred = x - x.mean(-1, keepdim=True)
gap = lambda a: (
    (F.rms_norm(a, (8,), gain, 1e-5) - layer_norm(x, gain, bias)).abs().max()
)
bm.claim(
    "RMSNorm is your layer norm without the subtraction of the mean and without bias",
    lambda gap: gap < 1e-5,
    {"gap": gap(centred)},
    control={"gap": gap(x)},
    against="the mean not subtracted before",
)

# %% [raw] lang="zh"
# RMSNorm is your layer norm without the subtraction of the mean and without bias
# → RMSNorm 就是不减均值、没有偏置的层归一化
# the mean not subtracted before → 事先不减去均值

# %% [markdown]
# ## What we learned
#
# - Attention has no sense of order. Positions are added, or rotate queries and keys
#   (RoPE); a shift is a rotation.
# - A block is attention, then a feed-forward network, each added to the residual
#   stream.
# - With the norm first, our stacks learned at a rate of 0.01 without warm-up; with the
#   norm in the stream they needed warm-up or a smaller rate.
# - A decoder reads its own past under a causal mask, and the source by cross-attention.
#   Teacher forcing trains all positions at once. That the future is hidden can be
#   tested.
# - Our speller looks backwards along the diagonal, and fails beyond the lengths that it
#   was trained on.
#
# ## Where next
#
# [Which architecture when](lesson:comparison) measures this block against convolution
# and recurrence. Or change something here. Teach the network to sort the letters: only
# `draw` has to change. Give it two blocks each: do longer words get better?
#
# ## Further reading
#
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - R. Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*,
#   ICML.
# - J. L. Ba, J. R. Kiros and G. E. Hinton (2016), *Layer Normalization*, arXiv.
# - J. Su et al. (2021), *RoFormer: Enhanced Transformer with Rotary Position
#   Embedding*, arXiv.
# - B. Zhang and R. Sennrich (2019), *Root Mean Square Layer Normalization*, NeurIPS.
# - N. Shazeer (2020), *GLU Variants Improve Transformer*, arXiv.

# %% [markdown] lang="zh" of="4a276198"
# ## 我们学到了什么
#
# - 注意力没有顺序感。位置编码或者加上去，或者用来旋转查询和键（RoPE）；平移就是旋转。
# - 一个块先是注意力，再是前馈网络，两者都加到残差流上。
# - 归一化在前时，我们的网络用 0.01 的学习率、不预热也学得会；
#   归一化放在残差流上，就需要预热或更小的学习率。
# - 解码器在因果掩码下读自己的过去，用交叉注意力读原文。教师强制让所有位置同时训练。
#   未来是否被挡住，可以检验。
# - 我们的拼写器沿对角线倒着看；超过训练过的长度，它就不行了。
#
# ## 下一步
#
# [架构之比较](lesson:comparison)把这个块与卷积、循环放在一起测量。也可以在这里改点东
# 西：教它给字母排序，只需改动 `draw`。给它各两个块，更长的词会不会好一些？
#
# ## 延伸阅读
#
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS。
# - R. Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*,
#   ICML。
# - J. L. Ba, J. R. Kiros, G. E. Hinton (2016), *Layer Normalization*, arXiv。
# - J. Su et al. (2021), *RoFormer: Enhanced Transformer with Rotary Position
#   Embedding*, arXiv。
# - B. Zhang, R. Sennrich (2019), *Root Mean Square Layer Normalization*, NeurIPS。
# - N. Shazeer (2020), *GLU Variants Improve Transformer*, arXiv。
