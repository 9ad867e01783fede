"""A plan as an operator reads it: words and signs in order, nothing that only a colour says."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

from rich.console import Console

from talatat.evolution.model import Base, Blocker, Change, Plan, Step
from talatat.evolution.plan.sql_text import sql_lines
from talatat.evolution.plan.text import render, summary

BASE = Base("sqlite:////srv/shop.sqlite", "an id", "sqlite", 6, {"shop": ["0002"]}, "f" * 64)
EMPTY = Plan("apply", "site.ini", BASE, {}, {})
SHOP = "shop_order"
CREATE = Step(
    "upgrade",
    "shop",
    "0003_note",
    statements=(
        "CREATE TABLE shop_note (id INTEGER)",
        "CREATE INDEX shop_note_ix ON shop_note (id)",
    ),
)
HAZARD = {
    "id": "index-not-concurrently",
    "severity": "danger",
    "lock": "SHARE",
    "message": "Writers wait while it is built.",
    "recipe": {
        "text": "Build it concurrently.",
        "transactions": [["CREATE INDEX CONCURRENTLY i ON t (a)"]],
    },
    "waived": None,
}
DROP = Step(
    "upgrade",
    "shop",
    "0005_drop",
    "contract",
    ("ALTER TABLE shop_order DROP COLUMN old",),
    transactional=False,
    reversibility="forward only",
    locks={SHOP: "ACCESS EXCLUSIVE"},
    rewrites=(SHOP, "shop_line"),
    hazards=(HAZARD, {**HAZARD, "id": "also", "waived": "it is empty"}),
    keeps=({"table": SHOP, "columns": ["old"]}, {"table": "shop_bin", "columns": []}),
    measured={SHOP: {"rows": 1234567, "bytes": 4_100_000}},
)
BACKFILL = Step(
    "upgrade",
    "shop",
    "0004_totals",
    "data",
    batches=(
        {
            "table": SHOP,
            "set": "total = net + tax",
            "where": "total IS NULL",
            "key": "id",
            "size": 500,
        },
        {"table": "shop_line", "set": "a = 1", "where": "", "key": "id", "size": 1},
    ),
    measured={SHOP: {"rows": 1}},
)
FILL = Step("fill", "points", "points_order", statements=("INSERT INTO points_order\nSELECT 1",))


def shown(plan: Plan, *, width: int = 100, full: bool = False, **options: Any) -> str:
    """The plan as it stands in a file: no colours, no terminal."""
    file = io.StringIO()
    render(plan, Console(file=file, width=width, **options), full=full)
    return file.getvalue()


def test_nothing_to_do_is_one_sentence():
    assert shown(EMPTY) == "No changes. The database is at the composition (release 6).\n"
    new = replace(EMPTY, base=replace(BASE, release=None))
    assert shown(new) == "No changes. The database is at the composition (no release).\n"


def test_a_whole_plan_reads_from_packages_to_the_summary():
    plan = replace(
        EMPTY,
        steps=(CREATE, BACKFILL, FILL, DROP),
        changes=(
            Change("packages", "~", "acme-shop", "shop", "1.0 -> 1.1"),
            Change("states", "+", "points", "points", "enabled"),
            Change("states", "-", "bin", "bin", "disabled", "notice"),
            Change("views", "!", "view 'page'", "shop", "made public", "danger"),
            Change("jobs", "+", "shop.night", "shop"),
        ),
        blockers=(
            Blocker("shop 0005_drop cannot be taken back.", "shop:0005_drop"),
            Blocker("Mend the addon."),
        ),
        measured={"warnings": ["The last backup is 3 days old."]},
    )
    assert (
        shown(plan)
        == """\
Plan for site.ini, from release 6
Database sqlite:////srv/shop.sqlite
Signs: + new, ~ changed, - gone, ! weakens what somebody counts on

Packages
  ~ acme-shop: 1.0 -> 1.1

States of addons
  + points: enabled
  - bin: disabled

