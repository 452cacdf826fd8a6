# ---
# slug: workflow
# title: {en: From problem to feedback, zh: 从问题到反馈}
# section: "2 (flow chart)"
# minutes: 90
# needs: []
# data: [news]
# extras: []
# introduces: [validation set]
# gpu: false  # too small for one: full is the same as workshop
# symbols:
#   x: input
#   y: target
#   p: probability
#   W: weights
#   b: bias
#   m: number of examples
#   c: weight of the data against the penalty
# says:
#   en: All eight boxes of a project, on real headlines, in one sitting.
#   zh: 一次坐下来，用真实的新闻标题走完项目的八个方框。
# ---

# %% [markdown]
# Most courses begin with a model. Projects begin with somebody who has a problem, and
# end (if they are well) never. Between the two lie eight boxes, which the document
# draws in its second section. In this lesson we walk through all of them once, on real
# headlines, with a model so small that there is time for everything around it. The
# model is the least of it, as you will see.
#
# ```mermaid
# flowchart LR
#   A[1 problem] --> B[2 data] --> C[3 preparation] --> D[4 design]
#   D --> E[5 training] --> F[6 evaluation] --> G[7 deployment] --> H[8 feedback]
#   H -.-> B
#   F -.-> D
# ```
#
# The dotted arrows are ours. A straight line is how one tells it afterwards.

# %% [markdown] lang="zh" of="20d918ac"
# 课程大多从模型讲起。项目却是从某个人遇到问题开始的，而且只要活得好，就没有终点。
# 从头到尾要走过八个方框，原文在第二节里画了出来。这一课用真实的新闻标题，
# 把八个方框完整走一遍。模型很小，好腾出时间来看它周围的一切。你会看到，
# 模型只是其中最小的一块。
#
# ```mermaid
# flowchart LR
#   A[1 问题定义] --> B[2 数据收集] --> C[3 数据预处理] --> D[4 模型设计]
#   D --> E[5 模型训练] --> F[6 性能评估] --> G[7 应用部署] --> H[8 反馈调整]
#   H -.-> B
#   F -.-> D
# ```
#
# 虚线箭头是我们加的。一条直线，那是事后讲起来的样子。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from torch.nn import functional as F

import bmkit as bm

lab = bm.start("workflow", profile=profile, device="cpu", seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)
draws = np.random.default_rng(lab.seed)

# %% [markdown]
# ## 1 The problem
#
# A newsroom files its headlines by hand: politics, economy, sports, entertainment. They
# want a machine to do the easy ones. That sentence already contains most of the
# specification, if one asks. What goes in, what comes out? What happens today, without
# a machine? What does an error cost? Who takes over when the machine is not sure? And,
# the question that is forgotten most often: at which number do we **stop**, either
# because it is good enough or because it is not?
#
# We write the answers down before we see any data, so that we cannot bend them later.

# %% [markdown] lang="zh" of="cab7d4b2"
# ## 1 问题定义
#
# 某编辑部靠人工给标题归类：时政、经济、体育、娱乐。他们想让机器来做容易的那部分。
# 只要肯追问，这句话里已经有了大半份需求：进去的是什么，出来的是什么？没有机器的今天，
# 是怎么做的？错一条要付出什么代价？机器没把握时由谁接手？还有最常被忘掉的一问：
# 到哪个数就该**停**，不论是因为够好了，还是因为不够好？
#
# 趁还没看数据，先把答案写下来，免得以后自己迁就自己。

# %%
contract = {
    "input": "one headline, a string",
    "output": "one of four classes, and how sure; or: ask an editor",
    "today": "an editor files every headline",
    "baseline": "always the same class",
    "measure": "share of right classes among unseen headlines, with a 95 % interval",
    "go": "interval above the baseline's; without the unsure ones, half the errors",
    "stop": "otherwise, and we say so",
}
print(*(f"{key:>9}: {value}" for key, value in contract.items()), sep="\n")

# %% [raw] lang="zh"
# input → 输入
# one headline, a string → 一条标题，字符串
# output → 输出
# one of four classes, and how sure; or: ask an editor
# → 四类之一，以及把握有多大；或者：请编辑来看
# today → 现状
# an editor files every headline → 每条标题都由编辑归类
# baseline → 基线
# always the same class → 永远答同一类
# measure → 指标
# share of right classes among unseen headlines, with a 95 % interval
# → 没见过的标题里答对的比例，附 95 % 区间
# go → 上线
# interval above the baseline's; without the unsure ones, half the errors
# → 区间整个高于基线；没把握的交出去之后，错误减半
# stop → 停止
# otherwise, and we say so → 否则就停，并且如实说

# %% [markdown]
# ## 2 The data
#
# Somebody has collected headlines for us: some to learn from, some put away for the
# examination. Look before you compute. Read a few, count the classes, and look for the
# same headline twice.

# %% [markdown] lang="zh" of="2a869f8c"
# ## 2 数据收集
#
# 已经有人替我们收集好了标题：一部分用来学，另一部分收起来考试用。先看再算。
# 读几条，数一数各类有多少，再找找有没有重复的标题。

# %%
news = bm.data.load("news", lab)
names = list(news.classes_zh if lab.lang == "zh" else news.classes)
print(len(news.train_texts), len(news.test_texts), np.bincount(news.train_labels))
for label, name in enumerate(names):
    some = [
        t
        for t, y in zip(news.train_texts, news.train_labels, strict=True)
        if y == label
    ]
    print(f"{name}: ", *some[:3], sep="\n   ")


