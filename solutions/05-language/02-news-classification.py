# ---
# slug: news-classification
# title: {en: A thousand headlines, zh: 千篇新闻}
# section: "4.3.1, 5, 3.4.1"
# minutes: 110
# needs: [published-example]
# data: [news]
# extras: [tensorflow]
# says:
#   en: A linear baseline and a TextCNN, judged fairly on real headlines, then used.
#   zh: 在真实标题上让线性基线与 TextCNN 公平较量，再把分类器用起来。
# ---

# %% [markdown]
# A newsroom hands us one thousand headlines, each marked politics, economy, sports or
# entertainment, and wants the next four thousand sorted by tomorrow. This is the case
# study of §4.3.1, and we do it as one would at work: look first, beat a simple baseline
# second, build the network third, and believe nothing that was not measured.
#
# ```mermaid
# flowchart LR
#   A[1,000 headlines] --> B[characters or words?]
#   B --> C[TF-IDF + logistic regression]
#   B --> D[embedding + TextCNN]
#   C --> E[five-fold cross-validation]
#   D --> E
#   E --> F[one look at the test set]
#   F --> G[classifier in the page]
# ```

# %% [markdown] lang="zh" of="126d23cb"
# 编辑部交来一千条新闻标题，每条标着时政、经济、体育或娱乐，
# 并希望明天之前把另外四千条也分好类。这正是 §4.3.1 的案例。我们照实际工作的办法来：
# 先看数据，再做一个简单的基线，然后才搭网络；没有量过的结论，一概不信。
#
# ```mermaid
# flowchart LR
#   A[一千条标题] --> B[按字还是按词？]
#   B --> C[TF-IDF + 逻辑回归]
#   B --> D[词嵌入 + TextCNN]
#   C --> E[五折交叉验证]
#   D --> E
#   E --> F[只看一次测试集]
#   F --> G[页面里的分类器]
# ```

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"  # before TensorFlow is imported

import jieba
import jieba.posseg
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional as F

import bmkit as bm

lab = bm.start(
    "news-classification", profile=profile, device=device, seed=seed, lang=lang
)
jieba.setLogLevel("WARNING")

# %% [raw] lang="zh"
# before TensorFlow is imported → 要在导入 TensorFlow 之前

# %% [markdown]
# ## Look at the data
#
# `news` holds headlines and class numbers, already split: what we may learn from, and
# what we must not look at until the end.

# %% [markdown] lang="zh" of="8a3a3c3c"
# ## 先看数据
#
# `news` 里是标题和类别编号，并且已经分好：哪些可以用来学习，哪些要留到最后才能看。

# %%
news = bm.data.load("news", lab)
names = list(news.classes_zh if lab.lang == "zh" else news.classes)
y_train, y_test = np.asarray(news.train_labels), np.asarray(news.test_labels)
for number, name in enumerate(names):
    three = [news.train_texts[i] for i in np.flatnonzero(y_train == number)[:3]]
    print(f"{name} ({np.sum(y_train == number)})", *three, sep="\n   ")

# %% fold
fig, ax = plt.subplots()
lengths = np.array([len(text) for text in news.train_texts])
bins = np.arange(lengths.min(), lengths.max() + 2)
for number, name in enumerate(names):
    ax.hist(
        lengths[y_train == number],
        bins,
        histtype="step",
        lw=2,
        label=name,
        linestyle=["-", "--", "-.", ":"][number],
    )
ax.set_xlabel("characters in a headline")
ax.set_ylabel("headlines")
ax.legend(loc="upper left")
bm.show.figure(
    fig,
    alt=(
        "Histogram of headline lengths for the four classes; they overlap, but "
        "differ in shape."
    ),
)

# %% [raw] lang="zh"
# characters in a headline → 标题的字数
# headlines → 标题数
# Histogram of headline lengths for the four classes; they overlap, but differ in shape.
# → 四类标题长度的直方图，彼此重叠，但形状不同。

# %% [markdown]
# The classes are equally frequent, so guessing is right one time in four. But compare
# the shapes: does the length alone give the class away? Learn from one half of the
# training headlines the commonest class at each length, and ask the other half.

# %% [markdown] lang="zh" of="9e49e286"
# 四类一样多，所以瞎猜的正确率是四分之一。不过比一比形状：光看长短，
# 能不能看出类别？用训练标题的一半学“每种长度最常见的类别”，再拿另一半来考。

# %%
half = len(lengths) // 2
usual = {
    n: np.bincount(y_train[:half][lengths[:half] == n]).argmax()
    for n in set(lengths[:half])
}
guess = np.array([usual.get(n, 0) for n in lengths[half:]])
by_length = np.mean(guess == y_train[half:])
print(f"{by_length:.3f}")
if news.real:
    bm.claim(
        "The length of a real headline alone gives much of its class away",
        by_length > 0.4,
        by_length=by_length,
    )

# %% [raw] lang="zh"
# The length of a real headline alone gives much of its class away
# → 真实标题光凭长短，就泄露了不少类别信息

# %% [markdown]
# On real headlines this is well above guessing: each desk writes to its own layout,
# which leaks the class before a single character is read. (In the stand-in it hardly
# does.) A model is only worth its trouble if it beats such a shortcut by far.

# %% [markdown] lang="zh" of="2bcf707a"
# 在真实标题上，这明显胜过瞎猜：各个版面有各自的版式要求，一个字还没读，
# 类别就已泄露了几分。（替代数据里几乎没有这回事。）模型必须远远胜过这种捷径，
# 才算没有白费功夫。

# %% [markdown]
# ## The baseline first: TF-IDF
#
# Count every term $t$ in every headline. A term that is everywhere (的, 新) tells
# little, so each count is multiplied by a weight that falls with $\mathrm{df}(t)$, the
# number of training headlines that hold $t$, out of $N$:
#
# $$\mathrm{idf}(t) = \ln\frac{1 + N}{1 + \mathrm{df}(t)} + 1 \label{idf}$$
#
# The ones inside the fraction are *smoothing*, as if one more headline held every term:
# no term divides by zero. Then each row is divided by its length, so that long
# headlines do not shout.

# %% [markdown] lang="zh" of="fbbc6069"
# ## 先做基线：TF-IDF
#
# 数出每个词项 $t$ 在每条标题里出现几次。到处都有的词项（的、新）说明不了什么，
# 所以每个计数要乘上一个权重。$\mathrm{df}(t)$ 是训练集 $N$ 条标题中含有 $t$ 的条数，
# 它越大，权重越小：
#
# $$\mathrm{idf}(t) = \ln\frac{1 + N}{1 + \mathrm{df}(t)} + 1 \label{idf}$$
#
# 分数里的两个 1 叫*平滑*，好比多了一条包含所有词项的标题，这样就不会除以零。
# 最后每一行除以自己的长度（模），免得长标题嗓门大。


# %% exercise="tf_idf" points=3 minutes=10 level=2
def tf_idf(train_counts, test_counts):
    """Weigh counts by TF-IDF, learned from the training rows alone.

    Args:
        train_counts: array, (n_train, terms)
        test_counts: array, (n_test, terms)

    Returns:
        Two arrays of these shapes; every row has length 1, an empty one stays zero.
    """
    ### BEGIN SOLUTION
    df = (train_counts > 0).sum(axis=0)
    idf = np.log((1 + len(train_counts)) / (1 + df)) + 1

    def unit(rows):
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(length == 0, 1, length)

    return unit(train_counts * idf), unit(test_counts * idf)
    ### END SOLUTION


# %% [raw] lang="zh"
# Weigh counts by TF-IDF, learned from the training rows alone.
# → 按 TF-IDF 给计数加权；权重只从训练集的行里学。
# Args:
#     train_counts: array, (n_train, terms)
#     test_counts: array, (n_test, terms)
# → 参数：
#       train_counts: 数组，(n_train, terms)
#       test_counts: 数组，(n_test, terms)
# Returns:
#     Two arrays of these shapes; every row has length 1, an empty one stays zero.
# → 返回：
#       两个同形状的数组；每行长度为 1，全零的行仍为零。

# %% check="tf_idf"
_train = np.array([[2, 1, 0], [0, 1, 0], [0, 0, 3], [1, 1, 0]], dtype=float)
_test = np.array([[1, 0, 1], [0, 2, 2]], dtype=float)
_a, _b = tf_idf(_train, _test)
bm.expect.shape(_a, (4, 3), "one row a headline, one column a term")
bm.expect.close(
    np.linalg.norm(_a, axis=1),
    np.ones(4),
    "divide each row by its length, so that it has length 1",
)
bm.expect.close(
    _a[0],
    [0.926937, 0.375218, 0],
    "df counts the headlines that hold a term, not how often it occurs; idf = "
    "ln((1 + N) / (1 + df)) + 1, smoothed",
    atol=1e-4,
)
bm.expect.close(
    _b[0],
    [0.619130, 0, 0.785288],
    "the test rows must use the idf of the training rows",
    atol=1e-4,
)
### BEGIN HIDDEN TESTS
_a, _b = tf_idf(
    np.array([[1.0, 0, 0], [3.0, 4.0, 0]]), np.array([[0, 0, 2.0], [0, 0, 0]])
)
bm.expect.close(
    _b,
    [[0, 0, 1], [0, 0, 0]],
    "a term never seen in training and an empty row must give no NaN: smooth, "
    "and do not divide by zero",
)
bm.expect.close(
    _a[1],
    [0.470793, 0.882244, 0],
    "the row mixes two terms of different idf",
    atol=1e-4,
)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one row a headline, one column a term → 一行一条标题，一列一个词项
# divide each row by its length, so that it has length 1
# → 每行要除以自己的长度，使长度为 1
# df counts the headlines that hold a term, not how often it occurs; idf = ln((1 + N) /
# (1 + df)) + 1, smoothed
# → df 数的是含有该词项的标题条数，而不是出现次数；idf = ln((1 + N) / (1 + df))
#   + 1，要平滑
# the test rows must use the idf of the training rows → 测试集的行必须用训练集的 idf
# a term never seen in training and an empty row must give no NaN: smooth, and do not
# divide by zero
# → 训练集里没有的词项、全零的行，都不应得出 NaN：要平滑，也不能除以零
# the row mixes two terms of different idf → 这一行有两个 idf 不同的词项

