"""The report's list of all claims is searched as one types, in either language."""

from __future__ import annotations

import shutil

import pytest

from bmkit.course.report import run_report
from bmkit.course.report.registry import Entry
from bmkit.course.run.execution import Settings
from tests.cli.test_browser import FLAGS

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
