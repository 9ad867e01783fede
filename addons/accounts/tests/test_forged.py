"""Cookies, tokens, CSRF values and cursors that were changed, or made elsewhere: none is taken, none fails."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from talatat.resources.listing.cursor import Cursor, CursorSealer, digest_of
from talatat.security import KeyRing
from talatat_accounts import cookies
from talatat_accounts.tokens import checksum, new_token

from .conftest import API

NAME = cookies.NAME
MANY = settings(
    max_examples=80,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIGNS = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=';,"\\ ')


def changed(text):
    """Texts near `text`: a character replaced, cut short, extended, a part of it twice."""
    at = st.integers(0, len(text) - 1)
    replaced = st.builds(lambda a, sign: text[:a] + sign + text[a + 1 :], at, SIGNS)
    cut = at.map(lambda a: text[:a])
    longer = st.text(SIGNS, min_size=1, max_size=20).map(lambda more: text + more)
    twice = at.map(lambda a: text + text[a:])
    return (replaced | cut | longer | twice).filter(lambda one: one != text)


@pytest.fixture
def house(lite):
    lite.add("ada")
    lite.add("eve", roles=("admin",))
    return lite


def test_no_changed_cookie_is_a_session(house):
    client = house.client()
    client.log_in("ada")
    right = client.cookies[NAME]
    thief = house.client()

    @MANY
    @given(changed(right))
    def check(value):
        thief.get(f"{API}/me", headers={"Cookie": f"{NAME}={value}"}, status=401)

    check()
    thief.get(f"{API}/me", headers={"Cookie": f"{NAME}={right}"}, status=200)


def test_no_changed_token_is_somebody(house):
    client = house.client()
    right = client.take_token("ada")
    thief = house.client()

    @MANY
    @given(changed(right))
    def check(value):
        thief.get(f"{API}/me", headers={"Authorization": f"Bearer {value}"}, status=401)

    check()
    random = right[4:46] + ("A" if right[46] != "A" else "B")
    forged = f"tlt_{random}{checksum(random)}"  # its checksum is right
    for value in (forged, new_token()):
        thief.get(f"{API}/me", headers={"Authorization": f"Bearer {value}"}, status=401)


def test_no_changed_csrf_value_lets_a_write_pass(house):
    client, other = house.client(), house.client()
    client.log_in("eve")
    other.log_in("ada")
    foreign = cookies.csrf_token(KeyRing(["another"]), client.cookies[NAME].partition(".")[0])

    def refused(value):
        headers = {"X-CSRF-Token": value}
        answer = client.post_json(f"{API}/groups", {"name": "x"}, headers=headers, status=403)
        assert answer.json["code"] == "csrf_failed"

    @MANY
    @given(changed(client.csrf))
    def check(value):
        refused(value)

    check()
    for value in (other.csrf, foreign, client.cookies[NAME].partition(".")[2]):
        refused(value)
    client.post_json(f"{API}/groups", {"name": "x"}, headers=client.proven(), status=201)


def test_what_another_system_signed_or_sealed_is_nothing_here(house):
    client = house.client()
    client.log_in("eve")
    foreign = KeyRing(["the secret of another system"])
    session_id = client.cookies[NAME].partition(".")[0]
    cookie = cookies.make(foreign, session_id)
    house.client().get(f"{API}/me", headers={"Cookie": f"{NAME}={cookie}"}, status=401)
    at = Cursor(("a", session_id))
    query = digest_of("accounts.users", [("sort", "name")])
    ours = CursorSealer(house.test.system.keys).dumps(at, query)
    client.get(f"{API}/users", {"sort": "name", "cursor": ours}, status=200)
    sealed = CursorSealer(foreign).dumps(at, query)
    answer = client.get(f"{API}/users", {"sort": "name", "cursor": sealed}, status=400)
    assert answer.json["code"] == "invalid_cursor"


def test_a_copied_cookie_and_its_csrf_token_end_with_the_logout(house):
    client = house.client()
    client.log_in("eve")
    copied = {"Cookie": f"{NAME}={client.cookies[NAME]}", **client.proven()}
    thief = house.client()
    thief.get(f"{API}/me", headers=copied, status=200)
    client.delete(f"{API}/sessions", headers=client.proven(), status=204)
    thief.get(f"{API}/me", headers=copied, status=401)
    thief.post_json(f"{API}/groups", {"name": "x"}, headers=copied, status=401)


def test_the_cursor_of_somebody_else_shows_no_more_than_ones_own_rights(house):
    """It says where to go on, not what may be seen."""
    eve, ada = house.token_of("eve"), house.token_of("ada")
    page = eve.get(f"{API}/users?limit=1").json["next"]
    eve.get(page, status=200)
    ada.get(page, status=403)
    house.client().get(page, status=401)
