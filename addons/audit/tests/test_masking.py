"""What entries do not show: secrets of every kind, wherever they come from."""

import json
import logging

import colander
import pytest
import sqlalchemy as sa

from talatat_accounts.models import RecoveryCode, SecondFactor, Session, Token, User
from talatat_audit.masking import MASK, masking_of, secret_attributes
from talatat_audit.models import Entry

CANARY = "canary-in-the-coal-mine-4711"
API = "/api/accounts/v1"


def everything(trail):
    """All that was written down, as one text."""
    return json.dumps(trail.entries(), default=str)


def test_a_password_is_in_no_entry_and_that_it_changed_is(trail, caplog):
    caplog.set_level(logging.DEBUG)
    person = {"name": "kiya", "password": CANARY}
    made = trail.app.post_json(f"{API}/users", person, status=201).json["id"]
    entry = trail.one(Entry.resource == "accounts.users")
    assert entry["after"]["password_hash"] == MASK
    assert entry["label"] == "kiya"
    trail.forget()
    trail.app.patch_json(f"{API}/users/{made}", {"password": f"{CANARY}-2"})
    entry = trail.one(Entry.resource == "accounts.users")
    assert entry["before"]["password_hash"] == entry["after"]["password_hash"] == MASK
    trail.app.delete(f"{API}/users/{made}", status=204)
    trail.since = "00000000-0000-7000-8000-000000000000"
    with trail.test.session(reading=True) as session:
        hashes = session.scalars(sa.select(User.password_hash)).all()
    told = everything(trail) + caplog.text
    assert CANARY not in told
    assert "argon2" not in told
    assert not any(one in told for one in hashes if one)


def test_a_token_is_in_no_entry_nor_is_its_digest(trail, caplog):
    caplog.set_level(logging.DEBUG)
    person = {"name": "nefer", "password": CANARY}
    made = trail.app.post_json(f"{API}/users", person, status=201).json["id"]
    asked = {"user": "nefer", "password": CANARY}
    nobody = {"X-Test-Identity": ""}
    token = trail.app.post_json(f"{API}/tokens", asked, headers=nobody, status=201).json["token"]
    entry = trail.one(Entry.resource == "accounts_token")
    assert entry["after"]["digest"] == MASK
    assert entry["after"]["user_id"] == made
    with trail.test.session(reading=True) as session:
        digest = session.scalar(sa.select(Token.digest))
    told = everything(trail) + caplog.text
    assert token not in told
    assert digest not in told
    assert CANARY not in told
    trail.app.delete(f"{API}/users/{made}", status=204)
    gone = {one["resource"] for one in trail.entries(Entry.action == "delete")}
    assert {"accounts.users", "accounts_token"} <= gone  # the database cascades


def test_a_session_that_is_seen_again_is_not_told(trail):
    person = {"name": "teye", "password": CANARY}
    made = trail.app.post_json(f"{API}/users", person, status=201).json["id"]
    asked = {"user": "teye", "password": CANARY}
    trail.app.post_json(f"{API}/sessions", asked, headers={"X-Test-Identity": ""}, status=201)
    trail.app.reset()
    trail.forget()
    with trail.test.session() as session:
        moment = sa.func.current_timestamp()
        session.execute(sa.update(Session).where(Session.user_id == made).values(seen_at=moment))
    assert trail.entries() == []
    trail.app.delete(f"{API}/users/{made}", status=204)


def test_what_proves_a_second_factor_is_in_no_entry(trail):
    person = {"name": "meryt", "password": CANARY}
    made = trail.app.post_json(f"{API}/users", person, status=201).json["id"]
    digest = "d1" * 32
    with trail.test.session() as session:
        session.add(SecondFactor(user_id=made, seed=f"SEED{CANARY}"))
        session.add(RecoveryCode(user_id=made, digest=digest))
    trail.app.delete(f"{API}/users/{made}", status=204)
    codes = trail.entries(Entry.resource == "accounts_recovery_code")
    assert [one["action"] for one in codes] == ["create", "delete"]
    assert {one["subject"] for one in codes} <= {f"{made},{MASK}", f"{MASK},{made}"}
    factor = trail.entries(Entry.resource == "accounts_second_factor")
    assert factor[0]["after"]["seed"] == factor[1]["before"]["seed"] == MASK
    told = everything(trail)
    assert CANARY not in told
    assert digest not in told


def test_a_value_that_no_key_reads_any_more_keeps_no_row_from_being_deleted(trail):
    person = {"name": "tiaa", "password": CANARY}
    made = trail.app.post_json(f"{API}/users", person, status=201).json["id"]
    with trail.test.session() as session:
        session.add(SecondFactor(user_id=made, seed="SEED"))
        session.flush()
        session.execute(sa.text("UPDATE accounts_second_factor SET seed = 'lost'"))
    trail.forget()
    trail.app.delete(f"{API}/users/{made}", status=204)
    entry = trail.one(Entry.resource == "accounts_second_factor")
    assert (entry["action"], entry["before"]["seed"]) == ("delete", MASK)


def test_a_failed_login_is_kept_without_what_was_typed(trail):
    typed = {"user": f"{CANARY}-as-name", "password": CANARY}
    nobody = {"X-Test-Identity": ""}
    where = {"REMOTE_ADDR": "192.0.2.33"}
    answer = trail.app.post_json(
        f"{API}/sessions", typed, headers=nobody, extra_environ=where, status=401
    )
    entry = trail.one(Entry.outcome == "failed")
    assert entry["addon"] == "accounts"
    assert entry["address"] == "192.0.2.33"
    assert entry["request_id"] == answer.headers["Request-Id"]
    assert CANARY not in everything(trail)


@pytest.fixture(scope="module")
def table():
    return sa.Table(
        "shelf_item",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer),
        sa.Column("updated_at", sa.DateTime),
        sa.Column("tokens_used", sa.Integer, info={"audit": "shown"}),
        sa.Column("api_key", sa.String),
        sa.Column("totp_seed", sa.String),
        sa.Column("password_changed_at", sa.DateTime),
        sa.Column("recovery_codes", sa.String),
        sa.Column("picture", sa.LargeBinary),
        sa.Column("notes", sa.String, info={"private": True}),
        sa.Column("pages", sa.Integer, info={"audit": "omitted"}),
        sa.Column("typed", sa.String),
        sa.Column("title", sa.String),
        sa.Column("hashtag", sa.String),
    )


def test_what_sounds_like_a_secret_is_masked_unless_its_column_says_otherwise(table):
    masking = masking_of(table, [table.c.version], {"typed"})
    shown = {column.name for column in table.columns if masking.shown(column.name)}
    assert shown == {"id", "tokens_used", "title", "hashtag", "password_changed_at"}
    assert masking.omitted == {"version", "updated_at", "pages"}


def test_a_word_that_nobody_knows_is_refused(table):
    wrong = sa.Table("shelf_a", sa.MetaData(), sa.Column("x", sa.Integer, info={"audit": "hidden"}))
    with pytest.raises(ValueError, match=r"shelf_a\.x.*masked, omitted, shown"):
        masking_of(wrong)


def test_what_a_schema_takes_and_never_shows_is_secret():
    class Schema(colander.MappingSchema):
        title = colander.SchemaNode(colander.String())
        phrase = colander.SchemaNode(colander.String(), write_only=True, attribute="stored")
        pin = colander.SchemaNode(colander.String(), secret=True)

    assert secret_attributes(Schema()) == {"stored", "pin"}
