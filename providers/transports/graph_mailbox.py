"""Whose mailbox Graph sends from, and what was chosen for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class GraphMailbox:
    """Whose mail is sent, and how.

    `sender` is the connection's own address. `delegated`: a connected account speaks for itself (`/me`), else
    an app for any mailbox (`/users/…`). `large_mail`: drafts may be made, for which Mail.ReadWrite is needed.
    """

    host: str
    sender: str
    delegated: bool = False
    save_to_sent_items: bool = True
    large_mail: bool = True

    def path(self, address: str) -> str:
        """Give the path of the mailbox that sends for a From address."""
        return "/v1.0/me" if self.delegated else f"/v1.0/users/{quote(address, safe='@')}"
