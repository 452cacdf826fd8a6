# ---
# slug: recurrence
# title: {en: Recurrent networks, zh: 循环网络}
# section: "2.1, 3.1.1, 3.3.2"
# minutes: 105
# needs: []
# data: [plays]
# extras: []
# symbols:
#   x: input
#   h: hidden activation or state
#   W: weights
#   b: bias
#   n: length of the sequence
#   t: position or time step
# says:
#   en: Build RNN, LSTM and GRU, and measure how far back each can remember.
#   zh: 搭出 RNN、LSTM 和 GRU，量一量它们各能记住多久以前的事。
# ---

# %% [markdown]
# You read this sentence word by word, and yet at its end you know how it began. A
# recurrent network reads like that: one small step at a time, with a notebook of fixed
# size that it rewrites at every step. How long does a line in that notebook last? The
# document says that recurrent networks capture long dependencies, and a few lines on
# that their gradients vanish. Both cannot be the whole truth. We shall measure it.

# %% [markdown] lang="zh" of="558651c1"
# 读这句话时，你是一个词一个词读的，可读到句末还记得开头。循环网络也这样读：
# 一次一小步，随身带一本大小固定的笔记，每走一步都重写一遍。
# 笔记里的一行字能留多久？原文说循环网络能捕捉长期依赖关系，隔几行又说它的梯度容易消失。
# 两句话不可能都是全部真相。我们来量一量。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math
from functools import partial

import bmkit as bm
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

lab = bm.start("recurrence", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# ## One number that remembers
#
# Begin with the smallest notebook there is: a single number $h$. At every step it is
# multiplied by a weight $w$, the input is added, and a tanh keeps the sum between −1
# and 1. We ring a bell once, at step 0, and then there is silence. How long does the
# number know?

# %% [markdown] lang="zh" of="8af18b90"
# ## 一个会记事的数
#
# 先看最小的笔记：只有一个数 $h$。每一步把它乘以权重 $w$，加上输入，再用 tanh
# 把结果压到 −1 和 1 之间。第 0 步敲一下铃，此后一片寂静。这个数能记多久？

# %% fold
fig, ax = plt.subplots()
for w, mark in ((0.5, "o"), (0.9, "s"), (1.0, "^"), (1.5, "D")):
    h, path = math.tanh(0.5), []  # the bell: an input of 0.5
    for _ in range(30):
        path.append(h)
        h = math.tanh(w * h)
    ax.plot(path, marker=mark, ms=4, label=f"w = {w}")
ax.set(xlabel="steps since the bell", ylabel="state h", ylim=(-0.02, 1))
ax.legend()
alt = (
    "State against steps since the bell. With w of 0.5 it is gone after five steps, "
    "with 0.9 after thirty; with 1 it fades slowly; with 1.5 it climbs and stays."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# the bell: an input of 0.5 → 铃声：输入 0.5
# steps since the bell → 铃声之后的步数
# state h → 状态 h
# State against steps since the bell. With w of 0.5 it is gone after five steps, with
# 0.9 after thirty; with 1 it fades slowly; with 1.5 it climbs and stays.
# → 横轴是铃声之后的步数，纵轴是状态。w 为 0.5 时五步就消失，0.9 时三十步消失；
#   1 时缓慢减弱；1.5 时上升并停住。

# %% [markdown]
# A small $w$ forgets. A large $w$ remembers *that* there was a bell, but the state ends
# at the same height however loud it rang. Everything in this lesson grows out of this
# picture.
#
# ## The plain recurrent network
#
# Now let the state be a vector $h$, and the input $x_t$ one too. The new state is
#
# $$h_t = \tanh(W_x x_t + b_x + W_h h_{t-1} + b_h)$$
#
# with the **same** weights at every step: that is what makes it recurrent, and lets it
# read sequences of any length. (One bias would do. PyTorch has two, and so have we, so
# that we can compare.) States are rows, so a weight matrix acts as `h @ W.T`.

# %% [markdown] lang="zh" of="fc05aa49"
# 小的 $w$ 会遗忘。大的 $w$ 记得*有过*铃声，可不管当时敲得多响，状态最后都停在同一高度。
# 这一课的一切，都从这幅图里长出来。
#
# ## 朴素的循环网络
#
# 现在让状态成为向量 $h$，输入 $x_t$ 也是向量。新的状态是
#
# $$h_t = \tanh(W_x x_t + b_x + W_h h_{t-1} + b_h)$$
#
# 每一步用的都是**同一组**权重：“循环”二字由此而来，多长的序列也都能读。
# （偏置一个就够了；PyTorch 有两个，为了便于对照，我们也用两个。）
# 状态按行存放，所以权重矩阵的作用写成 `h @ W.T`。


# %% exercise="rnn_step" points=2 minutes=6 level=1
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    """One step of a plain recurrent network.

    x: this step's inputs, (batch, inputs); h: the state before, (batch, hidden).
    W_x: (hidden, inputs), W_h: (hidden, hidden), b_x and b_h: (hidden,).
    Returns the new state, (batch, hidden).
    """
    ### BEGIN SOLUTION
    return torch.tanh(x @ W_x.T + b_x + h @ W_h.T + b_h)
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of a plain recurrent network. → 朴素循环网络的一步。
# x: this step's inputs, (batch, inputs); h: the state before, (batch, hidden).
# W_x: (hidden, inputs), W_h: (hidden, hidden), b_x and b_h: (hidden,).
# Returns the new state, (batch, hidden).
# → x：这一步的输入，(batch, inputs)；h：之前的状态，(batch, hidden)。
#   W_x：(hidden, inputs)，W_h：(hidden, hidden)，b_x 和 b_h：(hidden,)。
#   返回新的状态，(batch, hidden)。

# %% check="rnn_step"
draws = torch.Generator().manual_seed(1)
x, h = torch.randn(2, 4, generator=draws), torch.randn(2, 4, generator=draws)
W_x, W_h = torch.randn(2, 4, 4, generator=draws)
b_x, b_h = torch.randn(2, 4, generator=draws)
new = rnn_step(x, h, W_x, W_h, b_x, b_h)
bm.expect.shape(new, (2, 4), "one state of `hidden` numbers for each row of the batch")
loud = rnn_step(9 * x, 9 * h, W_x, W_h, b_x, b_h)
bm.expect.true(
    (loud.abs() <= 1).all(), "take the tanh of the whole sum: it is at most 1"
)
none = torch.zeros(4, 4)
silent = rnn_step(x, h, none, none, b_x, b_h)
bm.expect.close(silent, torch.tanh(b_x + b_h).expand(2, 4), "add both biases")
advice = "a row of W makes one new number: x @ W_x.T and h @ W_h.T, with the .T"
only = rnn_step(x, h, none, W_h, 0 * b_x, 0 * b_h)
bm.expect.close(only, torch.tanh(h @ W_h.T), advice)
only = rnn_step(x, h, W_x, none, 0 * b_x, 0 * b_h)
bm.expect.close(only, torch.tanh(x @ W_x.T), advice)
### BEGIN HIDDEN TESTS
x, h = torch.randn(3, 2, generator=draws), torch.randn(3, 5, generator=draws)
sizes = ((5, 2), (5, 5), (5,), (5,))
weights = [torch.randn(*size, generator=draws) for size in sizes]
want = torch.rnn_tanh_cell(x, h, *weights)
bm.expect.close(rnn_step(x, h, *weights), want, "as PyTorch's", atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one state of `hidden` numbers for each row of the batch
# → 批次中每一行得到一个状态，含 `hidden` 个数
# take the tanh of the whole sum: it is at most 1 → 对整个和取 tanh：结果不会超过 1
# add both biases → 两个偏置都要加
# a row of W makes one new number: x @ W_x.T and h @ W_h.T, with the .T
# → W 的一行产生一个新数：写 x @ W_x.T 和 h @ W_h.T，别漏了 .T
# as PyTorch's → 应与 PyTorch 一致

# %% [markdown] hint="rnn_step"
# It is the formula above, in one line. Check the shapes: (batch, inputs) times what
# gives (batch, hidden)?

# %% [markdown] lang="zh" of="469ab029"
# 把上面的公式写成一行即可。核对形状：(batch, inputs) 乘以什么得到 (batch, hidden)？

# %% [markdown] hint="rnn_step"
# `x @ W_x.T` has shape (batch, hidden). Add the other three terms, then one
# `torch.tanh` around all of them.

# %% [markdown] lang="zh" of="3084c002"
# `x @ W_x.T` 的形状是 (batch, hidden)。加上另外三项，最后用一个 `torch.tanh` 包住。


# %% mistake="rnn_step" says="whole sum"
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    return x @ W_x.T + b_x + h @ W_h.T + b_h


# %% mistake="rnn_step" says="whole sum"
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    return torch.tanh(x @ W_x.T + b_x) + h @ W_h.T + b_h


# %% mistake="rnn_step" says="both biases"
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    return torch.tanh(x @ W_x.T + h @ W_h.T + b_h)


# %% mistake="rnn_step" says="with the .T"
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    return torch.tanh(x @ W_x.T + b_x + h @ W_h + b_h)


# %% variant="rnn_step"
def rnn_step(x, h, W_x, W_h, b_x, b_h):
    both, W = torch.cat([x, h], -1), torch.cat([W_x, W_h], -1)
    return torch.tanh(F.linear(both, W, b_x + b_h))


# %% [markdown]
# To read a sequence, repeat the step. `unroll` takes any of the steps of this lesson.
# An LSTM, which comes later, carries two vectors instead of one; its state is a pair.

# %% [markdown] lang="zh" of="c7e8b01f"
# 重复这一步，就能读完一个序列。`unroll` 可以配本课的任何一种“步”。
# 后面的 LSTM 随身带两个向量而不是一个，它的状态是一对。


# %%
def unroll(step, x, state, *weights):
    """x: (batch, n, inputs). Returns all h, (batch, n, hidden), and the last state."""
    states = []
    for x_t in x.unbind(1):
        state = step(x_t, state, *weights)
        states.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(states, 1), state


# %% [raw] lang="zh"
# x: (batch, n, inputs). Returns all h, (batch, n, hidden), and the last state.
# → x：(batch, n, inputs)。返回全部 h，(batch, n, hidden)，以及最后的状态。

# %% [markdown]
# ## Blame travels backwards
#
# Training asks: how would the last state $h_n$ change if an early state $h_t$ had been
# a little different? By the chain rule each step contributes one factor. The slope of
# tanh at its own output $h$ is $1-h^2$, so
#
# $$\frac{\partial h_n}{\partial h_t} = \prod_{s=n,\dots,t+1}
# \mathrm{diag}(1-h_s^2)\,W_h \label{through-time}$$
#
# with the latest step leftmost. Your turn: all of these matrices, for one sequence.

# %% [markdown] lang="zh" of="0d20b219"
# ## 责任往回追
#
# 训练要问：如果早先的状态 $h_t$ 稍有不同，最后的状态 $h_n$ 会怎样变？
# 由链式法则，每一步贡献一个因子。tanh 在输出为 $h$ 处的斜率是 $1-h^2$，所以
#
# $$\frac{\partial h_n}{\partial h_t} = \prod_{s=n,\dots,t+1}
# \mathrm{diag}(1-h_s^2)\,W_h \label{through-time}$$
#
# 最晚的一步在最左边。轮到你了：为一个序列求出所有这些矩阵。


# %% exercise="through_time" points=3 minutes=12 level=3
def through_time(states, W_h):
    """How the last state of a plain RNN depends on each state.

    states: h_1 to h_n of one sequence, (n, hidden); W_h: (hidden, hidden).
    Returns (n, hidden, hidden): at [t] the matrix of dh_n[i] / dh_t[j], where t counts
    the rows of states; the last one is the identity.
    """
    ### BEGIN SOLUTION
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype)
    found = [jacobian]
    for h in states[1:].flip(0):  # from the last step back to the second
        jacobian = jacobian @ ((1 - h**2)[:, None] * W_h)
        found.append(jacobian)
    return torch.stack(found[::-1])
    ### END SOLUTION


# %% [raw] lang="zh"
# How the last state of a plain RNN depends on each state.
# → 朴素 RNN 的最后一个状态怎样依赖每一个状态。
# states: h_1 to h_n of one sequence, (n, hidden); W_h: (hidden, hidden).
# Returns (n, hidden, hidden): at [t] the matrix of dh_n[i] / dh_t[j], where t counts
# the rows of states; the last one is the identity.
# → states：一个序列的 h_1 到 h_n，(n, hidden)；W_h：(hidden, hidden)。
#   返回 (n, hidden, hidden)：[t] 处是 dh_n[i] / dh_t[j] 构成的矩阵，
#   t 为 states 的行号；最后一个是单位矩阵。
# from the last step back to the second → 从最后一步往回走到第二步

# %% check="through_time"
draws = torch.Generator().manual_seed(2)
states = torch.rand(4, 3, generator=draws, dtype=torch.float64) * 1.6 - 0.8
W_h = torch.randn(3, 3, generator=draws, dtype=torch.float64)
answer = through_time(states, W_h)
bm.expect.shape(answer, (4, 3, 3), "one matrix for each state, h_n's own included")
eye = torch.eye(3, dtype=torch.float64)
bm.expect.close(answer[3], eye, "h_n changes as h_n does: the last is the identity")
slopes = 1 - states**2
advice = (
    "a step's slopes are those at the state it arrives at: one back from h_n uses h_n"
)
early = torch.allclose(answer[2], slopes[2][:, None] * W_h)
bm.expect.true(not early, advice)
advice = "one step back is diag(1 - h_n**2) @ W_h: slope i multiplies row i of W_h"
bm.expect.close(answer[2], slopes[3][:, None] * W_h, advice)
two = (slopes[3][:, None] * W_h) @ (slopes[2][:, None] * W_h)
bm.expect.close(answer[1], two, "earlier steps come in from the right: J @ (factor)")
### BEGIN HIDDEN TESTS
states = torch.rand(9, 2, generator=draws, dtype=torch.float64) * 1.6 - 0.8
W_h = torch.randn(2, 2, generator=draws, dtype=torch.float64)
answer, want = through_time(states, W_h), torch.eye(2, dtype=torch.float64)
for t in range(8, -1, -1):
    bm.expect.close(answer[t], want, "the product of all factors after step t")
    want = want @ torch.diag(1 - states[t] ** 2) @ W_h
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one matrix for each state, h_n's own included → 每个状态一个矩阵，h_n 自己也算
# h_n changes as h_n does: the last is the identity → h_n 对自己求导：最后一个是单位矩阵
# a step's slopes are those at the state it arrives at: one back from h_n uses h_n
# → 一步的斜率取自这一步到达的状态：从 h_n 往回一步，用的是 h_n
# one step back is diag(1 - h_n**2) @ W_h: slope i multiplies row i of W_h
# → 往回一步是 diag(1 - h_n**2) @ W_h：第 i 个斜率乘 W_h 的第 i 行
# earlier steps come in from the right: J @ (factor) → 更早的步从右边乘进来：J @ (因子)
# the product of all factors after step t → 第 t 步之后所有因子的乘积

# %% [markdown] hint="through_time"
# Walk from the end to the start. Begin with the identity, and at each step multiply by
# one factor. Keep what you have after each step, and turn the list round at the end.

# %% [markdown] lang="zh" of="8f51e748"
# 从末尾走回开头。从单位矩阵出发，每走一步乘上一个因子；每一步的结果都留下，
# 最后把列表倒过来。

# %% [markdown] hint="through_time"
# The factor of the step that arrives at `h` is `(1 - h**2)[:, None] * W_h`: the slopes
# multiply the rows.

# %% [markdown] lang="zh" of="9eac61c4"
# 到达 `h` 的那一步，因子是 `(1 - h**2)[:, None] * W_h`：斜率乘在各行上。

# %% [markdown] hint="through_time"
# `for h in states[1:].flip(0): J = J @ factor; found.append(J)`, then
# `torch.stack(found[::-1])`. The first state needs no factor: no step before it counts.

# %% [markdown] lang="zh" of="081ccdb2"
# `for h in states[1:].flip(0): J = J @ factor; found.append(J)`，然后
# `torch.stack(found[::-1])`。第一个状态没有因子：它之前的步不用算。


# %% mistake="through_time" says="slope i multiplies row i"
def through_time(states, W_h):
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype)
    found = [jacobian]
    for h in states[1:].flip(0):
        jacobian = jacobian @ ((1 - h**2) * W_h)
        found.append(jacobian)
    return torch.stack(found[::-1])


# %% mistake="through_time" says="from the right"
def through_time(states, W_h):
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype)
    found = [jacobian]
    for h in states[1:].flip(0):
        jacobian = ((1 - h**2)[:, None] * W_h) @ jacobian
        found.append(jacobian)
    return torch.stack(found[::-1])


