# ---
# slug: stochastic-gradients
# title: {en: Stochastic gradients, zh: 随机梯度}
# section: "4.2.3"
# minutes: 90
# needs: [gradient-descent, big-models]
# data: []
# extras: []
# introduces:
#   - batch size
#   - epoch
#   - finite population correction
#   - mini-batch
#   - noise scale
#   - stochastic gradient descent
#   - with replacement
#   - without replacement
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   theta: all parameters
#   J: loss
#   lr: learning rate
#   g: gradient of the loss
#   n: number of examples
#   B: the drawn batch
#   L: largest curvature
#   t: step number
#   d: direction or number of features
#   tau: noise of one example's gradient
#   S: noise scale
# says:
#   en: A few examples point the way, and what their noise costs can be computed.
#   zh: 几个样本就能指路；它们的噪声要付多少代价，算得出来。
# ---

# %% [markdown]
# A model that has read a trillion words did not read them all before its first step. It
# took a few, stepped, took a few more. This is **stochastic gradient descent**. How
# good is the gradient of so small a sample? This lesson derives how far it is off, what
# its noise costs, and from which size on a larger batch is no longer worth its price.

# %% [markdown] lang="zh" of="5288fc2d"
# 读过万亿词的模型，并不是读完了才迈出第一步。它读一小批，走一步，再读一小批。
# 这就是**随机梯度下降**。这么小的样本，求出的梯度有多准？这一课推导它差多少、
# 它的噪声要付多少代价，以及批量大到什么程度就不再划算。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import itertools
import math

import bmkit as bm
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_diabetes, load_digits
from torch.nn import functional as F

lab = bm.start(
    "stochastic-gradients", profile=profile, device=device, seed=seed, lang=lang
)
torch.set_default_dtype(torch.float64)  # we compare formulas, so rounding must be small

# %% [raw] lang="zh"
# we compare formulas, so rounding must be small → 要比较公式，所以舍入误差必须很小

# %% [markdown]
# ## 442 opinions
#
# scikit-learn has data on 442 diabetes patients: ten measurements each, and how far the
# disease had progressed one year later. We predict this from two of the measurements,
# so that everything can be drawn: $\hat y = \theta_1 x_1 + \theta_2 x_2$. Stand at one
# $\theta$ and ask every patient for the gradient of *their* loss
# $J_i=\frac12(y_i-\hat y_i)^2$. Here are their opinions, and the mean of all.

# %% [markdown] lang="zh" of="caeb6ea1"
# ## 442 种意见
#
# scikit-learn 里有 442 位糖尿病患者的数据：每人十项测量值，以及一年后病情进展的程度。
# 我们只用其中两项来预测，这样一切都画得出来：$\hat y = \theta_1 x_1 + \theta_2 x_2$。
# 站在某个 $\theta$ 处，问每位患者*自己的*损失 $J_i=\frac12(y_i-\hat y_i)^2$ 的梯度。
# 下面是他们的意见，以及所有意见的平均。

# %%
patients = load_diabetes()
x = torch.tensor(patients.data[:, [2, 8]])  # body mass index, a blood value
x = (x - x.mean(0)) / x.std(0, correction=0)
y = torch.tensor(patients.target) / 100
y = y - y.mean()
n, best = len(y), torch.linalg.lstsq(x, y[:, None]).solution[:, 0]


def opinions(theta, x, y):
    """Each example's own gradient of ½(y − ŷ)², (n, d)."""
    return (x @ theta - y)[:, None] * x


# %% [raw] lang="zh"
# Each example's own gradient of ½(y − ŷ)², (n, d).
# → 每个样本自己的 ½(y − ŷ)² 的梯度，(n, d)。
# body mass index, a blood value → 体重指数，一项血液指标

