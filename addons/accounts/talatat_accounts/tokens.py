"""Bearer tokens: `tlt_`, 43 random characters (256 bits), and a checksum of six.

The prefix lets secret scanners and people recognise one; the checksum tells a mistyped or invented
token apart without asking the database. A token has the entropy of a key, so that a plain SHA-256 is
enough to store it: there is nothing to guess.
"""

import hashlib
import secrets
import zlib

PREFIX = "tlt_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM, CHECK = 43, 6
# Two characters at a time: each request with a token asks for a checksum.
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def new_token() -> str:
    """A token that nobody has."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return PREFIX + random + checksum(random)


def looks_like_token(text: str) -> bool:
    """Whether this can be a token that `new_token` made."""
    body = text.removeprefix(PREFIX)
    if not text.startswith(PREFIX) or len(body) != RANDOM + CHECK or not body.isascii():
        return False
    return checksum(body[:RANDOM]) == body[RANDOM:]


def checksum(random: str) -> str:
    """CRC-32 in six characters of the alphabet."""
    number, last = divmod(zlib.crc32(random.encode()), len(PAIRS))
    first, middle = divmod(number, len(PAIRS))
    return PAIRS[first] + PAIRS[middle] + PAIRS[last]


def digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