# %% mistake="through_time" says="the state it arrives at"
def through_time(states, W_h):
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype)
    found = [jacobian]
    for h in states[:-1].flip(0):
        jacobian = jacobian @ ((1 - h**2)[:, None] * W_h)
        found.append(jacobian)
    return torch.stack(found[::-1])


# %% mistake="through_time" says="the last is the identity"
def through_time(states, W_h):
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype)
    found = [jacobian]
    for h in states[1:].flip(0):
        jacobian = jacobian @ ((1 - h**2)[:, None] * W_h)
        found.append(jacobian)
    return torch.stack(found)


# %% variant="through_time"
def through_time(states, W_h):
    factors = torch.diag_embed(1 - states**2) @ W_h
    found = torch.eye(len(W_h), dtype=W_h.dtype).repeat(len(states), 1, 1)
    for t in range(len(states) - 2, -1, -1):
        found[t] = found[t + 1] @ factors[t + 1]
    return found


# %% [markdown]
# Equation (\ref{through-time}) against autograd, which knows nothing of our product.

# %% [markdown] lang="zh" of="714264c0"
# 拿公式 (\ref{through-time}) 与自动求导对照，后者对我们的乘积一无所知。

# %% equation="through-time" of="d84b6b3e"
n, hidden = 12, 5
shapes = ((hidden, 3), (hidden, hidden), (hidden,), (hidden,))
weights = [torch.randn(*s, dtype=torch.float64) / 2 for s in shapes]
x = torch.randn(1, n, 3, dtype=torch.float64)
start = torch.zeros(1, hidden, dtype=torch.float64)
states, _ = unroll(rnn_step, x, start, *weights)  # (1, n, hidden)


def finish(h):  # from h_1 to h_n
    return unroll(rnn_step, x[:, 1:], h[None], *weights)[1][0]


by_autograd = torch.autograd.functional.jacobian(finish, states[0, 0])
bm.equation(
    "through-time", by_autograd, through_time(states[0], weights[1])[0], atol=1e-12
)

# %% [raw] lang="zh"
# from h_1 to h_n → 从 h_1 走到 h_n

# %% [markdown]
# ## Vanishing and exploding
#
# A product of a hundred matrices is rarely of moderate size. Leave the tanh out for a
# moment: then the product is a power of $W_h$, and how powers grow is decided by the
# **spectral radius** $\rho$, the size of the largest eigenvalue:
#
# $$\lim_{n\to\infty}\lVert W_h^{\,n}\rVert^{1/n} = \rho(W_h) \label{gelfand}$$
#
# So with $\rho = 0.9$ a hundred steps leave about $0.9^{100}$, and with $\rho = 1.1$
# they make about $1.1^{100}$. We try it on a random matrix and its 10,000th power.

# %% [markdown] lang="zh" of="97030ffb"
# ## 消失与爆炸
#
# 一百个矩阵相乘，结果很少是不大不小的。暂且去掉 tanh：乘积就成了 $W_h$ 的幂，
# 而幂怎样增长，由**谱半径** $\rho$（绝对值最大的特征值的大小）决定：
#
# $$\lim_{n\to\infty}\lVert W_h^{\,n}\rVert^{1/n} = \rho(W_h) \label{gelfand}$$
#
# 所以 $\rho = 0.9$ 时，一百步之后约剩 $0.9^{100}$；$\rho = 1.1$ 时约为 $1.1^{100}$。
# 我们取一个随机矩阵，算它的一万次幂。

# %% equation="gelfand" of="03253f0f"
W_h = torch.randn(30, 30, dtype=torch.float64) / math.sqrt(30)
rho = torch.linalg.eigvals(W_h).abs().max()
size, power = torch.zeros(()), torch.eye(30, dtype=torch.float64)
for _ in range(10_000):
    power = power @ W_h
    grown = torch.linalg.matrix_norm(power, 2)
    size, power = size + grown.log(), power / grown  # the norm itself would underflow
bm.equation("gelfand", (size / 10_000).exp(), rho, atol=2e-3)

# %% [raw] lang="zh"
# the norm itself would underflow → 范数本身会下溢

# %% [markdown]
# The tanh adds slopes, none of which is above 1. Let us put a network of 40 units on
# noise, with and without the tanh, and look at the size of $\partial h_n/\partial h_t$
# going back in time.

# %% [markdown] lang="zh" of="ebea79b6"
# tanh 又添上一串斜率，没有一个大于 1。让一个 40 个单元的网络读噪声，有 tanh 和没有
# tanh 各一次，看 $\partial h_n/\partial h_t$ 的大小怎样随时间往回变。


