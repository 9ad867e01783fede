"""docs/conformance.md is what the rules say of themselves."""

import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "conformance.md"
MODULE = "talatat.testing.conformance.page"


def test_the_page_of_rules_is_current():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", MODULE], capture_output=True, text=True, check=True
    )
    assert PAGE.read_text() == done.stdout, f"run: python -m {MODULE} > docs/conformance.md"
