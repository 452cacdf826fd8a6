"""Lessons that are wrong on purpose: a run finds out a claim that says nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bmkit.course.report import registry, run_report
from bmkit.course.run import execution, runner
from bmkit.course.source.catalog import Course

pytestmark = pytest.mark.integration


class Silent:
    def finished(self, result) -> None:
        pass


def ran(course, adding, tmp_path, old: str = "", new: str = ""):
    """The first lesson's result, its row in JUnit's form, and the page."""
    text = adding.read_text(encoding="utf-8")
    assert old in text
    adding.write_text(text.replace(old, new, 1), encoding="utf-8")
    settings = execution.Settings(device="cpu", store=Course(course).results)
    lessons = Course(course).pick(["adding"])
    (result,), _ = runner.run(lessons, settings, Silent())
    claims = registry.entries(Course(course))
    page = run_report.write(tmp_path, [result], settings, 1.0, claims)
    junit = ElementTree.parse(tmp_path / "junit.xml").getroot()
    rows = [case for case in junit if case.get("classname").endswith(".claims")]
    return result, rows[-1] if rows else None, page.read_text(encoding="utf-8")


def test_a_right_claim_shows_both_rows_of_numbers(course, adding, tmp_path):
    result, row, page = ran(course, adding, tmp_path)
    assert result.status == "passed", result.message
    assert result.claims[-1]["control"] == {"total": 40}
    assert row.find("failure") is None
    assert '"control": {"total": 40}' in row.find("system-out").text
    assert "compared with twenty and twenty: total = 40" in page
    (of_all,) = page.split('<section id="claims">')[1:]
    assert "total = 42" in of_all and "twenty and twenty: total = 40" in of_all


@pytest.mark.parametrize("empty", ["total > 30", "True"])
def test_a_claim_whose_control_passes_as_well_fails(course, adding, tmp_path, empty):
    result, row, page = ran(
        course, adding, tmp_path, "lambda total: total == 42", f"lambda total: {empty}"
    )
    words = "the control passes as well: twenty and twenty: total = 40"
    assert result.status == "false claim"
    assert result.message == f"Twenty and twenty-two is forty-two: {words}"
    assert row.find("failure").get("message") == words
    assert words in page


def test_a_claim_that_the_run_refutes_fails(course, adding, tmp_path):
    result, row, _ = ran(course, adding, tmp_path, "total == 42", "total == 43")
    assert result.status == "false claim"
    assert row.find("failure").get("message") == "this run refutes it"


def test_a_predicate_that_fails_is_told_in_one_line(course, adding, tmp_path):
    result, _, _ = ran(course, adding, tmp_path, "total == 42", "total == none")
    assert result.status == "failed"
    assert "its predicate fails on total = 42: NameError" in result.message
    assert len(result.traceback.splitlines()) == 1
