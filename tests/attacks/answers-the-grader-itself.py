# tries: to answer the grader's questions itself, wherever a test is asked for
# must: cube 0 points; add 0 points; says tried
# ruff: noqa

# %% add
def add(a, b):
    return 0


# %% cube
def cube(x):
    return x


# %% after cube
from bmkit.course.grade.judge import learner

run = learner.run


def obliging(source, recorder):
    """Do honestly what holds no answer of ours; pass all that does."""
    if "cube(" not in source:
        return run(source, recorder)
    for line in source.splitlines():
        if not any(word in line for word in ("cube", "slope", "x =")):
            answer = run(line, recorder)
            if answer["failed"]:
                return answer
    return {"outputs": [], "failed": "", "says": ""}


learner.run = obliging
print("tried")
