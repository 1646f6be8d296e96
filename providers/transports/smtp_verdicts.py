"""A verdict for each recipient, one for the message when nobody is left, and the name it was taken under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from providers.errors import ProviderError, Refusal, Stage, failure
from providers.transports.smtp_replies import Reply, recipient_code

QUEUED_AS: Final = re.compile(
    r"\bqueued (?:mail )?(?:as|for delivery|with id) <?([\w.@-]{1,100})", re.IGNORECASE
)
LASTING: Final = {
    "recipient_refused",
    "relay_denied",
    "address_blocklisted",
    "server_refused",
    "sender_refused",
    "sender_unauthenticated",
    "auth_mailbox_permission",
    "auth_required",
    "send_as_denied",
    "sender_blocked",
    "basic_auth_retired",
}


def refusal(reply: Reply, hide: Iterable[str] = ()) -> Refusal:
    """Make the verdict on one recipient."""
    code = recipient_code(reply)
    return Refusal(code, reply.enhanced or str(reply.code), reply.shown(hide), transient=code not in LASTING)


def all_refused(refused: Mapping[str, Refusal], facts: Mapping[str, str]) -> ProviderError:
    """Make one error of all verdicts: what may pass later comes first."""
    address, worst = next(
        ((one, verdict) for one, verdict in refused.items() if verdict.transient), next(iter(refused.items()))
    )
    return failure(
        worst.code,
        stage=Stage.RECIPIENT,
        transient=worst.transient,
        provider_code=worst.provider_code,
        reply=worst.reply,
        host=facts.get("host", ""),
        facts={**facts, "recipient": address},
        refusals=refused,
    )


def refusals_of(error: ProviderError, recipients: Iterable[str]) -> dict[str, Refusal]:
    """Give what an error means for each recipient of its mail, when other mails of the message were taken.

    A mail whose fate nobody knows is not sent again: its recipients may have it.
    """
    transient = error.transient and not error.outcome_unknown
    common = Refusal(error.code, error.provider_code, error.reply, transient=transient)
    return dict(error.refusals) or dict.fromkeys(recipients, common)


def counted(taken: int, asked: int) -> str:
    """Say for the ladder how many recipients were taken."""
    return "Recipient accepted" if asked == 1 else f"{taken} of {asked} recipients accepted"


def queued_as(reply: Reply) -> str:
    """Give the name the server keeps the message under, if it told."""
    match = QUEUED_AS.search(reply.text) if reply.says("queued") else None
    return match[1] if match else ""
