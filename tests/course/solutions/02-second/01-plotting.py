# ---
# slug: plotting
# title: {en: Plotting, zh: 作图}
# section: "2"
# minutes: 5
# needs: [adding]
# data: []
# extras: []
# says: {en: Draw a line., zh: 画一条线。}
# ---

# %% [markdown]
# A line is worth a look.

# %% [markdown] lang="zh" of="e8f0578c"
# 一条线值得一看。

# %% tags=["parameters"]
profile = "workshop"  # ci, workshop or full
device = "auto"  # auto, cpu or cuda
seed = 0
lang = "en"

# %%
import matplotlib.pyplot as plt

import bmkit as bm

lab = bm.start("plotting", profile=profile, device="cpu", seed=seed, lang=lang)


# %% fold
def draw(slope):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, slope])
    ax.set_xlabel("time")
    return fig


bm.show.explore(draw, alt="A straight line through zero.", slope=(0.0, 2.0, 0.1, 1.0))


# %% [raw] lang="zh"
# time → 时间
# A straight line through zero. → 过原点的直线。
