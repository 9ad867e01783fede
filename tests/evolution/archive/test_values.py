"""Every value that a portable type can hold comes back as it was, by way of the file too."""

from __future__ import annotations

import json
import math
import sqlite3
import string
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talatat.evolution.archive import archive, move_back, purge, restore_file
from talatat.evolution.archive.manifest import Column
from talatat.evolution.archive.rows import load_lines, read_lines
from talatat.evolution.archive.values import coded, decoders, encoders, line_of, row_of

BODY = """
    op.create_table(
        "shelf_value",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("text", sa.String), sa.Column("big", sa.BigInteger), sa.Column("real", sa.Float),
        sa.Column("truth", sa.Boolean), sa.Column("moment", t.UTCDateTime()),
        sa.Column("document", t.JSONDocument()), sa.Column("bytes", sa.LargeBinary),
        sa.Column("scaled", t.Scaled(4)), sa.Column("exact", sa.Numeric(30, 10)), sa.Column("id", t.UUIDv7()),
    )
    """
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
LONG = st.integers(-(2**63), 2**63 - 1)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | LONG | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1))  # noqa: DTZ001
DECIMALS = st.decimals(-(10**15), 10**15, places=10)
REALS = st.floats(allow_nan=False, width=64)
COLUMNS = "n, text, big, real, truth, moment, document, bytes, scaled, exact, id"


def rows(dialect):
    """Rows as the driver takes them: what an application would have stored."""
    sqlite = dialect == "sqlite"
    moments = MOMENTS.map(lambda one: one.isoformat(" ") if sqlite else one.replace(tzinfo=UTC))
    fields = (
        TEXT,
        LONG,
        REALS,
        st.booleans().map(int) if sqlite else st.booleans(),
        moments,
        DOCUMENTS.map(lambda one: json.dumps(one, ensure_ascii=False).replace("\\u0000", "")),
        st.binary(max_size=20),
        LONG,
        DECIMALS.map(str) if sqlite else DECIMALS,
        st.uuids().map(str),
    )
    return st.lists(st.tuples(*(st.none() | one for one in fields)), max_size=12)


class Values:
    """One table of all portable types, filled and read by the driver."""

    def __init__(self, site):
        self.site = site
        site.addons.revision("shelf", "0003_values", BODY, down="0002_places")
        site.bring("shelf")
        site.bring()

    def replace(self, found):
        mark = "?" if self.site.dialect == "sqlite" else "%s"
        marks = ", ".join([mark] * 11)
        self.many(f"INSERT INTO shelf_value ({COLUMNS}) VALUES ({marks})", found)

    def many(self, statement, found):
        numbered = [(number, *one) for number, one in enumerate(found)]
        if self.site.dialect == "sqlite":
            connection = sqlite3.connect(self.site.path)
            connection.execute("DELETE FROM shelf_value")
            connection.executemany(statement, numbered)
            connection.commit()
            connection.close()
            return
        with psycopg.connect(self.site.plain) as server, server.cursor() as cursor:
            cursor.execute("DELETE FROM shelf_value")
            cursor.executemany(statement, numbered)

    def read(self):
        if self.site.dialect == "sqlite":
            typed = ", ".join(f"typeof({one}), {one}" for one in COLUMNS.split(", "))
            return self.site.run(f"SELECT {typed} FROM shelf_value ORDER BY n")
        texts = ", ".join(f"{one}::text" for one in COLUMNS.split(", "))
        return self.site.run(f"SELECT {texts} FROM shelf_value ORDER BY n")


@pytest.fixture
def values(site):
    return Values(site)


def test_archive_and_move_back_and_a_file_are_the_identity(values, tmp_path):
    opened, composed = values.site.opened(), values.site.opened("shelf")
    file = tmp_path / "shelf.zip"

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(rows(values.site.dialect))
    def identity(found):
        values.replace(found)
        before = values.read()
        assert len(before) == len(found)
        (made,) = archive(opened, "shelf")
        with opened.changing() as connection, connection.begin():
            move_back(connection, made.manifest.id)
        assert values.read() == before
        file.unlink(missing_ok=True)
        (made,) = archive(opened, "shelf", file=file)
        purge(opened, "shelf", made.manifest.id)
        restore_file(composed, file)
        assert values.read() == before

    identity()


