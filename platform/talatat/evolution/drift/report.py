"""What the doctor found: findings that want something done, and things that are good to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, or that is good to know (in `Report.information`).

    `check` names the kind, `mend` what mends it; `severity` is error, warning or info. A thing of the schema has a `table`, a `kind` (table,
    column, constraint, index, trigger) and a `name`; `says` tells what each side says of it.
    """

    check: str
    what: str
    mend: str = ""
    addon: str | None = None
    table: str | None = None
    kind: str | None = None
    name: str | None = None
    says: Mapping[str, Any] = field(default_factory=dict)
    repair: str | None = None
    severity: str = "error"

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)


@dataclass
class Report:
    """All of it. `left_out` tells which checks were not made, and why; `checks` which were."""

    findings: list[Finding] = field(default_factory=list)
    information: list[Finding] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 clean, 2 findings."""
        return 2 if self.findings else 0

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "findings": [one.as_json() for one in self.findings],
            "information": [one.as_json() for one in self.information],
            "left_out": self.left_out,
            "checks": self.checks,
        }
