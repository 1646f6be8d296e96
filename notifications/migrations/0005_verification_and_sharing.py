"""Verifications without a mail, and results shared by a link."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import orgs.ids


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0005_more_row_security"),
        ("notifications", "0004_lane_facts"),
        ("orgs", "0006_super_admins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SharedResult",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("token_hash", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="notification",
            name="notification_kind_known",
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("notification", "Notification"),
                    ("test", "Test"),
                    ("verification", "Verification"),
                ],
                default="notification",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["notification", "test", "verification"])),
                name="notification_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="sharedresult",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="sharedresult",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="shared",
                to="notifications.notification",
            ),
        ),
        migrations.AddField(
            model_name="sharedresult",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
            ),
        ),
        migrations.AddIndex(
            model_name="sharedresult",
            index=models.Index(fields=["token_hash"], name="shared_by_token"),
        ),
    ]
