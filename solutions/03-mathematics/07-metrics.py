# ---
# slug: metrics
# title: {en: Metrics and likelihood, zh: 指标与似然}
# section: "4.1.3"
# minutes: 95
# needs: [gradient-descent]
# data: []
# extras: []
# introduces:
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
# counts as good, so it deserves more thought than the model. This lesson takes apart
# the measures of §4.1.3, finds one word printed wrong, and shows where the losses
# that we train with come from.

# %% [markdown] lang="zh" of="7deb49ab"
# 来筛查的人里，每一百位有一位患病。一个程序对谁都说“健康”，一百次里能对九十九次，
# 却对谁都没有用。什么叫好，由指标说了算，所以它比模型更值得多想一想。
# 这一课把 §4.1.3 的指标拆开来看，找出一处印错的地方，
# 再说明训练所用的损失从何而来。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.distributions import Categorical, Normal, kl_divergence
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
# ones 1 and the benign ones 0. On purpose we show the model only two of the thirty
# measurements, so that it errs. Each tumour is judged by a model that was trained
# without it: this is cross-validation.

# %% [markdown] lang="zh" of="a1fc1140"
# ## 四种回答
#
# scikit-learn 自带 569 个肿瘤在显微镜下的测量数据。我们把恶性记作 1，良性记作 0。
# 三十项测量里，故意只给模型看两项，好让它犯错。判断每个肿瘤的模型，训练时都没有见过它：
# 这就是交叉验证。

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
# Each answer is of one of four kinds. The second letter tells what was *said*, positive
# or negative. The first tells whether this was true.
#
# |  | said 1 | said 0 |
# | --- | --- | --- |
# | is 1 | TP | FN, missed |
# | is 0 | FP, false alarm | TN |
#
# Count them.

# %% [markdown] lang="zh" of="498f2b90"
# 每个回答都属于四种之一。第二个字母表示*说*的是什么，正（P）还是负（N）；
# 第一个字母表示说得对（T）还是不对（F）。
#
# |  | 说是 1 | 说是 0 |
# | --- | --- | --- |
# | 其实是 1 | TP | FN，漏报 |
# | 其实是 0 | FP，误报 | TN |
#
# 请数一数。


# %% exercise="counts" points=2 minutes=5 level=1
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
bm.expect.true(got is not None and len(got) == 4, "return four numbers: tp, fp, fn, tn")
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
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return four numbers: tp, fp, fn, tn → 返回四个数：tp、fp、fn、tn
# tp counts those that were said 1 and are 1, both at once
# → tp 数的是说是 1、其实也是 1 的，两个条件要同时成立
# tp is 3 here, you have {got[0]}: {advice} → 这里 tp 是 3，你得到 {got[0]}：{advice}
# fp was said 1 and is 0, fn was said 0 and is 1: are the two swapped?
# → fp 说是 1 其实是 0，fn 说是 0 其实是 1：是不是弄反了？
# each example is of exactly one kind → 每个样本恰好属于一种
# as scikit-learn counts → 应与 scikit-learn 数的一样

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
# said → 说是
# is → 其实是
# Confusion matrix of 569 tumours: most are right, and more are missed than alarmed.
# → 569 个肿瘤的混淆矩阵：大多判断正确，漏报的比误报的多。

# %% [markdown]
# ## Four numbers into one
#
# **Accuracy** is the share of right answers, $(TP+TN)/n$. Two other shares ask about
# the positive class alone. Of those that were said to be ill, how many are? This is
# **precision**. Of those that are ill, how many were found? This is **recall**.
#
# $$\mathrm{precision}=\frac{TP}{TP+FP}=\Pr(y=1\mid\hat y=1) \label{precision}$$
#
# $$\mathrm{recall}=\frac{TP}{TP+FN}=\Pr(\hat y=1\mid y=1) \label{recall}$$
#
# Both at once are easy to have one by one: say *ill* to everybody, and recall is 1. So
# **F1** takes their harmonic mean, which is large only when both are.
#
# $$F_1=\frac{2}{\frac{1}{\mathrm{precision}}+\frac{1}{\mathrm{recall}}}
# =\frac{2\,TP}{2\,TP+FP+FN} \label{f1}$$

# %% [markdown] lang="zh" of="58469b88"
# ## 四个数变成一个
#
# **准确率**是答对的比例，即 $(TP+TN)/n$。另外两个比例只问正类。
# 说有病的人里，真有病的占多少？这是**精确率**。
# 有病的人里，找出来的占多少？这是**召回率**。
#
# $$\mathrm{precision}=\frac{TP}{TP+FP}=\Pr(y=1\mid\hat y=1) \label{precision}$$
#
# $$\mathrm{recall}=\frac{TP}{TP+FN}=\Pr(\hat y=1\mid y=1) \label{recall}$$
#
# 单要其中一个很容易：对谁都说有病，召回率就是 1。所以 **F1** 取两者的调和平均，
# 只有两个都大，它才大。
#
# $$F_1=\frac{2}{\frac{1}{\mathrm{precision}}+\frac{1}{\mathrm{recall}}}
# =\frac{2\,TP}{2\,TP+FP+FN} \label{f1}$$


# %% exercise="scores" points=3 minutes=7 level=2
def scores(tp, fp, fn, tn):
    """Accuracy, precision, recall and F1, in this order.

    Four counts, not all of them 0. A share of nothing (0/0) is 0 by agreement.
    """
    ### BEGIN SOLUTION
    accuracy = (tp + tn) / (tp + fp + fn + tn)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return accuracy, precision, recall, f1
    ### END SOLUTION


# %% [raw] lang="zh"
# Accuracy, precision, recall and F1, in this order.
# → 依次返回准确率、精确率、召回率和 F1。
# Four counts, not all of them 0. A share of nothing (0/0) is 0 by agreement.
# → 四个计数，不全为 0。没有东西可分时（0/0），约定为 0。

