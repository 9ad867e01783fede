"""Rate limits over WSGI: who shares a count, what is answered, and what is never counted."""

from contextlib import contextmanager

import pytest
from pyramid_retry import RetryableException

from talatat.errors import AddonError, CompositionError
from talatat.security import SecurityEvent
from talatat.why import why

from .conftest import ANN, ANN_AGAIN, BO

BAD = {"Authorization": "nobody's"}
COINS = "/api/till/v1/coins"


def test_beyond_a_limit_the_answer_says_which_and_when_to_come_again(till):
    shop = till(anonymous="2/minute")
    assert shop.statuses(2, "/till/public") == [200, 200]
    answer = shop.ask(COINS)
    assert answer.status_int == 429
    assert answer.content_type == "application/problem+json"
    assert (answer.json["code"], answer.json["policy"]) == ("too_many_requests", "anonymous")
    assert answer.headers["Retry-After"] == "61"
    assert "allows 2 in 60 seconds" in answer.json["detail"]
    shop.clock.now += 61
    assert shop.ask(COINS).status_int == 200


def test_every_answer_tells_the_policies_and_what_is_left(till):
    shop = till(anonymous="5/minute", writes="3/10 seconds")
    answer = shop.ask(COINS)
    assert answer.headers["RateLimit-Policy"] == ('"address";q=12000;w=60, "anonymous";q=5;w=60')
    assert answer.headers["RateLimit"] == '"address";r=11999;t=60, "anonymous";r=4;t=60'
    shop.clock.now += 20
    answer = shop.ask(COINS, ANN, method="POST", json={"value": 5})
    assert answer.status_int == 201
    assert answer.headers["RateLimit-Policy"] == (
        '"address";q=12000;w=60, "authenticated";q=6000;w=60, "writes";q=3;w=10'
    )
    assert answer.headers["RateLimit"] == (
        '"address";r=11998;t=40, "authenticated";r=5999;t=60, "writes";r=2;t=10'
    )


def test_all_credentials_of_an_account_share_one_count_and_addresses_do_not_add_any(till):
    shop = till(authenticated="3/minute")
    assert shop.ask("/till/mine", ANN).status_int == 200
    assert shop.ask("/till/mine", ANN_AGAIN, "198.51.100.1").status_int == 200
    assert shop.ask("/till/mine", ANN, "2001:db8::1").status_int == 200
    assert shop.ask("/till/mine", ANN_AGAIN, "203.0.113.9").status_int == 429
    assert shop.ask("/till/mine", BO).status_int == 200


def test_addresses_of_one_network_of_ipv6_share_a_count_and_mapped_ones_are_those_of_ipv4(till):
    shop = till(anonymous="1/minute")
    assert shop.ask("/till/public", address="2001:db8:0:1::1").status_int == 200
    assert shop.ask("/till/public", address="2001:db8:0:1:ffff::2").status_int == 429
    assert shop.ask("/till/public", address="2001:db8:0:2::1").status_int == 200
    assert shop.ask("/till/public", address="198.51.100.7").status_int == 200
    assert shop.ask("/till/public", address="::ffff:198.51.100.7").status_int == 429


def test_what_changes_something_has_a_limit_of_its_own(till):
    shop = till(writes="1/minute")
    assert shop.ask(COINS, ANN, method="POST", json={"value": 1}).status_int == 201
    refused = shop.ask(COINS, ANN, method="POST", json={"value": 1})
    assert (refused.status_int, refused.json["policy"]) == (429, "writes")
    assert shop.ask(COINS, ANN).status_int == 200
    assert shop.ask(f"{COINS}:search", ANN, method="POST").status_int == 200


