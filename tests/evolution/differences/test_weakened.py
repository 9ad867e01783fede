"""What an upgrade of an addon may not do unseen, one edit at a time."""

import pytest

from talatat.evolution.differences import differences

PAGE = "route desk.page"
PAGES = """    pages = colander.SchemaNode(
        colander.Int(), missing=1, validator=colander.Range(1, 100), read_permission="desk.write")
"""
DRAWER = """    config.add_route("desk.drawer", "/desk/drawers/{number:[0-9]+}")
    config.add_view(views.page, route_name="desk.drawer", permission="desk.read")
"""
NOTE_AND_FILE = """    config.add_hook("desk.papers", "after_create", views.note)
    config.add_hook("desk.papers", "after_create", views.file)
"""
# name: (what stood there, what stands there, how the line begins that tells of it)
CASES = {
    "a view made public": (
        'route_name="desk.page", permission="desk.write"',
        'route_name="desk.page", permission="public"',
        "views ! danger route desk.page: made public, anybody may call it; it asked for desk.write",
    ),
    "a view for whoever is signed in": (
        'route_name="desk.page", permission="desk.write"',
        'route_name="desk.page", permission="authenticated"',
        "views ! danger route desk.page: asks for authenticated, formerly for desk.write: whoever is",
    ),
    "a view that more roles may call": (
        'route_name="desk.page", permission="desk.write"',
        'route_name="desk.page", permission="desk.read"',
        f"views ! warning {PAGE}: asks for desk.read, formerly for desk.write: the roles desk.clerk may",
    ),
    "a view that fewer roles may call": (
        'route_name="desk.drawer", permission="desk.read"',
        'route_name="desk.drawer", permission="desk.write"',
        "views ~ notice route desk.drawer: asks for desk.write, formerly for desk.read",
    ),
    "a view without CSRF": (
        'route_name="desk.page", permission="desk.write"',
        'route_name="desk.page", permission="desk.write", require_csrf=False',
        "views ! warning route desk.page: takes requests of browsers without a CSRF token now",
    ),
    "a view within another decorator": (
        'route_name="desk.drawer", permission="desk.read"',
        'route_name="desk.drawer", permission="desk.read", decorator=views.logged',
        "views ! warning route desk.drawer: within desk.views.logged, formerly within none",
    ),
    "a view deriver": (
        'config.add_route("desk.page"',
        'config.add_view_deriver(views.derived, "desk")\n    config.add_route("desk.page"',
        "views ! warning view deriver desk: concerns every view",
    ),
    "a method of requests replaced": (
        'config.add_route("desk.page"',
        'config.add_request_method(views.allowed, "has_permission")\n    config.add_route("desk.page"',
        "views ! warning request method has_permission: desk.views.allowed stands in place of what each",
    ),
    "a method of requests": (
        'config.add_route("desk.page"',
        'config.add_request_method(views.allowed, "desk_allowed")\n    config.add_route("desk.page"',
        "views + info request method desk_allowed: desk.views.allowed",
    ),
    "a root factory": (
        'config.add_route("desk.page"',
        'config.set_root_factory(views.allowed)\n    config.add_route("desk.page"',
        "views ! warning root factory: concerns every view",
    ),
    "a new public view": (
        'config.add_route("desk.drawer"',
        'config.add_view(views.page, name="open", permission="public")\n    config.add_route("desk.drawer"',
        "views ! warning view 'open': public: anybody may call it",
    ),
    "a view gone": (
        'config.add_view(views.page, route_name="desk.drawer", permission="desk.read")',
        "pass",
        "views ! notice route desk.drawer gone: ",
    ),
    "a view with other code": (
        'Response("page")',
        'Response("other")',
        "views ~ info route desk.page: other code",
    ),
    "an operation opened": (
        '"read": "desk.read"',
        '"read": "public"',
        "api ! danger GET /api/desk/v1/papers: permission: asks for public, formerly for desk.read",
    ),
    "a role widened by a pattern": (
        '"desk.clerk", ["desk.read"]',
        '"desk.clerk", ["desk.read", "desk.write"]',
        "permissions ! warning role desk.clerk widened: holds desk.write too",
    ),
    "a role widened by a new permission": (
        'config.add_role("desk.clerk"',
        'config.add_permission("desk.burn", "Burn")\n    config.add_role("desk.clerk"',
        "permissions ! warning role desk.keeper widened: holds the new permission desk.burn through desk.*",
    ),
    "a role narrowed": (
        '"desk.keeper", ["desk.*"]',
        '"desk.keeper", ["desk.read"]',
        "permissions ~ notice role desk.keeper narrowed: does not hold desk.* any more",
    ),
    "a role for another addon's permissions": (
        'config.add_role("desk.clerk"',
        'config.add_role("desk.all", ["*"])\n    config.add_role("desk.clerk"',
        "permissions ! warning role desk.all: holds *",
    ),
    "a role gone": (
        'config.add_role("desk.clerk", ["desk.read"])',
        "pass",
        "permissions - notice role desk.clerk: who has it holds nothing by it any more",
    ),
    "another way to sign in": (
        'config.add_role("desk.clerk"',
        'config.add_identity_source("desk.badge", Source())\n    config.add_role("desk.clerk"',
        "permissions ! warning identity source desk.badge: another way to show who makes a request",
    ),
    "a scope gone": (
        "def scope(",
        "def no_scope(",
        "permissions ! danger resource desk.papers: shows every row",
    ),
    "a scope that chooses otherwise": (
        'Paper.state == "new"',
        "True",
        "permissions ! warning resource desk.papers: chooses in another way",
    ),
    "a field shown to everybody": (
        ', read_permission="desk.write"',
        "",
        "permissions ! warning field desk.papers.pages: to read it takes no permission of its own any more",
    ),
    "a field that takes another permission": (
        'read_permission="desk.write"',
        'read_permission="desk.read", write_permission="desk.write"',
        "permissions ~ notice field desk.papers.pages: to read it takes desk.read, formerly desk.write",
    ),
    "a route gone": (
        DRAWER,
        "",
        "routes ! notice desk.drawer /desk/drawers/{number:[0-9]+} gone: links to it break",
    ),
    "an answer's field dropped": (
        PAGES,
        "",
        "api ! warning desk.papers: field pages dropped from answers: in GET /api/desk/v1/papers, ",
    ),
    "a choice gone": (
        '["new", "old"]',
        '["new"]',
        "api ! warning desk.papers.create: field state has old no longer in requests",
    ),
    "a choice more": (
        '["new", "old"]',
        '["new", "old", "lost"]',
        "api + info desk.papers.create: field state may be lost in requests",
    ),
    "a field required": (
        'missing="new"',
        "missing=colander.required",
        "api ! warning desk.papers.create: field state is required in requests",
    ),
    "a limit narrowed": (
        "colander.Range(1, 100)",
        "colander.Range(1, 50)",
        "api ! warning desk.papers.create: maximum of field pages: 100 -> 50 in requests",
    ),
    "a type changed": (
        "title = colander.SchemaNode(colander.String())",
        "title = colander.SchemaNode(colander.Bool(), preparer=str)",
        "api ! warning desk.papers: type of field title: string -> boolean in answers",
    ),
    "a filter gone": (
        'filters = ("title", "state")',
        'filters = ("title",)',
        "api ! warning GET /api/desk/v1/papers: parameter state gone",
    ),
    "operations gone": (
        'name = "papers"',
        'name = "papers"\n    operations = ("list", "get")',
        "api ! danger DELETE /api/desk/v1/papers/{id} gone: who calls it gets 404 or 405",
    ),
    "a route moved": (
        '"/desk/page"',
        '"/desk/sheet"',
        "routes ! warning desk.page: /desk/page -> /desk/sheet; links to it break",
    ),
    "the order of hooks": (
        NOTE_AND_FILE,
        NOTE_AND_FILE.replace("note", "x").replace("file", "note").replace("x", "file"),
        "hooks ~ notice hook desk.papers after_create: called in the order desk.views.file, desk.views.note",
    ),
    "a hook gone": (
        'config.add_hook("desk.papers", "after_create", views.note)',
        "pass",
        "hooks - info hook desk.papers after_create: desk.views.note: ",
    ),
    "a setting gone": (
        "lamps = colander.SchemaNode(colander.Int(), missing=2)",
        "",
        "settings - notice desk.lamps: nobody knows it any more",
    ),
    "a setting more": (
        "missing=2",
        "missing=2)\n    key = colander.SchemaNode(colander.Int(), missing=0",
        "settings + info desk.key: ",
    ),
    "another default": (
        'missing="red"',
        'missing="blue"',
        "settings ! warning desk.colour: its default is another, and the .ini does not set it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_told(told, case):
    was, now, said = CASES[case]
    found = told(was, now)
    assert any(line.startswith(said) for line in found), found


def test_a_surface_without_a_difference_tells_nothing(twice):
    assert differences(twice.surface(), twice.surface()) == []
