"""A run's report opens at once, failures first, pictures and notebooks beside it."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from bmkit.course.report import run_report
from bmkit.course.report.registry import Entry
from bmkit.course.run.execution import Settings
from bmkit.course.run.result import Result

SETTINGS = Settings(store=Path("unused"))
LESSONS = 77
CLAIM = {
    "text": "An LSTM remembers longer than an RNN",
    "holds": True,
    "numbers": {"lstm": 40.0, "rnn": 10.0},
    "control": {"lstm": 9.0, "rnn": 10.0},
    "against": "before training",
    "certain": "",
    "why": "",
    "kind": "claim",
}


def png(seed: int, width: int = 100, height: int = 100) -> str:
    """A picture of noise, which nothing compresses, in base64."""
    noise = Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))

    def chunk(kind: bytes, content: bytes) -> bytes:
        sum_ = zlib.crc32(kind + content)
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sum_)
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    whole += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(whole).decode()


def notebook(*outputs: dict, source: str = "1 + 1") -> str:
    cells = [
        {"cell_type": "markdown", "source": "# A title", "metadata": {}},
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": list(outputs),
            "execution_count": 1,
        },
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})


def lesson(number: int, status: str = "passed") -> Result:
    """A result as large as a real lesson's: pictures, claims and a notebook."""
    pictures = [png(100 * number + one) for one in range(6)]
    shown = [
        {"output_type": "display_data", "data": {"image/png": p}} for p in pictures
    ]
    return Result(
        f"lesson-{number}",
        f"Lesson {number}",
        status,
        seconds=3.0,
        memory=2**29,
        claims=[dict(CLAIM) for _ in range(15)],
        figures=[{"png": p, "alt": f"Noise {number}"} for p in pictures],
        notebook=notebook(*shown, source="x = 1\n" * 300),
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """The report of 77 lessons, two of which failed, and of a thousand claims."""
    results = [lesson(number) for number in range(LESSONS)]
    for number in (5, 40):
        results[number] = replace(results[number], status="failed", message="It fell.")
    claims = [
        Entry(f"lesson-{n}", {}, f"{n}.py", n, {"en": "It is", "zh": "是"}, "", "")
        for n in range(1000)
    ]
    folder = tmp_path_factory.mktemp("report")
    return run_report.write(folder, results, SETTINGS, 1.0, claims)


def test_the_page_has_neither_picture_nor_notebook_in_it(large):
    text = large.read_text(encoding="utf-8")
    assert "data:image" not in text and "x = 1" not in text
    assert len(text) < 20_000 * LESSONS + 1000 * 1000
    pictures = re.findall(r'<img src="([^"]+)" loading="lazy"', text)
    assert len(pictures) == 6 * LESSONS
    assert all((large.parent / place).is_file() for place in pictures)
    assert "http:" not in text and "https:" not in text and "<script src" not in text


def test_the_index_has_every_lesson_and_failures_come_first(large):
    text = large.read_text(encoding="utf-8")
    listed = re.findall(r'<a href="#(lesson-\d+)"', text)
    shown = re.findall(r'<section id="(lesson-\d+)"', text)
    assert listed == shown and len(set(listed)) == LESSONS
    assert listed[:3] == ["lesson-5", "lesson-40", "lesson-0"]


def test_a_claim_stands_beside_its_control(large):
    text = large.read_text(encoding="utf-8")
    row = re.search(r"<tr><td[^>]*>An LSTM remembers longer.*?</tr>", text, re.S)
    cells = [re.sub("<[^>]+>", "", one) for one in row[0].split("<td")[1:]]
    assert "lstm = 40, rnn = 10" in cells[1]
    assert "before training: lstm = 9, rnn = 10" in cells[2]


def test_a_notebook_is_a_page_that_cannot_act(tmp_path):
    """As it ran, hidden tests and all; the cell that failed has an anchor."""
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "no",
        "traceback": ["\x1b[31mValueError\x1b[0m: <b>no</b>"],
    }
    html = {
        "output_type": "display_data",
        "data": {"text/html": "<script>x()</script>"},
    }
    source = "<script>1</script>\n### BEGIN HIDDEN TESTS\nassert f(3) == 9"
    result = Result("broken", "Broken", "failed", message="ValueError: no")
    result.traceback = "ValueError: no"
    result.notebook = notebook(html, error, source=source)
    page = run_report.write(tmp_path, [result], SETTINGS, 1.0)
    assert 'href="notebooks/broken.html#failed"' in page.read_text(encoding="utf-8")
    text = (tmp_path / "notebooks" / "broken.html").read_text(encoding="utf-8")
    assert "<script" not in text and "default-src 'none'" in text
    assert '<section id="failed">' in text and "ValueError: &lt;b&gt;no" in text
    assert "assert" in text and "\x1b" not in text
    assert (tmp_path / "notebooks" / "broken.ipynb").is_file()


def test_what_is_the_same_is_not_written_again_and_what_is_not_ours_stays(tmp_path):
    first = lesson(1)
    run_report.write(tmp_path, [first], SETTINGS, 1.0)
    pictures, page = tmp_path / "pictures", tmp_path / "notebooks" / "lesson-1.html"
    before = {path: path.stat().st_mtime_ns for path in [page, *pictures.iterdir()]}
    (pictures / "mine.png").write_bytes(b"mine")
    run_report.write(tmp_path, [first], SETTINGS, 1.0)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    first.figures = first.figures[1:2]
    first.notebook = notebook(source="y = 2")
    run_report.write(tmp_path, [first], SETTINGS, 1.0)
    assert len(list(pictures.iterdir())) == 2 and (pictures / "mine.png").is_file()
    assert ">y<" in page.read_text(encoding="utf-8")


def test_a_run_on_stand_ins_says_so(tmp_path):
    result = Result("x", "X", "passed", data={"news": ["stand-in:1"], "y": ["real:2"]})
    page = run_report.write(tmp_path, [result], SETTINGS, 1.0)
    assert "on built-in stand-in data: news<" in page.read_text(encoding="utf-8")


def test_half_a_character_breaks_no_report(tmp_path):
    """A lesson may print what no file can hold, and control characters too."""
    odd = "half \ud800 \x00\x1b[31m \uffff"
    output = {"output_type": "stream", "name": "stdout", "text": odd}
    result = Result("odd", odd, "failed", message=odd, traceback=odd, cell=odd)
    result.notebook = json.dumps({**json.loads(notebook(output))}, ensure_ascii=False)
    result.claims = [{**CLAIM, "text": odd, "holds": False}]
    page = run_report.write(tmp_path, [result], SETTINGS, 1.0)
    assert "half" in page.read_text(encoding="utf-8")
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert told["lessons"][0]["message"] == odd
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("failures") == "2"
    book = json.loads((tmp_path / "notebooks" / "odd.ipynb").read_text("utf-8"))
    assert book["cells"][1]["outputs"][0]["text"] == odd
