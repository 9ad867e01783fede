"""The database: models, types, sessions and extensions of another addon's models.

    from talatat.db import Extension, Record, declarative_base, extension_key, new_id
    Base = declarative_base("catalog")

    class Product(Record, Base):
        __tablename__ = "catalog_product"

The request's session is `request.db`; outside of a request there is `transaction(system)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid_retry import IBeforeRetry

from talatat.db.among import among
from talatat.db.base import NAMING_CONVENTION, declarative_base
from talatat.db.change import Change
from talatat.db.encrypted import Encrypted
from talatat.db.extension import Extension, extension_key
from talatat.db.layout import new
from talatat.db.manager import manager_of
from talatat.db.models import Models
from talatat.db.money_of import MoneyOf
from talatat.db.on_write import on_write
from talatat.db.prepared import Prepared
from talatat.db.record import Record, Versioned
from talatat.db.retry import is_busy, is_retryable, is_unreachable, rest_before_retry
from talatat.db.session import Database, request_db, transaction
from talatat.db.types import (
    Decimal4,
    JSONDocument,
    Money,
    Scaled,
    UTCDateTime,
    UUIDv7,
    canonical_id,
    is_id,
    new_id,
    utcnow,
)
from talatat.db.work import Work, work_of

if TYPE_CHECKING:
    from pyramid.config import Configurator

__all__ = [
    "NAMING_CONVENTION",
    "Change",
    "Database",
    "Decimal4",
    "Encrypted",
    "Extension",
    "JSONDocument",
    "Models",
    "Money",
    "MoneyOf",
    "Prepared",
    "Record",
    "Scaled",
    "UTCDateTime",
    "UUIDv7",
    "Versioned",
    "Work",
    "among",
    "canonical_id",
    "declarative_base",
    "extension_key",
    "is_busy",
    "is_id",
    "is_retryable",
    "is_unreachable",
    "new",
    "new_id",
    "on_write",
    "request_db",
    "transaction",
    "utcnow",
    "work_of",
]


def includeme(config: Configurator) -> None:
    """Give requests their transaction (`request.tm`), their session (`request.db`) and their retries."""
    settings = config.get_settings()
    if "tm.manager_hook" not in settings:
        settings["tm.manager_hook"] = manager_of
        config.add_request_method(manager_of, "tm", reify=True)
    # Asking who the user is, to note it on the transaction, would cost each request an identification.
    settings.setdefault("tm.annotate_user", "false")
    settings.setdefault("retry.attempts", "3")
    system = config.registry.system
    system.database.listen("before_flush", system.models.make_always)
    system.database.always_of = system.models.always_of
    config.include("pyramid_retry")
    config.include("pyramid_tm")
    config.add_subscriber(rest_before_retry, IBeforeRetry)
    config.add_request_method(request_db, "db", reify=True)
