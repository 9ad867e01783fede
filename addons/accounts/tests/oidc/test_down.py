"""A provider that is away, slow or endless: a page within the timeout, and workers for everybody else."""

import threading
import time

import pytest

from ..conftest import API  # noqa: TID252  # tests are no package with a name
from .conftest import LOGIN
from .test_lies import nobody_gets_in

DISCOVERY = "/.well-known/openid-configuration"
PATHS = [DISCOVERY, "/token", "/jwks"]


def drip(company):
    """An answer of which a byte comes every now and then."""
    released = company.provider.released

    def behaviour(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not released.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    return behaviour


def huge(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"[" * 65536)


def loop(handler):
    handler.answer({}, 302, Location=handler.path)


@pytest.mark.parametrize("path", PATHS)
def test_one_that_hangs_is_waited_for_no_longer_than_the_timeout(company, path):
    company.provider.hang(path)
    began = time.monotonic()
    page = nobody_gets_in(company, reason="oidc_unavailable")
    assert time.monotonic() - began < 5  # half a second is the timeout; the machine may be busy
    assert "does not answer at the moment" in page.html.find(role="alert").text


@pytest.mark.parametrize("path", PATHS)
def test_one_that_drips_is_waited_for_no_longer_than_the_timeout(company, path):
    company.provider.on(path, drip(company))
    began = time.monotonic()
    nobody_gets_in(company, reason="oidc_unavailable")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("path", PATHS)
def test_one_that_never_ends_is_not_read_to_its_end(company, path):
    company.provider.on(path, huge)
    nobody_gets_in(company, reason="oidc_unavailable")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_one_that_fails_is_told_as_away(company, path, status):
    company.provider.on(path, lambda h: h.answer({"error": "x"}, status))
    nobody_gets_in(company, reason="oidc_unavailable")


@pytest.mark.parametrize("path", PATHS)
def test_one_that_cuts_the_line_is_told_as_away(company, path):
    company.provider.on(path, lambda h: h.connection.close())
    nobody_gets_in(company, reason="oidc_unavailable")


@pytest.mark.parametrize("path", PATHS)
def test_redirects_are_not_followed(company, path):
    company.provider.on(path, loop)
    nobody_gets_in(company)
    assert [asked for _, asked in company.provider.asked].count(path) == 1


@pytest.mark.parametrize("path", PATHS)
def test_one_that_has_forgotten_an_address_is_not_believed(company, path):
    company.provider.on(path, lambda h: h.answer({"error": "not_found"}, 404))
    nobody_gets_in(company)


def test_what_failed_is_asked_for_again_at_the_next_login(company):
    company.provider.on(DISCOVERY, lambda h: h.answer({}, 503))
    nobody_gets_in(company, reason="oidc_unavailable")
    del company.provider.behaviours[DISCOVERY]
    company.browser().log_in_at()


def test_a_slow_provider_holds_only_as_many_workers_as_it_may(company):
    """Of five at a time two wait; the others, and whoever comes with a password, are answered at once."""
    company.add("ada")
    asked = threading.Semaphore(0)
    released = company.provider.released

    def hanging(handler):
        asked.release()
        released.wait(30)

    company.provider.on(DISCOVERY, hanging)
    answers = []

    def begin():
        answers.append(company.browser().to_provider(expect_errors=True).status_int)

    waiting = [threading.Thread(target=begin) for _ in range(2)]
    for one in waiting:
        one.start()
    assert asked.acquire(timeout=5)
    assert asked.acquire(timeout=5)
    for _ in range(3):
        page = company.browser().to_provider(status=424)
        assert page.headers["Retry-After"]
        assert not asked.acquire(blocking=False)
    ada = company.browser()
    ada.log_in("ada")
    assert ada.get(f"{API}/me").json["name"] == "ada"
    assert company.browser().get(LOGIN).status_int == 200
    for one in waiting:
        one.join(10)
    assert answers == [424, 424]
    released.set()
    del company.provider.behaviours[DISCOVERY]
    company.browser().log_in_at()  # and the places are free again


def test_a_provider_that_is_slow_locks_nobody_elses_writes(company):
    """On SQLite too: no transaction is open while the provider is waited for."""
    company.add("ada")
    browser = company.browser()
    back = browser.at_provider(browser.to_provider().location)
    asked = threading.Event()
    released = company.provider.released

    def hanging(handler):
        asked.set()
        released.wait(30)

    company.provider.on("/token", hanging)
    thread = threading.Thread(target=lambda: browser.get(back, status=424))
    thread.start()
    assert asked.wait(5)
    company.browser().log_in("ada")  # writes
    thread.join(10)
    assert not thread.is_alive()
