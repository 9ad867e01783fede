"""Archive files from the other database system: the same values, or a refusal in words."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.evolution.archive.conftest import Site

from talatat.db import types as t
from talatat.evolution.archive import archive, purge, restore_file
from talatat.evolution.graph import EvolutionError
from talatat.testing.databases import make_database

RING = """
    op.create_table(
        "ring_value",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(200)), sa.Column("big", sa.BigInteger), sa.Column("real", sa.Float),
        sa.Column("truth", sa.Boolean), sa.Column("moment", t.UTCDateTime()), sa.Column("day", sa.Date),
        sa.Column("document", t.JSONDocument()), sa.Column("bytes", sa.LargeBinary),
        sa.Column("scaled", t.Scaled(4)), sa.Column("exact", sa.Numeric(12, 2)), sa.Column("id", t.UUIDv7()),
        sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("shelf_book.id", ondelete="CASCADE")),
    )
    op.execute("INSERT INTO ring_value (n) VALUES (1)")
    op.execute("CREATE VIEW ring_truth AS SELECT n FROM ring_value WHERE truth")
    """
TABLE = sa.Table(
    "ring_value", sa.MetaData(),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("text", sa.String), sa.Column("big", sa.BigInteger), sa.Column("real", sa.Float),
    sa.Column("truth", sa.Boolean), sa.Column("moment", t.UTCDateTime()), sa.Column("day", sa.Date),
    sa.Column("document", t.JSONDocument()), sa.Column("bytes", sa.LargeBinary),
    sa.Column("scaled", t.Scaled(4)), sa.Column("exact", sa.Numeric(12, 2)), sa.Column("id", t.UUIDv7()),
)  # fmt: skip
LONG = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(string.printable + "ÄøΩ☃🎉'\"\\", max_size=20)
VALUES = {
    "text": TEXT,
    "big": LONG,
    "real": st.floats(allow_nan=False),
    "truth": st.booleans(),
    "moment": st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "day": st.dates(datetime(1000, 1, 1).date()),  # noqa: DTZ001
    "document": st.recursive(
        st.booleans() | LONG | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    ),
    "bytes": st.binary(max_size=20),
    "scaled": st.decimals(-(10**12), 10**12, places=4),
    "exact": st.decimals(-(10**9), 10**9, places=2),
    "id": st.uuids().map(str),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | one for name, one in VALUES.items()}), max_size=8
)


@pytest.fixture(params=["sqlite to postgresql", "postgresql to sqlite"])
def sites(request, shelf, tmp_path):
    """From where and whereto, both with `ring` composed."""
    shelf.write("ring", {"__init__.py": "def includeme(config): pass"}, requires=("shelf",))
    shelf.revision("ring", "0001_ring", RING, requires={"shelf": "0001_books"})
    urls = [request.getfixturevalue(f"{one}_url") for one in request.param.split(" to ")]
    source, target = (Site(shelf, url) for url in urls)
    source.bring("ring")
    target.bring("shelf")
    return source, target


def test_values_of_all_portable_types_mean_the_same_on_the_other_side(sites, tmp_path):
    source, target = sites
    source.bring("shelf")
    file = tmp_path / "ring.zip"
    databases = [make_database(one.url) for one in sites]

    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ROWS)
    def same(rows):
        file.unlink(missing_ok=True)
        rows = [{"n": number, **one} for number, one in enumerate(rows, 1)]
        with databases[0].engine.begin() as connection:
            connection.execute(sa.delete(TABLE))
            if rows:
                connection.execute(sa.insert(TABLE), rows)
        opened = source.opened("shelf")
        archive(opened, "ring", file=file)
        again = restore_file(target.opened("ring"), file)
        assert again.rows == len(rows)
        with databases[1].engine.connect() as connection:
            found = [
                dict(one) for one in connection.execute(sa.select(TABLE).order_by("n")).mappings()
            ]
        assert found == rows
        # Back to where they were: the one's archive is moved back, the other's is dropped.
        (made,) = archive(target.opened("shelf"), "ring")
        purge(target.opened("shelf"), "ring", made.manifest.id)
        kept = source.run("SELECT id FROM talatat_archive WHERE state = 'kept'")[0][0]
        with opened.changing() as connection, connection.begin():
            from talatat.evolution.archive import move_back

            move_back(connection, kept)

    same()
    for one in databases:
        one.dispose()


def test_what_was_made_acts_counts_on_and_needs_no_further_revision(sites, tmp_path):
    source, target = sites
    source.run("INSERT INTO ring_value (n, text, truth) VALUES (40, 'forty', true)")
    source.bring("shelf")
    archive(source.opened("shelf"), "ring", file=tmp_path / "ring.zip")
    report = restore_file(target.opened("ring"), tmp_path / "ring.zip")
    assert report.tables == {"ring_value": 2}
    target.run("INSERT INTO ring_value (text) VALUES ('next')")
    assert target.run("SELECT max(n) FROM ring_value") == [(41,)]
    assert target.run("SELECT n FROM ring_truth") == [(40,)]
    target.bring("ring")
    assert target.run("SELECT direction FROM talatat_ledger WHERE addon = 'ring'") == [("up",)]


def test_rows_that_lost_their_parents_on_the_way_are_written_out(sites, tmp_path):
    source, target = sites
    source.run(
        "INSERT INTO shelf_book VALUES ('01a20438-0429-7014-8946-28ae52194f31', 1, 'Book',"
        " '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')",
        "INSERT INTO ring_value (n, book_id) VALUES (2, '01a20438-0429-7014-8946-28ae52194f31')",
    )
    source.bring("shelf")
    archive(source.opened("shelf"), "ring", file=tmp_path / "ring.zip")
    report = restore_file(target.opened("ring"), tmp_path / "ring.zip")
    assert [(one.table, one.rows) for one in report.orphans] == [("ring_value", 1)]
    assert target.run("SELECT n FROM ring_value") == [(1,)]


def test_what_the_other_system_cannot_hold_is_refused_with_its_place(sites, tmp_path):
    source, target = sites
    if source.dialect == "sqlite":
        source.run("INSERT INTO ring_value (n, truth) VALUES (7, 5)")
        match = r"ring_value, row 2: truth = '5' cannot be told exactly"
    else:
        source.run("INSERT INTO ring_value (n, moment) VALUES (7, 'infinity')")
        match = r"ring_value, row 2: moment = 'infinity' cannot be told exactly"
    source.bring("shelf")
    archive(source.opened("shelf"), "ring", file=tmp_path / "ring.zip")
    before = target.dump()
    with pytest.raises(EvolutionError, match=match):
        restore_file(target.opened("ring"), tmp_path / "ring.zip")
    assert target.dump() == before


def test_an_addon_that_has_other_tables_there_is_refused(filled, request, tmp_path):
    other = "postgresql" if filled.dialect == "sqlite" else "sqlite"
    archive(filled.opened("shelf"), "trove", file=tmp_path / "trove.zip")
    target = Site(filled.addons, request.getfixturevalue(f"{other}_url"))
    target.bring("shelf")
    before = target.dump()
    with pytest.raises(
        EvolutionError, match=rf"made on {filled.dialect}, .* trove_log, trove_search"
    ):
        restore_file(target.opened("trove"), tmp_path / "trove.zip")
    assert target.dump() == before


def test_decimals_are_exact_or_refused():
    from talatat.evolution.archive.crossing import _exact

    assert _exact("12.50") == 12.5
    assert _exact("-3") == -3
    with pytest.raises(ValueError, match="1234567890123456789"):
        _exact("0.1234567890123456789")
    assert Decimal(repr(_exact("0.1"))) == Decimal("0.1")
