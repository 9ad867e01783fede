"""One of everything is read, made again and told apart; wording is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.hazards.tokens import pieces
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.shadow import shadow

from . import rich


def run(connection: Connection, script: str) -> None:
    for piece in pieces(script):
        connection.exec_driver_sql(piece.text, execution_options={"no_parameters": True})


def made(url: str, script: str) -> Iterator[Engine]:
    engine = make_migration_engine(parse_url(url))
    with engine.begin() as connection:
        run(connection, script)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Engine]:
    yield from made(postgresql_url, rich.POSTGRESQL)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    yield from made(sqlite_url, rich.SQLITE)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


def schema_of(engine: Engine) -> Schema:
    with engine.connect() as connection:
        return read_schema(connection)


def test_one_of_everything_made_again_has_the_same_fingerprint(engine: Engine) -> None:
    schema = schema_of(engine)
    with shadow(engine.dialect.name, engine.url, like=schema) as other:
        again = schema_of(other)
    assert again.canonical() == schema.canonical()
    assert again.fingerprint == schema.fingerprint
    assert again.tables == schema.tables
    assert {"talatat_archive", "talatat_kept"} <= schema.canonical().keys()
    assert not [
        name
        for name in schema.canonical()
        if name.startswith(("talatat_archive_", "talatat_kept_"))
    ]


def test_each_change_shows_in_the_fingerprint(engine: Engine) -> None:
    own = rich.SQLITE_CHANGES if engine.dialect.name == "sqlite" else rich.POSTGRESQL_CHANGES
    changes = [*rich.CHANGES.strip().splitlines(), *own.strip().splitlines()]
    before = schema_of(engine)
    seen = {before.fingerprint: "nothing"}
    with engine.connect() as connection:
        for change in changes:
            with connection.begin() as transaction:
                run(connection, change)
                fingerprint = read_schema(connection).fingerprint
                transaction.rollback()
            assert seen.setdefault(fingerprint, change) == change
    assert schema_of(engine) == before


def test_comments_storage_and_what_is_put_away_are_not_counted(postgresql: Engine) -> None:
    before = schema_of(postgresql)
    with postgresql.begin() as connection:
        run(connection, rich.POSTGRESQL_UNCOUNTED)
    assert schema_of(postgresql).fingerprint == before.fingerprint


def sqlite_schema(script: str) -> Schema:
    with shadow("sqlite", "sqlite://") as engine:
        with engine.begin() as connection:
            run(connection, script)
        return schema_of(engine)


def test_each_change_of_a_text_shows_in_the_fingerprint_on_sqlite() -> None:
    seen = {sqlite_schema(rich.SQLITE).fingerprint: ""}
    for old, new in rich.SQLITE_TEXTS:
        assert rich.SQLITE.count(old) == 1, old
        fingerprint = sqlite_schema(rich.SQLITE.replace(old, new)).fingerprint
        assert seen.setdefault(fingerprint, old) == old


def test_the_same_schema_in_other_words_is_the_same_on_sqlite() -> None:
    script = rich.SQLITE
    for old, new in rich.SQLITE_SAME:
        assert script.count(old) == 1, old
        script = script.replace(old, new)
    assert sqlite_schema(script).canonical() == sqlite_schema(rich.SQLITE).canonical()
