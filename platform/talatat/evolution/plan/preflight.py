"""What to look at before a database is changed: room on the disk, long transactions, the last backup."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, text

from talatat.evolution.amounts import size
from talatat.evolution.observed import Observed
from talatat.evolution.opening import Opened

LONG = 60  # seconds
OLD = 24 * 3600  # seconds
_HOUR = 3600

_TRANSACTIONS = text("""
SELECT pid, usename, application_name, state, round(extract(epoch FROM now() - xact_start)) AS seconds
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start < now() - make_interval(secs => :long)
 ORDER BY xact_start
""")


def preflight(opened: Opened, observed: Observed) -> list[str]:
    """Return what an operator should know before applying; nothing of it is part of the plan's digest."""
    if not opened.exists:
        return []
    found = [*_disk(opened), *_backup(opened), *_old_processes(observed)]
    if opened.dialect == "postgresql":
        with opened.reading() as connection:
            found += [*_long_transactions(connection), *_invalid_indexes(observed)]
    return found


def _disk(opened: Opened) -> Iterator[str]:
    if opened.dialect != "sqlite":
        return
    path = Path(opened.database.url.database or "")
    free, needed = shutil.disk_usage(path.parent).free, 2 * path.stat().st_size
    if free < needed:
        yield (
            f"{path.parent} has {size(free)} free, and a rebuilt table needs up to "
            f"{size(needed)}. Make room before you apply."
        )


def _backup(opened: Opened) -> Iterator[str]:
    name = getattr(opened.settings, "backup", None)
    if name is None:
        return
    path = Path(name)
    if not path.exists():
        yield f"{opened.ini.at('talatat.backup')}: there is no backup {path}."
        return
    age = time.time() - path.stat().st_mtime
    if age > OLD:
        yield f"The last backup, {path}, is {age / _HOUR:.0f} hours old."


def _old_processes(observed: Observed) -> Iterator[str]:
    number = observed.release.number if observed.release else 0
    for one in observed.processes:
        if one["release"] < number:
            yield (
                f"Process {one['pid']} on {one['host']} serves release {one['release']}, not {number}: "
                f"contract steps wait for it to end."
            )


def _long_transactions(connection: Connection) -> Iterator[str]:
    for row in connection.execute(_TRANSACTIONS, {"long": LONG}):
        yield (
            f"Backend {row.pid} ({row.usename}, {row.application_name or 'no name'}) has a transaction "
            f"open for {row.seconds:.0f} s ({row.state}): indexes are not built CONCURRENTLY before it ends."
        )


def _invalid_indexes(observed: Observed) -> Iterator[str]:
    if observed.schema is None:
        return
    for table, info in observed.schema.tables.items():
        for name, index in info.indexes.items():
            if not index.valid:
                yield f"Index {name} of {table} is invalid. DROP INDEX CONCURRENTLY {name}."
