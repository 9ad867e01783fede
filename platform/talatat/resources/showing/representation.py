"""Representations: rows as the API shows them, by functions that are compiled once per schema.

What is shown depends on the schema with its extensions, on `fields=` and on what the request may
read. Each combination is a `Projection`, compiled on first use and kept; showing a row is then one
call for each field. A resource without extensions and without field permissions has one projection.
"""

from __future__ import annotations

import datetime as dt
import decimal
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import colander
from sqlalchemy.orm.attributes import InstrumentedAttribute

from talatat.db.money_of import MoneyOf
from talatat.problems import bad_parameter
from talatat.resources.lately import Lately, is_short
from talatat.schema.types import JSONType, format_timestamp
from talatat.schema.types import Money as MoneyType

if TYPE_CHECKING:
    from talatat.resources.extensions import ExtensionFields

Tree = dict[str, "Tree | None"]
"""Wanted names; None is all of what is below, `{}` the empty object."""

Show = Callable[[Any], Any]
Entries = tuple[tuple[str, Show], ...]

KEPT_PROJECTIONS = 256


@dataclass(frozen=True)
class Projection:
    """Compiled: how each shown field is read from a row, and which extensions that needs."""

    entries: Entries
    addons: tuple[str, ...]

    @cached_property
    def _show(self) -> Show:
        return _shown(self.entries)

    def __call__(self, row: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._show(row)
        return found


class Representation:
    """All projections of one resource."""

    def __init__(
        self, schema: colander.SchemaNode, extensions: Iterable[ExtensionFields] = ()
    ) -> None:
        self.schema = schema
        self.extensions = tuple(extensions)
        nodes = [*schema.children, *(one.schema for one in self.extensions)]
        self.permissions = frozenset(_read_permissions(nodes))
        self._projections: Lately[tuple[str | None, frozenset[str]], Projection] = Lately(
            KEPT_PROJECTIONS
        )

    def projection(self, fields: str | None, may_read: Callable[[str], Any]) -> Projection:
        """The projection of `fields=` for somebody of whom `may_read(permission)` tells.

        Problem 400 for a field that is not one of the schema's.
        """
        held = frozenset(name for name in self.permissions if may_read(name))
        found = self._projections.get((fields, held))
        if found is None:
            found = self.compiled(None if fields is None else parse_fields(fields), held)
            if is_short(fields):
                self._projections.keep((fields, held), found)
        return found

    def compiled(self, wanted: Tree | None, held: frozenset[str]) -> Projection:
        """The projection of `wanted` for somebody who holds the permissions `held`."""
        entries = _entries(self.schema, wanted, held)
        names = {node.name for node in _readable(self.schema)}
        addons = []
        for one in self.extensions:
            names.add(one.addon)
            if wanted is not None and one.addon not in wanted:
                continue
            inner = wanted[one.addon] if wanted is not None else None
            shown = tuple(_entries(one.schema, inner, held, one.addon + "."))
            if shown or inner == {}:  # wanted for what is expanded in it
                entries.append((one.addon, ExtensionObject(one.addon, one.of, shown)))
                addons.append(one.addon)
        for name in wanted or ():
            if name not in names:
                raise _unknown_field(name)
        return Projection(tuple(entries), tuple(addons))


def parse_fields(text: str) -> Tree:
    """The tree of `fields=a,b.c`; Problem 400 where a name is empty."""
    tree: Tree = {}
    for path in text.split(","):
        at: Tree = tree
        *parents, last = path.strip(" ").split(".")
        if not last or not all(parents):
            raise bad_parameter("fields", "must be names with commas between them, such as id,name")
        for name in parents:
            below = at.setdefault(name, {})
            if below is None:  # all of it is wanted already
                break
            at = below
        else:
            at[last] = None
    return tree


def _unknown_field(name: str) -> Exception:
    return bad_parameter("fields", f"{name!r} is not a field", "unknown_field")


def _readable(schema: colander.SchemaNode) -> list[colander.SchemaNode]:
    return [node for node in schema.children if not getattr(node, "write_only", False)]


def _read_permissions(nodes: Iterable[colander.SchemaNode]) -> Iterable[str]:
    for node in nodes:
        permission = getattr(node, "read_permission", None)
        if permission is not None:
            yield permission
        yield from _read_permissions(node.children)


def _entries(
    schema: colander.SchemaNode, wanted: Tree | None, held: frozenset[str], prefix: str = ""
) -> list[tuple[str, Show]]:
    nodes = _readable(schema)
    if wanted is not None and prefix:
        known = {node.name for node in nodes}
        for name in wanted:
            if name not in known:
                raise _unknown_field(prefix + name)
    found: list[tuple[str, Show]] = []
    for node in nodes:
        if wanted is not None and node.name not in wanted:
            continue
        permission = getattr(node, "read_permission", None)
        if permission is None or permission in held:
            below = wanted[node.name] if wanted is not None else None
            found.append((node.name, _field(node, below, held, prefix)))
    return found


class Field:
    """Row -> JSON value of one field: an attribute, and how its value is written where it is not None.

    `attribute` is its name on the row, or a function of the row.
    """

    __slots__ = ("attribute", "get", "plain", "write")

    def __init__(self, attribute: str | Show, write: Show, plain: Any) -> None:
        self.attribute = attribute
        self.get: Show = attribute if callable(attribute) else attrgetter(attribute)
        self.write = write
        self.plain = plain

    def __call__(self, row: Any) -> Any:
        value = self.get(row)
        return self.plain if value is None else self.write(value)


class ExtensionObject:
    """Row -> the object of an extension. Where there is no row yet, defaults or null are shown."""

    __slots__ = ("addon", "entries", "get")

    def __init__(self, addon: str, get: Show, entries: Entries) -> None:
        self.addon = addon
        self.get = get
        self.entries = entries

    def __call__(self, row: Any) -> dict[str, Any]:
        return self.of(self.get(row))

    def of(self, extension: Any) -> dict[str, Any]:
        """The object of an extension's own row, or of None."""
        if extension is None:
            extension = _BLANK
        return {name: show(extension) for name, show in self.entries}


def _field(node: Any, wanted: Tree | None, held: frozenset[str], prefix: str) -> Field:
    """Row -> JSON value of one field."""
    attribute = getattr(node, "attribute", None) or node.name
    write = shower(node, wanted, held, prefix)
    default = node.default if getattr(node, "sparse", False) else None
    plain = None if default in (None, colander.null, colander.drop) else write(default)
    return Field(attribute, write, plain)


class _Blank:
    """Stands for a sparse extension without a row: every attribute is None."""

    def __getattr__(self, name: str) -> None:
        return None


_BLANK = _Blank()


def as_it_is(value: Any) -> Any:
    return value


def _shown(entries: Entries) -> Show:
    """Row -> its object. A field is no call of its own here: it is what most of showing an entity would cost.

    What an entity's fields are is found out once for each class: a column that is loaded is in the `__dict__`.
    """
    known: dict[type[Any], tuple[bool, list[Any]]] = {}

    def show(row: Any) -> dict[str, Any]:
        found = known.get(type(row))
        if found is None:
            fields = [(name, *_reading(type(row), one)) for name, one in entries]
            found = any(column is not None for _, column, *_ in fields), fields
            if len(known) < KEPT_PROJECTIONS:
                known[type(row)] = found
        mapped, fields = found
        loaded = row.__dict__ if mapped else _NOTHING
        shown = {}
        for name, column, get, write, plain in fields:
            value = loaded[column] if column in loaded else get(row)
            if value is None:
                shown[name] = plain
            else:
                shown[name] = value if write is None else write(value)
        return shown

    return show


_NOTHING: Mapping[Any, Any] = {}


def _reading(kind: type[Any], one: Show) -> tuple[str | None, Show, Show | None, Any]:
    """(the column that holds it, if any, what reads it, what writes it, what is shown for None) of a class."""
    if not isinstance(one, Field):
        return None, one, None, None
    money = money_of(kind, one)
    if money is not None and hasattr(kind, "__mapper__"):
        return None, money.show, None, None
    name = one.attribute
    member = inspect.getattr_static(kind, name, None) if isinstance(name, str) else None
    column = str(name) if isinstance(member, InstrumentedAttribute) else None
    return column, one.get, None if one.write is as_it_is else one.write, one.plain


def money_of(kind: type[Any], field: Field) -> MoneyOf | None:
    """The columns that a field shows as money, as the platform writes it; None where it does not."""
    member = inspect.getattr_static(kind, str(field.attribute), None)
    write = getattr(field.write, "__func__", field.write)
    written = write is MoneyType.to_json and field.plain is None
    return member if written and isinstance(member, MoneyOf) else None


def _part(node: Any, wanted: Tree, prefix: str) -> Show:
    """The wanted members of a value that is an object: money, or an open map, whose names are free."""
    members = getattr(node.typ, "members", ())
    for name, below in wanted.items():
        if members is not None and (name not in members or below is not None):
            raise _unknown_field(f"{prefix}{node.name}.{name}")
    write: Show = node.typ.to_json
    return lambda value: _picked(write(value), wanted)


def _picked(value: Any, wanted: Tree) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: value[name] if below is None else _picked(value[name], below)
        for name, below in wanted.items()
        if name in value
    }


