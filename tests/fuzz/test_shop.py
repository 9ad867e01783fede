"""The whole API answers as its document says, whoever asks and whatever is sent.

Here five random requests an operation and as many chains as an administrator, who gets farthest, and all
boundary values of a few resources; `make fuzz` sends fifty, of everything, as every role.
"""

from fuzzing.running import run

# With everything that a resource can be: scope, extension, relation, actions, read-only fields.
FEW = r"^/api/(catalog/v1/categories|orders/v1/(customers|orders))(/[^:]*)?$"


def test_an_administrator_finds_nothing_that_the_document_does_not_say(shop):
    phases = ("examples", "fuzzing", "stateful")
    outcome = run(shop, "admin", shop.headers("admin"), examples=5, stateful=5, phases=phases)
    assert not outcome.findings, outcome.told()
    assert not outcome.errors, outcome.told()
    assert outcome.operations > 80
    assert outcome.statuses[200] > 100  # it does get somewhere
    assert outcome.phases["stateful"] > 20


def test_no_boundary_value_of_a_resource_finds_anything_either(shop):
    outcome = run(
        shop, "admin", shop.headers("admin"), examples=1, stateful=1, phases=("coverage",), only=FEW
    )
    assert not outcome.findings, outcome.told()
    assert not outcome.errors, outcome.told()
    assert outcome.requests > 1000
