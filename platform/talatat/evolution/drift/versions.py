"""Version rows that do not fit the tables: missing, left behind, or of another revision.

The tables of an addon are compared with what they were after each of its revisions. Where they are exactly
those of one, `talatat doctor --repair` writes that one's row; in any other case nobody can know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text

from talatat.db.origin import who
from talatat.evolution import ledger
from talatat.evolution.drift.case import Case
from talatat.evolution.drift.comparing import compare
from talatat.evolution.drift.report import Finding
from talatat.evolution.graph import Graph, Revision
from talatat.evolution.opening import Opened
from talatat.evolution.planner import applied
from talatat.evolution.running.locking import begun, locked
from talatat.evolution.tables import VERSION_TABLE, version_table
from talatat.evolution.tables import ledger as ledger_table


def version_rows(case: Case) -> Iterator[Finding]:
    """The findings; each with `repair` set where one revision fits. Raises EvolutionError."""
    suspects = _suspects(case)
    if not suspects:
        return
    case.told(f"looking for the revision that the tables of {', '.join(suspects)} are of")
    for addon, snapshots in case.snapshots(suspects).items():
        yield from _judged(case, addon, snapshots)


def _suspects(case: Case) -> list[str]:
    """Addons whose tables are not those of their version rows; others need no further look."""
    known = [*case.observed.heads, *(case.composition.names if case.composition else ())]
    made, _ = case.replayed
    live, standing = case.live.canonical(), made.schema.canonical()
    found = []
    for addon in dict.fromkeys(known):
        heads = case.observed.heads.get(addon)
        own = {name for name, owner in made.owners.items() if owner == addon and name in standing}
        own |= set(case.tables_of(addon))
        tables = [name for name in own if not name.endswith(VERSION_TABLE)]
        if addon in made.failed or not (heads or tables):
            continue
        if not heads or compare(standing, live, tables):
            found.append(addon)
    return found


def _judged(case: Case, addon: str, snapshots: list[tuple[Revision, Any]]) -> Iterator[Finding]:
    heads = case.observed.heads.get(addon, [])
    live = case.live.canonical()
    own = {name for _, made in snapshots for name in made} | set(case.tables_of(addon))
    there = {name: live[name] for name in own if name in live}
    fitting = [one.revision for one, made in snapshots if made == there]
    if not there and heads and any(made for _, made in snapshots):
        yield Finding(
            "version-row",
            f"addon {addon} has a version row ({', '.join(heads)}) and no table of its own: its tables were "
            f"dropped by hand, or another schema is looked at.",
            f"restore them from a backup; or, where nothing of it is wanted, {_emptied(addon)}; and talatat "
            f"apply {case.opened.ini.uri}, which makes them empty.",
            addon,
        )
    elif there and not set(heads) & set(fitting):
        yield from _other(case, addon, heads, fitting)


def _other(case: Case, addon: str, heads: list[str], fitting: list[str]) -> Iterator[Finding]:
    said = f"says {', '.join(heads)}" if heads else "is missing"
    uri = case.opened.ini.uri
    if len(fitting) == 1:
        yield Finding(
            "version-row",
            f"addon {addon}: its version row {said}, but its tables are exactly those of {fitting[0]}.",
            f"talatat doctor {uri} --repair writes {fitting[0]}.",
            addon,
            repair=fitting[0],
        )
    elif fitting:
        row = f"INSERT INTO {version_table(addon)} VALUES ('{fitting[-1]}')"  # noqa: S608  # shown
        yield Finding(
            "version-row",
            f"addon {addon}: its version row {said}, but its tables are those of "
            f"{' as well as of '.join(fitting)}.",
            f"look up which was applied last (talatat history {uri}) and write it by hand: "
            f"{_emptied(addon)}; {row};",
            addon,
        )
    elif not heads:
        yield Finding(
            "version-row",
            f"addon {addon} has tables and no version row, and its tables are those of none of its revisions.",
            "restore the database from a backup, or drop the tables by hand where nothing of them is wanted.",
            addon,
        )


def _emptied(addon: str) -> str:
    return f"DELETE FROM {version_table(addon)}"  # noqa: S608  # shown, not run


def repair(opened: Opened, case: Case, finding: Finding) -> None:
    """Write the version row that a finding names, and the ledger with it. Raises EvolutionError."""
    assert finding.addon is not None
    assert finding.repair is not None
    graph = case.graph if case.composition is not None else None
    with opened.changing() as connection, locked(connection), begun(connection):
        quoted = connection.dialect.identifier_preparer.quote(version_table(finding.addon))
        connection.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {quoted} (version_num VARCHAR(32) NOT NULL, "
                f"CONSTRAINT {finding.addon}_alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        # The name is quoted; it cannot be a parameter.
        connection.execute(text(f"DELETE FROM {quoted}"))  # noqa: S608
        insert = text(f"INSERT INTO {quoted} (version_num) VALUES (:revision)")  # noqa: S608
        connection.execute(insert, {"revision": finding.repair})
        if graph is not None and ledger_table.name in case.live.tables:
            _write_down(connection, graph, case.observed.ledger.applied(), finding)


def _write_down(
    connection: Any, graph: Graph, standing: Mapping[Any, ledger.Entry], finding: Finding
) -> None:
    """Let the ledger say the same: what the row is past is down, what it holds is up."""
    assert finding.addon is not None
    done = applied(graph, {finding.addon: [str(finding.repair)]})
    for one in graph.of(finding.addon):
        if one.key in standing and one.key not in done:
            ledger.write(connection, one, direction="down", who=who(), plan="repaired")
        elif one.key in done and one.key not in standing:
            ledger.write(connection, one, direction="up", who=who(), plan="repaired")
