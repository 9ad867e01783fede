"""The real catalogue by the commands that an operator types: loaded, searched, searched well.

Only part of ``make accept``: in ``make test`` the catalogue's own tests load all of it.
"""

import time

import figures
from retail import data_folder
from served import make_site

from talatat.composing import compose, load_composition
from talatat_catalog.search.evaluation import measure, read_ratings, rest_search

PRODUCTS = 19_406
ENOUGH = 0.73


def test_all_products_load_and_are_found_as_well_as_promised(database_url, tmp_path):
    folder = data_folder() / "icecat"
    site = make_site(tmp_path, database_url, currency="EUR")
    began = time.perf_counter()
    counts = site.load("catalog.products", folder / "products.jsonl.xz")
    seconds = time.perf_counter() - began
    assert (counts["read"], counts["loaded"], counts["rejected"]) == (PRODUCTS, PRODUCTS, 0)

    config = compose(load_composition(str(site.ini)))
    ratings = read_ratings(folder / "ratings.csv")
    found = measure(ratings, rest_search(config.make_wsgi_app()))
    config.registry.system.database.dispose()
    assert found["ndcg@10"] >= ENOUGH
    figures.keep(
        "catalogue",
        "sqlite" if database_url.startswith("sqlite") else "postgresql",
        "talatat load INI catalog.products products.jsonl.xz --json; "
        "python -m talatat_catalog.search.evaluation INI ratings.csv",
        **{
            "products": counts["loaded"],
            "rows a second": PRODUCTS / seconds,
            "labelled queries": len(ratings),
            **found,
        },
    )
