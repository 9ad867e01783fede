"""The cases for PostgreSQL, structurally different operations for each question, made from templates.

Whether one is safe is said nowhere: see the oracles.
"""

from __future__ import annotations

from hazard_corpus.cases import Act, Case, Cases

A = "ALTER TABLE"


def corpus() -> list[Case]:
    made = Cases()
    for part in (
        indexes, constraints, foreign_keys, checks, not_nulls, types, columns, rewrites, timeouts,
        transactions, backfills, writes, enums, renames, drops, defaults, destruction, unique, narrow,
        contracts, keys, names, references, namespace, foreign, sleeping, code, plans,
    ):  # fmt: skip
        part(made)
    return made.all


def indexes(c: Cases) -> None:
    about = "index-not-concurrent"
    for shape in (
        "INDEX shop_i ON shop_item (price)", "INDEX shop_i ON shop_item (state, price)",
        "INDEX shop_i ON shop_item (lower(name))", "INDEX shop_i ON shop_item (note) WHERE price > 5",
        "INDEX shop_i ON shop_item USING hash (name)", "INDEX shop_i ON shop_item USING gin (tags)",
        "INDEX shop_i ON shop_sums (total)", "INDEX shop_i ON shop_item (price) INCLUDE (name)",
    ):  # fmt: skip
        c.add(about, f"CREATE {shape}")
        c.add(about, f"CREATE {shape.replace('INDEX', 'INDEX CONCURRENTLY', 1)}")
    c.add(about, "REINDEX TABLE shop_item")
    c.add(about, "REINDEX INDEX shop_item_state_ix")
    c.add(about, "REINDEX TABLE CONCURRENTLY shop_item")
    c.add(about, "DROP INDEX CONCURRENTLY shop_item_state_ix")
    c.add(about, "DROP INDEX shop_item_state_ix")
    c.add(about, "ALTER INDEX shop_item_state_ix RENAME TO shop_state_ix")
    c.add(about, "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int)",
          "CREATE INDEX shop_new_ix ON shop_new (a)")  # fmt: skip
    c.add(about, "CREATE TEMP TABLE scratch (a int)", "CREATE INDEX scratch_ix ON scratch (a)")


def constraints(c: Cases) -> None:
    about = "constraint-builds-index"
    c.add(about, f"{A} shop_order ADD CONSTRAINT shop_u UNIQUE (id, state)")
    c.add(
        about,
        f"{A} shop_line DROP CONSTRAINT shop_line_pk, ADD CONSTRAINT shop_p PRIMARY KEY (order_id, position)",
        phase="contract",
    )
    c.add(about, f"{A} shop_item ADD COLUMN ref int CONSTRAINT shop_r UNIQUE")
    c.add(
        about,
        f"{A} shop_item ADD CONSTRAINT shop_x EXCLUDE USING btree (code WITH =)",
        phase="contract",
    )
    c.add(
        about,
        f"{A} shop_item ADD COLUMN ref bigint",
        f"{A} shop_item ADD CONSTRAINT shop_r UNIQUE (ref)",
    )
    c.add(about, f"{A} shop_item ADD CONSTRAINT shop_u UNIQUE USING INDEX shop_u",
          setup=["CREATE UNIQUE INDEX shop_u ON shop_item (code, price)"])  # fmt: skip
    c.add(about, f"{A} shop_item ADD CONSTRAINT shop_u UNIQUE USING INDEX shop_u", phase="contract",
          setup=["CREATE UNIQUE INDEX shop_u ON shop_item (id, name)"])  # fmt: skip
    c.add(about, f"{A} shop_item DROP CONSTRAINT shop_item_pk CASCADE, ADD CONSTRAINT shop_p PRIMARY KEY USING INDEX shop_u",
          setup=["CREATE UNIQUE INDEX shop_u ON shop_item (code)"], phase="contract")  # fmt: skip
    c.add(
        about,
        "CREATE TABLE shop_new (a bigint)",
        f"{A} shop_new ADD CONSTRAINT shop_new_pk PRIMARY KEY (a)",
    )


