"""What lets an interface grow and end: versions, deprecation, the document's own head."""

from __future__ import annotations

import re

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Reading

EXTENSION = re.compile(r"x-[a-z][a-z0-9]*(-[a-z0-9]+)*")


@rule(
    "document-version",
    "The document is OpenAPI 3.1",
    why="Its schemas are JSON Schema as it is, with null and examples.",
    source="API.md, discovery",
)
def document_version(reading: Reading) -> Found:
    if not str(reading.document.get("openapi", "")).startswith("3.1"):
        yield "/openapi", "Write 3.1.0."


@rule(
    "document-info",
    "The document has a title, a version and a description",
    why="Who finds it alone has to know what it is.",
    source="OpenAPI 3.1, info object; Zalando 218",
)
def document_info(reading: Reading) -> Found:
    info = reading.document.get("info", {})
    for name in ("title", "version", "description"):
        if not info.get(name):
            yield "/info", f"Add {name}."


@rule(
    "document-contact",
    "The document says whom to ask and under which terms it may be used",
    why="A program whose calls begin to fail has somebody to write to.",
    source="Zalando 218; Spectral info-contact and info-license",
    severity="warning",
)
def document_contact(reading: Reading) -> Found:
    info = reading.document.get("info", {})
    for name in ("contact", "license"):
        if not info.get(name):
            yield "/info", f"Set talatat.api.{name} in the .ini."


@rule(
    "document-server",
    "The document says where it is served",
    why="A generated client needs a base to its paths.",
    source="Spectral oas3-api-servers",
)
def document_server(reading: Reading) -> Found:
    if not reading.document.get("servers"):
        yield "/servers", "Add servers with the URL '/'."


@rule(
    "document-schemes",
    "Each way to authenticate is described",
    why="A token and a cookie are got at different places.",
    source="Zalando 104",
)
def document_schemes(reading: Reading) -> Found:
    for name, scheme in reading.components.get("securitySchemes", {}).items():
        if not scheme.get("description"):
            yield f"/components/securitySchemes/{name}", "Describe how one gets it."


@rule(
    "deprecated-header",
    "What is deprecated says so in every answer, and when it ends where that is known",
    why="Nobody reads a document again for an operation that works; logs show headers.",
    source="API.md, deprecation; RFC 9745; RFC 8594; Zalando 189",
)
def deprecated_header(reading: Reading) -> Found:
    for one in reading.operations:
        if not one.data.get("deprecated"):
            continue
        wanted = ["Deprecation", *(["Sunset"] if one.data.get("x-sunset") else [])]
        for _, pointer, response in one.successes():
            for name in wanted:
                if name not in response.get("headers", {}):
                    yield (
                        pointer,
                        f"Answer {name}: deprecated=Deprecation(...) at the action or resource.",
                    )


@rule(
    "deprecated-since",
    "What is deprecated says since when",
    why="How urgent it is to move follows from how long it has been said.",
    source="API.md, deprecation; RFC 9745; Zalando 187",
)
def deprecated_since(reading: Reading) -> Found:
    for one in reading.operations:
        if one.data.get("deprecated") and not one.data.get("x-deprecated-since"):
            yield (
                one.pointer,
                "Say deprecated=Deprecation(since=date(...)) at the action or resource.",
            )


@rule(
    "deprecated-only",
    "Deprecation and Sunset are answered by what is deprecated alone",
    why="A client that trusts them would move away from what stays.",
    source="API.md, deprecation",
)
def deprecated_only(reading: Reading) -> Found:
    for one in reading.operations:
        for _, pointer, response in one.successes():
            told = {"Deprecation", "Sunset"} & response.get("headers", {}).keys()
            if told and not one.data.get("deprecated"):
                yield pointer, f"Say deprecated: true, or take {', '.join(sorted(told))} away."


@rule(
    "extension-form",
    "Further words of an operation begin with x- and are kebab-case",
    why="OpenAPI allows no other; tools look them up by their names.",
    source="OpenAPI 3.1, specification extensions",
)
def extension_form(reading: Reading) -> Found:
    known = {
        "operationId", "tags", "summary", "description", "externalDocs", "parameters", "requestBody",
        "responses", "callbacks", "deprecated", "security", "servers",
    }  # fmt: skip
    for one in reading.operations:
        for name in one.data:
            if name not in known and not EXTENSION.fullmatch(name):
                yield one.pointer, f"Write {name!r} as x-..., in lower case with hyphens."


@rule(
    "version-gap",
    "Versions of a group are counted without gaps",
    why="Who meets v1 and v3 looks for what became of v2.",
    source="API.md, discovery",
)
def version_gap(reading: Reading) -> Found:
    groups: dict[str, set[str]] = {}
    for one in reading.operations:
        parts = one.path.split("/")
        versioned = len(parts) > 4 and parts[1] == "api" and re.fullmatch(r"v\d+", parts[3])
        if versioned and not one.is_platform:
            groups.setdefault(parts[2], set()).add(parts[3])
    for group, versions in groups.items():
        numbers = sorted(int(version[1:]) for version in versions)
        if numbers[-1] - numbers[0] >= len(numbers):
            yield f"/paths/~1api~1{group}", f"Count versions of {group} without gaps: {numbers}."
