"""The state machine: no way leads out of a final state, and every way leads somewhere new."""

from talatat_orders.models import Order
from talatat_orders.states import PLACED, STATES, TRANSITIONS


def test_every_state_can_be_reached_from_placed():
    reached, grown = set(), {PLACED}
    while grown != reached:
        reached = set(grown)
        grown |= {way.target for way in TRANSITIONS.values() if way.sources & reached}
    assert reached == set(STATES)


def test_an_order_that_left_the_house_or_was_cancelled_stays_so():
    assert not {"shipped", "cancelled"} & set().union(*(w.sources for w in TRANSITIONS.values()))


def test_each_way_notes_its_time_in_a_column_of_the_order():
    columns = Order.__table__.columns.keys()
    assert all(way.stamp in columns for way in TRANSITIONS.values())
