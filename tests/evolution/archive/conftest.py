"""A shelf of books, and `trove`, which has everything that an addon can have in a database."""

from __future__ import annotations

import sqlite3
import subprocess
from typing import Any

import psycopg
import pytest

from talatat.composing import load_composition
from talatat.evolution.migrate import bring_to
from talatat.evolution.opening import Opened, open_database
from talatat.testing import servers
from talatat.testing.databases import make_database

TROVE = {
    "__init__.py": "def includeme(config): pass\n",
    "migrations/versions/0001_trove.py": '''
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_trove", None, "expand"
        requires = {"shelf": "0001_books"}

        def upgrade():
            here = op.get_bind().dialect.name
            for statement in BOTH + (SQLITE if here == "sqlite" else POSTGRESQL):
                op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})

        BOTH = [
            """CREATE TABLE trove_chest (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL CONSTRAINT trove_chest_name_uq UNIQUE,
                inner_id INTEGER CONSTRAINT trove_chest_inner_fk REFERENCES trove_chest (id),
                weight NUMERIC(12, 3) DEFAULT 1.5 CONSTRAINT trove_chest_weight_ck CHECK (weight > 0))""",
            """CREATE TABLE trove_coin (
                chest_id INTEGER NOT NULL CONSTRAINT trove_coin_chest_fk REFERENCES trove_chest (id),
                book_id TEXT CONSTRAINT trove_coin_book_fk REFERENCES shelf_place (id) ON DELETE SET NULL,
                number INTEGER NOT NULL, value REAL, CONSTRAINT trove_coin_pk PRIMARY KEY (chest_id, number))""",
            """CREATE TABLE trove_book (
                book_id TEXT CONSTRAINT trove_book_pk PRIMARY KEY
                CONSTRAINT trove_book_book_fk REFERENCES shelf_place (id) ON DELETE CASCADE,
                gold BIGINT NOT NULL)""",
            "CREATE TABLE trove_note (said TEXT, about TEXT CONSTRAINT trove_note_fk REFERENCES trove_book (book_id))",
            'CREATE TABLE "trove_Odd ""{name}/" ("Group" TEXT PRIMARY KEY, "a :x? {y}" TEXT)',
            'CREATE TABLE trove_plain (rowid TEXT, oid_ TEXT)',
            "CREATE INDEX trove_coin_value_ix ON trove_coin (value) WHERE value > 1",
            "CREATE UNIQUE INDEX trove_chest_lower_uq ON trove_chest (lower(name))",
            "CREATE VIEW trove_heavy AS SELECT c.id, c.name FROM trove_chest c WHERE c.weight > 10",
            "CREATE VIEW trove_places AS SELECT p.id FROM shelf_place p",
        ]
        SQLITE = [
            "CREATE TABLE trove_log (n INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)",
            "CREATE TABLE trove_key (a TEXT, b BLOB, PRIMARY KEY (a)) WITHOUT ROWID",
            "CREATE TABLE trove_sum (a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED)",
            "CREATE VIRTUAL TABLE trove_search USING fts5(name, content='trove_chest', content_rowid='id')",
            "CREATE VIRTUAL TABLE trove_term USING fts5vocab(trove_search, row)",
            """CREATE TRIGGER trove_chest_put AFTER INSERT ON trove_chest BEGIN
                INSERT INTO trove_search (rowid, name) VALUES (new.id, new.name); END""",
            """CREATE TRIGGER trove_place_seen AFTER INSERT ON shelf_place BEGIN
                INSERT INTO trove_log (text) VALUES ('place ' || new.id); END""",
        ]
        POSTGRESQL = [
            "CREATE TYPE trove_metal AS ENUM ('gold', 'silver')",
            "ALTER TABLE trove_book ADD COLUMN metal trove_metal DEFAULT 'silver'",
            "CREATE SEQUENCE trove_free START 7",
            """CREATE TABLE trove_log (n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT,
                metal trove_metal DEFAULT 'gold', serial SERIAL, free BIGINT DEFAULT nextval('trove_free'))""",
            "CREATE TABLE trove_key (a TEXT PRIMARY KEY, b BYTEA)",
            "CREATE TABLE trove_sum (a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED)",
            """CREATE FUNCTION trove_see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO trove_log (text) VALUES ('place ' || new.id); RETURN new; END $$""",
            "CREATE TRIGGER trove_place_seen AFTER INSERT ON shelf_place FOR EACH ROW EXECUTE FUNCTION trove_see()",
            "CREATE MATERIALIZED VIEW trove_weights AS SELECT id, weight FROM trove_chest",
            "CREATE INDEX trove_weights_ix ON trove_weights (weight)",
        ]
        ''',
}
PLACES = 'op.execute("CREATE TABLE shelf_place (id TEXT PRIMARY KEY, label TEXT)")'


