"""The audit trail: one function writes it, nothing changes it, anyone can check it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections
from django.http import HttpRequest
from django.utils.translation import gettext

from orgs.ids import uuid7
from orgs.models import Organization, User
from orgs.tenancy import ALIAS, OrganizationKey, TenancyError, organization_key

APPEND = "SELECT orgs_audit_append(%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)"


def record(
    *,
    organization: OrganizationKey,
    actor: User | None,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
    on_behalf_of: User | Organization | None = None,
    ip: str | None = None,
    using: str = ALIAS,
) -> int:
    """Write one entry in the transaction of the change it tells about; give its number in the chain.

    `actor` None is the system itself. `detail` holds what was and what is (before, after), never a secret.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise TenancyError(
            "An audit entry is written in the same transaction as the change: open tenant() first."
        )
    values = [
        uuid7(),
        organization_key(organization),
        actor.pk if actor else None,
        str(actor) if actor else gettext("System"),
        str(on_behalf_of) if on_behalf_of else "",
        action,
        subject,
        ip,
        json.dumps(dict(detail or {}), cls=DjangoJSONEncoder, allow_nan=False),
    ]
    with connection.cursor() as cursor:
        cursor.execute(APPEND, values)
        seq: int = cursor.fetchone()[0]
    return seq


def record_request(
    request: HttpRequest, *, action: str, subject: str, detail: Mapping[str, object] | None = None
) -> int:
    """Write an entry about what this request changes: who, acting as whom, from where."""
    access = request.access  # type: ignore[attr-defined]  # set by `organization_view`
    return record(
        organization=access.organization,
        actor=access.user,
        action=action,
        subject=subject,
        detail=detail,
        on_behalf_of=access.organization if access.acting_as else None,
        ip=client_ip(request),
    )


def client_ip(request: HttpRequest) -> str | None:
    """Tell where a request comes from, by the same rule as the sign-in limits."""
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        # A web server on a socket file knows no address; the entry is written all the same.
        return None
    return address
