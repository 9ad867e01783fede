"""`talatat why`: addon, file:line and what was replaced, for everything that a name can mean."""

import json

import pytest

from talatat.cli.main import main
from talatat.errors import TalatatError
from talatat.why import why

BASE = """
    import colander
    from talatat.db import declarative_base, Record
    from talatat.resources import Resource
    from sqlalchemy.orm import mapped_column, Mapped
    Base = declarative_base("base")

    class Thing(Record, Base):
        __tablename__ = "base_thing"
        title: Mapped[str] = mapped_column()

    class ThingSchema(colander.MappingSchema):
        title = colander.SchemaNode(colander.String(), description="What it is called")

    class Things(Resource):
        name = "things"
        model = Thing
        schema = ThingSchema
        permissions = {"read": "public", "write": "base.write"}

    class Settings(colander.MappingSchema):
        size = colander.SchemaNode(colander.Int(), missing=20, description="How many")

    def includeme(config):
        config.add_settings_schema(Settings)
        config.add_permission("base.write", "Write things")
        config.add_resource(Things)
        config.add_route("base.page", "/page/{id}")
        config.scan(".views")
"""
VIEWS = """
    from pyramid.response import Response
    from pyramid.view import view_config

    @view_config(route_name="base.page", permission="public")
    def page(request):
        return Response("base")
"""
SITE = """
    import colander
    from sqlalchemy.orm import mapped_column, Mapped
    from talatat.db import declarative_base, Extension, extension_key
    from PKG_base import Thing
    Base = declarative_base("site")

    class ThingRank(Extension, Base):
        __tablename__ = "site_thing"
        thing_id: Mapped[str] = extension_key(Thing)
        rank: Mapped[int] = mapped_column(default=0)

    class RankFields(colander.MappingSchema):
        rank = colander.SchemaNode(colander.Int())

    def includeme(config):
        config.extend_model(Thing, ThingRank)
        config.extend_resource("base.things", RankFields)
        with config.overriding("base"):
            config.override_setting_default("base.size", 50)
            config.add_permission("base.write", "Write all things")
            config.scan(".views")
"""


@pytest.fixture
def registry(workshop):
    workshop.addon("base", BASE, files={"views.py": VIEWS})
    workshop.addon(
        "site", SITE, requires=("base",), files={"views.py": VIEWS.replace('"base"', '"site"')}
    )
    return workshop.compose("site", settings="base.size = 30\n").registry


def line_of(workshop, addon: str, text: str, file: str = "__init__.py") -> str:
    path = workshop.folder / workshop.package(addon) / file
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if text in line)
    return f"{path}:{number}"


def test_a_route_is_found_by_its_name_and_by_a_path(registry, workshop):
    for what in ("base.page", "/page/7", "GET /page/7"):
        [route] = [f for f in why(registry, what) if f.kind == "route"]
        assert route.addon == "base"
        assert route.place == line_of(workshop, "base", 'add_route("base.page"')


def test_a_view_that_a_scanned_decorator_registered_has_its_own_line_and_what_it_replaced(
    registry, workshop
):
    [view] = [f for f in why(registry, "base.page") if f.kind == "view"]
    assert view.addon == "site"
    assert view.says["permission"] == "public"
    assert view.place == line_of(workshop, "site", "@view_config", "views.py")
    [replaced] = view.replaced
    assert replaced.replaced_addon == "base"
    assert replaced.replaced_place == line_of(workshop, "base", "@view_config", "views.py")
    assert replaced.what == f"{workshop.package('base')}.views.page"


def test_a_field_names_the_line_of_its_schema(registry, workshop):
    [field] = why(registry, "base.things.title")
    assert field.addon == "base"
    assert field.place == line_of(workshop, "base", "title = colander")
    assert field.says["meaning"] == "What it is called"


