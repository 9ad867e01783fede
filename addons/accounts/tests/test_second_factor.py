"""The second factor: enrolling, logging in with it, its limits, and getting rid of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from talatat.db import utcnow
from talatat.testing import composed
from talatat_accounts.models import Attempt, RecoveryCode, SecondFactor, Session, User
from talatat_accounts.second_factor import matching_step

from .conftest import API, PASSWORD, SETTINGS, Accounts

FACTOR = f"{API}/me/second-factor"
SEED = pyotp.random_base32()
LOGIN = {"user": "ada", "password": PASSWORD}


def code(seed, steps=0, at=None):
    """The code of now, or of so many half minutes later."""
    return pyotp.TOTP(seed).at(at or utcnow(), counter_offset=steps)


def enrol(client):
    """Log `client` in, and enrol; the seed and the recovery codes."""
    if client.csrf is None:
        client.log_in()
    seed = client.post(FACTOR, headers=client.proven(), status=201).json["seed"]
    first = {"otp": code(seed, -1)}  # so that the code of now is still good
    answer = client.post_json(f"{FACTOR}:confirm", first, headers=client.proven(), status=200)
    return seed, answer.json["recovery_codes"]


def log_in(client, otp=None, path="sessions", **kw):
    body = {**LOGIN, **({} if otp is None else {"otp": otp})}
    return client.post_json(f"{API}/{path}", body, **{"expect_errors": True, **kw})


@pytest.fixture
def enrolled(accounts, ada):
    return enrol(accounts.client())


@pytest.fixture
def seed(enrolled):
    return enrolled[0]


def test_an_app_is_enrolled_by_its_seed_and_confirmed_by_its_first_code(accounts, ada):
    client = accounts.client()
    client.log_in()
    answer = client.post(FACTOR, headers=client.proven(), status=201)
    assert answer.headers["Cache-Control"] == "no-store"
    uri = urlsplit(answer.json["uri"])
    told = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Talatat:ada")
    assert (told["secret"], told["issuer"]) == ([answer.json["seed"]], ["Talatat"])
    assert client.get(FACTOR).json["enrolled"] is False
    accounts.client().log_in(status=201)
    proof = {"otp": code(answer.json["seed"])}
    confirmed = client.post_json(f"{FACTOR}:confirm", proof, headers=client.proven(), status=200)
    assert len(set(confirmed.json["recovery_codes"])) == 10
    shown = client.get(FACTOR).json
    assert (shown["enrolled"], shown["recovery_codes_left"]) == (True, 10)
    assert log_in(accounts.client()).status_int == 401


def test_a_wrong_first_code_confirms_nothing(accounts, ada):
    client = accounts.client()
    client.log_in()
    seed = client.post(FACTOR, headers=client.proven(), status=201).json["seed"]
    for otp in (code(seed, 9), "abcdef", ""):
        client.post_json(f"{FACTOR}:confirm", {"otp": otp}, headers=client.proven(), status="4*")
    accounts.client().log_in(status=201)


def test_enrolling_ends_all_other_sessions(accounts, ada):
    here, there = accounts.client(), accounts.client()
    there.log_in()
    enrol(here)
    there.get(f"{API}/me", status=401)
    here.get(f"{API}/me", status=200)


def test_who_has_a_second_factor_takes_it_away_before_enrolling_another(accounts, ada):
    client = accounts.client()
    enrol(client)
    answer = client.post(FACTOR, headers=client.proven(), status=409)
    assert answer.json["code"] == "second_factor_enrolled"
    client.delete(FACTOR, headers=client.proven(), status=204)
    client.delete(FACTOR, headers=client.proven(), status=409)
    accounts.client().log_in(status=201)
    assert accounts.rows(select(RecoveryCode.digest)) == []
    enrol(client)


@pytest.mark.parametrize("path", ["sessions", "tokens"])
def test_a_login_takes_a_code_too(accounts, seed, path):
    client = accounts.client()
    answer = log_in(client, path=path)
    assert (answer.status_int, answer.json["code"]) == (401, "second_factor_needed")
    assert "Set-Cookie" not in answer.headers
    answer = log_in(client, code(seed, 7), path=path)
    assert (answer.status_int, answer.json["code"]) == (401, "invalid_second_factor")
    log_in(client, code(seed), path=path, status=201)


def test_a_wrong_password_is_not_told_whether_there_is_a_second_factor(accounts, seed):
    accounts.add("eve")

    def told(user, **more):
        body = {"user": user, "password": "a guess", **more}
        answer = accounts.client().post_json(f"{API}/sessions", body, expect_errors=True).json
        return {name: value for name, value in answer.items() if name != "request_id"}

    assert told("ada") == told("eve") == told("nobody")
    assert told("ada", otp=code(seed)) == told("eve", otp="123456") == told("nobody", otp="123456")


@given(st.integers(0, 2**33), st.integers(-5, 5))
def test_clocks_may_differ_by_one_step(seconds, steps):
    shown = datetime.fromtimestamp(max(seconds + 30 * steps, 0), UTC)
    apart = abs(int(shown.timestamp()) // 30 - seconds // 30)
    found = matching_step(SEED, code(SEED, at=shown), datetime.fromtimestamp(seconds, UTC))
    assert found == (int(shown.timestamp()) // 30 if apart <= 1 else None)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_code_of_now_and_of_the_next_half_minute_is_good(accounts, seed, steps):
    log_in(accounts.client(), code(seed, steps), status=201)


def test_the_code_of_the_step_before_is_good_where_none_was_used(accounts, seed):
    accounts.rows(update(SecondFactor).values(last_step=0))
    log_in(accounts.client(), code(seed, -1), status=201)


def test_a_code_is_taken_once(accounts, seed):
    otp = code(seed)
    log_in(accounts.client(), otp, status=201)
    answer = log_in(accounts.client(), otp)
    assert (answer.status_int, answer.json["code"]) == (401, "invalid_second_factor")
    log_in(accounts.client(), otp, path="tokens", status=401)
    log_in(accounts.client(), code(seed, 1), status=201)
    log_in(accounts.client(), otp, status=401)


def test_the_second_factor_is_limited_for_an_account_from_all_addresses_together(accounts, seed):
    clients = [accounts.client(REMOTE_ADDR=f"198.51.100.{n}") for n in range(7)]
    found = [log_in(client, code(seed, 50 + n)).status_int for n, client in enumerate(clients)]
    assert found == [401] * 5 + [429] * 2
    answer = log_in(accounts.client(), code(seed))
    assert (answer.status_int, answer.json["code"]) == (429, "too_many_attempts")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    accounts.rows(update(Attempt).values(ends_at=utcnow() - timedelta(seconds=1)))
    log_in(accounts.client(), code(seed), status=201)


def test_parallel_guesses_of_codes_do_not_slip_through_together(accounts, seed):
    clients = [accounts.client(REMOTE_ADDR=f"198.51.100.{n}") for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        found = sorted(
            answer.status_int
            for answer in pool.map(lambda n: log_in(clients[n], code(seed, 50 + n)), range(20))
        )
    assert found == [401] * 5 + [429] * 15


def test_asking_for_the_code_counts_until_the_login_succeeds(accounts, seed):
    """Or a right password could be told from a wrong one as often as one likes."""
    client = accounts.client()
    assert [log_in(client).status_int for _ in range(6)] == [401] * 5 + [429]


def test_a_success_forgets_the_failures_of_both_factors(accounts, seed):
    for step in (0, 1):
        client = accounts.client()
        for _ in range(4):
            assert log_in(client, code(seed, 50)).status_int == 401
        log_in(client, code(seed, step), status=201)
    left = accounts.rows(select(Attempt.count))
    assert left == [(8,)], "only the address is not forgiven"


def test_a_recovery_code_stands_in_once(accounts, enrolled):
    seed, codes = enrolled
    log_in(accounts.client(), codes[0], status=201)
    log_in(accounts.client(), codes[0], status=401)
    log_in(accounts.client(), codes[1].lower().replace("-", " "), status=201)
    client = accounts.client()
    client.csrf = log_in(client, code(seed), status=201).json["csrf_token"]
    assert client.get(FACTOR).json["recovery_codes_left"] == 8


def test_new_recovery_codes_end_the_old_ones(accounts, ada):
    client = accounts.client()
    _, old = enrol(client)
    answer = client.post(f"{FACTOR}:renew-codes", headers=client.proven(), status=200)
    log_in(accounts.client(), old[0], status=401)
    log_in(accounts.client(), answer.json["recovery_codes"][0], status=201)


@pytest.mark.parametrize("what", ["recovery code", "code of the app"])
def test_twenty_threads_with_one_code_log_in_once(request, tmp_path, served, what):
    """Each without a limit in its way, on the database of the fixture."""
    more = dict.fromkeys(("login_attempts", "login_attempts_address"), "1000")
    more |= {"second_factor_attempts": "1000"}
    settings = {**SETTINGS, **{f"accounts.{name}": value for name, value in more.items()}}
    url = f"sqlite:///{tmp_path}/race.sqlite"
    if served.system.database.dialect == "postgresql":
        url = request.getfixturevalue("postgresql_server").create_database()
    with composed(["accounts"], settings, url) as test:
        accounts = Accounts(test)
        accounts.add("ada")
        seed, codes = enrol(accounts.client())
        otp = codes[0] if what == "recovery code" else code(seed)
        clients = [accounts.client() for _ in range(20)]
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda client: log_in(client, otp), clients))
        assert sorted(answer.status_int for answer in answers) == [201] + [401] * 19
        assert len(accounts.rows(select(Session.id))) == 2


def test_a_code_that_let_nobody_in_is_not_spent(accounts, seed):
    otp = code(seed)
    body = {**LOGIN, "otp": otp, "scopes": ["no.such"]}
    accounts.client().post_json(f"{API}/tokens", body, status=422)
    log_in(accounts.client(), otp, status=201)


@pytest.mark.parametrize("days", [-1, 1])
def test_after_the_clock_was_a_day_wrong_codes_are_good_again(accounts, seed, days):
    """The last login was made by a clock that ran a day ahead, or behind."""
    then = utcnow() + timedelta(days=days)
    accounts.rows(update(SecondFactor).values(last_step=int(then.timestamp()) // 30))
    otp = code(seed)
    log_in(accounts.client(), otp, status=201)
    log_in(accounts.client(), otp, status=401)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_phone_that_is_a_day_wrong_is_refused(accounts, seed, days):
    log_in(accounts.client(), code(seed, at=utcnow() + timedelta(days=days)), status=401)


@pytest.mark.parametrize(
    "otp", ["0", "12345", "1234567", "\u0661\u0662\u0663\u0664\u0665\u0666", "\ud800", "A" * 64]
)
def test_what_is_no_code_is_a_wrong_code(accounts, seed, otp):
    assert log_in(accounts.client(), otp).status_int in (400, 401)


def test_neither_a_token_nor_a_stale_session_touches_the_second_factor(accounts, ada):
    token, client = accounts.token_of("ada"), accounts.client()
    client.log_in()
    accounts.rows(update(Session).values(authenticated_at=utcnow() - timedelta(hours=1)))
    for asking, headers in ((token, {}), (client, client.proven())):
        for call, path in (
            (asking.post, FACTOR),
            (asking.post, f"{FACTOR}:confirm"),
            (asking.post, f"{FACTOR}:renew-codes"),
            (asking.delete, FACTOR),
        ):
            answer = call(path, headers=headers, status=403)
            assert answer.json["code"] == "reauthentication_needed"


def test_a_manager_sees_and_resets_the_second_factor_of_somebody(accounts, ada):
    accounts.add("boss", roles=("accounts.manager",))
    user = accounts.client()
    enrol(user)
    boss = accounts.token_of("boss")
    before = boss.get(f"{API}/users/{ada}")
    assert before.json["second_factor"] is True
    boss.post(f"{API}/users/{ada}:reset-second-factor", status=204)
    after = boss.get(f"{API}/users/{ada}")
    assert after.json["second_factor"] is False
    assert after.headers["ETag"] != before.headers["ETag"]
    user.get(f"{API}/me", status=401)
    accounts.client().log_in(status=201)
    answer = boss.post(f"{API}/users/{ada}:reset-second-factor", status=409)
    assert answer.json["code"] == "second_factor_missing"


def test_nobody_resets_the_second_factor_of_somebody_above(accounts, ada):
    root = accounts.add("root", roles=("admin",))
    accounts.add("boss", roles=("accounts.manager",))
    client = accounts.client()
    client.log_in("root")
    enrol(client)
    reset = f"{API}/users/{root}:reset-second-factor"
    assert accounts.token_of("boss").post(reset, status=403).json["code"] == "rank"
    accounts.token_of("ada").post(reset, status=403)
    assert client.get(FACTOR).json["enrolled"] is True


def test_a_token_changes_the_password_with_a_code_only(accounts, seed):
    token = accounts.client()
    answer = log_in(token, code(seed), path="tokens", status=201)
    token.authorization = ("Bearer", answer.json["token"])
    change = {"current": PASSWORD, "new": "a quite different password"}
    path = f"{API}/me/password"
    assert token.put_json(path, change, status=401).json["code"] == "second_factor_needed"
    token.put_json(path, {**change, "otp": code(seed, 1)}, status=204)


def test_the_database_holds_neither_seed_nor_recovery_code(accounts, enrolled):
    seed, codes = enrolled
    with accounts.test.session() as session:
        stored = "\n".join(
            str(row)
            for table in ("accounts_second_factor", "accounts_recovery_code")
            for row in session.execute(text(f"SELECT * FROM {table}"))
        )
    bare = [one.replace("-", "") for one in codes]
    assert len(stored.splitlines()) == 11
    assert [one for one in (seed, *codes, *bare) if one in stored] == []


def test_a_seed_under_a_lost_key_locks_nobody_out_who_has_recovery_codes(
    accounts, enrolled, caplog
):
    seed, codes = enrolled
    accounts.rows(text("UPDATE accounts_second_factor SET seed = 'gAAAAAB-damaged'"))
    assert log_in(accounts.client(), code(seed)).json["code"] == "invalid_second_factor"
    assert "talatat.secret" in caplog.text
    log_in(accounts.client(), codes[0], status=201)
    boss = accounts.add("boss", roles=("admin",))
    assert boss
    assert accounts.token_of("boss").get(f"{API}/users").json["items"]


def test_a_closed_account_with_a_second_factor_is_like_none(accounts, seed):
    accounts.rows(update(User).values(active=False))
    assert log_in(accounts.client(), code(seed)).json["code"] == "invalid_credentials"
