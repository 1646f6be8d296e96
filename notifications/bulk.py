"""Queue thousands of messages of one organization at once: all of them, or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Field

from mailsettings.routing.route import Route, routes_for, rules_in_force
from notifications import hints
from notifications.models import Kind, Notification
from notifications.recipients import read_recipients, read_sender
from notifications.refusals import IdempotencyConflict, OrganizationSuspended
from notifications.submission import Submission, check_request, columns
from orgs.binary import binary_cursor
from orgs.models import Organization, User
from orgs.tenancy import ALIAS, tenant
from providers import Address, Attachment, MessageInvalid

# Rows of one statement.
CHUNK = 500
INSERT = """
INSERT INTO notifications_notification ({varying}, sealed_body, {same})
SELECT {varying_values}, substring(%(bodies)s::bytea FROM v.body_at FOR v.body_size), {same_values}
FROM json_to_recordset(%(rows)s::json) AS v({declared}, body_at integer, body_size integer)
ON CONFLICT (organization_id, idempotency_key) WHERE idempotency_key <> '' DO NOTHING
RETURNING id
"""


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """One message of many, in the words of `enqueue`."""

    to: str | Iterable[str | Address]
    subject: str
    text: str = ""
    html: str = ""
    cc: str | Iterable[str | Address] = ()
    bcc: str | Iterable[str | Address] = ()
    reply_to: str | Iterable[str | Address] = ()
    sender: str | Address | None = None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    attachments: Sequence[Attachment] = ()
    priority: str = "normal"
    notification_type: str = ""
    idempotency_key: str = ""
    secret_content: bool = False
    expires_at: datetime | None = None


class OneInvalid(MessageInvalid):
    """One message of many cannot be sent, so none was queued; `place` counts from 0."""

    def __init__(self, place: int, wrong: MessageInvalid) -> None:
        super().__init__(wrong.field, wrong.text)
        self.place = place


def enqueue_many(
    *, organization: Organization | UUID, messages: Iterable[NewMessage], created_by: User | None = None
) -> list[UUID]:
    """Queue many messages of an organization; joins the caller's tenant() or opens one.

    Each is checked as by `enqueue`; the rules in force are read once. Gives the ids in the messages' order;
    for an idempotency key used before, the id of the earlier message.

    Raises:
        OneInvalid: names the message, the field and what to change; nothing is queued.
        OrganizationSuspended: the organization may not send.
        IdempotencyConflict: a key was used for another message; nothing is queued.
    """
    organization_id = organization.pk if isinstance(organization, Organization) else organization
    given = enumerate(messages)
    keys: list[UUID] = []
    with tenant(organization_id), transaction.atomic(using=ALIAS):
        active = Organization.objects.filter(pk=organization_id, is_active=True)
        rules = active.values_list(rules_in_force(), flat=True).first()
        if rules is None:
            raise OrganizationSuspended("This organization is suspended. Nothing was queued.")
        template = Notification(
            organization_id=organization_id, kind=Kind.NOTIFICATION, created_by=created_by, sealed_body=b""
        )
        while chunk := [(message, _checked(place, message)) for place, message in islice(given, CHUNK)]:
            routes = routes_for(
                organization_id, (request.sample for _, request in chunk) if rules else (), rules
            )
            spelled = [
                _columns(message, request, route, organization_id)
                for (message, request), route in zip(chunk, routes or [None] * len(chunk), strict=True)
            ]
            keys += _insert(spelled, template)
        if keys:
            hints.ring(organization_id)
    return keys


def _checked(place: int, message: NewMessage) -> Submission:
    headers = message.headers
    try:
        return check_request(
            recipients=read_recipients(
                to=message.to, cc=message.cc, bcc=message.bcc, reply_to=message.reply_to
            ),
            sender=read_sender(message.sender),
            subject=message.subject,
            text=message.text,
            html=message.html,
            headers=tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers),
            attachments=tuple(message.attachments),
            priority=message.priority,
            notification_type=message.notification_type,
            key=message.idempotency_key,
            expires_at=message.expires_at,
        )
    except MessageInvalid as wrong:
        raise OneInvalid(place, wrong) from None


def _columns(
    message: NewMessage, request: Submission, route: Route | None, organization_id: UUID
) -> dict[str, Any]:
    return {
        **columns(request, organization_id, Kind.NOTIFICATION),
        "secret_content": message.secret_content,
        "route_id": route.connection_id if route else None,
        "route_falls_back": route.falls_back if route else True,
        "rule_id": route.rule_id if route else None,
        "rule_place": route.rule_place if route else None,
    }


def _insert(rows: list[dict[str, Any]], template: Notification) -> list[UUID]:
    """Store rows by one statement; under a key used before give the earlier one (guard 1)."""
    bodies, at = [], 1
    for row in rows:
        body = row.pop("sealed_body")
        row["body_at"], row["body_size"] = at, len(body)
        bodies.append(body)
        at += len(body)
    fields = {field.attname: field for field in Notification._meta.concrete_fields}  # noqa: SLF001  # public API
    varying = [fields[name] for name in rows[0] if name in fields]
    same = [field for field in fields.values() if field not in varying and field.attname != "sealed_body"]
    with binary_cursor() as cursor:
        cursor.execute(
            _statement(varying, same),
            {
                "rows": json.dumps(rows, default=str),
                "bodies": b"".join(bodies),
                **{field.attname: _stored(field, template) for field in same},
            },
        )
        stored = {key for (key,) in cursor.fetchall()}
    return [row["id"] if row["id"] in stored else _earlier(row, template) for row in rows]


def _statement(varying: list[Field[Any, Any]], same: list[Field[Any, Any]]) -> str:
    typed = {field: field.db_type(connections[ALIAS]) for field in (*varying, *same)}
    return INSERT.format(
        varying=", ".join(str(field.column) for field in varying),
        varying_values=", ".join(f"v.{field.column}" for field in varying),
        declared=", ".join(f"{field.column} {typed[field]}" for field in varying),
        same=", ".join(str(field.column) for field in same),
        same_values=", ".join(f"%({field.attname})s::{typed[field]}" for field in same),
    )


def _stored(field: Field[Any, Any], template: Notification) -> Any:  # noqa: ANN401  # whatever the column holds
    return field.get_db_prep_save(getattr(template, field.attname), connections[ALIAS])


def _earlier(row: dict[str, Any], template: Notification) -> UUID:
    earlier = Notification.objects.of(template.organization_id).get(idempotency_key=row["idempotency_key"])
    if earlier.idempotency_hash != row["idempotency_hash"]:
        raise IdempotencyConflict("This idempotency key was used for another message. Use a new key.")
    return earlier.pk


__all__ = ["NewMessage", "OneInvalid", "enqueue_many"]
