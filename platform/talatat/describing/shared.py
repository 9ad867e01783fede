"""The platform's own paths, and the components that all operations share."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from talatat.codes import CODES
from talatat.composition import PLATFORM
from talatat.describing import costs
from talatat.describing.failures import example_problem, failure_responses, failures
from talatat.describing.headers import HEADERS, headers
from talatat.describing.patterns import POINTER
from talatat.describing.resource.telling import none_match, not_modified
from talatat.describing.shapes import content, json_patch, operation, parameter, ref
from talatat.problems import CONTENT_TYPE
from talatat.resources.writing.json_patch import OPERATIONS
from talatat.security.csrf import HEADER

ERROR = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the body"},
        "parameter": {"type": "string", "description": "Name of a query or path parameter"},
        "header": {"type": "string", "description": "Name of a header"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "x-addon": PLATFORM,
    "description": "What went wrong (RFC 9457)",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "addon"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "A page that explains the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people; it may change"},
        "instance": {"type": "string"},
        "code": {
            "type": "string",
            "description": "Stable. The platform's own: " + ", ".join(f"`{one}`" for one in CODES),
        },
        "errors": {"type": "array", "items": ERROR},
        "request_id": {"type": "string", "description": "The log knows the request by it"},
        "addon": {"type": "string", "description": "Whose route was asked for"},
        "current": {"type": "object", "description": "The row as it is now (412)"},
        "policy": {"type": "string", "description": "Which limit is reached (429)"},
        "current_etag": {"type": "string", "description": "Its ETag (412)"},
    },
}

JSON_PATCH_OPERATION: dict[str, Any] = {
    "type": "object",
    "x-addon": PLATFORM,
    "description": "One step of a JSON patch",
    "required": ["op", "path"],
    "properties": {
        "op": {"type": "string", "enum": list(OPERATIONS)},
        "path": {
            "type": "string",
            "pattern": POINTER,
            "description": "A JSON pointer into the row (RFC 6901)",
        },
        "from": {
            "type": "string",
            "pattern": POINTER,
            "description": "Of `move` and `copy`: from where",
        },
        "value": {"description": "Of `add`, `replace` and `test`"},
    },
}

JSON_PATCH: dict[str, Any] = {
    "x-addon": PLATFORM,
    "description": "Operations on the row as it is shown (RFC 6902), in order, all or none",
    # Not at once: openapi-python-client would ask `isinstance(body, list[...])` in every PATCH, whatever
    # its body, which Python refuses. So it makes a class of this, and merge patches work.
    "allOf": [json_patch()],
    "examples": [[{"op": "replace", "path": "/name", "value": "Name"}]],
}

LIVENESS = {
    "type": "object",
    "x-addon": PLATFORM,
    "description": "The process answers",
    "required": ["status"],
    "properties": {"status": {"type": "string"}},
}

READINESS = {
    "type": "object",
    "x-addon": PLATFORM,
    "required": ["status"],
    "properties": {
        "status": {"type": "string"},
        "release": {"type": ["integer", "null"]},
        "missing": {"type": "array", "items": {"type": "object"}},
        "quarantined": {"type": "array", "items": {"type": "string"}},
        "command": {"type": ["string", "null"], "description": "What brings the database there"},
    },
}


_STATUS = {"type": "string", "description": "`pass`, `warn` or `fail`"}

# The names within are those of the published format, which are none of this interface.
HEALTH = {
    "type": "object",
    "x-addon": PLATFORM,
    "x-standard": "application/health+json",
    "description": "How the system is (draft-inadarei-api-health-check)",
    "required": ["status", "checks"],
    "properties": {
        "status": _STATUS,
        "version": {"type": "string", "description": "Of the platform"},
        "description": {"type": "string", "description": "What is composed"},
        "checks": {
            "type": "object",
            "description": "By addon and check, such as `talatat:database`",
            "additionalProperties": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {"status": _STATUS},
                },
            },
        },
    },
}


def shared_components(registry: Any) -> dict[str, Any]:
    """Schemas, responses and security schemes that belong to no addon."""
    found: dict[str, Any] = {
        "schemas": {
            "problem": {**PROBLEM, "examples": [example_problem(404, "not_found")]},
            "json_patch": JSON_PATCH,
            "json_patch_operation": JSON_PATCH_OPERATION,
            "cost": costs.COST,
            "cost_report": costs.COST_REPORT,
            "health": HEALTH,
            "liveness": LIVENESS,
            "readiness": READINESS,
        },
        "responses": failure_responses(),
        "headers": HEADERS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "A token"},
            "cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": _cookie_name(registry),
                "description": "A session of a browser; unsafe methods need `csrf` as well",
            },
            "csrf": {
                "type": "apiKey",
                "in": "header",
                "name": HEADER,
                "description": "Goes with the cookie",
            },
        },
    }
    return deepcopy(found)  # the document is completed in place


def _cookie_name(registry: Any) -> str:
    """The name of the cookie that an identity source says it reads."""
    for source in registry.system.security.sources.values():
        name = getattr(source, "cookie_name", None)
        if isinstance(name, str):
            return name
    return "session"


def platform_paths(registry: Any) -> dict[str, Any]:
    """The paths of discovery and health that are composed."""
    described = {
        "/api": ("talatat.api", "index", "Groups, versions, capabilities and limits", {"type": "object"}),
        "/api/openapi.json": (
            "talatat.openapi", "openapi", "The whole interface as OpenAPI 3.1", {"type": "object"},
        ),
        "/api/{addon}/v{version}/openapi.json": (
            "talatat.group_openapi", "group_openapi", "One group as OpenAPI 3.1", {"type": "object"},
        ),
        "/livez": (
            "talatat.livez", "livez", "Whether the process lives; touches nothing", ref("liveness"),
        ),
        "/health": (
            "talatat.health", "health", "How the system and its addons are", ref("health"),
        ),
        "/readyz": (
            "talatat.readyz", "readyz", "Whether the process can work on its database",
            ref("readiness"),
        ),
    }  # fmt: skip
    found = {
        path: {"get": _get(path, name, summary, schema)}
        for path, (route, name, summary, schema) in described.items()
        if registry.introspector.get("routes", route) is not None
    }
    if registry.introspector.get("routes", costs.ROUTE) is not None:
        found[costs.PATH] = {"get": costs.costs_operation()}
    return found


def _get(path: str, name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    media_type = "application/health+json" if name == "health" else "application/json"
    answer: dict[str, Any] = {"description": "The answer", "content": content(schema, media_type)}
    responses = {"200": answer}
    parameters = []
    if "{" not in path:  # each operation tells a 4xx or a default
        responses["default"] = {"$ref": "#/components/responses/problem"}
    if name == "readyz":
        responses["503"] = {
            **answer,
            "description": "Not ready; `command` says what to run",
            "headers": headers("Retry-After"),
        }
    if name == "health":
        failing = {**answer["content"], CONTENT_TYPE: {"schema": ref("problem")}}
        responses |= failures(401, 403)
        responses["503"] = {
            "description": "A check fails, or the database cannot be asked",
            "content": failing,
            "headers": headers("Retry-After"),
        }
    if "{addon}" in path:
        text = {"type": "string"}
        parameters = [
            parameter("addon", text, "The name of a group", "path"),
            parameter("version", {"type": "string", "pattern": r"^\d+$"}, "Its version", "path"),
        ]
    permission = "talatat.health" if name == "health" else "public"
    if path.startswith("/api"):
        answer["headers"] = headers("ETag")
        parameters.append(none_match())
        responses |= {**not_modified(), **failures(406, 500, 503)}
    return operation(
        PLATFORM, f"{PLATFORM}.{name}", summary, permission, responses, parameters=parameters
    )
