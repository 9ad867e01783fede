"""A database on which a test takes steps up and down; and a system with releases to go back to."""

from __future__ import annotations

import importlib
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import insert

from talatat.cli.main import main
from talatat.composing import compose, load_composition
from talatat.db.types import utcnow
from talatat.evolution.apply.applying import carry_out_prepared
from talatat.evolution.desired import desired_of
from talatat.evolution.kept import Returned, keeps_of, lost, put_away, put_back, remaining
from talatat.evolution.kept.sql import ran as run_template
from talatat.evolution.live import read_schema
from talatat.evolution.model import Step
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import prepare
from talatat.evolution.running.locking import begun
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


HEAD = """import sqlalchemy as sa
from alembic import op
from talatat.db.batches import Batch
"""
# The releases of the addon `shop`: each has the revisions of those before it.
RELEASES = {
    "1.0": {
        "0001_goods": """
            revision, down_revision, phase = "0001_goods", None, "expand"
            def upgrade():
                op.create_table("shop_good", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.Text, nullable=False), sa.Column("note", sa.Text))
            def downgrade():
                op.drop_table("shop_good")
            """
    },
    "1.1": {
        "0002_slug": """
            revision, down_revision, phase = "0002_slug", "0001_goods", "expand"
            def upgrade():
                op.add_column("shop_good", sa.Column("slug", sa.Text()))
                op.create_table("shop_tag", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("good_id", sa.Integer, sa.ForeignKey("shop_good.id", ondelete="CASCADE")),
                    sa.Column("word", sa.Text, unique=True))
            def downgrade():
                op.drop_table("shop_tag")
                with op.batch_alter_table("shop_good") as table:
                    table.drop_column("slug")
            """,
        "0003_fill": """
            revision, down_revision, phase = "0003_fill", "0002_slug", "data"
            batches = [Batch("shop_good", set="slug = lower(name)", where="slug IS NULL")]
            reversal = [Batch("shop_good", set="note = coalesce(note, 'was ' || slug)")]
            def upgrade(): pass
            def downgrade(): pass
            """,
    },
    "2.0": {
        "0004_title": """
            revision, down_revision, phase = "0004_title", "0003_fill", "expand"
            def upgrade():
                op.alter_column("shop_tag", "word", new_column_name="label")
            def downgrade():
                op.alter_column("shop_tag", "label", new_column_name="word")
            """,
        "0005_no_note": """
            revision, down_revision, phase = "0005_no_note", "0004_title", "contract"
            def upgrade():
                with op.batch_alter_table("shop_good") as table:
                    table.drop_column("note")
            def downgrade():
                op.add_column("shop_good", sa.Column("note", sa.Text()))
            """,
    },
    "3.0": {
        "0006_forward": """
            revision, down_revision, phase = "0006_forward", "0005_no_note", "data"
            reversible = False
            def upgrade():
                op.execute("UPDATE shop_good SET slug = upper(slug)")
            """
    },
}
SHELF = {
    "0001_shelves": """
        revision, down_revision, phase = "0001_shelves", None, "expand"
        requires = {"shop": "0001_goods"}
        def upgrade():
            op.create_table("shelf_good", sa.Column("good_id", sa.Integer,
                sa.ForeignKey("shop_good.id", ondelete="CASCADE"), primary_key=True),
                sa.Column("place", sa.Text))
        def downgrade():
            op.drop_table("shelf_good")
        """,
    "0002_tags": """
        revision, down_revision, phase = "0002_tags", "0001_shelves", "expand"
        requires = {"shop": "0002_slug"}
        def upgrade():
            op.create_table("shelf_tag", sa.Column("tag_id", sa.Integer,
                sa.ForeignKey("shop_tag.id", ondelete="CASCADE"), primary_key=True),
                sa.Column("colour", sa.Text))
        def downgrade():
            op.drop_table("shelf_tag")
        """,
}


class Town:
    """An operator of a system with the addon `shop`, and with `shelf`, which builds on it."""

    def __init__(self, addons: Any, url: str) -> None:
        self.addons, self.url = addons, url
        self.versions: dict[str, str] = {}

    def install(self, version: str, addon: str = "shop") -> None:
        """Install a version, older or newer; what the other version had is gone."""
        package = self.addons.folder / self.addons.package(addon)
        shutil.rmtree(package / "migrations", ignore_errors=True)
        texts: dict[str, str] = {}
        if addon == "shop":
            for known, own in RELEASES.items():
                texts |= own if known <= version else {}
        else:
            texts = dict(list(SHELF.items())[: int(version[0])])
        files = {
            f"migrations/versions/{name}.py": HEAD + textwrap.dedent(text)
            for name, text in texts.items()
        }
        requires = ("shop",) if addon == "shelf" else ()
        self.addons.write(addon, files, requires=requires, version=version)

    def uninstall(self, addon: str = "shop") -> None:
        package = self.addons.package(addon)
        shutil.rmtree(self.addons.folder / package)
        for folder in self.addons.folder.glob(f"{package}-*.dist-info"):
            shutil.rmtree(folder)
        importlib.invalidate_caches()

    def declare(self, *names: str) -> str:
        self.ini: str = self.addons.ini(*names, url=self.url)
        return self.ini

    def apply(self) -> Any:
        """Whatever is dangerous is accepted: it is the way back that is looked at here."""
        return carry_out_prepared(self.prepare())

    def prepare(self) -> Any:
        registry = compose(load_composition(self.ini)).registry
        registry.system.database.dispose()
        desired = desired_of(registry)
        made = prepare(self.ini, desired=desired)
        if named := [one.accept for one in made.plan.blockers if one.accept]:
            made = prepare(self.ini, desired=desired, accept=named)
        assert not made.plan.blockers, made.plan.blockers
        return made

    def release(self, version: str) -> Any:
        self.install(version)
        return self.apply()

    def forget(self) -> None:
        """Let no module of an addon be imported."""
        for name in [name for name in sys.modules if name.startswith(self.addons.prefix)]:
            del sys.modules[name]

    @property
    def imported(self) -> list[str]:
        return [name for name in sys.modules if name.startswith(self.addons.prefix)]

    def run(self, *words: str) -> int:
        return main(list(words))

    def rollback(self, *words: str) -> int:
        return self.run("rollback", self.ini, "--yes", *words)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        with open_database(self.ini).database.migration_engine.connect() as connection:
            yield connection

    def execute(self, *statements: str) -> None:
        with self.connection() as connection:
            for one in statements:
                ran(connection, one)
            connection.commit()

    def rows(self, query: str) -> list[Any]:
        with self.connection() as connection:
            return [tuple(row) for row in ran(connection, query)]

    @property
    def goods(self) -> list[Any]:
        return self.rows("SELECT * FROM shop_good ORDER BY id")

    @property
    def schema(self) -> Any:
        """What stands in the database, for comparing; the platform's own tables aside."""
        with self.connection() as connection:
            return read_schema(connection, lambda name: not name.startswith("talatat_")).canonical()


def _town(addons: Any, url: str) -> Town:
    town = Town(addons, url)
    town.install("1.0")
    town.declare("shop")
    return town


@pytest.fixture
def town(addons: Any, sqlite_url: str) -> Town:
    """On SQLite: for what does not depend on the database."""
    return _town(addons, sqlite_url)


@pytest.fixture
def either(addons: Any, database_url: str) -> Town:
    """On SQLite and on PostgreSQL."""
    return _town(addons, database_url)
