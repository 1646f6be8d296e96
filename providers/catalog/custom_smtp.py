"""Custom SMTP: any mail server that speaks SMTP, with a user name and password."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

from providers.base import IdentityPicture, Provider, Session, WireContext
from providers.fields import Choice, Flag, Number, Option, Pick, Secret, Settings, Text
from providers.guides import CUSTOM_SMTP_GUIDE
from providers.network import Egress
from providers.network.addresses import literal
from providers.secret_text import SecretText
from providers.services import OTHER, SES, find_service, region_options, service_options, ses_host
from providers.smtp_fields import CERTIFICATE, ENVELOPE_SENDER, SERVER, check_certificate, check_server
from providers.transports.smtp import SmtpLogin, SmtpServer, open_smtp

SIGN_IN: Final = ("authentication", True)
NO_PASSWORD: Final = SecretText("")
# The port that goes with each TLS option; it may be changed.
TLS_PORT, UPGRADE_PORT, PLAIN_PORT = 465, 587, 25


@dataclass(frozen=True, kw_only=True)
class CustomSmtpSettings(Settings):
    """Where the server is and how to sign in."""

    service: Annotated[
        str,
        Pick(
            label="Email service",
            section=SERVER,
            help="A known service fills in the server.",
            options=service_options(),
        ),
    ] = OTHER
    region: Annotated[
        str,
        Pick(label="Region", section=SERVER, only_if=("service", SES), options=region_options()),
    ] = "us-east-1"
    host: Annotated[
        str, Text(label="Host", section=SERVER, placeholder="smtp.example.com", half=True, mono=True)
    ]
    port: Annotated[
        int,
        Number(
            label="Port",
            section=SERVER,
            help="587 for STARTTLS, 465 for TLS, 25 without encryption.",
            minimum=1,
            maximum=65535,
            half=True,
        ),
    ] = 587
    tls_option: Annotated[
        str,
        Choice(
            label="TLS option",
            section=SERVER,
            options=(
                Option(value="tls", label="TLS", hint="from the start, 465", sets={"port": TLS_PORT}),
                Option(value="starttls", label="STARTTLS", hint="upgrade, 587", sets={"port": UPGRADE_PORT}),
                Option(value="none", label="None", hint="not encrypted", sets={"port": PLAIN_PORT}),
            ),
        ),
    ] = "starttls"
    authentication: Annotated[
        bool,
        Flag(
            label="Authentication",
            section="Sign-in",
            help="Turn off for a relay that knows this platform by its address.",
        ),
    ] = True
    plain_confirmed: Annotated[
        bool,
        Flag(
            label="I understand that the password travels unencrypted",
            section="Sign-in",
            help="Anybody on the way can read it. Only for a server in a network you trust.",
            only_if=("tls_option", "none"),
            and_if=SIGN_IN,
        ),
    ] = False
    username: Annotated[
        str,
        Text(
            label="Username",
            section="Sign-in",
            only_if=SIGN_IN,
            half=True,
            help="Often the full email address.",
        ),
    ] = ""
    password: Annotated[
        SecretText,
        Secret(
            label="Password",
            section="Sign-in",
            only_if=SIGN_IN,
            half=True,
            help="Stored encrypted. It can be replaced but never shown again.",
        ),
    ] = NO_PASSWORD
    envelope_sender: Annotated[str, ENVELOPE_SENDER] = ""
    certificate: Annotated[str, CERTIFICATE] = ""


class CustomSmtp(Provider):
    """The choice "Custom SMTP"."""

    key = "smtp"
    label = "Custom SMTP"
    summary = "Any mail server that speaks SMTP, with a username and password."
    settings_type = CustomSmtpSettings
    destination_fields = ("host", "port", "tls_option", "certificate")
    guide = CUSTOM_SMTP_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Take the server of a listed service, check host and port, and that no password travels in clear."""
        _fill_in_server(chosen, errors)
        check_server(chosen, errors, egress)
        check_certificate(chosen, errors)
        if chosen["tls_option"] != "none" or not chosen["authentication"] or "host" in errors:
            return
        address = literal(str(chosen["host"]))
        if address is None or not egress.is_listed(address):
            errors["tls_option"] = (
                "Without encryption the password could be read on the way. Choose TLS or STARTTLS,"
                " or turn authentication off."
            )
        elif not chosen["plain_confirmed"]:
            errors["plain_confirmed"] = "Confirm that the password may be read, or choose TLS or STARTTLS."

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of what works but deserves a second look."""
        chosen = _smtp(settings)
        found: dict[str, str] = {}
        if chosen.tls_option == "none":
            also = ", and your password" if chosen.authentication else ""
            found["tls_option"] = f"Nothing is encrypted: messages{also} can be read on the way."
        elif chosen.tls_option == "tls" and chosen.port in (PLAIN_PORT, UPGRADE_PORT):
            found["tls_option"] = f"Port {chosen.port} usually goes with STARTTLS."
        elif chosen.tls_option == "starttls" and chosen.port == TLS_PORT:
            found["tls_option"] = "Port 465 usually goes with TLS."
        if chosen.host.endswith((".office365.com", ".outlook.com")) and chosen.authentication:
            found["host"] = (
                "Microsoft is turning password sign-in off. Microsoft Graph API is the lasting way."
            )
        return found

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the password to this very server, and to whom it is trusted by."""
        chosen = _smtp(settings)
        trust = sha256(chosen.certificate.encode()).hexdigest() if chosen.certificate else "verify"
        return ("smtp", chosen.host, str(chosen.port), chosen.tls_option, trust)

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the server and the user."""
        chosen = _smtp(settings)
        option = {"tls": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}[chosen.tls_option]
        return [
            ("Server", f"{chosen.host}:{chosen.port} ({option})"),
            ("Username", chosen.username if chosen.authentication else "no authentication"),
            ("Sender email", chosen.sender_email),
        ]

    def identity_picture(self, settings: Settings, account: str = "") -> IdentityPicture:
        """Say whose user signs in, and where bounces go."""
        chosen = _smtp(settings)
        return IdentityPicture(
            signs_in=account or chosen.username,
            envelope_sender=chosen.envelope_sender or chosen.sender_email,
            from_address=chosen.sender_email,
        )

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Connect, upgrade, sign in."""
        chosen = _smtp(settings)
        server = SmtpServer(chosen.host, chosen.port, chosen.tls_option, chosen.certificate)
        login = SmtpLogin(chosen.username, chosen.password, may_be_read=chosen.plain_confirmed)
        who = login if chosen.authentication else None
        return open_smtp(server, who, context, envelope_sender=chosen.envelope_sender)


def _fill_in_server(chosen: dict[str, Any], errors: dict[str, str]) -> None:
    """Take host, port and TLS option of a listed service from the list, whatever was sent."""
    service = find_service(str(chosen["service"]))
    if service is not None:
        host = ses_host(str(chosen["region"])) if service.key == SES else service.host
        chosen |= {"host": host, "port": service.port, "tls_option": service.tls_option}
        for name in ("host", "port", "tls_option"):
            errors.pop(name, None)


def _smtp(settings: Settings) -> CustomSmtpSettings:
    if not isinstance(settings, CustomSmtpSettings):
        raise TypeError("These are settings of another provider.")
    return settings
