"""`CommandRun`: a command of `talatat` that changes something is over, and how it ended.

An addon that wants to know names a function `observe(run, database)` in the entry-point group
`talatat.command_observers`, under the addon's own name. It is called where the .ini composes the addon,
after the command; no other addon is imported for it, so it learns of commands that mend a system too in
which some addon is broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

OBSERVERS = "talatat.command_observers"
"""The entry-point group."""


@dataclass(frozen=True)
class CommandRun:
    """One run. `name` is "talatat apply"; `who` is `user@host`; `seconds` how long it took.

    `arguments` are what was said on the command line, without what was left at its default; `exit_code`
    is None where an error ended it, which `reason` words. `details` are the command's own, such as the
    counts of a load. Nothing of it is secret.
    """

    name: str
    ini: str
    who: str
    started_at: datetime
    seconds: float
    outcome: Literal["succeeded", "failed", "refused"]
    exit_code: int | None
    reason: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
