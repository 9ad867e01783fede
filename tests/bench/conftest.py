"""Results as a run would leave them, small enough to be counted by hand."""

import pytest
from bench.results import Results

PLAN = {"name": "short", "flows": ["search", "checkout"], "closed": [3, 0.7, 3.0, 16]}
ABOUT = {
    "at": "2026-01-02 03:04",
    "commit": "abc123def456",
    "changed": False,
    "machine": "2 cores of a processor, 8 GiB, Linux",
    "load": 0.1,
    "versions": {"python": "3.11.7", "pyramid": "2.1"},
    "shop": {"source": "real products", "products": 100_000, "history": 1_000_000},
}
TITLES = {
    "talatat": "Talatat on granian",
    "fastapi_async": "FastAPI, async SQLAlchemy",
    "django": "Django REST framework",
}


def sample(number, rate, **more):
    """One round's sample."""
    return {
        "round": number, "rate": rate, "p50_ms": 5.0, "p95_ms": 9.0, "p99_ms": 12.0, "max_ms": 20.0,
        "cpu_us": 500.0, "database_us": 300.0, "memory": 70 << 20, "bytes": 4100, "errors": {}, **more,
    }  # fmt: skip


@pytest.fixture
def results():
    """Three rounds of search for two peers; Django did not agree, and nothing else was measured."""
    found = Results(plan=PLAN, about=ABOUT, titles=dict(TITLES), agreed=345)
    for number, (ours, theirs) in enumerate([(900.0, 300.0), (1000.0, 400.0), (1300.0, 350.0)]):
        found.samples("closed", "search", "talatat").append(sample(number, ours))
        found.samples("closed", "search", "fastapi_async").append(
            sample(number, theirs, cpu_us=2000.0, errors={"500": 2} if number == 1 else {})
        )
    found.fail("django", "agreement", "search Cable of HP:\n| is not |")
    return found
