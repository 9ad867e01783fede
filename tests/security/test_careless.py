"""A careless addon is refused when it is composed, held back when it runs, or found by `talatat check`.

Each with a message that names the file and the line.
"""

import logging
import re

import pytest
from careless import FILES, FOREIGN_MIGRATION, NO_PERMISSION, SECRET, WILDCARD, WITHIN

from talatat.errors import CompositionError
from talatat.testing.conformance import check

SHELF = {
    "__init__.py": "def includeme(config): pass\n",
    "models.py": """
        from sqlalchemy.orm import Mapped
        from talatat.db import Record, declarative_base
        Base = declarative_base("shelf")
        class Book(Record, Base):
            __tablename__ = "shelf_book"
            title: Mapped[str]
        """,
    "migrations/versions/0001_books.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_books", None, "expand"
        def upgrade():
            op.create_table(
                "shelf_book", sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False), sa.Column("title", sa.String, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            )
        def downgrade():
            op.drop_table("shelf_book")
        """,
}


JSON = {"Accept": "application/json"}


@pytest.fixture
def careless(addons):
    """Writes the addon, with further pieces of carelessness."""

    def write(*pieces):
        addons.write("shelf", SHELF)
        files = dict(FILES)
        for one in pieces:
            files |= one
        addons.write("careless", files, ("shelf",))
        return addons

    return write


def line_of(addons, file, text):
    """`file.py:7` of the line that holds a text."""
    lines = (addons.folder / addons.package("careless") / file).read_text().splitlines()
    return f"{file}:{next(at for at, line in enumerate(lines, 1) if text in line)}"


@pytest.mark.parametrize(
    ("piece", "file", "line", "words"),
    [
        (NO_PERMISSION, "open.py", "@view_config", "forgotten .* has no permission"),
        (SECRET, "people.py", "password_hash = colander", "called like a secret and is shown"),
        (
            WITHIN,
            "people.py",
            "api_key = colander",
            r"people\.door\.api_key is called like a secret",
        ),
        (WILDCARD, "partner.py", "@partner.get", "lets pages of every origin call it"),
    ],
)
def test_it_is_not_composed(careless, sqlite_url, piece, file, line, words):
    addons = careless(piece)
    with (
        pytest.raises(CompositionError) as refused,
        addons.composed("careless", url=sqlite_url, migrate=False),
    ):
        pass
    (told,) = [one for one in refused.value.problems if re.search(words, one)]
    assert line_of(addons, file, line) in told


def test_a_redirect_to_where_the_request_says_leads_nowhere(careless, sqlite_url, caplog):
    addons = careless()
    with addons.composed("careless", url=sqlite_url) as system:
        go = "/careless/go?next="
        for target in (
            "https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example", "///evil.example",
            "%09//evil.example", "https://evil.example%2F@localhost/", "HTTPS://EVIL.example",
        ):  # fmt: skip
            with caplog.at_level(logging.ERROR, "talatat"):
                answer = system.app.get(f"{go}{target}", headers=JSON, status="*")
            place = answer.headers.get("Location", "http://localhost/")
            assert place.startswith(("http://localhost/", "http://localhost:80/")), target
        assert answer.json["code"] == "redirect_refused"
        assert line_of(addons, "views.py", '@view_config(route_name="careless.go"') in caplog.text
        assert system.app.get(f"{go}/shelf", status=302).location == "http://localhost/shelf"


@pytest.fixture
def report(careless):
    addons = careless(FOREIGN_MIGRATION)
    rules = ["careful-source", "public-writes", "calls-nobody", "leaves-alone"]
    found = check("careless", beside=(), kinds=("sqlite",), only=rules)
    problems = {one.rule.id: "\n".join(one.problems) for one in found.failures}
    return addons, problems


def test_the_check_finds_each_with_its_line(report):
    addons, problems = report
    for rule, line, words in (
        ("careful-source", "pickle.loads(", "pickle.loads unpickles"),
        ("careful-source", 'sa.text(f"', "SQL is put together from values"),
        ("careful-source", "UPDATE shelf_book", "SQL writes shelf_book, a table of addon shelf"),
        ("careful-source", "add(Book(", "Book, which is another addon's"),
        (
            "public-writes",
            '@view_config(route_name="careless.sql"',
            "lets everybody POST /careless/sql",
        ),
        ("calls-nobody", "urlopen(", "10.0.0.7:8080 is called while a request is answered"),
    ):
        place = line_of(addons, "views.py", line)
        told = [one for one in problems[rule].splitlines() if place in one]
        assert told, (place, problems[rule])
        assert any(words in one for one in told), told
    assert "shelf_book differs" in problems["leaves-alone"]
