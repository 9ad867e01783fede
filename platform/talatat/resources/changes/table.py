"""The table `talatat_change`: one row for each row of a resource, its latest change.

A row that changes again moves to the end of the feed; its former place is gone, so the table never has
more rows than were ever written. One statement writes any number of notes, given as one JSON document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from talatat.db.base import NAMING_CONVENTION
from talatat.db.engine import dump_json
from talatat.db.prepared import Prepared
from talatat.db.types import JSONDocument, UTCDateTime, utcnow
from talatat.db.work import Work

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

change = sa.Table(
    "talatat_change",
    sa.MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"}),
    sa.Column("position", POSITION, primary_key=True),
    # PostgreSQL's number of the transaction that wrote it; 0 on SQLite, where one writes at a time.
    sa.Column("transaction_id", sa.BigInteger, nullable=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("changed_at", UTCDateTime, nullable=False),
    sa.Column("version", sa.BigInteger),
    sa.Column("kept", JSONDocument),
)

# Sorted: two transactions that note the same rows wait for each other and never deadlock.
_WRITE = {
    "postgresql": """
        INSERT INTO talatat_change
            (transaction_id, table_name, row_id, deleted, changed_at, version, kept)
        SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint),
            note.table_name, note.row_id, note.deleted, :now, note.version, note.kept
        FROM jsonb_to_recordset(CAST(:notes AS jsonb)) AS note
            (table_name text, row_id text, deleted boolean, version bigint, kept jsonb)
        ORDER BY note.table_name, note.row_id
        ON CONFLICT (table_name, row_id) DO UPDATE SET
            position = excluded.position, transaction_id = excluded.transaction_id,
            deleted = excluded.deleted, changed_at = excluded.changed_at,
            version = excluded.version, kept = excluded.kept
        """,
    "sqlite": """
        INSERT OR REPLACE INTO talatat_change
            (transaction_id, table_name, row_id, deleted, changed_at, version, kept)
        SELECT 0, value ->> 'table_name', value ->> 'row_id', value ->> 'deleted', :now,
            value ->> 'version', value ->> 'kept'
        FROM json_each(:notes) ORDER BY 2, 3
        """,
}
WRITE = {
    dialect: Prepared(sa.text(text).bindparams(sa.bindparam("now", type_=UTCDateTime)))
    for dialect, text in _WRITE.items()
}


def write(work: Work, notes: Sequence[dict[str, Any]]) -> None:
    """Write notes: dicts of table_name, row_id, deleted, version and kept (a JSON value or None)."""
    statement = WRITE[work.database.dialect]
    work.execute(statement, {"notes": dump_json(notes), "now": utcnow()})
