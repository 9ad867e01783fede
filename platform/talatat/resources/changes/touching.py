"""`Touching`: what an INSERT, UPDATE or DELETE of a followed table writes, noted before or after it runs.

Where the WHERE of a statement does not tell its rows, they are looked up and locked just before, and on
PostgreSQL the statement is narrowed to them: a row that another transaction commits in between would be
written and not noted. The statement is then what it would have been a moment earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import Delete, Insert, Update

from talatat.db.work import ValuesOf
from talatat.resources.changes.deleting import Deletions, by_name, touched
from talatat.resources.changes.following import Followed, Following, Link
from talatat.resources.changes.notes import Notes
from talatat.resources.changes.statements import (
    Parameters,
    bound_values,
    chunks,
    id_text,
    inserted_values,
    only_compares,
)

OURS = "talatat_returning"


class Touching:
    """Reads the statements of one system."""

    def __init__(self, following: Following) -> None:
        self.deletions = Deletions(following)

    def update(
        self,
        connection: sa.Connection,
        notes: Notes,
        followed: Followed,
        element: Update,
        sets: Parameters,
    ) -> Update:
        """Note the rows that an UPDATE is about to write; returns what to execute."""
        unknown: list[Link] = []
        for link in followed.links:
            values = bound_values(element.whereclause, link.column, sets)
            if values is None:
                unknown.append(link)
            else:
                _touch(notes, link, values)
        if not unknown:
            return element
        columns = [link.column for link in unknown]
        keys = list(followed.table.primary_key.columns)
        values = bound_values(element.whereclause, keys[0], sets) if len(keys) == 1 else None
        if values is None:
            rows, element = _asked(connection, element, columns, sets)
        else:
            rows = []
            for part in chunks(values):
                query = sa.select(*columns).where(keys[0].in_(part))
                rows += by_name(connection, query, columns)
        touched(notes, followed, rows)
        return element

    def updated(self, notes: Notes, followed: Followed, result: Any) -> None:
        """Note where an UPDATE has moved rows to."""
        for link in followed.links:
            given = result.context.compiled_parameters
            if given and link.column.key in given[0]:
                _touch(notes, link, [one.get(link.column.key) for one in given])

    def inserted_past(self, notes: Notes, followed: Followed, values_of: ValuesOf) -> None:
        """Note rows that were inserted, of which the values of each column are told."""
        for link in followed.links:
            _inserted(notes, link, values_of(link.column))

    def updated_past(self, notes: Notes, followed: Followed, ids: Sequence[Any]) -> None:
        """Note rows that were updated, all of whose links are their ids."""
        for link in followed.links:
            _touch(notes, link, ids)

    def delete(
        self,
        connection: sa.Connection,
        notes: Notes,
        followed: Followed,
        element: Delete,
        sets: Parameters,
    ) -> Delete:
        """Note the rows that a DELETE is about to take away; returns what to execute."""
        columns = self.deletions.wanted(followed)
        rows = _told(followed, element, columns, sets)
        if rows is None:
            rows, element = _asked(connection, element, columns, sets)
        self.deletions.note(connection, notes, followed, rows)
        return element

    def insert_select(
        self,
        connection: sa.Connection,
        notes: Notes,
        followed: Followed,
        element: Insert,
        given: Mapping[str, Any],
    ) -> Insert:
        """Have an INSERT ... SELECT tell what it inserted; returns what to execute."""
        columns = [link.column for link in followed.links]
        if connection.dialect.name == "postgresql" and not element._returning:
            return element.returning(*columns).execution_options(**{OURS: True})
        # One writes at a time here: what is selected now is what will be inserted.
        assert element.select is not None
        names = [getattr(name, "name", name) for name in element._select_names or ()]
        rows = connection.execute(element.select, given).all()
        for link in followed.links:
            if link.column.name in names:
                place = names.index(link.column.name)
                _inserted(notes, link, [row[place] for row in rows])
        return element

    def inserted(
        self,
        connection: sa.Connection,
        notes: Notes,
        followed: Followed,
        element: Insert,
        result: Any,
    ) -> None:
        """Note the rows that an INSERT has written."""
        if element.select is not None:
            if element.get_execution_options().get(OURS):
                rows = result.all()
                for place, link in enumerate(followed.links):
                    _inserted(notes, link, [row[place] for row in rows])
            return
        conflict = element._post_values_clause
        for link in followed.links:
            if link.own and conflict is not None:
                values = _there(connection, link.column, conflict, result)
            else:
                values = inserted_values(result, link.column)
            _inserted(notes, link, values)


def _touch(notes: Notes, link: Link, values: Sequence[Any]) -> None:
    for value in dict.fromkeys(values):
        if value is not None:
            notes.touch((link.owner, id_text(link.column, value)))


def _inserted(notes: Notes, link: Link, values: Sequence[Any]) -> None:
    for value in dict.fromkeys(values):
        if value is not None:
            key = (link.owner, id_text(link.column, value))
            (notes.made if link.own else notes.touch)(key)


def _there(
    connection: sa.Connection, column: sa.Column[Any], conflict: Any, result: Any
) -> list[Any]:
    """The ids of the rows that an INSERT ... ON CONFLICT left there: its own, or those it met and changed."""
    table = column.table
    target = getattr(conflict, "inferred_target_elements", None) or ()
    names = [getattr(one, "name", one) for one in target]
    columns = [table.c[name] for name in names if name in table.c]
    if not hasattr(conflict, "update_values_to_set") or not columns or len(columns) < len(names):
        columns = [column]
    values = [inserted_values(result, one) for one in columns]
    found: list[Any] = []
    for part in chunks(list(zip(*values, strict=False))):
        wanted = (
            columns[0].in_([one[0] for one in part])
            if len(columns) == 1
            else sa.tuple_(*columns).in_(part)
        )
        found += connection.scalars(sa.select(column).where(wanted))
    return found


def _told(
    followed: Followed, element: Delete, columns: Sequence[sa.Column[Any]], sets: Parameters
) -> list[Mapping[str, Any]] | None:
    """The rows of a DELETE that names them and nothing else; None where it has to be asked for."""
    own = any(link.own for link in followed.links)
    if (own or followed.dependents) and not only_compares(element.whereclause, columns):
        return None
    values = [bound_values(element.whereclause, column, sets) for column in columns]
    if any(one is None or (len(columns) > 1 and len(one) != len(sets)) for one in values):
        return None
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _asked(
    connection: sa.Connection, element: Any, columns: Sequence[sa.Column[Any]], sets: Parameters
) -> tuple[list[Mapping[str, Any]], Any]:
    """(rows that the statement will write, the statement narrowed to them), by its own WHERE."""
    table = element.table
    by_names = {column.name: column for column in table.c}
    wanted = [by_names[column.name] for column in columns]
    query = sa.select(*wanted)
    if element.whereclause is not None:
        query = query.where(element.whereclause)
    postgresql = connection.dialect.name == "postgresql"
    if not postgresql or len(sets) > 1:
        if postgresql:
            query = query.with_for_update(key_share=True, of=table)
        return [row for one in sets for row in by_name(connection, query, wanted, one)], element
    place: Any = sa.column("ctid", _selectable=table)
    query = query.add_columns(place).with_for_update(key_share=True, of=table)
    rows = connection.execute(query, sets[0]).all()
    places = sa.cast(sa.literal([row[-1] for row in rows], ARRAY(sa.Text)), Places)
    names = [column.name for column in wanted]
    found: list[Mapping[str, Any]] = [dict(zip(names, row, strict=False)) for row in rows]
    return found, element.where(place == sa.func.any(places))


class Places(sa.types.UserDefinedType[Any]):
    """Where rows lie in a table of PostgreSQL, while they are locked."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid[]"
