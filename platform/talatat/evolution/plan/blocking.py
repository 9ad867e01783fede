"""What speaks against a plan, each with what mends or accepts it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.archive.naming import owned
from talatat.evolution.graph import Graph
from talatat.evolution.model import Blocker, Step
from talatat.evolution.observed import Observed
from talatat.evolution.opening import Opened
from talatat.evolution.planner import applied, squashed
from talatat.evolution.tables import VERSION_TABLE

_WORD = re.compile(r"\w+")


def ahead(
    opened: Opened, graph: Graph, heads: Mapping[str, Sequence[str]], observed: Observed
) -> Iterator[Blocker]:
    """The database stands at revisions that the installed packages do not have."""
    packages = (observed.release.packages or {}) if observed.release else {}
    for addon, found in heads.items():
        unknown = [one for one in found if (addon, one) not in graph.revisions]
        if not unknown:
            continue
        if text := squashed(graph, addon, unknown[0]):
            yield Blocker(text)
            continue
        known = packages.get(addon, {})
        name = known.get("distribution", addon)
        was = known.get("version")
        version = graph.versions.get(addon, "")
        install = f"pip install '{name}=={was}'" if was else f"Install the newer {addon} again"
        yield Blocker(
            f"the database is ahead: addon {addon} stands at revision {', '.join(unknown)}, which the "
            f"installed {addon} {version} does not have. {install}, or take the database back to where "
            f"{version or 'it'} can use it: talatat rollback {opened.ini.uri}"
        )


def archives_ahead(
    opened: Opened, graph: Graph, archived: Mapping[str, Mapping[str, Any]]
) -> Iterator[Blocker]:
    """An archive that is to come back was made at revisions that the installed package does not have."""
    for addon, one in archived.items():
        manifest = one["manifest"]
        unknown = [head for head in manifest["heads"] if (addon, head) not in graph.revisions]
        if not unknown:
            continue
        if text := squashed(graph, addon, unknown[0]):
            yield Blocker(text)
            continue
        wanted = f"{manifest.get('distribution') or addon}=={manifest['version'] or 'VERSION'}"
        yield Blocker(
            f"archive {one['id']} of addon {addon} was made at revision {', '.join(unknown)}, which the "
            f"installed {addon} {graph.versions.get(addon, '')} does not have. Install the version that made "
            f"it, or a later one (pip install '{wanted}'); or drop it for good and begin with empty tables: "
            f"talatat purge {opened.ini.uri} {addon} --archive {one['id']}"
        )


def edited(opened: Opened, graph: Graph, observed: Observed) -> Iterator[Blocker]:
    """A revision's file is not what was applied."""
    for text in observed.ledger.edited(graph):
        yield Blocker(text.replace("{ini}", opened.ini.uri))


def misfits(
    opened: Opened, graph: Graph, observed: Observed, archived: Collection[str]
) -> Iterator[Blocker]:
    """Version tables without tables, and tables without a version row."""
    live = set(observed.schema.tables) if observed.schema else set()
    known = {*graph.folders, *observed.heads}
    for addon in graph.folders:
        heads = observed.heads.get(addon)
        own = owned(addon, sorted(live), known) if addon != PLATFORM else []
        own = [one for one in own if not one.endswith(VERSION_TABLE)]
        if heads:
            missing = [one for one in _promised(graph, observed, addon) if one not in live]
            if missing:
                yield Blocker(
                    f"addon {addon} stands at revision {', '.join(heads)}, but its tables are not all "
                    f"there: {', '.join(missing)}. Restore them from a backup, or let `talatat doctor "
                    f"{opened.ini.uri}` tell what is there and mend the version row with --repair."
                )
        elif own and addon not in archived and graph.of(addon):
            yield Blocker(
                f"tables of addon {addon} are there ({', '.join(own)}), but its version table has no "
                f"row. If an addon's revisions made them, `talatat doctor {opened.ini.uri} --repair` "
                f"finds out which and writes the row; otherwise rename or drop them."
            )


def _promised(graph: Graph, observed: Observed, addon: str) -> list[str]:
    """The tables that an addon has in the last release, where all was run that makes them.

    A release is recorded before its plan takes anything away, and what makes a table may come after that;
    a rollback that was interrupted lacks some as well.
    """
    surface: Mapping[str, Any] = observed.release.surface if observed.release else {}
    heads, wanted = observed.heads[addon], surface.get("heads", {}).get(addon, ())
    if any((addon, one) not in graph.revisions for one in (*heads, *wanted)):
        return []
    left = applied(graph, {addon: wanted}) - applied(graph, {addon: heads})
    if any(graph.revisions[key].phase != "contract" for key in left):
        return []
    return [name for name, one in surface.get("tables", {}).items() if one.get("addon") == addon]


def blockers_of(
    steps: Sequence[Step], accept: Collection[str], live: Collection[str]
) -> list[Blocker]:
    """Steps that may only be run when somebody accepts them by name."""
    found: list[Blocker] = []
    for step in steps:
        if step.key in accept:
            continue
        dangers = [one for one in step.hazards if _blocks(one, step)]
        found += [
            Blocker(
                f"{step}: {one['id']}: {one['message']} Instead: {one['recipe']['text']}", step.key
            )
            for one in dangers
        ]
        if step.reversibility == "forward only" and _touches(step, live):
            found.append(
                Blocker(f"{step} goes forward only: there is no way back from it.", step.key)
            )
    return found


def _blocks(hazard: Mapping[str, Any], step: Step) -> bool:
    if hazard["severity"] != "danger" or hazard["waived"]:
        return False
    # What is dropped is kept, and comes back with `talatat rollback`.
    return not (hazard["id"] == "destructive" and step.keeps)


def _touches(step: Step, live: Collection[str]) -> bool:
    """Whether a step concerns a table that is there before the plan."""
    words = {word for one in step.statements for word in _WORD.findall(one)}
    return bool(words & set(live)) or any(one["table"] in live for one in step.batches)
