"""`Batch`: a backfill that a data revision declares, and `talatat apply` runs in small transactions.

    phase = "data"
    batches = [Batch("shop_order", set="total = net + tax", where="total IS NULL")]

    def upgrade() -> None:
        pass

Each transaction updates the next `size` rows by key and notes how far it came, so that a backfill that was
killed goes on where it stopped and writes no row twice. `upgrade()` runs after the last one, together with
the version row. Between transactions there are pauses, so that what serves is not kept waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Text = str | Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """UPDATE `table` SET `set` WHERE `where`, batch by batch along `key`.

    `key` is a unique column without NULLs, the primary key as a rule. `set` and `where` are SQL, or a dict
    of SQL by dialect ("sqlite", "postgresql"). `size` is the number of rows of the first batch; later ones
    are made larger or smaller so that each takes about a tenth of a second.
    """

    table: str
    set: Text
    where: Text = ""
    key: str = "id"
    size: int = 500

    def for_dialect(self, dialect: str) -> dict[str, Any]:
        """The declaration for one dialect, as a plan keeps it. Raises KeyError where it has none."""
        values = asdict(self)
        for name in ("set", "where"):
            if isinstance(values[name], Mapping):
                values[name] = values[name][dialect]
        return values
