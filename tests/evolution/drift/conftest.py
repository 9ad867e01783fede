"""A system with two addons that was applied, and the doctor who looks at it."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text

from talatat.cli.main import main
from talatat.composing import load_composition
from talatat.evolution.migrate import bring_to
from talatat.testing.databases import make_database

# A table that no model describes, so that models and migrations agree.
SECOND = """
    op.create_table("shelf_more", sa.Column("id", sa.Integer, primary_key=True), sa.Column("pages", sa.Integer))
    op.create_index("shelf_more_pages_ix", "shelf_more", ["pages"])
    """


class Patient:
    """A composition on a database, and `talatat doctor` on it."""

    def __init__(self, addons, url: str, capsys) -> None:
        self.addons, self.url, self.capsys = addons, url, capsys
        self.ini = addons.ini("shelf", "rating", url=url)

    def apply(self) -> None:
        """Bring the database to the revisions; no addon is imported, so models can be changed still."""
        database = make_database(self.url)
        bring_to(load_composition(self.ini), database)
        database.dispose()

    def doctor(self, *arguments: str, code: int = 2) -> dict:
        """What `talatat doctor --json` tells."""
        self.capsys.readouterr()
        done = main(["doctor", self.ini, "--json", *arguments])
        said = self.capsys.readouterr()
        assert done == code, said.out + said.err
        return json.loads(said.out)

    def sql(self, *statements: str) -> None:
        """What somebody did by hand."""
        with self.connection() as connection:
            for statement in statements:
                connection.execute(text(statement))

    @contextmanager
    def connection(self):
        engine = create_engine(self.url)
        with engine.begin() as connection:
            yield connection
        engine.dispose()


@pytest.fixture
def patient(rated_shelf, database_url, capsys) -> Patient:
    return made(rated_shelf, database_url, capsys)


@pytest.fixture
def on_sqlite(rated_shelf, sqlite_url, capsys) -> Patient:
    """Where the database makes no difference."""
    return made(rated_shelf, sqlite_url, capsys)


@pytest.fixture
def on_postgresql(rated_shelf, postgresql_url, capsys) -> Patient:
    return made(rated_shelf, postgresql_url, capsys)


def made(rated_shelf, url, capsys) -> Patient:
    rated_shelf.write("rating", rated_shelf.rating(presence="always"), requires=("shelf",))
    patient = Patient(rated_shelf, url, capsys)
    patient.apply()
    return patient
