"""Statements for one request, counted by PostgreSQL itself (pg_stat_statements), BEGIN and COMMIT included."""

from __future__ import annotations

import time
from typing import Any

from bench.agree.asking import Asking
from bench.data.cluster import Cluster
from bench.data.known import Shop
from bench.flows import Flow
from bench.inprocess import Conversation

REQUESTS = 40
#: A change of options reaches the backends at their next statement.
SETTLING = 0.3
COUNTED = """
SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = 'bench' AND query !~ 'pg_stat_statements'
"""


def counting(cluster: Cluster, *, on: bool) -> None:
    """Turn it on or off: while requests are timed nothing is counted."""
    cluster.set_option("pg_stat_statements.track", "top" if on else "none")
    time.sleep(SETTLING)


def a_request(
    port: int, flow: Flow, shop: Shop, connection: Any, seed: int, more: dict[str, Any]
) -> float:
    """Statements for one request of a warm peer; counting is on, and nobody else asks."""
    ask = Asking(port)
    talk = Conversation(ask, flow.client(shop, seed, **more))
    talk.ask(flow.first + 10)
    before = connection.execute(COUNTED).fetchone()[0]
    talk.ask(REQUESTS, flow.status)
    after = connection.execute(COUNTED).fetchone()[0]
    ask.close()
    return round((after - before) / REQUESTS, 2)
