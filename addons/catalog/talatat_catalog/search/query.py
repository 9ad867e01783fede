"""`q=`: from what somebody types to products and their scores.

Any text is a query: quotes, operators and signs are not syntax, they are left out. Every product that
holds one of the terms is found, those that hold more, and more telling ones, come first.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat_catalog.models import Product
from talatat_catalog.search.analysis import query_of
from talatat_catalog.search.index import index_of
from talatat_catalog.search.ranking import inverse_frequency

# Scores are compared and kept in cursors as whole numbers: sums of floats depend on their order.
SCALE = 1_000_000


def ranked(session: Session, text: str) -> sa.Subquery:
    """Return a subquery of `id` and `score` (an integer, best highest) for the products found."""
    index = index_of(session.connection())
    asked, joined = query_of(text)
    terms = [*asked, *joined]
    frequencies = index.frequencies(session, terms) if terms else {}
    if not frequencies:
        nothing = sa.select(Product.id.label("id"), sa.literal(0).label("score"))
        return nothing.where(sa.false()).subquery("ranked")
    documents = session.scalar(sa.select(sa.func.count()).select_from(Product)) or 0
    weights = [(term, inverse_frequency(documents, n)) for term, n in frequencies.items()]
    hits = index.hits(_weighted(weights))
    score = sa.cast(sa.func.round(sa.func.sum(hits.c.gain) * SCALE), sa.BigInteger)
    return (
        sa.select(hits.c.product_id.label("id"), score.label("score"))
        .group_by(hits.c.product_id)
        .subquery("ranked")
    )


def _weighted(weights: list[tuple[str, float]]) -> sa.Subquery:
    """Return (term, idf) rows as a subquery; bound parameters, as the terms come from outside."""
    rows = [
        sa.select(
            sa.cast(sa.literal(term), sa.Text).label("term"),
            sa.cast(sa.literal(idf), sa.Float(53)).label("idf"),
        )
        for term, idf in weights
    ]
    return sa.union_all(*rows).subquery("weighted")
