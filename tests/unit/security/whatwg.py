"""Where a browser goes: the part of the WHATWG URL standard that decides the host of a link.

https://url.spec.whatwg.org/#concept-basic-url-parser, for a base of http or https. Written after the
standard's states, not after how the platform judges.
"""

import re

SPECIAL = {"http", "https", "ftp", "ws", "wss", "file"}


def destination(text, base_scheme="https", base_host="site.example"):
    """(scheme, what stands in the place of the host) of a link on a page of the base."""
    text = text.strip("".join(map(chr, range(0x21))))  # C0 control or space, at both ends
    text = re.sub(r"[\t\n\r]", "", text)
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text)
    if scheme is not None:
        name, rest = scheme[0][:-1].lower(), text[scheme.end() :]
        if name not in SPECIAL or name == "file":
            return name, rest
        if name == base_scheme and not re.match(r"//", rest):
            return relative(rest, base_scheme, base_host)  # special relative or authority state
        return name, authority(rest.lstrip("/\\"))  # special authority ignore slashes state
    return relative(text, base_scheme, base_host)


def relative(text, scheme, host):
    """Relative state and relative slash state: both slashes are slashes in special schemes."""
    if re.match(r"[/\\][/\\]", text):
        return scheme, authority(text.lstrip("/\\"))
    return scheme, host


def authority(text):
    """Up to the path; what stands before the last @ are credentials."""
    return re.split(r"[/\\?#]", text, maxsplit=1)[0].rpartition("@")[2]
