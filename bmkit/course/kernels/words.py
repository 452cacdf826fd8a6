"""What kernels and the sandbox say, in both languages: `words.toml`."""

from pathlib import Path

from bmkit.language import Catalogue

say = Catalogue(Path(__file__).with_suffix(".toml"))
