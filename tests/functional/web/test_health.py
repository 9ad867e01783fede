"""/livez and /readyz of composed systems: before the database is right, after, and without one."""

import time

from talatat.testing import composed
from talatat.web import health


def test_a_system_that_is_applied_is_ready(database_url):
    with composed([], url=database_url) as system:
        answer = system.app.get("/readyz", status=200)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json == {
            "status": "ok",
            "release": 1,
            "missing": [],
            "quarantined": [],
            "command": None,
        }
        assert system.app.get("/livez", status=200).json == {"status": "ok"}


def test_before_apply_it_lives_and_says_what_is_missing_and_the_command(
    shelf, database_url, monkeypatch
):
    monkeypatch.setattr(health, "REST", 0.0)
    with shelf.composed("shelf", url=database_url, migrate=False) as system:
        assert system.app.get("/livez", status=200).json == {"status": "ok"}
        answer = system.app.get("/readyz", status=503)
        assert answer.headers["Retry-After"]
        assert answer.json["status"] == "not_applied"
        assert {"addon": "shelf", "revision": "0001_books"} in answer.json["missing"]
        assert answer.json["command"] == f"talatat apply {system.ini}"
        system.app.get("/", status=503)


def test_a_database_that_cannot_be_reached_is_told_without_its_address(tmp_path):
    url = "postgresql+psycopg://nobody:hidden@127.0.0.1:9/nowhere"
    with composed([], url=url, migrate=False) as system:
        answer = system.app.get("/readyz", status=503)
        assert answer.json["status"] == "unavailable"
        assert answer.json["command"] is None
        assert "127.0.0.1" not in answer.text
        assert "hidden" not in answer.text
        system.app.get("/livez", status=200)


def test_the_database_is_not_asked_for_every_probe():
    with composed([]) as system:
        asked = []
        seen = health.Readiness(system.system, lambda it: asked.append(it) or _status())
        assert seen.body() == seen.body()
        assert len(asked) == 1
        seen._asked = time.monotonic() - health.REST
        seen.body()
        assert len(asked) == 2


def _status():
    from talatat.evolution.readiness import Status

    return Status(True, 1)


def test_probes_take_get_and_head_only():
    with composed([]) as system:
        system.app.head("/livez", status=200)
        system.app.post("/livez", status=405)
