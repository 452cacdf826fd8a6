# ---
# slug: reading-critically
# title: {en: Reading a text critically, zh: 批判性阅读}
# section: all
# minutes: 90
# needs: [backpropagation, adaptive-methods, metrics, recurrence, convolution]
# data: []
# extras: []
# gpu: false
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   theta: all parameters
#   J: loss
#   W: weights of a layer
#   z: pre-activation
#   sigma: activation function
#   delta: "dJ/dz of a layer"
#   n: number of examples
#   B: the drawn batch
#   D: number of layers
# says:
#   en: Twenty printed statements, each tried by the smallest experiment.
#   zh: 二十句印出来的话，每句都用最小的实验试一试。
# ---

# %% [markdown]
# A page says that a formula is so. You want to build on it. Is it right? You need not
# know more than its author to find out. You need a habit and a computer: ask what would
# have to be true, find the smallest experiment that could show the opposite, run it,
# and run the same experiment on the repair.
#
# ```mermaid
# flowchart LR
#   A[read a sentence] --> B[what would have to be true?]
#   B --> C[the smallest experiment]
#   C -->|holds| A
#   C -->|fails| D[repair]
#   D -->|run again| C
# ```

# %% [markdown] lang="zh" of="982ed487"
# 书上说某个公式成立，你想用它。它对吗？要弄清楚，不必比作者懂得更多，
# 只要有一个习惯，再加一台电脑：先问要让它成立，什么必须为真；
# 再找一个有可能推翻它的最小实验，跑一遍；修正之后，用同样的实验再跑一遍。
#
# ```mermaid
# flowchart LR
#   A[读一句话] --> B[要让它成立，什么必须为真？]
#   B --> C[最小的实验]
#   C -->|成立| A
#   C -->|不成立| D[修正]
#   D -->|再跑一遍| C
# ```

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import importlib.metadata
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython.display import display
from packaging.specifiers import SpecifierSet
from sklearn import metrics
from torch import nn
from torch.nn import functional as F

import bmkit as bm

lab = bm.start(
    "reading-critically", profile=profile, device="cpu", seed=seed, lang=lang
)
torch.set_default_dtype(torch.float64)  # we compare formulas: rounding must be small

# %% [raw] lang="zh"
# we compare formulas: rounding must be small → 要比较公式，舍入误差必须很小

# %% [markdown]
# ## Your guesses first
#
# The text on trial is the document that this course follows. Here are twenty of its
# statements, shortened; each is quoted in full where we test it. Some hold. Which ones
# would you sign? Replace `None` by `True` or `False` for those on which you have an
# opinion, before you run on. An opinion formed after the result teaches you nothing
# about your own judgement.

# %% [markdown] lang="zh" of="7b694c08"
# ## 先猜一猜
#
# 受检验的文字，就是本课程所依据的文档。下面是其中的二十句话，有所缩略；
# 检验到哪一句，就在哪里引用全文。其中有些是成立的。哪几句你愿意签名担保？
# 有看法的，请在往下运行之前，把 `None` 改成 `True` 或 `False`。
# 看了结果才形成的看法，无法告诉你自己的判断力如何。

# %% fold
STATEMENTS = {  # name: section, what is printed
    "accuracy": ("4.1.3", "accuracy = (TP + TN) / (TP + TN + FP + FN)"),
    "recall": ("4.1.3", "recall = TP / (TP + FN)"),
    "recall_words": ("4.1.3", "recall: correctly classified over actual positives"),
    "f1": ("4.1.3", "F1 is the harmonic mean of accuracy and recall"),
    "mse": ("4.1.3", "mean squared error = (1/n) Σ (y − ŷ)²"),
    "descent": ("4.2.1", "to minimise J: θ = θ − α ∇J(θ)"),
    "along": ("4.2.1", "update along the direction of the gradient"),
    "gradient": ("4.2.1", "∂/∂θ ½(y − ŷ)² = y − ŷ"),
    "delta_out": ("4.2.2", "δ_L = ∇_ŷ J · σ′(ŷ)"),
    "delta_hidden": ("4.2.2", "δ_l = ∇_z J · σ′(z) = δ_(l+1) · σ′(z) · W_(l+1)"),
    "batch": ("4.2.3", "draw a subset, then J = (1/n) Σ over i = 1 … n"),
    "adam": ("4.1.2", "Adam with g − μ and g² − μ²"),
    "output": ("4.1.1", "ŷ = σ(W₃ z + b₃), with the hidden layers' σ"),
    "rnn": ("3.3.2", "RNNs can capture long-term dependencies"),
    "reach": ("3.3.1", "CNNs: difficulty with long-range dependencies"),
    "sizes": ("2, 2.3", "billions of parameters; for example BERT, GPT, ResNet"),
    "tokens": ("5.3", "the Tokenizer makes word sequences"),
    "prints": ("5.4", "the program prints [2 3]"),
    "tested": ("5.3", "the predictions evaluate the model"),
    "python": ("5.1", "Python 3.8 or later"),
}
rows = [(name, *statement) for name, statement in STATEMENTS.items()]
table = pd.DataFrame(rows, columns=["name", "§", "the page says"])
display(table.style.hide(axis="index").set_properties(**{"text-align": "left"}))

# %% [raw] lang="zh"
# name: section, what is printed → 名称：出处，原文的说法
# accuracy = (TP + TN) / (TP + TN + FP + FN) → 准确率 = (TP + TN) / (TP + TN + FP + FN)
# recall = TP / (TP + FN) → 召回率 = TP / (TP + FN)
# recall: correctly classified over actual positives
# → 召回率表示正确分类的样本数与实际正例数的比值
# F1 is the harmonic mean of accuracy and recall → F1分数是准确率和召回率的调和平均值
# mean squared error = (1/n) Σ (y − ŷ)² → 均方误差 = (1/n) Σ (y − ŷ)²
# to minimise J: θ = θ − α ∇J(θ) → 最小化 J：θ = θ − α ∇J(θ)
# update along the direction of the gradient → 沿着损失函数的梯度方向更新参数
# draw a subset, then J = (1/n) Σ over i = 1 … n
# → 随机选择样本子集，J = (1/n) Σ，i = 1 … n
# Adam with g − μ and g² − μ² → Adam 的更新公式，含 g − μ 与 g² − μ²
# ŷ = σ(W₃ z + b₃), with the hidden layers' σ → ŷ = σ(W₃ z + b₃)，σ 与隐藏层的相同
# RNNs can capture long-term dependencies → RNN：能够捕捉序列中的长期依赖关系
# CNNs: difficulty with long-range dependencies → CNN：难以处理图像中的长距离依赖关系
# billions of parameters; for example BERT, GPT, ResNet
# → 参数规模达到数十亿；例如 BERT、GPT、ResNet
# the Tokenizer makes word sequences → 使用Tokenizer……生成词序列
# the program prints [2 3] → 预测结果为 [2 3]
# the predictions evaluate the model → 使用预测结果进行模型性能评估
# Python 3.8 or later → Python 3.8及以上版本
# name → 名称
# the page says → 原文

# %%
guess = dict.fromkeys(STATEMENTS)  # None: no opinion; True: it holds; False: it fails
guess["accuracy"] = None
guess["f1"] = None
guess["rnn"] = None

# %% [raw] lang="zh"
# None: no opinion; True: it holds; False: it fails
# → None：没有看法；True：成立；False：不成立

# %% [markdown]
# Words can be read in more than one way. So each statement is tried in a **literal**
# reading, with symbols as the page itself defines them, and, where there is one, in a
# kinder reading. The verdict is on the literal reading. The kinder one is entered
# beside it.

# %% [markdown] lang="zh" of="769e468b"
# 话可以有不止一种读法。所以每句话先按**字面**来读，符号按那一页自己的定义；
# 若有更宽厚的读法，也试一试。裁定针对字面的读法，宽厚的读法记在旁边。

# %% fold
results, errors = {}, {}  # errors: how far the printed and the right formula are off
MARKS = {True: "✓", False: "✗", None: ""}
HEADS = ["§", "the page says", "you", "literally", "readings", "measured"]


def settle(name, readings, measured):
    """Enter a result: each reading and whether it holds, the literal one first."""
    results[name] = readings, measured
    section, printed = STATEMENTS[name]
    tried = "; ".join(f"{MARKS[bool(ok)]} {how}" for how, ok in readings.items())
    print(f"§{section}  {printed}\n    {tried}\n    {measured}")


def scoreboard():
    rows = []
    for name, (readings, measured) in results.items():
        section, printed = STATEMENTS[name]
        literal = MARKS[bool(next(iter(readings.values())))]
        tried = "; ".join(f"{MARKS[bool(ok)]} {how}" for how, ok in readings.items())
        rows.append([section, printed, MARKS[guess[name]], literal, tried, measured])
    table = pd.DataFrame(rows, columns=HEADS).style.hide(axis="index")
    display(table.set_properties(**{"text-align": "left"}))


# %% [raw] lang="zh"
# errors: how far the printed and the right formula are off
# → errors：原文公式与正确公式各差多少
# the page says → 原文
# you → 你的猜测
# literally → 按字面
# readings → 各种读法
# measured → 测得
# Enter a result: each reading and whether it holds, the literal one first.
# → 记入一项结果：每种读法是否成立，字面的读法在前。

# %% [markdown]
# ## A score that rises by itself
#
# §4.1.3 defines four measures. Of recall and F1 it says:

# %% [markdown] lang="zh" of="858914bc"
# ## 自己会上升的分数
#
# §4.1.3 定义了四个指标。关于召回率和 F1，原文写道：

# %% [markdown] quote="§4.1.3"
# Recall is the ratio of the number of correctly classified examples to the number of
# actual positives. …
#
# The F1 score is the harmonic mean of accuracy and recall, and serves to balance the
# accuracy and the recall of a classification task.
#
# $$ \text{F1} = 2 \cdot \frac{\text{accuracy} \cdot \text{recall}}{\text{accuracy} +
# \text{recall}} $$

# %% [markdown] lang="zh" of="ad7014ac"
# 召回率表示正确分类的样本数与实际正例数的比值。……
#
# F1分数是准确率和召回率的调和平均值，用于平衡分类任务的准确率和召回率。
#
# $$ \text{F1分数} = 2 \cdot \frac{\text{准确率} \cdot \text{召回率}}{\text{准确率} +
# \text{召回率}} $$

# %% [markdown]
# In Chinese the slip is one character: 准确率 is accuracy, 精确率 is precision.
#
# **What would have to be true?** F1 exists for rare things: faults, frauds, diseases.
# It should depend on what we searched for, found, and reported by mistake. Healthy
# people whom the detector left alone (true negatives, TN) should not matter. So the
# smallest experiment adds true negatives and nothing else. Move a slider, and follow
# both lines to the right.

# %% [markdown] lang="zh" of="f0416180"
# 只差一个字：该用的是精确率（precision），不是准确率（accuracy）。
#
# **要让它成立，什么必须为真？** F1 是为稀少的事物设计的：故障、欺诈、疾病。
# 它该由要找的、找到的和误报的来决定。检测器没有报警的健康人（真负例 TN）不该影响它。
# 所以最小的实验就是只增加真负例。拖动滑块，顺着两条线往右看。


# %% fold
def printed_f1(tp, fp, fn, tn):
    accuracy, recall = (tp + tn) / (tp + fp + fn + tn), tp / (tp + fn)
    return 2 * accuracy * recall / (accuracy + recall)


def right_f1(tp, fp, fn, tn):
    return 2 * tp / (2 * tp + fp + fn)


def grow(missed, false_alarms):
    negatives = np.unique(np.logspace(0, 4, 60).astype(int))
    counts = 10 - missed, false_alarms, missed
    fig, ax = plt.subplots(figsize=(6.4, 3.2))
    for score, style, label in (
        (printed_f1, "--", "as printed, with accuracy"),
        (right_f1, "-", "with precision"),
    ):
        ax.semilogx(negatives, [score(*counts, tn) for tn in negatives], style)
        ax.lines[-1].set_label(label)
    ax.set(ylim=(0, 1.05), xlabel="true negatives, TN", ylabel="score")
    ax.set_title(f"{counts[0]} ill found, {missed} missed, {false_alarms} false alarms")
    ax.legend(loc="lower right")
    return fig


alt = (
    "Score against the number of true negatives: where anything goes wrong the printed "
    "score climbs to the right; the score with precision is a flat line."
)
bm.show.explore(grow, alt=alt, missed=(0, 9, 1, 2), false_alarms=(0, 60, 2, 24))


# %% [raw] lang="zh"
# as printed, with accuracy → 原文，用准确率
# with precision → 用精确率
# true negatives, TN → 真负例 TN
# score → 分数
# {counts[0]} ill found, {missed} missed, {false_alarms} false alarms
# → 患者找到 {counts[0]}，漏掉 {missed}，误报 {false_alarms}
# Score against the number of true negatives: where anything goes wrong the printed
# score climbs to the right; the score with precision is a flat line.
# → 分数随真负例个数的变化：只要有错，原文的分数就向右上升；用精确率的是一条平线。

