"""What the commands of this addon stand on: a composed system, and a request for what wants one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.request import apply_request_extensions
from sqlalchemy.exc import DBAPIError

from talatat.errors import TalatatError
from talatat.services import Request


@contextmanager
def composed_for(ini: str) -> Iterator[Any]:
    """The registry of what an .ini composes, for as long as the block lasts.

    Raises TalatatError where accounts is not composed, and where the database has not been brought to it.
    """
    from talatat.composing import compose, load_composition

    registry = compose(load_composition(ini)).registry
    if "accounts" not in registry.system.composition.names:
        raise TalatatError(f"{ini} does not compose accounts: add it to talatat.addons.")
    try:
        yield registry
    except DBAPIError as error:
        raise TalatatError(
            f"the accounts cannot be read from the database ({error.orig}). "
            f"Bring it to the composition first: talatat apply {ini}"
        ) from error
    finally:
        registry.system.database.dispose()


def request_of(registry: Any, tm: Any, session: Any) -> Any:
    """A request of nobody and from nowhere in this transaction, under which security events are told."""
    request = Request.blank("/", environ={"tm.manager": tm, "tm.active": True})
    request.registry = registry
    apply_request_extensions(request)
    request.tm, request.db = tm, session
    return request
