"""A target that a request brings stays on this site, as every reader of URLs reads it."""

import logging
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid import testing
from pyramid.httpexceptions import HTTPFound, HTTPSeeOther
from pyramid.request import Request

from talatat.security import leave, local_url
from talatat.security.redirects import LEAVES, contained, stays_here

from .whatwg import destination

EVIL = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example",
    "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", "/\r\n/evil.example",
    "https:evil.example", "https:/evil.example", "https:///evil.example", "https://evil.example",
    "HTTPS://evil.example", "http:\\\\evil.example", "https:\\evil.example", "javascript:alert(1)",
    "java\nscript:alert(1)", "data:text/html,x", "//evil.example@site.example", "https://site.example@evil.example",
    "https://site.example\\@evil.example", "/%2f%2fevil.example", "/%5cevil.example", "/%2fevil.example",
    "/%252fevil.example", "/%09/evil.example", "/%0d%0a/evil.example", "%2f%2fevil.example", "//%65vil.example",
    "/a\r\nSet-Cookie: x=y", "/a\x00", "/\u00e9", "/\u2028/evil", "/ /evil.example", " //evil.example",
    "\ufeff//evil.example", "evil.example", "", "?next=//evil", "#//evil", "/" + "a" * 2000,
]  # fmt: skip
FINE = [
    "/",
    "/docs",
    "/docs?a=b&c=%2F%2Fd",
    "/a/b/../c",
    "/a//b",
    "/a?next=https://evil.example",
    "/@x",
    "/a:b",
    "/%20a",
]


def request():
    return Request.blank("/accounts/login", base_url="https://site.example")


@pytest.mark.parametrize("text", [*EVIL, None, 7, ["/"]])
def test_what_leads_elsewhere_or_is_odd_becomes_the_front_page(text):
    assert local_url(request(), text) == "/"
    assert local_url(request(), text, "/home") == "/home"


@pytest.mark.parametrize("text", FINE)
def test_a_path_of_this_site_is_kept(text):
    assert local_url(request(), text) == text


def test_an_application_below_a_prefix_has_its_own_front_page():
    below = Request.blank("/login", base_url="https://site.example/shop")
    assert local_url(below, "//evil.example") == "/shop/"


PIECES = ["/", "\\", ":", "//", "https:", "http:", "evil.example", "@", "?", "#", ".", "..", "%2f", "%5c", "%09", "\t", "\n",
          "\r", " ", "\x00", "\u3002", "a", "javascript:", ";", "site.example"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(max_size=30)


@given(texts)
@example("/\\/evil.example")
def test_no_target_leaves_this_site_in_any_reading(text):
    target = local_url(request(), text)
    for reading in (target, unquote(target)):
        assert destination(reading) == ("https", "site.example")
        joined = urlsplit(urljoin("https://site.example/accounts/login", reading))
        assert (joined.scheme, joined.netloc) == ("https", "site.example")
    assert target.isascii()
    assert target.isprintable()


@given(texts)
def test_a_redirect_that_passes_as_one_of_this_site_is_one(text):
    if stays_here(request(), text):
        assert destination(text)[0] == "https"
        assert destination(text)[1] in ("site.example", "site.example:443")


@pytest.mark.parametrize(
    "text",
    [
        "https://site.example/a?b=//c",
        "https://SITE.example:443/",
        "other",
        "./x?y=https://z",
        "?a",
        "/x",
    ],
)
def test_a_redirect_of_this_site_passes(text):
    assert stays_here(request(), text)


@pytest.mark.parametrize(
    "text",
    [
        "https://site.example.evil.example/",
        "http://site.example/",
        "https://site.example:444/",
        "x:y",
        "\\x",
    ],
)
def test_other_hosts_schemes_and_ports_are_other_sites(text):
    assert not stays_here(request(), text)


def test_a_redirect_to_elsewhere_is_a_problem_unless_it_was_meant(caplog):
    with testing.testConfig(request=request()) as config, caplog.at_level(logging.ERROR):
        asked = request()
        asked.registry = config.registry
        refused = contained(asked, HTTPFound("https://evil.example/"))
        assert refused.status_int == 400
        assert "Location" not in refused.headers
        assert "talatat.security.local_url" in caplog.text
        for fine in (leave("https://id.example/auth?x=y%20z"), HTTPSeeOther("/a")):
            assert contained(asked, fine) is fine


def test_leaving_takes_plain_urls_only():
    assert getattr(leave("https://id.example/x?y=https://z"), LEAVES)
    for odd in ("javascript:alert(1)", "//id.example", "https://id.example@evil.example/", "/x"):
        with pytest.raises(ValueError, match="must be a"):
            leave(odd)
