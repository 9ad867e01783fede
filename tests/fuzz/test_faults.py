"""The fuzzer can fail: faults that are put into an addon are found, each by the check that is for it."""

import textwrap

import pytest
from fuzzing.running import run

VIEWS = {
    "__init__.py": """
        def includeme(config):
            config.scan(".views")
        """,
    "views.py": """
        import colander
        from cornice import Service
        from talatat.problems import invalid
        from talatat.schema.body import read_json
        from talatat.schema.reading import INVALID, compile_reader

        class Body(colander.MappingSchema):
            amount = colander.SchemaNode(colander.Int(), validator=colander.Range(1, 9))

        class Read(Body):
            pass

        reader = compile_reader(Read())
        things = Service(name="faulty.things", path="/api/faulty/v1/things", description="Things")

        class Shown(colander.MappingSchema):
            amount = colander.SchemaNode(colander.Int())

        @things.post(permission="public", schema=Body, response=Shown, problems={})
        def make(request):
            faults = []
            value = reader(read_json(request), "", faults)
            if value is INVALID:
                raise invalid(faults)
            return {"amount": value["amount"]}
        """,
}
OTHER_LIMITS = "amount = colander.SchemaNode(colander.Int(), validator=colander.Range({}))"
FAULTS = {
    "a crash on some of the values": (
        'value["amount"]}',
        'value["amount"] // (9 - value["amount"])}',
        "not_a_server_error",
    ),
    "a limit that is not kept": ("pass", OTHER_LIMITS.format("0, 10"), "negative_data_rejection"),
    "a limit that is not told": ("pass", OTHER_LIMITS.format("1, 8"), "positive_data_acceptance"),
    "a member that is not known and is taken": (
        "compile_reader(Read())",
        'compile_reader(Read(colander.Mapping(unknown="preserve")))',
        "negative_data_rejection",
    ),
    "an answer of another type": (
        'return {"amount": value["amount"]}',
        'return {"amount": str(value["amount"])}',
        "response_schema_conformance",
    ),
    "a status that is not told": (
        'return {"amount": value["amount"]}',
        'request.response.status_int = 202; return {"amount": value["amount"]}',
        "status_code_conformance",
    ),
    "an answer that is no JSON": (
        'return {"amount": value["amount"]}',
        'from pyramid.response import Response; return Response("done", content_type="text/plain")',
        "content_type_conformance",
    ),
}


def found(addons, sqlite_url, files):
    addons.write("faulty", files)
    with addons.composed("faulty", url=sqlite_url) as system:
        app = system.config.make_wsgi_app()
        outcome = run(app, "anonymous", {}, examples=5, stateful=0, phases=("coverage", "fuzzing"))
    assert not outcome.errors, outcome.told()
    return {one.check for one in outcome.findings if "/faulty/" in one.operation}


def test_without_a_fault_nothing_is_found(addons, sqlite_url):
    assert not found(addons, sqlite_url, VIEWS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(addons, sqlite_url, fault):
    right, wrong, check = FAULTS[fault]
    views = textwrap.dedent(VIEWS["views.py"]).replace(right, wrong)
    assert views != textwrap.dedent(VIEWS["views.py"])
    assert check in found(addons, sqlite_url, {**VIEWS, "views.py": views})
