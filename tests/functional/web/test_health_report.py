"""/health, for those who may: what the platform and each addon say of how they are."""

from __future__ import annotations

import datetime as dt

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event, insert

from talatat.db.types import new_id, utcnow
from talatat.events.table import outbox
from talatat.testing import composed
from talatat.testing.identities import HEADER, ByHeader
from talatat.web.deprecation import IDeprecatedUses

OPERATOR = {HEADER: "ann talatat.health"}
PRINTER = {
    "__init__.py": """
        from sqlalchemy import text
        state = {}

        def paper(request):
            if state.get("paper") == "broken":
                raise LookupError("the drawer is gone")
            if state.get("paper") == "sql":
                request.db.execute(text("SELECT * FROM nothing_of_this_name"))
            if state.get("paper") == "odd":
                return ["low"]
            if state.get("paper") == "low":
                return {"status": "warn", "observedValue": 3, "observedUnit": "sheets", "output": "bring some"}

        def includeme(config):
            config.add_health_check("paper", paper)
            config.add_health_check("ink", lambda request: {"observedValue": 0.5})
        """
}


def of_printer(addons, url):
    addons.write("printer", PRINTER)
    with addons.composed("printer", url=url) as system:
        system.system.security.sources["tests"] = ByHeader()
        system.state = addons.module("printer").state
        yield system


@pytest.fixture
def printer(addons, sqlite_url):
    yield from of_printer(addons, sqlite_url)


@pytest.fixture
def printer_everywhere(addons, database_url):
    yield from of_printer(addons, database_url)


def asked(system, status=200):
    answer = system.app.get("/health", headers=OPERATOR, status=status)
    assert answer.content_type == "application/health+json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


def one(found, key):
    (entry,) = found["checks"][key]
    return entry


def test_only_those_who_may_see_it(printer):
    assert printer.app.get("/health", status=401).json["code"] == "unauthorized"
    printer.app.get("/health", headers={HEADER: "bob"}, status=403)
    printer.app.post("/health", headers=OPERATOR, status=405)


def test_it_tells_of_the_platform_and_of_each_addon(printer):
    found = asked(printer)
    assert found["status"] == "pass"
    assert found["releaseId"] == "1"
    assert set(found["checks"]) == {
        "talatat:database", "talatat:release", "talatat:outbox", "talatat:addons",
        "talatat:deprecated-use", "talatat:limits", "talatat:load", "printer:paper", "printer:ink",
    }  # fmt: skip
    assert one(found, "talatat:database")["observedUnit"] == "ms"
    assert one(found, "talatat:release")["observedValue"] == 1
    assert one(found, "talatat:outbox")["observedValue"] == 0
    assert one(found, "printer:ink")["observedValue"] == 0.5
    document = printer.app.get("/api/openapi.json").json
    operation = document["paths"]["/health"]["get"]
    assert operation["x-permission"] == "talatat.health"
    assert set(operation["responses"]) >= {"200", "401", "403", "503"}
    Draft202012Validator(document["components"]["schemas"]["health"]).validate(found)


def test_what_is_not_well_warns_or_fails_and_no_check_spoils_another(printer_everywhere):
    printer_everywhere.state["paper"] = "low"
    found = asked(printer_everywhere)
    assert (found["status"], one(found, "printer:paper")["output"]) == ("warn", "bring some")
    for state, output in (
        ("broken", "LookupError: the drawer is gone"),
        ("sql", "nothing_of_this_name"),
        ("odd", "TypeError: a health check returns None or a dict"),
    ):
        printer_everywhere.state["paper"] = state
        found = asked(printer_everywhere, status=503)
        assert found["status"] == one(found, "printer:paper")["status"] == "fail"
        assert output in one(found, "printer:paper")["output"]
        assert one(found, "printer:ink")["status"] == "pass"


def test_what_waits_in_the_outbox_is_told_with_its_age_and_warns_when_it_is_late(
    printer_everywhere,
):
    def wait(minutes):
        moment = utcnow() - dt.timedelta(minutes=minutes)
        with printer_everywhere.session() as session:
            session.execute(
                insert(outbox).values(
                    id=new_id(), addon="x", subscriber="x", event="x", payload={},
                    created_at=moment, due_at=moment, attempts=0,
                )
            )  # fmt: skip

    wait(1)
    entry = one(asked(printer_everywhere), "talatat:outbox")
    assert (entry["status"], entry["observedValue"]) == ("pass", 1)
    assert 55 < entry["oldestSeconds"] < 120
    wait(10)
    assert one(asked(printer_everywhere), "talatat:outbox")["status"] == "warn"


def test_who_uses_what_is_deprecated_is_told(printer):
    uses = printer.registry.getUtility(IDeprecatedUses)
    for client in ("tests ann", "tests bob", "tests ann"):
        uses.note("GET /api/old", client)
    uses.flush()
    entry = one(asked(printer), "talatat:deprecated-use")
    assert (entry["componentId"], entry["observedValue"]) == ("GET /api/old", 3)
    assert entry["clients"] == {"tests ann": 2, "tests bob": 1}


def test_an_addon_that_was_left_out_is_told(addons):
    addons.write("bad", {"__init__.py": "def includeme(config): raise LookupError('no plank')"})
    with composed(["bad"], {"talatat.on_addon_error": "quarantine"}) as system:
        system.system.security.sources["tests"] = ByHeader()
        found = asked(system)
        assert found["status"] == one(found, "talatat:addons")["status"] == "warn"
        assert one(found, "talatat:addons")["output"] == "left out: bad"


def test_a_process_that_was_told_to_stop_says_so_and_asks_nothing(printer):
    printer.system.draining = True
    with statements(printer) as seen:
        answer = printer.app.get("/readyz", status=503)
    assert (answer.json["status"], answer.json["command"], seen) == ("draining", None, [])
    assert answer.headers["Retry-After"]
    printer.app.get("/livez", status=200)
    assert one(asked(printer, status=503), "talatat:release")["output"] == "draining"


def test_livez_touches_nothing_whoever_asks(printer):
    with statements(printer) as seen:
        for headers in ({}, OPERATOR, {"Authorization": "Bearer x", "Cookie": "session=1"}):
            printer.app.get("/livez", headers=headers, status=200)
    assert seen == []


class statements:
    """Connections that are taken from the pool and statements that run, while it lasts."""

    def __init__(self, system):
        self.engine = system.system.database.engine
        self.seen = []

    def note(self, *what):
        self.seen.append(what)

    def __enter__(self):
        event.listen(self.engine, "checkout", self.note)
        event.listen(self.engine, "before_cursor_execute", self.note)
        return self.seen

    def __exit__(self, *error):
        event.remove(self.engine, "checkout", self.note)
        event.remove(self.engine, "before_cursor_execute", self.note)
