"""Right work gets its points, in whatever shape a notebook comes back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bmkit.course.build import notebooks, release
from bmkit.course.build.nbgrader_cells import grade_id
from bmkit.course.grade.bindings import LIKELY, SURE, VALUE, bindings
from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import Submission, read
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.kernels.limits import Limits
from tests.grade.two_exercises import lessons as two_exercises

needs_fork = pytest.mark.skipif(
    not forkserver_client.supported(), reason="forks need Linux"
)
SETTINGS = Settings(unsafe=bool(sandbox.missing()))
ADD = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a - b"
DOUBLE = "def double(a):\n    return 2 * a"
Cells = list[dict]


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    return two_exercises(tmp_path_factory.mktemp("two") / "course")


def code(source: str, **metadata: object) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata}


def at(cells: Cells, name: str) -> int:
    return next(n for n, cell in enumerate(cells) if grade_id(cell) == name)


def solved(lessons, lang: str = "en", add: str = ADD, double: str = DOUBLE) -> Cells:
    book = json.loads(notebooks.dumps(release.learner_notebook(lessons[0], lang)))
    for cell in book["cells"]:
        cell["source"] = "".join(cell["source"])
    for name, source in (("add", add), ("double", double)):
        book["cells"][at(book["cells"], name)]["source"] = source
    return book["cells"]


def bare(cells: Cells) -> Cells:
    """As a program leaves them that keeps no metadata."""
    return [{**cell, "metadata": {}} for cell in cells]


def handed_in(cells: Cells, lessons, folder: Path, **meta: object) -> Submission:
    path = folder / "mine.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": meta}), encoding="utf-8")
    return read(path, lessons)


def put(place: str, *new: dict, after: bool = False) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        where = at(cells, place) + after
        return [*cells[:where], *new, *cells[where:]]

    return change


def instead(place: str, source: str) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        cells[at(cells, place)]["source"] = source
        return cells

    return change


def merged(*names: str) -> Callable[[Cells], Cells]:
    """The cells of these names as one, under the last one's label."""

    def change(cells: Cells) -> Cells:
        places = [at(cells, name) for name in names]
        joined = "\n\n".join(cells[n]["source"] for n in places)
        cells[places[-1]]["source"] = joined
        return [cell for n, cell in enumerate(cells) if n not in places[:-1]]

    return change


def moved_to_the_end(name: str) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        return [*cells, cells.pop(at(cells, name))]

    return change


def stub(name: str) -> dict:
    arguments, says = {
        "add": ("a, b", "Return the sum of two numbers."),
        "double": ("a", "Return twice the number."),
    }[name]
    text = f'def {name}({arguments}):\n    """{says}"""\n'
    return code(f"{text}    # YOUR CODE HERE\n    raise NotImplementedError()")


def crlf(cells: Cells) -> Cells:
    return [{**c, "source": c["source"].replace("\n", "\r\n")} for c in cells]


def one_cell(cells: Cells) -> Cells:
    texts = [c["source"] for c in cells if c["cell_type"] == "code"]
    return [code("\n\n".join(texts))]


