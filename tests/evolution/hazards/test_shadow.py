"""The shadow database of SQLite: it touches nothing, ends, and says what a statement did."""

import pytest
import sqlalchemy as sa

from talatat.evolution.hazards import Context, Table, lint
from talatat.evolution.hazards.observing import observe, schema_of


def ids(*statements, **context):
    return [one.id for one in lint(statements, "sqlite", Context(**context))]


@pytest.mark.parametrize("statement", ["ATTACH '{}' AS other", "VACUUM INTO '{}'"])
def test_no_file_is_made(tmp_path, statement):
    path = tmp_path / "made.sqlite"
    assert ids(statement.format(path)) == ["opaque-code"]
    assert not path.exists()


def test_an_endless_statement_ends():
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    assert ids(endless) == ["opaque-code"]


def test_tables_columns_functions_and_collations_that_nobody_declared_are_assumed():
    assert ids(
        "UPDATE t SET a = fold(b) WHERE id = 5",
        "SELECT c FROM u ORDER BY d COLLATE german",
        "CREATE INDEX t_e ON t (e)",
        "DROP INDEX some_index",
        "DROP TRIGGER some_trigger",
    ) == []  # fmt: skip


def test_a_dropped_view_and_a_dropped_table_are_told_though_nobody_declared_them():
    assert ids("DROP VIEW v") == ["drop-while-serving"]
    assert ids("DROP TABLE t") == ["drop-while-serving", "destructive"]


def test_virtual_tables_and_their_hidden_ones_are_one_table():
    schema = ("CREATE TABLE a_data (id INTEGER)", "CREATE VIRTUAL TABLE a USING fts5(body)")
    assert ids("DELETE FROM a WHERE rowid = 5", schema=schema) == []
    assert ids("CREATE VIRTUAL TABLE b USING fts5(body)", addon="b") == []


def test_an_sqlite_database_is_observed_with_its_keys_indexes_and_references():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for sql in (
            "CREATE TABLE shop_a (id INTEGER PRIMARY KEY, code TEXT UNIQUE, b TEXT NOT NULL DEFAULT 'x')",
            "CREATE INDEX shop_a_b ON shop_a (b, code)",
            "CREATE INDEX shop_a_part ON shop_a (b) WHERE b > 'x'",
            "CREATE TABLE gift_c (a_id INTEGER REFERENCES shop_a ON DELETE CASCADE)",
            "INSERT INTO shop_a VALUES (1, 'a', 'b')",
        ):
            connection.exec_driver_sql(sql)
        found = observe(connection, lambda name: name.partition("_")[0])
        schema = schema_of(connection)
    engine.dispose()
    table = found["shop_a"]
    assert (table.owner, table.rows, table.columns["b"].nullable, table.columns["b"].default) == (
        "shop",
        1,
        False,
        True,
    )
    assert set(table.keys) == {frozenset({"id"}), frozenset({"code"})}
    assert table.indexes["shop_a_b"] == ("b", "code")
    assert table.indexes["shop_a_part"] == ()
    assert list(found["gift_c"].refers.values()) == ["shop_a"]
    assert len(schema) == 4


def test_a_postgresql_database_without_tables_is_observed_as_empty(postgresql_url):
    engine = sa.create_engine(postgresql_url)
    with engine.connect() as connection:
        assert observe(connection, lambda name: None) == {}
    engine.dispose()


def test_a_rebuilt_table_is_one_change_of_one_table():
    statements = (
        "CREATE TABLE _alembic_tmp_shop_a (id INTEGER, b TEXT NOT NULL, CONSTRAINT shop_a_pk PRIMARY KEY (id))",
        "INSERT INTO _alembic_tmp_shop_a (id, b) SELECT id, b FROM shop_a",
        "DROP TABLE shop_a",
        "ALTER TABLE _alembic_tmp_shop_a RENAME TO shop_a",
    )
    schema = (
        "CREATE TABLE shop_a (id INTEGER, b TEXT, c TEXT, CONSTRAINT shop_a_pk PRIMARY KEY (id))",
    )
    context = {"schema": schema, "addon": "shop", "tables": {"shop_a": Table("shop")}}
    found = lint(statements, "sqlite", Context(phase="expand", **context))
    assert {(one.id, one.statement) for one in found} == {
        ("drop-while-serving", 2), ("destructive", 2), ("contract-in-expand", 2),
    }  # fmt: skip
    assert ids(*statements, **{**context, "addon": "gift"})[0] == "foreign-object-touched"


def test_a_check_of_a_new_column_alone_binds_nobody():
    """Batch mode makes the table again: what the check is about stands in its text only."""
    head = "CREATE TABLE {} (id INTEGER, b INTEGER{}, CONSTRAINT shop_a_pk PRIMARY KEY (id){})"
    statements = [
        "ALTER TABLE shop_a ADD COLUMN c INTEGER",
        head.format("_alembic_tmp_shop_a", ", c INTEGER", ", CONSTRAINT shop_a_ck CHECK ({} >= 0)"),
        "INSERT INTO _alembic_tmp_shop_a (id, b, c) SELECT id, b, c FROM shop_a",
        "DROP TABLE shop_a",
        "ALTER TABLE _alembic_tmp_shop_a RENAME TO shop_a",
    ]
    context = Context(
        phase="expand", schema=(head.format("shop_a", "", ""),), tables={"shop_a": Table("shop")}
    )

    def found(column):
        asked = [one.format(column) for one in statements]
        return {(one.id, one.message) for one in lint(asked, "sqlite", context)}

    assert found('abs("C")') == set()
    ((hazard, what),) = found("b")
    assert hazard == "contract-in-expand"
    assert "shop_a (b)" in what
