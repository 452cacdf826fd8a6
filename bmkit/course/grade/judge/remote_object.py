"""An object of the other process, as the tests hold it: using it asks there."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bmkit.lab.guard import OPERATORS

if TYPE_CHECKING:
    from bmkit.course.grade.judge.rpc import Peer

COMPUTING = OPERATORS | {"__contains__"}
METHODS = COMPUTING | {
    *("__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__"),
    *("__float__", "__int__", "__index__", "__str__", "__repr__", "__iter__"),
    *("__next__", "__enter__", "__exit__", "__bool__"),
}
LACKS = "object has no"  # says the other side where a kind has no such method
# Kinds of what is watched when it is called by the name that the exercise gives it.
FUNCTIONS = {"function", "builtin_function_or_method", "partial", "_lru_cache_wrapper"}


class RemoteObject:
    """An object of the other process: using it asks there.

    It equals itself alone: what a stranger's ``__eq__`` would say does not count.
    """

    def __init__(self, peer: Peer, number: int, kind: str) -> None:
        object.__setattr__(self, "_remote", (peer, number, kind))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        peer, number, kind = self._remote
        name = peer.names.get(number, "")
        # A function that was not fetched by its name, but made or kept by what was, is
        # not watched: nothing is known of its parameters.
        if kind in FUNCTIONS and not name:
            return peer.call(number, "__call__", args, kwargs)
        twice = kind in FUNCTIONS
        return peer.watched(number, "__call__", args, kwargs, name=name, repeat=twice)

    def __getattr__(self, name: str) -> Any:
        peer, number, _ = object.__getattribute__(self, "_remote")
        if name.startswith("__"):  # Python's own questions are not asked there
            raise AttributeError(name)
        return peer.known(peer.ask({"attribute": name, "of": number}), name)

    def __setattr__(self, name: str, value: Any) -> None:
        peer, number, _ = self._remote
        peer.ask({"set": name, "of": number}, value)

    def __iter__(self) -> Any:
        peer, number, _ = self._remote
        return iter(peer.call(number, "__iter__", (), {}))

    def __repr__(self) -> str:
        return f"<{self._remote[2]} object>"


def _relayed(method: str) -> Any:
    def relay(self: RemoteObject, *args: Any) -> Any:
        peer, number, _ = self._remote
        try:
            answer = peer.watched(number, method, args, {})
        except TypeError as error:
            if args and method in OPERATORS and f"{LACKS} {method}" in str(error):
                return NotImplemented  # Python asks the other side, or says it
            raise
        if method in COMPUTING:
            peer.operated = True
            # A number made of a number of the tests: it need not be the right one.
            theirs = [isinstance(one, RemoteObject) for one in (*args, answer)]
            peer.computed |= bool(args) and not any(theirs)
        return answer

    return relay


for _method in METHODS - {"__iter__", "__repr__"}:
    setattr(RemoteObject, _method, _relayed(_method))


@lru_cache(maxsize=256)
def remote_kind(kind: str) -> type[RemoteObject]:
    """`RemoteObject` by the name that its class has there: Python's own errors say it.

    Args:
        kind: what the other side calls it; any text.
    """
    name = kind if kind.isidentifier() else RemoteObject.__name__
    return type(name, (RemoteObject,), {})
