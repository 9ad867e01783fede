"""What of a product can be searched: five fields of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from talatat_catalog.search.analysis import analysed
from talatat_catalog.search.ranking import RANKING, Ranking

# The attributes of a product whose change changes what is searched.
INDEXED = ("title", "supplier", "sku", "source_id", "ean", "description", "attributes")


@dataclass(frozen=True)
class Document:
    """The terms of one product by field, and how many words each field has."""

    product_id: str
    terms: Mapping[str, list[str]]
    lengths: Mapping[str, int]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Document:
        """Return the document of a product's column values (`id` and those of INDEXED)."""
        found = {name: analysed(text) for name, text in texts_of(values).items()}
        return cls(
            values["id"],
            {name: terms for name, (terms, _) in found.items()},
            {name: length for name, (_, length) in found.items()},
        )

    def impacts(self, ranking: Ranking = RANKING) -> dict[str, float]:
        """Return what each term adds to the product's score."""
        return ranking.impacts(self.terms, self.lengths)


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each field of a product's column values."""
    codes = [values["sku"], values["source_id"] or "", *(values["ean"] or ())]
    return {
        "title": values["title"],
        "supplier": values["supplier"] or "",
        "code": " ".join(map(str, codes)),
        "description": values["description"] or "",
        "attributes": " ".join(_attribute_texts(values["attributes"] or {})),
    }


def _attribute_texts(attributes: Mapping[str, Any]) -> Iterable[str]:
    """Texts as they are; of truth values the names of those that hold: `bluetooth: true`."""
    for name, value in attributes.items():
        if isinstance(value, str):
            yield value
        elif value is True:
            yield name.replace("_", " ")
