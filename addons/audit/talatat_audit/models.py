"""The entries, and what was removed of them. Both tables only grow, but for what the retention removes.

The revision puts triggers on them: an UPDATE is refused but for the seal, which is set once; a DELETE but
for entries whose removal stands in `audit_removal`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from talatat.db import JSONDocument, UTCDateTime, UUIDv7, declarative_base, new_id, utcnow

Base = declarative_base("audit")

APPEND_ONLY = {"append_only": True, "audit": "omitted"}


class Entry(Base):
    """One thing that somebody did, or tried. Names of addons and labels outlive what they name."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_resource_subject_ix", "resource", "subject"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, index=True)
    addon: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    resource: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(String(200))
    label: Mapped[str | None] = mapped_column(String(200))
    before: Mapped[Any] = mapped_column(JSONDocument, nullable=True)
    after: Mapped[Any] = mapped_column(JSONDocument, nullable=True)
    actor_id: Mapped[str | None] = mapped_column(String(200), index=True)
    actor_name: Mapped[str | None] = mapped_column(String(200))
    actor_source: Mapped[str | None] = mapped_column(String(100))
    credential: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200))
    request_id: Mapped[str | None] = mapped_column(String(128))
    trace_id: Mapped[str | None] = mapped_column(String(32))
    method: Mapped[str | None] = mapped_column(String(20))
    operation: Mapped[str | None] = mapped_column(String(200))
    release: Mapped[int | None] = mapped_column(Integer)
    # The seal: None until it is set, see `sealing`.
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    previous: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))


class Removal(Base):
    """That the entries `first` to `last` were removed; `digest` is the last one's, where the chain goes on."""

    __tablename__ = "audit_removal"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[str] = mapped_column(UUIDv7, primary_key=True, default=new_id)
    removed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    first: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger, unique=True)
    digest: Mapped[str] = mapped_column(String(64))