def foreign_keys(c: Cases) -> None:
    about = "foreign-key-validated"
    key = "FOREIGN KEY (item_id) REFERENCES shop_item ON DELETE CASCADE"
    for phase in ("contract", None):
        c.add(about, f"{A} shop_order ADD CONSTRAINT shop_f {key}", phase=phase)
        c.add(about, f"{A} shop_order ADD CONSTRAINT shop_f {key} NOT VALID", phase=phase)
    c.add(
        about,
        f"{A} shop_order ADD CONSTRAINT shop_f FOREIGN KEY (item_id) REFERENCES shop_item (id) DEFERRABLE",
        phase="contract",
    )
    c.add(about, f"{A} shop_order ADD COLUMN other bigint", f"{A} shop_order ADD CONSTRAINT shop_f FOREIGN KEY (other) REFERENCES shop_item",
          "CREATE INDEX shop_order_other_ix ON shop_order (other)")  # fmt: skip
    c.add(
        about,
        f"{A} shop_order ADD COLUMN other bigint CONSTRAINT shop_f REFERENCES shop_item ON DELETE SET NULL",
    )
    c.add(
        about,
        f"{A} shop_order ADD COLUMN other bigint DEFAULT 1 CONSTRAINT shop_f REFERENCES shop_item",
    )
    c.add(
        about,
        f"{A} shop_order ADD COLUMN other bigint DEFAULT NULL CONSTRAINT shop_f REFERENCES shop_item",
    )
    c.add(
        about,
        f"{A} shop_order VALIDATE CONSTRAINT shop_f",
        setup=[f"{A} shop_order ADD CONSTRAINT shop_f {key} NOT VALID"],
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY CONSTRAINT shop_new_fk REFERENCES shop_item ON DELETE CASCADE)",
    )
    c.add(
        about,
        f"{A} shop_order DROP CONSTRAINT shop_f",
        setup=[f"{A} shop_order ADD CONSTRAINT shop_f {key}"],
    )


def checks(c: Cases) -> None:
    about = "check-validated"
    for condition in (
        "price >= 0",
        "char_length(name) < 50",
        "state IN ('new', 'old') OR note IS NULL",
    ):
        c.add(about, f"{A} shop_item ADD CONSTRAINT shop_c CHECK ({condition})", phase="contract")
        c.add(
            about,
            f"{A} shop_item ADD CONSTRAINT shop_c CHECK ({condition}) NOT VALID",
            phase="contract",
        )
    c.add(about, f"{A} shop_item ADD COLUMN extra int CONSTRAINT shop_c CHECK (extra > 0)")
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra int",
        f"{A} shop_item ADD CONSTRAINT shop_c CHECK (extra > 0)",
    )
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra int",
        f"{A} shop_item ADD CONSTRAINT shop_c CHECK (extra > 0) NOT VALID",
    )
    c.add(
        about,
        f"{A} shop_item VALIDATE CONSTRAINT shop_c",
        setup=[f"{A} shop_item ADD CONSTRAINT shop_c CHECK (price >= 0) NOT VALID"],
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int CONSTRAINT shop_new_a_ck CHECK (a > 0))",
    )
    c.add(
        about,
        f"{A} shop_item DROP CONSTRAINT shop_c",
        setup=[f"{A} shop_item ADD CONSTRAINT shop_c CHECK (price >= 0)"],
    )


def not_nulls(c: Cases) -> None:
    about = "set-not-null-scan"
    for table, column in (("shop_item", "note"), ("shop_order", "memo"), ("shop_item", "made")):
        c.add(about, f"{A} {table} ALTER COLUMN {column} SET NOT NULL", phase="contract")
    c.add(
        about, f"{A} shop_item ALTER note SET NOT NULL, ALTER made SET NOT NULL", phase="contract"
    )
    c.add(about, f"{A} shop_item ALTER note SET NOT NULL")
    c.add(about, f"{A} shop_item ALTER name SET NOT NULL")
    c.add(about, f"{A} shop_item ALTER name DROP NOT NULL")
    add = f"{A} shop_item ADD CONSTRAINT shop_n CHECK (note IS NOT NULL) NOT VALID"
    c.plan(about, Act((add,), phase="contract"), Act((f"{A} shop_item VALIDATE CONSTRAINT shop_n",), phase="contract"),
           Act((f"{A} shop_item ALTER note SET NOT NULL", f"{A} shop_item DROP CONSTRAINT shop_n"), phase="contract"))  # fmt: skip
    c.plan(
        about,
        Act((add,), phase="contract"),
        Act((f"{A} shop_item ALTER note SET NOT NULL",), phase="contract"),
    )
    c.plan(
        about,
        Act((f"{A} shop_item ADD COLUMN extra int DEFAULT 0",)),
        Act((f"{A} shop_item ALTER extra SET NOT NULL",)),
    )
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int)",
        f"{A} shop_new ALTER a SET NOT NULL",
    )


