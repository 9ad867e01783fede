"""What the other addons do while one sleeps: insert, change and delete rows of every mapped model.

Runs elsewhere, where the sleeping addon was never imported, on a database that holds its tables and its
rows. Everything goes through the models, as in a request. A table that says `info={"append_only": True}`
refuses to be changed whoever is asleep, and only has rows inserted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, Session

from talatat.composing import compose, load_composition
from talatat.composition import Composition
from talatat.db import Extension
from talatat.db.base import bases_of
from talatat.errors import said_by
from talatat.system import System
from talatat.testing.conformance.model import LeftOut
from talatat.testing.conformance.rows import Row, Rows, changed, in_order

NUMBER = 5000  # of rows made here, far from those that are there
Refused = dict[str, str]


def write_all(ini: str, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """{models, refused}: how many tables were written, and what the database refused, by table and verb."""
    system: System = compose(load_composition(ini)).registry.system
    tables, mappers = _mapped(system.composition)
    rows = Rows(tables, given, start=NUMBER)
    refused: Refused = {}
    writers = [_Writer(rows, table, mappers.get(table.name)) for table in rows.tables]
    try:
        for one in writers:
            _attempt(system, refused, "insert into", one.table, one.insert)
        for one in writers:
            _attempt(system, refused, "update", one.table, one.update)
        for one in reversed(writers):
            _attempt(system, refused, "delete from", one.table, one.delete)
    finally:
        system.database.dispose()
    return {"models": len(tables), "refused": refused}


def _mapped(composition: Composition) -> tuple[list[Table], dict[str, Mapper[Any]]]:
    """The tables of the composed addons' models, and the mapper of each that one class alone is mapped to."""
    tables: dict[str, Table] = {}
    mappers: dict[str, Mapper[Any]] = {}
    for addon in composition.addons:
        for base in bases_of(addon.package):
            tables |= base.metadata.tables
            for mapper in base.registry.mappers:
                if mapper.inherits is None and not list(mapper.self_and_descendants)[1:]:
                    mappers[str(mapper.local_table)] = mapper
    return in_order(tables.values()), mappers


def _attempt(
    system: System, refused: Refused, verb: str, table: Table, write: Callable[[Session], None]
) -> None:
    try:
        with system.database.transaction() as (_, session):
            write(session)
    except (SQLAlchemyError, LeftOut) as error:
        said = said_by(error)
        said = said.removeprefix(f"no row could be made for {table.name}: ")
        refused[f"{verb} {table.name}"] = said


class _Writer:
    """Writes rows of one table: through its mapper, or as they are where there is none."""

    def __init__(self, rows: Rows, table: Table, mapper: Mapper[Any] | None) -> None:
        self.rows, self.table, self.mapper = rows, table, mapper

    def insert(self, session: Session) -> None:
        """Insert one row."""
        if self.mapper is None:
            self.rows.insert(session.connection(), self.table)
            return
        if self._is_complete(session):
            return
        made = self.mapper.class_

        def put(row: Row) -> None:
            with session.begin_nested():
                session.add(made(**self._attributes(row)))
                session.flush()

        self.rows.attempt(session.connection(), self.table, put)

    def _is_complete(self, session: Session) -> bool:
        """Whether every row has its extension already: those that are guaranteed come with their rows."""
        assert self.mapper is not None
        model = self.mapper.class_
        if not issubclass(model, Extension) or model.__extends__ is None:
            return False
        there, parents = (
            session.scalar(sa.select(sa.func.count()).select_from(one))
            for one in (model, model.__extends__)
        )
        return there == parents

    def update(self, session: Session) -> None:
        """Change every row in all that may change."""
        if self.table.info.get("append_only"):
            return
        if self.mapper is None:
            values = changed(self.table, NUMBER)
            if values:
                session.execute(sa.update(self.table).values(values))
            return
        for number, row in enumerate(self._all(session), 2 * NUMBER):
            for name, value in self._attributes(changed(self.table, number)).items():
                setattr(row, name, value)
        session.flush()

    def delete(self, session: Session) -> None:
        """Delete every row."""
        if self.table.info.get("append_only"):
            return
        if self.mapper is None:
            session.execute(sa.delete(self.table))
            return
        for row in self._all(session):
            session.delete(row)
        session.flush()

    def _all(self, session: Session) -> Iterator[Any]:
        assert self.mapper is not None
        yield from session.scalars(sa.select(self.mapper.class_)).unique().all()

    def _attributes(self, row: Row) -> dict[str, Any]:
        """The row by the names of the model's attributes; its version is the model's own business."""
        mapper = self.mapper
        assert mapper is not None
        version = mapper.version_id_col
        return {
            mapper.get_property_by_column(self.table.c[name]).key: value
            for name, value in row.items()
            if version is None or name != version.name
        }
