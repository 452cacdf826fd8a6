"""The judge gives honest work the points that stock nbgrader's machinery gives."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bmkit.course.grade import classroom, nbgrader_engine
from bmkit.course.grade.judge import processes, worker
from bmkit.course.grade.judge.job import make_job
from bmkit.course.kernels import forkserver_client, pool, sandbox
from bmkit.course.kernels.limits import Limits
from bmkit.course.source.catalog import LANGS, Course, Lesson
from tests import ROOT
from tests.known_answers import differences, handed_in, judged, known_answers, misjudged

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux"),
]
JAILED = not sandbox.missing()
TINY = ROOT / "tests" / "course" / "solutions" / "01-first" / "01-adding.py"

EXERCISE = """
# %% exercise="{name}" points={points} minutes=3 level=1{options}
{answer}

# %% check="{name}"
{check}

# %% [markdown] hint="{name}"
# Think.
"""
ADDS = 'bm.expect.close({name}(1, 2), 3, "did you add?")'
FIRST = "def {name}(a, b):\n    return a + b"

# The check, then ways to answer, the first of them right. Each way becomes an exercise
# of one long lesson, so that stock grades them all in one run. ``{name}`` is its name.
CASES = {
    "plain": (
        ADDS,
        [FIRST, FIRST.replace("+", "*"), "def {name}(a, b):\n    return", FIRST],
    ),
    "broken": (
        ADDS,
        [FIRST, "def {name}(a, b:\n", "def other(a, b):\n    return a + b", "1 / 0"],
    ),
    "raises": (
        ADDS,
        [
            FIRST,
            "def {name}(a, b):\n    return a / 0",
            "def {name}(a, b):\n    return undefined",
            "import nothing_of_this_name\n" + FIRST,
        ],
    ),
    "chinese": (
        ADDS,
        [
            "def 加(甲, 乙):\n    return 甲 + 乙\n{name} = 加",
            "def {name}(甲, 乙):\n    raise ValueError('数值不对 🙂')",
            "{name} = lambda a, b: f'{{a}}加{{b}}'",
            "def {name}(a, b):\n    '''返回和'''\n    return a + b",
        ],
    ),
    "noisy": (
        ADDS,
        [
            "import sys\nprint('x', file=sys.stderr)\n" + FIRST,
            "import warnings\ndef {name}(a, b):\n    warnings.warn('x')\n    return 3",
            "def {name}(a, b):\n    print('y' * 9999)\n    return 2",
            "import logging\ndef {name}(a, b):\n    logging.error('x')\n    return 3",
        ],
    ),
    "magics": (
        ADDS,
        [
            "%matplotlib inline\n" + FIRST,
            "%%capture\n" + FIRST,
            "%no_such_magic\n" + FIRST,
            "!true\n%time {name} = lambda a, b: a + b",
        ],
    ),
    "shows": (
        ADDS,
        [
            "from IPython.display import display, HTML\ndisplay(HTML('<b>'))\n" + FIRST,
            "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n" + FIRST,
            FIRST + "\n{name}(1, 2)",
            "input('x')\n" + FIRST,
        ],
    ),
    "objects": (
        "bm.expect.equal({name}(2).double(), 4, 'twice')\n"
        "bm.expect.equal({name}(3).value, 3, 'kept')",
        [
            "class {name}:\n    def __init__(self, v): self.value = v\n"
            "    def double(self): return 2 * self.value",
            "class {name}:\n    def __init__(self, v): pass\n"
            "    def double(self): return 4",
            "from dataclasses import dataclass\n@dataclass\nclass {name}:\n"
            "    value: int\n    def double(self): return self.value + self.value",
            "class {name}:\n    double = None",
        ],
    ),
    "inplace": (
        "rows = [3, 1, 2]\n{name}(rows)\nbm.expect.equal(rows, [1, 2, 3], 'in place')",
        [
            "def {name}(rows):\n    rows.sort()",
            "def {name}(rows):\n    return sorted(rows)",
            "def {name}(rows):\n    rows[:] = [1, 2, 3]",
            "def {name}(rows):\n    rows.append(1)",
        ],
    ),
    "changed": (
        "import torch\nrows = [torch.tensor([3.0, 1.0]), {{'a': [2]}}]\n"
        "bm.expect.close({name}(rows)[0], rows[0] + 1, 'add one')",
        [
            "def {name}(rows): return [rows[0] + 1]",
            "def {name}(rows):\n    rows[0] += 1\n    return [rows[0] + 1]",
            "def {name}(rows):\n    rows[0].view(-1)[:] = 0\n    return rows[0] + 1",
            "def {name}(rows):\n    rows[1]['a'].append(1)\n    return [rows[0] + 1]",
        ],
    ),
    "mixed": (
        "import torch\nx = torch.ones(2, 2)\n"
        "bm.expect.close({name}(x) @ x, 2 * x, 'as it is')",
        [
            "def {name}(x): return x",
            "def {name}(x): return x.double()",
            "def {name}(x): return x.numpy()",
            "def {name}(x): return x @ x.double()",
        ],
    ),
    "overwritten": (
        "import torch\nscores = torch.tensor([3.0, 1.0])\n"
        "bm.expect.close({name}(scores), scores * 2, 'double them')",
        [
            "def {name}(s): return s.clone().mul_(2)",
            "def {name}(s): return s.mul_(0)",
            "def {name}(s):\n    s *= 0\n    return s.numpy()",
            "import functools\n{name} = functools.partial(lambda n, s: s.mul_(n), 0)",
        ],
    ),
    "kept": (
        "import torch\nbm.expect.close({name}(torch.ones(2)), [1.0, 1.0], 'the mean')",
        [
            "def {name}(x): return x / (1 + 0 * x)",
            "def {name}(x, seen=[]):\n    seen.append(x)\n    return sum(seen)",
            "import random\ndef {name}(x): return x + 1e-9 * random.random()",
            "import torch\ndef {name}(x):\n"
            "    keep = torch.rand(2) < 2\n    return x * keep",
        ],
    ),
    "objects_change": (
        "import torch\nx = torch.ones(2)\n"
        "bm.expect.close({name}(2).of(x), 2 * torch.ones(2), 'times v')",
        [
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def of(self, x): return x * self.v",
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def of(self, x): return x.mul_(self.v)",
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def of(self, x):\n        self.last = x\n        return x * self.v",
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def of(self, x): return x",
        ],
    ),
    "operators_change": (
        "import torch\nx = torch.ones(2)\n"
        "bm.expect.close(({name}(2) * x).v, 2 * torch.ones(2), 'times v')",
        [
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def __mul__(self, x): return {name}(self.v * x)",
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def __mul__(self, x): return {name}(x.mul_(self.v))",
            "class {name}:\n    def __init__(self, v): self.v = v\n"
            "    def __mul__(self, x): return {name}(x)",
        ],
    ),
    "must_raise": (
        "try:\n    {name}(-1)\nexcept ValueError as error:\n"
        "    bm.expect.true('neg' in str(error), 'say why')\n"
        "else:\n    raise AssertionError('raise a ValueError')",
        [
            "def {name}(x):\n    if x < 0: raise ValueError('negative')",
            "def {name}(x):\n    if x < 0: raise KeyError('negative')",
            "class Mine(ValueError): ...\ndef {name}(x): raise Mine('negative')",
            "def {name}(x): return None",
        ],
    ),
    "generator": (
        "bm.expect.equal(list({name}(3)), [0, 1, 2], 'count')",
        [
            "def {name}(n):\n    for i in range(n): yield i",
            "def {name}(n): return range(n)",
            "def {name}(n): return iter([0, 1])",
            "def {name}(n):\n    yield from [0, 1, 2]\n    1 / 0",
        ],
    ),
    "tensors": (
        "import torch\nbm.expect.close({name}(torch.ones(2, 3)), torch.full((2,), 3.0),"
        " 'sum the rows')",
        [
            "def {name}(x): return x.sum(1)",
            "def {name}(x): return x.sum(1, keepdim=True)",
            "def {name}(x): return x.sum(1).numpy()",
            "def {name}(x): return [float(v) for v in x.sum(1)]",
        ],
    ),
    "tables": (
        "bm.expect.equal({name}('abca'), {{'a': 2, 'b': 1, 'c': 1}}, 'count them')",
        [
            "from collections import Counter\ndef {name}(s): return Counter(s)",
            "def {name}(s): return {{c: s.count(c) for c in sorted(set(s))}}",
            "from collections import defaultdict\ndef {name}(s):\n"
            "    d = defaultdict(int)\n    for c in s: d[c] += 1\n    return d",
            "def {name}(s): return {{'a': 1}}",
        ],
    ),
    "numbers": (
        ADDS,
        [
            "import numpy as np\ndef {name}(a, b): return np.float32(a + b)",
            "from fractions import Fraction\ndef {name}(a, b): return Fraction(a) + b",
            "def {name}(a, b): return [a + b]",
            "def {name}(a, b): return float('nan')",
        ],
    ),
    "callbacks": (
        "bm.expect.equal({name}(lambda x: x * 2, [1, 2]), [2, 4], 'apply it')",
        [
            "def {name}(f, xs): return [f(x) for x in xs]",
            "def {name}(f, xs): return list(map(f, xs))",
            "def {name}(f, xs): return map(f, xs)",
            "def {name}(f, xs): return f(xs)",
        ],
    ),
    "state": (
        "bm.expect.equal([{name}(), {name}(), {name}()], [1, 2, 3], 'count the calls')",
        [
            "calls = 0\ndef {name}():\n    global calls\n    calls += 1\n"
            "    return calls",
            "import itertools\n{name} = itertools.count(1).__next__",
            "def {name}(): return 1",
            "def {name}(so_far=[]):\n    so_far.append(1)\n    return len(so_far)",
        ],
    ),
    "twice": (
        ADDS,
        [
            "from functools import cache\n@cache\n" + FIRST,
            "from functools import partial\nimport operator\n"
            "{name} = partial(operator.add)",
            "class Adder:\n    def __call__(self, a, b): return a + b\n"
            "{name} = Adder()",
            "async def {name}(a, b): return a + b",
        ],
    ),
}
OPTIONS = {"inplace": ' changes="rows"'}  # of the exercise's header
# Also before every answer: a cell of the learner's own.
EXTRA = "helper = 3\nprint('my own cell', helper)\nhelper"


@pytest.fixture(scope="session", autouse=True)
def fork_servers():
    yield
    pool.close()


WAYS = {
    f"{name}_{number}": (check, answers[0], answer)
    for name, (check, answers) in CASES.items()
    for number, answer in enumerate(answers)
}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A lesson of one exercise for each of `WAYS`."""
    root = tmp_path_factory.mktemp("many") / "course"
    path = root / "solutions" / "01-first" / "01-adding.py"
    path.parent.mkdir(parents=True)
    head = TINY.read_text(encoding="utf-8").partition("# %% [markdown]\n# By (")[0]
    cells = [
        EXERCISE.format(
            name=name,
            points=number,
            options=OPTIONS.get(name.rpartition("_")[0], ""),
            answer=solution(right.format(name=name)),
            check=check.format(name=name),
        )
        for number, (name, (check, right, _)) in enumerate(WAYS.items(), 1)
    ]
    path.write_text(head + "\n".join(cells), encoding="utf-8")
    return Course(root).lessons()


