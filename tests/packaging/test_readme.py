"""README.md does what it says: all of its commands, in order, in a copy of this repository.

The copy has an environment of its own, made over the one that runs the tests: no network, a few seconds.
The real data sets are cut to their first records, so numbers of loads are compared in form.
"""

import lzma
import os
import re
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from ..docs.walkthrough import ROOT, Place, make_checkout, set_port, steps  # noqa: TID252  # tests are no package with a name

README = (ROOT / "README.md").read_text()
DATA = Path(os.environ.get("TALATAT_DATA") or ROOT / "../shared/data").resolve()
RECORDS = {"icecat/products.jsonl.xz": 200, "retail/online_retail.csv.xz": 400}

# They take minutes, and run this very test.
LONG = ("lint", "test", "accept")


def cut_data(folder):
    """The first records of the real data sets, in the folders of the whole ones."""
    for name, count in RECORDS.items():
        target = folder / name
        target.parent.mkdir(parents=True)
        with lzma.open(DATA / name, "rb") as source, lzma.open(target, "wb") as out:
            out.writelines(islice(source, count))
    return folder


def test_every_command_of_the_readme_does_what_is_shown(tmp_path):
    folder = tmp_path / "talatat"
    folder.mkdir()
    make_checkout(folder)
    there = all((DATA / name).is_file() for name in RECORDS)
    data = cut_data(tmp_path / "data") if there else tmp_path
    # The whole catalogue, since answers of searches are shown, and few of the sales.
    variables = {"TALATAT_DATA": str(data), "TALATAT_DEMO_ORDERS": "200"}
    with Place(folder, variables, loose=("talatat load",)) as place:
        set_port(place, "Makefile", "development.ini")
        for step in steps(README):
            left_out = "$TALATAT_DATA" in step.command and not there
            if not left_out and not all(f"make {name}" in step.command for name in LONG):
                place.take(step)
    if not there:
        reason = f"talatat load was left out: {DATA} does not hold {', '.join(RECORDS)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.mark.parametrize("name", LONG)
def test_the_long_commands_of_the_readme_are_targets_of_the_makefile(name):
    assert re.search(rf"^make {name}\b", README, re.MULTILINE)
    subprocess.run(["make", "-n", name], cwd=ROOT, check=True, capture_output=True)


def test_the_first_command_stands_where_it_is_seen_at_once():
    lines = README.splitlines()
    assert lines.index("$ make serve") < 25
