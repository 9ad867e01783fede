"""Render the figures of the last runs as ``docs/acceptance.md``: ``python tests/accept/report.py``.

Only figures of acceptance runs are shown; those of ``make test`` stay in ``var/acceptance/usual``.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from figures import FOLDER, ROOT

PAGE = ROOT / "docs" / "acceptance.md"
INTRODUCTION = """# The last acceptance run

`make accept` runs the long forms of the checks on real data and real servers and writes this page. Each
table names the command that measures it again. Figures depend on the machine: read them as ratios.
"""


def read(folder: Path) -> list[dict[str, Any]]:
    """All figures in a folder, by check and variant."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(found, key=lambda figures: (figures["check"], figures["variant"]))


def render(found: list[dict[str, Any]]) -> str:
    """The page: a section for each check, a column for each variant."""
    checks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for figures in found:
        checks[figures["check"]].append(figures)
    return "\n".join([INTRODUCTION, *(section(name, runs) for name, runs in checks.items())])


def section(name: str, runs: list[dict[str, Any]]) -> str:
    """One check: its command, then a row for each figure."""
    names = list(dict.fromkeys(key for run in runs for key in run["values"]))
    head = ["figure", *(run["variant"] for run in runs)]
    rows = [[key, *(shown(run["values"].get(key, "")) for run in runs)] for key in names]
    rows.append(["measured", *(run["at"] for run in runs)])
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    commands = dict.fromkeys(run["command"] for run in runs)
    return f"## {name}\n\n" + "\n".join(f"    {c}" for c in commands) + f"\n\n{table}\n"


def shown(value: Any) -> str:
    """A figure as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value).replace("|", "\\|")


def main() -> int:
    found = [figures for figures in read(FOLDER) if figures["accept"]]
    if not found:
        print(f"No acceptance figures in {FOLDER}: run `make accept` first.", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(found), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(found)} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
