"""The walk, part 3: everything Microsoft Graph may answer to a message (microsoft.md §9)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest

from tests.features.failures import Admin, Case, Servers, check
from tests.typed_values import CLIENT_ID, CLIENT_SECRET, MAILBOX, graph_values

pytestmark = pytest.mark.django_db
PERMISSION, SEND, SIGN_IN = "Permission", "Send", "Sign-in"


def graph(  # a line of the table
    status: int, code: str, step: str, title: str, fixer: str, says: str = "", text: str = ""
) -> Case:
    """Make the case of one code of Graph's."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        # Twice: a refused token is renewed once and tried again.
        servers.microsoft.refuse(status, code, text or f"{code} happened.", times=2)
        return "graph", graph_values(servers.microsoft)

    return Case(f"{status} {code} {text[:30]}".strip(), step, title, fixer, make, says or code)


def wire(
    name: str, step: str, title: str, fixer: str, prepare: Callable[[Servers], object], **changes: object
) -> Case:
    """Make the case of a directory or a mailbox that really is so."""

    def make(servers: Servers) -> tuple[str, dict[str, object]]:
        prepare(servers)
        return "graph", graph_values(servers.microsoft, **changes)

    return Case(name, step, title, fixer, make)


def nothing(_servers: Servers) -> None:
    """Break nothing on the other side."""


AUDIENCE = "Access token validation failure. Invalid audience."
CODES = [
    graph(
        401,
        "InvalidAuthenticationToken",
        SIGN_IN,
        "did not accept the token",
        "microsoft_admin",
        "Service principal",
    ),
    graph(401, "InvalidAuthenticationToken", SIGN_IN, "another service or cloud", "you", text=AUDIENCE),
    graph(403, "ErrorAccessDenied", PERMISSION, "may not send mail yet", "microsoft_admin"),
    graph(403, "Authorization_RequestDenied", PERMISSION, "may not send mail yet", "microsoft_admin"),
    graph(403, "accessDenied", PERMISSION, "policy or the place of the mailbox", "microsoft_admin"),
    graph(403, "ErrorSendAsDenied", PERMISSION, "Not allowed to send as", "microsoft_admin", "alias"),
    graph(403, "ErrorAccountDisabled", PERMISSION, "is disabled", "microsoft_admin"),
    graph(404, "ErrorInvalidUser", PERMISSION, "does not exist in this directory", "you"),
    graph(404, "ResourceNotFound", PERMISSION, "does not exist in this directory", "you"),
    graph(404, "MailboxNotEnabledForRESTAPI", PERMISSION, "has no Microsoft 365 mailbox", "microsoft_admin"),
    graph(404, "ErrorNonExistentMailbox", PERMISSION, "has no Microsoft 365 mailbox", "microsoft_admin"),
    graph(400, "ErrorInvalidRecipients", SEND, "recipient was refused", "recipient"),
    graph(400, "ErrorInvalidSmtpAddress", SEND, "recipient was refused", "recipient"),
    graph(400, "ErrorMimeContentInvalidBase64String", SEND, "Microsoft refused the message", "platform"),
    graph(400, "InvalidInternetMessageHeader", SEND, "does not take these message headers", "you"),
    graph(400, "BadRequest", SEND, "Microsoft refused the message", "you"),
    graph(400, "BadRequest", SEND, "too large", "you", text="Maximum request length exceeded."),
    graph(413, "ErrorMessageSizeExceeded", SEND, "too large", "you"),
    graph(507, "ErrorQuotaExceeded", SEND, "is full", "you", "Sent Items"),
    graph(429, "ErrorExceededMessageLimit", SEND, "sending limit of", "you", "verify the account"),
    graph(400, "ErrorSubmissionQuotaExceeded", SEND, "sending limit of", "you"),
    graph(403, "ErrorAccountSuspend", PERMISSION, "has suspended", "you"),
    graph(403, "ErrorMessageBlocked", SEND, "refused", "you"),
    graph(429, "ApplicationThrottled", SEND, "asks to slow down", "nobody"),
    graph(503, "serviceNotAvailable", SEND, "Graph has trouble", "nobody"),
    graph(500, "ErrorInternalServerTransientError", SEND, "Graph has trouble", "nobody"),
    graph(423, "Locked", SEND, "Graph has trouble", "nobody"),
    graph(418, "BrandNewCode", SEND, "Microsoft refused the message", "you"),
]
WIRE = [
    wire(
        "a token without Mail.Send",
        PERMISSION,
        "may not send mail yet: Mail.Send",
        "microsoft_admin",
        lambda s: s.microsoft.add_app(s.tenant, CLIENT_ID, CLIENT_SECRET, roles=()),
    ),
    wire(
        "a mailbox out of the app's scope",
        PERMISSION,
        f"not allowed to use the mailbox {MAILBOX}",
        "microsoft_admin",
        lambda s: s.microsoft.add_mailbox(MAILBOX, allowed=False),
    ),
    wire(
        "a mailbox without REST",
        PERMISSION,
        f"{MAILBOX} has no Microsoft 365 mailbox",
        "microsoft_admin",
        lambda s: s.microsoft.add_mailbox(MAILBOX, rest_enabled=False),
    ),
    wire("a full mailbox", SEND, "is full", "you", lambda s: s.microsoft.add_mailbox(MAILBOX, full=True)),
    wire(
        "an unknown mailbox",
        PERMISSION,
        "nobody@contoso.com does not",
        "you",
        nothing,
        sender_email="nobody@contoso.com",
    ),
    wire(
        "a gateway's page",
        SEND,
        "Graph has trouble",
        "nobody",
        lambda s: s.microsoft.answer_graph(502, b"<html>"),
    ),
    wire("a lost answer", SEND, "last answer was lost", "nobody", lambda s: s.microsoft.answer_graph(504)),
    wire("200 is no acceptance", SEND, "refused the message", "you", lambda s: s.microsoft.answer_graph(200)),
    wire("a cut connection", SEND, "last answer was lost", "nobody", lambda s: s.microsoft.drop_before()),
]


@pytest.mark.feature("NEW-2", "CIR-9", "CIR-16", "WPM-54", "WPM-55", "WPM-57", "WPM-59", "COG-58")
@pytest.mark.control("C-EGR-7")
@pytest.mark.parametrize("case", [*CODES, *WIRE], ids=str)
def test_the_page_names_stage_cause_and_fixer(
    case: Case, walker: Admin, servers: Servers, every_word: StringIO
) -> None:
    page = walker.test(*case.make(servers))
    check(case, page, servers, every_word.getvalue())