# %% [markdown] hint="tf_idf"
# `train_counts > 0` is a table of yes and no. What does its sum over the rows count?

# %% [markdown] lang="zh" of="3c34106d"
# `train_counts > 0` 是一张“有没有”的表。按列相加，数的是什么？

# %% [markdown] hint="tf_idf"
# Compute one vector `idf` from the training counts and multiply **both** tables by it.
# `np.linalg.norm(rows, axis=1, keepdims=True)` gives the lengths; replace zeros by
# ones.

# %% [markdown] lang="zh" of="713ce2d2"
# 由训练集的计数算出一个向量 `idf`，**两**张表都乘它。
# `np.linalg.norm(rows, axis=1, keepdims=True)` 给出各行长度；把其中的零换成一。


# %% mistake="tf_idf" says="smoothed"
def tf_idf(train_counts, test_counts):
    df = (train_counts > 0).sum(axis=0)
    idf = np.log(len(train_counts) / df)
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit(train_counts * idf), unit(test_counts * idf)


# %% mistake="tf_idf" says="idf of the training rows"
def tf_idf(train_counts, test_counts):
    def weigh(rows):
        rows = rows * (np.log((1 + len(rows)) / (1 + (rows > 0).sum(axis=0))) + 1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return weigh(train_counts), weigh(test_counts)


# %% mistake="tf_idf" says="not how often"
def tf_idf(train_counts, test_counts):
    idf = np.log((1 + len(train_counts)) / (1 + train_counts.sum(axis=0))) + 1
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit(train_counts * idf), unit(test_counts * idf)


# %% mistake="tf_idf" says="has length 1"
def tf_idf(train_counts, test_counts):
    idf = np.log((1 + len(train_counts)) / (1 + (train_counts > 0).sum(axis=0))) + 1
    return train_counts * idf, test_counts * idf


# %% variant="tf_idf"
def tf_idf(train_counts, test_counts):
    n, df = len(train_counts), np.count_nonzero(train_counts, axis=0)
    found = []
    for counts in (train_counts, test_counts):
        weighed = np.einsum("nt,t->nt", counts, 1 + np.log1p(n) - np.log1p(df))
        squares = np.sqrt((weighed**2).sum(1))
        squares[squares == 0] = 1
        found.append((weighed.T / squares).T)
    return tuple(found)


# %% [markdown]
# Now the library's: scikit-learn's `CountVectorizer` counts characters, its
# `TfidfTransformer` weighs them. Both sides of (\ref{idf}) first, then all the rows.

# %% [markdown] lang="zh" of="5a34e1fe"
# 再看库里的版本：scikit-learn 的 `CountVectorizer` 数字符，`TfidfTransformer` 加权。
# 先核对 (\ref{idf}) 的两边，再核对所有的行。

# %% equation="idf" of="d8d89787"
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

counter = CountVectorizer(analyzer="char")
counts = counter.fit_transform(news.train_texts).toarray()
library = TfidfTransformer().fit(counts)
df = (counts > 0).sum(axis=0)
bm.equation("idf", library.idf_, np.log((1 + len(counts)) / (1 + df)) + 1)

# %%
test_counts = counter.transform(news.test_texts).toarray()
ours_train, ours_test = tf_idf(counts, test_counts)
gap = np.abs(ours_test - library.transform(test_counts).toarray()).max()
bm.claim("Our TF-IDF and scikit-learn's are the same", gap < 1e-12, difference=gap)

# %% [raw] lang="zh"
# Our TF-IDF and scikit-learn's are the same → 我们的 TF-IDF 与 scikit-learn 的相同

# %% [markdown]
# The counter, too, was fitted on the training headlines alone. To fit it on all of them
# would tell the model which rare characters the test set holds.
#
# On top goes logistic regression: one weight for each term and class. From here on a
# *term* is a run of one to three characters, so that 银行 (bank) counts as such.

# %% [markdown] lang="zh" of="0cafd29b"
# 请注意，计数器也只在训练集上拟合。若在全部标题上拟合，
# 就等于把测试集有哪些生僻字透露给了模型。
#
# 上面再接一个逻辑回归：每个词项对每个类别有一个权重。从这里起，
# *词项*指连续的一到三个字，于是“银行”能算作一个整体。

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def linear(**how):
    """TF-IDF of what the analyzer yields, then logistic regression."""
    return make_pipeline(
        TfidfVectorizer(**how), LogisticRegression(C=10, max_iter=1000)
    )


characters = {"analyzer": "char", "ngram_range": (1, 3)}
baseline = linear(**characters).fit(news.train_texts, y_train)

# %% [raw] lang="zh"
# TF-IDF of what the analyzer yields, then logistic regression.
# → 先对切分结果做 TF-IDF，再接逻辑回归。

# %% [markdown]
# A linear model can be read. Choose a class and see which terms speak for it.

# %% [markdown] lang="zh" of="0f4b7e81"
# 线性模型是读得懂的。选一个类别，看看哪些词项最支持它。

# %% fold
terms = baseline[0].get_feature_names_out()
weights = baseline[1].coef_  # (classes, terms)


def strongest(topic, top):
    w = weights[names.index(topic)]
    best = np.argsort(w)[-top:]
    fig, ax = plt.subplots(figsize=(6.4, 1 + 0.22 * top))
    ax.barh(range(top), w[best], color="#1b3a6b")
    ax.set_yticks(range(top), [terms[i].replace(" ", "␣") for i in best])
    ax.set_xlabel(f"weight for {topic}")
    ax.set_ylabel("term")
    return fig


bm.show.explore(
    strongest,
    topic=names,
    top=(5, 25, 1, 12),
    alt=(
        "Bars: the terms with the largest weights for the chosen class; they are "
        "words a reader would choose too."
    ),
)

# %% [raw] lang="zh"
# weight for {topic} → 对“{topic}”的权重
# term → 词项
# Bars: the terms with the largest weights for the chosen class; they are words a reader
# would choose too.
# → 条形图：对所选类别权重最大的词项，读者自己也会这样挑。

# %% [markdown]
# ## Cross-validation: choosing without peeking
#
# Characters or words? With tags or without? To choose by the test set would be to learn
# from it. Cut the training set into five *folds* instead; five times, train on four and
# ask the fifth. Each fold must hold every class in equal share: *stratified*.

# %% [markdown] lang="zh" of="2651860f"
# ## 交叉验证：不偷看也能挑选
#
# 按字还是按词？要不要词性？如果看着测试集来选，就等于从测试集里学。
# 办法是把训练集切成五*折*：轮流用四折训练、用剩下的一折打分，共五次。
# 每一折里各类的比例要相同，这叫*分层*。


# %% exercise="stratified_folds" points=3 minutes=10 level=3
def stratified_folds(y, k, seed):
    """Cut the examples into k folds, each with every class in equal share.

    Args:
        y: class of each example, array of int, (n,)
        k: number of folds
        seed: of the shuffling within each class

    Returns:
        List of k arrays of indices; every example is in exactly one, and the counts of
        a class in any two folds differ by at most 1.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    fold = np.empty(len(y), dtype=int)
    for c in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == c))
        fold[members] = np.arange(len(members)) % k
    return [np.flatnonzero(fold == i) for i in range(k)]
    ### END SOLUTION


# %% [raw] lang="zh"
# Cut the examples into k folds, each with every class in equal share.
# → 把样本切成 k 折，各类在每一折里比例相同。
# Args:
#     y: class of each example, array of int, (n,)
#     k: number of folds
#     seed: of the shuffling within each class
# → 参数：
#       y: 每个样本的类别，整数数组，(n,)
#       k: 折数
#       seed: 类内打乱次序所用的种子
# Returns:
#     List of k arrays of indices; every example is in exactly one, and the counts of
#     a class in any two folds differ by at most 1.
# → 返回：
#       k 个下标数组的列表；每个样本恰在其中一个里，
#       同一类在任意两折中的个数至多差 1。

# %% check="stratified_folds"
_y = np.repeat([0, 1, 2], [10, 10, 5])
_folds = stratified_folds(_y, 5, seed=0)
bm.expect.equal(len(_folds), 5, "return a list of k folds")
bm.expect.equal(
    sorted(int(i) for f in _folds for i in f),
    list(range(25)),
    "every example must be in exactly one fold: do folds overlap?",
)
for _f in _folds:
    bm.expect.close(
        np.bincount(_y[_f], minlength=3),
        [2, 2, 1],
        "each fold must hold each class in equal share (stratified)",
    )
bm.expect.true(
    any(
        set(map(int, a)) != set(map(int, b))
        for a, b in zip(_folds, stratified_folds(_y, 5, seed=1), strict=True)
    ),
    "another seed must give other folds: shuffle within each class",
)
### BEGIN HIDDEN TESTS
_y = np.random.default_rng(5).choice(["a", "b", "c"], 47, p=[0.6, 0.3, 0.1])
_folds = stratified_folds(_y, 3, seed=2)
bm.expect.equal(
    sorted(int(i) for f in _folds for i in f),
    list(range(47)),
    "labels in mixed order: every example must still be in exactly one fold",
)
for _c in "abc":
    _n = [int((_y[f] == _c).sum()) for f in _folds]
    bm.expect.true(
        max(_n) - min(_n) <= 1,
        f"class {_c!r} has {_n} examples in the folds: not stratified",
    )
bm.expect.equal(
    [list(map(int, f)) for f in stratified_folds(_y, 3, seed=2)],
    [list(map(int, f)) for f in _folds],
    "the same seed must give the same folds",
)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# return a list of k folds → 返回含 k 折的列表
# every example must be in exactly one fold: do folds overlap?
# → 每个样本必须恰在一折里：各折是否重叠？
# each fold must hold each class in equal share (stratified)
# → 每一折里各类的比例要相同（分层）
# another seed must give other folds: shuffle within each class
# → 换一个种子应得到不同的折：要在类内打乱次序
# labels in mixed order: every example must still be in exactly one fold
# → 标签次序打乱后，每个样本仍须恰在一折里
# class {_c!r} has {_n} examples in the folds: not stratified
# → 类别 {_c!r} 在各折中有 {_n} 个：没有分层
# the same seed must give the same folds → 同一个种子应得到同样的折

# %% [markdown] hint="stratified_folds"
# Deal one class at a time, as one deals cards: shuffle its members, then give them to
# the folds in turn.

# %% [markdown] lang="zh" of="84204aee"
# 一类一类地来，像发牌一样：先洗牌，再轮流发给各折。

# %% [markdown] hint="stratified_folds"
# `np.flatnonzero(y == c)` are the members of class `c`; after shuffling,
# `members[i::k]` are those that fold `i` gets.

# %% [markdown] lang="zh" of="a46c1507"
# `np.flatnonzero(y == c)` 是类别 `c` 的成员；打乱之后，
# `members[i::k]` 就是第 `i` 折分到的。


# %% mistake="stratified_folds" says="equal share"
def stratified_folds(y, k, seed):
    return np.array_split(np.random.default_rng(seed).permutation(len(y)), k)


# %% mistake="stratified_folds" says="do folds overlap"
def stratified_folds(y, k, seed):
    rng = np.random.default_rng(seed)
    return [
        np.concatenate(
            [
                rng.choice(np.flatnonzero(y == c), (y == c).sum() // k, replace=False)
                for c in np.unique(y)
            ]
        )
        for _ in range(k)
    ]


# %% mistake="stratified_folds" says="shuffle within each class"
def stratified_folds(y, k, seed):
    groups = [np.flatnonzero(y == c) for c in np.unique(y)]
    return [np.concatenate([g[i::k] for g in groups]) for i in range(k)]


# %% variant="stratified_folds"
def stratified_folds(y, k, seed):
    rng = np.random.default_rng(seed)
    folds = [[] for _ in range(k)]
    for c in sorted(set(y)):
        members = [i for i, label in enumerate(y) if label == c]
        rng.shuffle(members)
        for i, member in enumerate(members):
            folds[i % k].append(member)
    return [np.array(f) for f in folds]


# %% [markdown]
# scikit-learn's `StratifiedKFold` shuffles otherwise, but promises the same: count the
# classes in each of its folds and of ours.

# %% [markdown] lang="zh" of="08af735c"
# scikit-learn 的 `StratifiedKFold` 打乱的方式不同，保证却一样：
# 数一数它和我们的每一折里各类有几条。

# %%
from sklearn.model_selection import StratifiedKFold

folds = stratified_folds(y_train, 5, seed=lab.seed)
library_folds = StratifiedKFold(5, shuffle=True, random_state=lab.seed)
ours = [np.bincount(y_train[f]) for f in folds]
theirs = [np.bincount(y_train[f]) for _, f in library_folds.split(counts, y_train)]
bm.claim(
    "Every fold holds the same share of every class, as scikit-learn's folds do",
    np.array_equal(ours, theirs),
    ours=ours[0],
    theirs=theirs[0],
)

# %% [raw] lang="zh"
# Every fold holds the same share of every class, as scikit-learn's folds do
# → 每一折里各类的比例都相同，与 scikit-learn 的折一样


# %%
def cross_validate(fit_and_score):
    """Accuracy on each fold of a model trained on the others, (5,)."""
    scores = []
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(y_train)), held_out)
        scores.append(fit_and_score(rest, held_out))
    return np.array(scores)


def pick(items, where):
    """The items at these places."""
    return [items[i] for i in where]


# %% [raw] lang="zh"
# Accuracy on each fold of a model trained on the others, (5,).
# → 在其余各折上训练、在该折上的准确率，(5,)。
# The items at these places. → 取出这些位置上的元素。

# %% [markdown]
# ## Characters, words, and parts of speech
#
# Chinese is written without spaces, so §4.3.1 begins with word segmentation and
# part-of-speech tags. `jieba` does both from a dictionary with frequencies. In its tags
# `n` begins a noun, `v` a verb, `a` an adjective; `nr` is a person's name.

# %% [markdown] lang="zh" of="d9658c35"
# ## 字、词与词性
#
# 中文书写不分词，所以 §4.3.1 的第一步是分词和词性标注。
# `jieba` 凭一部带词频的词典把两件事一起做了。它的标记里，`n` 开头是名词，`v` 是动词，
# `a` 是形容词，`nr` 是人名。

# %%
tagged = [[(p.word, p.flag) for p in jieba.posseg.cut(t)] for t in news.train_texts]
for sentence in tagged[:3]:
    print("  ".join(f"{word}/{tag}" for word, tag in sentence))

# %% [markdown]
# Four ways to cut a headline into terms, one model, the same folds for all.

# %% [markdown] lang="zh" of="4d31a94d"
# 切分标题的四种办法，同一个模型，同样的五折。

# %%
as_is = {"analyzer": lambda terms: terms}
ways = {
    "1–3 characters": (news.train_texts, characters),
    "words": ([[w for w, _ in s] for s in tagged], as_is),
    "words with tags": ([[f"{w}/{t}" for w, t in s] for s in tagged], as_is),
    "nouns, verbs, adjectives": (
        [[w for w, t in s if t[0] in "nva"] for s in tagged],
        as_is,
    ),
}


def linear_on_fold(items, how):
    """Fit on the places ``a``, score on the places ``b``."""

    def fit_and_score(a, b):
        model = linear(**how).fit(pick(items, a), y_train[a])
        return model.score(pick(items, b), y_train[b])

    return fit_and_score


ways_scores = {
    way: cross_validate(linear_on_fold(items, how))
    for way, (items, how) in ways.items()
}

# %% [raw] lang="zh"
# 1–3 characters → 一至三个字
# words → 词
# words with tags → 带词性的词
# nouns, verbs, adjectives → 名词、动词、形容词
# Fit on the places ``a``, score on the places ``b``.
# → 在位置 ``a`` 上拟合，在位置 ``b`` 上打分。

# %% [markdown]
# Five numbers are few, so each mean comes with an interval: $\bar a \pm t\, s/\sqrt 5$,
# with $t$ of Student's distribution with 4 degrees of freedom. (The five training sets
# overlap, so read it as a guide, not as a guarantee.)

# %% [markdown] lang="zh" of="627a9c8a"
# 五个数太少，所以每个均值都配一个区间：$\bar a \pm t\, s/\sqrt 5$，
# 其中 $t$ 取自由度为 4 的学生分布。（五个训练集互相重叠，所以区间只供参考，
# 并不是保证。）

# %% fold
from scipy import stats


def mean_and_margin(scores):
    """Mean and half the width of the 95 % t-interval."""
    t = stats.t.ppf(0.975, len(scores) - 1)
    return scores.mean(), t * scores.std(ddof=1) / np.sqrt(len(scores))


def compare_folds(table):
    fig, ax = plt.subplots(figsize=(6.4, 0.8 + 0.55 * len(table)))
    for row, scores in enumerate(table.values()):
        mean, margin = mean_and_margin(scores)
        ax.errorbar(mean, row, xerr=margin, fmt="D", color="#1b3a6b", capsize=4)
        ax.plot(scores, np.full(5, row + 0.18), "|", color="#555555", ls="none")
    ax.set_yticks(range(len(table)), list(table))
    ax.invert_yaxis()
    ax.set_xlabel("accuracy on held-out folds")
    return fig


# %% [raw] lang="zh"
# Mean and half the width of the 95 % t-interval. → 均值，以及 95% t 区间的半宽。
# accuracy on held-out folds → 留出折上的准确率

# %%
alt = (
    "Mean accuracy with 95 % interval of logistic regression on four kinds of "
    "terms; small ticks are the five folds."
)
bm.show.figure(compare_folds(ways_scores), alt=alt)
by_character, by_word, by_tag, by_kind = (s.mean() for s in ways_scores.values())
print(*(f"{way}: {scores.mean():.3f}" for way, scores in ways_scores.items()), sep="\n")
if news.real:
    bm.claim(
        "Runs of characters do better than jieba's words",
        by_character > by_word,
        characters=by_character,
        words=by_word,
    )
    bm.claim(
        "To keep nouns, verbs and adjectives alone costs accuracy",
        by_kind < by_word,
        kept=by_kind,
        all_words=by_word,
    )

# %% [raw] lang="zh"
# Mean accuracy with 95 % interval of logistic regression on four kinds of terms; small
# ticks are the five folds.
# → 四种词项上逻辑回归的平均准确率及 95% 区间；小竖线是五折各自的结果。
# Runs of characters do better than jieba's words → 连续的字比 jieba 的词效果好
# To keep nouns, verbs and adjectives alone costs accuracy
# → 只留名词、动词、形容词，准确率反而下降

# %% [markdown]
# On real headlines the dictionary loses: it has never heard of last week's actor, and a
# word seen once is a word wasted, while its characters return elsewhere. Compare the
# rows with and without tags: if their intervals overlap widely, the folds do not
# decide. Measure before you add a step because a textbook lists it.

# %% [markdown] lang="zh" of="1ff4d8a1"
# 在真实标题上，词典反而吃亏：上周才走红的演员它没听说过；一个词若只见过一次，等于没见，
# 而其中的字却会在别处再现。再比较带词性与不带词性的两行：若区间大片重叠，
# 五折就分不出高下。教科书列出的步骤，也要先量一量再加。

# %% [markdown]
# ## Vocabulary and encoding
#
# A network reads numbers. Every character seen in training gets one, from 2 upwards; 0
# is padding, 1 stands for any character we have not met. The vocabulary comes from the
# training headlines alone.

# %% [markdown] lang="zh" of="55e4bfae"
# ## 词表与编码
#
# 网络读的是数字。训练集里出现过的每个字各得一个编号，从 2 开始；0 是填充，
# 1 代表一切没见过的字。词表只由训练集建立。

# %%
tokens = ["", "?", *sorted(set("".join(news.train_texts)))]
vocabulary = {token: number for number, token in enumerate(tokens) if number > 1}
length = int(lengths.max())
print(len(tokens), length)


# %% exercise="encode_headlines" points=2 minutes=8 level=2
def encode_headlines(texts, vocabulary, length):
    """Turn headlines into rows of character numbers.

    Args:
        texts: list of n strings
        vocabulary: dict from character to number (2, 3, ...); it stays as it is
        length: width of every row

    Returns:
        Array of int, (n, length): 1 for an unknown character, longer headlines are cut,
        shorter ones filled with 0 on the right.
    """
    ### BEGIN SOLUTION
    ids = np.zeros((len(texts), length), dtype=np.int64)
    for row, text in zip(ids, texts, strict=True):
        found = [vocabulary.get(character, 1) for character in text[:length]]
        row[: len(found)] = found
    return ids
    ### END SOLUTION


# %% [raw] lang="zh"
# Turn headlines into rows of character numbers. → 把标题变成一行行字的编号。
# Args:
#     texts: list of n strings
#     vocabulary: dict from character to number (2, 3, ...); it stays as it is
#     length: width of every row
# → 参数：
#       texts: n 个字符串的列表
#       vocabulary: 从字到编号（2、3……）的字典；不得改动
#       length: 每一行的宽度
# Returns:
#     Array of int, (n, length): 1 for an unknown character, longer headlines are cut,
#     shorter ones filled with 0 on the right.
# → 返回：
#       整数数组，(n, length)：未知的字为 1，过长则截断，
#       不足则在右边补 0。

# %% check="encode_headlines"
_v = {"球": 2, "赛": 3, "股": 4}
_got = encode_headlines(["球赛", "股?球", "赛赛赛赛赛赛"], _v, 4)
bm.expect.shape(_got, (3, 4), "one row a headline, each of the same length")
bm.expect.true(
    np.asarray(_got).dtype.kind in "iu",
    "an embedding is looked up by whole numbers: return ints",
)
bm.expect.equal(len(_v), 3, "the vocabulary must not grow: unknown characters are 1")
bm.expect.close(_got[0], [2, 3, 0, 0], "fill with 0 on the right")
bm.expect.close(_got[1], [4, 1, 2, 0], "an unknown character is 1 and keeps its place")
bm.expect.close(_got[2], [3, 3, 3, 3], "cut what is too long")
### BEGIN HIDDEN TESTS
_got = encode_headlines(["", "股赛新", "AB"], {"股": 9, "A": 5}, 2)
bm.expect.close(
    _got,
    [[0, 0], [9, 1], [5, 1]],
    "an empty headline is all padding; numbers come from the vocabulary given",
)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one row a headline, each of the same length → 一行一条标题，宽度都相同
# an embedding is looked up by whole numbers: return ints → 嵌入按整数查表：请返回整数
# the vocabulary must not grow: unknown characters are 1
# → 词表不能变大：未知的字一律为 1
# fill with 0 on the right → 在右边补 0
# an unknown character is 1 and keeps its place → 未知的字为 1，并且占一个位置
# cut what is too long → 过长的要截断
# an empty headline is all padding; numbers come from the vocabulary given
# → 空标题全是填充；编号取自给定的词表

# %% [markdown] hint="encode_headlines"
# Start from a table of zeros and fill in from the left. `dict.get` takes a second
# argument.

# %% [markdown] lang="zh" of="a6dd5b07"
# 先造一张全零的表，再从左边填起。`dict.get` 可以带第二个参数。

# %% [markdown] hint="encode_headlines"
# For each row: `found = [vocabulary.get(c, 1) for c in text[:length]]`, then write it
# into `row[:len(found)]`.

# %% [markdown] lang="zh" of="95e733ae"
# 对每一行：`found = [vocabulary.get(c, 1) for c in text[:length]]`，
# 再写入 `row[:len(found)]`。


# %% mistake="encode_headlines" says="was changed"
def encode_headlines(texts, vocabulary, length):
    ids = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        for j, character in enumerate(text[:length]):
            ids[i, j] = vocabulary.setdefault(character, len(vocabulary) + 2)
    return ids


# %% mistake="encode_headlines" says="keeps its place"
def encode_headlines(texts, vocabulary, length):
    rows = [[vocabulary[c] for c in text if c in vocabulary][:length] for text in texts]
    return np.array([row + [0] * (length - len(row)) for row in rows])


# %% mistake="encode_headlines" says="on the right"
def encode_headlines(texts, vocabulary, length):
    rows = [[vocabulary.get(c, 1) for c in text[:length]] for text in texts]
    return np.array([[0] * (length - len(row)) + row for row in rows])


# %% variant="encode_headlines"
def encode_headlines(texts, vocabulary, length):
    rows = []
    for text in texts:
        padded = [*(vocabulary.get(c, 1) for c in text), *[0] * length]
        rows.append(padded[:length])
    return np.array(rows)


# %%
x_train = torch.as_tensor(encode_headlines(news.train_texts, vocabulary, length))
y = torch.as_tensor(y_train)
unknown = np.mean([c not in vocabulary for t in news.test_texts for c in t])
print(news.train_texts[0], x_train[0].tolist(), f"{unknown:.1%}", sep="\n")

# %% [markdown]
# The last number is the share of test characters that the model has never met.
#
# ## TextCNN, from tensors up
#
# Each number becomes a vector of length $d$, its *embedding*, so a headline is a table
# $x$ of $n$ rows. A *filter* $W$ of width $h$ looks at $h$ neighbouring rows and
# answers with one number; it slides along the headline, hence *convolution over time*:
#
# $$
# c_i = \mathrm{ReLU}\Bigl(\sum_{j=0}^{h-1} \sum_{k=1}^{d} W_{jk}\, x_{i+j,\,k} +
# b\Bigr) \label{convolution-over-time}
# $$
#
# Where the phrase stands does not matter, only whether it is there. So of all the
# answers of one filter the strongest is kept, *max over time*:
#
# $$\hat c = \max_i c_i \label{max-over-time}$$

# %% [markdown] lang="zh" of="1967eefc"
# 最后一个数，是测试集里模型从没见过的字所占的比例。
#
# ## 从张量搭起 TextCNN
#
# 每个编号变成一个长为 $d$ 的向量，叫*嵌入*；于是一条标题是一张 $n$ 行的表 $x$。
# 宽为 $h$ 的*滤波器* $W$ 一次看相邻的 $h$ 行，答出一个数，再沿着标题一格一格滑过去，
# 所以叫*时间上的卷积*：
#
# $$
# c_i = \mathrm{ReLU}\Bigl(\sum_{j=0}^{h-1} \sum_{k=1}^{d} W_{jk}\, x_{i+j,\,k} +
# b\Bigr) \label{convolution-over-time}
# $$
#
# 词组站在哪里无所谓，要紧的是有没有。所以每个滤波器的所有回答中只留最强的一个，
# 即*时间上取最大*：
#
# $$\hat c = \max_i c_i \label{max-over-time}$$


# %% exercise="strongest_responses" points=4 minutes=15 level=3
def strongest_responses(x, W, b):
    """Slide filters along headlines and keep each filter's strongest answer.

    Args:
        x: embedded headlines, tensor, (batch, n, d)
        W: filters, tensor, (filters, h, d)
        b: one bias a filter, tensor, (filters,)

    Returns:
        max over i of ReLU(W . x[i : i + h] + b), (batch, filters)
    """
    ### BEGIN SOLUTION
    windows = x.unfold(1, W.shape[1], 1)  # (batch, n - h + 1, d, h)
    c = torch.relu(torch.einsum("bndh,fhd->bnf", windows, W) + b)
    return c.amax(dim=1)
    ### END SOLUTION


# %% [raw] lang="zh"
# Slide filters along headlines and keep each filter's strongest answer.
# → 让滤波器沿标题滑动，留下各自最强的回答。
# Args:
#     x: embedded headlines, tensor, (batch, n, d)
#     W: filters, tensor, (filters, h, d)
#     b: one bias a filter, tensor, (filters,)
# → 参数：
#       x: 嵌入后的标题，张量，(batch, n, d)
#       W: 滤波器，张量，(filters, h, d)
#       b: 每个滤波器一个偏置，张量，(filters,)
# Returns:
#     max over i of ReLU(W . x[i : i + h] + b), (batch, filters)
# → 返回：
#       对 i 取 ReLU(W · x[i : i + h] + b) 的最大值，(batch, filters)

# %% check="strongest_responses"
_x = torch.tensor([[[1.0, 9], [2, 8], [5, 7], [3, 6], [4, 1]]])  # (1, 5, 2)
_W = torch.zeros(3, 2, 2)
_W[0, 1, 0] = _W[1, 0, 1] = 1.0
_W[2, 0, 0] = -1.0
_got = strongest_responses(_x, _W, torch.zeros(3))
bm.expect.shape(
    _got,
    (1, 3),
    "one number a headline and filter: take the max over time, not over filters",
)
bm.expect.close(
    _got[0, :2],
    [5.0, 9.0],
    "W[f, j, k] belongs to character i + j and number k of its embedding: mind "
    "the order of the axes of each window",
)
bm.expect.close(_got[0, 2], 0.0, "ReLU: an answer below zero becomes 0")
bm.expect.close(
    strongest_responses(_x, _W, torch.tensor([1.0, -2, 3]))[0],
    [6.0, 7, 2],
    "add the bias of each filter before ReLU",
)
### BEGIN HIDDEN TESTS
_g = torch.Generator().manual_seed(3)
_x, _W, _b = (torch.randn(*s, generator=_g) for s in ((5, 7, 4), (6, 3, 4), (6,)))
_want = torch.relu(
    torch.nn.functional.conv1d(_x.transpose(1, 2), _W.transpose(1, 2), _b)
)
bm.expect.close(
    strongest_responses(_x, _W, _b),
    _want.amax(2),
    "every window counts, the last one too; widths differ from 2",
    atol=1e-5,
)
bm.expect.shape(
    strongest_responses(_x, _W[:, :1], _b),
    (5, 6),
    "a filter of width 1 is a filter too",
)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one number a headline and filter: take the max over time, not over filters
# → 每条标题每个滤波器一个数：要在时间上取最大，而不是在滤波器之间
# W[f, j, k] belongs to character i + j and number k of its embedding: mind the order of
# the axes of each window
# → W[f, j, k] 对应第 i + j 个字、嵌入的第 k 个数：留心窗口各轴的次序
# ReLU: an answer below zero becomes 0 → ReLU：小于零的回答变成 0
# add the bias of each filter before ReLU → 先加上各滤波器的偏置，再做 ReLU
# every window counts, the last one too; widths differ from 2
# → 每个窗口都算，最后一个也算；宽度不一定是 2
# a filter of width 1 is a filter too → 宽为 1 的滤波器也是滤波器

# %% [markdown] hint="strongest_responses"
# There are `n - h + 1` windows `x[:, i : i + h]`, each (batch, h, d). What do you get
# by multiplying one with a filter and summing over the last two axes?

# %% [markdown] lang="zh" of="862937ae"
# 窗口 `x[:, i : i + h]` 共有 `n - h + 1` 个，形状都是 (batch, h, d)。
# 拿一个窗口乘一个滤波器，再对最后两个轴求和，得到什么？

# %% [markdown] hint="strongest_responses"
# `x.unfold(1, h, 1)` gives all windows at once, but as (batch, n - h + 1, d, h): the
# width comes **last**. `torch.einsum("bndh,fhd->bnf", windows, W)` sorts that out.

# %% [markdown] lang="zh" of="88c0a364"
# `x.unfold(1, h, 1)` 一次给出所有窗口，但形状是 (batch, n - h + 1, d, h)：
# 宽度在**最后**。`torch.einsum("bndh,fhd->bnf", windows, W)` 能把次序理顺。

# %% [markdown] hint="strongest_responses"
# The answers are (batch, places, filters). Add `b`, apply `torch.relu`, then
# `.amax(dim=1)`: axis 1 is time.

# %% [markdown] lang="zh" of="24fcac63"
# 回答的形状是 (batch, 位置, filters)。加上 `b`，做 `torch.relu`，再 `.amax(dim=1)`：
# 第 1 轴是时间。


# %% mistake="strongest_responses" says="not over filters"
def strongest_responses(x, W, b):
    windows = x.unfold(1, W.shape[1], 1)
    return torch.relu(torch.einsum("bndh,fhd->bnf", windows, W) + b).amax(dim=2)


# %% mistake="strongest_responses" says="order of the axes"
def strongest_responses(x, W, b):
    windows = x.unfold(1, W.shape[1], 1).flatten(2)
    return torch.relu(windows @ W.flatten(1).T + b).amax(dim=1)


# %% mistake="strongest_responses" says="below zero becomes 0"
def strongest_responses(x, W, b):
    windows = x.unfold(1, W.shape[1], 1)
    return (torch.einsum("bndh,fhd->bnf", windows, W) + b).amax(dim=1)


# %% mistake="strongest_responses" says="before ReLU"
def strongest_responses(x, W, b):
    windows = x.unfold(1, W.shape[1], 1)
    return torch.relu(torch.einsum("bndh,fhd->bnf", windows, W)).amax(dim=1) + b


# %% variant="strongest_responses"
def strongest_responses(x, W, b):
    best = torch.zeros(len(x), len(W))
    h = W.shape[1]
    for i in range(x.shape[1] - h + 1):
        answer = (x[:, None, i : i + h] * W).sum(dim=(2, 3)) + b
        best = torch.maximum(best, answer)
    return best


# %% [markdown]
# `bmkit.models.TextCNN` is this, for widths 2, 3 and 4 side by side, with one linear
# layer on top. PyTorch's convolution does (\ref{convolution-over-time}), and what we
# wrote does both equations at once. PyTorch wants (filters, d, h), we wrote (filters,
# h, d).

# %% [markdown] lang="zh" of="836e6551"
# `bmkit.models.TextCNN` 就是它：宽度 2、3、4 并排，上面接一个线性层。
# PyTorch 的卷积做的是 (\ref{convolution-over-time})，我们写的一次做完两个公式。
# PyTorch 的次序是 (filters, d, h)，我们的是 (filters, h, d)。

# %% equation="convolution-over-time" of="d6c3a554"
net = bm.models.TextCNN(len(tokens), 4).eval()
e = net.embedding(x_train[:8]).detach()  # (8, n, d)
layer = net.convolutions[1]  # width 3
W, b = layer.weight.detach().transpose(1, 2), layer.bias.detach()
one_by_one = [(W * e[:, None, i : i + 3]).sum((2, 3)) + b for i in range(length - 2)]
c = F.relu(layer(e.transpose(1, 2))).detach()  # (8, filters, n - 2)
bm.equation("convolution-over-time", c, torch.stack(one_by_one, 2).relu(), atol=1e-5)

# %% [raw] lang="zh"
# width 3 → 宽度 3

# %% equation="max-over-time" of="9198ad4d"
bm.equation(
    "max-over-time", strongest_responses(e, W, b), c.max(dim=2).values, atol=1e-5
)

# %% [markdown]
# ## The same weights in Keras
#
# §5 writes its network in TensorFlow and Keras. A network is a function of its weights,
# not of its framework: put the same numbers in and the same logits must come out. Only
# the layouts differ.
#
# | layer | PyTorch | Keras |
# |---|---|---|
# | convolution | (filters, d, h) | (h, d, filters) |
# | linear, dense | (out, in) | (in, out) |

# %% [markdown] lang="zh" of="469fb971"
# ## 同样的权重，放进 Keras
#
# §5 用 TensorFlow 和 Keras 写网络。网络是权重的函数，与框架无关：放进同样的数，
# 就该算出同样的logits（未归一化的得分）。不同的只是摆放次序。
#
# | 层 | PyTorch | Keras |
# |---|---|---|
# | 卷积 | (filters, d, h) | (h, d, filters) |
# | 线性层 | (out, in) | (in, out) |

# %%
layers = tf.keras.layers
embed = layers.Embedding(len(tokens), 64)
slides = [layers.Conv1D(64, h, activation="relu") for h in net.widths]
dense = layers.Dense(4)
ids = tf.keras.Input((length,), dtype="int32")
strongest_of = [layers.GlobalMaxPooling1D()(slide(embed(ids))) for slide in slides]
twin = tf.keras.Model(
    ids, dense(layers.Dropout(0.5)(layers.Concatenate()(strongest_of)))
)


# %%
def weights_into_keras(net):
    """Copy a TextCNN's weights into the Keras twin, axes turned as it wants."""
    w = {name: p.detach().cpu().numpy() for name, p in net.state_dict().items()}
    embed.set_weights([w["embedding.weight"]])
    for i, slide in enumerate(slides):
        kernel = w[f"convolutions.{i}.weight"].transpose(2, 1, 0)
        slide.set_weights([kernel, w[f"convolutions.{i}.bias"]])
    dense.set_weights([w["output.weight"].T, w["output.bias"]])


# %% [raw] lang="zh"
# Copy a TextCNN's weights into the Keras twin, axes turned as it wants.
# → 把 TextCNN 的权重抄进 Keras 模型，该转置的转置。
# convolutions.{i}.weight → =
# convolutions.{i}.bias → =

# %%
weights_into_keras(net)
in_keras = twin(x_train[:64].numpy(), training=False).numpy()
in_torch = net(x_train[:64]).detach().numpy()
gap = np.abs(in_keras - in_torch).max()
bm.claim(
    "The same weights give the same logits in Keras and in PyTorch, to 0.0001",
    gap < 1e-4,
    difference=gap,
)

# %% [raw] lang="zh"
# The same weights give the same logits in Keras and in PyTorch, to 0.0001
# → 同样的权重在 Keras 与 PyTorch 中给出同样的 logits，误差不到 0.0001

# %% [markdown]
# Single precision and another order of summation are all that parts them. We train in
# PyTorch from here; everything would go the same in Keras.

# %% [markdown] lang="zh" of="61e8b66d"
# 两者之差只来自单精度和求和次序。以下用 PyTorch 训练；换成 Keras 也是一样。

# %% [markdown]
# ## Training: SGD and Adam
#
# §4.3.1 trains with stochastic gradient descent and tells us to adjust the learning
# rate. So we do: four rates for SGD, four for Adam, each judged on one fold that it did
# not see. A run whose loss is no longer finite counts as zero.

# %% [markdown] lang="zh" of="5da354ea"
# ## 训练：SGD 与 Adam
#
# §4.3.1 用随机梯度下降训练，并要求调整学习率。那就调：SGD 四个，Adam 四个，
# 每个都在没有见过的一折上打分。损失发散的记为零分。

# %%
epochs = lab.pick(ci=10, workshop=20, full=40)
filters = lab.pick(ci=32, workshop=64, full=128)


def train_cnn(
    where, optimizer=torch.optim.Adam, lr=1e-3, start=0.1, rounds=epochs, label=""
):
    """A TextCNN trained on the headlines at these places, and its losses."""
    torch.manual_seed(lab.seed)
    net = bm.models.TextCNN(len(tokens), 4, filters=filters).to(lab.device)
    with torch.no_grad():
        net.embedding.weight.mul_(start / 0.1)  # TextCNN's embeddings start at 0.1
    batches = bm.train.Batches(x_train[where], y[where], 32, seed=lab.seed)
    step = optimizer(net.parameters(), lr=lr)
    history = bm.train.fit(
        net, batches, F.cross_entropy, step, epochs=rounds, label=label
    )
    return net, history


def share_right(net, x, labels):
    """Accuracy of a network."""
    return float(
        (bm.train.predict(net, x).argmax(1) == torch.as_tensor(labels)).float().mean()
    )


# %% [raw] lang="zh"
# A TextCNN trained on the headlines at these places, and its losses.
# → 在这些位置的标题上训练的 TextCNN，及各轮损失。
# Accuracy of a network. → 网络的准确率。
# TextCNN's embeddings start at 0.1 → TextCNN 的嵌入以 0.1 开始

# %%
held_out = folds[0]
rest = np.setdiff1d(np.arange(len(y_train)), held_out)
rates = {"SGD": [0.01, 0.1, 0.5, 2.0], "Adam": [0.0001, 0.001, 0.01, 0.1]}
optimizers = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
sweep, losses = {}, {}
for name, lrs in rates.items():
    for lr in lrs:
        try:
            net, losses[name, lr] = train_cnn(
                rest, optimizers[name], lr, label=f"{name} {lr}"
            )
            sweep[name, lr] = share_right(net, x_train[held_out], y_train[held_out])
        except (
            FloatingPointError
        ):  # the steps were so large that the loss left all bounds
            sweep[name, lr] = 0.0

# %% [raw] lang="zh"
# the steps were so large that the loss left all bounds → 步子太大，损失已经发散

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
best_lr = {
    name: max(lrs, key=lambda lr: sweep[name, lr]) for name, lrs in rates.items()
}
for (name, lrs), marker in zip(rates.items(), "os", strict=True):
    left.semilogx(lrs, [sweep[name, lr] for lr in lrs], marker=marker, label=name)
    right.semilogy(
        losses[name, best_lr[name]],
        marker=marker,
        label=f"{name}, lr = {best_lr[name]}",
    )
left.set_xlabel("learning rate")
left.set_ylabel("accuracy on the held-out fold")
right.set_xlabel("epoch")
right.set_ylabel("training loss")
for ax in (left, right):
    ax.legend()
bm.show.figure(
    fig,
    alt=(
        "Left: accuracy against learning rate for SGD and Adam; SGD needs far "
        "larger rates. Right: training loss of the best of each, by epoch."
    ),
)

# %% [raw] lang="zh"
# learning rate → 学习率
# accuracy on the held-out fold → 留出折上的准确率
# epoch → 训练轮次
# training loss → 训练损失
# Left: accuracy against learning rate for SGD and Adam; SGD needs far larger rates.
# Right: training loss of the best of each, by epoch.
# → 左：SGD 与 Adam 的准确率随学习率的变化，SGD 需要大得多的学习率。右：各自
#   最佳者的训练损失逐轮变化。
# {name}, lr = {best_lr[name]} → =

# %%
same_rate = {name: sweep[name, 0.01] for name in rates}
if news.real:
    bm.claim(
        "SGD's best rate is at least ten times Adam's: a rate means nothing "
        "without its optimizer",
        best_lr["SGD"] >= 10 * best_lr["Adam"],
        SGD=best_lr["SGD"],
        Adam=best_lr["Adam"],
    )
bm.claim(
    "At rate 0.01 Adam has learned and SGD hardly",
    same_rate["Adam"] > same_rate["SGD"] + 0.1,
    **same_rate,
)

# %% [raw] lang="zh"
# SGD's best rate is at least ten times Adam's: a rate means nothing without its
# optimizer
# → SGD 的最佳学习率至少是 Adam 的十倍：离开优化器谈学习率没有意义
# At rate 0.01 Adam has learned and SGD hardly
# → 学习率同为 0.01，Adam 已学会，SGD 还没怎么动

# %% [markdown]
# ## Five folds for both
#
# Now the duel, on the training set alone: the same folds, the same headlines. The
# network trains with Adam at the rate found above. It runs twice: `TextCNN` lets its
# embeddings start small, with standard deviation 0.1, where PyTorch's `nn.Embedding`
# starts at 1.

# %% [markdown] lang="zh" of="a08788d8"
# ## 两个模型，同样五折
#
# 现在让两者在训练集上较量：同样的折，同样的标题。网络用 Adam，学习率取上面找到的。
# 网络跑两遍：`TextCNN` 的嵌入从小处起步，标准差为 0.1；
# 而 PyTorch 的 `nn.Embedding` 默认为 1。

# %%
lr = best_lr["Adam"]


def cnn_on_fold(start):
    """Train on the places ``a``, score on the places ``b``."""

    def fit_and_score(a, b):
        net, _ = train_cnn(a, lr=lr, start=start)
        return share_right(net, x_train[b], y_train[b])

    return fit_and_score


duel = {
    "TF-IDF": ways_scores[next(iter(ways))],
    "TextCNN": cross_validate(cnn_on_fold(start=0.1)),
    "TextCNN, started large": cross_validate(cnn_on_fold(start=1.0)),
}
alt = (
    "Five-fold accuracy of TF-IDF with logistic regression, of TextCNN, and of "
    "TextCNN with large initial embeddings; mean and 95 % interval."
)
bm.show.figure(compare_folds(duel), alt=alt)

# %% [raw] lang="zh"
# Train on the places ``a``, score on the places ``b``.
# → 在位置 ``a`` 上训练，在位置 ``b`` 上打分。
# TextCNN, started large → TextCNN，大幅起步
# Five-fold accuracy of TF-IDF with logistic regression, of TextCNN, and of TextCNN with
# large initial embeddings; mean and 95 % interval.
# → TF-IDF 加逻辑回归、TextCNN，以及嵌入初值较大的 TextCNN 的五折准确率，均值
#   与 95% 区间。

# %%
for name, scores in duel.items():
    mean, margin = mean_and_margin(scores)
    print(f"{name}: {mean:.3f} ± {margin:.3f}")
small_start, large_start = (s.mean() for s in list(duel.values())[1:])
if news.real:
    bm.claim(
        "With little text to learn from, a network does better when its "
        "embeddings start small",
        small_start > large_start,
        small=small_start,
        large=large_start,
    )
bm.claim(
    "All are far above guessing, on every fold",
    min(map(min, duel.values())) > 0.5,
    lowest=min(map(min, duel.values())),
)

# %% [raw] lang="zh"
# With little text to learn from, a network does better when its embeddings start small
# → 文本不多时，嵌入从小处起步的网络更好
# All are far above guessing, on every fold → 每个模型在每一折上都远胜瞎猜

# %% [markdown]
# The best rate was chosen on the first of these folds, which flatters the network a
# little there. And the intervals are wide: five folds of so few headlines cannot settle
# small differences. The test set can.
#
# ## One look at the test set
#
# Both are now trained on all training headlines and asked once about the test set.
# Accuracy is one number; a *confusion matrix* says who is taken for whom: rows are true
# classes, columns what the model said.

# %% [markdown] lang="zh" of="0ee57f66"
# 学习率是在其中第一折上挑的，网络在那一折上占了点便宜。区间也很宽：标题这么少，
# 五折定不了小差别的胜负。测试集可以。
#
# ## 只看一次测试集
#
# 两者用全部训练标题重新训练，再到测试集上考一次。准确率只是一个数；
# *混淆矩阵*则说明谁被当成了谁：行是真实类别，列是模型的判断。

# %%
final_net, _ = train_cnn(np.arange(len(y_train)), lr=lr)
x_test = torch.as_tensor(encode_headlines(news.test_texts, vocabulary, length))
said = {
    "TF-IDF": baseline.predict(news.test_texts),
    "TextCNN": bm.train.predict(final_net, x_test).argmax(1).numpy(),
}
confusion = {name: np.zeros((4, 4), dtype=int) for name in said}
for name, y_hat in said.items():
    np.add.at(confusion[name], (y_test, y_hat), 1)

# %% fold
fig, axes = plt.subplots(1, 2, figsize=(9, 4), constrained_layout=True)
for ax, (name, table) in zip(axes, confusion.items(), strict=True):
    ax.imshow(table, cmap="Greys", vmax=table.sum() / 3)
    for i, j in np.ndindex(4, 4):
        ax.text(
            j,
            i,
            table[i, j],
            ha="center",
            va="center",
            color="white" if i == j else "black",
        )
    ax.set_xticks(range(4), names)
    ax.set_yticks(range(4), names)
    ax.grid(False)
    ax.set_title(name)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
bm.show.figure(
    fig,
    alt=(
        "Confusion matrices of TF-IDF and TextCNN on the test set; most counts "
        "lie on the diagonal."
    ),
)

# %% [raw] lang="zh"
# predicted → 预测
# true → 真实
# Confusion matrices of TF-IDF and TextCNN on the test set; most counts lie on the
# diagonal.
# → TF-IDF 与 TextCNN 在测试集上的混淆矩阵，大多数落在对角线上。

# %% [markdown]
# For a class, *precision* asks how many of those called so are so, *recall* how many of
# those that are so were called so, and F1 is their harmonic mean; with true positives
# $TP$, false positives $FP$ and false negatives $FN$
#
# $$F_1 = \frac{2PR}{P + R} = \frac{2\,TP}{2\,TP + FP + FN} \label{f1}$$
#
# *Macro* F1 is the plain mean over the classes: a rare class counts as much as a common
# one.

# %% [markdown] lang="zh" of="39ef1490"
# 对某一类而言，*精确率* $P$ 问：判为该类的有多少真是；*召回率* $R$ 问：
# 真是该类的有多少被找出来；F1 是两者的调和平均。记真正例 $TP$、假正例 $FP$、
# 假负例 $FN$，则
#
# $$F_1 = \frac{2PR}{P + R} = \frac{2\,TP}{2\,TP + FP + FN} \label{f1}$$
#
# *宏平均* F1 是各类 F1 的简单平均：稀少的类与常见的类同等重要。

# %% equation="f1" of="72d3219c"
table = confusion["TF-IDF"]
TP, FP, FN = (
    table.diagonal(),
    table.sum(0) - table.diagonal(),
    table.sum(1) - table.diagonal(),
)
P, R = TP / (TP + FP), TP / (TP + FN)
bm.equation("f1", 2 * P * R / (P + R), 2 * TP / (2 * TP + FP + FN))


# %% exercise="macro_f1" points=3 minutes=8 level=2
def macro_f1(confusion):
    """The mean over the classes of F1.

    Args:
        confusion: counts, array, (classes, classes): row true, column predicted

    Returns:
        A number from 0 to 1; a class with no true positive has F1 = 0.
    """
    ### BEGIN SOLUTION
    confusion = np.asarray(confusion, dtype=float)
    tp = confusion.diagonal()
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(2 * tp / np.where(total == 0, 1, total)))
    ### END SOLUTION