# %% fold
here = torch.tensor([-0.2, -0.2])
arrows = -opinions(here, x, y)
fig, ax = plt.subplots(figsize=(5, 4.4))
ax.plot(*arrows.T, ".", color="#7f8c8d", label="one patient")
ax.annotate(
    "", arrows.mean(0).tolist(), (0, 0), arrowprops={"arrowstyle": "->", "lw": 3}
)
ax.plot(*arrows.mean(0), "^", ms=9, label="mean of all")
ax.set(xlim=(-3, 4), ylim=(-3, 4), aspect="equal")
ax.set(xlabel="downhill for θ₁", ylabel="downhill for θ₂")
ax.legend()
alt = (
    "A wide cloud of 442 points, many up and to the right, many elsewhere; their mean, "
    "a short arrow, points to the upper right."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# one patient → 一位患者
# mean of all → 全体平均
# downhill for θ₁ → θ₁ 的下坡方向
# downhill for θ₂ → θ₂ 的下坡方向
# A wide cloud of 442 points, many up and to the right, many elsewhere; their mean, a
# short arrow, points to the upper right.
# → 442 个点散成一大片，许多偏右上，也有许多在别处；它们的平均是一支短箭头，指向右上。

# %%
against = int((opinions(here, x, y) @ arrows.mean(0) > 0).sum())
print(f"{against} of {n} patients would move θ against the mean")

# %% [raw] lang="zh"
# {against} of {n} patients would move θ against the mean
# → {n} 位患者中有 {against} 位想把 θ 推向与平均相反的方向

# %% [markdown]
# Nearly a fifth of the patients would move $\theta$ the other way. Yet with a handful
# of them the disagreements begin to cancel.
#
# ## What the document prints
#
# §4.2.3 says: draw a subset at random, then compute
# $J(\theta)=\frac1n\sum_{i=1}^n(y_i-\hat y_i)^2$ and its gradient. But this sum goes
# over *all* $n$ examples; then the draw has no effect and nothing is saved. What is
# meant is the mean over the drawn **mini-batch** $B$, batch for short. Its **batch
# size** $|B|$ may be far below $n$:
#
# $$g_B(\theta) = \frac1{|B|}\sum_{i\in B}\nabla J_i(\theta)$$
#
# An example may be drawn twice; then it counts twice.

# %% [markdown] lang="zh" of="5baf32a2"
# 将近五分之一的患者指的方向与平均相反。可是只要凑上几位，分歧就开始互相抵消。
#
# ## 原文怎么写
#
# 原文 §4.2.3 说：随机选择样本子集，然后计算
# $J(\theta)=\frac1n\sum_{i=1}^n(y_i-\hat y_i)^2$ 及其梯度。可是这个和遍历了*全部* $n$
# 个样本，那么抽样就不起作用，什么也没省下。想说的应当是对抽到的**小批量** $B$（简称批
# 次）求平均，它的**批量大小** $|B|$ 可以远小于 $n$：
#
# $$g_B(\theta) = \frac1{|B|}\sum_{i\in B}\nabla J_i(\theta)$$
#
# 一个样本可能被抽到两次，那就算两次。


# %%
def batch_gradient(theta, x, y, batch):
    """Gradient of the mean of ½(y − ŷ)² over a batch of numbers of examples, (d,)."""
    return x[batch].T @ (x[batch] @ theta - y[batch]) / len(batch)


for batch in (torch.tensor([7]), torch.arange(0, n, 28), torch.arange(n)):
    print(f"batch size {len(batch)}, gradient", batch_gradient(here, x, y, batch))

# %% [raw] lang="zh"
# Gradient of the mean of ½(y − ŷ)² over a batch of numbers of examples, (d,).
# → 一个批次上 ½(y − ŷ)² 的均值的梯度，批次是样本的编号，(d,)。
# batch size {len(batch)}, gradient → 批量大小 {len(batch)}，梯度

# %% [markdown]
# ## Right on average
#
# A batch is usually wrong. But it is *unbiased*: over all batches that could have been
# drawn, each as likely as the others, the mean is the full gradient.
#
# $$\mathbb E_B\bigl[g_B(\theta)\bigr] = \nabla J(\theta) \label{unbiased}$$
#
# Why: each example is in the batch as often as every other, so none is favoured. For
# seven patients and batches of three we can list *all* batches: 35 if nobody is drawn
# twice (**without replacement**), and $7^3 = 343$ if the drawn go back into the bag
# (**with replacement**).

# %% [markdown] lang="zh" of="3876bf4b"
# ## 平均来说是对的
#
# 单独一个批次多半不准。但它是*无偏*的：把所有可能抽到的批次都算上，各批次可能性相同，
# 平均起来正是全体的梯度。
#
# $$\mathbb E_B\bigl[g_B(\theta)\bigr] = \nabla J(\theta) \label{unbiased}$$
#
# 道理很简单：每个样本进入批次的机会都一样，没有谁被偏爱。取七位患者，每批三位，
# *所有*批次都列得出来：不许重复（**不放回**）共 35 种；抽完放回袋中（**有放回**）
# 共 $7^3 = 343$ 种。

# %%
few_x, few_y, theta = x[:7], y[:7], torch.tensor([0.8, -0.3])
bags = {
    "without": list(itertools.combinations(range(7), 3)),  # 35
    "with": list(itertools.product(range(7), repeat=3)),  # 343
}
gradients = {
    kind: torch.stack(
        [batch_gradient(theta, few_x, few_y, torch.tensor(b)) for b in bag]
    )
    for kind, bag in bags.items()
}

# %% equation="unbiased" of="7801716b"
full = few_x.T @ (few_x @ theta - few_y) / 7
means = torch.stack([drawn.mean(0) for drawn in gradients.values()])  # (2, 2)
bm.equation("unbiased", means, full.expand(2, 2), atol=1e-12)

# %% [markdown]
# With all 442 patients there are more batches of 8 than we could ever list. Draw some
# thousands, and allow their mean to be five standard errors off.

# %% [markdown] lang="zh" of="19beed13"
# 对全部 442 位患者，8 人一批的批次多得列不完。抽它几千批，给均值留五个标准误的余地。

# %%
torch.manual_seed(lab.seed)
draws = lab.pick(ci=4000, workshop=10_000, full=100_000)
each = opinions(here, x, y)  # (442, 2)
drawn = each[torch.randint(n, (draws, 8))].mean(1)  # (draws, 2)
error = drawn.std(0) / math.sqrt(draws)
misses = ((drawn.mean(0) - each.mean(0)) / error).abs()
high = torch.arange(n)[y > 0]  # only patients above the mean
biased = each[high[torch.randint(len(high), (draws, 8))]].mean(1)
bm.claim(
    "Batches of 8 are the full gradient on average, to 5 standard errors",
    lambda standard_errors_off: standard_errors_off < 5,
    {"standard_errors_off": misses.max()},
    control={
        "standard_errors_off": ((biased.mean(0) - each.mean(0)) / error).abs().max()
    },
    against="drawn among the sicker patients only",
)

# %% [raw] lang="zh"
# only patients above the mean → 只取高于平均的患者
# Batches of 8 are the full gradient on average, to 5 standard errors
# → 批量为 8 的批次平均起来就是全体梯度，误差在 5 个标准误以内
# drawn among the sicker patients only → 只在病情较重的患者中抽

# %% [markdown]
# ## How wrong is one batch?
#
# Let $\tau^2$ be the mean squared distance of one example's gradient from the mean of
# all, $\tau^2 = \frac1n\sum_i\lVert\nabla J_i-\nabla J\rVert^2$. Independent errors add
# up in squares, so a batch that is drawn with replacement misses by
#
# $$\mathbb E\lVert g_B-\nabla J\rVert^2 = \frac{\tau^2}{|B|} \label{with-replacement}$$
#
# Without replacement two draws are not independent. Let $\delta_i$ be the distance of
# example $i$'s gradient from the mean. All $\delta_i$ sum to 0, so the products
# $\delta_i\cdot\delta_j$ of different examples sum to $-\sum_i\lVert\delta_i\rVert^2$,
# and one such product is $-\tau^2/(n-1)$ on average. A batch has $|B|$ squares and
# $|B|(|B|-1)$ products. Divided by $|B|^2$ this makes
#
# $$\mathbb E\lVert g_B-\nabla J\rVert^2 = \frac{\tau^2}{|B|}\cdot\frac{n-|B|}{n-1}
# \label{without-replacement}$$
#
# The last factor is the **finite population correction**. Ask everyone, $|B| = n$,
# and there is no error left.

# %% [markdown] lang="zh" of="7d68b66e"
# ## 一个批次差多少？
#
# 设 $\tau^2$ 为单个样本的梯度与全体平均之间距离平方的平均，
# $\tau^2 = \frac1n\sum_i\lVert\nabla J_i-\nabla J\rVert^2$。独立的误差按平方相加，
# 所以有放回抽取的批次，误差是
#
# $$\mathbb E\lVert g_B-\nabla J\rVert^2 = \frac{\tau^2}{|B|} \label{with-replacement}$$
#
# 不放回时，两次抽取并不独立。设 $\delta_i$ 为样本 $i$ 的梯度与平均之差。
# 所有 $\delta_i$ 之和为 0，所以不同样本的乘积 $\delta_i\cdot\delta_j$ 之和为
# $-\sum_i\lVert\delta_i\rVert^2$，每个乘积平均为 $-\tau^2/(n-1)$。一个批次有 $|B|$
# 个平方、$|B|(|B|-1)$ 个乘积，除以 $|B|^2$ 就得到
#
# $$\mathbb E\lVert g_B-\nabla J\rVert^2 = \frac{\tau^2}{|B|}\cdot\frac{n-|B|}{n-1}
# \label{without-replacement}$$
#
# 最后那个因子叫做**有限总体修正**。人人都问到，$|B| = n$，误差就没有了。


# %% exercise="gradient_noise" points=3 minutes=8 level=2
def gradient_noise(gradients: torch.Tensor, size: int, replace: bool) -> torch.Tensor:
    """Mean squared distance of a batch's gradient from the mean of all.

    Args:
        gradients: each example's own gradient (n, d).
        size: examples in a batch.
        replace: whether the drawn go back into the bag.

    Returns:
        A number: the squared distance, all d entries together.
    """
    ### BEGIN SOLUTION
    n = len(gradients)
    noise = ((gradients - gradients.mean(0)) ** 2).sum() / n  # τ²
    correction = 1.0 if replace else (n - size) / (n - 1)
    return noise / size * correction
    ### END SOLUTION


# %% [raw] lang="zh"
# Mean squared distance of a batch's gradient from the mean of all.
# → 一个批次的梯度与全体平均之间距离平方的期望。
# Args:
#     gradients: each example's own gradient (n, d).
#     size: examples in a batch.
#     replace: whether the drawn go back into the bag.
# → Args:
#       gradients：每个样本自己的梯度 (n, d)。
#       size：批次里的样本数。
#       replace：抽完是否放回。
# Returns:
#     A number: the squared distance, all d entries together.
# → Returns:
#       一个数：距离的平方，d 个分量合在一起。

# %% check="gradient_noise"
_line = torch.tensor([[0.0], [3.0], [6.0]])
_got = torch.as_tensor(gradient_noise(_line, 1, True))
_advice = "τ² is the mean over all n, so divide by n, not by n − 1"
bm.expect.close(_got, torch.tensor(6.0), _advice)
_got = torch.as_tensor(gradient_noise(_line, 2, True))
bm.expect.close(_got, torch.tensor(3.0), "twice the examples, half the squared error")
_got = torch.as_tensor(gradient_noise(_line, 3, False))
_advice = "everyone is asked, so nothing is left to chance: where is n − |B|?"
bm.expect.close(_got, torch.tensor(0.0), _advice)
_got = torch.as_tensor(gradient_noise(_line, 1, False))
_advice = "one draw is one draw, with or without replacement: divide by n − 1"
bm.expect.close(_got, torch.tensor(6.0), _advice)
### BEGIN HIDDEN TESTS
_flat = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
_got = torch.as_tensor(gradient_noise(_flat, 2, False))
_advice = "add up the squared distances over all d entries"
bm.expect.close(_got, torch.tensor(2.5 / 2 * 2 / 3), _advice)
_got = torch.as_tensor(gradient_noise(_flat + torch.tensor([3.0, -50.0]), 3, True))
bm.expect.close(_got, torch.tensor(2.5 / 3), "distances from the mean, not from 0")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# τ² is the mean over all n, so divide by n, not by n − 1
# → τ² 是对全部 n 个求平均：除以 n，而不是 n − 1
# twice the examples, half the squared error → 样本加倍，误差的平方减半
# everyone is asked, so nothing is left to chance: where is n − |B|?
# → 人人都问到了，就没有偶然可言：n − |B| 在哪里？
# one draw is one draw, with or without replacement: divide by n − 1
# → 只抽一次，放不放回都一样：修正因子的分母是 n − 1
# add up the squared distances over all d entries → 距离的平方要把 d 个分量加起来
# distances from the mean, not from 0 → 到平均的距离，而不是到 0 的

# %% [markdown] hint="gradient_noise"
# In three lines: the noise $\tau^2$ of one example, the correction (1 with
# replacement), the product.

# %% [markdown] lang="zh" of="567fede4"
# 三行：单个样本的噪声 $\tau^2$；修正因子（有放回时为 1）；两者相乘。

# %% [markdown] hint="gradient_noise"
# `((gradients - gradients.mean(0)) ** 2).sum() / n` is $\tau^2$: squared distances,
# added up over entries, averaged over examples.

# %% [markdown] lang="zh" of="2a790dd8"
# `((gradients - gradients.mean(0)) ** 2).sum() / n` 就是 $\tau^2$：
# 距离的平方，对分量求和，对样本取平均。


# %% mistake="gradient_noise" says="not by n − 1"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    noise = gradients.var(0).sum() / size
    return noise if replace else noise * (n - size) / (n - 1)


# %% mistake="gradient_noise" says="where is n"
def gradient_noise(gradients, size, replace):
    return gradients.var(0, correction=0).sum() / size


# %% mistake="gradient_noise" says="with or without replacement"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    noise = gradients.var(0, correction=0).sum() / size
    return noise if replace else noise * (n - size) / n


# %% mistake="gradient_noise" says="half the squared error"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    noise = gradients.var(0, correction=0).sum() / math.sqrt(size)
    return noise if replace else noise * (n - size) / (n - 1)


# %% mistake="gradient_noise" says="over all d entries"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    noise = gradients.var(0, correction=0).mean() / size
    return noise if replace else noise * (n - size) / (n - 1)


# %% mistake="gradient_noise" says="was changed"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    gradients -= gradients.mean(0)
    noise = (gradients**2).sum() / n / size
    return noise if replace else noise * (n - size) / (n - 1)


# %% variant="gradient_noise"
def gradient_noise(gradients, size, replace):
    n = len(gradients)
    noise = gradients.pow(2).sum(1).mean() - gradients.mean(0).pow(2).sum()
    return noise / size if replace else noise * (1 / size - 1 / n) * n / (n - 1)


# %% [raw] excuse="gradient_noise"
# the result is detached: a number to look at, from which nobody goes back
# the result is a NumPy array: a number of any kind will do

# %% [markdown]
# Both formulas, exactly: over all 343 batches and over all 35.

# %% [markdown] lang="zh" of="9c6d848e"
# 两个公式都精确地验证：对全部 343 个批次，对全部 35 个批次。

# %% equation="with-replacement" of="f4f5dff2"
own = opinions(theta, few_x, few_y)  # (7, 2)
tau2 = ((own - full) ** 2).sum(1).mean()
squared = ((gradients["with"] - full) ** 2).sum(1).mean()  # over 343 batches
bm.equation("with-replacement", squared, tau2 / 3, atol=1e-12)

# %% [raw] lang="zh"
# over 343 batches → 对 343 个批次

# %% equation="without-replacement" of="7ff2385e"
squared = ((gradients["without"] - full) ** 2).sum(1).mean()  # over 35 batches
bm.equation("without-replacement", squared, tau2 / 3 * (7 - 3) / (7 - 1), atol=1e-12)

# %% [raw] lang="zh"
# over 35 batches → 对 35 个批次

# %% fold
sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 400, 442]
bag = torch.rand(1000, n).argsort(1)  # 1,000 shuffled orders of all patients
measured = {False: [], True: []}
for size in sizes:
    lots = {False: bag[:, :size], True: torch.randint(n, (1000, size))}
    for replace, batch in lots.items():
        misses = each[batch].mean(1) - each.mean(0)
        measured[replace].append((misses**2).sum(1).mean().item())
