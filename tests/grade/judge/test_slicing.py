"""Which of a lesson's cells an answer depends on: never one too few."""

from __future__ import annotations

import json
import time

import pytest

from bmkit.course.grade.judge import job
from bmkit.course.grade.judge.cell_names import BUILTINS, Names, names
from bmkit.course.grade.judge.slicing import needed, plan
from bmkit.course.source import loading
from tests.course_lessons import LESSONS, each_lesson


def values(cells: list[str], run: set[int]) -> dict[str, object]:
    """What running these cells in order leaves behind."""
    space: dict[str, object] = {}
    for position in sorted(run):
        exec(cells[position], space)
    return space


TRY_B = "try:\n    c = b\nexcept NameError:\n    c = 0"
# The cells; which are wanted, from the end; which must run besides; which need not.
CASES = {
    "an import": (["import math", "import json", "a = math.pi"], {0}, {1}),
    "an import under a name": (["import os.path as p", "a = p.sep"], {0}, set()),
    "an import of a part": (["import os.path", "a = os.sep"], {0}, set()),
    "from": (["from math import pi as p, e", "q = 1", "a = p"], {0}, {1}),
    "a chain": (["a = 1", "b = a", "z = 9", "c = b"], {0, 1}, {2}),
    "the last that binds": (["a = 1", "a = 2", "b = a"], {1}, {0}),
    "a function's globals": (
        ["k = 2", "def f(): return g()", "def g(): return k", "x = f()"],
        {0, 1, 2},
        set(),
    ),
    "a global made after the function": (
        ["def f(): return k", "k = 2", "x = f()"],
        {0, 1},
        set(),
    ),
    "a global changed before the call": (
        ["k = [1]", "def f(): return k", "k.append(2)", "x = f()"],
        {0, 1, 2},
        set(),
    ),
    "a function within a function": (
        ["k = 1", "def f():\n    def g(): return k\n    return g", "x = f()()"],
        {0, 1},
        set(),
    ),
    "a lambda": (["k = 1", "f = lambda: k", "x = f()"], {0, 1}, set()),
    "a method": (
        ["k = 1", "class C:\n    def m(self): return k", "c = C()", "x = c.m()"],
        {0, 1, 2},
        set(),
    ),
    "a base class": (["class B: y = 1", "class C(B): ...", "x = C.y"], {0, 1}, set()),
    "a class's body": (["k = 1", "class C:\n    y = k", "x = C.y"], {0, 1}, set()),
    "a decorator": (
        ["def d(f): return f", "k = d", "@k\ndef f(): return 1", "x = f()"],
        {0, 1, 2},
        set(),
    ),
    "a default": (["k = 1", "def f(a=k): return a", "x = f()"], {0, 1}, set()),
    "an annotation": (["K = int", "def f(a: K): return a", "x = f(1)"], {0, 1}, set()),
    "a method that changes": (["a = [1]", "a.append(2)", "b = a"], {0, 1}, set()),
    "a function that changes": (
        ["a = [1]", "def f(x): x.append(2)", "f(a)", "b = a"],
        {0, 1, 2},
        set(),
    ),
    "an item": (["a = {}", "a['x'] = 1", "b = a"], {0, 1}, set()),
    "an item's number": (["i = 0", "a = {}", "a[i] = 1", "b = i"], {0}, {1, 2}),
    "an attribute of a function": (
        ["def f(): ...", "f.x = 1", "b = f.x"],
        {0, 1},
        set(),
    ),
    "an item of an item": (["a = [[0]]", "a[0][0] = 1", "b = a"], {0, 1}, set()),
    "an alias": (["a = [1]", "b = a", "b.append(2)", "c = a"], {0, 1, 2}, set()),
    "an alias of a part": (
        ["a = {'x': [1]}", "b = a['x']", "b.append(2)", "c = a"],
        {0, 1, 2},
        set(),
    ),
    "an alias in a list": (
        ["a = [1]", "b = [a, 0]", "b[0].append(2)", "c = a"],
        {0, 1, 2},
        set(),
    ),
    "a call that changes what its function looks up": (
        ["h = []", "def log(x): h.append(x)", "log(3)", "c = h"],
        {0, 1, 2},
        set(),
    ),
    "a method that changes what it looks up": (
        [
            "h = []",
            "class C:\n    def m(self): h.append(1)",
            "c = C()",
            "c.m()",
            "b = h",
        ],
        {0, 1, 2, 3},
        set(),
    ),
    "a lambda's name that is made later": (
        ["f = lambda: k", "k = [2]", "b = f()"],
        {0, 1},
        set(),
    ),
    "an item of a loop": (
        ["a = [[1]]", "for r in a: ...", "r.append(2)", "b = a"],
        {0, 1, 2},
        set(),
    ),
    "a loop's name is no constant": (
        ["for r in [[1]]: ...", "r.append(2)", "b = r"],
        {0, 1},
        set(),
    ),
    "a constant that another cell uses": (["n = 3", "z = [n]", "c = n"], {0}, {1}),
    "a constant that is changed": (["n = 3", "n += 1", "c = n"], {0, 1}, set()),
    "what was a constant once": (
        ["n = 3\nn = []", "n.append(1)", "c = n"],
        {0, 1},
        set(),
    ),
    "+=": (["a = 1", "a += 1", "b = a"], {0, 1}, set()),
    "+= in a branch": (["a = 1", "if True:\n    a += 1", "b = a"], {0, 1}, set()),
    "a swap": (["a, b = 1, 2", "a, b = b, a", "c = a"], {0, 1}, set()),
    "a branch": (["a = 1", "if False:\n    a = 2", "b = a"], {0, 1}, set()),
    "one of two branches": (
        ["k = 0", "if k:\n    a = 1\nelse:\n    a = 2", "b = a"],
        {0, 1},
        set(),
    ),
    "a loop": (["a = 1", "for i in []:\n    a = 2", "b = a"], {0, 1}, set()),
    "a loop's own name": (["for i in [1]: ...", "b = i"], {0}, set()),
    "while": (["a = 0", "while a < 3:\n    a += 1", "b = a"], {0, 1}, set()),
    "try": (
        ["a = 1", "try:\n    1 / 0\n    a = 2\nexcept Exception: ...", "b = a"],
        {0, 1},
        set(),
    ),
    "with": (
        [
            "import contextlib as c",
            "with c.nullcontext(3) as v:\n    w = v",
            "z = 1",
            "b = v, w",
        ],
        {0, 1},
        {2},
    ),
    "a comprehension": (["k = [1]", "a = [k for k in k]", "b = a"], {0, 1}, set()),
    "a comprehension's own name": (["k = 1", "a = [k for k in 'x']"], set(), {0}),
    "a walrus": (["if (n := 3): ...", "b = n"], {0}, set()),
    "a walrus in a comprehension": (
        ["c = [y := x for x in 'ab']", "b = y"],
        {0},
        set(),
    ),
    "global": (
        ["a = 1", "def f():\n    global a\n    a = 2", "f()", "b = a"],
        {0, 1, 2},
        set(),
    ),
    "global made by a call alone": (
        ["def f():\n    global a\n    a = 2", "f()", "b = a"],
        {0, 1},
        set(),
    ),
    "del": (["b = 1", "del b", TRY_B], {0, 1}, set()),
    "a star import": (["from math import *", "z = 1", "b = pi"], {0}, set()),
    "unpacking": (["a, *b = 'xyz'", "c = b"], {0}, set()),
    "match": (
        ["match [1, 2]:\n    case [x, *_]:\n        y = x", "c = x, y"],
        {0},
        set(),
    ),
    "a name in an f-string": (["k = 1", "b = f'{k:>{k}}'"], {0}, set()),
    "a built-in made anew": (["sum = max", "b = sum([1, 2])"], {0}, set()),
    "a print of it": (["a = [1]", "print(a)", "b = a"], {0}, set()),
    "two ways to one name": (
        ["def f(): return 1", "def f(): return 2", "b = f()"],
        {1},
        set(),
    ),
    "a generator": (
        ["k = 3", "g = (i + k for i in range(3))", "next(g)", "b = next(g)"],
        {0, 1, 2},
        set(),
    ),
    "async": (
        ["k = 1", "async def f(): return k", "import asyncio", "b = asyncio.run(f())"],
        {0, 1, 2},
        set(),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_cell_runs_when_the_last_one_depends_on_it(case):
    cells, must, need_not = case
    run = needed(cells, {len(cells) - 1})
    assert must <= run, f"cell {sorted(must - run)} was left out"
    assert not need_not & run, f"cell {sorted(need_not & run)} runs for nothing"
    last = names(cells[-1]).made
    whole, part = values(cells, set(range(len(cells)))), values(cells, run)
    assert {name: repr(whole[name]) for name in last} == {
        name: repr(part[name]) for name in last
    }


@pytest.mark.parametrize(
    "cell",
    [
        "%run other.py",
        "%%writefile {k}.py\n",
        "a = !echo $k",
        "%reset -f",
        "%whatever",
        "%%capture\nexec('k = 2')",
        "exec('k = 2')",
        "globals()['k'] = 2",
        "vars().update(k=2)",
        "locals()['k'] = 2",
        "eval('k')",
        "get_ipython().push({'k': 2})",
        "from math import *",
        "import __main__",
        "def f():\n    exec('global k; k = 2')",
        "[exec('k = 2') for _ in '1']",
    ],
)
def test_a_cell_that_cannot_be_understood_runs(cell):
    assert not names(cell).plain
    assert needed(["k = 1", cell, "z = 1", "b = 2"], {3}) == {0, 1, 3}
    # What it uses by string could be anything: when it is wanted, all run.
    assert needed(["k = 1", "z = 1", cell], {2}) == {0, 1, 2}


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline",
        "%load_ext autoreload\n%autoreload 2",
        "!pip list",
        "a = !ls",
        "a?",
        "%pip install tqdm",
        "%%bash\nls",
        "%%html\n<b>k</b>",
        "%%time\na = 2",
        "%time a = 2",
        "%%capture -q a\nprint(2)",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "get_ipython().magic('matplotlib inline')",
        "a = 'google.colab' in str(get_ipython())",
        "a = get_ipython() is not None",
        "a = get_ipython().__class__.__name__",
    ],
)
def test_a_magic_that_touches_no_name_runs_no_cell(cell):
    assert needed(["k = 1", cell, "z = 1", "b = 2"], {3}) == {3}
    assert needed(["k = 1", "z = 1", cell, "b = 2"], {2, 3}) == {2, 3}


