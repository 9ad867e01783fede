"""A provider as the settings describe it."""

from dataclasses import dataclass, field
from typing import Any

from talatat.problems import Problem
from talatat.settings import SecretValues


@dataclass(frozen=True)
class Provider:
    """One identity provider; the fields are the keys `accounts.oidc.NAME.*`."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: SecretValues | None = field(repr=False)
    scopes: tuple[str, ...]
    algorithms: tuple[str, ...]
    name_claim: str
    unknown: str
    link_by: str
    groups_claim: str
    groups: dict[str, str] = field(hash=False)
    leeway: int
    timeout: float
    calls: int

    @property
    def key(self) -> str:
        """Where its keys begin in the .ini."""
        return f"accounts.oidc.{self.name}"


def providers_of(system: Any) -> list[Provider]:
    """All providers, in the order of the setting."""
    settings = vars(system.settings["accounts"])
    return [_provider(settings, name) for name in dict.fromkeys(settings["oidc"])]


def provider_of(request: Any) -> Provider:
    """The one in the request's path; raises Problem 404."""
    wanted = request.matchdict["provider"]
    for provider in providers_of(request.registry.system):
        if provider.name == wanted:
            return provider
    raise Problem(404, "not_found", f"There is no {request.path}")


def _provider(settings: dict[str, Any], name: str) -> Provider:
    prefix = f"oidc.{name}."
    own = {
        key.removeprefix(prefix): value for key, value in settings.items() if key.startswith(prefix)
    }
    return Provider(
        **{
            **own,
            "name": name,
            "title": own["title"] or name,
            "scopes": tuple(own["scopes"]),
            "algorithms": tuple(own["algorithms"]),
            "groups": own["groups"] or {},
        }
    )
