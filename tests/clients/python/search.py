"""Find something: text, filters, order, pages of 20, and what a row refers to."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from shop import Client
from shop.api.catalog import catalog_products_list
from shop.models import CatalogProductsPage, Problem


def search(url: str) -> dict[str, Any]:
    with Client(base_url=url) as client:
        query: dict[str, Any] = {
            "q": "lamp", "pricegte": "20.00 EUR", "supplier": "Brass & Sons", "sort": "-price", "limit": 20,
        }  # fmt: skip
        pages, more = [], {}
        while True:
            page = catalog_products_list.sync(client=client, **query, **more)
            assert isinstance(page, CatalogProductsPage)
            pages.append([product.price.amount for product in page.items])
            if page.next_ is None:
                break
            more = {"cursor": parse_qs(urlsplit(page.next_).query)["cursor"][0]}
        refused = catalog_products_list.sync_detailed(client=client, **{**query, "sort": "colour"})
        assert isinstance(refused.parsed, Problem)
        first = refused.parsed.errors[0]
        return {
            "pages": pages,
            "refused": [refused.status_code, refused.parsed.code, first.parameter],
        }
