-- The five roles of Mailroom. Run as a superuser, or as a role with CREATEROLE; running it again changes nothing.
-- app_owner   owns the tables and runs the migrations, nothing else (CREATEDB only for the tests).
-- app_tenant  is the group that row-level security names; app_web and app_worker belong to it.
-- app_system  claims due mail, purges and serves the console, by policies of its own.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('app_owner', 'LOGIN CREATEDB CREATEROLE'),
            ('app_tenant', 'NOLOGIN'),
            ('app_web', 'LOGIN'),
            ('app_worker', 'LOGIN'),
            ('app_system', 'LOGIN')
        ) AS roles (name, attributes)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
        END IF;
    END LOOP;
END
$$;
GRANT app_tenant TO app_web, app_worker;
