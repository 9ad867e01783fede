"""Faults for every family of the suite: one thing broken at a time."""

from __future__ import annotations

from .breaking import (
    THINGS,
    Answer,
    Fault,
    Request,
    at,
    bodies,
    ignoring,
    members,
    pages,
    setting,
    status,
    text,
    without,
)


def _repeat(page):
    page["items"] = page["items"][:1] + page["items"]


def _no_nulls(body):
    return {name: value for name, value in body.items() if value is not None}


def _known_only(body):
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if not name.startswith("no_such")}


def _no_tests(body):
    if not isinstance(body, list):
        return body
    return [one for one in body if not isinstance(one, dict) or one.get("op") != "test"]


def _not_atomic(body):
    return {**body, "atomic": False} if isinstance(body, dict) and "items" in body else body


def _one_by_one(body):
    return {name: value for name, value in body.items() if name != "where"}


def _as_owner(request: Request):
    if request.environ.get("HTTP_X_TALATAT_CHECK") == "-":
        request.environ["HTTP_X_TALATAT_CHECK"] = "*"


def _keeps(request: Request):
    """A delete that deletes nothing."""
    if request.method == "DELETE":
        request.environ["REQUEST_METHOD"] = "GET"
        request.environ["asked"] = "DELETE"


def _kept(answer: Answer):
    if "asked" in answer.request.environ:
        answer.status, answer.body, answer.headers = 204, b"", {}


def _lenient(request: Request):
    if request.body.startswith(b"{") and not request.body.rstrip().endswith(b"}"):
        request.body = b"{}"


def _to_html(answer: Answer):
    if answer.status >= 400:
        answer.headers["Content-Type"] = "text/html"


def _fails(answer: Answer):
    if "no_such_thing" in answer.request.environ["QUERY_STRING"]:
        answer.status = 500


def _redirects(answer: Answer):
    if answer.status == 404:
        answer.status = 302


def _weak(answer: Answer):
    if "ETag" in answer.headers:
        answer.headers["ETag"] = f"W/{answer.headers['ETag']}"


def _public(answer: Answer):
    if answer.status < 300:
        answer.headers["Cache-Control"] = "max-age=60"


def _head_with_less(answer: Answer):
    if answer.request.method == "HEAD":
        answer.headers.pop("ETag", None)


def _short(request: Request):
    request.turn(
        "limit", lambda value: str(int(value) - 1) if value.isdigit() and value > "1" else value
    )


def _no_tombstones(answer: Answer):
    if answer.request.path.endswith(":changes"):
        answer.rewrite(
            lambda page: (
                page.update(items=[one for one in page["items"] if not one["deleted"]])
                if "items" in page
                else None
            )
        )


def _feed_of_nothing(answer: Answer):
    if answer.request.path.endswith(":changes") and answer.status == 200:
        answer.rewrite(lambda page: page.update(items=[]))


def _never_back(request: Request):
    if request.path.endswith(":restore"):
        request.environ["PATH_INFO"] = request.path.removesuffix(":restore")
        request.environ["REQUEST_METHOD"] = "GET"


