"""Which columns of a table an entry shows, masks or leaves out, known from the models' metadata.

A column says it: `info={"audit": "masked"}` (that it changed is told, its value never), `"omitted"`
(bookkeeping, such as when something was last seen: nothing of it is told) or `"shown"`. A table says
`info={"audit": "omitted"}`. What says nothing is masked where its name sounds like a secret, where it is
`private` or holds bytes, or where a resource's schema takes it as `secret` or `write_only`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

MASK = "********"
SOUNDS_SECRET = re.compile(
    r"(?:\A|_)(?:password|passphrase|secrets?|tokens?|digest|hash|seed|salt|otp|totp|pin|nonce"
    r"|recovery|ciphertext|encrypted|signature|(?:api|private|secret)_key)(?:_|\Z)"
)
SAYS = frozenset({"shown", "masked", "omitted"})
# Every row's own bookkeeping: it changes with each change.
BOOKKEEPING = frozenset({"updated_at"})


@dataclass(frozen=True)
class Masking:
    """How the columns of one table are told: names of those masked, and of those left out."""

    masked: frozenset[str]
    omitted: frozenset[str]

    def shown(self, name: str) -> bool:
        """Whether values of the column may be told."""
        return name not in self.masked and name not in self.omitted


def masking_of(
    table: sa.Table, versions: Iterable[Any] = (), secret: Iterable[str] = ()
) -> Masking:
    """The masking of a table. `versions` are version columns, `secret` names that schemas keep secret."""
    kept, left = {column.name for column in versions}, set(secret)
    masked, omitted = set(), set()
    for column in table.columns:
        say = column.info.get("audit")
        if say is not None and say not in SAYS:
            raise ValueError(
                f'{table.name}.{column.name} says info={{"audit": {say!r}}}: say '
                f"{', '.join(sorted(SAYS))}"
            )
        if say == "omitted" or (
            say is None and (column.name in kept or column.name in BOOKKEEPING)
        ):
            omitted.add(column.name)
        elif say == "masked" or (say is None and (column.name in left or is_secret(column))):
            masked.add(column.name)
    return Masking(frozenset(masked), frozenset(omitted))


def is_secret(column: sa.Column[Any]) -> bool:
    """Whether a column that says nothing of audit is better masked."""
    type_ = column.type
    impl = getattr(type_, "impl", type_)
    plain = isinstance(impl, sa.DateTime | sa.Date | sa.Boolean)  # when a password was changed
    return bool(
        column.info.get("private")
        or (SOUNDS_SECRET.search(column.name.lower()) and not plain)
        or isinstance(impl, sa.LargeBinary)
        or "encrypted" in type(type_).__name__.lower()
    )


def secret_attributes(schema: Any) -> set[str]:
    """The attributes of a model that a resource's schema takes and never shows."""
    return {
        getattr(node, "attribute", None) or node.name
        for node in schema.children
        if (getattr(node, "secret", False) or getattr(node, "write_only", False))
        and isinstance(getattr(node, "attribute", None) or node.name, str)
    }
