"""Overrides: who replaces what of whom, and whether what was replaced is still what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talatat.evolution.differences.comparing import Pair
from talatat.evolution.plan.model import Change

_Key = tuple[str, str, str, str]


def overrides(pair: Pair) -> Iterator[Change]:
    """Overrides new and gone, and those whose base changed since the release before."""
    before, after = _keyed(pair.old), _keyed(pair.new)
    for key, prints in after.items():
        what, addon = _worded(key), key[2]
        if key not in before:
            yield Change("overrides", "!", f"{addon} replaces {what}", addon, "", "warning")
        elif before[key] != prints:
            detail = "what is replaced has changed since: see whether the replacement still fits"
            yield Change("overrides", "!", f"{addon} replaces {what}", addon, detail, "warning")
    for key in before:
        if key not in after:
            what, addon = _worded(key), key[2]
            yield Change(
                "overrides", "-", f"{addon} replaces {what}", addon, _why(pair, key), "notice"
            )


def _keyed(surface: Mapping[str, Any]) -> dict[_Key, list[str]]:
    """The fingerprints of what each override replaced; several may replace one thing's pieces."""
    found: dict[_Key, list[str]] = {}
    for one in surface.get("overrides", ()):
        key = (one["kind"], one["what"], one["addon"], one["replaces"])
        found.setdefault(key, []).append(one["fingerprint"])
    return found


def _worded(key: _Key) -> str:
    kind, what, _, replaced = key
    return f"the {kind} {what} of {replaced}"


def _why(pair: Pair, key: _Key) -> str:
    _, _, addon, replaced = key
    if addon in pair.went:
        return f"{replaced}'s own is back, for {addon} is not composed any more"
    if replaced in pair.went:
        return f"{replaced} is not composed any more"
    return f"{replaced}'s own is back, or it is called otherwise"