def solution(code: str) -> str:
    """Code as a source holds it: without magics, the answer marked."""
    body = "\n".join(line for line in code.split("\n") if line[0] not in "%!")
    return f"### BEGIN SOLUTION\n{body}\n### END SOLUTION"


@pytest.mark.slow
def test_the_same_points_as_stock_for_every_way_to_answer(many, tmp_path):
    answers = {name: way.format(name=name) for name, (*_, way) in WAYS.items()}
    made = handed_in(many[0], answers, tmp_path / "mine.ipynb", extra=EXTRA)
    ours, theirs = judged(made), nbgrader_engine.grade(made)
    assert not differences(ours, theirs), "\n" + "\n".join(differences(ours, theirs))
    assert not ours.person, ours.person


@pytest.mark.slow
def test_every_right_way_has_its_points_and_a_message_where_it_has_none(many, tmp_path):
    answers = {name: way.format(name=name) for name, (*_, way) in WAYS.items()}
    verdict = judged(handed_in(many[0], answers, tmp_path / "mine.ipynb"))
    for mark in verdict.marks:
        if mark.exercise.endswith("_0"):
            assert mark.points == mark.of, f"{mark.exercise}: {mark.message}"
        assert (mark.points == mark.of) == (not mark.message), mark.exercise
        assert (mark.points == mark.of) == (not mark.hint), mark.exercise