# %% check="scores"
got = scores(8, 24, 2, 66)
bm.expect.true(got is not None and len(got) == 4, "return four numbers")
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
try:
    none = [float(number) for number in scores(0, 0, 5, 95)]
except ZeroDivisionError:
    none = None
advice = "nobody was said positive: a share of nothing is 0, divide only when you can"
bm.expect.true(none is not None, advice)
bm.expect.close(none, [0.95, 0.0, 0.0, 0.0], advice)
bm.expect.close(scores(0, 3, 0, 7), [0.7, 0.0, 0.0, 0.0], "and if nobody is positive")
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
# → 一个正例也没说：没有东西可分，比例约定为 0，能除的时候再除
# and if nobody is positive → 没有正例时也一样

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


# %% mistake="scores" says="divide only when you can"
def scores(tp, fp, fn, tn):
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    f1 = 2 * precision * recall / (precision + recall)
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

# %% equation="precision" of="45dc7f43"
bm.equation("precision", tp / (tp + fp), y[y_hat == 1].double().mean())

# %% equation="recall" of="d38f1ac7"
bm.equation("recall", tp / (tp + fn), y_hat[y == 1].double().mean())

# %% equation="f1" of="444bf1ec"
precision, recall = metrics.precision_score(y, y_hat), metrics.recall_score(y, y_hat)
bm.equation("f1", 2 / (1 / precision + 1 / recall), 2 * tp / (2 * tp + fp + fn))

# %%
theirs = [
    measure(y, y_hat)
    for measure in (
        metrics.accuracy_score,
        metrics.precision_score,
        metrics.recall_score,
        metrics.f1_score,
    )
]
mine = scores(tp, fp, fn, tn)
bm.claim(
    "From four counts come the same four numbers as from scikit-learn",
    np.allclose(mine, theirs, atol=1e-12),
    accuracy=mine[0],
    precision=mine[1],
    recall=mine[2],
    f1=mine[3],
)

# %% [raw] lang="zh"
# From four counts come the same four numbers as from scikit-learn
# → 从四个计数得到的四个数，与 scikit-learn 的相同

# %% [markdown]
# ## A formula with one wrong character
#
# The document prints, in §4.1.3, that F1 is the harmonic mean of 准确率 (accuracy) and
# recall, and it defines 准确率 as accuracy a few lines before. Precision, 精确率, does
# not occur. In Chinese the two words differ by one character, and nearly everybody who
# writes about measures has mixed them up once. Does it matter? Move the sliders: a
# thousand people, some of them ill, and a test that finds a share of the ill and alarms
# a share of the healthy.

# %% [markdown] lang="zh" of="492455ba"
# ## 一字之差
#
# 文档在 §4.1.3 中印的 F1 是准确率与召回率的调和平均，而就在几行之前，
# 准确率定义的是 accuracy。精确率根本没有出现。两个词只差一个字，写指标的人，
# 几乎谁都弄混过一回。要紧吗？拖动滑块看看：一千个人，其中有些患病；
# 一种检验，能找出患者中的一部分，也会惊动健康人中的一部分。


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
    "A thousand people: nine of ten ill are found, and far more healthy ones are "
    "alarmed. Accuracy and the printed F1 are about 0.9, precision and F1 below 0.2."
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
# A thousand people: nine of ten ill are found, and far more healthy ones are alarmed.
# Accuracy and the printed F1 are about 0.9, precision and F1 below 0.2.
# → 一千个人：患者十个里找到九个，受惊的健康人却多得多。
#   准确率和印出的 F1 约为 0.9，精确率和 F1 不到 0.2。

# %%
accuracy, precision, recall, f1 = scores(9, 99, 1, 891)
printed = 2 * accuracy * recall / (accuracy + recall)
bm.claim(
    "The printed F1 praises a test whose alarms are false nine times in ten",
    printed > 0.85 and f1 < 0.2 and precision < 0.1,
    printed=printed,
    f1=f1,
    precision=precision,
)

# %% [raw] lang="zh"
# The printed F1 praises a test whose alarms are false nine times in ten
# → 一种检验的警报十次有九次是假的，印出的 F1 却给它高分

# %% [markdown]
# It matters most where F1 is needed most: where the positives are few. The many healthy
# people who were told nothing, TN, lift accuracy and with it the printed formula. The
# real F1 does not contain TN at all.
#
# ## The threshold is a choice
#
# The model gives a probability $p$. We made it a yes or a no at $p>0.5$, but nothing
# forces us. At each threshold there is another confusion matrix. Two curves show them
# all. The **ROC curve** draws recall against the share of the healthy that are alarmed.
# The **precision–recall curve** draws precision against recall.

# %% [markdown] lang="zh" of="2ab5dbd9"
# 越是需要 F1 的地方，也就是正例稀少的地方，这个错就越要紧。那许多没有被惊动的健康人，
# 即 TN，抬高了准确率，也就抬高了印出的公式。真正的 F1 里根本没有 TN。
#
# ## 阈值是一种选择
#
# 模型给出的是概率 $p$。我们用 $p>0.5$ 把它变成是或否，但谁也没有规定非要这样。
# 每个阈值都有自己的混淆矩阵。两条曲线可以把它们一览无余：**ROC 曲线**的纵轴是召回率，
# 横轴是健康人中被误报的比例；**精确率–召回率曲线**画的是精确率随召回率的变化。


# %%
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
    "Left: probabilities of benign and malignant tumours overlap, with a threshold "
    "between. Middle: the ROC curve bends well above the diagonal. Right: precision "
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
# Left: probabilities of benign and malignant tumours overlap, with a threshold between.
# Middle: the ROC curve bends well above the diagonal. Right: precision falls as recall
# grows. A dot marks the threshold on both curves.
# → 左：良性与恶性肿瘤的概率有重叠，阈值在中间。中：ROC 曲线明显高于对角线。
#   右：召回率越高，精确率越低。两条曲线上各有一个点标出当前的阈值。
# ROC → =

