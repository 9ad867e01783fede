"""Tables are counted while they are small and estimated when they are not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.live import measure, measuring


def test_rows_and_bytes_of_the_tables_that_exist(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_migration_engine(parse_url(database_url))
    with engine.begin() as connection:
        connection.execute(text('CREATE TABLE "per%cent\'s" (id INTEGER PRIMARY KEY, note TEXT)'))
        connection.execute(text("CREATE TABLE empty (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO \"per%cent's\" VALUES (1, 'a'), (2, 'b'), (3, 'c')"))
        names = ["per%cent's", "empty", "nothing"]
        found = measure(connection, names)
        assert {name: one["rows"] for name, one in found.items()} == {"per%cent's": 3, "empty": 0}
        assert found["per%cent's"]["bytes"] >= 4096
        assert measure(connection, []) == {}
        monkeypatch.setattr(measuring, "_PAGES", "SELECT 1 FROM no_dbstat WHERE name IN ({})")
        assert measure(connection, names)["per%cent's"]["rows"] == 3
        assert measure(connection, names)["per%cent's"]["bytes"] > 0
    engine.dispose()


def test_a_large_table_is_estimated_and_a_partitioned_one_is_its_parts(postgresql_url: str) -> None:
    engine = make_migration_engine(parse_url(postgresql_url))
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE large (id integer, note text) PARTITION BY LIST (id)")
        )
        connection.execute(text("CREATE TABLE part PARTITION OF large DEFAULT"))
        fill = "INSERT INTO large SELECT n, repeat('x', 1500) FROM generate_series(1, 12000) n"
        connection.execute(text(fill))
        found = measure(connection, ["large", "part"])
    assert found["large"]["bytes"] >= found["part"]["bytes"] > 16_000_000
    assert 500 < found["part"]["rows"] < 1_000_000
    assert 500 < found["large"]["rows"] < 1_000_000
    engine.dispose()
