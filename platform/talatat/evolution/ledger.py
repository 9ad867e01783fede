"""The ledger: every revision that was ever run on a database, up or down, with its text.

It is only ever appended to. Since it keeps the files themselves, the way down exists when the package is
gone or an older one is installed; since it keeps their checksums, a file that was edited after it was
applied is found out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from talatat.db.types import utcnow
from talatat.evolution.graph import EvolutionError, Graph, Revision, checksum, read_folders
from talatat.evolution.tables import ledger as table

Key = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One row: a revision that was run. `reversible` is reversible, restorable or forward only."""

    position: int
    addon: str
    revision: str
    direction: str
    phase: str
    down: list[str]
    requires: dict[str, str]
    version: str | None
    plan: str | None
    checksum: str
    text: str
    reversible: str
    started_at: datetime
    finished_at: datetime
    who: str
    lock_wait_ms: int

    @property
    def key(self) -> Key:
        """Addon and revision."""
        return (self.addon, self.revision)

    def __str__(self) -> str:
        return f"{self.addon} {self.revision}"


@dataclass(frozen=True)
class Ledger:
    """All entries, in the order in which they were written."""

    entries: tuple[Entry, ...] = ()

    def applied(self) -> dict[Key, Entry]:
        """What was run up and not down again since, in the order in which it was run."""
        standing: dict[Key, Entry] = {}
        for one in self.entries:
            standing.pop(one.key, None)
            if one.direction == "up":
                standing[one.key] = one
        return standing

    def edited(self, graph: Graph) -> list[str]:
        """Tell, in words, which files are not what was applied.

        A squashed revision is another file under the id of the last that it replaces: no edit.
        """
        applied = self.applied()
        return [
            f"{graph.revisions[key].path}: this file was edited after it was applied as revision "
            f"{entry.revision} of addon {entry.addon} ({entry.finished_at:%Y-%m-%d}, by {entry.who}). "
            f"Put it back as it was (talatat history {{ini}} --text {entry.addon}:{entry.revision} "
            f"prints it) and write a further revision: talatat revision {{ini}} {entry.addon} -m ..."
            for key, entry in applied.items()
            if key in graph.revisions
            and graph.revisions[key].checksum != entry.checksum
            and not any((entry.addon, old) in applied for old in graph.revisions[key].replaces)
        ]

    def graph(self, folder: Path, addons: Collection[str] | None = None) -> Graph:
        """Write the applied revisions' texts below `folder`, one folder an addon, and read them.

        Raises EvolutionError where a text is not what its checksum says.
        """
        folders: dict[str, Path] = {}
        for entry in self.applied().values():
            if addons is not None and entry.addon not in addons:
                continue
            if checksum(entry.text) != entry.checksum:
                raise EvolutionError(
                    f"talatat_ledger, position {entry.position}: the text of {entry} was changed in the "
                    f"database. Put that row back from a backup; nothing was run."
                )
            own = folders.setdefault(entry.addon, folder / entry.addon)
            own.mkdir(parents=True, exist_ok=True)
            (own / f"{entry.revision}.py").write_text(entry.text, encoding="utf-8")
        return read_folders(folders)


def read_ledger(connection: Connection, *, texts: bool = True) -> Ledger:
    """Read the ledger; the table has to be there. Without `texts` they are left empty."""
    columns = [one if texts or one.name != "text" else literal("").label("text") for one in table.c]
    rows = connection.execute(select(*columns).order_by(table.c.position))
    return Ledger(tuple(Entry(**row._mapping) for row in rows))


def write(
    connection: Connection,
    revision: Revision,
    *,
    direction: str,
    who: str,
    version: str | None = None,
    plan: str | None = None,
    reversible: str | None = None,
    started_at: datetime | None = None,
    lock_wait_ms: int = 0,
) -> None:
    """Append one entry, in the transaction that is open."""
    now = utcnow()
    last = connection.scalar(select(func.max(table.c.position)))
    row: Mapping[str, Any] = {
        "position": (last or 0) + 1,
        "addon": revision.addon,
        "revision": revision.revision,
        "direction": direction,
        "phase": revision.phase,
        "down": list(revision.down),
        "requires": dict(revision.requires),
        "version": version,
        "plan": plan,
        "checksum": revision.checksum,
        "text": revision.text,
        "reversible": reversible or ("reversible" if revision.reversible else "forward only"),
        "started_at": started_at or now,
        "finished_at": now,
        "who": who,
        "lock_wait_ms": lock_wait_ms,
    }
    connection.execute(insert(table).values(row))


def adopt(connection: Connection, applied: Iterable[Revision], graph: Graph, who: str) -> None:
    """Enter what the version tables say was applied and the ledger does not know.

    That is what was run before there was a ledger, and the very first revisions of a new database.
    """
    known = read_ledger(connection, texts=False).applied()
    for one in applied:
        if one.key not in known:
            version = graph.versions.get(one.addon)
            write(connection, one, direction="up", who=who, version=version, plan="adopted")