# %% [markdown]
# The detector has not changed. Its printed score climbs because we tested more healthy
# people. Where most alarms are false it can still look good.
#
# A good counterexample is small enough to check by hand. Find one of at most ten cases.

# %% [markdown] lang="zh" of="a9e18333"
# 检测器一点没变。原文的分数上升，只因为我们多检查了些健康人。
# 哪怕大半警报都是误报，这个分数也可以很好看。
#
# 好的反例小到可以手算。请找一个不超过十个样本的反例。


# %% exercise="counterexample" points=2 minutes=6 level=2
def counterexample() -> tuple[int, int, int, int]:
    """Four counts on which the printed F1 is too high by 0.42 or more.

    The printed score has accuracy where the right one has precision.

    Returns:
        (tp, fp, fn, tn): whole numbers, none negative, tp at least 1, ten cases at
        most in all.
    """
    ### BEGIN SOLUTION
    return 1, 3, 0, 6  # all ill found; three alarms of four are false; most are healthy
    ### END SOLUTION


# %% [raw] lang="zh"
# Four counts on which the printed F1 is too high by 0.42 or more.
# → 四个计数，使原文的 F1 偏高至少 0.42。
# The printed score has accuracy where the right one has precision.
# → 正确的分数用精确率，原文的分数在同一处用了准确率。
# Returns:
#     (tp, fp, fn, tn): whole numbers, none negative, tp at least 1, ten cases at
#     most in all.
# → 返回：
#       (tp, fp, fn, tn)：都是非负整数，tp 至少为 1，总共不超过十个样本。
# all ill found; three alarms of four are false; most are healthy
# → 患者全找到；四次警报三次是假；多数人健康

# %% check="counterexample"
counts = bm.expect.several(counterexample(), 4, "four counts: tp, fp, fn, tn")
tp, fp, fn, tn = counts
bm.expect.true(min(tp, fp, fn, tn) >= 0, "a count cannot be negative")
bm.expect.true(tp >= 1, "without a true positive both scores are 0 or 0/0: tp ≥ 1")
advice = "more than ten cases: can you make it smaller?"
bm.expect.true(tp + fp + fn + tn <= 10, advice)
acc, rec = (tp + tn) / (tp + fp + fn + tn), tp / (tp + fn)
printed, right = 2 * acc * rec / (acc + rec), 2 * tp / (2 * tp + fp + fn)
advice = (
    f"printed score {printed:.3f}, right score {right:.3f}: the first must be larger "
    "by 0.42 or more. What makes precision bad and leaves accuracy good?"
)
bm.expect.true(printed - right >= 0.42, advice)
### BEGIN HIDDEN TESTS
bm.expect.true(all(int(c) == c for c in counts), "a case is whole: integers, please")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# four counts: tp, fp, fn, tn → 四个计数：tp、fp、fn、tn
# a case is whole: integers, please → 样本是一个一个的：请用整数
# a count cannot be negative → 计数不能为负
# without a true positive both scores are 0 or 0/0: tp ≥ 1
# → 没有真正例，两个分数都是 0 或 0/0：tp ≥ 1
# more than ten cases: can you make it smaller? → 超过了十个样本：还能再小些吗？
# printed score {printed:.3f}, right score {right:.3f}: the first must be larger by 0.42
# or more. What makes precision bad and leaves accuracy good?
# → 原文的分数 {printed:.3f}，正确的分数 {right:.3f}：前者要比后者高 0.42 以上。
#   怎样才能精确率差、准确率却好？

# %% [markdown] hint="counterexample"
# The two scores differ in one place: accuracy stands where precision should. Make
# precision low (many false alarms for each true one) and accuracy high (many healthy).

# %% [markdown] lang="zh" of="ce840f34"
# 两个分数只差一处：该用精确率的地方用了准确率。让精确率低（每次真警报配上许多次误报），
# 让准确率高（健康人多）。

# %% [markdown] hint="counterexample"
# One ill person, found: `tp, fn = 1, 0`. Nine places are left for `fp` and `tn`. There
# are only ten ways: try them all.

# %% [markdown] lang="zh" of="e9d9c58f"
# 一名患者，找到了：`tp, fn = 1, 0`。剩下九个名额分给 `fp` 和 `tn`，
# 总共只有十种分法，都试一遍。


# %% mistake="counterexample" says="What makes precision bad"
def counterexample():
    return 5, 2, 1, 2


# %% mistake="counterexample" says="larger by 0.42"
def counterexample():
    return 3, 0, 3, 0


# %% mistake="counterexample" says="true positive"
def counterexample():
    return 0, 3, 1, 6


# %% mistake="counterexample" says="make it smaller"
def counterexample():
    return 1, 9, 0, 990


# %% mistake="counterexample" says="integers, please"
def counterexample():
    return 1, 3.5, 0, 5.5


# %% variant="counterexample"
def counterexample():
    def gap(tp, fp, fn, tn):
        accuracy, recall = (tp + tn) / (tp + fp + fn + tn), tp / (tp + fn)
        return 2 * accuracy * recall / (accuracy + recall) - 2 * tp / (2 * tp + fp + fn)

    return max(((1, fp, 0, 9 - fp) for fp in range(10)), key=lambda c: gap(*c))


# %% [markdown]
# Now all five statements of that page, on 500 random answers, against scikit-learn. To
# be fair we try what looks right as well as what looks wrong.

# %% [markdown] lang="zh" of="098007fa"
# 现在用 500 个随机的答案，把那一页的五句话都与 scikit-learn 对照。为公平起见，
# 看上去对的与看上去错的，都要试。

# %%
rng = np.random.default_rng(seed)
true, answers = rng.random(500) < 0.2, rng.random(500) < 0.5  # one in five is ill
(tn, fp), (fn, tp) = metrics.confusion_matrix(true, answers).tolist()
y, y_hat = rng.normal(size=(2, 50))
page = {
    "accuracy": (tp + tn) / (tp + tn + fp + fn),
    "recall": tp / (tp + fn),
    "mse": np.mean((y - y_hat) ** 2),
    "recall_words": (tp + tn) / (tp + fn),
    "f1": printed_f1(tp, fp, fn, tn),
}
library = {
    "accuracy": metrics.accuracy_score(true, answers),
    "recall": metrics.recall_score(true, answers),
    "mse": metrics.mean_squared_error(y, y_hat),
    "recall_words": metrics.recall_score(true, answers),
    "f1": metrics.f1_score(true, answers),
}
gap = {name: float(abs(page[name] - library[name])) for name in page}

# %% [raw] lang="zh"
# one in five is ill → 五个人里有一个患病

# %% fold
for name in ("accuracy", "recall", "mse"):
    settle(name, {"as printed": gap[name] < 1e-12}, f"off by {gap[name]:.1g}")
literal, formula = page["recall_words"], page["recall"]
settle(
    "recall_words",
    {
        "all correctly classified": gap["recall_words"] < 1e-12,
        "correctly classified positives": gap["recall"] < 1e-12,
    },
    f"read literally {literal:.2f}, right {formula:.2f}",
)
right = right_f1(tp, fp, fn, tn)
errors["f1"] = gap["f1"], abs(right - library["f1"])
settle(
    "f1",
    {
        "accuracy as defined there": gap["f1"] < 1e-12,
        "precision in its place": errors["f1"][1] < 1e-12,
    },
    f"printed {page['f1']:.3f}, right {library['f1']:.3f}",
)

# %% [raw] lang="zh"
# as printed → 照原文
# off by {gap[name]:.1g} → 相差 {gap[name]:.1g}
# all correctly classified → 所有正确分类的样本
# correctly classified positives → 正确分类的正例
# read literally {literal:.2f}, right {formula:.2f}
# → 按字面 {literal:.2f}，正确 {formula:.2f}
# accuracy as defined there → 准确率，按原文的定义
# precision in its place → 换成精确率
# printed {page['f1']:.3f}, right {library['f1']:.3f}
# → 原文 {page['f1']:.3f}，正确 {library['f1']:.3f}

# %% [markdown]
# The words for recall count true negatives as well. So read, recall can exceed 1. The
# formula under them is right, and shows what was meant. Three formulas of four hold.
# A reader who has found one slip is tempted to distrust the whole page, and would be
# wrong three times here.
#
# ## Which way is down?

# %% [markdown] lang="zh" of="d7ef9462"
# 召回率的文字把真负例也算了进去。这样读，召回率可以大于 1。它下面的公式是对的，
# 本意由此可见。四个公式里有三个成立。读者一旦发现一处疏漏，就容易怀疑整页，
# 而在这里，他会冤枉三次。
#
# ## 哪边是下坡？

# %% [markdown] quote="§4.2.1"
# Its basic idea is to update the parameters along the direction of the gradient of the
# loss function, until a local minimum is reached. …
#
# $$ \theta = \theta - \alpha \cdot \nabla_\theta J(\theta) $$ …
#
# $$ \nabla_\theta J(\theta) = \frac{\partial}{\partial \theta} \frac{1}{2} (y -
# \hat{y})^2 = y - \hat{y} $$

# %% [markdown] lang="zh" of="fa08b60a"
# 其基本思想是沿着损失函数的梯度方向更新参数，直到达到局部最小值。……
#
# $$ \theta = \theta - \alpha \cdot \nabla_\theta J(\theta) $$ ……
#
# $$ \nabla_\theta J(\theta) = \frac{\partial}{\partial \theta} \frac{1}{2} (y -
# \hat{y})^2 = y - \hat{y} $$

# %% [markdown]
# **What would have to be true?** A small step must lower the loss. The words say
# *along* the gradient, the formula says *against* it. We try both on two hundred small
# networks with random parameters.

# %% [markdown] lang="zh" of="69555878"
# **要让它成立，什么必须为真？** 走一小步，损失必须下降。文字说*沿着*梯度，
# 公式却是*逆着*梯度。我们在两百个参数随机的小网络上把两者都试一试。


# %%
def loss_of(theta, x, y):
    """½(y − ŷ)², mean, of a net 3 → 4 → 1 whose 16 parameters are one vector."""
    W, w = theta[:12].reshape(4, 3), theta[12:]
    return 0.5 * ((y - torch.tanh(x @ W.T) @ w) ** 2).mean()


falls = {"against": 0, "along": 0}
for _ in range(200):
    theta = torch.randn(16, requires_grad=True)
    x, y = torch.randn(10, 3), torch.randn(10)
    before = loss_of(theta, x, y)
    (g,) = torch.autograd.grad(before, theta)
    falls["against"] += bool(loss_of(theta - 1e-4 * g, x, y) < before)
    falls["along"] += bool(loss_of(theta + 1e-4 * g, x, y) < before)
told = f"the loss fell {falls['against']} times of 200"
settle("descent", {"the formula": falls["against"] == 200}, told)
told = f"the loss fell {falls['along']} times of 200"
settle("along", {"the words": falls["along"] == 200}, told)

# %% [raw] lang="zh"
# ½(y − ŷ)², mean, of a net 3 \→ 4 \→ 1 whose 16 parameters are one vector.
# → 3 → 4 → 1 网络的 ½(y − ŷ)² 均值，16 个参数排成一个向量。
# the loss fell {falls['against']} times of 200 → 200 次中损失下降 {falls['against']} 次
# the formula → 公式
# the loss fell {falls['along']} times of 200 → 200 次中损失下降 {falls['along']} 次
# the words → 文字

# %% [markdown]
# Then the example. A derivation is a row of lines, each said to equal the one before.
# To find the error in one, yours or another's, compute every line at a few points and
# look for the first that differs. Write that as a function.

# %% [markdown] lang="zh" of="3911ae0c"
# 再看那个例子。推导就是一行行式子，每一行都说等于上一行。要找出推导里的错，
# 不论是自己的还是别人的，都可以在几个点上把每一行算出来，找第一处不同。
# 请把它写成函数。


# %% exercise="first_wrong_line" points=3 minutes=9 level=2
def first_wrong_line(lines, points):
    """Where a derivation goes wrong.

    Two numbers agree if they differ by at most a millionth of the larger in size.

    Args:
        lines: functions of one number; each is said to equal the one before.
        points: the numbers at which they are compared.

    Returns:
        The place, counted from 0, of the first line that differs from the one before
        at some point; None if all lines agree at all points.
    """
    ### BEGIN SOLUTION
    for place in range(1, len(lines)):
        for point in points:
            before, here = lines[place - 1](point), lines[place](point)
            if not math.isclose(before, here, rel_tol=1e-6):
                return place
    return None
    ### END SOLUTION


# %% [raw] lang="zh"
# Where a derivation goes wrong. → 推导从哪里开始出错。
# Two numbers agree if they differ by at most a millionth of the larger in size.
# → 两数之差不超过绝对值较大者的百万分之一，就算一致。
# Args:
#     lines: functions of one number; each is said to equal the one before.
#     points: the numbers at which they are compared.
# → 参数：
#       lines: 一元函数的列表；每一个都说等于前一个。
#       points: 在这些数上比较。
# Returns:
#     The place, counted from 0, of the first line that differs from the one before
#     at some point; None if all lines agree at all points.
# → 返回：
#       第一个在某点上与前一行不同的行的位置，从 0 数起；
#       若所有行在所有点上都一致，则返回 None。

