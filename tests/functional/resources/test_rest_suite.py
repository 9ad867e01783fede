"""The black-box suite of the conventions, asked of resources of every kind; and over a socket."""

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from waitress import create_server

from talatat.testing.rest import CHECKS, Reason, run
from talatat.testing.rest.__main__ import main
from talatat.testing.rest.inside import HEADER, running_of, server_of
from talatat.testing.rest.page import page
from talatat.web.server import limits
from talatat.web.wire import limit_channels

THINGS = "store.things"


@pytest.fixture
def running(request, kept):
    return running_of(kept.system(request, "sqlite", "stars", "moons"), "store")


@pytest.fixture
def url(running):
    """The system behind a socket."""
    server = create_server(running.app, host="127.0.0.1", port=0, threads=1, **limits(running.app))
    limit_channels(server, 60)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)
    thread.join(10)


def test_the_page_of_checks_is_current():
    file = Path(__file__).resolve().parents[3] / "docs" / "rest-suite.md"
    assert file.read_text() == page(), (
        "run: python -m talatat.testing.rest.page > docs/rest-suite.md"
    )


def test_there_are_more_than_150_checks_and_each_says_which_row_it_shows():
    assert len(CHECKS) >= 150
    assert all(one.title and one.row for one in CHECKS.values())
    assert len({one.family for one in CHECKS.values()}) >= 25


def test_every_check_holds_of_resources_with_extensions_actions_and_required_preconditions(running):
    report = run(server_of(running))
    assert [one[:900] for one in report.problems()] == []
    assert [one.name for one in report.unasked] == []
    assert {one.about for one in report.results} == {"server", THINGS, "store.boxes"}
    reasons = {one.reason for one in report.of("not applicable")}
    assert reasons <= {Reason.OPERATION, Reason.CAPABILITY, Reason.DECLARATION}


def test_a_server_is_asked_over_a_socket(url):
    asked = ["--header", f"{HEADER}: *", "--about", THINGS]
    done = CliRunner().invoke(main, [url, *asked])
    assert [line[:600] for line in done.output.splitlines()[:-1]] == []
    assert done.exit_code == 0
    assert "checks of 1 resources" in done.output


def test_a_server_that_is_not_there_is_told():
    done = CliRunner().invoke(main, ["http://127.0.0.1:9", "--family", "health"])
    assert done.exit_code == 1
    assert "Connection refused" in done.output
