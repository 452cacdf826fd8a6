# ---
# slug: adaptive-methods
# title: {en: "Adam and AdamW, derived", zh: 自适应方法的推导}
# section: "4.1.2"
# minutes: 90
# needs: [gradient-descent, big-models]
# data: []
# extras: []
# introduces:
#   - bias correction
#   - decoupled
#   - effective learning rate
#   - first moment
#   - second moment
#   - signal-to-noise ratio
#   - weight decay
# symbols:
#   x: input, or rows of inputs
#   y: target
#   theta: all parameters
#   J: loss
#   lr: learning rate
#   g: gradient of the loss
#   m: first moment
#   v: second moment
#   beta1: decay of the first moment
#   beta2: decay of the second moment
#   epsilon: guard against division by zero
#   t: step number
# says:
#   en: Why each letter of Adam is there, how far it can step, and where it fails.
#   zh: Adam 的每个字母为何在那里，一步最多能迈多远，又会在哪里失灵。
# ---

# %% [markdown]
# Most big models are trained by Adam or AdamW. [Optimizers](lesson:optimizers) writes
# them down and races them. This lesson asks why each letter is there. How many past
# gradients does Adam remember? Why divide by $1-\beta^t$? How long can one step get?
# What does AdamW do with **weight decay**, which pulls weights towards 0? You will
# derive each answer, run it, and meet a sequence of gradients on which Adam goes the
# wrong way.

# %% [markdown] lang="zh" of="b4ff615f"
# 大模型大多是用 Adam 或 AdamW 训练的。[优化算法](lesson:optimizers)一课把它们写了出来，
# 还让它们赛跑。这一课要问：每个字母为什么在那里？Adam 记得多少个过去的梯度？为什么要除
# 以 $1-\beta^t$？一步最长能有多长？AdamW 怎样处理把权重拉向 0 的**权重衰减**？每个答案
# 你都要推导，都要跑一遍；最后还会遇到一串梯度，让 Adam 朝错误的方向走。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
from itertools import product

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer

lab = bm.start("adaptive-methods", profile=profile, device=device, seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)  # we compare formulas, so rounding must be small

# %% [raw] lang="zh"
# we compare formulas, so rounding must be small → 要比较公式，所以舍入误差必须很小

# %% [markdown]
# ## A memory that fades
#
# Adam's **first moment** keeps a share $\beta_1$ of what it was and takes in the new
# gradient with the rest: $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$, from $m_0 = 0$.
# Put $m_{t-1}$ in, then $m_{t-2}$, and so on down to the start:
#
# $$m_t = (1-\beta_1)\sum_{i=1}^{t} \beta_1^{\,t-i}\,g_i \label{ema-sum}$$
#
# A weighted sum: the newest gradient counts most, and each step back multiplies by
# $\beta_1$. What do the weights sum to? It is a geometric series:
#
# $$(1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i} = 1-\beta_1^{\,t} \label{ema-weights}$$

# %% [markdown] lang="zh" of="41b7f5fa"
# ## 会淡忘的记忆
#
# Adam 的**一阶矩**保留自己原来的 $\beta_1$ 那么大一份，其余的给新的梯度：
# $m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t$，从 $m_0 = 0$ 开始。把 $m_{t-1}$
# 代进去，再代 $m_{t-2}$，一直代到开头：
#
# $$m_t = (1-\beta_1)\sum_{i=1}^{t} \beta_1^{\,t-i}\,g_i \label{ema-sum}$$
#
# 这是一个加权和：最新的梯度分量最重，每往回一步就乘一次 $\beta_1$。权重之和是多少？
# 这是等比数列：
#
# $$(1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i} = 1-\beta_1^{\,t} \label{ema-weights}$$

# %% equation="ema-sum" of="b9351d74"
draws = np.random.default_rng(lab.seed)
g, m = draws.normal(size=(30, 4)), np.zeros(4)
for g_t in g:
    m = 0.9 * m + 0.1 * g_t
ages = np.arange(29, -1, -1)  # the first gradient is the oldest
bm.equation("ema-sum", m, 0.1 * (0.9**ages) @ g)

# %% [raw] lang="zh"
# the first gradient is the oldest → 第一个梯度最旧

# %% equation="ema-weights" of="c13164e2"
cases = [(0.5, 3), (0.9, 10), (0.999, 250)]
left = [sum((1 - b) * b ** (t - i) for i in range(1, t + 1)) for b, t in cases]
bm.equation("ema-weights", np.array(left), np.array([1 - b**t for b, t in cases]))

# %% [markdown]
# So the weights do not sum to 1. The share $\beta_1^t$ that is missing lies on the
# start, on $m_0 = 0$: early on, $m$ is mostly made of a zero that nobody measured. Move
# `beta` and `t`, and watch the orange bar.

# %% [markdown] lang="zh" of="978afd51"
# 可见权重之和并不是 1。缺的那一份 $\beta_1^t$ 落在起点 $m_0 = 0$ 上：起初，$m$
# 的大部分来自一个谁也没有量过的零。拖动 `beta` 和 `t`，看看橙色的柱子。


# %% fold
def memory(beta, t):
    steps = np.arange(1, t + 1)
    weights = (1 - beta) * beta ** (t - steps)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.bar(steps, weights / (1 - beta**t), color="#dbe7f5", label="corrected")
    left.bar(steps, weights, color="#1b3a6b", label="as it is")
    left.bar(0, beta**t, color="#c2410c", hatch="//", label="start, m = 0")
    left.set(xlabel="step whose gradient it is", ylabel="weight in m", xlim=(-1, t + 1))
    left.set_title(f"weights of gradients sum to {1 - beta**t:.3f}")
    left.legend(fontsize=8)
    span = np.arange(1, 201)
    right.semilogx(span, 1 - beta**span)
    right.plot(t, 1 - beta**t, "o", color="#c2410c")
    right.set(xlabel="step t", ylabel="1 − βᵗ", ylim=(0, 1.05))
    half = np.log(0.5) / np.log(beta)
    right.set_title(f"half of all weight: the last {half:.1f} steps")
    return fig


alt = (
    "Left: weights of past gradients, growing to the newest, and an orange bar for "
    "the start at 0. Right: the sum of the weights climbs from near 0 to 1 with t."
)
bm.show.explore(memory, alt=alt, beta=(0.5, 0.995, 0.005, 0.9), t=(1, 60, 1, 8))


# %% [raw] lang="zh"
# corrected → 修正后
# as it is → 原样
# start, m = 0 → 起点，m = 0
# step whose gradient it is → 第几步的梯度
# weight in m → 在 m 中的权重
# weights of gradients sum to {1 - beta**t:.3f} → 各梯度的权重之和：{1 - beta**t:.3f}
# step t → 步数 t
# half of all weight: the last {half:.1f} steps → 一半的权重在最近 {half:.1f} 步之内
# Left: weights of past gradients, growing to the newest, and an orange bar for the
# start at 0. Right: the sum of the weights climbs from near 0 to 1 with t.
# → 左：过去各梯度的权重，越新越大；橙色柱子是起点 0 所占的份额。
#   右：权重之和随 t 从接近 0 升到 1。

# %% [markdown]
# ## Bias, and its cure
#
# Let gradients be random, each with the same mean. Expectation goes through a sum, so
# (\ref{ema-sum}) and (\ref{ema-weights}) give at once
#
# $$\mathbb E[m_t] = (1-\beta_1^{\,t})\,\mathbb E[g], \qquad
# \mathbb E[v_t] = (1-\beta_2^{\,t})\,\mathbb E[g^2], \label{ema-bias}$$
#
# where $v$, the **second moment**, averages $g^2$ with its own $\beta_2$. Both are too
# small by a known factor. We need no luck to check it: let a gradient take three values
# with equal chance and go through **every** sequence of seven.

# %% [markdown] lang="zh" of="cfe63fea"
# ## 偏差与修正
#
# 设梯度是随机的，各步均值相同。期望可以穿过求和号，由 (\ref{ema-sum}) 和
# (\ref{ema-weights}) 立刻得到
#
# $$\mathbb E[m_t] = (1-\beta_1^{\,t})\,\mathbb E[g], \qquad
# \mathbb E[v_t] = (1-\beta_2^{\,t})\,\mathbb E[g^2], \label{ema-bias}$$
#
# 其中**二阶矩** $v$ 用自己的 $\beta_2$ 平均 $g^2$。两者都偏小，小多少倍是已知的。
# 核对它不用碰运气：让梯度等可能地取三个值，把长度为七的**所有**序列走一遍。

# %% equation="ema-bias" of="fb5ca590"
values = np.array([-1.0, 0.5, 3.0])
every = np.array(list(product(values, repeat=7)))  # (2187, 7), all equally likely
m, v = np.zeros(len(every)), np.zeros(len(every))
for g_t in every.T:
    m, v = 0.9 * m + 0.1 * g_t, 0.99 * v + 0.01 * g_t**2
right = [(1 - 0.9**7) * values.mean(), (1 - 0.99**7) * (values**2).mean()]
bm.equation("ema-bias", np.array([m.mean(), v.mean()]), np.array(right))

# %% [raw] lang="zh"
# (2187, 7), all equally likely → (2187, 7)，等可能

# %% [markdown]
# The cure is to divide: $\hat m_t = m_t/(1-\beta_1^{\,t})$ and
# $\hat v_t = v_t/(1-\beta_2^{\,t})$. Look at the pale bars above: dividing by the sum
# of the weights makes weights that sum to 1. So **bias correction** makes a weighted
# mean of the gradients seen so far, and does no more.
#
# Write it so: no recursion, no loop over steps, one matrix of weights. Row $t$ of it
# holds the weights of the gradients at step $t$.

# %% [markdown] lang="zh" of="4350df1d"
# 办法就是除一下：$\hat m_t = m_t/(1-\beta_1^{\,t})$，
# $\hat v_t = v_t/(1-\beta_2^{\,t})$。看看上图浅色的柱子：除以权重之和，权重之和就成了
# 1。所以**偏差修正**所做的，就是把它变成已见过的梯度的加权平均，仅此而已。
#
# 就照这个想法来写：不用递推，不对步数循环，只用一个权重矩阵。它的第 $t$
# 行是第 $t$ 步时各个梯度的权重。


# %% exercise="averages" points=3 minutes=10 level=3
def averages(g, beta):
    """Bias-corrected exponential averages of a series, at every step.

    g: NumPy array (T, d), row i is the gradient of step i + 1; also of integers.
    beta: in [0, 1).
    Returns an array (T, d) of floats: row i is the weighted mean of rows 0 to i of g,
    where each step back multiplies the weight by beta, and the weights sum to 1.
    """
    ### BEGIN SOLUTION
    steps = np.arange(len(g))
    ages = steps[:, None] - steps  # (T, T): how old gradient j is at step i
    weights = np.where(ages >= 0, float(beta) ** np.maximum(ages, 0), 0.0)
    return weights / weights.sum(1, keepdims=True) @ g
    ### END SOLUTION


# %% [raw] lang="zh"
# Bias-corrected exponential averages of a series, at every step.
# → 一串数在每一步的指数平均，已修正偏差。
# g: NumPy array (T, d), row i is the gradient of step i + 1; also of integers.
# beta: in [0, 1).
# Returns an array (T, d) of floats: row i is the weighted mean of rows 0 to i of g,
# where each step back multiplies the weight by beta, and the weights sum to 1.
# → g：NumPy 数组 (T, d)，第 i 行是第 i + 1 步的梯度；也可以是整数。
#   beta：在 [0, 1) 之内。
#   返回浮点数数组 (T, d)：第 i 行是 g 的第 0 到 i 行的加权平均，每往回一步，
#   权重乘以 beta，权重之和为 1。
# (T, T): how old gradient j is at step i → (T, T)：在第 i 步，第 j 个梯度有多旧

