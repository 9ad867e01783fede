"""A process killed at any point of a batch: going on gives every row and report line exactly once."""

import json
import signal

import pytest

# Within a batch, with the report on disk and the batch not committed, and just after the commit.
POINTS = ("loader", "before_commit", "after_commit")


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_load_goes_on_without_loss_or_repetition(crates, tmp_path, point):
    records = [{"name": f"n{number:02}", "amount": "0.5"} for number in range(1, 13)]
    source = crates.source(*records[:6], {"name": "rotten"}, *records[6:])
    report = tmp_path / "report.jsonl"
    common = (str(source), "--report", str(report), "--batch", "4", "--json")
    for line in (2, 6, 11):
        killed = crates.run(*common, "--resume", kill_at=f"{point}:{line}")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = crates.run(*common, "--resume")
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout) == {
        "read": 13, "loaded": 12, "merged": 0, "rejected": 1, "net_total": 6
    }  # fmt: skip
    assert crates.names() == [record["name"] for record in records]
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["line"] for line in lines] == list(range(1, 14))
    assert [line["line"] for line in lines if line["action"] == "rejected"] == [7]
