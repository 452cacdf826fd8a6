"""Points for each part of a check: in the notebook, by judge and stock nbgrader."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.grade import nbgrader_engine
from bmkit.course.grade.gradebook import Book, default_url
from bmkit.course.grade.session import grade, grade_all
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import Submission, read
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.source import lint, reader
from bmkit.course.source.catalog import Course, Lesson
from bmkit.course.source.cells import SourceError
from bmkit.course.source.loading import demand_right
from bmkit.lab import expect
from bmkit.lab.failures import CheckFailed
from bmkit.lab.parts import PartlyRight
from tests.grade.test_grade_all import Listener
from tests.known_answers import misjudged

CHECK = """\
with bm.expect.part(1, "small numbers"):
    bm.expect.close(add(1, 2), 3, "did you add?")
with bm.expect.part(1, "negative numbers"):
    bm.expect.close(add(0, 0), 0, "nothing")
    ### BEGIN HIDDEN TESTS
    bm.expect.close(add(-4, 1), -3, "negative numbers count too")
    ### END HIDDEN TESTS
"""
WORDS = "# small numbers → 小的数\n# negative numbers → 负数\n# nothing → 零\n"
HALF = "def add(a, b):\n    return abs(a) + abs(b)"
SETTINGS = Settings(jobs=1, unsafe=bool(sandbox.missing()))
forks = pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")


def rewritten(adding: Path, check: str = CHECK, words: str = WORDS) -> None:
    """Make the tiny lesson's check one in parts."""
    source = adding.read_text(encoding="utf-8")
    begin = source.index('bm.expect.close(add(1, 2), 3, "did')
    end = source.index("# %% [raw]", begin)
    source = source[:begin] + check + "\n" + source[end:]
    source = source.replace("# did you add? →", f"{words}# did you add? →")
    source = source.replace('says="negative"', 'says="negative" points=1')
    adding.write_text(source, encoding="utf-8")


@pytest.fixture
def lesson(course: Path, adding: Path) -> Lesson:
    rewritten(adding)
    return Course(course).lessons()[0]


def handed_in(lesson: Lesson, code: str, path: Path, lang: str = "en") -> Submission:
    book = copy.deepcopy(release.learner_notebook(lesson, lang))
    next(cell for cell in book.cells if cell["id"] == "add").source = code
    path.write_text(notebooks.dumps(book), encoding="utf-8")
    return read(path, [lesson])


def tested(*errors: BaseException | None) -> None:
    """A check in parts of one point each, which raise these."""

    @expect.at_once()
    def check() -> None:
        for number, error in enumerate(errors):
            with expect.part(1, f"part {number}"):
                if error is not None:
                    raise error


def test_what_passes_has_its_points_and_all_is_told():
    tested(None, None)
    with pytest.raises(PartlyRight) as failed:
        tested(None, CheckFailed("odd"), CheckFailed("no"))
    assert failed.value.points == 1
    assert str(failed.value).splitlines() == [
        "1 of 3 points",
        "✓ part 0 (1)",
        "✗ part 1 (1): odd",
        "✗ part 2 (1): no",
    ]
    with pytest.raises(KeyError):  # nothing passed: as any check fails
        tested(KeyError("k"), CheckFailed("no"))
    with pytest.raises(KeyboardInterrupt):  # no outcome of a test
        tested(None, KeyboardInterrupt())


def test_stock_nbgrader_gets_a_number(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    tested(None, CheckFailed("no"))
    assert "1 of 2 points" in capsys.readouterr().out
    assert expect.earned() == 1
    tested(None, None)
    assert expect.earned() is None
    with pytest.raises(CheckFailed):
        tested(CheckFailed("no"), CheckFailed("no"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('part(1, "small', 'part(2, "small', "have 3 points, it has 2"),
        ('part(1, "small', 'part(some, "small', "needs a number above 0"),
        ('    bm.expect.close(add(0, 0), 0, "nothing")\n', "", "learners see"),
        ('with bm.expect.part(1, "small numbers"):\n    ', "", "one part alone"),
    ],
)
def test_what_is_wrong_with_parts_is_told(adding, old, new, says):
    check = CHECK.replace(old, new)
    words = "".join(
        line + "\n" for line in WORDS.splitlines() if line[2:].split(" →")[0] in check
    )
    rewritten(adding, check, words)
    with pytest.raises(SourceError, match=says):
        demand_right(lint.own(reader.read(adding)))


def test_a_mistake_has_fewer_points_than_the_exercise(adding):
    rewritten(adding)
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text.replace("points=1\n", "points=2\n"), encoding="utf-8")
    with pytest.raises(SourceError, match="points= must be below 2"):
        demand_right(lint.own(reader.read(adding)))


@pytest.mark.slow
@pytest.mark.integration
@forks
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_judge_and_stock_nbgrader_give_the_same(lesson, tmp_path, lang):
    made = handed_in(lesson, HALF, tmp_path / "half.ipynb", lang)
    (ours,) = grade(made, SETTINGS).marks
    (theirs,) = nbgrader_engine.grade(made).marks
    assert (ours.points, ours.of) == (theirs.points, theirs.of) == (1, 2)
    assert ours.mistake == theirs.mistake == "negative" or lang == "zh"
    assert ours.message.split()[:4] == theirs.message.split()[:4]
    assert ours.hint and theirs.hint
    assert ("small numbers" if lang == "en" else "小的数") in ours.message


@pytest.mark.slow
@pytest.mark.integration
@forks
def test_a_parts_title_is_no_known_mistake(lesson, tmp_path):
    """The title has the word of a mistake, "negative"; this answer has another."""
    code = "def add(a, b):\n    return a + b if a >= 0 else None"
    made = handed_in(lesson, code, tmp_path / "none.ipynb")
    for engine in (lambda: grade(made, SETTINGS), lambda: nbgrader_engine.grade(made)):
        (mark,) = engine().marks
        assert (mark.points, mark.mistake) == (1, "") and "negative" in mark.message


@pytest.mark.slow
@pytest.mark.integration
@forks
def test_every_known_answer_gets_its_points(lesson, tmp_path):
    assert misjudged(lesson, tmp_path, "en") == []


@pytest.mark.slow
@pytest.mark.integration
@forks
def test_a_room_takes_fractions(lesson, tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    handed_in(lesson, HALF, room / "ann.ipynb")
    outcome = grade_all(room, [lesson], SETTINGS, Listener())
    with Book(default_url(room)) as book:
        (verdict,) = book.verdicts()
    assert verdict.points == 1
    table = outcome.table.read_text(encoding="utf-8-sig").splitlines()
    assert table[1].startswith("ann,adding,1,1,2")
    rooms = outcome.page.read_text(encoding="utf-8")
    assert "50–60 %: 1" in rooms
    assert "add: 0 % passed, 100 % in part, 0 % not, 0 % not written" in rooms
    page = room / "feedback" / "ann" / "adding" / "adding.html"
    text = page.read_text(encoding="utf-8")
    assert "✗ negative numbers (1)" in text
    assert '<span class="z">◐</span> 1 / 2' in text
