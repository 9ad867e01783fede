"""Hand-written Cornice services in addons, without what Cornice costs every other request.

    hello = Service("hello", "/api/shelf/v1/hello")

    @hello.get(permission="shelf.read")
    def get_hello(request): ...

`config.scan()` registers it, `@resource` classes too; `config.include("cornice")` is not needed and
does nothing. Cornice's own `includeme` is never run: it wraps every request of the application and
adds exception views for all of it. Here its request attributes are lazy ones of the request class, and
its filters, CORS and headers are applied on its own routes only. Errors are answered as problems.
"""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import inspect
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from cornice.errors import Errors
from cornice.pyramidhook import apply_filters, register_service_views
from cornice.renderer import CorniceRenderer
from cornice.util import ContentTypePredicate, current_service
from pyramid.config import PHASE1_CONFIG
from pyramid.config.actions import ActionInfo, action_method
from pyramid.decorator import reify
from pyramid.request import Request as PyramidRequest
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.viewderivers import INGRESS
from webob.request import PATH_SAFE, LimitedLengthFile

from talatat.codes import CODE_OF_STATUS
from talatat.configuration.provenance import line_of
from talatat.errors import CompositionError
from talatat.problem_codes import codes_of
from talatat.problems import (
    CONTENT_TYPE,
    Problem,
    bad_parameter,
    check_acceptable,
    document,
    is_api,
)
from talatat.schema.body import MAX_BODY, body_limit
from talatat.schema.faults import escape
from talatat.schema.types import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from cornice.service import Service
    from pyramid.response import Response

    from talatat.configuration.configurator import Configurator


# Options of a view that tell of it in the API's document, see `describing.cornice`.
TOLD = ("headers", "operation", "problems", "response", "status")


_PATH_INFO: Any = PyramidRequest.path_info
_UNQUOTED = re.compile(r"[A-Za-z0-9_.~/:-]*")


class Request(PyramidRequest):
    """The request, with what Cornice expects of one, made only when asked for."""

    # Bodies up to this size are kept in memory; WebOb leaves its temporary files to the collector.
    request_body_tempfile_limit = 2 * MAX_BODY

    @property
    def path(self) -> str:
        """WebOb's, quoted; a path that is not UTF-8 has one too, so that it can be logged and refused."""
        environ = self.environ
        raw: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if _UNQUOTED.fullmatch(raw):
            return raw
        return quote(raw.encode("latin-1"), safe=PATH_SAFE)

    @property
    def path_info(self) -> str:
        """WebOb's, without recoding what is ASCII."""
        raw: str = self.environ["PATH_INFO"]
        return raw if raw.isascii() else _PATH_INFO.fget(self)

    @path_info.setter
    def path_info(self, value: str) -> None:
        _PATH_INFO.fset(self, value)

    @property
    def path_url(self) -> str:
        """WebOb's, without quoting what needs no quotes."""
        return f"{self.host_url}{self.path}"

    def make_body_seekable(self) -> None:
        """WebOb's, for pyramid_retry, which copies every body before anybody has looked at it.

        A body below /api that is too large is left unread: it will be refused.
        """
        environ = self.environ
        if not environ.get("CONTENT_LENGTH") and not environ.get("wsgi.input_terminated"):
            return  # there is none: each attempt finds it so
        if is_api(self):
            request: Any = self
            limit, length = body_limit(request), request.content_length
            if length is not None and length > limit:
                return
            if length is None and request.is_body_readable:
                raw = request.body_file_raw.read(limit + 1)
                request.body_file_raw = io.BytesIO(raw)
                request.content_length = len(raw)
                request.is_body_seekable = True
                return
            if length and not environ.get("webob.is_body_seekable"):
                sent = LimitedLengthFile(environ["wsgi.input"], length)
                environ["wsgi.input"] = io.BytesIO(sent.readall())
                environ["webob.is_body_seekable"] = True
                return
        super().make_body_seekable()

    @reify
    def validated(self) -> dict[str, Any]:
        """What validators have accepted."""
        return {}

    @reify
    def errors(self) -> Errors:
        """What validators complain of."""
        if self.registry.settings.get("available_languages"):
            return Errors(localizer=self.localizer)
        return Errors()

    @reify
    def info(self) -> dict[str, Any]:
        """Cornice's notes about the request."""
        return {}

    @reify
    def current_service(self) -> Any:
        """The Cornice service of the matched route, or None."""
        return current_service(self)


