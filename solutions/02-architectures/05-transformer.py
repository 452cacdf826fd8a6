# ---
# slug: transformer
# title: {en: The Transformer, zh: 变换器}
# section: "2.1, 3.1.1, 3.3.3"
# minutes: 115
# needs: [attention]
# data: []
# extras: []
# introduces:
#   - layer norm
#   - encoder
#   - warm-up
#   - decoder
#   - token
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
# Attention alone cannot tell *dog bites man* from *man bites dog*, and a single glance
# rarely solves a problem. The Transformer gives attention two things: a sense of place,
# and time to think between one glance and the next. In this lesson you build one, part
# by part, and teach it to spell backwards. Then you will see, letter by letter, how it
# does it.

# %% [markdown] lang="zh" of="a06eeb58"
# 单靠注意力，分不清“狗咬人”和“人咬狗”；只看一眼，也很少能解决问题。
# 变换器（Transformer）给注意力添了两样东西：位置感，以及两次“看”之间的“想”。
# 这一课你要一个零件一个零件地搭出它，教它把单词倒着拼，
# 再一个字母一个字母地看清它是怎么做到的。

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
# ## A sense of place
#
# How would you tell a network that a word is the seventh? The number 7 itself grows
# without end as sentences do. A clock has a better way. Its hands turn at different
# speeds: the fast one separates neighbours, the slow one tells morning from evening,
# and no hand ever leaves its circle. Give a place $d/2$ hands and write each as the
# sine and cosine of its angle. At place $t$, hand $i$ has turned by $\omega_i t$:
#
# $$u_t = (\sin\omega_0 t, \cos\omega_0 t, \sin\omega_1 t, \cos\omega_1 t, \dots),
# \qquad \omega_i = 10000^{-2i/d}$$
#
# with $i = 0, 1, \dots, d/2 - 1$. The first hand turns one radian a place. The last is
# nearly ten thousand times slower.

# %% [markdown] lang="zh" of="4cf1cae4"
# ## 位置感
#
# 怎样告诉网络“这是第七个词”？直接给它数字 7 不好：句子越长，这个数就越大，没有尽头。
# 钟表的办法更妙。几根指针快慢不同：快的分得清左右邻居，慢的分得清早晚，
# 而哪根指针都不会跑出表盘。给每个位置 $d/2$ 根指针，每根用角度的正弦和余弦来表示。
# 在位置 $t$，第 $i$ 根指针转过了 $\omega_i t$：
#
# $$u_t = (\sin\omega_0 t, \cos\omega_0 t, \sin\omega_1 t, \cos\omega_1 t, \dots),
# \qquad \omega_i = 10000^{-2i/d}$$
#
# 其中 $i = 0, 1, \dots, d/2 - 1$。第一根指针每走一个位置转一弧度，
# 最后一根要慢将近一万倍。


# %% exercise="sinusoidal_positions" points=3 minutes=10 level=2
def sinusoidal_positions(n, d, base=10_000.0):
    """One vector for each of the places 0 to n - 1, as hands of clocks.

    d is even. Numbers 2i and 2i + 1 of place t are the sine and the cosine of the
    angle t * base ** (-2 * i / d), in radians.
    Returns (n, d), floating-point.
    """
    ### BEGIN SOLUTION
    place, pair = torch.arange(n), torch.arange(0, d, 2)
    angle = place[:, None] * base ** (-pair / d)  # (n, d/2)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)  # (n, d)
    ### END SOLUTION


# %% [raw] lang="zh"
# One vector for each of the places 0 to n - 1, as hands of clocks.
# → 位置 0 到 n - 1 各用一个向量表示，就像钟表的指针。
# d is even. Numbers 2i and 2i + 1 of place t are the sine and the cosine of the
# angle t * base ** (-2 * i / d), in radians.
# Returns (n, d), floating-point.
# → d 为偶数。位置 t 的第 2i 和第 2i + 1 个数，分别是角度
#   t * base ** (-2 * i / d)（弧度）的正弦和余弦。
#   返回 (n, d)，浮点数。

# %% check="sinusoidal_positions"
p = sinusoidal_positions(6, 8)
bm.expect.shape(p, (6, 8), "a row for each place, d numbers in it")
zero = torch.tensor([0.0, 1.0] * 4)
advice = "place 0 has turned no hand: sine 0 and cosine 1 take turns along the row"
bm.expect.close(p[0], zero, advice)
advice = "the first hand turns one radian a place, counted from place 0"
bm.expect.close(p[:, 0], torch.arange(6.0).sin(), advice, atol=1e-5)
slow = 1 / 10  # 10000 ** (-2 / 8)
advice = "the next hand turns 10000 ** (-2 / d) a place: mind the 2 in the exponent"
bm.expect.close(p[:, 2], (slow * torch.arange(6.0)).sin(), advice, atol=1e-5)
bm.expect.close(p[:, 3], (slow * torch.arange(6.0)).cos(), advice, atol=1e-5)
### BEGIN HIDDEN TESTS
p = sinusoidal_positions(40, 12)
last = 10_000 ** (-10 / 12) * torch.arange(40.0)
advice = "the last hand turns base ** (-(d - 2) / d) a place"
bm.expect.close(p[:, -2], last.sin(), advice, atol=1e-5)
p = sinusoidal_positions(5, 4, base=100.0)
right = (0.1 * torch.arange(5.0)).cos()
bm.expect.close(p[:, 3], right, "use the base that is given", atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a row for each place, d numbers in it → 每个位置一行，每行 d 个数
# place 0 has turned no hand: sine 0 and cosine 1 take turns along the row
# → 位置 0 上所有指针都没转：一行里正弦 0 与余弦 1 交替出现
# the first hand turns one radian a place, counted from place 0
# → 第一根指针每个位置转一弧度，从位置 0 数起
# the next hand turns 10000 ** (-2 / d) a place: mind the 2 in the exponent
# → 下一根指针每个位置转 10000 ** (-2 / d)：别漏了指数里的 2
# the last hand turns base ** (-(d - 2) / d) a place
# → 最后一根指针每个位置转 base ** (-(d - 2) / d)
# use the base that is given → 请使用给定的 base

# %% [markdown] hint="sinusoidal_positions"
# First make all angles as a table, `(n, d/2)`: a column of places times a row of
# speeds. Broadcasting does it.

# %% [markdown] lang="zh" of="21cb4742"
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
    place = torch.arange(1, n + 1)
    angle = place[:, None] * base ** (-torch.arange(0, d, 2) / d)
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
# Explore: on the left each row is a place. On the right you see how well a chosen place
# fits every other one, by dot product. Move `place`, then try other numbers of hands
# and a smaller `base`.

# %% [markdown] lang="zh" of="6817e887"
# 来探索：左图每一行是一个位置；右图是选定的位置与其他各个位置的匹配程度（点积）。
# 移动 `place`，再换换指针的数目，把 `base` 调小试试。


# %% fold
def clocks(place, d, base):
    p = sinusoidal_positions(64, d, base)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    picture = left.imshow(p, aspect="auto", cmap="cividis")
    left.axhline(place, color="white", lw=1)
    left.set(xlabel="number (d)", ylabel="place t", title="positions")
    left.grid(False)
    fig.colorbar(picture, ax=left)
    right.plot(p @ p[place] / (d / 2))
    right.axvline(place, color="grey", lw=1, ls=":")
    right.set(xlabel="other place", ylabel="fit with the chosen one", ylim=(-1, 1.1))
    return fig


alt = (
    "Left: stripes, fine on the left and broad on the right, as hands get slower. "
    "Right: the fit peaks at the chosen place and falls off alike on both sides."
)
bm.show.explore(
    clocks, alt=alt, place=(0, 63, 1, 20), d=[64, 16, 256], base=[10_000.0, 100.0]
)


# %% [raw] lang="zh"
# number (d) → 第几个数（d）
# place t → 位置 t
# positions → 位置编码
# other place → 另一个位置
# fit with the chosen one → 与选定位置的匹配
# Left: stripes, fine on the left and broad on the right, as hands get slower. Right:
# the fit peaks at the chosen place and falls off alike on both sides.
# → 左：条纹左边细、右边宽，因为指针越来越慢。
#   右：匹配程度在选定的位置处最高，向两侧同样下降。

# %% [markdown]
# The peak moves with the place and keeps its shape. Here is why. To go $r$ places
# further is to turn every hand by a fixed angle, wherever one stands. With one little
# rotation for each hand along the diagonal of $R_r$,
#
# $$u_{t+r} = R_r\,u_t, \qquad R_r = \operatorname{diag}_i
# \begin{pmatrix} \cos\omega_i r & \sin\omega_i r \\
# -\sin\omega_i r & \cos\omega_i r \end{pmatrix} \label{rotation}$$
#
# So "three to the left" is one and the same linear map at every place, and linear maps
# are what $q$ and $k$ are made with.

# %% [markdown] lang="zh" of="7656f243"
# 峰随位置移动，形状不变。原因在这里：往后走 $r$ 个位置，就是把每根指针转过一个固定的
# 角度，不管当前站在哪里。沿 $R_r$ 的对角线为每根指针放一个小旋转，就有
#
# $$u_{t+r} = R_r\,u_t, \qquad R_r = \operatorname{diag}_i
# \begin{pmatrix} \cos\omega_i r & \sin\omega_i r \\
# -\sin\omega_i r & \cos\omega_i r \end{pmatrix} \label{rotation}$$
#
# 所以“往左三个”在每个位置上都是同一个线性变换，而 $q$ 和 $k$ 正是由线性变换得来的。

# %% equation="rotation" of="cc2bb499"
t, s, d = 9, 5, 16
p = sinusoidal_positions(64, d)
omega = 10_000.0 ** (-torch.arange(0, d, 2) / d)  # (d/2,)
turns = [torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]]) for a in omega * s]
bm.equation("rotation", p[t + s], torch.block_diag(*turns) @ p[t], atol=1e-5)

