"""Messages that go one after the other, and stop when one fails (COG-40)."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0009_connection_slots")]

    operations = [
        migrations.AddField("notification", "sequence", models.UUIDField(blank=True, null=True)),
        migrations.AddField("notification", "sequence_place", models.PositiveIntegerField(default=0)),
        migrations.AddIndex(
            "notification",
            models.Index(
                condition=models.Q(("sequence__isnull", False)),
                fields=["organization", "sequence", "sequence_place"],
                name="notification_sequence",
            ),
        ),
    ]
