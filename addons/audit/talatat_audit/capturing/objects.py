"""What a session knew of a row before a flush changed it: the ORM keeps it, so nothing has to be asked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.base import LoaderCallableStatus

from talatat_audit.capturing.tables import Audited

UNKNOWN = object()


def known_values(session: Session, audited: Audited, key: tuple[Any, ...]) -> dict[str, Any]:
    """{column: value} of a row as it was loaded; what was never loaded is missing."""
    for mapper in audited.mappers:
        found = session.identity_map.get(mapper.identity_key_from_primary_key(key))
        if found is not None:
            return _loaded(found, audited)
    return {}


def _loaded(row: Any, audited: Audited) -> dict[str, Any]:
    state: Any = sa.inspect(row)
    values = {}
    for column in audited.table.columns:
        try:
            name = state.mapper.get_property_by_column(column).key
        except sa.orm.exc.UnmappedColumnError:
            continue
        value = state.committed_state.get(name, UNKNOWN)
        if value is UNKNOWN:
            value = state.dict.get(name, UNKNOWN)
        if value is not UNKNOWN and not isinstance(value, LoaderCallableStatus):
            values[column.name] = value
    return values
