"""What is in a database, read with the drivers alone: `sqlite3` and `psycopg`, no line of the platform."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

Row = dict[str, Any]


class Look:
    """One direct connection, in autocommit, with foreign keys enforced."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            self.connection: Any = sqlite3.connect(
                str(self.url.database), isolation_level=None, timeout=30
            )
            self.connection.execute("PRAGMA foreign_keys = ON")
        else:
            self.connection = psycopg.connect(
                host=self.url.host,
                port=self.url.port,
                user=self.url.username,
                dbname=self.url.database,
                autocommit=True,
                prepare_threshold=None,
                options="-c timezone=UTC",
            )

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *details: object) -> None:
        self.connection.close()

    def execute(self, statement: str, values: Iterable[Any] = ()) -> int:
        """Run a statement with `?` for its values; the number of rows that it changed."""
        done = self.connection.execute(self._marked(statement), tuple(values))
        return int(done.rowcount)

    def query(self, statement: str, values: Iterable[Any] = ()) -> list[Row]:
        """The rows of a SELECT, as plain comparable values."""
        done = self.connection.execute(self._marked(statement), tuple(values))
        names = [one[0] for one in done.description]
        return [dict(zip(names, map(plain, row), strict=True)) for row in done.fetchall()]

    def rows(self, table: str, key: str, place: str = "") -> dict[str, Row]:
        """All rows of a table by their key. `place` is a schema with its point, or a prefix."""
        return {str(row[key]): row for row in self.query(f"SELECT * FROM {place}{table}")}

    def one(self, table: str, key: str, value: str) -> Row:
        """One row."""
        (found,) = self.query(f"SELECT * FROM {table} WHERE {key} = ?", (value,))
        return found

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        marks = ", ".join("?" for _ in row)
        self.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row.values())

    def tables(self) -> set[str]:
        """The names of all tables where applications look for them."""
        if self.sqlite:
            found = self.query("SELECT name FROM sqlite_master WHERE type = 'table'")
        else:
            found = self.query(
                "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
            )
        return {row["name"] for row in found}

    def orphans(self) -> list[str]:
        """Rows whose foreign keys lead nowhere, and foreign keys that nobody has validated."""
        if self.sqlite:
            found = self.query("PRAGMA foreign_key_check")
            return [f"{row['table']} -> {row['parent']}, row {row['rowid']}" for row in found]
        keys = self.query(
            "SELECT conname, conrelid::regclass::text AS child, confrelid::regclass::text AS parent,"
            " convalidated, a.attname AS own, b.attname AS other FROM pg_constraint"
            " JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]"
            " JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1]"
            " WHERE contype = 'f'"
        )
        lost = [f"{one['conname']} is not validated" for one in keys if not one["convalidated"]]
        for one in keys:
            count = self.query(
                f"SELECT count(*) AS n FROM {one['child']} c WHERE c.{one['own']} IS NOT NULL AND"
                f" NOT EXISTS (SELECT 1 FROM {one['parent']} p WHERE p.{one['other']} = c.{one['own']})"
            )[0]["n"]
            if count:
                lost.append(f"{one['child']}.{one['own']} -> {one['parent']}: {count}")
        return lost

    def _marked(self, statement: str) -> str:
        return statement if self.sqlite else statement.replace("%", "%%").replace("?", "%s")


def plain(value: Any) -> Any:
    """A driver's value as what it is compared as."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value


def remove(url: str) -> None:
    """Delete the file of an SQLite database, with its write-ahead log."""
    path = str(make_url(url).database)
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)
