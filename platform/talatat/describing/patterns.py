"""Regular expressions of texts that hold several names, with commas between them.

They are strings in the document, not arrays: clients that others' tools generate write an array as a
parameter for each of its values, whatever the document says, and a repeated parameter is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from talatat.resources.listing.querying import MAX_SORT_KEYS

NAME = r"[^,.\x00-\x20][^,.\x00-\x1f]*"
PATHS = rf"^{NAME}(?:\.{NAME})*(?:,{NAME}(?:\.{NAME})*)*$"
"""Of `fields=a,b.c`."""

POINTER = r"^(?:/(?:[^~/]|~[01])*)*$"
"""Of a JSON pointer (RFC 6901)."""


def sorting(names: Iterable[str]) -> str:
    """Of `sort=-a,b`: these names, so many as may be given."""
    one = f"-?(?:{'|'.join(map(re.escape, sorted(names)))})"
    return f"^{one}(?:,{one}){{0,{MAX_SORT_KEYS - 1}}}$"


def expanding(names: Iterable[str], most: int) -> str:
    """Of `expand=a,b.c`: paths that begin with these names."""
    one = rf"(?:{'|'.join(map(re.escape, sorted(names)))})(?:\.{NAME})*"
    return f"^{one}(?:,{one}){{0,{most - 1}}}$"
