"""System checks: a wrong environment is refused in one sentence, before anything is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from orgs.keycheck import verify_key_ring
from orgs.models import KeyCheck
from orgs.roles import VARIABLES, role_fault
from orgs.sealing import KeyRingInvalid, key_ring
from orgs.tenancy import ALIAS


@register(Tags.security)
def check_key_ring(**_kwargs: Any) -> list[CheckMessage]:  # Django's signature
    """The key ring can be read."""
    try:
        key_ring()
    except KeyRingInvalid as error:
        return [Error(str(error), id="orgs.E001")]
    return []


@register(Tags.security)
def check_atomic_requests(**_kwargs: Any) -> list[CheckMessage]:  # Django's signature
    """No transaction surrounds a whole request: tenant() must be the outermost."""
    message = "ATOMIC_REQUESTS must stay off for {alias!r}: tenant() opens the outermost transaction itself."
    return [
        Error(message.format(alias=alias), id="orgs.E002")
        for alias, values in settings.DATABASES.items()
        if values.get("ATOMIC_REQUESTS")
    ]


@register(Tags.database)
def check_roles(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Web, worker and system sign in under roles that row security holds back."""
    faults = (role_fault(alias) for alias in VARIABLES if alias in (databases or ()))
    return [Error(fault, id="orgs.E003") for fault in faults if fault]


@register(Tags.database)
def check_key_values(databases: Sequence[str] | None = None, **_kwargs: Any) -> Iterable[CheckMessage]:
    """Every key of the ring is the key its name stood for when secrets were sealed."""
    tables = connections[ALIAS].introspection.table_names() if ALIAS in (databases or ()) else []
    if KeyCheck._meta.db_table not in tables:  # noqa: SLF001  # before the first migration
        return []
    try:
        verify_key_ring(using=ALIAS)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="orgs.E004")]
    return []
