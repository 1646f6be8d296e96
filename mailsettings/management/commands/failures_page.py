"""Write the page of failures: `python manage.py failures_page > docs/failures.md`."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from mailsettings.advice.catalogue import document


class Command(BaseCommand):
    """Prints docs/failures.md."""

    help = "Print docs/failures.md, made from the table of advice."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002  # Django's signature
        """Print the page."""
        self.stdout.write(document(), ending="")
