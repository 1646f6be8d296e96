"""The room that sends, and keeps what became of it."""

from __future__ import annotations

from celery import current_app
from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What is to be sent, and what became of it."""

    name = "notifications"

    def ready(self) -> None:
        """Give the workers of this process' Celery app their mail loop."""
        from notifications.worker import add_worker_steps  # noqa: PLC0415  # needs the models, which come first

        add_worker_steps(current_app)
