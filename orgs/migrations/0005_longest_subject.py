"""Let the longest address there is be the subject of an audit entry."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orgs", "0004_invitation_lookup")]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="subject",
            field=models.CharField(blank=True, max_length=254),
        ),
    ]
