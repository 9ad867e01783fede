"""What authors get wrong while they declare: each is told with the addon, the line and the mend."""

import pytest

from talatat.errors import AddonError, CompositionError
from talatat.evolution.graph import EvolutionError, read_graph

BASE = """
    import colander
    from sqlalchemy.orm import Mapped, mapped_column
    from talatat.db import Record, declarative_base
    from talatat.resources import Resource
    Base = declarative_base("base")

    class Thing(Record, Base):
        __tablename__ = "base_thing"
        title: Mapped[str] = mapped_column()

    class Things(Resource):
        name = "things"
        model = Thing
        permissions = {"read": "public", "write": "base.write"}

    class Settings(colander.MappingSchema):
        size = colander.SchemaNode(colander.Int(), missing=20, validator=colander.Range(1, 90))

    def includeme(config):
        config.add_settings_schema(Settings)
        config.add_permission("base.write", "Write things")
        config.add_role("base.writer", ["base.*"])
        config.add_resource(Things)
"""
SITE = """
    import colander
    from pyramid.response import Response
    from talatat.resources import Resource
    from PKG_base import Thing

    class WrongSchema(colander.MappingSchema):
        titel = colander.SchemaNode(colander.String())

    class Wrong(Resource):
        name = "wrong"
        model = Thing
        schema = WrongSchema
        permissions = {{"read": "public", "write": "base.write"}}

    def too_short(request, obj):
        pass

    def includeme(config):
        {declaring}
"""
LINE = "_site/__init__.py:20"


def refused(workshop, declaring: str) -> str:
    workshop.addon("base", BASE)
    workshop.addon("site", SITE.format(declaring=declaring), requires=("base",))
    with pytest.raises(CompositionError) as caught:
        workshop.compose("site")
    return str(caught.value)


@pytest.mark.parametrize(
    ("declaring", "said"),
    [
        (
            'config.add_permission("base.fly")',
            "the permission 'base.fly' bears the name of addon base. Call it 'site.fly'",
        ),
        ('config.add_role("base.pilot", [])', "the role 'base.pilot' bears the name of addon base"),
        (
            "config.add_resouce(Wrong)",
            "no directive config.add_resouce. Did you mean config.add_resource?",
        ),
        (
            'config.add_hook("base.things", "before_create", too_short)',
            "cannot be called as hook(request, obj, changes): too many positional arguments",
        ),
        (
            "config.add_resource(Wrong)",
            "the field 'titel' is shown from Thing.titel, which does not exist",
        ),
        (
            'with config.overriding("base"): config.override_setting_default("base.sise", 3)',
            "base.sise, which nobody declares. Did you mean base.size?",
        ),
        (
            'with config.overriding("base"): config.override_setting_default("base.size", "many")',
            "the default 'many' for base.size: \"many\" is not a number",
        ),
        (
            'with config.overriding("base"): config.override_setting_default("base.size", 91)',
            "the default 91 for base.size: 91 is greater than maximum value 90",
        ),
        (
            'with config.overriding("base"): config.override_asset("PKG_base:a.txt", "PKG_site:b.txt")',
            "_base:a.txt. Correct the path.",
        ),
        (
            'with config.overriding("base"): config.override_asset("PKG_base:__init__.py", "PKG_site:b.txt")',
            "_site:b.txt. Correct the path.",
        ),
    ],
)
def test_a_wrong_declaration_is_told_with_its_line_and_the_mend(workshop, declaring, said):
    told = refused(workshop, declaring)
    assert said in told
    assert LINE in told


def test_a_permission_of_another_addon_may_be_declared_by_who_overrides_it(workshop):
    workshop.addon("base", BASE)
    declaring = 'with config.overriding("base"): config.add_permission("base.fly")'
    workshop.addon("site", SITE.format(declaring=declaring), requires=("base",))
    assert workshop.compose("site").registry.system.security.declares("base.fly")


def test_a_view_for_several_methods_without_a_permission_is_told_once(workshop):
    workshop.addon(
        "site",
        """
        from cornice import Service
        hand = Service("site.hand", "/api/site/v1/hand")

        @hand.get()
        def show(request):
            return {}

        def includeme(config):
            config.add_cornice_service(hand)
        """,
    )
    with pytest.raises(CompositionError) as caught:
        workshop.compose("site")
    assert str(caught.value).count("has no permission") == 1


def test_requirements_of_a_revision_that_are_no_mapping_name_the_file(workshop):
    revision = """
        revision = "0001_x"
        down_revision = None
        requires = ["base"]
    """
    workshop.addon(
        "site", "def includeme(config): pass", files={"migrations/versions/0001_x.py": revision}
    )
    with pytest.raises(EvolutionError, match=r"0001_x\.py: requires = \['base'\] is no dict"):
        read_graph(workshop.composition("site"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def (:", r"_site/__init__\.py:1\)"),
        ("import colander", r"has no attribute 'includeme' \(at package \S+_site\)"),
    ],
)
def test_a_package_that_cannot_be_included_is_told_with_its_own_line_and_not_pyramids(
    workshop, code, said
):
    workshop.addon("site", code)
    with pytest.raises(AddonError, match=said):
        workshop.compose("site")
