"""Unmodified packages for Pyramid, listed in `talatat.addons`: each does its main function."""

import logging
import re
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path

import pytest

from talatat.testing import composed

PAGES = """
from pyramid.response import Response


def page(request):
    return Response("<html><body><h1>A page</h1></body></html>")


def broken(request):
    raise LookupError("the plank gave way")


def send(request):
    from pyramid_mailer.message import Message

    message = Message(subject="A book", sender="shelf@example.org", recipients=["reader@example.org"],
                      body="It is here.")
    request.mailer.send_to_queue(message)
    if "abort" in request.params:
        request.tm.doom()
    return Response("sent")


class Greeter:
    def __init__(self, name):
        self.name = name


def greet(request):
    return Response(request.find_service(name="greeter").name)


def includeme(config):
    for view in (page, broken, send, greet):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__, permission="public")
    if hasattr(config, "register_service"):
        config.register_service(Greeter("hello from a service"), name="greeter")
"""


@pytest.fixture
def pages(addons):
    """An addon whose pages use the third-party packages; gives its name."""
    addons.write("pages", {"__init__.py": PAGES})
    return "pages"


def test_the_panel_of_pyramid_debugtoolbar_opens(pages):
    settings = {"debugtoolbar.hosts": "127.0.0.1", "talatat.foreign_settings": "debugtoolbar"}
    client = {"REMOTE_ADDR": "127.0.0.1"}
    with composed(["pyramid_debugtoolbar", pages], settings) as system:
        headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}
        answer = system.app.get("/page", extra_environ=client, headers=headers)
        assert "A page" in answer.text
        (panel,) = set(
            re.findall(r'href="(?:http://localhost)?(/_debug_toolbar/\d+)"', answer.text)
        )
        opened = system.app.get(panel, extra_environ=client)
        for title in ("Request Vars", "Performance", "Routes", "Introspection"):
            assert title in opened.text
        assert "pages" in opened.text  # the route that this addon declared


@pytest.mark.parametrize("aborted", [False, True])
def test_pyramid_mailer_sends_a_message_when_the_transaction_commits(pages, tmp_path, aborted):
    queue = tmp_path / "queue"
    settings = {"talatat.foreign_settings": "mail", "mail.queue_path": str(queue)}
    with composed(["pyramid_mailer", pages], settings) as system:
        system.app.post("/send?abort" if aborted else "/send", status=200)
    waiting = [message_from_bytes(path.read_bytes()) for path in (queue / "new").iterdir()]
    assert [message["Subject"] for message in waiting] == ([] if aborted else ["A book"])


def test_pyramid_services_finds_a_service_that_an_addon_registered(pages):
    with composed(["pyramid_services", pages]) as system:
        assert system.app.get("/greet").text == "hello from a service"


def test_pyramid_exclog_logs_what_a_view_raises(pages, caplog):
    settings = {"talatat.foreign_settings": "exclog"}
    with composed(["pyramid_exclog", pages], settings) as system:
        system.app.get("/broken", status=500)
    (logged,) = [record for record in caplog.records if record.name == "exc_logger"]
    assert logged.levelno == logging.ERROR
    assert "the plank gave way" in str(logged.exc_info[1])


@pytest.mark.parametrize("name", ["pyramid_debugtoolbar", "pyramid_mailer", "pyramid_services"])
def test_the_packages_are_as_they_were_published(name):
    assert "site-packages" in Path(find_spec(name).origin).parts
