"""The page of the sender's domain, its panel on the Emails page, and what is told when a verdict changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailsettings.domain.answers import Answer, Kind
from mailsettings.domain.reports import check, daily_round
from mailsettings.models import Connection, DomainReport
from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.prune import prune
from notifications.services import enqueue
from orgs.models import AuditEntry, Event, Organization, User
from orgs.tenancy import current_organization_id, tenant
from sandbox.dns import DnsServer, Fault
from tests import factories
from tests.domain.zones import good
from tests.plugin_sandbox import Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def page(organization: Organization) -> str:
    return reverse("mailsettings:domain", args=[organization.slug])


def button(organization: Organization) -> str:
    return reverse("mailsettings:check_domain", args=[organization.slug])


def words(html: bytes) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.decode())).split())


def forget_the_rest(organization: Organization) -> None:
    """Let time pass: a second look within seconds shows the first one's answer."""
    with tenant(organization):
        DomainReport.objects.of(organization).update(checked_at=timezone.now() - timedelta(days=1))


def told(organization: Organization) -> list[Event]:
    with tenant(organization):
        return list(Event.objects.of(organization).filter(kind="domain.changed"))


@pytest.fixture
def names(sandbox: Sandbox) -> DnsServer:
    return sandbox.dns(good())


@pytest.fixture
def through_graph(contoso: Organization, owner: User, sandbox: Sandbox) -> Connection:
    return factories.connection(contoso, "graph", graph_values(sandbox.microsoft()), by=owner)


@pytest.mark.feature("NEW-19", "WPM-9")
def test_an_admin_sees_found_beside_to_publish(
    contoso: Organization, owner: User, client_of: ClientOf, names: DnsServer, through_graph: Connection
) -> None:
    del names.zones["_dmarc.contoso.com"]
    browser = client_of(owner)
    before = words(browser.get(page(contoso)).content)
    assert "Not checked yet" in before
    assert names.asked == []
    answer = browser.post(button(contoso), {"domain": "contoso.com"}, follow=True)
    html = answer.content.decode()
    text = words(answer.content)
    for expected in (
        "SPF Which servers may send for the domain. OK",
        "The SPF record authorises Microsoft 365.",
        "v=spf1 include:spf.protection.outlook.com -all",
        "DMARC What receivers do with mail that proves neither. Missing",
        "Record to publish Type TXT Name _dmarc.contoso.com v=DMARC1; p=none",
        "0 contoso-com.mail.protection.outlook.com.",
        "Last check",
    ):
        assert expected in text
    [copied] = re.findall(r'data-copy="(publish-dmarc-1)"', html)
    assert f'id="{copied}"' in html
    assert answer.request["PATH_INFO"] == page(contoso)


@pytest.mark.feature("NEW-19")
def test_the_emails_page_has_a_panel_that_looks_by_itself_once(
    contoso: Organization, owner: User, client_of: ClientOf, names: DnsServer, through_graph: Connection
) -> None:
    browser, emails = client_of(owner), reverse("mailsettings:emails", args=[contoso.slug])
    html = browser.get(emails).content.decode()
    assert "Sending domain contoso.com" in html
    assert 'hx-trigger="submit, load"' in html
    part = browser.post(
        button(contoso),
        {"domain": "contoso.com"},
        headers={"HX-Request": "true", "HX-Target": "domain-panel"},
    ).content.decode()
    assert part.lstrip().startswith("<section")
    assert "load" not in part
    assert "authorises Microsoft 365" in part
    assert 'hx-trigger="submit"' in browser.get(emails).content.decode()


@pytest.mark.feature("NEW-19")
def test_another_sender_or_service_is_looked_at_again(
    contoso: Organization,
    owner: User,
    client_of: ClientOf,
    sandbox: Sandbox,
    names: DnsServer,
    through_graph: Connection,
) -> None:
    check(contoso.pk)
    assert "submit, load" not in client_of(owner).get(page(contoso)).content.decode()
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp(), sender_email="a@contoso.com"), by=owner)
    html = client_of(owner).get(page(contoso)).content.decode()
    assert "submit, load" in html
    check(contoso.pk, "contoso.com")
    # Nothing in the DNS changed: the admin did.
    assert told(contoso) == []


@pytest.mark.feature("NEW-19")
def test_every_sender_domain_has_its_own_report(
    contoso: Organization,
    owner: User,
    client_of: ClientOf,
    sandbox: Sandbox,
    names: DnsServer,
    through_graph: Connection,
) -> None:
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()), by=owner)
    assert check(contoso.pk) == 2
    html = words(client_of(owner).get(page(contoso)).content)
    assert "fabrikam.com" in html
    other = words(client_of(owner).get(page(contoso), {"domain": "contoso.com"}).content)
    assert "Sender’s domain contoso.com" in other


