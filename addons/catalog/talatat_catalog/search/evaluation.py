"""How good the search is, measured against labelled queries through the REST API.

    python -m talatat_catalog.search.evaluation INI RATINGS.csv

`RATINGS.csv` has `query,docid,rating` (0 to 3; docid is a product's `source_id`). Queries without a
relevant product are left out. Printed are means over queries:

- NDCG@10 over all products, those nobody has rated counting 0: what a visitor meets
- NDCG@10 over the rated products alone, in the order in which they are found
- recall@100: the share of the relevant products that are among the first hundred

A shop can label its own queries and measure its own catalogue with it.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import urlencode

import click
from pyramid.request import Request

from talatat.composing import compose, load_composition

Ratings = Mapping[str, Mapping[str, int]]


def read_ratings(path: Path) -> dict[str, dict[str, int]]:
    """Return {query: {source id: rating}} of the queries that have a relevant product."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["query"]][row["docid"]] = int(row["rating"])
    return {query: rated for query, rated in found.items() if max(rated.values()) > 0}


def ndcg(ranking: Sequence[str], rated: Mapping[str, int], depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain of `ranking`; a rating r gains 2**r - 1."""
    best = sorted(rated.values(), reverse=True)[:depth]
    return _gain([rated.get(one, 0) for one in ranking[:depth]]) / _gain(best)


def _gain(ratings: Sequence[int]) -> float:
    return math.fsum((2**rating - 1) / math.log2(at + 2) for at, rating in enumerate(ratings))


def judged_ndcg(ranking: Sequence[str], rated: Mapping[str, int], depth: int = 10) -> float:
    """Return the same over the rated products alone; those that were not found come last."""
    order = [one for one in ranking if one in rated]
    missing = sorted(set(rated) - set(order), key=rated.__getitem__)
    return ndcg([*order, *missing], rated, depth)


def recall(ranking: Sequence[str], rated: Mapping[str, int], depth: int = 100) -> float:
    """Return the share of the relevant products that are among the first `depth`."""
    relevant = {one for one, rating in rated.items() if rating > 0}
    return len(relevant & set(ranking[:depth])) / len(relevant)


def measure(ratings: Ratings, search: Callable[[str], Sequence[str]]) -> dict[str, float]:
    """Return the mean figures of `search` (query -> source ids, best first, 500 at most)."""
    found = {query: search(query) for query in ratings}
    measures = {"ndcg@10": ndcg, "judged ndcg@10": judged_ndcg, "recall@100": recall}
    return {
        name: fmean(how(found[query], rated) for query, rated in ratings.items())
        for name, how in measures.items()
    }


def rest_search(app: Any) -> Callable[[str], list[str]]:
    """Return a search through the REST API of a WSGI application."""

    def search(query: str) -> list[str]:
        parameters = urlencode({"q": query, "limit": "500", "fields": "source_id"})
        answer = Request.blank(f"/api/catalog/v1/products?{parameters}").get_response(app)
        return [item["source_id"] for item in answer.json["items"]]

    return search


def main(arguments: Sequence[str]) -> int:
    """Measure the system of an .ini."""
    if len(arguments) != 2:
        click.echo("usage: python -m talatat_catalog.search.evaluation INI RATINGS.csv", err=True)
        return 1
    ini, path = arguments
    app = compose(load_composition(ini)).make_wsgi_app()
    ratings = read_ratings(Path(path))
    click.echo(f"{len(ratings)} queries with a relevant product")
    for name, figure in measure(ratings, rest_search(app)).items():
        click.echo(f"{name:<16} {figure:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
