"""An addon whose rows have lines, tags and cascades, and one that extends it: what the feed has to see."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from talatat.resources.changes.table import change
from talatat.testing import TestSystem

DESK = {
    "__init__.py": """
        from .resources import Clients, Jobs, Tags

        def includeme(config):
            for name in ("desk.read", "desk.read_all", "desk.write", "desk.secrets"):
                config.add_permission(name, name)
            for resource in (Clients, Jobs, Tags):
                config.add_resource(resource)
        """,
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from talatat.db import JSONDocument, Record, Scaled, UTCDateTime, UUIDv7, declarative_base
        from talatat.db import new_id

        Base = declarative_base("desk")

        job_tag = sa.Table("desk_job_tag", Base.metadata,
            sa.Column("job_id", UUIDv7, sa.ForeignKey("desk_job.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("tag_id", UUIDv7, sa.ForeignKey("desk_tag.id", ondelete="CASCADE"), primary_key=True))

        class Client(Record, Base):
            __tablename__ = "desk_client"
            name: Mapped[str] = mapped_column(sa.String(50))

        class Tag(Record, Base):
            __tablename__ = "desk_tag"
            word: Mapped[str] = mapped_column(sa.String(20), unique=True)

        class Job(Record, Base):
            __tablename__ = "desk_job"
            title: Mapped[str] = mapped_column(sa.String(50))
            code: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
            owner: Mapped[str] = mapped_column(sa.String(20), default="")
            price: Mapped[object | None] = mapped_column(Scaled(2))
            due_at: Mapped[object | None] = mapped_column(UTCDateTime)
            details: Mapped[object] = mapped_column(JSONDocument, default=dict)
            client_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey(Client.id, ondelete="CASCADE"))
            after_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey("desk_job.id", ondelete="SET NULL"))
            steps: Mapped[list["Step"]] = relationship(lazy="selectin", passive_deletes=True,
                cascade="all, delete-orphan", order_by="Step.place")
            tags: Mapped[list[Tag]] = relationship(secondary=job_tag, passive_deletes=True, lazy="selectin")

            @property
            def words(self):
                return sorted(tag.word for tag in self.tags)

        class Step(Base):
            __tablename__ = "desk_step"
            id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
            job_id: Mapped[str] = mapped_column(UUIDv7, sa.ForeignKey(Job.id, ondelete="CASCADE"))
            place: Mapped[int]
            text: Mapped[str]
        """,
    "resources.py": """
        import colander
        from talatat import schema as s
        from talatat.resources import Resource
        from .models import Client, Job, Tag

        PERMISSIONS = {"read": "desk.read", "write": "desk.write"}

        class StepSchema(colander.MappingSchema):
            place = colander.SchemaNode(colander.Integer())
            text = colander.SchemaNode(colander.String())

        class StepsSchema(colander.SequenceSchema):
            step = StepSchema()

        class Words(colander.SequenceSchema):
            word = colander.SchemaNode(colander.String())

        class JobSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            title = colander.SchemaNode(colander.String(), validator=colander.Length(1, 50))
            code = colander.SchemaNode(colander.String(), missing=None)
            owner = colander.SchemaNode(colander.String(), missing="", read_permission="desk.secrets")
            price = colander.SchemaNode(s.Decimal(), missing=None)
            due_at = colander.SchemaNode(s.Timestamp(), missing=None)
            details = colander.SchemaNode(s.OpenMap(), missing=colander.drop)
            client_id = colander.SchemaNode(s.UUID(), missing=None)
            after_id = colander.SchemaNode(s.UUID(), missing=None)
            steps = StepsSchema(read_only=True)
            words = Words(read_only=True)

        class Clients(Resource):
            name = "clients"
            model = Client
            permissions = PERMISSIONS

        class Tags(Resource):
            name = "tags"
            model = Tag
            permissions = PERMISSIONS

        class Jobs(Resource):
            name = "jobs"
            model = Job
            schema = JobSchema
            permissions = PERMISSIONS
            filters = ("title", "code")
            keeps_deleted = True

            def scope(self, request, query):
                if request.has_permission("desk.read_all"):
                    return query
                return query.where(Job.owner == request.identity.id)
        """,
    "migrations/versions/0001_desk.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_desk", None, "expand"

        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            ]

        def key(name, target, ondelete, **more):
            return sa.Column(name, t.UUIDv7(), sa.ForeignKey(target + ".id", ondelete=ondelete), **more)

        def upgrade():
            op.create_table("desk_client", *record(), sa.Column("name", sa.String(50), nullable=False))
            op.create_table("desk_tag", *record(), sa.Column("word", sa.String(20), nullable=False, unique=True))
            op.create_table("desk_job", *record(),
                sa.Column("title", sa.String(50), nullable=False),
                sa.Column("code", sa.String(20), unique=True),
                sa.Column("owner", sa.String(20), nullable=False),
                sa.Column("price", t.Scaled(2)),
                sa.Column("due_at", t.UTCDateTime()),
                sa.Column("details", t.JSONDocument(), nullable=False),
                key("client_id", "desk_client", "CASCADE", index=True),
                key("after_id", "desk_job", "SET NULL", index=True))
            op.create_table("desk_job_tag",
                key("job_id", "desk_job", "CASCADE", primary_key=True),
                key("tag_id", "desk_tag", "CASCADE", primary_key=True))
            op.create_table("desk_step",
                sa.Column("id", t.UUIDv7(), primary_key=True),
                key("job_id", "desk_job", "CASCADE", nullable=False, index=True),
                sa.Column("place", sa.Integer, nullable=False),
                sa.Column("text", sa.String, nullable=False))
        """,
}

RANKS = {
    "__init__.py": """
        import colander
        from PKG_desk.models import Job
        from .models import Rank

        class RankFields(colander.MappingSchema):
            points = colander.SchemaNode(colander.Integer())

        def includeme(config):
            config.extend_model(Job, Rank, presence="always")
            config.extend_resource("desk.jobs", RankFields)
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Extension, declarative_base, extension_key
        from PKG_desk.models import Job
        Base = declarative_base("ranks")
        class Rank(Extension, Base):
            __tablename__ = "ranks_job"
            job_id: Mapped[str] = extension_key(Job)
            points: Mapped[int] = mapped_column(default=0, server_default="0")
        """,
    "migrations/versions/0001_ranks.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_ranks", None, "expand"
        requires = {"desk": "0001_desk"}
        def upgrade():
            op.create_table("ranks_job",
                sa.Column("job_id", t.UUIDv7(), sa.ForeignKey("desk_job.id", ondelete="CASCADE"), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("points", sa.Integer, nullable=False, server_default="0"))
        """,
}

