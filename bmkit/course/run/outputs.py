"""What a notebook that has run shows, and in which cell it stopped."""

from __future__ import annotations

from bmkit.course.json_values import JsonObject
from bmkit.course.run.result import Grader, Result
from bmkit.lab.mime import CLAIM, EQUATIONS, GRADER, MUTANTS


def read_outputs(book: JsonObject, result: Result) -> None:
    """Collect claims, graders' matrices and figures from a notebook's outputs."""
    for cell in book.get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if CLAIM in data:
                result.claims.append(data[CLAIM])
            if GRADER in data:
                grader: Grader = data[GRADER]
                grader["ok"] = all(row["ok"] for row in grader["rows"])
                result.graders.append(grader)
            if MUTANTS in data:
                result.mutants.append(data[MUTANTS])
            if EQUATIONS in data:
                result.equations.append(data[EQUATIONS])
            if "image/png" in data:
                alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                png = "".join(data["image/png"]).replace("\n", "")
                result.figures.append({"png": png, "alt": alt})


def running_cell(book: JsonObject) -> str:
    """The cell that began and got no reply (papermill may call it completed)."""
    for cell in book.get("cells", []):
        times = cell.get("metadata", {}).get("execution", {})
        if "iopub.execute_input" in times and "shell.execute_reply" not in times:
            return "".join(cell["source"])
    return ""
