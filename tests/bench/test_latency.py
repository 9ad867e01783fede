"""Shops with few and with more addons are up at once, and asked in turn."""

from bench.growth import latency


def test_each_shop_tells_the_time_of_both_flows(monkeypatch):
    monkeypatch.setattr(latency, "ROUNDS", 2)
    few, more = latency.latencies([1, 2])
    assert (few["addons"], more["addons"]) == (1, 2)
    for flow in latency.FLOWS:
        assert few[f"{flow}_times"] == 1
        assert more[f"{flow}_times"] > 0
        assert more[f"{flow}_us"] > 100