# %% check="averages"
_g = np.array([[1.0, 4.0], [1.0, 0.0], [1.0, 0.0]])
_got = averages(_g, 0.5)
_advice = "return one NumPy array of 64-bit floats"
bm.expect.true(getattr(_got, "dtype", None) == np.float64, _advice)
bm.expect.shape(_got, (3, 2), "one average a step, of every column")
_advice = "a series of ones must average to 1 from its first step: do weights sum to 1?"
bm.expect.close(_got[:, 0], np.ones(3), _advice)
_advice = "at step 1 only the first gradient is known: no row may see the future"
bm.expect.close(_got[0], [1.0, 4.0], _advice)
_advice = (
    "each step back multiplies the weight by beta: the newest gradient weighs most"
)
bm.expect.close(_got[:, 1], [4.0, 4 / 3, 4 / 7], _advice)
### BEGIN HIDDEN TESTS
_draws = np.random.default_rng(3)
_g = _draws.normal(size=(200, 5))
for _beta in (0.0, 0.9, 0.999):
    _m, _want = np.zeros(5), []
    for _t, _g_t in enumerate(_g, 1):
        _m = _beta * _m + (1 - _beta) * _g_t
        _want.append(_m / (1 - _beta**_t))
    bm.expect.close(averages(_g, _beta), _want, f"against the recursion, beta {_beta}")
bm.expect.close(averages(_g[:1], 0.9), _g[:1], "one gradient is its own average")
_got = averages(np.array([[1], [0], [4]]), 0.5)
_advice = "averages of whole numbers are no whole numbers"
bm.expect.close(_got, [[1.0], [1 / 3], [17 / 7]], _advice)
_kept = averages(_g, 0.0)
_kept[0, 0] += 1
bm.expect.true(_kept[0, 0] != _g[0, 0], "return a new array, not g itself")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one average a step, of every column → 每一步、每一列各一个平均
# a series of ones must average to 1 from its first step: do weights sum to 1?
# → 全是 1 的一串数，从第一步起平均就该是 1：权重之和是 1 吗？
# at step 1 only the first gradient is known: no row may see the future
# → 第 1 步只知道第一个梯度：任何一行都不能看见未来
# each step back multiplies the weight by beta: the newest gradient weighs most
# → 每往回一步，权重乘以 beta：最新的梯度权重最大
# against the recursion, beta {_beta} → 与递推公式比较，beta 为 {_beta}
# one gradient is its own average → 只有一个梯度，平均就是它自己
# return one NumPy array of 64-bit floats → 请返回一个 64 位浮点数的 NumPy 数组
# averages of whole numbers are no whole numbers → 整数的平均不一定是整数
# return a new array, not g itself → 返回新的数组，而不是 g 本身

# %% [markdown] hint="averages"
# Make the matrix of ages first: with `steps = np.arange(len(g))`, the age of gradient
# `j` at step `i` is `i - j`. Where the age is negative, the weight is 0.

# %% [markdown] lang="zh" of="2d38959e"
# 先做年龄矩阵：令 `steps = np.arange(len(g))`，在第 `i` 步，第 `j` 个梯度的年龄是
# `i - j`。年龄为负处，权重为 0。

# %% [markdown] hint="averages"
# `weights = np.where(ages >= 0, beta ** np.maximum(ages, 0), 0.0)`; divide each row by
# its sum, with `keepdims=True`; multiply by `g`.

# %% [markdown] lang="zh" of="810b196a"
# `weights = np.where(ages >= 0, beta ** np.maximum(ages, 0), 0.0)`；
# 每一行除以自己的和，记得 `keepdims=True`；再乘以 `g`。


# %% mistake="averages" says="sum to 1"
def averages(g, beta):
    steps = np.arange(len(g))
    ages = steps[:, None] - steps
    return np.where(ages >= 0, (1 - beta) * beta ** np.maximum(ages, 0), 0.0) @ g


# %% mistake="averages" says="newest gradient weighs most"
def averages(g, beta):
    steps = np.arange(len(g))
    weights = np.tril(np.ones((len(g), len(g)))) * float(beta) ** steps
    return weights / weights.sum(1, keepdims=True) @ g


# %% mistake="averages" says="see the future"
def averages(g, beta):
    steps = np.arange(len(g))
    weights = float(beta) ** np.abs(steps[:, None] - steps)
    return weights / weights.sum(1, keepdims=True) @ g


# %% mistake="averages" says="no whole numbers"
def averages(g, beta):
    rows, total, weight = np.zeros_like(g), 0.0, 0.0
    for i, g_t in enumerate(g):
        total, weight = beta * total + g_t, beta * weight + 1
        rows[i] = total / weight
    return rows


# %% mistake="averages" says="one NumPy array"
def averages(g, beta):
    total, weight, rows = np.zeros(g.shape[1:]), 0.0, []
    for g_t in g:
        total, weight = beta * total + g_t, beta * weight + 1
        rows.append(total / weight)
    return rows


# %% mistake="averages" says="was changed"
def averages(g, beta):
    weight = 1.0
    for i in range(1, len(g)):
        weight = beta * weight + 1
        g[i] += (1 - 1 / weight) * (g[i - 1] - g[i])
    return g


# %% variant="averages"
def averages(g, beta):
    total, weight, rows = np.zeros(g.shape[1:]), 0.0, []
    for g_t in g:
        total, weight = beta * total + g_t, beta * weight + 1
        rows.append(total / weight)
    return np.array(rows)


# %% [raw] excuse="averages"
# np.maximum(ages, 0) → np.maximum(ages, -1): where the age is -1 the weight is 0 anyway

# %% [markdown]
# How well does such a mean average noise away? The variance of a weighted mean is
# $\mathrm{Var}[g]$ times the sum of its squared weights, again a geometric series:
#
# $$\mathrm{Var}[\hat m_t] = \mathrm{Var}[g]\;\frac{1-\beta_1}{1+\beta_1}\cdot
# \frac{1+\beta_1^{\,t}}{1-\beta_1^{\,t}} \label{ema-variance}$$
#
# For large $t$ the second factor is 1. Then the variance with $\beta_1 = 0.9$ is that
# of a plain mean of $(1+\beta_1)/(1-\beta_1) = 19$ gradients.

# %% [markdown] lang="zh" of="c13263cd"
# 这样的平均能把噪声平掉多少？加权平均的方差是 $\mathrm{Var}[g]$ 乘以权重的平方和，
# 又是等比数列：
#
# $$\mathrm{Var}[\hat m_t] = \mathrm{Var}[g]\;\frac{1-\beta_1}{1+\beta_1}\cdot
# \frac{1+\beta_1^{\,t}}{1-\beta_1^{\,t}} \label{ema-variance}$$
#
# $t$ 很大时，第二个因子是 1。这时 $\beta_1 = 0.9$ 与 $(1+\beta_1)/(1-\beta_1) = 19$
# 个梯度的普通平均一样平稳。

# %% equation="ema-variance" of="c25c67aa"
m_hat = averages(every.T, 0.9)[-1]  # (2187,): every sequence of seven gradients
right = values.var() * (1 - 0.9) / (1 + 0.9) * (1 + 0.9**7) / (1 - 0.9**7)
bm.equation("ema-variance", m_hat.var(), right)

# %% [raw] lang="zh"
# (2187,): every sequence of seven gradients → (2187,)：七个梯度的所有序列

# %% [markdown]
# ## The step
#
# Adam divides one average by the root of the other, entry by entry:
#
# $$\theta_t - \theta_{t-1} = -\,\mathrm{lr}\;\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}
# \label{adam-step}$$
#
# So $\mathrm{lr}/(\sqrt{\hat v_t}+\epsilon)$ is the **effective learning rate**, and
# every parameter has its own. With `averages` the rule is short. Give all moves at
# once, from the whole series of gradients.

# %% [markdown] lang="zh" of="ad334750"
# ## 一步
#
# Adam 用一个平均除以另一个平均的平方根，逐个元素进行：
#
# $$\theta_t - \theta_{t-1} = -\,\mathrm{lr}\;\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon}
# \label{adam-step}$$
#
# 所以 $\mathrm{lr}/(\sqrt{\hat v_t}+\epsilon)$ 就是**有效学习率**，每个参数各有一个。
# 有了 `averages`，这条规则很短。请根据整串梯度，一次给出所有的更新量。


# %% exercise="adam_moves" points=3 minutes=6 level=2
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """What Adam adds to the parameters at each step. You may call averages.

    g: gradients of all steps, NumPy array (T, d).
    Returns an array (T, d): row i is θ after step i + 1 less θ before it.
    """
    ### BEGIN SOLUTION
    m_hat, v_hat = averages(g, beta1), averages(g**2, beta2)
    return -lr * m_hat / (np.sqrt(v_hat) + epsilon)
    ### END SOLUTION


# %% [raw] lang="zh"
# What Adam adds to the parameters at each step. You may call averages.
# → Adam 在每一步给参数加上多少，即更新量。可以调用 averages。
# g: gradients of all steps, NumPy array (T, d).
# Returns an array (T, d): row i is θ after step i + 1 less θ before it.
# → g：所有步的梯度，NumPy 数组 (T, d)。
#   返回数组 (T, d)：第 i 行是第 i + 1 步之后的 θ 减去之前的 θ。

