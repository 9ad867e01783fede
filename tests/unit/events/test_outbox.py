"""The outbox: with the transaction, after it, at least once, by one process at a time."""

import logging
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from talatat.composing import compose
from talatat.db.types import new_id, utcnow
from talatat.errors import TalatatError
from talatat.events import emit
from talatat.events.table import outbox

BELLS = {
    "__init__.py": """
        from dataclasses import dataclass
        from talatat.events import Event
        heard, failing = [], set()

        @dataclass
        class Rung(Event):
            times: int

        @dataclass
        class LoudlyRung(Rung):
            pass

        def at_once(event):
            heard.append(("at once", event.times))
            if event.times < 0:
                raise ValueError("bells do not ring backwards")

        def afterwards(event):
            heard.append(("afterwards", event.times, event.key))
            if "afterwards" in failing:
                raise RuntimeError("nobody at home")

        def neighbours(event):
            from sqlalchemy import text
            event.request.db.execute(text("INSERT INTO bells_note VALUES (:n)"), {"n": event.times})
            if "neighbours" in failing:
                raise RuntimeError("asleep")

        def includeme(config):
            config.add_subscriber(at_once, Rung)
            config.add_subscriber_after_commit(afterwards, Rung)
            config.add_subscriber_after_commit("PKG_bells.neighbours", "PKG_bells.Rung", name="bells.next_door")
        """,
    "migrations/versions/0001_notes.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision = "0001_notes", None
        def upgrade():
            op.create_table("bells_note", sa.Column("times", sa.Integer))
        """,
}


@pytest.fixture
def bells(addons):
    addons.write("bells", BELLS)
    return addons


@pytest.fixture
def system(bells, database_url):
    with bells.composed("bells", url=database_url) as system:
        system.bells = bells.module("bells")
        yield system


def ring(system, times=3, cls="Rung"):
    with system.request() as request:
        emit(request, getattr(system.bells, cls)(times))


def rows(system):
    with system.session(reading=True) as session:
        return session.execute(select(outbox).order_by(outbox.c.id)).all()


def notes(system):
    from sqlalchemy import text

    with system.session(reading=True) as session:
        return session.scalars(text("SELECT times FROM bells_note ORDER BY times")).all()


def quiet(times=3):
    return [("at once", times)]


def test_subscribers_in_the_transaction_hear_at_once_and_the_others_when_it_is_delivered(system):
    ring(system)
    assert system.bells.heard == quiet()
    assert [row.subscriber.rpartition(".")[2] for row in rows(system)] == [
        "afterwards",
        "next_door",
    ]
    keys = [row.id for row in rows(system)]
    assert system.deliver() == 2
    assert system.bells.heard == [("at once", 3), ("afterwards", 3, keys[0])]
    assert notes(system) == [3]
    assert rows(system) == []
    assert system.deliver() == 0


def test_a_subscriber_that_exits_fails_like_any_other_and_does_not_keep_the_next_from_hearing(
    system, monkeypatch
):
    ring(system)
    first = rows(system)[0].subscriber
    subscribers = system.system.outbox.subscribers
    leaving = replace(subscribers[first], function=lambda event: sys.exit("wrong arguments"))
    monkeypatch.setitem(subscribers, first, leaving)
    assert system.deliver() == 1
    [kept] = rows(system)
    assert (kept.subscriber, kept.attempts, kept.error) == (first, 1, "SystemExit: wrong arguments")


def test_a_subscriber_of_an_event_hears_of_its_subclasses(system):
    ring(system, 5, "LoudlyRung")
    assert system.deliver() == 2
    assert system.bells.heard[0] == ("at once", 5)
    assert notes(system) == [5]


def test_a_transaction_that_is_undone_tells_nobody(system):
    with pytest.raises(KeyError), system.request() as request:  # noqa: PT012
        emit(request, system.bells.Rung(1))
        raise KeyError
    assert rows(system) == []


def test_a_subscriber_in_the_transaction_undoes_it_by_raising(system):
    with pytest.raises(ValueError, match="backwards"):
        ring(system, -1)
    assert rows(system) == []


def test_a_failure_keeps_the_row_undoes_the_work_and_is_tried_again_with_the_same_key(
    system, caplog
):
    system.bells.failing.update({"neighbours", "afterwards"})
    ring(system)
    with caplog.at_level(logging.WARNING):
        assert system.deliver() == 0
    assert "bells.next_door of addon bells" in caplog.text
    assert "asleep" in caplog.text
    kept = rows(system)
    assert [(row.attempts, row.error) for row in kept] == [
        (1, "RuntimeError: nobody at home"), (1, "RuntimeError: asleep")
    ]  # fmt: skip
    assert all(row.due_at > utcnow() for row in kept)
    assert notes(system) == []
    assert system.deliver() == 0  # not due yet
    system.bells.failing.clear()
    assert system.system.outbox.deliver(overdue_only=False) == 2
    heard = [one for one in system.bells.heard if one[0] == "afterwards"]
    assert heard == [("afterwards", 3, kept[0].id)] * 2
    assert notes(system) == [3]


def test_the_pause_between_tries_grows_up_to_an_hour(system):
    system.bells.failing.add("neighbours")
    ring(system)
    pauses = []
    for attempts in (0, 1, 2, 5, 40):
        with system.session() as session:
            session.execute(update(outbox).values(attempts=attempts, due_at=utcnow()))
        system.deliver()
        (row,) = [row for row in rows(system) if row.subscriber == "bells.next_door"]
        pauses.append((row.due_at - utcnow()).total_seconds())
    assert pauses == sorted(pauses)
    assert 1 < pauses[0] < 3
    assert 3500 < pauses[-1] < 4600


def test_a_row_whose_subscriber_is_not_composed_stays_until_it_is(bells, database_url):
    bells.write("other", {})
    with bells.composed("bells", url=database_url) as system:
        system.bells = bells.module("bells")
        ring(system)
    with bells.composed("other", url=database_url) as system:
        assert system.deliver() == 0
        assert system.system.outbox.pending() == 2
    with bells.composed("bells", url=database_url) as system:
        assert system.deliver() == 2
        assert system.system.outbox.pending() == 0


def test_a_row_of_an_event_that_no_longer_exists_is_kept_with_the_reason(system):
    ring(system)
    with system.session() as session:
        session.execute(update(outbox).values(event="somewhere.Gone"))
    assert system.deliver() == 0
    assert "somewhere.Gone is not known" in rows(system)[0].error


def test_events_of_a_subscriber_are_told_too(system):
    def again(event):
        if event.times > 1:
            emit(event.request, system.bells.Rung(event.times - 1))

    name = "bells.next_door"
    from dataclasses import replace

    subscribers = system.system.outbox.subscribers
    subscribers[name] = replace(subscribers[name], function=again)
    ring(system, 3)
    assert system.deliver() == 2
    assert system.deliver() == 2
    assert system.deliver() == 2
    assert system.deliver() == 0


def test_many_couriers_deliver_each_row_once(bells, database_url):
    number = 40
    with (
        bells.composed("bells", url=database_url) as one,
        bells.composed("bells", url=database_url) as two,
    ):
        one.bells = two.bells = bells.module("bells")
        with one.session() as session:
            name = next(iter(one.system.outbox.subscribers))
            now = utcnow()
            session.execute(insert(outbox), [
                {"id": new_id(), "addon": "bells", "subscriber": name, "payload": {"times": n},
                 "event": f"{bells.prefix}_bells.Rung", "created_at": now, "due_at": now, "attempts": 0}
                for n in range(number)
            ])  # fmt: skip
        delivered = []
        threads = [
            threading.Thread(target=lambda system=system: delivered.append(system.deliver()))
            for system in (one, two) * 2
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        heard = [times for _, times, _ in one.bells.heard]
        assert sorted(heard) == list(range(number))
        assert sum(delivered) == number


def wait_for(condition, seconds=60):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


def test_the_thread_starts_with_the_first_commit_and_ends_when_it_is_told(bells, database_url):
    before = set(threading.enumerate())
    with bells.composed("bells", url=database_url, deliver=True) as system:
        system.bells = bells.module("bells")
        assert set(threading.enumerate()) == before
        with pytest.raises(KeyError), system.request() as request:  # noqa: PT012
            emit(request, system.bells.Rung(1))
            raise KeyError
        assert set(threading.enumerate()) == before
        ring(system)
        wait_for(lambda: not rows(system))
        system.system.outbox.start()  # a second start is none
        (thread,) = set(threading.enumerate()) - before
        assert thread.name == "talatat-outbox"
        assert thread.daemon
        ring(system, 8)
        wait_for(lambda: 8 in notes(system))
    assert not thread.is_alive()


def test_the_thread_tries_again_when_a_row_is_due(bells, database_url):
    with bells.composed("bells", url=database_url, deliver=True) as system:
        system.bells = bells.module("bells")
        system.bells.failing.add("neighbours")
        ring(system)
        wait_for(lambda: [row.attempts for row in rows(system)] == [1])
        system.bells.failing.clear()
        wait_for(lambda: not rows(system))
        assert notes(system) == [3]


def test_the_thread_outlives_a_database_that_fails(system, monkeypatch, caplog):
    from talatat.events import courier

    calls = []

    def deliver():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the database is down")

    monkeypatch.setattr(courier, "POLL", 0.05)
    monkeypatch.setattr(courier, "LONGEST_POLL", 0.05)
    one = courier.Courier(deliver, lambda: utcnow() + timedelta(hours=1))
    one.start()
    wait_for(lambda: len(calls) > 2)
    one.stop()
    assert "the database is down" in caplog.text
    one.stop()  # ending it twice does nothing


def test_nothing_is_written_where_nobody_subscribes(addons, database_url):
    addons.write("mute", {"__init__.py": BELLS["__init__.py"].split("def includeme")[0]
                          + "def includeme(config): pass\n"})  # fmt: skip
    with addons.composed("mute", url=database_url, deliver=True) as system:
        system.bells = addons.module("mute")
        ring(system)
        assert rows(system) == []
        assert system.deliver() == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "add_subscriber_after_commit(afterwards, dict)",
            "is not a subclass of talatat.events.Event",
        ),
        ("add_subscriber_after_commit(afterwards, Bad)", "Bad.thing is of type"),
    ],
)
def test_a_subscriber_of_something_else_is_refused_when_composing(addons, line, said):
    code = (
        BELLS["__init__.py"].split("def includeme")[0]
        + f"""
        @dataclass
        class Bad(Event):
            thing: object
        def includeme(config):
            config.{line}
        """
    )
    addons.write("bells", {"__init__.py": code})
    with pytest.raises(TalatatError, match=said):
        compose(addons.composition("bells", url="sqlite:////nowhere.sqlite"))


def test_two_subscribers_of_one_name_conflict(addons):
    again = " " * 12 + "config.add_subscriber_after_commit(at_once, Rung, name='bells.next_door')\n"
    addons.write("bells", {"__init__.py": BELLS["__init__.py"].rstrip() + "\n" + again})
    with pytest.raises(TalatatError, match=r"bells\.next_door"):
        compose(addons.composition("bells", url="sqlite:////nowhere.sqlite"))


def test_a_subscriber_is_introspectable_with_its_addon(system):
    found = system.registry.introspector.get_category("talatat subscribers after commit")
    assert {one["introspectable"]["name"].rpartition(".")[2] for one in found} == {
        "afterwards",
        "next_door",
    }
    assert {one["introspectable"]["addon"] for one in found} == {"bells"}
