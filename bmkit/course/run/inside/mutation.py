"""Grading the equations: a check that holds for the wrong sign too checks nothing.

Runs inside a lesson's kernel, in the instructor's notebook, after each equation cell.
The cell is run again with one side negated, and with every plus or minus in it turned
round, one at a time. One of them must fail at least: not each does where both sides
are 0 (an inequality, say), or where a sign stands in what sets the sides up.
"""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Iterator
from typing import Any

from bmkit.course.json_values import JsonObject
from bmkit.course.run.inside.answer_matrix import show
from bmkit.lab.expect import CheckFailed

MOST = 8  # signs that are tried; a long cell sets up more than it compares


def flips(space: dict[str, Any], label: str, code: str) -> None:
    """Flip signs in an equation cell and show which its check noticed.

    Args:
        space: the notebook's globals; each try gets a copy of its own.
        label: the equation's.
        code: its cell.
    """
    from IPython.utils.capture import capture_output

    state = _drawn()
    tries = []
    for changed in [negated(code, label), *flipped(code)][: MOST + 1]:
        with capture_output():  # what holds would show itself as a claim
            tries.append(_noticed(space, changed))
        _draw_again(state)
    (failed, message), *signs = tries
    seen = [message for failed, message in signs if failed]
    noticed = failed or bool(seen)
    rows = [_row("negated side", noticed, message)]
    if signs:
        kind = f"sign flipped, {len(seen)} of {len(signs)} seen"
        rows.append(_row(kind, noticed, seen[0] if seen else ""))
    show(f"equation {label}", 0, rows, equation=label)


def _noticed(space: dict[str, Any], code: str) -> tuple[bool, str]:
    """Whether the comparison in a changed cell fails, and its words.

    Another error says that the change made no sense, not that it was seen.
    """
    try:
        exec(compile(code, "<equation>", "exec"), dict(space))
    except CheckFailed as error:
        return True, str(error)
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"
    return False, ""


def negated(code: str, label: str) -> str:
    """The cell with the right-hand side of its comparison negated."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _compares(node, label):
            node.args[2] = ast.UnaryOp(ast.USub(), node.args[2])
    return ast.unparse(ast.fix_missing_locations(tree))


def flipped(code: str) -> Iterator[str]:
    """The cell with one plus or minus turned round, for each in turn, the last first.

    The last are those of the sides themselves; what stands before sets them up.
    """
    count = sum(_signed(node) for node in ast.walk(ast.parse(code)))
    for number in reversed(range(count)):
        tree = ast.parse(code)
        node: Any = [node for node in ast.walk(tree) if _signed(node)][number]
        other = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.USub: ast.UAdd}
        node.op = other[type(node.op)]()
        yield ast.unparse(ast.fix_missing_locations(tree))


def _compares(node: ast.Call, label: str) -> bool:
    return (
        ast.unparse(node.func) == "bm.equation"
        and len(node.args) == 3
        and getattr(node.args[0], "value", None) == label
    )


def _signed(node: ast.AST) -> bool:
    # A negative constant is often an axis or an exponent: what it is of, none can tell.
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return False
    kinds = (ast.Add, ast.Sub, ast.USub)
    return isinstance(getattr(node, "op", None), kinds) and not isinstance(
        node, ast.AugAssign
    )


def _row(kind: str, ok: bool, message: str) -> JsonObject:
    return {
        "kind": kind,
        "expected": "fail",
        "ok": ok,
        "says": "",
        "message": message,
    }


def _drawn() -> dict[str, Any]:
    """The state of every random generator: the lesson goes on as without us."""
    state: dict[str, Any] = {"random": random.getstate()}
    if "numpy" in sys.modules:
        state["numpy"] = sys.modules["numpy"].random.get_state()
    if "torch" in sys.modules:
        state["torch"] = sys.modules["torch"].get_rng_state()
    return state


def _draw_again(state: dict[str, Any]) -> None:
    random.setstate(state["random"])
    if "numpy" in state:
        sys.modules["numpy"].random.set_state(state["numpy"])
    if "torch" in state:
        sys.modules["torch"].set_rng_state(state["torch"])
