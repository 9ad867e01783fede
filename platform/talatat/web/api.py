"""`GET /api` and the OpenAPI documents: what a client has to know before its first request.

    /api                           groups, versions, capabilities, limits
    /api/openapi.json              the whole interface
    /api/<addon>/v1/openapi.json   one version of one group

The documents follow from the composition, so each is made once, on first request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from zope.interface import Interface

from talatat.openapi import document_of, part_of
from talatat.problems import Problem, check_acceptable
from talatat.resources.bound import json_response
from talatat.resources.declaration import Resource
from talatat.resources.listing.cursor import LONGEST
from talatat.resources.listing.filters import MAX_VALUES, MAX_VALUES_IN_ALL
from talatat.resources.listing.querying import LONGEST_SEARCH, MAX_SORT_KEYS
from talatat.resources.listing.trees import DEEPEST as SEARCHED_DEPTH
from talatat.resources.listing.trees import MAX_CONDITIONS
from talatat.resources.showing.conditions import digest, tag_response
from talatat.resources.showing.expanding import DEEPEST, MAX_EXPANDED
from talatat.resources.writing.batch import MAX_ITEMS
from talatat.resources.writing.json_patch import MAX_OPERATIONS
from talatat.schema.body import MAX_BODY, MAX_DEPTH, body_limit

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

GROUP = re.compile(r"/api/(?P<addon>[^/]+)/v(?P<version>\d+)/")

CAPABILITIES = (
    "batch",
    "changes",
    "conditional-requests",
    "count",
    "cursor-paging",
    "deprecation",
    "expand",
    "filters",
    "idempotency-keys",
    "json-patch",
    "merge-patch",
    "openapi-3.1",
    "problem-details",
    "restore",
    "search",
    "sorting",
    "sparse-fields",
    "trace-context",
    "validate-only",
)


class IDocuments(Interface):
    """Under which name the registry keeps its `Documents`."""


class Documents:
    """The documents of one registry, as bytes, made when first asked for."""

    def __init__(self, registry: Any) -> None:
        self.registry = registry
        self._whole: dict[str, Any] | None = None
        self._bytes: dict[str, bytes] = {}

    @property
    def whole(self) -> dict[str, Any]:
        """The document of the whole composition."""
        if self._whole is None:
            self._whole = document_of(self.registry)
        return self._whole

    def groups(self) -> dict[str, dict[str, list[str]]]:
        """{addon: {version: [path]}} of everything that stands below `/api/<addon>/v<n>/`."""
        found: dict[str, dict[str, list[str]]] = {}
        for path in self.whole["paths"]:
            if match := GROUP.match(path):
                versions = found.setdefault(match["addon"], {})
                versions.setdefault(f"v{match['version']}", []).append(path)
        return found

    def body(self, prefix: str = "") -> bytes | None:
        """The document of all paths that begin with `prefix`; None where there is none."""
        if prefix not in self._bytes:
            document = self.whole if not prefix else part_of(self.whole, prefix)
            if not document["paths"]:
                return None
            self._bytes[prefix] = orjson.dumps(document)
        return self._bytes[prefix]


def documents(request: Request) -> Documents:
    """The documents of the request's registry."""
    found: Documents = request.registry.getUtility(IDocuments)
    return found


def index(request: Request) -> Response:
    """Groups with their versions, and what every list and body is limited to."""
    check_acceptable(request)
    root = request.application_url
    composition = request.registry.system.composition
    addons = {addon.name: addon for addon in composition.addons}
    groups = [
        {
            "name": name,
            "summary": getattr(addons.get(name), "summary", None) or "",
            "addon_version": str(getattr(addons.get(name), "version", "")),
            "versions": [
                {
                    "version": version,
                    "url": f"{root}/api/{name}/{version}",
                    "openapi": f"{root}/api/{name}/{version}/openapi.json",
                    "resources": sorted({path.split("/")[4].partition(":")[0] for path in paths}),
                }
                for version, paths in sorted(versions.items())
            ],
        }
        for name, versions in sorted(documents(request).groups().items())
    ]
    return _json(
        request,
        orjson.dumps(
            {
                "groups": groups,
                "capabilities": list(CAPABILITIES),
                "limits": _limits(request),
                "openapi": f"{root}/api/openapi.json",
                "docs": f"{root}/docs",
            }
        ),
    )


def _limits(request: Request) -> dict[str, int]:
    return {
        "page_size": Resource.page_size,
        "max_page_size": Resource.max_page_size,
        "max_body_bytes": body_limit(request),
        "max_body_depth": MAX_DEPTH,
        "max_filter_values": MAX_VALUES,
        "max_filter_values_in_all": MAX_VALUES_IN_ALL,
        "max_sort_keys": MAX_SORT_KEYS,
        "max_expanded": MAX_EXPANDED,
        "max_expanded_depth": DEEPEST,
        "max_search_characters": LONGEST_SEARCH,
        "max_search_depth": SEARCHED_DEPTH,
        "max_search_conditions": MAX_CONDITIONS,
        "max_cursor_characters": LONGEST,
        "max_patch_operations": MAX_OPERATIONS,
        "max_batch_items": MAX_ITEMS,
        "max_batch_bytes": min(MAX_BODY, body_limit(request)),
    }


def openapi(request: Request) -> Response:
    """The document of the whole composition."""
    check_acceptable(request)
    body = documents(request).body()
    assert body is not None  # this very operation is in it
    return _json(request, body)


def group_openapi(request: Request) -> Response:
    """The document of one version of one group."""
    check_acceptable(request)
    addon, version = request.matchdict["addon"], request.matchdict["version"]
    body = documents(request).body(f"/api/{addon}/v{version}/")
    if body is None:
        raise Problem(404, "not_found", f"There is no API {addon!r} in version {version}")
    return _json(request, body)


def _json(request: Request, body: bytes) -> Response:
    """JSON with an ETag: clients keep it and ask whether it still holds."""
    response = json_response(body)
    tag_response(request, response, f'"{digest(body)}"')
    response.headers["Cache-Control"] = "no-cache"
    return response


def includeme(config: Configurator) -> None:
    """Register the three, public, for GET and HEAD."""
    config.registry.registerUtility(Documents(config.registry), IDocuments)
    for name, pattern, view in (
        ("talatat.api", "/api", index),
        ("talatat.openapi", "/api/openapi.json", openapi),
        ("talatat.group_openapi", r"/api/{addon}/v{version:\d+}/openapi.json", group_openapi),
    ):
        config.add_route(name, pattern)
        config.add_view(view, route_name=name, request_method="GET", permission="public")
