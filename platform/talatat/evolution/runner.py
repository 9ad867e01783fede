"""Runs one revision: its statements and its version row in the transaction that is open."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from talatat.evolution.graph import EvolutionError, Graph, Revision, environment_folder
from talatat.evolution.observed import version_table

_SHOWN = 5


def run(connection: Connection, graph: Graph, revision: Revision, direction: str = "up") -> None:
    """Run `revision`, up or down, inside the open transaction of `connection`.

    Raises EvolutionError, with the cause chained, when it fails or leaves foreign keys dangling; the
    caller rolls back.
    """
    config = _config(connection, graph, revision)
    try:
        if direction == "up":
            command.upgrade(config, revision.revision)
        else:
            command.downgrade(config, _below(revision))
    except EvolutionError:
        raise
    except Exception as error:
        raise EvolutionError(
            f"addon {revision.addon}: revision {revision.revision} failed ({revision.path}): "
            f"{type(error).__name__}: {error}. Nothing of it was kept; what ran before it was. Mend it "
            f"and run `talatat apply` again."
        ) from error
    if connection.dialect.name == "sqlite":
        _check_foreign_keys(connection, revision)


def stamp(connection: Connection, graph: Graph, revision: Revision, direction: str = "up") -> None:
    """Write the version row as if `revision` had been run, in the open transaction."""
    target = revision.revision if direction == "up" else _below(revision)
    command.stamp(_config(connection, graph, revision), target)


def _below(revision: Revision) -> str:
    return revision.down[0] if revision.down else "base"


def _config(connection: Connection, graph: Graph, revision: Revision) -> Config:
    config = Config(
        attributes={"connection": connection, "version_table": version_table(revision.addon)}
    )
    config.set_main_option("script_location", _escaped(environment_folder()))
    config.set_main_option("version_locations", _escaped(graph.folders[revision.addon]))
    config.set_main_option("path_separator", "newline")
    return config


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


def _escaped(path: object) -> str:
    return str(path).replace("%", "%%")
