"""A bearer token, looked up in the database, and what its owner's roles allow."""

from __future__ import annotations

from typing import Any

from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from bench.peers.limit.refusing import Refused

ROLES = {"orders.checkout": BUYERS, "orders.read_all": CLERKS, "catalog.write": WRITERS}
FIND = """
SELECT t.id, t.user_id::text, t.scopes, t.expires_at, t.last_used_at, ARRAY(
    SELECT role FROM accounts_grant WHERE user_id = t.user_id
    UNION SELECT g.role FROM accounts_grant g JOIN accounts_membership m ON m.group_id = g.group_id
    WHERE m.user_id = t.user_id)
FROM accounts_token t JOIN accounts_user u ON u.id = t.user_id WHERE t.digest = %s AND u.active
"""
TOUCHED = "UPDATE accounts_token SET last_used_at = %s WHERE id = %s"


class Who:
    """Who asks."""

    __slots__ = ("id", "roles")

    def __init__(self, identifier: str, roles: list[str]) -> None:
        self.id = identifier
        self.roles = frozenset(roles)

    @property
    def sees_all(self) -> bool:
        """Whether other people's customers may be used."""
        return not self.roles.isdisjoint(CLERKS)


def allowed(connection: Any, environ: dict[str, Any], permission: str) -> Who:
    """Who asks, if they may; Refused 401 or 403."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    row = None
    if scheme.lower() == "bearer" and token:
        row = connection.execute(FIND, (digest(token.strip()),)).fetchone()
    moment = now()
    if row is None or row[3] <= moment:
        raise Refused(401, "a token is needed")
    if row[4] is None or moment >= row[4] + TOUCH:
        connection.execute(TOUCHED, (moment, row[0]))
    who = Who(row[1], row[5])
    if who.roles.isdisjoint(ROLES[permission]) or (row[2] is not None and permission not in row[2]):
        raise Refused(403, f"{permission} is not held")
    return who
