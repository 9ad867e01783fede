"""Processes of their own: a start is measured in a fresh one, and mapped classes are the process's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def run_apart(folder: Path, module: str, *arguments: str) -> dict[str, Any]:
    """What a module prints as JSON in a process that finds the generated addons."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONHASHSEED"] = "0"  # the order of sets decides about some calls
    found = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(found.stderr)
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result
