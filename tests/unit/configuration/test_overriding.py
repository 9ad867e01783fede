"""Who may replace what: nobody silently, a dependent by saying so, siblings never."""

import pytest

from talatat.errors import CompositionError

BASE = """
    from pyramid.response import Response

    def shown(request):
        return Response("base")

    def includeme(config):
        config.add_route("base.page", "/page")
        config.add_view(shown, route_name="base.page", permission="public")
        config.add_request_method(lambda request: "base", "greeting", reify=True)
        config.add_permission("base.read", "Read")
"""

OVERRIDING = """
    from pyramid.response import Response

    def better(request):
        return Response("{name}")

    def includeme(config):
        with config.overriding({owners}):
            config.add_view(better, route_name="base.page", permission="public")
"""


def overriding(name: str, *owners: str) -> str:
    return OVERRIDING.format(name=name, owners=", ".join(f'"{o}"' for o in owners))


def refused(workshop, *names: str) -> str:
    with pytest.raises(CompositionError) as caught:
        workshop.compose(*names)
    return str(caught.value)


def test_a_dependent_that_says_so_replaces_a_view(workshop):
    workshop.addon("base", BASE)
    workshop.addon("site", overriding("site", "base"), requires=("base",))
    app = workshop.app("base", "site")
    assert app.get("/page").text == "site"
    [override] = [o for o in app.registry.system.overrides if o.kind == "view"]
    assert (override.addon, override.replaced_addon) == ("site", "base")
    assert override.place.endswith("_site/__init__.py:9")
    assert override.replaced_place.endswith("_base/__init__.py:9")


def test_the_fingerprint_changes_with_the_source_of_what_was_replaced(workshop):
    workshop.addon("base", BASE)
    workshop.addon("site", overriding("site", "base"), requires=("base",))
    first = workshop.compose("site").registry.system.overrides[0].fingerprint
    second = workshop.compose("site").registry.system.overrides[0].fingerprint
    assert first == second
    assert len(first) == 16


def test_a_dependent_that_does_not_say_so_is_refused_with_both_lines_and_the_ways_out(workshop):
    workshop.addon("base", BASE)
    silent = overriding("site", "base").replace('with config.overriding("base"):', "if True:")
    workshop.addon("site", silent, requires=("base",))
    said = refused(workshop, "base", "site")
    assert "_base/__init__.py:9" in said
    assert "_site/__init__.py:9" in said
    assert 'with config.overriding("base"):' in said
    assert "talatat.addons" in said


def test_an_addon_cannot_override_what_it_does_not_require(workshop):
    workshop.addon("base", BASE)
    workshop.addon("stranger", overriding("stranger", "base"))
    said = refused(workshop, "base", "stranger")
    assert "_stranger/__init__.py:8: cannot override 'base': stranger does not require it" in said


def test_a_misspelt_owner_is_told_with_the_nearest_addon(workshop):
    workshop.addon("base", BASE)
    workshop.addon("site", overriding("site", "bass"), requires=("base",))
    assert "Did you mean 'base'?" in refused(workshop, "site")


def test_two_siblings_that_override_one_view_conflict_until_a_third_decides(workshop):
    workshop.addon("base", BASE)
    workshop.addon("left", overriding("left", "base"), requires=("base",))
    workshop.addon("right", overriding("right", "base"), requires=("base",))
    said = refused(workshop, "left", "right")
    assert "addon left" in said
    assert "addon right" in said
    assert 'with config.overriding("left", "right"):' in said
    workshop.addon(
        "site", overriding("site", "base", "left", "right"), requires=("base", "left", "right")
    )
    assert workshop.app("left", "right", "site").get("/page").text == "site"


def test_a_view_with_other_predicates_on_a_foreign_route_needs_overriding_too(workshop):
    workshop.addon("base", BASE)
    workshop.addon(
        "sly",
        """
        from pyramid.response import Response
        def includeme(config):
            config.add_view(lambda r: Response("sly"), route_name="base.page",
                            request_method="GET", permission="public")
        """,
        requires=("base",),
    )
    said = refused(workshop, "base", "sly")
    assert "_sly/__init__.py:4" in said
    assert "route 'base.page' of addon base" in said


def test_overriding_holds_through_nested_include_and_scan(workshop):
    workshop.addon("base", BASE)
    workshop.addon(
        "site",
        """
        def includeme(config):
            with config.overriding("base"):
                config.include(".inner")
        """,
        requires=("base",),
        files={
            "inner.py": "def includeme(config):\n    config.scan('.views')\n",
            "views.py": """
            from pyramid.response import Response
            from pyramid.view import view_config
            @view_config(route_name="base.page", permission="public")
            def scanned(request):
                return Response("scanned")
            """,
        },
    )
    assert workshop.app("site").get("/page").text == "scanned"


