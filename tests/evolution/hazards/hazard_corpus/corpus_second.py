"""A second hold-out: written after the first had been looked at, and looked at once the linter was frozen again."""

from __future__ import annotations

from hazard_corpus.cases import Act, Case, Cases
from hazard_corpus.corpus_second_rows import NEW, between, design, plans, rows
from hazard_corpus.corpus_sqlite import LOWER, STATE, TRIGGER, rebuilt

A = "ALTER TABLE"


def postgresql() -> list[Case]:
    c = Cases()
    for part in (locks, together, serving, rows, design, between, plans):
        part(c)
    return c.all


def locks(c: Cases) -> None:
    add = c.add
    add(
        "index-not-concurrent",
        "CREATE INDEX IF NOT EXISTS shop_i ON public.shop_order USING brin (placed)",
    )
    add(
        "index-not-concurrent",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS shop_i ON ONLY shop_order (memo DESC NULLS LAST)",
    )
    add(
        "index-not-concurrent",
        "CREATE INDEX shop_i ON shop_order (placed DESC, id) WITH (fillfactor = 70)",
    )
    add("index-not-concurrent", "REINDEX INDEX CONCURRENTLY shop_order_item_id_ix")
    add(
        "index-not-concurrent",
        NEW,
        "CREATE UNIQUE INDEX shop_new_u ON shop_new (b)",
        "CREATE INDEX shop_new_i ON shop_new (lower(b))",
    )
    add(
        "constraint-builds-index",
        f"{A} shop_line ADD CONSTRAINT shop_u UNIQUE (order_id, position, amount) INCLUDE (old_id)",
    )
    add(
        "constraint-builds-index",
        f"{A} shop_order ADD COLUMN extra text, ADD CONSTRAINT shop_u UNIQUE (extra)",
    )
    add(
        "constraint-builds-index",
        f"{A} news_post ADD CONSTRAINT news_u UNIQUE (id) DEFERRABLE",
        addon="news",
    )
    add("foreign-key-validated", f"{A} shop_line ADD CONSTRAINT shop_f FOREIGN KEY (amount) REFERENCES shop_order (id) ON UPDATE CASCADE", phase="contract",
        setup=["UPDATE shop_line SET amount = 5"])  # fmt: skip
    add(
        "foreign-key-validated",
        f"{A} shop_order ADD COLUMN p bigint REFERENCES shop_order (id)",
        "CREATE INDEX shop_p ON shop_order (p)",
    )
    add(
        "foreign-key-validated",
        f"{A} shop_order ADD COLUMN p bigint DEFAULT 3, ADD CONSTRAINT shop_f FOREIGN KEY (p) REFERENCES shop_item NOT VALID",
    )
    add(
        "check-validated",
        f"{A} shop_order ADD COLUMN q int DEFAULT 4 CONSTRAINT shop_c CHECK (q BETWEEN 1 AND 9)",
    )
    add(
        "check-validated",
        f"{A} shop_order ADD CONSTRAINT shop_c CHECK (total IS NOT NULL AND total >= 0) NO INHERIT",
        phase="contract",
    )
    add(
        "check-validated",
        f"{A} shop_order ADD CONSTRAINT shop_c CHECK (total < 100000000) NOT VALID, ADD COLUMN q int",
        phase="contract",
    )
    add(
        "set-not-null-scan",
        f"{A} shop_order ALTER memo SET NOT NULL, ADD COLUMN q int",
        phase="contract",
    )
    add("set-not-null-scan", f"{A} shop_order ALTER memo SET NOT NULL", phase="contract",
        setup=[f"{A} shop_order ADD CONSTRAINT shop_n CHECK (memo <> 'x')"])  # fmt: skip
    c.plan("set-not-null-scan", Act((f"{A} shop_order ADD CONSTRAINT shop_n CHECK (memo IS NOT NULL AND memo <> '') NOT VALID",), phase="contract"),
           Act((f"{A} shop_order VALIDATE CONSTRAINT shop_n",), phase="contract"), Act((f"{A} shop_order ALTER memo SET NOT NULL",), phase="contract"))  # fmt: skip
    for column, type_ in (
        ("old_id", "numeric"),
        ("old_id", "text"),
        ("amount", "numeric(30,2)"),
        ("old_id", "int8"),
        ("amount", "bigint"),
    ):
        add(
            "type-change-rewrite",
            f"{A} shop_line ALTER {column} SET DATA TYPE {type_}",
            phase="contract",
        )
    add(
        "type-change-rewrite",
        f"{A} shop_order ALTER memo TYPE varchar(31), ALTER memo SET DEFAULT 'x'",
    )
    add("type-change-rewrite", f"{A} shop_order ALTER memo TYPE varchar(300) USING memo")
    add("type-change-rewrite", f"{A} shop_order ALTER placed TYPE timestamptz(6)", phase="contract")
    add("type-change-rewrite", f"{A} shop_item ALTER tags TYPE json", phase="contract")
    for default in (
        "txid_current()",
        "(random() * 5)::int",
        "nextval('shop_number') + 1",
        "5 * 2 + 1",
        "'2020-01-01'::date",
        "length('abc')",
        "current_user",
    ):
        if default:
            type_ = {"'2020-01-01'::date": "date", "current_user": "text"}.get(default, "bigint")
            add("volatile-default", f"{A} shop_order ADD COLUMN q {type_} DEFAULT {default}")
    add(
        "volatile-default",
        f"{A} shop_order ADD COLUMN q text GENERATED ALWAYS AS (lower(memo)) STORED",
    )
    add(
        "volatile-default",
        f"{A} shop_order ADD COLUMN q int2 GENERATED ALWAYS AS IDENTITY (START 100)",
    )
    add("volatile-default", f"{A} shop_order ADD COLUMN q smallserial, ADD COLUMN r text")
    add("table-rewritten", "CLUSTER shop_item USING shop_item_weight_ix")
    add("table-rewritten", "VACUUM (FULL, ANALYZE) shop_order")
    add("table-rewritten", "VACUUM (ANALYZE) shop_line")
    add("table-rewritten", f"{A} shop_item CLUSTER ON shop_item_state_ix")


