"""The cases for SQLite. As with PostgreSQL's, whether one is safe is said nowhere."""

from __future__ import annotations

from hazard_corpus.cases import Act, Case, Cases

A = "ALTER TABLE"
RELEASE = """
CREATE TABLE shop_item (id INTEGER NOT NULL, name VARCHAR(40) NOT NULL, note TEXT, price INTEGER NOT NULL DEFAULT 0,
    code VARCHAR(20) NOT NULL, state TEXT NOT NULL DEFAULT 'new', CONSTRAINT shop_item_pk PRIMARY KEY (id),
    CONSTRAINT shop_item_code_uq UNIQUE (code));
CREATE INDEX shop_item_state_ix ON shop_item (state);
CREATE INDEX shop_item_lower_ix ON shop_item (lower(name));
CREATE TABLE shop_log (id INTEGER NOT NULL CONSTRAINT shop_log_pk PRIMARY KEY, what TEXT);
CREATE TRIGGER shop_item_logged AFTER UPDATE OF price ON shop_item BEGIN
    INSERT INTO shop_log (what) VALUES (new.name); END;
CREATE TABLE shop_order (id INTEGER NOT NULL CONSTRAINT shop_order_pk PRIMARY KEY, item_id INTEGER, total INTEGER NOT NULL, memo TEXT);
CREATE VIEW shop_cheap AS SELECT id, memo AS name FROM shop_order WHERE total < 10;
CREATE TABLE gift_card (id INTEGER NOT NULL CONSTRAINT gift_card_pk PRIMARY KEY,
    item_id INTEGER NOT NULL CONSTRAINT gift_card_fk REFERENCES shop_item (id) ON DELETE CASCADE, points INTEGER NOT NULL DEFAULT 0);
CREATE INDEX gift_card_item_id_ix ON gift_card (item_id);
CREATE TABLE news_post (id INTEGER NOT NULL CONSTRAINT news_post_pk PRIMARY KEY, title TEXT NOT NULL);
"""
ITEM = """id INTEGER NOT NULL, name VARCHAR(40) NOT NULL, note TEXT, price INTEGER NOT NULL DEFAULT 0, code VARCHAR(20) NOT NULL,
    state TEXT NOT NULL DEFAULT 'new', {}CONSTRAINT shop_item_pk PRIMARY KEY (id), CONSTRAINT shop_item_code_uq UNIQUE (code)"""
TRIGGER = """CREATE TRIGGER shop_item_logged AFTER UPDATE OF price ON shop_item BEGIN
    INSERT INTO shop_log (what) VALUES (new.name); END"""
ALL = "id, name, note, price, code, state"


def rebuilt(more="", columns=ALL, back=(), drop=""):
    """Batch mode's statements, with what puts back the objects on the old table."""
    body = ITEM.format(more)
    for name in filter(None, drop.split()):
        body = body.replace(f"{name} TEXT, ", "")
    return (f"CREATE TABLE _alembic_tmp_shop_item ({body})",
            f"INSERT INTO _alembic_tmp_shop_item ({columns}) SELECT {columns} FROM shop_item", "DROP TABLE shop_item",
            "ALTER TABLE _alembic_tmp_shop_item RENAME TO shop_item", *back)  # fmt: skip


STATE = "CREATE INDEX shop_item_state_ix ON shop_item (state)"
LOWER = "CREATE INDEX shop_item_lower_ix ON shop_item (lower(name))"


def corpus() -> list[Case]:
    c = Cases()

    def add(about, *statements, **more):
        c.add(about, *statements, dialect="sqlite", **more)

    rebuilds(add)
    serving(add)
    rows(add)
    addons(add)
    c.all.append(
        Case(
            "rename-while-serving",
            (
                Act((f"{A} shop_item ADD COLUMN extra TEXT",)),
                Act((f"{A} shop_item RENAME COLUMN extra TO more",)),
            ),
            dialect="sqlite",
        )
    )
    return c.all


