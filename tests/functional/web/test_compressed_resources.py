"""Compressed answers of generated resources: their tags in conditional requests of real rows."""

import gzip
import json

import pytest
from webob import Request

RESOURCE = {
    "__init__.py": """
        from talatat.resources import Resource
        from .models import Book

        class Books(Resource):
            name = "books"
            model = Book
            permissions = {"read": "public", "write": "public"}

        def includeme(config):
            config.add_resource(Books)
        """
}


@pytest.fixture
def library(shelf, database_url):
    """An application with one book whose title is long enough to be worth compressing."""
    shelf.write("shelf", RESOURCE)
    with shelf.composed("shelf", url=database_url) as system:
        with system.session() as session:
            session.add(shelf.module("shelf.models").Book(title="pyramid " * 400))
        yield system.app.app


def ask(application, path, method="GET", body=None, **headers):
    """A request that accepts gzip; WebTest would undo the compression."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request.blank(path, method=method, headers={"Accept-Encoding": "gzip", **headers})
    if body is not None:
        request.content_type = "application/merge-patch+json"
        request.json = body
    return request.get_response(application)


def book_of(application):
    """The path of the only book."""
    listed = ask(application, "/api/shelf/v1/books")
    assert listed.content_encoding == "gzip"
    (book,) = json.loads(gzip.decompress(listed.body))["items"]
    return f"/api/shelf/v1/books/{book['id']}"


def test_the_tag_of_a_compressed_row_is_strong_and_recognised_when_reading(library):
    path = book_of(library)
    first = ask(library, path)
    assert first.content_encoding == "gzip"
    tag = first.headers["ETag"]
    assert tag.endswith('--gzip"')
    assert not tag.startswith("W/")
    again = ask(library, path, If_None_Match=tag)
    assert again.status_int == 304
    assert again.headers["ETag"] == tag


def test_the_tag_of_a_compressed_row_is_recognised_when_writing(library):
    path = book_of(library)
    tag = ask(library, path).headers["ETag"]
    changed = ask(library, path, "PATCH", {"title": "short"}, If_Match=tag)
    assert changed.status_int == 200
    stale = ask(library, path, "PATCH", {"title": "late"}, If_Match=tag)
    assert stale.status_int == 412
