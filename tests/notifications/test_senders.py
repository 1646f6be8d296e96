"""Whose address a message carries: what was wished, what the connection allows, where answers go."""

from __future__ import annotations

from email import message_from_bytes
from email.utils import getaddresses

import pytest

from notifications.drain import drain
from notifications.models import Status
from orgs.models import Organization
from sandbox.inbox import CaughtMail, Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import attempts, connect_to, look, queue
from tests.plugin_sandbox import Sandbox

pytestmark = pytest.mark.django_db
OWN = "notify@contoso.example"


def people(mail: CaughtMail, header: str) -> list[str]:
    """The addresses of a header, as a mail program reads them."""
    return [email for _, email in getaddresses(message_from_bytes(mail.raw).get_all(header, []))]


@pytest.mark.feature("WPM-31")
@pytest.mark.control("C-MAIL-7")
def test_always_use_this_sender_replaces_from_and_answers_go_to_the_wished_one(
    contoso: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    connect_to(contoso, server)
    queue(contoso, sender="Chief <ceo@fabrikam.example>")
    queue(contoso, sender="ceo@fabrikam.example", reply_to="desk@contoso.example")
    queue(contoso, sender=OWN)
    queue(contoso)
    drain(contoso.pk)
    assert [mail.envelope_from for mail in inbox] == [OWN] * 4
    assert [people(mail, "From") for mail in inbox] == [[OWN]] * 4
    replies = [people(mail, "Reply-To") for mail in inbox]
    assert replies == [["ceo@fabrikam.example"], ["desk@contoso.example"], [], []]


@pytest.mark.feature("WPM-31", "COG-41")
def test_without_the_switch_the_wished_sender_is_used(
    contoso: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    connect_to(contoso, server, force_sender=False)
    queue(contoso, sender="Billing <billing@contoso.example>")
    drain(contoso.pk)
    assert inbox[0].envelope_from == "billing@contoso.example"
    assert people(inbox[0], "From") == ["billing@contoso.example"]
    assert people(inbox[0], "Reply-To") == []
    assert b"Billing" in inbox[0].raw


@pytest.mark.feature("WPM-52")
@pytest.mark.control("C-MAIL-7")
@pytest.mark.parametrize("force_sender", [True, False])
def test_additional_allowed_sender_is_used_as_it_is(
    contoso: Organization, server: SmtpServer, inbox: Inbox, *, force_sender: bool
) -> None:
    allowed = "invoices@fabrikam.example, support@contoso.example"
    connect_to(contoso, server, force_sender=force_sender, allowed_senders=allowed)
    queue(contoso, sender="Invoices <Invoices@Fabrikam.example>")
    queue(contoso, sender="support@contoso.example")
    drain(contoso.pk)
    senders = ["invoices@fabrikam.example", "support@contoso.example"]
    assert [mail.envelope_from.lower() for mail in inbox] == senders
    assert [people(mail, "From")[0].lower() for mail in inbox] == senders
    assert [people(mail, "Reply-To") for mail in inbox] == [[], []]


@pytest.mark.control("C-MAIL-7")
def test_sender_of_a_foreign_domain_is_refused_where_nothing_replaces_it(
    contoso: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    connect_to(contoso, server, force_sender=False, allowed_senders="invoices@fabrikam.example")
    foreign = queue(contoso, sender="ceo@fabrikam.example")
    drain(contoso.pk)
    assert len(inbox) == 0
    refused = look(foreign)
    assert (refused.status, refused.last_code) == (Status.FAILED, "sender_refused")
    assert "Additional allowed senders" in refused.last_reply


@pytest.mark.control("C-MAIL-7")
def test_default_mailer_lends_its_sender_to_nobody(contoso: Organization, sandbox: Sandbox) -> None:
    sandbox.default_mailer(sandbox.smtp())
    queue(contoso, sender="ceo@contoso.example")
    drain(contoso.pk)
    mail = sandbox.inbox.wait_for(1)[0]
    assert people(mail, "From") == ["platform@mailroom.example"]
    assert people(mail, "Reply-To") == []


@pytest.mark.feature("COG-41")
@pytest.mark.parametrize(
    ("wished", "told"), [("billing@contoso.example", "billing@contoso.example"), (OWN, None)]
)
def test_refusal_tells_whether_a_custom_from_was_used(
    contoso: Organization, server: SmtpServer, wished: str, told: str | None
) -> None:
    connect_to(contoso, server, force_sender=False)
    server.rules.content["reader"] = "554 5.7.1 Message refused"
    row = queue(contoso, sender=wished)
    drain(contoso.pk)
    assert attempts(row)[-1].facts.get("custom_from") == told
