"""What the commands of this addon stand on: a composed system."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

from talatat.errors import TalatatError


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
