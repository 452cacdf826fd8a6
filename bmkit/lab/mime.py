"""The kit's own kinds of notebook output: lessons show them, the runner reads them."""

CLAIM = "application/vnd.bmkit.claim+json"
GRADER = "application/vnd.bmkit.grader+json"
MUTANTS = "application/vnd.bmkit.mutants+json"
EQUATIONS = "application/vnd.bmkit.equations+json"
