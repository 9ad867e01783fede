"""UUIDv7: in order, of the right version, canonical."""

import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.db import ids


def test_ids_ascend_within_a_process_even_when_made_in_one_millisecond():
    made = [ids.new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_ascend_when_the_clock_is_set_back(monkeypatch):
    clock = ids._Clock()
    first = clock.tick()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert clock.tick() > first


def test_ids_made_by_many_threads_are_all_different():
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(ids.new_id() for _ in range(2000)))
               for _ in range(8)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_an_id_is_a_uuid_of_version_7_and_holds_its_time():
    import time

    made = uuid.UUID(ids.new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) - time.time() * 1000) < 5000


@given(st.uuids())
def test_every_spelling_of_a_uuid_becomes_the_one_canonical_string(value):
    spellings = [value, str(value), str(value).upper(), value.hex, f"{{{value}}}", value.urn]
    assert {ids.canonical_id(one) for one in spellings} == {str(value)}


@pytest.mark.parametrize("value", ["", "7", "not-a-uuid", None, 7, b"x", "0" * 33, ["x"]])
def test_what_is_no_uuid_is_refused(value):
    assert not ids.is_id(value)
    with pytest.raises(ValueError, match="is not a UUID"):
        ids.canonical_id(value)


SPELLINGS = st.sampled_from([str, str.upper, lambda text: "{" + text + "}", lambda text: f"urn:uuid:{text}",
                             lambda text: text.replace("-", ""), uuid.UUID])  # fmt: skip


@given(st.uuids(), SPELLINGS)
def test_a_known_id_is_what_reading_it_gives(made, spelled):
    for _ in range(2):
        assert ids.known_id(spelled(str(made))) == ids.canonical_id(spelled(str(made))) == str(made)


@pytest.mark.parametrize("value", ["", "no id", 5, b"x" * 16])
def test_what_is_no_id_stays_none(value):
    for _ in range(2):
        with pytest.raises(ids.NotAnId):
            ids.known_id(value)


def test_only_so_many_ids_are_known_and_no_other_spelling():
    known = ids._Known()
    known.most = 3
    for _ in range(10):
        made = ids.new_id()
        assert known[made.upper()] == known[made] == made
        assert known[None] is None
        assert len(known) <= 3
        assert set(map(len, known)) == {36}
