"""Wall off the outbox, and tie its rows to one organization."""

from __future__ import annotations

from django.db import migrations

from orgs.rls import RowLevelSecurity, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_outbox"),
        ("mailsettings", "0002_row_security"),
        ("orgs", "0002_row_security"),
    ]

    operations = [
        *(
            RowLevelSecurity(f"notifications_{table}")
            for table in ("notification", "deliveryattempt", "lane")
        ),
        TenantForeignKey("notifications_notification", "connection_id", "mailsettings_connection"),
        TenantForeignKey("notifications_notification", "draft_id", "mailsettings_draft"),
        TenantForeignKey("notifications_deliveryattempt", "notification_id", "notifications_notification"),
    ]