class Renderer(CorniceRenderer):
    """Cornice's JSON renderer, which also writes moments, decimals and money; errors are problems."""

    def __init__(self) -> None:
        super().__init__(serializer=_dumps)
        self.add_adapter(decimal.Decimal, lambda value, _: format(value, "f"))
        self.add_adapter(dt.datetime, lambda value, _: format_timestamp(value))

    def render_errors(self, request: Any) -> Problem:
        """The problem of `request.errors`: a response as well as an exception, as Cornice uses both."""
        problem = problem_of(request.errors)
        problem.body = orjson.dumps(document(request, problem))
        problem.content_type = CONTENT_TYPE
        return problem


def _dumps(value: Any, default: Any = None, **kw: Any) -> str:
    def write(one: Any) -> Any:
        return one.to_json() if hasattr(one, "to_json") else default(one)

    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=write, option=options).decode()


def problem_of(errors: Errors) -> Problem:
    """Cornice's errors as a problem. What is wrong with a field of the body is 422, as everywhere."""
    status = errors.status
    listed = [_error(one) for one in errors]
    if status == 400 and any(one["location"] == "body" and one["name"] for one in errors):
        return Problem(422, "invalid", _sentence(listed), listed)
    if status == 400 and listed and all("parameter" in one for one in listed):
        first = bad_parameter(listed[0]["parameter"], listed[0]["detail"])
        return Problem(400, first.problem_code, first.detail, listed)
    code = CODE_OF_STATUS.get(status, "bad_request")
    return Problem(status, code, _sentence(listed), listed)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    name, detail = str(error["name"] or ""), _text(error["description"])
    if error["location"] in ("querystring", "path", "url"):
        return {"parameter": name, "code": "invalid_parameter", "detail": detail}
    if error["location"] in ("header", "cookies"):
        return {"header": name, "code": "invalid_header", "detail": detail}
    pointer = "".join(f"/{escape(part)}" for part in name.split(".")) if name else ""
    return {"pointer": pointer, "code": "invalid", "detail": detail}


def _text(description: Any) -> str:
    return description.decode() if isinstance(description, bytes) else str(description or "")


def _sentence(errors: list[dict[str, Any]]) -> str:
    return "; ".join(one["detail"] for one in errors[:3])


def cornice_view(view: Any, info: Any) -> Any:
    """View deriver: on views of Cornice services only, cap the body and finish the response."""
    if info.options.get("cornice_service") is None:
        return view
    negotiated = negotiates(info.options)

    def wrapped(context: Any, request: Any) -> Response:
        request.add_response_callback(_finish)
        if negotiated:
            check_acceptable(request)
        limit = body_limit(request)
        if (request.content_length or 0) > limit:
            raise Problem(413, "body_too_large", f"The body is larger than {limit} bytes")
        response: Response = view(context, request)
        return response

    return wrapped


cornice_view.options = ("cornice_service",)  # type: ignore[attr-defined]


def negotiates(options: Any) -> bool:
    """Whether a view with these options answers JSON, and says nothing of `Accept` itself."""
    methods = options.get("request_method") or ()
    methods = {methods} if isinstance(methods, str) else set(methods)
    renderer = options.get("renderer")  # a name, or what Pyramid made of it
    plain = getattr(renderer, "name", renderer) == "cornicejson" and not options.get("accept")
    return plain and bool(methods & {"GET", "POST"})


def _finish(request: Any, response: Response) -> None:
    """What Cornice does to every response, for one of its own, errors included."""
    if response.status_int >= 400:
        # The headers of the check went with the response that the error took the place of.
        request.info["cors_checked"] = False
    apply_filters(request, response)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")


class ServiceDirectives:
    """Cornice's directives, for the Configurator."""

    @action_method
    def add_cornice_service(self: Configurator, service: Service) -> None:
        """Register a hand-written Cornice service: one action, which wins or loses whole."""
        prefix = self.route_prefix
        where = service.pyramid_route or f"{prefix or ''}{service.path}"
        info = _place_of(service) or self.action_info
        intr = self.introspectable("talatat services", where, where, "service")
        intr.update(name=service.name, path=where, service=service, callable=_first(service))
        config: Any = self
        before, config.info = config.info, info
        try:
            self.action(
                ("service", where),
                lambda: _register(self, copied(service), prefix, info),
                introspectables=(intr,),
                order=PHASE1_CONFIG,
            )
        finally:
            config.info = before

    @action_method
    def add_cornice_resource(self: Configurator, resource: Any) -> None:
        """Register the services of a class that `cornice.resource` has decorated."""
        for service in self.maybe_dotted(resource)._services.values():
            self.add_cornice_service(service)


