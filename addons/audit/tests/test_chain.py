"""The chain: sealed after the commit, tampering found, exports whole and in order, retention."""

import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from talatat.db import utcnow
from talatat_audit.models import Entry, Removal
from talatat_audit.retention import REMOVED, remove_old
from talatat_audit.sealing import BATCH, Head, seal_all
from talatat_audit.verifying import verify

PRODUCTS = "/api/catalog/v1/products"


def tamper(trail, unguarded, statement):
    """Do as somebody does who has the database's own password."""
    with trail.test.session() as session, unguarded(session):
        assert session.execute(sa.text(statement)).rowcount > 0


def problems(trail, head=None):
    with trail.test.session(reading=True) as session:
        return verify(session, head).problems


def filled(trail, count=5):
    """A sealed chain of so many entries; its head."""
    for number in range(count):
        trail.product(sku=f"s{number}")
    assert seal_all(trail.test.system.database) == count
    with trail.test.session(reading=True) as session:
        found = verify(session)
    assert (found.problems, found.sealed, found.unsealed) == ((), count, 0)
    return found.head


def test_entries_are_refused_to_be_changed_or_deleted(own):
    own.product()
    filled_number = seal_all(own.test.system.database)
    own.product()  # one that is not sealed yet
    assert filled_number == 1
    number = {"action": "x", "label": "x", "digest": "x" * 64, "number": 7}
    attempts = [sa.update(Entry).values({name: value}) for name, value in number.items()]
    attempts[2] = attempts[2].where(Entry.number == 1)
    attempts[3] = attempts[3].where(Entry.number == 1)
    attempts.append(sa.delete(Entry))
    attempts.append(sa.delete(Entry).where(Entry.number == 1))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"), own.test.session() as session:
            session.execute(attempt)
    if own.test.system.database.dialect == "postgresql":
        emptying = sa.text("TRUNCATE audit_entry")
        with pytest.raises(DBAPIError, match="append-only"), own.test.session() as session:
            session.execute(emptying)
    else:
        with pytest.raises(DBAPIError, match="append-only"), own.test.session() as session:
            session.execute(sa.text("INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry"))
    assert len(own.entries()) == 2
    assert problems(own) == ()


COPY = (
    "(rowid, id, happened_at, addon, action, outcome) SELECT {}, 'made-up', happened_at, addon, action, "
    "outcome FROM audit_entry WHERE number = 1"
)
IN_ITS_PLACE = [
    "INSERT OR REPLACE INTO audit_entry " + COPY.format("rowid"),
    "UPDATE OR REPLACE audit_entry SET number = 1 WHERE number IS NULL",
    "UPDATE OR REPLACE audit_entry SET rowid = 1 WHERE number IS NULL",
    "UPDATE audit_entry SET rowid = 99 WHERE number = 1",
    (
        "INSERT OR REPLACE INTO audit_removal (rowid, id, removed_at, first, last, digest) "
        "VALUES (1, 'made-up', '2026-01-01', 1, 1, 'x')"
    ),
]


def test_nothing_is_written_in_the_place_of_an_entry(lite):
    """SQLite deletes what OR REPLACE meets, and asks no trigger of deletions."""
    filled(lite, 1)
    with lite.test.session() as session:
        removal = Removal(first=0, last=0, digest="y")
        session.add(removal)
    lite.product()  # one that is not sealed yet
    before = [one["id"] for one in lite.entries()]
    for statement in IN_ITS_PLACE:
        with pytest.raises(DBAPIError, match="append-only"), lite.test.session() as session:
            session.execute(sa.text(statement))
    assert [one["id"] for one in lite.entries()] == before
    with lite.test.session(reading=True) as session:
        assert session.scalars(sa.select(Removal.last)).all() == [0]


def test_the_seal_follows_through_the_outbox(tmp_path):
    from talatat.testing import composed
    from talatat.testing.identities import ByHeader

    with composed(["catalog", "audit"], {"audit.seal_seconds": "60"}) as test:
        test.system.security.sources["tests"] = ByHeader("clerk *")
        for slug in ("a", "b"):
            body = {"slug": slug, "title": slug}
            test.app.post_json("/api/catalog/v1/categories", body, status=201)
        assert test.system.outbox.pending() == 1
        assert test.deliver() == 0  # it is not due yet
        assert test.system.outbox.deliver(overdue_only=False) == 1
        with test.session(reading=True) as session:
            found = verify(session)
        assert (found.sealed, found.unsealed, found.problems) == (2, 0, ())


