"""The whole evaluation: `make bench` (a short run), `make bench FULL=1`; its page is docs/performance.md.

    python -m bench [--full] [--again]              # all peers; the page is written
    python -m bench --peers limit,talatat --flows search --rounds 1 --seconds 1 --products 5000
    python -m bench --page-only                     # the page again, from the results that are kept

A run that was stopped is continued by the same command, as long as commit and machine are the same; `--again`
begins anew. A run of other peers, flows or spans than the two plans writes var/bench/performance.md instead
of the page in docs/. Results are in var/bench/results-NAME.json. 1 where something failed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from bench import results
from bench.counting import count_instructions
from bench.data.cluster import ROOT, Cluster
from bench.data.known import Shop
from bench.data.shop import Failed, prepare
from bench.flows import FLOWS
from bench.growing import grow
from bench.peers.registry import PEERS
from bench.plan import GROWTH, Plan, full, short
from bench.report import page, picture
from bench.running import running

from talatat.testing.servers import Unavailable

OUT = ROOT / "var" / "bench"
PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run it; 0, or 1 where something failed, which is told."""
    options = _options()
    plan, whole = _plan(options)
    kept = OUT / f"results-{plan.name}.json"
    if options.page_only:
        _write_page(results.read(kept), PAGE)
        return 0
    try:
        found = _evaluate(plan, kept, again=options.again, instructions=not options.no_instructions)
    except (Failed, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    target = PAGE if whole else OUT / PAGE.name
    if not whole:
        shutil.copy(PAGE, target)
    _write_page(found, target)
    _say(f"Written: {target.relative_to(ROOT)}; all samples are in {kept.relative_to(ROOT)}.")
    for peer, whats in found.failed.items():
        for what, why in whats.items():
            print(f"FAILED: {peer}, {what}: {why}", file=sys.stderr)
    return 1 if found.failed else 0


def _evaluate(plan: Plan, kept: Path, *, again: bool, instructions: bool) -> results.Results:
    """Carry out a plan, or what is left of it."""
    with Cluster() as cluster:
        shop = prepare(cluster, plan.products, plan.products * 10, _say)
        found = _begin(plan, shop, kept, again=again)

        def keep() -> None:
            found.write(kept)

        peers = [PEERS[name] for name in plan.peers]
        with running(cluster, shop, peers, plan, found, OUT / "logs", _say, keep) as run:
            run.agree()
            if not found.statements:
                run.count_statements()
            run.rounds()
            run.open_rounds()
        if instructions:
            count_instructions(cluster, plan, found, _say, keep)
        grow(plan, found, _say, keep)
        keep()
    return found


def _begin(plan: Plan, shop: Shop, kept: Path, *, again: bool) -> results.Results:
    about = results.about(
        {"source": shop.source, "products": shop.products, "history": shop.history}
    )
    before = None if again else results.begun(kept, plan.told(), about)
    if before is not None:
        _say("Going on with the run that is kept; --again begins anew.")
        return before
    titles = {name: PEERS[name].title for name in plan.peers}
    return results.Results(plan=plan.told(), about=about, titles=titles)


def _write_page(found: results.Results, target: Path) -> None:
    page.write(target, found)
    (target.parent / page.PICTURE).write_text(picture.draw(found), encoding="utf-8")


def _plan(options: argparse.Namespace) -> tuple[Plan, bool]:
    """The plan, and whether it is one of the two that the page is written from."""
    plan = (full if options.full else short)(tuple(PEERS))
    changes: dict[str, object] = {}
    if options.peers:
        changes["peers"] = tuple(options.peers.split(","))
    if options.flows:
        changes["flows"] = tuple(options.flows.split(","))
    if options.rounds:
        changes |= {
            "rounds": options.rounds,
            "other_rounds": options.rounds,
            "open_rounds": options.rounds,
        }
    if options.seconds:
        changes |= {
            name: replace(getattr(plan, name), warm=options.seconds / 4, seconds=options.seconds)
            for name in ("span", "other_span", "open_span")
        }
    if options.products:
        changes["products"] = options.products
    if options.growth:
        plan = replace(plan, growth=GROWTH)
    if not changes:
        return plan, True
    return replace(plan, name="partial", **changes), False  # type: ignore[arg-type]  # named above


def _say(line: str) -> None:
    print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--again", action="store_true", help="measure anew what is kept")
    parser.add_argument("--page-only", action="store_true")
    parser.add_argument("--no-instructions", action="store_true", help="valgrind is left out")
    parser.add_argument("--growth", action="store_true", help="3 to 500 addons too, as --full does")
    parser.add_argument("--peers", type=_names(PEERS), help=", ".join(PEERS))
    parser.add_argument("--flows", type=_names(FLOWS), help=", ".join(FLOWS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument(
        "--seconds", type=float, help="of every measurement; a quarter more to warm up"
    )
    parser.add_argument("--products", type=int)
    return parser.parse_args()


def _names(known: dict[str, object]):  # type: ignore[no-untyped-def]  # argparse's own kind
    def names(text: str) -> str:
        unknown = [name for name in text.split(",") if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return text

    return names


if __name__ == "__main__":
    sys.exit(main())
