"""Installable packages of releases, and the folder that stands for what is installed.

Each release is written once, into a folder of its own: the package and its metadata, as pip would lay
them out. A `Site` is a folder on the path that holds links to those releases that are installed at the
moment: installing, upgrading and downgrading change links.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from grove.series import Release, ReleaseSeries

PREFIX = "grove"


REAL = ("accounts", "catalog", "loyalty", "orders")


def package(addon: str) -> str:
    return f"{'talatat' if addon in REAL else PREFIX}_{addon}"


def distribution(addon: str) -> str:
    return package(addon).replace("_", "-")


def write_release(
    folder: Path, release: Release, classes: Mapping[str, str], given: Path | None = None
) -> Path:
    """Write one release below `folder`, and return where it lies.

    `classes` of all tables referred to; `given` is the package that it adds to, if it does.
    """
    home = folder / f"{release.addon}-{release.version}"
    if home.is_dir():
        return home
    root = home / package(release.addon)
    versions = root / "migrations" / "versions"
    if given is not None:
        shutil.copytree(given, root, ignore=shutil.ignore_patterns("__pycache__"))
        models = root / "models.py"
        models = models if models.is_file() else root / "models" / "__init__.py"
        models.write_text(models.read_text() + added_text(release, classes))
    else:
        versions.mkdir(parents=True)
        (root / "models.py").write_text(models_text(release, classes))
        (root / "__init__.py").write_text(init_text(release))
    for one in release.revisions:
        (versions / f"{one.id}.py").write_text(one.text())
    info = home / f"{package(release.addon)}-{release.version}.dist-info"
    info.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {distribution(release.addon)}",
        f"Version: {release.version}",
        *(f"Requires-Dist: {distribution(name)}>={low}" for name, low in release.requires.items()),
    ]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    points = f"[talatat.addons]\n{release.addon} = {package(release.addon)}\n"
    (info / "entry_points.txt").write_text(points)
    return home


def added_text(release: Release, classes: Mapping[str, str]) -> str:
    """What a release adds to the models of a package: columns of its classes, and classes."""
    lines = [
        "\n\nimport sqlalchemy as sa",
        "from sqlalchemy.orm import Mapped, mapped_column",
        "from talatat.db import Record",
        "from talatat.db import types as t",
        *_imports(release, classes),
    ]
    for table in release.tables.values():
        if not table.given_class:
            lines.append(f"\n\n{table.model(classes)}")
            continue
        lines += [
            f"{table.class_name}.{column.name} = {column.mapped(classes)}"
            for column in table.columns.values()
            if not column.given
        ]
    return "\n".join(lines) + "\n"


def _imports(release: Release, classes: Mapping[str, str]) -> list[str]:
    """The classes of other addons that columns refer to."""
    foreign = {
        target
        for table in release.tables.values()
        for target, _ in table.references.values()
        if target not in release.tables
    }
    return [
        f"from {package(target.partition('_')[0])}.models import {classes[target]}"
        for target in sorted(foreign)
    ]


def models_text(release: Release, classes: Mapping[str, str]) -> str:
    """The models of a release."""
    lines = [
        f'"""What {release.addon} keeps in version {release.version}."""\n',
        "import sqlalchemy as sa",
        "from sqlalchemy.orm import Mapped, mapped_column\n",
        "from talatat.db import Extension, Record, declarative_base, extension_key",
        "from talatat.db import types as t",
        *_imports(release, classes),
        f'\nBase = declarative_base("{release.addon}")',
    ]
    lines += [f"\n\n{table.model(classes)}" for table in release.tables.values()]
    return "\n".join(lines) + "\n"


def init_text(release: Release) -> str:
    """The package's face: extensions of other addons' models, and one resource."""
    item = release.tables[f"{release.addon}_item"]
    extended = [one for one in release.tables.values() if one.extends]
    lines = [
        "from talatat.resources import Resource",
        *(
            f"from {package(one.extends.partition('_')[0])}.models import {_class_of(one.extends)}"
            for one in extended
            if one.extends
        ),
        f"from .models import {', '.join(t.class_name for t in (item, *extended))}\n\n",
        "class Items(Resource):",
        '    name = "items"',
        f"    model = {item.class_name}",
        f'    permissions = {{"read": "{release.addon}.read", "write": "{release.addon}.write"}}\n\n',
        "def includeme(config):",
        f'    config.add_permission("{release.addon}.read", "See items")',
        f'    config.add_permission("{release.addon}.write", "Change items")',
        "    config.add_resource(Items)",
    ]
    lines += [
        f"    config.extend_model({_class_of(str(one.extends))}, {one.class_name}, "
        f"presence={one.presence!r})"
        for one in extended
    ]
    return "\n".join(lines) + "\n"


def _class_of(table: str) -> str:
    return "".join(part.capitalize() for part in table.split("_"))


class Store:
    """Written releases of several series."""

    def __init__(self, folder: Path, series: Iterable[ReleaseSeries]) -> None:
        self.folder = folder
        self.series = {one.addon: one for one in series}
        self.classes = {
            key: name for one in self.series.values() for key, name in one.classes.items()
        }

    def home(self, addon: str, version: str) -> Path:
        """The folder of one release, written now where it is not there."""
        series = self.series[addon]
        return write_release(self.folder, series.of(version), self.classes, series.home)


class Site:
    """The folder on the path whose links are the installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.installed: dict[str, str] = {}

    def install(self, addon: str, version: str, home: Path) -> None:
        """Install a release in the place of any other of the same addon."""
        self.remove(addon)
        for path in home.iterdir():
            (self.folder / path.name).symlink_to(path)
        self.installed[addon] = version

    def remove(self, addon: str) -> None:
        """Uninstall an addon; nothing where it is not installed."""
        for path in self.folder.iterdir():
            if path.name == package(addon) or path.name.startswith(f"{package(addon)}-"):
                path.unlink()
        self.installed.pop(addon, None)

    def clear(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.installed.clear()
