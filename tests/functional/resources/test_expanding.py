"""`expand=`: what rows refer to, in one statement for each relation, and only for those who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, update

from .identity import BY_ROLE

LIBRARY = {
    "__init__.py": """
        from .resources import Authors, Books, Countries
        from .security import Source

        def includeme(config):
            config.add_permission("library.write", "Write")
            config.add_permission("library.authors", "See who wrote it")
            config.add_permission("library.readers", "See who reads it")
            config.add_permission("library.fees", "See what authors get")
            config.add_role("keeper", ["library.*"])
            config.add_role("guest", ["library.authors"])
            config.add_identity_source("library.role", Source())
            config.add_resource(Countries)
            config.add_resource(Authors)
            config.add_resource(Books)
        """,
    "security.py": BY_ROLE,
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from talatat.db import Record, UUIDv7, declarative_base

        Base = declarative_base("library")

        def to(target, **options):
            return mapped_column(UUIDv7, sa.ForeignKey(target, ondelete="SET NULL"), index=True, **options)

        class Country(Record, Base):
            __tablename__ = "library_country"
            name: Mapped[str]

        class Author(Record, Base):
            __tablename__ = "library_author"
            name: Mapped[str]
            secret: Mapped[bool] = mapped_column(default=False)
            fee: Mapped[int] = mapped_column(default=7)
            country_id: Mapped[str | None] = to(Country.id)

        class Book(Record, Base):
            __tablename__ = "library_book"
            title: Mapped[str]
            author_id: Mapped[str | None] = to(Author.id)
            sequel_of: Mapped[str | None] = to("library_book.id")
            loans: Mapped[list["Loan"]] = relationship(order_by="Loan.position")

        class Loan(Base):
            __tablename__ = "library_loan"
            book_id: Mapped[str] = mapped_column(UUIDv7, sa.ForeignKey(Book.id, ondelete="CASCADE"), primary_key=True)
            position: Mapped[int] = mapped_column(primary_key=True)
            reader_id: Mapped[str | None] = to(Author.id)
            reader: Mapped[Author | None] = relationship(viewonly=True)
        """,
    "resources.py": """
        import colander
        from sqlalchemy.orm import selectinload
        from talatat import schema as s
        from talatat.resources import Resource, collection_action, item_action
        from .models import Author, Book, Country, Loan

        class AuthorSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            name = colander.SchemaNode(colander.String())
            fee = colander.SchemaNode(colander.Integer(), missing=7, read_permission="library.fees")
            country_id = colander.SchemaNode(s.UUID(), missing=None)

        class LoanSchema(colander.MappingSchema):
            position = colander.SchemaNode(colander.Integer())
            reader_id = colander.SchemaNode(s.UUID(), missing=None)

        class LoansSchema(colander.SequenceSchema):
            loan = LoanSchema()

        class BookSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            title = colander.SchemaNode(colander.String())
            author_id = colander.SchemaNode(s.UUID(), missing=None)
            original_id = colander.SchemaNode(s.UUID(), missing=None, attribute="sequel_of")
            loans = LoansSchema(read_only=True, read_permission="library.readers")

        PERMISSIONS = {"read": "public", "write": "library.write"}

        class Countries(Resource):
            name, model, permissions = "countries", Country, PERMISSIONS

        class Authors(Resource):
            name, model, schema = "authors", Author, AuthorSchema
            permissions = {"read": "library.authors", "write": "library.write"}

            def scope(self, request, query):
                return query.where(~Author.secret)

        class Books(Resource):
            name, model, schema, permissions = "books", Book, BookSchema, PERMISSIONS
            filters = ("title", "loans.reader.name")
            sorts = ("title",)

            def load_options(self, request):
                return (selectinload(Book.loans),)

            @item_action("lend")
            def lend(self, request, book):
                request.db.add(Loan(book_id=book.id, position=9))
                return book

            @item_action("burn")
            def burn(self, request, book):
                request.db.delete(book)

            @collection_action("all")
            def all(self, request):
                books = self.load_options(request)
                from sqlalchemy import select
                return [*request.db.scalars(select(Book).options(*books).order_by(Book.title)), "end"]
        """,
    "migrations/versions/0001_library.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_library", None, "expand"

        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            ]

        def to(name, target):
            return sa.Column(name, t.UUIDv7(), sa.ForeignKey(target, ondelete="SET NULL"), index=True)

        def upgrade():
            op.create_table("library_country", *record(), sa.Column("name", sa.String, nullable=False))
            op.create_table("library_author", *record(), sa.Column("name", sa.String, nullable=False),
                            sa.Column("secret", sa.Boolean, nullable=False), sa.Column("fee", sa.Integer, nullable=False),
                            to("country_id", "library_country.id"))
            op.create_table("library_book", *record(), sa.Column("title", sa.String, nullable=False),
                            to("author_id", "library_author.id"), to("sequel_of", "library_book.id"))
            op.create_table("library_loan",
                            sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("library_book.id", ondelete="CASCADE"),
                                      primary_key=True),
                            sa.Column("position", sa.Integer, primary_key=True), to("reader_id", "library_author.id"))
        """,
}

# Extends books by who looks after them, and authors by a number.
CARE = {
    "__init__.py": """
        import colander
        from talatat import schema as s
        from PKG_library.models import Author, Book
        from .models import AuthorCare, BookCare

        class BookFields(colander.MappingSchema):
            curator_id = colander.SchemaNode(s.UUID(), missing=None)

        class AuthorFields(colander.MappingSchema):
            grade = colander.SchemaNode(colander.Integer(), missing=0)

        def includeme(config):
            config.extend_model(Book, BookCare, presence="sparse")
            config.extend_resource("library.books", BookFields)
            config.extend_model(Author, AuthorCare, presence="always")
            config.extend_resource("library.authors", AuthorFields)
        """,
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Extension, UUIDv7, declarative_base, extension_key
        from PKG_library.models import Author, Book
        Base = declarative_base("care")

        class BookCare(Extension, Base):
            __tablename__ = "care_book"
            book_id: Mapped[str] = extension_key(Book)
            curator_id: Mapped[str | None] = mapped_column(
                UUIDv7, sa.ForeignKey(Author.id, ondelete="SET NULL"), index=True)

        class AuthorCare(Extension, Base):
            __tablename__ = "care_author"
            author_id: Mapped[str] = extension_key(Author)
            grade: Mapped[int] = mapped_column(default=3)
        """,
    "migrations/versions/0001_care.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_care", None, "expand"
        requires = {"library": "0001_library"}

        def upgrade():
            for name, more in (
                ("book", sa.Column("curator_id", t.UUIDv7(), sa.ForeignKey("library_author.id", ondelete="SET NULL"),
                                   index=True)),
                ("author", sa.Column("grade", sa.Integer, nullable=False)),
            ):
                key = sa.ForeignKey(f"library_{name}.id", ondelete="CASCADE")
                op.create_table(f"care_{name}", sa.Column(f"{name}_id", t.UUIDv7(), key, primary_key=True),
                                sa.Column("version", sa.Integer, nullable=False), more)
        """,
}

BOOKS = "/api/library/v1/books"
KEEPER = {"X-Role": "keeper"}
GUEST = {"X-Role": "guest"}


@pytest.fixture(params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest, kept: Any) -> Any:
    """Books with authors and loans, extended by another addon, and a few rows."""
    kept.write(request, "library", LIBRARY)
    kept.write(request, "care", CARE, "library")
    system = kept.system(request, request.param, "care")
    made = system.addons.module("library.models")
    care = system.addons.module("care.models")
    with system.session() as session:
        country = made.Country(name="Egypt")
        session.add(country)
        session.flush()
        authors = [
            made.Author(name=name, country_id=country.id, secret=name == "B") for name in "AB"
        ]
        session.add_all(authors)
        session.flush()
        first = made.Book(title="1", author_id=authors[0].id)
        session.add(first)
        session.flush()
        session.add_all(
            [
                made.Book(title="2", author_id=authors[1].id, sequel_of=first.id),
                made.Book(title="3"),
                care.BookCare(book_id=first.id, curator_id=authors[0].id),
                *(
                    made.Loan(book_id=first.id, position=at, reader_id=reader)
                    for at, reader in enumerate((authors[1].id, authors[0].id, None))
                ),
            ]
        )
    return system


def listed(library: Any, query: str, role: dict[str, str] = KEEPER) -> list[Any]:
    found: list[Any] = library.app.get(f"{BOOKS}?sort=title&{query}", headers=role).json["items"]
    return found


@contextmanager
def counted(system: Any) -> Iterator[list[str]]:
    """The SELECTs that run in the block."""
    found: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append(statement)

    engine = system.system.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_what_a_row_refers_to_is_shown_in_its_place(library: Any) -> None:
    first, second, third = listed(library, "expand=author,original")
    author = first["author"]
    assert author == {
        "id": first["author_id"], "name": "A", "fee": 7, "country_id": author["country_id"],
        "care": {"grade": 3},
    }  # fmt: skip
    assert second["author_id"]
    assert second["author"] is None, "out of the authors' own scope"
    assert second["original"] == {name: first[name] for name in second["original"]}
    assert "author" not in second["original"]
    assert (third["author"], third["original"]) == (None, None)


def test_relations_are_expanded_in_lists_in_extensions_and_two_deep(library: Any) -> None:
    query = "expand=loans.reader.country,care.curator,original.author,author.country"
    first, second, _ = listed(library, query)
    readers = [one["reader"] for one in first["loans"]]
    assert [one and one["name"] for one in readers] == [None, "A", None]
    assert readers[1]["country"]["name"] == "Egypt"
    assert first["care"]["curator"]["name"] == "A"
    assert second["care"] == {"curator_id": None, "curator": None}
    assert second["original"]["author"]["name"] == "A"
    assert first["author"]["country"]["name"] == "Egypt"


def test_filters_follow_relations_two_deep(library: Any) -> None:
    assert [one["title"] for one in listed(library, "loans.reader.name=A")] == ["1"]
    assert listed(library, "loans.reader.name[in]=C,D") == []
    where = {"not": {"field": "loans.reader.name", "op": "prefix", "value": "A"}}
    found = library.app.post_json(
        f"{BOOKS}:search", {"where": where, "sort": "title", "expand": "author"}, headers=KEEPER
    )
    assert [one["title"] for one in found.json["items"]] == ["2", "3"]
    assert [one["author"] for one in found.json["items"]] == [None, None]


def test_fields_narrow_inside_of_an_expanded_relation(library: Any) -> None:
    query = "fields=title,author.name,loans.position,loans.reader.country.name,loans.reader.fee"
    first, *_ = listed(library, f"{query}&expand=author,loans.reader.country,care.curator")
    curator = first["care"].pop("curator")
    assert (curator["name"], curator["care"]) == ("A", {"grade": 3})
    assert first == {
        "title": "1",
        "author": {"name": "A"},
        "loans": [
            {"position": 0, "reader": None},
            {"position": 1, "reader": {"fee": 7, "country": {"name": "Egypt"}}},
            {"position": 2, "reader": None},
        ],
        "care": {},
    }
    (*_, third) = listed(library, "fields=loans&expand=loans.reader,author,original")
    assert third == {"loans": [], "author": None, "original": None}
    (first, *_) = listed(library, "fields=loans,loans.reader.name&expand=loans.reader")
    assert first["loans"][1]["reader"]["fee"] == 7
    problem = library.app.get(f"{BOOKS}?fields=author.name", status=400).json
    assert problem["code"] == "unknown_field"
    problem = library.app.get(
        f"{BOOKS}?expand=author&fields=author.colour", headers=KEEPER, status=400
    )
    assert problem.json["code"] == "unknown_field"


def test_each_expanded_relation_takes_one_statement_however_many_rows(library: Any) -> None:
    made = library.addons.module("library.models")

    def statements(query: str) -> int:
        listed(library, query)
        with counted(library) as found:
            listed(library, query)
        return len(found)

    queries = {
        "": 0, "&expand=author": 1, "&expand=original.author": 2, "&expand=loans.reader": 1,
        "&expand=author,loans.reader,care.curator,loans.reader.country": 4,
    }  # fmt: skip
    plain = statements("fields=title,loans,care")
    shown = {query: statements(f"fields=title,loans,care{query}") for query in queries}
    # The loans of the books that are expanded are what that resource loads with its rows.
    assert shown == {
        query: plain + count + ("original" in query) for query, count in queries.items()
    }
    with library.session() as session:
        for number in range(30):
            book = made.Book(title=f"{number:02}", sequel_of=listed(library, "")[0]["id"])
            author = made.Author(name=f"{number}")
            session.add_all([book, author])
            session.flush()
            book.author_id = author.id
            session.add(made.Loan(book_id=book.id, position=1, reader_id=author.id))
    assert {query: statements(f"fields=title,loans,care{query}") for query in queries} == shown


def test_who_may_not_read_what_is_behind_a_relation_cannot_name_it(library: Any) -> None:
    def refused(expand: str, role: dict[str, str]) -> str:
        answer = library.app.get(f"{BOOKS}?expand={expand}", headers=role, status=400).json
        (error,) = answer["errors"]
        assert (answer["code"], error["parameter"]) == ("unknown_relation", "expand")
        return str(answer["detail"])

    nobody: dict[str, str] = {}
    assert refused("author", nobody) == refused("colour", nobody).replace("colour", "author")
    assert refused("colour", nobody).endswith("what can is original")
    assert refused("original.author", nobody).endswith("what can is original")
    # A guest may read authors, but not who has borrowed: the field itself is guarded.
    assert refused("loans.reader", GUEST).endswith("what can is author, original, care.curator")
    first, *_ = listed(library, "expand=author", GUEST)
    assert "fee" not in first["author"], "fields of the target keep their own permissions"
    refused("author_id", KEEPER)
    refused("loans", KEEPER)


def test_expansions_are_five_at_most_and_two_deep(library: Any) -> None:
    for expand, word in {
        "author,author,author,author,author,author": "more than 5",
        "original.original.original": "2 deep",
        "": "must be names",
        "author,,original": "must be names",
        "author.": "must be names",
    }.items():
        problem = library.app.get(f"{BOOKS}?expand={expand}", headers=KEEPER, status=400).json
        assert word in problem["detail"], problem
        assert problem["errors"][0]["parameter"] == "expand"
    problem = library.app.get("/api/library/v1/countries?expand=x", status=400).json
    assert problem["code"] == "unknown_parameter"


def test_every_answer_that_shows_rows_can_expand(library: Any) -> None:
    first, *_ = listed(library, "")
    send = library.app
    one = send.get(f"{BOOKS}/{first['id']}?expand=author", headers=KEEPER)
    assert one.json["author"]["name"] == "A"
    tag = one.headers["ETag"]
    fresh = {**KEEPER, "If-None-Match": tag}
    send.get(f"{BOOKS}/{first['id']}?expand=author", headers=fresh, status=304)
    with library.session() as session:
        model = library.addons.module("library.models").Author
        session.execute(update(model).where(model.name == "A").values(name="C"))
    changed = send.get(f"{BOOKS}/{first['id']}?expand=author", headers=fresh, status=200)
    assert changed.json["author"]["name"] == "C"
    assert changed.headers["ETag"].partition("-")[0] == tag.partition("-")[0]
    body = {"title": "9", "author_id": first["author_id"]}
    made = send.post_json(f"{BOOKS}?expand=author", body, headers=KEEPER, status=201)
    path = made.headers["Location"]
    assert made.json["author"]["name"] == "C"
    patched = send.patch_json(f"{path}?expand=author", {"author_id": None}, headers=KEEPER)
    assert patched.json["author"] is None
    replaced = send.put_json(f"{path}?expand=author", body, headers=KEEPER).json
    assert replaced["author"]["name"] == "C"
    lent = send.post_json(f"{path}:lend?expand=author&fields=title", {}, headers=KEEPER).json
    assert lent == {"title": "9", "author": replaced["author"]}
    *books, end = send.post_json(f"{BOOKS}:all?expand=author", {}, headers=KEEPER).json["items"]
    assert [one["author"] and one["author"]["name"] for one in books] == ["C", None, None, "C"]
    assert end == "end"
    send.post_json(f"{BOOKS}?expand=colour", body, headers=KEEPER, status=400)
    for unknown in ("expand=colour", "fields=colour"):  # refused where no row is answered, too
        send.post_json(f"{path}:burn?{unknown}", {}, headers=KEEPER, status=400)
    assert len(listed(library, "")) == 4, "a refused request has written nothing"


def test_the_document_tells_what_can_be_expanded(library: Any) -> None:
    document = library.app.get("/api/openapi.json").json
    schemas = document["components"]["schemas"]
    book = schemas["library.books"]["properties"]
    author = {"anyOf": [{"$ref": "#/components/schemas/library.authors"}, {"type": "null"}]}
    for shown in (
        book["author"],
        book["loans"]["items"]["properties"]["reader"],
        schemas["library.books.care"]["properties"]["curator"],
    ):
        assert {"anyOf": shown["anyOf"]} == author
    assert "author" not in schemas["library.books.create"]["properties"]
    for path, method in ((BOOKS, "get"), (BOOKS, "post"), (BOOKS + "/{id}", "patch")):
        names = {one["name"] for one in document["paths"][path][method]["parameters"]}
        assert {"fields", "expand"} <= names
    countries = document["paths"]["/api/library/v1/countries"]["get"]["parameters"]
    assert "expand" not in {one["name"] for one in countries}
    limits = library.app.get("/api").json["limits"]
    assert (limits["max_expanded"], limits["max_expanded_depth"]) == (5, 2)
