"""Keep sessions and messages per minute of a connection in the database, shared by all workers (WPM-5).

Narrow functions do it in one step each, under a lock of the connection's own row. They see all organizations,
as the default mailer is shared, and answer only how much the caller may send now. They serve the caller's own
connections and the platform's. A permit counts from the moment it is given until a minute after its message
was sent, so whatever time a message takes, no rolling minute holds more than the limit. Bytes are counted alike where
a provider limits what may be uploaded in five minutes.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

TABLES = """
CREATE TABLE notifications_connectionslot (
    token uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES mailsettings_connection ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES orgs_organization ON DELETE CASCADE,
    worker text NOT NULL,
    requests smallint NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX connectionslot_by_connection ON notifications_connectionslot (connection_id);
CREATE TABLE notifications_connectiongrant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES mailsettings_connection ON DELETE CASCADE,
    token uuid NOT NULL,
    amount bigint NOT NULL,
    is_upload boolean NOT NULL DEFAULT false,
    spent boolean NOT NULL DEFAULT false,
    until timestamptz NOT NULL
);
CREATE INDEX connectiongrant_by_connection ON notifications_connectiongrant (connection_id, until);
CREATE INDEX connectiongrant_by_token ON notifications_connectiongrant (token) WHERE NOT spent;
REVOKE ALL ON notifications_connectionslot, notifications_connectiongrant FROM app_tenant, app_system;
ALTER TABLE notifications_connectionslot ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE notifications_connectiongrant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_rows ON notifications_connectionslot TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY owner_rows ON notifications_connectiongrant TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Answers -1 when the connection or the caller's settings are no longer as they were read; otherwise how many
# messages may go now.
ENTER = """
CREATE FUNCTION enter_connection(
    in_connection uuid, in_version integer, in_stored jsonb, in_held text, in_settings_version integer,
    in_entitled boolean, in_way text, in_token uuid, in_worker text, in_sessions integer, in_requests integer,
    in_per_minute integer, in_upload bigint, in_wanted integer, in_seconds double precision,
    OUT permits integer, OUT wait double precision, OUT per_minute integer, OUT at_once integer, OUT room bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    caller uuid := nullif(current_setting('app.org', true), '')::uuid;
    shared boolean;
    found mailsettings_connection;
    own notifications_connectionlimit;
    lane notifications_lane;
    moment timestamptz;
    allowed integer;
    given bigint;
    -- Whoever calls keeps what others share for an hour at most.
    kept interval := make_interval(secs => least(greatest(in_seconds, 0), 3600));
BEGIN
    permits := 0;
    per_minute := 0;
    IF in_wanted <= 0 THEN
        RETURN;
    END IF;
    SELECT c.* INTO found FROM mailsettings_connection c JOIN orgs_organization o ON o.id = c.organization_id
    WHERE c.id = in_connection AND (c.organization_id = caller OR o.is_platform);
    -- A row that was edited past the forms keeps its version.
    IF found.id IS NULL OR found.version <> in_version OR found.settings <> in_stored OR NOT found.enabled
        OR found.held_code <> in_held OR (found.organization_id <> caller AND found.rank <> 'primary')
        OR NOT EXISTS (
            SELECT FROM mailsettings_mailsettings m JOIN orgs_organization o ON o.id = m.organization_id
            WHERE o.id = caller AND m.version = in_settings_version AND o.is_active
            AND o.custom_mail = in_entitled)
    THEN
        permits := -1;
        RETURN;
    END IF;
    shared := found.organization_id <> caller;
    LOOP
        SELECT * INTO own FROM notifications_connectionlimit WHERE connection_id = in_connection FOR UPDATE;
        EXIT WHEN own.connection_id IS NOT NULL;
        INSERT INTO notifications_connectionlimit (connection_id, organization_id)
        VALUES (in_connection, found.organization_id) ON CONFLICT DO NOTHING;
    END LOOP;
    -- After the lock: whoever held it has written what counts now.
    moment := clock_timestamp();
    SELECT * INTO lane FROM notifications_lane
    WHERE organization_id = caller AND connection_id = in_connection AND way = in_way;
    wait := extract(epoch FROM greatest(own.rest_until, lane.resume_at) - moment);
    IF wait > 0 THEN
        RETURN;
    END IF;
    wait := NULL;
    -- A worker that was killed is known by its silence, long before what it claimed is anybody else's.
    DELETE FROM notifications_connectionslot s WHERE connection_id = in_connection AND (until <= moment OR EXISTS (
        SELECT FROM notifications_workerheartbeat w
        WHERE w.name = s.worker AND w.seen_at < moment - interval '30 seconds'));
    allowed := CASE WHEN found.held_code <> '' THEN 1 ELSE coalesce(own.sessions, in_sessions) END;
    -- A session that has several requests under way at a time counts for as many.
    at_once := least(in_requests, allowed - (SELECT coalesce(sum(requests), 0) FROM notifications_connectionslot
        WHERE connection_id = in_connection AND token <> in_token));
    IF at_once <= 0 THEN
        RETURN;
    END IF;
    -- A lane that just failed is tried by one worker, with one message; and nobody takes the last session of a
    -- shared connection.
    allowed := CASE WHEN lane.failures > 0 THEN 1 WHEN shared THEN greatest(1, allowed - 1) ELSE allowed END;
    at_once := least(at_once, allowed - (SELECT coalesce(sum(requests), 0) FROM notifications_connectionslot
        WHERE connection_id = in_connection AND organization_id = caller AND token <> in_token));
    IF at_once <= 0 THEN
        RETURN;
    END IF;
    DELETE FROM notifications_connectiongrant WHERE connection_id = in_connection
    AND (until <= moment OR token = in_token AND NOT spent);
    IF in_upload > 0 THEN
        SELECT in_upload - coalesce(sum(amount), 0), extract(epoch FROM min(until) FILTER (WHERE spent) - moment)
        INTO room, wait FROM notifications_connectiongrant WHERE connection_id = in_connection AND is_upload;
        IF room <= 0 THEN
            RETURN;
        END IF;
        wait := NULL;
    END IF;
    permits := CASE WHEN lane.failures > 0 THEN least(in_wanted, 1) ELSE in_wanted END;
    per_minute := coalesce(own.per_minute, in_per_minute);
    IF per_minute > 0 THEN
        SELECT coalesce(sum(amount), 0), extract(epoch FROM min(until) FILTER (WHERE spent) - moment)
        INTO given, wait FROM notifications_connectiongrant
        WHERE connection_id = in_connection AND NOT is_upload;
        permits := least(permits, per_minute - given);
        IF permits <= 0 THEN
            permits := 0;
            RETURN;
        END IF;
        wait := NULL;
        INSERT INTO notifications_connectiongrant (connection_id, token, amount, until)
        VALUES (in_connection, in_token, permits, moment + kept + interval '60.5 seconds');
    END IF;
    INSERT INTO notifications_connectionslot AS s (token, connection_id, organization_id, worker, requests, until)
    VALUES (in_token, in_connection, caller, in_worker, at_once, moment + kept)
    ON CONFLICT (token) DO UPDATE SET until = excluded.until, requests = excluded.requests
    WHERE s.organization_id = caller;
END $$;
"""