# %%
def clean(text):
    """One way to write what looks the same: width, case, spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def skeleton(text):
    """What is left of a headline without spaces, marks and digits."""
    return re.sub(r"[\W\d_]+", "", clean(text))


texts, labels = [clean(text) for text in news.train_texts], np.array(news.train_labels)
skeletons = [skeleton(text) for text in texts]
twins = [s for s, count in Counter(skeletons).items() if count > 1]
outside = set(skeletons) & {skeleton(text) for text in news.test_texts}
print(len(twins), twins[:2], len(outside))


# %% [raw] lang="zh"
# One way to write what looks the same: width, case, spaces.
# → 看上去一样的，就写成一样：全半角、大小写、空格。
# What is left of a headline without spaces, marks and digits.
# → 标题去掉空格、标点和数字之后剩下的骨架。

# %% [markdown]
# The line shows how many headlines come twice when digits and marks are ignored ("gold
# falls 3 %", "gold falls 5 %"), and how many of ours stand in the examination too. We
# take the latter out of what we learn from. Few or many, it costs one line, and nobody
# has to wonder later.
#
# ## 3 Preparation
#
# We shall make decisions on the way: how many terms, how strong a penalty. Decisions
# need a part of the data of their own, the **validation set**, since the examination
# may be looked at once only. And a headline and its near copy must not be parted:
# whoever learns one and is asked the other has seen the answer. That is called a leak.

# %% [markdown] lang="zh" of="0ced6d1f"
# 这一行显示：不计数字和标点（“黄金跌 3 %”“黄金跌 5 %”），有多少条标题重复出现；
# 又有多少条也在考卷里。后者我们从学习材料中删掉。不论多少，只要一行代码，
# 以后谁也不用疑神疑鬼。
#
# ## 3 数据预处理
#
# 一路上要做决定：用多少词项，惩罚多强。做决定要有专门的一份数据，也就是**验证集**，
# 因为考卷只能看一次。还有，一条标题和它的近似副本不能拆开：学过其中一条，再考另一条，
# 等于看过答案。这就叫泄漏。


# %% exercise="clean_split" points=3 minutes=10 level=2
def clean_split(keys: list, share: float, seed: int) -> tuple[list, list]:
    """Split examples by chance, and keep those with equal keys together.

    Args:
        keys: one key an example; near copies have the same key.
        share: of the examples, about this share is to be held out.
        seed: the same seed gives the same split.

    Returns:
        (kept, held_out): numbers of examples, 0 to len(keys) - 1; each in one of both.
    """
    ### BEGIN SOLUTION
    groups = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    order = np.random.default_rng(seed).permutation(len(groups))
    groups, kept, held_out = list(groups.values()), [], []
    for number in order:
        full = len(held_out) >= share * len(keys)
        (kept if full else held_out).extend(groups[number])
    return kept, held_out
    ### END SOLUTION


# %% [raw] lang="zh"
# Split examples by chance, and keep those with equal keys together.
# → 随机划分样本，键相同的留在一起。
# Args:
#     keys: one key an example; near copies have the same key.
#     share: of the examples, about this share is to be held out.
#     seed: the same seed gives the same split.
# → 参数：
#       keys: 每个样本一个键；近似副本的键相同。
#       share: 大约留出多大比例的样本。
#       seed: 种子相同，划分就相同。
# Returns:
#     (kept, held_out): numbers of examples, 0 to len(keys) - 1; each in one of both.
# → 返回：
#       (kept, held_out)：样本的编号，0 到 len(keys) - 1；每个编号只在其中一个里。

# %% check="clean_split"
_keys = [i // 2 for i in range(100)]  # fifty pairs of near copies
_kept, _held = (list(map(int, part)) for part in clean_split(_keys, 0.2, 1))
_advice = f"each example in one part, once: {len(set(_kept + _held))} of 100 are there"
bm.expect.true(sorted(_kept + _held) == list(range(100)), _advice)
_both = {_keys[i] for i in _kept} & {_keys[i] for i in _held}
_advice = f"{len(_both)} near copies are parted: move whole groups, not examples"
bm.expect.true(not _both, _advice)
_near = 15 <= len(_held) <= 26
bm.expect.true(_near, f"held out {len(_held)} of 100 examples, not about 20")
_shuffled = sorted(_held) != list(range(100 - len(_held), 100))
_shuffled = _shuffled and sorted(_held) != list(range(len(_held)))
bm.expect.true(_shuffled, "one end was cut off: shuffle, files are often sorted")
_again = [list(map(int, part)) for part in clean_split(_keys, 0.2, 1)]
bm.expect.true(_again == [_kept, _held], "the same seed must give the same split")
### BEGIN HIDDEN TESTS
_other = [list(map(int, part)) for part in clean_split(_keys, 0.2, 2)]
bm.expect.true(_other != [_kept, _held], "another seed, another split: use the seed")
_keys = list("abcdefghij" * 5) + [str(i) for i in range(50)]
_kept, _held = (list(map(int, part)) for part in clean_split(_keys, 0.3, 3))
bm.expect.equal(sorted(_kept + _held), list(range(100)), "groups of five: none is lost")
_both = {_keys[i] for i in _kept} & {_keys[i] for i in _held}
bm.expect.true(not _both, "groups that are scattered over the list stay together too")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# fifty pairs of near copies → 五十对近似副本
# each example in one part, once: {len(set(_kept + _held))} of 100 are there
# → 每个样本恰好出现一次：100 个里只有 {len(set(_kept + _held))} 个
# {len(_both)} near copies are parted: move whole groups, not examples
# → 有 {len(_both)} 对近似副本被拆开了：要整组移动，不是逐个
# held out {len(_held)} of 100 examples, not about 20
# → 100 个样本留出了 {len(_held)} 个，应在 20 左右
# one end was cut off: shuffle, files are often sorted
# → 切掉的是一头：要打乱，文件往往是排过序的
# the same seed must give the same split → 种子相同，划分必须相同
# another seed, another split: use the seed → 换个种子，划分也该换：请用上 seed
# groups of five: none is lost → 五个一组：一个也不能少
# groups that are scattered over the list stay together too
# → 散落各处的同组样本也要留在一起

# %% [markdown] hint="clean_split"
# First make the groups: a dictionary from key to the numbers of its examples. Then
# shuffle the groups and deal them out until enough are held out.

# %% [markdown] lang="zh" of="94f3a4de"
# 先分组：用字典，从键到它的样本编号。再把各组打乱，一组一组地发，留出够数为止。

# %% [markdown] hint="clean_split"
# `groups.setdefault(key, []).append(i)` collects; `np.random.default_rng(seed)`
# shuffles with `.permutation(len(groups))`, independent of any other randomness.

# %% [markdown] lang="zh" of="ea68bbe9"
# `groups.setdefault(key, []).append(i)` 负责收集；打乱用 `np.random.default_rng(seed)`
# 的 `.permutation(len(groups))`，不受其他随机数影响。


# %% mistake="clean_split" says="move whole groups"
def clean_split(keys, share, seed):
    order = np.random.default_rng(seed).permutation(len(keys)).tolist()
    cut = int(share * len(keys))
    return order[cut:], order[:cut]


# %% mistake="clean_split" says="shuffle"
def clean_split(keys, share, seed):
    cut = int((1 - share) * len(keys))
    return list(range(cut)), list(range(cut, len(keys)))


# %% mistake="clean_split" says="second call"
def clean_split(keys, share, seed):
    unique = list(dict.fromkeys(keys))
    chosen = set(
        np.random.default_rng().permutation(unique)[: int(share * len(unique))]
    )
    held_out = [i for i, key in enumerate(keys) if key in chosen]
    return [i for i in range(len(keys)) if i not in set(held_out)], held_out


# %% mistake="clean_split" says="in one part, once"
def clean_split(keys, share, seed):
    groups = {key: i for i, key in enumerate(keys)}
    order = np.random.default_rng(seed).permutation(list(groups.values())).tolist()
    cut = int(share * len(order))
    return order[cut:], order[:cut]


# %% variant="clean_split"
def clean_split(keys, share, seed):
    unique = list(dict.fromkeys(keys))
    rank = np.random.default_rng([seed, 7]).random(len(unique))
    chosen, count = set(), 0
    for number in np.argsort(rank):
        if count < share * len(keys):
            chosen.add(unique[number])
            count += keys.count(unique[number])
    parts = [], []
    for i, key in enumerate(keys):
        parts[key in chosen].append(i)
    return parts


# %%
usable = [i for i, s in enumerate(skeletons) if s not in outside]
kept, held_out = clean_split([skeletons[i] for i in usable], 0.2, lab.seed)
fit_on, check_on = ([usable[i] for i in part] for part in (kept, held_out))
leaks = {skeletons[i] for i in fit_on} & {skeletons[i] for i in check_on}
exam_size = len(news.test_texts) // 2  # the other half will be tomorrow's headlines
exam_texts = [clean(text) for text in news.test_texts[:exam_size]]
y_exam = np.array(news.test_labels[:exam_size])
print(len(fit_on), len(check_on), len(exam_texts), len(leaks))

# %% [raw] lang="zh"
# the other half will be tomorrow's headlines → 另一半留作明天的标题

# %% [markdown]
# Now from text to numbers, as simply as possible: count every character and every pair
# of neighbours. The list of terms that we count, the vocabulary, is part of what is
# *learned*, so it comes from the fitting part alone.

# %% [markdown] lang="zh" of="c14acd73"
# 接下来把文本变成数，怎么简单怎么来：数每个字，再数每对相邻的字。数哪些词项由词表规定，
# 词表也是*学*来的，所以只能取自用来拟合的那一份。


# %% exercise="count_terms" points=2 minutes=8 level=2
def count_terms(texts: list, vocabulary: list) -> np.ndarray:
    """How often each term occurs in each text.

    Args:
        texts: strings.
        vocabulary: terms: single characters and pairs of neighbouring characters.

    Returns:
        An array, (texts, terms). Terms that are not in the vocabulary count nowhere.
    """
    ### BEGIN SOLUTION
    column = {term: j for j, term in enumerate(vocabulary)}
    counts = np.zeros((len(texts), len(vocabulary)))
    for i, text in enumerate(texts):
        for term in [*text, *map("".join, itertools.pairwise(text))]:
            if term in column:
                counts[i, column[term]] += 1
    return counts
    ### END SOLUTION


# %% [raw] lang="zh"
# How often each term occurs in each text. → 每个词项在每段文本里出现几次。
# Args:
#     texts: strings.
#     vocabulary: terms: single characters and pairs of neighbouring characters.
# → 参数：
#       texts: 字符串列表。
#       vocabulary: 词项：单个的字，以及相邻的两个字。
# Returns:
#     An array, (texts, terms). Terms that are not in the vocabulary count nowhere.
# → 返回：
#       数组，(texts, terms)。词表里没有的词项一概不计。

# %% check="count_terms"
_got = count_terms(["abab", "b", ""], ["a", "b", "ab", "ba", "bb"])
bm.expect.shape(_got, (3, 5), "one row a text, one column a term")
bm.expect.close(
    _got[0, :2], [2, 2], "count the single characters, each time they occur"
)
bm.expect.close(_got[0, 2:], [2, 1, 0], "pairs of neighbours overlap: ab, ba, ab")
bm.expect.close(_got[1:], [[0, 1, 0, 0, 0], [0] * 5], "short and empty texts are texts")
### BEGIN HIDDEN TESTS
_got = count_terms(["央行上调利率", "上上上"], ["利率", "上", "球", "上上"])
bm.expect.close(_got, [[1, 1, 0, 0], [0, 3, 0, 2]], "overlapping pairs, unknown terms")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one row a text, one column a term → 一行一段文本，一列一个词项
# count the single characters, each time they occur → 单个的字要数，出现几次数几次
# pairs of neighbours overlap: ab, ba, ab → 相邻的对互相重叠：ab、ba、ab
# short and empty texts are texts → 短文本、空文本也是文本
# overlapping pairs, unknown terms → 重叠的对，词表外的词项

# %% [markdown] hint="count_terms"
# Make a dictionary from term to column first. The pairs of a text are
# `text[i : i + 2]` for every `i` up to the last but one.

# %% [markdown] lang="zh" of="4866b648"
# 先做一个从词项到列号的字典。文本的相邻对就是 `text[i : i + 2]`，
# `i` 取到倒数第二个字为止。

# %% [markdown] hint="count_terms"
# `str.count` does not count overlapping pairs: `"上上上".count("上上")` is 1. Walk
# through the text and add 1 to `counts[i, column[term]]`.

# %% [markdown] lang="zh" of="fa58aefe"
# `str.count` 不数重叠的对：`"上上上".count("上上")` 是 1。请逐字走过文本，
# 给 `counts[i, column[term]]` 加 1。


# %% mistake="count_terms" says="overlap"
def count_terms(texts, vocabulary):
    return np.array([[float(t.count(v)) for v in vocabulary] for t in texts])


# %% mistake="count_terms" says="each time"
def count_terms(texts, vocabulary):
    return np.array([[float(v in t) for v in vocabulary] for t in texts])


# %% mistake="count_terms" says="single characters"
def count_terms(texts, vocabulary):
    counts = np.zeros((len(texts), len(vocabulary)))
    for i, text in enumerate(texts):
        for j in range(len(text) - 1):
            if text[j : j + 2] in vocabulary:
                counts[i, vocabulary.index(text[j : j + 2])] += 1
    return counts


# %% mistake="count_terms" says="pairs of neighbours"
def count_terms(texts, vocabulary):
    pairs = [[t[i : i + 2] for i in range(0, len(t) - 1, 2)] for t in texts]
    rows = [[*text, *two] for text, two in zip(texts, pairs, strict=True)]
    return np.array([[float(row.count(v)) for v in vocabulary] for row in rows])


# %% variant="count_terms"
def count_terms(texts, vocabulary):
    rows = []
    for text in texts:
        found = Counter(
            text[i : i + k] for k in (1, 2) for i in range(len(text) - k + 1)
        )
        rows.append([found[term] for term in vocabulary])
    return np.array(rows, dtype=float).reshape(len(texts), len(vocabulary))


# %%
def terms_of(texts):
    """Characters and pairs that occur in two headlines at least, sorted."""
    seen = Counter()
    for text in texts:
        seen.update({text[i : i + k] for k in (1, 2) for i in range(len(text) - k + 1)})
    return sorted(term for term, count in seen.items() if count > 1)


def vectors(texts, vocabulary):
    """Counts, each row divided by its length, so that long headlines weigh the same."""
    counts = torch.tensor(count_terms(texts, vocabulary))
    return F.normalize(counts, dim=1)  # an empty row stays zero


vocabulary = terms_of([texts[i] for i in fit_on])
x_fit, x_check, x_exam = (
    vectors(part, vocabulary)
    for part in ([texts[i] for i in fit_on], [texts[i] for i in check_on], exam_texts)
)
y_fit, y_check = torch.tensor(labels[fit_on]), torch.tensor(labels[check_on])
print(tuple(x_fit.shape), f"{(x_fit > 0).double().mean():.4f} of the entries are not 0")

# %% [raw] lang="zh"
# Characters and pairs that occur in two headlines at least, sorted.
# → 至少在两条标题中出现的字和二字组，按序排列。
# Counts, each row divided by its length, so that long headlines weigh the same.
# → 计数，每一行除以自己的长度，使长标题的分量与短标题相同。
# an empty row stays zero → 空行仍为零
# {(x_fit > 0).double().mean():.4f} of the entries are not 0
# → 不为 0 的元素占 {(x_fit > 0).double().mean():.4f}

# %% [markdown]
# ## 4 Design
#
# Before any network, the rule that costs nothing: always answer the same class.
# Whatever we build must beat it clearly, or we built nothing. Then the simplest model
# that can learn: one weight for each class and term, $z = xW^\top + b$, and a softmax.
#
# A weight matrix larger than the number of examples invites overfitting, so large
# weights are penalised, with strength $1/c$
# (scikit-learn writes `C`):
#
# $$J(W,b)=\tfrac12\lVert W\rVert^2+c\sum_{i=1}^m-\ln p_{i,y_i},
# \qquad p_i=\mathrm{softmax}(x_iW^\top+b)$$
#
# Its slope says what training will do. Each weight is pulled towards zero, and towards
# the examples of its class where their probability is too small:
#
# $$\frac{\partial J}{\partial W_k}=W_k+c\sum_{i=1}^m\bigl(p_{ik}-[y_i=k]\bigr)\,x_i
# \label{slope}$$

# %% [markdown] lang="zh" of="2f641599"
# ## 4 模型设计
#
# 搭网络之前，先看一条不花钱的规则：永远答同一类。不管搭什么，都必须明显胜过它，
# 否则等于白搭。然后是能学习的最简单的模型：每个类别、每个词项各一个权重，
# $z = xW^\top + b$，再做 softmax。
#
# 权重矩阵里的数比样本还多，容易过拟合，所以要对大的权重施加惩罚，强度为 $1/c$
# （scikit-learn 写作 `C`）：
#
# $$J(W,b)=\tfrac12\lVert W\rVert^2+c\sum_{i=1}^m-\ln p_{i,y_i},
# \qquad p_i=\mathrm{softmax}(x_iW^\top+b)$$
#
# 从斜率就看得出训练会做什么。每个权重一面被拉向零，一面被拉向本类中概率还太小的样本：
#
# $$\frac{\partial J}{\partial W_k}=W_k+c\sum_{i=1}^m\bigl(p_{ik}-[y_i=k]\bigr)\,x_i
# \label{slope}$$

# %% equation="slope" of="ce4fc179"
x, y, C = torch.randn(20, 6), torch.randint(4, (20,)), 3.0
W, b = torch.randn(4, 6, requires_grad=True), torch.randn(4)
p = (x @ W.T + b).softmax(-1)  # (20, 4)
J = 0.5 * (W**2).sum() + C * -torch.log(p[range(20), y]).sum()
(automatic,) = torch.autograd.grad(J, W)
with torch.no_grad():
    right = W + C * (p - torch.eye(4)[y]).T @ x
bm.equation("slope", automatic, right, atol=1e-9)


# %% [markdown]
# ## 5 Training
#
# $J$ is convex: one valley, no luck involved. Any method that goes downhill arrives at
# the same place; L-BFGS is a quick one. We train with several strengths of the penalty
# and let the validation set, not the examination, choose.

# %% [markdown] lang="zh" of="eaf22ad8"
# ## 5 模型训练
#
# $J$ 是凸函数：只有一个谷底，不靠运气。凡是往下走的方法都会到同一处，L-BFGS 走得快。
# 我们用几种强度的惩罚各训练一次，由验证集来选，而不是由考卷来选。


# %%
def train(x, y, C, steps=400):
    """Weights (classes, terms), biases (classes,), and the loss at every evaluation."""
    W = torch.zeros(len(names), x.shape[1], requires_grad=True)
    b, losses = torch.zeros(len(names), requires_grad=True), []
    optimizer = torch.optim.LBFGS(
        [W, b],
        max_iter=steps,
        tolerance_grad=1e-8,
        tolerance_change=1e-13,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        fit = F.cross_entropy(x @ W.T + b, y, reduction="sum")
        J = (0.5 * (W**2).sum() / C + fit) / len(x)  # J / C / n has the same valley
        J.backward()
        losses.append(J.item())
        return J

    optimizer.step(closure)
    return W.detach(), b.detach(), losses


def probabilities(x, W, b):
    return (x @ W.T + b).softmax(-1).numpy()


# %% [raw] lang="zh"
# Weights (classes, terms), biases (classes,), and the loss at every evaluation.
# → 权重 (classes, terms)、偏置 (classes,)，以及每次求值时的损失。
# J / C / n has the same valley → J / C / n 的最低点相同


# %%
trials = {C: train(x_fit, y_fit, C) for C in (0.1, 1.0, 10.0, 100.0)}
scores = {
    C: float(np.mean(probabilities(x_check, W, b).argmax(1) == y_check.numpy()))
    for C, (W, b, _) in trials.items()
}
C = max(scores, key=scores.get)
W, b, losses = trials[C]
print(scores, f"chosen: C = {C:g}, {W.numel() + b.numel():,} parameters", sep="\n")

# %% [raw] lang="zh"
# chosen: C = {C:g}, {W.numel() + b.numel():,} parameters
# → 选定：C = {C:g}，{W.numel() + b.numel():,} 个参数

# %% [markdown]
# Is it right? The library computes the same from the raw text: its own counting, its
# own normalisation, its own solver.

# %% [markdown] lang="zh" of="4df37ab3"
# 算得对吗？让库从原始文本开始算同样的东西：自己计数，自己归一化，自己求解。

# %%
library = make_pipeline(
    CountVectorizer(
        analyzer="char", ngram_range=(1, 2), lowercase=False, vocabulary=vocabulary
    ),
    Normalizer(),
    LogisticRegression(C=C, tol=1e-6, max_iter=5000),
)
library.fit([texts[i] for i in fit_on], y_fit.numpy())
ours, theirs = probabilities(x_exam, W, b), library.predict_proba(exam_texts)
gap = float(np.abs(ours - theirs).max())
bm.claim(
    "Our counts, our training and scikit-learn's give the same probabilities",
    gap < 1e-3,
    largest_difference=gap,
)

# %% [raw] lang="zh"
# Our counts, our training and scikit-learn's give the same probabilities
# → 我们的计数与训练，跟 scikit-learn 的给出同样的概率

# %% [markdown]
# Two pictures say whether training is the bottleneck. On the left the loss: has it
# arrived? On the right the validation set's score against the number of headlines
# learned from: does it still climb? If so, more data is worth more than a cleverer
# model.

# %% [markdown] lang="zh" of="b394c79e"
# 训练是不是瓶颈，看两幅图。左边是损失：走到底了吗？
# 右边是验证集上的成绩随学习的标题数的变化：还在涨吗？还在涨，
# 那么多收集数据就比换更巧的模型更值。

# %%
sizes = [int(len(fit_on) * part) for part in (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)]
curve = []
for size in sizes:
    less = terms_of([texts[i] for i in fit_on[:size]])
    rows, rest = (
        vectors([texts[i] for i in part], less) for part in (fit_on[:size], check_on)
    )
    W_less, b_less, _ = train(rows, y_fit[:size], C, steps=60)
    curve.append(
        np.mean(probabilities(rest, W_less, b_less).argmax(1) == y_check.numpy())
    )

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.2), layout="constrained")
left.semilogy(np.array(losses) - min(losses) + 1e-12)
left.set(xlabel="evaluations of the loss", ylabel="loss above its minimum")
right.plot(sizes, curve, "o-", label="model")
right.axhline(
    np.bincount(y_check).max() / len(y_check), ls="--", c="k", label="majority"
)
right.set(xscale="log", ylim=(0, 1), xlabel="headlines learned from")
right.set_ylabel("right in the validation set")
right.set_xticks(sizes, sizes)
right.minorticks_off()
right.legend(loc="lower right")
alt = (
    "Left: the loss falls by many powers of ten to its minimum. Right: the share of "
    "right answers climbs with the number of headlines and ends far above the majority."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# evaluations of the loss → 计算损失的次数
# loss above its minimum → 损失超出最小值的部分
# model → 模型
# majority → 多数类
# headlines learned from → 学习的标题数
# right in the validation set → 验证集上答对的比例
# Left: the loss falls by many powers of ten to its minimum. Right: the share of right
# answers climbs with the number of headlines and ends far above the majority.
# → 左：损失下降许多个数量级，直到最小值。
#   右：答对的比例随标题数上升，最后远高于多数类的线。

# %% [markdown]
# ## 6 Evaluation
#
# A share of right answers is a measurement, and a measurement has an error. Ask $m$
# headlines, get the share $\hat p$ right: for which true shares $p$ would that be
# nothing unusual? For those less than $1.96$ standard errors away. Both ends of this 95
# % interval solve
#
# $$(\hat p-p)^2=1.96^2\,\frac{p\,(1-p)}{m} \label{wilson}$$
#
# This is Wilson's interval, from 1927. The simpler one that puts $\hat p$ on the right
# instead of $p$ believes that ten right out of ten prove perfection.

# %% [markdown] lang="zh" of="9b3a4581"
# ## 6 性能评估
#
# 答对的比例是一次测量，凡是测量就有误差。问 $m$ 条标题，答对的比例是 $\hat p$：
# 真实的比例 $p$ 为多少时，这样的结果并不稀奇？相差不到 $1.96$ 个标准误的都算。
# 这个 95 % 区间的两端满足
#
# $$(\hat p-p)^2=1.96^2\,\frac{p\,(1-p)}{m} \label{wilson}$$
#
# 这就是 1927 年的 Wilson 区间。更简单的做法是把右边的 $p$ 换成 $\hat p$，
# 可是那样一来，十问十对就成了“完美”的证明。


# %% exercise="wilson" points=3 minutes=10 level=3
def wilson(right: int, m: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share: all p with (p̂ − p)² ≤ z²·p(1 − p)/m.

    Args:
        right: how many of the answers were right.
        m: how many answers there were, at least 1.
        z: standard errors to each side.

    Returns:
        (low, high), both within 0 and 1.
    """
    ### BEGIN SOLUTION
    share = right / m
    middle = (share + z**2 / (2 * m)) / (1 + z**2 / m)
    half = z / (1 + z**2 / m) * math.sqrt(share * (1 - share) / m + z**2 / (4 * m**2))
    return max(0.0, middle - half), min(1.0, middle + half)
    ### END SOLUTION


