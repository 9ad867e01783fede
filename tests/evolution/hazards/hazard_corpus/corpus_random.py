"""Operations put together by chance: as many as one asks for, other ones for each seed.

Nobody has looked at them. Each is a random operation on a random table with random columns, types, values, phases
and owners; what PostgreSQL refuses as nonsense is left out by whoever runs them (`judge` raises).
"""

from __future__ import annotations

import random

from hazard_corpus.cases import Case, Cases

COLUMNS = {
    "shop_item": {"name": "varchar(40)", "note": "text", "price": "int", "stock": "int", "code": "varchar(20)", "state": "text",
                  "weight": "numeric(8,2)", "made": "date", "seen": "timestamp"},
    "shop_order": {"item_id": "bigint", "total": "bigint", "memo": "varchar(30)", "state": "text", "placed": "timestamptz"},
    "shop_line": {"amount": "bigint", "old_id": "int"},
    "gift_card": {"points": "int", "label": "text"},
}  # fmt: skip
TYPES = ("text", "varchar", "varchar(30)", "varchar(12)", "varchar(100)", "bigint", "int", "numeric(8,2)", "numeric(12,2)",
         "numeric(6,1)", "numeric", "timestamp", "timestamptz", "date", "char(30)")  # fmt: skip
NEW = (
    "int",
    "bigint",
    "text",
    "varchar(9)",
    "boolean",
    "uuid",
    "timestamptz",
    "jsonb",
    "numeric(9,3)",
)
VALUES = {
    "int": ("5", "5 * 3", "length('abc')", "(random() * 9)::int", "nextval('shop_number')::int"), "bigint": ("5", "nextval('shop_number')", "abs(-5)"),
    "text": ("''", "lower('X')", "'a' || 'b'", "random()::text", "version()"), "varchar(9)": ("'x'", "upper('y')"), "boolean": ("true", "1 < 2", "random() < 0.5"),
    "uuid": ("gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'"), "timestamptz": ("now()", "clock_timestamp()", "'2020-01-01'"),
    "jsonb": ("'{}'", "'[]'::jsonb"), "numeric(9,3)": ("1.5", "round(1.5)", "random()::numeric"),
}  # fmt: skip


class Dice:
    def __init__(self, seed: int):
        self.chance = random.Random(seed)

    def table(self):
        return self.chance.choice(list(COLUMNS))

    def column(self, table):
        return self.chance.choice(list(COLUMNS[table]))

    def one(self, *values):
        return self.chance.choice(values)

    def maybe(self, text, odds=0.5):
        return text if self.chance.random() < odds else ""


def corpus(seed: int, number: int) -> list[Case]:
    dice, cases = Dice(seed), Cases()
    while len({case.id for case in cases.all}) < number:
        addon = dice.one("shop", "shop", "gift")
        statements = tuple(operation(dice, addon) for _ in range(dice.one(1, 1, 1, 2)))
        cases.add("random", *statements, addon=addon, requires=["shop"] if addon == "gift" else [],
                  phase=dice.one("expand", "data", "contract", None), timeout=dice.one(True, True, False))  # fmt: skip
    return list({case.id: case for case in cases.all}.values())


def operation(dice: Dice, addon: str) -> str:
    made = dice.one(
        index,
        add_column,
        add_column,
        alter,
        alter,
        constraint,
        constraint,
        drop,
        write,
        write,
        create,
        create,
        other,
    )
    return made(dice, addon) if made is create else made(dice)


def index(dice):
    table = dice.table()
    columns = ", ".join(
        {dice.column(table) for _ in range(dice.one(1, 1, 2))}
        | ({"id"} if dice.one(0, 0, 1) and table != "shop_line" else set())
    )
    where = dice.maybe(f" WHERE {dice.column(table)} IS NOT NULL", 0.2)
    return f"CREATE {dice.maybe('UNIQUE ', 0.2)}INDEX {dice.maybe('CONCURRENTLY ')}{dice.one(table, 'gift')}_r{dice.chance.randrange(99)} ON {table} ({columns}){where}"


def add_column(dice):
    table, type_ = dice.table(), dice.one(*NEW)
    default = dice.maybe(f" DEFAULT {dice.one(*VALUES[type_])}", 0.6)
    name = dice.one("fresh", "gift__fresh", "f" * 64)
    check = dice.maybe(f" CONSTRAINT {table}_c CHECK ({name} IS NOT NULL)", 0.1)
    return f"ALTER TABLE {table} ADD COLUMN {name} {type_}{dice.maybe(' NOT NULL', 0.3)}{default}{check if len(name) < 60 else ''}"


