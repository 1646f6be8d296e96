"""A failed test goes to an IT administrator as a link: read only, no secret, ends, can be withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from notifications.models import Notification, SharedResult
from notifications.views_sharing import MISSES
from orgs.models import AuditEntry, Organization, User
from orgs.tenancy import tenant
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def browser(owner: User, client_of: ClientOf) -> Client:
    cache.clear()
    return client_of(owner)


def run_one(browser: Client, organization: Organization, provider: str, values: dict[str, object]) -> str:
    """Press Test SMTP, let the worker run, and give the address of the result."""
    with tenant(organization):
        version = mail_settings(organization.pk).version
    form = {"smtp_enabled": "on", "provider": provider, "shown": provider, "version": version, **values}
    url = reverse("notifications:test", args=[organization.slug])
    answer = browser.post(url, form | {"test_to": "owner@contoso.example"})
    assert answer.status_code == 302, answer.content.decode()
    run_tests(organization.pk)
    return str(answer["Location"])


def failed(browser: Client, contoso: Organization, sandbox: Sandbox) -> str:
    """Fail a test of Microsoft Graph: the app has no permission."""
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, roles=())
    return run_one(browser, contoso, "graph", graph_values(microsoft))


def shared(browser: Client, result: str) -> str:
    """Press "Send this to my IT administrator" and give the path of the link."""
    answer = browser.post(f"{result}share/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r'value="http[^"]*(/shared/[^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


@pytest.mark.feature("NEW-3", "NEW-2")
def test_a_link_opens_without_sign_in_and_shows_everything_but_secrets(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    result = failed(browser, contoso, sandbox)
    page = browser.get(result).content.decode()
    assert "Send this to my IT administrator" in page
    link = shared(browser, result)
    answer = Client().get(link)
    html = unescape(answer.content.decode())
    assert answer.status_code == 200
    for words in (
        "Contoso",
        "Microsoft Graph API",
        "Permission",
        "may not send mail yet",
        "Grant admin consent",
        "Your Microsoft 365 administrator can fix this",
        "ErrorAccessDenied",
        CLIENT_ID,
    ):
        assert words in html, words
    assert CLIENT_SECRET not in html
    assert "eyJ" not in html
    assert "csrf" not in html
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "sessionid" not in answer.cookies
    assert Client().post(link).status_code == 405


@pytest.mark.feature("NEW-3")
def test_the_link_comes_with_a_letter_and_is_shown_once(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    result = failed(browser, contoso, sandbox)
    html = unescape(browser.post(f"{result}share/").content.decode())
    letter = unquote(re.search(r'href="(mailto:[^"]+)"', html)[1])  # type: ignore[index]  # asserted by the line below
    token = re.search(r"/shared/([\w-]{43})/", letter)
    assert token is not None
    assert "Contoso" in letter
    listed = browser.get(reverse("notifications:shared", args=["contoso"])).content.decode()
    assert "Withdraw" in listed
    assert token[1] not in listed
    with tenant(contoso):
        row = SharedResult.objects.of(contoso).get()
        assert token[1].encode() not in bytes(row.token_hash)
        assert timedelta(days=6, hours=23) < row.expires_at - timezone.now() <= timedelta(days=7)


@pytest.mark.feature("NEW-3")
def test_a_withdrawn_an_old_and_an_unknown_link_look_the_same(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    result = failed(browser, contoso, sandbox)
    first, second = shared(browser, result), shared(browser, result)
    with tenant(contoso):
        newest, oldest = SharedResult.objects.of(contoso)
        SharedResult.objects.of(contoso).filter(pk=newest.pk).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
    withdraw = reverse("notifications:withdraw_share", args=["contoso", oldest.pk])
    assert browser.post(withdraw).status_code == 302
    assert browser.post(withdraw).status_code == 404
    answers = [Client().get(path) for path in (first, second, "/shared/" + "x" * 43 + "/")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert all("no-store" in answer["Cache-Control"] for answer in answers)
    listed = browser.get(reverse("notifications:shared", args=["contoso"])).content.decode()
    assert "No links" in listed


@pytest.mark.feature("NEW-3")
def test_sharing_and_withdrawing_stand_in_the_audit_trail(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    link = shared(browser, failed(browser, contoso, sandbox))
    with tenant(contoso):
        row = SharedResult.objects.of(contoso).get()
    browser.post(reverse("notifications:withdraw_share", args=["contoso", row.pk]))
    with tenant(contoso):
        entries = {entry.action: entry for entry in AuditEntry.objects.of(contoso)}
        assert {"result.shared", "result.share_withdrawn"} <= set(entries)
        token = link.split("/")[2]
        assert all(token not in str(entry.detail) + entry.subject for entry in entries.values())
    trail = browser.get("/organizations/contoso/audit/").content.decode()
    assert "Shared a test result by a link" in trail
    assert "Withdrew a link to a test result" in trail


@pytest.mark.feature("NEW-3")
def test_a_link_outlives_the_typed_values_of_its_test(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    link = shared(browser, failed(browser, contoso, sandbox))
    with tenant(contoso):
        Notification.objects.of(contoso).update(draft=None)
    html = Client().get(link).content.decode()
    assert "may not send mail yet" in html
    assert CLIENT_ID in html


def test_a_passed_test_is_not_shared(browser: Client, contoso: Organization, sandbox: Sandbox) -> None:
    result = run_one(browser, contoso, "smtp", smtp_values(sandbox.smtp()))
    assert "Send this to my IT administrator" not in browser.get(result).content.decode()
    assert browser.post(f"{result}share/").status_code == 302
    with tenant(contoso):
        assert not SharedResult.objects.of(contoso).exists()


def test_links_are_limited_and_small_roles_make_none(
    browser: Client,
    contoso: Organization,
    teammate: User,
    stranger: User,
    client_of: ClientOf,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = failed(browser, contoso, sandbox)
    assert client_of(teammate).post(f"{result}share/").status_code == 403
    assert client_of(stranger).post(f"{result}share/").status_code == 404
    monkeypatch.setattr("notifications.sharing.LIMIT", 2)
    answers = [browser.post(f"{result}share/").status_code for _ in range(3)]
    assert answers == [200, 200, 302]


def test_guessing_links_is_slowed_down_and_right_links_are_not(
    browser: Client, contoso: Organization, sandbox: Sandbox
) -> None:
    link = shared(browser, failed(browser, contoso, sandbox))
    guesser = Client()
    for _ in range(3):
        assert guesser.get(link).status_code == 200
    statuses = [guesser.get(f"/shared/{number:043d}/").status_code for number in range(MISSES + 1)]
    assert statuses == [404] * MISSES + [429]
    cache.clear()
    assert guesser.get(link).status_code == 200
