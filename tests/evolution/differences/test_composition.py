"""Addons that come, go, change their version, replace and shadow each other."""

from textwrap import dedent

from talatat.evolution.differences import differences
from talatat.evolution.model import SECTIONS

from .conftest import lines

LODGER = """
    from PKG_desk.models import Paper
    from PKG_desk import views
    def mine(request):
        return views.page(request)
    def includeme(config):
        with config.overriding("desk"):
            config.add_view(mine, route_name="desk.page", permission="desk.write")
    """


def test_the_first_release_tells_all_and_blames_nobody(twice):
    changes = differences(None, twice.surface())
    told = lines(changes, twice)
    assert "states + info desk: enabled" in told
    assert "routes + info desk.page /desk/page: " in told
    assert "api + info POST /api/desk/v1/papers: " in told
    assert "permissions + info role desk.keeper: holds desk.*" in told
    assert "settings + info desk.lamps: " in told
    assert {one.symbol for one in changes} == {"+"}
    sections = [SECTIONS.index(one.section) for one in changes]
    assert sections == sorted(sections)


def test_a_release_of_a_platform_that_knew_only_addons_is_a_first_one_for_the_rest(twice):
    now = twice.surface()
    legacy = {"addons": [{"name": "desk", "version": "0.9"}], "heads": {}}
    changes = differences(legacy, now)
    told = lines(changes, twice)
    assert "states ~ info desk: upgraded 0.9 -> 1.0" in told
    assert not [one for one in changes if one.weight in ("warning", "danger")]


def test_versions_go_up_and_down(twice):
    old = twice.surface()
    twice.versions["desk"] = "1.1"
    new = twice.surface()
    prefix = twice.addons.prefix
    up = lines(differences(old, new), twice)
    down = lines(differences(new, old), twice)
    assert up == [
        f"packages ~ info {prefix}-desk: 1.0 -> 1.1",
        "states ~ info desk: upgraded 1.0 -> 1.1",
    ]
    assert down[1] == "states ~ warning desk: downgraded 1.1 -> 1.0"


def test_an_addon_that_goes_takes_its_things_without_blame_and_may_come_back(twice):
    twice.add("lodger", LODGER)
    both, alone = twice.surface(), twice.surface("desk")
    gone = differences(both, alone)
    told = lines(gone, twice)
    assert not [one for one in gone if one.weight in ("warning", "danger")]
    assert "states - notice lodger: disabled; its data stays in the database, asleep" in told
    assert (
        "overrides - notice lodger replaces the view desk.views.page of desk: "
        "desk's own is back, for lodger is not composed any more"
    ) in told
    (left_out,) = [
        one
        for one in differences(both, alone, left_out={"lodger": "it fails"})
        if one.section == "states"
    ]
    assert (left_out.symbol, left_out.weight) == ("!", "warning")
    assert left_out.detail == "left out; its data stays in the database, asleep: it fails"
    back = lines(differences(alone, both, archives=["lodger"]), twice)
    assert "states + notice lodger: restored: its archived data is moved back" in back


MARKS = """
    from sqlalchemy.orm import Mapped, mapped_column
    from talatat.db import Extension, declarative_base, extension_key
    from PKG_desk.models import Paper
    Base = declarative_base("marker")
    class Mark(Extension, Base):
        __tablename__ = "marker_paper"
        paper_id: Mapped[str] = extension_key(Paper)
        stars: Mapped[int] = mapped_column(default=0)
    """


def test_fields_that_an_addon_adds_go_with_it_and_nobody_is_warned(twice):
    alone = twice.surface()
    twice.add(
        "marker",
        """
        import colander
        from PKG_desk.models import Paper
        from .models import Mark
        class Fields(colander.MappingSchema):
            stars = colander.SchemaNode(colander.Int(), missing=0, write_permission="desk.write")
        def includeme(config):
            config.extend_model(Paper, Mark, presence="always")
            config.extend_resource("desk.papers", Fields)
        """,
    )
    twice.files["marker"]["models.py"] = dedent(MARKS)
    both = twice.surface()
    came, gone = differences(alone, both), differences(both, alone)
    assert not [one for one in (*came, *gone) if one.weight in ("warning", "danger")]
    told = lines(came, twice)
    assert "hooks + info marker_paper extends desk_paper: rows for each" in told
    assert any(line.startswith("api + info desk.papers: field marker in answers") for line in told)
    told = lines(gone, twice)
    assert any(
        line.startswith("api - notice desk.papers: field marker dropped from") for line in told
    )
    assert not any("takes no permission of its own" in line for line in told)
    twice.edit(', write_permission="desk.write"', "", addon="marker")
    told = lines(differences(both, twice.surface()), twice)
    assert (
        "permissions ! warning field desk.papers.marker.stars: to write it takes no permission"
        in [line.partition(" of its own")[0] for line in told]
    )