fig, ax = plt.subplots()
names = {True: "with replacement", False: "without"}
for (replace, name), mark in zip(names.items(), "os", strict=True):
    (line,) = ax.loglog(
        sizes, [gradient_noise(each, s, replace) for s in sizes], label=name
    )
    ax.loglog(sizes, measured[replace], mark, color=line.get_color(), fillstyle="none")
ax.set(xlabel="batch size", ylabel="squared error", ylim=(1e-3, 5))
ax.legend(title="lines: formula, marks: measured")
alt = (
    "On logarithmic axes the squared error falls as a straight line with the "
    "batch size. "
    "Without replacement it bends down and drops to zero when all patients are drawn."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# 1,000 shuffled orders of all patients → 1,000 种患者的随机排列
# with replacement → 有放回
# without → 不放回
# batch size → 批量大小
# squared error → 误差的平方
# lines: formula, marks: measured → 线：公式；点：实测
# On logarithmic axes the squared error falls as a straight line with the batch size.
# Without replacement it bends down and drops to zero when all patients are drawn.
# → 双对数坐标下，误差的平方随批量大小直线下降；不放回的那条向下弯，抽到全体患者时降
#   到零。

# %%
small = [s for s in sizes if s <= 256]


def over_formula(drawn, formula):
    ratio = [
        measured[drawn][i] / gradient_noise(each, size, formula).item()
        for i, size in enumerate(small)
    ]
    return {"lowest_ratio": min(ratio), "highest_ratio": max(ratio)}


bm.claim(
    "Without replacement the measured error of a batch is what its formula says",
    lambda lowest_ratio, highest_ratio: lowest_ratio > 0.7 and highest_ratio < 1.4,
    over_formula(drawn=False, formula=False),
    control=over_formula(drawn=False, formula=True),
    against="the formula without the correction",
)
bm.claim(
    "With replacement, sixteen times the examples make a batch four times as exact",
    lambda times_as_exact: 3 < times_as_exact < 5.3,
    {"times_as_exact": math.sqrt(measured[True][4] / measured[True][8])},
    control={"times_as_exact": math.sqrt(measured[False][4] / measured[False][8])},
    against="without replacement, from 16 to 256 of 442",
)

# %% [raw] lang="zh"
# Without replacement the measured error of a batch is what its formula says
# → 不放回时，批次的实测误差与公式一致
# the formula without the correction → 没有修正因子的公式
# With replacement, sixteen times the examples make a batch four times as exact
# → 有放回时，样本增至十六倍，精度提高到约四倍
# without replacement, from 16 to 256 of 442 → 不放回，从 442 个中取 16 个到取 256 个

# %% [markdown]
# Sixteen times the work for a quarter of the error: larger batches give diminishing
# returns. The squared *length* of a batch's gradient is not unbiased. It is too large
# on average, by just that noise:
#
# $$\mathbb E\lVert g_B\rVert^2 = \lVert\nabla J\rVert^2
# + \mathbb E\lVert g_B-\nabla J\rVert^2 \label{norm}$$
#
# So a rule such as "stop when the gradient of a batch is small" may never stop.

# %% [markdown] lang="zh" of="97f3375a"
# 十六倍的工作量，误差才降到四分之一：批量越大，收益越薄。
# 批次梯度*长度*的平方则不是无偏的：它平均来说偏大，多出来的正是噪声：
#
# $$\mathbb E\lVert g_B\rVert^2 = \lVert\nabla J\rVert^2
# + \mathbb E\lVert g_B-\nabla J\rVert^2 \label{norm}$$
#
# 所以，“批次的梯度变小就停止”这样的规则，可能永远不会停。

# %% equation="norm" of="53af1362"
length2 = (gradients["without"] ** 2).sum(1).mean()  # over all 35 batches
bm.equation(
    "norm", length2, (full**2).sum() + gradient_noise(own, 3, False), atol=1e-12
)

# %% [raw] lang="zh"
# over all 35 batches → 对全部 35 个批次

# %% [markdown]
# ## Walk with it
#
# Now walk: draw, step, draw, step. Change the batch size and the learning rate and look
# at the end of the path. A batch of 442 is the full gradient.

# %% [markdown] lang="zh" of="e37d7ba8"
# ## 带着噪声走路
#
# 现在走起来：抽一批，走一步，再抽一批，再走一步。改变批量大小和学习率，看看路的尽头。
# 批量为 442 就是用全体的梯度。


# %%
def J(theta):
    """Loss at many points, (..., 2) to (...)."""
    return 0.5 * ((theta @ x.T - y) ** 2).mean(-1)


def stroll(size, lr, steps, seed=0):
    draws = torch.Generator().manual_seed(seed)
    theta = torch.tensor([1.0, -0.6])
    path = [theta]
    for _ in range(steps):
        batch = torch.randperm(n, generator=draws)[:size]
        theta = theta - lr * batch_gradient(theta, x, y, batch)
        path.append(theta)
    return torch.stack(path)  # (steps + 1, 2)


# %% [raw] lang="zh"
# Loss at many points, (..., 2) to (...). → 许多点上的损失，(..., 2) 变成 (...)。

# %% fold
axis = torch.linspace(-1, 1.2, 60)
grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)  # (60, 60, 2)
heights = J(grid)


def show_path(size, lr, steps):
    path = stroll(size, lr, steps)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.contour(axis, axis, heights, levels=14, cmap="Greys", linewidths=1)
    left.plot(*path.T, "-", lw=1, marker=".", ms=4)
    left.plot(*best, "*", ms=14, color="#c2410c")
    left.set(xlim=(-1, 1.2), ylim=(-1, 1.2), aspect="equal")
    left.set(xlabel="θ₁", ylabel="θ₂", title="path, and the best θ (star)")
    right.semilogy((J(path) - J(best)).clamp(min=1e-8))
    right.set(ylim=(1e-7, 3), xlabel="step", ylabel="loss above the best")
    return fig


alt = (
    "Left: a path over the contour lines of a bowl, straight at first, then wandering "
    "around the bottom. Right: the loss falls quickly, then stays at a noisy floor."
)
controls = {"size": [4, 1, 16, 64, 442], "lr": (0.02, 1.0, 0.02, 0.3)}
bm.show.explore(show_path, alt=alt, **controls, steps=(20, 300, 20, 100))

# %% [raw] lang="zh"
# path, and the best θ (star) → 路径，以及最佳的 θ（星）
# step → 步
# loss above the best → 高出最小损失的部分
# Left: a path over the contour lines of a bowl, straight at first, then wandering
# around the bottom. Right: the loss falls quickly, then stays at a noisy floor.
# → 左：碗形等高线上的一条路径，先直奔碗底，然后在碗底周围游荡。右：损失先快速下降，
#   然后停在一个起伏的平台上。

# %% [markdown]
# Three things to find: with small batches the path goes straight at first and then
# wanders around the bottom; a smaller `lr` makes it wander less, and walk slower; a
# larger batch also makes it wander less, and costs more patients a step.
#
# ## The floor
#
# How high is that floor? Take the simplest model there is: predict one number $\theta$
# for everyone, with $J_i=\frac L2(\theta-y_i)^2$, whose curvature is $L$. Let
# $E_t = \mathbb E(\theta_t-\theta^*)^2$ be the expected squared error after $t$ steps,
# where $\theta^*$ is the bottom. A batch's gradient is $L(\theta-\theta^*)$ plus a
# noise $\varepsilon$, so
# $\theta_{t+1}-\theta^* =
# (1-\mathrm{lr}\,L)(\theta_t-\theta^*) - \mathrm{lr}\,\varepsilon$.
# All $J_i$ have the same curvature, so $\varepsilon$ does not depend on $\theta_t$. Its
# mean is 0, so in the square's expectation the product of the two terms vanishes:
#
# $$E_{t+1} = (1-\mathrm{lr}\,L)^2\,E_t + \mathrm{lr}^2\,\frac{\tau^2}{|B|}
# \label{recursion}$$

# %% [markdown] lang="zh" of="e92a39e8"
# 有三件事等你发现：批量小，路径先是直奔碗底，然后就在碗底周围游荡；`lr` 小一点，
# 游荡的范围小了，走得也慢了；批量大一点，游荡的范围也小，但每一步要问更多患者。
#
# ## 平台
#
# 这个平台有多高？取一个最简单的模型：对所有人都预测同一个数 $\theta$，
# $J_i=\frac L2(\theta-y_i)^2$，曲率为 $L$。设 $E_t = \mathbb E(\theta_t-\theta^*)^2$ 为
# $t$ 步之后误差平方的期望，其中 $\theta^*$ 是碗底。批次的梯度等于 $L(\theta-\theta^*)$
# 加上噪声 $\varepsilon$，于是
# $\theta_{t+1}-\theta^* =
# (1-\mathrm{lr}\,L)(\theta_t-\theta^*) - \mathrm{lr}\,\varepsilon$。
# 各 $J_i$ 的曲率相同，所以 $\varepsilon$ 与 $\theta_t$ 无关。它的均值为 0，因此平方的期
# 望中，两项的乘积消失：
#
# $$E_{t+1} = (1-\mathrm{lr}\,L)^2\,E_t + \mathrm{lr}^2\,\frac{\tau^2}{|B|}
# \label{recursion}$$

# %% equation="recursion" of="44454321"
few, lr, L = y[:5], 0.3, 1.6
means = torch.cartesian_prod(few, few).mean(1)  # (25,): every batch of two of five
theta, errors = torch.tensor([2.0]), []
for _ in range(3):  # from every point, every way to go on
    theta = (theta[:, None] - lr * L * (theta[:, None] - means)).flatten()
    errors.append(((theta - few.mean()) ** 2).mean())
tau2 = L**2 * few.var(correction=0)
shrunk = (1 - lr * L) ** 2 * errors[1]
bm.equation("recursion", errors[2], shrunk + lr**2 * tau2 / 2, atol=1e-12)

# %% [raw] lang="zh"
# (25,): every batch of two of five → (25,)：五人中取两人的所有批次
# from every point, every way to go on → 从每一点出发，走遍所有可能

