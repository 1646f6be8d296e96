"""Every Microsoft cloud keeps to its own hosts: sign-in page, tokens, account, scopes and mail."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import (
    CLOUDS,
    Egress,
    MemoryTokenStore,
    ProviderError,
    SecretText,
    SettingsInvalid,
    Token,
    provider,
)
from providers.access_url import parse_access_url
from providers.consent import Account
from providers.consent_identity import as_graph_says
from providers.network import HttpClient
from providers.tokens import MicrosoftApp, MicrosoftClient
from tests.providers.conftest import CLIENT, SECRET, TENANT, context_of

CALLBACK = "https://mail.example.com/oauth/microsoft/callback/"
# WPM-46: sign-in page and tokens, Graph, resource of SMTP.SendAsApp, of SMTP.Send, and the mail server.
HOSTS = {
    "worldwide": (
        "login.microsoftonline.com",
        "graph.microsoft.com",
        "https://outlook.office365.com",
        "https://outlook.office.com",
        "smtp.office365.com",
    ),
    "us_government": (
        "login.microsoftonline.us",
        "graph.microsoft.us",
        "https://outlook.office365.us",
        "https://outlook.office365.us",
        "smtp.office365.us",
    ),
    "us_defense": (
        "login.microsoftonline.us",
        "dod-graph.microsoft.us",
        "https://outlook-dod.office365.us",
        "https://outlook-dod.office365.us",
        "outlook-dod.office365.us",
    ),
    "china": (
        "login.partner.microsoftonline.cn",
        "microsoftgraph.chinacloudapi.cn",
        "https://partner.outlook.cn",
        "https://partner.outlook.cn",
        "smtp.partner.outlook.cn",
    ),
}
WORLD = set(HOSTS["worldwide"]) | {"login.windows.net"}
NONE = SecretText("")
APART = [(one, two) for one in HOSTS for two in HOSTS if HOSTS[one][0] != HOSTS[two][0]]
APP = {"client_id": CLIENT, "client_secret": SECRET}


class Names:
    """A resolver that finds nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, host: str, port: int, seconds: float) -> tuple[str, ...]:  # noqa: ARG002 - a resolver's
        """Find nothing."""
        self.asked.append(host)
        return ()


def asked_for(key: str, settings: Any, *, token: Token | None = None) -> list[str]:
    """The names a provider looks up when it is opened; with a good token they are those of the mail."""
    names, tokens = Names(), MemoryTokenStore()
    if token is not None:
        tokens.put("key", token)
    with pytest.raises(ProviderError, match="dns_not_found"):
        provider(key).open(settings, context_of(Egress(lookup=names.find), tokens=tokens))
    return names.asked


def good() -> Token:
    return Token(SecretText("good"), time.time() + 3000, refresh=SecretText("refresh"))


def ended() -> Token:
    return Token(SecretText(""), 0.0, refresh=SecretText("refresh"))


def test_every_cloud_has_its_line() -> None:
    assert [cloud.key for cloud in CLOUDS] == list(HOSTS)


@pytest.mark.feature("WPM-46")
@pytest.mark.parametrize("cloud", HOSTS)
def test_all_five_addresses_of_a_connected_account_change_with_the_cloud(cloud: str) -> None:
    login, graph, _, consent, mail = HOSTS[cloud]
    account = provider("microsoft_account")
    assert account.consent is not None
    for method, resource in (("smtp", consent), ("graph", f"https://{graph}")):
        values = {**APP, "sender_email": "a@contoso.com", "cloud": cloud, "method": method}
        settings = account.parse(values, Egress())
        start = account.consent.begin(settings, redirect_uri=CALLBACK, state="s", egress=Egress())
        page, query = urlsplit(start.url), parse_qs(urlsplit(start.url).query)
        # 1 sign-in page, 2 scopes, 3 tokens
        assert (page.netloc, page.path) == (login, "/common/oauth2/v2.0/authorize")
        asked = [scope for scope in query["scope"][0].split() if "://" in scope]
        assert asked
        assert {scope.rpartition("/")[0] for scope in asked} == {resource}
        assert asked_for("microsoft_account", settings, token=ended()) == [login]
        # 5 mail
        told = asked_for("microsoft_account", settings, token=good())
        assert told == [mail if method == "smtp" else graph]
        assert urlsplit(account.consent.admin_consent_url(settings)).netloc == login
        if cloud != "worldwide":
            assert not WORLD & {login, resource, *told}
    # 4 account details
    names = Names()
    http = HttpClient(Egress(lookup=names.find), context_of(Egress()).trace)
    nobody = Account(name="", email="", subject="", tenant="")
    assert as_graph_says(nobody, good(), graph, http) == nobody
    assert names.asked == [graph]


