"""The revisions of a composition, read from disk without importing an addon.

Each addon has a script directory of its own (`migrations/versions` in its package) and a version table
of its own. Across addons there is no Alembic graph: `planner` orders the revisions by what each says it
requires. Revision files import Alembic, SQLAlchemy and the platform's types, nothing of their addon, so
that this works when every addon is broken.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic.script import Script, ScriptDirectory

from talatat.composition import PLATFORM, Composition
from talatat.db.batches import Batch
from talatat.errors import TalatatError

PHASES = ("expand", "data", "contract")
LONGEST_ID = 32
# It stands in files' names, and in SQL of Alembic's.
_ID = re.compile(r"[\w.]+", re.ASCII)


class EvolutionError(TalatatError):
    """The database cannot be brought to the composition, or is not there."""


@dataclass(frozen=True)
class Revision:
    """One revision of one addon. `down` are those of the same addon that come before it.

    `reversible` is False where it has no way down, `transactional` where it has to run outside of a
    transaction; `batches` and `reversal` are its backfills up and down; `text` is its file.
    `replaces` are earlier revisions that were squashed into this one, which kept the last one's id: a
    database that stands there needs nothing, and what requires one of them has it in this one.
    """

    addon: str
    revision: str
    down: tuple[str, ...]
    requires: Mapping[str, str] = field(hash=False)
    phase: str
    path: Path
    reversible: bool = True
    transactional: bool = True
    waivers: Mapping[str, str] = field(default_factory=dict, hash=False)
    batches: tuple[Batch, ...] = field(default=(), hash=False)
    reversal: tuple[Batch, ...] = field(default=(), hash=False)
    replaces: tuple[str, ...] = ()
    text: str = field(default="", repr=False, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """Addon and revision: what identifies it across the composition."""
        return (self.addon, self.revision)

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of the file, line ends aside."""
        return checksum(self.text)

    def __str__(self) -> str:
        return f"{self.addon} {self.revision}"


def checksum(text: str) -> str:
    """The SHA-256 of a revision's text; the same whatever line ends its file was checked out with."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


@dataclass(frozen=True)
class Graph:
    """All revisions of a composition. `order` ranks its addons, the platform first."""

    revisions: Mapping[tuple[str, str], Revision]
    order: Mapping[str, int]
    versions: Mapping[str, str]
    folders: Mapping[str, Path]

    def of(self, addon: str) -> list[Revision]:
        """Return the revisions of one addon."""
        return [one for one in self.revisions.values() if one.addon == addon]

    @cached_property
    def _scripts(self) -> dict[str, ScriptDirectory]:
        return {}

    def scripts(self, addon: str) -> ScriptDirectory:
        """Return Alembic's view of an addon's revisions; the files are read once for a graph."""
        if addon not in self._scripts:
            self._scripts[addon] = script_directory(self.folders[addon])
        return self._scripts[addon]

    def heads(self, addon: str) -> list[str]:
        """Return the revisions of an addon that no other follows."""
        own = self.of(addon)
        followed = {down for one in own for down in one.down}
        return sorted(one.revision for one in own if one.revision not in followed)


def environment_folder() -> Path:
    """Return the folder of the Alembic environment (env.py), in a checkout or an installed wheel."""
    spec = find_spec("talatat.migrations")
    if spec is None or not spec.submodule_search_locations:
        raise EvolutionError(
            "talatat is installed without its migrations. Install it again: pip install talatat."
        )
    return Path(spec.submodule_search_locations[0])


def versions_folder(package: str) -> Path | None:
    """Return the folder of revisions of a package, or None; the package is not imported."""
    top, *rest = package.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        return None
    for location in spec.submodule_search_locations:
        folder = Path(location, *rest, "migrations", "versions")
        if folder.is_dir():
            return folder
    return None


def read_graph(composition: Composition) -> Graph:
    """Read the revisions of the platform and of all composed addons.

    Raises EvolutionError with every problem: files that cannot be read, ids that are too long, phases
    and requirements that do not exist.
    """
    folders = {PLATFORM: environment_folder() / "versions"}
    for addon in composition.addons:
        if (folder := versions_folder(addon.package)) is not None:
            folders[addon.name] = folder
    revisions, problems = _read_all(folders)
    for one in revisions.values():
        problems += _problems(one, revisions, folders, composition)
    if problems:
        raise EvolutionError(problems)
    order = {name: rank for rank, name in enumerate((PLATFORM, *composition.names))}
    versions = {addon.name: addon.version for addon in composition.addons}
    return Graph(revisions, order, versions, folders)


def read_folders(folders: Mapping[str, Path]) -> Graph:
    """Read the revisions of some folders, by addon; what they require is not looked at."""
    revisions, problems = _read_all(folders)
    if problems:
        raise EvolutionError(problems)
    return Graph(revisions, {name: rank for rank, name in enumerate(folders)}, {}, dict(folders))


def _read_all(folders: Mapping[str, Path]) -> tuple[dict[tuple[str, str], Revision], list[str]]:
    revisions: dict[tuple[str, str], Revision] = {}
    problems: list[str] = []
    for name, folder in folders.items():
        try:
            revisions.update((one.key, one) for one in _read(name, folder))
        except EvolutionError as error:
            problems += error.problems
    return _squashed(revisions), problems


def _squashed(revisions: dict[tuple[str, str], Revision]) -> dict[tuple[str, str], Revision]:
    """Let what is required of a revision that was squashed be required of the one that took its place."""
    places = {(one.addon, old): one.revision for one in revisions.values() for old in one.replaces}
    if not places:
        return revisions
    return {
        key: replace(
            one,
            requires={
                addon: places.get((addon, needed), needed) for addon, needed in one.requires.items()
            },
        )
        for key, one in revisions.items()
    }


def script_directory(folder: Path) -> ScriptDirectory:
    """Return Alembic's view of one folder of revisions."""
    return ScriptDirectory(str(environment_folder()), version_locations=[str(folder)])


