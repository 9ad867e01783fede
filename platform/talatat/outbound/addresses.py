"""Which addresses are public, and what an operator allows besides.

An entry of `talatat.outbound.allow` is a network (`10.1.0.0/16`), an address, a host with or without a port
(`id.internal`, `id.internal:8443`), or one that may be called without encryption (`http://id.internal`). A
host that is listed by name may have a private address; where machines keep their secrets (link-local
addresses, the metadata of clouds) only an entry of the network itself leads.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from talatat.outbound.urls import Target, parse_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Clouds answer here with the credentials of the machine; Azure's address is a public one.
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)
UNICAST = IPv6Network("2000::/3")  # all public IPv6 addresses are in here
NAT64 = IPv6Network("64:ff9b::/96")
# What IANA has set aside and some releases of Python take for public.
SET_ASIDE = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
NEVER_BY_NAME = frozenset({"metadata", "link-local", "multicast", "unspecified", "reserved"})


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def kind(address: Address) -> str | None:
    """What an address is if it is not public: "loopback", "private", "metadata" and so on."""
    address = plain(address)
    if address in METADATA:
        return "metadata"
    # In this order: Python counts link-local and loopback addresses as private too.
    for name in ("loopback", "link_local", "multicast", "unspecified"):
        if getattr(address, f"is_{name}"):
            return name.replace("_", "-")
    if address.is_private or (isinstance(address, IPv6Address) and address.is_site_local):
        return "private"
    if not address.is_global:
        return "shared"  # of a provider with its customers: 100.64.0.0/10
    if address.is_reserved or any(address in network for network in SET_ASIDE):
        return "reserved"
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return "reserved"
    return None


@dataclass(frozen=True)
class Allowed:
    """What may be called beside what is public."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[tuple[str, int | None]] = frozenset()  # None is every port
    unencrypted: frozenset[Target] = field(default_factory=frozenset)

    def is_listed(self, target: Target) -> bool:
        """Whether the host is listed by its name."""
        return not self.hosts.isdisjoint({(target.host, None), (target.host, target.port)})

    def _in_networks(self, address: Address) -> bool:
        return any(address in network for network in self.networks)

    def may_be_plain(self, target: Target) -> bool:
        """Whether this may be called over http."""
        return target in self.unencrypted

    def objection(self, target: Target, address: Address) -> str | None:
        """What the address is that speaks against a call; None if it may be called."""
        found = kind(address)
        if found is None or self._in_networks(address) or self._in_networks(plain(address)):
            return None
        return None if self.is_listed(target) and found not in NEVER_BY_NAME else found


def allowed_by(entries: Iterable[str]) -> Allowed:
    """What the words of the setting mean; ValueError for one that means nothing."""
    networks: list[Network] = []
    hosts: set[tuple[str, int | None]] = set()
    unencrypted: set[Target] = set()
    for entry in entries:
        network = _network(entry)
        if network is not None:
            networks.append(network)
            continue
        target, named = _target(entry)
        hosts.add((target.host, target.port if named else None))
        if target.scheme == "http":
            unencrypted.add(target)
    return Allowed(tuple(networks), frozenset(hosts), frozenset(unencrypted))


def _network(entry: str) -> Network | None:
    try:
        network = ip_network(entry)
    except ValueError:
        return None
    if network.prefixlen == 0:
        raise ValueError(f"{entry} is every address there is: list the networks that are meant")
    return network


def _target(entry: str) -> tuple[Target, bool]:
    """(where an entry leads, whether it names one port: http does always)."""
    url = entry if "://" in entry else f"https://{entry}"
    try:
        target = parse_url(url, ("http", "https"))
    except ValueError:
        target = None
    authority = url.partition("://")[2]
    if target is None or set(authority) & set("/?#"):
        raise ValueError(
            f"{entry!r} is no network (10.1.0.0/16), no host (id.internal, id.internal:8443) "
            "and no http://id.internal:8080"
        )
    return target, target.scheme == "http" or authority.rpartition("]")[2].count(":") == 1


def allowed_entries(node: Any, value: list[str]) -> None:
    """Colander validator for the words of the setting."""
    import colander

    try:
        allowed_by(value)
    except ValueError as error:
        raise colander.Invalid(node, str(error)) from error
