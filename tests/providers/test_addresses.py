"""Which addresses and names may be reached: the table of the threat model, §4."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from providers import Egress, ProviderError
from providers.network import HostInvalid, canonical_host
from providers.network.addresses import allowed_by_rule
from tests.providers.conftest import words

REFUSED = words("""
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200
100.127.255.255 127.0.0.1 127.0.0.2 127.255.255.255 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1
172.20.10.5 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.88.99.2 192.168.0.1
192.168.1.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.5 224.0.0.1 239.255.255.250
240.0.0.1 255.255.255.254 255.255.255.255 168.63.129.16 :: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:192.168.1.1 ::ffff:0.0.0.0
::ffff:100.64.0.1 ::ffff:168.63.129.16 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1
64:ff9b::7f00:1 64:ff9b::10.1.2.3 64:ff9b::169.254.169.254 64:ff9b::192.168.0.1 64:ff9b::168.63.129.16
64:ff9b:1::1 64:ff9b:1::127.0.0.1 64:ff9b:1:ffff::8.8.8.8 100::1 100::ffff 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1 2001:db8::1
2001:db8:ffff::1 2002:7f00:1:: 2002:7f00:0001::1 2002:a00:1:: 2002:c0a8:101:: 2002:808:808:: 3fff::1
3fff:fff::1 5f00::1 5f00:1234::1 fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::a9fe:a9fe
febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff02::fb ff0e::1 fe80::1%eth0 2606:4700::1111%eth0
""")
PUBLIC = words("""
1.1.1.1 8.8.8.8 9.9.9.9 13.107.42.14 20.190.128.1 40.99.4.2 52.96.0.1 64.233.160.1 99.255.255.255
100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 168.63.129.15 168.63.129.17 169.253.255.255
169.255.0.1 172.15.255.255 172.32.0.1 191.255.255.255 192.0.1.1 192.0.3.1 192.167.255.255 192.169.0.1
198.17.255.255 198.20.0.1 203.0.112.255 203.0.114.1 223.255.255.255 2606:4700:4700::1111
2a00:1450:4001:81b::200e 2620:1ec:c11::200 2400:cb00::1 2a01:111:f400::1 2600::1 2001:200::1
2001:4860:4860::8888 2003::1 ::ffff:8.8.8.8 ::ffff:1.1.1.1 64:ff9b::8.8.8.8 64:ff9b::101:101
""")
ENCODED = words("""
127.1 127.0.1 0177.0.0.1 0x7f.0.0.1 0x7f000001 2130706433 017700000001 127.0.0.01 127.000.000.001 0x7f.1
10.1 1.2.3.4.5 256.1.1.1 999 0 08.8.8.8 8.8.8.08 1e1.1 127.0.0.1. [::1 ::1] [127.0.0.1]x
::ffff:127.0.0.1:25
""")


def test_the_table_is_as_large_as_promised() -> None:
    assert len(set(REFUSED) | set(PUBLIC) | set(ENCODED)) >= 120


@pytest.mark.control("C-EGR-1")
@pytest.mark.parametrize("text", REFUSED)
def test_forbidden_address_is_refused(text: str) -> None:
    assert not allowed_by_rule(ipaddress.ip_address(text))
    with pytest.raises(HostInvalid):
        Egress().field_host(text)


@pytest.mark.control("C-EGR-1")
@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_is_accepted(text: str) -> None:
    assert allowed_by_rule(ipaddress.ip_address(text))
    assert Egress().field_host(text)


@pytest.mark.control("C-EGR-1")
@pytest.mark.parametrize("text", ENCODED)
def test_odd_spelling_of_an_address_is_refused_before_any_lookup(text: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Egress(lookup=never_called).check_host(text)
    assert caught.value.code == "address_refused"


LOCAL_NAMES = words("""
localhost LOCALHOST localhost. foo.localhost printer.local mail.internal relay.corp host.lan
mail.home.arpa metadata.google.internal mailhub intranet
""")


@pytest.mark.control("C-EGR-1")
@pytest.mark.parametrize("name", LOCAL_NAMES)
def test_private_name_is_refused_unless_the_operator_lists_something(name: str) -> None:
    with pytest.raises(HostInvalid, match="EGRESS_ALLOW_CIDRS"):
        Egress().field_host(name)
    assert Egress(allow_cidrs=["10.0.0.0/8"]).field_host(name) == name.lower().rstrip(".")


def test_private_name_may_only_lead_to_a_listed_address() -> None:
    rules = Egress(allow_cidrs=["10.0.0.0/8"])
    rules.check_address("10.1.2.3", host="mailhub")
    with pytest.raises(ProviderError):
        rules.check_address("8.8.8.8", host="mailhub")


def test_operator_lists_an_address_for_both_spellings() -> None:
    rules = Egress(allow_cidrs=["192.168.5.0/24"])
    assert rules.allows("192.168.5.9")
    assert rules.allows("::ffff:192.168.5.9")
    assert not rules.allows("192.168.6.9")


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("smtp.Example.COM", "smtp.example.com"),
        (" smtp.example.com \n", "smtp.example.com"),
        ("smtp.example.com.", "smtp.example.com"),
        ("smtp.bücher.example", "smtp.xn--bcher-kva.example"),
        ("ｓｍｔｐ.example.com", "smtp.example.com"),
        ("smtp。example。com", "smtp.example.com"),
        ("8.8.8.8", "8.8.8.8"),
        ("[2606:4700:4700::1111]", "2606:4700:4700::1111"),
        ("2606:4700:4700:0:0:0:0:1111", "2606:4700:4700::1111"),
        ("_smtp.example.com", "_smtp.example.com"),
    ],
)
def test_host_is_brought_into_its_one_form(typed: Any, host: str) -> None:
    assert canonical_host(typed) == host


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Enter the host"),
        ("https://smtp.example.com", "without smtp://"),
        ("smtp://smtp.example.com", "without smtp://"),
        ("smtp.example.com/path", "without blanks, path"),
        ("smtp.example.com:587", "port has a field"),
        ("user@smtp.example.com", "without blanks, path or user"),
        ("smtp example.com", "without blanks"),
        ("smtp.example.com\\x", "without blanks"),
        ("smtp%2eexample.com", "without blanks"),
        ("smtp..example.com", "letters, digits"),
        ("-smtp.example.com", "letters, digits"),
        ("smtp.example.com..", "letters, digits"),
        ("a" * 64 + ".com", "letters, digits"),
        ("１２７.０.０.１", "plain digits"),
        ("smtp\x00.example.com", "without blanks"),
        ("☃.example", "not a host name"),
    ],
)
def test_wrong_host_gets_a_sentence_with_the_fix(typed: Any, says: str) -> None:
    with pytest.raises(HostInvalid, match=says):
        canonical_host(typed)


def never_called(host: str, port: int, seconds: float) -> tuple[str, ...]:
    raise AssertionError(f"{host} was looked up")