def test_who_replaces_whose_view_is_told_and_again_when_what_is_replaced_changes(twice):
    twice.add("lodger", LODGER)
    alone = twice.surface("desk")
    both = twice.surface()
    came = lines(differences(alone, both), twice)
    assert (
        "overrides ! warning lodger replaces the view desk.views.page of desk: "
        "lodger/__init__.py:8, in place of desk/__init__.py:23"
    ) in came
    assert any(
        line.startswith("views ! warning route desk.page: answered by lodger (lodger.mine)")
        for line in came
    )
    twice.edit('Response("page")', 'Response("another page")')
    told = lines(differences(both, twice.surface()), twice)
    assert (
        "overrides ! warning lodger replaces the view desk.views.page of desk: what is replaced has "
        "changed since: see whether the replacement still fits "
        "(lodger/__init__.py:8, in place of desk/__init__.py:23)"
    ) in told


def test_a_route_that_another_addons_route_shadows_is_told(twice):
    twice.add(
        "greedy",
        """
        from pyramid.response import Response
        def includeme(config):
            config.add_route("greedy.number", "/desk/drawers/7")
            config.add_route("greedy.all", "/desk/p{rest:.*}", request_method="GET")
            config.add_route("greedy.other", "/greedy")
            config.add_view(lambda request: Response("mine"), route_name="greedy.all", permission="public")
        """,
        requires=(),
    )
    alone, before = twice.surface("desk"), twice.surface("desk", "greedy")
    told = lines(differences(alone, before), twice)
    assert (
        "routes ~ notice greedy.all of greedy is shadowed: "
        "desk.page of desk is matched first and takes some requests for it"
    ) in told
    assert any(
        line.startswith("routes ! danger greedy.number of greedy is shadowed") for line in told
    )
    told = lines(differences(before, twice.surface("greedy", "desk")), twice)
    assert (
        "routes ! warning desk.drawer of desk is shadowed: "
        "greedy.number of greedy is matched first and takes some requests for it"
    ) in told
    assert any(line.startswith("routes ! warning desk.page of desk is shadowed") for line in told)
    assert "states ~ notice order of composition: desk, greedy -> greedy, desk" in told
    twice.edit(', request_method="GET"', "", addon="greedy")
    told = lines(differences(before, twice.surface("greedy", "desk")), twice)
    assert any(line.startswith("routes ! danger desk.page of desk is shadowed") for line in told)


def test_a_view_for_another_addons_route_is_told(twice):
    alone = twice.surface()
    twice.add(
        "guest",
        """
        from PKG_desk.views import page
        def includeme(config):
            with config.overriding("desk"):
                config.add_view(
                    page, route_name="desk.page", request_param="guest", permission="desk.write")
        """,
    )
    told = lines(differences(alone, twice.surface()), twice)
    assert (
        "views ! warning route desk.page request_param=guest: takes requests for a route of desk; "
        "asks for desk.write"
    ) in told


def test_settings_are_told_by_name_and_never_by_value(twice, monkeypatch):
    monkeypatch.setenv("DESK_COLOUR", "purple")
    plain = twice.surface()
    twice_set = twice.surface(**{"desk.lamps": "31337", "desk.colour": "${DESK_COLOUR}"})
    changes = differences(plain, twice_set)
    assert lines(changes, twice) == [
        "settings ~ notice desk.colour: of the place where the system runs",
        "settings ~ notice desk.lamps: set",
    ] or lines(changes, twice) == [
        "settings ~ notice desk.lamps: set",
        "settings ~ notice desk.colour: of the place where the system runs",
    ]
    assert "31337" not in str(twice_set["settings"])
    back = lines(differences(twice_set, plain), twice)
    assert "settings ~ notice desk.lamps: not set any more: the default holds" in back
    other = differences(twice_set, twice.surface(**{"desk.lamps": "4"}))
    assert "settings ~ notice desk.lamps: set to another value" in lines(other, twice)
    foreign = twice.surface(**{"jinja2.trim_blocks": "true"})
    assert lines(differences(plain, foreign), twice) == [
        "settings + info jinja2.trim_blocks: of a package that declares no settings"
    ]
    twice.edit("lamps = colander.SchemaNode(colander.Int(), missing=2)", "")
    told = lines(differences(twice_set, twice.surface()), twice)
    assert "settings - warning desk.lamps: nobody knows it any more; it was set" in told