def test_a_field_that_another_addon_added_names_that_addon(registry, workshop):
    [field] = why(registry, "base.things.site.rank")
    assert (field.addon, field.place) == ("site", line_of(workshop, "site", "rank = colander"))


def test_a_column_names_the_addon_of_its_table(registry, workshop):
    [column] = why(registry, "site_thing.rank")
    assert (column.addon, column.place) == ("site", line_of(workshop, "site", "rank: Mapped"))


def test_a_setting_names_its_schema_its_line_in_the_ini_and_the_override_of_its_default(
    registry, workshop
):
    [setting] = [f for f in why(registry, "base.size") if f.says.get("value")]
    assert setting.says["value"] == "30"
    assert "site.ini:" in setting.says["set at"]
    assert setting.place == line_of(workshop, "site", "override_setting_default")
    assert setting.replaced[0].replaced_place == line_of(workshop, "base", "add_settings_schema")


def test_a_default_that_was_overridden_is_the_value_where_the_ini_says_nothing(workshop):
    workshop.addon("base", BASE, files={"views.py": VIEWS})
    site = {"views.py": VIEWS.replace('"base"', '"site"')}
    workshop.addon("site", SITE, requires=("base",), files=site)
    registry = workshop.compose("site").registry
    [setting] = [f for f in why(registry, "base.size") if f.says.get("value")]
    assert (setting.says["value"], setting.says["set at"]) == ("50", "nowhere: the default of site")


def test_what_extends_a_thing_is_told_with_the_thing(registry, workshop):
    found = {f.kind: f for f in why(registry, "base.things")}
    assert found["resource extension"].place == line_of(workshop, "site", "config.extend_resource")
    for what in ("base_thing", "site_thing"):
        found = {f.kind: f for f in why(registry, what)}
        assert found["model extension"].place == line_of(workshop, "site", "config.extend_model")


def test_a_platform_setting_names_its_line_and_masks_a_secret(registry):
    [setting] = why(registry, "talatat.secret")
    assert setting.addon == "talatat"
    assert "settings/platform.py:" in setting.place
    assert setting.says["value"] == "********"


def test_a_permission_names_its_line_and_what_it_replaced(registry, workshop):
    [permission] = [f for f in why(registry, "base.write") if f.kind == "permission"]
    assert permission.place == line_of(workshop, "site", "add_permission")
    assert permission.replaced[0].replaced_addon == "base"


def test_a_resource_names_its_line(registry, workshop):
    found = {f.kind: f for f in why(registry, "base.things")}
    assert found["resource"].place == line_of(workshop, "base", "add_resource")


def test_a_name_that_nothing_has_is_told_with_those_near_it(registry):
    with pytest.raises(TalatatError, match=r"base.things.titel.*base.things.title"):
        why(registry, "base.things.titel")


def test_the_command_prints_words_and_json(tmp_path, capsys):
    ini = tmp_path / "site.ini"
    ini.write_text(
        f"[app:main]\nuse = egg:talatat\nsqlalchemy.url = sqlite:///{tmp_path}/x\n"
        f"talatat.development = true\ntalatat.secret = file:{tmp_path}/secret\n"
    )
    assert main(["why", str(ini), "/livez"]) == 0
    assert "declared by  talatat" in capsys.readouterr().out
    assert main(["why", str(ini), "talatat.max_body", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert found["says"]["value"] == "1048576"
    assert main(["why", str(ini), "nothing.at.all"]) == 1
    assert "nothing in this composition is called 'nothing.at.all'" in capsys.readouterr().err
    assert main(["why", str(ini)]) == 1
    assert main(["why", str(tmp_path / "none.ini"), "x"]) == 1


def test_what_is_offered_as_near_are_names_that_answer(registry):
    with pytest.raises(TalatatError) as caught:
        why(registry, "nonsense")
    near = str(caught.value).partition("Near it: ")[2].partition(". Name a")[0]
    assert "None" not in near.split(", ")
    for name in filter(None, near.split(", ")):
        assert why(registry, name)
