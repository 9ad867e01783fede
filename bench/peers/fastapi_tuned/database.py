"""Two views of one engine: reads without a transaction, writes in one.

Follows: https://docs.sqlalchemy.org/en/21/core/connections.html#setting-transaction-isolation-levels-including-dbapi-autocommit
"""

import os
from typing import Any

import orjson
from fastapi import Response
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("+psycopg", "+asyncpg"),
    pool_size=10,
    max_overflow=10,
    connect_args={"server_settings": {"plan_cache_mode": "force_custom_plan", "timezone": "UTC"}},
)
reading = engine.execution_options(isolation_level="AUTOCOMMIT")


def answer(document: Any, status: int = 200, **headers: str) -> Response:
    """A document as JSON, without pydantic in between."""
    body = orjson.dumps(document, default=str, option=orjson.OPT_UTC_Z)  # asyncpg's UUID is its own
    return Response(body, status, headers or None, "application/json")
