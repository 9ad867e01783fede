"""Who holds what a step waits for: named, so that a person can decide."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

_SHOWN = 5

_HOLDERS = """
SELECT DISTINCT a.pid, a.usename, a.application_name, a.client_addr, a.state, l.mode,
       l.relation::regclass::text AS relation,
       round(extract(epoch FROM now() - a.xact_start)) AS seconds,
       left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80) AS query
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.granted AND l.locktype = 'relation' AND a.pid <> pg_backend_pid()
   AND a.datname = current_database() AND l.relation >= 16384
 ORDER BY seconds DESC NULLS LAST
"""


def is_lock_timeout(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, says that a lock was not had in time."""
    while error is not None:
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in (
            "55P03",
            "40P01",
        ):
            return True
        error = error.__cause__
    return False


def blockers(connection: Connection, tables: Collection[str] = ()) -> list[str]:
    """Tell, in words, which sessions hold locks on `tables` (on any table where none is named)."""
    if connection.dialect.name != "postgresql":
        return []
    rows = connection.execute(text(_HOLDERS)).all()
    connection.rollback()
    wanted = [row for row in rows if row.relation in tables] or list(rows)
    return [
        f"backend {row.pid} ({row.usename}, {row.application_name or 'no name'} from "
        f"{row.client_addr or 'this machine'}) holds {row.mode} on {row.relation}, "
        f"{row.state} for {row.seconds:.0f} s: {row.query}"
        for row in wanted[:_SHOWN]
    ]
