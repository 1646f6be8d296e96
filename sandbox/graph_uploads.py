"""Upload sessions of the stand-in for Graph: large files come in parts, in order, without gaps."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from sandbox.graph_errors import FILE_TOO_BIG, TOO_LONG, TOO_SMALL, GraphRefused
from sandbox.http_server import Request, Response, json_response

SMALLEST = 3 * 1024 * 1024
LARGEST = 150 * 1000 * 1000
PART_LIMIT = 4 * 1024 * 1024
RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})")
EXPIRES = "2099-01-01T00:00:00Z"


@dataclass
class Upload:
    """One file on its way; `finish` hands it to its draft."""

    item: dict[str, Any]
    size: int
    finish: Callable[[dict[str, Any], bytes], None]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    content: bytearray = field(default_factory=bytearray, repr=False)


class Uploads:
    """The sessions that are open; `smallest` and `part_limit` can be changed by a test."""

    def __init__(self) -> None:
        self.smallest = SMALLEST
        self.take_at_most = 0  # bytes of a part that are kept; 0: all of it
        self.parts: list[tuple[int, int, bool]] = []  # first byte, size, and whether a token was sent along
        self._open: dict[str, Upload] = {}
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many sessions wait for their next part."""
        return len(self._open)

    def begin(self, item: object, base_url: str, finish: Callable[[dict[str, Any], bytes], None]) -> Response:
        """Open a session for a file; raises GraphRefused."""
        found = item if isinstance(item, dict) else {}
        size = found.get("size")
        if found.get("attachmentType") != "file" or not found.get("name") or not isinstance(size, int):
            raise GraphRefused(400, "ErrorInvalidRequest", "AttachmentItem is missing or incomplete.")
        if size < self.smallest:
            raise GraphRefused(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", TOO_SMALL)
        if size > LARGEST:
            raise GraphRefused(413, "ErrorAttachmentSizeLimitExceeded", FILE_TOO_BIG)
        name, upload = uuid4().hex, Upload(found, size, finish)
        with self._lock:
            self._open[name] = upload
        url = f"{base_url}/api/v2.0/AttachmentSessions('{name}')?authtoken={upload.token}"
        content = {"uploadUrl": url, "expirationDateTime": EXPIRES, "nextExpectedRanges": ["0-"]}
        return json_response(201, content)

    def answer(self, request: Request) -> Response:
        """Take a part, or end a session; raises GraphRefused."""
        match = re.fullmatch(r"/api/v2\.0/AttachmentSessions\('([0-9a-f]{32})'\)", request.path)
        name = match[1] if match else ""
        upload = self._open.get(name)
        token = parse_qs(request.query).get("authtoken", [""])[-1]
        if upload is None or not secrets.compare_digest(token, upload.token):
            raise GraphRefused(404, "ErrorItemNotFound", "The upload session is not known.")
        if request.method == "DELETE":
            self._close(name)
            return Response(status=204)
        if request.method != "PUT":
            raise GraphRefused(405, "UnsupportedHttpVerb", "Put the next part, or delete the session.")
        return self._take(request, name, upload)

    def _take(self, request: Request, name: str, upload: Upload) -> Response:
        signed = "Authorization" in request.headers
        if signed:
            # The address carries its own permission; Microsoft answers a token beside it with 401.
            raise GraphRefused(401, "InvalidAuthenticationToken", "Do not send a token to an upload address.")
        if request.size > PART_LIMIT:
            raise GraphRefused(413, "RequestEntityTooLarge", TOO_LONG)
        match = RANGE.fullmatch(str(request.headers.get("Content-Range", "")))
        first, last, total = (int(one) for one in match.groups()) if match else (-1, -1, -1)
        wrong = first != len(upload.content) or total != upload.size or last - first + 1 != request.size
        if match is None or wrong or last >= total or request.media_type != "application/octet-stream":
            raise GraphRefused(416, "InvalidContentRange", "The Content-Range header is wrong.")
        self.parts.append((first, request.size, signed))
        upload.content += request.body[: self.take_at_most or None]
        if len(upload.content) < upload.size:
            next_range = [str(len(upload.content))]
            return json_response(200, {"expirationDateTime": EXPIRES, "nextExpectedRanges": next_range})
        self._close(name)
        upload.finish(upload.item, bytes(upload.content))
        return Response(status=201, headers={"Location": f"https://outlook.office.com/Attachments('{name}')"})

    def _close(self, name: str) -> None:
        with self._lock:
            self._open.pop(name, None)
