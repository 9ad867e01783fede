"""What counts as the same answer, and that nobody passes who leaves out what costs."""

import orjson
import pytest
from bench.agree.canonical import MADE, canonical, difference
from bench.agree.checking import Agreement
from bench.agree.questions import reads, refusals
from bench.data.known import Shop
from bench.flows import FLOWS, Answer
from hypothesis import given
from hypothesis import strategies as st

SHOP = Shop(
    source="here",
    products=40,
    history=400,
    clerk="tlt_clerk",
    buyers=[{"token": f"tlt_{name}", "customer_id": f"customer of {name}"} for name in "ab"],
    goods=[{"id": f"product {number}", "price": 100 + number, "sku": "S"} for number in range(40)],
    searches=[["Cable", "HP"], ["Lamp", "Sony"]],
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def answer(document, status=200):
    return Answer(status, {}, orjson.dumps(document))


@given(st.dictionaries(st.text(), values, min_size=1, max_size=5))
def test_the_order_of_keys_is_no_difference_and_another_status_is_one(document):
    turned = dict(reversed(document.items()))
    assert canonical(answer(document)) == canonical(answer(turned))
    assert canonical(answer(document)) != canonical(answer(document, 201))


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 99), min_size=1), st.sampled_from("abc")
)
def test_any_other_value_is_a_difference_that_is_shown(document, name):
    other = {**document, name: document.get(name, 0) + 1}
    assert canonical(answer(document)) != canonical(answer(other))
    assert "is not" in difference(canonical(answer(document)), canonical(answer(other)))


def test_how_a_cursor_looks_does_not_matter_and_whether_there_is_one_does():
    def page(following):
        return canonical(answer({"items": [1], "next": following, "prev": None}))

    assert page("/a?cursor=x") == page("/b?cursor=y") != page(None)


def test_what_a_server_makes_is_blanked_only_where_it_is_there():
    assert canonical(answer({"id": "1", "n": 2}), MADE) == canonical(
        answer({"id": "9", "n": 2}), MADE
    )
    assert canonical(answer({"id": "1"}), MADE) != canonical(answer({"id": None}), MADE)
    assert canonical(answer({"id": "1"}), MADE) != canonical(answer({}), MADE)


def test_every_way_that_needs_a_token_is_asked_without_one_and_with_one_that_is_made_up():
    asked = {(one.request.method, one.request.path.partition("?")[0], "Authorization" in dict(one.request.headers))
             for one in refusals(SHOP) if one.statuses == (401,)}  # fmt: skip
    ways = {(method, path) for method, path, _ in asked}
    assert asked == {(*way, given) for way in ways for given in (True, False)}
    protected = {
        (request.method, request.path.partition("?")[0])
        for name in ("checkout", "patch", "page")
        for request in [next(_after_the_first(FLOWS[name]))]
    }
    assert (
        {method for method, _ in ways}
        == {method for method, _ in protected}
        == {"POST", "GET", "PATCH"}
    )
    assert protected - {way for way in protected if way[0] == "PATCH"} <= ways


def _after_the_first(flow):
    client = flow.client(SHOP, 0)
    request = next(client)
    for _ in range(flow.first):
        request = client.send(Answer(200, {"etag": '"1"'}, b""))
    yield request


class Books:
    """A database in which nothing ever changes."""

    def execute(self, statement, parameters=()):
        return self

    def fetchone(self):
        return (0,)

    def fetchall(self):
        return []


@pytest.mark.parametrize(("status", "told"), [(200, "200, not"), (500, "500, not")])
def test_a_peer_that_refuses_nothing_or_breaks_over_everything_is_told_at_every_question(
    status, told
):
    agreement = Agreement(SHOP, ("search", "get", "page", "checkout", "patch"))

    def ask(request):
        return answer({"items": [], "next": "/?cursor=x"}, status)

    faults = agreement.check(ask, Books())
    for refusal in refusals(SHOP):
        assert [fault for fault in faults if fault.startswith(f"{refusal.name}: ")], refusal.name
    assert any(told in fault for fault in faults)


def test_an_answer_unlike_the_first_peers_is_a_fault_of_the_second():
    agreement = Agreement(SHOP, ("hello",))
    assert agreement.check(lambda request: answer({"status": "ok"}), Books()) == []
    (fault,) = agreement.check(lambda request: answer({"status": "fine"}), Books())
    assert fault.startswith("hello: ")
    assert {name for name, _ in reads(SHOP)} >= {"hello", "history", "search Cable of HP"}