def _read(addon: str, folder: Path) -> Iterator[Revision]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # two files of one revision are only warned of
            scripts: list[Script] = list(script_directory(folder).walk_revisions())
    except (Exception, SystemExit) as error:  # a revision file may raise anything
        raise EvolutionError(
            f"addon {addon}: the revisions in {folder} cannot be read{_line(folder, error)}: "
            f"{type(error).__name__}: {error}. Mend the file, or install another version of the addon."
        ) from error
    for script in scripts:
        yield _revision(addon, script)


def _revision(addon: str, script: Script) -> Revision:
    if not _ID.fullmatch(script.revision):
        raise EvolutionError(
            f"{script.path}: the id {script.revision!r} is no name of letters, digits and underscores, "
            f"such as 0007_points. Correct it."
        )
    said = script.module
    down = script.down_revision
    return Revision(
        addon,
        script.revision,
        (down,) if isinstance(down, str) else tuple(down or ()),
        _mapping(script, "requires", 'requires = {"addon": "its_revision"}'),
        getattr(said, "phase", "expand"),
        Path(script.path),
        reversible=getattr(said, "reversible", _has_way_down(said)),
        transactional=getattr(said, "transactional", True),
        waivers=_mapping(script, "waivers", 'waivers = {"hazard-id": "why it may"}'),
        batches=_batches(script, "batches"),
        reversal=_batches(script, "reversal"),
        replaces=tuple(getattr(said, "replaces", ())),
        text=Path(script.path).read_text(encoding="utf-8"),
    )


def _mapping(script: Script, name: str, example: str) -> Mapping[str, str]:
    value = getattr(script.module, name, None) or {}
    if not isinstance(value, Mapping):
        raise EvolutionError(f"{script.path}: {name} = {value!r} is no dict. Write {example}.")
    return dict(value)


def _batches(script: Script, name: str) -> tuple[Batch, ...]:
    value = getattr(script.module, name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(one, Batch) for one in value):
        raise EvolutionError(
            f"{script.path}: {name} is no list of Batch. Write "
            f'{name} = [Batch(table="...", set="...", where="...")], from talatat.db.batches.'
        )
    return tuple(value)


def _has_way_down(module: Any) -> bool:
    """Whether there is a `downgrade` that comes to an end: one that raises is none."""
    function = getattr(module, "downgrade", None)
    if function is None:
        return False
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(body, ast.FunctionDef)
    return not isinstance(body.body[-1], ast.Raise)


def _line(folder: Path, error: BaseException) -> str:
    """Return the file and line of a folder of revisions at which an error came up."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if Path(one.filename).parent == folder]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def _problems(
    one: Revision,
    revisions: Mapping[tuple[str, str], Revision],
    folders: Mapping[str, Path],
    composition: Composition,
) -> Iterator[str]:
    if len(one.revision) > LONGEST_ID:
        yield f"{one.path}: the id {one.revision!r} is longer than {LONGEST_ID} characters. Shorten it."
    if one.phase not in PHASES:
        yield f"{one.path}: phase = {one.phase!r} is none of {', '.join(PHASES)}. Correct it."
    for addon, revision in one.requires.items():
        if addon != PLATFORM and not composition.requires(one.addon, addon):
            yield (
                f"{one.path}: requires a revision of {addon!r}, which addon {one.addon} does not "
                f"require. Add its distribution to the dependencies of {one.addon}."
            )
        elif (addon, revision) not in revisions:
            known = ", ".join(sorted(r for a, r in revisions if a == addon)) or "none"
            yield (
                f"{one.path}: requires revision {revision!r} of {addon}, which the installed version "
                f"does not have (it has {known}; {folders.get(addon, 'no migrations')}). Install a "
                f"version of {addon} that has it, or correct the id."
            )