# %% [raw] lang="zh"
# The mean over the classes of F1. → 各类 F1 的平均。
# Args:
#     confusion: counts, array, (classes, classes): row true, column predicted
# → 参数：
#       confusion: 计数，数组，(classes, classes)：行为真实，列为预测
# Returns:
#     A number from 0 to 1; a class with no true positive has F1 = 0.
# → 返回：
#       0 到 1 之间的数；没有真正例的类 F1 = 0。

# %% check="macro_f1"
_table = np.array([[90, 10, 0], [5, 5, 0], [0, 8, 2]])
bm.expect.true(
    abs(macro_f1(_table) - 0.808333) > 1e-3,
    "this is the accuracy (micro average); macro F1 is the mean of the classes' F1",
)
bm.expect.close(
    macro_f1(_table),
    0.519814,
    "take the mean of the F1 scores of the classes",
    atol=1e-4,
)
bm.expect.close(macro_f1(np.eye(4) * 7), 1.0, "a perfect model has F1 = 1")
### BEGIN HIDDEN TESTS
bm.expect.close(
    macro_f1(np.array([[6, 0], [2, 0]])),
    3 / 7,
    "a class that is never predicted has F1 = 0, not NaN",
)
bm.expect.close(
    macro_f1(np.array([[3, 1], [2, 4]])),
    (6 / 9 + 8 / 11) / 2,
    "rows are true, columns predicted",
)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# this is the accuracy (micro average); macro F1 is the mean of the classes' F1
# → 这是准确率（微平均）；宏平均 F1 是各类 F1 的平均
# take the mean of the F1 scores of the classes → 先算各类的 F1，再取平均
# a perfect model has F1 = 1 → 全对的模型 F1 = 1
# a class that is never predicted has F1 = 0, not NaN
# → 从未被预测的类 F1 = 0，而不是 NaN
# rows are true, columns predicted → 行是真实，列是预测

