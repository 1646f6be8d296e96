"""What web and worker prove before they serve."""

from __future__ import annotations

from orgs.keycheck import verify_key_ring
from orgs.roles import verify_roles


def verify_start() -> None:
    """Refuse to serve with a changed key or under a role that row security does not hold back."""
    verify_roles()
    verify_key_ring()
