"""Names of headers in lower case, as they are compared.

An answer has the same dozen of names as all others, and is looked through a few times on its way out.
"""

from __future__ import annotations


class _Lower(dict[str, str]):
    """Name -> the same in lower case; those that were asked for are kept, as long as there are few."""

    most = 1000

    def __missing__(self, name: str) -> str:
        lower = name.lower()
        if len(self) < self.most and len(name) < 100:
            self[name] = lower
        return lower


LOWER = _Lower()
