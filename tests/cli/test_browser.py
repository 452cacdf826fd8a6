"""A learner's JupyterLab, in a real browser: pictures, sliders, checks, no network."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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


@contextlib.contextmanager
def serving(root: Path, *words: str):
    """`bmkit lab` with these words; yields its address and what it has printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bmkit", "lab", *words]
    command += ["--no-browser", "--allow-root", "--ip", "127.0.0.1"]
    command += ["--port", str(port), "--IdentityProvider.token="]
    env = {**os.environ, "BMKIT_PROGRESS": str(root / "progress.json")}
    env["JUPYTERLAB_WORKSPACES_DIR"] = str(root / f"tabs-{port}")
    with (
        (root / "said.txt").open("wb") as said,
        subprocess.Popen(command, env=env, stdout=said, stderr=said) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=1)
                    break
                except OSError:
                    time.sleep(0.5)
            yield address, root / "said.txt"
        finally:
            process.terminate()
    assert process.returncode == 0
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{address}/api", timeout=1)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("browser") / "course"
    shutil.copytree(ROOT / "tests" / "course", root)
    folder.write(Course(root))
    return root


@pytest.fixture(scope="module")
def server(course):
    """JupyterLab on the built tiny course; yields its address and folder."""
    with serving(course, str(course / "lessons")) as (address, _):
        yield address, course


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
    assert page.locator(".jp-OutputArea img").get_attribute("alt") == (
        "Now: slope = 1.9. At first: A straight line through zero."
    )
    assert page.elsewhere == []


def test_sliders_have_names_and_fit_a_narrow_page(server, page):
    address, _ = server
    page.set_viewport_size({"width": 600, "height": 900})
    try:
        run_all(page, address, "en/02-second/01-plotting.ipynb")
        slider = page.get_by_role("slider", name="slope", exact=True)
        slider.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        box = page.locator(".jp-OutputArea .widget-box")
        inside = "e => [...e.children].every(c => c.getBoundingClientRect().right <= "
        inside += "e.parentElement.getBoundingClientRect().right + 1)"
        assert box.first.evaluate(inside)
        assert page.locator(".widget-label").first.inner_text() == "slope"
    finally:
        page.set_viewport_size({"width": 1200, "height": 1400})


def test_run_all_goes_past_a_stub_and_ends_with_what_is_open(server, page):
    address, _ = server
    run_all(page, address, "en/01-first/01-adding.ipynb")
    said = page.locator(".jp-OutputArea").filter(has_text="○ add is not written yet")
    said.first.wait_for(timeout=60_000)
    table = page.locator(".jp-OutputArea table").filter(has_text="○ open")
    table.wait_for(timeout=20_000)
    assert page.locator(".jp-OutputArea").filter(has_text="Traceback").count() == 0


@pytest.mark.parametrize(
    ("lang", "title", "start"),
    [("en", "Adding", "start.md"), ("zh", "加法", "开始.md")],
)
def test_a_click_on_the_start_page_opens_the_lesson(course, page, lang, title, start):
    words = ["--course", str(course), "--lang", lang]
    with serving(course, *words) as (address, said):
        kernels = json.load(urllib.request.urlopen(f"{address}/api/kernelspecs"))
        assert list(kernels["kernelspecs"]) == ["python3"]
        page.goto(address)  # as the browser that `bmkit lab` opens
        shown = page.locator(".jp-MarkdownViewer")
        shown.get_by_role("link", name=title, exact=True).first.click(timeout=60_000)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.get_by_text("(ipykernel) | ").first.wait_for(timeout=60_000)
        assert page.get_by_role("dialog").count() == 0  # no question which kernel
        for teachers in ("Nbgrader", "Create Assignment"):
            assert page.get_by_text(teachers, exact=True).count() == 0
        assert (course / "my-lessons" / lang / start).is_file()
        first, second = said.read_text(encoding="utf-8").splitlines()
        assert address.partition("://")[2] in first and "Ctrl-C" in second
