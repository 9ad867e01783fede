"""The command: see the package. Exit code 0 where nobody noticed, 2 where somebody did, 1 for an error."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.zero_downtime.load import Load
from bench.zero_downtime.report import Figures, page
from bench.zero_downtime.series import Series, left_over, seed
from bench.zero_downtime.site import Failed, Site, nginx
from bench.zero_downtime.watching import Watching

from talatat.db.engine import make_migration_engine, parse_url
from talatat.testing.servers import PostgreSQL, Unavailable, free_port

REPORT = Path(__file__).resolve().parents[2] / "docs" / "zero-downtime.md"


def main() -> int:
    """Run it."""
    options = _options()
    say = (lambda line: print(line, file=sys.stderr, flush=True)) if options.json else _print
    try:
        with PostgreSQL() as server, tempfile.TemporaryDirectory(prefix="talatat-zero-") as folder:
            figures = run(options, server, Path(folder), say)
    except (Failed, Unavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(figures.as_json(), indent=2))
    if options.report:
        REPORT.write_text(page(figures, _command(options)))
        say(f"written: {REPORT.relative_to(REPORT.parents[1])}")
    for line in figures.noticed():
        say(f"noticed: {line}")
    say("Somebody noticed." if figures.noticed() else "Nobody noticed.")
    return 2 if figures.noticed() else 0


def run(options: argparse.Namespace, server: PostgreSQL, folder: Path, say: object) -> Figures:
    """Bring up the site of the first release, and run the series under load."""
    assert callable(say)
    folder.chmod(0o755)
    site = Site(folder, server.create_database(), free_port())
    engine = make_migration_engine(parse_url(site.url))
    began = time.monotonic()
    try:
        site.talatat("1.0", "apply", "--yes")
        seed(engine, options.rows)
        say(
            f"{options.rows:,} rows in {time.monotonic() - began:.0f} s; two processes and nginx start"
        )
        for place in (1, 2):
            site.put(place, "1.0")
        with (
            nginx(folder, site.port) as log,
            Watching(engine) as watching,
            Load(site.port, options.clients, options.rate, options.rows) as load,
        ):
            series = Series(site, load, watching, engine, options.rest, say)
            series.run()
        if watching.error is not None:
            raise Failed(f"the watcher ended: {watching.error}")
        made = load.counts.kinds["create"]
        return Figures(
            options.rows,
            options.clients,
            options.rate,
            series.phases,
            load.counts,
            watching.samples,
            left_over(engine, made, options.rows),
            log.read_text().strip(),
        )
    finally:
        site.close()
        engine.dispose()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.zero_downtime", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument(
        "--rate", type=float, default=8.0, help="operations a second of each client"
    )
    parser.add_argument(
        "--rest", type=float, default=8.0, help="seconds of load alone between plans"
    )
    parser.add_argument("--no-report", dest="report", action="store_false")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def _command(options: argparse.Namespace) -> str:
    return (
        f"python -m bench.zero_downtime --rows {options.rows} --clients {options.clients} "
        f"--rate {options.rate:g} --rest {options.rest:g}"
    )


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
