"""Paths and query strings that nobody types: a 4xx, or exactly what is documented, in little time."""

import time

import pytest
from attacking.holding import assert_problem

PRODUCTS = "/api/catalog/v1/products"
ODD_PATHS = {
    "two slashes": "//api/catalog/v1/products",
    "two slashes inside": "/api//catalog/v1/products",
    "a trailing slash": f"{PRODUCTS}/",
    "dots": "/api/catalog/v1/../v1/products",
    "encoded dots": "/api/catalog/v1/%2e%2e/v1/products",
    "dots up to the disk": "/docs/assets/../../../../etc/passwd",
    "encoded dots up to the disk": "/docs/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "encoded slashes up to the disk": "/docs/assets/..%2f..%2f..%2fetc%2fpasswd",
    "back slashes": "/docs/assets/..%5c..%5cetc%5cpasswd",
    "a NUL": f"{PRODUCTS}%00",
    "a NUL before an ending": "/docs/assets/docs.css%00.png",
    "a parameter of a segment": f"{PRODUCTS};v=1",
    "capitals": "/API/Catalog/V1/Products",
    "a version that is not there": "/api/catalog/v2/products",
    "a version of 5,000 digits": f"/api/catalog/v{'9' * 5000}/openapi.json",
    "a version in Arabic digits": "/api/catalog/v%D9%A1/openapi.json",
    "a path of 60 KB": "/api/" + "a" * 60_000,
    "20,000 segments": "/api" + "/a" * 20_000,
    "not UTF-8": f"{PRODUCTS}/%ff",
    "overlong": f"{PRODUCTS}/%c0%af",
    "a surrogate": f"{PRODUCTS}/%ed%a0%80",
    "an id of 50 KB": f"{PRODUCTS}/{'a' * 50_000}",
    "an id with a wildcard": f"{PRODUCTS}/%25",
    "an id in a list": f"{PRODUCTS}/00000000-0000-7000-8000-000000000000,*",
    "an id in braces": f"{PRODUCTS}/%7b01890a5d-ac96-774b-bcce-b302099a8057%7d",
    "an id as a URN": f"{PRODUCTS}/urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
    "an id with a line end": f"{PRODUCTS}/01890a5d-ac96-774b-bcce-b302099a8057%0a",
    "a verb that is not there": f"{PRODUCTS}:drop",
    "a verb of an item that is not there": f"{PRODUCTS}/1:drop",
    "two verbs": "/api/orders/v1/orders:checkout:checkout",
    "an encoded colon": "/api/orders/v1/orders%3Acheckout",
}
IDS = "01890a5d-ac96-774b-bcce-b302099a8057"
BAD_QUERIES = {
    "an unknown parameter": "x=1",
    "an unknown operator": "title[like]=a",
    "an operator in capitals": "title[EQ]=a",
    "an empty operator": "title[]=a",
    "an operator in an operator": "title[eq][eq]=a",
    "an operator that never ends": "title[" + "e" * 50_000,
    "a name of 50,000 brackets": "[" * 50_000 + "=1",
    "a name of no characters": "=1",
    "a parameter twice": "title=a&title=b",
    "a parameter twice, once encoded": "title=a&%74itle=b",
    "a filter and the same one spelled out": "stock=1&stock[eq]=1&stock=1",
    "10,000 parameters": "&".join(f"a{n}=1" for n in range(10_000)),
    "50,000 ampersands": "&" * 50_000 + "x",
    "a NUL in a name": "ti%00tle=a",
    "a NUL in a value": "title=a%00b",
    "not UTF-8": "title=%ff",
    "overlong": "title=%c0%af",
    "a surrogate": "title=%ed%a0%80",
    "a limit of nothing": "limit=",
    "a limit of zero": "limit=0",
    "a negative limit": "limit=-1",
    "a limit that is not whole": "limit=1.5",
    "a limit in Arabic digits": "limit=%D9%A1",
    "a limit with a space": "limit=%201",
    "a limit of infinity": "limit=Infinity",
    "no sort": "sort=",
    "a sort by a secret": "sort=password_hash",
    "a sort by a relation": "sort=categories.slug",
    "a sort by SQL": "sort=title;DROP TABLE catalog_product",
    "a sort by two signs": "sort=--title",
    "a sort by one thing twice": "sort=title,-title",
    "a sort by 20,000 things": "sort=" + "title," * 9_000,
    "fields of nothing": "fields=",
    "fields of an empty name": "fields=id,,title",
    "fields of a secret": "fields=password_hash",
    "fields too deep": "fields=" + ".".join(["a"] * 20_000),
    "fields of a leaf 4,000 times": "fields=" + ",".join(["price.amount.x"] * 4_000),
    "fields of Python": "fields=__class__",
    "an id that is none": "id=1",
    "an id with a line end": f"id={IDS}%0a",
    "an id among others that is none": f"id[in]={IDS},",
    "a number of 400 digits": "stock=" + "9" * 400,
    "a number of 60,000 digits": "stock=" + "9" * 60_000,
    "a number beyond 64 bits": f"stock={2**63}",
    "a number that is none": "stock=NaN",
    "201 values": "sku[in]=" + ",".join(map(str, range(201))),
    "50,000 commas": "sku[in]=" + "," * 50_000,
    "isnull of neither": "stock[isnull]=yes",
    "a moment that is none": "created_at[gt]=2026-13-01T00:00:00Z",
    "a moment in the year 10,000": "created_at[gt]=10000-01-01T00:00:00Z",
    "a moment that its zone moves out of time": "created_at[gt]=0001-01-01T00:00:00%2B14:00",
    "a price of 1e999999999": "price=1e999999999 EUR",
    "a price of 60,000 digits": "price=" + "9" * 60_000 + " EUR",
    "a price that is no number": "price=NaN EUR",
    "a price without a currency": "price=1",
    "a price among others": "price[in]=1 EUR,2 EUR",
    "an attribute without a name": "attributes.=1",
    "an attribute with quotes in it": 'attributes.a"b=1',
    "an attribute of 60 KB": "attributes." + "a" * 60_000 + "=1",
    "a search of nothing": "q=%20",
    "a search of 60 KB": "q=" + "a" * 60_000,
    "a cursor of nothing": "cursor=",
    "a cursor of 60 KB": "cursor=" + "A" * 60_000,
    "a cursor in another alphabet": "cursor=%F0%9F%98%80",
}
FINE_QUERIES = {
    "SQL as a value": "title=' OR 1=1 --",
    "wildcards as a value": "title[contains]=%25",
    "an operator of a search": 'q="a" OR NEAR(* -',
    "250 words": "q=" + "+".join(["ab"[n % 2] for n in range(250)]),
    "a search that takes time to refuse": "q=" + "a-" * 249,
    "a search of signs": "q=" + "%CC%81" * 400,
    "200 values": "sku[in]=" + ",".join(map(str, range(200))),
    "a limit beyond the largest": "limit=" + "9" * 18,
    "a value of 60 KB": "title=" + "a" * 60_000,
    "a value with back slashes": "title[in]=\\\\,\\,,a",
    "fields 4,000 times": "q=nothing&fields=" + ",".join(["price.amount"] * 4_000),
    "fields of an open map without end": "q=nothing&fields=attributes" + ".a" * 25_000,
    "25,000 escaped commas": "sku[in]=" + "\\," * 25_000,
    "the first moment": "created_at[gt]=0001-01-01T00:00:00Z",
    "the last moment": "created_at[lt]=9999-12-31T23:59:59.999999Z",
}


