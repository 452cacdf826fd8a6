"""What follows a cell: help after a check, a sign in place of what needs a stub.

Where a notebook is graded nothing is passed over: a stub is an error, as graders want.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from bmkit.lab import (
    attended,
    checks,
    exercises,
    known_error,
    progress,
    real_error,
    shown,
)
from bmkit.lab.expect import CheckFailed
from bmkit.lab.plain_text import plain_message
from bmkit.lab.unwritten import (
    PassedOver,
    close_figures,
    figures,
    function_of,
    is_stub,
    is_written,
)
from bmkit.lab.words import say

if TYPE_CHECKING:
    from IPython.core.interactiveshell import (
        ExecutionInfo,
        ExecutionResult,
        InteractiveShell,
    )

_following: Following | None = None


def follow() -> None:
    """Follow the cells from here on, once, where a notebook runs."""
    global _following
    shell = exercises.shell()
    if shell is None:
        return
    in_a_kernel = getattr(shell, "kernel", None) is not None
    if _following is None and (in_a_kernel or progress.recorded()):
        _following = Following(shell)
    real_error.watch(shell)  # after ours: what was passed over is no error


class Following:
    """IPython's hooks, and what they know of the cell that runs.

    Args:
        shell: whose cells are followed.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.passed_over = PassedOver()
        self.code = ""  # of the cell that runs, as Python
        self.cell = ""  # as it is written
        self.before: dict[str, int] = {}  # what each name stood for when it began
        self.figures: set[int] = set()  # what was drawn when it began
        self.excused: BaseException | None = None
        self.needs = ""  # the function that the cell waits for
        shell.events.register("pre_run_cell", self._begins)
        shell.events.register("post_run_cell", self._ended)
        shell.set_custom_exc((Exception,), self._failed)

    def _begins(self, info: ExecutionInfo) -> None:
        self.cell = (info.raw_cell or "").strip()
        self.code = info.transformed_cell or self.shell.transform_cell(self.cell)
        self.before = {name: id(value) for name, value in self.shell.user_ns.items()}
        self.figures = figures()
        self.excused = None

    def _failed(
        self,
        shell: InteractiveShell,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        **_: object,
    ) -> None:
        """IPython's handler of errors: those that come of a stub are none."""
        graded = attended.by_a_grader()
        needs = None if graded else self.passed_over.needed(error, self.code)
        if needs is not None:
            self.excused, self.needs = error, needs
            close_figures(figures() - self.figures)
            shown.message(self._sign(error))
        elif is_stub(error):
            # Still an error among the outputs: nbgrader looks for one.
            shell._showtraceback(kind, error, [f"✗ {real_error.in_words(error)}"])
        elif known_error.left_above(error):
            name = checks.exercise_of(function_of(error)) or say("unwritten.one")
            told = say("check.wrong", name=name, why=real_error.in_words(error))
            shell._showtraceback(kind, error, [plain_message(told)])
        else:
            shell.showtraceback((kind, error, trace), running_compiled_code=True)

    def _sign(self, error: BaseException) -> str:
        exercise = self._checked()
        if exercise is not None and is_stub(error):
            return checks.unwritten(exercise, error)
        name = checks.exercise_of(self.needs) or say("unwritten.one")
        since = is_written(self.shell.user_ns.get(self.needs))
        return say("unwritten.since" if since else "unwritten.needed", name=name)

    def _ended(self, result: ExecutionResult) -> None:
        error: Any = result.error_in_exec or result.error_before_exec
        excused = self.excused
        if excused is not None and error is excused:
            self.excused = result.error_in_exec = None  # the next cell may run
            space = self.shell.user_ns
            self.passed_over.note(excused, self.code, self.needs, self.before, space)
            return
        if (getattr(result.info, "raw_cell", None) or "").strip() != self.cell:
            return  # a magic has run another cell within it, and that has ended
        if error is None:
            self.passed_over.made(self.code)
        exercise = self._checked()
        if exercise is not None and not is_stub(error):
            told = isinstance(error, CheckFailed)
            checks.report(exercise, error, told=told)

    def _checked(self) -> exercises.Exercise | None:
        """The exercise whose check cell has just run."""
        if not self.cell:
            return None
        found = checks.known().values()
        return next((one for one in found if one.code.strip() == self.cell), None)
