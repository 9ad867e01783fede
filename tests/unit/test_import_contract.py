"""The import rule between distributions, on graphs made for it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = """
import sys, grimp
from requirements.import_contracts import RequiredDistributions
graph = grimp.ImportGraph()
importer, imported = sys.argv[1:]
graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="")
contract = RequiredDistributions.__new__(RequiredDistributions)
checked = contract.check(graph, False)
print(checked.kept, *(why for _, _, why in checked.metadata["wrong"]))
"""


@pytest.mark.parametrize(
    ("importer", "imported", "verdict"),
    [
        ("talatat_orders.checkout", "talatat_catalog", "True"),
        ("talatat_orders.checkout", "talatat_catalog.models", "True"),
        ("talatat_loyalty", "talatat_orders.models.orders", "True"),
        ("talatat_orders.checkout", "talatat.resources.declaration", "True"),
        ("talatat_orders.checkout", "talatat_catalog.stock", "False only talatat_catalog and"),
        ("talatat_catalog.views", "talatat_orders", "False talatat_catalog does not require"),
        ("talatat.web.home", "talatat_catalog", "False talatat does not require talatat_catalog"),
    ],
)
def test_an_import_of_another_distribution_is_of_a_required_one_and_of_what_it_shows(
    importer, imported, verdict
):
    command = [sys.executable, "-c", CHECK, importer, imported]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(verdict)
