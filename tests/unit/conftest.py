"""Addons that a test writes, composed from an .ini of which the test knows every line."""

import textwrap
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from talatat.composing import compose
from talatat.composition import Composition, resolve
from talatat.ini import read_ini


class Workshop:
    """`addons`, composed from `site.ini` beside them, on an SQLite file that need not be there."""

    def __init__(self, addons: Any) -> None:
        self.addons = addons
        self.folder: Path = addons.folder
        self.mark: str = addons.prefix
        self.ini = self.folder / "site.ini"

    def package(self, addon: str) -> str:
        return str(self.addons.package(addon))

    def addon(
        self,
        name: str,
        code: str,
        *,
        requires: tuple[str, ...] = (),
        critical: bool = False,
        files: dict[str, str] | None = None,
    ) -> None:
        """An addon whose `__init__` is `code`."""
        files = {"__init__.py": code, **(files or {})}
        self.addons.write(name, files, requires, critical=critical)

    def composition(self, *names: str, settings: str = "") -> Composition:
        lines = "".join(f"    {name}\n" for name in names)
        self.ini.write_text(
            f"[app:main]\nuse = egg:talatat\ntalatat.addons =\n{lines}"
            f"sqlalchemy.url = sqlite:///%(here)s/db.sqlite\n"
            f"talatat.development = true\ntalatat.secret = file:%(here)s/secret\n{textwrap.dedent(settings)}"
        )
        return resolve(read_ini(str(self.ini)))

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
def workshop(addons: Any) -> Workshop:
    return Workshop(addons)
