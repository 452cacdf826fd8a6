"""Everything that is said is said in both languages, with the same values in it."""

from __future__ import annotations

import ast
import re
from string import Formatter

import pytest

from bmkit import language
from bmkit.course import words as course
from bmkit.course.kernels import words as kernels
from bmkit.lab import words as lab
from tests import ROOT

CATALOGUES = {"lab": lab.say, "course": course.say, "kernels": kernels.say}


def places(sentence: str) -> set[str | None]:
    """The names of the values that stand in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("wing", CATALOGUES)
def test_every_sentence_is_there_twice_with_the_same_places(wing):
    wrong = []
    for key, both in CATALOGUES[wing].sentences.items():
        whole = set(both) == set(language.LANGS) and all(map(str.strip, both.values()))
        english, chinese = (places(both.get(lang, "")) for lang in language.LANGS)
        # A place without a name would depend on the order, which languages change.
        if not whole or english != chinese or "" in english:
            wrong.append(key)
    assert wrong == []


def asked() -> tuple[set[str], tuple[str, ...]]:
    """The keys that the code has, and the sections that it takes names from data to."""
    whole: set[str] = set()
    sections: set[str] = set()
    for path in (ROOT / "bmkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr):
                first = node.values[0]
                if isinstance(first, ast.Constant) and str(first.value).endswith("."):
                    sections.add(str(first.value))
    for path in (ROOT / "bmkit").rglob("*.html"):
        whole |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', path.read_text("utf-8")))
    return whole, tuple(sections)


def test_no_sentence_is_left_over():
    whole, sections = asked()
    keys = [key for one in CATALOGUES.values() for key in one.sentences]
    assert [k for k in keys if k not in whole and not k.startswith(sections)] == []
    assert len(keys) == len(set(keys)), "one key, one wing"


@pytest.mark.parametrize(
    "variables, lang",
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_locale_chooses(monkeypatch, variables, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language.of_locale() == lang


def test_a_language_is_spoken_for_a_while():
    language.speak("en")
    with language.speaking("zh"):
        assert lab.say("check.none") == "无"
        assert lab.say("check.none", lang="en") == "none"
    assert lab.say("check.none") == "none"
    with pytest.raises(ValueError, match="choose one of en, zh"):
        language.speak("fr")
