"""Resources: declared kinds of things, and everything that follows from a declaration.

class Products(Resource):
name = "products"                # /api/catalog/v1/products
model = Product
permissions = {"read": "public", "write": "catalog.write"}

declaration     what an addon writes: Resource, collection_action, item_action, Ranking
directives      add_resource, extend_resource, add_hook
registry        Resources: all of one system, bound when everything is composed
bound, binding  one resource, compiled: schema, filters, orders, extensions
services        routes and views
reads, writes   the views of the operations
listing/        a list's query string, down to SQL
showing/        rows as JSON; ETags and preconditions
writing/        operations on rows, batches, JSON patches; bodies, read by the schema; constraints as problems
extensions, hooks   other addons' fields and calls
"""

from talatat.resources.bound import BoundResource
from talatat.resources.changes.noting import note
from talatat.resources.declaration import (
    OPERATIONS,
    Ranking,
    Resource,
    collection_action,
    item_action,
    writer,
)
from talatat.resources.deprecation import Deprecation
from talatat.resources.listing.filters import compare
from talatat.resources.registry import Resources

__all__ = [
    "OPERATIONS",
    "BoundResource",
    "Deprecation",
    "Ranking",
    "Resource",
    "Resources",
    "collection_action",
    "compare",
    "item_action",
    "note",
    "writer",
]
