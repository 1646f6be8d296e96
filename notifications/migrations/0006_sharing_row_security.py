"""Wall off shared results, and let a link find its organization."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import RowLevelSecurity, TenantForeignKey

LOOKUP = """
CREATE FUNCTION notifications_shared_organization(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.organization_id FROM notifications_sharedresult s
    JOIN orgs_organization o ON o.id = s.organization_id
    WHERE s.token_hash = hash AND s.withdrawn_at IS NULL AND s.expires_at > now() AND o.is_active
$$
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_verification_and_sharing"), ("orgs", "0006_super_admins")]

    operations = [
        RowLevelSecurity("notifications_sharedresult"),
        TenantForeignKey("notifications_sharedresult", "notification_id", "notifications_notification"),
        migrations.RunSQL(LOOKUP, "DROP FUNCTION notifications_shared_organization(bytea)"),
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION notifications_shared_organization(bytea) FROM PUBLIC;"
            "GRANT EXECUTE ON FUNCTION notifications_shared_organization(bytea) TO app_tenant",
            migrations.RunSQL.noop,
        ),
    ]