# %%
def drive(radius, tanh=True, hidden=40, steps=100, noise=0.5, seed=0):
    """States on noise, (steps, hidden), and the norm of dh_n/dh_t for each t."""
    draws = torch.Generator().manual_seed(seed)
    W = torch.randn(hidden, hidden, generator=draws, dtype=torch.float64)
    W *= radius / torch.linalg.eigvals(W).abs().max()
    x = noise * torch.randn(steps, hidden, generator=draws, dtype=torch.float64)
    h, states = torch.zeros(hidden, dtype=torch.float64), []
    for x_t in x:
        h = x_t + W @ h
        h = h.tanh() if tanh else h
        states.append(h)
    states = torch.stack(states)
    jacobians = through_time(states if tanh else 0 * states, W)
    return states, torch.linalg.matrix_norm(jacobians, 2)


# %% [raw] lang="zh"
# States on noise, (steps, hidden), and the norm of dh_n/dh_t for each t.
# → 读噪声时的状态，(steps, hidden)，以及各 t 处 dh_n/dh_t 的范数。

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.4), sharey=True, layout="constrained")
for ax, tanh in zip(axes, (False, True), strict=True):
    for radius in (0.6, 0.9, 1.0, 1.1, 1.5):
        ax.semilogy(drive(radius, tanh)[1].flip(0), label=f"ρ = {radius}")
    ax.set(xlabel="steps back from the end", title="tanh" if tanh else "no tanh")
axes[0].set(ylabel="size of ∂h_n / ∂h_t", ylim=(1e-22, 1e22))
axes[0].legend(fontsize=8)
alt = (
    "Logarithmic size of the Jacobian against steps back. Without tanh the lines are "
    "straight, down for a radius below 1 and up above it. With tanh all of them fall."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# steps back from the end → 从末尾往回的步数
# tanh → 有 tanh
# no tanh → 无 tanh
# size of ∂h_n / ∂h_t → ∂h_n / ∂h_t 的大小
# Logarithmic size of the Jacobian against steps back. Without tanh the lines are
# straight, down for a radius below 1 and up above it. With tanh all of them fall.
# → 雅可比矩阵的大小（对数）随往回步数的变化。无 tanh 时都是直线，半径小于 1 向下，
#   大于 1 向上。有 tanh 时全都下降。

# %%
ends = {
    (radius, tanh): [drive(radius, tanh, seed=s)[1][0].item() for s in range(5)]
    for radius in (0.9, 1.1)
    for tanh in (False, True)
}
bm.claim(
    "A few per cent of spectral radius decide between vanishing and exploding",
    max(ends[0.9, False]) < 0.01 and min(ends[1.1, False]) > 100,
    at_0_9=ends[0.9, False],
    at_1_1=ends[1.1, False],
)
bm.claim(
    "A tanh on a noisy input makes the gradient vanish even where ρ is 1.1",
    max(ends[1.1, True]) < 0.01,
    with_tanh=ends[1.1, True],
)

# %% [raw] lang="zh"
# A few per cent of spectral radius decide between vanishing and exploding
# → 谱半径相差百分之几，就决定了是消失还是爆炸
# A tanh on a noisy input makes the gradient vanish even where ρ is 1.1
# → 输入有噪声时，即使 ρ 为 1.1，tanh 也会让梯度消失

# %% [markdown]
# The second claim is a surprise to many: *spectral radius above 1, hence explosion* is
# true of the linear network alone. Play with it: `noise` pushes the units into the flat
# parts of the tanh. Find a radius at which the gradient neither dies nor blows up. How
# exactly must you hit it?

# %% [markdown] lang="zh" of="9995b27c"
# 第二个结论出乎很多人的意料：“谱半径大于 1 就爆炸”只对线性网络成立。来玩一玩：
# `noise` 把各单元推进 tanh 平坦的两端。找一个半径，让梯度既不消失也不爆炸。
# 要对得多准才行？


# %% fold
def play(radius, noise, tanh):
    states, sizes = drive(radius, tanh == "yes", noise=noise)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(states[:50, :3].clamp(-5, 5))
    left.set(xlabel="time t", ylabel="state, three units", title="forward")
    right.semilogy(sizes.clamp(1e-20, 1e20))
    right.axhline(1, color="grey", lw=0.8)
    right.set(xlabel="time t", ylabel="size of ∂h_n / ∂h_t", title="backward")
    right.set(ylim=(1e-20, 1e20))
    return fig


alt = (
    "Left: three units' states over 50 steps of noise. Right: the size of the gradient "
    "that reaches each time, on a logarithmic axis, rising steeply towards the end."
)
controls = {"radius": (0.5, 3.0, 0.05, 1.2), "noise": (0.0, 2.0, 0.1, 0.5)}
bm.show.explore(play, alt=alt, **controls, tanh=["yes", "no"])


# %% [raw] lang="zh"
# time t → 时间 t
# state, three units → 状态，三个单元
# forward → 前向
# size of ∂h_n / ∂h_t → ∂h_n / ∂h_t 的大小
# backward → 反向
# Left: three units' states over 50 steps of noise. Right: the size of the gradient that
# reaches each time, on a logarithmic axis, rising steeply towards the end.
# → 左：三个单元读 50 步噪声时的状态。右：传到各个时刻的梯度大小（对数轴），
#   越靠近末尾越陡地升高。

# %% [markdown]
# Where does PyTorch start? It draws each of the entries of $W_h$ evenly from
# $\pm 1/\sqrt{N}$, $N$ units. The variance of such an entry is $1/(3N)$, and the
# circular law of random matrices says that then
#
# $$\lim_{N\to\infty} \rho(W_h) = 1/\sqrt 3 \label{circular}$$
#
# That is well inside the vanishing side. Remember the number; it will come back.

# %% [markdown] lang="zh" of="0b637fbe"
# PyTorch 从哪里出发？它在 $\pm 1/\sqrt{N}$ 之间均匀抽取 $W_h$ 的每个元素，
# $N$ 为单元数。这样一个元素的方差是 $1/(3N)$，由随机矩阵的圆律，
#
# $$\lim_{N\to\infty} \rho(W_h) = 1/\sqrt 3 \label{circular}$$
#
# 这已深入“消失”的一侧。记住这个数，后面还会遇到。

# %% equation="circular" of="665d9fc4"
W_h = nn.RNN(1, 600).weight_hh_l0.detach()
rho = torch.linalg.eigvals(W_h).abs().max()
bm.equation("circular", rho, torch.tensor(1 / math.sqrt(3)), atol=0.05)

# %% [markdown]
# ## A fence at the cliff
#
# Exploding is the easier of the two to cure. Take the scalar network of the first
# picture, with the weight $w$ to be learned, and ask for a state of 0.4 after 100
# steps. From the right the loss slopes down gently to a narrow valley; behind it stands
# a wall. A step of gradient descent that lands on the wall is thrown far away.

# %% [markdown] lang="zh" of="ea5edfe2"
# ## 悬崖边的护栏
#
# 两种毛病里，爆炸比较好治。取第一幅图中的标量网络，学习它的权重 $w$，
# 要求 100 步之后状态为 0.4。损失从右边缓缓降到一个窄谷，谷的另一侧立着一堵墙。
# 梯度下降的一步一旦落在墙上，就会被远远抛开。


# %%
def wall(w, steps=100):
    h = torch.full_like(w, 1e-4)
    for _ in range(steps):
        h = torch.tanh(w * h)
    return (h - 0.4) ** 2


def descend(rule, w=1.4, lr=0.05, steps=60):
    path = [w]
    for _ in range(steps):
        w = torch.tensor(path[-1], requires_grad=True)
        wall(w).backward()
        path.append(path[-1] - lr * rule([w.grad])[0].item())
    return torch.tensor(path)


# %% [markdown]
# **Clipping** puts up a fence: when all gradients together, as one long vector $g$, are
# longer than $c$, they are shortened to length $c$. They keep their direction:
#
# $$g' = g\,\min\!\left(1, \frac{c}{\lVert g\rVert}\right), \qquad
# \lVert g'\rVert = \min(\lVert g\rVert, c) \label{clipped}$$

# %% [markdown] lang="zh" of="52d32dcf"
# **裁剪**就是装一道护栏：把所有梯度接成一个长向量 $g$，长度超过 $c$ 时缩短到 $c$，
# 方向不变：
#
# $$g' = g\,\min\!\left(1, \frac{c}{\lVert g\rVert}\right), \qquad
# \lVert g'\rVert = \min(\lVert g\rVert, c) \label{clipped}$$


# %% exercise="clip" points=2 minutes=6 level=2
def clip(gradients, largest):
    """Shorten gradients that are together longer than `largest`.

    gradients: a list of tensors, of any shapes; largest: a positive number.
    Returns a list of tensors of the same shapes.
    """
    ### BEGIN SOLUTION
    norm = torch.stack([g.norm() for g in gradients]).norm()
    factor = (largest / norm).clamp(max=1.0)
    return [factor * g for g in gradients]
    ### END SOLUTION


# %% [raw] lang="zh"
# Shorten gradients that are together longer than `largest`.
# → 所有梯度合起来超过 `largest` 时，把它们缩短。
# gradients: a list of tensors, of any shapes; largest: a positive number.
# Returns a list of tensors of the same shapes.
# → gradients：张量的列表，形状任意；largest：正数。
#   返回形状相同的张量列表。

# %% check="clip"
gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[0.0], [4.0]])]  # together 5
short = clip(gradients, 10.0)
bm.expect.true(len(short) == 2, "return a list: one tensor for each gradient")
for got, want in zip(short, gradients, strict=True):
    bm.expect.close(got, want, "what is short enough stays as it is: never lengthen")
clipped = clip(gradients, 1.0)
bm.expect.shape(clipped[1], (2, 1), "each keeps its shape")
kept = clipped[0][0] * 4 - clipped[1][1, 0] * 3
advice = "one factor for all, from the length of all together: the direction stays"
bm.expect.close(kept, torch.tensor(0.0), advice)
length = torch.cat([g.flatten() for g in clipped]).norm()
bm.expect.close(length, torch.tensor(1.0), "together they are now `largest` long")
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(3)
gradients = [torch.randn(*s, generator=draws) for s in ((3, 4), (5,), (2, 2, 2))]
whole = torch.cat([g.flatten() for g in gradients])
for largest in (0.1, 2.5, 100.0):
    want = whole * min(1.0, largest / whole.norm().item())
    got = torch.cat([g.flatten() for g in clip(gradients, largest)])
    bm.expect.close(got, want, "one factor: min(1, largest / length)", atol=1e-5)
still = clip([torch.zeros(2), torch.zeros(3)], 1.0)
bm.expect.close(still[0], torch.zeros(2), "gradients of zero stay zero: mind 0 / 0")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# together 5 → 合起来是 5
# return a list: one tensor for each gradient → 返回列表：每个梯度对应一个张量
# what is short enough stays as it is: never lengthen → 够短的原样不动：绝不拉长
# each keeps its shape → 每个都保持原来的形状
# one factor for all, from the length of all together: the direction stays
# → 所有梯度共用一个因子，由合起来的长度算出：方向不变
# together they are now `largest` long → 合起来的长度现在是 `largest`
# one factor: min(1, largest / length) → 一个因子：min(1, largest / 长度)
# gradients of zero stay zero: mind 0 / 0 → 零梯度仍为零：当心 0 / 0

