"""A shop that grows: an addon whose releases a test writes, planned and applied as an operator does."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text

from talatat.composing import compose, load_composition
from talatat.evolution.apply.applying import carry_out_prepared
from talatat.evolution.desired import desired_of
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import Prepared, prepare


@dataclass
class Operator:
    """Plans and applies one .ini; composing is done in this process, once for each call."""

    ini: str

    def prepare(self, **options: Any) -> Prepared:
        registry = compose(load_composition(self.ini)).registry
        registry.system.database.dispose()
        return prepare(self.ini, desired=desired_of(registry), **options)

    def plan(self, **options: Any) -> Any:
        return self.prepare(**options).plan

    def apply(self, saved: Any = None, accept: tuple[str, ...] = (), **options: Any) -> Any:
        made = self.prepare(accept=accept if saved is None else saved.accepted)
        return carry_out_prepared(made, saved, **options)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of an engine that keeps none."""
        with open_database(self.ini).database.migration_engine.connect() as connection:
            yield connection

    def execute(self, *statements: str) -> None:
        with self.connection() as connection:
            for statement in statements:
                connection.execute(text(statement))
            connection.commit()

    def write(self, *numbers: int) -> None:
        """Write books with these numbers."""
        for number in numbers:
            identity = f"01890000-0000-7000-8000-{number:012d}"
            self.execute(
                "INSERT INTO shelf_book (id, version, title, created_at, updated_at) VALUES"
                f" ('{identity}', 1, 'Title {number}', '2026-01-01', '2026-01-01')"
            )

    def rows(self, query: str) -> list[Any]:
        with self.connection() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def operator(shelf: Any, database_url: str) -> Operator:
    return Operator(shelf.ini("shelf", url=database_url))


@pytest.fixture
def operating() -> type[Operator]:
    """For a test that writes an .ini of its own."""
    return Operator


@pytest.fixture
def on_postgresql(shelf: Any, postgresql_url: str) -> Operator:
    """On PostgreSQL, with short tries for locks."""
    return Operator(shelf.ini("shelf", url=postgresql_url, **{"talatat.apply.lock_timeout": "0.1"}))


@pytest.fixture
def impatient(shelf: Any, postgresql_url: str) -> Operator:
    """On PostgreSQL, with few and short tries for locks."""
    patience = {"talatat.apply.lock_timeout": "0.1", "talatat.apply.tries": "3"}
    return Operator(shelf.ini("shelf", url=postgresql_url, **patience))


HEAD = """import sqlalchemy as sa
from alembic import op
from talatat.db.batches import Batch
"""
REVISIONS = {
    "0002_slug": """
        revision, down_revision, phase = "0002_slug", "0001_books", "expand"
        def upgrade():
            op.add_column("shelf_book", sa.Column("slug", sa.Text()))
        def downgrade():
            with op.batch_alter_table("shelf_book") as table:
                table.drop_column("slug")
        """,
    "0003_fill_slug": """
        revision, down_revision, phase = "0003_fill_slug", "0002_slug", "data"
        batches = [Batch("shelf_book", set="slug = lower(title)", where="slug IS NULL", size=20)]
        def upgrade():
            pass
        def downgrade():
            pass
        """,
    "0004_slug_index": """
        revision, down_revision, phase = "0004_slug_index", "0003_fill_slug", "expand"
        transactional = False
        def upgrade():
            op.create_index("shelf_book_slug_ix", "shelf_book", ["slug"], postgresql_concurrently=True)
        def downgrade():
            op.drop_index("shelf_book_slug_ix", "shelf_book", postgresql_concurrently=True)
        """,
    "0005_no_title": """
        revision, down_revision, phase = "0005_no_title", "0004_slug_index", "contract"
        def upgrade():
            with op.batch_alter_table("shelf_book") as table:
                table.drop_column("title")
        def downgrade():
            op.add_column("shelf_book", sa.Column("title", sa.Text()))
        """,
}


@pytest.fixture
def grown(operator: Operator, shelf: Any) -> Callable[[], Operator]:
    """Write three more revisions of the shelf: expand, data, contract; and an index alone."""

    folder = shelf.folder / shelf.package("shelf") / "migrations" / "versions"

    def grow() -> Operator:
        for name, text_ in REVISIONS.items():
            (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(text_))
        return operator

    return grow
