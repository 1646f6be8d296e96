"""Order of connections, rules that choose one, and a second slot for a secret that will take over."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import orgs.ids
from orgs.rls import RowLevelSecurity, TenantForeignKey

# Until now the list showed the primary one, then the others by name.
NUMBER = """
UPDATE mailsettings_connection c SET place = n.place FROM (
    SELECT id, row_number() OVER (
        PARTITION BY organization_id ORDER BY rank <> 'primary', lower(name)
    ) AS place FROM mailsettings_connection
) n WHERE n.id = c.id
"""

# Enqueue asks for them inside a query it makes anyway; a function keeps its plan, which is most of the cost.
RULES = """
CREATE FUNCTION mailsettings_rules_in_force(in_organization uuid) RETURNS jsonb[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM mailsettings_routingrule WHERE organization_id = in_organization AND enabled
    ) OR NOT EXISTS (
        SELECT FROM mailsettings_mailsettings m JOIN orgs_organization o ON o.id = m.organization_id
        WHERE o.id = in_organization AND o.custom_mail AND NOT o.is_platform
        AND m.smtp_enabled AND m.routing_enabled
    ) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT jsonb_build_object(
            'id', r.id, 'place', r.place, 'groups', r.groups, 'falls_back', r.falls_back,
            'connection', r.connection_id,
            'sender', coalesce(nullif(first.settings ->> 'sender_email', ''), account.email, ''),
            'sender_name', coalesce(first.settings ->> 'sender_name', ''))
        FROM mailsettings_routingrule r
        LEFT JOIN mailsettings_connection first
            ON first.organization_id = r.organization_id AND first.rank = 'primary' AND first.enabled
        LEFT JOIN mailsettings_connectedaccount account ON account.connection_id = first.id
        WHERE r.organization_id = in_organization AND r.enabled
        ORDER BY r.place, r.created_at, r.id LIMIT 50);
END $$;
REVOKE ALL ON FUNCTION mailsettings_rules_in_force(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailsettings_rules_in_force(uuid) TO app_tenant;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailsettings", "0005_more_row_security"),
        ("orgs", "0006_super_admins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RoutingRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=orgs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("enabled", models.BooleanField(default=True)),
                ("falls_back", models.BooleanField(default=True)),
                ("groups", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["organization", "place", "created_at"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="storedsecret",
            name="one_secret_per_field",
        ),
        migrations.AddField(
            model_name="connection",
            name="place",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="mailsettings",
            name="default_mailer_last",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mailsettings",
            name="routing_enabled",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="storedsecret",
            name="expires_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="storedsecret",
            name="is_next",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="storedsecret",
            name="tested_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="storedsecret",
            constraint=models.UniqueConstraint(
                fields=("organization", "connection", "field", "is_next"), name="one_secret_per_slot"
            ),
        ),
        migrations.AddField(
            model_name="routingrule",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="rules",
                to="mailsettings.connection",
            ),
        ),
        migrations.AddField(
            model_name="routingrule",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orgs.organization"
            ),
        ),
        migrations.AddField(
            model_name="routingrule",
            name="updated_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        RowLevelSecurity("mailsettings_routingrule"),
        TenantForeignKey("mailsettings_routingrule", "connection_id", "mailsettings_connection"),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.RunSQL(RULES, "DROP FUNCTION mailsettings_rules_in_force(uuid)"),
    ]
