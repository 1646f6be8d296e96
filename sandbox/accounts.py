"""People who can sign in at the stand-in for Microsoft, and what they have allowed an application."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from sandbox.directory import PERSONAL_TENANT, Tenant

SIGN_IN_SCOPES = ("openid", "profile", "email", "offline_access")


@dataclass
class Account:
    """One person or shared sign-in; change an attribute and the next request sees it."""

    email: str
    tenant: Tenant
    name: str = ""
    granted: set[str] = field(default_factory=set)  # scopes allowed so far, in full
    enabled: bool = True
    assigned: bool = True  # off: the application is for assigned people only, and this is none of them
    needs_approval: bool = False  # on: only an administrator may allow an application anything
    refusal: int = 0  # an AADSTS number that ends each attempt to sign in
    ended_by: int = 0  # the AADSTS number that ended what was allowed before
    generation: int = 0
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_personal(self) -> bool:
        """Say whether it belongs to no organization."""
        return self.tenant.id == PERSONAL_TENANT

    def end(self, number: int) -> None:
        """End what was allowed so far: refreshing is refused with this number, a new consent works."""
        self.ended_by, self.generation = number, self.generation + 1


class Accounts:
    """Everybody who can sign in; safe to change while the server runs."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()

    def add(self, account: Account) -> Account:
        """Register an account, or replace the one with this address."""
        with self._lock:
            self._accounts[account.email.lower()] = account
        return account

    def get(self, email: str) -> Account | None:
        """The account with this address."""
        return self._accounts.get(email.strip().lower())

    def all(self) -> tuple[Account, ...]:
        """Every account in the order of registration."""
        with self._lock:
            return tuple(self._accounts.values())


def resource_of(scope: str) -> str:
    """The resource of a delegated scope, as it is written: `https://host/Mail.Send` belongs to `https://host`."""
    return scope.rpartition("/")[0]


def full_scopes(text: str, graph: str) -> tuple[str, ...]:
    """The scopes of a request in full, each once; a bare name such as `Mail.Send` is one of Graph's."""
    found = (
        scope if "://" in scope or scope in SIGN_IN_SCOPES else f"{graph}/{scope}" for scope in text.split()
    )
    return tuple(dict.fromkeys(found))


def permissions(scopes: Iterable[str]) -> list[str]:
    """The scopes that somebody has to allow: all but those of signing in."""
    return [scope for scope in scopes if scope not in SIGN_IN_SCOPES]
