"""What revisions make, and what models make: both in throw-away databases, so that like is compared with like.

A model is compared with a migration by what the database itself says of the two, never by what
SQLAlchemy guesses from a reflected type: so checks, defaults and expressions are compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, MetaData, inspect
from sqlalchemy.exc import SQLAlchemyError

from talatat.composition import Composition
from talatat.db.base import NAMING_CONVENTION, bases_of
from talatat.errors import said_by
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.running import runner
from talatat.evolution.running.alone import run_alone
from talatat.evolution.running.locking import begun
from talatat.evolution.running.statements import Recorder


@dataclass
class Replayed:
    """The schema that revisions make; `owners` tells the addon whose revision made each table.

    `statements` are those of each revision that was run; `failed` tells why an addon's could not be.
    """

    schema: Schema
    owners: Mapping[str, str] = field(default_factory=dict)
    statements: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


# Called after each revision: the schema then, and who made which table.
See = Callable[[Revision, Schema, Mapping[str, str]], object]


def replay(
    engine: Engine,
    graph: Graph,
    revisions: Iterable[Revision],
    owners: Mapping[str, str] | None = None,
    *,
    lenient: bool = False,
    see: See | None = None,
) -> Replayed:
    """Run revisions on a shadow database, in the order given.

    Raises EvolutionError where one fails; when `lenient`, that addon's others and those that require them
    are passed over instead.
    """
    known = dict(owners or {})
    statements: dict[tuple[str, str], tuple[str, ...]] = {}
    failed: dict[str, str] = {}
    with engine.connect() as connection:
        for one in revisions:
            if failed.keys() & {one.addon, *one.requires}:
                failed.setdefault(one.addon, f"it requires {', '.join(failed)}")
                continue
            try:
                statements[one.key] = run(connection, graph, one)
            except EvolutionError as error:
                if not lenient:
                    raise
                failed[one.addon] = str(error)
            for name in _tables(connection):
                known.setdefault(name, one.addon)
            if see is not None:
                see(one, _schema(connection), known)
        schema = _schema(connection)
    return Replayed(schema, known, statements, failed)


def run(connection: Connection, graph: Graph, revision: Revision) -> tuple[str, ...]:
    """Run one revision with its version row, as `talatat apply` would; return its statements."""
    if revision.transactional or connection.dialect.name == "sqlite":
        with begun(connection), Recorder(connection, revision.addon) as recorder:
            runner.run(connection, graph, revision)
        return tuple(recorder.statements)
    recorder = Recorder(connection, revision.addon)
    run_alone(connection, graph, revision, "up", recorder)
    with begun(connection):
        runner.stamp(connection, graph, revision)
    return tuple(recorder.statements)


def build(engine: Engine, metadatas: Iterable[MetaData]) -> Schema:
    """Make the tables of models in a shadow database and return its schema. Raises EvolutionError."""
    metadatas = list(metadatas)
    together = MetaData(naming_convention=NAMING_CONVENTION)
    for metadata in metadatas:
        for table in metadata.tables.values():
            table.to_metadata(together)
    with engine.connect() as connection:
        try:
            with begun(connection):
                together.create_all(connection)
        except SQLAlchemyError as error:
            addons = sorted({str(one.info.get("addon")) for one in metadatas})
            said = said_by(error)
            raise EvolutionError(
                f"the models of {', '.join(addons)} cannot be made in a database: {said}. Mend the model "
                f"that the text names."
            ) from error
        return _schema(connection)


def metadatas_of(composition: Composition, addons: Iterable[str]) -> list[MetaData]:
    """The MetaData of these addons' models, in the composition's order; their packages are imported."""
    wanted = set(addons)
    return [
        base.metadata
        for addon in composition.addons
        if addon.name in wanted
        for base in bases_of(addon.package)
    ]


def _schema(connection: Connection) -> Schema:
    try:
        return read_schema(connection)
    finally:
        connection.rollback()


def _tables(connection: Connection) -> list[str]:
    try:
        return inspect(connection).get_table_names()
    finally:
        connection.rollback()
