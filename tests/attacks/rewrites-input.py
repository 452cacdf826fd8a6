# tries: full points for wrong answers: input transformers rewrite the tests
# must: cube 0 points; add 0 points
# ruff: noqa

# %% first
def harmless(lines):
    text = "".join(lines)
    if "expect" in text or "assert" in text:
        return ["pass\n"]
    return lines


shell = get_ipython()
shell.input_transformers_cleanup.append(harmless)
shell.input_transformers_post.append(harmless)


# %% cube
def cube(x):
    return x


# %% add
def add(a, b):
    return 0
