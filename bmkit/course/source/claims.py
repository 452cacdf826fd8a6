"""What a source claims: its sentences, and what each is compared with.

A claim has a control, which its predicate must be false of, or says why it is certain.
That the control is false is seen when the lesson runs; that there is one, here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bmkit.course import parsing
from bmkit.course.source.cells import Cell, Problem, Source

RARE = 1 / 3  # of a lesson's claims, at most, may be certain
OURS = {"control", "against", "certain"}
GAP = "{…}"  # in place of what an f-string computes


@dataclass(frozen=True)
class Stated:
    """A claim as it stands in a source: its sentence in both languages, and where."""

    text: str
    chinese: str
    line: int
    against: str = ""
    certain: str = ""

    def says(self, words: str) -> bool:
        """Whether a run that said ``words``, in either language, ran this claim."""
        return any(
            re.fullmatch(".*".join(map(re.escape, said.split(GAP))), words, re.DOTALL)
            for said in (self.text, self.chinese)
        )


def stated(source: Source) -> list[Stated]:
    """Every claim of a source, in order."""
    found = []
    for cell in _programs(source):
        english, chinese = _calls(cell.source), _calls(cell.text("zh"))
        for call, twin in zip(english, chinese, strict=True):
            words = {word.arg: _sentence(word.value) for word in call.keywords}
            found.append(
                Stated(
                    _sentence(call.args[0]) if call.args else "",
                    _sentence(twin.args[0]) if twin.args else "",
                    cell.line + call.lineno,
                    words.get("against", ""),
                    words.get("certain", ""),
                )
            )
    return found


def problems(source: Source) -> Iterator[Problem]:
    """Claims without a control, or whose names differ from their predicate's."""
    certain = count = 0
    for cell in _programs(source):
        for call in _calls(cell.source):
            count += 1
            words = {word.arg for word in call.keywords}
            certain += "certain" in words
            where = (source.path, cell.line + call.lineno)
            if len(call.args) != 3:
                wanted = "bm.claim(text, predicate, measured, control=…)"
                yield Problem(*where, f"a claim lacks its control: {wanted}")
            elif words not in ({"control", "against"}, {"certain"}):
                message = "a claim has control= and against=, or else certain="
                yield Problem(*where, message)
            else:
                for wrong in (*_misnamed(call), *_made_up(call)):
                    yield Problem(*where, wrong)
    if certain > RARE * count:
        message = f"{certain} of {count} claims are certain: a claim has a control"
        yield Problem(source.path, 1, message, note=True)


def _misnamed(call: ast.Call) -> Iterator[str]:
    """Where the names that a lambda takes are not those that it is given."""
    predicate = call.args[1]
    if not isinstance(predicate, ast.Lambda):
        return
    takes = predicate.args
    if takes.vararg or takes.kwarg or takes.defaults:
        return
    wanted = {one.arg for one in (*takes.args, *takes.kwonlyargs)}
    control = [word.value for word in call.keywords if word.arg == "control"]
    pairs = zip(("measured", "control"), (call.args[2], *control), strict=False)
    for what, value in pairs:
        given = _names(value)
        if given is not None and given != wanted:
            yield (
                f"the predicate takes {', '.join(sorted(wanted)) or 'nothing'}; "
                f"{what} has {', '.join(sorted(given)) or 'nothing'}"
            )


def _made_up(call: ast.Call) -> Iterator[str]:
    """A control that no run measured: every value in it is written out."""
    for word in call.keywords:
        control = word.value if word.arg == "control" else None
        if isinstance(control, ast.Dict) and all(map(_written, control.values)):
            yield "the control is written out: take its numbers from the run"


def _written(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _names(node: ast.expr) -> set[str] | None:
    """The names in a dictionary that is written out; None where they are computed."""
    keys: list[object] = [None]
    if isinstance(node, ast.Dict):
        keys = [getattr(key, "value", None) for key in node.keys]
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "dict":
        keys = [None] if node.args else [word.arg for word in node.keywords]
    names = {key for key in keys if isinstance(key, str)}
    return names if len(names) == len(keys) else None


def _programs(source: Source) -> list[Cell]:
    return [
        cell
        for cell in source.cells
        if cell.must_speak and not cell.markdown and "bm.claim(" in cell.source
    ]


def _calls(code: str) -> list[ast.Call]:
    """The calls of ``bm.claim``, in order; none where it is not Python."""
    try:
        tree = parsing.parse(code)
    except SyntaxError:
        return []  # told as such
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "bm.claim"
    ]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _sentence(node: ast.expr) -> str:
    """A string as it is written, with a gap for what is put in when it runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_sentence, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sentence(node.left) + _sentence(node.right)
    return GAP
