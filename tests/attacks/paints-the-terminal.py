# tries: to paint other points in the teacher's terminal, and links that run script
# must: add 0 points; double 0 points; cube 2 points
# ruff: noqa

# %% add
def add(a, b):
    raise ValueError(
        "\x1b[2J\x1b[H\x1b[32m10 of 10\x1b]8;;javascript:alert(1)\x07 \x9b1m"
    )


# %% double
def double(x):
    raise ValueError("[green]10/10[/]\r10 of 10\u202e\u2066\x00\x7f" + "A" * 10**6)
