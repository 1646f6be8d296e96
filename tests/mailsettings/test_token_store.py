"""Tokens of a saved connection: sealed, shared by all workers, renewed once, gone when they should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsettings.models import Connection, ConnectionToken
from mailsettings.services import save_connection
from mailsettings.token_store import SealedTokenStore
from mailsettings.vault import typed_settings
from mailsettings.ways import connection_way, mail_settings
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import MemoryTokenStore, ProviderError, SecretText, Token, failure, provider
from tests import factories
from tests.notifications.stories import at_once
from tests.plugin_sandbox import Sandbox, graph_values

pytestmark = pytest.mark.django_db(transaction=True)


class Server:
    """A token endpoint that hands out a new access and refresh token for each request."""

    def __init__(self, *, before: Callable[[], object] = lambda: None) -> None:
        self.requests: list[Token | None] = []
        self.before = before
        self._lock = threading.Lock()

    def fetch(self, current: Token | None) -> Token:
        """Answer one request."""
        with self._lock:
            self.requests.append(current)
            number = len(self.requests)
        self.before()
        return Token(
            SecretText(f"access-{number}"),
            time.time() + 3600,
            roles=("Mail.Send",),
            refresh=SecretText(f"refresh-{number}"),
            scopes=("https://graph.example/Mail.Send",),
            claims={"tenant": "contoso"},
        )


@pytest.fixture
def connection(contoso: Organization, sandbox: Sandbox) -> Connection:
    return factories.connection(contoso, "graph", graph_values(sandbox.microsoft()))


def store_of(connection: Connection, *, memory: MemoryTokenStore | None = None, seconds: float = 5) -> Any:
    """Open the store as a worker of its own process would."""
    way = connection_way(connection.organization_id, connection.pk)
    store = SealedTokenStore(way, seconds=seconds)
    store._memory = memory or MemoryTokenStore()
    return store


def row(connection: Connection) -> ConnectionToken:
    with tenant(connection.organization_id):
        return ConnectionToken.objects.of(connection.organization_id).get(connection=connection)


def renew(store: Any, stale: Token | None, fetch: Callable[[Token | None], Token]) -> Token:
    token: Token = store.renew(store.way.token_key, stale, fetch)
    return token


def test_another_process_reads_what_one_has_fetched(connection: Connection) -> None:
    server = Server()
    first = renew(store_of(connection), None, server.fetch)
    other = store_of(connection)
    read = other.get(other.way.token_key)
    assert read.value == first.value == SecretText("access-1")
    assert (read.refresh, read.roles, read.scopes) == (first.refresh, first.roles, first.scopes)
    assert read.claims == {"tenant": "contoso"}
    assert len(server.requests) == 1
    assert b"access-1" not in bytes(row(connection).access or b"")


@pytest.mark.control("C-OAU-6")
def test_sixteen_workers_at_once_make_one_request(connection: Connection) -> None:
    asked = threading.Event()
    server = Server(before=lambda: asked.wait(1))
    stores = [store_of(connection, seconds=20) for _ in range(16)]
    threading.Timer(0.3, asked.set).start()
    tokens = at_once(*(lambda store=store: renew(store, None, server.fetch) for store in stores))
    assert len(server.requests) == 1
    assert {token.value.sealed_by(bytes) for token in tokens} == {b"access-1"}
    kept = row(connection)
    assert (kept.generation, kept.lease) == (1, None)


@pytest.mark.control("C-OAU-6")
def test_a_rotated_refresh_token_is_stored_before_it_is_used(connection: Connection) -> None:
    server = Server()
    store = store_of(connection)
    first = renew(store, None, server.fetch)
    second = renew(store, first, server.fetch)
    assert server.requests[1] is not None
    assert server.requests[1].refresh == SecretText("refresh-1")
    other = store_of(connection)
    assert other.get(other.way.token_key).refresh == second.refresh == SecretText("refresh-2")


def test_an_answer_without_a_refresh_token_leaves_the_earlier_one(connection: Connection) -> None:
    server, store = Server(), store_of(connection)
    first = renew(store, None, server.fetch)
    renew(store, first, lambda _: Token(SecretText("later"), time.time() + 3600))
    other = store_of(connection)
    assert other.get(other.way.token_key).refresh == SecretText("refresh-1")


def test_a_crashed_leaseholder_is_overtaken(connection: Connection) -> None:
    server, store = Server(), store_of(connection)
    first = renew(store, None, server.fetch)
    change(connection, lease=connection.pk, lease_until=timezone.now() + timedelta(seconds=0.4))
    second = renew(store_of(connection), first, server.fetch)
    assert second.value == SecretText("access-2")
    assert len(server.requests) == 2


def test_nobody_waits_longer_than_asked(connection: Connection) -> None:
    server, store = Server(), store_of(connection, seconds=0.2)
    first = renew(store, None, server.fetch)
    change(connection, lease=connection.pk, lease_until=timezone.now() + timedelta(seconds=30))
    with pytest.raises(ProviderError) as told:
        renew(store, first, server.fetch)
    assert told.value.transient
    assert len(server.requests) == 1


def test_a_failed_request_frees_the_lease_and_keeps_the_refresh_token(connection: Connection) -> None:
    server, store = Server(), store_of(connection)
    first = renew(store, None, server.fetch)

    def refuse(_current: Token | None) -> Token:
        raise failure("token_unavailable")

    with pytest.raises(ProviderError):
        renew(store, first, refuse)
    assert row(connection).lease is None
    assert renew(store, first, server.fetch).value == SecretText("access-2")
    assert server.requests[1] is not None
    assert server.requests[1].refresh == SecretText("refresh-1")


def test_who_was_slower_than_the_lease_takes_what_the_faster_one_stored(connection: Connection) -> None:
    server = Server()
    store = store_of(connection)
    first = renew(store, None, server.fetch)

    def slow(_current: Token | None) -> Token:
        change(connection, lease_until=timezone.now() - timedelta(seconds=1))
        renew(store_of(connection), first, server.fetch)
        raise failure("token_reconnect")

    assert renew(store, first, slow).value == SecretText("access-2")


@pytest.mark.control("C-OAU-7")
def test_a_refused_token_is_dropped_and_a_newer_one_stays(connection: Connection) -> None:
    server, here, there = Server(), store_of(connection), store_of(connection)
    first = renew(here, None, server.fetch)
    assert there.get(there.way.token_key).value == first.value
    here.drop(here.way.token_key)
    assert row(connection).access is None
    renew(here, first, server.fetch)
    there.drop(there.way.token_key)
    assert row(connection).access is not None
    assert there.get(there.way.token_key).value == SecretText("access-2")


@pytest.mark.control("C-OAU-7")
def test_after_a_save_the_old_access_token_is_never_used(connection: Connection) -> None:
    server, old = Server(), store_of(connection)
    renew(old, None, server.fetch)
    save(connection, sender_name="Another name")
    new = store_of(connection)
    known = new.get(new.way.token_key)
    assert not known.value
    assert known.refresh == SecretText("refresh-1")
    assert renew(new, known, server.fetch).value == SecretText("access-2")
    # A worker that still holds the old settings gets no token at all.
    with pytest.raises(ProviderError) as told:
        renew(old, old._memory.get(old.way.token_key), server.fetch)
    assert told.value.transient
    assert len(server.requests) == 2


@pytest.mark.control("C-OAU-7")
def test_tokens_are_never_read_for_another_destination(connection: Connection) -> None:
    server, store = Server(), store_of(connection)
    renew(store, None, server.fetch)
    with tenant(connection.organization_id):
        values = {**connection.settings, "client_id": "99999999-93ab-4c1e-b0a7-2f5e8c6a1d44"}
        Connection.objects.of(connection.organization_id).filter(pk=connection.pk).update(settings=values)
    other = store_of(connection)
    assert other.get(other.way.token_key) is None


@pytest.mark.control("C-OAU-7")
def test_a_token_fetched_for_a_connection_that_was_removed_meanwhile_is_not_used(
    connection: Connection,
) -> None:
    server, store = Server(), store_of(connection)

    def removed_meanwhile(current: Token | None) -> Token:
        with tenant(connection.organization_id):
            ConnectionToken.objects.of(connection.organization_id).delete()
        return server.fetch(current)

    with pytest.raises(ProviderError):
        renew(store, None, removed_meanwhile)
    with tenant(connection.organization_id):
        assert not ConnectionToken.objects.of(connection.organization_id).exists()


def change(connection: Connection, **columns: object) -> None:
    with tenant(connection.organization_id):
        ConnectionToken.objects.of(connection.organization_id).update(**columns)


def save(connection: Connection, **changes: object) -> None:
    """Save other values, as the Emails page does when no secret is typed again."""
    chosen = provider(connection.provider)
    settings = typed_settings(chosen, {**connection.settings, **changes}, {})
    with tenant(connection.organization_id):
        save_connection(
            organization=connection.organization,
            chosen=chosen,
            settings=settings,
            typed={},
            user=None,
            expected_version=mail_settings(connection.organization_id).version,
        )
