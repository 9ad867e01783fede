"""The cases about rows, and about the release that serves. Whether one is safe is said nowhere: see the oracles."""

from __future__ import annotations

from hazard_corpus.cases import Act, Cases

A = "ALTER TABLE"


def backfills(c: Cases) -> None:
    about = "ddl-with-backfill"
    add = f"{A} shop_item ADD COLUMN extra int"
    few = "UPDATE shop_item SET extra = 1 WHERE id IN (SELECT id FROM shop_item ORDER BY id LIMIT 100)"
    new = "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, name text)"
    c.add(about, add, "UPDATE shop_item SET extra = price")
    c.add(about, add, "INSERT INTO shop_order SELECT id + 700000, id, 1 FROM shop_item")
    c.add(about, "UPDATE shop_order SET memo = 'x'", add)
    c.add(
        about,
        add,
        "WITH gone AS (DELETE FROM shop_line RETURNING order_id) SELECT count(*) FROM gone",
    )
    c.add(about, add, new, "INSERT INTO shop_new SELECT id, name FROM shop_item")
    c.add(about, add, "CREATE TABLE shop_copy AS SELECT id, name FROM shop_item")
    c.add(about, "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY CONSTRAINT shop_new_fk REFERENCES shop_item ON DELETE CASCADE)",
          "INSERT INTO shop_new SELECT id FROM shop_item")  # fmt: skip
    c.add(about, add, few)
    c.add(about, add, "INSERT INTO shop_order (id, total) VALUES (900001, 1), (900002, 2)")
    c.add(about, new, "INSERT INTO shop_new SELECT id, name FROM shop_item")
    c.add(about, new, "INSERT INTO shop_new SELECT id, name FROM shop_item", add)
    c.add(about, "CREATE TABLE shop_copy AS SELECT id, name FROM shop_item")
    c.plan(about, Act((add,)), Act((few,), phase="data"))
    c.plan(about, Act((add,)), Act(("UPDATE shop_item SET extra = price",), phase="data"))


def writes(c: Cases) -> None:
    about = "unbatched-update"
    for sql in (
        "UPDATE shop_item SET price = price + 1", "UPDATE shop_item SET note = 'x' WHERE state = 'new'",
        "UPDATE shop_order SET memo = i.name FROM shop_item i WHERE i.id = shop_order.item_id",
        "UPDATE shop_item SET note = 'x' WHERE id > 0", "UPDATE shop_item SET note = 'x' WHERE id = ANY(SELECT item_id FROM shop_order)",
        "INSERT INTO shop_order (id, total) SELECT id + 700000, 1 FROM shop_item",
        "MERGE INTO shop_order o USING shop_item i ON o.id = i.id WHEN MATCHED THEN UPDATE SET memo = 'x'",
        "UPDATE shop_item SET note = 'x' WHERE id IN (SELECT id FROM shop_order WHERE state = 'new')",
        "UPDATE shop_item SET note = 'x' WHERE id = 5 OR state = 'old'",
        "WITH a AS (SELECT id FROM shop_item) UPDATE shop_item SET note = 'x' FROM a WHERE a.id = shop_item.id",
        "UPDATE shop_item SET note = 'x' WHERE id = 5", "UPDATE shop_item SET note = 'x' WHERE id IN (1, 2, 3)",
        "UPDATE shop_item SET note = 'x' WHERE id BETWEEN 1 AND 100", "UPDATE shop_item SET note = 'x' WHERE id >= 100 AND id < 200 AND state = 'new'",
        "UPDATE shop_item SET note = 'x' WHERE code = 'code 7'", "UPDATE shop_line SET amount = 1 WHERE order_id = 7 AND position = 1",
        "WITH a AS (SELECT id FROM shop_item WHERE note = 'note' ORDER BY id LIMIT 100) UPDATE shop_item SET note = 'x' FROM a WHERE a.id = shop_item.id",
        "UPDATE shop_item SET note = 'x' WHERE id IN (SELECT id FROM shop_item WHERE state = 'new' LIMIT 50 FOR UPDATE SKIP LOCKED)",
        "UPDATE shop_item SET note = 'x' WHERE ctid = ANY(ARRAY(SELECT ctid FROM shop_item LIMIT 50))",
        "INSERT INTO shop_order (id, total) VALUES (900001, 1)", "INSERT INTO shop_order (id, total) SELECT 900001, max(total) FROM shop_order",
        "INSERT INTO shop_order (id, total) SELECT g + 900000, 1 FROM generate_series(1, 20) g",
        "UPDATE shop_item SET note = v.n FROM (VALUES (1, 'a'), (2, 'b')) v (i, n) WHERE v.i = shop_item.id",
        "INSERT INTO shop_order (id, total) VALUES (5, 1) ON CONFLICT (id) DO UPDATE SET total = 2",
        "UPDATE shop_item SET note = 'x' WHERE id = (SELECT max(id) FROM shop_item)",
        "SELECT count(*) FROM shop_item WHERE state = 'new'",
    ):  # fmt: skip
        c.add(about, sql, phase="data")