@pytest.mark.slow
def test_changed_arguments_and_kept_state_are_told_as_such(many, tmp_path):
    answers = {name: way.format(name=name) for name, (*_, way) in WAYS.items()}
    verdict = judged(handed_in(many[0], answers, tmp_path / "mine.ipynb"))
    told = {mark.exercise: mark.message for mark in verdict.marks}
    for name in ("changed_1", "changed_2", "changed_3"):
        assert told[name] == "`rows` was changed: work on a copy"
    for name in ("overwritten_1", "overwritten_2"):
        assert told[name] == "`s` was changed: work on a copy"
    assert told["overwritten_3"].endswith("was changed: work on a copy")  # no name
    assert told["operators_change_1"] == "`x` was changed: work on a copy"
    assert told["objects_change_1"] == "`x` was changed: work on a copy"
    assert told["kept_1"].startswith("the second call")
    for name in ("mixed_1", "mixed_2"):
        assert told[name].startswith("the check cannot compute with what your code")
    assert told["mixed_3"].startswith("RuntimeError: expected m1 and m2")
    for name in ("kept_2", "kept_3", "objects_change_2", "inplace_0"):
        assert not told[name]


def test_every_known_answer_of_the_tiny_course_is_judged_rightly(tmp_path):
    (lesson,) = [x for x in Course(TINY.parents[2]).lessons() if x.slug == "adding"]
    for lang in LANGS:
        assert misjudged(lesson, tmp_path, lang) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('says="did you', 'says="have you', "did you add?"),
        ("sum([a, b])", "sum([a, a])", "full points expected"),
    ],
)
def test_a_wrong_judgement_is_told(course, adding, tmp_path, old, new, line):
    text = adding.read_text(encoding="utf-8")
    assert old in text
    adding.write_text(text.replace(old, new), encoding="utf-8")
    (lesson,) = [x for x in Course(course).lessons() if x.slug == "adding"]
    assert any(line in told for told in misjudged(lesson, tmp_path, "en"))


