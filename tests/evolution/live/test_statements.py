"""What revisions execute is recorded, and compared while it is executed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text

from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import read_schema
from talatat.evolution.running.statements import Recorder, Verifier, changes, in_order, turns
from talatat.evolution.shadow import shadow


def operations(connection: Connection) -> Operations:
    return Operations(MigrationContext.configure(connection))


def revision(connection: Connection) -> None:
    """Makes a table, fills it, and rebuilds it as SQLite must to drop a column's default."""
    op = operations(connection)
    op.create_table(
        "shelf_book",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(20), server_default="none"),
    )
    op.bulk_insert(
        sa.table("shelf_book", sa.column("id"), sa.column("title")),
        [{"id": 1, "title": "one"}, {"id": 2, "title": "two"}],
    )
    op.execute("SELECT 1")
    with op.batch_alter_table("shelf_book") as batch:
        batch.alter_column("title", server_default=None, existing_type=sa.String(20))


@pytest.fixture
def dialect(database_url: str) -> str:
    return database_url.partition(":")[0].partition("+")[0]


def recorded(dialect: str, url: str, run: Callable[[Connection], None]) -> list[str]:
    with shadow(dialect, url) as engine, engine.begin() as connection:
        with Recorder(connection) as recorder:
            run(connection)
        connection.exec_driver_sql("CREATE TABLE elsewhere (id INTEGER)")
    return recorder.statements


def test_what_was_recorded_in_one_shadow_is_executed_in_another(
    dialect: str, database_url: str
) -> None:
    expected = recorded(dialect, database_url, revision)
    assert [one.split(" (")[0] for one in expected][:2] == [
        "CREATE TABLE shelf_book",
        "INSERT INTO shelf_book",
    ]
    assert not any(one.startswith(("SELECT", "PRAGMA", "BEGIN")) for one in expected)
    assert "CREATE TABLE elsewhere (id INTEGER)" not in expected
    assert any("_alembic_tmp_shelf_book" in one for one in expected) == (dialect == "sqlite")
    with shadow(dialect, database_url) as engine, engine.begin() as connection:
        with Verifier(connection, expected, "shelf 0001") as verifier:
            revision(connection)
        verifier.finish()
        assert "shelf_book" in read_schema(connection).tables


def test_a_statement_that_was_not_planned_is_not_executed(dialect: str, database_url: str) -> None:
    with shadow(dialect, database_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER)"))
        with (
            Verifier(connection, ["DROP TABLE b"], "shelf 0001") as verifier,
            pytest.raises(EvolutionError, match=r"step shelf 0001: statement 1 .*DROP TABLE a"),
        ):
            connection.execute(text("DROP TABLE a"))
        assert "a" in read_schema(connection).tables
        with pytest.raises(EvolutionError, match=r"Executed: none"):
            verifier.finish()
        connection.execute(text("DROP TABLE a"))  # nobody watches any more


def test_rows_that_are_refused_in_a_rebuild_are_told_and_not_how_it_was_cleaned_up(
    dialect: str, database_url: str
) -> None:
    if dialect != "sqlite":
        pytest.skip("tables are rebuilt on SQLite alone")

    def bind(connection: Connection) -> None:
        with operations(connection).batch_alter_table("a") as batch:
            batch.alter_column("id", nullable=False, existing_type=sa.Integer)

    with shadow(dialect, database_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER)"))
        with connection.begin_nested() as trial, Recorder(connection) as recorder:
            bind(connection)
            trial.rollback()
        connection.execute(text("INSERT INTO a VALUES (NULL)"))
        with (
            Verifier(connection, recorder.statements, "shelf 0001"),
            pytest.raises(sa.exc.IntegrityError, match="NOT NULL constraint failed"),
        ):
            bind(connection)


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("SELECT 1", False),
        (" -- all of it\n(SELECT 1) UNION SELECT 2", False),
        ("WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone", True),
        ("SELECT 1; DROP TABLE a", True),
        ("SELECT * INTO b FROM a", True),
        ("SELECT setval('a_id_seq', 7)", True),
        ("SELECT shelf_tidy(id) FROM a", False),
        ("SELECT count(*) FROM a", False),
        ("SELECT current_setting('server_version_num'), version()", False),
        ("SELECT id FROM a WHERE id IN (SELECT max(id) FROM a)", False),
        ("PRAGMA table_info('a')", False),
        ("PRAGMA user_version = 3", True),
        ("SAVEPOINT sa_savepoint_1", False),
        ("", False),
        ("CREATE TABLE shelf_alembic_version (version_num VARCHAR(32))", False),
        ('INSERT INTO "my-shelf_alembic_version" (version_num) VALUES (1)', False),
        ("UPDATE shelf_alembic_version SET version_num = '2'", False),
        ("UPDATE shelf_book SET title = (SELECT version_num FROM shelf_alembic_version)", True),
        ("DROP TABLE IF EXISTS public.shelf_alembic_version", False),
        ("CREATE TABLE", True),
        ("UPDATE IF EXISTS", True),
        ("12", False),
        ("SET LOCAL lock_timeout = '1s'", True),
    ],
)
def test_only_what_changes_the_database_is_recorded(statement: str, counts: bool) -> None:
    assert changes(statement) is counts


def test_indexes_that_are_made_in_a_row_may_come_in_any_order(database_url: str) -> None:
    made = [
        "CREATE TABLE a (id INTEGER)",
        "CREATE INDEX b_ix ON a (id)",
        "CREATE INDEX a_ix ON a (id)",
    ]
    assert in_order(made) == [made[0], made[2], made[1]]
    dialect = database_url.partition(":")[0].partition("+")[0]
    with shadow(dialect, database_url) as engine, engine.begin() as connection:
        with Verifier(connection, in_order(made)) as verifier:
            for statement in made:
                connection.exec_driver_sql(statement)
            with pytest.raises(EvolutionError, match=r"statement 4 .*the step has ended"):
                connection.exec_driver_sql("CREATE INDEX c_ix ON a (id)")
        verifier.finish()


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("COMMIT", "COMMIT"),
        ("CREATE TABLE a (id INTEGER); rollback", "ROLLBACK"),
        ("-- now\nBEGIN IMMEDIATE", "BEGIN"),
        ("SAVEPOINT a", None),
        ("ROLLBACK TO SAVEPOINT a", None),
        ("INSERT INTO a VALUES ('; COMMIT;')", None),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; END", None),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", None),
        ("DO $$ BEGIN PERFORM 1; END $$", None),
    ],
)  # fmt: skip
def test_what_ends_a_transaction_is_told_from_what_only_looks_so(statement: str, word: str) -> None:
    assert turns(statement) == word


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "DROP TABLE {}", "UPDATE {} SET x = 1"])
def test_the_version_table_of_another_addon_is_no_business_of_a_revision(statement: str) -> None:
    assert changes(statement.format("shop_alembic_version"), "shelf") is True
    assert changes(statement.format("shelf_alembic_version"), "shelf") is False


def test_a_function_that_is_named_after_the_addon_is_taken_to_change_something() -> None:
    assert changes("SELECT shelf_tidy(id) FROM a", "shelf") is True
    assert changes("SELECT shelf_book.id FROM shelf_book WHERE (id > 1)", "shelf") is False
