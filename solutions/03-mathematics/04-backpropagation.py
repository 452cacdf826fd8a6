# ---
# slug: backpropagation
# title: {en: "Backpropagation, derived", zh: 反向传播的推导}
# section: "4.2.2"
# minutes: 90
# needs: [gradient-descent, layers]
# data: []
# extras: []
# gpu: false  # too small for one: full is the same as workshop
# introduces:
#   - backpropagation
#   - computational graph
#   - autograd
#   - automatic differentiation
#   - reverse mode
#   - upstream gradient
#   - vector–jacobian product
#   - topological
#   - cross-entropy
# symbols:
#   x: input, or rows of inputs
#   y: target
#   y_hat: prediction
#   J: loss
#   g: gradient of the loss
#   W: weights of a layer
#   b: bias of a layer
#   z: pre-activation
#   a: activation
#   sigma: activation function
#   delta: dJ/dz of a layer
#   n: number of examples
#   D: number of layers
#   p: probability
#   d: direction or number of features
# says:
#   en: Four equations corrected, then an autograd of your own, equal to PyTorch's.
#   zh: 把四个公式改对，再亲手写一个与 PyTorch 结果一致的自动求导。
# ---

# %% [markdown]
# A network of a million weights has made a mistake. Which weight is to blame, and how
# much? You could change each one by a little and run the network again: a million runs,
# for one step of gradient descent. **Backpropagation** finds the slopes for all weights
# at once, at the cost of about two more runs. Every big model is trained by it. You
# will derive it, correct a printed version, and write a program that derives it for
# you.

# %% [markdown] lang="zh" of="d3ee3bb6"
# 一个有一百万个权重的网络答错了。该怪哪个权重，各怪多少？你可以把权重逐个改动一点，
# 再把网络跑一遍：梯度下降走一步，就要跑一百万遍。**反向传播**一次就求出所有权重的斜率，
# 代价大约只相当于再跑两遍。所有的大模型都是这样训练的。这一课，你要推导它，
# 把书上印的版本改对，再写一个程序，让它替你推导。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
from itertools import pairwise

import bmkit as bm
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

lab = bm.start("backpropagation", profile=profile, device=device, seed=seed, lang=lang)
torch.set_default_dtype(torch.float64)  # we compare formulas, so rounding must be small

# %% [raw] lang="zh"
# we compare formulas, so rounding must be small → 要比较公式，所以舍入误差必须很小

# %% [markdown]
# ## One neuron, forwards and backwards
#
# Take the smallest network there is: one weight, one bias, one sigmoid,
# $J = \frac12(a - y)^2$. Drawn as a **computational graph**, each box is made from the
# boxes that point to it, by one simple operation. Numbers flow to the right. Then move
# `step`: blame flows back to the left, one box at a time. The blame of a box is the
# slope of $J$ with respect to it: its gradient.

# %% [markdown] lang="zh" of="b48b9fa2"
# ## 一个神经元，正着走，反着走
#
# 取最小的网络：一个权重，一个偏置，一个 sigmoid，$J = \frac12(a - y)^2$。
# 把它画成**计算图**：每个方框由指向它的方框经过一个简单的运算得到。数值从左往右流。
# 然后拖动 `step`：责任从右往左流回去，一次一个方框。一个方框的责任，
# 就是 $J$ 对它的斜率，即梯度。


# %% fold
def draw_graph(places, parents, values, grads, lit=(), title=""):
    """A graph: each box has its name and value, and below it dJ/d(box) once known."""
    fig, ax = plt.subplots(figsize=(8.6, 3.2))
    for child, sources in parents.items():
        for parent in sources:
            hot = (child, parent) in lit
            style = {"arrowstyle": "<|-" if hot else "-|>", "lw": 2.2 if hot else 1}
            style |= {"color": "#c2410c" if hot else "#888888", "shrinkB": 22}
            ax.annotate(
                "", places[child], places[parent], arrowprops=style | {"shrinkA": 22}
            )
    heights = [up for _, up in places.values()]
    drop = 0.21 * (max(heights) - min(heights) + 1.1)
    for name, (across, up) in places.items():
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": "#1b3a6b"}
        text = f"{name}\n{values[name]:.3g}"
        ax.text(across, up, text, ha="center", va="center", bbox=box)
        if name in grads:
            blame = f"{grads[name]:+.3g}"
            ax.text(
                across, up - drop, blame, ha="center", color="#c2410c", weight="bold"
            )
    ax.set(xlim=(-0.5, max(across for across, _ in places.values()) + 0.5))
    ax.set(ylim=(min(heights) - 1.4 * drop, max(heights) + 0.5), title=title)
    ax.axis("off")
    return fig


# %% [raw] lang="zh"
# A graph: each box has its name and value, and below it dJ/d(box) once known.
# → 一张计算图：每个方框有名字和值，算出之后下面写着 dJ/d(方框)。


# %% fold
PLACES = {"w": (0, 1), "x": (0, 0), "w·x": (1, 1), "b": (1, 0), "z": (2, 1)}
PLACES |= {"a": (3, 1), "y": (3, 0), "J": (4, 1)}
PARENTS = {"w·x": ("w", "x"), "z": ("w·x", "b"), "a": ("z",), "J": ("a", "y")}


def one_neuron(step, w):
    x, b, y = 1.5, -0.4, 1.0
    a = 1 / (1 + np.exp(-(w * x + b)))
    values = {"w": w, "x": x, "w·x": w * x, "b": b, "z": w * x + b, "a": a, "y": y}
    values["J"] = (a - y) ** 2 / 2
    slopes = {"w·x": (x, w), "z": (1, 1), "a": (a * (1 - a),), "J": (a - y, y - a)}
    grads, lit = {"J": 1.0} if step else {}, []
    for child in ["J", "a", "z", "w·x"][: max(step - 1, 0)]:
        lit = [(child, parent) for parent in PARENTS[child]]
        for parent, slope in zip(PARENTS[child], slopes[child], strict=True):
            grads[parent] = slope * grads[child]
    title = f"step {step}: blame in orange under the boxes"
    return draw_graph(PLACES, PARENTS, values, grads, lit, title)


alt = (
    "Boxes w, x, b, y on the left lead through w·x, z and a to J on the right. Below "
    "each box stands the slope of J with respect to it, as far as it is found."
)
bm.show.explore(one_neuron, alt=alt, step=(0, 5, 1, 4), w=(-3.0, 5.0, 0.1, 0.6))


# %% [raw] lang="zh"
# step {step}: blame in orange under the boxes → 第 {step} 步：方框下方的橙色数字是责任
# Boxes w, x, b, y on the left lead through w·x, z and a to J on the right. Below each
# box stands the slope of J with respect to it, as far as it is found.
# → 左边的方框 w、x、b、y 经过 w·x、z、a 通向右边的 J。每个方框下面写着 J 对它的斜率，
#   求到哪一步就写到哪一步。

# %% [markdown]
# An orange number says: raise this box by a little, and $J$ changes by this many times
# that little. To find it, a box needs only the number of the box it leads to and the
# slope of **one** operation, its local derivative. That is the chain rule. Written out
# for $w$:
#
# $$\frac{\partial J}{\partial w} = (a - y)\,\sigma'(z)\,x,
# \qquad \sigma'(z) = a\,(1 - a)$$
#
# Now pull `w` far to the right. The sigmoid goes flat, its local slope is nearly 0, and
# so is everything to the left of it: the gradient vanishes.

# %% [markdown] lang="zh" of="f21ff196"
# 橙色数字的意思是：把这个方框抬高一点点，$J$ 就变化这么多倍。要求出它，
# 只需知道它通向的方框的数字，以及**一个**运算的斜率，也就是局部导数。这就是链式法则。
# 对 $w$ 写出来：
#
# $$\frac{\partial J}{\partial w} = (a - y)\,\sigma'(z)\,x,
# \qquad \sigma'(z) = a\,(1 - a)$$
#
# 再把 `w` 拉到最右边。sigmoid 变平了，局部斜率几乎为 0，它左边的一切也随之接近 0：
# 梯度消失了。

# %% [markdown]
# ## Layers: the same, with matrices
#
# Now $D$ layers. Start with $a_0 = x$. Layer $l$ has weights $W_l$ with a row for each
# of its neurons, and computes
#
# $$z_l = W_l\,a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = a_D.$$
#
# $z_l$ is the **pre-activation**: what goes into $\sigma$. Keep it apart from $a_l$,
# which comes out; the two are easily mixed up. In the code entry 0 of each list stays
# empty (or is $x$), so that `W[1]` is $W_1$; the code calls the layer `i`.

# %% [markdown] lang="zh" of="58ab9c23"
# ## 一层一层：换成矩阵
#
# 现在有 $D$ 层。从 $a_0 = x$ 开始。第 $l$ 层的权重是 $W_l$，每个神经元占一行，计算
#
# $$z_l = W_l\,a_{l-1} + b_l, \qquad a_l = \sigma(z_l), \qquad \hat y = a_D.$$
#
# $z_l$ 是**预激活**，也就是送进 $\sigma$ 的值。别把它和 $\sigma$ 的输出 $a_l$ 弄混；
# 这两者很容易混淆。代码里每个列表的第 0 项空着（或放 $x$），
# 这样 `W[1]` 就是 $W_1$；层号在代码里写作 `i`。


# %%
def draw_network(widths, generator):
    """Weights and biases of a network; entry 0 of each list is None."""
    pairs = [(o, i) for i, o in pairwise(widths)]
    W = [None, *(torch.randn(o, i, generator=generator) for o, i in pairs)]
    return W, [None, *(torch.randn(o, generator=generator) for o, _ in pairs)]


def forward(W, b, x):
    """All pre-activations z and activations a; z[0] is None, a[0] is x."""
    z, a = [None], [x]
    for W_l, b_l in zip(W[1:], b[1:], strict=True):
        z.append(W_l @ a[-1] + b_l)
        a.append(torch.sigmoid(z[-1]))
    return z, a


W, b = draw_network([4, 5, 3, 2], torch.Generator().manual_seed(lab.seed))
x, y = torch.tensor([0.5, -1.0, 2.0, 0.3]), torch.tensor([1.0, 0.0])
z, a = forward(W, b, x)
print("shapes of the weights:", *(tuple(w.shape) for w in W[1:]))
print("output:", a[-1])


# %% [raw] lang="zh"
# Weights and biases of a network; entry 0 of each list is None.
# → 一个网络的权重与偏置；每个列表的第 0 项是 None。
# shapes of the weights: → 各层权重的形状：
# output: → 输出：
# All pre-activations z and activations a; z[0] is None, a[0] is x.
# → 所有的预激活 z 与激活 a；z[0] 是 None，a[0] 是 x。

# %% [markdown]
# We need a judge that knows nothing of our formulas. Two are better: PyTorch's
# **autograd**, a program that finds gradients by itself (you will write one), and
# finite differences, which need no calculus at all. `judges` asks both.

# %% [markdown] lang="zh" of="b48114fb"
# 我们需要一个对我们的公式一无所知的裁判。两个更好：一个是 PyTorch 的
# **自动求导**（autograd），它自己就能求梯度（你也要写一个）；
# 另一个是完全用不着微积分的有限差分。
# `judges` 把两位都问一遍。


# %%
def judges(function, at, h=1e-5):
    """The gradient of a function of one tensor: autograd's and finite differences'."""
    leaf = at.clone().requires_grad_()
    (auto,) = torch.autograd.grad(function(leaf), leaf)
    finite = torch.zeros_like(at)
    for i in np.ndindex(*at.shape):
        step = torch.zeros_like(at)
        step[i] = h
        finite[i] = (function(at + step) - function(at - step)) / (2 * h)
    return torch.stack([auto, finite])  # (2, *at.shape)


def loss_from(i, z_l, W=W, b=b, y=y):
    """J as a function of layer i's pre-activation: the rest of the forward pass."""
    a_l = torch.sigmoid(z_l)
    for W_l, b_l in zip(W[i + 1 :], b[i + 1 :], strict=True):
        a_l = torch.sigmoid(W_l @ a_l + b_l)
    return ((a_l - y) ** 2).sum() / 2


# %% [raw] lang="zh"
# The gradient of a function of one tensor: autograd's and finite differences'.
# → 单个张量的函数的梯度：自动求导给出的，和有限差分给出的。
# J as a function of layer i's pre-activation: the rest of the forward pass.
# → J 作为第 i 层预激活的函数：前向计算余下的部分。

# %% [markdown]
# ## Four equations
#
# Everything hangs on one quantity, the blame of a pre-activation:
# $\delta_l = \partial J/\partial z_l$, a vector with one entry a neuron. That is its
# definition, without any further factor.
#
# **The last layer.** Neuron $i$ reaches $J$ through $\hat y_i = \sigma(z_{D,i})$ alone.
# Two links, two slopes, neuron by neuron ($\odot$ multiplies entry by entry):
#
# $$\delta_D = \nabla_{\hat y}J \odot \sigma'(z_D) \label{delta-last}$$
#
# The slope is taken at the number that $\sigma$ was given: at $z_D$.

