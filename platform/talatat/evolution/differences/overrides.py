"""Overrides: who replaces what of whom, and whether what was replaced is still what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talatat.evolution.differences.comparing import Pair
from talatat.evolution.model import Change

_Key = tuple[str, str, str, str]


def overrides(pair: Pair) -> Iterator[Change]:
    """Overrides new and gone, and those whose base changed since the release before."""
    before, after = _keyed(pair.old), _keyed(pair.new)
    for key, found in after.items():
        what, addon = _worded(key), key[2]
        if key not in before:
            yield Change(
                "overrides", "!", f"{addon} replaces {what}", addon, _where(found), "warning"
            )
        elif _prints(before[key]) != _prints(found):
            detail = "what is replaced has changed since: see whether the replacement still fits"
            where = _where(found)
            detail += f" ({where})" if where else ""
            yield Change("overrides", "!", f"{addon} replaces {what}", addon, detail, "warning")
    for key in before:
        if key not in after:
            what, addon = _worded(key), key[2]
            yield Change(
                "overrides", "-", f"{addon} replaces {what}", addon, _why(pair, key), "notice"
            )


def _keyed(surface: Mapping[str, Any]) -> dict[_Key, list[Mapping[str, Any]]]:
    """Each override with its pieces: one thing may be replaced in several."""
    found: dict[_Key, list[Mapping[str, Any]]] = {}
    for one in surface.get("overrides", ()):
        key = (one["kind"], one["what"], one["addon"], one["replaces"])
        found.setdefault(key, []).append(one)
    return found


def _prints(found: list[Mapping[str, Any]]) -> list[str]:
    return [one["fingerprint"] for one in found]


def _where(found: list[Mapping[str, Any]]) -> str:
    place, replaced = found[0].get("place"), found[0].get("replaced_place")
    return f"{place}, in place of {replaced}" if place and replaced else ""


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
