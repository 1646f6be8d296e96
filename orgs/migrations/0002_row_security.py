"""Wall off every tenant table; a person sees the places that are theirs."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import CURRENT_PERSON, PersonRows, RowLevelSecurity

LIVE = "ended_at IS NULL AND expires_at > now()"


class Migration(migrations.Migration):
    dependencies = [("orgs", "0001_people_and_organizations")]

    operations = [
        *(
            RowLevelSecurity(f"orgs_{table}")
            for table in ("membership", "invitation", "actingas", "auditentry", "event")
        ),
        RowLevelSecurity("orgs_organization", column="id"),
        PersonRows("orgs_membership", f"user_id = {CURRENT_PERSON}"),
        PersonRows("orgs_actingas", f"user_id = {CURRENT_PERSON}"),
        PersonRows(
            "orgs_organization",
            # Constants of this repository only.
            f"id IN (SELECT organization_id FROM orgs_membership WHERE user_id = {CURRENT_PERSON})"
            f" OR id IN (SELECT organization_id FROM orgs_actingas WHERE user_id = {CURRENT_PERSON} AND {LIVE})",
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