CHANGES: dict[str, Callable[[Cells], Cells]] = {
    "as it is": lambda cells: cells,
    "crlf": crlf,
    "two answers in one": merged("add", "double"),
    "answer merged into its check": merged("add", "check-add"),
    "all four in one": merged("add", "check-add", "double", "check-double"),
    "the whole notebook in one cell": one_cell,
    "split": put("add", code("def helper(a):\n    return a")),
    "a stub after": put("check-add", stub("add"), after=True),
    "a stub before": put("add", stub("add")),
    "a stub between": put("check-add", stub("add")),
    "a wrong try above": put("add", code(WRONG)),
    "a wrong try and its check above": lambda cells: put(
        "add", code(WRONG), code(cells[at(cells, "check-add")]["source"])
    )(cells),
    "a wrong try below": put("check-double", code(WRONG), after=True),
    "a name used below": put("check-double", code("add = 3"), after=True),
    "in a loop below": put("check-add", code("for add in (1, 2): pass"), after=True),
    "answer moved": moved_to_the_end("double"),
    "check moved": moved_to_the_end("check-add"),
    "check deleted": lambda cells: [c for c in cells if grade_id(c) != "check-add"],
    "checks duplicated": lambda cells: [
        *cells,
        *(copy.deepcopy(cells[at(cells, n)]) for n in ("check-add", "check-double")),
    ],
    "an answer twice": put("check-add", code(ADD)),
    "lambda": instead("add", "add = lambda a, b: a + b"),
    "annotated lambda": instead("add", "add: object = lambda a, b: a + b"),
    "class": instead(
        "add", "class add:\n    def __new__(cls, a, b):\n        return a + b"
    ),
    "decorated": instead(
        "add",
        "import functools\n\n\n@functools.cache\ndef add(a, b):\n    return a + b",
    ),
    "wrapped": instead(
        "add", f"import functools\n{ADD}\nadd = functools.lru_cache(maxsize=3)(add)"
    ),
    "partial": instead(
        "double",
        "import functools, operator\ndouble = functools.partial(operator.mul, 2)",
    ),
    "alias": instead("add", "def my_add(a, b):\n    return a + b\nadd = my_add"),
    "imported": instead("add", "from operator import add"),
    "timed": instead("add", f"%%time\n{ADD}"),
    "captured": instead("add", f"%%capture out\n{ADD}"),
    "shell": instead("add", f"!true\n%matplotlib inline\n{ADD}"),
    "in if": instead("add", "if True:\n    def add(a, b):\n        return a + b"),
    "in try": instead(
        "add",
        "try:\n    import fastadd\nexcept ImportError:\n"
        "    def add(a, b):\n        return a + b",
    ),
    "unpacked": instead("add", "add, sub = (lambda a, b: a + b), (lambda a, b: a - b)"),
    "walrus": instead("add", "print((add := lambda a, b: a + b))"),
    "by global": instead(
        "add",
        "def make():\n    global add\n    def add(a, b):\n        return a + b\nmake()",
    ),
    "by exec": instead("add", f"exec({ADD!r})"),
    "an old check": instead("check-add", "assert add(1, 2) == 3"),
    "right below a wrong one": lambda cells: put("check-add", code(ADD), after=True)(
        instead("add", WRONG)(cells)
    ),
}


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize("lost", [False, True], ids=["labels", "no labels"])
@pytest.mark.parametrize("change", CHANGES)
def test_right_work_gets_its_points(lessons, tmp_path, change, lost):
    cells = CHANGES[change](solved(lessons))
    if lost:
        cells = bare(cells)
    submission = handed_in(cells, lessons, tmp_path)
    verdict = grade(submission, SETTINGS)
    marks = {mark.exercise: (mark.points, mark.message) for mark in verdict.marks}
    assert marks == {"add": (2, ""), "double": (3, "")}, verdict.remarks
    assert verdict.person == []
    # Nothing that the learner wrote is lost.
    squeezed = "".join("".join(one["source"].split()) for one in verdict.cells())
    for cell in cells:
        for line in cell["source"].splitlines():
            assert "".join(line.split()) in squeezed


@needs_fork
@pytest.mark.integration
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize(
    ("change", "points"),
    [
        (instead("add", WRONG), 3),
        (instead("add", stub("add")["source"]), 3),
        (put("check-add", stub("add"), after=True), 5),
        (lambda cells: [c for c in cells if grade_id(c) != "add"], 3),
        (instead("check-add", "pass"), 5),
        (instead("double", "double = 8"), 2),
    ],
)
def test_wrong_work_does_not(lessons, tmp_path, change, points, lost):
    cells = change(solved(lessons))
    submission = handed_in(bare(cells) if lost else cells, lessons, tmp_path)
    assert grade(submission, SETTINGS).points == points


def test_a_chinese_notebook_is_known_by_its_text(lessons, tmp_path):
    cells = bare(solved(lessons, "zh"))
    submission = handed_in(cells, lessons, tmp_path)
    assert (submission.lang, submission.told) == ("zh", "zh")
    assert any("标签" in remark for remark in submission.remarks)
    english = bare(solved(lessons))
    english[0]["source"] += "\n\n李雷的作业：请老师看一看。" * 3
    assert handed_in(english, lessons, tmp_path).lang == "en"


def test_unchanged_cells_of_a_chinese_notebook_are_left_out_as_well(lessons, tmp_path):
    whole = handed_in(solved(lessons, "zh"), lessons, tmp_path, bmkit={"lang": "zh"})
    lost = handed_in(bare(solved(lessons, "zh")), lessons, tmp_path)
    assert [c.source for c in whole.book.cells] == [c.source for c in lost.book.cells]


