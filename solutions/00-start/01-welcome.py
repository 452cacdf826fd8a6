# ---
# slug: welcome
# title: {en: Welcome, zh: 开始}
# section: "5.1, 7"
# minutes: 70
# needs: []
# data: []
# extras: []
# introduces:
#   - stand-in
#   - parameter
#   - training set
#   - test set
#   - tensor
#   - logit
#   - softmax
#   - loss function
#   - learning rate
#   - neural network
#   - accuracy
#   - optimizer
#   - baseline
#   - language model
# symbols:
#   N: number of parameters
#   x: input
#   y: target
#   z: "scores, before the softmax"
#   p: probability
#   W: "weights of a layer, (out, in)"
#   b: bias of a layer
#   w: "width, the numbers that a layer takes or gives"
#   theta: all parameters
#   J: loss
#   g: gradient of the loss
#   lr: learning rate
# says:
#   en: Look at your machine, solve five exercises, teach a network to read digits.
#   zh: 看看你的机器，做五道练习，教会一个网络认数字。
# ---

# %% [markdown]
# At the end of this lesson a network of yours reads handwritten digits. You write its
# parts, and each is checked the moment you have written it. First we look at the
# machine: what is installed and what it can do.
#
# A notebook is made of cells. Click into one and press Shift+Enter: it runs, and the
# next one is selected. Run them from the top, in order.

# %% [markdown] lang="zh" of="c5e66d94"
# 学完这一课，你自己的网络就能认出手写数字。它的各个部件由你来写，每写完一个，
# 马上就知道对不对。在此之前，先看看这台机器：装了什么，能做什么。
#
# 笔记本由一个个单元格组成。点进一个单元格，按 Shift+Enter：它就会运行，
# 并选中下一个。请从头开始，依次运行。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import os
import platform
import time
from importlib import metadata
from itertools import pairwise

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import torch
from packaging.specifiers import SpecifierSet
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.nn import functional as F

lab = bm.start("welcome", profile=profile, device=device, seed=seed, lang=lang)

# %% [markdown]
# Every lesson begins with these two cells. The first has four settings that you may
# change. `profile` is how much to do: `ci` is small and quick, `workshop` is for a
# laptop, `full` is for a GPU. (At `ci`, made-up data take the place of real ones: a
# **stand-in**.) `device` says where to compute, `seed` where chance
# begins, and `lang` in which language the kit talks to you. Every lesson lies twice
# on the disk, in `lessons/en` and `lessons/zh`, with the same code.
#
# `lab` remembers the settings. A lesson asks it for sizes, so that one program serves
# all three profiles.

# %% [markdown] lang="zh" of="7a427ea7"
# 每一课都以这两个单元格开头。前一个里有四项设置，可以改。`profile` 决定做多少：
# `ci` 小而快，`workshop` 适合笔记本电脑，`full` 留给 GPU。
# （在 `ci` 下，编造的数据代替真实数据，叫**替代数据**。）`device` 说在哪里计算，
# `seed` 定下随机数从何处开始，`lang` 是工具包与你说话的语言。
# 每一课在硬盘上都有两份，分别在 `lessons/en` 和 `lessons/zh` 里，代码相同。
#
# `lab` 记住这些设置。课程向它询问规模，于是同一个程序可以用于三种配置。

# %%
steps = lab.pick(ci=200, workshop=600, full=600)
print(f"profile {lab.profile}: {steps} steps of training")

# %% [raw] lang="zh"
# profile {lab.profile}: {steps} steps of training → 配置 {lab.profile}：训练 {steps} 步

# %% [markdown]
# ## What is installed
#
# A package can be asked for its version without importing it: its metadata lie on the
# disk. TensorFlow may be absent. A few lessons use it, and those say so.

# %% [markdown] lang="zh" of="9b0e791c"
# ## 装了些什么
#
# 不用导入一个包，也能问出它的版本：元数据就在硬盘上。TensorFlow 可以没有：
# 只有少数几课要用，而且会事先说明。


# %%
def about(*names):
    """Version and accepted Pythons of the first of these packages that is here."""
    for name in names:
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        return found["Version"], found["Requires-Python"]
    return None


packages = {
    "PyTorch": ("models", about("torch")),
    "TensorFlow": ("models", about("tensorflow", "tensorflow-cpu")),
    "NumPy": ("arrays", about("numpy")),
    "pandas": ("tables", about("pandas")),
    "Matplotlib": ("pictures", about("matplotlib")),
    "scikit-learn": ("baselines", about("scikit-learn")),
    "JupyterLab": ("this page", about("jupyterlab")),
}


# %% [raw] lang="zh"
# Version and accepted Pythons of the first of these packages that is here.
# → 这些名字中第一个装了的包：它的版本，以及它接受的 Python。
# models → 模型
# arrays → 数组
# tables → 表格
# pictures → 图
# baselines → 基线
# this page → 本页面

# %%
rows = [
    {"package": name, "for": use, "version": (found or ("not here",))[0]}
    for name, (use, found) in packages.items()
]
rows.append({"package": "Python", "for": "all", "version": platform.python_version()})
pd.DataFrame(rows).set_index("package")

# %% [raw] lang="zh"
# package → 包
# for → 用途
# version → 版本
# not here → 没有
# all → 一切

# %% [markdown]
# The document that this course follows says, in §5.1: make sure that you have Python
# 3.8 or later. That was good advice once. Is it still? Each package states in its
# metadata which versions of Python it accepts. Here is the answer of the packages on
# your machine.

# %% [markdown] lang="zh" of="38b54437"
# 本课程所依据的文档在 §5.1 中说：确保安装了 Python 3.8 及以上版本。
# 这曾经是个好建议。如今还成立吗？每个包都在元数据里写明自己接受哪些版本的 Python。
# 下面就是你这台机器上各个包的回答。

# %%
pythons = [f"3.{minor}" for minor in range(8, 15)]
here = {name: found for name, (_, found) in packages.items() if found}
accepts = np.array(
    [
        [SpecifierSet(asked or "").contains(f"{python}.20") for python in pythons]
        for _, asked in here.values()
    ]
)  # (packages, pythons)

# %% fold
fig, ax = plt.subplots(figsize=(6.4, 3.2))
ax.imshow(accepts, cmap="Greys", vmin=0, vmax=2, aspect="auto")
for row, column in np.argwhere(accepts):
    ax.text(column, row, "✓", ha="center", va="center")
