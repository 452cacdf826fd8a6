"""Errors of a learner's code that mean something else than they say.

``EOF when reading a line`` is a question to a keyboard that is not there. Each such
error gets a sentence with the line of the notebook that brought it about.
"""

from __future__ import annotations

import ast
import linecache
import re
import traceback

from bmkit.lab import parse_error
from bmkit.lab.words import say

_GPU = re.compile(
    r"CUDA (enabled|GPUs?|driver|capable|error)|NVIDIA|linked with support for mps"
    r"|accelerator device when none|CUDA.{0,40}(not available|is_available)"
    r"|has no attribute '_cuda_"
)
_ABSENT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
# As PyTorch says so, which was made without it.
_LACKING = (AssertionError, AttributeError, RuntimeError, TypeError)
TIMED = "<timed exec>"  # what stood below `%%time`: IPython keeps no text of it
_DEBUGGERS = ("bdb", "pdb", "IPython.core.debugger", "ipdb")


def told(error: BaseException, source: str = "") -> str:
    """The sentence for an error of one of these sorts; empty for any other.

    Args:
        error: what was raised.
        source: the cell that raised it, where one did.
    """
    text, kind = text_of(error), type(error).__name__
    where = place(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return say("real.package", where=where, name=error.name)
    if isinstance(error, ImportError) and (absent := _ABSENT.match(text)):
        return say("real.absent", where=where, name=absent[1], module=absent[2])
    if isinstance(error, NameError) and (odd := parse_error.alike(error.name or "")):
        return f"{where}{say('real.colon')}{odd}" if line_of(error) else odd
    if kind == "BdbQuit" or _through(error, *_DEBUGGERS):
        return say("real.breakpoint", where=_breakpoint(error, source))
    if kind == "StdinNotImplementedError" or (
        isinstance(error, EOFError)
        and ("reading a line" in text or _through(error, "getpass"))
    ):
        return say("real.keyboard", where=where)
    if isinstance(error, SystemExit):
        return say("real.exit", where=where)
    if "asyncio.run() cannot be called" in text:
        return say("real.loop", where=where)
    if isinstance(error, _LACKING) and _GPU.search(text):
        return say("real.gpu", where=where)
    if isinstance(error, NotImplementedError):
        return _not_implemented(error, text)
    return ""


def text_of(error: BaseException) -> str:
    """What an error says; empty where its own ``__str__`` fails."""
    try:
        return str(error)[:4000]
    except Exception:
        return ""


def place(error: BaseException) -> str:
    """The deepest line of the notebook that an error passed through, in words."""
    line, code, _ = _deepest(error)
    return say("real.line", line=line, code=code[:120]) if code else say("real.cell")


def _breakpoint(error: BaseException, source: str) -> str:
    """Where a breakpoint stands: the debugger stops after it, or after its cell."""
    number, _, path = _deepest(error)
    lines = linecache.getlines(path)[:number] if path else source.split("\n")
    for line in range(len(lines), 0, -1):
        code = lines[line - 1].strip()
        if re.match(r"[^#]*\b(breakpoint|set_trace)\s*\(", code):
            return say("real.line", line=line, code=code[:120])
    return place(error)


def line_of(error: BaseException) -> str:
    """The code of that line; empty where there is none."""
    return _deepest(error)[1]


def _deepest(error: BaseException) -> tuple[int, str, str]:
    """Number and code of the deepest line in the notebook, and the cell's file."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = frame.f_code.co_filename
        if "ipykernel_" in path or path.startswith(("<ipython", TIMED)):
            return number, linecache.getline(path, number).strip(), path
    return 0, "", ""


def _through(error: BaseException, *modules: str) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__") in modules for frame, _ in frames)


def _not_implemented(error: NotImplementedError, text: str) -> str:
    """Of an exercise's stub nothing: it is not written yet."""
    if "required" in text and "forward" in text:
        return say("real.forward", error=text.split("\n")[0])
    line, _, path = _deepest(error)
    if text or not path:
        return ""
    frames = list(traceback.walk_tb(error.__traceback__))
    if frames[-1][0].f_code.co_filename != path:  # a library raised it
        module = str(frames[-1][0].f_globals.get("__name__", "?"))
        return say("real.library", where=place(error), module=module)
    return say("real.left", line=line) if left_above(error) else ""


def left_above(error: BaseException) -> bool:
    """Whether it is of an exercise's ``raise`` that was left above written code."""
    line, _, path = _deepest(error)
    if not path or not isinstance(error, NotImplementedError) or text_of(error):
        return False
    frames = list(traceback.walk_tb(error.__traceback__))
    if frames[-1][0].f_code.co_filename != path:  # a library raised it
        return False
    return _left("".join(linecache.getlines(path)), line)


def _left(source: str, line: int) -> bool:
    """Whether the ``raise`` of a line stands in code that was written.

    What stands before a stub's may be given, after it there is nothing; and it stands
    in the function itself, not within a branch.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        for body in (getattr(node, name, None) for name in ("body", "orelse")):
            rows = body if isinstance(body, list) else []
            for number, row in enumerate(rows):
                if isinstance(row, ast.Raise) and row.lineno == line:
                    return number + 1 < len(rows) or not isinstance(
                        node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)
                    )
    return False
