"""The PostgreSQL of the bench: kept between runs, and never one that forgets what it acknowledged.

It differs from the throw-away servers of the tests in its options: fsync and synchronous commit are on,
as a shop has them, and statements can be counted. Its folder is `var/bench/postgresql`.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from talatat.testing.servers import PostgreSQL, find_postgresql

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


class Cluster(PostgreSQL):
    """`with Cluster() as cluster:` starts it; its folder stays when it is stopped."""

    options: ClassVar[Mapping[str, str]] = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "1GB",
        "effective_cache_size": "4GB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "30min",
        # Cleaning up in the background would land on one peer and not on another.
        "autovacuum": "off",
        "max_connections": "500",
        "listen_addresses": "127.0.0.1",
        "log_min_messages": "fatal",
        "shared_preload_libraries": "pg_stat_statements",
    }

    def __init__(self, folder: Path | None = None) -> None:
        self.programs = find_postgresql()
        self.folder = folder or ROOT / "var" / "bench" / "postgresql"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self._process = None

    def _initialise(self) -> None:
        if not (self.folder / "data" / "PG_VERSION").exists():
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            super()._initialise()

    def stop(self) -> None:
        """End the server in order, with a last checkpoint, and leave its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
        self._process = None

    @property
    def pid(self) -> int:
        """The process that all its others come from."""
        assert self._process is not None
        return self._process.pid

    def names(self) -> set[str]:
        """The names of its databases."""
        with self._connect() as connection:
            return {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}

    def create_named(self, name: str, template: str = "template1") -> str:
        """Make a database, in the place of one that has this name, and return its URL."""
        self.drop_database(self.url(name))
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def set_option(self, name: str, value: str) -> None:
        """Change an option of the running server."""
        with self._connect() as connection:
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(
                    sql.SQL(name),
                    sql.Literal(value),  # type: ignore[arg-type]  # an option's own name
                )
            )
            connection.execute("SELECT pg_reload_conf()")

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser to one of its databases, in autocommit."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        )
