"""Nothing is lost: under any history, with twenty writers at once, and when the process is killed."""

import random
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from talatat.db import Database, is_retryable, new_id
from talatat_audit.models import Entry
from talatat_audit.sealing import seal
from talatat_audit.verifying import verify
from talatat_catalog.models import Category, Product

SHOWN = ("sku", "title", "supplier", "price_minor", "stock", "source_id")


class Gone(Exception):
    """A transaction is given up."""


def row(sku, **more):
    return {"sku": sku, "title": "T", "price_minor": 1, "currency": "EUR", **more}


class History:
    """Writes rows in every way that there is; `sku` marks those of one history."""

    def __init__(self, session, chance, mark):
        self.session, self.chance, self.mark = session, chance, mark
        self.own = Product.sku == mark

    def some(self):
        found = self.session.scalars(sa.select(Product).where(self.own).order_by(Product.id)).all()
        return self.chance.choice(found) if found else None

    def make(self):
        self.session.add(Product(**row(self.mark, stock=self.chance.randint(0, 3))))

    def change(self):
        if (one := self.some()) is not None:
            one.title = self.chance.choice(["A", "B"])
            one.stock = self.chance.choice([None, 5])

    def change_with_sql(self):
        if (one := self.some()) is not None:
            one.price_minor = Product.price_minor + 1

    def delete(self):
        if (one := self.some()) is not None:
            self.session.delete(one)

    def insert_many(self):
        self.session.execute(sa.insert(Product), [row(self.mark, supplier="m") for _ in range(3)])

    def update_many(self):
        where = (self.own, Product.title == self.chance.choice(["A", "T"]))
        values = {"supplier": self.chance.choice(["x", "y"]), "stock": 1}
        self.session.execute(sa.update(Product).where(*where).values(values))

    def update_by_key(self):
        table = Product.__table__
        ids = self.session.scalars(sa.select(Product.id).where(self.own).limit(3)).all()
        statement = sa.update(table).where(table.c.id == sa.bindparam("key"))
        if ids:
            self.session.execute(
                statement.values(price_minor=table.c.price_minor * 2), [{"key": one} for one in ids]
            )
            self.session.expire_all()

    def delete_many(self):
        self.session.execute(sa.delete(Product).where(self.own, Product.supplier == "x"))

    def upsert(self):
        dialect = self.session.get_bind().dialect.name
        statement = getattr(sa.dialects, dialect).insert(Product.__table__)
        changed = {"title": statement.excluded.title}
        statement = statement.on_conflict_do_update(index_elements=["source_id"], set_=changed)
        source = f"{self.mark}-{self.chance.randint(0, 1)}"
        more = {"version": 1, "title": self.chance.choice(["A", "B"])}
        self.session.execute(statement, [{**row(self.mark, source_id=source), **more}])
        self.session.expire_all()

    def savepoint(self):
        nested = self.session.begin_nested()
        self.step(deep=True)
        self.session.flush()
        if self.chance.random() < 0.5:
            nested.rollback()
        else:
            nested.commit()

    def step(self, deep=False):
        steps = [self.make, self.make, self.change, self.change_with_sql, self.delete,
                 self.insert_many, self.update_many, self.update_by_key, self.delete_many,
                 self.upsert]  # fmt: skip
        steps += [] if deep else [self.savepoint, self.savepoint]
        self.chance.choice(steps)()
        if self.chance.random() < 0.4:
            self.session.flush()


