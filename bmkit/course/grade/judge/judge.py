"""One submission, from a file put in order to a verdict.

The judge runs no line of anybody's: it tells the learner's process which cell to run
and the examiner which check, and believes the examiner alone about what passed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.assembly import NUMBER
from bmkit.course.grade.judge import planning
from bmkit.course.grade.judge.job import Check, Job
from bmkit.course.grade.judge.outputs import error_output, kept_outputs
from bmkit.course.grade.judge.processes import (
    EXAMINER,
    LEARNER,
    ExaminerLost,
    ProcessLost,
    ProcessPair,
    ending,
)
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.json_values import JsonObject, as_dict
from bmkit.course.kernels.forkserver_client import ForkServer
from bmkit.course.kernels.limits import Limits
from bmkit.course.report.notebook_view import HANDED_IN
from bmkit.course.report.sanitize import seen
from bmkit.course.words import say
from bmkit.lab.parts import reasons

PRELOAD = (
    *("torch", "torch.nn.functional", "numpy", "numpy.testing", "pandas", "bmkit"),
    *("matplotlib.pyplot", "concurrent.futures", "tempfile", "unittest"),
    *("bmkit.lab.start", "bmkit.lab.expect", "bmkit.lab.checks", "bmkit.lab.claims"),
    "bmkit.lab.hooks",
    *("bmkit.show", "bmkit.show.style", "bmkit.data", "bmkit.models", "bmkit.train"),
    *("ipywidgets", "IPython.core.completer", EXAMINER, f"{LEARNER}:prepare"),
)

FAILED = ("CheckFailed", "AssertionError")  # kinds of error with a sentence of ours
UNWRITTEN = "NotImplementedError"
LONGEST_LINE = 60  # characters of a cell that are shown, so that one knows it

# Why an exercise is not judged where no process that checks is left.
NO_EXAMINER = "judge.examiner"


def judge(job: Job, server: ForkServer, limits: Limits) -> Verdict:
    """Run one submission and decide on its points.

    Args:
        job: the submission.
        server: forks the two processes; ``jailed`` unless a person chose otherwise.
        limits: what the learner's process may use.

    Returns:
        a verdict in every case: what a stranger's code does is no error of ours.
    """
    began = time.monotonic()
    deadline = began + limits.total_seconds
    verdict, sure = _judged(job, server, limits, deadline)
    if not sure and verdict.points < verdict.of:
        # A cell that was left out may have been needed after all: once more, with all.
        whole = dataclasses.replace(job, whole=True)
        again, _ = _judged(whole, server, limits, deadline)
        if again.points >= verdict.points:
            verdict = again
        else:
            verdict.person = [*dict.fromkeys(verdict.person + again.person)]
    verdict.seconds = time.monotonic() - began
    return verdict


def _judged(
    job: Job, server: ForkServer, limits: Limits, deadline: float
) -> tuple[Verdict, bool]:
    """One run of the submission, and whether it surely had all cells that it needs."""
    verdict = Verdict(
        job.student,
        job.slug,
        job.lang,
        remarks=list(job.remarks),
        person=list(job.person),
        key=job.key,
    )
    with ProcessPair(server, limits) as pair:
        judging = _Judging(job, verdict, pair, deadline)
        judging.run()
    verdict.notebook = json.dumps(judging.book, ensure_ascii=False)
    return verdict, judging.sure or bool(judging.lost)


class Found(NamedTuple):
    """What a check in the clean process came to.

    Attributes:
        kind: the kind of error that it raised; empty where it passed.
        says: why, in words.
        text: the error's own text.
        hidden: whether the error is the learner's own, met by a hidden test.
        points: for the parts that passed all the same.
    """

    kind: str
    says: str
    text: str
    hidden: bool
    points: float


@dataclass
class _Judging:
    """The course of one judging."""

    job: Job
    verdict: Verdict
    pair: ProcessPair
    deadline: float
    lost: str = ""  # why nothing more can be judged, as a key of [judge]
    sure: bool = True  # whether no cell was left out that may be needed
    set_up: set[str] = field(default_factory=set)
    since: int = 0  # cells that ran since the last check
    # The learner's last cell that ran.
    place: JsonObject = field(default_factory=lambda: {"cell": 0, "code": ""})
    unfound: set[str] = field(default_factory=set)  # exercises with no answer to test
    book: JsonObject = field(default_factory=dict)

    def tell(self, key: str, **values: Any) -> str:
        """What the learner is told."""
        return say(key, lang=self.job.lang, **values)

    def call(self, key: str, **values: Any) -> None:
        """Say why a person must look before the points count."""
        self.verdict.person.append(seen(say(key, lang=self.job.teacher, **values)))

    def run(self) -> None:
        """Cell after cell, check after check."""
        self.book = json.loads(self.job.notebook)
        checks = {check.exercise: check for check in self.job.checks}
        self._bring_files()
        run = self._cells_to_run()
        for position, cell in enumerate(self.book["cells"]):
            exercise = planning.exercise_of(cell)
            if exercise in checks:
                self._best(checks[exercise], cell)
                self.since = 0
            elif position in run and not self.lost:
                self._run(cell)
            elif cell.get("outputs"):
                cell["metadata"].setdefault("bmkit", {})["outputs"] = HANDED_IN
        marked = {mark.exercise for mark in self.verdict.marks}
        for name in checks.keys() - marked:
            self._give(checks[name], self.tell("judge.no_check"))
        self.verdict.person += [self.job.doubts[name] for name in sorted(self.unfound)]
        self._call_for_the_unjudged()
        order = list(checks)
        self.verdict.marks.sort(key=lambda mark: order.index(mark.exercise))

    def _call_for_the_unjudged(self) -> None:
        """Name the exercises for which no examiner was left."""
        if self.lost == NO_EXAMINER:
            why = self.tell(NO_EXAMINER)
            names = [x.exercise for x in self.verdict.marks if x.message == why]
            if names:
                self.call("person.examiners", exercises=", ".join(names))

    def _bring_files(self) -> None:
        """Lay what came along with the notebook where it will run."""
        try:
            if self.job.files:
                self.pair.ask_learner({"files": self.job.files}, self.deadline)
        except ProcessLost as lost:
            self._lose("person.read", how=lost.told(self.job.teacher))

    def _cells_to_run(self) -> set[int]:
        cells = self.book["cells"]
        question = planning.question(self.job, cells)
        answer = None
        if question:
            try:
                soon = min(self.deadline, time.monotonic() + planning.SECONDS)
                answer = self.pair.ask_learner(question, soon)
            except ProcessLost as lost:
                self._lose("person.read", how=lost.told(self.job.teacher))
        found = planning.taken(answer, cells)
        self.sure = found.sure
        return found.run

    def _run(self, cell: JsonObject) -> None:
        if not cell["source"].strip():
            return
        self.since += 1
        number = as_dict(cell["metadata"].get("bmkit")).get(NUMBER)
        if number:  # else it is one of ours, which runs beside the learner's
            code = next(filter(None, map(str.strip, cell["source"].splitlines())))
            self.place = {"cell": number, "code": seen(code[:LONGEST_LINE])}
        cell["outputs"] = []
        try:
            answer = self.pair.ask_learner({"cell": cell["source"]}, self.deadline)
            cell["outputs"] = kept_outputs(answer)
            if self.pair.stopped:
                remark = self.tell("judge.cell", **self.place, why=self._long())
                self.verdict.remarks.append(remark)
        except ProcessLost as lost:
            how = lost.told(self.job.teacher)
            self._lose("person.cell", **self.place, how=how)

    def _long(self) -> str:
        """That something ran too long."""
        return self.tell("judge.long", seconds=self.pair.limits.cell_seconds)

    def _lose(self, key: str, **values: Any) -> None:
        """From here on nothing can be judged."""
        self.lost = "judge.lost"
        self.call(key, **values)

    def _best(self, check: Check, cell: JsonObject) -> None:
        """The check, unless an earlier answer has passed it; the better mark counts."""
        marks = self.verdict.marks
        before = next((m for m in marks if m.exercise == check.exercise), None)
        if before and before.points >= before.of:
            return
        self._mark(check, cell)
        if before:
            marks.remove(before if marks[-1].points >= before.points else marks[-1])

    def _mark(self, check: Check, cell: JsonObject) -> None:
        if self.lost:
            self._give(check, self.tell(self.lost))
            return
        try:
            found = self._examine(check)
        except ExaminerLost as lost:
            how = lost.told(self.job.teacher)
            self.call("person.examiner", exercise=check.exercise, how=how)
            self._give(check, self.tell(NO_EXAMINER))
            self._renew()
            return
        except ProcessLost as lost:
            how = lost.told(self.job.teacher)
            self._lose("person.check", exercise=check.exercise, how=how)
            self._give(check, self.tell("judge.lost"))
            return
        self._doubt(check, found)
        self._lack(check, found)
        if not found.kind:
            self._give(check)
            return
        says = self._long() if self.pair.stopped else found.says or found.kind
        mistake = self._mistake(check, says)
        real = "" if mistake or self.pair.stopped else self._real(check, found)
        if found.kind == UNWRITTEN and self._is_ours(check.exercise):
            says = self.tell("judge.absent")
        elif real:
            says = real
        elif check.told != check.source and found.kind in FAILED:
            says = self._again(check, check.told, self.job.lang) or says
        cell["outputs"] = [error_output(found.kind, says)]
        self._give(check, says, mistake, found.points)

    def _is_ours(self, exercise: str) -> bool:
        """Whether the stub that ran is one of ours: the notebook has no cell of it."""
        return any(
            nbgrader_cells.grade_id(cell) == exercise
            and NUMBER not in as_dict(cell["metadata"].get("bmkit"))
            for cell in self.book["cells"]
        )

    def _lack(self, check: Check, found: Found) -> None:
        """Call a person where an answer lacks what a cell of the lesson's defines."""
        name = next(
            (n for n in self.job.lacking if f"name '{n}' is not" in found.text), ""
        )
        if found.kind == "NameError" and name:
            self.call("person.lacking", exercise=check.exercise, name=name)

    def _doubt(self, check: Check, found: Found) -> None:
        """Note whether there was an answer to test, where that could not be told."""
        lacks = any(f"name '{name}' is not" in found.text for name in check.names)
        lacks = lacks if found.kind == "NameError" else found.kind == UNWRITTEN
        if lacks and check.exercise in self.job.doubts:
            self.unfound.add(check.exercise)
        else:
            self.unfound.discard(check.exercise)

    def _examine(self, check: Check) -> Found:
        """The check in the clean process: what it raised and said, or nothing."""
        setup = {"setup": self._setup(check)}
        failed = self.pair.ask_examiner(setup, self.deadline)["failed"]
        if failed:
            reason = failed.strip().splitlines()[-1]
            self.call("person.lesson", why=reason)
        message = _examined(check, check.source, self.job.lang)
        answer = self.pair.ask_examiner(message, self.deadline)
        if answer["kind"] == "ConnectionLost":
            self.pair.learner.wait(2)
            raise ending(self.pair.learner, EOFError())
        computes = answer["computed"] or (answer["operated"] and not check.classes)
        if computes and (answer["points"] or not answer["kind"]):
            self.call("person.computes", exercise=check.exercise)
        return Found(**{name: answer[name] for name in Found._fields})

    def _setup(self, check: Check) -> list[str]:
        """The lesson's own cells up to this check that have not run yet."""
        cells: list[str] = []
        for one in self.job.checks:
            if one.exercise not in self.set_up:
                self.set_up.add(one.exercise)
                cells += one.setup
            if one is check:
                break
        return cells

    def _mistake(self, check: Check, says: str) -> str:
        """Which of the known mistakes the message tells of."""
        if check.english != check.source:  # mistakes are known by their English words
            says = self._again(check, check.english, "en") or says
        said = reasons(says)
        return next((known for known in check.mistakes if known in said), "")

    def _real(self, check: Check, found: Found) -> str:
        """What the notebook's process says of an error that is its own; or nothing."""
        if found.kind == "CheckFailed":
            return ""
        message: JsonObject = {"failed": [found.kind, found.text], "names": check.names}
        message |= {"cells": self.since, "lang": self.job.lang, "hidden": found.hidden}
        told = ""
        with contextlib.suppress(ProcessLost, LookupError, TypeError):
            # Where its process is lost, the next cell or check will tell.
            told = str(self.pair.ask_learner(message, self.deadline)["told"])
        if found.hidden and not told:  # its own words may tell of the hidden test
            told = self.tell("judge.hidden", kind=found.kind)
        return told

    def _again(self, check: Check, source: str, lang: str) -> str:
        """What a check that failed says in another language; empty if nothing."""
        message = _examined(check, source, lang)
        try:
            return str(self.pair.ask_examiner(message, self.deadline)["says"])
        except ExaminerLost:
            self._renew()
        except ProcessLost:
            pass  # the next cell or check will tell
        return ""

    def _renew(self) -> None:
        """Another examiner, for the exercises that come; it has set up nothing yet."""
        self.set_up.clear()
        if not self.pair.renew_examiner():
            self.lost = NO_EXAMINER

    def _give(
        self, check: Check, message: str = "", mistake: str = "", points: float = 0.0
    ) -> None:
        message = seen(message)  # a stranger's code has a say in it
        points = min(points, check.points) if message else check.points
        hint = check.hint if message else ""
        mark = Mark(check.exercise, points, check.points, message, hint, mistake)
        self.verdict.marks.append(mark)


def _examined(check: Check, source: str, lang: str) -> JsonObject:
    """What the examiner is told: a check's tests, in which language, and of what."""
    return {
        "check": source,
        "lang": lang,
        "names": check.names,
        "parameters": check.parameters,
        "changes": check.changes,
    }
