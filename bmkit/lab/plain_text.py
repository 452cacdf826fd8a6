"""What is written in Markdown with formulas, as text that a terminal can show."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import cache
from typing import Any

# A formula begins and ends without a gap: "$5 and $6" is none.
FORMULA = re.compile(
    r"\$\$(?P<shown>.+?)\$\$|\$(?!\s)(?P<within>[^$\n]+?)(?<!\s)\$", re.S
)
CODE_OR_FORMULA = re.compile(r"(?P<code>(`+).+?\2)|\$(?!\s)[^$]+?(?<!\s)\$", re.DOTALL)
SCRIPT = re.compile(r"(?P<place>[\^_])(?:\{(?P<many>[^{}]*)\}|(?P<one>\S))")
REWRITTEN = [
    (re.compile(r"\\[dt]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\operatorname\*?(?![A-Za-z])"), r"\\,\\mathrm"),
    (
        re.compile(r"(\\(?:ln|log|exp|max|min|sin|cos|tanh))(?![A-Za-z])\s*(?=[\\\w])"),
        r"\1\\,",
    ),
]
RELATION = re.compile(r"\s*([≤≥←→∈≠≈∼≪≫])\s*")
ALONE = re.compile(r"[\w.∞′\u0300-\u036f]*|[^\s()]*\([^()]*\)")  # wants no brackets
SPECIAL = re.compile(r"([\\*_<>\[\]#|~])")
UP = dict(
    zip(
        "0123456789+-=()nijklmabcdetTxyz",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵏˡᵐᵃᵇᶜᵈᵉᵗᵀˣʸᶻ",
        strict=True,
    )
)
KEPT_UP, KEPT_DOWN = "\ue000", "\ue001"  # while there are more to look at
UP |= {"⊤": "ᵀ", "−": "⁻"}
DOWN = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvx",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ",
        strict=True,
    )
)


def plain(markdown: str) -> str:
    """Markdown without its marks, formulas as Unicode text.

    Args:
        markdown: prose of the course, such as a hint.
    """
    on_one_line = CODE_OR_FORMULA.sub(
        lambda found: found[0] if found["code"] else " ".join(found[0].split()),
        markdown,
    )
    return re.sub(r"\n{3,}", "\n\n", _markdown()(on_one_line)).strip()


def plain_message(message: str) -> str:
    """A message without backticks, formulas as Unicode text; all else stays.

    Args:
        message: one sentence on what is wrong. It may quote a learner's values, which
            are no Markdown.
    """
    return _pieces(message, code=str, formula=formula, rest=str)


def message_as_markdown(message: str) -> str:
    """A message as Markdown: its code and formulas stay, nothing else has a meaning."""
    return _pieces(
        message,
        code=lambda code: f"`{code}`",
        formula=lambda text: f"${text}$",
        rest=lambda text: SPECIAL.sub(r"\\\1", text),
    )


def _pieces(message: str, *, code: Any, formula: Any, rest: Any) -> str:
    made: list[str] = []
    for odd, part in enumerate(re.split(r"`([^`]+)`", message)):
        if odd % 2:
            made.append(code(part))
            continue
        at = 0
        for found in FORMULA.finditer(part):
            made.append(rest(part[at : found.start()]))
            made.append(formula(found["shown"] or found["within"]))
            at = found.end()
        made.append(rest(part[at:]))
    return "".join(made)


def formula(latex: str) -> str:
    """A LaTeX formula as Unicode text: ``\\frac{a}{b+1}`` is a/(b+1), ``x^2`` is x²."""
    for pattern, instead in REWRITTEN:
        latex = pattern.sub(instead, latex)
    try:
        text = _scripted(_converter().latex_to_text(f"${latex}$").strip())
    except (RecursionError, ValueError):  # no formula of ours: shown as it is
        return latex
    text = text.replace("\\", " ").replace("{", "").replace("}", "")
    text = text.replace(KEPT_UP, "^").replace(KEPT_DOWN, "_")
    text = RELATION.sub(r" \1 ", text)
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text)).strip()


def _scripted(text: str) -> str:
    while (scripted := SCRIPT.sub(_script, text)) != text:
        text = scripted
    return text


def _script(found: re.Match[str]) -> str:
    many = found["many"] if found["many"] is not None else found["one"]
    up = found["place"] == "^"
    letters = UP if up else DOWN
    if all(letter in letters for letter in many):
        return "".join(letters[letter] for letter in many)
    return (KEPT_UP if up else KEPT_DOWN) + _bracketed(many)


def _bracketed(text: str) -> str:
    return text if ALONE.fullmatch(text) else f"({text})"


@cache
def _converter() -> Any:
    from pylatexenc import latex2text

    def fraction(node: Any, l2tobj: Any) -> str:
        parts = (l2tobj.nodelist_to_text([one]).strip() for one in node.nodeargs or [])
        bare = (re.sub(r"^\{(.*)\}$", r"\1", part) for part in parts)
        return "/".join(_bracketed(_scripted(part)) for part in bare)

    macros = [latex2text.MacroTextSpec("frac", simplify_repl=fraction)]
    known = latex2text.get_default_latex_context_db()
    known.add_context_category("bmkit", macros=macros, prepend=True)
    return latex2text.LatexNodes2Text(
        latex_context=known,
        math_mode="text",
        keep_braced_groups=True,
        keep_braced_groups_minlen=1,
        fill_text=False,
    )


@cache
def _markdown() -> Any:
    import mistune

    class Text(mistune.HTMLRenderer):
        """Each part of a page as text: mistune calls a method by the part's name."""

        def text(self, text: str) -> str:
            return text

        def emphasis(self, text: str) -> str:
            return text

        def strong(self, text: str) -> str:
            return text

        def link(self, text: str, url: str, title: str | None = None) -> str:
            return text

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return text

        def codespan(self, text: str) -> str:
            return text

        def linebreak(self) -> str:
            return "\n"

        def softbreak(self) -> str:
            return "\n"

        def inline_html(self, html: str) -> str:
            return ""

        def block_html(self, html: str) -> str:
            return ""

        def paragraph(self, text: str) -> str:
            return f"{text}\n\n"

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return f"{text}\n\n"

        def block_text(self, text: str) -> str:
            return f"{text}\n"

        def block_code(self, code: str, info: str | None = None) -> str:
            return f"{textwrap.indent(code.rstrip(), '    ')}\n\n"

        def block_quote(self, text: str) -> str:
            return f"{textwrap.indent(text.strip(), '> ')}\n\n"

        def list(self, text: str, ordered: bool, **attrs: Any) -> str:
            return f"{text}\n"

        def list_item(self, text: str, **attrs: Any) -> str:
            return f"- {text.strip()}\n"

        def thematic_break(self) -> str:
            return "\n"

        def inline_math(self, text: str) -> str:
            return formula(text)

        def block_math(self, text: str) -> str:
            return f"{formula(text)}\n\n"

    return mistune.create_markdown(renderer=Text(escape=False), plugins=["math"])