def replayed(entries):
    """What is there, if the entries are true: each has to fit to what was there before it."""
    rows = {}
    for one in entries:
        before, after = one["before"] or {}, one["after"] or {}
        if one["action"] == "create":
            assert one["subject"] not in rows
            rows[one["subject"]] = {}
        known = rows[one["subject"]]
        assert {name: known[name] for name in before if name in known} == {
            name: value for name, value in before.items() if name in known
        }
        if one["action"] == "delete":
            del rows[one["subject"]]
        else:
            known.update({name: value for name, value in after.items() if name in SHOWN})
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_the_entries_of_any_history_replayed_give_the_rows(trail, seed):
    chance, mark = random.Random(seed), new_id()
    for _ in range(12):
        try:
            with trail.test.session() as session:
                history = History(session, chance, mark)
                for _ in range(chance.randint(1, 8)):
                    history.step()
                if chance.random() < 0.2:
                    raise Gone
        except Gone:
            pass
    with trail.test.session(reading=True) as session:
        there = {
            one.id: {name: getattr(one, name) for name in SHOWN}
            for one in session.scalars(sa.select(Product).where(Product.sku == mark))
        }
    entries = trail.entries(Entry.resource == "catalog.products")
    made = replayed(entries)
    told = {key: {name: one.get(name) for name in SHOWN} for key, one in made.items()}
    assert told == there


def test_twenty_writers_at_once_lose_no_entry_while_others_seal(own):
    """They share a row, so that they wait for each other, collide and are tried again."""
    database: Database = own.test.system.database
    with own.test.session() as session:
        session.add(Category(slug="shared", title="0"))

    def write(number):
        committed, chance = 0, random.Random(number)
        for turn in range(3):
            for _ in range(30):
                try:
                    with database.transaction() as (_, session):
                        session.add(Product(**row(f"w{number}-{turn}")))
                        shared = session.scalar(sa.select(Category).with_for_update())
                        shared.title = f"{int(shared.title) + 1}"
                        session.flush()
                        if chance.random() < 0.1:
                            raise Gone
                except Gone:
                    break
                except Exception as error:
                    if not is_retryable(error):
                        raise
                else:
                    committed += 1
                    break
        return committed

    def seal_now_and_then(_):
        for _ in range(8):
            with database.transaction() as (_, session):
                seal(session, most=7)

    with ThreadPoolExecutor(22) as pool:
        sealing = [pool.submit(seal_now_and_then, None) for _ in range(2)]
        committed = sum(pool.map(write, range(20)))
        for one in sealing:
            one.result()
    with database.transaction() as (_, session):
        while seal(session):
            pass
    with own.test.session(reading=True) as session:
        skus = Counter(session.scalars(sa.select(Product.sku)))
        total = int(session.scalar(sa.select(Category.title)))
        found = verify(session)
    made = own.entries(Entry.action == "create", Entry.resource == "catalog.products")
    assert Counter(one["after"]["sku"] for one in made) == skus
    assert len(made) == committed == total
    counted = own.entries(Entry.action == "update", Entry.resource == "catalog.categories")
    # The shared row's versions, each once: every change of it is there, none twice.
    assert sorted(int(one["after"]["title"]) for one in counted) == list(range(1, total + 1))
    assert all(int(one["after"]["title"]) - int(one["before"]["title"]) == 1 for one in counted)
    assert (found.problems, found.unsealed) == ((), 0)
    assert found.sealed == 2 * committed + 1


WRITER = """
import os, sys, threading
from talatat.composing import compose, load_composition
from talatat_catalog.models import Product

database = compose(load_composition(sys.argv[1])).registry.system.database

def write(mark):
    number = 0
    while True:
        number += 1
        with database.transaction() as (_, session):
            session.add(Product(sku=mark, title=str(number), price_minor=1, currency="EUR"))
        if number == 5:
            os.write(1, b"written\\n")  # whole: threads of one process share the stream

for number in range(3):
    threading.Thread(target=write, args=(f"k{number}",)).start()
"""


def test_a_row_and_its_entry_are_there_together_after_a_kill(own):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, own.test.ini], stdout=subprocess.PIPE, text=True
    )
    try:
        assert [writer.stdout.readline() for _ in range(3)] == ["written\n"] * 3
        writer.send_signal(signal.SIGKILL)
    finally:
        writer.kill()
        writer.wait(10)
        writer.stdout.close()
    with own.test.session(reading=True) as session:
        there = {(one.id, one.title) for one in session.scalars(sa.select(Product))}
    told = {(one["subject"], one["after"]["title"]) for one in own.entries()}
    assert told == there
    assert len(there) >= 15
    assert {one["actor_source"] for one in own.entries()} == {"process"}
