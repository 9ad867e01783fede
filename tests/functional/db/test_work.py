"""What `Work` writes is what a session writes, and a session that is asked for later knows of it."""

from __future__ import annotations

import dataclasses
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError, PendingRollbackError, StatementError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.events import SessionEvents
from transaction.interfaces import NoTransaction

from talatat.db import Change, Prepared, among, is_retryable, new, new_id, work_of
from talatat.db import session as sessions
from talatat.db.prepared import concerns_writes
from talatat.resources.changes.table import change

pytestmark = pytest.mark.usefixtures("unwatched")

LAW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MADE_UP = ("id", "crate_id", "created_at", "updated_at", "made_at", "label")

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
FIRST, LAST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001  # as hypothesis wants them
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
items = st.fixed_dictionaries({"text": st.none() | words})
crates = st.fixed_dictionaries(
    {"items": st.lists(items, max_size=4)},
    optional={
        "weight": st.none() | st.integers(-1000, 1000),
        "note": st.none() | words,
        "price": st.none() | st.decimals(-1000, 1000, places=2),
        "due_at": st.none() | moments,
        "details": st.dictionaries(words, words | st.none() | st.integers(0, 9), max_size=2),
    },
)


def label():
    return uuid.uuid4().hex


def made(make, models, values):
    """A crate with its items, by `new` or by the constructors."""
    parts = [make(models.Item, position=at, **one) for at, one in enumerate(values["items"])]
    return make(models.Crate, **{**values, "label": label(), "items": parts})


def constructed(model, **values):
    return model(**values)


def columns_of(entity):
    return {one.key: getattr(entity, one.key) for one in sa.inspect(type(entity)).column_attrs}


def shown(entity):
    """What is in an entity, but for what is made up for each anew."""
    return {key: value for key, value in columns_of(entity).items() if key not in MADE_UP}


def stored(yard, ids):
    """The rows of crates and their items, and the notes of their changes."""
    crate = yard.models.Crate
    query = sa.select(crate).where(crate.id.in_(ids)).options(selectinload(crate.items))

    def ask(session):
        found = {one.id: one for one in session.scalars(query)}
        rows = session.execute(
            sa.select(change.c.row_id, change.c.table_name, change.c.deleted, change.c.version)
        )
        notes = {row.row_id: tuple(row)[1:] for row in rows}
        return [
            (shown(found[one]), list(map(shown, found[one].items)), notes.get(one)) for one in ids
        ]

    return yard.read(ask)


@LAW
@given(st.lists(crates, min_size=1, max_size=3))
def test_what_is_inserted_is_what_a_session_would_have_added(yard, lists):
    with yard.request() as request:
        ours = [made(new, yard.models, one) for one in lists]
        work_of(request).insert(*ours)
        assert ("db" in request.__dict__) != yard.is_direct
        inserted = [(shown(one), list(map(shown, one.items))) for one in ours]
        ids = [one.id for one in ours]
        entire = [columns_of(one) for one in ours]
    with yard.request() as request:
        theirs = [made(constructed, yard.models, one) for one in lists]
        request.db.add_all(theirs)
        request.db.flush()
        their_ids = [one.id for one in theirs]
        added = [(shown(one), list(map(shown, one.items))) for one in theirs]
    assert inserted == added
    assert stored(yard, ids) == stored(yard, their_ids)
    # Times too are what the entity had.
    again = yard.read(lambda s: [columns_of(s.get_one(yard.models.Crate, one)) for one in ids])
    assert again == entire


