"""The resource: for those who may read it, and for reading alone."""

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from talatat.testing import composed
from talatat.testing.identities import ByHeader
from talatat_audit.models import Entry
from talatat_audit.sealing import seal_all
from talatat_audit.verifying import verify

ENTRIES = "/api/audit/v1/entries"
READER = {"X-Test-Identity": "ann audit.read"}


def test_only_those_who_may_read_the_trail_see_it(trail):
    trail.product()
    trail.app.get(ENTRIES, headers={"X-Test-Identity": ""}, status=401)
    trail.app.get(ENTRIES, headers={"X-Test-Identity": "ann catalog.read"}, status=403)
    items = trail.app.get(ENTRIES, headers=READER).json["items"]
    assert items[0]["action"] == "create"


def test_there_is_no_way_to_write_entries(trail):
    trail.product()
    entry = trail.one(Entry.resource == "catalog.products")["id"]
    for method in ("put_json", "patch_json", "delete_json"):
        getattr(trail.app, method)(f"{ENTRIES}/{entry}", {}, status=405)
    trail.app.post_json(ENTRIES, {}, status=405)
    trail.app.post_json(f"{ENTRIES}:batch", {"items": []}, status=404)
    trail.app.get(f"{ENTRIES}:changes", status=404)


def test_entries_are_found_by_actor_subject_time_and_action(trail):
    product = trail.product()
    trail.app.patch_json(
        f"/api/catalog/v1/products/{product}",
        {"title": "Light"},
        headers={"X-Test-Identity": "bob catalog.write catalog.read"},
    )
    made, changed = trail.entries(Entry.resource == "catalog.products")

    def found(**query):
        answer = trail.app.get(ENTRIES, {"subject": product, "sort": "happened_at", **query})
        return [one["id"] for one in answer.json["items"]]

    assert found() == [made["id"], changed["id"]]
    assert found(actor_id="bob") == [changed["id"]]
    assert found(action="create", resource="catalog.products") == [made["id"]]
    assert found(**{"happened_at[gt]": made["happened_at"].isoformat().replace("+00:00", "Z")}) == [
        changed["id"]
    ]
    assert found(request_id=changed["request_id"]) == [changed["id"]]
    body = {"where": {"and": [{"field": "subject", "value": product},
                              {"field": "actor_name", "op": "ne", "value": "bob"}]}}  # fmt: skip
    answer = trail.app.post_json(f"{ENTRIES}:search", body)
    assert [one["id"] for one in answer.json["items"]] == [made["id"]]


@pytest.fixture
def statements(trail):
    """The statements that were sent, as (text, how many sets of parameters)."""
    found = []
    engine = trail.test.system.database.engine

    def note(connection, cursor, statement, parameters, context, executemany):
        found.append((statement, len(parameters) if executemany else 1))

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_a_request_that_writes_takes_one_statement_more_however_many_rows_change(trail, statements):
    products = [trail.product(sku=f"n{number}") for number in range(20)]
    for size in (1, 20):
        statements.clear()
        items = [
            {"operation": "patch", "id": product, "body": {"title": f"Light {size}"}}
            for product in products[:size]
        ]
        trail.app.post_json("/api/catalog/v1/products:batch", {"items": items})
        own = [one for one in statements if "audit_" in one[0]]
        assert [text.split()[:3] for text, _ in own] == [["INSERT", "INTO", "audit_entry"]]
        assert own[0][1] == size
        sent = [text for text, _ in statements if "audit_" not in text]
        # With the entry goes no question: a row is read once, as without audit.
        reads = [text for text in sent if text.startswith("SELECT") and "catalog_product\n" in text]
        assert len(reads) <= 2 * size
        assert len([text for text in sent if text.startswith("UPDATE catalog_product")]) == size


def test_a_request_that_reads_takes_no_statement_more(trail, statements):
    product = trail.product()
    statements.clear()
    trail.app.get(f"/api/catalog/v1/products/{product}")
    trail.app.get("/api/catalog/v1/products")
    assert not [text for text, _ in statements if "audit_" in text]


def test_the_trail_sleeps_while_audit_is_off_the_list_and_goes_on_afterwards(tmp_path):
    url = f"sqlite:///{tmp_path}/test.sqlite"
    body = {"title": "T"}
    counted = []
    for addons in (["catalog", "audit"], ["catalog"], ["catalog", "audit"]):
        with composed(
            addons, {"audit.seal_seconds": "0"} if "audit" in addons else {}, url
        ) as test:
            test.system.security.sources["tests"] = ByHeader("clerk *")
            slug = f"s{len(counted)}"
            test.app.post_json("/api/catalog/v1/categories", {**body, "slug": slug}, status=201)
            if "audit" in addons:
                seal_all(test.system.database)
            with test.session(reading=True) as session:
                counted.append(session.scalar(sa.text("SELECT count(*) FROM audit_entry")))
                if "audit" in addons:
                    assert verify(session).problems == ()
    assert counted == [1, 1, 2]
