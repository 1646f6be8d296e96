"""Tell every organization whom its readers see while SMTP is off: the default mailer's sender, nothing else."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
CREATE FUNCTION mailsettings_default_sender() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.settings ->> 'sender_email' FROM mailsettings_connection c
    JOIN orgs_organization o ON o.id = c.organization_id
    WHERE o.is_platform AND c.rank = 'primary' AND c.enabled
$$;
REVOKE ALL ON FUNCTION mailsettings_default_sender() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailsettings_default_sender() TO app_tenant;
"""


class Migration(migrations.Migration):
    dependencies = [("mailsettings", "0002_row_security")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION mailsettings_default_sender()")]
