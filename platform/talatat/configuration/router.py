"""Pyramid's router, with one class for the requests of a composed system.

What `add_request_method` gives, Pyramid puts onto each request as it comes, by building a class for it:
the dearest single thing that it does for a small request. Here that class is built once. Requests that
somebody else makes (subrequests, a script's, those of the outbox) get theirs from Pyramid, as ever.
"""

from typing import Any

from pyramid.registry import Registry
from pyramid.response import Response
from pyramid.router import Router as PyramidRouter
from pyramid.threadlocal import RequestContext

from talatat.header_names import LOWER

_WHOLE = ("http://", "https://")


class Router(PyramidRouter):
    """Pyramid's router; a request factory that is no class is called as Pyramid calls it."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._request_class = extended(self.request_factory, self.request_extensions)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pyramid's; a response that WebOb would send as it is, is sent as it is."""
        response = self.execution_policy(environ, self)
        if (
            type(response) is not Response
            or response.conditional_response
            or environ["REQUEST_METHOD"] == "HEAD"
        ):
            return response(environ, start_response)
        headers = list(response.headerlist)
        for name, value in headers:
            if LOWER[name] == "location" and not value.startswith(_WHOLE):
                return response(environ, start_response)  # which makes it so
        start_response(response.status, headers)
        return response.app_iter

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """The context of a new request; pyramid_retry asks for one for each attempt."""
        if self._request_class is None:
            return super().request_context(environ)
        request = self._request_class(environ)
        request.registry = self.registry
        request.invoke_subrequest = self.invoke_subrequest
        return RequestContext(request)


def extended(factory: Any, extensions: Any) -> type[Any] | None:
    """The class of `factory` with the methods and properties of `IRequestExtensions`, or None."""
    if not isinstance(factory, type) or extensions is None:
        return None
    added = {**extensions.methods, **extensions.descriptors}
    return type(factory.__name__, (factory,), {"__module__": factory.__module__, **added})
