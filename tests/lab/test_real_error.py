"""What is really wrong with an answer, in words."""

from __future__ import annotations

import pytest

from bmkit.lab.real_error import Cells, cell_told
from bmkit.language import speak


@pytest.fixture(autouse=True)
def english():
    speak("en")


def parsed(code: str) -> str:
    """What is said of a cell that does not parse."""
    with pytest.raises(SyntaxError) as caught:
        compile(code, "<cell>", "exec")
    return cell_told(code, caught.value)


@pytest.mark.parametrize(
    ("char", "says"),
    [
        *(
            (c, f"full-width; type `{i}`")
            for c, i in zip("，；：（）＋＝＊", ",;:()+=*", strict=True)
        ),
        *(
            (c, f"full-width; type `{i}`")
            for c, i in zip("。、【】１", ".,[]1", strict=True)
        ),
        *((c, 'curly quotation mark; type `"`') for c in "“”„"),
        *((c, "curly quotation mark; type `'`") for c in "‘’"),
        *((c, "type `-` instead") for c in "−–—"),
        ("×", "type `*` instead"),
        ("÷", "type `/` instead"),
        *(
            (c, f"type `{i}` instead")
            for c, i in zip("،؛«´٣๓①₁", ",;\"'3311", strict=True)
        ),
        ("²", "type `**2` instead"),
        ("½", "type `1/2` instead"),
        ("\u2028", "(line separator, U+2028); delete it"),
        ("\x07", "(control character, U+0007); delete it"),
        ("≤", "type `<=` instead"),
        ("\u00a0", "(no-break space, U+00A0); type ordinary"),
        ("\u3000", "(full-width space, U+3000); type ordinary"),
        ("\u202f", "(narrow no-break space, U+202F); type ordinary"),
        ("\u200b", "(zero-width space, U+200B); delete it"),
        ("\u200d", "(zero width joiner, U+200D); delete it"),
        ("\ufeff", "(byte order mark, U+FEFF); delete it"),
        ("√", "does not know the character `√` (U+221A)"),
        ("🙂", "does not know the character `🙂` (U+1F642)"),
    ],
)
def test_a_character_that_python_does_not_know_is_named(char, says):
    said = parsed(f"def f(x):\n    y = '，' + x {char} 1\n    return y")
    assert said.startswith("line 2, column 17: ") and says in said


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("if x:\n    y = 1\n\tz = 2", "line 3: the indentation mixes tabs and spaces"),
        ("if x:\n\ty = 1\n        z = 2", "line 3: the indentation mixes tabs"),
        (
            "x = 1\n  y = 2",
            "line 2, `y = 2`: Python cannot read it (unexpected indent)",
        ),
        ("f(x", "line 1, `f(x`: Python cannot read it ('(' was never closed)"),
        ("x = 'a", "unterminated string literal"),
        ("x = 'a’", "`’` is a curly quotation mark"),
    ],
)
def test_code_that_does_not_parse_is_told_with_its_line(code, says):
    assert says in parsed(code)


def told(*cells: str, name: str = "layer", within: int = 9) -> str:
    """What is said where a check misses a name after these cells."""
    ran = Cells()
    for source in cells:
        error: BaseException | None = None
        try:
            exec(compile(source, "<cell>", "exec"), {})
        except Exception as caught:
            error = caught
        ran.add(source, error)
    return ran.told([name], NameError(f"name {name!r} is not defined"), within)


def test_the_cell_that_means_the_name_is_told_of():
    other = "def layer(x:\n    return x"
    assert "`def layer(x:`" in told(other, "1 / 0")
    assert "ZeroDivisionError" in told("1 / 0", "x = 1")
    assert told("x = 1") == ""
    assert told() == ""


def test_another_name_is_told_of_in_the_cell_above():
    assert told("def my_layer(x): ...", "my = 1") == (
        "you defined `my_layer`; the exercise asks for `layer`"
    )
    assert "`my_layer`" in told("def my_layer(x): ...", "layer(1)", "1; layer(2)")
    assert "`Layer`" in told("class Layer: ...")
    assert "`net`" in told("net = lambda x: x")
    assert "inside `Net` (line 2)" in told("class Net:\n    def layer(self): ...")


def test_what_was_answered_before_another_check_is_not_meant():
    check = '@bm.expect.at_once("step")\ndef _check(): ...'
    mine = check.replace("step", "layer")
    assert told("def step(): ...", check) == ""
    assert "`my_layer`" in told("def my_layer(): ...", mine)
    assert told("def my_layer(): ...", "x = 1", within=1) == ""
