"""The engine: a source's records in batches, each in one transaction together with the progress row.

A batch that the database refuses is halved until the record at fault stands alone and is rejected with
what the database said: one bad record costs its batch a few transactions, and nobody else anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from talatat.db.retry import is_retryable
from talatat.errors import TalatatError
from talatat.loading.directives import made
from talatat.loading.progress import Progress, find, new_progress
from talatat.loading.readers import Read, read
from talatat.loading.records import Counts, Outcome, Record
from talatat.loading.report import Report
from talatat.loading.source import Source

if TYPE_CHECKING:
    from talatat.system import System

BATCH = 1000
TRIES = 6
Watcher = Callable[[Progress, Source], None]


class Load:
    """One load of one source by one loader. `progress` is what the database holds of it.

    Raises TalatatError for a source, a report or an earlier load that do not fit together.
    """

    def __init__(
        self,
        system: System,
        resource: str,
        source: Source,
        report: str | None = None,
        resume: bool = False,
        batch: int = BATCH,
    ) -> None:
        self.system, self.resource, self.source, self.batch = system, resource, source, batch
        self.loader = made(system.loaders[resource], system)
        self.progress = self._begun(report is not None, resume)
        offset = self.progress.report_offset
        self.report = None if report is None or offset is None else Report(report, offset)

    def run(self, watch: Watcher | None = None) -> Counts:
        """Settle all that is left; `watch` is called after each batch."""
        try:
            if not self.progress.finished:
                self._tell_passed()
                for reads in batches(read(self.source, self.progress.line), self.batch):
                    self._settle(reads)
                    if watch:
                        watch(self.progress, self.source)
                self._commit((), finished=True)
        finally:
            if self.report:
                self.report.close()
        return self.progress.counts

    def _begun(self, reports: bool, resume: bool) -> Progress:
        digest = self.source.digest()
        with self.system.database.transaction() as (_, session):
            found = find(session, self.resource, digest) if resume else None
            if found is None:
                found = new_progress(self.resource, digest, reports)
                found.begin(session)
        if reports != (found.report_offset is not None):
            raise TalatatError(
                f"This load of {self.resource} was begun {'without' if reports else 'with'} a report. "
                f"Go on {'without' if reports else 'with the same'} --report, or load anew without "
                "--resume."
            )
        return found

    def _tell_passed(self) -> None:
        """Show a loader that wants to know (`passed(records)`) what an earlier process has settled."""
        passed = getattr(self.loader, "passed", None)
        if passed is None or not self.progress.line:
            return
        settled = (item for item, end in read(self.source) if end <= self.progress.line)
        records = (item for item in settled if isinstance(item, Record))
        while some := list(islice(records, self.batch)):
            passed(some)

    def _settle(self, reads: Sequence[Read]) -> None:
        try:
            self._commit(reads)
        except (IntegrityError, DataError, StatementError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, (IntegrityError, DataError)):
                raise
            if len(reads) > 1:
                middle = len(reads) // 2
                self._settle(reads[:middle])
                self._settle(reads[middle:])
            else:
                self._commit([Read(refused(reads[0], error), reads[0].end)])

    def _commit(self, reads: Sequence[Read], finished: bool = False) -> None:
        """Settle `reads` in one transaction, tried again when others were in its way."""
        for attempt in range(1, TRIES + 1):
            try:
                self._try(reads, finished)
                return
            except Exception as error:
                if attempt == TRIES or not is_retryable(error):
                    raise
                time.sleep(0.05 * 2**attempt)

    def _try(self, reads: Sequence[Read], finished: bool) -> None:
        before = self.progress
        with self.system.database.transaction() as (_, session):
            outcomes = self._outcomes(session, reads)
            session.flush()
            after = replace(
                before,
                line=reads[-1].end if reads else before.line,
                counts=before.counts.plus(outcomes),
                report_offset=self.report.write(outcomes) if self.report else None,
                finished=finished,
            )
            before.advance(session, after)
        self.progress = after
        if self.report and after.report_offset is not None:
            self.report.keep(after.report_offset)

    def _outcomes(self, session: Session, reads: Sequence[Read]) -> list[Outcome]:
        records = [item for item, _ in reads if isinstance(item, Record)]
        outcomes = [item for item, _ in reads if isinstance(item, Outcome)]
        if records:
            answered = list(self.loader.load(session, records))
            if sorted(o.line for o in answered) != [record.line for record in records]:
                raise TalatatError(
                    f"The loader of {self.resource} must give one outcome for each record: it gave "
                    f"{len(answered)} for the {len(records)} of lines {records[0].line} to "
                    f"{records[-1].line}. Mend {type(self.loader).__module__}."
                )
            outcomes += answered
        return sorted(outcomes, key=lambda outcome: outcome.line)


def batches(reads: Iterable[Read], size: int) -> Iterator[list[Read]]:
    """Yield `reads` in lists of `size`."""
    iterator = iter(reads)
    while some := list(islice(iterator, size)):
        yield some


def refused(read: Read, error: StatementError) -> Outcome:
    """Return the rejection of the one record that the database does not take."""
    said = str(error.orig or error).strip().splitlines()[0]
    return Outcome(read.item.line, "rejected", "refused_by_database", said)
