# ---
# slug: metrics
# title: {en: Metrics and likelihood, zh: 指标与似然}
# section: "4.1.3"
# minutes: 90
# needs: [gradient-descent, big-models]
# data: []
# extras: []
# introduces:
#   - cross-validation
#   - true positive
#   - false negative
#   - false positive
#   - true negative
#   - confusion matrix
#   - accuracy
#   - precision
#   - recall
#   - roc curve
#   - prevalence
#   - likelihood
#   - cross-entropy
#   - proper score
#   - entropy
#   - kl divergence
#   - macro average
#   - mean squared error
#   - mean absolute error
#   - calibration
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   J: loss
#   z: pre-activation
#   n: number of examples
#   p: probability
# says:
#   en: What one number hides, and why the log of a probability is the right loss.
#   zh: 一个数会掩盖什么，以及为什么概率的对数才是对的损失。
# ---

# %% [markdown]
# One woman in a hundred who come to a screening is ill. A program that tells everybody
# *healthy* is right 99 times in 100, and of no use to anyone. A measure decides what
# counts as good, so it deserves as much thought as the model. This lesson takes apart
# the measures of §4.1.3, finds one word printed wrong, and shows where the losses
# that we train with come from.

# %% [markdown] lang="zh" of="8c41ff1d"
# 来筛查的人里，每一百位有一位患病。一个程序对谁都说“健康”，一百次里能对九十九次，
# 却对谁都没有用。什么叫好，由指标说了算，所以它与模型一样值得多想一想。
# 这一课把 §4.1.3 的指标拆开来看，找出一处印错的地方，
# 再说明训练所用的损失从何而来。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import itertools
import math
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.distributions import Normal
from torch.nn import functional as F

import bmkit as bm

lab = bm.start("metrics", profile=profile, device=device, seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)  # sums can be compared to many digits

# %% [raw] lang="zh"
# sums can be compared to many digits → 求和的结果可以比较到很多位

# %% [markdown]
# ## Four kinds of answers
#
# scikit-learn ships 569 tumours, measured under the microscope. We call the malignant
# ones 1 (**positive**) and the benign ones 0 (**negative**). On purpose we show the
# model only two of the thirty measurements, so that it errs. Each tumour is judged by a
# model that was trained without it: this is **cross-validation**.

# %% [markdown] lang="zh" of="6a6120ef"
# ## 四种回答
#
# scikit-learn 自带 569 个肿瘤在显微镜下的测量数据。我们把恶性记作 1（**正例**），
# 良性记作 0（**负例**）。三十项测量里，故意只给模型看两项，好让它犯错。
# 判断每个肿瘤的模型，训练时都没有见过它：这就是**交叉验证**。

# %%
cancer = load_breast_cancer()
y = torch.tensor(1 - cancer.target)  # (569,), 1 is malignant
names = list(cancer.feature_names)
two = cancer.data[:, [names.index("mean texture"), names.index("mean smoothness")]]


def out_of_fold(model, x, method="predict_proba"):
    """What a model says of each row when trained on the other nine tenths."""
    folds = StratifiedKFold(10, shuffle=True, random_state=lab.seed)
    return torch.tensor(cross_val_predict(model, x, y.numpy(), cv=folds, method=method))


logistic = make_pipeline(StandardScaler(), LogisticRegression())
p = out_of_fold(logistic, two)[:, 1]  # (569,), probability of malignant
y_hat = (p > 0.5).long()

# %% [raw] lang="zh"
# (569,), 1 is malignant → (569,)，1 为恶性
# What a model says of each row when trained on the other nine tenths.
# → 用其余十分之九训练，模型对每一行怎么说。
# (569,), probability of malignant → (569,)，恶性的概率
# mean texture → =
# mean smoothness → =

# %% [markdown]
# Each answer is of one of four kinds: a true positive, a false negative, a false
# positive or a true negative. The second word tells what was *said*, the first whether
# it is so. Their table is the **confusion matrix**.
#
# |  | said 1 | said 0 |
# | --- | --- | --- |
# | is 1 | **true positive**, TP | **false negative**, FN: missed |
# | is 0 | **false positive**, FP: false alarm | **true negative**, TN |
#
# Count them.

# %% [markdown] lang="zh" of="936567d8"
# 每个回答都属于四种之一：真正例、假负例、假正例或真负例。
# “正”和“负”是判断的结果，“真”和“假”表示这个判断对不对。
# 它们排成的表叫**混淆矩阵**。
#
# |  | 判为 1 | 判为 0 |
# | --- | --- | --- |
# | 实为 1 | **真正例**，TP | **假负例**，FN：漏报 |
# | 实为 0 | **假正例**，FP：误报 | **真负例**，TN |
#
# 请数一数。


# %% exercise="counts" points=2 minutes=4 level=1
def counts(y, y_hat):
    """The confusion matrix of two classes.

    y: what is true, (n,), 0 or 1; y_hat: what was said, (n,), 0 or 1.
    Returns four whole numbers (tp, fp, fn, tn).
    """
    ### BEGIN SOLUTION
    tp = ((y_hat == 1) & (y == 1)).sum()
    fp = ((y_hat == 1) & (y == 0)).sum()
    fn = ((y_hat == 0) & (y == 1)).sum()
    tn = ((y_hat == 0) & (y == 0)).sum()
    return int(tp), int(fp), int(fn), int(tn)
    ### END SOLUTION


# %% [raw] lang="zh"
# The confusion matrix of two classes. → 两类的混淆矩阵。
# y: what is true, (n,), 0 or 1; y_hat: what was said, (n,), 0 or 1.
# Returns four whole numbers (tp, fp, fn, tn).
# → y：真实情况，(n,)，0 或 1；y_hat：说的是什么，(n,)，0 或 1。
#   返回四个整数 (tp, fp, fn, tn)。