def types(c: Cases) -> None:
    about = "type-change-rewrite"
    for column, type_ in (
        ("price", "bigint"), ("weight", "numeric(10,4)"), ("made", "timestamp"), ("name", "char(40)"),
        ("seen", "timestamp(3)"),
        ("name", "varchar(60)"), ("name", "text"), ("name", "varchar"), ("note", "varchar"),
        ("weight", "numeric(12,2)"), ("weight", "numeric"), ("price", "int"), ("address", "inet"),
        ("code", "varchar(20)"),
    ):  # fmt: skip
        for phase in ("expand", "contract") if column in {"price", "name"} else ("contract",):
            drop = () if column not in {"name", "price"} else ("DROP VIEW shop_cheap",)
            c.add(
                about, f"{A} shop_item ALTER COLUMN {column} TYPE {type_}", setup=drop, phase=phase
            )
    c.add(about, f"{A} shop_item ALTER COLUMN note TYPE text USING upper(note)", phase="contract")
    c.add(
        about, f"{A} shop_item ALTER COLUMN note TYPE varchar USING note::varchar", phase="contract"
    )
    c.add(about, f'{A} shop_item ALTER COLUMN state TYPE text COLLATE "C"', phase="contract")
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int)",
        f"{A} shop_new ALTER a TYPE bigint",
    )


def columns(c: Cases) -> None:
    about = "volatile-default"
    for column in (
        "extra float DEFAULT random()", "extra uuid DEFAULT gen_random_uuid()", "extra timestamptz DEFAULT clock_timestamp()",
        "extra bigserial", "extra bigint GENERATED BY DEFAULT AS IDENTITY", "extra int GENERATED ALWAYS AS (price * 2) STORED",
        "extra bigint DEFAULT nextval('shop_number')", "extra text NOT NULL DEFAULT 'x' || random()::text",
        "extra int", "extra int DEFAULT 5", "extra int NOT NULL DEFAULT 5", "extra timestamptz DEFAULT now()",
        "extra date DEFAULT CURRENT_DATE", "extra text DEFAULT lower('X') || 'y'", "extra jsonb NOT NULL DEFAULT '{}'",
        "extra text[] DEFAULT ARRAY['a', 'b']", "extra numeric(8,2) DEFAULT 1.5", "extra shop_mood DEFAULT 'good'",
        "extra interval DEFAULT '1 day'", "extra boolean NOT NULL DEFAULT false", "extra text DEFAULT NULL",
    ):  # fmt: skip
        c.add(about, f"{A} shop_item ADD COLUMN {column}")
    c.add(about, f"{A} shop_item ADD COLUMN a int, ADD COLUMN b uuid DEFAULT gen_random_uuid()")
    c.add(
        about,
        f"{A} shop_item ADD COLUMN extra uuid",
        f"{A} shop_item ALTER extra SET DEFAULT gen_random_uuid()",
    )
    c.add(about, f"{A} IF EXISTS shop_item ADD COLUMN IF NOT EXISTS extra text")


def rewrites(c: Cases) -> None:
    about = "table-rewritten"
    for sql in (
        "VACUUM FULL shop_item", "CLUSTER shop_item USING shop_item_state_ix", f"{A} shop_line SET UNLOGGED",
        "REFRESH MATERIALIZED VIEW shop_sums", "REFRESH MATERIALIZED VIEW CONCURRENTLY shop_sums", "VACUUM shop_item",
        "ANALYZE shop_item", f"{A} shop_item SET (fillfactor = 70)", f"{A} shop_item ALTER note SET STATISTICS 500",
        "COMMENT ON TABLE shop_item IS 'things'", "CREATE STATISTICS shop_st ON state, price FROM shop_item",
    ):  # fmt: skip
        c.add(about, sql)
    c.add(
        about,
        f"{A} shop_line SET LOGGED",
        setup=[
            "ALTER TABLE gift_card DROP CONSTRAINT gift_card_item_id_fk",
            f"{A} shop_line SET UNLOGGED",
        ],
    )


