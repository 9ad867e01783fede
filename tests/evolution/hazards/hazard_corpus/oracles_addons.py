"""What one addon does to another, and how it names what it makes."""

from __future__ import annotations

import psycopg

from hazard_corpus.cases import owner
from hazard_corpus.oracles_release import REFUSED
from talatat.evolution.hazards.tokens import tokenize

MANY = 4000


def of_act(run, act, rans, truth):
    """One addon's revision: the tables of others before and after, and the new names."""
    was, now = rans[0].before, rans[-1].after
    theirs = {
        oid
        for oid, one in was.relations.items()
        if one.kind != "i" and owner(one.name) not in {act.addon, None}
    }
    written = {oid for ran in rans for oid in ran.written} - cascaded(was, rans, act.addon)
    for oid in theirs:
        if was.portrait(oid) != now.portrait(oid) or oid in written:
            truth.say("foreign-object-touched", "disabled addon")
    if any(oid in theirs for _, _, oid in now.attached - was.attached):
        truth.say("trigger-on-foreign-table", "disabled addon")
    for view in set(now.views) - set(was.views):
        if any(
            not droppable(run.cursor, now, key) for key in shown(run, now, view) if key[0] in theirs
        ):
            truth.say("view-on-foreign-table", "disabled addon")
    in_namespace(act.addon, was, now, rans, truth)
    small_keys(run, was, now, truth)


def cascaded(was, rans, addon):
    """Tables whose rows go with those that the addon deletes of its own."""
    own = {oid for ran in rans for oid in ran.deleted if owner(was.relations[oid].name) == addon}
    return {
        one.table for one in was.constraints.values() if one.target in own and one.action in "cn"
    }


def shown(run, state, view):
    rows = run.cursor.execute(
        "SELECT refobjid::int, refobjsubid FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid "
        "WHERE r.ev_class = %s AND refobjsubid > 0", [view]
    )  # fmt: skip
    return [key for key in rows.fetchall() if key in state.columns and key[0] != view]


def droppable(cursor, state, key):
    """Whether the owner of a table can drop a column."""
    table, column = state.relations[key[0]], state.columns[key]
    cursor.execute("SAVEPOINT dropping")
    try:
        cursor.execute(f'ALTER TABLE "{table.schema}"."{table.name}" DROP COLUMN "{column.name}"')
        return True
    except psycopg.errors.DependentObjectsStillExist:
        return False
    finally:
        cursor.execute("ROLLBACK TO dropping")


def in_namespace(addon, was, now, rans, truth):
    said = {token.name for ran in rans for token in tokenize(ran.sql)}
    names = [one.name for oid, one in now.relations.items()
             if (oid not in was.relations or was.relations[oid].name != one.name)
             and (one.kind != "S" or one.name in said)]  # fmt: skip
    for kind in ("functions", "types", "schemas"):
        names += [name for oid, name in now.objects[kind].items() if oid not in was.objects[kind]]
    stood = {one.name for one in was.relations.values()}
    inline = [column.name for key, column in now.columns.items() if key not in was.columns
              and key[0] in was.relations and owner(was.relations[key[0]].name) not in {addon, None}]  # fmt: skip
    strange = [
        name
        for name in names
        if name != addon and not name.startswith(f"{addon}_") and name not in stood
    ]
    if strange or any(not name.startswith(f"{addon}__") for name in inline):
        truth.say("outside-namespace", "catalogue")


def small_keys(run, was, now, truth):
    """Keys of one column that the server refuses to count beyond four bytes."""
    for oid, one in now.constraints.items():
        if oid in was.constraints or one.kind != "p" or one.table not in now.relations:
            continue
        types = run.cursor.execute(
            "SELECT format_type(a.atttypid, a.atttypmod) FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid "
            "AND a.attnum = ANY(c.conkey) WHERE c.oid = %s", [oid]).fetchall()  # fmt: skip
        if len(types) == 1 and types[0][0] not in {"uuid", "text"}:
            run.cursor.execute("SAVEPOINT keys")
            try:
                run.cursor.execute(f"SELECT 2147483648::{types[0][0]}")
            except psycopg.errors.NumericValueOutOfRange:
                truth.say("int4-key", "execution")
            run.cursor.execute("ROLLBACK TO keys")