def alter(dice):
    table = dice.table()
    column = dice.column(table)
    bound = column in {"name", "price", "code", "state", "total", "placed", "amount", "points"}
    given = column in {"price", "stock", "placed", "points"} or (table, column) == (
        "shop_item",
        "state",
    )
    null = "DROP NOT NULL" if bound else "SET NOT NULL"
    default = dice.one("DROP DEFAULT", "SET DEFAULT NULL") if given else "SET STATISTICS 50"
    what = dice.one(
        "TYPE " + dice.one(*TYPES),
        "TYPE " + dice.one(*TYPES),
        null,
        null,
        default,
        "SET STATISTICS 70",
    )
    return f"ALTER TABLE {table} ALTER COLUMN {column} {what}"


def constraint(dice):
    table = dice.table()
    column = dice.column(table)
    valid = dice.maybe(" NOT VALID")
    name = dice.maybe(f"CONSTRAINT {table}_k ", 0.8)
    key = f"FOREIGN KEY ({column}) REFERENCES {dice.one('shop_item', 'shop_order', 'gift_card', 'news_post')}{dice.one('', ' ON DELETE CASCADE', ' ON DELETE SET NULL')}{valid}"
    return f"ALTER TABLE {table} ADD {name}" + dice.one(
        f"CHECK ({column} IS NOT NULL){valid}",
        f"UNIQUE ({column})",
        key,
        f"CHECK (octet_length({column}::text) < 3){valid}",
    )


def drop(dice):
    table = dice.table()
    return dice.one(f"ALTER TABLE {table} DROP COLUMN {dice.column(table)}", f"ALTER TABLE {table} RENAME COLUMN {dice.column(table)} TO renamed", "DROP INDEX shop_item_state_ix",
                    "DROP TABLE shop_line", f"TRUNCATE {dice.one('shop_line', 'gift_card')}", "DROP VIEW shop_cheap", "ALTER TABLE shop_item DROP CONSTRAINT shop_item_code_uq")  # fmt: skip


def write(dice):
    table = dice.one("shop_item", "shop_order", "gift_card")
    column = dice.one(
        *(name for name, type_ in COLUMNS[table].items() if type_ in {"text", "varchar(30)"})
    )
    where = dice.one(
        "",
        " WHERE id = 5",
        " WHERE id IN (1, 2)",
        " WHERE id BETWEEN 3 AND 9",
        f" WHERE {column} IS NOT NULL",
        f" WHERE id IN (SELECT id FROM {table} LIMIT 9)",
        " WHERE id > 3",
    )
    return dice.one(f"UPDATE {table} SET {column} = 'w'{where}", f"DELETE FROM {table}{where}")


def create(dice, addon):
    prefix = dice.one(addon, addon, "other")
    key = dice.one("id bigint", "id int", "id uuid") + dice.one(
        f" CONSTRAINT {prefix}_n_pk PRIMARY KEY", " PRIMARY KEY"
    )
    action = dice.one("", " ON DELETE CASCADE", " ON DELETE SET NULL")
    target = dice.one("shop_item", "gift_card", "news_post")
    refers = (
        f", r bigint{dice.maybe(' NOT NULL', 0.3)} CONSTRAINT {prefix}_n_fk REFERENCES {target}{action}"
        if dice.one(0, 1)
        else ", r bigint"
    )
    return f"CREATE TABLE {prefix}_n ({key}{refers}{dice.maybe(f', CONSTRAINT {prefix}_n_u UNIQUE (r)', 0.4)})"


def other(dice):
    call = "FOR EACH ROW EXECUTE FUNCTION gift_note()"
    return dice.one(f"CREATE TRIGGER gift_t BEFORE INSERT ON {dice.table()} {call}", f"CREATE VIEW gift_v AS SELECT id FROM {dice.one('shop_item', 'gift_card', 'news_post')}",
                    f"COMMENT ON TABLE {dice.table()} IS 'x'", "LOCK TABLE shop_item IN SHARE MODE", "SET LOCAL lock_timeout = '1s'", "SELECT 1", "CREATE SEQUENCE gift_s")  # fmt: skip
