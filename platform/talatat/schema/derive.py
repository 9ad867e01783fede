"""A colander schema derived from a mapped class, for resources that declare none.

One node for each column: its type, length, nullability and default say what a body may hold. The
columns that the platform itself keeps (`id`, `created_at`, `updated_at`) are read-only, `version`
is the ETag's and is left out, and so is a column that is `Encrypted` or marked `info={"private": True}`.
"""

from __future__ import annotations

from typing import Any

import colander
import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from talatat.schema import types

READ_ONLY = frozenset({"id", "created_at", "updated_at"})
HIDDEN = frozenset({"version"})
INT32 = 2**31


def schema_of(model: type) -> colander.MappingSchema:
    """The schema of all columns of `model`, in the order of their declaration."""
    mapper: Mapper[Any] = sa.inspect(model)
    schema = colander.MappingSchema(title=model.__name__, description=_summary(model))
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if attribute.key in HIDDEN or not isinstance(column, sa.Column):
            continue
        private = column.info.get("private") or isinstance(column.type, ENCRYPTED)
        if not private and not attribute.key.startswith("_"):
            schema.add(node_of(attribute.key, column))
    return schema


def node_of(name: str, column: sa.Column[Any]) -> colander.SchemaNode:
    """The node of one column."""
    typ, validator = type_of(column.type)
    options: dict[str, Any] = {"name": name, "description": column.doc or column.comment or ""}
    if validator is not None:
        options["validator"] = validator
    if name in READ_ONLY or column.computed is not None:
        options["read_only"] = True
    if column.nullable:
        options["missing"] = None
    elif column.default is not None or column.server_default is not None:
        options["missing"] = colander.drop
    return colander.SchemaNode(typ, **options)


def limit_by_column(node: colander.SchemaNode, type_: Any) -> None:
    """Let `node` refuse what a column of `type_` cannot hold.

    Without this, one database would cut or refuse what the other takes: SQLite knows no lengths.
    A plain text in a column of ids can be nothing but an id, and is read and documented as one.
    """
    typ, own = type_of(type_)
    if isinstance(typ, types.UUID) and type(node.typ) is colander.String:
        node.typ = typ
    limits: list[Any] = []
    if type(typ) is type(node.typ) and isinstance(own, colander.Length | colander.Range):
        limits.append(own)
    if isinstance(type_, sa.types.TypeDecorator) and not isinstance(type_, HOLD_ALL):
        limits.append(_Storable(type_))
    node.storable = limits


class _Storable:
    """Validator: what the column's own type refuses when the statement is executed."""

    def __init__(self, type_: sa.types.TypeDecorator[Any]) -> None:
        self.type = type_

    def __call__(self, node: colander.SchemaNode, value: Any) -> None:
        try:
            self.type.process_bind_param(value, ANY_DIALECT)
        except ValueError as error:
            raise colander.Invalid(node, str(error)) from error
        except NotImplementedError:  # a decorator that changes nothing on the way in
            return


ANY_DIALECT: Any = sa.create_engine("sqlite://").dialect


def type_of(type_: Any) -> tuple[Any, Any]:
    """(colander type, validator or None) for an SQLAlchemy type, seen through decorators."""
    for sql_type, make in _TYPES:
        if isinstance(type_, sql_type):
            found: tuple[Any, Any] = make(type_)
            return found
    python_type = _python_type(type_)
    if python_type is str:
        return _text(type_)
    if python_type in (dict, list):
        return (types.OpenMap() if python_type is dict else types.AnyJSON()), None
    implementation = getattr(type_, "impl", None)
    if isinstance(implementation, sa.types.TypeEngine) and implementation is not type_:
        return type_of(implementation)
    return types.AnyJSON(), None


def _python_type(type_: Any) -> Any:
    try:
        return type_.python_type
    except NotImplementedError:
        return None


def _text(type_: Any) -> tuple[Any, Any]:
    length = getattr(type_, "length", None)
    return colander.String(allow_empty=True), colander.Length(max=length) if length else None


def _integer(type_: Any) -> tuple[Any, Any]:
    return colander.Integer(), colander.Range(min=-INT32, max=INT32 - 1)


def _plain(typ: Any) -> Any:
    def make(type_: Any) -> tuple[Any, Any]:
        return typ(), None

    return make


def _enum(type_: Any) -> tuple[Any, Any]:
    return colander.String(), colander.OneOf(list(type_.enums))


class _ByName(type):
    """Makes isinstance() compare the names of the classes in an object's own ancestry."""

    names: frozenset[str]

    def __instancecheck__(cls, instance: Any) -> bool:
        return any(kind.__name__ in cls.names for kind in type(instance).__mro__)


def _kind(*names: str) -> Any:
    return _ByName("Kind", (), {"names": frozenset(names)})


ENCRYPTED = _kind("Encrypted")
# Columns that are not asked for each value: types.UUID has refused what is none, and any text can be encrypted.
HOLD_ALL = (_kind("UUIDv7"), ENCRYPTED)

_TYPES: tuple[tuple[Any, Any], ...] = (
    ((_kind("UUIDv7"), sa.Uuid), _plain(types.UUID)),
    (_kind("UTCDateTime"), _plain(types.Timestamp)),
    (_kind("Scaled"), _plain(types.Decimal)),
    ((_kind("JSONDocument"), sa.JSON), _plain(types.OpenMap)),
    (sa.Enum, _enum),
    (sa.BigInteger, _plain(colander.Integer)),
    (sa.Integer, _integer),
    (sa.Boolean, _plain(colander.Boolean)),
    (sa.Float, _plain(colander.Float)),
    (sa.Numeric, _plain(types.Decimal)),
    (sa.DateTime, _plain(types.Timestamp)),
    (sa.Date, _plain(colander.Date)),
    (sa.Time, _plain(colander.Time)),
    (sa.String, _text),
)


def _summary(model: type) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]