def timeouts(c: Cases) -> None:
    about = "lock-timeout-missing"
    add = f"{A} shop_item ADD COLUMN extra int"
    for sql in (
        add, f"{A} shop_item ALTER note SET DEFAULT 'x'", "DROP INDEX shop_item_state_ix",
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY CONSTRAINT shop_new_fk REFERENCES shop_item ON DELETE CASCADE)",
        "CREATE TRIGGER shop_t BEFORE INSERT ON shop_item FOR EACH ROW EXECUTE FUNCTION gift_note()",
        f"{A} shop_order DISABLE TRIGGER USER",
    ):  # fmt: skip
        c.add(about, sql)
        c.add(about, "SET LOCAL lock_timeout = '2s'", sql)
    c.add(about, "SET lock_timeout TO 1500", add)
    c.add(about, "SELECT set_config('lock_timeout', '1s', true)", add)
    c.add(about, "SET lock_timeout = 0", add)
    c.add(about, "SET lock_timeout = '2s'", "SET lock_timeout TO DEFAULT", add)
    c.add(about, "SET LOCAL lock_timeout = '2s'", "RESET lock_timeout", add)
    c.add(about, "SET statement_timeout = '5s'", add)
    c.add(about, add, timeout=True)
    c.add(about, "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)")
    c.add(about, "CREATE VIEW shop_dear AS SELECT id FROM shop_item WHERE price > 10")
    c.add(about, "INSERT INTO shop_order (id, total) VALUES (900001, 1)")


def transactions(c: Cases) -> None:
    about = "several-locked-tables"
    one, two = f"{A} shop_item ADD COLUMN extra int", f"{A} shop_order ADD COLUMN extra int"
    c.add(about, one, two)
    c.add(about, "LOCK TABLE shop_item IN EXCLUSIVE MODE", two)
    c.add(about, f"{A} shop_line ALTER old_id SET DEFAULT 0", one, two)
    c.add(
        about,
        f"{A} shop_order ADD COLUMN other bigint CONSTRAINT shop_f REFERENCES shop_item",
        f"{A} shop_line ADD COLUMN extra int",
    )
    c.add(about, "DROP INDEX shop_item_state_ix", two)
    c.add(about, one, f"{A} shop_item ADD COLUMN other int")
    c.add(
        about,
        f"{A} shop_order ADD COLUMN other bigint CONSTRAINT shop_f REFERENCES shop_item ON DELETE SET NULL",
    )
    c.add(about, "DROP INDEX shop_item_state_ix", one)
    c.add(
        about,
        one,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)",
        f"{A} shop_new ADD COLUMN a int",
    )
    c.add(about, one, f"{A} shop_order ALTER memo SET STATISTICS 500")
    c.add(about, one, "COMMENT ON TABLE shop_order IS 'x'")
    c.add(about, "LOCK TABLE shop_item IN ROW SHARE MODE", two)
    c.plan(about, Act((one,)), Act((two,)))
    about = "concurrently-in-transaction"
    index = "CREATE INDEX CONCURRENTLY shop_i ON shop_item (price)"
    c.add(about, index, "COMMENT ON TABLE shop_item IS 'x'")
    c.add(about, one, "DROP INDEX CONCURRENTLY shop_item_state_ix")
    c.add(about, "SET LOCAL lock_timeout = '2s'", "REINDEX INDEX CONCURRENTLY shop_item_state_ix")
    c.add(about, "SELECT 1", "VACUUM FULL shop_order")
    c.add(about, "SELECT 1", "REFRESH MATERIALIZED VIEW CONCURRENTLY shop_sums")
    c.add(about, "DROP INDEX CONCURRENTLY IF EXISTS shop_item_weight_ix")
    c.plan(about, Act((one,)), Act((index,)))


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


