"""What the releases of a database tell of an addon that is gone: no package is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, desc, inspect, select

from talatat.evolution.ledger import Ledger
from talatat.evolution.observed import all_heads, release_of
from talatat.evolution.tables import archives, ledger, releases


@dataclass(frozen=True)
class Past:
    """An addon as its last release had it; `release` is that one's number, None where none had it.

    `roles` are its own, and those of others that hold a permission of its.
    """

    release: int | None = None
    version: str | None = None
    distribution: str | None = None
    requires: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    permissions: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Any] = field(default_factory=dict)


def past_of(connection: Connection, addon: str) -> Past:
    """Return what the last release with `addon` tells of it."""
    query = select(releases.c.number, releases.c.surface["addons"]).order_by(
        desc(releases.c.number)
    )
    found = (
        (number, one)
        for number, addons in connection.execute(query)
        for one in addons or ()
        if one["name"] == addon
    )
    number, said = next(found, (None, None))
    if number is None or said is None:
        return Past()
    release = release_of(connection, number)
    surface = release.surface if release else {}
    return Past(
        number,
        said.get("version"),
        said.get("distribution"),
        tuple(said.get("requires") or ()),
        _own(surface.get("settings"), addon),
        permissions := _own(surface.get("permissions"), addon),
        {
            name: one
            for name, one in (surface.get("roles") or {}).items()
            if one["addon"] == addon or not permissions.keys().isdisjoint(one["permissions"])
        },
    )


def known_addons(connection: Connection) -> set[str]:
    """Return every addon that this database ever saw."""
    known = set(all_heads(connection, inspect(connection).get_table_names()))
    known.update(connection.scalars(select(ledger.c.addon).distinct()))
    known.update(connection.scalars(select(archives.c.addon).distinct()))
    for addons in connection.scalars(select(releases.c.surface["addons"])):
        known.update(one["name"] for one in addons or ())
    return known


def texts_of(known: Ledger, addon: str) -> tuple[dict[str, Any], ...]:
    """Return the entries of an addon's applied revisions as plain data."""
    left_out = ("position", "direction", "started_at", "finished_at", "lock_wait_ms")
    return tuple(
        {name: getattr(one, name) for name in one.__dataclass_fields__ if name not in left_out}
        for one in known.applied().values()
        if one.addon == addon
    )


def _own(part: Mapping[str, Any] | None, addon: str) -> dict[str, Any]:
    return {name: one for name, one in (part or {}).items() if one.get("addon") == addon}
