"""Objects in an order in which they can be made: by their kind, and by what the catalogue says they need."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from talatat.evolution.live.schema import Object

# A thing of the catalogue: the catalogue's name and the oid.
Key = tuple[str, int]


@dataclass(frozen=True)
class Node:
    """One statement: `rank` of its kind, the thing that it makes (None: it says more of one), its needs."""

    rank: int
    made: Object
    key: Key | None = None
    needs: tuple[Key, ...] = ()


def ordered(nodes: Sequence[Node], needs: Iterable[tuple[Key, Key]]) -> tuple[Object, ...]:
    """Order `nodes` by rank and name, later where one needs another. What goes in circles comes last."""
    followers = _followers(nodes, needs)
    waits = dict.fromkeys(range(len(nodes)), 0)
    for others in followers.values():
        for other in others:
            waits[other] += 1
    sorting = [(one.rank, one.made.table or "", one.made.name, at) for at, one in enumerate(nodes)]
    ready = [sorting[at] for at, count in waits.items() if not count]
    heapq.heapify(ready)
    done: list[int] = []
    while ready:
        at = heapq.heappop(ready)[-1]
        done.append(at)
        for other in followers.get(at, ()):
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, sorting[other])
    left = set(waits) - set(done)
    done += [entry[-1] for entry in sorted(sorting) if entry[-1] in left]
    return tuple(nodes[at].made for at in done)


def _followers(nodes: Sequence[Node], needs: Iterable[tuple[Key, Key]]) -> Mapping[int, set[int]]:
    """Which nodes wait for which, by their places."""
    by_key = {one.key: at for at, one in enumerate(nodes) if one.key}
    found: dict[int, set[int]] = defaultdict(set)
    for later, earlier in needs:
        if later in by_key and earlier in by_key and later != earlier:
            found[by_key[earlier]].add(by_key[later])
    for at, one in enumerate(nodes):
        for earlier in one.needs:
            if by_key.get(earlier, at) != at:
                found[by_key[earlier]].add(at)
    return found
