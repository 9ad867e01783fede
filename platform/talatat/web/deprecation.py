"""Headers of what is deprecated, and a note of who still uses it.

`deprecated=Deprecation(...)` is an option of views: resources and actions hand theirs over, a Cornice or
Pyramid view says it itself. Each answer then has `Deprecation`, `Sunset` and `Link`, and the use is
counted by client, see `deprecated_uses`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from pyramid.viewderivers import INGRESS
from zope.interface import Interface

from talatat.security import known_identity
from talatat.web.deprecated_uses import DeprecatedUses

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

    from talatat.resources.deprecation import Deprecation

# Of a pattern: the verb of an action, and a placeholder with its regular expression.
VERB = re.compile(r"\{_verb:(:[\w-]+)\}")
PLACEHOLDER = re.compile(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}")
# Who may not ask has not used it.
REFUSED = frozenset({401, 403, 429})


class IDeprecatedUses(Interface):
    """Under which name the registry keeps its `DeprecatedUses`."""


def deprecated_view(view: Any, info: Any) -> Any:
    """View deriver: dress the answers of views that say `deprecated=`, errors included."""
    deprecation = info.options.get("deprecated")
    if deprecation is None:
        return view

    def deprecated(context: Any, request: Request) -> Response:
        request.add_response_callback(partial(_tell, deprecation))
        response: Response = view(context, request)
        return response

    return deprecated


deprecated_view.options = ("deprecated",)  # type: ignore[attr-defined]


def _tell(deprecation: Deprecation, request: Request, response: Response) -> None:
    response.headers["Deprecation"] = deprecation.deprecation
    if deprecation.sunset_date is not None:
        response.headers["Sunset"] = deprecation.sunset_date
    if deprecation.links:
        others = [response.headers["Link"]] if "Link" in response.headers else []
        response.headers["Link"] = ", ".join([*others, *deprecation.links])
    if response.status_int not in REFUSED:
        uses: DeprecatedUses = request.registry.getUtility(IDeprecatedUses)
        uses.note(operation_of(request), client_of(request))


def operation_of(request: Request) -> str:
    """Method and path as the API's document has them: `POST /api/orders/v1/orders/{id}:pay`."""
    pattern = "/" + request.matched_route.pattern.lstrip("/")
    path = PLACEHOLDER.sub(r"{\1}", VERB.sub(r"\1", pattern))
    return f"{request.method} {path}"


def client_of(request: Request) -> str:
    """Who asked, if that was found out; else from where."""
    identity = known_identity(request)
    if identity is not None:
        return f"{identity.source} {identity.name}"
    return f"address {request.remote_addr or 'unknown'}"


def includeme(config: Configurator) -> None:
    """Let views say that they are deprecated."""
    uses = DeprecatedUses(config.registry.system)
    config.registry.registerUtility(uses, IDeprecatedUses)
    config.add_view_deriver(
        deprecated_view, "talatat_deprecated", under=INGRESS, over="secured_view"
    )
