# ---
# slug: adding
# title: {en: Adding, zh: 加法}
# section: "1"
# minutes: 5
# needs: []
# data: []
# extras: []
# says: {en: Add two numbers., zh: 把两个数相加。}
# ---

# %% [markdown]
# Adding is the first thing one learns. It is symmetric:
#
# $$a + b = b + a \label{commutes}$$

# %% [markdown] lang="zh" of="188d5318"
# 加法是最先学的。它是对称的：
#
# $$a + b = b + a \label{commutes}$$

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import bmkit as bm

lab = bm.start("adding", profile=profile, device="cpu", seed=seed, lang=lang)

# %% equation="commutes" of="210f59dc"
bm.equation("commutes", 2.0 + 3.0, 3.0 + 2.0)

# %% [markdown]
# By (\ref{commutes}) the order does not matter. Write it.

# %% [markdown] lang="zh" of="9e65c8cd"
# 由 (\ref{commutes})，次序无关紧要。请写出来。


# %% exercise="add" points=2 minutes=3 level=1
def add(a, b):
    """Return the sum of two numbers."""
    ### BEGIN SOLUTION
    secret_sum = a + b
    return secret_sum
    ### END SOLUTION


# %% [raw] lang="zh"
# Return the sum of two numbers. → 返回两数之和。

# %% check="add"
bm.expect.close(add(1, 2), 3, "did you add?")
### BEGIN HIDDEN TESTS
bm.expect.close(add(-4, 1), -3, "negative numbers count too")
### END HIDDEN TESTS

# %% [raw] lang="zh"
# did you add? → 是相加吗？
# negative numbers count too → 负数也要算

# %% [markdown] hint="add"
# Python has an operator for it.

# %% [markdown] lang="zh" of="13e380e8"
# Python 有一个运算符。


# %% mistake="add" says="did you add"
def add(a, b):
    mistaken_product = a * b
    return mistaken_product


# %% mistake="add" says="negative"
def add(a, b):
    return abs(a) + abs(b)


# %% variant="add"
def add(a, b):
    return sum([a, b])


# %%
bm.claim(
    "Twenty and twenty-two is forty-two",
    lambda total: total == 42,
    {"total": add(20, 22)},
    control={"total": add(20, 20)},
    against="twenty and twenty",
)

# %% [raw] lang="zh"
# Twenty and twenty-two is forty-two → 二十加二十二等于四十二
# twenty and twenty → 二十加二十
