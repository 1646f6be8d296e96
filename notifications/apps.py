"""The room that sends, and keeps what became of it."""

from __future__ import annotations

from celery import current_app
from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What is to be sent, and what became of it."""

    name = "notifications"

    def ready(self) -> None:
        """Hang this room's parts into the Emails page, and give this process' Celery app its mail loop."""
        from notifications.detours import hang_faults  # noqa: PLC0415  # needs the models, which come first
        from notifications.panel import hang_panel  # noqa: PLC0415  # as above
        from notifications.routed import hang_up_routed  # noqa: PLC0415  # as above
        from notifications.secret_card import hang_card  # noqa: PLC0415  # as above
        from notifications.views_saving import hang_up_saving  # noqa: PLC0415  # as above
        from notifications.worker import add_worker_steps  # noqa: PLC0415  # as above

        hang_faults()
        hang_panel()
        hang_card()
        hang_up_saving()
        hang_up_routed()
        add_worker_steps(current_app)