def keys(c: Cases) -> None:
    about = "int4-key"
    for column in (
        "int",
        "serial",
        "smallint",
        "int GENERATED ALWAYS AS IDENTITY",
        "bigint",
        "bigserial",
        "uuid",
        "text",
        "bigint GENERATED ALWAYS AS IDENTITY",
    ):
        c.add(
            about, f"CREATE TABLE shop_new (id {column} CONSTRAINT shop_new_pk PRIMARY KEY, a int)"
        )
        c.add(
            about,
            f"CREATE TABLE shop_new (id {column} NOT NULL, a int, CONSTRAINT shop_new_pk PRIMARY KEY (id))",
        )
    c.add(
        about,
        "CREATE TABLE shop_new (id int NOT NULL)",
        f"{A} shop_new ADD CONSTRAINT shop_new_pk PRIMARY KEY (id)",
    )
    c.add(
        about,
        "CREATE TABLE shop_new (a int)",
        f"{A} shop_new ADD COLUMN id serial CONSTRAINT shop_new_pk PRIMARY KEY",
    )
    c.add(
        about, "CREATE TABLE shop_new (a bigint, b int, CONSTRAINT shop_new_pk PRIMARY KEY (a, b))"
    )
    c.add(about, "CREATE TEMP TABLE scratch (id int PRIMARY KEY)")


def names(c: Cases) -> None:
    about = "unnamed-constraint"
    head = "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a int"
    for more in (", UNIQUE (a))", ", CHECK (a > 0))", ", b bigint REFERENCES shop_new)", " UNIQUE)", " CHECK (a > 1))",
                 ", CONSTRAINT shop_new_u UNIQUE (a))", " CONSTRAINT shop_new_c CHECK (a > 1))", " NOT NULL)", " DEFAULT 3)"):  # fmt: skip
        extra = ("CREATE INDEX shop_new_b_ix ON shop_new (b)",) if "REFERENCES" in more else ()
        c.add(about, head + more, *extra)
    c.add(about, "CREATE TABLE shop_new (id bigint PRIMARY KEY)")
    c.add(about, "CREATE TABLE shop_new (id bigint NOT NULL, PRIMARY KEY (id))")
    c.add(about, f"{A} shop_item ADD CHECK (price > -5) NOT VALID", phase="contract")
    c.add(about, "CREATE INDEX CONCURRENTLY ON shop_item (price)")
    about = "long-identifier"
    long = "shop_" + "x" * 59
    c.add(about, f"CREATE TABLE {long} (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)")
    c.add(about, f"{A} shop_item ADD COLUMN {'y' * 64} int")
    c.add(about, f"CREATE INDEX CONCURRENTLY {long} ON shop_item (price)")
    c.add(
        about,
        f'CREATE TABLE shop_new (id bigint CONSTRAINT "{long.upper().replace("SHOP", "shop")}" PRIMARY KEY)',
    )
    c.add(about, f'{A} shop_item ADD COLUMN "{"ü" * 32}" int')
    c.add(about, f"CREATE TABLE {long[:63]} (id bigint CONSTRAINT shop_new_pk PRIMARY KEY)")
    c.add(about, f'{A} shop_item ADD COLUMN "{"ü" * 31}" int')
    c.add(about, f"{A} shop_item ADD COLUMN extra text DEFAULT '{'x' * 80}'")
    c.add(about, f"{A} shop_item ADD COLUMN extra text -- {'x' * 80}")


