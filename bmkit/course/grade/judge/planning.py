"""Which cells of a submission to run: asked of the learner's process, before any runs.

Reading a stranger's code takes time and memory, without bound where it is made for
that. So it is read where both are limited, in the process that will run it.
"""

from __future__ import annotations

from functools import lru_cache

from bmkit.course.build import nbgrader_cells
from bmkit.course.grade.assembly import EARLIER
from bmkit.course.grade.judge.cell_names import Names, names
from bmkit.course.grade.judge.job import Job
from bmkit.course.grade.judge.slicing import Plan, plan
from bmkit.course.json_values import JsonObject, as_dict, as_list, as_text

MOST = 100_000  # characters of code that are read; of more, every cell runs
SECONDS = 5.0  # of reading; after these, too


def question(job: Job, cells: list[JsonObject]) -> JsonObject | None:
    """What the learner's process is asked; None where every cell must run.

    Args:
        job: the submission.
        cells: its notebook's.
    """
    own, asked = set(job.own), {check.exercise: check.names for check in job.checks}
    sources: list[str | JsonObject] = []
    wanted: list[int] = []
    places: list[int] = []
    for position, cell in enumerate(cells):
        if cell["cell_type"] != "code" or not cell["source"].strip():
            continue
        source, check = cell["source"], asked.get(exercise_of(cell))
        if check is not None:  # what a check uses must be as it will find it
            source = "\n".join(check)
        if check or source.strip() not in own or "bm.start(" in source:
            wanted.append(len(sources))
        else:  # the lesson's own: it is known already what that does
            source = _own(source)
        sources.append(source)
        places.append(position)
    theirs = sum(len(source) for source in sources if isinstance(source, str))
    if job.whole or theirs > MOST:
        return None
    return {"plan": sources, "wanted": wanted, "places": places}


@lru_cache(maxsize=4096)
def _own(source: str) -> JsonObject:
    return names(source).plainly()


def made(message: JsonObject) -> JsonObject:
    """In the learner's process: the answer to `question`."""
    wanted = set(message["wanted"])
    cells = [
        source if isinstance(source, str) else Names.rebuilt(source)
        for source in message["plan"]
    ]
    found = plan(cells, wanted, own=set(range(len(cells))) - wanted)
    run = [message["places"][number] for number in sorted(found.run)]
    return {"run": run, "sure": found.sure}


def taken(answer: object, cells: list[JsonObject]) -> Plan:
    """The plan that was answered; every cell where none was, or no good one."""
    told = as_dict(answer)
    every = {n for n, cell in enumerate(cells) if cell["cell_type"] == "code"}
    if not told:
        return Plan(every, sure=True)
    run = {number for number in as_list(told.get("run")) if isinstance(number, int)}
    return Plan(every & run, sure=told.get("sure") is True)


def exercise_of(cell: JsonObject) -> str:
    """The exercise whose check this cell is, where it gives points or before that."""
    if nbgrader_cells.is_graded(cell):
        return nbgrader_cells.exercise_of_check(cell)
    return as_text(as_dict(cell["metadata"].get("bmkit")).get(EARLIER))
