# tries: to crash instead of failing: a bad address, a deep recursion in C
# must: no points; a person
# ruff: noqa

# %% first
import ctypes

ctypes.memset(8, 1, 1)
