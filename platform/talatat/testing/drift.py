"""Where an addon's models and its migrations part: a table comes from a revision, and from nothing else.

with composed(["shelf"], url=database_url) as system:
assert differences(system.system) == []
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from talatat.composition import PLATFORM
from talatat.db.base import bases_of
from talatat.events.table import outbox
from talatat.evolution.tables import metadata as own_tables

if TYPE_CHECKING:
    from talatat.system import System


def differences(system: System) -> list[str]:
    """Return, in words, what the migrated database has and the models have not, or the other way."""
    found: list[str] = []
    with system.database.engine.connect() as connection:
        for addon in system.composition.addons:
            for base in bases_of(addon.package):
                found += _compared(connection, addon.name, base.metadata)
        for metadata in (outbox.metadata, own_tables):
            found += _compared(connection, PLATFORM, metadata)
    return found


def _compared(connection: Connection, addon: str, metadata: MetaData) -> list[str]:
    own = set(metadata.tables)

    def included(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        """Only the addon's own tables; what it makes in SQL alone carries no model and is not judged."""
        table = thing if kind == "table" else getattr(thing, "table", None)
        return table is None or table.name in own

    context = MigrationContext.configure(
        connection,
        opts={
            "include_object": included,
            "target_metadata": metadata,
            "compare_type": connection.dialect.name == "postgresql",
        },
    )
    return [f"addon {addon}: {one}" for one in compare_metadata(context, metadata)]