# %% [markdown] hint="macro_f1"
# The diagonal holds the true positives. What do the sums of rows and of columns count?

# %% [markdown] lang="zh" of="bfaf4ed4"
# 对角线上是真正例。行和、列和数的各是什么？

# %% [markdown] hint="macro_f1"
# Row sum = TP + FN, column sum = TP + FP, so the denominator of (\ref{f1}) is their
# sum. One F1 for each class, then the mean. Where the denominator is 0, F1 is 0.

# %% [markdown] lang="zh" of="57c97040"
# 行和 = TP + FN，列和 = TP + FP，所以 (\ref{f1}) 的分母就是两者之和。每类算一个 F1，
# 再取平均。分母为 0 时 F1 记 0。


# %% mistake="macro_f1" says="micro average"
def macro_f1(confusion):
    return confusion.diagonal().sum() / confusion.sum()


# %% mistake="macro_f1" says="mean of the F1 scores"
def macro_f1(confusion):
    tp = confusion.diagonal()
    p, r = np.mean(tp / confusion.sum(0)), np.mean(tp / confusion.sum(1))
    return 2 * p * r / (p + r)


# %% mistake="macro_f1" says="not NaN"
def macro_f1(confusion):
    tp = confusion.diagonal()
    with np.errstate(invalid="ignore"):
        p, r = tp / confusion.sum(0), tp / confusion.sum(1)
        return np.mean(2 * p * r / (p + r))


