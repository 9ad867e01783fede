"""Choose the weights of the search by cross-validation, and print the folds.

    python addons/catalog/evaluate/weights.py ../shared/data/icecat

Every combination of the grid below is measured on every labelled query once. Then, fold by fold, the
best combination on the other queries is scored on the fold's own: the mean of these is what weights
chosen in this way promise for queries that nobody has seen. `talatat_catalog.search.ranking.RANKING`
has what is best on all queries, rounded to the middle of where the figures are flat.
"""

from __future__ import annotations

import hashlib
import itertools
import lzma
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from statistics import fmean

import click
import orjson

from talatat_catalog.reading import read_product
from talatat_catalog.search.analysis import query_of
from talatat_catalog.search.document import Document
from talatat_catalog.search.evaluation import ndcg, read_ratings
from talatat_catalog.search.ranking import RANKING, FieldWeight, Ranking, inverse_frequency

FOLDS = 5
GRID = {
    # The title's weight stays: what counts is how the others, and saturation, compare with it.
    "description": (0.5, 1.0, 2.0),
    "attributes": (0.1, 0.3, 1.0),
    "slope": (0.5, 0.65, 0.75, 0.85),
    "saturation": (0.1, 0.2, 0.5, 1.0),
}
# How often one term stands in each field of one document.
Counts = dict[str, int]


@dataclass
class Candidates:
    """What a query needs to be ranked: for each of its terms, its idf and the documents that hold it."""

    terms: list[tuple[float, list[tuple[int, Counts]]]]
    rated: dict[str, int]


def main(arguments: list[str]) -> int:
    """Measure, choose, print."""
    if len(arguments) != 1:
        click.echo(__doc__, err=True)
        return 1
    folder = Path(arguments[0])
    ids, documents = read(folder / "products.jsonl.xz")
    ratings = read_ratings(folder / "ratings.csv")
    queries = prepared(documents, ratings)
    click.echo(f"{len(documents)} products, {len(queries)} queries with a relevant one")
    points = list(itertools.product(*GRID.values()))
    table = [scores(ranking_of(*point), queries, ids, documents) for point in points]
    show_folds(points, table)
    present = fmean(scores(RANKING, queries, ids, documents))
    click.echo(f"as the addon has them: {present:.4f}")
    return 0


def read(path: Path) -> tuple[list[str], list[Document]]:
    """Return the source ids and the documents of all products."""
    with lzma.open(path) as file:
        rows = [read_product(orjson.loads(line), "EUR") for line in file]
    return [row["source_id"] for row in rows], [Document.of(row | {"id": ""}) for row in rows]


def prepared(documents: list[Document], ratings: dict[str, dict[str, int]]) -> list[Candidates]:
    """Return what each query needs; the documents' terms are counted once for all."""
    wanted = {term for query in ratings for part in query_of(query) for term in part}
    holders: dict[str, dict[int, Counts]] = {term: {} for term in wanted}
    for number, document in enumerate(documents):
        for field, terms in document.terms.items():
            for term, count in Counter(terms).items():
                if term in wanted:
                    holders[term].setdefault(number, {})[field] = count
    return [
        Candidates(
            [
                (inverse_frequency(len(documents), len(holders[term])), list(holders[term].items()))
                for term in itertools.chain(*query_of(query))
                if holders[term]
            ],
            rated,
        )
        for query, rated in ratings.items()
    ]


def ranking_of(description: float, attributes: float, slope: float, saturation: float) -> Ranking:
    """Return the formula of a point of the grid."""
    fields = dict(RANKING.fields)
    for name, weight in (("title", 2.0), ("description", description), ("attributes", attributes)):
        fields[name] = FieldWeight(weight, slope, fields[name].usual)
    return Ranking(fields, saturation)


def scores(
    ranking: Ranking, queries: list[Candidates], ids: list[str], documents: list[Document]
) -> list[float]:
    """Return the NDCG@10 of each query."""
    norms = [ranking.norms(document.lengths) for document in documents]
    return [ndcg(list(best(ranking, one, ids, norms)), one.rated) for one in queries]


def best(
    ranking: Ranking, query: Candidates, ids: list[str], norms: list[dict[str, float]]
) -> Iterator[str]:
    """Yield the source ids of the ten best documents."""
    total: Counter[int] = Counter()
    for idf, holders in query.terms:
        for number, counts in holders:
            weight = sum(norms[number][field] * count for field, count in counts.items())
            total[number] += idf * weight / (weight + ranking.saturation)  # type: ignore[assignment]
    # Of equals the first made comes first, as the API has it.
    for number, _ in sorted(total.items(), key=lambda one: (-one[1], one[0]))[:10]:
        yield ids[number]


def show_folds(points: list[tuple[float, ...]], table: list[list[float]]) -> None:
    """Print what each fold chooses and gets."""
    order = sorted(range(len(table[0])), key=lambda at: hashlib.sha256(b"%d" % at).digest())
    folds = [order[start::FOLDS] for start in range(FOLDS)]
    kept = []
    for number, fold in enumerate(folds, 1):
        others = [at for at in order if at not in set(fold)]
        chosen, trained = max(
            ((at, fmean(row[query] for query in others)) for at, row in enumerate(table)),
            key=itemgetter(1),
        )
        tested = [table[chosen][query] for query in fold]
        kept += tested
        shown = ", ".join(
            f"{name} {value}" for name, value in zip(GRID, points[chosen], strict=True)
        )
        click.echo(
            f"fold {number}: {shown}: {trained:.4f} on the others, {fmean(tested):.4f} on its own"
        )
    click.echo(f"cross-validated: {fmean(kept):.4f}")
    means = sorted(
        ((fmean(row), point) for row, point in zip(table, points, strict=True)), reverse=True
    )
    for mean, point in means[:10]:
        click.echo(f"  {mean:.4f} {dict(zip(GRID, point, strict=True))}")
    spread = [mean for mean, _ in means]
    click.echo(f"over the whole grid: {spread[-1]:.4f} to {spread[0]:.4f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
