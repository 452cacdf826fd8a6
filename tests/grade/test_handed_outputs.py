"""What a notebook was handed in with is kept where grading makes nothing better."""

from __future__ import annotations

import copy
import json

import pytest

from bmkit.course.build import release
from bmkit.course.grade import handed_outputs
from bmkit.course.grade.session import grade
from bmkit.course.grade.settings import Settings
from bmkit.course.grade.submission import read
from bmkit.course.kernels import forkserver_client, sandbox
from bmkit.course.report.notebook_view import HANDED_IN
from bmkit.course.source.catalog import Course
from tests.conftest import TINY
from tests.grade.test_feedback import cell, png, shown, stream

LESSONS = Course(TINY).lessons()
WORDS = {"text/html": "<table><tr><td>1<script>act()</script></table>"}


def test_only_pictures_text_and_tables_words_are_kept():
    active = shown({"application/javascript": "act()", "text/html": "<script>"})
    widget = shown({"application/vnd.jupyter.widget-view+json": {}})
    cells = [cell("code", "", [stream("hi"), active, widget, shown(WORDS), {"x": 1}])]
    handed_outputs.keep(cells)
    said, table = cells[0]["outputs"]
    assert said["text"] == "hi"
    assert table["data"] == {"text/html": "<table><tr><td>1</td></tr></table>"}


def test_there_is_an_end_to_what_is_kept():
    big = "x" * (handed_outputs.ROOM // 2)
    cells = [cell("code", "", [stream(text)]) for text in (big, big, "small")]
    handed_outputs.keep(cells)
    assert [len(one["outputs"]) for one in cells] == [1, 0, 1]


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.skipif(not forkserver_client.supported(), reason="forks need Linux")
def test_a_graded_notebook_is_as_it_was_written(tmp_path):
    """Its parameters too; what did not run keeps its outputs, what did has ours."""
    book = copy.deepcopy(release.learner_notebook(LESSONS[0]))
    parameters = next(c for c in book.cells if c.metadata.get("tags") == ["parameters"])
    parameters.source = (
        "profile = 'full'  # {mine}\ndevice = 'cuda'\nseed = 1\nlang = 'en'"
    )
    answer = next(c for c in book.cells if c["id"] == "add")
    answer.source = "def add(a, b):\n    return a + b"
    figure = shown({"image/png": png(), "text/plain": "mine"})
    for one in book.cells:
        if one.cell_type == "code":
            one["outputs"] = [figure]
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    settings = Settings(unsafe=bool(sandbox.missing()))
    verdict = grade(read(path, LESSONS), settings)
    assert verdict.points == 2
    texts = [one["source"] for one in verdict.cells()]
    assert parameters.source in texts
    marked = [one for one in verdict.cells() if one.get("outputs") == [figure]]
    assert marked, "no cell of the lesson was left out: choose another"
    for one in verdict.cells():
        kept = one["metadata"].get("bmkit", {}).get("outputs") == HANDED_IN
        assert kept == (one in marked)
    assert answer.source not in [one["source"] for one in marked]
