"""Whatever is written, in whatever order and by whatever means: a client's copy equals the table."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talatat.db import new_id
from talatat.resources import note

from .conftest import JOBS, Mirror, listed

NUMBERS = st.integers(0, 4)  # few rows, so that histories meet
WORDS = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NUMBERS, WORDS),
    st.tuples(st.just("patch"), NUMBERS, WORDS),
    st.tuples(st.just("delete"), NUMBERS, WORDS),
    st.tuples(st.just("restore"), NUMBERS, WORDS),
    st.tuples(st.just("batch"), NUMBERS, WORDS),
    st.tuples(st.just("bulk update"), NUMBERS, WORDS),
    st.tuples(st.just("bulk delete"), NUMBERS, WORDS),
    st.tuples(st.just("copy"), NUMBERS, WORDS),
    st.tuples(st.just("step"), NUMBERS, WORDS),
    st.tuples(st.just("client"), NUMBERS, WORDS),
    st.tuples(st.just("text"), NUMBERS, WORDS),
    st.tuples(st.just("given up"), NUMBERS, WORDS),
    st.tuples(st.just("follow"), NUMBERS, WORDS),
)


class GivenUp(Exception):
    """A transaction is not committed."""


class History:
    """One sequence of writes on a database without rows; five ids."""

    def __init__(self, desk: Any) -> None:
        self.desk, self.app, self.models = desk, desk.app, desk.models
        self.keys = [new_id() for _ in range(5)]
        with desk.session() as session:
            for model in (self.models.Job, self.models.Client):
                session.execute(sa.delete(model))

    def do(self, what: str, number: int, word: str) -> None:
        url = f"{JOBS}/{self.keys[number]}"
        if what == "put":
            self.app.put_json(url, {"title": word, "code": word}, expect_errors=True)
        elif what == "patch":
            self.app.patch_json(url, {"title": word}, expect_errors=True)
        elif what == "delete":
            self.app.delete(url, expect_errors=True)
        elif what == "restore":
            self.app.post(f"{url}:restore", expect_errors=True)
        elif what == "batch":
            items: list[dict[str, Any]] = [
                {"operation": "replace", "id": key, "body": {"title": word}}
                for key in self.keys[: number + 1]
            ]
            items += [{"operation": "delete", "id": self.keys[number]}] * 2  # the second one fails
            self.app.post_json(f"{JOBS}:batch", {"atomic": False, "items": items})
        else:
            try:
                with self.desk.session() as session:
                    self.write(session, what, self.keys[number], word)
            except GivenUp:
                pass

    def write(self, session: Any, what: str, key: str, word: str) -> None:
        job = self.models.Job
        row = session.get(job, key)
        if what == "bulk update":
            session.execute(sa.update(job).where(job.title == word).values(title=word + "!"))
        elif what == "bulk delete":
            session.execute(sa.delete(job).where(job.title == word))
        elif what == "copy":
            names = [one.name for one in job.__table__.c if one.name not in ("id", "code")]
            columns = [job.__table__.c[name] for name in names]
            source = sa.select(sa.literal(new_id(), job.id.type), *columns).where(job.id == key)
            session.execute(sa.insert(job).from_select(["id", *names], source))
        elif what == "step" and row is not None:
            row.steps = [*row.steps[1:], self.models.Step(place=len(row.steps), text=word)]
        elif what == "client":
            client = self.models.Client(name=word)
            session.add(client)
            session.flush()
            if row is not None:
                row.client_id = client.id
                session.flush()
                session.delete(client)  # and the row with it
        elif what == "text":
            session.execute(sa.text("UPDATE desk_job SET title = :word"), {"word": word})
            note(session, job, session.scalars(sa.select(job.id)))
        elif what == "given up":
            with session.begin_nested() as savepoint:
                session.execute(sa.delete(job))
                savepoint.rollback()
            session.execute(sa.update(job).values(title="never"))
            raise GivenUp


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=12))
def test_a_copy_made_of_the_feed_equals_the_table(sqlite_desk: Any, steps: Any) -> None:
    history = History(sqlite_desk)
    early = Mirror(sqlite_desk.app, limit=2)
    early.follow()
    for step in steps:
        if step[0] == "follow":
            early.follow()
        else:
            history.do(*step)
    late = Mirror(sqlite_desk.app, limit=2)
    assert early.follow() == late.follow() == listed(sqlite_desk.app)


@pytest.mark.parametrize("seed", range(3))
def test_histories_of_every_kind_of_write_are_followed_on_both_databases(
    desk: Any, seed: int
) -> None:
    history = History(desk)
    mirror = Mirror(desk.app, limit=2)
    mirror.follow()
    kinds = ("put", "step", "batch", "copy", "client", "restore", "bulk update", "text", "given up",
             "patch", "delete", "put", "bulk delete", "restore")  # fmt: skip
    for number, what in enumerate(kinds[seed:] + kinds[:seed]):
        history.do(what, number % 5, "abc"[(number + seed) % 3])
        assert mirror.follow() == listed(desk.app), what
