"""Count test emails in the database, so that limits hold over all web processes and without Redis (C-MAIL-8).

One function does everything in one step under advisory locks. It sees all organizations, as the limit per
recipient must, and answers only the name of the limit that is used up. No address is stored, only its SHA-256.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE = """
CREATE TABLE notifications_testmark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES orgs_organization ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES orgs_user ON DELETE CASCADE,
    recipient bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX testmark_by_user ON notifications_testmark (user_id, at);
CREATE INDEX testmark_by_organization ON notifications_testmark (organization_id, at);
CREATE INDEX testmark_by_recipient ON notifications_testmark (recipient, at);
REVOKE ALL ON notifications_testmark FROM app_tenant, app_system;
ALTER TABLE notifications_testmark ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_rows ON notifications_testmark TO CURRENT_USER USING (true) WITH CHECK (true);
"""

FUNCTION = """
CREATE FUNCTION take_test_mark(in_organization uuid, in_user uuid, in_recipient bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    a_day timestamptz := clock_timestamp() - interval '1 day';
BEGIN
    IF in_organization IS DISTINCT FROM nullif(current_setting('app.org', true), '')::uuid THEN
        RAISE EXCEPTION 'test marks are taken inside the own organization only';
    END IF;
    -- Always in this order, so that two takers never wait for each other in a ring.
    PERFORM pg_advisory_xact_lock(hashtextextended('test organization ' || in_organization, 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('test user ' || in_user, 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('test recipient ' || encode(in_recipient, 'hex'), 0));
    DELETE FROM notifications_testmark WHERE user_id = in_user AND at < a_day - interval '1 day';
    IF (SELECT count(*) FROM notifications_testmark
        WHERE user_id = in_user AND at > clock_timestamp() - interval '1 minute') >= 5 THEN
        RETURN 'user_minute';
    ELSIF (SELECT count(*) FROM notifications_testmark WHERE user_id = in_user AND at > a_day) >= 50 THEN
        RETURN 'user_day';
    ELSIF (SELECT count(*) FROM notifications_testmark
           WHERE organization_id = in_organization AND at > a_day) >= 100 THEN
        RETURN 'organization_day';
    ELSIF (SELECT count(*) FROM notifications_testmark WHERE recipient = in_recipient AND at > a_day) >= 10 THEN
        RETURN 'recipient_day';
    END IF;
    INSERT INTO notifications_testmark (organization_id, user_id, recipient)
    VALUES (in_organization, in_user, in_recipient);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION take_test_mark(uuid, uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_test_mark(uuid, uuid, bytea) TO app_tenant;
"""

MODEL = migrations.CreateModel(
    name="TestMark",
    fields=[
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        (
            "organization",
            models.ForeignKey(
                on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="orgs.organization"
            ),
        ),
        (
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        ("recipient", models.BinaryField()),
        ("at", models.DateTimeField()),
    ],
    options={"ordering": ("id",)},
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_row_security")]

    operations = [
        # The model lets Django's own commands, such as flush, know the table.
        migrations.RunSQL(TABLE, "DROP TABLE notifications_testmark", state_operations=[MODEL]),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION take_test_mark(uuid, uuid, bytea)"),
    ]
