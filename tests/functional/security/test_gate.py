"""A composed system keeps its gate: pages, services and mounted applications alike."""

import pytest

PORTER, GUARD, ADMIN = ({"X-Badge": role} for role in ("porter", "guard", "admin"))
COOKIE = {"Cookie": "badge=guard"}
PROOF = {**COOKIE, "X-CSRF-Token": "proof"}
CLOSED = ["/gate/open", "/gate/lock", "/gate/mine", "/gate/inside", "/gate/inside/deep"]


@pytest.mark.parametrize("path", CLOSED)
def test_strangers_are_asked_who_they_are(gate, path):
    answer = gate.app.get(path, headers={"Accept": "application/json"}, status=401)
    assert answer.headers["WWW-Authenticate"] == 'Badge realm="gate"'
    assert answer.json["code"] == "unauthorized"
    assert answer.json["addon"] == "gate"


def test_a_wrong_credential_is_told_to_be_wrong(gate):
    answer = gate.app.get("/gate/open", headers={"X-Badge": "stolen"}, status=401)
    assert answer.headers["WWW-Authenticate"] == 'Badge realm="gate", error="stolen"'
    gate.app.get("/gate/board", headers={"X-Badge": "stolen"}, status=200)


def test_a_role_opens_what_it_holds_and_nothing_else(gate):
    gate.app.get("/gate/open", headers=PORTER, status=200)
    answer = gate.app.get(
        "/gate/lock", headers={**PORTER, "Accept": "application/json"}, status=403
    )
    assert "gate.lock" in answer.json["detail"]
    gate.app.get("/gate/lock", headers=GUARD, status=200)
    assert gate.app.get("/gate/inside", headers=PORTER).text == "inside"
    assert gate.app.post("/api/gate/v1/bell", headers=PORTER).json == {"by": "bo"}


def test_the_role_admin_opens_everything(gate):
    for path in CLOSED:
        gate.app.get(path, headers=ADMIN, status=200)


def test_a_role_of_nobody_opens_what_is_for_everybody_recognised(gate):
    gate.app.get("/gate/mine", headers={"X-Badge": "dormant"}, status=200)
    gate.app.get("/gate/open", headers={"X-Badge": "dormant"}, status=403)


def test_the_api_answers_in_problems_and_a_page_in_html(gate):
    answer = gate.app.post("/api/gate/v1/bell", status=401)
    assert answer.content_type == "application/problem+json"
    assert gate.app.get("/gate/open", status=401).content_type == "text/html"


@pytest.mark.parametrize("path", ["/api/gate/v1/bell", "/gate/lock", "/gate/inside", "/gate/board"])
def test_a_forged_request_is_refused_wherever_it_goes(gate, path):
    assert gate.app.post(path, headers=COOKIE, status=403)
    gate.app.post(path, headers={**PROOF, "Origin": "https://evil.example"}, status=403)
    gate.app.post(path, headers=PROOF, status=200)
    gate.app.post(path, headers=GUARD, status=200)


def test_a_forged_request_is_told_apart_by_its_code(gate):
    assert (
        gate.app.post("/api/gate/v1/bell", headers=COOKIE, status=403).json["code"] == "csrf_failed"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/docs", 200),
        ("/livez", 200),
        ("/api", 200),
        ("/api/openapi.json", 200),
        ("/api/gate/v1/bell", 200),
        ("/gate/board", 200),
        ("/gate/open", 401),
        ("/nowhere", 404),
        ("/api/nowhere", 404),
        ("/gate/broken", 500),
    ],
)
def test_every_answer_carries_the_secure_headers_once(gate, path, status):
    headers = gate.app.get(path, status=status).headers
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy",
                 "X-Frame-Options", "Cross-Origin-Opener-Policy"):  # fmt: skip
        assert len(headers.getall(name)) == 1, name
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_every_view_of_the_platform_names_a_declared_permission(gate):
    security = gate.system.security
    views = gate.registry.introspector.get_category("views")
    asked = {
        getattr(view["introspectable"].get("derived_callable"), "__permission__", None)
        for view in views
    }
    assert {"public", "gate.open"} <= asked
    assert all(security.declares(permission) for permission in asked - {None})