ax.set_xticks(range(len(pythons)), pythons)
ax.set_yticks(range(len(here)), [f"{name} {v}" for name, (v, _) in here.items()])
mine = int(platform.python_version_tuple()[1]) - 8
ax.axvspan(mine - 0.5, mine + 0.5, fill=False, lw=2.5, ec="#c2410c")
ax.set(xlabel="Python (framed: yours)", ylabel="installed package")
ax.grid(False)
alt = (
    "Installed packages by versions of Python, a tick where the package accepts it. "
    "The columns 3.8 and 3.9 are empty; yours, framed, is full."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# Python (framed: yours) → Python（框内是你的）
# installed package → 已安装的包
# Installed packages by versions of Python, a tick where the package accepts it. The
# columns 3.8 and 3.9 are empty; yours, framed, is full.
# → 纵向是已安装的包，横向是 Python 的版本，接受之处打勾。
#   3.8 和 3.9 两列是空的；框出的是你的版本，整列都有勾。

# %%
bm.claim(
    "None of the releases installed here accepts Python 3.8, with which §5.1 begins",
    lambda accepting: accepting == 0,
    {"accepting": int(accepts[:, 0].sum())},
    control={"accepting": int(accepts[:, mine].sum())},
    against="the Python that runs this notebook",
)

# %% [raw] lang="zh"
# None of the releases installed here accepts Python 3.8, with which §5.1 begins
# → §5.1 说从 Python 3.8 起都行，而这里安装的各个版本没有一个还接受它
# the Python that runs this notebook → 运行本笔记本的 Python

# %% [markdown]
# Older releases of these packages do accept it: the advice was right when it was
# written.
#
# The row with the ✓ is a **claim**. Each takeaway of this course is one: a sentence, a
# condition, and numbers that are measured anew every time the lesson runs. A condition
# that always holds would prove nothing. So it is also tried on a **control**, for which
# it must fail. If a claim does not hold on your machine, you see a red ✗, and nothing
# stops. You can make your own with `bm.claim`:

# %% [markdown] lang="zh" of="c830dedb"
# 这些包的旧版本仍然接受它：当年的网页，写下时是对的。
#
# 上面带 ✓ 的那一行是一条**结论**。本课程要你记住的都写成这样：一句话、一个条件，
# 以及每次运行都重新测量的数字。一个总是成立的条件什么也证明不了，
# 所以它还要在一个**对照**上试一遍：在那里，它必须不成立。
# 如果一条结论在你的机器上不成立，你会看到红色的 ✗，而运行不会中断。
# 你也可以用 `bm.claim` 写一条：

# %%
bm.claim(
    "To a computer, 0.1 + 0.2 is not 0.3",
    lambda gap: gap != 0,
    {"gap": 0.1 + 0.2 - 0.3},
    control={"gap": 0.25 + 0.5 - 0.75},
    against="0.25 + 0.5 and 0.75, sums of powers of 2",
)

# %% [raw] lang="zh"
# To a computer, 0.1 + 0.2 is not 0.3 → 对计算机来说，0.1 + 0.2 不等于 0.3
# 0.25 + 0.5 and 0.75, sums of powers of 2 → 0.25 + 0.5 与 0.75，它们是 2 的幂之和

# %% [markdown]
# A computer keeps only so many binary digits of a number. That is why the checks in
# this course ask whether two results are close, not whether their last digits agree.
#
# ## What the machine can do

# %% [markdown] lang="zh" of="35ea7060"
# 计算机只保留一个数的有限个二进制位。所以本课程的检查问的是两个结果是否足够接近，
# 而不是最后一位也相同。
#
# ## 这台机器能做什么

# %%
gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
pd.Series(
    {
        "system": platform.system(),
        "logical cores": os.cpu_count(),
        "threads that PyTorch uses": torch.get_num_threads(),
        "memory, GiB": round(psutil.virtual_memory().total / 2**30, 1),
        "GPU": gpu,
        "this lesson runs on": lab.device,
    },
    name="your machine",
).to_frame()

# %% [raw] lang="zh"
# none → 没有
# system → 系统
# logical cores → 逻辑核数
# threads that PyTorch uses → PyTorch 使用的线程数
# memory, GiB → 内存，GiB
# this lesson runs on → 本课运行在
# your machine → 你的机器

# %% [markdown]
# Every lesson runs without a GPU. If you have one, §5.1 tells you to install CUDA and
# cuDNN and to set paths by hand. Today the packages of PyTorch and TensorFlow for Linux
# can bring both along, and the machine needs only NVIDIA's driver.
#
# A program can work in several **threads**, and a logical core runs one at a time.
# (Many processors show the system two logical cores for each real one.) PyTorch cuts a
# large matrix product into parts and gives each thread a part. Let us measure what that
# is worth here.

# %% [markdown] lang="zh" of="a0a6d748"
# 没有 GPU，每一课也都能运行。如果有，§5.1 会让你手工安装 CUDA 和 cuDNN
# 并配置路径。如今 PyTorch 和 TensorFlow 在 Linux 上的安装包可以把两者一并带来，
# 机器上只需要有 NVIDIA 的驱动程序。
#
# 一个程序可以分成几个**线程**同时工作，一个逻辑核同一时刻运行一个线程。
# （许多处理器让系统把一个真正的核看成两个逻辑核。）
# PyTorch 会把大的矩阵乘法切成几份，每个线程算一份。在这台机器上值不值得，我们来量一量。


# %%
def milliseconds(n, threads, where="cpu", repeats=5):
    """The fastest of a few products of two n × n matrices."""
    before, times = torch.get_num_threads(), []
    torch.set_num_threads(threads)
    A = torch.ones(n, n, device=where)
    for _ in range(repeats + 1):
        began = time.perf_counter()
        (A @ A)[0, 0].item()  # asking for a number waits for the GPU too
        times.append(time.perf_counter() - began)
    torch.set_num_threads(before)
    return 1000 * min(times[1:])  # the first one warms up


cores = os.cpu_count()
sizes = [2**k for k in range(5, lab.pick(ci=10, workshop=11, full=12))]
measured = {k: [milliseconds(n, k) for n in sizes] for k in sorted({1, cores})}


# %% [raw] lang="zh"
# The fastest of a few products of two n × n matrices.
# → 两个 n × n 矩阵相乘，取几次中最快的一次。
# asking for a number waits for the GPU too → 取出一个数，也就等到了 GPU 算完
# the first one warms up → 第一次用来热身

# %% fold
fig, ax = plt.subplots()
for (threads, times), mark in zip(measured.items(), "os", strict=False):
    ax.loglog(sizes, times, marker=mark, label=f"threads: {threads}")
if lab.device == "cuda":
    on_gpu = [milliseconds(n, 1, "cuda") for n in sizes]
    ax.loglog(sizes, on_gpu, "^-.", label="GPU")
ax.set_xscale("log", base=2)
ax.set(xlabel="rows of the square matrices", ylabel="milliseconds a product")
ax.legend()
alt = (
    "Time of a matrix product against its size, on logarithmic axes, with one thread "
    "and with one for each core: small products take next to no time, large ones climb "
    "steeply."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# threads: {threads} → 线程：{threads}
# rows of the square matrices → 方阵的行数
# milliseconds a product → 一次乘法的毫秒数
# Time of a matrix product against its size, on logarithmic axes, with one thread and
# with one for each core: small products take next to no time, large ones climb steeply.
# → 双对数坐标：矩阵乘法的用时随大小的变化，分别用一个线程和每核一个线程。
#   小矩阵几乎不花时间，大矩阵的用时急剧上升。
# GPU → =

# %% [markdown]
# Where the lines part, threads begin to pay. To the left, handing out the work costs as
# much time as it saves. If your lines never part, there is one core, or other programs
# use the others: then more threads than free cores can make a product slower. And the
# result?

# %% [markdown] lang="zh" of="12812cc7"
# 两条线分开的地方，多线程开始划算；在它左边，分派工作花的时间抵得上省下的时间。
# 如果你的两条线始终不分开，那么要么只有一个核，要么别的程序占着其余的核：
# 线程比空闲的核还多，反而可能更慢。那么算出的结果呢？


# %%
def product_with(threads, A):
    """A @ A, computed by this many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    product = A @ A
    torch.set_num_threads(before)
    return product


A = torch.randn(300, 300)
alone = product_with(1, A)
largest = alone.abs().max()
gap = (product_with(cores, A) - alone).abs().max() / largest
coarse = (A.bfloat16() @ A.bfloat16() - alone).abs().max() / largest
bm.claim(
    "Another number of threads changes a product by no more than 32-bit rounding",
    lambda relative_gap: relative_gap < 1e-4,
    {"relative_gap": gap},
    control={"relative_gap": coarse},
    against="one thread, with numbers of 16 bits",
)

# %% [raw] lang="zh"
# A @ A, computed by this many threads. → 用这么多个线程计算 A @ A。
# Another number of threads changes a product by no more than 32-bit rounding
# → 换一个线程数，乘积的变化不超过 32 位数的舍入误差
# one thread, with numbers of 16 bits → 一个线程，但用 16 位的数

# %% [markdown]
# ## A network is numbers on lines
#
# Now to what runs on the machine. A small **neural network** is drawn below: a dot is a
# number, a line carries a number on to the next column. Each line has a **weight**, by
# which it multiplies. Each dot that lines lead to has a **bias**, which it adds.
# Weights and biases are the **parameters**: a network learns by changing them, and
# nothing else. Move the sliders and watch the two counts.

# %% [markdown] lang="zh" of="84db9096"
# ## 网络就是线上的数
#
# 现在来看在机器上运行的东西。下面画着一个小的**神经网络**：
# 一个点是一个数，一条线把数送往下一列。每条线有一个**权重**，经过时乘上它；
# 每个有线通到的点有一个**偏置**，要加上它。权重和偏置合称**参数**：
# 网络的学习就是改变参数，此外什么也不变。拖动滑块，看看两个计数怎样变化。


# %% fold
def drawn(inputs, hidden, outputs):
    widths = [inputs, hidden, outputs]
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    spots = [[(c, r - (w - 1) / 2) for r in range(w)] for c, w in enumerate(widths)]
    lines = 0
    for left, right in pairwise(spots):
        for a in left:
            for b in right:
                ax.plot(*zip(a, b, strict=True), "-", color="0.6", lw=1, zorder=1)
                lines += 1
    for column, shade in zip(spots, ("white", "#9db4d8", "#1b3a6b"), strict=True):
        ax.scatter(*zip(*column, strict=True), s=160, c=shade, ec="black", zorder=2)
    ax.set_xticks(range(3), ["inputs", "hidden", "outputs"])
    ax.set(yticks=[], xlim=(-0.4, 2.4), xlabel="column", ylabel="dots of a column")
    ax.set_title(f"{lines} weights (lines), {hidden + outputs} biases (filled dots)")
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return fig


alt = (
    "Three columns of dots, with a line from each dot to every dot of the next column; "
    "above them the numbers of lines and of filled dots."
)
bm.show.explore(
    drawn, alt=alt, inputs=(1, 10, 1, 4), hidden=(1, 10, 1, 3), outputs=(1, 10, 1, 2)
)


# %% [raw] lang="zh"
# inputs → 输入
# hidden → 隐藏
# outputs → 输出
# column → 列
# dots of a column → 一列中的点
# {lines} weights (lines), {hidden + outputs} biases (filled dots)
# → {lines} 个权重（线），{hidden + outputs} 个偏置（实心点）
# Three columns of dots, with a line from each dot to every dot of the next column;
# above them the numbers of lines and of filled dots.
# → 三列点，每个点都有线通到下一列的所有点；上方写着线的条数和实心点的个数。

# %% [markdown]
# ## Your first exercise
#
# An exercise is a function whose body is missing. The card says what it is worth
# and how long it may take. Read the docstring, put your code where
# `NotImplementedError` is raised, and run the cell. Then run the check below it. If
# something is wrong, it says what, and what to try. Under the check there are hints,
# folded: open one at a time.
#
# Count the parameters of a network of any depth.

# %% [markdown] lang="zh" of="adb49415"
# ## 第一道练习
#
# 练习是一个没有函数体的函数。卡片上写着分值和大概的用时。先读文档字符串，
# 再把代码写在抛出 `NotImplementedError` 的地方，运行这个单元格，然后运行下面的检查。
# 哪里不对，它会告诉你，并建议接下来试什么。检查下面有折叠的提示，每次打开一条就好。
#
# 来数一数任意深的网络有多少个参数。


# %% exercise="count_parameters" points=2 minutes=5 level=1
def count_parameters(widths):
    """How many weights and biases a network of dense layers has.

    widths: how many dots each column has, inputs first, such as [4, 3, 2].
    Returns a whole number.
    """
    ### BEGIN SOLUTION
    return sum((before + 1) * after for before, after in pairwise(widths))
    ### END SOLUTION


# %% [raw] lang="zh"
# How many weights and biases a network of dense layers has.
# → 由全连接层组成的网络有多少个权重和偏置。
# widths: how many dots each column has, inputs first, such as [4, 3, 2].
# Returns a whole number.
# → widths：每一列有几个点，输入在最前，例如 [4, 3, 2]。
#   返回一个整数。

# %% check="count_parameters"
N = count_parameters([3, 2])
bm.expect.true(N is not None, "nothing came back: is a `return` missing?")
bm.expect.true(not isinstance(N, float), "a number of parameters is a whole number")
advice = "a dot that lines lead to has a bias: 3·2 weights and 2 biases"
bm.expect.true(N != 6, advice)
bm.expect.true(N != 9, "inputs have no bias: only dots that lines lead to add one")
bm.expect.equal(N, 8, "3·2 weights and 2 biases")
advice = "4·3 + 3 for the first layer, 3·2 + 2 for the second: do you add them all?"
bm.expect.equal(count_parameters([4, 3, 2]), 23, advice)
### BEGIN HIDDEN TESTS
bm.expect.equal(count_parameters([784, 300, 100, 10]), 266_610, "every layer counts")
bm.expect.equal(count_parameters([5]), 0, "a single column has no lines and no biases")
bm.expect.equal(count_parameters([2, 9, 9, 9, 1]), 217, "every layer counts")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# nothing came back: is a `return` missing? → 什么也没有返回：是不是漏了 `return`？
# a number of parameters is a whole number → 参数个数是整数
# a dot that lines lead to has a bias: 3·2 weights and 2 biases
# → 有线通到的点都有一个偏置：3·2 个权重，还有 2 个偏置
# inputs have no bias: only dots that lines lead to add one
# → 输入没有偏置：只有线通到的点才加偏置
# 3·2 weights and 2 biases → 3·2 个权重，2 个偏置
# 4·3 + 3 for the first layer, 3·2 + 2 for the second: do you add them all?
# → 第一层 4·3 + 3，第二层 3·2 + 2：是不是都加起来了？
# every layer counts → 每一层都要算
# a single column has no lines and no biases → 只有一列时，没有线，也没有偏置

# %% [markdown] hint="count_parameters"
# Take two neighbouring columns only. How many lines run between 4 dots and 3 dots? How
# many dots do they lead to?

# %% [markdown] lang="zh" of="232eff0d"
# 先只看相邻的两列。4 个点与 3 个点之间有几条线？这些线通到几个点？

# %% [markdown] hint="count_parameters"
# `pairwise(widths)`, from `itertools`, gives the pairs of neighbours.

# %% [markdown] lang="zh" of="e3d5a3b3"
# `itertools` 里的 `pairwise(widths)` 给出一对对相邻的列。

# %% [markdown] hint="count_parameters"
# Add up `before * after + after` over all pairs.

# %% [markdown] lang="zh" of="8e32b5ca"
# 对所有的对，把 `before * after + after` 加起来。


# %% mistake="count_parameters" says="3·2 weights and 2 biases"
def count_parameters(widths):
    return sum(a * b for a, b in pairwise(widths))


# %% mistake="count_parameters" says="inputs have no bias"
def count_parameters(widths):
    return sum(a * (b + 1) for a, b in pairwise(widths))


# %% mistake="count_parameters" says="every layer counts"
def count_parameters(widths):
    return sum({(a + 1) * b for a, b in pairwise(widths)})


# %% mistake="count_parameters" says="a whole number"
def count_parameters(widths):
    w = np.array(widths, dtype=float)
    return ((w[:-1] + 1) * w[1:]).sum()


# %% mistake="count_parameters" says="do you add them all"
def count_parameters(widths):
    return (widths[0] + 1) * widths[-1]


# %% mistake="count_parameters" says="`widths` was changed"
def count_parameters(widths):
    total, before = 0, widths.pop(0)
    for after in widths:
        total, before = total + (before + 1) * after, after
    return total


# %% variant="count_parameters"
def count_parameters(widths):
    total = 0
    for layer in range(1, len(widths)):
        total += widths[layer - 1] * widths[layer]
        total += widths[layer]
    return total


# %% [markdown]
# A check cell stops the notebook where something is wrong. `bm.check` runs the same
# tests in any cell and does not stop. Both show the next hint at each failed attempt
# and keep count of what you have solved.

# %% [markdown] lang="zh" of="711b7244"
# 检查单元格一旦发现问题，笔记本就停在那里。`bm.check` 在任何单元格里
# 都能运行同样的测试，而且不会中断。每失败一次，两者都会给出下一条提示，
# 还会记下你做出了哪些题。

# %%
bm.check("count_parameters")

# %% [markdown]
# That is all there is to it. When you hand in a lesson, or run
# `python3 -m bmkit grade FILE` in a terminal, the same tests run and some hidden ones
# too, on other values: an answer made only for the visible ones gets no points there.
# `python3 -m bmkit progress` shows how far you have come.
#
# As a formula, with widths $w_0, \dots, w_k$, a network has
#
# $$N=\sum_{i=1}^{k}(w_{i-1}+1)\,w_i \label{count}$$
#
# parameters. PyTorch builds the network and counts for itself:

# %% [markdown] lang="zh" of="68d89071"
# 练习就是这么回事。交作业时，或者在终端里运行 `python3 -m bmkit grade FILE` 时，
# 除了这些测试，还会运行一些隐藏的测试，用的是别的数值：只为凑出可见结果的答案，
# 在那里拿不到分。`python3 -m bmkit progress` 显示你的进度。
#
# 写成公式：各列的宽度为 $w_0, \dots, w_k$ 时，网络有
#
# $$N=\sum_{i=1}^{k}(w_{i-1}+1)\,w_i \label{count}$$
#
# 个参数。让 PyTorch 搭出网络，自己数一遍：

# %% equation="count" of="51b3b2b5"
w = [64, 32, 16, 10]
layers = [nn.Linear(w[i - 1], w[i]) for i in range(1, len(w))]
built = sum(p.numel() for layer in layers for p in layer.parameters())
bm.equation("count", built, sum((w[i - 1] + 1) * w[i] for i in range(1, len(w))))
bm.expect.equal(count_parameters(w), built)

# %% [markdown]
# ## Real digits
#
# scikit-learn ships 1,797 digits written by hand, each a picture of 8 × 8 grey values.
# PyTorch keeps numbers in **tensors**: rows, tables, tables of tables. To a network a
# picture is a row of 64 numbers, and a **batch** of pictures is a table
# with a row for each. The network learns from the **training set**. The rest is the
# **test set**: it serves to measure what was learned, and nothing else.

# %% [markdown] lang="zh" of="408cc98a"
# ## 真实的数字
#
# scikit-learn 自带 1,797 个手写数字，每个是一幅 8 × 8 的灰度图。
# PyTorch 把数放在**张量**里：一行、一张表，或者一叠表。
# 对网络来说，一幅图就是一行 64 个数，一**批**图就是一张表，每幅图占一行。
# 网络从**训练集**学习；其余的是**测试集**，只用来衡量学到了什么。

# %%
digits = load_digits()
x = torch.tensor(digits.data / 16)  # (1797, 64), float64, from 0 to 1
y = torch.tensor(digits.target)  # (1797,)
order = torch.randperm(len(x))
train, test = order[:1400], order[1400:]
print(f"{len(train)} pictures in the training set, {len(test)} in the test set")

# %% [raw] lang="zh"
# (1797, 64), float64, from 0 to 1 → (1797, 64)，float64，从 0 到 1
# {len(train)} pictures in the training set, {len(test)} in the test set
# → 训练集 {len(train)} 幅，测试集 {len(test)} 幅

# %% fold
fig, axes = plt.subplots(2, 5, figsize=(6.4, 2.9), layout="constrained")
for ax, i in zip(axes.flat, train[:10].tolist(), strict=True):
    ax.imshow(x[i].view(8, 8), cmap="Greys")
    ax.set_title(str(int(y[i])))
    ax.set(xticks=[], yticks=[])
fig.supxlabel("8 × 8 grey values; above each, what it is")
bm.show.figure(fig, alt="Ten coarse grey pictures of handwritten digits, each named.")

# %% [raw] lang="zh"
# 8 × 8 grey values; above each, what it is → 8 × 8 个灰度值；上方写着它是几
# Ten coarse grey pictures of handwritten digits, each named.
# → 十幅粗糙的手写数字灰度图，每幅上方标着它是几。

# %% [markdown]
# ## A layer: one matrix product for a whole batch
#
# Between two columns of dots lies a **layer**. Its weights stand in a matrix $W$ with a
# row for each output and a column for each input: $W_{ij}$ is on the line from input
# $j$ to output $i$. Its biases stand in a vector $b$. Write the layer for a batch: the
# inputs run along the **last** axis of `x`, and whatever axes stand before it stay as
# they are.

# %% [markdown] lang="zh" of="0cff508c"
# ## 层：一次矩阵乘法算完一批
#
# 两列点之间是一个**层**。权重排成矩阵 $W$，每个输出占一行，每个输入占一列：
# $W_{ij}$ 就在从输入 $j$ 通到输出 $i$ 的线上。偏置排成向量 $b$。
# 请为一整批数据写出这个层：输入沿着 `x` 的**最后**一个轴排列，前面有几个轴都保持不变。


# %% exercise="layer" points=3 minutes=6 level=2
def layer(x, W, b):
    """Dense layer, for any number of leading axes.

    x: (..., inputs); W: (outputs, inputs); b: (outputs,), all of one type.
    Returns (..., outputs), a tensor of that type; gradients reach x, W and b.
    """
    ### BEGIN SOLUTION
    return x @ W.T + b
    ### END SOLUTION


# %% [raw] lang="zh"
# Dense layer, for any number of leading axes. → 全连接层，前面可以有任意多个轴。
# x: (..., inputs); W: (outputs, inputs); b: (outputs,), all of one type.
# Returns (..., outputs), a tensor of that type; gradients reach x, W and b.
# → x：(..., inputs)；W：(outputs, inputs)；b：(outputs,)，类型都相同。
#   返回 (..., outputs)，是同一类型的张量；梯度能传到 x、W 和 b。

# %% check="layer"
W = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
one = torch.eye(3)[:1].expand(3, 3)  # three examples, each has only input 0 on
advice = "W[i, j] leads from input j to output i: multiply x by W transposed"
got = layer(one, W, torch.zeros(3))
bm.expect.close(got, torch.tensor([[1.0, 4.0, 7.0]] * 3), advice)
b = torch.tensor([10.0, 20.0, 30.0])
advice = "add the bias b, one number for each output"
bm.expect.close(layer(torch.zeros(2, 3), W, b), b.expand(2, 3), advice)
got = layer(torch.ones(5, 3), W[:2], b[:2])
bm.expect.shape(got, (5, 2), "a row for each example, a column for each output")
x, W, b = (torch.full(n, 0.5).requires_grad_() for n in ((4, 3), (2, 3), (2,)))
advice = "gradients must reach x, W and b: stay with tensors, without detach or item"
bm.expect.gradient(layer(x, W, b), [x, W, b], advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(3)
double = {"generator": draws, "dtype": torch.float64}
x, W, b = (torch.randn(n, **double) for n in ((4, 3), (2, 3), (2,)))
advice = "compute in the type of what was given: float64 stays float64"
bm.expect.close(layer(x, W, b), F.linear(x, W, b), advice, rtol=1e-12, atol=1e-12)
x3, W3 = torch.randn(2, 3, 3, generator=draws), torch.randn(3, 3, generator=draws)
b = torch.tensor([10.0, 20.0, 30.0])
advice = "the inputs run along the last axis of x: leave the axes before it alone"
got = layer(x3, W3, b)
bm.expect.close(got, F.linear(x3, W3, b), advice)
advice = "compute in the type of what was given: float32 stays float32"
bm.expect.true(got.dtype == x3.dtype, advice)
advice = "a single example is a vector: it has no batch axis at all"
one = F.linear(x3, W3[:2], b[:2])[0, 0]
bm.expect.close(layer(x3[0, 0], W3[:2], b[:2]), one, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# three examples, each has only input 0 on → 三个样本，都只有输入 0 为 1
# W[i, j] leads from input j to output i: multiply x by W transposed
# → W[i, j] 从输入 j 通到输出 i：x 要乘 W 的转置
# add the bias b, one number for each output → 要加上偏置 b，每个输出一个数
# a row for each example, a column for each output → 每个样本一行，每个输出一列
# gradients must reach x, W and b: stay with tensors, without detach or item
# → 梯度要能传到 x、W 和 b：全程用张量计算，不要 detach 或 item
# compute in the type of what was given: float64 stays float64
# → 用传入的类型计算：float64 仍是 float64
# compute in the type of what was given: float32 stays float32
# → 用传入的类型计算：float32 仍是 float32
# the inputs run along the last axis of x: leave the axes before it alone
# → 输入沿 x 的最后一个轴排列：前面的轴不要动
# a single example is a vector: it has no batch axis at all
# → 单个样本就是一个向量，根本没有批次轴

# %% [markdown] hint="layer"
# A product `A @ B` needs as many columns of `A` as `B` has rows, and these disappear.
# You have (..., inputs) and (outputs, inputs), and want (..., outputs).

# %% [markdown] lang="zh" of="84c20f49"
# 乘积 `A @ B` 要求 `A` 的列数等于 `B` 的行数，这一维随之消失。
# 你手上是 (..., inputs) 和 (outputs, inputs)，想要 (..., outputs)。

# %% [markdown] hint="layer"
# `W.T` is (inputs, outputs). A vector `b` is added to every row by itself: this is
# broadcasting.

# %% [markdown] lang="zh" of="edfd1dcf"
# `W.T` 的形状是 (inputs, outputs)。向量 `b` 会自动加到每一行上，这叫广播。


# %% mistake="layer" says="W transposed"
def layer(x, W, b):
    return x @ W + b


# %% mistake="layer" says="add the bias"
def layer(x, W, b):
    return x @ W.T


# %% mistake="layer" says="last axis"
def layer(x, W, b):
    return torch.stack([W @ example + b for example in x])


# %% mistake="layer" says="gradients must reach"
def layer(x, W, b):
    return x.detach() @ W.detach().T + b.detach()


# %% mistake="layer" says="a NumPy array"
def layer(x, W, b):
    return x.detach().numpy() @ W.detach().numpy().T + b.detach().numpy()


# %% mistake="layer" says="float64"
def layer(x, W, b):
    return x.float() @ W.float().T + b.float()


# %% mistake="layer" says="float32 stays float32"
def layer(x, W, b):
    return x.double() @ W.double().T + b.double()


# %% variant="layer"
def layer(x, W, b):
    return torch.einsum("...i,oi->...o", x, W) + b


# %% [markdown]
# One product serves one picture, a batch, or a batch of batches. The most frequent
# error of a beginner is two shapes that do not fit. So write shapes into comments, as
# this course does.
#
# ## Scores into probabilities
#
# The last layer gives ten scores $z$, one for each digit, also called **logits**. Any
# numbers can come out. To
# read them as probabilities they must be positive and sum to 1. The **softmax** does
# this: it takes the exponential of each and divides by the sum,
#
# $$p_i=\frac{e^{z_i}}{\sum_j e^{z_j}}.$$
#
# Written as it stands, it breaks down at modest scores:

# %% [markdown] lang="zh" of="89dd8f7e"
# 同一个乘积，既可以算一幅图，也可以算一批图，甚至一批批的图。
# 初学时最常见的错误是两个形状对不上，所以请像本课程这样，把形状写进注释。
#
# ## 从分数到概率
#
# 最后一层给出十个分数 $z$，每个数字一个，也叫 **logits**，多大多小都可能。
# 要当作概率来读，它们必须是正的，加起来等于 1。**softmax** 做的就是这件事：
# 各取指数，再除以总和，
#
# $$p_i=\frac{e^{z_i}}{\sum_j e^{z_j}}.$$
#
# 照字面写成代码，分数稍大就坏了：

# %%
z = torch.tensor([800.0, 799.0])
z.exp(), z.exp() / z.exp().sum()

# %% [markdown]
# $e^{800}$ is too large for the machine and becomes infinite: this is **overflow**.
# Infinity divided by infinity is no number (`nan`). But only differences of scores
# matter. For any number $c$,
#
# $$\frac{e^{z_i-c}}{\sum_j e^{z_j-c}}=\frac{e^{z_i}}{\sum_j e^{z_j}} \label{shift}$$
#
# since $e^{z_i-c}=e^{z_i}e^{-c}$: the factor $e^{-c}$ stands above and below, and
# cancels. So choose $c$ such that nothing can overflow.

# %% [markdown] lang="zh" of="f5817e00"
# $e^{800}$ 对机器来说太大，成了无穷，这叫**溢出**；无穷除以无穷，就不是数了（`nan`）。
# 好在起作用的只是分数之差。对任意的数 $c$，
#
# $$\frac{e^{z_i-c}}{\sum_j e^{z_j-c}}=\frac{e^{z_i}}{\sum_j e^{z_j}} \label{shift}$$
#
# 因为 $e^{z_i-c}=e^{z_i}e^{-c}$，分子分母都有因子 $e^{-c}$，正好约去。
# 那就选一个 $c$，让什么都不会溢出。

# %% equation="shift" of="41192684"
z, c = torch.randn(5, dtype=torch.float64), 3.7
shifted = (z - c).exp() / (z - c).exp().sum()
bm.equation("shift", shifted, z.exp() / z.exp().sum(), atol=1e-12)


# %% exercise="softmax" points=3 minutes=8 level=2
def softmax(z):
    """Probabilities from scores, along the last axis, without overflow.

    z: (..., classes), a float tensor of any finite numbers; not changed.
    Returns the same shape and type: each row sums to 1. Gradients reach z.
    Use exponentials and sums.
    """
    ### BEGIN SOLUTION
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
    ### END SOLUTION


# %% [raw] lang="zh"
# Probabilities from scores, along the last axis, without overflow.
# → 沿最后一个轴，把分数变成概率，不溢出。
# z: (..., classes), a float tensor of any finite numbers; not changed.
# Returns the same shape and type: each row sums to 1. Gradients reach z.
# Use exponentials and sums.
# → z：(..., classes)，浮点张量，任意有限的数；不要改动它。
#   返回同样的形状和类型：每行之和为 1。梯度能传到 z。
#   请用指数与求和来写。

# %% check="softmax"
z = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
p = softmax(z)
bm.expect.shape(p, (2, 3), "one probability for each score")
advice = "each row sums to 1 by itself: sum along the last axis, keepdim=True"
bm.expect.close(p.sum(-1), torch.ones(2), advice)
bm.expect.close(p, torch.softmax(z, -1), "exponentials, divided by their sum")
large = torch.tensor([[800.0, 799.0]])
advice = "exp overflows: subtract the largest score first, it changes nothing else"
bm.expect.close(softmax(large), torch.softmax(large, -1), advice, atol=1e-3)
far = torch.tensor([[800.0, 799.0], [-800.0, -801.0]])
advice = "subtract each row's own largest score, not the largest of all"
bm.expect.close(softmax(far), torch.softmax(far, -1), advice, atol=1e-3)
z = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
advice = "gradients must reach z: stay with tensors, without detach or item"
bm.expect.gradient(softmax(z)[0], [z], advice)
### BEGIN HIDDEN TESTS
draws = torch.Generator().manual_seed(2)
z = torch.randn(2, 4, 5, generator=draws, dtype=torch.float64)
advice = "along the last axis, at any depth"
bm.expect.close(softmax(z), torch.softmax(z, -1), advice, rtol=1e-12, atol=1e-12)
wide = torch.tensor([[0.0, 1000.0, -9.0], [1000.0, -1000.0, 990.0], [-2000.0, 0, 0]])
advice = "exp overflows when the scores lie far apart: subtract the largest, no other"
p = softmax(wide)
bm.expect.close(p, torch.softmax(wide, -1), advice, atol=1e-3)
bm.expect.true(p.dtype == wide.dtype, "float32 goes in, float32 comes out")
z = torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.7, 0.2]], requires_grad=True)
mine, want = (
    torch.autograd.grad(p[:, 0].sum(), z)[0] for p in (softmax(z), torch.softmax(z, -1))
)
advice = "the gradient must flow through the exponentials and through their sum"
bm.expect.close(mine, want, advice)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# one probability for each score → 每个分数一个概率
# each row sums to 1 by itself: sum along the last axis, keepdim=True
# → 每一行各自的和为 1：沿最后一个轴求和，并用 keepdim=True
# exponentials, divided by their sum → 取指数，再除以它们的和
# exp overflows: subtract the largest score first, it changes nothing else
# → exp 溢出了：先减去最大的分数，别的什么都不会变
# subtract each row's own largest score, not the largest of all
# → 每一行减去自己的最大分数，而不是所有分数中的最大值
# gradients must reach z: stay with tensors, without detach or item
# → 梯度要能传到 z：全程用张量计算，不要 detach 或 item
# exp overflows when the scores lie far apart: subtract the largest, no other
# → 分数相差很大时 exp 溢出了：减去的要是最大值，而不是别的
# along the last axis, at any depth → 无论几个轴，都沿最后一个
# float32 goes in, float32 comes out → 进去是 float32，出来也是 float32
# the gradient must flow through the exponentials and through their sum
# → 梯度既要经过指数，也要经过它们的和

# %% [markdown] hint="softmax"
# Which $c$ makes the largest exponent exactly 0? Then no exponential exceeds 1.

# %% [markdown] lang="zh" of="dc03e4bf"
# 取哪个 $c$，最大的指数正好为 0？这样每个指数值都不超过 1。

# %% [markdown] hint="softmax"
# `z.amax(-1, keepdim=True)` is each row's largest, of shape (..., 1), ready to be
# subtracted. `keepdim=True` helps the sum in the same way.

# %% [markdown] lang="zh" of="64bf7a88"
# `z.amax(-1, keepdim=True)` 是每行的最大值，形状为 (..., 1)，可以直接相减。
# 求和时 `keepdim=True` 同样好用。

# %% [markdown] hint="softmax"
# `e = (z - z.amax(-1, keepdim=True)).exp()`, then divide `e` by
# `e.sum(-1, keepdim=True)`.

# %% [markdown] lang="zh" of="af22cd22"
# `e = (z - z.amax(-1, keepdim=True)).exp()`，然后让 `e` 除以
# `e.sum(-1, keepdim=True)`。


# %% mistake="softmax" says="exp overflows"
def softmax(z):
    return z.exp() / z.exp().sum(-1, keepdim=True)


# %% mistake="softmax" says="each row sums to 1"
def softmax(z):
    e = (z - z.max()).exp()
    return e / e.sum()


# %% mistake="softmax" says="each row's own"
def softmax(z):
    e = (z - z.max()).exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax" says="far apart"
def softmax(z):
    e = (z - z.mean(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax" says="far apart"
def softmax(z):
    e = (z - z[..., :1]).exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax" says="far apart"
def softmax(z):
    e = (z - z.amin(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax" says="was changed"
def softmax(z):
    z = z.data
    z -= z.amax(-1, keepdim=True)
    e = z.exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax" says="through their sum"
def softmax(z):
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True).detach()


# %% mistake="softmax" says="float32 comes out"
def softmax(z):
    return torch.softmax(z.double(), -1)


# %% variant="softmax"
def softmax(z):
    return (z - torch.logsumexp(z, -1, keepdim=True)).exp()


# %% [markdown]
# A colleague subtracts the mean of the scores instead of the largest, and says: "I
# tried it on fifty rows, and it agrees with PyTorch to six decimal places."

# %% [markdown] lang="zh" of="b04cad3c"
# 一位同事减去的不是最大的分数，而是分数的平均值。他说：“我试了五十行，
# 与 PyTorch 的结果在小数点后六位之内都相同。”


# %%
def by_mean(z):
    e = (z - z.mean(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


z = torch.randn(50, 3)
gap = (by_mean(z) - torch.softmax(z, -1)).abs().max()
print(f"largest difference over fifty rows: {gap:.1e}")

# %% [raw] lang="zh"
# largest difference over fifty rows: {gap:.1e} → 五十行中最大的差：{gap:.1e}

# %% [markdown]
# That is true, and yet the function is wrong. A test shows nothing about the inputs
# that it leaves out. Find scores for which it fails. Think first: what is the largest
# exponent, when the mean is subtracted?

# %% [markdown] lang="zh" of="1af44776"
# 他说的是事实，而这个函数仍然是错的：没有试过的输入，测试什么也说明不了。
# 请找出让它出错的分数。先想一想：减去平均值之后，最大的指数是多少？


# %% exercise="failing_scores" points=2 minutes=5 level=2
def failing_scores():
    """Scores for which `by_mean` fails, though every one of them is finite.

    Returns a float32 tensor of shape (3,), for which `by_mean` gives a `nan`.
    """
    ### BEGIN SOLUTION
    return torch.tensor([0.0, 0.0, 200.0])
    ### END SOLUTION


# %% [raw] lang="zh"
# Scores for which `by_mean` fails, though every one of them is finite.
# → 让 `by_mean` 出错的分数，而每一个分数都是有限的。
# Returns a float32 tensor of shape (3,), for which `by_mean` gives a `nan`.
# → 返回形状为 (3,) 的 float32 张量，使 `by_mean` 给出 `nan`。

# %% check="failing_scores"
z = failing_scores()
bm.expect.shape(z, (3,), "three scores, in one row")
advice = "give a float32 tensor: torch.tensor([…, …, …]) with decimal points"
bm.expect.true(str(getattr(z, "dtype", "")) == "torch.float32", advice)
bm.expect.true(bool(z.isfinite().all()), "every score itself must be finite")
found = (z - z.mean()).exp() / (z - z.mean()).exp().sum()
advice = "by_mean copes with these: what must be far from the mean to overflow?"
bm.expect.true(bool(found.isnan().any()), advice)
### BEGIN HIDDEN TESTS
bm.expect.true(bool(torch.softmax(z, -1).isfinite().all()), "finite scores, all three")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# three scores, in one row → 三个分数，排成一行
# give a float32 tensor: torch.tensor([…, …, …]) with decimal points
# → 要一个 float32 张量：torch.tensor([…, …, …])，写上小数点
# every score itself must be finite → 每个分数本身必须是有限的
# by_mean copes with these: what must be far from the mean to overflow?
# → 这些分数 by_mean 应付得了：什么离平均值很远，才会溢出？
# finite scores, all three → 三个分数都要有限

# %% [markdown] hint="failing_scores"
# In float32 the exponential overflows a little above 88. How far above the mean can
# the largest of three scores lie?

# %% [markdown] lang="zh" of="5b3b21ff"
# 在 float32 里，指数略大于 88 就溢出。三个分数中最大的一个，能比平均值高出多少？

# %% [markdown] hint="failing_scores"
# Keep two scores at 0 and raise the third. The mean rises by a third of it, so that two
# thirds of it are left as the exponent.

# %% [markdown] lang="zh" of="263c2dfc"
# 两个分数保持为 0，把第三个升高。平均值只升高它的三分之一，指数里还剩三分之二。


# %% mistake="failing_scores" says="copes with these"
def failing_scores():
    return torch.tensor([800.0, 799.0, 798.0])


# %% mistake="failing_scores" says="must be finite"
def failing_scores():
    return torch.tensor([0.0, 0.0, float("inf")])


# %% mistake="failing_scores" says="copes with these"
def failing_scores():
    return torch.tensor([-90.0, 0.0, 0.0])


# %% mistake="failing_scores" says="float32"
def failing_scores():
    return torch.tensor([0, 0, 200])


# %% variant="failing_scores"
def failing_scores():
    return torch.linspace(-1000, 1000, 3)


# %% [raw] excuse="failing_scores"
# [0.0, 0.0, 200.0] → [0.0, 0.0, 400.0]: further from the mean it fails as well
# [0.0, 0.0, 200.0] → [0.0, 0.0, 201.0]: further from the mean it fails as well


# %% [markdown]
# ## One step down
#
# The network starts with random parameters and is wrong. The **loss function** $J$ says
# how wrong, in one number, the loss: here, minus the logarithm of the probability that
# it gave to the right digit, averaged over the pictures. Think of the loss as a
# landscape over all parameters $\theta$. The **gradient** $g$ holds its slope in the
# direction of each parameter, and PyTorch computes it at any place. To learn is to step
# against the gradient, again and again, by a **learning rate** `lr` times the gradient:
#
# $$\theta \leftarrow \theta - \mathrm{lr}\; g$$
#
# Here is a landscape with a single parameter. What does a small `lr` do, and what a
# large one?

# %% [markdown] lang="zh" of="b336c695"
# ## 向下一步
#
# 一开始，参数是随机的，网络总是出错。**损失函数** $J$ 用一个数，即损失，说出错得多厉
# 害：在这里，它是网络给正确数字的概率取对数、再取负，对所有的图求平均。不妨把损失想成一
# 片地形，铺在所有参数 $\theta$ 之上。**梯度** $g$ 就是它在每个参数方向上的斜率，任意一
# 处的梯度 PyTorch 都能算出来。所谓学习，就是一次又一次逆着梯度走，步子的大小是
# **学习率** `lr` 乘以梯度：
#
# $$\theta \leftarrow \theta - \mathrm{lr}\; g$$
#
# 下面的地形只有一个参数。`lr` 小了会怎样，大了又会怎样？


# %% fold
def walk(start, lr):
    curve = torch.linspace(-3, 3, 200)
    height = lambda t: t**4 / 10 - t**2 / 2 + t / 5
    path = [start]
    for _ in range(12):
        slope = 0.4 * path[-1] ** 3 - path[-1] + 0.2
        path.append(max(-3.0, min(3.0, path[-1] - lr * slope)))
    path = torch.tensor(path)
    fig, ax = plt.subplots()
    ax.plot(curve, height(curve))
    ax.plot(path, height(path), "o-", lw=1, ms=5)
    ax.plot(path[:1], height(path[:1]), "s", ms=9, color="black", label="start")
    ax.set(xlabel="the parameter θ", ylabel="loss J", ylim=(-1.5, 5))
    ax.set_title(f"after 12 steps: θ = {path[-1]:.2f}, J = {height(path[-1]):.2f}")
    ax.legend()
    return fig


alt = (
    "A curve with two valleys, the left one deeper. A square marks the start, and dots "
    "joined by lines the twelve steps from there."
)
bm.show.explore(walk, alt=alt, start=(-2.8, 2.8, 0.2, 2.6), lr=(0.02, 2.0, 0.02, 0.1))


# %% [raw] lang="zh"
# start → 起点
# the parameter θ → 参数 θ
# loss J → 损失 J
# after 12 steps: θ = {path[-1]:.2f}, J = {height(path[-1]):.2f}
# → 12 步之后：θ = {path[-1]:.2f}，J = {height(path[-1]):.2f}
# A curve with two valleys, the left one deeper. A square marks the start, and dots
# joined by lines the twelve steps from there.
# → 一条有两个谷的曲线，左边的更深。方块是起点，连着线的圆点是从那里走出的十二步。

# %% [markdown]
# Too small, and it hardly moves. Too large, and it jumps across the valley. And where
# it ends depends on where it starts. A real network has thousands of parameters, in
# several tensors, and each takes the same step.

# %% [markdown] lang="zh" of="c212131c"
# 太小，几乎不动；太大，在谷的两边跳来跳去。最后停在哪里，还要看从哪里出发。
# 真正的网络有成千上万个参数，分在几个张量里，每个都走同样的一步。


# %% exercise="step" points=2 minutes=5 level=1
def step(theta, g, lr):
    """One step against the gradient, for every tensor of parameters.

    theta: a list of tensors; g: as many gradients, of the same shapes; lr: a number.
    Returns a list of new tensors, and leaves those given as they are.
    """
    ### BEGIN SOLUTION
    return [t - lr * slope for t, slope in zip(theta, g, strict=True)]
    ### END SOLUTION


# %% [raw] lang="zh"
# One step against the gradient, for every tensor of parameters.
# → 每个参数张量都逆着梯度走一步。
# theta: a list of tensors; g: as many gradients, of the same shapes; lr: a number.
# Returns a list of new tensors, and leaves those given as they are.
# → theta：一列张量；g：同样多的梯度，形状也相同；lr：一个数。
#   返回一列新的张量，不改动传进来的。

# %% check="step"
theta, g = [torch.tensor([3.0])], [torch.tensor([6.0])]  # J = θ², its gradient is 2θ
after = step(theta, g, 0.1)
bm.expect.true(after is not None, "nothing came back: is a `return` missing?")
after = bm.expect.several(after, 1, "as many tensors come back as went in")
advice = "this went uphill: a step goes against the gradient"
bm.expect.true(float(after[0][0]) < 3, advice)
advice = "the step is lr times the gradient: from 3, at gradient 6, by 0.1 · 6"
bm.expect.close(after[0], torch.tensor([2.4]), advice)
### BEGIN HIDDEN TESTS
double = {"dtype": torch.float64}
theta = [torch.ones(2, 3, **double), torch.zeros(4, **double)]
g = [torch.full((2, 3), 3.0, **double), torch.arange(4.0, **double)]
advice = "every tensor takes a step"
after = bm.expect.several(step(theta, g, 0.3), 2, advice)
exact = {"rtol": 1e-12, "atol": 1e-12}
bm.expect.close(after[0], theta[0] - 0.9, "the shapes and the type stay", **exact)
bm.expect.close(after[1], -0.3 * g[1], "each with its own gradient", **exact)
### END HIDDEN TESTS

# %% [raw] lang="zh"
# J = θ², its gradient is 2θ → J = θ²，梯度为 2θ
# nothing came back: is a `return` missing? → 什么也没有返回：是不是漏了 `return`？
# as many tensors come back as went in → 进去几个张量，就出来几个
# this went uphill: a step goes against the gradient → 这是在上坡：要逆着梯度走
# the step is lr times the gradient: from 3, at gradient 6, by 0.1 · 6
# → 一步的大小是 lr 乘梯度：从 3 出发，梯度为 6，走 0.1 · 6
# every tensor takes a step → 每个张量都走一步
# the shapes and the type stay → 形状和类型不变
# each with its own gradient → 各用各的梯度

# %% [markdown] hint="step"
# Go through both lists side by side, with `zip`.

# %% [markdown] lang="zh" of="720d7b57"
# 用 `zip` 把两个列表并排走一遍。

# %% [markdown] hint="step"
# For each pair, the formula above: `t - lr * slope` makes a new tensor.

# %% [markdown] lang="zh" of="a01d9783"
# 对每一对，照上面的公式：`t - lr * slope` 得到一个新的张量。


# %% mistake="step" says="uphill"
def step(theta, g, lr):
    return [t + lr * slope for t, slope in zip(theta, g, strict=True)]


# %% mistake="step" says="lr times the gradient"
def step(theta, g, lr):
    return [t - lr * slope.sign() for t, slope in zip(theta, g, strict=True)]


# %% mistake="step" says="`theta` was changed"
def step(theta, g, lr):
    for t, slope in zip(theta, g, strict=True):
        t -= lr * slope
    return theta


# %% mistake="step" says="`g` was changed"
def step(theta, g, lr):
    for slope in g:
        slope *= lr
    return [t - slope for t, slope in zip(theta, g, strict=True)]


# %% mistake="step" says="`g` was changed"
def step(theta, g, lr):
    return [t - lr * g.pop(0) for t in theta]


# %% mistake="step" says="the type stay"
def step(theta, g, lr):
    return [t.float() - lr * slope.float() for t, slope in zip(theta, g, strict=True)]


# %% variant="step"
def step(theta, g, lr):
    after = []
    for i in range(len(theta)):
        after.append(torch.add(theta[i], g[i], alpha=-lr))
    return after


# %% [raw] excuse="step"
# the result is detached: a step is taken when the gradient is known

# %% [markdown]
# ## Everything together
#
# Those were the parts. Between 64 inputs and 10 outputs we put a hidden column of 32
# dots, and after it a `relu`, which sets negative numbers to 0: without it two layers
# would compute no more than one, as the lesson [Layers and activations](lesson:layers)
# shows.

# %% [markdown] lang="zh" of="38c068b7"
# ## 拼到一起
#
# 部件齐了。64 个输入与 10 个输出之间放一列 32 个隐藏的点，后面接 `relu`，
# 它把负数变成 0：少了它，两层能算的并不比一层多，
# [层与激活](lesson:layers)一课会说明原因。


# %%
def scores(x, theta):
    W1, b1, W2, b2 = theta
    h = layer(x, W1, b1).relu()  # (n, 32)
    return layer(h, W2, b2)  # (n, 10)


def loss(x, y, theta):
    p = softmax(scores(x, theta))  # (n, 10)
    return -p[torch.arange(len(y)), y].clamp(min=1e-30).log().mean()


def right(x, y, theta):
    return (scores(x, theta).argmax(-1) == y).double().mean().item()


# %%
widths = [64, 32, 10]
start = []
for before, after in pairwise(widths):
    start.append(torch.randn(after, before, dtype=x.dtype) / before**0.5)
    start.append(torch.zeros(after, dtype=x.dtype))
share = right(x[test], y[test], start)
print(f"{count_parameters(widths)} parameters, untrained: {share:.2f} right")

# %% [raw] lang="zh"
# {count_parameters(widths)} parameters, untrained: {share:.2f} right
# → {count_parameters(widths)} 个参数，未经训练：认对 {share:.2f}

# %% [markdown]
# The share of right answers is called **accuracy**; guessing reaches about 0.1. Now
# train: ask PyTorch for the gradient, take your step, repeat. (`requires_grad_` tells
# PyTorch to keep track of a tensor.)

# %% [markdown] lang="zh" of="d7893d0c"
# 答对的比例叫**准确率**；瞎猜大约是 0.1。现在来训练：向 PyTorch 要梯度，走你的一步，如
# 此反复。（`requires_grad_` 告诉 PyTorch 要跟踪这个张量。）

# %%
theta, losses, unseen = start, [], []
for _ in bm.show.progress(range(steps)):
    theta = [t.detach().requires_grad_() for t in theta]
    J = loss(x[train], y[train], theta)
    g = torch.autograd.grad(J, theta)
    with torch.no_grad():
        theta = step(theta, g, lr=0.5)
        losses.append(J.item())
        unseen.append(right(x[test], y[test], theta))

# %% fold
fig, (left, other) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left.semilogy(losses)
left.set(xlabel="step", ylabel="loss on the training set")
other.plot(unseen)
other.axhline(0.1, ls=":", color="0.4")
other.text(steps, 0.12, "guessing", ha="right")
other.set(xlabel="step", ylabel="accuracy on the test set", ylim=(0, 1))
alt = "The loss falls; the accuracy on the test set climbs from 0.1 to nearly 1."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# step → 步
# loss on the training set → 训练集上的损失
# guessing → 瞎猜
# accuracy on the test set → 测试集上的准确率
# The loss falls; the accuracy on the test set climbs from 0.1 to nearly 1.
# → 损失一路下降；测试集上的准确率从 0.1 升到接近 1。

# %%
bm.claim(
    "Your network reads nine of ten digits that it has never seen",
    lambda right: right > 0.9,
    {"right": unseen[-1]},
    control={"right": share},
    against="before training",
)

# %% [raw] lang="zh"
# Your network reads nine of ten digits that it has never seen
# → 没见过的数字，你的网络十个里能认对九个以上
# before training → 训练之前

# %% [markdown]
# It works, and every line in it is yours or plain arithmetic. Does PyTorch do the same?
# Its own layers, its own loss and its own **optimizer**, which takes the steps, from
# the same start:

# %% [markdown] lang="zh" of="5ceccf17"
# 成了，而且每一行不是你写的，就是普通的算术。PyTorch 做的是同一件事吗？
# 用它自己的层、自己的损失、自己的**优化器**（由它来走每一步），从同一个起点出发：


# %%
def by_pytorch(lr):
    """PyTorch's scores of the test set, trained from the same start."""
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).double()
    with torch.no_grad():
        for parameter, given in zip(model.parameters(), start, strict=True):
            parameter.copy_(given)
    optimizer = torch.optim.SGD(model.parameters(), lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x[train]), y[train]).backward()
        optimizer.step()
    return model(x[test]).detach()


