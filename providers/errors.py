"""What can go wrong on the way out: one tree, one stable code per cause, and the stage it happened at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from providers.words import cleaned


class Stage(StrEnum):
    """The steps of sending, in their order."""

    NAME_LOOKUP = "name_lookup"
    ADDRESS_POLICY = "address_policy"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    TOKEN = "token"  # noqa: S105 - the name of a step
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Refusal:
    """Why one recipient was not taken."""

    code: str
    provider_code: str = ""
    reply: str = ""
    transient: bool = False


class ProviderError(Exception):
    """Sending failed; the attributes carry the decision, the code chooses the advice."""

    def __init__(
        self,
        code: str,
        *,
        transient: bool,
        connection_fault: bool,
        stage: Stage | None = None,
        retry_after: float | None = None,
        provider_code: str = "",
        reply: str = "",
        request_id: str = "",
        outcome_unknown: bool = False,
        host: str = "",
        facts: Mapping[str, str] | None = None,
        refusals: Mapping[str, Refusal] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.stage = stage
        self.transient = transient
        self.connection_fault = connection_fault
        self.retry_after = retry_after
        self.provider_code = cleaned(provider_code)[:80]
        self.reply = cleaned(reply)
        self.request_id = cleaned(request_id)[:100]
        self.outcome_unknown = outcome_unknown
        self.host = host
        self.facts: dict[str, str] = dict(facts or {})
        self.refusals: dict[str, Refusal] = dict(refusals or {})

    @property
    def category(self) -> str:
        """The class of C-EGR-7 shown to tenants: dns, connect, timeout, tls, auth, sender, …."""
        return TRAITS[self.code].category if self.code in TRAITS else "server"

    def __str__(self) -> str:
        where = f" at {self.stage.value}" if self.stage else ""
        return f"{self.code}{where}" + (f" ({self.provider_code})" if self.provider_code else "")


class SettingsFault(ProviderError):
    """The saved values cannot be used as they are."""


class ConnectionFailed(ProviderError):
    """The other side was not reached, or the line broke."""


class EncryptionFailed(ProviderError):
    """TLS could not be agreed or the certificate is not trusted."""


class AuthenticationFailed(ProviderError):
    """The server or Microsoft did not accept who we are."""


class SenderRefused(ProviderError):
    """This sender may not send here."""


class RecipientRefused(ProviderError):
    """No recipient was taken."""


class MessageRefused(ProviderError):
    """This one message was not taken."""


class TryLater(ProviderError):
    """The other side is busy or limits us."""


class OutcomeUnknown(ProviderError):
    """The message was handed over, and the answer never came."""


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
    **_rows(
        SenderRefused, "sender", "sender_refused send_as_denied sender_blocked sender_unauthenticated"
    ),
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
        " token_user_disabled token_user_unassigned token_user_locked token_account_type"
        " token_redirect_wrong token_redirect_kind token_resource_missing token_secret_missing"
        " token_client_public token_permission_unlisted token_admin_consent token_security_defaults"
        " token_tenant_restricted token_grant_unsupported token_grant_refused token_request_wrong"
        " consent_declined consent_mismatch consent_refresh_missing auth_mailbox_permission",
    ),
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
