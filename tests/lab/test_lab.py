"""What lessons start with: failures in the learner's words, claims, progress."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import bmkit as bm
from bmkit import language
from bmkit.lab import checks, progress
from bmkit.lab.expect import (
    CheckFailed,
    close,
    equal,
    gradient,
    several,
    shape,
    true,
)


@pytest.fixture(autouse=True)
def english():
    language.speak("en")
    yield
    language.speak("en")


def message(call, *args, **kwargs) -> str:
    with pytest.raises(CheckFailed) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_a_wrong_shape_is_told_with_the_advice():
    said = message(shape, np.zeros((2, 8, 4)), (2, 4, 8), "did you transpose?")
    assert said == "expected shape (2, 4, 8), got (2, 8, 4): did you transpose?"


def test_wrong_values_are_told_where_they_differ_most():
    said = message(close, np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.0, 3.0]), "count")
    assert said == "values differ, most at [2]: expected 3, got 9: count"


def test_missing_return_nan_and_text_are_told():
    assert "is a `return` missing" in message(close, None, 1.0)
    assert "NaN" in message(close, np.array([np.nan]), np.array([1.0]))
    assert "expected numbers, got str" in message(close, "one", 1.0)
    assert message(equal, [1], [2], "why") == "expected [2], got [1]: why"
    said = message(equal, [np.array([1, 2])], [[1, 2]], "a list in a list")
    assert said == "expected [[1, 2]], got [array([1, 2])]: a list in a list"
    equal([torch.arange(2), 1], [torch.arange(2), 1])
    assert "a list" in message(equal, [torch.arange(2)], [torch.ones(2)], "a list")
    said = message(equal, torch.tensor([1, 2, 3]), torch.tensor([1, 2]), "two")
    assert said == "expected tensor([1, 2]), got tensor([1, 2, 3]): two"
    assert message(true, False, "no") == "no"


def test_right_answers_raise_nothing():
    close(np.float32(1) + 1e-7, 1.0)
    shape(np.zeros(3), (3,))
    equal({"a": 1}, {"a": 1})
    equal(np.arange(3), np.arange(3))
    true(1, "")


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda t: t.half(), "float16 keeps too few digits"),
        (lambda t: t.bfloat16(), "bfloat16 keeps too few digits"),
        (lambda t: t.long(), "expected floating-point numbers, got int64"),
        (lambda t: t.numpy(), "expected a PyTorch tensor, got a NumPy array"),
        (lambda t: t.tolist(), "expected a PyTorch tensor, got list"),
        (lambda t: t > 0, "expected floating-point numbers, got bool"),
        (
            lambda t: t.to(torch.complex64),
            "expected floating-point numbers, got complex",
        ),
        (
            lambda t: torch.quantize_per_tensor(t, 1.0, 0, torch.qint8),
            "expected ordinary numbers, got quantised ones (qint8)",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*quantized")
def test_right_values_of_another_kind_are_told(change, says):
    right = torch.tensor([1.0, 2.0])
    for compare in (close, equal):
        said = message(compare, change(right), right, "advice")
        assert says in said and said.endswith(": advice")


def test_whole_numbers_and_masks_are_asked_for_as_such():
    right = torch.tensor([1, 2])
    assert "int8 cannot hold large numbers" in message(
        close, right.to(torch.int8), right
    )
    assert "uint8 cannot hold" in message(close, np.array([1, 2], "uint8"), [1, 2])
    assert "expected integers, got float32" in message(equal, right.float(), right)
    mask = torch.tensor([True, False])
    assert "expected booleans, got int64" in message(equal, mask.long(), mask)
    assert "float16 keeps too few" in message(close, torch.tensor(1.0).half(), 1.0)
    assert "floating-point numbers, got complex" in message(
        close, np.array([1 + 0j]), [1.0]
    )


def test_kinds_that_lose_nothing_are_alike():
    right = torch.tensor([1.0, 2.0])
    close(right.double(), right)
    close(right, right.double())
    close(right.half(), right.half())
    close([1, 2.0], [1.0, 2])
    close([1, 2], np.array([1.0, 2.0]))
    close(right, [1, 2])
    close(right, np.array([1.0, 2.0]))
    for single in (3, 3.0, np.float64(3), np.int64(3), torch.tensor(3.0)):
        close(single, torch.tensor(3.0))
        close(single, 3.0)
    equal(torch.tensor([1, 2], dtype=torch.int32), torch.tensor([1, 2]))


def checked(answer, check):
    """What a check says that goes on with what ``answer`` returned."""
    space = {"answer": answer, "torch": torch, "bm": bm, "__name__": "__main__"}
    code = f"@bm.expect.at_once('answer')\ndef _check():\n    {check}"
    try:
        exec(code, space)
    except CheckFailed as error:
        return str(error)
    except Exception as error:
        return f"raw: {error}"
    return ""


X = "torch.ones(2, 2)"


@pytest.mark.parametrize(
    "answer, check",
    [
        (lambda x: x.double(), f"answer({X}) @ {X}"),
        (lambda x: x.double(), f"torch.allclose(answer({X}), {X})"),
        (lambda x: x.numpy(), f"answer({X}).detach()"),
        (lambda x: x.numpy() > 0, f"{X}.masked_fill(answer({X}), 0)"),
        (lambda x: x.numpy(), f"answer({X}) @ {X}"),
    ],
)
def test_a_check_that_cannot_go_on_with_another_kind_says_so(answer, check):
    said = checked(answer, check)
    assert said.startswith("the check cannot compute with what your code returned")
    assert said.endswith("return the kind of numbers that it was given")


def test_an_error_of_the_learners_own_line_stays_as_it_is():
    wrong = checked(lambda x: x @ x.double(), f"answer({X})")
    assert wrong.startswith("raw: ") and "dtype" in wrong
    assert checked(lambda x: x, f"answer({X}).no_such") == (
        "raw: 'Tensor' object has no attribute 'no_such'"
    )
    assert checked(lambda x: x, f"answer({X}) @ {X}") == ""


def test_several_results_may_be_a_list_and_never_an_array():
    assert several([1, 2], 2, "") == several((1, 2), 2, "") == (1, 2)
    said = message(several, [1, 2, 3], 2, "return h and c")
    assert said == "expected 2 results, got list (3): return h and c"
    assert "got ndarray" in message(several, np.zeros(2), 2, "")
    assert "got Tensor" in message(several, torch.zeros(2), 2, "")
    assert "is a `return` missing" in message(several, None, 2, "")


def test_a_gradient_must_flow_to_every_source():
    x, w = (torch.ones(2, requires_grad=True) for _ in range(2))
    gradient(x * w, [x, w])
    gradient((x.sum(), w.exp()), {"x": x, "w": w})
    assert x.grad is None
    for detached in (x.detach() * w, torch.zeros(2), (x * w).detach()):
        said = message(gradient, detached, [x, w], "keep the graph")
        assert said.endswith("through the result: keep the graph")
    assert "NaN" in message(gradient, (x - 1).sqrt(), x)
    assert "expected a PyTorch tensor" in message(gradient, np.ones(2), x)


def test_messages_are_in_the_learners_language():
    language.speak("zh")
    assert message(close, 1.0, 2.0, "再算一遍") == "应为 2，得到 1：再算一遍"


def test_an_equation_that_does_not_hold_raises(capsys):
    bm.equation("sum", 1.0 + 2.0, 3.0)
    assert "differ by 1" in message(bm.equation, "sum", 1.0, 2.0)
    assert "shape" in message(bm.equation, "sum", np.zeros(2), np.zeros(3))
    assert "nan" in message(bm.equation, "sum", float("nan"), 1.0)


def test_bad_parameters_get_one_line():
    for wrong in ({"profile": "big"}, {"device": "tpu"}, {"lang": "fr"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            bm.start("x", **{"device": "cpu", **wrong})


def test_the_seed_repeats_and_the_profile_picks():
    lab = bm.start("x", profile="ci", device="cpu", seed=3)
    first = np.random.rand()
    bm.start("x", profile="ci", device="cpu", seed=3)
    assert np.random.rand() == first
    assert lab.pick(ci=1, workshop=2, full=3) == 1


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A learner's notebook on disk, found as JupyterLab's kernel finds it."""
    cells = [
        {
            "cell_type": "code",
            "source": "assert add(1, 2) == 3, 'did you add?'",
            "metadata": {"bmkit": {"check": "add"}, "nbgrader": {"points": 2}},
        }
    ]
    for rung in ("think", "use +"):
        text = f"<details><summary>Hint</summary>\n\n{rung}\n\n</details>"
        meta = {"bmkit": {"hint": "add"}}
        cells.append({"cell_type": "markdown", "source": text, "metadata": meta})
    path = tmp_path / "lesson.ipynb"
    book = {"cells": cells, "metadata": {"bmkit": {"slug": "adding"}}}
    path.write_text(json.dumps(book), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    monkeypatch.setenv("BMKIT_PROGRESS", str(tmp_path / "progress.json"))
    checks.open_lesson(bm.start("adding", device="cpu"))
    return path


def test_check_fails_in_words_climbs_the_hints_and_records(
    notebook, monkeypatch, capsys
):
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "add", lambda a, b: a * b, raising=False)
    bm.check("add")
    said = capsys.readouterr().out
    assert "✗ add: did you add?" in said and "Hint 1 of 2: think" in said
    bm.check("add")
    assert "Hint 2 of 2: use +" in capsys.readouterr().out
    monkeypatch.setattr(main, "add", lambda a, b: a + b)
    bm.check("add")
    assert "✓ add: right. 2 of 2 points" in capsys.readouterr().out
    entry = progress.load()["adding"]["add"]
    assert entry == {"points": 2, "passed": True, "attempts": 3}
    bm.check("ad")
    assert "No exercise is called 'ad'" in capsys.readouterr().out