JOBS = "/api/desk/v1/jobs"
ALL = ("desk.read", "desk.read_all", "desk.write", "desk.secrets")


class Desks:
    """`desk` and `ranks`, composed once on each database."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.addons: Any = None
        self.made: dict[str, TestSystem] = {}

    def of(self, request: pytest.FixtureRequest, kind: str) -> TestSystem:
        if self.addons is None:
            self.addons = type(request.getfixturevalue("addons"))(self.folder)
            self.addons.write("desk", DESK)
            self.addons.write("ranks", RANKS, requires=("desk",))
        if kind not in self.made:
            url = f"sqlite:///{self.folder}/desk.sqlite"
            if kind == "postgresql":
                server = request.getfixturevalue("postgresql_server")
                url = server.create_database()
                self.stack.callback(server.drop_database, url)
            sys.path.insert(0, str(self.folder))
            try:
                made = self.stack.enter_context(self.addons.composed("ranks", url=url))
            finally:
                sys.path.remove(str(self.folder))
            made.models = self.addons.module("desk.models")
            made.rank = self.addons.module("ranks.models").Rank
            self.made[kind] = made
        found = self.made[kind]
        with found.session() as session:
            for bound in found.system.resources.values():
                session.execute(sa.delete(bound.model))
        with found.session() as session:
            session.execute(sa.delete(change))
        found.sign_in("anna", *ALL)
        return found


@pytest.fixture(scope="session")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with ExitStack() as stack:
        yield Desks(stack, tmp_path_factory.mktemp("desks"))


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, desks: Desks) -> TestSystem:
    """Both addons on each database, without a row."""
    return desks.of(request, request.param)


@pytest.fixture
def sqlite_desk(request: pytest.FixtureRequest, desks: Desks) -> TestSystem:
    return desks.of(request, "sqlite")


@pytest.fixture
def postgresql_desk(request: pytest.FixtureRequest, desks: Desks) -> TestSystem:
    return desks.of(request, "postgresql")


class Mirror:
    """A client that holds a copy of a resource, made of nothing but its feed."""

    def __init__(self, app: Any, path: str = JOBS, limit: int = 3) -> None:
        self.app, self.next = app, f"{path}:changes?limit={limit}"
        self.rows: dict[str, Any] = {}
        self.answers: list[Any] = []

    def follow(self) -> dict[str, Any]:
        """Ask until there is no more; the copy."""
        while True:
            answer = self.app.get(self.next).json
            self.answers.append(answer)
            for one in answer["items"]:
                if one["deleted"]:
                    self.rows.pop(one["id"], None)
                else:
                    self.rows[one["id"]] = one["item"]
            self.next = answer["next"]
            if not answer["more"]:
                return self.rows


def listed(app: Any, path: str = JOBS) -> dict[str, Any]:
    """All rows of a resource, by its list."""
    found, url = {}, f"{path}?limit=500"
    while url:
        page = app.get(url).json
        found |= {row["id"]: row for row in page["items"]}
        url = page["next"]
    return found
