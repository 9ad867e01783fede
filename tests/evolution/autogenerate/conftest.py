"""An addon whose models have moved on from its revisions, and another whose table it refers to."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from talatat.cli.main import main
from talatat.composing import load_composition
from talatat.evolution.graph import read_graph
from talatat.evolution.live import read_schema
from talatat.evolution.migrate import bring_to
from talatat.evolution.running import runner
from talatat.evolution.running.alone import run_alone
from talatat.evolution.running.locking import begun
from talatat.testing.databases import make_database

MAKER = {
    "models.py": """
        from sqlalchemy.orm import Mapped
        from talatat.db import Record, declarative_base
        Base = declarative_base("maker")
        class Maker(Record, Base):
            __tablename__ = "maker_maker"
            name: Mapped[str]
        """,
    "__init__.py": "from .models import Maker\ndef includeme(config): pass\n",
    "migrations/versions/0001_makers.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_makers", None, "expand"
        def upgrade():
            op.create_table(
                "maker_maker",
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("name", sa.String, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            )
        def downgrade():
            op.drop_table("maker_maker")
        """,
}

REVISION = """
    import sqlalchemy as sa
    from alembic import op
    from talatat.db import types as t
    revision, down_revision, phase = "0001_books", None, "expand"
    def upgrade():
        op.create_table(
            "shop_book",
            sa.Column("id", t.UUIDv7(), primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("title", sa.String(100), nullable=False),
            sa.Column("note", sa.Text),
            sa.Column("shelf", sa.String(20), nullable=False),
            sa.Column("code", sa.String(20), index=True),
            sa.Column("pages", sa.Integer, nullable=False),
            sa.Column("created_at", t.UTCDateTime(), nullable=False),
            sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            sa.CheckConstraint("pages >= 0", name="pages_counted"),
        )
    def downgrade():
        op.drop_table("shop_book")
    """

HEAD = """
from sqlalchemy import *
from sqlalchemy.orm import Mapped, mapped_column
from talatat.db import Record, declarative_base, types as t
from PKG_maker.models import Maker
Base = declarative_base("shop")
"""

# The fields of Book as its revision has them; a test changes some.
BOOK = {
    "title": "mapped_column(String(100), nullable=False)",
    "note": "mapped_column(Text, nullable=True)",
    "shelf": "mapped_column(String(20), nullable=False)",
    "code": "mapped_column(String(20), nullable=True, index=True)",
    "pages": "mapped_column(Integer, nullable=False)",
    "__table_args__": '(CheckConstraint("pages >= 0", name="pages_counted"),)',
}

ROW = (
    "INSERT INTO shop_book (id, version, title, shelf, pages, created_at, updated_at) VALUES "
    "('01890000-0000-7000-8000-000000000001', 1, 'Ulysses', 'A1', 700, '2026-01-01', '2026-01-01')"
)


# A model with a column, a constraint and an index of every kind.
RICH = """
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

class Grade(TypeDecorator):
    impl = SmallInteger
    cache_ok = True

class Rich(Base):
    __tablename__ = "shop_rich"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    price: Mapped[str] = mapped_column(Numeric(10, 2), server_default=text("0"))
    exact: Mapped[str] = mapped_column(t.Scaled(4))
    grade: Mapped[int] = mapped_column(Grade)
    kind: Mapped[str] = mapped_column(Enum("book", "map", name="shop_kind", native_enum=False, length=10))
    words: Mapped[str] = mapped_column(Text().with_variant(postgresql.CITEXT(), "oracle"))
    said: Mapped[str] = mapped_column(String(20), server_default="it's \\"said\\"")
    double: Mapped[int | None] = mapped_column(Integer, Computed("part * 2", persisted=True))
    gone_at: Mapped[str | None] = mapped_column(t.UTCDateTime)
    above: Mapped[int | None] = mapped_column(Integer)
    above_part: Mapped[int | None] = mapped_column(Integer)
    __table_args__ = (
        ForeignKeyConstraint(["above", "above_part"], ["shop_rich.number", "shop_rich.part"],
                             ondelete="CASCADE", onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
        CheckConstraint(text("kind <> 'it''s'"), name="kind_said"),
        Index("shop_rich_open_ix", "said", unique=True, postgresql_where=text("gone_at IS NULL"),
              sqlite_where=text("gone_at IS NULL"), postgresql_include=["price"]),
        Index("shop_rich_words_ix", text("lower(words)")),
        Index("shop_rich_above_ix", "above", "above_part"),
    )

class Counted(Base):
    __tablename__ = "shop_counted"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
"""


class Shop:
    """The addon `shop` under test, its .ini, and the commands on it."""

    def __init__(self, addons, url: str, capsys) -> None:
        self.addons, self.url, self.capsys = addons, url, capsys
        addons.write("maker", MAKER)
        self.write({})
        self.ini = addons.ini("shop", url=url)

    @property
    def folder(self) -> Path:
        return self.addons.folder / self.addons.package("shop") / "migrations" / "versions"

    def write(
        self, fields: dict[str, str | None], more: str = "", revision: str = REVISION
    ) -> None:
        """Write the addon, its Book with other fields than its revision has."""
        told = {name: text for name, text in {**BOOK, **fields}.items() if text is not None}
        body = "".join(f"    {name} = {text}\n" for name, text in told.items())
        models = (
            f'{HEAD}\nclass Book(Record, Base):\n    __tablename__ = "shop_book"\n{body}\n{more}'
        )
        files = {
            "models.py": models,
            "__init__.py": "from .models import Book\ndef includeme(config): pass\n",
        }
        if revision is not None:
            files["migrations/versions/0001_books.py"] = revision
        self.addons.write("shop", files, requires=("maker",))

    def run(self, *arguments: str, code: int | None = 0) -> str:
        """Run a command; its standard output (what it says on the other one where it fails)."""
        self.capsys.readouterr()
        done = main([arguments[0], self.ini, *arguments[1:]])
        said = self.capsys.readouterr()
        assert code is None or done == code, said.out + said.err
        return said.out if code != 1 else said.err

    def revision(self, *more: str) -> dict[str, list]:
        """Write revisions; what the command tells as JSON."""
        return json.loads(self.run("revision", "shop", "-m", "change", "--json", *more))

    def apply(self) -> None:
        """Bring the database to the revisions that are there."""
        database = make_database(self.url)
        bring_to(load_composition(self.ini), database)
        database.dispose()

    def schema(self) -> dict:
        """What stands in the database of the addon's tables."""
        with self.connection() as connection:
            return read_schema(connection, lambda name: name.startswith("shop_")).canonical()

    def back(self, files: list[str]) -> None:
        """Run revisions down again, the last one first."""
        graph = read_graph(load_composition(self.ini))
        with self.connection() as connection:
            for path in reversed(files):
                one = graph.revisions["shop", Path(path).stem]
                if one.transactional or connection.dialect.name == "sqlite":
                    with begun(connection):
                        runner.run(connection, graph, one, "down")
                else:
                    run_alone(connection, graph, one, "down", nullcontext())
                    with begun(connection):
                        runner.stamp(connection, graph, one, "down")

    @contextmanager
    def connection(self):
        database = make_database(self.url)
        with database.migration_engine.connect() as connection:
            yield connection
        database.dispose()


@pytest.fixture
def shop(addons, database_url, capsys) -> Shop:
    return Shop(addons, database_url, capsys)