@LAW
@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=5))
@example([(1, True)] * 33)  # more than one statement has
def test_a_change_of_many_rows_is_what_a_session_would_have_written(yard, moves):
    crate = yard.models.Crate
    lift = Change(crate, weight=crate.weight + sa.bindparam("by", type_=sa.Integer()))

    def two():
        return [new(crate, label=label(), weight=7) for _ in moves]

    ours, theirs = two(), two()
    with yard.request() as request:
        work_of(request).insert(*ours, *theirs)
        ids, their_ids = [one.id for one in ours], [one.id for one in theirs]
        before = [one.updated_at for one in ours]
    with yard.request() as request:
        request.db.execute(sa.delete(change))
    with yard.request() as request:
        chosen = [(one, by) for one, (by, wanted) in zip(ids, moves, strict=True) if wanted]
        work_of(request).change(lift, {one: {"by": by} for one, by in chosen})
        assert ("db" in request.__dict__) != (yard.is_direct or not chosen)
    with yard.request() as request:
        for one, (by, wanted) in zip(their_ids, moves, strict=True):
            if wanted:
                row = request.db.get(crate, one)
                row.weight, row.note = row.weight + by, row.note
                if by == 0:  # the ORM writes no row that stays as it was
                    sa.orm.attributes.flag_modified(row, "weight")
    assert stored(yard, ids) == stored(yard, their_ids)
    after = yard.read(lambda s: [s.get_one(crate, one).updated_at for one in ids])
    grown = [now > then for now, then in zip(after, before, strict=True)]
    assert grown == [wanted for _, wanted in moves]


@pytest.mark.parametrize(
    ("name", "values", "stored"),
    [
        ("Heard", {"word": "a"}, ("word", "A")),
        ("Derived", {"word": "ab"}, ("twice", "abab")),
        ("Numbered", {"word": "a"}, ("word", "a")),
    ],
    ids=["somebody listens", "a default of the statement", "a number of the database"],
)
def test_what_is_more_than_its_columns_is_written_by_the_session(yard, name, values, stored):
    model = getattr(yard.models, name)
    with yard.request() as request:
        work_of(request).insert(entity := new(model, **values))
        assert entity in request.db
        identity = sa.inspect(entity).identity
    assert yard.read(lambda s: getattr(s.get(model, identity), stored[0])) == stored[1]


def test_a_column_whose_value_is_an_expression_is_written_by_the_session(yard):
    with yard.request() as request:
        crate = new(yard.models.Crate, label=label(), weight=sa.literal(2) + 3)
        work_of(request).insert(crate)
        assert crate in request.db
        assert crate.weight == 5


def test_a_line_that_belongs_to_another_is_no_part_of_its_list_alone(yard):
    """A hook may have put in what does not know its owner; the session finds out."""
    models = yard.models
    with yard.request() as request:
        crate = new(models.Crate, label=label(), items=[])
        crate.items.append(models.Item(position=0, text="late"))
        work_of(request).insert(crate)
        key = crate.id
    assert yard.read(lambda s: s.get(models.Item, (key, 0)).text) == "late"


def test_a_name_that_is_no_column_is_refused(yard):
    with pytest.raises(TypeError, match="'lable' is no column or list of Crate"):
        new(yard.models.Crate, lable="a")


def test_a_session_asked_for_later_has_what_was_inserted_and_writes_what_is_changed_of_it(yard):
    models = yard.models
    with yard.request() as request:
        crate = new(models.Crate, label=label(), items=[new(models.Item, position=0)])
        work_of(request).insert(crate)
        assert request.db.get(models.Crate, crate.id) is crate
        crate.weight = 9
        key = crate.id
        # And Work sees what the session has not written yet.
        weight = Prepared(sa.select(models.Crate.weight).where(among(models.Crate.id, "ids")))
        assert [tuple(row) for row in work_of(request).rows(weight, {"ids": [key]})] == [(9,)]
    entity = sa.select(models.Crate.weight, models.Crate.version).filter_by(id=key)
    assert yard.read(lambda s: tuple(s.execute(entity).one())) == (9, 2)


def test_what_is_changed_of_an_inserted_entity_is_written_though_nobody_asks_for_a_session(yard):
    models = yard.models
    with yard.request() as request:
        crate = new(models.Crate, label=label(), items=[])
        work_of(request).insert(crate)
        crate.weight = 9
        crate.items.append(models.Item(position=3, text="late"))
        key = crate.id
    assert yard.read(lambda s: s.get_one(models.Crate, key).weight) == 9
    assert yard.read(lambda s: s.get_one(models.Item, (key, 3)).text) == "late"


def test_a_session_reads_anew_what_was_changed_behind_it(yard):
    crate = yard.models.Crate
    lift = Change(crate, weight=crate.weight + sa.bindparam("by", type_=sa.Integer()))
    with yard.request() as request:
        request.db.add(one := crate(label=label(), weight=1, note="mine"))
        work_of(request).change(lift, {one.id: {"by": 4}})
        assert (one.weight, one.version, one.note) == (5, 2, "mine")
        with request.db.no_autoflush:  # what is not written yet is not forgotten
            one.note = "changed"
            work_of(request).change(lift, {one.id: {"by": 1}})
            assert one.note == "changed"
        request.db.expire(one)


