"""JSON Patch (RFC 6902): operations on the row as this request may see it.

The operations change what the row shows, a JSON document; the difference is then read by the schema
as any other body (`Documents.difference`), so that read-only and protected fields, create_only and
extensions hold, whatever way an operation took. Members that may not be written can be tested.
What is wrong points into the patch document: `/2/path`, `/0/value/amount`.

The number of operations, what `copy` may add, how deep `move` and `copy` may nest and how many values are
looked at for that are limited: a patch of 100 copies of the whole into itself would otherwise be 2^100
times as large as the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jsonpatch import (
    JsonPatch,
    JsonPatchException,
    JsonPatchTestFailed,
    JsonPointer,
    JsonPointerException,
)

from talatat.problems import Problem, invalid
from talatat.schema.body import MAX_BODY, MAX_DEPTH
from talatat.schema.faults import Fault, fault

CONTENT_TYPE = "application/json-patch+json"
MAX_OPERATIONS = 100
OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
# Values that are counted for their depth; each patch of a million bytes has fewer.
MOST_STEPS = 500_000
WITH_VALUE = ("add", "replace", "test")
WITH_FROM = ("move", "copy")


class PatchDocument:
    """A list of operations whose form is right. Problem 422 for any other document."""

    def __init__(self, document: Any) -> None:
        if not isinstance(document, list):
            raise invalid([fault("", "type", "must be a list of operations")])
        if len(document) > MAX_OPERATIONS:
            detail = f"has {len(document)} operations; {MAX_OPERATIONS} are the most"
            raise invalid([fault("", "length", detail)])
        faults = [one for at, given in enumerate(document) for one in _misshapen(given, f"/{at}")]
        if faults:
            raise invalid(faults)
        self.operations: list[dict[str, Any]] = document
        self._copied = 0
        self._steps = 0

    def apply(self, document: Any) -> dict[str, Any]:
        """`document` (which may be changed) as the operations leave it.

        Problem 409 `patch_test_failed` where a test fails; 422 where a path is not there.
        """
        self._copied = self._steps = 0
        for at, operation in enumerate(self.operations):
            self._limit(document, operation, f"/{at}")
            try:
                document = JsonPatch([operation]).apply(document, in_place=True)
            except JsonPatchTestFailed:
                detail = f"{operation['path'] or 'The document'} is not what the test says"
                errors = [fault(f"/{at}", "patch_test_failed", detail)]
                raise Problem(409, "patch_test_failed", detail, errors) from None
            except (JsonPatchException, JsonPointerException) as error:
                raise invalid([fault(f"/{at}/path", "path", f"cannot be used: {error}")]) from None
            if not isinstance(document, dict):
                raise invalid([fault(f"/{at}/value", "type", "must be an object")])
        found: dict[str, Any] = document
        return found

    def _limit(self, document: Any, operation: dict[str, Any], where: str) -> None:
        """Refuse an operation after which the document would be too deep or too large."""
        if operation["op"] in ("remove", "test"):
            return
        value = operation.get("value")
        if operation["op"] in WITH_FROM:
            value = _resolved(document, operation["from"], f"{where}/from")
        depth = self._depth(value)
        if self._steps > MOST_STEPS:
            raise invalid([fault(where, "too_large", "moves or copies too many values")])
        if operation["path"].count("/") + depth > MAX_DEPTH:
            detail = f"would nest the row more than {MAX_DEPTH} levels deep"
            raise invalid([fault(where, "too_deep", detail)])
        if operation["op"] == "copy":
            self._copied += len(json.dumps(value, default=str))
            if self._copied > MAX_BODY:
                detail = f"copies more than {MAX_BODY} bytes"
                raise invalid([fault(where, "too_large", detail)])

    def _depth(self, value: Any) -> int:
        """How many containers stand inside of each other."""
        if isinstance(value, dict):
            value = value.values()
        elif not isinstance(value, list):
            return 0
        self._steps += len(value)
        if self._steps > MOST_STEPS:
            return 0
        return 1 + max((self._depth(one) for one in value), default=0)

    @contextmanager
    def locating(self) -> Iterator[None]:
        """Let a problem that points into the row point to the operation that is to blame."""
        try:
            yield
        except Problem as problem:
            if not problem.errors:
                raise
            errors = [self._located(one) for one in problem.errors]
            detail = errors[0]["detail"] if len(errors) == 1 else str(problem.detail)
            raise problem.located(detail, errors) from problem

    def _located(self, error: Any) -> Fault:
        pointer = error.get("pointer")
        if pointer is None:
            return dict(error)
        detail = f"{pointer} {error['detail']}" if pointer else error["detail"]
        return {**error, "pointer": self._place(pointer), "detail": detail}

    def _place(self, pointer: str) -> str:
        for at in reversed(range(len(self.operations))):
            operation = self.operations[at]
            path = operation["path"]
            if operation["op"] == "test":
                continue
            if operation["op"] in WITH_VALUE and (f"{pointer}/").startswith(f"{path}/"):
                return f"/{at}/value{pointer[len(path) :]}"
            touched = [path, operation["from"]] if operation["op"] == "move" else [path]
            if any(
                f"{one}/".startswith(f"{pointer}/") or f"{pointer}/".startswith(f"{one}/")
                for one in touched
            ):
                return f"/{at}"
        return ""


def _misshapen(operation: Any, where: str) -> Iterator[Fault]:
    if not isinstance(operation, dict):
        yield fault(where, "type", "must be an object")
        return
    kind = operation.get("op")
    if kind not in OPERATIONS:
        yield fault(f"{where}/op", "choice", f"must be one of {', '.join(OPERATIONS)}")
        return
    for name in ("path", "from") if kind in WITH_FROM else ("path",):
        if name not in operation:
            yield fault(f"{where}/{name}", "required", "is required")
        elif not isinstance(operation[name], str):
            yield fault(f"{where}/{name}", "type", "must be a string")
        elif complaint := _no_pointer(operation[name]):
            yield fault(f"{where}/{name}", "pattern", complaint)
    if kind in WITH_VALUE and "value" not in operation:
        yield fault(f"{where}/value", "required", "is required")


def _no_pointer(text: str) -> str:
    try:
        JsonPointer(text)
    except JsonPointerException as error:
        return f"is no JSON pointer: {error}"
    return ""


def _resolved(document: Any, path: str, where: str) -> Any:
    try:
        found = JsonPointer(path).resolve(document)
    except JsonPointerException as error:
        raise invalid([fault(where, "path", f"cannot be used: {error}")]) from None
    if found is not None and not isinstance(found, dict | list | str | int | float):
        raise invalid([fault(where, "path", "is beyond the end of the list")])
    return found