# %% variant="macro_f1"
def macro_f1(confusion):
    scores = []
    for c in range(len(confusion)):
        tp = confusion[c][c]
        precision = tp / max(1, sum(row[c] for row in confusion))
        recall = tp / max(1, sum(confusion[c]))
        scores.append(2 * precision * recall / (precision + recall) if tp else 0.0)
    return sum(scores) / len(scores)


# %%
from sklearn.metrics import classification_report, f1_score

print(classification_report(y_test, said["TextCNN"], target_names=names, digits=3))
ours = {name: macro_f1(table) for name, table in confusion.items()}
theirs = {
    name: f1_score(y_test, y_hat, average="macro") for name, y_hat in said.items()
}
gap = max(abs(ours[name] - theirs[name]) for name in ours)
bm.claim(
    "Our macro F1 is scikit-learn's",
    gap < 1e-9,
    difference=gap,
    **{k.replace("-", "_"): v for k, v in ours.items()},
)

# %% [raw] lang="zh"
# Our macro F1 is scikit-learn's → 我们的宏平均 F1 与 scikit-learn 的相同

# %% [markdown]
# ## Who is better, honestly?
#
# Both models answered the *same* headlines, so we compare headline by headline. The
# paired bootstrap draws the test set anew, with replacement, two thousand times, and
# each time notes by how much TF-IDF leads. If the middle 95 % of those leads stay clear
# of zero, the difference is not luck of the draw.

