"""Addons written by a test: real packages on the path with real metadata, composed for real."""

import importlib
import sys
import textwrap
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from talatat.addons import inventory
from talatat.composing import compose
from talatat.composition import Composition, resolve
from talatat.ini import read_ini


class Workshop:
    """Writes addons into a folder of its own and composes them.

    Package names are unique to the workshop, so that no module of another test is found.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"w{uuid.uuid4().hex[:8]}"
        self.ini = folder / "site.ini"

    def package(self, addon: str) -> str:
        return f"{self.mark}_{addon}"

    def addon(
        self,
        name: str,
        code: str,
        *,
        requires: tuple[str, ...] = (),
        critical: bool = False,
        files: dict[str, str] | None = None,
    ) -> None:
        """An addon whose `__init__` is `code`; `PKG` in any text stands for the package prefix."""
        package = self.folder / self.package(name)
        package.mkdir()
        for path, text in {"__init__.py": code, **(files or {})}.items():
            target = package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text).replace("PKG", self.mark))
        self._metadata(name, requires, critical)

    def _metadata(self, name: str, requires: tuple[str, ...], critical: bool) -> None:
        dist = f"{self.mark}-{name}"
        info = self.folder / f"{dist.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {dist}", "Version: 1.0"]
        lines += [f"Requires-Dist: {self.mark}-{one}" for one in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        points = f"[talatat.addons]\n{name} = {self.package(name)}\n"
        if critical:
            points += f"[talatat.critical]\n{name} = {self.package(name)}\n"
        (info / "entry_points.txt").write_text(points)

    def composition(self, *names: str, settings: str = "") -> Composition:
        lines = "".join(f"    {name}\n" for name in names)
        self.ini.write_text(
            f"[app:main]\nuse = egg:talatat\ntalatat.addons =\n{lines}"
            f"sqlalchemy.url = sqlite:///%(here)s/db.sqlite\n"
            f"talatat.development = true\ntalatat.secret = file:%(here)s/secret\n{textwrap.dedent(settings)}"
        )
        importlib.invalidate_caches()
        return resolve(read_ini(str(self.ini)), inventory([str(self.folder), *sys.path]))

    def compose(self, *names: str, settings: str = "") -> Any:
        """The committed configurator."""
        return compose(self.composition(*names, settings=settings))

    def app(self, *names: str, settings: str = "") -> TestApp:
        """The system served, its database brought to the composition."""
        from talatat.evolution.migrate import bring_to

        config = self.compose(*names, settings=settings)
        bring_to(config.registry.system.composition, config.registry.system.database)
        app = TestApp(config.make_wsgi_app())
        app.registry = config.registry
        return app


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    sys.path.insert(0, str(tmp_path))
    made = Workshop(tmp_path)
    yield made
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(made.mark)]:
        del sys.modules[name]
