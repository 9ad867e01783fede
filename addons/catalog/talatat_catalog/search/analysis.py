"""From text to terms: one analysis for documents and for queries, on every database.

Terms are words in lower case without accents, stemmed. Shops are asked for numbers, units and codes as
often as for words, so beside its words a text gives:

- a number with its unit as one term, however it is written: `1 TB`, `1tb`; `17"`, `17 inch`, `17-inch`
- a compound whole as well as in parts: `wi-fi`, `DV7-1211ea` also give `wifi`, `dv71211ea`

A query is joined too: `head set` also asks for `headset`, `smart watch` for `smartwatch`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

LONGEST_TERM = 64
LONGEST_WORD = 2 * LONGEST_TERM
MOST_QUERY_WORDS = 32

STOP_WORDS = frozenset("a an and are as at be by for from in is it of on or the to with".split())
_UNITS = (
    "b bit bits btu cd cm db dpi fps ft g gb gbit gbps ghz h hp hz in inch k kb kg khz kw kwh l lb m ma "
    "mah mb mbit mbps mg mhz min ml mm mp ms nm ns oz ppm psi px rpm s tb u v va w wh"
).split()
_UNIT_NAMES = {"in": "inch", "inches": "inch", "zoll": "inch", "hour": "h", "hours": "h"}
_UNIT = "|".join(sorted({*_UNITS, *_UNIT_NAMES}, key=len, reverse=True))

# Begins at a word's beginning only and gives nothing back: a word may have a million letters.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[.,'’/+_-][^\W_]++)+")
_JOINERS = str.maketrans("", "", ".,'’/+_-")
_WORD = re.compile(r"\d+(?:[.,]\d+)+(?![^\W_])|[^\W_]+")
_INCHES = re.compile(r"(?<=\d)\s?(?:\"|''|”|″)")
_MEASURE = re.compile(rf"(?<![^\W_])(\d+(?:[.,]\d+)?)[\s-]({_UNIT})(?![^\W_])")

# NFKD would make letters of them: `Core™2` is not `coretm2`.
_MARKS = str.maketrans({"™": " ", "®": " ", "©": " "})

_stemmer = snowballstemmer.stemmer("english")


def analysed(text: str) -> tuple[list[str], int]:
    """Return the terms of a document's field, with repetitions, and how many words it has.

    What is derived (compounds, measures) does not make a field longer.
    """
    folded = fold(text)
    terms = [stem(word) for word in _WORD.findall(folded) if word not in STOP_WORDS]
    length = len(terms)
    terms += _compounds(folded)
    terms += _measures(folded)
    return [term for term in terms if len(term) <= LONGEST_TERM], length


def query_of(text: str) -> tuple[list[str], list[str]]:
    """Return the terms that a query asks for, and those that say the same as several of them.

    Both are without repetitions; the second are written joined in some documents.
    """
    folded = fold(text)
    words = _WORD.findall(folded)[:MOST_QUERY_WORDS]
    asked = dict.fromkeys(stem(word) for word in words if word not in STOP_WORDS)
    joined = dict.fromkeys(
        stem(first + second)
        for first, second in pairwise(words)
        if not {first, second} & STOP_WORDS
    )
    joined |= dict.fromkeys(_compounds(folded)[:MOST_QUERY_WORDS])
    joined |= dict.fromkeys(_measures(folded)[:MOST_QUERY_WORDS])
    return _kept(asked), _kept(term for term in joined if term not in asked)


def _kept(terms: Iterable[str]) -> list[str]:
    return [term for term in terms if len(term) <= LONGEST_TERM]


def fold(text: str) -> str:
    """Return `text` in lower case, without accents, with inch marks written out."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_MARKS))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return _INCHES.sub(" inch ", text.casefold())


def stem(word: str) -> str:
    """Return the stem of an English word; what holds a digit, or is no word, is left as it is."""
    if len(word) > LONGEST_WORD:  # the stemmer's time grows with the square
        return word
    return _stem(word)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return _stemmer.stemWord(word) if word.isalpha() else word.replace(",", ".")


def _compounds(folded: str) -> list[str]:
    whole = [compound.translate(_JOINERS) for compound in _COMPOUND.findall(folded)]
    # Figures alone are numbers with a point, dates and sizes, not compounds.
    return [stem(compound) for compound in whole if not compound.isdigit()]


def _measures(folded: str) -> list[str]:
    return [
        number.replace(",", ".") + _UNIT_NAMES.get(unit, unit)
        for number, unit in _MEASURE.findall(folded)
    ]