def references(c: Cases) -> None:
    about = "unindexed-foreign-key"
    head = "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a bigint CONSTRAINT shop_new_fk REFERENCES shop_item ON DELETE CASCADE, b int"
    c.add(about, head + ")")
    c.add(about, head + ")", "CREATE INDEX shop_new_ix ON shop_new (b, a)")
    c.add(about, head + ")", "CREATE INDEX shop_new_ix ON shop_new (a) WHERE b > 5")
    c.add(about, f"{A} shop_order ADD COLUMN other bigint CONSTRAINT shop_f REFERENCES shop_item")
    c.add(
        about,
        f"{A} shop_line ADD CONSTRAINT shop_f FOREIGN KEY (amount) REFERENCES shop_order NOT VALID",
        phase="contract",
    )
    c.add(about, head + ")", "CREATE INDEX shop_new_ix ON shop_new (a)")
    c.add(about, head + ")", "CREATE INDEX shop_new_ix ON shop_new (a, b)")
    c.add(about, head + ", CONSTRAINT shop_new_u UNIQUE (a))")
    c.add(
        about,
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY CONSTRAINT shop_new_fk REFERENCES shop_item ON DELETE CASCADE)",
    )
    c.add(
        about,
        f"{A} shop_order ADD CONSTRAINT shop_f FOREIGN KEY (item_id) REFERENCES shop_item NOT VALID",
        phase="contract",
    )
    c.plan(about, Act((f"{A} shop_order ADD COLUMN other bigint CONSTRAINT shop_f REFERENCES shop_item",)),
           Act(("CREATE INDEX CONCURRENTLY shop_order_other_ix ON shop_order (other)",)))  # fmt: skip


def namespace(c: Cases) -> None:
    about = "outside-namespace"
    key = "(id bigint CONSTRAINT gift_new_pk PRIMARY KEY)"
    for sql in (
        f"CREATE TABLE coupon {key}", "CREATE INDEX CONCURRENTLY points_ix ON gift_card (points)", "CREATE TYPE hue AS ENUM ('a')",
        "CREATE SEQUENCE numbers", "CREATE FUNCTION fee() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE SCHEMA attic",
        "CREATE VIEW best AS SELECT id FROM gift_card", "CREATE TABLE gift_new (id bigint CONSTRAINT pk_gift PRIMARY KEY)",
        f"CREATE TABLE gifted {key}", "CREATE DOMAIN cents AS bigint", f"{A} gift_card RENAME TO voucher",
        f"CREATE TABLE gift_new {key}", "CREATE TYPE gift_hue AS ENUM ('a')", "CREATE SEQUENCE gift_numbers", "CREATE SCHEMA gift",
        "CREATE FUNCTION gift_fee() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE VIEW gift_best AS SELECT id FROM gift_card",
        "CREATE INDEX CONCURRENTLY gift_points_ix ON gift_card (points)", "CREATE DOMAIN gift_cents AS bigint",
        f"{A} gift_card ADD COLUMN anything int", "CREATE TEMP TABLE scratch (a int)",
    ):  # fmt: skip
        c.add(about, sql, addon="gift", requires=["shop"], phase="contract")


def foreign(c: Cases) -> None:
    about = "foreign-object-touched"
    for sql in (
        f"{A} shop_item ADD COLUMN gift__points int", f"{A} shop_item ALTER note SET DEFAULT 'x'", "UPDATE shop_item SET note = 'x' WHERE id = 5",
        "CREATE INDEX CONCURRENTLY gift_ix ON shop_item (price)", "DROP INDEX CONCURRENTLY shop_item_state_ix", "COMMENT ON TABLE shop_item IS 'mine'",
        "GRANT SELECT ON shop_item TO PUBLIC", "INSERT INTO shop_order (id, total) VALUES (900001, 1)", "DELETE FROM shop_line WHERE order_id = 3 AND position = 1",
        f"{A} shop_item ENABLE ROW LEVEL SECURITY", "DROP VIEW shop_cheap", f"{A} news_post ADD COLUMN gift__x int",
        f"{A} gift_card ADD COLUMN extra int", "UPDATE gift_card SET label = 'x' WHERE id = 5", "SELECT count(*) FROM shop_item",
        "INSERT INTO gift_card (id, item_id) SELECT 900001, max(id) FROM shop_item", "COMMENT ON TABLE gift_card IS 'mine'",
        "CREATE TABLE gift_copy AS SELECT id FROM shop_item", "CREATE INDEX CONCURRENTLY gift_ix ON gift_card (label)",
        "DELETE FROM gift_card WHERE id = 3", "GRANT SELECT ON gift_card TO PUBLIC",
        "CREATE TABLE gift_item (item_id bigint CONSTRAINT gift_item_pk PRIMARY KEY CONSTRAINT gift_item_fk REFERENCES shop_item ON DELETE CASCADE, points int)",
    ):  # fmt: skip
        c.add(about, sql, addon="gift", requires=["shop"], phase="contract")