def test_a_winner_takes_the_losers_place_so_that_route_order_holds(workshop):
    workshop.addon(
        "base",
        """
        from pyramid.response import Response
        def shown(request):
            return Response(request.matched_route.name)
        def includeme(config):
            config.add_route("first", "/p/{x}")
            config.add_route("second", "/p/special")
            for name in ("first", "second"):
                config.add_view(shown, route_name=name, permission="public")
        """,
    )
    workshop.addon(
        "site",
        """
        def includeme(config):
            with config.overriding("base"):
                config.add_route("first", r"/p/{x:[a-z]+}")
        """,
        requires=("base",),
    )
    assert workshop.app("site").get("/p/special").text == "first"


@pytest.mark.parametrize(
    ("declare", "check"),
    [
        ('config.add_request_method(lambda request: "site", "greeting", reify=True)', "greeting"),
        ('config.add_permission("base.read", "Read it all")', "permission"),
    ],
)
def test_request_methods_and_permissions_override_alike(workshop, declare, check):
    workshop.addon("base", BASE)
    code = f"""
        def includeme(config):
            with config.overriding("base"):
                {declare}
        """
    workshop.addon("site", code, requires=("base",))
    overrides = workshop.compose("site").registry.system.overrides
    assert [(o.addon, o.replaced_addon) for o in overrides] == [("site", "base")], check
    workshop.addon(
        "silent", code.replace('with config.overriding("base"):', "if True:"), requires=("base",)
    )
    assert "conflict" in refused(workshop, "base", "silent")


def test_a_settings_default_is_overridden_and_the_ini_still_wins(workshop):
    workshop.addon(
        "base",
        """
        import colander
        class Base(colander.MappingSchema):
            size = colander.SchemaNode(colander.Int(), missing=20)
        def includeme(config):
            config.add_settings_schema(Base)
        """,
    )
    workshop.addon(
        "site",
        """
        def includeme(config):
            with config.overriding("base"):
                config.override_setting_default("base.size", 50)
        """,
        requires=("base",),
    )
    assert workshop.compose("site").registry.system.settings["base"].size == 50
    config = workshop.compose("site", settings="base.size = 7\n")
    assert config.registry.system.settings["base"].size == 7


def test_a_template_is_overridden_and_two_siblings_that_do_conflict(workshop):
    base = """
        def page(request):
            return {}
        def includeme(config):
            config.include("pyramid_jinja2")
            config.add_route("base.page", "/page")
            config.add_view(page, route_name="base.page", permission="public",
                            renderer="PKG_base:templates/page.jinja2")
        """
    site = """
        def includeme(config):
            with config.overriding("base"):
                config.override_asset("PKG_base:templates/page.jinja2", "PKG_{0}:own.jinja2")
        """
    workshop.addon("base", base, files={"templates/page.jinja2": "from base"})
    for name in ("left", "right"):
        workshop.addon(
            name, site.format(name), requires=("base",), files={"own.jinja2": f"from {name}"}
        )
    assert workshop.app("base").get("/page").text == "from base"
    assert workshop.app("left").get("/page").text == "from left"
    [override] = [
        o for o in workshop.compose("left").registry.system.overrides if o.kind == "asset"
    ]
    assert override.what.endswith("templates/page.jinja2")
    assert override.replaced_addon == "base"
    assert "templates/page.jinja2" in refused(workshop, "left", "right")


def test_an_asset_override_outside_overriding_is_refused(workshop):
    workshop.addon("base", "def includeme(config): pass", files={"a.txt": "x"})
    workshop.addon(
        "site",
        """
        def includeme(config):
            config.override_asset("PKG_base:a.txt", "PKG_site:a.txt")
        """,
        requires=("base",),
        files={"a.txt": "y"},
    )
    assert 'with config.overriding("base")' in refused(workshop, "site")


SUBSCRIBER = """
    heard = []
    class Rang: pass
    def listen(event): heard.append("base")
    def includeme(config):
        config.add_subscriber(listen, Rang)
"""


def test_a_subscriber_is_replaced_by_its_dotted_name(workshop):
    workshop.addon("base", SUBSCRIBER)
    workshop.addon(
        "site",
        """
        from PKG_base import heard
        def mine(event): heard.append("site")
        def includeme(config):
            with config.overriding("base"):
                config.replace_subscriber("PKG_base.listen", mine)
        """,
        requires=("base",),
    )
    config = workshop.compose("site")
    import sys

    base = sys.modules[workshop.package("base")]
    config.registry.notify(base.Rang())
    assert base.heard == ["site"]
    assert config.registry.system.overrides[0].replaced_addon == "base"


def test_replacing_a_subscriber_that_nobody_registers_names_the_line(workshop):
    workshop.addon("base", SUBSCRIBER)
    workshop.addon(
        "site",
        """
        def includeme(config):
            with config.overriding("base"):
                config.replace_subscriber("PKG_base.lisen", None)
        """,
        requires=("base",),
    )
    assert "lisen, which nobody registers" in refused(workshop, "site")


