"""`Models`: the extensions of one composition, attached to the models that they extend.

Attaching gives the extended class a relationship under the extending addon's name. Mapped classes are
the process's, so attaching is done once and found done afterwards: by a second application of the same
composition, and by a composition that is made again without a quarantined addon. A relationship whose
addon is not composed is never loaded and takes no part in deletes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from pyramid.interfaces import IIntrospectable
from sqlalchemy import exists, insert, literal, select
from sqlalchemy.orm import Mapper, Session, joinedload, relationship, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from talatat.composition import Composition
from talatat.configuration.provenance import where
from talatat.db.checks import extension_problems, mapping_problems, table_problems
from talatat.errors import CompositionError

Presence = Literal["sparse", "always"]


@dataclass(frozen=True)
class Attachment:
    """One extension of one model: declared by `addon` at the line that `introspectable` knows."""

    addon: str
    model: type[Any]
    extension: type[Any]
    presence: Presence
    introspectable: IIntrospectable

    def __str__(self) -> str:
        return where(self.introspectable)


class Models:
    """The model extensions of one composed system."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self._of: dict[type[Any], list[tuple[int, Attachment]]] = {}
        self._always: dict[type[Any], tuple[Attachment, ...]] = {}
        self._options: dict[Any, Sequence[ORMOption]] = {}

    def add(self, attachment: Attachment) -> None:
        """Take note of an extension; `attach` checks and attaches all of them."""
        self.attachments.append(attachment)

    def attach(self, composition: Composition) -> None:
        """Check the models of all composed addons, then attach the extensions.

        Raises CompositionError with every problem: names, constraints and foreign keys of tables,
        mappings that cannot be configured, extensions that collide. Doing it again changes nothing.
        """
        problems = table_problems(composition)
        problems += mapping_problems(composition)
        if not problems:
            problems += extension_problems(self.attachments, composition)
        if problems:
            raise CompositionError(problems)
        order = composition.order
        self.attachments.sort(key=lambda one: order.get(one.addon, len(order)))
        self._of.clear()
        for place, one in enumerate(self.attachments):
            _attach(one)
            self._of.setdefault(one.model, []).append((place, one))
        self._always.clear()
        self._options.clear()

    def of(self, model: type[Any]) -> tuple[Attachment, ...]:
        """Return the extensions of `model` (and of the classes that it inherits), in order."""
        found = [pair for kind in model.__mro__ for pair in self._of.get(kind, ())]
        return tuple(one for _, one in sorted(found, key=itemgetter(0)))

    def load_options(
        self, model: type[Any], *, single: bool = False, addons: Iterable[str] | None = None
    ) -> Sequence[ORMOption]:
        """Return the loader options that bring the extensions of `model` along with its rows.

        `single`: the statement gives one row, and the extensions are joined to it. Otherwise each
        extension takes one statement for the whole page. `addons` limits them to those shown.
        """
        shown = None if addons is None else frozenset(addons)
        found = self._options.get((model, single, shown))
        if found is None:
            found = [
                _load_option(one, model, single)
                for one in self.of(model)
                if shown is None or one.addon in shown
            ]
            self._options[model, single, shown] = found
        return found

    def make_always(self, session: Session, *details: Any) -> None:
        """Make the guaranteed extension rows of new objects (`before_flush` of the application)."""
        for obj in session.new:
            for one in self.always_of(type(obj)):
                if getattr(obj, one.addon) is None:
                    setattr(obj, one.addon, one.extension())

    def fill(self, session: Session, model: type[Any]) -> int:
        """Make the guaranteed extension rows that `model`'s rows lack; return how many were made.

        For rows that were inserted in bulk, past the session, and for an addon that was away.
        """
        made = 0
        for one in self.always_of(model):
            (parent,) = model.__mapper__.primary_key
            (key,) = one.extension.__mapper__.primary_key
            gaps = select(parent, literal(1)).where(~exists().where(key == parent))
            statement = insert(one.extension).from_select([key.name, "version"], gaps)
            counted = statement.execution_options(preserve_rowcount=True)
            made += session.execute(counted).rowcount  # type: ignore[attr-defined]
        return made

    def fill_all(self, session: Session) -> int:
        """`fill` for every extended model: once the database has been brought to the composition.

        An addon that is added later, or comes back, finds rows that were made without it.
        """
        models = dict.fromkeys(one.model for one in self.attachments if one.presence == "always")
        return sum(self.fill(session, model) for model in models)

    def always_of(self, model: type[Any]) -> tuple[Attachment, ...]:
        """The extensions of `model` of which each row has one."""
        found = self._always.get(model)
        if found is None:
            found = tuple(one for one in self.of(model) if one.presence == "always")
            self._always[model] = found
        return found


def _load_option(one: Attachment, model: type[Any], single: bool) -> ORMOption:
    attribute = getattr(model, one.addon)
    if single:
        return joinedload(attribute, innerjoin=one.presence == "always")
    return selectinload(attribute)


def _attach(one: Attachment) -> None:
    mapper: Mapper[Any] = one.model.__mapper__
    one.extension.__extends__ = one.model
    if mapper.has_property(one.addon):  # by an earlier composition; extension_problems compared it
        return
    (parent,) = mapper.primary_key
    (key,) = one.extension.__mapper__.primary_key
    own = one.extension.__mapper__.relationships.keys()
    link = relationship(
        one.extension,
        primaryjoin=key == parent,
        foreign_keys=[key],
        uselist=False,
        lazy="raise",
        # The database cascades; the ORM neither loads nor changes the extension of a deleted row.
        passive_deletes="all",
        overlaps=",".join(own),
        info={"talatat.extension": one.addon},
    )
    mapper.add_property(one.addon, link)
    # Inspecting the extension's mapper now tells of mistakes here rather than in the first request.
    one.extension.registry.configure(cascade=True)
