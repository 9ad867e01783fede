"""Forged cursors and ETags: thousands of them, and none is taken for a real one."""

import base64
import os

import pytest
from attacking.holding import assert_problem
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from talatat.resources.listing.cursor import Cursor, CursorSealer, digest_of
from talatat.security import KeyRing

PRODUCTS = "/api/catalog/v1/products"
# Ten times as many by `make fuzz`.
NUMBER = 3000 if os.environ.get("TALATAT_ACCEPT", "") not in ("", "0") else 300
MANY = settings(
    max_examples=NUMBER,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def cursor(shop):
    """A real cursor and the query that it belongs to."""
    page = shop.send("admin", "get", f"{PRODUCTS}?limit=1&sort=title")
    return page["next"].partition("cursor=")[2].partition("&")[0]


def refused(shop, query, code="invalid_cursor"):
    answer = shop.system.app.get(PRODUCTS, query, expect_errors=True)
    problem = assert_problem(answer.status_int, answer.content_type, answer.body, 400)
    assert problem["code"] == code


def test_no_random_cursor_is_taken(shop, nothing_is_stored):
    texts = st.text(ALPHABET, min_size=1, max_size=200)
    packed = st.binary(min_size=1, max_size=150).map(
        lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    )

    @MANY
    @given(
        texts | packed | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=50)
    )
    def check(text):
        refused(shop, {"cursor": text, "limit": "1"})

    check()


def test_no_cursor_that_was_changed_in_one_place_is_taken(shop, cursor, nothing_is_stored):
    @MANY
    @given(st.integers(0, len(cursor) - 1), st.sampled_from(ALPHABET + "=+/ ~%"))
    def check(at, letter):
        changed = cursor[:at] + letter + cursor[at + 1 :]
        if changed != cursor:
            refused(shop, {"cursor": changed, "sort": "title", "limit": "1"})

    check()
    for changed in (cursor[:-1], cursor + "A", cursor * 2, cursor + "=", cursor.swapcase()):
        refused(shop, {"cursor": changed, "sort": "title", "limit": "1"})


@pytest.mark.parametrize(
    "query",
    [{}, {"sort": "-title"}, {"sort": "title", "q": "ink"}, {"sort": "title", "stock": "1"},
     {"sort": "title", "stock[gt]": "1"}, {"sort": "sku"}],
)  # fmt: skip
def test_a_cursor_of_another_query_is_not_taken(shop, cursor, nothing_is_stored, query):
    refused(shop, {"cursor": cursor, **query})


def test_a_cursor_of_another_resource_or_another_secret_is_not_taken(shop, cursor):
    answer = shop.system.app.get(
        "/api/catalog/v1/categories", {"cursor": cursor, "sort": "title"}, expect_errors=True
    )
    assert answer.status_int == 400
    keys = KeyRing(["another system's secret"])
    at = Cursor(("a", "0198c0de-0000-7000-8000-000000000000"))
    forged = CursorSealer(keys).dumps(at, digest_of("catalog.products", [("sort", "title")]))
    refused(shop, {"cursor": forged, "sort": "title"})
    ours = CursorSealer(shop.system.system.keys).dumps(
        at, digest_of("catalog.products", [("sort", "title")])
    )
    shop.system.app.get(PRODUCTS, {"cursor": ours, "sort": "title"}, status=200)


def test_no_random_etag_lets_a_write_pass_or_hides_a_row(shop):
    path = f"{PRODUCTS}/{shop.send('admin', 'get', PRODUCTS)['items'][0]['id']}"
    row = shop.system.app.get(path)
    known, title = row.headers["ETag"], row.json["title"]
    plain = st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
    )
    near = st.builds(
        lambda at, letter: known[:at] + letter + known[at + 1 :],
        st.integers(0, len(known) - 1),
        st.sampled_from('0123456789abcdef."-,* W/'),
    )
    listed = st.lists(near | plain, max_size=40).map(", ".join)

    @settings(MANY, max_examples=NUMBER // 3)
    @given(plain | near | listed)
    def check(tag):
        versions = known.strip('"').partition("-")[0]
        right = tag.strip() in ("", "*") or f'"{versions}-' in tag or f'"{versions}"' in tag
        headers = {**shop.headers("admin"), "If-Match": tag}
        answer = shop.system.app.patch_json(
            path, {"title": title}, headers=headers, expect_errors=True
        )
        if answer.status_int == 412:
            assert_problem(412, answer.content_type, answer.body, 412)
        else:
            assert answer.status_int == 200
            assert right, tag
        seen = shop.system.app.get(path, headers={"If-None-Match": tag})
        if seen.status_int == 304:
            assert known in tag or tag.strip() == "*", tag
        else:
            assert tag != known

    check()
