"""Reading a layered .ini with the file and line of every key.

PasteDeploy reads the values, as it does for `pserve`; it forgets where they stood and lets a nearer
layer replace a farther one. This module walks the same chain (`use = config:base.ini`) once more and
remembers the place of each key, and of each entry of a list.
"""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plaster
import plaster_pastedeploy

from talatat.configuration.provenance import shown_path
from talatat.errors import CompositionError
from talatat.misread import worded

SECTION = re.compile(r"^\[(?P<name>[^]]+)\]")
KEY = re.compile(r"^(?P<key>[^\s#;\[=:][^=:]*?)\s*[=:](?P<value>.*)$")


@dataclass(frozen=True)
class Place:
    """A line of a file, for messages."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Entry:
    """One word of a list valued key, and where it stands."""

    name: str
    place: Place | None


@dataclass(frozen=True)
class Layer:
    """One application section of one file: places and texts of its keys, entries of its lists."""

    file: str
    section: str
    places: Mapping[str, Place]
    texts: Mapping[str, str]
    entries: Mapping[str, tuple[Entry, ...]]
    use: str | None


@dataclass(frozen=True)
class Ini:
    """What one .ini declares for the application.

    `settings` are the flat values as PasteDeploy gives them; `layers` go from the named file to the
    farthest base.
    """

    path: str
    section: str
    settings: Mapping[str, str]
    layers: tuple[Layer, ...] = field(default=())

    @property
    def here(self) -> Path:
        """The folder of the .ini: what `%(here)s` stands for."""
        return Path(self.path).parent

    @property
    def uri(self) -> str:
        """What one types after a command: the path, with `#name` where the section is not main."""
        return self.path if self.section == "main" else f"{self.path}#{self.section}"

    @property
    def shown(self) -> str:
        """The path for messages."""
        return shown_path(self.path) if self.layers else self.path

    def place(self, key: str) -> Place | None:
        """Where `key` got its value: the nearest layer that holds it."""
        return next((layer.places[key] for layer in self.layers if key in layer.places), None)

    def at(self, key: str) -> str:
        """`file:line` of a key, or the file alone where the key came from elsewhere."""
        return str(self.place(key) or self.shown)

    def written(self, key: str) -> str | None:
        """A value as it stands in the nearest file that holds it, before `%(here)s` is filled in."""
        for layer in self.layers:
            if key in layer.texts:
                return layer.texts[key]
        return self.settings.get(key)

    def addons(self) -> tuple[list[Entry], list[str]]:
        """The declared addons after layering, and what is wrong with the layering."""
        if not any("talatat.addons" in layer.places for layer in self.layers):
            words = self.settings.get("talatat.addons", "").split()
            base: list[Entry] = [Entry(word, None) for word in words]
            return _layered(base, self.layers)
        index = next(n for n, la in enumerate(self.layers) if "talatat.addons" in la.places)
        base = list(self.layers[index].entries["talatat.addons"])
        return _layered(base, self.layers[: index + 1])


def _layered(base: list[Entry], layers: tuple[Layer, ...]) -> tuple[list[Entry], list[str]]:
    entries, problems = list(base), []
    for layer in reversed(layers):
        for removed in layer.entries.get("talatat.addons.remove", ()):
            kept = [entry for entry in entries if entry.name != removed.name]
            if len(kept) == len(entries):
                problems.append(
                    f"{removed.place}: talatat.addons.remove names {removed.name!r}, which no layer "
                    f"below lists. Delete the line, or name one of: "
                    f"{', '.join(entry.name for entry in entries) or '(none)'}."
                )
            entries = kept
        entries += layer.entries.get("talatat.addons.add", ())
    return entries, problems


def read_ini(uri: str, defaults: Mapping[str, str] | None = None) -> Ini:
    """Read `path.ini` or `path.ini#section`.

    Raises `CompositionError` when the file or the section is missing or cannot be parsed.
    """
    path, _, section = uri.partition("#")
    section = section or "main"
    if not Path(path).is_file():
        raise CompositionError(f"{path}: there is no such file. Name an .ini that exists.")
    absolute = str(Path(path).resolve())
    try:
        # The loader that plaster would find, without a search through every distribution.
        loader = plaster_pastedeploy.Loader(plaster.parse_uri(f"{absolute}#{section}"))
        settings = loader.get_wsgi_app_settings(section, dict(defaults or {}))
    except (LookupError, configparser.Error, ValueError, OSError, ImportError) as error:
        raise CompositionError(worded(error, absolute, section, _use(absolute, section))) from error
    except RecursionError as error:
        text = f"{path}: [app:{section}] is based on itself. Correct its line `use = config:...`."
        raise CompositionError(text) from error
    return Ini(absolute, section, dict(settings), tuple(_layers(absolute, section)))


def read_section(path: str, name: str) -> dict[str, str] | None:
    """Another section of an .ini, such as `server:main`, or None where it has none.

    `use = config:` concerns applications alone: what another file says here is not looked at.
    """
    if name not in _sections(Path(path)):
        return None
    loader = plaster_pastedeploy.Loader(plaster.parse_uri(path))
    return {key: str(value) for key, value in loader.get_settings(name).items()}


def given_ini(global_config: Mapping[str, Any], settings: Mapping[str, str]) -> Ini:
    """The .ini behind an app factory's arguments: PasteDeploy's values with the places of the file."""
    path = str(global_config.get("__file__") or "")
    if not path or not Path(path).is_file():
        return Ini(path or "(no file)", "main", dict(settings))
    section = _section_of(path, settings)
    return Ini(str(Path(path).resolve()), section, dict(settings), tuple(_layers(path, section)))


def _section_of(path: str, settings: Mapping[str, str]) -> str:
    """The application section whose keys are nearest to `settings`: PasteDeploy does not say."""
    best, score = "main", -1
    for name in _sections(Path(path)):
        kind, _, section = name.partition(":")
        if kind not in ("app", "application"):
            continue
        keys = {key for layer in _layers(path, section) for key in layer.places}
        # Shared keys speak for a section, keys that it alone has speak against it.
        shared = 2 * len(keys & settings.keys()) - len(keys - settings.keys() - {"use"})
        if shared > score or (shared == score and section == "main"):
            best, score = section, shared
    return best


def _layers(path: str, section: str) -> Iterator[Layer]:
    seen: set[tuple[str, str]] = set()
    while (path, section) not in seen and Path(path).is_file():
        seen.add((path, section))
        layer = _layer(path, section)
        yield layer
        if not (layer.use or "").startswith("config:"):
            return
        base, _, name = str(layer.use).removeprefix("config:").partition("#")
        path = str((Path(path).parent / base).resolve())
        section = name or "main"


def _use(path: str, section: str) -> str | None:
    """The place of the line `use = ...` of the farthest layer that can be read and has one."""
    found = None
    try:
        for layer in _layers(path, section):
            found = layer.places.get("use", found)
    except (OSError, ValueError):
        pass
    return None if found is None else str(found)


def _layer(path: str, section: str) -> Layer:
    keys = _sections(Path(path)).get(f"app:{section}", {})
    places = {key: Place(shown_path(path), line) for key, (line, _) in keys.items()}
    entries = {
        key: tuple(Entry(w, Place(shown_path(path), n)) for n, text in lines for w in text.split())
        for key, (_, lines) in keys.items()
    }
    texts = {key: "\n".join(text for _, text in lines).strip() for key, (_, lines) in keys.items()}
    use = entries.get("use", ())
    return Layer(path, section, places, texts, entries, use[0].name if use else None)


def _sections(path: Path) -> dict[str, dict[str, tuple[int, list[tuple[int, str]]]]]:
    """section -> key -> (line of the key, [(line, text) of each line of its value])."""
    sections: dict[str, dict[str, tuple[int, list[tuple[int, str]]]]] = {}
    keys: dict[str, tuple[int, list[tuple[int, str]]]] = {}
    current: list[tuple[int, str]] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith(("#", ";")):
            continue
        if section := SECTION.match(line):
            keys, current = sections.setdefault(section["name"].strip(), {}), None
        elif line[:1].isspace():
            if current is not None and line.strip():
                current.append((number, line.strip()))
        elif key := KEY.match(line):
            current = [(number, key["value"].strip())]
            keys[key["key"].strip()] = (number, current)
    return sections
