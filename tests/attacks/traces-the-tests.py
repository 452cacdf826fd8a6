# tries: to see the tests, and to skip them, with a tracer and a profiler
# must: add 0 points; twice 0 points; cube 0 points
# ruff: noqa

# %% first
import sys
import threading


FOUND = []


def tracer(frame, event, argument):
    if "hidden" + "word" in str(frame.f_code.co_consts) and "cube" not in str(
        frame.f_code.co_consts
    ):
        FOUND.append(frame.f_code)
    if event == "exception" and "Check" in str(argument):
        frame.f_trace_lines = False
    return tracer


sys.settrace(tracer)
sys.setprofile(tracer)
threading.settrace(tracer)
sys.excepthook = sys.unraisablehook = lambda *a: None


# %% add
def add(a, b):
    return 0


# %% twice
def twice(f, x):
    return 0


# %% cube
def cube(x):
    return x


# %% last
sys.settrace(None)
sys.setprofile(None)
if FOUND:
    print("SUCC" + "EEDED", FOUND)
