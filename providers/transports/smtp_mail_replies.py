"""What replies to MAIL, RCPT and DATA mean, each to our code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from providers.transports.smtp_reply import GONE, Reply, is_crowded, lacks_mailbox

SENDER_BLOCKED: Final = {
    *("5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708", "5.7.750"),
    *("5.2.251", "5.2.253", "5.2.254", "5.2.255"),
}
SEND_AS: Final = {"5.7.60", "5.2.252"}
QUOTA: Final = {"5.4.5", "4.4.5", "5.1.90", "5.7.232", "5.7.233"}
# SPF, DKIM or DMARC of the sender's domain, or the reverse name of the server.
UNAUTHENTICATED: Final = {f"5.7.{last}" for last in (20, 21, 22, 23, 24, 25, 26, 27, 509, 515)}
UNVERIFIED: Final = {"4.1.7", "4.1.8", "4.7.24", "4.7.26"}
# The server is not made for us, or not well: a connector in the wrong region, a relay turned wrong.
MISCONFIGURED: Final = {"5.3.0", "5.3.5", "5.7.64", "4.4.62", "5.5.1", "5.5.2", "5.5.4"}
NOT_UNDERSTOOD: Final = {500, 502, 503, 504, 555}
TOO_LARGE: Final = {"5.3.4", "5.2.3"}
TOO_MANY_RECIPIENTS: Final = {"4.5.3", "5.5.3"}
NO_RECIPIENT: Final = {
    *("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.2.2", "5.4.1", "5.4.4", "5.4.6"),
    *("5.4.14", "5.7.12", "5.7.124", "5.7.133", "5.7.134", "5.7.135", "5.7.136"),
}
BUSY_RECIPIENT: Final = {"4.1.2", "4.2.1", "4.2.2", "4.4.3"}
# Microsoft's suspicion of a tenant: 4.7.500 to 4.7.699 and 4.7.850 to 4.7.899, hours long.
SUSPECTED: Final = re.compile(r"4\.7\.(5\d\d|6\d\d|8[5-9]\d)")


def sender_code(reply: Reply) -> str:
    """Judge a refused MAIL FROM."""
    known = _any_stage(reply)
    if known:
        return known
    if reply.transient:
        return "rate_limited" if _rate(reply) else "server_busy"
    return "smtputf8_missing" if reply.enhanced == "5.6.7" else "sender_refused"


def recipient_code(reply: Reply) -> str:
    """Judge a refused RCPT TO."""
    if reply.code == GONE or reply.enhanced in TOO_MANY_RECIPIENTS:
        return "server_busy" if reply.code == GONE else "recipient_temporary"
    known = _any_stage(reply, without={"message_too_large"})
    if known:
        return known
    if reply.transient:
        return "rate_limited" if _rate(reply) else "recipient_temporary"
    if reply.code == 552 and reply.enhanced not in {"5.2.2", "5.7.0"}:  # noqa: PLR2004 - RFC 5321: as 452
        return "recipient_temporary"
    return "relay_denied" if reply.says("relay") else "recipient_refused"


def data_code(reply: Reply) -> str:
    """Judge a refusal of DATA or of the message itself."""
    known = _any_stage(reply)
    if known:
        return known
    if reply.enhanced in NO_RECIPIENT or reply.code == 556:  # noqa: PLR2004 - RFC 7504: takes no mail
        return "recipient_refused"
    if reply.enhanced in BUSY_RECIPIENT:
        return "recipient_temporary"
    if reply.transient:
        return "rate_limited" if _rate(reply) else "server_busy"
    return "message_refused"


def _any_stage(reply: Reply, without: Iterable[str] = ()) -> str:
    """Find what means the same wherever it is said; empty when nothing does."""
    found = _about_account(reply) or _about_sender(reply) or _about_server(reply)
    if not found and (
        reply.enhanced in TOO_LARGE or (reply.code == 552 and reply.says("size", "too large", "too big"))  # noqa: PLR2004
    ):
        found = "message_too_large"
    return "" if found in without else found


def _about_account(reply: Reply) -> str:
    if reply.code == 530 or reply.enhanced == "5.7.57" or reply.says("authentication required"):  # noqa: PLR2004 - RFC 4954
        return "auth_required"
    if lacks_mailbox(reply):
        return "auth_mailbox_permission"
    if is_crowded(reply):
        return "too_many_connections"
    if reply.enhanced in QUOTA or reply.says("submission quota", "daily limit", "daily user sending"):
        return "quota_exceeded"
    if SUSPECTED.fullmatch(reply.enhanced):
        return "sender_suspected"
    return "basic_auth_retired" if reply.enhanced == "5.7.30" else ""


def _about_sender(reply: Reply) -> str:
    if reply.enhanced in SEND_AS or reply.says("sendasdenied", "relaying disallowed as"):
        return "send_as_denied"
    if reply.enhanced in SENDER_BLOCKED or (reply.enhanced == "5.1.8" and reply.says("outbound", "blocked")):
        return "sender_blocked"
    if reply.enhanced in UNAUTHENTICATED:
        return "sender_unauthenticated"
    if reply.enhanced in UNVERIFIED:
        return "sender_unverified"
    wrong = reply.enhanced in {"5.1.7", "5.1.8"} or reply.says("address is not verified")
    return "sender_refused" if wrong else ""


def _about_server(reply: Reply) -> str:
    if reply.says("spamhaus", "blocklist", "blacklist", "block list", "blocked using"):
        return "address_blocklisted"
    odd = reply.code in NOT_UNDERSTOOD and not reply.enhanced
    return "server_refused" if odd or reply.enhanced in MISCONFIGURED else ""


def _rate(reply: Reply) -> bool:
    return reply.enhanced == "4.7.28" or reply.says("rate limit", "too many messages", "sending rate")
