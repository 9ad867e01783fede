"""What is wrong with a document, as entries of a problem's `errors`.

A fault is `{"pointer": "/lines/0/quantity", "code": "range", "detail": "..."}`. The pointer is a
JSON pointer (RFC 6901) into the body that the client sent; codes are few and stable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import colander

Fault = dict[str, str]

# The validator that refused a value decides the code; subclasses come before their bases.
CODES: tuple[tuple[type, str], ...] = (
    (colander.Email, "email"),
    (colander.Regex, "pattern"),
    (colander.Range, "range"),
    (colander.Length, "length"),
    (colander.OneOf, "choice"),
    (colander.NoneOf, "choice"),
    (colander.ContainsOnly, "choice"),
)

# What the codes within `errors` mean; the page of problems shows them.
MEANINGS: dict[str, str] = {
    "choice": "It is none of the values that are possible.",
    "create_only": "It is said when the row is made, and stays.",
    "email": "It is no address of mail.",
    "forbidden": "These credentials may not write it.",
    "invalid": "It does not fit, for the reason that `detail` tells.",
    "length": "It is too short or too long.",
    "null": "It cannot be null.",
    "patch_test_failed": "The row is not what a `test` of the JSON patch expects.",
    "path": "A path of a JSON patch leads nowhere.",
    "pattern": "It does not have the form that is asked for.",
    "range": "It is too small or too large.",
    "read_only": "It cannot be written.",
    "required": "It is missing.",
    "too_deep": "It is nested too deeply.",
    "too_large": "It is more than can be carried out at once.",
    "too_many": "These are more than can be carried out at once.",
    "type": "It is of another type.",
    "unknown": "There is no field of this name.",
}


def fault(pointer: str, code: str, detail: str) -> Fault:
    """One entry of `errors`."""
    return {"pointer": pointer, "code": code, "detail": detail}


def escape(name: str) -> str:
    """A name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def faults_of(
    invalid: colander.Invalid, pointer: str = "", by_rule: bool = False
) -> Iterator[Fault]:
    """All leaves of a colander error as faults below `pointer` (that of the node itself).

    `by_rule`: a rule of the whole complains, so the validators of the parts say nothing about it.
    """
    if not invalid.children or invalid.msg:
        detail = "; ".join(map(str, colander.interpolate(_messages(invalid)))) or "is not valid"
        yield fault(pointer, "invalid" if by_rule else _code(invalid), detail)
    for child in invalid.children:
        step = child._keyname()  # the position in a list, the name in an object
        yield from faults_of(child, f"{pointer}/{escape(step)}" if step else pointer, by_rule)


def _messages(invalid: colander.Invalid) -> list[Any]:
    found: list[Any] = []
    for message in invalid.messages():
        # All() and Any() nest the messages of what they hold.
        found.extend(message if isinstance(message, list) else [message])
    return found


def _code(invalid: colander.Invalid) -> str:
    if isinstance(invalid, colander.UnsupportedFields):
        return "unknown"
    if any(str(message) == "Required" for message in _messages(invalid)):
        return "required"
    return code_of(getattr(invalid.node, "validator", None))


def code_of(validator: Any) -> str:
    """The code of what a validator refuses; that of its parts where they agree."""
    if isinstance(validator, colander.All | colander.Any):
        found = {code_of(one) for one in validator.validators}
        return found.pop() if len(found) == 1 else "invalid"
    for kind, code in CODES:
        if isinstance(validator, kind):
            return code
    return "invalid"
