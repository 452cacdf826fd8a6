"""Grading by two processes that share nothing: one runs the learner's code, one tests.

Read in this order: `brief` (all that judging takes), `judge` (one submission from
cells to verdict), `pair` (the two processes as the judge asks them), `learner` (the
process that runs a stranger's notebook), `examiner` (the clean process that runs the
tests), `peer` and `wire` (what may cross between the two), `needed` (which of the
lesson's own cells an answer depends on), `tripwire` (is the interpreter still honest?).
"""
