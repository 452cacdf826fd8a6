"""Exceptions from the other process: their names and words cross, no class does."""

from __future__ import annotations

import builtins


class RemoteError(Exception):
    """The learner's code raised something that is no built-in exception."""


class RemoteExit(RemoteError):
    """The learner's code was interrupted, or asked to exit: the whole check ends."""

    ends_check = True


class ConnectionLost(BaseException):
    """The other process has ended; no test of ours may take it for an answer."""


def described(error: BaseException) -> list[str]:
    """An exception as its names, the most special first, and what it says."""
    kinds = [kind.__name__ for kind in type(error).__mro__[:-2]]
    return [*kinds[:8], text_of(error)]


def text_of(error: BaseException) -> str:
    """What an exception says; empty where its own ``__str__`` fails."""
    try:
        return str(error)[:4000]
    except Exception:
        return ""


def rebuilt(told: list[str]) -> BaseException:
    """The built-in exception nearest to what was raised there."""
    *kinds, text = [str(part)[:4000] for part in told]
    for kind in kinds:
        found: object = getattr(builtins, kind, None)
        if not isinstance(found, type) or not issubclass(found, Exception):
            continue
        if found is not Exception:
            try:
                return found(text)
            except TypeError:  # UnicodeDecodeError wants five arguments
                continue
    exits = {"KeyboardInterrupt", "SystemExit", "GeneratorExit"} & {*kinds}
    kind_of_error = RemoteExit if exits else RemoteError
    return kind_of_error(f"{kinds[0]}: {text}" if kinds else text)


def as_it_arrives(error: BaseException) -> list[str]:
    """Kind and text of an exception as the other process has it."""
    there = rebuilt(described(error))
    kind = RemoteError if isinstance(there, RemoteError) else type(there)
    return [kind.__name__, text_of(there)]
