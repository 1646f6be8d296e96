"""The strict-DMARC rule: when a connected account may not send for a domain, and the way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from mailsettings.domain.rule import Blocked, Warned, check_sender_domain
from mailsettings.models import Connection, ConnectionVersion
from mailsettings.vault import typed_settings
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import provider
from sandbox.dns import DnsServer, Fault
from sandbox.smtp import SmtpServer
from tests.plugin_consent import Admin, account_values
from tests.plugin_sandbox import ACCOUNT, Sandbox, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
REFUSED = "We cannot send on your behalf as"


def judged(sender: str, account: str) -> str:
    """Give the judgement in one word."""
    chosen = provider("microsoft_account")
    settings = typed_settings(chosen, {"sender_email": sender}, {})
    found = check_sender_domain(chosen, settings, account)
    return "refused" if isinstance(found, Blocked) else "warned" if isinstance(found, Warned) else "saved"


OWN, OTHER = "notifications@contoso.com", "boss@partner.example"
RULES = [
    # mode, quarantine too, the sender's domain's record, the account, what becomes of the save
    ("aligned", False, "v=DMARC1; p=reject", OTHER, "refused"),
    ("aligned", False, "v=DMARC1; p=reject", OWN, "saved"),
    ("aligned", False, "v=DMARC1; p=reject", "", "saved"),
    ("aligned", False, "v=DMARC1; p=quarantine", OTHER, "saved"),
    ("aligned", True, "v=DMARC1; p=quarantine", OTHER, "refused"),
    ("aligned", True, "v=DMARC1; p=quarantine", OWN, "saved"),
    ("aligned", True, "v=DMARC1; p=none", OTHER, "saved"),
    ("aligned", False, "v=DMARC1; p=none", OTHER, "saved"),
    ("aligned", False, "v=DMARC1; p=reject; t=y", OTHER, "saved"),
    ("aligned", False, "v=DMARC1; p=reject; pct=0", OTHER, "saved"),
    ("aligned", False, "", OTHER, "saved"),
    ("aligned", False, "something else", OTHER, "saved"),
    ("aligned", False, "v=DMARC1; p=reject", "a@mail.contoso.com", "saved"),
    ("aligned", False, "v=DMARC1; p=reject; adkim=s; aspf=s", "a@mail.contoso.com", "refused"),
    ("aligned", False, "v=DMARC1; p=reject", "a@evil-contoso.com", "refused"),
    ("aligned", False, "v=DMARC1; p=reject", "a@contoso.com.example", "refused"),
    ("strict", False, "v=DMARC1; p=reject", OWN, "refused"),
    ("strict", False, "v=DMARC1; p=reject", OTHER, "refused"),
    ("strict", False, "v=DMARC1; p=reject", "", "refused"),
    ("strict", False, "v=DMARC1; p=quarantine", OWN, "saved"),
    ("strict", True, "v=DMARC1; p=quarantine", OWN, "refused"),
    ("strict", True, "v=DMARC1; p=none", OWN, "saved"),
    ("strict", False, "", OWN, "saved"),
    ("off", True, "v=DMARC1; p=reject", OTHER, "saved"),
    ("off", True, "v=DMARC1; p=reject", OWN, "saved"),
]


@pytest.mark.feature("HIR-23")
@pytest.mark.parametrize("case", RULES, ids=str)
def test_each_branch_of_the_rule(sandbox: Sandbox, case: tuple[str, bool, str, str, str]) -> None:
    mode, quarantine, record, account, expected = case
    sandbox.dns({"_dmarc.contoso.com": {"TXT": [record]}} if record else {})
    sandbox.settings.DMARC_RULE, sandbox.settings.DMARC_RULE_QUARANTINE = mode, quarantine
    assert judged("notifications@contoso.com", account) == expected


@pytest.mark.feature("HIR-23")
def test_the_policy_of_the_domain_above_counts(sandbox: Sandbox) -> None:
    server = sandbox.dns({"_dmarc.contoso.com": {"TXT": ["v=DMARC1; p=none; sp=reject"]}})
    assert judged("a@news.contoso.com", OTHER) == "refused"
    assert judged("a@contoso.com", OTHER) == "saved"
    server.zones["_dmarc.contoso.com"] = {"TXT": ["v=DMARC1; p=reject; sp=none"]}
    assert judged("a@news.contoso.com", OTHER) == "saved"


@pytest.mark.feature("HIR-23")
@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED])
def test_a_name_server_that_fails_warns(sandbox: Sandbox, fault: Fault) -> None:
    sandbox.dns({}, faults={"_dmarc.contoso.com": fault})
    assert judged(OWN, OTHER) == "warned"
    assert judged(OWN, OWN) == "saved"


@pytest.mark.feature("HIR-25")
def test_custom_smtp_is_never_judged(sandbox: Sandbox) -> None:
    server = sandbox.dns({"_dmarc.fabrikam.com": {"TXT": ["v=DMARC1; p=reject"]}})
    sandbox.settings.DMARC_RULE = "strict"
    chosen = provider("smtp")
    settings = typed_settings(chosen, {"sender_email": "a@fabrikam.com"}, {})
    assert check_sender_domain(chosen, settings, OTHER) is None
    assert server.asked == []


@pytest.fixture
def smtp(sandbox: Sandbox) -> SmtpServer:
    return sandbox.smtp()


@pytest.fixture
def names(sandbox: Sandbox) -> DnsServer:
    return sandbox.dns({"_dmarc.other.example": {"TXT": ["v=DMARC1; p=reject"]}})


@pytest.fixture
def admin(contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox) -> Admin:
    return Admin(contoso, client_of(owner), sandbox.microsoft())


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def link_to_custom_smtp(html: str) -> str:
    [href] = re.findall(
        r'href="([^"]*provider=smtp[^"]*)"[^>]*>(?:(?!</a>).)*Use Custom SMTP', html, re.DOTALL
    )
    return unescape(href)


@pytest.mark.feature("HIR-23", "HIR-24", "HIR-25")
def test_a_save_is_refused_and_custom_smtp_takes_over(
    admin: Admin, smtp: SmtpServer, names: DnsServer
) -> None:
    admin.connect(account_values(smtp))
    assert admin.connection.settings["sender_email"] == ACCOUNT
    answer = admin.post(account_values(smtp, client_secret="", sender_email="hello@other.example"))
    assert answer.status_code == 422
    html = answer.content.decode()
    text = words(html)
    assert f"{REFUSED} other.example" in text
    assert "DMARC policy reject" in text
    assert "choose Custom SMTP" in text
    assert admin.connection.settings["sender_email"] == ACCOUNT
    # The control switches the form and keeps the sender; what is typed there is saved without the rule.
    form = admin.browser.get(link_to_custom_smtp(html)).content.decode()
    assert 'value="hello@other.example"' in form
    for name in ("host", "port", "tls_option", "authentication", "username", "password"):
        assert f'name="{name}"' in form
    values = smtp_values(smtp, sender_email="hello@other.example")
    saved = admin.post({**values, "provider": "smtp", "shown": "smtp"}, action="save_unverified")
    assert saved.status_code == 302
    with tenant(admin.organization):
        primary = Connection.objects.of(admin.organization).get(rank="primary")
        assert (primary.provider, primary.settings["sender_email"]) == ("smtp", "hello@other.example")


@pytest.mark.feature("HIR-23", "HIR-24")
@pytest.mark.parametrize("action", ["", "save_unverified", "connect"])
def test_no_button_of_the_form_gets_around_it(
    admin: Admin, smtp: SmtpServer, names: DnsServer, action: str
) -> None:
    admin.connect(account_values(smtp))
    answer = admin.post(
        account_values(smtp, client_secret="", sender_email="hello@other.example"), action=action
    )
    assert answer.status_code == 422
    assert REFUSED in answer.content.decode()
    assert admin.connection.settings["sender_email"] == ACCOUNT


@pytest.mark.feature("HIR-23", "HIR-24")
def test_the_callback_asks_again_when_the_account_is_known(
    admin: Admin, smtp: SmtpServer, names: DnsServer, sandbox: Sandbox
) -> None:
    answer = admin.connect(account_values(smtp, sender_email="hello@other.example"))
    html = admin.read(answer)
    assert admin.account() is None
    result = admin.browser.post(
        admin.page("connect"),
        {"trip": str(admin.trips[-1].pk), "choice": "sends_as"},
        headers={"HX-Request": "true"},
    )
    html = admin.read(admin.come_back(admin.microsoft.accept(str(result["HX-Redirect"]), ACCOUNT)))
    assert f"{REFUSED} other.example" in html
    assert admin.account() is None
    assert admin.tokens() is None
    form = admin.browser.get(link_to_custom_smtp(html)).content.decode()
    assert 'value="hello@other.example"' in form


@pytest.mark.feature("HIR-23")
def test_an_unanswered_question_saves_with_a_warning(
    admin: Admin, smtp: SmtpServer, sandbox: Sandbox
) -> None:
    admin.connect(account_values(smtp))
    sandbox.dns({}, faults={"_dmarc.other.example": Fault.SERVFAIL})
    answer = admin.post(
        account_values(smtp, client_secret="", sender_email="hello@other.example"), action="save_unverified"
    )
    assert answer.status_code == 302
    assert "The DMARC policy of other.example could not be checked" in admin.read(answer)
    assert admin.connection.settings["sender_email"] == "hello@other.example"


@pytest.mark.feature("HIR-23")
def test_an_earlier_sender_is_not_restored_past_the_rule(
    admin: Admin, smtp: SmtpServer, sandbox: Sandbox
) -> None:
    admin.connect(account_values(smtp))
    names = sandbox.dns({})
    for sender in ("hello@other.example", ACCOUNT):
        admin.post(account_values(smtp, client_secret="", sender_email=sender), action="save_unverified")
    names.zones["_dmarc.other.example"] = {"TXT": ["v=DMARC1; p=reject"]}
    connection = admin.connection
    with tenant(admin.organization):
        rows = ConnectionVersion.objects.of(admin.organization).filter(connection=connection)
        wanted = next(row for row in rows if row.settings["sender_email"] == "hello@other.example")
    path = f"/organizations/contoso/emails/connections/{connection.pk}/versions/{wanted.number}/restore/"
    assert REFUSED in admin.read(admin.browser.post(path))
    assert admin.connection.settings["sender_email"] == ACCOUNT


@pytest.mark.feature("HIR-23")
def test_strict_refuses_an_accounts_own_domain_too(admin: Admin, smtp: SmtpServer, sandbox: Sandbox) -> None:
    sandbox.settings.DMARC_RULE = "strict"
    sandbox.dns({"_dmarc.contoso.com": {"TXT": ["v=DMARC1; p=reject"]}})
    html = admin.read(admin.connect(account_values(smtp)))
    assert f"{REFUSED} contoso.com" in html
    assert admin.account() is None