# %% [markdown]
# Slide the prevalence down and watch: the dot on the ROC curve does not move, the other
# curve collapses. And accuracy *rises* while nearly every alarm becomes false. At one
# in a hundred, no threshold at which this model finds even half of the ill beats the
# program that says *healthy* to all.

# %% [markdown] lang="zh" of="ee701105"
# 把患病率往下拉，看会怎样：ROC 曲线上的点纹丝不动，另一条曲线却塌了下去。
# 准确率反而*上升*，而警报几乎全成了假的。百人中只有一人患病时，
# 凡是能找出一半患者的阈值，准确率都赢不了对谁都说“健康”的程序。

# %%
healthy_to_all = scores(0, 0, 0.01, 0.99)
best = max(
    (at(c, 0.01) for c in torch.linspace(0, 1, 201)),
    key=lambda measures: measures[0] if measures[2] > 0.5 else 0,
)
bm.claim(
    "At 1 ill in 100, doing nothing has the better accuracy, and finds nobody",
    healthy_to_all[0] > best[0] + 0.03 and healthy_to_all[2] == 0,
    nothing=healthy_to_all[0],
    model=best[0],
    recall_of_model=best[2],
)

# %% [raw] lang="zh"
# At 1 ill in 100, doing nothing has the better accuracy, and finds nobody
# → 百人中一人患病时，什么都不做的准确率更高，却一个患者也找不到

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


# %% exercise="auc" points=3 minutes=8 level=3
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
start = torch.zeros(1)
width = torch.diff(torch.cat([start, alarms]))
ends = torch.cat([start, recalls])
area = (width * (ends[1:] + ends[:-1]) / 2).sum()
bm.equation("auc", auc(y, p), area, atol=1e-10)

# %% [markdown]
# Now make the ill really rare, and not by a formula: keep one in ten of the malignant
# tumours, drawn at random, many times over.

# %% [markdown] lang="zh" of="46068ae7"
# 现在让患者真的变少，不靠公式：从恶性肿瘤里随机留下十分之一，重复许多次。