@pytest.mark.parametrize(
    "cell", ["%time b = k", "%%timeit -n 1\nb = k", "%%capture x\nb = k"]
)
def test_what_a_magic_runs_is_code_like_any_other(cell):
    assert needed(["k = 1", "z = 1", cell, "c = b"], {3}) == {0, 2, 3}


@pytest.mark.parametrize("cell", ["def f(:", "%time x = (", "return 1 +", "x = 1\n\0"])
def test_of_a_cell_that_is_no_python_nothing_runs(cell):
    assert needed(["k = 1", "z = 1", cell], {2}) == {2}


@pytest.mark.parametrize("cell", ["b = eval('k')", "from math import *", "%run x.py"])
def test_in_doubt_the_plan_says_so(cell):
    found = plan(["k = 1", "z = 1", cell], {2})
    assert found == ({2}, False)


def test_what_a_cell_that_cannot_be_understood_may_use_runs_too():
    for cell in ("exec('b = k')", "%run k.py", "globals().update(b=k)"):
        cells = ["k = 1", cell, "c = b"]
        assert needed(cells, {2}) == {0, 1, 2}, cell


def test_a_name_that_is_made_later_only_still_has_its_maker_run():
    cells = ["def f(): return k", "b = f()", "k = 1"]
    assert 2 in needed(cells, {1})
    assert 2 in needed(["b = k", "z = 1", "k = 1"], {0})


