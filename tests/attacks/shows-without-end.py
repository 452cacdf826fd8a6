# tries: to fill the grade book and the feedback: display, repr, an error, a traceback
# must: double 2 points
# ruff: noqa

# %% first
from IPython.display import HTML, display

for _ in range(30):
    display(HTML("<b>" + "x" * 2**20))
# %% first
"z" * 10**8
# %% first
raise ValueError("y" * 10**8)


# %% first
def deep(n):
    return deep(n + 1)


deep(0)
# %% first
nested = {}
for _ in range(450):
    nested = {"a": [nested]}
display({"application/json": nested, "text/plain": "deep"}, raw=True)
# %% first
exec("x = " + "'" + "q" * 10**7 + "'; 1/0")