# %% [markdown] hint="clip"
# First the length of all gradients as if they were one vector. The squares of the
# single lengths add up.

# %% [markdown] lang="zh" of="17b7e81c"
# 先求所有梯度接成一个向量时的长度：各自长度的平方可以相加。

# %% [markdown] hint="clip"
# `norm = torch.stack([g.norm() for g in gradients]).norm()`. The factor is
# `largest / norm`, but never more than 1.

# %% [markdown] lang="zh" of="597bb4c9"
# `norm = torch.stack([g.norm() for g in gradients]).norm()`。因子是 `largest / norm`，
# 但不能大于 1。


# %% mistake="clip" says="one factor for all"
def clip(gradients, largest):
    return [g * (largest / g.norm()).clamp(max=1.0) for g in gradients]


# %% mistake="clip" says="one factor for all"
def clip(gradients, largest):
    return [g.clamp(-largest, largest) for g in gradients]


# %% mistake="clip" says="never lengthen"
def clip(gradients, largest):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [largest / norm * g for g in gradients]


# %% mistake="clip" says="together they are now"
def clip(gradients, largest):
    norm = sum(g.norm() for g in gradients)
    return [(largest / norm).clamp(max=1.0) * g for g in gradients]


# %% variant="clip"
def clip(gradients, largest):
    norm = math.sqrt(sum(g.square().sum().item() for g in gradients))
    if norm <= largest:
        return [g.clone() for g in gradients]
    return [g * (largest / norm) for g in gradients]


# %% equation="clipped" of="9a4c984e"
g, c = [torch.randn(3, 4), torch.randn(5)], torch.tensor([0.5, 2.0, 20.0])
length = torch.cat([part.flatten() for part in g]).norm()
after = [torch.cat([p.flatten() for p in clip(g, limit)]).norm() for limit in c]
bm.equation("clipped", torch.stack(after), torch.minimum(length, c), atol=1e-5)

