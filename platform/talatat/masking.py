"""What looks like a key is shown as a mask: where a client put its token into a path, or a traceback holds one.

A run of forty or more characters of base64 with capital and small letters and digits among them is taken for
a key: bearer tokens, signatures of cookies, secrets that are made at random. Ids and words of a path are not.
It is the second line of defence: what is known to be a secret is not logged in the first place.
"""

import re

MASK = "********"
_RUN = re.compile(r"[A-Za-z0-9_-]{40,}")
_KINDS = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))


def masked(text: str) -> str:
    """`text` without what looks like a key."""
    return _RUN.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    run = match[0]
    return MASK if all(kind.search(run) for kind in _KINDS) else run