# %% [raw] lang="zh"
# Wilson's interval for a share: all p with (p̂ − p)² ≤ z²·p(1 − p)/m.
# → 比例的 Wilson 区间：满足 (p̂ − p)² ≤ z²·p(1 − p)/m 的所有 p。
# Args:
#     right: how many of the answers were right.
#     m: how many answers there were, at least 1.
#     z: standard errors to each side.
# → 参数：
#       right: 答对了几个。
#       m: 一共几个，至少 1 个。
#       z: 向两边各取几个标准误。
# Returns:
#     (low, high), both within 0 and 1.
# → 返回：
#       (low, high)，都在 0 与 1 之间。

# %% check="wilson"
_low, _high = wilson(10, 10)
_advice = "ten of ten prove no perfection: p(1 − p) on the right side, not p̂(1 − p̂)"
bm.expect.true(_low < 0.9, _advice)
_low, _high = wilson(50, 100)
bm.expect.true(0 <= _low <= 1, "shares lie between 0 and 1, not between 0 and 100")
bm.expect.close(
    (_low + _high) / 2, 0.5, "half right: the interval lies around one half"
)
_advice = "z standard errors to each side: the interval is (low, high)"
bm.expect.close(_high - _low, 0.192315, _advice, atol=1e-4)
### BEGIN HIDDEN TESTS
for _right, _n, _z in ((3, 40, 1.96), (38, 40, 1.0), (800, 1000, 2.5758)):
    for _p in wilson(_right, _n, _z):
        _off = (_right / _n - _p) ** 2 - _z**2 * _p * (1 - _p) / _n
        bm.expect.close(_off, 0.0, "both ends solve the equation", atol=1e-9)
