"""The long checks: real data, real servers, real sockets. Numbers grow with ``TALATAT_ACCEPT``.

The modules beside the tests are commands too, and import each other by their bare names; so do the
tests. After an acceptance run ``docs/acceptance.md`` is written anew.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# In `make test` the catalogue's own tests load all of it, tests/evolution/hazards and kills take a part, and tests/evolution/serving/ holds what the bench
# of upgrades under load shows.
collect_ignore = (
    []
    if os.environ.get("TALATAT_ACCEPT", "") not in ("", "0")
    else ["test_catalogue.py", "test_hazards.py", "test_kills.py", "test_zero_downtime.py"]
)


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch):
    """No coverage of what these tests start: loading takes two to three times as long then."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)


def pytest_sessionfinish(session, exitstatus):
    import figures
    import report

    if figures.accepting() and exitstatus == 0 and "PYTEST_XDIST_WORKER" not in os.environ:
        report.main()
