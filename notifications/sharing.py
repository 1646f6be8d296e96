"""Share a failed test with somebody who has no account: a link that ends, and can be withdrawn (NEW-3)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urljoin
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.models import TRIALS, Notification, SharedResult
from notifications.results import Result, look_at
from orgs.entry import organization_of_shared_result, token_hash
from orgs.models import Organization, TenantQuerySet, User
from orgs.tenancy import tenant

VALID_FOR: Final = timedelta(days=7)
TOKEN_BYTES: Final = 32
# Open links of one organization; whoever needs more withdraws some first.
LIMIT: Final = 20


class TooManyLinks(Exception):
    """The organization has as many open links as it may have."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that was just made; its token is known this once and never again."""

    shared: SharedResult
    url: str
    organization_name: str
    title: str

    @property
    def mailto(self) -> str:
        """A letter to the administrator, for the mail program of whoever shares."""
        subject = _("Email sending of %(organization)s: %(title)s") % {
            "organization": self.organization_name,
            "title": self.title,
        }
        body = _(
            "A test of our email sending failed: %(title)s\n\n"
            "What happened, the steps that fix it and the commands are here:\n%(url)s\n\n"
            "The page needs no account and holds no secret. The link works until %(day)s."
        ) % {"title": self.title, "url": self.url, "day": f"{self.shared.expires_at:%-d %B %Y}"}
        return f"mailto:?subject={quote(subject)}&body={quote(body)}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a link shows."""

    organization_name: str
    expires_at: str
    result: Result


def share(*, organization: Organization, notification: Notification, user: User) -> Link:
    """Make a link to a failed test; the caller is inside the organization's tenant().

    Raises:
        TooManyLinks: some have to be withdrawn first.
        ValueError: the test has not failed.
    """
    result = look_at(notification)
    if result.state != "bad":
        raise ValueError("Only a failed test can be shared.")
    if open_links(organization).count() >= LIMIT:
        raise TooManyLinks
    token = secrets.token_urlsafe(TOKEN_BYTES)
    shared = SharedResult.objects.create(
        organization=organization,
        notification=notification,
        token_hash=token_hash(token),
        created_by=user,
        expires_at=timezone.now() + VALID_FOR,
    )
    path = reverse("shared_result", kwargs={"token": token})
    return Link(
        shared=shared,
        url=urljoin(settings.BASE_URL, path),
        organization_name=organization.name,
        title=result.title,
    )


def withdraw(*, organization: Organization, shared_id: UUID) -> SharedResult | None:
    """End a link now; None when there is no such open link."""
    rows = open_links(organization).filter(pk=shared_id).select_related("notification")
    shared = rows.select_for_update(of=("self",)).first()
    if shared is not None:
        SharedResult.objects.of(organization).filter(pk=shared.pk).update(withdrawn_at=Now())
    return shared


def open_links(organization: Organization) -> TenantQuerySet[SharedResult]:
    """List the links that work, the newest first."""
    rows = SharedResult.objects.of(organization).filter(withdrawn_at=None, expires_at__gt=Now())
    return rows.select_related("notification", "created_by").order_by("-created_at")


def find_test(organization: Organization, notification_id: UUID) -> Notification | None:
    """Find a test or a verification of the organization."""
    rows = Notification.objects.of(organization).filter(pk=notification_id, kind__in=TRIALS)
    return rows.select_related("draft", "draft__connection", "connection", "created_by").first()


def open_shared(token: str) -> Seen | None:
    """Read what a link shows; None when it is unknown, ended or withdrawn. Call it outside any tenant()."""
    organization_id = organization_of_shared_result(token)
    if organization_id is None:
        return None
    with tenant(organization_id):
        shared = (
            SharedResult.objects.of(organization_id)
            .filter(token_hash=token_hash(token), withdrawn_at=None, expires_at__gt=Now())
            .select_related("organization")
            .first()
        )
        notification = find_test(shared.organization, shared.notification_id) if shared else None
        if shared is None or notification is None:
            return None
        return Seen(
            organization_name=shared.organization.name,
            expires_at=f"{shared.expires_at:%-d %B %Y}",
            result=look_at(notification),
        )