def test_an_item_of_a_batch_counts_as_a_request(till):
    shop = till(writes="5/minute")
    before = len(shop.ask(COINS, address="203.0.113.1").json["items"])
    items = [{"operation": "create", "body": {"value": 1}}] * 3
    answer = shop.ask(f"{COINS}:batch", ANN, method="POST", json={"items": items})
    assert answer.status_int == 200
    assert '"writes";r=2;' in answer.headers["RateLimit"]
    assert '"authenticated";r=5997;' in answer.headers["RateLimit"]
    assert '"address";r=11999;' in answer.headers["RateLimit"]
    refused = shop.ask(f"{COINS}:batch", ANN, method="POST", json={"items": items})
    assert refused.status_int == 429
    assert len(shop.ask(COINS).json["items"]) == before + 3


def test_a_batch_that_could_never_pass_is_told_to_come_in_parts(till):
    shop = till(writes="5/minute")
    items = [{"operation": "create", "body": {"value": 1}}] * 7
    refused = shop.ask(f"{COINS}:batch", ANN, method="POST", json={"items": items})
    assert refused.status_int == 429
    assert "this is 7 at once: send it in parts" in refused.json["detail"]


def test_an_addon_gives_a_view_and_an_action_a_limit_in_one_word(till):
    shop = till()
    assert shop.statuses(2, "/till/drawer", ANN) == [200, 200]
    refused = shop.ask(f"{COINS}:empty", ANN, method="POST")
    assert (refused.status_int, refused.json["policy"]) == (429, "till.drawer")
    assert shop.ask("/till/drawer", BO).status_int == 200
    assert shop.ask("/till/mine", ANN).status_int == 200
    # By address, whoever asks.
    assert shop.ask("/till/bell", ANN).status_int == 200
    assert shop.ask("/till/bell", BO).status_int == 429


def test_the_ini_has_the_last_word_on_an_addons_limit(till):
    shop = till(till__drawer="3/minute", till__bell="off")
    assert shop.statuses(4, "/till/drawer", ANN) == [200, 200, 200, 429]
    assert shop.statuses(5, "/till/bell") == [200] * 5
    assert "till.bell" not in shop.ask("/till/bell").headers["RateLimit"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("talatat.limits.anonymus", "5/minute", "Did you mean talatat.limits.anonymous?"),
        ("talatat.limits.till.draw", "5/minute", "Did you mean talatat.limits.till.drawer?"),
        ("talatat.limits.anonymous", "many", "write it like 60/minute, or off"),
        ("talatat.limits.till.drawer", "5/fortnight", "write it like 60/minute, or off"),
        ("talatat.limits.writes", "0/minute", "from 1 to"),
        ("talatat.limits.storage", "memcached://x", "write memory, or the URL of a Redis"),
        ("talatat.limits.storage", "redis://127.0.0.1:port/0", "talatat.limits.storage"),
    ],
)
def test_a_limit_in_the_ini_that_cannot_be_is_told_with_its_line(composed_till, key, value, said):
    with pytest.raises(CompositionError) as raised, composed_till({key: value}):
        pass
    assert said in str(raised.value)
    assert "test.ini:" in str(raised.value)


def test_a_limit_of_an_addon_that_is_installed_and_not_composed_sleeps(addons, sqlite_url):
    declaring = "def includeme(config): config.add_limit('lamp.light', '5/minute')\n"
    addons.write("lamp", {"__init__.py": declaring})
    addons.write("desk", {})
    said = {"talatat.limits.lamp.light": "9/minute"}
    with addons.composed("desk", url=sqlite_url, settings=said) as system:
        assert "lamp.light" not in system.system.limits.policies
    said = {"talatat.limits.lump.light": "9/minute"}
    with pytest.raises(CompositionError, match="unknown setting"):
        addons.composed("desk", url=sqlite_url, settings=said).__enter__()


