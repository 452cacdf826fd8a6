# ---
# slug: published-example
# title: {en: "The published example, run", zh: 范例重现}
# section: "5"
# minutes: 80
# needs: []
# data: [news]
# extras: [tensorflow]
# says:
#   en: A printed program is run, taken apart by experiment, and made to work.
#   zh: 把书上的程序运行一遍，用实验拆开看个究竟，再让它真正奏效。
# ---

# %% [markdown]
# A text shows a program of thirty lines, and under it what the program prints: `[2 3]`.
# It reads well, so one nods and turns the page. Today we do not turn the page: we **run
# it**, and believe only what ran. The habit costs a minute, and it taught us more about
# text classification than the page did. The program's own idea turns out to be good.
#
# ```mermaid
# flowchart LR
#   A[headline] --> B[tokens] --> C[numbers] --> D[padded rows]
#   D --> E[embedding] --> F[convolution] --> G[pooling] --> H[class]
# ```

# %% [markdown] lang="zh" of="728864a5"
# 文中给出一段三十来行的程序，下面写着它的输出：`[2 3]`。读来顺理成章，
# 点点头就翻过去了。
# 今天我们先不翻页，而是**把它跑一遍**，只相信真正跑出来的东西。这个习惯花不了一分钟，
# 却比那一页更能让人弄懂文本分类。最后你会看到：这段程序的思路本身是好的。
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


names, printed, error = execute(PROGRAM)
print(f"{type(error).__name__}: {error}")

# %% [raw] lang="zh"
# Run a program; return its names, the last line it printed, and its error.
# → 运行一段程序；返回其中的变量、最后打印的一行，以及出现的错误。

# %% [markdown]
# It stops before the first step of training: `validation_split` cuts arrays, and
# `labels` is a list. Nobody did anything silly here: libraries move on, and a page
# cannot.

# %% [markdown] lang="zh" of="8bc95517"
# 训练还没迈出第一步，它就停了：`validation_split` 只会切数组，而 `labels` 是列表。
# 这谈不上犯傻：程序库一直在变，印好的书页却不会变。

# %%
bm.claim(
    "As printed, the program stops with a ValueError and prints no prediction",
    isinstance(error, ValueError) and "predictions" not in names,
    error=type(error).__name__,
)

# %% [raw] lang="zh"
# As printed, the program stops with a ValueError and prints no prediction
# → 照原文运行，程序因 ValueError 中止，没有打印任何预测

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

# %% [raw] lang="zh"
# import numpy as np\n → =
# seed {seed + run}: {printed} → 种子 {seed + run}：{printed}

# %% [markdown]
# It runs, and prints something else. Both numbers are always equal, which is odd: two
# different sentences went in. So let us look at all four sentences, and at the
# probabilities instead of the winner.

# %% [markdown] lang="zh" of="13956304"
# 能跑了，打印的却是别的。而且两个数总是相同，这就怪了：输入的明明是两个不同的句子。
# 那就把四个句子都看一看，不只看谁胜出，还要看概率。

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

# %%
spread = max(float(np.ptp(p, axis=0).max()) for _, p in runs)
bm.claim(
    "Repaired, it never prints [2 3]: all four sentences get exactly the same answer",
    all(line != "[2 3]" for line, _ in runs) and spread == 0.0,
    printed=", ".join(line for line, _ in runs),
    largest_difference=spread,
)

# %% [raw] lang="zh"
# Repaired, it never prints [2 3]: all four sentences get exactly the same answer
# → 修补后从不打印 [2 3]：四个句子得到的答案一模一样

# %% [markdown]
# Flat lines, to the last digit. Two riddles: **why can the network not tell the
# sentences apart**, and **why is class 3 the one it believes in least**? We take the
# pipeline apart from its beginning.
#
# ## What the network gets to see

# %% [markdown] lang="zh" of="f2bb94bb"
# 线是平的，连最后一位小数都不差。于是有两个谜：**网络为什么分不清这几个句子？**
# **它为什么偏偏最不相信类别 3？** 我们从流水线的开头一步步拆。
#
# ## 网络究竟看到了什么

# %%
tokenizer = names["tokenizer"]
print(tokenizer.word_index)
print(tokenizer.texts_to_sequences(names["texts"]))
print(tokenizer.texts_to_sequences(["今晚的体育新闻"]))

