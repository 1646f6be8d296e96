"""Login host, Graph host and consent link belong to one cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers import CLOUDS, Cloud, Egress, admin_consent_url, load_clouds, provider
from providers.access_url import parse_access_url
from tests.providers.conftest import CLIENT, SECRET, TENANT


@pytest.mark.control("C-EGR-4")
def test_login_host_and_graph_host_come_from_one_row() -> None:
    for host, graph in [
        ("login.microsoftonline.com", "graph.microsoft.com"),
        ("login.microsoftonline.us", "graph.microsoft.us"),
        ("login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
    ]:
        assert parse_access_url(f"https://{host}/{TENANT}", Egress()).cloud.graph_host == graph


@pytest.mark.feature("CIR-19")
def test_test_hosts_need_the_operator() -> None:
    row = Cloud(key="lab", label="Lab", login_hosts=("127.0.0.1:9443",), graph_host="127.0.0.1:9444")
    typed = f"https://127.0.0.1:9443/{TENANT}/oauth2/v2.0/token"
    with pytest.raises(ValueError, match="not a Microsoft sign-in host"):
        parse_access_url(typed, Egress())
    found = parse_access_url(typed, Egress(clouds=(*CLOUDS, row)))
    assert (found.host, found.cloud.graph_host, found.url) == ("127.0.0.1:9443", "127.0.0.1:9444", typed)
    with pytest.raises(ValueError, match="not a Microsoft sign-in host"):
        parse_access_url(f"https://127.0.0.1/{TENANT}", Egress(clouds=(*CLOUDS, row)))
    listed = parse_access_url(
        f"https://login.lab.example/{TENANT}", Egress(oauth_allow_hosts=("login.lab.example",))
    )
    assert listed.host == "login.lab.example"


def test_admin_consent_link_follows_tenant_client_and_cloud() -> None:
    for host in ("login.microsoftonline.com", "login.microsoftonline.us"):
        settings = provider("graph").parse(
            {
                "sender_email": "a@contoso.com",
                "client_id": CLIENT,
                "client_secret": SECRET,
                "access_url": f"https://{host}/{TENANT}",
            },
            Egress(),
        )
        assert admin_consent_url(settings) == f"https://{host}/{TENANT}/adminconsent?client_id={CLIENT}"


def row(**changes: object) -> dict[str, object]:
    return {
        "key": "lab",
        "label": "Lab",
        "login_hosts": ["127.0.0.1:9443"],
        "graph_host": "127.0.0.1:9444",
        **changes,
    }


def test_a_browser_may_sign_in_by_http_on_loopback_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "clouds.json"
    for base in ("http://127.0.0.1:8025/sign-in", "http://localhost", ""):
        file.write_text(json.dumps([row(browser_base=base)]))
        (cloud,) = load_clouds(file)
        assert (
            cloud.browser_url("common/adminconsent")
            == f"{base or 'https://127.0.0.1:9443'}/common/adminconsent"
        )
    for base in (
        "http://sign-in.example.com",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com",
        "https://example.com",
        "http://127.0.0.1/a?b",
    ):
        file.write_text(json.dumps([row(browser_base=base)]))
        with pytest.raises(ValueError, match="browser_base"):
            load_clouds(file)


@pytest.mark.control("C-EGR-4")
def test_parts_of_large_files_go_to_hosts_of_the_same_cloud() -> None:
    hosts = {cloud.key: cloud.upload_hosts() for cloud in CLOUDS}
    assert hosts["worldwide"] == {"graph.microsoft.com", "outlook.office.com", "outlook.office365.com"}
    for key, found in hosts.items():
        others = set().union(*(more for other, more in hosts.items() if other != key))
        assert not found & others, key
        assert found <= Egress().https_hosts()
