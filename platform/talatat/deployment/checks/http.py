"""What clients and proxies may make a system believe: hosts, https, cookies, origins, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyramid.interfaces import ISessionFactory

from talatat.deployment.case import Deployment, Server
from talatat.deployment.check import Found, NotChecked
from talatat.settings.hosts import ANY

YEAR = 31536000


def hosts(case: Deployment) -> Iterator[Found]:
    """Links, `Location` and the check of a request's origin are made of its host.

    Without `talatat.hosts`, or with `*` in it, a client chooses that host, and with it what stands in
    links that others follow or that caches keep.
    """
    listed = case.settings.platform.hosts
    if listed and ANY not in listed:
        return
    yield Found(
        "every host that a client makes up is answered for",
        case.in_app("talatat.hosts = shop.example (the names that clients use)"),
    )


def _server(case: Deployment) -> Server:
    if case.server is None:
        raise NotChecked(
            f"{case.ini.shown} has no [server:main]: whoever runs the process says how it is reached"
        )
    if not case.server.waitress:
        raise NotChecked(f"the options of {case.server.use} are not known to the doctor")
    return case.server


def https(case: Deployment) -> Iterator[Found]:
    """Cookies are `Secure` and named `__Host-`, and HSTS is sent, where a request came over https.

    The process knows that from its own `url_scheme`, or from a proxy that it trusts to say so in
    `X-Forwarded-Proto` (or `Forwarded`). Otherwise every request counts as plain http.
    """
    server = _server(case)
    if server.text("url_scheme").lower() == "https":
        return
    if not server.trusted_headers & {"x-forwarded-proto", "forwarded"}:
        yield Found(
            "every request counts as plain http: cookies are not Secure, and HSTS is never sent",
            case.in_server(
                "trusted_proxy = 127.0.0.1 and trusted_proxy_headers = x-forwarded-for x-forwarded-host "
                "x-forwarded-proto, behind a proxy that ends TLS"
            ),
        )


def hsts(case: Deployment) -> Iterator[Found]:
    """A browser that was told `Strict-Transport-Security` comes over https alone from then on.

    A policy of less than a year, or one that leaves out hosts below this one, leaves time and names to
    whoever stands between.
    """
    policy = case.settings.platform.hsts
    age = re.match(r"max-age=(\d+)", policy)
    line = case.in_app("talatat.hsts = max-age=31536000; includeSubDomains (or delete the line)")
    if age is None or int(age[1]) == 0:
        yield Found("Strict-Transport-Security is not sent", line)
    elif int(age[1]) < YEAR:
        yield Found(
            f"Strict-Transport-Security holds for {int(age[1])} seconds, less than a year", line
        )
    elif "includeSubDomains" not in policy:
        yield Found("Strict-Transport-Security leaves out the hosts below this one", line)


def cookies(case: Deployment) -> Iterator[Found]:
    """A session factory of Pyramid's own kind that some package registers has its own cookie.

    It has to be `Secure` (https alone), `HttpOnly` (no script reads it) and `SameSite` (other sites'
    forms do not send it). The platform's own cookies are so by themselves.
    """
    factory = case.registry.queryUtility(ISessionFactory)
    if factory is None:
        return
    said = {name: getattr(factory, f"_cookie_{name}", None) for name in ("secure", "httponly")}
    same_site = getattr(factory, "_cookie_samesite", None)
    if None in said.values():
        raise NotChecked(f"{factory!r} does not tell what cookie it sets")
    wrong = [name for name, value in said.items() if not value]
    if str(same_site).lower() not in ("lax", "strict"):
        wrong.append("samesite")
    if wrong:
        yield Found(
            f"the cookie of the sessions of {factory.__module__} lacks {', '.join(wrong)}",
            "give its factory secure=True, httponly=True, samesite='Lax' where it is registered "
            "(config.set_session_factory)",
        )


def cors(case: Deployment) -> Iterator[Found]:
    """With `talatat.cors_origins = *` any page that anybody opens may read what the API gives everybody.

    That is right for data that is public, and wrong where the network is what keeps others out.
    """
    if "*" in case.settings.platform.cors_origins:
        yield Found(
            "pages of anybody may call the API",
            case.in_app("talatat.cors_origins = https://shop.example (the origins of your pages)"),
        )


def trusted_proxy(case: Deployment) -> Iterator[Found]:
    """Whoever is trusted says for each request where it came from, over which scheme, for which host.

    `trusted_proxy = *` trusts everybody. A process that trusts a proxy on this machine, and listens on
    addresses that other machines reach, can be asked past that proxy, in plain http.
    """
    server = _server(case)
    trusted = server.text("trusted_proxy")
    if trusted == "*":
        yield Found(
            "everybody is trusted to say where a request came from",
            case.in_server("trusted_proxy = 127.0.0.1 (the proxy's address)"),
        )
    elif trusted in ("127.0.0.1", "localhost", "::1") and server.beyond:
        yield Found(
            f"the proxy is on this machine, but the process listens on {', '.join(server.beyond)}: "
            f"other machines pass the proxy by",
            case.in_server("listen = 127.0.0.1:6543"),
        )


def forwarded(case: Deployment) -> Iterator[Found]:
    """`X-Forwarded-*` of somebody who is not trusted are taken out of a request before it is looked at.

    `clear_untrusted_proxy_headers = false` lets them through to whatever reads them.
    """
    server = _server(case)
    if not server.truth("clear_untrusted_proxy_headers", default=True):
        yield Found(
            "X-Forwarded headers of anybody are let through",
            case.in_server("clear_untrusted_proxy_headers = true (or delete the line)"),
        )


def client_address(case: Deployment) -> Iterator[Found]:
    """Limits, the log of requests and the record of who did what go by the address of the client.

    Behind a proxy that is not trusted to say it (`x-forwarded-for`), all clients have the proxy's.
    """
    server = _server(case)
    if not server.text("trusted_proxy"):
        return
    if not server.trusted_headers & {"x-forwarded-for", "forwarded"}:
        yield Found(
            "all clients have the address of the proxy: one who fails to log in locks out all",
            case.in_server(
                "trusted_proxy_headers = x-forwarded-for x-forwarded-host x-forwarded-proto"
            ),
        )
