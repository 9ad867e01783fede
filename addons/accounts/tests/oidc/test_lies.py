"""A provider that lies, or that somebody else speaks for: nobody is logged in, and nothing fails here."""

import base64
import hmac
import json
from functools import partial

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import select

from talatat_accounts.models import Session, User

from ..conftest import API, PASSWORD  # noqa: TID252  # tests are no package with a name
from .conftest import LOGIN

DAY = 86400


def unsigned(claims, **header):
    """A token of the algorithm none."""
    parts = ({"alg": "none", "typ": "JWT", **header}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return b".".join([*texts, b""]).decode()


def nobody_gets_in(company, browser=None, reason="oidc_untrusted"):
    """The whole way ends at the login page, with a reason and without a session or an account."""
    browser = browser or company.browser()
    answer = browser.to_provider(expect_errors=True)
    if answer.status_int == 303:
        answer = browser.get(browser.at_provider(answer.location), expect_errors=True)
    assert answer.status_int == 424, answer.text
    assert company.rows(select(Session)) == []
    assert company.rows(select(User).where(User.name == "kim")) == []
    assert answer.html.find(role="alert").text
    assert answer.html.find(id="password") is not None
    assert ("Retry-After" in answer.headers) == (reason == "oidc_unavailable")
    return answer


def changed(**claims):
    """Claims with other values; None takes one away."""
    return lambda told: {k: v for k, v in {**told, **claims}.items() if v is not None}


LIES = {
    "another nonce": changed(nonce="another"),
    "no nonce": changed(nonce=None),
    "an empty nonce": changed(nonce=""),
    "another audience": changed(aud="somebody"),
    "audiences without us": changed(aud=["a", "b"]),
    "no audience": changed(aud=None),
    "an audience of numbers": changed(aud=[1, "talatat"]),
    "several audiences and no azp": changed(aud=["talatat", "other"]),
    "made for another party": changed(azp="other"),
    "made for another party among several": changed(aud=["talatat", "other"], azp="other"),
    "another issuer": changed(iss="https://evil.example"),
    "the issuer with a slash": lambda told: {**told, "iss": told["iss"] + "/"},
    "no issuer": changed(iss=None),
    "several issuers": lambda told: {**told, "iss": [told["iss"]]},
    "no end": changed(exp=None),
    "an end that is text": changed(exp="never"),
    "an end that is true": changed(exp=True),
    "an end beyond numbers": lambda told: {**told, "exp": float("nan")},
    "over since a while": lambda told: {**told, "exp": told["iat"] - 61},
    "no beginning": changed(iat=None),
    "not valid yet": lambda told: {**told, "nbf": told["iat"] + 3600},
    "no subject": changed(sub=None),
    "an empty subject": changed(sub=""),
    "a subject of numbers": changed(sub=7),
    "a subject without end": changed(sub="x" * 256),
    "the hash of another access token": changed(at_hash="A" * 22),
    "an empty hash of numbers": changed(at_hash=[1]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_says_something_wrong_is_refused(company, lie):
    company.provider.lie = LIES[lie]
    nobody_gets_in(company)


FORGED = {
    "none": unsigned,
    "None": lambda claims: unsigned(claims, alg="None"),
    "no algorithm": lambda claims: unsigned(claims, alg=None),
    "no token": lambda claims: None,
    "a number": lambda claims: 7,
    "no JWT": lambda claims: "abc",
    "dots": lambda claims: "....",
    "not ASCII": lambda claims: "\u00e9.\u00e9.\u00e9",
    "no signature": lambda claims: ".".join(unsigned(claims, alg="RS256", kid="one").split(".")),
    "a huge token": lambda claims: "x" * 300_000,
    "deep": lambda claims: base64.urlsafe_b64encode(b'{"a":' * 50_000).decode() + ".e30.AA",
}


@pytest.mark.parametrize("way", FORGED)
def test_a_token_that_is_not_signed_is_refused(company, way):
    company.provider.sign = FORGED[way]
    nobody_gets_in(company)


def signed_with_a_password(claims, password):
    """HS256 by hand: libraries refuse to use a public key so."""
    begin = unsigned(claims, alg="HS256", kid="one").rstrip(".")
    mac = hmac.digest(password, begin.encode(), "sha256")
    return f"{begin}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_token_signed_with_the_public_key_as_a_password_is_refused(company):
    key = company.provider.first_key
    public = key.as_pem(private=False)
    for password in (public, public.strip(), json.dumps(key.as_dict(private=False)).encode()):
        company.provider.sign = partial(signed_with_a_password, password=password)
        nobody_gets_in(company)


def test_a_token_signed_with_the_clients_secret_is_refused(company):
    secret = OctKey.import_key(b"a secret of the client, and longer")
    company.provider.sign = lambda claims: jwt.encode(
        {"alg": "HS256"}, claims, secret, algorithms=["HS256"]
    )
    company.provider.on("/jwks", lambda h: h.answer({"keys": [secret.as_dict()]}))
    nobody_gets_in(company)


def test_an_algorithm_that_is_not_listed_is_refused(company):
    company.provider.sign = lambda claims: company.provider.signed(claims, alg="RS512")
    nobody_gets_in(company)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", "one"),
        ("ES256", ECKey.generate_key("P-256", {"kid": "ec"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "ed"})),
    ],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_algorithms_that_are_listed_are_accepted(company, algorithm, key):
    key = company.provider.first_key if key == "one" else key
    company.provider.keys = [key]
    company.provider.lie = changed(at_hash=None)
    company.provider.sign = lambda claims: company.provider.signed(claims, alg=algorithm)
    company.browser().log_in_at()


def test_a_key_that_is_not_published_is_looked_for_once_and_refused(company):
    stranger = RSAKey.generate_key(2048, {"kid": "stranger"})
    company.browser().log_in_at()
    company.rows(Session.__table__.delete())
    company.rows(User.__table__.delete())
    company.provider.asked.clear()
    company.provider.sign = lambda claims: company.provider.signed(claims, stranger)
    nobody_gets_in(company)
    assert company.provider.asked.count(("GET", "/jwks")) == 1
    imposter = RSAKey.generate_key(2048, {"kid": "one"})  # under the name of the real one
    company.provider.sign = lambda claims: company.provider.signed(claims, imposter)
    nobody_gets_in(company)


def test_keys_that_the_token_brings_along_are_not_looked_at(company):
    own = RSAKey.generate_key(2048, {"kid": "own"})
    company.provider.sign = lambda claims: company.provider.signed(
        claims, own, jwk=own.as_dict(private=False), jku=f"{company.provider.url}/own"
    )
    nobody_gets_in(company)
    assert ("GET", "/own") not in company.provider.asked


def test_a_key_that_was_exchanged_is_fetched(company):
    company.browser().log_in_at()
    company.provider.keys = [RSAKey.generate_key(2048, {"kid": "two"}), company.provider.first_key]
    company.browser().log_in_at()
    company.provider.keys = [RSAKey.generate_key(2048, {"kid": "three"})]
    company.browser().log_in_at()
    assert company.provider.asked.count(("GET", "/jwks")) == 3


def test_a_token_that_names_no_key_is_of_the_only_one(company):
    def sign(claims):
        return (
            company.provider.signed(claims, kid=None)
            if False
            else jwt.encode({"alg": "RS256"}, claims, company.provider.keys[0])
        )

    company.provider.sign = sign
    company.browser().log_in_at()
    company.provider.keys.append(RSAKey.generate_key(2048, {"kid": "two"}))
    company.rows(Session.__table__.delete())
    company.rows(User.__table__.delete())
    nobody_gets_in(fresh_memory(company))


def fresh_memory(company):
    """With nothing remembered of the provider."""
    from talatat_accounts.oidc.discovery import IPublished, Published

    company.test.registry.registerUtility(Published(), IPublished)
    return company


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_a_clock_that_is_a_day_off_is_told_as_that(company, seconds, caplog):
    company.provider.clock = seconds
    page = nobody_gets_in(company)
    assert "clocks of the two servers differ" in page.html.find(role="alert").text
    assert "accounts.oidc.company.leeway" in caplog.text


@pytest.mark.parametrize("seconds", [-330, 50])
def test_a_clock_that_is_off_within_the_leeway_is_no_matter(company, seconds):
    company.provider.clock = seconds
    company.browser().log_in_at()


CONFIGURATIONS = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "no token endpoint": {"token_endpoint": None},
    "a script for an authorization endpoint": {"authorization_endpoint": "javascript:alert(1)"},
    "an authorization endpoint with a name in it": {
        "authorization_endpoint": "https://a@evil.example/"
    },
    "a file of keys": {"jwks_uri": "file:///etc/passwd"},
    "a list for an endpoint": {"token_endpoint": ["https://a.example"]},
    "an end session endpoint with a line end": {
        "end_session_endpoint": "https://a.example/\r\nX: y"
    },
}


@pytest.mark.parametrize("wrong", CONFIGURATIONS)
def test_a_discovery_document_that_is_wrong_is_refused(company, wrong):
    company.provider.announced = CONFIGURATIONS[wrong]
    nobody_gets_in(company)


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/keys", "https://127.0.0.1:1/keys", "https://[::1]/"]
)
def test_a_discovery_document_leads_to_no_address_inside(company, place):
    company.provider.announced = {"jwks_uri": place}
    nobody_gets_in(company, reason="oidc_unavailable")


