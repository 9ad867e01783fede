"""Batches: every record has one fate, and what the database refuses costs nobody else anything."""

import json
import threading
import time
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from talatat.errors import TalatatError
from talatat.loading.batches import Load
from talatat.loading.source import Source


@pytest.fixture
def load(crates):
    def run(path, resource="crates.crates", **options):
        return Load(crates.test.system, resource, Source(path), **options)

    return run


def fates(counts):
    return counts.read, counts.loaded, counts.merged, counts.rejected


def report(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_are_loaded_merged_or_rejected_and_counted_exactly(crates, load, tmp_path):
    source = crates.source(
        {"name": "a", "amount": "0.1"},
        {"name": "rotten", "amount": "7"},
        {"name": "a", "amount": "0.2"},
        {"name": "b"},
    )
    counts = load(source, batch=2, report=str(tmp_path / "r")).run()
    assert fates(counts) == (4, 2, 1, 1)
    assert counts.net_total == Decimal("0.3")
    assert crates.names() == ["a", "b"]
    assert [(line["line"], line["action"], line["code"]) for line in report(tmp_path / "r")] == [
        (1, "loaded", None),
        (2, "rejected", "rotten"),
        (3, "merged", None),
        (4, "loaded", None),
    ]


def test_a_record_that_the_database_refuses_is_rejected_alone(crates, load, tmp_path):
    names = [{"name": f"n{number:02}"} for number in range(20)]
    source = crates.source(*names[:13], {"name": "n03", "twice": True}, *names[13:])
    counts = load(source, batch=20, report=str(tmp_path / "r")).run()
    assert fates(counts) == (21, 20, 0, 1)
    assert len(crates.names()) == 20
    lines = report(tmp_path / "r")
    assert [line["line"] for line in lines] == list(range(1, 22))
    assert lines[13]["code"] == "refused_by_database"
    assert "n" in lines[13]["detail"]


def test_broken_lines_stand_in_the_report_in_their_place(crates, load, tmp_path):
    path = tmp_path / "crates.csv"
    path.write_text('name,amount\na,1\nb\nc,1,2\n"d,1\ne,1\n')
    counts = load(path, batch=3, report=str(tmp_path / "r")).run()
    assert fates(counts) == (5, 2, 0, 3)
    assert [(line["line"], line["code"]) for line in report(tmp_path / "r")] == [
        (2, None),
        (3, "wrong_field_count"),
        (4, "wrong_field_count"),
        (5, "malformed_csv"),
        (6, None),
    ]


def test_progress_is_told_after_each_batch(crates, load):
    source = crates.source(*({"name": f"n{number}"} for number in range(5)))
    told = []
    load(source, batch=2).run(lambda state, source: told.append((state.line, state.counts.read)))
    assert told == [(2, 2), (4, 4), (5, 5)]


def test_a_loader_that_does_not_answer_for_each_record_is_an_error(crates, load):
    with pytest.raises(TalatatError, match="one outcome for each record: it gave 0 for the 1"):
        load(crates.source({"name": "a"}), "crates.nothing").run()


def test_a_finished_load_resumed_does_nothing_and_says_the_same(crates, load, tmp_path):
    source = crates.source({"name": "a", "amount": "1.5"}, {"name": "rotten"})
    first = load(source, report=str(tmp_path / "r")).run()
    before = (tmp_path / "r").read_bytes()
    assert load(source, report=str(tmp_path / "r"), resume=True).run() == first
    assert (tmp_path / "r").read_bytes() == before


def test_a_load_without_resume_begins_anew(crates, load):
    source = crates.source({"name": "a"}, {"name": "b"})
    assert fates(load(source).run()) == (2, 2, 0, 0)
    assert fates(load(source).run()) == (2, 0, 2, 0)


def test_resuming_what_was_never_begun_begins(crates, load):
    assert fates(load(crates.source({"name": "a"}), resume=True).run()) == (1, 1, 0, 0)


def interrupted(load, source, **options):
    """A load that stops after its first batch, as by Ctrl-C."""

    def stop(*details):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(source, batch=2, **options).run(stop)


def test_a_loader_is_shown_what_an_earlier_process_has_settled(crates, load):
    source = crates.source(*({"name": f"n{number}"} for number in range(5)))
    interrupted(load, source)
    going_on = load(source, batch=2, resume=True)
    assert fates(going_on.run()) == (5, 5, 0, 0)
    assert going_on.loader.passed_lines == [1, 2]


def test_going_on_with_another_file_is_refused(crates, load):
    interrupted(load, crates.source(*({"name": f"n{number}"} for number in range(5))))
    other = crates.source({"name": "z"}, name="other.jsonl")
    with pytest.raises(TalatatError, match=r"after line 2.* was of another file"):
        load(other, resume=True)
    assert fates(load(other).run()) == (1, 1, 0, 0)


@pytest.mark.parametrize("begun_with", [True, False])
def test_a_load_goes_on_with_a_report_as_it_was_begun(crates, load, tmp_path, begun_with):
    source = crates.source(*({"name": f"n{number}"} for number in range(5)))
    given = [{"report": str(tmp_path / "r")}, {}]
    begun, other = given if begun_with else given[::-1]
    interrupted(load, source, **begun)
    with pytest.raises(TalatatError, match="was begun with" if begun_with else "begun without"):
        load(source, resume=True, **other)
    assert fates(load(source, resume=True, **begun).run()) == (5, 5, 0, 0)


def test_two_processes_cannot_go_on_with_one_load(crates, load):
    source = crates.source(*({"name": f"n{number}"} for number in range(5)))
    interrupted(load, source)
    slow, quick = load(source, resume=True), load(source, resume=True)
    assert fates(quick.run()) == (5, 5, 0, 0)
    with pytest.raises(TalatatError, match="Another process goes on"):
        slow.run()
    assert len(crates.names()) == 5


def test_a_lock_held_for_longer_than_one_try_waits_is_waited_for(crates, load):
    begun = load(crates.source({"name": "a"}, {"name": "b"}))
    held = threading.Event()

    def hold():
        with crates.test.session() as other:
            if other.connection().dialect.name == "postgresql":
                other.execute(text("LOCK TABLE crates_crate"))
            held.set()
            time.sleep(0.6)  # three times the lock timeout of these tests

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    assert fates(begun.run()) == (2, 2, 0, 0)
    holder.join()
    assert crates.names() == ["a", "b"]


def test_an_object_with_a_load_method_is_a_loader(crates, load):
    assert fates(load(crates.source({}, {}), "crates.object").run()) == (2, 2, 0, 0)


def test_a_loader_with_a_fault_of_its_own_ends_the_load_and_keeps_what_came_before(crates, load):
    source = crates.source({"name": "a"}, {"name": "broken"})
    with pytest.raises(DBAPIError, match="crates_absent"):
        load(source, batch=1).run()
    assert crates.names() == ["a"]
