"""Hints and messages as text: formulas in Unicode, no mark of Markdown left."""

from __future__ import annotations

import json
import re

import pytest

from bmkit.lab import plain_text
from tests import ROOT


@pytest.mark.parametrize(
    "latex, shown",
    [
        (r"\theta \leftarrow \theta - \mathrm{lr}\; g", "θ ← θ - lr g"),
        (r"W_1 x^2 + b_{1}", "W₁ x² + b₁"),
        (r"e^{-x}", "e⁻ˣ"),
        (r"x^{N/2}", "x^(N/2)"),
        (r"\dfrac{\hat p+1}{2n}", "(p̂+1)/2n"),
        (r"\frac12", "1/2"),
        (r"\sqrt{\frac{a}{b^2}}", "√(a/b²)"),
        (r"X^\top X", "Xᵀ X"),
        (r"\operatorname{softmax}(z)_i", "softmax(z)ᵢ"),
        (r"\rho^t\le\text{tolerance}", "ρᵗ ≤ tolerance"),
        (r"\ln\rho", "ln ρ"),
        (r"\frac{a}", "a/"),
        ("{", ""),
    ],
)
def test_formulas_are_unicode(latex, shown):
    assert plain_text.formula(latex).startswith(shown)


@pytest.mark.parametrize("latex", ["{" * 9000, "\\frac" * 500, "x^" * 500, "\\", "}"])
def test_what_is_no_formula_is_survived(latex):
    assert isinstance(plain_text.plain_message(f"got ${latex}$"), str)


def test_a_page_loses_its_marks():
    page = (
        "Take **the** [gradient](x.ipynb) *once*: `a * b` is\n$x^2 +\ny^2$.\n\n"
        "- one\n- two `**`\n\n```python\nx = y**2\n```\n"
    )
    assert plain_text.plain(page) == (
        "Take the gradient once: a * b is\nx² + y².\n\n- one\n- two **\n\n    x = y**2"
    )


def test_a_message_quotes_values_that_are_no_markdown():
    said = "got [__init__](a) *b*, `f_x` costs $5 and $6: is it $\\frac{1}{n}$?"
    assert plain_text.plain_message(said) == (
        "got [__init__](a) *b*, f_x costs $5 and $6: is it 1/n?"
    )
    assert plain_text.message_as_markdown(said) == (
        r"got \[\_\_init\_\_\](a) \*b\*, `f_x` costs $5 and $6: is it $\frac{1}{n}$?"
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_hint_of_the_course_is_readable_without_latex(lang):
    marks = re.compile(r"\\[A-Za-z]|\$|\*\*(?=\w+\*\*)|\\ref|\?\?\?|[{}]")
    count = 0
    for path in sorted((ROOT / "lessons" / lang).glob("*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if "hint" not in cell["metadata"].get("bmkit", {}):
                continue
            assert r"\ref" not in text
            prose = re.sub(r"`+[^`]+`+", "", text.split("</summary>")[1])
            shown = plain_text.plain(prose.replace("</details>", ""))
            assert not marks.search(shown), (path.name, shown)
            count += 1
    assert count > 100
