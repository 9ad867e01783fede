"""Compressed answers through a real Pyramid application: what is compressed, and what the tags say."""

import gzip
from urllib.parse import urlencode

import pytest
from pyramid.config import Configurator
from pyramid.response import Response
from webob import Request

LONG = "a line that is repeated\n" * 200
GZIP = {"Accept-Encoding": "gzip"}


def answer(request):
    """An answer made of the query: body size, type, tag and headers."""
    size = int(request.params.get("size", "4000"))
    response = Response(LONG[:size].encode(), content_type=request.params.get("type", "text/plain"))
    response.etag = "v7"
    for name in ("Cache-Control", "Content-Encoding", "Vary"):
        if name in request.params:
            response.headers[name] = request.params[name]
    if request.if_none_match and "v7" in request.if_none_match:
        return Response(status=304, etag="v7")
    if request.if_match and "v7" not in request.if_match:
        return Response(status=412)
    return response


def conditional(request):
    """An answer that leaves it to WebOb to compare the tags."""
    return Response(
        LONG, content_type="text/plain", charset="utf-8", etag="v7", conditional_response=True
    )


@pytest.fixture
def app():
    with Configurator() as config:
        config.include("talatat.web.compression")
        for name, view in (("answer", answer), ("conditional", conditional)):
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name)
        config.add_static_view("static", "talatat.web:static")
        application = config.make_wsgi_app()

    class Client:
        """Asks as a browser does; WebTest would undo the compression."""

        def get(self, path, params=None, headers=None, method="GET"):
            request = Request.blank(path, headers=headers or {}, method=method)
            request.query_string = urlencode(params or {})
            return request.get_response(application)

    return Client()


def test_a_long_text_is_compressed_for_who_accepts_it_and_says_what_it_varies_on(app):
    response = app.get("/answer", headers=GZIP)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["ETag"] == '"v7--gzip"'
    assert int(response.headers["Content-Length"]) < 200
    assert gzip.decompress(response.body).decode() == LONG[:4000]


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_who_does_not_accept_gzip_gets_the_plain_answer_that_varies_too(app, accepted):
    response = app.get("/answer", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["ETag"] == '"v7"'


@pytest.mark.parametrize(
    "params",
    [
        {"size": "1000"},
        {"type": "image/png"},
        {"type": "text/event-stream"},
        {"Content-Encoding": "br"},
        {"Cache-Control": "private, no-store"},
    ],
)
def test_small_encoded_secret_and_packed_answers_stay_as_they_are(app, params):
    response = app.get("/answer", params, headers=GZIP)
    assert response.headers.get("Content-Encoding", "none") != "gzip"
    assert response.headers["ETag"] == '"v7"'
    assert "Vary" not in response.headers


@pytest.mark.parametrize("kind", ["application/json", "application/problem+json", "image/svg+xml"])
def test_json_and_its_relatives_are_compressed(app, kind):
    assert app.get("/answer", {"type": kind}, headers=GZIP).headers["Content-Encoding"] == "gzip"


def test_what_the_answer_varies_on_is_kept(app):
    assert (
        app.get("/answer", {"Vary": "Cookie"}, headers=GZIP).headers["Vary"]
        == "Cookie, Accept-Encoding"
    )
    assert app.get("/answer", {"Vary": "*"}, headers=GZIP).headers["Vary"] == "*"


@pytest.mark.parametrize("path", ["/answer", "/conditional"])
@pytest.mark.parametrize("tag", ['"v7"', '"v7--gzip"', '"other", "v7--gzip"'])
def test_either_tag_of_a_cached_answer_is_recognised(app, path, tag):
    fresh = app.get(path, headers=GZIP).headers["ETag"]
    response = app.get(path, headers={**GZIP, "If-None-Match": tag})
    if path == "/conditional" and "--gzip" not in tag:
        assert response.status_int == 200  # the compressed bytes are others than those it has
    else:
        assert response.status_int == 304
        assert response.headers["ETag"] == (fresh if "--gzip" in tag else '"v7"')


@pytest.mark.parametrize(
    ("tag", "status"), [('"v7"', 200), ('"v7--gzip"', 200), ('"v6--gzip"', 412)]
)
def test_a_write_may_name_the_tag_of_the_compressed_answer(app, tag, status):
    assert app.get("/answer", headers={"If-Match": tag}, method="PUT").status_int == status


def test_a_suffix_inside_a_name_is_left_alone(app):
    headers = {"If-Match": '"v7--gzipped"'}
    assert app.get("/answer", headers=headers, method="PUT").status_int == 412


def test_the_same_answer_has_the_same_bytes(app):
    assert app.get("/answer", headers=GZIP).body == app.get("/answer", headers=GZIP).body


def test_a_file_is_compressed_whole_but_not_in_parts(app):
    whole = app.get("/static/home.css", headers=GZIP)
    assert b"--ground" in gzip.decompress(whole.body)
    part = app.get("/static/home.css", headers={**GZIP, "Range": "bytes=0-9"})
    assert "Content-Encoding" not in part.headers
    assert len(part.body) == 10


def test_head_tells_the_length_of_the_plain_answer(app):
    response = app.get("/answer", headers=GZIP, method="HEAD")
    assert response.headers["Content-Length"] == "4000"
    assert response.headers["Vary"] == "Accept-Encoding"
