"""The language in which the kit speaks to whoever runs a notebook."""

LANGUAGES = ("en", "zh")
_current = "en"


def speak(lang: str) -> None:
    """Choose the language of every later message: ``"en"`` or ``"zh"``."""
    global _current
    if lang not in LANGUAGES:
        raise ValueError(f"lang is {lang!r}; choose one of {', '.join(LANGUAGES)}")
    _current = lang


def language() -> str:
    """The language chosen last."""
    return _current


def say(en: str, zh: str) -> str:
    """Return the sentence in the language chosen last."""
    return zh if _current == "zh" else en
