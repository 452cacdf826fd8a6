"""The report in Chromium: its list is searched as one types, its pictures enlarge."""

from __future__ import annotations

import shutil
import time

import pytest

from bmkit.course.report import run_report
from bmkit.course.report.registry import Entry
from bmkit.course.run.execution import Settings
from tests.cli.test_browser import FLAGS
from tests.report.test_run_report import LESSONS, large  # noqa: F401 (a fixture)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]


def test_rows_without_the_words_are_hidden(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    said = {"An LSTM remembers": "LSTM 记得住", "A convolution sees": "卷积看得见"}
    claims = [
        Entry("x", {}, "a.py", n, {"en": en, "zh": zh}, "", "")
        for n, (en, zh) in enumerate(said.items())
    ]
    page = run_report.write(tmp_path, [], Settings(store=tmp_path), 1.0, claims)
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        tab.goto(page.as_uri())
        rows = tab.locator("#claims li")
        for words, visible in (
            ("", [True, True]),
            ("lstm", [True, False]),
            ("看得", [False, True]),
            ("sees convolution", [False, True]),
            ("a.py nothing", [False, False]),
        ):
            tab.fill("#claims input", words)
            assert [rows.nth(n).is_visible() for n in range(2)] == visible, words
        browser.close()


def test_a_long_report_opens_and_is_used_by_the_keyboard(large, capsys):  # noqa: F811
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        began = time.monotonic()
        tab.goto(large.as_uri())
        took = time.monotonic() - began
        with capsys.disabled():
            print(f"\n{LESSONS} lessons opened in {took:.2f} s ", end="")
        # Of what is not looked at nothing is loaded, and nothing from elsewhere at all.
        assert len(asked) < 60 and all(url.startswith("file:") for url in asked)
        tab.locator("nav a").nth(2).press("Enter")
        assert tab.url.endswith("#lesson-0")
        button = tab.locator("#lesson-0 .figures button").first
        button.press("Enter")
        large_one = tab.locator("dialog img")
        assert large_one.is_visible() and large_one.get_attribute("alt") == "Noise 0"
        first = large_one.get_attribute("src")
        tab.keyboard.press("ArrowRight")
        assert large_one.get_attribute("src") != first
        tab.keyboard.press("ArrowLeft")
        assert large_one.get_attribute("src") == first
        assert large_one.evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        tab.keyboard.press("Escape")
        assert not large_one.is_visible()
        tab.locator("#lesson-0 header a").first.click()
        assert tab.url.endswith("notebooks/lesson-0.html")
        assert tab.locator("figure img").count() == 6
        browser.close()