# %% [markdown]
# And as $\sin^2 + \cos^2 = 1$, the fit of two places depends on their distance alone:
#
# $$u_t \cdot u_{t+r} = \sum_i \cos \omega_i r \label{distance}$$

# %% [markdown] lang="zh" of="8cb4b8c9"
# 又因为 $\sin^2 + \cos^2 = 1$，两个位置的匹配程度只取决于它们的距离：
#
# $$u_t \cdot u_{t+r} = \sum_i \cos \omega_i r \label{distance}$$

# %% equation="distance" of="e45ccdd1"
fits = (p[:-s] * p[s:]).sum(1)  # for every t
bm.equation("distance", fits, torch.full_like(fits, (omega * s).cos().sum()), atol=1e-4)

# %% [raw] lang="zh"
# for every t → 对每个 t

# %% [markdown]
# Positions are simply **added** to what stands at a place. Does that cure the bag of
# words? We shuffle three words and ask whether the answers are merely shuffled too.

# %% [markdown] lang="zh" of="33932efa"
# 位置编码直接**加**到该处的内容上。这能治好“词袋”的毛病吗？
# 我们打乱几个词，看回答是不是也只是跟着打乱。

# %%
attention, words = bm.models.MultiHeadAttention(16, 2), torch.randn(1, 6, 16)
order = torch.tensor([2, 0, 5, 1, 4, 3])


@torch.no_grad()
def notices(where):
    """How much the answers change, beyond being shuffled."""
    plain, mixed = attention(words + where), attention(words[:, order] + where)
    return (mixed - plain[:, order]).abs().max().item()


without, with_places = notices(torch.zeros(6, 16)), notices(sinusoidal_positions(6, 16))
bm.claim(
    "Attention alone does not notice the order; with positions added it does",
    without < 1e-5 and with_places > 1e-2,
    without_positions=without,
    with_positions=with_places,
)

# %% [raw] lang="zh"
# How much the answers change, beyond being shuffled. → 除了跟着打乱之外，回答变了多少。
# Attention alone does not notice the order; with positions added it does
# → 单靠注意力察觉不到顺序；加上位置编码就察觉得到

# %% [markdown]
# ## One block
#
# A block looks around, then thinks. Looking is attention: places exchange what they
# know. Thinking is a small network that every place runs for itself. Neither *replaces*
# what stands at a place. It is **added** to it, so that a block need only say what is
# new: a **residual connection**. And a **layer norm** keeps the numbers of one size.
# There are two customs where to put it.

# %% [markdown] lang="zh" of="31cc32e8"
# ## 一个块
#
# 一个块先“看”，再“想”。看，就是注意力：各个位置交换所知。
# 想，是每个位置各自运行的一个小网络。两者都不*取代*该处原有的内容，而是**加**上去，
# 这样一个块只需说出新东西：这就是**残差连接**。
# 另外，**层归一化**让数的大小保持一致。把它放在哪里，有两种习惯。


# %%
def sketch(ax, title, norm_first):
    ax.annotate("", (0, 6.4), (0, -0.5), arrowprops={"arrowstyle": "->", "lw": 2})
    for low, part in ((0, "look: attention"), (3, "think: feed-forward")):
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
# look: attention → 看：注意力
# think: feed-forward → 想：前馈
# norm → 归一化
# post-norm (2017) → 后归一化（2017）
# pre-norm → 前归一化
# Two sketches of a stream that runs upwards and two parts beside it. In post-norm a
# norm sits on the stream after each sum; in pre-norm at the parts' entrance.
# → 两幅草图：一股水流向上，旁边有两个部件。后归一化里，
#   归一化压在每次相加之后的主流上；前归一化里，它在部件的入口。

# %% [markdown]
# On the right nothing stands in the way of the stream. We shall see what that is worth.
#
# ## Layer norm
#
# A layer norm takes the $d$ numbers of **one place**, shifts them to mean 0, scales
# them to variance 1, and then lets a learned gain and bias set what size suits:
#
# $$\operatorname{norm}(x) = \gamma \odot \frac{x - \operatorname{mean}(x)}
# {\sqrt{\operatorname{var}(x) + \epsilon}} + b$$
#
# The variance divides by $d$. The small $\epsilon$ is there for places whose numbers
# are all alike.