# %% [raw] lang="zh"
# PyTorch's scores of the test set, trained from the same start.
# → PyTorch 从同一个起点训练后，给测试集的分数。

# %%
mine = scores(x[test], theta)
bm.claim(
    "From the same start, PyTorch's network learns the same as yours, to rounding",
    lambda largest_gap: largest_gap < 1e-6,
    {"largest_gap": (by_pytorch(lr=0.5) - mine).abs().max()},
    control={"largest_gap": (by_pytorch(lr=0.4) - mine).abs().max()},
    against="PyTorch with the learning rate 0.4",
)

# %% [raw] lang="zh"
# From the same start, PyTorch's network learns the same as yours, to rounding
# → 从同一个起点出发，PyTorch 的网络学到的与你的相同，只差舍入
# PyTorch with the learning rate 0.4 → 学习率为 0.4 的 PyTorch

# %% [markdown]
# Now play with it. Pick an unseen digit. Add noise, or push the picture to the right by
# some pixels, and watch the ten probabilities.

# %% [markdown] lang="zh" of="d1fd2a7a"
# 现在来玩玩。选一个它没见过的数字，加些噪声，或者把图向右推几个像素，
# 看十个概率怎样变化。


# %% fold
def pushed(x, pixels):
    """Pictures (n, 64) moved to the right, with blank columns behind them."""
    pictures = x.view(-1, 8, 8)
    return F.pad(pictures, (pixels, 0))[:, :, :8].flatten(1)


