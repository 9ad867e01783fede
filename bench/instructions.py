"""How many instructions a process executes for one request, counted by valgrind.

    python -m bench.instructions talatat search              # one peer, one flow
    python -m bench.instructions limit,talatat search,checkout --json

One process counts all flows of a peer: to start it under valgrind is what takes long.
Seconds depend on the machine and its neighbours, instructions hardly. The application is called in a
process of its own under `valgrind --tool=callgrind`, whose counting is off while it starts and warms up.
Then it is asked N times and 2N times more; the difference of what was counted, through N, is the figure:
what turning the counter on and off costs is in both. That is done a few times, and the least of each counts:
what a thread does every ten seconds would fall upon a few requests here, which take fifty times as long.
PostgreSQL's own instructions are not in it, nor those of a server.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.data import known
from bench.data.shop import KNOWN, PRODUCTS, Failed
from bench.flows import FLOWS
from bench.inprocess import Conversation
from bench.profile import caller_of, shop_at_hand

REQUESTS = 20
TRIES = 3
# Statements are prepared after five executions on a connection, caches are filled, classes specialised.
WARM = 60
TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def count(peer: str, flows: Sequence[str], requests: int = REQUESTS) -> dict[str, int]:
    """Return the instructions of one request of each flow; the database is what `DATABASE_URL` says.

    Raises Failed with what the process said.
    """
    if shutil.which("valgrind") is None:
        raise Failed("valgrind is not installed (Debian: apt-get install valgrind)")
    with tempfile.TemporaryDirectory(prefix="bench-callgrind-") as folder:
        command = [
            "valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out",
            sys.executable, "-m", "bench.instructions", "--inside", str(KNOWN), peer, ",".join(flows),
            "--requests", str(requests),
        ]  # fmt: skip
        # A hash seed of its own would make dictionaries collide in another way each time.
        fixed = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=fixed, capture_output=True, text=True, check=False)
        totals = [_total(path) for path in sorted(Path(folder).glob("out.*"), key=_number)]
        counted = 2 * TRIES
        if done.returncode or len(totals) < counted * len(flows):
            raise Failed(f"{peer} under valgrind: {done.returncode}\n{done.stderr[-3000:]}")
        return {
            flow: _figure(totals[at * counted : (at + 1) * counted], requests)
            for at, flow in enumerate(flows)
        }


def _figure(totals: Sequence[int], requests: int) -> int:
    """Instructions of one request, of what was counted for N and 2N of them in turn."""
    return (min(totals[1::2]) - min(totals[::2])) // requests


def _number(path: Path) -> int:
    return int(path.name.rpartition(".")[2])


def _total(path: Path) -> int:
    found = TOTAL.search(path.read_text(errors="replace"))
    if found is None:
        raise Failed(f"{path.name} of callgrind has no total")
    return int(found[1])


def inside(file: str, peer: str, flows: Sequence[str], requests: int) -> None:
    """Run under valgrind: warm up, N requests, 2N requests of each flow, each into a dump of its own."""
    shop = known.read(Path(file))
    caller = caller_of(peer)
    for flow in map(FLOWS.__getitem__, flows):
        talk = Conversation(caller, flow.client(shop, 0))
        if flow.first:
            talk.ask(flow.first)
        talk.ask(WARM, flow.status)
        gc.collect()
        gc.freeze()
        _control("--instr=on")
        for times in (1, 2) * TRIES:
            _control("--zero")
            talk.ask(times * requests, flow.status)
            _control("--dump")
        _control("--instr=off")
    # What has been counted stands in the dumps: an orderly end would only take long.
    os._exit(0)


def _control(option: str) -> None:
    done = subprocess.run(
        ["callgrind_control", option, str(os.getpid())], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"callgrind_control {option}: {done.stdout}{done.stderr}")


def main() -> int:
    """Run it."""
    options = _options()
    if options.inside:
        inside(options.inside, options.peers, options.flows.split(","), options.requests)
    found: dict[str, dict[str, int]] = {}
    with shop_at_hand(options.products):
        for peer in options.peers.split(","):
            for flow, made in count(peer, options.flows.split(","), options.requests).items():
                found.setdefault(flow, {})[peer] = made
                print(f"{flow:10} {peer:20} {made:>12,} instructions a request", file=sys.stderr)
    if options.json:
        print(json.dumps(found, indent=2))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("peers", help="names with commas between them")
    parser.add_argument("flows", help=f"of {', '.join(FLOWS)}, with commas between them")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="the N of N and 2N")
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