def test_a_tween_is_replaced_in_its_place(workshop):
    tween = """
        def tween(handler, registry):
            def handled(request):
                response = handler(request)
                response.headers["X-Tween"] = "{0}"
                return response
            return handled
        """
    workshop.addon(
        "base",
        tween.format("base")
        + """
        def includeme(config):
            config.add_tween("PKG_base.tween")
        """,
    )
    workshop.addon(
        "site",
        tween.format("site")
        + """
        def includeme(config):
            with config.overriding("base"):
                config.replace_tween("PKG_base.tween", "PKG_site.tween")
        """,
        requires=("base",),
    )
    assert workshop.app("base").get("/livez").headers["X-Tween"] == "base"
    assert workshop.app("site").get("/livez").headers["X-Tween"] == "site"


def test_an_exception_view_of_a_dependent_replaces_the_owners(workshop):
    code = """
        from pyramid.response import Response
        from {module} import Broken
        def includeme(config):
            {wrap}
                config.add_exception_view(lambda e, r: Response("{name}", status=418), context=Broken)
        """
    workshop.addon(
        "base",
        """
        from pyramid.response import Response
        class Broken(Exception): pass
        def fail(request): raise Broken
        def includeme(config):
            config.add_route("base.fail", "/fail")
            config.add_view(fail, route_name="base.fail", permission="public")
            config.add_exception_view(lambda e, r: Response("base", status=400), context=Broken)
        """,
    )
    workshop.addon(
        "site",
        code.format(module="PKG_base", name="site", wrap='with config.overriding("base"):'),
        requires=("base",),
    )
    assert workshop.app("site").get("/fail", status=418).text == "site"


def test_a_directive_of_another_addon_is_not_shadowed(workshop):
    directive = "def includeme(config):\n    config.add_directive('add_thing', lambda c: None)\n"
    workshop.addon("one", directive)
    workshop.addon("two", directive)
    assert "both declare the directive 'add_thing'" in refused(workshop, "one", "two")


def test_a_built_in_directive_cannot_be_shadowed(workshop):
    workshop.addon("one", "def includeme(config):\n    config.add_directive('add_view', print)\n")
    assert "which is the platform's" in refused(workshop, "one")


def test_a_third_party_package_that_two_addons_include_owns_itself(workshop):
    include = "def includeme(config):\n    config.include('pyramid_jinja2')\n"
    workshop.addon("one", include)
    workshop.addon("two", include)
    config = workshop.compose("one", "two")
    assert {"one", "two"} <= config.action_state.includers["pyramid_jinja2"]


RESOURCE = """
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
        permissions = {"read": "public", "write": "authenticated"}

    def includeme(config):
        config.add_resource(Things)
"""
REPLACEMENT = """
    from PKG_base import Things

    class ReadOnly(Things):
        addon = "base"
        operations = ("list", "get")

    def includeme(config):
        {wrap}
            config.add_resource(ReadOnly)
"""


def test_a_resource_is_replaced_as_a_whole_or_not_at_all(workshop):
    workshop.addon("base", RESOURCE)
    workshop.addon(
        "site", REPLACEMENT.format(wrap='with config.overriding("base"):'), requires=("base",)
    )
    workshop.addon("silent", REPLACEMENT.format(wrap="if True:"), requires=("base",))
    registry = workshop.compose("site").registry
    assert registry.system.resources["base.things"].declaration.__name__ == "ReadOnly"
    views = registry.introspector.get_category("views")
    methods = {
        entry["introspectable"].get("request_methods")
        for entry in views
        if entry["introspectable"].get("route_name") == "base.things"
    }
    assert "POST" not in methods
    assert [o.replaced_addon for o in registry.system.overrides if o.kind == "resource"] == ["base"]
    assert "conflict" in refused(workshop, "base", "silent")


SERVICE = """
    from cornice import Service
    from {module} import {base}
    things = Service(name="things", path="/api/base/v1/{path}", description="Things")

    @things.get(permission="public")
    def listed(request):
        return {{"from": "{addon}"}}

    def includeme(config):
        {wrap}
            config.add_cornice_service(things)
"""


def test_a_hand_written_service_is_replaced_as_a_whole(workshop):
    own = SERVICE.format(module="os", base="path", path="words", addon="base", wrap="if True:")
    over = SERVICE.format(
        module="os", base="path", path="words", addon="site", wrap='with config.overriding("base"):'
    )
    workshop.addon("base", own)
    workshop.addon("site", over, requires=("base",))
    assert workshop.app("base").get("/api/base/v1/words").json == {"from": "base"}
    assert workshop.app("site").get("/api/base/v1/words").json == {"from": "site"}
    workshop.addon(
        "silent", over.replace('with config.overriding("base"):', "if True:"), requires=("base",)
    )
    assert "conflict" in refused(workshop, "base", "silent")