# %% [markdown] lang="zh" of="6eb3a228"
# 右图中，主流畅通无阻。这有什么好处，后面会看到。
#
# ## 层归一化
#
# 层归一化取**一个位置**的 $d$ 个数，把它们平移到均值 0，缩放到方差 1，
# 再由可学习的增益和偏置定下合适的大小：
#
# $$\operatorname{norm}(x) = \gamma \odot \frac{x - \operatorname{mean}(x)}
# {\sqrt{\operatorname{var}(x) + \epsilon}} + b$$
#
# 方差除以 $d$。小小的 $\epsilon$ 是为一个位置的数全都相同时准备的。


# %% exercise="layer_norm" points=2 minutes=8 level=2
def layer_norm(x, gain, bias, eps=1e-5):
    """Bring the d numbers of every place to mean 0 and variance 1, then scale.

    x: (..., d); gain and bias: (d,).
    Returns (..., d). The variance divides by d, and eps is added to it.
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return gain * centred / (variance + eps).sqrt() + bias
    ### END SOLUTION


# %% [raw] lang="zh"
# Bring the d numbers of every place to mean 0 and variance 1, then scale.
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
advice = "each place by itself has mean 0: average over the last axis, d"
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
### END HIDDEN TESTS

# %% [raw] lang="zh"
# as many numbers as came in: keepdim=True helps
# → 进来多少数，出去就多少：keepdim=True 有用
# each place by itself has mean 0: average over the last axis, d
# → 每个位置各自的均值为 0：沿最后一个轴 d 求平均
# the variance divides by d, and one divides by its square root
# → 方差除以 d，再除以它的平方根
# multiply by gain, then add bias, number by number → 逐个数乘 gain，再加 bias
# numbers all alike: add eps before dividing → 数全都相同时：除之前先加 eps
# eps is added to the variance, inside the root → eps 加在方差上，在根号里面

# %% [markdown] hint="layer_norm"
# Mean and variance of each place: over which axis? What must their shape be, so that
# you can subtract them from `x`?

# %% [markdown] lang="zh" of="56c4714b"
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


# %% variant="layer_norm"
def layer_norm(x, gain, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return torch.addcmul(bias, gain, (x - mean) * torch.rsqrt(variance + eps))


# %% [markdown]
# What does it throw away? Size and offset of a place: for $a > 0$ and any number $c$,
#
# $$\operatorname{norm}(a\,x + c) = \operatorname{norm}(x) \label{norm-invariance}$$
#
# as long as $\epsilon$ does not matter. Only the pattern is left.

# %% [markdown] lang="zh" of="6535e7f2"
# 它丢掉了什么？丢掉了一个位置的大小和整体偏移：对 $a > 0$ 和任意的数 $c$，
#
# $$\operatorname{norm}(a\,x + c) = \operatorname{norm}(x) \label{norm-invariance}$$
#
# 只要 $\epsilon$ 无关紧要。剩下的只有花样。

# %% equation="norm-invariance" of="47e99f0d"
x, gain, bias = torch.randn(3, 8, dtype=torch.float64)
left = layer_norm(2.5 * x + 7, gain, bias, eps=0.0)
bm.equation("norm-invariance", left, layer_norm(x, gain, bias, eps=0.0), atol=1e-12)

# %%
x = torch.randn(4, 5, 8, dtype=torch.float64, requires_grad=True)
pytorchs = nn.LayerNorm(8, dtype=torch.float64)
nn.init.normal_(pytorchs.weight)
nn.init.normal_(pytorchs.bias)
outputs = [layer_norm(x, pytorchs.weight, pytorchs.bias), pytorchs(x)]
slopes = [torch.autograd.grad(h.sin().sum(), x)[0] for h in outputs]
forward, backward = ((a - b).abs().max() for a, b in (outputs, slopes))
bm.claim(
    "Your layer norm is PyTorch's, forward and backward, to rounding",
    max(forward, backward) < 1e-12,
    forward=forward,
    backward=backward,
)

# %% [raw] lang="zh"
# Your layer norm is PyTorch's, forward and backward, to rounding
# → 你的层归一化与 PyTorch 的一致，前向和反向只差舍入误差

# %% [markdown]
# ## Put together
#
# The thinking part widens a place to $4d$ numbers, cuts off what is negative, and
# narrows it again. It sees one place at a time.

# %% [markdown] lang="zh" of="096e9954"
# ## 合在一起
#
# “想”的部分把一个位置拓宽到 $4d$ 个数，截掉负的，再收窄回来。它每次只看一个位置。


# %%
class FeedForward(nn.Module):
    """Two linear layers with a ReLU between, for each place alone."""

    def __init__(self, d, hidden):
        super().__init__()
        self.fc, self.proj = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x):
        return self.proj(F.relu(self.fc(x)))  # (..., d)


# %% [raw] lang="zh"
# Two linear layers with a ReLU between, for each place alone.
# → 两个线性层，中间一个 ReLU，每个位置各算各的。

# %% [markdown]
# Now the block. Its parts are made for you; write the two ways through them, as in the
# sketch: first look, then think.

# %% [markdown] lang="zh" of="b295de3d"
# 现在来搭块。部件已经备好，请照草图写出两条路：先看，再想。


# %% exercise="Block" points=4 minutes=12 level=3
class Block(nn.Module):
    """Look around, then think; each adds to the stream."""

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
# Look around, then think; each adds to the stream. → 先看，再想；两者都加到主流上。
# x: (batch, n, d); mask goes to self.attention(..., mask=mask).
# → x：(batch, n, d)；mask 交给注意力：self.attention(..., mask=mask)。
# Pre-norm if self.norm_first, otherwise post-norm. Returns (batch, n, d).
# → self.norm_first 为真时用前归一化，否则用后归一化。返回 (batch, n, d)。

# %% check="Block"
torch.manual_seed(3)
x = torch.randn(2, 5, 8)
for norm_first in (True, False):
    block = Block(8, 2, norm_first)
    bm.expect.shape(block(x), (2, 5, 8), "a block gives what it got: d numbers a place")
    with torch.no_grad():
        for part in (block.attention.out_proj, block.feed_forward.proj):
            part.weight.zero_()
            part.bias.zero_()
    right = x if norm_first else F.layer_norm(x, (8,))
    advice = "parts that say nothing: pre-norm then leaves the stream x as it is"
    if not norm_first:
        advice = "parts that say nothing: post-norm then still norms the stream"
    bm.expect.close(block(x), right, advice, atol=1e-4)
block = Block(8, 2)
attention, feed_forward = bm.models.MultiHeadAttention(8, 2), FeedForward(8, 32)
block.attention.load_state_dict(attention.state_dict())
block.feed_forward.load_state_dict(feed_forward.state_dict())
with torch.no_grad():
    block.norm1.weight.fill_(0.5)
    h = x + attention(0.5 * F.layer_norm(x, (8,)))
    right = h + feed_forward(F.layer_norm(h, (8,)))
advice = (
    "think about what was seen: feed_forward reads the stream after attention added"
)
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
    mine, want = (torch.autograd.grad(h.square().sum(), x)[0] for h in (ours, right))
    bm.expect.close(
        mine, want, "keep the graph: gradients must flow", rtol=1e-3, atol=1e-3
    )
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a block gives what it got: d numbers a place → 块进出的形状相同：每个位置 d 个数
# parts that say nothing: pre-norm then leaves the stream x as it is
# → 部件什么也不说时，前归一化应让主流 x 原样通过
# parts that say nothing: post-norm then still norms the stream
# → 部件什么也不说时，后归一化仍要对主流归一化
# think about what was seen: feed_forward reads the stream after attention added
# → 要想的是看到之后的东西：feed_forward 读的是加上注意力之后的主流
# hand the mask on to the attention → 把掩码交给注意力
# each part has a norm of its own → 每个部件有自己的归一化
# keep the graph: gradients must flow → 保留计算图：梯度要能传回去
# norms that differ → 各不相同的归一化参数

# %% [markdown] hint="Block"
# Follow the arrows in the sketch with a finger. Every arrow that joins the stream is a
# `+`.

# %% [markdown] lang="zh" of="3746fbbd"
# 用手指沿着草图里的箭头走。每一支汇入主流的箭头都是一个 `+`。

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


# %% mistake="Block" says="leaves the stream"
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


# %% mistake="Block" says="leaves the stream"
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


# %% mistake="Block" says="still norms the stream"
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


# %% mistake="Block" says="think about what was seen"
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


# %% [markdown]
# The same weights go into your block and into `nn.TransformerEncoderLayer`, in both
# orders. We compare the outputs and the gradients of the input.

# %% [markdown] lang="zh" of="2fbeb54d"
# 把同样的权重放进你的块和 `nn.TransformerEncoderLayer`，两种次序都试，
# 比较输出和对输入的梯度。


# %%
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

# %%
gaps = {}
for norm_first in (False, True):
    block = Block(16, 4, norm_first).double()
    x = torch.randn(3, 7, 16, dtype=torch.float64, requires_grad=True)
    look = torch.ones(7, 7, dtype=torch.bool).tril()
    ours, theirs = block(x, look), pytorchs_twin(block)(x, src_mask=~look)
    slopes = [torch.autograd.grad(h.sin().sum(), x)[0] for h in (ours, theirs)]
    pairs = [(ours, theirs), slopes]
    gaps[norm_first] = max((a - b).abs().max().item() for a, b in pairs)
bm.claim(
    "Your block is PyTorch's encoder layer, in both orders, forward and backward",
    max(gaps.values()) < 1e-12,
    post_norm=gaps[False],
    pre_norm=gaps[True],
)

# %% [raw] lang="zh"
# Your block is PyTorch's encoder layer, in both orders, forward and backward
# → 你的块就是 PyTorch 的编码器层：两种次序，前向反向，都一致

# %% [markdown]
# Stack $L$ blocks and you have an **encoder**. Pre-norm blocks never norm the stream
# itself, so one norm follows the last of them.

# %% [markdown] lang="zh" of="1b969ec6"
# 把 $L$ 个块叠起来，就是**编码器**。前归一化的块从不对主流本身归一化，
# 所以最后一块之后再加一个归一化。


# %%
class Encoder(nn.Module):
    """L blocks; every place sees every other."""

    def __init__(self, d, heads, L, norm_first=True):
        super().__init__()
        self.layers = nn.ModuleList(Block(d, heads, norm_first) for _ in range(L))
        self.norm = nn.LayerNorm(d) if norm_first else nn.Identity()

    def forward(self, x, mask=None):
        for block in self.layers:
            x = block(x, mask)
        return self.norm(x)


# %% [raw] lang="zh"
# L blocks; every place sees every other. → L 个块；每个位置都看得见其他位置。

# %% [markdown]
# In a pre-norm stack, unroll the sums. If block $l$ adds $a_l$ by looking and $f_l$ by
# thinking, then what leaves the last block is
#
# $$x_L = x_0 + \sum_{l=1}^{L} (a_l + f_l) \label{stream}$$
#
# Each part reads from one common stream and writes to it. And the gradient runs back
# along the same $+$ signs, to every part directly. We let hooks note down what each
# part says.

# %% [markdown] lang="zh" of="b8ab154c"
# 把前归一化的一叠块展开来加。设第 $l$ 块“看”时加上 $a_l$，“想”时加上 $f_l$，
# 那么离开最后一块的就是
#
# $$x_L = x_0 + \sum_{l=1}^{L} (a_l + f_l) \label{stream}$$
#
# 所有部件都从同一股主流中读，又写回主流；梯度沿着同样的加号往回走，直接到达每个部件。
# 我们用钩子记下每个部件说了什么。

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

# %% [markdown]
# ## Pre-norm or post-norm?
#
# The paper of 2017 normed the stream, and had to begin training with tiny steps, the
# **warm-up**. In 2020 Xiong and others explained why. When training begins, the
# gradient in the *last* block is large under post-norm, however deep the stack is.
# Under pre-norm the bound that they prove falls like $1/\sqrt{L}$: more blocks take
# smaller shares. How our small stacks behave, we measure. Change the depth and look.

# %% [markdown] lang="zh" of="eb6e6940"
# ## 前归一化还是后归一化？
#
# 2017 年的论文对主流做归一化，训练开头不得不先走很小的步子，称为**预热**。
# 2020 年 Xiong 等人解释了原因。训练刚开始时，后归一化下*最后*一块的梯度很大，
# 与叠多深无关；前归一化下，他们证明的上界按 $1/\sqrt{L}$ 下降，
# 块越多，每块分到的就越少。我们的小网络究竟如何，量了才知道。改变深度，看一看。


# %%
class Mirror(nn.Module):
    """At each place, scores of the letter at the mirrored place."""

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
# At each place, scores of the letter at the mirrored place.
# → 在每个位置，给对称位置上的字母打分。
# as the papers do → 与论文的做法相同


# %%
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

# %%
depths = [2, 6, 12, 24]
post, pre = (
    torch.tensor([gradients(L, order, seeds=6)[-1] for L in depths])
    for order in (False, True)
)
bm.claim(
    "More blocks: the last one's gradient shrinks under pre-norm, not under post-norm",
    pre[-1] < 0.75 * pre[0] and post[-1] > 0.75 * post[0] and post[-1] > 2 * pre[-1],
    blocks=depths,
    pre_norm=pre,
    post_norm=post,
)

# %% [raw] lang="zh"
# More blocks: the last one's gradient shrinks under pre-norm, not under post-norm
# → 块越多，前归一化的最后一块梯度越小，后归一化的不会变小

# %% [markdown]
# Does it matter? We train stacks of six blocks to mirror six letters, at the same large
# steps and without warm-up; then post-norm with warm-up, and post-norm with steps a
# tenth as large. Every step draws new letters, so the score is one on unseen examples.

# %% [markdown] lang="zh" of="52e0b92b"
# 这要紧吗？我们训练六个块的网络，把六个字母左右对调，步子同样大，都不预热；
# 再看后归一化加预热，以及后归一化但步长只有十分之一。
# 每一步都抽新的字母，所以成绩都是在没见过的样本上得到的。

# %%
steps, warm = lab.pick(ci=110, workshop=300, full=600), 50


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

# %%
arms = {
    "pre-norm": (True, 1e-2, 0),
    "post-norm, warm-up": (False, 1e-2, warm),
    "post-norm, small steps": (False, 1e-3, 0),
    "post-norm": (False, 1e-2, 0),
}
seeds = range(lab.seed, lab.seed + lab.pick(ci=3, workshop=5, full=10))
courses = {
    name: torch.tensor([mirror_course(*arm, seed) for seed in seeds])
    for name, arm in bm.show.progress(arms.items(), "stacks")
}  # (seeds, steps) each

# %% [raw] lang="zh"
# pre-norm → 前归一化
# post-norm, warm-up → 后归一化，预热
# post-norm, small steps → 后归一化，小步长
# post-norm → 后归一化
# stacks → 网络
# (seeds, steps) each → 每个都是 (seeds, steps)

# %% fold
fig, ax = plt.subplots()
for (name, course), mark in zip(courses.items(), "os^v", strict=True):
    smooth = course.unfold(1, 10, 10).mean(-1)  # (seeds, steps/10)
    at = torch.arange(10, steps + 1, 10)
    ax.plot(at, smooth.mean(0), marker=mark, markevery=2, label=name)
    ax.fill_between(at, smooth.amin(0), smooth.amax(0), alpha=0.15)
ax.axhline(0.1, color="grey", lw=1, ls=":")
ax.set(xlabel="step", ylabel="letters right", ylim=(0, 1.05))
ax.legend()
alt = (
    "Letters right during training, mean and range over seeds. Pre-norm climbs to "
    "nearly all; post-norm stays near chance, and with warm-up or small steps between."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# step → 步数
# letters right → 答对的字母
# Letters right during training, mean and range over seeds. Pre-norm climbs to nearly
# all; post-norm stays near chance, and with warm-up or small steps between.
# → 训练中答对字母的比例，各种子的平均和范围。前归一化升到几乎全对；
#   后归一化停在瞎猜附近，加上预热或小步长则居中。

# %%
pre, warmed, careful, post = (course[:, -10:].mean(1) for course in courses.values())
bm.claim(
    "Without warm-up and at large steps pre-norm learns, post-norm does not",
    pre.min() > 0.7 and post.max() < 0.4,
    pre_norm=pre,
    post_norm=post,
)
bm.claim(
    "Warm-up helps post-norm: every seed with it beats every seed without",
    warmed.min() > post.max(),
    with_warm_up=warmed,
    without=post,
)

# %% [raw] lang="zh"
# Without warm-up and at large steps pre-norm learns, post-norm does not
# → 不预热、步子大时，前归一化学得会，后归一化学不会
# Warm-up helps post-norm: every seed with it beats every seed without
# → 预热对后归一化有用：预热过的每个种子都胜过没预热的每个种子

# %% [markdown]
# The careful versions of post-norm get on as well, only more slowly. They are not
# hopeless: the paper's own translations were made with post-norm, patience and a good
# schedule. But most large models since GPT-2 put the norm first, and so do we from here
# on.
#
# ## The decoder
#
# Reading is half of the work. A **decoder** writes, one piece after another, and each
# piece may depend on those before. Our task: read a word of three to eight letters,
# write it backwards. The pieces, or **tokens**, are letters and three signs: `START`,
# `STOP`, and `PAD`, which fills the short words of a batch.

# %% [markdown] lang="zh" of="e5aac63f"
# 小心翼翼的后归一化也有进步，只是慢得多。
# 它并非无可救药：原论文的翻译就是靠后归一化、耐心和得当的调度做出来的。
# 不过从 GPT-2 起，多数大模型都把归一化放在前面，我们从这里起也这样做。
#
# ## 解码器
#
# 读只是一半的工作。**解码器**负责写，一个接一个，后写的可以依据先写的。
# 我们的任务是：读一个三到八个字母的单词，把它倒着写出来。
# 写的单位叫**词元**，这里是字母和三个符号：`START` 表示开始，`STOP` 表示结束，
# `PAD` 用来填满一批中较短的单词。

# %%
LETTERS = "abcdefghijklmnopqrstuvwxyz"
START, STOP, PAD, TOKENS = 26, 27, 28, 29


def draw(batch, shortest, longest, draws):
    """Random words and the same backwards, each ended by STOP.

    Returns x: (batch, longest) and y: (batch, longest + 1).
    """
    n = torch.randint(shortest, longest + 1, (batch, 1), generator=draws)
    letters = torch.randint(26, (batch, longest), generator=draws)
    place = torch.arange(longest)
    backwards = letters.gather(1, (n - 1 - place).clamp(min=0))
    y = F.pad(backwards.masked_fill(place >= n, STOP), (0, 1), value=STOP)
    return letters.masked_fill(place >= n, PAD), y


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
# Here `>` is `STOP` and `·` is `PAD`.
#
# The decoder is trained to say the *next* token at every place, all places at once. So
# at place $t$ it must read what comes before: the target shifted one to the right, with
# `START` in front. And no place may look at a later one, or it would only have to copy
# the answer. Feeding it the right tokens instead of its own is called **teacher
# forcing**.

# %% [markdown] lang="zh" of="f9b26fee"
# 这里 `>` 是 `STOP`，`·` 是 `PAD`。
#
# 训练时，解码器要在每个位置说出*下一个*词元，所有位置同时进行。
# 所以在位置 $t$，它应该读到前面的内容：把目标右移一格，最前面放上 `START`。
# 而且任何位置都不许看后面，否则照抄答案就行了。
# 用正确的词元、而不是它自己写的词元来喂它，叫做**教师强制**。


# %% exercise="decoder_inputs" points=2 minutes=6 level=2
def decoder_inputs(y, start):
    """What a decoder reads while it learns to write y, and who may look where.

    y: the tokens to write, (batch, n), integers; start: the number of START.
    Returns (tokens, mask): (batch, n), y shifted one to the right behind start; and
    booleans, (n, n), True at [i, j] if place i may look at place j.
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
# Returns (tokens, mask): (batch, n), y shifted one to the right behind start; and
# booleans, (n, n), True at [i, j] if place i may look at place j.
# → y：要写的词元，(batch, n)，整数；start：START 的编号。
#   返回（词元，掩码）：(batch, n)，start 之后是右移一格的 y；
#   以及布尔值 (n, n)，位置 i 可以看位置 j 时 [i, j] 处为 True。

