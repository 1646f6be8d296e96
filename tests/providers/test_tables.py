"""The tables that turn other people's refusals into our codes."""

from __future__ import annotations

from typing import Any

import pytest

from providers.errors import TRAITS, ProviderError, Stage, failure
from providers.transports.smtp_replies import Reply, refused
from providers.transports.smtp_verdicts import all_refused, refusal
from providers.words import cleaned, sentence
from tests.providers.conftest import words

CODES = words("""
settings_incomplete secret_unreadable address_refused dns_not_found dns_unavailable connect_refused
connect_timeout connection_lost tls_certificate tls_mode tls_version starttls_missing
greeting_refused auth_unsupported auth_failed auth_app_password auth_temporary
auth_blocked_by_policy basic_auth_retired auth_required sender_refused send_as_denied sender_blocked
recipient_refused recipient_temporary message_refused message_too_large smtputf8_missing
too_many_connections rate_limited quota_exceeded server_busy server_refused outcome_unknown
token_secret_wrong token_secret_expired token_client_unknown token_tenant_unknown
token_consent_missing token_wrong_cloud token_scope_wrong token_application_disabled
token_blocked_by_policy token_refused token_unavailable token_endpoint_wrong token_throttled
graph_unauthorized graph_access_denied graph_mailbox_unknown graph_mailbox_unsupported
graph_throttled graph_unavailable graph_refused timeout unknown_reply
not_connected permission_missing token_reconnect token_expired token_user_unknown token_user_disabled
token_user_unassigned token_user_locked token_account_type token_redirect_wrong token_redirect_kind
token_resource_missing token_secret_missing token_client_public token_permission_unlisted
token_admin_consent token_security_defaults token_tenant_restricted token_grant_unsupported
token_grant_refused token_request_wrong consent_declined consent_mismatch consent_refresh_missing
auth_mailbox_permission tls_fingerprint graph_account_suspended graph_mailbox_full graph_sending_limit
graph_large_permission attachment_too_large
""")


def test_every_agreed_code_has_its_traits() -> None:
    assert set(TRAITS) == set(CODES)
    for code in CODES:
        error = failure(code)
        assert isinstance(error, ProviderError)
        assert error.category in words("dns connect timeout tls auth sender recipient message quota server")
        assert str(error) == code
        assert error.outcome_unknown is (code == "outcome_unknown")
        assert "{" not in sentence(code, {})