# %% check="counts"
is_ill = torch.tensor([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
said_ill = torch.tensor([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
got = counts(is_ill, said_ill)
got = bm.expect.several(got, 4, "return four numbers: tp, fp, fn, tn")
got = [int(number) for number in got]
advice = "tp counts those that were said 1 and are 1, both at once"
bm.expect.true(got[0] == 3, f"tp is 3 here, you have {got[0]}: {advice}")
advice = "fp was said 1 and is 0, fn was said 0 and is 1: are the two swapped?"
bm.expect.true(got[1:3] != [2, 1], advice)
bm.expect.equal(got, [3, 1, 2, 4], "each example is of exactly one kind")
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(5)
a, b = (torch.rand(200, generator=draws) < share for share in (0.2, 0.4))
got = [int(number) for number in counts(a.long(), b.long())]
tn, fp, fn, tp = metrics.confusion_matrix(a, b).ravel().tolist()
bm.expect.equal(got, [tp, fp, fn, tn], "as scikit-learn counts")
healthy, ill = torch.zeros(700).long(), torch.ones(700).long()
for said, want in ((healthy, [0, 0, 0, 700]), (ill, [0, 700, 0, 0])):
    got = bm.expect.several(
        counts(healthy, said), 4, "nobody is ill: still four numbers"
    )
    bm.expect.equal([int(number) for number in got], want, "700 people, nobody ill")
got = [int(number) for number in counts(ill, healthy)]
bm.expect.equal(got, [0, 0, 700, 0], "700 people, all ill, nobody found")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return four numbers: tp, fp, fn, tn → 返回四个数：tp、fp、fn、tn
# tp counts those that were said 1 and are 1, both at once
# → tp 数的是判为 1 而且实为 1 的，两个条件要同时成立
# tp is 3 here, you have {got[0]}: {advice} → 这里 tp 是 3，你得到 {got[0]}：{advice}
# fp was said 1 and is 0, fn was said 0 and is 1: are the two swapped?
# → fp 判为 1 实为 0，fn 判为 0 实为 1：是不是弄反了？
# each example is of exactly one kind → 每个样本恰好属于一种
# as scikit-learn counts → 应与 scikit-learn 数的一样
# nobody is ill: still four numbers → 没有人患病：仍然要返回四个数
# 700 people, nobody ill → 700 人，没有人患病
# 700 people, all ill, nobody found → 700 人，全都患病，一个也没找到

# %% [markdown] hint="counts"
# A comparison such as `y == 1` gives booleans. `&` joins two of them, and `.sum()`
# counts what is true.

# %% [markdown] lang="zh" of="d01768d2"
# `y == 1` 这样的比较给出布尔值。`&` 把两组布尔值合起来，`.sum()` 数出有多少个真。

# %% [markdown] hint="counts"
# `((y_hat == 1) & (y == 0)).sum()` counts the false alarms. Mind the brackets: `&`
# binds more tightly than `==`.

# %% [markdown] lang="zh" of="d68da12f"
# `((y_hat == 1) & (y == 0)).sum()` 数的是误报。注意括号：`&` 比 `==` 结合得更紧。


# %% mistake="counts" says="are the two swapped"
def counts(y, y_hat):
    right, said = y == y_hat, y_hat == 1
    tp, tn = (right & said).sum(), (right & ~said).sum()
    fn, fp = (~right & said).sum(), (~right & ~said).sum()
    return int(tp), int(fp), int(fn), int(tn)


# %% mistake="counts" says="both at once"
def counts(y, y_hat):
    tp, fp = (y_hat == 1).sum(), ((y_hat == 1) & (y == 0)).sum()
    tn, fn = (y_hat == 0).sum(), ((y_hat == 0) & (y == 1)).sum()
    return int(tp), int(fp), int(fn), int(tn)


# %% mistake="counts" says="still four numbers"
def counts(y, y_hat):
    table = torch.bincount(2 * y + y_hat).tolist()
    return table[3:] + table[1:3] + table[:1]


# %% mistake="counts" says="`y_hat` was changed"
def counts(y, y_hat):
    positives, said = int(y.sum()), int(y_hat.sum())
    y_hat -= y
    fp, fn = int((y_hat == 1).sum()), int((y_hat == -1).sum())
    return said - fp, fp, fn, len(y) - positives - fp


# %% variant="counts"
def counts(y, y_hat):
    table = torch.bincount(2 * y + y_hat, minlength=4)  # tn, fp, fn, tp
    tn, fp, fn, tp = table.tolist()
    return tp, fp, fn, tn


# %% fold
tp, fp, fn, tn = counts(y, y_hat)
fig, ax = plt.subplots(figsize=(4.6, 3.4))
table = np.array([[tp, fn], [fp, tn]])
ax.imshow(table, cmap="Blues", vmin=0, vmax=1.6 * table.max())
for (row, column), name in zip(np.ndindex(2, 2), ("TP", "FN", "FP", "TN"), strict=True):
    ax.text(column, row, f"{name}\n{table[row, column]}", ha="center", va="center")
ax.set_xticks([0, 1], ["malignant", "benign"])
ax.set_yticks([0, 1], ["malignant", "benign"])
ax.set(xlabel="said", ylabel="is")
ax.grid(False)
alt = (
    "Confusion matrix of 569 tumours: most are right, and more are missed than alarmed."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# malignant → 恶性
# benign → 良性
# said → 判为
# is → 实为
# Confusion matrix of 569 tumours: most are right, and more are missed than alarmed.
# → 569 个肿瘤的混淆矩阵：大多判断正确，漏报的比误报的多。

# %% [markdown]
# ## Four numbers into one
#
# **Accuracy** is the share of right answers, $(TP+TN)/n$. Two other shares ask about
# the positive class alone. Of those that were said to be ill, how many are? This is
# **precision**. Of those that are ill, how many were found? This is **recall**.
#
# $$\begin{aligned}
# \mathrm{precision}&=\frac{TP}{TP+FP}=\Pr(y=1\mid\hat y=1)\\
# \mathrm{recall}&=\frac{TP}{TP+FN}=\Pr(\hat y=1\mid y=1)
# \end{aligned} \label{shares}$$
#
# Either alone is easy. Say *ill* to everybody, and recall is 1. Say it only of the one
# case that you are surest of, and if that one is ill precision is 1. So **F1** takes
# their harmonic mean, which is large only when both are.
#
# $$F_1=\frac{2}{\frac{1}{\mathrm{precision}}+\frac{1}{\mathrm{recall}}}
# =\frac{2\,TP}{2\,TP+FP+FN} \label{f1}$$

# %% [markdown] lang="zh" of="8d3ba5a0"
# ## 四个数变成一个
#
# **准确率**是答对的比例，即 $(TP+TN)/n$。另外两个比例只问正类。
# 说有病的人里，真有病的占多少？这是**精确率**。
# 有病的人里，找出来的占多少？这是**召回率**。
#
# $$\begin{aligned}
# \mathrm{precision}&=\frac{TP}{TP+FP}=\Pr(y=1\mid\hat y=1)\\
# \mathrm{recall}&=\frac{TP}{TP+FN}=\Pr(\hat y=1\mid y=1)
# \end{aligned} \label{shares}$$
#
# 单要其中一个很容易。对谁都说有病，召回率就是 1；只对最有把握的那一位说有病，
# 而他果真有病，精确率就是 1。所以 **F1** 取两者的调和平均，只有两个都大，它才大。
#
# $$F_1=\frac{2}{\frac{1}{\mathrm{precision}}+\frac{1}{\mathrm{recall}}}
# =\frac{2\,TP}{2\,TP+FP+FN} \label{f1}$$


# %% exercise="scores" points=3 minutes=6 level=2
def scores(tp, fp, fn, tn):
    """Accuracy, precision, recall and F1, in this order.

    Four counts, or the four shares of one whole. A share of nothing (0/0) is 0 by
    agreement.
    """
    ### BEGIN SOLUTION
    accuracy = (tp + tn) / (tp + fp + fn + tn)
    precision = tp / (tp + fp) if tp else 0.0
    recall = tp / (tp + fn) if tp else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return accuracy, precision, recall, f1
    ### END SOLUTION


# %% [raw] lang="zh"
# Accuracy, precision, recall and F1, in this order.
# → 依次返回准确率、精确率、召回率和 F1。
# Four counts, or the four shares of one whole. A share of nothing (0/0) is 0 by
# agreement.
# → 四个计数，或占总体的四个比例。分母为 0 时（0/0），约定为 0。

# %% check="scores"
with bm.expect.part(2, "the four formulas"):
    got = bm.expect.several(scores(8, 24, 2, 66), 4, "return four numbers")
    bm.expect.close(got[0], 0.74, "accuracy: the right answers, tp + tn, among all")
    bm.expect.true(abs(got[1] - 0.8) > 1e-9, "precision and recall are swapped")
    bm.expect.close(got[1], 0.25, "precision: tp among those said positive, tp + fp")
    bm.expect.close(got[2], 0.8, "recall: tp among those that are positive, tp + fn")
    advice = (
        "F1 joins precision and recall; this one has accuracy in the place of precision"
    )
    bm.expect.true(abs(got[3] - 2 * 0.74 * 0.8 / 1.54) > 1e-6, advice)
    advice = "the harmonic mean, not the ordinary one: it is large only when both are"
    bm.expect.true(abs(got[3] - 0.525) > 1e-6, advice)
    bm.expect.close(got[3], 16 / 42, "F1 is 2·tp / (2·tp + fp + fn)")
    ### BEGIN HIDDEN TESTS
    bm.expect.close(scores(3, 3, 3, 1), [0.4, 0.5, 0.5, 0.5], "three equal counts")
    bm.expect.close(scores(5, 0, 0, 5), [1.0, 1.0, 1.0, 1.0], "no error at all")
    bm.expect.close(scores(2, 1, 3, 4), [0.6, 2 / 3, 0.4, 0.5], "tp = fn − fp")
    ### END HIDDEN TESTS
with bm.expect.part(1, "shares of a whole, and shares of nothing"):
    advice = "shares of a whole instead of counts: is there a 1 that is a count?"
    bm.expect.close(scores(0.08, 0.24, 0.02, 0.66), [0.74, 0.25, 0.8, 16 / 42], advice)
    ### BEGIN HIDDEN TESTS
    try:
        none = [float(number) for number in scores(0, 0, 5, 95)]
    except ZeroDivisionError:
        none = None
    advice = (
        "nobody was said positive: a share of nothing is 0, divide only when you can"
    )
    bm.expect.true(none is not None, advice)
    bm.expect.close(none, [0.95, 0.0, 0.0, 0.0], advice)
    bm.expect.close(
        scores(0, 3, 0, 7), [0.7, 0.0, 0.0, 0.0], "and if nobody is positive"
    )
    advice = "nobody is positive and nobody was said to be: still a share of nothing"
    bm.expect.close(scores(0, 0, 0, 7), [1.0, 0.0, 0.0, 0.0], advice)
    bm.expect.close(scores(0, 2, 2, 4), [0.5, 0.0, 0.0, 0.0], "tp is 0, the others not")
    want = [1 - 0.2500003, 1e-7 / 0.2500001, 0.25, 2e-7 / 0.2500005]
    advice = "tiny shares, too: do not round, and add nothing to what you divide by"
    bm.expect.close(scores(1e-7, 0.25, 3e-7, 0.7499996), want, advice, atol=1e-11)
    ### END HIDDEN TESTS

# %% [raw] lang="zh"
# return four numbers → 返回四个数
# accuracy: the right answers, tp + tn, among all → 准确率：答对的 tp + tn，占全部的多少
# precision and recall are swapped → 精确率与召回率弄反了
# precision: tp among those said positive, tp + fp
# → 精确率：tp 占说是正例者 tp + fp 的多少
# recall: tp among those that are positive, tp + fn
# → 召回率：tp 占真正例者 tp + fn 的多少
# F1 joins precision and recall; this one has accuracy in the place of precision
# → F1 合起来的是精确率与召回率；这里精确率的位置上用了准确率
# the harmonic mean, not the ordinary one: it is large only when both are
# → 要用调和平均，而不是普通平均：只有两个都大，它才大
# F1 is 2·tp / (2·tp + fp + fn) → F1 等于 2·tp / (2·tp + fp + fn)
# nobody was said positive: a share of nothing is 0, divide only when you can
# → 一个正例也没判：分母为 0 时约定为 0，能除的时候再除
# and if nobody is positive → 没有正例时也一样
# nobody is positive and nobody was said to be: still a share of nothing
# → 没有正例，也没有判为正例的：分母仍为 0
# tp is 0, the others not → tp 为 0，其余不为 0
# three equal counts → 三个相等的计数
# no error at all → 完全没有错误
# shares of a whole instead of counts: is there a 1 that is a count?
# → 传入的是比例而不是计数：是不是有个 1 是当作计数写的？
# tp = fn − fp → =
# the four formulas → 四个公式
# shares of a whole, and shares of nothing → 占总体的比例，以及分母为 0 的情形
# tiny shares, too: do not round, and add nothing to what you divide by
# → 很小的比例也要对：不要取整，分母上也不要加别的数

# %% [markdown] hint="scores"
# Write the three shares first. The second form of F1 above needs only counts.

# %% [markdown] lang="zh" of="9b025ad5"
# 先写三个比例。上面 F1 的第二种写法只需要计数。

# %% [markdown] hint="scores"
# `tp / (tp + fp) if tp + fp else 0.0` divides only when there is something to divide
# by. The other two are alike.

# %% [markdown] lang="zh" of="5b8e5c74"
# `tp / (tp + fp) if tp + fp else 0.0` 只在分母不为 0 时才除。另外两个也是这样。


# %% mistake="scores" says="accuracy in the place of precision"
def scores(tp, fp, fn, tn):
    accuracy = (tp + tn) / (tp + fp + fn + tn)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return accuracy, precision, recall, 2 * accuracy * recall / (accuracy + recall)


# %% mistake="scores" says="harmonic mean"
def scores(tp, fp, fn, tn):
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    accuracy = (tp + tn) / (tp + fp + fn + tn)
    return accuracy, precision, recall, (precision + recall) / 2


# %% mistake="scores" says="divide only when you can" points=2
def scores(tp, fp, fn, tn):
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    f1 = 2 * precision * recall / (precision + recall)
    return (tp + tn) / (tp + fp + fn + tn), precision, recall, f1


# %% mistake="scores" says="a 1 that is a count" points=2
def scores(tp, fp, fn, tn):
    precision, recall = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    f1 = 2 * tp / max(2 * tp + fp + fn, 1)
    return (tp + tn) / (tp + fp + fn + tn), precision, recall, f1


# %% mistake="scores" says="add nothing" points=2
def scores(tp, fp, fn, tn):
    precision, recall = tp / (tp + fp + 1e-9), tp / (tp + fn + 1e-9)
    f1 = 2 * tp / (2 * tp + fp + fn + 1e-9)
    return (tp + tn) / (tp + fp + fn + tn), precision, recall, f1


# %% variant="scores"
def scores(tp, fp, fn, tn):
    def share(part, whole):
        return part / whole if whole else 0.0

    accuracy = share(tp + tn, tp + fp + fn + tn)
    precision, recall = share(tp, tp + fp), share(tp, tp + fn)
    return (
        accuracy,
        precision,
        recall,
        share(2 * precision * recall, precision + recall),
    )


# %% [markdown]
# Each formula against another way to the same number: counts on the left, a mean over
# the tumours in question on the right.

# %% [markdown] lang="zh" of="f0ccb1b6"
# 每个公式都对照另一条路：左边用计数，右边直接对相关的肿瘤求平均。

# %% equation="shares" of="af7f51d9"
means = [y[y_hat == 1].double().mean(), y_hat[y == 1].double().mean()]
bm.equation("shares", [tp / (tp + fp), tp / (tp + fn)], means)

# %% equation="f1" of="444bf1ec"
precision, recall = metrics.precision_score(y, y_hat), metrics.recall_score(y, y_hat)
bm.equation("f1", 2 / (1 / precision + 1 / recall), 2 * tp / (2 * tp + fp + fn))

# %%
measures = ("accuracy", "precision", "recall", "f1")
theirs = [getattr(metrics, f"{name}_score")(y, y_hat) for name in measures]
mine = scores(tp, fp, fn, tn)
print(*(f"{name}: {value:.3f}" for name, value in zip(measures, mine, strict=True)))
bm.claim(
    "From four counts come the same four numbers as from scikit-learn",
    lambda gap: gap < 1e-12,
    {"gap": np.abs(np.subtract(mine, theirs)).max()},
    control={"gap": np.abs(np.subtract(scores(tp, fn, fp, tn), theirs)).max()},
    against="rows and columns of the table swapped",
)

# %% [raw] lang="zh"
# From four counts come the same four numbers as from scikit-learn
# → 从四个计数得到的四个数，与 scikit-learn 的相同
# rows and columns of the table swapped → 把表的行与列对调
# accuracy → =
# precision → =
# recall → =
# {name}_score → =

# %% [markdown]
# ## A formula with one wrong character
#
# The document prints, in §4.1.3, that F1 is the harmonic mean of 准确率 (accuracy) and
# recall, and it defines 准确率 as accuracy a few lines before. Precision, 精确率, does
# not occur. In Chinese the two words differ by one character. Does it matter? Move the
# sliders: a thousand people, some of them ill, and a test that finds a share of the ill
# and alarms a share of the healthy.

# %% [markdown] lang="zh" of="d875ba39"
# ## 一字之差
#
# 文档在 §4.1.3 中印的 F1 是准确率与召回率的调和平均，而就在几行之前，
# 准确率定义的是 accuracy。精确率根本没有出现。两个词只差一个字。要紧吗？
# 拖动滑块看看：一千个人，其中有些患病；一种检验，能找出一部分患者，
# 也会对一部分健康人误报。


# %% fold
def people(ill, found, alarmed):
    tp, fp = round(ill * found), round((1000 - ill) * alarmed)
    fn, tn = ill - tp, 1000 - ill - fp
    accuracy, precision, recall, f1 = scores(tp, fp, fn, tn)
    wrong = 2 * accuracy * recall / (accuracy + recall)
    fig, (left, bars) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    kind = np.repeat([0, 1, 2, 3], [tp, fn, fp, tn])
    column, row = np.divmod(np.arange(1000), 25)
    marks = (("s", "#1b3a6b"), ("x", "#c2410c"), ("^", "#d19a00"), (".", "0.75"))
    words = ("ill, found", "ill, missed", "healthy, alarmed", "healthy")
    for k, (mark, colour) in enumerate(marks):
        here = kind == k
        left.scatter(column[here], row[here], 14, colour, marker=mark, label=words[k])
    left.set(xlabel="a thousand people, one mark each", xticks=[], yticks=[])
    left.grid(False)
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, fontsize=8)
    labels = ["accuracy", "precision", "recall", "F1", "as printed"]
    values = [accuracy, precision, recall, f1, wrong]
    bars.barh(labels, values, color=["0.6", "0.6", "0.6", "#1b3a6b", "#c2410c"])
    for spot, value in enumerate(values):
        bars.text(min(value, 0.9) + 0.01, spot, f"{value:.2f}", va="center")
    bars.set(xlim=(0, 1.05), xlabel="value", ylabel="measure")
    bars.invert_yaxis()
    return fig


alt = (
    "A thousand people. At first ten are ill: nine of them are found, and far more "
    "healthy ones are alarmed. Accuracy and the printed F1 are about 0.9, precision "
    "and F1 below 0.2."
)
sliders = {"found": (0.1, 1.0, 0.1, 0.9), "alarmed": (0.0, 0.5, 0.02, 0.1)}
bm.show.explore(people, alt=alt, ill=(10, 500, 10, 10), **sliders)


# %% [raw] lang="zh"
# ill, found → 患病，找到
# ill, missed → 患病，漏报
# healthy, alarmed → 健康，误报
# healthy → 健康
# a thousand people, one mark each → 一千个人，每人一个记号
# accuracy → 准确率
# precision → 精确率
# recall → 召回率
# as printed → 印出的 F1
# value → 值
# measure → 指标
# A thousand people. At first ten are ill: nine of them are found, and far more healthy
# ones are alarmed. Accuracy and the printed F1 are about 0.9, precision and F1 below
# 0.2.
# → 一千个人。起初有十人患病：找到九个，被误报的健康人却多得多。
#   准确率和印出的 F1 约为 0.9，精确率和 F1 不到 0.2。


# %% fold
def printed_and_f1(tp, fp, fn, tn):
    accuracy, _, recall, f1 = scores(tp, fp, fn, tn)
    return {"printed": 2 * accuracy * recall / (accuracy + recall), "f1": f1}


# %%
bm.claim(
    "At 1 ill in 100, the printed F1 praises a test with eleven false alarms in twelve",
    lambda printed, f1: printed > 0.85 and f1 < 0.2,
    printed_and_f1(9, 99, 1, 891),
    control=printed_and_f1(450, 50, 50, 450),
    against="the same test where half are ill",
)

# %% [raw] lang="zh"
# At 1 ill in 100, the printed F1 praises a test with eleven false alarms in twelve
# → 百人中一人患病时，一种检验的警报十二次有十一次是误报，印出的 F1 却给它高分
# the same test where half are ill → 同样的检验，用在半数患病的人群

# %% [markdown]
# It matters most where F1 is needed most: where the positives are few. The many healthy
# people who were not alarmed, TN, lift accuracy and with it the printed formula. The
# real F1 does not contain TN at all.
#
# ## The threshold is a choice
#
# The model gives a probability $p$. We made it a yes or a no at $p>0.5$, but nothing
# forces us. At each threshold there is another confusion matrix. Two curves show them
# all. The **ROC curve** draws recall against the share of the healthy that are alarmed.
# The **precision–recall curve** draws precision against recall.

# %% [markdown] lang="zh" of="16905c11"
# 越是需要 F1 的地方，也就是正例稀少的地方，这个错就越要紧。那许多没有被误报的健康人，
# 即 TN，抬高了准确率，也就抬高了印出的公式。真正的 F1 里根本没有 TN。
#
# ## 阈值是一种选择
#
# 模型给出的是概率 $p$。我们用 $p>0.5$ 把它变成是或否，但谁也没有规定非要这样。
# 每个阈值都有自己的混淆矩阵。两条曲线可以把它们一览无余：**ROC 曲线**的纵轴是召回率，
# 横轴是健康人中被误报的比例；**精确率–召回率曲线**画的是精确率随召回率的变化。


# %% fold
def curve(y, score):
    """False alarms, recall and precision at every threshold, the highest first."""
    score, order = score.sort(descending=True)
    hits = y[order].double()
    tp, fp = hits.cumsum(0), (1 - hits).cumsum(0)
    last = torch.cat([score[1:] != score[:-1], torch.tensor([True])])  # of equal scores
    tp, fp = tp[last], fp[last]
    return fp / fp[-1], tp / tp[-1], tp / (tp + fp)


alarms, recalls, precisions = curve(y, p)
fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
bm.expect.close(torch.stack([alarms, recalls]), np.stack([fpr, tpr])[:, 1:])


# %% [raw] lang="zh"
# False alarms, recall and precision at every threshold, the highest first.
# → 每个阈值（从高到低）的误报比例、召回率和精确率。
# of equal scores → 同分的取最后一个

# %% [markdown]
# In our data more than a third of the tumours are malignant. In a screening it would be
# far fewer. Let $\pi$ be the share of the ill, the **prevalence**, $r$ the recall and
# $f$ the share of the healthy that are alarmed. Then, by Bayes' rule,
#
# $$\mathrm{precision}=\frac{\pi r}{\pi r+(1-\pi)f} \label{prevalence}$$
#
# Recall and $f$ ask each group by itself, so they know nothing of $\pi$. Precision
# does.

# %% [markdown] lang="zh" of="6726bf1a"
# 我们的数据里，恶性肿瘤占三分之一以上，真正的筛查中要少得多。
# 设患者所占的比例，即**患病率**，为 $\pi$，召回率为 $r$，健康人中被误报的比例为 $f$。
# 由贝叶斯公式，
#
# $$\mathrm{precision}=\frac{\pi r}{\pi r+(1-\pi)f} \label{prevalence}$$
#
# 召回率和 $f$ 各问各的人群，与 $\pi$ 无关；精确率则有关。

# %% equation="prevalence" of="b2a3efdb"
pi, r, f = y.double().mean(), tp / (tp + fn), fp / (fp + tn)
bm.equation("prevalence", tp / (tp + fp), pi * r / (pi * r + (1 - pi) * f))


# %% fold
def at(threshold, pi):
    """Accuracy, precision, recall, F1 and false alarms if a share pi were ill."""
    r = (p[y == 1] > threshold).double().mean().item()
    f = (p[y == 0] > threshold).double().mean().item()
    return *scores(pi * r, (1 - pi) * f, pi * (1 - r), (1 - pi) * (1 - f)), f


def choose(threshold, ill_in_1000):
    pi = ill_in_1000 / 1000
    accuracy, precision, recall, f1, f = at(threshold, pi)
    fig, (a, b, c) = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    bins = np.linspace(0, 1, 21)
    for k, name, hatch in ((0, "benign", ""), (1, "malignant", "//")):
        share = np.full(int((y == k).sum()), (pi if k else 1 - pi) / (y == k).sum())
        a.hist(p[y == k], bins, weights=share, alpha=0.6, hatch=hatch, label=name)
    a.axvline(threshold, color="black", ls="-")
    a.set(xlabel="probability that the model gives", ylabel="share of all")
    a.legend(fontsize=8)
    b.plot(alarms, recalls)
    b.plot([0, 1], [0, 1], ":", color="0.5")
    b.plot(f, recall, "o", color="black")
    b.set(xlabel="share of healthy alarmed", ylabel="recall", title="ROC")
    c.plot(recalls, pi * recalls / (pi * recalls + (1 - pi) * alarms))
    c.axhline(pi, ls=":", color="0.5")
    c.plot(recall, precision, "o", color="black")
    c.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    c.set_title("precision–recall")
    text = f"accuracy {accuracy:.2f}, precision {precision:.2f}, recall {recall:.2f}"
    fig.suptitle(f"{text}, F1 {f1:.2f}; healthy to all: accuracy {1 - pi:.2f}")
    return fig


alt = (
    "Left: probabilities of benign and malignant tumours overlap; a line marks the "
    "threshold. Middle: the ROC curve bends well above the diagonal. Right: precision "
    "falls as recall grows. A dot marks the threshold on both curves."
)
sliders = {"threshold": (0.02, 0.98, 0.02, 0.5), "ill_in_1000": (10, 500, 10, 370)}
bm.show.explore(choose, alt=alt, **sliders)


# %% [raw] lang="zh"
# Accuracy, precision, recall, F1 and false alarms if a share pi were ill.
# → 假如患者占 pi：准确率、精确率、召回率、F1 和误报比例。
# benign → 良性
# malignant → 恶性
# probability that the model gives → 模型给出的概率
# share of all → 占全体的比例
# share of healthy alarmed → 健康人中被误报的比例
# recall → 召回率
# precision → 精确率
# precision–recall → 精确率–召回率
# accuracy {accuracy:.2f}, precision {precision:.2f}, recall {recall:.2f}
# → 准确率 {accuracy:.2f}，精确率 {precision:.2f}，召回率 {recall:.2f}
# {text}, F1 {f1:.2f}; healthy to all: accuracy {1 - pi:.2f}
# → {text}，F1 {f1:.2f}；对谁都说健康：准确率 {1 - pi:.2f}
# Left: probabilities of benign and malignant tumours overlap; a line marks the
# threshold. Middle: the ROC curve bends well above the diagonal. Right: precision falls
# as recall grows. A dot marks the threshold on both curves.
# → 左：良性与恶性肿瘤的概率有重叠，一条线标出阈值。中：ROC 曲线明显高于对角线。
#   右：召回率越高，精确率越低。两条曲线上各有一个点标出当前的阈值。
# ROC → =

# %% [markdown]
# Slide the prevalence down and watch: the dot on the ROC curve does not move, the other
# curve collapses. And accuracy *rises* while nearly every alarm becomes false. At one
# in a hundred, no threshold at which this model finds even half of the ill is as
# accurate as the program that says *healthy* to all.

# %% [markdown] lang="zh" of="d1766dcd"
# 把患病率往下拉，看会怎样：ROC 曲线上的点纹丝不动，另一条曲线却塌了下去。
# 准确率反而*上升*，而警报几乎全成了假的。百人中只有一人患病时，
# 这个模型凡是能找出至少一半患者的阈值，准确率都赢不了对谁都说“健康”的程序。


# %% fold
def best_finding_half(pi):
    """The largest accuracy among thresholds that find at least half of the ill."""
    measured = [at(t, pi) for t in [0.0, *p.tolist()]]
    return max(accuracy for accuracy, _, recall, _, _ in measured if recall >= 0.5)


# %% [raw] lang="zh"
# The largest accuracy among thresholds that find at least half of the ill.
# → 至少找出一半患者的各阈值中，最高的准确率。

# %%
bm.claim(
    "At 1 ill in 100, every threshold at which this model finds half of the ill is "
    "less accurate than finding nobody",
    lambda model, nobody: nobody > model,
    {"model": best_finding_half(0.01), "nobody": 0.99},
    control={"model": best_finding_half(0.37), "nobody": 0.63},
    against="37 ill in 100, as in these data",
)

# %% [raw] lang="zh"
# At 1 ill in 100, every threshold at which this model finds half of the ill is less
# accurate than finding nobody
# → 百人中一人患病时，这个模型凡是能找出一半患者的阈值，准确率都不如一个也不找
# 37 ill in 100, as in these data → 百人中 37 人患病，如这份数据

# %% [markdown]
# ### What does an error cost?
#
# Accuracy counts a missed tumour and a false alarm alike. Let a missed one cost $m$ and
# a false alarm $a$. A tumour that is malignant with probability $p$ costs $(1-p)\,a$ on
# average if we say *ill*, and $p\,m$ if we say *healthy*. So the best threshold is
# where both are equal:
#
# $$(1-p)\,a=p\,m\iff p=\frac{a}{a+m} \label{cost}$$
#
# For equal costs it is 0.5. It presumes that the probabilities can be believed. Without
# that belief one can look for the cheapest threshold on data: do this.

# %% [markdown] lang="zh" of="060f0f86"
# ### 错误的代价
#
# 准确率把漏掉一个肿瘤和一次误报看得一样重。设漏报的代价为 $m$，误报的代价为 $a$。
# 一个肿瘤是恶性的概率为 $p$：判为患病，平均代价是 $(1-p)\,a$；判为健康，则是 $p\,m$。
# 所以最好的阈值在两者相等之处：
#
# $$(1-p)\,a=p\,m\iff p=\frac{a}{a+m} \label{cost}$$
#
# 代价相等时它就是 0.5。这个结论的前提是概率可信。如果信不过，
# 也可以直接在数据上找代价最低的阈值：请写出来。

# %% equation="cost" of="b0457d94"
a, m = 3.0, 20.0
grid = torch.linspace(0, 1, 1_000_001)  # look for the crossing of the two costs
crossing = grid[((1 - grid) * a - grid * m).abs().argmin()]
bm.equation("cost", crossing, a / (a + m), atol=1e-6)

# %% [raw] lang="zh"
# look for the crossing of the two costs → 寻找两种代价相交之处


# %% exercise="cheapest_threshold" points=3 minutes=8 level=3
def cheapest_threshold(p, y, miss, alarm):
    """The threshold with the lowest total cost on these data.

    An example is said to be positive when its p is at least the threshold.
    p: probabilities, (n,); y: what is true, (n,), 0 or 1.
    miss: cost of a false negative; alarm: cost of a false positive.
    Returns one of the p, or infinity (say negative to all) where that is cheaper. If
    several cost the same, the largest of them.
    """
    ### BEGIN SOLUTION
    candidates = [math.inf, *sorted(p.tolist(), reverse=True)]
    best, lowest = math.inf, math.inf
    for threshold in candidates:
        said = p >= threshold
        missed, alarmed = (~said & (y == 1)).sum(), (said & (y == 0)).sum()
        cost = miss * missed + alarm * alarmed
        if cost < lowest:
            best, lowest = threshold, cost
    return best
    ### END SOLUTION


# %% [raw] lang="zh"
# The threshold with the lowest total cost on these data.
# → 在这些数据上总代价最低的阈值。
# An example is said to be positive when its p is at least the threshold.
# p: probabilities, (n,); y: what is true, (n,), 0 or 1.
# miss: cost of a false negative; alarm: cost of a false positive.
# Returns one of the p, or infinity (say negative to all) where that is cheaper. If
# several cost the same, the largest of them.
# → p 不低于阈值的样本判为正例。
#   p：概率，(n,)；y：真实情况，(n,)，0 或 1。
#   miss：一个假负例的代价；alarm：一个假正例的代价。
#   返回 p 中的一个；如果全都判为负例更便宜，返回无穷大。
#   若有几个代价相同，返回其中最大的。

# %% check="cheapest_threshold"
p = torch.tensor([0.9, 0.3, 0.7, 0.2, 0.6, 0.1])
y = torch.tensor([1, 1, 0, 0, 1, 0])
got = float(cheapest_threshold(p, y, 1.0, 5.0))
advice = "alarms cost five times as much here: only 0.9 is worth saying"
bm.expect.close(got, 0.9, advice)
got = float(cheapest_threshold(p, y, 5.0, 1.0))
advice = "a missed one costs 5, an alarm 1: lower the threshold until all are found"
bm.expect.close(got, 0.3, advice)
got = float(cheapest_threshold(p, torch.zeros(6), 5.0, 1.0))
bm.expect.true(got == math.inf, "nobody is positive: say negative to all, infinity")
### BEGIN HIDDEN TESTS
got = float(cheapest_threshold(p, torch.ones(6).long(), 2.0, 7.0))
bm.expect.close(got, 0.1, "all are positive: the lowest of the p finds them all")
tied = torch.tensor([0.8, 0.5, 0.5, 0.4])
got = float(cheapest_threshold(tied, torch.tensor([1, 1, 0, 0]), 3.0, 2.0))
bm.expect.close(got, 0.5, "examples with equal p are said to be the same")
got = float(cheapest_threshold(tied, torch.tensor([1, 1, 0, 0]), 2.0, 2.0))
bm.expect.close(got, 0.8, "0.8 and 0.5 cost the same: the largest of them")
got = cheapest_threshold(tied.flip(0), torch.tensor([0, 0, 1, 1]), 2.0, 2.0)
bm.expect.close(float(got), 0.8, "the order of the examples does not matter")
got = float(cheapest_threshold(tied, torch.tensor([0, 1, 0, 0]), 2.0, 1.0))
bm.expect.true(got == math.inf, "to find it costs as much as to miss it: the largest")
draws = torch.Generator().manual_seed(8)
fine = torch.rand(300, generator=draws, dtype=torch.float64)
costs = ((1.0, 1.0), (7.0, 2.0), (2.0, 9.0), (0.3, 0.5), (0.9, 0.04))
for p, (miss, alarm) in itertools.product((fine, fine[:60].round(decimals=1)), costs):
    y = (torch.rand(len(p), generator=draws) < p).long()
    every = [math.inf, *p.unique().flip(0).tolist()]
    total = [
        miss * int((y[p < t] == 1).sum()) + alarm * int((y[p >= t] == 0).sum())
        for t in every
    ]
    want = every[int(np.argmin(total))]
    got = float(cheapest_threshold(p, y, miss, alarm))
    bm.expect.true(abs(got - want) < 1e-6 or got == want, "the cheapest of all")
    bm.expect.true(got == want, "return one of the p as it is, not rounded")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# alarms cost five times as much here: only 0.9 is worth saying
# → 这里误报的代价是五倍：只有 0.9 值得判为正例
# a missed one costs 5, an alarm 1: lower the threshold until all are found
# → 漏报的代价是 5，误报是 1：把阈值降到全都找到为止
# nobody is positive: say negative to all, infinity → 没有正例：全都判为负例，无穷大
# all are positive: the lowest of the p finds them all
# → 全是正例：用 p 中最小的一个就能全部找到
# examples with equal p are said to be the same → p 相同的样本判得也相同
# 0.8 and 0.5 cost the same: the largest of them → 0.8 与 0.5 代价相同：取最大的
# the order of the examples does not matter → 样本的次序无关紧要
# to find it costs as much as to miss it: the largest → 找到它与漏掉它代价相同：取最大的
# the cheapest of all → 所有阈值中最便宜的
# return one of the p as it is, not rounded → 原样返回 p 中的一个，不要取近似

# %% [markdown] hint="cheapest_threshold"
# Only finitely many thresholds differ in what they say: each of the p, and one above
# all of them.

# %% [markdown] lang="zh" of="c6b0fbfe"
# 判断结果不同的阈值只有有限个：每个 p，再加上一个比它们都大的。

# %% [markdown] hint="cheapest_threshold"
# For each, `said = p >= threshold`; its cost is `miss` times the count of
# `~said & (y == 1)` plus `alarm` times that of `said & (y == 0)`. Go from the largest
# threshold down and keep the first lowest.

# %% [markdown] lang="zh" of="f33f1ed6"
# 对每个阈值，`said = p >= threshold`；代价是 `miss` 乘 `~said & (y == 1)` 的个数，
# 加上 `alarm` 乘 `said & (y == 0)` 的个数。从最大的阈值往下试，保留第一个最低的。


# %% mistake="cheapest_threshold" says="worth saying"
def cheapest_threshold(p, y, miss, alarm):
    every = sorted(set(p.tolist()), reverse=True)
    errors = [int(((p >= t).long() != y).sum()) for t in every]
    return every[int(np.argmin(errors))]


# %% mistake="cheapest_threshold" says="worth saying"
def cheapest_threshold(p, y, miss, alarm):
    every = [math.inf, *sorted(set(p.tolist()), reverse=True)]
    cost = [
        alarm * int((y[p < t] == 1).sum()) + miss * int((y[p >= t] == 0).sum())
        for t in every
    ]
    return every[int(np.argmin(cost))]


# %% mistake="cheapest_threshold" says="infinity"
def cheapest_threshold(p, y, miss, alarm):
    every = sorted(set(p.tolist()), reverse=True)
    cost = [
        miss * int((y[p < t] == 1).sum()) + alarm * int((y[p >= t] == 0).sum())
        for t in every
    ]
    return every[int(np.argmin(cost))]


# %% mistake="cheapest_threshold" says="the cheapest of all"
def cheapest_threshold(p, y, miss, alarm):
    every = [math.inf, *(step / 100 for step in range(100, -1, -1))]
    cost = [
        miss * int((y[p < t - 1e-9] == 1).sum())
        + alarm * int((y[p >= t - 1e-9] == 0).sum())
        for t in every
    ]
    return every[int(np.argmin(cost))]


# %% variant="cheapest_threshold"
def cheapest_threshold(p, y, miss, alarm):
    values = p.unique().flip(0)  # the largest first
    said = p[None] >= values[:, None]  # (thresholds, n)
    cost = miss * (~said & (y == 1)).sum(1) + alarm * (said & (y == 0)).sum(1)
    nobody = miss * (y == 1).sum()
    place = cost.argmin()
    return math.inf if nobody <= cost[place] else values[place].item()


# %% [markdown]
# Now with prices: let a missed tumour cost twenty false alarms. The rule says to alarm
# from $p=1/21$ on. The cheapest threshold is looked for on one half of the tumours.
# Both, the threshold 0.5, and an alarm for everybody are paid for on the other half.
# This is repeated for several halves.

# %% [markdown] lang="zh" of="ba9d4607"
# 现在定个价：漏掉一个肿瘤抵得上二十次误报。按公式，从 $p=1/21$ 起就该报警。
# 在一半肿瘤上寻找最便宜的阈值；再在另一半上，为这两种做法、阈值 0.5
# 以及“对谁都报警”分别付账，并且换几种分法。


# %% fold
def mean_cost(threshold, rows, miss):
    """Of a tumour among these rows, in units of a false alarm."""
    _, alarmed, missed, _ = counts(y[rows], (p[rows] >= threshold).long())
    return (miss * missed + alarmed) / len(rows)


def paid(miss, searched=None):
    """Mean costs on one half; the third threshold is found on rows of the other."""
    draws, bills = torch.Generator().manual_seed(lab.seed), []
    for _ in range(10):
        search, pay = torch.randperm(len(y), generator=draws).chunk(2)
        found = cheapest_threshold(
            p[search[:searched]], y[search[:searched]], miss, 1.0
        )
        thresholds = (0.5, 1 / (1 + miss), found, 0.0)
        bills.append([mean_cost(t, pay, miss) for t in thresholds])
    names = ("at_one_half", "by_the_rule", "found_on_data", "alarm_for_all")
    return dict(zip(names, np.mean(bills, 0), strict=True))


# %% [raw] lang="zh"
# Of a tumour among these rows, in units of a false alarm.
# → 这些行中每个肿瘤的平均代价，以一次误报为单位。
# Mean costs on one half; the third threshold is found on rows of the other.
# → 在一半上的平均代价；第三个阈值是在另一半的若干行上找到的。
# alarm_for_all → =
# at_one_half → =
# by_the_rule → =
# found_on_data → =

# %%
bm.claim(
    "If a miss costs twenty alarms, the threshold 0.5 costs more than an alarm for "
    "all, which needs no model; the rule costs less than either",
    lambda at_one_half, by_the_rule, found_on_data, alarm_for_all: (
        at_one_half > alarm_for_all > by_the_rule
    ),
    bills := paid(miss=20.0),
    control=paid(miss=1.0),
    against="a miss that costs one alarm",
)
bm.claim(
    "A threshold found on half of the data costs about what the rule's does: they "
    "differ by less than a fifth",
    lambda found, rule: abs(found - rule) < rule / 5,
    {"found": bills["found_on_data"], "rule": bills["by_the_rule"]},
    control={"found": paid(20.0, 10)["found_on_data"], "rule": bills["by_the_rule"]},
    against="one found on ten tumours",
)

# %% [raw] lang="zh"
# If a miss costs twenty alarms, the threshold 0.5 costs more than an alarm for all,
# which needs no model; the rule costs less than either
# → 如果一次漏报抵二十次误报，阈值 0.5 的代价比对谁都报警还高，而后者不需要模型；
#   公式的阈值比两者都低
# A threshold found on half of the data costs about what the rule's does: they differ by
# less than a fifth
# → 在一半数据上找到的阈值，代价与公式阈值的相差不到五分之一
# one found on ten tumours → 在十个肿瘤上找到的阈值
# found_on_data → =
# by_the_rule → =
# a miss that costs one alarm → 一次漏报只抵一次误报

# %% [markdown]
# ## A number without a threshold
#
# The area under the ROC curve, **AUC**, needs no threshold. It has a meaning that you
# can count: draw one ill and one healthy person at random. How often does the ill one
# get the higher score $s$? (Toss a coin when the scores are equal.)
#
# $$\mathrm{AUC}=\Pr(s_1>s_0)+\tfrac12\Pr(s_1=s_0) \label{auc}$$
#
# Here $s_1$ is the score of the ill one and $s_0$ that of the healthy one.

# %% [markdown] lang="zh" of="11925abd"
# ## 不用阈值的数
#
# ROC 曲线下的面积，即 **AUC**，用不着阈值。它的含义可以数出来：
# 随机抽一位患者和一位健康人，患者的分数 $s$ 更高的可能有多大？（分数相同，就抛硬币。）
#
# $$\mathrm{AUC}=\Pr(s_1>s_0)+\tfrac12\Pr(s_1=s_0) \label{auc}$$
#
# 其中 $s_1$ 是患者的分数，$s_0$ 是健康人的分数。


# %% exercise="auc" points=3 minutes=7 level=3
def auc(y, score):
    """Area under the ROC curve, by counting pairs.

    y: (n,), 0 or 1, both occur; score: (n,), any numbers.
    Returns a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    ill, healthy = score[y == 1], score[y == 0]
    gap = ill[:, None] - healthy  # (ill, healthy), every pair
    return ((gap > 0).double() + 0.5 * (gap == 0).double()).mean().item()
    ### END SOLUTION


# %% [raw] lang="zh"
# Area under the ROC curve, by counting pairs. → 数一数对，得到 ROC 曲线下的面积。
# y: (n,), 0 or 1, both occur; score: (n,), any numbers.
# Returns a number from 0 to 1.
# → y：(n,)，0 或 1，两者都有；score：(n,)，任意的数。
#   返回 0 到 1 之间的一个数。
# (ill, healthy), every pair → (ill, healthy)，所有的对

# %% check="auc"
one = torch.tensor([1, 1, 0, 0, 0])
s = torch.tensor([0.9, 0.6, 0.4, 0.3, 0.2])
advice = "a pair is right when the ill one has the higher score"
bm.expect.close(auc(one, s), 1.0, advice)
advice = (
    "only the order counts, there is no threshold: shift all scores, nothing changes"
)
bm.expect.close(auc(one, s - 0.5), 1.0, advice)
advice = "6 pairs, 5 of them right: compare every ill one with every healthy one"
bm.expect.close(auc(one, torch.tensor([0.9, 0.3, 0.4, 0.2, 0.1])), 5 / 6, advice)
advice = "a pair with equal scores counts one half"
bm.expect.close(auc(one, torch.tensor([0.9, 0.4, 0.4, 0.2, 0.1])), 5.5 / 6, advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(6)
many = (torch.rand(300, generator=draws) < 0.3).long()
s = (torch.rand(300, generator=draws) * 20 + 3 * many).floor()  # many equal scores
bm.expect.close(auc(many, s), metrics.roc_auc_score(many, s), "equal scores: one half")
bm.expect.close(auc(1 - many, s), 1 - metrics.roc_auc_score(many, s), "classes swapped")
near = 0.5 + 1e-5 * torch.randn(300, generator=draws, dtype=torch.float64)
advice = "any numbers: two scores that nearly agree are still a higher and a lower one"
bm.expect.close(auc(many, near), metrics.roc_auc_score(many, near), advice)
near[:3] = torch.tensor([-4000.0, 60000.0, 1e6])
advice = "any numbers: a few scores far away change little, only the order counts"
bm.expect.close(auc(many, near), metrics.roc_auc_score(many, near), advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# a pair is right when the ill one has the higher score → 患者的分数更高，这一对才算对
# only the order counts, there is no threshold: shift all scores, nothing changes
# → 要紧的只是次序，没有阈值：所有分数一起平移，什么都不变
# 6 pairs, 5 of them right: compare every ill one with every healthy one
# → 6 对中有 5 对是对的：每位患者都要与每位健康人比
# a pair with equal scores counts one half → 分数相同的一对算半对
# many equal scores → 有许多相同的分数
# equal scores: one half → 分数相同算半对
# classes swapped → 两类对调
# any numbers: two scores that nearly agree are still a higher and a lower one
# → 任意的数：两个分数再接近，也有高低之分
# any numbers: a few scores far away change little, only the order counts
# → 任意的数：几个极端的分数影响很小，要紧的只是次序

# %% [markdown] hint="auc"
# `score[y == 1]` are the scores of the ill. You need every pair of one of these with
# one of the others: which shapes broadcast to a table of all pairs?

# %% [markdown] lang="zh" of="d9584707"
# `score[y == 1]` 是患者的分数。要让它们每一个都与另一组的每一个配对：
# 怎样的形状能广播成一张所有对的表？

# %% [markdown] hint="auc"
# `gap = ill[:, None] - healthy` is that table. Average `1` where it is positive, `0.5`
# where it is zero.

# %% [markdown] lang="zh" of="ce4df27b"
# `gap = ill[:, None] - healthy` 就是这张表。为正处记 `1`，为零处记 `0.5`，求平均。


# %% mistake="auc" says="the ill one has the higher score"
def auc(y, score):
    gap = score[y == 0][:, None] - score[y == 1]
    return ((gap > 0).double() + 0.5 * (gap == 0).double()).mean().item()


# %% mistake="auc" says="there is no threshold"
def auc(y, score):
    said = (score > 0.5).double()
    recall, alarmed = said[y == 1].mean(), said[y == 0].mean()
    return ((1 + recall - alarmed) / 2).item()


# %% mistake="auc" says="counts one half"
def auc(y, score):
    return (score[y == 1][:, None] > score[y == 0]).double().mean().item()


# %% mistake="auc" says="nearly agree"
def auc(y, score):
    grid = torch.linspace(score.min() - 1, score.max() + 1, 20_001).flip(0)
    recall, alarmed = (
        (score[y == k] >= grid[:, None]).double().mean(1) for k in (1, 0)
    )
    return torch.trapezoid(recall, alarmed).item()


# %% variant="auc"
def auc(y, score):
    healthy, ill = score[y == 0].sort().values, score[y == 1].contiguous()
    below = torch.searchsorted(healthy, ill)
    not_above = torch.searchsorted(healthy, ill, right=True)
    return ((below + not_above).double().mean() / 2 / len(healthy)).item()


# %% [markdown]
# The area by trapezia under the curve, and your share of pairs:

# %% [markdown] lang="zh" of="6c875e22"
# 曲线下用梯形求出的面积，对照你数出的对的比例：

# %% equation="auc" of="228039e8"
across, up = F.pad(alarms, (1, 0)), F.pad(recalls, (1, 0))  # both begin at 0
bm.equation("auc", auc(y, p), torch.trapezoid(up, across), atol=1e-10)

# %% [raw] lang="zh"
# both begin at 0 → 都从 0 开始

# %% [raw] excuse="auc"
# auc(y, p) → auc(y, 2 * p): only the order of the scores counts
# auc(y, p) → auc(y, p ** 2): only the order of the scores counts

# %% [markdown]
# Now make the ill really rare, and not by a formula: keep one in ten of the malignant
# tumours, drawn at random, many times over.

# %% [markdown] lang="zh" of="46068ae7"
# 现在让患者真的变少，不靠公式：从恶性肿瘤里随机留下十分之一，重复许多次。

# %% fold
ill, healthy = torch.where(y == 1)[0], torch.where(y == 0)[0]


def thinned(many, others):
    """Mean AUC, recall and precision when one in ten of `many` is left."""
    draws, measured = torch.Generator().manual_seed(lab.seed), []
    for _ in range(lab.pick(ci=100, workshop=300, full=1000)):
        few = many[torch.randperm(len(many), generator=draws)[: len(many) // 10]]
        keep = torch.cat([few, others])
        _, precision, recall, _ = scores(*counts(y[keep], y_hat[keep]))
        measured.append([auc(y[keep], p[keep]), recall, precision])
    return np.mean(measured, 0)


before = np.array([auc(y, p), mine[2], mine[1]])


def compared(after):
    names = ("auc", "recall", "precision")
    return {name: [*pair] for name, *pair in zip(names, before, after, strict=True)}


# %% [raw] lang="zh"
# Mean AUC, recall and precision when one in ten of `many` is left.
# → `many` 只留下十分之一时，平均的 AUC、召回率和精确率。
# auc → =
# recall → =
# precision → =

# %%
bm.claim(
    "Ten times fewer ill: AUC and recall stay where they were, precision breaks down",
    lambda auc, recall, precision: (
        abs(auc[1] - auc[0]) < 0.03
        and abs(recall[1] - recall[0]) < 0.06
        and precision[1] < precision[0] / 2
    ),
    compared(thinned(ill, healthy)),
    control=compared(thinned(healthy, ill)),
    against="ten times fewer healthy ones",
)

# %% [raw] lang="zh"
# Ten times fewer ill: AUC and recall stay where they were, precision breaks down
# → 患者少到十分之一：AUC 和召回率不变，精确率大跌
# ten times fewer healthy ones → 健康人少到十分之一

# %% [markdown]
# ## More than two classes
#
# With $K$ classes the confusion matrix has a row for each true class and a column for
# each one that was said. Each class has its own F1: itself against all others. To make
# one number of them there are three customs. The **micro average** adds up the counts
# of all classes first. The **macro average** takes the plain mean of the F1s, so that a
# rare class counts as much as a frequent one. The **weighted average** weighs each F1
# by the number of examples that are of the class.

# %% [markdown] lang="zh" of="5ff81408"
# ## 不止两类
#
# 有 $K$ 个类别时，混淆矩阵的每一行对应一个真实类别，每一列对应一个判定类别。
# 每个类别都有自己的 F1：把它当正例，其余都当负例。要合成一个数，有三种惯例。
# **微平均**先把各类的计数加起来。**宏平均**直接对各类的 F1 求平均，
# 于是稀少的类别与常见的类别一样重。**加权平均**按真正属于该类的样本数给 F1 加权。


# %% exercise="average_f1" points=3 minutes=7 level=3
def average_f1(table, kind):
    """F1 of K classes in one number.

    table: (K, K), counts; row: the true class, column: the class that was said.
    kind: "micro", "macro" or "weighted". A class whose F1 is 0/0 has F1 = 0.
    Returns a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    tp, fp, fn = table.diag(), table.sum(0) - table.diag(), table.sum(1) - table.diag()
    if kind == "micro":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    f1 = (2 * tp / (2 * tp + fp + fn)).nan_to_num()  # 0/0 is NaN, and becomes 0
    if kind == "weighted":
        return ((f1 * table.sum(1)).sum() / table.sum()).item()
    return f1.mean().item()
    ### END SOLUTION


# %% [raw] lang="zh"
# F1 of K classes in one number. → 把 K 个类别的 F1 合成一个数。
# table: (K, K), counts; row: the true class, column: the class that was said.
# kind: "micro", "macro" or "weighted". A class whose F1 is 0/0 has F1 = 0.
# Returns a number from 0 to 1.
# → table：(K, K)，计数；行是真实类别，列是判定类别。
#   kind："micro"、"macro" 或 "weighted"。某类的 F1 为 0/0 时，F1 = 0。
#   返回 0 到 1 之间的一个数。
# 0/0 is NaN, and becomes 0 → 0/0 是 NaN，要变成 0

# %% check="average_f1"
table = torch.tensor([[6, 2, 0], [0, 3, 1], [0, 0, 8]])
f1 = [12 / 14, 6 / 9, 16 / 17]  # of the three classes
advice = "macro: the plain mean of the three F1s, 12/14, 6/9 and 16/17"
bm.expect.close(average_f1(table, "macro"), sum(f1) / 3, advice)
advice = "weighted by how many are of each class: the sums of the rows, 8, 4 and 8"
want = (8 * f1[0] + 4 * f1[1] + 8 * f1[2]) / 20
bm.expect.close(average_f1(table, "weighted"), want, advice)
advice = "micro: add up tp, fp and fn of all classes first, then one F1"
bm.expect.close(average_f1(table, "micro"), 17 / 20, advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(9)
one, two = torch.randint(4, (300,), generator=draws), torch.randint(4, (300,))
two = torch.where(torch.rand(300, generator=draws) < 0.6, one, two % 3)
table = torch.tensor(metrics.confusion_matrix(one, two, labels=range(4)))
for kind in ("micro", "macro", "weighted"):
    want = metrics.f1_score(one, two, average=kind)
    bm.expect.close(average_f1(table, kind), want, f"{kind}: as scikit-learn's")
empty = torch.tensor([[5, 0, 1], [2, 4, 0], [0, 0, 0]])
advice = (
    "class 2 is never true and said once, class 1 is in order: no class is left out"
)
bm.expect.close(average_f1(empty, "macro"), (10 / 13 + 8 / 10 + 0) / 3, advice)
empty = torch.tensor([[5, 1, 0], [2, 4, 0], [0, 0, 0]])
advice = "class 2 neither occurs nor is said: its F1 is 0/0, so 0, and it counts"
bm.expect.close(average_f1(empty, "macro"), (10 / 13 + 8 / 11 + 0) / 3, advice)
want = (6 * 10 / 13 + 6 * 8 / 11) / 12
bm.expect.close(average_f1(empty, "weighted"), want, f"weighted; {advice}")
six = torch.randint(9, (6, 6), generator=draws) + torch.eye(6).long() * 20
one, two = np.divmod(np.repeat(np.arange(36), six.flatten()), 6)
for kind in ("micro", "macro", "weighted"):
    want = metrics.f1_score(one, two, average=kind)
    bm.expect.close(average_f1(six, kind), want, f"{kind}: as scikit-learn's")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# of the three classes → 三个类别各自的 F1
# macro: the plain mean of the three F1s, 12/14, 6/9 and 16/17
# → 宏平均：三个 F1（12/14、6/9、16/17）的普通平均
# weighted by how many are of each class: the sums of the rows, 8, 4 and 8
# → 按真正属于各类的个数加权：各行之和为 8、4、8
# micro: add up tp, fp and fn of all classes first, then one F1
# → 微平均：先把各类的 tp、fp、fn 分别相加，再算一个 F1
# {kind}: as scikit-learn's → {kind}：应与 scikit-learn 的一样
# weighted; {advice} → 加权平均；{advice}
# class 2 is never true and said once, class 1 is in order: no class is left out
# → 第 2 类从未出现，却判过一次：哪一类也不能漏
# class 2 neither occurs nor is said: its F1 is 0/0, so 0, and it counts
# → 第 2 类既未出现也未判过：它的 F1 是 0/0，记为 0，并且也要算进去

# %% [markdown] hint="average_f1"
# `table.diag()` holds the tp of each class. Its fp are the rest of its column, its fn
# the rest of its row.

# %% [markdown] lang="zh" of="95bd9ac6"
# `table.diag()` 就是各类的 tp。某类的 fp 是它那一列的其余部分，fn 是它那一行的其余部
# 分。

# %% [markdown] hint="average_f1"
# `2 * tp / (2 * tp + fp + fn)` works for all classes at once. For micro, take the three
# sums first; for weighted, the weights are `table.sum(1)`.

# %% [markdown] lang="zh" of="0c65f7d8"
# `2 * tp / (2 * tp + fp + fn)` 可以一次算出所有类别。微平均先求三个总和；
# 加权平均的权重是 `table.sum(1)`。


# %% mistake="average_f1" says="the sums of the rows"
def average_f1(table, kind):
    tp, fp, fn = table.diag(), table.sum(0) - table.diag(), table.sum(1) - table.diag()
    if kind == "micro":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    f1 = 2 * tp / (2 * tp + fp + fn).clamp(min=1)
    if kind == "weighted":
        return ((f1 * table.sum(0)).sum() / table.sum()).item()
    return f1.mean().item()


# %% mistake="average_f1" says="plain mean"
def average_f1(table, kind):
    tp, fp, fn = table.diag(), table.sum(0) - table.diag(), table.sum(1) - table.diag()
    if kind == "micro":
        return (tp.sum() / table.sum()).item()
    precision, recall = (tp / (tp + fp)).mean(), (tp / (tp + fn)).mean()
    f1 = 2 * tp / (2 * tp + fp + fn)
    if kind == "weighted":
        return ((f1 * table.sum(1)).sum() / table.sum()).item()
    return (2 * precision * recall / (precision + recall)).item()


# %% mistake="average_f1" says="so 0, and it counts"
def average_f1(table, kind):
    tp, fp, fn = table.diag(), table.sum(0) - table.diag(), table.sum(1) - table.diag()
    if kind == "micro":
        return (tp.sum() / table.sum()).item()
    f1 = 2 * tp / (2 * tp + fp + fn)
    if kind == "weighted":
        return ((f1 * table.sum(1)).sum() / table.sum()).item()
    return f1.nanmean().item()


# %% variant="average_f1"
def average_f1(table, kind):
    table = table.tolist()
    K, total = len(table), sum(map(sum, table))
    if kind == "micro":  # each error is one fp and one fn, so it is accuracy
        return sum(table[k][k] for k in range(K)) / total
    mean = 0.0
    for k in range(K):
        row, column = sum(table[k]), sum(row[k] for row in table)
        f1 = 2 * table[k][k] / (row + column) if row + column else 0.0
        mean += f1 * (row / total if kind == "weighted" else 1 / K)
    return mean


# %% [markdown]
# Here each example has one class and gets one answer. So each error is one FP and one
# FN, and the micro F1 is the accuracy. Does the choice matter? We take scikit-learn's
# handwritten digits, keep only one in ten of the eights, and let a model that never
# says 8 answer: wherever the model would say 8, it gives its second choice.

# %% [markdown] lang="zh" of="45a795ec"
# 这里每个样本只属于一类，也只得到一个回答，所以每个错误恰好是一个 FP 和一个 FN，微平均
# F1 就等于准确率。选哪一种要紧吗？我们用 scikit-learn 的手写数字，数字 8 只留十分之一，
# 再让一个从不说 8 的模型来回答：凡是要说 8 的地方，都改说第二选择。


# %% fold
def without_eights(keep):
    """Accuracy and macro F1, and how much each loses when no 8 is said."""
    digits = load_digits()
    eights = np.flatnonzero(digits.target == 8)
    rows = np.setdiff1d(
        np.arange(len(digits.target)), eights[int(keep * len(eights)) :]
    )
    chance = cross_val_predict(
        LogisticRegression(max_iter=300, C=0.01),
        digits.data[rows],
        digits.target[rows],
        cv=3,
        method="predict_proba",
    )
    never = np.where(np.arange(10) == 8, -1, chance)
    both = []
    for said in (chance.argmax(1), never.argmax(1)):
        table = torch.tensor(metrics.confusion_matrix(digits.target[rows], said))
        both.append([average_f1(table, "micro"), average_f1(table, "macro")])
    (accuracy, macro), (accuracy_without, macro_without) = both
    return {
        "accuracy_lost": accuracy - accuracy_without,
        "macro_f1_lost": macro - macro_without,
    }


# %% [raw] lang="zh"
# Accuracy and macro F1, and how much each loses when no 8 is said.
# → 准确率和宏平均 F1，以及从不说 8 时各损失多少。
# accuracy_lost → =
# macro_f1_lost → =

# %%
bm.claim(
    "One digit of ten, ten times rarer than the others: never to say it costs macro F1 "
    "more than five times as much as accuracy",
    lambda accuracy_lost, macro_f1_lost: macro_f1_lost > 5 * accuracy_lost,
    without_eights(keep=0.1),
    control=without_eights(keep=1.0),
    against="as many eights as other digits",
)

# %% [raw] lang="zh"
# One digit of ten, ten times rarer than the others: never to say it costs macro F1 more
# than five times as much as accuracy
# → 十个数字中的一个只有其他数字的十分之一：从不判为它，
#   宏平均 F1 的损失是准确率的五倍以上
# as many eights as other digits → 8 与其他数字一样多

# %% [markdown]
# ## Where losses come from
#
# None of these can be trained on by gradients. They are counts: a small change of a
# weight changes no count, so the gradient is 0 nearly everywhere. What we train on
# comes from one question. *How probable does the model make what really happened?* This
# is its **likelihood**. If it gives $p_i$ to a positive answer, it gives $1-p_i$ to a
# negative one, and to all $n$ answers together the product. Take minus the logarithm,
# so that the product becomes a sum, and the mean over the examples:
#
# $$-\frac1n\log\prod_{i=1}^n p_i^{\,y_i}(1-p_i)^{1-y_i}
# =-\frac1n\sum_{i=1}^n\bigl[y_i\log p_i+(1-y_i)\log(1-p_i)\bigr] \label{nll}$$
#
# On the right stands the **cross-entropy**. So to lower it is to make what happened
# more probable.

# %% [markdown] lang="zh" of="d807a936"
# ## 损失从何而来
#
# 这些指标都不能直接用梯度来训练。它们是计数：权重稍稍一变，计数并不变，
# 所以梯度几乎处处为 0。训练用的损失来自一个问题：
# *真正发生的事，模型认为有多大的可能*？这就是它的**似然**。
# 模型给正的回答的概率是 $p_i$，给负的回答就是 $1-p_i$，
# 给全部 $n$ 个回答的就是它们的乘积。取对数再取负，乘积就变成了和，再对样本求平均：
#
# $$-\frac1n\log\prod_{i=1}^n p_i^{\,y_i}(1-p_i)^{1-y_i}
# =-\frac1n\sum_{i=1}^n\bigl[y_i\log p_i+(1-y_i)\log(1-p_i)\bigr] \label{nll}$$
#
# 右边就是**交叉熵**。所以降低交叉熵，就是让真正发生的事变得更有可能。

# %% equation="nll" of="53465115"
given = torch.where(y == 1, p, 1 - p)  # what the model gave to what happened
left = -math.log(given[:100].prod()) / 100
right = F.binary_cross_entropy(p[:100], y[:100].double())
bm.equation("nll", left, right, atol=1e-12)

# %% [raw] lang="zh"
# what the model gave to what happened → 模型给实际结果的概率

# %% [markdown]
# The product of a few thousand probabilities would be 0 to the machine. A sum of
# logarithms does not have this trouble: one more reason for the log.
#
# With $K$ classes nothing changes. Let $c_i$ be the right class of example $i$, and
# $y_{ik}$ be 1 for $k=c_i$ and 0 elsewhere. Then
#
# $$-\frac1n\log\prod_{i=1}^n p_{i,c_i}
# =-\frac1n\sum_{i=1}^n\sum_{k=1}^K y_{ik}\log p_{ik} \label{cross-entropy}$$
#
# and this is what `F.cross_entropy` computes, from the scores $z$ before the softmax.

# %% [markdown] lang="zh" of="32c59067"
# 几千个概率的乘积，对机器来说就是 0。对数之和没有这个麻烦：取对数又多了一条理由。
#
# 有 $K$ 个类别时也一样。设样本 $i$ 的正确类别为 $c_i$，当 $k=c_i$ 时 $y_{ik}$ 为 1，
# 其余为 0，则
#
# $$-\frac1n\log\prod_{i=1}^n p_{i,c_i}
# =-\frac1n\sum_{i=1}^n\sum_{k=1}^K y_{ik}\log p_{ik} \label{cross-entropy}$$
#
# `F.cross_entropy` 从 softmax 之前的分数 $z$ 出发，算的正是它。

# %% equation="cross-entropy" of="489b6704"
z, classes = torch.randn(12, 5), torch.randint(5, (12,))
P = z.softmax(-1)  # (12, 5)
left = -math.log(math.prod(P[i, k].item() for i, k in enumerate(classes))) / 12
right = -(F.one_hot(classes, 5) * P.log()).sum() / 12
bm.equation("cross-entropy", left, right, atol=1e-12)
bm.expect.close(F.cross_entropy(z, classes), right)

# %% [markdown]
# ## Mean squared error is a likelihood too
#
# For numbers, the document uses the **mean squared error**, $\mathrm{MSE}=\frac1n\sum_i
# (y_i-\hat y_i)^2$. It looks like a choice of taste. But suppose that the target is the
# prediction plus Gaussian noise of standard deviation $s$. The density of one target is
# $\frac{1}{s\sqrt{2\pi}}e^{-(y_i-\hat y_i)^2/2s^2}$, and the mean of minus its log is
#
# $$-\frac1n\sum_{i=1}^n\log\mathcal N(y_i;\hat y_i,s^2)
# =\frac{\mathrm{MSE}}{2s^2}+\log\bigl(s\sqrt{2\pi}\bigr) \label{gaussian}$$
#
# (here $\pi=3.14\ldots$, not the prevalence). Whatever $s$ is, the best predictions are
# those with the smallest MSE. And the best $s$ is $\sqrt{\mathrm{MSE}}$: there the
# derivative, $-\mathrm{MSE}/s^3+1/s$, is 0.
#
# Two more measures stand beside it. The **mean absolute error**, MAE, is in the unit of
# the target, as the root of the MSE is. **R²** compares the MSE with that of the
# baseline that always says the mean: 1 is perfect, 0 is no better than the mean. We
# compute all of them on 442 diabetes patients: how does their disease progress?

# %% [markdown] lang="zh" of="1c9d9663"
# ## 均方误差也是似然
#
# 预测的是数时，文档用**均方误差**，$\mathrm{MSE}=\frac1n\sum_i(y_i-\hat y_i)^2$。
# 看起来只是随便一选。但假设目标等于预测加上标准差为 $s$ 的高斯噪声，
# 那么一个目标的密度是
# $\frac{1}{s\sqrt{2\pi}}e^{-(y_i-\hat y_i)^2/2s^2}$，取对数、取负、再求平均，得到
#
# $$-\frac1n\sum_{i=1}^n\log\mathcal N(y_i;\hat y_i,s^2)
# =\frac{\mathrm{MSE}}{2s^2}+\log\bigl(s\sqrt{2\pi}\bigr) \label{gaussian}$$
#
# （这里的 $\pi$ 是圆周率，不是患病率。）无论 $s$ 是多少，最好的预测就是 MSE
# 最小的预测。而最好的 $s$ 是 $\sqrt{\mathrm{MSE}}$：导数 $-\mathrm{MSE}/s^3+1/s$
# 在那里为 0。
#
# 旁边还有两个指标。**平均绝对误差** MAE 与 MSE 的平方根一样，单位与目标相同。
# **R²** 把 MSE 与总是回答平均值的基线相比：1 是完美，0 表示不比平均值好。
# 我们用 442 位糖尿病人的数据把它们都算出来：他们的病情会怎样发展？

# %%
inputs, target = load_diabetes(return_X_y=True)
fitted = LinearRegression().fit(inputs, target)
target, predicted = torch.tensor(target), torch.tensor(fitted.predict(inputs))
mse = ((target - predicted) ** 2).mean()
mae = (target - predicted).abs().mean()
r2 = 1 - mse / target.var(correction=0)
print(f"MSE {mse:.0f}, its root {mse.sqrt():.1f}, MAE {mae:.1f}, R² {r2:.3f}")
bm.expect.close(mse, metrics.mean_squared_error(target, predicted))
bm.expect.close(mae, metrics.mean_absolute_error(target, predicted))
bm.expect.close(r2, metrics.r2_score(target, predicted))

# %% [raw] lang="zh"
# MSE {mse:.0f}, its root {mse.sqrt():.1f}, MAE {mae:.1f}, R² {r2:.3f}
# → MSE {mse:.0f}，平方根 {mse.sqrt():.1f}，MAE {mae:.1f}，R² {r2:.3f}

# %% equation="gaussian" of="3aa20fc6"
s = 40.0
left = -Normal(predicted, s).log_prob(target).mean()
bm.equation("gaussian", left, mse / (2 * s**2) + math.log(s * math.sqrt(2 * math.pi)))

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.3), layout="constrained")
errors = target - predicted
left.hist(errors, 30, density=True, color="0.8", ec="0.5", label="patients")
grid = torch.linspace(-200, 200, 300)
left.plot(grid, Normal(0, mse.sqrt()).log_prob(grid).exp(), label="Gaussian, s = √MSE")
left.set(xlabel="target − prediction", ylabel="density", ylim=(0, 0.0095))
left.legend(fontsize=8, loc="upper left")
s = torch.linspace(20, 120, 10_001)
minus_log = mse / (2 * s**2) + (s * math.sqrt(2 * math.pi)).log()
bm.expect.close(s[minus_log.argmin()], mse.sqrt(), "the best s", atol=0.01)
right.plot(s, minus_log)
right.axvline(mse.sqrt(), ls=":", color="black")
right.set(
    xlabel="standard deviation s of the noise", ylabel="−log likelihood a patient"
)
alt = (
    "Left: the errors of 442 predictions fill a bell, and a Gaussian as wide as the "
    "root of the MSE fits it. Right: minus the log likelihood is lowest at that width."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# the best s → 最好的 s
# patients → 病人
# Gaussian, s = √MSE → 高斯分布，s = √MSE
# target − prediction → 目标 − 预测
# density → 密度
# standard deviation s of the noise → 噪声的标准差 s
# −log likelihood a patient → 每位病人的 −log 似然
# Left: the errors of 442 predictions fill a bell, and a Gaussian as wide as the root of
# the MSE fits it. Right: minus the log likelihood is lowest at that width.
# → 左：442 个预测的误差呈钟形，宽度为 MSE 平方根的高斯曲线与之吻合。
#   右：负对数似然正是在这个宽度处最低。

# %% [markdown]
# So the loss says what you believe about the errors. If a few wild ones must be
# expected, the noise is not Gaussian, and the MSE is the wrong loss: its gradient grows
# with the error, so that one wild target pulls as hard as many ordinary ones.
#
# The MAE, the likelihood of Laplace noise, pulls with the same force at every distance.
# The constant with the lowest MSE is the mean of the targets, the one with the lowest
# MAE is their **median**.

# %% [markdown] lang="zh" of="79197631"
# 可见损失说出了你对误差的看法。如果要预料到少数离谱的误差，噪声就不是高斯的，
# MSE 也就不是合适的损失：它的梯度随误差增大，一个离谱的目标拉力抵得上许多普通的。
#
# MAE 对应拉普拉斯噪声的似然，不论远近，拉力都相同。MSE 最小的常数是目标的平均值，
# MAE 最小的常数是它们的**中位数**。


# %% fold
def moves(wild):
    """How far the best constants move when one patient's target becomes this."""
    changed = target.clone()
    changed[0] = wild
    names = ("mean", "median")
    shifts = [abs(getattr(changed, f)() - getattr(target, f)()) for f in names]
    return dict(zip(names, shifts, strict=True))


# %% [raw] lang="zh"
# How far the best constants move when one patient's target becomes this.
# → 把一位病人的目标改成这个值，最好的常数各移动多远。
# mean → =
# median → =

# %%
bm.claim(
    "One target mistyped by a thousandfold moves the mean by more than 100, the median "
    "by less than 1",
    lambda mean, median: mean > 100 and median < 1,
    moves(1000 * target[0]),
    control=moves(1.01 * target[0]),
    against="a target that is wrong by 1 %",
)

# %% [raw] lang="zh"
# One target mistyped by a thousandfold moves the mean by more than 100, the median by
# less than 1
# → 一个目标误写成一千倍，平均值移动 100 以上，中位数不到 1
# a target that is wrong by 1 % → 一个目标错了 1 %

# %% [markdown]
# A trap lies in the formula's shapes. Models often return a column, $(n, 1)$, while the
# targets are a row, $(n,)$. Their difference is then a whole table, $(n, n)$: every
# prediction against every target. Plain arithmetic says nothing. PyTorch's own loss
# gives the same wrong number, and a warning.

# %% [markdown] lang="zh" of="65d0d511"
# 这个公式在形状上有个陷阱。模型常常返回一列，$(n, 1)$，而目标是 $(n,)$。两者相减，
# 就成了一整张 $(n, n)$ 的表：每个预测都与每个目标相减。直接写的算式什么也不提示。
# PyTorch 自己的损失给出同样的错数，但会发出一条警告。


# %% fold
def slipped(predicted):
    """The MSE by plain arithmetic, and PyTorch's warnings about the same shapes."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        theirs = F.mse_loss(predicted, target)
    ours = ((target - predicted) ** 2).mean()
    bm.expect.close(ours, theirs)
    return {"mse": ours, "warnings": len(told)}


# %% [raw] lang="zh"
# The MSE by plain arithmetic, and PyTorch's warnings about the same shapes.
# → 直接计算的 MSE，以及 PyTorch 对同样形状发出的警告数。
# always → =

# %%
right = mse.item()
bm.claim(
    "One axis too many more than doubles this MSE; PyTorch's loss warns of it",
    lambda mse, warnings: mse > 2 * right and warnings == 1,
    slipped(predicted[:, None]),  # (n, 1), as nn.Linear(d, 1) returns it
    control=slipped(predicted),
    against="the same predictions as a row",
)

# %% [raw] lang="zh"
# (n, 1), as nn.Linear(d, 1) returns it → (n, 1)，nn.Linear(d, 1) 返回的就是这种形状
# One axis too many more than doubles this MSE; PyTorch's loss warns of it
# → 多一个轴，这里的 MSE 就增大到两倍以上；PyTorch 的损失会发出警告
# the same predictions as a row → 同样的预测排成一行

# %% [markdown]
# ## Does the truth win?
#
# So far the answers were given. Now think of a coin that falls on 1 with true
# probability $p$, and a model that says $q$. It meets $y=1$ with probability $p$ and
# $y=0$ with probability $1-p$, so it must expect the loss
# $p\,\mathrm{loss}(1,q)+(1-p)\,\mathrm{loss}(0,q)$.

# %% [markdown] lang="zh" of="dc3baf9b"
# ## 说真话会赢吗？
#
# 以上的答案都是给定的。现在设想一枚硬币，出 1 的真实概率是 $p$，而模型说是 $q$。
# 它遇到 $y=1$ 的概率是 $p$，遇到 $y=0$ 的概率是 $1-p$，所以损失的期望是
# $p\,\mathrm{loss}(1,q)+(1-p)\,\mathrm{loss}(0,q)$。

# %% [markdown]
# Four losses that one might use: the logarithm, the square, the plain distance, and the
# error at the threshold 0.5, which is what accuracy counts. Move the true $p$, and see
# where each is lowest: that is what a model trained with it will say.

# %% [markdown] lang="zh" of="7dfc7ea8"
# 可以考虑四种损失：对数、平方、距离本身，以及以 0.5 为阈值的对错，也就是准确率所数的。
# 移动真实的 $p$，看每种损失在哪里最低：用它训练的模型就会那样说。


# %% fold
def expected_loss(loss, p, q):
    """The loss that a model must expect if it says q and the truth is p."""
    return p * loss(1, q) + (1 - p) * loss(0, q)


def square(y, q):
    return (y - q) ** 2


def log_loss(y, q):
    return -y * q.log() - (1 - y) * (1 - q).log()


def distance(y, q):
    return (y - q).abs()


def error(y, q):
    return ((q > 0.5) != bool(y)).double()


said = torch.linspace(0.01, 0.99, 99)


def game(p):
    fig, ax = plt.subplots(figsize=(6.8, 3.8), layout="constrained")
    rules = {"log": log_loss, "square": square, "distance": distance, "error": error}
    for (name, loss), mark in zip(rules.items(), "osD^", strict=True):
        expected = expected_loss(loss, p, said)
        (line,) = ax.plot(said, expected, label=name)
        if name != "error":  # which is flat on either side
            best = expected.argmin()
            ax.plot(said[best], expected[best], mark, ms=9, color=line.get_color())
    ax.axvline(p, color="0.5", lw=1, ls=":")
    ax.set(xlabel="what the model says, q", ylabel="expected loss", ylim=(0, 1.6))
    ax.set_title(f"the truth is p = {p:.2f}; marks: the lowest point of each")
    ax.legend(ncols=4, loc="upper center")
    return fig


alt = (
    "Expected losses against what is said, at first with the truth 0.7. Log and square "
    "are lowest there, distance at the right end, error is flat on either side of 0.5."
)
bm.show.explore(game, alt=alt, p=(0.05, 0.95, 0.05, 0.7))


# %% [raw] lang="zh"
# The loss that a model must expect if it says q and the truth is p.
# → 真实概率为 p 而模型说 q 时，损失的期望。
# log → 对数
# square → 平方
# distance → 距离
# error → 对错
# which is flat on either side → 它在两边都是平的
# what the model says, q → 模型所说的 q
# expected loss → 期望损失
# the truth is p = {p:.2f}; marks: the lowest point of each
# → 真实的 p = {p:.2f}；记号：各自的最低点
# Expected losses against what is said, at first with the truth 0.7. Log and square are
# lowest there, distance at the right end, error is flat on either side of 0.5.
# → 期望损失随所说的概率变化，起初真实概率为 0.7。对数和平方在 0.7 处最低，
#   距离在最右端最低，对错在 0.5 的两边都是平的。

# %% [markdown]
# A loss whose expectation is lowest when one says the truth is called a **proper
# score**. If it is lowest nowhere else, the score is *strictly* proper. The slope of
# the expected cross-entropy shows why the logarithm is:
#
# $$\frac{\partial}{\partial q}\bigl[-p\log q-(1-p)\log(1-q)\bigr]
# =\frac{q-p}{q(1-q)} \label{proper}$$
#
# It is negative below $q=p$, 0 there, and positive above. The error is proper, but not
# strictly: every $q$ on the right side of 0.5 does as well as the truth. The distance
# is not even proper: if rain is likely, the lowest expected distance is reached by
# saying that it is certain.

# %% [markdown] lang="zh" of="954e814e"
# 说真话时期望最低的损失，称为**恰当评分**；如果别的说法都达不到最低，
# 就说它是*严格*恰当的。期望交叉熵的斜率说明了对数为什么是：
#
# $$\frac{\partial}{\partial q}\bigl[-p\log q-(1-p)\log(1-q)\bigr]
# =\frac{q-p}{q(1-q)} \label{proper}$$
#
# 它在 $q<p$ 时为负，在 $q=p$ 处为 0，在 $q>p$ 时为正。“对错”是恰当的，但不严格：
# 只要 $q$ 在 0.5 的正确一侧，就与说真话一样好。“距离”则根本不恰当：
# 如果多半会下雨，说“一定下”的期望距离反而最小。

# %% equation="proper" of="b3e7cbdc"
q, truth = torch.linspace(0.05, 0.95, 19, requires_grad=True), 0.7
expected = -truth * q.log() - (1 - truth) * (1 - q).log()
(slope,) = torch.autograd.grad(expected.sum(), q)
bm.equation("proper", slope, (q - truth) / (q * (1 - q)), atol=1e-12)

# %% [markdown]
# Data give means, not expectations. So let us toss. For five true probabilities we toss
# a coin many times and look for the $q$ with the lowest mean loss on these tosses. Five
# standard errors are allowed for chance, and the step of the grid.

# %% [markdown] lang="zh" of="181ecb99"
# 数据给出的是平均值，不是期望，那就来抛一抛。取五个真实概率，每个抛许多次，
# 找出在这些结果上平均损失最低的 $q$。偶然性允许五个标准误，再加上网格的一格。

# %% fold
draws, tosses = torch.Generator().manual_seed(lab.seed), 4000
truths = torch.tensor([0.1, 0.3, 0.6, 0.8, 0.95])
ones = torch.stack(
    [(torch.rand(tosses, generator=draws) < t).double().mean() for t in truths]
)
allowed = 5 * (truths * (1 - truths) / tosses).sqrt() + 0.01


def furthest(loss):
    """How far the best q lies from the truth, in units of what chance may do."""
    means = [one * loss(1, said) + (1 - one) * loss(0, said) for one in ones]
    best = torch.stack([said[mean.argmin()] for mean in means])
    return ((best - truths).abs() / allowed).max()


# %% [raw] lang="zh"
# How far the best q lies from the truth, in units of what chance may do.
# → 最好的 q 离真实概率多远，以偶然性允许的范围为单位。

# %%
bm.claim(
    "With cross-entropy, and with the square, the lowest mean loss is at the truth, as "
    "near as chance allows",
    lambda furthest: max(furthest) < 1,
    {"furthest": [furthest(log_loss), furthest(square)]},
    control={"furthest": [furthest(distance)]},
    against="the distance as the loss",
)

# %% [raw] lang="zh"
# With cross-entropy, and with the square, the lowest mean loss is at the truth, as near
# as chance allows
# → 用交叉熵或平方，在偶然性允许的范围内，平均损失在真实概率处最低
# the distance as the loss → 以距离为损失
# furthest → =

# %% [markdown]
# How much does a lie cost? For any two distributions $p$ and $q$ over the same
# outcomes,
#
# $$-\sum_k p_k\log q_k=-\sum_k p_k\log p_k+\sum_k p_k\log\frac{p_k}{q_k} \label{kl}$$
#
# The left side is the expected cross-entropy. The first sum on the right is the
# **entropy** of the truth: what even the best model must pay. The second is the **KL
# divergence** $D_{\mathrm{KL}}(p\,\|\,q)$, never negative, and 0 only when they agree:
# the price of being wrong.

# %% [markdown] lang="zh" of="97d0245d"
# 说假话要付多大代价？对同一组结果上的任意两个分布 $p$ 和 $q$，
#
# $$-\sum_k p_k\log q_k=-\sum_k p_k\log p_k+\sum_k p_k\log\frac{p_k}{q_k} \label{kl}$$
#
# 左边是期望交叉熵。右边第一个和是真实分布的**熵**：再好的模型也得付。
# 第二个和是 **KL 散度** $D_{\mathrm{KL}}(p\,\|\,q)$，从不为负，只在两者一致时为 0：
# 这就是说错的代价。

# %% equation="kl" of="e07a94ce"
truth, model = torch.randn(2, 6).softmax(-1)  # two distributions over 6 outcomes
divergence = F.kl_div(model.log(), truth, reduction="sum")
right = torch.special.entr(truth).sum() + divergence
bm.equation("kl", -(truth * model.log()).sum(), right, atol=1e-12)

# %% [raw] lang="zh"
# two distributions over 6 outcomes → 6 种结果上的两个分布

# %% [markdown]
# ## Right in rank, wrong in number
#
# Cross-entropy sees more than the order of the scores: it asks whether the numbers can
# be taken at their word. Of the days with *70 % rain*, does it rain on 70 %? This is
# **calibration**. A perfect order does not give it. Show this yourself.

# %% [markdown] lang="zh" of="471d2f08"
# ## 次序对，数值不对
#
# 交叉熵看的不只是分数的次序，它还问这些数能不能当真。说“降雨概率 70 %”的日子里，
# 真有 70 % 下雨吗？这就是**校准**。次序全对，也不等于校准了。请你自己来证明。


# %% exercise="overconfident" points=2 minutes=5 level=3
def overconfident(y):
    """Probabilities in the right order, and worse than one number for all.

    Their AUC is 1. Yet their cross-entropy is higher than that of a model which gives
    every example the same probability, the share of ones in y.
    y: what is true, (n,), 0 or 1, both occur, n at most 1000.
    Returns a tensor p, (n,), each above 0 and below 1.
    """
    ### BEGIN SOLUTION
    return 0.9999 + 0.00005 * y
    ### END SOLUTION


# %% [raw] lang="zh"
# Probabilities in the right order, and worse than one number for all.
# → 次序全对，却不如对谁都说同一个数的概率。
# Their AUC is 1. Yet their cross-entropy is higher than that of a model which gives
# every example the same probability, the share of ones in y.
# y: what is true, (n,), 0 or 1, both occur, n at most 1000.
# Returns a tensor p, (n,), each above 0 and below 1.
# → AUC 为 1；交叉熵却高于这样一个模型：它给每个样本同样的概率，即 y 中 1 的比例。
#   y：真实情况，(n,)，0 或 1，两者都有，n 不超过 1000。
#   返回张量 p，(n,)，每个都大于 0、小于 1。


# %% check="overconfident"
def judged(y):
    """Their AUC, their cross-entropy, and that of one number for all."""
    given = overconfident(y)
    bm.expect.shape(given, tuple(y.shape), "one probability for each example")
    inside = torch.as_tensor(given).double().clamp(1e-12, 1 - 1e-12)
    bm.expect.close(given, inside, "each above 0 and below 1", rtol=0, atol=0)
    same = torch.full_like(inside, y.double().mean())
    paid = [F.binary_cross_entropy(q, y.double()).item() for q in (inside, same)]
    return metrics.roc_auc_score(y, inside), *paid


order = "the order is not right: every one must be above every zero"
rank, mine, constant = judged(torch.tensor([1, 0, 0, 1, 0]))
bm.expect.close(rank, 1.0, order)
advice = "must be higher: which mistake does the logarithm punish most?"
told = f"cross-entropy {mine:.3f}, of one number for all {constant:.3f}: {advice}"
bm.expect.true(mine > constant, told)
### BEGIN HIDDEN TESTS
places = torch.randperm(1000, generator=torch.Generator().manual_seed(3))
several = [(places < ones).long() for ones in (1, 10, 100, 400, 700, 900, 990, 999)]
for truth in (torch.tensor([0, 1]), *several):
    rank, mine, constant = judged(truth)
    bm.expect.close(rank, 1.0, order)
    told = f"{int(truth.sum())} ones among {len(truth)}: is it still worse?"
    bm.expect.true(mine > constant, told)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# Their AUC, their cross-entropy, and that of one number for all.
# → 它们的 AUC、交叉熵，以及对谁都说同一个数时的交叉熵。
# one probability for each example → 每个样本一个概率
# each above 0 and below 1 → 每个都要大于 0、小于 1
# the order is not right: every one must be above every zero
# → 次序不对：每个 1 的概率都要高于每个 0 的
# must be higher: which mistake does the logarithm punish most?
# → 应当更高：哪一种错误，对数罚得最重？
# cross-entropy {mine:.3f}, of one number for all {constant:.3f}: {advice}
# → 交叉熵 {mine:.3f}，对谁都说同一个数时 {constant:.3f}：{advice}
# {int(truth.sum())} ones among {len(truth)}: is it still worse?
# → {len(truth)} 个样本中有 {int(truth.sum())} 个 1：还是更差吗？

# %% [markdown] hint="overconfident"
# The order asks only which of two numbers is larger. All of them may lie close
# together, anywhere between 0 and 1.

# %% [markdown] lang="zh" of="27fd79d5"
# 次序只问两个数哪个大。所有的数可以挤在一起，挤在 0 与 1 之间的任何地方。

# %% [markdown] hint="overconfident"
# Say *nearly certain* to all, to the ones a little more. With a single zero among many,
# $-\log(1-p)$ of that zero has to outweigh all else: go close to 1.

# %% [markdown] lang="zh" of="bc24de48"
# 对谁都说“几乎一定”，对 1 再多说一点点。如果许多样本中只有一个 0，
# 它的 $-\log(1-p)$ 就得压过其余一切：要非常接近 1。


# %% mistake="overconfident" says="punish most"
def overconfident(y):
    return 0.2 + 0.6 * y


# %% mistake="overconfident" says="order is not right"
def overconfident(y):
    return 0.9 - 0.8 * y


# %% mistake="overconfident" says="order is not right"
def overconfident(y):
    return torch.full((len(y),), 0.99)


# %% mistake="overconfident" says="above 0 and below 1"
def overconfident(y):
    return 1.0 + 0.0 * y


# %% mistake="overconfident" says="still worse"
def overconfident(y):
    return 0.9 + 0.05 * y


# %% variant="overconfident"
def overconfident(y):
    return torch.where(y == 1, 2e-6, 1e-6)


# %% [markdown]
# A real model does this, too. We give two models all thirty measurements. **Naive
# Bayes** treats each as independent evidence, though many measure nearly the same
# thing, and so counts the same evidence many times over.

# %% [markdown] lang="zh" of="7e476b81"
# 真实的模型也会这样。我们把三十项测量全都交给两个模型。
# **朴素贝叶斯**把它们当作互相独立的证据，其实许多项量的几乎是同一件事，
# 于是同一份证据被算了许多遍。


# %% fold
def log_odds(x):
    """The logarithm of p / (1 - p) for each tumour, by both models."""
    bayes = out_of_fold(GaussianNB(), x, "predict_log_proba")  # (569, 2)
    logits = out_of_fold(logistic, x, "decision_function")
    return {"logistic": logits, "naive Bayes": bayes[:, 1] - bayes[:, 0]}


def cross_entropy(z, y):
    return F.binary_cross_entropy_with_logits(z, y.double()).item()


def rank_and_number(odds):
    """AUC and cross-entropy of the logistic model and of naive Bayes."""
    return {
        "auc": [auc(y, z) for z in odds.values()],
        "cross_entropy": [cross_entropy(z, y) for z in odds.values()],
    }


odds = log_odds(cancer.data)  # all thirty measurements

# %% [raw] lang="zh"
# The logarithm of p / (1 - p) for each tumour, by both models.
# → 两个模型对每个肿瘤给出的 p / (1 - p) 的对数。
# AUC and cross-entropy of the logistic model and of naive Bayes.
# → 逻辑回归与朴素贝叶斯的 AUC 和交叉熵。
# all thirty measurements → 全部三十项测量
# auc → =
# cross_entropy → =
# logistic → =
# naive Bayes → =

# %%
bm.claim(
    "Two models differ in AUC by less than 0.03, yet one has more than three times the "
    "cross-entropy",
    lambda auc, cross_entropy: (
        abs(auc[0] - auc[1]) < 0.03 and cross_entropy[1] > 3 * cross_entropy[0]
    ),
    rank_and_number(odds),
    control=rank_and_number(log_odds(two)),
    against="two measurements only, which say different things",
)

# %% [raw] lang="zh"
# Two models differ in AUC by less than 0.03, yet one has more than three times the
# cross-entropy
# → 两个模型的 AUC 相差不到 0.03，其中一个的交叉熵却是另一个的三倍以上
# two measurements only, which say different things → 只用两项测量，它们说的是不同的事

# %% [markdown]
# The cure needs one number. Divide the logit, $\log\frac{p}{1-p}$, by a **temperature**
# $T>1$: the order stays, the confidence decreases. Find the $T$ that brings the dots to
# the diagonal.

# %% [markdown] lang="zh" of="3976f8e7"
# 补救只要一个数。把对数几率 $\log\frac{p}{1-p}$ 除以**温度** $T>1$：次序不变，
# 置信度降低。请找出能让点落到对角线上的 $T$。


# %% fold
def reliability(model, T):
    z = odds[model] / T
    said, bins = z.sigmoid(), torch.linspace(0, 1, 8)
    place = torch.bucketize(said, bins[1:-1])
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.5), layout="constrained")
    left.plot([0, 1], [0, 1], ":", color="0.5")
    for k in place.unique():
        group, seen = said[place == k], y[place == k].double()
        left.scatter(
            group.mean(), seen.mean(), 20 + 2 * len(group), "#1b3a6b", alpha=0.7
        )
        left.text(group.mean() + 0.06, seen.mean() - 0.02, len(group), fontsize=8)
    left.set(xlabel="probability said", ylabel="share that was malignant")
    left.set_title("a dot: a group of tumours, and how many")
    grid = torch.logspace(-0.5, 1.5, 60)
    right.semilogx(grid, [cross_entropy(odds[model] / t, y) for t in grid])
    right.plot(T, cross_entropy(z, y), "o", color="black")
    right.set(xlabel="temperature T", ylabel="cross-entropy", ylim=(0, 1))
    right.set_title(f"AUC {auc(y, z):.3f}, cross-entropy {cross_entropy(z, y):.3f}")
    return fig


alt = (
    "Left: probabilities said against shares seen. At first, naive Bayes is sure of "
    "nearly all, and the few groups between lie far from the diagonal. Right: "
    "cross-entropy falls as the temperature grows, and climbs again."
)
choices = {"model": ["naive Bayes", "logistic"], "T": (0.5, 20.0, 0.5, 1.0)}
bm.show.explore(reliability, alt=alt, **choices)


# %% [raw] lang="zh"
# probability said → 所说的概率
# share that was malignant → 其中恶性的比例
# a dot: a group of tumours, and how many → 一个点：一组肿瘤，旁边是个数
# temperature T → 温度 T
# cross-entropy → 交叉熵
# AUC {auc(y, z):.3f}, cross-entropy {cross_entropy(z, y):.3f}
# → AUC {auc(y, z):.3f}，交叉熵 {cross_entropy(z, y):.3f}
# Left: probabilities said against shares seen. At first, naive Bayes is sure of nearly
# all, and the few groups between lie far from the diagonal. Right: cross-entropy falls
# as the temperature grows, and climbs again.
# → 左：所说的概率对实际的比例。起初朴素贝叶斯对几乎所有肿瘤都很有把握，
#   中间的少数几组远离对角线。右：交叉熵随温度升高先降后升。

# %% [markdown]
# A number chosen on the very data that judge it would flatter itself. So we choose $T$
# on one half of the tumours and judge on the other, for several halves.

# %% [markdown] lang="zh" of="d14e44be"
# 如果在同一份数据上既选数又打分，就是自己夸自己。
# 所以我们用一半肿瘤来选 $T$，用另一半来评判，并且换几种分法。


# %% fold
def cooled(z):
    """Temperature and cross-entropies, before and after, over several halves."""
    grid, halves = torch.logspace(-0.5, 1.5, 60), []
    draws = torch.Generator().manual_seed(lab.seed)
    for _ in range(lab.pick(ci=5, workshop=20, full=50)):
        fit, judge = torch.randperm(len(y), generator=draws).chunk(2)
        T = min(grid, key=lambda t: cross_entropy(z[fit] / t, y[fit]))
        halves.append([T, *(cross_entropy(z[judge] / t, y[judge]) for t in (1.0, T))])
    names = ("temperature", "before", "after")
    return dict(zip(names, np.mean(halves, 0), strict=True))


# %% [raw] lang="zh"
# Temperature and cross-entropies, before and after, over several halves.
# → 温度，以及前后的交叉熵，对几种分法求平均。

# %%
bm.claim(
    "One number, fitted elsewhere, more than halves naive Bayes' cross-entropy",
    lambda temperature, before, after: after < before / 2,
    cooled(odds["naive Bayes"]),
    control=cooled(odds["logistic"]),
    against="the logistic model, calibrated from the start",
)

# %% [raw] lang="zh"
# One number, fitted elsewhere, more than halves naive Bayes' cross-entropy
# → 在另一半数据上拟合的一个数，就让朴素贝叶斯的交叉熵减半还多
# the logistic model, calibrated from the start → 本来就已校准的逻辑回归
# logistic → =
# naive Bayes → =

# %% [markdown]
# ## What we learned
#
# - All measures of two classes come from four counts. F1 joins precision and recall;
#   with accuracy in the place of precision it rewards what it should warn of.
# - Where positives are rare, accuracy rewards doing nothing. Recall and AUC do not
#   depend on the prevalence; precision does.
# - The costs of the two errors give the threshold: $a/(a+m)$, if the probabilities can
#   be believed. Compare with an alarm for all: it needs no model.
# - Macro averaging shows a rare class, micro averaging hides it.
# - Cross-entropy is minus the log likelihood; the MSE is too, for Gaussian noise.
# - A strictly proper score is lowest, on average, at the truth alone. The distance is
#   not proper, and accuracy does not tell 0.51 from 0.99. A perfect order is no
#   calibration: check it.
#
# ## What models use today
#
# Language models are trained on the very cross-entropy of this lesson, over the next
# token, and judged by its exponential, the **perplexity**: the number of equally likely
# tokens that would be as hard to guess. A model that spreads its probability evenly
# over $K$ tokens has perplexity $K$:

# %% [markdown] lang="zh" of="c05d36ad"
# ## 我们学到了什么
#
# - 两类问题的指标都出自四个计数。F1 合起来的是精确率与召回率；
#   换成准确率，该示警处反给高分。
# - 正例稀少时，准确率奖励什么都不做的做法。召回率和 AUC 不随患病率变化，精确率会变。
# - 两种错误的代价给出阈值：只要概率可信，就是 $a/(a+m)$。
#   还要与“对谁都报警”相比：那不需要模型。
# - 宏平均让稀少的类别显出来，微平均把它遮住。
# - 交叉熵就是负的对数似然；噪声为高斯时，MSE 也是。
# - 严格的恰当评分，平均值只在真实概率处最低。距离不恰当；
#   准确率分不出 0.51 与 0.99。次序全对不等于校准了：要检查。
#
# ## 今天的模型用什么
#
# 语言模型训练时用的正是本课的交叉熵，预测的是下一个词元；评判时用它的指数，
# 即**困惑度**：难猜的程度相当于从多少个同样可能的词元里猜一个。
# 把概率平均分给 $K$ 个词元的模型，困惑度就是 $K$：

# %%
even = torch.zeros(4, 50)  # scores of 50 tokens, all alike, at 4 places
perplexity = F.cross_entropy(even, torch.tensor([3, 0, 49, 17])).exp()
print(f"perplexity of an even guess among 50 tokens: {perplexity:.1f}")

# %% [raw] lang="zh"
# scores of 50 tokens, all alike, at 4 places → 4 个位置上 50 个词元的分数，全都相同
# perplexity of an even guess among 50 tokens: {perplexity:.1f}
# → 在 50 个词元中平均地猜，困惑度：{perplexity:.1f}

# %% [markdown]
# ## Where next
#
# [Backpropagation, derived](lesson:backpropagation) carries the gradient of the
# cross-entropy through all layers.
# [A thousand headlines](lesson:news-classification) uses macro F1 on four classes, and
# [From problem to feedback](lesson:workflow) puts a price on errors.
#
# ## Further reading
#
# - C. J. van Rijsbergen (1979), *Information Retrieval*, 2nd edition, Butterworths:
#   where F comes from.
# - T. Fawcett (2006), *An Introduction to ROC Analysis*, Pattern Recognition Letters
#   27(8).
# - J. Davis and M. Goadrich (2006), *The Relationship Between Precision-Recall and ROC
#   Curves*, ICML.
# - G. W. Brier (1950), *Verification of Forecasts Expressed in Terms of Probability*,
#   Monthly Weather Review 78: the square as a score.
# - T. Gneiting and A. E. Raftery (2007), *Strictly Proper Scoring Rules, Prediction,
#   and Estimation*, Journal of the American Statistical Association 102.
# - C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017), *On Calibration of Modern
#   Neural Networks*, ICML: the temperature.

# %% [markdown] lang="zh" of="f2322bb2"
# ## 下一步
#
# [反向传播的推导](lesson:backpropagation)把交叉熵的梯度一路传过所有的层。
# [千篇新闻](lesson:news-classification)在四类上使用宏平均 F1，
# [从问题到反馈](lesson:workflow)给错误定出价钱。
#
# ## 延伸阅读
#
# - C. J. van Rijsbergen (1979), *Information Retrieval*, 第 2 版, Butterworths：
#   F 的出处。
# - T. Fawcett (2006), *An Introduction to ROC Analysis*, Pattern Recognition Letters
#   27(8)。
# - J. Davis, M. Goadrich (2006), *The Relationship Between Precision-Recall and ROC
#   Curves*, ICML。
# - G. W. Brier (1950), *Verification of Forecasts Expressed in Terms of Probability*,
#   Monthly Weather Review 78：用平方来评分。
# - T. Gneiting, A. E. Raftery (2007), *Strictly Proper Scoring Rules, Prediction, and
#   Estimation*, Journal of the American Statistical Association 102。
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), *On Calibration of Modern
#   Neural Networks*, ICML：温度的出处。
