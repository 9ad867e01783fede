"""Bodies that are no document, or one too many: refused before anything is stored."""

import gzip
import json
import time
import zlib

import pytest
from attacking.holding import assert_problem

PRODUCTS = "/api/catalog/v1/products"
PRODUCT = {"sku": "X-1", "title": "X", "price": {"amount": "1.00", "currency": "EUR"}}
JSON = {"Content-Type": "application/json"}


def product(**members):
    return json.dumps({**PRODUCT, **members})


def with_attribute(value, name="a"):
    """The text of a product with one attribute, whose value is written as it stands."""
    return product(attributes={name: "@"}).replace('"@"', value)


DEEP = 100_000
NUMBERS = {
    "infinity by an exponent": "1e999",
    "minus infinity by an exponent": "-1e999",
    "10 to the 400": "1" + "0" * 400,
    "a number of 100,000 digits": "9" * 100_000,
    "a fraction of 100,000 digits": "0." + "9" * 100_000 + "e99999",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "a number with a plus": "+1",
    "a number with leading zeros": "007",
    "a number in hexadecimal": "0x10",
    "a number without digits before the point": ".5",
    "an exponent without digits": "1e",
}
MALFORMED = {
    "nothing": b"",
    "white space": b" \r\n\t ",
    "half a document": b'{"sku": ',
    "two documents": b"{} {}",
    "a comment": b"{/* */}",
    "a comma too many": b'{"sku": "a",}',
    "single quotes": b"{'sku': 'a'}",
    "a byte order mark": b"\xef\xbb\xbf" + product().encode(),
    "UTF-16": product().encode("utf-16"),
    "Latin-1": product(title="é").encode().replace(b"\\u00e9", b"\xe9"),
    "an overlong encoding": product().encode().replace(b"X-1", b"X\xc0\xaf1"),
    "a surrogate in UTF-8": product().encode().replace(b"X-1", b"\xed\xa0\x80"),
    "half a surrogate pair": product().replace("X-1", "\\ud800").encode(),
    "half a pair in a name": with_attribute("1", name="\ud800").encode("utf-8", "surrogatepass"),
    "half an escaped pair in a name": with_attribute("1").replace('"a"', '"\\udfff"').encode(),
    "a raw NUL": product().replace("X-1", "X\0").encode(),
    "an escaped NUL": product(sku="X\0").encode(),
    "an escaped NUL in a name": with_attribute("1", name="a\0").encode(),
    "a raw control character": product().replace("X-1", "X\x01").encode(),
    "a member twice": product().replace("{", '{"sku": "Y", ', 1).encode(),
    "a member twice, once escaped": product().replace("{", '{"sk\\u0075": "Y", ', 1).encode(),
    "an attribute twice": with_attribute('1, "a": 2').encode(),
    "arrays in arrays": b"[" * DEEP,
    "closed arrays in arrays": b"[" * DEEP + b"]" * DEEP,
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "arrays in an open map": with_attribute("[" * 40 + "]" * 40).encode(),
    "brackets behind a string that never ends": b'{"a": "' + b"\\" * 200_001 + b"[" * 200_000,
    **{f"as a number, {name}": with_attribute(text).encode() for name, text in NUMBERS.items()},
}
UNFIT = {
    "no object": b"[]",
    "null": b"null",
    "a text": b'"sku"',
    "a million members": json.dumps(dict.fromkeys(map(str, range(80_000)), 1)).encode(),
    "an array in an open map": with_attribute("[1]").encode(),
    "an object in an open map": with_attribute('{"b": 1}').encode(),
    "a price of 10^400": product(price={"amount": "1" + "0" * 400, "currency": "EUR"}).encode(),
    "a price of 1e999999999": product(price={"amount": "1e999999999", "currency": "EUR"}).encode(),
    "a price that is not a number": product(price={"amount": "NaN", "currency": "EUR"}).encode(),
    "a price in Arabic digits": product(price={"amount": "١", "currency": "EUR"}).encode(),
    "a negative price": product(price={"amount": "-1.00", "currency": "EUR"}).encode(),
    "minus no price in a fraction": product(price={"amount": "1.001", "currency": "EUR"}).encode(),
    "a stock of 2^63": product(stock=2**63).encode(),
    "a stock of 1e300": product().replace("{", '{"stock": 1e300, ', 1).encode(),
    "a stock of 1.5": product(stock=1.5).encode(),
    "a stock that is true": product(stock=True).encode(),
    "a stock in a text": product(stock="1").encode(),
    "an id of 100,000 characters": product(id="a" * 100_000).encode(),
    "a title of a million letters": product(title="a" * 900_000).encode(),
    "a description as an object": product(description={}).encode(),
    "10,000 bar codes": product(ean=["12345678"] * 10_000).encode(),
    "a bar code that takes time to refuse": product(ean=["1" * 50_000 + "x"]).encode(),
    "a category that takes time to refuse": product(categories=["a-" * 40_000]).encode(),
    "10,000 attributes": product(attributes=dict.fromkeys(map(str, range(10_000)), 1)).encode(),
}