# %% [markdown] lang="zh" of="da909d10"
# ## 四个公式
#
# 一切都系于一个量，即预激活的责任：$\delta_l = \partial J/\partial z_l$，
# 是一个向量，每个神经元一个分量。这就是它的定义，不再乘任何东西。
#
# **最后一层。** 第 $i$ 个神经元只通过 $\hat y_i = \sigma(z_{D,i})$ 影响 $J$。两个环节，
# 两个斜率，逐个神经元相乘（$\odot$ 表示逐元素相乘）：
#
# $$\delta_D = \nabla_{\hat y}J \odot \sigma'(z_D) \label{delta-last}$$
#
# 斜率要取在 $\sigma$ 的输入处：$z_D$。


# %% equation="delta-last" of="23ac7fd0"
def slope(z):
    return torch.sigmoid(z) * (1 - torch.sigmoid(z))


delta = [None, None, None, (a[3] - y) * slope(z[3])]
both = judges(lambda z_3: loss_from(3, z_3), z[3])  # (2, 2)
bm.equation("delta-last", both, delta[3].expand(2, -1), atol=1e-8)

# %% [raw] excuse="delta-last"
# loss_from(3, z_3) → loss_from(6, z_3): no layer follows the last one

# %% [markdown]
# **One layer back.** Neuron $j$ of layer $l$ feeds *every* neuron $k$ of the next one:
# $z_{l+1,k} = \sum_j W_{l+1,kj}\,\sigma(z_{l,j}) + b_{l+1,k}$. So it is blamed by all
# of them, and blames add up:
#
# $$\frac{\partial J}{\partial z_{l,j}} = \sum_k
# \frac{\partial J}{\partial z_{l+1,k}}\,W_{l+1,kj}\;\sigma'(z_{l,j}).$$
#
# The sum runs over the *first* index of $W_{l+1}$, the rows. A sum over rows is a
# product with the transpose:
#
# $$\delta_l = (W_{l+1}^\top\,\delta_{l+1}) \odot \sigma'(z_l) \label{delta-back}$$
#
# Forwards $W$ carries 5 numbers to 3, backwards $W^\top$ carries 3 back to 5.

# %% [markdown] lang="zh" of="f94af02e"
# **往回一层。** 第 $l$ 层的第 $j$ 个神经元供给下一层的*每一个*神经元 $k$：
# $z_{l+1,k} = \sum_j W_{l+1,kj}\,\sigma(z_{l,j}) + b_{l+1,k}$。所以它们都会怪到它头上，
# 责任要加起来：
#
# $$\frac{\partial J}{\partial z_{l,j}} = \sum_k
# \frac{\partial J}{\partial z_{l+1,k}}\,W_{l+1,kj}\;\sigma'(z_{l,j}).$$
#
# 求和的是 $W_{l+1}$ 的*第一个*下标，也就是行。对行求和，就是与转置相乘：
#
# $$\delta_l = (W_{l+1}^\top\,\delta_{l+1}) \odot \sigma'(z_l) \label{delta-back}$$
#
# 正着走，$W$ 把 5 个数变成 3 个；反着走，$W^\top$ 把 3 个数送回 5 个。

# %% equation="delta-back" of="6fc0b4e9"
delta[2] = (W[3].T @ delta[3]) * slope(z[2])
delta[1] = (W[2].T @ delta[2]) * slope(z[1])
both = [judges(lambda z_l, i=i: loss_from(i, z_l), z[i]) for i in (1, 2)]
ours = torch.cat(delta[1:3]).expand(2, -1)  # (2, 5 + 3)
bm.equation("delta-back", torch.cat(both, 1), ours, atol=1e-8)

# %% [markdown]
# **The parameters.** $b_{l,i}$ is added to $z_{l,i}$, a slope of 1. And $W_{l,ij}$ is
# multiplied by $a_{l-1,j}$ on its way to $z_{l,i}$, so its blame is
# $\delta_{l,i}\,a_{l-1,j}$: every pair of an entry of $\delta_l$ with one of $a_{l-1}$,
# an outer product.
#
# $$\frac{\partial J}{\partial b_l} = \delta_l, \qquad
# \frac{\partial J}{\partial W_l} = \delta_l\,a_{l-1}^\top \label{parameter-gradients}$$

# %% [markdown] lang="zh" of="70a16b56"
# **参数。** $b_{l,i}$ 直接加到 $z_{l,i}$ 上，斜率是 1。$W_{l,ij}$ 在通往 $z_{l,i}$
# 的路上要乘以 $a_{l-1,j}$，所以它的责任是 $\delta_{l,i}\,a_{l-1,j}$：
# $\delta_l$ 的每个分量与 $a_{l-1}$ 的每个分量两两相乘，这就是外积。
#
# $$\frac{\partial J}{\partial b_l} = \delta_l, \qquad
# \frac{\partial J}{\partial W_l} = \delta_l\,a_{l-1}^\top \label{parameter-gradients}$$

# %% equation="parameter-gradients" of="b0b1929a"
left, right = [], []
for i in (1, 2, 3):
    of_b = judges(lambda b_l, i=i: loss_from(i, W[i] @ a[i - 1] + b_l), b[i])
    of_W = judges(lambda W_l, i=i: loss_from(i, W_l @ a[i - 1] + b[i]), W[i])
    left += [of_b, of_W.flatten(1)]
    right += [delta[i], torch.outer(delta[i], a[i - 1]).flatten()]
right = torch.cat(right).expand(2, -1)
bm.equation("parameter-gradients", torch.cat(left, 1), right, atol=1e-8)

# %% [markdown]
# Two judges, four equations, all of them equal. Four lines, then: (\ref{delta-last})
# once, and (\ref{delta-back}) and the two of (\ref{parameter-gradients}) in each layer
# on the way back. Write them.

# %% [markdown] lang="zh" of="4c3d15f9"
# 两位裁判，四个公式，全部一致。归结起来就是：(\ref{delta-last}) 用一次，
# 然后往回走，每层用一次 (\ref{delta-back}) 和 (\ref{parameter-gradients}) 里的两个。
# 请把它们写出来。


# %% exercise="four_equations" points=4 minutes=10 level=3
def four_equations(W, z, a, y):
    """Gradients of J = ½‖ŷ − y‖² for sigmoid layers, by backpropagation.

    W, z, a: lists of D + 1 entries. W[i] is (out, in); z[i] and a[i] are layer i's
    pre-activation and activation; W[0] and z[0] are None, a[0] is the input.
    y: target, shaped as a[D].
    Returns (dW, db): lists like W, with None as entry 0.
    """
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    ### BEGIN SOLUTION
    delta = (a[D] - y) * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]), delta
    return dW, db
    ### END SOLUTION


# %% [raw] lang="zh"
# Gradients of J = ½‖ŷ − y‖² for sigmoid layers, by backpropagation.
# → 用反向传播求 J = ½‖ŷ − y‖² 的梯度，各层的激活函数都是 sigmoid。
# W, z, a: lists of D + 1 entries. W[i] is (out, in); z[i] and a[i] are layer i's
# pre-activation and activation; W[0] and z[0] are None, a[0] is the input.
# y: target, shaped as a[D].
# Returns (dW, db): lists like W, with None as entry 0.
# → W, z, a：各有 D + 1 项的列表。W[i] 是 (out, in)；z[i] 与 a[i] 是第 i 层的预激活与
#   激活；W[0] 与 z[0] 是 None，a[0] 是输入。
#   y：目标，形状同 a[D]。
#   返回 (dW, db)：像 W 一样的列表，第 0 项是 None。


# %% check="four_equations"
def _graded(widths, number):
    draws = torch.Generator().manual_seed(number)
    W, b = draw_network(widths, draws)
    x, y = (torch.randn(n, generator=draws) for n in (widths[0], widths[-1]))
    leaves = [p.requires_grad_() for p in [*W[1:], *b[1:]]]
    z, a = forward(W, b, x)
    want = torch.autograd.grad(((a[-1] - y) ** 2).sum() / 2, leaves)
    W, z, a = ([None if t is None else t.detach() for t in s] for s in (W, z, a))
    got = four_equations(W, z, a, y)
    got = bm.expect.several(got, 2, "return two lists: dW and db")
    for gradients in got:
        advice = "lists like W: entry 0 is None, entry i belongs to layer i"
        like_W = isinstance(gradients, (list, tuple)) and len(gradients) == len(W)
        bm.expect.true(like_W and gradients[0] is None, advice)
        advice = "gradients have the dtype of W, torch.float64"
        kinds = {getattr(g, "dtype", W[1].dtype) for g in gradients[1:]}
        bm.expect.true(kinds == {W[1].dtype}, advice)
    return got, want[: len(W) - 1], want[len(W) - 1 :]


(_dW, _db), _W, _b = _graded([3, 3, 3], 1)
_advice = "the last layer: (ŷ − y) ⊙ σ′(z), with σ′ at the pre-activation z, not at ŷ"
bm.expect.close(_db[2], _b[1], _advice)
_advice = "an outer product: rows from δ_l, columns from a_{l−1}"
bm.expect.close(_dW[2], _W[1], _advice)
_advice = "one layer back: W of layer l + 1, transposed, times δ; then ⊙ σ′(z_l)"
bm.expect.close(_db[1], _b[0], _advice)
bm.expect.close(_dW[1], _W[0], "layer 1 multiplies the input: use a[0]")
### BEGIN HIDDEN TESTS
(_dW, _db), _W, _b = _graded([4, 6, 3, 5, 2, 7, 3], 2)
for _l in range(6):
    _advice = f"layer {_l + 1} of a network whose layers all differ in width"
    bm.expect.close(_db[_l + 1], _b[_l], _advice)
    bm.expect.close(_dW[_l + 1], _W[_l], _advice)
(_dW, _db), _W, _b = _graded([2, 3], 3)
bm.expect.close(_dW[1], _W[0], "a network of a single layer has gradients too")
### END HIDDEN TESTS


# %% [raw] lang="zh"
# return two lists: dW and db → 请返回两个列表：dW 和 db
# lists like W: entry 0 is None, entry i belongs to layer i
# → 列表要像 W 一样：第 0 项是 None，第 i 项属于第 i 层
# gradients have the dtype of W, torch.float64
# → 梯度的 dtype 要与 W 相同，即 torch.float64
# the last layer: (ŷ − y) ⊙ σ′(z), with σ′ at the pre-activation z, not at ŷ
# → 最后一层：(ŷ − y) ⊙ σ′(z)，σ′ 取在预激活 z 处，不是 ŷ 处
# an outer product: rows from δ_l, columns from a_{l−1}
# → 这是外积：行来自 δ_l，列来自 a_{l−1}
# one layer back: W of layer l + 1, transposed, times δ; then ⊙ σ′(z_l)
# → 往回一层：第 l + 1 层的 W 转置后乘 δ，再 ⊙ σ′(z_l)
# layer 1 multiplies the input: use a[0] → 第 1 层乘的是输入：用 a[0]
# layer {_l + 1} of a network whose layers all differ in width
# → 各层宽度都不同的网络，第 {_l + 1} 层
# a network of a single layer has gradients too → 只有一层的网络也有梯度

# %% [markdown] hint="four_equations"
# Walk with `for i in range(D, 0, -1)`, and keep `delta` from one layer to the next.

# %% [markdown] lang="zh" of="83441a73"
# 用 `for i in range(D, 0, -1)` 往回走，把 `delta` 从一层带到下一层。

# %% [markdown] hint="four_equations"
# `delta` for the last layer is `(a[D] - y) * slope(z[D])`. In each further layer it
# becomes `(W[i + 1].T @ delta) * slope(z[i])`.

# %% [markdown] lang="zh" of="d7b14690"
# 最后一层的 `delta` 是 `(a[D] - y) * slope(z[D])`；再往回的每一层，它变成
# `(W[i + 1].T @ delta) * slope(z[i])`。

# %% [markdown] hint="four_equations"
# `dW[i] = torch.outer(delta, a[i - 1])` and `db[i] = delta`.

# %% [markdown] lang="zh" of="9b78f546"
# `dW[i] = torch.outer(delta, a[i - 1])`，`db[i] = delta`。


# %% mistake="four_equations" says="not at ŷ"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    delta = (a[D] - y) * slope(a[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]), delta
    return dW, db


# %% mistake="four_equations" says="transposed"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    delta = (a[D] - y) * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1] @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]), delta
    return dW, db


# %% mistake="four_equations" says="outer product"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    delta = (a[D] - y) * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(a[i - 1], delta), delta
    return dW, db


# %% mistake="four_equations" says="entry 0 is None"
def four_equations(W, z, a, y):
    dW, db = [], []
    delta = (a[-1] - y) * slope(z[-1])
    for i in range(len(W) - 1, 0, -1):
        if i < len(W) - 1:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW.append(torch.outer(delta, a[i - 1]))
        db.append(delta)
    return dW, db


# %% mistake="four_equations" says="the dtype of W"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    delta = (a[D] - y) * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]).float(), delta.float()
    return dW, db


# %% mistake="four_equations" says="lists like W"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = {0: None}, {0: None}
    delta = (a[D] - y) * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]), delta
    return dW, db


# %% mistake="four_equations" says="`a` was changed"
def four_equations(W, z, a, y):
    D = len(W) - 1
    dW, db = [None] * (D + 1), [None] * (D + 1)
    a[D] -= y
    delta = a[D] * slope(z[D])
    for i in range(D, 0, -1):
        if i < D:
            delta = (W[i + 1].T @ delta) * slope(z[i])
        dW[i], db[i] = torch.outer(delta, a[i - 1]), delta
    return dW, db


