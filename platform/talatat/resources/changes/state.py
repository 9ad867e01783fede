"""Which database this is, and up to where its changes are settled.

On PostgreSQL transactions commit in another order than they were numbered in: a change is settled once
every transaction with a smaller number has ended, and only what is settled is shown. On SQLite one
transaction writes at a time, so all that can be seen is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from talatat.resources.listing.cursor import digest_of

Place = tuple[int, int]
"""(transaction_id, position) in `talatat_change`."""


@dataclass(frozen=True)
class State:
    """What is shown ends before the transaction `settled`; no cursor can lie beyond `end`.

    `identity` is another one after a restore of the database, a failover, or a revision of the addons
    that were asked about: places from before mean nothing, or hide what was written unseen.
    """  # nothing of a request is in it

    identity: str
    settled: int
    start: Place
    end: Place


_ADDONS: sa.BindParameter[list[str]] = sa.bindparam("addons", expanding=True)
# The timeline changes when an older state is brought back or a standby takes over; the oids change when
# a dump is restored. A standby cannot name the segment that it will write to.
_POSTGRESQL = sa.text(
    """
    SELECT (SELECT system_identifier FROM pg_control_system()),
        CASE WHEN pg_is_in_recovery() THEN (SELECT to_hex(timeline_id) FROM pg_control_checkpoint())
            ELSE ltrim(left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), '0') END,
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        CAST(CAST('talatat_change' AS regclass) AS oid),
        (SELECT max(id) FROM talatat_identity),
        (SELECT max(position) FROM talatat_ledger WHERE addon IN :addons),
        CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
        CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
    """  # nothing of a request is in it
).bindparams(_ADDONS)
_SQLITE = sa.text(
    """
    SELECT (SELECT max(id) FROM talatat_identity),
        (SELECT max(position) FROM talatat_ledger WHERE addon IN :addons),
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'talatat_change'), 0)
    """  # nothing of a request is in it
).bindparams(_ADDONS)


def state_of(session: Any, addons: Sequence[str]) -> State:
    """The state of the session's database, for a feed of rows that belong to `addons`."""
    given = {"addons": list(addons)}
    if session.get_bind().dialect.name == "postgresql":
        *names, settled, end = session.execute(_POSTGRESQL, given).one()
        return State(digest_of(*names), settled, (settled, 0), (end, 0))
    *names, last = session.execute(_SQLITE, given).one()
    return State(digest_of(*names), 1, (0, last), (0, last))
