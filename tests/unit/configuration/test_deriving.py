"""Views are derived when they are first asked for, and are then what Pyramid would have made of them at once."""

import pytest
from pyramid.request import Request
from pyramid.security import view_execution_permitted
from pyramid.threadlocal import RequestContext

from talatat.configuration.deriving import LateView
from talatat.errors import AddonError

PAGES = """
    from pyramid.response import Response

    class Page:
        def __init__(self, request): self.request = request
        def show(self): return Response("shown")

    def read(request): return Response("read")
    def write(context, request): return Response("written")

    def includeme(config):
        config.add_permission("pages.write", "Write")
        config.add_route("pages.page", "/page")
        config.add_view(read, route_name="pages.page", request_method="GET", permission="public")
        config.add_view(write, route_name="pages.page", request_method="PUT", permission="pages.write")
        config.add_route("pages.class", "/class")
        config.add_view(Page, attr="show", route_name="pages.class", permission="public")
        config.add_view(write, name="alone", permission="pages.write")
"""


def views_of(app, addon="pages"):
    """{(function, methods): what stands in the registry} of an addon."""
    found = app.registry.introspector.get_category("views")
    intrs = [one["introspectable"] for one in found]
    return {
        (intr["callable"].__name__, intr["request_methods"], intr["name"]): intr["derived_callable"]
        for intr in intrs
        if intr.get("addon") == addon
    }


@pytest.fixture
def pages(workshop):
    workshop.addon("pages", PAGES)
    return workshop.app("pages")


def is_derived(view):
    return view._derived is not None


def test_a_view_is_derived_by_its_first_request_and_those_beside_it_are_not(pages):
    views = views_of(pages)
    read, write = views["read", "GET", ""], views["write", "PUT", ""]
    assert type(read) is type(write) is LateView
    assert not is_derived(read)
    assert [pages.get("/page").text for _ in range(2)] == ["read", "read"]
    assert is_derived(read)
    assert not is_derived(write)


def test_predicates_and_permissions_hold_from_the_first_request_on(pages):
    assert pages.put("/page", status=401)
    assert pages.delete("/page", status=405)
    assert pages.get("/class").text == "shown"
    assert pages.get("/alone", status=401)


def test_pyramids_own_questions_are_answered_before_a_view_is_derived(pages):
    view = views_of(pages)["write", None, "alone"]
    assert view.__permission__ == "pages.write"
    assert hasattr(view, "__permitted__")
    assert hasattr(view, "__call_permissive__")
    assert not hasattr(view, "__predicated__")
    assert not hasattr(view, "__component_name__")
    assert not is_derived(view)
    request = Request.blank("/")
    request.registry = pages.registry
    with RequestContext(request):
        assert not view_execution_permitted(None, request, "alone")
        assert view.__call_permissive__(None, request).text == "written"


def test_what_a_derived_view_is_called_is_known_of_a_late_one(pages):
    view = views_of(pages)["write", "PUT", ""]
    assert view.__name__ == "write"
    assert view.__original_view__.__name__ == "write"
    assert view.__predicates__
    assert view.__discriminator__()


@pytest.mark.parametrize(
    ("option", "said"), [("idempotency='sometimes'", "sometimes"), ("recent_login='soon'", "soon")]
)
def test_an_option_that_a_deriver_refuses_is_told_at_the_start(workshop, option, said):
    workshop.addon(
        "pages", PAGES.replace('permission="public")', f'permission="public", {option})', 1)
    )
    with pytest.raises(AddonError, match=said):
        workshop.compose("pages")


COLOURS = """
    def coloured(view, info):
        if info.options.get("colour") not in (None, "red"):
            raise ValueError("no such colour")
        return view
    coloured.options = ("colour",)
    def includeme(config):
        config.add_view_deriver(coloured)
"""


def test_with_a_deriver_of_an_addon_all_views_are_derived_at_the_start(workshop):
    workshop.addon("pages", PAGES)
    workshop.addon("colours", COLOURS)
    views = views_of(workshop.app("colours", "pages"))
    assert not any(isinstance(view, LateView) for view in views.values())


def test_what_a_deriver_of_an_addon_refuses_is_told_at_the_start(workshop):
    told = PAGES.replace('permission="public")', 'permission="public", colour="blue")', 1)
    workshop.addon("pages", told)
    workshop.addon("colours", COLOURS)
    with pytest.raises(AddonError, match="no such colour"):
        workshop.compose("colours", "pages")


@pytest.mark.parametrize("option", ["http_cache=3600", "decorator=lambda view: view"])
def test_an_option_that_calls_code_of_the_applications_is_carried_out_at_the_start(
    workshop, option
):
    workshop.addon(
        "pages", PAGES.replace('permission="public")', f'permission="public", {option})', 1)
    )
    app = workshop.app("pages")
    assert not isinstance(views_of(app)["read", "GET", ""], LateView)
    assert app.get("/page").text == "read"
