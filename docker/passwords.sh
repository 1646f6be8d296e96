#!/bin/sh
# Runs once, when the database is made: gives the roles of roles.sql their passwords and the database its owner.
set -eu
psql --set=ON_ERROR_STOP=1 --username=postgres --dbname=mailroom \
    --set=owner="$OWNER_PASSWORD" --set=web="$WEB_PASSWORD" \
    --set=worker="$WORKER_PASSWORD" --set=system="$SYSTEM_PASSWORD" <<'SQL'
ALTER ROLE app_owner PASSWORD :'owner';
ALTER ROLE app_web PASSWORD :'web';
ALTER ROLE app_worker PASSWORD :'worker';
ALTER ROLE app_system PASSWORD :'system';
ALTER DATABASE mailroom OWNER TO app_owner;
SQL
