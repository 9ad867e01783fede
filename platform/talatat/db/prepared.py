"""SELECTs that are compiled once and run many times, on the driver's own cursor.

Building a statement, asking SQLAlchemy's cache for it and making its result take several times what the
driver takes to run it. A `Prepared` is built once, with a named `sa.bindparam` for each value, and then run
with values alone; what types do to values and to results is SQLAlchemy's own, so a column means the same.

    BY_SKU = Prepared(sa.select(Product.id, Product.title).where(Product.sku == sa.bindparam("sku")))
    rows = database.read(request, BY_SKU, {"sku": "S1"})          # [(id, title), ...]

What runs on the driver is seen by no listener of the engine. So where somebody listens to its statements (a
test that counts them), on SQLite (whose statement clock is a listener) and when the driver fails, the
ordinary way is taken: it tells the same error that it would always have told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Select

Values = Mapping[str, Any]
Row = Sequence[Any]
Process = Callable[[Any], Any]

DIRECT = "psycopg"


class Prepared:
    """One SELECT with named parameters; its rows are sequences of values in the order of its columns.

    `plan_once` False keeps PostgreSQL from one plan for all values, where the values decide which is best.
    Lists of values are a parameter each: `column.in_([sa.bindparam("a"), sa.bindparam("b")])`.
    """

    def __init__(self, statement: Select[Any], *, plan_once: bool = True) -> None:
        self.statement = statement
        self.plan_once = plan_once
        self._compiled: _Compiled | None = None

    def names(self, dialect: Any) -> dict[str, str] | None:
        """{key of a bound parameter: its name among the values}.

        None where the statement has a list whose length is known only with its values.
        """
        compiled: Any = self.statement.compile(dialect=dialect)
        if compiled.post_compile_params:
            return None
        return {bind.key: name for bind, name in compiled.bind_names.items()}

    def compiled(self, dialect: Any) -> _Compiled:
        """The statement in the database's words, compiled at the first call."""
        if self._compiled is None:
            self._compiled = _Compiled(self.statement, dialect)
        return self._compiled

    def run(self, connection: Connection, values: Values) -> Sequence[Row]:
        """All rows, on a connection and in its transaction."""
        if runs_directly(connection.engine):
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor:
                try:
                    return self._on(cursor, connection.dialect, values)
                except connection.dialect.loaded_dbapi.Error as error:
                    text = self.compiled(connection.dialect).text
                    # What SQLAlchemy does with an error of the driver; it raises.
                    connection._handle_dbapi_exception(error, text, None, cursor, None)
        return connection.execute(self.statement, dict(values)).all()

    def read(self, engine: Engine, values: Values) -> Sequence[Row]:
        """All rows of a SELECT, on a connection of the pool that has no transaction.

        PostgreSQL shows each statement of a transaction (READ COMMITTED) what is committed when it begins,
        so a single statement sees no other rows without one.
        """
        if runs_directly(engine):
            fairy = engine.raw_connection()
            try:
                return self._alone(fairy.driver_connection, engine.dialect, values)
            except engine.dialect.loaded_dbapi.Error as error:
                if engine.dialect.is_disconnect(error, fairy, None):
                    fairy.invalidate(error)
            finally:
                fairy.close()
        with engine.begin() as connection:
            return connection.execute(self.statement, dict(values)).all()

    def _alone(self, driver: Any, dialect: Any, values: Values) -> Sequence[Row]:
        driver.autocommit = True
        try:
            with driver.cursor() as cursor:
                return self._on(cursor, dialect, values)
        finally:
            if not driver.closed:
                driver.autocommit = False

    def _on(self, cursor: Any, dialect: Any, values: Values) -> Sequence[Row]:
        compiled = self._compiled or self.compiled(dialect)
        cursor.execute(
            compiled.text, compiled.bound(values), prepare=None if self.plan_once else False
        )
        return compiled.processed(cursor.fetchall(), cursor.description)


class _Compiled:
    """A statement compiled for one dialect: its text, and what its types do to values and to results."""

    def __init__(self, statement: Any, dialect: Any) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        assert not compiled.post_compile_params, "a list of values is a parameter each"
        self.text: str = str(compiled)
        self._fixed: dict[str, Any] = compiled.construct_params(_check=False)
        self._binds: list[tuple[str, Process]] = list(compiled._bind_processors.items())
        self._dialect = dialect
        self._types = [column.type for column in compiled._result_columns]
        self._results: list[tuple[int, Process]] | None = None

    def bound(self, values: Values) -> dict[str, Any]:
        """What the driver is given for `values`."""
        given = {**self._fixed, **values}
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


def runs_directly(engine: Engine) -> bool:
    """Whether statements may go past the engine to its driver: nobody listens, and it is psycopg."""
    heard: Any = engine.dispatch
    return engine.dialect.driver == DIRECT and not (
        heard.before_cursor_execute or heard.after_cursor_execute
    )
