"""The connection a rule chose, which connection took over, and what is wrong right now."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import orgs.ids
from orgs.rls import RowLevelSecurity, TenantForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0006_order_and_routing"),
        ("notifications", "0010_sequences"),
        ("orgs", "0006_super_admins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("backup.in_use", "Backup In Use"),
                            ("connections.all_failing", "All Failing"),
                            ("queue.too_old", "Queue Too Old"),
                        ],
                        max_length=32,
                    ),
                ),
                ("subject_id", models.UUIDField(blank=True, null=True)),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("detail", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ("organization", "began_at"),
            },
        ),
        migrations.RemoveIndex(
            model_name="notification",
            name="notification_claim",
        ),
        migrations.AddField(
            model_name="notification",
            name="route",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="mailsettings.connection",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="route_falls_back",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="notification",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notifications",
                to="mailsettings.routingrule",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="rule_place",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="notification",
            name="took_over",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["organization", "kind", "route", "priority", "next_at", "id"],
                name="notification_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("route__isnull", False), ("status", "queued")),
                fields=["route", "next_at"],
                name="notification_route",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("route__isnull", False)),
                fields=["route"],
                name="notification_routed",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("rule__isnull", False)),
                fields=["organization", "rule", "created_at"],
                name="notification_rule",
            ),
        ),
        migrations.AddField(
            model_name="alarm",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
            ),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.UniqueConstraint(
                fields=("organization", "kind", "subject_id"), name="alarm_once", nulls_distinct=False
            ),
        ),
        RowLevelSecurity("notifications_alarm"),
        TenantForeignKey("notifications_notification", "route_id", "mailsettings_connection"),
        TenantForeignKey("notifications_notification", "rule_id", "mailsettings_routingrule"),
    ]
