"""Who is called when something happens, in the order in which they are called."""

from __future__ import annotations

from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.surface.web import dotted, entries


def hooks_of(registry: Any) -> list[dict[str, str]]:
    """[{kind, on, addon, code}]: hooks of resources, subscribers, subscribers after commit."""
    hooks = [
        _entry("hook", f"{one.target} {one.event}", one.introspectable.get("addon"), one.hook)
        for one in registry.system.resources.hooks
    ]
    subscribers = [
        _entry(
            "subscriber",
            " ".join(str(dotted(one)) for one in intr["interfaces"]),
            intr.get("addon"),
            intr["subscriber"],
        )
        for intr, _ in entries(registry, "subscribers")
    ]
    after_commit = [
        _entry("after commit", str(dotted(intr["event"])), intr.get("addon"), intr["subscriber"])
        for intr, _ in entries(registry, "talatat subscribers after commit")
    ]
    return [*hooks, *subscribers, *after_commit]


def _entry(kind: str, on: str, addon: str | None, code: Any) -> dict[str, str]:
    return {"kind": kind, "on": on, "addon": addon or PLATFORM, "code": str(dotted(code))}
