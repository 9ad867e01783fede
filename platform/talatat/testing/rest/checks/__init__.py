"""The checks by family. Importing this registers them, in the order in which they are asked."""

from talatat.testing.rest.checks import discovery  # isort: skip
from talatat.testing.rest.checks import create  # isort: skip
from talatat.testing.rest.checks import shapes  # isort: skip
from talatat.testing.rest.checks import listing  # isort: skip
from talatat.testing.rest.checks import cursors  # isort: skip
from talatat.testing.rest.checks import sorting  # isort: skip
from talatat.testing.rest.checks import filters  # isort: skip
from talatat.testing.rest.checks import sparse  # isort: skip
from talatat.testing.rest.checks import replace  # isort: skip
from talatat.testing.rest.checks import merge_patch  # isort: skip
from talatat.testing.rest.checks import conditional  # isort: skip
from talatat.testing.rest.checks import actions  # isort: skip
from talatat.testing.rest.checks import deleting  # isort: skip
from talatat.testing.rest.checks import access  # isort: skip
from talatat.testing.rest.checks import errors  # isort: skip
from talatat.testing.rest.checks import problems  # isort: skip
from talatat.testing.rest.checks import headers  # isort: skip

__all__ = [
    "access",
    "actions",
    "conditional",
    "create",
    "cursors",
    "deleting",
    "discovery",
    "errors",
    "filters",
    "headers",
    "listing",
    "merge_patch",
    "problems",
    "replace",
    "shapes",
    "sorting",
    "sparse",
]