@pytest.mark.feature("NEW-19")
def test_a_changed_verdict_is_told_once_and_a_silent_server_is_no_change(
    contoso: Organization, owner: User, names: DnsServer, through_graph: Connection
) -> None:
    daily_round(contoso.pk)
    assert told(contoso) == []
    names.faults["_dmarc.contoso.com"] = Fault.SERVFAIL
    forget_the_rest(contoso)
    daily_round(contoso.pk)
    assert told(contoso) == []
    del names.faults["_dmarc.contoso.com"], names.zones["_dmarc.contoso.com"]
    for _ in range(2):
        forget_the_rest(contoso)
        daily_round(contoso.pk)
    [event] = told(contoso)
    assert event.detail == {
        "domain": "contoso.com",
        "changed": {"dmarc": {"before": "ok", "after": "missing"}},
    }
    with tenant(contoso):
        assert DomainReport.objects.of(contoso).get().changed_at is not None


@pytest.mark.feature("NEW-19")
@pytest.mark.django_db(transaction=True)
def test_the_daily_round_looks_for_every_organization(
    contoso: Organization, fabrikam: Organization, sandbox: Sandbox, names: DnsServer
) -> None:
    server = sandbox.smtp()
    for organization, sender in ((contoso, "a@contoso.com"), (fabrikam, "b@fabrikam.com")):
        factories.connection(organization, "smtp", smtp_values(server, sender_email=sender))
    prune()
    for organization in (contoso, fabrikam):
        with tenant(organization):
            report = DomainReport.objects.of(organization).get()
            assert (report.domain, report.checked_at is not None) == (f"{organization.slug}.com", True)
    asked = len(names.asked)
    prune()
    assert len(names.asked) == asked


@pytest.mark.feature("NEW-19")
def test_reports_of_domains_nobody_sends_from_are_forgotten(
    contoso: Organization, sandbox: Sandbox, names: DnsServer, through_graph: Connection
) -> None:
    check(contoso.pk)
    with tenant(contoso):
        Connection.objects.of(contoso).update(
            settings={**through_graph.settings, "sender_email": "a@new.example"}
        )
    daily_round(contoso.pk)
    with tenant(contoso):
        assert [report.domain for report in DomainReport.objects.of(contoso)] == ["new.example"]


@pytest.mark.feature("WPM-9", "NEW-19")
def test_whatever_the_dns_says_mail_leaves(contoso: Organization, owner: User, sandbox: Sandbox) -> None:
    sandbox.dns(
        {
            "fabrikam.com": {"TXT": ["v=spf1 -all"], "MX": ["0 ."]},
            "_dmarc.fabrikam.com": {"TXT": ["v=DMARC1; p=reject"]},
        }
    )
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()), by=owner)
    check(contoso.pk)
    row = enqueue(organization=contoso, to="reader@example.com", subject="Hello", text="x")
    drain(contoso.pk)
    with tenant(contoso):
        assert Notification.objects.of(contoso).get(pk=row.pk).status == Status.ACCEPTED


@pytest.mark.feature("WPM-7")
def test_a_domain_without_microsoft_is_warned_of_and_saved_all_the_same(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox, through_graph: Connection
) -> None:
    sandbox.dns({"contoso.com": {"MX": ["10 mail.contoso.com."], "TXT": ["v=spf1 mx -all"]}})
    answer = client_of(owner).post(button(contoso), {"domain": "contoso.com"}, follow=True)
    text = words(answer.content)
    assert "contoso.com shows no sign of Microsoft" in text
    assert "takes a paid plan with this domain added" in text
    emails = client_of(owner).get(reverse("mailsettings:emails", args=[contoso.slug]))
    assert "shows no sign of Microsoft" in words(emails.content)
    with tenant(contoso):
        assert Connection.objects.of(contoso).get().enabled


@pytest.mark.feature("WPM-9")
def test_a_selector_is_typed_checked_and_written_down(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    server = sandbox.dns({"2026._domainkey.fabrikam.com": {"TXT": ["v=DKIM1; p=QUJD"]}})
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()), by=owner)
    browser = client_of(owner)
    first = browser.post(button(contoso), {"domain": "fabrikam.com"}, follow=True)
    assert "Enter the selector it gave you" in words(first.content)
    typed = browser.post(button(contoso), {"domain": "fabrikam.com", "selector": " 2026 "}, follow=True)
    assert "A key is published for 2026." in words(typed.content)
    assert 'value="2026"' in typed.content.decode()
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get(action="domain.selector_changed")
    assert (entry.subject, entry.detail) == ("fabrikam.com", {"selector": "2026"})
    asked = len(server.asked)
    for wrong in ("a b", "x" * 64, "*.contoso.com", "ä", "-", "a..b", "<script>"):
        answer = browser.post(button(contoso), {"domain": "fabrikam.com", "selector": wrong})
        assert answer.status_code == 422
        assert "A selector has letters, digits" in answer.content.decode()
        assert "<script>" not in answer.content.decode().split("<main", 1)[1]
    assert not [name for name, _ in server.asked[asked:] if "_domainkey" in name and "2026" not in name]


