"""`Reading`: which rows an INSERT, UPDATE or DELETE writes, before and after.

A flush needs no question: the session knows what was there, the statement what it becomes. Other
statements are asked for their rows with their own WHERE, locked, and once more afterwards; on PostgreSQL
they are narrowed to the rows that were answered, so that none is written unseen. A statement that meets
more than `MOST` rows, an INSERT ... SELECT and SQL given as text are told as one entry, with their number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import Delete, Insert, Update, UpdateBase

from talatat.resources.changes.statements import bound_values
from talatat_audit.capturing.asking import Key, Values, are, matching, rows
from talatat_audit.capturing.cascades import deleted
from talatat_audit.capturing.changes import Changes, RowChange, Statement, label_of, updated
from talatat_audit.capturing.objects import known_values
from talatat_audit.capturing.tables import Audited, Tables

MOST = 1000
ACTIONS = {Insert: "create", Update: "update", Delete: "delete"}
TEXT = re.compile(
    r"\s*(?:(?P<create>(?:INSERT(?:\s+OR\s+\w+)?|REPLACE)\s+INTO)|(?P<delete>DELETE\s+FROM(?:\s+ONLY)?)"
    r'|(?P<update>UPDATE(?:\s+ONLY)?))\s+"?(?P<table>\w+)"?',
    re.IGNORECASE,
)

Parameters = Sequence[Mapping[str, Any]]


@dataclass
class UnderWay:
    """A statement between its two listeners: the rows that it was said to write, by key."""

    element: Any
    audited: Audited
    before: dict[Key, Values]
    keys: list[Key | None] | None = None  # of a flush: that of each set of parameters
    summary: str | None = None  # the action, where its rows are not told one by one
    conflict: tuple[list[str], list[Key]] | None = None


class Reading:
    """Reads the statements of one system."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def before(
        self, connection: sa.Connection, changes: Changes, element: UpdateBase, sets: Parameters
    ) -> UpdateBase:
        """Look at what a statement is about to write; returns what to execute."""
        changes.under_way = None
        audited = self.tables.get(getattr(element.table, "name", None))
        if audited is None:
            return element
        way = changes.under_way = UnderWay(element, audited, {})
        if isinstance(element, Insert):
            return self._insert(connection, way, element, sets)
        if isinstance(element, Update) and not _tells(audited, element, sets):
            changes.under_way = None
            return element
        if changes.flushing and isinstance(element, Update | Delete):
            self._flush(connection, changes, way, element, sets)
        elif isinstance(element, Update | Delete):
            element = self._ask(connection, way, element, sets)
        if isinstance(element, Delete) and way.summary is None:
            deleted(connection, self.tables, changes, audited, list(way.before.values()))
        return element

    def after(self, connection: sa.Connection, changes: Changes, result: Any) -> None:
        """Take note of what the statement has written."""
        way, changes.under_way = changes.under_way, None
        if way is None:
            return
        if way.summary is not None:
            self._sum_up(changes, way, result)
        elif isinstance(way.element, Insert):
            self._inserted(connection, changes, way, result)
        elif isinstance(way.element, Update):
            now = (
                _given(connection, way, result)
                if way.keys
                else rows(connection, way.audited, way.before)
            )
            for key, was in way.before.items():
                if key in now:
                    label = label_of(way.audited, {**was, **now[key]})
                    changes.add(updated(way.audited, key, was, now[key], label))

    def before_text(self, changes: Changes, element: sa.TextClause) -> sa.TextClause:
        """Look at SQL that was given as text; it counts its rows if it begins as one that writes."""
        changes.under_way = None
        match = TEXT.match(element.text)
        audited = match and self.tables.get(match["table"].lower())
        if not match or not audited:
            return element
        action = next(name for name in ACTIONS.values() if match[name])
        changes.under_way = UnderWay(element, audited, {}, summary=action)
        return element.execution_options(preserve_rowcount=True)

    def _flush(
        self,
        connection: sa.Connection,
        changes: Changes,
        way: UnderWay,
        element: Any,
        sets: Parameters,
    ) -> None:
        """What the session knew of the rows; those that it did not know whole are read."""
        audited = way.audited
        values = [bound_values(element.whereclause, column, sets) for column in audited.keys]
        if not values or any(one is None or len(one) != len(sets) for one in values):
            self._ask(connection, way, element, sets)
            return
        keys: list[Key] = list(zip(*(one for one in values if one is not None), strict=True))
        unknown = []
        for key, given in zip(keys, sets, strict=True):
            known = known_values(changes.session, audited, key)
            wanted = given.keys() & audited.names if isinstance(element, Update) else audited.names
            if wanted - audited.masking.omitted <= known.keys():
                way.before[key] = known
            else:
                unknown.append(key)
        way.before |= rows(connection, audited, unknown)
        if isinstance(element, Update):
            way.keys = list(keys)

    def _ask(
        self, connection: sa.Connection, way: UnderWay, element: Any, sets: Parameters
    ) -> UpdateBase:
        """The rows that the statement's WHERE tells, locked; returns the statement narrowed to them."""
        audited = way.audited
        keys = audited.keys
        values = bound_values(element.whereclause, keys[0], sets) if len(keys) == 1 else None
        if values is not None:
            way.before = rows(connection, audited, [(one,) for one in values], lock=True)
            return element  # type: ignore[no-any-return]
        query = audited.select(element.table).limit(MOST + 1)
        if element.whereclause is not None:
            query = query.where(element.whereclause)
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            query = query.with_for_update(key_share=isinstance(element, Update), of=element.table)
        found: list[Values] = []
        for given in sets:
            found += [dict(row) for row in connection.execute(query, given).mappings()]
        if len(found) > MOST or not keys:
            way.summary = ACTIONS.get(type(element), "update")
            return element  # type: ignore[no-any-return]
        way.before = {key: one for one in found if (key := audited.key_of(one)) is not None}
        if not postgresql or len(sets) > 1:
            return element  # type: ignore[no-any-return]
        return element.where(are(keys, list(way.before)))  # type: ignore[no-any-return]

    def _insert(
        self, connection: sa.Connection, way: UnderWay, element: Insert, sets: Parameters
    ) -> UpdateBase:
        if element.select is not None or element._prefixes:  # such as OR IGNORE: who knows how many
            way.summary = "create"
            return element.execution_options(preserve_rowcount=True)
        conflict = getattr(element, "_post_values_clause", None)
        if conflict is None:
            return element
        names = [
            getattr(one, "name", one)
            for one in getattr(conflict, "inferred_target_elements", None) or ()
        ] or [column.name for column in way.audited.keys]
        values = _values_of(connection, element, sets, names)
        if values is None:
            way.summary = "create"
            return element
        way.conflict = (names, values)
        way.before = matching(connection, way.audited, names, values, lock=True)
        return element

    def _inserted(
        self, connection: sa.Connection, changes: Changes, way: UnderWay, result: Any
    ) -> None:
        audited = way.audited
        if way.conflict is not None:
            for key, now in matching(connection, audited, *way.conflict).items():
                if key in way.before:
                    changes.add(updated(audited, key, way.before[key], now, label_of(audited, now)))
                else:
                    changes.add(_made(audited, key, now))
            return
        inserted = _inserted_values(audited, result)
        if inserted is None:
            keys = [tuple(key) for key in result.inserted_primary_key_rows]
            found = rows(connection, audited, [key for key in keys if None not in key])
            changes.add(*(_made(audited, key, now) for key, now in found.items()))
            return
        changes.add(*(_made(audited, audited.key_of(now), now) for now in inserted))

    def _sum_up(self, changes: Changes, way: UnderWay, result: Any) -> None:
        assert way.summary is not None
        if result.rowcount:  # -1 where the database does not say
            text = str(result.context.statement)
            changes.add(Statement(way.audited, way.summary, result.rowcount, text))


