"""What the SMTP stand-in offers, and where it misbehaves on purpose."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

Stage = Literal[
    "greeting", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "dot", "rset", "noop", "quit"
]

RECIPIENTS = {
    "unknown": "550 5.1.1 The email account that you tried to reach does not exist",
    "busy": "451 4.7.1 Try again later",
    "full": "452 4.2.2 The recipient's mailbox is full",
    "disabled": "550 5.2.1 The recipient's mailbox is disabled",
    "relay": "550 5.7.1 Relaying denied",
    "toomany": "452 4.5.3 Too many recipients",
}
GREYLISTED = "450 4.2.0 Greylisted, try again in a moment"
SENDERS = {
    "intruder": "553 5.7.1 Sender address rejected: not owned by the signed-in user",
    "blocked": "550 5.1.8 Access denied, bad outbound sender",
}
CONTENT = {"spam": "554 5.7.1 Message refused: it looks like spam"}
SIGN_INS = {
    "retired": "550 5.7.30 Basic authentication is not supported for Client Submission.",
    "apppassword": "534 5.7.9 Application-specific password required",
    "policy": (
        "535 5.7.139 Authentication unsuccessful, "
        "the user is locked by your organization's security defaults policy."
    ),
    "later": "454 4.7.0 Temporary authentication failure",
}


@dataclass(kw_only=True)
class Fault:
    """One scripted answer: a reply instead of the real one, a pause, or a cut connection."""

    reply: str = ""
    delay: float = 0.0
    drip: float = 0.0  # seconds between single bytes of the reply
    drop: bool = False
    times: int | None = None  # None: always


@dataclass(kw_only=True)
class Rules:
    """Offers and faults of one server; may be changed while the server runs.

    The local part of an address chooses a refusal by itself: see RECIPIENTS, SENDERS, CONTENT, SIGN_INS, and
    `greylisted@`, which is refused once for each sender and accepted from then on.
    """

    size_limit: int = 35 * 1024 * 1024
    announce_size: bool = True
    pipelining: bool = True
    eight_bit_mime: bool = True
    smtp_utf8: bool = True
    enhanced_codes: bool = True
    extensions: bool = True  # False: EHLO is refused, only HELO works
    starttls: bool = True  # False: STARTTLS is neither offered nor accepted
    auth_mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    token_mechanisms: tuple[str, ...] = ("XOAUTH2", "OAUTHBEARER")  # for servers that take tokens
    token_challenge: bool = True  # refuse a token as Google does, after a challenge; False: at once
    auth_old_form: bool = False  # write AUTH=PLAIN LOGIN, as servers did before RFC 2554
    announce_limits: bool = False  # RFC 9422: recipient_limit and messages_per_session
    auth_required: bool = True  # for servers that have users
    auth_without_tls: bool = False
    sender_must_match: bool = False  # MAIL FROM has to be the address that signed in
    messages_per_session: int | None = None
    session_limit: int | None = None
    recipient_limit: int = 500
    starttls_injection: bytes = b""  # sent in clear right after the 220 of STARTTLS
    data_without_recipients: bool = False  # answer 354 though every recipient was refused
    recipients: dict[str, str] = field(default_factory=lambda: dict(RECIPIENTS))
    senders: dict[str, str] = field(default_factory=lambda: dict(SENDERS))
    content: dict[str, str] = field(default_factory=lambda: dict(CONTENT))
    sign_ins: dict[str, str] = field(default_factory=lambda: dict(SIGN_INS))

    def __post_init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}
        self._greylist: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @property
    def limits(self) -> str:
        """What LIMITS announces."""
        mails = f" MAILMAX={self.messages_per_session}" if self.messages_per_session is not None else ""
        return f"RCPTMAX={self.recipient_limit}{mails}"

    def refuse(self, stage: Stage, reply: str, *, times: int | None = None) -> Self:
        """Answer this stage with `reply` (lines split by a line feed are a multi-line reply)."""
        return self.script(stage, Fault(reply=reply, times=times))

    def delay(self, stage: Stage, seconds: float, *, times: int | None = None) -> Self:
        """Wait before the answer of this stage."""
        return self.script(stage, Fault(delay=seconds, times=times))

    def drip(self, stage: Stage, reply: str, *, every: float, times: int | None = None) -> Self:
        """Send the reply byte by byte, one each `every` seconds."""
        return self.script(stage, Fault(reply=reply, drip=every, times=times))

    def drop(self, stage: Stage, *, times: int | None = None) -> Self:
        """Cut the connection instead of answering; at the dot, the mail is lost."""
        return self.script(stage, Fault(drop=True, times=times))

    def drop_after_dot(self, *, times: int | None = None) -> Self:
        """Keep the mail and cut the connection without a reply: the client cannot know."""
        return self.script("kept", Fault(drop=True, times=times))

    def clear(self) -> Self:
        """Behave again."""
        with self._lock:
            self._faults.clear()
            self._greylist.clear()
        return self

    def script(self, stage: Stage | Literal["kept"], fault: Fault) -> Self:
        """Add a fault; faults of one stage are used up in their order."""
        if stage != "kept" and stage not in get_args(Stage):
            raise ValueError(f"No stage is called {stage!r}; the stages are {', '.join(get_args(Stage))}.")
        with self._lock:
            self._faults.setdefault(stage, []).append(fault)
        return self

    def fault(self, stage: str) -> Fault | None:
        """The fault due at this stage; one with `times` is used up."""
        with self._lock:
            waiting = self._faults.get(stage)
            if not waiting:
                return None
            due = waiting[0]
            if due.times is not None:
                due.times -= 1
                if due.times <= 0:
                    waiting.pop(0)
            return due

    def recipient_refusal(self, sender: str, recipient: str) -> str:
        """The refusal that the recipient's local part asks for, or nothing."""
        local = local_part(recipient)
        if local == "greylisted":
            with self._lock:
                if (sender, recipient) not in self._greylist:
                    self._greylist.add((sender, recipient))
                    return GREYLISTED
        return self.recipients.get(local, "")

    def content_refusal(self, recipients: list[str]) -> str:
        """The refusal after the dot that one of the recipients asks for, or nothing."""
        refusals = (self.content.get(local_part(recipient)) for recipient in recipients)
        return next((refusal for refusal in refusals if refusal), "")


def local_part(address: str) -> str:
    """What stands before the @, in lower case and without a +tag."""
    return address.rpartition("@")[0].partition("+")[0].lower()
