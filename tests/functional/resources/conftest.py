"""Two addons that the tests write: `store`, which has resources, and `stars`, which extends one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from talatat.testing import TestSystem

from .asking import FEW, fill
from .identity import BY_ROLE
from .laboratory import LAB, extra

STORE = {
    "__init__.py": """
        from .resources import Boxes, Things
        from .security import Source

        def includeme(config):
            config.add_permission("store.write", "Write things")
            config.add_permission("store.read_cost", "See what things cost us")
            config.add_permission("store.write_cost", "Say what things cost us")
            config.add_permission("store.boxes", "Work with boxes")
            config.add_role("clerk", ["store.write", "store.boxes"])
            config.add_role("owner", ["store.write", "store.boxes", "store.read_cost", "store.write_cost"])
            config.add_identity_source("store.role", Source())
            config.add_resource(Things)
            config.add_resource(Boxes)
        """,
    "security.py": BY_ROLE,
    "models.py": """
        import datetime as dt
        from decimal import Decimal
        from typing import Any
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from talatat.db import JSONDocument, Money, Record, Scaled, UTCDateTime, UUIDv7, declarative_base

        Base = declarative_base("store")

        class Box(Record, Base):
            __tablename__ = "store_box"
            label: Mapped[str] = mapped_column(sa.String(20), unique=True)
            owner: Mapped[str] = mapped_column(sa.String(20), default="")

        class Thing(Record, Base):
            '''A thing in the store.'''
            __tablename__ = "store_thing"
            name: Mapped[str] = mapped_column(sa.String(60))
            code: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
            rank: Mapped[int | None] = mapped_column(sa.Integer)
            weight: Mapped[float | None] = mapped_column(sa.Float)
            size: Mapped[Decimal | None] = mapped_column(Scaled(2))
            sold_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
            active: Mapped[bool] = mapped_column(default=True)
            cost: Mapped[int] = mapped_column(default=0)
            kind: Mapped[str] = mapped_column(sa.String(10), default="plain")
            price_minor: Mapped[int] = mapped_column(sa.BigInteger, default=0)
            currency: Mapped[str] = mapped_column(sa.CHAR(3), default="EUR")
            details: Mapped[dict[str, Any]] = mapped_column(JSONDocument, default=dict)
            box_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey(Box.id, ondelete="SET NULL"))
            box: Mapped[Box | None] = relationship(Box)

            @property
            def price(self):
                return Money.from_minor(self.price_minor, self.currency)

            @price.setter
            def price(self, value):
                self.price_minor, self.currency = value.minor, value.currency
        """,
    "resources.py": """
        import colander
        import sqlalchemy as sa
        from talatat import schema as s
        from talatat.problems import Problem
        from talatat.resources import Ranking, Resource, collection_action, item_action
        from .models import Box, Thing

        class ThingSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            name = colander.SchemaNode(colander.String(), validator=colander.Length(1, 60), description="Its name")
            code = colander.SchemaNode(colander.String(), missing=None)
            rank = colander.SchemaNode(colander.Integer(), missing=None, validator=colander.Range(-1000, 1000))
            weight = colander.SchemaNode(colander.Float(), missing=None)
            size = colander.SchemaNode(s.Decimal(), missing=None)
            sold_at = colander.SchemaNode(s.Timestamp(), missing=None)
            active = colander.SchemaNode(colander.Boolean(), missing=True)
            cost = colander.SchemaNode(colander.Integer(), missing=colander.drop,
                read_permission="store.read_cost", write_permission="store.write_cost")
            kind = colander.SchemaNode(colander.String(), missing="plain", create_only=True,
                validator=colander.OneOf(["plain", "fancy"]))
            price = colander.SchemaNode(s.Money(), missing=colander.drop)
            details = colander.SchemaNode(s.OpenMap(), missing=colander.drop)
            box_id = colander.SchemaNode(s.UUID(), missing=None)
            created_at = colander.SchemaNode(s.Timestamp(), read_only=True)
            shout = colander.SchemaNode(colander.String(), read_only=True, attribute=lambda thing: thing.name.upper())

            def validator(self, node, value):
                if value.get("kind") == "fancy" and value.get("rank") is None:
                    error = colander.Invalid(node)
                    error["rank"] = "A fancy thing needs a rank"
                    raise error

        class SellSchema(colander.MappingSchema):
            quantity = colander.SchemaNode(colander.Integer(), validator=colander.Range(min=1))

        class Things(Resource):
            '''What is in the store.'''
            name = "things"
            model = Thing
            schema = ThingSchema
            permissions = {"read": "public", "write": "store.write"}
            filters = ("name", "code", "rank", "weight", "size", "sold_at", "active", "kind", "box_id",
                       "box.label", "cost")
            sorts = ("name", "rank", "weight", "size", "sold_at", "code", "cost")
            open_maps = {"details": lambda query, name, op, value: query.where(
                Thing.details[name].as_string() == value)}

            def scope(self, request, query):
                if request.headers.get("X-Blind") == "yes":
                    return query.where(Thing.active)
                return query

            searched = ("name",)

            def search(self, request, text):
                score = sa.func.length(Thing.name).label("score")
                return Ranking(sa.select(Thing.id, score).where(Thing.name.contains(text)).subquery())

            @collection_action("sell", permission="store.write", body=SellSchema, status=201,
                               problems={"sold_out": "There are no more."})
            def sell(self, request, body):
                '''Sell a new thing.'''
                if body["quantity"] > 5:
                    raise Problem(409, "sold_out", "Only 5 left",
                                  [{"pointer": "/quantity", "code": "sold_out", "detail": "Only 5 left"}])
                thing = Thing(name=f"sold {body['quantity']}")
                request.db.add(thing)
                return thing

            @collection_action("count")
            def count(self, request):
                return {"count": request.db.scalar(sa.select(sa.func.count()).select_from(Thing))}

            @item_action("retire")
            def retire(self, request, thing):
                thing.active = False
                return thing

            @item_action("forget")
            def forget(self, request, thing):
                request.db.delete(thing)

        class Boxes(Resource):
            name = "boxes"
            model = Box
            permissions = {"read": "store.boxes", "write": "store.boxes"}
            filters = ("label",)
            require_if_match = True
            keeps_deleted = True
        """,
    "migrations/versions/0001_store.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_store", None, "expand"

        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            ]

        def upgrade():
            op.create_table("store_box", *record(), sa.Column("label", sa.String(20), nullable=False, unique=True),
                            sa.Column("owner", sa.String(20), nullable=False))
            op.create_table(
                "store_thing", *record(),
                sa.Column("name", sa.String(60), nullable=False),
                sa.Column("code", sa.String(20), unique=True),
                sa.Column("rank", sa.Integer),
                sa.Column("weight", sa.Float),
                sa.Column("size", t.Scaled(2)),
                sa.Column("sold_at", t.UTCDateTime()),
                sa.Column("active", sa.Boolean, nullable=False),
                sa.Column("cost", sa.Integer, nullable=False),
                sa.Column("kind", sa.String(10), nullable=False),
                sa.Column("price_minor", sa.BigInteger, nullable=False),
                sa.Column("currency", sa.CHAR(3), nullable=False),
                sa.Column("details", t.JSONDocument(), nullable=False),
                sa.Column("box_id", t.UUIDv7(), sa.ForeignKey("store_box.id", ondelete="SET NULL"), index=True),
            )
        """,
}


