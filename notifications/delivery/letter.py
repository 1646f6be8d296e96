"""From a row of the outbox to the message a provider sends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mailsettings.ways import Way
from notifications.content import unseal_content
from notifications.models import Notification, Urgency
from providers import Address, Message, MessageInvalid, Priority, parse_addresses

PRIORITIES: dict[int, Priority] = {
    Urgency.HIGH: Priority.HIGH,
    Urgency.NORMAL: Priority.NORMAL,
    Urgency.LOW: Priority.LOW,
}


@dataclass(frozen=True, kw_only=True)
class Remainder(Message):
    """The same message for those recipients who do not have it yet; its bytes are those of the first try."""

    open_recipients: tuple[str, ...]

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """Only the addresses still open go into the envelope."""
        return self.open_recipients


def write_letter(notification: Notification, way: Way) -> Message:
    """Build the message of a claimed notification for its way.

    Raises:
        notifications.content.ContentRemoved: the content is no longer kept.
        orgs.sealing.SealBroken: the content cannot be decrypted.
        providers.MessageInvalid: this way may not send it.
    """
    content = unseal_content(notification)
    sender = sender_for(notification, way)
    whole = Message(
        sender=sender,
        to=addresses(notification, "to"),
        cc=addresses(notification, "cc"),
        bcc=addresses(notification, "bcc"),
        reply_to=reply_to_for(notification, sender, way),
        subject=notification.subject,
        text=content.text,
        html=content.html,
        attachments=content.attachments,
        headers=tuple([(name, value) for name, value in notification.headers]),
        priority=PRIORITIES[notification.priority],
        message_id=notification.message_id,
        date=notification.message_date,
    )
    if not notification.recipient_outcomes:
        return whole
    still_open = open_recipients(notification)
    if set(still_open) == set(whole.recipients):
        return whole
    parts = {name: getattr(whole, name) for name in Message.__dataclass_fields__}
    return Remainder(**parts, open_recipients=still_open)


def addresses(notification: Notification, kind: str) -> tuple[Address, ...]:
    """Give the recipients of one kind (to, cc, bcc, reply_to)."""
    named = notification.recipients.get(kind)
    return tuple([Address(item["email"], item["name"]) for item in named]) if named else ()


def envelope(notification: Notification) -> tuple[str, ...]:
    """Give every recipient once, in order."""
    kinds: Iterable[str] = ("to", "cc", "bcc")
    return tuple(
        dict.fromkeys(item["email"] for kind in kinds for item in notification.recipients.get(kind, []))
    )


def open_recipients(notification: Notification) -> tuple[str, ...]:
    """Give the recipients who neither have the message nor were refused for good."""
    settled = {
        email
        for email, fate in notification.recipient_outcomes.items()
        if fate["outcome"] in {"accepted", "refused"}
    }
    return tuple(email for email in envelope(notification) if email not in settled)


@lru_cache(maxsize=256)
def own_sender(email: str, name: str) -> Address:
    """Give the address of a connection, the same for all its mail."""
    return Address(email, name)


def sender_for(notification: Notification, way: Way) -> Address:
    """Decide the From address (C-MAIL-7): the wished one where the way may use it, else the way's own.

    An additional allowed sender is used as it is, even with "Always use this sender" (WPM-52); without that
    switch every address of the connection's own domain is.

    Raises:
        MessageInvalid: the wished sender is of a domain this connection does not send for.
    """
    own = own_sender(way.settings.sender_email, way.settings.sender_name)
    if not notification.sender_email or way.is_default_mailer:
        return own
    wished = Address(notification.sender_email, notification.sender_name)
    if _same(wished.email, own.email):
        return own if way.settings.force_sender else wished
    if any(_same(wished.email, allowed.email) for allowed in parse_addresses(way.settings.allowed_senders)):
        return wished
    if way.settings.force_sender:
        return own
    if wished.domain != own.domain:
        raise MessageInvalid(
            "sender",
            f"The sender {wished.email} is not at {own.domain}, the domain of the connection {way.name}."
            " Use a sender of this domain, add this one to Additional allowed senders, or turn on Always use"
            " this sender.",
        )
    return wished


def reply_to_for(notification: Notification, sender: Address, way: Way) -> tuple[Address, ...]:
    """Give where answers go: as asked, else to a From that the connection replaced (WPM-31).

    The default mailer adds nothing of its own accord: its mail is the platform's.
    """
    asked = addresses(notification, "reply_to")
    if asked or way.is_default_mailer or not notification.sender_email:
        return asked
    if _same(notification.sender_email, sender.email):
        return ()
    return (Address(notification.sender_email, notification.sender_name),)


def sender_facts(message: Message, way: Way) -> dict[str, str]:
    """Tell the advice of a From that is not the connection's own (COG-41, COG-57)."""
    is_own = _same(message.sender.email, way.settings.sender_email)
    return {} if is_own else {"custom_from": message.sender.email}


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
