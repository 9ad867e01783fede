"""Pyramid's introspector, in which relating costs the same however much is related already.

Pyramid looks through all that is related to a thing for each further one. Every view is related to its
permission, and most views of a system share a few: that is quadratic in the number of views.

A large system has tens of thousands of introspectables for as long as it runs, so each is as small as it can be.
"""

from __future__ import annotations

from typing import Any

from pyramid.interfaces import IIntrospectable
from pyramid.registry import Introspector as PyramidIntrospector
from pyramid.registry import undefer
from zope.interface import implementer


@implementer(IIntrospectable)
class Introspectable(dict[str, Any]):
    """Pyramid's, without a dictionary for its attributes, and without its relations once they are known."""

    __slots__ = (
        "_known",
        "_relations",
        "action_info",
        "category_name",
        "discriminator",
        "order",
        "title",
        "type_name",
    )

    def __init__(self, category_name: str, discriminator: Any, title: str, type_name: str) -> None:
        self.category_name = category_name
        self.discriminator = discriminator
        self.title = title
        self.type_name = type_name
        self.order = 0
        self.action_info: Any = None
        self._relations: list[tuple[bool, str, Any]] | None = None
        self._known: int | None = None

    def relate(self, category_name: str, discriminator: Any) -> None:
        """Say what else this belongs to, which may be registered later."""
        self._say(True, category_name, discriminator)

    def unrelate(self, category_name: str, discriminator: Any) -> None:
        """Say what it does not belong to."""
        self._say(False, category_name, discriminator)

    def _say(self, related: bool, category_name: str, discriminator: Any) -> None:
        if self._relations is None:
            self._relations = []
        self._relations.append((related, category_name, discriminator))

    @property
    def discriminator_hash(self) -> int:
        """The hash of the discriminator, which Pyramid's tools know it by."""
        return hash(undefer(self.discriminator))

    def __hash__(self) -> int:  # type: ignore[override]  # as Pyramid's: it is known by its discriminator
        known = self._known
        if known is None:
            known = hash((self.category_name, undefer(self.discriminator)))
            if self.action_info is not None:
                self._known = known
        return known

    def __repr__(self) -> str:
        return f"<{type(self).__name__} category {self.category_name!r}, discriminator {self.discriminator!r}>"

    def __bool__(self) -> bool:
        return True

    def register(self, introspector: Any, action_info: Any) -> None:
        """Put it, and what it is related to, into an introspector."""
        self.discriminator = undefer(self.discriminator)
        self.action_info = action_info
        introspector.add(self)
        for related, category_name, discriminator in self._relations or ():
            put = introspector.relate if related else introspector.unrelate
            put((self.category_name, self.discriminator), (category_name, undefer(discriminator)))
        self._relations = None


class Introspector(PyramidIntrospector):
    """What each list of related things holds is known as a set, too."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, set[int]] = {}  # by the ids of the lists, of the things

    def settle(self) -> None:
        """Forget what makes relating quick: everything is related."""
        self._held.clear()

    def relate(self, *pairs: Any) -> None:
        """Pyramid's."""
        found = self._get_intrs_by_pairs(pairs)
        for one in found:
            related = self._refs.setdefault(one, [])
            held = self._held.get(id(related))
            if held is None:
                held = self._held[id(related)] = {id(other) for other in related}
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
            self._held.pop(id(related), None)
            for other in related:
                self._count_again(self._refs.get(other))

    def _count_again(self, related: list[Any] | None) -> None:
        if related is not None:
            self._held[id(related)] = {id(one) for one in related}
