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


ANSWERS = """
    from pyramid.httpexceptions import HTTPFound
    from pyramid.response import Response

    class Own(Response):
        def __call__(self, environ, start_response):
            self.headers["X-Own"] = "yes"
            return super().__call__(environ, start_response)

    def plain(request): return Response("plain", content_type="text/plain", headers={"X-One": "1"})
    def there(request):
        response = Response("made", status=201)
        response.headerlist.append(("location", request.params["to"]))
        return response
    def own(request): return Own("own")
    def asked(request): return Response("asked", conditional_response=True, etag="one")

    def includeme(config):
        for view in (plain, there, own, asked):
            config.add_route(f"answers.{view.__name__}", f"/{view.__name__}")
            config.add_view(view, route_name=f"answers.{view.__name__}", permission="public")
"""


def test_a_response_that_is_sent_as_it_is_is_what_webob_would_send(workshop):
    workshop.addon("answers", ANSWERS)
    app = workshop.app("answers")
    plain = app.get("/plain")
    assert (plain.text, plain.headers["X-One"], plain.headers["Content-Length"]) == (
        "plain",
        "1",
        "5",
    )
    assert app.head("/plain").body == b""
    assert app.get("/own").headers["X-Own"] == "yes"
    assert app.get("/asked", headers={"If-None-Match": '"one"'}, status=304).body == b""


def test_a_relative_location_is_made_whole_and_a_whole_one_is_left(workshop):
    workshop.addon("answers", ANSWERS)
    app = workshop.app("answers")
    assert app.get("/there?to=/next", status=201).headers["Location"] == "http://localhost/next"
    whole = "https://example.org/next"
    assert app.get("/there", {"to": whole}, status=201).headers["Location"] == whole
