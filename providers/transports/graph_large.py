"""Mail that is too large for one call: a draft, its files one by one, then sent (microsoft.md §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from providers.errors import ProviderError, Stage, failure
from providers.message import Attachment, Message
from providers.network import HttpReply
from providers.transports.graph_body import attachment_body, draft_body, has_inline, size_of, upload_body
from providers.transports.graph_calls import GraphCalls
from providers.transports.graph_errors import told_codes
from providers.transports.graph_upload import UploadSession, upload_session

READ_WRITE: Final = "Mail.ReadWrite"
UPLOAD_FROM: Final = 3_000_000
LARGEST_FILE: Final = 150_000_000
CREATED: Final = 201
ACCEPTED: Final = 202
NO_CONTENT: Final = 204
NOT_FOUND: Final = 404
TOO_SMALL: Final = "errorattachmentsizeshouldnotbelessthanminimumsize"


class LargeMail:
    """One message on its way as a draft; what is left of it is removed when it cannot be sent."""

    def __init__(self, calls: GraphCalls, message: Message, home: str) -> None:
        self._calls, self._message, self._home = calls, message, home
        self._draft = ""

    def send(self, before_transmit: Callable[[], None]) -> HttpReply:
        """Make the draft, add the files, and send it; gives the reply that took the mail.

        Raises:
            ProviderError: it was not accepted (the draft is gone), or nobody knows.
        """
        check_files(self._message)
        self._draft = self._created()
        try:
            for file in self._message.attachments:
                self._attach(file)
            return self._submitted(before_transmit)
        except ProviderError as error:
            if not error.outcome_unknown:
                self._discard()
            raise
        except BaseException:
            self._discard()
            raise

    def _created(self) -> str:
        content_type, body = draft_body(self._message, self._calls.mailbox)
        reply = self._calls.ask("POST", f"{self._home}/messages", body, content_type=content_type)
        if reply.status_code != CREATED:
            raise self._refusal(reply)
        answer = reply.json()
        name = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(name, str) or not name:
            raise failure("unknown_reply", stage=Stage.MESSAGE, host=self._calls.mailbox.host)
        return f"{self._home}/messages/{quote(name, safe='')}"

    def _attach(self, file: Attachment) -> None:
        inline = has_inline(self._message)
        if len(file.content) >= UPLOAD_FROM and self._uploaded(file, inline=inline):
            return
        body = attachment_body(file, inline=inline)
        reply = self._calls.ask("POST", f"{self._draft}/attachments", body)
        if reply.status_code != CREATED:
            raise self._refusal(reply)

    def _uploaded(self, file: Attachment, *, inline: bool) -> bool:
        """Upload in parts; False where Graph finds the file small enough for a single call."""
        path = f"{self._draft}/attachments/createUploadSession"
        reply = self._calls.ask("POST", path, upload_body(file, inline=inline))
        if TOO_SMALL in told_codes(reply):
            return False
        if reply.status_code != CREATED:
            raise self._refusal(reply)
        with upload_session(reply, self._calls) as session:
            self._put(session, file.content)
        return True

    def _put(self, session: UploadSession, content: bytes) -> None:
        while not session.is_complete:
            reply = session.put(content)
            if reply is not None:
                raise self._refusal(reply, hide=session.secrets)

    def _submitted(self, before_transmit: Callable[[], None]) -> HttpReply:
        try:
            reply = self._calls.ask(
                "POST", f"{self._draft}/send", when_lost="outcome_unknown", before_transmit=before_transmit
            )
            if reply.status_code == ACCEPTED:
                return reply
            raise self._calls.refusal(reply, sender=self._message.sender.email)
        except ProviderError as error:
            if not error.transient:
                raise
            # Even an answer that says "busy" may come after the mail has left: the draft knows (§7.4).
            return self._settled(error)

    def _settled(self, error: ProviderError) -> HttpReply:
        """Find out from the draft whether it was sent."""
        try:
            reply = self._calls.ask("GET", f"{self._draft}?$select=isDraft")
            answer = reply.json()
            is_draft = answer.get("isDraft") if isinstance(answer, dict) else None
            if reply.status_code == NOT_FOUND or is_draft is False:
                return reply
            is_gone = is_draft is True and self._calls.ask("DELETE", self._draft).status_code == NO_CONTENT
        except ProviderError:
            raise error from None
        if not is_gone:
            raise error
        # It was still a draft and now it is gone: nothing left, so another try is safe.
        self._draft = ""
        raise self._not_sent(error)

    def _not_sent(self, error: ProviderError) -> ProviderError:
        if not error.outcome_unknown:
            return error
        return failure(
            "graph_unavailable",
            stage=Stage.ACCEPTED,
            retry_after=error.retry_after,
            provider_code=error.provider_code,
            reply=error.reply,
            request_id=error.request_id,
            host=self._calls.mailbox.host,
            facts=error.facts,
        )

    def _refusal(self, reply: HttpReply, *, hide: tuple[str, ...] = ()) -> ProviderError:
        """Name the missing permission where the draft, not the sending, is what is not allowed (WPM-44)."""
        error = self._calls.refusal(reply, sender=self._message.sender.email, wanted=CREATED, hide=hide)
        if error.code not in ("graph_access_denied", "permission_missing"):
            return error
        return large_permission(
            {**error.facts, "size": str(size_of(self._message))},
            provider_code=error.provider_code,
            reply=error.reply,
            request_id=error.request_id,
            host=self._calls.mailbox.host,
        )

    def _discard(self) -> None:
        """Remove the draft; what happened before is what is told."""
        if not self._draft:
            return
        try:
            self._calls.ask("DELETE", self._draft)
        except ProviderError:
            return


def check_files(message: Message) -> None:
    """Refuse a file that no mailbox takes.

    Raises:
        ProviderError: attachment_too_large.
    """
    for file in message.attachments:
        if len(file.content) > LARGEST_FILE:
            raise failure(
                "attachment_too_large",
                stage=Stage.MESSAGE,
                facts={"limit": "150 MB per file", "size": str(len(file.content)), "file": file.name},
            )


def large_permission(facts: dict[str, str], **told: str) -> ProviderError:
    """Make the error of a connection whose small mails work and whose large ones may not be drafted."""
    return failure(
        "graph_large_permission",
        stage=Stage.MESSAGE,
        facts={**facts, "missing": READ_WRITE, "limit": "4 MB per request, about 3 MB of files"},
        **told,  # type: ignore[arg-type]  # the texts among failure's words
    )
