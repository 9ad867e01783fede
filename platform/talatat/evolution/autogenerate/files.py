"""Where an addon's revisions are written, and the files themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from talatat.composition import PLATFORM, ComposedAddon, Composition
from talatat.configuration.provenance import shown_path
from talatat.evolution.autogenerate.pieces import Piece, revision_id, slug_of, source
from talatat.evolution.graph import EvolutionError, Graph, Revision

_NUMBER = re.compile(r"(\d+)_")
_INSTALLED = ("site-packages", "dist-packages")


def folder_of(addon: ComposedAddon) -> Path:
    """Return the folder of an addon's revisions, there or not; its package is not imported.

    Raises EvolutionError where it is not the addon's source, or must not be written to.
    """
    top, *rest = addon.package.split(".")
    spec = find_spec(top)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise EvolutionError(
            f"addon {addon.name}: {addon.package} is no package with a folder, so there is no place for "
            f"revisions. Make it one: {top}/__init__.py."
        )
    package = Path(places[0], *rest)
    if any(part in _INSTALLED for part in package.parts):
        raise EvolutionError(
            f"addon {addon.name} is installed in {shown_path(str(package))}, where the next installation "
            f"overwrites what is written. Install its source editable (pip install -e FOLDER, the folder "
            f"with its pyproject.toml) and run the command again."
        )
    if not os.access(package, os.W_OK):
        raise EvolutionError(
            f"addon {addon.name}: {shown_path(str(package))} cannot be written to. Let this user write "
            f"there, or install a copy of its source editable: pip install -e FOLDER."
        )
    return package / "migrations" / "versions"


def write(
    composition: Composition,
    graph: Graph,
    addon: ComposedAddon,
    pieces: Sequence[Piece],
    message: str,
) -> list[Path]:
    """Write a file for each piece, one following the other; return them.

    Raises EvolutionError where they cannot be written; none is left behind then.
    """
    folder = folder_of(addon)
    number = _next_number(graph, addon, folder)
    down = graph.heads(addon.name)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for piece in pieces:
            revision = revision_id(number, slug_of(message), piece.topic)
            requires = _requires(composition, graph, piece)
            path = folder / f"{revision}.py"
            path.write_text(source(piece, revision, down, requires, message), encoding="utf-8")
            written.append(path)
            down, number = [revision], number + 1
    except OSError as error:
        remove(written)
        raise EvolutionError(
            f"addon {addon.name}: {shown_path(str(folder))} cannot be written to ({error.strerror}). Let "
            f"this user write there."
        ) from error
    return written


def remove(files: Sequence[Path]) -> None:
    """Take files away again."""
    for path in files:
        path.unlink(missing_ok=True)


def put_before(graph: Graph, addon: str, later: str, new: str) -> tuple[str, ...]:
    """Let revision `later` follow `new` instead of what it followed; return what it followed.

    Raises EvolutionError where there is no such revision, or its file says it another way.
    """
    found: Revision | None = graph.revisions.get((addon, later))
    if found is None:
        known = ", ".join(sorted(one.revision for one in graph.of(addon))) or "none"
        raise EvolutionError(f"addon {addon} has no revision {later!r}. It has: {known}.")
    text, count = re.subn(
        r"^down_revision\b[^=\n]*=.*$", f'down_revision = "{new}"', found.text, flags=re.MULTILINE
    )
    if count != 1:
        raise EvolutionError(
            f"{shown_path(str(found.path))}: the line down_revision = ... cannot be found. Write it on one "
            f"line."
        )
    found.path.write_text(text, encoding="utf-8")
    return found.down


def _next_number(graph: Graph, addon: ComposedAddon, folder: Path) -> int:
    names = [one.revision for one in graph.of(addon.name)]
    names += [path.stem for path in folder.glob("*.py")]
    numbers = [int(found[1]) for name in names if (found := _NUMBER.match(name))]
    return max(numbers, default=0) + 1


def _requires(composition: Composition, graph: Graph, piece: Piece) -> Mapping[str, str]:
    """The newest revisions of the addons whose tables a piece refers to."""
    order = (PLATFORM, *composition.names)
    heads = {addon: graph.heads(addon) for addon in sorted(piece.refers, key=order.index)}
    return {addon: found[-1] for addon, found in heads.items() if found}