Schema
  + shop 0003_note  (upgrade, expand; step 1 of 4)
      CREATE TABLE shop_note (id INTEGER);
      CREATE INDEX shop_note_ix ON shop_note (id);
      way back  yes, without loss

  - shop 0005_drop  (upgrade, contract; step 4 of 4)
      ALTER TABLE shop_order DROP COLUMN old;
      table     shop_order: 1,234,567 rows, 4.1 MB, lock ACCESS EXCLUSIVE, rewritten
      table     shop_line: rewritten
      note      outside of a transaction: when it fails, it is cleaned up and run again
      kept      shop_order: old
      kept      shop_bin: the whole table
      way back  no way back; name it: --accept shop:0005_drop
      ! danger index-not-concurrently (SHARE): Writers wait while it is built.
          Safe way: Build it concurrently.
            CREATE INDEX CONCURRENTLY i ON t (a);
      waived    also: it is empty

Data
  ~ shop 0004_totals  (upgrade, data; step 2 of 4)
      UPDATE shop_order SET total = net + tax WHERE total IS NULL;
      batches   along id, 500 rows at first, each in a transaction of its own; 1 row
      UPDATE shop_line SET a = 1;
      batches   along id, 1 row at first, each in a transaction of its own; rows not counted
      table     shop_order: 1 row
      way back  yes, without loss

  + points points_order  (fill: make the rows that are guaranteed and missing; step 3 of 4)
      INSERT INTO points_order
      SELECT 1;

Views
  ! danger: view 'page': made public (shop)

Jobs
  + shop.night

To look at before
  ! The last backup is 3 days old.

Blockers
  ! shop 0005_drop cannot be taken back.
      To go on all the same: talatat apply site.ini --accept shop:0005_drop
  ! Mend the addon.

