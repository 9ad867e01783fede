"""`talatat revision`: what parts models and revisions becomes revisions, and then there is nothing left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from .conftest import RICH, ROW

NEW_TABLE = """
class Review(Record, Base):
    __tablename__ = "shop_review"
    maker_id: Mapped[str] = mapped_column(
        ForeignKey(Maker.__table__.c.id, ondelete="CASCADE"), index=True)
    book_id: Mapped[str] = mapped_column(ForeignKey("shop_book.id", ondelete="CASCADE"), index=True)
    stars: Mapped[int] = mapped_column(server_default="3")
    note: Mapped[str | None] = mapped_column(Text)
    said: Mapped[dict] = mapped_column(t.JSONDocument)
    __table_args__ = (
        UniqueConstraint("maker_id", "book_id"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars_few"),
        Index("shop_review_lower_ix", text("lower(note)"), "stars"),
    )
"""

# What adds: each is made while the previous release serves.
ADDED = {
    "isbn": "mapped_column(String(13), nullable=True)",
    "stock": "mapped_column(Integer, nullable=False, server_default='0')",
    "seen_at": "mapped_column(t.UTCDateTime, nullable=True, server_default=func.now())",
    "ean": "mapped_column(String(13), nullable=True, unique=True)",
    "maker_id": "mapped_column(ForeignKey(Maker.__table__.c.id, ondelete='SET NULL'), index=True,"
    " nullable=True)",
    "title": "mapped_column(String(300), nullable=False, index=True)",
    "shelf": "mapped_column(String(20), nullable=True, server_default='A1')",
    "__table_args__": '(CheckConstraint("pages >= 0", name="pages_counted"), '
    'CheckConstraint("stock >= 0", name="stock_there"))',
}
# What takes away or binds.
TAKEN = {
    "shelf": None,
    "code": None,
    "genre": "mapped_column(String(13), nullable=False, default='none')",
    "made_at": "mapped_column(t.UTCDateTime, nullable=False, server_default=func.now())",
    "pages": "mapped_column(BigInteger, nullable=False)",
    "title": "mapped_column(String(100), nullable=False, unique=True)",
    "note": "mapped_column(Text, nullable=False)",
    "__table_args__": '(CheckConstraint("pages >= 1", name="pages_counted"),)',
}


def phases(files):
    found = []
    for path in files:
        lines = Path(path).read_text().splitlines()
        (line,) = [one for one in lines if one.startswith("phase = ")]
        found.append(line.split('"')[1])
    return found


def polished(files):
    """What the formatter and the linter of this project would change."""
    said = ""
    for arguments in (["format", "--diff", "-q"], ["check", "-q"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, *files], capture_output=True, text=True, check=False
        )  # fmt: skip
        said += done.stdout
    return said


@pytest.fixture
def row(shop):
    """A book in the database that the old revisions made."""
    shop.apply()
    engine = create_engine(shop.url)
    with engine.begin() as connection:
        connection.execute(text(ROW))
    yield engine
    engine.dispose()


def test_what_adds_becomes_expand_revisions_that_leave_nothing_to_write(shop, row):
    before = shop.schema()
    shop.write(ADDED, NEW_TABLE)
    told = shop.revision()
    assert set(phases(told["files"])) == {"expand"}
    assert polished(told["files"]) == ""
    assert not [one for one in told["notes"] if "still parts" in one]
    assert [one for one in told["hazards"] if one["severity"] == "danger"] == []
    texts = [Path(one).read_text() for one in told["files"]]
    assert all(
        'requires: dict[str, str] = {"maker": "0001_makers"}' in one
        for one in texts
        if "maker_maker" in one
    )
    shop.apply()
    assert shop.revision() == {"files": [], "notes": [], "hazards": []}
    with row.connect() as connection:
        assert connection.execute(text("SELECT title, stock FROM shop_book")).one() == (
            "Ulysses",
            0,
        )
    shop.back(told["files"])
    assert shop.schema() == before


def test_what_takes_away_waits_in_contract_revisions(shop, row):
    before = shop.schema()
    with row.begin() as connection:
        connection.execute(text("UPDATE shop_book SET note = ''"))
    shop.write(TAKEN)
    told = shop.revision()
    assert polished(told["files"]) == ""
    order = phases(told["files"])
    assert order == sorted(order, key=["expand", "data", "contract"].index)
    assert set(order) == {"expand", "data", "contract"}
    said = "\n".join(told["notes"])
    assert "still parts" not in said
    assert "Should genre be code under a new name" in said
    assert "old rows get 'none', the model's default" in said
    shop.apply()
    assert shop.revision() == {"files": [], "notes": [], "hazards": []}
    with row.connect() as connection:
        found = connection.execute(text("SELECT title, genre, pages FROM shop_book")).one()
    assert found == ("Ulysses", "none", 700)
    assert "not_null" in told["files"][-1]
    shop.back(told["files"][-1:])  # one alone can be taken back, and run again
    shop.apply()
    shop.back(told["files"])
    assert shop.schema() == before


def test_a_rename_of_a_column_with_a_default_is_told_where_its_values_are_kept(shop, row):
    shop.write({"pages": None, "leaves": "mapped_column(Integer, nullable=False, default=1)",
                "__table_args__": "()"})  # fmt: skip
    told = shop.revision()
    (note,) = [one for one in told["notes"] if "under a new name" in one]
    said = 'Batch("shop_book", set="leaves = pages", where="leaves IS NULL") there instead'
    assert said in note
    (fill,) = [Path(one) for one in told["files"] if 'phase = "data"' in Path(one).read_text()]
    fill.write_text(fill.read_text().replace("leaves = 1", "leaves = pages"))
    shop.apply()
    with row.connect() as connection:
        assert connection.scalar(text("SELECT leaves FROM shop_book")) == 700


def test_a_rename_tells_what_is_lost_of_what_the_older_release_goes_on_writing(shop):
    shop.write(TAKEN)
    (note,) = [one for one in shop.revision()["notes"] if "under a new name" in one]
    assert note.endswith(
        "What the older release changes in code after that fill is lost: where that matters, let one release "
        "write both code and genre, and the next drop code, after a data revision that fills genre again "
        "where the two disagree."
    )


def test_a_value_that_nobody_knows_is_asked_for_before_the_contract_revision(shop, row):
    shop.write({"isbn": "mapped_column(String(13), nullable=False)"})
    told = shop.revision()
    assert phases(told["files"]) == ["expand", "contract", "contract", "contract"]
    (note,) = told["notes"]
    first = Path(told["files"][1]).stem
    assert f"talatat revision {shop.ini} shop --phase data --before {first} -m" in note
    more = json.loads(shop.run("revision", "shop", "-m", "fill isbn", "--phase", "data", "--json",
                               "--before", first))  # fmt: skip
    filled = Path(more["files"][0])
    written = filled.read_text()
    assert polished([str(filled), *told["files"]]) == ""
    filled.write_text(
        written.replace("shop_table", "shop_book")
        .replace("name = lower(title)", "isbn = lower(title)")
        .replace("name IS NULL", "isbn IS NULL")
    )
    shop.apply()
    assert shop.revision() == {"files": [], "notes": [], "hazards": []}
    with row.connect() as connection:
        assert connection.scalar(text("SELECT isbn FROM shop_book")) == "ulysses"


def test_what_is_written_is_planned_and_applied_as_it_was_tried(shop, row):
    with row.begin() as connection:
        connection.execute(text("UPDATE shop_book SET note = ''"))
    row.dispose()
    shop.run("apply", "--yes")
    shop.write({**ADDED, **TAKEN}, NEW_TABLE)
    told = shop.revision()
    plan = json.loads(shop.run("plan", "--json", code=None))
    accept = [f"--accept={one['accept']}" for one in plan["blockers"] if one["accept"]]
    shop.run("apply", "--yes", *accept)
    assert shop.revision() == {"files": [], "notes": [], "hazards": []}
    assert json.loads(shop.run("doctor", "--json"))["findings"] == []
    with row.connect() as connection:
        found = connection.execute(text("SELECT title, genre, stock FROM shop_book")).one()
    assert found == ("Ulysses", "none", 0)
    row.dispose()
    shop.run("rollback", "--to", "1", "--yes")
    assert set(shop.schema()) == {"shop_book"}
    assert len(told["files"]) > 10


def test_what_is_written_on_one_database_is_right_on_the_other(
    shop, sqlite_url, postgresql_url, tmp_path
):
    shop.write({**ADDED, **TAKEN}, NEW_TABLE + RICH)
    told = shop.revision()
    assert told["files"]
    other = (
        postgresql_url if shop.url.startswith("sqlite") else f"sqlite:///{tmp_path}/other.sqlite"
    )
    shop.ini = shop.addons.ini("shop", url=other)
    assert shop.revision() == {"files": [], "notes": [], "hazards": []}
