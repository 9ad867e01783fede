"""What `/health` says of limits and of load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talatat.limiting.limiter import Limiter
    from talatat.limiting.load import Load


def limits(request: Any) -> dict[str, Any]:
    """Where requests are counted; a warning where that is not where the .ini wants it."""
    limiter: Limiter = request.registry.system.limits
    found: dict[str, Any] = {"componentType": "component"}
    if limiter.shared is None:
        where = "this process" if limiter.policies.enabled else "off"
        return {**found, "observedValue": where}
    failing = limiter.shared.look()
    if failing is None:
        return {**found, "observedValue": "shared"}
    said = "each process counts for itself: talatat.limits.storage does not answer"
    return {**found, "observedValue": "this process", "status": "warn", "output": said}


def load(request: Any) -> dict[str, Any]:
    """How many requests were sent away since the start; a warning while that goes on."""
    found: Load = request.registry.system.load
    said = {
        "componentType": "system",
        "observedValue": found.sent_away,
        "observedUnit": "requests sent away",
    }
    if found.is_over:
        said |= {"status": "warn", "output": "requests are answered 503"}
    return said
