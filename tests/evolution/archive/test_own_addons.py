"""The addons that come with the platform: away in any order, and back to a search that finds the same."""

from __future__ import annotations

from tests.evolution.archive.conftest import Site

from talatat.evolution.archive import archive, move_back

ALL = ("accounts", "loyalty")
SECRET = {"accounts.secret": "file:%(here)s/secret"}


def test_all_of_them_go_and_come_back_byte_for_byte(addons, database_url):
    site = Site(addons, database_url)
    with addons.composed(*ALL, settings=SECRET, url=database_url) as system:
        from talatat_catalog.models import Product
        from talatat_loyalty.models import ProductPoints

        with system.session() as session:
            for number, title in enumerate(["walnut shelf", "oak shelf", "walnut chair"]):
                product = Product(
                    sku=f"S{number}", title=title, price_minor=100, currency="EUR", stock=3
                )
                ProductPoints.ensure(product).points = number
                session.add(product)
        found = search(system)
        assert len(found) == 2
    site.bring()
    before = site.dump()
    opened = site.opened()
    made = archive(opened, "loyalty", "accounts", "orders", "catalog")
    assert not {one for one in site.tables() if not one.startswith(("talatat", "sqlite", "pg_"))}
    with opened.changing() as connection, connection.begin():
        for one in reversed(made):
            assert move_back(connection, one.manifest.id).orphans == ()
    assert site.dump() == before
    with addons.composed(*ALL, settings=SECRET, url=database_url) as system:
        assert search(system) == found


def search(system):
    """What a visitor finds, best first."""
    address = "/api/catalog/v1/products?q=walnut"
    return [item["sku"] for item in system.app.get(address).json["items"]]


def test_the_core_goes_on_while_an_extending_addon_is_archived(addons, database_url):
    site = Site(addons, database_url)
    with addons.composed("loyalty", url=database_url) as system:
        from talatat_catalog.models import Product

        with system.session() as session:
            session.add(Product(sku="A", title="A", price_minor=100, currency="EUR", stock=1))
    site.bring("orders")
    ((points,),) = site.run("SELECT count(*) FROM loyalty_product")
    (made,) = archive(site.opened("orders"), "loyalty")
    assert made.manifest.own_rows["loyalty_product"] == points
    with addons.composed("orders", url=database_url) as system, system.session() as session:
        from talatat_catalog.models import Product

        session.add(Product(sku="B", title="B", price_minor=100, currency="EUR", stock=1))
        session.flush()
        first = session.query(Product).filter_by(sku="A").one()
        first.title = "A again"
        session.flush()
        session.delete(first)
    assert site.run("SELECT sku FROM catalog_product") == [("B",)]
