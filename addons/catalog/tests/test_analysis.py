"""From text to terms: the same for products and for what people type."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat_catalog.search.analysis import LONGEST_TERM, analysed, query_of


def found_by(query, text):
    """Whether a product with `text` holds a term that `query` asks for, and which."""
    asked, joined = query_of(query)
    return {*asked, *joined} & set(analysed(text)[0])


@pytest.mark.parametrize(
    ("query", "text", "shared"),
    [
        ("laptops", "Laptop bag", {"laptop"}),
        ("batteries", "battery charger", {"batteri"}),
        ("headset", "Head-Set", {"headset"}),
        ("head set", "stereo headset", {"headset"}),
        ("smart watch", "Smartwatch", {"smartwatch"}),
        ("wifi", "Wi-Fi router", {"wifi"}),
        ("wi-fi", "WiFi router", {"wifi"}),
        ("dv71211ea", "HP dv7-1211ea", {"dv71211ea"}),
        ("DV7-1211EA", "HP dv7-1211ea", {"dv7", "1211ea", "dv71211ea"}),
        ("hdd 1tb", "1 TB HDD", {"hdd", "1tb"}),
        ("1 tb", "1TB drive", {"1tb"}),
        ("17 inch", 'Display (17")', {"17", "inch", "17inch"}),
        ('17"', "17-inch display", {"17", "inch", "17inch"}),
        ("17 zoll", 'Display 17"', {"17", "17inch"}),
        ("3,5 inch", '3.5" drive', {"3.5", "inch", "3.5inch"}),
        ("core 2", "Intel® Core™2 Duo", {"core", "2"}),
        ("naive café", "Naïve Cafe", {"naiv", "cafe"}),
        ("STRASSE", "Straße", {"strass"}),
        ("日本語", "日本語 キーボード", {"日本語"}),
    ],
)
def test_spellings_of_one_thing_meet(query, text, shared):
    assert found_by(query, text) == shared


def test_words_that_say_nothing_are_not_kept():
    assert analysed("the lamp and a desk with it")[0] == ["lamp", "desk"]
    assert query_of("the") == ([], [])


@pytest.mark.parametrize("text", ["", '"', "(", "*", "😀", "--", "%_%", "\\"])
def test_signs_alone_are_no_terms(text):
    assert query_of(text) == ([], [])


def test_derived_terms_do_not_make_a_field_longer():
    assert analysed("Wi-Fi 1 TB")[1] == 4


@given(st.text(max_size=200))
def test_any_text_gives_terms_that_both_databases_keep_as_they_are(text):
    terms, length = analysed(text)
    asked, joined = query_of(text)
    assert length >= 0
    for term in [*terms, *asked, *joined]:
        assert 0 < len(term) <= LONGEST_TERM
        assert all(char.isalnum() or char == "." or ord(char) > 127 for char in term)
    assert len(asked) == len(set(asked))
    assert not set(asked) & set(joined)


@given(st.lists(st.sampled_from("lamp desk wi-fi 17 1tb x y".split()), max_size=12))
def test_what_a_product_says_can_be_asked_for_word_by_word(words):
    terms = set(analysed(" ".join(words))[0])
    assert all(set(query_of(word)[0]) <= terms for word in words)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "1" * 1_000_000, "é" * 300_000, "a-" * 500_000])
def test_a_word_of_a_million_letters_is_analysed_at_once(text):
    started = time.monotonic()
    analysed(text)
    query_of(text)
    assert time.monotonic() - started < 5
