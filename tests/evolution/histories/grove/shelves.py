"""Shelves: addons that belong together, each a series. A shelf is made by chance, the same of one seed.

`alder` is the core: the others require it, extend it, refer to it. `birch` extends it with a row for each of
its rows, `cedar` with some rows, `dune` requires `birch` alone and has two release lines.
"""

from __future__ import annotations

from functools import cache
from random import Random

from grove.series import ReleaseSeries, grow


@cache
def shelf(seed: int, releases: int = 6) -> tuple[ReleaseSeries, ...]:
    """Four series. Which of them squashes its first revisions, and when, depends on the seed."""
    rng = Random(seed)
    squashing = rng.choice(["alder", "birch", "cedar", "dune"])
    when = rng.randrange(3, releases)

    def squashed(addon: str) -> int | None:
        return when if addon == squashing else None

    alder = grow("alder", seed, releases=releases, squashed=squashed("alder"))
    birch = grow(
        "birch",
        seed,
        (alder,),
        {"alder_item": "always"},
        releases=releases,
        squashed=squashed("birch"),
    )
    cedar = grow(
        "cedar",
        seed,
        (alder,),
        {"alder_item": "sparse"},
        releases=releases,
        squashed=squashed("cedar"),
    )
    dune = grow(
        "dune",
        seed,
        (birch,),
        {"birch_item": "always"},
        releases=releases,
        squashed=squashed("dune"),
        lines=rng.randrange(1, releases - 3),
    )
    return alder, birch, cedar, dune


def by_name(series: tuple[ReleaseSeries, ...]) -> dict[str, ReleaseSeries]:
    return {one.addon: one for one in series}
