"""`/docs`: the OpenAPI documents in Swagger UI, from assets of this package.

The page holds no script of its own and asks nothing of other servers, so the strict content security
policy of all pages is its own too: `docs.js` reads from it which documents there are, that of the whole
composition and each group's. Without scripts it shows links. The files below `assets/swagger-ui` are
brought there by `make vendor` and are not edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from talatat.web.api import documents

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request


def docs(request: Request) -> dict[str, Any]:
    """What the template shows: the documents, first that of everything."""
    root = request.script_name
    found = [{"name": "everything", "url": f"{root}/api/openapi.json"}]
    found += [
        {"name": f"{addon} {version}", "url": f"{root}/api/{addon}/{version}/openapi.json"}
        for addon, versions in sorted(documents(request).groups().items())
        for version in sorted(versions)
    ]
    return {"documents": found, "urls": orjson.dumps(found).decode()}


def includeme(config: Configurator) -> None:
    """Register the page and the assets, all public."""
    config.include("pyramid_jinja2")
    config.add_static_view(
        "docs/assets", "talatat.web:assets", cache_max_age=3600, permission="public"
    )
    config.add_route("talatat.docs", "/docs")
    config.add_view(
        docs,
        route_name="talatat.docs",
        request_method="GET",
        renderer="talatat.web:templates/docs.jinja2",
        permission="public",
    )
