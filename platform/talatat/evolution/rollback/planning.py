"""The plan of a rollback: the steps back with the SQL that they send, found out in a shadow database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.apply.applying import older_processes
from talatat.evolution.graph import EvolutionError, Graph
from talatat.evolution.history import told_apart
from talatat.evolution.live import Schema
from talatat.evolution.model import SECTIONS, Blocker, Change, Plan, Step
from talatat.evolution.observed import Observed, Release, look
from talatat.evolution.opening import Opened
from talatat.evolution.plan.making import base_of
from talatat.evolution.plan.recording import recorded
from talatat.evolution.plan.revisions import bare_step
from talatat.evolution.plan.weighing import weighed
from talatat.evolution.rollback.target import choose, surface_at, undone


@dataclass(frozen=True)
class Prepared:
    """A plan with what carrying it out needs. `graph` has its revisions in a folder that goes away."""

    opened: Opened
    plan: Plan
    graph: Graph
    last: Release
    target: Release


def plan_rollback(opened: Opened, to: int | None = None) -> Plan:
    """Plan to go back to release `to`, by default to the one before the last. See `prepared`."""
    with prepared(opened, to) as made:
        return made.plan


@contextmanager
def prepared(opened: Opened, to: int | None = None) -> Iterator[Prepared]:
    """Plan to go back to release `to`; what is yielded can be carried out while the block lasts.

    Raises EvolutionError where there is no such release, where the ledger was tampered with, and where a
    step back fails in the shadow.
    """
    ini = opened.ini.uri
    observed = look(opened)
    if observed.release is None:
        raise EvolutionError(
            f"the database of {ini} has no release yet: there is nothing to go back to. Run talatat apply "
            f"{ini} first."
        )
    with TemporaryDirectory(prefix="talatat-rollback-") as folder:
        graph, last = observed.ledger.graph(Path(folder)), observed.release
        beyond = not _unknown(observed, graph, last) and bool(
            undone(observed.ledger, graph, observed.heads, last)[0]
        )
        with opened.reading() as connection:
            target = choose(connection, ini, to, last, beyond=beyond)
            surface = surface_at(target, last, dict(observed.heads))
            serving = older_processes(connection, surface)
        steps, blockers = _steps(opened, observed, graph, target)
        changes = _changes(observed, last, target, steps)
        plan = Plan(
            "rollback",
            ini,
            base_of(opened, observed),
            surface=surface,
            packages=_packages(target, last),
            steps=tuple(steps),
            changes=tuple(changes),
            blockers=tuple(blockers),
            to_release=target.number,
            measured={"processes": [_told(one) for one in serving]},
        )
        yield Prepared(opened, plan, graph, last, target)


def _told(process: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): process[key] for key in ("id", "host", "pid", "release")}


def _packages(target: Release, last: Release) -> Mapping[str, Any]:
    """What the release will say was installed: the target's, but for the platform, which stays."""
    own = dict(target.packages or {})
    if last.packages and PLATFORM in last.packages:
        own[PLATFORM] = last.packages[PLATFORM]
    return own


def _steps(
    opened: Opened, observed: Observed, graph: Graph, target: Release
) -> tuple[Sequence[Step], list[Blocker]]:
    unknown = _unknown(observed, graph, target)
    if unknown:
        return (), [Blocker(text) for text in unknown]
    going, problems = undone(observed.ledger, graph, observed.heads, target)
    steps = [bare_step(graph.revisions[one.key], opened.dialect, "down") for one in going]
    blockers = [Blocker(text) for text in problems]
    blockers += _out_of_reach(opened, observed, graph, target)
    blockers += [
        Blocker(
            f"{step}: goes forward only, so there is no way back to release {target.number} past it. Go "
            f"back to a release that has it (talatat rollback {opened.ini.uri} --to N), or restore a "
            f"backup that was made before it."
        )
        for step in steps
        if step.reversibility == "forward only"
    ]
    if blockers:
        return steps, blockers
    try:
        known = recorded(opened, graph, steps, observed, observed.heads)
    except EvolutionError as error:
        raise EvolutionError(
            f"the way back to release {target.number} fails in a shadow database; nothing was changed. "
            f"{error}"
        ) from error
    with opened.reading() as connection:
        weighty = weighed(connection, opened.dialect, graph, known, _requires(target))
    # A way back was written to be gone once, in a hurry: it is told what it locks, and not lectured.
    return [replace(one, hazards=()) for one in weighty], dangling(observed.schema, known)


