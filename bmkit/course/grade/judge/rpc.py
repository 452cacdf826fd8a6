"""Two processes that use each other's objects by name, and copy only data.

Both sides are alike: while one waits for an answer it serves the other's requests, so
a function handed over can be called back. What they grant differs. The learner's side
grants everything: it is the learner's. The examiner's side grants calls of what it
handed over, and the public methods of random generators; nothing else can be reached
from there, least of all the tests.
"""

from __future__ import annotations

import random
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from bmkit.course.grade.judge import messages, serialization
from bmkit.course.grade.judge.exceptions import ConnectionLost, described, rebuilt
from bmkit.course.grade.judge.graphs import Graphs, grad_enabled, without_grad
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.grade.judge.remote_object import (
    FUNCTIONS,
    LACKS,
    METHODS,
    RemoteObject,
    remote_kind,
)
from bmkit.course.grade.judge.serialization import Seen
from bmkit.course.words import say
from bmkit.lab.guard import Guard, random_states
from bmkit.lab.usual_settings import default_dtype

MOST = 100_000  # objects handed over, items of one iteration


class Peer:
    """One end of the bridge.

    Args:
        channel: a stream socket.
        space: the names that the other side may fetch; None grants none.
    """

    def __init__(
        self, channel: socket.socket, space: dict[str, Any] | None = None
    ) -> None:
        self.channel = channel
        self.space = space
        self.mine: dict[int, Any] = {}
        self.theirs: dict[int, RemoteObject] = {}
        self.graphs = Graphs(owner=space is not None)
        self.dtype = ""  # PyTorch's default type of number while the tests ask
        self.heard: deque[BaseException] = deque(maxlen=100)  # raised by the other side
        self.raised: BaseException | None = None  # by what the other side asked last
        self.operated = self.computed = False  # by the other side's own arithmetic
        self.guard: Guard | None = None
        self.parameters: dict[str, list[str]] = {}
        self.names: dict[int, str] = {}  # of the other side's objects

    # What cannot cross, as `serialization.Naming`

    def name(self, value: Any) -> Any:
        """The name under which the other side may use ``value``."""
        if isinstance(value, RemoteObject):
            return {"yours": value._remote[1]}
        if isinstance(value, BaseException):
            return {"raised": described(value)}
        if self.space is None:
            known = _importable(value)
            if known:
                return {"import": known}
            if not (callable(value) or isinstance(value, RANDOM)):
                raise SerializationError(
                    f"this check hands over a {type(value).__name__}, which cannot "
                    "cross: hand over numbers, or a function"
                )
        if len(self.mine) >= MOST:
            raise SerializationError("too many objects")
        self.mine[id(value)] = value
        return {"object": id(value), "kind": type(value).__name__}

    def named(self, name: Any) -> Any:
        """The object that `name` named on the other side.

        Raises:
            SerializationError: there is none, or it is not granted.
        """
        if "yours" in name:
            if name["yours"] in self.graphs.leaves:
                return self.graphs.leaves[name["yours"]].tensor
            if name["yours"] not in self.mine:
                raise SerializationError("an object that was never handed over")
            return self.mine[name["yours"]]
        if "raised" in name:
            return rebuilt(name["raised"])
        if "import" in name and self.space is not None:
            module, _, path = name["import"].partition(":")
            found: Any = sys.modules[module]
            for part in path.split("."):
                found = getattr(found, part)
            return found
        number = int(name["object"])
        if number not in self.theirs:
            kind = str(name["kind"])[:80]
            self.theirs[number] = remote_kind(kind)(self, number, kind)
        return self.theirs[number]

    def history(self, tensor: Any) -> dict[str, Any]:
        """A leaf of the other side's is named there; only answers tell more."""
        number = self.graphs.known(tensor)
        return {} if number is None else {"yours": number}

    def connected(self, tensor: Any, body: Any) -> Any:
        """Arguments arrive as leaves: their graph stays with who computed them."""
        return tensor.requires_grad_() if body["grad"] else tensor

    # Asking

    def begin(self) -> None:
        """Before a check: both sides forget the graphs and leaves of the last one."""
        self.graphs.forget()
        self.ask({"forget": "graphs", "dtype": default_dtype()})

    def fetch(self, name: str) -> Any:
        """The other side's variable ``name``.

        Raises:
            NameError: it has none.
        """
        found = self.ask({"fetch": name})
        if isinstance(found, RemoteObject):
            self.names[found._remote[1]] = name
        return found

    # Watching

    def watch(self, changes: Sequence[str], parameters: dict[str, list[str]]) -> Guard:
        """Watch the calls of what is fetched from now on.

        Args:
            changes: the parameters that may be changed.
            parameters: those of what the exercise defines, by name.
        """
        self.guard, self.parameters = Guard(changes, self.random_states), parameters
        self.names.clear()
        return self.guard

    def known(self, value: Any, name: str) -> Any:
        """Remember by which name a method of the other side's objects was found."""
        if isinstance(value, RemoteObject) and value._remote[2] not in FUNCTIONS:
            self.names[value._remote[1]] = name
        return value

    def watched(
        self,
        number: int,
        method: str,
        args: Any,
        kwargs: Any,
        *,
        name: str = "",
        repeat: bool = False,
    ) -> Any:
        """Call a method of the other side's object, watched while a check runs."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return self.call(number, method, args, kwargs)

        if self.guard is None:
            return call(*args, **kwargs)
        name = name or method
        parameters = self.parameters.get(name, [])
        return self.guard.call(call, name, parameters, args, kwargs, repeat=repeat)

    def random_states(self) -> Callable[[], None]:
        """Keep the states of random numbers on both sides; puts them back."""
        here, there = random_states(), self.ask({"random": "keep"})

        def put_back() -> None:
            here()
            there()

        return put_back

    def call(self, number: int, method: str, args: Any, kwargs: Any) -> Any:
        """Call a method of the other side's object; arguments changed there change."""
        return self.ask({"call": method, "of": number}, list(args), dict(kwargs))

    def ask(self, request: dict[str, Any], *values: Any) -> Any:
        """Send a request and serve the other side's until the answer comes.

        Raises:
            SerializationError: the other side talks nonsense.
            BaseException: what the request raised there.
        """
        given = Seen()
        request["values"] = [serialization.pack(value, self, given) for value in values]
        count = len(given.things)
        if not grad_enabled():
            request["grad"] = False
        request["leaves"] = self.graphs.changes()
        request["done"] = self.graphs.take_done()
        try:
            messages.send(self.channel, request)
        except OSError:
            raise ConnectionLost from None
        while True:
            try:
                message = messages.receive(self.channel)
            except (EOFError, OSError):
                raise ConnectionLost from None
            if not isinstance(message, dict):
                raise SerializationError("no message")
            if "answer" not in message and "raised" not in message:
                self.serve(message)
                continue
            for position, contents in message.get("changed", []):
                if not 0 <= position < count:
                    raise SerializationError("an argument that was not given")
                value = serialization.unpack(contents, self, given)
                given.forget(count)
                serialization.overwrite(given.things[position], value)
            self._apply(message)
            if "raised" in message:
                error = rebuilt(message["raised"])
                self.heard.append(error)
                ends = isinstance(error, (StopIteration, StopAsyncIteration))
                if ends and request.get("call") != "__next__":
                    # It would end a loop over the tests instead of failing one.
                    raise RuntimeError(f"raised {type(error).__name__}")
                raise error
            return serialization.unpack(
                message["answer"], _Answer(self, given), given, 1
            )

    def _apply(self, message: dict[str, Any]) -> None:
        """What the other side wrote into shared leaves.

        Raises:
            SerializationError: that makes no sense.
        """
        try:
            self.graphs.apply(message.get("leaves", []))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            raise SerializationError("no leaves") from None

    # Answering

    def serve(self, request: dict[str, Any]) -> None:
        """Do what the other side asks and answer."""
        taken = Seen()
        before: list[Any] = []
        self.raised = None
        try:
            packed = request.get("values", [])
            self._apply(request)
            self.graphs.release(request.get("done", []))
            values = [serialization.unpack(value, self, taken) for value in packed]
            before += [self._contents(thing, taken) for thing in list(taken.things)]
            with without_grad(request.get("grad") is False):
                given = self._do(request, values)
            answer = {
                "answer": serialization.pack(given, _Answer(self, taken), taken, 1)
            }
        except (KeyboardInterrupt, SystemExit, Exception) as error:
            answer, self.raised = {"raised": described(error)}, error
        taken.forget(len(before))
        try:
            answer["changed"] = self._changed(before, taken)
            answer["leaves"] = self.graphs.changes()
            messages.send(self.channel, answer)
        except OSError:  # the other side is gone
            raise
        except Exception as error:  # too large, or holds what cannot cross
            messages.send(self.channel, {"raised": described(error)})

    def _changed(self, before: list[Any], taken: Seen) -> list[Any]:
        """What the arguments hold that they did not before, by their numbers."""
        now = [self._contents(thing, taken) for thing in list(taken.things)]
        pairs = enumerate(zip(before, now, strict=True))
        return [[position, new] for position, (was, new) in pairs if new != was]

    def _contents(self, thing: Any, taken: Seen) -> Any:
        """What an argument holds; another argument within it by its number."""
        count = len(taken.things)
        packed = serialization.pack(thing, self, taken)
        taken.forget(count)
        return packed

    def _do(self, request: dict[str, Any], values: list[Any]) -> Any:
        if "fetch" in request:
            if self.space is None:
                raise SerializationError("no variable is granted")
            if request["fetch"] not in self.space:
                raise NameError(f"name {request['fetch']!r} is not defined")
            return self.space[request["fetch"]]
        if "forget" in request:
            self.graphs.forget()
            self.dtype = str(request["dtype"])
            return None
        if "backward" in request:
            return self.graphs.backward(request["backward"], *values)
        if "random" in request and self.space is not None:
            return random_states()
        target = self.mine[request["of"]]
        if "attribute" in request:
            self._grant(target, request["attribute"])
            return getattr(target, request["attribute"])
        if "set" in request:
            self._grant(target, "")
            setattr(target, request["set"], *values)
            return None
        args, kwargs = values
        method = request["call"]
        if method == "__call__":
            return target(*args, **kwargs)
        if method not in METHODS:
            raise AttributeError(method)
        self._grant(target, "")
        if method == "__iter__":
            return _items(target)
        if method == "__bool__":
            return bool(target)
        if not hasattr(type(target), method):  # as Python says it, so that it asks on
            raise TypeError(f"{type(target).__name__!r} {LACKS} {method}")
        return getattr(target, method)(*args)

    def _grant(self, target: Any, attribute: str) -> None:
        """The examiner's side lets nobody look into what it handed over."""
        if self.space is not None:
            return
        if not isinstance(target, RANDOM) or attribute.startswith("_") or not attribute:
            raise AttributeError(attribute or "not granted")


