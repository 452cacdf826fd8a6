"""A term that comes too early, or is not introduced, is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bmkit.course.build import facts
from bmkit.course.source.catalog import Course
from bmkit.course.source.cells import SourceError
from bmkit.course.source.glossary import glossary

OWN = """
known = ["harp"]

[terms]
"flute" = ["长笛"]
"fluting" = ["吹长笛"]
"harp" = ["竖琴"]
"oboe" = ["双簧管"]

[forms]
"fluting" = "flute"

[lessons]
second = ["oboe"]
"""
FLUTE = ("Play the **flute**.", "吹**长笛**。")
OBOE = ("Play the **oboe**.", "吹**双簧管**。")


class Band:
    """A course of three lessons, of which each is prose alone."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "solutions" / "01-band"
        self.folder.mkdir(parents=True)
        (root / "solutions" / "glossary.toml").write_text(OWN, encoding="utf-8")
        self.course = Course(root)
        self.write("first", FLUTE, introduces="flute")
        self.write("second", OBOE, introduces="oboe")

    def write(
        self, slug: str, *cells: tuple[str, str], needs="", introduces=""
    ) -> None:
        """A lesson; its first cell's text begins in line 13."""
        rows = [
            *("---", f"slug: {slug}", f"title: {{en: {slug}, zh: 课}}", 'section: "1"'),
            *(f"needs: [{needs}]", f"introduces: [{introduces}]", "data: []"),
            *("extras: []", "says: {en: Play., zh: 演奏。}", "---"),
        ]
        text = "\n".join(f"# {row}" for row in rows) + "\n\n"
        for english, chinese in cells:
            for head, said in (("", english), (' lang="zh" of=""', chinese)):
                body = "\n".join(f"# {row}".rstrip() for row in said.split("\n"))
                text += f"# %% [markdown]{head}\n{body}\n\n"
        number = {"first": 1, "second": 2, "third": 3}[slug]
        path = self.folder / f"0{number}-{slug}.py"
        path.write_text(text, encoding="utf-8")

    def told(self, *cells: tuple[str, str], **header: str) -> list[tuple[int, str]]:
        """What is told of the third lesson, and in which line."""
        self.write("third", *cells, **header)
        found = facts.early(self.course.lessons())
        return [(one.line, one.message) for one in found if "third" in one.path.name]


@pytest.fixture
def band(tmp_path: Path) -> Band:
    return Band(tmp_path)


def test_a_term_is_used_after_a_lesson_that_is_needed_introduces_it(band):
    ((line, message),) = band.told(("Play\nthe oboe.", "吹双簧管。"))
    assert line == 14 and message.startswith("uses 'oboe'")
    assert message.endswith("(second does)")
    assert band.told(("Play the oboe.", "吹双簧管。"), needs="second") == []


def test_what_a_needed_lesson_needs_counts_too_and_so_does_the_first_of_all(band):
    assert band.told(("Play the flute, by fluting.", "吹长笛。")) == []
    band.write("first", ("Nothing.", "无。"))
    band.write("second", FLUTE, needs="first", introduces="flute")
    assert band.told(("Play the flute.", "吹长笛。"), needs="second") == []
    assert len(band.told(("Play the flute.", "吹长笛。"))) == 1


def test_what_is_known_or_is_a_title_or_a_links_words_needs_no_introduction(band):
    assert band.told(("The harp.", "竖琴。")) == []
    assert band.told(("A. Ny, *Of the\nOboe*", "无")) == []
    assert band.told(("[The oboe](lesson:second)", "[双簧管](lesson:second)")) == []
    assert band.told(("[This one](lesson:oboe)", "[这一课](lesson:oboe)")) == []
    assert band.told(("`oboe` and $oboe$", "无")) == []
    assert len(band.told(("The **harp** and *oboe* with an oboe", "无"))) == 1


def test_an_introduction_is_in_bold_in_both_languages_and_not_too_late(band):
    new = {"introduces": "oboe"}
    assert band.told(("The oboe.\n\nThis **oboe**", "**双簧管**"), **new) == []
    ((line, message),) = band.told(("The oboe.", "双簧管。"), **new)
    assert line == 1 and message == "introduces 'oboe', which stands nowhere in bold"
    ((line, message),) = band.told(("The\n**oboe**", "双簧管，**长笛**"), **new)
    assert line == 14 and message.endswith("in Chinese not in bold: **双簧管**")
    late = ("An oboe.", "双簧管。"), ("It is an **oboe**", "**双簧管**")
    ((line, message),) = band.told(*late, **new)
    assert line == 13 and "before it introduces it (line 19)" in message


def test_a_term_is_not_introduced_twice_along_the_way(band):
    new = {"introduces": "oboe"}
    assert band.told(OBOE, **new) == [], "who has not done the second needs it"
    ((_, message),) = band.told(OBOE, needs="second", **new)
    assert message == "introduces 'oboe', as second, which it needs, does"
    own = band.folder.parent / "glossary.toml"
    own.write_text(OWN.replace("second =", "third ="), encoding="utf-8")
    assert band.told(OBOE, needs="second", **new) == [], "it is at home here"
    ((_, message),) = band.told(("An oboe.", "双簧管。"), needs="second")
    assert message.endswith("which is at home here: introduce it")


def test_a_lesson_introduces_what_is_at_home_in_it(band, tmp_path):
    own = tmp_path / "solutions" / "glossary.toml"
    own.write_text(OWN.replace("second =", "third ="), encoding="utf-8")
    assert band.told(("Nothing.", "无。")) == [
        (1, "never says 'oboe', which is at home here")
    ]
    ((line, message),) = band.told(("An oboe.", "双簧管。"))
    assert line == 13 and message.endswith("which is at home here: introduce it")
    assert band.told(OBOE, introduces="oboe") == []
    own.write_text(OWN.replace('second = ["oboe"]', ""), encoding="utf-8")
    ((_, message),) = band.told(("An oboe.", "双簧管。"))
    assert message == "uses 'oboe', which is neither known nor at home anywhere"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('["harp"]', '["lyre"]', "'lyre' has no translation"),
        ('second = ["oboe"]', 'second = ["oboes"]', "'oboes' has no translation"),
        ("second =", 'first = ["oboe"]\nsecond =', "at home in first and in second"),
        ('["harp"]', '"harp"', "list expected"),
    ],
)
def test_a_glossary_that_makes_no_sense_is_refused(tmp_path, old, new, says):
    (tmp_path / "glossary.toml").write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(SourceError, match=says):
        glossary(tmp_path)


def test_every_term_of_ours_is_known_or_at_home_somewhere():
    ours = glossary()
    for term in ours.terms:
        base = ours.base(term)
        assert (base in ours.known) != (base in ours.homes), term


def test_one_chinese_word_is_one_concept():
    """The word to use for a term is no other term's, forms of it aside."""
    ours = glossary()
    first: dict[str, str] = {}
    for term, chinese in ours.terms.items():
        base = first.setdefault(chinese[0], ours.base(term))
        assert base == ours.base(term), f"{chinese[0]}: {term} and {base}"
