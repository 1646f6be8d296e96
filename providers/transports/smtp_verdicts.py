"""A verdict for each recipient, and one for the message when nobody is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from providers.errors import ProviderError, Refusal, Stage, failure
from providers.transports.smtp_replies import Reply, recipient_code

LASTING: Final = {
    "recipient_refused",
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


def counted(taken: int, asked: int) -> str:
    """Say for the ladder how many recipients were taken."""
    return "Recipient accepted" if asked == 1 else f"{taken} of {asked} recipients accepted"
