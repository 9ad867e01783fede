"""Keep many invoice lines at once: a few statements for a batch, however many lines it has.

Nothing is remembered between batches except by the caller: a batch that was rolled back leaves no
trace here, so it can be given again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from talatat.db import new_id
from talatat_catalog.models import Product
from talatat_orders.history.lines import InvoiceLine
from talatat_orders.models import Customer, HistoryInvoice, HistoryLine


@dataclass(frozen=True, slots=True)
class Seen:
    """A line with its number in the source and how often the same line stood there up to now."""

    number: int
    occurrence: int
    line: InvoiceLine


def keep_lines(session: Session, batch: Sequence[Seen]) -> set[int]:
    """Insert the lines that are not there yet; gives the numbers of those that were inserted."""
    known = _known(session, batch)
    fresh = [seen for seen in batch if (seen.line.fingerprint, seen.occurrence) not in known]
    if fresh:
        lines = [seen.line for seen in fresh]
        invoices = _invoices(session, lines, _customers(session, lines))
        products = _products(session, lines)
        rows = [_row(seen, invoices, products) for seen in fresh]
        session.execute(insert(HistoryLine.__table__), rows)
    return {seen.number for seen in fresh}


def _known(session: Session, batch: Sequence[Seen]) -> set[tuple[int, int]]:
    columns = HistoryLine.fingerprint, HistoryLine.occurrence
    wanted = {seen.line.fingerprint for seen in batch}
    rows = session.execute(select(*columns).where(HistoryLine.fingerprint.in_(wanted)))
    return {(row.fingerprint, row.occurrence) for row in rows}


def _customers(session: Session, lines: Iterable[InvoiceLine]) -> dict[str, str]:
    """Ids by customer number; unknown ones are made, as mapped objects so that extensions follow."""
    wanted = {line.customer_no: line.country for line in lines if line.customer_no}
    query = select(Customer.source_id, Customer.id).where(Customer.source_id.in_(wanted))
    ids: dict[str, str] = {row[0]: row[1] for row in session.execute(query)}
    made = [
        Customer(id=new_id(), source_id=number, name=f"Customer {number}", country=country)
        for number, country in wanted.items()
        if number not in ids
    ]
    session.add_all(made)
    session.flush()
    ids.update((str(customer.source_id), customer.id) for customer in made)
    return ids


def _invoices(
    session: Session, lines: Iterable[InvoiceLine], customers: Mapping[str, str]
) -> dict[str, str]:
    """Ids by invoice number; the first line of an invoice gives its head."""
    heads: dict[str, InvoiceLine] = {}
    for line in lines:
        heads.setdefault(line.invoice_no, line)
    query = select(HistoryInvoice.invoice_no, HistoryInvoice.id)
    found = session.execute(query.where(HistoryInvoice.invoice_no.in_(heads)))
    ids: dict[str, str] = {row[0]: row[1] for row in found}
    rows = [
        {
            "id": ids.setdefault(number, new_id()),
            "invoice_no": number,
            "kind": line.kind,
            "invoiced_at": line.invoiced_at,
            "customer_id": customers.get(line.customer_no or ""),
            "country": line.country,
        }
        for number, line in heads.items()
        if number not in ids
    ]
    if rows:
        session.execute(insert(HistoryInvoice.__table__), rows)
    return ids


def _products(session: Session, lines: Iterable[InvoiceLine]) -> dict[str, str]:
    """Ids of the catalogue's products by stock code, which clerks also typed in lower case.

    Where several products share one code, it is the oldest that is meant.
    """
    codes = {code for line in lines for code in (line.stock_code, line.stock_code.upper())}
    query = (
        select(Product.sku, Product.id).where(Product.sku.in_(codes)).order_by(Product.id.desc())
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _row(seen: Seen, invoices: Mapping[str, str], products: Mapping[str, str]) -> dict[str, object]:
    line = seen.line
    code = line.stock_code
    return {
        "id": new_id(),
        "invoice_id": invoices[line.invoice_no],
        "product_id": products.get(code) or products.get(code.upper()),
        "source_line": seen.number,
        "stock_code": code,
        "description": line.description,
        "goods": line.goods,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "amount": line.amount,
        "invoiced_at": line.invoiced_at,
        "fingerprint": line.fingerprint,
        "occurrence": seen.occurrence,
        "duplicate": seen.occurrence > 1,
    }
