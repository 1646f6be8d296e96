"""Queue one message from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.services import OrganizationSuspended, enqueue
from notifications.sweep import organization_named
from providers import MessageInvalid


class Command(BaseCommand):
    """Queues a message as the product's applications do."""

    help = (
        "Queue one notification of an organization: send_notification acme --to a@example.com --subject Hello"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to say."""
        parser.add_argument(
            "organization", metavar="ORG", help="the organization's short name, as in its addresses"
        )
        parser.add_argument("--to", required=True, help="recipients, separated by commas")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--text", default="", help="the plain text")
        parser.add_argument("--html", default="", help="the HTML, if any")
        parser.add_argument("--priority", default="normal", choices=("high", "normal", "low"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Queue it and print its id."""
        slug = options["organization"]
        organization = organization_named(slug)
        if organization is None:
            raise CommandError(f"There is no organization {slug}.")
        try:
            notification = enqueue(
                organization=organization.pk,
                to=options["to"],
                subject=options["subject"],
                text=options["text"],
                html=options["html"],
                priority=options["priority"],
            )
        except (MessageInvalid, OrganizationSuspended) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{notification.pk} queued for {slug}.")
