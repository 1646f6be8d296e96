"""What a mail server's replies mean: stage, reply code and enhanced code to our code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.words import cleaned

ENHANCED: Final = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
DAY: Final = 86_400.0
HOUR: Final = 3600.0
GONE: Final = 421


@dataclass(frozen=True)
class Reply:
    """One reply: the code, and its lines as one text."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The code x.y.z at its beginning, if any."""
        match = ENHANCED.match(self.text)
        return match[1] if match else ""

    @property
    def transient(self) -> bool:
        """The first digit decides."""
        return 400 <= self.code < 500  # noqa: PLR2004 - RFC 5321

    def says(self, *words: str) -> bool:
        """Say whether the text holds one of the words, in any case."""
        lower = self.text.lower()
        return any(word in lower for word in words)

    def shown(self, hide: Iterable[str] = ()) -> str:
        """The server's own words, harmless."""
        return cleaned(f"{self.code} {self.text}", hide=hide)


SENDER_BLOCKED: Final = {
    *("5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708", "5.7.750"),
    *("5.2.251", "5.2.253", "5.2.254", "5.2.255"),
}
SEND_AS: Final = {"5.7.60", "5.2.252"}
QUOTA: Final = {"5.4.5", "4.4.5", "5.1.90", "5.7.232", "5.7.233"}
DOMAIN_FAILS: Final = {f"5.7.{last}" for last in (20, 21, 22, 23, 24, 25, 26, 27, 509, 515)}
RETIRED: Final = ("basic authentication is disabled", "basic authentication is not")
NO_SUCH_SIGN_IN: Final = {500, 501, 502, 503, 504, 530, 534, 538}
TOO_LARGE: Final = {"5.3.4", "5.2.3"}


def greeting_code(reply: Reply) -> str:
    """Judge a greeting or the answer to EHLO."""
    if reply.transient:
        return "too_many_connections" if _crowded(reply) else "server_busy"
    return "greeting_refused"


def starttls_code(reply: Reply) -> str:
    """Judge a refused STARTTLS."""
    return "server_busy" if reply.transient else "starttls_missing"


def auth_code(reply: Reply) -> str:
    """Judge a refused sign-in."""
    if reply.transient:
        if reply.enhanced == "4.7.12":
            return "auth_failed"
        return "too_many_connections" if _crowded(reply) else "auth_temporary"
    return _lasting_auth_code(reply)


def _lasting_auth_code(reply: Reply) -> str:
    if reply.enhanced == "5.7.30" or reply.says(*RETIRED):
        return "basic_auth_retired"
    if reply.enhanced in {"5.7.9", "5.7.14"} or reply.says("application-specific", "app password"):
        return "auth_app_password"
    if reply.enhanced == "5.7.139":
        return "auth_failed" if reply.says("credentials were incorrect") else "auth_blocked_by_policy"
    if reply.enhanced == "5.7.13" or reply.code == 525:  # noqa: PLR2004 - account disabled
        return "auth_blocked_by_policy"
    if reply.code in NO_SUCH_SIGN_IN or reply.enhanced in {"5.5.4", "5.7.11", "5.7.4"}:
        return "auth_unsupported"
    return "auth_failed"


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
    if reply.code == GONE:
        return "server_busy"
    if reply.transient and not _rate(reply):
        return "recipient_temporary"
    known = _any_stage(reply, without={"message_too_large"})
    if known:
        return known
    if reply.transient or (reply.code == 552 and reply.enhanced not in {"5.2.2", "5.7.0"}):  # noqa: PLR2004 - RFC 5321: as 452
        return "rate_limited" if reply.transient else "recipient_temporary"
    return "recipient_refused"


def data_code(reply: Reply) -> str:
    """Judge a refusal of DATA or of the message itself."""
    known = _any_stage(reply)
    if known:
        return known
    if reply.enhanced in {"5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.4.1"}:
        return "recipient_refused"
    if reply.transient:
        return "rate_limited" if _rate(reply) else "server_busy"
    if reply.enhanced in DOMAIN_FAILS:
        return "sender_refused"
    return "message_refused"


def _any_stage(reply: Reply, without: Iterable[str] = ()) -> str:
    """Find what means the same wherever it is said; empty when nothing does."""
    found = ""
    if reply.code == 530 or reply.enhanced == "5.7.57" or reply.says("authentication required"):  # noqa: PLR2004 - RFC 4954
        found = "auth_required"
    elif _crowded(reply):
        found = "too_many_connections"
    elif reply.enhanced in SEND_AS or reply.says("sendasdenied"):
        found = "send_as_denied"
    elif reply.enhanced in SENDER_BLOCKED or (
        reply.enhanced == "5.1.8" and reply.says("outbound", "blocked")
    ):
        found = "sender_blocked"
    elif reply.enhanced in QUOTA or reply.says("submission quota", "daily limit", "daily user sending"):
        found = "quota_exceeded"
    elif reply.enhanced == "5.7.30":
        found = "basic_auth_retired"
    elif reply.enhanced in TOO_LARGE or (reply.code == 552 and reply.says("size", "too large", "too big")):  # noqa: PLR2004
        found = "message_too_large"
    return "" if found in without else found


def _crowded(reply: Reply) -> bool:
    crowd = reply.says("concurrent connection", "too many connection", "too many concurrent", "thread limit")
    return reply.transient and (crowd or (reply.code == 432 and reply.enhanced == "4.3.2"))  # noqa: PLR2004 - Exchange


def _rate(reply: Reply) -> bool:
    return reply.enhanced == "4.7.28" or reply.says("rate limit", "too many messages", "sending rate")


JUDGES: Final[Mapping[Stage, Callable[[Reply], str]]] = {
    Stage.GREETING: greeting_code,
    Stage.TLS: starttls_code,
    Stage.SIGN_IN: auth_code,
    Stage.SENDER: sender_code,
    Stage.RECIPIENT: recipient_code,
    Stage.MESSAGE: data_code,
    Stage.ACCEPTED: data_code,
}


def refused(
    stage: Stage, reply: Reply, *, host: str, facts: Mapping[str, str], hide: Iterable[str] = ()
) -> ProviderError:
    """Make the error of a refused command."""
    code = JUDGES[stage](reply)
    about_message = stage in {Stage.MESSAGE, Stage.ACCEPTED}
    # A busy answer to one message is no reason to rest the whole connection, unless the server hangs up.
    single = about_message and reply.code != GONE and code in {"server_busy", "sender_refused"}
    return failure(
        code,
        stage=stage,
        connection_fault=False if single else None,
        retry_after={"quota_exceeded": DAY / 4, "too_many_connections": 30.0, "rate_limited": 60.0}.get(code),
        provider_code=reply.enhanced or str(reply.code),
        reply=reply.shown(hide),
        host=host,
        facts={**facts, "host": host},
    )