def _out_of_reach(
    opened: Opened, observed: Observed, graph: Graph, target: Release
) -> Iterator[Blocker]:
    """Archives of the target's addons that its packages could not bring back: they went further since."""
    ini = opened.ini.uri
    for addon, one in sorted(observed.away.items()):
        manifest = one["manifest"]
        heads = [head for head in manifest["heads"] if (addon, head) in graph.revisions]
        beyond, _ = undone(observed.ledger, graph, {addon: heads}, target)
        if beyond:
            yield Blocker(
                f"release {target.number} has addon {addon}, whose data lies in archive {one['id']} at revision "
                f"{', '.join(heads)}: beyond that release, whose packages could not bring it back. List {addon} "
                f"in talatat.addons, run `talatat apply {ini}` with {addon} {manifest['version'] or 'as it was'}, "
                f"then go back; or have it in a file (talatat archive {ini} {addon} --file FILE) and drop it: "
                f"talatat purge {ini} {addon} --archive {one['id']}"
            )


def dangling(schema: Schema | None, steps: Sequence[Step]) -> list[Blocker]:
    """Tables that stay and refer to one that goes: SQLite would drop it all the same."""
    keeps = [one for step in steps for one in step.keeps]
    gone = {one["table"] for one in keeps if one["whole"]}
    columns = {(one["table"], name) for one in keeps for name in one["columns"]}
    return [
        Blocker(
            f"table {name} refers to {key.target_table}, which goes, and no revision of its addon says "
            f"that it requires the one that made it. Write that into its `requires`, or take its addon "
            f"out, apply, and archive it before you go back."
        )
        for name, info in sorted(schema.tables.items() if schema is not None else ())
        if name not in gone
        for key in info.foreign_keys
        if key.target_table in gone and not {(name, one) for one in key.columns} & columns
    ]


def _unknown(observed: Observed, graph: Graph, target: Release) -> list[str]:
    """Revisions that the version tables name and the ledger does not have."""
    wanted = {one["name"] for one in target.surface.get("addons", ())}
    return [
        f"addon {addon} stands at revision {head}, of which the ledger has no text: it was not applied "
        f"by `talatat apply`, which enters what it finds. Run talatat apply with the packages that the "
        f"database was brought to, then go back."
        for addon, heads in sorted(observed.heads.items())
        for head in heads
        if addon in wanted and (addon, head) not in graph.revisions
    ]


def _requires(target: Release) -> Mapping[str, Collection[str]]:
    direct = {one["name"]: set(one.get("requires", ())) for one in target.surface.get("addons", ())}

    def closed(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        below = direct.get(name, set()) - seen
        return below.union(*(closed(one, seen | below) for one in below)) | {PLATFORM}

    return {name: closed(name) for name in direct}


def _changes(
    observed: Observed, last: Release, target: Release, steps: Sequence[Step]
) -> list[Change]:
    changes = told_apart(last.surface, target.surface)
    wanted = {one["name"] for one in target.surface.get("addons", ())}
    archived = {one["addon"]: one["id"] for one in observed.archives}
    for name in sorted(wanted):
        if not target.surface.get("heads", {}).get(name) or observed.heads.get(name):
            continue
        detail = "its data was purged since: it will be empty when it is composed again"
        if name in archived:
            detail = (
                f"its data lies in archive {archived[name]}; talatat apply restores it when {name} is "
                f"composed again"
            )
        changes.append(Change("states", "~", name, name, detail, "notice"))
    for name in dict.fromkeys(step.addon for step in steps if step.addon not in wanted):
        detail = "sleeps; its tables that build on what goes are kept, and come back with it"
        changes.append(Change("states", "~", name, name, detail, "notice"))
    return sorted(changes, key=lambda one: SECTIONS.index(one.section))
