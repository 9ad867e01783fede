"""`/api/accounts/v1/users/{id}/tokens`: what managers see of the tokens of others."""

from typing import Any

from cornice import Service
from sqlalchemy import select

from talatat.db import is_id
from talatat.problems import Problem
from talatat_accounts.models import Token, User
from talatat_accounts.ranks import PROBLEMS, require_rank, roles_of_user
from talatat_accounts.schemas import TokenSchema
from talatat_accounts.views.tokens import shown

tokens = Service(
    name="accounts.user_tokens",
    path="/api/accounts/v1/users/{id}/tokens",
    description="Bearer tokens of a user, for those who manage users",
)


@tokens.get(
    permission="accounts.manage", operation="list", response=[TokenSchema], problems=PROBLEMS
)
def list_tokens(request: Any) -> Any:
    """The tokens of a user who holds no more than who asks; each is revoked as one's own are."""
    wanted = request.matchdict["id"]
    user = request.db.get(User, wanted) if is_id(wanted) else None
    if user is None:
        raise Problem(404, "not_found", f"There is no {request.path}")
    require_rank(request, roles_of_user(user), f"Seeing the tokens of {user.name}")
    request.response.headers["Cache-Control"] = "no-store"
    rows = request.db.scalars(select(Token).where(Token.user_id == user.id).order_by(Token.id))
    return {"items": [shown(row) for row in rows], "next": None, "prev": None}