@pytest.mark.slow
def test_a_cell_left_out_changes_no_mark(tmp_path):
    """The judge runs what an answer depends on; all cells give the same marks."""
    (lesson,) = Course(ROOT).pick(["gradient-descent"])
    known = known_answers(lesson)
    for number in (0, 2):
        answers = {name: ways[number % len(ways)].code for name, ways in known.items()}
        made = handed_in(lesson, answers, tmp_path / "mine.ipynb")
        whole = dataclasses.replace(make_job(made), whole=True)
        every = worker.judge_job(whole, worker.preload(lesson), Limits(), JAILED)
        assert not differences(judged(made), every)


def lesson_of(root: Path, *exercises: str) -> Lesson:
    """A lesson of these exercises."""
    path = root / "course" / "solutions" / "01-first" / "01-adding.py"
    path.parent.mkdir(parents=True)
    head = TINY.read_text(encoding="utf-8").partition("# %% [markdown]\n# By (")[0]
    path.write_text(head + "\n".join(exercises), encoding="utf-8")
    (lesson,) = Course(root / "course").lessons()
    return lesson


ENDS = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"


def test_an_examiner_that_ends_is_our_fault_and_another_goes_on(tmp_path):
    """Each check that ends its process is told of; the others are judged as ever."""
    answers = {f"add{n}": FIRST.format(name=f"add{n}") for n in range(4)}
    checks = [f"base = {n}\n{ADDS}" for n in range(4)]
    checks[1] += f"\n{ENDS}"
    cells = [
        "# %%\nstart = 7\n",
        *(
            EXERCISE.format(
                name=name,
                points=1,
                options="",
                answer=solution(answer),
                check=check.format(name=name) + "\nassert start == 7",
            )
            for (name, answer), check in zip(answers.items(), checks, strict=True)
        ),
    ]
    answers["add2"] = answers["add2"].replace("+", "-")
    lesson = lesson_of(tmp_path, *cells)
    verdict = judged(handed_in(lesson, answers, tmp_path / "mine.ipynb"))
    assert [mark.points for mark in verdict.marks] == [1, 0, 0, 1]
    assert "no fault of this notebook" in verdict.marks[1].message
    assert "did you add?" in verdict.marks[2].message
    (told,) = verdict.person
    assert "add1" in told
    assert "signal 11" in told
    assert "error of bmkit's" in told


