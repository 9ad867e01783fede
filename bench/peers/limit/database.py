"""One connection for each thread, in autocommit; every statement is prepared at its first execution."""

from __future__ import annotations

import os
import threading
from typing import Any

import psycopg

_local = threading.local()


def connection() -> psycopg.Connection[tuple[Any, ...]]:
    """The connection of this thread."""
    found = getattr(_local, "connection", None)
    if found is None or found.closed:
        url = os.environ["DATABASE_URL"].replace("+psycopg", "")
        # A prepared search would get a plan for any supplier, which is right for none.
        options = "-c timezone=UTC -c plan_cache_mode=force_custom_plan"
        found = psycopg.connect(url, autocommit=True, prepare_threshold=0, options=options)
        _local.connection = found
    return found
