"""The checks by family. Importing this registers them, in the order in which they are asked."""

from talatat.testing.rest.checks import discovery  # isort: skip
from talatat.testing.rest.checks import create  # isort: skip
from talatat.testing.rest.checks import shapes  # isort: skip
from talatat.testing.rest.checks import listing  # isort: skip
from talatat.testing.rest.checks import cursors  # isort: skip
from talatat.testing.rest.checks import sorting  # isort: skip
from talatat.testing.rest.checks import filters  # isort: skip
from talatat.testing.rest.checks import sparse  # isort: skip
from talatat.testing.rest.checks import expand  # isort: skip
from talatat.testing.rest.checks import counting  # isort: skip
from talatat.testing.rest.checks import search  # isort: skip
from talatat.testing.rest.checks import replace  # isort: skip
from talatat.testing.rest.checks import merge_patch  # isort: skip
from talatat.testing.rest.checks import json_patch  # isort: skip
from talatat.testing.rest.checks import conditional  # isort: skip
from talatat.testing.rest.checks import dry_run  # isort: skip
from talatat.testing.rest.checks import idempotency  # isort: skip
from talatat.testing.rest.checks import batch  # isort: skip
from talatat.testing.rest.checks import actions  # isort: skip
from talatat.testing.rest.checks import deleting  # isort: skip
from talatat.testing.rest.checks import changes  # isort: skip
from talatat.testing.rest.checks import access  # isort: skip
from talatat.testing.rest.checks import errors  # isort: skip
from talatat.testing.rest.checks import problems  # isort: skip
from talatat.testing.rest.checks import headers  # isort: skip
from talatat.testing.rest.checks import health  # isort: skip

__all__ = [
    "access",
    "actions",
    "batch",
    "changes",
    "conditional",
    "counting",
    "create",
    "cursors",
    "deleting",
    "discovery",
    "dry_run",
    "errors",
    "expand",
    "filters",
    "headers",
    "health",
    "idempotency",
    "json_patch",
    "listing",
    "merge_patch",
    "problems",
    "replace",
    "search",
    "shapes",
    "sorting",
    "sparse",
]
