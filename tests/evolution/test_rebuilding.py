"""Tables that SQLite makes anew: nothing that stood on them is lost, and it is said in one order each time."""

import pytest
from sqlalchemy import CheckConstraint

from talatat.composing import load_composition
from talatat.evolution.graph import read_graph
from talatat.evolution.live import read_schema
from talatat.evolution.planner import order
from talatat.evolution.running.locking import begun
from talatat.evolution.running.runner import run
from talatat.evolution.running.statements import Recorder
from talatat.evolution.shadow import shadow

FIRST = """
    op.execute("CREATE TABLE shop_item (id INTEGER NOT NULL, name VARCHAR(10) NOT NULL, size INTEGER,"
               " PRIMARY KEY (id), CHECK (size < 100), CONSTRAINT shop_item_a_ck CHECK (size > 0),"
               " CONSTRAINT shop_item_b_ck CHECK (size > 1), CONSTRAINT shop_item_c_ck CHECK (size > 2),"
               " CONSTRAINT shop_item_name_uq UNIQUE (name), CONSTRAINT shop_item_both_uq UNIQUE (name, size))")
    op.execute("CREATE TABLE shop_part (id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES shop_item (id)"
               " ON DELETE CASCADE)")
    op.execute("CREATE TABLE shop_plain (id INTEGER PRIMARY KEY, size INTEGER, "
               + ", ".join(f"CONSTRAINT shop_plain_{name}_ck CHECK (size > 0)" for name in "abcdefghijkl") + ")")
    op.execute("CREATE INDEX shop_item_lower_ix ON shop_item (lower(name))")
    op.execute("CREATE INDEX shop_item_big_ix ON shop_item (size) WHERE size > 50")
    op.execute("CREATE TRIGGER shop_item_noted AFTER INSERT ON shop_item BEGIN SELECT 1; END")
    op.execute("CREATE TRIGGER shop_part_gone AFTER DELETE ON shop_part"
               " BEGIN DELETE FROM shop_item WHERE id = old.item_id; END")
    op.execute("CREATE VIEW shop_names AS SELECT name FROM shop_item")
    op.execute("INSERT INTO shop_item (id, name, size) VALUES (1, 'a', 3)")
    op.execute("INSERT INTO shop_part (id, item_id) VALUES (1, 1)")
    """
ALTERING = """
    from talatat.db.altering import altering
    with altering("shop_item") as table:
        table.alter_column("size", nullable=False)
    """
BATCH = """
    with op.batch_alter_table("shop_plain", recreate="always") as table:
        table.add_column(sa.Column("more", sa.Integer))
    """


@pytest.fixture
def graph(addons, sqlite_url):
    addons.write("shop", {})
    addons.revision("shop", "0001_items", FIRST)
    addons.revision("shop", "0002_size", ALTERING, down="0001_items")
    addons.revision("shop", "0003_batch", BATCH, down="0002_size")
    return read_graph(load_composition(addons.ini("shop", url=sqlite_url)))


def test_what_stood_on_a_table_stands_on_it_afterwards(graph):
    first, second, _ = [one for one in order(graph, ()) if one.addon == "shop"]
    with shadow("sqlite", "") as engine, engine.connect() as connection:
        with begun(connection):
            run(connection, graph, first)
        before = read_schema(connection).canonical()
        connection.rollback()
        with begun(connection):
            run(connection, graph, second)
        after = read_schema(connection).canonical()
        rows = connection.exec_driver_sql("SELECT count(*) FROM shop_part").scalar()
        legacy = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    assert after["shop_item"]["columns"]["size"]["nullable"] is False
    before["shop_item"]["columns"]["size"]["nullable"] = False
    for name in ("shop_item", "shop_part", "shop_names"):
        assert after[name] == before[name]
    assert (rows, legacy) == (1, 0)


def test_a_revision_sends_the_same_statements_each_time_that_it_is_run(graph):
    own = [one for one in order(graph, ()) if one.addon == "shop"]
    said = set()
    kept = []  # so that objects do not get the same addresses again
    for turn in range(4):
        with shadow("sqlite", "") as engine, engine.connect() as connection:
            with begun(connection), Recorder(connection) as recorder:
                for one in own:
                    run(connection, graph, one)
            said.add(tuple(recorder.statements))
        kept.append([CheckConstraint("1 = 1") for _ in range(7 * turn + 3)])
    assert len(said) == 1
