"""`Change`: an update of many rows, each with values of its own, by one statement.

    MOVE = Change(Product, stock=Product.stock + sa.bindparam("change", type_=sa.Integer()))
    work_of(request).change(MOVE, {product_id: {"change": -2}, ...})

The ORM sends an UPDATE for each row, since rows have a version. Here the version goes up and `updated_at` is
set in the same statement. The version is not compared, and rows are written in any order: whoever calls has
locked them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from talatat.db.layout import AT_ONCE, Make, called, layout_of
from talatat.db.prepared import Prepared
from talatat.db.record import Versioned

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from talatat.db.work import Work

_KEY = "own_key"

Rows = Mapping[Any, Mapping[str, Any]]
"""Id -> the values of the parameters for its row."""


class Change:
    """An UPDATE of rows of one model, by id. `values` are expressions over columns and `bindparam`s."""

    def __init__(self, model: type[Any], **values: Any) -> None:
        self.model = model
        self._given = values
        self._statements: dict[int, Prepared] = {}

    @cached_property
    def table(self) -> Any:
        """The table that is written."""
        return self.model.__table__

    @cached_property
    def key(self) -> Any:
        """The column of the id."""
        (key,) = self.table.primary_key.columns
        return key

    @cached_property
    def values(self) -> dict[Any, Any]:
        """Column -> the expression of what it becomes. Made at the first use: all is mapped by then."""
        columns = layout_of(self.model).columns
        found = {columns[name]: value for name, value in self._given.items()}
        if issubclass(self.model, Versioned):
            found.setdefault(columns["version"], columns["version"] + 1)
        return found

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Name -> type of what is given for each row."""
        return {
            element.key: element.type
            for value in self.values.values()
            for element in visitors.iterate(value)
            if isinstance(element, sa.BindParameter) and not element.unique
        }

    @cached_property
    def stamps(self) -> dict[Any, Make | None]:
        """Column -> what makes its `onupdate`; None where only SQLAlchemy can."""
        return {
            column: called(column.onupdate)
            for column in self.table.columns
            if column.onupdate is not None and column not in self.values
        }

    @cached_property
    def one_by_one(self) -> Any:
        """The UPDATE of one row, as SQLAlchemy runs it for many."""
        return sa.update(self.table).where(self.key == sa.bindparam(_KEY)).values(self.values)

    def run(self, work: Work, rows: Rows) -> None:
        """Update the rows that there are."""
        if not rows:
            return
        connection, followers = work.begin(), work.database.followers
        if (
            connection is not None
            and None not in self.stamps.values()
            and all(one.knows_by(self.key) for one in followers)
        ):
            self._at_once(connection, rows)
            for follower in followers:
                follower.updated(connection, self.table, list(rows))
        else:
            sets = [{_KEY: key, **values} for key, values in rows.items()]
            work.session_now().execute(self.one_by_one, sets)
        if work.session is not None:
            self._forget(work.session, rows)

    def _at_once(self, connection: Connection, rows: Rows) -> None:
        items = list(rows.items())
        now = {f"now_{column.name}": make() for column, make in self.stamps.items() if make}
        for start in range(0, len(items), AT_ONCE):
            part = items[start : start + AT_ONCE]
            given = dict(now)
            for at, (key, values) in enumerate(part):
                given[f"{_KEY}_{at}"] = key
                for name in self.parameters:
                    given[f"{name}_{at}"] = values[name]
            statement = self._statements.get(len(part)) or self._statement(len(part))
            statement.send(connection, given)

    def _statement(self, count: int) -> Prepared:
        """The UPDATE of so many rows, whose values are those of a list."""
        types = {_KEY: self.key.type, **self.parameters}
        given = sa.values(*(sa.column(name, kind) for name, kind in types.items()), name="given")
        listed = given.data(
            [
                tuple(sa.bindparam(f"{name}_{at}", type_=kind) for name, kind in types.items())
                for at in range(count)
            ]
        )

        def listed_value(element: Any, **_: Any) -> Any:
            ours = isinstance(element, sa.BindParameter) and element.key in self.parameters
            return listed.c[element.key] if ours else None

        values = {
            column: visitors.replacement_traverse(value, {}, listed_value)
            for column, value in self.values.items()
        }
        for column in self.stamps:
            values[column] = sa.bindparam(f"now_{column.name}", type_=column.type)
        made = sa.update(self.table).where(self.key == listed.c[_KEY]).values(values)
        return self._statements.setdefault(count, Prepared(made))

    def _forget(self, session: Session, rows: Rows) -> None:
        """What a session knows of these rows is not so any more; what it has changed itself it keeps."""
        mapper = self.model.__mapper__
        for key in rows:
            known = session.identity_map.get(mapper.identity_key_from_primary_key((key,)))
            if known is not None and not session.is_modified(known):
                session.expire(known)
