"""A rehearsal tells of a plan what only carrying it out can tell, and touches nothing of the original."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from talatat.cli.output import console
from talatat.evolution.apply.applying import apply_plan
from talatat.evolution.archive import archive
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live import read_schema
from talatat.evolution.migrate import bring_to
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import make_plan
from talatat.evolution.rehearsal import rehearse
from talatat.evolution.rollback import plan_rollback, roll_back
from talatat.testing.databases import make_database

MORE = (
    "CREATE TABLE shelf_more (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " book uuid REFERENCES shelf_book, twice int GENERATED ALWAYS AS (1 + 1) STORED)"
)
DOWN = """
def downgrade():
    op.drop_column("shelf_book", "blurb")
"""
NEW = "01900000-0000-7000-8000-{:012d}"


@pytest.fixture
def books(shelf, database_url):
    yield from full(shelf, database_url)


@pytest.fixture
def books_on_postgresql(shelf, postgresql_url):
    yield from full(shelf, postgresql_url)


def full(shelf, database_url):
    """The shelf with a thousand books."""
    composition = shelf.composition("shelf", url=database_url)
    database = make_database(database_url)
    bring_to(composition, database)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO shelf_book (id, version, title, created_at, updated_at)"
                " VALUES (:id, 1, 'B', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
            ),
            [{"id": NEW.format(n)} for n in range(1000)],
        )
    shelf.database = database
    shelf.url = database_url
    shelf.path = composition.ini.uri
    yield shelf
    database.dispose()


def everything(database):
    """The original's schema, and its rows but for those that every connection may move."""
    with database.reading_engine.connect() as connection:
        schema = read_schema(connection)
        rows = {
            table: sorted(map(repr, connection.execute(text(f"SELECT * FROM {table}"))))
            for table in schema.tables
        }
    return schema.canonical(), rows


def further(shelf):
    shelf.revision(
        "shelf",
        "0002_notes",
        """
        op.create_table("shelf_note", sa.Column("id", sa.Integer, primary_key=True))
        op.execute("INSERT INTO shelf_note SELECT 1 UNION SELECT 2")
        op.add_column("shelf_book", sa.Column("slug", sa.String, nullable=True))
        op.execute("DELETE FROM shelf_book WHERE id < '01900000-0000-7000-8000-000000000010'")
        """,
        down="0001_books",
    )


def test_it_tells_times_locks_and_rows_and_changes_nothing(books):
    further(books)
    books.database.dispose()
    before = everything(books.database)
    books.database.dispose()
    plan = make_plan(books.path)
    told = rehearse(books.path, plan)
    assert everything(books.database) == before
    assert told.error is None
    assert told.rows == {"shelf_book": (1000, 990), "shelf_note": (0, 2)}
    [step] = told.steps
    assert step.key == "shelf:0002_notes"
    assert 0 < step.transaction <= step.seconds
    sqlite = books.database.dialect == "sqlite"
    assert told.how == ("file copy" if sqlite else "template copy")
    document = told.as_json()
    assert json.loads(json.dumps(document)) == document
    assert document["rows"]["shelf_book"]["delta"] == -10


def test_while_others_are_connected_the_schema_and_all_rows_are_copied(books_on_postgresql):
    books = books_on_postgresql
    with books.database.engine.begin() as connection:
        for statement in (
            "CREATE SEQUENCE shelf_numbers START 7",
            "SELECT nextval('shelf_numbers')",
            MORE,
            "INSERT INTO shelf_more (book) SELECT id FROM shelf_book",
            "CREATE INDEX ON shelf_more (book)",
        ):
            connection.execute(text(statement))
    before = everything(books.database)
    books.revision(
        "shelf",
        "0002_notes",
        """op.execute("INSERT INTO shelf_more (book) SELECT id FROM shelf_book LIMIT 3")""",
        down="0001_books",
    )
    plan = make_plan(books.path)
    told = rehearse(books.path, plan)
    assert told.how == "complete copy"
    assert told.error is None
    assert told.rows == {"shelf_more": (1000, 1003)}
    assert everything(books.database) == before


def test_locks_are_told_with_whom_they_keep_out_and_for_how_long(books_on_postgresql, capsys):
    books = books_on_postgresql
    books.revision(
        "shelf",
        "0002_slow",
        """
        op.add_column("shelf_book", sa.Column("slug", sa.String, nullable=True))
        op.execute("SELECT pg_sleep(0.4)")
        """,
        down="0001_books",
    )
    told = rehearse(books.path, make_plan(books.path))
    strongest = told.steps[0].locks[0]
    assert (strongest.table, strongest.mode) == ("shelf_book", "AccessExclusiveLock")
    assert strongest.keeps_out == "readers and writers"
    assert 0.3 < strongest.seconds < 3
    told.render(console())
    page = capsys.readouterr().out
    assert "AccessExclusiveLock on shelf_book for" in page
    assert "Rehearsed: 1 step in" in page


