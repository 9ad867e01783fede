"""`composed`: a whole system for a test, from an .ini in a temporary folder to a WebTest application.

    with composed(addons=["catalog"], url=database_url) as system:
        system.app.get("/api/catalog/v1/products", status=200)
        with system.session() as session:
            assert session.scalars(select(Product)).all() == []

Nothing is replaced by a double: the .ini is read, the addons are composed, the revisions are run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from talatat.db.origin import serve
from talatat.db.unsent import unsent_request
from talatat.security.identity import Identity
from talatat.testing.templates import prepare

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator
    from talatat.system import System


SIGNED_IN = "talatat.testing"  # the name of the identity source


@dataclass(frozen=True)
class _Always:
    """An identity source that knows one answer."""

    identity: Identity

    def identify(self, request: Any) -> Identity:
        return self.identity

    def presented(self, request: Any) -> bool:
        return True


@dataclass
class TestSystem:
    """A composed system under test. `ini` is the path of its .ini, `folder` where that lies."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    config: Configurator
    app: Any
    ini: str
    folder: Path

    @property
    def registry(self) -> Any:
        """The composed registry."""
        return self.config.registry

    @property
    def system(self) -> System:
        """What the composed process holds."""
        system: System = self.config.registry.system
        return system

    @contextmanager
    def session(self, *, reading: bool = False) -> Iterator[Session]:
        """Begin a transaction and yield its session; it is committed when the block ends."""
        with self.system.database.transaction(reading=reading) as (_, session):
            yield session

    @contextmanager
    def request(self, *, method: str = "POST", path: str = "/") -> Iterator[Any]:
        """Yield a request with `db`, `tm` and `registry`, for code that wants one; committed at the end."""
        from pyramid.threadlocal import RequestContext

        with self.system.database.transaction() as (tm, session):
            request = unsent_request(self.registry, tm, session, method=method, path=path)
            serve(session, request)
            with RequestContext(request):
                yield request

    def sign_in(self, name: str, *permissions: str, roles: Iterable[str] = ()) -> None:
        """Let all requests from here on come from `name`, who holds these permissions and roles.

        `*` is every permission. Replaces whoever was signed in; other identity sources come first.
        """
        identity = Identity(
            id=name,
            name=name,
            source=SIGNED_IN,
            roles=frozenset(roles),
            permissions=frozenset(permissions),
        )
        self.system.security.sources[SIGNED_IN] = _Always(identity)

    def sign_out(self) -> None:
        """Let requests from here on come from nobody, unless another identity source knows who asks."""
        self.system.security.sources.pop(SIGNED_IN, None)

    def deliver(self) -> int:
        """Deliver what waits in the outbox; return how many events were delivered."""
        return self.system.outbox.deliver()


def write_ini(
    folder: Path, addons: Iterable[str], url: str, settings: Mapping[str, str] | None = None
) -> str:
    """Write `test.ini` in `folder` and return its path.

    `%(here)s/secret` is a file with a random secret, for settings that want one.
    """
    (folder / "secret").write_text("a secret of tests, long enough to sign with\n")
    values = {
        "use": "egg:talatat",
        "talatat.addons": "".join(f"\n    {name}" for name in addons),
        "sqlalchemy.url": url.replace("%", "%%"),
        "talatat.secret": "file:%(here)s/secret",
        # Tests send more than people do, all from one address.
        "talatat.limits": "off",
        **(settings or {}),
    }
    path = folder / "test.ini"
    lines = [f"{key} = {value}" for key, value in values.items()]
    path.write_text("[app:main]\n" + "\n".join(lines) + "\n")
    return str(path)


@contextmanager
def composed(
    addons: Iterable[str] = (),
    settings: Mapping[str, str] | None = None,
    url: str | None = None,
    *,
    migrate: bool = True,
    deliver: bool = False,
) -> Iterator[TestSystem]:
    """Compose `addons` on a database at `url` (an SQLite file of its own where None) and yield the system.

    `settings` are keys of the .ini. `migrate=False` leaves the database as it is. With `deliver` a
    thread empties the outbox, as in a server; otherwise `TestSystem.deliver` does.
    """
    import webtest  # not among the platform's own dependencies

    from talatat.composing import compose, load_composition

    with tempfile.TemporaryDirectory(prefix="talatat-test-") as name:
        folder = Path(name)
        ini = write_ini(folder, addons, url or f"sqlite:///{folder}/test.sqlite", settings)
        config = compose(load_composition(ini))
        system: System = config.registry.system
        system.outbox.automatic = deliver
        system.problem_codes.strict = True
        try:
            if migrate:
                prepare(system.composition, system.database)
                with system.database.transaction() as (_, session):
                    system.models.fill_all(session)
            yield TestSystem(config, webtest.TestApp(config.make_wsgi_app()), ini, folder)
        finally:
            system.outbox.stop()
            system.database.dispose()
