"""Security: what is open says so, what is secret stays out of URLs and answers."""

from __future__ import annotations

import re

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import UNSAFE, Reading

SECRET = re.compile(
    r"(.*_)?(password|passwd|secret|api_?key|access_token|refresh_token|id_token|token|private_key|pin)"
)
KEPT = re.compile(r"(.*_)?(password|passwd|password_hash|secret|private_key|pin)")


@rule(
    "security-declared",
    "Each operation says what authenticates it",
    why="What is left out falls back to nothing, and looks as if it were open.",
    source="API.md, discovery; Zalando 104",
)
def security_declared(reading: Reading) -> Found:
    for one in reading.operations:
        if "security" not in one.data:
            yield one.pointer, "Add security: [] where it is public, else the schemes."


@rule(
    "security-permission",
    "Open is what has the permission public, and nothing else",
    why="A document that says open where a token is asked for, or the other way, misleads every client.",
    source="API.md, discovery",
)
def security_permission(reading: Reading) -> Found:
    for one in reading.operations:
        said = one.data.get("security")
        if said is None or not one.data.get("x-permission"):
            continue
        if (one.data["x-permission"] == "public") != (said == []):
            yield one.pointer, "Let security be [] for public, and the schemes for all else."


@rule(
    "security-known",
    "The document declares each scheme that an operation names",
    why="A generator cannot send what it does not know.",
    source="OpenAPI 3.1, security requirement object",
)
def security_known(reading: Reading) -> Found:
    known = reading.components.get("securitySchemes", {})
    for one in reading.operations:
        for name in sorted({name for said in one.data.get("security", []) for name in said}):
            if name not in known:
                yield one.pointer, f"Declare the scheme {name!r}, or use bearer."


@rule(
    "security-csrf",
    "An unsafe operation that takes the cookie takes the CSRF token too",
    why="Browsers send the cookie with whatever request any page makes.",
    source="API.md, security; OWASP CSRF",
)
def security_csrf(reading: Reading) -> Found:
    for one in reading.operations:
        for said in one.data.get("security", []):
            if one.method in UNSAFE and "cookie" in said and "csrf" not in said:
                yield one.pointer, "Name csrf beside cookie."


@rule(
    "security-query",
    "No secret stands in a URL",
    why="URLs stand in logs, histories and Referer headers.",
    source="RFC 6750, section 2.3; OWASP",
)
def security_query(reading: Reading) -> Found:
    for pointer, one in reading.parameters:
        name = str(one.get("name", "")).partition("[")[0].rpartition(".")[2]
        if one.get("in") in ("query", "path") and SECRET.fullmatch(name):
            yield pointer, f"Take {one['name']!r} in the body, or in Authorization."


@rule(
    "security-shown",
    "No password and no stored secret is shown",
    why="What is shown is cached, logged and sent on.",
    source="OWASP API3:2023",
)
def security_shown(reading: Reading) -> Found:
    for pointer, name, _ in reading.properties_of(reading.in_answers):
        if KEPT.fullmatch(name) and not _is_input(reading, pointer):
            yield pointer, f"Say write_only=True at {name!r}, or leave it out."


@rule(
    "security-write-only",
    "What is written only is not in an answer",
    why="Its place in the schema of an answer says that it is shown.",
    source="API.md, create; OpenAPI 3.1, schema object",
)
def security_write_only(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties_of(reading.in_answers - reading.in_bodies):
        if schema.get("writeOnly"):
            yield pointer, f"Leave {name!r} out of the schema of the answer."


def _is_input(reading: Reading, pointer: str) -> bool:
    return pointer.split("/")[3].replace("~1", "/") in reading.in_bodies
