"""Sessions live and end with the transaction that they were made for, and with no other."""

import pytest
import transaction as global_transactions
from sqlalchemy import text
from transaction import TransactionManager
from transaction.interfaces import NoTransaction


@pytest.fixture
def notes(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (word VARCHAR(20))"))
    return database


def words(database):
    with database.engine.connect() as connection:
        return connection.scalars(text("SELECT word FROM note ORDER BY word")).all()


def test_a_block_that_ends_is_committed_even_when_it_wrote_plain_text(notes):
    with notes.transaction() as (_, session):
        session.execute(text("INSERT INTO note VALUES ('kept')"))
    assert words(notes) == ["kept"]


def test_a_block_that_raises_is_undone(notes):
    with pytest.raises(KeyError), notes.transaction() as (_, session):  # noqa: PT012
        session.execute(text("INSERT INTO note VALUES ('lost')"))
        raise KeyError
    assert words(notes) == []


def test_a_commit_that_fails_is_undone_and_raises(notes):
    def refuse():
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"), notes.transaction() as (tm, session):  # noqa: PT012
        session.execute(text("INSERT INTO note VALUES ('lost')"))
        tm.get().addBeforeCommitHook(refuse)
    assert words(notes) == []
    with notes.transaction() as (_, session):  # nothing is left locked
        session.execute(text("INSERT INTO note VALUES ('kept')"))


def test_a_transaction_said_to_read_may_write_all_the_same(notes):
    with notes.transaction(reading=True) as (_, session):
        session.execute(text("INSERT INTO note VALUES ('kept')"))
    assert words(notes) == ["kept"]


def test_a_session_cannot_be_committed_behind_the_managers_back(notes):
    with pytest.raises(AssertionError), notes.transaction() as (_, session):  # noqa: PT012
        session.execute(text("SELECT 1"))
        session.commit()


def test_the_thread_local_manager_is_not_touched(notes):
    global_transactions.begin()
    with notes.transaction() as (_, session):
        session.execute(text("INSERT INTO note VALUES ('kept')"))
        global_transactions.abort()
    assert words(notes) == ["kept"]


def test_a_session_without_a_transaction_is_refused(notes):
    session = notes.session(TransactionManager(explicit=True))
    with pytest.raises(NoTransaction):
        session.execute(text("SELECT 1"))
    session.close()


def test_a_listener_on_one_databases_sessions_does_not_hear_anothers(notes, sqlite_url):
    from sqlalchemy import event

    from talatat.testing.databases import make_database

    heard = []
    event.listen(notes.sessionmaker, "after_begin", lambda *_: heard.append(1))
    other = make_database(sqlite_url)
    with other.transaction() as (_, session):
        session.execute(text("SELECT 1"))
    assert heard == []
    with notes.transaction() as (_, session):
        session.execute(text("SELECT 1"))
    assert heard == [1]
    other.dispose()


def test_a_savepoint_is_rolled_back_alone(notes):
    with notes.transaction() as (_, session):
        session.execute(text("INSERT INTO note VALUES ('kept')"))
        with pytest.raises(KeyError), session.begin_nested():  # noqa: PT012
            session.execute(text("INSERT INTO note VALUES ('lost')"))
            raise KeyError
    assert words(notes) == ["kept"]
