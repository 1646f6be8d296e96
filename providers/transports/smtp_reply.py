"""One reply of a mail server, and what several stages read from it alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from providers.words import cleaned

ENHANCED: Final = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
GONE: Final = 421


@dataclass(frozen=True)
class Reply:
    """One reply: the code, and its lines as one text."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The code x.y.z at its beginning, if any."""
        match = ENHANCED.match(self.text)
        return match[1] if match else ""

    @property
    def transient(self) -> bool:
        """The first digit decides."""
        return 400 <= self.code < 500  # noqa: PLR2004 - RFC 5321

    def says(self, *words: str) -> bool:
        """Say whether the text holds one of the words, in any case."""
        lower = self.text.lower()
        return any(word in lower for word in words)

    def shown(self, hide: Iterable[str] = ()) -> str:
        """The server's own words, harmless."""
        return cleaned(f"{self.code} {self.text}", hide=hide)


def is_crowded(reply: Reply) -> bool:
    """Say whether we have too many connections open; Exchange says so with 432 4.3.2."""
    crowd = reply.says("concurrent connection", "too many connection", "too many concurrent", "thread limit")
    return reply.transient and (crowd or (reply.code == 432 and reply.enhanced == "4.3.2"))  # noqa: PLR2004


def lacks_mailbox(reply: Reply) -> bool:
    """Say whether Exchange may not open the mailbox for this app: `430 4.2.0 … mailbox logon failure`.

    It comes with a 4, and lasts until the app is given the mailbox (service principal, FullAccess).
    """
    logon = reply.says("mailbox logon failure", "mapiexceptionlogonfailed")
    return logon or (reply.code == 430 and reply.enhanced == "4.2.0")  # noqa: PLR2004 - Exchange
