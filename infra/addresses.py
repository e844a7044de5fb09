"""Which addresses a delivery may be sent to: what is special in the registries of the internet is not dialled.

The table is our own, for `ipaddress.is_global` depends on the Python that runs it and calls several special ranges
global (6to4 relays, NAT64, 192.0.0.8, multicast, 2002::/16, 3fff::/20).
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Unfit = Literal[
    "length", "malformed", "scheme", "user_info", "no_host", "zone_id", "literal_address", "local_name", "port"
]

SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; Linux answers for 0.0.0.0 as for itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared behind a carrier's translation; some clouds keep their metadata in it
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's inner services: public by the registry, by the wire the host beneath
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112, which any network may answer for itself
        "192.52.193.0/24",  # multicast tunnels, likewise
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
UNICAST_V6 = IPv6Network("2000::/3")  # all else is loopback, local, multicast, translated or not given out
SPECIAL_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which wraps any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

DATABASES = frozenset((1433, 1521, 2049, 2375, 2379, 3306, 3389, 5432, 5672, 6379, 9042, 11211, 27017))
PORTS: Container[int] = frozenset((443, *range(1024, 65_536))) - DATABASES
PLAIN_PORT = 80
SECURE_PORT = 443

LONGEST_URL = 2_048
LONGEST_NAME = 253
PRINTED = re.compile(r"[!-\[\]-~]+")  # ASCII without blanks and without the backslash, which readers take differently
WHOLE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*)(?:[/?#].*)?|.*)")
AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
NAME = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label like this makes the whole name an address to most readers
LOCAL = frozenset(("localhost", "local", "internal", "arpa"))


def public(address: Address | str) -> bool:
    """Whether anybody on the internet would reach the same machine by it; what is no address is not public."""
    found = _plain(address)
    if found is None:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in SPECIAL_V4)
    return found in UNICAST_V6 and not any(found in network for network in SPECIAL_V6)


@dataclass(frozen=True)
class Reach:
    """How far deliveries go: public addresses and the networks that the operator allows beside them."""

    allowed: tuple[Network, ...] = ()
    ports: Container[int] = PORTS
    plain_http: bool = False

    def may_dial(self, address: Address | str, port: int) -> bool:
        """Asked about the very address that a socket is opened for, never about a name."""
        return self._port_allowed(port) and (self._inside(address) or public(address))

    def check_url(self, url: str) -> Unfit | None:
        """Why nobody may subscribe with this URL, in a stable word; what its name stands for is asked at each dial."""
        if len(url) > LONGEST_URL:
            return "length"
        whole = WHOLE.fullmatch(url) if PRINTED.fullmatch(url) else None
        if whole is None:
            return "malformed"
        scheme = whole[1].lower()
        if scheme != "https" and not (self.plain_http and scheme == "http"):
            return "scheme"
        return self._check_authority(whole[2] or "", PLAIN_PORT if scheme == "http" else SECURE_PORT)

    def _check_authority(self, authority: str, default: int) -> Unfit | None:
        if "@" in authority:
            return "user_info"
        parts = AUTHORITY.fullmatch(authority)
        if parts is None:
            return "malformed"
        refused = self._check_host(parts[1].lower().removesuffix("."))
        if refused:
            return refused
        return None if self._port_allowed(int(parts[2] or default)) else "port"

    def _check_host(self, host: str) -> Unfit | None:
        if not host:
            return "no_host"
        if host.startswith("["):
            return "zone_id" if "%" in host else self._check_literal(host[1:-1])
        if len(host) > LONGEST_NAME or not NAME.fullmatch(host):
            return "malformed"
        last = host.rpartition(".")[2]
        if NUMBER.fullmatch(last):
            return self._check_literal(host)
        if not self.allowed and (last == host or last in LOCAL):
            return "local_name"
        return None

    def _check_literal(self, host: str) -> Unfit | None:
        return None if self._inside(host) else "literal_address"

    def _inside(self, address: Address | str) -> bool:
        found = _plain(address)
        return found is not None and any(found in network for network in self.allowed)

    def _port_allowed(self, port: int) -> bool:
        return port in self.ports or (self.plain_http and port == PLAIN_PORT)


def _plain(address: Address | str) -> Address | None:
    """An IPv4 address that is written as IPv6 is the IPv4 address; one with a zone is none that we know."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    return None if found.scope_id is not None else found.ipv4_mapped or found
