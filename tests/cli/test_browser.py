"""A learner's JupyterLab, in a real browser: pictures, sliders, checks, no network."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from bmkit.course.build import folder
from bmkit.course.source.catalog import Course
from tests import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab on the built tiny course; yields its address and folder."""
    root = tmp_path_factory.mktemp("browser") / "course"
    shutil.copytree(ROOT / "tests" / "course", root)
    folder.write(Course(root))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bmkit", "lab", str(root / "lessons")]
    command += ["--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--IdentityProvider.token="]
    env = {**os.environ, "BMKIT_PROGRESS": str(root / "progress.json")}
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield address, root
        process.terminate()


@pytest.fixture(scope="module")
def page(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        page.elsewhere = []
        page.on(
            "request",
            lambda request: (
                page.elsewhere.append(request.url)
                if not re.match(r"(https?://127\.0\.0\.1|data:|blob:)", request.url)
                else None
            ),
        )
        yield page
        browser.close()


def run_all(page, address: str, path: str) -> None:
    page.goto(f"{address}/lab/tree/{path}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_a_slider_redraws_the_picture_and_nothing_is_fetched(server, page):
    address, _ = server
    run_all(page, address, "en/02-second/01-plotting.ipynb")
    picture = page.locator(".jp-OutputArea img[alt='A straight line through zero.']")
    picture.wait_for(timeout=60_000)
    before = picture.get_attribute("src")
    page.locator(".widget-readout").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("1.9")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "before => document.querySelector('.jp-OutputArea img').src !== before",
        arg=before,
        timeout=20_000,
    )
    assert picture.count() == 1
    assert page.elsewhere == []


def test_a_check_fails_in_words_with_a_hint(server, page):
    address, _ = server
    run_all(page, address, "en/01-first/01-adding.ipynb")
    said = page.locator(".jp-OutputArea").filter(has_text="not written yet")
    said.first.wait_for(timeout=60_000)
    said.filter(has_text="Hint 1").first.wait_for(timeout=20_000)
    text = said.first.inner_text()
    assert text.count("not written yet") == 1 and "Traceback" not in text
