"""A `Database` without a composition, for tests of what lies below one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from talatat.db.session import Database

_SETTINGS = {
    "pool_size": 5,
    "max_overflow": 20,
    "pool_timeout": 5.0,
    "statement_timeout": 20.0,
    "lock_timeout": 5.0,
    "costs": True,
}


def make_database(url: str, **settings: Any) -> Database:
    """Return the database at `url`, with the settings of `Database`, short timeouts unless given."""
    return Database(SimpleNamespace(**{**_SETTINGS, "url": url, **settings}))
