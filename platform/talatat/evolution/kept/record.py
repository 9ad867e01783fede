"""The rows of talatat_kept: what was put away, from where, by which revision, and where it lies now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, inspect, select, update

from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.tables import kept

# The tables that hold what was kept.
PREFIX = "talatat_kept_"
# Columns of their own that these tables have: a number, and why a row could not be put back.
ROW = "talatat_row"
WHY = "talatat_why"
WAS = "talatat_was"  # a digest of the row's other columns, to see whether it was changed since
OWN = (ROW, WHY, WAS)


@dataclass(frozen=True)
class Keep:
    """One keep. `columns` is empty for a whole table; `direction` is that of the step that dropped it."""

    id: str
    addon: str
    revision: str
    direction: str
    table_name: str
    columns: list[str]
    key: list[str]
    location: str
    rows: int
    whole: bool
    plan: str | None
    made_at: datetime
    state: str

    def __str__(self) -> str:
        what = ", ".join(self.columns) or "all columns"
        return f"{self.table_name} ({what}), kept by {self.addon} {self.revision} {self.direction}"


@dataclass
class Returned:
    """What became of one keep: rows written, rows that stood there so already, rows deleted since.

    `left` are the rows that stay in the keep: {why: how many}; `problem` why nothing could be tried.
    """

    keep: Keep
    written: int = 0
    same: int = 0
    gone: int = 0
    left: dict[str, int] = field(default_factory=dict)
    problem: str | None = None

    def after(self, earlier: Returned | None) -> Returned:
        """The outcome of this try together with that of an earlier one."""
        if earlier is not None:
            self.written += earlier.written
            self.same += earlier.same
            self.gone += earlier.gone
        return self

    def __str__(self) -> str:
        parts = [f"{self.written} rows written" if self.written else "nothing written"]
        parts += [f"{number} left ({why})" for why, number in sorted(self.left.items())]
        parts += [f"stays kept: {self.problem}"] if self.problem else []
        return f"{self.keep}: {', '.join(parts)}"


def keeps_of(connection: Connection, *, states: tuple[str, ...] = ("kept", "left")) -> list[Keep]:
    """Return the keeps in one of `states`, the newest first; none where the table is not there yet."""
    if not inspect(connection).has_table(kept.name):
        return []
    rows = connection.execute(
        select(kept).where(kept.c.state.in_(states)).order_by(kept.c.made_at.desc(), kept.c.id)
    )
    return [Keep(**row._mapping) for row in rows]


def remaining(connection: Connection, keep: Keep) -> int:
    """Return how many rows a keep holds."""
    table = quoted(connection, keep.location)
    return int(ran(connection, "SELECT count(*) FROM {table}", table=table).scalar_one())


def forget(connection: Connection, addon: str) -> int:
    """Drop all that was kept of an addon, in the open transaction: its data is purged; return how many."""
    own = [one for one in keeps_of(connection) if one.addon == addon]
    for one in own:
        ran(connection, "DROP TABLE {table}", table=quoted(connection, one.location))
        connection.execute(update(kept).where(kept.c.id == one.id).values(state="purged"))
    return len(own)
