"""Every point of a plan, or a few spread over it, interrupted in every way."""

from __future__ import annotations

from killing.interrupting import CRASHED, HOWS
from killing.lab import Lab

FAR = 10**9  # a point that no run comes to


def sweep(lab: Lab, most: int | None = None) -> dict[str, int]:
    """Interrupt at every point, or at `most` points, in each way; how many were, by the way.

    Asserts that what is there after applying again is what an undisturbed apply leaves.
    """
    undisturbed = lab.copy()
    wanted = lab.applied(undisturbed)
    assert wanted["ledger"]
    assert wanted["left"] == []
    lab.drop(undisturbed)
    struck = {}
    for how in HOWS:
        if how == "terminate" and lab.server is None:
            continue  # SQLite has no server to end
        counted = lab.copy()
        total = lab.interrupt(counted, how, FAR).points
        lab.drop(counted)
        points = _chosen(total, most, shift=len(struck))
        for point in points:
            _strike(lab, how, point, wanted)
        struck[how] = len(points)
    return struck


def _chosen(total: int, most: int | None, shift: int) -> list[int]:
    if most is None or total <= most:
        return list(range(1, total + 1))
    step = total / most
    return sorted({min(total, 1 + shift + int(step * number)) for number in range(most)})


def _strike(lab: Lab, how: str, point: int, wanted: dict[str, object]) -> None:
    url = lab.copy()
    outcome = lab.interrupt(url, how, point)
    assert outcome.code != CRASHED, outcome.text
    assert outcome.reached, f"{lab.plan}: {how} did not come to point {point}"
    assert lab.applied(url) == wanted, f"{lab.plan}: {how} at point {point}"
    lab.drop(url)
