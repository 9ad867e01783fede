"""Exports: sealed entries as JSON lines, in the order of the chain, none left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy.orm import Session

from talatat.atomic_files import replacing
from talatat.errors import TalatatError
from talatat_audit.sealing import Head, content_of, head_of
from talatat_audit.verifying import rows_after


def export(
    session: Session,
    out: TextIO,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int = 0,
) -> tuple[int, Head]:
    """Write entries behind number `after`, of the time from `since` to before `until`, a line each.

    Returns how many there were, and the head up to which all were looked at.
    """
    head, count = head_of(session), 0
    for row in rows_after(session, after, head.number):
        if (since is None or row["happened_at"] >= since) and (
            until is None or row["happened_at"] < until
        ):
            out.write(line_of(row))
            count += 1
    return count, head


def line_of(row: Any) -> str:
    """An entry as a line: its content, and its seal."""
    seal = {name: row[name] for name in ("number", "previous", "digest")}
    return json.dumps({**content_of(row), **seal}, sort_keys=True, ensure_ascii=False) + "\n"


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A file that is there whole or not at all, for its owner's eyes."""
    try:
        with replacing(path) as out:
            yield out
    except OSError as error:
        raise TalatatError(
            f"{path}: {error.strerror}. Make its folder, or name another file with --out."
        ) from error
