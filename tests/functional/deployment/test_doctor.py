"""`talatat doctor`: when the deployment checks are made, and what it tells of them."""

import json
import secrets
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.cli.main import main
from talatat.composing import compose, load_composition
from talatat.deployment.checks.secrets import weakness
from talatat.errors import AddonError
from talatat.testing.deployment_checks import main as write_page

from .conftest import ROOT


@pytest.fixture
def doctor(site, monkeypatch, capsys):
    """Run the command on the site; {id: finding} of each part of its report."""

    def run(*arguments, code):
        for name, value in site.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("talatat.deployment.case.today", lambda: date(2026, 11, 23))
        capsys.readouterr()
        done = main(["doctor", str(site.ini), "--json", *arguments])
        said = capsys.readouterr()
        assert done == code, said.out + said.err
        return json.loads(said.out) if said.out.startswith("{") else said.err

    return run


def keyed(findings):
    return {one["check"]: one for one in findings}


def test_the_production_ini_as_it_is_shipped_has_no_finding(whole, site_doctor):
    assert main(["apply", str(whole.ini), "--yes"]) == 0
    report = site_doctor(whole, code=0)
    assert report["findings"] == []
    assert {one["check"] for one in report["information"]} == {"talatat:backup"}
    assert [one for one in report["left_out"] if "talatat:root" not in one] == []
    assert len(report["checks"]) > 40


