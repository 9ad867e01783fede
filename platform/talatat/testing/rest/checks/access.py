"""Who may: nobody is asked for credentials, somebody without the permission is refused, no more is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.described import OPERATIONS
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("access", "status")
UNSAFE = ("POST", "PUT", "PATCH")


def _doors(case: Case) -> Iterator[tuple[str, str, str, str]]:
    """(operation, method, suffix, permission) of everything that asks for one."""
    row = case.strange_id()
    for name in case.kind.operations:
        suffix, method = OPERATIONS[name]
        permission = case.kind.permission(name)
        if permission and permission != "public":
            yield name, method.upper(), suffix.replace("{id}", row), permission
    for action in case.kind.actions:
        permission = str(action.operation.get("x-permission", ""))
        if permission and permission != "public":
            suffix = action.path.removeprefix(case.path).replace("{id}", row)
            yield suffix.rpartition(":")[2], "POST", suffix, permission


def _ask(case: Case, method: str, suffix: str, who: str | None) -> Answer:
    return case.ask(method, suffix, body={} if method in UNSAFE else None, who=who)


@of.check(
    "nobody-is-asked",
    "Without credentials: 401 with WWW-Authenticate, before anything else is looked at",
)
def nobody(case: Case) -> None:
    doors = list(_doors(case))
    if not doors:
        raise case.lacks("everything is public")
    for _, method, suffix, _ in doors:
        answer = _ask(case, method, suffix, None).refuses(401, "unauthorized")
        want(answer.header("WWW-Authenticate"), "it has no WWW-Authenticate", answer)


@of.check("stranger-is-refused", "Somebody without the permission: 403, or 404")
def stranger(case: Case) -> None:
    doors = [one for one in _doors(case) if one[3] != "authenticated"]
    if case.server.credentials.stranger is None or not doors:
        raise case.lacks("nobody is known who may do nothing, or everything is public")
    for _, method, suffix, _ in doors:
        answer = _ask(case, method, suffix, "stranger").must(403, 404)
        want(answer.content_type == "application/problem+json", "it is no problem", answer)


@of.check(
    "strangers-learn-nothing", "Who may not read is not told which rows there are", needs=("get",)
)
def strangers_learn_nothing(case: Case) -> None:
    if case.server.credentials.stranger is None or case.kind.permission("get") == "public":
        raise case.lacks("nobody is known who may do nothing, or everything is public")
    row = case.row()
    for who in ("stranger", None):
        there, nowhere = case.item(row, who=who), case.item(case.strange_id(), who=who)
        want(
            there.status == nowhere.status,
            f"a row that is there answers {there.status}, another {nowhere.status}",
        )


@of.check(
    "permission-is-enough",
    "The documented permission is enough to list and to read",
    needs=("list",),
)
def permission_is_enough(case: Case) -> None:
    permission = case.kind.permission("list")
    if case.server.credentials.holding is None or permission in ("", "public", "authenticated"):
        raise case.lacks("nobody is known who holds one permission, or the list is public")
    case.get(who=permission).must(200)


@of.check("public-is-public", "What is said to be public answers anybody")
def public_is_public(case: Case) -> None:
    names = [
        one
        for one in ("list", "get")
        if one in case.kind.operations and case.kind.permission(one) == "public"
    ]
    if not names:
        raise case.lacks("nothing is public")
    if "list" in names:
        case.get(who=None).must(200)
    if "get" in names:
        case.item(case.row(), who=None).must(200)


@of.check("bad-token", "A token that nobody gave is no credential")
def bad_token(case: Case) -> None:
    doors = list(_doors(case))
    if not doors:
        raise case.lacks("everything is public")
    _, method, suffix, _ = doors[0]
    for value in (
        "Bearer nonsense",
        "Bearer ",
        "Basic eDp5",
        "Bearer ä",
        "nonsense",
        "Bearer " + "a" * 5000,
    ):
        answer = case.ask(
            method,
            suffix,
            body={} if method in UNSAFE else None,
            who=None,
            headers={"Authorization": value},
        )
        answer.must(401)
        want(answer.header("WWW-Authenticate"), "it has no WWW-Authenticate", answer)


@of.check(
    "security-documented",
    "The document says of each operation what authenticates it, or that nothing does",
)
def security_documented(case: Case) -> None:
    for name, said in case.kind.operations.items():
        want("security" in said, f"{name} says nothing")
        public = case.kind.permission(name) == "public"
        want(
            public == (said["security"] == []),
            f"{name} asks for {case.kind.permission(name)}, and says {said['security']}",
        )
