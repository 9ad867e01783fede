"""The command: see the package."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench.growth.apart import run_apart
from bench.growth.items import by_extensions, by_rows
from bench.growth.latency import latencies
from bench.growth.writing import write_addons

from talatat.testing import write_ini

ADDONS = (3, 30, 100, 500)
ROWS = (10, 1_000, 100_000, 10_000_000)
EXTENSIONS = (0, 1, 2, 4, 8)


def main() -> None:
    """Run it."""
    options = _options()
    if options.together is not None:
        rows = options.together(options.numbers)
    else:
        rows = [options.run(options, count) for count in options.numbers]
    for row in rows[1:] if options.run is started else ():
        for key, name in (("cpu_seconds", "ms_an_addon"), ("resident_KiB", "KiB_an_addon")):
            more = (row[key] - rows[0][key]) / (row["addons"] - rows[0]["addons"])
            row[name] = round(more * (1000 if key == "cpu_seconds" else 1), 1)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth")
    commands = parser.add_subparsers(required=True)
    start = commands.add_parser("start", help="start-up: processor time, memory, function calls")
    start.add_argument("--resources", type=int, default=1)
    start.add_argument("--profile", help="a file for cProfile's statistics of the last one")
    start.set_defaults(run=started, together=None)
    request = commands.add_parser("request", help="function calls of one request, for each number")
    request.set_defaults(run=requested, together=None)
    latency = commands.add_parser("latency", help="how long a request takes, for each number")
    latency.set_defaults(run=None, together=latencies)
    rows = commands.add_parser("rows", help="the same, for numbers of rows")
    rows.set_defaults(run=None, together=by_rows)
    extensions = commands.add_parser("extensions", help="the same, for numbers of extensions")
    extensions.set_defaults(run=None, together=by_extensions)
    for command in (start, request, latency):
        command.add_argument("--addons", type=int, nargs="+", default=ADDONS, dest="numbers")
    rows.add_argument("--rows", type=int, nargs="+", default=ROWS, dest="numbers")
    extensions.add_argument("--extensions", type=int, nargs="+", default=EXTENSIONS, dest="numbers")
    for command in (start, request, latency, rows, extensions):
        command.add_argument("--json", action="store_true")
    return parser.parse_args()


def started(options: argparse.Namespace, count: int) -> dict[str, Any]:
    """One row of `start`."""
    with tempfile.TemporaryDirectory(prefix="talatat-growth-") as name:
        folder = Path(name)
        names = write_addons(folder, count, resources=options.resources)
        ini = write_ini(folder, names, f"sqlite:///{folder}/growth.sqlite")
        _start(folder, ini)  # compiles
        extra = ["--profile", options.profile] if options.profile else []
        found = _start(folder, ini, *extra)
        return {
            "addons": count,
            "resources": options.resources,
            "cpu_seconds": round(found["cpu"], 2),
            **{one: round(spent, 2) for one, spent in found["phases"].items()},
            "resident_KiB": found["resident"],
            "calls": _start(folder, ini, "--calls")["calls"],
        }


def requested(options: argparse.Namespace, count: int) -> dict[str, Any]:
    """One row of `request`, from a process of its own: mapped classes are the process's."""
    with tempfile.TemporaryDirectory(prefix="talatat-growth-") as folder:
        names = write_addons(Path(folder), count)
        found: dict[str, Any] = run_apart(Path(folder), "bench.growth.requesting", *names)
        return {"addons": count, **found}


def _start(folder: Path, ini: str, *options: str) -> dict[str, Any]:
    return run_apart(folder, "bench.growth.starting", ini, *options)


if __name__ == "__main__":
    main()
