"""Wrong sources get one clear line each; right ones become cells."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupytext import build_sync_jupytext_contents_manager_class

from bmkit.course.build import facts, folder, release
from bmkit.course.cli import lab
from bmkit.course.source import lint, minutes, quotes
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import SourceError, digest
from bmkit.course.source.equations import displayed
from bmkit.course.source.reader import read
from bmkit.course.source.stamp import Stamped, stamp

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
        '# section: "1"',
        '# section: "1"\n# symbols: [a, b]',
        "symbols must map",
    ),
    "grade id": ('exercise="add"', 'exercise="a d"', "no grade id"),
    "no points": (" points=2", "", "lacks points="),
    "no parameter": (
        " points=2",
        ' points=2 changes="c"',
        "changes= names 'c', no parameter of 'add'",
    ),
    "no need": ("needs: []", "needs: [flying]", "needs 'flying', which does not exist"),
    "circle": ("needs: []", "needs: [plotting]", "needs go in a circle"),
    "no says": (' says="negative"', "", "a mistake must have says="),
    "syntax": ("return abs(a) + abs(b)", "return abs(a", "not Python"),
    "header": ('section: "1"', "colour: red", "lacks 'section'"),
    "no phrase": ("# did you add? → 是相加吗？\n", "", "no Chinese for 'did you add?'"),
    "no docstring": (
        "# Return the sum of two numbers. → 返回两数之和。",
        "# add → 加",
        "no Chinese for 'Return the sum",
    ),
    "no comment": ("secret_sum = a + b", "secret_sum = a + b  # why so", "'why so'"),
    "another phrase": (
        "Return the sum of two numbers. →",
        "Return the sums of two numbers. →",
        "it says 'Return the sum of two numbers.' now",
    ),
    "no such phrase": (
        "# did you add? →",
        "# Nothing of the kind → 无\n# did you add? →",
        "does not say 'Nothing of the kind'",
    ),
    "twice": (
        "# did you add? → 是相加吗？",
        "# did you add? → 是相加吗？\n# did you add? → 加了吗？",
        "stands twice",
    ),
    "untranslated": ("did you add? → 是相加吗？", "did you add? →", "no translation"),
    "whole twin": (
        '# %% [raw] lang="zh"\n# Twenty and twenty-two is forty-two → ',
        '# %% lang="zh" of="12345678"\n# ',
        "a program stands once",
    ),
    "a title": (
        "# %%\nbm.claim",
        "# %% folded\nbm.claim",
        "the one word that may stand",
    ),
    "a slip": ("minutes=3", "minute=3", "did you mean 'minutes'?"),
    "a slip in the header": ('section: "1"', 'sections: "1"', "mean 'section'?"),
    "no hidden check": (
        'bm.expect.close(add(1, 2), 3, "did you add?")\n###',
        "###",
        "a check shows one test at least",
    ),
    "no term introduced": (
        '# section: "1"',
        '# section: "1"\n# introduces: [flying]',
        "introduces 'flying', which the glossary does not have",
    ),
    "a byte-order mark": (
        "# ---\n# slug: adding",
        "\ufeff# ---\n# slug: adding",
        "mark",
    ),
    "no blank": ("# data: []", "#data: []", "a row of the header begins with"),
    "a key twice": (
        "# data: []",
        "# data: []\n# data: []",
        "stands twice in the header",
    ),
    "a number": ('section: "1"', "section: 1.10", "section must be text"),
    "no word": ("{en: Adding, zh: 加法}", "{en: No, zh: 1}", "title must be words"),
    "global": (
        "bm.expect.close(add(1, 2)",
        "global x\nbm.expect.close(add(1, 2)",
        "no `global` in it",
    ),
    "all of it": (
        "bm.expect.close(add(1, 2)",
        "from math import *\nbm.expect.close(add(1, 2)",
        "name what it imports",
    ),
    "read before": (
        "bm.expect.close(add(1, 2)",
        "total = total + 1\nx = x1 = y\ny = 2\nbm.expect.close(add(1, 2)",
        "'y' is the check's own here, and read before",
    ),
    "braces": (
        "secret_sum = a + b",
        "secret_sum = f\"{'odd' if a else 'even'}\"",
        "'odd' within an f-string's braces",
    ),
    "an excuse without a reason": (
        '# %% variant="add"',
        '# %% [raw] excuse="add"\n# a + b → a - b:\n\n# %% variant="add"',
        "an excuse is `title: why`",
    ),
    "an excuse of nothing": (
        '# %% variant="add"',
        '# %% [raw] excuse="ad"\n# a + b → a - b: so\n\n# %% variant="add"',
        "excuse of 'ad': no such exercise",
    ),
    "an excuse twice": (
        '# %% variant="add"',
        '# %% [raw] excuse="add"\n# a → b: so\n# a → b: so\n\n# %% variant="add"',
        "'a → b' is excused twice",
    ),
    "gpu": ('# section: "1"', '# section: "1"\n# gpu: perhaps', "gpu is true or false"),
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
    section = '# section: "1"'
    for path in (adding, beside):
        change(path, section, f"{section}\n# symbols: {{a: a number}}")
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


def test_stamping_fills_in_new_hashes_and_says_which_are_stale(adding):
    first = read(adding).cells[0]
    right = digest(first.source)
    change(adding, f'of="{right}"', 'of=""')
    done = stamp(adding)
    assert done == Stamped(filled=[first.twin.line])
    assert read(adding).cells[0].twin.of == right
    change(adding, f' of="{digest(displayed(read(adding), "commutes"))}"', "")
    assert len(stamp(adding).filled) == 1
    assert release.built(Course(adding.parents[2]))
    change(adding, "Adding is", "Adding was")
    was = digest(read(adding).cells[0].source)
    assert stamp(adding) == Stamped(stale=[(first.twin.line, was)])
    assert read(adding).cells[0].twin.of == right


def test_stamping_begins_a_list_and_goes_on_with_one(adding):
    text = adding.read_text(encoding="utf-8")
    begin = text.index('# %% [raw] lang="zh"\n# Return')
    end = text.index('# %% check="add"')
    text = text[:begin] + text[end:]
    text = text.replace("# negative numbers count too → 负数也要算\n", "")
    adding.write_text(text, encoding="utf-8")
    done = stamp(adding)
    assert [count for _, count in done.listed] == [1, 1]
    rows = adding.read_text(encoding="utf-8").split("\n")
    said = ["# Return the sum of two numbers. →", "# negative numbers count too →"]
    for (line, _), row in zip(done.listed, said, strict=True):
        assert row in rows[line - 1 : line + 3]
    assert stamp(adding).listed == []
    lines = problems(adding.parents[2])
    assert len(lines) == 2 and all("has no translation" in line for line in lines)


def test_stamping_begins_the_chinese_of_prose(adding):
    text = adding.read_text(encoding="utf-8")
    begin = text.index('# %% [markdown] lang="zh"')
    end = text.index("# %% tags")
    adding.write_text(text[:begin] + text[end:], encoding="utf-8")
    (line,) = stamp(adding).begun
    assert (
        adding.read_text(encoding="utf-8")
        .split("\n")[line - 1]
        .startswith('# %% [markdown] lang="zh" of=')
    )
    told = problems(adding.parents[2])
    assert any(x.startswith(f"{adding}:{line}:") and "without words" in x for x in told)


def test_what_is_stamped_is_formatted(adding):
    text = adding.read_text(encoding="utf-8")
    lists = re.compile(r'\n\n# %% \[raw\] lang="zh"\n(# .*\n)+')
    adding.write_text(lists.sub("\n", text), encoding="utf-8")
    assert len(stamp(adding).listed) == 3
    command = [sys.executable, "-m", "ruff", "format", "--check", str(adding)]
    assert subprocess.run(command, check=False).returncode == 0


def test_what_a_whole_lesson_lacks_is_a_note_and_it_is_built_all_the_same(course):
    told = [str(note) for note in facts.notes(Course(course))]
    assert any("3 to 6 exercises, this has 1" in line for line in told)
    assert any("2 figures at least, this has 1" in line for line in told)
    assert any("bm.claim, this has none" in line for line in told)
    assert release.built(Course(course))


def test_a_lesson_that_takes_too_long_is_noted(course, adding):
    prose = "# " + " word" * 150 * minutes.LONGEST
    change(adding, "# Adding is", f"{prose}\n# Adding is")
    source = read(adding)
    assert minutes.estimate(source) > minutes.LONGEST
    assert any("90 are the most" in n.message for n in lint.own(source) if n.note)


def test_minutes_are_what_prose_code_equations_and_exercises_take(adding):
    # 3 of the exercise, 2 of the equation, less than 2 of words and code: up to 10
    assert minutes.estimate(read(adding)) == 10
    change(adding, "minutes=3", "minutes=30")
    assert minutes.estimate(read(adding)) == 35


DOCUMENT = """## 1. 背景
### 1.1 定义
大模型是指参数规模
达到数十亿的模型。
## 2. 概念
别的话。
"""


@pytest.mark.parametrize(
    ("section", "words", "says"),
    [
        ("§1.1", "大模型是指参数规模达到数十亿的模型。", ""),
        ("1", "大模型……的模型。", ""),
        ("§2", "大模型是指参数规模", "§2 of the document does not say"),
        ("§1.1", "小模型", "does not say"),
        ("§7", "别的话多", "no section 7"),
        ("§2", "，", "so few words"),
        ("", "大模型是指", "is no section"),
    ],
)
def test_a_quotation_stands_in_the_document(
    adding, tmp_path, monkeypatch, section, words, says
):
    path = tmp_path / "document.txt"
    path.write_text(DOCUMENT, encoding="utf-8")
    monkeypatch.setenv(quotes.DOCUMENT, str(path))
    english = "They are large, says the page."
    cell = (
        f'# %% [markdown] quote="{section}"\n# {english}\n\n'
        f'# %% [markdown] lang="zh" of="{digest(english)}"\n# {words}\n\n'
    )
    change(adding, '# %% tags=["parameters"]', f'{cell}# %% tags=["parameters"]')
    told = [problem.message for problem in lint.own(read(adding)) if not problem.note]
    assert any(says in line for line in told) if says else not told


def test_a_source_saved_through_jupyterlab_keeps_its_words(adding):
    """The way that CONTRIBUTING recommends: opened as a notebook, saved, the same."""
    before = adding.read_text(encoding="utf-8")
    opened = "# needs: []              # slugs"
    before = before.replace("# needs: []", opened)
    before = before.replace('says="negative"', 'says="≤ 0 · negative 负 😀 \\\\u0041"')
    adding.write_text(before, encoding="utf-8")
    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)(
        root_dir=str(adding.parent), post_save_hook=lab.HOOK, **lab.JUPYTEXT
    )
    book = manager.get(adding.name, type="notebook", content=True)["content"]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    book.metadata["language_info"] = {"name": "python", "version": "3.11"}
    book.cells[1].metadata["trusted"] = True
    manager.save({"type": "notebook", "content": book}, adding.name)
    assert adding.read_text(encoding="utf-8") == before
    new = nbformat.v4.new_markdown_cell("Another hint.", metadata={"hint": "add"})
    book.cells.append(new)
    manager.save({"type": "notebook", "content": book}, adding.name)
    text = adding.read_text(encoding="utf-8")
    assert text.startswith(before.rstrip("\n"))
    assert '# %% [markdown] hint="add"\n# Another hint.' in text