# %% check="decoder_inputs"
y = torch.tensor([[5, 6, 7, 8], [1, 2, 9, 9]])
before = y.clone()
answer = decoder_inputs(y, 0)
pair = isinstance(answer, tuple) and len(answer) == 2
bm.expect.true(pair, "return two things: the tokens and the mask")
tokens, mask = answer
bm.expect.shape(tokens, (2, 4), "as many as y has: START comes, the last token goes")
bm.expect.true((tokens[:, 0] == 0).all(), "the first place reads START")
advice = "place t reads the token before: shift y to the right, not to the left"
bm.expect.equal(tokens[:, 1:], y[:, :-1], advice)
bm.expect.equal(y, before, "leave the caller's y as it was")
bm.expect.shape(mask, (4, 4), "a row for each place that looks")
bm.expect.true(mask.dtype == torch.bool, "a mask holds booleans, not numbers")
advice = "no place may look ahead: row i stops at column i"
bm.expect.true(not mask.triu(1).any(), advice)
advice = "a place may look at itself: after the shift, what stands there is known"
bm.expect.true(mask.diagonal().all(), advice)
bm.expect.true(mask[3].all(), "the last place may look at all before it")
### BEGIN HIDDEN TESTS
tokens, mask = decoder_inputs(torch.arange(12).reshape(2, 6), 99)
right = torch.tensor([[99, 0, 1, 2, 3, 4], [99, 6, 7, 8, 9, 10]])
bm.expect.equal(tokens, right, "START as it is given, then y without its last")
want = torch.tensor([[j <= i for j in range(6)] for i in range(6)])
bm.expect.equal(mask, want, "row i may look at columns 0 to i")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return two things: the tokens and the mask → 请返回两样东西：词元和掩码
# as many as y has: START comes, the last token goes
# → 和 y 一样多：来了 START，就走了最后一个词元
# the first place reads START → 第一个位置读 START
# place t reads the token before: shift y to the right, not to the left
# → 位置 t 读前一个词元：y 要向右移，不是向左
# leave the caller's y as it was → 不要改动调用者的 y
# a row for each place that looks → 每个要看的位置一行
# a mask holds booleans, not numbers → 掩码里是布尔值，不是数
# no place may look ahead: row i stops at column i
# → 任何位置都不许往前看：第 i 行到第 i 列为止
# a place may look at itself: after the shift, what stands there is known
# → 位置可以看自己：右移之后，那里的词元已经写出来了
# the last place may look at all before it → 最后一个位置可以看前面的一切
# START as it is given, then y without its last → 先是给定的 START，再是去掉末尾的 y
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


