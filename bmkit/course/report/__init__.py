"""Results to pages that a person reads."""
