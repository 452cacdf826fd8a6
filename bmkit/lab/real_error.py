"""Why an exercise's check fails, where its message alone would mislead.

``name 'layer' is not defined`` is what a check sees. What happened is that the answer's
cell does not parse, imports what is not there, or defines another name. So what ran in
the notebook is remembered, with its errors, and asked when a check fails. The grader
does the same beside the notebook's process, so that both say the same.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from bmkit.lab import known_error, mixed_kinds, parse_error
from bmkit.lab.cell_magics import defines, loses
from bmkit.lab.failures import CheckFailed
from bmkit.lab.words import say
from bmkit.language import LANGS, language, speaking

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

MOST = 200  # cells that are remembered
CHECK = "@bm.expect.at_once("  # a check's cell holds it
_LACKS = re.compile(r"object has no __\w+__")  # as the grader's bridge says it
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def in_words(error: BaseException) -> str:
    """Why a check fails, in the learner's terms."""
    if isinstance(error, CheckFailed):
        return str(error)
    check = mixed_kinds.told(error) or mixed_kinds.unusable(error)
    return check or own_words(error)


def own_words(error: BaseException, source: str = "", hidden: bool = False) -> str:
    """What went wrong in the learner's own code, in their terms.

    Args:
        error: what was raised.
        source: the cell that raised it, where one did.
        hidden: whether a hidden test met it: then its own text, in which the test's
            values may stand, is left out.
    """
    if known := known_error.told(error, source):
        return known
    text = known_error.text_of(error)
    if isinstance(error, NotImplementedError) and not text:
        return say("check.stub")  # with words it is PyTorch's: no kernel, no forward
    line = known_error.line_of(error)
    if hidden:
        kind = type(error).__name__
        return say("real.hidden", kind=kind, line=line) if line else ""
    if isinstance(error, AssertionError) and text:
        return text
    if not line and (isinstance(error, AttributeError) or _LACKS.search(text)):
        return say("expect.unusable", error=text)  # asked for from outside
    text = ": ".join(filter(None, (type(error).__name__, text)))
    return say("check.at", error=text, line=line) if line else text


class Ran(NamedTuple):
    """A cell that ran: its text, what was wrong with it, by language, and which name
    it lacked.

    Words alone are kept: an error would keep alive all that its functions held.
    """

    source: str
    wrong: dict[str, str]
    lacked: str


@dataclass
class Cells:
    """The cells that ran in a notebook, the latest last."""

    ran: deque[Ran] = field(default_factory=lambda: deque(maxlen=MOST))

    def add(self, source: str, error: BaseException | None = None) -> None:
        """Remember one."""
        wrong = {}
        if error is not None:
            for lang in LANGS:
                with speaking(lang):
                    wrong[lang] = cell_told(source, error)
        self.ran.append(Ran(source, wrong, _unknown(error)))

    def told(
        self, names: Collection[str], error: BaseException, within: int = MOST
    ) -> str:
        """What is really wrong; empty where the error itself says it.

        Args:
            names: what the exercise defines.
            error: with which its check failed.
            within: how many of the last cells may hold the answer.
        """
        name = _unknown(error)
        if name not in names:
            return known_error.told(error)
        cells = list(self._answers(names, within))
        for one in cells:
            magic = loses(one.source)
            if magic and defines(one.source, name):
                return say("real.magic", magic=magic, name=name)
        # One that asks for the answer, as its check does, tells no more than that.
        failed = [one for one in cells if one.wrong and one.lacked != name]
        meant = [one for one in failed if defines(one.source, name)]
        for one in (*meant, *failed):
            return one.wrong[language()]
        return next(filter(None, (_named(one.source, name) for one in cells)), "")

    def _answers(self, names: Collection[str], within: int) -> Iterator[Ran]:
        """Cells that may hold the answer, the latest first: back to another's check."""
        for one in list(reversed(self.ran))[:within]:
            if CHECK not in one.source:
                yield one
            elif not any(f'"{name}"' in one.source for name in names):
                return


cells = Cells()  # of the notebook that runs in this process
_watched: set[int] = set()


def watch(shell: InteractiveShell) -> None:
    """Remember what runs in this notebook from now on."""
    if id(shell) not in _watched:
        _watched.add(id(shell))
        shell.events.register("post_run_cell", _after_cell)


def _after_cell(result: ExecutionResult) -> None:
    source = getattr(result.info, "raw_cell", None) or ""
    cells.add(source, result.error_before_exec or result.error_in_exec)


def cell_told(source: str, error: BaseException) -> str:
    """What is wrong with a cell that failed.

    Args:
        source: its text.
        error: what it raised, or what Python said when it read it.
    """
    if isinstance(error, SyntaxError):
        text = (error.text or "").strip()  # below a magic it was read when it ran
        if text in map(str.strip, source.split("\n")) or not known_error.line_of(error):
            return parse_error.told(error, source)
    return own_words(error, source)


def _unknown(error: BaseException | None) -> str:
    """The name that nothing defines; empty where the error is another."""
    if not isinstance(error, NameError):
        return ""
    found = re.match(r"name '([^']*)' is not defined", known_error.text_of(error))
    return found[1] if found else ""


def _named(source: str, name: str) -> str:
    """That a cell defines something else than an exercise asks for, or within it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""  # it may begin with a magic
    for outer in filter(_is_definition, tree.body):
        for node in ast.walk(outer):
            if _is_definition(node) and node is not outer and node.name == name:
                line = node.lineno
                return say("real.inside", name=name, outer=outer.name, line=line)
    made = [node.name for node in tree.body if _is_definition(node)]
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            made += [one.id for one in node.targets if isinstance(one, ast.Name)]
    if name in made or any(
        _is_definition(node) and node.name == name for node in ast.walk(tree)
    ):
        return say("real.deleted", name=name)
    if odd := next(filter(None, map(parse_error.alike, made)), ""):
        return odd
    if not made:
        return ""
    listed = ", ".join(f"`{one}`" for one in dict.fromkeys(made))
    return say("real.renamed", made=listed, name=name)


def _is_definition(node: ast.AST) -> TypeGuard[Definition]:
    return isinstance(node, Definition)
