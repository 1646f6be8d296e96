"""Wall off the tables of the mail settings, and tie their rows to one organization."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import RowLevelSecurity, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0001_connections"),
        ("orgs", "0002_row_security"),
    ]

    operations = [
        *(
            RowLevelSecurity(f"mailsettings_{table}")
            for table in ("mailsettings", "connection", "storedsecret", "draft")
        ),
        TenantForeignKey("mailsettings_storedsecret", "connection_id", "mailsettings_connection"),
        TenantForeignKey("mailsettings_draft", "connection_id", "mailsettings_connection"),
    ]
