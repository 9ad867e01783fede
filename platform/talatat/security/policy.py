"""The one security policy: it asks the composed identity sources and judges by permissions."""

from typing import Any, NamedTuple

from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied
from zope.interface import implementer

from talatat.security.grants import AUTHENTICATED, PUBLIC
from talatat.security.identity import Headers, Identity, InvalidCredentials
from talatat.security.narrowing import covers_access, is_access
from talatat.security.registry import Security

DEFAULT_CHALLENGE = 'Bearer realm="talatat"'


class Finding(NamedTuple):
    """What the sources said about one request."""

    identity: Identity | None = None
    refusal: InvalidCredentials | None = None


@implementer(ISecurityPolicy)
class Policy:
    """Pyramid's security policy over `Security`; a request is identified once, when needed."""

    def __init__(self, security: Security) -> None:
        self.security = security
        self._findings = RequestLocalCache(self._identify)

    def _identify(self, request: Any) -> Finding:
        try:
            for source in self.security.sources.values():
                identity = source.identify(request)
                if identity is not None:
                    return Finding(identity)
        except InvalidCredentials as refusal:
            # A wrong credential is never passed over in favour of another one: the client
            # would act under an identity that it did not mean.
            return Finding(refusal=refusal)
        return Finding()

    def identity(self, request: Any) -> Identity | None:
        """Who asks, or None."""
        finding: Finding = self._findings.get_or_create(request)
        return finding.identity

    def known_identity(self, request: Any) -> Identity | None:
        """Who asks if that was found out already; asks no source, so it is safe in logging."""
        finding = self._findings.get(request)
        return finding.identity if isinstance(finding, Finding) else None

    def known_refusal(self, request: Any) -> InvalidCredentials | None:
        """Why the credentials of the request are not valid, if that was found out already."""
        finding = self._findings.get(request)
        return finding.refusal if isinstance(finding, Finding) else None

    def was_asked(self, request: Any) -> bool:
        """Whether it was asked who this is, whatever came of it."""
        return isinstance(self._findings.get(request), Finding)

    def authenticated_userid(self, request: Any) -> str | None:
        """The id of who asks, or None."""
        identity = self.identity(request)
        return None if identity is None else identity.id

    def permits(self, request: Any, context: Any, permission: str) -> Allowed | Denied:
        """Judge; what is public is not identified at all."""
        if permission == PUBLIC:
            return Allowed("public")
        identity = self.identity(request)
        if identity is not None and self._is_outside(request, identity, permission):
            return Denied("%s is narrowed to some resources", identity.name)
        if is_access(permission):
            return Allowed("nothing narrows this")
        if self.security.holds(identity, permission):
            return Allowed("%s holds %s", identity and identity.name, permission)
        if identity is None:
            return Denied("nobody is logged in; %s is needed", permission)
        return Denied("%s does not hold %s", identity.name, permission)

    def _is_outside(self, request: Any, identity: Identity, permission: str) -> bool:
        """Whether this is beyond the resources that the identity is narrowed to."""
        if identity.resources is None:
            return False
        routes = self.security.routes
        wanted = permission if is_access(permission) else routes.access_of(request)
        if wanted is None:
            return permission != AUTHENTICATED
        return not covers_access(identity.resources, wanted)

    def challenges(self, request: Any) -> list[str]:
        """The WWW-Authenticate values for a 401: of the refusal, else of each source, else ours."""
        finding = self._findings.get(request)
        if isinstance(finding, Finding) and finding.refusal and finding.refusal.challenge:
            return [finding.refusal.challenge]
        own = (getattr(source, "challenge", None) for source in self.security.sources.values())
        return [value for value in own if value] or [DEFAULT_CHALLENGE]

    def remember(self, request: Any, userid: str, **kw: Any) -> Headers:
        """Headers that make the client known from now on, of the sources that have such."""
        return self._headers("remember", request, userid, **kw)

    def forget(self, request: Any, **kw: Any) -> Headers:
        """Headers that end what `remember` began."""
        return self._headers("forget", request, **kw)

    def _headers(self, method: str, *args: Any, **kw: Any) -> Headers:
        makers = (getattr(source, method, None) for source in self.security.sources.values())
        return [header for make in makers if make for header in make(*args, **kw)]


def policy_of(request: Any) -> Policy | None:
    """The policy that judges a request; None where a third-party package has put its own in its place."""
    policy = request.registry.queryUtility(ISecurityPolicy)
    return policy if isinstance(policy, Policy) else None