# %% variant="decoder_inputs"
def decoder_inputs(y, start):
    tokens = y.roll(1, dims=1)  # a copy
    tokens[:, 0] = start
    place = torch.arange(y.shape[1])
    return tokens, place[:, None] >= place


# %% [markdown]
# A decoder's block does one thing more than an encoder's. Between looking around and
# thinking it looks at what the encoder made of the word: **cross-attention**. The
# questions come from what is written, the keys and values from what was read.

# %% [markdown] lang="zh" of="3f2cdcad"
# 解码器的块比编码器的多做一件事：在看自己和想之间，再看一眼编码器读出来的东西，
# 这就是**交叉注意力**。提问来自已写的部分，键和值来自读到的部分。


# %%
class DecoderBlock(Block):
    """Look back at what is written, look at what was read, think."""

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
# Look back at what is written, look at what was read, think.
# → 回看已写的，看读到的，再想。
# L decoder blocks and a norm. → L 个解码器块，再加一个归一化。

# %% [markdown]
# Encoder and decoder together are the Transformer of 2017. Scores of the next token are
# dot products with the decoder's own embeddings, which therefore start small and are
# scaled up where they come in. The switch `places` lets us leave the positions out.

# %% [markdown] lang="zh" of="5743ef03"
# 编码器加解码器，就是 2017 年的 Transformer。下一个词元的分数，
# 是与解码器自己的嵌入的点积；所以嵌入的初值取得小，进入网络时再放大。
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
        """Scores of the token after each place of tokens, (batch, n, TOKENS)."""
        real = (x != PAD)[:, None, None, :]  # (batch, 1, 1, m)
        context = self.encoder(self.put(self.source_embedding, x), real)
        h = self.decoder(self.put(self.target_embedding, tokens), context, mask, real)
        return h @ self.target_embedding.weight.T


