"""Composing: failures stay home, nothing is open that was not said to be, names of lines."""

import subprocess
import sys

import pytest

from talatat.composing import compose, load_composition
from talatat.errors import AddonError, CompositionError

GOOD = """
    from pyramid.response import Response
    def includeme(config):
        config.add_route("good.page", "/good")
        config.add_view(lambda r: Response("good"), route_name="good.page", permission="public")
"""
BROKEN = """
    def includeme(config):
        raise KeyError("a thing that is not there")
"""


def test_an_include_that_raises_stops_the_start_with_its_addon_and_line(workshop):
    workshop.addon("broken", BROKEN)
    with pytest.raises(AddonError) as caught:
        workshop.compose("broken")
    said = str(caught.value)
    assert "addon broken" in said
    assert "site.ini:4" in said
    assert "KeyError: 'a thing that is not there'" in said
    assert "_broken/__init__.py:3" in said
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_import_error_stops_the_start_in_the_same_words(workshop):
    workshop.addon("broken", "import nothing_of_that_name\n")
    with pytest.raises(AddonError, match=r"addon broken.*ModuleNotFoundError"):
        workshop.compose("broken")


def test_quarantine_leaves_a_failing_addon_out_with_its_dependents(workshop):
    workshop.addon("good", GOOD)
    workshop.addon("broken", BROKEN)
    workshop.addon("above", GOOD.replace("good", "above"), requires=("broken",))
    app = workshop.app("good", "broken", "above", settings="talatat.on_addon_error = quarantine\n")
    assert app.get("/good").text == "good"
    assert app.get("/above", status=404)
    assert set(app.registry.system.quarantined) == {"broken", "above"}
    assert app.get("/readyz", expect_errors=True).json["quarantined"] == ["above", "broken"]


def test_an_action_that_fails_is_quarantined_too(workshop):
    workshop.addon("good", GOOD)
    workshop.addon(
        "broken",
        """
        def fail(): raise ValueError("late")
        def includeme(config):
            config.action("late", fail)
        """,
    )
    app = workshop.app("good", "broken", settings="talatat.on_addon_error = quarantine\n")
    assert "ValueError: late" in app.registry.system.quarantined["broken"]


def test_a_critical_addon_that_cannot_load_stops_the_start_even_under_quarantine(workshop):
    workshop.addon("broken", BROKEN, critical=True)
    with pytest.raises(AddonError, match="addon broken is critical"):
        workshop.compose("broken", settings="talatat.on_addon_error = quarantine\n")


def test_a_critical_addon_whose_requirement_fails_stops_the_start(workshop):
    workshop.addon("broken", BROKEN)
    workshop.addon("vital", GOOD, requires=("broken",), critical=True)
    with pytest.raises(AddonError, match="addon vital is critical"):
        workshop.compose("vital", settings="talatat.on_addon_error = quarantine\n")


@pytest.mark.parametrize(
    "declare", ["config.add_view(page, route_name='p')", "config.scan('.views')"]
)
def test_a_view_without_permission_stops_the_start_with_its_line(workshop, declare):
    workshop.addon(
        "careless",
        f"""
        def page(request): return None
        def includeme(config):
            config.add_route("p", "/p")
            {declare}
        """,
        files={
            "views.py": """
            from pyramid.view import view_config
            @view_config(route_name="p")
            def page(request): return None
            """
        },
    )
    with pytest.raises(CompositionError) as caught:
        workshop.compose("careless")
    assert "has no permission" in str(caught.value)
    assert 'permission="public"' in str(caught.value)
    assert "_careless/" in str(caught.value)


def test_a_third_party_packages_views_take_the_permission_of_the_ini(workshop):
    (workshop.folder / f"{workshop.mark}plain.py").write_text(
        "from pyramid.response import Response\n"
        "def includeme(config):\n"
        "    config.add_route('plain', '/plain')\n"
        "    config.add_view(lambda r: Response('plain'), route_name='plain')\n"
    )
    plain = f"{workshop.mark}plain"
    with pytest.raises(CompositionError, match=f"talatat.permissions.{plain} = public"):
        workshop.compose(plain)
    app = workshop.app(plain, settings=f"talatat.permissions.{plain} = public\n")
    assert app.get("/plain").text == "plain"


