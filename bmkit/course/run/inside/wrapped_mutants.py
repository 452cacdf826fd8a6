"""Mutants made by wrapping the finished function: wrong whatever stands inside it.

It changes what it was given, takes no notice of a parameter, remembers the answers of
the visible tests, gives back another kind of number. Which make sense follows from how
the check calls it. The harmless changes are here too: an answer as people might well
write it, which must pass or be told of in the check's own words.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bmkit.course.run.inside import values
from bmkit.course.run.inside.observed import Parameter, Seen, Space, Wrap, get, put
from bmkit.course.run.inside.wrappers import (
    after_call,
    each_given,
    echoed,
    first_remembered,
    frozen,
    memorised,
    other_generator,
    overwritten,
    reseeded,
    restarted,
    spared,
)


@dataclass(frozen=True)
class WrappedMutant:
    """A wrapper and its title.

    Attributes:
        title: what is wrong with it.
        target: the function or ``Class.method``.
        make: makes the wrapper; called in the child, as some keep what they saw. Where
            it makes two, the visible tests are run with the first.
        harmless: whether it must pass, or fail in the check's own words.
    """

    title: str
    target: str
    make: Callable[[], Wrap | tuple[Wrap, Wrap]]
    harmless: bool = False


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


Row = tuple[Any, ...]  # title, make, and whether it is harmless if it is


def _all(seen: Seen, method: bool, changes: tuple[str, ...]) -> Iterator[Row]:
    for name, parameter in seen.parameters.items():
        yield from _of_parameter(name, parameter, changes)
    if seen.outer == ["None"]:
        return
    if not method and seen.parameters:
        yield "the visible answers are memorised", memorised
        yield "the first answer is remembered", first_remembered
    if seen.draws:
        yield "what is drawn is the same every time", reseeded
    yield from _of_result(seen)


def _of_parameter(
    name: str, parameter: Parameter, changes: tuple[str, ...]
) -> Iterator[Row]:
    to = f" to {parameter.first}" if parameter.first else ""
    if parameter.kinds != ["generator"]:
        yield f"{name} is frozen{to}", lambda: frozen(name, parameter)
    if "generator" in parameter.kinds:
        yield f"{name} is not drawn from", lambda: other_generator(name)
        yield f"{name} begins anew in each call", lambda: restarted(name)
    if parameter.changed:
        yield f"{name} stays as it was", lambda: spared(name)
    if name in changes and not parameter.changed:
        return  # what becomes of it, nobody may rely on
    if set(parameter.kinds) & set(values.DATA):
        yield f"{name} is overwritten", lambda: overwritten(name, False)
    if set(parameter.holds) & {"tensor", "array"}:
        yield f"what {name} holds is overwritten", lambda: overwritten(name, True)
    if parameter.echoed:
        yield f"{name} itself is returned", lambda: echoed(name)


def _of_result(seen: Seen) -> Iterator[Row]:
    kinds = set(seen.results)
    if seen.gradient:
        yield "the result is detached", lambda: each_given(values.detached)
    if "tensor" in kinds:
        yield "the result is a NumPy array", lambda: each_given(values.as_numpy)
    if kinds & {"tensor", "array"} and seen.floats:
        yield "the result is in half precision", lambda: each_given(values.as_half)
    if kinds & {"tensor", "array"} and (seen.floats or seen.wholes):
        yield "the result is 8-bit integers", lambda: each_given(values.as_bytes)
    if seen.wholes:
        yield (
            "the result is floating-point numbers",
            lambda: each_given(values.as_floating),
        )
    if seen.floats:
        yield "the result is rounded to integers", lambda: each_given(values.as_whole)
    if set(seen.outer) & {"tuple", "list"} and max(seen.lengths) > 1:
        yield "the result is in reverse order", lambda: after_call(values.turned_round)
    if seen.outer == ["tuple"]:
        yield "the result is a list", lambda: after_call(list), True
    if seen.outer == ["list"]:
        yield "the result is a tuple", lambda: after_call(tuple), True
    if "dict" in seen.outer:
        yield (
            "the result's keys stand in another order",
            lambda: after_call(values.reordered),
            True,
        )
    if "float" in kinds:
        yield "the result is a NumPy float", lambda: each_given(values.as_scalar), True
        if "torch" in sys.modules:
            yield (
                "the result is a 0-dim tensor",
                lambda: each_given(values.as_zero_dim),
                True,
            )


def install(space: Space, mutant: WrappedMutant, visible: Callable[[], None]) -> None:
    """Put a mutant in the place of the answer; called in a child.

    Args:
        space: the notebook's globals, with the reference in them.
        mutant: what to put.
        visible: runs the visible tests.
    """
    made = mutant.make()
    if isinstance(made, tuple):
        recorder, made = made
        original = get(space, mutant.target)
        put(space, mutant.target, recorder)
        visible()
        put(space, mutant.target, lambda _: original)
    put(space, mutant.target, made)
