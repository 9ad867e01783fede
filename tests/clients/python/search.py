"""Find something: text, filters, order, pages of 20, and by a tree of conditions."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shop import Client
from shop.api.catalog import catalog_products_list, catalog_products_search
from shop.models import (
    CatalogProductsPage,
    CatalogProductsSearch,
    CatalogProductsSearchPage,
    Problem,
)
from shop.models import CatalogProductsWhere as Where
from shop.models import CatalogProductsWhereOp as Op
from shop.types import UNSET, Unset
from shown import shown

BRASS = CatalogProductsSearch(
    where=Where(
        and_=[
            Where(field="attributes.material", op=Op.IN, value=["brass", "bronze"]),
            Where(not_=Where(field="stock", op=Op.LT, value=1000)),
        ]
    ),
    sort="price",
    limit=2,
)


def search(url: str) -> dict[str, Any]:
    with Client(base_url=url) as client:
        find = partial(
            catalog_products_list.sync_detailed,
            client=client, q="lamp", pricegte="20.00 EUR", supplier="Brass & Sons", limit=20,
        )  # fmt: skip
        pages: list[list[str]] = []
        cursor: str | Unset | None = UNSET
        while cursor is not None:
            page = find(sort="-price", cursor=cursor).parsed
            assert isinstance(page, CatalogProductsPage)
            pages.append([shown(product.price).amount for product in page.items])
            cursor = cursor_of(page.next_)
        refused = find(sort="colour")
        assert isinstance(refused.parsed, Problem)
        tree = catalog_products_search.sync(client=client, body=BRASS)
        assert isinstance(tree, CatalogProductsSearchPage)
        return {
            "pages": pages,
            "tree": [[product.sku for product in tree.items], tree.next_cursor is not None],
            "refused": [
                refused.status_code,
                refused.parsed.code,
                shown(refused.parsed.errors)[0].parameter,
            ],
        }


def cursor_of(url: str | None) -> str | None:
    return parse_qs(urlsplit(url).query)["cursor"][0] if url else None
