"""Let nobody become a super admin by the role of web and worker, whatever their code says."""

from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION orgs_super_admin_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role(session_user, 'app_tenant', 'USAGE') THEN
        RAISE EXCEPTION 'super admins are made by the system role only'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$
"""
TRIGGERS = """
CREATE TRIGGER refuse_super_admin BEFORE INSERT ON orgs_user
    FOR EACH ROW WHEN (NEW.is_super_admin) EXECUTE FUNCTION orgs_super_admin_refuse();
CREATE TRIGGER refuse_promotion BEFORE UPDATE ON orgs_user
    FOR EACH ROW WHEN (NEW.is_super_admin AND NOT OLD.is_super_admin)
    EXECUTE FUNCTION orgs_super_admin_refuse()
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0005_longest_subject")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION orgs_super_admin_refuse()"),
        migrations.RunSQL(
            TRIGGERS,
            "DROP TRIGGER refuse_promotion ON orgs_user; DROP TRIGGER refuse_super_admin ON orgs_user",
        ),
    ]