def test_generated_rows_are_exact_on_their_way_through_lines(values):
    """The same with many more examples, without the statements around."""
    opened = values.site.opened()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows(values.site.dialect))
    def identity(found):
        values.replace(found)
        before = values.read()
        with opened.changing() as connection, connection.begin():
            columns = columns_of(connection, "shelf_value")
            lines = list(read_lines(connection, "shelf_value", columns))
            connection.exec_driver_sql("DELETE FROM shelf_value")
            load_lines(connection, "shelf_value", columns, lines)
        assert values.read() == before

    identity()


def columns_of(connection, table):
    from talatat.evolution.live import read_schema

    info = read_schema(connection, table.__eq__).tables[table]
    return [Column(name, one.type, one.nullable) for name, one in info.columns.items()]


def test_what_json_has_not_is_written_out(values):
    floats = [math.inf, -math.inf, 1e300, -0.0, 5e-324]
    values.replace([(None, None, one, *[None] * 7) for one in floats])
    before = values.read()
    opened = values.site.opened()
    with opened.changing() as connection, connection.begin():
        columns = columns_of(connection, "shelf_value")
        lines = list(read_lines(connection, "shelf_value", columns))
        connection.exec_driver_sql("DELETE FROM shelf_value")
        load_lines(connection, "shelf_value", columns, lines)
    assert values.read() == before
    assert sum(b'"real"' in line for line in lines) == 2


def test_every_type_of_the_server_is_exact(postgresql_url):
    """Types that no portable model has: what COPY writes, COPY reads."""
    made = {
        "smallint": "'-32768'", "real": "'0.1'", "numeric": "'NaN'", "interval": "'1 mon -3 days 04:05:06.789'",
        "int4range": "'[1,5)'", "text[]": "ARRAY['a,b', NULL, E'\\\\\"']", "inet": "'10.0.0.1/8'", "time": "'23:59:60'",
        "date": "'infinity'", "timestamp": "'0044-03-15 BC'", "json": "'{ \"a\": 1,  \"a\": 2 }'", "char(4)": "'x'",
        "tsvector": "'a:1 b:2B'", "bit(3)": "'101'", "point": "'(0.1,2)'", "xid8": "'18446744073709551615'",
        "timestamptz": "'infinity'", "jsonb": "'1e3'", "bytea": "'\\x'", "boolean": "'t'",
    }  # fmt: skip
    plain = postgresql_url.replace("+psycopg", "")
    columns = [Column(f"c{n}", kind) for n, kind in enumerate(made)]
    declared = ", ".join(f"{one.name} {one.type}" for one in columns)
    with psycopg.connect(plain) as server:
        server.execute(f"CREATE TABLE v ({declared})")
        server.execute(f"INSERT INTO v VALUES ({', '.join(made.values())})")
        server.execute("INSERT INTO v DEFAULT VALUES")
    from talatat.testing.databases import make_database

    database = make_database(postgresql_url)
    with database.migration_engine.connect() as connection, connection.begin():
        lines = list(read_lines(connection, "v", columns))
        connection.exec_driver_sql("CREATE TABLE w (LIKE v)")
        load_lines(connection, "w", columns, lines)
    with psycopg.connect(plain) as server:
        same = server.execute("SELECT count(*) FROM v JOIN w ON v::text = w::text").fetchone()
        assert same == (2,)
    assert [len(row_of(line)) for line in lines] == [len(made)] * 2


def test_lines_are_plain_json():
    columns = [Column("n", "integer"), Column("b", "bytea"), Column("t", "text")]
    row = ["7", r"\x00ff", string.printable]
    line = line_of(coded(row, encoders("postgresql", columns)))
    assert json.loads(line) == [7, {"bytes": "AP8="}, string.printable]
    assert coded(row_of(line), decoders("postgresql", columns)) == row
