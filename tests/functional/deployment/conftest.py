"""`config/production.ini` in a folder of its own, on a database with a user who may do no more than needed."""

import os
import secrets
import shutil
import socket
import uuid
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from psycopg import sql

from talatat.composing import compose, load_composition
from talatat.deployment import Deployment
from talatat.deployment.examining import examine

ROOT = Path(__file__).resolve().parents[3]
ADDONS = "    catalog\n    orders\n    loyalty\n"


class Role:
    """A user of the server, and a database of its own."""

    def __init__(self, server):
        self.server, self.name = server, f"shop_{uuid.uuid4().hex[:8]}"
        name = sql.Identifier(self.name)
        self.sql("CREATE ROLE {} LOGIN CREATEDB", name)
        self.sql("CREATE DATABASE {} OWNER {}", name, name)
        self.url = f"postgresql://{self.name}@127.0.0.1:{server.port}/{self.name}"

    def sql(self, statement, *names):
        self.server.execute(sql.SQL(statement).format(*names))

    def alter(self, words):
        self.sql(f"ALTER ROLE {{}} {words}", sql.Identifier(self.name))


@pytest.fixture(scope="session")
def role(postgresql_server):
    return Role(postgresql_server)


@dataclass
class Site:
    """A production system whose one thing a test makes wrong."""

    folder: Path
    role: Role
    environ: dict
    given: dict = field(default_factory=dict)

    @property
    def ini(self):
        return self.folder / "config" / "production.ini"

    def edit(self, old, new):
        text = self.ini.read_text()
        assert old in text
        self.ini.write_text(text.replace(old, new, 1))

    def app(self, line):
        self.edit("\n[server:main]", f"{line}\n\n[server:main]")

    def server(self, line):
        self.edit("threads = 8", f"threads = 8\n{line}")

    def secret_in_file(self, mode=0o600):
        path = self.folder / "keys" / "secret"
        path.parent.mkdir(mode=0o755)
        path.write_text(self.environ["TALATAT_SECRET"] + "\n")
        path.chmod(mode)
        self.edit("${TALATAT_SECRET}", f"file:{path}")
        return path

    def on_sqlite(self):
        folder = self.folder / "data"
        folder.mkdir(mode=0o755)
        self.environ["DATABASE_URL"] = f"sqlite:///{folder}/shop.sqlite"
        return folder / "shop.sqlite"

    def examined(self, monkeypatch):
        """What the deployment checks say of it now."""
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        registry = compose(load_composition(str(self.ini))).registry
        database = registry.system.database
        if self.given.pop("connect", False):
            database.engine.connect().close()

        def processes():
            return self.given.get("processes", [])

        deployment = Deployment(
            registry.system.composition.ini,
            registry.system.settings,
            registry,
            database.engine.connect,
            processes,
            self.ini.with_suffix(".lock"),
            self.given.get("released", False),
        )
        deployment.today = self.given.get("today", date(2026, 11, 23))
        if "mounts" in self.given:
            deployment.mounts = self.given["mounts"]
        try:
            return examine(deployment)
        finally:
            database.dispose()


@pytest.fixture
def whole(tmp_path, role):
    """The configuration as it is shipped, filled as its head says."""
    tmp_path.chmod(0o755)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for path in (tmp_path / "config").iterdir():
        path.chmod(0o644)
    environ = {
        "DATABASE_URL": role.url,
        "TALATAT_SECRET": secrets.token_urlsafe(48),
        "ACCOUNTS_SECRET": secrets.token_urlsafe(48),
    }
    return Site(tmp_path, role, environ)


@pytest.fixture
def site(whole):
    """The same with one addon: it composes in a moment."""
    whole.edit(ADDONS, "")
    return whole


@pytest.fixture
def one_process():
    return {"pid": os.getpid(), "host": socket.gethostname()}
