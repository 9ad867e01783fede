"""Where examples go: on each schema, each parameter, each body and each answer that has a schema."""

from __future__ import annotations

import re
from typing import Any

from talatat.describing.examples.making import Absent, Maker

CURSOR = "AAECAwQFBgcICQoLDA0OD1swLFsiYSJdXQ"
PARAMETERS = {
    "cursor": CURSOR,
    "fields": "id",
    "If-Match": '"3-9f86d081884c7d659a"',
    "If-None-Match": '"3-9f86d081884c7d659a"',
    "Idempotency-Key": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
}


def exemplify(document: dict[str, Any]) -> None:
    """Give an example to everything in `document` that has none and for which there is one."""
    maker = Maker(document["components"]["schemas"])
    for name, schema in document["components"]["schemas"].items():
        if not schema.get("examples"):
            _place(schema, "examples", maker, {"$ref": f"#/components/schemas/{name}"})
    for item in document["paths"].values():
        for parameter in item.get("parameters", []):
            _of_parameter(parameter, maker, {})
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                _of_operation(operation, maker)


def _of_operation(operation: dict[str, Any], maker: Maker) -> None:
    known: dict[str, Any] = {}
    for parameter in operation.get("parameters", []):
        _of_parameter(parameter, maker, known)
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in part.get("content", {}).values():
            if "examples" not in media and "example" not in media and media.get("schema"):
                _place(media, "example", maker, media["schema"])


def _of_parameter(parameter: dict[str, Any], maker: Maker, known: dict[str, Any]) -> None:
    """`known` are the examples of the filters that came before, which lists of values take up."""
    if "example" in parameter or "examples" in parameter:
        return
    name = parameter["name"]
    if name in PARAMETERS:
        parameter["example"] = PARAMETERS[name]
        return
    bare, _, operator = name.rstrip("]").partition("[")
    schema = parameter["schema"]
    if operator in ("in", "nin") and bare in known:
        several = str(known[bare])
        if re.search(schema.get("pattern", ""), several):
            parameter["example"] = several
            return
    if name == "sort":  # says more than the default does
        schema = {key: value for key, value in schema.items() if key != "default"}
    _place(parameter, "example", maker, schema, bare.rpartition(".")[2])
    if not operator and "example" in parameter:
        known[bare] = parameter["example"]


def _place(
    part: dict[str, Any], key: str, maker: Maker, schema: dict[str, Any], name: str = ""
) -> None:
    try:
        found = maker.of(schema, name)
    except Absent:
        return
    part[key] = [found] if key == "examples" else found
