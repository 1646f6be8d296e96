"""The fields of an app registration, and what can be said of them before anybody is asked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from providers.access_url import GUID
from providers.fields import CloudPick, Date, Secret, Text
from providers.guides import CLIENT_ID_GUIDE, CLIENT_SECRET_GUIDE, SECRET_EXPIRY_GUIDE
from providers.secret_text import SecretText

APP: Final = "App credentials"

ClientId = Annotated[
    str,
    Text(
        label="Client ID",
        section=APP,
        mono=True,
        help="In Entra ID this is the Application (client) ID on your app’s Overview.",
        guide=CLIENT_ID_GUIDE,
        sample="7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
    ),
]
ClientSecret = Annotated[
    SecretText,
    Secret(
        label="Client Secret",
        section=APP,
        mono=True,
        generated=True,
        expiry="secret_expires_on",
        placeholder="Paste the new value",
        help="Stored encrypted. It can be replaced but never shown again.",
        guide=CLIENT_SECRET_GUIDE,
    ),
]
SecretExpiry = Annotated[
    date | None,
    Date(
        label="Secret expires on",
        section=APP,
        optional=True,
        help="The day Entra ID shows beside the secret. You are warned before it comes.",
        guide=SECRET_EXPIRY_GUIDE,
    ),
]

APP_CLOUD: Final = CloudPick(
    label="Cloud",
    section=APP,
    optional=True,
    help="Only where the Access URL is a bare tenant, or of the US Government, need this be chosen.",
)


def check_client_id(chosen: dict[str, Any], errors: dict[str, str]) -> None:
    """Bring Microsoft's id of an app into its one form, or say what it looks like."""
    chosen["client_id"] = str(chosen["client_id"]).lower()
    if "client_id" not in errors and not GUID.fullmatch(chosen["client_id"]):
        errors["client_id"] = (
            "The Client ID has the form 7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44."
            " Copy the Application (client) ID from your app’s Overview."
        )


def check_secret(name: str, label: str, chosen: dict[str, Any], errors: dict[str, str]) -> None:
    """Cut off blanks around a pasted secret; refuse one that was shortened or is none at all."""
    secret = chosen[name]
    if name in errors or not isinstance(secret, SecretText) or not secret:
        return
    value = secret.reveal().strip()
    if not value and name == "client_secret":
        errors[name] = f"Enter the {label}."
    elif "…" in value or "***" in value or "•" in value:
        errors[name] = f"This is a shortened {label}. Paste it complete, or create a new one."
    elif not value.isascii() or any(character.isspace() for character in value):
        errors[name] = f"A {label} has no blanks and no foreign letters. Copy it again."
    else:
        chosen[name] = SecretText(value)


def secret_warnings(secret: SecretText, expires: date | None) -> dict[str, str]:
    """Warn of a secret's ID pasted for its value, and of a secret that has expired."""
    found: dict[str, str] = {}
    if GUID.fullmatch(secret.reveal().strip().lower()):
        found["client_secret"] = "This looks like the Secret ID. Paste the secret’s Value instead."  # noqa: S105
    if expires is not None and expires < date.today():  # noqa: DTZ011 - a calendar day as typed
        passed = "This day has passed. Create a new client secret and enter it here."
        found["secret_expires_on"] = passed
    return found
