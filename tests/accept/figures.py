"""Numbers in, figures out: how large an acceptance run is, and where its figures are kept.

``TALATAT_ACCEPT=1`` raises every number to its acceptance form; ``TALATAT_<NAME>`` sets one by hand.
Figures are JSON files in ``var/acceptance``, which ``tests/accept/report.py`` renders; those of usual
runs lie in a folder of their own.
"""

import json
import os
import platform
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "acceptance"


def number(name: str, usual: int, accept: int) -> int:
    """How many: ``usual`` in ``make test``, ``accept`` in ``make accept``, or what the caller set."""
    chosen = os.environ.get(f"TALATAT_{name.upper()}")
    if chosen:
        return int(chosen)
    return accept if accepting() else usual


def accepting() -> bool:
    """Whether this is the long form."""
    return os.environ.get("TALATAT_ACCEPT", "") not in ("", "0")


def parts(check: str, variant: str) -> dict[str, Any]:
    """The parts of a check that were kept before, by their names."""
    path = _path(check, variant)
    return json.loads(path.read_text(encoding="utf-8")).get("parts", {}) if path.exists() else {}


def keep(
    check: str, variant: str, command: str, parts: Any = None, **values: Any
) -> dict[str, Any]:
    """Write the figures of one check on one variant (a database, a size) and print them.

    `parts` are kept beside the figures, for a check that is done in several runs.
    """
    figures = {
        "check": check,
        "variant": variant,
        "command": command,
        "accept": accepting(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "values": values,
        **({"parts": parts} if parts else {}),
    }
    path = _path(check, variant)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"\n{check} on {variant}: " + ", ".join(f"{k} {v}" for k, v in values.items()))
    return figures


def keep_part(
    check: str, variant: str, command: str, part: str, done: dict[str, int], seconds: float
) -> None:
    """Keep what one part of a check counted, and the sums over all parts that were ever done here.

    A long run that was stopped goes on with the parts that are missing.
    """
    one = {"done": dict(done), "seconds": round(seconds, 1), "commit": _commit()}
    known = {**parts(check, variant), part: one}
    sums: Counter[str] = Counter()
    for each in known.values():
        sums.update(each["done"])
    keep(
        check,
        variant,
        command,
        parts=known,
        **sums,
        commits=", ".join(sorted({each["commit"] for each in known.values()})),
        seconds=round(sum(each["seconds"] for each in known.values()), 1),
    )


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _path(check: str, variant: str) -> Path:
    # A usual run must not take the place of an acceptance run's figures.
    return (FOLDER if accepting() else FOLDER / "usual") / f"{check}-{variant}.json"
