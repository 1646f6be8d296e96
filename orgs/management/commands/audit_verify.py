"""`audit_verify`: check every audit trail and print its head, daily, to the log stream."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orgs.audit_chain import Head, verify_chain
from orgs.models import Organization
from orgs.tenancy import SYSTEM


class Command(BaseCommand):
    """Check the chains of all organizations, or of those named."""

    help = "Check the audit trails and print their heads; exit 1 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take organizations, and heads printed earlier."""
        parser.add_argument("slugs", nargs="*", help="addresses of organizations; all when none is named")
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="SLUG:NUMBER:HASH",
            help="a head printed earlier that must still be in the chain (may be repeated)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:  # Django's signature
        """Print one line per organization."""
        expected = dict(_head(text) for text in options["head"])
        organizations = Organization.objects.using(SYSTEM).order_by("slug")
        wanted = {*options["slugs"], *expected}
        if wanted:
            organizations = organizations.filter(slug__in=wanted)
            unknown = wanted - set(organizations.values_list("slug", flat=True))
            if unknown:
                raise CommandError(f"There is no organization {min(unknown)!r}.")
        broken = 0
        for organization in organizations:
            slug = organization.slug
            report = verify_chain(organization.pk, expected=expected.get(slug), using=SYSTEM)
            line = f"{slug}:{report.head.seq}:{report.head.hash.hex()}"
            if report.fault:
                broken += 1
                self.stderr.write(f"{line} BROKEN: {report.fault}")
            else:
                self.stdout.write(line)
        if broken:
            sys.exit(1)


def _head(text: str) -> tuple[str, Head]:
    slug, _, rest = text.partition(":")
    number, _, digest = rest.partition(":")
    try:
        return slug, Head(seq=int(number), hash=bytes.fromhex(digest))
    except ValueError as error:
        raise CommandError(f"--head {text!r} is not SLUG:NUMBER:HASH as this command prints it.") from error