# %%
ill, healthy = torch.where(y == 1)[0], torch.where(y == 0)[0]
draws, rare = torch.Generator().manual_seed(lab.seed), []
for _ in range(lab.pick(ci=100, workshop=300, full=1000)):
    few = ill[torch.randperm(len(ill), generator=draws)[: len(ill) // 10]]
    keep = torch.cat([few, healthy])
    _, precision, recall, _ = scores(*counts(y[keep], y_hat[keep]))
    rare.append([auc(y[keep], p[keep]), recall, precision])
rare, full = torch.tensor(rare).mean(0), [auc(y, p), mine[2], mine[1]]
bm.claim(
    "Ten times fewer ill: AUC and recall stay where they were, precision breaks down",
    abs(rare[0] - full[0]) < 0.03
    and abs(rare[1] - full[1]) < 0.06
    and rare[2] < full[2] / 2,
    auc=[full[0], rare[0]],
    recall=[full[1], rare[1]],
    precision=[full[2], rare[2]],
)

# %% [raw] lang="zh"
# Ten times fewer ill: AUC and recall stay where they were, precision breaks down
# → 患者少到十分之一：AUC 和召回率不变，精确率垮了

# %% [markdown]
# A high AUC is therefore no promise that alarms can be trusted. Where positives are
# rare, look at precision and recall, at the prevalence that you will meet.
#
# ## Where losses come from
#
# None of these can be trained on: they are counts, and a count has no slope. What we
# train on comes from one question. *How probable does the model make what really
# happened?* This is its **likelihood**. If it gives $p_i$ to a positive answer, it
# gives $1-p_i$ to a negative one, and to all $n$ answers together the product. Take
# minus the logarithm, so that the product becomes a sum, and the mean over the
# examples:
#
# $$-\frac1n\log\prod_{i=1}^n p_i^{\,y_i}(1-p_i)^{1-y_i}
# =-\frac1n\sum_{i=1}^n\bigl[y_i\log p_i+(1-y_i)\log(1-p_i)\bigr] \label{nll}$$
#
# On the right stands the **cross-entropy**. So to lower it is to make what happened
# more probable.

# %% [markdown] lang="zh" of="178f379f"
# 可见 AUC 高，并不保证警报可信。正例稀少时，要在将来会遇到的患病率下看精确率和召回率。
#
# ## 损失从何而来
#
# 这些指标都不能直接用来训练：它们是计数，而计数没有坡度。训练用的损失来自一个问题：
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

# %%
print("of the first 100:", given[:100].prod().item(), " of all:", given.prod().item())
bm.claim(
    "Cross-entropy is scikit-learn's log loss",
    abs(metrics.log_loss(y, p) + given.log().mean()) < 1e-12,
    log_loss=metrics.log_loss(y, p),
)

# %% [raw] lang="zh"
# of the first 100: → 前 100 个：
# of all: → 全部：
# Cross-entropy is scikit-learn's log loss → 交叉熵就是 scikit-learn 的 log loss

# %% [markdown]
# The product is tiny after a hundred examples, and with a few thousand it would be 0 to
# the machine. A sum of logarithms never has this trouble: one more reason for the log.
#
# With $K$ classes nothing changes. Let $y_{ik}$ be 1 for the right class of example $i$
# and 0 elsewhere. Then
#
# $$-\frac1n\log\prod_{i=1}^n p_{i,\,\mathrm{right}}
# =-\frac1n\sum_{i=1}^n\sum_{k=1}^K y_{ik}\log p_{ik} \label{cross-entropy}$$
#
# and this is what `F.cross_entropy` computes, from the scores $z$ before the softmax.

# %% [markdown] lang="zh" of="ee6b5b82"
# 才一百个样本，乘积就已经很小；到了几千个，对机器来说它就是 0。
# 对数之和没有这个麻烦：取对数又多了一条理由。
#
# 有 $K$ 个类别时也一样。样本 $i$ 的正确类别处 $y_{ik}$ 为 1，其余为 0，则
#
# $$-\frac1n\log\prod_{i=1}^n p_{i,\,\mathrm{right}}
# =-\frac1n\sum_{i=1}^n\sum_{k=1}^K y_{ik}\log p_{ik} \label{cross-entropy}$$
#
# `F.cross_entropy` 从 softmax 之前的分数 $z$ 出发，算的正是它。

# %% equation="cross-entropy" of="054dacea"
z, classes = torch.randn(12, 5), torch.randint(5, (12,))
P = z.softmax(-1)  # (12, 5)
left = -math.log(math.prod(P[i, k].item() for i, k in enumerate(classes))) / 12
right = -(F.one_hot(classes, 5) * P.log()).sum() / 12
bm.equation("cross-entropy", left, right, atol=1e-12)
bm.expect.close(F.cross_entropy(z, classes), right)

# %% [markdown]
# ## Mean squared error is a likelihood too
#
# For numbers, the document uses the mean squared error, $\mathrm{MSE}=\frac1n\sum_i
# (y_i-\hat y_i)^2$. It looks like a choice of taste. But suppose that the target is the
# prediction plus Gaussian noise of standard deviation $s$. The density of one target is
# $\frac{1}{s\sqrt{2\pi}}e^{-(y_i-\hat y_i)^2/2s^2}$, and the mean of minus its log is
#
# $$-\frac1n\sum_{i=1}^n\log\mathcal N(y_i;\hat y_i,s^2)
# =\frac{\mathrm{MSE}}{2s^2}+\log\bigl(s\sqrt{2\pi}\bigr) \label{gaussian}$$
#
# (with the circle's $\pi$). Whatever $s$ is, the best predictions are those with the
# smallest MSE. And the best $s$ is
#
# $$\arg\min_s\Bigl[\frac{\mathrm{MSE}}{2s^2}+\log s\Bigr]=\sqrt{\mathrm{MSE}}.
# \label{noise}$$
#
# Is that so for real people? We predict how the disease of 442 diabetes patients
# progresses.

# %% [markdown] lang="zh" of="daedb47e"
# ## 均方误差也是似然
#
# 预测的是数时，文档用均方误差，$\mathrm{MSE}=\frac1n\sum_i(y_i-\hat y_i)^2$。
# 看起来只是随便一选。但假设目标等于预测加上标准差为 $s$ 的高斯噪声，
# 那么一个目标的密度是
# $\frac{1}{s\sqrt{2\pi}}e^{-(y_i-\hat y_i)^2/2s^2}$，取对数、取负、再求平均，得到
#
# $$-\frac1n\sum_{i=1}^n\log\mathcal N(y_i;\hat y_i,s^2)
# =\frac{\mathrm{MSE}}{2s^2}+\log\bigl(s\sqrt{2\pi}\bigr) \label{gaussian}$$
#
# （这里的 $\pi$ 是圆周率。）无论 $s$ 是多少，最好的预测就是 MSE 最小的预测。
# 而最好的 $s$ 是
#
# $$\arg\min_s\Bigl[\frac{\mathrm{MSE}}{2s^2}+\log s\Bigr]=\sqrt{\mathrm{MSE}}.
# \label{noise}$$
#
# 换成真实的人还成立吗？我们来预测 442 位糖尿病人的病情发展。

# %%
inputs, target = load_diabetes(return_X_y=True)
fitted = LinearRegression().fit(inputs, target)
target, predicted = torch.tensor(target), torch.tensor(fitted.predict(inputs))
mse = ((target - predicted) ** 2).mean()
bm.expect.close(mse, metrics.mean_squared_error(target, predicted))

# %% equation="gaussian" of="3aa20fc6"
s = 40.0
left = -Normal(predicted, s).log_prob(target).mean()
bm.equation("gaussian", left, mse / (2 * s**2) + math.log(s * math.sqrt(2 * math.pi)))

# %% equation="noise" of="6321664b"
s = torch.linspace(20, 120, 100_001)
best = s[(mse / (2 * s**2) + s.log()).argmin()]  # look everywhere
bm.equation("noise", best, mse.sqrt(), atol=1e-3)

# %% [raw] lang="zh"
# look everywhere → 逐点查看

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.3), layout="constrained")
errors = target - predicted
left.hist(errors, 30, density=True, color="0.8", ec="0.5", label="patients")
grid = torch.linspace(-200, 200, 300)
left.plot(grid, Normal(0, best).log_prob(grid).exp(), label="Gaussian, s = √MSE")
left.set(xlabel="target − prediction", ylabel="density", ylim=(0, 0.0095))
left.legend(fontsize=8, loc="upper left")
right.plot(s, mse / (2 * s**2) + (s * math.sqrt(2 * math.pi)).log())
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
# So the loss says what you believe about the errors. Who expects a few wild ones should
# not take Gaussian noise, nor the MSE. Its gradient is
#
# $$\frac{\partial\,\mathrm{MSE}}{\partial\hat y_i}=\frac2n(\hat y_i-y_i)
# \label{mse-gradient}$$

# %% [markdown] lang="zh" of="91b1019c"
# 可见损失说出了你对误差的看法。如果会有少数离谱的误差，就不该假设高斯噪声，
# 也就不该用 MSE。它的梯度是
#
# $$\frac{\partial\,\mathrm{MSE}}{\partial\hat y_i}=\frac2n(\hat y_i-y_i)
# \label{mse-gradient}$$

# %% equation="mse-gradient" of="7c39f9ce"
leaf = predicted.clone().requires_grad_()
(slope,) = torch.autograd.grad(((target - leaf) ** 2).mean(), leaf)
bm.equation("mse-gradient", slope, 2 / len(target) * (predicted - target), atol=1e-12)

# %% [markdown]
# A trap lies in the formula's shapes. Models often return a column, $(n, 1)$, while the
# targets are a row, $(n,)$. Their difference is then a whole table, $(n, n)$: every
# prediction against every target. Nothing complains.