class _Answer:
    """Names what is in an answer; its tensors keep what they were computed from.

    Args:
        peer: this end.
        given: what the call was given, by its numbers.
    """

    def __init__(self, peer: Peer, given: Seen) -> None:
        self.peer, self.given = peer, given
        self.name, self.named = peer.name, peer.named

    def history(self, tensor: Any) -> dict[str, Any]:
        """What the other side must know of a result, so that gradients flow."""
        return self.peer.history(tensor) or self.peer.graphs.history(tensor, self.given)

    def connected(self, tensor: Any, body: Any) -> Any:
        """A result, connected with what it was computed from."""
        return self.peer.graphs.connected(tensor, body, self.given, self.peer.ask)


def _random_kinds() -> tuple[type, ...]:
    import numpy as np

    return (random.Random, np.random.Generator, np.random.RandomState)


RANDOM = _random_kinds()


def _items(target: Any) -> list[Any]:
    items = []
    for item in target:
        items.append(item)
        if len(items) > MOST:
            raise SerializationError(say("value.items", most=MOST))
    return items


def _importable(value: Any) -> str:
    """``module:name`` of a library's own function or class; else empty."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__name__", None)
    places = [(module, getattr(value, "__qualname__", None)), (module, name)]
    # Functions made in C do not all say where they are found.
    places += [("torch.nn.functional", name), ("numpy", name)]
    for module, path in places:
        if not isinstance(module, str) or not isinstance(path, str):
            continue
        found: Any = None if module == "__main__" else sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is value:
            return f"{module}:{path}"
    return ""
