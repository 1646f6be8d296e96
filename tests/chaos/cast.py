"""Who sends in a storm: with and without a backup, under both policies for doubtful messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from benchmarks import stage

if TYPE_CHECKING:
    from orgs.models import Organization

POLICIES = ("resend", "hold")
# In this order; the first ones have a backup.
ORGANIZATIONS, BACKED = 4, 2
SIZE = 600


@dataclass(frozen=True)
class Sender:
    """An organization, and what it agreed to."""

    organization_id: UUID
    holds: bool
    is_backed: bool


def make_senders(*, port: int, backup_port: int) -> list[Sender]:
    """Make the organizations; after `stage.set_up`."""
    made = stage.make_organizations(ORGANIZATIONS, host="127.0.0.1", port=port, doubtful=POLICIES)
    for organization_id in made[:BACKED]:
        add_backup(organization_id, backup_port)
    return [
        Sender(organization_id, holds=bool(place % len(POLICIES)), is_backed=place < BACKED)
        for place, organization_id in enumerate(made)
    ]


def add_backup(organization_id: UUID, port: int) -> None:
    """Save one more connection, and agree to use it when the first one is down."""
    from mailsettings.connections.ordering import choose_rank  # noqa: PLC0415  # after django.setup
    from mailsettings.egress import egress  # noqa: PLC0415
    from mailsettings.models import Rank  # noqa: PLC0415
    from mailsettings.services import save_connection  # noqa: PLC0415
    from mailsettings.ways import mail_settings  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415
    from providers import provider  # noqa: PLC0415

    chosen, organization = provider("smtp"), find(organization_id)
    typed = {
        "sender_email": f"spare@{organization.slug}.example",
        "sender_name": "Notifications",
        "force_sender": True,
        "host": "127.0.0.1",
        "port": str(port),
        "tls_option": "none",
        "authentication": False,
    }
    with tenant(organization_id):
        saved = save_connection(
            organization=organization,
            chosen=chosen,
            settings=chosen.parse(typed, egress()),
            typed={},
            user=None,
            expected_version=mail_settings(organization_id).version,
            name="Spare",
            activate=False,
        )
        choose_rank(connection=saved.connection, rank=Rank.BACKUP, user=None)


def find(organization_id: UUID) -> Organization:
    """Read an organization."""
    from orgs.models import Organization  # noqa: PLC0415  # after django.setup

    return Organization.objects.using("system").get(pk=organization_id)


def write(sender: Sender, number: int) -> None:
    """Let an organization queue mail and ring for it."""
    from notifications.hints import Hint  # noqa: PLC0415  # after django.setup

    stage.queue_rows(sender.organization_id, number, size=SIZE)
    Hint(sender.organization_id)()
