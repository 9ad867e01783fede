"""Security events and commands; what must not be lost although everything else is."""

import json
import logging
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from talatat.db import new_id, utcnow
from talatat.db.origin import Origin, acting_as, who
from talatat.db.session import MANAGER
from talatat.db.unsent import unsent_request
from talatat.events.command import CommandRun
from talatat.problems import Problem
from talatat.security.event import tell
from talatat.security.identity import InvalidCredentials
from talatat_accounts import recovery
from talatat_accounts.models import User
from talatat_audit import writing
from talatat_audit.models import Entry
from talatat_audit.runs import observe


def telling(trail, outcome, raising=False, **details):
    """A request that writes, tells an event, and is rolled back where `raising`."""
    try:
        with trail.test.request(method="POST", path="/api/x") as request:
            request.db.execute(sa.text("UPDATE catalog_category SET title = 'changed'"))
            tell(request, "accounts.login", outcome, subject="ada", **details)
            if raising:
                raise Problem(401, "invalid_credentials")
    except Problem:
        pass


@pytest.mark.parametrize("outcome", ["failed", "refused"])
def test_a_refusal_is_kept_though_its_request_was_rolled_back(trail, outcome):
    telling(trail, outcome, raising=True, reason="wrong password", second_factor=False)
    entry = trail.one(Entry.action == "accounts.login")
    assert (entry["outcome"], entry["subject"], entry["addon"]) == (outcome, "ada", "accounts")
    assert (entry["reason"], entry["after"]) == ("wrong password", {"second_factor": False})


def test_a_refusal_is_kept_once_where_its_request_was_committed(trail):
    telling(trail, "refused")
    assert trail.one(Entry.action == "accounts.login")["outcome"] == "refused"


def test_what_succeeded_stands_and_falls_with_its_request(trail):
    telling(trail, "succeeded", raising=True)
    assert trail.entries() == []
    telling(trail, "succeeded")
    assert trail.one(Entry.action == "accounts.login")["outcome"] == "succeeded"


def test_what_is_told_outside_of_a_transaction_is_written_at_once(trail):
    with trail.test.request() as request:
        request.tm.abort()
        tell(request, "limits.reached", "refused", subject="192.0.2.1")
        assert trail.one()["action"] == "limits.reached"
        request.tm.begin()


def test_a_failed_login_is_kept_with_the_address_that_it_came_from(trail):
    """As the view does: it tells, then raises; pyramid_tm aborts."""
    hostile = "ada\0\ud800" + "x" * 5000
    with trail.test.request() as request:
        request.environ["REMOTE_ADDR"] = "192.0.2.9"
        tell(request, "accounts.login", "failed", subject=hostile)
    entry = trail.one()
    assert entry["address"] == "192.0.2.9"
    assert entry["subject"].startswith("ada\ufffd")
    assert len(entry["subject"]) == 200


class Refusing:
    """An identity source that tells of a wrong key, as accounts does of a wrong password."""

    def identify(self, request):
        request.db.execute(sa.text("UPDATE catalog_category SET title = 'changed'"))
        tell(request, "accounts.key", "failed", subject="ada", reason="unknown key")
        raise InvalidCredentials("unknown key")


def test_a_request_that_was_refused_over_http_is_kept(trail):
    sources = trail.test.system.security.sources
    before = dict(sources)
    trail.app.post_json("/api/catalog/v1/categories", {"slug": "kept", "title": "Kept"}, status=201)
    trail.forget()
    sources.clear()
    sources["tests"] = Refusing()
    try:
        answer = trail.app.patch_json("/api/catalog/v1/products/x", {}, status=401)
    finally:
        sources.clear()
        sources.update(before)
    entry = trail.one()
    assert (entry["action"], entry["outcome"]) == ("accounts.key", "failed")
    assert entry["request_id"] == answer.headers["Request-Id"]
    assert (entry["method"], entry["operation"]) == ("PATCH", "catalog.products.item")
    with trail.test.session(reading=True) as session:
        title = sa.text("SELECT title FROM catalog_category WHERE slug = 'kept'")
        assert session.scalar(title) == "Kept"


def test_a_commit_that_fails_keeps_the_refusal_once(trail):
    def fail(success):
        raise RuntimeError("the commit fails")

    with pytest.raises(RuntimeError):
        failing_at_commit(trail, fail)
    assert trail.one()["outcome"] == "failed"


def failing_at_commit(trail, fail):
    with trail.test.request() as request:
        tell(request, "accounts.login", "failed", subject="ada")
        request.db.connection()
        request.tm.get().addBeforeCommitHook(fail, (True,))


