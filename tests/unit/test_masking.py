"""What looks like a key is masked wherever it stands, and what a person has to read is not."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.db import new_id
from talatat.masking import MASK, masked


@given(before=st.text("/?=&: '\"{}", max_size=5), after=st.text("/?=&: '\".", max_size=5))
def test_a_key_is_masked_between_whatever_stands_around_it(before, after):
    # The alphabet of what is not a key ends it; one in a few billions has only one kind of letters.
    key = "aZ9" + secrets.token_urlsafe(48)
    assert masked(f"{before}{key}{after}") == f"{before}{MASK}{after}"


@pytest.mark.parametrize(
    "text",
    [
        "/api/catalog/v1/products/0198c0de-0000-7000-8000-000000000000",
        "a-slug-of-a-product-that-has-a-very-long-title-and-a-number-42",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "5dcde40c7e96d1939a66791245f0a3bf" * 2,
        "SELECT catalog_product.id AS catalog_product_id FROM catalog_product",
        "A_CONSTANT_WITH_A_LONG_NAME_THAT_SOMEBODY_WROTE_IN_1999",
    ],
)
def test_ids_words_and_digests_are_left(text):
    assert masked(text) == text
    assert masked(new_id()) != MASK
