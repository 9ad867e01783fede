"""How relevant a product is to a query: BM25F, the same on every database.

A term counts by the fields that it stands in: each field has a weight, and a length at which its terms
count as they are (longer fields count less, by `slope`). What a term adds to a product's score is

    idf(term) * impact,   impact = w / (w + SATURATION),
    w = sum over fields of weight * occurrences / (1 - slope + slope * length / usual)

The usual lengths are constants, not averages: an impact is then a property of one product alone, and
storing one never touches another's rows. Weights were chosen by cross-validation (evaluate/, README).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldWeight:
    """How much a term in one field counts. `usual` is a length in words, `slope` from 0 to 1."""

    weight: float
    slope: float
    usual: float

    def norm(self, length: int) -> float:
        """What one occurrence adds in a field of `length` words."""
        return self.weight / (1 - self.slope + self.slope * length / self.usual)


@dataclass(frozen=True)
class Ranking:
    """The whole formula: a weight for each field, and how fast repetitions stop counting."""

    fields: Mapping[str, FieldWeight]
    saturation: float

    def norms(self, lengths: Mapping[str, int]) -> dict[str, float]:
        """Return what one occurrence adds, by field."""
        return {name: field.norm(lengths[name]) for name, field in self.fields.items()}

    def impacts(
        self, terms: Mapping[str, list[str]], lengths: Mapping[str, int]
    ) -> dict[str, float]:
        """Return the impact of each term of a product."""
        weights: Counter[str] = Counter()
        for name, norm in self.norms(lengths).items():
            for term in terms[name]:
                weights[term] += norm  # type: ignore[assignment]
        return {term: weight / (weight + self.saturation) for term, weight in weights.items()}


def inverse_frequency(documents: int, holding: int) -> float:
    """Return how telling a term is that `holding` of all `documents` hold; always positive."""
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


RANKING = Ranking(
    fields={
        "title": FieldWeight(weight=2.0, slope=0.75, usual=10.0),
        "supplier": FieldWeight(weight=1.0, slope=0.0, usual=1.0),
        "code": FieldWeight(weight=0.5, slope=0.0, usual=1.0),
        "description": FieldWeight(weight=1.0, slope=0.75, usual=10.0),
        "attributes": FieldWeight(weight=0.3, slope=0.75, usual=35.0),
    },
    saturation=0.2,
)
