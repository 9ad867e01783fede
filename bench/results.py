"""What was measured, kept in a JSON file from the first sample on: a run that was stopped can be continued."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.data.cluster import ROOT

#: Whose versions stand in the report.
PACKAGES = (
    "pyramid", "cornice", "sqlalchemy", "psycopg", "orjson", "granian", "waitress", "fastapi", "uvicorn",
    "asyncpg", "litestar", "msgspec", "django", "djangorestframework", "gunicorn", "flask", "marshmallow",
)  # fmt: skip

Sample = dict[str, Any]
Cells = dict[str, dict[str, Any]]


@dataclass
class Results:
    """Samples by flow and peer. `failed` tells of each peer why it, or one of its flows, was not measured."""

    plan: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    closed: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    opened: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    statements: Cells = field(default_factory=dict)
    instructions: Cells = field(default_factory=dict)
    growth: dict[str, list[Sample]] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    agreed: int = 0

    def fail(self, peer: str, what: str, why: object) -> None:
        """Note that something of a peer could not be measured: `start`, `agreement`, or a flow."""
        self.failed.setdefault(peer, {})[what] = str(why).strip()

    def out(self, peer: str, flow: str | None = None) -> bool:
        """Whether a peer, or its flow, is not to be measured."""
        return bool(self.failed.get(peer, {}).keys() & {"start", "agreement", flow})

    def samples(self, kind: str, flow: str, peer: str) -> list[Sample]:
        """The samples of `closed` or `opened`; what is added to the list is kept."""
        cells: dict[str, dict[str, list[Sample]]] = getattr(self, kind)
        return cells.setdefault(flow, {}).setdefault(peer, [])

    def has(self, kind: str, flow: str, peer: str, number: int) -> bool:
        """Whether a round was measured."""
        return any(one["round"] == number for one in self.samples(kind, flow, peer))

    def write(self, path: Path) -> None:
        """Keep them; the file is whole at any time."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(vars(self), indent=1))
        beside.replace(path)


def read(path: Path) -> Results:
    """The results in a file."""
    return Results(**json.loads(path.read_text()))


def begun(path: Path, plan: dict[str, Any], about: dict[str, Any]) -> Results | None:
    """Results of the same plan, commit and machine that a stopped run left; None where there are none.

    What failed then is tried again.
    """
    if not path.exists():
        return None
    found = read(path)
    same = ("commit", "changed", "machine", "shop")
    if found.plan != plan or any(found.about.get(name) != about[name] for name in same):
        return None
    found.failed = {}
    return found


def about(shop: dict[str, Any]) -> dict[str, Any]:
    """The commit, the machine, the versions, and how busy the machine is as the run begins."""
    return {
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "machine": machine(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {"python": platform.python_version(), **dict(versions(PACKAGES))},
        "shop": shop,
    }


def versions(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The installed ones' versions."""
    for package in packages:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def machine() -> str:
    """The processor, its cores and the memory."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next(
        (line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores of {model}, {memory} GiB, {platform.system()}"


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
