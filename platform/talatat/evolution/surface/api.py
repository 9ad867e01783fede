"""The OpenAPI document as a release keeps it: what a program relies on, without the prose."""

from __future__ import annotations

from typing import Any

# Lists whose order says nothing, and which an addon may have made of a set.
_SETS = ("enum", "required", "type")
_PROSE = ("description", "summary")
_EXAMPLES = ("example", "examples")


def api_of(document: dict[str, Any]) -> dict[str, Any]:
    """`document` without descriptions, summaries and examples, lists that are sets sorted."""
    kept = {key: document[key] for key in ("openapi", "paths", "components")}
    return {key: _bare(value) for key, value in kept.items()}


def _bare(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: _bare(one, name)
            for name, one in value.items()
            # A property may be called "description": then it is a schema, not a text.
            if key == "properties"
            or not ((name in _PROSE and isinstance(one, str)) or name in _EXAMPLES)
        }
    if isinstance(value, list):
        bare = [_bare(one) for one in value]
        return sorted(bare, key=str) if key in _SETS and _all_plain(bare) else bare
    return value


def _all_plain(values: list[Any]) -> bool:
    return not any(isinstance(one, dict | list) for one in values)
