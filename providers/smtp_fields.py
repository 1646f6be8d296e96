"""The fields of a mail server that app providers have in common, and the rules for them."""

from __future__ import annotations

from typing import Any, Final

from providers.base import IdentityPicture
from providers.fields import Area, Email, Number, Text
from providers.network import Egress, HostInvalid
from providers.network.certificate import read_trust

SERVER: Final = "Server"
ADVANCED: Final = "Advanced"

ENVELOPE_SENDER: Final = Email(
    label="Envelope sender",
    section=ADVANCED,
    fold=True,
    optional=True,
    help="Where bounces go. Left empty: the sender of each message.",
    placeholder="bounces@example.com",
)
CERTIFICATE: Final = Area(
    label="Certificate",
    section=ADVANCED,
    fold=True,
    optional=True,
    mono=True,
    help="Only for a server of your own: the PEM of its authority, or its SHA-256 fingerprint.",
)
OWN_SENDER: Final = Email(
    label="Sender email",
    help="Left empty: the mailbox that signs in.",
    placeholder="notifications@example.com",
    optional=True,
    half=True,
)
CLOUD_HOST: Final = Text(
    label="Host",
    section=SERVER,
    optional=True,
    half=True,
    mono=True,
    placeholder="smtp.office365.com",
    help="Left empty: the server of the cloud.",
)
STARTTLS_PORT: Final = Number(
    label="Port", section=SERVER, help="Always with STARTTLS.", minimum=1, maximum=65535, half=True
)


def check_server(chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
    """Bring the host into its one form, and let only ports of mail servers pass."""
    if "host" not in errors and chosen["host"]:
        try:
            chosen["host"] = egress.field_host(str(chosen["host"]))
        except HostInvalid as error:
            errors["host"] = str(error)
    if "port" not in errors and chosen["port"] not in egress.smtp_ports():
        ports = ", ".join(str(port) for port in egress.smtp_ports())
        errors["port"] = f"Mail servers are reached on these ports only: {ports}. Choose one of them."


def check_cloud_server(chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
    """Check the server of a Microsoft cloud; it is the cloud's own unless another was typed.

    The host of another cloud is refused: a token of this one is worthless there (microsoft.md §1.2).
    """
    clouds = {one.key: one for one in egress.clouds}
    own = clouds.get(str(chosen["cloud"]))
    if own is not None and not chosen["host"]:
        chosen["host"] = own.smtp_host.partition(":")[0]
        if not chosen["host"]:
            errors.setdefault("host", f"Enter the mail server of {own.label}.")
    check_server(chosen, errors, egress)
    other = next((one for one in egress.clouds if one.smtp_host == chosen["host"] and one != own), None)
    if own is not None and other is not None and other.smtp_host != own.smtp_host and "host" not in errors:
        errors["host"] = (
            f"{other.smtp_host} belongs to the cloud {other.label}. Leave Host empty for {own.label}."
        )


def check_certificate(chosen: dict[str, Any], errors: dict[str, str]) -> None:
    """Let a certificate pass that can be read."""
    try:
        read_trust(str(chosen["certificate"]))
    except ValueError as error:
        errors.setdefault("certificate", str(error))


def scope_warning(scope: str, *, is_app: bool) -> dict[str, str]:
    """Warn of a scope that gives no token for SMTP (COG-16)."""
    if "graph." in scope.lower():
        return {
            "scope": "This scope is for Microsoft Graph; SMTP refuses its token. Leave Scope empty, or use"
            " https://outlook.office365.com/.default"
        }
    if is_app and scope and not scope.lower().endswith("/.default"):
        return {"scope": "For an app of its own the scope is one resource and ends in /.default"}
    return {}


def other_sender(sender: str, mailbox: str) -> dict[str, str]:
    """Note a sender that is not the mailbox that signs in (COG-41, COG-57)."""
    if not sender or sender.lower() == mailbox.lower():
        return {}
    return {"sender_email": f"The server refuses this sender unless {mailbox} may send as it (Send As)."}


def sender_picture(sender: str, mailbox: str, envelope_sender: str = "") -> IdentityPicture:
    """Say who signs in and who is shown, and name the pair the server refuses (NEW-9)."""
    return IdentityPicture(
        signs_in=mailbox,
        envelope_sender=envelope_sender or sender,
        from_address=sender,
        conflicts=tuple(other_sender(sender, mailbox).values()) if mailbox else (),
    )