Plan: 2 to add, 2 to change, 1 to remove; 2 schema steps, 2 data steps; 2 dangers. Blocked: 2 reasons above.
"""
    )


def test_a_step_that_was_accepted_says_so():
    plan = replace(EMPTY, steps=(replace(DROP, hazards=()),), accepted=("shop:0005_drop",))
    text = shown(plan)
    assert "no way back (accepted)" in text
    assert "Accepted\n  shop:0005_drop" in text


def test_a_rollback_says_where_it_goes():
    step = Step(
        "downgrade",
        "shop",
        "0003_note",
        statements=("DROP TABLE shop_note",),
        reversibility="restorable",
    )
    plan = replace(EMPTY, kind="rollback", steps=(step,), to_release=5)
    text = shown(plan)
    assert text.startswith("Rollback of site.ini from release 6 to release 5\n")
    assert "  - shop 0003_note  (downgrade, expand; step 1 of 1)" in text
    assert "way back  yes, what it drops is kept" in text
    assert text.endswith("Rollback: 0 to add, 0 to change, 0 to remove; 1 schema step.\n")
    before = replace(plan, to_release=None, base=replace(BASE, release=None))
    assert shown(before).startswith("Rollback of site.ini from an empty history before the first\n")


def test_colours_repeat_the_signs_and_carry_nothing_alone():
    plan = replace(
        EMPTY,
        steps=(CREATE, DROP),
        changes=(
            Change("views", "!", "v", "a", "public", "danger"),
            Change("routes", "-", "r", "a"),
        ),
    )
    plain = shown(plan)
    coloured = shown(plan, force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_many_harmless_changes_are_folded_and_grave_ones_never():
    routes = tuple(Change("routes", "+", f"shop.r{n} /r/{n}", "shop") for n in range(6))
    public = tuple(
        Change("views", "+", f"route r{n}", "shop", "public", "notice") for n in range(6)
    )
    grave = tuple(
        Change("views", "!", f"route w{n}", "shop", "public", "warning") for n in range(6)
    )
    other = (Change("routes", "+", "bin.r /bin", "bin"), Change("routes", "+", "none /none"))
    plan = replace(EMPTY, changes=(*routes, *other, *public, *grave))
    text = shown(plan)
    assert "  + 6 routes of shop\n      shop.r0 /r/0, shop.r1 /r/1" in text
    assert "  + bin.r /bin\n" in text
    assert "  + 6 views of shop: public\n      route r0, route r1" in text
    assert text.count(": public (shop)\n") == 6
    full = shown(plan, full=True)
    assert "6 routes" not in full
    assert "  + shop.r5 /r/5\n" in full


def test_long_texts_are_wrapped_under_themselves():
    detail = "word " * 40
    text = shown(replace(EMPTY, changes=(Change("states", "~", "shop", "shop", detail),)), width=60)
    lines = text.split("States of addons\n")[1].split("\n\n")[0].splitlines()
    assert len(lines) > 3
    assert all(line.startswith("    word") for line in lines[1:])
    assert all(len(line) <= 60 for line in lines)


def test_sql_is_laid_out_and_no_character_of_it_lost():
    table = (
        "CREATE TABLE shop_order (id CHAR(36) NOT NULL, note VARCHAR DEFAULT 'a, (b', "
        "price NUMERIC(12, 2), CONSTRAINT shop_order_pk PRIMARY KEY (id, price)) WITH (fillfactor = 70)"
    )
    lines = sql_lines(table, 80)
    assert lines == [
        "CREATE TABLE shop_order (",
        "    id CHAR(36) NOT NULL,",
        "    note VARCHAR DEFAULT 'a, (b',",
        "    price NUMERIC(12, 2),",
        "    CONSTRAINT shop_order_pk PRIMARY KEY (id, price)",
        ") WITH (fillfactor = 70);",
    ]
    query = "CREATE TABLE copied AS SELECT count(*) FROM shop_order WHERE " + "price > 5 AND " * 9
    assert sql_lines(query, 80)[0].startswith("CREATE TABLE copied AS SELECT count(*) FROM")
    update = "UPDATE shop_order SET " + ", ".join(f"column_{n} = {n}" for n in range(30))
    wrapped = sql_lines(update, 60)
    assert " ".join(line.strip() for line in wrapped) == update + ";"
    assert all(len(line) <= 60 for line in wrapped)


def test_what_is_very_long_loses_its_middle_unless_full():
    columns = ", ".join(f"column_number_{n} INTEGER NOT NULL" for n in range(60))
    step = replace(CREATE, statements=(f"CREATE TABLE t ({columns})",))
    plan = replace(EMPTY, steps=(step,))
    short = shown(plan)
    assert "... 39 more lines (--full shows them)" in short
    assert "column_number_0 " in short
    assert "column_number_59 " in short
    assert "column_number_30 " not in short
    assert "column_number_30 " in shown(plan, full=True)
    many = replace(EMPTY, steps=(replace(CREATE, statements=("DROP TABLE t",) * 100),))
    assert "... 41 more lines" in shown(many)


def test_the_summary_counts():
    assert summary(EMPTY) == "Plan: 0 to add, 0 to change, 0 to remove; no step."
    changes = (Change("api", "!", "x", weight="warning"), Change("api", "~", "y", weight="warning"))
    plan = replace(EMPTY, changes=changes, steps=(FILL,))
    assert summary(plan) == "Plan: 0 to add, 2 to change, 0 to remove; 1 data step; 2 warnings."


def test_an_archive_that_is_moved_back_is_a_step_of_its_own():
    text = shown(replace(EMPTY, steps=(Step("restore", "shop", "20261122-shop"),)))
    assert "  + shop 20261122-shop  (restore the archive; step 1 of 1)" in text


def test_an_ini_below_the_working_folder_is_named_as_one_types_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = replace(EMPTY, ini=f"{tmp_path}/shop/site.ini", steps=(CREATE,))
    assert shown(plan).startswith("Plan for shop/site.ini, from release 6\n")
    monkeypatch.chdir("/")
    assert shown(replace(plan, ini="/srv/other.ini")).startswith("Plan for srv/other.ini, ")
    monkeypatch.chdir(tmp_path)
    assert shown(replace(plan, ini="/srv/other.ini")).startswith("Plan for /srv/other.ini, ")


def test_a_waiver_of_several_statements_is_told_once():
    waived = {**HAZARD, "waived": "the new tables are empty"}
    text = shown(replace(EMPTY, steps=(replace(CREATE, hazards=(waived, dict(waived))),)))
    assert text.count("waived    index-not-concurrently: the new tables are empty") == 1
