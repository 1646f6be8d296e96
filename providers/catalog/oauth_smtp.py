"""Google and generic OAuth2 SMTP: any mail server that takes access tokens, any listed token endpoint."""

from __future__ import annotations

from typing import Any

from providers.app_fields import check_secret, secret_warnings
from providers.base import IdentityPicture, Provider, Session, WireContext
from providers.consent_google import GoogleConsent
from providers.fields import Settings
from providers.guides import OAUTH_SMTP_GUIDE
from providers.network import Egress
from providers.oauth_smtp_rules import (
    check_endpoint,
    check_expiry,
    connects_google,
    endpoint_of,
    source_of,
)
from providers.oauth_smtp_settings import OAuthSmtpSettings, oauth_settings, services
from providers.smtp_fields import check_certificate, check_server, other_sender, scope_warning, sender_picture
from providers.transports.smtp import SmtpServer, TokenLogin, open_smtp


class OAuthSmtp(Provider):
    """The choice "Google / Generic OAuth2 SMTP"."""

    key = "oauth_smtp"
    label = "Google / Generic OAuth2 SMTP"
    summary = "Gmail, or any SMTP server that signs in with OAuth2 access tokens."
    icon = "brand-google"
    settings_type = OAuthSmtpSettings
    consent = GoogleConsent(connects_google, endpoint_of)
    destination_fields = ("access_url", "client_id", "host", "port", "tls_option", "certificate")
    guide = OAUTH_SMTP_GUIDE

    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Fill in what the service fixes, and check both hosts the secrets and tokens go to."""
        preset = services().get(str(chosen["service"]), {})
        if "host" in preset:
            chosen |= preset
            for name in preset:
                errors.pop(name, None)
        elif not chosen["host"]:
            errors.setdefault("host", "Enter the Host.")
        chosen["sender_email"] = chosen["sender_email"] or chosen["username"]
        for name, label in SECRETS.items():
            check_secret(name, label, chosen, errors)
        check_endpoint(chosen, errors, egress)
        check_server(chosen, errors, egress)
        check_certificate(chosen, errors)
        if chosen["method"] == "legacy":
            check_expiry(chosen, errors)
            if not chosen["refresh_token"] and not chosen["access_token"]:
                errors.setdefault("refresh_token", "Enter a refresh token, or an access token below.")

    def warnings(self, settings: Settings) -> dict[str, str]:
        """Warn of the legacy method, of a scope that cannot work, and of a sender that needs a right."""
        chosen = oauth_settings(settings)
        is_app = chosen.method == "client_credentials"
        found = {
            **secret_warnings(chosen.client_secret, chosen.secret_expires_on),
            **other_sender(chosen.sender_email, chosen.username),
        }
        if "microsoftonline" in chosen.access_url:
            found |= scope_warning(chosen.scope, is_app=is_app)
        if chosen.method == "legacy":
            found["method"] = (
                "A legacy method: it ends when the person’s sign-in ends. Client credentials last, where the"
                " service has them."
            )
        return found

    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Bind the secrets to the token endpoint and client, and to the one server tokens are said to."""
        chosen = oauth_settings(settings)
        server = (chosen.host, str(chosen.port), chosen.tls_option, chosen.certificate or "verify")
        return ("oauth-smtp", chosen.access_url, chosen.client_id, *server)

    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Name the server, the mailbox, the client and where it signs in."""
        chosen = oauth_settings(settings)
        option = "TLS" if chosen.tls_option == "tls" else "STARTTLS"
        return [
            ("Server", f"{chosen.host}:{chosen.port} ({option})"),
            ("Username", chosen.username),
            ("Client ID", chosen.client_id),
            ("Signs in at", chosen.access_url.removeprefix("https://").split("/")[0]),
            ("Sender email", chosen.sender_email),
        ]

    def identity_picture(self, settings: Settings, account: str = "") -> IdentityPicture:
        """Say which mailbox signs in and which address is shown."""
        chosen = oauth_settings(settings)
        return sender_picture(chosen.sender_email, account or chosen.username, chosen.envelope_sender)

    def open(self, settings: Settings, context: WireContext) -> Session:
        """Get an access token, connect, encrypt, sign in with it."""
        chosen = oauth_settings(settings)
        server = SmtpServer(chosen.host, chosen.port, chosen.tls_option, chosen.certificate)
        login = TokenLogin(chosen.username, source_of(chosen, context.egress))
        return open_smtp(server, login, context, envelope_sender=chosen.envelope_sender)

    def renew(self, settings: Settings, context: WireContext) -> None:
        """Fetch new tokens, whatever is left of the old ones."""
        source = source_of(oauth_settings(settings), context.egress)
        source.token(None, context, stale=context.tokens.get(context.connection_key))


SECRETS = {
    "client_secret": "Client Secret",
    "refresh_token": "refresh token",
    "access_token": "access token",
}