def test_a_folder_in_place_of_the_record_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").touch()
    monkeypatch.setenv("BMKIT_PROGRESS", str(tmp_path / "mine"))
    with pytest.raises(progress.BadRecord, match="it is a folder"):
        progress.load()
    assert progress.record("adding", "add", 2, True) == 1
    assert (tmp_path / "mine" / "work.txt").exists()


def test_importing_bmkit_and_helping_imports_no_framework():
    code = (
        "import sys, contextlib, io\nimport bmkit\n"
        "from bmkit.course.cli.main import main\n"
        "quiet = contextlib.redirect_stdout(io.StringIO())\n"
        "with contextlib.suppress(SystemExit), quiet:\n    main(['--help'])\n"
        "heavy = {'torch', 'tensorflow', 'numpy', 'matplotlib', 'papermill',"
        " 'nbgrader', 'jupytext', 'rich', 'sklearn', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_two_wings_meet_nowhere():
    import ast
    from pathlib import Path

    root = Path(bm.__file__).parent
    frameworks = {"torch", "tensorflow", "keras", "sklearn"}
    for path in root.rglob("*.py"):
        kit = "course" in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                if kit:
                    assert name.split(".")[0] not in frameworks, path
                elif path.parent != root:
                    assert not name.startswith("bmkit.course"), path