SET = 'profile = "workshop"\ndevice = "cuda"\nseed = 7\nlang = "en"'
START = 'import bmkit as bm\n\nlab = bm.start("adding", profile=profile)'


@pytest.mark.parametrize(
    "cell",
    [
        code(SET, tags=["parameters"]),
        code(SET, tags=["hide-input", "parameters"]),
        code(SET),
        code('profile = "full"'),
        code('profile, device = "full", "cuda"'),
        code(f"# mine\n{SET}\n\n{START}"),
        code(f"%%time\n{SET}\n{START}\nseed = 3"),
        code('if True:\n    profile = "full"'),
    ],
)
def test_what_a_learner_sets_never_runs_after_ours(lessons, tmp_path, cell):
    cells = [c for c in solved(lessons) if "profile" not in c["source"]]
    if "bm.start(" not in cell["source"]:
        cells.insert(1, code(START))
    cells.insert(1, cell)
    submission = handed_in(cells, lessons, tmp_path)
    space: dict = {}
    for one in submission.book.cells:
        if one.cell_type == "code" and "bm.start(" in one.source:
            break
        if one.cell_type == "code":
            exec(one.source.replace("%%time", ""), space)
    assert (space["profile"], space["device"]) == ("ci", "cpu")
    kept = "\n".join(one.source for one in submission.book.cells).splitlines()
    assert {*cell["source"].splitlines()} <= {*kept}


@pytest.mark.parametrize("lost", [False, True])
def test_nothing_false_is_said_of_a_check(lessons, tmp_path, lost):
    cells = crlf(solved(lessons))
    for cell in cells:
        cell["source"] = cell["source"].replace("\r\n", "  \r\n") + "\n"
    submission = handed_in(bare(cells) if lost else cells, lessons, tmp_path)
    assert not any("check" in remark for remark in submission.remarks)
    edited = solved(lessons)
    edited[at(edited, "check-add")]["source"] = "assert add(1, 2) == 3"
    (remark,) = handed_in(edited, lessons, tmp_path).remarks
    assert "differs from this version's" in remark
    edited[at(edited, "check-double")]["source"] = "assert double(1) == 2"
    (remark,) = handed_in(edited, lessons, tmp_path).remarks
    assert "another version of the lesson" in remark


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): g = 1", {"f": SURE}),
        ("import a.b\nfrom c import d as e", {"a": SURE, "e": SURE}),
        ("x = 3\ny = [f]\nz = f(x)\nw = f", {"x": 1, "y": 1, "z": LIKELY, "w": SURE}),
        ("f = g(f)\nh = g(lambda: 1)", {"f": SURE, "h": SURE}),
        ("for i in x:\n    j = lambda: i", {"i": VALUE, "j": SURE}),
        ("with a as b:\n    pass\nx += 1", {"b": VALUE, "x": VALUE}),
        ("[k for k in x]\nf(lambda q: (r := q))", {"k": VALUE}),
        ("def f(x:\n    return x", {"f": SURE}),
        ("%%bash\nf=1", {}),
        ("%%writefile a.py\ndef f(): pass", {}),
        ("%%time\nf = lambda: 1", {"f": SURE}),
        ("a, b = lambda: 1, 2", {"a": SURE, "b": VALUE}),
        ("a, *b = c", {"a": LIKELY, "b": VALUE}),
    ],
)
def test_the_names_that_a_cell_binds(source, names):
    assert bindings(source).names == names


@pytest.mark.parametrize(
    "source",
    [
        *("from a import *", "exec('f = 1')", "globals()['f'] = 1", "%run a.py"),
        *("x = 1\n" * 20_000, "get_ipython().run_cell('f = 1')"),
    ],
    ids=lambda text: text[:20],
)
def test_what_cannot_be_told_is_said_to_be_unclear(source):
    assert bindings(source).unclear


@needs_fork
@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize(
    "cell",
    ["!sleep 99\n!sleep 98\n!sleep 97", "%pip install nothere\n!pip install none"],
)
def test_commands_that_take_long_cost_no_answer(lessons, tmp_path, cell):
    cells = put("add", code(cell))(solved(lessons))
    limits = Limits(cell_seconds=4)
    submission = handed_in(cells, lessons, tmp_path)
    found = grade(submission, replace(SETTINGS, limits=limits))
    assert (found.points, found.person) == (5, [])
    stopped = [one for one in found.remarks if "was stopped" in one]
    assert len(stopped) == ("sleep" in cell)  # pip knows that there is no network