# %% fold
fence = 0.2
free, fenced = descend(lambda g: g), descend(partial(clip, largest=fence))
w = torch.linspace(1.0, 1.5, 400)
fig, ax = plt.subplots()
ax.plot(w, wall(w), "-", color="black", lw=1, label="loss")
ax.plot(free, wall(free), "o", ms=5, mfc="none", color="#c2410c", label="free")
ax.plot(fenced, wall(fenced), "x", ms=6, color="#1b3a6b", label="clipped")
ax.set(xlabel="weight w", ylabel="loss after 100 steps", xlim=(1, 1.5))
ax.legend()
alt = (
    "Loss against w: a gentle slope from the right, a narrow valley near 1.1, a wall "
    "left of it. Clipped steps walk down and stay; free steps hit the wall and scatter."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# loss → 损失
# free → 不裁剪
# clipped → 裁剪
# weight w → 权重 w
# loss after 100 steps → 100 步之后的损失
# Loss against w: a gentle slope from the right, a narrow valley near 1.1, a wall left
# of it. Clipped steps walk down and stay; free steps hit the wall and scatter.
# → 损失随 w 的变化：右边是缓坡，1.1 附近是窄谷，谷的左边是墙。
#   裁剪后的步子走下去就停住；不裁剪的撞上墙，散落四处。

# %%
late = {"free": wall(free)[-20:].mean(), "clipped": wall(fenced)[-20:].mean()}
bm.claim(
    "Free steps are thrown back from the wall; clipped ones come to rest in the valley",
    free.diff().abs().max() > 5 * fenced.diff().abs().max()
    and late["clipped"] < late["free"] / 5,
    largest_free_step=free.diff().abs().max(),
    largest_clipped_step=fenced.diff().abs().max(),
    late_loss_free=late["free"],
    late_loss_clipped=late["clipped"],
)

# %% [raw] lang="zh"
# Free steps are thrown back from the wall; clipped ones come to rest in the valley
# → 不裁剪的步子被墙弹回来；裁剪后的步子在谷底停住

# %% [markdown]
# Clipping cannot cure vanishing: a gradient of $10^{-10}$ is drowned in the gradients
# of nearby steps, and no rule can bring it back by making everything longer.
#
# ## A conveyor belt: the LSTM
#
# The cure for vanishing changes the network. The trouble was that the whole notebook is
# rewritten at every step. So give it a second vector $c$, the **cell**, that is
# *added to*, and three **gates** between 0 and 1 that guard it: what to let in ($i$),
# what to keep ($f$), what to show ($o$). With $\sigma$ the sigmoid,
#
# $$i, f, o = \sigma(\cdot),\quad g = \tanh(\cdot),\qquad
# c_t = f \odot c_{t-1} + i \odot g,\qquad h_t = o \odot \tanh(c_t)$$
#
# where each dot is a sum $W_x x_t + b_x + W_h h_{t-1} + b_h$ with weights of its own.
# PyTorch stacks the four in one matrix, in the order $i, f, g, o$: one product gives
# all of them.

# %% [markdown] lang="zh" of="74daf383"
# 裁剪治不了消失：$10^{-10}$ 的梯度早就淹没在近处各步的梯度里了，
# 把一切都放大也救不回它。
#
# ## 一条传送带：LSTM
#
# 治消失，得改网络本身。毛病出在整本笔记每一步都被重写。
# 于是添上第二个向量 $c$，叫做**细胞**，对它只做*加法*；
# 再用三道取值在 0 到 1 之间的**门**守着它：
# 放什么进来（$i$），留下什么（$f$），给人看什么（$o$）。设 $\sigma$ 为 sigmoid，
#
# $$i, f, o = \sigma(\cdot),\quad g = \tanh(\cdot),\qquad
# c_t = f \odot c_{t-1} + i \odot g,\qquad h_t = o \odot \tanh(c_t)$$
#
# 每个点代表一个和 $W_x x_t + b_x + W_h h_{t-1} + b_h$，各有各的权重。
# PyTorch 把四组权重按 $i, f, g, o$ 的次序叠成一个矩阵：一次乘积，四个都有。


# %% exercise="lstm_step" points=4 minutes=12 level=3
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    """One step of an LSTM.

    x: (batch, inputs); state: the pair (h, c), each (batch, hidden).
    W_x: (4 * hidden, inputs), W_h: (4 * hidden, hidden), b_x and b_h: (4 * hidden,);
    their rows belong to i, f, g and o, in this order.
    Returns the new pair (h, c).
    """
    ### BEGIN SOLUTION
    h, c = state
    i, f, g, o = (x @ W_x.T + b_x + h @ W_h.T + b_h).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of an LSTM. → LSTM 的一步。
# x: (batch, inputs); state: the pair (h, c), each (batch, hidden).
# W_x: (4 * hidden, inputs), W_h: (4 * hidden, hidden), b_x and b_h: (4 * hidden,);
# their rows belong to i, f, g and o, in this order.
# Returns the new pair (h, c).
# → x：(batch, inputs)；state：一对 (h, c)，各为 (batch, hidden)。
#   W_x：(4 * hidden, inputs)，W_h：(4 * hidden, hidden)，b_x 和 b_h：(4 * hidden,)；
#   各行依次属于 i、f、g、o。
#   返回新的一对 (h, c)。

# %% check="lstm_step"
draws = torch.Generator().manual_seed(4)
x, h, c = torch.randn(3, 2, 3, generator=draws)
none, shut, wide = torch.zeros(12, 3), torch.full((3,), -30.0), torch.full((3,), 30.0)


def gates(i, f, g, o):  # an LSTM that looks at its biases alone
    b = torch.cat([i, f, g, o])
    return lstm_step(x, (h, c), none, none, b, torch.zeros(12))


answer = gates(shut, wide, wide, wide)
pair = isinstance(answer, tuple) and len(answer) == 2
bm.expect.true(pair, "return the pair (h, c)")
bm.expect.shape(answer[0], (2, 3), "h has `hidden` numbers a row")
advice = "forget gate wide open, input gate shut: c stays; the rows are i, f, g, o"
bm.expect.close(answer[1], c, advice)
advice = "show the new cell through a tanh: h = o * tanh(c)"
bm.expect.close(answer[0], torch.tanh(answer[1]), advice)
answer = gates(wide, shut, -wide, shut)
bm.expect.close(
    answer[1], -torch.ones(2, 3), "g is a tanh: it may write −1, not only +"
)
bm.expect.close(
    answer[0], torch.zeros(2, 3), "output gate shut: h is 0; the order is i, f, g, o"
)
answer = gates(wide, wide, wide, wide)
bm.expect.close(answer[1], c + 1, "with all gates open, g is added to the old c")
bm.expect.close(answer[0], torch.tanh(c + 1), "h shows the new c, not the old one")
### BEGIN HIDDEN TESTS
x, h, c = (torch.randn(4, s, generator=draws) for s in (2, 5, 5))
sizes = ((20, 2), (20, 5), (20,), (20,))
weights = [torch.randn(*size, generator=draws) for size in sizes]
want, got = torch.lstm_cell(x, (h, c), *weights), lstm_step(x, (h, c), *weights)
bm.expect.close(got[0], want[0], "h as PyTorch's", atol=1e-5)
bm.expect.close(got[1], want[1], "c as PyTorch's", atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# an LSTM that looks at its biases alone → 只看偏置的 LSTM
# return the pair (h, c) → 请返回一对 (h, c)
# h has `hidden` numbers a row → h 每行有 `hidden` 个数
# forget gate wide open, input gate shut: c stays; the rows are i, f, g, o
# → 遗忘门全开、输入门全关时，c 不变；各行的次序是 i、f、g、o
# show the new cell through a tanh: h = o * tanh(c)
# → 新的细胞要经过 tanh 再给人看：h = o * tanh(c)
# g is a tanh: it may write −1, not only + → g 用 tanh：可以写入 −1，不只是正数
# output gate shut: h is 0; the order is i, f, g, o
# → 输出门全关时 h 为 0；次序是 i、f、g、o
# with all gates open, g is added to the old c → 各门全开时，g 加到旧的 c 上
# h shows the new c, not the old one → h 显示的是新的 c，不是旧的
# h as PyTorch's → h 应与 PyTorch 一致
# c as PyTorch's → c 应与 PyTorch 一致

# %% [markdown] hint="lstm_step"
# The sum is that of `rnn_step`, four times as wide. Cut it in four along the last axis.

# %% [markdown] lang="zh" of="a8cf21e5"
# 和与 `rnn_step` 里的一样，只是宽了四倍。沿最后一个轴切成四份。

# %% [markdown] hint="lstm_step"
# `i, f, g, o = (...).chunk(4, -1)`. Sigmoids for `i`, `f`, `o`, a tanh for `g`. First
# the new `c`, then `h` from it.

# %% [markdown] lang="zh" of="7015b4dd"
# `i, f, g, o = (...).chunk(4, -1)`。`i`、`f`、`o` 用 sigmoid，`g` 用 tanh。
# 先求新的 `c`，再由它求 `h`。

# %% [markdown] hint="lstm_step"
# `c = f.sigmoid() * c + i.sigmoid() * g.tanh()`, then
# `return o.sigmoid() * c.tanh(), c`.

# %% [markdown] lang="zh" of="a713e503"
# `c = f.sigmoid() * c + i.sigmoid() * g.tanh()`，然后
# `return o.sigmoid() * c.tanh(), c`。


# %% mistake="lstm_step" says="the rows are i, f, g, o"
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    h, c = state
    f, i, g, o = (x @ W_x.T + b_x + h @ W_h.T + b_h).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


# %% mistake="lstm_step" says="through a tanh"
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    h, c = state
    i, f, g, o = (x @ W_x.T + b_x + h @ W_h.T + b_h).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c, c


# %% mistake="lstm_step" says="g is a tanh"
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    h, c = state
    z = x @ W_x.T + b_x + h @ W_h.T + b_h
    i, f, g, o = z.sigmoid().chunk(4, -1)
    c = f * c + i * g
    return o * c.tanh(), c


# %% mistake="lstm_step" says="the new c"
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    h, c = state
    i, f, g, o = (x @ W_x.T + b_x + h @ W_h.T + b_h).chunk(4, -1)
    h = o.sigmoid() * c.tanh()
    return h, f.sigmoid() * c + i.sigmoid() * g.tanh()


# %% variant="lstm_step"
def lstm_step(x, state, W_x, W_h, b_x, b_h):
    h, c = state
    z = (F.linear(x, W_x, b_x) + F.linear(h, W_h, b_h)).unflatten(-1, (4, -1))
    g = z[..., 2, :].tanh()
    i, f, _, o = z.sigmoid().unbind(-2)
    c = torch.addcmul(f * c, i, g)
    return o * torch.tanh(c), c


# %% [markdown]
# Now follow the blame along the belt. Take a cell whose gates look at the input alone
# ($W_h = 0$). Then each step is $c_t = f_t \odot c_{t-1} + \dots$ and
#
# $$\frac{\partial c_n}{\partial c_0} = \mathrm{diag}\Big(\prod_{t=1}^{n} f_t\Big)
# \label{belt}$$
#
# No matrix, no slope of a tanh: only the forget gates, and a gate near 1 loses nearly
# nothing.

# %% [markdown] lang="zh" of="1d2068e1"
# 现在沿着传送带追责任。取一个门只看输入的细胞（$W_h = 0$）。这时每一步都是
# $c_t = f_t \odot c_{t-1} + \dots$，于是
#
# $$\frac{\partial c_n}{\partial c_0} = \mathrm{diag}\Big(\prod_{t=1}^{n} f_t\Big)
# \label{belt}$$
#
# 没有矩阵，也没有 tanh 的斜率：只有遗忘门；门接近 1，就几乎不丢东西。

# %% equation="belt" of="6f66ae49"
x = torch.randn(1, 8, 3, dtype=torch.float64)
W_x, b_x = torch.randn(16, 3, dtype=torch.float64), torch.randn(16).double()
rest = W_x, torch.zeros(16, 4).double(), b_x, torch.zeros(16).double()


def ride(c):
    return unroll(lstm_step, x, (torch.zeros(1, 4).double(), c[None]), *rest)[1][1][0]


by_autograd = torch.autograd.functional.jacobian(ride, torch.randn(4).double())
forget = torch.sigmoid(x[0] @ W_x[4:8].T + b_x[4:8])  # (8, 4)
bm.equation("belt", by_autograd, torch.diag(forget.prod(0)), atol=1e-12)

# %% [markdown]
# A new LSTM has biases near 0, so its forget gates stand near $\sigma(0) = 0.5$: half
# of the cell is lost at **every** step. How much is left after $n$ steps, for a forget
# gate whose bias is 0, 1, 3 or 5?

# %% [markdown] lang="zh" of="21adba99"
# 新建的 LSTM 偏置都在 0 附近，遗忘门也就在 $\sigma(0) = 0.5$ 附近：**每**一步丢掉一半。
# 若遗忘门的偏置是 0、1、3 或 5，$n$ 步之后还剩多少？

# %% fold
steps = torch.arange(0, 201)
fig, ax = plt.subplots()
for bias in (0.0, 1.0, 3.0, 5.0):
    gate = 1 / (1 + math.exp(-bias))
    ax.semilogy(steps, gate**steps, label=f"bias {bias:.0f}, f = {gate:.3f}")
ax.set(xlabel="steps n", ylabel="share of the cell that is left", ylim=(1e-6, 2))
ax.legend()
alt = (
    "Share left against steps, logarithmic: with bias 0 a millionth is left after 20 "
    "steps, with bias 1 after 45; with bias 3 after 280; with bias 5 a quarter at 200."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# bias {bias:.0f}, f = {gate:.3f} → 偏置 {bias:.0f}，f = {gate:.3f}
# steps n → 步数 n
# share of the cell that is left → 细胞还剩的比例
# Share left against steps, logarithmic: with bias 0 a millionth is left after 20 steps,
# with bias 1 after 45; with bias 3 after 280; with bias 5 a quarter at 200.
# → 剩余比例（对数）随步数的变化：偏置 0 时 20 步后剩百万分之一，偏置 1 时 45 步，
#   偏置 3 时 280 步；偏置 5 时 200 步后还剩四分之一。

# %% [markdown]
# A belt, yes, but one that somebody has to switch on. We shall see whether that matters
# for learning.
#
# ## One gate fewer: the GRU
#
# The GRU does without the second vector. An **update gate** $u$ says how much of the
# old state is kept, and a **reset gate** $r$ how much of it the candidate $g$ may see:
#
# $$h_t = u \odot h_{t-1} + (1-u) \odot g, \qquad
# g = \tanh\!\big(W_x x_t + b_x + r \odot (W_h h_{t-1} + b_h)\big)$$
#
# with $r$ and $u$ sigmoids of the usual sums. PyTorch's rows are $r, u, g$, in this
# order. Mind where $r$ stands: after the product, bias included.

# %% [markdown] lang="zh" of="0b186211"
# 传送带是有了，但得有人去合上开关。学习时这要不要紧，我们等着看。
#
# ## 少一道门：GRU
#
# GRU 不要第二个向量。**更新门** $u$ 决定旧状态留下多少，**重置门** $r$
# 决定候选值 $g$ 能看见多少旧状态：
#
# $$h_t = u \odot h_{t-1} + (1-u) \odot g, \qquad
# g = \tanh\!\big(W_x x_t + b_x + r \odot (W_h h_{t-1} + b_h)\big)$$
#
# $r$ 和 $u$ 是同样的和再取 sigmoid。PyTorch 的各行依次是 $r, u, g$。
# 注意 $r$ 的位置：在矩阵乘积之后，连偏置一起乘。


# %% exercise="gru_step" points=4 minutes=12 level=4
def gru_step(x, h, W_x, W_h, b_x, b_h):
    """One step of a GRU.

    x: (batch, inputs); h: (batch, hidden). W_x: (3 * hidden, inputs), W_h: (3 *
    hidden, hidden), b_x and b_h: (3 * hidden,); rows of r, u and g, in this order.
    Returns the new state, (batch, hidden).
    """
    ### BEGIN SOLUTION
    new, old = x @ W_x.T + b_x, h @ W_h.T + b_h  # (batch, 3 * hidden) each
    (r, u, g), (old_r, old_u, old_g) = new.chunk(3, -1), old.chunk(3, -1)
    r, u = (r + old_r).sigmoid(), (u + old_u).sigmoid()
    g = torch.tanh(g + r * old_g)
    return u * h + (1 - u) * g
    ### END SOLUTION


# %% [raw] lang="zh"
# One step of a GRU. → GRU 的一步。
# x: (batch, inputs); h: (batch, hidden). W_x: (3 * hidden, inputs), W_h: (3 *
# hidden, hidden), b_x and b_h: (3 * hidden,); rows of r, u and g, in this order.
# Returns the new state, (batch, hidden).
# → x：(batch, inputs)；h：(batch, hidden)。W_x：(3 * hidden, inputs)，W_h：(3 *
#   hidden, hidden)，b_x 和 b_h：(3 * hidden,)；各行依次属于 r、u、g。
#   返回新的状态，(batch, hidden)。
# (batch, 3 * hidden) each → 各为 (batch, 3 * hidden)

# %% check="gru_step"
draws = torch.Generator().manual_seed(5)
x, h = torch.randn(2, 2, 3, generator=draws)
none, shut, wide = torch.zeros(9, 3), torch.full((3,), -30.0), torch.full((3,), 30.0)
half, zeros = torch.full((3,), 0.5), torch.zeros(3)
V = torch.cat([none[:6], torch.randn(3, 3, generator=draws)])  # only g sees h


def gates(r, u, g, old=zeros, V=none):
    b_h = torch.cat([zeros, zeros, old])
    return gru_step(x, h, none, V, torch.cat([r, u, g]), b_h)


kept = gates(shut, wide, wide)
bm.expect.shape(kept, (2, 3), "one state of `hidden` numbers for each row")
advice = "an update gate of 1 keeps the old state, and 0 takes g; the rows are r, u, g"
bm.expect.close(kept, h, advice)
bm.expect.close(gates(wide, shut, half), torch.tanh(half).expand(2, 3), advice)
advice = "r multiplies W_h h + b_h, the bias included"
bm.expect.close(gates(shut, shut, zeros, half), torch.zeros(2, 3), advice)
right = torch.tanh(0.5 * (h @ V[6:].T + 0.5))
got = gates(zeros, shut, zeros, half, V)
bm.expect.close(got, right, "r stands between W_h h + b_h and the tanh: tanh(r * ...)")
### BEGIN HIDDEN TESTS
x, h = (torch.randn(4, s, generator=draws) for s in (2, 5))
sizes = ((15, 2), (15, 5), (15,), (15,))
weights = [torch.randn(*size, generator=draws) for size in sizes]
want = torch.gru_cell(x, h, *weights)
advice = "as PyTorch's: reset after the product, r * (W_h h + b_h)"
bm.expect.close(gru_step(x, h, *weights), want, advice, atol=1e-5)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# only g sees h → 只有 g 看得见 h
# one state of `hidden` numbers for each row → 每行得到一个状态，含 `hidden` 个数
# an update gate of 1 keeps the old state, and 0 takes g; the rows are r, u, g
# → 更新门为 1 时保留旧状态，为 0 时取 g；各行的次序是 r、u、g
# r multiplies W_h h + b_h, the bias included → r 乘的是 W_h h + b_h，偏置也在内
# r stands between W_h h + b_h and the tanh: tanh(r * ...)
# → r 位于 W_h h + b_h 与 tanh 之间：tanh(r * ...)
# as PyTorch's: reset after the product, r * (W_h h + b_h)
# → 应与 PyTorch 一致：先乘矩阵再重置，r * (W_h h + b_h)

# %% [markdown] hint="gru_step"
# Here the two halves of the sum cannot be added at once: $r$ multiplies only one of
# them. Keep them apart and cut each in three.

# %% [markdown] lang="zh" of="32b9bc9b"
# 这里和的两半不能一开始就相加：$r$ 只乘其中一半。分开存放，各切成三份。

# %% [markdown] hint="gru_step"
# `r = (new_r + old_r).sigmoid()`, the same for `u`. Then
# `g = torch.tanh(new_g + r * old_g)`.

# %% [markdown] lang="zh" of="330d97eb"
# `r = (new_r + old_r).sigmoid()`，`u` 同理；`g = torch.tanh(new_g + r * old_g)`。

# %% [markdown] hint="gru_step"
# Then `u * h + (1 - u) * g`: a gate of 1 keeps the old state.

# %% [markdown] lang="zh" of="cc332ec2"
# 最后 `u * h + (1 - u) * g`：门为 1 时保留旧状态。


# %% mistake="gru_step" says="keeps the old state"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    (r, u, g), old = (x @ W_x.T + b_x).chunk(3, -1), (h @ W_h.T + b_h).chunk(3, -1)
    r, u = (r + old[0]).sigmoid(), (u + old[1]).sigmoid()
    g = torch.tanh(g + r * old[2])
    return (1 - u) * h + u * g


# %% mistake="gru_step" says="the rows are r, u, g"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    (u, r, g), old = (x @ W_x.T + b_x).chunk(3, -1), (h @ W_h.T + b_h).chunk(3, -1)
    u, r = (u + old[0]).sigmoid(), (r + old[1]).sigmoid()
    g = torch.tanh(g + r * old[2])
    return u * h + (1 - u) * g


# %% mistake="gru_step" says="the bias included"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    m = h.shape[-1]
    new, old = x @ W_x.T + b_x, h @ W_h.T
    r, u = (new + old + b_h)[:, : 2 * m].sigmoid().chunk(2, -1)
    g = torch.tanh(new[:, 2 * m :] + b_h[2 * m :] + r * old[:, 2 * m :])
    return u * h + (1 - u) * g


# %% mistake="gru_step" says="reset after the product"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    m = h.shape[-1]
    new, old = x @ W_x.T + b_x, h @ W_h.T + b_h
    r, u = (new + old)[:, : 2 * m].sigmoid().chunk(2, -1)
    inner = (r * h) @ W_h[2 * m :].T + r * b_h[2 * m :]
    return u * h + (1 - u) * torch.tanh(new[:, 2 * m :] + inner)


# %% mistake="gru_step" says="between W_h h"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    (r, u, g), old = (x @ W_x.T + b_x).chunk(3, -1), (h @ W_h.T + b_h).chunk(3, -1)
    r, u = (r + old[0]).sigmoid(), (u + old[1]).sigmoid()
    return u * h + (1 - u) * r * torch.tanh(g + old[2])


# %% variant="gru_step"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    m = h.shape[-1]
    new, old = F.linear(x, W_x, b_x), F.linear(h, W_h, b_h)
    gates = torch.sigmoid(new[:, : 2 * m] + old[:, : 2 * m])
    g = torch.tanh(torch.addcmul(new[:, 2 * m :], gates[:, :m], old[:, 2 * m :]))
    return torch.lerp(g, h, gates[:, m:])


# %% [markdown]
# ## The library's
#
# Your three steps, `bm.models` and PyTorch's own get the same weights and the same
# input. We compare all states, and the gradients of the input and of every weight.

# %% [markdown] lang="zh" of="9e121db5"
# ## 与库中的实现对照
#
# 把同样的权重和输入交给你的三种“步”、`bm.models` 和 PyTorch，
# 比较所有的状态，以及对输入和对每个权重的梯度。


# %%
def gap(step, ours, theirs):
    """Largest difference forward and backward among the three versions."""
    theirs = theirs(3, 6, batch_first=True).double()
    ours = ours(3, 6).double()
    for mine, right in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.data.copy_(right.data)
    x = torch.randn(4, 10, 3, dtype=torch.float64, requires_grad=True)
    h = torch.zeros(4, 6, dtype=torch.float64)
    begin, weights = (h, h) if step is lstm_step else h, list(theirs.parameters())
    outputs = unroll(step, x, begin, *weights)[0], ours(x)[0], theirs(x)[0]
    parameters = weights, list(ours.parameters()), weights
    results = [
        [y, *torch.autograd.grad(y.sin().sum(), [x, *w])]
        for y, w in zip(outputs, parameters, strict=True)
    ]
    return max(
        (a - b).abs().max().item()
        for other in results[:2]
        for a, b in zip(other, results[2], strict=True)
    )


gaps = [
    gap(rnn_step, bm.models.RNN, nn.RNN),
    gap(lstm_step, bm.models.LSTM, nn.LSTM),
    gap(gru_step, bm.models.GRU, nn.GRU),
]
bm.claim(
    "Your RNN, LSTM and GRU, bmkit's and PyTorch's agree forward and backward",
    max(gaps) < 1e-12,
    rnn=gaps[0],
    lstm=gaps[1],
    gru=gaps[2],
)


# %% [raw] lang="zh"
# Largest difference forward and backward among the three versions.
# → 三种实现之间，前向与反向的最大差别。
# Your RNN, LSTM and GRU, bmkit's and PyTorch's agree forward and backward
# → 你的 RNN、LSTM、GRU 与 bmkit 的、PyTorch 的，前向与反向都一致

# %% [markdown]
# ## How far does each remember?
#
# Now the question of the document. The task is as plain as can be: the first symbol is
# one of four; then come $n$ symbols that mean nothing; then say what the first one was.
# Guessing is right one time in four. Every batch is new, so nothing can be learned by
# heart.

# %% [markdown] lang="zh" of="dada116f"
# ## 各能记多远？
#
# 现在来看原文的问题。任务再简单不过：第一个符号是四种之一；
# 接着是 $n$ 个毫无意义的符号；
# 最后说出第一个是什么。瞎猜有四分之一能对。每一批都是新的，死记硬背没有用。


# %%
def sequences(seeds, batch, n, draws):
    """One-hot x, (seeds, batch, n + 1, 8), and first symbols, (seeds, batch)."""
    symbols = torch.randint(4, 8, (seeds, batch, n + 1), generator=draws)  # noise
    symbols[..., 0] -= 4  # the one to remember
    return F.one_hot(symbols, 8).float().to(lab.device), symbols[..., 0].to(lab.device)


# %% [raw] lang="zh"
# One-hot x, (seeds, batch, n + 1, 8), and first symbols, (seeds, batch).
# → 独热的 x，(seeds, batch, n + 1, 8)，和第一个符号，(seeds, batch)。
# noise → 噪声
# the one to remember → 要记住的那个

# %% [markdown]
# Six networks of 32 units take part. Three start as PyTorch starts them. The other
# three differ in their **start** alone: a plain RNN with an orthogonal $W_h$ (all its
# eigenvalues have size 1), an LSTM with 3 added to the bias of the forget gate, and a
# GRU with 3 added to that of the update gate, so that both gates start open.
# `torch.vmap` trains several seeds side by side for the price of one.

# %% [markdown] lang="zh" of="bee2b085"
# 六个网络参赛，各有 32 个单元。三个按 PyTorch 的方式起步；另外三个只有**起步**不同：
# $W_h$ 正交的朴素 RNN（特征值的大小都是 1），遗忘门偏置加 3 的 LSTM，
# 更新门偏置加 3 的 GRU，也就是让门一开始就敞开。
# `torch.vmap` 让几个种子并排训练，只花一份时间。

# %%
HIDDEN, SEEDS = 32, lab.pick(ci=3, workshop=5, full=10)
NETS = {  # step, gates, start
    "RNN": (rnn_step, 1, "PyTorch"),
    "LSTM": (lstm_step, 4, "PyTorch"),
    "GRU": (gru_step, 3, "PyTorch"),
    "RNN, orthogonal": (rnn_step, 1, "long"),
    "LSTM, open": (lstm_step, 4, "long"),
    "GRU, open": (gru_step, 3, "long"),
}


def begin(name, draws):
    """W_x, W_h, b_x, b_h and a linear layer to answer with, each with seeds first."""
    _, gates, start = NETS[name]
    rows, bound = gates * HIDDEN, HIDDEN**-0.5
    shapes = ((rows, 8), (rows, HIDDEN), (rows,), (rows,), (4, HIDDEN), (4,))
    made = [
        (2 * torch.rand(SEEDS, *shape, generator=draws) - 1) * bound for shape in shapes
    ]
    if start == "long" and gates == 1:
        made[1] = torch.linalg.qr(torch.randn(SEEDS, HIDDEN, HIDDEN, generator=draws))[
            0
        ]
    elif start == "long":
        made[3][:, HIDDEN : 2 * HIDDEN] += 3  # rows of f in i, f, g, o; of u in r, u, g
    return [w.to(lab.device).requires_grad_() for w in made]


# %% [raw] lang="zh"
# step, gates, start → 步、门数、起步
# RNN, orthogonal → RNN，正交
# LSTM, open → LSTM，敞开
# GRU, open → GRU，敞开
# W_x, W_h, b_x, b_h and a linear layer to answer with, each with seeds first.
# → W_x、W_h、b_x、b_h 和一个用来回答的线性层，最前面的轴都是种子。
# rows of f in i, f, g, o; of u in r, u, g → i、f、g、o 中的 f；r、u、g 中的 u


# %%
def answer(step, x, W_x, W_h, b_x, b_h, V, b):
    """Logits after reading x, (batch, n + 1, 8): (batch, 4)."""
    h = x.new_zeros(len(x), HIDDEN)
    states, _ = unroll(step, x, (h, h) if step is lstm_step else h, W_x, W_h, b_x, b_h)
    return states[:, -1] @ V.T + b


# %% [raw] lang="zh"
# Logits after reading x, (batch, n + 1, 8): (batch, 4).
# → 读完 x，(batch, n + 1, 8)，之后的 logits：(batch, 4)。

# %% [markdown]
# Before any training: how much do the answers depend on the symbol at each distance?
# One backward pass tells. What does not reach the answer now cannot be blamed for it.

# %% [markdown] lang="zh" of="f78f862d"
# 训练之前先看：回答对各个距离上的符号有多敏感？反向传播一次就知道。
# 现在传不到的，错了也追究不到它头上。


# %%
def reach_at_start(name, n=60):
    """Size of the gradient that arrives at each input, the farthest last, (n + 1,)."""
    draws = torch.Generator().manual_seed(lab.seed)
    x, weights = sequences(SEEDS, 16, n, draws)[0].requires_grad_(), begin(name, draws)
    logits = torch.vmap(partial(answer, NETS[name][0]))(x, *weights)
    (slope,) = torch.autograd.grad(logits.square().sum(), x)
    sizes = slope.norm(dim=-1).mean((0, 1)).flip(0).cpu()
    return sizes / sizes[0]


fig, ax = plt.subplots(figsize=(6.4, 4))
for name in NETS:
    ax.semilogy(reach_at_start(name), label=name)
ax.set(xlabel="distance from the end", ylabel="gradient, newest input = 1")
ax.set(ylim=(1e-18, 3))
ax.legend(fontsize=8)
alt = (
    "Gradient at the start against distance, logarithmic. RNN, LSTM and GRU as PyTorch "
    "starts them fall below 1e-10 at 60; the three other starts stay above 1e-3."
)
bm.show.figure(fig, alt=alt)


# %% [raw] lang="zh"
# Size of the gradient that arrives at each input, the farthest last, (n + 1,).
# → 传到每个输入的梯度大小，最远的在最后，(n + 1,)。
# distance from the end → 离末尾的距离
# gradient, newest input = 1 → 梯度，最新的输入为 1
# Gradient at the start against distance, logarithmic. RNN, LSTM and GRU as PyTorch
# starts them fall below 1e-10 at 60; the three other starts stay above 1e-3.
# → 起步时的梯度（对数）随距离的变化。按 PyTorch 起步的 RNN、LSTM、GRU
#   在距离 60 处落到 1e-10 以下；另外三种起步都在 1e-3 以上。

# %% [markdown]
# Look at LSTM and GRU as PyTorch starts them: hardly better than the plain RNN. Now
# train all six, at each distance, with the same batches, clipping and steps, and the
# same learning rates to choose from. Who fails with every seed is not sent further.

# %% [markdown] lang="zh" of="dcba54af"
# 看看按 PyTorch 起步的 LSTM 和 GRU：几乎不比朴素 RNN 强。现在训练全部六个，
# 每个距离各训练一次，批次、裁剪、步数都相同，可选的学习率也相同。
# 所有种子都失败的，就不再派往更远处。


# %%
STEPS = lab.pick(ci=200, workshop=400, full=400)


def remember(name, n, lr):
    """Share of right answers at distance n of each seed, (SEEDS,), and the weights."""
    draws = torch.Generator().manual_seed(lab.seed + 1)
    weights, read = begin(name, draws), torch.vmap(partial(answer, NETS[name][0]))
    optimizer = torch.optim.Adam(weights, lr)
    for step in range(1, STEPS + 1):
        x, y = sequences(SEEDS, 32, n, draws)
        losses = F.cross_entropy(read(x, *weights).mT, y, reduction="none").mean(1)
        optimizer.zero_grad()
        losses.sum().backward()
        lengths = torch.stack([w.grad.flatten(1).norm(dim=1) for w in weights]).norm(
            dim=0
        )
        for w in weights:  # clip each seed's gradients to 1
            w.grad *= (1 / lengths).clamp(max=1).view(-1, *[1] * (w.ndim - 1))
        optimizer.step()
        if step % 25 == 0 and (losses < 0.05).all():
            break
    x, y = sequences(SEEDS, 200, n, torch.Generator().manual_seed(lab.seed + 2))
    with torch.no_grad():
        right = (read(x, *weights).argmax(-1) == y).float().mean(1).cpu()
    return right, weights


# %% [raw] lang="zh"
# Share of right answers at distance n of each seed, (SEEDS,), and the weights.
# → 距离为 n 时每个种子答对的比例，(SEEDS,)，以及权重。
# clip each seed's gradients to 1 → 每个种子的梯度裁剪到 1

# %%
distances = lab.pick(
    ci=[20, 40], workshop=[5, 10, 20, 40, 80], full=[5, 10, 20, 40, 80, 160, 320]
)
rates = lab.pick(ci=[3e-3], workshop=[3e-3, 1e-2], full=[1e-3, 3e-3, 1e-2])
scores, trained = {name: {} for name in NETS}, {}
for name in bm.show.progress(NETS, "networks"):
    for n in distances:
        best = torch.zeros(SEEDS)
        for lr in rates:
            right, weights = remember(name, n, lr)
            if right.mean() > best.mean():
                best, trained[name, n] = right, weights
            if best.min() > 0.9:
                break
        scores[name][n] = best
        if best.max() < 0.5:
            break

# %% [raw] lang="zh"
# networks → 网络

# %% fold
from scipy import stats


def interval(values):
    """Half the width of the 95 % interval of the mean, by Student's t."""
    wide = stats.t.ppf(0.975, len(values) - 1) / math.sqrt(len(values))
    return wide * float(torch.as_tensor(values).std())


fig, ax = plt.subplots(figsize=(6.8, 4))
for (name, row), mark in zip(scores.items(), "os^DvP", strict=True):
    shift = 1.03 ** (list(NETS).index(name) - 2.5)  # so that bars do not hide bars
    means = [values.mean() for values in row.values()]
    bars = [interval(values) for values in row.values()]
    places = [shift * n for n in row]
    ax.errorbar(places, means, bars, marker=mark, ms=5, capsize=2, label=name)
ax.axhline(0.25, color="grey", lw=0.8)
ax.set_xscale("log", base=2)
ax.set_xticks(distances, distances)
ax.set(xlabel="distance n", ylabel="right answers, 95 % interval", ylim=(0, 1.15))
ax.legend(fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
alt = (
    "Right answers against distance. The LSTM as PyTorch starts it falls to guessing "
    "first, then RNN and GRU; orthogonal RNN, open LSTM and open GRU answer at 40."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# Half the width of the 95 % interval of the mean, by Student's t.
# → 均值的 95% 置信区间宽度的一半，用学生 t 分布。
# so that bars do not hide bars → 错开，免得互相遮住
# distance n → 距离 n
# right answers, 95 % interval → 答对的比例，95% 置信区间
# Right answers against distance. The LSTM as PyTorch starts it falls to guessing first,
# then RNN and GRU; orthogonal RNN, open LSTM and open GRU answer at 40.
# → 答对的比例随距离的变化。按 PyTorch 起步的 LSTM 最先落到瞎猜的水平，
#   然后是 RNN 和 GRU；正交的 RNN、敞开的 LSTM 和 GRU 在 40 处仍能答对。

# %%
plain, lstm, gru, orthogonal, open_lstm, open_gru = scores.values()
reach = [
    max((n for n in row if row[n].min() > 0.9), default=0) for row in scores.values()
]
guess = torch.full((SEEDS,), 0.25)  # who was not sent that far
bm.claim(
    "An LSTM as PyTorch starts it guesses at distance 20 and remembers no further than "
    "the plain RNN; with an open forget gate it is right",
    lstm.get(20, guess).max() < 0.6
    and reach[1] <= reach[0]
    and open_lstm[20].min() > 0.9,
    lstm=lstm.get(20, guess),
    lstm_open=open_lstm[20],
)
bm.claim(
    "The start decides, not the name: with a long start all three remember 40 steps, "
    "LSTM and GRU at least twice as far as with PyTorch's",
    min(row[40].min() for row in (orthogonal, open_lstm, open_gru)) > 0.9
    and reach[3] >= reach[0]
    and reach[4] >= 2 * reach[1]
    and reach[5] >= 2 * reach[2],
    reach=reach,
    networks=list(scores),
)

# %% [raw] lang="zh"
# who was not sent that far → 没有派到那么远的
# An LSTM as PyTorch starts it guesses at distance 20 and remembers no further than the
# plain RNN; with an open forget gate it is right
# → 距离为 20 时，按 PyTorch 起步的 LSTM 还在瞎猜，不比朴素 RNN 记得远；
#   遗忘门敞开的已经答对
# The start decides, not the name: with a long start all three remember 40 steps, LSTM
# and GRU at least twice as far as with PyTorch's
# → 起决定作用的是起步，不是名字：起步得当，三种都能记住 40 步；
#   LSTM 和 GRU 至少比按 PyTorch 起步时远一倍

# %% [markdown]
# So the document's two sentences are both half right. A plain RNN captures *some* long
# dependency, to the length in the figure and not further, and nothing in its name
# decides that length: the spectral radius at the start does. LSTM and GRU were invented
# to help, and they do, but with the gates open. Those who added the forget gate in 2000
# wrote that its bias should start above 0, and it is rediscovered every few years.
#
# Let us look inside an open LSTM that remembers 40 steps: its cells, for each of the
# four symbols, over one and the same noise.

# %% [markdown] lang="zh" of="2a305e01"
# 所以原文的两句话都只对了一半。朴素 RNN 能捕捉*一定的*长期依赖，到图中那个长度为止，
# 再远就不行；决定这个长度的不是名字，而是起步时的谱半径。LSTM 和 GRU 是为此而发明的，
# 也确实有用，但门要敞开。2000 年给 LSTM 加上遗忘门的人就写过，它的偏置应从大于 0
# 的值起步；此后每隔几年就有人重新发现一次。
#
# 看看一个能记住 40 步的敞开的 LSTM 里面：同一串噪声，开头换成四种符号，
# 细胞各是什么样子。

# %%
weights = [w[0].detach() for w in trained[list(NETS)[4], 40]]  # the first seed's
x = sequences(1, 1, 40, torch.Generator().manual_seed(5))[0][0].repeat(4, 1, 1)
x[:, 0] = F.one_hot(torch.arange(4), 8).to(x)  # each of the four symbols first
state, cells = (torch.zeros(4, HIDDEN).to(x),) * 2, []
for x_t in x.unbind(1):
    state = lstm_step(x_t, state, *weights[:4])
    cells.append(state[1].cpu())
cells = torch.stack(cells, 1)  # (4, 41, HIDDEN)
spread = (cells - cells.mean(0)).square().sum(0)  # what depends on the symbol
keepers = spread[-1].argsort(descending=True)[:2]

# %% [raw] lang="zh"
# the first seed's → 第一个种子的
# each of the four symbols first → 开头各放一种符号
# what depends on the symbol → 取决于符号的部分

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.3), layout="constrained")
for ax, unit in zip(axes, keepers.tolist(), strict=True):
    for symbol in range(4):
        ax.plot(cells[symbol, :, unit], label=f"{symbol}")
    ax.set(xlabel="time t", ylabel=f"cell {unit}")
axes[0].legend(title="first symbol", ncols=2, fontsize=8)
alt = (
    "Two cells over 41 steps, a line for each first symbol. The lines part in the "
    "first steps and go on parting: at the end the symbol can be read off their height."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# time t → 时间 t
# cell {unit} → 第 {unit} 个细胞
# first symbol → 第一个符号
# Two cells over 41 steps, a line for each first symbol. The lines part in the first
# steps and go on parting: at the end the symbol can be read off their height.
# → 两个细胞在 41 步中的变化，每种开头一条线。几条线在头几步就分开，
#   此后越分越远：到最后，从高度就能读出是哪个符号。

# %% [markdown]
# ## How far does it look in real text?
#
# Symbols to be kept for 40 steps are a drill. What of a text? Each network reads a play
# character by character and guesses the next one. The loss is in nats (a guess among
# $k$ equally likely characters costs $\ln k$). All three get about the same number of
# parameters, so the plain RNN has the most units.

# %% [markdown] lang="zh" of="c28a4fd9"
# ## 真实文本里它看多远？
#
# 把符号记上 40 步只是操练。读文章时又如何？每个网络逐字符读一部剧本，猜下一个字符。
# 损失以奈特计（在 $k$ 个同样可能的字符里猜，代价是 $\ln k$）。
# 三种网络的参数个数大致相同，所以朴素 RNN 的单元最多。

# %%
plays = bm.data.load("plays", lab)
text = plays.text[: lab.pick(ci=60_000, workshop=400_000, full=1_200_000)]
alphabet = sorted(set(text))
ids = torch.tensor([alphabet.index(c) for c in text])
cut = int(0.9 * len(ids))  # the last tenth is for testing
train, held_out = ids[:cut].to(lab.device), ids[cut:].to(lab.device)
print(f"{len(ids):,} characters, {len(alphabet)} kinds: {text[:60]!r}")

# %% [raw] lang="zh"
# the last tenth is for testing → 最后十分之一留作测试
# {len(ids):,} characters, {len(alphabet)} kinds: {text[:60]!r}
# → {len(ids):,} 个字符，{len(alphabet)} 种：{text[:60]!r}


# %%
class Reader(nn.Module):
    """Logits of the next character after each one, (batch, n, kinds)."""

    def __init__(self, layer, hidden):
        super().__init__()
        self.embed = nn.Embedding(len(alphabet), 32)
        self.layer = layer(32, hidden, batch_first=True)
        self.read = nn.Linear(hidden, len(alphabet))

    def forward(self, ids):
        return self.read(self.layer(self.embed(ids))[0])


def size(model):
    return sum(p.numel() for p in model.parameters())


def widest(layer, budget):
    """The largest network of this kind within the budget of parameters."""
    return next(h for h in range(400, 0, -1) if size(Reader(layer, h)) <= budget)


budget = lab.pick(ci=20_000, workshop=60_000, full=400_000)
torch.manual_seed(lab.seed)
kinds = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
readers = {name: Reader(kind, widest(kind, budget)) for name, kind in kinds.items()}
with torch.no_grad():  # an open forget gate: rows of f in i, f, g, o
    hidden = readers["LSTM"].layer.hidden_size
    readers["LSTM"].layer.bias_hh_l0[hidden : 2 * hidden] += 1


# %% [raw] lang="zh"
# Logits of the next character after each one, (batch, n, kinds).
# → 每个字符之后，下一个字符的 logits，(batch, n, kinds)。
# The largest network of this kind within the budget of parameters.
# → 参数不超过预算时，这一种里最大的网络。
# an open forget gate: rows of f in i, f, g, o → 敞开的遗忘门：i、f、g、o 中的 f


# %%
def passages(ids, count, n, draws):
    """Random passages of n + 1 characters, (count, n + 1)."""
    begin = torch.randint(len(ids) - n - 1, (count, 1), generator=draws).to(ids.device)
    return ids[begin + torch.arange(n + 1, device=ids.device)]


PASSES = lab.pick(ci=100, workshop=500, full=5000)


def learn(model, n=64):
    """Train; then the loss at each place of held-out passages, (n,)."""
    model, draws = model.to(lab.device), torch.Generator().manual_seed(lab.seed)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(PASSES):
        rows = passages(train, 32, n, draws)
        loss = F.cross_entropy(model(rows[:, :-1]).mT, rows[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    rows = passages(held_out, 1000, n, draws)
    with torch.no_grad():
        losses = F.cross_entropy(model(rows[:, :-1]).mT, rows[:, 1:], reduction="none")
    return losses.mean(0).cpu()


curves = {name: learn(model) for name, model in readers.items()}


# %% [raw] lang="zh"
# Random passages of n + 1 characters, (count, n + 1).
# → 随机取 n + 1 个字符的段落，(count, n + 1)。
# Train; then the loss at each place of held-out passages, (n,).
# → 训练；然后给出留出段落里每个位置的损失，(n,)。

# %% [markdown]
# For comparison, two tables that only count: how often each character occurs, and how
# often each follows each.

# %% [markdown] lang="zh" of="59d70f33"
# 作为对照，再做两张只会计数的表：每个字符出现多少次，每个字符后面跟着哪个字符多少次。

# %%
kinds = len(alphabet)
pairs = torch.ones(kinds, kinds)  # one more than counted, so that none is impossible
pairs.view(-1).index_add_(
    0, (train[:-1] * kinds + train[1:]).cpu(), torch.ones(cut - 1)
)
by_pair = (pairs / pairs.sum(1, keepdim=True)).log()
alone = (pairs.sum(0) / pairs.sum()).log()
test = held_out.cpu()
by_pair, alone = -by_pair[test[:-1], test[1:]].mean(), -alone[test[1:]].mean()

# %% [raw] lang="zh"
# one more than counted, so that none is impossible → 每种多计一次，免得出现概率为零

# %% fold
fig, ax = plt.subplots()
for name, curve in curves.items():
    units = f"{readers[name].layer.hidden_size} units, {size(readers[name]):,}"
    ax.plot(range(1, 65), curve, label=f"{name} ({units})")
ax.axhline(alone, color="grey", lw=1, ls=":")
ax.axhline(by_pair, color="grey", lw=1, ls="--")
ax.text(64, alone, "counts", ha="right", va="bottom", fontsize=8)
ax.text(64, by_pair, "counts of pairs", ha="right", va="bottom", fontsize=8)
ax.set(xlabel="characters read so far", ylabel="loss of the next, in nats")
ax.legend(title="network (units, parameters)", fontsize=8)
alt = (
    "Loss against characters read. All three fall steeply over the first ten or so and "
    "hardly at all after that, below the line of counted pairs."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# {readers[name].layer.hidden_size} units, {size(readers[name]):,}
# → {readers[name].layer.hidden_size} 个单元，{size(readers[name]):,}
# {name} ({units}) → {name}（{units}）
# counts → 单字符计数
# counts of pairs → 成对计数
# characters read so far → 已读的字符数
# loss of the next, in nats → 下一个字符的损失（奈特）
# network (units, parameters) → 网络（单元，参数）
# Loss against characters read. All three fall steeply over the first ten or so and
# hardly at all after that, below the line of counted pairs.
# → 损失随已读字符数的变化。三种网络都在头十个字符左右急剧下降，此后几乎不降，
#   都低于成对计数的那条线。

# %%
early = [(c[0] - c[15:25].mean()).item() for c in curves.values()]
late = [(c[15:25].mean() - c[-16:].mean()).item() for c in curves.values()]
bm.claim(
    "What a small network gains from reading it gains from the last twenty characters",
    min(early) > 0.5 and max(late) < min(early) / 4,
    gain_of_the_first_twenty=early,
    gain_of_the_rest=late,
)
bm.claim(
    "All three read better than a table of pairs",
    max(c[-16:].mean() for c in curves.values()) < by_pair,
    networks=[c[-16:].mean().item() for c in curves.values()],
    pairs=by_pair,
)

# %% [raw] lang="zh"
# What a small network gains from reading it gains from the last twenty characters
# → 小网络从阅读中得到的好处，来自最近的二十来个字符
# All three read better than a table of pairs → 三种网络都比成对计数的表读得好

# %% [markdown]
# That is why such networks can look good on text without remembering far: most of what
# the next character needs stands close by. Nor is the network with the most gates ahead
# here: gates cost parameters, and for the same number the plain RNN has twice the units
# of the LSTM. A good score is no proof of a long memory. Measure the memory.
#
# ## What we learned
#
# - A recurrent network applies one step again and again; its state is all it knows.
# - The gradient through time is a product of as many matrices as there are steps. The
#   spectral radius decides its size, and a tanh shrinks it further.
# - Clipping tames explosion and does nothing for vanishing.
# - A gated cell is a belt on which the gradient can travel, if its gate starts open.
# - How far a network remembers is a number to be measured, with several seeds, and not
#   a property of its name.
#
# ## Where next
#
# Set the bias of the open gates to 5 and find the new reach. Train at distance 10
# first, then 20, then 40: does the plain RNN get further so? The next lesson,
# *attention*, gets rid of the distance altogether, and `comparison` puts a price on it.
#
# ## Further reading
#
# - S. Hochreiter and J. Schmidhuber (1997), *Long Short-Term Memory*, Neural
#   Computation 9(8).
# - F. A. Gers, J. Schmidhuber and F. Cummins (2000), *Learning to Forget: Continual
#   Prediction with LSTM*, Neural Computation 12(10).
# - R. Pascanu, T. Mikolov and Y. Bengio (2013), *On the Difficulty of Training
#   Recurrent Neural Networks*, ICML.
# - R. Jozefowicz, W. Zaremba and I. Sutskever (2015), *An Empirical Exploration of
#   Recurrent Network Architectures*, ICML.

# %% [markdown] lang="zh" of="c26b5c66"
# 所以这样的网络即使记不远，读起文章来也显得不错：猜下一个字符所需的东西，大多就在近旁。
# 门最多的网络在这里也不领先：门要花参数，参数一样多时，朴素 RNN 的单元是 LSTM 的两倍。
# 分数好，证明不了记性长。记性要单独量。
#
# ## 我们学到了什么
#
# - 循环网络一遍遍重复同一步；它知道的一切都在状态里。
# - 沿时间往回的梯度是许多矩阵的乘积，有多少步就有多少个。谱半径决定它的大小，
#   tanh 使它更小。
# - 裁剪治得住爆炸，对消失无能为力。
# - 带门的细胞是一条梯度可以通行的传送带，前提是门一开始就敞开。
# - 一个网络能记多远，是要用几个种子去量的数，而不是名字自带的性质。
#
# ## 下一步
#
# 把敞开的门的偏置改成 5，看看能记多远。先在距离 10 上训练，再到 20、40：
# 朴素 RNN 能不能因此走得更远？下一课*注意力*干脆取消了距离，
# 而 `comparison` 一课会算出这样做的代价。
#
# ## 延伸阅读
#
# - S. Hochreiter, J. Schmidhuber (1997), *Long Short-Term Memory*, Neural
#   Computation 9(8).
# - F. A. Gers, J. Schmidhuber, F. Cummins (2000), *Learning to Forget: Continual
#   Prediction with LSTM*, Neural Computation 12(10).
# - R. Pascanu, T. Mikolov, Y. Bengio (2013), *On the Difficulty of Training Recurrent
#   Neural Networks*, ICML.
# - R. Jozefowicz, W. Zaremba, I. Sutskever (2015), *An Empirical Exploration of
#   Recurrent Network Architectures*, ICML.
