"""The session of a request, injected.

Follows: https://docs.litestar.dev/2/tutorials/sqlalchemy/2-serialization-plugin.html and
https://docs.litestar.dev/2/usage/dependency-injection.html#dependencies-with-yield-cleanup-step
"""

import os
from collections.abc import AsyncGenerator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("+psycopg", "+asyncpg"),
    pool_size=10,
    max_overflow=10,
    connect_args={"server_settings": {"plan_cache_mode": "force_custom_plan", "timezone": "UTC"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def provide_session() -> AsyncGenerator[AsyncSession, None]:
    """A session for a request."""
    async with sessions() as session:
        yield session
