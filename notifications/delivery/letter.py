"""From a row of the outbox to the message a provider sends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailsettings.ways import Way
from notifications.content import unseal_content
from notifications.models import Notification, Urgency
from providers import Address, Message, MessageInvalid, Priority

PRIORITIES = {Urgency.HIGH: Priority.HIGH, Urgency.NORMAL: Priority.NORMAL, Urgency.LOW: Priority.LOW}


@dataclass(frozen=True, kw_only=True)
class Remainder(Message):
    """The same message for those recipients who do not have it yet; its bytes are those of the first try."""

    open_recipients: tuple[str, ...]

    @property
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
    whole = Message(
        sender=sender_for(notification, way),
        to=addresses(notification, "to"),
        cc=addresses(notification, "cc"),
        bcc=addresses(notification, "bcc"),
        reply_to=addresses(notification, "reply_to"),
        subject=notification.subject,
        text=content.text,
        html=content.html,
        attachments=content.attachments,
        headers=tuple((name, value) for name, value in notification.headers),
        priority=PRIORITIES[Urgency(notification.priority)],
        message_id=notification.message_id,
        date=notification.message_date,
    )
    still_open = open_recipients(notification)
    if set(still_open) == set(whole.recipients):
        return whole
    parts = {name: getattr(whole, name) for name in Message.__dataclass_fields__}
    return Remainder(**parts, open_recipients=still_open)


def addresses(notification: Notification, kind: str) -> tuple[Address, ...]:
    """Give the recipients of one kind (to, cc, bcc, reply_to)."""
    return tuple(Address(item["email"], item["name"]) for item in notification.recipients.get(kind, []))


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


def sender_for(notification: Notification, way: Way) -> Address:
    """Decide the From address (C-MAIL-7): the way's own, unless it lets its organization choose.

    Raises:
        MessageInvalid: the chosen sender is of a domain this connection does not send for.
    """
    own = Address(way.settings.sender_email, way.settings.sender_name)
    if not notification.sender_email or way.settings.force_sender or way.is_default_mailer:
        return own
    chosen = Address(notification.sender_email, notification.sender_name)
    if chosen.domain != own.domain:
        raise MessageInvalid(
            "sender",
            f"The sender {chosen.email} is not at {own.domain}, the domain of the connection {way.name}."
            " Use a sender of this domain or turn on Always use this sender.",
        )
    return chosen
