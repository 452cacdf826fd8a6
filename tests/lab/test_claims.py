"""Claims: true of what was measured and false of the control, or they do not hold."""

from __future__ import annotations

import json
from unittest.mock import patch

import numpy as np
import pytest
import torch

import bmkit as bm
from bmkit import language
from bmkit.errors import WrongUse
from bmkit.lab.mime import CLAIM


def shown(*args, **kwargs) -> tuple[dict, str, str]:
    """What a claim displays: for the report, as text, as HTML."""
    with patch("IPython.display.display") as display:
        bm.claim(*args, **kwargs)
    (data,) = display.call_args.args
    json.dumps(data[CLAIM])  # what the report keeps is JSON
    return data[CLAIM], data["text/plain"], data["text/html"]


def test_it_is_true_of_what_was_measured_and_false_of_the_control():
    data, text, page = shown(
        "Training helps",
        lambda right: right > 0.8,
        {"right": torch.tensor(0.9)},
        control={"right": np.float32(0.1)},
        against="before training",
    )
    assert data == {
        "text": "Training helps",
        "holds": True,
        "numbers": {"right": pytest.approx(0.9)},
        "kind": "claim",
        "control": {"right": pytest.approx(0.1)},
        "against": "before training",
        "certain": "",
        "why": "",
    }
    for words in (text, page):
        assert "✓" in words
        assert "right = 0.9" in words
        assert "compared with before training: right = 0.1" in words


@pytest.mark.parametrize("tuned", [lambda right: right > 0.05, lambda right: True])
def test_a_predicate_that_the_control_passes_does_not_hold(tuned):
    data, text, page = shown(
        "Training helps", tuned, {"right": 0.9}, control={"right": 0.1}, against="luck"
    )
    assert data["holds"] is False
    assert data["why"] == "the control passes as well: luck: right = 0.1"
    for words in (text, page):
        assert "✗" in words
        assert data["why"] in words


@pytest.mark.parametrize("lost", [float("nan"), np.array([[0.1, np.nan]])])
def test_a_control_that_came_out_as_no_number_shows_nothing(lost):
    right = np.full(np.shape(lost), 0.9)
    data, _, page = shown(
        "Training helps",
        lambda right: np.all(right > 0.8),
        {"right": right},
        control={"right": lost},
        against="too large a step",
    )
    assert data["holds"] is False and "not a number" in data["why"]
    assert data["why"] in page


def test_a_claim_that_the_run_refutes_is_shown_and_not_raised():
    data, text, _ = shown(
        "Two", lambda n: n == 2, {"n": 3}, control={"n": 4}, against="four"
    )
    assert (data["holds"], data["why"]) == (False, "this run refutes it")
    assert text.startswith("✗ Two")


def test_what_is_certain_says_why_and_must_still_be_true():
    data, text, _ = shown("Two", lambda n: n == 2, {"n": 2}, certain="arithmetic")
    assert (data["holds"], data["control"], data["certain"]) == (True, {}, "arithmetic")
    assert "certain: arithmetic" in text
    assert not shown("Two", lambda n: n == 2, {"n": 3}, certain="sum")[0]["holds"]


def test_arrays_lists_and_what_is_no_number_can_be_measured():
    data, _, _ = shown(
        "Grows",
        lambda curve, row, name, gap: bool((np.diff(curve) > 0).all()),
        {
            "curve": torch.arange(30.0, requires_grad=True).detach(),
            "row": [torch.tensor(1.0, requires_grad=True), [2, 3]],
            "name": "plain",
            "gap": float("nan"),
        },
        control={"gap": 0.0, "curve": np.zeros(3), "row": [], "name": "flat"},
        against="a flat line",
    )
    assert data["holds"]
    assert data["numbers"]["curve"] == [float(n) for n in range(20)]
    assert data["numbers"]["row"] == [1.0, [2, 3]]
    assert data["numbers"]["gap"] == "nan"
    assert list(data["control"]) == list(data["numbers"])


def big(n):
    return n > 1


@pytest.mark.parametrize(
    ("args", "words", "says"),
    [
        ((big, {"n": 2}), {}, "one of the two"),
        ((big, {"n": 2}), {"certain": "  "}, "one of the two"),
        (
            (big, {"n": 2}),
            {"control": {"n": 1}, "against": "one", "certain": "why"},
            "one of the two",
        ),
        ((big, {"n": 2}), {"control": {"n": 1}}, "against="),
        ((big, {"n": 2}), {"certain": "why", "against": "one"}, "against="),
        ((big, {"n": 2}), {"control": {"m": 1}, "against": "one"}, "m; they must be"),
        ((big, {"n": 2}), {"control": 1, "against": "one"}, "must be the same"),
        ((big, {}), {"control": {}, "against": "nothing"}, "named numbers"),
        ((big,), {"certain": "why"}, "named numbers"),
        ((big, [2]), {"certain": "why"}, "named numbers"),
        ((big,), {"n": 2, "certain": "why"}, "put n into"),
        ((True, {"n": 2}), {"certain": "why"}, "a lambda"),
        ((True,), {"certain": "why"}, "a lambda"),
        ((True,), {"n": 2}, "a lambda"),
        ((big, {"m": 2}), {"certain": "why"}, "on m = 2: TypeError"),
        (
            (lambda n: n > 1, {"n": np.arange(3)}),
            {"certain": "why"},
            "n = [0, 1, 2]: ValueError",
        ),
        ((lambda n: 1 / n, {"n": 1}), {"control": {"n": 0}, "against": "0"}, "n = 0:"),
    ],
)
def test_a_claim_that_is_written_wrong_says_so_in_one_line(args, words, says):
    with pytest.raises(WrongUse, match=r"^the claim “Big”: ") as caught:
        bm.claim("Big", *args, **words)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [f"✗ {caught.value}"]


def test_the_rows_are_in_the_learners_language():
    with language.speaking("zh"):
        _, text, _ = shown("大", big, {"n": 2}, control={"n": 1}, against="较小的数")
        _, certain, _ = shown("大", big, {"n": 2}, certain="算术")
    assert "对照（较小的数）：n = 1" in text
    assert "必然成立：算术" in certain