def read(which, noise, push):
    draws = torch.Generator().manual_seed(which)
    picture = pushed(x[test[which]][None], push)
    picture = picture + noise * torch.randn(1, 64, generator=draws)
    p = softmax(scores(picture, theta))[0]
    fig, (left, bars) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    left.imshow(picture.view(8, 8), cmap="Greys", vmin=0, vmax=1)
    left.set(xlabel="pixel", ylabel="pixel", title=f"it is a {y[test[which]]}")
    left.grid(False)
    bars.bar(range(10), p, color="#1b3a6b")
    bars.set(xlabel="digit", ylabel="probability", ylim=(0, 1), xticks=range(10))
    bars.set_title(f"the network reads {p.argmax()}")
    return fig


alt = (
    "Left: a handwritten digit, as the sliders change it. Right: ten bars, the "
    "probability that the network gives to each digit."
)
controls = {
    "which": (0, 99, 1, 0),
    "noise": (0.0, 1.0, 0.05, 0.0),
    "push": (0, 4, 1, 0),
}
bm.show.explore(read, alt=alt, **controls)


# %% [raw] lang="zh"
# Pictures (n, 64) moved to the right, with blank columns behind them.
# → 把图 (n, 64) 向右移，后面补上空白的列。
# pixel → 像素
# it is a {y[test[which]]} → 它是 {y[test[which]]}
# digit → 数字
# probability → 概率
# the network reads {p.argmax()} → 网络读作 {p.argmax()}
# Left: a handwritten digit, as the sliders change it. Right: ten bars, the
# probability that the network gives to each digit.
# → 左：一个手写数字，随滑块变化。右：十根柱子，是网络给每个数字的概率。