bm.expect.close(wilson(0, 5)[0], 0.0, "none right: the interval begins at 0", atol=1e-9)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# ten of ten prove no perfection: p(1 − p) on the right side, not p̂(1 − p̂)
# → 十问十对证明不了完美：右边是 p(1 − p)，不是 p̂(1 − p̂)
# shares lie between 0 and 1, not between 0 and 100
# → 比例在 0 与 1 之间，不是 0 与 100 之间
# half right: the interval lies around one half → 对了一半：区间应以二分之一为中心
# z standard errors to each side: the interval is (low, high)
# → 向两边各 z 个标准误：区间是 (low, high)
# both ends solve the equation → 两端都要满足方程
# none right: the interval begins at 0 → 一个都没对：区间从 0 开始

# %% [markdown] hint="wilson"
# (\ref{wilson}) is a quadratic equation in $p$:
# $(1+z^2/m)\,p^2-(2\hat p+z^2/m)\,p+\hat p^2=0$. You know the formula for its roots.

# %% [markdown] lang="zh" of="e9100a87"
# (\ref{wilson}) 是 $p$ 的二次方程：$(1+z^2/m)\,p^2-(2\hat p+z^2/m)\,p+\hat p^2=0$。
# 求根公式你是知道的。

# %% [markdown] hint="wilson"
# The middle is $\dfrac{\hat p+z^2/2m}{1+z^2/m}$; to each side
# $\dfrac{z}{1+z^2/m}\sqrt{\dfrac{\hat p(1-\hat p)}m+\dfrac{z^2}{4m^2}}$.

# %% [markdown] lang="zh" of="56b82d6c"
# 中点是 $\dfrac{\hat p+z^2/2n}{1+z^2/n}$；两边各为
# $\dfrac{z}{1+z^2/n}\sqrt{\dfrac{\hat p(1-\hat p)}n+\dfrac{z^2}{4n^2}}$。


# %% mistake="wilson" says="no perfection"
def wilson(right, m, z=1.96):
    share = right / m
    half = z * math.sqrt(share * (1 - share) / m)
    return share - half, share + half


