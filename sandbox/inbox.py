"""The mail that arrived: one list for all servers of the sandbox, kept on disk when a folder is given."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from functools import cached_property
from pathlib import Path
from typing import Literal, overload
from uuid import uuid4

Via = Literal["smtp-starttls", "smtp-tls", "smtp-plain", "graph"]
KEPT_ON_DISK = 500
# What Python's parser raises on headers that no honest program writes.
UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, MessageError)


@dataclass(frozen=True, kw_only=True)
class CaughtMail:
    """One accepted mail, exactly as it would have gone on its way."""

    via: Via
    envelope_from: str
    envelope_to: tuple[str, ...]
    raw: bytes = field(repr=False)
    signed_in_as: str = ""
    client_message_id: str = ""  # what the client wrote, where the server put its own Message-ID in its place
    saved_to_sent_items: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed message; one that cannot be parsed is shown as text."""
        try:
            parsed = message_from_bytes(self.raw, policy=policy.default)
        except UNREADABLE:
            parsed = EmailMessage()
            parsed.set_content(self.raw.decode("utf-8", "replace"))
        if not isinstance(parsed, EmailMessage):
            raise TypeError("The default policy parses into EmailMessage.")
        return parsed

    @cached_property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and decoded values in their order; a value that cannot be decoded is shown as it arrived."""
        written = message_from_bytes(self.raw, policy=policy.compat32, _class=Message)
        return tuple((name, _decoded(name, str(value))) for name, value in written.items())

    def header(self, name: str) -> str:
        """The decoded value of a header, or nothing."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")

    @property
    def message_id(self) -> str:
        """The Message-ID as it arrived."""
        return self.header("Message-ID").strip()

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return self.header("Subject")

    @property
    def text(self) -> str:
        """The plain text body, or nothing."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, or nothing."""
        return self._body("html")

    @property
    def attachments(self) -> tuple[EmailMessage, ...]:
        """Attached and inline files in their order."""
        bodies = {id(self.message.get_body((kind,))) for kind in ("plain", "html")}
        return tuple(
            part
            for part in self.message.walk()
            if isinstance(part, EmailMessage) and not part.is_multipart() and id(part) not in bodies
        )

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        # A charset nobody knows must not hide the mail.
        try:
            return str(part.get_content())
        except UNREADABLE:
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


class Inbox(Sequence[CaughtMail]):
    """A thread-safe list of caught mail, oldest first."""

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder) if folder is not None else None
        self._changed = threading.Condition()
        self._mails: list[CaughtMail] = []
        if self.folder is not None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._mails = _load(self.folder)

    def add(self, mail: CaughtMail) -> CaughtMail:
        """Keep a mail and wake everybody who waits for it."""
        with self._changed:
            if self.folder is not None:
                _store(self.folder, mail)
                for oldest in self._mails[: len(self._mails) + 1 - KEPT_ON_DISK]:
                    _forget(self.folder, oldest)
                    self._mails.remove(oldest)
            self._mails.append(mail)
            self._changed.notify_all()
        return mail

    def get(self, mail_id: str) -> CaughtMail | None:
        """The mail with this id."""
        return next((mail for mail in self if mail.id == mail_id), None)

    def to(self, address: str) -> list[CaughtMail]:
        """The mails whose envelope names this recipient."""
        wanted = address.lower()
        return [mail for mail in self if wanted in (recipient.lower() for recipient in mail.envelope_to)]

    def wait_for(self, count: int, timeout: float = 5.0) -> list[CaughtMail]:
        """Wait until at least `count` mails are there; raise TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._mails) >= count, timeout):
                raise TimeoutError(f"{len(self._mails)} of {count} mails arrived within {timeout} seconds.")
            return list(self._mails)

    def clear(self) -> None:
        """Forget every mail."""
        with self._changed:
            if self.folder is not None:
                for mail in self._mails:
                    _forget(self.folder, mail)
            self._mails.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._mails)

    def __iter__(self) -> Iterator[CaughtMail]:
        with self._changed:
            return iter(list(self._mails))

    @overload
    def __getitem__(self, index: int) -> CaughtMail: ...
    @overload
    def __getitem__(self, index: slice) -> list[CaughtMail]: ...
    def __getitem__(self, index: int | slice) -> CaughtMail | list[CaughtMail]:
        with self._changed:
            return self._mails[index]


def _decoded(name: str, value: str) -> str:
    unfolded = "".join(value.splitlines())
    try:
        return str(policy.default.header_factory(name, unfolded))
    except UNREADABLE:
        return unfolded


def _store(folder: Path, mail: CaughtMail) -> None:
    facts = {**asdict(mail), "at": mail.at.isoformat()}
    del facts["raw"]
    (folder / f"{mail.id}.eml").write_bytes(mail.raw)
    # The facts come last: a mail without them was never complete and is not loaded.
    unfinished = folder / f"{mail.id}.part"
    unfinished.write_text(json.dumps(facts), encoding="utf-8")
    unfinished.replace(folder / f"{mail.id}.json")


def _forget(folder: Path, mail: CaughtMail) -> None:
    (folder / f"{mail.id}.json").unlink(missing_ok=True)
    (folder / f"{mail.id}.eml").unlink(missing_ok=True)


def _load(folder: Path) -> list[CaughtMail]:
    mails = []
    for file in folder.glob("*.json"):
        facts = json.loads(file.read_text(encoding="utf-8"))
        facts["at"] = datetime.fromisoformat(facts["at"])
        facts["envelope_to"] = tuple(facts["envelope_to"])
        mails.append(CaughtMail(**facts, raw=file.with_suffix(".eml").read_bytes()))
    return sorted(mails, key=lambda mail: mail.at)
