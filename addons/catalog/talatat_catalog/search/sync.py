"""The index follows the products: whatever writes one through the ORM writes its document too.

These listen to what is written of the mapped class, so that a checkout, an import, a script and a request are all
covered. Statements that bypass the ORM (bulk inserts and updates) call `index_of(...).put` themselves,
as the loader does.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from talatat.db import on_write
from talatat_catalog.models import Product
from talatat_catalog.search.document import INDEXED, Document
from talatat_catalog.search.index import index_of


@on_write(Product, "after_insert")
def index_new(connection: Connection, product: Product) -> None:
    """Index a product that was made."""
    _put(connection, product)


@on_write(Product, "after_update")
def index_changed(connection: Connection, product: Product) -> None:
    """Index a product anew when something that is searched has changed; a sale changes nothing."""
    state = inspect(product)
    if state.unmodified.issuperset(INDEXED):
        return
    attributes = state.attrs
    if any(attributes[name].history.has_changes() for name in INDEXED):
        _put(connection, product)


def _put(connection: Connection, product: Product) -> None:
    values = {name: getattr(product, name) for name in ("id", *INDEXED)}
    index_of(connection).put(connection, [Document.of(values)])
