"""What commands of `talatat` do: one entry each run. Named in `talatat.command_observers`.

It is called without the system being composed, so that commands which mend a broken one are told of, too.
"""

from __future__ import annotations

import sqlalchemy as sa

from talatat.db import Database
from talatat.db.origin import Origin
from talatat.events.command import CommandRun
from talatat_audit.context import of_origin
from talatat_audit.values import plain
from talatat_audit.writing import row, write_now

RELEASE = sa.text("SELECT max(number) FROM talatat_release")


def observe(run: CommandRun, database: Database) -> None:
    """Write the entry of a command: `talatat.apply`, its arguments before, its outcome after."""
    context = of_origin(Origin("command", run.who, run.name), _release(database))
    verb = run.name.rpartition(" ")[2]
    made = row(
        context,
        "talatat",
        f"talatat.{verb}",
        outcome=run.outcome,
        reason=run.reason,
        subject=run.ini,
        before={"arguments": plain(dict(run.arguments))},
        after={
            "exit_code": run.exit_code,
            "seconds": str(run.seconds),
            "started_at": run.started_at.isoformat(),
            **{name: plain(value) for name, value in run.details.items()},
        },
    )
    write_now(database, [made])


def _release(database: Database) -> int | None:
    try:
        with database.transaction(reading=True) as (_, session):
            number: int | None = session.scalar(RELEASE)
            return number
    except sa.exc.SQLAlchemyError:  # told by the entry itself, where it cannot be written
        return None