def shower(
    node: Any, wanted: Tree | None = None, held: frozenset[str] = frozenset(), prefix: str = ""
) -> Show:
    """Python value (not None) -> what orjson writes, by the type of `node`."""
    typ = node.typ
    if isinstance(typ, colander.Mapping):
        return _mapping(node, wanted, held, f"{prefix}{node.name}.")
    if isinstance(typ, colander.Sequence):
        return _list(node, wanted, held, prefix)
    if wanted is not None:
        return _part(node, wanted, prefix)
    if isinstance(typ, JSONType) or hasattr(typ, "to_json"):
        write: Show = typ.to_json
        return write
    for kinds, show in _SHOWERS:
        if isinstance(typ, kinds):
            return show
    return lambda value: _plain(node.serialize(value))


def _mapping(node: Any, wanted: Tree | None, held: frozenset[str], prefix: str) -> Show:
    show = _shown(tuple(_entries(node, wanted, held, prefix)))
    is_mapping: Callable[[Any], bool] = _is_mapping
    return lambda value: show(_Members(value) if is_mapping(type(value)) else value)


@lru_cache(maxsize=KEPT_PROJECTIONS)
def _is_mapping(kind: Any) -> bool:
    return issubclass(kind, Mapping)


def _list(node: Any, wanted: Tree | None, held: frozenset[str], prefix: str) -> Show:
    inner = node.children[0]
    item = shower(inner, wanted, held, f"{prefix}{node.name}.".removesuffix(f"{inner.name}."))
    if item is as_it_is:
        return list
    return lambda value: [None if one is None else item(one) for one in value]


class _Members:
    """A dict read like an object."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values.get(name)


def _plain(value: Any) -> Any:
    return None if value is colander.null else value


def moment(value: Any) -> str:
    return format_timestamp(value) if isinstance(value, dt.datetime) else str(value)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, decimal.Decimal) else value


_SHOWERS: tuple[tuple[Any, Show], ...] = (
    ((colander.String, colander.Integer, colander.Boolean), as_it_is),
    (colander.Decimal, lambda value: format(decimal.Decimal(value), "f")),
    (colander.Float, _number),
    (colander.DateTime, moment),
    ((colander.Date, colander.Time), lambda value: value.isoformat()),
)
