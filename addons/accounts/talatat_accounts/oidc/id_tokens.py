"""What is checked of an ID token: OpenID Connect Core, 3.1.3.7.

Its signature by a key of the provider and an algorithm that the settings list; that this provider made it,
for us, for this login, a moment ago; and that it goes with the access token beside it.
"""

import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from talatat_accounts.oidc.providers import Provider
from talatat_accounts.oidc.refusals import CLOCKS, ClocksDiffer, Untrusted

KEY_TYPES = {"R": "RSA", "P": "RSA", "E": "EC"}
LONGEST_SUBJECT = 255
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def claims_of(
    provider: Provider,
    id_token: Any,
    keys: Callable[[bool], list[Key]],
    nonce: str,
    access_token: str | None,
) -> dict[str, Any]:
    """The claims of a token that is good; raises Untrusted. `keys(anew)` gives the provider's keys."""
    if not isinstance(id_token, str) or not id_token.isascii():
        raise Untrusted("there is no ID token")
    try:
        header = jws.extract_compact(id_token.encode()).headers()
        key = _key(provider, header, keys)
        registry = JWSRegistry(algorithms=provider.algorithms, strict_check_header=False)
        with warnings.catch_warnings():  # EdDSA is what providers say; its successor's name is rare
            warnings.simplefilter("ignore")
            token = jwt.decode(id_token, key, provider.algorithms, registry)
        claims = _checked(provider, token, nonce, access_token)
    except BadSignatureError as error:
        raise Untrusted("the signature of the ID token is wrong") from error
    except (JoseError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Untrusted(f"the ID token is refused: {type(error).__name__}: {error}") from error
    return claims


def _key(provider: Provider, header: dict[str, Any], keys: Callable[[bool], list[Key]]) -> Key:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in provider.algorithms:
        raise Untrusted(
            f"the ID token is signed with {algorithm!r}, and {provider.key}.algorithms lists "
            f"{' '.join(provider.algorithms)}"
        )
    for anew in (False, True):
        fitting = [one for one in keys(anew) if _fits(one, str(algorithm), kid)]
        if len(fitting) == 1 or (fitting and kid is not None):
            return fitting[0]
    raise Untrusted(
        f"the ID token is signed with the key {kid!r}, which the provider does not publish"
    )


def _fits(key: Key, algorithm: str, kid: Any) -> bool:
    kind = "OKP" if algorithm == "EdDSA" else KEY_TYPES[algorithm[0]]
    if key.key_type != kind or key.get("alg", algorithm) != algorithm:
        return False
    return kid is None or key.kid == kid


def _checked(
    provider: Provider, token: jwt.Token, nonce: str, access_token: str | None
) -> dict[str, Any]:
    claims = CodeIDToken(
        token.claims,
        token.header,
        options={
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        },
        params={"client_id": provider.client_id, "nonce": nonce, "access_token": access_token},
    )
    now = int(time.time())
    if _is_off(now, claims, provider.leeway):
        raise ClocksDiffer(
            f"the ID token was made at {claims.get('iat')} and ends at {claims.get('exp')}, and here it "
            f"is {now} (seconds since 1970). {CLOCKS} {provider.key}.leeway is {provider.leeway}"
        )
    claims.validate(now, provider.leeway)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise Untrusted("the ID token names nobody: sub is no text of 1 to 255 characters")
    return dict(claims)


def _is_off(now: int, claims: dict[str, Any], leeway: int) -> bool:
    """Whether a token of well-formed times is of another time."""
    made, ends = claims.get("iat"), claims.get("exp")
    if type(made) not in (int, float) or type(ends) not in (int, float):
        return False  # the check says what is wrong with them
    return bool(made > now + leeway or ends <= now - leeway)


def proven_at(provider: Provider, claims: dict[str, Any]) -> datetime:
    """When the person proved to the provider who they are; long ago, if it does not say.

    Somebody may be logged in there for weeks: to come from there is no proof of this moment.
    """
    said = claims.get("auth_time")
    if type(said) not in (int, float) or not 0 <= said <= time.time() + provider.leeway:
        return LONG_AGO
    return datetime.fromtimestamp(min(said, time.time()), UTC)
