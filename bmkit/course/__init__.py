"""The kit: builds, runs and grades the lessons. Lessons themselves never import it."""

import sys

# nbformat's optional checker compiles a grammar for a second when it is imported.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
