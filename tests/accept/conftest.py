"""The long checks: real data, real servers, real sockets. Numbers grow with ``TALATAT_ACCEPT``.

The modules beside the tests are commands too, and import each other by their bare names; so do the
tests.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