def extending(addon: str, presence: str = "sparse") -> dict[str, str]:
    """An addon that extends things by a number of points and a note."""
    return {
        "__init__.py": f"""
            import colander
            from PKG_store.models import Thing
            from .models import Points

            class PointsFields(colander.MappingSchema):
                filters = ("points",)
                points = colander.SchemaNode(colander.Integer(), validator=colander.Range(min=0))
                note = colander.SchemaNode(colander.String(), missing=None)

            seen = []

            def includeme(config):
                config.extend_model(Thing, Points, presence={presence!r})
                config.extend_resource("store.things", PointsFields)
                for event in ("before_create", "after_create", "before_update", "after_update",
                              "before_delete", "after_delete"):
                    config.add_hook("store.things", event, recorder(event))
                config.add_hook("*", "after_create", recorder("any after_create"))

            def recorder(event):
                def hook(request, obj, changes):
                    seen.append((event, obj.name if hasattr(obj, "name") else obj.label, dict(changes)))
                hook.__qualname__ = f"recorder.{{event}}"
                return hook
            """,
        "models.py": f"""
            from sqlalchemy.orm import Mapped, mapped_column
            from talatat.db import Extension, declarative_base, extension_key
            from PKG_store.models import Thing
            Base = declarative_base("{addon}")
            class Points(Extension, Base):
                __tablename__ = "{addon}_thing"
                thing_id: Mapped[str] = extension_key(Thing)
                points: Mapped[int] = mapped_column(default=0)
                note: Mapped[str | None]
            """,
        "migrations/versions/0001_points.py": f"""
            import sqlalchemy as sa
            from alembic import op
            from talatat.db import types as t
            revision, down_revision, phase = "0001_points", None, "expand"
            requires = {{"store": "0001_store"}}
            def upgrade():
                op.create_table(
                    "{addon}_thing",
                    sa.Column("thing_id", t.UUIDv7(), sa.ForeignKey("store_thing.id", ondelete="CASCADE"),
                              primary_key=True),
                    sa.Column("version", sa.Integer, nullable=False),
                    sa.Column("points", sa.Integer, nullable=False),
                    sa.Column("note", sa.String),
                )
            """,
    }


OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
THINGS = "/api/store/v1/things"
BOXES = "/api/store/v1/boxes"


# An addon that does something for each thing: at once, after the commit, and in the transaction's hook.
POST = {
    "__init__.py": """
        from dataclasses import dataclass
        import sqlalchemy as sa
        from pyramid_retry import mark_error_retryable
        from sqlalchemy.exc import DBAPIError
        from talatat.events import Event, emit
        from talatat.problems import Problem

        delivered, committed, failing, flaky = [], [], [], []

        @dataclass
        class Made(Event):
            name: str

        def deliver(event):
            delivered.append(event.name)

        def before(request, thing, changes):
            if flaky:
                flaky.pop()
                error = Problem(409, "conflict", "Somebody else was faster")
                mark_error_retryable(error)
                raise error
            if changes.get("name") == "swallows":
                try:
                    request.db.execute(sa.text("SELECT nothing_like_that"))
                except DBAPIError:
                    pass
            if changes.get("name") == "ends":
                request.db.rollback()
            if failing and changes.get("name") in failing:
                raise RuntimeError("the hook fails")
            if changes.get("name") == "refused":
                raise Problem(409, "conflict", "The post refuses", [{"pointer": "/name", "code": "refused",
                    "detail": "is refused"}])

        def after(request, thing, changes):
            emit(request, Made(thing.name))
            name = thing.name
            request.tm.get().addAfterCommitHook(lambda success: success and committed.append(name))

        def includeme(config):
            config.add_problem("refused", 409, "The post does not take it.")
            config.add_subscriber_after_commit(deliver, Made)
            config.add_hook("store.things", "before_create", before)
            config.add_hook("store.things", "after_create", after)
            config.add_hook("store.things", "after_update", after)
        """
}


@pytest.fixture
def extender() -> Any:
    """Writes the files of an addon that extends things: extender(name)."""
    return extending


@pytest.fixture
def store_addons(addons: Any) -> Any:
    """A folder of addons of this test's own, with `store` in it."""
    addons.write("store", STORE)
    return addons