def enums(c: Cases) -> None:
    about = "enum-value-in-transaction"
    add = "ALTER TYPE shop_mood ADD VALUE 'calm'"
    c.add(about, add, "UPDATE shop_item SET mood = 'calm' WHERE id = 1")
    c.add(about, add, f"{A} shop_item ADD COLUMN second shop_mood DEFAULT 'calm'")
    c.add(about, add, "SELECT count(*) FROM shop_item WHERE mood = 'calm'")
    c.add(
        about, add, "INSERT INTO shop_item (id, name, code, mood) VALUES (900001, 'a', 'b', 'calm')"
    )
    c.add(about, add)
    c.add(about, add, "UPDATE shop_item SET mood = 'bad' WHERE id = 1")
    c.plan(
        about, Act((add,)), Act(("UPDATE shop_item SET mood = 'calm' WHERE id = 1",), phase="data")
    )
    c.add(
        about,
        "CREATE TYPE shop_hue AS ENUM ('red')",
        "ALTER TYPE shop_hue ADD VALUE 'blue'",
        "SELECT 'blue'::shop_hue",
    )


def renames(c: Cases) -> None:
    about = "rename-while-serving"
    for sql in (
        f"{A} shop_item RENAME COLUMN note TO remark", f"{A} shop_order RENAME TO shop_purchase", "ALTER VIEW shop_cheap RENAME TO shop_low",
        "ALTER TYPE shop_mood RENAME VALUE 'good' TO 'fine'", "ALTER SEQUENCE shop_number RENAME TO shop_counter",
        "ALTER FUNCTION shop_fee(bigint) RENAME TO shop_charge", "ALTER MATERIALIZED VIEW shop_sums RENAME TO shop_totals",
        f"{A} shop_item RENAME CONSTRAINT shop_item_code_uq TO shop_item_code_key", "ALTER INDEX shop_item_state_ix RENAME TO shop_state_ix",
    ):  # fmt: skip
        c.add(about, sql)
        c.add(about, sql, phase="contract")
    c.add(about, f"{A} shop_item RENAME COLUMN note TO remark", phase=None)
    c.add(
        about, f"{A} shop_item ADD COLUMN extra int", f"{A} shop_item RENAME COLUMN extra TO more"
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)",
        f"{A} shop_new RENAME TO shop_newer",
    )