def post(shop, body, headers=None, path=PRODUCTS, method="POST"):
    """Send `body` as the administrator; gives the answer and the seconds it took."""
    began = time.process_time()
    answer = shop.system.app.request(
        path,
        method=method,
        body=body if isinstance(body, bytes) else body.encode(),
        headers={**shop.headers("admin"), **JSON, **(headers or {})},
        expect_errors=True,
    )
    return answer, time.process_time() - began


def test_what_is_no_document_is_a_400(shop, nothing_is_stored):
    for name, body in MALFORMED.items():
        answer, seconds = post(shop, body)
        problem = assert_problem(answer.status_int, answer.content_type, answer.body, 400)
        assert problem["code"] in (
            "malformed_json", "duplicate_member", "too_deep", "nul_character"
        ), name  # fmt: skip
        assert seconds < 5, name


def test_a_document_that_does_not_fit_is_a_422_that_tells_a_hundred_faults_at_most(
    shop, nothing_is_stored
):
    for name, body in UNFIT.items():
        answer, seconds = post(shop, body)
        problem = assert_problem(answer.status_int, answer.content_type, answer.body, 422)
        assert 1 <= len(problem["errors"]) <= 100, name
        assert seconds < 5, name


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_same_holds_for_other_writes(shop, nothing_is_stored, method):
    identifier = shop.send("admin", "get", PRODUCTS)["items"][0]["id"]
    for bodies, status in ((MALFORMED, 400), (UNFIT, 422)):
        for body in bodies.values():
            answer, _ = post(shop, body, path=f"{PRODUCTS}/{identifier}", method=method)
            assert_problem(answer.status_int, answer.content_type, answer.body, status)


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", bytes), ("identity, gzip", bytes)]
)  # fmt: skip
def test_a_compressed_body_is_not_unpacked(shop, nothing_is_stored, coding, pack):
    bomb = pack(b" " * 10_000_000)[:1_000_000]
    answer, seconds = post(shop, bomb, {"Content-Encoding": coding})
    problem = assert_problem(answer.status_int, answer.content_type, answer.body, 415)
    assert problem["code"] == "unsupported_media_type"
    assert answer.headers["Accept-Encoding"] == "identity"
    assert seconds < 1


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a",
     "application/json; charset=utf-16", "application/json; charset=\xe9", "application/json" * 100,
     "text/json", "application/json, application/json", "application/xml"],
)  # fmt: skip
def test_another_content_type_is_a_415(shop, nothing_is_stored, content_type):
    answer, _ = post(shop, product(), {"Content-Type": content_type})
    assert_problem(answer.status_int, answer.content_type, answer.body, 415)


def test_a_body_of_more_than_a_megabyte_is_a_413_and_is_not_read(shop, nothing_is_stored):
    answer, _ = post(shop, product(description="a" * 1024 * 1024))
    assert_problem(answer.status_int, answer.content_type, answer.body, 413)


def test_numbers_that_are_odd_and_right_keep_their_value(shop):
    for text, value in {"-0": 0, "1e2": 100, "1E-2": 0.01, "-0.0": 0.0, "12345678901234": 12345678901234}.items():  # fmt: skip
        answer, _ = post(shop, with_attribute(text).replace("X-1", f"X{text}"))
        assert answer.status_int == 201, text
        assert answer.json["attributes"]["a"] == value
