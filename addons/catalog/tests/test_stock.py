"""Taking stock: all or nothing, and never the last one twice."""

import threading

import pytest
from sqlalchemy.exc import DBAPIError

from talatat.db import is_retryable, new_id
from talatat_catalog import (
    OutOfStock,
    Product,
    UnknownProduct,
    lock_products,
    return_stock,
    take_stock,
)


def stock(catalog, *ids):
    with catalog.test.session(reading=True) as session:
        return [session.get_one(Product, one).stock for one in ids]


def test_stock_is_taken_and_given_back(catalog):
    lamp, desk = catalog.product("lamp", stock=5), catalog.product("desk", stock=1)
    with catalog.test.session() as session:
        taken = take_stock(session, {lamp: 2, desk: 1})
        assert {product.sku: product.stock for product in taken.values()} == {"lamp": 3, "desk": 0}
    assert stock(catalog, lamp, desk) == [3, 0]
    with catalog.test.session() as session:
        return_stock(session, {lamp: 2, desk: 1, new_id(): 1})
    assert stock(catalog, lamp, desk) == [5, 1]


def test_what_falls_short_is_told_all_at_once_and_nothing_is_taken(catalog):
    lamp, desk, bed = (catalog.product(sku, stock=2) for sku in ("lamp", "desk", "bed"))
    with catalog.test.session() as session:
        with pytest.raises(OutOfStock, match="only 2 of") as short:
            take_stock(session, {lamp: 3, desk: 1, bed: 5})
        assert short.value.available == {lamp: 2, bed: 2}
    assert stock(catalog, lamp, desk, bed) == [2, 2, 2]


def test_products_that_are_not_there_are_named(catalog):
    absent = new_id()
    with catalog.test.session() as session:
        with pytest.raises(UnknownProduct, match=absent) as unknown:
            take_stock(session, {absent: 1})
        assert unknown.value.product_ids == [absent]
        with pytest.raises(UnknownProduct):
            lock_products(session, [absent])


def test_stock_that_is_not_counted_never_runs_out(catalog):
    service = catalog.product("service", stock=None)
    with catalog.test.session() as session:
        take_stock(session, {service: 1000})
        return_stock(session, {service: 1000})
    assert stock(catalog, service) == [None]


@pytest.mark.parametrize("move", [take_stock, return_stock])
def test_a_quantity_is_at_least_one(catalog, move):
    with catalog.test.session() as session, pytest.raises(ValueError, match="at least 1"):
        move(session, {new_id(): 0})


def test_what_another_has_taken_meanwhile_is_seen(catalog):
    """An object that the session holds already is read again under the lock."""
    lamp = catalog.product("lamp", stock=1)
    with catalog.test.session(reading=True) as session:
        seen = session.get_one(Product, lamp)
        assert seen.stock == 1
    with catalog.test.session() as session:
        take_stock(session, {lamp: 1})
    with catalog.test.session() as session, pytest.raises(OutOfStock):
        take_stock(session, {lamp: 1})


def test_many_buyers_never_get_the_last_one_twice_and_never_deadlock(catalog):
    ids = [catalog.product(f"p{number}", stock=10) for number in range(3)]
    taken, failures = [], []

    def buy(number):
        # Each names the products in another order.
        wanted = {ids[(number + step) % 3]: 1 for step in range(3)}
        while True:
            try:
                with catalog.test.session() as session:
                    take_stock(session, wanted)
                taken.append(number)
            except OutOfStock:
                return
            except DBAPIError as error:
                if not is_retryable(error):
                    failures.append(error)
                    return

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(taken) == 10
    assert stock(catalog, *ids) == [0, 0, 0]
