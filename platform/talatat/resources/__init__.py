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
reads, writes   the operations; documents reads their bodies
parameters, querying, filters, ordering, cursor, paging     a list's query string, down to SQL
representation, conditions     rows as JSON; ETags and preconditions
extensions, hooks, conflicts   other addons' fields and calls; constraints as problems
"""

from talatat.resources.bound import BoundResource
from talatat.resources.declaration import (
    OPERATIONS,
    Ranking,
    Resource,
    collection_action,
    item_action,
)
from talatat.resources.registry import Resources

__all__ = [
    "OPERATIONS",
    "BoundResource",
    "Ranking",
    "Resource",
    "Resources",
    "collection_action",
    "item_action",
]
