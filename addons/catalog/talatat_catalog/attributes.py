"""The open map of typed attributes: what may be in it, and how it is filtered.

    attributes.display_diagonal[gte]=17    numbers are compared as numbers
    attributes.product_colour=Black        texts letter for letter
    attributes.touchscreen=true            truth values

The type is the stored value's: `[gte]=17` passes over a product whose `display_diagonal` is a text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from talatat.resources import compare
from talatat_catalog.models import Product

LONGEST_NAME = 200
MOST = 1000
# What would end the quoted name in SQLite's JSON paths, or cannot be stored.
_BAD_NAME = re.compile(r'["\\\x00-\x1f]')
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][-+]?\d{1,3})?", re.ASCII)
_INT64 = 2**63


def problem_of(attributes: Mapping[str, Any]) -> str | None:
    """Return what is wrong with `attributes`, or None: names to texts, numbers and truth values."""
    if len(attributes) > MOST:
        return f"{len(attributes)} attributes; {MOST} are the most"
    for name, value in attributes.items():
        if problem := _name_problem(name):
            return problem
        if isinstance(value, bool | str):
            continue
        if not isinstance(value, int | float):
            return f"{name!r} is neither text, number nor truth value"
        if not (math.isfinite(value) if isinstance(value, float) else abs(value) < _INT64):
            return f"{name!r} is a number that cannot be stored"
    return None


def _name_problem(name: str) -> str | None:
    if not 0 < len(name) <= LONGEST_NAME:
        return f"an attribute's name has 1 to {LONGEST_NAME} characters"
    if _BAD_NAME.search(name):
        return f"{name!r}: a name has no double quote, backslash or control character"
    return None


def filter_attribute(query: Any, name: str, op: str, value: Any) -> Any:
    """Narrow `query` by one attribute. `value` is text (a list of texts for in and nin).

    Raises ValueError for a name that no attribute can have.
    """
    if problem := _name_problem(name):
        raise ValueError(problem)
    return query.where(_PREDICATES[op](name, value))


class attribute_of(FunctionElement[Any]):  # noqa: N801  # named as SQL functions are
    """The attribute of a name where its value is of a kind ("text", "number", "truth"), else NULL."""

    name = "attribute_of"
    inherit_cache = True

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.type = _TYPES[kind]
        super().__init__(Product.__table__.c.attributes, sa.literal(name, sa.Text()))


_TYPES: dict[str, Any] = {"text": sa.Text(), "number": sa.Float(53), "truth": sa.Boolean()}


@compiles(attribute_of, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, name = (compiler.process(one, **kw) for one in element.clauses)
    kind, cast = {
        "text": ("string", "text"),
        "number": ("number", "double precision"),
        "truth": ("boolean", "boolean"),
    }[element.kind]
    one = f"CAST({name} AS text)"
    return (
        f"CASE WHEN jsonb_typeof({column} -> {one}) = '{kind}' "
        f"THEN CAST({column} ->> {one} AS {cast}) END"
    )


@compiles(attribute_of, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, name = (compiler.process(one, **kw) for one in element.clauses)
    path = f"""('$."' || {name} || '"')"""
    kinds = {"text": "'text'", "number": "'integer', 'real'", "truth": "'true', 'false'"}
    return (
        f"CASE WHEN json_type({column}, {path}) IN ({kinds[element.kind]}) "
        f"THEN json_extract({column}, {path}) END"
    )


# The kind is part of the statement: without this, statements of other kinds would be taken from the cache.
attribute_of._traverse_internals = [  # type: ignore[attr-defined]
    *FunctionElement._traverse_internals,
    ("kind", sa.sql.visitors.InternalTraversal.dp_string),
]


def _one_of(name: str, values: list[str]) -> Any:
    """The attribute says one of `values`, whatever its type. The document is read once for each type."""
    same = [attribute_of("text", name).in_(values)]
    if numbers := [number for value in values if (number := _number(value)) is not None]:
        same.append(attribute_of("number", name).in_(numbers))
    if truths := [value == "true" for value in values if value in ("true", "false")]:
        same.append(attribute_of("truth", name).in_(truths))
    return sa.func.coalesce(sa.or_(*same), sa.false())


def _equal(name: str, value: str) -> Any:
    return _one_of(name, [value])


def _ordered(op: str) -> Callable[[str, str], Any]:
    def predicate(name: str, value: str) -> Any:
        number = _number(value)
        if number is not None:
            return compare(attribute_of("number", name), op, number)
        return compare(attribute_of("text", name), op, value)

    return predicate


def _textual(op: str) -> Callable[[str, str], Any]:
    return lambda name, value: compare(attribute_of("text", name), op, value)


def _missing(name: str, value: bool) -> Any:
    missing = sa.and_(*(attribute_of(kind, name).is_(None) for kind in _TYPES))
    return missing if value else ~missing


def _number(text: str) -> float | None:
    value = float(text) if _NUMBER.fullmatch(text) else None
    return value if value is not None and math.isfinite(value) else None


_PREDICATES: dict[str, Callable[[str, Any], Any]] = {
    "eq": _equal,
    "ne": lambda name, value: ~_equal(name, value),
    "in": _one_of,
    "nin": lambda name, values: ~_one_of(name, values),
    "isnull": _missing,
    **{op: _ordered(op) for op in ("lt", "lte", "gt", "gte")},
    **{op: _textual(op) for op in ("contains", "prefix")},
}
