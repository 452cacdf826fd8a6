"""The glossary's terms are asked of translations, and of nothing else."""

from __future__ import annotations

import pytest

from bmkit.course.cli.main import main
from bmkit.course.source import glossary
from bmkit.course.source.phrase_list import CHINESE


def test_every_term_is_in_small_letters_and_has_a_translation():
    for term, chinese in glossary.terms().items():
        assert term == term.lower().strip()
        assert chinese and all(word == word.strip() for word in chinese)
        # The first is the one to use: Chinese, unless nobody says it in Chinese.
        assert CHINESE.search(chinese[0]) or chinese[0].lower() == term


@pytest.mark.parametrize(
    ("english", "terms"),
    [
        ("The gradient of the loss function", ["loss function", "gradient"]),
        ("Gradient\ndescent, by gradients.", ["gradient descent", "gradient"]),
        ("A transgradient and pre-gradient", []),
        ("`gradient`, $gradient$ and $$gradient \\label{gradient}$$", []),
        ("by (\\ref{gradient}), see [here](gradient.html)", []),
        ("```\ngradient\n```", []),
    ],
)
def test_terms_are_met_in_prose_alone_and_the_longest_first(english, terms):
    assert sorted(glossary.used(english)) == sorted(terms)


@pytest.mark.parametrize(
    ("english", "chinese", "lacks"),
    [
        ("the gradient", "梯度", 0),
        ("the gradient", "斜率", 1),
        ("the gradient", "gradient 是斜率", 1),
        ("gradient descent", "梯度\n下降", 0),
        ("gradient descent", "梯度", 1),
        ("the gradient and the tensor", "无", 2),
        # The title of a book stays as it is.
        ("*Gradient Methods*, 1999", "*Gradient Methods*，1999", 0),
    ],
)
def test_a_translation_has_the_term_in_chinese(english, chinese, lacks):
    assert len(glossary.missing(english, chinese)) == lacks


def test_a_course_adds_terms_of_its_own(course, adding, capsys):
    """They are asked for, may be introduced, and change what was kept."""
    verb = ["build", "--check", "--course", str(course)]
    main(verb)
    assert "zebra" not in capsys.readouterr().err
    own = course / "solutions" / "glossary.toml"
    own.write_text('[terms]\n"Zebra stripe" = ["斑马纹"]\n', encoding="utf-8")
    text = adding.read_text(encoding="utf-8")
    text = text.replace("It is symmetric:", "It is symmetric as a **zebra stripe**:")
    text = text.replace("# extras: []", "# extras: []\n# introduces: [zebra stripe]")
    adding.write_text(text, encoding="utf-8")
    assert main(verb) == 1
    said = capsys.readouterr().err
    assert "the translation lacks 'zebra stripe': in Chinese 斑马纹" in said
    assert "which the glossary does not have" not in said
    adding.write_text(
        text.replace("它是对称的", "它像**斑马纹**一样对称"), encoding="utf-8"
    )
    main(verb)
    assert "zebra" not in capsys.readouterr().err
    for wrong in ("[terms", "", "terms = 3", '[terms]\n"x" = "y"'):
        own.write_text(wrong, encoding="utf-8")
        assert main(verb) == 1
        assert f"{own}:1: no glossary" in capsys.readouterr().err


def test_a_programs_own_names_are_no_terms():
    code = 'def step(momentum):\n    """momentum: of the gradient."""'
    english, chinese = "momentum: of the gradient.", "momentum：梯度的。"
    assert glossary.missing(english, chinese)
    assert not glossary.missing(glossary.names(code).sub(" ", english), chinese)
