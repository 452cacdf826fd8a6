"""Values as JSON: plain data and arrays cross between two processes, code never does.

What comes from a stranger is rebuilt from plain parts: no pickle, no class of theirs,
no object array. Everything that is not data stays where it is and crosses as a number
that names it (`remote_object.RemoteObject`).
"""

from __future__ import annotations

import base64
import sys
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.words import say

DEEPEST = 60  # containers in containers
# Types with which every comparison works. Asking what is in a quantised tensor that was
# made of bytes ends the process.
TORCH_TYPES = {
    *("bool", "uint8", "int8", "int16", "int32", "int64", "complex64", "complex128"),
    *("float16", "bfloat16", "float32", "float64"),
}
NUMPY_KINDS = "biufcUSmM"


class Seen:
    """The containers and arrays of a message in order, each of them once.

    Both sides meet them in the same order, so a number stands for one that was met
    before: what was one object stays one object.
    """

    def __init__(self, things: Iterable[Any] = ()) -> None:
        self.things: list[Any] = []
        self.places: dict[int, int] = {}
        for thing in things:
            self.add(thing)

    def add(self, thing: Any) -> None:
        """Meet one more."""
        self.places.setdefault(id(thing), len(self.things))
        self.things.append(thing)

    def forget(self, count: int) -> None:
        """Keep the first ``count`` alone."""
        for thing in self.things[count:]:
            if self.places.get(id(thing), -1) >= count:
                del self.places[id(thing)]
        del self.things[count:]


class Naming(Protocol):
    """What turns objects that cannot cross into names, and back."""

    def name(self, value: Any) -> Any: ...

    def named(self, name: Any) -> Any: ...

    def history(self, tensor: Any) -> dict[str, Any]:
        """What is said of a tensor besides its values, or instead (``yours``)."""

    def connected(self, tensor: Any, body: Any) -> Any:
        """A tensor that has arrived, with the history that was told of it."""


def pack(value: Any, naming: Naming, seen: Seen, depth: int = 0) -> Any:
    """``value`` as JSON can hold it.

    Args:
        value: anything.
        naming: names what cannot cross.
        seen: filled with every container and array met, so that the other side can
            say which of them it changed; one that it holds crosses as its number.
        depth: how deep in containers we are; at 0 the contents cross in any case.

    Raises:
        SerializationError: nested too deeply.
    """
    if depth > DEEPEST:
        raise SerializationError(say("value.deep"))
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return value if abs(value) < 2**53 else {"int": hex(value)}
    if kind is float:
        return value if abs(value) < float("inf") else {"float": repr(value)}
    if kind in PLAIN:
        return {kind.__name__: PLAIN[kind](value)}
    if depth and id(value) in seen.places:
        return {"again": seen.places[id(value)]}
    if kind in (tuple, frozenset) or kind in MUTABLE.values():
        if kind in MUTABLE.values():
            seen.add(value)
        parts = value.items() if isinstance(value, dict) else value
        return {kind.__name__: [pack(part, naming, seen, depth + 1) for part in parts]}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = [pack(part, naming, seen, depth + 1) for part in value]
        return {"fields": list(value._fields), "named": parts}
    packed = _pack_array(value, naming, seen, depth)
    if packed is not None:
        return packed
    bases: tuple[type[Any], ...] = (dict, list, tuple, set, frozenset, str, int, float)
    for base in bases:
        if isinstance(value, base):  # an OrderedDict, an IntEnum: what it holds
            return pack(base(value), naming, seen, depth)
    return naming.name(value)


MUTABLE: dict[str, Any] = {
    kind.__name__: kind for kind in (list, set, dict, OrderedDict, Counter, defaultdict)
}
PLAIN: dict[type, Any] = {
    bytes: lambda value: base64.b64encode(value).decode(),
    complex: lambda value: [value.real, value.imag],
    range: lambda value: [value.start, value.stop, value.step],
    type(Ellipsis): lambda value: 0,
    Fraction: str,
    Decimal: str,
}


