"""From a record of a source to the columns of a product.

Fields are Icecat's, as exported (`id`, `name`, `title`, `ean`, `supplier`, `price` in cents,
`short_description`, `attr_t_*` texts, `attr_n_*` numbers, `attr_b_*` truth values), and the shop's own:
`source_id`, `sku`, `description`, `currency`, `stock`, `categories`, `attributes`. CSV has the same
fields as texts. Fields of other names (pictures, dates) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from talatat.db import Money
from talatat_catalog.attributes import problem_of

_LIST = re.compile(r"[,;|]")
_KINDS = {"attr_n_": "number", "attr_t_": "text", "attr_b_": "flag"}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
BIGGEST = {"stock": 2**31, "price": 2**63}


class RecordError(ValueError):
    """Why a record is rejected: a stable `code`, and the detail for people as its text."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_product(data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return column values of a product, `stock` and `categories` only where the record has them.

    `currency` is that of a price which names none. Raises RecordError.
    """
    values = {
        "source_id": _text(data, ("source_id", "id"), 100, required=True),
        "sku": _text(data, ("sku", "name"), 255, required=True),
        "title": _text(data, ("title",), 500, required=True),
        "description": _text(data, ("description", "short_description"), 20_000),
        "supplier": _text(data, ("supplier",), 200),
        "ean": _list(data, "ean"),
        "attributes": _attributes(data),
        **_price(data, currency),
    }
    if _given(data.get("stock")):
        values["stock"] = _integer(data["stock"], "stock")
    if "categories" in data:
        values["categories"] = _list(data, "categories")
    return values


def _given(value: Any) -> bool:
    return value is not None and value != ""


def _text(
    data: Mapping[str, Any], names: tuple[str, ...], most: int, required: bool = False
) -> str:
    name = next((name for name in names if _given(data.get(name))), names[-1])
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not _given(value):
        if required:
            raise RecordError("missing_field", f"{' or '.join(names)} is missing")
        return ""
    if not isinstance(value, str):
        raise RecordError("wrong_type", f"{name} is not a text")
    value = value.strip()
    if required and not value:
        raise RecordError("missing_field", f"{name} is blank")
    if len(value) > most:
        raise RecordError("too_long", f"{name} has {len(value)} characters; {most} are the most")
    if "\x00" in value:
        raise RecordError("nul_character", f"{name} holds the character NUL")
    return value


def _list(data: Mapping[str, Any], name: str) -> list[str]:
    value = data.get(name)
    if not _given(value):
        return []
    if isinstance(value, str):
        value = _LIST.split(value)
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise RecordError("wrong_type", f"{name} is not a list of texts")
    found = [str(one).strip() for one in value]
    if any("\x00" in one or len(one) > 200 for one in found):
        raise RecordError("wrong_value", f"{name} holds a text that cannot be stored")
    return list(dict.fromkeys(one for one in found if one))


def _price(data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    price = data.get("price")
    if not _given(price):
        raise RecordError("missing_field", "price is missing")
    if isinstance(price, Mapping):
        try:
            money = Money.from_json(price)
            minor, currency = money.minor, money.currency
        except ValueError as error:
            raise RecordError("wrong_price", str(error)) from None
    else:
        minor = _integer(price, "price")
        currency = _text(data, ("currency",), 3) or currency
    if not 0 <= minor < BIGGEST["price"]:
        raise RecordError("wrong_price", f"{minor} is not a price in minor units")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise RecordError("wrong_price", f"{currency!r} is not a currency")
    return {"price_minor": minor, "currency": currency}


def _integer(value: Any, name: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,18}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < BIGGEST[name]:
        unit = " of the currency's minor unit (cents)" if name == "price" else ""
        raise RecordError(f"wrong_{name}", f"{name} {value!r} is not a whole number{unit}")
    return value


def _attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    """`attr_n_width` becomes `width`: the value's own type says what the prefix said.

    Where one record has a name in two types, the number keeps it and the other is `<name>_text` or
    `<name>_flag`: nothing is lost.
    """
    given = data.get("attributes")
    if isinstance(given, str) and given.strip():
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            raise RecordError("wrong_attributes", "attributes is not a JSON object") from None
    found: dict[str, Any] = {}
    if _given(given):
        if not isinstance(given, dict):
            raise RecordError("wrong_attributes", "attributes is not an object")
        found.update(given)
    prefixed = [key for key in data if key[:7] in _KINDS and _given(data[key])]
    numbers = {key[7:] for key in prefixed if key.startswith("attr_n_")}
    for key in prefixed:
        name, kind = key[7:], _KINDS[key[:7]]
        taken = kind != "number" and (name in numbers or name in found)
        found[f"{name}_{kind}" if taken else name] = _typed(key, kind, data[key])
    if problem := problem_of(found):
        raise RecordError("wrong_attributes", problem)
    return found


def _typed(key: str, kind: str, value: Any) -> Any:
    if kind == "text":
        return value if isinstance(value, str) else str(value)
    if kind == "flag":
        truth = value if isinstance(value, bool) else _TRUTH.get(str(value).strip().lower())
        if truth is None:
            raise RecordError("wrong_attributes", f"{key} is {value!r}, not true or false")
        return truth
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return float(Decimal(str(value).strip()))
    except InvalidOperation:
        raise RecordError("wrong_attributes", f"{key} is {value!r}, not a number") from None
