"""The technical part of a result (WPM-54), and what the token says of itself (NEW-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from notifications.delivery.outcome import TOKEN
from notifications.ladder import STEPS, position
from notifications.models import DeliveryAttempt

TLS_VERSION = re.compile(r"TLS ?v?1\.[0-3]")
# An SMTP reply begins with its code and often an enhanced one (RFC 5321 §4.2, RFC 3463 §2).
SMTP_REPLY = re.compile(r"^([245]\d\d)[ -](?:([245]\.\d{1,3}\.\d{1,3})\b)?")
Rows = tuple[tuple[str, str], ...]


def technical_rows(
    attempt: DeliveryAttempt | None, known: Mapping[str, str], *, provider: str, connection: str
) -> Rows:
    """Give label and value of what an administrator of a mail server asks for; no secret is among it."""
    if attempt is None:
        return ()
    reply = SMTP_REPLY.match(attempt.reply)
    at = position(attempt.stage)
    rows = (
        (_("Provider"), provider),
        (_("Connection"), connection),
        (_("Host"), known.get("host", "")),
        (_("Port"), known.get("port", "")),
        (_("TLS version"), tls_version(attempt)),
        (_("Stage"), f"{STEPS[at][0]} ({attempt.stage})" if at >= 0 else ""),
        (_("SMTP code"), " ".join(filter(None, reply.groups())) if reply else ""),
        (_("HTTP status"), known.get("http_status", "")),
        (_("Error code"), attempt.provider_code),
        (_("Category"), attempt.code),
        (_("Request ID"), attempt.request_id),
        (_("Time"), f"{attempt.finished_at or attempt.started_at:%Y-%m-%d %H:%M:%S} UTC"),
    )
    return tuple((label, value) for label, value in rows if value)


def tls_version(attempt: DeliveryAttempt) -> str:
    """Find the version of TLS in what the encryption step said."""
    said = " ".join(str(stage.get("text", "")) for stage in attempt.stages if stage.get("stage") == "tls")
    found = TLS_VERSION.search(said)
    return found[0] if found else ""


def token_rows(known: Mapping[str, str]) -> Rows:
    """Give what the access token says of itself, never the token."""
    labels = {
        "tenant": _("Tenant"),
        "application": _("Application"),
        "application_name": _("Application name"),
        "audience": _("Audience"),
        "roles": _("Roles"),
        "scopes": _("Scopes"),
        "expires": _("Expires"),
    }
    found = ((label, known.get(f"{TOKEN}{name}", "")) for name, label in labels.items())
    return tuple((label, value) for label, value in found if value)
