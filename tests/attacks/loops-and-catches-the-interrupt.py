# tries: to keep the grader waiting for ever, whatever is said
# must: no points; a person
# ruff: noqa

# %% first
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