def rebuilds(add):
    add("rebuild-loses-objects", *rebuilt())
    add("rebuild-loses-objects", *rebuilt(back=(STATE,)))
    add("rebuild-loses-objects", *rebuilt(back=(STATE, LOWER)))
    add("rebuild-loses-objects", *rebuilt(back=(STATE, TRIGGER)))
    add("rebuild-loses-objects", *rebuilt(back=(STATE, LOWER, TRIGGER)))
    add("rebuild-loses-objects", *rebuilt("extra TEXT, ", back=(STATE, LOWER, TRIGGER)))
    add("rebuild-loses-objects", f"{A} shop_item RENAME COLUMN note TO remark", phase="contract")
    for keys in (True, False):
        add("rebuild-cascades", *rebuilt(back=(STATE, LOWER, TRIGGER)), foreign_keys=keys)
        add(
            "rebuild-cascades",
            *rebuilt("extra TEXT, ", back=(STATE, LOWER, TRIGGER)),
            foreign_keys=keys,
        )
        add(
            "rebuild-cascades",
            *rebuilt(
                columns="id, name, price, code, state", drop="note", back=(STATE, LOWER, TRIGGER)
            ),
            foreign_keys=keys,
            phase="contract",
        )
        add("rebuild-cascades", "CREATE TABLE news_two (id INTEGER NOT NULL CONSTRAINT news_post_pk PRIMARY KEY, title TEXT NOT NULL)", "INSERT INTO news_two SELECT * FROM news_post",
            "DROP TABLE news_post", "ALTER TABLE news_two RENAME TO news_post", addon="news", foreign_keys=keys)  # fmt: skip


def serving(add):
    for phase in ("expand", "contract"):
        for sql in (
            f"{A} shop_item RENAME COLUMN note TO remark",
            f"{A} shop_order RENAME TO shop_purchase",
            f"{A} shop_order RENAME COLUMN total TO amount",
        ):
            add("rename-while-serving", sql, phase=phase)
        for sql in (
            f"{A} shop_item DROP COLUMN note",
            "DROP TABLE shop_order",
            "DROP VIEW shop_cheap",
            "DROP INDEX shop_item_state_ix",
            "DROP TRIGGER shop_item_logged",
        ):
            add("drop-while-serving", sql, phase=phase)
        add(
            "drop-while-serving",
            *rebuilt(
                columns="id, name, price, code, state", drop="note", back=(STATE, LOWER, TRIGGER)
            ),
            phase=phase,
        )
        add(
            "contract-in-expand",
            *rebuilt("CONSTRAINT shop_c CHECK (price < 5000), ", back=(STATE, LOWER, TRIGGER)),
            phase=phase,
        )
        add(
            "contract-in-expand",
            *(
                sql.replace("note TEXT,", "note TEXT NOT NULL,")
                for sql in rebuilt(back=(STATE, LOWER, TRIGGER))
            ),
            phase=phase,
        )
    for column in (
        "extra TEXT",
        "extra INTEGER NOT NULL DEFAULT 3",
        "extra TEXT DEFAULT 'x'",
        "extra INTEGER",
        "extra INTEGER CONSTRAINT shop_f REFERENCES shop_log (id)",
    ):
        index = (
            ("CREATE INDEX shop_extra_ix ON shop_item (extra)",) if "REFERENCES" in column else ()
        )
        add("not-null-without-default", f"{A} shop_item ADD COLUMN {column}", *index)
    for column in (
        "extra TEXT NOT NULL",
        "extra INTEGER NOT NULL",
        "extra TEXT NOT NULL COLLATE NOCASE",
    ):
        add("not-null-without-default", f"{A} shop_item ADD COLUMN {column}")
        add("not-null-without-default", f"{A} shop_order ADD COLUMN {column}")


