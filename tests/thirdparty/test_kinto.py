"""A whole application under a path: an unmodified Kinto in its own registry, beside our transactions."""

import pytest

from talatat.testing import composed

ARCHIVE = """
from kinto import main


def includeme(config):
    application = main(
        {},
        **{
            "userid_hmac_secret": "a secret of tests",
            "storage_backend": "kinto.core.storage.memory",
            "permission_backend": "kinto.core.permission.memory",
            "cache_backend": "kinto.core.cache.memory",
            "multiauth.policies": "basicauth",
            # Kinto's permissions on single objects know no SCRIPT_NAME; those of its settings do.
            **{
                f"{kind}_{right}_principals": "system.Authenticated"
                for kind in ("bucket", "collection", "record")
                for right in ("create", "read", "write")
            },
        },
    )
    config.mount_wsgi("/archive", application, permission="public")
"""
BUCKET = "/archive/v1/buckets/library"


# Kinto's own use of its libraries, which we mount as it is.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture
def archive(shelf, database_url):
    """Kinto mounted by an addon, on a system that has a database and transactions of its own."""
    shelf.write("archive", {"__init__.py": ARCHIVE})
    with composed(["shelf", "archive"], url=database_url) as system:
        system.app.authorization = ("Basic", ("librarian", "a password"))
        yield system.app


def test_a_record_is_written_and_read_through_a_mounted_kinto(archive):
    archive.put_json(BUCKET, {}, status=201)
    archive.put_json(f"{BUCKET}/collections/books", {}, status=201)
    made = archive.post_json(
        f"{BUCKET}/collections/books/records", {"data": {"title": "On Pyramids"}}, status=201
    )
    identifier = made.json["data"]["id"]
    read = archive.get(f"{BUCKET}/collections/books/records/{identifier}", status=200)
    assert read.json["data"]["title"] == "On Pyramids"
    listed = archive.get(f"{BUCKET}/collections/books/records", status=200).json["data"]
    assert [record["id"] for record in listed] == [identifier]


def test_its_registry_takes_nothing_over(archive):
    assert archive.get("/archive/v1/", status=200).json["project_name"] == "kinto"
    archive.get("/", status=200)
    problem = archive.get("/api/nowhere", status=404)
    assert problem.content_type == "application/problem+json"
    assert archive.get("/archive/v1/nowhere", status=404).json["errno"]
    assert archive.get("/readyz", status=200).json["status"] == "ok"


def test_its_answers_carry_our_request_id(archive):
    answer = archive.get("/archive/v1/", headers={"Request-Id": "abc"}, status=200)
    assert answer.headers["Request-Id"] == "abc"
