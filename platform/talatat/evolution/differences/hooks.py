"""Hooks and subscribers: who is called when something happens, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talatat.evolution.differences.comparing import Pair, listed
from talatat.evolution.model import Change

_Called = tuple[str, str]  # addon, code


def hooks(pair: Pair) -> Iterator[Change]:
    """What is called newly, no longer, or in another order; extensions of models."""
    before, after = _called(pair.old), _called(pair.new)
    for event, now in after.items():
        was = before.get(event, [])
        yield from _differing(event, was, now)
        stayed = [one for one in was if one in now]
        if stayed != (again := [one for one in now if one in was]):
            detail = f"called in the order {listed(code for _, code in again)}"
            yield Change("hooks", "~", event, again[0][0], detail, "notice")
    for event, was in before.items():
        if event not in after:
            yield from _differing(event, was, [])
    yield from _extensions(pair)


def _differing(event: str, was: list[_Called], now: list[_Called]) -> Iterator[Change]:
    for addon, code in now:
        if (addon, code) not in was:
            yield Change("hooks", "+", f"{event}: {code}", addon)
    for addon, code in was:
        if (addon, code) not in now:
            yield Change("hooks", "-", f"{event}: {code}", addon)


def _called(surface: Mapping[str, Any]) -> dict[str, list[_Called]]:
    found: dict[str, list[_Called]] = {}
    for one in surface.get("hooks", ()):
        event = f"{one['kind']} {one['on']}"
        found.setdefault(event, []).append((one["addon"], one["code"]))
    return found


def _extensions(pair: Pair) -> Iterator[Change]:
    was = {_extension(one): one for one in pair.old.get("extensions", ())}
    now = {_extension(one): one for one in pair.new.get("extensions", ())}
    for name, one in now.items():
        if name not in was:
            detail = f"rows {'for each' if one['presence'] == 'always' else 'where there are any'}"
            yield Change("hooks", "+", name, one["addon"], detail)
        elif was[name]["presence"] != one["presence"]:
            detail = f"presence {was[name]['presence']} -> {one['presence']}"
            yield Change("hooks", "~", name, one["addon"], detail, "notice")
    for name, one in was.items():
        if name not in now:
            yield Change("hooks", "-", name, one["addon"])


def _extension(one: Mapping[str, Any]) -> str:
    return f"{one['table']} extends {one['extends']}"