# %% variant="four_equations"
def four_equations(W, z, a, y):
    dW, db, signal = [], [], a[-1] - y  # signal: dJ/da of the layer
    for W_l, a_l, below in zip(W[:0:-1], a[:0:-1], a[-2::-1], strict=True):
        delta = signal * a_l * (1 - a_l)
        dW, db = [delta[:, None] * below, *dW], [delta, *db]
        signal = delta @ W_l
    return [None, *dW], [None, *db]


# %% [raw] excuse="four_equations"
# the result is detached: the gradients are the result, nobody differentiates them again

# %% [markdown]
# ## A printed version, put to the test
#
# The document that this course follows prints (its $L$ is our $D$):

# %% [markdown] lang="zh" of="a17cfb66"
# ## 印出来的版本，也跑一遍
#
# 本课程所依据的文档写道（它的 $L$ 就是我们的 $D$）：

# %% [markdown] quote="§4.2.2"
# Compute the gradient of the output layer:
#
# $$ \delta_L = \nabla_{\hat{y}} J(\theta) \cdot \sigma'(\hat{y}) $$
#
# Propagate the gradient backwards. For layer $l$:
#
# $$ \delta_l = \nabla_{z_l} J(\theta) \cdot \sigma'(z_l)
# = \delta_{l+1} \cdot \sigma'(z_l) \cdot W_{l+1} $$

# %% [markdown] lang="zh" of="8480e2e2"
# 计算输出层梯度：
#
# $$ \delta_L = \nabla_{\hat{y}} J(\theta) \cdot \sigma'(\hat{y}) $$
#
# ……反向传播梯度：
#
# 对于第 $l$ 层：
#
# $$ \delta_l = \nabla_{z_l} J(\theta) \cdot \sigma'(z_l)
# = \delta_{l+1} \cdot \sigma'(z_l) \cdot W_{l+1} $$

# %% [markdown]
# All the right factors are there. Compute them as they stand, from left to right, on
# our layers of 5 and 3 neurons.

# %% [markdown] lang="zh" of="24b87957"
# 该有的因子都在。照原样从左到右，在有 5 个和 3 个神经元的两层上算一算。

# %%
try:
    print(delta[2] * slope(z[1]) @ W[2])
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [raw] lang="zh"
# RuntimeError: → =

# %% [markdown]
# Three numbers cannot be multiplied entry by entry with five. Shapes are the first test
# of a formula, and cost nothing. But where all layers have the same width they always
# fit. So here are four readings of the printed lines, on layers of four neurons.

# %% [markdown] lang="zh" of="b0c7ce43"
# 三个数和五个数没法逐元素相乘。形状是对公式的第一道检验，而且不花代价。
# 可是如果各层一样宽，形状总是对得上。下面是文档这几行的四种读法，
# 用在每层四个神经元的网络上。

# %%
READINGS = {
    "σ′ at ŷ": lambda W, d, s: (W.T @ d) * s,
    "left to right": lambda W, d, s: (d * s) @ W,
    "no transpose": lambda W, d, s: (W @ d) * s,
    "σ′ twice": lambda W, d, s: (W.T @ d) * s * s,
}


def as_read(reading, W, z, a, y):
    """Gradients by one reading of the printed lines: lists like W."""
    where = a[-1] if reading == "σ′ at ŷ" else z[-1]
    delta, dW, db = (a[-1] - y) * slope(where), [], []
    for i in range(len(W) - 1, 0, -1):
        if i < len(W) - 1:
            delta = READINGS[reading](W[i + 1], delta, slope(z[i]))
        dW, db = [torch.outer(delta, a[i - 1]), *dW], [delta, *db]
    return [None, *dW], [None, *db]


# %% [raw] lang="zh"
# σ′ at ŷ → σ′ 取在 ŷ
# left to right → 从左到右
# no transpose → 没有转置
# σ′ twice → σ′ 乘了两次
# Gradients by one reading of the printed lines: lists like W.
# → 按文档的一种读法求出的梯度：像 W 一样的列表。

# %% [markdown]
# All four can be computed, and all are wrong. Where? A mistake travels as blame does,
# from the last layer to the first, and spoils all that it meets. So the slip is in the
# *highest* layer whose gradient is wrong. Is it in $\delta$ or in the outer product?
# Write a function that finds it.

# %% [markdown] lang="zh" of="d239b6a0"
# 四种读法都算得出结果，也都是错的。错在哪里？错误和责任走的是同一条路，
# 从最后一层传到第一层，经过之处全受影响。所以笔误在梯度出错的*最高*一层。
# 是 $\delta$ 错了，还是外积错了？请写一个函数，把它找出来。


# %% exercise="find_slip" points=3 minutes=6 level=3
def find_slip(got, right):
    """Where a backward pass first goes wrong, on its way from the last layer.

    got, right: each a pair (dW, db), as four_equations returns it; right is right.
    Gradients that differ by rounding alone, say by 1e-13, agree; 1e-4 is a slip.
    Returns (i, "db") if db of layer i is the first to be wrong, (i, "dW") if dW is
    wrong there and db is not, and None if all agree.
    """
    ### BEGIN SOLUTION
    layers = list(zip(*got, *right, strict=True))
    for i in range(len(layers) - 1, 0, -1):
        dW, db, right_dW, right_db = layers[i]
        if not torch.allclose(db, right_db):
            return i, "db"
        if not torch.allclose(dW, right_dW):
            return i, "dW"
    return None
    ### END SOLUTION


# %% [raw] lang="zh"
# Where a backward pass first goes wrong, on its way from the last layer.
# → 一次反向传播从最后一层往回走，最先在哪里出错。
# got, right: each a pair (dW, db), as four_equations returns it; right is right.
# Gradients that differ by rounding alone, say by 1e-13, agree; 1e-4 is a slip.
# Returns (i, "db") if db of layer i is the first to be wrong, (i, "dW")
# if dW is wrong there and db is not, and None if all agree.
# → got, right：各是一对 (dW, db)，与 four_equations 返回的一样；right 是正确的。
#   只差舍入误差（例如 1e-13）的梯度算作一致；差 1e-4 就是出错。
#   若第 i 层的 db 最先出错，返回 (i, "db")；若那一层 db 正确而 dW 出错，
#   返回 (i, "dW")；全部一致则返回 None。


# %% check="find_slip"
def _pair_of(widths, number):
    draws = torch.Generator().manual_seed(number)
    return draw_network(widths, draws)  # any tensors will do


def _moved(pair, *slips):
    dW, db = ([None, *(t.clone() for t in part[1:])] for part in pair)
    for name, layer, place, size in slips:
        {"W": dW, "b": db}[name][layer].view(-1)[place] += size
    return dW, db


def _found(pair, *slips):
    answer = find_slip(_moved(pair, *slips), pair)
    return tuple(answer) if isinstance(answer, list) else answer


_pair = _pair_of([3, 3, 3, 3], 1)
_slips = [("b", 2, 1, 0.1), ("W", 2, 3, 0.1), ("b", 1, 0, 0.1), ("W", 1, 0, 0.1)]
_advice = "the highest wrong layer is the first on the way back; those below inherit it"
bm.expect.equal(_found(_pair, *_slips), (2, "db"), _advice)
_advice = "db is right and dW is not: the outer product"
bm.expect.equal(_found(_pair, ("W", 3, 4, 0.1)), (3, "dW"), _advice)
bm.expect.equal(_found(_pair), None, "all agree: None")
### BEGIN HIDDEN TESTS
_pair = _pair_of([4, 5, 2, 6, 3], 2)
_slips = [("W", 4, 7, -0.2), ("b", 2, 1, 0.3), ("W", 2, 0, 0.3)]
_advice = "dW of layer 4 comes before db of layer 2"
bm.expect.equal(_found(_pair, *_slips), (4, "dW"), _advice)
_slips = [("b", 4, 0, 0.2), ("b", 4, 2, -0.2), ("W", 4, 1, 0.2)]
_advice = "compare entry by entry: differences may cancel in a sum"
bm.expect.equal(_found(_pair, *_slips), (4, "db"), _advice)
bm.expect.equal(_found(_pair, ("b", 1, 4, -0.1)), (1, "db"), "layer 1 counts too")
_slips = [("b", 3, 2, 1e-13), ("W", 1, 2, -1e-13)]
bm.expect.equal(_found(_pair, *_slips), None, "1e-13 is rounding: no slip")
_slips = [("W", 3, 1, 1e-4), ("b", 2, 0, 0.5)]
bm.expect.equal(_found(_pair, *_slips), (3, "dW"), "1e-4 is no rounding: a slip")
_slips = [("b", 4, k, -2 * v) for k, v in enumerate(_pair[1][4].tolist())]
_advice = "a wrong sign keeps every length: compare entry by entry"
bm.expect.equal(_found(_pair, *_slips), (4, "db"), _advice)
_pair[1][4][0], _pair[0][4][1] = 0.0, 0.0
_advice = "an entry may be 0 in both: a quotient of them tells nothing"
bm.expect.equal(_found(_pair, ("b", 4, 2, 0.1)), (4, "db"), _advice)
_pair = _pair_of([2, 3], 3)
_advice = "a network of a single layer"
bm.expect.equal(_found(_pair, ("W", 1, 5, 0.1)), (1, "dW"), _advice)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# any tensors will do → 什么张量都行
# the highest wrong layer is the first on the way back; those below inherit it
# → 往回走时，最高的出错层最先遇到；它下面的层只是受它牵连
# db is right and dW is not: the outer product → db 正确而 dW 出错：是外积错了
# all agree: None → 全部一致：返回 None
# dW of layer 4 comes before db of layer 2
# → 第 4 层的 dW 先于第 2 层的 db
# compare entry by entry: differences may cancel in a sum
# → 请逐个元素比较：求和时差异可能互相抵消
# layer 1 counts too → 第 1 层也要检查
# 1e-13 is rounding: no slip → 1e-13 是舍入误差，不算出错
# 1e-4 is no rounding: a slip → 1e-4 不是舍入误差：算出错
# a wrong sign keeps every length: compare entry by entry
# → 符号错了，长度却不变：请逐个元素比较
# an entry may be 0 in both: a quotient of them tells nothing
# → 某个元素可能两边都是 0：相除什么也说明不了
# a network of a single layer → 只有一层的网络

# %% [markdown] hint="find_slip"
# Walk as the backward pass does, from the last layer to layer 1, and return at the
# first difference. In each layer look at `db` first: $\delta$ goes into `dW` as well.

# %% [markdown] lang="zh" of="adda84eb"
# 像反向传播那样从最后一层走到第 1 层，一遇到差异就返回。每一层先看 `db`：
# $\delta$ 也会进入 `dW`。

# %% [markdown] hint="find_slip"
# `torch.allclose(db[i], right_db[i])` is true if they agree up to rounding.

# %% [markdown] lang="zh" of="c6c0cd0e"
# 两者只差舍入误差时，`torch.allclose(db[i], right_db[i])` 为真。


# %% mistake="find_slip" says="inherit it"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(1, len(dW)):
        if not torch.allclose(db[i], right_db[i]):
            return i, "db"
        if not torch.allclose(dW[i], right_dW[i]):
            return i, "dW"
    return None


# %% mistake="find_slip" says="comes before db"
def find_slip(got, right):
    for part, name in ((1, "db"), (0, "dW")):
        for i in range(len(got[part]) - 1, 0, -1):
            if not torch.allclose(got[part][i], right[part][i]):
                return i, name
    return None


# %% mistake="find_slip" says="rounding"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(len(dW) - 1, 0, -1):
        if not torch.equal(db[i], right_db[i]):
            return i, "db"
        if not torch.equal(dW[i], right_dW[i]):
            return i, "dW"
    return None


# %% mistake="find_slip" says="entry by entry"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(len(dW) - 1, 0, -1):
        if abs(db[i].sum() - right_db[i].sum()) > 1e-6:
            return i, "db"
        if abs(dW[i].sum() - right_dW[i].sum()) > 1e-6:
            return i, "dW"
    return None


# %% mistake="find_slip" says="no rounding"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(len(dW) - 1, 0, -1):
        if not torch.allclose(db[i], right_db[i], atol=1e-3):
            return i, "db"
        if not torch.allclose(dW[i], right_dW[i], atol=1e-3):
            return i, "dW"
    return None


# %% mistake="find_slip" says="a wrong sign"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(len(dW) - 1, 0, -1):
        if abs(db[i].norm() - right_db[i].norm()) > 1e-6:
            return i, "db"
        if abs(dW[i].norm() - right_dW[i].norm()) > 1e-6:
            return i, "dW"
    return None


# %% mistake="find_slip" says="may be 0 in both"
def find_slip(got, right):
    (dW, db), (right_dW, right_db) = got, right
    for i in range(len(dW) - 1, 0, -1):
        if (db[i] / right_db[i] - 1).abs().max() > 1e-6:
            return i, "db"
        if (dW[i] / right_dW[i] - 1).abs().max() > 1e-6:
            return i, "dW"
    return None


# %% variant="find_slip"
def find_slip(got, right):
    found = None
    for i in range(1, len(got[0])):  # the last slip found is the highest
        gaps = [(got[k][i] - right[k][i]).abs().max() > 1e-8 for k in (1, 0)]
        if any(gaps):
            found = (i, "db" if gaps[0] else "dW")
    return found


