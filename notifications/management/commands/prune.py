"""Remove content past its retention time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from notifications.prune import prune


class Command(BaseCommand):
    """Does at once what the worker does every night."""

    help = (
        "Remove the content of notifications that ended before the retention time (CONTENT_RETENTION_DAYS)."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Remove and count."""
        self.stdout.write(f"Content of {prune()} notifications removed.")
