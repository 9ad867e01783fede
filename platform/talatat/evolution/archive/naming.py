"""The names of archives and of what they hold, and which tables are whose."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime

PREFIX = "talatat_archive_"
PLATFORM_PREFIX = "talatat_"


def new_id(now: datetime) -> str:
    """Return an id that a person can type and that sorts by day: `20261122_3fa9c1`."""
    return f"{now:%Y%m%d}_{secrets.token_hex(3)}"


def location(dialect: str, archive_id: str) -> str:
    """Return the schema (PostgreSQL) or the prefix (SQLite) of the tables of an archive."""
    return f"{PREFIX}{archive_id}" + ("" if dialect == "postgresql" else "__")


def owned(addon: str, names: Iterable[str], addons: Collection[str]) -> list[str]:
    """Return those of `names` (tables, views, functions) that belong to `addon`, in their order.

    A name belongs to the addon with whose name it begins; where several do, to the longest: of the
    addons `shop` and `shop_extra`, `shop_extra_item` is the second's. `addons` are all that are known.
    """
    return [name for name in names if owner_of(name, {*addons, addon}) == addon]


def owner_of(name: str, addons: Collection[str]) -> str | None:
    """Return the addon that a name belongs to; None for the platform's and for strangers'."""
    if name.startswith(PLATFORM_PREFIX):
        return None
    return max((one for one in addons if name.startswith(f"{one}_")), key=len, default=None)
