"""From a refused command to our error: each stage has its judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.transports.smtp_auth_replies import auth_code, greeting_code, policy_named, starttls_code
from providers.transports.smtp_mail_replies import data_code, recipient_code, sender_code
from providers.transports.smtp_reply import GONE, Reply

HOUR: Final = 3600.0
# How long to leave a server alone that did not say so itself, in seconds.
PAUSES: Final = {
    "quota_exceeded": 6 * HOUR,
    "sender_suspected": 2 * HOUR,
    "sender_unverified": HOUR / 2,
    "too_many_connections": 30.0,
    "rate_limited": 60.0,
}
# A refusal of one message that says nothing of the next one.
ABOUT_ONE_MESSAGE: Final = {"server_busy", "sender_refused", "sender_unauthenticated", "sender_unverified"}
JUDGES: Final[Mapping[Stage, Callable[[Reply], str]]] = {
    Stage.GREETING: greeting_code,
    Stage.TLS: starttls_code,
    Stage.SIGN_IN: auth_code,
    Stage.SENDER: sender_code,
    Stage.RECIPIENT: recipient_code,
    Stage.MESSAGE: data_code,
    Stage.ACCEPTED: data_code,
}

__all__ = ["GONE", "Reply", "recipient_code", "refused"]


def refused(
    stage: Stage,
    reply: Reply,
    *,
    host: str,
    facts: Mapping[str, str],
    hide: Iterable[str] = (),
    signed_in: bool = False,
) -> ProviderError:
    """Make the error of a refused command; after a sign-in "not authenticated" is a policy of theirs."""
    code = JUDGES[stage](reply)
    if code == "auth_required" and signed_in and reply.enhanced == "5.7.57":
        code = "auth_blocked_by_policy"
    about_message = stage in {Stage.MESSAGE, Stage.ACCEPTED}
    # A busy answer to one message is no reason to rest the whole connection, unless the server hangs up.
    single = about_message and reply.code != GONE and code in ABOUT_ONE_MESSAGE
    policy = {"policy": policy_named(reply)} if policy_named(reply) else {}
    return failure(
        code,
        stage=stage,
        connection_fault=False if single else None,
        retry_after=PAUSES.get(code),
        provider_code=reply.enhanced or str(reply.code),
        reply=reply.shown(hide),
        host=host,
        facts={**facts, "host": host, **policy},
    )
