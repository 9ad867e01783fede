r"""Filters: `field=v` and `field[op]=v` as predicates, for declared fields only.

The operators are eq ne lt lte gt gte in nin contains prefix isnull. `ne` and `nin` are the exact
complements of `eq` and `in`: a row without a value is not equal to anything. `contains` and `prefix`
compare exactly, letter for letter, on both databases. The values of `in` and `nin` are separated by
commas; a comma within one is written `\,`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import colander
import sqlalchemy as sa

from talatat.resources.listing.exact import exact_contains, exact_prefix
from talatat.resources.listing.reaching import Within, everywhere
from talatat.resources.listing.values import INT64, JSON_TEXT, PARSERS, Parse, parse_boolean
from talatat.schema.derive import ANY_DIALECT, type_of
from talatat.schema.document import json_schema

EQUALITY = ("eq", "ne", "in", "nin", "isnull")
ORDER = ("lt", "lte", "gt", "gte")
TEXT = ("contains", "prefix")
OPERATORS = (*EQUALITY[:2], *ORDER, "in", "nin", *TEXT, "isnull")

MAX_VALUES = 200
# A filter may take a value more than once; SQLite takes 32,766 in one statement.
MAX_VALUES_IN_ALL = 2_000
UNESCAPED_COMMA = re.compile(r"(?<!\\),")

Predicate = Any


@dataclass(frozen=True)
class Filter:
    """One filterable name: how its values are read and which operators it has.

    It is about a column, seen through `path` (relationships, outermost first), or `custom`.
    """

    name: str
    operators: tuple[str, ...]
    parse: Parse
    column: Any = None
    path: tuple[Any, ...] = ()
    custom: Callable[[Any, str, str, Any], Any] | None = None
    schema: tuple[tuple[str, Any], ...] = (("type", "string"),)

    def schema_of(self, op: str) -> dict[str, Any]:
        """The JSON Schema of the value for `op`."""
        if op == "isnull":
            return {"type": "boolean"}
        schema = dict(self.schema)
        if op in ("in", "nin"):
            return {"type": "string", **_listed(schema)}
        return {"type": "string"} if op in TEXT else schema

    def read(self, op: str, text: str) -> Any:
        """The value in `text` for `op`; ValueError with a sentence where it cannot be read."""
        if op == "isnull":
            return parse_boolean(text)
        if op in ("in", "nin"):
            parts = UNESCAPED_COMMA.split(text)
            if len(parts) > MAX_VALUES:
                raise ValueError(f"has {len(parts)} values; {MAX_VALUES} are the most")
            return [self.parse(part.replace("\\,", ",")) for part in parts]
        return self.parse(text)

    def read_json(self, op: str, value: Any) -> Any:
        """One value for `op` from a JSON document, read as its text would be; ValueError as above.

        For in and nin it is one of the list.
        """
        if op == "isnull":
            return parse_boolean(JSON_TEXT["boolean"](value))
        kind = "any" if self.custom is not None else str(dict(self.schema).get("type", "string"))
        return self.parse(JSON_TEXT[kind](value))

    def predicate(self, op: str, value: Any, within: Within = everywhere) -> Predicate:
        """The predicate of a filter on a column; `within` limits the rows that relations lead to."""
        found = compare(self.column, op, value)
        for relation in reversed(self.path):
            limit = within(relation)
            found = found if limit is None else sa.and_(limit, found)
            found = relation.any(found) if relation.property.uselist else relation.has(found)
        return found

    def where(self, identifier: Any, op: str, value: Any, within: Within = everywhere) -> Predicate:
        """The filter as a predicate over rows whose id is the column `identifier`."""
        if self.custom is None:
            return self.predicate(op, value, within)
        narrowed = self.apply(sa.select(identifier), op, value)
        # It stands inside of a SELECT of the same table: without this that one's rows are meant.
        return identifier.in_(narrowed.correlate(None))

    def apply(self, query: Any, op: str, value: Any, within: Within = everywhere) -> Any:
        """`query` narrowed."""
        if self.custom is not None:
            return self.custom(query, self.name, op, value)
        return query.where(self.predicate(op, value, within))


def column_filter(name: str, column: Any, path: Sequence[Any] = ()) -> Filter:
    """A filter on a column expression, seen through `path`: relationships, outermost first.

    LookupError where values of the column's type cannot be read from a query string.
    """
    operators, parse = _reading(column.type)
    return Filter(name, operators, parse, column, tuple(path), schema=_schema(column.type))


def custom_filter(name: str, fn: Callable[[Any, str, str, Any], Any]) -> Filter:
    """A filter that a resource writes itself; it is given the text of the value.

    `fn.operators = ("eq", "in")` says which operators it has, where that is not all of them, and
    `fn.schema` the JSON Schema of a value, where that is not any string.
    """
    operators, schema = getattr(fn, "operators", OPERATORS), getattr(fn, "schema", {})
    told = tuple({"type": "string", **schema}.items())
    return Filter(name, tuple(operators), str, custom=fn, schema=told)


def _listed(schema: dict[str, Any]) -> dict[str, str]:
    """The pattern of values with commas between them; none where any text is a value."""
    if "enum" in schema:
        one: str | None = "|".join(re.escape(str(value)) for value in schema["enum"])
    else:
        one = _SPELLED.get(schema.get("format", schema["type"]))
    if one is None:
        return {}
    return {"pattern": f"^(?:{one})(?:,(?:{one})){{0,{MAX_VALUES - 1}}}$"}


# How values are spelled, as far as a pattern tells: what it lets through is read by the parser.
_SPELLED = {
    "uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "integer": "-?[0-9]{1,9}",
    "number": r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?",
    "date": "[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])",
    "date-time": (
        "[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"
    ),
}


def literal(value: Any, type_: Any) -> Any:
    """`value` as a bound parameter of a type; what is one already stays as it is."""
    return value if isinstance(value, sa.BindParameter) else sa.literal(value, type_)


def compare(column: Any, op: str, value: Any) -> Predicate:
    """The predicate `column op value`."""
    return _COMPARE[op](column, value)


_COMPARE: dict[str, Callable[[Any, Any], Predicate]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(literal(value, column.type)),
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "in": lambda column, value: column.in_(value),
    "nin": lambda column, value: sa.or_(column.not_in(value), column.is_(None)),
    "contains": lambda column, value: exact_contains(column, literal(value, sa.String())),
    "prefix": lambda column, value: exact_prefix(column, literal(value, sa.String())),
    "isnull": lambda column, value: column.is_(None) if value else column.is_not(None),
}


def _reading(type_: Any) -> tuple[tuple[str, ...], Parse]:
    """The operators and the parser of a column type."""
    typ, validator = type_of(type_)
    parse = PARSERS.get(type(typ))
    if parse is None:
        raise LookupError(type(typ).__name__)
    operators: tuple[str, ...] = (*EQUALITY[:2], *ORDER, "in", "nin", "isnull")
    if isinstance(typ, colander.String):
        operators = OPERATORS
    elif isinstance(typ, colander.Boolean):
        operators = ("eq", "ne", "isnull")
    if isinstance(validator, colander.OneOf):
        parse = _one_of(tuple(validator.choices))
    elif isinstance(validator, colander.Range):
        parse = _in_range(parse, validator)
    return operators, _storable(type_, parse)


def _schema(type_: Any) -> tuple[tuple[str, Any], ...]:
    typ, validator = type_of(type_)
    node = colander.SchemaNode(typ, validator=validator)
    told = json_schema(node, "create")
    if told.get("type") == "integer":  # what `parse_integer` reads
        told = {"minimum": -INT64, "maximum": INT64 - 1, **told}
    return tuple((name, told[name]) for name in told if name not in ("minLength", "maxLength"))


def _storable(type_: Any, parse: Parse) -> Parse:
    """`parse`, refusing what the column's own type would refuse when the statement is executed."""
    decorator = type_ if isinstance(type_, sa.types.TypeDecorator) else None

    def read(text: str) -> Any:
        value = parse(text)
        if decorator is not None:
            decorator.process_bind_param(value, ANY_DIALECT)
        elif isinstance(type_, sa.DateTime) and not type_.timezone:
            value = value.replace(tzinfo=None)
        return value

    return read


def _one_of(choices: tuple[str, ...]) -> Parse:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _in_range(parse: Parse, limits: colander.Range) -> Parse:
    """`parse`, refusing what the column cannot hold: PostgreSQL fails on it, SQLite finds nothing."""

    def read(text: str) -> Any:
        value = parse(text)
        if not limits.min <= value <= limits.max:
            raise ValueError(f"must be between {limits.min} and {limits.max}")
        return value

    return read
