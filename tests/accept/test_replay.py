"""Real baskets, real sockets, 16 clients, stock that runs out: nothing sold twice, nothing lost."""

from figures import number
from replay import SEED, replay

BASKETS = number("baskets", 120, 5000)
CLIENTS = number("clients", 16, 16)


def test_baskets_are_replayed_without_overselling_or_losing_an_order(database_url, tmp_path):
    assert replay(tmp_path, database_url, BASKETS, CLIENTS, number("seed", SEED, SEED)) == []
