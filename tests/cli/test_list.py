"""`bmkit list`: a line a lesson, with what comes before it."""

from __future__ import annotations

import pytest

from bmkit.course.cli.main import main


@pytest.mark.parametrize(("lang", "says"), [("en", "(after "), ("zh", "（先修：")])
def test_what_a_lesson_needs_is_listed(course, capsys, lang, says):
    assert main(["list", "--lang", lang, "--course", str(course)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("adding") and says not in first
    assert second.startswith("plotting") and f"{says}adding" in second
