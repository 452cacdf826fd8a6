"""How a check calls an answer: which parameters, with what, and what comes back.

Mutants made by wrapping follow from it: a list can be emptied, a float cannot; where
no gradient flows, none can be cut.
"""

from __future__ import annotations

import functools
import inspect
import random
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bmkit.course.run.inside.values import DATA, copied, kind, leaves, mapped, same

Space = dict[str, Any]
ECHOES = ("tensor", "array", "list", "dict")  # which to return matters
HELD = (*DATA, "tuple")  # which may be changed, or what they hold
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass
class Parameter:
    """What a parameter was given: kinds of value, and the first one if it is short.

    ``echoed`` is whether the result was once equal to it, and not the same object;
    ``changed`` whether the reference changed it in place.
    """

    kinds: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)  # kinds of what it holds
    first: str = ""
    echoed: bool = False
    changed: bool = False


@dataclass
class Seen:
    """What was seen of one function, or of one method of a class.

    Attributes:
        parameters: by name, in the order of the signature.
        results: kinds of what came back, containers and what they hold.
        floats: whether numbers with a fraction came back, or tensors of such a type.
        wholes: whether tensors or arrays of integers came back.
        outer: kinds of the results themselves.
        lengths: how many things each tuple or list held.
        gradient: whether gradients flow from the arguments to the result.
        draws: whether it draws from a global random generator.
        calls: how often it was called.
    """

    parameters: dict[str, Parameter] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    floats: bool = False
    wholes: bool = False
    outer: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    gradient: bool = False
    draws: bool = False
    calls: int = 0

    @classmethod
    def read(cls, row: dict[str, Any]) -> Seen:
        """From what `plain` gave, after it went through JSON."""
        row = dict(row)
        parameters = {k: Parameter(**v) for k, v in row.pop("parameters").items()}
        return cls(parameters=parameters, **row)

    def plain(self) -> dict[str, Any]:
        """As values of JSON."""
        return asdict(self)


def targets(space: Space, name: str) -> list[str]:
    """The function's name; for a class ``Class.method`` for each method of its own."""
    answer = space.get(name)
    if inspect.isfunction(answer):
        return [name]
    if not inspect.isclass(answer):
        return []
    return [f"{name}.{m}" for m, f in vars(answer).items() if inspect.isfunction(f)]


def put(space: Space, target: str, wrap: Wrap) -> None:
    """Wrap a function of the notebook, or a method of a class of it."""
    name, _, method = target.partition(".")
    if method:
        setattr(space[name], method, wrap(getattr(space[name], method)))
    else:
        space[name] = wrap(space[name])


def around(change: Callable[[inspect.BoundArguments, Callable[[], Any]], Any]) -> Wrap:
    """A wrapper that hands a call's arguments, and the call itself, to ``change``."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            return change(bound, lambda: function(*bound.args, **bound.kwargs))

        return wrapped

    return wrap


def observe(space: Space, name: str, check: Callable[[], None]) -> dict[str, Any]:
    """Run a check once and tell, for each function or method, what was seen."""
    found: dict[str, Seen] = {}
    for target in targets(space, name):
        found[target] = Seen()
        method = "." in target
        parameters = list(inspect.signature(get(space, target)).parameters.values())
        for one in parameters[1 if method else 0 :]:
            if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
                first = "" if one.default is one.empty else _text(one.default)
                found[target].parameters[one.name] = Parameter(first=first)
        put(space, target, around(functools.partial(_look, found[target])))
    check()
    return {target: seen.plain() for target, seen in found.items()}


def get(space: Space, target: str) -> Callable[..., Any]:
    """The function, or the method as the class has it."""
    name, _, method = target.partition(".")
    function: Callable[..., Any] = (
        getattr(space[name], method) if method else space[name]
    )
    return function


def _look(seen: Seen, bound: inspect.BoundArguments, call: Callable[[], Any]) -> Any:
    seen.calls += 1
    for name, value in bound.arguments.items():
        parameter = seen.parameters.get(name)
        if parameter is None:
            continue
        if not parameter.kinds:
            parameter.first = _text(value)
        _add(parameter.kinds, kind(value))
        if isinstance(value, list | tuple | dict):
            for one in leaves(value):
                _add(parameter.holds, kind(one))
    before = _drawn()
    given = {k: copied(v) for k, v in bound.arguments.items() if kind(v) in HELD}
    result = call()
    seen.draws |= before != _drawn()
    for name, value in bound.arguments.items():
        if name in seen.parameters and name in given:
            seen.parameters[name].changed |= not same(value, given[name])
    if kind(result) in ECHOES and _telling(result):
        for name, value in bound.arguments.items():
            if name in seen.parameters and value is not result and same(value, result):
                seen.parameters[name].echoed = True
    _add(seen.outer, kind(result))
    if isinstance(result, list | tuple | dict):
        seen.lengths.append(len(result))
    for one in leaves(result):
        _add(seen.results, kind(one))
        seen.floats |= _fraction(one)
        seen.wholes |= _whole(one)
        seen.gradient |= bool(getattr(one, "requires_grad", False))
    if seen.calls == 1 and not seen.gradient:
        seen.gradient = _flows(bound, call)
    return result


def _add(kinds: list[str], one: str) -> None:
    if one not in kinds:
        kinds.append(one)


def _fraction(value: Any) -> bool:
    if kind(value) == "tensor":
        return bool(value.is_floating_point())
    if kind(value) == "array":
        return bool(value.dtype.kind == "f")
    return isinstance(value, float) and not value.is_integer()


def _telling(value: Any) -> bool:
    """Whether it holds more than 0 and 1: those are equal to many a thing by chance."""
    if kind(value) in ("tensor", "array"):
        return bool(((value != 0) & (value != 1)).any())
    if isinstance(value, list | dict):
        return any(map(_telling, leaves(value)))
    return bool(value not in (0, 1))


def _whole(value: Any) -> bool:
    if kind(value) == "tensor":
        return "int" in str(value.dtype)
    return kind(value) == "array" and value.dtype.kind in "iu"


def _text(value: Any) -> str:
    """A value in a title: short, or none."""
    if kind(value) in ("int", "float", "bool", "str", "None", "tuple", "list"):
        text = repr(value)
        return text if len(text) <= 24 and "\n" not in text else ""
    return ""


def _flows(bound: inspect.BoundArguments, call: Callable[[], Any]) -> bool:
    """Whether gradients flow through the call, tried on copies of its arguments."""
    given = dict(bound.arguments)

    def wanted(value: Any) -> Any:
        if kind(value) == "tensor" and value.is_floating_point():
            return value.detach().clone().requires_grad_()
        return copied(value)

    try:
        for name, value in given.items():
            if any(kind(one) == "generator" for one in leaves(value)):
                return False  # it would draw from what the check draws from next
            bound.arguments[name] = mapped(value, wanted)
        return any(getattr(one, "requires_grad", False) for one in leaves(call()))
    except Exception:
        return False
    finally:
        bound.arguments.update(given)


def _drawn() -> list[Any]:
    state: list[Any] = [random.getstate()]
    if "numpy" in sys.modules:
        name, keys, *rest = sys.modules["numpy"].random.get_state()
        state += [name, keys.tobytes(), *rest]
    if "torch" in sys.modules:
        state.append(sys.modules["torch"].get_rng_state().numpy().tobytes())
    return state
