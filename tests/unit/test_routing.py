"""The indexed mapper answers what Pyramid's answers, and does not try routes that cannot match."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request
from pyramid.urldispatch import RoutesMapper as PyramidRoutesMapper

from talatat.routing import RoutesMapper
from talatat.testing import composed

WORDS = ("a", "b", "api", "a-b", "v1", "é", "a.b", "(", ":s", "")
# How a pattern may be built within one segment, and what may follow it.
EXPRESSIONS = (
    "", r":\d+", ":[^/]+", ":[^/:]+", ":.*", ":a|b", ":a/b", r":\d{2}", ":[a-c]?", ":(?i:A)", "::s",
    ":[+-0]+", ":(a)(b)?", r":\w*", ":[^a]+", ":a)|(b", ":(?=a)", ":", ":a?/?", ":[^/\\]+",
)  # fmt: skip
placeholders = st.builds(
    lambda n, e: f"{{p{n}{e}}}", st.integers(0, 9), st.sampled_from(EXPRESSIONS)
)
old_placeholders = st.builds(lambda n: f":q{n}", st.integers(0, 9))
pieces = st.one_of(st.sampled_from(WORDS), placeholders, old_placeholders, st.just("/"))
patterns = st.builds(
    lambda parts, rest: "".join(parts) + rest,
    st.lists(pieces, max_size=6),
    st.sampled_from(["", "", "", "/", "*rest", "/*rest", "\n"]),
)
paths = st.builds(
    lambda parts, end: "".join(parts) + end,
    st.lists(st.sampled_from([*WORDS, "/", "/", "12", "1", "A", "c", "+", "\n", "b"]), max_size=8),
    st.sampled_from(["", "", "/", "\n"]),
)  # fmt: skip


class Asked:
    """What a mapper looks at of a request."""

    def __init__(self, path: str, method: str = "GET") -> None:
        self.path_info = path
        self.method = method


@st.composite
def tables(draw: Any) -> list[tuple[str, str, bool, tuple[Any, ...]]]:
    """Routes as (name, pattern, static, predicates); few names, so that some replace others."""
    never, get = (lambda info, request: False), (lambda info, request: request.method == "GET")
    return [
        (
            f"r{draw(st.integers(0, 12))}",
            draw(patterns),
            draw(st.integers(0, 9)) == 0,
            draw(st.sampled_from([(), (), (), (never,), (get,)])),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


def connect(mapper: Any, table: list[Any]) -> Any:
    for name, pattern, static, predicates in table:
        try:
            mapper.connect(name, pattern, static=static, predicates=predicates)
        except Exception as error:  # a pattern that re refuses is refused by both
            assert type(error).__name__ in ("error", "PatternError", "ValueError"), error
    return mapper


def answer(mapper: Any, request: Any) -> tuple[Any, Any, Any]:
    try:
        found = mapper(request)
    except (
        AttributeError
    ) as error:  # Pyramid's, of a *remainder in an alternative that did not match
        return ("raised", type(error), str(error))
    route = found["route"]
    return (route and route.name, route and route.pattern, found["match"])


@given(tables(), st.lists(paths, min_size=1, max_size=12), st.sampled_from(["GET", "POST"]))
@settings(max_examples=150, deadline=None)
@example([("r", "/a/{x:a)|(b}", False, ())], ["b", "/b"], "GET")
@example([("r", "/a", False, ()), ("s", "/a\n", False, ())], ["/a\n", "/a\n\n"], "GET")
@example([("r", "/{x:[+-0]+}", False, ()), ("s", "/+/0", False, ())], ["/+/0", "/-/0"], "GET")
@example([("r", "/a*rest", False, ()), ("s", "a/{p}", False, ())], ["/a", "/ab/c", "/a/b"], "GET")
@example([("r", "/{x}/", False, ()), ("s", "/{x}", False, ())], ["/a/", "/a", "//", "/"], "GET")
def test_any_table_answers_any_path_as_pyramid_does(
    table: list[Any], paths: list[str], method: str
) -> None:
    pyramids, ours = connect(PyramidRoutesMapper(), table), connect(RoutesMapper(), table)
    for path in paths:
        asked = Asked(path, method)
        assert answer(ours, asked) == answer(pyramids, asked), path
    assert [one.name for one in ours.get_routes(include_static=True)] == [
        one.name for one in pyramids.get_routes(include_static=True)
    ]


@given(tables(), tables(), paths)
@settings(max_examples=40, deadline=None)
def test_routes_that_are_connected_after_a_request_count_too(
    first: list[Any], second: list[Any], path: str
) -> None:
    pyramids, ours = connect(PyramidRoutesMapper(), first), connect(RoutesMapper(), first)
    ours(Asked(path))
    connect(pyramids, second)
    connect(ours, second)
    assert answer(ours, Asked(path)) == answer(pyramids, Asked(path))


def tried(routes: int, pattern: str, path: str) -> list[str]:
    """The names of the routes whose regular expression is tried for `path`."""
    mapper, names = RoutesMapper(), []
    for number in range(routes):
        route = mapper.connect(f"r{number}", pattern.replace("N", str(number)))

        def match(path: str, name: str = route.name, own: Any = route.match) -> Any:
            names.append(name)
            return own(path)

        route.match = match
    assert mapper(Asked(path))["route"].name == names[-1]
    return names


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/api/addonN/v1/things", "/api/addon299/v1/things"),
        ("/api/addonN/v1/things/{id:[^/:]+}", "/api/addon299/v1/things/5"),
        ("/api/addonN/v1/things{_verb::search}", "/api/addon299/v1/things:search"),
        ("/static/addonN/*subpath", "/static/addon299/a/b.css"),
        ("/{tenant}/addonN/{id}", "/acme/addon299/5"),
        (r"/{year:\d{4}}/addonN.html", "/2026/addon299.html"),
    ],
)
def test_of_three_hundred_routes_only_those_are_tried_that_share_the_path(
    pattern: str, path: str
) -> None:
    assert tried(300, pattern, path) == ["r299"]


def test_a_literal_start_within_a_segment_leaves_a_route_of_each_length() -> None:
    assert len(tried(300, r"/addonN-{id:\d+}", "/addon299-5")) <= 4


def test_pyramids_own_configurator_prefixes_static_routes_and_urls_work_with_it() -> None:
    config = Configurator()
    config.registry.registerUtility(RoutesMapper(), IRoutesMapper)
    config.include(lambda one: one.add_route("item", "/items/{id}"), route_prefix="shop")
    config.add_route("cdn", "https://cdn.example.com/{file}")
    config.add_route("only_urls", "/items/{id}", static=True)
    config.commit()
    mapper = config.registry.getUtility(IRoutesMapper)
    request = Request.blank("/shop/items/caf%C3%A9")
    request.registry = config.registry
    assert mapper(request)["match"] == {"id": "café"}
    assert mapper(Request.blank("/items/5"))["route"] is None
    assert request.route_path("item", id="5") == "/shop/items/5"
    assert request.route_url("cdn", file="a.css") == "https://cdn.example.com/a.css"
    assert request.route_path("only_urls", id="5") == "/items/5"


def test_a_composed_system_has_it(tmp_path: Path) -> None:
    with composed(url=f"sqlite:///{tmp_path}/a.sqlite", migrate=False) as system:
        assert type(system.registry.getUtility(IRoutesMapper)) is RoutesMapper


def test_the_tests_of_pyramid_that_are_kept_here_are_those_of_the_installed_pyramid() -> None:
    installed = version("pyramid").split(".")[:2]
    folder = "pyramid_" + "_".join(installed)
    assert (Path(__file__).parents[1] / "thirdparty" / folder / "test_urldispatch.py").exists(), (
        "fetch tests/test_urldispatch.py from the source distribution of the new Pyramid"
    )


@given(st.lists(patterns, min_size=1, max_size=8), st.lists(paths, min_size=1, max_size=4))
def test_a_path_asked_for_again_belongs_to_the_same_routes_those_added_since_too(
    texts: list[str], asked: list[str]
) -> None:
    """Paths that are all of a pattern are known from the second time on."""
    ours, theirs = RoutesMapper(), PyramidRoutesMapper()
    for number, text in enumerate(texts):
        for mapper in (ours, theirs):
            try:
                mapper.connect(f"r{number}", text)
            except Exception:  # no pattern of Pyramid's either
                assert f"r{number}" not in mapper.routes
        for path in [*asked, text, *asked, text]:
            request = Request.blank("/")
            request.environ["PATH_INFO"] = path.encode().decode("latin-1")
            found = [mapper(request)["route"] for mapper in (ours, theirs)]
            assert getattr(found[0], "name", None) == getattr(found[1], "name", None)


def test_a_verb_that_is_a_literal_expression_makes_a_path_known() -> None:
    mapper = RoutesMapper()
    mapper.connect("verb", "/api/things{_verb::pay}")
    mapper.connect("item", "/api/{rest}")
    request = Request.blank("/api/things:pay")
    assert mapper(request)["route"].name == "verb"
    assert mapper._index is not None
    assert [one.name for one in mapper._index.known["/api/things:pay"]] == ["verb", "item"]
    mapper(Request.blank("/api/other"))
    assert list(mapper._index.known) == ["/api/things:pay"]
