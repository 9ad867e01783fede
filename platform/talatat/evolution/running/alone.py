"""Steps that cannot run in a transaction: CREATE INDEX CONCURRENTLY on PostgreSQL, and one statement only.

The journal says `started` before; the statement runs in autocommit; version row, ledger and `done` follow
in one transaction. A build that was killed leaves an invalid index: it is dropped, also concurrently, and
built again. One that is valid is only written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, text

from talatat.db.base import NAMING_CONVENTION
from talatat.evolution.graph import EvolutionError, Graph, Revision, script_directory
from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.running.transactions import Timeouts, set_timeouts

# Waiting hurts nobody here, but for ever is too long: a session that is idle in a transaction.
_LOCK = 600.0

# What was to be made is there, what was to be dropped is not.
_HAPPENED = ("42P07", "42704")

_INVALID = """
SELECT i.relname AS plain, quote_ident(n.nspname) || '.' || quote_ident(i.relname) AS name
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
 WHERE NOT x.indisvalid AND n.nspname = ANY (current_schemas(false))
"""


def run_alone(
    connection: Connection,
    graph: Graph,
    revision: Revision,
    direction: str,
    watched: AbstractContextManager[object],
    *,
    statements: Sequence[str] = (),
    again: bool = False,
) -> None:
    """Run a revision's statement in autocommit; the version row is not touched.

    `statements` are what it is known to send: an invalid index that they make is dropped before.
    `again` says that it was begun before, and may have ended before that could be written down.
    """
    connection.rollback()
    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        set_timeouts(alone, Timeouts(lock=_LOCK, statement=0), local=False)
        _drop_left_behind(alone, statements)
        with watched:
            _call(alone, graph, revision, direction)
    except EvolutionError:
        raise
    except (Exception, SystemExit) as error:
        if again and getattr(getattr(error, "orig", None), "sqlstate", None) in _HAPPENED:
            return
        raise EvolutionError(
            f"addon {revision.addon}: revision {revision.revision} failed ({revision.path}): "
            f"{type(error).__name__}: {error}. It runs outside of a transaction: an index that is "
            f"left invalid is dropped and built again when you run `talatat apply` again."
        ) from error
    finally:
        if not connection.invalidated:
            connection.rollback()
            connection.exec_driver_sql("RESET lock_timeout")
            connection.exec_driver_sql("RESET statement_timeout")
            connection.rollback()  # ends what SQLAlchemy takes for a transaction
            connection.execution_options(isolation_level="READ COMMITTED")
            connection.rollback()


def _drop_left_behind(connection: Connection, statements: Sequence[str]) -> None:
    """Drop the invalid indexes of these names; others may be being built by somebody just now."""
    named = {token.name for statement in statements for token in tokenize(statement)}
    for plain, name in connection.execute(text(_INVALID)).all():
        if plain in named:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _call(connection: Connection, graph: Graph, revision: Revision, direction: str) -> None:
    """Call `upgrade` or `downgrade` without Alembic's version table around it."""
    script = script_directory(graph.folders[revision.addon]).get_revision(revision.revision)
    assert script is not None
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
    with Operations.context(context):
        getattr(script.module, "upgrade" if direction == "up" else "downgrade")()
