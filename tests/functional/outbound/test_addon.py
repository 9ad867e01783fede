"""An addon that calls what its clients name: what leads inside is a 4xx, and no failure of this server."""

import json

import pytest

from talatat.errors import TalatatError

HOOKS = {
    "__init__.py": """
        import colander
        from cornice import Service
        from talatat.outbound.client import client
        from talatat.schema import Url
        from talatat.schema.body import read_json
        from talatat.schema.reading import compile_reader
        from talatat.problems import invalid

        class Hook(colander.MappingSchema):
            url = colander.SchemaNode(Url("http", "https"))

        hook = Service("hooks.try", "/api/hooks/v1/try")
        read = compile_reader(Hook())

        @hook.post(permission="public", schema=Hook)
        def try_it(request):
            faults = []
            body = read(read_json(request), "", faults)
            if faults:
                raise invalid(faults)
            with client(request.registry.system, seconds=0.3) as calls:
                return {"said": calls.get(body["url"]).text}

        def includeme(config):
            config.add_cornice_service(hook)
        """
}
TRY = "/api/hooks/v1/try"


@pytest.fixture
def hooks(addons, sqlite_url, elsewhere):
    addons.write("hooks", HOOKS)
    settings = {"talatat.outbound.allow": f"\n    {elsewhere.url}\n    10.9.0.0/16"}
    with addons.composed("hooks", url=sqlite_url, settings=settings) as system:
        yield system


def test_what_leads_inside_is_refused_by_the_name_of_the_setting(hooks):
    for url in (
        "https://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "https://[::ffff:10.0.0.1]/",
    ):
        answer = hooks.app.post_json(TRY, {"url": url}, status=422).json
        assert answer["code"] == "url_refused"
        assert "talatat.outbound.allow" in answer["detail"]


def test_what_is_no_plain_url_is_refused_by_the_schema(hooks):
    for url in ("https://ann@127.0.0.1/", "http://0x7f.1/", "file:///etc/passwd"):
        answer = hooks.app.post_json(TRY, {"url": url}, status=422).json
        assert [one["pointer"] for one in answer["errors"]] == ["/url"]
    told = hooks.app.get("/api/hooks/v1/openapi.json").json
    assert '"format": "uri"' in json.dumps(told)


def test_a_server_that_does_not_answer_is_told_as_that(hooks, elsewhere):
    assert hooks.app.post_json(TRY, {"url": elsewhere.url}).json["said"].startswith("hello")
    url = elsewhere.on("/silent", lambda handler: elsewhere.release.wait())
    answer = hooks.app.post_json(TRY, {"url": url}, status=424)
    assert answer.json["code"] == "dependency_failed"
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "*", "https://id.internal/path"])
def test_an_entry_that_means_nothing_stops_the_start_with_its_line(addons, sqlite_url, entry):
    addons.write("hooks", HOOKS)
    settings = {"talatat.outbound.allow": entry}
    with (
        pytest.raises(
            TalatatError, match=r"test\.ini:\d+: talatat\.outbound\.allow: .* no network"
        ),
        addons.composed("hooks", url=sqlite_url, settings=settings),
    ):
        pass
