"""Calls to a provider, few at a time: who waits for one that is slow holds a worker.

A process has a handful of workers. If each of them waited for a slow provider, nobody could log in with a
password meanwhile, nor do anything else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from talatat.outbound.client import client
from talatat_accounts.oidc.discovery import MOST, published_of
from talatat_accounts.oidc.providers import Provider
from talatat_accounts.oidc.refusals import unavailable


@contextmanager
def calling(request: Any, provider: Provider) -> Iterator[httpx.Client]:
    """A client for the calls of one request. Raises Problem 424 if too many wait already.

    Redirects are not followed: endpoints are what the provider says they are, and a secret or a code that is
    sent on is told to somebody else.
    """
    gate = published_of(request).gate(provider)
    if not gate.acquire(blocking=False):
        raise unavailable(provider)
    try:
        with client(request.registry.system, seconds=provider.timeout, most=MOST) as calls:
            yield calls
    finally:
        gate.release()