# %% [markdown]
# Keras's `Tokenizer` splits at spaces, and Chinese has none: each whole sentence became
# **one** token. A headline that is new by a single character is encoded as *nothing*.
#
# So a row is one number after 99 zeros. A convolution slides a window of $k=5$ over the
# $n=100$ places and makes $n-k+1=96$ values; `MaxPooling1D(5)` then keeps the largest
# of every $p=5$ of them. How many of the 96 does it look at?
#
# $$n_\text{kept} = p \left\lfloor \frac{n - k + 1}{p} \right\rfloor \label{kept}$$

# %% [markdown] lang="zh" of="4d26ee88"
# Keras 的 `Tokenizer` 按空格切分，而中文没有空格：每个整句都成了**一个**词元。
# 新标题哪怕只差一个字，编码出来也是*空的*。
#
# 所以每一行是 99 个零后面跟一个数。卷积用宽 $k=5$ 的窗口滑过 $n=100$ 个位置，得到
# $n-k+1=96$ 个值；`MaxPooling1D(5)` 再从每 $p=5$ 个值里留下最大的。这 96 个值，
# 它看了几个？
#
# $$n_\text{kept} = p \left\lfloor \frac{n - k + 1}{p} \right\rfloor \label{kept}$$

# %% equation="kept" of="eb5137f1"
n, k, p = 100, 5, 5
pooled = tf.keras.layers.MaxPooling1D(p)(tf.zeros((1, n - k + 1, 1)))
bm.equation("kept", p * pooled.shape[1], p * ((n - k + 1) // p))

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
# Our one-token sentence falls through the gap. If that is the reason, it must hold for
# **any** weights, trained or not, and one place fewer, 99, must cure it. Let us ask
# untrained networks.

# %% [markdown] lang="zh" of="51de0aad"
# 我们的单词元句子正好从缝里漏了下去。如果原因真是这个，那么**任何**权重都应如此，
# 训练与否都一样；而少一个位置，改成 99，就该好了。问问没训练过的网络。


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
at_100 = [untrained_spread(100) for _ in range(5)]
at_99 = [untrained_spread(99) for _ in range(5)]
bm.claim(
    "Whatever its weights, the network cannot see the sentence at maxlen=100, "
    "and sees it at 99",
    max(at_100) == 0.0 and min(at_99) > 0.0,
    largest_at_100=max(at_100),
    smallest_at_99=min(at_99),
)

# %% [raw] lang="zh"
# Whatever its weights, the network cannot see the sentence at maxlen=100, and sees it
# at 99
# → 无论权重如何，maxlen=100 时网络看不见句子，99 时看得见

# %% [markdown]
# First riddle solved: this program could not have printed `[2 3]` with any weights.
#
# ## Who is held out?
#
# Now the second. `validation_split=0.2` takes the **last** fifth, before any shuffling.
# Of four sentences that is the last one, the only sentence of class 3.

# %% [markdown] lang="zh" of="4aa80a0b"
# 第一个谜解开了：无论权重如何，这段程序都不可能打印出 `[2 3]`。
#
# ## 留出去的是谁？
#
# 再看第二个。`validation_split=0.2` 在打乱之前就取走**最后**五分之一。四句话里，
# 那就是最后一句，也是类别 3 唯一的一句。

# %%
cut = int(len(names["labels"]) * (1 - 0.2))
print("trained:", names["labels"][:cut], "  held out:", names["labels"][cut:])

# %% [raw] lang="zh"
# trained: → 训练：
# held out: → 留出：

# %% [markdown]
# Two suspects, so four experiments: with and without each. We also allow 30 epochs,
# since ten epochs of one batch are ten steps, and we want no third excuse.

# %% [markdown] lang="zh" of="b421cbe5"
# 两个嫌疑，就做四个实验：各自有与没有。轮数放宽到 30：每轮只有一批，十轮不过十步，
# 别让它成了第三个借口。


# %%
def toy(maxlen, held_out, run):
    """Train on the toy sentences; return the class predicted for each."""
    tf.keras.utils.set_random_seed(run)
    model = document_network(1000)
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = toy_rows(maxlen), np.arange(4)
    cut = int(4 * (1 - held_out))  # as validation_split does it
    model.fit(x[:cut], y[:cut], epochs=30, verbose=0)
    return model(x).numpy().argmax(axis=1)


tries = range(seed, seed + lab.pick(ci=1, workshop=2, full=5))
grid = {
    (maxlen, held_out): np.array([toy(maxlen, held_out, run) for run in tries])
    for maxlen in (100, 99)
    for held_out in (0.2, 0.0)
}
for (maxlen, held_out), predicted in grid.items():
    print(f"maxlen={maxlen:3d}  held out {held_out}: {predicted.tolist()}")

# %% [raw] lang="zh"
# Train on the toy sentences; return the class predicted for each.
# → 用玩具句子训练；返回每句的预测类别。
# as validation_split does it → 与 validation_split 的取法相同
# maxlen={maxlen:3d} held out {held_out}: {predicted.tolist()}
# → maxlen={maxlen:3d}  留出 {held_out}：{predicted.tolist()}

# %%
right = {key: (predicted == np.arange(4)).all() for key, predicted in grid.items()}
bm.claim(
    "Either cause alone spoils it; with both removed all four sentences come out right",
    right == {(100, 0.2): False, (100, 0.0): False, (99, 0.2): False, (99, 0.0): True},
    right_without_both=bool(right[99, 0.0]),
)
bm.claim(
    "A class that is wholly held out is never predicted",
    (grid[99, 0.2] != 3).all() and (grid[100, 0.2] != 3).all(),
    predicted=grid[99, 0.2].ravel(),
)

# %% [raw] lang="zh"
# Either cause alone spoils it; with both removed all four sentences come out right
# → 两个原因各自都足以坏事；两个都去掉，四句全对
# A class that is wholly held out is never predicted → 整类都被留出，就永远不会被预测到

# %% [markdown]
# Now it gives the answer on the page. Is it a classifier? It has learned four
# sentences by heart, and was examined on two of them. For any other headline the row
# is all zeros.
# To do better we need what the document itself asks for: *more data*, and words.
#
# ## Put right, step by step: tokens
#
# Chinese can be cut into words (with a dictionary, jieba) or simply into characters.
# Which one meets fewer strangers in headlines it has not seen?

# %% [markdown] lang="zh" of="f19f5ede"
# 现在它给出了书上的答案。可这算分类器吗？它只是背下了四句话，又拿其中两句来考自己；
# 换成别的标题，输入就全是零。要更进一步，正需要原文自己说的：*更大规模的数据*，
# 还要会分词。
#
# ## 一步步改好：词元
#
# 中文可以（用词典，如 jieba）切成词，也可以干脆切成字。面对没见过的标题，
# 哪一种遇到的生面孔更少？

# %%
news = bm.data.load("news", lab)
class_names = news.classes_zh if lang == "zh" else news.classes
print(jieba.lcut(names["texts"][2]), list(names["texts"][2]))


def strangers(cut):
    """Share of the test headlines' tokens that no training headline has."""
    known = {token for text in news.train_texts for token in cut(text)}
    tokens = [token for text in news.test_texts for token in cut(text)]
    return np.mean([token not in known for token in tokens])


words, characters = strangers(jieba.lcut), strangers(list)
whole = np.mean([text not in set(news.train_texts) for text in news.test_texts])
bm.claim(
    "Characters meet fewer strangers than words; whole sentences meet only strangers",
    characters < words < whole == 1.0,
    characters=characters,
    words=words,
    whole_sentences=whole,
)

# %% [raw] lang="zh"
# Share of the test headlines' tokens that no training headline has.
# → 测试标题的词元中，训练标题里从未出现的占多少。
# Characters meet fewer strangers than words; whole sentences meet only strangers
# → 按字切分的生面孔比按词少，而整句全是生面孔

# %% [markdown]
# With so few headlines we take characters. Next, numbers for them: frequent tokens get
# small ones; `0` is kept for the pad and `1` for *unknown*.

# %% [markdown] lang="zh" of="fd4fda68"
# 标题就这么些，我们按字切分。接着给它们编号：越常见的词元编号越小；`0` 留给补位，
# `1` 留给*未知*。


# %% exercise="fit_vocabulary" points=2 minutes=8 level=2
def fit_vocabulary(documents: list[list[str]], size: int) -> dict[str, int]:
    """Number the most frequent tokens.

    Args:
        documents: each a list of tokens.
        size: how many numbers there are in all, with 0 (pad) and 1 (unknown).

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
#     size: how many numbers there are in all, with 0 (pad) and 1 (unknown).
# → 参数：
#       documents：每个元素是一个词元列表。
#       size：编号总数，包括 0（补位）和 1（未知）。
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
bm.expect.true(0 not in got.values(), "0 is the pad's number: no token may have it")
bm.expect.true(1 not in got.values(), "1 means unknown: the first token gets 2")
bm.expect.equal(got, {"a": 2, "b": 3, "c": 4}, "the most frequent token first")
### BEGIN HIDDEN TESTS
got = fit_vocabulary([["z", "y"], ["x", "y", "z"], ["w"]], size=20)
bm.expect.equal(
    list(got), ["z", "y", "x", "w"], "in a tie the token met first comes first"
)
got = fit_vocabulary([list("好好好天天气")], size=4)
bm.expect.equal(got, {"好": 2, "天": 3}, "size counts 0 and 1 too")
bm.expect.equal(fit_vocabulary([], size=4), {}, "no documents, no tokens")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# 0 is the pad's number: no token may have it → 0 是补位的编号：任何词元都不能用
# 1 means unknown: the first token gets 2 → 1 表示未知：第一个词元的编号是 2
# the most frequent token first → 最常见的词元排在最前
# in a tie the token met first comes first → 次数相同，先遇到的词元排在前面
# size counts 0 and 1 too → size 把 0 和 1 也算在内
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


# %% mistake="fit_vocabulary" says="0 is the pad"
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


# %% variant="fit_vocabulary"
def fit_vocabulary(documents, size):
    counts = {}
    for document in documents:
        for token in document:
            counts[token] = counts.get(token, 0) + 1
    ranked = sorted(counts, key=counts.get, reverse=True)[: size - 2]
    return dict(zip(ranked, range(2, size), strict=False))


# %% [markdown]
# With numbers for tokens, a headline becomes a list of numbers. A stranger must leave a
# trace: number 1.

# %% [markdown] lang="zh" of="1271109a"
# 词元有了编号，标题就成了一串数。遇到生面孔也要留下痕迹：编号 1。


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
bm.expect.equal(got, [[2, 1]], "unknown is 1; 0 is the pad")
### BEGIN HIDDEN TESTS
got = encode([list("新字"), [], list("字")], {"字": 7})
bm.expect.equal(got, [[1, 7], [], [7]], "one list a document, an empty one too")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one number a token, in the tokens' order → 每个词元一个编号，次序不变
# an unknown token must not vanish: it becomes 1 → 未知的词元不能消失：它记为 1
# unknown is 1; 0 is the pad → 未知是 1；0 是补位
# one list a document, an empty one too → 每个文档一个列表，空文档也不例外

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


# %% mistake="encode" says="0 is the pad"
def encode(documents, vocabulary):
    return [[vocabulary.get(token, 0) for token in tokens] for tokens in documents]


# %% variant="encode"
def encode(documents, vocabulary):
    rows = []
    for tokens in documents:
        row = []
        for token in tokens:
            row.append(vocabulary[token] if token in vocabulary else 1)  # noqa: SIM401  # noqa: SIM401
        rows.append(row)
    return rows


# %% [markdown]
# Keras's tokenizer, told to cut into characters and to mark strangers, must give the
# same numbers as yours.

# %% [markdown] lang="zh" of="1255bc92"
# 让 Keras 的分词器按字切分、标出生面孔，它给出的编号应与你的完全相同。

# %%
SIZE = 2000
vocabulary = fit_vocabulary([list(text) for text in news.train_texts], SIZE)
encoded = encode([list(text) for text in news.test_texts], vocabulary)
theirs = tf.keras.preprocessing.text.Tokenizer(
    num_words=SIZE, filters="", lower=False, char_level=True, oov_token="<unknown>"
)
theirs.fit_on_texts(news.train_texts)
bm.expect.equal(encoded, theirs.texts_to_sequences(news.test_texts))
print(news.test_texts[0], encoded[0])

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
        Integers of shape (len(sequences), length).
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
#     Integers of shape (len(sequences), length).
# → 返回：
#       形状为 (len(sequences), length) 的整数数组。

# %% check="pad"
got = pad([[5, 6], [7]], 4)
bm.expect.shape(got, (2, 4), "one row a sequence, `length` columns")
bm.expect.close(got, [[0, 0, 5, 6], [0, 0, 0, 7]], "the zeros go in front")
got = pad([[1, 2, 3, 4, 5]], 3)
bm.expect.close(got, [[3, 4, 5]], "a long row loses its front and keeps its end")
### BEGIN HIDDEN TESTS
got = pad([[], [4], [6, 7]], 2)
bm.expect.close(got, [[0, 0], [0, 4], [6, 7]], "a row may be empty, or just fit")
bm.expect.true(np.asarray(got).dtype.kind in "iu", "the numbers must stay integers")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one row a sequence, `length` columns → 每个序列一行，共 `length` 列
# the zeros go in front → 零补在前面
# a long row loses its front and keeps its end → 太长的行截去前面，保留末尾
# a row may be empty, or just fit → 行可能是空的，也可能刚好放满
# the numbers must stay integers → 编号必须仍是整数

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


# %%
longest = max(map(len, news.train_texts + news.test_texts))
length = longest + (4 - longest) % 5  # length - 4 windows: a multiple of the pool's 5
length = max(length, 29)  # the pooling must leave 5 places for the second convolution
x_train = pad(encode([list(t) for t in news.train_texts], vocabulary), length)
x_test = pad(encoded, length)
keras_pad = tf.keras.preprocessing.sequence.pad_sequences
bm.expect.close(x_test, keras_pad(encoded, maxlen=length))
bm.expect.close(pad(encoded, 6), keras_pad(encoded, maxlen=6))
print(x_train.shape, x_test.shape)

# %% [raw] lang="zh"
# length - 4 windows: a multiple of the pool's 5
# → 窗口数 length - 4 应是池化宽度 5 的倍数
# the pooling must leave 5 places for the second convolution
# → 池化之后至少要给第二个卷积留下 5 个位置

# %% [markdown]
# Same as Keras, also where rows are cut. And we chose a length of which the pooling
# drops nothing. Before and after, as the network gets them:

# %% [markdown] lang="zh" of="bc82ed05"
# 与 Keras 相同，截断时也相同。我们还挑了一个池化时什么都不丢的长度。网络收到的输入，
# 改前与改后：

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
# before: one token after 99 pads → 改前：99 个补位之后一个词元
# after: characters (darker: rarer; white: pad)
# → 改后：按字编号（越深越少见；白色是补位）
# place → 位置
# row → 行
# Two pictures of padded rows. Before: four rows, white all over but for one dark cell
# at the right edge. After: sixteen rows filled with characters' numbers, with white
# pads on the left only.
# → 两幅补齐后的输入。改前：四行几乎全白，只有右边缘一格是深色。
#   改后：十六行布满字的编号，只有左边是白色的补位。

# %% [markdown]
# ## Hold out fairly
#
# Of every class the same share, drawn at random: then no class can vanish, and no
# order in the file can fool us.

# %% [markdown] lang="zh" of="97adf06a"
# ## 公平地留出
#
# 每一类都随机抽出同样的比例：这样哪一类都不会消失，文件里的排列次序也骗不了我们。


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
draws = {
    tuple(sorted(stratified_split(labels, 0.5, np.random.default_rng(s))[1].tolist()))
    for s in range(5)
}
bm.expect.true(len(draws) > 1, "draw at random: the same examples were always held out")
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


# %% variant="stratified_split"
def stratified_split(labels, share, rng):
    is_held = np.zeros(len(labels), dtype=bool)
    for label in set(labels.tolist()):
        members = [i for i, y in enumerate(labels) if y == label]
        count = round(share * len(members))
        is_held[rng.choice(members, size=count, replace=False)] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


# %% [markdown]
# ## Inside the network: convolution by hand
#
# A filter is a small pattern of $k$ rows; at every place it is multiplied with the $k$
# embeddings that it covers, and summed. With $x$ of $n$ places and $C$ channels:
#
# $$z_{i,f} = b_f + \sum_{j=0}^{k-1} \sum_{c=1}^{C} W_{j,c,f}\, x_{i+j,c}
# \label{convolution}$$

# %% [markdown] lang="zh" of="2449b1fb"
# ## 网络内部：亲手做卷积
#
# 一个滤波器就是一个 $k$ 行的小模式；在每个位置，
# 把它与所盖住的 $k$ 个嵌入逐项相乘再求和。
# 设 $x$ 有 $n$ 个位置、$C$ 个通道：
#
# $$z_{i,f} = b_f + \sum_{j=0}^{k-1} \sum_{c=1}^{C} W_{j,c,f}\, x_{i+j,c}
# \label{convolution}$$


# %% exercise="conv1d" points=3 minutes=10 level=3
def conv1d(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Slide filters over a sequence, without padding and without activation.

    Args:
        x: (batch, n, channels).
        W: (k, channels, filters).
        b: (filters,).

    Returns:
        (batch, n - k + 1, filters).
    """
    ### BEGIN SOLUTION
    k = W.shape[0]
    windows = x.shape[1] - k + 1
    # One shift at a time: row j of every filter meets the places from j on.
    return b + sum(x[:, j : j + windows] @ W[j] for j in range(k))
    ### END SOLUTION


# %% [raw] lang="zh"
# Slide filters over a sequence, without padding and without activation.
# → 让滤波器滑过序列；不补零，不加激活函数。
# Args:
#     x: (batch, n, channels).
#     W: (k, channels, filters).
#     b: (filters,).
# → 参数：
#       x：(batch, n, channels)。
#       W：(k, channels, filters)。
#       b：(filters,)。
# Returns:
#     (batch, n - k + 1, filters).
# → 返回：
#       (batch, n - k + 1, filters)。
# One shift at a time: row j of every filter meets the places from j on.
# → 每次平移一格：每个滤波器的第 j 行对上从 j 开始的位置。

# %% check="conv1d"
x = np.array([[[1.0], [2.0], [4.0], [8.0]]])  # (1, 4, 1)
W = np.array([[[1.0]], [[10.0]]])  # (2, 1, 1)
got = conv1d(x, W, np.zeros(1))
bm.expect.shape(got, (1, 3, 1), "n places and a window of k give n - k + 1 windows")
bm.expect.close(got[0, :, 0], [21, 42, 84], "W[0] meets the window's first place")
got = conv1d(x, W, np.array([0.5]))
bm.expect.close(got[0, :, 0], [21.5, 42.5, 84.5], "did you add the bias b?")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(3)
x, W, b = rng.normal(size=(2, 7, 3)), rng.normal(size=(4, 3, 5)), rng.normal(size=5)
want = np.array(
    [
        [b + np.einsum("kc,kcf->f", x[s, i : i + 4], W) for i in range(4)]
        for s in range(2)
    ]
)
bm.expect.close(conv1d(x, W, b), want, "sum over the window's places and the channels")
one = conv1d(x, W[:1], b)
bm.expect.close(one, x @ W[0] + b, "a window of one place is a plain matrix product")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# n places and a window of k give n - k + 1 windows
# → n 个位置、窗口宽 k，共有 n - k + 1 个窗口
# W[0] meets the window's first place → W[0] 对应窗口的第一个位置
# did you add the bias b? → 加上偏置 b 了吗？
# sum over the window's places and the channels → 对窗口内的位置和通道都要求和
# a window of one place is a plain matrix product → 窗口宽 1 时就是普通的矩阵乘法

# %% [markdown] hint="conv1d"
# Begin with one place `i`: which slice of `x` does the window cover?

# %% [markdown] lang="zh" of="90c4281d"
# 先只看一个位置 `i`：窗口盖住 `x` 的哪一段？

# %% [markdown] hint="conv1d"
# For fixed `i`: `x[:, i:i + k]` is (batch, k, channels); its product with `W`, summed
# over `k` and channels, is `np.einsum("bkc,kcf->bf", ...)`. Add `b`, stack over `i`.

# %% [markdown] lang="zh" of="e3a6e920"
# 固定 `i`：`x[:, i:i + k]` 的形状是 (batch, k, channels)；
# 与 `W` 相乘并对 `k` 和通道求和，
# 即 `np.einsum("bkc,kcf->bf", ...)`。加上 `b`，再沿 `i` 叠起来。


# %% mistake="conv1d" says="add the bias"
def conv1d(x, W, b):
    windows = x.shape[1] - W.shape[0] + 1
    return sum(x[:, j : j + windows] @ W[j] for j in range(W.shape[0]))


# %% mistake="conv1d" says="W[0] meets"
def conv1d(x, W, b):
    windows = x.shape[1] - W.shape[0] + 1
    flipped = W[::-1]  # the mathematicians' convolution
    return b + sum(x[:, j : j + windows] @ flipped[j] for j in range(W.shape[0]))


# %% mistake="conv1d" says="n - k + 1"
def conv1d(x, W, b):
    windows = x.shape[1] - W.shape[0]
    return b + sum(x[:, j : j + windows] @ W[j] for j in range(W.shape[0]))


# %% variant="conv1d"
def conv1d(x, W, b):
    k = W.shape[0]
    places = range(x.shape[1] - k + 1)
    rows = [np.einsum("bkc,kcf->bf", x[:, i : i + k], W) + b for i in places]
    return np.stack(rows, axis=1)


# %% equation="convolution" of="15cfbf07"
rng = np.random.default_rng(seed)
x, W, b = rng.normal(size=(1, 9, 3)), rng.normal(size=(5, 3, 2)), rng.normal(size=2)
layer = tf.keras.layers.Conv1D(2, 5, dtype="float64")
layer.build(x.shape)
layer.set_weights([W, b])
bm.equation("convolution", layer(x).numpy(), conv1d(x, W, b), atol=1e-12)

# %% [markdown]
# By (\ref{convolution}) your function is Keras's layer. (Signal processing turns the
# filter round and calls this *cross-correlation*; deep learning does not bother.)
#
# ## It works
#
# The document's network, its seven layers **unchanged**, on characters of real
# headlines where they are at hand, with a fair validation set.

# %% [markdown] lang="zh" of="af5cc742"
# 由 (\ref{convolution})，你的函数就是 Keras 的那一层。（信号处理里滤波器要先翻转，
# 不翻转的叫*互相关*；深度学习不计较这个。）
#
# ## 它奏效了
#
# 文中的网络，七层**原封不动**，输入换成新闻标题的字（有真实数据就用真实的），
# 再配上公平的验证集。

# %%
y_train, y_test = news.train_labels, news.test_labels
fit, held = stratified_split(y_train, 0.2, np.random.default_rng(seed))
tf.keras.utils.set_random_seed(seed)
model = document_network(SIZE)
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
# Before we trust it, we compute it: the whole network by hand, from your `conv1d` and a
# few lines, with the trained weights.

# %% [markdown] lang="zh" of="e7528067"
# 先别急着相信，亲手算一遍：用你的 `conv1d` 再加几行，配上训练好的权重，算出整个网络。


# %%
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


y_hat = model.predict(x_test, verbose=0)
bm.expect.close(by_hand(x_test[:64]), y_hat[:64], atol=1e-4)
print(np.abs(by_hand(x_test[:64]) - y_hat[:64]).max())

# %% [raw] lang="zh"
# The document's network in NumPy: (batch, n) numbers -> (batch, 4).
# → 用 NumPy 写出文中的网络：(batch, n) 个编号 -> (batch, 4)。
# global max-pooling: (batch, 128) → 全局最大池化：(batch, 128)

# %% [markdown]
# No magic is left inside. Now the exam, on headlines that took no part in any choice.
# The document's exam (sentences trained on) stands beside it, and so does a baseline
# that anyone can fit in a second: logistic regression on pairs of characters.

# %% [markdown] lang="zh" of="0fdf3229"
# 里面再没有什么魔法了。现在考试，考题是从未参与任何选择的标题。旁边并排放上文中那种考法
# （考训练过的句子），再放一个谁都能一秒拟合的基线：基于单字和双字的逻辑回归。

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

baseline = make_pipeline(
    TfidfVectorizer(analyzer="char", ngram_range=(1, 2)),
    LogisticRegression(C=10, max_iter=1000),
)
baseline.fit([news.train_texts[i] for i in fit], y_train[fit])
linear = baseline.score(news.test_texts, y_test)
unseen = float((y_hat.argmax(axis=1) == y_test).mean())
seen = history["accuracy"][-1]
noise = np.sqrt(0.25 * 0.75 / len(y_test))  # standard deviation of pure guessing
print(f"seen {seen:.3f}  unseen {unseen:.3f}  linear baseline {linear:.3f}")

# %% [raw] lang="zh"
# standard deviation of pure guessing → 纯粹瞎猜时准确率的标准差
# seen {seen:.3f} unseen {unseen:.3f} linear baseline {linear:.3f}
# → 见过的 {seen:.3f}  没见过的 {unseen:.3f}  线性基线 {linear:.3f}

# %% fold
confusion = np.zeros((4, 4), dtype=int)
np.add.at(confusion, (y_test, y_hat.argmax(axis=1)), 1)
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
# Try it: write a headline of your own. The first below is a coach sure of the title,
# the second a central bank that cuts its rate; then come the document's four sentences,
# which are no headlines: nothing obliges a model of headlines to know them, however
# sure it sounds.

# %% [markdown] lang="zh" of="7d86c96f"
# 试一试：写一条你自己的标题。最后四句出自原文，它们不是标题：只学过标题的模型，
# 没有理由非认得它们不可，哪怕它说得斩钉截铁。

# %%
for text in ["国家队主帅：我们有信心夺冠", "央行宣布下调利率", *names["texts"]]:
    answer = by_hand(pad(encode([list(text)], vocabulary), length))[0]
    print(text, *(f"{k} {v:.2f}" for k, v in zip(class_names, answer, strict=True)))

# %% [markdown]
# ## What we learned
#
# Every line below was measured in this run.

# %% [markdown] lang="zh" of="5fb78417"
# ## 我们学到了什么
#
# 下面每一行都是这次运行中测出来的。

# %%
recognised = confusion.diagonal() / confusion.sum(axis=1)
bm.claim(
    "The document's network, unchanged, works on unseen headlines: far beyond chance",
    unseen > 0.25 + 4 * noise,
    unseen=unseen,
    chance=0.25,
)
bm.claim(
    "Examining on sentences trained on flatters the model",
    seen > unseen,
    seen=seen,
    unseen=unseen,
)
bm.claim(
    "No class is forgotten: each is recognised more often than by chance",
    recognised.min() > 0.25 + 4 * 2 * noise,  # a quarter of the data, twice the noise
    recognised=recognised,
)
if news.real:  # the stand-in has too few test headlines to tell the two apart
    bm.claim(
        "A simple linear baseline does better still on so few headlines",
        linear > unseen,
        linear=linear,
        network=unseen,
    )

# %% [raw] lang="zh"
# The document's network, unchanged, works on unseen headlines: far beyond chance
# → 文中的网络原封不动，就能在没见过的标题上奏效：远胜瞎猜
# Examining on sentences trained on flatters the model → 拿训练过的句子来考，会高估模型
# No class is forgotten: each is recognised more often than by chance
# → 没有哪一类被遗忘：每一类的识别率都高于瞎猜
# a quarter of the data, twice the noise → 数据只有四分之一，噪声便是两倍
# the stand-in has too few test headlines to tell the two apart
# → 替代数据的测试标题太少，分不出两者高下
# A simple linear baseline does better still on so few headlines
# → 标题这么少时，简单的线性基线反而更好

# %% [markdown]
# The layers on the page were sound. What went wrong lay around them: how text became
# tokens, a pooling that dropped a remainder, who was held out, and an output that was
# written down instead of copied from a run. That happens to all of us. So the habit:
#
# 1. **Run it.** 2. **Look at what the model gets**, not at what you meant to give it.
# 3. **Change one thing at a time.** 4. **Examine on what it has not seen**, beside
# chance and a simple baseline.
#
# **Where next.** `news-classification` makes a better classifier of the same headlines.
#
# **Further reading.** Yoon Kim (2014), *Convolutional Neural Networks for Sentence
# Classification*, EMNLP: the idea behind this network.

# %% [markdown] lang="zh" of="876f694a"
# 书上的那几层没有问题。问题都出在它们周围：文本怎样变成词元，池化丢掉了余数，
# 留出去的是谁，
# 还有那行输出是写上去的，不是从一次运行里抄来的。这种事谁都会碰上。所以，要养成习惯：
#
# 1. **跑一遍。** 2. **看看模型实际收到了什么**，而不是你以为给了它什么。
# 3. **一次只改一处。** 4. **用它没见过的东西来考它**，并与瞎猜和简单的基线放在一起比。
#
# **下一步。** `news-classification` 用同样的标题做出更好的分类器。
#
# **延伸阅读。** Yoon Kim (2014), *Convolutional Neural Networks for Sentence
# Classification*, EMNLP：这个网络背后的思想。
