"""Custom SMTP: any mail server that speaks SMTP, with a user name and password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from providers.base import Provider, Session, WireContext
from providers.fields import Choice, Flag, Number, Option, Secret, Settings, Text
from providers.guides import CUSTOM_SMTP_GUIDE
from providers.network import Egress, HostInvalid
from providers.network.addresses import literal
from providers.secret_text import SecretText
from providers.transports.smtp import SmtpLogin, SmtpServer, open_smtp

SIGN_IN: Final = ("authentication", True)
NO_PASSWORD: Final = SecretText("")


@dataclass(frozen=True, kw_only=True)
class CustomSmtpSettings(Settings):
    """Where the server is and how to sign in."""

    host: Annotated[
        str, Text(label="Host", section="Server", placeholder="smtp.example.com", half=True, mono=True)
    ]
    port: Annotated[
        int,
        Number(
            label="Port",
            section="Server",
            help="587 for STARTTLS, 465 for TLS.",
            minimum=1,
            maximum=65535,
            half=True,
        ),
    ] = 587
    tls_option: Annotated[
        str,
        Choice(
            label="TLS option",
            section="Server",
            options=(
                Option(value="tls", label="TLS", hint="from the start, 465"),
                Option(value="starttls", label="STARTTLS", hint="upgrade, 587"),
                Option(value="none", label="None", hint="not encrypted"),
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


class CustomSmtp(Provider):
    """The choice "Custom SMTP"."""

    key = "smtp"
    label = "Custom SMTP"
    summary = "Any mail server that speaks SMTP, with a username and password."
    settings_type = CustomSmtpSettings
    destination_fields = ("host", "port", "tls_option")
    guide = CUSTOM_SMTP_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Check host, port, and that no password would travel in clear."""
        if "host" not in errors:
            try:
                chosen["host"] = egress.field_host(str(chosen["host"]))
            except HostInvalid as error:
                errors["host"] = str(error)
        if "port" not in errors and chosen["port"] not in egress.smtp_ports():
            ports = ", ".join(str(port) for port in egress.smtp_ports())
            errors["port"] = f"Mail servers are reached on these ports only: {ports}. Choose one of them."
        if chosen["tls_option"] == "none" and chosen["authentication"] and "host" not in errors:
            address = literal(str(chosen["host"]))
            if address is None or not egress.is_listed(address):
                errors["tls_option"] = (
                    "Without encryption the password could be read on the way. Choose TLS or STARTTLS,"
                    " or turn authentication off."
                )

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of what works but deserves a second look."""
        chosen = _smtp(settings)
        found: dict[str, str] = {}
        if chosen.tls_option == "none":
            also = ", and your password" if chosen.authentication else ""
            found["tls_option"] = f"Nothing is encrypted: messages{also} can be read on the way."
        elif chosen.tls_option == "tls" and chosen.port in (25, 587):
            found["tls_option"] = f"Port {chosen.port} usually goes with STARTTLS."
        elif chosen.tls_option == "starttls" and chosen.port == 465:  # noqa: PLR2004 - the port of implicit TLS
            found["tls_option"] = "Port 465 usually goes with TLS."
        if chosen.host.endswith((".office365.com", ".outlook.com")) and chosen.authentication:
            found["host"] = (
                "Microsoft is turning password sign-in off. Microsoft Graph API is the lasting way."
            )
        return found

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the password to this very server."""
        chosen = _smtp(settings)
        return ("smtp", chosen.host, str(chosen.port), chosen.tls_option, "verify")

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the server and the user."""
        chosen = _smtp(settings)
        option = {"tls": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}[chosen.tls_option]
        rows = [("Server", f"{chosen.host}:{chosen.port} ({option})")]
        rows.append(("Username", chosen.username if chosen.authentication else "no authentication"))
        return [*rows, ("Sender email", chosen.sender_email)]

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Connect, upgrade, sign in."""
        chosen = _smtp(settings)
        server = SmtpServer(host=chosen.host, port=chosen.port, tls_option=chosen.tls_option)
        login = SmtpLogin(chosen.username, chosen.password) if chosen.authentication else None
        return open_smtp(server, login, context)


def _smtp(settings: Settings) -> CustomSmtpSettings:
    if not isinstance(settings, CustomSmtpSettings):
        raise TypeError("These are settings of another provider.")
    return settings