# %% check="adam_moves"
_g = np.array([[2.0, -0.01], [2.0, -0.01], [2.0, 0.03]])
_got = adam_moves(_g, 0.1, 0.5, 0.5)
bm.expect.true(isinstance(_got, np.ndarray), "return one NumPy array")
bm.expect.shape(_got, (3, 2), "one move a step, of every parameter")
bm.expect.true(_got[0, 0] < 0, "against the gradient: where it is positive, θ falls")
_advice = "the first move is lr long whatever the gradient: is v an average of squares?"
bm.expect.close(_got[0], [-0.1, 0.1], _advice, rtol=1e-4)
_advice = "square first, then average: the average squared is another number"
bm.expect.close(_got[2, 1], -0.1 * 0.09 / 7 / np.sqrt(0.0039 / 7), _advice)
_advice = "epsilon is added to the root, outside of it"
bm.expect.close(adam_moves(_g[:1] * 0 + 0.3, 1.0, epsilon=0.1)[0, 0], -0.75, _advice)
### BEGIN HIDDEN TESTS
_g = np.random.default_rng(4).normal(size=(12, 3)) * [0.01, 1, 100]
for _chosen in ((0.6, 0.8, 0.05), ()):
    _p = torch.zeros(3, requires_grad=True)
    _options = {"betas": _chosen[:2], "eps": _chosen[2]} if _chosen else {}
    _theirs, _path = torch.optim.Adam([_p], 0.3, **_options), [[0.0] * 3]
    for _row in _g:
        _p.grad = torch.tensor(_row)
        _theirs.step()
        _path.append(_p.tolist())
    _advice = "against torch.optim.Adam, with other betas and with the default ones"
    bm.expect.close(adam_moves(_g, 0.3, *_chosen), np.diff(_path, axis=0), _advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one move a step, of every parameter → 每一步、每个参数各一个更新量
# against the gradient: where it is positive, θ falls → 要逆着梯度走：梯度为正处，θ 减小
# the first move is lr long whatever the gradient: is v an average of squares?
# → 不论梯度多大，第一步都长 lr：v 是平方的平均吗？
# square first, then average: the average squared is another number
# → 先平方再平均：平均之后再平方是另一个数
# epsilon is added to the root, outside of it → epsilon 加在平方根外面
# return one NumPy array → 请返回一个 NumPy 数组
# against torch.optim.Adam, with other betas and with the default ones
# → 与 torch.optim.Adam 比较，换一组 beta，也用默认的 beta

# %% [markdown] hint="adam_moves"
# `averages` gives $\hat m$ from `g` and $\hat v$ from `g**2`, both corrected already.

# %% [markdown] lang="zh" of="88cbe377"
# `averages` 由 `g` 得到 $\hat m$，由 `g**2` 得到 $\hat v$，都已经修正过了。

# %% [markdown] hint="adam_moves"
# `return -lr * m_hat / (np.sqrt(v_hat) + epsilon)`.

# %% [markdown] lang="zh" of="9098b148"
# `return -lr * m_hat / (np.sqrt(v_hat) + epsilon)`。


# %% mistake="adam_moves" says="square first"
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m_hat, v_hat = averages(g, beta1), averages(g, beta2) ** 2
    return -lr * m_hat / (np.sqrt(v_hat) + epsilon)


# %% mistake="adam_moves" says="outside of it"
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m_hat, v_hat = averages(g, beta1), averages(g**2, beta2)
    return -lr * m_hat / np.sqrt(v_hat + epsilon)


# %% mistake="adam_moves" says="against the gradient"
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m_hat, v_hat = averages(g, beta1), averages(g**2, beta2)
    return lr * m_hat / (np.sqrt(v_hat) + epsilon)


# %% mistake="adam_moves" says="the default ones"
def adam_moves(g, lr, beta1=0.9, beta2=0.99, epsilon=1e-8):
    m_hat, v_hat = averages(g, beta1), averages(g**2, beta2)
    return -lr * m_hat / (np.sqrt(v_hat) + epsilon)


# %% mistake="adam_moves" says="one NumPy array"
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    pairs = zip(averages(g, beta1), averages(g**2, beta2), strict=True)
    return [-lr * m / (np.sqrt(v) + epsilon) for m, v in pairs]


# %% variant="adam_moves"
def adam_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m, v, moves = 0.0, 0.0, []
    for t, g_t in enumerate(g, 1):
        m, v = beta1 * m + (1 - beta1) * g_t, beta2 * v + (1 - beta2) * g_t**2
        root = np.sqrt(v / (1 - beta2**t)) + epsilon
        moves.append(-lr * m / (1 - beta1**t) / root)
    return np.array(moves)


# %% [markdown]
# A real loss to try it on: is a tumour benign? There are 569 patients, with 30
# measurements each. The score $z$ is a weighted sum of these, and the loss is
# $\log(1+e^{-z})$ for a benign tumour, $\log(1+e^{z})$ for a malignant one. `follow`
# runs any rule that turns the gradients so far into the next move.

# %% [markdown] lang="zh" of="a5f1ec3c"
# 拿一个真实的损失来试：肿瘤是良性的吗？共 569 位病人，每人 30 项测量。得分 $z$
# 是它们的加权和，良性时损失为 $\log(1+e^{-z})$，恶性时为 $\log(1+e^{z})$。
# 任何能由至今的梯度给出下一步更新量的规则，都可以交给 `follow` 去跑。

# %%
cancer = load_breast_cancer()
X = (cancer.data - cancer.data.mean(0)) / cancer.data.std(0)  # (569, 30)
signs = 2.0 * cancer.target - 1  # +1 benign, -1 malignant
signed = X * signs[:, None]


def loss(theta):
    return torch.nn.functional.softplus(-torch.tensor(signed) @ theta).mean()


def gradient(theta):
    return -(signed / (1 + np.exp(signed @ theta))[:, None]).mean(0)


def follow(rule, steps=100):
    """The path of a rule that is given all gradients so far: (steps + 1, 30)."""
    path, g = [np.zeros(30)], []
    for _ in range(steps):
        g.append(gradient(path[-1]))
        path.append(path[-1] + rule(np.array(g)))
    return np.array(path)


# %% [raw] lang="zh"
# +1 benign, -1 malignant → +1 良性，-1 恶性
# The path of a rule that is given all gradients so far: (steps + 1, 30).
# → 由至今所有梯度决定更新量的规则走出的路径：(steps + 1, 30)。


# %% fold
def theirs(make, steps=100):
    theta = torch.zeros(30, requires_grad=True)
    optimizer, path = make([theta]), [np.zeros(30)]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(theta).backward()
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


# %% equation="adam-step" of="743b70eb"
adam = follow(lambda g: adam_moves(g, 0.05)[-1])
library = theirs(lambda params: torch.optim.Adam(params, lr=0.05))
bm.equation("adam-step", np.diff(library, axis=0), np.diff(adam, axis=0), atol=1e-9)

# %%
gap = np.abs(adam - library).max()
other = follow(lambda g: adam_moves(g, 0.05, epsilon=1e-4)[-1])
bm.claim(
    "Your Adam and torch.optim.Adam agree to 1e-7 at each of 100 steps on real data",
    lambda largest_gap: largest_gap < 1e-7,
    {"largest_gap": gap},
    control={"largest_gap": np.abs(other - library).max()},
    against="epsilon 1e-4 instead of 1e-8",
)

# %% [raw] lang="zh"
# Your Adam and torch.optim.Adam agree to 1e-7 at each of 100 steps on real data
# → 在真实数据上，你的 Adam 与 torch.optim.Adam 的 100 步每步都一致到 1e-7
# epsilon 1e-4 instead of 1e-8 → epsilon 取 1e-4 而不是 1e-8

# %% [markdown]
# ## A step that does not know the scale
#
# Multiply the loss by $c > 0$. Every gradient grows by $c$, so $\hat m$ grows by $c$,
# $\hat v$ by $c^2$, its root by $c$; and, but for $\epsilon$, the move stays as it was:
#
# $$\mathrm{move}(c\,g) = \mathrm{move}(g) \qquad (c > 0,\ \epsilon = 0)
# \label{scale-free}$$

# %% [markdown] lang="zh" of="ef0bc5f6"
# ## 与尺度无关的一步
#
# 把损失乘以 $c > 0$。每个梯度都变成 $c$ 倍，于是 $\hat m$ 变成 $c$ 倍，$\hat v$ 变成
# $c^2$ 倍，开方后是 $c$ 倍；若不计 $\epsilon$，更新量就和原来一样：
#
# $$\mathrm{move}(c\,g) = \mathrm{move}(g) \qquad (c > 0,\ \epsilon = 0)
# \label{scale-free}$$

# %%
g = draws.normal(size=(40, 5)) + 0.3
c = np.array([1e-6, 0.1, 2.3, 50, 1e6])  # one for each parameter

# %% [raw] lang="zh"
# one for each parameter → 每个参数一个

# %% equation="scale-free" of="7ecfc165"
bm.equation("scale-free", adam_moves(c * g, 1, epsilon=0), adam_moves(g, 1, epsilon=0))

# %% [raw] excuse="scale-free"
# c * g → 2 * c * g: the formula says that a positive factor changes nothing
# c * g → c * (2 * g): the same
# adam_moves(g, 1, epsilon=0) → adam_moves(2 * g, 1, epsilon=0): the same
# c * g → c ** 2 * g: the square of a positive factor is one

# %% [markdown]
# So what does set the length of a step? Let gradients have mean $\mathbb E[g]$ and
# standard deviation $s$, and call $r = \mathbb E[g]/s$ the **signal-to-noise ratio**.
# Since $\mathbb E[g^2] = \mathbb E[g]^2 + s^2$, the corrected averages give
#
# $$\frac{\mathbb E[\hat m_t]}{\sqrt{\mathbb E[\hat v_t]}} = \frac{r}{\sqrt{1+r^2}}
# \label{signal-to-noise}$$
#
# If the gradients agree, $r \gg 1$, steps have the full length `lr`. If they are mostly
# noise, $r \ll 1$, the mean step is `lr` times $r$.

# %% [markdown] lang="zh" of="6c68966f"
# 那么步子的长短由什么决定？设梯度的均值为 $\mathbb E[g]$，标准差为 $s$，把
# $r = \mathbb E[g]/s$ 叫做**信噪比**。因为 $\mathbb E[g^2] = \mathbb E[g]^2 + s^2$，
# 修正后的两个平均给出
#
# $$\frac{\mathbb E[\hat m_t]}{\sqrt{\mathbb E[\hat v_t]}} = \frac{r}{\sqrt{1+r^2}}
# \label{signal-to-noise}$$
#
# 梯度彼此一致时，$r \gg 1$，步子就是完整的 `lr`。梯度主要是噪声时，$r \ll 1$，
# 平均步子是 `lr` 乘以 $r$。

# %%
m_hat, v_hat = averages(every.T, 0.9)[-1], averages(every.T**2, 0.999)[-1]  # (2187,)

# %% equation="signal-to-noise" of="04950f0c"
r = values.mean() / values.std()
bm.equation(
    "signal-to-noise", m_hat.mean() / np.sqrt(v_hat.mean()), r / np.sqrt(1 + r**2)
)

# %% [markdown]
# That was the ratio of two means. Is the mean of the ratio, the step that Adam really
# takes, near it? Let us measure, with the default betas.

# %% [markdown] lang="zh" of="7f2295aa"
# 这是两个均值之比。那么比值的均值，也就是 Adam 真正迈出的步子，和它接近吗？用默认的两个
# beta 量一量。

# %%
runs, ratios = lab.pick(ci=300, workshop=1000, full=3000), np.logspace(-1.5, 1, 11)
walked, short = [], []
for r in ratios:
    g = r + draws.normal(size=(1000, runs))  # standard deviation 1
    walked.append(-adam_moves(g, 1.0)[-1].mean())
    short.append(-adam_moves(g, 1.0, beta2=0.5)[-1].mean())
expected = ratios / np.sqrt(1 + ratios**2)
fig, ax = plt.subplots()
fine = np.logspace(-1.5, 1, 100)
ax.semilogx(fine, fine / np.sqrt(1 + fine**2), label="r / √(1 + r²)")
ax.semilogx(ratios, walked, "o", label="mean step of Adam")
ax.set(xlabel="signal-to-noise ratio r of the gradient", ylabel="step / lr")
ax.legend()
alt = (
    "Steps against the ratio: an S from 0 to 1, and the measured dots lie on the curve."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "On steady normal noise, with the default betas, the mean step is lr r / √(1 + r²)",
    lambda largest_gap: largest_gap < 0.08,
    {"largest_gap": np.abs(walked - expected).max()},
    control={"largest_gap": np.abs(short - expected).max()},
    against="a short memory of v, β₂ = 0.5",
)

# %% [raw] lang="zh"
# standard deviation 1 → 标准差为 1
# mean step of Adam → Adam 的平均步长
# signal-to-noise ratio r of the gradient → 梯度的信噪比 r
# step / lr → 步长 / lr
# Steps against the ratio: an S from 0 to 1, and the measured dots lie on the curve.
# → 步长随信噪比的变化：从 0 到 1 的 S 形曲线，测得的点落在曲线上。
# On steady normal noise, with the default betas, the mean step is lr r / √(1 + r²)
# → 在平稳的正态噪声下，用默认的 beta，平均步长是 lr 乘以 r / √(1 + r²)
# a short memory of v, β₂ = 0.5 → v 的记忆很短，β₂ = 0.5

# %% [markdown]
# ## How long can a step get?
#
# Call the weights of the two means $w_i$ (from $\beta_1$) and $u_i$ (from $\beta_2$).
# By the Cauchy–Schwarz inequality, $|\sum_i w_i g_i|$ is at most
# $\sqrt{\sum_i w_i^2/u_i}\,\sqrt{\sum_i u_i g_i^2}$, and the last root is
# $\sqrt{\hat v}$. So
#
# $$\frac{|\hat m_t|}{\sqrt{\hat v_t}} \le \sqrt{\sum_{i=1}^{t} \frac{w_i^2}{u_i}}
# \label{step-bound}$$
#
# and it is reached where $g_i$ goes as $w_i/u_i$, that is as $(\beta_2/\beta_1)^i$: a
# gradient that keeps growing. We run Adam on random gradients, and on these.

# %% [markdown] lang="zh" of="82827241"
# ## 一步最长能有多长？
#
# 记两个平均的权重为 $w_i$（来自 $\beta_1$）和 $u_i$（来自 $\beta_2$）。
# 由柯西–施瓦茨不等式，$|\sum_i w_i g_i|$ 不超过
# $\sqrt{\sum_i w_i^2/u_i}\,\sqrt{\sum_i u_i g_i^2}$，而后一个根号就是 $\sqrt{\hat v}$。
# 于是
#
# $$\frac{|\hat m_t|}{\sqrt{\hat v_t}} \le \sqrt{\sum_{i=1}^{t} \frac{w_i^2}{u_i}}
# \label{step-bound}$$
#
# $g_i$ 与 $w_i/u_i$ 成正比，也就是像 $(\beta_2/\beta_1)^i$ 那样不断增大的梯度，
# 会使等号成立。让 Adam 在随机的梯度上、再在这样的梯度上各跑一遍。

# %%
random = draws.normal(size=(60, 7))  # 7 series of 60 gradients
growing = (0.999 / 0.9) ** np.arange(60)[:, None]
w, u = (averages(np.eye(60), beta)[-1] for beta in (0.9, 0.999))  # (60,) each


def last_step(g):
    return np.abs(adam_moves(g, 1.0, epsilon=0)[-1])


# %% [raw] lang="zh"
# 7 series of 60 gradients → 7 串梯度，每串 60 个
# (60,) each → 每个都是 (60,)

# %% equation="step-bound" of="8ff9c95b"
bm.inequality(
    "step-bound",
    lambda g: last_step(g),
    lambda g: np.full(g.shape[1], np.sqrt((w**2 / u).sum())),
    at={"g": random},
    equal_at={"g": growing},
)

# %% [raw] excuse="step-bound"
# last_step(g) → last_step(2 * g): by (scale-free) a step does not know the scale

# %% [markdown]
# The paper that introduced Adam (§2.1) puts the limit of a step, for the default betas,
# at `lr` times $(1-\beta_1)/\sqrt{1-\beta_2}$: many steps with gradient 0, then a
# single gradient. By (\ref{step-bound}) a gradient that stays or grows is worse. Try
# all three after 4,000 steps with gradient 0.

# %% [markdown] lang="zh" of="dd68c814"
# 提出 Adam 的论文（§2.1）说，对默认的两个 beta，一步的上限是 `lr` 乘以
# $(1-\beta_1)/\sqrt{1-\beta_2}$：梯度连续多步为 0，然后只来一个。而由
# (\ref{step-bound})，持续不变、甚至不断增大的梯度更糟。先让梯度在 4,000 步里为 0，
# 三种都试试。


# %% fold
def longest(spike, silence=4000):
    """The longest step of Adam, in units of lr, after zeros and then a spike."""
    m, v, steps = 0.0, 0.0, []
    for t, g in enumerate([0.0] * silence + list(spike), 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        steps.append(abs(m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-12))
    return max(steps), steps[silence:]


spikes = {
    "lone": [1.0] + [0.0] * 59,
    "steady": [1.0] * 60,
    "growing": growing[:, 0].tolist(),
}
after = {name: longest(spike) for name, spike in spikes.items()}
limit = 0.1 / np.sqrt(0.001)  # as in the paper


# %% [raw] lang="zh"
# The longest step of Adam, in units of lr, after zeros and then a spike.
# → 先是一长串 0，再来一串梯度，Adam 最长的一步，以 lr 为单位。
# as in the paper → 照论文

# %% fold
fig, ax = plt.subplots()
labels = ("a single gradient", "steady from now on", "growing by 11 % a step")
for (_, steps), label, style in zip(
    after.values(), labels, ("-", "--", "-."), strict=True
):
    ax.plot(range(1, 61), steps, style, label=label)
ax.axhline(limit, color="black", ls=":", label="limit in the paper")
ax.set(xlabel="step after the zeros", ylabel="length of the step / lr", ylim=(0, 8))
ax.legend()
alt = (
    "After many zeros a single gradient makes one step of about three lr, then fades. "
    "A steady one climbs beyond six lr, a growing one beyond seven."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "After many zeros, a gradient that stays or grows breaks the limit in the paper",
    lambda steady, growing: steady > 1.5 * limit and growing > 2 * limit,
    {name: after[name][0] for name in ("steady", "growing")},
    control={name: longest(spikes[name], 0)[0] for name in ("steady", "growing")},
    against="without zeros before",
)

# %% [raw] lang="zh"
# a single gradient → 只有一个梯度
# steady from now on → 从此不变
# growing by 11 % a step → 每步增大 11 %
# limit in the paper → 论文中的上限
# step after the zeros → 一长串 0 之后的步数
# length of the step / lr → 步长 / lr
# After many zeros a single gradient makes one step of about three lr, then fades. A
# steady one climbs beyond six lr, a growing one beyond seven.
# → 一长串 0 之后，只有一个梯度时，迈出约三倍 lr 的一步，随后衰减。
#   从此不变的梯度使步长升到六倍 lr 以上，不断增大的升到七倍以上。
# After many zeros, a gradient that stays or grows breaks the limit in the paper
# → 一长串 0 之后，不变或增大的梯度都会突破论文中的上限
# without zeros before → 前面没有 0

# %% [markdown]
# Great papers have small slips too, and running a statement finds them. In practice a
# step is usually no longer than `lr`. But a gradient that appears after a long absence,
# or grows from step to step, can make it several times longer.

# %% [markdown] lang="zh" of="9cacb169"
# 伟大的论文也会有小疏漏，把论断跑一遍就能发现。实际训练中，一步通常不超过 `lr`。
# 但长久为 0 之后忽然出现的梯度，或逐步增大的梯度，能让一步变为几倍长。

# %% [markdown]
# ## The printed Adam, on patients
#
# §4.1.2 of the document that this course follows prints
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)[g_t - \mu_t], \qquad
# v_t = \beta_2 v_{t-1} + (1-\beta_2)[g_t^2 - \mu_t^2],$$
#
# then steps by $\alpha\, m_t/(\sqrt{v_t}+\epsilon)$, where $\alpha$ is our `lr`. It
# does not say what $\mu_t$ is, and nothing corrects the bias. Three readings suggest
# themselves: $\mu_t = 0$; the average as it was, $m_{t-1}$; the plain mean of the
# gradients before.

# %% [markdown] lang="zh" of="c19f7489"
# ## 印出来的 Adam，用病人数据跑一遍
#
# 本课程所依据的文档在 §4.1.2 写道
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)[g_t - \mu_t], \qquad
# v_t = \beta_2 v_{t-1} + (1-\beta_2)[g_t^2 - \mu_t^2],$$
#
# 然后走 $\alpha\, m_t/(\sqrt{v_t}+\epsilon)$，其中 $\alpha$ 就是我们的 `lr`。文中没有说
# $\mu_t$ 是什么，也没有修正偏差。自然的读法有三种：$\mu_t = 0$；
# 上一步的平均 $m_{t-1}$；之前所有梯度的普通平均。


