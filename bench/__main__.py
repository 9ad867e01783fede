"""The whole evaluation: `python -m bench` (a short run), `python -m bench --full`; see README.md."""

from __future__ import annotations

import argparse
import sys

from bench.data.cluster import ROOT
from bench.data.shop import PRODUCTS, Failed
from bench.flows import FLOWS
from bench.measure.timing import Span
from bench.peers.registry import PEERS
from bench.running import running

from talatat.testing.servers import Unavailable

LOGS = ROOT / "var" / "bench" / "logs"


def main() -> int:
    """Run it; 0, or 1 with what went wrong."""
    options = _options()
    peers = [PEERS[name] for name in options.peers.split(",")]
    flows = options.flows.split(",")
    try:
        with running(peers, LOGS, _say, options.products) as run:
            run.agree()
            run.count_statements(flows)
            for number in range(options.rounds):
                for flow in flows:
                    run.round(flow, Span(options.warm, options.seconds), number)
    except (Failed, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(dict(run.statements))
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--flows", default=",".join(FLOWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