def test_each_entry_carries_the_digest_of_its_content_and_of_the_one_before(own, capsys):
    filled(own, 3)
    answer = own.app.get("/api/audit/v1/entries?sort=number").json["items"]
    assert [one["number"] for one in answer] == [1, 2, 3]
    assert answer[0]["previous"] == "0" * 64
    assert [one["previous"] for one in answer[1:]] == [one["digest"] for one in answer[:2]]
    assert len({one["digest"] for one in answer}) == 3


TAMPERED = {
    "a value": ("UPDATE audit_entry SET after = '{\"title\": \"X\"}' WHERE number = 3", "entry 3"),
    "who it was": ("UPDATE audit_entry SET actor_id = 'somebody else' WHERE number = 1", "entry 1"),
    "when it was": ("UPDATE audit_entry SET happened_at = '2020-01-01 00:00:00' WHERE number = 2", "entry 2"),
    "one of the middle": ("DELETE FROM audit_entry WHERE number = 3", "entries 3 to 3 are missing"),
    "the first ones": ("DELETE FROM audit_entry WHERE number < 3", "entries 1 to 2 are missing"),
    "an exchange": (
        "UPDATE audit_entry SET number = CASE number WHEN 2 THEN 99 ELSE number END WHERE number = 2",
        "entries 2 to 2 are missing",
    ),
    "a removal made up": (
        "INSERT INTO audit_removal VALUES ('made-up', '2026-01-01 00:00:00', 1, 2, 'x')",
        "stands in no entry",
    ),
}  # fmt: skip


def test_tampering_is_found_whatever_it_is(lite, unguarded, tmp_path):
    """Each on a copy of one database, for a chain that was tampered with stays so."""
    filled(lite)
    file = lite.test.system.database.url.database
    lite.test.system.database.dispose()
    sound = sqlite_backup(file, tmp_path / "sound")
    for name, (statement, expected) in TAMPERED.items():
        tamper(lite, unguarded, statement)
        found = problems(lite)
        assert any(expected in one for one in found), (name, found)
        lite.test.system.database.dispose()
        sqlite_backup(sound, file)
        assert problems(lite) == (), name


def sqlite_backup(source, target):
    import sqlite3

    with sqlite3.connect(source) as here, sqlite3.connect(target) as there:
        here.backup(there)
    here.close()
    there.close()
    return target


def test_a_chain_that_lost_its_end_is_found_by_a_head_that_was_kept(lite, unguarded):
    head = filled(lite)
    assert problems(lite, head) == ()
    tamper(lite, unguarded, "DELETE FROM audit_entry WHERE number > 3")
    assert problems(lite) == ()
    (found,) = problems(lite, head)
    assert "shortened or made anew" in found


def test_health_tells_of_the_chain(lite, unguarded):
    filled(lite, 2)

    def asked():
        return lite.app.get("/health", expect_errors=True).json["checks"]["audit:chain"][0]

    assert asked()["status"] == "pass"
    assert asked()["observedValue"] == 0
    tamper(lite, unguarded, "UPDATE audit_entry SET label = 'X' WHERE number = 2")
    assert asked()["status"] == "fail"
    assert "entry 2" in asked()["output"]


def test_an_export_is_whole_in_order_and_can_be_verified_by_anybody(commanded, tmp_path, capsys):
    own, out = commanded.own, tmp_path / "trail.jsonl"
    for name in ("Lamp", "Lampe für Öl", "\u706f", "<b>"):
        own.product(title=name, description='a "quoted"\nline', attributes={"a": 1.5})
    assert commanded.run("audit", "--out", str(out)) == 0
    told = capsys.readouterr().out
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    with own.test.session(reading=True) as session:
        there = session.scalar(sa.select(sa.func.count()).select_from(Entry))
    assert len(lines) == there > 0
    assert [line["number"] for line in lines] == list(range(1, there + 1))
    digest = "0" * 64
    for line in lines:
        seal = {name: line.pop(name) for name in ("number", "previous", "digest")}
        content = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert seal["previous"] == digest
        digest = hashlib.sha256(f"{digest}\n{content}".encode()).hexdigest()
        assert seal["digest"] == digest
    assert f"{there}:{digest}" in told
    assert out.stat().st_mode & 0o077 == 0