def test_the_work_of_a_request_goes_on_in_the_session_that_was_made_meanwhile(yard):
    """Two transactions beside each other would wait for each other."""
    models = yard.models
    count = Prepared(sa.select(sa.func.count()).select_from(models.Crate))
    with yard.request() as request:
        work = work_of(request)
        before = request.db.scalar(sa.select(sa.func.count()).select_from(models.Crate))
        work.insert(new(models.Crate, label=label()))
        assert [tuple(row) for row in work.rows(count, {})] == [(before + 1,)]
        assert yard.database.engine.pool.checkedout() == 1
    assert yard.is_idle()


def test_a_request_may_end_its_transaction_and_begin_another(yard):
    models = yard.models
    weight = Prepared(sa.select(models.Crate.weight).where(models.Crate.label == sa.bindparam("l")))
    for ask in (lambda request: None, lambda request: request.db):
        first, second = label(), label()
        with yard.request() as request:
            work_of(request).insert(new(models.Crate, label=first))
            ask(request)
            request.tm.commit()
            assert yard.is_idle()
            request.tm.begin()
            # Another connection than before: that one is somebody else's now.
            with yard.database.reading_engine.connect() as other:
                other.execute(sa.select(1))
                assert work_of(request).row(weight, {"l": first})[0] == 5
            work_of(request).insert(new(models.Crate, label=second))
            ask(request)
            request.tm.abort()
            assert yard.is_idle()
            request.tm.begin()
            assert work_of(request).row(weight, {"l": second}) is None
        assert yard.is_idle()


class Refused(Exception):
    pass


def refuse(*_):
    raise Refused


def doom(yard, request, crate):
    request.tm.doom()
    request.tm.abort()
    request.tm.begin()


def raise_(yard, request, crate):
    raise Refused


def refuse_the_commit(yard, request, crate):
    request.tm.get().addBeforeCommitHook(refuse)


def insert_twice(yard, request, crate):
    work_of(request).insert(new(yard.models.Crate, label=crate.label))


def insert_nonsense(yard, request, crate):
    work_of(request).insert(new(yard.models.Crate, label=label(), after_id="nonsense"))


@pytest.mark.parametrize("with_session", [False, True], ids=["alone", "with a session"])
@pytest.mark.parametrize(
    ("end", "error"),
    [
        (doom, None),
        (raise_, Refused),
        (refuse_the_commit, Refused),
        (insert_twice, IntegrityError),
        (insert_nonsense, StatementError),
    ],
)
def test_what_is_not_committed_leaves_nothing_and_no_connection(yard, end, error, with_session):
    models = yard.models
    crate = new(models.Crate, label=label(), items=[new(models.Item, position=0)])
    key = crate.id

    def go():
        with yard.request() as request:
            if with_session:
                assert request.db is not None
            work_of(request).insert(crate)
            end(yard, request, crate)

    if error is None:
        go()
    else:
        with pytest.raises(error):
            go()
    assert yard.is_idle()
    assert yard.read(lambda s: s.get(models.Crate, key)) is None
    noted = yard.read(lambda s: s.scalar(sa.select(change.c.row_id).filter_by(row_id=key)))
    assert noted is None


def test_without_a_transaction_no_connection_is_taken(yard):
    with yard.request() as request:
        request.tm.abort()
        with pytest.raises(NoTransaction):
            work_of(request).insert(new(yard.models.Crate, label=label()))
        assert yard.is_idle()
        request.tm.begin()


def test_a_savepoint_is_rolled_back_alone_whoever_has_inserted(yard):
    models = yard.models
    first, second, third = (new(models.Crate, label=label()) for _ in range(3))
    keys = [one.id for one in (first, second, third)]
    with yard.request() as request:
        work_of(request).insert(first)
        with pytest.raises(Refused), request.db.begin_nested():  # noqa: PT012
            work_of(request).insert(second)
            raise Refused
        assert second not in request.db
        if yard.is_direct:  # the driver of SQLite gives the transaction manager no savepoints
            savepoint = request.tm.savepoint()
            work_of(request).insert(third)
            savepoint.rollback()
    assert [yard.read(lambda s, k=k: s.get(models.Crate, k)) is None for k in keys] == [
        False,
        True,
        True,
    ]
    noted = yard.read(lambda s: set(s.scalars(sa.select(change.c.row_id))))
    assert noted & set(keys) == {keys[0]}