# %% check="first_wrong_line"
square = [lambda t: (t - 3) ** 2, lambda t: t**2 - 6 * t + 9, lambda t: t * (t - 6) + 9]
advice = "all lines agree: there is no error to find"
bm.expect.true(first_wrong_line(square, [2.0, -1.5, 7.0]) is None, advice)
slip = [*square, lambda t: t * (t - 6) - 9, lambda t: t**2 - 6 * t - 9]
advice = "the first line that differs from the line before has place 3"
bm.expect.equal(first_wrong_line(slip, [2.0, -1.5, 7.0]), 3, advice)
turned = [lambda t: 3 - t, lambda t: t - 3]
bm.expect.equal(first_wrong_line(turned, [2.0]), 1, "a turned sign is an error too")
chance = [lambda t: t**2, lambda t: 2 * t]
advice = "at 2 both lines are 4, by chance: try all points"
bm.expect.equal(first_wrong_line(chance, [2.0, 3.0]), 1, advice)
### BEGIN HIDDEN TESTS
late = [*square, lambda t: (t - 3) ** 2 + t - 7]
advice = "two errors: tell the first"
bm.expect.equal(first_wrong_line([*slip, *chance], [5.0, 2.0]), 3, advice)
bm.expect.equal(first_wrong_line(late, [7.0, 8.0]), 3, "try all points")
bm.expect.equal(first_wrong_line([*late, *turned], [7.0]), 4, "agree at this point")
for size in (1e-9, 1.0, -1e9):
    near = [lambda t, c=size: c * t, lambda t, c=size: c * t * (1 + 0.9e-6)]
    far = [lambda t, c=size: c * t, lambda t, c=size: c * t * (1 + 1.2e-6)]
    advice = "agree: they differ by less than a millionth of the larger"
    bm.expect.true(first_wrong_line(near, [3.0]) is None, advice)
    advice = "they differ by more than a millionth of the larger"
    bm.expect.equal(first_wrong_line(far, [3.0]), 1, advice)
