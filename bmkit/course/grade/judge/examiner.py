"""The clean process that runs the tests: no line of the learner's runs in it.

It makes the lesson's own names that the tests use from the lesson's own cells, takes
the learner's functions as `RemoteObject`s, and says what passed.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import traceback
from typing import Any

from bmkit.course.grade.judge import messages
from bmkit.course.grade.judge.exceptions import ConnectionLost, RemoteError, text_of
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.grade.judge.remote_object import RemoteObject
from bmkit.course.grade.judge.rpc import Peer
from bmkit.course.kernels import sandbox
from bmkit.course.source.regions import HIDDEN
from bmkit.course.words import say
from bmkit.lab.parts import PartlyRight, counted
from bmkit.lab.real_error import own_words
from bmkit.language import speak


def main(files: list[int], *, memory: int) -> None:
    """Serve the judge on the first file; the learner's process is on the second.

    Args:
        files: the two sockets.
        memory: MiB that what the learner sends may take.
    """
    sandbox.bound_memory(memory)
    control, bridge = (socket.socket(fileno=file) for file in files)
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in (0, 1, 2):
        os.dup2(nothing, file)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    peer = Peer(bridge)
    space: dict[str, Any] = {"__name__": "__main__"}
    sys.modules["__main__"].__dict__.setdefault("__name__", "__main__")
    while True:
        try:
            message = messages.receive(control)
        except EOFError:
            return
        if "setup" in message:
            messages.send(control, setup(message["setup"], space))
        else:
            messages.send(control, check(message, peer, space))


def setup(cells: list[str], space: dict[str, Any]) -> dict[str, Any]:
    """Run the lesson's own cells that the tests need."""
    with _quiet():
        for number, source in enumerate(cells):
            try:
                exec(compile(source, f"<lesson {number}>", "exec"), space)
            except Exception:
                return {"failed": traceback.format_exc(limit=-3)}
    return {"failed": ""}


def check(message: dict[str, Any], peer: Peer, space: dict[str, Any]) -> dict[str, Any]:
    """Run one check against the learner's names; what it raised, in words.

    Args:
        message: ``check``, the tests' source; ``lang``, theirs; ``names``, what the
            learner defines, ``parameters`` of it, and ``changes``, those that may be.
        peer: the bridge to the learner's process.
        space: the lesson's own names; the tests' are added, as in a notebook.
    """
    own = {name: space[name] for name in message["names"] if name in space}
    kind, says, text, hidden, points = "", "", "", False, 0.0

    def in_words(error: BaseException) -> str:
        if not any(error is one for one in peer.heard):
            return _safely(error)
        if _hidden(error, message["check"]):
            return say("judge.hidden", lang=message["lang"], kind=type(error).__name__)
        return own_words(error)[:4000]

    guard = peer.watch(message["changes"], message["parameters"])
    speak(message["lang"])
    peer.operated = peer.computed = False
    peer.heard.clear()
    try:
        with _quiet():
            peer.begin()
            for name in message["names"]:
                space.pop(name, None)
                with contextlib.suppress(NameError):
                    space[name] = peer.fetch(name)
            with counted(in_words):
                exec(compile(message["check"], "<check>", "exec"), space)
    except ConnectionLost:
        kind, says = (
            "ConnectionLost",
            "the notebook's process ended while it was being tested",
        )
    except SerializationError as error:
        kind, says = "SerializationError", str(error)
    except RemoteError as error:
        kind, says = "RemoteError", str(error)
        text, hidden = says, _hidden(error, message["check"])
    except PartlyRight as error:
        kind, says, points = "CheckFailed", str(error)[:4000], error.points
    except BaseException as error:
        kind, says = type(error).__name__, _safely(error)
        text = text_of(error)
        theirs = any(error is one for one in peer.heard)
        hidden = theirs and _hidden(error, message["check"])
    if guard.failed is not None and kind != "ConnectionLost":
        # A check may have passed over it.
        kind, says, points = "CheckFailed", str(guard.failed), 0.0
    for name in message["names"]:
        if isinstance(space.get(name), RemoteObject) or name not in own:
            space.pop(name, None)
    space.update(own)
    return {
        "kind": kind,
        "says": says,
        "text": text,
        "hidden": hidden,
        "points": points,
        "operated": peer.operated,
        "computed": peer.computed,
    }


def _hidden(error: BaseException, check: str) -> bool:
    """Whether a hidden test met the error: its values are none of the learner's."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = (n for frame, n in frames if frame.f_code.co_filename == "<check>")
    above = check.split("\n")[: next(lines, 0)]
    begun = sum(HIDDEN.begin in line for line in above)
    return begun > sum(HIDDEN.end in line for line in above)


def _safely(error: BaseException) -> str:
    """The error in the learner's words, whatever its ``__str__`` does."""
    from bmkit.lab.real_error import in_words

    try:
        return in_words(error)[:4000]
    except Exception:
        return type(error).__name__


@contextlib.contextmanager
def _quiet() -> Any:
    """Tests print to nobody: what passed is in the answer alone."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        yield