# %% [markdown] lang="zh" of="e1976cce"
# ## 老实说，谁更好？
#
# 两个模型答的是*同一批*标题，所以应当逐条比较。成对自助法（paired bootstrap）
# 把测试集有放回地重抽两千次，每次记下 TF-IDF 领先多少。若中间 95% 的领先都在零的一侧，
# 就不是抽签的运气。

# %%
right = {name: (y_hat == y_test).astype(float) for name, y_hat in said.items()}
lead = right["TF-IDF"] - right["TextCNN"]  # -1, 0 or 1 a headline
rng = np.random.default_rng(lab.seed)
redrawn = np.array([rng.choice(lead, len(lead)).mean() for _ in range(2000)])
low, high = np.quantile(redrawn, [0.025, 0.975])
print(
    *(f"{name} {r.mean():.4f}" for name, r in right.items()),
    f"[{low:+.4f}, {high:+.4f}]",
)

# %% [raw] lang="zh"
# -1, 0 or 1 a headline → 每条标题为 -1、0 或 1

# %% fold
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.hist(redrawn, 40, color="#9aa7b8", edgecolor="white")
ax.axvline(0, color="black", lw=1.5, ls="-")
for edge in (low, high):
    ax.axvline(edge, color="#c2410c", ls="--")
ax.set_xlabel("lead of TF-IDF over TextCNN, in accuracy")
ax.set_ylabel("redrawn test sets")
bm.show.figure(
    fig,
    alt=(
        "Histogram of the lead of TF-IDF over 2,000 redrawn test sets, with the "
        "95 % interval (dashed) and zero (solid)."
    ),
)

