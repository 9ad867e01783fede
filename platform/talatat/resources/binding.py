"""What a resource declares by name, found on its model: schema, filters, orders.

Each function returns what it found and a sentence for each name that it did not find.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import colander
import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, RelationshipProperty
from sqlalchemy.orm.attributes import QueryableAttribute

from talatat.db import Encrypted
from talatat.resources.bound import BoundResource
from talatat.resources.declaration import Resource
from talatat.resources.extensions import ExtensionFields, attribute_of
from talatat.resources.listing.filters import Filter, column_filter, custom_filter
from talatat.resources.listing.ordering import SortKey
from talatat.resources.listing.querying import RESERVED
from talatat.schema.derive import limit_by_column, node_of, schema_of, type_of
from talatat.schema.types import UUID, Decimal, Timestamp

DEEPEST = 2


def schema_instance(declaration: type[Resource], system: Any) -> Any:
    """The schema of a resource, bound to the system: its own, or one derived from the model."""
    schema = schema_of(declaration.model) if declaration.schema is None else declaration.schema()
    schema = schema.bind(system=system)
    columns = sa.inspect(declaration.model).columns
    if "id" not in schema and "id" in columns:  # no client could do without
        schema.children.insert(0, node_of("id", columns["id"]))
    limit_by_columns(schema, declaration.model)
    return schema


def limit_by_columns(schema: Any, model: type[Any]) -> None:
    """Let each field refuse what its column cannot hold. `schema` is a bound copy, so it may change."""
    columns = {one.key: one.columns[0] for one in sa.inspect(model).column_attrs}
    for node in schema.children:
        column = columns.get(attribute_of(node))
        if column is None:
            continue
        node.encrypted = isinstance(column.type, Encrypted)  # see security.checks
        if not getattr(node, "read_only", False):
            limit_by_column(node, column.type)


# Which columns, by the type that a field of theirs has, take what a plain colander type reads.
_WRITES: dict[type, tuple[type, ...]] = {
    colander.String: (colander.String,),
    colander.Integer: (colander.Integer, colander.Float, Decimal),
    colander.Float: (colander.Float, Decimal),
    colander.Boolean: (colander.Boolean,),
    colander.Date: (colander.Date,),
    colander.Time: (colander.Time,),
}
_PLAIN = (*_WRITES, UUID, Decimal, Timestamp)


def mistyped(schema: Any, model: type[Any], place: str) -> list[str]:
    """A problem for each plain field whose column takes no value of its type: each write of it would fail."""
    found = []
    columns = {one.key: one.columns[0] for one in sa.inspect(model).column_attrs}
    for node in schema.children:
        column, said = columns.get(attribute_of(node)), type(node.typ)
        if (
            column is None
            or said not in _WRITES
            or node.preparer
            or getattr(node, "read_only", False)
        ):
            continue
        held = type(type_of(column.type)[0])
        if held in _PLAIN and held not in _WRITES[said]:
            found.append(
                f"{place}: the field {node.name!r} is a colander.{said.__name__}, and its column "
                f"{model.__qualname__}.{column.key} ({column.type!r}) holds no such value. Make it "
                f"colander.SchemaNode({_spelled(held)}(), ...), or give it a preparer that makes one."
            )
    return found


def _spelled(typ: type) -> str:
    room = "talatat.schema" if typ.__module__.startswith("talatat.") else "colander"
    return f"{room}.{typ.__name__}"


def permitted_below(schema: Any, place: str) -> list[str]:
    """A problem for each permission of a part of a field that is written: a field is written as a whole."""
    found = []
    for node in schema.children:
        if getattr(node, "read_only", False):
            continue
        for name, key in _permitted(node):
            found.append(
                f"{place}: {name} has a {key}, but {node.name!r} is written as a whole. Say the {key} "
                f"on {node.name!r} itself, make {node.name!r} read_only, or make a field of its own of it."
            )
    return found


def _permitted(node: Any) -> Iterator[tuple[str, str]]:
    """(name, key) for each permission below a field."""
    for child in node.children:
        for key in ("read_permission", "write_permission"):
            if getattr(child, key, None):
                yield f"{node.name}.{child.name}", key
        yield from ((f"{node.name}.{name}", key) for name, key in _permitted(child))


def bound_filters(
    bound: BoundResource, schema: Any, extensions: Iterable[ExtensionFields]
) -> tuple[dict[str, Filter], list[str]]:
    """The filters of a resource, those of the extensions' schemas (`filters = (...)`) included."""
    declared = _as_mapping(bound.declaration.filters)
    found: dict[str, Filter] = {}
    problems: list[str] = []
    for name, given in {"id": None, **declared}.items():
        _add(found, problems, "filters", name, lambda: _filter(bound.model, schema, name, given))  # noqa: B023  # called at once
    for one in extensions:
        for name in getattr(one.schema, "filters", ()):
            full = f"{one.addon}.{name}"
            column = getattr(one.attachment.extension, _attribute(one.schema, name), None)
            path = (getattr(bound.model, one.addon),)
            _add(found, problems, "filters", full, lambda: column_filter(full, column, path))  # noqa: B023
    return found, problems


