"""A system before a plan, copied for each interruption."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from killing.corpus import files
from killing.interrupting import Outcome, interrupted
from killing.looking import dump
from talatat.composing import compose, load_composition
from talatat.evolution.apply.applying import carry_out_prepared
from talatat.evolution.desired import Desired, desired_of
from talatat.evolution.plan.making import prepare

BOOKS = 50
_BOOK = "INSERT INTO shelf_book (id, version, title, created_at, updated_at) VALUES ('{}', 1, '{}', '{}', '{}')"


@dataclass
class Lab:
    """One plan on one kind of database. `server` is None on SQLite."""

    addons: Any
    plan: str
    server: Any
    folder: Path
    desired: Desired = field(init=False)
    _copies: int = 0

    def __post_init__(self) -> None:
        versions = self.addons.folder / self.addons.package("shelf") / "migrations" / "versions"
        for left in versions.glob("*_step.py"):  # of the plan before
            left.unlink()
        self.base = self._new("base")
        self.desired = self._desired(self.base)
        self._apply(self.base)
        self._seed()
        for name, text in files(self.plan).items():
            (versions / name).write_text(textwrap.dedent(text))
        self.desired = self._desired(self.base)

    def _new(self, name: str) -> str:
        if self.server is None:
            return f"sqlite:///{self.folder / name}.sqlite"
        return str(self.server.create_database())

    def _desired(self, url: str) -> Desired:
        registry = compose(load_composition(self.addons.ini("shelf", url=url))).registry
        registry.system.database.dispose()
        return desired_of(registry)

    def prepared(self, url: str) -> Any:
        """The plan of a database, and what it was made of."""
        ini = self.addons.ini("shelf", url=url)
        accept = [f"shelf:{name.removesuffix('.py')}" for name in files(self.plan)]
        return prepare(ini, desired=self.desired, accept=accept)

    def _apply(self, url: str) -> None:
        carry_out_prepared(self.prepared(url))

    def _seed(self) -> None:
        engine = self.prepared(self.base).opened.database.migration_engine
        with engine.begin() as connection:
            for n in range(BOOKS):
                key = f"01890000-0000-7000-8000-{n:012d}"
                moment = "2026-01-01 00:00:00.000000"
                connection.exec_driver_sql(_BOOK.format(key, f"Title {n:03d}", moment, moment))

    def empty(self) -> str:
        """A database with nothing in it."""
        return self._new("empty")

    def copy(self) -> str:
        """A database as it is before the plan."""
        self._copies += 1
        if self.server is None:
            target = self.folder / f"copy{self._copies}.sqlite"
            shutil.copyfile(self.folder / "base.sqlite", target)
            return f"sqlite:///{target}"
        url: str = self.server.create_database(self.base.rpartition("/")[2])
        return url

    def drop(self, url: str) -> None:
        """Throw a copy away."""
        if self.server is None:
            for path in self.folder.glob(f"{Path(url.removeprefix('sqlite:///')).name}*"):
                path.unlink()
        else:
            self.server.drop_database(url)

    def applied(self, url: str) -> dict[str, Any]:
        """Apply until nothing is left, and look."""
        self._apply(url)
        assert self.prepared(url).plan.empty
        programs = None if self.server is None else self.server.programs
        return dump(url, programs)

    def interrupt(self, url: str, how: str, point: int) -> Outcome:
        """Apply in another process, interrupted at a point."""
        made = self.prepared(url)
        restart = getattr(self.server, "restart", lambda: None)
        return interrupted(
            lambda: carry_out_prepared(made, patience=20.0), how, point, url, restart
        )