# %%
square_W, square_b = draw_network([4, 4, 4, 4], torch.Generator().manual_seed(1))
passes = (square_W, *forward(square_W, square_b, x), torch.zeros(4))
for reading in READINGS:
    print(reading, "->", find_slip(as_read(reading, *passes), four_equations(*passes)))

# %% [markdown]
# The first reading goes wrong in the last layer, the other three one layer further
# back, and all of them in $\delta$.

# %% [markdown] lang="zh" of="8dcdbadb"
# 第一种读法在最后一层就错了，另外三种再往回一层才错，而且错的都是 $\delta$。

# %% [markdown]
# Two tests. The first measures how far each gradient is from PyTorch's. The second is
# the one that people use in a hurry: train a little, and see whether the loss falls.

# %% [markdown] lang="zh" of="7124fd42"
# 做两个测试。第一个量一量每种梯度与 PyTorch 的相差多远。第二个是人们图省事时常用的：
# 训练一小会儿，看损失降不降。


# %% fold
def rehearse(rule, number, steps=200, lr=0.5):
    """Error of a rule's first gradient, and its losses as it trains on 8 examples."""
    draws = torch.Generator().manual_seed(number)
    W, b = draw_network([4, 4, 4, 4], draws)
    W = [None, *(2 * w for w in W[1:])]
    X, Y = torch.randn(8, 4, generator=draws), torch.rand(8, 4, generator=draws)
    right, losses, error = by_pytorch(W, b, X, Y), [], None
    for _ in range(steps):
        passes = [(*forward(W, b, x), y) for x, y in zip(X, Y, strict=True)]
        losses.append(sum(((a[-1] - y) ** 2).sum() / 2 for _, a, y in passes).item())
        pairs = [rule(W, z, a, y) for z, a, y in passes]
        g = sum(flat(dW, db) for dW, db in pairs)
        if error is None:
            error = ((g - right).norm() / right.norm()).item()
        W, b = moved(W, b, lr * g)
    return error, losses


def by_pytorch(W, b, X, Y):
    """The gradient of the loss of all rows, as one vector."""
    leaves = [t.clone().requires_grad_() for t in [*W[1:], *b[1:]]]
    W, b = [None, *leaves[: len(W) - 1]], [None, *leaves[len(W) - 1 :]]
    a = torch.stack([forward(W, b, x)[1][-1] for x in X])
    gradients = torch.autograd.grad(((a - Y) ** 2).sum() / 2, leaves)
    return torch.cat([g.flatten() for g in gradients])


def flat(dW, db):
    return torch.cat([t.flatten() for t in [*dW[1:], *db[1:]]])


def moved(W, b, step):
    parts = step.split([t.numel() for t in [*W[1:], *b[1:]]])
    new = [t - s.reshape(t.shape) for t, s in zip([*W[1:], *b[1:]], parts, strict=True)]
    return [None, *new[: len(W) - 1]], [None, *new[len(W) - 1 :]]


# %% [raw] lang="zh"
# Error of a rule's first gradient, and its losses as it trains on 8 examples.
# → 某条规则的第一个梯度的误差，以及用它在 8 个样本上训练时的损失。
# The gradient of the loss of all rows, as one vector.
# → 所有行的损失的梯度，排成一个向量。


# %% fold
def uphill(*passes):
    """The right gradient with the wrong sign."""
    return [[None, *(-g for g in part[1:])] for part in four_equations(*passes)]


trials = range(lab.pick(ci=3, workshop=8, full=8))
rules = {"right": four_equations}
rules |= {r: lambda *s, r=r: as_read(r, *s) for r in READINGS}
runs = {
    name: [rehearse(rule, lab.seed + k) for k in trials]
    for name, rule in bm.show.progress(rules.items(), "rules")
}
climbs = [rehearse(uphill, lab.seed + k)[1] for k in trials]

# %% [raw] lang="zh"
# The right gradient with the wrong sign. → 正确的梯度，但符号相反。
# right → 正确
# rules → 规则

# %% fold
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
names = list(READINGS)
left.barh(names, [np.median([e for e, _ in runs[r]]) for r in names], color="#1b3a6b")
left.invert_yaxis()
left.set(xlabel="error of the gradient, relative to its size", title="test 1")
for name, mark in zip(runs, "o^sDv", strict=True):
    curve = np.mean([losses for _, losses in runs[name]], axis=0)
    right.plot(curve, marker=mark, markevery=40, label=name)
right.set(xlabel="step", ylabel="loss", title="test 2", ylim=(0, None))
right.legend(fontsize=8)
alt = (
    "Left: the four readings miss the right gradient by large parts of its size. "
    "Right: the loss falls all the same with every one of them."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# error of the gradient, relative to its size → 梯度的误差，相对于梯度的大小
# test 1 → 测试一
# step → 步数
# loss → 损失
# test 2 → 测试二
# Left: the four readings miss the right gradient by large parts of its size. Right: the
# loss falls all the same with every one of them.
# → 左：四种读法都偏离正确的梯度，误差与梯度本身相比不小。
#   右：尽管如此，每一种的损失都在下降。

# %%
errors = {name: [error for error, _ in run] for name, run in runs.items()}
bm.claim(
    "A gradient check finds every reading of the printed lines more than 5 % wrong",
    lambda smallest_error: smallest_error > 0.05,
    {"smallest_error": min(min(errors[name]) for name in READINGS)},
    control={"smallest_error": max(errors["right"])},
    against="the four equations",
)
left = [losses[-1] / losses[0] for name in READINGS for _, losses in runs[name]]
bm.claim(
    "Over 200 steps the loss falls with all of them: a falling loss proves no gradient",
    lambda most_that_is_left: most_that_is_left < 1,
    {"most_that_is_left": max(left)},
    control={"most_that_is_left": max(up[-1] / up[0] for up in climbs)},
    against="the right gradient, uphill",
)

# %% [raw] lang="zh"
# A gradient check finds every reading of the printed lines more than 5 % wrong
# → 梯度检查发现，文档的每一种读法都错了 5 % 以上
# right → 正确
# the four equations → 四个公式
# Over 200 steps the loss falls with all of them: a falling loss proves no gradient
# → 200 步之内，每一种的损失都降了下来：损失下降，证明不了梯度是对的
# the right gradient, uphill → 正确的梯度，但往上坡走

# %% [markdown]
# That is why such mistakes live long. $\sigma'$ is positive wherever you take it, so
# $\sigma'(\hat y)$ keeps every sign of $\delta_D$, and the last layer still learns,
# with steps of the wrong size. Nobody suspects the gradient. Trust a check, not a
# curve.
#
# Corrected: $\sigma'$ is taken at $z_D$; $\delta_l$ *is* $\nabla_{z_l}J$, without a
# further factor; $W_{l+1}^\top$ comes before $\sigma'(z_l)$. With $\delta$ as a row,
# $(\delta_{l+1} W_{l+1})\odot\sigma'(z_l)$ is the same.

# %% [markdown] lang="zh" of="82948753"
# 这类错误之所以长命，原因就在这里。$\sigma'$ 在哪里取都是正的，所以 $\sigma'(\hat y)$
# 保住了 $\delta_D$ 每个分量的符号，最后一层照样在学，只是步子的大小不对。没人怀疑梯度。
# 该信的是检查，不是曲线。
#
# 改正如下：$\sigma'$ 取在 $z_D$；$\delta_l$ *就是* $\nabla_{z_l}J$，不再乘别的因子；
# $W_{l+1}^\top$ 先作用，然后才轮到 $\sigma'(z_l)$。若把 $\delta$ 写成行向量，则是
# $(\delta_{l+1} W_{l+1})\odot\sigma'(z_l)$，意思一样。

# %% [markdown]
# ## Never derive again
#
# The four equations serve one kind of network. Change a layer, and you derive anew. But
# in the first picture each box knew one operation and its slope, and the rest was
# bookkeeping. So we teach the computer the slopes of a few operations, once and for
# all. This is **automatic differentiation**. We go from the result back to the inputs,
# which is its **reverse mode**: one walk gives the gradients of all parameters.
# (Forward mode goes along with the numbers, and needs a walk for each parameter.)
#
# From now on examples are rows, $n$ at a time, so layer $l$ is $A W_l^\top + b_l$.
# First the boxes: a NumPy array that remembers what it was made from.

# %% [markdown] lang="zh" of="294c35eb"
# ## 从此不必再推导
#
# 四个公式只适用于一种网络，换一种层就得重新推导。可是在第一幅图里，
# 每个方框只知道一个运算和它的斜率，其余都是记账。那就把几个运算的斜率一次教给计算机。
# 这就是**自动微分**。我们从结果往输入走，这叫作它的**反向模式**：走一趟，
# 就得到所有参数的梯度。（正向模式随着数值往前走，每个参数要走一趟。）
#
# 从现在起，样本按行排列，一次 $n$ 个，于是第 $l$ 层是 $A W_l^\top + b_l$。
# 先来做方框：一个记得自己由什么得来的 NumPy 数组。

# %%
FORWARD = {"add": np.add, "mul": np.multiply, "matmul": np.matmul, "T": np.transpose}
FORWARD |= {"tanh": np.tanh, "exp": np.exp, "log": np.log, "sum": np.sum}


class Node:
    """An array that remembers the operation and the nodes it was made from."""

    def __init__(self, value, op="", parents=()):
        self.value = np.asarray(value, dtype=np.float64)
        self.op, self.parents = op, parents

    def __add__(self, other):
        return apply("add", self, other)

    def __mul__(self, other):
        return apply("mul", self, other)

    def __matmul__(self, other):
        return apply("matmul", self, other)


def apply(op, *inputs):
    """The node that an operation makes from nodes, arrays or numbers."""
    nodes = tuple(x if isinstance(x, Node) else Node(x) for x in inputs)
    return Node(FORWARD[op](*(node.value for node in nodes)), op, nodes)


node = Node([[0.5, -1.0]]) @ Node([[2.0], [1.0]]) + 0.3
print(node.value, "by", node.op, "from", [p.op or "a leaf" for p in node.parents])

# %% [raw] lang="zh"
# An array that remembers the operation and the nodes it was made from.
# → 一个数组，记得自己由哪个运算、哪些节点得来。
# The node that an operation makes from nodes, arrays or numbers.
# → 一个运算从节点、数组或数得到的节点。
# by → 由
# from → 得来，来自
# a leaf → 叶子

# %% [markdown]
# ## First part: local slopes
#
# Each operation must answer one question: *the gradient of $J$ with respect to your
# output is `g`; what is it with respect to each input?* `g` is called the **upstream
# gradient**. The answer is `g` times the operation's Jacobian, a **vector–Jacobian
# product** (VJP). The Jacobian itself, with an entry for each pair of an input and an
# output, is never built. For `a + b` both inputs get `g`. For a matrix product $C = AB$
# it is (\ref{delta-back}) and (\ref{parameter-gradients}) again, in rows:
#
# $$\frac{\partial J}{\partial A} = G\,B^\top, \qquad
# \frac{\partial J}{\partial B} = A^\top G, \qquad
# G = \frac{\partial J}{\partial C} \label{matmul-rule}$$

# %% [markdown] lang="zh" of="cebd829c"
# ## 第一部分：局部斜率
#
# 每个运算要回答一个问题：*$J$ 对你的输出的梯度是 `g`，那么对每个输入的梯度是多少*？
# `g` 叫作**上游梯度**。答案是 `g` 乘以这个运算的雅可比矩阵，
# 即**向量–雅可比积**（VJP）。雅可比矩阵对每一对输入和输出都有一个元素，
# 但从来不必真的算出来。对 `a + b`，两个输入都得 `g`。对矩阵乘积 $C = AB$，就是把
# (\ref{delta-back}) 和 (\ref{parameter-gradients}) 按行再写一遍：
#
# $$\frac{\partial J}{\partial A} = G\,B^\top, \qquad
# \frac{\partial J}{\partial B} = A^\top G, \qquad
# G = \frac{\partial J}{\partial C} \label{matmul-rule}$$

# %% equation="matmul-rule" of="af2abac5"
A, B = torch.randn(3, 4), torch.randn(4, 2)
G = (A @ B) ** 2  # dJ/dC for J = the sum of C³/3
of_A = judges(lambda A: ((A @ B) ** 3).sum() / 3, A)
of_B = judges(lambda B: ((A @ B) ** 3).sum() / 3, B)
left = torch.cat([of_A.flatten(1), of_B.flatten(1)], 1)
right = torch.cat([(G @ B.T).flatten(), (A.T @ G).flatten()])
bm.equation("matmul-rule", left, right.expand(2, -1), atol=1e-7)

# %% [raw] lang="zh"
# dJ/dC for J = the sum of C³/3 → 对 J = C³/3 各元素之和，dJ/dC 就是它


# %% exercise="pull" points=4 minutes=10 level=3
def pull(op, g, out, *inputs):
    """The blame of each input of one operation, given the blame g of its output.

    op: "add", "mul", "matmul", "T", "tanh", "exp", "log" (natural) or "sum" (of all
    entries, to a number). g: dJ/d(out), shaped as out. out, inputs: NumPy arrays; those
    of "add" and "mul" may be taken to have one shape.
    Returns a tuple with dJ/d(input) for each input.
    """
    if op == "add":
        return g, g
    if op == "T":
        return (g.T,)
    ### BEGIN SOLUTION
    a, b = (*inputs, None)[:2]
    match op:
        case "mul":
            return g * b, g * a
        case "matmul":
            return g @ b.T, a.T @ g
        case "tanh":
            return (g * (1 - out**2),)
        case "exp":
            return (g * out,)
        case "log":
            return (g / a,)
        case "sum":
            return (np.full(a.shape, g),)
    ### END SOLUTION


# %% [raw] lang="zh"
# The blame of each input of one operation, given the blame g of its output.
# → 已知一个运算的输出的责任 g，求每个输入的责任。
# op: "add", "mul", "matmul", "T", "tanh", "exp", "log" (natural) or "sum" (of all
# entries, to a number). g: dJ/d(out), shaped as out. out, inputs: NumPy arrays; those
# of "add" and "mul" may be taken to have one shape.
# Returns a tuple with dJ/d(input) for each input.
# → op："add"、"mul"、"matmul"、"T"、"tanh"、"exp"、"log"（自然对数）或 "sum"（所有元素
#   相加，得一个数）。g：dJ/d(out)，形状同 out。out, inputs：NumPy 数组；可以认为
#   "add" 和 "mul" 的两个输入形状相同。
#   返回一个元组，依次是每个输入的 dJ/d(input)。


# %% check="pull"
def _pulled(op, g, *inputs):
    inputs = [np.asarray(a, dtype=np.float64) for a in inputs]
    out = FORWARD[op](*inputs)
    g = np.array(np.broadcast_to(g, out.shape), dtype=np.float64)
    advice = (
        f"{op}: return a tuple with one entry an input; (g,) has one entry, (g) none"
    )
    return bm.expect.several(pull(op, g, out, *inputs), len(inputs), advice)


_a, _b = [[1.0, 2.0], [0.5, -1.0]], [[3.0, 0.0], [1.0, 2.0]]
_got = _pulled("mul", 2.0, _a, _b)
_advice = "mul: the slope of a * b as a moves is the other factor, b"
bm.expect.close(_got[0], 2 * np.array(_b), _advice)
bm.expect.close(_got[1], 2 * np.array(_a), _advice)
_got = _pulled("matmul", [[1.0, 0.0], [0.0, 0.0]], _a, _b)
bm.expect.close(_got[0], [[3.0, 1.0], [0.0, 0.0]], "matmul: g times b, transposed")
bm.expect.close(_got[1], [[1.0, 0.0], [2.0, 0.0]], "matmul: a, transposed, times g")
_advice = "tanh: the slope is 1 − tanh(z)², and tanh(z) is out, not the input"
bm.expect.close(_pulled("tanh", 1.0, [0.5])[0], [1 - np.tanh(0.5) ** 2], _advice)
bm.expect.close(_pulled("exp", 3.0, [0.5])[0], [3 * np.exp(0.5)], "exp: its own slope")
bm.expect.close(_pulled("log", 3.0, [0.5])[0], [6.0], "log: the slope is 1 / input")
_advice = "sum: every entry counts once, so each gets all of g, in the input's shape"
bm.expect.close(_pulled("sum", 3.0, _a)[0], np.full((2, 2), 3.0), _advice)
_got = _pulled("T", [[1.0, 2.0, 3.0]], [[0.0], [0.0], [0.0]])
bm.expect.close(_got[0], [[1.0], [2.0], [3.0]], "T: turn g back")
### BEGIN HIDDEN TESTS
_draws = np.random.default_rng(3)
_cases = {"matmul": [(3, 4), (4, 2)], "mul": [(2, 3)] * 2, "add": [(2, 3)] * 2}
_cases |= {
    "tanh": [(3, 2)],
    "exp": [(2, 3)],
    "log": [(3,)],
    "sum": [(2, 3)],
    "T": [(2, 3)],
}
for _op, _shapes in _cases.items():
    _in = [
        1 + _draws.random(s) if _op == "log" else _draws.normal(size=s) for s in _shapes
    ]
    _leaves = [torch.tensor(v, requires_grad=True) for v in _in]
    _theirs = {"T": torch.t, "mul": torch.mul}.get(_op) or getattr(torch, _op)
    _out = _theirs(*_leaves)
    _g = torch.tensor(_draws.normal(size=_out.shape))
    _want = torch.autograd.grad(_out, _leaves, _g)
    for _one, _right in zip(_pulled(_op, _g.numpy(), *_in), _want, strict=True):
        _advice = f"{_op}: compare with PyTorch, on other shapes"
        bm.expect.close(_one, _right.numpy(), _advice)
### END HIDDEN TESTS


# %% [raw] lang="zh"
# {op}: return a tuple with one entry an input; (g,) has one entry, (g) none
# → {op}：返回元组，每个输入一项；(g,) 才是一项的元组，(g) 不是
# mul: the slope of a * b as a moves is the other factor, b
# → mul：a 变动时，a * b 的斜率是另一个因子 b
# matmul: g times b, transposed → matmul：g 乘以 b 的转置
# matmul: a, transposed, times g → matmul：a 的转置乘以 g
# tanh: the slope is 1 − tanh(z)², and tanh(z) is out, not the input
# → tanh：斜率是 1 − tanh(z)²，而 tanh(z) 就是 out，不是输入
# exp: its own slope → exp：斜率就是它自己
# log: the slope is 1 / input → log：斜率是输入的倒数
# sum: every entry counts once, so each gets all of g, in the input's shape
# → sum：每个元素都算一次，所以各得全部的 g，形状同输入
# T: turn g back → T：把 g 转回来
# {_op}: compare with PyTorch, on other shapes → {_op}：换一些形状，与 PyTorch 比一比

# %% [markdown] hint="pull"
# Ask of each operation: if this input grows by a little, by how much does `out` grow?
# Multiply that slope by `g`. Where `out` already is what you need, use it.

# %% [markdown] lang="zh" of="2d12785f"
# 对每个运算都问一句：这个输入增大一点点，`out` 增大多少？把这个斜率乘以 `g`。
# 需要的值若已经在 `out` 里，直接拿来用。

# %% [markdown] hint="pull"
# `mul`: `g * b, g * a`. `matmul`: `g @ b.T, a.T @ g`. `exp`: `(g * out,)`. `sum`:
# `(g * np.ones(a.shape),)`.

# %% [markdown] lang="zh" of="d9bd065b"
# `mul`：`g * b, g * a`。`matmul`：`g @ b.T, a.T @ g`。`exp`：`(g * out,)`。
# `sum`：`(g * np.ones(a.shape),)`。


# %% mistake="pull" says="the other factor"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: (g, g),
        "mul": lambda: (g * a, g * b),
        "matmul": lambda: (g @ b.T, a.T @ g),
        "T": lambda: (g.T,),
        "tanh": lambda: (g * (1 - out**2),),
        "exp": lambda: (g * out,),
        "log": lambda: (g / a,),
        "sum": lambda: (g * np.ones(a.shape),),
    }
    return rules[op]()


