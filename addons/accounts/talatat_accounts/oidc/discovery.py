"""What a provider publishes of itself, its endpoints and its keys; remembered for an hour.

Keys that change in between are noticed: an ID token names its key, and for one that is not known they are
fetched again, once.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from zope.interface import Interface

from talatat.outbound import OutboundFailed, parse_url
from talatat_accounts.oidc.providers import Provider
from talatat_accounts.oidc.refusals import Untrusted

SECONDS = 3600
MOST = 512 * 1024  # bytes of all answers of a provider to one request
MOST_KEYS = 50
WANTED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True)
class Metadata:
    """A discovery document whose addresses are plain URLs; `says` is all of it."""

    endpoints: Mapping[str, str]
    says: Mapping[str, Any]

    def lists(self, name: str, value: str) -> bool:
        """Whether a list of the document has the value."""
        found = self.says.get(name)
        return isinstance(found, list) and value in found


class IPublished(Interface):
    """Under which name the registry keeps its `Published`."""


class Published:
    """What is remembered of the providers of one composed process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._gates: dict[str, BoundedSemaphore] = {}
        self._metadata: dict[str, tuple[float, Metadata]] = {}
        self._keys: dict[str, tuple[float, list[Key]]] = {}

    def gate(self, provider: Provider) -> BoundedSemaphore:
        """What lets only a few wait for the provider at a time."""
        with self._lock:
            return self._gates.setdefault(provider.name, BoundedSemaphore(provider.calls))

    def metadata(self, provider: Provider, calls: httpx.Client | None) -> Metadata | None:
        """The discovery document; without `calls` only one that is remembered. Raises Untrusted."""
        kept = self._metadata.get(provider.name)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        if calls is None:
            return None
        url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = checked(provider, document(calls.get(url), "the discovery document"))
        self._metadata[provider.name] = (time.monotonic() + SECONDS, found)
        return found

    def keys(
        self, provider: Provider, metadata: Metadata, calls: httpx.Client, anew: bool
    ) -> list[Key]:
        """The provider's keys; `anew` takes no remembered ones. Raises Untrusted."""
        kept = self._keys.get(provider.name)
        if not anew and kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        found = keys_in(document(calls.get(metadata.endpoints["jwks_uri"]), "the key set"))
        self._keys[provider.name] = (time.monotonic() + SECONDS, found)
        return found


def published_of(request: Any) -> Published:
    """What this process remembers."""
    found: Published = request.registry.getUtility(IPublished)
    return found


def document(answer: httpx.Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer; raises Untrusted, or OutboundFailed where there is none yet."""
    answered(answer)
    if answer.status_code != 200:
        raise Untrusted(f"{what} was answered with {answer.status_code} at {answer.url}")
    try:
        found = answer.json()
    except (ValueError, RecursionError) as error:
        raise Untrusted(f"{what} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Untrusted(f"{what} is no JSON object")
    return found


def answered(answer: httpx.Response) -> httpx.Response:
    """The answer; raises OutboundFailed if the provider says that it cannot give one now."""
    if answer.status_code >= 500 or answer.status_code == 429:
        raise OutboundFailed(f"it answered {answer.status_code} at {answer.url.path}")
    return answer


def checked(provider: Provider, says: dict[str, Any]) -> Metadata:
    """A discovery document that is of this issuer and names where to go; raises Untrusted."""
    if says.get("issuer") != provider.issuer:
        raise Untrusted(
            f"the discovery document is of the issuer {says.get('issuer')!r}, and {provider.key}.issuer "
            f"says {provider.issuer!r}: they have to be the same, to the last slash"
        )
    endpoints = {}
    # What is asked over https does not lead on to where everybody listens.
    schemes = ("http", "https") if provider.issuer.startswith("http:") else ("https",)
    for name in (*WANTED, *OPTIONAL):
        url = says.get(name)
        if url is None and name in OPTIONAL:
            continue
        try:
            parse_url(url if isinstance(url, str) else "", schemes)
        except ValueError as error:
            raise Untrusted(f"{name} of the discovery document {error}") from error
        endpoints[name] = url
    return Metadata(endpoints, says)


def keys_in(says: dict[str, Any]) -> list[Key]:
    """The public keys for signatures of a key set; what is not understood is left out."""
    listed = says.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise Untrusted(f"the key set has no list of at most {MOST_KEYS} keys")
    found: list[Key] = []
    for one in listed:
        if not isinstance(one, dict) or one.get("kty") == "oct" or one.get("use", "sig") != "sig":
            continue
        try:
            found.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found
