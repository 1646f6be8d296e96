"""Limits of a connection that an admin may change: sessions at a time, messages a minute."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from orgs.rls import RowLevelSecurity, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0005_more_row_security"),
        ("notifications", "0007_lane_of_a_connection"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectionLimit",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="limit",
                        serialize=False,
                        to="mailsettings.connection",
                    ),
                ),
                ("sessions", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("per_minute", models.PositiveIntegerField(blank=True, null=True)),
                ("rest_until", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
            ],
            options={"ordering": ("connection",)},
        ),
        RowLevelSecurity("notifications_connectionlimit"),
        TenantForeignKey("notifications_connectionlimit", "connection_id", "mailsettings_connection"),
    ]
