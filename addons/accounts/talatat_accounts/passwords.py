"""Passwords: Argon2id, the same work for a user that exists and for one that does not.

The cost comes from the settings; hashes of an older cost are accepted and made anew at login.
"""

import secrets
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MAX_LENGTH = 1024  # hashing is linear in it: nobody may make the server chew megabytes


class Passwords:
    """Hashes and verifies at one cost."""

    def __init__(self, time_cost: int, memory_cost: int, parallelism: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism, type=Type.ID
        )
        # Made here and not at the first unknown user, who would be told apart by the delay.
        self._decoy = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """The text to store: algorithm, cost, salt and hash."""
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; None is nobody's and costs as much."""
        try:
            return self._hasher.verify(stored or self._decoy, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the stored hash was made at another cost than the settings ask for now."""
        return self._hasher.check_needs_rehash(stored)


@lru_cache(maxsize=8)
def _at_cost(time_cost: int, memory_cost: int, parallelism: int) -> Passwords:
    return Passwords(time_cost, memory_cost, parallelism)


def passwords_of(system: Any) -> Passwords:
    """The one at the cost that this composition's settings say."""
    settings = system.settings["accounts"]
    return _at_cost(
        settings.argon2_time_cost, settings.argon2_memory_cost, settings.argon2_parallelism
    )


def check_strength(settings: Any, password: str, name: str) -> str | None:
    """What is wrong with a new password, or None.

    Length, and not the name itself; rules about kinds of characters make passwords worse.
    """
    if len(password) < settings.password_min_length:
        return f"has fewer than {settings.password_min_length} characters"
    if password.strip().casefold() == name:
        return "is the name of the account"
    return None
