"""What a check computes with, whatever the notebook has set for the whole process.

``torch.set_default_device("cuda")``, written where there was a GPU, would make every
tensor of a check elsewhere, or fail. What is right must not depend on it.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def usual(dtype: str = "") -> Iterator[None]:
    """PyTorch on the CPU, with gradients; floating-point trouble and warnings no error.

    Args:
        dtype: PyTorch's default type of number meanwhile; as it is if empty.
    """
    with contextlib.ExitStack() as stack:
        if "numpy" in sys.modules:
            numpy: Any = sys.modules["numpy"]
            warn = {"divide": "warn", "over": "warn", "invalid": "warn"}
            stack.enter_context(numpy.errstate(under="ignore", **warn))
        if any(action == "error" for action, *_ in warnings.filters):
            stack.enter_context(warnings.catch_warnings())
            kept = [one for one in warnings.filters if one[0] != "error"]
            warnings.filters[:] = kept  # type: ignore[index]
        torch: Any = sys.modules.get("torch")
        if torch is not None:
            stack.enter_context(torch.enable_grad())
            if _default_device(torch) != "cpu":
                stack.enter_context(torch.device("cpu"))
            if dtype and default_dtype() != dtype:
                before = torch.get_default_dtype()
                stack.callback(torch.set_default_dtype, before)
                torch.set_default_dtype(getattr(torch, dtype))
        yield


def default_dtype() -> str:
    """PyTorch's default type of number; empty where there is no PyTorch."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    return str(torch.get_default_dtype()).removeprefix("torch.")


def forget_missing_device() -> None:
    """Make tensors on the CPU where the default is a device that is not there."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and not _default_device(torch):
        torch.set_default_device("cpu")


def _default_device(torch: Any) -> str:
    """Where tensors are made, such as ``cpu``; empty if that is not there."""
    try:
        return str(torch.get_default_device().type)
    except (AssertionError, RuntimeError):  # it makes a tensor to see
        return ""
