"""A session for each request, joined to the request's transaction.

Follows: https://docs.pylonsproject.org/projects/pyramid-cookbook/en/latest/database/sqlalchemy.html
(the pattern of the pyramid-cookiecutter-starter with SQLAlchemy)
"""

import os
from typing import Any

import zope.sqlalchemy
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker


def includeme(config: Any) -> None:
    """Set up pyramid_tm and `request.dbsession`."""
    config.add_settings({"tm.manager_hook": "pyramid_tm.explicit_manager"})
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    engine = create_engine(
        os.environ["DATABASE_URL"],
        pool_size=10,
        connect_args={"options": "-c timezone=UTC -c plan_cache_mode=force_custom_plan"},
    )
    factory = sessionmaker(engine)

    def dbsession(request: Any) -> Any:
        session = factory(info={"request": request})
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        return session

    config.add_request_method(dbsession, reify=True)
