"""Writes the revisions, and tries them: what was written runs, and leaves nothing to be written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, Table

from talatat.composition import PLATFORM, ComposedAddon, Composition
from talatat.db.base import bases_of
from talatat.evolution.autogenerate import files
from talatat.evolution.autogenerate.former import Former
from talatat.evolution.autogenerate.layout import call, quoted
from talatat.evolution.autogenerate.pieces import Piece
from talatat.evolution.autogenerate.planning import Draft, draft
from talatat.evolution.autogenerate.rendering import Renderer
from talatat.evolution.drift.comparing import Difference, compare
from talatat.evolution.drift.replaying import Replayed, build, metadatas_of, replay
from talatat.evolution.graph import PHASES, EvolutionError, Graph, Revision, read_graph
from talatat.evolution.hazards import Context, Finding, Step, lint_plan
from talatat.evolution.hazards.observing import observe, schema_of
from talatat.evolution.live import Schema
from talatat.evolution.opening import Opened
from talatat.evolution.planner import order
from talatat.evolution.shadow import shadow
from talatat.evolution.tables import version_table


@dataclass(frozen=True)
class Written:
    """The files that were written, what the author has to know, and the hazards that are left."""

    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    hazards: tuple[tuple[str, Finding], ...] = ()


@dataclass(frozen=True)
class _Job:
    """What one run works on: the composition, its graph, and the addon with all that it requires."""

    composition: Composition
    graph: Graph
    addon: ComposedAddon
    opened: Opened

    @property
    def closure(self) -> set[str]:
        return {self.addon.name, *self.composition.closures[self.addon.name], PLATFORM}

    @property
    def models(self) -> dict[str, Table]:
        bases = bases_of(self.addon.package)
        return {name: one for base in bases for name, one in base.metadata.tables.items()}

    def again(self) -> _Job:
        return replace(self, graph=read_graph(self.composition))

    def revisions(self) -> list[Revision]:
        others = [key for key in self.graph.revisions if key[0] not in self.closure]
        return order(self.graph, others)


def addon_of(composition: Composition, name: str) -> ComposedAddon:
    """Return a composed addon. Raises EvolutionError where it is not composed."""
    if name not in composition.by_name:
        raise EvolutionError(
            f"{composition.ini.shown}: addon {name!r} is not composed. Composed: "
            f"{', '.join(composition.names) or '(none)'}. List it under talatat.addons."
        )
    return composition.by_name[name]


def autogenerate(
    composition: Composition,
    opened: Opened,
    addon: str,
    message: str,
    drop_tables: Collection[str] = (),
) -> Written:
    """Write the revisions that bring an addon's migrations to its models; none where they agree.

    The addon has been imported: the composition is composed. `drop_tables` are tables that no model
    describes any more and that are to go. Raises EvolutionError.
    """
    job = _Job(composition, read_graph(composition), addon_of(composition, addon), opened)
    files.folder_of(job.addon)  # to be told before anything is tried
    with _shadows(opened) as (one, other):
        wanted = build(one, metadatas_of(composition, job.closure))
        engine = other
        made = replay(engine, job.graph, job.revisions())
        alone = _unmodelled(job, made)
        _check_drops(job, drop_tables, alone)
        found = _draft(job, wanted, made, drop_tables, engine)
        left = [name for name in alone if name not in drop_tables]
        if left:
            found.notes.append(
                f"left alone, for no model describes them: {', '.join(left)}. (--drop-table NAME drops one.)"
            )
        if not found.pieces:
            return Written(notes=tuple(found.notes))
        written = files.write(composition, job.graph, job.addon, found.pieces, message)
        try:
            hazards, rest = _tried(job.again(), wanted, made, engine)
        except EvolutionError as error:
            files.remove(written)
            raise EvolutionError(
                f"addon {addon}: what was to be written does not run, so nothing was written: {error} Write "
                f"this change by hand: talatat revision INI {addon} --empty -m ..."
            ) from error
    found.notes += [f"still parts after these revisions: {_words(one)}" for one in rest]
    notes = _named(found, written, f"{composition.ini.uri} {addon}")
    return Written(tuple(written), tuple(notes), tuple(hazards))


def _named(found: Draft, written: Sequence[Path], where: str) -> Iterator[str]:
    """The notes, with the names in the commands that they tell."""
    pairs = zip(found.pieces, written, strict=True)
    contract = next((path.stem for piece, path in pairs if piece.phase == "contract"), "")
    for note in found.notes:
        yield note.replace("INI ADDON", where).replace("--before REVISION", f"--before {contract}")


def empty(
    composition: Composition,
    addon: str,
    message: str,
    phase: str = "expand",
    before: str | None = None,
) -> Written:
    """Write a revision to be filled in by hand; for phase data one with an example of a backfill.

    With `before` it comes before that revision, which must not have been applied yet. Raises EvolutionError.
    """
    assert phase in PHASES
    own = addon_of(composition, addon)
    graph = read_graph(composition)
    piece = Piece("", "", phase)
    if phase == "data":
        example = call("Batch", quoted(f"{addon}_table"), set=quoted("name = lower(title)"),
                       where=quoted("name IS NULL"))  # fmt: skip
        piece.batches.append(example)
    (path,) = files.write(composition, graph, own, [piece], message)
    if before is not None:
        try:
            followed = files.put_before(graph, addon, before, path.stem)
        except EvolutionError:
            files.remove([path])
            raise
        text = path.read_text(encoding="utf-8")
        line = next(one for one in text.splitlines() if one.startswith("down_revision"))
        now = f'down_revision = "{followed[0]}"' if followed else "down_revision = None"
        path.write_text(text.replace(line, now, 1), encoding="utf-8")
    notes = ["change the example of `batches`: its table and columns."] if phase == "data" else []
    return Written((path,), tuple(notes))


@contextmanager
def _shadows(opened: Opened) -> Iterator[tuple[Engine, Engine]]:
    url = opened.database.url
    with (
        shadow(opened.dialect, url, opened.shadow_url) as one,
        shadow(opened.dialect, url, opened.shadow_url) as other,
    ):
        yield one, other


def _draft(
    job: _Job, wanted: Schema, made: Replayed, drops: Collection[str], engine: Engine
) -> Draft:
    models = job.models
    parted = compare(wanted.canonical(), made.schema.canonical(), set(models))
    differences = [one for one in parted if one.kind != "trigger"]  # made in SQL alone
    return draft(differences, models, Renderer(engine.dialect), Former(made.schema), drops)


def _unmodelled(job: _Job, made: Replayed) -> list[str]:
    """The tables that the addon's revisions make and no model of it describes."""
    known = made.schema.canonical()
    own = {name for name, owner in made.owners.items() if owner == job.addon.name and name in known}
    return sorted(own - set(job.models) - {version_table(job.addon.name)})


