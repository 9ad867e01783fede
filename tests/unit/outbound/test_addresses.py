"""Which addresses are public, and what the setting adds."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.outbound import Target
from talatat.outbound.addresses import allowed_by, kind

INSIDE = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.0.1 172.16.0.1 172.31.255.255
    192.0.0.192 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::7f00:1 fc00::1 fdff::1 fe80::1 fec0::1 ff02::1 2001:db8::1 2001:0:1::1 100::1
    64:ff9b:1::1 4000::1
""".split()
METADATA = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "193.0.0.1", "2606:4700::1", "2a00::1"]


@pytest.mark.parametrize("text", INSIDE)
def test_what_is_not_public_is_known_as_that(text):
    assert kind(ip_address(text)) is not None


@pytest.mark.parametrize("text", METADATA)
def test_metadata_of_clouds_is_known_as_that(text):
    assert kind(ip_address(text)) == "metadata"


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_may_be_called(text):
    assert kind(ip_address(text)) is None


@given(
    st.integers(0, 2**32 - 1).map(IPv4Address)
    | st.sampled_from([*map(IPv4Address, ("127.0.0.1", "10.1.2.3", "169.254.169.254"))])
)
def test_an_ipv4_address_in_the_clothes_of_ipv6_is_what_it_is(address):
    number = int(address)
    for dressed in (0xFFFF << 32, 0x0064FF9B << 96):  # ::ffff:0:0/96 and 64:ff9b::/96
        assert kind(IPv6Address(dressed | number)) == kind(address)
    assert kind(IPv6Address(0x2002 << 112 | number << 80)) == kind(address)
    assert kind(IPv6Address(number)) is not None  # ::a.b.c.d is nobody's any more


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_no_ipv6_address_outside_of_global_unicast_is_public(address):
    if kind(address) is None:
        assert address in IPv6Network("2000::/3") or address in IPv6Network("64:ff9b::/96")


def test_a_network_that_is_listed_may_be_called_by_any_name():
    allowed = allowed_by(["10.1.0.0/16", "fd00:1::/32", "169.254.7.7"])
    target = Target("https", "a.example", 443)
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5", "169.254.7.7"):
        assert allowed.objection(target, ip_address(text)) is None
    for text in ("10.2.0.1", "fd00:2::5", "169.254.7.8"):
        assert allowed.objection(target, ip_address(text))


def test_a_host_that_is_listed_may_have_private_addresses_only():
    allowed = allowed_by(["id.internal", "hooks.internal:8443"])
    for target in (Target("https", "id.internal", 1), Target("https", "hooks.internal", 8443)):
        assert allowed.objection(target, ip_address("10.0.0.1")) is None
        assert allowed.objection(target, ip_address("127.0.0.1")) is None
        for text in (*METADATA, "169.254.0.1", "0.0.0.0", "224.0.0.1"):
            assert allowed.objection(target, ip_address(text))
    for target in (Target("https", "hooks.internal", 443), Target("https", "x.id.internal", 443)):
        assert allowed.objection(target, ip_address("10.0.0.1")) == "private"


def test_unencrypted_calls_are_listed_with_their_port():
    allowed = allowed_by(["http://id.internal", "http://[::1]:8080"])
    assert allowed.may_be_plain(Target("http", "id.internal", 80))
    assert allowed.may_be_plain(Target("http", "::1", 8080))
    assert allowed.objection(Target("http", "::1", 8080), ip_address("::1")) is None
    assert not allowed.may_be_plain(Target("http", "id.internal", 81))


@pytest.mark.parametrize(
    "entry", ["10.0.0.1/8", "*", "id.internal/x", "ftp://id.internal", "ann@id.internal", "0x7f.1", "a:b", "10.0.0.0/99"],
)  # fmt: skip
def test_an_entry_that_means_nothing_is_refused(entry):
    with pytest.raises(ValueError, match="is no network"):
        allowed_by([entry])


@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0"])
def test_nobody_lists_everything(entry):
    with pytest.raises(ValueError, match="every address there is"):
        allowed_by([entry])
