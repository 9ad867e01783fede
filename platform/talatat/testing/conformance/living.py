"""A site's life with the addon, by the commands' own ways: applied, taken out, put away, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection

from talatat.composing import compose, load_composition
from talatat.evolution.apply.applying import carry_out_prepared
from talatat.evolution.archive import archive
from talatat.evolution.desired import desired_of
from talatat.evolution.live import read_schema
from talatat.evolution.opening import open_database
from talatat.evolution.plan.making import Prepared, prepare
from talatat.testing.conformance.model import LeftOut
from talatat.testing.conformance.moving import Canonical, comparable, moving, parts
from talatat.testing.conformance.reflecting import reflect, table_names
from talatat.testing.conformance.rows import Rows

if TYPE_CHECKING:
    from talatat.testing.conformance.places import Place
    from talatat.testing.conformance.subject import Subject

ROWS = 3
Bytes = Mapping[str, list[str]]


@dataclass
class Life:
    """What was wrong: with planning again after an apply, with what came back from the archive."""

    again: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    rows: int = 0


def live(subject: Subject, place: Place, owners: Mapping[str, str]) -> Life:
    """Live it on a database of its own. Raises what the commands raise."""
    life = Life()
    with subject.database(place) as url:
        here = subject.ini(subject.name, url=url)
        apply_now(here)
        life.again = [
            f"a plan after the apply is not empty: {step}" for step in _planned(here).plan.steps
        ]
        own = {name for name, owner in owners.items() if owner == subject.name}
        before = _seen(url, own, seeding=subject)
        life.rows = sum(len(rows) for rows in before[1].values())
        apply_now(subject.ini(*subject.required, url=url))
        if own:
            archive(open_database(here), subject.name)
            life.back += [f"{name} is there still" for name in sorted(_seen(url, own)[1])]
        apply_now(here)
        life.back += _lost(before, _seen(url, own))
    return life


def apply_now(ini: str) -> None:
    """Plan and apply, accepting what a person would be asked for by name."""
    made = _planned(ini)
    carry_out_prepared(made)


def _planned(ini: str) -> Prepared:
    registry = compose(load_composition(ini)).registry
    try:
        desired = desired_of(registry)
    finally:
        registry.system.database.dispose()
    made = prepare(ini, desired=desired)
    accepted = [one.accept for one in made.plan.blockers if one.accept]
    return prepare(ini, accept=accepted, desired=desired) if accepted else made


def _seen(url: str, own: set[str], seeding: Subject | None = None) -> tuple[Canonical, Bytes]:
    """Schema and content of the addon's own tables that are there, after rows were put into all."""
    with moving(url) as (database, _), database.engine.begin() as connection:
        if seeding is not None:
            _seed(connection, seeding)
        schema = comparable(read_schema(connection))
        there = table_names(connection) & own
        return (
            {name: entry for name, entry in schema.items() if name in own},
            {name: exact(connection, name) for name in there},
        )


def _seed(connection: Connection, subject: Subject) -> None:
    rows = Rows(reflect(connection, table_names(connection)), subject.rows)
    for table in rows.tables:
        try:
            rows.fill(connection, ROWS, [table.name])
        except LeftOut:
            continue  # told by `rows-survive`


def exact(connection: Connection, table: str) -> list[str]:
    """Every row of a table as the database itself writes it, types and all; sorted."""
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "postgresql":
        query = f"SELECT CAST(one AS text) FROM {quote(table)} AS one"  # noqa: S608
        return sorted(connection.exec_driver_sql(query).scalars())
    columns = [one["name"] for one in sa.inspect(connection).get_columns(table)]
    written = " || ',' || ".join(
        f"typeof({quote(one)}) || ' ' || quote({quote(one)})" for one in columns
    )
    return sorted(connection.exec_driver_sql(f"SELECT {written} FROM {quote(table)}").scalars())  # noqa: S608


def _lost(before: tuple[Canonical, Bytes], after: tuple[Canonical, Bytes]) -> list[str]:
    found = list(parts(before[0], after[0], ("before it was archived", "when it came back")))
    for table, rows in before[1].items():
        back = after[1].get(table, [])
        gone: list[Any] = [one for one in rows if one not in back]
        if gone:
            found.append(
                f"{len(gone)} of {len(rows)} rows of {table} did not come back as they were: {gone[0]}"
            )
        elif len(back) != len(rows):
            found.append(f"{table} had {len(rows)} rows and came back with {len(back)}")
    return found
