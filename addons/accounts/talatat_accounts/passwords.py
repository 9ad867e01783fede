"""Passwords: Argon2id, the same work for a user that exists and for one that does not.

The cost comes from the settings; hashes of an older cost are accepted and made anew at login. A password is
hashed in its composed form (NFKC), since keyboards differ in what they send for the same letters.

New ones are judged as NIST SP 800-63B and OWASP ASVS 5.0 (V6.2) ask: by length, by a list of what is guessed
first, and by words that belong to the account. There are no rules about kinds of characters, which make
passwords worse, and none about age.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from talatat_accounts.breached import folded, is_listed

MAX_LENGTH = 1024  # hashing is linear in it: nobody may make the server chew megabytes
SHORTEST_WORD = 4  # of the words that make a password easy to guess


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
        return self._hasher.hash(composed(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; None is nobody's and costs as much."""
        try:
            found = self._hasher.verify(stored or self._decoy, composed(password))
            return found and stored is not None
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


def composed(password: str) -> str:
    """The one spelling of a password that is hashed: NFKC, case and spaces as they are."""
    return unicodedata.normalize("NFKC", password)


def check_strength(
    system: Any, password: str, name: str = "", email: str | None = None
) -> str | None:
    """What is wrong with a new password of this account, or None."""
    settings = system.settings["accounts"]
    least = settings.password_min_length
    if len(composed(password)) < least:
        return f"has fewer than {least} characters"
    words = words_of(name, email or "", system.settings.platform.api_title)
    if word := leans_on(password, words, least // 2):
        return f"is little more than {word!r}, which others know of the account"
    if is_listed(password, settings.password_list):
        return "stands on a list of passwords that were stolen elsewhere, and is tried first"
    return None


def words_of(*texts: str) -> list[str]:
    """The words of an account and its system that its password should not lean on, longest first."""
    found: set[str] = set()
    for text in map(folded, texts):
        found.update([text, *re.findall(r"[^\W_]+", text)])
    return sorted((one for one in found if len(one) >= SHORTEST_WORD), key=len, reverse=True)


def leans_on(password: str, words: Iterable[str], least: int) -> str | None:
    """The word without which a password has fewer than `least` letters and digits left, or None."""
    rest, met = folded(password), None
    for word in words:
        if word in rest:
            rest, met = rest.replace(word, " "), met or word
    left = sum(character.isalnum() for character in rest)
    return met if left < least else None
