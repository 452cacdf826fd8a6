"""Lines that do not parse are replaced; the lines around them stay."""

from __future__ import annotations

import ast
import time

import pytest

from bmkit.course.grade.mending import EFFORT, mended

CODE = """\
def f(x, n):
    total = x.sum()
    for k in range(n):
        total = total / (k + 1)
    return total
"""
LINES = CODE.splitlines()


def with_line(number: int, line: str) -> str:
    return "\n".join([*LINES[:number], line, *LINES[number:]])


def kept(code: str) -> str:
    tree, _ = mended(code)
    assert tree is not None
    return ast.unparse(tree)


def test_code_that_parses_stays_as_it_is():
    tree, replaced = mended(CODE)
    assert tree is not None and ast.dump(tree) == ast.dump(ast.parse(CODE))
    assert replaced == []


@pytest.mark.parametrize("number", range(len(LINES) + 1))
@pytest.mark.parametrize("indent", ["", "    "])
@pytest.mark.parametrize(
    "line", ["x = (", "x = ]", "%matplotlib inline", "no python", "x = 'it", "1x = 2"]
)
def test_one_line_is_replaced_wherever_it_stands(number, indent, line):
    stray = indent + line
    tree, replaced = mended(with_line(number, stray))
    assert replaced == [stray]
    assert tree is not None and ast.unparse(tree) == ast.unparse(ast.parse(CODE))


@pytest.mark.parametrize("line", ["if x:", "for k in n:", "def g(:", "try:", "else:"])
def test_a_header_without_a_block_goes(line):
    assert kept(CODE + line) == kept(CODE)


def test_a_broken_header_keeps_its_block_and_its_arguments():
    tree, replaced = mended(CODE.replace("x, n):", "x, n:"))
    assert replaced == ["def f(x, n:"] and tree is not None
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    assert [arg.arg for arg in function.args.args] == ["x", "n"]
    assert ast.dump(function.body[1]) == ast.dump(ast.parse(CODE).body[0].body[1])


def test_a_line_too_deep_for_the_parser_is_replaced():
    assert kept(f"{CODE}y = {'-' * 10_000}1") == kept(CODE)


def test_what_takes_too_long_is_given_up():
    code = "no python at all\n" * (EFFORT // 1000)
    tree, lines = mended(code)
    assert tree is None and lines == code.split("\n")


@pytest.mark.parametrize(
    "code",
    ["def f(" + "a" * 100_000, "def f(" + "a " * 50_000, "x = 1" + " " * 100_000 + "("],
    ids=["a long name", "many names", "blanks"],
)
def test_a_long_line_takes_no_long_time(code):
    began = time.process_time()
    mended(code)
    assert time.process_time() - began < 3
