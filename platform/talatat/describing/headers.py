"""Headers of answers, each told once and referred to."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_SECONDS = {"type": "integer", "minimum": 0}
_URL = {"type": "string", "format": "uri"}

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Names this state of what is shown, for `If-Match` and `If-None-Match`",
        "schema": _TEXT,
        "example": '"3-9f86d081884c7d659a"',
    },
    "Location": {
        "description": "The URL of what was made",
        "schema": _URL,
        "example": "https://example.com/api/things/v1/things/01890a5d-ac96-774b-bcce-b302099a8057",
    },
    "Link": {
        "description": "The pages beside this one (RFC 8288), relations `next` and `prev`",
        "schema": _TEXT,
        "example": '<https://example.com/api/things/v1/things?cursor=bWlu>; rel="next"',
    },
    "Request-Id": {
        "description": "The log knows the request by it; the request's own, if it sent one",
        "schema": _TEXT,
        "example": "4bf92f3577b34da6a3ce929d0e0e4736",
    },
    "traceparent": {
        "description": "The span of this answer in the trace of the request (W3C Trace Context)",
        "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
    "Idempotent-Replay": {
        "description": "`true`: what an earlier request with this `Idempotency-Key` was answered",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try",
        "schema": _SECONDS,
        "example": 5,
    },
    "RateLimit-Policy": {
        "description": (
            "The limits that the request counted against: `q` in `w` seconds "
            "(draft-ietf-httpapi-ratelimit-headers); left out where limits are switched off"
        ),
        "schema": _TEXT,
        "example": '"authenticated";q=6000;w=60',
    },
    "RateLimit": {
        "description": "What is left of each of them: `r`, within the next `t` seconds",
        "schema": _TEXT,
        "example": '"authenticated";r=5998;t=41',
    },
    "WWW-Authenticate": {
        "description": "How to authenticate",
        "schema": _TEXT,
        "example": 'Bearer realm="talatat"',
    },
    "Accept": {
        "description": "Which content types the body may have",
        "schema": _TEXT,
        "example": "application/json",
    },
    "Accept-Patch": {
        "description": "Which content types a patch may have (RFC 5789)",
        "schema": _TEXT,
        "example": "application/merge-patch+json, application/json",
    },
    "Set-Cookie": {
        "description": "The browser keeps it, or lets go of it",
        "schema": _TEXT,
        "example": "session=AZCJCl2s; Path=/; HttpOnly; SameSite=Lax",
    },
    "Deprecation": {
        "description": "Since when the operation is deprecated (RFC 9745): `@` and a Unix time",
        "schema": {"type": "string", "pattern": r"^@\d+$"},
        "example": "@1767225600",
    },
    "Sunset": {
        "description": "When the operation goes (RFC 8594)",
        "schema": _TEXT,
        "example": "Thu, 31 Dec 2026 23:59:59 GMT",
    },
}


# On the answers of whatever is limited.
LIMITS = ("RateLimit", "RateLimit-Policy")


def headers(*names: str) -> dict[str, Any]:
    """References to headers that the document tells once."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
