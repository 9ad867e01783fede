"""A suite that cannot fail shows nothing: each family finds what is broken for it, one thing at a time."""

import pytest

from talatat.testing.rest import CHECKS, run
from talatat.testing.rest.inside import running_of, server_of

from .breaking import broken
from .faults import FAULTS


def test_every_family_has_a_fault():
    assert len(FAULTS) >= 25
    assert {one.family for one in FAULTS} == {one.family for one in CHECKS.values()}


@pytest.mark.parametrize(
    "fault", FAULTS, ids=[f"{number}-{one.finds}" for number, one in enumerate(FAULTS)]
)
def test_a_fault_is_found(request, kept, fault):
    running = running_of(kept.system(request, "sqlite", "stars", "moons"), "store")
    server = server_of(running, app=broken(running.app, fault))
    about = "store.boxes" if fault.family == "restoring" else "store.things"
    report = run(server, families={fault.family}, about=[about])
    found = {one.check.id for one in report.failures}
    told = "\n".join(f"{one.check.id} {one.state} {one.said}" for one in report.results)
    assert fault.finds in found, told