def together(c: Cases) -> None:
    add = c.add
    q = f"{A} shop_item ADD COLUMN q int"
    add("lock-timeout-missing", "TRUNCATE shop_line", phase="contract")
    add("lock-timeout-missing", "LOCK TABLE shop_item IN SHARE MODE")
    add(
        "lock-timeout-missing",
        "SET LOCAL lock_timeout TO '900ms'",
        "DROP TABLE shop_line",
        phase="contract",
    )
    add("lock-timeout-missing", "SET lock_timeout TO '3s'", "SET LOCAL statement_timeout = 0", q)
    add("lock-timeout-missing", "SET SESSION lock_timeout = '0'", q)
    add("lock-timeout-missing", "COMMENT ON COLUMN shop_item.note IS 'x'")
    add(
        "several-locked-tables",
        f"{A} shop_line ADD COLUMN q int",
        "TRUNCATE shop_order CASCADE",
        phase="contract",
    )
    add("several-locked-tables", "LOCK TABLE shop_item, shop_order IN ACCESS EXCLUSIVE MODE")
    add(
        "several-locked-tables",
        "CREATE TRIGGER shop_t BEFORE INSERT ON shop_item FOR EACH ROW EXECUTE FUNCTION gift_note()",
        f"{A} shop_line ADD COLUMN q int",
    )
    add(
        "several-locked-tables",
        NEW,
        f"{A} shop_new ADD COLUMN q int",
        "CREATE INDEX shop_new_i ON shop_new (q)",
        "DROP VIEW shop_cheap",
        phase="contract",
    )
    add(
        "ddl-with-backfill",
        q,
        "WITH b AS (SELECT id FROM shop_item ORDER BY id LIMIT 40) UPDATE shop_item SET q = 1 FROM b WHERE b.id = shop_item.id",
    )
    add(
        "ddl-with-backfill",
        q,
        "INSERT INTO shop_order (id, total) SELECT id + 500000, 0 FROM shop_item ON CONFLICT DO NOTHING",
    )
    add(
        "ddl-with-backfill",
        "LOCK TABLE shop_item IN SHARE ROW EXCLUSIVE MODE",
        "UPDATE shop_order SET memo = 'y'",
    )
    add(
        "ddl-with-backfill",
        NEW,
        "INSERT INTO shop_new SELECT id, total, memo FROM shop_order WHERE state = 'new'",
    )
    add(
        "concurrently-in-transaction",
        "CREATE UNIQUE INDEX CONCURRENTLY shop_u ON shop_item (code, id)",
        "ANALYZE shop_item",
    )
    add("concurrently-in-transaction", "SET LOCAL lock_timeout = '1s'", "VACUUM shop_item")
    add(
        "enum-value-in-transaction",
        "ALTER TYPE shop_size ADD VALUE IF NOT EXISTS 'l' AFTER 'm'",
        "SELECT 'l'::shop_size",
    )
    add(
        "enum-value-in-transaction",
        "ALTER TYPE shop_size ADD VALUE 'xl'",
        f"{A} shop_item ADD COLUMN size shop_size DEFAULT 's'",
    )


