"""View derivers and predicates, sorted once.

Pyramid sorts them topologically for each view and each route, though they only change when one is added.
"""

from __future__ import annotations

from typing import Any

from pyramid.config.predicates import PredicateList
from pyramid.interfaces import IPredicateList, IViewDerivers
from pyramid.util import TopologicalSorter
from pyramid.viewderivers import INGRESS, VIEW


class Sorter(TopologicalSorter):
    """Pyramid's, which keeps what it has sorted until something is added or removed."""

    _sorted: list[Any] | None = None

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        # What somebody has found out about all of it.
        self.memo: dict[str, Any] = {}

    def add(self, *args: Any, **kw: Any) -> None:
        """Pyramid's."""
        self._sorted = None
        self.memo.clear()
        super().add(*args, **kw)

    def remove(self, name: Any) -> None:
        """Pyramid's."""
        self._sorted = None
        self.memo.clear()
        super().remove(name)

    def sorted(self) -> list[Any]:
        """Pyramid's."""
        if self._sorted is None:
            self._sorted = super().sorted()
        return list(self._sorted)


def register_sorters(registry: Any) -> None:
    """Put the sorters where Pyramid looks for them, before it makes its own."""
    for name in ("view", "route", "subscriber"):
        predicates = PredicateList()
        predicates.sorter = Sorter()
        registry.registerUtility(predicates, IPredicateList, name=name)
    derivers = Sorter(default_before=None, default_after=INGRESS, first=INGRESS, last=VIEW)
    registry.registerUtility(derivers, IViewDerivers)
