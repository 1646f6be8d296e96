"""The Access URL: what is accepted, what it becomes, and what may never get the secret."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

from typing import Any

import pytest

from providers import Egress, SettingsInvalid, provider
from providers.access_url import parse_access_url
from tests.providers.conftest import CLIENT, SECRET, TENANT, words

WORLD = "https://login.microsoftonline.com"
TOKEN = f"{WORLD}/{TENANT}/oauth2/v2.0/token"


@pytest.mark.feature("CIR-19")
@pytest.mark.parametrize(
    ("typed", "url"),
    [
        (TOKEN, TOKEN),
        (f"  {TOKEN}/ \n", TOKEN),
        (TOKEN.upper().replace("HTTPS", "https"), TOKEN),
        (TOKEN.replace("https", "HTTPS"), TOKEN),
        (TOKEN.replace(".com/", ".com:443/"), TOKEN),
        (f"{WORLD}/{TENANT}", TOKEN),
        (f"{WORLD}/{TENANT}/", TOKEN),
        (f"{WORLD}/{TENANT}/v2.0", TOKEN),
        (f"{WORLD}/{TENANT}/v2.0/.well-known/openid-configuration", TOKEN),
        (f"https://login.windows.net/{TENANT}/oauth2/v2.0/token", TOKEN),
        (f"https://login.microsoft.com/{TENANT}/oauth2/v2.0/token", TOKEN),
        (f"https://sts.windows.net/{TENANT}/", TOKEN),
        (TENANT, TOKEN),
        (TENANT.upper(), TOKEN),
        ("contoso.com", f"{WORLD}/contoso.com/oauth2/v2.0/token"),
        ("Contoso.onmicrosoft.com", f"{WORLD}/contoso.onmicrosoft.com/oauth2/v2.0/token"),
        (f"{WORLD}/contoso.com/oauth2/v2.0/token", f"{WORLD}/contoso.com/oauth2/v2.0/token"),
        (
            f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token",
            f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token",
        ),
        (
            f"https://login.chinacloudapi.cn/{TENANT}/oauth2/v2.0/token",
            f"https://login.partner.microsoftonline.cn/{TENANT}/oauth2/v2.0/token",
        ),
    ],
)
def test_access_url_is_brought_into_its_one_form(typed: Any, url: str) -> None:
    assert parse_access_url(typed, Egress()).url == url


PATH = f"/{TENANT}/oauth2/v2.0/token"
LOOK_ALIKES = [
    *(
        f"https://{host}{PATH}"
        for host in words("""
        login.microsoftonline.com.evil.example evil-login.microsoftonline.com
        login.microsoftonline.com-evil.example login.microsoftonline.co login.microsoftonline.cm
        login.microsoftonline.net login.microsoftonIine.com login.rnicrosoftonline.com
        login.microsoft0nline.com loginmicrosoftonline.com login-microsoftonline.com
        login.microsoftonline.com. .login.microsoftonline.com login..microsoftonline.com
        microsoftonline.com www.login.microsoftonline.com login.microsoftonline.com.us
        login.microsoftonline.us.com login.microsoftonline.ru login.microsoftonline.eu
        graph.microsoft.com login.live.com accounts.google.com 127.0.0.1 localhost 169.254.169.254 [::1]
        2130706433 0x7f000001 login.windows.net.evil.example sts.windows.net.example
        xn--login-microsoftonline.com login.microsoftonline.com%2eevil.example
        login%2emicrosoftonline.com login.microsoftonline.com%00.evil.example
        """)
    ),
    f"http://login.microsoftonline.com{PATH}",
    f"HTTP://login.microsoftonline.com{PATH}",
    f"ftp://login.microsoftonline.com{PATH}",
    f"javascript://login.microsoftonline.com{PATH}",
    f"//login.microsoftonline.com{PATH}",
    f"https:/login.microsoftonline.com{PATH}",
    f"https:login.microsoftonline.com{PATH}",
    f"https:///login.microsoftonline.com{PATH}",
    f"https://user@login.microsoftonline.com{PATH}",
    f"https://user:pass@login.microsoftonline.com{PATH}",
    f"https://login.microsoftonline.com@evil.example{PATH}",
    f"https://login.microsoftonline.com:pass@evil.example{PATH}",
    f"https://login.microsoftonline.com\\@evil.example{PATH}",
    f"https://evil.example\\login.microsoftonline.com{PATH}",
    f"https://login.microsoftonline.com\\.evil.example{PATH}",
    f"https://evil.example/login.microsoftonline.com{PATH}",
    f"https://evil.example?login.microsoftonline.com{PATH}",
    f"https://evil.example#login.microsoftonline.com{PATH}",
    f"https://login.microsoftonline.com:8443{PATH}",
    f"https://login.microsoftonline.com:80{PATH}",
    f"https://login.microsoftonline.com:0443{PATH}",
    f"https://login.microsoftonline.com:{PATH}",
    f"https://login.microsoftonline.com:443:443{PATH}",
    f"https://login.microsoftonline.com{PATH}?x=1",
    f"https://login.microsoftonline.com{PATH}#x",
    f"https://ｌogin.microsoftonline.com{PATH}",
    f"https://login。microsoftonline。com{PATH}",
    f"https://logın.microsoftonline.com{PATH}",
    f"https://login.micrоsoftonline.com{PATH}",
    f"https://login.microsoftonline.cоm{PATH}",
    f"https://login.microsoftonline\u2024com{PATH}",
    f"https://login.microsoft\u00adonline.com{PATH}",
    f"https://login.microsoftonline.com\u200b{PATH}",
    f"https://login .microsoftonline.com{PATH}",
    f"https://login.microsoftonline.com\t.evil.example{PATH}",
    f"https://login.microsoftonline.com\n.evil.example{PATH}",
    f"{WORLD}/{TENANT}/../evil/oauth2/v2.0/token",
    f"{WORLD}/..%2f{TENANT}/oauth2/v2.0/token",
    f"{WORLD}//{TENANT}/oauth2/v2.0/token",
    f"{WORLD}/{TENANT}//oauth2/v2.0/token",
    f"{WORLD}/{TENANT}/oauth2/v2.0/token/extra",
    f"{WORLD}/{TENANT}/oauth2/v2.0/token//",
    f"{WORLD}/{TENANT}/oauth2/v2.0",
    f"{WORLD}/{TENANT}/oauth2/v3.0/token",
    f"{WORLD}/",
    WORLD,
    "login.microsoftonline.com",
    "login.microsoftonline.com.evil.example",
    "login.evil.example",
    "",
]


def test_the_list_of_look_alikes_is_as_long_as_promised() -> None:
    assert len(set(LOOK_ALIKES)) >= 60


@pytest.mark.control("C-EGR-4")
@pytest.mark.feature("CIR-19")
@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_look_alike_is_refused_with_a_sentence(typed: Any) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z“].{15,}") as caught:
        parse_access_url(typed, Egress())
    assert "Traceback" not in str(caught.value)


@pytest.mark.feature("CIR-19")
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (f"{WORLD}/{TENANT}/oauth2/token", f"version 1. Use the token endpoint .v2.: {TOKEN}"),
        (f"{WORLD}/{TENANT}/oauth2/authorize", TOKEN),
        (f"{WORLD}/{TENANT}/oauth2/v2.0/authorize", TOKEN),
        (f"{WORLD}/{{tenant_id}}/oauth2/v2.0/token", "Replace {tenant_id} with your Directory"),
        (f"{WORLD}/your-tenant-id/oauth2/v2.0/token", "Replace your-tenant-id"),
        (f"{WORLD}/common/oauth2/v2.0/token", "“common” does not work"),
        (f"{WORLD}/organizations/oauth2/v2.0/token", "“organizations” does not work"),
        (f"{WORLD}/consumers/oauth2/v2.0/token", "“consumers” does not work"),
        ("common", "“common” does not work"),
        (f"https://login.microsoftonline.de/{TENANT}/oauth2/v2.0/token", "German cloud in October 2021"),
        (f"{WORLD}/contoso/oauth2/v2.0/token", "Directory .tenant. ID or a domain"),
        (f"{WORLD}/5b8c21f0/oauth2/v2.0/token", "Directory .tenant. ID or a domain"),
        (f"http://login.microsoftonline.com{PATH}", "https://"),
        (f"https://login.microsoftonline.com:8443{PATH}", "Remove the port"),
        (f"https://login.example.com{PATH}", "not a Microsoft sign-in host"),
    ],
)
def test_common_mistake_is_named_with_its_fix(typed: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_access_url(typed, Egress())


def test_every_look_alike_becomes_a_field_error_of_the_form() -> None:
    for typed in LOOK_ALIKES:
        values = {
            "sender_email": "a@contoso.com",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "access_url": typed,
        }
        with pytest.raises(SettingsInvalid) as caught:
            provider("graph").parse(values, Egress())
        assert set(caught.value.errors) == {"access_url"}