def test_a_busy_database_is_waited_for(trail):
    """Somebody holds the write lock: the entry waits, and is there when they let go."""
    if trail.test.system.database.dialect != "sqlite":
        lock = "LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE"
    else:
        lock = "SELECT 1"
    held, told = threading.Event(), threading.Event()

    def hold():
        with trail.test.session() as session:
            session.execute(sa.text(lock))
            held.set()
            told.wait(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    with trail.test.request() as request:
        request.tm.abort()
        tell(request, "accounts.login", "failed", subject="ada")
        request.tm.begin()
    told.set()
    holder.join()
    assert trail.one()["subject"] == "ada"


def rename(trail, old, new):
    with trail.test.session() as session:
        session.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_an_entry_that_cannot_be_written_stands_whole_in_the_log(lite, caplog, monkeypatch):
    monkeypatch.setattr(writing, "TRIES", 2)
    rename(lite, "audit_entry", "audit_gone")
    with caplog.at_level(logging.ERROR, "talatat.audit"), lite.test.request() as request:
        request.tm.abort()
        tell(request, "accounts.login", "failed", subject="ada", reason="wrong password")
        request.tm.begin()
    rename(lite, "audit_gone", "audit_entry")
    (record,) = [one for one in caplog.records if one.name == "talatat.audit"]
    assert "(its table is not there, talatat apply makes it)" in record.getMessage()
    entry = json.loads(record.getMessage().partition("stands here: ")[2])
    assert (entry["action"], entry["subject"], entry["outcome"]) == (
        "accounts.login",
        "ada",
        "failed",
    )
    assert entry["reason"] == "wrong password"


def test_a_command_that_failed_is_kept_with_the_reason(commanded, capsys):
    assert commanded.run("purge", "loyalty", "--archive", "nope", "--yes") == 1
    entry = commanded.own.one(Entry.action == "talatat.purge")
    assert (entry["outcome"], entry["after"]["exit_code"]) == ("failed", None)
    assert "loyalty" in entry["reason"]
    assert entry["before"]["arguments"]["addon"] == "loyalty"
    assert "error" in capsys.readouterr().err


def test_a_load_is_kept_with_its_counts_and_each_row_that_it_wrote(commanded, tmp_path, capsys):
    file = tmp_path / "products.jsonl"
    record = {"product_id": "1", "name": "Lamp", "sku": "l1", "price": 1.5, "brand": "", "upc": ""}
    file.write_text(json.dumps(record) + "\n" + json.dumps({"sku": "x"}) + "\n")
    code = commanded.run("load", "catalog.products", str(file))
    entry = commanded.own.one(Entry.action == "talatat.load")
    counts = {name: entry["after"][name] for name in ("loaded", "merged", "rejected")}
    assert code in (0, 2)
    assert sum(counts.values()) == 2
    assert len(entry["after"]["digest"]) == 64
    assert (entry["outcome"], entry["after"]["exit_code"]) == ("succeeded", code)
    assert (entry["actor_source"], entry["operation"]) == ("command", "talatat load")
    assert entry["actor_id"] == who()
    assert entry["before"]["arguments"]["file"] == str(file)
    assert entry["release"] >= 1
    assert capsys.readouterr().err == ""
    rows = commanded.own.entries(Entry.resource == "catalog.products")
    assert len(rows) == counts["loaded"]
    assert {one["operation"] for one in rows} <= {"talatat load"}
    assert {one["actor_source"] for one in rows} <= {"command"}


def test_a_password_that_a_command_gives_is_told_with_who_ran_it(trail):
    with trail.test.session() as session:
        session.add(User(id=new_id(), name="lost", active=True))
    recovery.run(trail.test.ini, "lost", "a quite different password", recovery.Wanted())
    entry = trail.one(Entry.action == "accounts.password_changed")
    assert (entry["actor_source"], entry["actor_id"]) == ("command", who())
    assert (entry["operation"], entry["method"]) == ("accounts.recovery", None)


def test_what_a_subscriber_tells_is_the_subscribers(trail):
    with trail.test.session() as session, acting_as(Origin("outbox", "orders", "orders.send")):
        request = unsent_request(trail.test.registry, session.info[MANAGER], session)
        tell(request, "orders.refused", "failed", subject="order")
    entry = trail.one()
    assert (entry["actor_source"], entry["actor_id"]) == ("outbox", "orders")
    assert entry["operation"] == "orders.send"


def test_a_command_that_only_looks_leaves_no_entry(commanded, capsys):
    assert commanded.run("history") == 0
    assert commanded.own.entries() == []


def test_a_command_is_not_changed_by_a_trail_that_is_not_there(lite, capsys, caplog):
    rename(lite, "audit_entry", "audit_gone")
    run = CommandRun("talatat purge", lite.test.ini, "ann@host", utcnow(), 0.1, "succeeded", 0)
    observe(run, lite.test.system.database)
    rename(lite, "audit_gone", "audit_entry")
    assert "ann@host" in caplog.text
    assert "talatat.purge" in caplog.text


def test_passwords_in_what_was_typed_are_masked(commanded, capsys):
    url = "postgresql://ann:canary@localhost/x"
    assert commanded.run("purge", url, "--archive", "nope", "--yes") == 1
    entry = commanded.own.one(Entry.action == "talatat.purge")
    assert "canary" not in json.dumps(entry, default=str)
    assert entry["happened_at"] - utcnow() < timedelta(minutes=1)
