"""Routes, views, tweens and overrides, as a plan compares them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyramid.request import Request

from talatat.composition import PLATFORM
from talatat.configuration.provenance import digest, source_of
from talatat.security.csrf import SAFE_METHODS
from talatat.system import System

# Predicates that distinguish two views of one route, beside the request method.
PREDICATES = (
    "request_param",
    "xhr",
    "accept",
    "header",
    "path_info",
    "match_param",
    "containment",
    "context",
    "effective_principals",
)

# What an addon may put around all views or onto all requests: its category, where its code stands there,
# and what it is called.
AROUND = (
    ("view derivers", "deriver", "view deriver"),
    ("request extensions", "callable", "request method"),
    ("root factories", "factory", "root factory"),
    ("session factory", "factory", "session factory"),
    ("default permission", "value", "default permission"),
)

# Where the views are defined that answer 405 for a method which no other view of a route takes.
FALLBACKS = ("talatat.resources.services", "cornice.pyramidhook")


def entries(registry: Any, category: str) -> Iterator[tuple[Any, list[Any]]]:
    """(introspectable, related ones) of a category, in the order in which they were registered."""
    for entry in registry.introspector.get_category(category) or ():
        yield entry["introspectable"], entry["related"]


def routes_of(registry: Any) -> dict[str, Any]:
    """{route: {addon, pattern, methods, factory}}, in no order: see `shadows_of`."""
    return {
        intr["name"]: {
            "addon": intr.get("addon", PLATFORM),
            "pattern": intr["pattern"],
            "methods": _words(intr.get("request_methods")),
            "factory": dotted(intr.get("factory")),
        }
        for intr, _ in entries(registry, "routes")
    }


def views_of(registry: Any) -> dict[str, Any]:
    """{what the view answers: {addon, route, permission, csrf, errors, code, fingerprint, within}}.

    `permission` is None where nobody asks for one; `csrf` False where the view takes unsafe requests of
    a browser without a token; `errors` says that it shows errors and does nothing else; `within` is what
    is written around it: decorator, mapper.
    """
    found: dict[str, Any] = {}
    for intr, related in entries(registry, "views"):
        permissions = [one["value"] for one in related if one.category_name == "permissions"]
        target = intr.get("callable")
        key = _key(intr)
        number = sum(1 for known in found if known.partition("#")[0] == key)
        found[f"{key}#{number}" if number else key] = {
            "addon": intr.get("addon", PLATFORM),
            "route": intr.get("route_name"),
            "permission": permissions[0] if permissions else None,
            "csrf": intr.get("require_csrf") is not False or _is_safe(intr),
            "errors": _is_of_errors(intr),
            "code": dotted(target),
            "fingerprint": digest(source_of(target)) if target is not None else None,
            "within": [dotted(intr[one]) for one in ("decorator", "mapper") if intr.get(one)],
        }
    return found


def _is_safe(intr: Any) -> bool:
    methods = _words(intr.get("request_methods"))
    return bool(methods) and SAFE_METHODS.issuperset(methods)


def _is_of_errors(intr: Any) -> bool:
    defined_in = getattr(intr.get("callable"), "__globals__", {}).get("__name__")
    if defined_in in FALLBACKS and not intr.get("request_methods"):
        return True
    context = intr.get("context")
    error = isinstance(context, type) and issubclass(context, BaseException)
    return bool(intr.get("exception_only")) or error or "Exception" in str(dotted(context))


def _key(intr: Any) -> str:
    """`route orders.receipt GET`: what a view answers, by its route or name and its predicates."""
    head = (
        f"route {intr['route_name']}"
        if intr.get("route_name")
        else f"view {intr.get('name', '')!r}"
    )
    parts = [head, *_words(intr.get("request_methods"))]
    for name in PREDICATES:
        value = intr.get(name)
        if value not in (None, (), ""):
            parts.append(f"{name}={dotted(value)}")
    return " ".join(parts)


def _words(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else sorted(str(one) for one in value)


def dotted(target: Any) -> str | None:
    """A name for a class, function, interface or plain value; the same on every machine."""
    if target is None:
        return None
    if isinstance(target, str | int | bool):
        return str(target)
    if isinstance(target, list | tuple):
        return ",".join(str(dotted(one)) for one in target)
    if isinstance(target, set | frozenset):
        return ",".join(sorted(str(dotted(one)) for one in target))
    name = getattr(target, "__qualname__", None) or getattr(target, "__name__", None)
    return f"{target.__module__}.{name or type(target).__qualname__}"


def tweens_of(registry: Any) -> dict[str, str]:
    """{tween: addon}."""
    return {intr["name"]: intr.get("addon", PLATFORM) for intr, _ in entries(registry, "tweens")}


def around_of(registry: Any) -> dict[str, Any]:
    """{kind and name: {addon, code, hides}}: what addons put around all views or onto all requests.

    `hides` says that a method of each request is another now: `has_permission` decides for all views.
    """
    found: dict[str, Any] = {}
    for category, key, kind in AROUND:
        for intr, _ in entries(registry, category):
            name = intr.discriminator
            own_route = category == "root factories" and name is not None
            if own_route or intr.get("addon", PLATFORM) == PLATFORM:
                continue
            hides = kind == "request method" and hasattr(Request, str(name))
            found[f"{kind} {name}" if name else kind] = {
                "addon": intr["addon"],
                "code": dotted(intr[key]),
                "hides": hides,
            }
    return found


def overrides_of(system: System) -> list[dict[str, Any]]:
    """[{kind, what, addon, replaces, fingerprint, place, replaced_place}], sorted.

    What an addon replaced of another, with the fingerprint of what was replaced; places begin at the
    packages (`acme_shop/views.py:12`), None where one is none of a package.
    """
    packages = {one.name: one.package.partition(".")[0] for one in system.composition.addons}
    packages[PLATFORM] = PLATFORM
    found = [
        {
            "kind": one.kind,
            "what": one.what,
            "addon": one.addon,
            "replaces": one.replaced_addon,
            "fingerprint": one.fingerprint,
            "place": _place(one.place, packages.get(one.addon)),
            "replaced_place": _place(one.replaced_place, packages.get(one.replaced_addon)),
        }
        for one in system.overrides
    ]
    return sorted(found, key=lambda one: (one["kind"], one["what"], one["addon"]))


def _place(shown: str, package: str | None) -> str | None:
    """The part of a place that is the same wherever the package is installed."""
    path = Path(shown).resolve().as_posix()
    _, found, rest = path.rpartition(f"/{package}/")
    return f"{package}/{rest}" if found else None