# %% [markdown]
# When shrinking and adding balance, the error stays: that is the floor. Put $E_{t+1} =
# E_t$ into (\ref{recursion}) and solve for it. What if a step is so long that nothing
# shrinks?

# %% [markdown] lang="zh" of="c3c7fe24"
# 缩小与添加相抵时，误差就不再变化：这就是平台。在 (\ref{recursion}) 中令
# $E_{t+1} = E_t$，解出它。如果步子太大，误差根本不缩小，又会怎样？


# %% exercise="noise_floor" points=3 minutes=10 level=3
def noise_floor(lr: float, curvature: float, noise: float) -> float:
    """Expected squared error at which constant steps stay, after long enough.

    Args:
        lr: learning rate, above 0.
        curvature: L, above 0.
        noise: τ² / |B|, of a step's gradient.

    Returns:
        The floor, exactly; math.inf where there is none.
    """
    ### BEGIN SOLUTION
    shrink = (1 - lr * curvature) ** 2
    if shrink >= 1:
        return math.inf
    return lr**2 * noise / (1 - shrink)
    ### END SOLUTION


# %% [raw] lang="zh"
# Expected squared error at which constant steps stay, after long enough.
# → 固定步长走得足够久之后，误差平方的期望停在多高。
# Args:
#     lr: learning rate, above 0.
#     curvature: L, above 0.
#     noise: τ² / |B|, of a step's gradient.
# → Args:
#       lr：学习率，大于 0。
#       curvature：L，大于 0。
#       noise：τ² / |B|，即每一步梯度的噪声。
# Returns:
#     The floor, exactly; math.inf where there is none.
# → Returns:
#       平台的精确高度；没有平台时返回 math.inf。

# %% check="noise_floor"
_advice = "solve E = (1 − lr L)² E + lr² noise exactly, not only for small lr"
bm.expect.close(noise_floor(1.0, 1.0, 1.0), 1.0, _advice)
_advice = "the error is squared, so it shrinks by (1 − lr L) squared"
bm.expect.close(noise_floor(0.5, 1.0, 1.0), 1 / 3, _advice)
bm.expect.close(noise_floor(0.1, 4.0, 3.0), 0.03 / 0.64, "where is the curvature?")
_advice = "with lr L above 2 the error grows without bound: return math.inf"
bm.expect.true(noise_floor(2.5, 1.0, 1.0) == math.inf, _advice)
### BEGIN HIDDEN TESTS
bm.expect.true(noise_floor(2.0, 1.0, 1.0) == math.inf, "lr L = 2: nothing shrinks")
bm.expect.true(noise_floor(0.6, 4.0, 1.0) == math.inf, "it is lr L that counts, not lr")
_advice = "lr alone may be above 2: here lr L is 1.25"
bm.expect.close(noise_floor(2.5, 0.5, 1.5), 10.0, _advice)
_error = 5.0
for _ in range(2000):
    _error = (1 - 0.05 * 0.7) ** 2 * _error + 0.05**2 * 1.3
bm.expect.close(noise_floor(0.05, 0.7, 1.3), _error, "compare with 2,000 steps")
bm.expect.close(noise_floor(0.05, 0.7, 0.0), 0.0, "without noise the error goes to 0")
_advice = "the floor is in proportion to the noise, however small or large it is"
for _times in (1e-8, 1e8):
    bm.expect.close(noise_floor(0.05, 0.7, 1.3 * _times) / _times, _error, _advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# solve E = (1 − lr L)² E + lr² noise exactly, not only for small lr
# → 精确求解 E = (1 − lr L)² E + lr² noise，而不是只对小的 lr 近似
# the error is squared, so it shrinks by (1 − lr L) squared
# → 误差是平方的，所以缩小的倍数是 (1 − lr L) 的平方
# where is the curvature? → 曲率在哪里？
# with lr L above 2 the error grows without bound: return math.inf
# → lr L 大于 2 时误差无限增长：返回 math.inf
# lr L = 2: nothing shrinks → lr L = 2：毫无缩小
# it is lr L that counts, not lr → 要看的是 lr L，而不是 lr
# lr alone may be above 2: here lr L is 1.25 → lr 本身可以大于 2：这里 lr L 是 1.25
# compare with 2,000 steps → 与走 2,000 步比一比
# without noise the error goes to 0 → 没有噪声，误差就趋于 0
# the floor is in proportion to the noise, however small or large it is
# → 平台与噪声成正比，不论噪声是大是小

# %% [markdown] hint="noise_floor"
# With $r = (1-\mathrm{lr}\,L)^2$ the balance is $E = rE +
# \mathrm{lr}^2\,\mathrm{noise}$. Bring all $E$ to one side.

# %% [markdown] lang="zh" of="64d80df9"
# 记 $r = (1-\mathrm{lr}\,L)^2$，平衡时 $E = rE + \mathrm{lr}^2\,\mathrm{noise}$。
# 把 $E$ 都移到一边。

# %% [markdown] hint="noise_floor"
# `lr**2 * noise / (1 - r)`, if `r < 1`. Otherwise `math.inf`.

# %% [markdown] lang="zh" of="be527bae"
# 当 `r < 1` 时是 `lr**2 * noise / (1 - r)`，否则是 `math.inf`。


# %% mistake="noise_floor" says="not only for small lr"
def noise_floor(lr, curvature, noise):
    return lr * noise / (2 * curvature) if lr * curvature < 2 else math.inf


# %% mistake="noise_floor" says="squared, so it shrinks"
def noise_floor(lr, curvature, noise):
    shrink = abs(1 - lr * curvature)
    return lr**2 * noise / (1 - shrink) if shrink < 1 else math.inf


# %% mistake="noise_floor" says="without bound"
def noise_floor(lr, curvature, noise):
    return lr**2 * noise / (1 - (1 - lr * curvature) ** 2)


# %% mistake="noise_floor" says="where is the curvature"
def noise_floor(lr, curvature, noise):
    return lr**2 * noise / (1 - (1 - lr) ** 2) if lr * curvature < 2 else math.inf


# %% mistake="noise_floor" says="lr L that counts"
def noise_floor(lr, curvature, noise):
    if lr >= 2:
        return math.inf
    return lr * noise / (curvature * (2 - lr * curvature))


# %% mistake="noise_floor" says="in proportion to the noise"
def noise_floor(lr, curvature, noise):
    shrink = (1 - lr * curvature) ** 2
    return round(lr**2 * noise / (1 - shrink), 6) if shrink < 1 else math.inf


# %% variant="noise_floor"
def noise_floor(lr, curvature, noise):
    if lr * curvature >= 2:
        return math.inf
    return lr * noise / (curvature * (2 - lr * curvature))


# %% [markdown]
# Cleaned up, the floor is
#
# $$E_\infty = \frac{\mathrm{lr}\;\tau^2/|B|}{L\,(2-\mathrm{lr}\,L)} \label{floor}$$
#
# nearly proportional to `lr`, and inversely to the batch size. We let many walkers find
# the mean of all 442 patients, each for itself, and allow five standard errors.

# %% [markdown] lang="zh" of="b5f88760"
# 整理一下，平台的高度是
#
# $$E_\infty = \frac{\mathrm{lr}\;\tau^2/|B|}{L\,(2-\mathrm{lr}\,L)} \label{floor}$$
#
# 大致与 `lr` 成正比，与批量大小成反比。我们让许多行者各自去找 442 位患者的平均，
# 允许五个标准误的偏差。

# %% equation="floor" of="00ad1f45"
walkers, lr, size, L = 10_000, 0.3, 4, 2.2
theta = torch.zeros(walkers)
for _ in range(60):
    batch = torch.randint(n, (walkers, size))
    theta = theta - lr * L * (theta - y[batch].mean(1))
squares = (theta - y.mean()) ** 2
tau2 = L**2 * y.var(correction=0)
height = lr * tau2 / size / (L * (2 - lr * L))
error = squares.std() / math.sqrt(walkers)
bm.equation("floor", squares.mean(), height, atol=5 * error.item())

# %% [markdown]
# ## Steps that shrink
#
# Constant steps are quick and end at a floor. Robbins and Monro showed in 1951 that
# steps may shrink, if not too fast: all together they must still reach any distance,
# $\sum_t \mathrm{lr}_t = \infty$, while their noise dies out,
# $\sum_t \mathrm{lr}_t^2 < \infty$. The best known choice is $\mathrm{lr}_t = 1/t$. For
# our simplest model, with $L = 1$, it does something that you know well:
#
# $$\theta_t = \frac1t\sum_{k=1}^{t} y_{i_k} \quad\text{if}\quad \mathrm{lr}_t = \frac1t
# \label{running-mean}$$
#
# Stochastic gradient descent then **is** the running mean of what was drawn, so its
# error falls as $\tau^2/t$, with no floor.

# %% [markdown] lang="zh" of="eca11d7c"
# ## 越走越小的步子
#
# 固定步长走得快，但停在平台上。Robbins 和 Monro 在 1951 年证明，
# 步子可以缩小，只要别缩得太快：所有步子加起来要能走到任意远，
# $\sum_t \mathrm{lr}_t = \infty$；而噪声要逐渐消失，$\sum_t \mathrm{lr}_t^2 < \infty$。
# 最有名的选择是 $\mathrm{lr}_t = 1/t$。对我们这个最简单的模型（$L = 1$），
# 它做的事你非常熟悉：
#
# $$\theta_t = \frac1t\sum_{k=1}^{t} y_{i_k} \quad\text{if}\quad \mathrm{lr}_t = \frac1t
# \label{running-mean}$$
#
# 这时随机梯度下降**就是**抽到的数的累计平均，所以误差按 $\tau^2/t$ 下降，没有平台。

# %% equation="running-mean" of="8a16f78e"
drawn = y[torch.randint(n, (50,))]
theta, ways = 7.0, []  # where it starts does not matter
for t, value in enumerate(drawn, start=1):
    theta = theta - 1 / t * (theta - value)
    ways.append(theta)
means = drawn.cumsum(0) / torch.arange(1, 51)
bm.equation("running-mean", torch.stack(ways), means, atol=1e-12)

# %% [raw] lang="zh"
# where it starts does not matter → 从哪里出发都无所谓

# %% [raw] excuse="running-mean"
# 7.0 → 14.0: the first step, with 1/t = 1, forgets where it started

# %% [markdown]
# Now the model with two parameters, and a few hundred walkers at once: two constant
# learning rates, and one that shrinks.

# %% [markdown] lang="zh" of="d924df96"
# 再看两个参数的模型，几百个行者同时出发：两个固定的学习率，一个逐渐缩小的。


# %%
def above_best(theta):
    """Loss above the smallest, exactly (J is a bowl): (walkers, d) to one mean."""
    away = (theta - best) @ x.T  # (walkers, n)
    return 0.5 * (away**2).mean().item()


def walk(rate, size, steps, walkers=200):
    theta, heights = torch.zeros(walkers, 2), []
    for t in range(1, steps + 1):
        batch = torch.randint(n, (walkers, size))
        if size == n:
            batch = torch.arange(n).expand(walkers, n)  # everyone, once
        off = (x[batch] * theta[:, None]).sum(-1) - y[batch]  # (walkers, size)
        theta = theta - rate(t) * (off[..., None] * x[batch]).mean(1)
        heights.append(above_best(theta))
    return heights


# %% [raw] lang="zh"
# Loss above the smallest, exactly (J is a bowl): (walkers, d) to one mean.
# → 高出最小损失的部分的均值，精确值（J 是一只碗）：(walkers, d)。
# everyone, once → 每人一次

# %%
steps = lab.pick(ci=1000, workshop=3000, full=10_000)
rates = {
    "0.2": lambda t: 0.2,
    "0.05": lambda t: 0.05,
    "2 / (t + 10)": lambda t: 2 / (t + 10),
}
heights = {name: walk(rate, 4, steps) for name, rate in rates.items()}


# %% fold
fig, ax = plt.subplots()
for name, curve in heights.items():
    ax.loglog(range(1, steps + 1), curve, label=name)
ax.set(xlabel="step", ylabel="loss above the best")
ax.legend(title="learning rate")
alt = (
    "Both constant learning rates fall and then stay flat, the smaller one lower; the "
    "shrinking one goes on falling along a straight line on logarithmic axes."
)
bm.show.figure(fig, alt=alt)
floors = [sum(curve[-200:]) / 200 for curve in heights.values()]
early = [curve[19] for curve in heights.values()]
bm.claim(
    "With a quarter of the learning rate the floor is four to six times lower",
    lambda times_lower: 4 < times_lower < 6,
    {"times_lower": floors[0] / floors[1]},
    control={"times_lower": early[0] / early[1]},
    against="after 20 steps, before the floor",
)
bm.claim(
    "Shrinking steps end below half of the lower floor",
    lambda loss, floor: loss < floor / 2,
    {"loss": floors[2], "floor": floors[1]},
    control={"loss": early[2], "floor": floors[1]},
    against="after 20 steps",
)

# %% [raw] lang="zh"
# step → 步
# loss above the best → 高出最小损失的部分
# learning rate → 学习率
# Both constant learning rates fall and then stay flat, the smaller one lower; the
# shrinking one goes on falling along a straight line on logarithmic axes.
# → 两个固定的学习率先下降，然后变平，小的更低；逐渐缩小的那个在双对数坐标下沿直线继
#   续下降。
# With a quarter of the learning rate the floor is four to six times lower
# → 学习率取四分之一，平台降到四分之一至六分之一
# after 20 steps, before the floor → 20 步之后，还没到平台
# Shrinking steps end below half of the lower floor
# → 缩小的步子，终点低于较低平台的一半
# after 20 steps → 20 步之后

# %% [markdown]
# ## By steps, or by examples?
#
# The document says that drawing improves efficiency. What is being saved? Two
# measurements make a bowl that is nearly round: a few full steps reach its bottom. So
# take all ten, whose bowl is long and narrow. Compare batches of 1, of 16 and of all
# 442, once by steps and once by examples looked at. Each may look at every patient 10
# times, with nine constant learning rates. Of the nine, the curve shows the one that is
# lowest at that point, so that no batch size suffers from a bad rate.

# %% [markdown] lang="zh" of="738517fb"
# ## 按步数算，还是按样本数算？
#
# 原文说，抽样能提高训练效率。省下来的是什么？只用两项测量值，碗近乎圆形，
# 全批量走几步就到底。所以这里用全部十项，这只碗又长又窄。取批量大小 1、16 和全部 442，
# 一次按步数比，一次按看过的样本数比。每种方法都可以把每位患者看 10 遍，
# 各试九个固定的学习率。曲线在每一点上取九个之中最低的，免得哪种批量吃了学习率的亏。

# %%
table, everyone = load_diabetes(), 442
all_x = torch.tensor(table.data)  # (442, 10): all ten measurements
all_x = (all_x - all_x.mean(0)) / all_x.std(0, correction=0)
all_y = torch.tensor(table.target) / 100
all_y = all_y - all_y.mean()
goal = torch.linalg.lstsq(all_x, all_y[:, None]).solution[:, 0]
constant_rates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4]


