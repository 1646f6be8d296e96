"""Keeps a worker's database connections between tasks and checks them before use.

Celery's own fixup closes every connection around each task, which costs two new ones per task; its
`CELERY_DB_REUSE_MAX` keeps them but never checks them, so tasks fail after a database restart.
"""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any

from celery import Celery
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup  # type: ignore[attr-defined]  # untold
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, connections


class KeepConnections(DjangoWorkerFixup):  # type: ignore[misc]  # the base class carries no types
    """Closes only connections that are broken or too old."""

    def close_database(self, **_kwargs: Any) -> None:
        """Called by Celery before and after each task."""
        close_old_connections()


class Fixup(DjangoFixup):
    """Django integration with kept connections."""

    def on_worker_init(self, **kwargs: Any) -> None:
        """Prove keys and roles before the first task; Celery logs any other exception and goes on."""
        super().on_worker_init(**kwargs)
        from orgs.startup import verify_start  # noqa: PLC0415  # models are not loaded earlier

        try:
            verify_start()
        except ImproperlyConfigured as error:
            sys.exit(f"Mailroom cannot start: {error}")
        finally:
            connections.close_all()

    @cached_property
    def worker_fixup(self) -> KeepConnections:
        """Built late: the app's settings are not ready earlier."""
        return KeepConnections(self.app)


def fixup(app: Celery) -> Fixup:
    """Install the integration; named in the `fixups` of the Celery app."""
    installed = Fixup(app)
    installed.install()
    return installed
