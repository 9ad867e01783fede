"""Where the index is kept. Each database has its own way; migrations/versions/0002_search makes them.

SQLite: a document row for each product, whose triggers keep the full-text table `catalog_search`
(FTS5), and `catalog_search_term` and `catalog_search_place`, which read its inverted lists.
PostgreSQL: one row of `catalog_search_posting` for each term of each product.
On both a deleted product takes its part of the index along (ON DELETE CASCADE).
"""

from __future__ import annotations

import sqlalchemy as sa

from talatat.db import UUIDv7

# Not the models' MetaData: half of these tables do not exist, depending on the database.
metadata = sa.MetaData()

posting = sa.Table(
    "catalog_search_posting",
    metadata,
    sa.Column("term", sa.Text, primary_key=True),
    sa.Column("product_id", UUIDv7, primary_key=True),
    sa.Column("impact", sa.REAL, nullable=False),
)

FIELDS = ("title", "supplier", "code", "description", "attributes")

document = sa.Table(
    "catalog_search_document",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("product_id", UUIDv7, nullable=False, unique=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in FIELDS),
    *(sa.Column(f"{name}_norm", sa.Float, nullable=False) for name in FIELDS),
)

# Virtual tables over the full-text index: each term with its number of documents, each occurrence.
term = sa.table("catalog_search_term", sa.column("term", sa.Text), sa.column("doc", sa.Integer))
place = sa.table(
    "catalog_search_place",
    sa.column("term", sa.Text),
    sa.column("doc", sa.Integer),
    sa.column("col", sa.Text),
)
