"""What lessons and their data say to learners, in both languages: `words.toml`."""

from pathlib import Path

from bmkit.language import Catalogue

say = Catalogue(Path(__file__).with_suffix(".toml"))