def test_there_are_only_so_many_examiners(tmp_path):
    answers = {f"add{n}": FIRST.format(name=f"add{n}") for n in range(5)}
    cells = [
        EXERCISE.format(
            name=name, points=1, options="", answer=solution(code), check=ENDS
        )
        for name, code in answers.items()
    ]
    lesson = lesson_of(tmp_path, *cells)
    verdict = judged(handed_in(lesson, answers, tmp_path / "mine.ipynb"))
    assert verdict.points == 0
    assert all("no fault of this notebook" in x.message for x in verdict.marks)
    *each, last = verdict.person
    assert len(each) == processes.EXAMINERS
    assert "add3, add4" in last and "by hand" in last


def test_no_exercise_is_silently_0_where_retelling_ends_the_examiners(tmp_path):
    """A check that fails is run once more to say it in another language."""
    answers = {f"add{n}": FIRST.format(name=f"add{n}") for n in range(5)}
    cells = [
        EXERCISE.format(
            name=name,
            points=1,
            options="",
            answer=solution(code),
            check=ADDS.format(name=name),
        )
        for name, code in answers.items()
    ]
    lesson = lesson_of(tmp_path, *cells)
    for name in ("add0", "add1", "add2"):
        answers[name] = answers[name].replace("+", "-")
    job = make_job(handed_in(lesson, answers, tmp_path / "mine.ipynb"))
    checks = tuple(
        dataclasses.replace(check, told=f"{ENDS}\n{check.told}") for check in job.checks
    )
    job = dataclasses.replace(job, checks=checks)
    verdict = worker.judge_job(job, worker.preload(lesson), Limits(), JAILED)
    assert ["no fault of this notebook" in m.message for m in verdict.marks] == [
        *(False, False, False, True, True)
    ]
    (told,) = verdict.person
    assert "add3, add4" in told


def test_numbers_that_no_check_can_compare_end_nothing(tmp_path):
    """A quantised tensor once ended the examiner, and every exercise after it."""
    check = "import torch\nx = torch.ones(2)\nbm.expect.close({name}(x), x, 'as it is')"
    right = "import torch\ndef {name}(x): return x"
    wrong = "import torch\ndef {name}(x):\n    return torch.quantize_per_tensor("
    wrong += "x, 0.1, 0, torch.qint8)"
    ways = {"first": wrong, "second": right}
    cells = [
        EXERCISE.format(
            name=name,
            points=1,
            options="",
            answer=solution(right.format(name=name)),
            check=check.format(name=name),
        )
        for name in ways
    ]
    answers = {name: way.format(name=name) for name, way in ways.items()}
    lesson = lesson_of(tmp_path, *cells)
    verdict = judged(handed_in(lesson, answers, tmp_path / "mine.ipynb"))
    assert [mark.points for mark in verdict.marks] == [0, 1]
    assert "qint8" in verdict.marks[0].message
    assert verdict.person == []


