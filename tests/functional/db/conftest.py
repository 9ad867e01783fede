"""An addon whose rows have items, typed columns and defaults: what `Work` writes as sessions do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyramid.interfaces import IRequestFactory
from pyramid.request import apply_request_extensions
from transaction import TransactionManager

from talatat.testing import TestSystem
from tests.conftest import folder_of_addons

YARD = {
    "__init__.py": """
        from .resources import Crates

        def includeme(config):
            config.add_resource(Crates)
        """,
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy import event
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from talatat.db import Encrypted, JSONDocument, Record, Scaled, UTCDateTime, UUIDv7
        from talatat.db import declarative_base, new_id, utcnow

        Base = declarative_base("yard")

        class Crate(Record, Base):
            __tablename__ = "yard_crate"
            label: Mapped[str] = mapped_column(sa.String(50), unique=True)
            weight: Mapped[int] = mapped_column(default=5)
            note: Mapped[str | None] = mapped_column(Encrypted("yard.note"))
            price: Mapped[object | None] = mapped_column(Scaled(2))
            due_at: Mapped[object | None] = mapped_column(UTCDateTime)
            details: Mapped[object] = mapped_column(JSONDocument, default=dict)
            after_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey("yard_crate.id"))
            items: Mapped[list["Item"]] = relationship(
                lazy="raise", order_by="Item.position", back_populates="crate", passive_deletes=True)

        class Item(Base):
            __tablename__ = "yard_item"
            crate_id: Mapped[str] = mapped_column(
                UUIDv7, sa.ForeignKey(Crate.id, ondelete="CASCADE"), primary_key=True)
            position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
            text: Mapped[str | None]
            made_at: Mapped[object] = mapped_column(UTCDateTime, default=utcnow)
            crate: Mapped[Crate] = relationship(lazy="raise", back_populates="items")

        class Loose(Record, Base):
            __tablename__ = "yard_loose"
            word: Mapped[str]

        class Numbered(Base):
            __tablename__ = "yard_numbered"
            id: Mapped[int] = mapped_column(primary_key=True)
            word: Mapped[str]

        class Derived(Record, Base):
            __tablename__ = "yard_derived"
            word: Mapped[str]
            twice: Mapped[str] = mapped_column(
                default=lambda context: context.get_current_parameters()["word"] * 2)

        class Heard(Record, Base):
            __tablename__ = "yard_heard"
            word: Mapped[str]

        @event.listens_for(Heard, "before_insert")
        def shout(mapper, connection, heard):
            heard.word = heard.word.upper()
        """,
    "resources.py": """
        from talatat.resources import Resource
        from .models import Crate

        class Crates(Resource):
            name = "crates"
            model = Crate
            permissions = {"read": "public", "write": "public"}
        """,
    "migrations/versions/0001_yard.py": """
        from alembic import op
        revision, down_revision, phase = "0001_yard", None, "expand"

        def upgrade():
            from PKG_yard.models import Base
            Base.metadata.create_all(op.get_bind())
        """,
}


class Yard:
    """The composed system, its models, and requests that have no session yet."""

    def __init__(self, system: TestSystem, models: Any) -> None:
        self.system, self.models = system, models
        self.database = system.system.database

    @property
    def is_direct(self) -> bool:
        return self.database.dialect == "postgresql"

    @contextmanager
    def request(self, method: str = "POST") -> Iterator[Any]:
        """A request in its transaction; it is committed when the block ends, aborted when that raises."""
        factory = self.system.registry.getUtility(IRequestFactory)
        tm = TransactionManager(explicit=True)
        environ = {"tm.manager": tm, "tm.active": True, "REQUEST_METHOD": method}
        request = factory.blank("/", environ=environ)
        request.registry, request.tm = self.system.registry, tm
        apply_request_extensions(request)
        tm.begin()
        try:
            yield request
            tm.commit()
        except BaseException:
            tm.abort()
            raise
        finally:
            request._process_finished_callbacks()  # as the router does

    def read(self, ask: Callable[[Any], Any]) -> Any:
        """What a session of its own sees afterwards."""
        with self.system.session(reading=True) as session:
            return ask(session)

    def is_idle(self) -> bool:
        """Whether no connection is out of the pool, but for those at hand to read with."""
        out: int = self.database.engine.pool.checkedout()  # type: ignore[attr-defined]
        return out == len(self.database.spare)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def yard(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Yard]:
    """The yard on each database; tests share it and make rows of their own."""
    folder = tmp_path_factory.mktemp("yard")
    url, drop = f"sqlite:///{folder}/yard.sqlite", None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        url, drop = server.create_database(), server.drop_database
    (folder / "addons").mkdir()
    with folder_of_addons(folder / "addons") as addons:
        addons.write("yard", YARD)
        with addons.composed("yard", url=url) as system:
            yield Yard(system, addons.module("yard.models"))
    if drop is not None:
        drop(url)


@pytest.fixture
def direct_yard(yard: Yard) -> Yard:
    """The yard where statements go straight to the driver."""
    if not yard.is_direct:
        pytest.skip("on SQLite everything goes through the session")
    return yard
