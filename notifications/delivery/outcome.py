"""What one try came to, in the words of the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifications.models import AttemptOutcome
from providers import MessageInvalid, ProviderError, Receipt, Refusal

# Facts with this beginning are what the access token says of itself.
TOKEN = "token_"  # noqa: S105  # the beginning of a name


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of one try: what the provider said, for the whole message and for single recipients."""

    result: AttemptOutcome
    started_at: datetime
    code: str = ""
    stage: str = ""
    reply: str = ""
    provider_code: str = ""
    request_id: str = ""
    provider_id: str = ""
    retry_after: float | None = None
    accepted: tuple[str, ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def from_receipt(receipt: Receipt, started_at: datetime) -> Outcome:
    """The provider took responsibility, for all recipients or for some."""
    first = next(iter(receipt.refused.values()), None)
    return Outcome(
        result=AttemptOutcome.PARTIAL if receipt.refused else AttemptOutcome.ACCEPTED,
        started_at=started_at,
        code=first.code if first else "",
        reply=receipt.reply,
        provider_id=receipt.provider_id,
        accepted=tuple(receipt.accepted),
        refused=dict(receipt.refused),
    )


def unsent(code: str, reply: str, started_at: datetime) -> Outcome:
    """We refused it ourselves, before the provider was asked."""
    return Outcome(result=AttemptOutcome.REFUSED, started_at=started_at, code=code, reply=reply)


def from_error(error: ProviderError, started_at: datetime) -> Outcome:
    """The provider refused, asked for patience, or was lost after the final dot."""
    if error.outcome_unknown:
        result = AttemptOutcome.UNKNOWN
    elif error.transient or any(refusal.transient for refusal in error.refusals.values()):
        result = AttemptOutcome.TEMPORARY
    else:
        result = AttemptOutcome.REFUSED
    return Outcome(
        result=result,
        started_at=started_at,
        code=error.code,
        stage=error.stage.value if error.stage else "",
        reply=error.reply,
        provider_code=error.provider_code,
        request_id=error.request_id,
        retry_after=error.retry_after,
        refused=dict(error.refusals),
        facts=dict(error.facts),
    )


def passed_on(error: ProviderError, started_at: datetime) -> Outcome:
    """The way itself was at fault; another one takes the message over."""
    return replace(from_error(error, started_at), result=AttemptOutcome.CONNECTION, refused={})


def unsendable(error: Exception, started_at: datetime) -> Outcome:
    """The message itself keeps us from sending it: its sender, its shape, or content that does not open."""
    if isinstance(error, MessageInvalid):
        code, reply = ("sender_refused" if error.field == "sender" else "message_invalid"), error.text
    else:
        code, reply = "content_unreadable", ""
    return unsent(code, reply, started_at)
