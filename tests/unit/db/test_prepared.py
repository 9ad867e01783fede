"""What is compiled once and runs straight on the driver gives what SQLAlchemy would, errors and all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from pyramid.request import Request
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from talatat.db.prepared import Prepared, concerns_writes, runs_directly
from talatat.db.retry import is_unreachable
from talatat.db.straight import Straight
from talatat.testing.databases import make_database

pytestmark = pytest.mark.usefixtures("unwatched")

WORD = sa.column("word", sa.String())
WORDS = sa.select(WORD).select_from(
    sa.union_all(*(sa.select(sa.literal(word).label("word")) for word in "abc")).subquery()
)


@pytest.fixture
def served(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database on PostgreSQL, with the texts that its driver was given, and whether a transaction was wanted."""
    made = make_database(postgresql_url, statement_timeout=0.2)
    made.texts = texts = []  # type: ignore[attr-defined]
    run = Straight.run

    def noted(straight: Any, text: Any, values: Any, *, transaction: bool) -> Any:
        texts.append((text.statement, transaction))
        return run(straight, text, values, transaction=transaction)

    monkeypatch.setattr(Straight, "run", noted)
    with made.engine.connect() as connection:
        connection.scalar(sa.text("SELECT 1"))
    texts.clear()
    yield made
    out = made.engine.pool.checkedout()  # type: ignore[attr-defined]
    assert out == len(made.spare), "each connection was given back"
    made.dispose()


def asking(database: Any) -> Any:
    """A request that has no session yet, and is given one by `database` when it asks."""

    class Asking:
        @property
        def db(self) -> Any:
            session = database.session(self.tm, reading=True)
            self.__dict__["db"] = session
            return session

    return Asking()


def test_a_select_is_one_statement_without_a_transaction(served: Any) -> None:
    prepared = Prepared(WORDS.where(sa.bindparam("least") < WORD).order_by(WORD))
    for least, expected in (("a", [("b",), ("c",)]), ("b", [("c",)])):
        found = served.read(Request.blank("/"), prepared, {"least": least})
        assert [tuple(row) for row in found] == expected
    assert len(served.texts) == 2
    assert not any(transaction for _, transaction in served.texts)


@pytest.mark.parametrize("name", ["before_execute", "after_execute", "before_cursor_execute",
                                  "after_cursor_execute", "begin"])  # fmt: skip
def test_who_listens_to_statements_or_transactions_hears_of_each(served: Any, name: str) -> None:
    heard: list[int] = []
    prepared = Prepared(WORDS)

    def listen(*_: Any) -> None:
        heard.append(1)

    event.listen(served.engine, name, listen)
    served.read(Request.blank("/"), prepared, {})
    assert heard == [1]
    event.remove(served.engine, name, listen)
    served.read(Request.blank("/"), prepared, {})
    assert heard == [1]


def test_a_listener_that_concerns_writes_alone_keeps_nothing_from_the_driver(served: Any) -> None:
    @concerns_writes
    def listen(connection: Any, element: Any, many: Any, one: Any, options: Any) -> Any:
        raise AssertionError

    event.listen(served.engine, "before_execute", listen, retval=True)
    assert runs_directly(served.engine)
    served.read(Request.blank("/"), Prepared(WORDS), {})


def test_a_transaction_that_somebody_prepares_is_begun_for_a_read_too(served: Any) -> None:
    """As policies of rows in the database want: who asks is set for each transaction."""

    def begun(session: Any, transaction: Any, connection: Any) -> None:
        connection.execute(sa.text("SET LOCAL lab.who = 'ann'"))

    who = Prepared(sa.select(sa.func.current_setting("lab.who", True).label("who")))
    assert served.read(Request.blank("/"), who, {})[0][0] is None
    event.listen(served.sessionmaker, "after_begin", begun)
    with served.transaction() as (tm, _):
        request = asking(served)
        request.tm = tm
        assert served.read(request, who, {})[0][0] == "ann"


def test_a_statement_that_takes_too_long_is_sent_once(served: Any) -> None:
    with pytest.raises(OperationalError) as raised:
        served.read(Request.blank("/"), Prepared(sa.select(sa.func.pg_sleep(5))), {})
    assert isinstance(raised.value.orig, psycopg.errors.QueryCanceled)
    assert len(served.texts) == 1


