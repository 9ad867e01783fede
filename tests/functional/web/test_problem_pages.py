"""Each code that a problem can have is explained on a page, to which the problem itself points."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path

import pytest
from pyramid.exceptions import ConfigurationError

import talatat
from talatat.codes import CODES
from talatat.errors import AddonError
from talatat.problem_codes import ProblemCode, ProblemCodes, UnlistedProblem
from talatat.schema import faults
from talatat.testing import composed


def test_every_code_of_a_composition_is_listed_and_has_a_page(shop):
    listed = shop.app.get("/docs/problems").html
    groups = shop.system.problem_codes.by_addon()
    assert {one.code for one in groups["talatat"]} == set(CODES)
    assert "out_of_stock" in {one.code for one in groups["orders"]}
    for group in groups.values():
        for one in group:
            page = shop.app.get(listed.find(id=one.code).find("a")["href"], status=200)
            text = " ".join(page.html.get_text(" ").split())
            assert " ".join(re.sub("`([^`]*)`", r" \1 ", one.meaning).split()) in text
            assert f"Status {one.status}" in text


def test_each_code_of_the_platform_says_what_to_do_about_it():
    without = [
        one.code for code in CODES for one in ProblemCodes().meanings(code) if not one.remedy
    ]
    assert without == []


def faults_in(source):
    """The codes that the calls of `fault` in a module name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code = node.args[1]
            ways = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
            for way in ways if name.lstrip("_") == "fault" else ():
                if isinstance(way, ast.Constant):
                    yield way.value


def test_codes_within_errors_are_listed_too(shop):
    page = shop.app.get("/docs/problems").html.find("section", {"aria-labelledby": "errors"})
    listed = {term.text for term in page.find_all("dt")}
    named = {code for _, code in faults.CODES}
    for path in Path(talatat.__file__).parent.rglob("*.py"):
        named |= set(faults_in(path.read_text()))
    assert "read_only" in named
    assert named <= listed | set(CODES)


def test_a_problem_points_to_the_page_that_explains_it_with_an_example(shop):
    problem = shop.app.get("/api/catalog/v1/products?colour=red", status=400).json
    page = shop.app.get(problem["type"], status=200)
    assert "colour" in page.html.find("pre").text
    assert f'"type": "{problem["type"]}"' in page.html.find("pre").text
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_a_page_names_the_operations_that_answer_the_code(shop):
    page = shop.app.get("/docs/problems/out_of_stock").html
    operations = page.find("ul", class_="operations").get_text().split("\n")
    assert "POST /api/orders/v1/orders:checkout" in operations
    assert len(operations) < 5
    assert "Nearly every operation can" in shop.app.get("/docs/problems/internal_error").text


def test_a_code_that_nobody_declares_has_no_page_and_the_nearest_is_named(shop):
    problem = shop.app.get(
        "/docs/problems/out_of_stok", headers={"Accept": "application/json"}, status=404
    ).json
    assert "Did you mean out_of_stock?" in problem["detail"]
    page = shop.app.get("/docs/problems/%3Cscript%3E", status=404)
    assert "<script>" not in page.text


PRINTER = """
from pyramid.response import Response
from talatat.problems import Problem

def empty(request):
    raise Problem(503, request.params["code"], headers={"Retry-After": "60"})

def includeme(config):
    config.add_problem("out_of_paper", 503, "The `printer` has no paper.", "Wait for somebody to bring some.")
    config.add_route("print", "/api/printer/v1/print")
    config.add_view(empty, route_name="print", permission="public")
"""


def test_a_code_is_declared_where_no_action_names_it_and_any_other_is_found(addons):
    addons.write("printer", {"__init__.py": PRINTER})
    with composed(["printer"]) as system:
        problem = system.app.get("/api/printer/v1/print?code=out_of_paper", status=503).json
        page = system.app.get(problem["type"]).html
        assert "The printer has no paper." in page.get_text()
        assert "Wait for somebody" in page.get_text()
        with pytest.raises(UnlistedProblem, match=r"config\.add_problem\('out_of_ink'"):
            system.app.get("/api/printer/v1/print?code=out_of_ink")


def test_a_process_that_serves_tells_its_log_once_of_a_code_that_nobody_declared(caplog):
    codes = ProblemCodes()
    with caplog.at_level(logging.WARNING, "talatat.problems"):
        for _ in range(3):
            codes.meet("out_of_ink", "printer")
        codes.meet("http_418", "printer")
        codes.meet("conflict", "printer")
    (line,) = caplog.records
    assert "the addon printer answers a problem with the code 'out_of_ink'" in line.getMessage()


def test_two_addons_may_mean_different_things_by_one_code():
    codes = ProblemCodes()
    codes.add(ProblemCode("closed", 409, "The shop is closed.", addon="shop"))
    codes.add(ProblemCode("closed", 410, "The account is closed.", addon="bank"))
    codes.add(ProblemCode("closed", 400, "A second word.", addon="bank"))
    assert [(one.addon, one.status) for one in codes.meanings("closed")] == [
        ("shop", 409),
        ("bank", 410),
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ('"Out Of Paper", 503, "None."', "write it like 'out_of_stock'"),
        ('"out_of_paper", 200, "None."', "a status from 400 to 599"),
        ('"out_of_paper", 503, ""', "a sentence that says what it means"),
    ],
)
def test_a_code_that_cannot_be_one_is_refused_with_the_line(addons, call, words):
    text = f"def includeme(config):\n    config.add_problem({call})\n"
    addons.write("printer", {"__init__.py": text})
    with pytest.raises((AddonError, ConfigurationError), match=words), composed(["printer"]):
        pass
