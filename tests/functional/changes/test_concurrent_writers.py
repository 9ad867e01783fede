"""Twenty writers commit out of order, roll back and delete while a client follows the feed."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from .conftest import Mirror, listed

WRITERS, TURNS = 20, 10


class Changed(Exception):
    """A writer changes its mind."""


class Writer:
    """One thread that writes: it waits between what it writes and its commit."""

    def __init__(self, desk, seed, keys):
        self.desk, self.chance, self.keys = desk, random.Random(seed), keys
        self.counts = {"committed": 0, "rolled back": 0}

    def run(self):
        for _ in range(TURNS):
            try:
                with self.desk.session() as session:
                    made = self.write(session)
                    session.flush()
                    time.sleep(self.chance.random() * 0.03)
                    if self.chance.random() < 0.2:
                        raise Changed
            except (Changed, StaleDataError, DBAPIError):
                self.counts["rolled back"] += 1
            else:
                self.counts["committed"] += 1
                self.keys.extend(made)
            time.sleep(self.chance.random() * 0.01)
        return self.counts

    def write(self, session):
        """One to three changes; the keys of rows that are made."""
        models, made = self.desk.models, []
        for key in sorted(
            self.chance.sample(self.keys, min(len(self.keys), self.chance.randint(0, 3)))
        ):
            what = self.chance.choice(("title", "part", "delete", "bulk"))
            if what == "bulk":
                ours = sa.update(models.Job).where(models.Job.code == key[-8:])
                session.execute(ours.values(title="bulk"))
                continue
            row = session.get(models.Job, key, with_for_update=True)
            if row is None:
                continue
            if what == "title":
                row.title = f"title {self.chance.random()}"
            elif what == "part":
                row.steps.append(models.Step(place=len(row.steps), text="more"))
            else:
                session.delete(row)
            session.flush()
        if not made and self.chance.random() < 0.6:
            row = models.Job(title="new")
            row.code = row.id[-8:]
            session.add(row)
            made.append(row.id)
        return made


def test_a_client_misses_nothing_of_twenty_writers_that_commit_out_of_order(postgresql_desk):
    desk = postgresql_desk
    keys: list[str] = []
    writers = [Writer(desk, seed, keys) for seed in range(WRITERS)]
    mirror = Mirror(desk.app, limit=7)
    done = threading.Event()

    def follow():
        while not done.is_set():
            mirror.follow()
            time.sleep(0.005)

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(follow)
        try:
            counts = [one.result() for one in [pool.submit(writer.run) for writer in writers]]
        finally:
            done.set()
        reader.result()
    assert sum(one["committed"] for one in counts) > WRITERS * TURNS / 2
    assert sum(one["rolled back"] for one in counts) > WRITERS
    assert sum(bool(answer["items"]) for answer in mirror.answers) > 10, "it followed all the while"
    rows = mirror.follow()
    assert rows == listed(desk.app)
    assert {key for key in rows if rows[key]["steps"]}