def sleeping(c: Cases) -> None:
    gift = {"addon": "gift", "requires": ["shop"]}
    about = "foreign-key-restricts"
    head = "CREATE TABLE gift_new (id bigint CONSTRAINT gift_new_pk PRIMARY KEY, item_id bigint"
    index = "CREATE INDEX gift_new_ix ON gift_new (item_id)"
    for null, action in (("", ""), ("", " ON DELETE RESTRICT"), (" NOT NULL", " ON DELETE SET NULL"), ("", " ON DELETE NO ACTION DEFERRABLE"),
                         ("", " ON DELETE CASCADE"), (" NOT NULL", " ON DELETE CASCADE"), ("", " ON DELETE SET NULL")):  # fmt: skip
        c.add(
            about,
            f"{head}{null} CONSTRAINT gift_new_fk REFERENCES shop_item{action})",
            index,
            **gift,
        )
    c.add(
        about,
        f"{head}, CONSTRAINT gift_new_fk FOREIGN KEY (item_id) REFERENCES shop_item (id))",
        index,
        **gift,
    )
    c.add(
        about,
        f"{A} gift_card ADD COLUMN order_id bigint CONSTRAINT gift_f REFERENCES shop_order",
        "CREATE TABLE gift_a (id bigint CONSTRAINT gift_a_pk PRIMARY KEY)",
        **gift,
    )
    c.add(about, "CREATE TABLE gift_new (id bigint CONSTRAINT gift_new_pk PRIMARY KEY, card_id bigint CONSTRAINT gift_new_fk REFERENCES gift_card)",
          "CREATE INDEX gift_new_ix ON gift_new (card_id)", **gift)  # fmt: skip
    about = "foreign-key-unrequired"
    other = "CREATE TABLE gift_new (id bigint CONSTRAINT gift_new_pk PRIMARY KEY CONSTRAINT gift_new_fk REFERENCES {} ON DELETE CASCADE)"
    c.add(about, other.format("news_post"), **gift)
    c.add(about, other.format("news_post"), addon="gift", requires=["shop", "news"])
    c.add(about, other.format("shop_item"), addon="gift", requires=["news"])
    c.add(about, other.format("shop_order"), **gift)
    c.add(
        about,
        f"{A} gift_card ADD COLUMN post_id bigint CONSTRAINT gift_p REFERENCES news_post ON DELETE SET NULL",
        **gift,
    )
    c.add(about, "CREATE TABLE gift_new (id bigint CONSTRAINT gift_new_pk PRIMARY KEY, post_id bigint)",
          f"{A} gift_new ADD CONSTRAINT gift_new_fk FOREIGN KEY (post_id) REFERENCES news_post ON DELETE CASCADE", "CREATE INDEX gift_new_ix ON gift_new (post_id)", **gift)  # fmt: skip
    about = "constraint-while-disabled"
    for sql in (
        f"{A} shop_item ADD CONSTRAINT gift_c CHECK (price < 500) NOT VALID", f"{A} shop_item ALTER note SET NOT NULL",
        f"{A} shop_order ADD CONSTRAINT gift_f FOREIGN KEY (item_id) REFERENCES gift_card ON DELETE CASCADE NOT VALID",
        f"{A} shop_item ADD COLUMN gift__x int NOT NULL DEFAULT 0", f"{A} shop_item ADD COLUMN gift__x int CONSTRAINT gift_u UNIQUE",
        f"{A} shop_item ADD COLUMN gift__x int DEFAULT 3 CONSTRAINT gift_c CHECK (gift__x > 0)", f"{A} shop_item ALTER note TYPE varchar(30)",
    ):  # fmt: skip
        c.add(about, sql, phase="contract", **gift)
    c.plan(about, Act((f"{A} shop_item ADD COLUMN gift__x int DEFAULT 0",), "gift", requires=frozenset({"shop"})),
           Act((f"{A} shop_item ALTER gift__x SET NOT NULL", f"{A} shop_item ALTER gift__x DROP DEFAULT"), "gift", "contract", frozenset({"shop"})))  # fmt: skip
    c.add(
        about,
        "CREATE UNIQUE INDEX CONCURRENTLY gift_u ON shop_item (name)",
        look=[("shop_item", ("name",))],
        setup=["UPDATE shop_item SET name = 'name ' || id"],
        phase="contract",
        **gift,
    )
    about = "trigger-on-foreign-table"
    call = "FOR EACH ROW EXECUTE FUNCTION gift_note()"
    for sql in (
        f"CREATE TRIGGER gift_t BEFORE INSERT ON shop_item {call}", f"CREATE CONSTRAINT TRIGGER gift_t AFTER UPDATE ON shop_order {call}",
        "CREATE RULE gift_r AS ON DELETE TO shop_line DO ALSO SELECT 1", "CREATE POLICY gift_p ON shop_item USING (true)",
        f"CREATE TRIGGER gift_t BEFORE INSERT ON gift_card {call}", "CREATE RULE gift_r AS ON DELETE TO gift_card DO ALSO SELECT 1",
        "CREATE POLICY gift_p ON gift_card USING (true)", f"CREATE OR REPLACE TRIGGER gift_t AFTER DELETE ON gift_card {call}",
    ):  # fmt: skip
        c.add(about, sql, **gift)
    about = "view-on-foreign-table"
    for sql in (
        "CREATE VIEW gift_v AS SELECT id, name FROM shop_item", "CREATE MATERIALIZED VIEW gift_v AS SELECT sum(total) FROM shop_order",
        "CREATE VIEW gift_v AS SELECT g.id, i.name FROM gift_card g JOIN shop_item i ON i.id = g.item_id",
        "CREATE VIEW gift_v AS WITH i AS (SELECT name FROM shop_item) SELECT * FROM i",
        "CREATE VIEW gift_v AS SELECT id FROM gift_card WHERE points > 5", "CREATE VIEW gift_v AS WITH shop_item AS (SELECT id FROM gift_card) SELECT * FROM shop_item",
        "CREATE MATERIALIZED VIEW gift_v AS SELECT 1 AS one", "CREATE TABLE gift_v AS SELECT id FROM shop_item LIMIT 5",
    ):  # fmt: skip
        c.add(about, sql, **gift)


