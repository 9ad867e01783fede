"""Whatever is served below /api stands in the document, and nothing else does."""

from __future__ import annotations

import re
from typing import Any

from talatat.describing.completing import METHODS

PLACEHOLDER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")


def plain(pattern: str) -> str:
    """The path of a route's pattern as the document writes it; verbs are regular expressions there."""
    return PLACEHOLDER.sub(lambda m: m[2] if m[1] == "_verb" else f"{{{m[1]}}}", pattern)


def test_every_route_below_api_is_told_with_its_methods(registry: Any, document: Any) -> None:
    routes = {one["introspectable"]["name"]: one["introspectable"]["pattern"]
              for one in registry.introspector.get_category("routes")}  # fmt: skip
    served: set[tuple[str, str]] = set()
    for entry in registry.introspector.get_category("views"):
        view = entry["introspectable"]
        path = plain("/" + routes.get(view.get("route_name"), "").lstrip("/"))
        methods = view.get("request_methods") or ()
        for method in [methods] if isinstance(methods, str) else methods:
            if path.startswith("/api") and method.lower() in METHODS:
                served.add((path, method.lower()))
    told = {
        (path, method)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item and path.startswith("/api")
    }
    assert served == told
    assert len(told) > 60


def test_every_operation_tells_all_that_its_answers_have_in_common(document: Any) -> None:
    for item in document["paths"].values():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            assert operation["x-addon"] in {"talatat", "accounts", "catalog", "orders", "loyalty"}
            assert operation["tags"] == [operation["x-addon"]]
            for status, response in operation["responses"].items():
                if "$ref" in response:
                    assert response["$ref"].startswith("#/components/responses/")
                    assert status in response["$ref"] or status == "default"
                else:
                    assert "Request-Id" in response["headers"]