class Site:
    """One database through its history; asked and filled with the drivers, not with the platform."""

    def __init__(self, addons: Any, url: str) -> None:
        self.addons, self.url = addons, url

    @property
    def dialect(self) -> str:
        return "sqlite" if self.url.startswith("sqlite") else "postgresql"

    def bring(self, *names: str) -> Opened:
        """Bring the database to these addons, as an apply does."""
        opened = self.opened(*names)
        database = make_database(self.url)
        bring_to(load_composition(opened.ini.path), database)
        database.dispose()
        return opened

    def opened(self, *names: str, user: str = "postgres") -> Opened:
        url = self.url.replace("postgres@", f"{user}@")
        return open_database(self.addons.ini(*names, url=url))

    def run(self, *statements: str) -> list[Any]:
        """Run statements as somebody with the database's own tool would; the rows of the last."""
        rows: list[Any] = []
        if self.dialect == "sqlite":
            connection = sqlite3.connect(self.path)
            connection.execute("PRAGMA foreign_keys = ON")
            try:
                for statement in statements:
                    rows = connection.execute(statement).fetchall()
                connection.commit()
            finally:
                connection.close()
            return rows
        with psycopg.connect(self.plain) as server:
            for statement in statements:
                cursor = server.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def script(self, *statements: str) -> None:
        """Run scripts of many statements each."""
        if self.dialect == "postgresql":
            for statement in statements:
                self.run(statement)
            return
        connection = sqlite3.connect(self.path)
        for statement in statements:
            connection.executescript(statement)
        connection.close()

    @property
    def path(self) -> str:
        return self.url.removeprefix("sqlite:///")

    @property
    def plain(self) -> str:
        """The URL as PostgreSQL's own programs read it."""
        return self.url.replace("+psycopg", "")

    def dump(self) -> list[str]:
        """Everything but the platform's own tables and archives, as the database's own tool tells it."""
        if self.dialect == "sqlite":
            return self._sqlite_dump()
        program = servers.find_postgresql() / "pg_dump"
        command = [
            str(program),
            "--inserts",
            "--rows-per-insert=1",
            "-n",
            "public",
            "-T",
            "public.talatat_*",
            self.plain,
        ]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return sorted(
            line for line in text.splitlines() if line and not line.startswith(("--", "\\"))
        )

    def _sqlite_dump(self) -> list[str]:
        schema = (
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'talatat%'"
        )
        said = [repr(row) for row in self.run(schema)]
        listed = self.run("PRAGMA table_list")
        for row in listed:
            name, kind, without_rowid = row[1], row[2], row[4]
            if name.startswith(
                ("talatat_", "sqlite_schema", "sqlite_temp", "sqlite_stat")
            ) or kind in ("view", "virtual"):
                continue
            columns = "*" if without_rowid else "oid, *"
            quoted = '"' + name.replace('"', '""') + '"'
            where = " WHERE name NOT LIKE 'talatat%'" if name == "sqlite_sequence" else ""
            said += [
                f"{name}: {one!r}" for one in self.run(f"SELECT {columns} FROM {quoted}{where}")
            ]
        return sorted(said)

    def tables(self) -> set[str]:
        if self.dialect == "sqlite":
            return {
                row[0] for row in self.run("SELECT name FROM sqlite_master WHERE type <> 'index'")
            }
        return {
            row[0]
            for row in self.run(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"
            )
        }


@pytest.fixture
def site(shelf: Any, database_url: str) -> Site:
    shelf.revision("shelf", "0002_places", PLACES, down="0001_books")
    shelf.write("trove", TROVE, requires=("shelf",))
    return Site(shelf, database_url)


FILLING = """
    INSERT INTO shelf_place VALUES ('p1', 'hall'), ('p2', 'attic'), ('p3', 'cellar');
    INSERT INTO trove_chest (id, name, inner_id, weight)
        VALUES (1, 'oak', NULL, 12.25), (2, 'iron bound', 1, 0.125), ({large}, 'Größe ''☃''', 2, NULL);
    INSERT INTO trove_coin
        VALUES (1, 'p1', 1, 0.1), (1, 'p2', 2, {huge}), (2, NULL, 1, NULL), (2, 'p2', 2, 2.0);
    INSERT INTO trove_book (book_id, gold) VALUES ('p1', 9223372036854775807), ('p2', -5);
    INSERT INTO trove_note VALUES ('of hall', 'p1'), ('of attic', 'p2'), (NULL, NULL), (NULL, NULL);
    INSERT INTO trove_key VALUES ('k', {blob}), ('empty', {empty});
    INSERT INTO "trove_Odd ""{{name}}/" VALUES ('a', '100%'), ('?', ':x');
    INSERT INTO trove_plain VALUES ('r', 's'), ('r', 's');
    INSERT INTO trove_sum (a) VALUES (21);
    DELETE FROM trove_log WHERE n = 3
    """
VALUES = {
    "sqlite": {"large": "9007199254740993", "huge": "1e300", "blob": "x'00ff10'", "empty": "x''"},
    "postgresql": {"large": "2000000000", "huge": "1e30", "blob": r"'\x00ff10'", "empty": "''"},
}


@pytest.fixture
def filled(site: Site) -> Site:
    """With rows in all tables, and `trove` taken out of the composition."""
    site.bring("trove")
    site.run(*FILLING.format_map(VALUES[site.dialect]).split(";\n"))
    if site.dialect == "postgresql":
        site.run("REFRESH MATERIALIZED VIEW trove_weights")
    site.bring("shelf")
    return site