# %% [raw] lang="zh"
# Reads one sequence, writes another. → 读一个序列，写另一个序列。
# Scores of the token after each place of tokens, (batch, n, TOKENS).
# → tokens 各位置之后那个词元的分数，(batch, n, TOKENS)。

# %% [markdown]
# `bm.models.Transformer`, which later lessons use, must say the same with the same
# weights.

# %% [markdown] lang="zh" of="b0b4640b"
# 后面各课用的是 `bm.models.Transformer`。权重相同，它说的也应该相同。

# %%
yours = Transformer(d=16, heads=4, L=3).double()
kit = bm.models.Transformer(
    TOKENS, TOKENS, d_model=16, n_heads=4, n_layers=3, dropout=0.0
)
kit.double().load_state_dict(yours.state_dict())
x, y = draw(64, 3, 8, torch.Generator().manual_seed(2))
tokens, mask = decoder_inputs(y, START)
with torch.no_grad():
    ours, theirs = yours(x, tokens, mask), kit(x, tokens, x != PAD)
bm.claim(
    "Your Transformer and bmkit's agree on a padded batch",
    (ours - theirs).abs().max() < 1e-4,
    difference=(ours - theirs).abs().max(),
)

# %% [raw] lang="zh"
# Your Transformer and bmkit's agree on a padded batch
# → 你的变换器与 bmkit 的在带填充的批次上一致

# %% [markdown]
# Only the float32 positions part them by a rounding error.
#
# Why may all places be trained at once? By the chain rule of probability, what a
# decoder says about a whole answer is the product of what it says about each token,
# given those before. In logarithms,
#
# $$\log P(y \mid x) = \sum_{t=1}^{n} \log P(y_t \mid y_{<t}, x) \label{chain}$$
#
# On the left we write step by step: $n$ calls, each of which sees the beginning alone,
# and multiply. On the right one call with teacher forcing does it all. They agree
# because the mask hides the future.

# %% [markdown] lang="zh" of="6c0ee667"
# 两者只因 float32 的位置编码差一点舍入误差。
#
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
# This is the "easily trained in parallel" of §3.3.3, made exact. A recurrent network
# has to walk through the word; here every place is one row of the same matrix products.
#
# ## It learns to spell backwards
#
# We train two of them on random letters, one with positions and one without. Words that
# came up in training are put aside, so that the test sees new ones only.

# %% [markdown] lang="zh" of="86c34e12"
# 这正是 §3.3.3 所说的“易于并行训练”，说得更确切了。循环网络必须一步步走过单词；
# 在这里，每个位置只是同一批矩阵乘法中的一行。
#
# ## 学会倒着拼
#
# 我们用随机字母训练两个变换器，一个有位置编码，一个没有。
# 训练时出现过的单词都记下来，这样测试只用新的单词。

# %%
steps, longest = lab.pick(ci=500, workshop=1500, full=5000), 8
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
# → 训练一个变换器；返回它，以及每一步到 STOP 为止答对词元的比例。
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
# These scores come from teacher forcing. Writing on its own, the decoder has only its
# own tokens to go by. **Greedy decoding** takes the best-scored token, appends it, asks
# again, and ends at `STOP`. Some words of a batch stop before others: they go on with
# `STOP` until all are done.

