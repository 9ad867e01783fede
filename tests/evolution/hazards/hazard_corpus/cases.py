"""A case: what a plan does, as data. Nothing here says whether it is safe: the oracles find that out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Act:
    """One revision of a case: its statements, whose it is, and in which phase it runs."""

    statements: tuple[str, ...]
    addon: str = "shop"
    phase: str | None = "expand"
    requires: frozenset[str] = frozenset()
    timeout: bool = False  # the runner has set lock_timeout


@dataclass(frozen=True)
class Case:
    """`setup` is done to the previous release first; `look` names columns in which nobody found two rows
    alike; `hot` the tables that are written all the time; `about` the question that the case was made for.
    """

    about: str
    acts: tuple[Act, ...]
    setup: tuple[str, ...] = ()
    look: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hot: tuple[str, ...] = ()
    dialect: str = "postgresql"
    foreign_keys: bool = False

    @property
    def id(self) -> str:
        parts = [self.dialect, *self.setup, *map(repr, self.acts), repr(self.look), repr(self.hot)]
        text = "\n".join([*parts, "foreign keys on"] if self.foreign_keys else parts)
        for act in self.acts:  # a set has no order of its own
            if len(act.requires) > 1:
                text = text.replace(repr(act.requires), repr(sorted(act.requires)))
        return f"{self.about}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def held_out(self) -> bool:
        """A third of the cases was not looked at before the linter was frozen."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 3 == 0

    @property
    def sql(self) -> str:
        return "\n".join(sql for act in self.acts for sql in act.statements)


@dataclass
class Cases:
    """Collects cases; `add` takes the statements of one revision, `plan` those of several."""

    all: list[Case] = field(default_factory=list)

    def add(self, about, *statements, setup=(), look=(), hot=(), dialect="postgresql",
            foreign_keys=False, **act):  # fmt: skip
        act.setdefault("timeout", about != "lock-timeout-missing")
        if "requires" in act:
            act["requires"] = frozenset(act["requires"])
        self.all.append(
            Case(about, (Act(tuple(statements), **act),), tuple(setup), tuple(look), tuple(hot), dialect,
                 foreign_keys)
        )  # fmt: skip

    def plan(self, about, *acts, **more):
        acts = tuple(replace(act, timeout=True) for act in acts)
        self.all.append(Case(about, acts, **more))


# The previous release: three addons, with rows. gift requires shop; nobody requires news.
RELEASE = """
CREATE TYPE shop_mood AS ENUM ('good', 'bad');
CREATE TYPE shop_size AS ENUM ('s', 'm');
CREATE FUNCTION shop_fee(amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT amount / 10';
CREATE FUNCTION gift_note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE SEQUENCE shop_number;
CREATE TABLE shop_item (
    id bigint CONSTRAINT shop_item_pk PRIMARY KEY,
    name varchar(40) NOT NULL,
    note text,
    price int NOT NULL DEFAULT 0,
    stock int DEFAULT 1,
    code varchar(20) NOT NULL CONSTRAINT shop_item_code_uq UNIQUE,
    state text NOT NULL DEFAULT 'new',
    weight numeric(8,2),
    made date,
    seen timestamp,
    tags jsonb,
    mood shop_mood,
    address cidr
);
CREATE INDEX shop_item_state_ix ON shop_item (state);
CREATE INDEX shop_item_weight_ix ON shop_item (weight);
CREATE TABLE shop_order (
    id bigint CONSTRAINT shop_order_pk PRIMARY KEY,
    item_id bigint,
    total bigint NOT NULL,
    memo varchar(30),
    state text NOT NULL DEFAULT 'new',
    placed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX shop_order_item_id_ix ON shop_order (item_id);
CREATE TABLE shop_line (
    order_id bigint CONSTRAINT shop_line_order_id_fk REFERENCES shop_order ON DELETE CASCADE,
    position int,
    amount bigint NOT NULL,
    old_id int,
    CONSTRAINT shop_line_pk PRIMARY KEY (order_id, position)
);
CREATE VIEW shop_cheap AS SELECT id, name FROM shop_item WHERE price < 10;
CREATE MATERIALIZED VIEW shop_sums AS SELECT item_id, sum(total) AS total FROM shop_order GROUP BY item_id;
CREATE UNIQUE INDEX shop_sums_item_id_ix ON shop_sums (item_id);
CREATE TABLE gift_card (
    id bigint CONSTRAINT gift_card_pk PRIMARY KEY,
    item_id bigint NOT NULL CONSTRAINT gift_card_item_id_fk REFERENCES shop_item ON DELETE CASCADE,
    points int NOT NULL DEFAULT 0,
    label text
);
CREATE INDEX gift_card_item_id_ix ON gift_card (item_id);
CREATE TABLE news_post (id bigint CONSTRAINT news_post_pk PRIMARY KEY, title text NOT NULL);
CREATE FUNCTION talatat_rewrites() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE NOTICE 'rewritten %', pg_event_trigger_table_rewrite_reason(); END $$;
CREATE EVENT TRIGGER talatat_rewrites ON table_rewrite EXECUTE FUNCTION talatat_rewrites();
"""
# %(n)s rows a table; in every column that is no key two rows at least are alike, and none is NULL.
ROWS = """
INSERT INTO shop_item SELECT g, 'name ' || g / 2, 'note', g / 2, 5, 'code ' || g, CASE g / 2 %% 2 WHEN 0 THEN 'new'
    ELSE 'old' END, g / 2, '2020-01-01', '2020-01-01', '{}', 'good', '10.0.0.0/8' FROM generate_series(1, %(n)s) g;
INSERT INTO shop_order SELECT g, g / 2 + 1, g / 2, 'memo', 'new', now() FROM generate_series(1, %(n)s) g;
INSERT INTO shop_line SELECT g, 1, g / 2, g / 2 FROM generate_series(1, %(n)s) g;
REFRESH MATERIALIZED VIEW shop_sums;
INSERT INTO gift_card SELECT g, g, g / 2, 'label' FROM generate_series(1, %(n)s) g;
INSERT INTO news_post SELECT g, 'title' FROM generate_series(1, %(n)s) g;
"""
OWNERS = ("shop", "gift", "news")


def owner(name: str) -> str | None:
    return next((one for one in OWNERS if name.startswith(f"{one}_")), None)