def ask(shop, query, path=PRODUCTS, method="GET", headers=None):
    began = time.process_time()
    url = f"{path}?{query.replace(' ', '%20')}"
    answer = shop.system.app.request(url, method=method, headers=headers or {}, expect_errors=True)
    seconds = time.process_time() - began
    assert seconds < 3
    return answer


def test_an_odd_path_is_not_another_name_of_a_thing(shop, nothing_is_stored):
    for name, path in ODD_PATHS.items():
        for role in ("anonymous", "admin"):
            answer = shop.system.app.get(path, headers=shop.headers(role), expect_errors=True)
            assert answer.status_int in (400, 404, 405), f"{name}: {answer.status}"
            assert len(answer.body) < 100_000, name
            assert b"root:" not in answer.body
            if path.startswith("/api/"):
                assert_problem(
                    answer.status_int, answer.content_type, answer.body, answer.status_int
                )


def test_a_query_that_is_not_allowed_is_a_400_that_names_it(shop, nothing_is_stored):
    for name, query in BAD_QUERIES.items():
        answer = ask(shop, query)
        assert answer.status_int == 400, f"{name}: {answer.status} {answer.body[:300]!r}"
        assert_problem(answer.status_int, answer.content_type, answer.body, 400)


def test_a_query_that_is_odd_and_allowed_finds_what_it_says(shop, nothing_is_stored):
    for name, query in FINE_QUERIES.items():
        answer = ask(shop, query)
        assert answer.status_int == 200, f"{name}: {answer.status} {answer.body[:300]!r}"
        assert answer.json["items"] == [] or "moment" in name or "limit" in name, name


@pytest.mark.parametrize("value", ["1,", "true,", "a,"])
def test_as_many_values_as_fit_into_a_query_are_too_many_or_no_trouble(
    shop, nothing_is_stored, value
):
    filters = "&".join(f"attributes.{n}[in]={(value * 200)[:-1]}" for n in range(99))
    answer = ask(shop, filters)
    assert answer.status_int in (200, 400), answer.body[:300]


def test_methods_are_what_they_are_and_no_header_makes_another_of_them(shop, nothing_is_stored):
    identifier = shop.send("admin", "get", PRODUCTS)["items"][0]["id"]
    path = f"{PRODUCTS}/{identifier}"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = ask(shop, "", path, "GET", {**shop.headers("admin"), name: "DELETE"})
        assert answer.status_int == 200
        answer = ask(shop, "", path, "POST", {**shop.headers("admin"), name: "DELETE"})
        assert_problem(answer.status_int, answer.content_type, answer.body, 405)
    answer = ask(shop, "_method=DELETE", path, "POST", shop.headers("admin"))
    assert_problem(answer.status_int, answer.content_type, answer.body, 405)
    answer = ask(shop, "", path, "TRACE", shop.headers("admin"))
    assert_problem(answer.status_int, answer.content_type, answer.body, 405)
    assert "DELETE" in answer.headers["Allow"]


def test_headers_of_odd_values_are_ignored_or_refused(shop, nothing_is_stored):
    odd = [
        "",
        "*",
        ",",
        ";",
        '"',
        "a" * 60_000,
        "\xff\xfe",
        '"a"' * 10_000,
        "q=" * 20_000,
        "a/b" * 9_000,
    ]
    names = ["Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Content-Type",
             "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range",
             "Origin", "Prefer", "Request-Id", "Traceparent", "Tracestate", "X-CSRF-Token", "Expect",
             "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Content-Encoding"]  # fmt: skip
    for name in names:
        for value in odd:
            answer = ask(shop, "limit=1", headers={name: value})
            assert answer.status_int in (200, 304, 400, 401, 406, 415), f"{name}: {answer.status}"
            if answer.status_int >= 400:
                assert_problem(
                    answer.status_int, answer.content_type, answer.body, answer.status_int
                )
            assert answer.headers["Request-Id"] != value or len(value) < 130