@pytest.mark.parametrize(
    ("stage", "said", "code", "transient", "connection"),
    [
        ("greeting", "554 5.7.1 no service for you", "greeting_refused", False, True),
        ("greeting", "421 4.3.2 Too many concurrent connections", "too_many_connections", True, True),
        ("greeting", "421 try later", "server_busy", True, True),
        ("tls", "454 TLS not available due to temporary reason", "server_busy", True, True),
        ("tls", "502 unknown", "starttls_missing", False, True),
        ("sign_in", "535 5.7.8 bad credentials", "auth_failed", False, True),
        ("sign_in", "535 5.7.3 Authentication unsuccessful", "auth_failed", False, True),
        ("sign_in", "535 5.7.139 the user credentials were incorrect", "auth_failed", False, True),
        (
            "sign_in",
            "535 5.7.139 SmtpClientAuthentication is disabled",
            "auth_blocked_by_policy",
            False,
            True,
        ),
        ("sign_in", "535 5.7.139 security defaults policy", "auth_blocked_by_policy", False, True),
        ("sign_in", "535 5.7.139 basic authentication is disabled.", "basic_auth_retired", False, True),
        ("sign_in", "550 5.7.30 Basic authentication is not supported", "basic_auth_retired", False, True),
        ("sign_in", "534 5.7.9 Application-specific password required", "auth_app_password", False, True),
        ("sign_in", "534 5.7.14 log in via your browser", "auth_app_password", False, True),
        ("sign_in", "454 4.7.0 Temporary authentication failure", "auth_temporary", True, True),
        ("sign_in", "432 4.7.12 password transition needed", "auth_failed", False, True),
        ("sign_in", "432 4.3.2 Concurrent connections limit exceeded", "too_many_connections", True, True),
        ("sign_in", "504 5.5.4 unrecognized mechanism", "auth_unsupported", False, True),
        ("sign_in", "538 5.7.11 encryption required", "auth_unsupported", False, True),
        ("sign_in", "525 5.7.13 account disabled", "auth_blocked_by_policy", False, True),
        ("sender", "530 5.7.0 Must issue STARTTLS or log in", "auth_required", False, True),
        ("sender", "530 5.7.57 Client not authenticated", "auth_required", False, True),
        ("sender", "550 5.7.60 no permissions to send as this sender", "send_as_denied", False, True),
        ("sender", "553 5.7.1 sender not owned", "sender_refused", False, True),
        ("sender", "550 5.1.8 Access denied, bad outbound sender", "sender_blocked", False, True),
        ("sender", "552 5.3.4 message size exceeds limit", "message_too_large", False, False),
        ("sender", "452 4.3.1 insufficient storage", "server_busy", True, True),
        ("sender", "451 4.7.28 unusual rate", "rate_limited", True, True),
        ("sender", "550 5.4.5 Daily sending quota exceeded", "quota_exceeded", True, True),
        ("message", "451 4.7.1 greylisted", "server_busy", True, False),
        ("message", "421 4.7.0 closing", "server_busy", True, True),
        ("accepted", "554 5.7.1 looks like spam", "message_refused", False, False),
        ("accepted", "550 5.7.26 unauthenticated mail", "sender_refused", False, False),
        ("accepted", "550 5.7.509 fails DMARC", "sender_refused", False, False),
        ("accepted", "554 5.2.252 SendAsDenied", "send_as_denied", False, True),
        ("accepted", "554 5.2.0 STOREDRV SendAsDeniedException", "send_as_denied", False, True),
        ("accepted", "552 5.2.3 too large", "message_too_large", False, False),
        ("accepted", "450 4.2.0 busy", "server_busy", True, False),
        ("accepted", "550 5.1.1 no such user", "recipient_refused", False, False),
        ("accepted", "550 5.7.708 access denied, traffic not accepted", "sender_blocked", False, True),
        ("accepted", "550 5.7.233 limit", "quota_exceeded", True, True),
        (
            "accepted",
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "too_many_connections",
            True,
            True,
        ),
    ],
)
def test_smtp_reply_gets_its_meaning(
    stage: Any, said: str, code: str, *, transient: bool, connection: bool
) -> None:
    reply = Reply(int(said[:3]), said[4:])
    error = refused(Stage(stage), reply, host="smtp.example.com", facts={"port": "587"})
    assert (error.code, error.transient, error.connection_fault) == (code, transient, connection)
    assert error.reply == said
    assert error.facts["port"] == "587"


@pytest.mark.parametrize(
    ("said", "code", "transient"),
    [
        ("550 5.1.1 no such user", "recipient_refused", False),
        ("550 5.1.10 null MX", "recipient_refused", False),
        ("450 4.2.0 greylisted", "recipient_temporary", True),
        ("451 4.7.1 later", "recipient_temporary", True),
        ("452 4.5.3 too many recipients", "recipient_temporary", True),
        ("552 too many recipients", "recipient_temporary", True),
        ("552 5.2.2 mailbox full", "recipient_refused", False),
        ("550 5.7.1 relaying denied", "recipient_refused", False),
        ("530 5.7.57 not authenticated", "auth_required", False),
        ("550 5.4.5 daily limit", "quota_exceeded", True),
    ],
)
def test_recipient_gets_its_own_verdict(said: str, code: str, *, transient: bool) -> None:
    verdict = refusal(Reply(int(said[:3]), said[4:]))
    assert (verdict.code, verdict.transient, verdict.reply) == (code, transient, said)


def test_when_all_are_refused_what_may_pass_later_decides() -> None:
    verdicts = {
        "a@x.com": refusal(Reply(550, "5.1.1 unknown")),
        "b@x.com": refusal(Reply(451, "4.7.1 later")),
    }
    error = all_refused(verdicts, {"host": "h"})
    assert (error.code, error.transient, error.refusals) == ("recipient_temporary", True, verdicts)
    assert all_refused({"a@x.com": verdicts["a@x.com"]}, {}).transient is False


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        ("550 no\r\nBcc: x", "550 no Bcc: x"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\u202eb\u200b", "a b"),
        ("x" * 10_000_000, "x" * 500),
        ("secret123 here", "••• here"),
    ],
)
def test_other_peoples_words_are_made_harmless(said: str, clean: str) -> None:
    assert cleaned(said, hide=("secret123",)) == clean
