"""Both flows of a shop, through clients that were generated and that nobody has touched."""

import pytest

from .generated import LANGUAGES, Made
from .shop import Shop

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def test_something_is_found_by_text_filters_order_and_a_tree_page_by_page(
    language: str, made: Made, shop: Shop
) -> None:
    seen = made.run(language, "search", shop.url)
    amounts = [f"{euros}.00" for euros in range(47, 19, -1)]
    assert seen == {
        "pages": [amounts[:20], amounts[20:]],
        "tree": [["L-11", "L-12"], True],
        "refused": [400, "invalid_parameter", "sort"],
    }


def test_something_is_bought_and_what_cannot_be_is_a_typed_problem(
    language: str, made: Made, shop: Shop
) -> None:
    seen = made.run(language, "checkout", shop.url, shop.user, shop.password, shop.plenty, shop.few)
    assert seen == {
        "refused": [409, "out_of_stock", ["/lines/1"]],
        "status": [201, 201],
        "replayed": True,
        "lines": [[2, "22.00"], [1, "8.00"]],
        "total": {"amount": "30.00", "currency": "EUR"},
        "expanded": ["Ann", "L-11"],
        "state": ["placed", "paid"],
        "changed": "Anne",
        "stale": [412, "precondition_failed", []],
    }
