# ---
# slug: published-example
# title: {en: "The published example, run", zh: 范例复现}
# section: "5"
# minutes: 80
# needs: [big-models, convolution, stochastic-gradients, workflow]
# data: [news]
# extras: [tensorflow]
# introduces: [one-hot, out-of-vocabulary, tokenizer]
# says:
#   en: A printed program is run, taken apart by experiment, and made to work.
#   zh: 运行书上的程序，用实验找出它失败的原因，再把它修好。
# ---

# %% [markdown]
# A text shows a short program, and under it what the program prints: `[2 3]`. You want
# to build on it. Does it do what the page says? We **run it**, and believe what ran.
# The output turns out to be impossible, for a reason that no reader sees at first
# sight, and two more faults lie behind it. The layers themselves are good, and in the
# end they sort real headlines.
#
# ```mermaid
# flowchart LR
#   A[headline] --> B[tokens] --> C[numbers] --> D[padded rows]
#   D --> E[embedding] --> F[convolution] --> G[pooling] --> H[class]
# ```

# %% [markdown] lang="zh" of="f57208a3"
# 文中给出一段不长的程序，下面写着它的输出：`[2 3]`。你想在它的基础上做点东西。它真像书
# 上说的那样吗？我们**把它跑一遍**，只相信真正跑出来的结果。原来这个输出不可能得到，
# 原因初读看不出来；排除它之后，还有两个毛病。程序里的各层本身没有问题，
# 最后我们用它们给真实的标题分类。
#
# ```mermaid
# flowchart LR
#   A[标题] --> B[词元] --> C[编号] --> D[补齐]
#   D --> E[嵌入] --> F[卷积] --> G[池化] --> H[类别]
# ```

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"  # before TensorFlow: its start-up is chatty

import contextlib
import io
from collections import Counter

import jieba
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

import bmkit as bm

tf.get_logger().setLevel("ERROR")
jieba.setLogLevel(60)
lab = bm.start(
    "published-example", profile=profile, device=device, seed=seed, lang=lang
)

# %% [raw] lang="zh"
# before TensorFlow: its start-up is chatty → 须在导入 TensorFlow 之前：它启动时话很多

# %% [markdown]
# ## The program, word for word
#
# Here it is, kept as a string so that not a character changes. Four sentences, *this
# is a piece of politics / economy / sports / entertainment news*, and four labels.
# Read it, and guess what it will do.

# %% [markdown] lang="zh" of="8dc1817b"
# ## 程序原文
#
# 原样放在一个字符串里，一个字符也不改：四个句子，四个标签。先读一遍，猜猜它会怎样。

# %%
PROGRAM = """
import tensorflow as tf
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Embedding, Conv1D, MaxPooling1D, GlobalMaxPooling1D, Dense

# 数据集准备
# 这里以一个简单的数据集为例，实际应用中需要准备更大规模和更复杂的数据集
texts = ['这是一篇政治新闻', '这是一篇经济新闻', '这是一篇体育新闻', '这是一篇娱乐新闻']
labels = [0, 1, 2, 3]

# 分词和编码
tokenizer = Tokenizer(num_words=1000)
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
padded_sequences = pad_sequences(sequences, maxlen=100)

# 构建模型
model = Sequential([
    Embedding(1000, 64),
    Conv1D(128, 5, activation='relu'),
    MaxPooling1D(5),
    Conv1D(128, 5, activation='relu'),
    GlobalMaxPooling1D(),
    Dense(128, activation='relu'),
    Dense(4, activation='softmax')
])

# 编译模型
model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])

# 训练模型
model.fit(padded_sequences, labels, epochs=10, validation_split=0.2)

# 评估模型
test_texts = ['这是一篇体育新闻', '这是一篇娱乐新闻']
test_sequences = tokenizer.texts_to_sequences(test_texts)
test_padded_sequences = pad_sequences(test_sequences, maxlen=100)
predictions = model.predict(test_padded_sequences)
print(predictions.argmax(axis=1))
"""  # noqa: E501


# %%
def execute(program):
    """Run a program; return its names, the last line it printed, and its error."""
    names, printed, error = {}, io.StringIO(), None
    try:
        with contextlib.redirect_stdout(printed):
            exec(program, names)
    except Exception as caught:
        error = caught
    return names, (printed.getvalue().split("\n")[-2:] or [""])[0], error


as_printed, _, error = execute(PROGRAM)
print(f"{type(error).__name__}: {error}")

# %% [raw] lang="zh"
# Run a program; return its names, the last line it printed, and its error.
# → 运行一段程序；返回其中的变量、最后打印的一行，以及出现的错误。

# %% [markdown]
# It stops before the first step of training: `validation_split` cuts arrays, and
# `labels` is a list. With the library of its year it may have run: libraries change,
# and a printed page cannot.

# %% [markdown] lang="zh" of="9842855c"
# 训练还没迈出第一步，它就停了：`validation_split` 只会切数组，而 `labels` 是列表。
# 用当年的程序库，它也许能跑：程序库一直在变，印好的书页却不会变。

# %% [markdown]
# ## The smallest repair
#
# Make the labels an array and touch nothing else. A network starts from random weights,
# so one run proves little: we run it from several seeds.

# %% [markdown] lang="zh" of="75a4d5c9"
# ## 最小的修补
#
# 只把标签换成数组，别的都不动。网络从随机权重出发，跑一次说明不了什么，
# 所以换几个种子多跑几次。

# %%
REPAIRED = "import numpy as np\n" + PROGRAM.replace(
    "labels = [0, 1, 2, 3]", "labels = np.array([0, 1, 2, 3])"
)
runs = []
for run in range(lab.pick(ci=2, workshop=5, full=10)):
    tf.keras.utils.set_random_seed(seed + run)
    names, printed, error = execute(REPAIRED)
    runs.append((printed, names["model"](names["padded_sequences"]).numpy()))
    print(f"seed {seed + run}: {printed}")
bm.claim(
    "As printed, the program stops before it predicts anything",
    lambda predicts: not predicts,
    {"predicts": "predictions" in as_printed},
    control={"predicts": "predictions" in names},
    against="labels as an array",
)

# %% [raw] lang="zh"
# import numpy as np\n → =
# seed {seed + run}: {printed} → 种子 {seed + run}：{printed}
# As printed, the program stops before it predicts anything
# → 照原文运行，程序还没作出任何预测就中止了
# labels as an array → 标签改为数组

# %% [markdown]
# It runs, and prints something else. The two numbers of a run are always equal, though
# two different sentences went in. So let us look at all four sentences, and at the
# probabilities.

# %% [markdown] lang="zh" of="55ee78a2"
# 能跑了，打印的却是别的。而且每次运行的两个数总是相同，输入的明明是两个不同的句子。
# 那就把四个句子都看一看，并且看它们的概率。

# %% fold
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(7, 2.8))
for ax, (number, (printed, probabilities)) in zip(axes, enumerate(runs), strict=False):
    for k, marker in enumerate("os^D"):
        ax.plot(range(4), probabilities[:, k], marker=marker, label=f"class {k}")
    ax.set_title(f"seed {seed + number}: {printed}")
    ax.set_xticks(range(4))