# %% mistake="pull" says="transposed"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: (g, g),
        "mul": lambda: (g * b, g * a),
        "matmul": lambda: (g @ b, a @ g),
        "T": lambda: (g.T,),
        "tanh": lambda: (g * (1 - out**2),),
        "exp": lambda: (g * out,),
        "log": lambda: (g / a,),
        "sum": lambda: (g * np.ones(a.shape),),
    }
    return rules[op]()


# %% mistake="pull" says="not the input"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: (g, g),
        "mul": lambda: (g * b, g * a),
        "matmul": lambda: (g @ b.T, a.T @ g),
        "T": lambda: (g.T,),
        "tanh": lambda: (g * (1 - a**2),),
        "exp": lambda: (g * out,),
        "log": lambda: (g / a,),
        "sum": lambda: (g * np.ones(a.shape),),
    }
    return rules[op]()


# %% mistake="pull" says="in the input's shape"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: (g, g),
        "mul": lambda: (g * b, g * a),
        "matmul": lambda: (g @ b.T, a.T @ g),
        "T": lambda: (g.T,),
        "tanh": lambda: (g * (1 - out**2),),
        "exp": lambda: (g * out,),
        "log": lambda: (g / a,),
        "sum": lambda: (g,),
    }
    return rules[op]()


# %% mistake="pull" says="`g` was changed"
def pull(op, g, out, *inputs):
    a, b = (*inputs, None)[:2]
    if op == "mul":
        of_b = g * a
        g *= b
        return g, of_b
    return None


# %% mistake="pull" says="add: compare"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: (g / 2, g / 2),
        "mul": lambda: (g * b, g * a),
        "matmul": lambda: (g @ b.T, a.T @ g),
        "T": lambda: (g.T,),
        "tanh": lambda: (g * (1 - out**2),),
        "exp": lambda: (g * out,),
        "log": lambda: (g / a,),
        "sum": lambda: (g * np.ones(a.shape),),
    }
    return rules[op]()


# %% variant="pull"
def pull(op, g, out, *inputs):
    if op in ("tanh", "exp", "log"):
        slope = {"tanh": 1 - out * out, "exp": out, "log": 1 / inputs[0]}[op]
        return (np.multiply(g, slope),)
    if op in ("mul", "matmul"):
        a, b = inputs
        if op == "mul":
            return b * g, a * g
        return np.einsum("ik,jk->ij", g, b), np.einsum("ij,ik->jk", a, g)
    if op == "T":
        return (np.swapaxes(g, 0, 1),)
    return (np.full_like(inputs[0], g),) if op == "sum" else (g, g)


# %% variant="pull"
def pull(op, g, out, *inputs):
    a, b = inputs if len(inputs) == 2 else (inputs[0], None)
    rules = {
        "add": lambda: [g, g],
        "mul": lambda: [g * b, g * a],
        "matmul": lambda: [g @ b.T, a.T @ g],
        "T": lambda: [g.T],
        "tanh": lambda: [g / np.cosh(a) ** 2],
        "exp": lambda: [g * out],
        "log": lambda: [g / a],
        "sum": lambda: [np.broadcast_to(g, a.shape)],
    }
    return rules[op]()


# %% [markdown]
# ## Second part: a bias meets many rows
#
# In $Z = A W^\top + b$ NumPy **broadcasts** $b$: one vector is added to all $n$ rows.
# So it was used $n$ times, and each use sends blame back. They add up:
#
# $$\frac{\partial J}{\partial b_j} = \sum_{i=1}^{n} \frac{\partial J}{\partial Z_{ij}}
# \label{broadcast-rule}$$
#
# The rule for every broadcast: **what was copied forwards is summed backwards**.

# %% [markdown] lang="zh" of="cd3d0c83"
# ## 第二部分：一个偏置，许多行
#
# 在 $Z = A W^\top + b$ 里，NumPy 把 $b$ **广播**了：同一个向量加到了全部 $n$ 行上。
# 它被用了 $n$ 次，每次都会送回责任，要加起来：
#
# $$\frac{\partial J}{\partial b_j} = \sum_{i=1}^{n} \frac{\partial J}{\partial Z_{ij}}
# \label{broadcast-rule}$$
#
# 一切广播都遵循这条规则：**正着走时复制的，反着走时求和**。

# %% equation="broadcast-rule" of="a38f2a5e"
Z, bias = torch.randn(6, 3), torch.randn(3)
by_bias = judges(lambda bias: torch.tanh(Z + bias).pow(2).sum(), bias)  # (2, 3)
by_rows = judges(lambda Z: torch.tanh(Z).pow(2).sum(), Z + bias)  # (2, 6, 3)
bm.equation("broadcast-rule", by_bias, by_rows.sum(1), atol=1e-8)


