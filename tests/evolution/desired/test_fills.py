"""Guaranteed extension rows as SQL: what it says, that it works, and what cannot be said in SQL."""

import pytest
from sqlalchemy import text

from talatat.evolution.desired import desired_of
from talatat.evolution.graph import EvolutionError


def extension(column: str) -> dict[str, str]:
    return {
        "__init__.py": """
            from PKG_shelf.models import Book
            from .models import Note
            def includeme(config):
                config.extend_model(Book, Note, presence="always")
            """,
        "models.py": f"""
            import itertools, random
            from datetime import datetime
            from sqlalchemy import func, text
            from sqlalchemy.orm import Mapped, mapped_column
            from talatat.db import (
                Extension, JSONDocument, Scaled, UTCDateTime, declarative_base, extension_key, utcnow)
            from PKG_shelf.models import Book
            Base = declarative_base("note")
            class Note(Extension, Base):
                __tablename__ = "note_book"
                book_id: Mapped[str] = extension_key(Book)
                {column}
            """,
    }


@pytest.fixture
def desired(shelf):
    def compose(column: str, url: str | None = None):
        shelf.write("note", extension(column), requires=("shelf",))
        with shelf.composed("note", url=url, migrate=False) as system:
            return desired_of(system.registry)

    return compose


def test_missing_rows_are_counted_and_made(rated_shelf, database_url):
    rated_shelf.write("rating", rated_shelf.rating("rating", "always"), requires=("shelf",))
    with rated_shelf.composed("rating", url=database_url) as system:
        book = rated_shelf.module("shelf.models").Book
        with system.session() as session:
            session.add_all(book(title=f"100 % of {number}") for number in range(3))
        with system.session() as session:
            session.execute(text("DELETE FROM rating_book"))
        (fill,) = desired_of(system.registry).fills
        again = desired_of(system.registry).fills
        with system.system.database.engine.begin() as connection:
            assert connection.exec_driver_sql(fill.gaps).scalar() == 3
            connection.exec_driver_sql(fill.statement)
            assert connection.exec_driver_sql(fill.gaps).scalar() == 0
            rows = connection.execute(text("SELECT version, stars FROM rating_book")).all()
    assert rows == [(1, 3)] * 3
    assert again == (fill,)
    assert (fill.addon, fill.table, fill.extends) == ("rating", "rating_book", "shelf_book")


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ('word: Mapped[str] = mapped_column(default="it\'s 5 %")', "'it''s 5 %' AS word"),
        ("what: Mapped[dict] = mapped_column(JSONDocument, default=dict)", "'{}' AS what"),
        ("price: Mapped[object] = mapped_column(Scaled(2), default=5)", "500 AS price"),
        ("word: Mapped[str] = mapped_column(default=func.lower('A'))", "lower('A') AS word"),
        ("at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)", "'now') AS at"),
    ],
)
def test_defaults_stand_in_the_statement(desired, column, shown):
    assert shown in desired(column).fills[0].statement


@pytest.mark.parametrize(
    "column",
    [
        "word: Mapped[str] = mapped_column(server_default='x')",
        "word: Mapped[str | None] = mapped_column()",
    ],
)
def test_what_the_database_decides_is_left_to_it(desired, column):
    assert "(book_id, version) SELECT" in desired(column).fills[0].statement


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("word: Mapped[str] = mapped_column()", "has no default"),
        ("word: Mapped[float] = mapped_column(default=random.random)", "differs from row to row"),
    ],
)
def test_what_sql_cannot_make_is_refused_with_the_line_that_declares_it(desired, column, why):
    with pytest.raises(EvolutionError) as caught:
        desired(column)
    assert why in str(caught.value)
    assert "__init__.py:5" in str(caught.value)
    assert 'presence="sparse"' in str(caught.value)