def code(c: Cases) -> None:
    about = "opaque-code"
    c.add(about, "DO $$ BEGIN UPDATE shop_item SET note = 'x'; END $$", phase="data")
    c.add(about, "DO $$ BEGIN EXECUTE 'ALTER TABLE shop_order ADD COLUMN ' || 'extra int'; END $$")
    c.add(
        about,
        "CALL shop_work()",
        setup=["CREATE PROCEDURE shop_work() LANGUAGE sql AS 'DELETE FROM shop_line'"],
        phase="data",
    )
    c.add(
        about,
        "CREATE FUNCTION shop_later() RETURNS void LANGUAGE sql AS 'UPDATE shop_item SET note = name'",
    )
    c.add(about, "CREATE PROCEDURE shop_later() LANGUAGE sql AS 'UPDATE shop_item SET note = name'")


def plans(c: Cases) -> None:
    about = "hot-table-shared"
    gift = {"addon": "gift", "requires": frozenset({"shop"}), "phase": "contract"}
    one = Act((f"{A} shop_item ADD COLUMN extra int",), phase="contract")
    for sql in (f"{A} shop_item ADD COLUMN gift__x int", "CREATE INDEX gift_ix ON shop_item (price)", f"{A} shop_item ADD CONSTRAINT gift_c CHECK (price >= 0) NOT VALID",
                f"{A} gift_card ADD COLUMN extra int", "CREATE INDEX CONCURRENTLY gift_ix ON shop_item (price)", f"{A} shop_item ALTER price SET STATISTICS 300",
                "CREATE TABLE gift_item (item_id bigint CONSTRAINT gift_item_pk PRIMARY KEY CONSTRAINT gift_item_fk REFERENCES shop_item ON DELETE CASCADE)"):  # fmt: skip
        c.plan(about, one, Act((sql,), **gift), hot=("shop_item",))
    c.plan(about, one, Act((f"{A} shop_item ADD COLUMN gift__x int",), **gift))
    c.plan(
        about,
        one,
        Act((f"{A} shop_item ADD COLUMN more int",), phase="contract"),
        hot=("shop_item",),
    )
