"""Signing in by SMTP: one mechanism, one try, and what a refusal means."""

from __future__ import annotations

import pytest

from providers import ProviderError, Trace, provider
from sandbox.inbox import Inbox
from tests.providers.conftest import (
    MAILBOX,
    Rules,
    SmtpMode,
    StartSmtp,
    context_of,
    letter,
    smtp_settings,
)
from tests.providers.test_smtp import USERS, failed, opened


@pytest.mark.feature("COG-10", "COG-28")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_sends_signed_in_by_every_mechanism(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, mode: SmtpMode, mechanism: str
) -> None:
    server = start_smtp(mode=mode, users=USERS)
    server.rules.auth_mechanisms = (mechanism,)
    with opened(server, egress_for) as session:
        receipt = session.send(letter())
    assert receipt.accepted == ("orgadmin@contoso.com",)
    mail = inbox.wait_for(1)[0]
    assert mail.signed_in_as == "user@contoso.com"
    assert (mail.envelope_from, mail.envelope_to) == (MAILBOX, ("orgadmin@contoso.com",))
    assert mail.text.replace("\r\n", "\n") == "First line\nsecond line\n"
    assert receipt.provider_id
    assert receipt.provider_id in receipt.reply


@pytest.mark.feature("COG-28")
@pytest.mark.parametrize(
    ("username", "password", "code", "transient"),
    [
        ("user@contoso.com", "wrong-password", "auth_failed", False),
        ("retired@contoso.com", "x-password", "basic_auth_retired", False),
        ("apppassword@contoso.com", "x-password", "auth_app_password", False),
        ("policy@contoso.com", "x-password", "auth_blocked_by_policy", False),
        ("later@contoso.com", "x-password", "auth_temporary", True),
    ],
)
def test_refused_sign_in_is_told_apart_and_tried_once(
    start_smtp: StartSmtp, egress_for: Rules, username: str, password: str, code: str, *, transient: bool
) -> None:
    server, trace = start_smtp(users=USERS), Trace()
    error = failed(server, egress_for, trace, username=username, password=password)
    assert (error.code, error.stage, error.transient) == (code, "sign_in", transient)
    assert error.connection_fault
    assert error.facts["username"] == username
    assert error.reply
    assert trace.results[-1].verdict == "failed"
    assert server.credentials_received == 1


def test_server_without_a_known_mechanism_gets_no_password(start_smtp: StartSmtp, egress_for: Rules) -> None:
    server = start_smtp(users=USERS)
    server.rules.auth_mechanisms = ("GSSAPI", "XOAUTH2")
    error = failed(server, egress_for)
    assert error.code == "auth_unsupported"
    assert error.facts["offered"] == "GSSAPI, XOAUTH2"
    assert server.credentials_received == 0


def test_settings_without_a_password_are_told_before_anything_is_said(
    start_smtp: StartSmtp, egress_for: Rules
) -> None:
    server = start_smtp(users=USERS)
    egress = egress_for(server)
    settings = smtp_settings(server, egress)
    object.__setattr__(settings, "password", type(settings.password)(""))  # type: ignore[attr-defined]
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress))
    assert caught.value.code == "settings_incomplete"
    assert server.credentials_received == 0
