"""``talatat load INI orders.history FILE``: every line is loaded, merged or rejected with a code.

A line is known again by its content and by how often that content stood in the file before it: exact
duplicates are all kept, and a file that is loaded twice, or again with lines added, adds only what is
new. The loader remembers one small entry for each line of the file (about 80 bytes), so that a
duplicate is found however far away it is.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from talatat.loading import Outcome, Record
from talatat_orders.history.keeping import Seen, keep_lines
from talatat_orders.history.lines import InvoiceLine, LineError, read_line


class HistoryLoader:
    """One run over one file; made anew for each run."""

    def __init__(self, system: object) -> None:
        self._occurrences = Occurrences()

    def load(self, session: Session, records: Sequence[Record]) -> Iterable[Outcome]:
        """Keep a batch; gives one outcome for each record, in order."""
        read = [(record.line, _read(record)) for record in records]
        kept = keep_lines(
            session,
            [
                Seen(number, self._occurrences.of(line.fingerprint, number), line)
                for number, line in read
                if isinstance(line, InvoiceLine)
            ],
        )
        return [_outcome(number, line, number in kept) for number, line in read]

    def passed(self, records: Sequence[Record]) -> None:
        """Lines that an interrupted run has already settled: duplicates of them are still to come."""
        for record in records:
            line = _read(record)
            if isinstance(line, InvoiceLine):
                self._occurrences.of(line.fingerprint, record.line)


class Occurrences:
    """Which lines of the file hold the same content. Asking twice for one line changes nothing."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._others: dict[int, dict[int, int]] = {}

    def of(self, fingerprint: int, number: int) -> int:
        """1 for the first line with this content, 2 for the next, and so on."""
        first = self._first.setdefault(fingerprint, number)
        if first == number:
            return 1
        others = self._others.setdefault(fingerprint, {})
        return others.setdefault(number, len(others) + 2)


def _read(record: Record) -> InvoiceLine | LineError:
    try:
        return read_line(record.data)
    except LineError as error:
        return error


def _outcome(number: int, line: InvoiceLine | LineError, fresh: bool) -> Outcome:
    if isinstance(line, LineError):
        return Outcome(number, "rejected", line.code, line.detail, line.amount)
    return Outcome(number, "loaded" if fresh else "merged", None, None, line.amount)
