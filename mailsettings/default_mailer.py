"""The platform's own connection, seeded once from `DEFAULT_MAILER_URL`."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database

from mailsettings.egress import operator_rules
from mailsettings.models import Connection, MailSettings, Rank
from mailsettings.vault import plain_values, store_secret
from providers import SecretText, Settings, SettingsInvalid, provider

SHAPE = "smtp(s)://user:password@host:port?from=address (percent-encode special characters)"
NAME = "System default mailer"


def parse_default_mailer(url: str) -> Settings:
    """Read the address of the default mailer; `smtp` means STARTTLS, `smtps` TLS from the first byte.

    Raises:
        ImproperlyConfigured: one sentence that never repeats the address, which holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"DEFAULT_MAILER_URL is not an address like {SHAPE}.") from None
    query = parse_qs(parts.query)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or "from" not in query:
        raise ImproperlyConfigured(f"DEFAULT_MAILER_URL is not an address like {SHAPE}.")
    implicit = parts.scheme == "smtps"
    values = {
        "sender_email": query["from"][0],
        "sender_name": query.get("name", [settings.PRODUCT_NAME])[0],
        "force_sender": True,
        "host": parts.hostname,
        "port": str(port or (465 if implicit else 587)),
        "tls_option": query.get("tls", ["tls" if implicit else "starttls"])[0],
        "authentication": bool(parts.username),
        # Whoever runs the site wrote `tls=none` beside a password.
        "plain_confirmed": True,
        "username": unquote(parts.username or ""),
        "password": SecretText(unquote(parts.password or "")),
    }
    try:
        return provider("smtp").parse(values, operator_rules())
    except SettingsInvalid as error:
        said = " ".join(error.errors.values())
        raise ImproperlyConfigured(f"DEFAULT_MAILER_URL cannot be used: {said}") from None


def default_sender() -> str:
    """Give the address readers see while SMTP is off; empty while there is no default mailer."""
    with database.cursor() as cursor:
        cursor.execute("SELECT mailsettings_default_sender()")
        stored = cursor.fetchone()[0]
    if stored:
        return str(stored)
    # Before the first mail nothing is seeded yet; the operator's address says who it will be.
    try:
        return parse_default_mailer(settings.DEFAULT_MAILER_URL).sender_email
    except ImproperlyConfigured:
        return ""


def ensure_default_mailer(platform_id: UUID) -> Connection | None:
    """Seed the platform's connection inside tenant(platform); None when no address is configured."""
    if not settings.DEFAULT_MAILER_URL:
        return None
    # The row lock makes two workers that start together seed it once.
    MailSettings.objects.of(platform_id).select_for_update().get_or_create(organization_id=platform_id)
    existing = Connection.objects.of(platform_id).filter(rank=Rank.PRIMARY).first()
    if existing is not None:
        return existing if existing.enabled else None
    chosen = provider("smtp")
    parsed = parse_default_mailer(settings.DEFAULT_MAILER_URL)
    connection = Connection.objects.create(
        organization_id=platform_id, name=NAME, provider=chosen.key, settings=plain_values(parsed)
    )
    password = getattr(parsed, "password", SecretText(""))
    if password:
        store_secret(
            connection, provider=chosen, name="password", secret=password, settings=parsed, user=None
        )
    return connection