# %% [markdown] lang="zh" of="b49e784c"
# 这个公式在形状上有个陷阱。模型常常返回一列，$(n, 1)$，而目标是 $(n,)$。两者相减，
# 就成了一整张 $(n, n)$ 的表：每个预测都与每个目标相减，而且什么错也不报。

# %%
column = predicted[:, None]  # (n, 1), as nn.Linear(d, 1) returns it
slipped = ((target - column) ** 2).mean()
bm.claim(
    "One axis too many, and the MSE is another number without any error",
    slipped > 1.5 * mse and (target - column).shape == (442, 442),
    mse=mse,
    slipped=slipped,
)

# %% [raw] lang="zh"
# (n, 1), as nn.Linear(d, 1) returns it → (n, 1)，nn.Linear(d, 1) 返回的就是这种形状
# One axis too many, and the MSE is another number without any error
# → 多一个轴，MSE 就成了另一个数，却不报任何错误

# %% [markdown]
# ## The simplest gradient there is
#
# Cross-entropy and softmax belong together. With $p=\mathrm{softmax}(z)$ the loss of
# one example is
#
# $$-\log p_{\mathrm{right}}=-z_{\mathrm{right}}+\log\sum_j e^{z_j}.$$
#
# The first term gives $-1$ at the right class and 0 elsewhere. The second gives
# $e^{z_k}/\sum_j e^{z_j}=p_k$. So for the mean over $n$ examples
#
# $$\frac{\partial J}{\partial z_{ik}}=\frac{p_{ik}-y_{ik}}{n}
# \label{softmax-gradient}$$
#
# What was said minus what is so: no logarithm and no exponential is left over. Write
# it.

# %% [markdown] lang="zh" of="0468a551"
# ## 最简单的梯度
#
# 交叉熵与 softmax 是天生一对。记 $p=\mathrm{softmax}(z)$，一个样本的损失是
#
# $$-\log p_{\mathrm{right}}=-z_{\mathrm{right}}+\log\sum_j e^{z_j}.$$
#
# 第一项在正确类别处给出 $-1$，其余为 0；第二项给出 $e^{z_k}/\sum_j e^{z_j}=p_k$。
# 于是对 $n$ 个样本求平均后，
#
# $$\frac{\partial J}{\partial z_{ik}}=\frac{p_{ik}-y_{ik}}{n}
# \label{softmax-gradient}$$
#
# 说的概率减去实际的结果：对数和指数都不见了。请写出来。


# %% exercise="softmax_gradient" points=3 minutes=8 level=2
def softmax_gradient(z, y):
    """Gradient of the mean cross-entropy with respect to the scores.

    z: (n, K), scores before the softmax; y: (n,), numbers of the right classes.
    Returns (n, K).
    """
    ### BEGIN SOLUTION
    n, K = z.shape
    return (z.softmax(-1) - torch.nn.functional.one_hot(y, K)) / n
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradient of the mean cross-entropy with respect to the scores.
# → 平均交叉熵对分数的梯度。
# z: (n, K), scores before the softmax; y: (n,), numbers of the right classes.
# Returns (n, K).
# → z：(n, K)，softmax 之前的分数；y：(n,)，正确类别的编号。
#   返回 (n, K)。

