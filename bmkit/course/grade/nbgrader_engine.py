"""Grades by nbgrader's own machinery, in process: one kernel a submission, no sandbox.

This is what `bmkit grade` falls back to where no process can be forked (macOS,
Windows), and what the judge is compared with. One thing is put right: a right answer
whose test writes to stderr (a warning, TensorFlow's start-up lines) keeps its points.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmkit.course.build import nbgrader_cells, nbgrader_course
from bmkit.course.build.notebooks import dumps
from bmkit.course.grade.gradebook import default_url
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.grade.submission import Submission
from bmkit.course.json_values import JsonObject
from bmkit.course.kernels import environment
from bmkit.course.source import prose
from bmkit.course.source.loading import source_of
from bmkit.course.words import say
from bmkit.lab.parts import reasons
from bmkit.lab.words import say as lesson_says

if TYPE_CHECKING:
    from nbformat import NotebookNode

STUDENT = "learner"


def grade(
    submission: Submission, *, student: str = "", key: str = "", timeout: int = 120
) -> Verdict:
    """Run and grade one submission, as the user who asks: it must be trusted.

    Args:
        submission: what `submission.read` made of the learner's file.
        student: who handed it in.
        key: SHA-256 of the file.
        timeout: seconds that one cell may take.

    Returns:
        marks for every exercise of the lesson. When the notebook cannot be run to its
        end (its code ends the kernel), every exercise has 0 and a person is called.
    """
    slug, began = submission.lesson.slug, time.monotonic()
    remarks = list(submission.remarks)
    verdict = Verdict(student, slug, submission.told, remarks=remarks, key=key)
    verdict.person += submission.person
    with warnings.catch_warnings(), _course(submission, timeout) as (folder, api):
        # nbgrader 0.9 with SQLAlchemy 2: notes on its own flushing, nothing of ours.
        warnings.filterwarnings("ignore", module=r"nbgrader\.api")
        outcome = api.autograde(slug, STUDENT)
        if outcome["success"]:
            path = folder / "autograded" / STUDENT / slug / f"{slug}.ipynb"
            verdict.notebook = path.read_text(encoding="utf-8")
        else:
            verdict.notebook = dumps(submission.book)
            verdict.person.append(say("person.ended", how=_last_line(outcome)))
        verdict.marks = _marks(submission, api, folder if outcome["success"] else None)
    lacking = {mark.exercise for mark in verdict.marks if not mark.points}
    verdict.person += [submission.doubts[n] for n in lacking & {*submission.doubts}]
    verdict.seconds = time.monotonic() - began
    return verdict


@contextlib.contextmanager
def _course(submission: Submission, timeout: int) -> Iterator[tuple[Path, Any]]:
    """A course folder with the assignment released and the submission handed in."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    lesson = submission.lesson
    folder = Path(tempfile.mkdtemp(prefix="bmkit-grade-"))
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.course_id = "bmkit"
    config.CourseDirectory.db_url = default_url(folder)
    config.ExecutePreprocessor.timeout = timeout
    config.ExecutePreprocessor.startup_timeout = 120
    config.NbGraderAPI.log_level = "CRITICAL"
    config.ExecutePreprocessor.extra_arguments = [
        "--HistoryManager.hist_file=:memory:",
        "--IPKernelApp.log_level=ERROR",
    ]
    config.Autograde.autograde_preprocessors = _preprocessors()
    try:
        nbgrader_course.write(folder, lang=submission.lang, lessons=[lesson])
        home = folder / "submitted" / STUDENT / lesson.slug
        home.mkdir(parents=True)
        (home / f"{lesson.slug}.ipynb").write_text(
            dumps(submission.book), encoding="utf-8"
        )
        for name, data in submission.files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        with environment.kernels():
            api = NbGraderAPI(CourseDirectory(config=config), config=config)
            api.generate_assignment(lesson.slug)
            yield folder, api
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _preprocessors() -> list[Any]:
    """nbgrader's own, and between running and deciding, one of ours."""
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import Execute, NbGraderPreprocessor

    class WarningsAreNoFailures(NbGraderPreprocessor):
        """Let stderr of a graded cell count as what was printed, not as a failure."""

        def preprocess_cell(
            self, cell: NotebookNode, resources: JsonObject, index: int
        ) -> tuple[NotebookNode, JsonObject]:
            for output in cell.get("outputs", []):
                if output.output_type == "stream" and output.name == "stderr":
                    output.name = "stdout"
            return cell, resources

    stock = list(Autograde.autograde_preprocessors.default_args[0])
    stock.insert(stock.index(Execute) + 1, WarningsAreNoFailures)
    return stock


def _marks(submission: Submission, api: Any, folder: Path | None) -> list[Mark]:
    source = source_of(submission.lesson)
    scores = _scores(submission, api) if folder else {}
    errors = _errors(submission, folder) if folder else {}
    marks = []
    for cell in source.exercises():
        check = nbgrader_cells.check_id(cell.name)
        of = float(cell.options["points"])
        mark = Mark(cell.name, scores.get(check, 0.0), of)
        if mark.points < of:
            mark.message = errors.get(check, "")
            hint = source.of("hint", cell.name)[0]
            mark.hint = prose.alone(hint, source, submission.told)
            known = (
                mistake.options["says"] for mistake in source.of("mistake", cell.name)
            )
            said = reasons(mark.message)
            mark.mistake = next((says for says in known if says in said), "")
        marks.append(mark)
    return marks


def _scores(submission: Submission, api: Any) -> dict[str, float]:
    """Points by grade id, from nbgrader's grade book."""
    slug = submission.lesson.slug
    with api.gradebook as book:
        done = book.find_submission_notebook(slug, slug, STUDENT)
        return {grade.name: float(grade.auto_score or 0) for grade in done.grades}


def _errors(submission: Submission, folder: Path) -> dict[str, str]:
    """What each failed check said, by grade id."""
    import nbformat

    slug = submission.lesson.slug
    path = folder / "autograded" / STUDENT / slug / f"{slug}.ipynb"
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        grade_id = nbgrader_cells.grade_id(cell)
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", ""))
            if output.output_type == "stream" and text.startswith("✗ "):
                found[grade_id] = text.removeprefix("✗ ").strip()  # partly right
            if output.output_type == "error":
                found[grade_id] = _in_words(
                    output.ename, output.evalue, submission.told
                )
    return found


def _in_words(name: str, value: str, lang: str) -> str:
    if name == "NotImplementedError" and not value:
        return lesson_says("check.stub", lang=lang)
    if name == "NameError":
        return say("judge.name", lang=lang, error=value)
    return value if name in ("CheckFailed", "AssertionError") else f"{name}: {value}"


def _last_line(outcome: JsonObject) -> str:
    lines = (outcome.get("error") or "").strip().splitlines()
    return lines[-1][:200] if lines else say("person.kernel")
