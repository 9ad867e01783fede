"""Verifying: whether the entries are those that were sealed, and all of them.

The chain is walked by number: each entry has to follow the one before, by number and digest, and to have
the digest of its content. Its first one has to be number 1, or what follows a removal that the chain
itself tells of. That the newest entries were taken off, or that a whole chain was made anew, only a head
shows that was kept elsewhere: `expected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat_audit.retention import REMOVED
from talatat_audit.sealing import NOTHING, Head, content_of, digest_of, last_removal, table

PAGE = 1000


@dataclass(frozen=True)
class Verified:
    """What was found: how many entries are sealed and how many not yet, the head, and what is wrong."""

    sealed: int
    unsealed: int
    head: Head
    problems: tuple[str, ...]


def verify(session: Session, expected: Head | None = None, after: int = 0) -> Verified:
    """Walk the chain; of what lies before number `after` only the link is looked at."""
    problems: list[str] = []
    walked = _Walk(problems)
    for row in rows_after(session, after):
        walked.take(row)
    if not after:
        problems += _beginning(session, walked.first)
    if expected is not None:
        problems += _kept(session, expected)
    unsealed = session.scalar(
        sa.select(sa.func.count()).select_from(table).where(table.c.number.is_(None))
    )
    head = Head(0, NOTHING) if walked.last is None else walked.last
    return Verified(walked.count, unsealed or 0, head, tuple(problems))


class _Walk:
    """Where a walk along the chain stands."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        self.first: Any = None
        self.last: Head | None = None
        self.count = 0

    def take(self, row: Any) -> None:
        number, last = row["number"], self.last
        if last is None:
            self.first = row
        elif number != last.number + 1:
            self.problems.append(
                f"entries {last.number + 1} to {number - 1} are missing: somebody deleted them"
            )
        elif row["previous"] != last.digest:
            self.problems.append(
                f"entry {number} ({row['id']}) does not follow entry {last.number}: one was exchanged"
            )
        if row["digest"] != digest_of(row["previous"], content_of(row)):
            self.problems.append(
                f"entry {number} ({row['id']}, {row['action']}) is not what was sealed: it was changed"
            )
        self.last = Head(number, row["digest"])
        self.count += 1


def rows_after(session: Session, number: int, until: int | None = None) -> Iterator[Any]:
    """The sealed entries behind `number`, in the order of the chain, a page at a time."""
    while True:
        query = sa.select(table).where(table.c.number > number)
        if until is not None:
            query = query.where(table.c.number <= until)
        found = session.execute(query.order_by(table.c.number).limit(PAGE)).mappings().all()
        yield from found
        if len(found) < PAGE:
            return
        number = found[-1]["number"]


def _beginning(session: Session, first: Any) -> Iterator[str]:
    """What is wrong with where the chain begins."""
    removal = last_removal(session)
    if removal is not None:
        yield from _told(session, removal)
    if first is None:
        return
    number, previous = first["number"], first["previous"]
    if removal is None or number > removal.last + 1:
        gone = 0 if removal is None else removal.last
        if number != gone + 1:
            yield f"entries {gone + 1} to {number - 1} are missing: somebody deleted them"
        elif previous != NOTHING:
            yield f"entry {number} ({first['id']}) follows one that never was"
    elif number == removal.last + 1 and previous != removal.digest:
        yield f"entry {number} ({first['id']}) does not follow what was removed: one was exchanged"


def _told(session: Session, removal: Any) -> Iterator[str]:
    """A removal is one if the chain tells of it."""
    query = sa.select(table.c.after, table.c.number).where(
        table.c.action == REMOVED, table.c.subject == removal.id, table.c.number > removal.last
    )
    found = session.execute(query).one_or_none()
    said = None if found is None else (found.after["last"], found.after["digest"])
    if said != (removal.last, removal.digest):
        yield (
            f"the removal of entries {removal.first} to {removal.last} ({removal.id}) stands in no "
            "entry: it was none of `talatat audit --remove-old`"
        )


def _kept(session: Session, expected: Head) -> Iterator[str]:
    removal = last_removal(session)
    if removal is not None and expected.number < removal.last:
        yield f"entry {expected.number} was removed by the retention: give a younger head"
        return
    query = sa.select(table.c.digest).where(table.c.number == expected.number)
    found = session.scalar(query) if expected.number else NOTHING
    if found is None and removal is not None and removal.last == expected.number:
        found = removal.digest
    if found != expected.digest:
        yield (
            f"the chain does not go through {expected}: it was shortened or made anew since that was noted"
        )
