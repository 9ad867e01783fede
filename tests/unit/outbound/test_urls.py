"""A URL that is accepted is read the same by every parser; whatever is odd about one is refused."""

from urllib.parse import urlsplit

import colander
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talatat.outbound import Target, parse_url
from talatat.schema import Url, compile_reader

ODD = [
    "ftp://a.example/",
    "file:///etc/passwd",
    "gopher://a.example/",
    "javascript:alert(1)",
    "//a.example/",
    "a.example",
    "",
    "http://a.example/",  # where https is asked for
    "HTTPS://a.example/",
    "https:a.example",
    "https:/a.example",
    "https:///a.example",
    "https://ann@a.example/",
    "https://ann:secret@a.example/",
    "https://a.example@b.example/",
    "https://a.example\\@b.example/",
    "https://a.example\\b",
    "https://a.example/a b",
    " https://a.example/",
    "https://a.example/\n",
    "https://a.\texample/",
    "https://a.example/\r\nX: y",
    "https://a.example/\x00",
    "https://a.example:/",
    "https://a.example:0/",
    "https://a.example:080/",
    "https://a.example:65536/",
    "https://a..example/",
    "https://-a.example/",
    "https://a%2eexample/",
    "https://127.0.0.1%2f/",
    "https://b\u00fccher.example/",
    "https://127\u30020.0.1/",  # a full stop of another script
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://\u2460.example/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0X7F.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1.0/",
    "https://1.2.3.256/",
    "https://a.0x7f/",
    "https://[::1/",
    "https://[::1%25eth0]/",
    "https://[::ffff:127.1]/",
    "https://[v1.a]/",
    "https://" + "a" * 64 + ".example/",
    "https://a.example/" + "a" * 2000,
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_odd_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"^must be a "):
        parse_url(text)
    with pytest.raises(colander.Invalid):
        colander.SchemaNode(Url()).deserialize(text or "\0")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://a.example", Target("https", "a.example", 443)),
        ("https://A.Example.:8443/x?y=@#z", Target("https", "a.example", 8443)),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443)),
        ("https://192.0.2.1/", Target("https", "192.0.2.1", 443)),
        ("https://[2001:DB8::1]:1/", Target("https", "2001:db8::1", 1)),
        ("https://localhost/%0d%0a", Target("https", "localhost", 443)),
    ],
)
def test_what_is_plain_leads_where_it_says(text, target):
    assert parse_url(text) == target


PARTS = ["https://", "http://", "a.example", "127.0.0.1", "[::1]", "0x7f.1", "2130706433", "@", ":", "/",
         "\\", "?", "#", "%2e", "%00", "\t", "\n", " ", ".", "443", "b", "\u3002", "\uff11", "//", "."]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join) | st.text(max_size=40))
@example("https://a.example:443\\@b")
def test_all_parsers_read_the_same_host_in_what_is_accepted(text):
    try:
        target = parse_url(text, ("http", "https"))
    except ValueError:
        return
    ours = (target.scheme, target.host, target.port)
    default = {"http": 80, "https": 443}[target.scheme]
    split, called = urlsplit(text), httpx.URL(text)
    assert (split.scheme, split.hostname.removesuffix("."), split.port or default) == ours
    assert (called.scheme, called.host.removesuffix("."), called.port or default) == ours
    assert split.username is None
    assert not called.userinfo


def test_a_body_with_an_odd_url_is_told_where_it_is_odd():
    class Hook(colander.MappingSchema):
        url = colander.SchemaNode(Url("http", "https"))

    read = compile_reader(Hook())
    assert read({"url": "http://a.example/"}, "", []) == {"url": "http://a.example/"}
    for wrong in ("http://ann@a.example/", 7, None, ["https://a.example/"]):
        faults = []
        read({"url": wrong}, "", faults)
        assert [one["pointer"] for one in faults] == ["/url"]
