"""`talatat load INI catalog.products FILE`: a batch of records in a handful of statements.

A product is found again by its `source_id`: the first time it is "loaded", later "merged". Merging
writes what the record says and leaves what it does not mention: stock and categories. What is already
as the record says is not written, so that its version and its ETag stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from talatat.db import new_id, utcnow
from talatat.loading import Outcome, Record
from talatat_catalog.models import Product
from talatat_catalog.reading import RecordError, read_product
from talatat_catalog.search.document import INDEXED, Document
from talatat_catalog.search.index import index_of
from talatat_catalog.shelving import shelve

products = Product.__table__
COLUMNS = ("id", *INDEXED, "price_minor", "currency", "stock")


@dataclass
class Batch:
    """What a batch comes to: rows to insert, rows to update, and where products stand."""

    inserts: dict[str, dict[str, Any]]
    updates: dict[str, dict[str, Any]]
    shelves: dict[str, list[str]]
    documents: dict[str, dict[str, Any]]


class ProductLoader:
    """One run over one source."""

    def __init__(self, system: Any) -> None:
        self.system = system
        self.settings = system.settings["catalog"]

    def load(self, session: Session, records: Sequence[Record]) -> Iterable[Outcome]:
        """Write a batch; gives one outcome for each record."""
        outcomes: list[Outcome] = []
        read: list[tuple[int, dict[str, Any]]] = []
        for record in records:
            try:
                read.append((record.line, read_product(record.data, self.settings.currency)))
            except RecordError as error:
                outcomes.append(Outcome(record.line, "rejected", error.code, str(error)))
        known = existing(session, [values["source_id"] for _, values in read])
        batch = Batch({}, {}, {}, {})
        for line, values in read:
            action = "merged" if values["source_id"] in known else "loaded"
            self._take(batch, known, values)
            outcomes.append(Outcome(line, action))
        self._write(session, batch)
        return outcomes

    def _take(self, batch: Batch, known: dict[str, dict[str, Any]], values: dict[str, Any]) -> None:
        source_id = values["source_id"]
        shelves = values.pop("categories", None)
        row = known.get(source_id)
        if row is None:
            values.setdefault("stock", self.settings.default_stock)
            row = known[source_id] = {"id": new_id(), **values}
            batch.inserts[row["id"]] = batch.documents[row["id"]] = row
        else:
            changed = {name: value for name, value in values.items() if row[name] != value}
            row.update(changed)
            if changed and row["id"] not in batch.inserts:
                batch.updates[row["id"]] = row
            if changed.keys() & set(INDEXED):
                batch.documents[row["id"]] = row
        if shelves is not None:
            batch.shelves[row["id"]] = shelves

    def _write(self, session: Session, batch: Batch) -> None:
        connection = session.connection()
        now = utcnow()
        if batch.inserts:
            made = {"version": 1, "created_at": now, "updated_at": now}
            connection.execute(products.insert(), [row | made for row in batch.inserts.values()])
            self.system.models.fill(session, Product)
        if batch.updates:
            connection.execute(_update(), [_bound(row, now) for row in batch.updates.values()])
        index_of(connection).put(connection, [Document.of(row) for row in batch.documents.values()])
        if batch.shelves:
            shelve(session, batch.shelves)


def existing(session: Session, source_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of these products by source id, locked until the transaction ends."""
    statement = (
        sa.select(*(products.c[name] for name in COLUMNS))
        .where(products.c.source_id.in_(source_ids))
        .order_by(products.c.id)
        .with_for_update()
    )
    rows = session.connection().execute(statement).mappings()
    return {row["source_id"]: dict(row) for row in rows}


def _update() -> sa.Update:
    # "b_" keeps the bound names apart from the columns'.
    values = {name: sa.bindparam(f"b_{name}") for name in (*COLUMNS[1:], "updated_at")}
    return (
        products.update()
        .where(products.c.id == sa.bindparam("b_id"))
        .values(version=products.c.version + 1, **values)
    )


def _bound(row: dict[str, Any], now: Any) -> dict[str, Any]:
    return {f"b_{name}": row[name] for name in COLUMNS} | {"b_updated_at": now}
