"""Who did this? Every route, view, field, column, setting, permission and override answers.

The introspector of the composed registry knows the addon and the line of everything that was declared;
the record of overrides knows what lost. This room only looks things up by the names that a person
would use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any

from talatat.composition import PLATFORM
from talatat.configuration.provenance import Override, line_of, line_of_attribute, line_of_code
from talatat.db.base import bases_of
from talatat.errors import TalatatError
from talatat.settings import MASK, PlatformSettings, Setting, mask_url
from talatat.system import System

# What Pyramid records twice, or only to say that somebody asks for a permission.
SILENT = frozenset(
    {"permissions", "templates", "talatat settings", "view predicates", "route predicates"}
    | {"subscriber predicates", "view derivers", "accept view order", "renderer factories"}
)


@dataclass(frozen=True)
class Finding:
    """One thing that answers to a name: what it is, who declared it where, what it says and replaced."""

    kind: str
    what: str
    addon: str
    place: str
    says: dict[str, Any] = field(default_factory=dict)
    replaced: list[Override] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)


def why(registry: Any, what: str) -> list[Finding]:
    """All findings for `what`: a route's name or path, a view's dotted name, a field
    (`addon.resource.field`), a table or column, a setting's key, a permission, an asset.

    Raises `TalatatError` with the nearest known names where there is none.
    """
    named = list(_named(registry))
    path = what.partition(" ")[2] if what.split(" ", maxsplit=1)[0].isupper() else what
    found = [finding for names, finding in named if what in names or path in names]
    found += _by_path(registry, path, named)
    if not found:
        known = sorted({name for names, _ in named for name in names})
        near = get_close_matches(what, known, 5, 0.5)
        raise TalatatError(
            f"nothing in this composition is called {what!r}."
            + (f" Near it: {', '.join(near)}." if near else "")
            + " Name a route, path, view, addon.resource.field, table.column, setting or permission."
        )
    return list({(f.kind, f.what, f.place): f for f in found}.values())


def _named(registry: Any) -> Iterator[tuple[set[str], Finding]]:
    system: System = registry.system
    yield from _introspected(registry, system)
    yield from _settings(registry, system)
    yield from _fields(system)
    yield from _columns(system)


def _introspected(registry: Any, system: System) -> Iterator[tuple[set[str], Finding]]:
    for category in registry.introspector.categories():
        if category in SILENT:
            continue
        for entry in registry.introspector.get_category(category):
            intr = entry["introspectable"]
            names = set(_names(category, intr))
            place = line_of(intr.action_info)
            yield (
                names,
                Finding(
                    intr.type_name,
                    str(_title(category, intr)),
                    intr.get("addon", PLATFORM),
                    place,
                    _says(intr, entry["related"]),
                    _replaced(system, intr.type_name, place),
                ),
            )


def _names(category: str, intr: Any) -> Iterable[str]:
    if intr.title not in (None, "", "None"):  # settings of the whole registry have no name
        yield str(intr.title)
    if isinstance(intr.discriminator, str):
        yield intr.discriminator
    for key in ("name", "pattern", "route_name", "key", "to_override", "target"):
        if isinstance(intr.get(key), str) and intr[key]:
            yield intr[key]
    for key in ("callable", "subscriber", "event", "factory", "model", "extension"):
        target = intr.get(key)
        if target is not None and hasattr(target, "__qualname__"):
            yield f"{target.__module__}.{target.__qualname__}"
        if isinstance(target, type) and hasattr(target, "__tablename__"):
            yield target.__tablename__


def _title(category: str, intr: Any) -> str:
    target = intr.get("callable")
    if category == "views" and hasattr(target, "__qualname__"):
        return f"{target.__module__}.{target.__qualname__}"
    return str(intr.get("name") or intr.title)


def _says(intr: Any, related: Iterable[Any]) -> dict[str, Any]:
    says = {
        key: intr[key]
        for key in ("pattern", "route_name", "request_methods", "title", "default", "presence")
        if intr.get(key) not in (None, "", ())
    }
    if intr.get("callable") is not None and intr.type_name != "setting":
        says["code"] = line_of_code(intr["callable"])
    for other in related:
        if intr.type_name == "view" and other.category_name == "permissions":
            says["permission"] = other["value"]
    return {key: str(value) for key, value in says.items()}


def _replaced(system: System, kind: str, place: str) -> list[Override]:
    return [one for one in system.overrides if one.kind == kind and one.place == place]


def _settings(registry: Any, system: System) -> Iterator[tuple[set[str], Finding]]:
    for key, setting in system.settings.known.items():
        intr = registry.introspector.get("talatat setting defaults", key)
        raw = system.settings.raw.get(key)
        value = setting.default if raw is None else mask_url(raw)
        by = intr.get("addon", setting.owner) if intr is not None else setting.owner
        says = {
            "value": MASK if setting.secret and raw is not None else str(value),
            "set at": system.settings.ini.at(key) if raw is not None else _default_of(by, setting),
            "meaning": setting.description,
        }
        place = line_of(intr.action_info) if intr is not None else _platform_line(key)
        overrides = _replaced(system, "setting", place)
        yield {key}, Finding("setting", key, setting.owner, place, says, overrides)


def _default_of(by: str, setting: Setting) -> str:
    return "nowhere: the default" + (f" of {by}" if by != setting.owner else "")


def _platform_line(key: str) -> str:
    """The line of one of the platform's own settings, which stand in one schema."""
    for node in PlatformSettings().children:
        if node.key == key:
            return line_of_attribute(PlatformSettings, node.name)
    return line_of_code(PlatformSettings)


