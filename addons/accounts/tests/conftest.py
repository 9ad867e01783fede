"""Accounts composed on a fresh database, people to put in, and browsers to send requests with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from webtest import TestApp

from talatat.db import new_id
from talatat.testing import TestSystem, composed
from talatat.testing.fixtures import *  # noqa: F403  # the databases
from talatat_accounts.models import Base, Grant, Group, User
from talatat_accounts.passwords import passwords_of

SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # As weak as it goes: these tests hash hundreds of passwords.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "64",
    "accounts.argon2_parallelism": "1",
}
PASSWORD = "correct horse battery staple"
API = "/api/accounts/v1"


class Client(TestApp):
    """One browser or program: cookies of its own, and a token once it has asked for one."""

    csrf: str | None = None

    def log_in(self, user: str = "ada", password: str = PASSWORD, **kw: Any) -> Any:
        body = {"user": user, "password": password}
        answer = self.post_json(f"{API}/sessions", body, **kw)
        self.csrf = answer.json.get("csrf_token")
        return answer

    def take_token(self, user: str = "ada", **kw: Any) -> str:
        body = {"user": user, "password": PASSWORD, **kw}
        answer = self.post_json(f"{API}/tokens", body, status=201)
        self.authorization = ("Bearer", answer.json["token"])
        return str(answer.json["token"])

    def proven(self) -> dict[str, str]:
        assert self.csrf
        return {"X-CSRF-Token": self.csrf}


@dataclass
class Accounts:
    """The system under test with what tests ask of it."""

    test: TestSystem

    def client(self, **environ: str) -> Client:
        return Client(self.test.app.app, extra_environ={"REMOTE_ADDR": "192.0.2.1", **environ})

    def token_of(self, user: str, **kw: Any) -> Client:
        client = self.client()
        client.take_token(user, **kw)
        return client

    def add(self, name: str = "ada", roles: tuple[str, ...] = (), **kw: Any) -> str:
        declared = self.test.system.security.roles
        user_id = new_id()
        user = User(
            id=user_id,
            name=name,
            password_hash=passwords_of(self.test.system).hash(PASSWORD),
            grants=[
                Grant(role=role, addon=declared[role].addon if role in declared else "gone")
                for role in roles
            ],
            **kw,
        )
        with self.test.session() as session:
            session.add(user)
        return user_id

    def add_group(
        self, name: str, roles: tuple[str, ...] = (), members: tuple[str, ...] = ()
    ) -> None:
        group = Group(id=new_id(), name=name, grants=[Grant(role=r, addon="x") for r in roles])
        with self.test.session() as session:
            session.add(group)
            for user in session.query(User).filter(User.name.in_(members)):
                user.groups.append(group)

    def rows(self, statement: Any, parameters: Any = None) -> list[Any]:
        with self.test.session() as session:
            result = session.execute(statement, parameters or {})
            return list(result) if getattr(result, "returns_rows", True) else []


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestSystem]:
    """One composed system for each database; tests find its tables empty."""
    url = f"sqlite:///{tmp_path_factory.mktemp('accounts')}/test.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").create_database()
    with composed(["accounts"], SETTINGS, url) as test:
        yield test


@pytest.fixture
def accounts(served: TestSystem) -> Accounts:
    with served.session() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return Accounts(served)


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Accounts]:
    """For what does not depend on the database."""
    with composed(["accounts"], SETTINGS, sqlite_url) as test:
        yield Accounts(test)


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada")
