"""What is wrong with a call, whatever stands inside the function: ways to wrap it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from inspect import BoundArguments
from typing import Any

from bmkit.course.run.inside.observed import Parameter, Wrap, around
from bmkit.course.run.inside.values import copied, kind, leaves, mapped, same

Call = Callable[[], Any]


def after_call(change: Callable[[Any], Any]) -> Wrap:
    return around(lambda bound, call: change(call()))


def each_given(change: Callable[[Any], Any]) -> Wrap:
    return after_call(lambda result: mapped(result, change))


def frozen(name: str, parameter: Parameter) -> Wrap:
    first: list[Any] = []

    def change(bound: BoundArguments, call: Call) -> Any:
        if parameter.kinds:  # else no call gives it, and it has its default
            value = bound.arguments.get(name, bound.signature.parameters[name].default)
            if not first:
                first.append(copied(value))
            bound.arguments[name] = copied(first[0])
        return call()

    return around(change)


def overwritten(name: str, inner: bool) -> Wrap:
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


def spared(name: str) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        if name in bound.arguments:
            bound.arguments[name] = copied(bound.arguments[name])
        return call()

    return around(change)


def echoed(name: str) -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        given, result = bound.arguments.get(name), call()
        return given if same(given, result) else result

    return around(change)


def memorised() -> tuple[Wrap, Wrap]:
    """One that remembers all answers, and one that knows them alone.

    To anything else the second answers as was answered last.
    """
    known: list[tuple[dict[str, Any], Any]] = []

    def record(bound: BoundArguments, call: Call) -> Any:
        asked = copied(dict(bound.arguments))
        answer = call()
        known.append((asked, copied(answer)))
        return answer

    def replay(bound: BoundArguments, call: Call) -> Any:
        asked = dict(bound.arguments)
        found = (answer for known_one, answer in known if same(known_one, asked))
        return copied(next(found, known[-1][1]))

    return around(record), around(replay)


def first_remembered() -> Wrap:
    kept: list[Any] = []

    def change(bound: BoundArguments, call: Call) -> Any:
        if not kept:
            kept.append(call())
        return copied(kept[0])

    return around(change)


def reseeded() -> Wrap:
    def change(bound: BoundArguments, call: Call) -> Any:
        random.seed(0)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(0)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(0)
        return call()

    return around(change)


def other_generator(name: str) -> Wrap:
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


def restarted(name: str) -> Wrap:
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
