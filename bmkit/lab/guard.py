"""What every check asks of a function, whatever it asks besides.

A function leaves its arguments as they were, and gives the same for the same. The
comparison of values alone sees neither: what a check wants may be computed from an
argument that was overwritten, and the next cell of the lesson finds it spoilt. So while
a check runs, the calls of what the learner wrote are watched.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import random
import sys
import types
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from bmkit.lab.contents import Contents, contents, is_data, same
from bmkit.lab.failures import CheckFailed
from bmkit.lab.words import say

_REFLECTED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
OPERATORS = {f"__{name}__" for name in (*_REFLECTED, "and", "or", "xor")} | {
    *("__neg__", "__pos__", "__invert__", "__abs__"),
    *(f"__r{name}__" for name in _REFLECTED),
}
METHODS = {"__init__", "__call__"} | OPERATORS  # so named, and watched all the same
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def random_states() -> Callable[[], None]:
    """Keep the state of all random numbers that belong to nobody; puts it back."""
    numpy, torch = (sys.modules.get(name) for name in ("numpy", "torch"))
    python = random.getstate()
    array = numpy.random.get_state() if numpy else None
    tensor = torch.get_rng_state() if torch else None

    def put_back() -> None:
        random.setstate(python)
        if numpy:
            numpy.random.set_state(array)
        if torch:
            torch.set_rng_state(tensor)

    return put_back


class Guard:
    """Watches the calls of one check.

    Args:
        changes: the parameters that may be changed.
        keep_random: keeps the random states in use, and gives what puts them back.
    """

    def __init__(
        self,
        changes: Collection[str] = (),
        keep_random: Callable[[], Callable[[], None]] = random_states,
    ) -> None:
        self.changes = frozenset(changes)
        self.keep_random = keep_random
        self.failed: CheckFailed | None = None
        self._calling = False
        self._repeated: set[str] = set()

    def call(
        self,
        function: Callable[..., Any],
        name: str,
        parameters: Sequence[str],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        repeat: bool = True,
    ) -> Any:
        """Call a function of the learner's for the check.

        What it calls in turn is not watched: a function may do with its own copies
        what it likes.

        Args:
            function: what is called.
            name: its name; the first call under each with plain data is made twice.
            parameters: their names, as far as they are known, in order; ``*rest`` so.
            args: by position.
            kwargs: by name.
            repeat: whether two calls have to give the same; without arguments none has.

        Raises:
            CheckFailed: an argument was changed, or a second call gave something else.
        """
        if self._calling:
            return function(*args, **kwargs)
        values = [*args, *kwargs.values()]
        named = [*_names(parameters, len(args)), *kwargs]
        before = [contents(value) for value in values]
        again: Arguments | None = None
        put_back: Callable[[], None] | None = None
        twice = repeat and values and name not in self._repeated
        if twice and all(map(is_data, before)):
            self._repeated.add(name)
            with contextlib.suppress(RuntimeError, TypeError):  # in a graph: no copy
                again = copy.deepcopy((args, kwargs))
                put_back = self.keep_random()
        result = self._called(function, args, kwargs)
        for parameter, value, was in zip(named, values, before, strict=True):
            if parameter not in self.changes and not same(was, contents(value)):
                key = "changed" if parameter else "changed_one"
                raise self._failure(say(f"guard.{key}", parameter=parameter))
        if again is not None and put_back is not None:
            # Before the second call: it may hand out the same object once more.
            first = contents((result, values))
            if is_data(first) and not self._alike(function, first, again, put_back):
                raise self._failure(say("guard.differs"))
        return result

    def _alike(
        self,
        function: Callable[..., Any],
        first: Contents,
        again: Arguments,
        put_back: Callable[[], None],
    ) -> bool:
        after = self.keep_random()
        put_back()
        args, kwargs = again
        try:
            result = self._called(function, args, kwargs)
        except Exception:  # it did not raise when it was called first
            return False
        finally:
            after()
        second = contents((result, [*args, *kwargs.values()]))
        return same(first, second, near=True)

    def _called(
        self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        self._calling = True
        try:
            return function(*args, **kwargs)
        finally:
            self._calling = False

    def _failure(self, message: str) -> CheckFailed:
        self.failed = self.failed or CheckFailed(message)
        return self.failed


def _names(parameters: Sequence[str], count: int) -> list[str]:
    """Names for ``count`` arguments by position; empty where none is known."""
    found: list[str] = []
    for one in parameters:
        if one.startswith("*"):  # takes all that are left
            found += [one[1:]] * (count - len(found))
        found.append(one)
    return [*found, *[""] * count][:count]


@contextlib.contextmanager
def watching(
    space: dict[str, Any], names: Collection[str], changes: str = ""
) -> Iterator[None]:
    """Watch the functions and classes of these names while a check runs.

    Args:
        space: the notebook's names.
        names: those that the exercise defines.
        changes: the parameters that may be changed, with spaces between.

    Raises:
        CheckFailed: what the guard found, also where the check passed over it.
    """
    guard = Guard(changes.split())
    replaced: list[tuple[Any, str, Any]] = []
    for name in names:
        found = space.get(name)
        if isinstance(found, type):
            if found.__module__ == space.get("__name__"):  # not a library's
                for method in _methods(found):
                    replaced.append((found, method, vars(found)[method]))
        elif inspect.isroutine(found) or isinstance(found, functools.partial):
            replaced.append((space, name, found))
    for home, name, found in replaced:
        _put(home, name, _watched(guard, found, name, method=home is not space))
    try:
        yield
    except Exception:
        if guard.failed is not None:
            raise guard.failed from None
        raise
    finally:
        for home, name, found in replaced:
            _put(home, name, found)
    if guard.failed is not None:
        raise guard.failed


def _methods(kind: type) -> list[str]:
    return [
        name
        for name, value in vars(kind).items()
        if isinstance(value, types.FunctionType)
        and (name in METHODS or not name.startswith("__"))
    ]


def _put(home: Any, name: str, value: Any) -> None:
    if isinstance(home, dict):
        home[name] = value
    else:
        setattr(home, name, value)


def _watched(guard: Guard, function: Any, name: str, *, method: bool) -> Any:
    """A function whose calls are watched; of a method all arguments but the first."""
    parameters = _parameters(function)

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if not method:
            return guard.call(function, name, parameters, args, kwargs)
        bound = functools.partial(function, *args[:1])
        rest = parameters[1:]
        return guard.call(bound, name, rest, args[1:], kwargs, repeat=False)

    return watched


def _parameters(function: Any) -> list[str]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # made in C: nobody knows
        return []
    star = inspect.Parameter.VAR_POSITIONAL
    return [f"*{one.name}" if one.kind is star else one.name for one in found]
