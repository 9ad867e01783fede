"""Pyramid's introspector, in which relating costs the same however much is related already.

Pyramid looks through all that is related to a thing for each further one. Every view is related to its
permission, and most views of a system share a few: that is quadratic in the number of views.
"""

from __future__ import annotations

from typing import Any

from pyramid.registry import Introspector as PyramidIntrospector


class Introspector(PyramidIntrospector):
    """What is related is known as a set, too."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Any, set[Any]] = {}

    def relate(self, *pairs: Any) -> None:
        """Pyramid's."""
        found = self._get_intrs_by_pairs(pairs)
        for one in found:
            related, known = self._refs.setdefault(one, []), self._known.setdefault(one, set())
            for other in found:
                if one is not other and other not in known:
                    related.append(other)
                    known.add(other)

    def unrelate(self, *pairs: Any) -> None:
        """Pyramid's."""
        super().unrelate(*pairs)
        found = self._get_intrs_by_pairs(pairs)
        for one in found:
            self._known.get(one, set()).difference_update(found)

    def remove(self, category_name: str, discriminator: Any) -> None:
        """Pyramid's."""
        gone = self.get(category_name, discriminator)
        super().remove(category_name, discriminator)
        for other in self._known.pop(gone, ()):
            self._known[other].discard(gone)
