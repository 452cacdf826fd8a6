"""All claims of all lessons, their numbers, and those that sound alike."""

from __future__ import annotations

import json
import time

import pytest

from bmkit.course.cli.main import main
from bmkit.course.report import registry
from bmkit.course.report.alike import alike
from bmkit.course.report.registry import Entry
from bmkit.course.run import measured
from bmkit.course.run.result import Result
from bmkit.course.source.catalog import Course
from tests import ROOT

SENTENCE = "Twenty and twenty-two is forty-two"


def claim(text: str, number: float) -> dict:
    return {
        "text": text,
        "holds": True,
        "numbers": {"total": number, "row": [1, 0.123456]},
        "control": {"total": 40, "row": []},
        "against": "twenty and twenty",
        "certain": "",
        "why": "",
        "kind": "claim",
    }


def ran(
    course, number: float, profile="ci", lang="en", status="passed", text=SENTENCE
) -> None:
    """As if the tiny course's first lesson had run."""
    lesson = Course(course).lessons()[0]
    equation = {**claim("Equation “commutes” holds", 0), "kind": "equation"}
    claims = [claim(text, number), equation]
    result = Result("adding", "Adding", status, claims=claims)
    parameters = {"profile": profile, "device": "cpu", "seed": 0}
    measured.keep(Course(course).results, lesson, result, parameters, lang)


def entry(course, lang="en") -> Entry:
    (found,) = [x for x in registry.entries(Course(course), lang) if x.sentence["en"]]
    return found


def test_what_never_ran_is_there_and_not_measured(course, capsys):
    found = entry(course)
    assert (found.lesson, found.runs) == ("adding", [])
    assert found.sentence == {"en": SENTENCE, "zh": "二十加二十二等于四十二"}
    lines = (course / found.path).read_text(encoding="utf-8").splitlines()
    assert lines[found.line - 1] == "bm.claim("
    assert main(["claims", "--course", str(course)]) == 0
    told = capsys.readouterr().out
    assert f"{found.path}:{found.line}: {SENTENCE}" in told
    assert "not measured" in told and "1 claims, 1 of them not measured" in told


def test_each_profile_shows_its_last_run_with_both_rows_of_numbers(course, capsys):
    ran(course, 41)
    ran(course, 42)
    ran(course, 43, profile="workshop")
    ran(course, 99, status="died")  # some claims of such a run are missing
    main(["claims", "--course", str(course)])
    told = capsys.readouterr().out
    assert "✓ ci: total = 42, row = [1, 0.1235]" in told
    assert "compared with twenty and twenty: total = 40, row = []" in told
    assert "✓ workshop: total = 43" in told
    assert "41" not in told and "99" not in told and "changed" not in told


def test_a_run_of_before_the_lesson_changed_says_so(course, adding, capsys):
    ran(course, 42)
    text = adding.read_text(encoding="utf-8")
    adding.write_text(text + "\n# more\n", encoding="utf-8")
    main(["claims", "--course", str(course)])
    assert "ci (before the lesson changed): total = 42" in capsys.readouterr().out
    # The sentence is another: nobody has measured it.
    text = text.replace("is forty-two", "makes 42")
    adding.write_text(text, encoding="utf-8")
    assert entry(course).sentence["en"] == "Twenty and twenty-two makes 42"
    assert entry(course).runs == []


def test_a_run_in_the_other_language_stands_in(course):
    ran(course, 43, lang="zh", text="二十加二十二等于四十二")
    assert entry(course).runs[0].claim["numbers"]["total"] == 43
    ran(course, 42)
    assert entry(course).runs[0].claim["numbers"]["total"] == 42
    assert entry(course, "zh").runs[0].claim["numbers"]["total"] == 43
    adding = Course(course).lessons()[0].path
    adding.write_text(adding.read_text("utf-8") + "\n# more\n", encoding="utf-8")
    ran(course, 44)
    assert entry(course, "zh").runs[0].claim["numbers"]["total"] == 44


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["forty"], 1),
        (["TWENTY", "forty-two"], 1),
        (["四十二"], 1),
        (["adding"], 1),
        (["twenty", "thirty"], 0),
    ],
)
def test_it_is_searched_by_words_of_either_language(course, capsys, words, count):
    assert main(["claims", "--json", "--course", str(course), *words]) == 0
    assert len(json.loads(capsys.readouterr().out)) == count


def test_what_is_kept_in_another_form_counts_as_absent(course):
    ran(course, 42)
    (file,) = (Course(course).results / measured.FOLDER).glob("*.json")
    for broken in ("[]", "{", '{"slug": 1}', "null"):
        file.write_text(broken, encoding="utf-8")
        assert entry(course).runs == []


def made(lesson: str, text: str) -> Entry:
    return Entry(lesson, {}, "", 1, {"en": text, "zh": ""}, "", "")


def test_sentences_that_share_most_words_are_shown_together():
    said = [
        made("a", "An LSTM remembers the first of twenty symbols"),
        made("b", "No LSTM remembers the first symbol"),
        made("c", "A convolution needs fewer parameters"),
        made("c", "Convolutions need few parameters, and fewer steps"),
        made("d", "It works"),
        made("e", "It works"),
    ]
    pairs = [(x.lesson, y.lesson) for x, y in alike(said)]
    assert pairs == [("d", "e"), ("a", "b")]  # c says both by itself


def test_pairs_are_printed(course, capsys):
    assert main(["claims", "--alike", "--course", str(course)]) == 0
    assert "0 pairs of claims" in capsys.readouterr().out


def test_all_lessons_are_searched_in_less_than_a_second():  # of a processor
    registry.entries(Course(ROOT))  # what is kept of the sources is kept now
    began = time.process_time()
    assert len(registry.entries(Course(ROOT))) > 100
    assert time.process_time() - began < 1