def test_a_savepoint_of_a_transaction_that_has_no_session_makes_one(direct_yard):
    models = direct_yard.models
    first, second = (new(models.Crate, label=label()) for _ in range(2))
    keys = [one.id for one in (first, second)]
    with direct_yard.request() as request:
        work_of(request).insert(first)
        savepoint = request.tm.savepoint()
        work_of(request).insert(second)
        savepoint.rollback()
        assert "db" in request.__dict__
    assert [direct_yard.read(lambda s, k=k: s.get(models.Crate, k)) is None for k in keys] == [
        False,
        True,
    ]


def test_a_session_that_is_rolled_back_by_itself_takes_its_notes_with_it(direct_yard):
    models = direct_yard.models
    with direct_yard.request() as request:
        work_of(request).insert(lost := new(models.Crate, label=label()))
        key = lost.id
        request.db.rollback()
        request.db.add(kept := models.Crate(label=label()))
        kept_key = kept.id
    noted = direct_yard.read(lambda s: set(s.scalars(sa.select(change.c.row_id))))
    assert noted & {key, kept_key} == {kept_key}
    assert direct_yard.read(lambda s: s.get(models.Crate, key)) is None


EVENTS = [*sessions.STATEMENTS, *sessions.SESSIONS]


@pytest.mark.parametrize("name", EVENTS)
def test_whoever_listens_has_everything_go_through_the_session(direct_yard, name):
    """The lists of events are whole, and a listener is found where SQLAlchemy keeps it."""
    database = direct_yard.database
    target = database.engine if name in sessions.STATEMENTS else database.sessionmaker

    def listener(*_):
        return None

    assert database.is_unheard()
    event.listen(target, name, listener)
    try:
        assert not database.is_unheard()
        with direct_yard.request() as request:
            work_of(request).insert(crate := new(direct_yard.models.Crate, label=label()))
            assert crate in request.db
    finally:
        event.remove(target, name, listener)
    assert database.is_unheard()


def test_no_event_of_sessions_is_left_out_but_those_of_what_work_never_does():
    never = {
        # Deletes, and what leaves a session; UPDATEs and DELETEs by `session.query`.
        "after_bulk_delete",
        "after_bulk_update",
        "deleted_to_detached",
        "deleted_to_persistent",
        "pending_to_transient",
        "persistent_to_deleted",
        "persistent_to_detached",
        "persistent_to_transient",
        # This is sent when a session adopts what was inserted.
        "detached_to_persistent",
    }
    known = {one for one in dir(SessionEvents) if not one.startswith("_") and one != "dispatch"}
    assert known - never == set(sessions.SESSIONS)


def test_a_listener_on_one_session_or_its_connection_is_heard(direct_yard):
    heard = []
    for target_of, name in (
        (lambda db: db, "before_flush"),
        (lambda db: db.connection(), "before_cursor_execute"),
    ):
        with direct_yard.request() as request:
            event.listen(target_of(request.db), name, lambda *_: heard.append(1))
            work_of(request).insert(new(direct_yard.models.Crate, label=label()))
        assert heard
        heard.clear()


@pytest.mark.parametrize("with_session", [False, True], ids=["alone", "with a session"])
def test_after_an_error_that_was_swallowed_nothing_is_said_to_be_committed(
    direct_yard, with_session
):
    """PostgreSQL answers the COMMIT of a failed transaction with a ROLLBACK, and no error."""
    loose = new(direct_yard.models.Loose, word="a")
    key = loose.id
    refused = pytest.raises(PendingRollbackError, match="begin_nested")
    with refused, direct_yard.request() as request:
        if with_session:
            assert request.db is not None
        work_of(request).insert(loose)
        with pytest.raises(StatementError):
            work_of(request).execute(Prepared(sa.text("SELECT 1/0")), {})
    assert direct_yard.is_idle()
    assert direct_yard.read(lambda s: s.get(direct_yard.models.Loose, key)) is None


