# tries: to hold the graphics card's memory
# must: all points; says tried
# ruff: noqa

# %% first
import glob

if torch_devices := glob.glob("/dev/nvidia*") + glob.glob("/dev/dri/*"):
    print("SUCC" + "EEDED", torch_devices)
import torch

print("tried", torch.cuda.is_available())