@pytest.fixture
def site_doctor(monkeypatch, capsys, whole):
    for name, value in whole.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("talatat.deployment.case.today", lambda: date(2026, 11, 23))

    def run(site, code):
        capsys.readouterr()
        assert main(["doctor", str(site.ini), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_a_finding_has_an_id_a_severity_words_and_a_cure(site, doctor):
    site.on_sqlite()
    site.app("talatat.cors_origins = *")
    found = keyed(doctor(code=2)["findings"])
    assert found["talatat:cors"]["severity"] == "warning"
    assert "(talatat:cors)" in found["talatat:cors"]["what"]
    assert "talatat.cors_origins = https://shop.example" in found["talatat:cors"]["mend"]
    assert "production.ini" in found["talatat:cors"]["mend"]


def test_one_check_is_made_alone(site, doctor):
    site.on_sqlite()
    site.app("talatat.cors_origins = *")
    assert doctor("--only", "talatat:hosts", code=0)["checks"] == ["talatat:hosts"]
    assert set(keyed(doctor("--only", "talatat:cors", code=2)["findings"])) == {"talatat:cors"}
    said = doctor("--only", "talatat:corse", code=1)
    assert "Did you mean talatat:cors?" in said


def test_what_the_ini_accepts_is_told_and_is_no_finding(site, doctor):
    site.on_sqlite()
    site.app("talatat.cors_origins = *")
    site.app("talatat.doctor.accept = talatat:cors")
    report = doctor(code=0)
    assert report["findings"] == []
    assert "talatat.doctor.accept accepts" in keyed(report["information"])["talatat:cors"]["what"]
    site.edit("accept = talatat:cors", "accept = talatat:horse")
    assert "talatat.doctor.accept names 'talatat:horse'" in doctor(code=1)


def test_who_repairs_version_rows_is_not_asked_how_it_is_deployed(site, doctor):
    site.on_sqlite()
    site.app("talatat.cors_origins = *")
    assert doctor("--repair", code=0)["findings"] == []
    assert set(keyed(doctor("--repair", "--deploy", code=2)["findings"])) == {"talatat:cors"}


def test_in_development_they_are_made_when_asked_for(site, doctor):
    site.on_sqlite()
    site.app("talatat.development = true")
    report = doctor(code=0)
    assert "--deploy makes them" in keyed(report["information"])["deployment"]["mend"]
    site.app("talatat.cors_origins = *")
    assert doctor(code=0)["findings"] == []
    assert set(keyed(doctor("--deploy", code=2)["findings"])) == {"talatat:cors"}
    site.edit("listen = 127.0.0.1", "listen = 0.0.0.0")
    assert set(keyed(doctor(code=2)["findings"])) == {"talatat:development"}


def test_what_cannot_be_known_is_told_and_is_no_finding(site, doctor):
    site.on_sqlite()
    site.edit("use = egg:talatat#waitress", "use = egg:gunicorn#main")
    report = doctor(code=2)
    assert set(keyed(report["findings"])) == {"talatat:server"}
    left_out = "\n".join(report["left_out"])
    for name in ("https", "trusted-proxy", "forwarded", "client-address", "threads"):
        assert f"not checked: talatat:{name}: " in left_out


def test_of_granians_workers_the_same_keys_are_checked(site, doctor):
    site.on_sqlite()
    site.edit("use = egg:talatat#waitress", "use = egg:talatat#granian\nworkers = 2")
    site.edit("trusted_proxy = 127.0.0.1", "trusted_proxy = *")
    report = doctor(code=2)
    assert set(keyed(report["findings"])) == {"talatat:server", "talatat:trusted-proxy"}
    assert "talatat:https" not in "\n".join(report["left_out"])


def test_a_database_that_is_not_there_leaves_out_the_checks_that_ask_it(site, doctor):
    site.environ["DATABASE_URL"] = "postgresql://shop@127.0.0.1:1/shop"
    for name in ("superuser", "role", "owner", "schema", "version"):
        report = doctor("--only", f"talatat:database-{name}", code=1)
        assert "cannot be reached" in report


SHELF = """
def open_door(deployment):
    "A door is closed at night. Whoever comes by walks in otherwise."
    from talatat.deployment import Found, NotChecked
    said = deployment.settings.raw.get("shelf.door")
    if said == "ajar":
        raise NotChecked("it is dark")
    if said == "broken":
        raise RuntimeError("no handle")
    if said == "open":
        yield Found("the door is open", "close the door")

def includeme(config):
    import colander
    class Settings(colander.MappingSchema):
        door = colander.SchemaNode(colander.String(), missing="", description="The door")
    config.add_settings_schema(Settings)
    config.add_deployment_check({arguments})
"""


@pytest.fixture
def shelf(site, addons):
    site.on_sqlite()

    def write(arguments='"door", open_door, "The door is closed", severity="warning"'):
        addons.write("shelf", {"__init__.py": SHELF.replace("{arguments}", arguments)})
        site.edit("    accounts\n", "    accounts\n    shelf\n")

    return write


def test_an_addon_brings_its_own_and_one_that_fails_leaves_out_itself_alone(site, shelf, doctor):
    shelf()
    assert "shelf:door" in doctor(code=0)["checks"]
    site.app("shelf.door = open")
    found = keyed(doctor(code=2)["findings"])
    assert found["shelf:door"]["addon"] == "shelf"
    assert found["shelf:door"]["mend"] == "close the door"
    site.edit("shelf.door = open", "shelf.door = ajar")
    assert "not checked: shelf:door: it is dark" in doctor(code=0)["left_out"]
    site.edit("shelf.door = ajar", "shelf.door = broken")
    report = doctor(code=0)
    assert "not checked: shelf:door: it failed with RuntimeError: no handle" in report["left_out"]
    assert "talatat:hosts" in report["checks"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('"door", lambda: (), "It is closed"', "cannot be called as check"),
        ('"door", lambda case: (), "It is closed"', "has no docstring"),
        (
            '"door", open_door, "It is closed", severity="fatal"',
            "write one of error, warning, info",
        ),
    ],
)
def test_a_check_that_could_not_be_made_or_told_is_refused(
    site, shelf, monkeypatch, arguments, said
):
    shelf(arguments)
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AddonError, match=said):
        compose(load_composition(str(site.ini)))


def test_the_page_of_the_checks_is_what_the_checks_say(capsys):
    assert write_page(str(ROOT / "development.ini")) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "deployment-checks.md").read_text(), (
        "write it again: python -m talatat.testing.deployment_checks development.ini"
        " > docs/deployment-checks.md"
    )


@given(st.binary(min_size=24, max_size=48))
def test_a_weakness_is_told_without_the_value(data):
    value = data.hex()
    assert value not in (weakness(value) or "")


def test_what_the_usual_commands_make_is_not_weak():
    for _ in range(300):
        assert weakness(secrets.token_urlsafe(48)) is None
    assert weakness("9f86d081884c7d659a2feaa0c55ad015") is None  # openssl rand -hex 16


@pytest.mark.parametrize(
    "value",
    [
        "short",
        "a" * 64,
        "0123456789" * 4,
        "a secret of tests, long enough to sign with",
        "changeme" * 8,
    ],
)
def test_what_can_be_guessed_is_weak(value):
    assert weakness(value)
