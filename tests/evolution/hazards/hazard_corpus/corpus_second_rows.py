"""The second hold-out: rows, names and addons. See corpus_second."""

from __future__ import annotations

from hazard_corpus.cases import Act, Cases

A = "ALTER TABLE"
NEW = "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a bigint, b text)"
GIFT = {"addon": "gift", "requires": ["shop"]}


def rows(c: Cases) -> None:
    add = c.add
    for sql in (
        "UPDATE ONLY shop_item AS i SET note = 'y' WHERE i.id = ANY('{1,2,3}')", "UPDATE shop_item SET note = o.memo FROM shop_order o WHERE o.id = shop_item.id AND o.id = 7",
        "UPDATE shop_item SET note = 'y' WHERE id < 50", "UPDATE shop_item SET note = 'y' WHERE NOT (state = 'x')", "UPDATE shop_item SET note = 'y' WHERE code IN ('code 1', 'code 2') AND note IS NOT NULL",
        "UPDATE shop_item SET note = 'y' WHERE EXISTS (SELECT FROM shop_order o WHERE o.item_id = shop_item.id)", "INSERT INTO shop_order (id, total) SELECT id + 600000, 1 FROM shop_item LIMIT 30",
        "WITH moved AS (DELETE FROM shop_line WHERE order_id = 4 AND position = 1 RETURNING *) INSERT INTO shop_line SELECT order_id, 99, amount, old_id FROM moved",
        "UPDATE shop_item SET note = 'y' WHERE id = 3 OR code = 'code 9'",
        "MERGE INTO shop_order o USING (VALUES (1, 'a'), (2, 'b')) v (i, m) ON o.id = v.i WHEN MATCHED THEN UPDATE SET memo = v.m",
        "UPDATE shop_line SET amount = 2 WHERE order_id BETWEEN 5 AND 9 AND position = 1",
    ):  # fmt: skip
        add("unbatched-update", sql, phase="data")
    for sql in ("DELETE FROM ONLY shop_line l WHERE l.amount IS NOT NULL", "TRUNCATE TABLE ONLY shop_line RESTART IDENTITY", "DELETE FROM shop_line WHERE (order_id, position) IN (SELECT order_id, position FROM shop_line LIMIT 9)",
                "DELETE FROM shop_line WHERE order_id IN (6, 7) AND position = 1", f"{A} shop_line DROP COLUMN IF EXISTS old_id, ADD COLUMN q int", "DROP TYPE shop_size", "DROP FUNCTION shop_fee(bigint)"):  # fmt: skip
        add("destructive", sql, phase="contract")
    add(
        "unique-over-existing-rows",
        "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_order (item_id, memo)",
        phase="contract",
    )
    add(
        "unique-over-existing-rows",
        "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_order (total) INCLUDE (id)",
        phase="contract",
    )
    add(
        "unique-over-existing-rows",
        "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_order (memo, id)",
        phase="contract",
    )
    add("narrowing", f"{A} shop_line ALTER amount TYPE numeric(5,0)", phase="contract")
    add("narrowing", f"{A} shop_item ALTER weight TYPE numeric(8,1)", phase="contract")


def design(c: Cases) -> None:
    add = c.add
    for body in ("id int4 CONSTRAINT shop_new_pk PRIMARY KEY", "id integer NOT NULL DEFAULT 5, CONSTRAINT shop_new_pk PRIMARY KEY (id) INCLUDE (a)", "id serial4 CONSTRAINT shop_new_pk PRIMARY KEY", "id serial8 CONSTRAINT shop_new_pk PRIMARY KEY",
                 "id numeric CONSTRAINT shop_new_pk PRIMARY KEY", "id int8 CONSTRAINT shop_new_pk PRIMARY KEY", "id int, CONSTRAINT shop_new_pk PRIMARY KEY (id, a)"):  # fmt: skip
        add("int4-key", f"CREATE TABLE IF NOT EXISTS shop_new ({body}, a bigint)")
    add(
        "unnamed-constraint",
        "CREATE TABLE shop_new (id bigint, a int, EXCLUDE USING btree (a WITH =), CONSTRAINT shop_new_pk PRIMARY KEY (id))",
    )
    add("unnamed-constraint", f"{A} shop_order ADD COLUMN q int CHECK (q > 1)")
    add(
        "unnamed-constraint",
        NEW,
        f"{A} shop_new ADD FOREIGN KEY (a) REFERENCES shop_new",
        "CREATE INDEX shop_new_i ON shop_new (a)",
    )
    add(
        "unnamed-constraint",
        NEW,
        f"{A} shop_new ADD CONSTRAINT shop_new_f FOREIGN KEY (a) REFERENCES shop_new",
        "CREATE INDEX shop_new_i ON shop_new (a)",
    )
    add(
        "long-identifier",
        f"{A} shop_item ADD CONSTRAINT {'shop_' + 'c' * 60} CHECK (price > -9) NOT VALID",
        phase="contract",
    )
    add("long-identifier", f"CREATE VIEW {'shop_' + 'v' * 58} AS SELECT 1 AS one")
    add("long-identifier", f"COMMENT ON TABLE shop_item IS '{'x' * 90}'")
    add(
        "unindexed-foreign-key",
        "CREATE TABLE shop_new (id bigint CONSTRAINT shop_new_pk PRIMARY KEY, a bigint, b bigint, CONSTRAINT shop_new_f FOREIGN KEY (a) REFERENCES shop_item ON DELETE CASCADE, CONSTRAINT shop_new_u UNIQUE (b, a))",
    )
    add(
        "unindexed-foreign-key",
        "CREATE TABLE shop_new (a bigint CONSTRAINT shop_new_f REFERENCES shop_item ON DELETE CASCADE, b bigint, CONSTRAINT shop_new_pk PRIMARY KEY (a, b))",
    )
    for sql in (
        "CREATE TABLE gift.thing (a int)",
        "CREATE MATERIALIZED VIEW totals AS SELECT 1 AS one",
        "CREATE UNIQUE INDEX CONCURRENTLY u ON gift_card (id)",
        "CREATE TABLE gift_x AS SELECT 1 AS one",
        "CREATE TABLE x_gift AS SELECT 1 AS one",
    ):
        add(
            "outside-namespace", sql, setup=["CREATE SCHEMA gift"] if "gift." in sql else (), **GIFT
        )


