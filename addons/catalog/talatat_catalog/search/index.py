"""Keeping the index: one way of writing and reading it for each database.

`put` replaces a product's part of the index, in the transaction that changes the product: the row lock
on the product orders two writers. Removing is the database's (ON DELETE CASCADE).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from talatat_catalog.models import Product
from talatat_catalog.search.document import INDEXED, Document
from talatat_catalog.search.ranking import RANKING
from talatat_catalog.search.tables import FIELDS, document, place, posting, term

AT_ONCE = 500


class Index(Protocol):
    """What each database's index can do."""

    def put(self, connection: sa.Connection, documents: Sequence[Document]) -> None:
        """Put these documents in the place of what is indexed for their products."""

    def clear(self, connection: sa.Connection) -> None:
        """Take everything out."""

    def frequencies(self, session: Session, terms: Sequence[str]) -> dict[str, int]:
        """Return how many products hold each of `terms`; those that none holds are left out."""

    def hits(self, weighted: sa.TableValuedAlias | sa.Subquery) -> sa.Subquery:
        """Return (product_id, gain) for each product and each term of `weighted` (term, idf)."""


class SQLiteIndex:
    """FTS5 holds the inverted lists; the document rows hold what one occurrence in a field counts."""

    def put(self, connection: sa.Connection, documents: Sequence[Document]) -> None:
        """See Index."""
        if not documents:
            return
        rows = [
            {"product_id": one.product_id}
            | {name: " ".join(one.terms[name]) for name in FIELDS}
            | {f"{name}_norm": norm for name, norm in RANKING.norms(one.lengths).items()}
            for one in documents
        ]
        insert = sqlite_insert(document)
        changed = {name: insert.excluded[name] for name in rows[0] if name != "product_id"}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["product_id"], set_=changed), rows
        )

    def clear(self, connection: sa.Connection) -> None:
        """See Index."""
        connection.execute(document.delete())

    def frequencies(self, session: Session, terms: Sequence[str]) -> dict[str, int]:
        """See Index."""
        rows = session.execute(sa.select(term.c.term, term.c.doc).where(term.c.term.in_(terms)))
        return {row[0]: row[1] for row in rows}

    def hits(self, weighted: Any) -> sa.Subquery:
        """See Index."""
        norms = {name: document.c[f"{name}_norm"] for name in FIELDS}
        weight = sa.func.sum(sa.case(norms, value=place.c.col))
        # A product's weight for one term, over all its fields.
        one = (
            sa.select(document.c.product_id, weighted.c.idf, weight.label("weight"))
            .select_from(weighted)
            .join(place, place.c.term == weighted.c.term)
            .join(document, document.c.id == place.c.doc)
            .group_by(place.c.term, place.c.doc)
            .subquery("one")
        )
        gain = one.c.idf * one.c.weight / (one.c.weight + RANKING.saturation)
        return sa.select(one.c.product_id, gain.label("gain")).subquery("hit")


class PostgreSQLIndex:
    """One row for each term of each product, with its finished impact."""

    def put(self, connection: sa.Connection, documents: Sequence[Document]) -> None:
        """See Index."""
        if not documents:
            return
        ids = [one.product_id for one in documents]
        connection.execute(posting.delete().where(posting.c.product_id.in_(ids)))
        terms, owners, impacts = [], [], []
        for one in documents:
            found = one.impacts()
            terms += found.keys()
            owners += [one.product_id] * len(found)
            impacts += found.values()
        # Three arrays in one statement: tens of thousands of rows cost one round trip.
        connection.execute(_INSERT_POSTINGS, {"terms": terms, "owners": owners, "impacts": impacts})

    def clear(self, connection: sa.Connection) -> None:
        """See Index."""
        connection.execute(posting.delete())

    def frequencies(self, session: Session, terms: Sequence[str]) -> dict[str, int]:
        """See Index."""
        statement = (
            sa.select(posting.c.term, sa.func.count())
            .where(posting.c.term.in_(terms))
            .group_by(posting.c.term)
        )
        return {row[0]: row[1] for row in session.execute(statement)}

    def hits(self, weighted: Any) -> sa.Subquery:
        """See Index."""
        return (
            sa.select(posting.c.product_id, (weighted.c.idf * posting.c.impact).label("gain"))
            .join(weighted, weighted.c.term == posting.c.term)
            .subquery("hit")
        )


_INSERT_POSTINGS = sa.text(
    "INSERT INTO catalog_search_posting (term, product_id, impact) "
    "SELECT * FROM unnest(CAST(:terms AS text[]), CAST(:owners AS uuid[]), CAST(:impacts AS real[]))"
)
_INDEXES: dict[str, Index] = {"sqlite": SQLiteIndex(), "postgresql": PostgreSQLIndex()}


def index_of(connection: sa.Connection) -> Index:
    """Return the index of the database that `connection` is to."""
    return _INDEXES[connection.dialect.name]


def rebuild(connection: sa.Connection) -> int:
    """Index every product anew, as after a change of analysis or weights; return how many."""
    index = index_of(connection)
    index.clear(connection)
    columns = [Product.__table__.c[name] for name in ("id", *INDEXED)]
    count = 0
    for rows in connection.execute(sa.select(*columns)).mappings().partitions(AT_ONCE):
        index.put(connection, [Document.of(row) for row in rows])
        count += len(rows)
    return count
