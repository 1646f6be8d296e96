"""Every error code has its advice: a title, a cause, steps, and who can fix it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from mailsettings.advice import TABLE, Advice, advise, varied, worded
from mailsettings.advice.catalogue import catalogue
from mailsettings.advice.filling import UNKNOWN, complete
from mailsettings.advice.own import OWN
from mailsettings.advice.row import FIXERS, If, Row
from providers.errors import TRAITS
from providers.guides import COMMANDS

FACTS = {
    "host": "smtp.contoso.com",
    "port": "587",
    "sender": "notifications@contoso.com",
    "mailbox": "notifications@contoso.com",
    "client_id": "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
    "tenant": "contoso.com",
    "username": "notifications@contoso.com",
    "limit": "35 MB",
    "missing": "Mail.Send",
    "service": "Microsoft",
    "custom_from": "news@contoso.com",
}


def readings() -> Iterator[tuple[str, Row]]:
    """Give every row, and every closer reading of it."""
    for code, row in TABLE.items():
        yield code, row
        for number, variant in enumerate(row.variants):
            yield f"{code}[{number}]", varied(row, variant)


READINGS = list(readings())


def test_every_code_has_a_row_and_no_row_is_an_orphan() -> None:
    assert set(TRAITS) - set(TABLE) == set()
    assert set(TABLE) - set(TRAITS) <= set(OWN)


@pytest.mark.parametrize(("name", "row"), READINGS, ids=[name for name, _row in READINGS])
@pytest.mark.parametrize("facts", [{}, FACTS], ids=["no facts", "facts"])
def test_every_reading_has_whole_sentences(name: str, row: Row, facts: dict[str, str]) -> None:
    advice = worded(name, row, facts)
    assert advice.steps
    assert advice.fixer in FIXERS
    for sentence in (advice.title, advice.cause, *advice.steps):
        assert sentence[0] == sentence[0].upper() or sentence.startswith(tuple(facts.values())), sentence
        assert not re.search(r"[{}]|  | ,|\*\*\*", sentence), sentence
        assert "!" not in sentence
        assert not re.search("please|successful|oops|e-mail", sentence.lower())
        assert sentence.count("**") % 2 == 0
    assert not advice.title.endswith(".")
    assert all(text.endswith((".", "?")) for text in (advice.cause, *advice.steps)), advice


@pytest.mark.parametrize(("name", "row"), READINGS, ids=[name for name, _row in READINGS])
def test_every_value_a_reading_names_has_a_word_and_a_safe_link(name: str, row: Row) -> None:
    texts = [row.title, row.cause, row.link, *(s.text if isinstance(s, If) else s for s in row.steps)]
    named = set(re.findall(r"\{(\w+)\}", " ".join(texts)))
    assert named <= set(complete())
    assert not row.commands or row.commands in COMMANDS
    link = worded(name, row, FACTS).link
    assert link == "" or link.startswith("https://")
    assert bool(row.link) == bool(row.link_label)


def test_values_are_text_and_never_a_pattern() -> None:
    advice = advise("dns_not_found", {"host": "{sender}.__class__ %(x)s"})
    assert advice.title.startswith("{sender}.__class__ %(x)s")


def test_an_unknown_code_still_gets_a_sentence() -> None:
    assert advise("no such code").title == advise("unknown_reply").title


def test_a_value_that_could_end_its_quotes_never_enters_a_command() -> None:
    hostile = {
        "client_id": "x'; Remove-Mailbox *; '",
        "mailbox": "a@b.c'; Get-Secret; '",
        "sender": "$(x)@y.z",
    }
    for name in ("auth_token_refused", "send_as_denied", "auth_blocked_by_policy"):
        script = "\n".join(advise(name, hostile).commands)
        assert script
        assert "Remove-Mailbox" not in script
        assert "Get-Secret" not in script
        assert "$(x)" not in script


def read(code: str, reply_code: str = "", reply: str = "", **facts: str) -> Advice:
    return advise(code, {**FACTS, **facts}, reply_code=reply_code, reply=reply)


@pytest.mark.feature("COG-57")
@pytest.mark.parametrize("custom_from", ["news@contoso.com", ""])
def test_invalid_login_lists_exactly_the_four_causes(custom_from: str) -> None:
    advice = read("auth_token_refused", "5.7.3", provider_key="microsoft365_smtp", custom_from=custom_from)
    causes = [step.split("**")[1] for step in advice.steps]
    others = ["Credential mismatch", "SMTP AUTH off", "Wrong endpoint or scope"]
    assert causes == (["Custom sender", *others] if custom_from else others)
    assert FACTS["client_id"] in advice.steps[-3]


@pytest.mark.feature("COG-58")
@pytest.mark.parametrize(
    ("code", "reply_code"),
    [("auth_token_refused", "5.7.3"), ("graph_unauthorized", "InvalidAuthenticationToken")],
)
def test_unauthorized_lists_permission_consent_service_principal_and_send_as(
    code: str, reply_code: str
) -> None:
    advice = read(code, reply_code)
    text = " ".join((advice.cause, *advice.steps)).lower()
    for word in ("permission", "consent", "service principal", "send as"):
        assert f"**{word}**" in text or f"**admin {word}**" in text, word


@pytest.mark.feature("COG-59", "COG-48")
def test_smtp_auth_off_says_where_to_switch_it_on() -> None:
    reply = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
    advice = read("auth_blocked_by_policy", "5.7.139", reply, policy="smtp_auth_off")
    assert advice.title == f"Not allowed: SMTP AUTH is switched off for {FACTS['mailbox']}"
    assert "**Authenticated SMTP**" in advice.steps[0]
    assert "**Mail › Manage email apps**" in advice.steps[0]
    assert advice.commands[-1].startswith(f"Set-CASMailbox -Identity '{FACTS['mailbox']}'")
    whole = read(
        "auth_blocked_by_policy", "5.7.139", reply.replace("Mailbox", "Tenant"), policy="smtp_auth_off"
    )
    assert "whole organization" in whole.title


@pytest.mark.feature("COG-60")
@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("token_client_unknown", "700016"),
        ("token_tenant_unknown", "90002"),
        ("token_secret_wrong", "7000215"),
        ("token_resource_missing", "500011"),
    ],
)
def test_token_acquisition_failed_lists_the_three_causes(code: str, number: str) -> None:
    text = " ".join(read(code, f"AADSTS{number}").steps)
    for words in ("not **multitenant**", "no **service principal**", "an id is of another app"):
        assert words in text


@pytest.mark.feature("COG-56")
def test_a_configuration_that_does_not_fit_has_its_four_checks() -> None:
    advice = read("token_refused")
    assert [step.split("**")[1] for step in advice.steps] == [
        "Scope",
        "Access URL",
        "Client Secret",
        "Mailbox",
    ]


@pytest.mark.feature("HIR-19")
@pytest.mark.parametrize(
    ("code", "reply_code"),
    [
        ("auth_blocked_by_policy", "5.7.139"),
        ("auth_blocked_by_policy", "5.7.57"),
        ("auth_required", "5.7.57"),
        ("basic_auth_retired", "5.7.30"),
        ("token_blocked_by_policy", "AADSTS53003"),
        ("token_blocked_by_policy", "AADSTS50105"),
        ("token_security_defaults", "AADSTS530035"),
    ],
)
def test_everything_a_policy_forbids_is_called_not_allowed(code: str, reply_code: str) -> None:
    advice = read(code, reply_code)
    assert advice.title.startswith("Not allowed: ")
    text = " ".join((advice.cause, *advice.steps)).lower()
    assert "smtp auth" in text or "conditional access" in text or "assigned" in text
    assert advice.fixer == "microsoft_admin" or code == "basic_auth_retired"


@pytest.mark.feature("WPM-55", "WPM-56")
@pytest.mark.parametrize("provider_key", ["graph", "smtp", "microsoft_account"])
def test_not_allowed_to_send_as_has_two_remedies(provider_key: str) -> None:
    advice = read("send_as_denied", provider_key=provider_key)
    assert advice.title == f"Not allowed to send as {FACTS['sender']}"
    assert "**Sender email**" in advice.steps[0]
    assert "**Send As**" in advice.steps[1]
    assert "**alias**" in advice.steps[1]


@pytest.mark.feature("WPM-57")
def test_a_mailbox_out_of_reach_names_both_causes_and_the_remedy() -> None:
    advice = read("graph_mailbox_unsupported", "MailboxNotEnabledForRESTAPI")
    for words in ("REST", "licence", "on-premises"):
        assert words in advice.cause
    assert "**Exchange Online** licence" in advice.steps[0]
    assert "**Custom SMTP**" in advice.steps[1]


@pytest.mark.feature("WPM-42", "WPM-48")
@pytest.mark.parametrize("why", ["", "mfa", "password", "expired"])
def test_an_ended_connection_names_mfa_and_password(why: str) -> None:
    advice = read("token_reconnect", why=why)
    assert "password" in advice.cause.lower()
    assert "MFA" in advice.cause
    assert "**Reconnect**" in advice.steps[0]
    assert any("nothing is lost" in step for step in advice.steps)


@pytest.mark.feature("COG-53")
def test_a_missing_application_permission_is_named() -> None:
    advice = read("permission_missing", provider_key="microsoft365_smtp", missing="SMTP.SendAsApp")
    assert advice.title == "A permission is missing: SMTP.SendAsApp"
    assert "**SMTP.SendAsApp**" in " ".join(advice.steps)
    assert advice.link.endswith(f"/CallAnAPI/appId/{FACTS['client_id']}")


def test_a_link_leads_to_the_portal_of_the_chosen_cloud() -> None:
    advice = read("token_secret_wrong", link_secrets="https://portal.azure.us/#view/x")
    assert advice.link == "https://portal.azure.us/#view/x"
    assert read("token_secret_wrong", link_secrets="javascript:alert(1)").link == ""


@pytest.mark.feature("NEW-2")
def test_the_page_of_the_docs_is_the_table() -> None:
    written = StringIO()
    call_command("failures_page", stdout=written)
    assert (settings.BASE_DIR / "docs" / "failures.md").read_text(encoding="utf-8") == written.getvalue()
    listed = {entry.advice.code for group in catalogue() for entry in group.entries}
    assert listed == set(TABLE)
    anchors = [entry.anchor for group in catalogue() for entry in group.entries]
    assert len(anchors) == len(set(anchors))
    assert set(UNKNOWN) <= set(complete())
