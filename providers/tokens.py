"""Access tokens."""

from __future__ import annotations

from dataclasses import dataclass

from providers.access_url import AccessUrl
from providers.fields import SecretText


@dataclass(frozen=True)
class AppCredentials:
    """An app registration and its secret."""

    access: AccessUrl
    client_id: str
    secret: SecretText
