"""What a run of the generator saw, and its percentiles."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Seen:
    """Latencies in seconds of what was answered rightly; everything else is an error by its kind."""

    latencies: array[float] = field(default_factory=lambda: array("d"))
    errors: Counter[str] = field(default_factory=Counter)
    received: int = 0
    # All answers, those that do not count for their time included.
    every: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def summary(self) -> dict[str, Any]:
        """The figures: requests a second, milliseconds, bytes a request, and the generator's own CPU."""
        done = len(self.latencies)
        found = sorted(self.latencies)
        return {
            "requests": done,
            "every": self.every,
            "errors": dict(self.errors),
            "seconds": round(self.seconds, 4),
            "rate": round(done / self.seconds, 2) if self.seconds else 0.0,
            **{
                f"p{name}_ms": round(percentile(found, share) * 1000, 3) if found else None
                for name, share in (("50", 0.5), ("95", 0.95), ("99", 0.99))
            },
            "max_ms": round(found[-1] * 1000, 3) if found else None,
            "bytes": round(self.received / done) if done else 0,
            "generator_cpu": round(self.cpu, 3),
        }


def percentile(found: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that at least this share does not exceed; NaN of none."""
    if not found:
        return math.nan
    return found[max(0, math.ceil(share * len(found)) - 1)]