def between(c: Cases) -> None:
    add = c.add
    for sql in (f"{A} shop_item ALTER price SET STATISTICS 200", f"{A} shop_item SET (autovacuum_enabled = false)", "TRUNCATE news_post", f"{A} shop_item DROP CONSTRAINT shop_item_pk CASCADE", "DROP MATERIALIZED VIEW shop_sums",
                "ALTER INDEX shop_item_state_ix RENAME TO gift_state_ix", "LOCK TABLE shop_item IN ACCESS SHARE MODE", "ANALYZE shop_item", f"{A} gift_card DROP CONSTRAINT gift_card_item_id_fk", "TRUNCATE gift_card"):  # fmt: skip
        add("foreign-object-touched", sql, phase="contract", **GIFT)
    add("foreign-object-touched", "TRUNCATE shop_item CASCADE", phase="contract")
    add("foreign-object-touched", "DROP TABLE shop_line CASCADE", phase="contract")
    body = "CREATE TABLE gift_new (id bigint CONSTRAINT gift_new_pk PRIMARY KEY{}, CONSTRAINT gift_new_f FOREIGN KEY (id) REFERENCES {} ON DELETE {})"
    add("foreign-key-restricts", body.format("", "shop_order", "SET NULL"), **GIFT)
    add("foreign-key-restricts", body.format("", "shop_order", "CASCADE"), **GIFT)
    add("foreign-key-restricts", body.format("", "shop_order", "RESTRICT"), **GIFT)
    add("foreign-key-unrequired", body.format("", "shop_item", "CASCADE"), addon="news")
    add(
        "foreign-key-unrequired",
        body.format("", "shop_item", "CASCADE").replace("gift_", "news_"),
        addon="news",
        requires=["shop"],
    )
    add(
        "constraint-while-disabled",
        f"{A} shop_order ALTER memo SET NOT NULL, ALTER memo TYPE varchar(10)",
        phase="contract",
        **GIFT,
    )
    add(
        "constraint-while-disabled",
        f"{A} shop_item ADD CONSTRAINT gift_u UNIQUE (id, price)",
        phase="contract",
        **GIFT,
    )
    add(
        "constraint-while-disabled",
        f"{A} shop_order ADD CONSTRAINT gift_c CHECK (memo IS NULL OR length(memo) < 10) NOT VALID",
        phase="contract",
        **GIFT,
    )
    add(
        "constraint-while-disabled",
        f"{A} shop_order ADD COLUMN gift__x text, ADD CONSTRAINT gift_c CHECK (gift__x <> 'z') NOT VALID",
        phase="contract",
        **GIFT,
    )
    add(
        "trigger-on-foreign-table",
        "CREATE TRIGGER gift_t AFTER TRUNCATE ON shop_line FOR EACH STATEMENT EXECUTE FUNCTION gift_note()",
        **GIFT,
    )
    add(
        "trigger-on-foreign-table",
        "CREATE RULE gift_r AS ON UPDATE TO shop_order WHERE new.total < 0 DO INSTEAD NOTHING",
        **GIFT,
    )
    add(
        "view-on-foreign-table",
        "CREATE OR REPLACE VIEW gift_v AS SELECT (SELECT max(total) FROM shop_order) AS top",
        **GIFT,
    )
    add(
        "view-on-foreign-table",
        "CREATE VIEW gift_v AS SELECT title FROM news_post UNION SELECT label FROM gift_card",
        **GIFT,
    )
    add(
        "view-on-foreign-table",
        "CREATE VIEW gift_v (n) AS SELECT count(points) FROM gift_card GROUP BY item_id",
        **GIFT,
    )


def plans(c: Cases) -> None:
    shop = Act((f"{A} shop_order ADD COLUMN q int",), phase="contract")
    for sql in (
        f"{A} shop_order ADD CONSTRAINT gift_c CHECK (total > -9) NOT VALID",
        f"{A} shop_order ALTER memo SET DEFAULT 'x'",
        "UPDATE shop_order SET memo = 'x' WHERE id = 4",
        f"{A} gift_card ADD COLUMN q int",
    ):
        c.plan(
            "hot-table-shared",
            shop,
            Act((sql,), "gift", "contract", frozenset({"shop"})),
            hot=("shop_order",),
        )
    c.add("opaque-code", "DO LANGUAGE plpgsql 'BEGIN DELETE FROM shop_line; END'", phase="data")
    c.add(
        "opaque-code",
        "CREATE OR REPLACE FUNCTION shop_fee(amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT amount / 9'",
    )