def drops(c: Cases) -> None:
    about = "drop-while-serving"
    for sql in (
        f"{A} shop_item DROP COLUMN note", "DROP TABLE shop_line", "DROP VIEW shop_cheap", "DROP SEQUENCE shop_number",
        "DROP FUNCTION shop_fee(bigint)", "DROP MATERIALIZED VIEW shop_sums", f"{A} shop_item DROP COLUMN note, DROP COLUMN made",
        f"{A} shop_item DROP CONSTRAINT shop_item_code_uq", "DROP INDEX shop_item_state_ix", "DROP TYPE shop_size",
    ):  # fmt: skip
        c.add(about, sql)
        c.add(about, sql, phase="contract")
    c.add(about, "CREATE SCHEMA shop", f"{A} shop_line SET SCHEMA shop")
    c.add(about, f"{A} shop_item ADD COLUMN extra int", f"{A} shop_item DROP COLUMN extra")
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)",
        "DROP TABLE shop_new",
    )
    c.add(about, "CREATE VIEW shop_dear AS SELECT id FROM shop_item", "DROP VIEW shop_dear")


def defaults(c: Cases) -> None:
    about = "dropped-default"
    for table, column in (
        ("shop_item", "price"),
        ("shop_order", "placed"),
        ("shop_item", "state"),
        ("shop_item", "stock"),
        ("shop_item", "note"),
    ):
        c.add(about, f"{A} {table} ALTER COLUMN {column} DROP DEFAULT")
        c.add(about, f"{A} {table} ALTER COLUMN {column} DROP DEFAULT", phase="contract")
    c.add(about, f"{A} shop_item ALTER note SET DEFAULT 'x'")
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra int DEFAULT 3",
        f"{A} shop_item ALTER extra DROP DEFAULT",
    )
    about = "not-null-without-default"
    for column in ("extra int NOT NULL", 'extra text COLLATE "C" NOT NULL', "extra timestamptz NOT NULL CONSTRAINT shop_c CHECK (extra > '2000-01-01')",
                   "extra bigint NOT NULL CONSTRAINT shop_f REFERENCES shop_order", "extra int NOT NULL DEFAULT NULL",
                   "extra int NOT NULL DEFAULT 1", "extra int NULL", "extra text NOT NULL DEFAULT ''", "extra timestamptz NOT NULL DEFAULT now()"):  # fmt: skip
        c.add(about, f"{A} shop_item ADD COLUMN {column}")
    c.add(about, f"{A} shop_order ADD COLUMN extra int, ADD COLUMN more int NOT NULL")
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)",
        f"{A} shop_new ADD COLUMN a int NOT NULL",
    )


def destruction(c: Cases) -> None:
    about = "destructive"
    for sql in (
        "DROP TABLE shop_line", "TRUNCATE shop_line", f"{A} shop_item DROP COLUMN note", "DELETE FROM shop_line",
        "DELETE FROM shop_line WHERE amount < 1000000", "DROP TYPE shop_mood CASCADE", "TRUNCATE shop_item, gift_card",
        "TRUNCATE shop_order CASCADE", "DELETE FROM shop_line USING shop_order o WHERE o.id = shop_line.order_id",
        "DELETE FROM shop_line WHERE order_id = 5 AND position = 1", "DELETE FROM news_post WHERE id IN (SELECT id FROM news_post LIMIT 10)",
        "DELETE FROM shop_item WHERE code = 'code 3'", "DROP VIEW shop_cheap", "DROP INDEX shop_item_state_ix", f"{A} shop_item DROP CONSTRAINT shop_item_code_uq",
    ):  # fmt: skip
        c.add(about, sql, phase="contract", addon="news" if "news" in sql else "shop")
    c.add(about, "CREATE SCHEMA shop", f"{A} shop_line SET SCHEMA shop", phase="contract")
    c.add(
        about,
        "DROP SCHEMA shop CASCADE",
        setup=["CREATE SCHEMA shop", f"{A} shop_line SET SCHEMA shop"],
        phase="contract",
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)",
        "DELETE FROM shop_new",
        "TRUNCATE shop_new",
        "DROP TABLE shop_new",
    )


