"""Key rings: what is signed, sealed and encrypted with a secret goes on working while it is replaced.

A ring is made of the values of one secret, the current first. The current value signs and encrypts; every
value verifies and decrypts. Each use has a purpose (`b"accounts.totp"`), and each purpose keys of its own,
derived with HKDF: what was made for one purpose is worth nothing for another, although one secret is behind
both.

    ring.sign(purpose, message)      what anybody may read and nobody else can make: cookies, links
    ring.seal(purpose, message)      what nobody else can read either, the same each time: cursors
    ring.encrypt(purpose, message)   what is stored: another text each time

Three steps replace a value while several processes serve, and none of them refuses what another one made:
the new value is appended (accepted everywhere), moved to the front (used), and the old one taken out when
nothing that it made is alive any more.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class WrongKey(ValueError):
    """What was given was made with no key of the ring for this purpose, or was changed since."""


@dataclass(frozen=True, repr=False)
class Keys:
    """The keys that one value of a secret gives for one purpose."""

    signing: bytes
    sealing: AESSIV
    fernet: Fernet

    @classmethod
    def derived(cls, secret: str, purpose: bytes) -> Self:
        """One key for each way of use, so that none weakens another."""

        def key(use: bytes, size: int) -> bytes:
            info = b"talatat\0" + use + b"\0" + purpose
            return HKDF(SHA256(), size, salt=None, info=info).derive(secret.encode())

        fernet = Fernet(base64.urlsafe_b64encode(key(b"encrypt", 32)))
        return cls(key(b"sign", 32), AESSIV(key(b"seal", 64)), fernet)


class KeyRing:
    """The values of one secret, the current first; see the module. Shows none of them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a key ring needs a secret, and none of its values may be empty")
        self._secrets = tuple(dict.fromkeys(secrets))
        self._derived: dict[bytes, list[Keys]] = {}

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self)}>"

    def __len__(self) -> int:
        """How many values are accepted."""
        return len(self._secrets)

    def _keys(self, purpose: bytes) -> list[Keys]:
        found = self._derived.get(purpose)
        if found is None:
            found = [Keys.derived(secret, purpose) for secret in self._secrets]
            self._derived[purpose] = found
        return found

    def sign(self, purpose: bytes, message: bytes) -> bytes:
        """The current key's signature: HMAC-SHA-256, 32 bytes."""
        return hmac.digest(self._keys(purpose)[0].signing, message, "sha256")

    def sign_text(self, purpose: bytes, message: bytes) -> str:
        """The same in 43 characters that URLs and cookies may have."""
        return to_text(self.sign(purpose, message))

    def verify(self, purpose: bytes, message: bytes, signature: bytes | str) -> bool:
        """Whether a key of the ring made this signature: of `sign`, or as text of `sign_text`."""
        return self.signer(purpose, message, signature) is not None

    def signer(self, purpose: bytes, message: bytes, signature: bytes | str) -> "KeyRing | None":
        """The ring of the one key that made this signature, None for none.

        Every key is tried, so that the time tells nothing about which one it was.
        """
        try:
            given = from_text(signature) if isinstance(signature, str) else signature
        except ValueError:
            return None
        found = None
        for secret, keys in zip(self._secrets, self._keys(purpose), strict=True):
            if hmac.compare_digest(hmac.digest(keys.signing, message, "sha256"), given):
                found = secret
        return None if found is None else ring_of((found,))

    def seal(self, purpose: bytes, message: bytes, bound: bytes = b"") -> bytes:
        """`message` (not empty) so that nobody else can read, change or make it, 16 bytes longer.

        The same call gives the same bytes (AES-SIV). Only with the same `bound` it is opened again.
        """
        return self._keys(purpose)[0].sealing.encrypt(message, [bound])

    def unseal(self, purpose: bytes, sealed: bytes, bound: bytes = b"") -> bytes:
        """What was sealed; raises WrongKey."""
        for keys in self._keys(purpose):
            try:
                return keys.sealing.decrypt(sealed, [bound])
            except (InvalidTag, ValueError):
                continue
        raise WrongKey("sealed with no key of this ring, or damaged")

    def encrypt(self, purpose: bytes, plain: bytes) -> str:
        """`plain` for keeping: another text at each call, 4/3 of its length and about 100 more."""
        return self._fernet(purpose).encrypt(plain).decode("ascii")

    def decrypt(self, purpose: bytes, text: str) -> bytes:
        """What was encrypted; raises WrongKey."""
        try:
            return self._fernet(purpose).decrypt(text.encode())
        except (InvalidToken, ValueError) as error:
            raise WrongKey("encrypted with no key of this ring, or damaged") from error

    def is_current(self, purpose: bytes, text: str) -> bool:
        """Whether the current key encrypted this; what another one did is to be encrypted anew."""
        try:
            self._keys(purpose)[0].fernet.decrypt(text.encode())
        except (InvalidToken, ValueError):
            return False
        return True

    def _fernet(self, purpose: bytes) -> MultiFernet:
        return MultiFernet([keys.fernet for keys in self._keys(purpose)])


@lru_cache(maxsize=64)
def ring_of(secrets: tuple[str, ...]) -> KeyRing:
    """The ring of these values: one for all who ask, for deriving its keys takes a while."""
    return KeyRing(secrets)


def to_text(raw: bytes) -> str:
    """Bytes in the characters of URLs, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes of `to_text`; raises ValueError for any other text, another spelling too."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if to_text(raw) != text:  # the unused bits of the last character are zero
        raise ValueError("another spelling")
    return raw
