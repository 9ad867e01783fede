"""The oracles for SQLite: the same questions as PostgreSQL's, asked of a file.

Not asked: names (`unnamed-constraint`, `long-identifier`), which only another database minds.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import sqlalchemy as sa

from hazard_corpus.cases import Case, owner
from hazard_corpus.corpus_sqlite import RELEASE
from hazard_corpus.lab import LARGE, SMALL
from hazard_corpus.truth import Truth
from talatat.evolution.hazards import Context, Step
from talatat.evolution.hazards.observing import observe, schema_of
from talatat.evolution.hazards.rules import RULES

NOT_ASKED = {"unnamed-constraint", "long-identifier"}
ROWS = """WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {n}) """
FILL = (
    "INSERT INTO shop_item {g} SELECT n, 'name ' || (n / 2), 'note', n / 2, 'code ' || n, 'new' FROM g",
    "INSERT INTO shop_log {g} SELECT n, 'what' FROM g",
    "INSERT INTO shop_order {g} SELECT n, n, n, 'memo' FROM g",
    "INSERT INTO gift_card {g} SELECT n, n, 1 FROM g",
    "INSERT INTO news_post {g} SELECT n, 'title' FROM g",
)


def database(path, size):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;" + RELEASE)
    for statement in FILL:
        connection.execute(statement.format(g=ROWS.format(n=size)))
    connection.execute("ANALYZE")
    return connection


def master(connection):
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return {name: (kind, table, sql) for kind, name, table, sql in rows}


def columns(connection, table):
    return {row[1]: row for row in connection.execute(f'PRAGMA table_info("{table}")')}


def content(connection, state):
    return {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
            for name, (kind, *_) in state.items() if kind == "table" and "VIRTUAL" not in state[name][2]}  # fmt: skip


def usual(row, table):
    _, name, type_, _, _, key = row
    if key or name == "code":
        return "987654"
    return "5" if type_ == "INTEGER" else "'name 3'"


def put(table, values):
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def probes(connection, state):
    """The previous release's statements, made from its catalogue."""
    for table in [name for name, (kind, *_) in state.items() if kind == "table"]:
        known = columns(connection, table)
        value = {name: usual(row, table) for name, row in known.items()}
        yield table, f"SELECT {', '.join(known)} FROM {table} LIMIT 1"
        yield table, put(table, value)
        yield (
            table,
            put(table, {n: v for n, v in value.items() if known[n][3] and known[n][4] is None}),
        )
        for name, (_, _, type_, not_null, _, key) in known.items():
            extremes = ([] if not_null or key else ["NULL"]) + (
                ["9000000000"] if type_ == "INTEGER" and not key else []
            )
            repeated = [f"coalesce((SELECT {name} FROM {table} LIMIT 1), {value[name]})"]
            for one in extremes + ([] if key or name == "code" else repeated):
                yield table, put(table, {**value, name: one})
                yield table, f"UPDATE {table} SET {name} = {one} WHERE id = 5"
        yield table, f"DELETE FROM {table} WHERE id = 9"
    yield "shop_cheap", "SELECT id, name FROM shop_cheap LIMIT 1"


def answers(connection, asked):
    connection.execute("PRAGMA foreign_keys = ON")
    found = {}
    for table, sql in asked:
        connection.execute("BEGIN")
        try:
            connection.execute(sql).fetchall()
            found[table, sql] = None
        except sqlite3.Error as error:
            found[table, sql] = str(error)
        connection.execute("ROLLBACK")
    return found


def judge(case: Case, folder) -> Truth:
    path = folder / f"{case.id}.sqlite"
    with closing(database(path, SMALL)) as connection:
        truth = Truth(planned(case, path))
        truth.undecided |= NOT_ASKED
        before, rows = master(connection), None
        rows = content(connection, before)
        asked = list(probes(connection, before))
        known = answers(connection, asked)
        written = run(case, connection, truth)
        if written is None:
            truth.undecided = set(RULES) - set(truth.harms)
            return truth
        after = master(connection)
        release(case, known, answers(connection, asked), before, after, connection, truth)
        kept(case, before, after, rows, content(connection, after), connection, truth)
        others(case, before, after, rows, connection, truth)
    grown(case, folder, written, truth)
    return truth


def planned(case, path):
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        tables, schema = observe(connection, owner), schema_of(connection)
    engine.dispose()
    return [Step(act.statements, Context(addon=act.addon, requires=act.requires, tables=tables, phase=act.phase,
                                         schema=schema, foreign_keys=case.foreign_keys)) for act in case.acts]  # fmt: skip


def run(case, connection, truth):
    """The rows that each statement wrote; None where one failed."""
    connection.execute(f"PRAGMA foreign_keys = {int(case.foreign_keys)}")
    connection.execute("BEGIN IMMEDIATE")
    written = []
    for sql in [sql for act in case.acts for sql in act.statements]:
        changes = connection.total_changes
        try:
            connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            connection.execute("ROLLBACK")
            hazards = {"UNIQUE": "unique-over-existing-rows", "Cannot": "not-null-without-default"}
            assert str(error).split()[0] in hazards, (sql, error)
            truth.say(hazards[str(error).split()[0]], "execution")
            return None
        table = next(
            (
                word
                for word in sql.split()
                if word in {"shop_item", "shop_order", "gift_card", "news_post"}
            ),
            "",
        )
        direct = sql.startswith(("INSERT INTO shop", "INSERT INTO gift", "UPDATE", "DELETE"))
        written.append((sql, table if direct else "", connection.total_changes - changes))
    connection.execute("COMMIT")
    return written


