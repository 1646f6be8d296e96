"""Tokens of values that are only tried: a refresh token that works once must not be lost by trying it."""

from __future__ import annotations

from collections.abc import Callable

from mailsettings.draft_secrets import seal_draft_secrets
from mailsettings.models import Draft
from mailsettings.way import Way
from orgs.tenancy import tenant
from providers import MemoryTokenStore, SecretText, Token

Fetch = Callable[[Token | None], Token]
FIELD = "refresh_token"


class DraftTokenStore(MemoryTokenStore):
    """Keeps tokens for one try; a refresh token that was traded for a newer one is replaced in the draft."""

    def __init__(self, way: Way) -> None:
        """Open the store of a way that is a draft's."""
        super().__init__()
        self._way = way

    def renew(self, key: str, stale: Token | None, fetch: Fetch) -> Token:
        """Give a token in place of `stale`; what a save of this draft needs is stored before.

        Raises:
            providers.ProviderError: what `fetch` raised.
        """

        def fetched(current: Token | None) -> Token:
            token = fetch(current)
            if token.refresh:
                self._keep(token.refresh)
            return token

        return super().renew(key, stale, fetched)

    def _keep(self, refresh: SecretText) -> None:
        way, draft_id = self._way, self._way.draft_id
        if draft_id is None:
            return
        with tenant(way.owner_id):
            rows = Draft.objects.of(way.owner_id).select_for_update().filter(pk=draft_id)
            for draft in rows:
                if FIELD in draft.sealed:
                    typed = {FIELD: refresh}
                    sealed = seal_draft_secrets(draft, way.provider, way.settings, typed)
                    rows.update(sealed={**draft.sealed, **sealed})
