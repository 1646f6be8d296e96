"""What `migrate` does around the migrations: grants before, reserved rows after."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from orgs.keycheck import new_keys, store_key_checks
from orgs.models import KeyCheck, Organization
from orgs.rls import SYSTEM_ROLE, TENANT_ROLE

OWNER = "owner"
# The same in every installation: the platform must be found before any organization is known.
PLATFORM_ID = UUID("00000000-0000-7000-8000-000000000001")
PLATFORM_SLUG = "platform"
# Django's own tables that only `migrate` writes.
MIGRATED_ONLY = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
)


def prepare_schema(*, using: str, **_kwargs: Any) -> None:  # a signal's signature
    """Let the roles of web, worker and system use what the migrations are about to make."""
    if using != OWNER:
        return
    roles = f"{TENANT_ROLE}, {SYSTEM_ROLE}"
    with connections[using].cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")
        cursor.execute(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {roles}"
        )
        cursor.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {roles}"
        )
    if _has_key_checks(using):
        # Before anything changes: a wrong ring would seal what nobody can open later.
        new_keys(using=using)


def create_reserved_rows(*, using: str, **_kwargs: Any) -> None:  # a signal's signature
    """Create the organization of the platform itself, and the check values of new keys."""
    # After `migrate orgs zero` there is no table to fill.
    if using != OWNER or not _has_key_checks(using):
        return
    Organization.objects.using(using).get_or_create(
        is_platform=True,
        defaults={
            "id": PLATFORM_ID,
            "name": settings.PRODUCT_NAME,
            "slug": PLATFORM_SLUG,
            "custom_mail": True,
        },
    )
    store_key_checks(using=using)
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(MIGRATED_ONLY)} FROM {TENANT_ROLE}, {SYSTEM_ROLE}"
        )


def _has_key_checks(using: str) -> bool:
    return KeyCheck._meta.db_table in connections[using].introspection.table_names()  # noqa: SLF001