# %% mistake="wilson" says="not between 0 and 100"
def wilson(right, m, z=1.96):
    roots = np.roots([1 + z**2 / m, -(2 * right / m + z**2 / m), (right / m) ** 2])
    low, high = sorted(float(100 * r.real) for r in roots)
    return low if right < m else 0.0, high


# %% mistake="wilson" says="each side"
def wilson(right, m, z=1.96):
    share = right / m
    middle = (share + z**2 / (2 * m)) / (1 + z**2 / m)
    half = z / (1 + z**2 / m) * math.sqrt(share * (1 - share) / m + z**2 / (4 * m**2))
    return middle - half / 2, middle + half / 2


# %% variant="wilson"
def wilson(right, m, z=1.96):
    a, b, c = 1 + z**2 / m, -(2 * right / m + z**2 / m), (right / m) ** 2
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


# %% equation="wilson" of="eaa15ffe"
low, high = wilson(430, 500)
ends, share = np.array([low, high]), 430 / 500
distances = np.array([share - low, high - share])
bm.equation("wilson", distances**2, 1.96**2 * ends * (1 - ends) / 500, atol=1e-12)

# %% [markdown]
# Now, once, the examination.

# %% [markdown] lang="zh" of="a2f80aca"
# 现在考试，只考一次。

# %%
p_exam = probabilities(x_exam, W, b)
y_hat = p_exam.argmax(1)
model_right = y_hat == y_exam
usual = int(np.bincount(y_fit).argmax())
judged = {"majority": int((y_exam == usual).sum()), "model": int(model_right.sum())}
intervals = {name: wilson(count, len(y_exam)) for name, count in judged.items()}
for name, (low, high) in intervals.items():
    share = judged[name] / len(y_exam)
    print(f"{name:>8}: {share:.3f}, 95 % from {low:.3f} to {high:.3f}")
print(classification_report(y_exam, y_hat, target_names=names))

# %% [raw] lang="zh"
# {name:>8}: {share:.3f}, 95 % from {low:.3f} to {high:.3f}
# → {name:>8}：{share:.3f}，95 % 区间 {low:.3f} 到 {high:.3f}

# %% fold
fig, ax = plt.subplots(figsize=(4.6, 3.8))
table = confusion_matrix(y_exam, y_hat)
ax.imshow(table, cmap="cividis")
for (i, j), count in np.ndenumerate(table):
    ax.text(
        j,
        i,
        count,
        ha="center",
        va="center",
        color="k" if count > table.max() / 2 else "w",
    )
ax.set_xticks(range(4), names, rotation=20)
ax.set_yticks(range(4), names)
ax.set(xlabel="the model says", ylabel="truly")
ax.grid(False)
alt = (
    "Confusion matrix of four classes: nearly all headlines lie on the diagonal; the "
    "errors are spread over the other twelve cells."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# the model says → 模型的回答
# truly → 真实类别
# Confusion matrix of four classes: nearly all headlines lie on the diagonal; the errors
# are spread over the other twelve cells.
# → 四类的混淆矩阵：绝大多数标题在对角线上；错误散布在其余十二格里。

# %% [markdown]
# Which two desks does it confuse most? And *read* the errors: those in which the model
# was surest first. Half an hour with them often teaches more than another week of
# tuning. For each, ask: is the model wrong, is the label wrong, or could nobody know?

# %% [markdown] lang="zh" of="9f253e33"
# 哪两个版面最容易混？还要*读*错误，从模型最有把握的错起。读上半小时，
# 往往比再调一个星期的参数更有收获。每一条都问一问：是模型错了，标签错了，
# 还是谁也看不出来？

# %%
wrong = np.flatnonzero(~model_right)
for i in wrong[np.argsort(-p_exam[wrong].max(1))][:8]:
    print(
        f"{p_exam[i].max():.2f} {names[y_hat[i]]}, marked {names[y_exam[i]]}: "
        f"{exam_texts[i]}"
    )

# %% [raw] lang="zh"
# {p_exam[i].max():.2f} {names[y_hat[i]]}, marked {names[y_exam[i]]}: {exam_texts[i]}
# → {p_exam[i].max():.2f} {names[y_hat[i]]}，标注为 {names[y_exam[i]]}：{exam_texts[i]}

# %% [markdown]
# ## When it is not sure
#
# The contract allows to ask an editor. Call the largest probability the model's
# confidence, and let it answer only from some threshold on. **Coverage** is the share
# that it answers. Move the threshold; the curve is drawn from the validation set, since
# the threshold is one more decision.

# %% [markdown] lang="zh" of="51793969"
# ## 没把握的时候
#
# 约定里允许请编辑来看。把最大的概率叫作模型的置信度，达到某个阈值才让它回答。
# **覆盖率**是它回答的比例。拨动阈值看看。曲线用验证集来画，因为选阈值也是在做决定。

# %% fold
p_check = probabilities(x_check, W, b)
sure_check, right_check = p_check.max(1), p_check.argmax(1) == y_check.numpy()


def answered(threshold, sure=sure_check, right=right_check):
    """Coverage, and the share of right answers among those given."""
    given = sure >= threshold
    return given.mean(), right[given].mean() if given.any() else math.nan


def choose(threshold):
    grid = np.linspace(0.25, 1, 76)
    curve = np.array([answered(t) for t in grid])
    coverage, share = answered(threshold)
    fig, ax = plt.subplots(figsize=(6.4, 3.2))
    ax.plot(grid, curve[:, 0], "--", label="coverage")
    ax.plot(grid, curve[:, 1], "-", label="right among the answered")
    ax.axvline(threshold, c="k", lw=1, ls=":")
    ax.set(xlabel="threshold of confidence", ylabel="share", ylim=(0, 1.03))
    ax.set_title(f"answers {coverage:.0%}, {share:.1%} of them right")
    ax.legend(loc="lower left")
    return fig


alt = (
    "Against the threshold: coverage falls from one to near zero, while the share of "
    "right answers among the answered climbs."
)
bm.show.explore(choose, alt=alt, threshold=(0.25, 0.95, 0.05, 0.5))

# %% [raw] lang="zh"
# Coverage, and the share of right answers among those given.
# → 覆盖率，以及在给出的回答中答对的比例。
# coverage → 覆盖率
# right among the answered → 回答中答对的比例
# threshold of confidence → 置信度阈值
# share → 比例
# answers {coverage:.0%}, {share:.1%} of them right
# → 回答 {coverage:.0%}，其中答对 {share:.1%}
# Against the threshold: coverage falls from one to near zero, while the share of right
# answers among the answered climbs.
# → 随阈值变化：覆盖率从一降到接近零，回答中答对的比例则上升。


# %% exercise="threshold_for" points=3 minutes=8 level=3
def threshold_for(confidence: np.ndarray, right: np.ndarray, wanted: float) -> float:
    """The threshold that answers most, among those whose answers are good enough.

    An example is answered when its confidence is at least the threshold.

    Args:
        confidence: of each example, (n,).
        right: whether its answer would be right, (n,), booleans.
        wanted: share of right answers to reach, among the answered.

    Returns:
        One of the confidences; infinity (ask always) if none is good enough.
    """
    ### BEGIN SOLUTION
    for threshold in np.sort(np.unique(confidence)):
        if right[confidence >= threshold].mean() >= wanted:
            return float(threshold)
    return math.inf
    ### END SOLUTION


# %% [raw] lang="zh"
# The threshold that answers most, among those whose answers are good enough.
# → 在答得够好的阈值当中，回答得最多的那一个。
# An example is answered when its confidence is at least the threshold.
# → 置信度不低于阈值的样本才回答。
# Args:
#     confidence: of each example, (n,).
#     right: whether its answer would be right, (n,), booleans.
#     wanted: share of right answers to reach, among the answered.
# → 参数：
#       confidence: 各样本的置信度，(n,)。
#       right: 各样本的回答对不对，(n,)，布尔值。
#       wanted: 在给出的回答中要达到的正确比例。
# Returns:
#     One of the confidences; infinity (ask always) if none is good enough.
# → 返回：
#       置信度中的一个；若没有一个够好，返回无穷大（永远请人）。

# %% check="threshold_for"
_confidence = np.array([0.9, 0.4, 0.8, 0.6, 0.5, 0.7])
_right = np.array([True, False, True, False, True, True])
_got = threshold_for(_confidence, _right, 0.75)
_advice = "0.7 is good enough, but 0.5 answers more and still reaches 0.75"
bm.expect.true(_got != 0.7 and _got != 0.9, _advice)
_advice = "an example whose confidence equals the threshold is answered"
bm.expect.true(_got != 0.4, _advice)
_advice = "right among the answered, not among all examples"
bm.expect.true(not (_got < 0.5 or _got == math.inf), _advice)
_advice = "one of the confidences: the lowest that is good enough"
bm.expect.close(_got, 0.5, _advice)
bm.expect.close(threshold_for(_confidence, _right, 0.95), 0.7, "only the surest three")
### BEGIN HIDDEN TESTS
bm.expect.close(threshold_for(_confidence, _right, 0.5), 0.4, "all are good enough")
_got = threshold_for(np.array([0.9, 0.5]), np.array([False, True]), 0.8)
bm.expect.true(_got == math.inf, "no threshold is good enough: ask always, infinity")
_ties = threshold_for(np.array([0.9, 0.6, 0.6]), np.array([True, True, False]), 0.9)
bm.expect.close(_ties, 0.9, "equal confidences are answered together or not at all")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# 0.7 is good enough, but 0.5 answers more and still reaches 0.75
# → 0.7 够好了，但 0.5 回答得更多，也达到 0.75
# an example whose confidence equals the threshold is answered
# → 置信度等于阈值的样本也要回答
# right among the answered, not among all examples
# → 比例是在给出的回答中算，不是在全部样本中算
# one of the confidences: the lowest that is good enough
# → 应是置信度中的一个：够好的里面最低的
# only the surest three → 只答最有把握的三个
# all are good enough → 全部回答就够好了
# no threshold is good enough: ask always, infinity
# → 没有够好的阈值：永远请人，返回无穷大
# equal confidences are answered together or not at all
# → 置信度相同的，要么都答，要么都不答

# %% [markdown] hint="threshold_for"
# A lower threshold answers more. So try the confidences from the lowest up, and take
# the first that is good enough.

# %% [markdown] lang="zh" of="96a6f2f4"
# 阈值越低，回答越多。所以从最低的置信度试起，第一个够好的就是它。

# %% [markdown] hint="threshold_for"
# `right[confidence >= threshold].mean()` is the share among the answered. After the
# loop return `math.inf`.

# %% [markdown] lang="zh" of="d429b126"
# `right[confidence >= threshold].mean()` 就是回答中的正确比例。
# 循环结束后返回 `math.inf`。


# %% mistake="threshold_for" says="answers more"
def threshold_for(confidence, right, wanted):
    good = [t for t in confidence if right[confidence >= t].mean() >= wanted]
    return float(max(good)) if good else math.inf


# %% mistake="threshold_for" says="not among all"
def threshold_for(confidence, right, wanted):
    for threshold in sorted(confidence):
        if (right & (confidence >= threshold)).mean() >= wanted:
            return float(threshold)
    return math.inf


# %% mistake="threshold_for" says="answers more"
def threshold_for(confidence, right, wanted):
    for threshold in sorted(confidence, reverse=True):
        if right[confidence >= threshold].mean() >= wanted:
            return float(threshold)
    return math.inf


# %% mistake="threshold_for" says="equals the threshold"
def threshold_for(confidence, right, wanted):
    for threshold in sorted(confidence)[:-1]:
        if right[confidence > threshold].mean() >= wanted:
            return float(threshold)
    return math.inf


# %% variant="threshold_for"
def threshold_for(confidence, right, wanted):
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    sorted_confidence = confidence[order]
    last = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)
    good = np.flatnonzero((share >= wanted - 1e-12) & last)
    return float(sorted_confidence[good[-1]]) if len(good) else math.inf


