"""Pyramid's introspector, in which relating costs the same however much is related already.

Pyramid looks through all that is related to a thing for each further one. Every view is related to its
permission, and most views of a system share a few: that is quadratic in the number of views.
"""

from __future__ import annotations

from typing import Any

from pyramid.registry import Introspector as PyramidIntrospector


class Introspector(PyramidIntrospector):
    """What each list of related things holds is known as a set, too."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, set[int]] = {}  # by the ids of the lists, of the things

    def relate(self, *pairs: Any) -> None:
        """Pyramid's."""
        found = self._get_intrs_by_pairs(pairs)
        for one in found:
            related = self._refs.setdefault(one, [])
            held = self._held.setdefault(id(related), set())
            for other in found:
                if one is not other and id(other) not in held:
                    related.append(other)
                    held.add(id(other))

    def unrelate(self, *pairs: Any) -> None:
        """Pyramid's."""
        super().unrelate(*pairs)
        for one in self._get_intrs_by_pairs(pairs):
            self._count_again(self._refs.get(one))

    def remove(self, category_name: str, discriminator: Any) -> None:
        """Pyramid's."""
        gone = self.get(category_name, discriminator)
        related = self._refs.get(gone) if gone is not None else None
        super().remove(category_name, discriminator)
        if related is not None:
            del self._held[id(related)]
            for other in related:
                self._count_again(self._refs.get(other))

    def _count_again(self, related: list[Any] | None) -> None:
        if related is not None:
            self._held[id(related)] = {id(one) for one in related}
