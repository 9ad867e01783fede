"""Shadows are empty or like another, end with their block, and are swept up after a crash."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import read_schema
from talatat.evolution.shadow import PREFIX, shadow
from talatat.testing.servers import PostgreSQL


def databases(server: PostgreSQL) -> set[str]:
    with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows if name.startswith(PREFIX)}


def test_a_shadow_is_gone_when_its_block_ends(
    postgresql_server: PostgreSQL, postgresql_url: str
) -> None:
    with shadow("postgresql", postgresql_url) as one, shadow("postgresql", postgresql_url) as two:
        assert databases(postgresql_server) == {one.url.database, two.url.database}
        with one.connect() as connection:
            assert read_schema(connection).objects == ()
        held = two.connect()  # nobody may keep it alive
        held.execute(text("SELECT 1"))
    assert databases(postgresql_server) == set()
    with shadow("sqlite", "sqlite://") as engine:
        path = Path(str(engine.url.database))
        assert path.parent.exists()
    assert not path.parent.exists()


def test_what_a_killed_process_left_is_dropped_by_the_next(
    postgresql_server: PostgreSQL, postgresql_url: str
) -> None:
    left = f"{PREFIX}0123456789abcdef"
    postgresql_server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(left)))
    with shadow("postgresql", postgresql_url) as engine:
        assert databases(postgresql_server) == {engine.url.database}


def test_version_tables_say_what_they_are_told(database_url: str) -> None:
    dialect = database_url.partition(":")[0].partition("+")[0]
    heads = {"shelf": ["0001", "0002_other"], "my-shelf": []}
    query = text("SELECT version_num FROM shelf_alembic_version ORDER BY 1")
    with shadow(dialect, database_url, heads=heads) as engine, engine.connect() as connection:
        assert connection.scalars(query).all() == ["0001", "0002_other"]
        schema = read_schema(connection)
        assert schema.canonical() == {}
        assert set(schema.tables) == {"shelf_alembic_version", "my-shelf_alembic_version"}
    with (
        shadow(dialect, database_url, like=schema, heads=heads) as engine,
        engine.connect() as connection,
    ):
        assert connection.scalars(query).all() == ["0001", "0002_other"]


def test_an_index_can_be_made_concurrently_and_an_invalid_one_is_told(postgresql_url: str) -> None:
    unique = text("CREATE UNIQUE INDEX CONCURRENTLY a_id_ix ON a (id)")
    with shadow("postgresql", postgresql_url) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("CREATE TABLE a AS SELECT 1 AS id UNION ALL SELECT 1"))
        with pytest.raises(DBAPIError):
            connection.execute(unique)
        invalid = read_schema(connection)
        assert not invalid.tables["a"].indexes["a_id_ix"].valid
        connection.execute(text("TRUNCATE a"))
        connection.execute(text("DROP INDEX a_id_ix"))
        connection.execute(unique)
        assert read_schema(connection).fingerprint != invalid.fingerprint
        assert read_schema(connection).statements() == invalid.statements()


def test_the_search_path_of_a_database_is_its_shadows_too(postgresql_url: str) -> None:
    engine = make_migration_engine(parse_url(postgresql_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA app"))
        connection.execute(text("CREATE TABLE public.elsewhere (id integer)"))
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} SET search_path = app, public"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id serial PRIMARY KEY, note text)"))
        connection.execute(text("CREATE INDEX a_note_ix ON a (lower(note))"))
        schema = read_schema(connection)
    for like in (schema, None):
        with (
            shadow("postgresql", postgresql_url, like=like) as other,
            other.connect() as connection,
        ):
            assert connection.scalar(text("SELECT current_schema()")) == "app"
            if like is not None:
                assert read_schema(connection).fingerprint == schema.fingerprint
    engine.dispose()


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ("ENCODING 'LATIN1' LOCALE 'C'", ("LATIN1", "c", None)),
        ("LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'", ("UTF8", "i", "de-DE")),
    ],
)
def test_texts_compare_in_a_shadow_as_in_the_database_itself(
    postgresql_server: PostgreSQL, how: str, kept: tuple[str, str, str | None]
) -> None:
    name = f"talatat_test_{kept[0].lower()}"
    postgresql_server.execute(sql.SQL(f"CREATE DATABASE {name} TEMPLATE template0 {how}"))
    url = postgresql_server.url(name)
    query = text(
        "SELECT pg_encoding_to_char(encoding), datlocprovider::text,"
        " coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale')"
        " FROM pg_database d WHERE datname = current_database()"
    )
    try:
        with shadow("postgresql", url) as engine, engine.connect() as connection:
            assert tuple(connection.execute(query).one()) == kept
    finally:
        postgresql_server.drop_database(url)


def test_a_role_that_may_not_make_databases_is_told_what_to_do(
    postgresql_server: PostgreSQL, postgresql_url: str
) -> None:
    role = sql.Identifier("no_maker")
    postgresql_server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    poor = postgresql_url.replace("postgres@", "no_maker@")
    try:
        with (
            pytest.raises(
                EvolutionError, match=r"ALTER ROLE \"no_maker\" CREATEDB.*talatat\.shadow_url"
            ),
            shadow("postgresql", poor),
        ):
            pass
        with shadow("postgresql", poor, shadow_url=postgresql_url) as engine:
            assert engine.url.username == "postgres"
    finally:
        postgresql_server.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_schema_that_cannot_be_made_again_is_refused_with_its_statement(
    postgresql_url: str,
) -> None:
    engine = make_migration_engine(parse_url(postgresql_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA other"))
        connection.execute(text("CREATE TABLE other.a (id integer PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE b (id integer CONSTRAINT b_fk REFERENCES other.a)"))
        schema = read_schema(connection)
    engine.dispose()
    with (
        pytest.raises(EvolutionError, match=r"\"other\" does not exist.*ADD CONSTRAINT \"b_fk\""),
        shadow("postgresql", postgresql_url, like=schema),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////tmp/x", "it is of sqlite"),
        ("nonsense", "it cannot be read"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_a_shadow_url_that_is_wrong_is_named(postgresql_url: str, url: str, says: str) -> None:
    with (
        pytest.raises(
            EvolutionError, match=rf"(?s)talatat\.shadow_url.*{says}|{says}.*talatat\.shadow_url"
        ) as caught,
        shadow("postgresql", postgresql_url, shadow_url=url),
    ):
        pass
    assert "Is the server running" not in str(caught.value)


def test_hundreds_of_tables_are_read_and_made_again_in_seconds(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    many = ";".join(
        f"CREATE TABLE t_{n} (id uuid PRIMARY KEY, title varchar(20) CHECK (title IN ('a', 'b')), "
        f"p uuid REFERENCES t_{max(n - 1, 0)}); CREATE INDEX t_{n}_title_ix ON t_{n} (title)"
        for n in range(300)
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(many, execution_options={"no_parameters": True})
        queries: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *seen: queries.append(seen[2]))
        schema = read_schema(connection)
        assert len(queries) < 15
    with shadow("postgresql", postgresql_url, like=schema) as other, other.connect() as connection:
        assert read_schema(connection).fingerprint == schema.fingerprint
    engine.dispose()
