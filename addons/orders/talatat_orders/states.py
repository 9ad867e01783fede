"""The states of an order and the ways between them.

    placed --pay--> paid --ship--> shipped
    placed or paid --cancel--> cancelled

A way that does not start where the order stands is refused with 409 ``wrong_state``; the message says
from where it starts. Cancelling returns the stock; ``talatat_orders.transitions`` does the work.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """One way: from where it may start, where it ends, and the column that notes when."""

    sources: frozenset[str]
    target: str
    stamp: str


PLACED, PAID, SHIPPED, CANCELLED = "placed", "paid", "shipped", "cancelled"
STATES = (PLACED, PAID, SHIPPED, CANCELLED)
TRANSITIONS = {
    "pay": Transition(frozenset({PLACED}), PAID, "paid_at"),
    "ship": Transition(frozenset({PAID}), SHIPPED, "shipped_at"),
    "cancel": Transition(frozenset({PLACED, PAID}), CANCELLED, "cancelled_at"),
}
