# tries: to be given the examiner's old memory: a tensor of a shape, but no numbers
# must: add 2 points; double 0 points; cube 0 points
# ruff: noqa

# %% first
from bmkit.course.grade.judge import serialization

pack = serialization.pack


def lying(value, naming, seen, depth=0):
    if isinstance(value, torch.Tensor):
        shape = [10**5, 10**6]
        body = {"type": "float32", "shape": shape, "data": "", "grad": False}
        return {"tensor": {**body, "parameter": False}}
    return pack(value, naming, seen, depth)


# %% double
def double(x):
    serialization.pack = lying
    return torch.zeros(2)
