"""Whatever an expression is, PostgreSQL's print of it, read and printed again, is spelled the same."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.live import read_schema
from talatat.evolution.live.postgresql_spelling import respelled
from talatat.evolution.shadow import shadow

from . import expressions


def run(connection: Connection, statement: str) -> None:
    with connection.begin_nested():
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def test_expressions_made_again_are_spelled_the_same(postgresql_url: str) -> None:
    engine = make_migration_engine(parse_url(postgresql_url))
    with engine.begin() as connection:
        run(connection, expressions.TABLE)
        for n, condition in enumerate(expressions.CONDITIONS.strip().splitlines()):
            run(connection, f"ALTER TABLE t ADD CONSTRAINT ck_{n} CHECK ({condition})")
            run(connection, f"CREATE VIEW view_{n} AS SELECT id FROM t WHERE {condition}")
            try:
                run(connection, f"CREATE INDEX ix_{n} ON t (id) WHERE {condition}")
            except DBAPIError as error:
                assert "IMMUTABLE" in str(error)
        for n, query in enumerate(expressions.QUERIES.strip().splitlines()):
            run(connection, f"CREATE VIEW query_{n} AS {query}")
        schema = read_schema(connection)
    engine.dispose()
    with shadow("postgresql", postgresql_url, like=schema) as other, other.connect() as connection:
        assert read_schema(connection).canonical() == schema.canonical()


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("(((a > 1) AND (a < 2)) AND (b))", "((a > 1) AND (a < 2) AND (b))"),
        ("(a OR ((b) OR (c)))", "(a OR (b) OR (c))"),
        ("((a AND b) OR c)", "((a AND b) OR c)"),
        ("f(x, (a, b), (c AND d))", "f(x, (a, b), (c AND d))"),
        ("((a AND 'x AND ((y') AND c)", "(a AND 'x AND ((y' AND c)"),
        ("(ARRAY['a]'::varchar, f(b, c)])::text[]", "ARRAY[('a]'::varchar)::text, (f(b, c))::text]"),
        ("(ARRAY[ARRAY[1, 2]])::character varying(3)[]", "ARRAY[(ARRAY[1, 2])::character varying(3)]"),
        ("(ARRAY[a])[1]", "(ARRAY[a])[1]"),
        ("(ARRAY[a])::text", "(ARRAY[a])::text"),
    ],
)  # fmt: skip
def test_the_two_spellings_become_one(printed: str, kept: str) -> None:
    assert respelled(printed) == kept
