"""Accounts with two providers: `company` gives accounts and groups, `partners` wants them connected."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from talatat.testing import composed
from talatat_accounts.models import Base
from talatat_accounts.oidc.discovery import IPublished, Published

from ..conftest import SETTINGS, Accounts, Client  # noqa: TID252  # tests are no package with a name
from .provider import CLIENT, SECRET, IdentityProvider

LOGIN = "/accounts/login"
ELSEWHERE = httpx.Client(trust_env=False, verify=False)  # one: making it reads all authorities


@pytest.fixture(scope="session")
def started_provider():
    provider = IdentityProvider()
    yield provider
    provider.stop()


def settings_for(provider, name, **more):
    keys = {"issuer": provider.url, "client_id": CLIENT, "client_secret": "${OIDC_SECRET}", **more}
    return {f"accounts.oidc.{name}.{key}": value for key, value in keys.items()}


def composed_with(provider, url):
    """Both providers are one: what differs is how they are met."""
    company = settings_for(
        provider, "company", title="Company & Sons", unknown="create", timeout="0.5",
        groups_claim="realm.roles", groups="\n    shop-admins -> managers\n    a -> b -> clerks",
    )  # fmt: skip
    partners = settings_for(provider, "partners", link_by="email", timeout="0.5")
    settings = {
        **SETTINGS,
        "talatat.outbound.allow": provider.url,
        "accounts.oidc": "company partners",
        **company,
        **partners,
    }
    return composed(["accounts"], settings, url)


@pytest.fixture(scope="session")
def client_secret():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OIDC_SECRET", SECRET)
        yield


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory, started_provider, client_secret):
    url = f"sqlite:///{tmp_path_factory.mktemp('oidc')}/test.sqlite"
    with composed_with(started_provider, url) as test:
        yield test


@pytest.fixture(scope="session")
def on_postgresql(postgresql_server, started_provider, client_secret):
    with composed_with(started_provider, postgresql_server.create_database()) as test:
        yield test


class Browser(Client):
    """A browser that knows its way to the provider and back."""

    def to_provider(self, name="company", target=None, **kw):
        """Where the login button leads."""
        query = {} if target is None else {"next": target}
        return self.get(f"/accounts/oidc/{name}/login", query, **kw)

    def at_provider(self, url):
        """Be at the provider; where it sends back to, as a path."""
        answer = ELSEWHERE.get(url)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def log_in_at(self, name="company", target=None, status=303):
        """The whole way; the answer to the callback."""
        there = self.to_provider(name, target, status=303).location
        return self.get(self.at_provider(there), status=status)

    def connect(self, name="company"):
        """Where the link of the page leads that the button `Connect` shows."""
        page = self.get(LOGIN)
        (form,) = [one for one in page.forms.values() if one.action.endswith(f"/{name}/connect")]
        page = form.submit(status=200)
        (link,) = [one["href"] for one in page.html.find_all("a") if "authorize?" in one["href"]]
        return link


@dataclass
class Company(Accounts):
    """The system under test, and its provider."""

    provider: IdentityProvider = None

    def browser(self, **environ):
        return Browser(self.test.app.app, extra_environ={"REMOTE_ADDR": "192.0.2.1", **environ})


def fresh(test, provider):
    """Nobody there, nothing remembered, and the provider as on its first day."""
    with test.session() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    test.registry.registerUtility(Published(), IPublished)
    provider.reset()
    return Company(test, provider)


@pytest.fixture
def company(on_sqlite, started_provider):
    yield fresh(on_sqlite, started_provider)
    started_provider.released.set()


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def either(request, started_provider):
    """For what depends on the database."""
    yield fresh(request.getfixturevalue(request.param), started_provider)
    started_provider.released.set()


def parameters(path):
    """The query of a URL, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
