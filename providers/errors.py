"""The table of what can go wrong on the way out: one stable code per cause, and what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from providers.exceptions import (
    AuthenticationFailed,
    ConnectionFailed,
    EncryptionFailed,
    MessageRefused,
    OutcomeUnknown,
    ProviderError,
    RecipientRefused,
    Refusal,
    SenderRefused,
    SettingsFault,
    Stage,
    TryLater,
)


@dataclass(frozen=True)
class Traits:
    """What is true of a code unless the place that raises it knows better."""

    kind: type[ProviderError]
    category: str
    transient: bool = False
    connection_fault: bool = True


def _rows(kind: type[ProviderError], category: str, codes: str, **traits: bool) -> dict[str, Traits]:
    return {code: Traits(kind, category, **traits) for code in codes.split()}


TRAITS: Final[Mapping[str, Traits]] = {
    **_rows(SettingsFault, "auth", "settings_incomplete secret_unreadable"),
    **_rows(ConnectionFailed, "connect", "address_refused"),
    **_rows(ConnectionFailed, "dns", "dns_not_found dns_unavailable", transient=True),
    **_rows(ConnectionFailed, "connect", "connect_refused connection_lost", transient=True),
    **_rows(ConnectionFailed, "timeout", "connect_timeout timeout", transient=True),
    **_rows(EncryptionFailed, "tls", "tls_certificate tls_mode tls_version starttls_missing"),
    **_rows(ConnectionFailed, "server", "greeting_refused unknown_reply server_refused"),
    **_rows(
        AuthenticationFailed,
        "auth",
        "auth_unsupported auth_failed auth_app_password auth_blocked_by_policy"
        " basic_auth_retired auth_required",
    ),
    **_rows(AuthenticationFailed, "auth", "auth_temporary", transient=True),
    **_rows(ConnectionFailed, "server", "address_blocklisted"),
    **_rows(SenderRefused, "sender", "sender_refused send_as_denied sender_blocked sender_unauthenticated"),
    **_rows(SenderRefused, "sender", "sender_unverified", transient=True),
    **_rows(TryLater, "quota", "sender_suspected", transient=True),
    **_rows(RecipientRefused, "recipient", "relay_denied", connection_fault=False),
    **_rows(RecipientRefused, "recipient", "recipient_refused smtputf8_missing", connection_fault=False),
    **_rows(RecipientRefused, "recipient", "recipient_temporary", transient=True, connection_fault=False),
    **_rows(MessageRefused, "message", "message_refused message_too_large", connection_fault=False),
    **_rows(TryLater, "quota", "too_many_connections rate_limited quota_exceeded", transient=True),
    **_rows(TryLater, "server", "server_busy", transient=True),
    **_rows(OutcomeUnknown, "timeout", "outcome_unknown", transient=True, connection_fault=False),
    **_rows(
        AuthenticationFailed,
        "auth",
        "token_secret_wrong token_secret_expired token_client_unknown token_tenant_unknown"
        " token_consent_missing"
        " token_wrong_cloud token_scope_wrong token_application_disabled token_blocked_by_policy"
        " token_refused token_endpoint_wrong graph_unauthorized graph_access_denied",
    ),
    # Consent, and grants that end: each of these has a remedy of its own.
    **_rows(
        AuthenticationFailed,
        "auth",
        "not_connected permission_missing token_reconnect token_expired token_user_unknown"
        " token_user_disabled token_account_type"
        " token_redirect_wrong token_redirect_kind token_resource_missing token_secret_missing"
        " token_client_public token_permission_unlisted token_admin_consent token_security_defaults"
        " token_tenant_restricted token_grant_unsupported token_grant_refused token_request_wrong"
        " token_client_refused token_scope_refused auth_token_refused"
        " consent_declined consent_mismatch consent_refresh_missing auth_mailbox_permission",
    ),
    **_rows(AuthenticationFailed, "auth", "token_user_locked", transient=True),
    **_rows(EncryptionFailed, "tls", "tls_fingerprint"),
    **_rows(SenderRefused, "sender", "graph_account_suspended"),
    **_rows(SenderRefused, "sender", "graph_mailbox_full", transient=True),
    **_rows(TryLater, "quota", "graph_sending_limit", transient=True),
    **_rows(MessageRefused, "message", "graph_large_permission attachment_too_large", connection_fault=False),
    **_rows(TryLater, "server", "token_unavailable graph_unavailable", transient=True),
    **_rows(TryLater, "quota", "token_throttled graph_throttled", transient=True),
    **_rows(SenderRefused, "sender", "graph_mailbox_unknown graph_mailbox_unsupported"),
    **_rows(MessageRefused, "message", "graph_refused", connection_fault=False),
}


def failure(
    code: str,
    *,
    transient: bool | None = None,
    connection_fault: bool | None = None,
    stage: Stage | None = None,
    retry_after: float | None = None,
    provider_code: str = "",
    reply: str = "",
    request_id: str = "",
    host: str = "",
    facts: Mapping[str, str] | None = None,
    refusals: Mapping[str, Refusal] | None = None,
) -> ProviderError:
    """Make the error of a code, with the traits of its row unless told otherwise."""
    traits = TRAITS[code]
    return traits.kind(
        code,
        category=traits.category,
        transient=traits.transient if transient is None else transient,
        connection_fault=traits.connection_fault if connection_fault is None else connection_fault,
        stage=stage,
        retry_after=retry_after,
        provider_code=provider_code,
        reply=reply,
        request_id=request_id,
        outcome_unknown=code == "outcome_unknown",
        host=host,
        facts=facts,
        refusals=refusals,
    )


__all__ = [
    "TRAITS",
    "AuthenticationFailed",
    "ConnectionFailed",
    "EncryptionFailed",
    "MessageRefused",
    "OutcomeUnknown",
    "ProviderError",
    "RecipientRefused",
    "Refusal",
    "SenderRefused",
    "SettingsFault",
    "Stage",
    "Traits",
    "TryLater",
    "failure",
]