# %% [markdown]
# A little noise hardly matters. A push of two pixels, with which you read on without
# trouble, ruins it: to this network a pixel is just one of 64 inputs, and it knows of
# no left or right.

# %% [markdown] lang="zh" of="e27725ce"
# 一点噪声无关紧要。推两个像素，你照样认得，它却全乱了：对这个网络来说，
# 一个像素只是 64 个输入之一，它不知道什么是左右。

# %%
noisy = x[test] + 0.1 * torch.randn(len(test), 64)
bm.claim(
    "Two pixels to the right, and the network loses most of what it could read",
    lambda as_it_was, changed: changed < as_it_was / 2,
    {"as_it_was": unseen[-1], "changed": right(pushed(x[test], 2), y[test], theta)},
    control={"as_it_was": unseen[-1], "changed": right(noisy, y[test], theta)},
    against="noise of 0.1 on each pixel instead",
)

# %% [raw] lang="zh"
# Two pixels to the right, and the network loses most of what it could read
# → 向右挪两个像素，网络原本认得的丢了一大半
# noise of 0.1 on each pixel instead → 不挪动，而是给每个像素加 0.1 的噪声

# %% [markdown]
# One more measurement belongs to an honest report, a **baseline**: what does the
# simplest method reach on the same test set? The simplest reader learns nothing. It
# looks up the most similar picture of the training set, its **nearest neighbour**, and
# answers what that one was. Guess first: will it beat your network?