def test_include_with_runs_after_every_includeme_and_only_where_the_other_is_composed(workshop):
    workshop.addon(
        "early",
        """
        def together(config):
            config.registry.seen = sorted(config.registry.system.settings.namespaces)
        def includeme(config):
            config.include_with("late", together)
        """,
    )
    workshop.addon(
        "late",
        """
        import colander
        class Late(colander.MappingSchema):
            x = colander.SchemaNode(colander.Int(), missing=1)
        def includeme(config):
            config.add_settings_schema(Late)
        """,
    )
    assert "late" in workshop.compose("early", "late").registry.seen
    assert not hasattr(workshop.compose("early").registry, "seen")


def test_every_introspectable_carries_its_addon(workshop):
    workshop.addon("good", GOOD)
    introspector = workshop.compose("good").registry.introspector
    routes = {
        e["introspectable"]["name"]: e["introspectable"]["addon"]
        for e in introspector.get_category("routes")
    }
    assert routes["good.page"] == "good"
    assert set(routes.values()) == {"good", "talatat"}


def test_settings_errors_of_all_addons_stop_the_start_together(workshop):
    code = """
        import colander
        class S(colander.MappingSchema):
            size = colander.SchemaNode(colander.Int())
        def includeme(config):
            config.add_settings_schema(S)
        """
    workshop.addon("one", code)
    workshop.addon("two", code)
    with pytest.raises(CompositionError) as caught:
        workshop.compose("one", "two", settings="one.size = big\none.sise = 3\nnobody.x = 1\n")
    assert len(caught.value.problems) == 4


def test_without_leaves_an_addon_out_by_request(workshop, monkeypatch):
    workshop.addon("good", GOOD)
    workshop.addon("other", "def includeme(config): pass")
    workshop.composition("good", "other")
    monkeypatch.setenv("TALATAT_WITHOUT", "other")
    from talatat import composing

    monkeypatch.setattr(composing, "resolve", lambda ini: workshop.composition("good", "other"))
    assert load_composition(str(workshop.ini)).names == ("good",)
    monkeypatch.setenv("TALATAT_WITHOUT", "")
    with pytest.raises(CompositionError, match="TALATAT_WITHOUT names nobody"):
        load_composition(str(workshop.ini), without=["nobody"])


def test_composing_opens_no_connection_and_starts_no_thread(workshop):
    workshop.addon("good", GOOD)
    import threading

    before = threading.active_count()
    workshop.compose("good")
    assert threading.active_count() == before
    assert not (workshop.folder / "db.sqlite").exists()


def test_two_apps_of_one_composition_in_one_process_do_not_disturb_each_other(workshop):
    workshop.addon("good", GOOD)
    one, two = workshop.app("good"), workshop.app("good")
    assert one.registry.system is not two.registry.system
    assert one.get("/good").text == two.get("/good").text == "good"


def test_pyramids_own_tools_list_the_composed_routes(tmp_path):
    ini = tmp_path / "site.ini"
    ini.write_text(
        "[app:main]\nuse = egg:talatat\ntalatat.addons =\n"
        f"sqlalchemy.url = sqlite:///{tmp_path}/db.sqlite\ntalatat.development = true\n"
        f"talatat.secret = file:{tmp_path}/secret\n"
    )
    for tool, expected in {
        "proutes": "/livez",
        "ptweens": "pyramid_tm",
        "pviews": "/livez",
    }.items():
        args = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            f"from pyramid.scripts.{tool} import main; main()",
            str(ini),
        ]
        if tool == "pviews":
            args.append("/livez")
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        assert expected in done.stdout, done.stderr
    shell = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            "from pyramid.scripts.pshell import main; main()",
            str(ini),
            "-p",
            "python",
        ],
        input="print('composed:', registry.system.composition.names)\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "composed: ()" in shell.stdout, shell.stderr


def test_the_platform_alone_composes(tmp_path):
    ini = tmp_path / "site.ini"
    ini.write_text("[app:main]\nuse = egg:talatat\nsqlalchemy.url = sqlite:///%(here)s/x\n")
    assert compose(load_composition(str(ini))).registry.system.composition.names == ()


def test_a_database_url_that_cannot_be_used_is_an_error_of_its_line(tmp_path):
    ini = tmp_path / "site.ini"
    ini.write_text("[app:main]\nuse = egg:talatat\nsqlalchemy.url = mysql://me:secret@db/x\n")
    with pytest.raises(
        CompositionError, match=r"site\.ini:3: sqlalchemy\.url is of mysql"
    ) as caught:
        compose(load_composition(str(ini)))
    assert "secret" not in str(caught.value)
