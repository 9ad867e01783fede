"""`/api/costs` in the document: what requests cost, and what may be asked about it."""

from __future__ import annotations

from typing import Any

from talatat.composition import PLATFORM
from talatat.describing.failures import failures
from talatat.describing.shapes import content, operation, parameter, ref

PATH = "/api/costs"
ROUTE = PERMISSION = "talatat.costs"

_COUNT = {"type": "integer", "minimum": 0}
_AMOUNT = {"type": "number", "minimum": 0}
_TEXT = {"type": ["string", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}

_SUMS: dict[str, dict[str, Any]] = {
    "requests": {**_COUNT, "description": "Answered, whatever the answer"},
    "refused": {**_COUNT, "description": "Of these, answered with a status from 400 to 499"},
    "errors": {**_COUNT, "description": "Of these, answered with a status from 500 on"},
    "retried": {**_COUNT, "description": "Attempts that were thrown away and made again"},
    "seconds": {**_AMOUNT, "description": "Of all requests together"},
    "cpu_seconds": {**_AMOUNT, "description": "Of these, those of the processor"},
    "statements": {**_COUNT, "description": "Sent to the database"},
    "share": {**_AMOUNT, "maximum": 1, "description": "Of the time of all requests"},
    "mean_ms": {**_AMOUNT, "description": "Milliseconds of a request"},
    "slowest_ms": {**_AMOUNT, "description": "Of the slowest"},
    "cpu_ms": {**_AMOUNT, "description": "Milliseconds of the processor for a request"},
    "statements_per_request": _AMOUNT,
}

COST: dict[str, Any] = {
    "type": "object",
    "x-addon": PLATFORM,
    "description": "What the requests of an addon, or of one of its routes, cost",
    "required": ["addon", "route", "method", *_SUMS],
    "properties": {
        "addon": {"type": "string", "description": "Whose routes they took"},
        "route": {**_TEXT, "description": "Null where lines are of addons, or none was found"},
        "method": {**_TEXT, "description": "Null where lines are of addons"},
        **_SUMS,
    },
}

COST_REPORT: dict[str, Any] = {
    "type": "object",
    "x-addon": PLATFORM,
    "description": "What requests cost, in whole hours",
    "required": ["since_at", "first_at", "last_at", "processes", "total", "costs"],
    "properties": {
        "since_at": {"type": "string", "format": "date-time", "description": "As was asked"},
        "first_at": {**_TIME, "description": "When the first hour with a request began"},
        "last_at": {**_TIME, "description": "When a process last wrote what it had counted"},
        "processes": {**_COUNT, "description": "How many have counted"},
        "total": {"type": "object", "required": list(_SUMS), "properties": _SUMS},
        "costs": {"type": "array", "items": ref("cost"), "description": "In the order of `sort`"},
    },
}


def costs_operation() -> dict[str, Any]:
    """The operation."""
    answer = {"description": "What was counted", "content": content(ref("cost_report"))}
    return operation(
        PLATFORM,
        ROUTE,
        "What requests cost, by addon or route",
        PERMISSION,
        {"200": answer, **failures(400, 401, 403, 406, 500, 503)},
        parameters=[
            _asked("since", {"pattern": "^[1-9][0-9]{0,3}[hd]$", "default": "24h"},
                   "How far back: hours or days, such as `24h` or `7d`"),
            _asked("by", {"enum": ["addon", "route"], "default": "addon"}, "What a line is"),
            _asked("sort", {"enum": ["time", "cpu", "statements", "errors", "requests"],
                            "default": "time"}, "What comes first"),
            _asked("addon", {}, "Only the lines of this addon"),
        ],
    )  # fmt: skip


def _asked(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return parameter(name, {"type": "string", **schema}, description)