# %% [markdown] lang="zh" of="9387d159"
# 诚实的报告里还少不了一项测量，那就是**基线**：在同一个测试集上，
# 最简单的方法能做到多好？最简单的读法什么都不学：在训练集里找最像的一幅，
# 即它的**最近邻**，那幅是几就答几。先猜一猜：它会赢过你的网络吗？


# %%
def by_nearest(pictures):
    """Accuracy of the nearest of these training pictures."""
    known = KNeighborsClassifier(1).fit(x[pictures], y[pictures])
    return known.score(x[test], y[test])


bm.claim(
    "A baseline that learns nothing reads more digits than your network",
    lambda nearest, network: nearest > network,
    {"nearest": by_nearest(train), "network": unseen[-1]},
    control={"nearest": by_nearest(train[:40]), "network": unseen[-1]},
    against="only 40 pictures to look up",
)

# %% [raw] lang="zh"
# Accuracy of the nearest of these training pictures. → 用这些训练图中最近邻的准确率。
# A baseline that learns nothing reads more digits than your network
# → 什么都不学的基线，认对的数字比你的网络还多
# only 40 pictures to look up → 只有 40 幅图可查

# %% [markdown]
# The baseline wins. With 1,400 pictures of 64 pixels, nearly every unseen digit has a
# close relative among them. That does not make the network useless: it keeps 2,410
# numbers instead of 89,600, and it does not search. But had we reported its accuracy
# alone, we would have praised the weaker of two methods. That is why every project in
# this course begins with a baseline.
#
# Both facts show the way. The push is why there are architectures:
# [Convolutional networks](lesson:convolution) builds a network in which a shape is the
# same wherever it lies.
#
# ## What models use today
#
# Your parts are those of the largest models. A **language model** predicts how a text
# goes on. It ends in a dense layer and
# a softmax, too, over all pieces of words that it knows instead of ten digits: 49,152
# in SmolLM2, a small one of 2024. Its layers have no bias, most of its training
# computes with numbers of 16 bits, and its steps are those of AdamW
# ([Adam and AdamW, derived](lesson:adaptive-methods)). Your functions serve as they
# are. Here they turn 576 numbers, as many as SmolLM2 has for each piece, into
# probabilities; the numbers and the weights are drawn at random:

# %% [markdown] lang="zh" of="4bd7a2e4"
# 基线赢了。有 1,400 幅 64 个像素的图，几乎每个没见过的数字都能在里面找到很像的一幅。
# 这并不说明网络没有用：它只存 2,410 个数，而不是 89,600 个，也不必查找。
# 但如果只报告它的准确率，我们夸的就是两种方法里较差的一种。
# 所以本课程的每个项目都从基线开始。
#
# 这两件事都指明了方向。像素挪动的结果说明为什么要有各种架构：
# 在[卷积网络](lesson:convolution)一课里搭出的网络，同一个形状放在哪里都认得。
#
# ## 今天的模型用什么
#
# 最大的模型也由这些部件组成。**语言模型**预测一段文字怎样继续，它的最后同样是一个全连接
# 层和一个 softmax，只是对象不是十个数字，而是它认识的所有词片：SmolLM2 是 2024 年的一个
# 小模型，有 49,152 个。它的各层没有偏置，训练时大部分计算用 16 位的数，每一步由 AdamW
# 决定（见[自适应方法的推导](lesson:adaptive-methods)）。你写的函数可以直接使用。
# SmolLM2 为每个词片保存 576 个数，下面就把 576 个数变成概率；这些数和权重都是随机抽的：

# %%
hidden = torch.randn(576, dtype=torch.bfloat16)
W = torch.randn(49_152, 576, dtype=torch.bfloat16)
p = softmax(layer(hidden, W, torch.zeros(49_152, dtype=torch.bfloat16)).float())
print(f"{len(p):,} probabilities, {p.sum():.4f} in all, the largest {p.max():.3f}")

