"""Clouds and sign-in hosts: kept by super admins, checked before they count, in force within seconds."""

# ruff: noqa: RUF001 - digits that look like others are the point

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse

from mailsettings.egress import KEPT_SECONDS, egress
from mailsettings.models import CustomCloud, SignInHost
from notifications.drain import run_tests
from orgs.models import AuditEntry, Organization, Role, User
from orgs.services import platform_organization_id
from orgs.tenancy import SYSTEM, tenant
from providers import CLOUDS
from tests import factories
from tests.plugin_sandbox import Sandbox, graph_values

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]
EMPTY = {"label": "Lab", "suffix": "", "login_host": "", "graph_host": "", "smtp_host": ""}


@pytest.fixture
def chief(super_admin: User, client_of: ClientOf) -> Client:
    return client_of(super_admin)


def add(browser: Client, host: str) -> Any:
    return browser.post(reverse("console:new_host"), {"host": host})


def add_cloud(browser: Client, **values: str) -> Any:
    return browser.post(reverse("console:new_cloud"), EMPTY | values)


def entries() -> list[tuple[str, str]]:
    rows = AuditEntry.objects.using(SYSTEM).of(platform_organization_id())
    return list(rows.filter(action__regex="cloud|host").order_by("seq").values_list("action", "subject"))


@pytest.mark.feature("COG-13")
def test_a_sign_in_host_is_added_and_removed(chief: Client, sandbox: Sandbox) -> None:
    assert "login.example.com" not in egress().https_hosts()
    assert add(chief, " HTTPS://Login.Example.com/ ").status_code == 302
    assert "login.example.com" in egress().https_hosts()
    page = chief.get(reverse("console:hosts")).content.decode()
    assert "login.example.com" in page
    row = SignInHost.objects.using(SYSTEM).get()
    path = reverse("console:remove_host", args=[row.pk])
    assert path in page
    question = chief.get(path).content.decode()
    assert "Remove login.example.com" in question
    assert "login.example.com" in egress().https_hosts()
    assert chief.post(path).status_code == 302
    assert "login.example.com" not in egress().https_hosts()
    assert entries() == [
        ("sign_in_host.added", "login.example.com"),
        ("sign_in_host.removed", "login.example.com"),
    ]


