"""Counts in a real Redis: shared by processes, and a process's own whenever it does not answer."""

import logging
import socket
import threading
import time

import pytest

from talatat.limiting import breaker
from talatat.limiting.shared import Shared
from talatat.limiting.windows import InProcess, Want
from talatat.settings import Quota
from talatat.testing.fixtures import a_redis

from .conftest import ANN, Clock, composing

TIMEOUT = 0.15


@pytest.fixture(scope="module")
def server():
    yield from a_redis()


@pytest.fixture
def redis(server):
    """One Redis for all tests, empty and running."""
    server.kill()
    server.start()
    return server


@pytest.fixture(scope="module")
def pair(till_addons, tmp_path_factory, server):
    """Two systems as two processes have them, with one Redis."""
    folder = tmp_path_factory.mktemp("pair")
    said = {"talatat.limits.storage": server.url, "talatat.limits.timeout": str(TIMEOUT)}
    with (
        composing(till_addons, f"sqlite:///{folder}/one.sqlite")(said) as one,
        composing(till_addons, f"sqlite:///{folder}/other.sqlite")(said) as other,
    ):
        yield one, other


@pytest.fixture
def shops(pair, redis):
    """`one, other = shops(anonymous="2/minute")`"""

    def limited(**quotas):
        for shop in pair:
            shop.begin()
            shop.limit(**quotas)
        return pair

    return limited


def test_processes_share_one_count(shops):
    one, other = shops(anonymous="3/minute", authenticated="3/minute")
    assert one.statuses(2, "/till/public") == [200, 200]
    assert other.statuses(2, "/till/public") == [200, 429]
    assert one.ask("/till/mine", ANN).status_int == 200
    answer = other.ask("/till/mine", ANN)
    assert answer.headers["RateLimit"] == '"address";r=11994;t=60, "authenticated";r=1;t=60'


def test_the_shared_counts_say_what_those_of_a_process_say(redis):
    shared = Shared(redis.url, 1)
    quota = Quota(5, 60)

    def take(cost, key="a"):
        (one,) = shared.take([Want("p", quota, key, cost)])
        return one.granted, one.remains

    assert [take(0), take(2), take(0), take(4), take(3), take(0), take(1)] == [
        (True, 5), (True, 3), (True, 3), (False, 3), (True, 0), (False, 0), (False, 0),
    ]  # fmt: skip
    assert take(1, "b") == (True, 4)
    refused = shared.take([Want("p", quota, "a", 1)])[0]
    # One of five comes back when a fifth of the next window is over.
    assert 60 <= refused.wait <= 73


def test_what_was_counted_is_forgotten_by_itself(redis):
    shared = Shared(redis.url, 1)
    quota = Quota(5, 1)
    shared.take([Want("p", quota, "a")])
    keys = shared._redis.keys("*")
    assert len(keys) == 1
    assert all(0 < shared._redis.pttl(key) <= 2000 for key in keys)


def test_a_redis_that_is_killed_opens_no_door_breaks_nothing_and_is_told_once(shops, redis, caplog):
    one, _ = shops(anonymous="3/minute")
    caplog.set_level(logging.INFO, "talatat.limits")
    assert one.statuses(2, "/till/public") == [200, 200]
    redis.kill()
    assert one.statuses(5, "/till/public") == [200, 200, 200, 429, 429]
    one.clock.now += breaker.PAUSE
    assert one.statuses(2, "/till/public") == [429, 429]
    told = [line for line in caplog.records if line.name == "talatat.limits"]
    assert [line.levelname for line in told] == ["ERROR"]
    assert "each process counts for itself" in told[0].message
    one.test.sign_in("monitor", "talatat.health")
    health = one.ask("/health").json
    assert health["status"] == "warn"
    (check,) = health["checks"]["talatat:limits"]
    assert (check["status"], check["observedValue"]) == ("warn", "this process")


def test_it_is_used_again_by_itself_when_it_is_back(shops, redis, caplog):
    one, other = shops(anonymous="4/minute")
    redis.kill()
    assert one.statuses(2, "/till/public") == [200, 200]
    redis.start()
    assert one.statuses(1, "/till/public") == [200]  # not asked for yet
    one.clock.now += breaker.PAUSE
    with caplog.at_level(logging.INFO, "talatat.limits"):
        assert one.statuses(3, "/till/public") == [200, 200, 200]
    assert "used again" in caplog.text
    assert other.statuses(2, "/till/public") == [200, 429]
    one.test.sign_in("monitor", "talatat.health")
    assert one.ask("/health").json["checks"]["talatat:limits"][0]["observedValue"] == "shared"


def test_health_looks_for_itself_whether_it_is_back(shops, redis):
    one, _ = shops()
    redis.kill()
    one.ask("/till/public")
    redis.start()
    one.clock.now += breaker.PAUSE
    one.test.sign_in("monitor", "talatat.health")
    assert one.ask("/health").json["checks"]["talatat:limits"][0]["status"] == "pass"


def test_a_restart_between_two_requests_is_not_noticed(shops, redis, caplog):
    one, _ = shops(anonymous="4/minute")
    caplog.set_level(logging.INFO, "talatat.limits")
    assert one.statuses(1, "/till/public") == [200]
    redis.kill()
    redis.start()
    assert one.statuses(5, "/till/public") == [200, 200, 200, 200, 429]
    assert [line for line in caplog.records if line.name == "talatat.limits"] == []


def test_a_redis_that_hangs_is_waited_for_once_and_not_by_each_request(shops, redis, monkeypatch):
    one, _ = shops(anonymous="8/minute")
    one.ask("/till/public")
    asked = []
    take = one.limiter.shared._shared.take
    monkeypatch.setattr(
        one.limiter.shared._shared, "take", lambda wants: asked.append(wants) or take(wants)
    )
    redis.freeze()
    started = time.monotonic()
    assert one.statuses(10, "/till/public") == [200] * 8 + [429, 429]
    assert len(asked) == 1
    # No more than the one wait of one request, and the work of ten.
    assert time.monotonic() - started < TIMEOUT + 10
    one.clock.now += breaker.PAUSE
    one.statuses(3, "/till/public")
    assert len(asked) == 2
    redis.thaw()
    one.clock.now += breaker.PAUSE
    one.statuses(2, "/till/public")
    assert len(asked) == 4
    assert one.limiter.shared.failing is None


def test_only_one_request_at_a_time_tries_whether_it_is_back(redis):
    clock, asked = Clock(), []

    class Silent:
        errors = (OSError,)

        def take(self, wants):
            asked.append(wants)
            inner.append(both.take([]))  # while this one still waits, another request comes
            raise OSError("nobody there")

    inner = []
    both = breaker.Breaker(Silent(), InProcess(), clock)
    both.failing = "it was gone"
    clock.now += breaker.PAUSE
    assert both.take([]) == []
    assert (len(asked), inner) == (1, [[]])


@pytest.mark.parametrize(
    "answer", [b"-NOAUTH Authentication required.\r\n", b"HTTP/1.1 400\r\n\r\n"]
)
def test_whatever_answers_in_its_place_is_no_failure_of_a_request(shops, redis, answer):
    redis.kill()
    with socket.create_server(("127.0.0.1", redis.port)) as listener:

        def babble():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.recv(1000)
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=babble, daemon=True).start()
        one, _ = shops(anonymous="2/minute")
        assert one.statuses(3, "/till/public") == [200, 200, 429]
        assert one.limiter.shared.failing
