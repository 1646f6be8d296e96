# One image for web, worker, beat and migrate; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings
RUN useradd --system --uid 10001 --home-dir /srv/mailroom --shell /usr/sbin/nologin mailroom
WORKDIR /srv/mailroom

COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY manage.py ./
COPY config ./config
COPY console ./console
COPY notifications ./notifications
COPY mailsettings ./mailsettings
COPY orgs ./orgs
COPY providers ./providers
COPY templates ./templates
COPY static ./static

# Static files are part of the image. The values below exist during this one step only and reach nothing.
RUN SECRET_KEY=build-only BASE_URL=https://build.invalid REDIS_URL=redis://build.invalid \
    DATABASE_URL=postgres://build@build.invalid/build DATABASE_SYSTEM_URL=postgres://build@build.invalid/build \
    DATABASE_OWNER_URL=postgres://build@build.invalid/build \
    python manage.py collectstatic --no-input --verbosity 0

USER mailroom
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "config.wsgi:application", "--bind=0.0.0.0:8000", "-k", "gthread", "-w", "2", "--threads", "4", "--no-control-socket", "--worker-tmp-dir=/dev/shm"]
