"""The composed system of an addon and what it requires, with rows, and somebody to ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyramid.request import Request
from sqlalchemy import Table, event

from talatat.composing import compose, load_composition
from talatat.db.base import bases_of
from talatat.errors import TalatatError
from talatat.evolution.migrate import bring_to
from talatat.openapi import document_of
from talatat.resources.bound import BoundResource
from talatat.security.identity import Identity
from talatat.testing.conformance.model import LeftOut
from talatat.testing.conformance.rows import Rows

if TYPE_CHECKING:
    from talatat.system import System
    from talatat.testing.conformance.places import Place
    from talatat.testing.conformance.subject import Subject

SOURCE = "talatat.check"
HEADER = "X-Talatat-Check"
STRANGER = "-"  # somebody who is known and may do nothing
OWNER = "*"
FEW = 5


class ByHeader:
    """An identity source that believes the header of a request: the permission that somebody holds."""

    def identify(self, request: Any) -> Identity | None:
        held = request.headers.get(HEADER)
        if not held:
            return None
        permissions = frozenset() if held == STRANGER else frozenset({held})
        return Identity(id="somebody", name="somebody", source=SOURCE, permissions=permissions)


@dataclass
class Running:
    """What runs. `unseeded` tells of tables that got no row."""

    registry: Any
    app: Any
    addon: str
    rows: Rows
    unseeded: list[str] = field(default_factory=list)

    @property
    def system(self) -> System:
        """What the composed process holds."""
        system: System = self.registry.system
        return system

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document, as JSON has it."""
        found: dict[str, Any] = json.loads(json.dumps(document_of(self.registry)))
        return found

    def resources(self) -> list[BoundResource]:
        """The resources of the addon, and those of others that it extends."""
        return [
            one
            for one in self.system.resources.values()
            if one.addon == self.addon or any(ext.addon == self.addon for ext in one.extensions)
        ]

    def ask(
        self,
        path: str,
        method: str = "GET",
        held: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request from somebody who holds one permission (None is nobody); the response.

        Raises what the application lets through, which is nothing as long as it works.
        """
        made = Request.blank(path, method=method, headers=dict(headers or {}))
        made.headers.setdefault("Accept", "application/json")
        if held:
            made.headers[HEADER] = held
        if body is not None:
            made.body = json.dumps(body).encode()
            made.content_type = "application/json"
        return made.get_response(self.app)

    def seed(self, count: int) -> None:
        """Put so many rows more into every table of the composed models."""
        with self.system.database.engine.begin() as connection:
            for table in self.rows.tables:
                try:
                    self.rows.fill(connection, count, [table.name])
                except LeftOut as reason:
                    self.unseeded.append(str(reason))

    def identifiers(self, bound: BoundResource) -> list[str]:
        """Ids of rows that are there, as the API writes them."""
        import sqlalchemy as sa

        with self.system.database.transaction(reading=True) as (_, session):
            found = session.scalars(
                sa.select(bound.identifier).order_by(bound.identifier).limit(FEW)
            )
            return [str(one) for one in found]

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Gather the statements that requests send meanwhile."""
        found: list[str] = []

        def record(connection: Any, cursor: Any, statement: str, *details: Any) -> None:
            found.append(statement)

        event.listen(self.system.database.engine, "before_cursor_execute", record)
        try:
            yield found
        finally:
            event.remove(self.system.database.engine, "before_cursor_execute", record)


@contextmanager
def run(subject: Subject, place: Place) -> Iterator[Running]:
    """Compose, bring an empty database there, put rows in, and yield what runs. Raises LeftOut."""
    with subject.database(place) as url:
        try:
            config = compose(load_composition(subject.ini(subject.name, url=url)))
        except TalatatError as error:
            raise LeftOut("it does not compose, see `composes`") from error
        system: System = config.registry.system
        system.outbox.automatic = False
        try:
            bring_to(system.composition, system.database)
            system.security.sources[SOURCE] = ByHeader()
            rows = Rows(tables_of(system), subject.rows)
            running = Running(config.registry, config.make_wsgi_app(), subject.name, rows)
            running.seed(FEW)
            yield running
        finally:
            system.outbox.stop()
            system.database.dispose()


def tables_of(system: System) -> list[Table]:
    """The tables of all composed addons' models."""
    return [
        table
        for addon in system.composition.addons
        for base in bases_of(addon.package)
        for table in base.metadata.tables.values()
    ]


__all__ = ["HEADER", "OWNER", "SOURCE", "STRANGER", "ByHeader", "Running", "run", "tables_of"]