# %% check="softmax_gradient"
z, right = torch.zeros(1, 4), torch.tensor([2])
got = softmax_gradient(z, right)
bm.expect.shape(got, (1, 4), "one number for each score")
advice = "subtract 1 at the right class only, and the row sums to 0: y must be one-hot"
bm.expect.close(got.sum(-1), torch.zeros(1), advice)
advice = "p − y, not y − p: a step against the gradient must raise the right score"
bm.expect.true(got[0, 2] < 0, advice)
bm.expect.close(got, torch.tensor([[0.25, 0.25, -0.75, 0.25]]), "p − y")
twice = softmax_gradient(torch.zeros(2, 4), torch.tensor([2, 2]))
advice = "the loss is a mean over the examples: divide by n"
bm.expect.close(twice, torch.tensor([[0.125, 0.125, -0.375, 0.125]] * 2), advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(7)
z = torch.randn(6, 3, generator=draws).requires_grad_()
right = torch.randint(3, (6,), generator=draws)
(want,) = torch.autograd.grad(F.cross_entropy(z, right), z)
bm.expect.close(softmax_gradient(z.detach(), right), want, "as autograd finds it")
far = softmax_gradient(torch.tensor([[800.0, 0.0]]), torch.tensor([0]))
bm.expect.close(far, torch.zeros(1, 2), "exp overflows: use torch's softmax")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one number for each score → 每个分数一个数
# subtract 1 at the right class only, and the row sums to 0: y must be one-hot
# → 只在正确类别处减 1，一行之和就是 0：y 要变成独热的
# p − y, not y − p: a step against the gradient must raise the right score
# → 是 p − y，不是 y − p：逆着梯度走一步，正确类别的分数要升高
# the loss is a mean over the examples: divide by n → 损失是对样本的平均：要除以 n
# as autograd finds it → 应与自动求导的结果一致
# exp overflows: use torch's softmax → exp 溢出了：请用 torch 的 softmax

# %% [markdown] hint="softmax_gradient"
# `z.softmax(-1)` is $p$. Now $y_{ik}$: 1 at the right class, 0 elsewhere.

# %% [markdown] lang="zh" of="b93082d6"
# `z.softmax(-1)` 就是 $p$。再要 $y_{ik}$：正确类别处为 1，其余为 0。

# %% [markdown] hint="softmax_gradient"
# `F.one_hot(y, K)` makes those rows, with `n, K = z.shape`. Do not forget to divide by
# $n$.

# %% [markdown] lang="zh" of="018e931c"
# `F.one_hot(y, K)` 给出这样的行，其中 `n, K = z.shape`。别忘了分母上的 $n$。


# %% mistake="softmax_gradient" says="p − y, not y − p"
def softmax_gradient(z, y):
    return (F.one_hot(y, z.shape[1]) - z.softmax(-1)) / len(z)


# %% mistake="softmax_gradient" says="divide by n"
def softmax_gradient(z, y):
    return z.softmax(-1) - F.one_hot(y, z.shape[1])


# %% mistake="softmax_gradient" says="must be one-hot"
def softmax_gradient(z, y):
    return (z.softmax(-1) - y[:, None]) / len(z)


# %% variant="softmax_gradient"
def softmax_gradient(z, y):
    slope = z.softmax(-1)
    slope[torch.arange(len(z)), y] -= 1
    return slope / len(z)


# %% equation="softmax-gradient" of="8bc5f914"
z = torch.randn(5, 3, requires_grad=True)
classes = torch.tensor([0, 2, 1, 1, 0])
(slope,) = torch.autograd.grad(F.cross_entropy(z, classes), z)
truth = torch.eye(3)[classes]  # y, one row for each example
bm.equation("softmax-gradient", slope, (z.softmax(-1) - truth) / 5, atol=1e-12)

# %% [raw] lang="zh"
# y, one row for each example → y，每个样本一行

# %% [markdown]
# ## Does the truth win?
#
# So far the answers were given. Now think of a coin that falls on 1 with true
# probability $p$, and a model that says $q$. What loss must the model expect? It meets
# $y=1$ with probability $p$ and $y=0$ with probability $1-p$.

# %% [markdown] lang="zh" of="169658b5"
# ## 说真话会赢吗？
#
# 以上的答案都是给定的。现在设想一枚硬币，出 1 的真实概率是 $p$，而模型说是 $q$。
# 模型的损失期望是多少？它遇到 $y=1$ 的概率是 $p$，遇到 $y=0$ 的概率是 $1-p$。


# %% exercise="expected_loss" points=2 minutes=5 level=2
def expected_loss(loss, p, q):
    """The loss to be expected by who says q when the truth is p.

    loss: a function loss(y, q) of an outcome y, 0 or 1, and what was said.
    p: the true probability of a 1; q: what is said, a number or a tensor.
    """
    ### BEGIN SOLUTION
    return p * loss(1, q) + (1 - p) * loss(0, q)
    ### END SOLUTION


# %% [raw] lang="zh"
# The loss to be expected by who says q when the truth is p.
# → 真实概率是 p 而说 q 的人，损失的期望。
# loss: a function loss(y, q) of an outcome y, 0 or 1, and what was said.
# p: the true probability of a 1; q: what is said, a number or a tensor.
# → loss：函数 loss(y, q)，y 是结果，0 或 1，q 是所说的概率。
#   p：出 1 的真实概率；q：所说的概率，一个数或张量。


# %% check="expected_loss"
def square(y, q):
    return (y - q) ** 2


got = expected_loss(square, 0.9, 0.6)
advice = "an outcome is 0 or 1, never p itself: average the loss over both outcomes"
bm.expect.true(got is None or abs(got - 0.09) > 1e-9, advice)
advice = "y = 1 comes with probability p, y = 0 with 1 − p: are they swapped?"
bm.expect.true(got is None or abs(got - 0.34) > 1e-9, advice)
bm.expect.close(got, 0.9 * 0.16 + 0.1 * 0.36, "p · loss(1, q) + (1 − p) · loss(0, q)")
### BEGIN HIDDEN TESTS
q = torch.tensor([0.2, 0.5, 0.9])
got = expected_loss(lambda y, q: 3 * y + q, 0.25, q)
bm.expect.close(got, q + 0.75, "q may be a tensor: one expected loss for each entry")
### END HIDDEN TESTS


# %% [raw] lang="zh"
# an outcome is 0 or 1, never p itself: average the loss over both outcomes
# → 结果只能是 0 或 1，不会是 p 本身：要对两种结果的损失求平均
# y = 1 comes with probability p, y = 0 with 1 − p: are they swapped?
# → y = 1 的概率是 p，y = 0 的概率是 1 − p：是不是弄反了？
# q may be a tensor: one expected loss for each entry
# → q 可以是张量：每个元素对应一个期望损失
# p · loss(1, q) + (1 − p) · loss(0, q) → =

# %% [markdown] hint="expected_loss"
# There are only two outcomes. What is the loss of each, and how often does it come?

# %% [markdown] lang="zh" of="592bdde8"
# 只有两种结果。每种的损失是多少，多久出现一次？

# %% [markdown] hint="expected_loss"
# `loss(1, q)` comes with probability `p`, `loss(0, q)` with `1 - p`.

# %% [markdown] lang="zh" of="324f32ac"
# `loss(1, q)` 出现的概率是 `p`，`loss(0, q)` 是 `1 - p`。


# %% mistake="expected_loss" says="never p itself"
def expected_loss(loss, p, q):
    return loss(p, q)


# %% mistake="expected_loss" says="are they swapped"
def expected_loss(loss, p, q):
    return (1 - p) * loss(1, q) + p * loss(0, q)


# %% variant="expected_loss"
def expected_loss(loss, p, q):
    return sum(chance * loss(y, q) for y, chance in ((1, p), (0, 1 - p)))


# %% [markdown]
# Four losses that one might use: the logarithm, the square, the plain distance, and the
# error at the threshold 0.5, which is what accuracy counts. Move the true $p$, and see
# where each is lowest: that is what a model trained with it will say.

# %% [markdown] lang="zh" of="7dfc7ea8"
# 可以考虑四种损失：对数、平方、距离本身，以及以 0.5 为阈值的对错，也就是准确率所数的。
# 移动真实的 $p$，看每种损失在哪里最低：用它训练的模型就会那样说。


# %%
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
    "Expected losses against what is said, truth 0.7. Log and square are lowest there, "
    "distance at the right end, error is flat on either side of 0.5."
)
bm.show.explore(game, alt=alt, p=(0.05, 0.95, 0.05, 0.7))


