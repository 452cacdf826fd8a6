"""The kit's own HTML pages: every value in them is text, and one style sheet is let in.

Values are escaped, signs that print nothing or turn the reading direction are shown as
such. ``{{ style | sha256 }}`` is how a page's content security policy names its style.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bmkit.course.report.sanitize import seen

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

CODE = re.compile(r"`([^`\n]+)`")
TEMPLATES = Path(__file__).parent / "templates"


@cache
def template(name: str) -> Template:
    """The template ``name`` of `TEMPLATES`."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        # Markup is a str too, but made here: it stays as it is.
        finalize=lambda value: seen(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sha256"] = _sha256
    environment.filters["said"] = _said
    return environment.get_template(name)


def _said(text: str) -> Markup:
    """A message as text, with code where it has backticks."""
    from markupsafe import Markup

    return Markup(CODE.sub(r"<code>\1</code>", html.escape(seen(text))))


def _sha256(style: object) -> str:
    return base64.b64encode(hashlib.sha256(str(style).encode()).digest()).decode()
