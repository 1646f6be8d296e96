"""Wall off every tenant table; a person sees the places that are theirs."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import PersonRows, RowLevelSecurity


class Migration(migrations.Migration):
    dependencies = [("orgs", "0001_people_and_organizations")]

    operations = [
        *(
            RowLevelSecurity(f"orgs_{table}")
            for table in ("membership", "invitation", "actingas", "auditentry", "event")
        ),
        RowLevelSecurity("orgs_organization", column="id"),
        PersonRows("orgs_membership", "user_id = {person}"),
        PersonRows("orgs_actingas", "user_id = {person}"),
        PersonRows(
            "orgs_organization",
            "EXISTS (SELECT FROM orgs_membership place"
            " WHERE place.organization_id = orgs_organization.id AND place.user_id = {person})"
            " OR EXISTS (SELECT FROM orgs_actingas switch"
            " WHERE switch.organization_id = orgs_organization.id AND switch.user_id = {person}"
            " AND switch.ended_at IS NULL AND switch.expires_at > now())",
        ),
        # What an organization is entitled to, and whether it exists, is decided by the system role only.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON orgs_organization FROM app_tenant;"
            "GRANT UPDATE (name) ON orgs_organization TO app_tenant",
            "REVOKE UPDATE (name) ON orgs_organization FROM app_tenant;"
            "GRANT INSERT, UPDATE, DELETE ON orgs_organization TO app_tenant",
        ),
        # Only `migrate` writes what start-up compares the key ring with.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON orgs_keycheck FROM app_tenant, app_system",
            "GRANT INSERT, UPDATE, DELETE ON orgs_keycheck TO app_tenant, app_system",
        ),
    ]
