"""What a graded notebook brings along acts nowhere: in no page made from it."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from html.parser import HTMLParser

import pytest

from bmkit.course.report import harmless

ACTS = "alert(1)"
STATE = "application/vnd.jupyter.widget-state+json"
TABLE = "<table><tr><td>1</td></tr></table>"


def picture() -> str:
    """The smallest PNG."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    raw += chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return base64.b64encode(raw).decode()


PNG = picture()
MARKDOWN = [
    f"<script>{ACTS}</script>",
    f"<img src=x onerror={ACTS}>",
    f"<IMG\nSRC=x\nONERROR={ACTS}>",
    f"# Title\n\n<details ontoggle={ACTS} open>\n\nx\n</details>",
    f"<svg/onload={ACTS}>",
    f"[x](javascript:{ACTS})",
    f"[x](JaVaScript:{ACTS})",
    f"[x](java&#115;cript:{ACTS})",
    f"[x](javascript\\:{ACTS})",
    f"[x](<javascript:{ACTS}>)",
    f"[x](%6aavascript:{ACTS})",
    f"[x](\x01javascript:{ACTS})",
    f"[x][y]\n\n[y]: javascript:{ACTS}",
    f"<javascript:{ACTS}>",
    f"![x](data:text/html,<script>{ACTS}</script>)",
    f"$<script>{ACTS}</script>$",
    f"```\n</code></pre><script>{ACTS}</script>\n",
    f"<!-- --!><script>{ACTS}</script> -->",
]
DATA = [
    {"text/html": f"<script>{ACTS}</script>"},
    {"text/html": f"{TABLE}<img src=x onerror={ACTS}>"},
    {"application/javascript": ACTS},
    {"image/svg+xml": f"<svg onload={ACTS}></svg>"},
    {"text/latex": f"$x$<script>{ACTS}</script>"},
    {"text/markdown": f"<script>{ACTS}</script>"},
    {"image/png": f'" onerror={ACTS} x="'},
    {"image/jpeg": f'"><script>{ACTS}</script>'},
    {harmless.WIDGET: {"model_id": f"</script><script>{ACTS}</script>"}},
    {STATE: {"x": ACTS}},
]
ABOUT = [
    {"image/png": {"width": f'1" onerror="{ACTS}'}},
    {"image/png": {"alt": f'x" onerror="{ACTS}'}},
    {"image/png": {"unconfined": f'x" onerror="{ACTS}'}},
    {"filenames": {"image/png": f'x" onerror="{ACTS}'}},
]


def shown(data, about=None, kind="display_data"):
    one = {"output_type": kind, "data": data, "metadata": about or {}}
    return one | ({"execution_count": 1} if kind == "execute_result" else {})


OUTPUTS = [
    *(shown(one) for one in DATA),
    *(shown(one, kind="execute_result") for one in DATA),
    *(shown({"image/png": PNG}, one) for one in ABOUT),
    {"output_type": "stream", "name": f'x"><script>{ACTS}</script>', "text": "x"},
    {"output_type": "stream", "name": "stdout", "text": f"<script>{ACTS}</script>"},
    {
        "output_type": "error",
        "ename": f"<script>{ACTS}</script>",
        "evalue": f"<script>{ACTS}</script>",
        "traceback": [f"\x1b[31m<script>{ACTS}</script>\x1b]8;;javascript:{ACTS}\x07"],
    },
]


def book(*cells):
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"widgets": {STATE: {"state": {"a": ACTS}}}},
            "cells": [
                {"id": f"c{n}", "metadata": {}, **cell} for n, cell in enumerate(cells)
            ],
        }
    )


def code(*outputs):
    return {
        "cell_type": "code",
        "source": f"'<script>{ACTS}</script>'",
        "outputs": list(outputs),
        "execution_count": None,
    }


class Acting(HTMLParser):
    """Finds what would act in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.script = False

    def handle_starttag(self, tag, attrs):
        self.script = tag == "script"
        self.found += [
            f"<{tag} {name}={value}>"
            for name, value in attrs
            if value
            and "alert" in value
            and (name.startswith("on") or re.search(r"script|data:", value, re.I))
        ]

    def handle_endtag(self, tag):
        self.script &= tag != "script"

    def handle_data(self, data):
        if self.script and "alert" in data:
            self.found.append(f"<script>{data}")


def acting(text: str, template: str) -> list[str]:
    """What acts in the page that nbconvert makes."""
    import nbformat
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name=template, exclude_input_prompt=True)
    page, _ = exporter.from_notebook_node(nbformat.reads(text, as_version=4))
    reader = Acting()
    reader.feed(page)
    reader.close()
    return reader.found


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_a_page_made_of_it_has_nothing_that_acts(template):
    prose = [{"cell_type": "markdown", "source": one} for one in MARKDOWN]
    raw = {"cell_type": "raw", "source": f"<script>{ACTS}</script>"}
    text = book(*prose, code(*OUTPUTS), raw)
    assert len(acting(text, template)) > 10  # it does where nothing is done about it
    assert acting(harmless.notebook(text), template) == []


@pytest.mark.parametrize("source", MARKDOWN)
def test_markup_is_kept_as_text(source):
    made = harmless.markdown(source)
    assert made != source and source in made


@pytest.mark.parametrize(
    "source",
    [
        "# Title\n\n- a < b and b > c\n- see <https://example.org/a>",
        "<details>\n<summary>Hint</summary>\n\nx<sub>1</sub><br/>\n\n</details>",
        "$a<b$, $x_{<t}$, $p<q$",
        "[a link](https://example.org/data:1) and the data: 3, 4",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "中文：$a<2$ → 好",
    ],
)
def test_plain_markdown_stays_as_it_is(source):
    assert harmless.markdown(source) == source


def test_what_a_teacher_wants_to_see_is_kept():
    about = {"image/png": {"width": 300, "height": 200, "alt": "a curve"}}
    outputs = [
        shown({"image/png": PNG, "text/plain": "<Figure>"}, about),
        shown({"text/html": TABLE, "text/plain": "1"}, kind="execute_result"),
        {"output_type": "stream", "name": "stderr", "text": "a\n"},
    ]
    (cell,) = json.loads(harmless.notebook(book(code(*outputs))))["cells"]
    picture, table, said = cell["outputs"]
    assert picture == outputs[0]
    assert table["data"] == {"text/html": TABLE, "text/plain": "1"}
    assert said == outputs[2]


def test_it_is_json_that_every_reader_takes():
    text = book(code(shown({"text/plain": "x"}, {"a": float("nan")})))
    assert "NaN" in text

    def refuse(name):
        raise AssertionError(name)

    json.loads(harmless.notebook(text), parse_constant=refuse)
    json.loads(harmless.notebook(text[:-1] + ', "x": NaN}'), parse_constant=refuse)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_what_is_no_notebook_is_left(text):
    assert harmless.notebook(text) == text
