"""A request that nobody sent: for code that wants one, where a delivery or a command does its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.interfaces import IRequestFactory
from pyramid.request import Request, apply_request_extensions

if TYPE_CHECKING:
    from pyramid.registry import Registry
    from sqlalchemy.orm import Session
    from transaction import TransactionManager


def unsent_request(
    registry: Registry,
    tm: TransactionManager,
    session: Session,
    *,
    method: str = "POST",
    path: str = "/",
) -> Request:
    """A request of nobody and from nowhere, whose `tm` and `db` are these; nothing else is in it."""
    factory = registry.queryUtility(IRequestFactory, default=Request)
    environ = {"tm.manager": tm, "tm.active": True, "REQUEST_METHOD": method}
    request = factory.blank(path, environ=environ)
    request.registry = registry
    apply_request_extensions(request)
    request.tm, request.db = tm, session
    return request
