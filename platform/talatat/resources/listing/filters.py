r"""Filters: `field=v` and `field[op]=v` as predicates, for declared fields only.

The operators are eq ne lt lte gt gte in nin contains prefix isnull. `ne` and `nin` are the exact
complements of `eq` and `in`: a row without a value is not equal to anything. `contains` and `prefix`
compare exactly, letter for letter, on both databases. The values of `in` and `nin` are separated by
commas; a comma within one is written `\,`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import colander
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from talatat.schema import types
from talatat.schema.derive import ANY_DIALECT, type_of
from talatat.schema.document import json_schema

EQUALITY = ("eq", "ne", "in", "nin", "isnull")
ORDER = ("lt", "lte", "gt", "gte")
TEXT = ("contains", "prefix")
OPERATORS = (*EQUALITY[:2], *ORDER, "in", "nin", *TEXT, "isnull")

MAX_VALUES = 200
# A filter may take a value more than once; SQLite takes 32,766 in one statement.
MAX_VALUES_IN_ALL = 2_000
INT64 = 2**63
UNESCAPED_COMMA = re.compile(r"(?<!\\),")

Predicate = Any
Parse = Callable[[str], Any]


class exact_contains(FunctionElement[bool]):  # noqa: N801  # named as SQL functions are
    """Whether the first text holds the second, case and all: LIKE ignores case on SQLite."""

    type = sa.Boolean()
    name = "exact_contains"
    inherit_cache = True


class exact_prefix(FunctionElement[bool]):  # noqa: N801
    """Whether the first text begins with the second, case and all."""

    type = sa.Boolean()
    name = "exact_prefix"
    inherit_cache = True


@compiles(exact_contains)
def _contains(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(exact_contains, "sqlite")
def _contains_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(exact_prefix)
def _prefix(element: Any, compiler: Any, **kw: Any) -> str:
    return f"starts_with({compiler.process(element.clauses, **kw)})"


@compiles(exact_prefix, "sqlite")
def _prefix_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    text, prefix = (compiler.process(one, **kw) for one in element.clauses)
    return f"(substr({text}, 1, length({prefix})) = {prefix})"


@dataclass(frozen=True)
class Filter:
    """One filterable name: how its values are read and which operators it has."""

    name: str
    operators: tuple[str, ...]
    parse: Parse
    predicate: Callable[[str, Any], Predicate] | None = None
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
            return parse_boolean(_JSON_TEXT["boolean"](value))
        kind = "any" if self.custom is not None else str(dict(self.schema).get("type", "string"))
        return self.parse(_JSON_TEXT[kind](value))

    def where(self, identifier: Any, op: str, value: Any) -> Predicate:
        """The filter as a predicate over rows whose id is the column `identifier`."""
        if self.predicate is not None:
            return self.predicate(op, value)
        narrowed = self.apply(sa.select(identifier), op, value)
        # It stands inside of a SELECT of the same table: without this that one's rows are meant.
        return identifier.in_(narrowed.correlate(None))

    def apply(self, query: Any, op: str, value: Any) -> Any:
        """`query` narrowed."""
        if self.custom is not None:
            return self.custom(query, self.name, op, value)
        assert self.predicate is not None
        return query.where(self.predicate(op, value))


def column_filter(name: str, column: Any, path: Sequence[Any] = ()) -> Filter:
    """A filter on a column expression, seen through `path`: relationships, outermost first.

    LookupError where values of the column's type cannot be read from a query string.
    """
    operators, parse = _reading(column.type)

    def predicate(op: str, value: Any) -> Predicate:
        found = compare(column, op, value)
        for relation in reversed(path):
            found = relation.any(found) if relation.property.uselist else relation.has(found)
        return found

    return Filter(name, operators, parse, predicate, schema=_schema(column.type))


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


def compare(column: Any, op: str, value: Any) -> Predicate:
    """The predicate `column op value`."""
    return _COMPARE[op](column, value)


_COMPARE: dict[str, Callable[[Any, Any], Predicate]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(sa.literal(value, column.type)),
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "in": lambda column, value: column.in_(value),
    "nin": lambda column, value: sa.or_(column.not_in(value), column.is_(None)),
    "contains": lambda column, value: exact_contains(column, sa.literal(value, sa.String())),
    "prefix": lambda column, value: exact_prefix(column, sa.literal(value, sa.String())),
    "isnull": lambda column, value: column.is_(None) if value else column.is_not(None),
}


def _reading(type_: Any) -> tuple[tuple[str, ...], Parse]:
    """The operators and the parser of a column type."""
    typ, validator = type_of(type_)
    parse = _PARSERS.get(type(typ))
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


def parse_boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def parse_integer(text: str) -> int:
    """An integer of at most 64 bits."""
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or not -INT64 <= int(text) < INT64:
        raise ValueError("must be an integer of at most 64 bits")
    return int(text)


def parse_float(text: str) -> float:
    """A finite number."""
    if not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", text):
        raise ValueError("must be a number")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("must be a number that is not beyond measure")
    return value


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text if len(text) == 10 else "")
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31") from None


def _time(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a time such as 12:30:00") from None


def _boolean_text(value: Any) -> str:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return "true" if value else "false"


def _integer_text(value: Any) -> str:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        raise ValueError("must be an integer")
    return str(int(value))


def _number_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return repr(value)


def _string_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def _any_text(value: Any) -> str:
    """A filter of the resource's own reads text, whatever the values of its field are."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _boolean_text(value)
    if not isinstance(value, int | float):
        raise ValueError("must be a string, a number, true or false")
    return repr(value)


_JSON_TEXT: dict[str, Callable[[Any], str]] = {
    "boolean": _boolean_text,
    "integer": _integer_text,
    "number": _number_text,
    "string": _string_text,
    "any": _any_text,
}

_PARSERS: dict[type, Parse] = {
    types.UUID: types.UUID().from_json,
    types.Timestamp: types.Timestamp().from_json,
    types.Decimal: types.Decimal().from_json,
    colander.Integer: parse_integer,
    colander.Float: parse_float,
    colander.Boolean: parse_boolean,
    colander.String: str,
    colander.Date: _date,
    colander.Time: _time,
}