# %% [markdown] lang="zh" of="6f234add"
# 这些成绩是教师强制下得到的。真正自己写的时候，解码器只有自己写出的词元可以依靠。
# **贪心解码**每次取分数最高的词元，接上去，再问一次，直到 `STOP`。
# 一批单词中有的先停，就一直写 `STOP`，等全部写完。


# %% exercise="greedy" points=3 minutes=12 level=3
def greedy(scores_after, rows, start, stop, limit):
    """Write token by token, always the one with the best score.

    scores_after: a function; from the tokens so far, (rows, t), which begin with
    start, it gives scores of the token after each place, (rows, t, tokens).
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
# start, it gives scores of the token after each place, (rows, t, tokens).
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
advice = "the next token is scored at the last place, not the first"
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
### END HIDDEN TESTS

# %% [raw] lang="zh"
# A decoder that knows its script by heart, and goes on talking after the end.
# → 一个把台词背熟的解码器，结束了还会往下说。
# you ask again and again: when does writing end? → 你一直在问：什么时候结束？
# begin with one start for each row → 每行先放一个 start
# the answer comes without the start → 答案里不含 start
# the next token is scored at the last place, not the first
# → 下一个词元的分数在最后一个位置，不在第一个
# a row that has stopped has only stop after it, whatever the scores say
# → 停下来的行之后全是 stop，不管分数怎么说
# end as soon as every row has stopped → 所有行都停了就马上结束
# hand over all tokens so far, start and your own
# → 把目前全部词元交过去：start 和自己写的
# write at most limit tokens → 最多写 limit 个词元
# each token depends on your last one → 每个词元取决于你写的上一个

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


# %% mistake="greedy" says="at the last place"
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
# Your decoder loop around the trained network, one step a line: what is written so far,
# and its three favourites for the next token.

# %% [markdown] lang="zh" of="25eebae1"
# 把你的解码器循环套在训练好的网络上，一步一行：目前写出了什么，
# 下一个词元它最看好哪三个。


# %%
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
# Nobody taught it a word of English, and it does not need one. Now a fair test: a
# thousand words that never came up in training, written greedily, and only a word that
# is right to the last letter counts. That is the **exact match**.

# %% [markdown] lang="zh" of="9295186f"
# 没有人教过它一个英语单词，它也用不着。现在来一场公平的考试：
# 一千个训练中从未出现的单词，
# 贪心解码写出来，每个字母都对才算对，这叫**完全匹配**。


# %%
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
bm.claim(
    "One block to read and one to write spell unseen words backwards",
    spelled > 0.95,
    exact_match=spelled,
    parameters=sum(weight.numel() for weight in speller.parameters()),
)


# %% [raw] lang="zh"
# Share of unseen words that the model spells backwards, all letters right.
# → 没见过的单词中，每个字母都倒着写对的比例。
# One block to read and one to write spell unseen words backwards
# → 一个块读、一个块写，就能把没见过的单词倒着拼出来

# %% [markdown]
# ## Where it looks
#
# While it writes, where does the decoder look in the word? A hook on the
# cross-attention takes its inputs, and `weights` says where each head looks. Choose a
# `word` and a `head`.

# %% [markdown] lang="zh" of="2eec9e54"
# ## 它在看哪里
#
# 写的时候，解码器在看单词的哪里？在交叉注意力上挂一个钩子拿到它的输入，
# 再用 `weights` 求出每个头看哪里。选一选 `word` 和 `head`。


# %%
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

# %%
x, y = draw(500, 3, 8, torch.Generator().manual_seed(lab.seed + 2000))
n = (x != PAD).sum(1, keepdim=True)  # (500, 1)
looks = glances(speller, x).mean(1).argmax(-1)  # (500, 9)
mirrored = n - 1 - torch.arange(looks.shape[1])  # negative after the last letter
writing = mirrored >= 0
share = (looks == mirrored)[writing].float().mean()
bm.claim(
    "To write letter t it looks most at letter n - 1 - t: backwards along the diagonal",
    share > 0.8,
    share_of_letters=share,
    by_chance=(1 / n.float()).mean(),
)

# %% [raw] lang="zh"
# To write letter t it looks most at letter n - 1 - t: backwards along the diagonal
# → 写第 t 个字母时，它最看重第 n - 1 - t 个：沿对角线倒着走
# negative after the last letter → 最后一个字母之后为负

# %% [markdown]
# Nobody told it where to look. And the map goes back from the *last real* letter, for
# words of every length: so the encoder must have told each place how far it is from the
# end. Choose `aaabbb` and judge: does it go by letter or by place?
#
# ## Without positions
#
# The twin without positions had the same training. It reads a bag of letters: an
# encoder without positions cannot tell an anagram from the word itself. So whatever it
# writes for one of them it must write for all.

# %% [markdown] lang="zh" of="c13e63a9"
# 没有人告诉它该看哪里。而且不管单词多长，它都从*真正的*最后一个字母往回走：
# 可见编码器已经让每个位置知道自己离末尾多远。选 `aaabbb` 看一看：它认的是字母，
# 还是位置？
#
# ## 没有位置编码
#
# 没有位置编码的那个双胞胎，训练过程一模一样。它读到的是一袋字母：
# 没有位置编码的编码器分不清一个词和它的易位词。所以给其中一个写什么，
# 给其余的也只能写什么。

# %%
anagrams = read(["stressed", "desserts", "sdetesrs"])
for name, model in (("with positions", speller), ("without", placeless)):
    print(name, *(spell(word).split(">")[0] for word in backwards(model, anagrams)))
bagged = exact_match(placeless)
apart = [
    (out - out[:1]).abs().max().item()
    for out in (
        model(anagrams.to(lab.device), anagrams[:1].expand(3, -1).to(lab.device), None)
        for model in (speller, placeless)
    )
]
bm.claim(
    "Without positions anagrams look alike, and nearly no word is spelled backwards",
    bagged < 0.2 and apart[1] < 1e-3 < apart[0],
    exact_match=bagged,
    anagrams_apart_with=apart[0],
    anagrams_apart_without=apart[1],
)

# %% [raw] lang="zh"
# with positions → 有位置编码
# without → 没有
# Without positions anagrams look alike, and nearly no word is spelled backwards
# → 没有位置编码，易位词全都一样，几乎一个词也倒不过来

# %% [markdown]
# ## Longer than it has seen
#
# It has practised on up to eight letters. A person who can turn round *stressed* can
# turn round *refrigerator*. Can it?

# %% [markdown] lang="zh" of="b08ad6c2"
# ## 比见过的更长
#
# 它练的都是不超过八个字母的词。会倒着写 *stressed* 的人，也会倒着写 *refrigerator*。
# 它呢？

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
    "It does not carry over to longer words: beyond eight letters it breaks down",
    min(reach[:6]) > 0.9 and max(reach[7:]) < 0.5,
    up_to_8=reach[:6],
    longer=reach[6:],
)

# %% [raw] lang="zh"
# letters in the word → 单词的字母数
# exact match → 完全匹配
# Exact match by length: nearly 1 up to eight letters, then it breaks down.
# → 各长度的完全匹配：八个字母以内接近 1，再长就垮了。
# It does not carry over to longer words: beyond eight letters it breaks down
# → 它推广不到更长的词：超过八个字母就垮了

# %% [markdown]
# So it has learned what to do at the places that it knows, not a rule for all places.
# In the attention lesson a look-up worked at any length, because nothing there depended
# on the place. To go beyond the trained length is still a matter of research.
#
# ## How many parameters, and what it costs
#
# "Many parameters, high cost", §3.3.3 says of Transformers. Let us count. Attention has
# four maps of $d \times d$ and their biases, thinking has two of $d \times 4d$, and
# there are two norms. In all, one block has
#
# $$N = 12 d^2 + 13 d \label{block-size}$$

# %% [markdown] lang="zh" of="67d39cd7"
# 可见它学到的是在熟悉的位置上该怎么做，而不是适用于一切位置的规则。
# 注意力那一课里的查找，多长都行，因为那里没有什么取决于位置。
# 怎样超出训练过的长度，至今仍是研究课题。
#
# ## 参数多少，代价几何
#
# §3.3.3 说 Transformer“模型参数较多，计算成本较高”。我们来数一数。
# 注意力有四个 $d \times d$ 的变换及其偏置，“想”有两个 $d \times 4d$ 的，
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
# The length $n$ does not occur. An LSTM layer of the same width has $8d^2 + 8d$, so one
# block is one and a half of those; a dense layer that joined all places of a text would
# need $(nd)^2$. What grows with the length is the work: every place weighs every other.
# Here is one layer of width 512 on texts of growing length, in multiplications.

# %% [markdown] lang="zh" of="5d070b10"
# 长度 $n$ 根本没有出现。同样宽的一层 LSTM 有 $8d^2 + 8d$ 个参数，
# 所以一个块相当于一层半；
# 而把文本所有位置连起来的一层全连接，要 $(nd)^2$ 个。
# 随长度增长的是计算量：每个位置都要掂量其他每个位置。
# 下面是宽 512 的一层，文本越来越长时所需的乘法次数。

# %% fold
d, n = 512, 2.0 ** torch.arange(4, 17)
work = {
    "LSTM layer": 8 * n * d**2,
    "block: its matrices": 12 * n * d**2,
    "block: looking around": 2 * n**2 * d,
}
fig, ax = plt.subplots()
for (name, number), mark in zip(work.items(), "os^", strict=True):
    ax.loglog(n, number, marker=mark, label=name)
ax.set(xlabel="places n", ylabel="multiplications")
ax.legend()
alt = (
    "Work by length: two parallel straight lines, and a steeper one that crosses them."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# LSTM layer → LSTM 层
# block: its matrices → 块：矩阵部分
# block: looking around → 块：互相看
# places n → 位置数 n
# multiplications → 乘法次数
# Work by length: two parallel straight lines, and a steeper one that crosses them.
# → 计算量随长度变化：两条平行直线，一条更陡的直线与它们相交。

# %%
with torch.device("meta"):  # shapes without memory
    base = bm.models.Transformer(37_000, 37_000, d_model=512, n_heads=8, n_layers=6)
    lstm, dense = nn.LSTM(512, 512, bias=True), nn.Linear(64 * 512, 64 * 512)
    block = Block(512, 8)
shared = count(base) - count(base.source_embedding)  # the paper has one table for both
bm.claim(
    "The paper's base model, counted, is within 5 % of the 65 million it states",
    abs(shared / 65e6 - 1) < 0.05,
    counted=shared,
)
ratio = count(block) / count(lstm)
bm.claim(
    "A block has between one and two times an LSTM layer's parameters, far below dense",
    1 < ratio < 2 and 100 * count(block) < count(dense),
    block=count(block),
    lstm_layer=count(lstm),
    dense_64_places=count(dense),
)

# %% [raw] lang="zh"
# The paper's base model, counted, is within 5 % of the 65 million it states
# → 论文的基础模型，数出来与它说的 6500 万相差不到 5 %
# A block has between one and two times an LSTM layer's parameters, far below dense
# → 一个块的参数是一层 LSTM 的一到两倍，远少于全连接
# shapes without memory → 只有形状，不占内存
# the paper has one table for both → 论文中两者共用一张表

# %% [markdown]
# So a Transformer is not large because its blocks are; it is large because it *can* be:
# it trains in parallel, so people make it wide and deep. What is inherent is the cost
# of looking, $n^2$, which overtakes everything else at about $n = 6d$. And the
# document's last point, that Transformers handle images poorly, is put to the test in
# the lesson on vision Transformers.
#
# ## What we learned
#
# - Attention has no sense of order. Positions are added; a shift is a rotation.
# - A block looks, then thinks, and adds both to a common stream.
# - With the norm first, gradients stay calm with depth, and no warm-up is needed here.
# - A decoder reads its own past under a causal mask and the source by cross-attention;
#   teacher forcing trains all places at once.
# - Our speller solves its task by looking backwards along the diagonal, and fails
#   beyond the lengths that it practised.
#
# ## Where next
#
# Teach it to sort the letters, or to add two numbers: only `draw` has to change. Give
# it two blocks each, and see whether longer words get better. Then go on to the lessons
# on a small GPT and on translation.
#
# ## Further reading
#
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - R. Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*,
#   ICML.
# - J. L. Ba, J. R. Kiros and G. E. Hinton (2016), *Layer Normalization*, arXiv.

# %% [markdown] lang="zh" of="e9d2f1ea"
# 所以，变换器大，不是因为它的块大，而是因为它*可以*大：它能并行训练，
# 人们就把它做得又宽又深。真正与生俱来的是互相看的代价 $n^2$，
# 大约到 $n = 6d$ 时超过其余一切。至于文中最后一点，说变换器对图像的处理能力较弱，
# 视觉变换器那一课会来检验。
#
# ## 我们学到了什么
#
# - 注意力没有顺序感。位置编码是加上去的；平移就是旋转。
# - 一个块先看再想，两者都加到共同的主流上。
# - 归一化放在前面，网络再深梯度也平稳，在这里不用预热。
# - 解码器在因果掩码下读自己的过去，用交叉注意力读原文；
#   教师强制让所有位置同时训练。
# - 我们的拼写器靠沿对角线倒着看来完成任务；超过练过的长度，它就不行了。
#
# ## 下一步
#
# 教它给字母排序，或者做两个数的加法：只需改动 `draw`。给它各两个块，
# 看看更长的词会不会好一些。然后去学小型 GPT 和机器翻译两课。
#
# ## 延伸阅读
#
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - R. Xiong et al. (2020), *On Layer Normalization in the Transformer Architecture*,
#   ICML.
# - J. L. Ba, J. R. Kiros, G. E. Hinton (2016), *Layer Normalization*, arXiv.
