"""A lane is one connection of one organization, and counts what it sends."""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_sharing_row_security")]

    operations = [
        migrations.AlterModelOptions(name="lane", options={"ordering": ("organization", "-used_at")}),
        migrations.RemoveConstraint(model_name="lane", name="lane_once"),
        migrations.AddField("lane", "connection_id", models.UUIDField(blank=True, null=True)),
        migrations.AddField("lane", "used_at", models.DateTimeField(default=django.utils.timezone.now)),
        migrations.AddField("lane", "busy", models.PositiveIntegerField(default=0)),
        migrations.AddField("lane", "counted_since", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("lane", "counted", models.PositiveIntegerField(default=0)),
        migrations.AddField("lane", "rate", models.FloatField(blank=True, null=True)),
        migrations.AddField("lane", "rated_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            model_name="lane",
            constraint=models.UniqueConstraint(
                fields=("organization", "connection_id"), name="lane_once", nulls_distinct=False
            ),
        ),
    ]
