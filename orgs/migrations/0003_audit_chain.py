"""Let the audit trail be written by one function only, as a chain, and changed by nobody."""

from __future__ import annotations

from django.db import migrations

APPEND = """
CREATE FUNCTION orgs_audit_append(
    new_id uuid, organization uuid, actor uuid, actor_label text, on_behalf_of text,
    action text, subject text, ip inet, detail jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last_seq bigint;
    last_hash bytea;
    moment timestamptz;
    entry text;
BEGIN
    -- This function runs as the owner, who sees every tenant: the caller's own wall is checked here.
    IF pg_has_role(session_user, 'app_tenant', 'USAGE')
       AND organization IS DISTINCT FROM nullif(current_setting('app.org', true), '')::uuid THEN
        RAISE EXCEPTION 'audit entries of another organization cannot be written here'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- One writer per organization until its transaction ends: no gap and no fork.
    PERFORM pg_advisory_xact_lock(hashtextextended('orgs.audit ' || organization::text, 0));
    SELECT e.seq, e.hash INTO last_seq, last_hash FROM orgs_auditentry e
        WHERE e.organization_id = organization ORDER BY e.seq DESC LIMIT 1;
    last_seq := coalesce(last_seq, 0) + 1;
    last_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
    moment := clock_timestamp();
    entry := orgs_audit_text(actor, actor_label, on_behalf_of, action, subject, ip, detail);
    INSERT INTO orgs_auditentry (id, organization_id, seq, at, actor_id, actor_label, on_behalf_of,
                                 action, subject, ip, detail, prev, hash)
    VALUES (new_id, organization, last_seq, moment, actor, actor_label, on_behalf_of,
            action, subject, ip, detail, last_hash,
            sha256(last_hash || uuid_send(organization) || int8send(last_seq)
                   || convert_to(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')
                   || convert_to(entry, 'UTF8')));
    RETURN last_seq;
END $$
"""
# jsonb has one spelling per value (sorted keys, fixed blanks), so its text can be hashed.
TEXT = """
CREATE FUNCTION orgs_audit_text(
    actor uuid, actor_label text, on_behalf_of text, action text, subject text, ip inet, detail jsonb
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'actor', actor, 'actor_label', actor_label, 'on_behalf_of', on_behalf_of,
        'action', action, 'subject', subject, 'ip', host(ip), 'detail', detail)::text
$$
"""
REFUSE = """
CREATE FUNCTION orgs_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail cannot be changed (%)', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""
ARGUMENTS = "uuid, uuid, uuid, text, text, text, text, inet, jsonb"


class Migration(migrations.Migration):
    dependencies = [("orgs", "0002_row_security")]

    operations = [
        migrations.RunSQL(TEXT, "DROP FUNCTION orgs_audit_text(uuid, text, text, text, text, inet, jsonb)"),
        migrations.RunSQL(APPEND, f"DROP FUNCTION orgs_audit_append({ARGUMENTS})"),
        migrations.RunSQL(
            f"REVOKE ALL ON FUNCTION orgs_audit_append({ARGUMENTS}) FROM PUBLIC;"
            f"GRANT EXECUTE ON FUNCTION orgs_audit_append({ARGUMENTS}) TO app_tenant, app_system;"
            "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON orgs_auditentry FROM app_tenant, app_system",
            "GRANT INSERT, UPDATE, DELETE ON orgs_auditentry TO app_tenant, app_system",
        ),
        migrations.RunSQL(REFUSE, "DROP FUNCTION orgs_audit_refuse()"),
        migrations.RunSQL(
            "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON orgs_auditentry "
            "FOR EACH ROW EXECUTE FUNCTION orgs_audit_refuse();"
            "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON orgs_auditentry "
            "FOR EACH STATEMENT EXECUTE FUNCTION orgs_audit_refuse()",
            "DROP TRIGGER refuse_truncate ON orgs_auditentry; DROP TRIGGER refuse_change ON orgs_auditentry",
        ),
    ]
