"""A connection's row of tokens: sealed for the one destination they were given for (C-CRY-2, C-OAU-7)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

from mailsettings.models import ConnectionToken
from orgs.sealing import SealBroken, destination, seal, unseal
from providers import Provider, SecretText, Settings, Token

ACCESS, REFRESH = "token.access", "token.refresh"


def token_destination(provider: Provider, settings: Settings) -> bytes:
    """Give the fingerprint of where the tokens of these settings may be sent."""
    return destination(*provider.destination(settings))


def open_token(row: ConnectionToken, *, place: bytes, with_access: bool) -> Token | None:
    """Unseal what a row holds for this destination; None when nothing of it may be used there.

    Without access the answer carries the refresh token alone, with an empty value.
    """
    refresh = _opened(row, row.refresh, REFRESH, place)
    access = _opened(row, row.access, ACCESS, place) if with_access else None
    if refresh is None and access is None:
        return None
    ends = row.access_expires_at if access else None
    return Token(
        access or SecretText(""),
        ends.timestamp() if ends else 0.0,
        roles=None if row.roles is None else tuple(row.roles),
        refresh=refresh,
        scopes=tuple(row.scopes),
        claims=row.claims,
        lasts=row.access_lasts,
    )


def token_columns(
    row: ConnectionToken, token: Token, *, place: bytes, with_access: bool
) -> dict[str, object]:
    """Give the columns that hold a token, sealed; a refresh token that did not come leaves the old one."""
    changed: dict[str, object] = {"renewed_at": timezone.now()}
    if token.refresh:
        changed["refresh"] = _sealed(row, token.refresh, REFRESH, place)
    if with_access:
        changed |= {
            "access": _sealed(row, token.value, ACCESS, place),
            "access_expires_at": datetime.fromtimestamp(token.expires_at, UTC),
            "access_lasts": token.lasts,
            "claims": dict(token.claims),
            "roles": None if token.roles is None else list(token.roles),
            "scopes": list(token.scopes),
        }
    return changed


def _sealed(row: ConnectionToken, secret: SecretText, field: str, place: bytes) -> bytes:
    return secret.sealed_by(
        lambda clear: seal(
            clear,
            organization_id=row.organization_id,
            record_id=row.pk,
            field=field,
            destination=place,
        )
    )


def _opened(
    row: ConnectionToken, blob: bytes | memoryview[int] | None, field: str, place: bytes
) -> SecretText | None:
    if blob is None:
        return None
    try:
        clear = unseal(
            bytes(blob),
            organization_id=row.organization_id,
            record_id=row.pk,
            field=field,
            destination=place,
        )
    except SealBroken:
        # Given for another destination: as if it were not there.
        return None
    return SecretText(clear.decode())
