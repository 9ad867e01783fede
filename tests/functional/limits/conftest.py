"""An addon that the test writes: a till with a public page, one for those who log in, and a resource."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Self

import pytest
from sqlalchemy import event

from talatat.limiting.breaker import Breaker
from talatat.limiting.told import Told
from talatat.limiting.windows import InProcess
from talatat.settings import quota
from talatat.testing import TestSystem
from tests.conftest import folder_of_addons

TILL = {
    "__init__.py": """
        from pyramid.response import Response
        from .models import Coin
        from .resources import Coins
        from .sources import Badge

        def page(request):
            return Response("open")

        def includeme(config):
            config.add_permission("till.use", "Use the till")
            config.add_permission("till.audit", "Count what is in it")
            config.add_role("cashier", ["till.use"])
            config.add_identity_source("till.badge", Badge())
            config.add_limit("till.drawer", "2/minute", title="Openings of the drawer")
            config.add_limit("till.bell", "1/minute", by="address")
            for name, options in {
                "public": {"permission": "public"},
                "mine": {"permission": "authenticated"},
                "audit": {"permission": "till.audit"},
                "drawer": {"permission": "authenticated", "limit": "till.drawer"},
                "bell": {"permission": "public", "limit": "till.bell"},
            }.items():
                config.add_route(f"till.{name}", f"/till/{name}")
                config.add_view(page, route_name=f"till.{name}", **options)
            config.add_static_view("till/files", "PKG_till:files", permission="public")
            config.add_resource(Coins)
        """,
    "files/coin.txt": "a coin",
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Record, declarative_base
        Base = declarative_base("till")
        class Coin(Record, Base):
            __tablename__ = "till_coin"
            value: Mapped[int]
        class Badge(Record, Base):
            __tablename__ = "till_badge"
            text: Mapped[str]
            owner: Mapped[str]
        """,
    "resources.py": """
        from talatat.resources import Resource, collection_action
        from .models import Coin
        class Coins(Resource):
            name = "coins"
            model = Coin
            permissions = {"read": "public", "write": "till.use"}
            @collection_action("empty", limit="till.drawer")
            def empty(self, request) -> None:
                pass
        """,
    "sources.py": """
        from sqlalchemy import select
        from talatat.security import Identity, InvalidCredentials
        from . import models
        class Badge:
            def identify(self, request):
                text = request.headers.get("Authorization")
                if text is None:
                    return None
                owner = request.db.scalar(
                    select(models.Badge.owner).where(models.Badge.text == text))
                if owner is None:
                    raise InvalidCredentials("unknown badge")
                return Identity(id=owner, name=owner, source="till.badge", roles=frozenset({"cashier"}))
        """,
}
TABLES = """
    op.create_table("till_coin", sa.Column("id", t.UUIDv7()),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_till_coin"))
    op.create_table("till_badge", sa.Column("id", t.UUIDv7()),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_till_badge"))
"""
BADGES = {"ann-1": "ann", "ann-2": "ann", "bo-1": "bo"}
ANN, ANN_AGAIN, BO = ({"Authorization": text} for text in BADGES)


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Till:
    """A composed till. `ask` is a request from an address."""

    def __init__(self, system: TestSystem) -> None:
        self.test = system
        self.system = system.system
        self.app = system.app
        self.limiter = self.system.limits
        self._policies = dict(self.limiter.policies)
        self.begin()

    def begin(self) -> None:
        """Nothing is counted yet, nobody is signed in, and time stands still."""
        self.test.sign_out()
        self.clock = Clock()
        self.limiter.policies.update(self._policies)
        self.limiter.own = InProcess(clock=self.clock)
        self.limiter._told = Told(self.clock)
        if self.limiter.shared is not None:
            shared = self.limiter.shared._shared
            self.limiter.shared = Breaker(shared, self.limiter.own, self.clock)

    def limit(self, **quotas: str) -> Self:
        """Other quotas: `anonymous="2/minute", till__bell="off"`."""
        for key, said in quotas.items():
            name = key.replace("__", ".")
            self.limiter.policies[name] = replace(self._policies[name], quota=quota(said))
        return self

    def ask(
        self,
        path: str,
        headers: Any = None,
        address: str = "192.0.2.1",
        method: str = "GET",
        **more: Any,
    ) -> Any:
        environ = {"REMOTE_ADDR": address}
        if method == "POST":
            return self.app.post_json(
                path, more.pop("json", {}), headers=headers, extra_environ=environ,
                expect_errors=True, **more,
            )  # fmt: skip
        return self.app.get(
            path, headers=headers, extra_environ=environ, expect_errors=True, **more
        )

    def statuses(self, times: int, path: str, *args: Any, **more: Any) -> list[int]:
        return [self.ask(path, *args, **more).status_int for _ in range(times)]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is sent to the database meanwhile."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(self.system.database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.system.database.engine, "before_cursor_execute", note)


def composing(addons: Any, url: str) -> Callable[..., AbstractContextManager[Till]]:
    """`with composing(...)({"talatat.limits.writes": "2/minute"}) as till`."""

    @contextmanager
    def composed(settings: dict[str, str] | None = None) -> Iterator[Till]:
        said = {"talatat.limits": "on", **(settings or {})}
        with addons.composed("till", url=url, settings=said) as system:
            models = addons.module("till.models")
            with system.session() as session:
                session.add_all(models.Badge(text=text, owner=one) for text, one in BADGES.items())
            yield Till(system)

    return composed


@pytest.fixture(scope="module")
def till_addons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with folder_of_addons(tmp_path_factory.mktemp("till")) as made:
        made.write("till", TILL)
        made.revision("till", "0001_till", TABLES)
        yield made


@pytest.fixture
def composed_till(till_addons: Any, sqlite_url: str) -> Callable[..., AbstractContextManager[Till]]:
    """A till of its own, with these keys in its .ini."""
    return composing(till_addons, sqlite_url)


@pytest.fixture(scope="module")
def one_till(till_addons: Any) -> Iterator[Till]:
    with composing(till_addons, f"sqlite:///{till_addons.folder}/till.sqlite")() as till:
        yield till


@pytest.fixture
def till(one_till: Till) -> Callable[..., Till]:
    """`till(anonymous="2/minute")`: one system for all tests, nothing counted yet."""
    one_till.begin()
    return one_till.limit
