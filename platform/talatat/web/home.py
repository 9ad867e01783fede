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

from talatat.composition import PLATFORM, ComposedAddon, Composition

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
    """Addon -> the paths of its collections and pages -> whether anybody may look.

    Both are routes without a placeholder or an action: collections those under /api, pages those of addons
    elsewhere that anybody may get, such as the one to log in.
    """
    found: dict[str, dict[str, bool]] = {}
    public = _public_routes(registry)
    for entry in registry.introspector.get_category("routes") or ():
        route = entry["introspectable"]
        pattern = "/" + str(route.get("pattern", "")).lstrip("/")
        plain = not any(sign in pattern for sign in "{:*.")
        is_page = route.get("addon", PLATFORM) != PLATFORM and route["name"] in public
        if plain and (is_page or pattern.startswith("/api/")):
            found.setdefault(route.get("addon", ""), {})[pattern] = route["name"] in public
    return found


def _public_routes(registry: Registry) -> set[str]:
    """The routes that answer a GET of anybody.

    A view of any method is no answer where others of the route name theirs: it is what refuses all but these.
    """
    public: dict[str, list[bool]] = {}
    fallbacks: dict[str, list[bool]] = {}
    for entry in registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        methods = view.get("request_methods")
        open_to_all = any(
            other.category_name == "permissions" and other.discriminator == "public"
            for other in entry["related"]
        )
        taken = (public if methods else fallbacks).setdefault(view.get("route_name"), [])
        if methods is None or "GET" in methods:
            taken.append(open_to_all)
    return {name for name, views in {**fallbacks, **public}.items() if views and all(views)}


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
