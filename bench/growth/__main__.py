"""The command: see the package."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.growth.writing import write_addons

from talatat.testing import write_ini

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run it."""
    options = _options()
    rows = [options.run(options, count) for count in options.addons]
    for row in rows[1:]:
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
    start.set_defaults(run=started)
    for command in (start,):
        command.add_argument("--addons", type=int, nargs="+", default=[3, 30, 100, 500])
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


def _start(folder: Path, ini: str, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found = subprocess.run(
        [sys.executable, "-m", "bench.growth.starting", ini, *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(found.stderr)
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result


main()
