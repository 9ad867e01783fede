"""What a system runs with: told as CycloneDX, the same each time, under licences that somebody looked at."""

import json
import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "requirements"))

import sbom

# Pinned for other Pythons and systems: not installed on each machine.
OF_OTHER_MACHINES = {"legacy-cgi", "tzdata", "pycparser", "psycopg-binary"}


@pytest.fixture(scope="module")
def found():
    return sbom.document()


def pinned_here():
    """{name: version} of the lines of the lock that are for this Python."""
    text = (ROOT / "requirements" / "serve.txt").read_text()
    lines = re.findall(r"^([\w.-]+==.*?) *\\?$", text, re.MULTILINE)
    wanted = [one for one in map(Requirement, lines) if not one.marker or one.marker.evaluate()]
    return {sbom.canonical(one.name): str(one.specifier).removeprefix("==") for one in wanted}


def test_the_document_holds_what_the_lock_pins_and_no_tool_of_tests(found):
    names = {sbom.canonical(one["name"]) for one in found["components"]}
    installed = names & sbom.locked()
    assert sbom.locked() - installed <= OF_OTHER_MACHINES
    assert installed <= names
    assert {"talatat-accounts", "talatat-catalog", "talatat-orders", "talatat-loyalty"} <= names
    assert not names & {"pytest", "ruff", "mypy", "kinto", "pip-audit"}
    versions = {sbom.canonical(one["name"]): one["version"] for one in found["components"]}
    pinned = pinned_here()
    here = installed & set(pinned)
    assert {name: pinned[name] for name in here} == {name: versions[name] for name in here}


def test_it_says_what_needs_what(found):
    needs = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    (pyramid,) = (ref for ref in needs if ref.startswith("pyramid=="))
    assert any(ref.lower().startswith("webob==") for ref in needs[pyramid])
    refs = {one["bom-ref"] for one in found["components"]} | {"root-component"}
    assert {ref for needed in needs.values() for ref in needed} <= refs


def test_the_same_lock_gives_the_same_bytes_and_no_path_of_this_machine(found, tmp_path):
    again = tmp_path / "var" / "sbom.json"
    said = subprocess.run(
        [sys.executable, ROOT / "requirements" / "sbom.py", again],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert f"{len(found['components'])} components" in said
    assert json.loads(again.read_text()) == found
    assert str(ROOT) not in again.read_text()
    assert "timestamp" not in found["metadata"]
    assert "serialNumber" not in found


def test_every_licence_of_what_a_system_runs_with_was_looked_at(found):
    assert sbom.refused(found, sbom.allowed()) == []


def test_a_licence_that_nobody_looked_at_is_told(found):
    strict = sbom.allowed() - {"LGPL-3.0-only"}
    told = sbom.refused(found, strict)
    assert [one.partition(" ")[0] for one in told] == ["psycopg-binary", "psycopg"]
    assert all("LGPL-3.0-only" in one for one in told)
    nameless = {"components": [{"name": "thing", "version": "1"}]}
    assert sbom.refused(nameless, strict) == ["thing 1: no licence is told"]


def test_every_line_of_the_allowed_list_is_one_that_something_has(found):
    said = {one for component in found["components"] for one in sbom.licences(component)}
    assert sbom.allowed() <= said


def test_the_audit_reads_the_lock_by_its_hashes_and_asks_no_resolver():
    """`make audit` asks the network; what it would ask about is known without."""
    (command,) = (
        line.strip().removeprefix("@")
        for line in (ROOT / "Makefile").read_text().splitlines()
        if "pip-audit --requirement" in line
    )
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    number = int(done.stderr.partition("would have audited ")[2].split()[0])
    assert len(sbom.locked()) - len(OF_OTHER_MACHINES) <= number <= len(sbom.locked())