def test_a_dependent_overrides_the_default_of_a_limit_and_the_ini_still_wins(addons, sqlite_url):
    declaring = "def includeme(config): config.add_limit('lamp.light', '5/minute')\n"
    addons.write("lamp", {"__init__.py": declaring})
    overriding = """
        def includeme(config):
            with config.overriding("lamp"):
                config.override_setting_default("talatat.limits.lamp.light", "7/minute")
            config.override_setting_default("talatat.limits.anonymous", "9/minute")
        """
    addons.write("room", {"__init__.py": overriding}, requires=("lamp",))
    for own, light in (({}, "7/minute"), ({"talatat.limits.lamp.light": "2/minute"}, "2/minute")):
        said = {"talatat.limits": "on", **own}
        with addons.composed("room", url=sqlite_url, settings=said) as system:
            found = system.system.limits.policies
            assert str(found["lamp.light"].quota) == light
            assert str(found["anonymous"].quota) == "9/minute"
            assert system.system.settings.platform.limit_anonymous == found["anonymous"].quota


def test_a_view_with_a_limit_that_nobody_declares_does_not_start(addons, sqlite_url):
    addons.write(
        "lamp",
        {
            "__init__.py": """
                def view(request): pass
                def includeme(config):
                    config.add_limit("lamp.light", "5/minute")
                    config.add_route("lamp", "/lamp")
                    config.add_view(view, route_name="lamp", permission="public", limit="lamp.lihgt")
                """
        },
    )
    with pytest.raises(CompositionError, match=r"limit 'lamp.lihgt'.*mean 'lamp.light'"):
        addons.composed("lamp", url=sqlite_url, settings={"talatat.limits": "on"}).__enter__()


@pytest.mark.parametrize(
    "call",
    [
        'add_limit("other.light", "5/minute")',
        'add_limit("lamp.light", "often")',
        'add_limit("lamp.Light", "5/minute")',
        'add_limit("lamp.light", "5/minute", by="shoe size")',
    ],
)
def test_a_limit_that_cannot_be_declared_says_how_to_write_it(addons, sqlite_url, call):
    addons.write("lamp", {"__init__.py": f"def includeme(config): config.{call}\n"})
    with pytest.raises(AddonError, match=r"write|neither"):
        addons.composed("lamp", url=sqlite_url).__enter__()


def test_limits_can_be_switched_off_together_and_one_by_one(till, composed_till):
    with composed_till({"talatat.limits": "off", "talatat.limits.anonymous": "1/minute"}) as shop:
        answers = [shop.ask("/till/public") for _ in range(5)]
        assert {one.status_int for one in answers} == {200}
        assert "RateLimit" not in answers[0].headers
    shop = till(anonymous="off", address="off")
    assert "RateLimit" not in shop.ask("/till/public").headers


def test_probes_and_files_are_not_counted(till):
    shop = till(anonymous="1/minute", address="2/minute")
    for path in ("/livez", "/readyz", "/till/files/coin.txt"):
        assert shop.statuses(5, path) == [200] * 5
    assert shop.ask("/till/public").status_int == 200
    assert shop.ask("/till/public").status_int == 429


def test_an_address_beyond_its_limit_is_refused_before_the_database_is_asked(till):
    shop = till(anonymous="1/minute", credentials="2/minute", address="8/minute")
    shop.ask("/till/public")
    with shop.statements() as seen:
        assert shop.ask("/till/mine").status_int == 429
    assert seen == []
    # Credentials that are not valid cost a look each, and only so many.
    assert shop.statuses(2, "/till/mine", BAD) == [401, 401]
    with shop.statements() as seen:
        refused = shop.ask("/till/mine", BAD)
    assert (refused.status_int, seen) == (429, [])
    assert "credentials" in refused.text
    # Whatever is sent, an address has an end.
    assert shop.statuses(9, "/till/mine", {"Cookie": "a=b"}, "198.51.100.1") == [401] * 8 + [429]
    assert shop.ask("/till/mine", ANN, "198.51.100.1").status_int == 429


def test_what_is_not_found_or_not_allowed_counts_too(till):
    shop = till(anonymous="2/minute", authenticated="2/minute")
    assert shop.statuses(3, "/nowhere") == [404, 404, 429]
    # Somebody who is refused for want of a permission was recognised, and that counts.
    assert shop.ask("/till/audit", ANN, "198.51.100.1").status_int == 403
    assert shop.statuses(2, "/till/mine", ANN, "198.51.100.1") == [200, 429]