def test_errors_of_the_driver_are_those_of_a_session_and_are_told_to_listeners(direct_yard):
    """`Prepared.send` leans on a private name of SQLAlchemy's: this is what it has to do."""
    engine, told = direct_yard.database.engine, []
    crate = new(direct_yard.models.Crate, label=label())

    def listen(context):
        told.append((type(context.sqlalchemy_exception), context.statement))

    event.listen(engine, "handle_error", listen)
    try:
        with pytest.raises(IntegrityError) as ours, direct_yard.request() as request:  # noqa: PT012
            work_of(request).insert(crate)
            work_of(request).insert(new(direct_yard.models.Crate, label=crate.label))
        with pytest.raises(StatementError) as nonsense, direct_yard.request() as request:
            work_of(request).insert(
                new(direct_yard.models.Crate, label=label(), after_id="nonsense")
            )
    finally:
        event.remove(engine, "handle_error", listen)
    assert [kind for kind, _ in told] == [IntegrityError, StatementError]
    assert all("INSERT INTO yard_crate" in statement for _, statement in told)
    assert ours.value.orig.sqlstate == "23505"
    assert ours.value.hide_parameters
    assert crate.label not in str(nonsense.value)
    assert isinstance(nonsense.value.orig, ValueError)


def test_a_commit_that_the_database_refuses_is_told_and_leaves_nothing(direct_yard):
    """libpq alone knows of the transaction; what comes of its COMMIT is SQLAlchemy's error all the same."""
    told = []

    def listen(context):
        told.append(context)

    event.listen(direct_yard.database.engine, "handle_error", listen)
    loose = new(direct_yard.models.Loose, word="a")
    late = "CREATE TEMP TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
    try:
        with pytest.raises(IntegrityError, match="late_n_key"), direct_yard.request() as request:  # noqa: PT012
            work = work_of(request)
            work.insert(loose)
            for text in (late, "INSERT INTO late VALUES (1)", "INSERT INTO late VALUES (1)"):
                work.execute(Prepared(sa.text(text)), {})
            assert not work.connection.in_transaction()
    finally:
        event.remove(direct_yard.database.engine, "handle_error", listen)
    assert len(told) == 1
    assert direct_yard.is_idle()
    assert direct_yard.read(lambda s: s.get(direct_yard.models.Loose, loose.id)) is None


def test_what_sqlalchemy_runs_in_between_is_in_the_same_transaction(direct_yard):
    """It begins one of its own, which is the one that libpq has begun."""
    models = direct_yard.models
    first, second = new(models.Loose, word="a"), new(models.Loose, word="b")
    for error in (Refused, None):
        with suppress(Refused), direct_yard.request() as request:
            work = work_of(request)
            work.insert(first)
            table = models.Loose.__table__
            values = {"id": second.id, "word": "b", "version": 1}
            work.connection.execute(sa.insert(table).values(**values))
            if error is not None:
                raise error
        words = sa.select(models.Loose.word).where(models.Loose.id.in_([first.id, second.id]))
        found = direct_yard.read(lambda s, words=words: sorted(s.scalars(words)))
        assert found == ([] if error is not None else ["a", "b"])
        first = new(models.Loose, word="a", id=first.id)
    assert direct_yard.is_idle()


def test_the_connection_of_a_write_is_at_hand_for_the_next_request(direct_yard):
    with direct_yard.request() as request:
        work_of(request).insert(new(direct_yard.models.Loose, word="a"))
        fairy = work_of(request).connection.connection
    assert direct_yard.database.spare.take() is fairy
    direct_yard.database.spare.give(fairy)
    with direct_yard.request() as request:
        direct_yard.database.read(request, Prepared(sa.select(1)), {})
        work_of(request).insert(new(direct_yard.models.Loose, word="b"))
        assert work_of(request).connection.connection is fairy


