"""Bodies of requests: JSON, objects, closed."""

from __future__ import annotations

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import JSON, Reading, kinds

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
ACCEPTED = {"patch": (JSON, MERGE_PATCH, JSON_PATCH)}


@rule(
    "body-json",
    "Bodies are JSON",
    why="Every client and every tool writes it; another format needs a reason that a reader cannot see.",
    source="API.md, shape; Zalando 167",
)
def body_json(reading: Reading) -> Found:
    for one in reading.operations:
        for kind in one.body.get("content", {}):
            if kind not in ACCEPTED.get(one.method, (JSON,)):
                yield f"{one.pointer}/requestBody", f"Take {JSON} instead of {kind}."


@rule(
    "body-patch-type",
    "PATCH takes a merge patch by its media type",
    why="The media type says what a null and a missing name mean.",
    source="API.md, create; RFC 7396; RFC 5789",
)
def body_patch_type(reading: Reading) -> Found:
    for one in reading.operations:
        if one.method == "patch" and MERGE_PATCH not in one.body.get("content", {}):
            yield one.pointer, f"Take {MERGE_PATCH}."


@rule(
    "body-required",
    "Where there is a body it is required",
    why="A body that may be left out is two operations.",
    source="API.md, create",
)
def body_required(reading: Reading) -> Found:
    for one in reading.operations:
        if one.body and one.body.get("required") is not True:
            yield f"{one.pointer}/requestBody", "Say required: true, or take no body."


@rule(
    "body-object",
    "A body is an object",
    why="An object can be given another member later; a list or a text cannot.",
    source="API.md, shape; Zalando 110",
)
def body_object(reading: Reading) -> Found:
    for one in reading.operations:
        for kind, media in one.body.get("content", {}).items():
            schema = reading.resolved(media.get("schema", {}))
            if kind != JSON_PATCH and kinds(schema) != ("object",):
                yield f"{one.pointer}/requestBody", "Put it into a member of an object."


@rule(
    "body-closed",
    "An object of a body takes no names but its own",
    why="A misspelt name would be ignored in silence: it is refused with 422.",
    source="API.md, create",
)
def body_closed(reading: Reading) -> Found:
    for one in reading.operations:
        for kind, media in one.body.get("content", {}).items():
            schema = reading.resolved(media.get("schema", {}))
            is_open = schema.get("additionalProperties", True) is True
            if kind != JSON_PATCH and schema.get("properties") and is_open:
                text = "Let the schema say additionalProperties: false."
                yield f"{one.pointer}/requestBody", text


@rule(
    "body-read-only",
    "Nothing in a body is read only",
    why="What the server alone sets is refused in a body; the schema of a body leaves it out.",
    source="API.md, create; AIP-203",
)
def body_read_only(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties_of(reading.in_bodies - reading.in_answers):
        if schema.get("readOnly"):
            yield pointer, f"Leave {name!r} out of the schemas of bodies."
