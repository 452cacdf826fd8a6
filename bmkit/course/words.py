"""What the kit says to learners and teachers, in both languages: `words.toml`."""

from pathlib import Path

from bmkit.language import Catalogue

say = Catalogue(Path(__file__).with_suffix(".toml"))