def rows(add):
    for sql in (
        "UPDATE shop_item SET note = 'x'", "UPDATE shop_item SET note = 'x' WHERE state = 'new'", "UPDATE shop_item SET note = 'x' WHERE id > 0",
        "INSERT INTO shop_order (id, total) SELECT id + 700000, 1 FROM shop_item", "UPDATE shop_item SET note = 'x' WHERE id IN (SELECT item_id FROM shop_order)",
        "UPDATE shop_item SET note = 'x' WHERE id = 5", "UPDATE shop_item SET note = 'x' WHERE id IN (1, 2, 3)", "UPDATE shop_item SET note = 'x' WHERE code = 'code 7'",
        "UPDATE shop_item SET note = 'x' WHERE id BETWEEN 1 AND 50", "UPDATE shop_item SET note = 'x' WHERE id IN (SELECT id FROM shop_item WHERE note = 'note' LIMIT 50)",
        "INSERT INTO shop_order (id, total) VALUES (900001, 1)", "INSERT INTO shop_order (id, total) VALUES (5, 1) ON CONFLICT (id) DO UPDATE SET total = 2",
        "SELECT count(*) FROM shop_item",
    ):  # fmt: skip
        add("unbatched-update", sql, phase="data")
    for sql in (
        "DELETE FROM shop_order", "DELETE FROM shop_order WHERE total >= 0", "DROP TABLE shop_order", f"{A} shop_item DROP COLUMN note", "DELETE FROM shop_order WHERE id = 5",
        "DELETE FROM shop_order WHERE id IN (SELECT id FROM shop_order LIMIT 20)", "DROP VIEW shop_cheap", "DROP INDEX shop_item_lower_ix",
    ):  # fmt: skip
        add("destructive", sql, phase="contract")
    for columns in ("name", "state, price", "note", "id, name", "code"):
        add(
            "unique-over-existing-rows",
            f"CREATE UNIQUE INDEX shop_u ON shop_item ({columns})",
            phase="contract",
        )
    add(
        "unique-over-existing-rows",
        f"{A} shop_item ADD COLUMN extra TEXT",
        "CREATE UNIQUE INDEX shop_u ON shop_item (extra)",
    )
    add("contract-in-expand", "CREATE UNIQUE INDEX shop_u ON shop_item (id, name)")
    head = "CREATE TABLE shop_new (id INTEGER NOT NULL CONSTRAINT shop_new_pk PRIMARY KEY, a INTEGER CONSTRAINT shop_new_fk REFERENCES shop_order (id) ON DELETE CASCADE, b INTEGER"
    add("unindexed-foreign-key", head + ")")
    add("unindexed-foreign-key", head + ")", "CREATE INDEX shop_new_ix ON shop_new (b, a)")
    add(
        "unindexed-foreign-key",
        f"{A} shop_order ADD COLUMN log_id INTEGER CONSTRAINT shop_f REFERENCES shop_log (id)",
    )
    add("unindexed-foreign-key", head + ")", "CREATE INDEX shop_new_ix ON shop_new (a, b)")
    add("unindexed-foreign-key", head + ", CONSTRAINT shop_new_u UNIQUE (a))")


