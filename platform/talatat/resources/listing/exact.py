"""`exact_contains` and `exact_prefix`: letter for letter, case and all, on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


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
