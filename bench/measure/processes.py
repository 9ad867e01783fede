"""CPU and memory of processes and all that they started, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def tree(roots: Iterable[int]) -> set[int]:
    """The processes `roots` and their descendants that are alive now."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                children[int(_stat(int(folder.name))[1])].append(int(folder.name))
    found: set[int] = set()
    waiting = [root for root in roots if (PROC / str(root)).exists()]
    while waiting:
        process = waiting.pop()
        found.add(process)
        waiting += [child for child in children[process] if child not in found]
    return found


def cpu_seconds(processes: Iterable[int]) -> float:
    """Seconds of CPU, in user and system mode, of processes that are alive and of children they waited for."""
    total = 0
    for process in processes:
        with suppress(OSError):
            stat = _stat(process)
            total += sum(map(int, stat[11:15]))
    return total / TICKS


def memory(process: int) -> int:
    """Bytes of memory that a process has to itself, with its share of what it shares (PSS)."""
    with suppress(OSError):
        for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def worker_memory(roots: Iterable[int], workers: int) -> int:
    """The mean of the processes that worked most: the workers, not the one that watches over them."""
    busiest = sorted(tree(roots), key=lambda process: cpu_seconds([process]), reverse=True)
    found = [memory(process) for process in busiest[:workers]]
    return sum(found) // max(1, len(found))


def _stat(process: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on (the second may hold anything)."""
    return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
