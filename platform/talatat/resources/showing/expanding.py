"""`expand=`: the rows that shown rows refer to, in their place.

What a request is shown is a `Plan`, compiled on first use for each combination of `fields=`,
`expand=` and rights, and kept. Each expanded relation takes one SELECT for the whole page, through
the scope, the read permission and the projection of the resource that it leads to: a row that this
request may not see is null, and a resource that it may not read is none that it could name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from talatat.problems import bad_parameter
from talatat.resources.lately import Lately, is_short
from talatat.resources.listing.parameters import unknown_parameter
from talatat.resources.showing.relations import Relation
from talatat.resources.showing.representation import (
    KEPT_PROJECTIONS,
    Projection,
    Representation,
    Tree,
    parse_fields,
)

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource
    from talatat.resources.showing.lean import Lean

MAX_EXPANDED = 5
DEEPEST = 2
IDS_IN_A_STATEMENT = 10_000  # SQLite takes 32,766 values in one statement, PostgreSQL 65,535


class Wanted(NamedTuple):
    """What of a row a request wants to be shown: the texts of `fields=` and `expand=`."""

    fields: str | None = None
    expand: str | None = None


EVERYTHING = Wanted()


class Slim(Protocol):
    """Makes the way that shows a projection without entities, where there is one."""

    def __call__(
        self, projection: Projection, *, single: bool = False, locks: bool = False
    ) -> Lean | None: ...


@dataclass(frozen=True)
class Expansion:
    """A relation to expand, and what to expand in the rows that it leads to."""

    relation: Relation
    inner: tuple[Expansion, ...]

    def permissions(self) -> Iterator[str]:
        """All that decides about what is shown."""
        yield from self.relation.permissions
        yield from self.relation.target.representation.permissions
        for one in self.inner:
            yield from one.permissions()


@dataclass(frozen=True)
class Asked:
    """`expand=` read: relations, and every permission that what is shown depends on."""

    expansions: tuple[Expansion, ...]
    permissions: frozenset[str]


@dataclass
class Plan:
    """Compiled: what is shown of rows of one resource, and what is loaded for it.

    `slim` makes the way that shows the same without entities, where there is one.
    """

    projection: Projection
    grafts: tuple[Graft, ...]
    slim: Slim | None = None

    @cached_property
    def lean(self) -> Lean | None:
        """How a page is shown without entities; None where it is not."""
        return self.slim(self.projection) if self.slim else None

    @cached_property
    def single(self) -> Lean | None:
        """The same for one row, with its versions."""
        return self.slim(self.projection, single=True) if self.slim else None

    @cached_property
    def locked(self) -> Lean | None:
        """The same for a row that is about to be written."""
        return self.slim(self.projection, single=True, locks=True) if self.slim else None

    @property
    def addons(self) -> tuple[str, ...]:
        """The extensions that the rows have to be loaded with."""
        return self.projection.addons

    def show(self, request: Request, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """`rows` as the API shows them to this request."""
        shown = [self.projection(row) for row in rows]
        for graft in self.grafts:
            graft(request, rows, shown)
        return shown


@dataclass(frozen=True)
class Graft:
    """Compiled: one expansion, and the plan of the rows that it leads to."""

    relation: Relation
    plan: Plan

    def __call__(
        self, request: Request, rows: Sequence[Any], shown: Sequence[dict[str, Any]]
    ) -> None:
        """Complete `shown`, which shows `rows`."""
        pairs = zip(rows, shown, strict=True)
        spots = [spot for row, one in pairs for spot in self.relation.spots(row, one)]
        wanted = dict.fromkeys(identifier for _, identifier in spots if identifier is not None)
        found = self._found(request, wanted)
        name = self.relation.path[-1]
        for below, identifier in spots:
            below[name] = found.get(identifier)

    def _found(self, request: Request, identifiers: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        """{id: what is shown of its row}, for those that this request may see."""
        target = self.relation.target
        select = target.select(request).options(
            *target.options(request, self.plan.addons, single=True)
        )
        rows: list[Any] = []
        left = iter(identifiers)
        while some := list(islice(left, IDS_IN_A_STATEMENT)):
            query = select.where(target.identifier.in_(some))
            rows += request.db.execute(query).unique().scalars()
        return {row.id: one for row, one in zip(rows, self.plan.show(request, rows), strict=True)}


class Plans:
    """All plans of one resource."""

    def __init__(
        self, representation: Representation, relations: Mapping[str, Relation], slim: Slim | None
    ) -> None:
        self.representation = representation
        self.relations = relations
        self.slim = slim
        self._asked: Lately[str, Asked] = Lately(KEPT_PROJECTIONS)
        self._plain = Asked((), representation.permissions)
        self._plans: Lately[tuple[Wanted, frozenset[str]], Plan] = Lately(KEPT_PROJECTIONS)

    def plan(self, wanted: Wanted, may: Callable[[str], Any]) -> Plan:
        """The plan for somebody of whom `may(permission)` tells.

        Problem 400 for a field or a relation that there is not for this request.
        """
        asked = self._plain if wanted.expand is None else self._read(wanted.expand, may)
        held = frozenset(name for name in asked.permissions if may(name))
        found = self._plans.get((wanted, held))
        if found is None:
            _check_visible(self.relations, asked.expansions, held, may)
            tree = None if wanted.fields is None else parse_fields(wanted.fields)
            found = compiled(self.representation, tree, asked.expansions, held)
            if not found.grafts:
                found.slim = self.slim
            if is_short(*wanted):
                self._plans.keep((wanted, held), found)
        return found

    def _read(self, text: str, may: Callable[[str], Any]) -> Asked:
        found = self._asked.get(text)
        if found is None:
            expansions = _expansions(self.relations, parse_expand(text, self.relations, may), may)
            permissions = {name for one in expansions for name in one.permissions()}
            found = Asked(expansions, self.representation.permissions | permissions)
            if is_short(text):
                self._asked.keep(text, found)
        return found


def compiled(
    representation: Representation,
    fields: Tree | None,
    expansions: Iterable[Expansion],
    held: frozenset[str],
) -> Plan:
    """The plan that shows `fields` (which it alters) with `expansions`."""
    grafts = []
    for one in expansions:
        inner = None if fields is None else _taken(fields, one.relation.path)
        target: BoundResource = one.relation.target
        plan = compiled(target.representation, inner, one.inner, held)
        grafts.append(Graft(one.relation, plan))
    return Plan(representation.compiled(fields, held), tuple(grafts))


def _taken(fields: Tree, path: Sequence[str]) -> Tree | None:
    """Take what is wanted inside of a relation out of `fields`; what it stands in is wanted then."""
    at = fields
    for name in path[:-1]:
        below = at.setdefault(name, {})
        if below is None:  # all of it
            return None
        at = below
    return at.pop(path[-1], None)


def parse_expand(
    text: str, relations: Mapping[str, Relation], may: Callable[[str], Any]
) -> list[list[str]]:
    """The paths of `expand=a,b.c`; Problem 400 where there are too many, or nothing to expand."""
    if not relations:
        raise unknown_parameter("expand", ("fields",))
    paths = [name.strip(" ").split(".") for name in text.split(",", MAX_EXPANDED)]
    if len(paths) > MAX_EXPANDED:
        raise bad_parameter("expand", f"names more than {MAX_EXPANDED} relations")
    if not all(all(path) for path in paths):
        listed = ", ".join(visible(relations, may))
        raise bad_parameter("expand", f"must be names with commas between them, of {listed}")
    return paths


def _expansions(
    relations: Mapping[str, Relation],
    paths: Iterable[Sequence[str]],
    may: Callable[[str], Any],
    depth: int = 1,
) -> tuple[Expansion, ...]:
    """What `paths` name, each relation once."""
    inner: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        known = (at for at in range(1, len(path) + 1) if ".".join(path[:at]) in relations)
        at = next(known, 0)
        if not at:
            raise unknown_relation(".".join(path), relations, may)
        below = inner.setdefault(".".join(path[:at]), [])
        if path[at:]:
            below.append(path[at:])
    if depth == DEEPEST and any(inner.values()):
        raise bad_parameter("expand", f"relations are expanded {DEEPEST} deep at most")
    return tuple(
        Expansion(
            relations[name],
            _expansions(relations[name].target.plans.relations, below, may, depth + 1),
        )
        for name, below in inner.items()
    )


def _check_visible(
    relations: Mapping[str, Relation],
    expansions: Iterable[Expansion],
    held: frozenset[str],
    may: Callable[[str], Any],
) -> None:
    for one in expansions:
        if not one.relation.permissions <= held:
            raise unknown_relation(one.relation.name, relations, may)
        _check_visible(one.relation.target.plans.relations, one.inner, held, may)


def visible(relations: Mapping[str, Relation], may: Callable[[str], Any]) -> list[str]:
    """The names of the relations that somebody of whom `may` tells may expand."""
    return [name for name, one in relations.items() if all(map(may, one.permissions))]


def unknown_relation(
    name: str, relations: Mapping[str, Relation], may: Callable[[str], Any]
) -> Exception:
    """The problem of a name that there is not, or not for this request: one cannot tell which."""
    listed = ", ".join(visible(relations, may)) or "nothing"
    detail = f"{name[:80]!r} cannot be expanded here; what can is {listed}"
    return bad_parameter("expand", detail, "unknown_relation")
