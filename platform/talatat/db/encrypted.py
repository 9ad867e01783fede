"""`Encrypted`: a text that the database holds encrypted, with the keys of the system that writes it.

    seed: Mapped[str] = mapped_column(Encrypted("accounts.totp"))

Each purpose has keys of its own, derived from `talatat.secret`; in a migration the column is `sa.Text()`.
The same text is stored differently each time: such a column cannot be compared, ordered or unique.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column, ColumnElement, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from talatat.db.base import bases_of

if TYPE_CHECKING:
    from talatat.composition import Composition
    from talatat.db.session import Database

ATTRIBUTE = "talatat_keys"
_OF_NULL = (operators.is_, operators.is_not)


class Keys(Protocol):
    """What encrypts: `talatat.security.KeyRing`."""

    def encrypt(self, purpose: bytes, plain: bytes) -> str:
        """Encrypt with the current key."""

    def decrypt(self, purpose: bytes, text: str) -> bytes:
        """Decrypt with whichever key did it; raises ValueError."""

    def is_current(self, purpose: bytes, text: str) -> bool:
        """Whether the current key encrypted it."""


class Encrypted(TypeDecorator[str]):
    """A text, encrypted for one purpose; see the module."""

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return _keys(dialect).encrypt(self.purpose.encode(), str(value).encode())

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return _keys(dialect).decrypt(self.purpose.encode(), value).decode()

    class comparator_factory(TypeDecorator.Comparator[str]):  # noqa: N801  # SQLAlchemy's name
        """Only NULL can be asked for; a column is itself, as SQLAlchemy asks that finds it among others."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            if op in _OF_NULL or (op in (operators.eq, operators.ne) and self._knows(other[0])):
                return super().operate(op, *other, **kwargs)
            raise TypeError("an encrypted column can be compared with nothing but None")

        def _knows(self, other: Any) -> bool:
            # A column and its annotated copies have one hash.
            return other is None or (
                isinstance(other, ColumnElement) and hash(other) == hash(self.expr)
            )


def use_keys(database: Database, keys: Keys) -> None:
    """Let the encrypted columns of a database be written and read with these keys."""
    setattr(database.engine.dialect, ATTRIBUTE, keys)


def _keys(dialect: Dialect) -> Keys:
    keys: Keys | None = getattr(dialect, ATTRIBUTE, None)
    if keys is None:
        raise TypeError("encrypted columns are written and read through a composed system only")
    return keys


def encrypted_columns(composition: Composition) -> list[Column[Any]]:
    """The encrypted columns of all composed addons."""
    return [
        column
        for addon in composition.addons
        for base in bases_of(addon.package)
        for table in base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Encrypted)
    ]
