"""Google and generic OAuth2 SMTP: any mail server that takes access tokens, any listed token endpoint."""

from __future__ import annotations

from typing import Any

from providers.access_url import parse_access_url
from providers.app_fields import check_secret, secret_warnings
from providers.base import IdentityPicture, Provider, Session, WireContext
from providers.errors import Stage, failure
from providers.fields import Settings
from providers.guides import OAUTH_SMTP_GUIDE
from providers.network import Egress
from providers.oauth_smtp_rules import check_expiry
from providers.oauth_smtp_settings import OAuthSmtpSettings, oauth_settings, services
from providers.smtp_fields import check_certificate, check_server, other_sender, scope_warning, sender_picture
from providers.token_url import GOOGLE_DEFAULT, TokenUrl, parse_token_url
from providers.tokens import Endpoint, EndpointApp, EndpointUser, TokenSource
from providers.tokens.endpoint import Authentication
from providers.transports.smtp import SmtpServer, TokenLogin, open_smtp


class OAuthSmtp(Provider):
    """The choice "Google / Generic OAuth2 SMTP"."""

    key = "oauth_smtp"
    label = "Google / Generic OAuth2 SMTP"
    summary = "Gmail, or any SMTP server that signs in with OAuth2 access tokens."
    icon = "brand-google"
    settings_type = OAuthSmtpSettings
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
        self._check_endpoint(chosen, errors, egress)
        check_server(chosen, errors, egress)
        check_certificate(chosen, errors)
        if chosen["method"] == "legacy":
            check_expiry(chosen, errors)
            if not chosen["refresh_token"] and not chosen["access_token"]:
                errors.setdefault("refresh_token", "Enter a refresh token, or an access token below.")

    def _check_endpoint(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Bring the Access URL into its one form; empty means Google's (COG-24)."""
        if "access_url" in errors:
            return
        typed, is_legacy = str(chosen["access_url"]), chosen["method"] == "legacy"
        try:
            if chosen["service"] == "microsoft365":
                # There a bare tenant id stands for the whole address (COG-51).
                access = parse_access_url(typed, egress, shared=is_legacy)
                chosen["access_url"] = access.url
                # The mail server is the one of the cloud the tokens are of.
                chosen["host"] = access.cloud.smtp_host.partition(":")[0] or chosen["host"]
                if not is_legacy:
                    chosen["scope"] = chosen["scope"] or access.cloud.smtp_scope
                return
            found = parse_token_url(typed or GOOGLE_DEFAULT, egress, shared=is_legacy)
        except ValueError as error:
            errors["access_url"] = str(error)
            return
        chosen["access_url"] = found.url
        if found.is_google and not is_legacy and not errors:
            errors.setdefault(
                "method", "Google gives no mail tokens to an app of its own. Choose OAuth2 (legacy)."
            )

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
        if not is_app:
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
        login = TokenLogin(chosen.username, _source(chosen, context.egress))
        return open_smtp(server, login, context, envelope_sender=chosen.envelope_sender)

    def renew(self, settings: Settings, context: WireContext) -> None:
        """Fetch new tokens, whatever is left of the old ones."""
        source = _source(oauth_settings(settings), context.egress)
        source.token(None, context, stale=context.tokens.get(context.connection_key))


SECRETS = {
    "client_secret": "Client Secret",
    "refresh_token": "refresh token",
    "access_token": "access token",
}


def _source(chosen: OAuthSmtpSettings, egress: Egress) -> TokenSource:
    is_legacy = chosen.method == "legacy"
    try:
        url: TokenUrl = parse_token_url(chosen.access_url, egress, shared=is_legacy)
    except ValueError:
        raise failure("token_endpoint_wrong", stage=Stage.ADDRESS_POLICY) from None
    authentication: Authentication = "basic" if chosen.client_authentication == "basic" else "body"
    endpoint = Endpoint(url, chosen.client_id, chosen.client_secret, authentication, chosen.scope)
    is_microsoft = url.host in egress.microsoft_hosts()
    if not is_legacy:
        return EndpointApp(endpoint, "SMTP.SendAsApp" if is_microsoft else "")
    return EndpointUser(
        endpoint,
        account=chosen.username,
        refresh=chosen.refresh_token,
        access=chosen.access_token,
        access_expires_at=int(chosen.expiry_date) / 1000 if chosen.expiry_date else None,
        permission="SMTP.Send" if is_microsoft else "",
    )