bm.expect.true(first_wrong_line(square[:1], [1.0]) is None, "a single line is right")
drift = [lambda t, k=k: t * (1 + 0.6e-6 * k) for k in range(4)]
advice = "each line is compared with the one before, not with the first"
bm.expect.true(first_wrong_line(drift, [3.0]) is None, advice)
advice = "line 1 differs at the second point: it comes before line 2"
cube = [lambda t: t, lambda t: t**3, lambda t: t**3 + 1]
bm.expect.equal(first_wrong_line(cube, [1.0, 2.0]), 1, advice)
advice = "one point is enough: errors at two points must not cancel"
bm.expect.equal(first_wrong_line(cube[:2], [2.0, -2.0]), 1, advice)
advice = "they differ at the last of the points"
bm.expect.equal(first_wrong_line(cube[:2], [0.0, 1.0, -1.0, 0.5]), 1, advice)
advice = "a line that is 0 at a point can be wrong there, or right"
bm.expect.equal(first_wrong_line([lambda t: 0 * t, lambda t: t], [4.0]), 1, advice)
bm.expect.equal(first_wrong_line([lambda t: t, lambda t: 0 * t], [4.0]), 1, advice)
bm.expect.true(first_wrong_line(square[:2], [3.0]) is None, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# all lines agree: there is no error to find → 各行都一致：没有错可找
# the first line that differs from the line before has place 3
# → 第一个与前一行不同的行，位置是 3
# a turned sign is an error too → 符号反了也是错
# at 2 both lines are 4, by chance: try all points → 在 2 处两行碰巧都是 4：每个点都要试
# two errors: tell the first → 有两处错：要报第一处
# try all points → 每个点都要试
# agree at this point → 在这个点上一致
# agree: they differ by less than a millionth of the larger
# → 算一致：相差不到较大者的百万分之一
# they differ by more than a millionth of the larger → 相差超过较大者的百万分之一
# a single line is right → 只有一行，没有错
# each line is compared with the one before, not with the first
# → 每一行要与前一行比，不是与第一行比
# line 1 differs at the second point: it comes before line 2
# → 第 1 行在第二个点上不同：它在第 2 行之前
# one point is enough: errors at two points must not cancel
# → 一个点不同就够了：两个点上的差不能互相抵消
# they differ at the last of the points → 在最后一个点上不同
# a line that is 0 at a point can be wrong there, or right
# → 某行在某点上等于 0，那里可能是错的，也可能是对的

# %% [markdown] hint="first_wrong_line"
# Two loops: over the lines from the second on, and over the points. One disagreement is
# enough; agreement must be at all points.

# %% [markdown] lang="zh" of="4734338e"
# 两层循环：外层从第二行起，内层遍历各点。一处不同就够了；一致则要每个点都一致。

# %% [markdown] hint="first_wrong_line"
# `math.isclose(a, b, rel_tol=1e-6)` compares in units of the larger. Return the place
# inside the loops, and `None` after them.

# %% [markdown] lang="zh" of="f0e0fd3f"
# `math.isclose(a, b, rel_tol=1e-6)` 以较大者为单位来比较。在循环里返回位置，
# 循环结束后返回 `None`。


# %% mistake="first_wrong_line" says="by chance"
def first_wrong_line(lines, points):
    for place in range(1, len(lines)):
        if not math.isclose(lines[place](points[0]), lines[place - 1](points[0])):
            return place
    return None


# %% mistake="first_wrong_line" says="turned sign"
def first_wrong_line(lines, points):
    for place in range(1, len(lines)):
        for p in points:
            if abs(abs(lines[place](p)) - abs(lines[place - 1](p))) > 1e-6:
                return place
    return None


# %% mistake="first_wrong_line" says="place 3"
def first_wrong_line(lines, points):
    wrong = None
    for place in range(1, len(lines)):
        for p in points:
            if not math.isclose(lines[place](p), lines[0](p), rel_tol=1e-6):
                wrong = place
    return wrong


# %% mistake="first_wrong_line" says="millionth"
def first_wrong_line(lines, points):
    for place in range(1, len(lines)):
        for p in points:
            if abs(lines[place](p) - lines[place - 1](p)) > 1e-6:
                return place
    return None


# %% mistake="first_wrong_line" says="not with the first"
def first_wrong_line(lines, points):
    for place in range(1, len(lines)):
        for p in points:
            if not math.isclose(lines[place](p), lines[0](p), rel_tol=1e-6):
                return place
    return None


# %% mistake="first_wrong_line" says="before line 2"
def first_wrong_line(lines, points):
    for p in points:
        for place in range(1, len(lines)):
            if not math.isclose(lines[place](p), lines[place - 1](p), rel_tol=1e-6):
                return place
    return None


# %% mistake="first_wrong_line" says="must not cancel"
def first_wrong_line(lines, points):
    sums = [sum(line(p) for p in points) for line in lines]
    for place, (above, here) in enumerate(itertools.pairwise(sums), start=1):
        if not math.isclose(above, here, rel_tol=1e-6):
            return place
    return None


# %% mistake="first_wrong_line" says="0 at a point"
def first_wrong_line(lines, points):
    for place in range(1, len(lines)):
        for p in points:
            above, here = lines[place - 1](p), lines[place](p)
            if above and abs(here / above - 1) > 1e-6:
                return place
    return None


# %% variant="first_wrong_line"
def first_wrong_line(lines, points):
    values = [[line(point) for point in points] for line in lines]
    for place, (above, here) in enumerate(itertools.pairwise(values), start=1):
        for a, b in zip(above, here, strict=True):
            if abs(a - b) > 1e-6 * max(abs(a), abs(b)):
                return place
    return None


# %% [markdown]
# Now the derivation of §4.2.1, with one line more than is printed, for the model
# $\hat y=\theta x$. Its first line is a finite difference: it knows no chain rule and
# cannot share our mistake. The last line is the printed one.

# %% [markdown] lang="zh" of="1d8d8017"
# 现在轮到 §4.2.1 的推导，模型取 $\hat y=\theta x$，比原文多写一行。第一行是有限差分：
# 它不懂链式法则，也就不会跟我们犯同样的错。最后一行是原文的。


# %%
x, y = 2.0, 3.0


def J(theta):
    return 0.5 * (y - theta * x) ** 2


lines = {
    "finite difference": lambda t: (J(t + 1e-4) - J(t - 1e-4)) / 2e-4,
    "(y − ŷ) · ∂(y − ŷ)/∂θ": lambda t: (y - t * x) * -x,
    "y − ŷ": lambda t: y - t * x,
}
wrong = first_wrong_line(list(lines.values()), [0.3, 1.1, -2.0])
print(f"first wrong line: {list(lines)[wrong]}")

# %% [raw] lang="zh"
# finite difference → 有限差分
# first wrong line: {list(lines)[wrong]} → 第一处错误：{list(lines)[wrong]}

# %% [markdown]
# The chain rule is lost between the last two lines: the derivative of $y-\hat y$ is
# $-\partial\hat y/\partial\theta$, not 1. For the mean over $n$ examples and any model,
#
# $$\nabla_\theta\,\frac1n\sum_i\tfrac12(y_i-\hat y_i)^2
# =\frac1n\sum_i(\hat y_i-y_i)\,\frac{\partial\hat y_i}{\partial\theta}
# \label{gradient}$$
#
# We execute it for $\hat y=\theta_1\tanh(\theta_2 x)$.

# %% [markdown] lang="zh" of="228b070b"
# 最后两行之间丢了链式法则：$y-\hat y$ 的导数是 $-\partial\hat y/\partial\theta$，不是
# 1。对 $n$ 个样本求均值，无论什么模型，都有
#
# $$\nabla_\theta\,\frac1n\sum_i\tfrac12(y_i-\hat y_i)^2
# =\frac1n\sum_i(\hat y_i-y_i)\,\frac{\partial\hat y_i}{\partial\theta}
# \label{gradient}$$
#
# 我们对 $\hat y=\theta_1\tanh(\theta_2 x)$ 来执行它。

# %% equation="gradient" of="d32778fd"
x, y = torch.randn(2, 6)
theta = torch.tensor([1.3, -0.7], requires_grad=True)
loss = 0.5 * ((y - theta[0] * torch.tanh(theta[1] * x)) ** 2).mean()
(measured,) = torch.autograd.grad(loss, theta)
hyper = torch.tanh(theta[1] * x).detach()
first, second = theta.tolist()
y_hat, slopes = first * hyper, torch.stack([hyper, first * x * (1 - hyper**2)])
bm.equation("gradient", measured, slopes @ (y_hat - y) / len(y))


# %%
def worst(a, b):
    """Largest difference, in units of the largest entry of b."""
    return float((a - b).abs().max() / b.abs().max())


leaf = y_hat.clone().requires_grad_()
(by_prediction,) = torch.autograd.grad(0.5 * ((y - leaf) ** 2).sum(), leaf)
as_printed, repaired = (y - y_hat).mean(), slopes @ (y_hat - y) / len(y)
errors["gradient"] = worst(as_printed, measured), worst(repaired, measured)
settle(
    "gradient",
    {
        "as printed": errors["gradient"][0] < 1e-6,
        "as the gradient with respect to ŷ": worst(y - y_hat, by_prediction) < 1e-6,
    },
    f"relative error {worst(as_printed, measured):.2f}",
)

# %% [raw] lang="zh"
# Largest difference, in units of the largest entry of b.
# → 最大差异，以 b 的最大元素为单位。
# as printed → 照原文
# as the gradient with respect to ŷ → 看作对 ŷ 的梯度
# relative error {worst(as_printed, measured):.2f}
# → 相对误差 {worst(as_printed, measured):.2f}

# %% [markdown]
# The kinder reading, a gradient with respect to $\hat y$, fails as well: its sign is
# turned round.
#
# ## The two lines of backpropagation

# %% [markdown] lang="zh" of="247f72ac"
# 更宽厚的读法是把它看作对 $\hat y$ 的梯度，也不成立：符号反了。
#
# ## 反向传播的两行

# %% [markdown] quote="§4.2.2"
# $$ \delta_L = \nabla_{\hat{y}} J(\theta) \cdot \sigma'(\hat{y}) $$
#
# where $\sigma'(\hat{y})$ is the derivative of the output layer's activation
# function. …
#
# $$ \delta_l = \nabla_{z_l} J(\theta) \cdot \sigma'(z_l) = \delta_{l+1} \cdot
# \sigma'(z_l) \cdot W_{l+1} $$

# %% [markdown] lang="zh" of="af78d3f4"
# $$ \delta_L = \nabla_{\hat{y}} J(\theta) \cdot \sigma'(\hat{y}) $$
#
# 其中，$\sigma'(\hat{y})$ 是输出层激活函数的导数。……
#
# $$ \delta_l = \nabla_{z_l} J(\theta) \cdot \sigma'(z_l) = \delta_{l+1} \cdot
# \sigma'(z_l) \cdot W_{l+1} $$

# %% [markdown]
# **What would have to be true?** Both sides must have the same shape, and $\delta$ must
# be $\partial J/\partial z$, for it is used as that. Take a network 3 → 4 → 2 with
# sigmoid, move each pre-activation $z$ a little, and see how $J$ changes. That measures
# the truth without a formula.

# %% [markdown] lang="zh" of="6dde74d3"
# **要让它成立，什么必须为真？** 两边的形状必须相同；$\delta$ 也必须是用它时所指的那个
# 量，即 $\partial J/\partial z$。取一个 3 → 4 → 2 的 sigmoid 网络，把每个预激活 $z$ 移
# 动一点点，看 $J$ 怎样变。不用任何公式，就量出了真相。


# %%
def sigma(z):
    return 1 / (1 + torch.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1 - sigma(z))


x, y = torch.randn(3), torch.rand(2)
W1, W2 = torch.randn(4, 3), torch.randn(2, 4)
z1 = W1 @ x  # (4,)
z2 = W2 @ sigma(z1)  # (2,)
y_hat = sigma(z2)


# %%
def J_of_z2(z):
    return 0.5 * ((sigma(z) - y) ** 2).sum()


def J_of_z1(z):
    return J_of_z2(W2 @ sigma(z))


def nudge(J, z, h=1e-6):
    """∂J/∂z by moving one entry at a time."""
    return torch.stack([(J(z + e) - J(z - e)) / (2 * h) for e in h * torch.eye(len(z))])


measured = nudge(J_of_z1, z1), nudge(J_of_z2, z2)  # (4,), (2,)
printed_out = (y_hat - y) * sigma_prime(y_hat)
printed_middle = measured[0] * sigma_prime(z1)  # ∇J(z)·σ′(z)
try:
    (measured[1] * sigma_prime(z1)) @ W2
    fits = True
except RuntimeError as error:
    fits = False
    print(f"the last expression cannot be computed: {error}")

# %% [raw] lang="zh"
# ∂J/∂z by moving one entry at a time. → 每次移动一个元素，求 ∂J/∂z。
# the last expression cannot be computed: {error} → 最后一个式子算不出来：{error}

# %% [markdown]
# By the chain rule $z_l$ acts on $J$ through $z_{l+1}=W_{l+1}\sigma(z_l)$ alone. So
# $\partial J/\partial z_l$ collects the errors above with the weights that lead there,
# times its own $\sigma'$:
#
# $$\frac{\partial J}{\partial z_D}=(\hat y-y)\odot\sigma'(z_D) \label{delta-output}$$
#
# $$\frac{\partial J}{\partial z_l}
# =\bigl(W_{l+1}^\top\delta_{l+1}\bigr)\odot\sigma'(z_l) \label{delta-hidden}$$
#
# with $D$ layers (the document's $L$), $\odot$ entry by entry, and the first for
# $J=\frac12\lVert y-\hat y\rVert^2$.

# %% [markdown] lang="zh" of="b5cc05bc"
# 由链式法则，$z_l$ 只通过 $z_{l+1}=W_{l+1}\sigma(z_l)$ 影响 $J$。所以
# $\partial J/\partial z_l$ 就是把上一层的误差按通往那里的权重汇总，再乘以自己的
# $\sigma'$：
#
# $$\frac{\partial J}{\partial z_D}=(\hat y-y)\odot\sigma'(z_D) \label{delta-output}$$
#
# $$\frac{\partial J}{\partial z_l}
# =\bigl(W_{l+1}^\top\delta_{l+1}\bigr)\odot\sigma'(z_l) \label{delta-hidden}$$
#
# 其中共有 $D$ 层（原文记作 $L$），$\odot$ 表示逐个分量相乘，第一式对应
# $J=\frac12\lVert y-\hat y\rVert^2$。

# %% equation="delta-output" of="03234d5f"
bm.equation("delta-output", measured[1], (y_hat - y) * sigma_prime(z2), atol=1e-8)

# %% equation="delta-hidden" of="a83c1089"
delta2 = (y_hat - y) * sigma_prime(z2)
right = (W2.T @ delta2) * sigma_prime(z1)
bm.equation("delta-hidden", measured[0], right, atol=1e-8)

# %% [markdown]
# Here the printed product fails with an error message, and that is luck. Dangerous
# formulas compute without complaint. Choose a network in which this one does: the
# product can be computed, has the right shape, and is wrong all the same.

# %% [markdown] lang="zh" of="00cc34c3"
# 在这里，原文的乘积会报错，这算走运。危险的公式一声不响就算出来了。
# 请选一个网络，让它正是如此：乘积算得出来，形状也对，结果却是错的。


# %% exercise="silent_sizes" points=2 minutes=6 level=3
def silent_sizes() -> tuple[int, int]:
    """Widths with which the printed hidden δ is computed, and wrong.

    Printed: δ₁ = (δ₂ · σ′(z₁)) @ W₂, with · entry by entry, as PyTorch computes it.
    W₂: (outputs, hidden); z₁: (hidden,); δ₂: (outputs,).

    Returns:
        (hidden, outputs): whole numbers from 1 to 9. The printed δ₁ has the shape
        (hidden,) and is not the right one.
    """
    ### BEGIN SOLUTION
    return 5, 5
    ### END SOLUTION


# %% [raw] lang="zh"
# Widths with which the printed hidden δ is computed, and wrong.
# → 给出层宽，使原文的隐藏层 δ 算得出来，却是错的。
# Printed: δ₁ = (δ₂ · σ′(z₁)) @ W₂, with · entry by entry, as PyTorch computes it.
# W₂: (outputs, hidden); z₁: (hidden,); δ₂: (outputs,).
# → 原文：δ₁ = (δ₂ · σ′(z₁)) @ W₂，· 为逐个分量相乘，按 PyTorch 的规则计算。
#   W₂：(outputs, hidden)；z₁：(hidden,)；δ₂：(outputs,)。
# Returns:
#     (hidden, outputs): whole numbers from 1 to 9. The printed δ₁ has the shape
#     (hidden,) and is not the right one.
# → 返回：
#       (hidden, outputs)：1 到 9 的整数。原文的 δ₁ 形状是 (hidden,)，
#       但与正确的不同。

# %% check="silent_sizes"
sizes = bm.expect.several(silent_sizes(), 2, "two widths: hidden, outputs")
bm.expect.true(all(size in range(1, 10) for size in sizes), "whole numbers, 1 to 9")
hidden, outputs = (int(size) for size in sizes)
g = torch.Generator().manual_seed(4)
delta, weights = (
    torch.randn(shape, generator=g) for shape in ((outputs,), (outputs, hidden))
)
slope = torch.rand(hidden, generator=g) + 0.5
fit = outputs in (1, hidden) or hidden == 1  # entry by entry, a 1 is repeated
advice = "δ₂ · σ′(z₁) cannot be computed: entry by entry, lengths must agree"
bm.expect.true(fit, advice)
both = delta * slope
advice = "(δ₂ · σ′(z₁)) @ W₂ cannot be computed: it needs as many entries as outputs"
bm.expect.true(len(both) == outputs, advice)
advice = "with one hidden neuron σ′ is a number, and the order of factors is free"
bm.expect.true(not torch.allclose(both @ weights, weights.T @ delta * slope), advice)
### BEGIN HIDDEN TESTS
bm.expect.true(hidden > 1, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# two widths: hidden, outputs → 两个层宽：hidden、outputs
# whole numbers, 1 to 9 → 要 1 到 9 的整数
# entry by entry, a 1 is repeated → 逐个分量相乘时，长度为 1 的会重复
# δ₂ · σ′(z₁) cannot be computed: entry by entry, lengths must agree
# → δ₂ · σ′(z₁) 算不出来：逐个分量相乘，长度必须一致
# (δ₂ · σ′(z₁)) @ W₂ cannot be computed: it needs as many entries as outputs
# → (δ₂ · σ′(z₁)) @ W₂ 算不出来：分量的个数要等于输出的个数
# with one hidden neuron σ′ is a number, and the order of factors is free
# → 只有一个隐藏神经元时，σ′ 是一个数，因子的次序随意

# %% [markdown] hint="silent_sizes"
# Which two vectors are multiplied entry by entry, and how long is each?

# %% [markdown] lang="zh" of="a6ee8cd0"
# 逐个分量相乘的是哪两个向量？各有多长？

# %% [markdown] hint="silent_sizes"
# They have `outputs` and `hidden` entries. Make these equal. But with one neuron each
# there is only one product of three numbers, and it is right.

# %% [markdown] lang="zh" of="967f71a8"
# 它们各有 `outputs` 个和 `hidden` 个分量，让两者相等。但各只有一个神经元时，
# 乘积只是三个数相乘，那是对的。


# %% mistake="silent_sizes" says="lengths must agree"
def silent_sizes():
    return 4, 2


# %% mistake="silent_sizes" says="as many entries as outputs"
def silent_sizes():
    return 4, 1


# %% mistake="silent_sizes" says="one hidden neuron"
def silent_sizes():
    return 1, 3


# %% mistake="silent_sizes" says="one hidden neuron"
def silent_sizes():
    return 1, 1


# %% variant="silent_sizes"
def silent_sizes():
    return [2, 2]


# %% [raw] excuse="silent_sizes"
# the result is in reverse order: both widths are the same


# %% fold
errors["delta_out"] = (
    worst(printed_out, measured[1]),
    worst((y_hat - y) * sigma_prime(z2), measured[1]),
)
by_output = (y_hat - y) * y_hat * (1 - y_hat)  # σ′ as it follows from σ's value
errors["delta_hidden"] = worst(printed_middle, measured[0]), worst(right, measured[0])
as_row = (delta2 @ W2) * sigma_prime(z1)
settle(
    "delta_out",
    {
        "σ′ at ŷ": errors["delta_out"][0] < 1e-6,
        "σ′ told from ŷ: ŷ(1 − ŷ)": worst(by_output, measured[1]) < 1e-6,
    },
    f"relative error {worst(printed_out, measured[1]):.2f}",
)
settle(
    "delta_hidden",
    {
        "both expressions": fits and errors["delta_hidden"][0] < 1e-6,
        "the last, δ as a row, reordered": worst(as_row, measured[0]) < 1e-6,
    },
    f"the middle one: relative error {worst(printed_middle, measured[0]):.2f}",
)

# %% [raw] lang="zh"
# σ′ as it follows from σ's value → 由 σ 的值求出的 σ′
# σ′ at ŷ → σ′ 取在 ŷ 处
# σ′ told from ŷ: ŷ(1 − ŷ) → 由 ŷ 求 σ′：ŷ(1 − ŷ)
# relative error {worst(printed_out, measured[1]):.2f}
# → 相对误差 {worst(printed_out, measured[1]):.2f}
# both expressions → 两个式子
# the last, δ as a row, reordered → 后一个，δ 为行向量，换次序
# the middle one: relative error {worst(printed_middle, measured[0]):.2f}
# → 中间的式子：相对误差 {worst(printed_middle, measured[0]):.2f}

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
parts = zip(axes, measured, (printed_middle, printed_out), (right, delta2), strict=True)
for ax, truth, as_printed, repaired in parts:
    place = np.arange(len(truth))
    ax.bar(place, truth, 0.6, color="#c9d1dc", label="measured")
    ax.plot(place, as_printed, "x", ms=10, mew=2, color="#c2410c", label="as printed")
    ax.plot(place, repaired, "o", ms=7, color="#1b3a6b", label="repaired")
    ax.set(xlabel="neuron", xticks=place)
axes[0].set(ylabel="δ = ∂J/∂z", title="hidden layer (the middle expression)")
axes[1].set(title="output layer")
axes[1].legend(fontsize=8)
alt = (
    "Two panels, hidden and output layer. Bars are the measured slopes; the repaired "
    "dots sit on their ends, the crosses of the printed formulas do not."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# measured → 测得
# as printed → 原文
# repaired → 修正后
# neuron → 神经元
# hidden layer (the middle expression) → 隐藏层（中间的式子）
# output layer → 输出层
# Two panels, hidden and output layer. Bars are the measured slopes; the repaired dots
# sit on their ends, the crosses of the printed formulas do not.
# → 两幅图，隐藏层与输出层。柱子是测得的斜率；修正后的圆点落在柱顶，原文的叉不在。

# %% [markdown]
# The bars are the truth. $\sigma'$ at $\hat y$ is wrong as the symbols are defined. But
# many texts mean by it "the derivative, told from the output", for the sigmoid
# $\hat y(1-\hat y)$. So read, the first line holds. Nothing saves the middle of the
# second: $\delta_l$ *is* $\nabla_{z_l}J$, without another $\sigma'$.
#
# ## A draw, and a sum over everything

# %% [markdown] lang="zh" of="ed4abb9a"
# 柱子是真相。按符号的定义，$\sigma'$ 取在 $\hat y$ 处是错的。不过许多书这样写时，意思是
# “由输出求得的导数”，对 sigmoid 就是 $\hat y(1-\hat y)$。这样读，第一行成立。第二行中间
# 的式子则怎么也救不回来：$\delta_l$ *就是* $\nabla_{z_l}J$，不该再乘 $\sigma'$。
#
# ## 抽了一批，却对全部求和

# %% [markdown] quote="§4.2.3"
# Suppose the data set has $n$ examples; training goes as follows: …
#
# **Choose a subset of examples at random**:
#
# $$ \{x_i, y_i\} $$ …
#
# **Compute the loss function and its gradient**:
#
# $$ J(\theta) = \frac{1}{n} \sum_{i=1}^n (y_i - \hat{y}_i)^2 $$

# %% [markdown] lang="zh" of="01535cd4"
# 假设数据集包含 $n$ 个样本，训练过程如下：……
#
# **随机选择样本子集**：
#
# $$ \{x_i, y_i\} $$ ……
#
# **计算损失函数和梯度**：
#
# $$ J(\theta) = \frac{1}{n} \sum_{i=1}^n (y_i - \hat{y}_i)^2 $$

# %% [markdown]
# **What would have to be true?** That depends on the reading, and there are three. The
# sum runs over all $n$, and the draw changes nothing. Or it runs over the draw $B$ and
# is divided by $n$. Or $n$ is silently the size of the draw: the mean over $B$.
#
# Suppose you have only a program, and not its text. Which of the three does it use?
# Design the experiment: which batches do you try?

# %% [markdown] lang="zh" of="6fc86044"
# **要让它成立，什么必须为真？** 这要看怎么读，读法有三种。一是对全部 $n$ 个求和，
# 那么抽样什么也没改变；二是对抽出的 $B$ 求和，再除以 $n$；
# 三是这里的 $n$ 其实指抽出的个数，即对 $B$ 求平均。
#
# 假如你手上只有程序，看不到代码，它用的是哪一种？请设计实验：该拿哪几批来试？


# %% exercise="which_reading" points=3 minutes=8 level=3
def which_reading(loss):
    """Which of three losses a program uses, told from what it returns.

    Args:
        loss: a function. loss(batch) is a number; batch is a list of the places of the
            drawn examples, from 0, and may name a place twice. There are two examples
            or more. Alone, each has a loss of its own: positive, and no two alike.

    Returns:
        "all" if it is the mean over all n examples, whatever was drawn;
        "sum/n" if it is the sum over the batch, divided by n;
        "mean" if it is the mean over the batch.
    """
    ### BEGIN SOLUTION
    one, other, twice = loss([0]), loss([1]), loss([0, 0])
    if math.isclose(one, other):
        return "all"
    return "mean" if math.isclose(one, twice) else "sum/n"
    ### END SOLUTION


# %% [raw] lang="zh"
# Which of three losses a program uses, told from what it returns.
# → 由返回值判断一个程序用的是三种损失中的哪一种。
# Args:
#     loss: a function. loss(batch) is a number; batch is a list of the places of the
#         drawn examples, from 0, and may name a place twice. There are two examples
#         or more. Alone, each has a loss of its own: positive, and no two alike.
# → 参数：
#       loss: 函数。loss(batch) 是一个数；batch 是抽中样本的位置的列表，从 0 数起，
#           同一个位置可以出现两次。样本至少有两个。
#           每个样本单独的损失都是正数，互不相同。
# Returns:
#     "all" if it is the mean over all n examples, whatever was drawn;
#     "sum/n" if it is the sum over the batch, divided by n;
#     "mean" if it is the mean over the batch.
# → 返回：
#       "all"：无论抽到谁，都是对全部 n 个样本的平均；
#       "sum/n"：对这一批求和，再除以 n；
#       "mean"：对这一批求平均。


# %% check="which_reading"
def programs(values):
    """The three losses over examples with these losses of their own."""
    n = len(values)
    return {
        "all": lambda batch: sum(values) / n,
        "sum/n": lambda batch: sum(values[i] for i in batch) / n,
        "mean": lambda batch: sum(values[i] for i in batch) / len(batch),
    }


advice = "a batch of all n examples has the same loss in all three readings"
for name, one in programs([4.0, 1.0, 9.0, 2.5]).items():
    told = which_reading(one)
    bm.expect.true(told in ("all", "sum/n", "mean"), "one of all, sum/n and mean")
    bm.expect.equal(told, name, advice)
### BEGIN HIDDEN TESTS
advice = "two examples, and other losses: compare batches, do not rely on values"
many = ([1.0, 3.0], [3.0, 1.0], [2.0, 1.0, 3.0, 0.5, 7.0], [1.0, 2.0, 0.1])
for values in (*many, [3e-5, 1e-5, 4e-5], [1.0, 1.0001, 0.9999]):
    for name, one in programs(values).items():
        bm.expect.equal(which_reading(one), name, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# The three losses over examples with these losses of their own.
# → 给定各样本单独的损失，返回三种损失。
# a batch of all n examples has the same loss in all three readings
# → 用全部 n 个样本作一批，三种读法的损失都相同
# one of all, sum/n and mean → 要返回 all、sum/n、mean 之一
# two examples, and other losses: compare batches, do not rely on values
# → 两个样本，另一些损失：要比较不同的批，不要依赖具体数值

# %% [markdown] hint="which_reading"
# Does the answer depend on who was drawn? And then: does it grow when the same example
# is drawn twice?

# %% [markdown] lang="zh" of="89e84eda"
# 结果与抽到谁有关吗？再问：同一个样本抽两次，结果会变大吗？

# %% [markdown] hint="which_reading"
# Three calls are enough: `loss([0])`, `loss([1])`, `loss([0, 0])`. Which are equal in
# each reading?

# %% [markdown] lang="zh" of="69bc7dc9"
# 调用三次就够：`loss([0])`、`loss([1])`、`loss([0, 0])`。每种读法中哪些相等？


# %% mistake="which_reading" says="all n examples"
def which_reading(loss):
    everything, two = loss([0, 1, 2, 3]), loss([0, 1, 2, 3, 0, 1, 2, 3])
    return "mean" if math.isclose(everything, two) else "sum/n"


# %% mistake="which_reading" says="two examples"
def which_reading(loss):
    one, both = loss([0]), loss([0, 1])
    if math.isclose(one, both):
        return "all"
    return "mean" if both < one else "sum/n"


# %% mistake="which_reading" says="one of all"
def which_reading(loss):
    return {4.125: "all", 1.0: "sum/n"}.get(loss([0]))


# %% mistake="which_reading" says="do not rely on values"
def which_reading(loss):
    one, other, twice = loss([0]), loss([1]), loss([0, 0])
    if abs(one - other) < 1e-3:
        return "all"
    return "mean" if abs(one - twice) < 1e-3 else "sum/n"


# %% variant="which_reading"
def which_reading(loss):
    first, more = loss([1]), loss([1, 1, 1])
    if abs(more - 3 * first) < 1e-9 * more:
        return "sum/n"
    return "all" if abs(loss([0]) - first) < 1e-9 * first else "mean"


# %% [markdown]
# Only the third is the loss of a step that depends on the draw and has the right size
# on average:
#
# $$\mathbb E_B\Bigl[\frac1{|B|}\sum_{i\in B}(y_i-\hat y_i)^2\Bigr]
# =\frac1n\sum_{i=1}^n(y_i-\hat y_i)^2 \label{batch}$$
#
# Each example is in the same number of batches. So in the mean over all batches each
# counts alike. The estimate is unbiased, and since differentiating is linear its
# gradient is, too. Eight examples have 28 batches of two: the expectation is a mean of
# 28 numbers, without sampling error.

# %% [markdown] lang="zh" of="c20e4096"
# 只有第三种，既与抽到谁有关，平均起来大小又正好：
#
# $$\mathbb E_B\Bigl[\frac1{|B|}\sum_{i\in B}(y_i-\hat y_i)^2\Bigr]
# =\frac1n\sum_{i=1}^n(y_i-\hat y_i)^2 \label{batch}$$
#
# 每个样本所在的批数都相同，所以对所有批求平均时，各个样本的分量一样。这个估计是无偏的；
# 求导是线性运算，所以它的梯度也无偏。八个样本，两个一批，共有 28 种抽法：
# 期望就是 28 个数的平均，没有抽样误差。

# %% equation="batch" of="74368117"
n, size = 8, 2
x, y, theta = torch.randn(n, 2), torch.randn(n), torch.randn(2)
batches = list(itertools.combinations(range(n), size))
squares = (y - x @ theta) ** 2
drawn = [sum(squares[i] for i in B) / size for B in batches]
bm.equation("batch", torch.stack(drawn).mean(), ((y - x @ theta) ** 2).sum() / n)


# %%
def batch_gradient(batch, divisor):
    drawn = list(batch)
    return 2 * x[drawn].T @ (x[drawn] @ theta - y[drawn]) / divisor


programs = {
    "over all n": lambda B: batch_gradient(range(n), n),
    "over the draw, divided by n": lambda B: batch_gradient(B, n),
    "n is the size of the draw": lambda B: batch_gradient(B, size),
}
full = batch_gradient(range(n), n)
steps = {how: torch.stack([one(B) for B in batches]) for how, one in programs.items()}
off = {how: worst(all_steps.mean(0), full) for how, all_steps in steps.items()}
works = {
    how: bool(s.std(0).max() > 1e-9 and off[how] < 1e-6) for how, s in steps.items()
}
_, shrunk, every = steps.values()  # (28, 2) each
errors["batch"] = off["over the draw, divided by n"], off["n is the size of the draw"]
told = f"divided by n the mean step is {float(shrunk.mean(0).norm() / full.norm()):.2f}"
settle("batch", works, f"{told} as long")

# %% [raw] lang="zh"
# over all n → 对全部 n 个
# over the draw, divided by n → 对抽出的求和，除以 n
# n is the size of the draw → n 指抽出的个数
# divided by n the mean step is {float(shrunk.mean(0).norm() / full.norm()):.2f}
# → 除以 n 时，平均步长是应有的 {float(shrunk.mean(0).norm() / full.norm()):.2f} 倍
# {told} as long → {told}
# (28, 2) each → 各为 (28, 2)

# %% [markdown]
# A reading passes here if the steps differ from draw to draw and their mean is the
# gradient of all examples.

# %% [markdown] lang="zh" of="9841c960"
# 这里通过的条件是：每次抽样走的步不同，而它们的平均等于全部样本的梯度。

# %% fold
fig, ax = plt.subplots(figsize=(5.6, 3.6))
ax.plot(*every.T, "o", ms=5, alpha=0.6, ls="", label="mean over the batch")
ax.plot(*shrunk.T, "x", ms=5, ls="", label="batch's sum, divided by n")
ax.plot(*full, "k*", ms=16, ls="", label="gradient of all n")
ax.plot(*every.mean(0), "wo", ms=5, mec="k", ls="", label="mean of the 28")
ax.set(xlabel="∂J/∂θ₁", ylabel="∂J/∂θ₂")
ax.legend(fontsize=8)
alt = (
    "The gradients of all 28 batches scatter around the gradient of all examples, and "
    "their mean lies on it; divided by n they lie closer to zero."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# mean over the batch → 对这一批求平均
# batch's sum, divided by n → 这一批之和除以 n
# gradient of all n → 全部样本的梯度
# mean of the 28 → 28 批的平均
# The gradients of all 28 batches scatter around the gradient of all examples, and their
# mean lies on it; divided by n they lie closer to zero.
# → 28 批的梯度散布在总梯度周围，平均正好落在它上面；若除以 n，就都更靠近零。

# %% [markdown]
# ## What is μ?

# %% [markdown] lang="zh" of="a41338cc"
# ## μ 是什么？

# %% [markdown] quote="§4.1.2"
# Adam is an optimisation algorithm that combines the advantages of SGD and RMSprop; its
# update formulas are:
#
# $$ m_t = \beta_1 m_{t-1} + (1 - \beta_1) [g_t - \mu_t] $$
# $$ v_t = \beta_2 v_{t-1} + (1 - \beta_2) [g_t^2 - \mu_t^2] $$
# $$ \theta = \theta - \alpha \cdot \frac{m_t}{\sqrt{v_t} + \epsilon} $$

# %% [markdown] lang="zh" of="48d0f0aa"
# Adam是结合了SGD和RMSprop优点的优化算法，其更新公式如下：
#
# $$ m_t = \beta_1 m_{t-1} + (1 - \beta_1) [g_t - \mu_t] $$
# $$ v_t = \beta_2 v_{t-1} + (1 - \beta_2) [g_t^2 - \mu_t^2] $$
# $$ \theta = \theta - \alpha \cdot \frac{m_t}{\sqrt{v_t} + \epsilon} $$

# %% [markdown]
# $\mu_t$ is explained nowhere. A symbol without a definition is no error yet; it is a
# question. **What could it be?** We try three answers: zero; the running mean of the
# gradient, for which $m_{t-1}$ stands; and the mean over the entries of $g_t$. The loss
# is $J=\frac12(\theta_1^2+5\,\theta_2^2)$. Does one of them take PyTorch's path?

# %% [markdown] lang="zh" of="d5576c24"
# $\mu_t$ 没有任何说明。没有定义的符号还算不上错，它是一个问题。**它可能是什么？**
# 我们试三种答案：零；梯度的滑动平均，也就是 $m_{t-1}$；$g_t$ 各分量的平均。
# 损失取 $J=\frac12(\theta_1^2+5\,\theta_2^2)$。有没有哪一种走的是 PyTorch 的路径？


# %%
def adam_path(mu, corrected=False, lr=0.05, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """60 steps of the printed Adam, with or without bias correction: (61, 2)."""
    path, m, v = [torch.tensor([1.0, -3.0])], torch.zeros(2), torch.zeros(2)
    for t in range(1, 61):
        g = torch.tensor([1.0, 5.0]) * path[-1]
        mean = mu(g, m)
        m = beta1 * m + (1 - beta1) * (g - mean)
        v = beta2 * v + (1 - beta2) * (g**2 - mean**2)
        m_hat, v_hat = (m / (1 - beta1**t), v / (1 - beta2**t)) if corrected else (m, v)
        path.append(path[-1] - lr * m_hat / (v_hat.sqrt() + epsilon))
    return torch.stack(path)


# %% [raw] lang="zh"
# 60 steps of the printed Adam, with or without bias correction: (61, 2).
# → 按原文的 Adam 走 60 步，可带或不带偏差修正：(61, 2)。

# %% fold
point = torch.tensor([1.0, -3.0], requires_grad=True)
optimizer, path = torch.optim.Adam([point], lr=0.05), [point.detach().clone()]
for _ in range(60):
    optimizer.zero_grad()
    (0.5 * torch.tensor([1.0, 5.0]) * point**2).sum().backward()
    optimizer.step()
    path.append(point.detach().clone())
torchs = torch.stack(path)  # (61, 2)
zero = adam_path(lambda g, m: 0 * g)
tried = {
    "μ = 0": zero,
    "μ = m": adam_path(lambda g, m: m),
    "μ = mean of g": adam_path(lambda g, m: g.mean()),
    "μ = 0, both moments corrected": adam_path(lambda g, m: 0 * g, corrected=True),
}
gaps = {name: (path - torchs).abs().max().item() for name, path in tried.items()}
first_gap, *_, last_gap = gaps.values()
errors["adam"] = first_gap, last_gap
first_step = float((zero[1] - zero[0])[0].abs() / 0.05)
told = f"with μ = 0 the first step is {first_step:.1f} times as long as PyTorch's"
settle("adam", {name: gap < 1e-9 for name, gap in gaps.items()}, told)
print({name: f"off by {gap:.2g}" for name, gap in gaps.items()})
other = (adam_path(lambda g, m: m, corrected=True) - torchs).abs().max().item()
print(f"μ = m, both moments corrected: off by {other:.2g}")

# %% [raw] lang="zh"
# μ = mean of g → μ = g 各分量的平均
# μ = 0, both moments corrected → μ = 0，两个矩都修正
# with μ = 0 the first step is {first_step:.1f} times as long as PyTorch's
# → μ = 0 时，第一步的长度是 PyTorch 的 {first_step:.1f} 倍
# off by {gap:.2g} → 相差 {gap:.2g}
# μ = m, both moments corrected: off by {other:.2g}
# → μ = m，两个矩都修正：相差 {other:.2g}

# %% [markdown]
# None of the three gives Adam. With the mean over the entries $v$ turns negative, and
# its root is no number (nan). With zero only one thing is missing, the **bias
# correction**: $m$ and $v$ begin at 0 and are too small at first, and
# $\hat m_t=m_t/(1-\beta_1^t)$ and $\hat v_t=v_t/(1-\beta_2^t)$ make up for it. With
# these the paths agree. The distance alone would mislead: $\mu=m$ stays nearer to
# PyTorch's path than zero does, and the same correction does not repair it.
# [Adaptive methods](lesson:adaptive-methods) derives it.
#
# ## Sentences without formulas
#
# Most of the document is words, and some words can be run as well.

# %% [markdown] lang="zh" of="cc8bb970"
# 三种读法都得不到 Adam。取各分量的平均时，$v$ 会变成负数，开方得不到数（nan）。
# 取零时只缺一样，即**偏差修正**：$m$ 和 $v$ 都从 0 起步，开头偏小，
# 用 $\hat m_t=m_t/(1-\beta_1^t)$ 和 $\hat v_t=v_t/(1-\beta_2^t)$ 来弥补。补上它，
# 路径就一致了。只看距离会受骗：$\mu=m$ 离 PyTorch 的路径比取零时更近，
# 同样的修正却补救不了它。推导见[自适应方法](lesson:adaptive-methods)。
#
# ## 没有公式的句子
#
# 文档里大多是文字，而有些文字也能拿来跑。

# %% [markdown] quote="§3.3.2"
# Suited to sequence data; can capture long-term dependencies in sequences. … Prone to
# vanishing and exploding gradients.

# %% [markdown] lang="zh" of="674a6d2f"
# 适用于序列数据处理，能够捕捉序列中的长期依赖关系。……容易出现梯度消失和梯度爆炸问题。

# %% [markdown]
# The first is listed as a strength of RNNs, the second as a weakness. **What would have
# to be true?** The last state must depend on an input of 60 steps ago. We ask the
# derivative, before any training, for several ways to start. How much influence has the
# input of 60 steps ago, compared with that of one step ago?

# %% [markdown] lang="zh" of="b0ff9438"
# 前一句列为 RNN 的优点，后一句列为缺点。**要让它成立，什么必须为真？**
# 最后的状态必须与 60 步之前的输入有关。趁还没训练，换几种初始化，问一问导数：
# 与一步之前的输入相比，60 步之前的输入还有几分影响？


# %%
def started(cell, orthogonal=False, forget=None):
    """A fresh recurrent network, 8 → 32."""
    torch.manual_seed(seed)
    net = cell(8, 32, batch_first=True)
    if orthogonal:
        nn.init.orthogonal_(net.weight_hh_l0)
    if forget is not None:
        net.bias_ih_l0.data[32:64], net.bias_hh_l0.data[32:64] = 0.0, forget
    return net


def influence(net, distance):
    """How strongly the last state depends on the input so many steps ago."""
    torch.manual_seed(seed)
    x = torch.randn(16, distance + 1, 8, requires_grad=True)
    (slope,) = torch.autograd.grad(net(x)[0][:, -1].sum(), x)
    return slope[:, 0].norm(dim=-1).mean().item()


# %% [raw] lang="zh"
# A fresh recurrent network, 8 \→ 32. → 全新的循环网络，8 → 32。
# How strongly the last state depends on the input so many steps ago.
# → 最后的状态受若干步之前的输入影响有多大。

# %%
starts = {
    "RNN": started(nn.RNN),
    "RNN, orthogonal": started(nn.RNN, orthogonal=True),
    "LSTM": started(nn.LSTM),
    "LSTM, forget bias 1": started(nn.LSTM, forget=1.0),
    "LSTM, forget bias 3": started(nn.LSTM, forget=3.0),
}
distances = [1, 3, 10, 20, 40, 60]
fading = {
    name: [influence(net, d) / influence(net, 1) for d in distances]
    for name, net in starts.items()
}
kept = {name: values[-1] for name, values in fading.items()}
told = ", ".join(f"{share:.0e}" for share in kept.values())
settle(
    "rnn",
    {name: share > 0.01 for name, share in kept.items()},
    f"influence left after 60 steps: {told}",
)

# %% [raw] lang="zh"
# RNN, orthogonal → RNN，正交初始化
# LSTM, forget bias 1 → LSTM，遗忘偏置 1
# LSTM, forget bias 3 → LSTM，遗忘偏置 3
# influence left after 60 steps: {told} → 60 步后剩下的影响：{told}

# %% fold
fig, ax = plt.subplots(figsize=(6.8, 3.2), layout="constrained")
for (name, values), mark in zip(fading.items(), "os^vD", strict=True):
    ax.semilogy(distances, values, marker=mark, label=name)
ax.set(xlabel="distance in steps", ylabel="influence, relative to one step")
ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
alt = (
    "Influence of an earlier input on a logarithmic axis, for five fresh networks: "
    "one line stays level, an LSTM with forget bias 3; the others fall by powers of "
    "ten."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# distance in steps → 相隔的步数
# influence, relative to one step → 影响（以一步为 1）
# Influence of an earlier input on a logarithmic axis, for five fresh networks: one line
# stays level, an LSTM with forget bias 3; the others fall by powers of ten.
# → 早先输入的影响，对数坐标，五个全新的网络：只有遗忘偏置为 3 的 LSTM 持平，
#   其余都下降许多个数量级。

# %% [markdown]
# So the sentence is true of some starts and false of others. That a gradient has faded
# does not yet say that nothing can be learned:
# [Recurrence](lesson:recurrence) trains such networks, and a plain RNN with an
# orthogonal start learns to remember for 20 steps.

# %% [markdown] lang="zh" of="075e695c"
# 可见这句话对有的初始化成立，对有的不成立。梯度衰减了，也还不等于学不会：
# [循环网络](lesson:recurrence)一课训练了这些网络，正交初始化的普通 RNN
# 能学会把符号记住 20 步。

# %% [markdown] quote="§3.3.1"
# Has difficulty with long-range dependencies in images.

# %% [markdown] lang="zh" of="6968c5c6"
# 难以处理图像中的长距离依赖关系。

# %% [markdown]
# This is said of convolutional networks. Again the derivative: does the output at the
# last of 20 places depend on the first?

# %% [markdown] lang="zh" of="508fb788"
# 这句说的是卷积网络。还是问导数：20 个位置中最后一个的输出，与第一个有关吗？


# %%
def places_seen(dilations):
    """|d(last output)/d(input)| at each of 20 places, for kernels of size 3."""
    torch.manual_seed(seed)
    net = nn.Sequential(*(nn.Conv1d(4, 4, 3, padding=d, dilation=d) for d in dilations))
    x = torch.randn(1, 4, 20, requires_grad=True)
    (slope,) = torch.autograd.grad(net(x)[0, :, -1].sum(), x)
    return slope[0].norm(dim=0)  # (20,)


stacks = {
    "one layer": places_seen([1]),
    "ten layers": places_seen([1] * 10),
    "five dilated layers": places_seen([1, 2, 4, 8, 16]),
}
counts = ", ".join(f"{int((seen > 0).sum())}" for seen in stacks.values())
blind = {name: bool(seen[0] == 0) for name, seen in stacks.items()}
settle("reach", blind, f"places seen, of 20: {counts}")

# %% [raw] lang="zh"
# |d(last output)/d(input)| at each of 20 places, for kernels of size 3.
# → 最后一个输出对 20 个位置上输入的导数的绝对值，卷积核大小为 3。
# one layer → 一层
# ten layers → 十层
# five dilated layers → 五层膨胀卷积
# places seen, of 20: {counts} → 20 个位置中看得到：{counts}

# %% [markdown]
# It holds for few and plain layers, and not for dilated ones. "Has difficulty" is a
# matter of depth and dilation, not a law.
#
# Two sections together say what is big:

# %% [markdown] lang="zh" of="3f01f053"
# 层数少、又是普通卷积时，它成立；换成膨胀卷积，就不成立。
# “难以处理”要看深度与膨胀，并不是定律。
#
# 什么算大，有两处要合起来看：

# %% [markdown] quote="§2"
# **Definition of big models**: a big model is a deep-learning model with billions or
# hundreds of billions of parameters. … models such as BERT and GPT … models such as
# ResNet and Inception

# %% [markdown] lang="zh" of="930c6444"
# **大模型定义**：大模型是指参数规模达到数十亿或千亿级的深度学习模型。……BERT和GPT等模型
# ……ResNet和Inception等模型


# %% fold
def transformer(layers, width, vocabulary, places):
    """Parameters of a Transformer: tables and blocks, counted without memory."""
    with torch.device("meta"):
        block = nn.TransformerEncoderLayer(width, 8, 4 * width)
    each = sum(p.numel() for p in block.parameters())
    return (vocabulary + places) * width + layers * each


def resnet50(stages=((64, 3), (128, 4), (256, 6), (512, 3)), classes=1000):
    total, into = 3 * 64 * 49 + 128, 64  # each convolution is followed by 2 a channel
    for width, blocks in stages:
        for block in range(blocks):
            total += into * width + 9 * width**2 + 4 * width**2 + 2 * (2 + 4) * width
            if block == 0:  # the shortcut changes its width
                total += into * 4 * width + 8 * width
            into = 4 * width
    return total + into * classes + classes


# %% [raw] lang="zh"
# Parameters of a Transformer: tables and blocks, counted without memory.
# → Transformer 的参数量：嵌入表与各块，不占内存地数出来。
# each convolution is followed by 2 a channel → 每个卷积之后，每个通道再有 2 个
# the shortcut changes its width → 捷径改变宽度

# %%
sizes = {
    "BERT-base": transformer(12, 768, 30_522, 512),
    "ResNet-50": resnet50(),
    "GPT-2 XL": transformer(48, 1600, 50_257, 1024),
    "GPT-3": transformer(96, 12_288, 50_257, 2048),
}
billions = ", ".join(f"{size / 1e9:.3g}" for size in sizes.values())
big = {name: size > 1e9 for name, size in sizes.items()}
settle("sizes", big, f"billions of parameters: {billions}")

# %% [raw] lang="zh"
# billions of parameters: {billions} → 参数量，单位十亿：{billions}

# %% [markdown]
# By the page's own definition BERT and ResNet are not big, and the later GPTs are.
#
# Last, §4.1.1 writes the output as $\hat y=\sigma(W_3z+b_3)$, with the $\sigma$ of the
# hidden layers: "$\sigma$ is the activation function". **What would have to be true?**
# That $\sigma$ can produce the targets. We take the targets −1, ½ and 3, and see how
# near each $\sigma$ comes to them.

# %% [markdown] lang="zh" of="04d548ad"
# 按它自己的定义，BERT 和 ResNet 不算大，后来的 GPT 才算。
#
# 最后，§4.1.1 把输出写作 $\hat y=\sigma(W_3z+b_3)$，$\sigma$ 与隐藏层的相同：
# “$\sigma$ 表示激活函数”。**要让它成立，什么必须为真？** 这个 $\sigma$ 得给得出目标值。
# 目标取 −1、½ 和 3，看每种 $\sigma$ 能离它们多近。

# %%
targets, z = torch.tensor([-1.0, 0.5, 3.0]), torch.linspace(-30, 30, 6001)
floors = {}  # the least mean squared error that any z can give
for name, one in (
    ("sigmoid", torch.sigmoid),
    ("tanh", torch.tanh),
    ("ReLU", torch.relu),
    ("identity", nn.Identity()),
):
    floors[name] = ((one(z)[:, None] - targets) ** 2).min(0).values.mean().item()
least = ", ".join(f"{floor:.2f}" for floor in floors.values())
within = {name: floor < 1e-3 for name, floor in floors.items()}
settle("output", within, f"least mean squared error: {least}")

# %% [raw] lang="zh"
# the least mean squared error that any z can give → 无论 z 取何值，均方误差最小能到多少
# identity → 恒等
# least mean squared error: {least} → 最小的均方误差：{least}

# %% [markdown]
# For numbers of any size the output needs the identity; for classes
# [Metrics](lesson:metrics) derives softmax from the likelihood. §4.3 of the document
# does take softmax for classes.
#
# ## A program of forty lines

# %% [markdown] lang="zh" of="f312f3bc"
# 要输出任意大小的数，输出层该用恒等；至于分类，[指标](lesson:metrics)一课由似然推出
# softmax。文档的 §4.3 在分类时用的也是 softmax。
#
# ## 四十行的程序

# %% [markdown] quote="§5"
# Segment and encode the text data with the Tokenizer, and make word sequences. …
# Evaluate the model's performance with the predictions. …
#
# After the code above has run, the predictions we get are: `[2 3]` This means that the
# model correctly predicted …

# %% [markdown] lang="zh" of="1dca0331"
# 使用Tokenizer对文本数据进行分词和编码，生成词序列。……使用预测结果进行模型性能评估。……
#
# 在上述代码执行后，我们得到预测结果为：`[2 3]` 这意味着模型正确地预测了……

# %% [markdown]
# [The published example](lesson:published-example) runs the program with TensorFlow: as
# it stands it stops with a `ValueError`. Here we follow its logic. **What would have to
# be true** for `[2 3]`? The sentences must be cut into words, the test sentences must
# be new, and the network must tell the sentences apart.

# %% [markdown] lang="zh" of="ee9d77fa"
# [范例复现](lesson:published-example)一课用 TensorFlow 运行这个程序：它原样运行会以
# `ValueError` 中止。这里我们只跟着它的逻辑走。**要打印出 `[2 3]`，什么必须为真？**
# 句子得切成词，测试句子得是新的，网络得分得清句子。

# %%
texts = ["这是一篇政治新闻", "这是一篇经济新闻", "这是一篇体育新闻", "这是一篇娱乐新闻"]
test_texts = ["这是一篇体育新闻", "这是一篇娱乐新闻"]
spaced = [text.replace("一篇", " 一篇 ").replace("新闻", " 新闻") for text in texts]
longest = {  # as Keras's Tokenizer does: it looks for spaces
    "the sentences as they stand": max(len(text.split(" ")) for text in texts),
    "with spaces between words": max(len(text.split(" ")) for text in spaced),
}
told = ", ".join(f"{words}" for words in longest.values())
cut = {how: words > 1 for how, words in longest.items()}
settle("tokens", cut, f"words in the longest sentence: {told}")
seen = len(set(test_texts) & set(texts))
told = f"test sentences that were trained on: {seen}"
settle("tested", {"sentences that are new": seen == 0}, told)

# %% [raw] lang="zh"
# as Keras's Tokenizer does: it looks for spaces → 与 Keras 的 Tokenizer 相同：它找空格
# the sentences as they stand → 句子照原样
# with spaces between words → 词与词之间加空格
# words in the longest sentence: {told} → 最长的句子有几个词：{told}
# test sentences that were trained on: {seen} → 训练时见过的测试句子：{seen}
# sentences that are new → 句子是新的

# %% [markdown]
# Now the network, layer by layer as printed. Each sentence is one word, so its row is
# 99 zeros and one number at the very end. We train it as Keras would: the last fifth,
# one sentence of four, is held out for validation. And we ask the derivative whether
# the answer depends on that last place.

# %% [markdown] lang="zh" of="2d540062"
# 再看网络，照原文一层一层搭。每个句子只有一个词，所以每一行是 99 个零，最后跟一个数。
# 我们照 Keras 的做法训练：最后五分之一，即四句中的一句，留出作验证。
# 再问一问导数：答案究竟与最后那个位置有没有关系？


# %% fold
class Printed(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(1000, 64)
        self.first, self.second = nn.Conv1d(64, 128, 5), nn.Conv1d(128, 128, 5)
        self.dense, self.last = nn.Linear(128, 128), nn.Linear(128, 4)
        for weights in self.parameters():  # as Keras starts
            if weights.ndim > 1:
                nn.init.xavier_uniform_(weights)
            else:
                nn.init.zeros_(weights)
        nn.init.uniform_(self.table.weight, -0.05, 0.05)

    def after_table(self, x):  # (batch, 100, 64)
        h = F.max_pool1d(torch.relu(self.first(x.mT)), 5)  # 96 places, 19 groups of 5
        h = torch.relu(self.second(h)).amax(-1)
        return self.last(torch.relu(self.dense(h)))

    def forward(self, rows):
        return self.after_table(self.table(rows))


def trained(length, start):
    """Train on the first three sentences; the network and the four padded rows."""
    rows = torch.zeros(4, length, dtype=torch.long)
    rows[:, -1] = torch.arange(1, 5)  # sentence 1, 2, 3, 4 is word 1, 2, 3, 4
    torch.manual_seed(start)
    model = Printed()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
    for _ in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(rows[:3]), torch.arange(3)).backward()
        optimizer.step()
    return model, rows


# %% [raw] lang="zh"
# as Keras starts → 与 Keras 的初始化相同
# 96 places, 19 groups of 5 → 96 个位置，每 5 个一组，共 19 组
# Train on the first three sentences; the network and the four padded rows.
# → 用前三个句子训练；返回网络和填充后的四行。
# sentence 1, 2, 3, 4 is word 1, 2, 3, 4 → 第 1、2、3、4 句就是第 1、2、3、4 个词


# %%
def last_slope(length, start):
    """What is printed, and how strongly the scores depend on the last place."""
    model, rows = trained(length, start)
    x = model.table(rows).detach().requires_grad_()
    (slope,) = torch.autograd.grad(model.after_table(x).pow(2).sum(), x)
    return model(rows[2:]).argmax(-1).tolist(), slope[:, -1].abs().max().item()


runs = lab.pick(ci=3, workshop=5, full=10)
printed, slopes = zip(*(last_slope(100, seed + r) for r in range(runs)), strict=True)
settle(
    "prints",
    {"labels as an array, from several starts": [2, 3] in printed},
    f"printed {list(printed)}, slope at the last place {max(slopes):g}",
)

# %% [raw] lang="zh"
# What is printed, and how strongly the scores depend on the last place.
# → 打印的结果，以及得分受最后一个位置影响有多大。
# labels as an array, from several starts → 标签改为数组，换几个起点
# printed {list(printed)}, slope at the last place {max(slopes):g}
# → 打印出 {list(printed)}，最后位置的斜率 {max(slopes):g}

# %% [markdown]
# The slope is exactly zero. The convolution makes 96 places; pooling reads 19 groups of
# five, which is 95, and only the 96th has seen the number at the end. Every sentence
# looks the same to this network. With rows of 99 places it could see the number, and a
# second cause would remain: class 3 is the one held out, and is never trained.

# %% [markdown] lang="zh" of="3c490041"
# 斜率恰好是零。卷积得到 96 个位置，池化只读 19 组、每组五个，共 95 个，
# 而看到末尾那个数的只有第 96 个。在这个网络眼里，每个句子都一样。
# 若每行是 99 个位置，它就看得到那个数；但还有第二个原因：留出的正是第 3 类，
# 从来没有训练过。

# %% [markdown] quote="§5.1"
# **Install Python**: make sure that Python 3.8 or later is installed.

# %% [markdown] lang="zh" of="39c7e54d"
# **安装Python**：确保安装了Python 3.8及以上版本。

# %%
needs = importlib.metadata.metadata("torch")["Requires-Python"]
accepted = {
    "3.8, the PyTorch installed here": SpecifierSet(needs).contains("3.8"),
    "3.12, the PyTorch installed here": SpecifierSet(needs).contains("3.12"),
}
settle("python", accepted, f"it asks for Python {needs}")

# %% [raw] lang="zh"
# 3.8, the PyTorch installed here → 3.8，这里安装的 PyTorch
# 3.12, the PyTorch installed here → 3.12，这里安装的 PyTorch
# it asks for Python {needs} → 它要求 Python {needs}

# %% [markdown]
# The PyTorch installed here does not accept Python 3.8. Older releases do: on Python
# 3.8 an installer still finds PyTorch 2.4.1. So the sentence was right once, and its
# date is part of it.
#
# ## The scoreboard

# %% [markdown] lang="zh" of="6f7c975f"
# 这里安装的 PyTorch 不接受 Python 3.8，旧版本则接受：在 Python 3.8 上，仍能装到
# PyTorch 2.4.1。可见这句话曾经是对的，要连同它的日期一起读。
#
# ## 记分板

# %%
scoreboard()
literal = {
    name: next(iter(readings.values())) for name, (readings, _) in results.items()
}
mine = {name: bool(literal[name]) == g for name, g in guess.items() if g is not None}
print(f"read literally, {sum(map(bool, literal.values()))} of {len(literal)} hold")
print(f"you guessed {len(mine)} times, and were right {sum(mine.values())} times")

# %% [raw] lang="zh"
# read literally, {sum(map(bool, literal.values()))} of {len(literal)} hold
# → 按字面，{len(literal)} 句中有 {sum(map(bool, literal.values()))} 句成立
# you guessed {len(mine)} times, and were right {sum(mine.values())} times
# → 你猜了 {len(mine)} 次，猜对 {sum(mine.values())} 次

# %% [markdown]
# Do not read this as a mark for the document. We *chose* the suspects; most of its
# sentences never looked suspicious and were not tried. A share of failures says how we
# picked. Only the single rows say something about the page.
#
# How wrong is wrong? For the six formulas with numbers, here is how far the printed and
# the repaired version are from what was measured.

# %% [markdown] lang="zh" of="3f4f5914"
# 别把它当成给文档打的分数。嫌疑对象是我们*挑*出来的；大多数句子看上去没有问题，
# 也就没有试。不成立的比例只说明我们怎么挑，只有单独的每一行才说明那一页写得如何。
#
# 错，错到什么程度？六个带数值的公式，原文与修正后的各自离测得的结果有多远，都画在这里。

# %% fold
fig, ax = plt.subplots(figsize=(7, 3.2))
for place, pair in enumerate(errors.values()):
    as_printed, repaired = (max(float(value), 1e-17) for value in pair)
    ax.plot([repaired, as_printed], [place, place], "-", color="#c9d1dc", zorder=0)
    ax.plot(as_printed, place, "x", color="#c2410c", ms=9, mew=2)
    ax.plot(repaired, place, "o", color="#1b3a6b", ms=8)
ax.set(xscale="log", xlabel="distance from the measured value (log scale)")
ax.set_yticks(range(len(errors)), errors)
ax.set_ylabel("formula")
ax.set_title("× as printed, ● repaired")
alt = (
    "Six formulas on a logarithmic axis: the crosses of the printed ones lie near 1, "
    "the dots of the repaired ones at a millionth or below."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# distance from the measured value (log scale) → 离测得结果的距离（对数坐标）
# formula → 公式
# × as printed, ● repaired → × 原文，● 修正后
# Six formulas on a logarithmic axis: the crosses of the printed ones lie near 1, the
# dots of the repaired ones at a millionth or below.
# → 对数坐标上的六个公式：原文的叉都在 1 附近，修正后的圆点在百万分之一或更小处。

# %% [markdown]
# ## Suspicions that we withdrew
#
# An earlier version of this lesson tried sentences that the document does not contain.
#
# | § | the page says | we had made of it |
# | --- | --- | --- |
# | 3.1.3 | AdamW combines Adam and weight decay | it is Adam with an L2 penalty |
# | 2.3 | CTC, an "algorithm", does well on speech | it is a recogniser |
# | 3.3.2 | RNNs capture long-term dependencies | *plain* RNNs do |
#
# The right column is false, and it is ours.
# Quote first, then judge only what is quoted. Three more sentences are about the world
# outside the notebook. We did not execute these. One can say how to find out.
#
# | § | the page says | rather | to find out, read |
# | --- | --- | --- | --- |
# | 6 | DeepArt generates with a GAN | style transfer | Gatys et al., arXiv, 2015 |
# | 6 | Microsoft's framework Faster R-CNN | a method | Ren et al., NeurIPS, 2015 |
# | 6 | Google's ImageNet challenge | Princeton, Stanford | Deng et al., CVPR, 2009 |
# | refs | items 5, 7 and 8 | not found | each venue's own index |
# | refs | items 3 and 11 | the same text | the list itself |
#
# Not finding something is weak evidence. We say "not found", not "does not exist".

# %% [markdown] lang="zh" of="b6e76eab"
# ## 我们收回的怀疑
#
# 本课的早期版本检验过一些文档里并没有的话。
#
# | § | 原文 | 我们曾把它说成 |
# | --- | --- | --- |
# | 3.1.3 | AdamW 结合 Adam 与权重衰减 | 它就是带 L2 惩罚的 Adam |
# | 2.3 | CTC 等“算法”在语音上表现出色 | 它是识别器 |
# | 3.3.2 | RNN 能捕捉长期依赖 | *普通* RNN 能捕捉 |
#
# 右边一栏不对，而且是我们说的。
# 先引用，再评判，而且只评判引用的话。还有几句话说的是笔记本之外的世界。
# 它们没有被执行，能做的是说清楚怎样去查。
#
# | § | 原文 | 我们的看法 | 怎样查证 |
# | --- | --- | --- | --- |
# | 6 | DeepArt 用 GAN 生成 | 风格迁移 | 读 Gatys 等，arXiv，2015 |
# | 6 | 微软的框架 Faster R-CNN | 一种方法 | 读 Ren 等，NeurIPS，2015 |
# | 6 | 谷歌的 ImageNet 挑战赛 | 出自普林斯顿、斯坦福 | 读 Deng 等，CVPR，2009 |
# | 参考 | 第 5、7、8 条 | 没有找到 | 查各刊物自己的索引 |
# | 参考 | 第 3 条和第 11 条 | 同一篇 | 看文献列表本身 |
#
# 没找到只是很弱的证据。我们说的是“没有找到”，不是“不存在”。

# %% [markdown]
# ## What we learned

# %% [markdown] lang="zh" of="de28bc05"
# ## 我们学到了什么

# %%
as_printed, repaired = zip(*errors.values(), strict=True)
holds = [gap[name] for name in ("accuracy", "recall", "mse")]
bm.claim(
    "Six printed formulas miss what is measured by more than a thousandth; repaired, "
    "they agree to a millionth",
    lambda printed, repaired: min(printed) > 1e-3 and max(repaired) < 1e-6,
    {"printed": as_printed, "repaired": repaired},
    control={"printed": holds, "repaired": repaired},
    against="three formulas of the same document that hold",
)
bm.claim(
    "A small step against the gradient lowers the loss of each of 200 random networks",
    lambda lower: lower == 200,
    {"lower": falls["against"]},
    control={"lower": falls["along"]},
    against="a step along the gradient",
)
bm.claim(
    "Recall as its words define it can exceed 1",
    lambda recall: recall > 1,
    {"recall": page["recall_words"]},
    control={"recall": page["recall"]},
    against="recall as its formula defines it",
)
*printed_gaps, right_gap = gaps.values()
bm.claim(
    "None of three readings of μ takes the path of PyTorch's Adam",
    lambda gap: not any(value < 1e-3 for value in gap),
    {"gap": printed_gaps},
    control={"gap": [right_gap]},
    against="without μ and with both moments corrected",
)

# %% [raw] lang="zh"
# Six printed formulas miss what is measured by more than a thousandth; repaired, they
# agree to a millionth
# → 原文的六个公式与测得的相差千分之一以上；修正后，相差不到百万分之一
# three formulas of the same document that hold → 同一文档中成立的三个公式
# A small step against the gradient lowers the loss of each of 200 random networks
# → 逆着梯度走一小步，200 个随机网络的损失个个下降
# a step along the gradient → 沿着梯度走一步
# Recall as its words define it can exceed 1 → 召回率若按文字的定义，可以大于 1
# recall as its formula defines it → 按公式定义的召回率
# None of three readings of μ takes the path of PyTorch's Adam
# → μ 的三种读法，没有一种走的是 PyTorch 中 Adam 的路径
# without μ and with both moments corrected → 没有 μ，两个矩都修正

# %%
*_, as_started, _, open_gate = fading.values()  # LSTMs; forget bias none, 1, 3
bm.claim(
    "Before training, an LSTM of 32 units with forget bias 3 keeps more than a tenth "
    "of an input's influence over 60 steps; as PyTorch starts it, less than a "
    "millionth is left",
    lambda fresh, open_gate: fresh < 1e-6 and open_gate > 0.1,
    {"fresh": as_started[-1], "open_gate": open_gate[-1]},
    control={"fresh": as_started[1], "open_gate": open_gate[1]},
    against="after 3 steps",
)
one, ten, dilated = stacks.values()
bm.claim(
    "One convolution does not see the far end of 20 places; five dilated ones do",
    lambda one, dilated: one == 0 < dilated,
    {"one": one[0], "dilated": dilated[0]},
    control={"one": one[-2], "dilated": dilated[-2]},
    against="the place next to the last",
)
_, near = last_slope(99, seed)
bm.claim(
    "The published network does not see the word at the end of its row",
    lambda slope: slope == 0,
    {"slope": max(slopes)},
    control={"slope": near},
    against="rows of 99 places in place of 100",
)

# %% [raw] lang="zh"
# LSTMs; forget bias none, 1, 3 → LSTM；遗忘偏置为默认、1、3
# Before training, an LSTM of 32 units with forget bias 3 keeps more than a tenth of an
# input's influence over 60 steps; as PyTorch starts it, less than a millionth is left
# → 训练之前，遗忘偏置为 3、有 32 个单元的 LSTM 过了 60 步，
#   仍保留输入影响的十分之一以上；按 PyTorch 的初始化，剩下的不到百万分之一
# after 3 steps → 3 步之后
# One convolution does not see the far end of 20 places; five dilated ones do
# → 20 个位置，一层卷积看不到最远的一端，五层膨胀卷积看得到
# the place next to the last → 紧挨着末尾的位置
# The published network does not see the word at the end of its row
# → 书上的网络看不到每行末尾的那个词
# rows of 99 places in place of 100 → 每行 99 个位置，而不是 100 个

# %% [markdown]
# A checklist for the next page that you read, ours included:
#
# 1. **Symbols.** Is every one defined, and does it mean one thing throughout? (μ)
# 2. **Shapes.** Can both sides be computed, and do they agree? And if they do, is that
#    luck? (backpropagation)
# 3. **Signs.** Does a small step go where it should? (the gradient)
# 4. **Extremes.** What happens at 0, at 1, with a thousand more? (F1, recall)
# 5. **Dependence.** Does it depend on what it should not, or ignore what it should use?
#    (true negatives, the draw, the last place of a row)
# 6. **The other page.** Do words and formula agree? (recall, gradient descent)
# 7. **The test.** Had the model seen the test before? (§5.4)
# 8. **The date.** Is it true today, with the versions installed here? (Python)
# 9. **Your own words.** Did the page say it, or did you? (AdamW)
#
# ## What models use today
#
# Frameworks put their own formulas on trial in the same way. PyTorch tests the
# derivative of its operations with `torch.autograd.gradcheck`, which compares it with
# finite differences in double precision. Give it a loss with the printed gradient, and
# one with the repaired:

# %% [markdown] lang="zh" of="b433d11e"
# 一张清单，读下一页书时就用得上，读我们写的也一样：
#
# 1. **符号。** 每个都定义了吗？从头到尾是同一个意思吗？（μ）
# 2. **形状。** 两边都算得出来吗？形状一致吗？一致的话，是不是碰巧？（反向传播）
# 3. **正负号。** 走一小步，去的是该去的方向吗？（梯度）
# 4. **极端情形。** 取 0、取 1、再多一千个，会怎样？（F1、召回率）
# 5. **依赖关系。** 它是不是随不该有关的东西变，又忽略了该用的东西？
#    （真负例、抽样、一行的最后一个位置）
# 6. **前后对照。** 文字与公式一致吗？（召回率、梯度下降）
# 7. **测试。** 模型是不是早就见过考题？（§5.4）
# 8. **日期。** 放到今天，用这里装的版本，还对吗？（Python）
# 9. **自己的话。** 是那一页说的，还是你说的？（AdamW）
#
# ## 今天的模型用什么
#
# 框架也是这样检验自己的公式的。PyTorch 用 `torch.autograd.gradcheck` 测试各种运算的导
# 数，它用双精度把导数与有限差分作比较。拿两个损失来试：一个用原文的梯度，一个用修正后
# 的。


# %%
class WithGradient(torch.autograd.Function):
    """½ Σ (y − ŷ)², whose backward pass says sign · (y − ŷ)."""

    @staticmethod
    def forward(ctx, y_hat, y, sign):
        ctx.save_for_backward(y_hat, y)
        ctx.sign = sign
        return 0.5 * ((y - y_hat) ** 2).sum()

    @staticmethod
    def backward(ctx, upstream):
        y_hat, y = ctx.saved_tensors
        return upstream * ctx.sign * (y - y_hat), None, None


y_hat, y = torch.randn(4, requires_grad=True), torch.randn(4)
passes = {
    sign: torch.autograd.gradcheck(
        lambda p, s=sign: WithGradient.apply(p, y, s), (y_hat,), raise_exception=False
    )
    for sign in (1, -1)
}
bm.claim(
    "gradcheck passes the repaired gradient of the squared error",
    lambda passes: passes,
    {"passes": passes[-1]},
    control={"passes": passes[1]},
    against="y − ŷ, as printed",
)

# %% [raw] lang="zh"
# ½ Σ (y − ŷ)², whose backward pass says sign · (y − ŷ).
# → ½ Σ (y − ŷ)²，反向时给出 sign · (y − ŷ)。
# gradcheck passes the repaired gradient of the squared error
# → gradcheck 让修正后的平方误差梯度通过
# y − ŷ, as printed → y − ŷ，照原文

# %% [markdown]
# Papers have such lists, too: since 2021 authors at NeurIPS fill in a checklist about
# claims, limitations and reproducibility. And what a language model writes is read with
# the same questions as what people write: it can name a suspect in seconds, and can be
# wrong with the same confidence. The experiment decides.
#
# ## Where next
#
# Find three more. Here is one to begin with: §4.2.2 calls backpropagation "an
# optimisation algorithm for the parameters of a network". What would you change, and
# which cell of [Backpropagation](lesson:backpropagation) shows it? Then take the last
# paper or blog post that you believed, and read it with the list at hand. When you find
# a slip, write to the author as you would like to be written to: with the smallest
# example, and with thanks. [The published example](lesson:published-example) repairs
# the program of §5.
#
# ## Further reading
#
# - D. P. Kingma and J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - I. Loshchilov and F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - J. Pineau et al. (2021), *Improving Reproducibility in Machine Learning Research*,
#   Journal of Machine Learning Research 22.
# - J. P. A. Ioannidis (2005), *Why Most Published Research Findings Are False*, PLoS
#   Medicine.

# %% [markdown] lang="zh" of="336e58c6"
# 论文也有这样的清单：从 2021 年起，NeurIPS 的作者要填写一份清单，
# 内容涉及论断、局限与可复现性。语言模型写的东西，也要用读人写的文字时的那些问题来读：
# 它几秒钟就能指出一个嫌疑，也可能同样自信地说错。由实验来裁定。
#
# ## 下一步
#
# 再找三处。先给你一处：§4.2.2 说反向传播是“用于求解多层神经网络参数的优化算法”。
# 你会怎么改？[反向传播](lesson:backpropagation)一课的哪个单元格能证明？
# 然后拿出你最近信以为真的一篇论文或博客，对着清单读一遍。发现了疏漏，
# 就像你希望别人写给你那样写信给作者：附上最小的例子，再道一声谢。
# [范例复现](lesson:published-example)一课修正了 §5 的程序。
#
# ## 延伸阅读
#
# - D. P. Kingma, J. Ba (2015), *Adam: A Method for Stochastic Optimization*, ICLR.
# - I. Loshchilov, F. Hutter (2019), *Decoupled Weight Decay Regularization*, ICLR.
# - J. Pineau et al. (2021), *Improving Reproducibility in Machine Learning Research*,
#   Journal of Machine Learning Research 22.
# - J. P. A. Ioannidis (2005), *Why Most Published Research Findings Are False*, PLoS
#   Medicine.
