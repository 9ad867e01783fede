"""What all sections share: telling apart what is new, gone and changed, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PUBLIC = ("public", "__no_permission_required__", None)


@dataclass(frozen=True)
class Pair:
    """The surface before (empty before the first release) and the one after."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def part(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A part that is a mapping, before and after; what older platforms kept otherwise is empty."""
        before, after = self.old.get(name), self.new.get(name)
        return (
            before if isinstance(before, dict) else {},
            after if isinstance(after, dict) else {},
        )

    @cached_property
    def came(self) -> frozenset[str]:
        """Addons that are composed now and were not."""
        return _addons(self.new) - _addons(self.old)

    @cached_property
    def went(self) -> frozenset[str]:
        """Addons that were composed and are not any more."""
        return _addons(self.old) - _addons(self.new)

    def fresh(self, addon: str | None) -> bool:
        """Whether all of an addon is new: it was not composed, or nobody knows what it was."""
        return addon in self.came or "format" not in self.old

    def stays(self, addon: str | None) -> bool:
        """Whether an addon (or the platform) is still composed: what it takes away is missed."""
        return addon not in self.went


def _addons(surface: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(one["name"] for one in surface.get("addons", ()))


def compared(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Any | None, Any | None]]:
    """(name, before, after) of all that differ; None is absent. New and changed ones come first."""
    for name, after in new.items():
        before = old.get(name)
        if before != after:
            yield name, before, after
    for name, before in old.items():
        if name not in new:
            yield name, before, None


def listed(names: Any) -> str:
    """Names with commas between them, or `none`."""
    return ", ".join(str(one) for one in names) or "none"
