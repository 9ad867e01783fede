"""Ten years in an hour: forty releases of twenty addons on one system, with data flowing in all the while.

    python bench/decade.py [--database postgresql|sqlite] [--releases 40] [--addons 20] [--rows 2000] [--report]

The addons are made by a program (tests/evolution/histories/grove): each has a series of releases with new
columns, renames, splits, type changes, foreign keys across addons, backfills, indexes, rebuilds, dropped
columns and tables, and squashes its migrations half way. Each release of the system upgrades some addons,
adds one, lets one sleep or brings one back; one is archived and restored, one release is taken back. A
thread inserts rows without a pause, also while a plan is applied. A plain dict knows what must be there;
it is compared with what the drivers find. `--report` writes docs/decade.md and docs/decade.svg.

Exit code 0 where nothing was lost and planning grew no faster than the number of addons, 2 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "evolution" / "histories"), str(ROOT / "bench")]

from decade_page import write_page  # noqa: E402
from grove.looking import Look  # noqa: E402
from grove.series import ReleaseSeries, grow  # noqa: E402
from grove.warm import Warm  # noqa: E402
from grove.world import MOMENT, World, Wrong  # noqa: E402
from grove.writing import Store  # noqa: E402

NAMES = (
    "alder birch cedar dogwood elm fir ginkgo hazel ivy juniper kapok larch maple neem oak pine quince rowan "
    "sorrel teak"
).split()
EVERY = 5  # releases between two comparisons of all rows
# The quickest of so many plans that find nothing to do counts: others work on the machine too.
LOOKS = 3


@dataclass
class Point:
    """One release of the system. Times in seconds, in a warm process; `stall` is the flow's longest wait."""

    release: int
    addons: int
    steps: int
    idle: float
    plan: float
    apply: float
    rows: int
    tables: int
    columns: int
    bytes: int
    flowed: int
    stall: float