# %%
def unbroadcast(g, shape):
    """Blame of an array of this shape, from the blame of what it was broadcast to."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))  # axes that were put in front
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)


print(unbroadcast(np.arange(6.0).reshape(3, 2), (2,)), "for a bias that met 3 rows")

# %% [raw] lang="zh"
# Blame of an array of this shape, from the blame of what it was broadcast to.
# → 已知广播之后的责任，求原来这个形状的数组的责任。
# axes that were put in front → 前面添上的轴
# for a bias that met 3 rows → 是遇上 3 行的偏置得到的责任

# %% [markdown]
# ## Third part: the way back
#
# A node may be used more than once. Then it reaches $J$ through each of its children
# $c$, the nodes that were made from it:
#
# $$\frac{\partial J}{\partial a} = \sum_{c}
# \frac{\partial J}{\partial c}\,\frac{\partial c}{\partial a} \label{accumulate}$$
#
# Two duties follow. Blame is **added** to what is there, never written over it. And a
# node may hand its blame on only when all of its children have reported: children
# first, parents later. Such an order of a graph is called **topological**. Here is
# (\ref{accumulate}) for $h = x + \tanh(wx)$, where $x$ takes two roads.

# %% [markdown] lang="zh" of="c09168a4"
# ## 第三部分：往回走
#
# 一个节点可能被用了不止一次。由它得来的节点 $c$ 叫作它的子节点，
# 它通过每个子节点都能影响 $J$：
#
# $$\frac{\partial J}{\partial a} = \sum_{c}
# \frac{\partial J}{\partial c}\,\frac{\partial c}{\partial a} \label{accumulate}$$
#
# 由此有两条要求。责任要**加**到已有的上面，绝不能覆盖。而且一个节点要等所有子节点都报告
# 完，才能把自己的责任往下交：先子后父。图的这种顺序叫作**拓扑序**。下面对
# $h = x + \tanh(wx)$ 执行 (\ref{accumulate})，其中 $x$ 走了两条路。

# %% equation="accumulate" of="4d01aa0f"
x, w, y = torch.tensor(0.8), torch.tensor(1.3), 2.0
both = judges(lambda x: (x + torch.tanh(w * x) - y) ** 2 / 2, x)
of_h = x + torch.tanh(w * x) - y
straight, around = of_h, of_h * (1 - torch.tanh(w * x) ** 2) * w
bm.equation("accumulate", both, (straight + around).expand(2), atol=1e-8)

# %% [markdown]
# Write the way back for *any* graph. Your function knows nothing of operations: it is
# given the result, a function that tells a node's parents, and a function that tells
# what a node hands to each of them. Mind one thing: for `a + b`, `pull` hands one and
# the same array to both parents. `blame[parent] += g` would change that array in place,
# and with it the blame of the other.

# %% [markdown] lang="zh" of="0038fafd"
# 请为*任意*的图写出往回走的过程。你的函数对运算一无所知：交给它的是结果节点，
# 一个说出节点有哪些父节点的函数，以及一个说出节点分给每个父节点多少责任的函数。
# 有一点要当心：对 `a + b`，`pull` 把同一个数组交给两个父节点。`blame[parent] += g`
# 会就地改动这个数组，另一个父节点的责任也就跟着变了。


# %% exercise="backward" points=4 minutes=15 level=4
def backward(root, parents, hand_on):
    """The blame dJ/d(node) of every node that root was made from.

    root: the node J itself; its blame is 1.0. Nodes can be keys of a dictionary.
    parents(node): the nodes that it was made from, in order; () for a leaf. One node
    may be named twice, as in x * x.
    hand_on(node, g): given the node's complete blame g, the blame that each of its
    parents gets from it, in the same order; () for a leaf. Call it once a node. Two
    parents may get one and the same array: do not change what it gives.
    Returns {node: blame}, with root.
    """
    ### BEGIN SOLUTION
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in parents(node):
                visit(parent)
            order.append(node)  # after all that it was made from

    visit(root)
    blame = {root: 1.0}
    for node in reversed(order):
        shares = hand_on(node, blame[node])
        for parent, g in zip(parents(node), shares, strict=True):
            blame[parent] = blame[parent] + g if parent in blame else g  # not +=
    return blame
    ### END SOLUTION


# %% [raw] lang="zh"
# The blame dJ/d(node) of every node that root was made from.
# → 求 root 所依赖的每个节点的责任 dJ/d(node)。
# root: the node J itself; its blame is 1.0. Nodes can be keys of a dictionary.
# parents(node): the nodes that it was made from, in order; () for a leaf. One node
# may be named twice, as in x * x.
# hand_on(node, g): given the node's complete blame g, the blame that each of its
# parents gets from it, in the same order; () for a leaf. Call it once a node. Two
# parents may get one and the same array: do not change what it gives.
# Returns {node: blame}, with root.
# → root：节点 J 本身，它的责任是 1.0。节点可以作字典的键。
#   parents(node)：它由哪些节点得来，按顺序；叶子为 ()。同一个节点可以出现两次，
#   如 x * x。
#   hand_on(node, g)：已知该节点完整的责任 g，按同样的顺序给出每个父节点从它这里
#   得到的责任；叶子为 ()。每个节点只调用一次。两个父节点可能得到同一个数组：
#   不要改动它给出的数组。
#   返回 {节点: 责任}，包括 root。
# after all that it was made from → 排在它所依赖的一切之后
# not += → 不能用 +=


# %% check="backward"
def _walked(graph, root="J"):
    """graph: {node: {parent: slope}}, or pairs where a parent is named twice."""
    edges = {n: list(p.items() if isinstance(p, dict) else p) for n, p in graph.items()}
    told = []

    def hand_on(node, g):
        told.append(node)
        return tuple(slope * g for _, slope in edges.get(node, ()))

    blame = backward(
        root, lambda node: tuple(p for p, _ in edges.get(node, ())), hand_on
    )
    bm.expect.true(isinstance(blame, dict), "return a dictionary {node: blame}")
    return blame, told


_blame, _ = _walked({"J": {"z": 3.0}, "z": {"w": 2.0, "b": 1.0}})
bm.expect.equal(_blame.get("J"), 1.0, "the blame of J itself is 1")
bm.expect.equal(_blame.get("w"), 6.0, "along a chain slopes multiply")
_blame, _ = _walked({"J": {"h": 1.0, "t": 1.0}, "h": {"x": 2.0}, "t": {"x": 5.0}})
bm.expect.equal(_blame.get("x"), 7.0, "x is used twice: add the blames, 2 and 5")
_blame, _told = _walked({"J": {"x": 1.0, "t": 1.0}, "t": {"x": 5.0}, "x": {"w": 1.0}})
_advice = "x handed on its blame before t had reported: children first, parents later"
bm.expect.equal(_blame.get("w"), 6.0, _advice)
_blame, _ = _walked({"J": [("x", 3.0), ("x", 4.0)]})
bm.expect.equal(_blame.get("x"), 7.0, "one node twice in one product, as in x * x")
_sums = {"J": ("h",), "h": ("s", "t"), "s": ("a", "b"), "t": ("a", "c")}
_one = np.array([1.0, 3.0])
_shares = {"J": lambda g: (_one,)} | dict.fromkeys("hst", lambda g: (g, g))
_blame = backward(
    "J",
    lambda node: _sums.get(node, ()),
    lambda node, g: _shares[node](g) if node in _shares else (),
)
_advice = "two parents may share one array: add with a + g, which makes a new one"
bm.expect.close(_blame.get("a"), np.array([2.0, 6.0]), _advice)
for _name in "bcsth":
    bm.expect.close(_blame.get(_name), np.array([1.0, 3.0]), _advice)
### BEGIN HIDDEN TESTS
_steps = {f"s{k}": [(f"s{k + 1}", 1.0)] * 2 for k in range(8)}
_blame, _told = _walked({"J": {"s0": 1.0}, **_steps})
bm.expect.equal(_blame.get("s8"), 256.0, "eight doublings double the blame eight times")
_advice = "each node hands on once, when complete: yours walks every road to it"
bm.expect.true(len(_told) == len(set(_told)), _advice)
_blame, _ = _walked(
    {
        "J": {"a": 1.0, "c": 2.0},
        "a": {"b": 3.0, "w": 1.0},
        "b": {"c": 1.0},
        "c": {"w": 5.0},
        "w": {"u": 2.0},
    }
)
_want = {"J": 1.0, "a": 1.0, "b": 3.0, "c": 5.0, "w": 26.0, "u": 52.0}
bm.expect.equal(
    _blame, _want, "a graph with a short road and a long one to the same node"
)
_blame, _ = _walked({"J": {"a": 1.0, "b": 2.0}, "a": {"b": 1.0}, "other": {"b": 9.0}})
bm.expect.equal(_blame, {"J": 1.0, "a": 1.0, "b": 3.0}, "only what J was made from")
_blame, _ = _walked({"J": {"a": 0.0, "b": 2.0}, "a": {"c": 3.0}})
_want = {"J": 1.0, "a": 0.0, "b": 2.0, "c": 0.0}
bm.expect.equal(_blame, _want, "a blame of 0 is a blame too: every node has one")
bm.expect.equal(_walked({}, "w")[0], {"w": 1.0}, "a leaf alone: its blame is 1")
_blame, _ = _walked({7: {3: -2.0, 5: 0.5}, 5: {3: 4.0}}, 7)
bm.expect.equal(_blame, {7: 1.0, 3: 0.0, 5: 0.5}, "any node may be the root")
### END HIDDEN TESTS


# %% [raw] lang="zh"
# graph: {node: {parent: slope}}, or pairs where a parent is named twice.
# → graph：{节点: {父节点: 斜率}}；同一父节点出现两次时用成对的列表。
# return a dictionary {node: blame} → 请返回字典 {节点: 责任}
# the blame of J itself is 1 → J 自己的责任是 1
# along a chain slopes multiply → 沿着一条链，斜率相乘
# x is used twice: add the blames, 2 and 5 → x 用了两次：两份责任 2 和 5 要加起来
# x handed on its blame before t had reported: children first, parents later
# → t 还没报告，x 就把责任交出去了：要先子后父
# one node twice in one product, as in x * x → 同一个节点在一个乘积里出现两次，如 x * x
# eight doublings double the blame eight times → 八次加倍，责任也加倍八次
# each node hands on once, when complete: yours walks every road to it
# → 每个节点等责任完整了再交，只交一次：你的程序把通向它的每条路都走了一遍
# a graph with a short road and a long one to the same node
# → 到同一个节点有一条近路、一条远路的图
# two parents may share one array: add with a + g, which makes a new one
# → 两个父节点可能共用一个数组：请用 a + g 相加，它会得到一个新数组
# any node may be the root → 任何节点都可以是 root
# a blame of 0 is a blame too: every node has one
# → 责任为 0 也是责任：每个节点都要有
# only what J was made from → 只包括 J 所依赖的节点
# a leaf alone: its blame is 1 → 只有一片叶子：它的责任是 1

# %% [markdown] hint="backward"
# First find the order, then walk it. A recursive `visit(node)` that visits all parents
# and *then* appends the node lists parents before children. Reverse the list.

# %% [markdown] lang="zh" of="c7423a16"
# 先求出顺序，再照着走。递归的 `visit(node)` 先访问所有父节点，*然后*把自己追加到列表，
# 得到的列表里父在子前。把它倒过来。

# %% [markdown] hint="backward"
# Keep a set of nodes already visited, or a node with two children comes twice.

# %% [markdown] lang="zh" of="63a9175d"
# 用一个集合记住访问过的节点，否则有两个子节点的节点会来两次。

# %% [markdown] hint="backward"
# In the walk: `blame[parent] = blame[parent] + g if parent in blame else g`.

# %% [markdown] lang="zh" of="2ae17f6d"
# 往回走时：`blame[parent] = blame[parent] + g if parent in blame else g`。


# %% mistake="backward" says="add the blames"
def backward(root, parents, hand_on):
    order = []

    def visit(node):
        if node not in order:
            for parent in parents(node):
                visit(parent)
            order.append(node)

    visit(root)
    blame = {root: 1.0}
    for node in reversed(order):
        blame.update(zip(parents(node), hand_on(node, blame[node]), strict=True))
    return blame


# %% mistake="backward" says="children first"
def backward(root, parents, hand_on):
    blame, line = {root: 1.0}, [root]
    for node in line:  # breadth first: a short road arrives before a long one
        for parent, g in zip(parents(node), hand_on(node, blame[node]), strict=True):
            blame[parent] = blame.get(parent, 0.0) + g
            if parent not in line:
                line.append(parent)
    return blame


# %% mistake="backward" says="every road"
def backward(root, parents, hand_on):
    blame = {}

    def send(node, g):
        blame[node] = blame.get(node, 0.0) + g
        for parent, share in zip(parents(node), hand_on(node, g), strict=True):
            send(parent, share)

    send(root, 1.0)
    return blame


# %% mistake="backward" says="short road and a long one"
def backward(root, parents, hand_on):
    depth, line = {root: 0}, [root]
    for node in line:  # a node that moves deeper does not take its parents along
        for parent in parents(node):
            if parent not in depth:
                line.append(parent)
            depth[parent] = max(depth.get(parent, 0), depth[node] + 1)
    blame = {root: 1.0}
    for node in sorted(line, key=depth.get):
        for parent, g in zip(parents(node), hand_on(node, blame[node]), strict=True):
            blame[parent] = blame[parent] + g if parent in blame else g
    return blame


# %% mistake="backward" says="share one array"
def backward(root, parents, hand_on):
    order = []

    def visit(node):
        if node not in order:
            for parent in parents(node):
                visit(parent)
            order.append(node)

    visit(root)
    blame = {root: 1.0}
    for node in reversed(order):
        for parent, g in zip(parents(node), hand_on(node, blame[node]), strict=True):
            if parent in blame:
                blame[parent] += g
            else:
                blame[parent] = g
    return blame


# %% variant="backward"
def backward(root, parents, hand_on):
    waiting, found = {root: 0}, [root]
    for node in found:  # how many uses of each node have yet to report
        for parent in parents(node):
            if parent not in waiting:
                waiting[parent] = 0
                found.append(parent)
            waiting[parent] += 1
    blame, ready = {root: 1.0}, [root]
    while ready:
        node = ready.pop()
        if not parents(node):
            continue
        for parent, g in zip(parents(node), hand_on(node, blame[node]), strict=True):
            blame[parent] = blame.get(parent, 0.0) + g
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return blame


# %% [markdown]
# Watch your function at work. `step` counts the nodes that have handed on their blame.
# At first $x$ has only what comes by the straight road; what comes through $\tanh$
# arrives later and is added. Then let `w` grow: $\tanh$ goes flat and lets almost
# nothing through, but the straight road stays open. That is why deep networks are built
# with such residual connections.

# %% [markdown] lang="zh" of="e4a6a77b"
# 看看你的函数怎样工作。`step` 数的是已经把责任交出去的节点。起初 $x$
# 只有从直路来的那份；经过 $\tanh$ 的那份来得晚些，到了再加上去。然后把 `w` 调大：
# $\tanh$ 变平，几乎什么也传不过来，直路却始终畅通。深层网络里要有这样的残差连接，
# 道理就在这里。

# %% fold
ROADS = {"w": (0, 2), "x": (0, 0), "w·x": (1, 2), "tanh": (2, 2), "h": (3, 1)}
ROADS |= {"J": (4, 1)}
MADE = {"J": ("h",), "h": ("x", "tanh"), "tanh": ("w·x",), "w·x": ("w", "x")}


def two_roads(step, w):
    x, y = 0.8, 2.0
    t = np.tanh(w * x)
    values = {"w": w, "x": x, "w·x": w * x, "tanh": t, "h": x + t}
    values["J"] = (x + t - y) ** 2 / 2
    slopes = {"J": (x + t - y,), "h": (1, 1), "tanh": (1 - t**2,), "w·x": (x, w)}
    told = []

    def hand_on(node, g):
        shares = [slope * g for slope in slopes.get(node, ())]
        told.append((node, shares))
        return shares

    backward("J", lambda node: MADE.get(node, ()), hand_on)
    told = [pair for pair in told if pair[0] in MADE][:step]
    grads = {"J": 1.0}
    for node, shares in told:
        for parent, share in zip(MADE[node], shares, strict=True):
            grads[parent] = grads.get(parent, 0.0) + share
    lit = [(node, parent) for node, _ in told[-1:] for parent in MADE[node]]
    return draw_graph(ROADS, MADE, values, grads, lit, f"step {step}")


alt = (
    "A graph in which x leads to h by two roads, straight and through w·x and tanh. "
    "The blame under x is first that of the straight road, at the end the sum of both."
)
bm.show.explore(two_roads, alt=alt, step=(0, 4, 1, 2), w=(0.1, 4.0, 0.1, 1.3))

# %% [raw] lang="zh"
# step {step} → 第 {step} 步
# A graph in which x leads to h by two roads, straight and through w·x and tanh. The
# blame under x is first that of the straight road, at the end the sum of both.
# → 一个图：x 通过两条路到达 h，一条直路，一条经过 w·x 和 tanh。
#   x 下面的责任起初只有直路那份，最后是两份之和。

# %% [markdown]
# ## Put together
#
# A few lines join the three parts. With `Node`, `apply`, `pull`, `unbroadcast` and
# `backward`, this is a whole autograd.

# %% [markdown] lang="zh" of="7a7a1b52"
# ## 合在一起
#
# 几行代码就把三部分接起来。加上 `Node`、`apply`、`pull`、`unbroadcast` 和 `backward`，
# 这就是一个完整的自动求导。


# %%
def gradients(root):
    """dJ/d(node) for the node J and all that it was made from."""

    def hand_on(node, g):
        inputs = [parent.value for parent in node.parents]
        shares = pull(node.op, g, node.value, *inputs) if inputs else ()
        return [unbroadcast(g, a.shape) for g, a in zip(shares, inputs, strict=True)]

    return backward(root, lambda node: node.parents, hand_on)


# %% [raw] lang="zh"
# dJ/d(node) for the node J and all that it was made from.
# → 节点 J 以及它所依赖的一切节点的 dJ/d(node)。

# %% [markdown]
# Its first task is a network that tells handwritten digits apart: 64 pixels, 32 hidden
# neurons with $\tanh$, ten scores $z$, and for each example the **cross-entropy**
# $-\log p_y$ with $p = \mathrm{softmax}(z)$, that is
# $\log\sum_k e^{z_k} - z_y$. Notice that $z$ is used twice.

# %% [markdown] lang="zh" of="46e432b7"
# 它的第一项任务是一个认手写数字的网络：64 个像素，32 个用 $\tanh$ 的隐藏神经元，
# 十个分数 $z$，每个样本的损失是**交叉熵** $-\log p_y$，其中 $p = \mathrm{softmax}(z)$，
# 也就是 $\log\sum_k e^{z_k} - z_y$。注意 $z$ 用了两次。


# %%
def digit_loss(P, rows, hot):
    """Mean cross-entropy. P: four nodes; rows: (n, 64); hot: one-hot, (n, 10)."""
    W_1, b_1, W_2, b_2 = P
    a = apply("tanh", Node(rows) @ apply("T", W_1) + b_1)  # (n, 32)
    z = a @ apply("T", W_2) + b_2  # (n, 10)
    total = apply("log", apply("exp", z) @ np.ones((10, 1)))  # (n, 1)
    J = apply("sum", total) + apply("sum", z * -hot)
    return J * (1 / len(rows)), z


# %% [raw] lang="zh"
# Mean cross-entropy. P: four nodes; rows: (n, 64); hot: one-hot, (n, 10).
# → 平均交叉熵。P：四个节点；rows：(n, 64)；hot：独热目标，(n, 10)。

# %% fold
digits = load_digits()
order = np.random.default_rng(lab.seed).permutation(len(digits.data))
X, labels = digits.data[order] / 16, digits.target[order]
train, test = slice(0, 1400), slice(1400, None)
draws = np.random.default_rng(lab.seed + 1)
sizes = {"W_1": (32, 64), "b_1": (32,), "W_2": (10, 32), "b_2": (10,)}
start = [draws.normal(0, 0.2, shape) for shape in sizes.values()]

# %% [markdown]
# Before training, one gradient as a test. The slope of $\log\sum_k e^{z_k}$ along $z_k$
# is $e^{z_k}/\sum_m e^{z_m} = p_k$, and that of $z_y$ is 1 for $k = y$ and 0 elsewhere.
# Let $y_{ik}$ be 1 if $k$ is the digit of example $i$, and 0 otherwise. What remains is
# the prediction less the truth:
#
# $$\frac{\partial J}{\partial z_{ik}} = \tfrac1n\,(p_{ik} - y_{ik})
# \label{softmax-delta}$$
#
# ((\ref{delta-last}) does not apply as it stands: in a softmax every output depends on
# every $z_k$.) Your autograd was told none of this.

# %% [markdown] lang="zh" of="8a224ca6"
# 训练之前，先拿一个梯度试一试。$\log\sum_k e^{z_k}$ 对 $z_k$ 的斜率是
# $e^{z_k}/\sum_m e^{z_m} = p_k$，而 $z_y$ 的斜率在 $k = y$ 时为 1，其余为 0。
# 设第 $i$ 个样本的数字是 $k$ 时 $y_{ik}$ 为 1，否则为 0，剩下的就是预测减去真实：
#
# $$\frac{\partial J}{\partial z_{ik}} = \tfrac1n\,(p_{ik} - y_{ik})
# \label{softmax-delta}$$
#
# （(\ref{delta-last}) 在这里不能照搬：softmax 的每个输出都依赖所有的 $z_k$。）
# 这些，谁也没有告诉过你的自动求导。

# %% equation="softmax-delta" of="a15a3a8e"
J, scores = digit_loss([Node(p) for p in start], X[:5], np.eye(10)[labels[:5]])
p = np.exp(scores.value)
p = p / p.sum(1, keepdims=True)  # (5, 10)
by_autograd = gradients(J)[scores]
bm.equation("softmax-delta", by_autograd, (p - np.eye(10)[labels[:5]]) / 5, atol=1e-12)


# %% [markdown]
# It found the formula by itself. Here is the graph that it walked, drawn from your
# nodes.

# %% [markdown] lang="zh" of="a849b46c"
# 它自己找到了这个公式。下面就是它走过的图，照着你的节点画出来。


# %% fold
def columns(root):
    """Where to draw each node: one column right of the last node it is made from."""
    column = {}

    def visit(node):
        for parent in node.parents:
            if parent not in column:
                visit(parent)
        column[node] = max((column[p] + 1 for p in node.parents), default=0)

    visit(root)
    for node in column:  # a leaf stands just left of its first use
        for parent in node.parents:
            if not parent.parents:
                column[parent] = column[node] - 1
    return column


# %% [raw] lang="zh"
# Where to draw each node: one column right of the last node it is made from.
# → 每个节点画在哪里：比它所依赖的最后一个节点再靠右一列。
# a leaf stands just left of its first use → 叶子紧挨在第一次用到它的地方左边

# %% fold
P = [Node(p) for p in start]
J, scores = digit_loss(P, X[:5], np.eye(10)[labels[:5]])
names = dict(zip(P, ("W₁", "b₁", "W₂", "b₂"), strict=True))
column, places, taken = columns(J), {}, set()
for node, across in column.items():
    up = 0 if node.parents else -2  # operations above, leaves below
    while (across, up) in taken:
        up -= 1
    taken.add((across, up))
    places[node] = (across, up)
fig, ax = plt.subplots(figsize=(10, 3.2))
for node, (across, up) in places.items():
    for parent in node.parents:
        style = {"arrowstyle": "->", "color": "#888888", "shrinkA": 12, "shrinkB": 12}
        ax.annotate("", (across, up), places[parent], arrowprops=style)
    colour = "white" if node.parents else "#dbe7f5"
    size = "×".join(map(str, node.value.shape)) or "1"
    name = node.op or names.get(node, "data")
    edge = "#c2410c" if node is scores else "#1b3a6b"
    box = {"boxstyle": "round", "fc": colour, "ec": edge}
    ax.text(across, up, f"{name}\n{size}", ha="center", va="center", size=7, bbox=box)
ax.set(xlim=(-0.6, max(column.values()) + 0.6), ylim=(-3.6, 0.6))
ax.axis("off")
alt = (
    "The network's graph, leaves on the left, J on the right. The node of the ten "
    "scores, framed in orange, has two arrows leaving it."
)
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# data → 数据
# The network's graph, leaves on the left, J on the right. The node of the ten scores,
# framed in orange, has two arrows leaving it.
# → 网络的计算图，从左边的叶子到右边的 J。十个分数所在的节点用橙色框出，
#   有两支箭头从它出发。
# operations above, leaves below → 上面是运算，下面是叶子

# %% [markdown]
# ## A race that must end in a draw
#
# Now both train: your autograd, and PyTorch with its own cross-entropy, its own
# backward pass and its own SGD. Same start, same batches. If your gradients are right,
# the two runs agree at every step.

# %% [markdown] lang="zh" of="a4e99ac3"
# ## 一场必须打平的比赛
#
# 现在双方一起训练：一边是你的自动求导，一边是 PyTorch，用它自己的交叉熵、
# 自己的反向传播、自己的 SGD。起点相同，批次相同。如果你的梯度是对的，
# 两次训练的每一步都会一致。

# %%
steps, lr = lab.pick(ci=150, workshop=1500, full=1500), 0.5
batches = np.random.default_rng(lab.seed + 2).integers(0, 1400, (steps, 64))


def train_ours(gradients=gradients, batches=batches, lr=lr):
    values, losses = [p.copy() for p in start], []
    for rows in bm.show.progress(batches, "yours"):
        P = [Node(value) for value in values]  # a fresh graph: nothing to reset
        J, _ = digit_loss(P, X[train][rows], np.eye(10)[labels[train][rows]])
        blame = gradients(J)
        values = [v - lr * blame[node] for v, node in zip(values, P, strict=True)]
        losses.append(float(J.value))
    return values, losses


ours, our_losses = train_ours()

# %% [raw] lang="zh"
# yours → 你的
# a fresh graph: nothing to reset → 每次新建一张图：没有什么要清零


# %% fold
def train_theirs(dtype):
    layers = torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10)
    model, losses = torch.nn.Sequential(*layers).to(dtype), []
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(value))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for rows in batches:
        optimizer.zero_grad()
        scores = model(torch.tensor(X[train][rows], dtype=dtype))
        J = F.cross_entropy(scores, torch.tensor(labels[train][rows]))
        J.backward()
        optimizer.step()
        losses.append(J.item())
    return [p.detach().numpy() for p in model.parameters()], losses


theirs, their_losses = train_theirs(torch.float64)


# %% fold
def share_right(values):
    """How many of the digits that no training saw these weights get right."""
    _, scores = digit_loss([Node(v) for v in values], X[test], np.eye(10)[labels[test]])
    return (scores.value.argmax(1) == labels[test]).mean()


def gaps(weights, losses):
    """The largest differences from your run's losses, and from its weights."""
    of_weights = [np.abs(a - b).max() for a, b in zip(ours, weights, strict=True)]
    of_losses = np.abs(np.subtract(our_losses, losses))
    return {"of_losses": of_losses.max(), "of_weights": max(of_weights)}


