"""An answer that passes its check must not break the rest of its lesson."""

from __future__ import annotations

import pytest

from bmkit.course.cli.main import main
from bmkit.course.run import carry_on, execution
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import digest

pytestmark = pytest.mark.integration
RIGHT = "    return sum([a, b])\n"
# Right for the small numbers that the check tries; the claim's are bigger.
SMALL = "    return a + b if a < 10 else None\n"
ANOTHER = f'''
# %% exercise="twice" points=1 minutes=1 level=1
def twice(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="twice"
bm.expect.close(twice(3), 6)
### BEGIN HIDDEN TESTS
bm.expect.close(twice(-1), -2)
### END HIDDEN TESTS

# %% [markdown] hint="twice"
# Python has an operator for it.

# %% [markdown] lang="zh" of="{digest("Python has an operator for it.")}"
# Python 有一个运算符。


# %% mistake="twice" says="expected"
def twice(x):
    return x


# %% mistake="twice" says="expected"
def twice(x):
    return abs(2 * x)


# %% variant="twice"
def twice(x):
    return x + x


# %% variant="twice"
def twice(x):
    return x * 2


'''


@pytest.fixture
def two(adding):
    """The first lesson with a second exercise, which has two variants."""
    text = adding.read_text(encoding="utf-8")
    mark = "# %%\nbm.claim("
    assert mark in text and RIGHT in text
    adding.write_text(text.replace(mark, ANOTHER.lstrip() + mark), encoding="utf-8")
    return adding


class Seen:
    def __init__(self) -> None:
        self.slugs: list[str] = []

    def finished(self, result) -> None:
        self.slugs.append(result.slug)


def ran(course, **more):
    seen = Seen()
    settings = execution.Settings(device="cpu", store=Course(course).results, **more)
    results, stopped = carry_on.run(Course(course).pick(["adding"]), settings, seen)
    assert not stopped
    assert seen.slugs == [result.slug for result in results]
    return results


def change(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line(path, code: str) -> int:
    """Where the cell with this code begins."""
    before = path.read_text(encoding="utf-8").split(code)[0]
    return before[: before.rindex("# %%")].count("\n") + 1


def test_right_variants_carry_on_and_are_not_run_again(course, two):
    first = ran(course)
    assert [r.slug for r in first] == ["adding-variants-1", "adding-variants-2"]
    assert carry_on.names(Course(course).lessons()[0]) == [r.slug for r in first]
    assert [r.status for r in first] == ["passed", "passed"], first[0].message
    assert "return 2 * x" not in first[0].notebook and "x + x" in first[0].notebook
    assert "x * 2" in first[1].notebook and "sum([a, b])" in first[1].notebook
    assert not first[0].graders
    assert [r.status for r in ran(course)] == ["unchanged", "unchanged"]
    change(two, "return x * 2", "return x * 2.0")
    assert [r.status for r in ran(course)] == ["unchanged", "passed"]


def test_a_variant_that_breaks_the_rest_is_found_and_named(course, two):
    change(two, RIGHT, SMALL)
    first, second = ran(course)
    place = f"solutions/01-first/01-adding.py:{line(two, SMALL)}"
    for result in (first, second):
        assert result.status == "false claim"
        assert result.message.startswith(f"{place}: variant of add: Twenty and")
        assert "\n" not in result.message


def test_variants_that_break_it_only_together_are_named_together(course, two):
    change(two, RIGHT, "    global odd\n    odd = True\n    return a + b\n")
    change(
        two,
        "    return x + x\n",
        "    global even\n    even = True\n    return x + x\n",
    )
    change(
        two,
        "# %%\nbm.claim(",
        '# %%\nassert not {"odd", "even"} <= set(globals())\nbm.claim(',
    )
    first, second = ran(course)
    assert second.good, second.message
    assert first.status == "failed"
    assert "variants of add, twice, only together: AssertionError" in first.message


def test_a_lesson_that_fails_by_itself_is_not_blamed_on_a_variant(course, two):
    change(two, "total == 42", "total == 43")
    first, _ = ran(course)
    assert first.message.startswith(
        "the lesson fails without its variants, too: Twenty"
    )


def test_the_command_says_it_in_a_line(course, two, capsys):
    words = ["run", "adding", "--carry-on", "--device", "cpu", "--course", str(course)]
    assert main(words) == 0
    assert "2 of 2 lessons are good" in capsys.readouterr().out
    change(two, RIGHT, SMALL)
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "adding-variants-1: false claim: solutions/01-first/01-adding.py" in told
    assert (course / ".bmkit" / "carry-on" / "report.html").is_file()
