"""The router: one class for all requests, with whatever addons gave to requests."""

ADDED = """
    from pyramid.request import Request
    from pyramid.response import Response

    def greet(request, name): return f"hello {name}"

    def page(request):
        again = request.invoke_subrequest(Request.blank("/inner"))
        return Response(f"{request.greeting} {request.greet('you')} {id(type(request))} {again.text}")

    def includeme(config):
        config.add_request_method(lambda request: "base", "greeting", reify=True)
        config.add_request_method(greet)
        config.add_route("added.page", "/page")
        config.add_route("added.inner", "/inner")
        config.add_view(page, route_name="added.page", permission="public")
        config.add_view(lambda r: Response(r.greeting + "; " + r.greet("me")), route_name="added.inner",
                        permission="public")
"""


def test_requests_share_a_class_that_has_what_addons_added(workshop):
    workshop.addon("added", ADDED)
    app = workshop.app("added")
    first, second = app.get("/page").text, app.get("/page").text
    assert first.startswith("base hello you ")
    assert first == second  # with the identity of the class in them


def test_a_request_that_a_view_makes_has_the_additions_too(workshop):
    workshop.addon("added", ADDED)
    assert workshop.app("added").get("/page").text.endswith(" base; hello me")


def test_a_request_factory_may_be_a_function(workshop):
    workshop.addon("added", ADDED)
    workshop.addon(
        "factory",
        """
        from pyramid.request import Request
        def make(environ): return Request(environ)
        make.blank = Request.blank
        def includeme(config):
            with config.overriding("talatat"):
                config.set_request_factory(make)
        """,
    )
    assert workshop.app("factory", "added").get("/inner").text == "base; hello me"
