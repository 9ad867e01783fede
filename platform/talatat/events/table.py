"""The outbox table: a row for each event and subscriber, until it has been delivered."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from talatat.db.base import NAMING_CONVENTION
from talatat.db.types import JSONDocument, UTCDateTime, UUIDv7

outbox = Table(
    "talatat_outbox",
    MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"}),
    Column("id", UUIDv7, primary_key=True),
    # The addon of the subscriber and the event's name, so that a row can be told when they are gone.
    Column("addon", Text, nullable=False),
    Column("subscriber", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("payload", JSONDocument, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Index(None, "due_at", "id"),
)
