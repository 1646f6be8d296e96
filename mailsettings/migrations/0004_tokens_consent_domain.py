"""Tokens, consent, versions, the domain's report, and hosts super admins add."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import orgs.ids


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0003_default_sender"),
        ("orgs", "0006_super_admins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="draft", name="name", field=models.CharField(blank=True, max_length=100, default="")
        ),
        migrations.AddField(model_name="draft", name="activate", field=models.BooleanField(default=True)),
        migrations.AddField(
            model_name="draft", name="asked_from", field=models.GenericIPAddressField(null=True)
        ),
        migrations.AddField(model_name="draft", name="acting_as", field=models.BooleanField(default=False)),
        migrations.CreateModel(
            name="CustomCloud",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.SlugField(max_length=40, unique=True)),
                ("label", models.CharField(max_length=80)),
                ("login_host", models.CharField(max_length=253)),
                ("graph_host", models.CharField(max_length=253)),
                ("smtp_host", models.CharField(blank=True, max_length=253)),
                ("outlook_resource", models.CharField(blank=True, max_length=260)),
                ("portal", models.CharField(blank=True, max_length=260)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["label"],
            },
        ),
        migrations.CreateModel(
            name="SignInHost",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("host", models.CharField(max_length=253, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["host"],
            },
        ),
        migrations.CreateModel(
            name="ConnectedAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("connected", "Connected"),
                            ("permission_missing", "Permission missing"),
                            ("needs_reconnect", "Reconnect needed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                ("email", models.CharField(blank=True, max_length=320)),
                ("subject", models.CharField(blank=True, max_length=100)),
                ("tenant", models.CharField(blank=True, max_length=100)),
                ("scopes", models.JSONField(default=list)),
                ("missing_scopes", models.JSONField(default=list)),
                ("send_as_confirmed", models.BooleanField(default=False)),
                ("failed_code", models.CharField(blank=True, max_length=40)),
                ("failed_reply", models.CharField(blank=True, max_length=600)),
                ("failed_facts", models.JSONField(default=dict)),
                ("failed_at", models.DateTimeField(null=True)),
                ("connected_at", models.DateTimeField()),
                (
                    "connected_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="accounts",
                        to="mailsettings.connection",
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
                "ordering": ["organization", "connection"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "connection"), name="one_account_per_connection"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConnectionToken",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("generation", models.PositiveIntegerField(default=0)),
                ("access", models.BinaryField(null=True)),
                ("access_expires_at", models.DateTimeField(null=True)),
                ("access_lasts", models.FloatField(default=3600)),
                ("claims", models.JSONField(default=dict)),
                ("roles", models.JSONField(null=True)),
                ("scopes", models.JSONField(default=list)),
                ("refresh", models.BinaryField(null=True)),
                ("renewed_at", models.DateTimeField(null=True)),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="mailsettings.connection",
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
                "ordering": ["organization", "connection"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "connection"), name="one_token_row_per_connection"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConnectionVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=100)),
                ("provider", models.CharField(max_length=40)),
                ("settings", models.JSONField(default=dict)),
                ("changed_secrets", models.JSONField(default=list)),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="mailsettings.connection",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["connection", "-number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "connection", "number"), name="one_row_per_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("state_hash", models.BinaryField()),
                ("session_hash", models.BinaryField()),
                ("version", models.PositiveIntegerField()),
                ("issuer", models.CharField(max_length=500)),
                ("sealed_flow", models.BinaryField()),
                ("activate", models.BooleanField(default=False)),
                ("sends_as", models.CharField(blank=True, max_length=320)),
                ("failed_code", models.CharField(blank=True, max_length=40)),
                ("failed_reply", models.CharField(blank=True, max_length=600)),
                ("failed_facts", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="mailsettings.connection",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["created_at"],
                "indexes": [models.Index(fields=["state_hash"], name="consent_by_state")],
            },
        ),
        migrations.CreateModel(
            name="DomainReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.CharField(max_length=253)),
                ("services", models.JSONField(default=list)),
                ("selector", models.CharField(blank=True, max_length=63)),
                ("records", models.JSONField(default=list)),
                ("warnings", models.JSONField(default=list)),
                ("checked_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField(null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["organization", "domain"],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "domain"), name="one_report_per_domain")
                ],
            },
        ),
    ]