def test_a_listener_in_the_place_of_another_is_noticed_by_reads(direct_yard):
    """As many listen as before: who they are decides."""
    database, heard = direct_yard.database, []

    @concerns_writes
    def deaf(*_):
        raise AssertionError("nothing was written")

    def listener(connection, *_):
        heard.append(connection)

    engine, one = database.engine, Prepared(sa.select(1))
    for function in (deaf, listener):
        event.listen(engine, "after_cursor_execute", function)
        try:
            with direct_yard.request() as request:
                assert [tuple(row) for row in database.read(request, one, {})] == [(1,)]
        finally:
            event.remove(engine, "after_cursor_execute", function)
    assert len(heard) == 1


def test_a_connection_that_is_lost_is_given_up_and_the_request_can_be_tried_again(direct_yard):
    me = Prepared(sa.select(sa.func.pg_backend_pid()))
    with pytest.raises(OperationalError) as lost, direct_yard.request() as request:  # noqa: PT012
        (number,) = work_of(request).row(me, {})
        with direct_yard.database.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": number})
        work_of(request).row(me, {})
    assert lost.value.connection_invalidated
    assert is_retryable(lost.value)
    assert direct_yard.is_idle()
    with direct_yard.request() as request:
        assert work_of(request).row(me, {})[0] != number


def test_a_read_is_in_the_transaction_of_a_request_that_has_one_and_else_in_none(direct_yard):
    crate = direct_yard.models.Crate
    weight = Prepared(sa.select(crate.weight).where(among(crate.id, "ids")))
    with direct_yard.request() as request:
        one = new(crate, label=label(), weight=3)
        read = partial(direct_yard.database.read, request, weight, {"ids": [one.id]})
        assert list(read()) == []
        assert work_of(request).connection is None
        work_of(request).insert(one)
        assert [tuple(row) for row in read()] == [(3,)]
        one.weight = 4
        assert [tuple(row) for row in read()] == [(4,)]


@LAW
@given(st.lists(st.integers(0, 5), max_size=4))
def test_a_value_is_found_among_a_list_of_any_length(yard, places):
    crate = yard.models.Crate
    wanted = Prepared(sa.select(crate.id).where(among(crate.id, "ids"), crate.weight > 0))
    with yard.request() as request:
        made = [new(crate, label=label()) for _ in range(3)]
        work_of(request).insert(*made)
        ids = [one.id for one in made] + [new_id() for _ in range(3)]
        found = work_of(request).rows(wanted, {"ids": [ids[at] for at in places]})
    assert sorted(row[0] for row in found) == sorted({ids[at] for at in places if at < 3})


def test_a_session_of_no_application_is_refused():
    with pytest.raises(LookupError, match="composed application"):
        work_of(sa.orm.Session())


def test_followers_are_told_of_rows_by_their_columns(direct_yard):
    """What the change feed is told, anybody else may be told."""
    told = []

    @dataclasses.dataclass
    class Follower:
        def begun(self, connection):
            told.append("begun")

        def inserted(self, connection, table, values_of):
            told.append((table.name, values_of(table.c.weight)))

        def updated(self, connection, table, ids):
            told.append((table.name, ids))

        def knows_by(self, key):
            return True

        def commits(self, work):
            told.append("commits")

    crate = direct_yard.models.Crate
    lift = Change(crate, weight=crate.weight + sa.bindparam("by", type_=sa.Integer()))
    direct_yard.database.followers.append(Follower())
    try:
        with direct_yard.request() as request:
            one, two = (new(crate, label=label(), weight=weight) for weight in (1, 2))
            work_of(request).insert(one, two)
            work_of(request).change(lift, {one.id: {"by": 1}})
            key = one.id
    finally:
        direct_yard.database.followers.pop()
    assert told == ["begun", ("yard_crate", [1, 2]), ("yard_crate", [key]), "commits"]
    assert yard_weight(direct_yard, key) == 2


def yard_weight(yard, key):
    return yard.read(lambda s: s.get_one(yard.models.Crate, key).weight)


def test_prices_come_back_as_decimals_from_the_driver(yard):
    """Types of columns are SQLAlchemy's own on either way."""
    crate = yard.models.Crate
    price = Prepared(sa.select(crate.price, crate.note).where(among(crate.id, "ids")))
    with yard.request() as request:
        work_of(request).insert(one := new(crate, label=label(), price=Decimal("1.50"), note="x"))
        assert tuple(work_of(request).row(price, {"ids": [one.id]})) == (Decimal("1.50"), "x")
