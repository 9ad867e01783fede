"""Bare WSGI: routes by comparison, SQL by hand on psycopg, checks by hand, orjson.

Nobody should write a shop so. It does what the others do, the authentication, validation, locks and the
commit included, with as little as Python and psycopg allow.

Follows: PEP 3333; https://www.psycopg.org/psycopg3/docs/advanced/prepare.html (prepared statements)
"""

from __future__ import annotations

from typing import Any

import orjson
from bench.peers.limit.checkout import checkout
from bench.peers.limit.database import connection
from bench.peers.limit.history import page as history
from bench.peers.limit.identity import allowed
from bench.peers.limit.products import change, show
from bench.peers.limit.products import page as search
from bench.peers.limit.refusing import Refused

JSON = orjson.OPT_UTC_Z
PRODUCTS = "/api/catalog/v1/products"
ONE = PRODUCTS + "/"
STATUS = {200: "200 OK", 201: "201 Created"}


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The WSGI application."""
    headers: list[tuple[str, str]] = []
    try:
        status, document, headers = _answer(environ)
    except Refused as error:
        status, document = error.status, {"detail": error.detail}
    body = orjson.dumps(document, option=JSON)
    start_response(
        STATUS.get(status) or f"{status} Refused",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers],
    )
    return [body]


def _answer(environ: dict[str, Any]) -> tuple[int, Any, list[tuple[str, str]]]:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "GET":
        if path == PRODUCTS:
            return 200, search(connection(), environ), []
        if path.startswith(ONE):
            document, etag = show(connection(), path[len(ONE) :])
            return 200, document, [("ETag", etag)]
        if path == "/api/orders/v1/history":
            return 200, history(connection(), environ), []
        if path == "/livez":
            return 200, {"status": "ok"}, []
    elif method == "POST" and path == "/api/orders/v1/orders:checkout":
        who = allowed(connection(), environ, "orders.checkout")
        order = checkout(connection(), who, _body(environ))
        return 201, order, [("Location", f"/api/orders/v1/orders/{order['id']}")]
    elif method == "PATCH" and path.startswith(ONE):
        allowed(connection(), environ, "catalog.write")
        match = environ.get("HTTP_IF_MATCH")
        document, etag = change(connection(), path[len(ONE) :], _body(environ), match)
        return 200, document, [("ETag", etag)]
    raise Refused(404, "not found")


def _body(environ: dict[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        return orjson.loads(environ["wsgi.input"].read(length))
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not JSON") from None
