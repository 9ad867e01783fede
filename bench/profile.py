"""One flow in this process, again and again, for a profiler: no server and no generator in the picture.

    python -m bench.profile talatat search                    # microseconds of CPU a request, and cProfile's table
    python -m bench.profile talatat checkout --count 2000 --plain     # only the microseconds
    py-spy record -o search.svg -- python -m bench.profile talatat search --count 5000 --plain

The first call makes the bench's database (some minutes, once); `--products 5000` makes a smaller one.
The database keeps what was written until the next call copies the shop anew.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib
import os
import pstats
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.data.cluster import Cluster
from bench.data.known import Shop
from bench.data.shop import PRODUCTS, copy, environment, prepare
from bench.flows import FLOWS
from bench.inprocess import ASGICaller, Conversation, WSGICaller
from bench.peers.registry import PEERS

WARM = 50


def caller_of(peer: str) -> Any:
    """Import a peer's application here; the database is what `DATABASE_URL` says."""
    known = PEERS[peer]
    app = importlib.import_module(known.module)
    if known.asgi:
        return ASGICaller(app.application)
    return WSGICaller(app.application, getattr(app, "close", None))


@contextmanager
def shop_at_hand(products: int) -> Iterator[Shop]:
    """The shop in a running cluster; `DATABASE_URL` names a fresh copy of it."""
    with Cluster() as cluster:
        shop = prepare(
            cluster, products, products * 10, say=lambda line: print(line, file=sys.stderr)
        )
        os.environ.update(environment(copy(cluster)))
        yield shop


def main() -> int:
    """Run it."""
    options = _options()
    flow = FLOWS[options.flow]
    with shop_at_hand(options.products) as shop:
        caller = caller_of(options.peer)
        talk = Conversation(caller, flow.client(shop, 0))
        answer = talk.ask(WARM + flow.first, None if flow.first else flow.status)
        print(f"{answer.status} {len(answer.body)} bytes: {answer.body[:400].decode()}")
        profile = cProfile.Profile()
        began = time.process_time()
        if not options.plain:
            profile.enable()
        talk.ask(options.count, flow.status)
        profile.disable()
        took = time.process_time() - began
        print(
            f"{took / options.count * 1e6:.0f} microseconds of CPU a request, {options.count} requests"
        )
        if not options.plain:
            found = pstats.Stats(profile)
            print(f"{found.total_calls / options.count:.0f} calls a request (under cProfile)")
            found.sort_stats(options.sort).print_stats(options.top)
        caller.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("flow", choices=FLOWS)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--plain", action="store_true", help="no cProfile")
    parser.add_argument("--sort", default="tottime")
    parser.add_argument("--top", type=int, default=45)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
