"""A database on which a test takes steps up and down, each as `talatat apply` takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from talatat.db.types import utcnow
from talatat.evolution.kept import Returned, keeps_of, lost, put_away, put_back, remaining
from talatat.evolution.kept.sql import ran as run_template
from talatat.evolution.live import read_schema
from talatat.evolution.locking import begun
from talatat.evolution.plan.model import Step
from talatat.evolution.tables import ledger, metadata
from talatat.testing.databases import make_database


def ran(connection: Any, statement: str) -> Any:
    return run_template(connection, "{statement}", statement=statement)


class Stairs:
    """Steps of one addon, `shop`, given as SQL; `{uuid}` and the like are no business of theirs."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.position = 0
        with begun(connection):
            metadata.create_all(connection)

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def run(self, *statements: str) -> None:
        with begun(self.connection):
            for one in statements:
                ran(self.connection, one)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row) for row in ran(self.connection, query)]
        finally:
            self.connection.rollback()

    def lost(self, *statements: str) -> list[dict[str, Any]]:
        """What the statements would lose: tried, and rolled back."""
        with self.connection.begin() as tried:
            before = read_schema(self.connection)
            for one in statements:
                ran(self.connection, one)
            found = lost(before, read_schema(self.connection), statements)
            tried.rollback()
        return found

    def step(self, name: str, *statements: str, down: bool = False, **more: Any) -> Step:
        """A step as a plan has it: with what it would lose where the database is like now."""
        keeps = tuple(self.lost(*statements))
        kind = "downgrade" if down else "upgrade"
        return Step(kind, "shop", name, statements=statements, keeps=keeps, **more)

    def take(self, step: Step) -> Step:
        direction = "down" if step.kind == "downgrade" else "up"
        with begun(self.connection):
            put_away(self.connection, step.key, step.addon, step.name, direction, step.keeps)
            for one in step.statements:
                ran(self.connection, one)
            self.position += 1
            now = utcnow()
            row = {
                "position": self.position, "addon": step.addon, "revision": step.name,
                "direction": direction, "phase": step.phase, "down": [], "requires": {},
                "checksum": "", "text": "", "reversible": "reversible", "started_at": now,
                "finished_at": now, "who": "a test", "lock_wait_ms": 0,
            }  # fmt: skip
            self.connection.execute(insert(ledger).values(row))
        return step

    def up(self, name: str, *statements: str) -> Step:
        return self.take(self.step(name, *statements))

    def down(self, name: str, *statements: str) -> Step:
        return self.take(self.step(name, *statements, down=True))

    def back(self, *steps: Step, done: int | None = None) -> list[Returned]:
        return put_back(self.connection, steps, done)

    @property
    def keeps(self) -> list[tuple[str, str, int]]:
        try:
            return [
                (one.table_name, one.state, remaining(self.connection, one))
                for one in keeps_of(self.connection)
            ]
        finally:
            self.connection.rollback()


@pytest.fixture
def stairs(database_url: str) -> Iterator[Stairs]:
    database = make_database(database_url)
    with database.migration_engine.connect() as connection:
        yield Stairs(connection)
    database.dispose()
