"""Secrets of drafts: sealed for the destination that was typed, and opened for no other one (C-CRY-2)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

from mailsettings.models import Draft
from mailsettings.vault import seal_secret, unseal_secret
from providers import Provider, SecretText, Settings


def seal_draft_secrets(
    draft: Draft, provider: Provider, settings: Settings, typed: Mapping[str, SecretText]
) -> dict[str, str]:
    """Seal what was typed for a draft; the answer goes into its `sealed` column."""
    return {
        name: b64encode(
            seal_secret(
                secret,
                organization_id=draft.organization_id,
                record_id=draft.id,
                provider=provider,
                name=name,
                settings=settings,
            )
        ).decode()
        for name, secret in typed.items()
    }


def draft_secrets(draft: Draft, provider: Provider, settings: Settings) -> dict[str, SecretText]:
    """Unseal what was typed for a draft, for the destination `settings` name.

    Raises:
        SealBroken: the draft was typed for another destination, or was altered.
    """
    return {
        name: unseal_secret(
            b64decode(blob),
            organization_id=draft.organization_id,
            record_id=draft.id,
            provider=provider,
            name=name,
            settings=settings,
        )
        for name, blob in draft.sealed.items()
    }
