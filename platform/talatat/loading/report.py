"""The report of a load: one JSON line `{line, action, code, detail}` for each record.

Its lines are on disk before the batch that they tell of is committed, and the batch's progress row says
where they end. Going on after a kill cuts the report there: no line is lost, none is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

import orjson

from talatat.errors import TalatatError
from talatat.loading.records import Outcome
from talatat.loading.source import synced


class Report:
    """A report file, open for writing at `offset`. Raises TalatatError where it cannot be."""

    def __init__(self, path: str | Path, offset: int = 0) -> None:
        self.path = Path(path)
        self.offset = offset
        try:
            self.stream: IO[bytes] = self.path.open("r+b" if offset else "wb")
            size = self.stream.seek(0, 2)
        except OSError as error:
            raise self._unwritable(
                error, "Name a file in a folder that exists and may be written to."
            ) from None
        if size < offset:
            self.stream.close()
            raise TalatatError(
                f"The report {self.path} is not the one that this load has begun: it is shorter. Name "
                "that one, or load anew without --resume."
            )

    def write(self, outcomes: Iterable[Outcome]) -> int:
        """Put `outcomes` on disk after what is kept, and return where they end; nothing is kept yet."""
        try:
            self.stream.seek(self.offset)
            self.stream.truncate()
            self.stream.writelines(map(report_line, outcomes))
            synced(self.stream)
        except OSError as error:
            raise self._unwritable(error, "Mend that, then go on with --resume.") from error
        return self.stream.tell()

    def keep(self, offset: int) -> None:
        """The batch that ends at `offset` is committed."""
        self.offset = offset

    def close(self) -> None:
        """Close the file; what was not kept is cut off."""
        if not self.stream.closed:
            # What could not be written is still in its buffer, and may fail to be written again.
            with suppress(OSError):
                self.stream.truncate(self.offset)
            with suppress(OSError):
                self.stream.close()

    def _unwritable(self, error: OSError, mend: str) -> TalatatError:
        return TalatatError(f"The report {self.path} cannot be written: {error.strerror}. {mend}")


def report_line(outcome: Outcome) -> bytes:
    """Return the report's line about one record."""
    return orjson.dumps(
        {
            "line": outcome.line,
            "action": outcome.action,
            "code": outcome.code,
            "detail": outcome.detail,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
