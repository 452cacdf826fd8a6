"""The two processes of one submission: how they start, are asked, and end.

Whatever the learner's process does, asking it comes back in time: with its answer, or
with `ProcessLost`.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from typing import Any

from bmkit.course.grade.judge import messages
from bmkit.course.grade.judge.messages import SerializationError
from bmkit.course.kernels import sandbox
from bmkit.course.kernels.forkserver_client import Forked, ForkServer
from bmkit.course.kernels.limits import Limits
from bmkit.course.words import say

LEARNER = "bmkit.course.grade.judge.learner"
EXAMINER = "bmkit.course.grade.judge.examiner"
GRACE = 2.0  # seconds that who has begun to answer gets
INTERRUPTS = 8  # times that a cell gets SIGINT, and a quarter of that to end
EXAMINERS = 3  # one after another, where one has ended


class ProcessLost(Exception):
    """A process of this submission has ended.

    Args:
        key: of the sentence that says how, going on from "it".
        **values: what stands in the sentence's places.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key, self.values = key, values

    def told(self, lang: str) -> str:
        """How it ended, in ``lang``."""
        return say(self.key, lang=lang, **self.values)


class ExaminerLost(ProcessLost):
    """The examiner has ended, which no answer should bring about."""


class ProcessPair:
    """The learner's process and the examiner; a context manager that leaves nothing.

    The learner's process holds a bridge for each examiner that there may be, since
    none can be handed to it later.

    Args:
        server: forks both.
        limits: what the learner's may use.
    """

    def __init__(self, server: ForkServer, limits: Limits) -> None:
        self.server, self.limits = server, limits
        self.stopped = False  # whether what was asked last ran over its time

    def __enter__(self) -> ProcessPair:
        self.home = ""
        if not self.server.jailed:
            self.home = tempfile.mkdtemp(prefix="bmkit-grade-")
        self.to_learner, theirs = socket.socketpair()
        pairs = [socket.socketpair() for _ in range(EXAMINERS)]
        self.bridges = [one for one, _ in pairs]
        ends = [theirs, *(other for _, other in pairs)]
        args = {"home": self.home or sandbox.HOME, "output": self.limits.output}
        try:
            self.learner = self._start(f"{LEARNER}:main", args, ends, jailed=True)
        finally:
            for end in ends:
                end.close()
        self._start_examiner()
        return self

    def _start_examiner(self) -> None:
        self.to_examiner, theirs = socket.socketpair()
        bridge = self.bridges.pop(0)
        with theirs, bridge:
            # Trusted code: the walls of the fork server are enough for it.
            self.examiner = self._start(
                f"{EXAMINER}:main",
                {"memory": self.limits.memory},
                [theirs, bridge],
                jailed=False,
            )

    def renew_examiner(self) -> bool:
        """A new examiner in place of one that has ended; False if there were enough."""
        if not self.bridges:
            return False
        self.examiner.kill()
        self.to_examiner.close()
        self.learner.signal(2)  # it may still be at what the old one asked
        self._start_examiner()
        return True

    def _start(
        self, entry: str, args: Any, ends: list[socket.socket], *, jailed: bool
    ) -> Forked:
        jail = self.limits.plain() if jailed else None
        return self.server.fork(entry, args, [end.fileno() for end in ends], jail)

    def __exit__(self, *_: object) -> None:
        for process in (self.learner, self.examiner):
            process.kill()
        for channel in (self.to_learner, self.to_examiner, *self.bridges):
            channel.close()
        for process in (self.learner, self.examiner):
            process.wait(10)
        if self.home:
            shutil.rmtree(self.home, ignore_errors=True)

    def ask_learner(self, message: Any, deadline: float) -> Any:
        """What the learner's process answers; a cell over time is interrupted.

        Raises:
            ProcessLost: it ended, or would not stop.
        """
        until = self._until(deadline)
        return self._ask(self.to_learner, self.learner, message, until)

    def ask_examiner(self, message: Any, deadline: float) -> Any:
        """What the examiner answers; the learner's function over time is interrupted.

        Raises:
            ExaminerLost: it ended.
            ProcessLost: the learner's process would not stop.
        """
        until = self._until(deadline)
        try:
            return self._ask(self.to_examiner, self.examiner, message, until)
        except ProcessLost as lost:
            if self.examiner.code is None:
                raise
            raise ExaminerLost(lost.key, **lost.values) from None

    def _until(self, deadline: float) -> float:
        """How long the next answer may take."""
        now = time.monotonic()
        if now > deadline:
            self.learner.kill()
            raise ProcessLost("lost.total")
        return min(deadline, now + self.limits.cell_seconds)

    def _ask(
        self, channel: socket.socket, process: Forked, message: Any, until: float
    ) -> Any:
        try:
            channel.settimeout(max(until - time.monotonic(), 0.01))
            messages.send(channel, message)
            answer = self._hear(channel, until)
            self.stopped = answer is None
            for _ in range(INTERRUPTS):  # one ends one command, and another may follow
                if answer is None:
                    self.learner.signal(2)
                    answer = self._hear(channel, time.monotonic() + GRACE / 4)
            if answer is None:
                self.learner.kill()
                raise ProcessLost("lost.over")
            return answer
        except (EOFError, OSError, SerializationError) as error:
            process.kill()
            process.wait(5)
            raise ending(process, error) from None

    def _hear(self, channel: socket.socket, until: float) -> Any:
        """The next message, or None when nothing of it has come in time."""
        channel.settimeout(max(until - time.monotonic(), 0.01))
        try:
            first = channel.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return None
        if not first:
            raise EOFError
        largest = int((self.limits.output + 1) * 2**20)
        # Who has begun to answer finishes soon, or is up to something.
        return messages.receive(
            channel, until=time.monotonic() + GRACE, largest=largest
        )


def ending(process: Forked, error: Exception) -> ProcessLost:
    """How a process ended."""
    if isinstance(error, (SerializationError, TimeoutError)):
        return ProcessLost("lost.answer", what=error or "…")
    if process.limit:
        return ProcessLost(f"lost.{process.limit}", most=process.most)
    if process.code is not None and process.code < 0:
        return ProcessLost("lost.signal", number=-process.code)
    return ProcessLost("lost.status", code=process.code)
