"""`/`: a page for people. What this is, which addons are composed, where to go next.

Everything on it is read from the composition, so it is right for every system. It asks nothing of the
database and loads nothing from elsewhere.
"""

from collections.abc import Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import IRoutesMapper
from pyramid.registry import Registry
from pyramid.request import Request

from talatat.composition import ComposedAddon, Composition

NEXT = (
    ("docs", "/docs", "Documentation", "Every operation of every addon, to read and to try"),
    ("api", "/api", "API", "Groups, versions and limits, for programs"),
    ("openapi", "/api/openapi.json", "OpenAPI", "The whole interface as one document"),
    ("readyz", "/readyz", "Readiness", "Whether the database is at this composition"),
)


def home(request: Request) -> dict[str, Any]:
    """What the template shows."""
    composition: Composition = request.registry.system.composition
    groups = _groups(request.registry)
    return {
        "addons": [_shown(addon, groups.get(addon.name, {})) for addon in composition.addons],
        "left_out": sorted(composition.left_out),
        "links": [link for link in NEXT if _answers(request, link[1])],
        "ini": composition.ini.uri.rsplit("/", 1)[-1],
        "development": request.registry.system.settings.platform.development,
    }


def _shown(addon: ComposedAddon, paths: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "name": addon.name,
        "version": addon.version,
        "summary": addon.summary,
        "implied": addon.implied,
        "requires": addon.requires,
        "paths": sorted(paths.items()),
    }


def _groups(registry: Registry) -> dict[str, dict[str, bool]]:
    """Addon -> its collections' paths -> whether anybody may look.

    Collections are routes under /api without a placeholder or an action.
    """
    found: dict[str, dict[str, bool]] = {}
    public = _public_routes(registry)
    for entry in registry.introspector.get_category("routes") or ():
        route = entry["introspectable"]
        pattern = "/" + str(route.get("pattern", "")).lstrip("/")
        plain = not any(sign in pattern for sign in "{:*.")
        if plain and pattern.startswith("/api/"):
            found.setdefault(route.get("addon", ""), {})[pattern] = route["name"] in public
    return found


def _public_routes(registry: Registry) -> set[str]:
    """The routes that answer a GET of anybody."""
    return {
        entry["introspectable"].get("route_name")
        for entry in registry.introspector.get_category("views") or ()
        if "GET" in (entry["introspectable"].get("request_methods") or ("GET",))
        and any(
            other.category_name == "permissions" and other.discriminator == "public"
            for other in entry["related"]
        )
    }


def _answers(request: Request, path: str) -> bool:
    """Whether a route of this composition takes the path."""
    mapper = request.registry.getUtility(IRoutesMapper)
    return any(
        "/" + route.pattern.lstrip("/") == path and route.match(path) is not None
        for route in mapper.get_routes()
    )


def includeme(config: Configurator) -> None:
    """Register the page and its style sheet, both public."""
    config.include("pyramid_jinja2")
    config.add_static_view(
        "static/talatat", "talatat.web:static", cache_max_age=3600, permission="public"
    )
    config.add_route("talatat.home", "/", request_method="GET")
    config.add_view(
        home,
        route_name="talatat.home",
        renderer="talatat.web:templates/home.jinja2",
        permission="public",
    )