# %%
def as_printed(reading, lr=0.05, steps=100):
    """The path of the printed rule, and the smallest entry of v on the way."""
    theta, m, v, total = np.zeros(30), np.zeros(30), np.zeros(30), np.zeros(30)
    path, lowest = [theta], 0.0
    for t in range(1, steps + 1):
        g = gradient(theta)
        before = total / max(t - 1, 1)  # the mean of the gradients before this one
        mu = {"zero": 0 * g, "m before": m, "mean before": before}[reading]
        total = total + g
        m, v = 0.9 * m + 0.1 * (g - mu), 0.999 * v + 0.001 * (g**2 - mu**2)
        lowest = min(lowest, v.min())
        with np.errstate(invalid="ignore"):  # the root of a negative v is NaN
            theta = theta - lr * m / (np.sqrt(v) + 1e-8)
        path.append(theta)
    return np.array(path), lowest


printed = {name: as_printed(name) for name in ("zero", "m before", "mean before")}

# %% [raw] lang="zh"
# The path of the printed rule, and the smallest entry of v on the way.
# → 原文规则走过的路径，以及途中 v 的最小元素。
# the mean of the gradients before this one → 此前各梯度的均值
# mean before → 此前的均值
# the root of a negative v is NaN → 负的 v 开方得 NaN

# %% fold
fig, ax = plt.subplots()
readings = ("μ = 0", "μ = m before", "μ = mean before")
for (path, _), name, mark in zip(printed.values(), readings, "o^s", strict=True):
    apart = np.abs(path - library).max(1)[1:]
    ax.semilogy(range(1, 101), apart, marker=mark, markevery=9, label=name)
apart = np.abs(adam - library).max(1)[1:].clip(min=1e-17)  # a log axis has no 0
ax.semilogy(range(1, 101), apart, label="corrected, without μ")
ax.set(xlabel="step", ylabel="distance from torch.optim.Adam")
ax.legend(fontsize=8)
alt = (
    "Distance from PyTorch's path: large from the first step for two readings; for the "
    "third the curve soon ends, as NaN has no distance. Ours stays at rounding error."
)
bm.show.figure(fig, alt=alt)
parted = [np.abs(printed[name][0] - library).max() for name in ("zero", "m before")]


def trouble(reading):
    path, lowest = printed[reading]
    return {"lowest_v": lowest, "steps_with_nan": int(np.isnan(path).any(1).sum())}


bm.claim(
    "With the mean gradient for μ, v turns negative here and its root is not a number",
    lambda lowest_v, steps_with_nan: lowest_v < 0 and steps_with_nan > 0,
    trouble("mean before"),
    control=trouble("zero"),
    against="μ = 0",
)
bm.claim(
    "On these patients the other two readings lead far from PyTorch's path",
    lambda distance: distance > 0.05,
    {"distance": min(parted)},
    control={"distance": gap},
    against="corrected, without μ",
)

# %% [raw] lang="zh"
# μ = 0 → μ 为零
# μ = m before → μ 为之前的 m
# μ = mean before → μ 为之前的均值
# a log axis has no 0 → 对数轴上没有 0
# corrected, without μ → 有修正，没有 μ
# step → 步数
# distance from torch.optim.Adam → 与 torch.optim.Adam 的距离
# Distance from PyTorch's path: large from the first step for two readings; for the
# third the curve soon ends, as NaN has no distance. Ours stays at rounding error.
# → 与 PyTorch 路径的距离：两种读法从第一步起就很大；第三种的曲线很快中断，
#   因为 NaN 没有距离。我们的只差舍入误差。
# With the mean gradient for μ, v turns negative here and its root is not a number
# → μ 取梯度的平均，v 在这里变成负数，开方就不是数了
# On these patients the other two readings lead far from PyTorch's path
# → 在这些病人的数据上，另两种读法走出的路径与 PyTorch 的相去甚远
# mean before → 此前的均值

# %% [markdown]
# $g^2 - \mu^2$ is below zero whenever the gradient is smaller than its mean, which is
# what happens when training goes well. A second moment must be a mean of squares. (With
# $\mu = m_{t-1}$ the root stayed real in this run; nothing guarantees it.) To put it
# right, drop $\mu$ and add the two corrections, and that is (\ref{adam-step}).
#
# And with $\mu = 0$? Both averages are too small at first, but not by the same factor.
# Their ratio is off by
#
# $$\frac{m_t/\sqrt{v_t}}{\hat m_t/\sqrt{\hat v_t}} =
# \frac{1-\beta_1^{\,t}}{\sqrt{1-\beta_2^{\,t}}} \label{uncorrected}$$

# %% [markdown] lang="zh" of="38c56dc2"
# 只要梯度比它的平均小，$g^2 - \mu^2$ 就小于零，而训练顺利时正是如此。
# 二阶矩必须是平方的平均。（取 $\mu = m_{t-1}$ 时，这一次运行中根号下仍为正，
# 但没有什么能保证它。）改正的办法是去掉 $\mu$，加上两个修正，也就是 (\ref{adam-step})。
#
# 那么 $\mu = 0$ 呢？两个平均起初都偏小，但偏的倍数不同。它们的比值差了
#
# $$\frac{m_t/\sqrt{v_t}}{\hat m_t/\sqrt{\hat v_t}} =
# \frac{1-\beta_1^{\,t}}{\sqrt{1-\beta_2^{\,t}}} \label{uncorrected}$$

# %%
g, m, v, bare = draws.normal(size=(300, 1)) + 1, 0.0, 0.0, []
for g_t in g[:, 0]:
    m, v = 0.9 * m + 0.1 * g_t, 0.999 * v + 0.001 * g_t**2
    bare.append(m / np.sqrt(v))
corrected = -adam_moves(g, 1.0, epsilon=0)[:, 0]

# %% equation="uncorrected" of="c0204236"
t = np.arange(1, 301)
factor = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
bm.equation("uncorrected", bare / corrected, factor, atol=1e-8)

# %% fold
fig, ax = plt.subplots()
long = np.arange(1, 5001)
ax.semilogx(long, (1 - 0.9**long) / np.sqrt(1 - 0.999**long))
ax.axhline(1, color="black", ls=":")
ax.set(xlabel="step t", ylabel="step without correction / Adam's step", ylim=(0, 7))
alt = "The factor starts at 3, climbs beyond 6 near step 12, falls to 1 by step 4000."
bm.show.figure(fig, alt=alt)
same = (1 - 0.9**t) / np.sqrt(1 - 0.9**t)
bm.claim(
    "With the default betas uncorrected steps get over six times too long, at step 12",
    lambda worst, at_step: worst > 6 and at_step == 12,
    {"worst": factor.max(), "at_step": int(factor.argmax()) + 1},
    control={"worst": same.max(), "at_step": int(same.argmax()) + 1},
    against="β₂ = 0.9, like β₁",
)