# %% [markdown]
# The contract says: halve the errors. We choose the threshold for that on the
# validation set, and see on the examination what it is worth on headlines that did not
# choose it.

# %% [markdown] lang="zh" of="806f056a"
# 约定里写着：错误减半。我们在验证集上为此选阈值，再看它在没参与选择的考卷上值多少。

# %%
threshold = threshold_for(sure_check, right_check, 1 - (1 - right_check.mean()) / 2)
sure_exam = p_exam.max(1)
doubtful, surest = np.array_split(np.argsort(sure_exam), 2)
coverage, share = answered(threshold, sure_exam, model_right)
print(f"threshold {threshold:.3f}: answers {coverage:.3f}, right {share:.3f}")
print(f"errors: {1 - model_right.mean():.3f} of all, {1 - share:.3f} of the answered")
bm.claim(
    "No headline and no near copy of it stands on both sides of the split",
    len(leaks) == 0,
    near_copies=len(twins),
    in_the_examination=len(outside),
)
bm.claim(
    "The linear model beats the majority: the intervals do not touch",
    intervals["model"][0] > intervals["majority"][1],
    majority=intervals["majority"],
    model=intervals["model"],
)
bm.claim(
    "Its confidence means something: the surer half of the answers is right more often",
    model_right[surest].mean() > model_right[doubtful].mean(),
    surer_half=model_right[surest].mean(),
    other_half=model_right[doubtful].mean(),
)

# %% [raw] lang="zh"
# No headline and no near copy of it stands on both sides of the split
# → 划分的两边没有同一条标题，也没有近似副本
# The linear model beats the majority: the intervals do not touch
# → 线性模型胜过多数类：两个区间不相接
# Its confidence means something: the surer half of the answers is right more often
# → 置信度不是摆设：更有把握的那一半回答，答对的比例更高
# threshold {threshold:.3f}: answers {coverage:.3f}, right {share:.3f}
# → 阈值 {threshold:.3f}：作答比例 {coverage:.3f}，其中正确 {share:.3f}
# errors: {1 - model_right.mean():.3f} of all, {1 - share:.3f} of the answered
# → 错误率：全部 {1 - model_right.mean():.3f}，已作答的 {1 - share:.3f}

# %% [markdown]
# Compare the printed errors with the promise. The error among the answered need not be
# exactly half: the threshold was fitted to the validation set, and what is fitted
# flatters a little. That is why the examination is a different set.
#
# ## 7 Deployment
#
# A model in a notebook helps nobody. What leaves it must hold everything an answer
# needs: weights, vocabulary, names, threshold. `bm.deploy.save` writes one file without
# any code in it. The service around it decides what an answer *is*, also when the
# request makes no sense, for it will make no sense one day.

# %% [markdown] lang="zh" of="f5441eb3"
# 把打印出来的错误与约定比一比。回答中的错误不一定正好减半：阈值是照着验证集定的，
# 照着谁定，就会对谁稍稍偏袒。正因如此，考卷必须是另一份数据。
#
# ## 7 应用部署
#
# 模型留在笔记本里，谁也用不上。带出去的文件必须装下回答所需的一切：权重、词表、类别名、
# 阈值。`bm.deploy.save` 写出一个文件，里面没有任何代码。
# 外面的服务则要规定什么*算*回答，连请求不知所云时也要规定，
# 因为总有一天会收到这样的请求。


# %% exercise="respond" points=3 minutes=10 level=2
def respond(request, probabilities_of, classes: list, threshold: float) -> dict:
    """Answer one request; never raise.

    Args:
        request: what came in: should be a dictionary whose "text" is a string with at
            least one character that is not a space; may be anything.
        probabilities_of: takes a string, returns one probability a class.
        classes: names, in the same order.
        threshold: answer from this confidence on.

    Returns:
        {"class": name, "confidence": number} when sure enough,
        {"ask": True, "confidence": number} when not,
        {"error": "..."} when the request is not as it should be.
    """
    ### BEGIN SOLUTION
    text = request.get("text") if isinstance(request, dict) else None
    if not isinstance(text, str) or not text.strip():
        return {"error": "text: a string that is not empty, please"}
    p = probabilities_of(text)
    best = int(np.argmax(p))
    confidence = float(p[best])
    if confidence < threshold:
        return {"ask": True, "confidence": confidence}
    return {"class": classes[best], "confidence": confidence}
    ### END SOLUTION


# %% [raw] lang="zh"
# Answer one request; never raise. → 回答一个请求；绝不抛出异常。
# Args:
#     request: what came in: should be a dictionary whose "text" is a string with at
#         least one character that is not a space; may be anything.
#     probabilities_of: takes a string, returns one probability a class.
#     classes: names, in the same order.
#     threshold: answer from this confidence on.
# → 参数：
#       request: 收到的东西：应当是字典，其中 "text" 是字符串，至少有一个非空格的字符；
#           也可能是任何东西。
#       probabilities_of: 接受字符串，返回每个类别的概率。
#       classes: 类别名，次序相同。
#       threshold: 置信度达到它才回答。
# Returns:
#     {"class": name, "confidence": number} when sure enough,
#     {"ask": True, "confidence": number} when not,
#     {"error": "..."} when the request is not as it should be.
# → 返回：
#       有把握时 {"class": 类别名, "confidence": 数}，
#       没把握时 {"ask": True, "confidence": 数}，
#       请求不合要求时 {"error": "……"}。
# text: a string that is not empty, please → text：请给出非空的字符串


# %% check="respond"
def _stub(text):
    return [0.1, 0.7, 0.2] if "goal" in text else [0.4, 0.3, 0.3]