@pytest.mark.control("C-EGR-2")
def test_only_domains_of_the_organizations_senders_are_asked_for(
    contoso: Organization, owner: User, client_of: ClientOf, names: DnsServer, through_graph: Connection
) -> None:
    for wanted in ("", "fabrikam.com", "169.254.169.254", "a.contoso.com", "x" * 5000, "\x00"):
        client_of(owner).post(button(contoso), {"domain": wanted})
    assert names.asked == []


def test_a_second_press_asks_nobody_again(
    contoso: Organization, owner: User, client_of: ClientOf, names: DnsServer, through_graph: Connection
) -> None:
    browser = client_of(owner)
    for _ in range(3):
        browser.post(button(contoso), {"domain": "contoso.com"})
    assert len(names.asked) == len(set(names.asked))


def test_no_transaction_waits_for_a_name_server(
    contoso: Organization, through_graph: Connection, sandbox: Sandbox
) -> None:
    seen: list[tuple[str, Kind, object]] = []

    class Watching:
        def ask(self, name: str, kind: Kind) -> Answer:
            seen.append((name, kind, current_organization_id()))
            return Answer()

    check(contoso.pk, resolver=Watching)
    assert seen
    assert {inside for _, _, inside in seen} == {None}


def test_without_a_sender_there_is_nothing_to_look_at(
    contoso: Organization, owner: User, teammate: User, client_of: ClientOf, names: DnsServer
) -> None:
    assert "No sender yet" in words(client_of(owner).get(page(contoso)).content)
    assert client_of(owner).post(button(contoso), {"domain": "contoso.com"}).status_code == 302
    assert names.asked == []
    assert client_of(teammate).get(page(contoso)).status_code == 403


def test_a_test_that_passed_leads_to_the_records(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()), by=owner)
    browser = client_of(owner)
    answer = browser.post(reverse("notifications:test", args=[contoso.slug]), {"test_to": owner.email})
    run_tests(contoso.pk)
    html = browser.get(answer["Location"]).content.decode()
    assert ">Success</h2>" in html
    assert f'<a href="{page(contoso)}">SPF, DKIM and DMARC records</a>' in html


HOSTILE: list[bytes] = [
    b"\x00\x01\x02",
    b"v=spf1 \x00include:\xff -all",
    b"v=spf1 " + b"a " * 2000,
    b"v=spf1 include:" + b"x" * 300 + b".example -all",
    b"v=spf1 include:..  redirect= exp= -all",
    b"v=spf1 include:<script>alert(1)</script> -all",
    b"v=spf1 include:%%%(fact)s%n -all",
    b"v=spf1 ip4:{{7*7}} \xe2\x80\xae **bold** -all",
    b"v=spf1 include:127.0.0.1 include:[::1] -all",
    b"v=DMARC1; p=reject; p=none; sp=\x00; pct=99999999999999999999",
    b"v=DMARC1" + b";a=b" * 900,
    b"v=DKIM1; p=" + b"A" * 4000,
    b"v=DKIM1; v=DKIM1; p=<img src=x onerror=alert(1)>",
    b"v=STSv1; id=" + b"9" * 999,
    b"v=STSv1" * 400,
    b"",
    b"=" * 500,
    "v=spf1 ¡\u2028\u0000\ud7ff".encode(),
]


@pytest.mark.feature("NEW-19")
@pytest.mark.control("C-EGR-7")
def test_hostile_records_are_shown_as_text_and_make_no_fault(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox, through_graph: Connection
) -> None:
    browser = client_of(owner)
    places = ("contoso.com", "_dmarc.contoso.com", "_mta-sts.contoso.com", "selector1._domainkey.contoso.com")
    server = sandbox.dns()
    for record in HOSTILE:
        for values in ([record], [record, b"v=spf1 mx -all", *HOSTILE[:3]]):
            server.zones = {place: {"TXT": list(dict.fromkeys(values))} for place in places}
            server.zones["contoso.com"] = {
                **server.zones["contoso.com"],
                "MX": [r"10 \000\255\<b\>.example."],
            }
            forget_the_rest(contoso)
            answer = browser.post(button(contoso), {"domain": "contoso.com"}, follow=True)
            assert answer.status_code == 200
            main = answer.content.decode().split("<main", 1)[1]
            assert "<script>" not in main
            assert "<img" not in main
            assert "<b>" not in main
