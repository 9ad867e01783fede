"""An addon with a page, in releases: what each adds to the database and what it takes away."""

import threading
import time

import pytest

from talatat.evolution import guard
from talatat.evolution.migrate import bring_to
from talatat.testing.databases import make_database
from talatat.web import health

PAGE = {
    "__init__.py": """
        from pyramid.response import Response
        def page(request):
            return Response("served")
        def includeme(config):
            config.add_route("page", "/page")
            config.add_view(page, route_name="page", permission="public")
        """
}


class Releases:
    """The addon `pages`, whose revisions are written one after the other."""

    def __init__(self, addons):
        self.addons = addons
        self.last = None
        self.release("1.0", first="expand")

    def release(self, version, **revisions):
        """Install a version with further revisions: their ids and phases, in order."""
        self.addons.write("pages", PAGE, version=version)
        for revision, phase in revisions.items():
            self.addons.revision("pages", revision, "pass", down=self.last, phase=phase)
            self.last = revision

    def install(self, version, without):
        """Put an older version back: without those revisions."""
        self.addons.write("pages", PAGE, version=version)
        folder = self.addons.folder / self.addons.package("pages") / "migrations" / "versions"
        for revision in without:
            (folder / f"{revision}.py").unlink()

    def composed(self, url, **options):
        return self.addons.composed("pages", url=url, **options)

    def bring(self, url):
        """Bring the database to what is installed, in a process that does not serve."""
        database = make_database(url)
        bring_to(self.addons.composition("pages", url=url), database)
        database.dispose()


@pytest.fixture
def releases(addons):
    return Releases(addons)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch):
    monkeypatch.setattr(guard, "REST", 0.0)
    monkeypatch.setattr(health, "REST", 0.0)


@pytest.fixture
def serve():
    """Let composed systems serve as processes do; their heartbeats end with the test."""
    serving = []

    def start(system):
        system.system.serving = True
        serving.append(system.system.guard)
        return system.app.get("/page", status=200)

    yield start
    for one in serving:
        one.stop()
    while any(thread.name == "talatat-heartbeat" for thread in threading.enumerate()):
        time.sleep(0.02)  # on a machine that is busy a last beat may take longer than `stop` waits
