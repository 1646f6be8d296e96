"""Events: what the rooms above may want to tell people, written with the change itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from orgs.models import Event
from orgs.tenancy import ALIAS, OrganizationKey, organization_key


def emit(
    *,
    organization: OrganizationKey,
    kind: str,
    subject_id: UUID | None = None,
    detail: Mapping[str, object] | None = None,
    using: str = ALIAS,
) -> Event:
    """Write one event row; it exists when and only when the change around it does."""
    plain = json.loads(json.dumps(dict(detail or {}), cls=DjangoJSONEncoder, allow_nan=False))
    return Event.objects.using(using).create(
        organization_id=organization_key(organization), kind=kind, subject_id=subject_id, detail=plain
    )
