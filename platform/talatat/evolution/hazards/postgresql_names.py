"""Names that PostgreSQL would cut."""

from __future__ import annotations

from talatat.evolution.hazards.tokens import tokenize

LONGEST_NAME = 63


def long_names(sql: str) -> tuple[str, ...]:
    """The names in `sql` of more bytes than PostgreSQL keeps."""
    found = [token.name for token in tokenize(sql) if token.kind in {"word", "quoted"}]
    return tuple(dict.fromkeys(one for one in found if len(one.encode()) > LONGEST_NAME))