def test_keys_that_are_none_are_left_out(company):
    good = company.provider.first_key.as_dict(private=False)
    odd = [
        None,
        7,
        {},
        {"kty": "XYZ"},
        {"kty": "RSA", "n": "!"},
        {"kty": "EC", "crv": "P-999", "x": "a", "y": "b"},
    ]
    company.provider.on("/jwks", lambda h: h.answer({"keys": [*odd, good]}))
    company.browser().log_in_at()


@pytest.mark.parametrize("keys", [None, "keys", {}, [{"kty": "RSA"}] * 51, []])
def test_a_key_set_that_is_none_is_refused(company, keys):
    company.provider.on("/jwks", lambda h: h.answer({"keys": keys}))
    nobody_gets_in(company)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b'{"a":' * 20_000, b"\xff\xfe"])
def test_an_answer_that_is_no_object_is_refused(company, path, body):
    company.provider.on(path, lambda h: h.answer(body=body))
    nobody_gets_in(company)


@pytest.mark.parametrize("answer", [
    {"error": "invalid_grant", "error_description": "<script>alert(1)</script>"},
    {"error": ["x"]}, {"id_token": None}, {"access_token": "a"}, {},
])  # fmt: skip
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_to_the_code_without_a_token_is_refused(company, answer, status):
    company.provider.on("/token", lambda h: h.answer(answer, status))
    assert "alert(1)" not in nobody_gets_in(company).text


def test_user_info_about_somebody_else_is_refused(company):
    company.provider.told_in_token = ["sub"]
    company.provider.on(
        "/userinfo", lambda h: h.answer({"sub": "u-2", "preferred_username": "kim"})
    )
    nobody_gets_in(company)


def test_the_password_works_whatever_the_provider_says(company):
    company.add("ada")
    company.provider.sign = unsigned
    browser = company.browser()
    page = nobody_gets_in(company, browser)
    form = page.forms[0]
    form["user"], form["password"] = "ada", PASSWORD
    form.submit(status=303)
    assert browser.get(f"{API}/me").json["name"] == "ada"
    assert LOGIN in page.forms[0].action


def test_what_is_wrong_stands_in_the_log_with_the_keys_of_the_ini(company, caplog):
    company.provider.announced = {"issuer": "https://other.example/"}
    nobody_gets_in(company)
    assert "accounts.oidc.company.issuer" in caplog.text
    assert "https://other.example/" in caplog.text