def serving(c: Cases) -> None:
    add = c.add
    for phase in ("expand", "contract"):
        add("rename-while-serving", f"{A} shop_line RENAME old_id TO former_id", phase=phase)
        add(
            "rename-while-serving",
            f"{A} IF EXISTS gift_card RENAME COLUMN label TO title",
            addon="gift",
            phase=phase,
        )
        add("drop-while-serving", f"{A} shop_line DROP old_id", phase=phase)
        add("drop-while-serving", "DROP TABLE IF EXISTS news_post", addon="news", phase=phase)
        add(
            "dropped-default", f"{A} gift_card ALTER points DROP DEFAULT", addon="gift", phase=phase
        )
        add(
            "contract-in-expand",
            f"{A} shop_order ADD CONSTRAINT shop_x EXCLUDE USING btree (id WITH =)",
            phase=phase,
        )
        add(
            "contract-in-expand",
            f"{A} shop_item ALTER code TYPE varchar(15)",
            phase=phase,
            setup=["UPDATE shop_item SET code = right(code, 4)"],
        )
        add(
            "contract-in-expand",
            f"{A} gift_card ADD CONSTRAINT gift_c CHECK (points >= 0) NOT VALID, ALTER label SET DEFAULT 'z'",
            addon="gift",
            phase=phase,
        )
        add(
            "contract-in-expand",
            "CREATE INDEX CONCURRENTLY shop_i ON shop_item ((price + 1))",
            phase=phase,
        )
        add(
            "contract-in-expand",
            "CREATE INDEX CONCURRENTLY shop_i ON shop_item (upper(note))",
            phase=phase,
        )
    add("drop-while-serving", f"{A} shop_item ADD COLUMN q int, DROP COLUMN seen")
    add(
        "not-null-without-default",
        f"{A} shop_order ADD COLUMN q uuid NOT NULL, ALTER memo SET DEFAULT 'x'",
    )
    add(
        "not-null-without-default", f"{A} shop_order ADD COLUMN q bigint CONSTRAINT shop_q NOT NULL"
    )
    add(
        "not-null-without-default", f"{A} shop_order ADD COLUMN q varchar(3) DEFAULT 'abc' NOT NULL"
    )


def sqlite() -> list[Case]:
    c = Cases()

    def add(about, *statements, **more):
        c.add(about, *statements, dialect="sqlite", **more)

    back = (STATE, LOWER, TRIGGER)
    add("rebuild-loses-objects", *rebuilt(back=(LOWER, TRIGGER)))
    add(
        "rebuild-loses-objects",
        *rebuilt(back=(*back, "CREATE INDEX shop_more_ix ON shop_item (price)")),
    )
    add("rebuild-cascades", "PRAGMA foreign_keys = OFF", *rebuilt(back=back), foreign_keys=True)
    add("contract-in-expand", *rebuilt("CONSTRAINT shop_u UNIQUE (id, name), ", back=back))
    add(
        "contract-in-expand",
        *rebuilt("extra TEXT CONSTRAINT shop_c CHECK (extra <> 'z'), ", back=back),
    )
    add("rename-while-serving", "ALTER TABLE [shop_item] RENAME COLUMN [note] TO [remark]")
    add(
        "not-null-without-default", 'ALTER TABLE "shop_order" ADD "extra" REAL NOT NULL DEFAULT 1.5'
    )
    add("not-null-without-default", "ALTER TABLE shop_order ADD extra BLOB NOT NULL")
    for sql in ("UPDATE shop_order SET memo = (SELECT name FROM shop_item i WHERE i.id = shop_order.id)", "UPDATE shop_order SET memo = 'x' WHERE id >= 5 AND id < 9", "REPLACE INTO shop_order (id, total) VALUES (5, 9)",
                "INSERT INTO shop_order (id, total) VALUES (900000, 1), (900001, 2)", "UPDATE shop_item SET note = 'y' WHERE code IN ('code 1', 'code 2')",
                "UPDATE OR IGNORE shop_order SET memo = 'x' WHERE memo = 'memo'"):  # fmt: skip
        add("unbatched-update", sql, phase="data")
    add("destructive", "DELETE FROM shop_order WHERE id IN (1, 2)", phase="contract")
    add("destructive", "DELETE FROM shop_order WHERE memo IS NOT NULL", phase="contract")
    add(
        "unique-over-existing-rows",
        "CREATE UNIQUE INDEX IF NOT EXISTS shop_u ON shop_item (note COLLATE NOCASE)",
        phase="contract",
    )
    add(
        "unindexed-foreign-key",
        "CREATE TABLE shop_new (id INTEGER NOT NULL CONSTRAINT shop_new_pk PRIMARY KEY CONSTRAINT shop_new_f REFERENCES shop_order (id) ON DELETE CASCADE)",
    )
    gift = {"addon": "gift", "requires": ["shop"]}
    add(
        "foreign-key-restricts",
        "CREATE TABLE gift_new (id INTEGER NOT NULL CONSTRAINT gift_new_pk PRIMARY KEY CONSTRAINT gift_new_f REFERENCES shop_order (id) ON DELETE NO ACTION)",
        **gift,
    )
    add("foreign-object-touched", "DELETE FROM shop_order WHERE id = 5", phase="contract", **gift)
    add(
        "foreign-object-touched",
        "INSERT INTO gift_card (id, item_id) VALUES (900001, 5)",
        phase="contract",
        **gift,
    )
    add(
        "outside-namespace",
        "CREATE TABLE gifts (id INTEGER NOT NULL CONSTRAINT gifts_pk PRIMARY KEY)",
        **gift,
    )
    add(
        "view-on-foreign-table",
        "CREATE VIEW gift_v AS SELECT (SELECT max(price) FROM shop_item) AS top",
        **gift,
    )
    return c.all