# %% [raw] lang="zh"
# log → 对数
# square → 平方
# distance → 距离
# error → 对错
# which is flat on either side → 它在两边都是平的
# what the model says, q → 模型所说的 q
# expected loss → 期望损失
# the truth is p = {p:.2f}; marks: the lowest point of each
# → 真实的 p = {p:.2f}；记号：各自的最低点
# Expected losses against what is said, truth 0.7. Log and square are lowest there,
# distance at the right end, error is flat on either side of 0.5.
# → 期望损失随所说的概率变化，真实概率为 0.7。对数和平方在 0.7 处最低，
#   距离在最右端最低，对错在 0.5 的两边都是平的。

# %% [markdown]
# A loss under which the truth is the best that one can say is called a **proper
# score**. The slope of the expected cross-entropy shows why the logarithm is one:
#
# $$\frac{\partial}{\partial q}\bigl[-p\log q-(1-p)\log(1-q)\bigr]
# =\frac{q-p}{q(1-q)} \label{proper}$$
#
# It is 0 at $q=p$ and nowhere else. The distance is not proper: whoever knows that rain
# is likely does best to cry that it is certain.

# %% [markdown] lang="zh" of="5624fa58"
# 如果说真话就是最好的策略，这样的损失称为**恰当评分**。
# 期望交叉熵的斜率说明了对数为什么是：
#
# $$\frac{\partial}{\partial q}\bigl[-p\log q-(1-p)\log(1-q)\bigr]
# =\frac{q-p}{q(1-q)} \label{proper}$$
#
# 它只在 $q=p$ 处为 0。距离则不恰当：明知多半会下雨，最合算的却是一口咬定必下无疑。

# %% equation="proper" of="b3e7cbdc"
q, truth = torch.linspace(0.05, 0.95, 19, requires_grad=True), 0.7
expected = -truth * q.log() - (1 - truth) * (1 - q).log()
(slope,) = torch.autograd.grad(expected.sum(), q)
bm.equation("proper", slope, (q - truth) / (q * (1 - q)), atol=1e-12)

# %% [markdown]
# No coin knows its own expectation, so let us toss. For five true probabilities we toss
# a coin many times and look for the $q$ with the lowest mean loss on these tosses. Five
# standard errors are allowed for chance, and the step of the grid.

# %% [markdown] lang="zh" of="37ef3328"
# 硬币并不知道自己的期望，那就来抛。取五个真实概率，每个抛许多次，
# 找出在这些结果上平均损失最低的 $q$。偶然性允许五个标准误，再加上网格的一格。

# %%
draws, tosses = torch.Generator().manual_seed(lab.seed), 4000
truths = torch.tensor([0.1, 0.3, 0.6, 0.8, 0.95])
best = {"log": [], "square": [], "distance": []}
for truth in truths:
    ones = (torch.rand(tosses, generator=draws) < truth).double().mean()
    for name, loss in (("log", log_loss), ("square", square), ("distance", distance)):
        mean = ones * loss(1, said) + (1 - ones) * loss(0, said)
        best[name].append(said[mean.argmin()])
best = {name: torch.stack(found) for name, found in best.items()}
allowed = 5 * (truths * (1 - truths) / tosses).sqrt() + 0.01
bm.claim(
    "With cross-entropy, and with the square, it is best to say what is true",
    all(((best[name] - truths).abs() < allowed).all() for name in ("log", "square")),
    truth=truths,
    log=best["log"],
    square=best["square"],
)
bm.claim(
    "With the distance it is best to exaggerate as far as one can",
    torch.equal(best["distance"], torch.where(truths > 0.5, said[-1], said[0])),
    distance=best["distance"],
)

# %% [raw] lang="zh"
# With cross-entropy, and with the square, it is best to say what is true
# → 用交叉熵或平方，说真话最合算
# With the distance it is best to exaggerate as far as one can
# → 用距离，最合算的是能夸大多少就夸大多少

# %% [markdown]
# How much does a lie cost? For any two distributions $p$ and $q$ over the same
# outcomes,
#
# $$-\sum_k p_k\log q_k=-\sum_k p_k\log p_k+\sum_k p_k\log\frac{p_k}{q_k} \label{kl}$$
#
# The left side is the expected cross-entropy. The first sum on the right is the
# **entropy** of the truth: what even the best model must pay. The second is the **KL
# divergence** of $q$ from $p$, never negative, and 0 only when they agree: the price of
# being wrong.

# %% [markdown] lang="zh" of="80ff9e97"
# 说假话要付多大代价？对同一组结果上的任意两个分布 $p$ 和 $q$，
#
# $$-\sum_k p_k\log q_k=-\sum_k p_k\log p_k+\sum_k p_k\log\frac{p_k}{q_k} \label{kl}$$
#
# 左边是期望交叉熵。右边第一个和是真相的**熵**：再好的模型也得付。第二个和是 $q$ 相对于
# $p$ 的 **KL 散度**，从不为负，只在两者一致时为 0：这就是说错的代价。

# %% equation="kl" of="e07a94ce"
truth, model = torch.randn(2, 6).softmax(-1)  # two distributions over 6 outcomes
price = kl_divergence(Categorical(truth), Categorical(model))
right = Categorical(truth).entropy() + price
bm.equation("kl", -(truth * model.log()).sum(), right, atol=1e-12)

# %% [raw] lang="zh"
# two distributions over 6 outcomes → 6 种结果上的两个分布

# %% [markdown]
# ## Right in rank, wrong in number
#
# Cross-entropy sees more than the order of the scores: it asks whether the numbers can
# be taken at their word. Of the days with *70 % rain*, does it rain on 70 %? This is
# **calibration**. We give two models all thirty measurements. Naive Bayes treats each
# as independent evidence, though many measure nearly the same thing, and so counts the
# same evidence many times over.