def heights_of(lr, size, steps, walkers):
    """Loss above the smallest before and after each step, mean of the walkers."""
    theta = torch.zeros(walkers, 10)
    found = [0.5 * (((theta - goal) @ all_x.T) ** 2).mean().item()]
    for _ in range(steps):
        batch = torch.randint(everyone, (walkers, size))
        if size == everyone:
            batch = torch.arange(size).expand(walkers, size)  # everyone, once
        off = (all_x[batch] * theta[:, None]).sum(-1) - all_y[batch]
        theta = theta - lr * (off[..., None] * all_x[batch]).mean(1)
        found.append(0.5 * (((theta - goal) @ all_x.T) ** 2).mean().item())
    return found


def lowest(size, passes=10):
    """At each step the lowest loss of all learning rates, (steps,)."""
    torch.manual_seed(lab.seed)  # so that grading finds what you find
    steps = passes * everyone // size
    runs = [heights_of(lr, size, steps, 20)[1:] for lr in constant_rates]
    return torch.tensor(runs).nan_to_num(math.inf).amin(0)


curves = {size: lowest(size) for size in (1, 16, everyone)}

# %% [raw] lang="zh"
# (442, 10): all ten measurements → (442, 10)：全部十项测量值
# Loss above the smallest before and after each step, mean of the walkers.
# → 每一步前后高出最小损失的部分，各行者的平均。
# everyone, once → 每人一次
# At each step the lowest loss of all learning rates, (steps,).
# → 每一步上，所有学习率中最低的损失，(steps,)。
# so that grading finds what you find → 评分时的结果才会与你的相同

# %% fold
fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.4), sharey=True, layout="constrained"
)
for (size, curve), style in zip(curves.items(), ("-", "-.", ":"), strict=True):
    counted = torch.arange(1, len(curve) + 1)
    left.loglog(counted, curve, style, label=size)
    right.loglog(counted * size / everyone, curve, style, label=size)