def _check_drops(job: _Job, drops: Collection[str], alone: Sequence[str]) -> None:
    wrong = sorted(set(drops) - set(alone))
    if wrong:
        raise EvolutionError(
            f"--drop-table names {', '.join(wrong)}. Only tables that the revisions of {job.addon.name} make "
            f"and none of its models describes can be dropped so: {', '.join(alone) or 'there are none'}."
        )


def _tried(
    job: _Job, wanted: Schema, before: Replayed, engine: Engine
) -> tuple[list[tuple[str, Finding]], list[Difference]]:
    """Run the new revisions; return their hazards and what parts models and migrations afterwards."""
    with engine.connect() as connection:
        tables = observe(connection, before.owners.get)
        schema = schema_of(connection) if connection.dialect.name == "sqlite" else ()
    unknown = {name: replace(one, rows=None, bytes=None) for name, one in tables.items()}
    done = set(before.statements)
    new = [one for one in job.revisions() if one.key not in done]
    after = replay(engine, job.graph, new, before.owners)
    parted = compare(wanted.canonical(), after.schema.canonical(), set(job.models))
    steps = [_step(job, one, after.statements[one.key], unknown, schema) for one in new]
    findings = lint_plan(steps, engine.dialect.name)
    rest = [one for one in parted if one.kind != "trigger"]
    return [(new[one.step].revision, one) for one in findings if not one.waived], rest


def _step(
    job: _Job,
    one: Revision,
    statements: Sequence[str],
    tables: Mapping[str, object],
    schema: tuple[str, ...],
) -> Step:
    context = Context(
        addon=one.addon,
        requires=frozenset(job.composition.closures[job.addon.name]),
        tables=tables,  # type: ignore[arg-type]
        phase=one.phase,
        transactional=one.transactional,
        lock_timeout=True,
        waivers=one.waivers,
        source=one.path,
        schema=schema,
        label=str(one),
    )
    return Step(statements, context)


def _words(one: Difference) -> str:
    return f"{one.kind} {one.name} of {one.table}: models {one.one!r}, revisions {one.other!r}"
