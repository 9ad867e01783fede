"""Mounting a whole WSGI application under a path, with its own registry and its own transaction."""

from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.request import Request
from pyramid.response import Response

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

# What our own stack leaves in the environ and another Pyramid application would take for its own:
# with our transaction manager in sight it would answer 201 and commit nothing.
OURS = ("tm.", "webob.adhoc_attrs", "pyramid.", "bfg.", "repoze.tm", "retry.")


class MountDirectives:
    """`mount_wsgi`."""

    @action_method
    def mount_wsgi(
        self: "Configurator", path: str, app: Any, permission: str | None = None
    ) -> None:
        """Serve the WSGI application `app` (or its dotted name) under `path`, below `permission`.

        `app` sees `SCRIPT_NAME` ending in `path`. `permission` is required, as for any view.
        """
        application = self.maybe_dotted(app)
        prefix = "/" + path.strip("/")
        name = f"{self.owner}.mount:{prefix}"

        def mounted(request: Request) -> Response:
            return _call(request, application, prefix)

        intr = self.introspectable("talatat mounts", prefix, prefix, "mounted application")
        intr["path"], intr["callable"] = prefix, application
        self.action(("mount", prefix), None, introspectables=(intr,))
        for suffix in ("", "/*subpath"):
            self.add_route(name + suffix, prefix + suffix)
            self.add_view(mounted, route_name=name + suffix, permission=permission)


def _call(request: Request, application: Any, prefix: str) -> Response:
    environ = {k: v for k, v in request.environ.items() if not k.startswith(OURS)}
    path = environ["PATH_INFO"]
    environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
    environ["PATH_INFO"] = path[len(prefix) :]
    response: Response = Request(environ).get_response(application)
    return response