def test_nothing_wanted_runs_nothing():
    assert needed(["a = 1", "b = a"], set()) == set()
    assert needed([], set()) == set()


def test_unchanged_cells_that_nobody_uses_are_left_out():
    training = "for step in range(3):\n    net.step()\nlosses = net.losses"
    cells = ["net = object()", "def answer(): return 1", training, "plot(losses)"]
    assert needed(cells, {1}) == {1}


def test_reading_the_lessons_settings_changes_nothing():
    """Or each cell that asks for a size would be run for all that come after it."""
    cells = [
        'lab = bm.start("x")',
        "data = [1]",
        "steps = lab.pick(ci=1, workshop=2, full=data.pop())",
        "def answer(): return lab.seed",
        "assert answer() == 0",
    ]
    assert needed(cells, {3, 4}) == {0, 3, 4}


def test_many_cells_take_no_long_time():
    cells = [f"a{n} = a{n - 1} if {n} else 0" for n in range(400)]
    assert needed(cells, {399}) == set(range(400))


@pytest.mark.parametrize(
    "code",
    [
        "\n".join(f"a{n + 1} = a{n}" for n in range(5_000)),
        "%time \n" * 20_000,
        "!ls\n" * 20_000,
    ],
    ids=["names", "magics", "commands"],
)
def test_a_long_cell_takes_no_long_time(code):
    began = time.process_time()
    plan([code], {0})
    assert time.process_time() - began < 3


