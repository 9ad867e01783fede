"""The engine and the session that a request gets.

Follows: https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html (async_sessionmaker, expire_on_commit)
and https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("+psycopg", "+asyncpg"),
    pool_size=10,
    max_overflow=10,
    connect_args={"server_settings": {"plan_cache_mode": "force_custom_plan", "timezone": "UTC"}},
)
async_session = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session for a request."""
    async with async_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
