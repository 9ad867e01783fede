"""What may stand in `talatat.hosts` and `talatat.hsts`."""

import re
from ipaddress import AddressValueError, IPv6Address

import colander

ANY = "*"
LISTED = re.compile(
    r"(?:\*\.)?[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?"
    r"|\[(?P<ip>[0-9a-f:.]{2,45})\](?::[1-9][0-9]{0,4})?"
)
POLICY = re.compile(r"max-age=[0-9]{1,10}(?:; ?includeSubDomains)?(?:; ?preload)?")
OFF = "off"


class HostNames(colander.SchemaType):
    """Hosts, split at white space, in the one spelling in which requests are compared."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """list[str]; raises `colander.Invalid` for what no request can name."""
        if cstruct is colander.null:
            return cstruct
        found = []
        for word in str(cstruct).lower().split():
            match = LISTED.fullmatch(word)
            if word != ANY and match is None:
                raise colander.Invalid(
                    node,
                    f"{word!r} is no host: write shop.example, *.shop.example, 192.0.2.7, [2001:db8::7], "
                    f"each with :PORT or without",
                )
            found.append(_spelt(node, word, match["ip"] if match else None))
        return found


def _spelt(node: colander.SchemaNode, word: str, ip: str | None) -> str:
    if ip is None:
        return word
    try:
        return word.replace(f"[{ip}]", f"[{IPv6Address(ip)}]")
    except AddressValueError as error:
        raise colander.Invalid(node, f"{word!r} is no IPv6 address") from error


class TransportPolicy(colander.SchemaType):
    """The value of Strict-Transport-Security, or `off`."""

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> object:
        """The header's value, "" for `off`."""
        if cstruct is colander.null:
            return cstruct
        text = str(cstruct).strip()
        if text == OFF:
            return ""
        if not POLICY.fullmatch(text):
            raise colander.Invalid(
                node,
                "write max-age=SECONDS, with `; includeSubDomains` and `; preload` or without, or off",
            )
        return text
