"""Tokens, cookies and passwords by themselves."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talatat.db import new_id
from talatat.security import KeyRing
from talatat_accounts import cookies
from talatat_accounts.passwords import Passwords
from talatat_accounts.tokens import digest, looks_like_token, new_token

KEYS = KeyRing(["secret"])
SHAPE = re.compile(r"tlt_[0-9A-Za-z]{49}")
SECRETS = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable())


@pytest.fixture(scope="module")
def cheap():
    return Passwords(time_cost=1, memory_cost=64, parallelism=1)


def test_tokens_differ_and_can_be_recognised():
    made = {new_token() for _ in range(200)}
    assert len(made) == 200
    assert all(SHAPE.fullmatch(token) and looks_like_token(token) for token in made)


@given(st.integers(0, 52), st.characters(codec="utf-8"))
def test_a_token_with_a_typing_error_is_told_apart_without_the_database(at, character):
    token = new_token()
    typed = token[:at] + character + token[at + 1 :]
    assert looks_like_token(typed) == (typed == token)


@given(st.text())
def test_other_text_is_no_token(text):
    assert not looks_like_token(text)
    assert not looks_like_token(f"tlt_{text}"[:52])


def test_a_digest_does_not_show_the_token():
    token = new_token()
    assert len(digest(token)) == 64
    assert token not in digest(token)


@given(SECRETS)
def test_a_cookie_is_read_back_with_the_secret_that_signed_it(secret):
    session_id = new_id()
    cookie = cookies.read(cookies.make(KeyRing([secret]), session_id), KeyRing([secret]))
    assert cookie == cookies.SessionCookie(
        session_id, cookies.csrf_token(KeyRing([secret]), session_id)
    )


@given(SECRETS, SECRETS)
def test_a_cookie_of_another_secret_is_not_read(secret, other):
    value = cookies.make(KeyRing([other]), new_id())
    assert (cookies.read(value, KeyRing([secret])) is not None) == (secret == other)


def test_a_cookie_of_an_older_secret_is_read_while_it_is_rotated():
    session_id = new_id()
    old = KeyRing(["old"])
    value = cookies.make(old, session_id)
    read = cookies.read(value, KeyRing(["new", "old"]))
    assert read.csrf_token == cookies.csrf_token(old, session_id)
    assert cookies.read(value, KeyRing(["new"])) is None


@given(st.text())
def test_text_that_nobody_signed_is_no_cookie(text):
    assert cookies.read(text, KEYS) is None
    assert cookies.read(f"{new_id()}.{text}", KEYS) is None


def test_the_signature_of_a_cookie_is_not_its_csrf_token():
    session_id = new_id()
    value = cookies.make(KEYS, session_id)
    assert cookies.csrf_token(KEYS, session_id) not in value
    forged = f"{session_id}.{cookies.csrf_token(KEYS, session_id)}"
    assert cookies.read(forged, KEYS) is None


@settings(deadline=None, max_examples=20)
@given(password=st.text(max_size=50), other=st.text(max_size=50))
def test_a_password_is_verified_by_its_own_hash_only(cheap, password, other):
    stored = cheap.hash(password)
    assert stored.startswith("$argon2id$")
    assert cheap.verify(stored, password)
    assert cheap.verify(stored, other) == (other == password)


def test_nobodys_password_is_never_right(cheap):
    assert not cheap.verify(None, "")
    assert not cheap.verify(None, "anything")
    assert not cheap.verify("no hash at all", "anything")


def test_a_hash_of_another_cost_is_good_and_outdated(cheap):
    stored = Passwords(time_cost=2, memory_cost=64, parallelism=1).hash("correct horse")
    assert cheap.verify(stored, "correct horse")
    assert cheap.is_outdated(stored)
    assert not cheap.is_outdated(cheap.hash("correct horse"))