# %% [markdown] lang="zh" of="2c6f0534"
# ## 次序对，数值不对
#
# 交叉熵看的不只是分数的次序，它还问这些数能不能当真。说“降雨概率 70 %”的日子里，
# 真有 70 % 下雨吗？这就是**校准**。我们把三十项测量全都交给两个模型。
# 朴素贝叶斯把它们当作互相独立的证据，其实许多项量的几乎是同一件事，
# 于是同一份证据被算了许多遍。

# %%
everything = cancer.data  # (569, 30)
bayes = out_of_fold(GaussianNB(), everything, "predict_log_proba")  # (569, 2)
odds = {  # the logarithm of p / (1 - p), for each tumour
    "logistic": out_of_fold(logistic, everything, "decision_function"),
    "naive Bayes": bayes[:, 1] - bayes[:, 0],
}


def cross_entropy(z, y):
    return F.binary_cross_entropy_with_logits(z, y.double()).item()


ranks = {name: auc(y, z) for name, z in odds.items()}
prices = {name: cross_entropy(z, y) for name, z in odds.items()}

# %% [raw] lang="zh"
# the logarithm of p / (1 - p), for each tumour → 每个肿瘤的 p / (1 - p) 的对数

# %%
bm.claim(
    "Two models rank nearly alike, yet one has several times the cross-entropy",
    abs(ranks["logistic"] - ranks["naive Bayes"]) < 0.03
    and prices["naive Bayes"] > 3 * prices["logistic"],
    auc=list(ranks.values()),
    cross_entropy=list(prices.values()),
)

# %% [raw] lang="zh"
# Two models rank nearly alike, yet one has several times the cross-entropy
# → 两个模型的排序几乎一样好，其中一个的交叉熵却是另一个的好几倍

# %% [markdown]
# The cure needs one number. Divide the log odds by a **temperature** $T$: the order
# stays, the confidence shrinks. Find the $T$ that brings the dots to the diagonal.

# %% [markdown] lang="zh" of="b9bd1f47"
# 补救只要一个数。把对数几率除以**温度** $T$：次序不变，口气变小。
# 请找出能让点落到对角线上的 $T$。


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
    "Left: probabilities said against shares seen. Naive Bayes is sure of nearly all, "
    "and the few groups between lie far from the diagonal. Right: cross-entropy falls "
    "as the temperature grows, and climbs again."
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
# Left: probabilities said against shares seen. Naive Bayes is sure of nearly all, and
# the few groups between lie far from the diagonal. Right: cross-entropy falls as the
# temperature grows, and climbs again.
# → 左：所说的概率对实际的比例。朴素贝叶斯对几乎所有肿瘤都很有把握，
#   中间的少数几组远离对角线。右：交叉熵随温度升高先降后升。

# %% [markdown]
# A number chosen on the very data that judge it would flatter itself. So we choose $T$
# on one half of the tumours and judge on the other, for several halves.

# %% [markdown] lang="zh" of="d14e44be"
# 如果在同一份数据上既选数又打分，就是自己夸自己。
# 所以我们用一半肿瘤来选 $T$，用另一半来评判，并且换几种分法。

# %%
z, grid, halves = odds["naive Bayes"], torch.logspace(-0.5, 1.5, 60), []
draws = torch.Generator().manual_seed(lab.seed)
for _ in range(lab.pick(ci=5, workshop=20, full=50)):
    fit, judge = torch.randperm(len(y), generator=draws).chunk(2)
    T = min(grid, key=lambda t: cross_entropy(z[fit] / t, y[fit]))
    raw, cooled = (cross_entropy(z[judge] / t, y[judge]) for t in (1.0, T))
    gap = abs(auc(y[judge], z[judge]) - auc(y[judge], z[judge] / T))
    halves.append([T, raw, cooled, gap])
T, raw, cooled, gap = torch.tensor(halves).mean(0)
bm.claim(
    "One number, fitted elsewhere, more than halves the cross-entropy; the AUC stays",
    cooled < raw / 2 and gap < 1e-6,
    temperature=T,
    raw=raw,
    cooled=cooled,
)

# %% [raw] lang="zh"
# One number, fitted elsewhere, more than halves the cross-entropy; the AUC stays
# → 另一半数据上拟合的一个数，就让交叉熵减半还多，而 AUC 不变

# %% [markdown]
# ## What we learned
#
# - All measures of two classes come from four counts. F1 joins precision and recall;
#   with accuracy in the place of precision it praises what it should warn of.
# - Where positives are rare, accuracy rewards doing nothing. Recall and AUC do not know
#   the prevalence; precision does.
# - Cross-entropy is minus the log likelihood; the MSE is too, for Gaussian noise.
# - Softmax and cross-entropy together have the gradient $p-y$.
# - A proper score is best served by the truth. Accuracy and distance are not; a model
#   trained on cross-entropy may be taken at its word only after calibration is checked.
#
# ## Where next
#
# Weigh the classes: what is a missed tumour worth in false alarms, and which threshold
# is best then? `evaluation` asks how sure these numbers are, and `credit-risk` puts
# money on them. `losses` builds the stable versions from scratch.
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

# %% [markdown] lang="zh" of="dac0107d"
# ## 我们学到了什么
#
# - 两类问题的指标都出自四个计数。F1 合起来的是精确率与召回率；
#   换成准确率，本该警告的它反而夸奖。
# - 正例稀少时，准确率奖励什么都不做的人。召回率和 AUC 不知道患病率，精确率知道。
# - 交叉熵就是负的对数似然；噪声为高斯时，MSE 也是。
# - softmax 与交叉熵合在一起，梯度就是 $p-y$。
# - 对恰当评分来说，说真话最合算。准确率和距离都不恰当；
#   即使用交叉熵训练出来的模型，也要先检查校准，才能把它的话当真。
#
# ## 下一步
#
# 给两类错误定个价：漏掉一个肿瘤抵得上多少次误报？那时最好的阈值又是多少？
# `evaluation` 一课问这些数有多可靠，`credit-risk` 一课给它们押上真金白银，
# `losses` 一课从头写出数值稳定的版本。
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
