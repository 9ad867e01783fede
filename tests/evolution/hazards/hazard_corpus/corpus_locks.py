"""The cases about locks and transactions. Whether one is safe is said nowhere: see the oracles."""

from __future__ import annotations

from hazard_corpus.cases import Act, Cases

A = "ALTER TABLE"


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


PARTS = (
    indexes,
    constraints,
    foreign_keys,
    checks,
    not_nulls,
    types,
    columns,
    rewrites,
    timeouts,
    transactions,
)