def release(case, known, now, before, after, connection, truth):
    phase = case.acts[-1].phase
    failing = [
        (table, sql, now[table, sql])
        for table, sql in known
        if known[table, sql] is None and now[table, sql]
    ]
    for table, _, error in failing:
        gone = "no such" in error or "has no column" in error
        constraint = "constraint failed" in error
        if phase != "contract" and gone:
            for hazard in taken(before, after, connection, case):
                truth.say(hazard, "previous release")
        if phase in {"expand", "data"} and (gone or constraint):
            truth.say("contract-in-expand", "previous release")
        if constraint and owner(table) != case.acts[0].addon:
            truth.say("constraint-while-disabled", "disabled addon")


def taken(before, after, connection, case):
    renamed = "RENAME" in case.sql and "_alembic_tmp_" not in case.sql
    tables = {name for name, (kind, *_) in before.items() if kind in {"table", "view"}}
    changed = tables - set(after) or [
        n for n in tables if before[n][2] != after[n][2] and before[n][0] == "table"
    ]
    if changed:
        yield "rename-while-serving" if renamed else "drop-while-serving"


def kept(case, before, after, rows, now, connection, truth):
    """Rows, columns and objects that are gone."""
    renamed = (
        "RENAME" in case.sql and "_alembic_tmp_" not in case.sql and "news_two" not in case.sql
    )
    for name, old in rows.items():
        if name not in now:
            if not renamed:
                truth.say("destructive", "catalogue")
            continue
        if name not in case.sql and len(now[name]) < len(old) and case.foreign_keys:
            truth.say("rebuild-cascades", "execution")
        if old and now[name] and len(now[name][0]) < len(old[0]):
            truth.say("destructive", "catalogue")
    touched = {
        table for name, (kind, table, _) in before.items() if f"DROP TABLE {table}" in case.sql
    }
    for name, (kind, table, _) in before.items():
        if (
            kind in {"index", "trigger"}
            and name not in after
            and table in after
            and table in touched
        ):
            truth.say("rebuild-loses-objects", "catalogue")


def others(case, before, after, rows, connection, truth):
    addon = case.acts[0].addon
    now = content(connection, after)
    for name, old in before.items():
        theirs = owner(old[1]) not in {addon, None}
        rows_kept = case.foreign_keys or now.get(name) == rows.get(
            name
        )  # what cascades is asked apart
        if theirs and name != "shop_log" and (after.get(name) != old or not rows_kept):
            truth.say("foreign-object-touched", "disabled addon")
    for name, (kind, table, _) in after.items():
        if name in before:
            continue
        theirs = owner(table) not in {addon, None} and table in before
        if kind == "trigger" and theirs:
            truth.say("trigger-on-foreign-table", "disabled addon")
        if kind == "index" and theirs:
            truth.say("foreign-object-touched", "disabled addon")
        if kind != "trigger" and not name.startswith(f"{addon}_") and not hidden(connection, name):
            truth.say("outside-namespace", "catalogue")
        if kind == "view":
            shows(connection, after, addon, truth)
    keys(case, before, after, connection, truth)


def hidden(connection, name):
    return any(
        row[1] == name and row[2] == "shadow" for row in connection.execute("PRAGMA table_list")
    )


def shows(connection, after, addon, truth):
    """Whether the owner can still drop each of its columns."""
    for table, (kind, *_) in after.items():
        if kind != "table" or owner(table) == addon:
            continue
        for column in columns(connection, table):
            connection.execute("BEGIN")
            connection.execute("DROP VIEW shop_cheap")
            try:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            except sqlite3.Error as error:
                if "gift_v" in str(error):
                    truth.say("view-on-foreign-table", "disabled addon")
            connection.execute("ROLLBACK")


def keys(case, before, after, connection, truth):
    """New foreign keys: the plan that finds what refers to a row, the owner's deletes, the missing addon."""
    act = case.acts[0]
    for table, (kind, _, sql) in after.items():
        if kind != "table" or (table in before and before[table][2] == sql):
            continue
        old = (
            {tuple(row[2:5]) for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}
            if table not in before
            else set()
        )
        for _, _, target, column, _, _, _, _ in connection.execute(
            f'PRAGMA foreign_key_list("{table}")'
        ).fetchall():
            if (before.get(table) and f"({column})" in before[table][2]) or (
                table in before and column in before[table][2]
            ):
                continue
            plan = connection.execute(
                f'EXPLAIN QUERY PLAN SELECT 1 FROM "{table}" WHERE "{column}" = 7'
            ).fetchall()
            if any(line[3].startswith("SCAN") for line in plan):
                truth.say("unindexed-foreign-key", "planner")
            if owner(target) != act.addon:
                refers(connection, table, column, target, act, truth)
        del old


def refers(connection, table, column, target, act, truth):
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN")
    known = columns(connection, table)
    values = {n: "7" if n in {column, "item_id"} else "987654" for n in known}
    connection.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
    )
    try:
        connection.execute(f"DELETE FROM {target} WHERE id = 7")
    except sqlite3.IntegrityError:
        truth.say("foreign-key-restricts", "disabled addon")
    connection.execute("ROLLBACK")
    if owner(target) not in act.requires:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        connection.execute(f"DROP TABLE {target}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA foreign_keys = ON")
        try:
            connection.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
            )
        except sqlite3.OperationalError:
            truth.say("foreign-key-unrequired", "execution")


def grown(case, folder, small, truth):
    with closing(database(folder / f"{case.id}-large.sqlite", LARGE)) as connection:
        large = run(case, connection, truth)
    for (sql, table, few), (_, _, many) in zip(small, large, strict=True):
        if table and many - few > SMALL // 4:
            truth.say("unbatched-update", "growth")
            if sql.startswith("DELETE"):
                truth.say("destructive", "growth")