def of_names(run, truth):
    """Names that the server made: no statement says them."""
    was, now = run.ran[0].before, run.ran[-1].after
    said = {token.name for ran in run.ran for token in tokenize(ran.sql)}
    said |= {name.encode()[:63].decode(errors="ignore") for name in said}
    said |= {one.name for one in was.relations.values()} | {
        one.name for one in was.constraints.values()
    }
    new = [
        one
        for oid, one in now.constraints.items()
        if oid not in was.constraints and one.table in now.relations
    ]
    backing = {one.index for one in now.constraints.values()}
    names = [one.name for one in new]
    names += [
        now.relations[oid].name
        for oid in now.indexes
        if oid not in was.indexes and oid not in backing
    ]
    if set(names) - said:
        truth.say("unnamed-constraint", "catalogue")


def of_foreign_keys(run, truth):
    was, now = run.ran[0].before, run.ran[-1].after
    known = {one.name for one in was.constraints.values()}
    for oid, one in now.constraints.items():
        if one.kind != "f" or one.name in known or one.table not in now.relations:
            continue
        child, parent = now.relations[one.table].name, now.relations[one.target].name
        if read_whole(run.cursor, oid, child):
            truth.say("unindexed-foreign-key", "planner")
        maker = next(ran.addon for ran in run.ran if oid in ran.after.constraints)
        if maker != owner(parent):
            veto(run.cursor, child, parent, truth)


def read_whole(cursor, constraint, child):
    """Whether, among many rows, the server reads them all to find those that refer to one."""
    column = cursor.execute(
        "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE c.oid = %s", [constraint]).fetchone()[0]  # fmt: skip
    cursor.execute("SAVEPOINT many")
    cursor.execute("SET LOCAL session_replication_role = replica")
    make_rows(cursor, child, "g + 1000000", MANY)
    cursor.execute(f'ANALYZE "{child}"')
    plan = cursor.execute(
        f'EXPLAIN (FORMAT JSON) DELETE FROM "{child}" WHERE "{column}" = 1000007'
    ).fetchone()[0]
    cursor.execute("ROLLBACK TO many")
    return plan[0]["Plan"]["Total Cost"] > 30


def veto(cursor, child, parent, truth):
    """Whether a row of another addon can be deleted to which a row of this one refers."""
    cursor.execute("SAVEPOINT veto")
    make_rows(cursor, child, "7", 1)
    try:
        cursor.execute(f'DELETE FROM "{parent}" WHERE id = 7')
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        assert error.sqlstate in REFUSED, error
        truth.say("foreign-key-restricts", "disabled addon")
    cursor.execute("ROLLBACK TO veto")


def make_rows(cursor, table, reference, number):
    """Rows in which whatever refers to something refers to `reference`; all other numbers count up."""
    columns = cursor.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = a.attrelid "
        "AND c.contype = 'f' AND a.attnum = ANY(c.conkey)) FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 "
        "AND NOT a.attisdropped AND attgenerated = '' AND attidentity = ''", [f'"{table}"']).fetchall()  # fmt: skip
    value = {
        "bigint": "g + 1000000",
        "integer": "g + 1000000",
        "text": "'x' || g",
        "uuid": "gen_random_uuid()",
    }
    values = {}
    for name, type_, refers in columns:
        made = (
            "'x' || g"
            if type_.startswith("character")
            else "now()"
            if type_.startswith("timestamp")
            else "NULL"
        )
        values[name] = reference if refers else value.get(type_, made)
    listed = ", ".join(f'"{name}"' for name in values)
    cursor.execute(
        f'INSERT INTO "{table}" ({listed}) SELECT {", ".join(values.values())} FROM generate_series(1, {number}) g'
    )
