"""Checksums of tables: of their rows as they are written, whatever the order of these.

Each row is one line (`values`). The checksum is the sum of the lines' SHA-256, modulo 2^256: it does not
depend on the order of rows, which no database promises, and two equal rows do not cancel each other out.
"""

from __future__ import annotations

import hashlib

_MODULUS = 1 << 256


class Sum:
    """The count and the checksum of rows as they pass by."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Count one row."""
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(line).digest(), "big")

    @property
    def checksum(self) -> str:
        """The checksum of the rows so far, in hex."""
        return f"{self._sum % _MODULUS:064x}"
