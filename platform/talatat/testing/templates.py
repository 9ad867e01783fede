"""Databases at a composition, made once and copied for each test.

A template is made by running the revisions, as `talatat apply` does, and kept for the process under a
digest of what those revisions are. Copying takes a tenth of a second where running them takes a second.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from psycopg import sql
from sqlalchemy import inspect

from talatat.composition import Composition
from talatat.db.session import Database
from talatat.evolution.graph import read_graph
from talatat.evolution.migrate import bring_to
from talatat.evolution.surface import packages_of
from talatat.testing import servers
from talatat.testing.databases import make_database

_made: set[str] = set()


def prepare(composition: Composition, database: Database) -> None:
    """Bring the database of a test to the composition; an empty one is replaced by a copy."""
    name = f"talatat_template_{database.dialect}_{_digest(composition)}"
    if database.dialect == "sqlite":
        path = Path(database.url.database or "")
        if not path.exists():
            _sqlite_template(composition, name, path)
    elif _is_ours(database) and _is_empty(database):
        _postgresql_template(composition, name, database)
    bring_to(composition, database)


def _digest(composition: Composition) -> str:
    graph = read_graph(composition)
    digest = hashlib.sha256(json.dumps(packages_of(composition, graph), sort_keys=True).encode())
    for key in sorted(graph.revisions):
        digest.update(graph.revisions[key].path.read_bytes())
    return digest.hexdigest()[:16]


def _make(composition: Composition, url: str) -> None:
    database = make_database(url, lock_timeout=60.0)
    bring_to(composition, database)
    database.dispose()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="talatat-templates-")


def _sqlite_template(composition: Composition, name: str, path: Path) -> None:
    template = Path(_folder().name, f"{name}.sqlite")
    if name not in _made:
        _make(composition, f"sqlite:///{template}")
        _made.add(name)
    shutil.copyfile(template, path)


def _is_ours(database: Database) -> bool:
    server = servers.postgresql()
    name = database.url.database or ""
    return database.url.port == server.port and name.startswith("talatat_test_")


def _is_empty(database: Database) -> bool:
    with database.migration_engine.connect() as connection:
        return not inspect(connection).get_table_names()


def _postgresql_template(composition: Composition, name: str, database: Database) -> None:
    server = servers.postgresql()
    if name not in _made:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        _make(composition, server.url(name))
        _made.add(name)
    database.dispose()
    target = sql.Identifier(database.url.database or "")
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(target))
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(target, sql.Identifier(name))
    server.execute(copy)
