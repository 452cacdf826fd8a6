"""Notebooks to results: what is run, where, and what came of it."""
