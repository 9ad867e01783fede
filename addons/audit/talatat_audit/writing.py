"""Writing entries: one INSERT for all of a transaction; what must not be lost, in one of its own.

The statement is given as text, so that no listener takes it for a change. `write_now` is for what has to
stand although the transaction in which it happened is gone: it waits for a busy database a few times, and
where that is in vain the whole entry goes to the log.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from talatat.db import Database, is_retryable, new_id, utcnow
from talatat.errors import said_by
from talatat_audit.models import Entry
from talatat_audit.values import storable

log = logging.getLogger("talatat.audit")

TRIES = 4
SEAL = ("number", "previous", "digest")
COLUMNS = [column for column in Entry.__table__.columns if column.name not in SEAL]
_NAMES = ", ".join(f'"{column.name}"' for column in COLUMNS)
_VALUES = ", ".join(f":{column.name}" for column in COLUMNS)
INSERT = sa.text(f"INSERT INTO audit_entry ({_NAMES}) VALUES ({_VALUES})").bindparams(  # noqa: S608  # safe: names of our own columns
    *(sa.bindparam(column.name, type_=column.type) for column in COLUMNS)
)

LENGTHS = {column.name: getattr(column.type, "length", None) for column in COLUMNS}
NOTHING = dict.fromkeys(LENGTHS)

Row = dict[str, Any]


def row(context: Mapping[str, Any], addon: str, action: str, **more: Any) -> Row:
    """An entry's columns; texts are cut to what their columns hold, as those of the context are."""
    made = {
        **NOTHING,
        **context,
        "id": new_id(),
        "happened_at": utcnow(),
        "addon": addon,
        "action": storable(action, LENGTHS["action"]),
        "outcome": "succeeded",
    }
    for name, value in more.items():
        made[name] = storable(value, LENGTHS[name]) if isinstance(value, str) else value
    return made


def write(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Write entries into the connection's transaction."""
    if rows:
        connection.execute(INSERT, list(rows))


def write_now(database: Database, rows: Sequence[Row]) -> bool:
    """Write entries in a transaction of their own; False where they went to the log instead."""
    for attempt in range(1, TRIES + 1):
        try:
            with database.transaction() as (_, session):
                write(session.connection(), rows)
        except Exception as error:  # noqa: BLE001  # whatever it is, the entry is not lost
            if attempt < TRIES and is_retryable(error):
                time.sleep(0.05 * 2**attempt)
                continue
            _log(rows, error)
            return False
        return True
    raise AssertionError("the last try returns")


def _log(rows: Sequence[Row], error: Exception) -> None:
    for one in rows:
        log.error(
            "an audit entry could not be written (%s), so it stands here: %s",
            _why(error),
            json.dumps(one, default=str, ensure_ascii=False, sort_keys=True),
        )


def _why(error: Exception) -> str:
    """The reason; before the first `talatat apply`, and after a rollback, it is that the table is not there."""
    said = said_by(error)
    if (
        getattr(getattr(error, "orig", None), "sqlstate", None) == "42P01"
        or "no such table" in said
    ):
        return "its table is not there, talatat apply makes it"
    return said