# %% [raw] lang="zh"
# lead of TF-IDF over TextCNN, in accuracy → TF-IDF 领先 TextCNN 的准确率
# redrawn test sets → 重抽的测试集个数
# Histogram of the lead of TF-IDF over 2,000 redrawn test sets, with the 95 % interval
# (dashed) and zero (solid).
# → 2000 个重抽测试集上 TF-IDF 领先幅度的直方图，虚线为 95% 区间，实线为零。

# %%
accuracies = {name.replace("-", "_"): r.mean() for name, r in right.items()}
if news.real:
    bm.claim(
        "On a thousand real headlines the linear baseline beats the network, and "
        "not by luck",
        low > 0,
        low=low,
        high=high,
        **accuracies,
    )
else:
    bm.claim(
        "On the stand-in headlines both models do far better than guessing",
        min(accuracies.values()) > 0.5,
        **accuracies,
    )

# %% [raw] lang="zh"
# On a thousand real headlines the linear baseline beats the network, and not by luck
# → 在一千条真实标题上，线性基线胜过网络，而且不是运气
# On the stand-in headlines both models do far better than guessing
# → 在替代标题上，两个模型都远胜瞎猜

# %% [markdown]
# Say it plainly: with a thousand headlines to learn from, counting characters is hard
# to beat: it trains in a moment and can be read. A network that learns its
# representation from nothing needs more text, or text read beforehand (see *A small
# BERT* in the course).
#
# ### How many headlines does each need?

# %% [markdown] lang="zh" of="4f01099e"
# 直说了吧：只有一千条标题可学时，数数字符就很难被超过：转眼训练完，还读得懂。
# 从零学表示的网络需要更多文本，或者事先读过许多文本（本课程的“小型 BERT”会讲）。
#
# ### 两者各要多少条标题？

# %%
shares = [0.1, 0.25, 0.5, 1.0]
deal = np.random.default_rng(lab.seed).permutation(len(y_train))
curve = {"TF-IDF": [], "TextCNN": []}
for share in shares:
    some = deal[: int(share * len(deal))]
    small = linear(**characters).fit(pick(news.train_texts, some), y_train[some])
    curve["TF-IDF"].append(small.score(news.test_texts, y_test))
    net, _ = train_cnn(
        some, lr=lr, rounds=round(epochs / share)
    )  # as many steps for all
    curve["TextCNN"].append(share_right(net, x_test, y_test))

