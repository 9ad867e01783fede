"""All rules by family. Importing this fills the registry; `RULES` lists them in the order of the page."""

from talatat.testing.conventions.model import RULES

from talatat.testing.conventions.rules import paths  # isort: skip
from talatat.testing.conventions.rules import operations  # isort: skip
from talatat.testing.conventions.rules import parameters  # isort: skip
from talatat.testing.conventions.rules import bodies  # isort: skip
from talatat.testing.conventions.rules import responses  # isort: skip
from talatat.testing.conventions.rules import schemas  # isort: skip
from talatat.testing.conventions.rules import errors  # isort: skip
from talatat.testing.conventions.rules import paging  # isort: skip
from talatat.testing.conventions.rules import security  # isort: skip
from talatat.testing.conventions.rules import examples  # isort: skip
from talatat.testing.conventions.rules import evolution  # isort: skip

__all__ = [
    "RULES",
    "bodies",
    "errors",
    "evolution",
    "examples",
    "operations",
    "paging",
    "parameters",
    "paths",
    "responses",
    "schemas",
    "security",
]
