"""Tell to which organization an invitation belongs: hash in, organization out, nothing else."""

from __future__ import annotations

from django.db import migrations

LOOKUP = """
CREATE FUNCTION orgs_invitation_organization(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.organization_id FROM orgs_invitation i JOIN orgs_organization o ON o.id = i.organization_id
    WHERE i.token_hash = hash AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL
      AND i.expires_at > now() AND o.is_active
$$
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0003_audit_chain")]

    operations = [
        migrations.RunSQL(LOOKUP, "DROP FUNCTION orgs_invitation_organization(bytea)"),
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION orgs_invitation_organization(bytea) FROM PUBLIC;"
            "GRANT EXECUTE ON FUNCTION orgs_invitation_organization(bytea) TO app_tenant",
            migrations.RunSQL.noop,
        ),
    ]
