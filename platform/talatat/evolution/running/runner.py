"""Runs one revision: its statements and its version row in the transaction that is open.

Alembic's commands go to a target: what lies on the way is theirs to find, and reading all files to find it
takes longer with each revision. Here the planner has said which revision it is, so that one step is given
to Alembic's environment and nothing beside it is touched: no other branch, no other file.
"""

from __future__ import annotations

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import RevisionStep
from sqlalchemy import Connection

from talatat.evolution.graph import EvolutionError, Graph, Revision, environment_folder
from talatat.evolution.tables import version_table

_SHOWN = 5


def run(connection: Connection, graph: Graph, revision: Revision, direction: str = "up") -> None:
    """Run `revision`, up or down, inside the open transaction of `connection`.

    Raises EvolutionError, with the cause chained, when it fails or leaves foreign keys dangling; the
    caller rolls back.
    """
    try:
        _step(connection, graph, revision, direction)
    except EvolutionError:
        raise
    except (Exception, SystemExit) as error:
        raise EvolutionError(
            f"addon {revision.addon}: revision {revision.revision} failed ({revision.path}): "
            f"{_said(revision, error)}. Nothing of it was kept; what ran before it was. Mend it "
            f"and run `talatat apply` again."
        ) from error
    if connection.dialect.name == "sqlite":
        _check_foreign_keys(connection, revision)


def _said(revision: Revision, error: BaseException) -> str:
    """The error in words; what Alembic only asserts, with what is written instead."""
    if isinstance(error, AssertionError) and "autocommit_block" in revision.text:
        return (
            "autocommit_block would end the transaction that also writes down that it ran. Write the "
            "statement in a revision of its own, with transactional = False, and without that block"
        )
    return f"{type(error).__name__}: {error}"


def stamp(connection: Connection, graph: Graph, revision: Revision, direction: str = "up") -> None:
    """Write the version row as if `revision` had been run, in the open transaction."""
    _step(connection, graph, revision, direction, work=False)


def _step(
    connection: Connection, graph: Graph, revision: Revision, direction: str, *, work: bool = True
) -> None:
    directory = graph.scripts(revision.addon)
    script = directory.get_revision(revision.revision)
    assert script is not None
    step = RevisionStep(directory.revision_map, script, direction == "up")
    if not work:
        step.migration_fn = lambda: None
    config = Config(
        attributes={"connection": connection, "version_table": version_table(revision.addon)}
    )
    config.set_main_option("script_location", str(environment_folder()).replace("%", "%%"))
    with EnvironmentContext(config, directory, fn=lambda *_: [step]):
        directory.run_env()


def _check_foreign_keys(connection: Connection, revision: Revision) -> None:
    """SQLite runs revisions with foreign keys off, so they are checked before the commit."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = sorted({f"{row[0]} -> {row[2]}" for row in broken})
        raise EvolutionError(
            f"addon {revision.addon}: revision {revision.revision} ({revision.path}) leaves "
            f"{len(broken)} rows whose foreign keys lead nowhere: {', '.join(tables[:_SHOWN])}. Nothing "
            f"of it was kept. Mend it and run `talatat apply` again."
        )