@dataclass
class Decade:
    """What came of it."""

    database: str
    addons: int
    points: list[Point] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    lost: str | None = None

    def growth(self) -> dict[str, float]:
        """How planning grew, from the first quarter to the last, as against the number of addons."""
        quarter = max(1, len(self.points) // 4)
        early, late = self.points[:quarter], self.points[-quarter:]

        def ratio(name: str) -> float:
            old = sorted(getattr(one, name) for one in early)[len(early) // 2]
            new = sorted(getattr(one, name) for one in late)[len(late) // 2]
            return round(new / (old or 1), 2)

        return {"addons": ratio("addons"), "planning nothing": ratio("idle"), "rows": ratio("rows")}

    @property
    def held(self) -> bool:
        """Whether nothing was lost, and planning grew no faster than the number of addons."""
        growth = self.growth()
        return self.lost is None and growth["planning nothing"] <= growth["addons"]


class Flow:
    """A thread that inserts rows all the while, each in a transaction of its own."""

    def __init__(self, url: str, tables: list[str], start: int) -> None:
        self.url, self.tables, self.number = url, tables, start
        self.made: list[tuple[str, str]] = []
        self.stall = 0.0
        self.failed: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Flow:
        self.thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.ended.set()
        self.thread.join()

    def _run(self) -> None:
        with Look(self.url) as look:
            while not self.ended.is_set():
                self.number += 1
                key = f"00000000-0000-7000-9000-{self.number:012d}"
                table = self.tables[self.number % len(self.tables)]
                row = {"id": key, "version": 1, "created_at": MOMENT, "updated_at": MOMENT}
                began = time.monotonic()
                try:
                    look.insert(table, row)
                except Exception as error:  # noqa: BLE001  # told at the end: it must not happen
                    self.failed.append(f"{table}: {error}")
                    continue
                self.made.append((table, key))
                self.stall = max(self.stall, time.monotonic() - began)
                time.sleep(0.005)


class System(World):
    """A world that compares all rows every few releases, and takes rows in by the thousand."""

    full = False

    def check(self) -> None:
        if self.full:
            super().check()

    def pour(self, rng: Random, many: int) -> None:
        """Rows for one table of each enabled addon, in one transaction."""
        tables = [one for one in self.writable() if one.extends is None]
        chosen = [rng.choice(tables) for _ in range(many // 100)]
        self.look.execute("BEGIN")
        for table in chosen:
            for _ in range(100):
                self._insert(table, {"id": self.new_id(), "version": 1, **self.values(table, rng)})
        self.look.execute("COMMIT")
        self.counts.add("rows written", len(chosen) * 100)

    def _insert(self, table: Any, row: dict[str, Any]) -> None:
        row |= {"created_at": MOMENT, "updated_at": MOMENT}
        for name, column in table.columns.items():
            if column.default is not None and row.get(name) is None:
                row[name] = column.default
        self.look.insert(table.name, row)
        rest = {one.name: one.born for one in table.columns.values()}
        self.oracle.insert(table.name, {**rest, **row})

    def adopt(self, made: list[tuple[str, str]]) -> None:
        """Tell the oracle of rows that came in while a plan was applied."""
        for name, key in made:
            table = self.oracle.tables[name]
            rest = {one.name: one.born for one in table.columns.values()}
            fixed = {"id": key, "version": 1, "created_at": MOMENT, "updated_at": MOMENT}
            self.oracle.insert(name, {**rest, **fixed})
        self.counts.add("rows that came in during applies", len(made))

    def size(self) -> tuple[int, int, int]:
        """Tables, columns and bytes."""
        tables = self.oracle.tables
        if self.look.sqlite:
            found = self.look.query(
                "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size"
            )
        else:
            found = self.look.query("SELECT pg_database_size(current_database()) AS n")
        return len(tables), sum(len(one.columns) for one in tables.values()), int(found[0]["n"])


def forest(addons: int, releases: int) -> list[ReleaseSeries]:
    """The series: the first three stand alone, the others require one or two that came before."""
    rng = Random(10)
    made: list[ReleaseSeries] = []
    for place, name in enumerate(NAMES[:addons]):
        required = (
            tuple(rng.sample(made, min(len(made), rng.choice([1, 1, 2])))) if place > 2 else ()
        )
        extends = {f"{one.addon}_item": "sparse" for one in required[:1]}
        made.append(grow(name, 10, required, extends, releases=releases, squashed=releases // 2))
    return made


def advance(world: System, rng: Random, share: float) -> None:
    """Upgrade some addons by one release each, as far as their requirements allow."""
    for addon in list(world.wanted()):
        releases = world.store.series[addon].releases
        before = world.site.installed[addon]
        place = [one.version for one in releases].index(before)
        if place + 1 < len(releases) and rng.random() < share:
            world.install(addon, releases[place + 1].version)
            if not (world.fits() and world.reachable()):
                world.install(addon, before)


def change(world: System, rng: Random, number: int, addons: int) -> None:
    """What a release of the system changes besides: one more addon, one that sleeps, one that comes back."""
    known = list(world.store.series)[:addons]
    enough = min(addons, 6 + number)
    listed = [name for name in known[:enough] if name not in world.sleeping]
    leaves = [
        name
        for name in listed
        if not any(name in world.store.series[other].requires for other in known)
    ]
    if number % 6 == 4 and leaves:
        world.sleeping.add(rng.choice(leaves))
    elif number % 6 == 1:
        world.sleeping.clear()
    world.declare([name for name in known[:enough] if name not in world.sleeping])


def live(world: System, options: argparse.Namespace, decade: Decade) -> None:
    """All releases."""
    rng = Random(11)
    for addon, series in world.store.series.items():
        world.install(addon, series.releases[0].version)
    for number in range(1, options.releases + 1):
        change(world, rng, number, options.addons)
        if number > 1:
            advance(world, rng, 0.45)
        world.full = number % EVERY == 0 or number == options.releases
        decade.points.append(release(world, number))
        world.pour(rng, options.rows)
        print(_line(decade.points[-1]), flush=True)
        if number % 12 == 10:
            there = {one.addon for one in world.oracle.tables.values()}
            for addon in sorted(world.sleeping & there):
                world.archive(addon)
        if number == options.releases * 3 // 4:
            back = sorted(world.oracle.releases)[-2]
            kept = dict(world.site.installed), list(world.listed)
            world.roll_back(back)
            for addon, version in kept[0].items():
                world.install(addon, version)
            world.declare(kept[1])
            world.apply()
    decade.done = dict(world.counts.done)


def release(world: System, number: int) -> Point:
    """One release: planned, applied while rows come in, and measured."""
    steady = [
        f"{name}_item" for name in world.oracle.versions if f"{name}_item" in world.oracle.tables
    ]
    steady = [one for one in steady if one.partition("_")[0] in world.wanted()]
    began = time.monotonic()
    plan, path = world.accepted_plan()
    planning = time.monotonic() - began
    argv = ["apply", str(world.ini), str(path), "--yes", "--json"]
    made: list[tuple[str, str]] = []
    stall = 0.0
    began = time.monotonic()
    if steady:
        with Flow(world.url, steady, number * 1_000_000) as flow:
            told = world.command(*argv)
        made, stall = flow.made, flow.stall
        if flow.failed:
            raise Wrong(f"rows were refused while a plan was applied: {flow.failed[:3]}")
    else:
        told = world.command(*argv)
    applying = time.monotonic() - began
    world.expect(told, 0)
    check, world.full = world.full, False
    world.applied()
    world.adopt(made)
    world.full = check
    world.check()
    idle = min(nothing_to_do(world) for _ in range(LOOKS))
    tables, columns, size = world.size()
    rows = sum(len(one) for one in world.oracle.rows.values())
    return Point(
        number, len(world.wanted()), len(plan["steps"]), idle, planning, applying, rows, tables, columns,
        size, len(made), stall,
    )  # fmt: skip


def nothing_to_do(world: System) -> float:
    """Seconds in which a plan finds that the database is at the composition."""
    began = time.monotonic()
    world.expect(world.command("plan", str(world.ini), "--json"), 0)
    return time.monotonic() - began


def _line(one: Point) -> str:
    return (
        f"release {one.release:3}: {one.addons:2} addons, {one.steps:3} steps, plan {one.plan:5.1f} s, apply "
        f"{one.apply:5.1f} s, nothing to do {one.idle:4.1f} s; {one.rows:8,} rows, {one.tables} tables, "
        f"{one.flowed} rows came in meanwhile, longest wait {one.stall * 1000:.0f} ms"
    )


def run(options: argparse.Namespace, folder: Path) -> Decade:
    """One system through all its releases."""
    server = None
    url = f"sqlite:///{folder}/system.sqlite"
    if options.database == "postgresql":
        from talatat.testing import servers

        server = servers.postgresql()
        url = server.create_database()
    decade = Decade(options.database, options.addons)
    warm = Warm()
    store = Store(folder / "store", forest(options.addons, options.releases * 2 // 3 + 2))
    began = time.monotonic()
    world = System(folder, url, store, warm)
    world.sleeping = set()
    try:
        live(world, options, decade)
    except Wrong as wrong:
        decade.lost = str(wrong)
    finally:
        decade.seconds = time.monotonic() - began
        world.close()
        warm.close()
        if server is not None:
            server.drop_database(url)
    return decade


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--releases", type=int, default=40)
    parser.add_argument("--addons", type=int, default=len(NAMES), choices=range(7, len(NAMES) + 1))
    parser.add_argument("--rows", type=int, default=2000, help="rows that are written a release")
    parser.add_argument(
        "--report", action="store_true", help="write docs/decade.md and its picture"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="talatat-decade-") as folder:
        decade = run(options, Path(folder))
    if options.report and decade.lost is None:
        write_page(ROOT / "docs", decade, options)
    print(json.dumps({"growth": decade.growth(), "done": decade.done}, indent=1))
    if decade.lost:
        print(f"lost: {decade.lost}", file=sys.stderr)
    return 0 if decade.held else 2


__all__ = ["Decade", "Point", "asdict", "run"]

if __name__ == "__main__":
    sys.exit(main())
