"""The OpenAPI 3.1 document of a composition.

Everything in it follows from what addons declare: resources with their actions, hand-written Cornice
services, and the platform's own paths. Each operation has an operationId of its own, the addon it is
from (`x-addon`), the permission it asks for (`x-permission`), and each error that it can answer as a status of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from talatat.describing.completing import complete
from talatat.describing.cornice import describe_service
from talatat.describing.examples import exemplify
from talatat.describing.resource import describe_resource
from talatat.describing.shared import platform_paths, shared_components
from talatat.describing.sharing import share
from talatat.resources.services import ResourceService

Document = dict[str, Any]

ABOUT = """One set of conventions for everything that is composed here: {}.

Lists are pages with a cursor; filters are `field=value` and `field[op]=value`. A row has an `ETag`, which a write
sends back as `If-Match`. Every error is `application/problem+json` with a stable `code`. What a program does not
know (a further field, a further value of an enumeration, a further code) it passes over.
"""


def document_of(registry: Any) -> Document:
    """The document of all that `registry` serves below /api, and of its health."""
    system = registry.system
    paths: dict[str, Any] = {}
    components = shared_components(registry)
    for bound in system.resources.values():
        described, schemas = describe_resource(bound)
        _merge(paths, described)
        components["schemas"].update(schemas)
    services = getattr(registry, "cornice_services", {})
    for service in services.values():
        if not isinstance(service, ResourceService):
            described, schemas = describe_service(service, registry)
            _merge(paths, described)
            components["schemas"].update(schemas)
    _merge(paths, platform_paths(registry))
    _make_unique(paths)
    complete(paths, components)
    share(paths, components)
    addons = {addon.name: addon for addon in system.composition.addons}
    used = list(dict.fromkeys(tag for op in operations(paths) for tag in op["tags"]))
    document: Document = {
        "openapi": "3.1.0",
        "info": _info(registry, list(addons)),
        "servers": [{"url": "/", "description": "This server"}],
        "tags": [_tag(name, addons.get(name)) for name in sorted(used)],
        "paths": paths,
        "components": _used(paths, components),
    }
    exemplify(document)
    return document


def part_of(document: Document, prefix: str) -> Document:
    """The document of the paths that begin with `prefix`, with the components that they use."""
    paths = {path: item for path, item in document["paths"].items() if path.startswith(prefix)}
    used = {tag for op in operations(paths) for tag in op["tags"]}
    return {
        **document,
        "info": {**document["info"], "description": f"The paths below {prefix}"},
        "tags": [tag for tag in document["tags"] if tag["name"] in used],
        "paths": paths,
        "components": _used(paths, document["components"]),
    }


def _used(paths: dict[str, Any], components: Document) -> Document:
    """Those of `components` that `paths` refer to, directly or not, in their order."""
    names = {("securitySchemes", name) for name in components["securitySchemes"]}
    pending = list(references(paths))
    while pending:
        _, _, kind, name = pending.pop().split("/")
        if (kind, name) not in names:
            names.add((kind, name))
            pending += references(components[kind][name])
    return {
        kind: {name: entry for name, entry in entries.items() if (kind, name) in names}
        for kind, entries in components.items()
    }


def operations(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All operations of `paths`."""
    for item in paths.values():
        for member in item.values():
            if isinstance(member, dict) and "responses" in member:
                yield member


def references(part: Any) -> Iterator[str]:
    """Every `$ref` below `part`."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def _merge(paths: dict[str, Any], more: dict[str, Any]) -> None:
    for path, item in more.items():
        paths.setdefault(path, {}).update(item)


def _make_unique(paths: dict[str, Any]) -> None:
    taken: set[str] = set()
    for operation in operations(paths):
        name = base = operation["operationId"]
        number = 1
        while name in taken:
            number += 1
            name = f"{base}.{number}"
        operation["operationId"] = name
        taken.add(name)


def _info(registry: Any, addons: list[str]) -> Document:
    settings = registry.system.settings.platform
    found: Document = {
        "title": settings.api_title,
        "version": version("talatat"),
        "description": ABOUT.format(", ".join(addons) or "no addon"),
    }
    if settings.api_contact:
        found["contact"] = dict(settings.api_contact)
    if settings.api_license:
        found["license"] = dict(settings.api_license)
    return found


def _tag(name: str, addon: Any) -> dict[str, Any]:
    summary = getattr(addon, "summary", None) or "The platform's own"
    return {"name": name, "description": summary}
