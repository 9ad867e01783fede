"""The catalogue: products, categories, prices, stock, typed attributes and ranked search."""

from talatat_catalog.models import Category, Product
from talatat_catalog.stock import (
    OutOfStock,
    UnknownProduct,
    lock_products,
    return_stock,
    take_stock,
)

__all__ = [
    "Category",
    "OutOfStock",
    "Product",
    "UnknownProduct",
    "lock_products",
    "return_stock",
    "take_stock",
]