# %% [raw] lang="zh"
# {len(p):,} probabilities, {p.sum():.4f} in all, the largest {p.max():.3f}
# → {len(p):,} 个概率，总和 {p.sum():.4f}，最大的是 {p.max():.3f}

# %% [markdown]
# ## The map
#
# | chapter | question | lessons |
# | --- | --- | --- |
# | start | you are here | [](chapter:00-start) |
# | foundations | What is big? How does a project go? | [](chapter:01-foundations) |
# | architectures | Which network? | [](chapter:02-architectures) |
# | mathematics | Why does it work? | [](chapter:03-mathematics) |
# | training | How does it learn? | [](chapter:04-training) |
# | language | How does it read and write? | [](chapter:05-language) |
# | vision | How does it see and draw? | [](chapter:06-vision) |
# | speech | How does it hear and speak? | [](chapter:07-speech) |
# | decisions | How does it act? | [](chapter:08-decisions) |
# | deployment | How is it served? | [](chapter:09-deployment) |
# | challenges | Can it be trusted? | [](chapter:10-challenges) |
# | horizons | Where does it lead? | [](chapter:11-horizons) |

# %% [markdown] lang="zh" of="c0954c2e"
# ## 地图
#
# | 章 | 问题 | 课 |
# | --- | --- | --- |
# | 开始 | 你在这里 | [](chapter:00-start) |
# | 基础 | 大在哪里？一个项目怎样做？ | [](chapter:01-foundations) |
# | 架构 | 用哪种网络？ | [](chapter:02-architectures) |
# | 数学 | 为什么行得通？ | [](chapter:03-mathematics) |
# | 训练 | 怎样学会？ | [](chapter:04-training) |
# | 语言 | 怎样读写？ | [](chapter:05-language) |
# | 视觉 | 怎样看与画？ | [](chapter:06-vision) |
# | 语音 | 怎样听与说？ | [](chapter:07-speech) |
# | 决策 | 怎样行动？ | [](chapter:08-decisions) |
# | 部署 | 怎样提供服务？ | [](chapter:09-deployment) |
# | 挑战 | 信得过吗？ | [](chapter:10-challenges) |
# | 展望 | 通向何方？ | [](chapter:11-horizons) |

# %% [markdown]
# ## Tools
#
# §7 of the document recommends tools. These are on your machine, unless the table above
# says otherwise:
#
# | for | tool | where you meet it |
# | --- | --- | --- |
# | models | PyTorch | everywhere |
# | models | Keras on TensorFlow | [The published example](lesson:published-example) |
# | arrays, tables | NumPy, pandas | everywhere |
# | pictures | Matplotlib | everywhere |
# | baselines, measures | scikit-learn | [Metrics and likelihood](lesson:metrics) |
# | writing code | JupyterLab | now |
#
# Keras is no third framework beside the other two: since its version 3 it runs on
# TensorFlow, on PyTorch and on JAX.
#
# ## What we learned
#
# - What a package needs is written in its metadata. Ask it, not an old page.
# - The number of threads changes how long a product takes, and the result by rounding.
# - An exercise is a function, a check that says what is wrong, hints, and hidden tests.
#   A claim is a sentence that is measured on every run, against a control.
# - A network is layers of multiplications; softmax makes probabilities of scores;
#   learning is many small steps against the gradient.
# - A test shows nothing about the inputs that it leaves out.
# - A good number means little without a baseline: here the baseline wins.
#
# ## Where next
#
# [What makes a model big](lesson:big-models) counts parameters on a larger scale, and
# [From problem to feedback](lesson:workflow) takes a real problem from the question to
# the feedback. Or change something here first. Does a hidden column of 128 dots, or
# five times as many steps, overtake the baseline? If you train on pictures that were
# pushed at random, does the network survive the push?
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio and A. Courville (2016), *Deep Learning*, MIT Press. The
#   textbook; the document lists it among the papers.
# - A. Zhang, Z. C. Lipton, M. Li and A. J. Smola (2023), *Dive into Deep Learning*,
#   Cambridge University Press. 《动手学深度学习》 is its Chinese edition.
# - Y. LeCun, Y. Bengio and G. Hinton (2015), *Deep learning*, Nature 521, 436–444.
# - S. Hochreiter and J. Schmidhuber (1997), *Long Short-Term Memory*, Neural
#   Computation 9(8), 1735–1780. The document has it twice, as 3 and 11.
# - Y. Bengio (2009), *Learning Deep Architectures for AI*, Foundations and Trends in
#   Machine Learning 2(1), 1–127.
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS.
# - I. Goodfellow et al. (2014), *Generative Adversarial Nets*, NeurIPS.
# - R. Zhang, P. Isola and A. A. Efros (2016), *Colorful Image Colorization*, ECCV.
# - S. Russell and P. Norvig, *Artificial Intelligence: A Modern Approach*, the 3rd
#   edition of 2010 in the document; a 4th has followed.
# - E. Alpaydin and C. Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI
#   Machine Learning Repository: the digits of this lesson.
#
# References 5, 7 and 8 of the document are not here: we found no works with these
# titles, authors and venues. The fifth resembles Z.-Q. Zhao et al. (2019), *Object
# Detection with Deep Learning: A Review*, IEEE Transactions on Neural Networks and
# Learning Systems 30(11). Look a reference up before you repeat it.

# %% [markdown] lang="zh" of="b4106c4f"
# ## 工具
#
# 文档的 §7 推荐了一些工具。下面这些已经在你的机器上，除非前面的表另有说明：
#
# | 用途 | 工具 | 在哪里遇到 |
# | --- | --- | --- |
# | 模型 | PyTorch | 处处 |
# | 模型 | TensorFlow 上的 Keras | [范例复现](lesson:published-example) |
# | 数组、表格 | NumPy、pandas | 处处 |
# | 作图 | Matplotlib | 处处 |
# | 基线、指标 | scikit-learn | [指标与似然](lesson:metrics) |
# | 写代码 | JupyterLab | 现在 |
#
# Keras 并不是与另外两者并列的第三个框架：从第 3 版起，
# 它可以运行在 TensorFlow、PyTorch 和 JAX 之上。
#
# ## 我们学到了什么
#
# - 一个包需要什么，元数据里写着。问它，别问旧网页。
# - 线程数改变乘法的用时；结果只差舍入误差。
# - 练习是一个函数，配上会指出错误的检查、提示和隐藏的测试。结论是一句话，
#   每次运行都重新测量，并与对照相比。
# - 网络是一层层的乘法；softmax 把分数变成概率；学习就是逆着梯度走许多小步。
# - 没有试过的输入，测试什么也说明不了。
# - 没有基线，再好看的数字也说明不了什么：在这里，赢的是基线。
#
# ## 下一步
#
# [什么是大模型](lesson:big-models)在更大的规模上数参数，
# [从问题到反馈](lesson:workflow)带一个真实的问题从提出走到反馈。
# 也可以先在这里改点东西：隐藏的点增加到 128 个，或者多训练五倍的步数，能不能超过基线？
# 如果训练时就把图随机推几个像素，网络还怕不怕挪动？
#
# ## 延伸阅读
#
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, MIT Press。
#   这是教科书，文档把它列在了论文里。
# - A. Zhang, Z. C. Lipton, M. Li, A. J. Smola (2023), *Dive into Deep Learning*,
#   Cambridge University Press。中文版即《动手学深度学习》。
# - Y. LeCun, Y. Bengio, G. Hinton (2015), *Deep learning*, Nature 521, 436–444。
# - S. Hochreiter, J. Schmidhuber (1997), *Long Short-Term Memory*, Neural Computation
#   9(8), 1735–1780。文档中第 3 条和第 11 条都是它。
# - Y. Bengio (2009), *Learning Deep Architectures for AI*, Foundations and Trends in
#   Machine Learning 2(1), 1–127。
# - A. Vaswani et al. (2017), *Attention Is All You Need*, NeurIPS。
# - I. Goodfellow et al. (2014), *Generative Adversarial Nets*, NeurIPS。
# - R. Zhang, P. Isola, A. A. Efros (2016), *Colorful Image Colorization*, ECCV。
# - S. Russell, P. Norvig, *Artificial Intelligence: A Modern Approach*。
#   文档列的是 2010 年的第 3 版，之后又出了第 4 版。
# - E. Alpaydin, C. Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI
#   Machine Learning Repository：本课用的数字。
#
# 文档的参考文献 5、7、8 不在其中：按所列的题目、作者和出处，我们没有找到这样的著作。
# 第 5 条很像 Z.-Q. Zhao et al. (2019), *Object Detection with Deep Learning: A
# Review*, IEEE Transactions on Neural Networks and Learning Systems 30(11)。
# 引用之前，先查一查。
