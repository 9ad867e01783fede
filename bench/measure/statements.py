"""Statements for one request, counted by PostgreSQL itself (pg_stat_statements), BEGIN and COMMIT included.

All peers are connected, and some look into the database by themselves now and then (the outbox, heartbeats).
A statement therefore counts that ran in at least half of the requests; one that notes once a minute that a
token was used does not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bench.agree.asking import Asking
from bench.data.cluster import Cluster
from bench.data.known import Shop
from bench.flows import Flow
from bench.inprocess import Conversation

REQUESTS = 40
#: A change of options reaches the backends at their next statement.
SETTLING = 0.3
CALLS = """
SELECT queryid, sum(calls)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = 'bench' AND query !~ 'pg_stat_statements' GROUP BY 1
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
    before = dict(connection.execute(CALLS).fetchall())
    talk.ask(REQUESTS, flow.status)
    after = dict(connection.execute(CALLS).fetchall())
    ask.close()
    return each(before, after, REQUESTS)


def each(before: Mapping[int, int], after: Mapping[int, int], requests: int) -> float:
    """Calls of one request, from those of each statement before and after so many."""
    made = (calls - before.get(statement, 0) for statement, calls in after.items())
    return round(sum(one for one in made if one >= requests / 2) / requests, 2)
