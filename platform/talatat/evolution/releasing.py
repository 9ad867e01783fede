"""Recording a release: what was applied as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from talatat.db.origin import who
from talatat.db.types import utcnow
from talatat.evolution.canonical import canonical
from talatat.evolution.observed import last_release
from talatat.evolution.tables import releases


def record(connection: Connection, surface: Mapping[str, Any], **more: Any) -> int | None:
    """Record a release in the open transaction where the surface is not the last one's; its number."""
    last = last_release(connection)
    if last is not None and canonical(last[1]) == canonical(surface) and not more.get("always"):
        return None
    more.pop("always", None)
    number = 1 if last is None else last[0] + 1
    row = {"number": number, "made_at": utcnow(), "who": who(), "surface": surface, "kind": "apply"}
    connection.execute(insert(releases).values({**row, **more}))
    return number
