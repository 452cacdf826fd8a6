"""What a page should not show is told with its line before anything is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bmkit.course.source import lint
from bmkit.course.source.cells import digest
from bmkit.course.source.pages import blocks, foreign, left_over
from bmkit.course.source.reader import read


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (r"as (\ref{gone}) says", "a reference without a number"),
        ("as (?) says", "a reference without a number"),
        ("it costs 5$", "a dollar sign"),
        ("it costs 5$\n\nor 6$", "a dollar sign"),
        ("it costs \\$5", "a dollar sign"),
        ("two * marks", "an asterisk"),
        ("这是**“强调”**的", "an asterisk"),
        ("a ` alone", "a backtick"),
        ("see ???", "question marks"),
        ("<div>two * marks</div>", "an asterisk"),
        ("| a * |\n|---|\n| b |", "an asterisk"),
        (r"all of $x_1 * 2$, **bold** and `code`", ""),
        ("`$x` and ``a`b*c`` and `$y`", ""),
        (r"$$a = b \tag{1}$$", ""),
        ("```python\nx = a * '$'\n```", ""),
    ],
)
def test_mark_up_that_is_left_over_is_found(source, kind):
    found = [kind for text in blocks(source) for kind in left_over(text)]
    assert set(found) == ({kind} if kind else set())


LINNAINMAA = "(1976), {}Taylor expansion of the accumulated rounding error{}, BIT 16."


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("The word 大模型 is short.", "en", False),
        ("The page says 大模型是指参数规模达到数十亿的模型.", "en", True),
        ("It says *大模型是指参数规模达到数十亿的模型*.", "en", True),
        ("The page says “大模型是指参数规模达到数十亿的模型”.", "en", False),
        ("## 标题", "en", True),
        ("这里用 PyTorch 的 nn.Linear。", "zh", False),
        ("This is a sentence that nobody has translated.", "zh", True),
        ("这一句 is a sentence that nobody has translated 还在。", "zh", True),
        ("（This is a sentence that nobody has translated。）见上。", "zh", True),
        ("他说：“this is a sentence that nobody has translated”。", "zh", False),
        ("“This is a sentence that nobody has translated.”", "zh", True),
        ("见 *Attention Is All You Need in Six Words*。", "zh", False),
        (
            "In 2017 the *Transformer* replaced recurrence in every translation system "
            "that people used.",
            "zh",
            True,
        ),
        (
            'It was said in 2017: "attention is all you need", and nobody believed it '
            "at that time.",
            "zh",
            True,
        ),
        ("*This is a whole sentence that nobody has translated at all.*", "zh", True),
        ("Look here: five words only.", "zh", True),
        (f"- S. Linnainmaa {LINNAINMAA.format('*', '*')}", "zh", False),
        (f"- S. Linnainmaa {LINNAINMAA.format('[', '](https://a.b)')}", "zh", False),
        (
            f"- S. Linnainmaa {LINNAINMAA.format('*', '*')} It is the paper that "
            "nobody has read.",
            "zh",
            True,
        ),
        (f"- It was said {LINNAINMAA.format('*', '*')}", "zh", True),
        (
            '- G. Salton and C. Buckley, "Term-weighting approaches in automatic text '
            'retrieval", Information Processing & Management 24(5), 1988.',
            "zh",
            False,
        ),
    ],
)
def test_a_sentence_in_the_wrong_language_is_found(text, lang, found):
    assert [bool(foreign(block, lang)) for block in blocks(text)] == [found]


def told(path: Path, cells: str) -> list[str]:
    """What is wrong with a source that has these cells too, by the line among them."""
    text = path.read_text(encoding="utf-8")
    mark = '# %% tags=["parameters"]'
    before, after = text.split(mark)
    path.write_text(f"{before}{cells}\n{mark}{after}", encoding="utf-8")
    first = before.count("\n")
    return [
        f"{p.line - first}: {p.message}" for p in lint.own(read(path)) if not p.note
    ]


def prose(english: str, chinese: str) -> str:
    twin = f'# %% [markdown] lang="zh" of="{digest(english)}"'
    return f"# %% [markdown]\n# {english}\n\n{twin}\n# {chinese}\n"


def program(code: str, *entries: str) -> str:
    rows = "\n".join(f"# {entry}" for entry in entries)
    return f'# %%\n{code}\n\n# %% [raw] lang="zh"\n{rows}\n'


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (prose("Two * marks.", "两个 \\* 号。"), ["1: the page would", "4: the page"]),
        (prose("字还没译。", "字还没译。"), ["1: not English"]),
        (prose("All is well.", "Nobody has done this one."), ["4: not Chinese"]),
        (program("x = 1  # 一个数"), ["2: not English"]),
        (program('def f():\n    """这是一个函数。"""'), ["3: not English"]),
        (program('x = "这是数据，不是说给人听的"'), []),
        (program('print("说给人听的话")'), ["2: not English"]),
        (program('alt = "说给人听的话"\nf(alt=alt)'), ["2: not English"]),
        (
            program(
                'for text in ["这是数据", "也是"]:\n    print(text)',
                "这是数据 → =",
                "也是 → =",
            ),
            [],
        ),
        (
            program(
                "x = 1  # one number that nobody has translated",
                "one number that nobody has translated → =",
            ),
            ["5: not Chinese"],
        ),
        (
            program("x = 1  # what it is", "what it is → not yet what it should be"),
            ["5: not Chinese"],
        ),
        (
            program(
                "x = 1  # Adam: A Method for Stochastic Optimization",
                "Adam: A Method for Stochastic Optimization → =",
            ),
            [],
        ),
    ],
)
def test_it_is_told_with_its_line(adding, cells, says):
    found = told(adding, cells)
    assert len(found) == len(says), found
    assert all(line.startswith(start) for line, start in zip(found, says, strict=True))


def test_a_title_in_the_wrong_language_is_told(adding):
    text = adding.read_text(encoding="utf-8")
    title = next(row for row in text.split("\n") if row.startswith("# title:"))
    text = text.replace(title, "# title: {en: 加法, zh: Adding two numbers with care}")
    adding.write_text(text, encoding="utf-8")
    found = [one for one in lint.own(read(adding)) if not one.note]
    assert [(one.line, one.message[:12]) for one in found] == [
        (1, "not English,"),
        (1, "not Chinese,"),
    ]


def test_markdown_is_not_imported_before_there_is_some():
    code = "import sys; import bmkit.course.build.facts, bmkit.course.source.lint\n"
    code += "print({'mistune', 'nbconvert', 'bs4'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"
