"""Pure: an address as somebody typed it, read strictly. What browsers and libraries read in different ways is refused, not mended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import httpx

from outbound.addresses import UNNAMED, Address, Policy, allowed, is_loopback
from outbound.errors import ForbiddenTargetError

LONGEST_URL = 2048  # characters
LONGEST_NAME = 253  # of a host name in the DNS (RFC 1035, 2.3.4)
URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#.*)?", re.DOTALL)
AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]@%]+))(?::(?P<port>[1-9][0-9]{0,4}))?")
REST = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*")  # path and query (RFC 3986); the rest comes percent-encoded
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")  # with an underscore it is a local one, such as a service of Compose
OTHER_DOTS = "\u3002\uff0e\uff61"  # full stops that IDNA would take for dots, and a reader of the address would not
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a name that ends so is read as IPv4, in whatever spelling (WHATWG URL, 3.5)
# RFC 6761, 6762, 7686, 8375; `internal` by ICANN's board in 2024. What they lead to would be judged anyhow: this is for a clear word early.
LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "onion", "invalid")


@dataclass(frozen=True)
class Target:
    """Where to connect, and what to say there.

    Attributes:
        scheme: `https`, or `http` to loopback or into a named network.
        host: in ASCII and lower case, without brackets: a name, or an address in its one spelling.
        address: the host, where it is a literal address; it is judged already.
        rest: path and query, at least `/`. May be a secret.
        only_loopback: plain http or an unusual port of a name of loopback: what it leads to must be loopback, or named with this port.
        only_named: plain http, an unusual port or a local name: what it leads to must lie in a network that is named with this port.
    """

    scheme: str
    host: str
    port: int
    address: Address | None
    rest: str = field(repr=False)
    only_loopback: bool = False
    only_named: bool = False

    @property
    def authority(self) -> str:
        """What the header `Host` says."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def check_url(url: str, policy: Policy) -> Target:
    """Read and judge an address, without asking the DNS.

    Raises:
        ForbiddenTargetError: it is not to be called, whatever its name leads to.
    """
    if len(url) > LONGEST_URL:
        raise ForbiddenTargetError(f"longer than {LONGEST_URL} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ForbiddenTargetError("holds a space, a backslash or a character that cannot be seen")
    if not (parts := URL.fullmatch(url)):
        raise ForbiddenTargetError("not an address that begins with https://")
    if "@" in parts["authority"]:
        raise ForbiddenTargetError("holds a user name or a password")
    if parts["fragment"] is not None:
        raise ForbiddenTargetError("holds a fragment (#)")
    if not REST.fullmatch(parts["rest"]):
        raise ForbiddenTargetError("holds a character that must be percent-encoded")
    if not (authority := AUTHORITY.fullmatch(parts["authority"])):
        raise ForbiddenTargetError("its host or port cannot be read")
    scheme = parts["scheme"].lower()
    host, address = read_host(authority)
    if scheme not in ("https", "http"):
        raise ForbiddenTargetError("not https", host)
    port = int(authority["port"] or (443 if scheme == "https" else 80))
    if port > 65535:
        raise ForbiddenTargetError("no such port", host)
    rest = parts["rest"] if parts["rest"].startswith("/") else f"/{parts['rest']}"
    if address:
        only_loopback = check_address(scheme, host, address, port, policy)
        return Target(scheme, host, port, address, rest, only_loopback)
    only_loopback, only_named = check_name(scheme, host, port, policy)
    return Target(scheme, host, port, None, rest, only_loopback, only_named)


def check_address(scheme: str, host: str, address: Address, port: int, policy: Policy) -> bool:
    """Judge a literal address. Returns whether its scheme or port are good on loopback alone."""
    if policy.names(address, port):
        return False
    unusual = why_unusual(scheme, port, policy)
    if unusual and not (policy.loopback and is_loopback(address)):
        raise ForbiddenTargetError(f"{unusual}, {UNNAMED}" if policy.networks else unusual, host)
    if reason := allowed(address, policy, port):
        raise ForbiddenTargetError(reason, host)
    return bool(unusual)


def check_name(scheme: str, host: str, port: int, policy: Policy) -> tuple[bool, bool]:
    """Judge a name before the DNS is asked. Returns whether it may lead to loopback alone, and whether into named networks alone."""
    unusual = why_unusual(scheme, port, policy)
    if policy.loopback and is_under(host, "localhost"):
        return bool(unusual), False
    if not (reason := unusual or why_local(host)):
        return False, False
    if not policy.names_port(port):
        raise ForbiddenTargetError(f"{reason}, and no network is named with this port" if policy.networks else reason, host)
    return False, True


def why_unusual(scheme: str, port: int, policy: Policy) -> str | None:
    """Why the internet is not called like this; None where it is."""
    if scheme == "http":
        return "not https"
    return None if port in policy.ports else "a port that is not allowed"


def why_local(host: str) -> str | None:
    """Why the internet does not know this name; None where it may."""
    if "." not in host:
        return "a name without a dot, which only a local network knows"
    return "a name that only a local network knows" if "_" in host or any(is_under(host, name) for name in LOCAL_NAMES) else None


def read_host(authority: re.Match[str]) -> tuple[str, Address | None]:
    """The host in its one spelling, and its address where it is a literal one.

    Raises:
        ForbiddenTargetError: it has another spelling, or is no name of the DNS.
    """
    try:
        if authority["ipv6"]:
            ipv6 = IPv6Address(authority["ipv6"])
            return ipv6.compressed, ipv6
        name = in_ascii(authority["name"])
        if NUMBER.fullmatch(name.rpartition(".")[2]):
            ipv4 = IPv4Address(name)  # four decimal numbers without leading zeros, and nothing else
            return str(ipv4), ipv4
    except AddressValueError:
        raise ForbiddenTargetError("an IP address in a spelling that is not the usual one") from None
    return name, None


def in_ascii(name: str) -> str:
    """A host name as the DNS has it: lower case, international letters by IDNA 2008, to which look-alikes of digits are no letters."""
    if not name.isascii():
        if any(dot in name for dot in OTHER_DOTS):
            raise ForbiddenTargetError("its host has a full stop that is no dot")
        try:
            name = httpx.URL(scheme="https", host=name, path="/").raw_host.decode("ascii")
        except httpx.InvalidURL:
            raise ForbiddenTargetError("its name is no international domain name (IDNA)") from None
    name = name.lower()
    if len(name) > LONGEST_NAME or not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise ForbiddenTargetError("its host is no name of the DNS")
    return name


def is_under(host: str, name: str) -> bool:
    """Whether `host` is `name` or below it. Both in lower case, as `in_ascii` gives them."""
    return host == name or host.endswith(f".{name}")