def test_jobs_are_compared_whatever_they_are():
    old = {"format": 1, "jobs": {"a": {"addon": "x", "every": 5}, "b": {"addon": "x"}, "d": 1}}
    new = {"format": 1, "jobs": {"a": {"addon": "x", "every": 6}, "c": {"addon": "x"}, "d": 2}}
    assert [str((one.symbol, one.what, one.detail)) for one in differences(old, new)] == [
        "('~', 'a', 'every 5 -> 6')",
        "('+', 'c', '')",
        "('~', 'd', '1 -> 2')",
        "('-', 'b', '')",
    ]


def test_what_changes_hands_between_addons_is_told():
    """Facts that no single edit of one addon makes."""
    role = {"addon": "x", "permissions": ["x.y"], "holds": ["x.y"]}
    old = {
        "format": 1,
        "platform": "1.0",
        "addons": [
            {"name": "x", "version": "local", "distribution": "d", "requires": [], "implied": False}
        ],
        "heads": {"x": ["0001"]},
        "routes": {"r": {"addon": "x", "pattern": "/r", "methods": [], "factory": None}},
        "tweens": {"x.tween": "x"},
        "permissions": {
            "x.y": {"addon": "x", "title": "Y"},
            "x.z": {"addon": "x", "title": "Z"},
            "x.w": {"addon": "x", "title": "W"},
        },
        "roles": {"x.r": role},
        "identity_sources": {"s": {"addon": "x", "code": "a"}, "t": {"addon": "x", "code": "t"}},
        "settings": {"k": {"addon": "x", "value": "default", "default": None, "required": False}},
        "extensions": [
            {"addon": "x", "table": "a", "extends": "b", "presence": "sparse"},
            {"addon": "x", "table": "old", "extends": "b", "presence": "always"},
        ],
        "hooks": [{"kind": "hook", "on": "b after_create", "addon": "x", "code": "x.f"}],
    }
    new = {
        "format": 1,
        "platform": "1.1",
        "addons": [
            {
                "name": "x",
                "version": "other",
                "distribution": "e",
                "requires": ["y"],
                "implied": True,
            }
        ],
        "heads": {"x": ["0001", "0002"]},
        "routes": {"r": {"addon": "y", "pattern": "/r", "methods": ["GET"], "factory": "f.g"}},
        "tweens": {"y.tween": "x"},
        "permissions": {"x.y": {"addon": "y", "title": "Y"}, "x.w": {"addon": "x", "title": "All"}},
        "roles": {"x.r": role},
        "identity_sources": {"s": {"addon": "y", "code": "b"}},
        "settings": {"k": {"addon": "y", "value": "default", "default": None, "required": True}},
        "extensions": [
            {"addon": "x", "table": "a", "extends": "b", "presence": "always"},
            {"addon": "x", "table": "new", "extends": "b", "presence": "sparse"},
        ],
        "hooks": [{"kind": "subscriber", "on": "E", "addon": "x", "code": "x.g"}],
    }
    told = [
        f"{c.section} {c.symbol} {c.weight} {c.what}: {c.detail}" for c in differences(old, new)
    ]
    assert told == [
        "packages ~ info talatat: 1.0 -> 1.1",
        "packages ~ notice e: local -> other",
        "packages ~ warning x: now of e, formerly of d",
        "states ~ notice x: upgraded local -> other, revision 0001 -> 0001 + 0002",
        "states ~ info x: requires none -> y",
        "states ~ info x: no longer listed, but required",
        "routes ! warning r: now of y, formerly of x",
        "routes ~ notice r: methods none -> GET",
        "routes ~ notice r: root factory none -> f.g",
        "routes + notice tween y.tween: every request passes it",
        "routes - notice tween x.tween: ",
        "hooks + info subscriber E: x.g: ",
        "hooks - info hook b after_create: x.f: ",
        "hooks ~ notice a extends b: presence sparse -> always",
        "hooks + info new extends b: rows where there are any",
        "hooks - info old extends b: ",
        "permissions ! warning x.y: now of y, formerly of x",
        "permissions ~ info x.w: W -> All",
        "permissions ! notice x.z gone: whoever was granted it by name holds nothing by it",
        "permissions ! warning identity source s: x (a) -> y (b)",
        "permissions - notice identity source t: whoever signed in by it is nobody now",
        "settings ! notice k: required now",
        "settings ~ notice k: now of y, formerly of x",
    ]
