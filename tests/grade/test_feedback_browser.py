"""Feedback on hostile notebooks in a real browser: nothing runs, nothing is fetched."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest

from bmkit.course.grade import feedback
from bmkit.course.grade.result import Mark, Verdict
from bmkit.course.report import mathml
from tests.cli.test_browser import FLAGS
from tests.grade.test_feedback import (
    LINKS,
    OURS,
    PAYLOADS,
    PICTURES,
    PROSE,
    cell,
    everything,
    hostile,
    png,
    shown,
    stream,
    verdict,
)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]
# Every element of the page as Chromium built it, with what could act.
ELEMENTS = """() => Array.from(document.querySelectorAll("*"), node => ({
  tag: (node.namespaceURI.endsWith("xhtml") ? "" : "foreign ") + node.localName,
  names: node.getAttributeNames(), href: node.getAttribute("href"),
  src: node.getAttribute("src"), shadow: Boolean(node.shadowRoot)}))"""
ATTRIBUTES = {"charset", "http-equiv", "content", "name", "lang", "class", "id"}
ATTRIBUTES |= {"href", "src", "alt", "scope", "max", "value", "colspan", "rowspan"}
FORMULAS = {f"foreign {tag}" for tag in mathml.TAGS}


class Watched:
    """A browser's tab, and everything in it that should not happen."""

    def __init__(self, browser: Any) -> None:
        self.seen: list[str] = []
        self.refused: list[str] = []
        self.tab = browser.new_page(viewport={"width": 1000, "height": 1300})
        self.tab.route("**/*", self._request)
        self.tab.on("dialog", lambda dialog: (self.note("dialog"), dialog.dismiss()))
        self.tab.on("popup", lambda _popup: self.note("popup"))
        self.tab.on("download", lambda _download: self.note("download"))
        self.tab.on("pageerror", lambda error: self.note(f"error {error}"))
        self.tab.on("console", lambda message: self.refused.append(message.text))

    def note(self, what: str) -> None:
        """Remember what should not have happened."""
        self.seen.append(what)

    def _request(self, route: Any) -> None:
        if route.request.url != self.tab.url and route.request.url != self.path:
            self.note(route.request.url)
            route.abort()
        else:
            route.continue_()

    def open(self, path: Path, text: str, *, wait: int = 100) -> None:
        """Load the page and touch everything in it that could be waiting for that."""
        path.write_text(text, encoding="utf-8")
        self.seen.clear()
        self.refused.clear()
        self.path = path.as_uri()
        self.tab.goto(self.path)
        self.tab.evaluate(
            """() => { for (const node of document.querySelectorAll("body *")) {
              node.scrollIntoView();
              for (const kind of ["mouseover", "focus", "toggle", "load", "error"])
                node.dispatchEvent(new Event(kind, {bubbles: true}));
              if (node.localName !== "a") node.click?.();
            } }"""
        )
        self.tab.wait_for_timeout(wait)


@pytest.fixture(scope="module")
def watched():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Watched(browser)
        browser.close()


def test_the_watch_sees_what_acts(watched, tmp_path):
    """Were the payloads let through, it would be known."""
    bad = (
        "<!doctype html><body><script>window.pwned=1;alert(1)</script>"
        '<img src="http://evil.invalid/x.png"><p onclick="window.clicked=1">x'
    )
    watched.open(tmp_path / "bad.html", bad)
    assert watched.tab.evaluate("[window.pwned, window.clicked]") == [1, 1]
    assert {"dialog", "http://evil.invalid/x.png"} <= set(watched.seen)


def test_nothing_runs_and_nothing_is_fetched(watched, tmp_path):
    watched.open(tmp_path / "all.html", feedback.page(everything()))
    assert watched.tab.evaluate("window.pwned") is None
    assert watched.seen == []
    assert watched.refused == [], "the policy had to refuse what should not be there"
    wrong = [
        node
        for node in watched.tab.evaluate(ELEMENTS)
        if node["tag"] not in PROSE | OURS | {"meta"} | FORMULAS
        or node["shadow"]
        or not set(node["names"])
        <= (set(mathml.ATTRIBUTES) if node["tag"] in FORMULAS else ATTRIBUTES)
        or (node["href"] is not None and not LINKS.fullmatch(node["href"]))
        or (node["src"] is not None and not PICTURES.fullmatch(node["src"]))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["script", "img onerror", "style", "svg onload"])
def test_the_policy_is_a_wall_of_its_own(name, watched, tmp_path):
    """With the payload in the page as markup, still nothing acts."""
    text = feedback.page(verdict(cell("markdown", "here")))
    watched.open(tmp_path / "through.html", text.replace("here", PAYLOADS[name]))
    assert watched.tab.evaluate("window.pwned") is None
    assert [url for url in watched.seen if "evil" in url] == []
    assert watched.refused, "the policy said nothing: was the payload there?"


def test_the_page_can_be_read(watched, tmp_path):
    path = tmp_path / "page.html"
    watched.open(path, feedback.page(ordinary()))
    size = watched.tab.evaluate(
        "[document.documentElement.scrollWidth, innerWidth,"
        " document.querySelector('figure img').naturalWidth]"
    )
    assert size[0] <= size[1], "it must not scroll sideways"
    assert size[2] == 2, "the picture is drawn"
    family = "getComputedStyle(document.querySelector('pre.code')).fontFamily"
    assert "monospace" in watched.tab.evaluate(family), "our style is applied"
    watched.tab.click("a:text('swim')")
    assert watched.tab.evaluate("location.hash") == "#cell-3"
    assert watched.seen == [] and watched.refused == []
    shot = watched.tab.screenshot(path=tmp_path / "page.png")
    assert len(shot) > 10_000 and base64.b64encode(shot[:4]) == b"iVBORw=="


def ordinary() -> Verdict:
    """Feedback on an honest try."""
    grader = {"nbgrader": {"grade_id": "check-swim", "grade": True}}
    frame = {"text/html": "<table></table>", "text/plain": "   a  b\n0  1  2"}
    code = "def swim(n):\n    return n - 4"
    return verdict(
        cell("markdown", "# Swimming\n\nWith $a_1 + b$ and *care*:\n\n$$E = mc^2$$"),
        cell("code", code, [shown(frame), stream("x" * 400)]),
        cell("code", "assert swim(1) == 3", metadata=grader),
        cell("code", "plot()", [shown({"image/png": png(), "text/plain": "A dot."})]),
        marks=[
            Mark("swim", 0, 3, message="expected 3, got -3", hint="Which sign?"),
            Mark("add", 2, 2),
        ],
        about={"title": "Swimming"},
    )


@pytest.mark.slow
def test_each_hostile_page_keeps_its_frame(watched, tmp_path):
    """No payload closes what it stands in: the points stay on top, and all is below."""
    for name, payload in PAYLOADS.items():
        watched.open(tmp_path / "one.html", feedback.page(hostile(payload)), wait=10)
        children = "Array.from(document.body.children, node => node.localName)"
        frame = ["header", "section", "section", "section", "main"]
        assert watched.tab.evaluate(children) == frame, name
        assert watched.seen == [] and watched.refused == [], name
