"""Health, the pages, tracing, other origins: what is the server's and no resource's."""

from __future__ import annotations

import re

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

health = Family("health", "health", once=True)
pages = Family("pages", "discovery", once=True)
tracing = Family("tracing", "tracing", once=True)
origins = Family("origins", "caching, CORS", once=True)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HTML = {"Accept": "text/html"}


@health.check("livez", "/livez answers anybody, and is kept by nobody")
def livez(case: Case) -> None:
    answer = case.server.ask("GET", "/livez", who=None).must(200)
    want(answer.json["status"] == "ok", "it says another status", answer)
    want("no-store" in (answer.header("Cache-Control") or ""), "it may be kept", answer)


@health.check("readyz", "/readyz tells status, release, missing, quarantined and command")
def readyz(case: Case) -> None:
    answer = case.server.ask("GET", "/readyz", who=None).must(200, 503)
    wanted = {"status", "release", "missing", "quarantined", "command"}
    want(wanted <= set(answer.json), f"it tells only {', '.join(answer.json)}", answer)
    want(answer.status == 200 or answer.header("Retry-After"), "a 503 without Retry-After", answer)


@health.check("health-closed", "/health is for those allowed")
def health_closed(case: Case) -> None:
    if "/health" not in case.server.document["paths"]:
        raise case.lacks("the document has no /health")
    case.server.ask("GET", "/health", who=None).must(401)
    answer = case.server.ask("GET", "/health").must(200, 503)
    want(answer.content_type == "application/health+json", f"it is {answer.content_type}", answer)
    want(answer.json["status"] in ("pass", "warn", "fail"), "its status is another word", answer)


@health.check("health-methods", "They are read, and nothing else")
def health_methods(case: Case) -> None:
    for path in ("/livez", "/readyz", "/api", "/api/openapi.json"):
        answer = case.server.ask("POST", path, body={}).must(405)
        want("GET" in (answer.header("Allow") or ""), "Allow has no GET", answer)


@pages.check(
    "docs-page", "/docs answers anybody, under a policy that lets nothing in from elsewhere"
)
def docs_page(case: Case) -> None:
    answer = case.server.ask("GET", "/docs", who=None, headers=HTML).must(200)
    want(answer.content_type == "text/html", f"it is {answer.content_type}", answer)
    policy = answer.header("Content-Security-Policy") or ""
    want(
        "default-src" in policy and "'unsafe-eval'" not in policy,
        f"its policy is {policy!r}",
        answer,
    )
    want(
        "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0],
        "scripts may stand in it",
        answer,
    )


@pages.check("docs-from-here", "All that the page loads is served from here")
def docs_from_here(case: Case) -> None:
    page = case.server.ask("GET", "/docs", who=None, headers=HTML).must(200)
    text = page.body.decode()
    for url in re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', text):
        want(
            not url.startswith(("http:", "https:", "//")) or url.startswith("http://localhost/"),
            f"it loads {url}",
            page,
        )
        path = re.sub(r"^https?://[^/]+", "", url)
        case.server.ask(
            "GET", path if path.startswith("/") else f"/{path}", who=None, headers={"Accept": "*/*"}
        ).must(200)


@pages.check("problem-page-list", "/docs/problems lists the codes, and each has a page")
def problem_page_list(case: Case) -> None:
    answer = case.server.ask("GET", "/docs/problems", who=None, headers=HTML).must(200)
    for code in ("not_found", "invalid", "invalid_cursor"):
        want(code.encode() in answer.body, f"{code} is not on it", answer)


@tracing.check("trace-goes-on", "A traceparent that is sent goes on: the same trace, another span")
def trace_goes_on(case: Case) -> None:
    answer = case.server.ask("GET", "/api", headers={"traceparent": TRACE})
    found = answer.header("traceparent")
    if found is None and "trace-context" not in case.server.capabilities:
        raise case.lacks("it answers no traceparent")
    want(
        re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", found or ""),
        f"it is {found}",
        answer,
    )
    want(str(found).split("-")[1] == TRACE.split("-")[1], "it is another trace", answer)
    want(str(found).split("-")[2] != TRACE.split("-")[2], "it is the same span", answer)


@tracing.check("trace-malformed", "A traceparent that is none is replaced")
def trace_malformed(case: Case) -> None:
    for text in (
        "nonsense",
        f"ff{TRACE[2:]}",
        TRACE.upper(),
        "00-" + "0" * 32 + "-" + "0" * 16 + "-01",
        TRACE[:-1],
    ):
        answer = case.server.ask("GET", "/api", headers={"traceparent": text}).must(200)
        want(answer.header("traceparent") != text, "it comes back", answer)


@origins.check("other-origins", "Another origin is let in nowhere unless it was said to be")
def other_origins(case: Case) -> None:
    headers = {"Origin": "https://evil.example"}
    for method in ("GET", "OPTIONS"):
        answer = case.server.ask(
            method, case.path, headers={**headers, "Access-Control-Request-Method": "POST"}
        )
        found = answer.header("Access-Control-Allow-Origin")
        want(found not in ("*", "https://evil.example", "null"), f"it lets {found} in", answer)
        want(
            answer.header("Access-Control-Allow-Credentials") is None or found,
            "it lets credentials in",
            answer,
        )