def _pack_array(value: Any, naming: Naming, seen: Seen, depth: int) -> Any:
    """Arrays, tensors and their types; None for anything else."""
    np: Any = sys.modules.get("numpy")
    torch: Any = sys.modules.get("torch")
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return {"slice": [pack(part, naming, seen, depth + 1) for part in parts]}
    if np is not None:
        if isinstance(value, np.ndarray) and _numbers(value.dtype):
            seen.add(value)
            return {"array": _bytes(np.ascontiguousarray(value), value.shape)}
        if isinstance(value, np.generic) and _numbers(value.dtype):
            return {"scalar": _bytes(np.asarray(value), ())}
        if isinstance(value, np.dtype):
            return {"dtype": value.str}
    if torch is not None:
        if isinstance(value, torch.Tensor) and value.layout is torch.strided:
            history = naming.history(value)
            if "yours" in history:
                return history
            seen.add(value)
            packed = packed_tensor(value) | history
            if value.is_leaf and value.grad is not None:
                packed["slope"] = packed_tensor(value.grad)
            return {"tensor": packed}
        if isinstance(value, (torch.dtype, torch.device)):
            return {"torch": str(value).removeprefix("torch.")}
        if isinstance(value, torch.Size):
            return {"size": list(value)}
        if isinstance(value, torch.Generator):
            seen.add(value)
            return {"generator": packed_tensor(value.get_state())}
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (pandas.Series, pandas.DataFrame)):
        plain = value.to_dict(orient="split") if value.ndim == 2 else _series(value)
        return {"pandas": pack(plain, naming, Seen(), depth + 1)}
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and tensorflow.is_tensor(value):
        array = value.numpy()
        return {"tensorflow": _bytes(np.ascontiguousarray(array), array.shape)}
    return None


def _numbers(dtype: Any) -> bool:
    """Whether a type is numbers or text: no objects, no records."""
    return not dtype.hasobject and dtype.names is None


def _series(value: Any) -> dict[str, Any]:
    return {"data": value.tolist(), "index": value.index.tolist(), "name": value.name}


def _bytes(array: Any, shape: Any) -> dict[str, Any]:
    data = base64.b64encode(array.tobytes()).decode()
    return {"type": array.dtype.str, "shape": list(shape), "data": data}


def packed_tensor(value: Any) -> dict[str, Any]:
    """A tensor's values, type and shape.

    Raises:
        SerializationError: its numbers are of no type that can be compared.
    """
    torch = sys.modules["torch"]
    kind = str(value.dtype).removeprefix("torch.")
    if kind not in TORCH_TYPES:
        raise SerializationError(say("value.type", kind=kind))
    plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
    # One number of a view is contiguous and may keep a stride that bytes cannot have.
    flat = plain.reshape(-1).clone(memory_format=torch.contiguous_format)
    raw = flat.view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return {
        "type": kind,
        "shape": list(value.shape),
        "data": base64.b64encode(raw).decode(),
        "grad": bool(value.requires_grad),
        "parameter": isinstance(value, torch.nn.Parameter),
    }


def unpack(packed: Any, naming: Naming, seen: Seen, depth: int = 0) -> Any:
    """The value that `pack` made ``packed`` of.

    Raises:
        SerializationError: it is none.
    """
    if packed is None or isinstance(packed, (bool, int, float, str)):
        return packed
    if depth > DEEPEST or not isinstance(packed, dict):
        raise SerializationError("no value")
    try:
        return _unpack(packed, naming, seen, depth)
    except SerializationError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError) as error:
        raise SerializationError(f"no value: {type(error).__name__}") from None
    except (TypeError, ValueError) as error:
        raise SerializationError(f"no value: {type(error).__name__}") from None


def _unpack(packed: dict[str, Any], naming: Naming, seen: Seen, depth: int) -> Any:
    def rest(parts: list[Any]) -> list[Any]:
        return [unpack(part, naming, seen, depth + 1) for part in parts]

    if "fields" in packed:
        return namedtuple("Answer", packed["fields"])(*rest(packed["named"]))
    if len(packed) != 1:
        return naming.named(packed)
    ((kind, body),) = packed.items()
    if kind in MUTABLE:
        made = MUTABLE[kind]()
        seen.add(made)
        fill(made, rest(body))
        return made
    simple = {
        "again": lambda: seen.things[body],
        "int": lambda: int(body, 16),
        "float": lambda: float(body),
        "bytes": lambda: base64.b64decode(body),
        "complex": lambda: complex(*body),
        "range": lambda: range(*body),
        "ellipsis": lambda: ...,
        "Fraction": lambda: Fraction(body),
        "Decimal": lambda: Decimal(body),
        "tuple": lambda: tuple(rest(body)),
        "frozenset": lambda: frozenset(rest(body)),
        "slice": lambda: slice(*rest(body)),
    }
    if kind in simple:
        return simple[kind]()
    if kind == "pandas":
        import pandas

        parts = unpack(body, naming, Seen(), depth + 1)
        return (pandas.Series if "name" in parts else pandas.DataFrame)(**parts)
    if kind in ("array", "scalar", "dtype", "tensorflow"):
        return _unpack_array(kind, body, seen)
    if kind in ("tensor", "torch", "size", "generator"):
        return _unpack_torch(kind, body, naming, seen)
    return naming.named(packed)


