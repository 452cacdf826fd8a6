"""One program, its Chinese a list of phrases: what is said, composed and missing."""

from __future__ import annotations

import ast

import pytest

from bmkit.course.source.phrase_list import (
    Entry,
    PhraseError,
    compose,
    dump,
    parse,
    unsaid,
)
from bmkit.course.source.phrases import must_speak, phrases

CODE = '''def f(x):
    """First line.

    Args:
        x: a number.
    """
    # two lines
    # of comment
    bm.claim("It works", x > 0)
    return f"{x:.2f} of {len(x)}"  # why
'''
WORDS = """First line. → 第一行。
Args: x: a number.
→ 参数：
      x: 一个数。
two lines of comment → 一行注释
It works → 行得通
{x:.2f} of {len(x)} → {len(x)} 之 {x:.2f}
why → 为什么"""
CHINESE = '''def f(x):
    """第一行。

    参数：
        x: 一个数。
    """
    # 一行注释
    bm.claim("行得通", x > 0)
    return f"{len(x)} 之 {x:.2f}"  # 为什么
'''


def test_docstrings_comments_strings_and_fstrings_are_composed():
    assert compose(CODE, parse(WORDS)) == CHINESE
    assert unsaid(CODE, parse(WORDS)) == []


def test_a_list_that_is_written_is_read_as_it_was():
    entries = parse(WORDS)
    again = parse(dump(entries))
    assert [(e.key, e.rows) for e in again] == [(e.key, e.rows) for e in entries]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("It worked → 行", "it says 'It works' now"),
        ("Nowhere near → 行", "does not say 'Nowhere near'"),
        ("It works →", "has no translation"),
        ("{x:.2f} of {len(x)} → {x:.2f}", "placeholders differ"),
        ("It works → 行\nIt works → 好", "stands twice"),
        ("It works → 说\"行\"与'好'", "one kind of quotes"),
    ],
)
def test_what_does_not_fit_is_told(words, says):
    with pytest.raises(PhraseError, match=says):
        compose(CODE, parse(words))


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        ('print("{a} " f"{x} b")', "{a} {x} b → {x} 乙", "literals of several kinds"),
        (r'print("a\\d " r"\n b")', r"a\\d \n b → 乙", "literals of several kinds"),
        ('f"{x:>{w}} wide"', "{x:>{w}} wide → {y:>{w}} 宽", "placeholders differ"),
        ('"{} of it".format(x)', "{} of it → 其中", "placeholders differ"),
        ('a = ("one "  # why\n     "two")', "one two → 一二", "move the comment out"),
    ],
)
def test_what_would_change_the_program_is_told(code, words, says):
    with pytest.raises(PhraseError, match=says):
        compose(code, parse(words))


@pytest.mark.parametrize(
    ("code", "words", "new"),
    [
        ('f"{{set}} of {x}"', "{{set}} of {x} → {x} 的{{集合}}", 'f"{x} 的{{集合}}"'),
        ('f"{x:>{w}} wide"', "{x:>{w}} wide → 宽 {x:>{w}}", 'f"宽 {x:>{w}}"'),
        ('print("Figure #2")', "Figure #2 → 图 #2", 'print("图 #2")'),
    ],
)
def test_braces_and_numbers_that_are_the_phrases_own(code, words, new):
    assert compose(code, parse(words)) == new
    assert unsaid(code, parse(words)) == []


def test_words_within_braces_cannot_be_listed():
    code = "print(f\"{'big' if x else 'small'} {d['key']}\")"
    found = unsaid(code, [])
    assert {(p.kind, p.key) for p in found} == {("nested", "big"), ("nested", "small")}


def test_a_changed_letter_is_told_once():
    """As what the list says in vain, and not as what it lacks, too."""
    with pytest.raises(PhraseError) as caught:
        compose(CODE, parse("It worked → 行"))
    assert caught.value.now == {"It works"}


def test_long_strings_and_times():
    code = 'a = "word"\nb = d["word"]\nc = "a long one, " "in two"\n'
    words = "word #1 → 词\na long one, in two\n→ 很长的一句，\n  分两行"
    assert compose(code, parse(words)) == (
        'a = "词"\nb = d["word"]\nc = (\n    "很长的一句，"\n    "分两行"\n)\n'
    )


def test_an_arrow_of_the_english_itself():
    code = 'print("from one → two")\n# a → b, at last\n'
    entries = [Entry("from one → two", ["从一 → 二"]), Entry("a → b, at last", ["="])]
    text = dump(entries)
    assert "from one \\→ two → 从一 → 二" in text
    assert compose(code, parse(text)) == 'print("从一 → 二")\n# a → b, at last\n'


