"""Statements that are compiled once and run many times, on the driver's own cursor.

Building a statement, asking SQLAlchemy's cache for it and making its result take several times what the
driver takes to run it. A `Prepared` is built once, with a named `sa.bindparam` for each value, and then run
with values alone; what types do to values and to results is SQLAlchemy's own, so a column means the same.

    BY_SKU = Prepared(sa.select(Product.id, Product.title).where(Product.sku == sa.bindparam("sku")))
    rows = database.read(request, BY_SKU, {"sku": "S1"})          # [(id, title), ...]

What runs on the driver is seen by no listener of the engine. So where somebody listens to its statements (a
test that counts them), on SQLite (whose statement clock is a listener) and when the driver fails, the
ordinary way is taken: it tells the same error that it would always have told. Listeners that look at writes
alone say so with `concerns_writes`, and do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

if TYPE_CHECKING:
    from sqlalchemy import Engine, Executable

Values = Mapping[str, Any]
Row = Sequence[Any]
Process = Callable[[Any], Any]
Listener = TypeVar("Listener", bound=Callable[..., Any])

DIRECT = "psycopg"
_KEPT = "talatat_compiled"  # the attribute of a dialect that keeps what was compiled for it
# Cancelled by the statement timeout or by somebody, and a lock not had in time: once more would take as long.
_WAITED = frozenset({"57014", "55P03"})
# "Cached plan must not change result type": a migration has altered a column that the connection reads so.
_OUTDATED = "0A000"


class Prepared:
    """One statement with named parameters; the rows of a SELECT are sequences of values in the order of its columns.

    `plan_once` False keeps PostgreSQL from one plan for all values, where the values decide which is best.
    Lists of values are a parameter each: `column.in_([sa.bindparam("a"), sa.bindparam("b")])`.
    """

    def __init__(self, statement: Executable, *, plan_once: bool = True) -> None:
        self.statement: Any = statement
        self.plan_once = plan_once
        self._open: frozenset[str] = frozenset()

    def opened(self, dialect: Any, binds: Sequence[Any]) -> tuple[tuple[str, int], ...] | None:
        """(name among the values, which of `binds`), for parameters that the statement was built with.

        From now on each run has to give their values: those that they were built with are forgotten. None
        where a parameter is not found again, or has a list whose length is known only with its values.
        """
        compiled: Any = self.statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.escaped_bind_names:
            return None
        places = {bind.key: at for at, bind in enumerate(binds)}
        found = {name: _place(bind, places) for bind, name in compiled.bind_names.items()}
        opened = tuple((name, at) for name, at in found.items() if at is not None)
        if {at for _, at in opened} != set(range(len(binds))):
            return None
        self._open = frozenset(name for name, _ in opened)
        return opened

    def compiled(self, dialect: Any) -> _Compiled:
        """The statement in the database's words, compiled at the first call for each application's engine.

        Its dialect keeps it: what types do may be the application's own, such as its keys (`db/encrypted.py`).
        """
        kept: WeakKeyDictionary[Prepared, _Compiled] | None = getattr(dialect, _KEPT, None)
        if kept is None:
            kept = WeakKeyDictionary()
            setattr(dialect, _KEPT, kept)
        found = kept.get(self)
        if found is None:
            found = kept[self] = _Compiled(self.statement, dialect, self._open)
        return found

    def fetch(self, connection: Connection, values: Values) -> Sequence[Row]:
        """All rows, straight from the driver of a connection: no listener hears of it."""
        compiled = self.compiled(connection.dialect)
        with self._send(connection, compiled, values) as cursor:
            return compiled.processed(cursor.fetchall(), cursor.description)

    def send(self, connection: Connection, values: Values) -> None:
        """Run a statement that gives no rows, likewise."""
        self._send(connection, self.compiled(connection.dialect), values).close()

    def _send(self, connection: Connection, compiled: _Compiled, values: Values) -> Any:
        cursor = None
        try:
            cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
            return self._execute(cursor, compiled, values)
        except Exception as error:  # noqa: BLE001  # it is raised again, as one of SQLAlchemy's
            # What SQLAlchemy does with an error of the driver or of a type: it makes it one of its own, tells
            # `handle_error`, gives up a connection that is lost, and raises. There is no public name for it.
            connection._handle_dbapi_exception(error, compiled.text, None, cursor, None)

    def read(self, engine: Engine, values: Values, ordinary: Engine | None = None) -> Sequence[Row]:
        """All rows of a SELECT, on a connection of the pool that has no transaction.

        `ordinary` is the engine of the ordinary way, where that is another one of the same pool.

        PostgreSQL shows each statement of a transaction (READ COMMITTED) what is committed when it begins,
        so a single statement sees no other rows without one.
        """
        heard: Any = engine.dispatch
        if runs_directly(engine) and not concerned(heard.begin):
            fairy = _connected(engine)
            try:
                return self._alone(fairy.driver_connection, engine.dialect, values)
            except engine.dialect.loaded_dbapi.Error as error:
                state = getattr(error, "sqlstate", None)
                if state == _OUTDATED or engine.dialect.is_disconnect(error, fairy, None):
                    fairy.invalidate(error)
                elif state in _WAITED:
                    text = self.compiled(engine.dialect).text
                    Connection(engine, fairy)._handle_dbapi_exception(error, text, None, None, None)
            finally:
                fairy.close()
        with (ordinary or engine).begin() as connection:
            return connection.execute(self.statement, dict(values)).all()

    def _alone(self, driver: Any, dialect: Any, values: Values) -> Sequence[Row]:
        compiled = self.compiled(dialect)
        driver.autocommit = True
        try:
            with driver.cursor() as cursor:
                self._execute(cursor, compiled, values)
                return compiled.processed(cursor.fetchall(), cursor.description)
        finally:
            if not driver.closed:
                driver.autocommit = False

    def _execute(self, cursor: Any, compiled: _Compiled, values: Values) -> Any:
        return cursor.execute(
            compiled.text, compiled.bound(values), prepare=None if self.plan_once else False
        )


class _Compiled:
    """A statement compiled for one dialect: its text, and what its types do to values and to results."""

    def __init__(self, statement: Any, dialect: Any, opened: frozenset[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        assert not compiled.post_compile_params, "a list of values is a parameter each"
        self.text: str = str(compiled)
        fixed = {bind: name for bind, name in compiled.bind_names.items() if name not in opened}
        self._fixed = {name: bind.value for bind, name in fixed.items() if not bind.callable}
        self._called = [(name, bind) for bind, name in fixed.items() if bind.callable]
        self._binds: list[tuple[str, Process]] = list(compiled._bind_processors.items())
        self._dialect = dialect
        self._types = [column.type for column in compiled._result_columns]
        self._results: list[tuple[int, Process]] | None = None

    def bound(self, values: Values) -> dict[str, Any]:
        """What the driver is given for `values`."""
        given = {**self._fixed, **values}
        for name, bind in self._called:
            given.setdefault(name, bind.effective_value)
        for name, process in self._binds:
            given[name] = process(given[name])
        return given

    def processed(self, rows: Sequence[Row], description: Sequence[Any]) -> Sequence[Row]:
        """The rows as the types of their columns have them in Python.

        `description` is the cursor's: what a type does depends on what the database calls it.
        """
        results = self._results
        if results is None:
            results = self._results = list(self._processes(description))
        if not results:
            return rows
        found = []
        for row in rows:
            one = list(row)
            for at, process in results:
                one[at] = process(one[at])
            found.append(one)
        return found

    def _processes(self, description: Sequence[Any]) -> Iterator[tuple[int, Process]]:
        for at, (type_, told) in enumerate(zip(self._types, description, strict=True)):
            process = type_._cached_result_processor(self._dialect, told[1])
            if process is not None:
                yield at, process


def _place(bind: Any, places: Mapping[str, int]) -> int | None:
    """The place of a parameter; compiling copies some, with new keys, and a copy knows what it was copied from."""
    while bind is not None:
        if bind.key in places:
            return places[bind.key]
        bind = bind._is_clone_of
    return None


def concerns_writes(listener: Listener) -> Listener:
    """Mark a listener of statements or of the begin of transactions that does nothing where only a SELECT runs."""
    listener.talatat_concerns_writes = True  # type: ignore[attr-defined]
    return listener


def concerned(*heard: Iterable[Any]) -> bool:
    """Whether one of the listeners has to hear of a SELECT."""
    for listeners in heard:
        for one in listeners:
            if not getattr(one, "talatat_concerns_writes", False):
                return True
    return False


def runs_directly(where: Engine | Connection) -> bool:
    """Whether statements may go past an engine or a connection to its driver.

    It is psycopg, nobody listens, and no option alters the text that was compiled.
    """
    if where.dialect.driver != DIRECT:
        return False
    heard: Any = where.dispatch
    return not concerned(
        heard.before_execute,
        heard.after_execute,
        heard.before_cursor_execute,
        heard.after_cursor_execute,
    ) and not where.get_execution_options().get("schema_translate_map")


def _connected(engine: Engine) -> Any:
    """A connection of the pool; where none can be made, the error that SQLAlchemy makes of the driver's."""
    try:
        return engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        Connection._handle_dbapi_exception_noconnection(error, engine.dialect, engine)