def _tells(audited: Audited, element: Any, sets: Parameters) -> bool:
    """Whether an UPDATE sets anything that entries tell."""
    named = {getattr(one, "name", one) for one in getattr(element, "_values", None) or ()}
    named |= {
        getattr(one, "name", one) for one, _ in getattr(element, "_ordered_values", None) or ()
    }
    named |= sets[0].keys() & audited.names
    return bool(named - audited.masking.omitted)


def _made(audited: Audited, key: Key | None, now: Values) -> RowChange:
    return RowChange(audited, key, "create", after=now, label=label_of(audited, now))


def _given(connection: sa.Connection, way: UnderWay, result: Any) -> dict[Key, Values]:
    """What a flush has set, by key: its parameters, or the rows where it set what the database computes."""
    names = way.audited.names
    now: dict[Key, Values] = {}
    asked: list[Key] = []
    computed = bool(getattr(way.element, "_values", None))
    for key, given in zip(way.keys or (), result.context.compiled_parameters, strict=True):
        if key is None:
            continue
        if computed:
            asked.append(key)
        now[key] = {name: given[name] for name in names if name in given}
    return now | rows(connection, way.audited, asked)


def _inserted_values(audited: Audited, result: Any) -> list[Values] | None:
    """The rows of an INSERT ... VALUES by its parameters; None where these do not tell all of them."""
    context = result.context
    if context.postfetch_cols or getattr(context.compiled.statement, "_multi_values", None):
        return None
    names = audited.names
    rows = [
        {name: given[name] for name in names if name in given}
        for given in context.compiled_parameters
    ]
    keys = [column.key for column in audited.keys]
    if any(key not in one or one[key] is None for one in rows for key in keys):
        made = result.inserted_primary_key_rows
        for one, key in zip(rows, made, strict=False):
            one.update(zip(keys, key, strict=True))
    return rows


def _values_of(
    connection: sa.Connection, element: Any, sets: Parameters, names: Sequence[str]
) -> list[Key] | None:
    """What an INSERT is about to put into columns `names`; None where that cannot be told."""
    keys = list(sets[0]) or None
    compiled = element.compile(dialect=connection.dialect, column_keys=keys)
    found = []
    for given in sets:
        values = compiled.construct_params(dict(given), extracted_parameters=None)
        if any(name not in values for name in names):
            return None
        found.append(tuple(values[name] for name in names))
    return found
