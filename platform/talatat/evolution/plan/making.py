"""Making a plan: what is there, what is wanted, the steps between and what speaks against them.

Nothing is written but in a shadow database. The new system is composed in a process of its own, which may
write nothing at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from talatat.composing import load_composition
from talatat.composition import Composition
from talatat.evolution import lockfile
from talatat.evolution.desired import Desired, compose_apart
from talatat.evolution.differences import differences
from talatat.evolution.graph import Graph, Revision, read_graph
from talatat.evolution.model import Base, Blocker, Change, Plan, Step
from talatat.evolution.observed import Observed, look
from talatat.evolution.opening import Opened, open_database
from talatat.evolution.plan.blocking import ahead, archives_ahead, blockers_of, edited, misfits
from talatat.evolution.plan.filling import fill_steps
from talatat.evolution.plan.preflight import preflight
from talatat.evolution.plan.recording import recorded
from talatat.evolution.plan.revisions import bare_step, sweeps
from talatat.evolution.plan.weighing import closures, weighed
from talatat.evolution.planner import applied, closed, order


@dataclass(frozen=True)
class Prepared:
    """A plan with all that it was made of, for whoever carries it out right away."""

    opened: Opened
    composition: Composition
    graph: Graph
    desired: Desired
    plan: Plan


def make_plan(
    ini: str,
    *,
    accept: Collection[str] = (),
    without: Collection[str] = (),
    desired: Desired | None = None,
) -> Plan:
    """Plan to bring the database of an .ini to its composition.

    `accept` names steps that may go forward only or be dangerous, `without` addons to leave out, `desired`
    what composing gave where that was done already. Raises CompositionError where the composition cannot
    be made, EvolutionError where the database cannot be reached or a revision fails in the shadow.
    """
    return prepare(ini, accept=accept, without=without, desired=desired).plan


def prepare(
    ini: str,
    *,
    accept: Collection[str] = (),
    without: Collection[str] = (),
    desired: Desired | None = None,
) -> Prepared:
    """As `make_plan`, and keep what it was made of."""
    opened = open_database(ini)
    composition = load_composition(opened.ini, without)
    wanted = desired or compose_apart(opened.ini.uri, without)
    # What quarantine left out while composing is not brought to the database either.
    composed = composition.without(wanted.left_out)
    return prepared(opened, composed, wanted, look(opened), accept)


def prepared(
    opened: Opened,
    composition: Composition,
    desired: Desired,
    observed: Observed,
    accept: Collection[str] = (),
) -> Prepared:
    """The plan, of what has been looked at already."""
    graph = read_graph(composition)
    draft = _Draft(opened, composition, graph, desired, observed)
    blockers = draft.obstacles()
    steps: Sequence[Step] = ()
    if not blockers:
        steps = draft.steps()
        blockers = blockers_of(steps, frozenset(accept), draft.live_tables)
    strange = list(draft.strange())
    blockers += [one for one in strange if one.accept not in accept]
    known = {step.key for step in steps} | {str(one.accept) for one in strange}
    plan = Plan(
        "apply",
        opened.ini.uri,
        base_of(opened, observed),
        surface=desired.surface,
        packages=desired.packages,
        steps=tuple(steps),
        changes=tuple(draft.changes(steps)),
        blockers=tuple(blockers),
        accepted=tuple(sorted(set(accept) & known)),
        measured={
            "warnings": [
                *desired.warnings,
                *preflight(opened, observed),
                *_idle_accepts(accept, known, graph, blockers),
            ]
        },
    )
    return Prepared(opened, composition, graph, desired, plan)


def _idle_accepts(
    accept: Collection[str], keys: Collection[str], graph: Graph, blockers: Collection[Blocker]
) -> Iterator[str]:
    """Accepted names that no step has. One that ran already is no mistake, but a command typed again."""
    if blockers and not keys:
        return
    known = {*keys} | {":".join(key) for key in graph.revisions}
    for name in sorted(set(accept) - known):
        if name.startswith("package:"):  # it is as the lock file has it by now
            continue
        nearest = get_close_matches(name, known, 1)
        meant = f" Did you mean {nearest[0]}?" if nearest else ""
        yield f"--accept {name} names no step of this plan.{meant}"


def base_of(opened: Opened, observed: Observed) -> Base:
    """The state that a plan starts from."""
    return Base(
        opened.target,
        observed.identity,
        opened.dialect,
        observed.release.number if observed.release else None,
        {addon: found for addon, found in observed.heads.items() if found},
        observed.fingerprint,
        tuple(one["id"] for one in observed.archives),
    )


@dataclass
class _Draft:
    opened: Opened
    composition: Composition
    graph: Graph
    desired: Desired
    observed: Observed

    @property
    def live_tables(self) -> Collection[str]:
        schema = self.observed.schema
        return set() if schema is None else set(schema.tables)

    @property
    def released(self) -> Mapping[str, Any]:
        """The surface of the last release."""
        return self.observed.release.surface if self.observed.release else {}

    def obstacles(self) -> list[Blocker]:
        """What has to be mended before there can be steps."""
        own = {addon: self.observed.heads.get(addon, []) for addon in self.graph.folders}
        return [
            *ahead(self.opened, self.graph, own, self.observed),
            *archives_ahead(self.opened, self.graph, self._archived()),
            *edited(self.opened, self.graph, self.observed),
            *misfits(self.opened, self.graph, self.observed, self._archived()),
        ]

    def strange(self) -> Iterator[Blocker]:
        """Packages that are not what their versions stand for: only accepted by name.

        In development they are worked at.
        """
        if getattr(self.opened.settings, "development", False):
            return
        for one in lockfile.unlike(lockfile.read(self.opened.ini), self.desired.packages):
            yield Blocker(
                f"{one.what} of addon {one.addon}: {one.detail}. Install it again from where it comes from "
                f"(pip install --force-reinstall --no-deps '{one.what.replace(' ', '==')}'), or look at what "
                f"was changed and accept it.",
                one.key,
            )

    def _archived(self) -> dict[str, Mapping[str, Any]]:
        """The archives that come back, in the order of composition: what is required comes first."""
        away = self.observed.away
        return {name: away[name] for name in self.composition.names if name in away}

    def steps(self) -> list[Step]:
        archived = self._archived()
        heads = {addon: self.observed.heads.get(addon, []) for addon in self.graph.folders}
        heads |= {addon: one["manifest"]["heads"] for addon, one in archived.items()}
        bare = self._bare(archived, heads)
        known = recorded(self.opened, self.graph, bare, self.observed, heads, _statements(archived))
        if not self.opened.exists:
            return self._weighed(None, known)
        with self.opened.reading() as connection:
            steps = self._weighed(connection, known)
            fills = fill_steps(
                connection, self.desired, self.released, self.live_tables, _coming(archived)
            )
        return _before_contract(steps, fills)

    def _bare(
        self, archived: Mapping[str, Mapping[str, Any]], heads: Mapping[str, Sequence[str]]
    ) -> list[Step]:
        """Restores first, but for what they stand on: what an addon requires may be new, or purged since."""
        pending = order(self.graph, applied(self.graph, heads))
        steps: list[Step] = []
        for addon, one in archived.items():
            early = closed(pending, self._beneath(addon, pending, heads))
            pending = [other for other in pending if other not in early]
            steps += [*map(self._upgrade, early), Step("restore", addon, one["id"])]
        return [*steps, *map(self._upgrade, pending)]

    def _beneath(
        self, addon: str, pending: Sequence[Revision], heads: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, str]]:
        """What has to be there before an archive comes back: what its revisions require, and all that makes
        something for an addon that it requires and that is new here.
        """
        for own in applied(self.graph, {addon: heads[addon]}):
            yield from self.graph.revisions[own].requires.items()
        for one in pending:
            needed = self.composition.requires(addon, one.addon) and not heads[one.addon]
            if needed and one.phase != "contract":
                yield one.key

    def _upgrade(self, revision: Revision) -> Step:
        again = sweeps(self.graph, revision) if revision.phase == "contract" else ()
        return bare_step(revision, self.opened.dialect, again=again)

    def _weighed(self, connection: Any, steps: Sequence[Step]) -> list[Step]:
        packages = [one.package for one in self.composition.addons]
        return weighed(
            connection, self.opened.dialect, self.graph, steps, closures(self.composition), packages
        )

    def changes(self, steps: Sequence[Step]) -> list[Change]:
        """What changes for callers and operators."""
        restored = [step.addon for step in steps if step.kind == "restore"]
        left_out = self.desired.left_out
        found = differences(
            self.released or None, self.desired.surface, archives=restored, left_out=left_out
        )
        lock = lockfile.read(self.opened.ini)
        found += lockfile.parted(lock, self.desired, self.observed)
        return found


def _coming(archived: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The tables that archives bring back, each with its rows."""
    return {
        table["name"]: table["rows"]
        for one in archived.values()
        for table in one["manifest"]["tables"]
    }


def _statements(archived: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """What makes the tables of each archive, by its id."""
    if not archived:
        return {}
    from talatat.evolution.archive import statements_of

    return {one["id"]: statements_of(one["manifest"]) for one in archived.values()}


def _before_contract(steps: Sequence[Step], fills: Sequence[Step]) -> list[Step]:
    """Fills after all that makes or brings a table, before what is only taken away."""
    makes = (n for n, one in enumerate(steps, 1) if one.phase != "contract")
    place = max(makes, default=0)
    return [*steps[:place], *fills, *steps[place:]]
