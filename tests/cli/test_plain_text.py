"""What cannot be printed is replaced: no command ends with a traceback for it."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from bmkit.course import plain_text
from tests import ROOT


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "gbk", "cp437"])
def test_right_and_wrong_stay_two_signs(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, newline=""))
    plain_text.allow()
    print("✓ right\n✗ wrong\n中文 “q” … \ud800", flush=True)
    right, wrong, other = raw.getvalue().decode(encoding).splitlines()
    assert right[0] != wrong[0] and right[1:] == " right" and wrong[1:] == " wrong"
    assert other.endswith("?")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "words", ["list --lang zh", "progress --lang zh", "run --colour"]
)
def test_a_verb_prints_where_characters_are_few(course, encoding, words):
    done = subprocess.run(
        [sys.executable, "-m", "bmkit", *words.split(), "--course", str(course)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        cwd=ROOT,
        capture_output=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == (2 if "--colour" in words else 0), said
    assert said and b"Traceback" not in said and b"UnicodeEncodeError" not in said
