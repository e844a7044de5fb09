"""What may be dialled: the registries' special ranges to their edges, and every way of writing an address."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from infra.addresses import LONGEST_URL, SPECIAL_V4, SPECIAL_V6, UNICAST_V6, Network, Reach, public

OURS = ip_network("10.20.0.0/16")
PRIVATE = Reach(allowed=(OURS, ip_network("fd12::/16")), plain_http=True)
SPECIAL = (
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.1.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%eth0",
    "fe80::1%1",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "128.0.0.0",
    "168.63.129.15",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
)


@pytest.mark.parametrize("address", SPECIAL)
def test_what_is_special_is_not_public(address: str) -> None:
    assert not public(address)
    assert not Reach().may_dial(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anybody_reaches_is_public(address: str) -> None:
    assert public(address)
    assert Reach().may_dial(address, 443)


def test_a_table_of_our_own_is_needed() -> None:
    """The day this fails, every Python that we run on knows what the registries say."""
    assert [one for one in SPECIAL if ip_address(one).is_global]


@pytest.mark.parametrize(
    "word", ["", "localhost", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.01", "１.1.1.1"]
)
def test_what_is_no_address_is_not_dialled(word: str) -> None:
    assert not public(word)
    assert not Reach(allowed=(ip_network("0.0.0.0/0"),)).may_dial(word, 443)


@given(st.sampled_from(SPECIAL_V4), st.data())
def test_a_special_range_is_special_to_its_edges(network: Network, data: st.DataObject) -> None:
    first, last = int(network[0]), int(network[-1])
    drawn = data.draw(st.sampled_from((first, last)) | st.integers(first, last))
    assert not public(IPv4Address(drawn))
    assert not public(IPv6Address(f"::ffff:{IPv4Address(drawn)}"))
    for beside in (first - 1, last + 1):
        if 0 <= beside < 2**32:
            address = IPv4Address(beside)
            assert public(address) == (not any(address in one for one in SPECIAL_V4))


@given(st.integers(0, 2**128 - 1))
@example(int(UNICAST_V6[0]))
@example(int(UNICAST_V6[-1]))
@example(int(UNICAST_V6[0]) - 1)
@example(int(UNICAST_V6[-1]) + 1)
def test_of_ipv6_only_global_unicast_is_public(number: int) -> None:
    address = IPv6Address(number)
    if public(address):
        mapped = number >> 32 == 0xFFFF
        assert mapped or number >> 125 == 0b001


@given(st.sampled_from(SPECIAL_V6), st.data())
def test_a_special_range_of_ipv6_is_special_to_its_edges(network: IPv6Network, data: st.DataObject) -> None:
    first, last = int(network[0]), int(network[-1])
    assert not public(IPv6Address(data.draw(st.sampled_from((first, last)) | st.integers(first, last))))
    for beside in (IPv6Address(first - 1), IPv6Address(last + 1)):
        assert public(beside) == (beside in UNICAST_V6 and not any(beside in one for one in SPECIAL_V6))


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: IPv4Address | IPv6Address) -> None:
    if public(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(), st.integers(0, 65_535))
def test_no_address_is_dialled_at_a_port_that_is_not_opened(address: IPv4Address | IPv6Address, port: int) -> None:
    everywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert Reach(allowed=everywhere, ports=(443,)).may_dial(address, port) == (port == 443)


def test_what_the_operator_allows_is_dialled_and_nothing_beside_it() -> None:
    assert PRIVATE.may_dial("10.20.3.4", 8080)
    assert PRIVATE.may_dial("::ffff:10.20.3.4", 8080)
    assert PRIVATE.may_dial("fd12::1", 80)
    assert not PRIVATE.may_dial("10.21.0.0", 8080)
    assert not PRIVATE.may_dial("127.0.0.1", 8080)


@pytest.mark.parametrize("port", [0, 22, 25, 80, 444, 1023, 5432, 6379, 65_536])
def test_ports_of_other_services_are_not_dialled(port: int) -> None:
    assert not Reach().may_dial("1.1.1.1", port)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com/",
        "HTTPS://Hooks.Example.COM:8443/a/b?token=x#y",
        "https://hooks.example.com./x",
        "https://xn--bcher-kva.example/hook",
        "https://a_b.example.com/%2e%2e/@here:1",
        "https://1.example",
    ],
)
def test_an_ordinary_url_is_taken(url: str) -> None:
    assert Reach().check_url(url) is None


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "malformed"),
        ("hooks.example.com", "malformed"),
        ("//hooks.example.com", "malformed"),
        ("https://hooks.example.com/ a", "malformed"),
        ("https://hooks.example.com/\r\nhost: x", "malformed"),
        ("https://hooks.example.com\\@127.0.0.1/", "malformed"),
        ("https://hooks.example.com/\x00", "malformed"),
        ("https://bücher.example/", "malformed"),
        ("https://127。0。0。1/", "malformed"),
        ("https://１２７.0.0.1/", "malformed"),
        ("https://ⓔxample.com/", "malformed"),
        ("https://127%2e0%2e0%2e1/", "malformed"),
        ("https://hooks..example.com/", "malformed"),
        ("https://-hooks.example.com/", "malformed"),
        (f"https://{'a' * 64}.example/", "malformed"),
        (f"https://{'a.' * 127}example/", "malformed"),
        ("https://hooks.example.com:/", "malformed"),
        ("https://hooks.example.com:443:443/", "malformed"),
        ("https://[::1/", "malformed"),
        (f"https://hooks.example.com/{'a' * LONGEST_URL}", "length"),
        ("http://hooks.example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://hooks.example.com/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("https://user:pw@hooks.example.com/", "user_info"),
        ("https://@hooks.example.com/", "user_info"),
        ("https://1.1.1.1@hooks.example.com/", "user_info"),
        ("https:", "no_host"),
        ("https://", "no_host"),
        ("https:///path", "no_host"),
        ("https:hooks.example.com", "no_host"),
        ("https://:443/", "no_host"),
        ("https://./", "no_host"),
        ("https://[fe80::1%25eth0]/", "zone_id"),
        ("https://[2606:4700::1111%1]/", "zone_id"),
        ("https://1.1.1.1/", "literal_address"),
        ("https://1.1.1.1./", "literal_address"),
        ("https://127.0.0.1/", "literal_address"),
        ("https://2130706433/", "literal_address"),
        ("https://0x7f.1/", "literal_address"),
        ("https://0x7f000001/", "literal_address"),
        ("https://0X7F.0.0.1/", "literal_address"),
        ("https://127.1/", "literal_address"),
        ("https://0177.0.0.1/", "literal_address"),
        ("https://hooks.example.0x1/", "literal_address"),
        ("https://[::1]/", "literal_address"),
        ("https://[::ffff:127.0.0.1]/", "literal_address"),
        ("https://[64:ff9b::7f00:1]/", "literal_address"),
        ("https://[v1.x]/", "literal_address"),
        ("https://[]/", "literal_address"),
        ("https://localhost/", "local_name"),
        ("https://intranet/", "local_name"),
        ("https://api.localhost/", "local_name"),
        ("https://metadata.google.internal/", "local_name"),
        ("https://hooks.example.com:0/", "port"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:80/", "port"),
        ("https://hooks.example.com:5432/", "port"),
        ("https://hooks.example.com:65536/", "port"),
    ],
)
def test_what_is_no_receiver_is_refused_with_a_stable_word(url: str, word: str) -> None:
    assert Reach().check_url(url) == word


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://receiver:8080/hook", None),
        ("http://receiver/hook", None),
        ("http://10.20.0.1:9000/", None),
        ("https://[fd12::9]/", None),
        ("https://[::ffff:10.20.0.1]/", None),
        ("http://10.21.0.1/", "literal_address"),
        ("http://169.254.169.254/", "literal_address"),
        ("ftp://receiver/", "scheme"),
    ],
)
def test_an_operator_opens_his_own_networks(url: str, word: str | None) -> None:
    assert PRIVATE.check_url(url) == word


URLS = st.text(st.sampled_from("htps:/@[]%.-_0x127fae?#\\ é。\n"), max_size=40).map("https://".__add__) | st.text()


@given(URLS | st.from_regex(r"https?://[a-z0-9.\-:@\[\]%/\\?#]{0,40}", fullmatch=True))
def test_whoever_dials_reads_the_same_host_and_port_out_of_a_url_that_is_taken(url: str) -> None:
    """Else a URL would be checked for one host and dialled at another."""
    reach = Reach(plain_http=True)
    if reach.check_url(url) is None:
        read = URL(url)
        authority = re.split("[/?#]", url.split("://", 1)[1], maxsplit=1)[0]
        host, _, port = authority.partition(":")
        assert (read.raw_host, read.explicit_port) == (host.lower(), int(port) if port else None)
        assert read.user is None
        assert read.password is None
        assert read.scheme in {"http", "https"}
