"""Who asks, and what they may.

Follows: https://www.django-rest-framework.org/api-guide/authentication/#custom-authentication and
https://www.django-rest-framework.org/api-guide/permissions/#custom-permissions
"""

from bench.peers.django_rest.models import Grant, Token
from bench.peers.domain import BUYERS, CLERKS, TOUCH, WRITERS, digest, now
from django.db.models import Q
from rest_framework import authentication, exceptions, permissions

ROLES = {"orders.checkout": BUYERS, "orders.read_all": CLERKS, "catalog.write": WRITERS}


class TokenAuthentication(authentication.BaseAuthentication):
    """A bearer token, looked up in the database."""

    def authenticate(self, request):
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = (
            Token.objects.select_related("user")
            .filter(digest=digest(secret.strip()), user__active=True)
            .first()
        )
        if token is None or token.expires_at <= now():
            raise exceptions.AuthenticationFailed("The token is unknown, revoked or expired")
        if token.last_used_at is None or now() >= token.last_used_at + TOUCH:
            Token.objects.filter(pk=token.pk).update(last_used_at=now())
        user = token.user
        mine = Q(user=user) | Q(group__membership__user=user)
        user.roles = set(Grant.objects.filter(mine).values_list("role", flat=True))
        return user, token

    def authenticate_header(self, request):
        return "Bearer"


def may(request, permission):
    """Whether a role gives this and the token is not narrowed to something else."""
    scopes = request.auth.scopes
    if scopes is not None and permission not in scopes:
        return False
    return not request.user.roles.isdisjoint(ROLES[permission])


def needs(permission):
    """A permission class for views."""

    class Needs(permissions.BasePermission):
        def has_permission(self, request, view):
            return request.user is not None and may(request, permission)

    return Needs
