"""The sealed part of a notification: text, HTML and attachments, as they were handed in."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from notifications.models import Notification
from orgs.sealing import destination, seal, unseal
from providers import Attachment

FIELD = "message.body"
DESTINATION = destination("message")


class ContentRemoved(Exception):
    """The content is no longer kept: its retention time is over."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a recipient reads."""

    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()

    @cached_property
    def size(self) -> int:
        """Give the size in bytes as handed in; on the wire attachments grow by a third."""
        written = len(self.text.encode()) + len(self.html.encode())
        return written + sum(len(attachment.content) for attachment in self.attachments)

    @property
    def attachment_list(self) -> list[dict[str, object]]:
        """Describe the attachments without their content."""
        return [
            {"name": item.name, "content_type": item.content_type, "size": len(item.content)}
            for item in self.attachments
        ]


def seal_content(content: Content, *, organization_id: UUID, notification_id: UUID) -> bytes:
    """Encrypt the content for storage in the notification's row (C-CRY-10)."""
    document = {
        "text": content.text,
        "html": content.html,
        "attachments": [
            {
                "name": item.name,
                "content_type": item.content_type,
                "content_id": item.content_id,
                "content": b64encode(item.content).decode(),
            }
            for item in content.attachments
        ],
    }
    return seal(
        json.dumps(document, ensure_ascii=False).encode(),
        organization_id=organization_id,
        record_id=notification_id,
        field=FIELD,
        destination=DESTINATION,
    )


def unseal_content(notification: Notification) -> Content:
    """Decrypt the content of a notification.

    Raises:
        ContentRemoved: its retention time is over.
        orgs.sealing.SealBroken: the stored value belongs elsewhere or was altered.
    """
    if notification.sealed_body is None:
        raise ContentRemoved
    document = json.loads(
        unseal(
            bytes(notification.sealed_body),
            organization_id=notification.organization_id,
            record_id=notification.pk,
            field=FIELD,
            destination=DESTINATION,
        )
    )
    return Content(
        text=document["text"],
        html=document["html"],
        attachments=tuple(
            Attachment(
                name=item["name"],
                content_type=item["content_type"],
                content_id=item["content_id"],
                content=b64decode(item["content"]),
            )
            for item in document["attachments"]
        ),
    )