# %% [raw] lang="zh"
# step t → 步数 t
# step without correction / Adam's step → 不修正的步长 / Adam 的步长
# The factor starts at 3, climbs beyond 6 near step 12, falls to 1 by step 4000.
# → 倍数从 3 开始，在第 12 步附近升到 6 以上，到第 4000 步落回 1。
# With the default betas uncorrected steps get over six times too long, at step 12
# → 用默认的 beta 而不修正，步子最多长到应有的六倍以上，在第 12 步
# β₂ = 0.9, like β₁ → β₂ 取 0.9，与 β₁ 相同

# %% [markdown]
# You have seen this curve before: the steady gradient after many zeros. To an average,
# a start from 0 and a long row of zeros are the same. Correction cures the first, since
# we know that those zeros were never measured. The second it cannot cure.
#
# ## Weight decay: beside Adam, or inside it?
#
# §3.1.3 of the document says that AdamW "combines Adam and weight decay". Yes, but how?
# There are two ways, and they are two methods. **L2** adds $\lambda\theta$ to the
# gradient, and Adam then averages and scales it like the rest. **Decoupled** decay
# leaves the gradient alone and shrinks the parameter beside it. That is AdamW:
#
# $$\theta_t = (1-\mathrm{lr}\,\lambda)\,\theta_{t-1} -
# \mathrm{lr}\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon} \label{adamw-step}$$

# %% [markdown] lang="zh" of="f605f3ee"
# 这条曲线你见过：就是一长串 0 之后持续不变的梯度。对平均来说，从 0 开始与一长串零是一回
# 事。修正治得好前者，因为我们知道那些零从来没有量过；后者则无药可治。
#
# ## 权重衰减：在 Adam 旁边，还是在它里面？
#
# 文档 §3.1.3 说 AdamW“结合了 Adam 和权重衰减”。没错，可是怎么结合？有两种做法，
# 它们是两种方法。**L2** 把 $\lambda\theta$ 加进梯度，Adam 再把它和别的一起平均、缩放。
# **解耦**衰减不碰梯度，在一旁让参数缩小。后者才是 AdamW：
#
# $$\theta_t = (1-\mathrm{lr}\,\lambda)\,\theta_{t-1} -
# \mathrm{lr}\,\frac{\hat m_t}{\sqrt{\hat v_t}+\epsilon} \label{adamw-step}$$


# %% exercise="adamw_path" points=3 minutes=8 level=3
def adamw_path(gradient, theta, lr, weight_decay, steps):
    """Walk with AdamW, betas 0.9 and 0.999, epsilon 1e-8. You may call adam_moves.

    gradient: takes theta (d,), gives the gradient (d,). theta: the start, unchanged.
    Returns the path (steps + 1, d); its first row is the start.
    """
    ### BEGIN SOLUTION
    path, g = [theta], []
    for _ in range(steps):
        g.append(gradient(path[-1]))
        move = adam_moves(np.array(g), lr)[-1]
        path.append((1 - lr * weight_decay) * path[-1] + move)
    return np.array(path)
    ### END SOLUTION


# %% [raw] lang="zh"
# Walk with AdamW, betas 0.9 and 0.999, epsilon 1e-8. You may call adam_moves.
# → 用 AdamW 走，两个 beta 为 0.9 和 0.999，epsilon 为 1e-8。可以调用 adam_moves。
# gradient: takes theta (d,), gives the gradient (d,). theta: the start, unchanged.
# Returns the path (steps + 1, d); its first row is the start.
# → gradient：接受 theta (d,)，给出梯度 (d,)。theta：起点，不得改动。
#   返回路径 (steps + 1, d)，第一行是起点。

# %% check="adamw_path"
_start = np.array([4.0, -2.0])
_got = adamw_path(lambda theta: 0 * theta, _start, 0.1, 0.5, 2)
bm.expect.shape(_got, (3, 2), "two steps make three points: the start is the first row")
bm.expect.close(_got[0], [4.0, -2.0], "the first row is the start, unchanged")
_advice = "with a gradient of 0 a step shrinks θ by lr times weight_decay, no more"
bm.expect.close(_got[1], [3.8, -1.9], _advice)
bm.expect.close(_got[2], [3.61, -1.805], "the second step shrinks what the first left")
_got = adamw_path(lambda theta: 1e-3 + 0 * theta, _start, 0.1, 0.5, 1)
_advice = (
    "the decay stands beside the gradient: shrink the old θ, then the whole Adam step"
)
bm.expect.close(_got[1], [3.7, -2.0], _advice, rtol=1e-4)
### BEGIN HIDDEN TESTS
_scale = np.array([1.0, 30.0, 0.1])
_p = torch.tensor([2.0, -1.0, 0.5], requires_grad=True)
_theirs, _path = torch.optim.AdamW([_p], 0.1, weight_decay=0.7), [_p.tolist()]
for _ in range(15):
    _p.grad = torch.tensor(_scale * np.sin(_p.detach().numpy()))
    _theirs.step()
    _path.append(_p.tolist())
_got = adamw_path(
    lambda theta: _scale * np.sin(theta), np.array(_path[0]), 0.1, 0.7, 15
)
bm.expect.close(_got, _path, "fifteen steps beside torch.optim.AdamW")
_got = adamw_path(lambda theta: 0 * theta, np.array([3.0]), 0.3, 0.5, 1)
bm.expect.close(_got[1], [2.55], "use lr as it is given")
_got = adamw_path(lambda theta: theta, np.array([3.0, 1.0]), 0.3, 0.5, 0)
bm.expect.close(_got, [[3.0, 1.0]], "no step: the path is the start alone")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# two steps make three points: the start is the first row → 走两步有三个点：第一行是起点
# the first row is the start, unchanged → 第一行是起点，不能改动
# with a gradient of 0 a step shrinks θ by lr times weight_decay, no more
# → 梯度为 0 时，一步只让 θ 缩小 lr 乘 weight_decay 那么多
# the second step shrinks what the first left → 第二步缩小的是第一步剩下的
# the decay stands beside the gradient: shrink the old θ, then the whole Adam step
# → 衰减在梯度之外：先缩小旧的 θ，再走完整的一步 Adam
# fifteen steps beside torch.optim.AdamW → 与 torch.optim.AdamW 并排走十五步
# use lr as it is given → 使用给定的 lr
# no step: the path is the start alone → 一步不走：路径只有起点

# %% [markdown] hint="adamw_path"
# Keep two lists: the path, and the gradients met so far. `adam_moves(np.array(g), lr)`
# gives all moves; you need the last one.

# %% [markdown] lang="zh" of="d05bdbcc"
# 记两个列表：路径，和至今遇到的梯度。`adam_moves(np.array(g), lr)` 给出所有移动，
# 你要的是最后一个。

# %% [markdown] hint="adamw_path"
# `path.append((1 - lr * weight_decay) * path[-1] + move)`: the bare gradient went into
# the move.

# %% [markdown] lang="zh" of="18ba8164"
# `path.append((1 - lr * weight_decay) * path[-1] + move)`：求移动时用的是原本的梯度。


# %% mistake="adamw_path" says="lr times weight_decay, no more"
def adamw_path(gradient, theta, lr, weight_decay, steps):
    path, g = [theta], []
    for _ in range(steps):
        g.append(gradient(path[-1]) + weight_decay * path[-1])
        path.append(path[-1] + adam_moves(np.array(g), lr)[-1])
    return np.array(path)


# %% mistake="adamw_path" says="beside the gradient"
def adamw_path(gradient, theta, lr, weight_decay, steps):
    path, g = [theta], []
    for _ in range(steps):
        g.append(gradient(path[-1]))
        move = adam_moves(np.array(g), lr)[-1]
        path.append((1 - lr * weight_decay) * (path[-1] + move))
    return np.array(path)


# %% mistake="adamw_path" says="start is the first row"
def adamw_path(gradient, theta, lr, weight_decay, steps):
    path, g = [], []
    for _ in range(steps):
        g.append(gradient(theta))
        theta = (1 - lr * weight_decay) * theta + adam_moves(np.array(g), lr)[-1]
        path.append(theta)
    return np.array(path)


# %% mistake="adamw_path" says="was changed"
def adamw_path(gradient, theta, lr, weight_decay, steps):
    path, g = [theta.copy()], []
    for _ in range(steps):
        g.append(np.array(gradient(theta)))
        theta *= 1 - lr * weight_decay
        theta += adam_moves(np.array(g), lr)[-1]
        path.append(theta.copy())
    return np.array(path)


# %% variant="adamw_path"
def adamw_path(gradient, theta, lr, weight_decay, steps):
    path, m, v = [theta], 0.0, 0.0
    for t in range(1, steps + 1):
        g = gradient(theta)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        theta = theta - lr * (weight_decay * theta + step)
        path.append(theta)
    return np.stack(path)


# %% equation="adamw-step" of="8327776b"
adamw = adamw_path(gradient, np.zeros(30), 0.05, 0.5, 100)
library_w = theirs(lambda params: torch.optim.AdamW(params, lr=0.05, weight_decay=0.5))
bm.equation("adamw-step", np.diff(library_w, axis=0), np.diff(adamw, axis=0), atol=1e-9)

# %%
inside = theirs(lambda params: torch.optim.Adam(params, lr=0.05, weight_decay=0.5))
gap_w, apart = np.abs(adamw - library_w).max(), np.abs(inside - library_w).max()
bm.claim(
    "Your AdamW and torch.optim.AdamW agree to 1e-7 over 100 steps on the patients",
    lambda largest_gap: largest_gap < 1e-7,
    {"largest_gap": gap_w},
    control={"largest_gap": apart},
    against="L2 inside Adam",
)

# %% [raw] lang="zh"
# Your AdamW and torch.optim.AdamW agree to 1e-7 over 100 steps on the patients
# → 在病人数据上，你的 AdamW 与 torch.optim.AdamW 在 100 步内一致到 1e-7
# L2 inside Adam → Adam 里的 L2

# %% [markdown]
# ## Where the two come to rest
#
# Not only the way differs, also the goal. Take one weight with the loss
# $\frac c2(\theta-\theta^\star)^2$ and a gradient with much noise. A rule rests where
# its mean step is 0. With L2 the whole gradient $c(\theta-\theta^\star)+\lambda\theta$
# must vanish, and how Adam scales it does not matter. With decoupled decay the scaled
# gradient must balance the decay, $c(\theta^\star-\theta)/\sqrt{\mathbb E[g^2]} =
# \lambda\theta$. Solve for $\theta$:
#
# $$\theta_{\text{L2}} = \frac{c\,\theta^\star}{c+\lambda}, \qquad
# \theta_{\text{AdamW}} = \frac{c\,\theta^\star}{c+\lambda\sqrt{\mathbb E[g^2]}}
# \label{rest}$$
#
# We let the two rules run and see.

# %% [markdown] lang="zh" of="10863865"
# ## 两者停在哪里
#
# 不仅路不同，目的地也不同。取一个权重，损失为 $\frac c2(\theta-\theta^\star)^2$，
# 梯度里有很大的噪声。平均步子为 0 的地方，就是规则停下的地方。用 L2 时，要整个梯度
# $c(\theta-\theta^\star)+\lambda\theta$ 为零，Adam 怎样缩放它都无所谓。用解耦衰减时，
# 缩放后的梯度要与衰减平衡：
# $c(\theta^\star-\theta)/\sqrt{\mathbb E[g^2]} = \lambda\theta$。解出 $\theta$：
#
# $$\theta_{\text{L2}} = \frac{c\,\theta^\star}{c+\lambda}, \qquad
# \theta_{\text{AdamW}} = \frac{c\,\theta^\star}{c+\lambda\sqrt{\mathbb E[g^2]}}
# \label{rest}$$
#
# 让两种规则跑起来看看。


# %%
def resting_places(curvature, target, rms, weight_decay):
    """Where Adam with L2 and AdamW come to rest: a pair of numbers, or of arrays."""
    with_l2 = curvature * target / (curvature + weight_decay)
    return with_l2, curvature * target / (curvature + weight_decay * rms)


# %% [raw] lang="zh"
# Where Adam with L2 and AdamW come to rest: a pair of numbers, or of arrays.
# → 带 L2 的 Adam 与 AdamW 各停在哪里：一对数，或一对数组。


