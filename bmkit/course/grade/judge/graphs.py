"""Gradients across two processes: each keeps its graphs, and only numbers cross.

What a call computed stays, with its graph, in the process that computed it. The other
process has the values, as the output of a node whose backward asks there for the
product of a slope with the Jacobian. That node's sources are the tensors that the call
was given and the learner's own leaves, which are its parameters: a leaf is shared, so
it is one tensor on either side, and what one side writes into it, or into its
``.grad``, the other finds there at the next message. Who answers a wrong gradient has
given a wrong answer, no more. Second derivatives do not cross.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from bmkit.course.grade.judge import serialization
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.grade.judge.serialization import Seen
from bmkit.course.words import say

MOST = 10_000  # graphs kept, and leaves shared
NODES = 1_000_000  # of one graph
LARGEST = 2**31  # numbers in one leaf


@dataclass
class Shared:
    """A leaf that both sides have.

    Attributes:
        tensor: this side's.
        told: the values that both sides know; None where they never crossed.
        slope: the ``.grad`` that both sides know.
    """

    tensor: Any
    told: Any = None
    slope: Any = None


class Graphs:
    """What one end of the bridge keeps so that gradients flow.

    Args:
        owner: whether leaves found here are shared: the learner's are, the tests' own
            stay with the tests.
    """

    def __init__(self, *, owner: bool) -> None:
        self.owner = owner
        self.numbers = itertools.count()  # never used twice: an old one names nothing
        self.forget()

    def forget(self) -> None:
        """Drop every graph and leaf: a check has ended."""
        self.kept: dict[int, tuple[Any, list[Any]]] = {}
        self.leaves: dict[int, Shared] = {}
        self.by_id: dict[int, int] = {}
        self.done: list[int] = []  # graphs of the other side that nobody needs any more

    def known(self, tensor: Any) -> int | None:
        """The number of a leaf that is the other side's; None for any other tensor."""
        return None if self.owner else self.by_id.get(id(tensor))

    # Where it was computed

    def history(self, tensor: Any, taken: Seen) -> dict[str, Any]:
        """What the other side must know of a result, so that gradients flow.

        Args:
            tensor: part of an answer.
            taken: what the call was given, by its numbers.

        Raises:
            SerializationError: more than `MOST` of them are kept.
        """
        if not tensor.requires_grad:
            return {}
        if tensor.is_leaf:
            return self._leaf(tensor)
        sources: list[Any] = []
        told: list[dict[str, Any]] = []
        for leaf in _leaves(tensor):
            if id(leaf) in taken.places:
                told.append({"given": taken.places[id(leaf)]})
            elif self.owner:
                number = self._share(id(leaf), leaf)
                parameter = type(leaf).__name__ == "Parameter"
                kind = str(leaf.dtype).removeprefix("torch.")
                form = {"shape": list(leaf.shape), "type": kind}
                told.append({"leaf": number, "parameter": parameter} | form)
            else:
                continue
            sources.append(leaf)
        if not sources:
            return {}
        if len(self.kept) >= MOST:
            raise SerializationError(say("value.graphs", most=MOST))
        number = next(self.numbers)
        self.kept[number] = tensor, sources
        return {"graph": number, "sources": told}

    def _leaf(self, tensor: Any) -> dict[str, Any]:
        if not self.owner:
            return {}
        shared = self.leaves[self._share(id(tensor), tensor)]
        shared.told = tensor.detach().clone()
        shared.slope = _copied(tensor.grad)
        return {"leaf": id(tensor)}

    def backward(self, number: Any, slope: Any) -> list[Any]:
        """The slope times the Jacobian of what is kept under ``number``, by source.

        Raises:
            SerializationError: nothing is.
        """
        torch = serialization.loaded("torch")
        if number not in self.kept:
            raise SerializationError("a graph that is not kept")
        tensor, sources = self.kept[number]
        _same_form(tensor, slope)
        # Of a number no `grad_outputs` need be given: PyTorch would import much for it.
        with torch.enable_grad():  # the way back itself goes without
            product = (tensor * slope.conj()).sum().real
        slopes = torch.autograd.grad(
            product, sources, retain_graph=True, allow_unused=True
        )
        return list(slopes)

    def release(self, numbers: Any) -> None:
        """Drop graphs whose results the other side no longer has.

        Args:
            numbers: those that the other side's `take_done` gave.
        """
        for number in numbers:
            self.kept.pop(number, None)

    # Where it arrives

    def take_done(self) -> list[int]:
        """The graphs that the other side need keep no longer, each told once."""
        done, self.done = self.done, []
        return done

    def connected(self, value: Any, body: Any, given: Seen, ask: Any) -> Any:
        """A tensor that has arrived, with what it was computed from.

        Args:
            value: its values.
            body: what `history` told of it.
            given: what the call was given, by its numbers.
            ask: asks the other side.

        Raises:
            SerializationError: it was told nonsense.
        """
        torch = serialization.loaded("torch")
        if "leaf" in body and not self.owner:
            return self._arrived(int(body["leaf"]), value, body.get("slope"))
        if "graph" not in body:
            return value.requires_grad_() if body["grad"] else value
        sources = []
        for told in body["sources"][:MOST]:
            if "given" in told:
                source = given.things[told["given"]]
            else:
                source = self._placeholder(told)
            if not isinstance(source, torch.Tensor):
                raise SerializationError("a gradient of what is no tensor")
            sources.append(source)
        number = int(body["graph"])

        def back(slope: Any) -> Any:
            return ask({"backward": number}, slope)

        result = _node().apply(back, (value,), *sources)
        # The node lives as long as anything here was computed from the result.
        weakref.finalize(result.grad_fn or result, self._drop, number)
        return result

    def _arrived(self, number: int, value: Any, slope: Any) -> Any:
        """The other side's leaf with its values: known already, or met now."""
        shared = self.leaves.get(number)
        if shared is None:
            shared = self.leaves[self._share(number, value.requires_grad_())]
        elif shared.told is None:
            _same_form(shared.tensor, value)
            shared.tensor.data = value.data
        else:
            _write(shared.tensor, value)
        shared.told = shared.tensor.detach().clone()
        if slope is not None:
            shared.tensor.grad = serialization.tensor_of(slope)
        shared.slope = _copied(shared.tensor.grad)
        return shared.tensor

    def _placeholder(self, told: Any) -> Any:
        """A leaf of which only the form is known: nobody has asked for its values."""
        torch = serialization.loaded("torch")
        number = int(told["leaf"])
        if self.owner:
            raise SerializationError("a leaf that is not shared")
        if number not in self.leaves:
            shape = [int(size) for size in told["shape"]]
            if min(shape, default=0) < 0 or math.prod(shape) > LARGEST:
                raise SerializationError("a leaf too large")
            empty = torch.zeros((), dtype=serialization.torch_type(told["type"]))
            made = empty.expand(shape)
            if told["parameter"]:
                made = torch.nn.Parameter(made)
            self._share(number, made.requires_grad_())
        return self.leaves[number].tensor

    def _drop(self, number: int) -> None:
        self.done.append(number)

    # Both

    def _share(self, number: int, tensor: Any) -> int:
        if number not in self.leaves:
            if len(self.leaves) >= MOST:
                raise SerializationError(say("value.graphs", most=MOST))
            self.leaves[number] = Shared(tensor)
            self.by_id[id(tensor)] = number
        return number

    def changes(self) -> list[Any]:
        """What was written into shared leaves since the last message."""
        found = []
        for number, shared in self.leaves.items():
            now, slope = shared.tensor.detach(), shared.tensor.grad
            change: dict[str, Any] = {}
            if shared.told is not None and not _equal(shared.told, now):
                shared.told = now.clone()
                change["value"] = serialization.packed_tensor(now)
            if not _equal(shared.slope, slope):
                shared.slope = _copied(slope)
                gone = slope is None
                change["slope"] = None if gone else serialization.packed_tensor(slope)
            if change:
                found.append([number, change])
        return found

    def apply(self, changes: Any) -> None:
        """Write here what the other side wrote there.

        Raises:
            SerializationError: a leaf is not shared, or not of this form.
        """
        for number, change in changes:
            if number not in self.leaves:
                raise SerializationError("a leaf that is not shared")
            shared = self.leaves[number]
            if "value" in change:
                _write(shared.tensor, serialization.tensor_of(change["value"]))
                shared.told = shared.tensor.detach().clone()
            if "slope" in change:
                slope = change["slope"]
                made = None if slope is None else serialization.tensor_of(slope)
                if made is not None:
                    _same_form(shared.tensor, made)
                shared.tensor.grad = made
                shared.slope = _copied(made)


