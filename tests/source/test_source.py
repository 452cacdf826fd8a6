"""Wrong sources get one clear line each; right ones become cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmkit.course.build import folder, release
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import SourceError, digest, displayed, read, stamp
from bmkit.course.source.translation import difference

CHECK = '# %% check="add"'


def problems(course: Path) -> list[str]:
    with pytest.raises(SourceError) as caught:
        release.built(Course(course))
    return [str(problem) for problem in caught.value.problems]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# what is changed in the source, to what, and what the line must say
WRONG = {
    "stale": ("Adding is the first", "Adding was the first", "stale translation"),
    "missing": (
        '\n# %% [markdown] lang="zh" of="HASH"\n# 加法',
        "\n# 加法",
        "has no translation",
    ),
    "no hints": ('# %% [markdown] hint="add"', "# %% [markdown]", "needs 1 hint cell"),
    "one mistake": (
        '# %% mistake="add" says="negative"',
        "# %%",
        "needs 2 mistake cells, has 1",
    ),
    "no variant": ('# %% variant="add"', "# %%", "needs 1 variant cell"),
    "unknown key": (
        '# %% variant="add"',
        '# %% variant="add" colour="red"',
        "unknown key 'colour'",
    ),
    "unclosed solution": ("    ### END SOLUTION\n", "", "unclosed solution region"),
    "unclosed hidden": ("### END HIDDEN TESTS\n", "", "unclosed hidden-test region"),
    "no equation": (
        '# %% equation="commutes" of="FORMULA"',
        "# %%",
        "is not executed",
    ),
    "no label": (" \\label{commutes}", "", "no \\label{commutes}"),
    "another formula": ("$$a + b = b + a", "$$a - b = b - a", "stale equation cell"),
    "unbound equation": (' of="FORMULA"', "", "equation cell without its hash"),
    "no term": ("It is symmetric:", "It needs no gradient:", "lacks 'gradient'"),
    "symbols": (
        '#     section: "1"',
        '#     section: "1"\n#     symbols: [a, b]',
        "symbols must map",
    ),
    "grade id": ('exercise="add"', 'exercise="a d"', "no grade id"),
    "no points": (" points=2", "", "lacks points="),
    "no need": ("needs: []", "needs: [flying]", "needs 'flying', which does not exist"),
    "circle": ("needs: []", "needs: [plotting]", "needs go in a circle"),
    "no says": (' says="negative"', "", "a mistake must have says="),
    "syntax": ("return abs(a) + abs(b)", "return abs(a", "not Python"),
    "header": ('    section: "1"', "    colour: red", "lacks 'section'"),
    "other program": (
        'bm.claim("二十',
        'total = 7\nbm.claim("二十',
        "translation is another program",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_source_gets_a_line_that_says_where_and_what(course, adding, case):
    old, new, says = WRONG[case]
    source = read(adding)
    old = old.replace("HASH", digest(source.cells[0].source))
    change(adding, old.replace("FORMULA", digest(displayed(source, "commutes"))), new)
    lines = problems(course)
    told = [line for line in lines if says in line]
    assert told, lines
    assert told[0].startswith(f"{adding}:")
    assert told[0].split(":")[1].isdigit()


def test_a_figure_without_alt_text_is_told(course):
    path = course / "solutions" / "02-second" / "01-plotting.py"
    change(path, 'alt="A straight line through zero.", ', "")
    assert any("figure without alt text" in line for line in problems(course))


def test_an_exercise_twice_is_told(course, adding):
    text = adding.read_text(encoding="utf-8")
    start, end = text.index('# %% exercise="add"'), text.index(CHECK)
    adding.write_text(text[:end] + text[start:end] + text[end:], encoding="utf-8")
    assert any("duplicate grade id 'add'" in line for line in problems(course))


def test_a_symbol_means_one_thing_in_a_chapter(course, adding):
    beside = adding.with_name("02-counting.py")
    text = adding.read_text(encoding="utf-8")
    beside.write_text(text.replace("slug: adding", "slug: counting"), encoding="utf-8")
    section = '#     section: "1"'
    for path in (adding, beside):
        change(path, section, f"{section}\n#     symbols: {{a: a number}}")
    assert release.built(Course(course))
    change(beside, "symbols: {a: a number}", "symbols: {a: a list, b: a number}")
    (told,) = problems(course)
    assert told.startswith(f"{beside}:1: symbol 'a' is 'a list' here and 'a number' in")


def test_every_problem_of_every_file_is_told_and_nothing_is_written(course, adding):
    change(adding, '# %% variant="add"', "# %%")
    other = course / "solutions" / "02-second" / "01-plotting.py"
    change(other, "A line is", "A line was")
    lines = problems(course)
    assert len({line.split(":")[0] for line in lines}) == 2
    with pytest.raises(SourceError):
        folder.write(Course(course))
    assert not (course / "lessons").exists()


def test_stamping_fills_in_new_hashes_and_leaves_stale_ones(adding):
    first = read(adding).cells[0]
    right = digest(first.source)
    change(adding, f'of="{right}"', 'of=""')
    assert stamp(adding) == 1
    assert read(adding).cells[0].twin.of == right
    change(adding, f' of="{digest(displayed(read(adding), "commutes"))}"', "")
    assert stamp(adding) == 1
    assert release.built(Course(adding.parents[2]))
    change(adding, "Adding is", "Adding was")
    assert stamp(adding) == 0
    assert read(adding).cells[0].twin.of == right


@pytest.mark.parametrize(
    ("english", "chinese", "same"),
    [
        ('print("one")', 'print("一")', True),
        ("x = 1  # one", "x = 1  # 一", True),
        ('f"{a} of {b}"', 'f"{b} 之 {a}"', True),
        ('f"{a}"', 'f"{c} 之"', False),
        ('open("a")', 'open("b")', False),
        ("x = 1", "x = 2", False),
        ("x = 1", "x = 1\ny = 2", False),
    ],
)
def test_a_translated_program_is_the_same_program(english, chinese, same):
    assert (difference(english, chinese) == "") is same
