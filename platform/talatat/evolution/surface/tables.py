"""Tables and columns of the composed models, in portable words: the same on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table, UniqueConstraint

from talatat.composition import Composition
from talatat.db.base import bases_of
from talatat.system import System


def tables_of(composition: Composition) -> dict[str, Any]:
    """{table: {addon, columns, constraints, indexes}} of every composed addon's models."""
    return {
        table.name: _table(addon.name, table)
        for addon in composition.addons
        for base in bases_of(addon.package)
        for table in base.metadata.tables.values()
    }


def _table(addon: str, table: Table) -> dict[str, Any]:
    return {
        "addon": addon,
        "columns": {
            column.name: {
                "type": repr(column.type),
                "nullable": bool(column.nullable),
                "primary_key": column.primary_key,
            }
            for column in table.columns
        },
        "constraints": sorted(filter(None, (_constraint(one) for one in table.constraints))),
        "indexes": sorted(
            f"{index.name}: {'unique ' if index.unique else ''}"
            f"{', '.join(str(part) for part in index.expressions)}"
            for index in table.indexes
        ),
    }


def _constraint(one: Any) -> str | None:
    names = ", ".join(column.name for column in getattr(one, "columns", ()))
    if isinstance(one, ForeignKeyConstraint):
        targets = ", ".join(element.target_fullname for element in one.elements)
        return f"foreign key ({names}) -> {targets} on delete {one.ondelete or 'no action'}"
    if isinstance(one, UniqueConstraint):
        return f"unique ({names})"
    if isinstance(one, CheckConstraint):
        return f"check {one.name}: {one.sqltext}"
    return None


def extensions_of(system: System) -> list[dict[str, str]]:
    """Which addon extends which model's table, and how."""
    found = [
        {
            "addon": one.addon,
            "table": one.extension.__tablename__,
            "extends": one.model.__tablename__,
            "presence": one.presence,
        }
        for one in system.models.attachments
    ]
    return sorted(found, key=lambda one: (one["addon"], one["table"]))
