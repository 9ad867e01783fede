"""`fields=` may leave any field out, so that each may be Unset."""

from typing import TypeVar

from shop.types import Unset

Value = TypeVar("Value")


def shown(value: Value | Unset) -> Value:
    """A field that was asked for."""
    if isinstance(value, Unset):
        raise TypeError("the answer leaves out a field")
    return value