left.set(xlabel="steps", ylabel="loss above the best")
right.set(xlabel="passes over all patients")
right.legend(title="batch size")
alt = (
    "By steps the batch of 442 falls fastest. By passes over the patients, batches of "
    "1 and 16 are ahead before the batch of 442 has made its first step, and for the "
    "first passes; at the end it lies below them."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# steps → 步数
# loss above the best → 高出最小损失的部分
# passes over all patients → 把全体患者看过几遍
# batch size → 批量大小
# By steps the batch of 442 falls fastest. By passes over the patients, batches of 1
# and 16 are ahead before the batch of 442 has made its first step, and for the first
# passes; at the end it lies below them.
# → 按步数，批量大小为 442 的降得最快。按看过的遍数，442 的还没迈出第一步，1 和 16 的
#   就已领先，头几遍一直如此；到最后，442 的降到它们之下。


# %%
def after(*passes):
    """How many times the loss of the worse small batch the full batch has."""
    ends = [{s: c[p * everyone // s - 1] for s, c in curves.items()} for p in passes]
    return {"times": min(end[everyone] / max(end[1], end[16]) for end in ends)}


bm.claim(
    "After one pass and after two, both small batches have less than half of the "
    "full batch's loss",
    lambda times: times > 2,
    after(1, 2),
    control=after(10),
    against="after ten passes",
)
bm.claim(
    "After ten steps the full batch has less than a fifth of either small one's loss",
    lambda small, full: full < small / 5,
    {"small": min(curves[1][9], curves[16][9]), "full": curves[everyone][9]},
    control={"small": curves[16][everyone // 16 - 1], "full": curves[everyone][0]},
    against="after one pass, that is, equal work",
)

# %% [raw] lang="zh"
# How many times the loss of the worse small batch the full batch has.
# → 全批量的损失是两种小批量中较差者的多少倍。
# After one pass and after two, both small batches have less than half of the full
# batch's loss
# → 一遍之后、两遍之后，两种小批量的损失都不到全批量的一半
# after ten passes → 十遍之后
# After ten steps the full batch has less than a fifth of either small one's loss
# → 走过十步之后，全批量的损失不到两种小批量的五分之一
# after one pass, that is, equal work → 一遍之后，也就是工作量相同时

# %% [markdown]
# So small batches pay while the loss is far from its minimum, and by examples 1 and 16
# are much alike: a larger batch can take a larger learning rate. Later, with constant
# steps, the floor holds them up, and the full batch overtakes them. With 442 patients
# this takes a few passes. With a trillion words one step of the full batch would be a
# whole pass, and few passes are ever made: there a batch is a tiny part of the data.
# (Many examples of one batch can also be computed in parallel; then steps count.)
#
# ## Choose for a budget
#
# Now you decide. You are given a budget, a number of passes over the patients, and
# choose a batch size and a constant learning rate. The figure shows how low three batch
# sizes get, but not with which learning rate. `trial` tells where a choice ends;
# `allowed` is one and a half times the lowest of the three curves. Try, and watch
# which way the best choice moves as the budget grows.

# %% [markdown] lang="zh" of="8bbd2a1d"
# 可见，离最小损失还远时，小批量划算；按样本数算，1 与 16 相差无几，
# 因为批量大了，学习率也可以大。之后，固定的步子使它们停在平台上，
# 全批量就赶了上来。只有 442 位患者时，几遍之内就会这样。面对万亿个词，
# 全批量走一步就要看完一整遍，而总共也看不了几遍，所以那里的一批只是全部数据的极小一部
# 分。（一个批次里的许多样本还可以并行计算，那时要比的就是步数。）
#
# ## 按预算来选
#
# 现在由你决定。给你一个预算，即可以把患者看几遍，请选批量大小和一个固定的学习率。
# 上图给出三种批量大小各能降到多低，却没有说用的是哪个学习率。
# `trial` 告诉你一种选择的终点在哪里；`allowed` 是三条曲线中最低者的一倍半。
# 试一试，看看预算变大时，最好的选择往哪边变。


# %% fold
def trial(size, lr, passes):
    """Loss above the best at the end of the budget: the mean of 50 walks."""
    steps = int(passes * everyone) // size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return heights_of(lr, size, steps, 50)[-1]


def reached(passes):
    """What the batch sizes of the figure reach that can make a step."""
    steps = {size: int(passes * everyone) // size for size in curves}
    return [float(curves[size][t - 1]) for size, t in steps.items() if t]


allowed = {passes: 1.5 * min(reached(passes)) for passes in (0.5, 1, 2, 5, 10)}
# %% [raw] lang="zh"
# Loss above the best at the end of the budget: the mean of 50 walks.
# → 预算用完时高出最小损失的部分：50 次行走的平均。
# What the batch sizes of the figure reach that can make a step.
# → 图中走得成一步的批量大小各能降到多低。

# %% fold
for budget, most in allowed.items():
    tried = trial(16, 0.01, budget)
    print(f"{budget} passes: allowed {most:.1e}; size 16, lr 0.01 ends at {tried:.1e}")

# %% [raw] lang="zh"
# {budget} passes: allowed {most:.1e}; size 16, lr 0.01 ends at {tried:.1e}
# → {budget} 遍：允许 {most:.1e}；批量 16、lr 0.01 的终点是 {tried:.1e}


# %% exercise="choose" points=3 minutes=8 level=3
def choose(passes):
    """A batch size and a constant learning rate for a budget.

    passes: how often each patient may be looked at, on average: 0.5, 1, 2, 5 or 10.
    Returns (size, lr): a whole number from 1 to 442, and a number above 0, for which
    trial(size, lr, passes) is at most allowed[passes].
    """
    ### BEGIN SOLUTION
    _, small, full = curves  # the batch sizes of the figure
    if passes == max(allowed):
        return full, max(constant_rates)
    return small, 0.1 / passes
    ### END SOLUTION


# %% [raw] lang="zh"
# A batch size and a constant learning rate for a budget.
# → 为一个预算选批量大小和固定的学习率。
# passes: how often each patient may be looked at, on average: 0.5, 1, 2, 5 or 10.
# Returns (size, lr): a whole number from 1 to 442, and a number above 0, for which
# trial(size, lr, passes) is at most allowed[passes].
# → passes：平均每位患者可以看几遍：0.5、1、2、5 或 10。
#   返回 (size, lr)：1 到 442 的整数，和大于 0 的数，使 trial(size, lr, passes)
#   不超过 allowed[passes]。
# the batch sizes of the figure → 图中的批量大小


# %% check="choose"
def _spent(passes):
    advice = "return a batch size and a learning rate"
    size, lr = bm.expect.several(choose(passes), 2, advice)
    whole = int(size) == size and 1 <= size <= everyone
    bm.expect.true(whole, "the batch size is a whole number from 1 to 442")
    bm.expect.true(lr > 0, "the learning rate is above 0")
    advice = f"half a pass has no step with a batch of {int(size)}"
    bm.expect.true(int(passes * everyone) >= size, advice)
    loss, most = trial(int(size), float(lr), passes), allowed[passes]
    advice = (
        f"{passes} passes end at {loss:.1e}, allowed is {most:.1e}: try other rates"
    )
    bm.expect.true(loss <= most, advice)


for _passes in (0.5, 2, 10):
    _spent(_passes)
### BEGIN HIDDEN TESTS
for _passes in (1, 5):
    _spent(_passes)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return a batch size and a learning rate → 请返回批量大小和学习率
# the batch size is a whole number from 1 to 442 → 批量大小是 1 到 442 的整数
# the learning rate is above 0 → 学习率要大于 0
# half a pass has no step with a batch of {int(size)}
# → 批量大小为 {int(size)} 时，半遍连一步也走不成
# {passes} passes end at {loss:.1e}, allowed is {most:.1e}: try other rates
# → {passes} 遍的终点是 {loss:.1e}，允许的是 {most:.1e}：换些学习率试试

# %% [markdown] hint="choose"
# Look at the right-hand figure: which batch size is lowest at half a pass, at two, at
# ten? Then find a learning rate:
# `for lr in constant_rates: print(lr, trial(16, lr, 2))`.

# %% [markdown] lang="zh" of="33ffa36e"
# 看右图：半遍、两遍、十遍时，哪种批量大小最低？再找学习率：
# `for lr in constant_rates: print(lr, trial(16, lr, 2))`。

# %% [markdown] hint="choose"
# With a small batch, a longer budget wants a smaller rate: it has more steps to go its
# way, and needs a lower floor. Halve the rate when you double the budget. Only with
# ten passes is the floor of every small batch too high.

# %% [markdown] lang="zh" of="475d4a32"
# 用小批量时，预算越长，学习率要越小：走的步数多了，而平台要更低。预算加倍，学习率就减
# 半。只有到十遍，小批量的平台才都嫌太高。


# %% mistake="choose" says="has no step"
def choose(passes):
    return 442, 0.4  # the best by steps


# %% mistake="choose" says="10 passes end"
def choose(passes):
    return 8, 0.05 / passes  # a small batch, whatever the budget


# %% mistake="choose" says="2 passes end"
def choose(passes):
    return (16, 0.1) if passes < 1 else (16, 0.2)


# %% mistake="choose" says="5 passes end"
def choose(passes):
    return {0.5: (8, 0.1), 2: (8, 0.02), 10: (442, 0.4)}.get(passes, (8, 0.05))


# %% mistake="choose" says="whole number"
def choose(passes):
    return 4.42 / passes, 0.02


# %% variant="choose"
def choose(passes):
    plans = {0.5: (2, 0.02), 1: (4, 0.02), 2: (4, 0.01), 5: (16, 0.02)}
    return list(plans.get(passes, (442, 0.4)))


# %% variant="choose"
def choose(passes):
    sizes, found = (4, 16, 442), []
    for size in sizes:
        if passes * 442 >= size:
            found += [(trial(size, lr, passes), size, lr) for lr in constant_rates[3:]]
    return min(found)[1:]


# %% [markdown]
# ## Shuffle, then go through
#
# In practice batches are rarely drawn anew each time. One shuffles the examples and
# goes through them, batch after batch. Such a pass is an **epoch**. Then one shuffles
# again. This is what `bm.train.Batches` does, with which later lessons train. From one
# seed, its batches are these:

# %% [markdown] lang="zh" of="e60a660c"
# ## 打乱，再走一遍
#
# 实际训练中，很少每次都重新抽样。做法是把样本打乱，一批接一批走完一遍，叫做一**轮**；
# 然后再打乱。后面各课训练用的 `bm.train.Batches` 就是这样做的。
# 同一个种子，它的批次与下面的相同：


# %%
def epoch_batches(n, size, generator):
    """The batches of one epoch: shuffled, each example exactly once."""
    return torch.randperm(n, generator=generator).split(size)


kit = bm.train.Batches(torch.arange(n), torch.arange(n), 64, seed=5)
ours = epoch_batches(n, 64, torch.Generator().manual_seed(5))
same = all(torch.equal(a, b) for a, (b, _) in zip(ours, kit, strict=True))
print(
    f"{len(ours)} batches, the last of {len(ours[-1])}; the kit's are the same: {same}"
)

# %% [raw] lang="zh"
# The batches of one epoch: shuffled, each example exactly once.
# → 一轮里的各个批次：顺序打乱，每个样本恰好一次。
# {len(ours)} batches, the last of {len(ours[-1])}; the kit's are the same: {same}
# → {len(ours)} 个批次，最后一批 {len(ours[-1])} 个；与工具包的相同：{same}

# %% [markdown]
# Does it matter? Within an epoch every patient is heard exactly once, so at its end the
# errors of one epoch have partly cancelled. For the running mean they cancel
# **completely**: after one shuffled epoch of $1/t$ steps, (\ref{running-mean}) is the
# mean of everybody, whatever the order. Now with a constant `lr`, and two parameters.

# %% [markdown] lang="zh" of="8b58603d"
# 这有关系吗？一轮之内每位患者恰好发言一次，所以到了一轮末尾，这一轮的误差已经部分抵消。
# 对累计平均来说，是**完全**抵消：用 $1/t$ 的步子走完打乱的一轮，
# (\ref{running-mean}) 就是所有人的平均，与顺序无关。再看固定的 `lr`、两个参数的情形。


# %% fold
def after_epochs(lr, shuffled, epochs, walkers=50):
    """Loss above the best at the end of each epoch, batches of one."""
    theta, ends = torch.zeros(walkers, 2), []
    for _ in range(epochs):
        order = torch.rand(walkers, n).argsort(1)
        if not shuffled:
            order = torch.randint(n, (walkers, n))
        for batch in order.T:  # (walkers,)
            off = (x[batch] * theta).sum(1) - y[batch]
            theta = theta - lr * off[:, None] * x[batch]
        ends.append(above_best(theta))
    return ends


epochs = lab.pick(ci=8, workshop=12, full=30)
rates = [0.1, 0.03, 0.01, 0.003]
ends = {
    shuffled: [sum(after_epochs(lr, shuffled, epochs)[-4:]) / 4 for lr in rates]
    for shuffled in (True, False)
}


# %% [raw] lang="zh"
# Loss above the best at the end of each epoch, batches of one.
# → 每轮末尾高出最小损失的部分，批量为 1。

# %% fold
fig, ax = plt.subplots()
names = {False: "drawn with replacement", True: "shuffled epochs"}
for (shuffled, name), mark in zip(names.items(), "os", strict=True):
    ax.loglog(rates, ends[shuffled], marker=mark, label=name)
ax.set(xlabel="learning rate", ylabel="loss above the best, end of epoch")
ax.legend()
alt = (
    "At large learning rates both ways are alike; at small ones the shuffled way falls "
    "with a steeper slope and ends several times lower."
)
bm.show.figure(fig, alt=alt)
gain = [a / b for a, b in zip(ends[False], ends[True], strict=True)]
bm.claim(
    "With lr 0.003 and batches of 1 shuffled epochs end at less than half of the loss",
    lambda times_lower: times_lower > 2,
    {"times_lower": gain[-1]},
    control={"times_lower": gain[0]},
    against="lr 0.1",
)

# %% [raw] lang="zh"
# drawn with replacement → 有放回地抽
# shuffled epochs → 每轮打乱
# learning rate → 学习率
# loss above the best, end of epoch → 轮末高出最小损失的部分
# At large learning rates both ways are alike; at small ones the shuffled way falls with
# a steeper slope and ends several times lower.
# → 学习率大时两者差不多；学习率小时，每轮打乱的那条下降的斜率更大，最后低好几倍。
# With lr 0.003 and batches of 1 shuffled epochs end at less than half of the loss
# → lr 为 0.003、批量为 1 时，每轮打乱的终点要低一半以上
# lr 0.1 → lr 为 0.1

# %% [markdown]
# So there are two reasons to shuffle and go through: it is simpler, and at small
# learning rates it is better. Note that the batches of one epoch are not independent;
# that is just why their errors cancel.
#
# ## When is a batch large enough?
#
# In (\ref{norm}) the signal is $\lVert\nabla J\rVert^2$, the noise $\tau^2/|B|$. They
# are equal at a batch of
#
# $$S = \frac{\tau^2}{\lVert\nabla J\rVert^2}$$
#
# which McCandlish and colleagues (2018) call the simple **noise scale**. (Their full
# definition weighs both parts by the curvature.) Well below it a batch twice as large
# makes steps about twice as good. Well above it, twice as large is twice as expensive
# and hardly better. Asking every example for its own gradient is too expensive for a
# big model. But (\ref{norm}) at *two* batch sizes is two equations with two unknowns.

# %% [markdown] lang="zh" of="1ab56f6d"
# 所以打乱再走一遍有两个理由：简单；学习率小的时候还更好。注意，一轮中的各批次并不独立，
# 它们的误差正是因此才互相抵消。
#
# ## 批次多大才够？
#
# 在 (\ref{norm}) 里，信号是 $\lVert\nabla J\rVert^2$，噪声是 $\tau^2/|B|$。
# 两者相等时的批量是
#
# $$S = \frac{\tau^2}{\lVert\nabla J\rVert^2}$$
#
# McCandlish 等人（2018）称之为简化的**噪声尺度**。（完整的定义还要用曲率给两部分加
# 权。）远小于它时，批量加倍，每一步的价值也差不多加倍；远大于它时，批量加倍，花费加倍，
# 却几乎没有更好。对大模型，逐个样本求梯度太贵。但是在*两种*批量大小下各写一遍
# (\ref{norm})，就是两个方程、两个未知数。


# %% exercise="noise_scale" points=3 minutes=10 level=3
def noise_scale(small: int, big: int, small_norm: float, big_norm: float) -> float:
    """τ² / ‖∇J‖² from gradients of two batch sizes, drawn with replacement.

    Args:
        small: examples in a small batch.
        big: examples in a big batch.
        small_norm: mean of ‖g_B‖² over small batches.
        big_norm: the same over big batches.

    Returns:
        The noise scale.
    """
    ### BEGIN SOLUTION
    noise = (small_norm - big_norm) / (1 / small - 1 / big)  # τ²
    signal = big_norm - noise / big  # ‖∇J‖²
    return noise / signal
    ### END SOLUTION


# %% [raw] lang="zh"
# τ² / ‖∇J‖² from gradients of two batch sizes, drawn with replacement.
# → 由两种批量大小（有放回）的梯度求 τ² / ‖∇J‖²。
# Args:
#     small: examples in a small batch.
#     big: examples in a big batch.
#     small_norm: mean of ‖g_B‖² over small batches.
#     big_norm: the same over big batches.
# → Args:
#       small：小批次的样本数。
#       big：大批次的样本数。
#       small_norm：小批次 ‖g_B‖² 的平均。
#       big_norm：大批次 ‖g_B‖² 的平均。
# Returns:
#     The noise scale.
# → Returns:
#       噪声尺度。

# %% check="noise_scale"
_got = noise_scale(2, 6, 10.0, 6.0)  # τ² = 12, ‖∇J‖² = 4
bm.expect.true(abs(_got - 1 / 3) > 1e-6, "noise over signal, not signal over noise")
_advice = "the big batch is noisy too: its ‖g‖² is ‖∇J‖² + τ²/big"
bm.expect.true(all(abs(_got - wrong) > 1e-6 for wrong in (2.0, 4 / 3)), _advice)
_advice = "ask for a ratio of τ² to ‖∇J‖², not for τ² alone"
bm.expect.true(abs(_got - 12) > 1e-6, _advice)
bm.expect.close(_got, 3.0, "for τ² = 12 and ‖∇J‖² = 4")
### BEGIN HIDDEN TESTS
bm.expect.close(noise_scale(1, 100, 51.0, 1.5), 50.0, "for τ² = 50 and ‖∇J‖² = 1")
bm.expect.close(noise_scale(4, 10, 10.0, 8.5), 10 / 7.5, "for τ² = 10 and ‖∇J‖² = 7.5")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# noise over signal, not signal over noise → 是噪声除以信号，不是信号除以噪声
# the big batch is noisy too: its ‖g‖² is ‖∇J‖² + τ²/big
# → 大批次也有噪声：它的 ‖g‖² 是 ‖∇J‖² + τ²/big
# ask for a ratio of τ² to ‖∇J‖², not for τ² alone → 要的是 τ² 与 ‖∇J‖² 之比，不只是 τ²
# for τ² = 12 and ‖∇J‖² = 4 → 当 τ² = 12、‖∇J‖² = 4 时
# for τ² = 50 and ‖∇J‖² = 1 → 当 τ² = 50、‖∇J‖² = 1 时
# for τ² = 10 and ‖∇J‖² = 7.5 → 当 τ² = 10、‖∇J‖² = 7.5 时

# %% [markdown] hint="noise_scale"
# Write (\ref{norm}) twice: `small_norm` $= \lVert\nabla J\rVert^2 + \tau^2/$`small`,
# and the same for `big`. Subtract them.

# %% [markdown] lang="zh" of="15f249ec"
# 把 (\ref{norm}) 写两遍：`small_norm` $= \lVert\nabla J\rVert^2 + \tau^2/$`small`，
# 对 `big` 也一样。两式相减。

# %% [markdown] hint="noise_scale"
# The difference has no $\lVert\nabla J\rVert^2$ left: `small_norm - big_norm` is
# $\tau^2$ times `1 / small - 1 / big`. With $\tau^2$, go back to one of the two.

# %% [markdown] lang="zh" of="592bacf2"
# 相减之后 $\lVert\nabla J\rVert^2$ 就没了：`small_norm - big_norm` 等于 $\tau^2$ 乘以
# `1 / small - 1 / big`。求出 $\tau^2$ 之后，代回其中一个式子。


# %% mistake="noise_scale" says="noisy too"
def noise_scale(small, big, small_norm, big_norm):
    return (small_norm - big_norm) * small / big_norm


# %% mistake="noise_scale" says="signal over noise"
def noise_scale(small, big, small_norm, big_norm):
    noise = (small_norm - big_norm) / (1 / small - 1 / big)
    return (big_norm - noise / big) / noise


# %% mistake="noise_scale" says="noisy too"
def noise_scale(small, big, small_norm, big_norm):
    return (small_norm - big_norm) / (1 / small - 1 / big) / big_norm


# %% mistake="noise_scale" says="not for τ² alone"
def noise_scale(small, big, small_norm, big_norm):
    return (small_norm - big_norm) / (1 / small - 1 / big)


# %% variant="noise_scale"
def noise_scale(small, big, small_norm, big_norm):
    signal = (big * big_norm - small * small_norm) / (big - small)
    return (small_norm - signal) * small / signal


# %% [markdown]
# Now a race on real pictures: softmax regression on scikit-learn's 1,797 digits. For
# each batch size we try several learning rates and keep the best, and count the steps
# until the loss is below a target.

# %% [markdown] lang="zh" of="fd351996"
# 下面在真实的图片上比一场：用 scikit-learn 的 1,797 个手写数字做 softmax 回归。
# 对每种批量大小试几个学习率，取最好的，数一数要多少步损失才降到目标以下。

# %% fold
digits = load_digits()
pixels = torch.cat([torch.tensor(digits.data) / 16, torch.ones(1797, 1)], 1)  # (n, 65)
labels = torch.tensor(digits.target)
wanted = F.one_hot(labels, 10).double()  # (n, 10)
TARGET, LIMIT = 0.3, 3000


def digit_gradient(W, batch):
    off = (pixels[batch] @ W).softmax(1) - wanted[batch]  # (size, 10)
    return pixels[batch].T @ off / len(batch)


def steps_to_target(size, lr, seed):
    draws, W = torch.Generator().manual_seed(seed), torch.zeros(65, 10)
    look = max(1, 16 // size)  # how often we look at the loss
    for t in range(1, LIMIT + 1):
        batch = torch.randint(1797, (size,), generator=draws)
        W = W - lr * digit_gradient(W, batch)
        if t % look == 0 and F.cross_entropy(pixels @ W, labels) < TARGET:
            return t
    return math.inf


# %% [raw] lang="zh"
# how often we look at the loss → 隔多少步看一次损失

# %%
race, seeds = [1, 4, 16, 64, 256, 1024], range(lab.pick(ci=3, workshop=5, full=10))
rates = [0.2, 0.4, 0.8, 1.6, 3.2, 6.4]
steps = [
    min(sum(steps_to_target(size, lr, s) for s in seeds) / len(seeds) for lr in rates)
    for size in bm.show.progress(race, "batch sizes")
]
looked = [size * count for size, count in zip(race, steps, strict=True)]

# %% [raw] lang="zh"
# batch sizes → 批量大小


# %% fold
def scale_at(W, trials=1000):
    """The noise scale at W, from batches of 8 and of 512."""
    norms = [
        sum(
            (digit_gradient(W, torch.randint(1797, (size,))) ** 2).sum()
            for _ in range(trials)
        )
        for size in (8, 512)
    ]
    return float(noise_scale(8, 512, norms[0] / trials, norms[1] / trials))


def scale_exactly(W):
    off = (pixels @ W).softmax(1) - wanted
    each = pixels[:, :, None] * off[:, None]  # (n, 65, 10)
    mean = each.mean(0)
    return float(((each - mean) ** 2).sum((1, 2)).mean() / (mean**2).sum())


# %% [raw] lang="zh"
# The noise scale at W, from batches of 8 and of 512.
# → 由批量大小 8 和 512 求 W 处的噪声尺度。

# %%
W, pictures = torch.zeros(65, 10), torch.arange(1797)
scales = [(scale_at(W), scale_exactly(W))]  # measured, exact: at the start
while F.cross_entropy(pixels @ W, labels) > TARGET:
    W = W - 0.4 * digit_gradient(W, pictures)
scales.append((scale_at(W), scale_exactly(W)))
for guess, right in scales:
    print(f"noise scale: S ≈ {guess:.1f} (exactly {right:.1f})")


# %% [raw] lang="zh"
# measured, exact: at the start → 实测值，精确值：在起点
# noise scale: S ≈ {guess:.1f} (exactly {right:.1f})
# → 噪声尺度：S ≈ {guess:.1f}（精确值 {right:.1f}）

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.loglog(race, steps, "o-")
left.loglog(race[:4], [steps[0] / size for size in race[:4]], "k:", lw=1)
right.loglog(race, looked, "s-")
for ax in (left, right):
    ax.axvspan(scales[0][1], scales[1][1], color="#d19a00", alpha=0.15)
    ax.set_xlabel("batch size")
left.set_ylabel("steps to the target")
right.set_ylabel("examples to the target")
alt = (
    "Left: steps fall with the batch size and level off. Right: examples needed grow "
    "slowly at first, then in proportion to the batch. A band marks the noise scale."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# batch size → 批量大小
# steps to the target → 到达目标的步数
# examples to the target → 到达目标所看的样本数
# Left: steps fall with the batch size and level off. Right: examples needed grow slowly
# at first, then in proportion to the batch. A band marks the noise scale.
# → 左：步数随批量大小下降，然后变平。右：所需的样本数起初增长缓慢，后来与批量成正比。
#   带状区域标出噪声尺度。

# %%
bm.claim(
    "From 1 to 16 examples a batch, more than three quarters of the steps are saved",
    lambda fewer, more: fewer < more / 4,
    {"fewer": steps[2], "more": steps[0]},
    control={"fewer": steps[5], "more": steps[3]},
    against="from 64 to 1,024",
)
bm.claim(
    "From 64 to 1,024 examples a batch, the target costs over eight times the examples",
    lambda times: times > 8,
    {"times": looked[5] / looked[3]},
    control={"times": looked[2] / looked[0]},
    against="from 1 to 16",
)


def span(guesses):
    ratios = [guess / right for guess, (_, right) in zip(guesses, scales, strict=True)]
    return {"low": min(ratios), "high": max(ratios)}


naive = [right / (1 + right / 8) for _, right in scales]  # ‖g‖² of 8 as the signal
bm.claim(
    "Two batch sizes tell the noise scale to a factor of 2, at start and target",
    lambda low, high: low > 0.5 and high < 2,
    span([guess for guess, _ in scales]),
    control=span(naive),
    against="one batch size, its noise forgotten",
)
bm.claim(
    "The noise scale more than doubles on the way to the target",
    lambda earlier, later: later > 2 * earlier,
    {"earlier": scales[0][1], "later": scales[1][1]},
    control={"earlier": scales[0][1], "later": scales[0][0]},
    against="the start, measured twice",
)

# %% [raw] lang="zh"
# From 1 to 16 examples a batch, more than three quarters of the steps are saved
# → 批量大小从 1 到 16，步数省下四分之三以上
# from 64 to 1,024 → 从 64 到 1,024
# From 64 to 1,024 examples a batch, the target costs over eight times the examples
# → 批量大小从 64 到 1,024，到达目标所看的样本多到八倍以上
# from 1 to 16 → 从 1 到 16
# ‖g‖² of 8 as the signal → 把批量为 8 的 ‖g‖² 当作信号
# Two batch sizes tell the noise scale to a factor of 2, at start and target
# → 由两种批量大小求出的噪声尺度，在起点和目标处都准到 2 倍以内
# one batch size, its noise forgotten → 只用一种批量大小，忘了它的噪声
# The noise scale more than doubles on the way to the target
# → 从起点到目标，噪声尺度增大到两倍以上
# the start, measured twice → 起点，量两次

# %% [markdown]
# The dotted line is what "twice the batch, half the steps" would give. The band goes
# from the noise scale at the start to that at the target. The curve leaves the line
# before the band and is flat within it: the noise scale tells an order of magnitude,
# not the best batch size. It grew in this run, since the gradient shrank faster than
# the noise. That is a reason to raise the batch size during training.
#
# ## What we learned
#
# - The mean over the drawn batch is an unbiased estimate of the full gradient. The mean
#   over all $n$, as printed, is the full gradient, whatever was drawn.
# - Its squared error is $\tau^2/|B|$; without replacement times $(n-|B|)/(n-1)$.
# - Constant steps end at a floor in proportion to `lr`$/|B|$. Steps that shrink as
#   $1/t$ have none.
# - By examples small batches win at first, and with constant steps they end at their
#   floor; by steps large ones win. The best choice depends on the budget. Far above the
#   noise scale a larger batch costs more and helps little.
# - Shuffled epochs beat drawing with replacement when steps are small.
#
# ## What models use today
#
# Language models are trained on shuffled text, mostly for about one epoch, with batches
# of millions of tokens and a learning rate that falls towards the end, so that the
# floor falls with it. Some recipes raise the batch size during training, as the noise
# scale grows. The cell shows what a fall at the end does on our bowl: `lr` is
# constant for nine tenths of the steps, then falls in a straight line to 0.

# %% [markdown] lang="zh" of="e26df5be"
# 点线是“批量加倍、步数减半”应有的样子；带状区域从出发时的噪声尺度到达标时的噪声尺度。
# 曲线还没进入带状区域就离开了点线，进去之后已经变平：噪声尺度说的是数量级，
# 不是精确的批量大小。在这次运行中，尺度在增大，因为梯度比噪声缩小得快。
# 这就是在训练途中增大批量的理由。
#
# ## 我们学到了什么
#
# - 对抽到的批次求平均，是全体梯度的无偏估计。照原文对全部 $n$ 个求平均，
#   就是全体梯度本身，抽到谁都一样。
# - 它的误差平方是 $\tau^2/|B|$；不放回时再乘以 $(n-|B|)/(n-1)$。
# - 固定步长停在与 `lr`$/|B|$ 成正比的平台上。按 $1/t$ 缩小的步子没有平台。
# - 按样本数算，小批量起初领先，步长固定时最后停在平台上；按步数算，大批量赢。
#   怎样选最好，取决于预算。
#   远超过噪声尺度之后，批量再大，花费更多，帮助甚微。
# - 步子小的时候，每轮打乱胜过有放回地抽。
#
# ## 如今的模型用什么
#
# 语言模型用打乱的文字训练，大多只走一轮左右，每批几百万个词元，学习率在最后逐渐降低，
# 平台也就随之降低。有些做法在训练途中增大批量，因为噪声尺度在增大。
# 下面的单元格看看，在我们的碗上只在最后降低会怎样：
# 前十分之九的步数里 `lr` 固定，之后沿直线降到 0。


# %%
def decayed(t, steps=1000, lr=0.2):
    return lr * min(1, (steps - t) / (steps / 10))


final = {
    "constant": walk(lambda t: 0.2, 4, 1000)[-1],
    "constant, then falling": walk(decayed, 4, 1000)[-1],
}
for name, loss in final.items():
    print(f"lr {name}: {loss:.1e} above the best loss")

# %% [raw] lang="zh"
# constant → 固定
# constant, then falling → 先固定，再降低
# lr {name}: {loss:.1e} above the best loss → lr {name}：高出最小损失 {loss:.1e}

# %% [markdown]
# ## Where next
#
# [Optimizers](lesson:optimizers) sums past gradients: what becomes of the floor?
# [Adam and AdamW, derived](lesson:adaptive-methods) divides each step by the root of
# the mean squared gradient, of which this noise is a part.
#
# ## Further reading
#
# - H. Robbins and S. Monro (1951), *A Stochastic Approximation Method*, Annals of
#   Mathematical Statistics 22(3).
# - L. Bottou, F. E. Curtis and J. Nocedal (2018), *Optimization Methods for Large-Scale
#   Machine Learning*, SIAM Review 60(2).
# - S. McCandlish, J. Kaplan, D. Amodei and the OpenAI Dota Team (2018), *An Empirical
#   Model of Large-Batch Training*, arXiv.

# %% [markdown] lang="zh" of="2468a238"
# ## 下一步
#
# [优化算法](lesson:optimizers)把过去的梯度加起来：平台会怎样？
# [自适应方法的推导](lesson:adaptive-methods)让每一步除以梯度二阶矩的平方根，
# 这种噪声是其中的一部分。
#
# ## 延伸阅读
#
# - H. Robbins, S. Monro (1951), *A Stochastic Approximation Method*, Annals of
#   Mathematical Statistics 22(3).
# - L. Bottou, F. E. Curtis, J. Nocedal (2018), *Optimization Methods for Large-Scale
#   Machine Learning*, SIAM Review 60(2).
# - S. McCandlish, J. Kaplan, D. Amodei, OpenAI Dota Team (2018), *An Empirical Model
#   of Large-Batch Training*, arXiv.