@pytest.mark.feature("WPM-46")
@pytest.mark.feature("COG-51")
@pytest.mark.parametrize("cloud", HOSTS)
@pytest.mark.parametrize("tenant", [TENANT, "contoso.com"])
def test_bare_tenant_is_one_of_the_chosen_cloud(cloud: str, tenant: str) -> None:
    login, _, resource, _, mail = HOSTS[cloud]
    values = {**APP, "username": "a@contoso.com", "cloud": cloud, "access_url": tenant}
    settings: Any = provider("microsoft365_smtp").parse(values, Egress())
    assert settings.access_url == f"https://{login}/{tenant}/oauth2/v2.0/token"
    assert (settings.cloud, settings.host, settings.port) == (cloud, mail, 587)
    assert asked_for("microsoft365_smtp", settings) == [login]
    assert asked_for("microsoft365_smtp", settings, token=good()) == [mail]
    again = provider("microsoft365_smtp").parse({**values, "access_url": settings.access_url}, Egress())
    assert again == settings
    source = MicrosoftApp(
        MicrosoftClient(parse_access_url(settings.access_url, Egress(), cloud=cloud), "", NONE)
    )
    assert (source.scope, replace(source, resource="outlook").scope) == (
        f"https://{HOSTS[cloud][1]}/.default",
        f"{resource}/.default",
    )


@pytest.mark.control("C-EGR-4")
@pytest.mark.parametrize("key", ["microsoft365_smtp", "microsoft_account"])
@pytest.mark.parametrize(("cloud", "other"), APART)
def test_host_of_another_cloud_gets_neither_secret_nor_token(key: str, cloud: str, other: str) -> None:
    values: dict[str, Any] = {**APP, "cloud": cloud, "username": "a@contoso.com", "access_url": TENANT}
    with pytest.raises(SettingsInvalid) as caught:
        provider(key).parse({**values, "host": HOSTS[other][4]}, Egress())
    assert set(caught.value.errors) == {"host"}
    if key == "microsoft365_smtp":
        address = f"https://{HOSTS[other][0]}/{TENANT}/oauth2/v2.0/token"
        with pytest.raises(SettingsInvalid, match="another cloud"):
            provider(key).parse({**values, "access_url": address}, Egress())


@pytest.mark.feature("WPM-46")
@pytest.mark.parametrize("cloud", HOSTS)
def test_graph_of_an_app_is_the_one_of_the_chosen_cloud(cloud: str) -> None:
    login, graph, *_ = HOSTS[cloud]
    address = f"https://{login}/{TENANT}/oauth2/v2.0/token"
    values = {**APP, "sender_email": "a@contoso.com", "cloud": cloud}
    for typed in (TENANT, address):
        settings = provider("graph").parse({**values, "access_url": typed}, Egress())
        assert asked_for("graph", settings) == [login]
        assert asked_for("graph", settings, token=good()) == [graph]
        assert provider("graph").destination(settings)[-1] == cloud


def test_cloud_left_open_is_the_one_of_the_address() -> None:
    values = {**APP, "username": "a@contoso.com", "cloud": ""}
    for cloud in ("worldwide", "us_government", "china"):
        address = f"https://{HOSTS[cloud][0]}/{TENANT}/oauth2/v2.0/token"
        settings: Any = provider("microsoft365_smtp").parse({**values, "access_url": address}, Egress())
        assert (settings.cloud, settings.host) == (cloud, HOSTS[cloud][4])


def test_defense_shares_the_sign_in_host_and_nothing_else() -> None:
    address = f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"
    values = {**APP, "username": "a@contoso.com", "access_url": address}
    made = {
        cloud: provider("microsoft365_smtp").parse({**values, "cloud": cloud}, Egress())
        for cloud in ("us_government", "us_defense")
    }
    assert len({provider("microsoft365_smtp").destination(one) for one in made.values()}) == 2
    assert {one.host for one in made.values()} == {HOSTS[one][4] for one in made}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cloud": "mars"}, "cloud"),
        ({"cloud": "us_government", "tenant": "consumers"}, "tenant"),
        ({"tenant": "contoso"}, "tenant"),
        ({"tenant": "your-tenant-id"}, "tenant"),
        ({"tenant": "login.microsoftonline.com/x"}, "tenant"),
        ({"client_id": "not-an-id"}, "client_id"),
        ({"client_secret": "short…ned"}, "client_secret"),
    ],
)
def test_wrong_values_of_a_microsoft_account_are_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        provider("microsoft_account").parse({**APP, **values}, Egress())
    assert set(caught.value.errors) == {field}
