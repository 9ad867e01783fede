"""Log lines of a real Pyramid application: ids in and out, whose route it was, what observers learn."""

import io
import json
import logging
from types import SimpleNamespace

import pytest
import structlog
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.threadlocal import manager
from pyramid_retry import RetryableException
from webtest import TestApp

from talatat.composition import Composition
from talatat.web.log_lines import Formatter, choose_format
from talatat.web.logging import RequestFinished

ADDON = SimpleNamespace(name="shelf", package="talatat_shelf")


def system(log_format="auto", release=7):
    return SimpleNamespace(
        composition=Composition((ADDON,), ini=None),
        settings=SimpleNamespace(platform=SimpleNamespace(log_format=log_format)),
        release=release,
    )


def shelf(request):
    logging.getLogger("talatat_shelf.views").info("taken from %s", "the shelf", extra={"height": 3})
    structlog.get_logger("elsewhere").info("noted", pages=12)
    return Response("a book")


def broken(request):
    raise LookupError("the plank gave way")


def busy(request):
    if request.environ["retry.attempt"] == 0:
        raise RetryableException
    return Response("at the second try")


def served(request):
    request.response.status_int = 503
    return request.response


class Stage:
    """An application and the lines that it writes."""

    def __init__(self, mode="json", log_format="auto"):
        self.stream = io.StringIO()
        self.finished = []
        with Configurator() as config:
            config.registry.system = system(log_format)
            self.handler = logging.StreamHandler(self.stream)
            self.handler.setFormatter(Formatter(mode))
            logging.getLogger().addHandler(self.handler)
            config.include("pyramid_retry")
            config.include("talatat.web.logging")
            for view in (shelf, broken, busy, served):
                config.add_route(view.__name__, f"/{view.__name__}")
                config.add_view(view, route_name=view.__name__)
            config.add_route("livez", "/livez")
            config.add_view(shelf, route_name="livez")
            config.add_route("readyz", "/readyz")
            config.add_view(served, route_name="readyz")
            config.add_subscriber(self.finished.append, RequestFinished)
            config.commit()
            config.registry.introspector.get("routes", "shelf")["addon"] = "shelf"
            self.app = TestApp(config.make_wsgi_app())

    def lines(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def stage(request):
    stage = Stage(**getattr(request, "param", {}))
    root, level = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.INFO)
    yield stage
    root.setLevel(level)
    root.removeHandler(stage.handler)
    structlog.reset_defaults()


def test_every_line_of_a_request_has_its_id_the_addon_and_the_release(stage):
    stage.app.get("/shelf", headers={"Request-Id": "from-the-edge.1"})
    own, foreign, request = stage.lines()
    for line in (own, foreign, request):
        assert line["request_id"] == "from-the-edge.1"
        assert line["addon"] == "shelf"
        assert line["release"] == 7
        assert line["level"] == "info"
        assert line["time"].endswith("Z")
    assert own["event"] == "taken from the shelf"
    assert own["height"] == 3
    assert own["logger"] == "talatat_shelf.views"
    assert (foreign["event"], foreign["pages"], foreign["logger"]) == ("noted", 12, "elsewhere")
    assert request["method"] == "GET"
    assert request["path"] == "/shelf"
    assert request["route"] == "shelf"
    assert request["status"] == 200
    assert request["duration_ms"] >= 0


def test_the_answer_carries_the_request_id_back(stage):
    assert stage.app.get("/shelf", headers={"Request-Id": "abc"}).headers["Request-Id"] == "abc"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, 'a"b', "-starts-with-a-sign"])
def test_an_id_that_is_not_well_formed_is_replaced(stage, given):
    answered = stage.app.get("/shelf", headers={"Request-Id": given}).headers["Request-Id"]
    assert answered != given
    assert len(answered) == 32
    assert stage.lines()[-1]["request_id"] == answered


def test_the_trace_that_a_request_came_with_stands_on_every_line_and_goes_on_with_the_answer(stage):
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01", "tracestate": "congo=t61rcWkgMzE"}
    answer = stage.app.get("/shelf", headers=given)
    spans = {line["span_id"] for line in stage.lines()}
    assert {line["trace_id"] for line in stage.lines()} == {trace_id}
    (span,) = spans - {"00f067aa0ba902b7"}
    assert answer.headers["traceparent"] == f"00-{trace_id}-{span}-01"
    assert answer.headers["tracestate"] == "congo=t61rcWkgMzE"
    assert "tracestate" not in stage.app.get("/shelf").headers


