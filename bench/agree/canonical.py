"""One form for answers that mean the same, compared byte for byte.

What may differ: the order of an object's keys; ids and moments that the server makes (`made`); how a
cursor looks (that there is one may not); pages back (`prev`), which the peers do not have.
"""

from __future__ import annotations

from collections.abc import Collection

import orjson
from bench.flows import Answer

#: Of a row that was just written.
MADE = frozenset({"id", "created_at", "updated_at"})


def canonical(answer: Answer, made: Collection[str] = ()) -> bytes:
    """The answer's status and body in one form; `made` are fields of the outermost object to blank."""
    document = answer.json() if answer.body else None
    if isinstance(document, dict):
        if "items" in document:
            document["next"] = None if document.get("next") is None else "a cursor"
            document.pop("prev", None)
        for name in made:
            if isinstance(document.get(name), str):
                document[name] = "made"
    return orjson.dumps([answer.status, document], option=orjson.OPT_SORT_KEYS)


def difference(one: bytes, other: bytes) -> str:
    """Where two canonical forms part, with what stands around it."""
    at = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    start = max(0, at - 60)
    return f"{one[start : at + 60]!r} is not {other[start : at + 60]!r}"