_classes = ["politics", "sports", "economy"]
_got = respond({"text": "a late goal"}, _stub, _classes, 0.5)
bm.expect.true(
    _got.get("class") != 1, "answer with the name of the class, not its number"
)
_want = {"class": "sports", "confidence": 0.7}
bm.expect.equal(_got, _want, "sure enough: class and confidence")
_got = respond({"text": "hello"}, _stub, _classes, 0.5)
_advice = "confidence 0.4 is below the threshold 0.5: ask an editor"
bm.expect.true("class" not in _got and _got.get("ask"), _advice)
bm.expect.equal(_got, {"ask": True, "confidence": 0.4}, "not sure: ask and confidence")
_got = respond({"text": "  "}, _stub, _classes, 0.0)
bm.expect.true(
    "error" in _got, "an empty text is an error, whatever the model says of it"
)
### BEGIN HIDDEN TESTS
for _odd in ({"title": "goal"}, {"text": 5}, {"text": None}, "goal", None, ["text"]):
    _got = respond(_odd, _stub, _classes, 0.0)
    bm.expect.true(
        "error" in _got, f"the request {_odd!r} deserves an error, no answer"
    )
_got = respond({"text": "goal"}, _stub, _classes, 0.7)
bm.expect.equal(
    _got, {"class": "sports", "confidence": 0.7}, "at the threshold: answer"
)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# answer with the name of the class, not its number → 要答类别的名称，不是编号
# sure enough: class and confidence → 有把握：给出 class 和 confidence
# confidence 0.4 is below the threshold 0.5: ask an editor
# → 置信度 0.4 低于阈值 0.5：请编辑来看
# not sure: ask and confidence → 没把握：给出 ask 和 confidence
# an empty text is an error, whatever the model says of it
# → 空文本就是错误，不管模型怎么说
# the request {_odd!r} deserves an error, no answer
# → 请求 {_odd!r} 应得到错误，而不是回答
# at the threshold: answer → 正好达到阈值：回答
# a late goal → =

# %% [markdown] hint="respond"
# Three questions in this order: is the request as it should be? How sure is the model?
# Is that enough? The first needs no model.

# %% [markdown] lang="zh" of="7d1ae1ed"
# 按次序问三个问题：请求合不合要求？模型有多大把握？够不够？第一问用不着模型。

# %% [markdown] hint="respond"
# `isinstance(request, dict)` before `request.get("text")`, then `isinstance(text, str)`
# and `text.strip()`. The number of the best class is `int(np.argmax(p))`.

# %% [markdown] lang="zh" of="4301efa2"
# 先 `isinstance(request, dict)`，再 `request.get("text")`，然后 `isinstance(text, str)`
# 和 `text.strip()`。最佳类别的编号是 `int(np.argmax(p))`。


# %% mistake="respond" says="ask an editor"
def respond(request, probabilities_of, classes, threshold):
    text = request.get("text") if isinstance(request, dict) else None
    if not isinstance(text, str) or not text.strip():
        return {"error": "no text"}
    p = probabilities_of(text)
    best = int(np.argmax(p))
    return {"class": classes[best], "confidence": float(p[best])}


# %% mistake="respond" says="name of the class"
def respond(request, probabilities_of, classes, threshold):
    text = request.get("text") if isinstance(request, dict) else None
    if not isinstance(text, str) or not text.strip():
        return {"error": "no text"}
    p = probabilities_of(text)
    best = int(np.argmax(p))
    if p[best] < threshold:
        return {"ask": True, "confidence": float(p[best])}
    return {"class": best, "confidence": float(p[best])}


# %% mistake="respond" says="empty text"
def respond(request, probabilities_of, classes, threshold):
    p = probabilities_of(request["text"])
    best = int(np.argmax(p))
    if p[best] < threshold:
        return {"ask": True, "confidence": float(p[best])}
    return {"class": classes[best], "confidence": float(p[best])}


# %% variant="respond"
def respond(request, probabilities_of, classes, threshold):
    match request:
        case {"text": str(text)} if text.strip():
            confidence, best = max(
                (float(p), name)
                for p, name in zip(probabilities_of(text), classes, strict=True)
            )
            sure = confidence >= threshold
            answer = {"class": best} if sure else {"ask": True}
            return answer | {"confidence": confidence}
        case _:
            return {"error": "no text"}


# %% [markdown]
# Save it, and start a process that has never seen this notebook. Its program prepares
# the text with code of its own; if that differs from ours by one rule, the numbers will
# show it. Such differences between training and serving raise no error: the answers are
# only a little worse.

# %% [markdown] lang="zh" of="2d75a757"
# 存盘，再启动一个从没见过这个笔记本的进程。它的程序用自己的代码来处理文本，
# 只要有一条规则与我们不同，数字就会露馅。训练与服务之间的这种差别不会报错，
# 只会让回答悄悄变差一点。

# %%
folder = Path(tempfile.mkdtemp())
saved = bm.deploy.save(
    folder / "desk.zip",
    {"W": W, "b": b},
    vocabulary=vocabulary,
    configuration={"classes": names, "threshold": threshold, "version": 1},
)
SERVICE = """
import json, sys, unicodedata
import numpy as np
from bmkit import deploy

desk = deploy.load(sys.argv[1])
column = {term: j for j, term in enumerate(desk.vocabulary)}
for line in sys.stdin:
    text = json.loads(line)["text"]
    text = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    x = np.zeros(len(column))
    for k in (1, 2):
        for i in range(len(text) - k + 1):
            if text[i : i + k] in column:
                x[column[text[i : i + k]]] += 1
    z = desk.weights["W"] @ (x / max(np.linalg.norm(x), 1e-12)) + desk.weights["b"]
    p = np.exp(z - z.max())
    print(json.dumps({"p": (p / p.sum()).tolist()}), flush=True)
"""
(folder / "service.py").write_text(SERVICE, encoding="utf-8")
print(f"{saved.name}: {saved.stat().st_size / 1024:.0f} KiB")

# %% [raw] lang="zh"
# {saved.name}: {saved.stat().st_size / 1024:.0f} KiB
# → {saved.name}：{saved.stat().st_size / 1024:.0f} KiB

# %%
asked = [{"text": text} for text in news.test_texts[: min(100, exam_size)]]
process = subprocess.run(
    [sys.executable, str(folder / "service.py"), str(saved)],
    input="\n".join(map(json.dumps, asked)),
    capture_output=True,
    text=True,
    timeout=120,
    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
)
served = np.array([json.loads(line)["p"] for line in process.stdout.splitlines()])
gap = float(np.abs(served - p_exam[: len(asked)]).max())
bm.claim(
    "Loaded in a fresh process, the file gives the notebook's answers",
    len(served) == len(asked) and gap < 1e-9,
    requests=len(served),
    largest_difference=gap,
)

# %% [raw] lang="zh"
# Loaded in a fresh process, the file gives the notebook's answers
# → 在全新的进程里载入文件，给出的回答与笔记本里的一样

# %%
desk = bm.deploy.load(saved)
W_desk, b_desk = (torch.tensor(desk.weights[name]) for name in ("W", "b"))


def ask_desk(text):
    return probabilities(vectors([clean(text)], desk.vocabulary), W_desk, b_desk)[0]


began = time.perf_counter()
for request in ({"text": exam_texts[0]}, {"text": "???"}, {"headline": "x"}):
    print(respond(request, ask_desk, names, threshold))
print(f"{(time.perf_counter() - began) / 3 * 1000:.1f} ms each, on this machine, today")

# %% [raw] lang="zh"
# {(time.perf_counter() - began) / 3 * 1000:.1f} ms each, on this machine, today
# → 每次 {(time.perf_counter() - began) / 3 * 1000:.1f} 毫秒（这台机器，此刻）

# %% [markdown]
# The time is information, not a result: it is this machine's, alone, with one request
# at a time. The lesson `serving` measures it properly.
#
# ## 8 Feedback
#
# The day after. The other half of the put-away headlines now plays the newsroom's
# future, with a twist: a championship begins, and most of them are sports. Nobody tells
# us. All that we see is what the model answers, and how often it answers what.
#
# A simple alarm compares the shares of the four answers with those in the examination
# (answers alone, no labels needed), by half the sum of the absolute differences. How
# large is it by mere chance? Draw as many answers from the examination's, a thousand
# times, and ring when the observed distance is larger than 99 % of those.

# %% [markdown] lang="zh" of="56a741fa"
# 用时只是信息，不算结果：那是这台机器、单独运行、一次一个请求的用时。
# 正经的测量在 `serving` 一课。
#
# ## 8 反馈调整
#
# 第二天。收起来的另一半标题，现在来扮演编辑部的未来，还带点变化：锦标赛开幕了，
# 来的大多是体育新闻。没有人告诉我们。我们看得到的，只有模型答了什么，各答了多少。
#
# 一个简单的警报，是把四种回答的占比与考卷上的相比（只看回答，不用标签），
# 取差的绝对值之和的一半。光凭偶然它会有多大？从考卷的回答里随机抽同样多个，抽一千次；
# 观察到的距离若比其中 99 % 都大，就拉响警报。