UNFAIR = {
    "none": (
        "assert abs({name}(2).sum()) == 2, 'twice'",
        "import numpy as np\ndef {name}(x): return np.array([x])",
        "def {name}(x): [x]",
        "your code left None",
    ),
    "pairs": (
        "first, second = {name}(2)\nassert first == second, 'twice'",
        "def {name}(x): return x, x",
        "def {name}(x): (x, x)",
        "your code left None",
    ),
    "ordered": (
        "assert 0 <= {name}(2) <= 3, 'small'",
        "def {name}(x): return x",
        "class Far: pass\ndef {name}(x): return Far()",
        "between instances of 'int' and 'Far'",
    ),
    "added": (
        "assert {name}(2) + 1 == 3, 'small'",
        "def {name}(x): return x",
        "class Far: pass\ndef {name}(x): return Far()",
        "for +: 'Far' and 'int'",
    ),
    "written": (
        "import torch\nbm.expect.close({name}(torch.ones(2)), [0.5, 0.5], 'softmax')",
        "def {name}(x): return x.softmax(0)",
        "def {name}(x): return x.long().softmax(0)",
        'NotImplementedError: "softmax',
    ),
    "forwards": (
        "bm.expect.equal({name}()(2), 2, 'as it is')",
        "import torch\nclass {name}(torch.nn.Module):\n"
        "    def forward(self, x): return x",
        "import torch\nclass {name}(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        def forward(self, x): return x",
        'missing the required "forward"',
    ),
    "waits": (
        "bm.expect.equal({name}(2), 2, 'as it is')",
        "import asyncio\nasync def later(x): return x\n"
        "def {name}(x): return asyncio.run(later(x))",
        "def {name}(x): raise NotImplementedError()",
        "not written yet",
    ),
}


def test_what_went_wrong_is_told_in_the_learners_terms(tmp_path):
    """Wrong answers that once were told of in raw words or wrongly, and right ones."""
    cells = [
        EXERCISE.format(
            name=name,
            points=1,
            options="",
            answer=solution(right.format(name=name)),
            check=check.format(name=name),
        )
        for name, (check, right, *_) in UNFAIR.items()
    ]
    lesson = lesson_of(tmp_path, *cells)
    path = tmp_path / "mine.ipynb"
    right = {name: way[1].format(name=name) for name, way in UNFAIR.items()}
    verdict = judged(handed_in(lesson, right, path))
    assert [(x.exercise, x.message) for x in verdict.marks] == [(n, "") for n in UNFAIR]
    assert verdict.person == []
    wrong = {name: way[2].format(name=name) for name, way in UNFAIR.items()}
    verdict = judged(handed_in(lesson, wrong, path))
    for mark in verdict.marks:
        assert mark.points == 0
        assert UNFAIR[mark.exercise][3] in mark.message
    room = classroom.Part(lesson.slug)
    classroom._add(room, verdict)
    unwritten = {x.name for x in room.exercises.values() if x.unwritten}
    assert unwritten == {"waits"}


ANSWER = "def add(a, b):\n    return a + b{more}"


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        (ANSWER.format(more=""), False),
        ("%matplotlib inline\n" + ANSWER.format(more=""), False),
        ("from math import *\n" + ANSWER.format(more=""), False),
        (ANSWER.format(more=" + eval('unused')"), True),
        (ANSWER.format(more=" + unused"), True),
    ],
)
def test_all_cells_run_only_where_an_answer_may_need_them(answer, runs, tmp_path):
    text = TINY.read_text(encoding="utf-8")
    own = "# %%\nunused = 0\nprint('ran')\n\n# %% [markdown]\n# By ("
    path = tmp_path / "course" / "solutions" / "01-first" / "01-adding.py"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("# %% [markdown]\n# By (", own), encoding="utf-8")
    (lesson,) = Course(tmp_path / "course").lessons()
    made = handed_in(lesson, {"add": answer}, tmp_path / "mine.ipynb")
    verdict = judged(made)
    assert (verdict.points, verdict.person) == (verdict.of, [])
    said = [out for cell in verdict.cells() for out in cell.get("outputs", [])]
    assert any(out.get("text") == "ran\n" for out in said) == runs
