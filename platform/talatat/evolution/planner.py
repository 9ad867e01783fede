"""The order of revisions across addons: the same on every site, whatever the history.

Topological by `down_revision` and `requires`; of those that could come next, first what only adds
(expand), then what moves data, then what takes away (contract); ties by composition order, then by name.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence

from talatat.evolution.graph import PHASES, EvolutionError, Graph, Revision

Key = tuple[str, str]


def applied(graph: Graph, heads: Mapping[str, Collection[str]]) -> set[Key]:
    """Return what has been applied, where `heads` stand in the version tables.

    Raises EvolutionError when a database is ahead: it stands at a revision that no file has.
    """
    done: set[Key] = set()
    problems: list[str] = []
    for addon, revisions in heads.items():
        waiting = list(revisions)
        while waiting:
            key = (addon, waiting.pop())
            if key in done:
                continue
            one = graph.revisions.get(key)
            if one is None:
                problems.append(_ahead(graph, *key))
                continue
            done.add(key)
            waiting += one.down
    if problems:
        raise EvolutionError(problems)
    return done


def order(graph: Graph, done: Collection[Key]) -> list[Revision]:
    """Return the revisions that are not done, in the order in which they are to be run.

    Raises EvolutionError when revisions require each other in a circle.
    """
    waiting = {
        key: _before(one) - set(done) for key, one in graph.revisions.items() if key not in done
    }
    ready = [_rank(graph, graph.revisions[key]) for key, before in waiting.items() if not before]
    heapq.heapify(ready)
    result: list[Revision] = []
    while ready:
        *_, key = heapq.heappop(ready)
        result.append(graph.revisions[key])
        for other, before in waiting.items():
            if key in before:
                before.discard(key)
                if not before:
                    heapq.heappush(ready, _rank(graph, graph.revisions[other]))
    if len(result) < len(waiting):
        stuck = sorted(str(graph.revisions[key]) for key, before in waiting.items() if before)
        raise EvolutionError(
            f"these revisions require each other in a circle: {', '.join(stuck)}. Take the requirement "
            f"out of one of them."
        )
    return result


def closed(pending: Sequence[Revision], keys: Iterable[Key]) -> list[Revision]:
    """Return those of `pending`, in order, that `keys` name, and those on which such a one stands."""
    by_key = {one.key: one for one in pending}
    waiting = list(keys)
    found: set[Key] = set()
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in found:
            found.add(key)
            waiting += _before(by_key[key])
    return [one for one in pending if one.key in found]


def _before(one: Revision) -> set[Key]:
    return {(one.addon, down) for down in one.down} | set(one.requires.items())


def _rank(graph: Graph, one: Revision) -> tuple[int, int, str, Key]:
    return (PHASES.index(one.phase), graph.order[one.addon], one.revision, one.key)


def _ahead(graph: Graph, addon: str, revision: str) -> str:
    version = graph.versions.get(addon)
    installed = f"{addon} {version}" if version else addon
    if text := squashed(graph, addon, revision):
        return text
    return (
        f"the database is ahead: addon {addon} stands at revision {revision!r} there, which the installed "
        f"{installed} does not have. Install the version of {addon} that the database was brought to, "
        f"or restore a database of this version."
    )


def squashed(graph: Graph, addon: str, revision: str) -> str | None:
    """What to do where a database stands at a revision that was squashed since; None where it was not."""
    into = next((one.revision for one in graph.of(addon) if revision in one.replaces), None)
    if into is None:
        return None
    return (
        f"addon {addon} stands at revision {revision!r}, which the installed {addon} "
        f"{graph.versions.get(addon, '')} has squashed into {into!r}: what lies between the two is not in "
        f"this package any more. Install the last version of {addon} before the squash, run `talatat "
        f"apply`, then install this one."
    )