@cache
def _node() -> Any:
    """The node of autograd that stands for a graph of the other process."""
    torch = serialization.loaded("torch")
    function: Any = torch.autograd.Function
    once: Any = torch.autograd.function.once_differentiable

    class Elsewhere(function):
        """Values that the other process computed, and how to go back from them."""

        @staticmethod
        def forward(ctx: Any, ask: Any, value: Any, *sources: Any) -> Any:
            ctx.ask, ctx.count = ask, len(sources)
            return value[0]  # in a tuple: a tensor among the inputs would be a source

        backward = staticmethod(once(_back))

    return Elsewhere


def _back(ctx: Any, slope: Any) -> Any:
    torch = serialization.loaded("torch")
    slopes = ctx.ask(slope)
    if not isinstance(slopes, list) or len(slopes) != ctx.count:
        raise SerializationError("no gradients")
    if not all(isinstance(one, (torch.Tensor, type(None))) for one in slopes):
        raise SerializationError("no gradients")
    return None, None, *slopes


def _leaves(tensor: Any) -> list[Any]:
    """The leaves that a tensor was computed from, each once.

    Raises:
        SerializationError: its graph has too many nodes.
    """
    found: dict[int, Any] = {}
    met, waiting = {tensor.grad_fn}, [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if type(node).__name__ == "AccumulateGrad":
            found[id(node.variable)] = node.variable
        for below, _ in node.next_functions:
            if below is not None and below not in met:
                met.add(below)
                waiting.append(below)
        if len(met) > NODES:
            raise SerializationError(say("value.graphs", most=NODES))
    return list(found.values())


def grad_enabled() -> bool:
    """Whether gradients are wanted here."""
    torch = sys.modules.get("torch")
    return torch is None or bool(torch.is_grad_enabled())


@contextlib.contextmanager
def without_grad(so: bool) -> Iterator[None]:
    """Compute without gradients where the other side does ``so``."""
    torch = sys.modules.get("torch")
    if torch is None or not so:
        yield
    else:
        with torch.no_grad():
            yield


def _copied(tensor: Any) -> Any:
    return None if tensor is None else tensor.detach().clone()


def _equal(one: Any, other: Any) -> bool:
    torch = serialization.loaded("torch")
    if one is None or other is None:
        return one is other
    same = (one.shape, one.dtype) == (other.shape, other.dtype)
    return same and bool(torch.equal(one, other))


def _same_form(old: Any, new: Any) -> None:
    if (old.shape, old.dtype) != (new.shape, new.dtype):
        raise SerializationError(say("value.changed", why=f"{list(new.shape)}"))


def _write(old: Any, new: Any) -> None:
    """Other values in place, where they are other values."""
    _same_form(old, new)
    if not _equal(old.detach(), new.detach()):
        old.detach().copy_(new.detach())
