"""The Access URL of any server: Google's, Microsoft's, a listed one, and nothing that looks like one."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

from typing import Any

import pytest

from providers import Egress, ProviderError, SettingsInvalid, Trace, provider
from providers.network import HttpClient
from providers.token_url import GOOGLE_DEFAULT, GOOGLE_TOKEN_URLS, parse_token_url
from tests.providers.conftest import TENANT, words
from tests.providers.test_access_url import LOOK_ALIKES as MICROSOFT_LOOK_ALIKES
from tests.providers.test_access_url import TOKEN
from tests.providers.test_contract import VALID

OWN = Egress(oauth_allow_hosts=("id.example.com", "id.example.org:8443"))
PATH = "/o/oauth2/token"
LOOK_ALIKES = [
    *(
        f"https://{host}{PATH}"
        for host in words("""
        accounts.google.com.evil.example evil-accounts.google.com accounts.google.com-evil.example
        accounts.google.co accounts.google.cm accounts.google.net accounts.google.de accounts.googIe.com
        accounts.g00gle.com accountsgoogle.com accounts-google.com accounts.google.com. .accounts.google.com
        accounts..google.com google.com www.google.com www.accounts.google.com accounts.google.com.us
        mail.google.com oauth2.googleapis.com.evil.example oauth2.googleapis.co 0auth2.googleapis.com
        googleapis.com storage.googleapis.com evil.googleapis.com xn--accounts-google.com
        accounts.google.com%2eevil.example accounts%2egoogle.com accounts.google.com%00.evil.example
        127.0.0.1 localhost 169.254.169.254 metadata.google.internal [::1] 2130706433 0x7f000001
        id.example.com.evil.example evil-id.example.com id.example.co sub.id.example.com
        id.example.org id.example.com:8443 id.example.org:443
        """)
    ),
    f"http://accounts.google.com{PATH}",
    f"ftp://accounts.google.com{PATH}",
    f"//accounts.google.com{PATH}",
    f"https:/accounts.google.com{PATH}",
    f"https:accounts.google.com{PATH}",
    f"https:///accounts.google.com{PATH}",
    f"https://user@accounts.google.com{PATH}",
    f"https://user:pass@accounts.google.com{PATH}",
    f"https://accounts.google.com@evil.example{PATH}",
    f"https://accounts.google.com\\@evil.example{PATH}",
    f"https://evil.example\\accounts.google.com{PATH}",
    f"https://evil.example/accounts.google.com{PATH}",
    f"https://evil.example?accounts.google.com{PATH}",
    f"https://evil.example#accounts.google.com{PATH}",
    f"https://accounts.google.com:8443{PATH}",
    f"https://accounts.google.com:80{PATH}",
    f"https://accounts.google.com{PATH}?x=1",
    f"https://accounts.google.com{PATH}#x",
    f"https://ａccounts.google.com{PATH}",
    f"https://accounts。google。com{PATH}",
    f"https://accounts.googlе.com{PATH}",
    f"https://accounts.google\u00ad.com{PATH}",
    f"https://accounts.google.com\u200b{PATH}",
    f"https://accounts.google.com\t.evil.example{PATH}",
    f"https://accounts.google.com\n.evil.example{PATH}",
    "https://accounts.google.com/",
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://accounts.google.com/o/oauth2/token/../revoke",
    "https://www.googleapis.com/upload/storage",
    "https://oauth2.googleapis.com/revoke",
    "https://id.example.com/../evil",
    "https://id.example.com//token",
    "https://id.example.com",
    "accounts.google.com",
    "id.example.com",
]


def test_the_list_is_as_long_as_promised() -> None:
    assert len(set(LOOK_ALIKES)) >= 60


@pytest.mark.control("C-EGR-4")
@pytest.mark.feature("COG-13")
@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_look_alike_gets_no_secret(typed: Any) -> None:
    with pytest.raises(ValueError, match=r"^\S.{20,}"):
        parse_token_url(typed, OWN)


@pytest.mark.control("C-EGR-4")
@pytest.mark.feature("COG-13")
@pytest.mark.parametrize("key", ["graph", "microsoft365_smtp", "oauth_smtp"])
def test_every_provider_refuses_every_look_alike_in_its_access_url(key: str) -> None:
    # For Google and generic servers an empty Access URL is Google's.
    typed = [one for one in {*LOOK_ALIKES, *MICROSOFT_LOOK_ALIKES} if one or key != "oauth_smtp"]
    assert len(typed) >= 120
    for one in typed:
        with pytest.raises(SettingsInvalid) as caught:
            provider(key).parse({**VALID[key], "access_url": one}, OWN)
        assert set(caught.value.errors) == {"access_url"}, one


@pytest.mark.control("C-EGR-4")
def test_a_tenant_is_no_place_for_an_address() -> None:
    for one in {*LOOK_ALIKES, *MICROSOFT_LOOK_ALIKES} - {""}:
        with pytest.raises(SettingsInvalid) as caught:
            provider("microsoft_account").parse({**VALID["microsoft_account"], "tenant": one}, OWN)
        assert "tenant" in caught.value.errors, one


@pytest.mark.feature("COG-13")
@pytest.mark.feature("COG-24")
@pytest.mark.parametrize(
    ("typed", "url"),
    [
        *((one, one) for one in GOOGLE_TOKEN_URLS),
        (f" {GOOGLE_DEFAULT} ", GOOGLE_DEFAULT),
        ("HTTPS://ACCOUNTS.GOOGLE.COM:443/o/oauth2/token", GOOGLE_DEFAULT),
        ("https://id.example.com/oauth2/token", "https://id.example.com/oauth2/token"),
        ("https://ID.example.com:443/oauth2/token", "https://id.example.com/oauth2/token"),
        ("https://id.example.org:8443/t/a-b_c~1", "https://id.example.org:8443/t/a-b_c~1"),
        (TOKEN, TOKEN),
        (TOKEN.removesuffix("/oauth2/v2.0/token"), TOKEN),
        (TOKEN.removesuffix("/oauth2/v2.0/token") + "/", TOKEN),
        (TOKEN.replace("v2.0/", ""), None),
        (TOKEN.replace(TENANT, "common"), None),
    ],
)
def test_token_endpoint_is_brought_into_its_one_form(typed: str, url: str | None) -> None:
    if url is None:
        with pytest.raises(ValueError, match=r"[A-Z“]"):
            parse_token_url(typed, OWN)
    else:
        assert parse_token_url(typed, OWN).url == url


def test_people_may_come_from_microsofts_common_sign_in() -> None:
    common = TOKEN.replace(TENANT, "common")
    assert parse_token_url(common, OWN, shared=True).url == common


@pytest.mark.control("C-EGR-4")
def test_the_wire_itself_refuses_hosts_that_nobody_listed() -> None:
    asked: list[str] = []

    def find(host: str, port: int, seconds: float) -> tuple[str, ...]:
        asked.append(host)
        return ()

    egress = Egress(lookup=find, oauth_allow_hosts=("id.example.com",))
    http = HttpClient(egress, Trace())
    refused = [
        "evil.example",
        "accounts.google.com.evil.example",
        "login.microsoftonline.com.evil.example",
        "login.microsoftonline.com:8443",
        "id.example.com:8443",
        "storage.googleapis.com",
        "127.0.0.1",
    ]
    for host in refused:
        with pytest.raises(ProviderError) as caught:
            http.request("POST", host, "/token", headers={}, body=b"secret", seconds=1)
        assert caught.value.code == "address_refused"
    assert asked == []
    for host in ("id.example.com", "accounts.google.com", "login.microsoftonline.us"):
        with pytest.raises(ProviderError, match="dns_not_found"):
            http.request("POST", host, "/token", headers={}, seconds=1)
    assert asked == ["id.example.com", "accounts.google.com", "login.microsoftonline.us"]


def test_app_id_of_microsoft_is_not_asked_of_generic_clients() -> None:
    values = {**VALID["oauth_smtp"], "client_id": "Some-Client.Apps"}
    settings: Any = provider("oauth_smtp").parse(values, Egress())
    assert settings.client_id == "Some-Client.Apps"
