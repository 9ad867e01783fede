"""What `/health` says of the audit trail: whether its end is sound, and whether it is being sealed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from talatat.db import utcnow
from talatat_audit.sealing import head_of, table
from talatat_audit.verifying import verify

LOOKED_AT = 500
PATIENCE = timedelta(minutes=15)


def check_chain(request: Any) -> dict[str, Any]:
    """Verify the last entries; `warn` where entries wait for their seal for long."""
    number = head_of(request.db).number
    found = verify(request.db, after=max(number - LOOKED_AT, 0))
    told: dict[str, Any] = {"observedValue": found.unsealed, "observedUnit": "unsealed entries"}
    if found.problems:
        return {**told, "status": "fail", "output": "; ".join(found.problems[:3])}
    oldest = request.db.scalar(
        sa.select(sa.func.min(table.c.happened_at)).where(table.c.number.is_(None))
    )
    automatic = request.registry.system.settings["audit"].seal_seconds
    if automatic and oldest is not None and oldest < utcnow() - PATIENCE:
        return {**told, "status": "warn", "output": f"not sealed since {oldest.isoformat()}"}
    return told