def copied(service: Service) -> Service:
    """A copy to register: Cornice adds to a service's lists, which belong to the process."""
    made = copy.copy(service)
    made.defined_methods = list(service.defined_methods)
    made.definitions = [
        (method, view, {**arguments, "validators": list(arguments.get("validators", ()))})
        for method, view, arguments in service.definitions
    ]
    return made


def claim(config: Configurator, pattern: str, service: Service) -> None:
    """Take a path for a service; CompositionError where another service has it."""
    _refuse_wildcard(config, service)
    services = config.registry.cornice_services
    other = services.get(pattern)
    if other is not None:
        raise CompositionError(
            f"the services {other.name!r} and {service.name!r} (addon {config.owner}) both have the "
            f"path {pattern}: only one of them could be reached. Give one another path."
        )
    services[pattern] = service


def _refuse_wildcard(config: Configurator, service: Service) -> None:
    """That pages of anybody may call is said by the operator for all, not by an addon for one path."""
    for method, view, arguments in service.definitions:
        origins = arguments.get("cors_origins") or getattr(service, "cors_origins", None) or ()
        if "*" in origins:
            place = line_of(_line_of(view)) if _line_of(view) else line_of(config.info)
            raise CompositionError(
                f"addon {config.owner}, {place}: the service {service.name!r} lets pages of every origin call "
                f"it (cors_origins='*', {method}). Name the origins, or leave it out: the operator's setting "
                "talatat.cors_origins holds for all services."
            )


def _register(config: Configurator, service: Service, prefix: str | None, info: Any) -> None:
    before = config.info, config.route_prefix
    config.info, config.route_prefix = info, prefix
    try:
        if not service.pyramid_route:
            claim(config, f"{prefix or ''}{service.path}", service)
        codes = config.registry.system.problem_codes
        for _, _, arguments in service.definitions:
            codes.add(*codes_of(arguments.get("problems"), config.owner))
        register_service_views(_Registration(config, service), service)
    finally:
        config.info, config.route_prefix = before


class _Registration:
    """What Cornice's registration sees as the configurator: marks its views and says where they are."""

    def __init__(self, config: Configurator, service: Service) -> None:
        self._config = config
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    def add_view(self, view: Any = None, permission: Any = None, **options: Any) -> None:
        config = self._config
        for name in TOLD:
            options.pop(name, None)
        if permission == NO_PERMISSION_REQUIRED:  # preflight and fallback are for everybody
            permission = "public"
        if permission is not None:
            options["permission"] = permission
        before = config.info
        config.info = _line_of(view) or before
        try:
            config.add_view(view=view, cornice_service=self._service, **options)
        finally:
            config.info = before


def _first(service: Service) -> Any:
    for _, view, _ in service.definitions:
        return view
    return None


def _place_of(service: Service) -> Any:
    """Where a service stands in the addon: at its first view."""
    view = _first(service)
    return None if view is None else _line_of(view)


def _line_of(view: Callable[..., Any]) -> Any:
    """Action info of a view's own code; None for Cornice's own views."""
    target = inspect.unwrap(getattr(view, "unbound_view", view))
    target = getattr(target, "unbound_view", target)
    code = getattr(inspect.unwrap(target), "__code__", None)
    if code is None or "cornice" in getattr(target, "__module__", "").split("."):
        return None
    return ActionInfo(code.co_filename, code.co_firstlineno, code.co_name, "")


def includeme(config: Configurator) -> None:
    """Give what Cornice's own includeme would; from now on that one does nothing."""
    config.action_state.processSpec("cornice:includeme")
    config.registry.cornice_services = {}
    config.set_request_factory(Request)
    config.add_renderer("cornicejson", Renderer())
    config.add_view_predicate("content_type", ContentTypePredicate)
    config.add_view_deriver(cornice_view, "cornice", under=INGRESS, over="secured_view")