def test_who_is_logged_in_is_not_held_up_by_neighbours_on_a_public_page(till):
    shop = till(anonymous="2/minute")
    assert shop.statuses(3, "/till/public") == [200, 200, 429]
    answer = shop.ask("/till/public", ANN)
    assert answer.status_int == 200
    assert '"authenticated";r=5999' in answer.headers["RateLimit"]
    assert shop.ask("/till/public", {"Cookie": "nobody=1"}).status_int == 429


@contextmanager
def listening(shop, listener):
    registry = shop.test.registry
    registry.registerHandler(listener, (SecurityEvent,))
    try:
        yield
    finally:
        registry.unregisterHandler(listener, (SecurityEvent,))


def test_a_limit_that_begins_to_refuse_is_told_once_a_window(till):
    shop, heard = till(anonymous="1/minute", authenticated="1/minute"), []
    with listening(shop, heard.append):
        shop.statuses(5, "/till/public")
        shop.statuses(5, "/till/mine", ANN, "198.51.100.1")
        assert [(one.name, one.outcome, one.subject, one.details["policy"]) for one in heard] == [
            ("talatat.limit", "refused", "192.0.2.1", "anonymous"),
            ("talatat.limit", "refused", "ann", "authenticated"),
        ]
        shop.clock.now += 90
        shop.statuses(5, "/till/public")
        assert len(heard) == 3


def test_a_listener_that_fails_does_not_turn_a_refusal_into_a_failure(till):
    def broken(event):
        raise RuntimeError("the disk is full")

    shop = till(anonymous="1/minute")
    with listening(shop, broken):
        assert shop.statuses(3, "/till/public") == [200, 429, 429]


@pytest.mark.parametrize("headers", [None, ANN, BAD])
def test_counting_asks_the_database_nothing(composed_till, headers):
    seen = {}
    for state in ("on", "off"):
        with composed_till({"talatat.limits": state}) as shop:
            for path in ("/till/public", "/till/mine", COINS, f"{COINS}:search"):
                method = "POST" if path.endswith("search") else "GET"
                with shop.statements() as found:
                    shop.ask(path, headers, method=method)
                seen.setdefault(path, []).append(found)
            with shop.statements() as found:
                shop.ask(COINS, headers, method="POST", json={"value": 1})
            seen.setdefault("create", []).append([one.split()[0] for one in found])
    assert all(counted == uncounted for counted, uncounted in seen.values())
    assert any(counted for counted, _ in seen.values()) or headers is None


def test_a_request_that_is_tried_again_counts_once(till, monkeypatch):
    shop, tries = till(), []

    def scope(request, query):
        tries.append(request)
        if len(tries) < 3:
            raise RetryableException
        return query

    (coins,) = shop.system.resources.values()
    monkeypatch.setattr(coins.resource, "scope", scope)
    answer = shop.ask(COINS)
    assert (answer.status_int, len(tries)) == (200, 3)
    assert '"anonymous";r=2999' in answer.headers["RateLimit"]


def test_health_says_where_requests_are_counted(till):
    shop = till()
    shop.test.sign_in("monitor", "talatat.health")
    checks = shop.ask("/health").json["checks"]
    assert checks["talatat:limits"][0]["observedValue"] == "this process"
    assert checks["talatat:load"][0]["observedValue"] == 0


def test_why_tells_of_a_limit_and_of_its_key(composed_till):
    with composed_till({"talatat.limits.till.drawer": "9/minute"}) as shop:
        registry = shop.test.registry
        limit = next(one for one in why(registry, "till.drawer") if one.kind == "limit")
        assert (limit.addon, limit.says["default"]) == ("till", "2/minute")
        (key,) = why(registry, "talatat.limits.till.drawer")
        assert (key.kind, key.addon, key.says["value"]) == ("setting", "till", "9/minute")
        assert key.says["meaning"] == "Openings of the drawer"
