"""What every operation has, whoever described it: its errors, and the headers of its answers.

This looks at the whole document when all paths are in it, so that an operation that is added
anywhere has nothing of this to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.describing.failures import UNLIMITED, UNSAFE, failures, failures_of, own_response
from talatat.describing.headers import LIMITS, headers

METHODS = ("get", "put", "post", "delete", "patch")
Components = dict[str, dict[str, Any]]


def complete(paths: dict[str, Any], components: Components) -> None:
    """Complete every operation of `paths`; responses of single operations go to `components`."""
    for method, operation, shared in operations_of(paths):
        parameters = [*shared, *operation.get("parameters", [])]
        _tell_failures(method, operation, parameters, components)
        _tell_headers(operation, {one["name"] for one in parameters})


def operations_of(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """(method, operation, parameters of its path) of every operation."""
    for item in paths.values():
        for method in METHODS:
            if method in item:
                yield method, item[method], item.get("parameters", [])


def _tell_failures(
    method: str, operation: dict[str, Any], parameters: list[Any], components: Components
) -> None:
    responses = operation["responses"]
    for status, said in failures(*failures_of(method, operation, parameters)).items():
        responses.setdefault(status, said)
    own: dict[int, dict[str, str]] = {}
    for code, problem in operation.get("x-problems", {}).items():
        own.setdefault(problem["status"], {})[code] = problem["description"]
    for number, codes in own.items():
        name = f"{operation['operationId']}.problem_{number}"
        components["responses"][name] = own_response(number, codes)
        responses[str(number)] = {"$ref": f"#/components/responses/{name}"}
    operation["responses"] = {status: responses[status] for status in sorted(responses)}


def _tell_headers(operation: dict[str, Any], parameters: set[str]) -> None:
    names = ["Request-Id", "traceparent"]
    if operation["operationId"] not in UNLIMITED:
        names += LIMITS
    if operation.get("deprecated"):
        names += ["Deprecation", "Sunset"] if operation.get("x-sunset") else ["Deprecation"]
        names += ["Link"] if "externalDocs" in operation else []
    for status, response in operation["responses"].items():
        if "$ref" in response:
            continue
        replayed = "Idempotency-Key" in parameters and status.startswith("2")
        more = [*names, "Idempotent-Replay"] if replayed else names
        response["headers"] = {**response.get("headers", {}), **headers(*more)}


__all__ = ["METHODS", "UNSAFE", "complete", "operations_of"]
