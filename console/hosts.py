"""What super admins list for all organizations: further clouds, and hosts that may be signed in at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mailsettings.egress import egress
from mailsettings.models import CustomCloud, SignInHost
from orgs import audit
from orgs.models import User
from orgs.services import platform_organization_id
from orgs.tenancy import SYSTEM

# How Microsoft names the hosts of a cloud of its own below a country code or suffix (WPM-47).
PATTERN: Final = {
    "login_host": "login.microsoftonline.{suffix}",
    "graph_host": "graph.microsoft.{suffix}",
    "smtp_host": "smtp.office365.{suffix}",
    "outlook_resource": "https://outlook.office365.{suffix}",
    "portal": "https://portal.azure.{suffix}",
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Everything super admins listed."""

    clouds: list[CustomCloud]
    hosts: list[SignInHost]


def listed() -> Listed:
    """Read the rows, by the system role like everything the console does."""
    return Listed(
        clouds=list(CustomCloud.objects.using(SYSTEM)), hosts=list(SignInHost.objects.using(SYSTEM))
    )


def hosts_of(suffix: str) -> dict[str, str]:
    """Give the hosts of a cloud from its suffix, such as `de`."""
    return {name: pattern.format(suffix=suffix) for name, pattern in PATTERN.items()}


def add_cloud(*, key: str, label: str, hosts: dict[str, str], actor: User, ip: str | None) -> CustomCloud:
    """List one more cloud; the hosts are canonical and checked by the form.

    Raises:
        ValidationError: another cloud has this short name.
    """
    row = CustomCloud(key=key, label=label, **hosts)
    try:
        with transaction.atomic(using=SYSTEM):
            row.save(using=SYSTEM, force_insert=True)
            _record("cloud.added", label, {"after": {"key": key, **hosts}}, actor, ip)
    except IntegrityError:
        raise ValidationError(
            {"label": _("There is a cloud of this name already. Choose another name.")}
        ) from None
    egress.cache_clear()
    return row


def add_host(*, host: str, actor: User, ip: str | None) -> SignInHost:
    """List one more sign-in host; it is canonical and checked by the form.

    Raises:
        ValidationError: it is listed already.
    """
    row = SignInHost(host=host)
    try:
        with transaction.atomic(using=SYSTEM):
            row.save(using=SYSTEM, force_insert=True)
            _record("sign_in_host.added", host, {"after": {"host": host}}, actor, ip)
    except IntegrityError:
        raise ValidationError({"host": _("%(host)s is listed already.") % {"host": host}}) from None
    egress.cache_clear()
    return row


def find_cloud(cloud_id: UUID) -> CustomCloud | None:
    """Find a listed cloud."""
    return CustomCloud.objects.using(SYSTEM).filter(pk=cloud_id).first()


def find_host(host_id: UUID) -> SignInHost | None:
    """Find a listed sign-in host."""
    return SignInHost.objects.using(SYSTEM).filter(pk=host_id).first()


def remove(row: CustomCloud | SignInHost, *, actor: User, ip: str | None) -> None:
    """Take a row away; what signs in there is refused within seconds, in every process."""
    if isinstance(row, CustomCloud):
        action, before = "cloud.removed", {"key": row.key, "login_host": row.login_host}
    else:
        action, before = "sign_in_host.removed", {"host": row.host}
    with transaction.atomic(using=SYSTEM):
        gone, _details = row.delete(using=SYSTEM)
        if gone:
            _record(action, str(row), {"before": before}, actor, ip)
    egress.cache_clear()


def _record(action: str, subject: str, detail: dict[str, object], actor: User, ip: str | None) -> None:
    audit.record(
        organization=platform_organization_id(),
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        ip=ip,
        using=SYSTEM,
    )