def _unpack_array(kind: str, body: Any, seen: Seen) -> Any:
    import numpy as np

    dtype = np.dtype(body if kind == "dtype" else body["type"])
    if dtype.kind not in NUMPY_KINDS:
        raise SerializationError(say("value.objects"))
    if kind == "dtype":
        return dtype
    array = np.frombuffer(base64.b64decode(body["data"]), dtype).copy()
    array = array.reshape(body["shape"])
    if kind == "scalar":
        return array[()]
    if kind == "tensorflow":
        return loaded("tensorflow").constant(array)
    seen.add(array)
    return array


def _unpack_torch(kind: str, body: Any, naming: Naming, seen: Seen) -> Any:
    torch = loaded("torch")
    if kind == "size":
        return torch.Size(body)
    if kind == "torch":
        found = getattr(torch, body, None)
        return found if isinstance(found, torch.dtype) else torch.device(body)
    if kind == "generator":
        generator = torch.Generator().set_state(tensor_of(body))
        seen.add(generator)
        return generator
    value = tensor_of(body)
    if body["parameter"]:
        value = torch.nn.Parameter(value, requires_grad=bool(body["grad"]))
    value = naming.connected(value, body)
    if "slope" in body and value.is_leaf:
        value.grad = tensor_of(body["slope"])
    seen.add(value)
    return value


def loaded(name: str) -> Any:
    """A framework that the tests use; the kit itself never imports one.

    Raises:
        SerializationError: they do not use it.
    """
    if name not in sys.modules:
        raise SerializationError(say("value.unused", name=name))
    return sys.modules[name]


def torch_type(name: object) -> Any:
    """PyTorch's type of this name.

    Raises:
        SerializationError: it is none that may cross.
    """
    if name not in TORCH_TYPES:
        raise SerializationError("no type of numbers")
    return getattr(loaded("torch"), str(name))


def tensor_of(body: Any) -> Any:
    """The tensor that `packed_tensor` told of, without any history.

    Raises:
        SerializationError: its numbers are of no type that may cross.
    """
    torch = loaded("torch")
    dtype = torch_type(body["type"])
    data = bytearray(base64.b64decode(body["data"]))
    if not data:
        if 0 not in body["shape"]:  # it would be given old memory
            raise SerializationError("no numbers")
        return torch.empty(body["shape"], dtype=dtype)
    return torch.frombuffer(data, dtype=dtype).reshape(body["shape"])


def fill(target: Any, parts: list[Any]) -> None:
    """Give a list, set or dict new contents, in place."""
    target.clear()
    if isinstance(target, list):
        target.extend(parts)
    elif isinstance(target, Counter):
        target.update(dict(parts))  # of pairs it would count each
    else:
        target.update(parts)


def overwrite(target: Any, value: Any) -> None:
    """Give ``target``, a container or array, the contents of ``value``, in place.

    Raises:
        SerializationError: it cannot hold them.
    """
    try:
        if isinstance(target, (list, set, dict)) and type(value) is type(target):
            fill(target, list(value.items() if isinstance(value, dict) else value))
        elif hasattr(target, "set_state"):
            target.set_state(value.get_state())
        elif type(value) is not type(target) or value.shape != target.shape:
            raise TypeError(f"it was a {type(target).__name__}")
        elif hasattr(target, "detach"):
            target.detach().copy_(value.detach())
            target.grad = value.grad
        else:
            target[...] = value
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise SerializationError(say("value.changed", why=error)) from None
