"""To the provider, and back: the address that a browser is sent to, and from a code to claims."""

from collections.abc import Iterator
from typing import Any

import httpx
from authlib.oauth2 import OAuth2Client
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error

from talatat_accounts.oidc.calling import calling
from talatat_accounts.oidc.discovery import Metadata, answered, document, published_of
from talatat_accounts.oidc.flow import Begun
from talatat_accounts.oidc.id_tokens import claims_of
from talatat_accounts.oidc.providers import Provider
from talatat_accounts.oidc.refusals import Untrusted


class ShownSecret(ClientAuth, httpx.Auth):
    """How authlib shows the client's secret, on a request of httpx."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:
        body = request.content.decode()
        uri, headers, body = self.prepare(request.method, str(request.url), request.headers, body)
        headers["Content-Length"] = str(len(body))
        yield httpx.Request(
            request.method, uri, headers=headers, content=body, extensions=request.extensions
        )


class Client(OAuth2Client):
    """Authlib's client, whose session is one of `talatat.outbound`."""

    client_auth_class = ShownSecret


def metadata_of(request: Any, provider: Provider) -> Metadata:
    """The discovery document, fetched if it is not remembered. Raises Untrusted or OutboundError."""
    published = published_of(request)
    kept = published.metadata(provider, None)
    if kept is not None:
        return kept
    with calling(request, provider) as calls:
        found = published.metadata(provider, calls)
    assert found is not None
    return found


def authorization_url(request: Any, provider: Provider, begun: Begun) -> str:
    """Where the browser is sent to. Raises Untrusted or OutboundError."""
    metadata = metadata_of(request, provider)
    anew = {"prompt": "login", "max_age": "0"} if begun.again else {}
    url, _ = _client(request, provider, metadata, None).create_authorization_url(
        metadata.endpoints["authorization_endpoint"],
        state=begun.state,
        nonce=begun.nonce,
        code_verifier=begun.verifier,
        **anew,
    )
    return str(url)


def check_issuer(request: Any, provider: Provider, given: str | None) -> None:
    """The answer has to be of this provider where it says of whom it is (RFC 9207). Raises Untrusted."""
    kept = published_of(request).metadata(provider, None)
    says = {} if kept is None else kept.says
    required = says.get("authorization_response_iss_parameter_supported") is True
    if given != provider.issuer and (given is not None or required):
        raise Untrusted(
            f"the answer is of the issuer {given!r}, and {provider.issuer!r} was asked: two providers "
            "are mixed up, or somebody tries to"
        )


def claims_for(request: Any, provider: Provider, begun: Begun, code: str) -> dict[str, Any]:
    """Who it is. Raises Untrusted or OutboundError.

    Call it outside of the request's transaction: it takes as long as the provider takes.
    """
    published = published_of(request)
    with calling(request, provider) as calls:
        metadata = published.metadata(provider, calls)
        assert metadata is not None
        tokens = _tokens(_client(request, provider, metadata, calls), metadata, begun, code)
        access_token = tokens.get("access_token")
        claims = claims_of(
            provider,
            tokens.get("id_token"),
            lambda anew: published.keys(provider, metadata, calls, anew),
            begun.nonce,
            access_token if isinstance(access_token, str) else None,
        )
        if _says_too_little(provider, claims) and isinstance(access_token, str):
            return {**_user_info(metadata, calls, access_token, claims["sub"]), **claims}
        return claims


def redirect_uri(request: Any, provider: Provider) -> str:
    """Where the provider sends the browser back to: registered there, another one for each provider."""
    return str(request.route_url("accounts.oidc.callback", provider=provider.name))


def _client(
    request: Any, provider: Provider, metadata: Metadata, calls: httpx.Client | None
) -> Client:
    secret, how = provider.client_secret, "none"
    if secret is not None:
        how = "client_secret_basic"
        # Basic is the default of the standard, for those that list nothing too.
        methods = metadata.says.get("token_endpoint_auth_methods_supported", [how])
        if isinstance(methods, list) and how not in methods:
            how = "client_secret_post"
    client = Client(
        calls,
        client_id=provider.client_id,
        client_secret=None if secret is None else secret.current,
        token_endpoint_auth_method=how,
        scope=" ".join(provider.scopes),
        redirect_uri=redirect_uri(request, provider),
        code_challenge_method="S256",
    )
    client.register_compliance_hook("access_token_response", answered)
    return client


def _tokens(client: Client, metadata: Metadata, begun: Begun, code: str) -> dict[str, Any]:
    try:
        found = client.fetch_token(
            metadata.endpoints["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=begun.verifier,
        )
    except httpx.HTTPStatusError as error:
        raise Untrusted(f"the code was answered with {error.response.status_code}") from error
    except OAuth2Error as error:
        raise Untrusted(f"the code was answered with {str(error.error)[:100]!r}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise Untrusted(f"the code was answered with nonsense: {error}") from error
    return dict(found)


def _says_too_little(provider: Provider, claims: dict[str, Any]) -> bool:
    wanted = [provider.name_claim, provider.groups_claim.partition(".")[0]]
    wanted += ["email"] if provider.link_by == "email" else []
    return any(name and name not in claims for name in wanted)


def _user_info(
    metadata: Metadata, calls: httpx.Client, access_token: str, subject: str
) -> dict[str, Any]:
    """What the provider tells beside the token, if it is about the same person."""
    url = metadata.endpoints.get("userinfo_endpoint")
    if url is None:
        return {}
    answer = calls.get(url, headers={"Authorization": f"Bearer {access_token}"})
    found = document(answer, "the user info")
    if found.get("sub") != subject:
        raise Untrusted("the user info is about somebody else than the ID token")
    return found
