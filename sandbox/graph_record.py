"""What is kept of a request to Graph, and what the request was for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4


@dataclass(kw_only=True)
class GraphRequest:
    """One request to Graph, without its token; an upload address is cut before its own."""

    method: str
    path: str
    content_type: str
    size: int
    client_request_id: str
    user_agent: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    operation: str = ""
    tenant_id: str = ""
    client_id: str = ""
    account: str = ""
    sender: str = ""
    status: int = 0
    code: str = ""
    mail_id: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def operation_of(path: str, segments: list[str]) -> str:
    """Name what a path is for: me, sendmail, messages, draft, attachments, send, upload and so on."""
    if path.startswith("/api/"):
        return "upload"
    if segments == ["me"]:
        return "me"
    rest = segments[1:] if segments[:1] == ["me"] else segments[2:]
    if len(rest) == 2 and rest[0] == "messages":  # noqa: PLR2004 - the draft itself
        return "draft"
    return rest[-1].lower() if rest else ""
