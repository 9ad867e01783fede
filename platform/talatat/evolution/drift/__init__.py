"""Drift: where models, migrations and database part, and what else is not as it should be.

Every check stands alone: one that cannot be made (an addon that does not import, a database that is not
there) is told, and the others are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from talatat.errors import TalatatError, said_by
from talatat.evolution.drift import database, surroundings
from talatat.evolution.drift.case import Case
from talatat.evolution.drift.report import Finding, Report
from talatat.evolution.drift.threeway import drift
from talatat.evolution.drift.versions import repair, version_rows

__all__ = ["Case", "Finding", "Report", "examine", "repair"]

Check = Callable[[Case], Iterable[Finding]]

# Each with what it is called where it has to be left out.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("revision files against the ledger", surroundings.edited_files),
    ("revisions that packages lack", surroundings.ahead),
    ("packages against the last release", surroundings.packages),
    ("packages against what was installed", surroundings.altered),
    ("the lock file", surroundings.lock_file),
    ("an unfinished plan", surroundings.unfinished_plan),
    ("processes on older releases", surroundings.older_processes),
    ("invalid indexes and constraints", database.unfinished),
    ("foreign keys between addons", database.foreign_keys),
    ("guaranteed extension rows", database.guaranteed_rows),
)
# Good to know, and no reason to do anything.
KNOWN: tuple[tuple[str, Check], ...] = (
    ("the last release", surroundings.last_release),
    ("pending revisions", surroundings.pending),
    ("data of sleeping addons, archives and keeps", surroundings.put_away),
)


def examine(case: Case) -> Report:
    """Make all checks."""
    report = Report()
    for name, why in case.absent.items():
        report.left_out.append(f"models, fields and guaranteed rows of {name}: {why}")
    report.findings += surroundings.failing(case)
    rows = list(_made(report, "version rows", version_rows, case))
    passed_over = {one.addon for one in rows if one.addon is not None}
    report.findings += rows
    report.findings += _made(
        report, "models, migrations and database", lambda given: drift(given, passed_over), case
    )
    for name, check in CHECKS:
        report.findings += _made(report, name, check, case)
    for name, check in KNOWN:
        report.information += _made(report, name, check, case)
    report.left_out += case.left_out
    return report


def _made(report: Report, name: str, check: Check, case: Case) -> Iterator[Finding]:
    """What a check finds; where it cannot be made, why is put down instead."""
    try:
        found = list(check(case))
    except (TalatatError, SQLAlchemyError) as error:
        why = said_by(error)
        report.left_out.append(f"{name}: {why}")
        return
    report.checks.append(name)
    yield from found
