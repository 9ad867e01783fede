"""`Record`: what every row of a resource has: an id, a version, and when it was made and changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from talatat.db.types import UTCDateTime, UUIDv7, new_id, utcnow


class Versioned:
    """Mixin: a `version` that counts the row's changes, compared on each UPDATE and DELETE.

    Two writers of one row never overwrite each other: the second one's statement finds no row, the ORM
    raises StaleDataError, and the request is tried again.
    """

    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, sort_order=-90)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Record(Versioned):
    """Mixin for models: `id` (UUIDv7), `version`, `created_at`, `updated_at`.

    The id is known as soon as the object is made, before it is flushed.
    """

    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id, sort_order=-100)
    created_at: Mapped[datetime] = mapped_column(
        UTCDateTime, nullable=False, default=utcnow, sort_order=990
    )
    updated_at: Mapped[datetime] = mapped_column(
        UTCDateTime, nullable=False, default=utcnow, onupdate=utcnow, sort_order=991
    )

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", new_id())
        super().__init__(**values)