def _by_path(registry: Any, path: str, named: list[tuple[set[str], Finding]]) -> Iterator[Finding]:
    """The route that a request for `path` would take, and its views."""
    if not path.startswith("/"):
        return
    from pyramid.interfaces import IRoutesMapper
    from pyramid.request import Request

    mapper = registry.queryUtility(IRoutesMapper)
    request = Request.blank(path)
    request.registry = registry
    route = mapper(request)["route"] if mapper is not None else None
    if route is not None:
        yield from (f for names, f in named if route.name in names)


def _fields(system: System) -> Iterator[tuple[set[str], Finding]]:
    """Fields of resources: the owner's, and those that other addons add under their own names."""
    for resource in system.resources.values():
        for node in resource.schema.children:
            name = f"{resource.full_name}.{node.name}"
            owner = resource.introspectable.get("addon", PLATFORM)
            yield {name}, _field(name, owner, type(resource.schema), resource.model, node)
        for one in resource.extensions:
            for node in one.schema.children:
                name = f"{resource.full_name}.{one.addon}.{node.name}"
                model = one.attachment.extension
                yield {name}, _field(name, one.addon, type(one.schema), model, node)


def _field(name: str, addon: str, schema: type[Any], model: type[Any], node: Any) -> Finding:
    """A field's line: that of its schema, or of its model where the schema was derived from it."""
    derived = schema.__module__.startswith(("talatat.", "colander"))
    place = line_of_attribute(model if derived else schema, node.name)
    says = {
        "type": type(node.typ).__name__,
        "meaning": str(node.description or ""),
        "read permission": getattr(node, "read_permission", None),
        "write permission": getattr(node, "write_permission", None),
    }
    return Finding("field", name, addon, place, {k: v for k, v in says.items() if v})


def _columns(system: System) -> Iterator[tuple[set[str], Finding]]:
    """Tables and columns of every composed addon's models."""
    for addon in system.composition.addons:
        for base in bases_of(addon.package):
            for mapper in base.registry.mappers:
                yield from _columns_of(addon.name, mapper)


def _columns_of(addon: str, mapper: Any) -> Iterator[tuple[set[str], Finding]]:
    table, model = mapper.local_table, mapper.class_
    yield {table.name}, Finding("table", table.name, addon, line_of_code(model))
    for attribute in mapper.column_attrs:
        for column in attribute.columns:
            name = f"{table.name}.{column.name}"
            place = line_of_attribute(model, attribute.key)
            yield {name}, Finding("column", name, addon, place, {"type": str(column.type)})