right = share_right(ours)
fig, ax = plt.subplots()
ax.semilogy(their_losses, lw=4, alpha=0.35, ls="-", label="PyTorch")
ax.semilogy(our_losses, lw=0.8, ls="-", label="yours")
ax.set(xlabel="step", ylabel="loss of the batch")
ax.set_title(f"{right:.1%} of unseen digits right")
ax.legend()
alt = "Two falling loss curves, one upon the other: the thin one lies in the thick one."
bm.show.figure(fig, alt=alt)

# %% [raw] lang="zh"
# yours → 你的
# step → 步数
# loss of the batch → 这一批的损失
# {right:.1%} of unseen digits right → 没见过的数字答对 {right:.1%}
# Two falling loss curves, one upon the other: the thin one lies in the thick one.
# → 两条下降的损失曲线完全重合：细线落在粗线里。
# PyTorch → =
# The largest differences from your run's losses, and from its weights.
# → 与你这次训练的损失、权重相比，最大的差异。
# How many of the digits that no training saw these weights get right.
# → 训练时没见过的数字，这些权重答对了多少。


# %%
bm.claim(
    "Your autograd trains as PyTorch does: every loss and every weight agree to 1e-10",
    lambda of_losses, of_weights: of_losses < 1e-10 and of_weights < 1e-10,
    gaps(theirs, their_losses),
    control=gaps(*train_theirs(torch.float32)),
    against="PyTorch in single precision",
)
bm.claim(
    "It learned: more than 85 % of the handwritten digits kept apart are right",
    lambda right: right > 0.85,
    {"right": right},
    control={"right": share_right(start)},
    against="the network before training",
)