# Keeps room for what a session is about to upload; answers how long to wait where there is not enough. What alone
# is larger than the limit goes when nothing else has gone lately. The caller holds the lock since it entered.
RESERVE = """
CREATE FUNCTION reserve_upload(
    in_connection uuid, in_token uuid, in_bytes bigint, in_upload bigint, in_seconds double precision
) RETURNS double precision LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    given bigint;
    free_at timestamptz;
    kept interval := make_interval(secs => least(greatest(in_seconds, 0), 3600));
BEGIN
    IF in_bytes < 0 OR NOT EXISTS (
        SELECT FROM notifications_connectionslot WHERE token = in_token AND connection_id = in_connection
        AND organization_id = nullif(current_setting('app.org', true), '')::uuid
    ) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO given FROM notifications_connectiongrant
    WHERE connection_id = in_connection AND is_upload;
    IF given > 0 AND given + in_bytes > in_upload THEN
        SELECT min(until) INTO free_at FROM (
            SELECT until, sum(amount) OVER (ORDER BY until, id) AS freed FROM notifications_connectiongrant
            WHERE connection_id = in_connection AND is_upload
        ) leaving WHERE freed >= least(given, given + in_bytes - in_upload);
        RETURN greatest(0.1, extract(epoch FROM free_at - moment));
    END IF;
    INSERT INTO notifications_connectiongrant (connection_id, token, amount, is_upload, until)
    VALUES (in_connection, in_token, in_bytes, true, moment + kept + interval '300.5 seconds');
    RETURN NULL;
END $$;
"""

# Turns permits of a session into messages sent now, and room into bytes; the rest goes back when it leaves.
SPEND = """
CREATE FUNCTION spend_permits(in_connection uuid, in_token uuid, in_used integer, in_bytes bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM notifications_connectionslot WHERE token = in_token AND connection_id = in_connection
                   AND organization_id = nullif(current_setting('app.org', true), '')::uuid) THEN
        -- The slot ran out, and its grant counts as used as a whole.
        RETURN;
    END IF;
    UPDATE notifications_connectiongrant
    SET amount = greatest(0, amount - greatest(0, CASE WHEN is_upload THEN in_bytes ELSE in_used END))
    WHERE token = in_token AND NOT spent;
    INSERT INTO notifications_connectiongrant (connection_id, token, amount, is_upload, spent, until)
    SELECT in_connection, in_token, said.amount, said.is_upload, true, clock_timestamp() + said.lasting
    FROM (VALUES (in_used::bigint, false, interval '60.5 seconds'), (in_bytes, true, interval '300.5 seconds'))
        AS said (amount, is_upload, lasting) WHERE said.amount > 0;
END $$;
"""

