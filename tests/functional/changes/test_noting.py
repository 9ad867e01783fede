"""What is noted of what is written: by the ORM, in bulk, by Core, by the database itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from talatat.db import new_id, utcnow
from talatat.resources import note
from talatat.resources.changes.table import change


class Noted:
    """The rows that a block has noted: {(table without its prefix, id)}, and the deleted among them."""

    def __init__(self) -> None:
        self.rows: set[tuple[str, str]] = set()
        self.deleted: set[tuple[str, str]] = set()
        self.statements: list[str] = []


@contextmanager
def noted(desk):
    """Runs a block in one transaction: `with noted(desk) as (session, found)`."""
    with desk.session() as session:
        session.execute(sa.delete(change))
    found = Noted()

    def listen(connection, cursor, statement, *details):
        found.statements.append(statement)

    event.listen(desk.system.database.engine, "before_cursor_execute", listen)
    try:
        with desk.session() as session:
            yield session, found
    finally:
        event.remove(desk.system.database.engine, "before_cursor_execute", listen)
    with desk.session() as session:
        for row in session.execute(sa.select(change)):
            key = (row.table_name.partition("_")[2], row.row_id)
            found.rows.add(key)
            if row.deleted:
                found.deleted.add(key)


def make(desk, **values):
    """A job with two steps and a tag; returns its id."""
    models = desk.models
    with desk.session() as session:
        tag = session.scalar(sa.select(models.Tag)) or models.Tag(word="red")
        job = models.Job(title="paint", **values)
        job.steps = [models.Step(place=at, text=f"step {at}") for at in (1, 2)]
        job.tags = [tag]
        session.add(job)
        session.flush()
        return job.id


def test_a_flush_notes_its_rows_by_one_statement_at_the_end(desk):
    first, second = make(desk), make(desk)
    with noted(desk) as (session, found):
        session.get(desk.models.Job, first).title = "sand"
        session.flush()
        session.delete(session.get(desk.models.Job, second))
        session.add(desk.models.Client(id=(client := new_id()), name="Ann"))
        session.flush()
    assert found.rows == {("job", first), ("job", second), ("client", client)}
    assert found.deleted == {("job", second)}
    assert sum("talatat_change" in one for one in found.statements) == 1


def test_what_was_not_changed_or_was_rolled_back_is_not_noted(desk):
    first, second = make(desk), make(desk)
    with noted(desk) as (session, found):
        job = session.get(desk.models.Job, first)
        job.title = str(job.title)
        with session.begin_nested() as savepoint:
            session.delete(session.get(desk.models.Job, second))
            session.flush()
            savepoint.rollback()
        with session.begin_nested():
            session.add(desk.models.Client(id=(client := new_id()), name="Ann"))
    assert found.rows == {("client", client)}


@pytest.mark.parametrize(
    "change_part", ["step", "new step", "orphan", "tag", "no tag", "extension"]
)
def test_a_change_of_what_belongs_to_a_row_is_one_of_the_row(desk, change_part):
    key = make(desk)
    models = desk.models
    with noted(desk) as (session, found):
        job = session.get(models.Job, key)
        if change_part == "step":
            job.steps[0].text = "other"
        elif change_part == "new step":
            session.add(models.Step(job_id=key, place=9, text="last"))
        elif change_part == "orphan":
            job.steps.pop()
        elif change_part == "tag":
            job.tags.append(models.Tag(word="blue"))
        elif change_part == "no tag":
            job.tags.clear()
        else:
            desk.rank.of(job).points = 7
    assert ("job", key) in found.rows
    assert not found.deleted


def test_bulk_statements_note_the_rows_that_they_write(desk):
    models = desk.models
    first, second, third = make(desk), make(desk, owner="bob"), make(desk, owner="bob")
    with noted(desk) as (session, found):
        session.execute(sa.update(models.Job).where(models.Job.owner == "bob").values(title="new"))
    assert found.rows == {("job", second), ("job", third)}
    with noted(desk) as (session, found):
        result = session.execute(sa.delete(models.Job).where(models.Job.owner == ""))
        assert result.rowcount == 1
    assert found.rows == found.deleted == {("job", first)}
    with noted(desk) as (session, found):
        ids = [new_id(), new_id()]
        session.execute(sa.insert(models.Client), [{"id": one, "name": "x"} for one in ids])
        session.execute(sa.insert(models.Client).values([{"id": (one := new_id()), "name": "y"}]))
    assert found.rows == {("client", key) for key in (*ids, one)}
    with noted(desk) as (session, found):
        session.execute(sa.update(models.Client), [{"id": ids[0], "name": "z", "version": 1}])
    assert found.rows == {("client", ids[0])}


def test_core_statements_on_the_connection_are_seen_too(desk):
    jobs, clients = desk.models.Job.__table__, desk.models.Client.__table__
    steps = desk.models.Step.__table__
    key, other = make(desk, code="a"), make(desk, code="b")
    with noted(desk) as (session, found):
        connection = session.connection()
        by_key = jobs.update().where(jobs.c.id == sa.bindparam("key"))
        connection.execute(by_key.values(title=sa.bindparam("name")), [{"key": key, "name": "x"}])
        connection.execute(clients.insert(), [{"name": "Ann", "version": 1}])
        (client,) = connection.scalars(sa.select(clients.c.id).where(clients.c.name == "Ann"))
    assert found.rows == {("job", key), ("client", client)}
    with noted(desk) as (session, found):
        connection = session.connection()
        connection.execute(steps.update().where(steps.c.place == 1).values(text="first"))
        connection.execute(steps.delete().where(steps.c.job_id.in_([other])))
    assert found.rows == {("job", key), ("job", other)}
    assert not found.deleted
    with noted(desk) as (session, found):
        step = session.scalar(sa.select(steps.c.id))
        session.connection().execute(steps.update().where(steps.c.id == step).values(job_id=other))
    assert found.rows == {("job", key), ("job", other)}


def test_an_insert_from_a_select_and_upserts_note_what_they_leave(desk):
    models = desk.models
    with desk.session() as session:
        session.add_all([models.Tag(word=word) for word in ("red", "blue")])
    key = make(desk)
    tags, clients = models.Tag.__table__, models.Client.__table__
    kind = {"sqlite": sqlite, "postgresql": postgresql}[desk.system.database.dialect]
    with noted(desk) as (session, found):
        source = sa.select(
            tags.c.id, tags.c.word, *(tags.c[n] for n in ("version", "created_at", "updated_at"))
        )
        copy = clients.insert().from_select(
            ["id", "name", "version", "created_at", "updated_at"], source
        )
        assert session.execute(copy, execution_options={"preserve_rowcount": True}).rowcount in (
            -1,
            0,
            2,
        )
        ids = set(session.scalars(sa.select(clients.c.id)))
        session.execute(sa.delete(desk.rank))
        desk.system.models.fill(session, models.Job)
    assert found.rows == {("client", one) for one in ids} | {("job", key)}
    row = {"version": 1, "created_at": utcnow(), "updated_at": utcnow()}
    with noted(desk) as (session, found):
        insert = kind.insert(tags)
        rows = [
            row | {"id": (green := new_id()), "word": "green"},
            row | {"id": new_id(), "word": "red"},
        ]
        session.connection().execute(insert.on_conflict_do_nothing(index_elements=["word"]), rows)
    assert found.rows == {("tag", green)}
    with noted(desk) as (session, found):
        upsert = insert.on_conflict_do_update(index_elements=["word"], set_={"version": 2})
        session.execute(upsert, rows[1])
        (red,) = session.scalars(sa.select(tags.c.id).where(tags.c.word == "red"))
    assert found.rows == {("tag", red)}


def test_what_the_database_deletes_or_clears_along_is_noted(desk):
    models = desk.models
    with desk.session() as session:
        client = models.Client(name="Ann")
        session.add(client)
        session.flush()
        client = client.id
    first = make(desk, client_id=client)
    second = make(desk, after_id=first)
    with noted(desk) as (session, found):
        session.delete(session.get(models.Client, client))
    assert found.deleted == {("client", client), ("job", first)}
    assert found.rows == found.deleted | {("job", second)}
    with noted(desk) as (session, found):
        tag = session.scalar(sa.select(models.Tag))
        session.execute(sa.delete(models.Tag))
    assert found.deleted == {("tag", tag.id)}
    assert found.rows == {("tag", tag.id), ("job", second)}


def test_a_deletion_notes_the_version_and_a_new_row_under_the_id_clears_it(desk):
    key = make(desk)
    with desk.session() as session:
        session.get(desk.models.Job, key).title = "again"
    with noted(desk) as (session, found):
        session.delete(session.get(desk.models.Job, key))
        session.flush()
    with desk.session() as session:
        assert session.scalar(sa.select(change.c.version)) == 2
        assert session.scalar(sa.select(change.c.kept)) is not None
    with noted(desk) as (session, found):
        session.add(desk.models.Job(id=key, title="back"))
    assert found.rows == {("job", key)}
    assert not found.deleted


def test_text_is_noted_by_hand(desk):
    key = make(desk)
    with noted(desk) as (session, found):
        session.execute(sa.text("UPDATE desk_job SET title = 'x'"))
        note(session, desk.models.Job, [key.upper()])
    assert found.rows == {("job", key)}
    with desk.session() as session, pytest.raises(LookupError, match="no composed resource"):
        note(session, desk.models.Step, [key])


def test_rows_that_come_to_match_meanwhile_are_not_written_unnoted(postgresql_desk):
    """An UPDATE whose WHERE has to be asked for is narrowed to the rows that the answer locked."""
    desk = postgresql_desk
    models = desk.models
    first, second = make(desk, owner="bob"), make(desk)
    with noted(desk) as (session, found):
        statement = sa.update(models.Job).where(models.Job.owner == "bob").values(title="taken")

        def meanwhile(connection, element, many, one, options, result):
            if asked or "desk_job.ctid" not in str(element):
                return
            asked.append(element)
            with desk.session() as other:
                other.get(models.Job, second).owner = "bob"

        asked = []
        engine = desk.system.database.engine
        event.listen(engine, "after_execute", meanwhile)
        assert session.execute(statement).rowcount == 1
        event.remove(engine, "after_execute", meanwhile)
    assert ("job", first) in found.rows
    with desk.session() as session:
        assert session.get(models.Job, second).title == "paint"


def test_cascades_in_a_circle_come_to_an_end(desk):
    """Two jobs that follow each other: by SET NULL here; the reading of keys must not turn for ever."""
    first, second = make(desk), make(desk)
    with desk.session() as session:
        session.get(desk.models.Job, first).after_id = second
        session.get(desk.models.Job, second).after_id = first
    following = desk.system.resources.noting.following.tables["desk_job"]
    kept = following.dependents
    following.dependents = [replace(one, action="CASCADE") for one in kept]
    try:
        with noted(desk) as (session, found):
            session.execute(sa.update(desk.models.Job).values(after_id=desk.models.Job.after_id))
            session.execute(sa.delete(desk.models.Job).where(desk.models.Job.id == first))
    finally:
        following.dependents = kept
    assert found.deleted == {("job", first), ("job", second)}