def bound_sorts(bound: BoundResource, schema: Any) -> tuple[dict[str, SortKey], list[str]]:
    """The sort keys of a resource; the id is always one."""
    declared = _as_mapping(bound.declaration.sorts)
    names = {name.removeprefix("-") for name in bound.declaration.default_sort}
    found: dict[str, SortKey] = {}
    problems: list[str] = []
    for name, given in {"id": None, **dict.fromkeys(names), **declared}.items():
        _add(found, problems, "sorts", name, lambda: _sort(bound.model, schema, name, given))  # noqa: B023
    return found, problems


def _add(found: Any, problems: list[str], attribute: str, name: str, make: Any) -> None:
    try:
        found[name] = make()
    except LookupError as error:
        problems.append(f"{attribute} names {name!r}: {error.args[0]}")


def _as_mapping(declared: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    return dict(declared) if isinstance(declared, Mapping) else dict.fromkeys(declared)


def _filter(model: type[Any], schema: Any, name: str, given: Any) -> Filter:
    _refuse_write_only(schema, name)
    if name in RESERVED:
        raise LookupError(
            "every list has a parameter of this name. Give the filter another one: "
            f"filters = {{{name + '_is'!r}: {model.__qualname__}.{name}, ...}}."
        )
    if given is not None and not isinstance(given, sa.sql.ColumnElement | QueryableAttribute):
        return custom_filter(name, given)
    path: list[Any] = []
    column = given
    if column is None:
        column, path = _resolve(model, schema, name)
    _refuse_encrypted(column)
    try:
        return column_filter(name, column, path)
    except LookupError as error:
        raise LookupError(
            f"values of {column} ({error.args[0]}) cannot be written in a URL. Give a function: "
            f"filters = {{{name!r}: fn(query, name, op, value)}}."
        ) from None


def _resolve(model: type[Any], schema: Any, name: str) -> tuple[Any, list[Any]]:
    """(column, relationships on the way to it) for a field name such as "sku" or "lines.product_id"."""
    *parents, last = name.split(".")
    if len(parents) > DEEPEST:
        raise LookupError(f"relations are followed {DEEPEST} deep at most.")
    path = []
    for parent in parents:
        relation: Any = getattr(model, parent, None)
        if not isinstance(getattr(relation, "property", None), RelationshipProperty):
            raise LookupError(f"{model.__qualname__} has no relationship {parent!r}.")
        path.append(relation)
        model = relation.property.mapper.class_
    return _column(model, last if parents else _attribute(schema, last)), path


def _refuse_write_only(schema: Any, name: str) -> None:
    if name in schema and getattr(schema[name], "write_only", False):
        raise LookupError(
            "it is write_only: whoever asks by it finds out what it holds. Leave it out."
        )


def _refuse_encrypted(column: Any) -> None:
    if isinstance(getattr(column, "type", None), Encrypted):
        raise LookupError(f"{column} is encrypted, and cannot be compared. Leave it out.")


def _sort(model: type[Any], schema: Any, name: str, given: Any) -> SortKey:
    _refuse_write_only(schema, name)
    column = given if given is not None else _column(model, _attribute(schema, name))
    _refuse_encrypted(column)
    return SortKey(name, column, nullable=_nullable(column))


def _nullable(column: Any) -> bool:
    expression = column.expression if isinstance(column, QueryableAttribute) else column
    return bool(getattr(expression, "nullable", True))


def _attribute(schema: Any, name: str) -> str:
    return attribute_of(schema[name]) if name in schema else name


def _column(model: type[Any], attribute: str) -> Any:
    column = getattr(model, attribute, None)
    is_column = isinstance(column, InstrumentedAttribute) and hasattr(column.property, "columns")
    if is_column or (isinstance(column, QueryableAttribute) and hasattr(column, "type")):
        return column
    if isinstance(column, sa.sql.ColumnElement):  # a hybrid
        return column
    names = [one.key for one in sa.inspect(model).column_attrs]
    near = get_close_matches(attribute, names, 1, 0.6)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise LookupError(f"{model.__qualname__} has no column {attribute!r}.{hint}")