def test_lines_between_three_quotes_stay_lines():
    code = 'print("""one\ntwo\n""")\n'
    new = compose(code, parse("one two\n→ 一\n  二"))
    assert new == 'print("""一\n二\n""")\n'


SAID = {
    "a docstring": ('def f():\n    """Do it."""', ["Do it."]),
    "a comment": ("x = 1  # the first", ["the first"]),
    "a shape": ("x = 1  # (batch, heads, n, d)", []),
    "a shape with words": ("x = 1  # (batch, n), all alike", ["(batch, n), all alike"]),
    "a directive": ("x = 1  # noqa: E501", []),
    "a claim": ('bm.claim("So it is", True)', ["So it is"]),
    "what a claim is compared with": (
        'bm.claim("So", f, {"n": 1}, control={"n": 2}, against="luck")',
        ["So", "luck"],
    ),
    "why a claim is certain": (
        'bm.claim("So", f, {"n": 1}, certain="arithmetic")',
        ["So", "arithmetic"],
    ),
    "advice": ('bm.expect.close(f(1), 2, "twice")', ["twice"]),
    "advice by name": ('a = "twice"\nbm.expect.true(f(1), a)', ["twice"]),
    "an alt text by name": (
        'alt = "A line."\nbm.show.figure(fig, alt=alt)',
        ["A line."],
    ),
    "a label": ('ax.set(xlabel="time")', ["time"]),
    "a title": ('ax.set_title("ROC")', ["ROC"]),
    "a comment at the beginning": ("# first we add\nx = 1", ["first we add"]),
    "a name with a type": ('a: str = "Mass"\nprint(a)', ["Mass"]),
    "two names": ('a, b = "Mass", "Cost"\nprint(a)\ninvest(b)', ["Mass"]),
    "a list that grows": ('a = []\na.append("Mass")\nprint(a)', ["Mass"]),
    "a table": ('for n, v in [("Mass", 1)]:\n    print(n)', ["Mass"]),
    "a dictionary": ('print({"Mass": 3})', ["Mass"]),
    "a format": ('print("mass: {}".format(x))', ["mass: {}"]),
    "signs that are braces": ('s = f"{{mass}} {x}"', ["{{mass}} {x}"]),
    "what must be equal": ('bm.expect.equal(f(), "mass", "say it")', ["say it"]),
    "a coroutine": ('async def f():\n    """Do it."""', ["Do it."]),
    "a legend": ('ax.legend(["before", "after"])', ["before", "after"]),
    "ticks": ('ax.set_xticks([0, 1], ["left", "right"])', ["left", "right"]),
    "an error": ('raise ValueError("too few rows")', ["too few rows"]),
    "an f-string": ('s = f"{n} words"', ["{n} words"]),
    "an f-string of numbers": ('s = f"{n:.2f} / {m}"', []),
    "what is printed": ('print("done", n)', ["done"]),
    "a key": ('x = d["mean"]', []),
    "a name": ('x = torch.zeros(2, device="cpu")', []),
    "a sentence in data": ('x = ["The cat sat."]', ["The cat sat."]),
    "a place of Matplotlib's": ('ax.legend(loc="lower right")', []),
    "mathematics": (r'ax.set(ylabel=r"$\theta$")', []),
    "a program in a string": ('code = """\nimport numpy as np\nprint(np)\n"""', []),
}


@pytest.mark.parametrize("case", SAID)
def test_what_a_learner_reads_must_be_said(case):
    code, keys = SAID[case]
    assert [phrase.key for phrase in unsaid(code, [])] == keys
    assert unsaid(code, [Entry(key, ["="]) for key in keys]) == []


def test_where_a_phrase_stands():
    (comment,) = (p for p in phrases(CODE) if p.kind == "comment" and "two" in p.key)
    assert CODE[comment.begin : comment.end].startswith("# two lines")
    assert must_speak(comment)


@pytest.mark.parametrize("code", [CODE, 'x = f"{a["b"]}"', "def f(:"])
def test_only_words_change(code):
    """Whatever the list says, the composed program differs in strings alone."""
    try:
        keys = [phrase.key for phrase in phrases(code)]
    except SyntaxError:
        return
    new = compose(code, [Entry(key, ["="]) for key in dict.fromkeys(keys)])
    assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(code))
