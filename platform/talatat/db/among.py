"""`among`: a column whose value is one of a list of any length, as one parameter.

    WANTED = Prepared(sa.select(Product.id).where(among(Product.id, "ids")))
    rows = work_of(request).rows(WANTED, {"ids": [...]})

`column.in_(...)` has a parameter for each value, so that its text is another one for each number of them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class among(FunctionElement[Any]):  # noqa: N801  # reads as the function that it looks like
    """The condition that `column` has one of the values that are given under `name`."""

    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=column.type, expanding=True))


@compiles(among)
def _in(element: Any, compiler: Any, **options: Any) -> str:
    column, values = element.clauses
    return str(compiler.process(column.in_(values), **options))


@compiles(among, "postgresql")
def _any(element: Any, compiler: Any, **options: Any) -> str:
    column, values = element.clauses
    array = sa.bindparam(values.key, type_=ARRAY(column.type))
    return str(compiler.process(column == sa.any_(array), **options))
