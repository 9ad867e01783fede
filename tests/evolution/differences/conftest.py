"""`told`: an addon composed twice, as it was and as it is, and what is told of the difference."""

from __future__ import annotations

import sys
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from talatat.composing import compose, load_composition
from talatat.evolution.differences import differences
from talatat.evolution.surface import surface_of

DESK = {
    "__init__.py": """
        import colander
        from . import resources, views

        class Settings(colander.Schema):
            lamps = colander.SchemaNode(colander.Int(), missing=2)
            colour = colander.SchemaNode(colander.String(), missing="red")

        class Source:
            def identify(self, request):
                return None

        def includeme(config):
            config.add_settings_schema(Settings)
            config.add_permission("desk.read", "Read")
            config.add_permission("desk.write", "Write")
            config.add_role("desk.clerk", ["desk.read"])
            config.add_role("desk.keeper", ["desk.*"])
            config.add_resource(resources.Papers)
            config.add_hook("desk.papers", "after_create", views.note)
            config.add_hook("desk.papers", "after_create", views.file)
            config.add_route("desk.page", "/desk/page")
            config.add_view(views.page, route_name="desk.page", permission="desk.write")
            config.add_route("desk.drawer", "/desk/drawers/{number:[0-9]+}")
            config.add_view(views.page, route_name="desk.drawer", permission="desk.read")
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Record, declarative_base
        Base = declarative_base("desk")
        class Paper(Record, Base):
            __tablename__ = "desk_paper"
            title: Mapped[str]
            state: Mapped[str]
            pages: Mapped[int]
        """,
    "resources.py": """
        import colander
        from talatat.resources import Resource
        from .models import Paper

        class PaperSchema(colander.MappingSchema):
            id = colander.SchemaNode(colander.String(), read_only=True)
            title = colander.SchemaNode(colander.String())
            state = colander.SchemaNode(
                colander.String(), missing="new", validator=colander.OneOf(["new", "old"]))
            pages = colander.SchemaNode(
                colander.Int(), missing=1, validator=colander.Range(1, 100), read_permission="desk.write")

        class Papers(Resource):
            name = "papers"
            model = Paper
            schema = PaperSchema
            permissions = {"read": "desk.read", "write": "desk.write"}
            filters = ("title", "state")
            def scope(self, request, query):
                return query.where(Paper.state == "new")
        """,
    "views.py": """
        from pyramid.response import Response
        def logged(view):
            return view
        def derived(view, info):
            return view
        def allowed(request):
            return True
        def page(request):
            return Response("page")
        def note(request, obj, changes):
            return None
        def file(request, obj, changes):
            return None
        """,
}


class Twice:
    """Surfaces of one composition at two times. `edit` changes the files of an addon in between."""

    def __init__(self, addons: Any) -> None:
        self.addons = addons
        self.files = {"desk": {path: dedent(text) for path, text in DESK.items()}}
        self.versions: dict[str, str] = {}
        self.requires: dict[str, tuple[str, ...]] = {}

    def add(self, name: str, code: str, requires: tuple[str, ...] = ("desk",)) -> None:
        self.files[name] = {"__init__.py": dedent(code)}
        self.requires[name] = requires

    def edit(self, was: str, now: str, addon: str = "desk") -> None:
        found = [path for path, text in self.files[addon].items() if was in text]
        assert len(found) == 1, f"{was!r} stands in {found}"
        self.files[addon][found[0]] = self.files[addon][found[0]].replace(was, now, 1)

    def surface(self, *names: str, **settings: str) -> dict[str, Any]:
        for name, files in self.files.items():
            version = self.versions.get(name, "1.0")
            self.addons.write(name, files, self.requires.get(name, ()), version)
        for module in [one for one in sys.modules if one.startswith(self.addons.prefix)]:
            del sys.modules[module]
        url = f"sqlite:///{self.addons.folder}/db.sqlite"
        ini = self.addons.ini(*(names or self.files), url=url, **settings)
        return surface_of(compose(load_composition(ini)).registry)


@pytest.fixture
def twice(addons, monkeypatch) -> Twice:
    # Two versions of a file within a second would else share one cached byte code.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Twice(addons)


@pytest.fixture
def told(twice) -> Callable[..., list[str]]:
    """`told(was, now)`: what one edit of the addon `desk` changes, a line each."""

    def tell(was: str, now: str) -> list[str]:
        before = twice.surface()
        twice.edit(was, now)
        return lines(differences(before, twice.surface()), twice)

    return tell


def lines(changes: list[Any], twice: Twice) -> list[str]:
    """`section sign weight what: detail`, without the test's prefix of packages."""
    return [
        f"{one.section} {one.symbol} {one.weight} {one.what}: {one.detail}".replace(
            f"{twice.addons.prefix}_", ""
        )
        for one in changes
    ]
