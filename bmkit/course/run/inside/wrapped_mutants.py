"""Mutants made by wrapping the finished function: wrong whatever stands inside it.

It changes what it was given, takes no notice of a parameter, remembers the answers of
the visible tests, gives back another kind of number. Which make sense follows from how
the check calls it. The harmless changes are here too: an answer as people might well
write it, which must pass or be told of in the check's own words.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import BoundArguments
from typing import Any

from bmkit.course.run.inside.observed import Parameter, Seen, Space, Wrap, around, put
from bmkit.course.run.inside.values import DATA, copied, kind, leaves, mapped, same

Call = Callable[[], Any]
Change = Callable[[BoundArguments, Call], Any]


@dataclass(frozen=True)
class WrappedMutant:
    """A wrapper and its title.

    Attributes:
        title: what is wrong with it.
        target: the function or ``Class.method``.
        make: makes the wrapper; called in the child, as some keep what they saw.
        harmless: whether it must pass, or fail in the check's own words.
        rehearsed: whether the visible tests are run first, to be remembered.
    """

    title: str
    target: str
    make: Callable[[], Wrap]
    harmless: bool = False
    rehearsed: bool = False


def wrapped_mutants(
    seen: dict[str, Seen], changes: tuple[str, ...] = ()
) -> list[WrappedMutant]:
    """Every wrapper that makes sense for what was seen.

    Args:
        seen: of each function or method, what the check did with it.
        changes: parameters that an answer may change in place.
    """
    found = []
    for target, one in seen.items():
        if not one.calls:
            continue
        method = target.partition(".")[2]
        prefix = f"{method}: " if method else ""
        for title, make, *flags in _all(one, bool(method), changes):
            found.append(WrappedMutant(prefix + title, target, make, *flags))
    return found


Row = tuple[Any, ...]  # title, make, and where they are not False harmless, rehearsed


def _all(seen: Seen, method: bool, changes: tuple[str, ...]) -> Iterator[Row]:
    for name, parameter in seen.parameters.items():
        yield from _of_parameter(name, parameter, changes)
    if seen.outer == ["None"]:
        return
    if not method and seen.parameters:
        yield "the visible answers are memorised", _memorised, False, True
        yield "the first answer is remembered", _first
    if seen.draws:
        yield "what is drawn is the same every time", _reseeded
    yield from _of_result(seen)


def _of_parameter(
    name: str, parameter: Parameter, changes: tuple[str, ...]
) -> Iterator[Row]:
    to = f" to {parameter.first}" if parameter.first else ""
    if parameter.kinds != ["generator"]:
        yield f"{name} is frozen{to}", lambda: _frozen(name, parameter)
    if "generator" in parameter.kinds:
        yield f"{name} is not drawn from", lambda: _other_generator(name)
        yield f"{name} begins anew in each call", lambda: _restarted(name)
    if parameter.changed:
        yield f"{name} stays as it was", lambda: _spared(name)
    if name in changes and not parameter.changed:
        return  # what becomes of it, nobody may rely on
    if set(parameter.kinds) & set(DATA):
        yield f"{name} is overwritten", lambda: _overwritten(name, False)
    if set(parameter.holds) & {"tensor", "array"}:
        yield f"what {name} holds is overwritten", lambda: _overwritten(name, True)
    if parameter.echoed:
        yield f"{name} itself is returned", lambda: _echoed(name)


def _of_result(seen: Seen) -> Iterator[Row]:
    kinds = set(seen.results)
    if seen.gradient:
        yield "the result is detached", lambda: _given(_detached)
    if "tensor" in kinds:
        yield "the result is a NumPy array", lambda: _given(_numpy)
    if kinds & {"tensor", "array"} and seen.floats:
        yield "the result is in half precision", lambda: _given(_half)
    if kinds & {"tensor", "array"} and (seen.floats or seen.wholes):
        yield "the result is 8-bit integers", lambda: _given(_bytes)
    if seen.wholes:
        yield "the result is floating-point numbers", lambda: _given(_floating)
    if seen.floats:
        yield "the result is rounded to integers", lambda: _given(_whole)
    if set(seen.outer) & {"tuple", "list"} and max(seen.lengths) > 1:
        yield "the result is in reverse order", lambda: _after(_reversed)
    if seen.outer == ["tuple"]:
        yield "the result is a list", lambda: _after(list), True
    if seen.outer == ["list"]:
        yield "the result is a tuple", lambda: _after(tuple), True
    if "dict" in seen.outer:
        yield "the result's keys stand in another order", lambda: _after(_turned), True
    if "float" in kinds:
        yield "the result is a NumPy float", lambda: _given(_scalar), True
        if "torch" in sys.modules:
            yield "the result is a 0-dim tensor", lambda: _given(_zero_dim), True


# What the wrappers do.


def _after(change: Callable[[Any], Any]) -> Wrap:
    return around(lambda bound, call: change(call()))


def _given(change: Callable[[Any], Any]) -> Wrap:
    return _after(lambda result: mapped(result, change))


def _frozen(name: str, parameter: Parameter) -> Wrap:
    first: list[Any] = []

    def change(bound: BoundArguments, call: Call) -> Any:
        if parameter.kinds:  # else no call gives it, and it has its default
            value = bound.arguments.get(name, bound.signature.parameters[name].default)
            if not first:
                first.append(copied(value))
            bound.arguments[name] = copied(first[0])
        return call()

    return around(change)


def _overwritten(name: str, inner: bool) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        value = bound.arguments.get(name)
        result = call()
        if inner:
            for one in leaves(value):
                if _spoil(one):
                    break
        else:
            _spoil(value)
        return result

    return around(change)


def _spoil(value: Any) -> bool:
    """Change a value in place; whether that could be done."""
    try:
        if kind(value) == "tensor":
            flat = value.detach()
            flat.logical_not_() if str(flat.dtype) == "torch.bool" else flat.add_(1)
        elif kind(value) == "array":
            value[...] = ~value if value.dtype.kind == "b" else value + 1
        elif isinstance(value, list) and value:
            value.pop()
        elif isinstance(value, dict) and value:
            value.pop(next(iter(value)))
        elif isinstance(value, set) and value:
            value.pop()
        else:
            return False
    except Exception:
        return False
    return True


def _spared(name: str) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        if name in bound.arguments:
            bound.arguments[name] = copied(bound.arguments[name])
        return call()

    return around(change)


def _echoed(name: str) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        given, result = bound.arguments.get(name), call()
        return given if same(given, result) else result

    return around(change)


def _memorised() -> Wrap:
    """It answers as it did when rehearsed; to anything else as it did last."""
    known: list[tuple[dict[str, Any], Any]] = []

    def change(bound: BoundArguments, call: Call) -> Any:
        given = dict(bound.arguments)
        if rehearsing(bound):
            known.append((copied(given), copied(call())))
            return copied(known[-1][1])
        found = (answer for asked, answer in known if same(asked, given))
        return copied(next(found, known[-1][1]))

    return around(change)


_on_stage: list[bool] = [True]


def rehearsing(_bound: BoundArguments) -> bool:
    """Whether the visible tests are being run to be remembered."""
    return not _on_stage[0]


def install(space: Space, mutant: WrappedMutant, visible: Callable[[], None]) -> None:
    """Put a mutant in the place of the answer; called in a child.

    Args:
        space: the notebook's globals, with the reference in them.
        mutant: what to put.
        visible: runs the visible tests.
    """
    put(space, mutant.target, mutant.make())
    if mutant.rehearsed:
        _on_stage[0] = False
        visible()
        _on_stage[0] = True


def _first() -> Wrap:
    kept: list[Any] = []

    def change(bound: BoundArguments, call: Call) -> Any:
        if not kept:
            kept.append(call())
        return copied(kept[0])

    return around(change)


def _reseeded() -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        random.seed(0)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(0)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(0)
        return call()

    return around(change)


def _other_generator(name: str) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        given = bound.arguments.get(name)
        if kind(given) == "generator":
            bound.arguments[name] = _fresh(given)
        return call()

    return around(change)


def _fresh(generator: Any) -> Any:
    """A generator of the same kind that begins at 0."""
    if isinstance(generator, random.Random):
        return random.Random(0)
    torch = sys.modules.get("torch")
    if torch and isinstance(generator, torch.Generator):
        return torch.Generator().manual_seed(0)
    return sys.modules["numpy"].random.default_rng(0)


def _restarted(name: str) -> Wrap:
    states: list[
        tuple[Any, Any]
    ] = []  # with the generator, or its id would be another's

    def change(bound: BoundArguments, call: Call) -> Any:
        given = bound.arguments.get(name)
        if kind(given) == "generator":
            state = next((s for known, s in states if known is given), None)
            if state is None:
                states.append((given, _state(given)))
            else:
                _set_state(given, state)
        return call()

    return around(change)


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    if hasattr(generator, "get_state"):
        return generator.get_state()
    return generator.bit_generator.state


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif hasattr(generator, "set_state"):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


def _detached(value: Any) -> Any:
    return value.detach() if kind(value) == "tensor" else value


def _numpy(value: Any) -> Any:
    return value.detach().numpy() if kind(value) == "tensor" else value


def _half(value: Any) -> Any:
    if kind(value) == "tensor":
        return value.half() if value.is_floating_point() else value
    if kind(value) == "array" and value.dtype.kind == "f":
        return value.astype("float16")
    return value


def _whole(value: Any) -> Any:
    if kind(value) == "tensor":
        return value.round().long() if value.is_floating_point() else value
    if kind(value) == "array" and value.dtype.kind == "f":
        return value.round().astype("int64")
    return round(value) if kind(value) == "float" else value


def _bytes(value: Any) -> Any:
    if kind(value) == "tensor" and str(value.dtype) != "torch.bool":
        return value.double().round().clamp(-128, 127).char()
    if kind(value) == "array" and value.dtype.kind in "iuf":
        return value.round().clip(-128, 127).astype("int8")
    return value


def _floating(value: Any) -> Any:
    if kind(value) == "tensor" and "int" in str(value.dtype):
        return value.float()
    if kind(value) == "array" and value.dtype.kind in "iu":
        return value.astype("float64")
    return value


def _reversed(value: Any) -> Any:
    return value[::-1] if isinstance(value, list | tuple) else value


def _turned(value: Any) -> Any:
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def _scalar(value: Any) -> Any:
    return sys.modules["numpy"].float64(value) if kind(value) == "float" else value


def _zero_dim(value: Any) -> Any:
    torch = sys.modules["torch"]
    return torch.tensor(value, dtype=torch.float64) if kind(value) == "float" else value
