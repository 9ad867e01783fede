"""A process serves a database that is at its composition, and says what to do about any other."""

import threading

import pytest
from sqlalchemy import text

from talatat.evolution import guard
from talatat.evolution.migrate import bring_to
from talatat.testing.databases import make_database
from talatat.web import health

PAGE = {
    "__init__.py": """
        from pyramid.response import Response
        def page(request):
            return Response("served")
        def includeme(config):
            config.add_route("page", "/page")
            config.add_view(page, route_name="page", permission="public")
            config.add_route("api", "/api/pages/v1/pages")
            config.add_view(page, route_name="api", permission="public")
        """
}

PLATFORM = [
    {"addon": "talatat", "revision": one}
    for one in ("0001_platform", "0002_evolution", "0003_api", "0004_costs")
]


@pytest.fixture
def pages(addons):
    addons.write("pages", PAGE)
    return addons


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch):
    monkeypatch.setattr(guard, "REST", 0.0)
    monkeypatch.setattr(health, "REST", 0.0)


def test_before_apply_everything_is_503_with_the_command_except_livez_and_readyz(
    pages, database_url
):
    with pages.composed("pages", url=database_url, migrate=False) as system:
        command = f"talatat apply {system.ini}"
        answer = system.app.get("/api/pages/v1/pages", status=503)
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"] == "not_applied"
        assert answer.json["command"] == command
        assert answer.json["missing"] == PLATFORM
        assert answer.headers["Retry-After"]
        page = system.app.get("/page", status=503)
        assert page.content_type == "text/html"
        assert command in page.text
        accepting = system.app.get("/page", headers={"Accept": "application/json"}, status=503)
        assert accepting.json["command"] == command
        assert system.app.get("/livez", status=200).json == {"status": "ok"}
        assert system.app.get("/readyz", status=503).json == {
            "status": "not_applied", "release": None, "quarantined": [], "command": command,
            "missing": PLATFORM,
        }  # fmt: skip


def test_a_process_that_was_started_before_apply_serves_after_it_without_a_restart(
    pages, database_url
):
    with pages.composed("pages", url=database_url, migrate=False) as system:
        system.app.get("/page", status=503)
        bring_to(system.system.composition, system.system.database)
        assert system.app.get("/page", status=200).text == "served"
        assert system.system.release == 1
        ready = system.app.get("/readyz", status=200)
        assert ready.json == {
            "status": "ok",
            "release": 1,
            "missing": [],
            "quarantined": [],
            "command": None,
        }
        assert ready.headers["Cache-Control"] == "no-store"


def test_once_seen_to_be_right_the_database_is_not_asked_again(pages, database_url, monkeypatch):
    with pages.composed("pages", url=database_url) as system:
        system.app.get("/page", status=200)
        monkeypatch.setattr(guard, "status", lambda *_: pytest.fail("asked again"))
        system.app.get("/page", status=200)


def test_while_it_is_not_right_it_is_asked_only_now_and_then(pages, database_url, monkeypatch):
    asked = []
    real = guard.status
    monkeypatch.setattr(guard, "REST", 60.0)
    monkeypatch.setattr(guard, "status", lambda *given: asked.append(1) or real(*given))
    with pages.composed("pages", url=database_url, migrate=False) as system:
        for _ in range(5):
            system.app.get("/page", status=503)
        assert len(asked) == 1


@pytest.mark.parametrize(
    "url", ["postgresql://me:secret@127.0.0.1:1/shop", "sqlite:////no/such/folder/a.sqlite"]
)
def test_a_database_that_cannot_be_reached_is_503_without_its_address(pages, url, caplog):
    with pages.composed("pages", url=url, migrate=False) as system:
        answer = system.app.get("/api/pages/v1/pages", status=503)
        assert answer.json["code"] == "database_unavailable"
        for told in (answer.text, system.app.get("/readyz", status=503).text):
            assert "127.0.0.1" not in told
            assert "/no/such" not in told
        assert "cannot be reached" in caplog.text
        assert "secret" not in caplog.text
        system.app.get("/livez", status=200)


def test_livez_touches_nothing(pages, database_url, monkeypatch):
    with pages.composed("pages", url=database_url, migrate=False) as system:
        monkeypatch.setattr(
            system.system.database.engine, "connect", lambda: pytest.fail("touched")
        )
        monkeypatch.setattr(
            system.system.database.reading_engine, "connect", lambda: pytest.fail("touched")
        )
        system.app.get("/livez", status=200)


def test_readyz_sees_a_database_that_went_away_after_it_served(pages, sqlite_url):
    with pages.composed("pages", url=sqlite_url) as system:
        system.app.get("/readyz", status=200)
        with make_database(sqlite_url).engine.begin() as connection:
            connection.execute(text("DELETE FROM talatat_alembic_version"))
        assert system.app.get("/readyz", status=503).json["missing"]


def test_two_compositions_in_two_processes_share_a_machine_and_nothing_else(
    pages, tmp_path, postgresql_url
):
    """Each in a process of its own, on a database of its own, at the same time."""
    import subprocess
    import sys

    pages.write("plain", {"__init__.py": PAGE["__init__.py"].replace("served", "another")})
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from talatat.testing import composed\n"
        "with composed([sys.argv[2]], url=sys.argv[3]) as system:\n"
        "    for _ in range(20):\n"
        "        print(system.app.get('/page', status=200).text)\n"
        "    print(*system.system.composition.names)\n"
    )
    said = {}

    def run(name, url):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(pages.folder), name, url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said[name] = done.stdout.split() or done.stderr

    threads = [
        threading.Thread(target=run, args=("pages", postgresql_url)),
        threading.Thread(target=run, args=("plain", f"sqlite:///{tmp_path}/plain.sqlite")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {"pages": ["served"] * 20 + ["pages"], "plain": ["another"] * 20 + ["plain"]}