def addons(add):
    gift = {"addon": "gift", "requires": ["shop"]}
    head = "CREATE TABLE gift_new (id INTEGER NOT NULL CONSTRAINT gift_new_pk PRIMARY KEY, item_id INTEGER"
    index = "CREATE INDEX gift_new_ix ON gift_new (item_id)"
    for null, action in (
        ("", ""),
        (" NOT NULL", " ON DELETE SET NULL"),
        ("", " ON DELETE RESTRICT"),
        ("", " ON DELETE CASCADE"),
        ("", " ON DELETE SET NULL"),
    ):
        add(
            "foreign-key-restricts",
            f"{head}{null} CONSTRAINT gift_new_fk REFERENCES shop_item (id){action})",
            index,
            **gift,
        )
    add(
        "foreign-key-unrequired",
        f"{head} CONSTRAINT gift_new_fk REFERENCES news_post (id) ON DELETE CASCADE)",
        index,
        **gift,
    )
    add(
        "foreign-key-unrequired",
        f"{head} CONSTRAINT gift_new_fk REFERENCES news_post (id) ON DELETE CASCADE)",
        index,
        addon="gift",
        requires=["news"],
    )
    add("foreign-key-unrequired", f"{A} gift_card ADD COLUMN post_id INTEGER CONSTRAINT gift_p REFERENCES news_post (id) ON DELETE SET NULL",
        "CREATE INDEX gift_p_ix ON gift_card (post_id)", **gift)  # fmt: skip
    add(
        "foreign-key-unrequired",
        f"{head}, CONSTRAINT gift_new_fk FOREIGN KEY (item_id) REFERENCES news_post (id) ON DELETE CASCADE)",
        index,
        **gift,
    )
    for sql in (
        f"{A} shop_item ADD COLUMN gift__x INTEGER", "CREATE INDEX gift_ix ON shop_item (price)", "UPDATE shop_order SET memo = 'x' WHERE id = 5", "DROP INDEX shop_item_state_ix",
        "CREATE TABLE gift_other (id INTEGER NOT NULL CONSTRAINT gift_o_pk PRIMARY KEY)", f"{A} gift_card ADD COLUMN extra TEXT", "UPDATE gift_card SET points = 5 WHERE id = 5",
    ):  # fmt: skip
        add("foreign-object-touched", sql, phase="contract", **gift)
    add(
        "foreign-object-touched",
        *rebuilt("gift__x TEXT, ", back=(STATE, LOWER, TRIGGER)),
        phase="contract",
        **gift,
    )
    add(
        "constraint-while-disabled",
        "CREATE UNIQUE INDEX gift_u ON shop_item (id, name)",
        phase="contract",
        **gift,
    )
    add(
        "constraint-while-disabled",
        *rebuilt("CONSTRAINT gift_c CHECK (price < 5000), ", back=(STATE, LOWER, TRIGGER)),
        phase="contract",
        **gift,
    )
    add(
        "constraint-while-disabled",
        f"{A} shop_item ADD COLUMN gift__x INTEGER NOT NULL DEFAULT 0",
        phase="contract",
        **gift,
    )
    body = "BEGIN UPDATE gift_card SET points = 1 WHERE item_id = new.id; END"
    for event, table in (
        ("AFTER INSERT", "shop_item"),
        ("AFTER UPDATE OF note", "shop_item"),
        ("BEFORE DELETE", "shop_order"),
        ("AFTER INSERT", "gift_card"),
        ("AFTER DELETE", "gift_card"),
    ):
        add(
            "trigger-on-foreign-table",
            f"CREATE TRIGGER gift_t {event} ON {table} {body.replace('new.id', 'old.id') if 'DELETE' in event else body}",
            **gift,
        )
    for query in ("SELECT id, note FROM shop_item", "SELECT g.id, o.memo FROM gift_card g JOIN shop_order o ON o.id = g.id", "WITH o AS (SELECT memo FROM shop_order) SELECT memo FROM o",
                  "SELECT points FROM gift_card", "SELECT 1 AS one"):  # fmt: skip
        add("view-on-foreign-table", f"CREATE VIEW gift_v AS {query}", **gift)
    for sql in ("CREATE TABLE coupon (id INTEGER NOT NULL CONSTRAINT coupon_pk PRIMARY KEY)", "CREATE INDEX points_ix ON gift_card (points)", "CREATE VIEW best AS SELECT id FROM gift_card",
                "CREATE TABLE gift_a (id INTEGER NOT NULL CONSTRAINT gift_a_pk PRIMARY KEY)", "CREATE INDEX gift_points_ix ON gift_card (points)", "CREATE TRIGGER watch AFTER INSERT ON gift_card BEGIN SELECT 1; END",
                "CREATE VIRTUAL TABLE gift_text USING fts5(body)"):  # fmt: skip
        add("outside-namespace", sql, **gift)
