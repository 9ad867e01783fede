"""Statements that are compiled once and run many times, straight on the driver (see `straight`).

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

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from weakref import finalize, ref

from sqlalchemy.dialects.postgresql import ARRAY

from talatat.db.ids import known_id
from talatat.db.straight import LOADED, straight_of, text_of
from talatat.db.types import UUIDv7

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Executable

Values = Mapping[str, Any]
Row = Sequence[Any]
Process = Callable[[Any], Any]
Listener = TypeVar("Listener", bound=Callable[..., Any])

DIRECT = "psycopg"
_PLACEHOLDER = re.compile(r"%(?:%|\((?P<name>[^)]+)\)s)")
_numbers = count()
_KEPT = "talatat_compiled"  # the attribute of a dialect that keeps what was compiled for it


class Prepared:
    """One statement with named parameters; the rows of a SELECT are sequences of values in the order of its columns.

    Lists of values are a parameter each: `column.in_([sa.bindparam("a"), sa.bindparam("b")])`. `in_order` says that
    the tables are best joined in the order in which they are written, so that PostgreSQL need not weigh others.
    """

    def __init__(self, statement: Executable, *, in_order: bool = False) -> None:
        self.statement: Any = statement
        self._in_order = in_order
        self._number = next(_numbers)
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
        kept: dict[int, _Compiled] | None = getattr(dialect, _KEPT, None)
        if kept is None:
            kept = {}
            setattr(dialect, _KEPT, kept)
        found = kept.get(self._number)
        if found is None:
            found = kept[self._number] = _Compiled(
                self.statement, dialect, self._open, in_order=self._in_order
            )
            finalize(self, _forget, ref(dialect), self._number).atexit = False
        return found

    def fetch(self, connection: Connection, values: Values) -> Sequence[Row]:
        """All rows, straight from the driver of a connection: no listener hears of it."""
        return self._run(connection, values)

    def send(self, connection: Connection, values: Values) -> None:
        """Run a statement that gives no rows, likewise."""
        self._run(connection, values)

    def _run(self, connection: Connection, values: Values) -> Sequence[Row]:
        compiled = self.compiled(connection.dialect)
        try:
            return compiled.run(connection.connection, values, transaction=True)
        except Exception as error:  # noqa: BLE001  # it is raised again, as one of SQLAlchemy's
            tell(connection, error, compiled.text)

    def alone(self, fairy: Any, dialect: Any, values: Values) -> Sequence[Row]:
        """All rows of a SELECT on a connection of the pool that has no transaction, and gets none.

        PostgreSQL shows each statement of a transaction (READ COMMITTED) what is committed when it begins,
        so a single statement sees no other rows without one.
        """
        return self.compiled(dialect).run(fairy, values, transaction=False)


class _Compiled:
    """A statement compiled for one dialect: its text, and what its types do to values and to results."""

    def __init__(
        self, statement: Any, dialect: Any, opened: frozenset[str], *, in_order: bool
    ) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        assert not compiled.post_compile_params, "a list of values is a parameter each"
        self.text: str = str(compiled)
        fixed = {bind: name for bind, name in compiled.bind_names.items() if name not in opened}
        self._fixed = {name: bind.value for bind, name in fixed.items() if not bind.callable}
        self._called = [(name, bind) for bind, name in fixed.items() if bind.callable]
        numbered, names = _numbered(self.text)
        processes: Mapping[str, Process] = compiled._bind_processors
        self._binds = [
            (name, _array_of(compiled.binds[name].type) or processes.get(name)) for name in names
        ]
        # All at once, and then those of which their types make something else.
        self._pick = itemgetter(*names) if len(names) > 1 else None
        self._made = [(at, process) for at, (_, process) in enumerate(self._binds) if process]
        self._dialect = dialect
        self._types = [column.type for column in compiled._result_columns]
        self._straight = text_of(numbered, len(names), self._types, in_order=in_order)
        self._results: list[tuple[int, Process]] | None = None

    def run(self, fairy: Any, values: Values, *, transaction: bool) -> Sequence[Row]:
        """The rows, if it gives any; `fairy` is a connection of the pool."""
        straight = straight_of(fairy)
        result = straight.run(self._straight, self.bound(values), transaction=transaction)
        if not self._types:
            return ()
        return self.processed(straight.rows(self._straight, result), result)

    def bound(self, values: Values) -> list[Any]:
        """What the driver is given for `values`, in the order of its text."""
        if self._fixed or self._called:
            values = {**self._fixed, **values}
            for name, bind in self._called:
                if name not in values:
                    values[name] = bind.effective_value
        if self._pick is None:
            given = [values[name] for name, _ in self._binds]
        else:
            given = list(self._pick(values))
        for at, process in self._made:
            given[at] = process(given[at])
        return given

    def processed(self, rows: Sequence[Row], result: Any) -> Sequence[Row]:
        """The rows as the types of their columns have them in Python.

        `result` is libpq's: what a type does depends on what the database calls it.
        """
        results = self._results
        if results is None:
            results = self._results = list(self._processes(result))
        if not results or not rows:
            return rows
        columns: list[Any] = list(zip(*rows, strict=True))
        for at, process in results:
            columns[at] = map(process, columns[at])
        return list(zip(*columns, strict=True))

    def _processes(self, result: Any) -> Iterator[tuple[int, Process]]:
        for at, type_ in enumerate(self._types):
            if self._straight.plain and isinstance(type_, LOADED):
                continue
            process = type_._cached_result_processor(self._dialect, result.ftype(at))
            if process is not None:
                yield at, process


def _forget(dialect: Any, number: int) -> None:
    """A statement is gone, and with it what was compiled of it for a dialect that is still there."""
    found = dialect()
    if found is not None:
        getattr(found, _KEPT).pop(number, None)


def tell(connection: Connection, error: Exception, text: str | None = None) -> NoReturn:
    """Raise what SQLAlchemy makes of an error in a transaction that it may not know of yet.

    It makes it one of its own, tells `handle_error`, and gives up a connection that is lost; there is no public
    name for it. From here on it knows of the transaction, which it would else end, and begin another one.
    """
    if not connection.in_transaction():
        connection.begin()
    connection._handle_dbapi_exception(error, text, None, None, None)


def _array_of(type_: Any) -> Process | None:
    """What writes a list of ids as an array of PostgreSQL's; None for arrays of what would have to be quoted."""
    if not isinstance(type_, ARRAY) or not isinstance(type_.item_type, UUIDv7):
        return None

    known: Any = known_id

    def write(values: Any) -> str | None:
        return None if values is None else f"{{{','.join(map(known, values))}}}"

    return write


def _numbered(text: str) -> tuple[str, list[str]]:
    """(a text of the style `%(name)s` with `$1` and so on in their place, the names in this order)."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found["name"]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PLACEHOLDER.sub(number, text), list(names)


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


def concerned(*heard: Any) -> bool:
    """Whether one of the listeners has to hear of a SELECT."""
    for listeners in heard:
        if not (listeners.listeners or listeners.parent_listeners):  # as most are
            continue
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
