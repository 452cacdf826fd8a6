"""Grading by two processes that share nothing: one runs the learner's code, one tests.

Read in this order: `job` (all that judging takes), `worker` (warm processes to judge
in), `judge` (one submission from cells to verdict), `processes` (the two processes as
the judge asks them), `learner` (the process that runs a stranger's notebook),
`recorder` (what it shows), `examiner` (the clean process that runs the tests), `rpc`,
`remote_object`, `graphs`, `serialization`, `exceptions` and `messages` (what may cross
between the two, and how), `outputs` (what the judge keeps of it), `slicing` and
`cell_names` (which of the lesson's own cells an answer depends on).
"""
