"""The retailer's invoices, as they are: every line has a fate, amounts sum exactly, twice is once.

``make test`` loads the first 10,000 lines, ``make accept`` all 541,909.
"""

import csv
import itertools
import json
import signal
import subprocess
import time
from decimal import Decimal

import figures
import pytest
import sqlalchemy as sa
from retail import records, retail_file
from served import BIN, make_site

from talatat_orders.history.lines import COLUMNS
from talatat_orders.models import HistoryLine

ALL = 541_909
NET_TOTAL = Decimal("9747747.934")
LINES = figures.number("lines", 10_000, ALL)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """(file, lines, net total, exact duplicates): the data's own file when all of it is wanted."""
    rows = [tuple(row.values()) for row in itertools.islice(records(retail_file()), LINES)]
    total = sum(int(row[3]) * Decimal(row[5]) for row in rows)
    duplicates = len(rows) - len(set(rows))
    if len(rows) == ALL:
        assert (total, duplicates) == (NET_TOTAL, 5268)
        return retail_file(), len(rows), total, duplicates
    path = tmp_path_factory.mktemp("retail") / "lines.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path, len(rows), total, duplicates


def test_every_line_of_the_history_is_accounted_for(database_url, tmp_path, source):
    path, lines, total, duplicates = source
    site = make_site(tmp_path, database_url)
    began = time.perf_counter()
    counts = site.load("orders.history", path, "--report", str(tmp_path / "report.jsonl"))
    first = time.perf_counter() - began
    assert (counts["read"], counts["loaded"], counts["merged"]) == (lines, lines, 0)
    assert Decimal(str(counts["net_total"])) == total

    began = time.perf_counter()
    again = site.load("orders.history", path)
    second = time.perf_counter() - began
    assert (again["read"], again["loaded"], again["merged"]) == (lines, 0, lines)

    assert stored(database_url) == (lines, total, duplicates)
    with (tmp_path / "report.jsonl").open(encoding="utf-8") as report:
        assert sum(1 for _ in report) == lines
    keep(database_url, lines, total, duplicates, first, second)


def test_a_load_that_is_killed_goes_on_and_loses_and_doubles_nothing(
    database_url, tmp_path, source
):
    path, lines, total, duplicates = source
    site = make_site(tmp_path, database_url)
    report = tmp_path / "report.jsonl"
    command = [
        "talatat",
        "load",
        str(site.ini),
        "orders.history",
        str(path),
        "--report",
        str(report),
    ]
    for share in (0.2, 0.5, 0.7) if figures.accepting() else (0.5,):
        kill_at(site, [*command, "--resume"], database_url, int(lines * share))
    counts = site.load("orders.history", path, "--report", str(report), "--resume")
    assert (counts["read"], counts["loaded"]) == (lines, lines)
    assert stored(database_url) == (lines, total, duplicates)
    told = [json.loads(line)["line"] for line in report.read_text("utf-8").splitlines()]
    assert told == list(range(2, lines + 2))


def kill_at(site, command, database_url, line):
    """Run the load and kill it without warning once so many lines are stored."""
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        cwd=site.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine = sa.create_engine(database_url)
    try:
        while process.poll() is None:
            with engine.connect() as connection:
                if connection.scalar(sa.select(sa.func.count()).select_from(HistoryLine)) >= line:
                    break
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "the load ended before it could be killed"
    finally:
        engine.dispose()


def stored(database_url):
    """(lines, sum of amounts, flagged duplicates) as the database has them."""
    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            flagged = sa.func.sum(sa.case((HistoryLine.duplicate, 1), else_=0))
            query = sa.select(sa.func.count(), sa.func.sum(HistoryLine.amount), flagged)
            row = connection.execute(query).one()
            return row[0], row[1], int(row[2])
    finally:
        engine.dispose()


def keep(database_url, lines, total, duplicates, first, second):
    figures.keep(
        "history",
        sa.make_url(database_url).get_backend_name(),
        "talatat load INI orders.history online_retail.csv.xz --report report.jsonl --json",
        **{
            "lines": lines,
            "net total": str(total),
            "duplicates flagged": duplicates,
            "seconds": round(first, 1),
            "lines a second": int(lines / first),
            "lines a second, loaded again": int(lines / second),
        },
    )
