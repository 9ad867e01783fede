"""The report: what was kept stays, what was not is cut off."""

import resource
import signal
from decimal import Decimal

import orjson
import pytest

from talatat.errors import TalatatError
from talatat.loading import Outcome
from talatat.loading.records import Counts
from talatat.loading.report import Report

FIRST = Outcome(1, "loaded")
SECOND = Outcome(2, "rejected", "bad_price", "price is ‘dear’")


def lines(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_each_outcome_is_one_json_line(tmp_path):
    report = Report(tmp_path / "r.jsonl")
    report.keep(report.write([FIRST, SECOND]))
    report.close()
    assert lines(tmp_path / "r.jsonl") == [
        {"line": 1, "action": "loaded", "code": None, "detail": None},
        {"line": 2, "action": "rejected", "code": "bad_price", "detail": "price is ‘dear’"},
    ]


def test_what_was_written_but_not_kept_is_written_again_or_cut_off(tmp_path):
    report = Report(tmp_path / "r.jsonl")
    report.write([SECOND, SECOND])
    report.keep(report.write([FIRST]))
    report.write([SECOND])
    report.close()
    report.close()
    assert [line["line"] for line in lines(tmp_path / "r.jsonl")] == [1]


def test_going_on_cuts_the_report_to_what_the_database_knows(tmp_path):
    report = Report(tmp_path / "r.jsonl")
    kept = report.write([FIRST])
    report.keep(kept)
    report.write([SECOND])
    report.stream.close()  # as a kill leaves it
    again = Report(tmp_path / "r.jsonl", kept)
    again.keep(again.write([SECOND]))
    again.close()
    assert [line["line"] for line in lines(tmp_path / "r.jsonl")] == [1, 2]


def test_a_shorter_report_is_not_the_one_that_was_begun(tmp_path):
    (tmp_path / "r.jsonl").write_bytes(b"{}\n")
    with pytest.raises(TalatatError, match="is shorter"):
        Report(tmp_path / "r.jsonl", 100)


def test_a_report_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(TalatatError, match="cannot be written: No such file"):
        Report(tmp_path / "absent" / "r.jsonl")


def test_a_report_that_is_no_regular_file_is_refused():
    report = Report("/dev/full")
    with pytest.raises(TalatatError, match="/dev/full cannot be written"):
        report.write([FIRST])
    report.close()


def test_a_full_disk_is_told_with_the_way_on_and_keeps_what_was_kept(tmp_path):
    report = Report(tmp_path / "r.jsonl")
    report.keep(report.write([FIRST]))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(TalatatError, match="go on with --resume"):
            report.write([SECOND] * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    report.close()
    assert [line["line"] for line in lines(tmp_path / "r.jsonl")] == [1]


def test_counts_sum_what_was_taken_exactly():
    counts = Counts().plus(
        [
            Outcome(1, "loaded", amount=Decimal("0.1")),
            Outcome(2, "merged", amount=Decimal("0.2")),
            Outcome(3, "rejected", amount=Decimal(5)),
        ]
    )
    assert (counts.read, counts.loaded, counts.merged, counts.rejected) == (3, 1, 1, 1)
    assert counts.net_total == Decimal("0.3")
