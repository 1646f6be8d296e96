"""Uploading a large file in parts to the address that Graph names; that address is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from providers.errors import ProviderError, Stage, failure
from providers.network import HttpReply
from providers.transports.graph_calls import GraphCalls

# Graph allows up to 4 MB in one request.
PART_BYTES: Final = 3_750_000
CREATED: Final = 201
TAKEN: Final = (200, 201, 202)
LONGEST_URL: Final = 8_000
TARGET: Final = re.compile(r"/[\x21-\x7e]*")


class UploadSession:
    """One file on its way; `next_byte` is the first one that Graph still wants."""

    def __init__(self, host: str, path: str, calls: GraphCalls) -> None:
        self._host, self._path, self._calls = host, path, calls
        self.next_byte = 0
        self.is_complete = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may repeat."""
        return (self._path, f"https://{self._host}{self._path}")

    def put(self, content: bytes) -> HttpReply | None:
        """Put the next part; gives the reply where it was refused.

        Raises:
            ProviderError: the line broke, or Graph does not want what comes next.
        """
        first = self.next_byte
        part = content[first : first + PART_BYTES]
        last = first + len(part) - 1
        reply = self._calls.put_part(self._host, self._path, part, f"bytes {first}-{last}/{len(content)}")
        if reply.status_code not in TAKEN:
            return reply
        # 201 says that the file is there; 200 says where to go on.
        self.is_complete = reply.status_code == CREATED and last + 1 == len(content)
        self.next_byte = _wanted(reply, last + 1)
        if not self.is_complete and not first < self.next_byte < len(content):
            raise failure("unknown_reply", stage=Stage.MESSAGE, host=self._host)
        return None

    def abort(self) -> None:
        """Tell Graph that nothing more comes; a file left behind expires by itself."""
        try:
            self._calls.drop_upload(self._host, self._path)
        except ProviderError:
            return


@contextmanager
def upload_session(reply: HttpReply, calls: GraphCalls) -> Iterator[UploadSession]:
    """Open the session that Graph answered with, and abort it when the block ends early.

    Raises:
        ProviderError: address_refused, where the address is not one of this cloud's hosts.
    """
    answer = reply.json()
    url = answer.get("uploadUrl") if isinstance(answer, dict) else None
    session = UploadSession(*_target(url, calls), calls)
    try:
        yield session
    except BaseException:
        session.abort()
        raise


def _target(url: object, calls: GraphCalls) -> tuple[str, str]:
    """Take an upload address apart; it stays unchanged, and leads to hosts of the same cloud only."""
    text = url if isinstance(url, str) and len(url) <= LONGEST_URL else ""
    try:
        parts = urlsplit(text)
        host = f"{parts.hostname}:{parts.port}" if parts.port not in (None, 443) else str(parts.hostname)
    except ValueError:
        parts, host = urlsplit(""), ""
    target = text.removeprefix(f"https://{parts.netloc}")
    clouds = (row for row in calls.context.egress.clouds if row.graph_host == calls.mailbox.host)
    is_known = any(host in row.upload_hosts() for row in clouds)
    is_plain = parts.scheme == "https" and "@" not in parts.netloc and not parts.fragment
    if not is_plain or not is_known or not TARGET.fullmatch(target):
        raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host[:253])
    return host, target


def _wanted(reply: HttpReply, otherwise: int) -> int:
    """Read where Graph wants to go on."""
    answer = reply.json()
    ranges = answer.get("nextExpectedRanges") if isinstance(answer, dict) else None
    first = re.match(r"[0-9]{1,12}", str(ranges[0])) if isinstance(ranges, list) and ranges else None
    return int(first[0]) if first else otherwise
