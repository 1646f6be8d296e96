"""The tables that turn other people's refusals into our codes."""

from __future__ import annotations

import pytest

from providers.errors import TRAITS, ProviderError, failure
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
token_user_locked token_account_type token_redirect_wrong token_redirect_kind
token_resource_missing token_secret_missing token_client_public token_permission_unlisted
token_admin_consent token_security_defaults token_tenant_restricted token_grant_unsupported
token_grant_refused token_request_wrong consent_declined consent_mismatch consent_refresh_missing
auth_mailbox_permission tls_fingerprint graph_account_suspended graph_mailbox_full graph_sending_limit
graph_large_permission attachment_too_large token_client_refused token_scope_refused auth_token_refused
address_blocklisted sender_unauthenticated sender_unverified sender_suspected relay_denied
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
