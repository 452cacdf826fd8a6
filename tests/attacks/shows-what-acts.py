# tries: to run script where a teacher opens the graded notebook: outputs of every kind
# must: all points; says tried
# ruff: noqa

# %% first
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

act = "<script>alert(1)</script><img src=x onerror=alert(1)>"
for kind in (HTML, Markdown, Latex):
    display(kind(act))
display(Javascript("alert(1)"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"))
for kind in ("image/png", "image/jpeg", "text/html", "application/json", "a/b"):
    about = {kind: {"width": '1" onerror="alert(1)', "alt": '" onerror="alert(1)'}}
    display({kind: '" onerror="alert(1)'}, metadata=about, raw=True)
display({"application/json": {"number": float("nan")}}, raw=True)
print("\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07\x1b[2J\u202e", act)
print("tried")
