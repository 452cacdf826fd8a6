"""A source's claims: each has a control, and the names fit; where each one stands."""

from __future__ import annotations

import pytest

from bmkit.course.source import claims, lint
from bmkit.course.source.reader import read

RIGHT = """bm.claim(
    "Twenty and twenty-two is forty-two",
    lambda total: total == 42,
    {"total": add(20, 22)},
    control={"total": add(20, 20)},
    against="twenty and twenty",
)
"""
WORDS = """# Twenty and twenty-two is forty-two → 二十加二十二等于四十二
# twenty and twenty → 二十加二十
"""


def told(adding, code: str, words: str = "") -> list[tuple[int, str, bool]]:
    """What is said of the tiny lesson's claims with other code in their place."""
    text = adding.read_text(encoding="utf-8")
    assert RIGHT in text
    text = text.replace(RIGHT, code).replace(WORDS, words or WORDS)
    adding.write_text(text, encoding="utf-8")
    return [(p.line, p.message, p.note) for p in claims.problems(read(adding))]


def test_a_claim_with_a_control_is_right(adding):
    assert told(adding, RIGHT) == []


def test_a_claim_without_a_control_is_an_error_on_its_line(adding):
    code = RIGHT.splitlines(keepends=True)
    bare = "".join([*code[:2], "    total == 42,\n    total=total,\n)\n"])
    line = adding.read_text(encoding="utf-8").split(RIGHT)[0].count("\n") + 1
    ((at, message, note),) = told(adding, bare)
    assert (at, note) == (line, False)
    assert message.startswith("a claim lacks its control")


# what of the claim is changed, to what, and what is said of it
WRONG = {
    "no against": ('    against="twenty and twenty",\n', "", "and against="),
    "both": ("against=", 'certain="sum", against=', "or else certain="),
    "nothing": (
        '    control={"total": add(20, 20)},\n    against="twenty and twenty",\n',
        "",
        "has control=",
    ),
    "loose": ("against=", "total=3, against=", "has control="),
    "predicate": ("lambda total:", "lambda sum:", "takes sum; measured has total"),
    "control": ('={"total"', '={"sum"', "takes total; control has sum"),
    "dict": ('{"total": add(20, 22)}', "dict(a=1, b=2)", "measured has a, b"),
    "made up": (
        'control={"total": add(20, 20)}',
        'control={"total": -7}',
        "from the run",
    ),
    "empty": ('{"total": add(20, 22)}', "{}", "measured has nothing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_claim_that_is_written_wrong_is_an_error(adding, case):
    old, new, says = WRONG[case]
    assert old in RIGHT
    found = told(adding, RIGHT.replace(old, new, 1))
    assert any(says in message and not note for _, message, note in found), found
    assert any(says in problem.message for problem in lint.own(read(adding)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"total": add(20, 22)}', "measured"),
        ('{"total": add(20, 22)}', "dict(total=42)"),
        ('{"total": add(20, 22)}', '{"total": 42, **more}'),
        ("add(20, 20)", "20 + 20"),
        ("lambda total: total == 42", "is_42"),
        ("lambda total: total == 42", "lambda **all: all['total'] == 42"),
    ],
)
def test_names_that_are_computed_are_left_to_the_run(adding, old, new):
    assert told(adding, RIGHT.replace(old, new, 1)) == []


def test_certain_is_rare(adding):
    sure = RIGHT.replace('control={"total": add(20, 20)},\n    against', "certain")
    ((line, message, note),) = told(adding, RIGHT + 2 * sure)
    assert (line, note) == (1, True)
    assert message.startswith("2 of 3 claims are certain")
    text = adding.read_text(encoding="utf-8").replace(RIGHT + 2 * sure, RIGHT)
    adding.write_text(text, encoding="utf-8")
    assert told(adding, 2 * RIGHT + sure) == []


def test_what_is_claimed_and_where(adding):
    code = RIGHT.replace('"Twenty and', 'f"{a} and', 1)
    words = """# {a} and twenty-two is forty-two → {a} 加二十二等于四十二
# twenty and twenty → 二十加二十
"""
    assert told(adding, code, words) == []
    (found,) = claims.stated(read(adding))
    text = adding.read_text(encoding="utf-8")
    assert text.splitlines()[found.line - 1] == "bm.claim("
    assert found.text == "{…} and twenty-two is forty-two"
    assert found.chinese == "{…} 加二十二等于四十二"
    assert found.against == "twenty and twenty"
    assert found.says("Twenty and twenty-two is forty-two")
    assert found.says("20 加二十二等于四十二")
    assert not found.says("Twenty and twenty-two is forty-three")
