"""How far a load has come: a row of `talatat_load`, changed in the transaction of each batch.

What the row says and what the addon's tables hold can therefore never part, whenever the process ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat.db import JSONDocument, UTCDateTime, new_id, utcnow
from talatat.errors import TalatatError
from talatat.loading.records import Counts

NO_REPORT = -1

loads = sa.Table(
    "talatat_load",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("source_digest", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("counts", JSONDocument, nullable=False),
    sa.Column("report_offset", sa.BigInteger, nullable=False),
    sa.Column("net_total", sa.Text, nullable=False),
    sa.Column("finished", sa.Boolean, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
)


@dataclass
class Progress:
    """One load. All up to `line` is settled; `report_offset` is None where no report is written."""

    id: str
    resource: str
    digest: str
    line: int = 0
    counts: Counts = field(default_factory=Counts)
    report_offset: int | None = None
    finished: bool = False

    def begin(self, session: Session) -> None:
        """Write the row of a load that begins."""
        session.execute(loads.insert().values(id=self.id, **self._values()))

    def advance(self, session: Session, after: Progress) -> None:
        """Change the row from this state to `after`, once.

        Raises TalatatError when another process has moved it meanwhile.
        """
        statement = (
            loads.update()
            .where(loads.c.id == self.id, loads.c.line == self.line, ~loads.c.finished)
            .values(**after._values())
        )
        if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
            raise TalatatError(
                f"Another process goes on with this load of {self.resource}. Wait until it has finished."
            )

    def _values(self) -> dict[str, object]:
        return {
            "resource": self.resource,
            "source_digest": self.digest,
            "line": self.line,
            "counts": {
                "loaded": self.counts.loaded,
                "merged": self.counts.merged,
                "rejected": self.counts.rejected,
            },
            "report_offset": NO_REPORT if self.report_offset is None else self.report_offset,
            "net_total": str(self.counts.net_total),
            "finished": self.finished,
            "updated_at": utcnow(),
        }


def new_progress(resource: str, digest: str, reports: bool) -> Progress:
    """Return the state of a load that has not begun."""
    return Progress(new_id(), resource, digest, report_offset=0 if reports else None)


def find(session: Session, resource: str, digest: str) -> Progress | None:
    """Return the newest load of this source, finished or not.

    Raises TalatatError when there is none, but one of another source that has not finished: the
    wrong file was named.
    """
    newest = (
        sa.select(loads).where(loads.c.resource == resource).order_by(loads.c.id.desc()).limit(1)
    )
    row = session.execute(newest.where(loads.c.source_digest == digest)).one_or_none()
    if row is not None:
        return Progress(
            row.id,
            row.resource,
            row.source_digest,
            row.line,
            Counts(**row.counts, net_total=Decimal(row.net_total)),
            None if row.report_offset == NO_REPORT else row.report_offset,
            row.finished,
        )
    other = session.execute(newest.where(~loads.c.finished)).one_or_none()
    if other is not None:
        raise TalatatError(
            f"The load of {resource} that was interrupted (after line {other.line}, "
            f"{other.updated_at:%Y-%m-%d %H:%M} UTC) was of another file. Name that file to go on with "
            "it, or load this one without --resume."
        )
    return None
