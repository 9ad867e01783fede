"""The matrix as a file: one line for a route, method and variant, sorted; and what differs from it.

Columns: the route, its path, the method, the variant, the permission, whose rows a resource shows, and
what came out for each actor: `allowed`, or which rows were seen (`all`, `own`, `none`), or the status of
the refusal; with a code where it was the view that refused (`409 wrong_state`).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from talatat.security.grants import AUTHENTICATED, PUBLIC
from talatat.testing.authorization.actors import ACTORS, WITHOUT

COLUMNS = ("route", "path", "method", "variant", "permission", "rows", *ACTORS)
SEEN = ("allowed", "all", "own", "none")
REFUSED = ("401", "403", "404")


@dataclass(frozen=True)
class Line:
    """What is said of one try; `outcomes` by actor."""

    route: str
    path: str
    method: str
    variant: str
    permission: str
    rows: str
    outcomes: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        """What a line is found by."""
        return (self.route, self.method, self.variant)

    @property
    def name(self) -> str:
        """As a report names it."""
        return " ".join(part for part in (self.method, self.path, self.variant) if part)

    def cells(self) -> list[str]:
        """The line as the file has it."""
        said = [self.route, self.path, self.method, self.variant, self.permission, self.rows]
        return said + [self.outcomes[actor] for actor in ACTORS]


def write(lines: Iterable[Line], path: Path) -> None:
    """Write the file that people review."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(one.cells() for one in sorted(lines, key=lambda one: one.key))
    path.write_text(text.getvalue(), encoding="utf-8")


def read(path: Path) -> list[Line]:
    """The lines of the file. ValueError for one that is not sorted, or says a line twice."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        Line(
            row["route"], row["path"], row["method"], row["variant"], row["permission"], row["rows"],
            {actor: row[actor] for actor in ACTORS},
        )
        for row in rows
    ]  # fmt: skip
    keys = [one.key for one in lines]
    if keys != sorted(set(keys)):
        raise ValueError(f"{path}: the lines are not sorted, or one is there twice")
    return lines


def differences(found: Iterable[Line], reviewed: Iterable[Line]) -> Iterator[str]:
    """What is otherwise than the file says: new, gone, or with another outcome."""
    before = {one.key: one for one in reviewed}
    after = {one.key: one for one in found}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None:
            yield f"{after[key].name}: new, and nobody has reviewed it: {_told(after[key])}"
        elif new is None:
            yield f"{old.name}: is in the file, and no route of the composition any more"
        elif old.cells() != new.cells():
            pairs = zip(COLUMNS, old.cells(), new.cells(), strict=True)
            changed = [f"{name} {was!r} -> {now!r}" for name, was, now in pairs if was != now]
            yield f"{new.name}: {'; '.join(changed)}"


def broken_laws(lines: Iterable[Line], everybody: Collection[str] = ()) -> Iterator[str]:
    """What no review may let pass: somebody gets in whom the permission keeps out.

    `everybody` are the permissions that whoever is logged in holds without being given them.
    """
    for line in lines:
        if line.variant == "not offered":
            continue
        held = {"nothing": {AUTHENTICATED, *everybody}, "narrowed": {AUTHENTICATED}}
        for actor in WITHOUT:
            if line.permission in {PUBLIC, *held.get(actor, ())}:
                continue
            if line.outcomes[actor] not in REFUSED:
                yield f"{line.name} asks for {line.permission} and gives {actor} {line.outcomes[actor]!r}"
        if line.rows == "own" and line.outcomes["other"] == "all":
            yield f"{line.name} shows the rows of others to somebody who sees but their own"
        if not any(one in SEEN or " " in one for one in line.outcomes.values()):
            yield (
                f"{line.name} lets nobody through, so that its refusals show nothing: supply a request "
                f"that is right ({_told(line)})"
            )


def _told(line: Line) -> str:
    return ", ".join(f"{actor} {said}" for actor, said in line.outcomes.items())
