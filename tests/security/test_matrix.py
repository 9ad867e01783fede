"""Who may do what: every route of the composed shop, asked as seven actors, against what was reviewed."""

from pathlib import Path

import pytest
from authorizing.shop import supplies

from talatat.testing.authorization import broken_laws, differences, read, run, write

REVIEWED = Path(__file__).with_name("authorization.csv")
MEND = (
    "\n\nWhere that is meant: python -m pytest tests/security/test_matrix.py --write-authorization, and "
    "let somebody review the difference of tests/security/authorization.csv."
)


@pytest.fixture(scope="module")
def outcome(shop):
    return run(shop, supplies(shop))


def test_every_route_does_what_was_reviewed(outcome, request):
    if request.config.getoption("--write-authorization", default=False):
        write(outcome.lines, REVIEWED)
    found = list(differences(outcome.lines, read(REVIEWED)))
    assert not found, "\n".join(found) + MEND


def test_nobody_gets_in_whom_the_permission_keeps_out(outcome, shop):
    assert not list(broken_laws(outcome.lines, shop.everybody))


def test_a_refusal_leaves_no_trace_and_is_no_failure(outcome):
    assert not outcome.traces
    assert not outcome.failures
    assert outcome.requests >= 6 * len(outcome.lines)


def orders(one):
    return one.key in (
        ("orders.orders.item", "GET", ""),
        ("orders.orders.collection:checkout", "POST", ""),
    )


def test_a_scope_that_narrows_nothing_is_found(outcome, shop, monkeypatch):
    resource = shop.registry.system.resources["orders.orders"].resource
    monkeypatch.setattr(resource, "scope", lambda request, query: query)
    found = list(differences(run(shop, supplies(shop), orders).lines, read(REVIEWED)))
    # Nobody owns anything any more: what was `own` or a 404 is allowed.
    assert any("GET /api/orders/v1/orders/{id}: other '404' -> 'allowed'" in one for one in found)


def test_a_policy_that_lets_everybody_in_is_found_without_the_file(shop, monkeypatch):
    monkeypatch.setattr(shop.registry.system.security, "holds", lambda identity, permission: True)
    broken = list(broken_laws(run(shop, supplies(shop), orders).lines))
    assert any("orders:checkout asks for orders.checkout" in one for one in broken)


def test_a_refusal_that_writes_is_found(shop, monkeypatch):
    app, engine = shop.app, shop.system.system.database.engine

    def careless(environ, start):
        def told(status, *rest):
            if status.startswith("403"):
                with engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE catalog_product SET stock = 0")
            return start(status, *rest)

        return app(environ, told)

    monkeypatch.setattr(shop, "app", careless)
    traces = run(shop, supplies(shop), lambda one: one.route.endswith(":checkout")).traces
    assert traces == [
        f"POST /api/orders/v1/orders:checkout refuses {who} (403) and writes"
        for who in ("nothing", "narrowed")
    ]


def test_a_route_that_is_not_in_the_file_and_one_that_is_gone_are_told(outcome):
    reviewed = read(REVIEWED)
    new, gone = reviewed[0], reviewed[-1]
    told = list(differences(reviewed[:-1], reviewed[1:]))
    assert [one.partition(":")[0] for one in told] == [new.name, gone.name]
    assert "nobody has reviewed it" in told[0]
    assert "no route of the composition any more" in told[1]