def test_another_error_is_told_as_it_would_be_and_the_next_read_is_well(served: Any) -> None:
    broken = Prepared(sa.select(sa.literal_column("nothing_like_that")))
    with pytest.raises(sa.exc.ProgrammingError, match="nothing_like_that"):
        served.read(Request.blank("/"), broken, {})
    with pytest.raises(sa.exc.ProgrammingError), served.transaction() as (_, session):  # noqa: PT012
        session.execute(sa.text("SELECT 1"))
        request = SimpleNamespace(db=session)
        served.read(request, broken, {})
    assert len(served.read(Request.blank("/"), Prepared(WORDS), {})) == 3


def test_a_connection_that_was_lost_meanwhile_is_made_anew(served: Any) -> None:
    with served.engine.connect() as connection:
        here = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    other = sa.create_engine(served.engine.url)
    with other.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:here)"), {"here": here})
    other.dispose()
    assert len(served.read(Request.blank("/"), Prepared(WORDS), {})) == 3


def test_a_database_that_is_not_there_is_told_as_unreachable() -> None:
    nowhere = make_database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError) as raised:
        nowhere.read(Request.blank("/"), Prepared(WORDS), {})
    assert is_unreachable(raised.value)
    nowhere.dispose()


def test_tables_of_another_schema_are_read_where_a_connection_says_so(served: Any) -> None:
    there = sa.Table("word", sa.MetaData(), sa.Column("word", sa.String()))
    with served.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA elsewhere"))
        connection.execute(sa.text("CREATE TABLE elsewhere.word AS SELECT 'there'::text AS word"))
        connection.execute(sa.text("CREATE TABLE word AS SELECT 'here'::text AS word"))
    prepared = Prepared(sa.select(there.c.word))
    assert served.read(Request.blank("/"), prepared, {})[0][0] == "here"
    with served.transaction() as (_, session):
        session.connection(execution_options={"schema_translate_map": {None: "elsewhere"}})
        assert served.read(SimpleNamespace(db=session), prepared, {})[0][0] == "there"


def test_a_parameter_that_is_called_is_called_for_each_run(database: Any) -> None:
    told = iter(["a", "b"])
    least = sa.bindparam("least", callable_=lambda: next(told), type_=sa.String())
    prepared = Prepared(WORDS.where(least < WORD))
    assert [len(database.read(Request.blank("/"), prepared, {})) for _ in range(2)] == [2, 1]


def test_what_a_statement_was_built_with_is_no_value_of_another_run(served: Any) -> None:
    statement = WORDS.where(WORD == "a")
    key = statement._generate_cache_key()
    prepared = Prepared(statement)
    mine = [one for one in key.bindparams if one.value == "a" and one.key.endswith("word)s")]
    opened = prepared.opened(served.engine.dialect, mine)
    assert opened is not None
    ((name, at),) = opened
    assert at == 0
    assert [tuple(row) for row in served.read(Request.blank("/"), prepared, {name: "c"})] == [
        ("c",)
    ]
    with pytest.raises(sa.exc.StatementError), served.transaction() as (_, session):  # noqa: PT012
        session.execute(sa.text("SELECT 1"))
        prepared.fetch(session.connection(), {})


@pytest.mark.parametrize("missing", [
    WORDS.where(WORD.in_(["a", "b"])),
    sa.select(WORD).where(sa.bindparam("odd (name)", "a") == WORD),
])  # fmt: skip
def test_a_statement_whose_parameters_are_not_found_again_cannot_be_opened(
    database: Any, missing: Any
) -> None:
    key = missing._generate_cache_key()
    assert Prepared(missing).opened(database.engine.dialect, key.bindparams) is None
    other = sa.bindparam("other", 1)
    assert Prepared(WORDS).opened(database.engine.dialect, [other]) is None


def test_a_table_whose_columns_change_meanwhile_is_read_on(postgresql_url: str) -> None:
    database = make_database(postgresql_url, pool_size=1, max_overflow=0)
    numbers = sa.Table("number", sa.MetaData(), sa.Column("number", sa.Integer()))
    with database.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE number AS SELECT 1 AS number"))
    prepared = Prepared(sa.select(numbers.c.number))
    for _ in range(8):  # the driver has the server prepare what it sends often
        database.read(Request.blank("/"), prepared, {})
    other = sa.create_engine(database.engine.url)
    with other.begin() as connection:
        connection.execute(sa.text("ALTER TABLE number ALTER COLUMN number TYPE bigint"))
    other.dispose()
    for _ in range(2):
        assert database.read(Request.blank("/"), prepared, {})[0][0] == 1
    database.dispose()