# %% [raw] lang="zh"
# as many steps for all → 步数都相同

# %% fold
fig, ax = plt.subplots()
for (name, scores), marker in zip(curve.items(), "os", strict=True):
    ax.plot([int(s * len(deal)) for s in shares], scores, marker=marker, label=name)
ax.set_xlabel("training headlines")
ax.set_ylabel("accuracy on the test set")
ax.legend()
bm.show.figure(
    fig,
    alt=(
        "Test accuracy of both models against the number of training headlines; "
        "both rise."
    ),
)
gain = {k.replace("-", "_"): v[-1] - v[0] for k, v in curve.items()}
bm.claim("Ten times the headlines help both models", min(gain.values()) > 0, **gain)

# %% [raw] lang="zh"
# training headlines → 训练标题数
# accuracy on the test set → 测试集上的准确率
# Test accuracy of both models against the number of training headlines; both rise.
# → 两个模型的测试准确率随训练标题数的变化，都在上升。
# Ten times the headlines help both models → 标题多十倍，两个模型都受益

# %% [markdown]
# ### What each gets wrong
#
# Numbers say how often, examples say why. First what only TF-IDF got right, then what
# only the network did, then what fooled both.

# %% [markdown] lang="zh" of="8cb98420"
# ### 各自错在哪里
#
# 数字说明错多少，例子说明为什么。先看只有 TF-IDF 答对的，再看只有网络答对的，
# 最后看两者都错的。

# %%
ours_right, net_right = right["TF-IDF"] == 1, right["TextCNN"] == 1
for who in (ours_right & ~net_right, net_right & ~ours_right, ~ours_right & ~net_right):
    print(int(who.sum()))
    for i in np.flatnonzero(who)[:4]:
        linear_says, net_says = (names[said[model][i]] for model in said)
        print(
            f"   {news.test_texts[i]}   {names[y_test[i]]} | {linear_says} | {net_says}"
        )

# %% [markdown]
# Each line ends with the true class, what TF-IDF said and what TextCNN said.
#
# Where did the network look? Each filter's answer comes from one window of characters.
# Give its contribution to the class's score to the characters of that window, and the
# headline shows what decided.

# %% [markdown] lang="zh" of="5b9e2023"
# 每行末尾依次是真实类别、TF-IDF 的判断、TextCNN 的判断。
#
# 网络看的是哪里？每个滤波器的回答都出自某一个窗口。把它对该类得分的贡献分给窗口里的几个
# 字，就看得出是哪些字起了作用。


# %%
def contributions(net, ids, wanted):
    """What each character of one headline adds to the score of a class, (n,)."""
    credit = np.zeros(len(ids))
    per_width = net.output.weight[wanted].detach().cpu().split(filters)
    for h, weight, c in zip(
        net.widths, per_width, net.feature_maps(ids[None].to(lab.device)), strict=True
    ):
        strength, place = c[0].detach().cpu().max(dim=1)
        for amount, i in zip((weight * strength).tolist(), place.tolist(), strict=True):
            credit[i : i + h] += amount / h
    return credit


# %% [raw] lang="zh"
# What each character of one headline adds to the score of a class, (n,).
# → 一条标题中每个字给某类得分加了多少，(n,)。


# %% fold
def decided(headline):
    text = news.test_texts[headline]
    guess = int(said["TextCNN"][headline])
    credit = contributions(final_net, x_test[headline], guess)[: len(text)]
    fig, ax = plt.subplots(figsize=(9, 2.6))
    ax.bar(range(len(credit)), credit, color=np.where(credit > 0, "#1b3a6b", "#d19a00"))
    ax.set_xticks(range(len(credit)), list(text[: len(credit)]))
    ax.set_xlabel(f"said: {names[guess]}, true: {names[y_test[headline]]}")
    ax.set_ylabel("adds to the score")
    return fig


bm.show.explore(
    decided,
    headline=(0, len(y_test) - 1, 1),
    alt=(
        "A bar above each character of a test headline: what it adds to the "
        "score of the class that the network chose."
    ),
)


# %% [raw] lang="zh"
# said: {names[guess]}, true: {names[y_test[headline]]}
# → 判为：{names[guess]}，实为：{names[y_test[headline]]}
# adds to the score → 对得分的贡献
# A bar above each character of a test headline: what it adds to the score of the class
# that the network chose.
# → 测试标题的每个字上方有一根条：它给网络所选类别的得分加了多少。

# %% [markdown]
# ## Out of the notebook
#
# §4.3.1 ends with deployment. What must travel with the weights? The vocabulary, the
# row length, the sizes and the names of the classes: lose one and the weights are
# noise. One file holds all of it, as plain arrays and JSON, so that opening it can run
# no code.

# %% [markdown] lang="zh" of="5d0709cd"
# ## 走出笔记本
#
# §4.3.1 以部署收尾。跟着权重走的还得有什么？词表、行宽、各层大小、类别名称，少一样，
# 权重就是噪声。一个文件装下全部，里面只有数组和 JSON，所以打开它不会执行任何代码。

# %%
import tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
saved = bm.deploy.save(
    Path(folder.name) / "headlines.bundle",
    final_net.state_dict(),
    vocabulary=tokens,
    configuration={"filters": filters, "length": length, "classes": names},
)
print(f"{saved.name}: {saved.stat().st_size / 1024:.0f} KiB")

# %% [raw] lang="zh"
# {saved.name}: {saved.stat().st_size / 1024:.0f} KiB
# → {saved.name}：{saved.stat().st_size / 1024:.0f} KiB

# %%
bundle = bm.deploy.load(saved)
setup = bundle.configuration
served = bundle.into(
    bm.models.TextCNN(len(bundle.vocabulary), 4, filters=setup["filters"])
)
numbers = {token: i for i, token in enumerate(bundle.vocabulary) if i > 1}


def classify(texts):
    """Probability of each class for each text, (n, 4)."""
    ids = torch.as_tensor(encode_headlines(texts, numbers, setup["length"]))
    return bm.train.predict(served, ids).softmax(dim=1).numpy()


# %% [raw] lang="zh"
# Probability of each class for each text, (n, 4). → 每条文本属于各类的概率，(n, 4)。

# %%
agree = float(np.mean(classify(news.test_texts).argmax(1) == said["TextCNN"]))
bm.claim(
    "The reloaded classifier answers every test headline as the trained one did",
    agree == 1.0,
    agreement=agree,
)

# %% [raw] lang="zh"
# The reloaded classifier answers every test headline as the trained one did
# → 重新载入的分类器对每条测试标题的回答都与训练时相同

# %% [markdown]
# And a table that needs no running kernel, then a box that does: type a headline of
# your own, in Chinese, and press Enter.

# %% [markdown] lang="zh" of="44fc00bc"
# 先是一张不需要内核的表，再是一个需要内核的输入框：自己拟一条标题，按回车。

# %%
import html

import ipywidgets
from IPython.display import HTML, display


def as_table(texts):
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = [
        f"<tr><td>{html.escape(text)}</td>"
        + "".join(f"<td>{p:.0%}</td>" for p in row)
        + "</tr>"
        for text, row in zip(texts, classify(texts), strict=True)
    ]
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


mine = ["央行下调存款利率", "国足客场两球告负", "两国外长举行会谈", "新片首映票房破亿"]
display(HTML(as_table(mine)))

# %%
box = ipywidgets.Text(description="Headline", continuous_update=False)
answer = ipywidgets.HTML()


def reply(change):
    answer.value = as_table([change["new"]]) if change["new"].strip() else ""


box.observe(reply, names="value")
box.value = mine[0]
display(ipywidgets.VBox([box, answer]))

# %% [raw] lang="zh"
# Headline → 标题

# %% [markdown]
# Try something that is none of the four, a recipe or a poem. The network still shares
# out 100 %: a classifier that cannot say "none of these" needs somebody who can.
#
# ## What we learned
#
# - A baseline comes first. On a thousand real headlines it also came first at the end.
# - TF-IDF, folds, convolution over time, F1: each a few lines, each equal to the
#   library's.
# - A network is its weights: the same numbers give the same logits in PyTorch and
#   Keras.
# - A learning rate belongs to an optimizer, and how large the embeddings start matters.
# - Everything fitted (vocabulary, idf, learning rate) is fitted on training headlines.
# - A difference between two models wants an interval, and the fair one is paired.
#
# ## Where next
#
# Train with the test and training sets exchanged: does the network catch up with four
# thousand headlines? Give the network words instead of characters. Average the two
# models' probabilities: they err on different headlines.
#
# ## Further reading
#
# - Y. Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014.
# - G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval",
#   Information Processing & Management 24(5), 1988.

# %% [markdown] lang="zh" of="df49737e"
# 试一条四类之外的，比如菜谱或诗句。网络照样把 100% 分完：分类器自己不会说“都不是”，
# 就得有会说的人在旁边。
#
# ## 我们学到了什么
#
# - 基线先行。在一千条真实标题上，它到最后也还是第一。
# - TF-IDF、分折、时间上的卷积、F1：都只要几行，都与库里的结果相同。
# - 网络就是它的权重：同样的数，在 PyTorch 与 Keras 中给出同样的 logits。
# - 学习率离不开优化器；嵌入起步的大小也有讲究。
# - 凡是要拟合的（词表、idf、学习率），都只在训练集上拟合。
# - 比较两个模型要给区间；要公平，就得成对比较。
#
# ## 接下来
#
# 把训练集和测试集对调：有四千条标题时，网络追得上吗？改用词而不是字作输入，
# 会怎样？把两个模型的概率取平均试试：它们错的不是同一批标题。
#
# ## 延伸阅读
#
# - Y. Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014.
# - G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval",
#   Information Processing & Management 24(5), 1988.
