"""Wall off the newer tables, and let a state of a consent find its organization."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import RowLevelSecurity, TenantForeignKey

TABLES = ("connectiontoken", "connectedaccount", "consentrequest", "connectionversion", "domainreport")
OF_A_CONNECTION = TABLES[:4]
HOSTS = ("mailsettings_customcloud", "mailsettings_signinhost")

LOOKUP = """
CREATE FUNCTION mailsettings_consent_organization(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.organization_id FROM mailsettings_consentrequest c
    JOIN orgs_organization o ON o.id = c.organization_id
    WHERE c.state_hash = hash AND o.is_active
$$
"""


class Migration(migrations.Migration):
    dependencies = [("mailsettings", "0004_tokens_consent_domain"), ("orgs", "0006_super_admins")]

    operations = [
        *(RowLevelSecurity(f"mailsettings_{table}") for table in TABLES),
        *(
            TenantForeignKey(f"mailsettings_{table}", "connection_id", "mailsettings_connection")
            for table in OF_A_CONNECTION
        ),
        migrations.RunSQL(LOOKUP, "DROP FUNCTION mailsettings_consent_organization(bytea)"),
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION mailsettings_consent_organization(bytea) FROM PUBLIC;"
            "GRANT EXECUTE ON FUNCTION mailsettings_consent_organization(bytea) TO app_tenant",
            migrations.RunSQL.noop,
        ),
        # Super admins decide these by the system role; everybody reads them.
        *(
            migrations.RunSQL(
                f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM app_tenant",
                f"GRANT INSERT, UPDATE, DELETE ON {table} TO app_tenant",
            )
            for table in HOSTS
        ),
    ]
