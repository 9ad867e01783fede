"""Settings and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.evolution.canonical import canonical
from talatat.evolution.differences.comparing import Pair, compared
from talatat.evolution.model import Change

_BY_NAME = {
    "secret": "a secret",
    "environment": "of the place where the system runs",
    "foreign": "of a package that declares no settings",
}


def settings(pair: Pair) -> Iterator[Change]:
    """Settings new, gone, required, set otherwise, and defaults that changed under a value not set."""
    for key, was, now in compared(*pair.part("settings")):
        if was is None and now is not None:
            yield _new(pair, key, now)
        elif now is None and was is not None:
            yield _gone(pair, key, was)
        elif was is not None and now is not None:
            yield from _changed(key, was, now)


def _new(pair: Pair, key: str, now: dict[str, Any]) -> Change:
    said = [_BY_NAME[now["value"]]] if now["value"] in _BY_NAME else []
    if now.get("required"):
        said.append("required")
    if now["value"] not in ("default", *_BY_NAME):
        said.append("set")
    weight = "notice" if now.get("required") and not pair.fresh(now["addon"]) else "info"
    return Change("settings", "+", key, now["addon"], ", ".join(said), weight)


def _gone(pair: Pair, key: str, was: dict[str, Any]) -> Change:
    written = was["value"] not in ("default", *_BY_NAME)
    if was["addon"] is not None and pair.stays(was["addon"]):
        detail = "nobody knows it any more" + ("; it was set" if written else "")
        weight = "warning" if written else "notice"
        return Change("settings", "-", key, was["addon"], detail, weight)
    detail = "it sleeps with its addon" if written else ""
    return Change("settings", "-", key, was["addon"], detail)


def _changed(key: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    if was["value"] != now["value"]:
        yield Change("settings", "~", key, now["addon"], _how(was["value"], now["value"]), "notice")
    if now.get("required") and not was.get("required", now.get("required")):
        yield Change("settings", "!", key, now["addon"], "required now", "notice")
    if was.get("default", now.get("default")) != now.get("default") and now["value"] == "default":
        detail = "its default is another, and the .ini does not set it"
        yield Change("settings", "!", key, now["addon"], detail, "warning")
    if was["addon"] != now["addon"]:
        detail = f"now of {now['addon'] or 'nobody'}, formerly of {was['addon'] or 'nobody'}"
        yield Change("settings", "~", key, now["addon"], detail, "notice")


def _how(was: str, now: str) -> str:
    if now == "default":
        return "not set any more: the default holds"
    if now in _BY_NAME:
        return _BY_NAME[now]
    return "set" if was == "default" else "set to another value"


def jobs(pair: Pair) -> Iterator[Change]:
    """Jobs new, gone and changed; what a job is, its own room says."""
    for name, was, now in compared(*pair.part("jobs")):
        one = now if now is not None else was
        addon = one.get("addon") if isinstance(one, dict) else None
        if was is None:
            yield Change("jobs", "+", name, addon)
        elif now is None:
            yield Change("jobs", "-", name, addon, "", "notice")
        elif canonical(was) != canonical(now):
            yield Change("jobs", "~", name, addon, _differing(was, now), "notice")


def _differing(was: Any, now: Any) -> str:
    if not (isinstance(was, dict) and isinstance(now, dict)):
        return f"{was} -> {now}"
    keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
    return "; ".join(f"{key} {was.get(key)} -> {now.get(key)}" for key in keys)
