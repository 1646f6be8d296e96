"""What Graph's refusals mean: status and error code to our code (branching on the text never)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.network import HttpReply
from providers.retry_after import retry_after


@dataclass(frozen=True)
class Meaning:
    """Our code for one of theirs, and the stage it belongs to."""

    code: str
    stage: Stage
    wait: float | None = None
    limit: str = ""


def _rows(meaning: Meaning, codes: str) -> dict[str, Meaning]:
    return {code.lower(): meaning for code in codes.split()}


HOUR: Final = 3600.0
DENIED = Meaning("graph_access_denied", Stage.SENDER)
UNKNOWN = Meaning("graph_mailbox_unknown", Stage.SENDER)
UNSUPPORTED = Meaning("graph_mailbox_unsupported", Stage.SENDER)
RECIPIENT = Meaning("recipient_refused", Stage.RECIPIENT)
MESSAGE = Meaning("graph_refused", Stage.MESSAGE)
TOO_LONG = Meaning("message_too_large", Stage.MESSAGE, limit="4 MB per request, about 3 MB of files")
TOO_LARGE = Meaning(
    "message_too_large",
    Stage.MESSAGE,
    limit="what the mailbox allows: 35 MB unless an administrator raised it",
)
FULL = Meaning("graph_mailbox_full", Stage.ACCEPTED, wait=HOUR)
LIMITED = Meaning("graph_sending_limit", Stage.ACCEPTED, wait=HOUR)
THROTTLED = Meaning("graph_throttled", Stage.ACCEPTED)
RECONNECT = Meaning("token_reconnect", Stage.TOKEN)
POLICY = Meaning("token_blocked_by_policy", Stage.TOKEN)
UNAVAILABLE = Meaning("graph_unavailable", Stage.ACCEPTED)

CODES: Final[Mapping[str, Meaning]] = {
    **_rows(Meaning("graph_unauthorized", Stage.TOKEN), "InvalidAuthenticationToken CompactToken"),
    **_rows(DENIED, "ErrorAccessDenied Authorization_RequestDenied accessDenied extensionError"),
    **_rows(Meaning("send_as_denied", Stage.SENDER), "ErrorSendAsDenied ErrorSendOnBehalfOfDenied"),
    **_rows(Meaning("sender_blocked", Stage.SENDER), "ErrorAccountDisabled"),
    **_rows(Meaning("graph_account_suspended", Stage.SENDER), "ErrorAccountSuspend"),
    **_rows(
        UNKNOWN,
        "ErrorInvalidUser ResourceNotFound Request_ResourceNotFound itemNotFound ErrorItemNotFound"
        " MailboxNotFound",
    ),
    **_rows(
        UNSUPPORTED,
        "MailboxNotEnabledForRESTAPI MailboxNotSupportedForRESTAPI ErrorNonExistentMailbox"
        " ErrorMailRecipientNotFound",
    ),
    **_rows(RECIPIENT, "ErrorInvalidRecipients ErrorMissingRecipients ErrorInvalidSmtpAddress"),
    **_rows(
        MESSAGE,
        "ErrorMimeContentInvalidBase64String ErrorMimeContentInvalid InvalidInternetMessageHeader"
        " InvalidInternetMessageHeaderCollection UnableToDeserializePostBody BadRequest invalidRequest"
        " ErrorInvalidIdMalformed ErrorInvalidRequest ErrorInvalidProperty ErrorRequiredPropertyMissing"
        " RequestBodyRead UnsupportedHttpVerb",
    ),
    **_rows(Meaning("message_refused", Stage.MESSAGE), "ErrorMessageBlocked"),
    **_rows(
        TOO_LARGE, "ErrorMessageSizeExceeded ErrorDataSizeLimitExceeded ErrorAttachmentSizeLimitExceeded"
    ),
    **_rows(FULL, "ErrorQuotaExceeded quotaLimitReached"),
    **_rows(
        LIMITED,
        "ErrorExceededMessageLimit ErrorSubmissionQuotaExceeded ErrorExceededHourlyMessageLimit"
        " ErrorExceededMaxRecipientLimit",
    ),
    **_rows(
        THROTTLED,
        "ApplicationThrottled TooManyRequests activityLimitReached ErrorExceededConnectionCount",
    ),
    **_rows(
        UNAVAILABLE,
        "ErrorServerBusy ErrorInternalServerError generalException ErrorInternalServerTransientError"
        " ErrorMailboxStoreUnavailable ErrorMailboxMoveInProgress ErrorInsufficientResources"
        " ErrorADUnavailable ErrorConnectionFailed ErrorTimeoutExpired serviceNotAvailable",
    ),
}
BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: Meaning("graph_unauthorized", Stage.TOKEN),
    403: DENIED,
    404: UNKNOWN,
    413: TOO_LONG,
    408: UNAVAILABLE,
    423: UNAVAILABLE,
    425: UNAVAILABLE,
    429: THROTTLED,
    509: THROTTLED,
    504: Meaning("outcome_unknown", Stage.ACCEPTED),
}


def refused_send(
    reply: HttpReply, *, host: str, facts: Mapping[str, str], hide: tuple[str, ...], delegated: bool = False
) -> ProviderError:
    """Make the error for any answer but the hoped-for one.

    `hide` are the secrets of the request, `delegated` tells a connected account from an app.
    """
    told = list(_told(reply.json()))
    meaning = _meaning(reply.status_code, [code for code, _ in told], reply.text)
    if is_claims_challenge(reply):
        meaning = RECONNECT if delegated else POLICY
    elif meaning.code == "graph_unauthorized" and not told and "Mail.Send" not in _roles(facts):
        # An app token without any Graph permission is answered with a bare 401.
        meaning = DENIED
    text = next((said for _, said in told if said), "")
    for secret in hide:
        text = text.replace(secret, "•••")
    crowded = reply.headers.get("ratelimit-exceeded", "")
    return failure(
        meaning.code,
        stage=meaning.stage,
        retry_after=retry_after(reply.headers) or meaning.wait,
        provider_code=told[0][0] if told and told[0][0] else f"HTTP {reply.status_code}",
        reply=text or f"HTTP {reply.status_code}",
        request_id=reply.headers.get("request-id", ""),
        host=host,
        facts={
            **facts,
            **({"limit": meaning.limit} if meaning.limit else {}),
            **({"limit": crowded[:80]} if crowded else {}),
            **({"why": "claims"} if meaning is RECONNECT else {}),
        },
    )


def is_claims_challenge(reply: HttpReply) -> bool:
    """Say whether Microsoft asks for more than a token: Conditional Access, for example (microsoft.md §9)."""
    asked = reply.headers.get("www-authenticate", "").lower()
    return reply.status_code in (401, 403) and ("insufficient_claims" in asked or "claims=" in asked)


def told_codes(reply: HttpReply) -> frozenset[str]:
    """Give every error code of a reply in lower case."""
    return frozenset(code.lower() for code, _ in _told(reply.json()))


def _roles(facts: Mapping[str, str]) -> list[str]:
    return [one.rpartition("/")[2] for one in facts.get("roles", "").split(", ")]


def _meaning(status: int, codes: list[str], text: str) -> Meaning:
    if status in (429, 504):
        # Requests that wait are told by the status alone; 504 may come after the message left.
        known = CODES.get(codes[0].lower()) if codes else None
        return known if known in (LIMITED, FULL) and status != 504 else BY_STATUS[status]  # noqa: PLR2004
    if "maximum request length exceeded" in text[:2000].lower():
        return TOO_LONG
    for code in reversed(codes):
        if code.lower() in CODES:
            return CODES[code.lower()]
    if status in BY_STATUS:
        return BY_STATUS[status]
    return UNAVAILABLE if status >= 500 else MESSAGE  # noqa: PLR2004 - trouble on their side


def _told(body: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Walk `error` and the `innerError`s inside it, from the outermost to the most specific."""
    if not isinstance(body, dict) or depth > 5:  # noqa: PLR2004 - nobody nests deeper in earnest
        return
    error = body.get("error") if depth == 0 else body
    if not isinstance(error, dict):
        return
    code, text = error.get("code"), error.get("message")
    if isinstance(code, str):
        yield code, text if isinstance(text, str) else ""
    yield from _told(error.get("innerError") or error.get("innererror"), depth + 1)
