"""The catalogue: products, categories, prices, stock, typed attributes and ranked search.

`includeme` is the table of contents. Other addons use what `__all__` lists: the models to refer to,
and the functions that take stock under locks.
"""

from typing import Any

from talatat_catalog.models import Category, Product
from talatat_catalog.search import sync  # noqa: F401  # its listeners keep the search index
from talatat_catalog.stock import (
    LockedProduct,
    OutOfStock,
    UnknownProduct,
    lock_products,
    return_stock,
    take_stock,
)

__all__ = [
    "Category",
    "LockedProduct",
    "OutOfStock",
    "Product",
    "UnknownProduct",
    "lock_products",
    "return_stock",
    "take_stock",
]


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    from talatat_catalog.loader import ProductLoader
    from talatat_catalog.resources import Categories, Products
    from talatat_catalog.settings import CatalogSettings

    config.add_settings_schema(CatalogSettings)
    config.add_permission("catalog.write", "Add, change and remove products and categories")
    config.add_resource(Products)
    config.add_resource(Categories)
    config.add_loader("catalog.products", ProductLoader)
