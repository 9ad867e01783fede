"""This repository's own addons with further releases: their packages as they are, and what a program adds.

A release is a copy of the package with more revisions, and with lines at the end of its models that map
what these made. So what the real addons have and the generated ones have not takes part in histories:
checks, unique columns, documents, full-text tables with their triggers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

from grove.kinds import KINDS, new_column
from grove.revisions import Create, Effect, Rev
from grove.series import Draft, ReleaseSeries
from grove.tables import CASCADE, SET_NULL, Column, Table

ADDONS = Path(__file__).resolve().parents[4] / "addons"
RELEASES = 4


def given(name: str, domain: str = "word", *, required: bool = True, **says: object) -> Column:
    """A column that the package has."""
    type_ = "int" if domain == "number" else "text"
    return Column(
        name, **{"type": type_, "domain": domain, "given": True, "required": required, **says}
    )  # type: ignore[arg-type]


def table(
    name: str, class_: str, *columns: Column, extends: tuple[str, str, str] | None = None
) -> Table:
    """A table that the package has; `extends` is (table, its key here, presence)."""
    addon = name.partition("_")[0]
    found = {column.name: column for column in columns}
    if extends is None:
        return Table(addon, name, found, given_class=class_)
    return Table(addon, name, found, extends[0], extends[2], class_, extends[1])


POINTS = given("points", "number", python_default=0, required=False)

# The tables whose rows histories write; an addon's other tables stay empty. By the revision that makes them.
TABLES: Mapping[str, Mapping[str, tuple[Table, ...]]] = {
    "catalog": {
        "0001_products": (
            table(
                "catalog_category",
                "Category",
                given("slug", "unique"),
                given("title"),
                given(
                    "parent_id",
                    type="uuid",
                    required=False,
                    written=False,
                    references=("catalog_category", SET_NULL),
                ),
            ),
            table(
                "catalog_product",
                "Product",
                given("sku"),
                given("title"),
                given("description"),
                given("ean", "list"),
                given("supplier"),
                given("price_minor", "number"),
                given("currency", "currency"),
                given("stock", "number", required=False),
                given("attributes", "map"),
                given("source_id", "unique", required=False),
            ),
        )
    },
    "orders": {
        "0001_orders": (
            table(
                "orders_customer",
                "Customer",
                given("name"),
                given("email", required=False),
                given("country", required=False),
                given("user_id", required=False),
                given("source_id", "unique", required=False),
            ),
            table(
                "orders_history_invoice",
                "HistoryInvoice",
                given("invoice_no", "unique"),
                given("kind"),
                given("invoiced_at", "moment"),
                given(
                    "customer_id",
                    type="uuid",
                    required=False,
                    references=("orders_customer", SET_NULL),
                ),
                given("country", required=False),
            ),
        )
    },
    "loyalty": {
        "0001_points": (
            table(
                "loyalty_product",
                "ProductPoints",
                POINTS,
                extends=("catalog_product", "product_id", "sparse"),
            ),
            table(
                "loyalty_customer",
                "CustomerPoints",
                POINTS,
                extends=("orders_customer", "customer_id", "always"),
            ),
            table(
                "loyalty_account",
                "Account",
                given(
                    "customer_id", type="uuid", unique=True, references=("orders_customer", CASCADE)
                ),
                given("points", "number"),
            ),
        )
    },
    "accounts": {
        "0001_accounts": (
            table("accounts_group", "Group", given("name", "unique"), given("title")),
            table(
                "accounts_user",
                "User",
                given("name", "unique"),
                given("display_name"),
                given("email", required=False),
                given("active", "true"),
                given("password_hash", required=False, written=False),
                given("password_changed_at", required=False, written=False),
            ),
        )
    },
}
MAIN = {
    "catalog": "catalog_product",
    "orders": "orders_customer",
    "loyalty": "loyalty_account",
    "accounts": "accounts_user",
}
REQUIRES = {"catalog": (), "orders": ("catalog",), "loyalty": ("catalog", "orders"), "accounts": ()}
# Tables that the packages have beside those of `TABLES`.
OTHERS = (
    "catalog_product_category", "catalog_search", "orders_order", "orders_order_line", "orders_history_line",
    "loyalty_entry", "accounts_membership", "accounts_grant", "accounts_session", "accounts_token",
    "accounts_attempt", "accounts_second_factor", "accounts_recovery_code", "accounts_external_identity",
    "accounts_external_session",
)  # fmt: skip


@cache
def real_shelf(seed: int) -> tuple[ReleaseSeries, ...]:
    """The four addons, each with its release of today and some that follow."""
    made: dict[str, ReleaseSeries] = {}
    for addon in REQUIRES:
        made[addon] = _series(addon, seed, tuple(made[name] for name in REQUIRES[addon]))
    return tuple(made.values())


def _series(addon: str, seed: int, required: tuple[ReleaseSeries, ...]) -> ReleaseSeries:
    home = ADDONS / addon / f"talatat_{addon}"
    draft = Draft(addon, Random(f"real-{addon}-{seed}"), required, given_main=MAIN[addon])
    draft.requires = {one.addon: one.releases[0].version for one in required}
    for path in sorted((home / "migrations" / "versions").glob("0*.py")):
        draft.counted += 1
        draft.revisions.append(_given(addon, path))
    for one in (one for tables in TABLES[addon].values() for one in tables):
        draft.tables[one.name] = one
    draft.release("1.0.0")
    kinds = [name for name in KINDS if name != "drop table"]
    draft.rng.shuffle(kinds)
    share = -(-len(kinds) // (RELEASES - 1))
    for number in range(1, RELEASES):
        draft.begin()
        if number == 1:
            new_column(draft)
            new_column(draft)
        for kind in kinds[(number - 1) * share : number * share]:
            if not KINDS[kind](draft):
                new_column(draft)
        draft.release(f"1.0.{number}")
    return ReleaseSeries(addon, REQUIRES[addon], tuple(draft.releases), home, MAIN[addon])


def _given(addon: str, path: Path) -> Rev:
    """A revision of the package, with what it does to the rows that histories write."""
    text = path.read_text(encoding="utf-8")
    said: dict[str, object] = {}
    head = text.partition("\ndef ")[0].partition('"""\n\n')[2]
    exec(compile(head, str(path), "exec"), said)  # the head of our own file
    down = said["down_revision"]
    requires = said["requires"]
    assert isinstance(requires, dict)
    effects: tuple[Effect, ...] = tuple(Create(one) for one in TABLES[addon].get(path.stem, ()))
    before = (down,) if isinstance(down, str) else ()
    return Rev(path.stem, str(said["phase"]), "", "", effects, requires, before=before, given=text)