REFUSED_HOSTS = (
    *("", "  ", "http://login.example.com", "HTTP://login.example.com", "ftp://login.example.com"),
    *("user@login.example.com", "login.example.com/path", "login.example.com?x", "login.example.com#x"),
    *("login example.com", "login\\.example.com", "login%2eexample.com", "login..example.com"),
    *("-a.example.com",),
    *("localhost", "login", "login.local", "login.internal", "foo.localhost", "login.lan"),
    *("127.0.0.1", "10.0.0.1", "8.8.8.8", "[::1]", "[2606:4700:4700::1111]", "2606:4700:4700::1111"),
    *("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "１２７.０.０.１", "::ffff:127.0.0.1"),
    *("login.example.com:8443", "login.example.com:0", "login.example.com:99999", "login.example.com:x"),
    *("login.microsoftonline.com", "graph.microsoft.com", "LOGIN.microsoftonline.us"),
    *("☃.example", "*.example.com"),
)  # fmt: skip


@pytest.mark.feature("COG-13", "WPM-47")
@pytest.mark.control("C-EGR-4")
@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_what_is_no_canonical_public_name_is_refused(chief: Client, sandbox: Sandbox, host: str) -> None:
    sandbox.settings.EGRESS_ALLOW_CIDRS = ()
    sandbox.refresh()
    answer = add(chief, host)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not SignInHost.objects.using(SYSTEM).exists()
    if "microsoft" not in host:
        assert add_cloud(chief, login_host=host, graph_host="graph.lab.example").status_code == 422
    assert not CustomCloud.objects.using(SYSTEM).exists()
    assert entries() == []


@pytest.mark.feature("COG-13")
def test_addresses_and_ports_need_the_operator(chief: Client, sandbox: Sandbox) -> None:
    assert add(chief, "127.0.0.1").status_code == 302
    assert add(chief, "login.example.com:8443").status_code == 422
    sandbox.settings.EGRESS_ALLOW_PORTS = (8443,)
    sandbox.refresh()
    assert add(chief, "login.example.com:8443").status_code == 302
    assert add(chief, "127.0.0.1:8443").status_code == 302
    assert {"127.0.0.1", "login.example.com:8443", "127.0.0.1:8443"} <= egress().https_hosts()


@pytest.mark.feature("WPM-47")
def test_a_cloud_is_made_of_its_suffix(chief: Client, sandbox: Sandbox) -> None:
    assert add_cloud(chief, label="Germany", suffix=".DE").status_code == 302
    cloud = egress().clouds[-1]
    assert (cloud.label, cloud.login_hosts) == ("Germany", ("login.microsoftonline.de",))
    assert cloud.key.startswith("germany-")
    assert (cloud.graph_host, cloud.smtp_host) == ("graph.microsoft.de", "smtp.office365.de")
    assert cloud.outlook_resource == "https://outlook.office365.de"
    assert entries() == [("cloud.added", "Germany")]


@pytest.mark.feature("WPM-47")
def test_a_cloud_is_made_of_its_hosts(chief: Client, sandbox: Sandbox) -> None:
    hosts = {
        "login_host": "login.lab.example",
        "graph_host": "Graph.Lab.example.",
        "smtp_host": "smtp.lab.example",
    }
    assert add_cloud(chief, **hosts).status_code == 302
    cloud = egress().clouds[-1]
    assert (cloud.login_host, cloud.graph_host, cloud.smtp_host) == (
        "login.lab.example",
        "graph.lab.example",
        "smtp.lab.example",
    )
    row = CustomCloud.objects.using(SYSTEM).get()
    path = reverse("console:remove_cloud", args=[row.pk])
    assert "Remove the cloud Lab" in chief.get(path).content.decode()
    chief.post(path)
    assert [each.key for each in egress().clouds] == [each.key for each in CLOUDS]
    assert entries() == [("cloud.added", "Lab"), ("cloud.removed", "Lab")]


@pytest.mark.feature("WPM-47")
@pytest.mark.control("C-EGR-4")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "login_host"),
        ({"login_host": "login.lab.example"}, "graph_host"),
        ({"suffix": "d e"}, "suffix"),
        ({"suffix": "com/evil"}, "suffix"),
        ({"suffix": "de@evil.example"}, "suffix"),
        ({"suffix": "1"}, "suffix"),
        ({"suffix": "com"}, "login_host"),
        ({"suffix": "us"}, "login_host"),
        ({"label": "Worldwide", "suffix": "de"}, "label"),
        ({"label": "  ", "suffix": "de"}, "label"),
        ({"login_host": "login.windows.net", "graph_host": "graph.evil.example"}, "login_host"),
        ({"suffix": "de", "smtp_host": "smtp.lab.example:25"}, "smtp_host"),
        ({"suffix": "de", "graph_host": "http://graph.lab.example"}, "graph_host"),
    ],
)
def test_a_cloud_that_is_wrong_is_refused(chief: Client, values: dict[str, str], field: str) -> None:
    answer = add_cloud(chief, **values)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not CustomCloud.objects.using(SYSTEM).exists()


@pytest.mark.feature("WPM-47")
def test_a_name_is_given_once(chief: Client) -> None:
    assert add_cloud(chief, suffix="de").status_code == 302
    assert add_cloud(chief, suffix="fr").status_code == 422
    assert add(chief, "login.example.com").status_code == 302
    assert add(chief, "login.example.com").status_code == 422
    assert len(entries()) == 2


@pytest.mark.control("C-CRY-2")
def test_a_cloud_that_comes_back_with_other_hosts_is_another_one(chief: Client, sandbox: Sandbox) -> None:
    keys = []
    for host in ("login.lab.example", "login.evil.example", "login.lab.example"):
        add_cloud(chief, login_host=host, graph_host="graph.lab.example")
        keys.append(CustomCloud.objects.using(SYSTEM).get().key)
        chief.post(reverse("console:remove_cloud", args=[CustomCloud.objects.using(SYSTEM).get().pk]))
    # What was sealed for the first does not open for the second.
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