FAULTS = [
    Fault("discovery", "api-names-groups", after=at("/api", lambda index: index.pop("limits"))),
    Fault("discovery", "listed-in-api", after=at("/api", lambda index: index["groups"].clear())),
    Fault("discovery", "document-etag", after=without("ETag")),
    Fault("discovery", "nothing-there", after=_redirects),
    Fault("create", "made-from-the-document", after=status(201, 200)),
    Fault("create", "create-201", after=without("Location")),
    Fault("create", "unknown-member", before=bodies(_known_only, "POST")),
    Fault("create", "no-own-id", before=bodies(lambda body: {k: v for k, v in body.items() if k != "id"}, "POST")),
    Fault("shapes", "page-shape", after=pages(lambda page: page.pop("prev"))),
    Fault("shapes", "moments-in-utc", after=text(rb'(\d)Z"', rb'\1+00:00"')),
    Fault("shapes", "money", after=text(rb'"amount":"([\d.]+)"', rb'"amount":\1')),
    Fault("shapes", "one-row-one-shape", after=pages(lambda page: [row.pop("name", 0) for row in page["items"]])),
    Fault("limits", "limit-zero", before=lambda request: request.turn("limit", lambda value: "1" if value == "0" else value)),
    Fault("limits", "limit-exact", before=_short),
    Fault("limits", "limit-words", before=lambda request: request.turn("limit", lambda value: value if value.lstrip("-").isdigit() else "10")),
    Fault("parameters", "unknown-parameter", before=ignoring("no_such_thing")),
    Fault("parameters", "repeated-parameter", before=lambda request: request.environ.update(
        QUERY_STRING="&".join(dict.fromkeys(request.environ["QUERY_STRING"].split("&"))))),
    Fault("cursors", "each-row-once", after=lambda answer: pages(_repeat)(answer) if "cursor=" in answer.request.environ["QUERY_STRING"] else None),
    Fault("cursors", "forged-cursor", before=lambda request: request.keep(lambda name: name != "cursor" or len(dict(request.query)["cursor"]) > 60)),
    Fault("cursors", "prev-comes-back", after=pages(lambda page: page.update(prev=None))),
    Fault("cursors", "link-header", after=without("Link")),
    Fault("sorting", "order-turns", before=lambda request: request.turn("sort", lambda value: value.lstrip("-"))),
    Fault("sorting", "unknown-sort", before=lambda request: request.keep(lambda name: name != "sort" or "no_such" not in dict(request.query)["sort"])),
    Fault("filters", "filter-eq", before=ignoring("name", "rank", "code", "kind", "active")),
    Fault("filters", "filter-isnull", before=lambda request: request.turn("rank[isnull]", lambda value: "false" if value == "true" else "true")),
    Fault("filters", "filter-lt", before=lambda request: request.environ.update(
        QUERY_STRING=request.environ["QUERY_STRING"].replace("%5Blt%5D", "%5Blte%5D"))),
    Fault("filters", "every-operator-answers", after=lambda answer: setattr(answer, "status", 500) if "%5Bgte%5D" in answer.request.environ["QUERY_STRING"] else None),
    Fault("sparse", "each-field", before=ignoring("fields")),
    Fault("expand", "expand-each", before=ignoring("expand")),
    Fault("counting", "count-exact", after=pages(lambda page: page.update(count=page["count"] + 1) if "count" in page else None)),
    Fault("search", "search-condition", before=bodies(_one_by_one, "POST")),
    Fault("search", "full-text", before=ignoring("q")),
    Fault("replace", "put-creates", after=status(201, 200, "PUT")),
    Fault("replace", "put-none-match", before=lambda request: request.drop("If-None-Match")),
    Fault("merge-patch", "patch-null", before=bodies(_no_nulls, "PATCH")),
    Fault("merge-patch", "patch-changes-one", after=lambda answer: answer.rewrite(
        lambda row: row.update(rank=-1) if "rank" in row else None) if answer.request.method == "PATCH" else None),
    Fault("json-patch", "json-patch-test", before=bodies(_no_tests, "PATCH")),
    Fault("conditional", "etag-strong", after=without("ETag")),
    Fault("conditional", "etag-strong", after=_weak),
    Fault("conditional", "not-modified", before=lambda request: request.drop("If-None-Match")),
    Fault("conditional", "lost-update", before=lambda request: request.drop("If-Match")),
    Fault("conditional", "etag-changes", after=setting("ETag", '"1-1"')),
    Fault("dry-run", "dry-create", before=ignoring("validate_only")),
    Fault("idempotency", "key-replays", before=lambda request: request.drop("Idempotency-Key")),
    Fault("batch", "batch-atomic", before=bodies(_not_atomic, "POST")),
    Fault("actions", "action-is-post", after=status(405, 404)),
    Fault("deleting", "deleted-is-gone", before=_keeps, after=_kept),
    Fault("deleting", "delete-204", after=status(204, 200)),
    Fault("changes", "feed-delete", after=_no_tombstones),
    Fault("changes", "feed-create", after=_feed_of_nothing),
    Fault("restoring", "restore", before=_never_back),
    Fault("access", "nobody-is-asked", after=without("WWW-Authenticate")),
    Fault("access", "stranger-is-refused", before=_as_owner),
    Fault("errors", "malformed-json", before=_lenient),
    Fault("errors", "method-not-allowed", after=without("Allow")),
    Fault("errors", "not-acceptable", before=lambda request: request.drop("Accept")),
    Fault("errors", "strange-ids", after=status(404, 400)),
    Fault("problems", "no-failure", after=_fails),
    Fault("problems", "problem-type", after=_to_html),
    Fault("problems", "problem-members", after=members(lambda problem: problem.pop("instance"))),
    Fault("problems", "problem-request-id", after=members(lambda problem: problem.update(request_id="x"))),
    Fault("problems", "problem-pages", after=members(lambda problem: problem.update(type="http://localhost/nowhere"))),
    Fault("headers", "no-cookies", after=setting("Set-Cookie", "a=1")),
    Fault("headers", "request-id", after=setting("Request-Id", "always-this")),
    Fault("headers", "nosniff", after=without("X-Content-Type-Options")),
    Fault("headers", "head-of-row", after=_head_with_less),
    Fault("headers", "options", after=without("Allow")),
    Fault("caching", "cache-control", after=_public),
    Fault("caching", "vary", after=without("Vary")),
    Fault("health", "readyz", after=at("/readyz", lambda body: body.pop("command"))),
    Fault("pages", "docs-page", after=without("Content-Security-Policy")),
    Fault("tracing", "trace-goes-on", after=setting("traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01")),
    Fault("origins", "other-origins", after=setting("Access-Control-Allow-Origin", "*")),
]  # fmt: skip

__all__ = ["FAULTS", "THINGS"]