# Ends a session, and adds what it sent to the counters of its lane: a stretch of ten seconds makes a rate.
LEAVE = """
CREATE FUNCTION leave_connection(
    in_connection uuid, in_token uuid, in_sent integer, in_seconds double precision, in_per_minute integer
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    caller uuid := nullif(current_setting('app.org', true), '')::uuid;
    moment timestamptz := clock_timestamp();
BEGIN
    DELETE FROM notifications_connectionslot WHERE token = in_token AND organization_id = caller;
    IF FOUND THEN
        DELETE FROM notifications_connectiongrant WHERE token = in_token AND NOT spent;
    END IF;
    IF in_sent <= 0 THEN
        RETURN;
    END IF;
    UPDATE notifications_lane SET
        rate = least(CASE
            WHEN counted_since IS NULL OR counted_since < moment - interval '60 seconds'
            THEN in_sent / greatest(in_seconds, 0.05)
            WHEN counted_since < moment - interval '10 seconds'
            THEN (counted + in_sent) / extract(epoch FROM moment - counted_since)
            ELSE rate END, nullif(in_per_minute, 0) / 60.0),
        rated_at = moment,
        counted = CASE WHEN counted_since IS NULL OR counted_since < moment - interval '10 seconds'
            THEN 0 ELSE counted + in_sent END,
        counted_since = CASE WHEN counted_since IS NULL OR counted_since < moment - interval '10 seconds'
            THEN moment ELSE counted_since END
    WHERE organization_id = caller AND connection_id = in_connection;
END $$;
"""

# Lets a connection rest for everybody who uses it, at most a day.
REST = """
CREATE FUNCTION rest_connection(in_connection uuid, in_token uuid, in_seconds double precision) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE notifications_connectionlimit l
    SET rest_until = greatest(rest_until, clock_timestamp() + make_interval(secs => least(in_seconds, 86400)))
    FROM notifications_connectionslot s
    WHERE l.connection_id = in_connection AND s.token = in_token AND s.connection_id = in_connection
    AND s.organization_id = nullif(current_setting('app.org', true), '')::uuid
$$;
"""

SIGNATURES = (
    (
        "enter_connection(uuid, integer, jsonb, text, integer, boolean, text, uuid, text, integer, integer, integer,"
        " bigint, integer, double precision)"
    ),
    "reserve_upload(uuid, uuid, bigint, bigint, double precision)",
    "spend_permits(uuid, uuid, integer, bigint)",
    "leave_connection(uuid, uuid, integer, double precision, integer)",
    "rest_connection(uuid, uuid, double precision)",
)

CONNECTION = models.ForeignKey(
    on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="mailsettings.connection"
)
ORGANIZATION = models.ForeignKey(
    on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="orgs.organization"
)
SLOT = migrations.CreateModel(
    name="ConnectionSlot",
    fields=[
        ("token", models.UUIDField(primary_key=True, serialize=False)),
        ("connection", CONNECTION),
        ("organization", ORGANIZATION),
        ("worker", models.TextField()),
        ("requests", models.PositiveSmallIntegerField()),
        ("until", models.DateTimeField()),
    ],
    options={"ordering": ("token",)},
)
GRANT = migrations.CreateModel(
    name="ConnectionGrant",
    fields=[
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        ("connection", CONNECTION.clone()),
        ("token", models.UUIDField()),
        ("amount", models.PositiveBigIntegerField()),
        ("is_upload", models.BooleanField(default=False)),
        ("spent", models.BooleanField(default=False)),
        ("until", models.DateTimeField()),
    ],
    options={"ordering": ("id",)},
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_connection_limits")]

    operations = [
        # The models let Django's own commands, such as flush, know the tables.
        migrations.RunSQL(
            TABLES,
            "DROP TABLE notifications_connectiongrant, notifications_connectionslot",
            state_operations=[SLOT, GRANT],
        ),
        *(
            migrations.RunSQL(function, f"DROP FUNCTION {signature}")
            for function, signature in zip((ENTER, RESERVE, SPEND, LEAVE, REST), SIGNATURES, strict=True)
        ),
        *(
            migrations.RunSQL(
                f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;"
                f" GRANT EXECUTE ON FUNCTION {signature} TO app_tenant",
                migrations.RunSQL.noop,
            )
            for signature in SIGNATURES
        ),
    ]
