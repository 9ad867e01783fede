"""Discovery: /api, the documents, and that what they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

server = Family("discovery", "discovery", once=True)
each = Family("discovery", "path and version")
PATH = re.compile(r"/api/[a-z][a-z0-9_]*/v[1-9]\d*/[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


@server.check("api-names-groups", "GET /api lists groups with versions, capabilities and limits")
def api_names_groups(case: Case) -> None:
    index = case.server.index
    for name in ("groups", "capabilities", "limits"):
        want(name in index, f"/api has no {name}")
    for group in index["groups"]:
        want(group["name"] and group["versions"], f"a group without name or versions: {group}")
        for version in group["versions"]:
            want(
                re.fullmatch(r"v[1-9]\d*", version["version"]),
                f"a version named {version['version']}",
            )


@server.check("api-capabilities", "Capabilities are words, each once")
def api_capabilities(case: Case) -> None:
    listed = case.server.index["capabilities"]
    want(len(listed) == len(set(listed)), "a capability is listed twice")
    want(all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", one) for one in listed), f"strange: {listed}")


@server.check("api-limits", "Limits are whole numbers above zero")
def api_limits(case: Case) -> None:
    for name, value in case.server.index["limits"].items():
        want(isinstance(value, int) and value > 0, f"the limit {name} is {value!r}")


@server.check("api-urls", "Every URL that /api names answers 200")
def api_urls(case: Case) -> None:
    index = case.server.index
    urls = [index["openapi"]]
    urls += [version["openapi"] for group in index["groups"] for version in group["versions"]]
    for url in urls:
        case.server.ask("GET", urlsplit(url).path, who=None).must(200)


@server.check(
    "openapi-3.1", "The document says that it is OpenAPI 3.1, with its dialect and its title"
)
def openapi_version(case: Case) -> None:
    document = case.server.document
    want(
        str(document.get("openapi", "")).startswith("3.1."), f"it says {document.get('openapi')!r}"
    )
    want(document["info"]["title"] and document["info"]["version"], "info has no title or version")


def _operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, said in item.items():
            if isinstance(said, dict) and "responses" in said:
                yield path, method, said


@server.check("operation-ids", "Each operation has an operationId of its own")
def operation_ids(case: Case) -> None:
    found = [said.get("operationId") for _, _, said in _operations(case.server.document)]
    want(all(found), "an operation has no operationId")
    want(len(found) == len(set(found)), "two operations have one operationId")


@server.check("x-addon", "Each operation and each schema says whose it is")
def x_addon(case: Case) -> None:
    document = case.server.document
    for path, method, said in _operations(document):
        want(said.get("x-addon"), f"{method.upper()} {path} has no x-addon")
    for name, schema in document["components"]["schemas"].items():
        want(schema.get("x-addon"), f"the schema {name} has no x-addon")


@server.check("documented-problems", "Each operation documents a 4xx or a default problem")
def documented_problems(case: Case) -> None:
    for path, method, said in _operations(case.server.document):
        found = [one for one in said["responses"] if one == "default" or one.startswith("4")]
        want(found, f"{method.upper()} {path} documents no problem")


@server.check(
    "group-documents", "A group's document has its paths, and nothing that it does not explain"
)
def group_documents(case: Case) -> None:
    whole = case.server.document
    for group in case.server.index["groups"]:
        for version in group["versions"]:
            path = urlsplit(version["openapi"]).path
            part = case.server.ask("GET", path, who=None).must(200).json
            prefix = path.removesuffix("openapi.json")
            wanted = {one for one in whole["paths"] if one.startswith(prefix)}
            want(
                set(part["paths"]) == wanted,
                f"{path} has other paths than the whole has below {prefix}",
            )
            for said in set(re.findall(r'"#(/[^"]+)"', str(part).replace("'", '"'))):
                _resolve(part, said, path)


def _resolve(document: Any, pointer: str, path: str) -> None:
    found = document
    for name in pointer.strip("/").split("/"):
        want(
            isinstance(found, dict) and name in found,
            f"{path} refers to #{pointer}, which it has not",
        )
        found = found[name]


@server.check("document-etag", "The documents have an ETag, and are not sent again to who has them")
def document_etag(case: Case) -> None:
    for path in ("/api", "/api/openapi.json"):
        first = case.server.ask("GET", path, who=None).must(200)
        tag = first.header("ETag")
        want(tag, "it has no ETag", first)
        again = case.server.ask("GET", path, who=None, headers={"If-None-Match": str(tag)}).must(
            304
        )
        want(again.body == b"", "a 304 has a body", again)


@server.check("nothing-there", "What is not there below /api is a 404 problem")
def nothing_there(case: Case) -> None:
    for path in ("/api/nobody/v1/things", "/api/x", "/api//", "/api/nobody/v1/openapi.json"):
        case.server.ask("GET", path, who=None).refuses(404)


@each.check(
    "path-shape",
    "Its path is /api/<addon>/v<n>/<resources>, in kebab-case, without a slash at its end",
)
def path_shape(case: Case) -> None:
    want(PATH.match(case.path), f"its path is {case.path}")
    want(
        case.kind.name.endswith("s") or case.kind.name in _UNCOUNTED,
        f"{case.kind.name} is no plural",
    )


_UNCOUNTED = (
    "history",
    "inventory",
    "stock",
    "media",
    "data",
    "equipment",
    "information",
    "people",
    "staff",
)


@each.check("listed-in-api", "GET /api names it", row="discovery")
def listed_in_api(case: Case) -> None:
    versions = [
        one["resources"]
        for group in case.server.index["groups"]
        if group["name"] == case.kind.group
        for one in group["versions"]
    ]
    want(any(case.kind.name in one for one in versions), "no group in /api names it")


@each.check("no-trailing-slash", "With a slash at its end it is another path: 404")
def no_trailing_slash(case: Case) -> None:
    case.get("/").must(404)


@each.check("levels", "No path below it has more than three levels")
def levels(case: Case) -> None:
    for path in case.server.document["paths"]:
        if path.startswith((f"{case.path}/", f"{case.path}:")) or path == case.path:
            below = path.split("/")[4:]
            want(len(below) <= 3, f"{path} has {len(below)} levels")