def test_an_exception_past_every_view_is_logged_with_its_traceback(stage):
    with pytest.raises(LookupError):
        stage.app.get("/broken")
    line = stage.lines()[-1]
    assert line["level"] == "error"
    assert line["status"] == 500
    assert "the plank gave way" in line["exception"]
    assert stage.finished[-1].response is None


def test_a_thrown_away_attempt_is_told_apart_and_keeps_the_id(stage):
    response = stage.app.get("/busy")
    first, second = stage.lines()
    assert first["event"] == "request tried again"
    assert second["event"] == "request"
    assert second["status"] == 200
    assert first["request_id"] == second["request_id"] == response.headers["Request-Id"]
    assert [finished.retried for finished in stage.finished] == [True, False]


def test_an_answer_of_the_500s_is_an_error(stage):
    stage.app.get("/served", status=503)
    assert stage.lines()[-1]["level"] == "error"


def test_that_a_process_which_drains_is_not_ready_is_no_error(stage):
    stage.app.app.registry.system.draining = True
    stage.app.get("/readyz", status=503)
    assert stage.lines()[-1]["level"] == "info"


def test_probes_and_unknown_paths_belong_to_the_platform(stage):
    stage.app.get("/livez")
    assert [line["event"] for line in stage.lines()] == ["taken from the shelf", "noted"]
    stage.app.get("/nowhere%0Aelse", status=404)
    line = stage.lines()[-1]
    assert line["addon"] == "talatat"
    assert line["route"] is None
    assert line["path"] == "/nowhere%0Aelse"


def test_a_line_that_nobody_wants_is_not_made(stage):
    logging.getLogger("talatat.request").setLevel(logging.WARNING)
    try:
        stage.app.get("/shelf", status=200)
    finally:
        logging.getLogger("talatat.request").setLevel(logging.NOTSET)
    assert "request" not in [line["event"] for line in stage.lines()]
    assert len(stage.finished) == 1


def test_observers_learn_of_each_finished_request(stage):
    stage.app.get("/shelf")
    (finished,) = stage.finished
    assert finished.status == 200
    assert finished.route == "shelf"
    assert finished.addon == "shelf"
    assert finished.exception is None
    assert finished.seconds > 0


def test_lines_outside_of_requests_name_the_addon_by_its_package(stage):
    logging.getLogger("talatat_shelf").warning("dusty")
    logging.getLogger("talatat_shelfish").warning("not of it")
    first, second = stage.lines()
    assert (first["addon"], first["release"], first["request_id"]) == ("shelf", 7, None)
    assert second["addon"] == "talatat"


def test_a_traceback_that_structlog_was_asked_for_is_shown(stage):
    try:
        raise LookupError("no plank")
    except LookupError:
        structlog.get_logger("talatat").exception("fell")
    logging.getLogger("talatat").warning("here", stack_info=True)
    fell, here = stage.lines()
    assert "no plank" in fell["exception"]
    assert (fell["event"], fell["level"]) == ("fell", "error")
    assert "test_logging" in here["stack"]


def test_what_json_does_not_know_is_shown_as_text(stage):
    logging.getLogger("talatat").warning("odd", extra={"what": {1, 2} - {2}, "key": {1: 2}})
    assert stage.lines()[-1]["what"] == "{1}"


@pytest.mark.parametrize("stage", [{"mode": "console"}], indirect=True)
def test_on_a_terminal_a_line_is_made_of_words(stage):
    stage.app.get("/shelf")
    text = stage.stream.getvalue()
    assert "taken from the shelf" in text
    assert "{" not in text


@pytest.mark.parametrize("stage", [{"mode": "console", "log_format": "json"}], indirect=True)
def test_the_setting_decides_over_the_formatter_of_the_ini(stage):
    stage.app.get("/shelf")
    assert stage.lines()[0]["event"] == "taken from the shelf"
    choose_format("console")
    logging.getLogger("talatat").warning("in words")
    assert stage.stream.getvalue().splitlines()[-1][0] != "{"


def test_a_formatter_works_before_any_system_is_composed(stage, monkeypatch):
    monkeypatch.setattr("talatat.web.log_lines.global_registries", SimpleNamespace(last=None))
    manager.clear()
    logging.getLogger("talatat_shelf").warning("early")
    assert stage.lines()[-1]["addon"] == "talatat"
    assert stage.lines()[-1]["release"] is None
