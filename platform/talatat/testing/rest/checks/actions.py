"""Actions: verbs of a collection or of a row."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.described import Action
from talatat.testing.rest.model import Family

of = Family("actions", "actions")


def _actions(case: Case) -> Iterator[tuple[Action, str]]:
    """(action, the path below the resource for a row that is not there)."""
    if not case.kind.actions:
        raise case.lacks("it declares no action")
    row = case.strange_id()
    for one in case.kind.actions:
        yield one, one.path.removeprefix(case.path).replace("{id}", row)


def _takes_body(action: Action) -> bool:
    return "requestBody" in action.operation


@of.check("action-is-post", "A verb takes POST; any other method is a 405")
def action_is_post(case: Case) -> None:
    for _, suffix in _actions(case):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = case.ask(
                method, suffix, body={} if method in ("PUT", "PATCH") else None
            ).refuses(405)
            want("POST" in (answer.header("Allow") or ""), "Allow has no POST", answer)


@of.check("action-look-alikes", "What looks like a verb is none")
def action_look_alikes(case: Case) -> None:
    for _, suffix in _actions(case):
        base, _, verb = suffix.rpartition(":")
        for path in (
            f"{base}-{verb}",
            f"{base}:{verb}x",
            f"{base}:{verb}/",
            f"{base}/{verb}/x",
            f"{base}:{verb.upper()}",
        ):
            case.ask("POST", path, body={}).must(404, 405)


@of.check("action-of-nothing", "A verb of a row that is not there is a 404")
def action_of_nothing(case: Case) -> None:
    found = [one for one in _actions(case) if one[0].on_item]
    if not found:
        raise case.lacks("no verb is a row's")
    for action, suffix in found:
        answer = case.ask("POST", suffix, body={} if _takes_body(action) else None)
        answer.must(404, 422 if _takes_body(action) else 404)


@of.check("action-malformed", "A verb refuses a body that is no JSON")
def action_malformed(case: Case) -> None:
    for _, suffix in _actions(case):
        case.ask("POST", suffix, body=b"{").refuses(400, "malformed_json")


@of.check("action-fields", "A verb refuses what its schema does not know")
def action_fields(case: Case) -> None:
    for action, suffix in _actions(case):
        if action.on_item:
            continue
        status, code = (422, "invalid") if _takes_body(action) else (400, "unexpected_body")
        case.ask("POST", suffix, body={"no_such_field": 1}).refuses(status, code)


@of.check("action-parameters", "A verb refuses a parameter that it does not know")
def action_parameters(case: Case) -> None:
    for _, suffix in _actions(case):
        answer = case.ask("POST", suffix, query={"no_such_thing": "1"}, body={})
        answer.refuses(400, "unknown_parameter", "no_such_thing")