def unique(c: Cases) -> None:
    about = "unique-over-existing-rows"
    for columns in ("name", "state, price", "lower(name)", "note"):
        c.add(
            about,
            f"CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item ({columns})",
            phase="contract",
        )
    c.add(
        about,
        "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (name) WHERE state = 'new' OR price >= 0",
        phase="contract",
    )
    c.add(about, f"{A} shop_order ADD CONSTRAINT shop_u UNIQUE (total)", phase="contract")
    c.add(
        about,
        f"{A} shop_order ADD COLUMN extra int DEFAULT 3 CONSTRAINT shop_u UNIQUE",
        phase="contract",
    )
    c.add(
        about,
        f"{A} shop_order ADD CONSTRAINT shop_x EXCLUDE USING btree (state WITH =)",
        phase="contract",
    )
    c.add(about, "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (id, state)")
    c.add(about, "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (code)")
    c.add(about, "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (name)", look=[("shop_item", ("name",))], phase="contract",
          setup=["UPDATE shop_item SET name = 'name ' || id"])  # fmt: skip
    c.plan(
        about,
        Act((f"{A} shop_item ADD COLUMN extra text",)),
        Act(("CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (extra)",)),
    )
    c.plan(
        about,
        Act((f"{A} shop_item ADD COLUMN extra text",)),
        Act(("CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (state, extra)",)),
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int)",
        "CREATE UNIQUE INDEX shop_new_u ON shop_new (a)",
    )


def narrow(c: Cases) -> None:
    about = "narrowing"
    drop = ("DROP VIEW shop_cheap",)
    for table, column, type_ in (
        ("shop_item", "name", "varchar(20)"), ("shop_order", "total", "int"), ("shop_item", "note", "varchar(10)"),
        ("shop_item", "weight", "numeric(6,2)"), ("shop_item", "price", "smallint"), ("shop_item", "seen", "date"),
        ("shop_item", "weight", "numeric(9,4)"), ("shop_order", "memo", "char(10)"),
        ("shop_item", "name", "varchar(80)"), ("shop_order", "memo", "text"), ("shop_item", "weight", "numeric(20,2)"),
        ("shop_item", "note", "varchar"), ("shop_item", "address", "inet"), ("shop_line", "old_id", "bigint"),
    ):  # fmt: skip
        c.add(
            about,
            f"{A} {table} ALTER COLUMN {column} TYPE {type_}",
            setup=drop if table == "shop_item" else ("DROP MATERIALIZED VIEW shop_sums",),
            phase="contract",
        )
    c.add(
        about, f"{A} shop_item ALTER COLUMN name TYPE varchar(20) USING left(name, 20)", setup=drop
    )
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra varchar(20)",
        f"{A} shop_item ALTER extra TYPE varchar(10)",
    )


def contracts(c: Cases) -> None:
    about = "contract-in-expand"
    for sql in (
        f"{A} shop_item ADD CONSTRAINT shop_c CHECK (price < 1000) NOT VALID",
        f"{A} shop_order ADD CONSTRAINT shop_f FOREIGN KEY (item_id) REFERENCES shop_item ON DELETE CASCADE NOT VALID",
        f"{A} shop_item DROP COLUMN note", f"{A} shop_item ADD CONSTRAINT shop_c CHECK (note IS NOT NULL) NOT VALID",
        f"{A} shop_item DROP CONSTRAINT shop_item_code_uq", f"{A} shop_item ALTER name DROP NOT NULL", f"{A} shop_item ADD COLUMN extra int DEFAULT 3",
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)", f"{A} shop_item ALTER note SET DEFAULT 'x'",
    ):  # fmt: skip
        for phase in ("expand", "data", "contract"):
            c.add(about, sql, phase=phase)
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra int",
        f"{A} shop_item ADD CONSTRAINT shop_c CHECK (extra IS NULL OR extra > 3) NOT VALID",
    )
    unique = "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (name)"
    for phase in ("expand", "contract"):
        c.add(
            about,
            unique,
            setup=["UPDATE shop_item SET name = 'name ' || id"],
            look=[("shop_item", ("name",))],
            phase=phase,
        )


PARTS = (backfills, writes, enums, renames, drops, defaults, destruction, unique, narrow, contracts)