# %% fold
def settle(decoupled, noise, steps=7000, weight_decay=0.2, lr=0.003, runs=400):
    """Where weights are late in long walks, (k, runs), and the rms of the gradients."""
    draws = np.random.default_rng(lab.seed + 5)
    theta = np.full((len(noise), runs), TARGET)
    m, v, late = 0 * theta, 0 * theta, []
    for t in range(1, steps + 1):
        g = CURVATURE * (theta - TARGET) + noise[:, None] * draws.standard_normal(
            theta.shape
        )
        g = g if decoupled else g + weight_decay * theta
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta * (1 - lr * weight_decay) if decoupled else theta
        theta = theta - lr * m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t))
        if t > steps - 1000:
            late.append((theta, v.mean(1)))
    weights, squares = (np.mean(part, axis=0) for part in zip(*late, strict=True))
    return weights, np.sqrt(squares)


CURVATURE, TARGET = 0.7, 1.3
noise = np.array([0.5, 1.0, 2.0, 4.0])
settled = {decoupled: settle(decoupled, noise) for decoupled in (False, True)}
walked_to = {kind: weights.mean(1) for kind, (weights, _) in settled.items()}


# %% [raw] lang="zh"
# Where weights are late in long walks, (k, runs), and the rms of the gradients.
# → 走很久之后各权重的位置，(k, runs)，以及梯度的 rms。

# %% [markdown]
# Four weights with the same loss, whose gradients carry small to large noise, seen late
# in a long walk, beside the forecast.

# %% [markdown] lang="zh" of="884bb703"
# 四个权重，损失相同，梯度的噪声由小到大。走了很久之后，与预测并排看看。

# %% equation="rest" of="00dbdeec"
curvature, target, decay = 0.7, 1.3, 0.2
rms = settled[True][1]
right = [
    np.full(4, curvature * target / (curvature + decay)),
    curvature * target / (curvature + decay * rms),
]
left = np.array([walked_to[False], walked_to[True]])
bm.equation("rest", left, np.array(right), atol=0.03)

# %% fold
fig, ax = plt.subplots()
span = np.linspace(0.3, 4.5, 50)
for name, line, dots, mark in zip(
    ("L2 in Adam", "AdamW"),
    resting_places(CURVATURE, TARGET, span, 0.2),
    (walked_to[False], walked_to[True]),
    "os",
    strict=True,
):
    (drawn,) = ax.plot(
        span, np.broadcast_to(line, span.shape), label=f"{name}, forecast"
    )
    ax.plot(rms, dots, mark, color=drawn.get_color(), label=f"{name}, walked")
ax.set(xlabel="rms of the gradient", ylabel="where the weight rests", ylim=(0, 1.3))
ax.legend()
alt = (
    "Resting place against the gradient's rms. With L2 it is a level line; AdamW's "
    "falls as the rms grows. The walks' dots lie on both lines, which cross at rms 1."
)
bm.show.figure(fig, alt=alt)
spread_l2, spread_w = (np.ptp(walked_to[kind]) for kind in (False, True))
bm.claim(
    "Where AdamW rests depends on the noise of the gradient",
    lambda spread: spread > 0.2,
    {"spread": spread_w},
    control={"spread": spread_l2},
    against="L2 inside Adam",
)

# %% [raw] lang="zh"
# L2 in Adam → Adam 里的 L2
# {name}, forecast → {name}，预测
# {name}, walked → {name}，实走
# rms of the gradient → 梯度的 rms
# where the weight rests → 权重停在哪里
# Resting place against the gradient's rms. With L2 it is a level line; AdamW's falls as
# the rms grows. The walks' dots lie on both lines, which cross at rms 1.
# → 停的位置随梯度 rms 的变化。用 L2 时是一条水平线；用 AdamW 时随 rms 增大而下降。
#   实走的点都落在线上，两条线相交于 rms = 1 处。
# Where AdamW rests depends on the noise of the gradient
# → AdamW 停在哪里，取决于梯度的噪声
# L2 inside Adam → Adam 里的 L2

# %% [markdown]
# Perhaps you expected it the other way round: it is AdamW whose resting place depends
# on the scale of the gradient. L2 inside Adam seeks the minimum of loss plus penalty,
# like gradient descent with L2, but a weight with large gradients hardly feels the pull
# and takes very long to get there. AdamW shrinks every weight at the same rate, by `lr`
# times $\lambda$ of itself a step, and so rests nearer to 0 where gradients are noisy.
# So AdamW combines Adam with *decoupled* weight decay, and "Adam with L2" is another
# method.
#
# ## Which of the two was it?
#
# A log says `Adam, weight_decay=0.2`. In PyTorch that is L2 (`torch.optim.Adam`) or
# decoupled (`torch.optim.AdamW`); other programs differ. Where the weights came to rest
# can tell, if the run was repeated with several seeds, so that we know how far chance
# moves them. With $n$ seeds and the standard deviation $s$ over them, the mean has the
# **standard error** $s/\sqrt n$. A forecast that misses it by more than three of those
# does not fit. Decide which forecast of (\ref{rest}) fits. Sometimes the honest answer
# is that the data do not tell.

# %% [markdown] lang="zh" of="05fcac99"
# 也许你料想的正相反：停在哪里要看梯度尺度的，竟是 AdamW。Adam 里的 L2 去找损失加惩罚的
# 最小值，与带 L2 的梯度下降一样，只是梯度大的权重几乎感觉不到拉力，要走很久才到。
# AdamW 以同样的比率缩小每个权重，每步缩小自身的 `lr` 乘 $\lambda$，
# 所以梯度噪声大的地方停得更靠近 0。因此，AdamW 是 Adam 加上*解耦*的权重衰减，
# 而“Adam 加 L2”是另一种方法。
#
# ## 用的是哪一种？
#
# 日志里写着 `Adam, weight_decay=0.2`。在 PyTorch 里，这可能是
# L2（`torch.optim.Adam`），也可能是解耦的（`torch.optim.AdamW`）；别的程序又各有各的做
# 法。如果这次训练用几个种子重复过，知道偶然会让权重偏多远，那么看权重停在哪里就能判断。
# 设有 $n$ 个种子，它们之间的标准差为 $s$，均值的**标准误**就是 $s/\sqrt n$。预测与均值
# 相差超过三个标准误，就算不符合。请判断 (\ref{rest}) 的哪个预测符合。有时，诚实的回答
# 是：这些数据说明不了。


# %% exercise="which_decay" points=3 minutes=8 level=3
def which_decay(rests, curvature, target, rms, weight_decay):
    """Which way of decay explains where weights came to rest.

    rests: NumPy array (k, seeds): where each of k weights rested with each seed.
    The others: numbers or arrays (k,), to be given to resting_places.
    A forecast fits if for every weight it is at most 3 standard errors from the mean
    over the seeds. For the standard deviation divide by seeds - 1.
    Returns "L2" or "AdamW" if this forecast alone fits, else "both" or "neither".
    """
    ### BEGIN SOLUTION
    error = rests.std(1, ddof=1) / np.sqrt(rests.shape[1])
    forecasts = resting_places(curvature, target, rms, weight_decay)
    l2, adamw = ((abs(rests.mean(1) - f) <= 3 * error).all() for f in forecasts)
    if l2 and adamw:
        return "both"
    return "L2" if l2 else "AdamW" if adamw else "neither"
    ### END SOLUTION


# %% [raw] lang="zh"
# Which way of decay explains where weights came to rest.
# → 哪种衰减能解释权重停下的位置。
# rests: NumPy array (k, seeds): where each of k weights rested with each seed.
# The others: numbers or arrays (k,), to be given to resting_places.
# A forecast fits if for every weight it is at most 3 standard errors from the mean
# over the seeds. For the standard deviation divide by seeds - 1.
# Returns "L2" or "AdamW" if this forecast alone fits, else "both" or "neither".
# → rests：NumPy 数组 (k, seeds)：k 个权重在每个种子下各停在哪里。
#   其余参数：数或数组 (k,)，用来交给 resting_places。
#   若对每个权重，预测与各种子的均值都相差不超过 3 个标准误，这个预测就算符合。
#   求标准差时除以 seeds - 1。
#   只有一个预测符合时，返回 "L2" 或 "AdamW"；否则返回 "both"（都符合）或
#   "neither"（都不符合）。


# %% check="which_decay"
def _log(*means, errors=0.0, seeds=8, size=0.01):
    """Rests with these means, each moved by errors of its own standard errors."""
    pattern = np.resize([1.0, -1.0], seeds)
    error = pattern.std(ddof=1) / np.sqrt(seeds)
    return np.array(means)[:, None] + size * (pattern + errors * error)


_advice = "the rests lie on the forecast of L2, far from that of AdamW"
bm.expect.equal(which_decay(_log(2.0), 2.0, 3.0, 4.0, 1.0), "L2", _advice)
_advice = "the rests lie on the forecast of AdamW, far from that of L2"
bm.expect.equal(which_decay(_log(1.0), 2.0, 3.0, 4.0, 1.0), "AdamW", _advice)
_advice = "with rms 1 the forecasts are the same: the data do not tell"
bm.expect.equal(which_decay(_log(2.0), 2.0, 3.0, 1.0, 1.0), "both", _advice)
bm.expect.equal(
    which_decay(_log(1.5), 2.0, 3.0, 4.0, 1.0), "neither", "halfway: no forecast fits"
)
### BEGIN HIDDEN TESTS
_rms, _setting = np.array([1.0, 4.0, 0.5]), (2.0, -3.0)
_places = -6 / (2 + _rms)
_got = which_decay(_log(*_places), *_setting, _rms, 1.0)
_advice = "a forecast must fit every weight: the first rests where both forecasts lie"
bm.expect.equal(_got, "AdamW", _advice)
_got = which_decay(_log(-2.0, -1.0, -1.7), *_setting, _rms, 1.0)
bm.expect.equal(_got, "neither", "a forecast that misses one weight does not fit")
_advice = "2.9 standard errors are few enough, 3.1 are too many, on either side"
for _errors, _want in (
    (2.9, "both"),
    (-2.9, "both"),
    (3.1, "neither"),
    (-3.1, "neither"),
):
    for _seeds in (4, 100):
        _rests = _log(2.0, errors=_errors, seeds=_seeds, size=0.5)
        bm.expect.equal(which_decay(_rests, 2.0, 3.0, 1.0, 1.0), _want, _advice)
