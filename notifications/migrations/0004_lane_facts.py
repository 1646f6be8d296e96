"""Let the reason of a hold name the host it is about."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0003_test_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="lane",
            name="held_facts",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
