"""`/docs/problems`: what the codes of problems mean, and `/docs/problems/<code>`: one of them explained.

The `type` of every problem points to the page of its code. Which operations answer it is read from the
OpenAPI document, where each answer lists its codes as examples.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import orjson
from markupsafe import Markup, escape

from talatat.openapi import Document
from talatat.problem_codes import ProblemCode
from talatat.problems import CONTENT_TYPE, Problem, phrase
from talatat.schema.faults import MEANINGS
from talatat.web.api import documents

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

# An operation is not named where all of them answer a code: the list would tell nothing.
MOST_OPERATIONS = 0.75
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def problems(request: Request) -> dict[str, Any]:
    """All codes, by addon."""
    return {
        "groups": request.registry.system.problem_codes.by_addon(),
        "faults": MEANINGS,
        "marked": marked,
    }


def problem(request: Request) -> dict[str, Any]:
    """One code: what it means to each addon that declares it, what to do, an example, who answers it."""
    code = request.matchdict["code"]
    codes = request.registry.system.problem_codes
    meanings: list[ProblemCode] = codes.meanings(code)
    if not meanings:
        known = {one.code for group in codes.by_addon().values() for one in group}
        near = get_close_matches(code, known, 1, 0.6)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Problem(404, "not_found", f"No problem has the code {code!r}.{hint}")
    document = documents(request).whole
    operations, example = answering(document, code)
    everywhere = len(operations) > MOST_OPERATIONS * _number_of_operations(document)
    example = dict(example or {})
    if operations and not everywhere:
        example["instance"] = re.sub(r"\{\w+\}", SOME_ID, operations[0][1])
    return {
        "code": code,
        "meanings": meanings,
        "phrase": phrase,
        "operations": operations,
        "everywhere": everywhere,
        "example": _written(request, meanings[0], example),
        "marked": marked,
    }


def marked(text: str) -> Markup:
    """A text in which `backticks` are code."""
    parts = str(escape(text)).split("`")
    shown = [part if n % 2 == 0 else f"<code>{part}</code>" for n, part in enumerate(parts)]
    return Markup("").join(Markup(part) for part in shown)  # noqa: S704  # escaped above


def answering(
    document: Document, code: str
) -> tuple[list[tuple[str, str, str]], dict[str, Any] | None]:
    """The operations of a document that list a code, as (method, path, link), and the example given."""
    found, example = [], None
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            for response in operation["responses"].values():
                examples = _examples(document, response)
                if code in examples:
                    example = example or examples[code].get("value")
                    link = f"#/{operation['tags'][0]}/{operation['operationId']}"
                    found.append((method.upper(), path, link))
                    break
    return found, example


def _examples(document: Document, response: dict[str, Any]) -> dict[str, Any]:
    """{code: example} of a response, which may be a reference to a shared one."""
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = response.get("content", {}).get(CONTENT_TYPE, {}).get("examples", {})
    return found


def _number_of_operations(document: Document) -> int:
    return sum("responses" in one for item in document["paths"].values() for one in item.values())


def _written(request: Request, code: ProblemCode, example: dict[str, Any]) -> str:
    """An example document as text, with the address of this very page as its type."""
    shown = {
        "type": f"{request.application_url}/docs/problems/{code.code}",
        "title": phrase(code.status),
        "status": code.status,
        "detail": code.meaning,
        "instance": "/api/things/v1/things",
        "code": code.code,
        "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "addon": code.addon,
    }
    shown |= {name: value for name, value in example.items() if name not in ("type", "addon")}
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()


def includeme(config: Configurator) -> None:
    """Register both pages, public."""
    config.include("pyramid_jinja2")
    for name, pattern, view, template in (
        ("talatat.docs.problems", "/docs/problems", problems, "problems.jinja2"),
        ("talatat.docs.problem", "/docs/problems/{code}", problem, "problem.jinja2"),
    ):
        config.add_route(name, pattern)
        config.add_view(
            view,
            route_name=name,
            request_method="GET",
            renderer=f"talatat.web:templates/{template}",
            permission="public",
        )