_rests = np.array([[1.98, 2.02], [1.0, 3.0]])
_got = which_decay(_rests, 2.0, np.array([3.0, 3.0]), np.array([1.5, 1.5]), 1.0)
bm.expect.equal(_got, "L2", "each weight has a standard error of its own")
_rests = np.array([[1.9] * 90 + [2.9] * 10])
_advice = "the mean over the seeds, not the median"
bm.expect.equal(which_decay(_rests, 2.0, 3.0, 1.0, 1.0), "both", _advice)
_advice = "another curvature, target and decay"
_got = which_decay(_log(0.91 / 0.9), 0.7, 1.3, np.array([2.0]), 0.2)
bm.expect.equal(_got, "L2", _advice)
_got = which_decay(_log(0.91 / 1.1), 0.7, 1.3, np.array([2.0]), 0.2)
bm.expect.equal(_got, "AdamW", _advice)
_rests = np.array([[4.0, 6.0]])
_advice = "exactly 3 standard errors still fit"
bm.expect.equal(which_decay(_rests, 2.0, 3.0, 1.0, 1.0), "both", _advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# Rests with these means, each moved by errors of its own standard errors.
# → 均值如此的停留位置，再各移动 errors 个标准误。
# the rests lie on the forecast of L2, far from that of AdamW
# → 权重停在 L2 的预测处，离 AdamW 的很远
# the rests lie on the forecast of AdamW, far from that of L2
# → 权重停在 AdamW 的预测处，离 L2 的很远
# with rms 1 the forecasts are the same: the data do not tell
# → rms 为 1 时两个预测相同：数据说明不了
# halfway: no forecast fits → 停在正中间：哪个预测都不符合
# a forecast must fit every weight: the first rests where both forecasts lie
# → 预测必须符合每个权重：第一个权重停在两个预测重合之处
# a forecast that misses one weight does not fit → 有一个权重不符合，这个预测就不符合
# 2.9 standard errors are few enough, 3.1 are too many, on either side
# → 往哪边都一样：差 2.9 个标准误算符合，差 3.1 个就不符合
# each weight has a standard error of its own → 每个权重各有自己的标准误
# another curvature, target and decay → 换一组曲率、目标和衰减
# the mean over the seeds, not the median → 要各种子的均值，不是中位数
# exactly 3 standard errors still fit → 正好差 3 个标准误，仍算符合

# %% [markdown] hint="which_decay"
# Per weight: the mean over seeds, `rests.mean(1)`, and its standard error,
# `rests.std(1, ddof=1) / np.sqrt(seeds)`. `resting_places` gives both forecasts.

# %% [markdown] lang="zh" of="110cb132"
# 对每个权重，求各种子的均值 `rests.mean(1)` 和它的标准误
# `rests.std(1, ddof=1) / np.sqrt(seeds)`。`resting_places` 给出两个预测。

# %% [markdown] hint="which_decay"
# A forecast `f` fits if `(abs(mean - f) <= 3 * error).all()`. Two forecasts that fit or
# do not make four cases.

# %% [markdown] lang="zh" of="7014b588"
# 若 `(abs(mean - f) <= 3 * error).all()`，预测 `f` 就符合。两个预测各有符合与不符合，
# 共四种情形。


# %% mistake="which_decay" says="do not tell"
def which_decay(rests, curvature, target, rms, weight_decay):
    l2, adamw = resting_places(curvature, target, rms, weight_decay)
    gaps = [abs(rests.mean(1) - f).max() for f in (l2, adamw)]
    return "L2" if gaps[0] <= gaps[1] else "AdamW"  # the nearer one


# %% mistake="which_decay" says="too many"
def which_decay(rests, curvature, target, rms, weight_decay):
    spread = rests.std(1, ddof=1)  # not the error of a mean
    fits = [
        (abs(rests.mean(1) - f) <= 3 * spread).all()
        for f in resting_places(curvature, target, rms, weight_decay)
    ]
    return ("neither", "L2", "AdamW", "both")[fits[0] + 2 * fits[1]]


# %% mistake="which_decay" says="every weight"
def which_decay(rests, curvature, target, rms, weight_decay):
    error = rests.std(1, ddof=1) / np.sqrt(rests.shape[1])
    fits = [
        (abs(rests.mean(1) - f) <= 3 * error).any()
        for f in resting_places(curvature, target, rms, weight_decay)
    ]
    return ("neither", "L2", "AdamW", "both")[fits[0] + 2 * fits[1]]


# %% mistake="which_decay" says="on either side"
def which_decay(rests, curvature, target, rms, weight_decay):
    error = rests.std(1, ddof=0) / np.sqrt(rests.shape[1])
    fits = [
        (abs(rests.mean(1) - f) <= 3 * error).all()
        for f in resting_places(curvature, target, rms, weight_decay)
    ]
    return ("neither", "L2", "AdamW", "both")[fits[0] + 2 * fits[1]]


# %% mistake="which_decay" says="of its own"
def which_decay(rests, curvature, target, rms, weight_decay):
    error = (rests.std(1, ddof=1) / np.sqrt(rests.shape[1])).mean()
    fits = [
        (abs(rests.mean(1) - f) <= 3 * error).all()
        for f in resting_places(curvature, target, rms, weight_decay)
    ]
    return ("neither", "L2", "AdamW", "both")[fits[0] + 2 * fits[1]]


# %% variant="which_decay"
def which_decay(rests, curvature, target, rms, weight_decay):
    names, seeds = [], len(rests[0])
    forecasts = resting_places(curvature, target, rms, weight_decay)
    for name, forecast in zip(("L2", "AdamW"), forecasts, strict=True):
        gaps = rests.mean(1) - forecast  # squared: 9 squared errors
        if np.all(gaps**2 * seeds <= 9 * rests.var(1, ddof=1)):
            names.append(name)
    return {0: "neither", 1: "".join(names), 2: "both"}[len(names)]


# %% [markdown]
# Now four logs of 25 seeds, made by the walks above; the last one was cut short.

# %% [markdown] lang="zh" of="e0b21746"
# 下面是四份日志，各有 25 个种子，取自上面的行走；最后一份没有走完。


# %% fold
def verdict(decoupled, chosen, walks=settled):
    """What your function says of 25 seeds of these weights."""
    weights, rms = (part[chosen] for part in walks[decoupled])
    return which_decay(weights[:, :25], CURVATURE, TARGET, rms, 0.2)


cut = {False: settle(False, noise, steps=1500, runs=25)}
print("Adam with L2, noise 0.5 and 2:", verdict(False, [0, 2]))
print("AdamW, noise 0.5 and 2:", verdict(True, [0, 2]))
print("AdamW, noise 1 alone:", verdict(True, [1]))
print("Adam with L2, noise 4, after 1,500 steps:", verdict(False, [3], cut))


def told(chosen):
    """How many of the two optimizers are recognised by these weights."""
    return {"told": sum(verdict(k, chosen) == ("L2", "AdamW")[k] for k in (0, 1))}


bm.claim(
    "25 seeds tell L2 and AdamW apart where the rms is not 1",
    lambda told: told == 2,
    told([0, 2]),
    control=told([1]),
    against="a weight whose gradient has rms 1",
)

# %% [raw] lang="zh"
# What your function says of 25 seeds of these weights.
# → 对这些权重的 25 个种子，你的函数怎么说。
# Adam with L2, noise 0.5 and 2: → 带 L2 的 Adam，噪声 0.5 和 2：
# AdamW, noise 0.5 and 2: → AdamW，噪声 0.5 和 2：
# AdamW, noise 1 alone: → AdamW，只有噪声 1：
# Adam with L2, noise 4, after 1,500 steps: → 带 L2 的 Adam，噪声 4，1,500 步之后：
# How many of the two optimizers are recognised by these weights.
# → 凭这些权重，两种优化算法认出了几种。
# 25 seeds tell L2 and AdamW apart where the rms is not 1
# → 在 rms 不为 1 处，25 个种子分得清 L2 与 AdamW
# a weight whose gradient has rms 1 → 梯度的 rms 为 1 的权重

# %% [markdown]
# The last log fits neither, though the optimizer was one of the two: the forecasts are
# about weights at rest, and that walk was too short. A verdict is only as
# good as its assumptions. (And now and then chance alone makes more than three standard
# errors, so that even the right forecast does not fit.)

# %% [markdown] lang="zh" of="7bea876f"
# 最后一份两个都不符合，尽管用的优化器就是两者之一：预测说的是已经停下的权重，
# 而那次行走太短了。检验的结论，离不开它的前提。（何况偶尔，
# 单凭偶然就会超出三个标准误，连正确的预测也不符合。）

# %% [markdown]
# ## A sequence that fools Adam
#
# S. J. Reddi, S. Kale and S. Kumar found a gap in the proof that Adam converges, and an
# example to fill it. One parameter, kept within $[-1, 1]$, and a gradient that repeats
# every three steps: $C$, then $-1$, then $-1$, with $C > 2$. The mean gradient is
# positive, so the best place is $-1$. Take $\beta_1 = 0$ and a short memory $\beta_2$.
#
# Adam divides the rare large gradient by a root that it has just made large itself.
# When the small ones come, the root has forgotten.
#
# Let $v$ settle. It is a weighted mean of squares, all of them 1, but for the large
# ones, which exceed 1 by $C^2-1$. In place $k$ of the period those are $k-1$, $k+2$,
# $k+5$, … steps old, so their weights sum to
# $(1-\beta_2)(\beta_2^{k-1}+\beta_2^{k+2}+\dots) =
# (1-\beta_2)\,\beta_2^{k-1}/(1-\beta_2^3)$. Over one period the parameter drifts by
#
# $$\frac{\Delta\theta}{\mathrm{lr}} = \frac{1}{\sqrt{v_2}} + \frac{1}{\sqrt{v_3}} -
# \frac{C}{\sqrt{v_1}}, \qquad v_k = 1 + (C^2-1)\,
# \frac{(1-\beta_2)\,\beta_2^{\,k-1}}{1-\beta_2^3} \label{drift}$$

# %% [markdown] lang="zh" of="b2d1be9a"
# ## 骗过 Adam 的一串梯度
#
# S. J. Reddi、S. Kale 和 S. Kumar 发现 Adam 收敛性的证明有个漏洞，还给出了一个反例。
# 只有一个参数，限制在 $[-1, 1]$ 之内，梯度每三步重复一次：$C$，然后 $-1$，再 $-1$，其中
# $C > 2$。平均梯度为正，所以最好的地方是 $-1$。取 $\beta_1 = 0$ 和短记忆的 $\beta_2$。
#
# Adam 用一个平方根去除那个稀少的大梯度，而这个平方根正是它自己刚刚弄大的。
# 等小梯度来时，平方根已经忘了。
#
# 设 $v$ 已经稳定。它是平方的加权平均：平方都是 1，只有大梯度的平方多出 $C^2-1$。
# 在周期的第 $k$ 位，各个大梯度已过去 $k-1$、$k+2$、$k+5$……步，所以它们的权重之和为
# $(1-\beta_2)(\beta_2^{k-1}+\beta_2^{k+2}+\dots) =
# (1-\beta_2)\,\beta_2^{k-1}/(1-\beta_2^3)$。一个周期里参数漂移
#
# $$\frac{\Delta\theta}{\mathrm{lr}} = \frac{1}{\sqrt{v_2}} + \frac{1}{\sqrt{v_3}} -
# \frac{C}{\sqrt{v_1}}, \qquad v_k = 1 + (C^2-1)\,
# \frac{(1-\beta_2)\,\beta_2^{\,k-1}}{1-\beta_2^3} \label{drift}$$

# %%
C, beta2 = 3.0, 0.1
g = np.tile([C, -1.0, -1.0], 100)[:, None]  # (300, 1)
period = adam_moves(g, 1.0, 0.0, beta2, 0.0)[-3:, 0]  # the last three moves
print("the last three moves:", period.round(2), "their sum:", period.sum().round(2))

# %% [raw] lang="zh"
# the last three moves → 最后三次更新
# the last three moves: → 最后三次更新：
# their sum: → 它们的和：

# %% equation="drift" of="757f80fd"
v1, v2, v3 = (
    1 + (C**2 - 1) * (1 - beta2) * beta2 ** (k - 1) / (1 - beta2**3) for k in (1, 2, 3)
)
bm.equation("drift", period.sum(), 1 / v2**0.5 + 1 / v3**0.5 - C / v1**0.5)

# %% [markdown]
# One move back, two forward, and the sum is positive: period after period Adam climbs.
# Their cure, **AMSGrad**, does not let $v$ forget: it divides by the root of the
# largest $v$ so far, taken before its bias is corrected.

# %% [markdown] lang="zh" of="7a614751"
# 退一步，进两步，总和为正：一个周期接一个周期，Adam 在往上爬。他们的办法叫
# **AMSGrad**，不让 $v$ 遗忘：除以至今最大的 $v$ 的平方根，最大值取自修正偏差之前。


# %%
def amsgrad_moves(g, lr, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """As adam_moves, with the largest v so far in place of v, for each parameter."""
    sums = 1 - float(beta2) ** np.arange(1, len(g) + 1)[:, None]  # (T, 1)
    v = averages(g**2, beta2) * sums  # without bias correction
    v_hat = np.maximum.accumulate(v) / sums
    return -lr * averages(g, beta1) / (np.sqrt(v_hat) + epsilon)


# %% [raw] lang="zh"
# As adam_moves, with the largest v so far in place of v, for each parameter.
# → 同 adam_moves，但对每个参数，用至今最大的 v 代替 v。
# without bias correction → 未经偏差修正

# %% fold
amsgrad = follow(lambda g: amsgrad_moves(g, 0.05)[-1])
library_ams = theirs(lambda params: torch.optim.Adam(params, lr=0.05, amsgrad=True))
bm.claim(
    "This AMSGrad and PyTorch's agree to 1e-7 over 100 steps on the patients",
    lambda largest_gap: largest_gap < 1e-7,
    {"largest_gap": np.abs(amsgrad - library_ams).max()},
    control={"largest_gap": np.abs(adam - library_ams).max()},
    against="Adam",
)

# %% [raw] lang="zh"
# This AMSGrad and PyTorch's agree to 1e-7 over 100 steps on the patients
# → 在病人数据上，这个 AMSGrad 与 PyTorch 的在 100 步内一致到 1e-7
# Adam → =


# %% fold
def online(moves, C=3.0, beta2=0.1, steps=600):
    """The parameter under Reddi's gradients, lr 0.5/√t, kept within [-1, 1]."""
    g = np.tile([C, -1.0, -1.0], steps // 3)[:, None]
    path = [0.0]
    for t, move in enumerate(moves(g, 0.5, 0.0, beta2)[:, 0], 1):
        path.append(np.clip(path[-1] + move / np.sqrt(t), -1, 1))
    return np.array(path)


rules = {"Adam": adam_moves, "AMSGrad": amsgrad_moves}
rules["SGD"] = lambda g, lr, *betas: -lr * g
walks = {name: online(rule) for name, rule in rules.items()}


# %% [raw] lang="zh"
# The parameter under Reddi's gradients, lr 0.5/√t, kept within [-1, 1].
# → 在 Reddi 的梯度下走，lr 为 0.5/√t，参数限制在 [-1, 1] 之内。

# %% fold
fig, ax = plt.subplots()
for name, path in walks.items():
    ax.plot(range(0, len(path), 3), path[::3], label=name)  # ends of periods
ax.axhline(-1, color="black", ls=":", label="best")
ax.set(xlabel="step", ylabel="θ", ylim=(-1.1, 1.1))
ax.legend()
alt = "Adam climbs to +1, the worst place; AMSGrad and SGD go down to -1, the best one."
bm.show.figure(fig, alt=alt)
ends = {name: path[-3:].mean() for name, path in walks.items()}
bm.claim(
    "On this sequence, with β₁ = 0 and β₂ = 0.1, Adam goes to the worst place",
    lambda end: end > 0.7,
    {"end": ends["Adam"]},
    control={"end": max(ends["AMSGrad"], ends["SGD"])},
    against="AMSGrad and SGD, the higher of the two",
)

# %% [raw] lang="zh"
# ends of periods → 每个周期的末尾
# best → 最好处
# step → 步数
# θ → 参数 θ
# Adam climbs to +1, the worst place; AMSGrad and SGD go down to -1, the best one.
# → Adam 爬到最坏处 +1；AMSGrad 和 SGD 走到最好处 -1。
# On this sequence, with β₁ = 0 and β₂ = 0.1, Adam goes to the worst place
# → 在这串梯度上，取 β₁ 为 0、β₂ 为 0.1，Adam 走到最坏处
# AMSGrad and SGD, the higher of the two → AMSGrad 与 SGD，取两者中较高的

# %% [markdown]
# Is it only the short memory? Raise `beta2` in the picture below: for a period of 3 the
# drift soon turns the right way. But make the large gradient rarer, with `period`, and
# even a long memory is too short.
#
# Rare words give such sequences. In a language model's last layer each word of the
# vocabulary has a row, and its score is the product with the features $h$. With softmax
# and the loss $-\log p$ the row's gradient is $(p-1)\,h$ when the word comes, and
# $p\,h$ each time it does not, where $p$ is its probability: a large one against many
# small ones, $C = (1-p)/p$. (A word's input embedding has gradient 0 in between. There
# every step goes the right way.)

# %% [markdown] lang="zh" of="81ab6d0b"
# 问题只在于记忆短吗？在下图中调大 `beta2`：周期为 3 时，漂移很快就转到正确的方向。
# 可是用 `period` 让大梯度更稀少，再长的记忆也嫌短。
#
# 罕见的词就会带来这样的梯度。在语言模型的最后一层，词表里每个词有一行，
# 它的得分是这一行与特征 $h$ 的乘积。设这个词的概率（softmax）为 $p$，损失为 $-\log p$，
# 它出现时该行的梯度是 $(p-1)\,h$，每次没出现时是 $p\,h$：
# 一个大的对许多小的，$C = (1-p)/p$。（词的输入嵌入在两次出现之间梯度为 0，
# 那里每一步的方向都对。）


# %% fold
def drift(period, beta2):
    """Drift over one period with v settled; C is one and a half times period - 1."""
    C, ages = 1.5 * (period - 1), np.arange(period)
    v = 1 + (C**2 - 1) * (1 - beta2) / (1 - beta2**period) * beta2**ages
    return ((1 / np.sqrt(v[1:])).sum() - C / np.sqrt(v[0])) / (period - 1)


def fooled(period, beta2):
    memory = np.logspace(-0.5, 4, 200)  # steps: 1 / (1 - beta2)
    span = np.clip(1 - 1 / np.maximum(memory, 1.02), 0.01, None)
    curve = np.array([drift(period, b) for b in span])
    fig, ax = plt.subplots()
    ax.semilogx(1 / (1 - span), curve)
    ax.fill_between(1 / (1 - span), 0, curve, where=curve > 0, alpha=0.2, hatch="//")
    ax.axhline(0, color="black", lw=0.8)
    now = drift(period, beta2)
    ax.plot(1 / (1 - beta2), now, "o", ms=9)
    ax.set(xlabel="memory of v in steps, 1 / (1 − β₂)", ylabel="drift a step, in lr")
    verdict = "the wrong way" if now > 0 else "the right way"
    ax.set_title(f"a large gradient every {period} steps: {verdict}")
    return fig


alt = (
    "Drift against the memory of v. Where memory is shorter than the period the drift "
    "is positive, the wrong way; it crosses zero as the memory grows."
)
choices = {"period": [30, 3, 300, 3000], "beta2": [0.9, 0.1, 0.5, 0.99, 0.999]}
bm.show.explore(fooled, alt=alt, **choices)


# %% [raw] lang="zh"
# Drift over one period with v settled; C is one and a half times period - 1.
# → v 稳定之后一个周期的漂移；C 取 period - 1 的一倍半。
# steps: 1 / (1 - beta2) → 步数：1 / (1 - beta2)
# memory of v in steps, 1 / (1 − β₂) → v 的记忆有多少步，1 / (1 − β₂)
# drift a step, in lr → 每步漂移，以 lr 为单位
# the wrong way → 方向错了
# the right way → 方向对了
# a large gradient every {period} steps: {verdict}
# → 每 {period} 步来一个大梯度：{verdict}
# Drift against the memory of v. Where memory is shorter than the period the drift is
# positive, the wrong way; it crosses zero as the memory grows.
# → 漂移随 v 的记忆长短的变化。记忆短于周期时漂移为正，方向错了；
#   记忆变长，漂移穿过零。

# %%
torch.manual_seed(lab.seed)
words, rows = torch.randn(2, 6, 4).requires_grad_()  # input embeddings, output rows
words.retain_grad(), rows.retain_grad()
scores = words[[0, 3, 2]] @ rows.T  # (3, 6): after each of three words
torch.nn.functional.cross_entropy(scores, torch.tensor([3, 2, 1])).backward()
bm.claim(
    "While a word is absent its output row has a gradient",
    lambda of_word_5: of_word_5 > 0,
    {"of_word_5": rows.grad[5].norm()},
    control={"of_word_5": words.grad[5].norm()},
    against="its input embedding",
)
drifts = [
    {"period_30": drift(30, beta2), "period_10000": drift(10_000, beta2)}
    for beta2 in (0.999, 0.9)
]
bm.claim(
    "With β₁ = 0, β₂ = 0.999 is long enough for period 30, not for 10,000",
    lambda period_30, period_10000: period_30 < 0 < period_10000,
    drifts[0],
    control=drifts[1],
    against="β₂ = 0.9: too short for both",
)

# %% [raw] lang="zh"
# input embeddings, output rows → 输入嵌入，输出层的行
# (3, 6): after each of three words → (3, 6)：三个词各自之后
# While a word is absent its output row has a gradient
# → 一个词没有出现时，它在输出层的那一行也有梯度
# its input embedding → 它的输入嵌入
# With β₁ = 0, β₂ = 0.999 is long enough for period 30, not for 10,000
# → β₁ 为 0 时，β₂ 取 0.999 对周期 30 够长，对一万则不够
# β₂ = 0.9: too short for both → β₂ 取 0.9：对两者都太短

# %% [markdown]
# Then why is Adam used so widely? $\beta_2$ is usually large, $\beta_1$ is not 0, and
# gradients of most real losses are less regular than these. But nothing guarantees it.
# When a rare feature is not learned, this is one place to look.
#
# ## What we learned
#
# - An exponential average is a weighted sum whose weights sum to $1-\beta^t$
#   (\ref{ema-weights}). Bias correction makes them sum to 1, no more.
# - The step does not depend on the scale of the loss (\ref{scale-free}), but on the
#   signal-to-noise ratio (\ref{signal-to-noise}). It is usually at most `lr` long, at
#   worst as in (\ref{step-bound}).
# - As printed, with a mean for $\mu$, a root of a negative number can occur; without
#   correction the first dozens of steps are several times too long.
# - AdamW is Adam with a decay of its own beside it. L2 inside Adam rests elsewhere
#   (\ref{rest}).
# - Where large gradients are rarer than its memory, Adam can go uphill (\ref{drift}).
#
# ## What models use today
#
# Language models are mostly trained with AdamW, $\beta_1 = 0.9$, and often
# $\beta_2 = 0.95$: $v$ then remembers some 20 steps, and the bound on a step falls, as
# the next cell shows. AMSGrad is an option of `torch.optim.Adam` and is rarely used.

# %% [markdown] lang="zh" of="0ec03cf8"
# 那为什么大家还这样爱用 Adam？$\beta_2$ 通常很大，$\beta_1$ 不为 0，
# 真实的损失上，梯度大多也没有这样规律。但没有什么能保证它。
# 当一个稀有的特征怎么也学不会时，这里是该看的地方之一。
#
# ## 我们学到了什么
#
# - 指数平均是一个加权和，权重之和为 $1-\beta^t$ (\ref{ema-weights})。
#   偏差修正无非是让它们的和为 1。
# - 步子不取决于损失的尺度 (\ref{scale-free})，而取决于信噪比
#   (\ref{signal-to-noise})。通常不超过 `lr`，最坏见 (\ref{step-bound})。
# - 照原文，$\mu$ 取平均，可能遇到负数开方；不修正，则起初几十步是应有的好几倍长。
# - AdamW 是 Adam 加上另外一份衰减。Adam 里的 L2 停在别处 (\ref{rest})。
# - 大梯度比记忆更稀少时，Adam 可能往上坡走 (\ref{drift})。
#
# ## 如今的模型用什么
#
# 语言模型大多用 AdamW 训练，$\beta_1 = 0.9$，$\beta_2$ 常取 0.95：这时 $v$ 只记得大约
# 20 步，步长的上限也随之下降，见下面的单元格。AMSGrad 是 `torch.optim.Adam` 的一个选
# 项，很少使用。

# %%
for b in (0.999, 0.99, 0.95, 0.9):
    bound = 0.1 / np.sqrt((1 - b) * (1 - 0.9**2 / b))  # the root for t → ∞
    print(f"β₂ = {b}: a step is at most {bound:.2f} lr")

# %% [raw] lang="zh"
# the root for t \→ ∞ → t 趋于无穷时的根号
# β₂ = {b}: a step is at most {bound:.2f} lr → β₂ = {b}：一步至多 {bound:.2f} lr

# %% [markdown]
# ## Where next
#
# Give `follow` the rule `lambda g: amsgrad_moves(g, 0.05)[-1]` and compare the loss
# with Adam's on the patients. Or go to the race in [Optimizers](lesson:optimizers) and
# add AMSGrad. [Stochastic gradients](lesson:stochastic-gradients) measures the noise
# of gradients, which is a part of Adam's second moment.
#
# ## Further reading
#
# - D. P. Kingma and J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - S. J. Reddi, S. Kale and S. Kumar (2018), *On the Convergence of Adam and Beyond*,
#   ICLR.
# - I. Loshchilov and F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - L. Balles and P. Hennig (2018), *Dissecting Adam: The Sign, Magnitude and Variance
#   of Stochastic Gradients*, ICML.

# %% [markdown] lang="zh" of="3bac1700"
# ## 下一步
#
# 把规则 `lambda g: amsgrad_moves(g, 0.05)[-1]` 交给 `follow`，在病人数据上与 Adam
# 比一比损失。或者去看[优化算法](lesson:optimizers)里的比赛，把 AMSGrad 也加进去。
# [随机梯度](lesson:stochastic-gradients)一课测量梯度的噪声，它是 Adam 二阶矩的一部分。
#
# ## 延伸阅读
#
# - D. P. Kingma, J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - S. J. Reddi, S. Kale, S. Kumar (2018), *On the Convergence of Adam and Beyond*,
#   ICLR.
# - I. Loshchilov, F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - L. Balles, P. Hennig (2018), *Dissecting Adam: The Sign, Magnitude and Variance
#   of Stochastic Gradients*, ICML.