axes[0].set_ylabel("probability")
axes[0].set_xlabel("sentence (its true class)")
axes[1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
bm.show.figure(
    fig,
    alt="For two seeds, the probabilities of the four classes against the four "
    "sentences: every line is flat, so all sentences get the same answer, and the line "
    "of class 3 lies near zero.",
)

# %% [raw] lang="zh"
# class {k} → 类别 {k}
# seed {seed + number}: {printed} → 种子 {seed + number}：{printed}
# probability → 概率
# sentence (its true class) → 句子（其真实类别）
# For two seeds, the probabilities of the four classes against the four sentences: every
# line is flat, so all sentences get the same answer, and the line of class 3 lies near
# zero.
# → 两个种子下，四个类别的概率随四个句子的变化：每条线都是平的，
#   即所有句子得到同样的答案；类别 3 的线贴近零。

# %% [markdown]
# The lines are flat. Two questions: **why can the network not tell the sentences
# apart**, and **why is class 3 so improbable**? We follow the data from the beginning.
#
# ## What the network gets to see

# %% [markdown] lang="zh" of="0c9e04d8"
# 线都是平的。于是有两个问题：**网络为什么分不清这几个句子？**
# **类别 3 的概率为什么这么低？** 我们从数据的开头一步步查。
#
# ## 网络究竟看到了什么

# %%
tokenizer = names["tokenizer"]
print(f"numbers of the tokens: {tokenizer.word_index}")
print(f"the sentences: {tokenizer.texts_to_sequences(names['texts'])}")
print(f"a new one: {tokenizer.texts_to_sequences(['今晚的体育新闻'])}")

# %% [raw] lang="zh"
# numbers of the tokens: {tokenizer.word_index} → 词元的编号：{tokenizer.word_index}
# the sentences: {tokenizer.texts_to_sequences(names['texts'])}
# → 四个句子：{tokenizer.texts_to_sequences(names['texts'])}
# a new one: {tokenizer.texts_to_sequences(['今晚的体育新闻'])}
# → 一个新句子：{tokenizer.texts_to_sequences(['今晚的体育新闻'])}

# %% [markdown]
# A **tokenizer** cuts a text into tokens and gives each a number. Keras's `Tokenizer`
# splits at spaces, and Chinese has none: each whole sentence became **one** token. A
# headline that is new by a single character is encoded as *nothing*.
#
# So a row is one number after 99 zeros. A convolution slides a window of $k=5$ over the
# $n=100$ places and makes $n-k+1=96$ values; `MaxPooling1D(5)` then keeps the largest
# of every $p=5$ of them. How many of the 96 does it look at?
#
# $$n_\text{kept} = p \left\lfloor \frac{n - k + 1}{p} \right\rfloor \label{kept}$$

# %% [markdown] lang="zh" of="72f44ac2"
# **分词器**（tokenizer）把文本切成词元，并给每个词元编号。Keras 的 `Tokenizer` 按空格切
# 分，而中文没有空格：每个整句都成了**一个**词元。新标题哪怕只差一个字，编码出来也是*空
# 的*。
#
# 所以每一行是 99 个零后面跟一个数。卷积用宽 $k=5$ 的窗口滑过 $n=100$ 个位置，得到
# $n-k+1=96$ 个值；`MaxPooling1D(5)` 再从每 $p=5$ 个值里留下最大的。这 96 个值，
# 它看了几个？
#
# $$n_\text{kept} = p \left\lfloor \frac{n - k + 1}{p} \right\rfloor \label{kept}$$

# %% equation="kept" of="eb5137f1"
lengths, k, p = (101, 102), 7, 4
pool = tf.keras.layers.MaxPooling1D(p)
groups = [pool(tf.zeros((1, n - k + 1, 1))).shape[1] for n in lengths]
right = [p * ((n - k + 1) // p) for n in lengths]
bm.equation("kept", p * np.array(groups), np.array(right))

# %% [markdown]
# By (\ref{kept}) it looks at 95 of 96: the last, incomplete group is dropped. And where
# is our only token? At the very end, where only the last window touches it. Move the
# sliders: which texts does the network see?

# %% [markdown] lang="zh" of="20204765"
# 由 (\ref{kept})，96 个里它只看 95 个：最后凑不满的一组被丢掉了。
# 而我们唯一的词元在哪儿？
# 正在最末尾，只有最后一个窗口碰得到它。拖动滑块看看：网络看得见哪些文本？


# %% fold
def reach(maxlen, words, k=5, p=5):
    """Per window: does it touch a word, and does the pooling keep it?"""
    start = np.arange(maxlen - k + 1)
    return start + k > maxlen - words, start < p * (len(start) // p)


def draw(maxlen, words):
    touches, kept = reach(maxlen, words)
    fig, ax = plt.subplots(figsize=(7.5, 2.4))
    looks = {True: ("#1b3a6b", None), False: ("#dddddd", None)}
    for place in range(maxlen - 24, maxlen):
        ax.bar(place, 0.8, 1, 1.1, color=looks[place >= maxlen - words][0], ec="white")
    for start in range(maxlen - 24, len(touches)):
        hatch = None if kept[start] else "xxxx"
        ax.bar(start, 0.8, 1, color=looks[touches[start]][0], ec="white", hatch=hatch)
    ax.set_yticks([0.4, 1.5], ["windows of 5", "padded text"])
    ax.set_xlabel("place, or window's first place (dark: word, pale: pads, ×: dropped)")
    seen = int((touches & kept).sum())
    ax.set_title(f"{seen} of {touches.sum()} windows with a word are seen")
    ax.grid(False)
    return fig


bm.show.explore(
    draw,
    alt="The last 24 places of a padded text and the windows over them. With one word "
    "and 100 places, the only window that touches the word is crossed out: the pooling "
    "drops it, so no window with a word is seen.",
    maxlen=(95, 105, 1, 100),
    words=(1, 12, 1, 1),
)

# %% [raw] lang="zh"
# Per window: does it touch a word, and does the pooling keep it?
# → 对每个窗口：它碰到词了吗？池化留下它了吗？
# windows of 5 → 宽 5 的窗口
# padded text → 补齐后的文本
# place, or window's first place (dark: word, pale: pads, ×: dropped)
# → 位置，或窗口的起点（深色：词，浅色：补零，叉：丢弃）
# {seen} of {touches.sum()} windows with a word are seen
# → 含词的 {touches.sum()} 个窗口中，{seen} 个被看到
# The last 24 places of a padded text and the windows over them. With one word and 100
# places, the only window that touches the word is crossed out: the pooling drops it, so
# no window with a word is seen.
# → 补齐后文本的最后 24 个位置和其上的窗口。只有一个词、共 100 个位置时，
#   唯一碰到词的窗口打了叉：它被池化丢掉，没有一个含词的窗口被看到。

# %% [markdown]
# Our sentence of one token is lost in the remainder. If that is the cause, other
# lengths must do better, whatever the weights are. Predict which, before we measure.

# %% [markdown] lang="zh" of="0c5a580f"
# 我们的单词元句子正好落在余数里，丢了。如果原因真是这个，那么换别的长度就该好些，
# 与权重无关。先预测是哪些长度，再来测量。


# %% exercise="blind_lengths" points=2 minutes=7 level=3
def blind_lengths(lengths: list[int], k: int, p: int) -> list[int]:
    """The lengths of rows with which a network cannot see the last place.

    A convolution of window k, without padding, is followed by pooling that keeps the
    largest of every p values and drops an incomplete last group.

    Args:
        lengths: how many places a row has, at least k + p - 1 each.
        k: places that a window covers, 1 or more.
        p: values that the pooling takes together, 1 or more.

    Returns:
        Those of the lengths, in the same order, with which no value that the pooling
        keeps depends on the last place.
    """
    ### BEGIN SOLUTION
    return [n for n in lengths if (n - k + 1) % p != 0]
    ### END SOLUTION


# %% [raw] lang="zh"
# The lengths of rows with which a network cannot see the last place.
# → 哪些行长使网络看不见最后一个位置。
# A convolution of window k, without padding, is followed by pooling that keeps the
# largest of every p values and drops an incomplete last group.
# → 窗口宽为 k、不补零的卷积之后是池化：每 p 个值留下最大的，最后凑不满的一组丢掉。
# Args:
#     lengths: how many places a row has, at least k + p - 1 each.
#     k: places that a window covers, 1 or more.
#     p: values that the pooling takes together, 1 or more.
# → 参数：
#       lengths：每一行有几个位置，都不少于 k + p - 1。
#       k：一个窗口盖住几个位置，至少为 1。
#       p：池化每次取几个值，至少为 1。
# Returns:
#     Those of the lengths, in the same order, with which no value that the pooling
#     keeps depends on the last place.
# → 返回：
#       其中这样的长度，次序不变：池化留下的值都与最后一个位置无关。

# %% check="blind_lengths"
got = blind_lengths([100, 99], 5, 5)
bm.expect.true(len(got) > 0, "with 100 places there are 96 windows, and 95 are kept")
advice = "with 99 places all 95 windows are kept: the last place is seen"
bm.expect.equal(list(got), [100], advice)
advice = "20 places, window 3, groups of 4: 18 windows, 16 are kept"
bm.expect.equal(list(blind_lengths([20], 3, 4)), [20], advice)
advice = "18 places, window 3, groups of 4: 16 windows, 16 are kept"
bm.expect.equal(list(blind_lengths([18], 3, 4)), [], advice)
### BEGIN HIDDEN TESTS
advice = "count the windows, and what remains of them after whole groups"
bm.expect.equal(list(blind_lengths([31, 9, 29, 12], 4, 3)), [31, 29], advice)
bm.expect.equal(list(blind_lengths([8, 9, 40], 7, 2)), [9], advice)
bm.expect.equal(list(blind_lengths([24, 25, 27, 30, 31], 4, 7)), [25, 27, 30], advice)
bm.expect.equal(list(blind_lengths([5, 11, 6], 3, 1)), [], "groups of one drop nothing")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# with 100 places there are 96 windows, and 95 are kept
# → 100 个位置有 96 个窗口，留下 95 个
# with 99 places all 95 windows are kept: the last place is seen
# → 99 个位置有 95 个窗口，全部留下：看得见最后一个位置
# 20 places, window 3, groups of 4: 18 windows, 16 are kept
# → 20 个位置，窗口宽 3，每组 4 个：18 个窗口，留下 16 个
# 18 places, window 3, groups of 4: 16 windows, 16 are kept
# → 18 个位置，窗口宽 3，每组 4 个：16 个窗口，留下 16 个
# count the windows, and what remains of them after whole groups
# → 数一数窗口，再看分成整组之后余下几个
# groups of one drop nothing → 每组一个，就什么也不会丢

# %% [markdown] hint="blind_lengths"
# Only the last window touches the last place. When does the pooling drop it?

# %% [markdown] lang="zh" of="ad1e67b7"
# 只有最后一个窗口碰到最后一个位置。池化什么时候会丢掉它？

# %% [markdown] hint="blind_lengths"
# There are `n - k + 1` windows. The last one is dropped if that is no multiple of `p`.

# %% [markdown] lang="zh" of="e14856b8"
# 共有 `n - k + 1` 个窗口。若它不是 `p` 的倍数，最后一个就被丢掉。


# %% mistake="blind_lengths" says="95 are kept"
def blind_lengths(lengths, k, p):
    return [n for n in lengths if (n - k + 1) // p == 0]


# %% mistake="blind_lengths" says="the last place is seen"
def blind_lengths(lengths, k, p):
    return [n for n in lengths if n % p != 0]


# %% mistake="blind_lengths" says="16 are kept"
def blind_lengths(lengths, k, p):
    return [n for n in lengths if (n - 4) % 5 != 0]


# %% mistake="blind_lengths" says="count the windows"
def blind_lengths(lengths, k, p):
    return [n for n in lengths if n % p != k - 1]


# %% variant="blind_lengths"
def blind_lengths(lengths, k, p):
    return [n for n in lengths if (n - k + 1) // p * p < n - k + 1]


# %% variant="blind_lengths"
def blind_lengths(lengths, k, p):
    lengths = np.asarray(lengths)
    return lengths[(lengths - k + 1) % p > 0]


# %% [raw] excuse="blind_lengths"
# lengths itself is returned: where all are blind the given list is the answer


# %% [markdown]
# Now measure, on untrained networks: how far do the answers to the four sentences
# differ?

# %% [markdown] lang="zh" of="fce8e25f"
# 现在用没训练过的网络来测量：四个句子的答案相差多少？


# %%
def document_network(size):
    """The document's layers, unchanged, for a vocabulary of ``size`` numbers."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Embedding(size, 64),
            layers.Conv1D(128, 5, activation="relu"),
            layers.MaxPooling1D(5),
            layers.Conv1D(128, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(128, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )


def toy_rows(maxlen):
    """The four one-token sentences as the document pads them: (4, maxlen)."""
    return np.pad([[1], [2], [3], [4]], ((0, 0), (maxlen - 1, 0)))


def untrained_spread(maxlen):
    """How far the answers to the four sentences differ, before any training."""
    answers = document_network(1000)(toy_rows(maxlen)).numpy()
    return float(np.ptp(answers, axis=0).max())


# %% [raw] lang="zh"
# The document's layers, unchanged, for a vocabulary of ``size`` numbers.
# → 文中网络的各层，原样不动；词表共 ``size`` 个编号。
# The four one-token sentences as the document pads them: (4, maxlen).
# → 四个单词元句子，按文中的方式补齐：(4, maxlen)。
# How far the answers to the four sentences differ, before any training.
# → 训练之前，四个句子得到的答案相差多少。

# %%
lengths = list(range(96, 106))
apart = {n: untrained_spread(n) for n in lengths}
measured = [n for n, difference in apart.items() if difference == 0]
print(f"predicted blind: {blind_lengths(lengths, 5, 5)}, measured: {measured}")
trained = [float(np.ptp(p, axis=0).max()) for _, p in runs]
bm.claim(
    "With rows of 100 places, trained or not, the network gives all four sentences "
    "exactly the same answer",
    lambda difference: max(difference) == 0,
    {"difference": [*trained, *(untrained_spread(100) for _ in range(5))]},
    control={"difference": [untrained_spread(99) for _ in range(5)]},
    against="rows of 99 places",
)

# %% [raw] lang="zh"
# predicted blind: {blind_lengths(lengths, 5, 5)}, measured: {measured}
# → 预测看不见的长度：{blind_lengths(lengths, 5, 5)}，测得：{measured}
# With rows of 100 places, trained or not, the network gives all four sentences exactly
# the same answer
# → 每行 100 个位置时，无论训练与否，四个句子得到的答案完全相同
# rows of 99 places → 每行 99 个位置

# %% [markdown]
# The first question is answered. With these rows the network does not see which
# sentence it gets, so it prints the same number twice, whatever its weights are: this
# program cannot print `[2 3]`.
#
# ## Who is held out?
#
# Now the second question. `validation_split=0.2` takes the **last** fifth, before any
# shuffling. Of four sentences that is the last one, the only sentence of class 3.

# %% [markdown] lang="zh" of="b1843749"
# 第一个问题有了答案。这样补齐之后，网络看不到输入的是哪一句，
# 所以无论权重如何，两个数总是相同：这段程序不可能打印出 `[2 3]`。
#
# ## 留出去的是谁？
#
# 再看第二个问题。`validation_split=0.2` 在打乱之前就取走**最后**五分之一。四句话里，
# 那就是最后一句，也是类别 3 唯一的一句。

# %%
cut = int(len(names["labels"]) * (1 - 0.2))
print("trained:", names["labels"][:cut], "  held out:", names["labels"][cut:])

# %% [raw] lang="zh"
# trained: → 训练：
# held out: → 留出：

# %% [markdown]
# Two possible causes, so four experiments: with and without each. We train for 30
# epochs, since there may be a third cause: the sentences make one batch, so the
# document's ten epochs are only ten steps. A fifth experiment has neither of the first
# two causes, and ten epochs.

# %% [markdown] lang="zh" of="64f1bdf9"
# 两个可能的原因，就做四个实验：各自有与没有。都训练 30 轮，因为也许还有第三个原因：
# 这几句话只够一批，原文的十轮不过十步。所以再做第五个实验：前两个原因都没有，
# 只训练十轮。


# %%
def toy(maxlen, held_out, run, epochs=30):
    """Train on the toy sentences; return each one's four probabilities."""
    tf.keras.utils.set_random_seed(run)
    model = document_network(1000)
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = toy_rows(maxlen), np.arange(4)
    cut = int(4 * (1 - held_out))  # as validation_split does it
    model.fit(x[:cut], y[:cut], epochs=epochs, verbose=0)
    return model(x).numpy()  # (4 sentences, 4 classes)


tries = range(seed, seed + lab.pick(ci=1, workshop=2, full=5))
grid = {
    (maxlen, held_out): np.array([toy(maxlen, held_out, run) for run in tries])
    for maxlen in (100, 99)
    for held_out in (0.2, 0.0)
}
ten_epochs = np.array([toy(99, 0.0, run, epochs=10) for run in tries])
classes = {key: answers.argmax(2) for key, answers in grid.items()}  # (runs, 4) each
for (maxlen, held_out), predicted in classes.items():
    print(f"maxlen={maxlen:3d}  held out {held_out}: {predicted.tolist()}")
print(f"neither cause, but ten epochs: {ten_epochs.argmax(2).tolist()}")

# %% [raw] lang="zh"
# Train on the toy sentences; return each one's four probabilities.
# → 用玩具句子训练；返回每句的四个概率。
# as validation_split does it → 与 validation_split 的取法相同
# (4 sentences, 4 classes) → （4 个句子，4 个类别）
# (runs, 4) each → 各为（次数，4）
# maxlen={maxlen:3d} held out {held_out}: {predicted.tolist()}
# → maxlen={maxlen:3d}  留出 {held_out}：{predicted.tolist()}
# neither cause, but ten epochs: {ten_epochs.argmax(2).tolist()}
# → 两个原因都没有，但只训练十轮：{ten_epochs.argmax(2).tolist()}

# %%
right = {key: (p == np.arange(4)).mean(1).tolist() for key, p in classes.items()}
bm.claim(
    "While either cause is left, no run gets all four sentences right",
    lambda right: max(right) < 1,
    {"right": right[100, 0.2] + right[100, 0.0] + right[99, 0.2]},
    control={"right": right[99, 0.0]},
    against="both causes removed",
)
bm.claim(
    "The class that is held out whole is never predicted",
    lambda predicted: 3 not in predicted,
    {"predicted": [*classes[99, 0.2].flat, *classes[100, 0.2].flat]},
    control={"predicted": [*classes[99, 0.0].flat]},
    against="nothing held out, rows of 99 places",
)
ten, thirty = (np.diagonal(p, axis1=1, axis2=2) for p in (ten_epochs, grid[99, 0.0]))
bm.claim(
    "Even without these two causes, ten epochs hardly lift the probability of the "
    "right class above chance",
    lambda probability: max(probability) < 0.25 + 0.02,
    {"probability": ten.mean(1).tolist()},
    control={"probability": thirty.mean(1).tolist()},
    against="30 epochs",
)

# %% [raw] lang="zh"
# While either cause is left, no run gets all four sentences right
# → 只要留着其中一个原因，就没有一次能把四句全判对
# both causes removed → 两个原因都去掉
# The class that is held out whole is never predicted → 整类都被留出，就从不会被预测到
# nothing held out, rows of 99 places → 一句也不留出，每行 99 个位置
# Even without these two causes, ten epochs hardly lift the probability of the right
# class above chance
# → 即使没有这两个原因，训练十轮，正确类别的概率也几乎不高于瞎猜
# 30 epochs → 30 轮

# %% [markdown]
# After ten epochs the four probabilities are nearly equal, so chance has a large part
# in which one is largest. With all three causes removed, the program gives the answer
# on the page. Is it a classifier? It has learned four sentences by heart, and was
# tested on two of them. Any other headline becomes a row of zeros. To do better we need
# what the document itself asks for: *more data*, and words.
#
# ## Put right, step by step: tokens
#
# Chinese can be cut into words (with a dictionary, as jieba does) or into characters. A
# token that the training texts never had is **out-of-vocabulary**: the network can know
# nothing about it. Which way of cutting has fewer? We look at headlines of the training
# set that we put aside. The test set waits for the end.

# %% [markdown] lang="zh" of="acbc436e"
# 训练十轮之后，四个概率几乎相等，谁最大多半靠运气。三个原因都去掉，
# 程序就给出了书上的答案。可这算分类器吗？它只是背下了四句话，又拿其中两句来测试；
# 换成别的标题，输入就全是零。要更进一步，正需要原文自己说的：*更大规模的数据*，
# 还要会分词。
#
# ## 一步步改好：词元
#
# 中文可以切成词（如 jieba 用词典来切），也可以切成字。训练文本里从未出现的词元叫作
# **未登录词**（out-of-vocabulary）：网络对它一无所知。哪种切法的未登录词更少？
# 我们从训练集中留出一部分标题来看；测试集要等到最后。

# %%
news = bm.data.load("news", lab)
class_names = news.classes_zh if lang == "zh" else news.classes
print(jieba.lcut(names["texts"][2]), list(names["texts"][2]))
aside = len(news.train_texts) // 5


def unknown(cut, texts):
    """Share of the texts' tokens that the other training headlines do not have."""
    known = {token for text in news.train_texts[aside:] for token in cut(text)}
    tokens = [token for text in texts for token in cut(text)]
    return float(np.mean([token not in known for token in tokens]))


ways = {"characters": list, "words": jieba.lcut, "sentences": lambda text: [text]}
bm.claim(
    "Of new headlines fewer characters than words are out-of-vocabulary, and all whole "
    "sentences are",
    lambda characters, words, sentences: characters < words < sentences == 1,
    {way: unknown(cut, news.train_texts[:aside]) for way, cut in ways.items()},
    control={way: unknown(cut, news.train_texts[aside:]) for way, cut in ways.items()},
    against="the headlines that gave the vocabulary",
)

# %% [raw] lang="zh"
# Share of the texts' tokens that the other training headlines do not have.
# → 这些文本的词元中，其余训练标题里没有的占多少。
# Of new headlines fewer characters than words are out-of-vocabulary, and all whole
# sentences are
# → 在新标题中，按字切分的未登录词比按词切分的少，整句则全是未登录词
# the headlines that gave the vocabulary → 词表所出自的那些标题

# %% [markdown]
# With so few headlines we take characters. Next, numbers for them: frequent tokens get
# small ones; `0` is kept for the padding and `1` for *unknown*. The embedding then
# looks up the row of that number in its table. That is the same as multiplying the
# table by a **one-hot** row, which has 1 at the place of the number and 0 elsewhere.

# %% [markdown] lang="zh" of="89707f75"
# 标题不多，我们按字切分。接着给它们编号：越常见的词元编号越小；`0` 留给填充，`1`
# 留给*未知*。嵌入层再按编号从表里取出一行。这等于用一个**独热**（one-hot）行向量乘这张
# 表：它在编号的位置上是 1，其余都是 0。


# %% exercise="fit_vocabulary" points=2 minutes=8 level=2
def fit_vocabulary(documents: list[list[str]], size: int) -> dict[str, int]:
    """Number the most frequent tokens.

    Args:
        documents: each a list of tokens.
        size: how many numbers there are in all, with 0 (padding) and 1 (unknown).

    Returns:
        token -> number: 2 for the most frequent token, then 3, 4, ...; of tokens
        equally frequent, the one that was met first comes first.
    """
    ### BEGIN SOLUTION
    counts = Counter(token for document in documents for token in document)
    # most_common keeps the order of first meeting among equals.
    return {t: i for i, (t, _) in enumerate(counts.most_common(size - 2), start=2)}
    ### END SOLUTION


# %% [raw] lang="zh"
# Number the most frequent tokens. → 给最常见的词元编号。
# Args:
#     documents: each a list of tokens.
#     size: how many numbers there are in all, with 0 (padding) and 1 (unknown).
# → 参数：
#       documents：每个元素是一个词元列表。
#       size：编号总数，包括 0（填充）和 1（未知）。
# Returns:
#     token -> number: 2 for the most frequent token, then 3, 4, ...; of tokens
#     equally frequent, the one that was met first comes first.
# → 返回：
#       词元 -> 编号：最常见的词元为 2，然后是 3、4……；
#       次数相同的词元，先遇到的排在前面。
# most_common keeps the order of first meeting among equals.
# → 次数相同时，most_common 保持最初遇到的次序。

# %% check="fit_vocabulary"
got = fit_vocabulary([["b", "a"], ["a", "c", "a", "b"]], size=10)
bm.expect.true(0 not in got.values(), "0 is the padding's number: no token may have it")
bm.expect.true(1 not in got.values(), "1 means unknown: the first token gets 2")
bm.expect.equal(got, {"a": 2, "b": 3, "c": 4}, "the most frequent token first")
### BEGIN HIDDEN TESTS
got = fit_vocabulary([["z", "y"], ["x", "y", "z"], ["w"]], size=20)
ranked = sorted(got, key=got.get)
advice = "in a tie the token met first comes first"
bm.expect.equal(ranked, ["z", "y", "x", "w"], advice)
got = fit_vocabulary([list("好好好天天气")], size=4)
bm.expect.equal(got, {"好": 2, "天": 3}, "size counts 0 and 1 too")
got = fit_vocabulary([["x"], ["B"], ["b"], ["B", " "], [" ", " ", "B"]], size=5)
advice = "count in all documents, then rank, then cut; leave the tokens as they are"
bm.expect.equal(got, {"B": 2, " ": 3, "x": 4}, advice)
bm.expect.equal(fit_vocabulary([], size=4), {}, "no documents, no tokens")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# 0 is the padding's number: no token may have it → 0 是填充的编号：任何词元都不能用
# 1 means unknown: the first token gets 2 → 1 表示未知：第一个词元的编号是 2
# the most frequent token first → 最常见的词元排在最前
# in a tie the token met first comes first → 次数相同，先遇到的词元排在前面
# size counts 0 and 1 too → size 把 0 和 1 也算在内
# count in all documents, then rank, then cut; leave the tokens as they are
# → 先数遍所有文档，再排名，最后截断；词元保持原样
# no documents, no tokens → 没有文档，就没有词元

# %% [markdown] hint="fit_vocabulary"
# Count first, then sort by count, then number. Python's `Counter` counts.

# %% [markdown] lang="zh" of="e5626379"
# 先计数，再按次数排序，最后编号。Python 的 `Counter` 会计数。

# %% [markdown] hint="fit_vocabulary"
# `Counter.most_common(m)` gives the `m` most frequent, and keeps the order of first
# meeting in a tie. How many tokens fit when two of `size` numbers are taken?

# %% [markdown] lang="zh" of="fe5030da"
# `Counter.most_common(m)` 给出最常见的 `m` 个，次数相同时保持最初遇到的次序。
# `size` 个编号中有两个已被占用，还能容纳几个词元？


# %% mistake="fit_vocabulary" says="0 is the padding"
def fit_vocabulary(documents, size):
    counts = Counter(token for document in documents for token in document)
    return {t: i for i, (t, _) in enumerate(counts.most_common(size - 2))}


# %% mistake="fit_vocabulary" says="in a tie"
def fit_vocabulary(documents, size):
    counts = Counter(token for document in documents for token in document)
    ranked = sorted(counts, key=lambda token: (-counts[token], token))
    return {token: i for i, token in enumerate(ranked[: size - 2], start=2)}


# %% mistake="fit_vocabulary" says="size counts 0 and 1"
def fit_vocabulary(documents, size):
    counts = Counter(token for document in documents for token in document)
    return {t: i for i, (t, _) in enumerate(counts.most_common(size), start=2)}


# %% mistake="fit_vocabulary" says="then rank, then cut"
def fit_vocabulary(documents, size):
    counts = Counter(token for document in documents for token in document)
    kept = list(counts)[: size - 2]
    kept.sort(key=counts.get, reverse=True)
    return {token: i for i, token in enumerate(kept, start=2)}


# %% variant="fit_vocabulary"
def fit_vocabulary(documents, size):
    counts = {}
    for document in documents:
        for token in document:
            counts[token] = counts.get(token, 0) + 1
    ranked = sorted(counts, key=counts.get, reverse=True)[: size - 2]
    return dict(zip(ranked, range(2, size), strict=False))


# %% [markdown]
# With numbers for tokens, a headline becomes a list of numbers. An
# out-of-vocabulary token must leave a trace: number 1.

# %% [markdown] lang="zh" of="9e58231a"
# 词元有了编号，标题就成了一串数。遇到未登录词也要留下痕迹：编号 1。


# %% exercise="encode" points=1 minutes=4 level=1
def encode(documents: list[list[str]], vocabulary: dict[str, int]) -> list[list[int]]:
    """Turn every token into its number; a token without a number becomes 1."""
    ### BEGIN SOLUTION
    return [[vocabulary.get(token, 1) for token in tokens] for tokens in documents]
    ### END SOLUTION


# %% [raw] lang="zh"
# Turn every token into its number; a token without a number becomes 1.
# → 把每个词元换成编号；没有编号的词元记为 1。

# %% check="encode"
got = encode([["a", "b", "a"], ["b"]], {"a": 2, "b": 3})
bm.expect.equal(got, [[2, 3, 2], [3]], "one number a token, in the tokens' order")
got = encode([["a", "?"]], {"a": 2})
bm.expect.equal(len(got[0]), 2, "an unknown token must not vanish: it becomes 1")
bm.expect.equal(got, [[2, 1]], "unknown is 1; 0 is the padding")
### BEGIN HIDDEN TESTS
got = encode([list("新字"), [], list("字")], {"字": 7})
bm.expect.equal(got, [[1, 7], [], [7]], "one list a document, an empty one too")
got = encode([list("没有新字的字")], {"字": 7, "的": 300})
advice = "every token gets a number, each of several unknown ones too"
bm.expect.equal(got, [[1, 1, 1, 7, 300, 7]], advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one number a token, in the tokens' order → 每个词元一个编号，次序不变
# an unknown token must not vanish: it becomes 1 → 未知的词元不能消失：它记为 1
# unknown is 1; 0 is the padding → 未知是 1；0 是填充
# one list a document, an empty one too → 每个文档一个列表，空文档也不例外
# every token gets a number, each of several unknown ones too
# → 每个词元都有编号，几个未知的接连出现也要一一编号

# %% [markdown] hint="encode"
# A list in a list: the outer loop over documents, the inner one over tokens.

# %% [markdown] lang="zh" of="6f354559"
# 列表套列表：外层遍历文档，内层遍历词元。

# %% [markdown] hint="encode"
# `vocabulary.get(token, 1)` gives 1 where the token has no number.

# %% [markdown] lang="zh" of="f356740e"
# 词元没有编号时，`vocabulary.get(token, 1)` 给出 1。


# %% mistake="encode" says="must not vanish"
def encode(documents, vocabulary):
    return [[vocabulary[t] for t in tokens if t in vocabulary] for tokens in documents]


# %% mistake="encode" says="0 is the padding"
def encode(documents, vocabulary):
    return [[vocabulary.get(token, 0) for token in tokens] for tokens in documents]


# %% variant="encode"
def encode(documents, vocabulary):
    rows = []
    for tokens in documents:
        row = []
        for token in tokens:
            row.append(vocabulary[token] if token in vocabulary else 1)  # noqa: SIM401
        rows.append(row)
    return rows


# %% [markdown]
# Keras's tokenizer, told to cut into characters and to mark what is unknown, must give
# the same numbers as yours.

# %% [markdown] lang="zh" of="486c1592"
# 让 Keras 的分词器按字切分、标出未登录词，它给出的编号应与你的完全相同。

# %%
SIZE = 2000
vocabulary = fit_vocabulary([list(text) for text in news.train_texts], SIZE)
encoded = encode([list(text) for text in news.train_texts], vocabulary)
theirs = tf.keras.preprocessing.text.Tokenizer(
    num_words=SIZE, filters="", lower=False, char_level=True, oov_token="<unknown>"
)
theirs.fit_on_texts(news.train_texts)
bm.expect.equal(encoded, theirs.texts_to_sequences(news.train_texts))
print(news.train_texts[0], encoded[0])

# %% [markdown]
# ## Rows of one length
#
# A batch is a rectangle, so short rows are filled with 0. Keras fills **in front** and,
# when a row is too long, cuts off its **front** too: the end always stays at the end.

# %% [markdown] lang="zh" of="fe854b74"
# ## 补成一样长
#
# 一批数据是个矩形，短的行要用 0 补齐。Keras 补在**前面**；行太长时，
# 截掉的也是**前面**：
# 句尾总在行尾。


# %% exercise="pad" points=2 minutes=8 level=2
def pad(sequences: list[list[int]], length: int) -> np.ndarray:
    """Make a rectangle: zeros in front of short rows, long rows lose their front.

    Returns:
        One array of integers, of shape (len(sequences), length).
    """
    ### BEGIN SOLUTION
    rows = np.zeros((len(sequences), length), dtype=np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        kept = sequence[-length:]
        row[length - len(kept) :] = kept
    return rows
    ### END SOLUTION


# %% [raw] lang="zh"
# Make a rectangle: zeros in front of short rows, long rows lose their front.
# → 拼成矩形：短的行在前面补零，长的行截去前面。
# Returns:
#     One array of integers, of shape (len(sequences), length).
# → 返回：
#       一个形状为 (len(sequences), length) 的整数数组。

# %% check="pad"
got = pad([[5, 6], [7]], 4)
bm.expect.true(isinstance(got, np.ndarray), "return one NumPy array")
bm.expect.shape(got, (2, 4), "one row a sequence, `length` columns")
bm.expect.close(got, [[0, 0, 5, 6], [0, 0, 0, 7]], "the zeros go in front")
got = pad([[1, 2, 3, 4, 5]], 3)
bm.expect.close(got, [[3, 4, 5]], "a long row loses its front and keeps its end")
### BEGIN HIDDEN TESTS
got = pad([[], [4], [6, 7]], 2)
bm.expect.close(got, [[0, 0], [0, 4], [6, 7]], "a row may be empty, or just fit")
bm.expect.true(np.asarray(got).dtype.kind in "iu", "the numbers must stay integers")
got = pad([[70_000, 3], [1, 300, 2]], 2)
advice = "large numbers too: 16 bits are too few"
bm.expect.close(got, [[70_000, 3], [300, 2]], advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one row a sequence, `length` columns → 每个序列一行，共 `length` 列
# return one NumPy array → 请返回一个 NumPy 数组
# the zeros go in front → 零补在前面
# a long row loses its front and keeps its end → 太长的行截去前面，保留末尾
# a row may be empty, or just fit → 行可能是空的，也可能刚好放满
# the numbers must stay integers → 编号必须仍是整数
# large numbers too: 16 bits are too few → 大的编号也要放得下：16 位不够

# %% [markdown] hint="pad"
# Start from an array of zeros and write each row's numbers at its right-hand end.

# %% [markdown] lang="zh" of="b7972141"
# 从全零数组开始，把每行的编号写在最右端。

# %% [markdown] hint="pad"
# `sequence[-length:]` keeps the last `length` numbers. Beware of `row[-m:] = ...` with
# `m = 0`: it means the whole row. `row[length - m:]` does not fall into that trap.

# %% [markdown] lang="zh" of="cca2d461"
# `sequence[-length:]` 保留最后 `length` 个。小心 `row[-m:] = ...`：当 `m = 0` 时，
# 它指的是整行。写成 `row[length - m:]` 就不会掉进这个坑。


# %% mistake="pad" says="zeros go in front"
def pad(sequences, length):
    rows = np.zeros((len(sequences), length), dtype=np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        kept = sequence[-length:]
        row[: len(kept)] = kept
    return rows


# %% mistake="pad" says="loses its front"
def pad(sequences, length):
    rows = np.zeros((len(sequences), length), dtype=np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        kept = sequence[:length]
        row[length - len(kept) :] = kept
    return rows


# %% mistake="pad" says="broadcast"
def pad(sequences, length):
    rows = np.zeros((len(sequences), length), dtype=np.int64)
    for i, sequence in enumerate(sequences):
        kept = sequence[-length:]
        rows[i, -len(kept) :] = kept  # -0 is 0: the whole row
    return rows


# %% variant="pad"
def pad(sequences, length):
    rows = [([0] * length + list(sequence))[-length:] for sequence in sequences]
    return np.array(rows, dtype=int)


# %% variant="pad"
def pad(sequences, length):
    rows = [([0] * length + list(sequence))[-length:] for sequence in sequences]
    return np.array(rows, dtype=np.int32)  # as Keras does


# %%
longest = max(map(len, news.train_texts))
length = max(longest, 29)  # the pooling must leave 5 places for the second convolution
while length in blind_lengths([length], 5, 5):
    length += 1  # until the pooling drops nothing
x_train = pad(encoded, length)
keras_pad = tf.keras.preprocessing.sequence.pad_sequences
bm.expect.close(x_train, keras_pad(encoded, maxlen=length))
bm.expect.close(pad(encoded, 6), keras_pad(encoded, maxlen=6))
print(f"training headlines, places: {x_train.shape}")

# %% [raw] lang="zh"
# the pooling must leave 5 places for the second convolution
# → 池化之后至少要给第二个卷积留下 5 个位置
# until the pooling drops nothing → 直到池化什么都不丢
# training headlines, places: {x_train.shape} → 训练标题数、位置数：{x_train.shape}

# %% [markdown]
# Your rows are those of Keras, also where rows are cut. The length comes from the
# training headlines alone: of longer ones only the end is read. Before and after, as
# the network gets them:

# %% [markdown] lang="zh" of="2d81e962"
# 你的结果与 Keras 相同，截断时也相同。长度只由训练标题决定，更长的标题只读末尾。
# 网络收到的输入，改前与改后：

# %% fold
fig, axes = plt.subplots(2, 1, figsize=(7.5, 3.4), height_ratios=[1, 3])
axes[0].imshow(toy_rows(100) > 0, cmap="Greys", aspect="auto", interpolation="nearest")
axes[1].imshow(np.log1p(x_train[:16]), cmap="Greys", aspect="auto")
axes[0].set_yticks([0, 3])
axes[0].set_title("before: one token after 99 pads")
axes[1].set_title("after: characters (darker: rarer; white: pad)")
axes[1].set_xlabel("place")
for ax in axes:
    ax.set_ylabel("row")
    ax.grid(False)
fig.tight_layout()
bm.show.figure(
    fig,
    alt="Two pictures of padded rows. Before: four rows, white all over but for one "
    "dark cell at the right edge. After: sixteen rows filled with characters' numbers, "
    "with white pads on the left only.",
)

# %% [raw] lang="zh"
# before: one token after 99 pads → 改前：99 个填充之后一个词元
# after: characters (darker: rarer; white: pad)
# → 改后：按字编号（越深越少见；白色是填充）
# place → 位置
# row → 行
# Two pictures of padded rows. Before: four rows, white all over but for one dark cell
# at the right edge. After: sixteen rows filled with characters' numbers, with white
# pads on the left only.
# → 两幅补齐后的输入。改前：四行几乎全白，只有右边缘一格是深色。
#   改后：十六行布满字的编号，只有左边是白色的填充。

# %% [markdown]
# ## Hold out fairly
#
# Hold out the same share of every class, drawn at random. Then no class can vanish, and
# the order of the file does not matter.

# %% [markdown] lang="zh" of="d0d03df9"
# ## 公平地留出
#
# 每一类都随机留出同样的比例。这样哪一类都不会消失，文件里的次序也不起作用。


# %% exercise="stratified_split" points=3 minutes=10 level=3
def stratified_split(
    labels: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a random share of every class.

    Args:
        labels: (n,), each example's class.
        share: of each class, ``round(share * its count)`` examples are held out.
        rng: the source of all randomness.

    Returns:
        Indices to train on and indices held out; together each index once.
    """
    ### BEGIN SOLUTION
    train, held = [], []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cut = round(share * len(members))
        held.append(members[:cut])
        train.append(members[cut:])
    return np.concatenate(train), np.concatenate(held)
    ### END SOLUTION


# %% [raw] lang="zh"
# Hold out a random share of every class. → 从每一类中随机留出一定比例。
# Args:
#     labels: (n,), each example's class.
#     share: of each class, ``round(share * its count)`` examples are held out.
#     rng: the source of all randomness.
# → 参数：
#       labels：(n,)，每个样本的类别。
#       share：每一类留出 ``round(share * 该类样本数)`` 个样本。
#       rng：一切随机性都来自它。
# Returns:
#     Indices to train on and indices held out; together each index once.
# → 返回：
#       训练用的下标与留出的下标；合起来每个下标恰好出现一次。

# %% check="stratified_split"
labels = np.array([0] * 10 + [1] * 20 + [2] * 30)
train, held = stratified_split(labels, 0.2, np.random.default_rng(1))
together = sorted([*train, *held])
bm.expect.equal(together, list(range(60)), "every index once, in one of the parts")
counts = np.bincount(labels[held], minlength=3)
bm.expect.close(counts, [2, 4, 6], "hold out the share of every class, not of all")
### BEGIN HIDDEN TESTS
draws = [
    sorted(map(int, stratified_split(labels, 0.5, np.random.default_rng(s))[1]))
    for s in (0, 1, 2, 0)
]
advice = "draw at random: the same examples were always held out"
bm.expect.true(draws[0] != draws[1] or draws[0] != draws[2], advice)
advice = "all randomness comes from rng: with the same state, the same split"
bm.expect.equal(draws[0], draws[3], advice)
advice = "draw each example on its own, not a block of neighbours"
bm.expect.true(np.count_nonzero(np.diff(draws[0]) > 1) > 6, advice)
rng = np.random.default_rng(3)
draws = [sorted(map(int, stratified_split(labels, 0.5, rng)[1])) for _ in range(3)]
advice = "draw from rng itself: its next call gives something else"
bm.expect.true(draws[0] != draws[1] or draws[0] != draws[2], advice)
many = np.arange(70_000) % 2
together = np.sort(np.concatenate(stratified_split(many, 0.5, rng)))
advice = "many examples too: every index once"
bm.expect.true(np.array_equal(together, np.arange(70_000)), advice)
odd = np.array([5] * 5 + [7] * 7 + [8] * 8)
_, held = stratified_split(odd, 0.3, np.random.default_rng(2))
counts = [int((odd[held] == label).sum()) for label in (5, 7, 8)]
advice = "of 5, 7 and 8 examples a share of 0.3 is 2, 2 and 2, rounded"
bm.expect.equal(counts, [2, 2, 2], advice)
_, held = stratified_split(odd, 0.2, np.random.default_rng(2))
counts = [int((odd[held] == label).sum()) for label in (5, 7, 8)]
advice = "of 5, 7 and 8 examples a share of 0.2 is 1, 1 and 2, rounded"
bm.expect.equal(counts, [1, 1, 2], advice)
few = np.array([4, 4, 6, 6, 6])
_, held = stratified_split(few, 0.2, np.random.default_rng(2))
advice = "of 2 and 3 examples a share of 0.2 is 0 and 1, rounded"
bm.expect.equal(few[held].tolist(), [6], advice)
mixed = np.array([3, 1, 3, 1, 3, 1, 3, 1])
train, held = stratified_split(mixed, 0.25, np.random.default_rng(0))
bm.expect.equal(
    sorted(mixed[held].tolist()), [1, 3], "classes may be mixed and be any numbers"
)
bm.expect.equal(sorted([*train, *held]), list(range(8)), "return indices, not labels")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# every index once, in one of the parts → 每个下标恰好在两部分之一中出现一次
# hold out the share of every class, not of all → 从每一类中留出该比例，而不是从整体中
# draw at random: the same examples were always held out
# → 要随机抽取：每次留出的都是同样的样本
# all randomness comes from rng: with the same state, the same split
# → 一切随机性都来自 rng：状态相同，划分就相同
# draw each example on its own, not a block of neighbours
# → 要一个一个地抽样本，而不是抽相邻的一整段
# draw from rng itself: its next call gives something else
# → 要从 rng 本身抽取：再调用一次，结果应不同
# many examples too: every index once → 样本很多时也一样：每个下标恰好一次
# of 5, 7 and 8 examples a share of 0.3 is 2, 2 and 2, rounded
# → 5、7、8 个样本的 0.3 倍，四舍五入后是 2、2、2
# of 5, 7 and 8 examples a share of 0.2 is 1, 1 and 2, rounded
# → 5、7、8 个样本的 0.2 倍，四舍五入后是 1、1、2
# of 2 and 3 examples a share of 0.2 is 0 and 1, rounded
# → 2、3 个样本的 0.2 倍，四舍五入后是 0、1
# classes may be mixed and be any numbers → 各类可以混排，类别可以是任意整数
# return indices, not labels → 返回的是下标，不是标签

# %% [markdown] hint="stratified_split"
# Do it class by class: find the class's indices, shuffle them, cut.

# %% [markdown] lang="zh" of="7176ea34"
# 一类一类地做：找出该类的下标，打乱，切开。

# %% [markdown] hint="stratified_split"
# `np.flatnonzero(labels == label)` gives the indices, `rng.permutation(...)` shuffles
# them, `np.concatenate` joins the parts at the end.

# %% [markdown] lang="zh" of="a3313d6d"
# `np.flatnonzero(labels == label)` 给出下标，`rng.permutation(...)` 打乱，
# 最后用 `np.concatenate` 把各部分接起来。


# %% mistake="stratified_split" says="of every class"
def stratified_split(labels, share, rng):
    cut = int(len(labels) * (1 - share))  # as Keras's validation_split
    everything = np.arange(len(labels))
    return everything[:cut], everything[cut:]


# %% mistake="stratified_split" says="at random"
def stratified_split(labels, share, rng):
    train, held = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        cut = round(share * len(members))
        held.append(members[:cut])
        train.append(members[cut:])
    return np.concatenate(train), np.concatenate(held)


# %% mistake="stratified_split" says="numbers of its own"
def stratified_split(labels, share, rng):
    train, held = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        np.random.default_rng().shuffle(members)
        cut = round(share * len(members))
        held.append(members[:cut])
        train.append(members[cut:])
    return np.concatenate(train), np.concatenate(held)


# %% mistake="stratified_split" says="rounded"
def stratified_split(labels, share, rng):
    train, held = [], []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cut = int(share * len(members))
        held.append(members[:cut])
        train.append(members[cut:])
    return np.concatenate(train), np.concatenate(held)


# %% mistake="stratified_split" says="block of neighbours"
def stratified_split(labels, share, rng):
    train, held = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = np.roll(members, rng.integers(len(members)))
        cut = round(share * len(members))
        held.append(members[:cut])
        train.append(members[cut:])
    return np.concatenate(train), np.concatenate(held)


# %% variant="stratified_split"
def stratified_split(labels, share, rng):
    train, held = [], []
    for label in sorted(set(labels.tolist())):
        members = [i for i, y in enumerate(labels) if y == label]
        rng.shuffle(members)
        cut = round(share * len(members))
        held += members[:cut]
        train += members[cut:]
    return train, held


# %% variant="stratified_split"
def stratified_split(labels, share, rng):
    is_held = np.zeros(len(labels), dtype=bool)
    for label in set(labels.tolist()):
        members = [i for i, y in enumerate(labels) if y == label]
        count = round(share * len(members))
        is_held[rng.choice(members, size=count, replace=False)] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


# %% [markdown]
# ## It works
#
# The document's network, its seven layers as they are but for the table, which has
# 2,000 rows in place of 1,000. It reads characters of real headlines where they are at
# hand. The headlines held out decide nothing here: they only show how the network does
# on what it has not seen, epoch by epoch.

# %% [markdown] lang="zh" of="5c22ab7c"
# ## 它奏效了
#
# 文中的网络，七层照旧，只有嵌入表从 1,000 行改为 2,000 行。输入是新闻标题的字
# （有真实数据就用真实的）。留出的标题在这里不决定任何事，
# 只是逐轮显示网络在没见过的标题上表现如何。

# %%
y_train = news.train_labels
fit, held = stratified_split(y_train, 0.2, np.random.default_rng(seed))
tf.keras.utils.set_random_seed(seed)
model = document_network(SIZE)
untrained = tf.keras.models.clone_model(model)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train[fit],
    y_train[fit],
    epochs=10,
    validation_data=(x_train[held], y_train[held]),
    verbose=0,
).history

# %% fold
fig, ax = plt.subplots()
epochs = range(1, len(history["accuracy"]) + 1)
ax.plot(epochs, history["accuracy"], marker="o", label="trained on")
ax.plot(epochs, history["val_accuracy"], marker="s", label="held out")
ax.axhline(0.25, color="grey", linestyle=":", label="chance")
ax.set_xlabel("epoch")
ax.set_ylabel("accuracy")
ax.legend()
bm.show.figure(
    fig,
    alt="Accuracy against epochs: both curves rise from chance; the one of headlines "
    "trained on ends near 1, the one of headlines held out ends below it.",
)

# %% [raw] lang="zh"
# trained on → 训练用的
# held out → 留出的
# chance → 瞎猜
# epoch → 轮
# accuracy #3 → 准确率
# Accuracy against epochs: both curves rise from chance; the one of headlines trained on
# ends near 1, the one of headlines held out ends below it.
# → 准确率随轮数的变化：两条曲线都从瞎猜的水平升起；
#   训练用标题的曲线最后接近 1，留出标题的曲线低于它。

# %% [markdown]
# Before we trust it, we compute it: the whole network in NumPy, with the trained
# weights. [Convolution](lesson:convolution) explains the sliding windows.

# %% [markdown] lang="zh" of="d0f92072"
# 先别急着相信，亲手算一遍：用 NumPy 配上训练好的权重，算出整个网络。
# 滑动的窗口见[卷积](lesson:convolution)一课。


# %%
def conv1d(x, W, b):
    """Filters W (k, channels, filters) slid over x (batch, n, channels)."""
    windows = x.shape[1] - len(W) + 1
    return b + sum(x[:, j : j + windows] @ W[j] for j in range(len(W)))


def by_hand(rows):
    """The document's network in NumPy: (batch, n) numbers -> (batch, 4)."""
    E, W1, b1, W2, b2, W3, b3, W4, b4 = model.get_weights()
    h = np.maximum(conv1d(E[rows], W1, b1), 0)  # (batch, n - 4, 128)
    groups = h.shape[1] // 5
    h = h[:, : 5 * groups].reshape(len(h), groups, 5, -1).max(axis=2)
    h = np.maximum(conv1d(h, W2, b2), 0)  # (batch, groups - 4, 128)
    h = h.max(axis=1)  # global max-pooling: (batch, 128)
    h = np.maximum(h @ W3 + b3, 0)
    z = np.exp(h @ W4 + b4)
    return z / z.sum(axis=1, keepdims=True)


library = model.predict(x_train[:64], verbose=0)
bm.expect.close(by_hand(x_train[:64]), library, atol=1e-4)
gap = np.abs(by_hand(x_train[:64]) - library).max()
print(f"largest difference from Keras: {gap:.1e}")

# %% [raw] lang="zh"
# Filters W (k, channels, filters) slid over x (batch, n, channels).
# → 让滤波器 W (k, channels, filters) 滑过 x (batch, n, channels)。
# largest difference from Keras: {gap:.1e} → 与 Keras 的最大差异：{gap:.1e}
# The document's network in NumPy: (batch, n) numbers -> (batch, 4).
# → 用 NumPy 写出文中的网络：(batch, n) 个编号 -> (batch, 4)。
# global max-pooling: (batch, 128) → 全局最大池化：(batch, 128)

# %% [markdown]
# Now the test, on headlines that took no part in any choice so far. The document's way
# of testing (on sentences trained on) stands beside it, and so does a baseline that is
# fitted in a second: logistic regression on characters and pairs of characters.

# %% [markdown] lang="zh" of="1944f6fe"
# 现在来测试，用的标题至今没有参与过任何选择。旁边并排放上文中的做法（用训练过的句子来
# 测），再放一个一秒就能拟合的基线：基于单字和双字的逻辑回归。

# %%
# The only cell that reads the test set.
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def regression(**cut):
    """Accuracy on the test set of a logistic regression on tokens cut this way."""
    line = make_pipeline(TfidfVectorizer(**cut), LogisticRegression(C=10, max_iter=999))
    line.fit([news.train_texts[i] for i in fit], y_train[fit])
    return line.score(news.test_texts, y_test)


y_test = news.test_labels
x_test = pad(encode([list(text) for text in news.test_texts], vocabulary), length)
y_hat, y_start = (m.predict(x_test, verbose=0).argmax(1) for m in (model, untrained))
unseen, before = ((y == y_test).mean().item() for y in (y_hat, y_start))
linear = regression(analyzer="char", ngram_range=(1, 2))
whole = regression(token_pattern=r"[^ ]+")  # whole sentences, as in the document
seen = (model.predict(x_train[fit], verbose=0).argmax(1) == y_train[fit]).mean().item()
start = untrained.predict(x_train[fit], verbose=0).argmax(1)
seen_before = (start == y_train[fit]).mean().item()
noise = np.sqrt(0.25 * 0.75 / len(y_test)).item()  # standard deviation of guessing
print(f"accuracy: trained on {seen:.3f}, test set {unseen:.3f}, baseline {linear:.3f}")

# %% [raw] lang="zh"
# The only cell that reads the test set. → 只有这个单元格读取测试集。
# Accuracy on the test set of a logistic regression on tokens cut this way.
# → 以这种切法的词元作逻辑回归，在测试集上的准确率。
# whole sentences, as in the document → 整句，与文中相同
# standard deviation of guessing → 瞎猜时准确率的标准差
# accuracy: trained on {seen:.3f}, test set {unseen:.3f}, baseline {linear:.3f}
# → 准确率：训练过的 {seen:.3f}，测试集 {unseen:.3f}，基线 {linear:.3f}

# %% fold
confusion, at_start = np.zeros((2, 4, 4), dtype=int)
np.add.at(confusion, (y_test, y_hat), 1)
np.add.at(at_start, (y_test, y_start), 1)
fig, ax = plt.subplots(figsize=(4.6, 4))
ax.imshow(confusion, cmap="Greys")
for (true, guess), count in np.ndenumerate(confusion):
    ink = "white" if count > confusion.max() / 2 else "black"
    ax.text(guess, true, count, ha="center", va="center", color=ink)
ax.set_xticks(range(4), class_names, rotation=30)
ax.set_yticks(range(4), class_names)
ax.set_xlabel("predicted")
ax.set_ylabel("true")
ax.grid(False)
bm.show.figure(
    fig,
    alt="Confusion matrix of the four classes on the test headlines: the diagonal "
    "holds most headlines of every class.",
)

# %% [raw] lang="zh"
# predicted → 预测
# true → 真实
# Confusion matrix of the four classes on the test headlines: the diagonal holds most
# headlines of every class.
# → 四个类别在测试标题上的混淆矩阵：每一类的大多数标题都落在对角线上。

# %% [markdown]
# Try it: write a headline of your own. The first below is a coach who is sure of the
# title, the second a central bank that cuts its rate. Then come the document's four
# sentences. They are no headlines, and a model of headlines need not know them, however
# sure it seems.

# %% [markdown] lang="zh" of="b078b7f1"
# 试一试：写一条你自己的标题。最后四句出自原文，它们不是标题：只学过标题的模型不一定认
# 得，哪怕它给出的概率很高。

# %%
for text in ["国家队主帅：我们有信心夺冠", "央行宣布下调利率", *names["texts"]]:
    answer = by_hand(pad(encode([list(text)], vocabulary), length))[0]
    print(text, *(f"{k} {v:.2f}" for k, v in zip(class_names, answer, strict=True)))

# %% [markdown]
# ## What we learned

# %% [markdown] lang="zh" of="de28bc05"
# ## 我们学到了什么

# %%
recognised = confusion.diagonal() / confusion.sum(axis=1)
bm.claim(
    "The document's layers, with another table, sort unseen headlines far better than "
    "chance",
    lambda right, noise: right > 0.25 + 4 * noise,
    {"right": unseen, "noise": noise},
    control={"right": before, "noise": noise},
    against="before training",
)
bm.claim(
    "On headlines trained on the accuracy is higher than on the test set",
    lambda trained_on, test: trained_on > test + 0.02,
    {"trained_on": seen, "test": unseen},
    control={"trained_on": seen_before, "test": before},
    against="before training",
)
bm.claim(
    "Each of the four classes is recognised more often than by chance",
    lambda right: min(right) > 0.4,
    {"right": recognised},
    control={"right": at_start.diagonal() / at_start.sum(axis=1)},
    against="before training",
)
if news.real:  # the stand-in has too few test headlines to tell the two apart
    bm.claim(
        "A linear baseline on characters and their pairs does better still",
        lambda linear, network: linear > network,
        {"linear": linear, "network": unseen},
        control={"linear": whole, "network": unseen},
        against="the same regression on whole sentences",
    )

# %% [raw] lang="zh"
# The document's layers, with another table, sort unseen headlines far better than
# chance
# → 文中的各层，换一张嵌入表，就能给没见过的标题分类，远胜瞎猜
# before training → 训练之前
# On headlines trained on the accuracy is higher than on the test set
# → 在训练过的标题上，准确率高于测试集
# Each of the four classes is recognised more often than by chance
# → 四个类别的识别率都高于瞎猜
# the stand-in has too few test headlines to tell the two apart
# → 替代数据的测试标题太少，分不出两者高下
# A linear baseline on characters and their pairs does better still
# → 基于单字和双字的线性基线还要更好
# the same regression on whole sentences → 同样的回归，以整句为词元

# %% [markdown]
# The layers on the page were sound. What went wrong lay around them: how text became
# tokens, a pooling that dropped a remainder, which example was held out, ten steps of
# training, and an output that did not come from a run. So:
#
# 1. **Run it.**
# 2. **Look at what the model gets**, not at what you meant to give it.
# 3. **Change one thing at a time.**
# 4. **Test on what it has not seen**, beside chance and a simple baseline.
#
# ## What models use today
#
# Tokenizers of language models cut text neither at spaces alone nor into characters
# alone. Many begin with the 256 bytes, of which every text consists, and join frequent
# neighbours into longer tokens (byte-pair encoding). Then nothing is out-of-vocabulary.
# Most Chinese characters are three bytes in UTF-8:

# %% [markdown] lang="zh" of="c4fa6f73"
# 书上的那几层没有问题。问题都出在它们周围：文本怎样变成词元，池化丢掉了余数，
# 留出去的是哪个样本，训练只有十步，还有那行输出并非来自运行。所以：
#
# 1. **跑一遍。**
# 2. **看看模型实际收到了什么**，而不是你以为给了它什么。
# 3. **一次只改一处。**
# 4. **用它没见过的数据来测试**，并与瞎猜和简单的基线放在一起比。
#
# ## 今天的模型用什么
#
# 语言模型的分词器既不只按空格切，也不只按字切。任何文本都由字节组成；许多分词器从 256
# 个字节出发，把经常相邻的合并成更长的词元（字节对编码，BPE）。这样就没有未登录词。
# 汉字在 UTF-8 中大多是三个字节：

# %%
rare = "龘"  # a character that hardly any text has
numbers = list(rare.encode("utf-8"))
print(f"by characters: {encode([[rare]], vocabulary)[0]}; in bytes: {numbers}")
bm.expect.equal(bytes(numbers).decode("utf-8"), rare, "nothing is lost")

# %% [raw] lang="zh"
# a character that hardly any text has → 几乎哪里都见不到的字
# by characters: {encode([[rare]], vocabulary)[0]}; in bytes: {numbers}
# → 按字：{encode([[rare]], vocabulary)[0]}；按字节：{numbers}
# nothing is lost → 什么也没有丢失

# %% [markdown]
# ## Where next
#
# [A thousand headlines](lesson:news-classification) makes a better classifier of the
# same headlines, and [Reading a text critically](lesson:reading-critically) asks the
# questions of this lesson of a whole document.
#
# ## Further reading
#
# - Y. Kim (2014), *Convolutional Neural Networks for Sentence Classification*, EMNLP:
#   the idea behind this network.
# - R. Sennrich, B. Haddow and A. Birch (2016), *Neural Machine Translation of Rare
#   Words with Subword Units*, ACL: byte-pair encoding for text.

# %% [markdown] lang="zh" of="c84ba050"
# ## 下一步
#
# [千篇新闻](lesson:news-classification)用同样的标题做出更好的分类器；
# [批判性阅读](lesson:reading-critically)拿本课的问题去问整篇文档。
#
# ## 延伸阅读
#
# - Y. Kim (2014), *Convolutional Neural Networks for Sentence Classification*, EMNLP：
#   这个网络背后的思想。
# - R. Sennrich, B. Haddow, A. Birch (2016), *Neural Machine Translation of Rare Words
#   with Subword Units*, ACL：用于文本的字节对编码。
