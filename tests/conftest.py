"""Fixtures for all tests of the platform: databases, and addons that a test writes itself."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import textwrap
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pyramid_jinja2
import pytest
from sqlalchemy import Engine, event

from talatat.composing import load_composition
from talatat.composition import Composition
from talatat.db import Database
from talatat.testing import TestSystem, composed, write_ini
from talatat.testing.databases import make_database
from talatat.testing.fixtures import (
    database_url,
    postgresql_server,
    postgresql_url,
    redis_server,
    sqlite_url,
)

__all__ = [
    "addons",
    "database",
    "database_url",
    "postgresql_server",
    "postgresql_url",
    "redis_server",
    "sqlite_url",
]


sys.path.insert(0, str(Path(__file__).parent / "security"))


def pytest_configure(config: pytest.Config) -> None:
    """Make good what the environment may keep from the processes that tests start.

    And whoever names tests as witnesses wants to hear of those that did not pass.
    """
    from asvs import Witnesses

    # Without bytecode each of them compiles the platform and all that it imports anew: two thirds of its time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # A shell lets what it starts in the background ignore INT; servers that tests interrupt inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(Witnesses(), "asvs witnesses")


class Frames:
    """`inspect` as pyramid_jinja2 asks it who includes it, without the source of each frame.

    Reading that takes half of the time that composing takes below the many frames of pytest.
    """

    @staticmethod
    def stack() -> Iterator[tuple[FrameType]]:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            yield (frame,)
            frame = frame.f_back


pyramid_jinja2._PackageFinder.inspect = Frames


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = make_database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def unwatched() -> Iterator[None]:
    """The debug toolbar, which listens to all engines of a process that has ever imported it, is deaf meanwhile."""
    toolbar = sys.modules.get("pyramid_debugtoolbar.panels.sqla")
    heard = ("begin", "commit", "rollback", "before_cursor_execute", "after_cursor_execute")
    names = heard if toolbar is not None else ()
    for name in names:
        event.remove(Engine, name, getattr(toolbar, f"_{name}"))
    yield
    for name in names:
        event.listen(Engine, name, getattr(toolbar, f"_{name}"))


class Addons:
    """Addons that a test writes: real packages with real metadata, in a folder on the path.

    `PKG` in any text stands for the prefix of this test's packages: `PKG_shelf` is the package of shelf.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = f"t{uuid.uuid4().hex[:8]}"

    def package(self, name: str) -> str:
        return f"{self.prefix}_{name}"

    def write(
        self,
        name: str,
        files: dict[str, str],
        requires: tuple[str, ...] = (),
        version: str = "1.0",
        *,
        critical: bool = False,
    ) -> str:
        """Write an addon, or write further files of one; returns its package."""
        package = self.package(name)
        for path, text in {"__init__.py": "def includeme(config): pass\n", **files}.items():
            target = self.folder / package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text).replace("PKG", self.prefix))
        for old in self.folder.glob(f"{package}-*.dist-info/*"):
            old.unlink()
        for old in self.folder.glob(f"{package}-*.dist-info"):
            old.rmdir()
        info = self.folder / f"{package}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {self.prefix}-{name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {self.prefix}-{one}" for one in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        groups = ["talatat.addons", *(["talatat.critical"] if critical else [])]
        points = "".join(f"[{group}]\n{name} = {package}\n" for group in groups)
        (info / "entry_points.txt").write_text(points)
        importlib.invalidate_caches()
        return package

    def revision(
        self, addon: str, revision: str, body: str, down: str | None = None, **says: Any
    ) -> Path:
        """Write one revision of an addon; `body` is the body of `upgrade`."""
        path = self.folder / self.package(addon) / "migrations" / "versions" / f"{revision}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {
            "revision": revision,
            "down_revision": down,
            "requires": {},
            "phase": "expand",
            **says,
        }
        path.write_text(
            "import sqlalchemy as sa\nfrom alembic import op\nfrom talatat.db import types as t\n"
            + "".join(f"{key} = {value!r}\n" for key, value in head.items())
            + "def upgrade():\n"
            + textwrap.indent(textwrap.dedent(body).strip() or "pass", "    ")
            + "\n"
        )
        return path

    def module(self, dotted: str) -> Any:
        return importlib.import_module(f"{self.prefix}_{dotted}")

    def ini(self, *names: str, url: str, **settings: str) -> str:
        return write_ini(self.folder, names, url, settings)

    def composition(self, *names: str, url: str, **settings: str) -> Composition:
        return load_composition(self.ini(*names, url=url, **settings))

    def composed(self, *names: str, url: str, **options: Any) -> Any:
        """`with addons.composed("shelf", url=database_url) as system`"""
        return composed(names, url=url, **options)

    @staticmethod
    def rating(addon: str = "rating", presence: str = "sparse") -> dict[str, str]:
        """The files of an addon that extends Book by a number of stars."""
        return rating(addon, presence)


@pytest.fixture
def addons(tmp_path: Path) -> Iterator[Addons]:
    folder = tmp_path / "addons"
    folder.mkdir()
    with folder_of_addons(folder) as made:
        yield made


@contextmanager
def folder_of_addons(folder: Path) -> Iterator[Addons]:
    """Addons that are written into a folder, on the path for as long as the block lasts."""
    sys.path.insert(0, str(folder))
    made = Addons(folder)
    yield made
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith(made.prefix)]:
        del sys.modules[name]


SHELF = {
    "__init__.py": """
        from .models import Book
        def includeme(config): pass
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
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
                "shelf_book",
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("title", sa.String, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            )
        """,
}


def rating(addon: str, presence: str) -> dict[str, str]:
    """An addon that extends Book by a number of stars."""
    return {
        "__init__.py": f"""
            from PKG_shelf.models import Book
            from .models import BookRating
            def includeme(config):
                config.extend_model(Book, BookRating, presence={presence!r})
            """,
        "models.py": f"""
            from sqlalchemy.orm import Mapped, mapped_column
            from talatat.db import Extension, declarative_base, extension_key
            from PKG_shelf.models import Book
            Base = declarative_base({addon!r})
            class BookRating(Extension, Base):
                __tablename__ = "{addon}_book"
                book_id: Mapped[str] = extension_key(Book)
                stars: Mapped[int] = mapped_column(default=3)
            """,
        "migrations/versions/0001_ratings.py": f"""
            import sqlalchemy as sa
            from alembic import op
            from talatat.db import types as t
            revision, down_revision, phase = "0001_ratings", None, "expand"
            requires = {{"shelf": "0001_books"}}
            def upgrade():
                op.create_table(
                    "{addon}_book",
                    sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("shelf_book.id", ondelete="CASCADE"),
                              primary_key=True),
                    sa.Column("version", sa.Integer, nullable=False),
                    sa.Column("stars", sa.Integer, nullable=False),
                )
            """,
    }


@pytest.fixture
def shelf(addons: Addons) -> Addons:
    """Addons with `shelf` among them: one model, Book."""
    addons.write("shelf", SHELF)
    return addons


@pytest.fixture
def rated_shelf(shelf: Addons) -> Addons:
    """`shelf`, and `rating`, which extends Book."""
    shelf.write("rating", shelf.rating(), requires=("shelf",))
    return shelf


@pytest.fixture
def rated(rated_shelf: Addons, database_url: str) -> Iterator[TestSystem]:
    """Both, composed on a migrated database."""
    with rated_shelf.composed("rating", url=database_url) as system:
        yield system
