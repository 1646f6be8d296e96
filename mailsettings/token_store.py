"""Tokens of a saved connection: one renewal for all workers, kept sealed before it is used (C-OAU-6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db.models import F, Q
from django.db.models.functions import Now

from mailsettings.consent.standing import consent_fault, end_consent
from mailsettings.draft_tokens import DraftTokenStore
from mailsettings.models import Connection, ConnectionToken
from mailsettings.services import locked_settings
from mailsettings.token_rows import open_token, token_columns, token_destination
from mailsettings.way import Way
from orgs.models import TenantQuerySet
from orgs.tenancy import tenant
from providers import MemoryTokenStore, ProviderError, Stage, Token, TokenStore, failure

Fetch = Callable[[Token | None], Token]
# Whoever renews has this long before another may try: more than a token request may take.
LEASE: Final = timedelta(seconds=30)
POLL_SECONDS: Final = 0.1
# Tokens of this process, by connection and version: a changed connection never meets an old token.
MEMORY: Final = MemoryTokenStore()


def token_store(way: Way, *, seconds: float = 180.0) -> TokenStore:
    """Give the store a way's tokens are kept in; unsaved values that have none keep them to themselves."""
    return SealedTokenStore(way, seconds=seconds) if way.tokens_of else DraftTokenStore(way)