class Kept:
    """Systems that are composed once for all tests: composing takes longer than most tests."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.addons: Any = None
        self.systems: dict[tuple[str, ...], Any] = {}

    def write(self, request: pytest.FixtureRequest, name: str, files: Any, *requires: str) -> None:
        """Write an addon, once."""
        if self.addons is None:
            self.addons = type(request.getfixturevalue("addons"))(self.folder)
        if not (self.folder / self.addons.package(name)).exists():
            self.addons.write(name, files, requires=requires)

    def system(self, request: pytest.FixtureRequest, kind: str, *names: str) -> Any:
        """The system of addons `names` on a database of `kind`, without a row in it."""
        self.write(request, "store", STORE)
        self.write(request, "stars", extending("stars"), "store")
        self.write(request, "moons", extending("moons", "always"), "store")
        self.write(request, "post", POST, "store")
        found = self.systems.get((kind, *names))
        if found is None:
            url = self._url(request, kind, "-".join(names))
            # On the path for this moment only: other tests have a `store` of their own.
            sys.path.insert(0, str(self.folder))
            try:
                found = self.stack.enter_context(self.addons.composed(*names, url=url))
            finally:
                sys.path.remove(str(self.folder))
            found.addons = self.addons
            self.systems[kind, *names] = found
        empty(found)
        return found

    def _url(self, request: pytest.FixtureRequest, kind: str, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{self.folder}/{name}.sqlite"
        server = request.getfixturevalue("postgresql_server")
        url: str = server.create_database()
        self.stack.callback(server.drop_database, url)
        return url


def empty(system: Any) -> None:
    """Delete all rows of a system's resources; their extensions go with them."""
    with system.session() as session:
        for bound in reversed(system.system.resources.values()):
            session.execute(delete(bound.model))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The systems that tests of this folder share."""
    with ExitStack() as stack:
        yield Kept(stack, tmp_path_factory.mktemp("kept"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, kept: Kept) -> TestSystem:
    """`store` alone, on each database."""
    system: TestSystem = kept.system(request, request.param, "store")
    return system


@pytest.fixture(params=["sqlite", "postgresql"])
def starred(request: pytest.FixtureRequest, kept: Kept) -> TestSystem:
    """`store` with two addons that extend its things, on each database."""
    system: TestSystem = kept.system(request, request.param, "stars", "moons")
    return system


@pytest.fixture(params=["sqlite", "postgresql"])
def posted(request: pytest.FixtureRequest, kept: Kept) -> TestSystem:
    """`store` with an addon whose hooks send something after the commit, on each database."""
    system: TestSystem = kept.system(request, request.param, "stars", "post")
    system.system.outbox.automatic = False
    system.deliver()  # what the last test left
    system.post = kept.addons.module("post")  # type: ignore[attr-defined]
    for name in ("delivered", "committed", "failing", "flaky"):
        getattr(system.post, name).clear()  # type: ignore[attr-defined]
    return system


@pytest.fixture(params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest, kept: Kept) -> TestSystem:
    """`lab` with two addons that extend its items, on each database."""
    kept.write(request, "lab", LAB)
    kept.write(request, "spare", extra("spare", "sparse"), "lab")
    kept.write(request, "sure", extra("sure", "always"), "lab")
    system: TestSystem = kept.system(request, request.param, "spare", "sure")
    system.models = kept.addons.module("lab.models")  # type: ignore[attr-defined]
    system.scopes = kept.addons.module("lab.scopes").SCOPES  # type: ignore[attr-defined]
    system.extras = [kept.addons.module(f"{name}.models").Extra for name in ("spare", "sure")]  # type: ignore[attr-defined]
    return system


@pytest.fixture
def few(lab: Any) -> Any:
    """Six items of two owners, with everything that may stand beside them."""
    lab.ids = fill(lab, FEW)
    return lab