@pytest.mark.parametrize("cell", ["b = a = k", "def f(): return k", "eval('k')", "x ="])
def test_what_is_known_of_a_cell_stands_for_it(cell):
    told = json.loads(json.dumps(names(cell).plainly()))
    assert Names.rebuilt(told) == names(cell)
    cells = ["k = 1", cell, "b = 2"]
    assert plan([*cells[:1], Names.rebuilt(told), cells[2]], {1, 2}) == plan(
        cells, {1, 2}
    )


def working_cells(lesson):
    """The cells in which a learner works, in order, with the reference answers."""
    source = loading.source_of(lesson)
    kinds = ("code", "parameters", "exercise", "equation")
    return [c for c in source.cells if not c.markdown and c.kind in kinds]


@each_lesson
def test_every_exercise_of_the_course_makes_what_its_check_uses(slug):
    for check in job._checks(LESSONS[slug], "en", "en", 0):
        assert check.exercise in check.names, check.exercise


@each_lesson
def test_every_check_of_the_course_finds_its_names(slug):
    lesson = LESSONS[slug]
    checks = job._checks(lesson, "en", "en", 0)
    made: set[str] = set()
    for check in checks:
        for cell in check.setup:
            made |= names(cell).made
        uses = names(check.source).used - names(check.source).made
        known = made | set(check.names)
        assert uses <= known | BUILTINS, (
            f"{lesson.path.name}: the check of {check.exercise} lacks {uses - known}"
        )
        made |= names(check.source).made


@each_lesson
def test_what_is_run_of_every_lesson_has_all_its_names(slug):
    cells = working_cells(LESSONS[slug])
    wanted = {
        n
        for n, cell in enumerate(cells)
        if cell.kind == "exercise" or "bm.start(" in cell.source
    }
    run = needed([cell.source for cell in cells], wanted)
    assert wanted <= run
    made: set[str] = set()
    for position in sorted(run):
        one = names(cells[position].source)
        at_once = one.used - set().union(*one.later.values(), set())
        lacking = at_once - made - one.made - BUILTINS
        assert not lacking, f"cell {position} lacks {lacking}"
        made |= one.made
