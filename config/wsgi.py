"""Entry point of the web processes."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from django.db import connections  # noqa: E402  # settings are not read earlier

from orgs.startup import verify_start  # noqa: E402  # models are not loaded earlier

verify_start()
# A server may fork after this line, and processes cannot share a connection.
connections.close_all()
