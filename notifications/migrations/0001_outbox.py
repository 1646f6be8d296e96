"""The outbox: notifications, their attempts, lanes and the heartbeats of workers."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import orgs.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("mailsettings", "0002_row_security"),
        ("orgs", "0004_invitation_lookup"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkerHeartbeat",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Notification",
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
                        choices=[("notification", "Notification"), ("test", "Test")],
                        default="notification",
                        max_length=12,
                    ),
                ),
                ("notification_type", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("leased", "Sending"),
                            ("transmitting", "Sending"),
                            ("uncertain", "Uncertain"),
                            ("accepted", "Sent"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("cancelled", "Cancelled"),
                            ("suppressed", "Suppressed"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "High"), (1, "Normal"), (2, "Low")], default=1
                    ),
                ),
                ("subject", models.TextField(blank=True)),
                ("sender_email", models.TextField(blank=True)),
                ("sender_name", models.TextField(blank=True)),
                ("recipients", models.JSONField()),
                ("recipient_outcomes", models.JSONField(blank=True, default=dict)),
                ("headers", models.JSONField(blank=True, default=list)),
                ("attachment_list", models.JSONField(blank=True, default=list)),
                ("size", models.PositiveIntegerField(default=0)),
                ("sealed_body", models.BinaryField(null=True)),
                ("content_removed_at", models.DateTimeField(blank=True, null=True)),
                ("secret_content", models.BooleanField(default=False)),
                ("message_id", models.TextField(blank=True)),
                ("message_date", models.DateTimeField(default=django.utils.timezone.now)),
                ("idempotency_key", models.CharField(blank=True, max_length=255)),
                ("idempotency_hash", models.CharField(blank=True, max_length=64)),
                ("way_name", models.CharField(blank=True, max_length=200)),
                ("provider", models.CharField(blank=True, max_length=40)),
                ("via_default_mailer", models.BooleanField(default=False)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("leased_by", models.CharField(blank=True, max_length=200)),
                ("claims", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_code", models.CharField(blank=True, max_length=64)),
                ("last_reply", models.TextField(blank=True)),
                ("provider_id", models.TextField(blank=True)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notifications",
                        to="mailsettings.connection",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notifications",
                        to="mailsettings.draft",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("accepted", "Accepted"),
                            ("partial", "Accepted for some"),
                            ("temporary", "Try again later"),
                            ("refused", "Refused"),
                            ("connection", "Connection at fault"),
                            ("unknown", "Outcome unknown"),
                        ],
                        max_length=12,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("stage", models.CharField(blank=True, max_length=32)),
                ("reply", models.TextField(blank=True)),
                ("provider_code", models.CharField(blank=True, max_length=200)),
                ("request_id", models.CharField(blank=True, max_length=200)),
                ("provider", models.CharField(blank=True, max_length=40)),
                ("way_name", models.CharField(blank=True, max_length=200)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("facts", models.JSONField(blank=True, default=dict)),
                ("stages", models.JSONField(blank=True, default=list)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_attempts",
                        to="notifications.notification",
                    ),
                ),
            ],
            options={
                "ordering": ("notification", "number"),
            },
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("way", models.CharField(blank=True, max_length=200)),
                ("held_code", models.CharField(blank=True, max_length=64)),
                ("held_reason", models.TextField(blank=True)),
                ("held_since", models.DateTimeField(blank=True, null=True)),
                ("resume_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
            ],
            options={
                "ordering": ("organization",),
                "constraints": [models.UniqueConstraint(fields=("organization",), name="lane_once")],
            },
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["organization", "kind", "priority", "next_at", "id"],
                name="notification_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["organization", "next_at"],
                name="notification_due",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status__in", ("leased", "transmitting"))),
                fields=["organization", "lease_until"],
                name="notification_lease",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["expires_at"], name="notification_over_age"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("sealed_body__isnull", False)),
                fields=["ended_at"],
                name="notification_content",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["organization", "-id"], name="notification_page"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "queued",
                            "leased",
                            "transmitting",
                            "uncertain",
                            "accepted",
                            "failed",
                            "expired",
                            "cancelled",
                            "suppressed",
                        ],
                    )
                ),
                name="notification_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["notification", "test"])), name="notification_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", [0, 1, 2])), name="notification_priority_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lease_token__isnull", False),
                        ("lease_until__isnull", False),
                        ("status__in", ("leased", "transmitting")),
                    ),
                    models.Q(
                        models.Q(("status__in", ("leased", "transmitting")), _negated=True),
                        ("lease_token__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="notification_leased_has_token",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        ("status__in", ("accepted", "failed", "expired", "cancelled", "suppressed")),
                    ),
                    models.Q(
                        ("ended_at__isnull", True),
                        ("status__in", ("queued", "leased", "transmitting", "uncertain")),
                    ),
                    _connector="OR",
                ),
                name="notification_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "accepted"), _negated=True),
                    ("accepted_at__isnull", False),
                    _connector="OR",
                ),
                name="notification_accepted_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("content_removed_at__isnull", True), ("sealed_body__isnull", False)),
                    models.Q(("content_removed_at__isnull", False), ("sealed_body__isnull", True)),
                    _connector="OR",
                ),
                name="notification_content_or_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("organization", "idempotency_key"),
                name="notification_idempotency",
            ),
        ),
        migrations.AddConstraint(
            model_name="deliveryattempt",
            constraint=models.UniqueConstraint(
                fields=("organization", "notification", "number"), name="attempt_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="deliveryattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        ["running", "accepted", "partial", "temporary", "refused", "connection", "unknown"],
                    )
                ),
                name="attempt_outcome_known",
            ),
        ),
    ]
