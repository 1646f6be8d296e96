"""The steps of sending, and the one tree of what can go wrong at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
        category: str = "server",
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
        # The class of C-EGR-7 shown to tenants: dns, connect, timeout, tls, auth, sender, ….
        self.category = category
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
