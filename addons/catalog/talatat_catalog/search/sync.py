"""The index follows the products: whatever writes one through the ORM writes its document too.

These are listeners on the mapped class, so that a checkout, an import, a script and a request are all
covered. Statements that bypass the ORM (bulk inserts and updates) call `index_of(...).put` themselves,
as the loader does.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect
from sqlalchemy.orm import Mapper

from talatat_catalog.models import Product
from talatat_catalog.search.document import INDEXED, Document
from talatat_catalog.search.index import index_of


@event.listens_for(Product, "after_insert")
def index_new(mapper: Mapper[Any], connection: Connection, product: Product) -> None:
    """Index a product that was made."""
    _put(connection, product)


@event.listens_for(Product, "after_update")
def index_changed(mapper: Mapper[Any], connection: Connection, product: Product) -> None:
    """Index a product anew when something that is searched has changed; a sale changes nothing."""
    attributes = inspect(product).attrs
    if any(attributes[name].history.has_changes() for name in INDEXED):
        _put(connection, product)


def _put(connection: Connection, product: Product) -> None:
    values = {name: getattr(product, name) for name in ("id", *INDEXED)}
    index_of(connection).put(connection, [Document.of(values)])