class SealedTokenStore:
    """The tokens of one way, in its connection's row and in this process' memory.

    A draft shares the refresh token only: what its values are worth shows in an access token of its own.
    """

    def __init__(self, way: Way, *, seconds: float = 180.0) -> None:
        """Open the store; `seconds` is how long to wait for somebody else's renewal."""
        if way.tokens_of is None:
            raise ValueError("These values belong to no connection whose row could hold tokens.")
        self.way, self._connection_id = way, way.tokens_of
        self._seconds = seconds
        self._place = token_destination(way.provider, way.settings)
        self._is_draft = way.connection_id is None
        self._memory = MemoryTokenStore() if self._is_draft else MEMORY

    def get(self, key: str) -> Token | None:
        """Give the stored token, if any; its value is empty where only the refresh token is left."""
        known = self._memory.get(key)
        if known is not None and known.value:
            return known
        with tenant(self.way.owner_id):
            row = self._rows().first()
            token = self._open(row) if row else None
        if token is not None and token.value:
            self._memory.put(key, token)
        return token

    def drop(self, key: str) -> None:
        """Forget the access token, which was refused; a newer one of another worker stays."""
        refused = self._memory.get(key)
        self._memory.drop(key)
        if refused is None or not refused.value or self._is_draft:
            return
        with tenant(self.way.owner_id):
            for row in self._rows():
                current = self._open(row)
                if current is not None and current.value == refused.value:
                    self._rows().filter(generation=row.generation).update(access=None, access_expires_at=None)

    def renew(self, key: str, stale: Token | None, fetch: Fetch) -> Token:
        """Give a token in place of `stale`: another worker's, or the answer of `fetch`, stored first.

        Raises:
            providers.ProviderError: what `fetch` raised, or that the account may not be used any more.
        """
        return self._memory.renew(key, stale, lambda _known: self._renew_shared(stale, fetch))

    def failed(self, key: str, error: ProviderError) -> None:
        """Nothing is left to do: `renew` has told already, unless another worker was faster."""

    def _renew_shared(self, stale: Token | None, fetch: Fetch) -> Token:
        lease, deadline = uuid4(), time.monotonic() + self._seconds
        while True:
            row, current, is_mine = self._take(lease, stale)
            if is_mine:
                return self._fetch(row, current, lease, stale, fetch)
            if current is not None and current.replaces(stale):
                return current
            if time.monotonic() > deadline:
                raise failure("token_unavailable", stage=Stage.TOKEN)
            threading.Event().wait(POLL_SECONDS)

    def _take(self, lease: UUID, stale: Token | None) -> tuple[ConnectionToken, Token | None, bool]:
        """Read the row, and take its lease unless somebody else renews or has renewed."""
        with tenant(self.way.owner_id):
            fault = consent_fault(self.way) if self.way.wants_account else None
            if fault is not None:
                raise fault
            row = self._rows().first() or self._make_row()
            current = self._open(row)
            if current is not None and current.replaces(stale):
                return row, current, False
            free = self._unchanged(row).filter(Q(lease=None) | Q(lease_until__lt=Now()))
            return row, current, bool(free.update(lease=lease, lease_until=Now() + LEASE))

    def _fetch(
        self, row: ConnectionToken, current: Token | None, lease: UUID, stale: Token | None, fetch: Fetch
    ) -> Token:
        """Ask for a token while holding nothing but the lease, and store the answer before it is used."""
        try:
            token = same_account(fetch(current), current)
        except BaseException as error:
            newer = self._give_up(row, lease)
            if newer is not None and newer.replaces(stale):
                # Slower than the lease: another worker has renewed with the same refresh token.
                return newer
            if isinstance(error, ProviderError):
                end_consent(self.way, error)
            raise
        if self._store(row, token):
            return token
        newer = self._give_up(row, lease)
        if newer is not None and newer.replaces(stale):
            return newer
        # Disconnected or saved meanwhile: the token belongs to what is no longer there.
        raise failure("connection_lost", stage=Stage.TOKEN)

    def _give_up(self, row: ConnectionToken, lease: UUID) -> Token | None:
        """Give the lease back, and read what another worker has stored since the row was read."""
        with tenant(self.way.owner_id):
            self._rows().filter(lease=lease).update(lease=None, lease_until=None)
            moved = self._rows().exclude(generation=row.generation).first()
            return self._open(moved) if moved else None

    def _store(self, row: ConnectionToken, token: Token) -> bool:
        """Keep a renewed token in a transaction of its own; False when the row moved on meanwhile."""
        with tenant(self.way.owner_id):
            columns = token_columns(row, token, place=self._place, with_access=not self._is_draft)
            if not self._is_draft:
                columns["version"] = self.way.version
            return bool(
                self._unchanged(row).update(
                    generation=F("generation") + 1, lease=None, lease_until=None, **columns
                )
            )

    def _open(self, row: ConnectionToken) -> Token | None:
        """Unseal a row as far as this way may use it.

        Raises:
            providers.ProviderError: the connection was saved again since the way was read.
        """
        if not self._is_draft and row.version > self.way.version:
            raise failure("connection_lost", stage=Stage.TOKEN)
        fits = not self._is_draft and row.version == self.way.version
        return open_token(row, place=self._place, with_access=fits)

    def _make_row(self) -> ConnectionToken:
        """Begin the row of a connection that is still as it was read.

        A save that took the row away had something typed: what an older secret is traded for may not win.

        Raises:
            providers.ProviderError: the connection was saved again since the way was read.
        """
        locked_settings(self.way.owner_id)
        current = Connection.objects.of(self.way.owner_id).filter(pk=self._connection_id)
        if self._is_draft or not current.filter(version=self.way.version).exists():
            raise failure("connection_lost", stage=Stage.TOKEN)
        rows = ConnectionToken.objects.of(self.way.owner_id)
        return rows.get_or_create(
            organization_id=self.way.owner_id,
            connection_id=self._connection_id,
            defaults={"version": self.way.version},
        )[0]

    def _rows(self) -> TenantQuerySet[ConnectionToken]:
        return ConnectionToken.objects.of(self.way.owner_id).filter(connection_id=self._connection_id)

    def _unchanged(self, row: ConnectionToken) -> TenantQuerySet[ConnectionToken]:
        """The row, as long as it still says what was read."""
        return self._rows().filter(pk=row.pk, generation=row.generation, version=row.version)


def same_account(token: Token, current: Token | None) -> Token:
    """Keep on a renewed token whose it is: the address to sign in with, which no renewal repeats."""
    account = current.claims.get("account", "") if current is not None else ""
    return replace(token, claims={"account": account, **token.claims}) if account else token
