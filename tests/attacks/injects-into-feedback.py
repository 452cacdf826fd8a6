# tries: to run script in the browser of whoever opens the feedback or the room's page
# must: add 0 points; double 2 points
# ruff: noqa

# %% first
from IPython.display import HTML, SVG, Javascript, Markdown, display

script = "<script>alert('attack')</script><img src=x onerror=alert(1)>"
display(HTML(script), Javascript("alert(1)"), Markdown(script + "[x](javascript:1)"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"))
display({"text/latex": script, "text/html": script, "image/png": script}, raw=True)
display(
    {"text/plain": script, "application/x": script}, metadata={"x": script}, raw=True
)
# %% first
print(script, "\x1b]8;;javascript:alert(1)\x07x\x1b[31m", "\x00\x08</pre>", script)


# %% add
def add(a, b):
    raise ValueError("<script>alert('attack')</script></td></table>")
