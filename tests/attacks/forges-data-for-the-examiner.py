# tries: to break the examiner with data that no honest process sends
# must: double 0 points or a person; add 2 points
# ruff: noqa

# %% double
from bmkit.course.grade.judge import messages

FORGED = [
    {"array": {"type": "O", "shape": [1], "data": "AAAAAAAAAAA="}},
    {"array": {"type": [["f", "O"]], "shape": [1], "data": "AAAAAAAAAAA="}},
    {"array": {"type": "<f8", "shape": [-1, 0], "data": ""}},
    {"tensor": {"type": "quint8", "shape": [1], "data": "AA==", "grad": 0}},
    {"tensor": {"type": "load", "shape": [1], "data": "AA=="}},
    {"torch": "load"},
    {"torch": "_C"},
    {"size": [10**30]},
    {"fields": ["__class__", "a b", "import os"], "named": [1, 2, 3]},
    {"generator": {"type": "uint8", "shape": [3], "data": "AAAA"}},
    {"range": [0, 10**9, 1]},
    {"import": "os:system"},
    {"yours": 1},
    {"raised": ["SystemExit", "0"]},
    {"object": 10**40, "kind": {}},
    {"int": "f" * 10**6},
    {"list": 7},
]
answers = iter(FORGED * 9)
send = messages.send


def forging(channel, message):
    if isinstance(message, dict) and "answer" in message and armed:
        message = {"answer": next(answers), "changed": [[10**9, 7], [-1, None], "x"]}
    send(channel, message)


armed = False
messages.send = forging


def double(x):
    global armed
    armed = True
    return x


# %% before half
armed = False
