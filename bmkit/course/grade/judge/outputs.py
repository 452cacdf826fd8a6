"""What a stranger's process says and shows: kept only where it is what it should be."""

from __future__ import annotations

from typing import Any

from bmkit.course.json_values import JsonObject, as_dict, as_list


def error_output(kind: str, says: str) -> JsonObject:
    """What a cell shows that raised ``kind``, in nbformat's form."""
    return {
        "output_type": "error",
        "ename": kind,
        "evalue": says,
        "traceback": [f"✗ {says}"],
    }


def kept_outputs(answer: object) -> list[JsonObject]:
    """What may be kept of a stranger's outputs: of known kinds, whole or not at all."""
    kept = []
    for output in as_list(as_dict(answer).get("outputs")):
        fields = (
            _FIELDS.get(str(output.get("output_type"))) if _is(output, dict) else None
        )
        if fields and all(_is(output.get(name), kind) for name, kind in fields.items()):
            one = {"output_type": output["output_type"]}
            one |= {name: output[name] for name in fields}
            if one["output_type"] == "execute_result":
                one["execution_count"] = None
            kept.append(one)
    return kept


def _is(value: Any, kind: type[Any]) -> bool:
    """Whether JSON brought a ``kind``, with inner kinds that nbformat allows."""
    if not isinstance(value, kind):
        return False
    if kind is list:
        return all(isinstance(line, str) for line in value)
    return kind is not dict or all(isinstance(key, str) for key in value)


_FIELDS: dict[str, dict[str, type]] = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict, "metadata": dict},
    "execute_result": {"data": dict, "metadata": dict},
    "error": {"ename": str, "evalue": str, "traceback": list},
}