@pytest.mark.feature("WPM-47", "COG-13")
@pytest.mark.control("C-EGR-4")
def test_an_added_cloud_works_and_a_removed_one_stops(
    contoso: Organization, owner: User, chief: Client, client_of: ClientOf, sandbox: Sandbox
) -> None:
    microsoft = sandbox.microsoft()
    sandbox.settings.CLOUDS_FILE = ""
    sandbox.settings.EGRESS_ALLOW_PORTS = (microsoft.port,)
    sandbox.refresh()
    page = {"smtp_enabled": "on", "provider": "graph", "shown": "graph", "version": 1, "test_to": owner.email}
    values = page | graph_values(microsoft)
    test = reverse("notifications:test", args=[contoso.slug])
    browser = client_of(owner)
    assert browser.post(test, values).status_code == 422
    host = f"127.0.0.1:{microsoft.port}"
    assert add_cloud(chief, login_host=host, graph_host=host).status_code == 302
    answer = browser.post(test, values)
    assert answer.status_code == 302
    run_tests(contoso.pk)
    assert ">Success</h2>" in browser.get(answer["Location"]).content.decode()
    sent = len(microsoft.requests) + len(microsoft.token_requests)
    answer = browser.post(test, values)
    chief.post(reverse("console:remove_cloud", args=[CustomCloud.objects.using(SYSTEM).get().pk]))
    run_tests(contoso.pk)
    assert "Success" not in browser.get(answer["Location"]).content.decode()
    assert len(microsoft.requests) + len(microsoft.token_requests) == sent


@pytest.mark.feature("WPM-47")
def test_another_process_reads_it_within_seconds(chief: Client, sandbox: Sandbox) -> None:
    before = egress()
    SignInHost.objects.using(SYSTEM).create(host="login.example.com")
    assert egress() is before
    egress._until -= KEPT_SECONDS
    assert "login.example.com" in egress().https_hosts()


@pytest.mark.feature("WPM-47", "COG-13")
@pytest.mark.control("C-EGR-4")
def test_no_organization_reaches_or_changes_the_lists(
    contoso: Organization, owner: User, client_of: ClientOf, chief: Client, sandbox: Sandbox
) -> None:
    add(chief, "login.example.com")
    row = SignInHost.objects.using(SYSTEM).get()
    browser = client_of(owner)
    for path in (reverse("console:hosts"), reverse("console:remove_host", args=[row.pk])):
        assert browser.get(path).status_code == 404
    assert browser.post(reverse("console:remove_host", args=[row.pk])).status_code == 404
    assert add(browser, "evil.example").status_code == 404
    assert add_cloud(browser, suffix="de").status_code == 404
    assert "Clouds and sign-in hosts" not in browser.get(f"/organizations/{contoso.slug}/").content.decode()
    # Nor by the database's own doors: the web's role may read, and nothing else.
    for change in (
        lambda: SignInHost.objects.create(host="evil.example"),
        lambda: SignInHost.objects.update(host="evil.example"),
        lambda: SignInHost.objects.all().delete(),
        lambda: CustomCloud.objects.create(key="evil", label="Evil"),
        lambda: CustomCloud.objects.update(login_host="evil.example"),
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant(contoso),
            transaction.atomic(),
        ):
            change()
    assert [each.host for each in SignInHost.objects.all()] == ["login.example.com"]


def test_a_super_admin_acting_as_an_organization_does_not_keep_lists_there(
    contoso: Organization, super_admin: User, client_of: ClientOf
) -> None:
    factories.membership(super_admin, contoso, Role.OWNER)
    page = client_of(super_admin).get(f"/organizations/{contoso.slug}/").content.decode()
    assert reverse("console:hosts") not in page


def test_the_rules_cost_one_query(chief: Client, sandbox: Sandbox, django_assert_num_queries: Any) -> None:
    add_cloud(chief, suffix="de")
    egress.cache_clear()
    with django_assert_num_queries(1):
        egress()
    with django_assert_num_queries(0):
        egress()
