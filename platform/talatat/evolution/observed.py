"""What a database says of itself: the version tables of the composed addons, and the last release."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, desc, inspect, select, text

from talatat.composition import Composition
from talatat.db.retry import is_unreachable
from talatat.db.session import Database
from talatat.evolution.graph import EvolutionError, Graph
from talatat.evolution.tables import releases


def version_table(addon: str) -> str:
    """Return the name of an addon's version table."""
    return f"{addon}_alembic_version"


def read_heads(connection: Connection, graph: Graph) -> dict[str, list[str]]:
    """Return the revisions that stand in the version table of each addon with migrations."""
    tables = set(inspect(connection).get_table_names())
    heads = {}
    for addon in graph.folders:
        if version_table(addon) in tables:
            # The name comes from an entry point and is quoted; it cannot be a parameter.
            name = connection.dialect.identifier_preparer.quote(version_table(addon))
            rows = connection.execute(text(f"SELECT version_num FROM {name}"))  # noqa: S608
            heads[addon] = sorted(rows.scalars())
        else:
            heads[addon] = []
    return heads


def last_release(connection: Connection) -> tuple[int, dict[str, Any]] | None:
    """Return number and surface of the last release, or None before the first."""
    if not inspect(connection).has_table(releases.name):
        return None
    query = select(releases.c.number, releases.c.surface).order_by(desc(releases.c.number)).limit(1)
    row = connection.execute(query).first()
    return None if row is None else (row.number, row.surface)


def unreachable(composition: Composition, database: Database, error: Exception) -> EvolutionError:
    """Word an error of the database for the person who can mend it; others are raised again."""
    if not is_unreachable(error):
        raise error
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    if database.dialect == "sqlite":
        mend = "Make its folder and let this process write there, or correct the line"
    else:
        mend = "Start the server, make the database (createdb), or correct the line"
    return EvolutionError(
        f"{composition.ini.at('sqlalchemy.url')}: the database "
        f"{database.url.render_as_string(hide_password=True)} cannot be reached: {said}. {mend}."
    )