def test_an_export_goes_on_where_another_ended_and_keeps_to_its_time(commanded, capsys):
    own = commanded.own
    with own.test.session() as session:
        session.execute(
            sa.text("INSERT INTO catalog_category VALUES ('x', 1, 'x', 'X', NULL, 1, 1)")
        )
    assert commanded.run("audit") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    last = lines[-1]
    assert last["after"]["rows"] == 1
    assert commanded.run("audit", "--after", str(last["number"] - 1)) == 0
    assert [json.loads(one) for one in capsys.readouterr().out.splitlines()] == [last]
    assert commanded.run("audit", "--since", "2099-01-01") == 0
    assert capsys.readouterr().out == ""
    assert commanded.run("audit", "--since", last["happened_at"], "--until", "2099-01-01") == 0
    assert [json.loads(one) for one in capsys.readouterr().out.splitlines()] == [last]
    with own.test.session() as session:
        session.execute(sa.text("DELETE FROM catalog_category WHERE id = 'x'"))


def test_the_command_verifies_and_says_what_it_found(commanded, capsys):
    commanded.own.product()
    assert commanded.run("audit", "--verify", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["problems"], found["unsealed"]) == ([], 0)
    assert commanded.run("audit", "--head", found["head"]) == 0
    assert "sound" in capsys.readouterr().out
    number = found["head"].partition(":")[0]
    assert commanded.run("audit", "--head", f"{number}:{'f' * 64}") == 2
    assert "shortened or made anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "yesterday"), "2027-03-01"),
        (("--head", "nonsense"), "NUMBER:DIGEST"),
        (("--verify", "--remove-old"), "two commands"),
        (("--out", "/nowhere/at/all.jsonl"), "Make its folder"),
    ],
)
def test_the_command_says_what_is_wrong(commanded, capsys, arguments, said):
    assert commanded.run("audit", *arguments) == 1
    assert said in capsys.readouterr().err


def aged(trail, days):
    """Let all entries be so much older: as if nobody had written since."""
    return utcnow() + timedelta(days=days)


def test_the_retention_removes_the_oldest_and_leaves_what_tells_of_it(own):
    head = filled(own, 4)
    own.product(sku="young")
    young = own.entries()[-1]
    done = remove_old(own.test.system, young["happened_at"])
    assert (done.entries, done.last) == (4, 4)
    left = own.entries()
    assert [one["number"] for one in left] == [5, 6]
    assert left[0]["id"] == young["id"]
    assert left[1]["action"] == REMOVED
    assert (left[1]["after"]["first"], left[1]["after"]["last"]) == (1, 4)
    assert left[0]["previous"] == head.digest == left[1]["after"]["digest"]
    assert problems(own) == ()
    assert problems(own, head) == ()
    own.product(sku="after")
    assert seal_all(own.test.system.database) == 1
    assert problems(own) == ()


def test_the_retention_may_take_all_and_be_run_again(own):
    filled(own, 3)
    assert remove_old(own.test.system, aged(own, 1)).last == 3
    assert remove_old(own.test.system, utcnow() - timedelta(days=1)).entries == 0
    assert problems(own) == ()
    assert remove_old(own.test.system, aged(own, 1)).last == 4
    assert problems(own) == ()
    assert [one["action"] for one in own.entries()] == [REMOVED]
    with own.test.session(reading=True) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Removal)) == 2


def test_a_retention_that_was_killed_goes_on_the_next_time(lite, monkeypatch):
    filled(lite, 6)
    monkeypatch.setattr("talatat_audit.retention.BATCH", 2)
    from talatat_audit import retention

    deleting, calls = retention._delete, []

    def dying(session, last):
        calls.append(last)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return deleting(session, last)

    monkeypatch.setattr(retention, "_delete", dying)
    with pytest.raises(KeyboardInterrupt):
        remove_old(lite.test.system, aged(lite, 1))
    assert problems(lite) == ()
    assert [one["number"] for one in lite.entries()] == [3, 4, 5, 6, 7]
    done = remove_old(lite.test.system, utcnow() - timedelta(days=1))
    assert (done.entries, done.last) == (4, 6)
    assert problems(lite) == ()


def test_the_command_keeps_what_the_setting_says(commanded, capsys):
    assert commanded.run("audit", "--remove-old", "--json") == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 0
    assert commanded.run("audit", "--verify") == 0


def test_more_entries_than_a_batch_are_sealed_all(lite):
    row = {"sku": "x", "title": "X", "price_minor": 1, "currency": "EUR"}
    from talatat_catalog.models import Product

    with lite.test.session() as session:
        session.execute(sa.insert(Product), [row] * (BATCH + 7))
    assert seal_all(lite.test.system.database) == BATCH + 7
    assert problems(lite) == ()
    assert Head(1, "x") != Head(2, "x")