# %% [raw] lang="zh"
# Your autograd trains as PyTorch does: every loss and every weight agree to 1e-10
# → 你的自动求导与 PyTorch 练得一样：每个损失、每个权重都一致到 1e-10
# PyTorch in single precision → 单精度的 PyTorch
# It learned: more than 85 % of the handwritten digits kept apart are right
# → 它学会了：留出的手写数字答对 85 % 以上
# the network before training → 训练之前的网络

# %% [markdown]
# ## What goes wrong most often
#
# The classic slip is a single character: `=` for `+=`. A node used twice then keeps
# only the blame that came last. On the digits the scores $z$ have two uses, one through
# $\log\sum e^z$ and one through $-z_y$. We overwrite on purpose, with three learning
# rates.

# %% [markdown] lang="zh" of="0a9dc6a5"
# ## 最常出错的地方
#
# 经典的错误只差一个字符：把 `+=` 写成 `=`。用了两次的节点就只剩下最后到达的那份责任。
# 在这个认数字的网络里，分数 $z$ 有两个去处，一个经过 $\log\sum e^z$，一个经过 $-z_y$。
# 我们故意覆盖，用三种学习率各试一次。


# %% fold
def overwriting(root):
    """As gradients, but a node keeps only the blame that came last."""
    column, blame = columns(root), {root: np.ones(())}
    for node in sorted(column, key=column.get, reverse=True):  # children first
        if node.parents:
            inputs = [parent.value for parent in node.parents]
            shares = pull(node.op, blame[node], node.value, *inputs)
            for parent, share in zip(node.parents, shares, strict=True):
                blame[parent] = unbroadcast(share, parent.value.shape)  # not added
    return blame


three = Node(3.0)
square = apply("mul", three, three)
pair = gradients(square)[three], overwriting(square)[three]
print("x·x at 3, slope and overwritten:", *pair)


# %% [raw] lang="zh"
# As gradients, but a node keeps only the blame that came last.
# → 同 gradients，但节点只留下最后到达的责任。
# children first → 先子后父
# not added → 没有相加
# x·x at 3, slope and overwritten: → x·x 在 3 处的斜率，以及覆盖之后：

# %%
spoiled = [train_ours(overwriting, batches[:100], rate) for rate in (0.5, 0.05, 0.005)]
bm.claim(
    "Overwriting halves the slope of x·x, and the digits are not learned in 100 steps",
    lambda slope, right: slope == 3 and right < 0.5,
    {"slope": pair[1], "right": max(share_right(values) for values, _ in spoiled)},
    control={
        "slope": pair[0],
        "right": share_right(train_ours(batches=batches[:100])[0]),
    },
    against="adding",
)

# %% [raw] lang="zh"
# Overwriting halves the slope of x·x, and the digits are not learned in 100 steps
# → 覆盖使 x·x 的斜率减半，而且 100 步内学不会认数字
# adding → 相加

# %% [markdown]
# Adding has a trap of its own. PyTorch adds not only within one backward pass but from
# one to the next: `.grad` grows until someone empties it. That is what `zero_grad()` is
# for. Yours returns a new dictionary each time, so there is nothing to forget. Here is
# `.grad` of $x^2$ at 3, after one, two and three backward passes:

# %% [markdown] lang="zh" of="b5bda268"
# 相加也有相加的陷阱。PyTorch 不仅在一次反向传播之内相加，一次与下一次之间也相加：
# `.grad` 会一直累积，直到有人把它清空。`zero_grad()` 就是干这个的。
# 你的程序每次返回一个新字典，没有什么会忘记清。下面是 $x^2$ 在 3 处的 `.grad`，
# 依次在一次、两次、三次反向传播之后：

# %%
leaf = torch.tensor(3.0, requires_grad=True)
for _ in range(3):
    (leaf * leaf).backward()
    print(leaf.grad.item())

# %% [markdown]
# ## What it costs
#
# Count multiplications in matrix products; they are nearly all of the work. Forwards a
# layer has one product. Backwards it has two of the same size: $\delta_l a_{l-1}^\top$
# for the weights, and $W_l^\top\delta_l$ to go on. The first layer needs no second one:
# nobody asks for the slope of the input. Finite differences run the network twice for
# each parameter. A counter built into PyTorch measures both passes.

# %% [markdown] lang="zh" of="a960bca7"
# ## 代价
#
# 数一数矩阵乘积里要做多少次乘法，工作量几乎都在这里。正着走，一层有一个乘积。
# 反着走有两个同样大小的：求权重的 $\delta_l a_{l-1}^\top$，和继续往回走的
# $W_l^\top\delta_l$。第一层不需要第二个：没有人要输入的斜率。
# 有限差分则要为每个参数把网络跑两遍。PyTorch 自带的计数器来量一量正反两趟。


# %% fold
def counted(widths):
    """Multiplications that PyTorch carries out, (forward, backward), per example."""
    layers = [torch.nn.Linear(m, n) for m, n in pairwise(widths)]
    net = torch.nn.Sequential(*layers)
    with FlopCounterMode(display=False) as forwards:
        J = net(torch.randn(1, widths[0])).sum()
    with FlopCounterMode(display=False) as backwards:
        J.backward()
    both = (forwards, backwards)
    return [c.get_total_flops() / 2 for c in both]


# %% [raw] lang="zh"
# Multiplications that PyTorch carries out, (forward, backward), per example.
# → PyTorch 实际做的乘法次数（正向，反向），按每个样本计。

# %% fold
grown = [[64, width, width, 10] for width in (4, 16, 64, 256, 1024)]
parameters = [sum((m + 1) * n for m, n in pairwise(w)) for w in grown]
passes = [backwards / forwards for forwards, backwards in map(counted, grown)]
fig, ax = plt.subplots()
ax.loglog(parameters, 2 * np.array(parameters), "s--", label="finite differences")
ax.loglog(parameters, 1 + np.array(passes), "o-", label="forward and backward pass")
ax.set(xlabel="parameters", ylabel="cost in forward passes")
ax.legend()
alt = (
    "On logarithmic axes the cost of finite differences climbs in a straight line with "
    "the parameters; that of backpropagation stays level below 3."
)
bm.show.figure(fig, alt=alt)
bm.claim(
    "From 330 parameters to a million, the way back costs less than two forward passes",
    lambda forward_passes: max(forward_passes) < 2,
    {"forward_passes": passes},
    control={"forward_passes": [2 * count for count in parameters]},
    against="finite differences",
)

# %% [raw] lang="zh"
# finite differences → 有限差分
# forward and backward pass → 正向加反向
# parameters → 参数个数
# cost in forward passes → 代价，以一次正向计算为单位
# On logarithmic axes the cost of finite differences climbs in a straight line with the
# parameters; that of backpropagation stays level below 3.
# → 双对数坐标下，有限差分的代价随参数个数沿直线上升；
#   反向传播的代价始终是平的，不到 3。
# From 330 parameters to a million, the way back costs less than two forward passes
# → 从 330 个参数到一百万个，反向一次的代价都不到正向两次

# %% [markdown]
# A nearly level line: this is why networks can be large at all. The price is memory.
# The way back needs every $a_l$ and $z_l$ of the way there, so they must be kept until
# then.
#
# ## What we learned
#
# - $\delta_l$ is $\partial J/\partial z_l$ and nothing else. It starts with $\sigma'$
#   at the pre-activation (\ref{delta-last}), goes back through the transpose
#   (\ref{delta-back}), and gives the gradients of the parameters
#   (\ref{parameter-gradients}).
# - A falling loss proves no gradient. Finite differences test one, on any network small
#   enough.
# - An autograd is a table of vector–Jacobian products, a sum for what was broadcast,
#   and a walk that takes children first and adds.
# - All gradients together cost less than two more forward passes.
#
# ## What models use today
#
# PyTorch records a graph as the program runs, as your `Node` does; JAX turns a function
# into another one that computes its gradient. In training both use reverse mode. In
# both you add an operation by giving its vector–Jacobian product:
# `torch.autograd.Function`, `jax.custom_vjp`. Here PyTorch is asked for one, and `pull`
# gives the same.

# %% [markdown] lang="zh" of="46b0069e"
# 一条近乎水平的线：网络之所以能做大，全靠它。代价是内存。往回走要用到来路上所有的 $a_l$
# 和 $z_l$，所以得一直存着。
#
# ## 我们学到了什么
#
# - $\delta_l$ 就是 $\partial J/\partial z_l$，不多也不少。它从预激活处的 $\sigma'$ 开始
#   (\ref{delta-last})，经过转置往回走 (\ref{delta-back})，给出参数的梯度
#   (\ref{parameter-gradients})。
# - 损失下降，证明不了梯度是对的。只要网络够小，就可以用有限差分来检验。
# - 自动求导就是一张向量–雅可比积的表，对广播过的求和，再加一趟先子后父、边走边加的回
#   程。
# - 所有梯度加在一起，代价还不到再做两次正向计算。
#
# ## 如今的模型用什么
#
# PyTorch 一边运行程序一边记下计算图，和你的 `Node` 一样；
# JAX 则把一个函数变成另一个计算其梯度的函数。训练时用的都是反向模式，
# 都可以通过给出向量–雅可比积来添加新的运算：`torch.autograd.Function`、
# `jax.custom_vjp`。下面向 PyTorch 要一个，`pull` 给出的与它相同。


# %%
def gap_of_products(upstream):
    """The largest difference between PyTorch's products, with G, and pull's."""
    C, vjp = torch.func.vjp(torch.matmul, A, B)
    mine = pull("matmul", upstream.numpy(), C.numpy(), A.numpy(), B.numpy())
    return max(abs(p.numpy() - q).max() for p, q in zip(vjp(G), mine, strict=True))


bm.claim(
    "The vector–Jacobian products of PyTorch and `pull` agree to 1e-12",
    lambda gap: gap < 1e-12,
    {"gap": gap_of_products(G)},
    control={"gap": gap_of_products(torch.ones_like(G))},
    against="another upstream gradient",
)

# %% [raw] lang="zh"
# The largest difference between PyTorch's products, with G, and pull's.
# → PyTorch 用 G 求出的积与 pull 给出的积的最大差异。
# The vector–Jacobian products of PyTorch and `pull` agree to 1e-12
# → PyTorch 与 `pull` 的向量–雅可比积一致到 1e-12
# another upstream gradient → 另一个上游梯度

# %% [markdown]
# In large models the kept activations often take more memory than the weights. So
# **activation checkpointing** (`torch.utils.checkpoint`) keeps a few of them and
# computes the others once more on the way back: about one more forward pass, for much
# less memory. And `torch.autograd.gradcheck` tests a new operation as we did: by finite
# differences, in double precision.
#
# ## Where next
#
# Add an operation to `FORWARD` and `pull`, a ReLU say, and train with it; `judges`
# tells you whether its slope is right. Or make the network deeper and find out at what
# depth sigmoid layers stop learning. Then
# [Stochastic gradients](lesson:stochastic-gradients) asks what a gradient from few
# examples is worth, and [Adam and AdamW, derived](lesson:adaptive-methods) what to do
# with it.
#
# ## Further reading
#
# - S. Linnainmaa (1976), *Taylor expansion of the accumulated rounding error*, BIT 16.
# - D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986),
#   *Learning representations by back-propagating errors*, Nature 323.
# - A. Griewank and A. Walther (2008), *Evaluating Derivatives*, SIAM, 2nd edition.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul and J. M. Siskind (2018), *Automatic
#   Differentiation in Machine Learning: a Survey*, JMLR 18.
# - T. Chen, B. Xu, C. Zhang and C. Guestrin (2016), *Training Deep Nets with Sublinear
#   Memory Cost*, arXiv.

# %% [markdown] lang="zh" of="09d9a01c"
# 在大模型里，存下来的激活往往比权重更占内存。所以有**激活检查点**
# （`torch.utils.checkpoint`）：只存其中几处，其余的在往回走时再算一遍，
# 多做大约一次正向计算，省下很多内存。`torch.autograd.gradcheck`
# 检验新运算的办法与我们一样：用双精度和有限差分。
#
# ## 下一步
#
# 在 `FORWARD` 和 `pull` 里添一个运算，比如 ReLU，用它来训练；斜率对不对，`judges`
# 会告诉你。或者把网络加深，看看 sigmoid 层到多深就学不动了。接下来，
# [随机梯度](lesson:stochastic-gradients)问由少数样本得来的梯度值多少，
# [自适应方法的推导](lesson:adaptive-methods)问拿到梯度之后怎么用。
#
# ## 延伸阅读
#
# - S. Linnainmaa (1976), *Taylor expansion of the accumulated rounding error*, BIT 16.
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986), *Learning representations by
#   back-propagating errors*, Nature 323.
# - A. Griewank, A. Walther (2008), *Evaluating Derivatives*, SIAM, 2nd edition.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018), *Automatic
#   Differentiation in Machine Learning: a Survey*, JMLR 18.
# - T. Chen, B. Xu, C. Zhang, C. Guestrin (2016), *Training Deep Nets with Sublinear
#   Memory Cost*, arXiv.