def test_a_step_that_would_fail_fails_here_and_is_told(books, capsys):
    """The rows are in the way, which no plan can see."""
    books.revision(
        "shelf",
        "0002_unique",
        """op.create_index("ix_shelf_book_title", "shelf_book", ["title"], unique=True)""",
        down="0001_books",
    )
    books.revision("shelf", "0003_never", "pass", down="0002_unique")
    before = everything(books.database)
    plan = make_plan(books.path, accept=["shelf:0002_unique"])
    told = rehearse(books.path, plan)
    assert [one.key for one in told.steps] == ["shelf:0002_unique"]
    assert "0002_unique" in told.error
    assert everything(books.database) == before
    told.render(console())
    assert "failed" in capsys.readouterr().out


def test_the_command_rehearses_and_leaves_no_database_behind(books_on_postgresql):
    books = books_on_postgresql
    further(books)
    talatat = Path(sys.executable).with_name("talatat")
    options = ["--rehearse", "--json", "--accept", "shelf:0002_notes"]
    done = subprocess.run(
        [talatat, "plan", books.path, *options],
        env={**os.environ, "PYTHONPATH": str(books.folder), "PYTHONWARNINGS": "ignore"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["rehearsal"]["error"] is None
    with books.database.engine.connect() as connection:
        left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'talatat_shadow_%'"
        assert connection.scalar(text(left)) == 0


def test_a_copy_that_has_no_room_is_refused_with_what_to_do(shelf, sqlite_url, monkeypatch):
    composition = shelf.composition("shelf", url=sqlite_url)
    database = make_database(sqlite_url)
    bring_to(composition, database)
    database.dispose()
    further(shelf)
    plan = make_plan(composition.ini.uri)
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr("talatat.evolution.copying.shutil.disk_usage", lambda _: usage)
    with pytest.raises(EvolutionError, match="TMPDIR"):
        rehearse(composition.ini.uri, plan)


def test_a_way_back_is_rehearsed_with_the_texts_of_the_ledger(books):
    path = books.revision(
        "shelf",
        "0002_blurbs",
        """op.add_column("shelf_book", sa.Column("blurb", sa.String, nullable=True))""",
        down="0001_books",
    )
    path.write_text(path.read_text() + DOWN)
    bring_to(books.composition("shelf", url=str(books.url)), books.database)
    path.unlink()  # an older package is installed already
    opened = open_database(books.path)
    told = rehearse(books.path, plan_rollback(opened, 1))
    opened.database.dispose()
    assert [one.key for one in told.steps] == ["downgrade:shelf:0002_blurbs"]
    assert told.error is None
    with books.database.reading_engine.connect() as connection:
        assert "blurb" in read_schema(connection).tables["shelf_book"].columns


def test_what_ends_a_rehearsal_before_its_first_step_is_raised(books_on_postgresql, monkeypatch):
    books = books_on_postgresql
    further(books)
    plan = make_plan(books.path)

    def broken(*given, **named):
        raise EvolutionError("nothing can be run")

    monkeypatch.setattr("talatat.evolution.rehearsal.apply_steps", broken)
    with pytest.raises(EvolutionError, match="nothing can be run"):
        rehearse(books.path, plan)


def test_what_was_put_away_is_part_of_the_copy(rated_shelf, postgresql_url):
    """An archive is moved back, and a dropped column's values are put back, while others are connected."""
    both = rated_shelf.ini("shelf", "rating", url=postgresql_url)
    apply_plan(both, accept=["rating:0001_ratings", "shelf:0001_books"])
    path = rated_shelf.revision(
        "shelf",
        "0002_blurbs",
        """op.add_column("shelf_book", sa.Column("blurb", sa.String, nullable=True))""",
        down="0001_books",
    )
    path.write_text(path.read_text() + DOWN)
    apply_plan(both)
    database = make_database(postgresql_url)
    with database.engine.begin() as connection:
        for statement in (
            f"INSERT INTO shelf_book VALUES ('{NEW.format(1)}', 1, 'B', now(), now(), 'Read it')",
            f"INSERT INTO rating_book VALUES ('{NEW.format(1)}', 1, 4)",
        ):
            connection.execute(text(statement))
    opened = open_database(both)
    roll_back(opened, 1)
    newer = path.read_text()
    path.unlink()
    apply_plan(rated_shelf.ini("shelf", url=postgresql_url))
    archive(opened, "rating")
    path.write_text(newer)
    rated_shelf.ini("shelf", "rating", url=postgresql_url)
    plan = make_plan(both)
    assert plan.steps[0].key.startswith("restore:rating:")
    told = rehearse(both, plan)
    assert told.how == "complete copy"
    assert told.error is None
    assert told.rows["rating_book"] == (0, 1)
    opened.database.dispose()
    database.dispose()
