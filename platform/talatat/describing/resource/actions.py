"""The actions of a resource: `POST /<resources>:verb` and `POST /<resources>/<id>:verb`."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from talatat.describing.headers import headers
from talatat.describing.resource.telling import Operation, Telling, validate_only
from talatat.describing.shapes import content, ref
from talatat.resources.declaration import Action, idempotency_of


def action_path(told: Telling, action: Action) -> str:
    """The path of an action."""
    return f"{told.item_path if action.level == 'item' else told.path}:{action.verb}"


def action_operation(told: Telling, action: Action) -> Operation:
    """One action, with the problems that it says it raises."""
    description = cleandoc(action.description)
    if action.problems:
        listed = "\n".join(f"- `{code}`: {text}" for code, (_, text) in action.problems.items())
        description += f"\n\nProblems beside the usual ones:\n\n{listed}"
    more: dict[str, Any] = {
        "parameters": [
            *told.showing(),
            validate_only(),
            *([told.match()] if action.level == "item" else ()),
        ]
    }
    if action.body is not None:
        body = content(ref(f"{told.name}.{action.verb}.body"))
        more["requestBody"] = {"required": True, "content": body}
    return told.operation(
        action.verb,
        action.description.partition("\n")[0] or f"{action.verb} {told.title}",
        _responses(told, action),
        unsafe=True,
        permission=action.permission or told.bound.permission("write"),
        description=description,
        problems=action.problems,
        deprecated=action.deprecated,
        idempotency=idempotency_of(told.declaration, action),
        **more,
    )


def _responses(told: Telling, action: Action) -> dict[str, Any]:
    """What the method returns, by its annotation where `response` does not say it."""
    nothing = {"204": {"description": "Done"}}
    returned = _returned(told, action)
    if returned == "nothing":
        return nothing
    if action.response is not None:
        schema: dict[str, Any] = ref(f"{told.name}.{action.verb}.result")
    elif returned == "row":
        schema = ref(told.name)
    else:
        schema = {"type": "object", "x-addon": told.bound.addon}
    answer: dict[str, Any] = {"description": "Done", "content": content(schema)}
    if action.response is None and returned == "row":
        names = ("ETag", "Location") if action.status == 201 else ("ETag",)
        answer["headers"] = headers(*names)
    tried: dict[str, Any] = {}
    if 200 < action.status < 300:
        tried["200"] = {
            "description": "What would be answered, of `validate_only`",
            "content": answer["content"],
        }
    return {**tried, str(action.status): answer, **(nothing if returned == "unknown" else {})}


def _returned(told: Telling, action: Action) -> str:
    """What it returns: "row", "nothing", "object", or "unknown" where the method is not annotated."""
    method = getattr(told.declaration, action.method)
    said = getattr(method, "__annotations__", {}).get("return", "unknown")
    name = (
        said if isinstance(said, str) else getattr(said, "__name__", "None" if said is None else "")
    )
    name = name.strip("\"'").rpartition(".")[2].partition("[")[0]
    known = {told.bound.model.__name__: "row", "None": "nothing", "NoneType": "nothing"}
    return known.get(name, "unknown" if said == "unknown" or name == "Any" else "object")