# %%
future = list(range(exam_size, len(news.test_texts)))
y_future = np.array(news.test_labels)[future]
each = int(0.3 * np.bincount(y_future).min())
mix = [(2, 3 * each), (0, each // 3), (1, each // 3), (3, each // 3)]  # 2: sports
drifted = np.concatenate(
    [draws.permutation(np.flatnonzero(y_future == k))[:count] for k, count in mix]
)
calm = draws.permutation(len(future))[: len(drifted)]  # as many, in the usual mix
x_future = vectors([clean(news.test_texts[i]) for i in future], vocabulary)
p_future = probabilities(x_future, W, b)

# %% [raw] lang="zh"
# 2: sports → 2：体育
# as many, in the usual mix → 数量相同，类别比例照旧


# %%
def shares(answers):
    return np.bincount(answers, minlength=4) / len(answers)


usual_answers = p_exam.argmax(1)


def distance(answers):
    return 0.5 * np.abs(shares(answers) - shares(usual_answers)).sum()


size = len(drifted)
chance = np.array([distance(draws.choice(usual_answers, size)) for _ in range(1000)])
limit = float(np.quantile(chance, 0.99))
seen = {
    "calm": distance(p_future[calm].argmax(1)),
    "drifted": distance(p_future[drifted].argmax(1)),
}

# %% fold
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.hist(chance, 30, color="#c9d1dc", label="by chance")
ax.axvline(limit, c="k", ls="--", label="alarm from here")
ax.axvline(seen["calm"], c="#0f8b8d", ls="-", lw=2, label="an ordinary day")
ax.axvline(seen["drifted"], c="#c2410c", ls="-.", lw=2, label="the championship")
ax.set(xlabel="distance of the answers' shares", ylabel="draws")
ax.legend()
alt = (
    "Histogram of distances by chance; the ordinary day lies to the left, the "
    "day of the championship far to the right of the alarm's limit."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# by chance → 纯属偶然
# alarm from here → 从这里起报警
# an ordinary day → 平常的一天
# the championship → 锦标赛那天
# distance of the answers' shares → 回答占比的距离
# draws → 次数
# Histogram of distances by chance; the ordinary day lies to the left, the day of the
# championship far to the right of the alarm's limit.
# → 偶然距离的直方图；平常的一天落在左边，锦标赛那天远在报警线的右边。

# %% [markdown]
# An alarm is no diagnosis. Here the mix of classes has changed and the headlines of
# each class have not, so the model is as good as before *within* each class; one would
# not even have to retrain. What helps in any case are labels, and the newsroom makes
# some every day: whenever the model asked, an editor answered. So collect those
# corrections from the first half of the new stream, train again with them, and judge
# both models on its second half. Did it help? The answers belong in pairs, headline by
# headline; we resample the pairs.

# %% [markdown] lang="zh" of="03fe727c"
# 警报不是诊断。这里变的是各类的比例，各类标题本身并没有变，所以在每一类*之内*，
# 模型跟从前一样好，甚至不必重新训练。不管怎样，有标签总是好的，
# 而编辑部每天都在产生标签：凡是模型请人看的，编辑都给了答案。
# 于是把新来标题前一半里的这些纠正收集起来，加进去重新训练，再在后一半上评判两个模型。
# 有用吗？两个模型的回答要逐条配对，我们就对这些对子重抽样。

# %%
stream = draws.permutation(drifted)
early, late = stream[: size // 2], stream[size // 2 :]
unsure = early[p_future[early].max(1) < threshold]
x_more = torch.cat([x_fit, x_future[unsure]])
y_more = torch.cat([y_fit, torch.tensor(y_future[unsure])])
W_new, b_new, _ = train(x_more, y_more, C)
before = p_future[late].argmax(1) == y_future[late]
after = probabilities(x_future[late], W_new, b_new).argmax(1) == y_future[late]
change = after.astype(float) - before
drawn = draws.choice(change, (5000, len(change))).mean(1)  # pairs stay pairs
low, high = np.quantile(drawn, [0.025, 0.975])
print(
    f"{len(unsure)} corrections; right {before.mean():.3f} → {after.mean():.3f}, "
    f"change {change.mean():+.3f}, 95 % from {low:+.3f} to {high:+.3f}"
)

# %% [raw] lang="zh"
# pairs stay pairs → 成对的仍然成对
# {len(unsure)} corrections; right {before.mean():.3f} \→ {after.mean():.3f}, change
# {change.mean():+.3f}, 95 % from {low:+.3f} to {high:+.3f}
# → {len(unsure)} 处更正；正确率 {before.mean():.3f} → {after.mean():.3f}，
#   变化 {change.mean():+.3f}，95 % 区间 {low:+.3f} 到 {high:+.3f}

# %%
bm.claim(
    "The alarm rings on the day of the championship, from the answers alone",
    seen["drifted"] > limit and seen["drifted"] > seen["calm"],
    championship=seen["drifted"],
    ordinary_day=seen["calm"],
    limit=limit,
)
bm.claim(
    "Training again with the corrections does no measurable harm; whether it helps, "
    "the interval says",
    high >= 0,
    corrections=len(unsure),
    change=float(change.mean()),
    interval=[float(low), float(high)],
)

# %% [raw] lang="zh"
# The alarm rings on the day of the championship, from the answers alone
# → 锦标赛那天警报响了，靠的只是回答本身
# Training again with the corrections does no measurable harm; whether it helps, the
# interval says
# → 加上纠正重新训练，没有量得出的坏处；有没有好处，看区间

# %% [markdown]
# Read the interval. If it holds zero, the honest report is: "we retrained, and cannot
# yet say that it helped". That is no failure. It is one turn of the loop, and the next
# turn has more labels. The dotted arrow leads back to box 2.
#
# ## What we learned
#
# - The contract comes first: measure, baseline, what to do when unsure, when to stop.
# - Every decision looks at the validation set; the examination is looked at once.
# - Near copies travel together, or the score is a memory test.
# - A measurement has an interval, and two models are compared in pairs.
# - A model that may say "ask" is worth more than its accuracy.
# - What is deployed is the preparation, the weights and the threshold together; a
#   parity test keeps training and serving the same.
# - Feedback is two things: an alarm, and labels. Neither is an improvement until
#   measured.
#
# ## Where next
#
# Replace box 4 by something larger: `news-classification` builds a network for the same
# headlines, and compares it fairly with what you have. `evaluation` goes deeper into
# box 6, `serving` and `monitoring` into 7 and 8. Or change the twist here: let a *new
# word* appear instead of a new mix, and see whether the alarm notices.
#
# ## Further reading
#
# - E. B. Wilson (1927), *Probable Inference, the Law of Succession, and Statistical
#   Inference*, Journal of the American Statistical Association.
# - D. Sculley et al. (2015), *Hidden Technical Debt in Machine Learning Systems*,
#   NeurIPS.
# - C. K. Chow (1970), *On Optimum Recognition Error and Reject Tradeoff*, IEEE
#   Transactions on Information Theory.

# %% [markdown] lang="zh" of="017b3f2f"
# 看区间。如果它包含零，诚实的说法就是：“我们重新训练了，还不能说有用。”这不是失败，
# 而是循环转了一圈，下一圈的标签会更多。虚线箭头指回第 2 个方框。
#
# ## 我们学到了什么
#
# - 先有约定：用什么衡量，基线是什么，没把握怎么办，什么时候停。
# - 每个决定都看验证集；考卷只看一次。
# - 近似副本要待在一起，否则成绩只是在考记性。
# - 测量要有区间，两个模型要配对比较。
# - 会说“请人看”的模型，价值不止于它的准确率。
# - 部署的是预处理、权重和阈值这一整套；用一致性测试保证训练与服务相同。
# - 反馈有两样：警报和标签。没量过之前，哪一样都不算改进。
#
# ## 下一步
#
# 把第 4 个方框换成更大的：`news-classification` 为同样的标题搭一个网络，
# 与你手上的公平比较。`evaluation` 深入第 6 个方框，`serving` 和 `monitoring` 深入第 7、
# 第 8 个。或者改改这里的变化：不变比例，而是冒出一个*新词*，看警报会不会察觉。
#
# ## 延伸阅读
#
# - E. B. Wilson (1927), *Probable Inference, the Law of Succession, and Statistical
#   Inference*, Journal of the American Statistical Association.
# - D. Sculley et al. (2015), *Hidden Technical Debt in Machine Learning Systems*,
#   NeurIPS.
# - C. K. Chow (1970), *On Optimum Recognition Error and Reject Tradeoff*, IEEE
#   Transactions on Information Theory.
