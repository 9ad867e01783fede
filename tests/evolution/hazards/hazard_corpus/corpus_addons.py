"""The cases about names, keys, and what one addon does to another. Whether one is safe is said nowhere: see the oracles."""

from __future__ import annotations

from hazard_corpus.cases import Act, Cases

A = "ALTER TABLE"


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


PARTS = (keys, names, references, namespace, foreign, sleeping, code, plans)
