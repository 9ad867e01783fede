"""The previous release, as a set of statements made from the catalogue that it knew.

It reads every column, inserts rows with all and with only the needed columns, with the values that the
schema allowed (NULLs, repeated values, the longest texts, the largest numbers), updates each column,
and uses views, sequences, functions and enum labels. What worked before a change and is refused after it is harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from hazard_corpus.cases import owner

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef, a.atttypmod,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY(i.indkey))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True)
class Probe:
    """`kind`: read, insert, short (an insert that leaves out what it may), update, delete, other."""

    kind: str
    table: str
    sql: str
    returns: str = ""

    @property
    def owner(self):
        return owner(self.table)


def usual(name, type_, unique):
    if unique or name == "id":
        return "'fresh 1'" if type_.startswith(("character", "text")) else "987654"
    if type_.startswith(("character", "text")):
        return "'name 5'"
    return {
        "jsonb": "'{}'",
        "date": "'2020-01-01'",
        "cidr": "'10.0.0.0/8'",
        "shop_mood": "'good'",
    }.get(type_, "'2020-01-01'" if type_.startswith("timestamp") else "5")


def extremes(type_, typmod, notnull):
    """Values that the column's type holds."""
    found = [] if notnull else ["NULL"]
    if type_.startswith("character varying"):
        found += [f"repeat('w', {typmod - 4})"] if typmod > 0 else ["repeat('w', 500)"]
    found += {
        "text": ["repeat('w', 500)"], "integer": ["2147483647", "-2147483648"], "bigint": ["9223372036854775807", "-9223372036854775808"],
        "timestamp with time zone": ["'1999-12-31 12:34:56.789012'"], "numeric(8,2)": ["999999.99"], "date": ["'1999-12-31'"],
        "timestamp without time zone": ["'1999-12-31 12:34:56.789012'"], "shop_mood": ["'bad'"], "cidr": ["'10.1.0.0/16'"],
    }.get(type_, [])  # fmt: skip
    return found


def probes(cursor) -> list[Probe]:
    """All probes of the tables as they are now."""
    tables: dict[str, list] = {}
    for table, *column in cursor.execute(COLUMNS).fetchall():
        tables.setdefault(table, []).append(column)
    made = []
    for table, columns in tables.items():
        made += of_table(table, columns)
    made += [
        Probe("other", "shop_cheap", "SELECT id, name FROM shop_cheap LIMIT 1"),
        Probe("other", "shop_sums", "SELECT item_id, total FROM shop_sums LIMIT 1"),
        Probe("other", "shop_number", "SELECT nextval('shop_number') > 0"),
        Probe("other", "shop_fee", "SELECT shop_fee(100)"),
        Probe("other", "shop_size", "SELECT 's'::shop_size, 'good'::shop_mood, 'bad'::shop_mood"),
    ]
    return made


def of_table(table, columns):
    names = [column[0] for column in columns]
    value = {name: usual(name, type_, unique) for name, type_, _, _, _, unique in columns}
    if "item_id" in value:
        value["item_id"] = "5"
    if table == "shop_line":
        value.update(order_id="5", position="77")
    yield Probe("read", table, f"SELECT {', '.join(names)} FROM {table} ORDER BY 1 LIMIT 1")
    yield Probe("insert", table, insert(table, value))
    needed = {n: value[n] for n, _, notnull, default, *_ in columns if notnull and not default}
    for name, _, _, default, *_ in columns:
        if default:
            yield Probe("short", table, insert(table, needed) + f" RETURNING {name}", name)
    yield Probe("short", table, insert(table, needed))
    for name, type_, notnull, _, typmod, unique in columns:
        where = "order_id = 5" if table == "shop_line" else "id = 5"
        for one in extremes(type_, typmod, notnull):
            key = unique and one == "NULL"
            if not key:
                yield Probe("insert", table, insert(table, {**value, name: one}))
                update = f"UPDATE {table} SET {name} = {one} WHERE {where} RETURNING {name}"
                yield Probe("update", table, update, name)
        if not unique:
            yield Probe(
                "insert",
                table,
                insert(
                    table,
                    {
                        **value,
                        name: f"coalesce((SELECT {name} FROM {table} ORDER BY 1 LIMIT 1), {value[name]})",
                    },
                ),
            )
    yield Probe(
        "delete",
        table,
        f"DELETE FROM {table} WHERE {'order_id' if table == 'shop_line' else 'id'} = 9",
    )


def insert(table, values):
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def answers(cursor, asked):
    """Each probe's answer: its first row, or the error; nothing of it is kept."""
    found = {}
    cursor.execute("SAVEPOINT probing")
    for probe in asked:
        try:
            cursor.execute(probe.sql)
            found[probe] = (cursor.fetchone() or (None,)) if cursor.description else "done"
        except psycopg.Error as error:
            found[probe] = error
        cursor.execute("ROLLBACK TO probing")
    return found


def refused(before, after):
    """The probes that worked and fail now, with the error's code; or that give no value, or less of one."""
    for probe, answer in after.items():
        was = before[probe]
        if isinstance(was, psycopg.Error):
            continue
        if isinstance(answer, psycopg.Error):
            yield probe, answer.sqlstate
        elif probe.kind == "short" and probe.returns and was != (None,) and answer == (None,):
            yield probe, "lost default"
        elif (
            probe.kind == "update"
            and answer != (None,)
            and not str(answer[0]).startswith(str(was[0]))
        ):
            yield probe, "cut"
